"""A client of the container runtime interface, with which the kubelet calls a runtime (tests/support/cri.proto)."""

import functools
import importlib
import json
import subprocess
import sys
import tempfile
import unittest

from .programs import REPOSITORY, tool

_SERVICE = "runtime.v1.RuntimeService"
DEADLINE_S = 60
MESSAGE_MAX_BYTES = 16 << 20  # as the kubelet has it


@functools.cache
def _messages():
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run([tool("protoc"), f"--proto_path={REPOSITORY}/tests/support", f"--python_out={directory}",
                        "cri.proto"], check=True)
        sys.path.insert(0, directory)
        try:
            return importlib.import_module("cri_pb2")
        finally:
            sys.path.remove(directory)


class Cri:
    def __init__(self, socket):
        try:
            import grpc
        except ImportError:
            raise unittest.SkipTest("python3-grpcio is not installed (scripts/install-deps.sh test)") from None
        self._channel = grpc.insecure_channel(f"unix://{socket}", [("grpc.max_receive_message_length", MESSAGE_MAX_BYTES)])

    def close(self):
        self._channel.close()

    def __call__(self, method, **fields):
        """`cri("StopContainer", container_id=…)`. Messages within messages are dicts."""
        messages = _messages()
        call = self._channel.unary_unary(
            f"/{_SERVICE}/{method}", request_serializer=lambda request: request.SerializeToString(),
            response_deserializer=getattr(messages, f"{method}Response").FromString)
        return call(getattr(messages, f"{method}Request")(**fields), timeout=DEADLINE_S)

    def pid_of_container(self, identity):
        return json.loads(self("ContainerStatus", container_id=identity, verbose=True).info["info"])["pid"]

    def pid_of_sandbox(self, identity):
        return json.loads(self("PodSandboxStatus", pod_sandbox_id=identity, verbose=True).info["info"])["pid"]
