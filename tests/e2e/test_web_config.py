"""TLS and passwords for the TCP listener, from a file as Prometheus's own tools take it."""

import base64
import ctypes
import http.client
import json
import signal
import socket
import ssl
import subprocess
import threading
import time

from .support.case import EndToEndTest
from .support.certificates import Authority
from .support.programs import program, tool
from .support.prometheus import Prometheus
from .support.waiting import eventually, eventually_equal

USER, PASSWORD = "prometheus", "open sesame"


def bcrypt(password, cost=4):
    library = ctypes.CDLL("libcrypt.so.1")  # Python's own module for it ended with 3.12
    library.crypt.restype = ctypes.c_char_p
    return library.crypt(password.encode(), f"$2b${cost:02}$abcdefghijklmnopqrstuu".encode()).decode()


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


class WebConfigTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.host.work / "web")
        self.authority.issue("server", "first")
        self.file = self.authority.directory / "web-config.yaml"

    def write(self, users=None, tls=True, **tls_keys):
        """`users`: name → hash. Paths are relative to the file."""
        content = {"basic_auth_users": {USER: bcrypt(PASSWORD)} if users is None else users}
        if tls:
            content["tls_server_config"] = {"cert_file": "server.pem", "key_file": "server.key", **tls_keys}
        self.file.write_text(json.dumps(content, indent=2))  # JSON is YAML

    def start(self, **configuration):
        self.start_agent(web_config=str(self.file), **configuration)
        self.address, _, port = self.agent.configuration["listen"].rpartition(":")
        self.port = int(port)

    def ask(self, headers=None, target="/metrics", client=None):
        """Status, text and the server's name."""
        context = ssl.create_default_context(cafile=str(self.authority.pem("authority")))
        if client:
            context.load_cert_chain(str(self.authority.pem(client)), str(self.authority.key(client)))
        connection = http.client.HTTPSConnection(self.address, self.port, timeout=10, context=context)
        try:
            connection.request("GET", target, headers=headers or {})
            subject = dict(pair[0] for pair in connection.sock.getpeercert()["subject"])
            answer = connection.getresponse()
            self.headers = answer.headers
            return answer.status, answer.read().decode(), subject["commonName"]
        finally:
            connection.close()

    def status(self, *arguments, **options):
        return self.ask(*arguments, **options)[0]

    def prometheus(self, password=PASSWORD, **tls_config):
        scrape = {"scheme": "https", "tls_config": {"ca_file": str(self.authority.pem("authority")), **tls_config}}
        if password is not None:
            scrape["basic_auth"] = {"username": USER, "password": password}
        return Prometheus(self.host, self.agent, scrape=scrape)

    def failures(self):
        return self.agent.metrics().value("config_reload_failures_total")


class Scraping(WebConfigTest):
    def up(self, prometheus):
        """What Prometheus says of the last scrape; None before the first."""
        result = prometheus.ask("query", query="up")["result"]
        return result[0]["value"][1] if result else None

    def test_prometheus_scrapes_by_tls_with_a_password(self):
        self.write()
        self.start()
        prometheus = self.prometheus()
        eventually_equal("up", lambda: self.up(prometheus), "1")
        found = prometheus.ask("query", query='{__name__=~"netclsd_.*"}')["result"]
        self.assertGreater(len({each["metric"]["__name__"] for each in found}), 20)

    def test_prometheus_without_the_password_gets_nothing(self):
        self.write()
        self.start()
        for password in (None, "wrong"):
            with self.subTest(password=password):
                prometheus = self.prometheus(password)
                eventually_equal("up", lambda: self.up(prometheus), "0")
                # The second one finds what the first has written, and is asked before it has a target.
                eventually("it is told why", lambda: any(
                    "401" in each["lastError"] for each in prometheus.ask("targets")["activeTargets"]))
                self.assertEqual(prometheus.ask("query", query="netclsd_ready")["result"], [])
                prometheus.stop()

    def test_prometheus_shows_a_certificate_that_is_asked_for(self):
        self.write(client_ca_file="authority.pem", client_auth_type="RequireAndVerifyClientCert")
        self.authority.issue("client", "prometheus")
        self.start()
        prometheus = self.prometheus(cert_file=str(self.authority.pem("client")),
                                     key_file=str(self.authority.key("client")))
        eventually_equal("up", lambda: self.up(prometheus), "1")


class Protected(WebConfigTest):
    def test_every_path_asks_for_the_password(self):
        self.write()
        self.start()
        for target in ("/", "/metrics", "/livez", "/readyz", "/none"):
            with self.subTest(target):
                self.assertEqual(self.status(target=target), 401)
                self.assertEqual(self.headers["WWW-Authenticate"], 'Basic realm="netclsd"')
                self.assertEqual(self.status(basic(USER, "wrong"), target), 401)
                self.assertEqual(self.status(basic("nobody", PASSWORD), target), 401)
                self.assertEqual(self.status(basic(USER, PASSWORD), target), 404 if target == "/none" else 200)

    def test_the_api_stays_on_the_unix_socket_which_needs_no_password(self):
        self.write()
        self.start()
        self.assertEqual(self.status(basic(USER, PASSWORD), "/v1/status"), 404)
        self.assertIs(self.agent.get("/v1/status")["ready"], True)
        self.assertEqual(self.agent.request("GET", "/livez").status, 200)

    def test_a_password_without_tls(self):
        self.write(tls=False)
        self.start()
        for headers, status in (({}, 401), (basic(USER, PASSWORD), 200)):
            connection = http.client.HTTPConnection(self.address, self.port, timeout=10)
            connection.request("GET", "/metrics", headers=headers)
            self.assertEqual(connection.getresponse().status, status)
            connection.close()

    def test_plain_http_is_told_so(self):
        self.write()
        self.start()
        with socket.create_connection((self.address, self.port), timeout=10) as connection:
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            with connection.makefile("rb") as answer:
                self.assertIn(b"Client sent an HTTP request to an HTTPS server.", answer.read())

    def test_who_shows_no_certificate_or_a_stranger_s_gets_nothing(self):
        self.write(client_ca_file="authority.pem", client_auth_type="RequireAndVerifyClientCert", users={})
        self.authority.issue("client", "prometheus")
        stranger = Authority(self.host.work / "elsewhere", "another_authority")
        stranger.issue("stranger", "prometheus")
        for each in (stranger.pem, stranger.key):
            each("stranger").rename(self.authority.directory / each("stranger").name)
        self.start()
        self.assertEqual(self.status(client="client"), 200)
        for client in (None, "stranger"):
            with self.subTest(client=client), self.assertRaises((ssl.SSLError, ConnectionError)):
                self.ask(client=client)

    def test_guessing_passwords_locks_nobody_out(self):
        # Three users' hashes would keep both workers busy for a quarter of a second each.
        self.write(users={USER: bcrypt(PASSWORD), "dear": bcrypt("x", cost=12)})
        self.start()
        self.assertEqual(self.status(basic(USER, PASSWORD)), 200)
        stop = threading.Event()
        seen = []

        def guess(number):
            while not stop.is_set():
                seen.append(self.status(basic("dear", f"guess {number} {len(seen)}")))

        guessers = [threading.Thread(target=guess, args=(number,)) for number in range(8)]
        for each in guessers:
            each.start()
        try:
            eventually("guesses are refused", lambda: 401 in seen and 503 in seen)
            slowest_s = 0
            for _ in range(20):
                before = time.monotonic()
                self.assertEqual(self.status(basic(USER, PASSWORD)), 200)
                slowest_s = max(slowest_s, time.monotonic() - before)
        finally:
            stop.set()
            for each in guessers:
                each.join()
        self.assertLess(slowest_s, 1)
        self.assertEqual(set(seen), {401, 503})


class Renewing(WebConfigTest):
    def name(self):
        return self.ask(basic(USER, PASSWORD))[2]

    def test_another_certificate_is_taken_up_without_a_restart_or_a_signal(self):
        self.write()
        self.start()
        self.assertEqual(self.name(), "first")
        self.authority.issue("server", "second")
        eventually_equal("the server's name", self.name, "second")
        self.assertIn("web_config_reloaded", self.agent.log())

    def test_other_users_are_taken_up_at_sighup(self):
        self.write()
        self.start()
        self.write(users={"another": bcrypt("word")})
        self.agent.process.send_signal(signal.SIGHUP)
        eventually_equal("the new user's status", lambda: self.status(basic("another", "word")), 200)
        self.assertEqual(self.status(basic(USER, PASSWORD)), 401)

    def test_a_bad_file_changes_nothing(self):
        self.write()
        self.start()
        bad = ("no_such_key: 1", "{", "", "basic_auth_users: {prometheus: open sesame}",
               "tls_server_config: {cert_file: none.pem, key_file: server.key}")
        for text in bad:
            with self.subTest(text=text):
                before = self.failures()
                self.file.write_text(text)
                self.agent.process.send_signal(signal.SIGHUP)
                eventually("a failure is counted", lambda: self.failures() > before)
                self.assertEqual(self.status(basic(USER, PASSWORD)), 200)
                self.assertEqual(self.status(), 401)
        self.assertIn(f"{self.file}:1: unknown key", self.agent.log())
        self.assertNotIn("open sesame", self.agent.log())
        self.assertEqual(self.agent.metrics().value("config_reloads_total"), 0)
        self.write()
        self.agent.process.send_signal(signal.SIGHUP)
        eventually_equal("reloads", lambda: self.agent.metrics().value("config_reloads_total"), 1)

    def test_a_bad_web_config_leaves_the_rest_of_the_configuration_as_it_was_too(self):
        self.write()
        self.start()
        self.file.write_text("no_such_key: 1")
        self.agent.configuration["allowed_classids"] = ["10:9"]
        self.agent.write_config()
        self.agent.process.send_signal(signal.SIGHUP)
        eventually("it is refused", lambda: self.failures() > 0)
        self.agent.process.send_signal(signal.SIGHUP)
        eventually("it is refused", lambda: self.failures() > 1)
        self.assertNotIn("config_reloaded", self.agent.log().replace("web_config_reloaded", ""))


class Checking(WebConfigTest):
    def check(self):
        self.make_agent(web_config=str(self.file))
        return self.host.run([program("netclsd"), "--config", self.agent.config_file, "--check-config"])

    def test_what_promtool_takes_is_taken(self):
        self.authority.issue("client", "client")
        suites = ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
                  "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"]
        for keys in ({}, {"min_version": "TLS13"}, {"max_version": "TLS12", "cipher_suites": suites},
                     {"curve_preferences": ["CurveP256", "CurveP384", "CurveP521", "X25519"]},
                     {"prefer_server_cipher_suites": False, "client_auth_type": "RequestClientCert"},
                     {"client_auth_type": "RequireAnyClientCert"}, {"client_auth_type": "NoClientCert"},
                     {"client_auth_type": "VerifyClientCertIfGiven", "client_ca_file": "authority.pem"},
                     {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": "authority.pem"}):
            with self.subTest(keys=keys):
                self.write(**keys)
                theirs = subprocess.run([tool("promtool"), "check", "web-config", self.file], capture_output=True,
                                        text=True)
                self.assertEqual(theirs.returncode, 0, theirs.stdout + theirs.stderr)
                ours = self.check()
                self.assertEqual((ours.returncode, ours.stderr), (0, ""))

    def test_what_is_wrong_is_named_with_file_line_and_key(self):
        self.write()
        self.file.write_text("tls_server_config:\n  cert_file: server.pem\n  key_file: none.key\n")
        done = self.check()
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, f"netclsd: {self.file}:3: tls_server_config.key_file: open "
                                      f"{self.authority.directory}/none.key: No such file or directory\n")

    def test_an_agent_does_not_start_with_a_bad_one(self):
        self.file.write_text("basic_auth_users: {u: x}")
        self.make_agent(web_config=str(self.file)).start(wait_ready=False)
        self.assertEqual(self.agent.wait_end(), 1)
        self.assertIn("basic_auth_users.u: expected a password's bcrypt hash", self.agent.log())
