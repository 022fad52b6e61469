#include "runtime/base/in_hand.hpp"

#include <csignal>
#include <memory>

namespace o3 {
namespace {

constinit thread_local id now_in_hand{};

// A handler cannot run on the stack that is used up.
class handler_stack {
public:
  handler_stack() {
    stack_t there{};
    if (::sigaltstack(nullptr, &there) != 0 || (there.ss_flags & SS_DISABLE) == 0)
      return; // somebody else's, a sanitizer's for one
    bytes_ = std::make_unique<char[]>(size);
    stack_t ours{};
    ours.ss_sp = bytes_.get();
    ours.ss_size = size;
    if (::sigaltstack(&ours, nullptr) != 0)
      bytes_.reset();
  }
  handler_stack(const handler_stack&) = delete;
  handler_stack& operator=(const handler_stack&) = delete;
  ~handler_stack() {
    if (!bytes_)
      return;
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    ::sigaltstack(&none, nullptr);
  }

private:
  static constexpr std::size_t size = 64 << 10; ///< the kernel alone may save 12 KiB of registers
  std::unique_ptr<char[]> bytes_;
};

} // namespace

in_hand::in_hand(const id& workflow) : before_(now_in_hand) {
  static thread_local const handler_stack made_once;
  now_in_hand = workflow;
}

in_hand::~in_hand() {
  now_in_hand = before_;
}

const id& workflow_in_hand() noexcept {
  return now_in_hand;
}

} // namespace o3
