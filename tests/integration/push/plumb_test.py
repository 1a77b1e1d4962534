"""`plumb push` and `plumb verify` as a person types them, against a server that checks each request with the stock
`standardwebhooks` package."""

import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import standardwebhooks.webhooks as package

DATA = Path(__file__).parents[2] / "data" / "real"
SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
PLUMB = sys.argv.pop(1)
# What a sanitizer is told, also where a test clears the environment: its reports would be lost otherwise.
SANITIZER = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}


class Edge(HTTPServer):
    """Answers 202 to all, or by a script of (status, headers, body)."""

    def __init__(self):
        self.script: list[tuple[int, dict, dict]] = []
        self.events: list[dict] = []
        self.requests: list[tuple[str, str]] = []  # path and timestamp
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        raw = self.rfile.read(int(self.headers["content-length"]))
        assert self.headers["plumbline-key"] == "key_test"
        verify_bytes(raw, self.headers)
        self.server.requests.append((self.path, self.headers["webhook-timestamp"]))
        answer = self.server.script.pop(0) if self.server.script else None
        if answer is None:
            lines = [json.loads(line) for line in gzip.decompress(raw).splitlines()]
            self.server.events.extend(lines)
            answer = (202, {}, {"accepted": len(lines), "rejected": []})
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


class PlumbTest(unittest.TestCase):
    def setUp(self):
        self.edge = Edge()
        thread = threading.Thread(target=self.edge.serve_forever, daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.edge.server_close)
        self.addCleanup(self.edge.shutdown)
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        (self.folder / "secret").write_text(SECRET + "\n")

    def plumb(self, *arguments: str, stdin: bytes | None = None) -> subprocess.CompletedProcess:
        environment = {"HOME": str(self.folder), "PATH": os.environ["PATH"]} | SANITIZER
        if "push" in arguments:
            environment |= {"PLUMBLINE_ENDPOINT": f"http://127.0.0.1:{self.edge.server_port}", "PLUMBLINE_KEY_ID": "key_test",
                            "PLUMBLINE_SECRET_FILE": str(self.folder / "secret")}
        done = subprocess.run([PLUMB, *arguments], env=environment, input=stdin, capture_output=True, timeout=120)
        done.text = (done.stdout + done.stderr).decode()
        return done

    def copy(self, name: str) -> Path:
        return Path(shutil.copy(DATA / name, self.folder))

    def test_all_real_input_arrives_and_a_second_push_brings_the_same_ids(self):
        done = self.plumb("push", str(DATA))
        self.assertEqual(done.returncode, 0, done.text)
        first = {e["id"] for e in self.edge.events}
        self.assertEqual(len(first), 391)
        self.assertEqual(sum(e["kind"] == "report" for e in self.edge.events), 20)
        self.assertEqual(self.plumb("push", str(DATA)).returncode, 0)
        self.assertEqual(len(self.edge.events), 782)
        self.assertEqual({e["id"] for e in self.edge.events}, first)
        lines = {json.dumps(e, sort_keys=True) for e in self.edge.events}
        self.assertEqual(len(lines), 391, "a resend repeats all of an event")
        data = [e["data"] for e in self.edge.events if e["kind"] == "decision"]
        self.assertFalse(any("action_value" in d or "explanation" in d for d in data))

    def test_content_travels_only_when_asked(self):
        self.assertEqual(self.plumb("push", "--include-content", str(DATA / "agent-0.jsonl")).returncode, 0)
        self.assertTrue(all("action_value" in e["data"] for e in self.edge.events))

    def test_it_redacts_as_the_agent_does(self):
        line = {"id": "00000000-0000-4000-8000-000000000001", "kind": "span", "time": "2026-11-02T09:00:00Z", "agent": "n",
                "data": {"name": "chat", "attributes": {"gen_ai.prompt": "call jo@corp.net", "to": "jo@corp.net", "user.name": "jo"}}}
        path = self.folder / "events.ndjson"
        path.write_text(json.dumps(line) + "\n")
        self.assertEqual(self.plumb("push", str(path)).returncode, 0)
        self.assertEqual(self.edge.events.pop()["data"]["attributes"], {"to": "[redacted:email]", "user.name": "jo"})
        self.assertEqual(self.plumb("push", "--include-content", str(path)).returncode, 0)
        self.assertEqual(self.edge.events.pop()["data"]["attributes"]["gen_ai.prompt"], "call [redacted:email]")
        # The agent's own rules, where it has some: the same event must be the same bytes by either way.
        config = self.folder / ".config" / "plumbline" / "agent.toml"
        config.parent.mkdir(parents=True)
        config.write_text('[redaction]\nallow = ["*@corp.net"]\n[[redaction.rule]]\npath = \'data.attributes."user.name"\'\naction = "drop"\n')
        self.assertEqual(self.plumb("push", str(path)).returncode, 0)
        self.assertEqual(self.edge.events.pop()["data"]["attributes"], {"to": "jo@corp.net"})
        config.write_text("[redaction]\nallow = 7\n")
        done = self.plumb("push", str(path))
        self.assertEqual((done.returncode, self.edge.events), (2, []), "rules that can't be read let nothing leave")
        self.assertIn("redaction.allow", done.text)

    def test_what_the_edge_would_refuse_is_named_and_not_sent(self):
        path = self.folder / "events.ndjson"
        good = {"id": "00000000-0000-4000-8000-000000000001", "kind": "span", "time": "2026-11-02T09:00:00Z", "agent": "n", "data": {"name": "chat"}}
        path.write_text(json.dumps(good | {"kind": "spam", "note": "jo@corp.net"}) + "\n" + json.dumps(good) + "\n")
        done = self.plumb("push", "--kind", "ndjson", str(path))
        self.assertEqual((done.returncode, len(self.edge.events)), (1, 1), done.text)
        self.assertRegex(done.text, "line 1, id 00000000-0000-4000-8000-000000000001 is rejected: .*kind")
        self.assertIn("2 events: 1 accepted, 1 rejected", done.text)
        self.assertNotIn("jo@", done.text)

    def test_the_users_labels_and_standard_input(self):
        report = json.dumps(json.loads((DATA / "rigour-reports.ndjson").read_text().splitlines()[0])["report"], indent=1)
        done = self.plumb("push", "--repo", "r", "--branch", "b", "--commit", "c", "--version", "v", "--agent", "a", "--time",
                          "2026-11-02T09:00:00Z", "-", stdin=report.encode())
        self.assertEqual(done.returncode, 0, done.text)
        (event,) = self.edge.events
        self.assertEqual([event[k] for k in ("repo", "branch", "commit", "version", "agent", "time", "kind")],
                         ["r", "b", "c", "v", "a", "2026-11-02T09:00:00.000000Z", "report"])
        self.assertEqual(event["data"], json.loads(report))

    def test_a_busy_edge_is_asked_again_as_it_wishes(self):
        self.edge.script = [(503, {"Retry-After": "2"}, {"title": "busy"}), (429, {"Retry-After": "1"}, {})]
        done = self.plumb("push", str(DATA / "agent-1.jsonl"))
        self.assertEqual(done.returncode, 0, done.text)
        self.assertEqual(len(self.edge.events), 103)
        times = [int(t) for _, t in self.edge.requests]
        self.assertGreaterEqual(times[1] - times[0], 1)
        self.assertGreater(times[2], times[0], "signed anew")

    def test_rejections_are_named(self):
        self.edge.script = [(202, {}, {"accepted": 102, "rejected": [{"index": 7, "id": "the-id", "reason": "schema"}]})]
        done = self.plumb("push", str(DATA / "agent-1.jsonl"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("line 8, index 7, id the-id is rejected: schema", done.text)

    def test_exit_codes_of_usage_and_delivery(self):
        self.assertEqual(self.plumb("push").returncode, 2)
        self.assertEqual(self.plumb("nonsense").returncode, 2)
        self.assertEqual(self.plumb("push", "nowhere.json").returncode, 2)
        self.assertEqual(self.plumb("push", "--time", "yesterday", str(DATA)).returncode, 2)
        self.assertEqual(self.plumb("push", "--key-id", "key_test", "--secret-file", "/nowhere", str(DATA)).returncode, 2)
        self.edge.script = [(401, {}, {"detail": "check the key"})]
        done = self.plumb("push", str(DATA / "agent-1.jsonl"))
        self.assertEqual(done.returncode, 3)
        self.assertIn("check the key", done.text)
        self.assertRegex(self.plumb("--version").text, r"^plumb \d+\.\d+\.\d+\n$")

    def test_broken_chains_and_lost_tails(self):
        path = self.copy("agent-2.jsonl")
        self.assertEqual(self.plumb("push", str(path)).returncode, 0)
        self.assertEqual(self.plumb("verify", str(path)).returncode, 0)
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(lines[:-1]))
        lost = self.plumb("verify", str(path))
        self.assertEqual(lost.returncode, 4)
        self.assertIn("tail_missing", lost.text)
        path.write_bytes(b"".join(lines[:5] + lines[6:]))
        sent = len(self.edge.events)
        broken = self.plumb("push", str(path))
        self.assertEqual(broken.returncode, 4)
        self.assertIn(":6: gap", broken.text)
        self.assertEqual(len(self.edge.events), sent)
        self.assertEqual(self.plumb("push", "--allow-broken", str(path)).returncode, 4)
        self.assertGreater(len(self.edge.events), sent)

    def test_a_credentials_file_that_others_can_read_is_refused(self):
        config = self.folder / ".config" / "plumbline"
        config.mkdir(parents=True)
        (config / "credentials").write_text("endpoint = http://127.0.0.1:1\nkey_id = k\nsecret = " + SECRET + "\n")
        (config / "credentials").chmod(0o644)
        done = self.plumb("push", str(DATA))
        self.assertEqual(done.returncode, 2)
        self.assertIn("chmod 600", done.text)


if __name__ == "__main__":
    unittest.main()
