#include "cli/commands.h"

#include <utility>

#include "cli/doctor/doctor.h"
#include "cli/doctor/read_facts.h"
#include "cli/hook_install/hook_install.h"
#include "cli/render.h"
#include "common/proc/proc.h"

namespace netclsd::cli {
namespace {

using std::chrono::steady_clock;

CommandResult fail(std::string error) { return {.exit_status = kExitFailed, .text = {}, .error = std::move(error)}; }

std::string container_target(const ContainerId& id) { return "/v1/containers/" + id.text(); }

// The agent's answer, or an error if its status is not a success.
Result<ApiResponse> ask_for_success(const AskAgent& ask, const ApiRequest& request) {
  auto answer = ask(request);
  if (!answer || (answer->status >= 200 && answer->status < 300)) return answer;
  return failure(ErrorCode::kUnavailable, problem_detail(*answer) + " (" + std::to_string(answer->status) + ")");
}

// `Finish` makes the result from the parsed answer.
using Finish = CommandResult (*)(const Json& answer);

CommandResult ask_and_show(const Arguments& arguments, const AskAgent& ask, const ApiRequest& request, Finish finish) {
  const auto answer = ask_for_success(ask, request);
  if (!answer) return fail(answer.error().message());
  const auto json = parse_json_object(answer->body, "the agent's answer");
  if (!json) return fail(json.error().message());
  CommandResult result = finish(*json);
  if (arguments.format == OutputFormat::kJson) result.text = answer->body + "\n";
  return result;
}

bool is_true(const Json& json, const char* key) {
  const auto field = json.find(key);
  return field != json.end() && *field == true;
}

bool is_positive(const Json& json, const char* key) {
  const auto field = json.find(key);
  return field != json.end() && field->is_number() && *field > 0;
}

CommandResult finish_status(const Json& answer) {
  return {.exit_status = is_true(answer, "ready") ? 0 : kExitDegraded, .text = render_status(answer), .error = {}};
}

CommandResult finish_sweep(const Json& answer) {
  return {.exit_status = is_positive(answer, "failed") ? kExitDegraded : 0, .text = render_sweep(answer), .error = {}};
}

// We have asked for a class by name or number, so "not managed" means that the agent did not understand us.
CommandResult finish_register(const Json& answer) {
  if (!is_true(answer, "managed")) return fail("the agent does not manage this container");
  return {.exit_status = 0, .text = render_container(answer), .error = {}};
}

CommandResult finish_list(const Json& answer) { return {.exit_status = 0, .text = render_list(answer), .error = {}}; }
CommandResult finish_show(const Json& answer) {
  return {.exit_status = 0, .text = render_container(answer), .error = {}};
}
CommandResult finish_explain(const Json& answer) {
  return {.exit_status = 0, .text = render_process(answer), .error = {}};
}

// As in the hook (hook/hook.cpp): the agent says whether net_cls is needed, but it may not mount it itself.
Result<ApiResponse> ask_and_mount(const Arguments& arguments, const AskAgent& ask, const Mounting& mounting,
                                  const ApiRequest& request) {
  const auto until = steady_clock::now() + arguments.timeout;
  auto hold = mounting.hold_if_mounted(until);
  auto answer = ask(request);
  if (!answer || !wants_net_cls_mounted(*answer)) return answer;
  hold.reset();
  const auto mounted = mounting.hold_mounted(until);
  return mounted ? ask(request) : pass_on(mounted.error());
}

ApiRequest get(std::string target) { return {.method = HttpMethod::kGet, .target = std::move(target), .body = {}}; }

Result<ApiRequest> registration_of(const RegisterCommand& command, const std::string& proc) {
  const auto stat = read_process_stat(proc, command.pid);
  if (!stat) return pass_on(stat.error());
  if (!*stat) return failure(ErrorCode::kNotFound, "there is no process " + to_string(command.pid));
  RegisterRequest request{.pid = command.pid,
                          .start_time = in_initial_time(proc, (*stat)->start_time),
                          .bundle = {},
                          .annotations = {},
                          .spec_classid = {},
                          .cgroups_path = {},
                          .source = RegistrationSource::kApi};
  if (const auto* classid = std::get_if<ClassId>(&command.wanted)) {
    request.annotations[kClassIdAnnotation] = to_string(*classid);
  } else {
    request.annotations[kClassAnnotation] = std::get<ClassName>(command.wanted).text;
  }
  return ApiRequest{.method = HttpMethod::kPut, .target = container_target(command.id), .body = to_json(request)};
}

CommandResult to_result(HookOutcome outcome) {
  return {.exit_status = outcome.exit_status, .text = std::move(outcome.text), .error = std::move(outcome.error)};
}

struct Runner {
  const Arguments& arguments;
  const AskAgent& ask;
  const Mounting& mounting;
  const std::string& root;

  CommandResult operator()(const StatusCommand&) const {
    return ask_and_show(arguments, ask, get("/v1/status"), finish_status);
  }
  CommandResult operator()(const ListCommand&) const {
    return ask_and_show(arguments, ask, get("/v1/containers"), finish_list);
  }
  CommandResult operator()(const ShowCommand& command) const {
    return ask_and_show(arguments, ask, get(container_target(command.id)), finish_show);
  }
  CommandResult operator()(const ExplainCommand& command) const {
    return ask_and_show(arguments, ask, get("/v1/processes/" + to_string(command.pid)), finish_explain);
  }
  CommandResult operator()(const RegisterCommand& command) const {
    const auto request = registration_of(command, root + "/proc");
    if (!request) return fail(request.error().message());
    const AskAgent ask_again = [this](const ApiRequest& wanted) {
      return ask_and_mount(arguments, ask, mounting, wanted);
    };
    return ask_and_show(arguments, ask_again, *request, finish_register);
  }
  CommandResult operator()(const ReleaseCommand& command) const {
    const auto answer = ask_for_success(
        ask, {.method = HttpMethod::kDelete, .target = container_target(command.id) + "?force=true", .body = {}});
    if (!answer) return fail(answer.error().message());
    // Where unmounting is impossible (in the agent's pod, say), a later run of the hook unmounts it.
    static_cast<void>(mounting.unmount_if_unused(MountAgent::kAnswers, steady_clock::now() + arguments.timeout));
    const bool as_json = arguments.format == OutputFormat::kJson;
    return {.exit_status = 0, .text = as_json ? "{}\n" : "released " + command.id.text() + "\n", .error = {}};
  }
  CommandResult operator()(const SweepCommand&) const {
    const ApiRequest request{.method = HttpMethod::kPost, .target = "/v1/sweep", .body = {}};
    return ask_and_show(arguments, ask, request, finish_sweep);
  }
  CommandResult operator()(const DoctorCommand&) const {
    return show_findings(run_checks(read_facts(root, ask)), arguments.format);
  }
  CommandResult operator()(const HookInstallCommand& command) const { return to_result(install_hook(command.options)); }
  CommandResult operator()(const HookUninstallCommand& command) const {
    return to_result(uninstall_hook(command.options));
  }
  CommandResult operator()(const HookStatusCommand& command) const { return to_result(show_hook(command.options)); }
};

}  // namespace

CommandResult run_command(const Arguments& arguments, const AskAgent& ask, const Mounting& mounting,
                          const std::string& root) {
  return std::visit(Runner{arguments, ask, mounting, root}, arguments.command);
}

}  // namespace netclsd::cli
