"""A real Prometheus that scrapes the agent, on a port and with a data directory of its own."""

import json
import subprocess
import urllib.parse
import urllib.request

from .agent import free_port
from .programs import tool
from .waiting import eventually

JOB, INSTANCE = "netclsd", "node1"


class Prometheus:
    def __init__(self, host, agent, rules=None, interval="1s", scrape=None):
        """`rules`: a file of them; `scrape`: more keys of its scrape_config"""
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        target = {"targets": [agent.configuration["listen"]], "labels": {"instance": INSTANCE}}
        configuration = {"global": {"scrape_interval": interval, "evaluation_interval": interval},
                         "rule_files": [str(rules)] if rules else [],
                         "scrape_configs": [{"job_name": JOB, "static_configs": [target], **(scrape or {})}]}
        file = host.work / "prometheus.json"  # JSON is YAML
        file.write_text(json.dumps(configuration))
        self._process = subprocess.Popen(
            [tool("prometheus"), f"--config.file={file}", f"--storage.tsdb.path={host.work}/tsdb",
             f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"], stdin=subprocess.DEVNULL)
        host.on_close(self.stop)
        eventually("Prometheus is ready", self._is_ready)

    def stop(self):
        if self._process.poll() is not None:
            return
        self._process.terminate()
        self._process.wait(20)

    def _is_ready(self):
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def ask(self, path, **parameters):
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{query}", timeout=10) as answer:
            return json.load(answer)["data"]

    def targets(self):
        """address → health"""
        active = self.ask("targets")["activeTargets"]
        return {each["discoveredLabels"]["__address__"]: each["health"] for each in active}

    def rules(self):
        """name → its last evaluation's health"""
        return {rule["name"]: rule["health"] for group in self.ask("rules")["groups"] for rule in group["rules"]}

    def firing(self):
        return [each for each in self.ask("alerts")["alerts"] if each["state"] == "firing"]
