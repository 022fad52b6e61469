#include "runtime/template/report.hpp"

#include "runtime/base/text.hpp"

namespace o3 {

std::string place::pointer() const {
  if (!parent_)
    return std::string{root_};
  return is_index_ ? pointer_join(parent_->pointer(), index_)
                   : pointer_join(parent_->pointer(), key_);
}

reporter::reporter(findings& found, const limits& lim) : found_(found), max_(lim.findings) {
}

void reporter::fail(fault code, const place& at, std::string message, std::string hint) {
  failed_ = true;
  if (full()) {
    ++errors_left_out_;
    return;
  }
  found_.fail(code, at.pointer(), std::move(message), std::move(hint));
}

void reporter::warn(fault code, const place& at, std::string message, std::string hint) {
  if (found_.warnings.size() >= max_) {
    ++warnings_left_out_;
    return;
  }
  found_.warn(code, at.pointer(), std::move(message), std::move(hint));
}

void reporter::merge(findings more) {
  failed_ = failed_ || !more.ok();
  for (auto& e : more.errors) {
    if (full())
      ++errors_left_out_;
    else
      found_.errors.push_back(std::move(e));
  }
  for (auto& w : more.warnings) {
    if (found_.warnings.size() >= max_)
      ++warnings_left_out_;
    else
      found_.warnings.push_back(std::move(w));
  }
}

void reporter::finish() {
  if (errors_left_out_ > 0)
    found_.fail(fault::validation_failed, "",
                "and " + std::to_string(errors_left_out_) + " more errors",
                "mend the ones listed and try again");
  if (warnings_left_out_ > 0)
    found_.warn(fault::validation_failed, "",
                "and " + std::to_string(warnings_left_out_) + " more warnings");
  errors_left_out_ = 0;
  warnings_left_out_ = 0;
}

std::string reporter::nearest(std::string_view word,
                              std::span<const std::string> candidates) const {
  return full() ? std::string{} : nearest_hint(word, candidates);
}

std::string in_quotes(std::string_view name) {
  return "'" + printable(name, 128) + "'";
}

std::string listed(std::span<const std::string> names, std::size_t count_max) {
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < count_max; ++i)
    text += (i ? ", " : "") + printable(names[i], 128);
  if (names.size() > count_max)
    text += " and " + std::to_string(names.size() - count_max) + " more";
  return text;
}

} // namespace o3
