// What a talk with a target may see, send and say. It puts the values of stored secrets in place of
// their markers when the talk begins, refuses requests that would carry one to a system it is not
// for, and stars known secrets in what the talk concludes.
//
// A request carries a secret if its value, plain or in one of the forms of mask.hpp, stands in URL,
// headers, credential or body. One too short to be told apart (`shortest_masked`) counts as carried
// by every request. Errors: of credentials::open; `target_refused`. Threads: one owner.
#pragma once
#include "runtime/outside/talk.hpp"
#include "runtime/secrets/mask.hpp"
#include "runtime/secrets/store.hpp"

namespace o3::secrets {

struct asker {
  std::string project{default_project};
  std::string template_ref;
};

class guard {
public:
  /// `store` may be null: then there are no stored secrets. `inputs` hold markers or not.
  static result<guard> open(const json& inputs, std::shared_ptr<const credentials> store,
                            const asker& who);
  /// With a made-up value for each secret: what requests would look like, and where they would go.
  /// Fails as open() does, but reads no value.
  static result<guard> rehearse(const json& inputs, std::shared_ptr<const credentials> store,
                                const asker& who);

  [[nodiscard]] const json& inputs() const { return inputs_; }
  /// `target_refused`: the request may not be sent. Names the secret and the origin.
  [[nodiscard]] std::optional<error> refuses(const outside::request& r) const;
  /// Adds the values to what is masked.
  void teach(masker& m) const;

private:
  struct used {
    entry about;
    secret value;
    std::vector<std::string> forms;
  };
  static result<guard> make(const json& inputs, std::shared_ptr<const credentials> store,
                            const asker& who, bool for_real);
  result<done> fill(json& value, const asker& who, bool for_real);

  std::shared_ptr<const credentials> store_;
  json inputs_;
  std::vector<used> used_;
};

/// Stars known secrets in everything a conclusion says. `sealed(name)`: attributes that are sealed
/// anyway and so keep what they hold.
void mask(outside::conclusion& c, const masker& known,
          const std::function<bool(const std::string& name)>& sealed);
/// Its log lines alone, in the order of a stream that may be cut anywhere.
void mask_log(outside::conclusion& c, const masker& known, masker::stream& lines, bool last);
/// The conclusion of a talk that could not be held because of `why`: for good, or for now.
outside::conclusion not_held(outside::topic about, const error& why);

} // namespace o3::secrets
