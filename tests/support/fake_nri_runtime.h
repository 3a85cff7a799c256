// A container runtime that speaks NRI, as bytes: what it would send, and what it understands of a plugin's answers. Its
// protocol buffers are written by hand, so that it shares no mistake with the plugin's.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace netclsd::nri {

class FakeNriRuntime {
 public:
  // One protocol buffer, field by field.
  class Fields {
   public:
    Fields& number(std::uint32_t field, std::uint64_t value) {
      bytes_ += varint(field << 3U) + varint(value);
      return *this;
    }
    Fields& text(std::uint32_t field, std::string_view value) {
      bytes_ += varint(field << 3U | 2U) + varint(value.size()) + std::string(value);
      return *this;
    }
    Fields& map(std::uint32_t field, const std::map<std::string, std::string>& entries) {
      for (const auto& [key, value] : entries) text(field, Fields().text(1, key).text(2, value).bytes());
      return *this;
    }
    [[nodiscard]] const std::string& bytes() const { return bytes_; }

   private:
    static std::string varint(std::uint64_t value) {
      std::string bytes;
      for (; value >= 0x80U; value >>= 7U) bytes += static_cast<char>((value & 0x7fU) | 0x80U);
      return bytes + static_cast<char>(value);
    }
    std::string bytes_;
  };

  struct PodOf {
    std::string id = "pod1";
    std::string name = "web-0";
    std::string name_space = "shop";
    std::map<std::string, std::string> annotations = {};
  };
  struct ContainerOf {
    std::string id = "ab12";
    std::string pod_id = "pod1";
    std::string name = "web";
    std::uint32_t state = 1;  // created
    std::uint32_t pid = 4711;
    std::map<std::string, std::string> annotations = {};
  };

  static std::string pod(const PodOf& of) {
    return Fields()
        .text(1, of.id)
        .text(2, of.name)
        .text(3, "uid")
        .text(4, of.name_space)
        .map(6, of.annotations)
        .bytes();
  }
  static std::string container(const ContainerOf& of) {
    return Fields()
        .text(1, of.id)
        .text(2, of.pod_id)
        .text(3, of.name)
        .number(4, of.state)
        .map(6, of.annotations)
        .text(8, "PATH=/bin")
        .text(11, Fields().text(5, "/kubepods/ab12").bytes())
        .number(12, of.pid)
        .bytes();
  }

  // Bodies of calls.
  static std::string configure(const std::string& version = "v2.1.9", std::uint64_t timeout_ms = 2000) {
    return Fields().text(2, "containerd").text(3, version).number(4, 5000).number(5, timeout_ms).bytes();
  }
  static std::string synchronize(const std::vector<std::string>& pods, const std::vector<std::string>& containers,
                                 bool has_more = false) {
    Fields fields;
    for (const std::string& each : pods) fields.text(1, each);
    for (const std::string& each : containers) fields.text(2, each);
    if (has_more) fields.number(3, 1);
    return fields.bytes();
  }
  static std::string state_change(std::uint32_t event, const std::string& pod, const std::string& container) {
    return Fields().number(1, event).text(2, pod).text(3, container).bytes();
  }
  static std::string start_container(const std::string& pod, const std::string& container) {
    return Fields().text(1, pod).text(2, container).bytes();
  }

  static std::string message(std::uint32_t stream, std::uint8_t type, std::string_view payload) {
    std::string bytes = number(static_cast<std::uint32_t>(payload.size())) + number(stream);
    bytes += static_cast<char>(type);
    bytes += '\0';
    return bytes + std::string(payload);
  }
  static std::string frame(std::uint32_t channel, std::string_view payload) {
    return number(channel) + number(static_cast<std::uint32_t>(payload.size())) + std::string(payload);
  }

  // A call to the plugin, in one frame.
  std::string call(const std::string& method, const std::string& body,
                   const std::string& service = "nri.pkg.api.v1alpha1.Plugin") {
    stream_ += 2;
    const std::string request =
        Fields().text(1, service).text(2, method).text(3, body).number(4, 2'000'000'000).bytes();
    return frame(1, message(stream_, 1, request));
  }
  [[nodiscard]] std::uint32_t last_stream() const { return stream_; }

  static std::string registered() { return frame(2, message(1, 2, "")); }

  // "stream type payload" of each message in the frames that a plugin sent to `channel`; "" if they are no such frames,
  // or if one is longer than a runtime takes.
  static std::vector<std::pair<std::uint32_t, std::string>> payloads(std::string_view bytes, std::uint32_t channel) {
    std::string stream;
    while (bytes.size() >= 8) {
      const std::uint32_t size = number_at(bytes, 4);
      if (size > 4096 || size > bytes.size() - 8) return {};
      if (number_at(bytes, 0) == channel) stream += bytes.substr(8, size);
      bytes.remove_prefix(8 + size);
    }
    std::vector<std::pair<std::uint32_t, std::string>> found;
    for (std::string_view left = stream; left.size() >= 10;) {
      const std::uint32_t size = number_at(left, 0);
      found.emplace_back(number_at(left, 4), left.substr(10, size));
      left.remove_prefix(10 + size);
    }
    return found;
  }

 private:
  static std::string number(std::uint32_t value) {
    std::string bytes;
    for (const unsigned shift : {24U, 16U, 8U, 0U}) bytes += static_cast<char>((value >> shift) & 0xffU);
    return bytes;
  }
  static std::uint32_t number_at(std::string_view bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (const char c : bytes.substr(at, 4)) value = value << 8U | static_cast<unsigned char>(c);
    return value;
  }
  std::uint32_t stream_ = static_cast<std::uint32_t>(-1);  // the first is 1, then 3, 5, …
};

}  // namespace netclsd::nri
