// Precompiled for every folder below http/: Beast and Asio are the expensive part. No CAF.
#pragma once
#include <utility> // Asio 1.74 uses std::exchange without saying so

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>
