#include "nri/frames.h"

#include <algorithm>
#include <utility>

namespace netclsd::nri {
namespace {

void append_number(std::string& text, std::uint32_t number) {
  for (const unsigned shift : {24U, 16U, 8U, 0U}) text += static_cast<char>((number >> shift) & 0xffU);
}

std::uint32_t number_at(std::string_view text, std::size_t at) {
  std::uint32_t number = 0;
  for (const char c : text.substr(at, 4)) number = number << 8U | static_cast<unsigned char>(c);
  return number;
}

// Moves bytes to the end of `part` until it has `size`. True: it has.
bool fill(std::string& part, std::size_t size, std::string_view& bytes) {
  const std::size_t count = std::min(size - part.size(), bytes.size());
  part.append(bytes.substr(0, count));
  bytes.remove_prefix(count);
  return part.size() == size;
}

}  // namespace

std::string to_frames(const Message& message) {
  std::string whole;
  whole.reserve(message.payload.size() + 10);
  append_number(whole, static_cast<std::uint32_t>(message.payload.size()));
  append_number(whole, message.stream);
  whole += static_cast<char>(message.type);
  whole += '\0';  // flags
  whole += message.payload;
  std::string frames;
  for (std::string_view left = whole; !left.empty();) {
    const std::string_view piece = left.substr(0, kFramePayloadMax_bytes);
    append_number(frames, static_cast<std::uint32_t>(message.channel));
    append_number(frames, static_cast<std::uint32_t>(piece.size()));
    frames += piece;
    left.remove_prefix(piece.size());
  }
  return frames;
}

Result<std::vector<Message>> FrameReader::read(std::string_view bytes) {
  std::vector<Message> messages;
  while (!bytes.empty()) {
    if (frame_left_ == 0) {
      if (!fill(frame_header_, kFrameHeader_bytes, bytes)) break;
      frame_of_ = find(number_at(frame_header_, 0));
      frame_left_ = number_at(frame_header_, 4);
      frame_header_.clear();
    }
    const std::string_view piece = bytes.substr(0, frame_left_);
    bytes.remove_prefix(piece.size());
    frame_left_ -= piece.size();
    if (frame_of_ == nullptr) continue;
    if (auto taken = take(*frame_of_, piece, messages); !taken) return pass_on(taken.error());
  }
  return messages;
}

FrameReader::Stream* FrameReader::find(std::uint32_t channel) {
  const auto is_it = [&](const Stream& stream) { return static_cast<std::uint32_t>(stream.channel) == channel; };
  const auto found = std::find_if(streams_.begin(), streams_.end(), is_it);
  return found == streams_.end() ? nullptr : &*found;
}

Result<void> FrameReader::take(Stream& stream, std::string_view bytes, std::vector<Message>& messages) {
  while (!bytes.empty()) {
    if (stream.header.size() < kMessageHeader_bytes) {
      if (!fill(stream.header, kMessageHeader_bytes, bytes)) break;
      if (auto begun = begin(stream); !begun) return begun;
    }
    const std::string_view piece = bytes.substr(0, stream.left);
    if (stream.is_known_type) stream.message.payload += piece;
    bytes.remove_prefix(piece.size());
    stream.left -= piece.size();
    if (stream.left > 0) break;
    if (stream.is_known_type) messages.push_back(std::move(stream.message));
    stream.header.clear();
  }
  return {};
}

Result<void> FrameReader::begin(Stream& stream) {
  stream.left = number_at(stream.header, 0);
  if (stream.left > stream.payload_max) {
    return failure(ErrorCode::kTooLarge, "a message of " + std::to_string(stream.left) + " bytes, more than " +
                                             std::to_string(stream.payload_max));
  }
  const auto type = static_cast<MessageType>(static_cast<unsigned char>(stream.header[8]));
  stream.is_known_type = type == MessageType::kRequest || type == MessageType::kResponse;
  stream.message = {.channel = stream.channel, .stream = number_at(stream.header, 4), .type = type};
  return {};
}

}  // namespace netclsd::nri
