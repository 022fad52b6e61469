// Which workflow a thread works on, so that a crash of the process can be put down to it: the crash
// handler reads it, nothing else does. Threads: each has its own; cheap (16 bytes are copied).
#pragma once
#include "runtime/base/id.hpp"

namespace o3 {

/// While it lives, this thread works on that workflow; the one before it then goes on. The first
/// one of a thread also gives it a stack for signal handlers: an overflown stack can be noted as
/// well.
class in_hand {
public:
  explicit in_hand(const id& workflow);
  in_hand(const in_hand&) = delete;
  in_hand& operator=(const in_hand&) = delete;
  ~in_hand();

private:
  id before_;
};

/// Of this thread; nil if it works on none. May be called in a signal handler.
const id& workflow_in_hand() noexcept;

} // namespace o3
