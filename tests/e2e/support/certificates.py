"""An authority and its certificates, made by openssl for one test."""

import subprocess

from .programs import tool

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1")


class Authority:
    """Keeps everything in one directory: NAME.pem and NAME.key."""

    def __init__(self, directory, name="authority"):
        directory.mkdir(exist_ok=True)
        self.directory, self.name = directory, name
        self._openssl("req", "-x509", *KEY, "-subj", f"/CN={name}", "-addext", "keyUsage=critical,keyCertSign",
                      "-keyout", self.key(name), "-out", self.pem(name))

    def pem(self, name):
        return self.directory / f"{name}.pem"

    def key(self, name):
        return self.directory / f"{name}.key"

    def issue(self, file_name, common_name):
        """For a server at 127.0.0.1, or a client. Replaces the files that are there."""
        request, extensions = self.directory / "request.csr", self.directory / "extensions"
        # Strict verification, as Python's since 3.13, wants more than the name.
        extensions.write_text("subjectAltName = IP:127.0.0.1\nsubjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid\n")
        self._openssl("req", *KEY, "-subj", f"/CN={common_name}", "-keyout", self.key(file_name), "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", self.pem(self.name), "-CAkey", self.key(self.name),
                      "-CAcreateserial", "-days", "1", "-extfile", extensions, "-out", self.pem(file_name))

    @staticmethod
    def _openssl(*arguments):
        subprocess.run([tool("openssl"), *map(str, arguments)], check=True, capture_output=True)
