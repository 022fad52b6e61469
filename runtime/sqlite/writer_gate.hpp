// Lets a checkpoint shut the writer out for a moment. SQLite's own busy handler only tries now and
// then, and never gets in between the transactions of a busy writer. Threads: one writer enters and
// leaves; one checkpointer at a time closes and opens.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <utility>

namespace o3::store::sqlite {

class writer_gate {
public:
  /// The one place of a writer; false if it is taken.
  bool take_place() {
    const std::lock_guard lock{mutex_};
    return !std::exchange(taken_, true);
  }
  void give_place_back() {
    const std::lock_guard lock{mutex_};
    taken_ = false;
  }

  void enter() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return !closed_; });
    inside_ = true;
    ++passes_;
  }
  void leave() {
    const std::lock_guard lock{mutex_};
    inside_ = false;
    if (closed_)
      changed_.notify_all();
  }

  void close() {
    std::unique_lock lock{mutex_};
    closed_ = true;
    changed_.wait(lock, [this] { return !inside_; });
  }
  void open() {
    const std::lock_guard lock{mutex_};
    closed_ = false;
    changed_.notify_all();
  }

  /// Transactions so far. Only while it is closed.
  [[nodiscard]] std::uint64_t passes() const { return passes_; }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t passes_ = 0;
  bool taken_ = false;
  bool inside_ = false;
  bool closed_ = false;
};

/// Within a transaction of the writer.
class inside_gate {
public:
  explicit inside_gate(writer_gate& g) : gate_(g) { g.enter(); }
  ~inside_gate() { gate_.leave(); }
  inside_gate(const inside_gate&) = delete;
  inside_gate& operator=(const inside_gate&) = delete;

private:
  writer_gate& gate_;
};

/// While the writer is shut out.
class closed_gate {
public:
  explicit closed_gate(writer_gate& g) : gate_(g) { g.close(); }
  ~closed_gate() { gate_.open(); }
  closed_gate(const closed_gate&) = delete;
  closed_gate& operator=(const closed_gate&) = delete;

private:
  writer_gate& gate_;
};

} // namespace o3::store::sqlite
