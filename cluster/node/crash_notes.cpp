#include "cluster/node/crash_notes.hpp"

#include "runtime/base/in_hand.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace o3 {
namespace {

constexpr std::array fatal_signals{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS};

// What the handler may touch: all of it is set before the handler is.
std::atomic<int> note_fd{-1};
std::array<struct sigaction, fatal_signals.size()> before{};

using line = std::array<char, 36>; ///< "<32 hex digits> <2 digits>\n"

line line_of(const id& workflow, int signal) {
  constexpr const char* digits = "0123456789abcdef";
  line out{};
  std::size_t at = 0;
  for (auto b : workflow.bytes) {
    out[at++] = digits[b >> 4U];
    out[at++] = digits[b & 15U];
  }
  out[at++] = ' ';
  out[at++] = static_cast<char>('0' + signal / 10 % 10);
  out[at++] = static_cast<char>('0' + signal % 10);
  out[at] = '\n';
  return out;
}

// One write to a file opened for appending: lines of several threads do not mix.
void write_line(int fd, const line& l) {
  [[maybe_unused]] auto n = ::write(fd, l.data(), l.size());
}

// Async-signal-safe throughout. The thread that crashed first is the one that counts: another may
// follow before the process has ended.
extern "C" void note_crash(int signal, siginfo_t* info, void* /*context*/) {
  const int code = errno;
  const bool by_kernel = info->si_code > 0;
  const bool by_us = by_kernel || info->si_pid == ::getpid(); // abort() and raise()
  if (int fd = by_us ? note_fd.exchange(-1) : -1; fd >= 0)
    write_line(fd, line_of(workflow_in_hand(), signal));
  for (std::size_t i = 0; i < fatal_signals.size(); ++i)
    if (fatal_signals[i] == signal)
      ::sigaction(signal, &before[i], nullptr);
  if (!by_kernel) // else what caused it is done again, and causes it again
    ::raise(signal);
  errno = code;
}

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name != nullptr ? std::string{"SIG"} + name : "signal " + std::to_string(signal);
}

std::string read_all(int fd) {
  std::string text;
  std::array<char, 4096> piece{};
  for (off_t at = 0;;) {
    auto n = ::pread(fd, piece.data(), piece.size(), at);
    if (n <= 0)
      return text;
    text.append(piece.data(), static_cast<std::size_t>(n));
    at += n;
  }
}

} // namespace

std::vector<engine::suspect> read_crash_notes(std::string_view text) {
  std::vector<engine::suspect> out;
  for (std::size_t from = 0; from < text.size();) {
    const auto end = std::min(text.find('\n', from), text.size());
    const auto one = text.substr(from, end - from);
    from = end + 1;
    constexpr std::size_t digits = 32;
    const auto workflow = id::parse(one.substr(0, std::min(digits, one.size())));
    int signal = -1;
    if (one.size() + 1 == line{}.size() && one[digits] == ' ')
      std::from_chars(one.data() + digits + 1, one.data() + one.size(), signal);
    if (!workflow || workflow->is_nil() || signal < 0)
      continue;
    auto it = std::find_if(out.begin(), out.end(),
                           [&](const auto& s) { return s.workflow == *workflow; });
    if (signal == 0) {
      if (it != out.end())
        out.erase(it);
      continue;
    }
    if (it == out.end())
      it = out.insert(out.end(), {*workflow, 0, {}});
    ++it->crashes;
    it->how = signal_name(signal);
  }
  return out;
}

result<crash_notes> crash_notes::open(const std::filesystem::path& data_dir) {
  const auto file = data_dir / "crashes";
  const int fd = ::open(file.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return make_error(fault::data_dir_unwritable,
                      "cannot open " + file.string() + ": "
                        + std::generic_category().message(errno),
                      "", "check the directory's owner, mode and free space");
  return crash_notes{fd, read_crash_notes(read_all(fd))};
}

crash_notes::crash_notes(crash_notes&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), suspects_(std::move(other.suspects_)) {
}

crash_notes::~crash_notes() {
  if (fd_ < 0)
    return;
  int ours = fd_;
  note_fd.compare_exchange_strong(ours, -1);
  ::close(fd_);
}

void crash_notes::install() {
  note_fd = fd_;
  struct sigaction ours {};
  ours.sa_sigaction = note_crash;
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&ours.sa_mask);
  for (std::size_t i = 0; i < fatal_signals.size(); ++i)
    ::sigaction(fatal_signals[i], &ours, &before[i]);
}

void crash_notes::forget(const id& workflow) const {
  write_line(fd_, line_of(workflow, 0));
}

void crash_notes::calm() const {
  [[maybe_unused]] auto n = ::ftruncate(fd_, 0);
}

} // namespace o3
