"""Stands in for systemd with a service of Type=notify."""

import socket


class ServiceManager:
    """The socket that systemd gives to a service of Type=notify, as $NOTIFY_SOCKET: a path, or "\\0" and a name."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.socket.bind(str(path))
        self.told = []

    def listen(self):
        while True:
            try:
                self.told.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                return self.told

    def close(self):
        self.socket.close()
