#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/config/config.h"

namespace netclsd {
namespace {

std::optional<CarryConfig> carry_of(const std::string& carry) {
  const auto config = parse_config(R"({"classes": {"gold": "10:1"}, "carry": )" + carry + "}", "c.json");
  EXPECT_TRUE(config) << config.error().message();
  return config ? config->carry : std::nullopt;
}

std::string carry_error_of(const std::string& carry) {
  const auto config = parse_config("{\"carry\": " + carry + ",\n\"classes\": {\"gold\": \"10:1\"}}", "c.json");
  return config ? "no error" : config.error().message();
}

TEST(CarryKeysTest, NothingIsCarriedUnlessItIsAskedFor) {
  EXPECT_EQ(parse_config("{}", "c.json")->carry, std::nullopt);
  EXPECT_EQ(carry_of("null"), std::nullopt);
}

TEST(CarryKeysTest, TheWholeClassidGoesIntoTheWholeMark) {
  EXPECT_EQ(carry_of(R"({"to": "mark"})"), CarryConfig{.to_mark = true});
  EXPECT_EQ(carry_of(R"({"to": ["priority", "mark"], "map": "classid", "mask": "0xffffffff", "shift": 0})"),
            (CarryConfig{.to_mark = true, .to_priority = true}));
}

TEST(CarryKeysTest, AClassHasAValueByItsNameOrItsClassid) {
  const auto carry = carry_of(R"({"to": "mark", "mask": "0xff00", "shift": 8, "map": {"gold": 1, "10:20": 255}})");
  EXPECT_EQ(carry, (CarryConfig{.to_mark = true,
                                .mask = 0xff00,
                                .shift = 8,
                                .values = {{{*ClassId::parse("10:1"), 1}, {*ClassId::parse("10:20"), 255}}}}));
}

TEST(CarryKeysTest, OnlyAMarkHasAMask) {
  EXPECT_TRUE(carry_of(R"({"to": "priority", "mask": "0xf", "map": {"gold": 1048577}})"));
  EXPECT_TRUE(carry_of(R"({"to": "priority", "mask": "0xf"})"));
}

struct BadCarry {
  const char* carry;
  const char* error;
};

class BadCarryTest : public testing::TestWithParam<BadCarry> {};

TEST_P(BadCarryTest, IsNamed) { EXPECT_EQ(carry_error_of(GetParam().carry), GetParam().error); }

INSTANTIATE_TEST_SUITE_P(
    Carry, BadCarryTest,
    testing::Values(
        BadCarry{"true", "c.json:1: carry: expected an object, found a boolean"},
        BadCarry{"{}", "c.json:1: carry: lacks \"to\""},
        BadCarry{R"({"too": "mark"})", R"(c.json:1: unknown key "carry.too"; did you mean "carry.to"?)"},
        BadCarry{R"({"to": "dscp"})",
                 R"(c.json:1: carry.to: expected "mark", "priority" or an array of both, found "dscp")"},
        BadCarry{R"({"to": []})",
                 R"(c.json:1: carry.to: expected "mark", "priority" or an array of both, found an empty one)"},
        BadCarry{R"({"to": ["mark", "mark"]})", R"(c.json:1: carry.to[1]: "mark" is there twice)"},
        BadCarry{
            R"({"to": "mark", "mask": "255"})",
            "c.json:1: carry.mask: expected a hexadecimal number of at most 32 bits, not 0, like \"0xff0000\", found "
            "\"255\""},
        BadCarry{
            R"({"to": "mark", "mask": "0x100000000"})",
            "c.json:1: carry.mask: expected a hexadecimal number of at most 32 bits, not 0, like \"0xff0000\", found "
            "\"0x100000000\""},
        BadCarry{R"({"to": "mark", "shift": 32})",
                 "c.json:1: carry.shift: expected a whole number from 0 to 31, found a number"},
        BadCarry{R"({"to": "mark", "shift": -1})",
                 "c.json:1: carry.shift: expected a whole number from 0 to 31, found a number"},
        BadCarry{R"({"to": "mark", "map": "class"})",
                 R"(c.json:1: carry.map: expected "classid" or an object like {"gold": 1}, found "class")"},
        BadCarry{R"({"to": "mark", "map": {}})", "c.json:1: carry.map: is empty: nothing would be carried"},
        BadCarry{R"({"to": "mark", "map": {"silver": 1}})",
                 R"(c.json:1: carry.map.silver: "silver" is neither one of the classes nor a classid like "10:1")"},
        BadCarry{R"({"to": "mark", "map": {"gold": 0}})",
                 "c.json:1: carry.map.gold: expected a whole number from 1 to 4294967295, found a number"},
        BadCarry{R"({"to": "mark", "map": {"gold": 1, "10:1": 2}})",
                 "c.json:1: carry.map.10:1: class 10:1 is there twice"},
        BadCarry{R"({"to": "mark", "mask": "0xf0", "shift": 4, "map": {"gold": 16}})",
                 "c.json:1: carry.map.gold: 16, shifted by 4, does not fit into carry.mask"},
        BadCarry{R"({"to": "mark", "mask": "0xff"})",
                 "c.json:1: carry: a classid needs the whole mark: leave mask and shift out, or give each class a "
                 "smaller number in \"map\""}));

}  // namespace
}  // namespace netclsd
