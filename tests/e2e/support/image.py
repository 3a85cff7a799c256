"""A small image made by hand, as an OCI archive that every runtime can load."""

import hashlib
import io
import json
import shutil
import tarfile

from .programs import program, tool

APPLETS = ("sh", "cat", "grep", "sleep", "true")


def make_tree(directory, programs=()):
    """The root file system of a test's container: busybox, and the test programs that are asked for."""
    binaries = directory / "bin"
    binaries.mkdir(parents=True)
    for name in ("proc", "dev", "tmp", "etc", "sys"):
        (directory / name).mkdir()
    shutil.copy(tool("busybox"), binaries / "busybox")
    for applet in APPLETS:
        (binaries / applet).symlink_to("busybox")
    for name in programs:
        shutil.copy(program(name), binaries / name)


class _Archive:
    """An OCI image layout in a tar file."""

    def __init__(self, path):
        self._tar = tarfile.open(path, "w")

    def add(self, name, content):
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        self._tar.addfile(entry, io.BytesIO(content))

    def add_blob(self, kind, content):
        """Its descriptor."""
        digest = hashlib.sha256(content).hexdigest()
        self.add(f"blobs/sha256/{digest}", content)
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(content)}

    def close(self):
        self._tar.close()


def _layer(tree):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        tar.add(tree, arcname=".")
    return content.getvalue()


def write_oci_archive(path, tree, name, command):
    """An image `name` (REPOSITORY:TAG) of one layer that runs `command`."""
    archive = _Archive(path)
    layer = archive.add_blob("layer.v1.tar", _layer(tree))
    config = archive.add_blob("config.v1+json", json.dumps({
        "architecture": "amd64", "os": "linux", "config": {"Cmd": list(command), "Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]}}).encode())
    manifest = archive.add_blob("manifest.v1+json", json.dumps({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config, "layers": [layer]}).encode())
    manifest["annotations"] = {"org.opencontainers.image.ref.name": name, "io.containerd.image.name": name}
    archive.add("oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
    archive.add("index.json", json.dumps({"schemaVersion": 2, "manifests": [manifest]}).encode())
    archive.close()
    return path
