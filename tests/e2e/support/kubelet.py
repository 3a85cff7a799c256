"""Runs pods as the kubelet does: volumes, init containers in order, containers, probes, the end."""

import http.client

from .containerd import CriContainer
from .pod_to_cri import container_config, refuse_others, sandbox_config
from .waiting import eventually

NODE_IP = "127.0.0.1"
INIT_ATTEMPTS_MAX = 5
RUNNING, EXITED = 1, 2


class Kubelet:
    def __init__(self, containerd, objects=()):
        """`objects`: where the ConfigMaps of the pods are found."""
        self.containerd = containerd
        self.config_maps = {each["metadata"]["name"]: each["data"] for each in objects if each["kind"] == "ConfigMap"}

    def start(self, name, template, namespace="default", on_init_failure=lambda: None):
        """A pod of a template (`spec`, perhaps `metadata.annotations`). Its init containers have ended.
        `on_init_failure` runs before the kubelet restarts an init container."""
        pod = KubeletPod(self, name, namespace, template)
        pod.start(on_init_failure)
        return pod

    def begin(self, name, template, namespace="default"):
        """The same, but only the first init container is started."""
        pod = KubeletPod(self, name, namespace, template)
        pod.start_first()
        return pod


class KubeletPod:
    def __init__(self, kubelet, name, namespace, template):
        self.kubelet, self.name, self.spec = kubelet, name, template["spec"]
        self.containerd, self.cri, self.host = kubelet.containerd, kubelet.containerd.cri, kubelet.containerd.host
        self.directory = self.host.work / "pods" / name
        self.directory.mkdir(parents=True)
        self.config = sandbox_config(
            self.spec, name=name, uid=f"{self.host.prefix}-{name}", namespace=namespace,
            annotations=template.get("metadata", {}).get("annotations", {}),
            cgroup_parent=f"/{self.host.tag}-pods/{name}", log_directory=self.directory / "logs")
        self.volumes = {each["name"]: self._volume(each) for each in self.spec.get("volumes", ())}
        self.id = self.cri("RunPodSandbox", config=self.config).pod_sandbox_id
        self.containers = {}

    def start(self, on_init_failure):
        for each in self.spec.get("initContainers", ()):
            self._run_to_its_end(each, on_init_failure)
        for each in self.spec["containers"]:
            self.containers[each["name"]] = self._start(each)

    def start_first(self):
        first = self.spec["initContainers"][0]
        self.containers[first["name"]] = self._start(first)

    def is_running(self, name):
        return self._status(self.containers[name]).state == RUNNING

    # --- volumes ---

    def _volume(self, volume):
        refuse_others("volume", volume, {"name", "hostPath", "configMap"})
        if "configMap" in volume:
            return self._config_map(volume["name"], **volume["configMap"])
        path, kind = volume["hostPath"]["path"], volume["hostPath"].get("type", "")
        on_node = self.host.seen(path)
        if kind == "DirectoryOrCreate":
            on_node.mkdir(parents=True, exist_ok=True)
        elif not on_node.is_dir():
            raise AssertionError(f"hostPath {path} is no directory")
        return path

    def _config_map(self, volume, name, optional=False):
        directory = self.directory / "volumes" / volume
        directory.mkdir(parents=True)
        if optional and name not in self.kubelet.config_maps:
            return directory
        for file, text in self.kubelet.config_maps[name].items():
            (directory / file).write_text(text)
        return directory

    # --- containers ---

    def _start(self, container, attempt=0):
        fields = {"status.hostIP": NODE_IP, "status.podIP": NODE_IP, "metadata.name": self.name}
        config = container_config(self.spec, container, attempt=attempt, volumes=self.volumes, fields=fields)
        identity = self.cri("CreateContainer", pod_sandbox_id=self.id, config=config,
                            sandbox_config=self.config).container_id
        self.cri("StartContainer", container_id=identity)
        return identity

    def _run_to_its_end(self, container, on_failure):
        """Restarts the container if it fails."""
        for attempt in range(INIT_ATTEMPTS_MAX):
            identity = self._start(container, attempt)
            code = eventually(f"{container['name']} has ended", lambda identity=identity: self._exit_code(identity))[0]
            if code == 0:
                return
            on_failure()
        raise AssertionError(f"init container {container['name']} ends with {code}\n{self.logs()}")

    def _status(self, identity):
        return self.cri("ContainerStatus", container_id=identity).status

    def _exit_code(self, identity):
        status = self._status(identity)
        return (status.exit_code,) if status.state == EXITED else None

    def container(self, name):
        identity = self.containers[name]
        return CriContainer(self, identity, self.cri.pid_of_container(identity))

    # --- probes ---

    def wait_ready(self):
        eventually(f"{self.name} is ready", lambda: self.passes("readinessProbe"), pause_s=0.1)
        return self

    def passes(self, probe):
        """Waits for all containers. A container that has ended never becomes ready."""
        for each in self.spec["containers"]:
            if self._status(self.containers[each["name"]]).state != RUNNING:
                raise AssertionError(f"container {each['name']} of {self.name} does not run\n{self.logs()}")
        return all(_answers(each, each[probe]["httpGet"]) for each in self.spec["containers"] if probe in each)

    def logs(self):
        files = sorted((self.directory / "logs").glob("*.log"))
        return "\n".join(f"--- {file.name}:\n{file.read_text(errors='replace')[-3000:]}" for file in files)

    # --- the end ---

    def remove(self):
        """SIGTERM, the grace period, SIGKILL."""
        grace_s = self.spec.get("terminationGracePeriodSeconds", 30)
        for identity in self.containers.values():
            self.cri("StopContainer", container_id=identity, timeout=grace_s)
        self.containerd.remove_pod(self.id)


def _port(container, port):
    if isinstance(port, int):
        return port
    return next(each["containerPort"] for each in container["ports"] if each["name"] == port)


def _answers(container, http_get):
    connection = http.client.HTTPConnection(http_get.get("host", NODE_IP), _port(container, http_get["port"]), timeout=1)
    try:
        connection.request("GET", http_get["path"])
        return 200 <= connection.getresponse().status < 400
    except OSError:
        return False
    finally:
        connection.close()
