// NRI's two layers of framing, as bytes. The connection carries frames of a multiplexer (a channel and a length, each
// 32 bits, big-endian); each channel carries a stream of ttrpc messages (length, stream, type, flags, payload). A ttrpc
// message may be cut anywhere into frames. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"

namespace netclsd::nri {

enum class Channel : std::uint32_t {
  kPlugin = 1,   // the runtime calls us
  kRuntime = 2,  // we call the runtime
};

enum class MessageType : std::uint8_t { kRequest = 1, kResponse = 2 };

struct Message {
  Channel channel;
  std::uint32_t stream = 0;  // which request it is, or answers
  MessageType type;
  std::string payload = {};
  friend bool operator==(const Message&, const Message&) = default;
};

// The runtime reads through a buffer of this size, and ends the connection at a frame with more.
inline constexpr std::size_t kFramePayloadMax_bytes = 4'096;
// containerd 1.7 sends the list of all containers as one message: 5.4 MB were seen.
inline constexpr std::size_t kCallMax_bytes = 64U << 20;
// Of an answer to a call of ours: it is empty, or an error.
inline constexpr std::size_t kAnswerMax_bytes = 1U << 20;

// The message in as many frames as it takes. `payload` must be shorter than 4 GiB.
[[nodiscard]] std::string to_frames(const Message& message);

// What arrives on one connection.
class FrameReader {
 public:
  // The messages that end with these bytes. Messages of other types, and channels that we do not know, are skipped. An
  // error is a message that is too long; the connection can then not be read any further.
  [[nodiscard]] Result<std::vector<Message>> read(std::string_view bytes);

 private:
  static constexpr std::size_t kFrameHeader_bytes = 8;
  static constexpr std::size_t kMessageHeader_bytes = 10;

  // One channel's stream. Takes up memory only for what has arrived, whatever length a header says.
  struct Stream {
    Channel channel;
    std::size_t payload_max;
    std::string header = {};
    std::size_t left = 0;  // of the payload
    Message message = {.channel = channel, .stream = 0, .type = MessageType::kRequest};
    bool is_known_type = false;
  };
  [[nodiscard]] static Result<void> take(Stream& stream, std::string_view bytes, std::vector<Message>& messages);
  [[nodiscard]] static Result<void> begin(Stream& stream);
  [[nodiscard]] Stream* find(std::uint32_t channel);

  std::array<Stream, 2> streams_{Stream{Channel::kPlugin, kCallMax_bytes}, Stream{Channel::kRuntime, kAnswerMax_bytes}};
  std::string frame_header_;
  std::size_t frame_left_ = 0;
  Stream* frame_of_ = nullptr;  // null: nobody's
};

}  // namespace netclsd::nri
