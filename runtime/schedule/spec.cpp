#include "runtime/schedule/spec.hpp"

#include "runtime/base/text.hpp"
#include "runtime/template/object_reader.hpp"

#include <algorithm>

namespace o3::schedule {
namespace {

constexpr std::array<std::string_view, 3> overlap_texts{"skip", "queue", "cancel_previous"};
constexpr std::size_t name_bytes_max = 80;

class spec_reader {
public:
  spec_reader(const json& doc, const place& at, const limits& lim, reporter& out)
      : at_(at), lim_(lim), out_(out), in_(doc, at, "the schedule", out) {}

  spec read(const spec_limits& most) {
    if (!in_.is_object())
      return std::move(s_);
    read_time();
    if (const auto name = in_.text("zone", lim_.text_bytes); !name.empty())
      take(zone::find(name), "zone", s_.in);
    read_overlap();
    if (const auto n = in_.whole("catch_up", 0, most.catch_up))
      s_.catch_up = static_cast<std::uint32_t>(*n);
    if (const auto* list = in_.list("calendars"))
      read_calendars(*list, most.calendars);
    return std::move(s_);
  }

private:
  template <class T, class To>
  void take(result<T> r, std::string_view key, To& to) {
    if (r)
      to = *std::move(r);
    else
      out_.fail(r.error().code, place{at_, key}, std::move(r.error().message),
                std::move(r.error().hint));
  }

  void read_time() {
    const bool cron = in_.find("cron") != nullptr;
    const bool at = in_.find("at") != nullptr;
    if (cron == at) {
      out_.fail(cron ? fault::bad_schedule : fault::missing_key, at_,
                cron ? "the schedule has both 'cron' and 'at'"
                     : "the schedule has neither 'cron' nor 'at'",
                "\"cron\": \"0 2 * * *\" for many times, \"at\": \"2026-12-01T02:00:00Z\" for one");
      return;
    }
    const auto text = in_.text(cron ? "cron" : "at", lim_.text_bytes);
    if (cron && in_.find("cron")->is_string())
      take(parse_cron(text), "cron", s_.cron);
    if (!at || !in_.find("at")->is_string())
      return;
    s_.at = parse_rfc3339(text);
    if (!s_.at)
      out_.fail(fault::bad_schedule, place{at_, "at"}, in_quotes(text) + " is no point in time",
                "write it like 2026-11-21T08:30:00Z or 2026-11-21T09:30:00+01:00");
  }

  void read_overlap() {
    const auto* given = in_.find("overlap");
    const auto text = in_.text("overlap", lim_.text_bytes);
    if (!given || !given->is_string())
      return;
    const auto* const known = std::find(overlap_texts.begin(), overlap_texts.end(), text);
    if (known == overlap_texts.end())
      out_.fail(fault::bad_value, place{at_, "overlap"}, "'overlap' cannot be " + in_quotes(text),
                "known: skip, queue, cancel_previous");
    else
      s_.on_overlap = static_cast<overlap>(known - overlap_texts.begin());
  }

  void read_calendars(const json& list, std::size_t most) {
    const place at{at_, "calendars"};
    if (list.size() > most) {
      out_.fail(fault::too_large, at,
                "a schedule names at most " + std::to_string(most) + " calendars");
      return;
    }
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (list[i].is_string() && is_ref_name(list[i].get_ref<const std::string&>()))
        s_.calendars.push_back(list[i].get<std::string>());
      else
        out_.fail(list[i].is_string() ? fault::bad_value : fault::wrong_type, place{at, i},
                  "'calendars' holds the names of calendars as text");
    }
  }

  const place& at_;
  const limits& lim_;
  reporter& out_;
  object_reader in_;
  spec s_;
};

} // namespace

std::string_view to_text(overlap o) {
  return overlap_texts.at(static_cast<std::size_t>(o));
}

std::optional<wall_time> next_planned(const spec& s, wall_time after) {
  if (s.cron)
    return next_firing(*s.cron, s.in, after);
  return s.at && *s.at > after ? s.at : std::nullopt;
}

std::vector<wall_time> next_planned(const spec& s, wall_time after, std::size_t count) {
  std::vector<wall_time> all;
  for (auto t = next_planned(s, after); t && all.size() < count; t = next_planned(s, *t))
    all.push_back(*t);
  return all;
}

spec parse_spec(const json& doc, std::string_view pointer, const limits& lim,
                const spec_limits& most, findings& found) {
  reporter out{found, lim};
  const place at{pointer};
  return spec_reader{doc, at, lim, out}.read(most);
}

bool is_schedule_name(std::string_view name) {
  return name.size() <= name_bytes_max && is_ref_name(name);
}

std::string firing_ref(std::string_view name, wall_time planned) {
  return std::string{firing_prefix} + std::string{name} + ":" + to_rfc3339(planned);
}

} // namespace o3::schedule
