"""HTTP over a Unix socket."""

import http.client
import json
import socket


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout_s):
        super().__init__("localhost", timeout=timeout_s)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Answer:
    def __init__(self, status, content_type, body):
        self.status, self.content_type, self.body = status, content_type, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.content_type} {self.body[:400]!r}"


def _answer_of(connection):
    response = connection.getresponse()
    return Answer(response.status, response.headers.get("Content-Type", ""), response.read().decode())


def request(socket_path, method, target, body=None, timeout_s=20.0):
    """`body`: bytes and str are sent as they are, anything else as JSON."""
    if body is not None and not isinstance(body, (bytes, str)):
        body = json.dumps(body)
    connection = _UnixConnection(socket_path, timeout_s)
    try:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            connection.request(method, target, body=body, headers=headers)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before all was sent; the answer arrives all the same
        return _answer_of(connection)
    finally:
        connection.close()


def request_tcp(host, port, method, target, timeout_s=20.0):
    connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
    try:
        connection.request(method, target)
        return _answer_of(connection)
    finally:
        connection.close()
