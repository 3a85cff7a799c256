// An agent that answers what the test has put into it, and remembers what it was asked.
#pragma once

#include <atomic>
#include <functional>
#include <stdexcept>

#include "agent/sources/api_routes.h"

namespace netclsd {

inline ContainerView view_of(const ContainerId& id) {
  return {.id = id,
          .choice = {*ClassId::parse("10:1"), "gold", kClassAnnotation},
          .source = RegistrationSource::kHook,
          .pid = Pid{42},
          .group = "/run/netclsd/net_cls/netclsd/" + id.text(),
          .adopted = false,
          .membership_path = {},
          .registered_at = {},
          .processes = 3};
}

class FakeService : public AgentService {
 public:
  Result<RegistrationAnswer> register_container(const ContainerId& id, const RegisterRequest& request) override {
    ++calls;
    registered_pid = request.pid;
    if (error) return Failure(*error);
    if (!is_managed) return RegistrationAnswer{};
    return RegistrationAnswer{view_of(id), is_new, {}};
  }
  Result<void> release(const ContainerId&, bool force) override {
    ++calls;
    was_forced = force;
    if (error) return Failure(*error);
    return {};
  }
  Result<std::vector<ContainerView>> list() override {
    ++calls;
    if (before_list) before_list();
    if (error) return Failure(*error);
    std::vector listed{view_of(*ContainerId::parse("ab12")), view_of(*ContainerId::parse("cd34"))};
    while (listed.size() < listed_min) listed.push_back(listed.front());
    return listed;
  }
  Result<std::pair<ContainerView, std::vector<MemberView>>> show(const ContainerId& id) override {
    ++calls;
    if (id.text() != "ab12") return failure(ErrorCode::kNotFound, "container " + id.text() + " is not registered");
    return std::pair{view_of(id), std::vector{MemberView{Pid{42}, "sleep", true}}};
  }
  Result<ProcessView> explain(Pid pid) override {
    ++calls;
    return ProcessView{.pid = pid, .comm = "sleep", .container = {}, .expected = {}, .cause = {}, .since = {}};
  }
  Result<SweepReport> sweep() override {
    ++calls;
    return SweepReport{.moved = 7};
  }
  Result<StatusView> status() override {
    ++calls;
    throw std::runtime_error("a library threw");
  }

  std::optional<Error> error;
  bool is_managed = true;
  bool is_new = true;
  std::function<void()> before_list;
  std::size_t listed_min = 0;
  std::atomic<int> calls = 0;
  std::atomic<bool> was_forced = false;
  Pid registered_pid;
};

}  // namespace netclsd
