#include "cli/doctor/kernel_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/file.h"
#include "tests/unit/common/temporary_directory.h"

namespace netclsd::cli {
namespace {

constexpr std::size_t kMax_bytes = 1'000;

// printf 'CONFIG_CONNECTOR=y\nCONFIG_BAR=m\n' | gzip -n
constexpr std::string_view kPacked{
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x73\xf6\xf7\x73\xf3\x74\x8f\x77\xf6\xf7\xf3\x73\x75\x0e\xf1\x0f\xb2"
    "\xad\xe4\x72\x86\x08\x39\x39\x06\xd9\xe6\x72\x01\x00\x17\x85\x37\xbc\x20\x00\x00\x00",
    48};
constexpr const char* kText = "CONFIG_CONNECTOR=y\nCONFIG_BAR=m\n";

TEST(KernelConfigTest, OptionsAreReadAndAllElseIsNot) {
  const KernelConfig config = parse_kernel_config(
      "# Linux/x86 6.1\nCONFIG_CONNECTOR=y\n# CONFIG_PROC_EVENTS is not set\nCONFIG_NET_CLS_BPF=m\nCONFIG_HZ=250\n"
      "CONFIG_NAME=\"y\"\nCONFIG_EMPTY=\nBARE=y\nCONFIG_LAST=y");
  EXPECT_EQ(config, (KernelConfig{{"CONNECTOR", 'y'}, {"LAST", 'y'}, {"NET_CLS_BPF", 'm'}}));
}

TEST(KernelConfigTest, GzipIsUnpacked) {
  EXPECT_EQ(unpack_gzip(kPacked, kMax_bytes).value_or("?"), kText);
  std::string named(kPacked);
  named[3] = 0x08;
  named.insert(10, std::string("config\0", 7));
  EXPECT_EQ(unpack_gzip(named, kMax_bytes).value_or("?"), kText) << "with the file's name";
  std::string extra(kPacked);
  extra[3] = 0x04 | 0x02;
  extra.insert(10, std::string("\x03\x00xyz\x01\x02", 7));
  EXPECT_EQ(unpack_gzip(extra, kMax_bytes).value_or("?"), kText) << "with an extra field and the header's sum";
}

TEST(KernelConfigTest, WhatIsBrokenOrTooLargeIsRefused) {
  EXPECT_FALSE(unpack_gzip(kPacked, 10).has_value());
  for (std::size_t size = 0; size < kPacked.size(); ++size) {
    EXPECT_FALSE(unpack_gzip(kPacked.substr(0, size), kMax_bytes).has_value()) << size;
  }
  std::string text(kPacked);
  text[3] = 0x1f;
  EXPECT_FALSE(unpack_gzip(text, kMax_bytes).has_value()) << "a header without an end";
  EXPECT_FALSE(unpack_gzip(std::string(100, '\x1f'), kMax_bytes).has_value());
}

TEST(KernelConfigTest, TheKernelsOwnWordCountsBeforeThatOfBoot) {
  const TemporaryDirectory root;
  const auto read = [&] { return read_kernel_config(root.path(), "6.1.0"); };
  EXPECT_EQ(read().error().message(), "neither /proc/config.gz nor /boot/config-6.1.0 can be read");
  root.write("boot/config-6.1.0", "CONFIG_FROM_BOOT=y\n");
  EXPECT_EQ(read().value(), (KernelConfig{{"FROM_BOOT", 'y'}}));
  root.write("proc/config.gz", std::string(kPacked));
  EXPECT_EQ(read().value(), (KernelConfig{{"BAR", 'm'}, {"CONNECTOR", 'y'}}));
  root.write("proc/config.gz", "no gzip");
  EXPECT_THAT(read().error().message(), testing::StartsWith("/proc/config.gz: it is not a gzip file"));
}

}  // namespace
}  // namespace netclsd::cli
