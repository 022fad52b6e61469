// Lua's tokens, as far as one must know them to see what an expression reads and where it ends.
// Whether the text is Lua at all is for Lua to say. Private to this folder. Errors: a token of kind
// `bad`. Threads: values; the text must outlive the tokens.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace o3::script {

struct token {
  enum class kind : std::uint8_t { name, keyword, text, number, symbol, end, bad };
  kind what = kind::end;
  std::string_view text; ///< as written; of a text without escapes: what it says
  std::size_t at = 0;    ///< offset of its first byte
  unsigned line = 1;     ///< from 1
  bool escapes = false;  ///< a text with backslashes: what it says is not known here

  [[nodiscard]] bool is(std::string_view symbol) const {
    return (what == kind::symbol || what == kind::keyword) && text == symbol;
  }
};

class lexer {
public:
  explicit lexer(std::string_view text, std::size_t from = 0) : text_(text), at_(from) {}
  token next();
  [[nodiscard]] std::size_t position() const { return at_; }

private:
  void skip_blanks();
  [[nodiscard]] std::size_t long_bracket(std::size_t at) const;
  bool skip_long(std::size_t level, std::string_view& inside);
  token quoted(token t);
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  std::string_view text_;
  std::size_t at_;
  unsigned line_ = 1;
  bool broken_ = false; ///< a comment that does not end
};

/// All of it; the last is `end` or `bad`.
std::vector<token> tokens_of(std::string_view text);

} // namespace o3::script
