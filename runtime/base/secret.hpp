// A value that must not be seen: a token, a password, a private key. It cannot be printed,
// formatted, logged or turned into JSON — none of that compiles — and its memory is overwritten
// when it goes. What it was made from, and what a library copies from `reveal()`, is that owner's
// to wipe.
//
// Threads: a value.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace o3 {

class secret {
public:
  secret() = default;
  explicit secret(std::string_view plain);
  /// Takes the text over: `plain` is overwritten and left empty.
  static secret consume(std::string& plain);
  secret(const secret& other) : secret(other.reveal()) {}
  secret(secret&& other) noexcept : bytes_(std::move(other.bytes_)), size_(other.size_) {
    other.size_ = 0;
  }
  secret& operator=(secret other) noexcept {
    bytes_.swap(other.bytes_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~secret() { wipe(); }

  /// The plain text, for the one place that sends it; valid as long as this object.
  [[nodiscard]] std::string_view reveal() const { return {bytes_.get(), size_}; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  /// Compares in constant time.
  friend bool operator==(const secret& a, const secret& b);

  // clang-format off
  template <class Stream> friend Stream& operator<<(Stream&, const secret&) = delete;
  template <class Json> friend void to_json(Json&, const secret&) = delete;
  // clang-format on

private:
  void wipe() noexcept;

  std::unique_ptr<char[]> bytes_; ///< not a std::string: short ones stay behind when it is moved
  std::size_t size_ = 0;
};

/// Overwrites what `text` holds, its unused capacity too, and empties it.
void wipe(std::string& text);

} // namespace o3
