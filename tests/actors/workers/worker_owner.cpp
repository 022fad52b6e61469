// Owns one worker, says its process id, and waits to be killed.
#include "actors/workers/process_link.hpp"

#include <future>
#include <iostream>
#include <unistd.h>

int main(int, char** argv) {
  std::promise<void> up;
  std::atomic<bool> first{true};
  auto launch = o3::workers::process_launcher({argv[1], "mute hello"}, {});
  auto link = launch({[&](const std::string&) {
                        if (first.exchange(false))
                          up.set_value();
                      },
                      [](const std::string&) {}});
  if (!link)
    return 1;
  up.get_future().wait();
  std::cout << (*link)->pid() << std::endl;
  for (;;)
    ::pause();
}
