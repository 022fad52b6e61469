// Precompiled for every test: Catch2 is the expensive part. Neither CAF nor Beast.
#pragma once
#include "tests/harness/catch.hpp"
#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
