// Reading: lists, workflows, tasks, events, logs. Answers come from the store, never from a running
// workflow, so nothing is shown that a crash could take back.
// Threads: as actors/engine/port.hpp.
#pragma once
#include "actors/engine/port.hpp"
#include "runtime/store/journal.hpp"

namespace o3::query {

using engine::answer;
using engine::caller;
using engine::reply_fn;

struct list_request {
  store::list_filter filter; ///< project is set by the caller's
  std::string cursor;        ///< from next_cursor; "" is the first page
  std::size_t limit = 50;    ///< 1 to 200
};

/// One event or log piece of a feed.
struct feed_item {
  std::string cursor; ///< resume after this: SSE id
  std::string event;  ///< e.g. "task.ended"; "" for log text
  std::string data;   ///< JSON for events, text lines for logs
};
struct feed_batch {
  std::vector<feed_item> items;
  bool ended = false;   ///< nothing more will come
  std::string broken{}; ///< it cannot be read on, and this is why; `ended` is not said
};
/// Pulled: nothing is read ahead of the consumer. Destroying it ends it.
class feed {
public:
  virtual ~feed() = default;
  /// Calls `f` once with at least one item, or with `ended`; waits for news if following.
  virtual void next(std::function<void(feed_batch)> f) = 0;
};
/// The feed, or a problem (not_found, bad cursor = bad_value).
using feed_reply = std::function<void(error problem, std::shared_ptr<feed> f)>;

struct events_request {
  std::optional<id> workflow; ///< absent: all of the project
  std::string after;  ///< Last-Event-ID; "": from the start (one workflow) or from now (all)
  bool follow = true; ///< false: what there is, then end
  caller who;
};
struct log_request {
  id workflow;
  std::optional<std::string> task; ///< task ref
  std::string after;               ///< cursor
  bool follow = false;
  caller who;
};

class port {
public:
  virtual ~port() = default;
  /// {items[], next_cursor}; a page looks at no more than filter.scan_max workflows, so it may hold
  /// fewer items than `limit` and still have a next_cursor.
  virtual void list(list_request r, caller who, reply_fn reply) = 0;
  /// The quarantined ones, newest first: {items[{id, ref, trace_id, template, name, created_at,
  /// since, reason}], next_cursor}; a page may be short or empty, as list's. Of `r` counts what
  /// says where and how much.
  virtual void quarantine(list_request r, caller who, reply_fn reply) = 0;
  virtual void workflow(id w, caller who, reply_fn reply) = 0; ///< AMENDMENTS 39
  virtual void tasks(id w, caller who, reply_fn reply) = 0;    ///< {items[]}
  virtual void task(id w, std::string task_ref, caller who, reply_fn reply) = 0;
  /// {items: [{revision, at, by, name, description, inputs, ran}]}, the oldest first; secrets as
  /// "***".
  virtual void revisions(id w, caller who, reply_fn reply) = 0;
  /// One of them; with `against` also {changes: [{op, path, value}]} (RFC 6902) from that one to
  /// it.
  virtual void revision(id w, std::uint32_t number, std::optional<std::uint32_t> against,
                        caller who, reply_fn reply)
    = 0;
  virtual void events(events_request r, feed_reply reply) = 0;
  virtual void log(log_request r, feed_reply reply) = 0;
};

} // namespace o3::query
