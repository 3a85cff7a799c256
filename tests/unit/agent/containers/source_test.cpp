#include "agent/containers/source.h"

#include <gtest/gtest.h>

namespace netclsd {
namespace {

RegisterRequest request_of(RegistrationSource source, bool init_waits) {
  RegisterRequest request;
  request.source = source;
  request.init_waits = init_waits;
  return request;
}

TEST(SourceTest, OnlyARuntimeThatWaitsPromisesThatInitHasNotRun) {
  EXPECT_TRUE(is_before_first_instruction(request_of(RegistrationSource::kHook, false)));
  EXPECT_TRUE(is_before_first_instruction(request_of(RegistrationSource::kNri, true)));
  EXPECT_FALSE(is_before_first_instruction(request_of(RegistrationSource::kNri, false)));
  for (const auto source : {RegistrationSource::kSpool, RegistrationSource::kApi, RegistrationSource::kRecovered}) {
    EXPECT_FALSE(is_before_first_instruction(request_of(source, true))) << to_string(source);
  }
}

TEST(SourceTest, APersonIsNotTheRuntime) {
  for (const auto source : {RegistrationSource::kHook, RegistrationSource::kNri, RegistrationSource::kSpool}) {
    EXPECT_TRUE(is_the_runtime(source)) << to_string(source);
  }
  EXPECT_FALSE(is_the_runtime(RegistrationSource::kApi));
}

}  // namespace
}  // namespace netclsd
