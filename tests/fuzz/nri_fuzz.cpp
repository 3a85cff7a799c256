// What a container runtime sends to the NRI plugin: annotations in it are a tenant's. The same bytes are read in one
// piece and in small ones, which must not differ.
#include <algorithm>

#include "common/base/error.h"
#include "nri/session.h"
#include "tests/fuzz/fuzz.h"

namespace netclsd {
namespace {

using nri::Received;

struct Heard {
  std::string sent;
  std::size_t starting = 0;
  std::size_t running = 0;
  bool has_failed = false;
  friend bool operator==(const Heard&, const Heard&) = default;
};

// Nothing that the plugin says is longer than a runtime takes, and it answers on one channel alone.
void check_frames(std::string_view bytes) {
  while (!bytes.empty()) {
    CHECK(bytes.size() > 8);
    const auto byte = [&](std::size_t at) { return static_cast<std::size_t>(static_cast<unsigned char>(bytes[at])); };
    CHECK(byte(0) + byte(1) + byte(2) == 0 && byte(3) == 1);
    const std::size_t size = byte(4) << 24U | byte(5) << 16U | byte(6) << 8U | byte(7);
    CHECK(size > 0 && size <= nri::kFramePayloadMax_bytes && size <= bytes.size() - 8);
    bytes.remove_prefix(8 + size);
  }
}

void check_subject(const nri::Subject& subject) {
  CHECK(subject.container.pid.value >= 0);
  for (const auto& [key, value] : subject.container.annotations) CHECK(is_known_annotation(key));
  for (const auto& [key, value] : subject.pod.annotations) CHECK(is_known_annotation(key));
}

Heard hear(std::string_view input, std::size_t piece) {
  nri::Session session;
  Heard heard;
  for (; !input.empty() && !heard.has_failed; input.remove_prefix(std::min(piece, input.size()))) {
    const auto received = session.receive(input.substr(0, piece));
    if (!received) {
      check_error(received.error());
      heard.has_failed = true;
      break;
    }
    check_frames(received->to_send);
    for (const auto& one : received->starting) check_subject(one.subject);
    for (const auto& one : received->running) check_subject(one);
    heard.sent += received->to_send;
    heard.starting += received->starting.size();
    heard.running += received->running.size();
  }
  CHECK(session.runtime().size() < 200);
  return heard;
}

}  // namespace

void fuzz_one(std::string_view input) {
  const Heard whole = hear(input, input.size());
  const Heard cut = hear(input, 7);
  // Where it fails, what was understood before it is lost with the connection, if it came in the same piece.
  CHECK(whole.has_failed == cut.has_failed);
  if (!whole.has_failed) CHECK(whole == cut);
}

}  // namespace netclsd
