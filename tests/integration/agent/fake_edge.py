"""An edge made of the stock `standardwebhooks` package: checks each signature, keeps events by id, answers by a script."""

import gzip
import json
import os
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import standardwebhooks.webhooks as package
import zstandard

SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
DEADLINE_S = 60
# What a sanitizer is told, also where a test clears the environment: its reports would be lost otherwise.
SANITIZER = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
_lock = threading.Lock()


class Edge(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int = 0):
        self.script: list[tuple[int, dict, dict]] = []  # status, headers, body; then 202 to all
        self.judge = lambda event: None  # a reason to reject an event
        self.events: dict[str, dict] = {}
        self.lines: dict[str, bytes] = {}
        self.conflicts: list[str] = []
        self.requests: list[tuple[str, float]] = []
        self.keys = {"key_test": SECRET}
        self.signed_by: dict[str, int] = {}  # requests that were taken, by key
        super().__init__(("127.0.0.1", port), _Handler)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_):
        pass  # an agent was killed while it sent

    def close(self):
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        raw = self.rfile.read(int(self.headers["content-length"]))
        edge = self.server
        with _lock:
            edge.requests.append((self.path, time.monotonic()))
            key = self.headers["plumbline-key"]
            if key in edge.keys:
                verify_bytes(raw, self.headers, edge.keys[key])
                answer = edge.script.pop(0) if edge.script else None
                edge.signed_by[key] = edge.signed_by.get(key, 0) + 1
            else:
                answer = (401, {}, {"title": "Not signed by a known key", "status": 401})
            if answer is None:
                lines = unpacked(raw, self.headers["content-encoding"]).splitlines()
                rejected = []
                for index, line in enumerate(lines):
                    event = json.loads(line)
                    reason = edge.judge(event)
                    if reason:
                        rejected.append({"index": index, "id": event["id"], "reason": reason})
                        continue
                    if edge.lines.setdefault(event["id"], line) != line:
                        edge.conflicts.append(event["id"])
                    edge.events[event["id"]] = event
                answer = (202, {}, {"accepted": len(lines) - len(rejected), "rejected": rejected})
        body = json.dumps(answer[2]).encode()
        self.send_response(answer[0])
        for name, value in (answer[1] | {"content-length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def unpacked(raw: bytes, encoding: str) -> bytes:
    """The agent sends zstd, in several frames; `plumb push` gzip."""
    if encoding == "gzip":
        return gzip.decompress(raw)
    assert encoding == "zstd", encoding
    return zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True).read()


def verify_bytes(raw: bytes, headers, secret: str) -> None:
    """The package's own check. It takes text only, and a compressed body is none: latin-1 carries the bytes as far as its HMAC."""
    text = raw.decode("latin-1")
    marker = text.encode()
    original = package.hmac_data
    try:
        package.hmac_data = lambda key, data: original(key, data.replace(marker, raw))
        package.Webhook(secret).verify(text, dict(headers), json_parse=False)
    finally:
        package.hmac_data = original


class Agent:
    """`plumb agent run` in a folder of its own; started again as often as one likes."""

    def __init__(self, plumb: str, folder: Path, config: str, edge: Edge | None = None, port: int = 0, by_profile: bool = False):
        self.plumb, self.folder, self.process = plumb, folder, None
        self.url = edge.url if edge else f"http://127.0.0.1:{port}"
        if by_profile:
            self.sign_in("key_test", SECRET)
            where = ""
        else:
            (folder / "secret").write_text(SECRET + "\n")
            (folder / "secret").chmod(0o600)
            where = f'[edge]\nendpoint = "{self.url}"\nkey_id = "key_test"\nsecret_file = "secret"\n'
        (folder / "agent.toml").write_text(f'state_folder = "state"\ntail_interval = "20ms"\n{config}\n{where}'
                                           '[send]\nbackoff_first = "20ms"\nbackoff_longest = "200ms"\n')

    def sign_in(self, key: str, secret: str) -> None:
        """The credentials file as `plumb auth login` leaves it: replaced in one step."""
        folder = self.folder / ".config" / "plumbline"
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / "credentials.new"
        fresh.write_text(f"endpoint = {self.url}\nkey_id = {key}\nsecret = {secret}\n")
        fresh.chmod(0o600)
        fresh.rename(folder / "credentials")

    def start(self):
        self.log = open(self.folder / "agent.log", "ab")
        self.process = subprocess.Popen([self.plumb, "agent", "run", "--config", str(self.folder / "agent.toml")],
                                        env={"HOME": str(self.folder), "PATH": os.environ["PATH"]} | SANITIZER, stdout=self.log, stderr=self.log)
        self.log.close()
        # And its status is its own: the file of the process before tells of that.
        wait_for(lambda: self.process.poll() is not None or (self.command("status").returncode == 0 and self.status().get("pid") == self.process.pid),
                 "the agent runs", self.output)
        assert self.process.poll() is None, self.output()

    def command(self, *words: str) -> subprocess.CompletedProcess:
        return subprocess.run([self.plumb, "agent", *words, "--config", str(self.folder / "agent.toml")], capture_output=True, text=True,
                              env={"HOME": str(self.folder), "PATH": os.environ["PATH"]} | SANITIZER, timeout=60)

    def status(self) -> dict:
        return json.loads(self.command("status", "--json").stdout or "{}")

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(timeout=DEADLINE_S)

    def output(self) -> str:
        return (self.folder / "agent.log").read_text()[-4000:]


def wait_for(holds, what: str, say=lambda: "") -> None:
    end = time.monotonic() + DEADLINE_S
    turn = threading.Event()
    while not holds():
        assert time.monotonic() < end, f"never: {what}\n{say()}"
        turn.wait(0.02)
