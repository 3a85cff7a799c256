// A real ApiServer on a Unix socket in a temporary directory and on a TCP port the kernel chose.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>

#include "agent/logging/log.h"
#include "agent/sources/api_server.h"
#include "fake_service.h"
#include "tests/unit/agent/http/raw_client.h"

namespace netclsd {

class ServerFixture : public testing::Test {
 protected:
  void SetUp() override {
    set_log_level(LogLevel::kError);
    char name[] = "/tmp/netclsd-server-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    directory_ = name;
    options_.socket_path = directory_ + "/run/agent.sock";
    options_.listen = ListenAddress{"127.0.0.1", 0};
  }
  void TearDown() override {
    server_.reset();
    std::filesystem::remove_all(directory_);
    set_log_level(LogLevel::kInfo);
  }

  void start() {
    server_ = std::make_unique<ApiServer>(options_, service_, counters_, readiness_);
    const auto listening = server_->listen();
    ASSERT_TRUE(listening) << listening.error().message();
    const auto serving = server_->serve();
    ASSERT_TRUE(serving) << serving.error().message();
  }

  RawResponse ask(const std::string& text) { return exchange(connect_unix(options_.socket_path), text); }
  RawResponse ask_tcp(const std::string& text) { return exchange(connect_tcp(server_->tcp_port()), text); }
  RawResponse request(const std::string& method_and_path, const std::string& body = {}) {
    return ask(request_text(method_and_path, body));
  }
  RawResponse request_tcp(const std::string& method_and_path) { return ask_tcp(request_text(method_and_path)); }

  std::string directory_;
  ApiServerOptions options_;
  FakeService service_;
  Counters counters_;
  Readiness readiness_;
  std::unique_ptr<ApiServer> server_;
};

}  // namespace netclsd
