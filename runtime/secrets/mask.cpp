#include "runtime/secrets/mask.hpp"

#include <algorithm>
#include <cstdint>

namespace o3::secrets {
namespace {

constexpr std::string_view stars = "***";
constexpr std::size_t line_masked_min = 12; ///< lines of a key are told apart by themselves
constexpr std::size_t held_texts_max = 64;  ///< a cut secret spans few texts; more is no secret
constexpr std::string_view base64_letters
  = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr unsigned base64_bits = 6;

// As a Terraform literal has it.
std::string hcl(std::string_view plain) {
  std::string out;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    out += plain[i];
    if ((plain[i] == '$' || plain[i] == '%') && i + 1 < plain.size() && plain[i + 1] == '{')
      out += plain[i];
  }
  return out;
}

std::string base64(std::string_view bytes) {
  std::string out;
  std::uint32_t bits = 0;
  unsigned have = 0;
  for (const char c : bytes) {
    bits = (bits << 8U) | static_cast<unsigned char>(c);
    for (have += 8; have >= base64_bits;) {
      have -= base64_bits;
      out += base64_letters[(bits >> have) & 63U];
    }
  }
  return out; // the letters that depend on what follows are left out, as is padding
}

// In the middle of other encoded bytes a secret begins at one of three places in a group; the first
// letters depend on what stands before.
void add_base64(std::string_view plain, std::vector<std::string>& out) {
  for (std::size_t before = 0; before < 3; ++before) {
    auto letters = base64(std::string(before, '\0') + std::string{plain});
    letters.erase(0, before == 0 ? 0 : before + 1);
    auto url = letters;
    std::replace(url.begin(), url.end(), '+', '-');
    std::replace(url.begin(), url.end(), '/', '_');
    out.push_back(std::move(letters));
    out.push_back(std::move(url));
  }
}

std::string percent(std::string_view plain, std::string_view digits, bool plus) {
  std::string out;
  for (const char c : plain) {
    const bool plain_char = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
                            || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'
                            || c == '~';
    const auto byte = static_cast<unsigned char>(c);
    if (plain_char)
      out += c;
    else if (plus && c == ' ')
      out += '+';
    else
      (out += '%') += {digits[byte >> 4U], digits[byte & 15U]};
  }
  return out;
}

std::string inside_quotes(std::string dumped) {
  return dumped.substr(1, dumped.size() - 2);
}

void add_json(std::string_view plain, std::vector<std::string>& out) {
  const json text = std::string{plain};
  constexpr auto replace = json::error_handler_t::replace;
  for (const bool ascii : {false, true}) {
    auto once = inside_quotes(text.dump(-1, ' ', ascii, replace));
    std::string slashed;
    for (const char c : once)
      slashed += c == '/' ? std::string{"\\/"} : std::string(1, c);
    out.push_back(inside_quotes(json(once).dump(-1, ' ', ascii, replace))); // JSON within JSON
    out.push_back(std::move(once));
    out.push_back(std::move(slashed));
  }
}

void tidy(std::vector<std::string>& forms) {
  std::sort(forms.begin(), forms.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  forms.erase(std::unique(forms.begin(), forms.end()), forms.end());
}

void remove_breaks(std::string& text) {
  std::erase_if(text, [](char c) { return c == '\n' || c == '\r'; });
}

/// text[begin, end) with *** for what is marked; no marks: nothing is.
std::string starred(std::string_view text, const std::vector<bool>& marks, std::size_t begin,
                    std::size_t end) {
  if (marks.empty())
    return std::string{text.substr(begin, end - begin)};
  std::string out;
  for (auto i = begin; i < end; ++i)
    if (!marks[i])
      out += text[i];
    else if (i == begin || !marks[i - 1])
      out += stars;
  return out;
}

} // namespace

std::vector<std::string> forms_of(std::string_view plain, std::size_t shortest) {
  std::vector<std::string> forms;
  if (plain.empty() || plain.size() < shortest)
    return forms;
  forms.emplace_back(plain);
  add_json(plain, forms);
  add_base64(plain, forms);
  forms.push_back(hcl(plain));
  for (const auto* digits : {"0123456789ABCDEF", "0123456789abcdef"})
    for (const bool plus : {false, true})
      forms.push_back(percent(plain, digits, plus));
  std::erase_if(forms, [&](const std::string& f) { return f.empty() || f.size() < shortest; });
  tidy(forms);
  return forms;
}

void masker::add(std::string_view plain) {
  auto more = forms_of(plain);
  // An address goes out without what follows its '#'.
  if (const auto mark = plain.find('#'); mark != std::string_view::npos)
    for (auto& form : forms_of(plain.substr(0, mark)))
      more.push_back(std::move(form));
  for (std::size_t i = 0; i < plain.size();) {
    const auto end = std::min(plain.find('\n', i), plain.size());
    if (const auto line = plain.substr(i, end - i);
        line.size() != plain.size() && line.size() >= line_masked_min)
      for (auto& form : forms_of(line))
        more.push_back(std::move(form));
    i = end + 1;
  }
  for (auto& form : more) {
    auto joined = form; // as it looks when its lines come one by one
    remove_breaks(joined);
    if (joined.size() >= shortest_masked)
      forms_.push_back(std::move(joined));
    forms_.push_back(std::move(form));
  }
  tidy(forms_);
}

void masker::add_all(const json& value) {
  if (value.is_string())
    add(value.get_ref<const std::string&>());
  else if (value.is_structured())
    for (const auto& item : value)
      add_all(item);
}

void masker::join(const masker& other) {
  forms_.insert(forms_.end(), other.forms_.begin(), other.forms_.end());
  tidy(forms_);
}

std::vector<bool> masker::hidden(std::string_view text) const {
  std::vector<bool> marks;
  for (const auto& form : forms_)
    for (auto at = text.find(form); at != std::string_view::npos; at = text.find(form, at + 1)) {
      marks.resize(text.size());
      std::fill_n(marks.begin() + static_cast<std::ptrdiff_t>(at), form.size(), true);
    }
  return marks;
}

std::string masker::masked(std::string text) const {
  const auto marks = hidden(text);
  if (marks.empty())
    return text;
  return starred(text, marks, 0, text.size());
}

void masker::mask(json& value) const {
  if (value.is_string()) {
    auto& text = value.get_ref<std::string&>();
    if (finds(text))
      text = masked(std::move(text));
  } else if (value.is_object()) {
    std::vector<std::string> names;
    for (auto at = value.begin(); at != value.end(); ++at) {
      mask(at.value());
      if (finds(at.key()))
        names.push_back(at.key());
    }
    for (const auto& name : names) {
      auto held = std::move(value[name]);
      value.erase(name);
      value[masked(name)] = std::move(held);
    }
  } else if (value.is_array()) {
    for (auto& item : value)
      mask(item);
  }
}

bool masker::finds(std::string_view text) const {
  return std::any_of(forms_.begin(), forms_.end(), [&](const std::string& form) {
    return text.find(form) != std::string_view::npos;
  });
}

// Where the longest ending of `text` begins that a secret may begin with; its size if there is
// none.
std::size_t masker::open_end(std::string_view text) const {
  auto open = text.size();
  for (const auto& form : forms_)
    for (auto n = std::min(form.size() - 1, text.size()); n > 0 && text.size() - n < open; --n)
      if (text.ends_with(std::string_view{form}.substr(0, n)))
        open = text.size() - n;
  return open;
}

std::vector<std::string> masker::stream::take(const masker& known, std::vector<std::string> texts,
                                              bool last) {
  if (known.empty() && held_.empty())
    return texts;
  std::string joined;
  for (auto& text : texts)
    held_.push_back(std::move(text));
  for (const auto& text : held_)
    joined += text;
  const auto marks = known.hidden(joined);
  const auto open = last ? joined.size() : known.open_end(joined);
  // A text is told once nothing in it is open, and no secret goes on from it into one that is held:
  // that one would not be known for what it is without its beginning.
  std::size_t tell = 0;
  std::size_t end = 0;
  for (std::size_t i = 0; i < held_.size(); ++i) {
    end += held_[i].size();
    const bool cut = end > 0 && end < marks.size() && marks[end - 1] && marks[end];
    if ((end <= open && !cut) || held_.size() - i > held_texts_max)
      tell = i + 1;
  }
  std::vector<std::string> told;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < tell; begin += held_[i].size(), ++i)
    told.push_back(starred(joined, marks, begin, begin + held_[i].size()));
  held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(tell));
  return told;
}

} // namespace o3::secrets
