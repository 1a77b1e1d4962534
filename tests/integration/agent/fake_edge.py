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

SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
DEADLINE_S = 60
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
        assert self.headers["plumbline-key"] == "key_test"
        edge = self.server
        with _lock:
            verify_bytes(raw, self.headers)
            edge.requests.append((self.path, time.monotonic()))
            answer = edge.script.pop(0) if edge.script else None
            if answer is None:
                lines = gzip.decompress(raw).splitlines()
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


def verify_bytes(raw: bytes, headers) -> None:
    """The package's own check. It takes text only, and a gzip body is none: latin-1 carries the bytes as far as its HMAC."""
    text = raw.decode("latin-1")
    marker = text.encode()
    original = package.hmac_data
    try:
        package.hmac_data = lambda key, data: original(key, data.replace(marker, raw))
        package.Webhook(SECRET).verify(text, dict(headers), json_parse=False)
    finally:
        package.hmac_data = original


class Agent:
    """`plumb agent run` in a folder of its own; started again as often as one likes."""

    def __init__(self, plumb: str, folder: Path, config: str, edge: Edge | None = None, port: int = 0):
        self.plumb, self.folder, self.process = plumb, folder, None
        (folder / "secret").write_text(SECRET + "\n")
        (folder / "secret").chmod(0o600)
        url = edge.url if edge else f"http://127.0.0.1:{port}"
        (folder / "agent.toml").write_text(
            f'state_folder = "state"\ntail_interval = "20ms"\n{config}\n[edge]\nendpoint = "{url}"\nkey_id = "key_test"\n'
            'secret_file = "secret"\n[send]\nbackoff_first = "20ms"\nbackoff_longest = "200ms"\n')

    def start(self):
        self.log = open(self.folder / "agent.log", "ab")
        self.process = subprocess.Popen([self.plumb, "agent", "run", "--config", str(self.folder / "agent.toml")],
                                        env={"HOME": str(self.folder), "PATH": os.environ["PATH"]}, stdout=self.log, stderr=self.log)
        self.log.close()
        wait_for(lambda: self.process.poll() is not None or self.command("status").returncode == 0, "the agent runs", self.output)
        assert self.process.poll() is None, self.output()

    def command(self, *words: str) -> subprocess.CompletedProcess:
        return subprocess.run([self.plumb, "agent", *words, "--config", str(self.folder / "agent.toml")], capture_output=True, text=True,
                              env={"HOME": str(self.folder), "PATH": os.environ["PATH"]}, timeout=60)

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
