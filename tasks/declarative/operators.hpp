// The words of operators and tests and what each takes. Private to this folder.
// Threads: constants.
#pragma once
#include "tasks/declarative/value.hpp"

#include <array>

namespace o3::declarative {

struct operator_row {
  std::string_view word;
  declarative::op operation;
  std::size_t least; ///< of a list of operands; most = 0: one value
  std::size_t most;
  std::array<std::string_view, 2> members; ///< that must stand beside it
};
inline constexpr std::size_t any_number = 1'000'000;
inline constexpr std::array<operator_row, 20> operator_rows{
  {{"$merge", op::merge, 1, any_number, {}},
   {"$concat", op::concat, 1, any_number, {}},
   {"$join", op::join, 2, 2, {}},
   {"$default", op::first_given, 1, any_number, {}},
   {"$if", op::choose, 0, 0, {}},
   {"$case", op::cases, 0, 0, {}},
   {"$base64", op::base64, 0, 0, {}},
   {"$json", op::to_json, 0, 0, {}},
   {"$parse", op::from_json, 0, 0, {}},
   {"$text", op::to_text, 0, 0, {}},
   {"$number", op::to_number, 0, 0, {}},
   {"$hcl", op::hcl, 0, 0, {}},
   {"$each", op::each, 0, 0, {"do", ""}},
   {"$object", op::object, 0, 0, {"key", "value"}},
   {"$at", op::at, 2, 2, {}},
   {"$lookup", op::lookup, 2, 3, {}},
   {"$keys", op::keys, 0, 0, {}},
   {"$first", op::first, 0, 0, {}},
   {"$split", op::split, 2, 2, {}},
   {"$helper", op::helper, 0, 0, {}}}};

enum class operand_kind : std::uint8_t { conditions, value, flag };
struct test_row {
  std::string_view word;
  test what;
  operand_kind takes;
};
inline constexpr std::array<test_row, 10> test_rows{
  {{"all", test::all, operand_kind::conditions},
   {"any", test::any, operand_kind::conditions},
   {"not", test::none, operand_kind::conditions},
   {"equals", test::equals, operand_kind::value},
   {"in", test::in, operand_kind::value},
   {"contains", test::contains, operand_kind::value},
   {"is", test::is, operand_kind::value},
   {"above", test::above, operand_kind::value},
   {"empty", test::empty, operand_kind::flag},
   {"given", test::given, operand_kind::flag}}};

} // namespace o3::declarative
