"""A container runtime's end of NRI: a plugin connects to it, and is told whatever a test wants. It writes its protocol
buffers by hand, as tests/support/fake_nri_runtime.h does."""

import socket
import struct

_PLUGIN, _RUNTIME = 1, 2  # the multiplexer's channels: who serves
_REQUEST, _RESPONSE = 1, 2
_SERVICE = "nri.pkg.api.v1alpha1.Plugin"
_DEADLINE_S = 20


def _varint(value):
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def fields(*pairs):
    """A message from (field, value): a number, a text, bytes or a dict, which is a map."""
    message = bytearray()
    for field, value in pairs:
        if isinstance(value, dict):
            message += fields(*((field, fields((1, key), (2, each))) for key, each in value.items()))
        elif isinstance(value, int):
            message += _varint(field << 3) + _varint(value)
        else:
            content = value.encode() if isinstance(value, str) else value
            message += _varint(field << 3 | 2) + _varint(len(content)) + content
    return bytes(message)


def pod(identity, annotations):
    return fields((1, identity), (2, f"name-of-{identity}"), (3, "uid"), (4, "default"), (5, {"app": "web"}),
                  (6, annotations))


def container(identity, pod_identity, pid, cgroups_path):
    """As large as a small pod's: 2.5 KB."""
    mount = fields((1, "/etc/resolv.conf"), (2, "bind"), (3, "/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes"),
                   *((4, option) for option in ("rbind", "rprivate", "rw")))
    return fields((1, identity), (2, pod_identity), (3, "web"), (4, 3), (5, {"io.kubernetes.container.name": "web"}),
                  (7, "sleep"), (7, "1000"), *((8, f"SERVICE_{i}_PORT=tcp://10.0.0.{i}:80") for i in range(40)),
                  *((9, mount) for _ in range(11)), (11, fields((5, cgroups_path))), (12, pid))


class FakeNriRuntime:
    def __init__(self, path):
        self.path = path
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen(8)
        self._listener.settimeout(_DEADLINE_S)
        self._connection, self._stream = None, -1

    def close(self):
        self.leave()
        self._listener.close()

    def leave(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def accept(self):
        """Until the plugin is configured."""
        self.leave()
        self._connection, _ = self._listener.accept()
        self._connection.settimeout(_DEADLINE_S)
        self._stream = -1
        kind, stream, _ = self._read()
        if kind != _REQUEST:
            raise AssertionError(f"the plugin began with a message of type {kind}")
        self._write(_RUNTIME, stream, _RESPONSE, b"")
        self.call("Configure", fields((2, "containerd"), (3, "v2.1.9"), (4, 5000), (5, 2000)))

    def synchronize(self, pods, containers):
        self.call("Synchronize", fields(*((1, each) for each in pods), *((2, each) for each in containers)))

    def call(self, method, body):
        """Waits for the answer, which must be no error. ConnectionError: the plugin has ended the connection."""
        self._stream += 2
        self._write(_PLUGIN, self._stream, _REQUEST, fields((1, _SERVICE), (2, method), (3, body)))
        kind, stream, payload = self._read()
        if (kind, stream) != (_RESPONSE, self._stream) or payload.startswith(b"\x0a"):  # the field `status`
            raise AssertionError(f"{method}: {payload!r}")

    def _write(self, channel, stream, kind, payload):
        message = struct.pack(">IIBB", len(payload), stream, kind, 0) + payload
        self._connection.sendall(struct.pack(">II", channel, len(message)) + message)

    def _read(self):
        """(type, stream, payload) of the next message; it is shorter than a frame."""
        _, size = struct.unpack(">II", self._exactly(8))
        message = self._exactly(size)
        _, stream, kind, _ = struct.unpack(">IIBB", message[:10])
        return kind, stream, message[10:]

    def _exactly(self, size):
        read = b""
        while len(read) < size:
            more = self._connection.recv(size - len(read))
            if not more:
                raise ConnectionError("the plugin has ended the connection")
            read += more
        return read
