#include "cluster/node/credentials.hpp"

#include "http/client/origin.hpp"
#include "runtime/secrets/sealed_file.hpp"
#include "runtime/secrets/sources.hpp"

namespace o3 {
namespace {

// Read by the parser of the client that sends, so that both mean the same host.
result<std::string> origin_text(std::string_view url) {
  O3_TRY(auto origin, http::client::origin_of(url));
  return origin.text();
}

} // namespace

result<std::shared_ptr<secrets::credentials>>
open_credentials(const config::options& o, const installation& i,
                 const std::vector<std::pair<std::string, std::string>>& variables,
                 const logger& log) {
  O3_TRY(auto own, secrets::open_sealed_file(i.seal, i.dir / "secrets.json"));
  std::vector<std::shared_ptr<const secrets::source>> others;
  if (!o.secrets.dir.empty()) {
    std::error_code ec;
    if (!std::filesystem::is_directory(o.secrets.dir, ec))
      return make_error(fault::config_invalid,
                        "secrets.dir " + o.secrets.dir + " is no directory that can be read", "",
                        "mount the secrets there, or leave the setting out");
    others.push_back(secrets::from_files(o.secrets.dir, origin_text));
  }
  std::vector<error> problems;
  others.push_back(secrets::from_environment(variables, origin_text, problems));
  for (const auto& p : problems)
    log.write(log_level::warning, "secrets", p.message, {{"hint", p.hint}});
  return std::make_shared<secrets::credentials>(std::move(own), std::move(others), origin_text);
}

} // namespace o3
