// Known secrets in text that comes back from targets and goes to logs, records and people: each is
// starred, as it stands and as it looks inside JSON, URLs and base64. Shorter ones than
// `shortest_masked` are not: they cannot be told from ordinary words. Threads: values.
#pragma once
#include "runtime/base/json.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace o3::secrets {

inline constexpr std::size_t shortest_masked = 6;

/// `plain` and its disguises, longest first; only those of at least `shortest` bytes.
std::vector<std::string> forms_of(std::string_view plain, std::size_t shortest = shortest_masked);

class masker {
public:
  /// What was added stays known: an old value of a rotated secret is still one.
  void add(std::string_view plain);
  /// Adds every text in `value`.
  void add_all(const json& value);
  void join(const masker& other);
  [[nodiscard]] bool empty() const { return forms_.empty(); }

  /// `text` with *** for each secret in it.
  [[nodiscard]] std::string masked(std::string text) const;
  /// Masks every text and every member name in `value`.
  void mask(json& value) const;
  [[nodiscard]] bool finds(std::string_view text) const;

  /// Masks texts that follow each other and may have been cut anywhere: what may be the beginning
  /// of a secret is held back until the next call shows how it goes on, or `last` says it does not.
  /// Line breaks between two texts are not looked at, so a cut line is found as well as a whole
  /// one.
  class stream {
  public:
    /// The texts that can be told now, in order; what is held back comes with a later call.
    std::vector<std::string> take(const masker& known, std::vector<std::string> texts, bool last);
    [[nodiscard]] std::size_t held() const { return held_.size(); }

  private:
    std::vector<std::string> held_;
  };

private:
  [[nodiscard]] std::vector<bool> hidden(std::string_view text) const;
  [[nodiscard]] std::size_t open_end(std::string_view text) const;

  std::vector<std::string> forms_; ///< in clear; longest first
};

} // namespace o3::secrets
