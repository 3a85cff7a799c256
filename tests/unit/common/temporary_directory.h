// A directory tree for one test, removed with the object.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace netclsd {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    char name[] = "/tmp/netclsd-unit-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] std::string path(const std::string& relative = "") const {
    return relative.empty() ? path_ : path_ + "/" + relative;
  }
  // Makes the directories on the way, too.
  void write(const std::string& relative, const std::string& content) const {
    std::filesystem::create_directories(std::filesystem::path(path(relative)).parent_path());
    std::ofstream(path(relative)) << content;
  }
  [[nodiscard]] std::string read(const std::string& relative) const {
    std::ostringstream content;
    content << std::ifstream(path(relative)).rdbuf();
    return content.str();
  }
  [[nodiscard]] bool has(const std::string& relative) const { return std::filesystem::exists(path(relative)); }

 private:
  std::string path_;
};

}  // namespace netclsd
