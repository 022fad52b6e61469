// What is noted when a process crashes: real processes, forked from the test.
#include "cluster/node/crash_notes.hpp"
#include "runtime/base/in_hand.hpp"
#include "tests/contract/store/temp_dir.hpp"
#include "tests/harness/catch.hpp"

#include <csignal>
#include <fstream>
#include <sstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace o3;

namespace {

const auto held = id::derived({}, "held"), other = id::derived({}, "other");

std::string text_in(const std::filesystem::path& file) {
  std::ostringstream out;
  out << std::ifstream{file}.rdbuf();
  return out.str();
}

/// Lets `end` end a child process that notes its crashes in `dir`; how it ended.
template <class F>
int child(const std::filesystem::path& dir, F end) {
  const auto pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    for (int s : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS}) // the test program's own
      std::signal(s, SIG_DFL);
    auto notes = crash_notes::open(dir);
    if (!notes)
      ::_exit(99);
    notes->install();
    end();
    ::_exit(98);
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

void note_raise(int signal) {
  const in_hand it{held};
  ::raise(signal);
}

void terminate_by_exception() noexcept {
  throw 7; // NOLINT: escapes on purpose
}

} // namespace

TEST_CASE("a fatal signal is noted with the workflow of its thread, and still ends the process",
          "[node][quarantine]") {
  const test::temp_dir tmp{test::medium::memory};
  CHECK(child(tmp.path(), [] { note_raise(SIGSEGV); }) == -SIGSEGV);
  CHECK(child(tmp.path(), [] { std::thread{[] { note_raise(SIGBUS); }}.join(); }) == -SIGBUS);
  CHECK(child(tmp.path(),
              [] {
                const in_hand it{other};
                std::abort();
              })
        == -SIGABRT);
  CHECK(child(tmp.path(),
              [] {
                const in_hand it{held};
                terminate_by_exception();
              })
        == -SIGABRT);
  CHECK(child(tmp.path(), [] { ::raise(SIGFPE); }) == -SIGFPE); // nobody's
  CHECK(text_in(tmp.path() / "crashes")
        == held.hex() + " 11\n" + held.hex() + " 07\n" + other.hex() + " 06\n" + held.hex()
             + " 06\n" + id{}.hex() + " 08\n");
  auto notes = crash_notes::open(tmp.path());
  REQUIRE(notes);
  REQUIRE(notes->suspects().size() == 2);
  CHECK(notes->suspects()[0].workflow == held);
  CHECK(notes->suspects()[0].crashes == 3);
  CHECK(notes->suspects()[0].how == "SIGABRT");
  CHECK(notes->suspects()[1].workflow == other);
  CHECK(notes->suspects()[1].crashes == 1);
}

TEST_CASE("what is no crash of the process itself leaves no note", "[node][quarantine]") {
  const test::temp_dir tmp{test::medium::memory};
  CHECK(child(tmp.path(),
              [] {
                const in_hand it{held};
                ::_exit(75);
              })
        == 75);
  CHECK(child(tmp.path(), [] { note_raise(SIGKILL); }) == -SIGKILL);
  CHECK(child(tmp.path(), [] { note_raise(SIGTERM); }) == -SIGTERM);
  CHECK(child(tmp.path(),
              [] { // sent by somebody else
                const in_hand it{held};
                const auto me = ::getpid();
                if (::fork() == 0) {
                  ::kill(me, SIGSEGV);
                  ::_exit(0);
                }
                for (;;)
                  ::pause();
              })
        == -SIGSEGV);
  CHECK(text_in(tmp.path() / "crashes").empty());
}

TEST_CASE("a workflow that is forgotten counts from nothing, a calm forgets all",
          "[node][quarantine]") {
  const test::temp_dir tmp{test::medium::memory};
  for (int i = 0; i < 2; ++i)
    child(tmp.path(), [] { note_raise(SIGSEGV); });
  {
    auto notes = crash_notes::open(tmp.path());
    REQUIRE(notes);
    notes->forget(held);
    notes->forget(other); // never noted
  }
  CHECK(crash_notes::open(tmp.path())->suspects().empty());
  child(tmp.path(), [] { note_raise(SIGILL); });
  auto notes = crash_notes::open(tmp.path());
  REQUIRE(notes->suspects().size() == 1);
  CHECK(notes->suspects()[0].crashes == 1);
  CHECK(notes->suspects()[0].how == "SIGILL");
  notes->calm();
  CHECK(crash_notes::open(tmp.path())->suspects().empty());
  child(tmp.path(), [] { note_raise(SIGILL); });
  CHECK(crash_notes::open(tmp.path())->suspects().size() == 1);
}

TEST_CASE("lines that are none are skipped", "[node][quarantine]") {
  const auto a = held.hex();
  CHECK(read_crash_notes("").empty());
  CHECK(read_crash_notes("\n\nnonsense\n" + a + "\n" + a + " \n" + a + " xx\n" + a + "  11\n"
                         + std::string(40, 'z'))
          .empty());
  const auto cut = read_crash_notes(a + " 11\n" + a.substr(0, 20) + "\n" + a + " 11");
  REQUIRE(cut.size() == 1);
  CHECK(cut[0].crashes == 2);
  CHECK(cut[0].how == "SIGSEGV");
}

TEST_CASE("a directory that cannot hold the notes is said", "[node][quarantine]") {
  const auto notes = crash_notes::open("/nonexistent/data");
  REQUIRE(!notes);
  CHECK(notes.error().code == fault::data_dir_unwritable);
}
