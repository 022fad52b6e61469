// libcurl's objects with an owner: what the blocking and the asynchronous client share.
// Threads: a handle belongs to one owner; `curl_library` may be made by any thread (libcurl
// counts).
#pragma once
#include <curl/curl.h>
#include <memory>
#include <string_view>

namespace o3::http::client {

/// Keeps the library initialised while it lives.
class curl_library {
public:
  curl_library() : ready_(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) {}
  curl_library(const curl_library&) = delete;
  curl_library& operator=(const curl_library&) = delete;
  ~curl_library() {
    if (ready_)
      curl_global_cleanup();
  }
  [[nodiscard]] bool ready() const { return ready_; }

private:
  bool ready_;
};

struct easy_deleter {
  void operator()(CURL* c) const { curl_easy_cleanup(c); }
};
struct multi_deleter {
  void operator()(CURLM* m) const { curl_multi_cleanup(m); }
};
/// Overwrites the lines before it frees them: one may hold a credential.
struct list_deleter {
  void operator()(curl_slist* l) const;
};
using easy = std::unique_ptr<CURL, easy_deleter>;
using multi = std::unique_ptr<CURLM, multi_deleter>;
using header_list = std::unique_ptr<curl_slist, list_deleter>;

/// Adds "name: value"; an empty value is sent as such. False if memory ran out.
bool append_header(header_list& list, std::string_view name, std::string_view value);
/// Keeps libcurl from adding its own header of that name.
bool suppress_header(header_list& list, std::string_view name);

} // namespace o3::http::client
