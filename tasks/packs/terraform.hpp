// The helpers of the Terraform classes. Threads: pure functions.
#pragma once
#include "runtime/base/json.hpp"
#include "runtime/base/result.hpp"

namespace o3::packs {

/// {"bytes", "hash", "address", "name"} -> {"archive" (bytes of a tar.gz), "files", "sha256",
/// "built"} A tar.gz is taken as it is, a tar is compressed, a single configuration becomes an
/// archive with one file: `name`, else the last part of `address`, else main.tf or main.tf.json.
/// `hash` is the SHA-256 of the bytes as hex; absent: not checked.
result<json> terraform_archive(const json& arguments);

/// {"text", "offset", "limit", "over", "error"}: a piece of a plan's or apply's log, asked for from
/// `offset` -> {"lines", "offset", "ended", "more", "error"}
/// Takes the frame of STX and ETX off and whole lines only, until the log is `over`; lines of JSON
/// become their message; `error` is the first line with an error, of this piece or an earlier one.
result<json> terraform_log(const json& arguments);

} // namespace o3::packs
