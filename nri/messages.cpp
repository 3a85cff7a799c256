#include "nri/messages.h"

#include <algorithm>
#include <functional>
#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>
#include <utility>

namespace netclsd::nri {
namespace {

using protozero::pbf_reader;
using protozero::pbf_writer;

// A field's number with its type. A field of another type than ours is as unknown as one of another number.
constexpr std::uint32_t text(std::uint32_t number) {
  return protozero::tag_and_type(number, protozero::pbf_wire_type::length_delimited);
}
constexpr std::uint32_t number(std::uint32_t number) {
  return protozero::tag_and_type(number, protozero::pbf_wire_type::varint);
}

// False: skip it.
using ReadField = std::function<bool(pbf_reader& reader, std::uint32_t field)>;

void read_fields(pbf_reader reader, const ReadField& read_field) {
  while (reader.next()) {
    if (!read_field(reader, reader.tag_and_type())) reader.skip();
  }
}

// The reader throws at what is no protocol buffer. No exception leaves this file.
Result<void> read_message(std::string_view bytes, std::string_view what, const ReadField& read_field) {
  try {
    read_fields(pbf_reader(bytes.data(), bytes.size()), read_field);
    return {};
  } catch (const protozero::exception& thrown) {
    return invalid("the runtime's " + std::string(what) + " is no protocol buffer (" + thrown.what() + ")");
  }
}

bool take_text(pbf_reader& reader, std::string& text) {
  text = reader.get_string();
  return true;
}

bool take_annotation(pbf_reader& reader, Annotations& annotations) {
  std::string key;
  std::string value;
  read_fields(reader.get_message(), [&](pbf_reader& entry, std::uint32_t field) {
    return (field == text(1) && take_text(entry, key)) || (field == text(2) && take_text(entry, value));
  });
  if (is_known_annotation(key)) annotations.insert_or_assign(std::move(key), std::move(value));
  return true;
}

bool take_linux(pbf_reader& reader, Container& container) {
  read_fields(reader.get_message(), [&](pbf_reader& linux, std::uint32_t field) {
    return field == text(5) && take_text(linux, container.cgroups_path);
  });
  return true;
}

Pod read_pod(pbf_reader& reader) {
  Pod pod;
  read_fields(reader.get_message(), [&](pbf_reader& fields, std::uint32_t field) {
    if (field == text(1)) return take_text(fields, pod.id);
    if (field == text(2)) return take_text(fields, pod.name);
    if (field == text(4)) return take_text(fields, pod.name_space);
    return field == text(6) && take_annotation(fields, pod.annotations);
  });
  return pod;
}

bool take_pid(pbf_reader& reader, Pid& pid) {
  const std::uint32_t value = reader.get_uint32();
  pid = Pid{value <= kPidMax ? static_cast<std::int32_t>(value) : 0};
  return true;
}

Container read_container(pbf_reader& reader) {
  Container container;
  read_fields(reader.get_message(), [&](pbf_reader& fields, std::uint32_t field) {
    if (field == text(1)) return take_text(fields, container.id);
    if (field == text(2)) return take_text(fields, container.pod_id);
    if (field == text(3)) return take_text(fields, container.name);
    if (field == text(6)) return take_annotation(fields, container.annotations);
    if (field == text(11)) return take_linux(fields, container);
    if (field == number(12)) return take_pid(fields, container.pid);
    if (field != number(4)) return false;
    container.state = fields.get_uint32();
    return true;
  });
  return container;
}

bool take_status(pbf_reader& reader, Answer& answer) {
  read_fields(reader.get_message(), [&](pbf_reader& status, std::uint32_t field) {
    if (field == text(2)) return take_text(status, answer.message);
    if (field != number(1)) return false;
    answer.status = status.get_uint32();
    return true;
  });
  return true;
}

bool take_pod(pbf_reader& reader, Pod& pod) {
  pod = read_pod(reader);
  return true;
}

bool take_container(pbf_reader& reader, Container& container) {
  container = read_container(reader);
  return true;
}

}  // namespace

Result<Call> parse_call(std::string_view payload) {
  Call call;
  auto read = read_message(payload, "call", [&](pbf_reader& reader, std::uint32_t field) {
    if (field == text(1)) return take_text(reader, call.service);
    if (field == text(2)) return take_text(reader, call.method);
    return field == text(3) && take_text(reader, call.body);
  });
  if (!read) return pass_on(read.error());
  return call;
}

std::string to_bytes(const Call& call) {
  std::string bytes;
  pbf_writer writer(bytes);
  writer.add_string(1, call.service);
  writer.add_string(2, call.method);
  writer.add_bytes(3, call.body);
  return bytes;
}

Result<Answer> parse_answer(std::string_view payload) {
  Answer answer;
  auto read = read_message(payload, "answer", [&](pbf_reader& reader, std::uint32_t field) {
    if (field == text(1)) return take_status(reader, answer);
    return field == text(2) && take_text(reader, answer.body);
  });
  if (!read) return pass_on(read.error());
  return answer;
}

std::string to_bytes(const Answer& answer) {
  std::string bytes;
  pbf_writer writer(bytes);
  if (answer.status != 0) {
    pbf_writer status(writer, 1);
    status.add_uint32(1, answer.status);
    status.add_string(2, answer.message);
  }
  writer.add_bytes(2, answer.body);
  return bytes;
}

std::string register_plugin_body(std::string_view name, std::string_view index) {
  std::string bytes;
  pbf_writer writer(bytes);
  writer.add_string(1, name.data(), name.size());
  writer.add_string(2, index.data(), index.size());
  return bytes;
}

Result<Configuration> parse_configuration(std::string_view body) {
  Configuration configuration;
  auto read = read_message(body, "Configure", [&](pbf_reader& reader, std::uint32_t field) {
    if (field == text(2)) return take_text(reader, configuration.runtime);
    if (field == text(3)) return take_text(reader, configuration.version);
    if (field != number(5)) return false;
    configuration.request_timeout = std::chrono::milliseconds(reader.get_int64());
    return true;
  });
  if (!read) return pass_on(read.error());
  return configuration;
}

std::string configured_body(std::initializer_list<Event> events) {
  std::uint32_t bits = 0;
  for (const Event event : events) bits |= 1U << (static_cast<std::uint32_t>(event) - 1);
  std::string bytes;
  pbf_writer(bytes).add_int32(2, static_cast<std::int32_t>(bits));
  return bytes;
}

Result<Listing> parse_listing(std::string_view body) {
  Listing listing;
  bool has_too_many = false;
  auto read = read_message(body, "Synchronize", [&](pbf_reader& reader, std::uint32_t field) {
    has_too_many |= std::max(listing.pods.size(), listing.containers.size()) > kListedMax;
    if (has_too_many) return false;
    if (field == text(1)) return take_pod(reader, listing.pods.emplace_back());
    if (field == text(2)) return take_container(reader, listing.containers.emplace_back());
    if (field != number(3)) return false;
    listing.has_more = reader.get_bool();
    return true;
  });
  if (!read) return pass_on(read.error());
  if (has_too_many) {
    return failure(ErrorCode::kTooLarge, "the runtime lists more than " + std::to_string(kListedMax) + " containers");
  }
  return listing;
}

std::string listed_body(bool has_more) {
  std::string bytes;
  if (has_more) pbf_writer(bytes).add_bool(2, true);
  return bytes;
}

Result<StateChange> parse_state_change(std::string_view body) {
  StateChange change;
  auto read = read_message(body, "StateChange", [&](pbf_reader& reader, std::uint32_t field) {
    if (field == text(2)) return take_pod(reader, change.subject.pod);
    if (field == text(3)) return take_container(reader, change.subject.container);
    if (field != number(1)) return false;
    change.event = reader.get_uint32();
    return true;
  });
  if (!read) return pass_on(read.error());
  return change;
}

Result<Subject> parse_subject(std::string_view body) {
  Subject subject;
  auto read = read_message(body, "event", [&](pbf_reader& reader, std::uint32_t field) {
    if (field == text(1)) return take_pod(reader, subject.pod);
    return field == text(2) && take_container(reader, subject.container);
  });
  if (!read) return pass_on(read.error());
  return subject;
}

}  // namespace netclsd::nri
