"""config.toml files as hosts have them."""

CRI = 'plugins."io.containerd.grpc.v1.cri"'

COMMENTED = f"""\
# by hand, 2021
version = 2   # never 1
root = "/data/containerd"

[{CRI}]
  sandbox_image = "registry.example/pause:3.9" # keep
  [{CRI}.containerd]
    snapshotter = 'overlayfs'
    [{CRI}.containerd.runtimes]
      # the usual one
      [{CRI}.containerd.runtimes.runc]  # runc
        runtime_type = "io.containerd.runc.v2"
        pod_annotations = [
          "example.com/*", # theirs
        ]
        [{CRI}.containerd.runtimes.runc.options]
          SystemdCgroup = true
      [{CRI}.containerd.runtimes.kata]
        runtime_type = "io.containerd.kata.v2"
# the end"""

NO_HANDLERS = f"""\
version = 2
[{CRI}.registry]
  config_path = "/etc/containerd/certs.d"
"""

WITH_BASE_SPEC = f"""\
version = 2
[{CRI}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
  base_runtime_spec = "/etc/containerd/theirs.json"
[{CRI}.containerd.runtimes.plain]
  runtime_type = "io.containerd.runc.v2"
"""

RETURNS = COMMENTED.replace("\n", "\r\n")

MALFORMED = "version = 2\n[plugins\n"
VERSION_1 = "[plugins.cri]\n  sandbox_image = 'x'\n"
INLINE = f'version = 2\n[{CRI}.containerd.runtimes]\nrunc = {{ runtime_type = "io.containerd.runc.v2" }}\n'
DOTTED = f'version = 2\n[{CRI}.containerd.runtimes]\nrunc.runtime_type = "io.containerd.runc.v2"\n'
IMPORTING = 'version = 2\nimports = ["/etc/containerd/conf.d/*.toml"]\n'
IMPORTED = f'version = 2\n[{CRI}]\n  sandbox_image = "x"\n'
NO_RUNC = f'version = 2\n[{CRI}.containerd.runtimes.kata]\n  runtime_type = "io.containerd.kata.v2"\n'
WRONG_TYPE = f'version = 2\n[{CRI}.containerd.runtimes.runc]\n  pod_annotations = "example.com/*"\n'
CRI_DISABLED = 'disabled_plugins = ["cri"]\n'
CRI_3 = "plugins.'io.containerd.cri.v1.runtime'"
VERSION_3 = f"version = 3\n[{CRI_3}]\n"
VERSION_4 = f"version = 4\n[{CRI_3}.containerd.runtimes.runc]\n  runtime_type = 'io.containerd.runc.v2'\n"
IMPORTING_3 = (f"version = 3\nimports = ['/etc/containerd/conf.d/*.toml']\n[{CRI_3}.containerd.runtimes.runc.options]\n"
               "  SystemdCgroup = true\n")

K3S_DIRECTORY = "/var/lib/rancher/k3s/agent/etc/containerd"
# As k3s and RKE2 render it; with the first line of what is filled in since 2026.
K3S_IMPORTS = f'imports = ["{K3S_DIRECTORY}/config-v3.toml.d/*.toml"]\n'
K3S = f"""\
# written anew at each start
version = 3
{{imports}}
[{CRI_3}]
  enable_selinux = false

[{CRI_3}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[{CRI_3}.containerd.runtimes.runc.options]
  SystemdCgroup = true

[{CRI_3}.containerd.runtimes.'nvidia']
  runtime_type = "io.containerd.runc.v2"
[{CRI_3}.containerd.runtimes.'nvidia'.options]
  BinaryName = "/usr/bin/nvidia-container-runtime"
"""

THEIR_SPEC = """\
{"ociVersion": "1.0.2", "process": {"rlimits": [{"type": "RLIMIT_NOFILE", "hard": 4096, "soft": 4096}]},
 "hooks": {"prestart": [{"path": "/usr/bin/theirs"}]}, "linux": {}}
"""
