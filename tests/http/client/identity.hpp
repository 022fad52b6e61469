// Certificates made for a test: an authority, and what it signs. Threads: one owner.
#pragma once
#include <memory>
#include <string>

namespace o3::test {

struct identity {
  std::string certificate_pem;
  std::string key_pem;
};

class authority {
public:
  explicit authority(const std::string& name);
  ~authority();
  authority(const authority&) = delete;
  authority& operator=(const authority&) = delete;

  [[nodiscard]] std::string pem() const;
  /// For "DNS:host.test" or "IP:127.0.0.1", comma separated.
  [[nodiscard]] identity sign(const std::string& alternative_names) const;

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace o3::test
