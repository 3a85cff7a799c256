"""Which callers may make which requests on the agent's socket, and that none of them delays the hook."""

import contextlib
import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.programs import tool
from .support.waiting import eventually_equal

READERS = 47110  # no group of this number need exist
NOBODY = 65534
LARGE = 3_000  # processes: tenths of a second for the agent to examine, and a hook waits for half of one

# One request; prints the status, or why there was no connection.
CLIENT = """
import socket, sys
path, request = sys.argv[1:]
connection = socket.socket(socket.AF_UNIX)
try:
    connection.connect(path)
    connection.sendall(request.encode())
    print(connection.makefile("rb").read().decode())
except OSError as error:
    print(type(error).__name__)
"""

# Connects so many times, says so, and stays until its input ends.
CROWD = """
import socket, sys
path, count = sys.argv[1], int(sys.argv[2])
crowd = []
for _ in range(count):
    crowd.append(socket.socket(socket.AF_UNIX))
    crowd[-1].connect(path)
    try:
        crowd[-1].sendall(b"GET /")
    except OSError:
        pass
print("connected", flush=True)
sys.stdin.read()
"""


# Asks the same again and again on so many connections at a time, says so after the first answers, and counts them.
ASKERS = """
import socket, sys, threading
path, target, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
request = f"GET {target} HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n".encode()
answers = 0
is_over = threading.Event()
def ask():
    global answers
    while not is_over.is_set():
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(path)
                connection.sendall(request)
                while connection.recv(1 << 20):
                    pass
                answers += 1
            except OSError:
                pass
threads = [threading.Thread(target=ask) for _ in range(count)]
for thread in threads:
    thread.start()
print("asking", flush=True)
sys.stdin.read()
is_over.set()
for thread in threads:
    thread.join()
print(answers)
"""


class SocketInPublic(EndToEndTest):
    def setUp(self):
        super().setUp()
        # The host's own directory is for root alone, so nobody else could even try.
        self.public = Path(tempfile.mkdtemp(prefix="ne2e-"))
        self.addCleanup(shutil.rmtree, self.public)
        self.public.chmod(0o755)

    def start_in_public(self, **configuration):
        self.make_agent(socket=str(self.public / "run" / "agent.sock"), **configuration)
        self.agent.socket = self.public / "run" / "agent.sock"
        self.agent.start()

    def modes(self):
        directory, file = os.stat(self.agent.socket.parent), os.stat(self.agent.socket)
        return [(stat.S_IMODE(each.st_mode), each.st_uid, each.st_gid) for each in (directory, file)]


class Peers(SocketInPublic):
    def open_to_all(self):
        """Opens the files to everybody, as an administrator might: only the agent's own check of the caller is left."""
        self.agent.socket.parent.chmod(0o755)
        self.agent.socket.chmod(0o666)

    def ask_as(self, user, groups, method, target, body=""):
        """(status or why there was no connection, the answer's body)"""
        request = f"{method} {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        done = subprocess.run([sys.executable, "-I", "-c", CLIENT, str(self.agent.socket), request], text=True,
                              capture_output=True, timeout=20, check=True, user=user, group=groups[0],
                              extra_groups=groups[1:])
        head, _, answer = done.stdout.partition("\n\n")
        return int(head.split()[1]) if head.startswith("HTTP/1.1 ") else done.stdout.strip(), answer

    def assert_refused(self, status_and_body):
        status, body = status_and_body
        self.assertEqual(status, 403, body)
        problem = json.loads(body)
        self.assertEqual(problem["status"], 403)
        self.assert_one_line(problem["detail"])

    def test_the_socket_and_its_directory_are_for_root_alone(self):
        self.start_in_public()
        self.assertEqual(self.modes(), [(0o700, 0, 0), (0o600, 0, 0)])
        self.assertEqual(self.ask_as(NOBODY, [NOBODY], "GET", "/livez")[0], "PermissionError")

    def test_the_state_directorys_mode_is_corrected(self):
        self.make_agent()
        self.agent.state_dir.mkdir(mode=0o777)
        self.agent.state_dir.chmod(0o777)
        self.agent.start()
        self.assertEqual(self.modes(), [(0o700, 0, 0), (0o600, 0, 0)])

    def test_a_directory_that_others_may_write_to_is_an_error_that_names_it(self):
        self.make_agent(socket=str(self.public / "agent.sock"))
        self.public.chmod(0o777)
        self.agent.start(wait_ready=False)
        self.assertEqual(self.agent.wait_end(), 1)
        self.assertIn(f"the socket's directory {self.public} has mode 0777", self.agent.log_tail())

    def test_an_unknown_group_is_an_error_that_names_it(self):
        self.make_agent(socket_group="no-such-group")
        self.agent.start(wait_ready=False)
        self.assertEqual(self.agent.wait_end(), 1)
        self.assertIn("there is no group no-such-group", self.agent.log_tail())

    def test_another_user_is_refused_whatever_the_files_modes_say(self):
        self.start_in_public()
        self.open_to_all()
        for method, target in (("GET", "/livez"), ("GET", "/v1/status"), ("POST", "/v1/sweep"), ("X", "y")):
            with self.subTest(target):
                self.assert_refused(self.ask_as(NOBODY, [NOBODY, 0], method, target))
        self.assertEqual(self.agent.request("GET", "/livez").status, 200)
        self.assertIn("peer_refused", self.agent.log_file.read_text())

    def test_a_member_of_the_group_may_read_and_nothing_else(self):
        self.start_in_public(socket_group=str(READERS))
        self.assertEqual(self.modes(), [(0o710, 0, READERS), (0o660, 0, READERS)])
        victim = self.start_process()
        body = json.dumps({"pid": victim.pid, "annotations": {CLASSID: "10:1"}, "source": "api"})
        for groups in ([READERS], [NOBODY, READERS]):
            for target in ("/livez", "/v1/containers", "/v1/status", "/metrics"):
                self.assertEqual(self.ask_as(NOBODY, groups, "GET", target)[0], 200, target)
            self.assertEqual(self.ask_as(NOBODY, groups, "HEAD", "/livez")[0], 200)
            self.assert_refused(self.ask_as(NOBODY, groups, "PUT", f"/v1/containers/{self.host.prefix}-x", body))
            self.assert_refused(self.ask_as(NOBODY, groups, "DELETE", f"/v1/containers/{self.host.prefix}-x"))
            self.assert_refused(self.ask_as(NOBODY, groups, "POST", "/v1/sweep"))
        self.assertEqual(self.agent.containers(), {})
        self.assertEqual(self.agent.moves()["register"], 0)
        self.assertEqual(self.ask_as(NOBODY, [NOBODY], "GET", "/livez")[0], "PermissionError")
        self.open_to_all()
        self.assert_refused(self.ask_as(NOBODY, [NOBODY], "GET", "/livez"))

    def test_the_readers_find_the_way_under_any_umask(self):
        directory = self.public / "new" / "run"
        self.make_agent(socket=str(directory / "agent.sock"), socket_group=str(READERS),
                        launcher=(tool("sh"), "-c", 'umask 077; exec "$@"', "sh"))
        self.agent.socket = directory / "agent.sock"
        self.agent.start()
        self.assertEqual(stat.S_IMODE(directory.parent.stat().st_mode), 0o755)
        self.assertEqual(self.ask_as(NOBODY, [READERS], "GET", "/livez")[0], 200)

    def test_root_in_a_container_that_was_handed_the_socket_is_refused(self):
        self.start_agent()
        container = self.make_container("handed", annotations={CLASSID: "10:1"})
        container.add_program("netclsctl")
        container.spec["mounts"].append({"destination": "/agent", "type": "bind", "options": ["rbind", "rw"],
                                         "source": str(self.agent.socket.parent)})
        container.write_spec()
        container.start()
        before = self.agent.containers()
        for arguments in (("status",), ("release", container.id), ("register", "mine", "--pid", "1", "--classid", "10:2")):
            with self.subTest(arguments):
                done = container.exec("netclsctl", "--socket", "/agent/agent.sock", *arguments, check=False)
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn("only root of the host may ask", done.stderr)
        # The commands that were refused are members that have ended: they are counted until the agent looks who lives.
        eventually_equal("containers", self.agent.containers, before)

    def test_root_in_a_container_of_the_hosts_pid_namespace_may_ask(self):
        """The agent's own pod is one, and a process in that namespace can reach every process of the host anyway."""
        self.start_agent()
        done = self.host.run(["unshare", "--net", "--uts", "--ipc", "--cgroup", sys.executable, "-I", "-c", CLIENT,
                              self.agent.socket, "GET /livez HTTP/1.1\r\n\r\n"])
        self.assertIn("200 OK", done.stdout)

    def test_a_user_namespaces_root_is_not_root(self):
        self.start_in_public()
        self.open_to_all()
        done = self.host.run(["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "unshare", "--user",
                              "--map-root-user", sys.executable, "-I", "-c", CLIENT, self.agent.socket,
                              "GET /livez HTTP/1.1\r\n\r\n"], cwd="/")
        if "unshare" in done.stderr:
            self.skipTest("no user namespaces for users: " + done.stderr.strip())
        self.assertIn("403 Forbidden", done.stdout)


class SlowClients(SocketInPublic):
    def crowd(self, count):
        """Connections of root whose requests never end: a byte a second."""
        clients = []
        for _ in range(count):
            clients.append(socket.socket(socket.AF_UNIX))
            self.addCleanup(clients[-1].close)
            clients[-1].connect(str(self.agent.socket))
            clients[-1].sendall(b"PUT /v1/containers/")
        over = threading.Event()

        def trickle():
            while not over.wait(1):
                for client in clients:
                    try:
                        client.send(b"a")
                    except OSError:
                        pass  # dropped, or late

        thread = threading.Thread(target=trickle)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(over.set)
        return clients

    def assert_hook_is_heard(self, count):
        """Containers come up registered by the hook itself, not by its spool."""
        registered = self.agent.metrics().value("registrations_total", source="hook")
        for i in range(count):
            container = self.make_container(f"heard{i}", annotations={CLASSID: "10:1"}).start()
            self.assert_container_placed(container, 0x100001)
        self.assertEqual(self.agent.metrics().value("registrations_total", source="hook") - registered, count)
        self.assertEqual(self.agent.spool_files(), set())

    def test_the_hook_is_heard_while_a_hundred_slow_clients_hang(self):
        self.start_agent()
        self.crowd(100)
        self.assert_hook_is_heard(3)

    def test_requests_take_no_longer_while_63_slow_clients_hang(self):
        self.start_agent()
        times_s = []
        for crowd in (0, 63):
            self.crowd(crowd)
            begin = time.monotonic()
            answers = [self.agent.request("GET", "/v1/containers").status for _ in range(200)]
            times_s.append(time.monotonic() - begin)
            self.assertEqual(answers, [200] * 200)
        self.assertLess(times_s[1], 5 * times_s[0] + 0.5, "two seconds a client would be two minutes")

    def test_members_of_the_group_cannot_push_root_out(self):
        self.start_in_public(socket_group=str(READERS))
        half_open = self.crowd(40)
        guests = subprocess.Popen([sys.executable, "-I", "-c", CROWD, str(self.agent.socket), "100"],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, user=NOBODY, group=READERS,
                                  extra_groups=[])
        self.addCleanup(lambda: guests.communicate(timeout=20))
        self.assertEqual(guests.stdout.readline(), "connected\n")
        self.assertEqual(self.agent.request("GET", "/livez").status, 200)
        for client in half_open:
            with contextlib.suppress(BrokenPipeError):  # its time was over
                client.sendall(b" HTTP/1.1\r\n\r\n")
            self.assertTrue(client.recv(4096).startswith(b"HTTP/1.1 40"), "answered, not dropped")


class Readers(SocketInPublic):
    """Members of the socket's group may look as often as they like."""

    @contextlib.contextmanager
    def asking(self, target):
        asker = subprocess.Popen([sys.executable, "-I", "-c", ASKERS, str(self.agent.socket), target, "16"], text=True,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, user=NOBODY, group=READERS,
                                 extra_groups=[])
        try:
            self.assertEqual(asker.stdout.readline(), "asking\n")
            yield
        finally:
            answers, _ = asker.communicate(timeout=20)
        self.assertGreater(int(answers), 0)

    def test_who_looks_at_a_large_container_delays_no_hook(self):
        self.start_in_public(socket_group=str(READERS), audit_interval="1h")
        large = self.make_container("large", "sh", "-c",
                                    f"for i in $(seq {LARGE}); do sleep 1000 & done; echo made; wait",
                                    annotations={CLASSID: "10:1"}).start_attached()
        self.assertEqual(large.process.stdout.readline(), "made\n")
        with self.asking(f"/v1/containers/{large.id}"):
            for number in range(4):
                newcomer = self.make_container(f"newcomer{number}", "cat", "/proc/self/cgroup",
                                               annotations={CLASSID: "10:2"})
                self.assert_shows_group(newcomer.run().stdout, newcomer)
        self.assertEqual(self.agent.metrics().value("registrations_total", source="hook"), 5, "none by the spool")
        self.assertEqual(len(self.agent.container(large.id)["processes"]), LARGE + 1)
