#include "runtime/base/text.hpp"
#include "runtime/schedule/calendar.hpp"
#include "runtime/template/object_reader.hpp"

#include <algorithm>
#include <array>

namespace o3::schedule {
namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 4> calendar_keys{"zone", "windows", "blackout",
                                                        "description"};
constexpr std::array<std::string_view, 2> cron_keys{"cron", "for_s"};
constexpr std::string_view forms
  = "write it like 'Mon-Fri 22:00-05:00', '2026-12-24 18:00/2026-12-27', '12-24/12-26', or "
    "{\"cron\": \"0 22 1 * *\", \"for_s\": 3600}";

error refuse(std::string_view text, const std::string& why) {
  return make_error(fault::bad_schedule, in_quotes(text) + " is no range of time: " + why, {},
                    std::string{forms});
}

/// Takes pieces off the front of a text; each says whether it was there.
class scanner {
public:
  explicit scanner(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] std::string_view rest() const { return rest_; }
  bool skip(std::string_view text) {
    if (!rest_.starts_with(text))
      return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  bool blanks() {
    const auto before = rest_.size();
    while (skip(" ")) {
    }
    return rest_.size() != before;
  }
  /// Exactly `digits` digits.
  std::optional<unsigned> number(std::size_t digits) {
    unsigned n = 0;
    if (rest_.size() < digits)
      return std::nullopt;
    for (std::size_t i = 0; i < digits; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9')
        return std::nullopt;
      n = n * 10 + static_cast<unsigned>(rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    return n;
  }
  /// "Mon": 0 = Sunday.
  std::optional<unsigned> day_name() {
    static constexpr std::array<std::string_view, 7> names{"sun", "mon", "tue", "wed",
                                                           "thu", "fri", "sat"};
    std::string word{rest_.substr(0, 3)};
    for (auto& c : word)
      c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const auto* const at = std::find(names.begin(), names.end(), word);
    if (at == names.end())
      return std::nullopt;
    rest_.remove_prefix(3);
    return static_cast<unsigned>(at - names.begin());
  }
  /// "22:00", up to "24:00".
  std::optional<minutes> time_of_day() {
    const auto before = rest_;
    const auto h = number(2);
    const bool colon = h && skip(":");
    const auto m = colon ? number(2) : std::nullopt;
    if (m && *m < 60 && *h * 60 + *m <= 24 * 60)
      return minutes{*h * 60 + *m};
    rest_ = before;
    return std::nullopt;
  }

private:
  std::string_view rest_;
};

result<range> weekly(std::string_view text) {
  scanner in{text};
  weekly_range r;
  if (in.skip("*") || (!text.empty() && text[0] >= '0' && text[0] <= '9')) {
    r.days.set();
  } else {
    do {
      const auto from = in.day_name();
      const auto to = from && in.skip("-") ? in.day_name() : from;
      if (!from || !to)
        return refuse(text, "the days are Mon, Tue, Wed, Thu, Fri, Sat, Sun");
      for (auto d = *from;; d = (d + 1) % 7) {
        r.days.set(d);
        if (d == *to)
          break;
      }
    } while (in.skip(","));
  }
  const bool apart = in.blanks() || r.days.all();
  if (in.at_end())
    return range{r};
  const auto begin = apart ? in.time_of_day() : std::nullopt;
  const auto end = begin && in.skip("-") ? in.time_of_day() : std::nullopt;
  if (!end || !in.at_end())
    return refuse(text, "the times of the day are like 22:00-05:00");
  if (*begin == *end || *begin == 24h)
    return refuse(text, "it has no length");
  r.begin = *begin;
  r.length = *end > *begin ? *end - *begin : *end - *begin + 24h;
  return range{r};
}

struct dated_end {
  local_time at;
  bool whole_day = false;
};

std::optional<dated_end> date(scanner& in) {
  const auto y = in.number(4);
  const auto m = y && in.skip("-") ? in.number(2) : std::nullopt;
  const auto d = m && in.skip("-") ? in.number(2) : std::nullopt;
  if (!d)
    return std::nullopt;
  const year_month_day day{year{static_cast<int>(*y)}, month{*m}, std::chrono::day{*d}};
  if (!day.ok() || *y < 1970)
    return std::nullopt;
  if (!in.skip("T") && !in.blanks())
    return dated_end{local_days{day}, true};
  const auto time = in.time_of_day();
  return time ? std::optional{dated_end{local_days{day} + *time, false}} : std::nullopt;
}

result<range> dated(std::string_view text) {
  scanner in{text};
  const auto begin = date(in);
  auto end = begin;
  const bool two = begin && in.skip("/");
  if (two)
    end = date(in);
  if (!end || !in.at_end())
    return refuse(text,
                  "dates are like 2026-12-24 or 2026-12-24 18:00, and must be in the calendar");
  if (!two && !begin->whole_day)
    return refuse(text, "it has no end");
  const auto until = end->whole_day ? end->at + days{1} : end->at;
  if (until <= begin->at)
    return refuse(text, "it ends before it begins");
  return range{dated_range{begin->at, until}};
}

std::optional<month_day> day_of_year(scanner& in) {
  const auto m = in.number(2);
  const auto d = m && in.skip("-") ? in.number(2) : std::nullopt;
  const auto at = d ? month{*m} / std::chrono::day{*d} : month_day{};
  return d && at.ok() ? std::optional{at} : std::nullopt;
}

result<range> yearly(std::string_view text) {
  scanner in{text};
  const auto begin = day_of_year(in);
  const auto last = begin && in.skip("/") ? day_of_year(in) : begin;
  if (!last || !in.at_end())
    return refuse(text, "days of every year are like 12-24, and must be in the calendar");
  return range{yearly_range{*begin, *last}};
}

class calendar_reader {
public:
  calendar_reader(calendar& c, std::size_t ranges_max, reporter& out)
      : c_(c), left_(ranges_max), ranges_max_(ranges_max), out_(out) {}

  void read(const json& doc, const limits& lim) {
    const place root;
    object_reader in{doc, root, "the calendar", out_};
    in.refuse_others(calendar_keys);
    (void)in.text("description", lim.text_bytes);
    if (const auto name = in.text("zone", lim.text_bytes); !name.empty()) {
      if (auto z = zone::find(name))
        c_.in = *std::move(z);
      else
        fail(place{root, "zone"}, std::move(z.error()));
    }
    read_list(in, root, "windows", c_.windows);
    read_list(in, root, "blackout", c_.blackout);
  }

private:
  void fail(const place& at, o3::error e) {
    out_.fail(e.code, at, std::move(e.message), std::move(e.hint));
  }

  void read_list(object_reader& in, const place& root, std::string_view key,
                 std::vector<range>& into) {
    const auto* list = in.list(key);
    if (!list)
      return;
    const place at{root, key};
    if (list->size() > left_) {
      out_.fail(fault::too_large, at,
                "a calendar has at most " + std::to_string(ranges_max_) + " windows and blackouts");
      return;
    }
    left_ -= list->size();
    for (std::size_t i = 0; i < list->size(); ++i)
      read_range((*list)[i], place{at, i}, into);
  }

  void read_range(const json& entry, const place& at, std::vector<range>& into) {
    if (entry.is_string()) {
      if (auto r = parse_range(entry.get_ref<const std::string&>()))
        into.push_back(*std::move(r));
      else
        fail(at, std::move(r.error()));
      return;
    }
    object_reader in{entry, at, "a range of time that is no text", out_};
    if (!in.is_object())
      return;
    in.refuse_others(cron_keys);
    const auto* line = in.require("cron");
    const auto* length = in.require("for_s");
    if (line && !line->is_string())
      in.wrong_type("cron", *line, "text");
    if (!line || !length || !line->is_string())
      return;
    auto parsed = parse_cron(line->get_ref<const std::string&>());
    if (!parsed)
      return fail(place{at, "cron"}, std::move(parsed.error()));
    const auto for_s = in.whole("for_s", 1, 366 * 24 * 3600);
    if (for_s)
      into.emplace_back(cron_range{*parsed, seconds{*for_s}});
  }

  calendar& c_;
  std::size_t left_;
  std::size_t ranges_max_;
  reporter& out_;
};

} // namespace

result<range> parse_range(std::string_view text) {
  const auto digits = static_cast<std::size_t>(
    std::find_if(text.begin(), text.end(), [](char c) { return c < '0' || c > '9'; })
    - text.begin());
  const auto then = digits < text.size() ? text[digits] : '\0';
  if (digits > 2)
    return dated(text);
  return digits > 0 && then != ':' ? yearly(text) : weekly(text);
}

calendar parse_calendar(const json& doc, std::string name, const limits& lim,
                        std::size_t ranges_max, findings& found) {
  calendar c;
  c.name = std::move(name);
  reporter out{found, lim};
  calendar_reader{c, ranges_max, out}.read(doc, lim);
  return c;
}

} // namespace o3::schedule
