"""Rows of runc and crun without anybody above them: the hook is in the bundle's config.json."""

from e2e.support.container import CLASSID as ANNOTATION
from e2e.support.container import Container

from .examination import CLASSID, COMMAND, MOUNT


class Directly:
    undo = None

    def __init__(self, host, agent, runtime, stage):
        self.problems = []
        self.container = Container(host, agent, "web", COMMAND, annotations={ANNOTATION: CLASSID}, runtime=runtime,
                                   stages=(stage, "poststop"))
        self.container.spec["mounts"].append({"destination": MOUNT, "type": "bind", "source": str(host.net_cls_mount),
                                              "options": ["rbind", "ro"]})
        self.container.write_spec()

    def start(self):
        return self.container.start()

    def exec(self, *command):
        self.container.exec(*command)

    def remove(self):
        self.container.delete()
