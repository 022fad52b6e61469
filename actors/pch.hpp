// Precompiled for every folder below actors/ and cluster/. The only place where caf/all.hpp is
// included.
#pragma once
#include <caf/all.hpp>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>
