// The Catch2 header that exists: 2.13 on Debian 12, 3 on Debian 13. `main` is catch_main.cpp on
// both.
#pragma once
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
