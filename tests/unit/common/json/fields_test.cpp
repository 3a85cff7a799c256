#include "common/json/fields.h"

#include <gtest/gtest.h>

namespace netclsd {
namespace {

TEST(FieldsTest, OnlyAnObjectIsAccepted) {
  EXPECT_TRUE(parse_json_object("{}", "state"));
  EXPECT_EQ(parse_json_object("", "state").error().message(), "state is empty");
  EXPECT_EQ(parse_json_object("[1]", "state").error().message(), "state is not a JSON object");
  EXPECT_EQ(parse_json_object("{\"a\":}", "state").error().message(), "state is not JSON (byte 6)");
}

TEST(FieldsTest, NumbersBeyondAnyTypeAreErrorsAndNotExceptions) {
  EXPECT_FALSE(parse_json_object("{\"a\":1e999999}", "state"));
}

TEST(FieldsTest, DeepNestingIsNoProblem) {
  const std::string deep = "{\"a\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
  EXPECT_TRUE(parse_json_object(deep, "state"));
}

TEST(FieldsTest, FieldsAreFoundByPath) {
  const Json json = *parse_json_object(R"({"linux":{"network":{"id":7},"path":"/a"},"map":{"x.y":"z"}})", "spec");
  FieldReader fields(json);
  EXPECT_EQ(fields.number("linux.network.id", 10), 7U);
  EXPECT_EQ(fields.text("linux.path"), "/a");
  EXPECT_EQ(fields.text_map("map").at("x.y"), "z");
  EXPECT_FALSE(fields.failed());
}

TEST(FieldsTest, AbsentAndNullFieldsAreEmpty) {
  const Json json = *parse_json_object(R"({"a":null})", "spec");
  FieldReader fields(json);
  EXPECT_EQ(fields.text("a"), "");
  EXPECT_EQ(fields.number("a.b.c", 10), std::nullopt);
  EXPECT_TRUE(fields.text_map("none").empty());
  EXPECT_FALSE(fields.failed());
}

std::string first_error(const char* text, void (*read)(FieldReader&)) {
  const Json json = *parse_json_object(text, "spec");
  FieldReader fields(json);
  read(fields);
  return fields.failed() ? fields.first_failure().value().message() : "";
}

TEST(FieldsTest, ErrorsNameTheField) {
  EXPECT_EQ(first_error(R"({"a":1})", [](FieldReader& f) { (void)f.text("a"); }), "a is not a text");
  EXPECT_EQ(first_error(R"({"a":1})", [](FieldReader& f) { (void)f.flag("a"); }), "a is not true or false");
  EXPECT_EQ(first_error(R"({})", [](FieldReader& f) { (void)f.required_text("a"); }), "a is missing");
  EXPECT_EQ(first_error(R"({})", [](FieldReader& f) { (void)f.required_number("a", 1); }), "a is missing");
  EXPECT_EQ(first_error(R"({"a":{"k":1}})", [](FieldReader& f) { (void)f.text_map("a"); }), "a.k is not a text");
  EXPECT_EQ(first_error(R"({"a":[]})", [](FieldReader& f) { (void)f.text_map("a"); }), "a is not an object");
  EXPECT_EQ(first_error(R"({"a":[]})", [](FieldReader& f) { (void)f.text("a.b"); }),
            "a.b is inside of something that is not an object");
}

TEST(FieldsTest, AKeyThatSomebodyChoseKeepsTheErrorOneShortLine) {
  EXPECT_EQ(first_error(R"({"a":{"k\nx":1}})", [](FieldReader& f) { (void)f.text_map("a"); }), "a.k?x is not a text");
  const std::string long_key = R"({"a":{")" + std::string(100'000, 'k') + R"(":1}})";
  EXPECT_LT(first_error(long_key.c_str(), [](FieldReader& f) { (void)f.text_map("a"); }).size(), 200U);
}

TEST(FieldsTest, NumbersOutOfRangeNegativeOrBrokenAreErrors) {
  for (const char* text : {R"({"a":11})", R"({"a":-1})", R"({"a":1.5})", R"({"a":"1"})", R"({"a":true})"}) {
    EXPECT_EQ(first_error(text, [](FieldReader& f) { (void)f.number("a", 10); }),
              "a is not a whole number from 0 to 10")
        << text;
  }
}

TEST(FieldsTest, TheFirstErrorIsKept) {
  EXPECT_EQ(first_error(R"({"a":1,"b":2})",
                        [](FieldReader& f) {
                          (void)f.text("a");
                          (void)f.text("b");
                        }),
            "a is not a text");
}

TEST(FieldsTest, BytesThatAreNotUtf8DoNotThrow) { EXPECT_EQ(dump(OrderedJson("a\xff")), "\"a\xEF\xBF\xBD\""); }

}  // namespace
}  // namespace netclsd
