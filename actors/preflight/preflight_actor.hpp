// One pre-flight: holds the talks of a request's tasks, a few at once, within its deadline. Reads
// take their turns as all reads of a target do; a talk that comes to a call that may change
// something ends there. Tasks that would ask the same are asked for once.
//
//   message       reply       what
//   ------------  ----------  -----------------------------------------------------------------
//   go_on{}       -           to itself: more tasks may be begun
//   heard{n, a}   -           from the caller: an answer
//   again{n, r}   -           to itself: the turn of a request has come, or a talk begins anew
//   over{}        job->reply  to itself: the deadline; what is not known is said to be so
//
// Ends with its answer, or when the workflows' manager does. State: nothing a crash could lose.
#pragma once
#include "actors/engine/context.hpp"
#include "actors/preflight/port.hpp"

namespace o3::preflight {

std::unique_ptr<port> make_port(engine::context_ptr ctx, options o);

} // namespace o3::preflight
