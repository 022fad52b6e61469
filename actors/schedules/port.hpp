// Schedules and calendars as the API sees them. CAF-free.
// Threads: as actors/engine/port.hpp.
#pragma once
#include "actors/engine/port.hpp"

#include <memory>
#include <string>

namespace o3::schedules {

/// What is asked; of all: `who`.
struct question {
  enum class verb : std::uint8_t {
    list,           ///< `after`, `limit` -> {items[], next_cursor}
    show,           ///< `name`, `next` -> the schedule; not_found
    create,         ///< `body` with its name -> the schedule; conflict (there is another one)
    put,            ///< `name`, `body` -> the schedule
    submit,         ///< `body` is a workflow request with `when: "cron"`; else as create
    remove,         ///< `name` -> no body
    pause,          ///< `name` -> the schedule
    resume,         ///< `name` -> the schedule
    list_calendars, ///< `after`, `limit`
    show_calendar,  ///< `name`
    put_calendar,   ///< `name`, `body`
    remove_calendar ///< `name`; conflict (a schedule names it)
  };
  verb what = verb::list;
  std::string name;
  std::shared_ptr<const json> body;
  std::size_t next = 0;   ///< show: coming runs to list
  std::string after;      ///< list: next_cursor of the page before
  std::size_t limit = 50; ///< list
  engine::caller who;
};

class port {
public:
  virtual ~port() = default;
  /// Answers after the commit. `replayed`: create or submit of what is there already. Problems:
  /// validation_failed (errors filled), not_found, conflict, unavailable, shutting_down.
  virtual void ask(question q, engine::reply_fn reply) = 0;
};

} // namespace o3::schedules
