"""Turns a pod's JSON into configurations for the CRI, as the kubelet does. It only decides; kubelet.py acts. It refuses
fields that no pod of our chart uses, so that nothing is silently left out.
"""

import re

# The kubelet's own, for containers that are not privileged.
MASKED_PATHS = ("/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
                "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware")
READONLY_PATHS = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")

_PROPAGATION = {"None": "PRIVATE", "HostToContainer": "HOST_TO_CONTAINER", "Bidirectional": "BIDIRECTIONAL"}
_UNITS = {"": 1, "m": 0.001, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}

_CONTAINER_KEYS = {"name", "image", "imagePullPolicy", "command", "args", "env", "ports", "resources", "volumeMounts",
                   "securityContext", "livenessProbe", "readinessProbe"}
_SECURITY_KEYS = {"privileged", "runAsUser", "runAsNonRoot", "readOnlyRootFilesystem", "allowPrivilegeEscalation",
                  "capabilities", "seccompProfile"}
# Those after the first line say where a pod runs, or hold for its network or its secrets: not the runtime's business.
_POD_KEYS = {"initContainers", "containers", "volumes", "hostNetwork", "hostPID", "terminationGracePeriodSeconds",
             "automountServiceAccountToken", "enableServiceLinks", "priorityClassName", "nodeSelector", "tolerations",
             "affinity", "serviceAccountName", "restartPolicy", "imagePullSecrets"}


def refuse_others(what, mapping, known):
    unknown = set(mapping) - known
    if unknown:
        raise NotImplementedError(f"{what}: {sorted(unknown)}")


def sandbox_config(spec, *, name, uid, namespace, annotations, cgroup_parent, log_directory):
    refuse_others(f"pod {name}", spec, _POD_KEYS)
    containers = [*spec.get("initContainers", ()), *spec["containers"]]
    return {
        "metadata": {"name": name, "uid": uid, "namespace": namespace, "attempt": 0},
        "log_directory": str(log_directory), "annotations": annotations,
        "linux": {"cgroup_parent": cgroup_parent, "security_context": {
            "namespace_options": _namespaces(spec), "seccomp": {"profile_type": "RuntimeDefault"},
            "privileged": any(each.get("securityContext", {}).get("privileged", False) for each in containers)}}}


def _namespaces(spec):
    return {"network": "NODE" if spec.get("hostNetwork") else "POD", "pid": "NODE" if spec.get("hostPID") else "CONTAINER"}


def container_config(spec, container, *, attempt, volumes, fields):
    """`volumes`: name → path on the node. `fields`: what a fieldRef may name → its value."""
    refuse_others(f"container {container['name']}", container, _CONTAINER_KEYS)
    environment = _environment(container, fields)
    return {
        "metadata": {"name": container["name"], "attempt": attempt}, "image": {"image": container["image"]},
        "command": [_expand(word, environment) for word in container.get("command", ())],
        "args": [_expand(word, environment) for word in container.get("args", ())],
        "envs": [{"key": key, "value": value} for key, value in environment.items()],
        "mounts": [_mount(each, volumes) for each in container.get("volumeMounts", ())],
        "log_path": f"{container['name']}-{attempt}.log",
        "linux": {"resources": _resources(container.get("resources", {})),
                  "security_context": {**_security(container.get("securityContext", {})),
                                       "namespace_options": _namespaces(spec)}}}


def _environment(container, fields):
    return {each["name"]: each["value"] if "value" in each else fields[each["valueFrom"]["fieldRef"]["fieldPath"]]
            for each in container.get("env", ())}


def _expand(word, environment):
    """$(NAME) of the container's own environment; other names stay as they are."""
    return re.sub(r"\$\((\w+)\)", lambda found: environment.get(found.group(1), found.group()), word)


def _mount(mount, volumes):
    refuse_others("volumeMount", mount, {"name", "mountPath", "readOnly", "mountPropagation"})
    return {"container_path": mount["mountPath"], "host_path": str(volumes[mount["name"]]),
            "readonly": mount.get("readOnly", False), "propagation": _PROPAGATION[mount.get("mountPropagation", "None")]}


def quantity(text):
    number, unit = re.fullmatch(r"(\d+)(m|Ki|Mi|Gi|)", str(text)).groups()
    return int(number) * _UNITS[unit]


def _resources(resources):
    requests, limits = resources.get("requests", {}), resources.get("limits", {})
    refuse_others("limits", limits, {"memory"})
    return {"cpu_shares": max(2, int(quantity(requests.get("cpu", 0)) * 1024)),
            "memory_limit_in_bytes": int(quantity(limits.get("memory", 0)))}


def _security(context):
    refuse_others("securityContext", context, _SECURITY_KEYS)
    capabilities = context.get("capabilities", {})
    privileged = context.get("privileged", False)
    config = {
        "privileged": privileged,
        "capabilities": {"add_capabilities": capabilities.get("add", ()), "drop_capabilities": capabilities.get("drop", ())},
        "readonly_rootfs": context.get("readOnlyRootFilesystem", False),
        "no_new_privs": not context.get("allowPrivilegeEscalation", True),
        "seccomp": {"profile_type": context.get("seccompProfile", {}).get("type", "Unconfined")}}
    if "runAsUser" in context:
        config["run_as_user"] = {"value": context["runAsUser"]}
    if not privileged:
        config |= {"masked_paths": MASKED_PATHS, "readonly_paths": READONLY_PATHS}
    return config
