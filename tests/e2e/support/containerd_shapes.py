"""config.toml files in every notation that containerd <= 1.7 reads, and what `hook install` does with each. SHAPES_3: in
notations of version 3.

SHAPES: name → (the file's bytes, the handlers that must call the hook afterwards). "default_runtime" and
"untrusted_workload_runtime" are tables of the old form.
LEFT: name → (the file's bytes, what is said): the lines are to be written by hand.
REFUSED: the same, and nothing is installed.
"""

from .containerd_configs import CRI

_RUNC = 'runtime_type = "io.containerd.runc.v2"\n'
_HANDLERS = f"{CRI}.containerd.runtimes"


def _file(text, encoding="utf-8"):
    return ("version = 2\n" + text).encode(encoding)


SHAPES = {
    "empty": (b"", ["runc"]),
    "only comments": (b"# nothing yet\n", ["runc"]),
    "no handlers": (_file(f'[{CRI}.registry]\n  config_path = "/etc/containerd/certs.d"\n'), ["runc"]),
    "nested, indented, with options": (_file(
        f'[plugins]\n  [{CRI}]\n    sandbox_image = "x"\n    [{CRI}.containerd]\n      default_runtime_name = "runc"\n'
        f"      [{_HANDLERS}]\n        [{_HANDLERS}.runc]\n          {_RUNC}"
        f"          [{_HANDLERS}.runc.options]\n            SystemdCgroup = true\n"), ["runc"]),
    "single quotes and tabs": (_file(
        "[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.'runc']\n\truntime_type = 'io.containerd.runc.v2'\n"),
        ["runc"]),
    "blanks in the header": (_file(
        f'[ plugins . "io.containerd.grpc.v1.cri" . containerd . runtimes . runc ]   # it\n  {_RUNC}'), ["runc"]),
    "keys that are there": (_file(
        f'[{_HANDLERS}.runc]\n  {_RUNC}  base_runtime_spec = ""\n  pod_annotations = [ # none\n  ]\n'), ["runc"]),
    "others' annotations": (_file(
        f'[{_HANDLERS}.runc]\n  {_RUNC}  pod_annotations = ["a.io/*", # x\n   "b.io/*"]\n'), ["runc"]),
    "two handlers and kata": (_file(
        f'[{_HANDLERS}.runc]\n{_RUNC}[{_HANDLERS}.nvidia]\n{_RUNC}[{_HANDLERS}.nvidia.options]\n'
        f'BinaryName = "/usr/bin/nvidia-container-runtime"\n[{_HANDLERS}.kata]\nruntime_type = "io.containerd.kata.v2"\n'),
        ["nvidia", "runc"]),
    "unusual name": (_file(f'[{_HANDLERS}."io.example.v1"]\n  {_RUNC}[{_HANDLERS}.runc]\n  {_RUNC}'),
                     ["io.example.v1", "runc"]),
    "default_runtime beside runc": (_file(
        f'[{CRI}.containerd]\n  [{CRI}.containerd.default_runtime]\n    {_RUNC}  [{_HANDLERS}.runc]\n    {_RUNC}'),
        ["default_runtime", "runc"]),
    "default_runtime alone, and an untrusted one": (_file(
        f'[{CRI}.containerd.default_runtime]\n  {_RUNC}  [{CRI}.containerd.default_runtime.options]\n'
        f'    BinaryName = "/usr/bin/runc"\n[{CRI}.containerd.untrusted_workload_runtime]\n  {_RUNC}'),
        ["default_runtime", "runc", "untrusted_workload_runtime"]),
    "old forms without a type do not count": (_file(
        f'[{CRI}.containerd.default_runtime]\n  runtime_type = ""\n[{_HANDLERS}.runc]\n  {_RUNC}'), ["runc"]),
    "options without a header of the handler": (_file(f"[{_HANDLERS}.runc.options]\n  SystemdCgroup = true\n"), ["runc"]),
    "options before the handler": (_file(
        f"[{_HANDLERS}.runc.options]\n  SystemdCgroup = true\n[{_HANDLERS}.runc]\n  {_RUNC}"), ["runc"]),
    "last line does not end": (_file(f"[{_HANDLERS}.runc]   \t\n\n# c\n  {_RUNC}").rstrip(b"\n"), ["runc"]),
    "header is the last line": (_file(f"[{_HANDLERS}.runc]").rstrip(b"\n"), ["runc"]),
    "carriage returns": (_file(f'[{_HANDLERS}.runc]\n  {_RUNC}  pod_annotations = [\n    "a.io/*", # x\n  ]')
                         .replace(b"\n", b"\r\n"), ["runc"]),
    "carriage returns, no handlers": (b'version = 2\r\nroot = "/data"\r\n', ["runc"]),
    "byte order mark": (b"\xef\xbb\xbf" + _file(f"[{_HANDLERS}.runc]\n  {_RUNC}"), ["runc"]),
    "comment in Latin-1": (_file(f"# für den Cluster\n[{_HANDLERS}.runc] # müßig\n  {_RUNC}", "latin-1"), ["runc"]),
    "a comment names netclsd": (_file(f"# netclsd: netclsd.io/*\n[{_HANDLERS}.runc]\n  {_RUNC}"), ["runc"]),
    "other plugins and streams": (_file(
        '[stream_processors."x"]\n  accepts = ["a"]\n[plugins."io.containerd.internal.v1.opt"]\n  path = "/opt/x"\n'
        f"[{_HANDLERS}.runc]\n  {_RUNC}"), ["runc"]),
}

_3 = "plugins.'io.containerd.cri.v1.runtime'"
_HANDLERS_3 = f"{_3}.containerd.runtimes"


def _file_3(text):
    return ("version = 3\n" + text).encode()


# As distributions, installers and containerd itself write it: containerd 2's default with its own header for each table,
# EKS's flat one, Talos's part with double quotes, kops's nested one, and those that name no handler.
SHAPES_3 = {
    "empty": (b"", ["runc"]),
    "only a version": (_file_3(""), ["runc"]),
    "plugins without a handler": (_file_3(f"[plugins]\n[{_3}]\nenable_cdi = true\n[{_3}.cni]\nbin_dir = '/opt/cni/bin'\n"),
                                  ["runc"]),
    "as containerd dumps it": (_file_3(
        f"[plugins]\n  [{_3}]\n    enable_selinux = false\n    [{_3}.containerd]\n      default_runtime_name = 'runc'\n\n"
        f"      [{_HANDLERS_3}]\n        [{_HANDLERS_3}.runc]\n          runtime_type = 'io.containerd.runc.v2'\n"
        "          pod_annotations = []\n          container_annotations = []\n          base_runtime_spec = ''\n"
        f"          sandboxer = 'podsandbox'\n\n          [{_HANDLERS_3}.runc.options]\n            SystemdCgroup = true\n"),
        ["runc"]),
    "double quotes, options without the handler": (_file_3(
        f'[{_HANDLERS_3}.runc.options]\n  SystemdCgroup = true\n'.replace("'", '"')), ["runc"]),
    "another default handler, and runc built in": (_file_3(
        f"[{_3}.containerd]\ndefault_runtime_name = 'nvidia'\n[{_HANDLERS_3}.nvidia]\n{_RUNC}"
        f"[{_HANDLERS_3}.nvidia.options]\nBinaryName = '/usr/bin/nvidia-container-runtime'\n"), ["nvidia", "runc"]),
    "kata beside the built-in runc": (_file_3(f"[{_HANDLERS_3}.kata]\nruntime_type = 'io.containerd.kata.v2'\n"), ["runc"]),
    "a table of version 2, which does not count": (_file_3(f"[{_HANDLERS}.old]\n{_RUNC}"), ["runc"]),
    "version 2": (_file(f"[{_HANDLERS}.runc]\n  {_RUNC}  [{_HANDLERS}.runc.options]\n    SystemdCgroup = true\n"), ["runc"]),
    "version 2, kata beside the built-in runc": (_file(
        f'[{_HANDLERS}.kata]\n  runtime_type = "io.containerd.kata.v2"\n'), ["runc"]),
    "version 2, old form": (_file(f"[{CRI}.containerd.default_runtime]\n  {_RUNC}"), ["runc"]),
}

LEFT = {
    "version 1": (f"[plugins.cri.containerd.runtimes.runc]\n  {_RUNC}".encode(), r"version 1.*\[plugins.cri.containerd"),
    "long names without a version": (f"[{_HANDLERS}.runc]\n  {_RUNC}".encode(), r"version 1.*\[plugins.cri.containerd"),
    "inline table": (_file(f'[{_HANDLERS}]\nrunc = {{ runtime_type = "io.containerd.runc.v2" }}\n'), "an inline one"),
    "inline table above": (_file(f'[{CRI}]\n  containerd = {{ default_runtime_name = "runc" }}\n'), "unusual way"),
    "dotted keys": (_file(f"{_HANDLERS}.runc.{_RUNC}"), "no header of its own"),
}

REFUSED = {
    "version 3": (b"version = 3\n[plugins.'io.containerd.cri.v1.runtime']\n", "version 3, and containerd 1.x does not"),
    "dotted key and later header": (_file(
        f'[{CRI}]\n  containerd.default_runtime_name = "runc"\n[{CRI}.containerd]\n  snapshotter = "overlayfs"\n'
        f"[{_HANDLERS}.runc]\n  {_RUNC}"), r'line 4: \[plugins\."io\.containerd\.grpc\.v1\.cri"\.containerd\] defines again'),
    "empty table of handlers": (_file(f"[{_HANDLERS}]\n"), "no runtime handler in its table"),
    "kata alone": (_file(f'[{_HANDLERS}.kata]\n  runtime_type = "io.containerd.kata.v2"\n'), "no runtime handler is runc's"),
    "disabled": (b'disabled_plugins = ["io.containerd.grpc.v1.cri"]\nversion = 2\n', "disables containerd's CRI plugin"),
    # containerd itself does not start with these.
    "array of tables": (_file(f"[[{_HANDLERS}.runc]]\n  {_RUNC}"), "no runtime handler in its table"),
    "version as a text": (b'version = "2"\n', "version is not a whole number"),
    "imports as a text": (_file('imports = "/etc/containerd/conf.d/*.toml"\n'), "imports is not a list"),
    "name of version 1": (_file("[plugins.cri.containerd.runtimes.spin]\n"), "a name of format version 1"),
    "missing import": (_file('imports = ["/run/none/containerd-cri.toml"]\n'), "is imported and not there"),
    "Latin-1 in a text": (_file(f"[{_HANDLERS}.runc]\n  {_RUNC}  runtime_root = 'für'\n", "latin-1"), "outside of a comment"),
}
