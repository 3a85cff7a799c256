// Certificates for one test, with keys on P-256, which are made in no time.
#pragma once

#include <string>

namespace netclsd {

struct MadeCertificate {
  std::string certificate;  // PEM
  std::string key;          // PEM
};

// Without an issuer it signs itself, and may sign others. Valid for an hour; not yet with `is_expired`, but long ago.
MadeCertificate make_certificate(const std::string& name, const MadeCertificate* issuer = nullptr,
                                 bool is_expired = false);

}  // namespace netclsd
