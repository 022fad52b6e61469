#include "actors/engine/messages.hpp"

namespace o3::engine {

#define O3_X(type)                                                                                 \
  caf::message to_message(type x) {                                                                \
    return caf::make_message(std::move(x));                                                        \
  }
O3_ENGINE_MESSAGES(O3_X)
#undef O3_X

} // namespace o3::engine
