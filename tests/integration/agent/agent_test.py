"""`plumb agent` as its user has it: real files, the real `atlasbridge` package writing its trace, kills, an edge that is away."""

import base64
import gzip
import json
import logging
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
from datetime import datetime, timezone
from http.client import HTTPConnection
from pathlib import Path

import structlog

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))

from atlasbridge.core.autopilot.trace import DecisionTrace  # noqa: E402

from atlasbridge.core.store.database import Database  # noqa: E402
from fake_edge import SANITIZER, Agent, Edge, wait_for  # noqa: E402

DATA = Path(__file__).parents[2] / "data" / "real"
PLUMB = sys.argv.pop(1)


class Decision:
    """What the package's trace writer asks of a decision."""

    def __init__(self, number: int):
        self.number = number

    def to_dict(self) -> dict:
        return {"timestamp": f"2026-11-02T09:{self.number // 60 % 60:02}:{self.number % 60:02}+00:00", "idempotency_key": f"{self.number:016x}",
                "prompt_id": f"p{self.number}", "session_id": "s", "action_type": "auto_reply", "action_value": f"secret answer {self.number}",
                "explanation": "Ümlaut 日本 because", "confidence": "high", "risk_score": 1}


def native(number: int, **data) -> str:
    return json.dumps({"id": f"00000000-0000-4000-8000-{number:012x}", "kind": "span", "time": "2026-11-02T09:00:00Z", "agent": "n",
                       "data": {"name": "chat"} | data})


class AgentTest(unittest.TestCase):
    def setUp(self):
        self.edge = Edge()
        self.addCleanup(self.edge.close)
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        (self.folder / "in").mkdir()

    def agent(self, config: str, **where) -> Agent:
        agent = Agent(PLUMB, self.folder, config, **(where or {"edge": self.edge}))
        self.addCleanup(agent.kill)
        return agent

    def arrives(self, count: int, agent: Agent):
        wait_for(lambda: len(self.edge.events) >= count, f"{count} events", lambda: f"{len(self.edge.events)}\n{agent.output()}\n{agent.status()}")
        self.assertEqual(len(self.edge.events), count)
        self.assertEqual(self.edge.conflicts, [])

    def test_the_real_package_writes_across_rotations_while_the_agent_is_killed(self):
        seed = random.randrange(1 << 30)
        print("seed", seed, file=sys.stderr)
        rng = random.Random(seed)
        path = self.folder / "in" / "autopilot_decisions.jsonl"
        agent = self.agent(f'[[tail]]\npath = "{path}"\nformat = "atlasbridge"\nagent = "laptop"\n')
        trace = DecisionTrace(path, max_bytes=20000)
        agent.start()
        number = kills = 0
        while kills < 12:
            for _ in range(rng.randrange(1, 30)):
                trace.record(Decision(number))
                number += 1
            # Less than the three archives hold may be unread (each some 40): what the package deletes nobody can send.
            wait_for(lambda: len(self.edge.events) + 30 >= number, "the agent keeps up", agent.output)
            if rng.random() < 0.5:
                agent.kill()
                kills += 1
                for _ in range(rng.randrange(30)):
                    trace.record(Decision(number))
                    number += 1
                agent.start()
        self.arrives(number, agent)
        by_hash = {e["data"]["hash"]: e["data"] for e in self.edge.events.values()}
        starts = 0
        for data in by_hash.values():
            starts += data["prev_hash"] == ""
            self.assertTrue(data["prev_hash"] == "" or data["prev_hash"] in by_hash, "a link is missing")
            self.assertNotIn("action_value", data)
        self.assertGreater(starts, 2, "it rotated")
        self.assertEqual(agent.stop(), 0)

    def test_it_sends_what_push_sends(self):
        shutil.copy(DATA / "agent-0.jsonl", self.folder / "in" / "agent-0.jsonl")
        agent = self.agent('[[tail]]\npath = "in/agent-0.jsonl"\n')
        agent.start()
        entries = len((DATA / "agent-0.jsonl").read_text().splitlines())
        self.arrives(entries, agent)
        before = dict(self.edge.lines)
        done = subprocess.run([PLUMB, "push", str(DATA / "agent-0.jsonl")], capture_output=True,
                              env={"HOME": str(self.folder), "PATH": os.environ["PATH"], "PLUMBLINE_ENDPOINT": self.edge.url,
                                   "PLUMBLINE_KEY_ID": "key_test", "PLUMBLINE_SECRET_FILE": str(self.folder / "secret")} | SANITIZER)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.edge.lines, before)
        self.assertEqual(self.edge.conflicts, [])

    def test_partial_lines_wait_and_truncated_files_are_read_anew(self):
        path = self.folder / "in" / "events.ndjson"
        agent = self.agent(f'[[tail]]\npath = "{path}"\nformat = "ndjson"\n')
        agent.start()
        line = native(1)
        path.write_text(native(0) + "\n" + line[:30])
        self.arrives(1, agent)
        with path.open("a") as file:
            file.write(line[30:] + "\n" + "not json\n" + native(2) + "\n")
        self.arrives(3, agent)
        wait_for(lambda: agent.status()["rejected"] == 1, "the broken line is counted")
        path.write_text(native(3) + "\n")  # shorter than what was read
        self.arrives(4, agent)
        path.unlink()
        path.write_text("".join(native(n) + "\n" for n in range(4, 30)))
        self.arrives(30, agent)

    def test_an_edge_that_is_away_or_busy_loses_nothing(self):
        path = self.folder / "in" / "events.ndjson"
        path.write_text("".join(native(n) + "\n" for n in range(50)))
        port = self.edge.server_port
        self.edge.close()
        agent = self.agent(f'[[tail]]\npath = "{path}"\nformat = "ndjson"\n', port=port)
        agent.start()
        wait_for(lambda: agent.status().get("spool", {}).get("waiting") == 50 and agent.status()["send"]["attempts"] > 2, "it spools and tries", agent.output)
        self.edge = Edge(port)
        self.edge.script = [(503, {"Retry-After": "1"}, {"title": "busy"}), (401, {}, {"detail": "check the clock"}), (429, {"Retry-After": "1"}, {})]
        self.arrives(50, agent)
        times = [at for _, at in self.edge.requests]
        self.assertGreaterEqual(times[1] - times[0], 1, "Retry-After is honoured")
        wait_for(lambda: agent.status()["spool"]["waiting"] == 0, "all is delivered")
        self.assertEqual(agent.status()["spool"]["dropped"], 0)
        self.assertEqual(agent.status()["send"]["error"], "")

    def test_what_the_edge_refuses_is_kept_aside_and_found_in_a_bad_batch(self):
        path = self.folder / "in" / "events.ndjson"
        self.edge.judge = lambda event: "time_before_retention" if event["id"].endswith("7") else None
        self.edge.script = [(413, {}, {"detail": "too large"})] * 3
        path.write_text("".join(native(n) + "\n" for n in range(24)))
        agent = self.agent(f'[[tail]]\npath = "{path}"\nformat = "ndjson"\n')
        agent.start()
        self.arrives(22, agent)
        wait_for(lambda: agent.status()["rejected"] == 2, "both are counted")
        reasons = [json.loads(line) for line in (self.folder / "state" / "rejected.ndjson").read_text().splitlines()]
        self.assertEqual([r["reason"] for r in reasons], ["time_before_retention"] * 2)
        self.assertEqual(reasons[0]["event"]["id"][-1], "7")

    def test_events_ahead_of_the_edges_clock_wait_for_it(self):
        path = self.folder / "in" / "events.ndjson"
        self.edge.judge = lambda event: "time_ahead" if event["id"].endswith("7") else None
        path.write_text("".join(native(n) + "\n" for n in range(10)))
        agent = self.agent(f'[[tail]]\npath = "{path}"\nformat = "ndjson"\n')
        agent.start()
        self.arrives(9, agent)
        wait_for(lambda: agent.status()["send"]["deferred"] == 1, "it is kept")
        self.assertEqual(agent.stop(), 0)
        self.edge.judge = lambda event: None
        agent.start()
        self.arrives(10, agent)

    def test_a_key_that_is_rotated_signs_without_a_restart(self):
        path = self.folder / "in" / "events.ndjson"
        agent = self.agent(f'[[tail]]\npath = "{path}"\nformat = "ndjson"\n', edge=self.edge, by_profile=True)
        path.write_text("".join(native(i) + "\n" for i in range(10)))
        agent.start()
        self.arrives(10, agent)
        self.assertEqual(agent.status()["key_id"], "key_test")
        # The old key is over at once; what waits is signed by the new one as soon as it is there.
        fresh = "whsec_" + base64.b64encode(bytes(range(32, 64))).decode()
        self.edge.keys = {"key_fresh": fresh}
        with path.open("a") as file:
            file.write("".join(native(i) + "\n" for i in range(10, 20)))
        wait_for(lambda: agent.status()["send"]["attempts"] > 0, "the old key is refused", agent.output)
        # A file that is half written is no reason to end, nor to sign with nothing.
        credentials = self.folder / ".config" / "plumbline" / "credentials"
        credentials.write_text(f"endpoint = {self.edge.url}\nkey_id = key_fresh\n")
        wait_for(lambda: "the key before it stays in use" in agent.status()["key_error"], "it says so", agent.output)
        self.assertIn("no secret", agent.command("status").stdout)
        agent.sign_in("key_fresh", fresh)
        self.arrives(20, agent)
        wait_for(lambda: agent.status()["key_id"] == "key_fresh" and agent.status()["key_error"] == "", "it says which key signs", agent.output)
        self.assertGreater(self.edge.signed_by["key_fresh"], 0)
        self.assertEqual(agent.stop(), 0)

    def test_a_full_spool_stops_reading_and_goes_on(self):
        path = self.folder / "in" / "events.ndjson"
        self.edge.script = [(503, {"Retry-After": "3600"}, {})]
        path.write_text("".join(native(n, attributes={"x": "word " * 800}) + "\n" for n in range(600)))
        agent = self.agent(f'spool = {{ bytes_max = "1MiB" }}\n[[tail]]\npath = "{path}"\nformat = "ndjson"\n')
        agent.start()
        wait_for(lambda: agent.status().get("tails") and "spool.bytes_max" in agent.status()["tails"][0]["error"], "the tail waits", agent.output)
        status = agent.status()
        self.assertGreater(status["tails"][0]["behind_bytes"], 0)
        self.assertLessEqual(status["spool"]["bytes"], 1 << 20)
        agent.kill()  # it would wait an hour
        agent.start()
        self.arrives(600, agent)

    def test_http_and_unix_socket_acknowledge_what_is_on_disk(self):
        port = self.edge.server_port
        self.edge.close()
        socket_path = self.folder / "in" / "s"
        agent = self.agent(f'listen = {{ http = "127.0.0.1:0", unix = "{socket_path}" }}\n', port=port)
        agent.start()
        wait_for(lambda: agent.status().get("http_port"), "it says its port")
        http = agent.status()["http_port"]

        def post(body: bytes, path="/ingest", **fields):
            connection = HTTPConnection("127.0.0.1", http, timeout=60)
            connection.request("POST", path, body, {"content-type": "application/x-ndjson"} | fields)
            answer = connection.getresponse()
            self.addCleanup(connection.close)
            return answer.status, json.loads(answer.read())

        status, answer = post((native(0) + "\n{}\n" + native(1)).encode())
        self.assertEqual((status, answer["accepted"], answer["rejected"][0]["index"], answer["rejected"][0]["reason"]), (202, 2, 1, "schema"))
        self.assertEqual(post(gzip.compress(native(2).encode()), **{"content-encoding": "gzip"})[0], 202)
        self.assertEqual(post(b"nonsense")[0], 422)
        self.assertEqual(post(native(9).encode(), origin="https://evil.example")[0], 403)
        self.assertEqual(post(native(9).encode(), host="evil.example")[0], 403)
        self.assertEqual(post(native(9).encode(), **{"content-type": "text/plain"})[0], 415)
        self.assertEqual(post(b"", path="/x")[0], 404)

        self.assertEqual(socket_path.stat().st_mode & 0o777, 0o600)
        client = socket.socket(socket.AF_UNIX)
        self.addCleanup(client.close)
        client.settimeout(60)
        client.connect(str(socket_path))
        client.sendall((native(3) + "\nbroken\n\n" + native(4, attributes={"to": "jo@corp.net"})).encode())
        answers = client.makefile()
        self.addCleanup(answers.close)
        self.assertEqual(json.loads(answers.readline()), {"line": 1, "status": "accepted"})
        self.assertEqual(json.loads(answers.readline())["reason"], "invalid_json")
        client.sendall(b"\n")
        self.assertEqual(json.loads(answers.readline()), {"line": 4, "status": "accepted"})
        client.close()

        agent.kill()
        for file in (self.folder / "state").rglob("*"):
            self.assertNotIn(b"jo@corp.net", file.read_bytes() if file.is_file() else b"", "nothing but what may leave is spooled")
        agent.start()
        self.edge = Edge(port)
        self.arrives(5, agent)
        self.assertEqual(self.edge.events["00000000-0000-4000-8000-000000000004"]["data"]["attributes"], {"to": "[redacted:email]"})
        self.assertEqual(agent.stop(), 0)
        self.assertFalse(socket_path.exists())

    def test_a_full_spool_says_so_to_who_sends(self):
        port = self.edge.server_port
        self.edge.close()
        agent = self.agent('listen = { http = "127.0.0.1:0" }\nspool = { bytes_max = "1MiB" }\n', port=port)
        agent.start()
        wait_for(lambda: agent.status().get("http_port"), "it says its port")
        sent = 0
        while True:
            connection = HTTPConnection("127.0.0.1", agent.status()["http_port"], timeout=60)
            self.addCleanup(connection.close)
            connection.request("POST", "/ingest", native(sent, attributes={"x": "word " * 40000}), {"content-type": "application/json"})
            answer = connection.getresponse()
            if answer.status != 202:
                break
            sent += 1
        self.assertEqual((answer.status, answer.headers["retry-after"]), (503, "5"))
        self.assertIn("bytes_max", json.loads(answer.read())["detail"])
        wait_for(lambda: agent.status()["spool"]["refused"] == 1, "it is counted", agent.output)
        self.edge = Edge(port)
        self.arrives(sent, agent)

    def test_sessions_of_the_real_store_arrive_once_each_and_no_prompt_does(self):
        path = self.folder / "in" / "atlasbridge.db"
        agent = self.agent(f'[[atlasbridge]]\nstore = "{path}"\nagent = "laptop"\ninterval = "1s"\n')
        agent.start()
        wait_for(lambda: agent.status().get("stores"), "a store that is not there is looked for")
        self.assertEqual(agent.status()["stores"][0]["error"], "")
        store = Database(path)
        store.connect()
        self.addCleanup(store.close)
        store.save_session("s-1", "claude", ["claude", "--secret-flag"], "/somewhere", "my label")
        self.arrives(1, agent)
        for n in range(3):
            store.save_prompt(f"p-{n}", "s-1", "yes_no", "high", "Delete the customer table?", f"nonce{n}", "2099-01-01T00:00:00+00:00")
        wait_for(lambda: any(e["data"].get("counts", {}).get("prompts") == 3 for e in self.edge.events.values()), "a heartbeat", agent.output)
        store.update_session("s-1", status="completed", ended_at=datetime.now(timezone.utc).isoformat(), exit_code=0)
        wait_for(lambda: any(e["data"]["event"] == "end" for e in self.edge.events.values()), "the end", agent.output)
        end = next(e for e in self.edge.events.values() if e["data"]["event"] == "end")
        self.assertEqual((end["session"], end["agent"], end["data"]["tool"], end["data"]["counts"]["prompts"]), ("s-1", "laptop", "claude", 3))
        before = dict(self.edge.lines)
        agent.kill()
        requests = len(self.edge.requests)
        agent.start()
        wait_for(lambda: len(self.edge.requests) > requests, "a new agent sends what is there")
        self.assertEqual({k: v for k, v in self.edge.lines.items() if k not in before}, {})
        self.assertEqual(self.edge.conflicts, [])
        for line in self.edge.lines.values():
            for secret in (b"customer", b"secret-flag", b"somewhere", b"my label"):
                self.assertNotIn(secret, line)

    def test_doctor_names_what_is_wrong(self):
        path = self.folder / "in" / "events.ndjson"
        agent = self.agent(f'[[tail]]\npath = "{path}"\nformat = "ndjson"\n')

        def doctor() -> tuple[int, str]:
            done = subprocess.run([PLUMB, "doctor", "--config", str(self.folder / "agent.toml")], capture_output=True, text=True,
                                  env={"HOME": str(self.folder), "PATH": os.environ["PATH"]} | SANITIZER)
            return done.returncode, done.stdout

        self.edge.script = [(400, {}, {"detail": "empty"})]
        code, said = doctor()
        self.assertEqual(code, 1)
        self.assertIn("FAIL  no agent runs", said)
        self.assertIn("is not there yet", said)
        self.assertIn("clock are taken", said)
        path.write_text(native(1) + "\n")
        agent.start()
        self.arrives(1, agent)
        self.edge.script = [(400, {}, {"detail": "empty"})]
        self.assertEqual(doctor()[0], 0)
        self.edge.script = [(401, {}, {"detail": "signature"})]
        code, said = doctor()
        self.assertEqual(code, 1)
        self.assertIn("this machine's clock", said)

    def test_redact_explains(self):
        done = subprocess.run([PLUMB, "redact", "--explain", "-"], input=native(1, attributes={"gen_ai.prompt": "x", "mail": "jo@corp.net"}),
                              capture_output=True, text=True, env={"HOME": str(self.folder), "PATH": os.environ["PATH"]} | SANITIZER)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["data"]["attributes"], {"mail": "[redacted:email]"})
        self.assertIn('data.attributes."gen_ai.prompt" is dropped (content', done.stderr)
        self.assertIn("data.attributes.mail is masked (email, 11 bytes)", done.stderr)
        self.assertNotIn("jo@", done.stderr)

    def test_usage(self):
        agent = self.agent('[listen]\nhttp = "0.0.0.0:4318"\n')
        done = agent.command("run")
        self.assertEqual(done.returncode, 2)
        self.assertIn("loopback", done.stderr)
        self.assertEqual(self.agent("tails = 1").command("run").returncode, 2)
        agent = self.agent("")
        agent.start()
        second = agent.command("run")
        self.assertEqual(second.returncode, 3)
        self.assertIn("in use by another agent", second.stderr)
        self.assertIn("running", agent.command("status").stdout)
        agent.stop()
        self.assertIn("NOT running", agent.command("status").stdout)


if __name__ == "__main__":
    unittest.main()
