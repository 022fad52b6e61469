#include "runtime/store/memory.hpp"

#include "runtime/store/memory_data.hpp"

namespace o3::store {

namespace {

class memory_backend final : public backend {
public:
  explicit memory_backend(fault_hook hook) { d_->hook = std::move(hook); }
  std::unique_ptr<journal> make_journal() override { return memory::make_journal(d_); }
  std::unique_ptr<reader> make_reader() override { return memory::make_reader(d_); }
  void checkpoint() override {}
  [[nodiscard]] std::string describe() const override { return "memory"; }

private:
  std::shared_ptr<memory::memory_data> d_ = std::make_shared<memory::memory_data>();
};

} // namespace

std::shared_ptr<backend> make_memory_backend(fault_hook hook) {
  return std::make_shared<memory_backend>(std::move(hook));
}

} // namespace o3::store
