"""A whole installation for tests of the console: a private PostgreSQL, `plumbline up`, tenants, keys and real traces, made with the
command lines as a person would. Everything ends with the test, also when it is killed."""
import ctypes
import http.client
import json
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[3]
PG = Path("/usr/lib/postgresql/15/bin")
PATIENCE_S = 60
# What a sanitizer is told, also where a test clears the environment: its reports would be lost otherwise.
SANITIZER = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
MASTER_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


_reserved = []


def reserve(port):
    """As tests/support/process does: nobody else is given the port while this process lives."""
    mark = socket.socket(socket.AF_UNIX)
    try:
        mark.bind(f"\0plumbline-test-port-{port}")
    except OSError:
        mark.close()
        return False
    _reserved.append(mark)
    return True


def free_port():
    """Below the range of outgoing connections, one of which could take it away before a server is there."""
    below = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for _ in range(200):
        port = random.randrange(10000, below if below > 10200 else 65536)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                if reserve(port):
                    return port
            except OSError:
                pass
    raise AssertionError("no free port")


def wait_for(what, condition, patience_s=PATIENCE_S, pause_s=0.05):
    """The first true value of the condition."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(pause_s)
    raise AssertionError(f"{what}: not within {patience_s} s")


def dies_with_us():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Postgres:
    """Loopback and trusted; the login role `plumbline` is no superuser. In a folder that is given it stays for the next time."""

    def __init__(self, folder=None, settings=()):
        self.kept = folder is not None
        self.folder = Path(folder or tempfile.mkdtemp(prefix="plumbline-console-pg-", dir="/tmp"))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        if self.user:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        new = not (self.folder / "data").exists()
        if new:
            self._run([PG / "initdb", "-D", self.folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"])
        more = [word for setting in ("listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", *settings) for word in ("-c", setting)]
        self.log = self.folder / "postgres.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([PG / "postgres", "-D", self.folder / "data", "-p", str(self.port), *more],
                                            stdout=log, stderr=log, preexec_fn=self._as_user, cwd="/")
        wait_for("PostgreSQL", lambda: subprocess.run([PG / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]).returncode == 0)
        if new:
            self.sql("CREATE ROLE plumbline LOGIN CREATEROLE", "postgres")
            self.sql("CREATE DATABASE plumbline OWNER plumbline", "postgres")

    def _as_user(self):
        if self.user:
            os.setgroups([])
            os.setgid(self.user.pw_gid)
            os.setuid(self.user.pw_uid)
        dies_with_us()

    def _run(self, command):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, preexec_fn=self._as_user, cwd="/")

    def sql(self, text, database="plumbline", patience_s=PATIENCE_S):
        """As the superuser; what psql prints, unaligned."""
        done = subprocess.run(["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres",
                               "-d", database, "-c", text], capture_output=True, text=True, timeout=patience_s)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def stop(self):
        self.process.send_signal(signal.SIGINT)  # fast shutdown
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
        if not self.kept:
            shutil.rmtree(self.folder, ignore_errors=True)


class Installation:
    def __init__(self, plumbline, plumb, console="", postgres_folder=None, postgres_settings=()):
        self.plumbline, self.plumb = plumbline, plumb
        self.postgres = Postgres(postgres_folder, postgres_settings)
        self.folder = Path(tempfile.mkdtemp(prefix="plumbline-console-"))
        self.edge_port, self.console_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.console_port}"
        key = self.folder / "master.key"
        key.write_text(MASTER_KEY + "\n")
        key.chmod(0o600)
        self.config = self.folder / "plumbline.toml"
        self.config.write_text(
            f'[embedded]\ndir = "{self.folder}/log"\nsegment_bytes = "32MiB"\n[topics]\npartitions = 2\n'
            f'[edge]\nlisten = "127.0.0.1:{self.edge_port}"\nthreads = 1\n'
            f'[postgres]\nurl = "host=127.0.0.1 port={self.postgres.port} dbname=plumbline user=plumbline"\n'
            f'[keys]\nmaster_key_file = "{key}"\n[drift]\nnotify_age_max = "3660d"\n'
            f'[console]\nlisten = "127.0.0.1:{self.console_port}"\n{console}\n')
        self.process = None

    def start(self):
        self.cli("migrate")
        self.log = open(self.folder / "up.log", "a")
        self.process = subprocess.Popen([self.plumbline, "up", "--config", self.config], stdout=self.log, stderr=self.log,
                                        preexec_fn=dies_with_us)
        wait_for("the edge", lambda: self.ready(self.edge_port))
        wait_for("the console", lambda: self.ready(self.console_port))

    def ready(self, port):
        assert self.process.poll() is None, self.logs()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def logs(self):
        return (self.folder / "up.log").read_text()[-4000:]

    def cli(self, *words):
        done = subprocess.run([self.plumbline, *words, "--config", self.config], capture_output=True, text=True, timeout=PATIENCE_S)
        assert done.returncode == 0, (words, done.stderr, done.stdout)
        return done.stdout

    def tenant(self, slug):
        """Makes it with a key; (id, key id, secret)."""
        self.cli("tenant", "create", slug, "--name", slug.title(), "--retention-days", "3660")
        words = self.cli("key", "create", slug).split()
        return (self.postgres.sql(f"SELECT id FROM plumbline.tenants WHERE slug = '{slug}'"),
                next(w for w in words if w.startswith("key_")), next(w for w in words if w.startswith("whsec_")))

    def push(self, key_id, secret, *files):
        shift = int(time.time()) - 1794301500  # 2026-11-10T09:05:00Z: the newest document is of now
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "XDG_STATE_HOME": str(self.folder / key_id),
                       "PLUMBLINE_ENDPOINT": f"http://127.0.0.1:{self.edge_port}", "PLUMBLINE_KEY_ID": key_id, "PLUMBLINE_SECRET": secret} | SANITIZER

        def pushed():
            done = subprocess.run([self.plumb, "push", "--time-shift-s", str(shift), *files], capture_output=True, text=True,
                                  env=environment, timeout=PATIENCE_S, stdin=subprocess.DEVNULL)
            assert done.returncode == 0 or "401" in done.stderr + done.stdout, done.stderr
            return done.returncode == 0

        wait_for("the push", pushed)

    def setup_link(self, tenant, email, role):
        return self.cli("console", "setup-link", tenant, "--email", email, "--role", role).strip()

    def stop(self):
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
            self.log.close()
        self.postgres.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Browser:
    """Keeps cookies as a browser would for one host; sends the CSRF value once it has one."""

    def __init__(self, installation):
        self.port = installation.console_port
        self.cookies, self.csrf, self.bearer = {}, "any", None

    def ask(self, method, path, body=None, headers=None, form=None):
        sent = dict(headers or {})
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        if self.bearer:
            sent["Authorization"] = "Bearer " + self.bearer
        if method != "GET" and self.csrf:
            sent.setdefault("X-Plumbline-CSRF", self.csrf)
        raw = None
        if form is not None:
            raw, sent["Content-Type"] = form.encode(), "application/x-www-form-urlencoded"
        elif body is not None:
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        connection.request(method, path, raw, sent)
        response = connection.getresponse()
        answer = Answer(response.status, response.getheaders(), response.read())
        connection.close()
        for name, value in answer.headers:
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                text = rest.partition(";")[0]
                if text:
                    self.cookies[key] = text
                else:
                    self.cookies.pop(key, None)
        return answer

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def sign_in(self, link):
        answer = self.ask("POST", "/auth/setup", {"token": link.partition("#")[2]})
        assert answer.status == 200, answer.body
        self.csrf = self.get("/api/v1/me").json()["csrf"]
        return self
