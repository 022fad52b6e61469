#include "runtime/dag/build.hpp"

#include <deque>

namespace o3 {
namespace {

void sort_unique(std::vector<std::uint32_t>& v) {
  std::sort(v.begin(), v.end());
  v.erase(std::unique(v.begin(), v.end()), v.end());
}

constexpr std::uint32_t unseen = UINT32_MAX;

/// Tarjan's strongly connected components over the tasks in `rest`, without recursion: a chain of
/// 10,000 tasks is 10,000 deep.
class components {
public:
  components(const plan& p, const std::vector<bool>& rest)
      : p_(p), rest_(rest), number_(rest.size(), unseen), low_(rest.size(), 0),
        on_stack_(rest.size(), false) {}

  std::vector<std::vector<std::uint32_t>> find() {
    for (std::uint32_t i = 0; i < rest_.size(); ++i)
      if (rest_[i] && number_[i] == unseen)
        visit(i);
    std::sort(found_.begin(), found_.end());
    return std::move(found_);
  }

private:
  struct frame {
    std::uint32_t task;
    std::size_t next = 0;
  };

  void enter(std::uint32_t t) {
    number_[t] = low_[t] = count_++;
    stack_.push_back(t);
    on_stack_[t] = true;
    frames_.push_back({t});
  }

  void visit(std::uint32_t start) {
    enter(start);
    while (!frames_.empty()) {
      const auto t = frames_.back().task;
      const auto& next = p_.tasks[t].dependents;
      if (frames_.back().next < next.size()) {
        const auto d = next[frames_.back().next++];
        if (!rest_[d])
          continue;
        if (number_[d] == unseen)
          enter(d);
        else if (on_stack_[d])
          low_[t] = std::min(low_[t], number_[d]);
        continue;
      }
      frames_.pop_back();
      if (!frames_.empty())
        low_[frames_.back().task] = std::min(low_[frames_.back().task], low_[t]);
      if (low_[t] == number_[t])
        close(t);
    }
  }

  void close(std::uint32_t root) {
    std::vector<std::uint32_t> group;
    for (;;) {
      const auto t = stack_.back();
      stack_.pop_back();
      on_stack_[t] = false;
      group.push_back(t);
      if (t == root)
        break;
    }
    std::sort(group.begin(), group.end());
    if (group.size() > 1)
      found_.push_back(std::move(group));
  }

  const plan& p_;
  const std::vector<bool>& rest_;
  std::vector<std::uint32_t> number_;
  std::vector<std::uint32_t> low_;
  std::vector<bool> on_stack_;
  std::vector<std::uint32_t> stack_;
  std::vector<frame> frames_;
  std::uint32_t count_ = 0;
  std::vector<std::vector<std::uint32_t>> found_;
};

/// A shortest cycle through the first task of `group`, in the order in which the tasks would run.
std::vector<std::uint32_t> shortest_cycle(const plan& p, const std::vector<std::uint32_t>& group) {
  const auto start = group.front();
  std::unordered_map<std::uint32_t, std::uint32_t> from;
  std::deque<std::uint32_t> queue{start};
  while (!queue.empty()) {
    const auto t = queue.front();
    queue.pop_front();
    for (const auto d : p.tasks[t].dependents) {
      if (d == start) {
        std::vector<std::uint32_t> cycle;
        for (auto back = t; back != start; back = from[back])
          cycle.push_back(back);
        cycle.push_back(start);
        std::reverse(cycle.begin(), cycle.end());
        return cycle;
      }
      if (std::binary_search(group.begin(), group.end(), d) && from.try_emplace(d, t).second)
        queue.push_back(d);
    }
  }
  return group;
}

} // namespace

void draw_edges(plan& p) {
  p.edges = 0;
  for (std::uint32_t i = 0; i < p.tasks.size(); ++i) {
    auto& task = p.tasks[i];
    const auto& spec = p.doc.tasks[i];
    const auto other = [&](const std::string& ref) {
      const auto at = p.index.find(ref);
      return at == p.index.end() || at->second == i ? std::nullopt
                                                    : std::optional<std::uint32_t>{at->second};
    };
    std::vector<std::uint32_t> ordered; // how a task ended can be read once it has, well or badly
    const auto producers = [&](const expression& e, std::vector<std::uint32_t>& into) {
      for_each_reference(e, [&](const reference& r) {
        const auto* out = std::get_if<output_ref>(&r);
        const auto* state = std::get_if<state_ref>(&r);
        if (const auto producer = out ? other(out->task) : std::nullopt)
          into.push_back(*producer);
        if (const auto asked = state ? other(state->task) : std::nullopt)
          ordered.push_back(*asked);
      });
    };
    for (const auto& line : spec.input)
      producers(line.second, task.reads);
    for (const auto& line : spec.lines)
      producers(line.value, line.orders_only ? ordered : task.reads);
    sort_unique(task.reads);
    for (const auto earlier : ordered)
      if (!std::binary_search(task.reads.begin(), task.reads.end(), earlier))
        task.after.push_back(earlier);
    for (const auto& ref : spec.depends_on)
      if (const auto earlier = other(ref);
          earlier && !std::binary_search(task.reads.begin(), task.reads.end(), *earlier))
        task.after.push_back(*earlier);
    sort_unique(task.after);
    p.edges += static_cast<std::uint32_t>(task.reads.size() + task.after.size());
    // Tasks are visited in order, so the lists of dependents come out sorted.
    for (const auto producer : task.reads)
      p.tasks[producer].dependents.push_back(i);
    for (const auto earlier : task.after)
      p.tasks[earlier].dependents.push_back(i);
  }
}

bool sort_layers(plan& p) {
  p.layers.clear();
  std::vector<std::size_t> open(p.tasks.size());
  std::vector<std::uint32_t> layer;
  for (std::uint32_t i = 0; i < p.tasks.size(); ++i) {
    open[i] = p.tasks[i].reads.size() + p.tasks[i].after.size();
    if (open[i] == 0)
      layer.push_back(i);
  }
  std::size_t sorted = 0;
  while (!layer.empty()) {
    sorted += layer.size();
    std::vector<std::uint32_t> next;
    for (const auto t : layer)
      for (const auto d : p.tasks[t].dependents)
        if (--open[d] == 0)
          next.push_back(d);
    std::sort(next.begin(), next.end());
    p.layers.push_back(std::move(layer));
    layer = std::move(next);
  }
  return sorted == p.tasks.size();
}

std::vector<std::vector<std::uint32_t>> find_cycles(const plan& p) {
  std::vector<bool> rest(p.tasks.size(), true);
  for (const auto& layer : p.layers)
    for (const auto t : layer)
      rest[t] = false;
  std::vector<std::vector<std::uint32_t>> cycles;
  for (const auto& group : components{p, rest}.find())
    cycles.push_back(shortest_cycle(p, group));
  return cycles;
}

} // namespace o3
