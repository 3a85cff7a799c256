#include "common/api/messages.h"
#include "common/base/text.h"
#include "common/json/fields.h"

namespace netclsd {
namespace {

OrderedJson text_or_null(const std::string& text) { return text.empty() ? OrderedJson() : OrderedJson(text); }

OrderedJson number_or_null(std::optional<std::uint64_t> number) {
  return number ? OrderedJson(*number) : OrderedJson();
}

OrderedJson class_or_null(std::optional<ClassId> class_id) {
  return class_id ? OrderedJson(to_string(*class_id)) : OrderedJson();
}

void put(OrderedJson& json, const ClassChoice& choice) {
  json["classid"] = to_string(choice.classid);
  json["class"] = text_or_null(choice.name);
  json["class_origin"] = choice.origin;
}

void put(OrderedJson& json, const PodVerdict& verdict) {
  json["namespace"] = text_or_null(verdict.pod_namespace.value_or(""));
  json["pod"] = text_or_null(verdict.pod);
  json["policy_rule"] = text_or_null(verdict.rule);
  json["refused_because"] = text_or_null(verdict.refused_because);
}

void put(OrderedJson& json, const std::optional<CarriedView>& carried) {
  for (const char* key : {"carriers", "packets", "bytes", "by_fallback"}) json[key] = nullptr;
  json["carry_problem"] = text_or_null(carried ? carried->problem : "");
  if (!carried) return;
  json["carriers"] = OrderedJson::array();
  for (const CarriedInterfaceView& each : carried->carriers) {
    json["carriers"].push_back({{"interface", each.interface},
                                {"how", each.how},
                                {"ifindex", each.ifindex},
                                {"xdp", text_or_null(each.xdp)},
                                {"before_us", number_or_null(each.before)},
                                {"after_us", number_or_null(each.after)}});
  }
  if (!carried->sent) return;
  json["packets"] = carried->sent->packets;
  json["bytes"] = carried->sent->bytes;
  json["by_fallback"] = carried->sent->by_fallback;
}

OrderedJson to_ordered(const ContainerView& view) {
  OrderedJson json;
  json["id"] = view.id.text();
  put(json, view.choice);
  json["source"] = to_string(view.source);
  json["pid"] = view.pid.value;
  json["group"] = view.group;
  json["adopted"] = view.adopted;
  json["membership_path"] = text_or_null(view.membership_path);
  json["registered_at"] = format_utc(view.registered_at);
  put(json, view.verdict);
  put(json, view.carried);
  json["processes"] = view.processes;
  return json;
}

OrderedJson to_ordered(const std::vector<MemberView>& members) {
  OrderedJson json = OrderedJson::array();
  for (const MemberView& member : members) {
    json.push_back({{"pid", member.pid.value}, {"comm", member.comm}, {"placed", member.placed}});
  }
  return json;
}

// Rounded up: what was measured is not 0.
OrderedJson microseconds_or_null(std::chrono::nanoseconds time) {
  return time.count() == 0 ? OrderedJson() : OrderedJson(std::chrono::ceil<std::chrono::microseconds>(time).count());
}

OrderedJson to_ordered(const std::optional<HookView>& view) {
  if (!view) return {};
  OrderedJson json;
  json["state"] = view->state;
  json["message"] = view->message;
  json["written_at"] = view->written_at;
  json["runtimes"] = OrderedJson::array();
  for (const HookRuntimeView& each : view->runtimes) {
    json["runtimes"].push_back({{"runtime", each.runtime}, {"state", each.state}, {"message", each.message}});
  }
  return json;
}

OrderedJson to_ordered(const std::optional<NriView>& view) {
  if (!view) return {};
  OrderedJson json;
  json["state"] = view->state;
  json["message"] = view->message;
  json["runtime"] = view->runtime;
  json["since"] = view->since;
  json["version"] = text_or_null(view->version);
  return json;
}

OrderedJson to_ordered(const std::optional<CarryView>& view) {
  if (!view) return {};
  OrderedJson json;
  json["state"] = view->state;
  json["message"] = view->message;
  json["kernel"] = view->kernel;
  json["carriers"] = view->carriers;
  json["repairs"] = view->repairs;
  json["differing"] = view->differing;
  json["uncounted"] = view->uncounted;
  return json;
}

OrderedJson to_ordered(const std::optional<CarryWantedView>& view) {
  if (!view) return {};
  OrderedJson json;
  json["to"] = OrderedJson::array();
  if (view->to_mark) json["to"].push_back("mark");
  if (view->to_priority) json["to"].push_back("priority");
  json["by_map"] = view->by_map;
  return json;
}

}  // namespace

std::string to_json(const ContainerView& view, const std::vector<MemberView>* members) {
  OrderedJson json = to_ordered(view);
  if (members != nullptr) json["processes"] = to_ordered(*members);
  return dump(json);
}

std::string to_json(const std::vector<ContainerView>& views) {
  OrderedJson json;
  json["containers"] = OrderedJson::array();
  for (const ContainerView& view : views) json["containers"].push_back(to_ordered(view));
  return dump(json);
}

std::string to_json(const RegistrationAnswer& answer) {
  OrderedJson json;
  json["managed"] = answer.view.has_value();
  if (!answer.not_kept_because.empty()) json["not_kept_because"] = answer.not_kept_because;
  if (!answer.not_managed_because.empty()) json["not_managed_because"] = answer.not_managed_because;
  if (answer.view) json.update(to_ordered(*answer.view));
  return dump(json);
}

std::string to_json(const ProcessView& view) {
  OrderedJson json;
  json["pid"] = view.pid.value;
  json["comm"] = view.comm;
  json["container"] = view.container ? OrderedJson(view.container->text()) : OrderedJson();
  json["expected"] = class_or_null(view.expected);
  json["actual"] = class_or_null(ClassId::from_raw(view.actual));
  json["placed"] = view.placed;
  json["cause"] = text_or_null(view.cause);
  json["since"] = view.since ? OrderedJson(format_utc(*view.since)) : OrderedJson();
  put(json, view.verdict);
  return dump(json);
}

std::string to_json(const SweepReport& report) {
  OrderedJson json;
  json["processes_seen"] = report.processes_seen;
  json["members"] = report.members;
  json["strays"] = report.strays;
  json["moved"] = report.moved;
  json["failed"] = report.failed;
  json["duration_ms"] = static_cast<double>(report.duration.count()) / 1000;
  return dump(json);
}

std::string to_json(const StatusView& view) {
  OrderedJson json;
  json["version"] = view.version;
  json["revision"] = view.revision;
  json["pid"] = view.pid.value;
  json["uptime_seconds"] = view.uptime.count();
  json["ready"] = view.ready;
  json["not_ready_because"] = view.not_ready_because;
  json["net_cls_mount"] = view.net_cls_mount;
  json["net_cls_mounted"] = view.net_cls_mounted;
  json["parent_group"] = view.parent_group;
  json["kernel_release"] = view.kernel_release;
  json["kernel_features"] = view.kernel_features;
  json["kernel_warnings"] = view.kernel_warnings;
  json["receive_buffer_bytes"] = view.receive_buffer_bytes;
  json["receive_buffer_asked_bytes"] = view.receive_buffer_asked_bytes;
  json["receive_buffer_events"] = view.receive_buffer_events;
  json["canary_round_trip_us"] = microseconds_or_null(view.canary_round_trip);
  json["containers"] = view.containers;
  json["processes"] = view.processes;
  json["hook"] = to_ordered(view.hook);
  json["nri"] = to_ordered(view.nri);
  json["carry"] = to_ordered(view.carry);
  json["carry_wanted"] = to_ordered(view.carry_wanted);
  json["counters"] = OrderedJson::object();
  for (const Counter& counter : view.counters) json["counters"][counter.name] = counter.value;
  return dump(json);
}

}  // namespace netclsd
