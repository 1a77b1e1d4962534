#!/usr/bin/env python3
"""Makes secrets and personal data of every format of formats.json and plants them: plant.py FOLDER SEED

Written into FOLDER, each from the seed alone:
  corpus.tsv     kind and the text that must not be seen, one a line
  marker.txt     a text that stands in every place of content (prompts, messages, outputs)
  otlp-N.json    OTLP/HTTP requests: spans and log records
  events.ndjson  native events, and lines that are none
  trace.jsonl    a decision trace, written by the real `atlasbridge` package
  push/          a Rigour report, SARIF, JUnit XML and native events for `plumb push`
"""
import base64
import json
import logging
import math
import random
import string
import sys
import uuid
from collections import Counter
from pathlib import Path
from xml.sax.saxutils import escape

ROUNDS = 7
SPANS_OF_REQUEST = 90
CHARACTERS = {
    "alnum": string.ascii_letters + string.digits, "upper32": string.ascii_uppercase + "234567", "hex": "0123456789abcdef",
    "base64url": string.ascii_letters + string.digits + "_-", "digits": string.digits, "word": string.ascii_lowercase,
}


def entropy_bits(text: str) -> float:
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


class Maker:
    def __init__(self, seed: int):
        self.random = random.Random(seed)

    def some(self, of: str, count: int) -> str:
        text = "".join(self.random.choice(CHARACTERS[of]) for _ in range(count))
        # The issuers' are random; one that ends or begins with a separator could be cut there by a reader.
        return text if of != "base64url" else "a" + text[1:-1] + "9"

    def card(self) -> str:
        front = self.random.choice(["4", "51", "2221", "37", "6011", "3530"])
        digits = front + self.some("digits", (14 if front == "37" else 15) - len(front))
        total = 0
        for i, digit in enumerate(reversed(digits)):
            value = int(digit) * (2 if i % 2 == 0 else 1)
            total += value - 9 if value > 9 else value
        return digits + str(-total % 10)

    def iban(self) -> str:
        account = self.some("digits", 18)
        return f"DE{98 - int(account + '131400') % 97:02}{account}"

    def jwt(self) -> str:
        def part(text):
            return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
        header, body = part('{"alg":"HS256","typ":"JWT"}'), part(json.dumps({"sub": self.some("alnum", 12), "exp": 1999999999}))
        return f"{header}.{body}.{self.some('base64url', 43)}"

    def pem(self) -> tuple[str, str]:
        block, label = self.some("alnum", 64), "PRIVATE" + " KEY-----"
        return f"-----BEGIN {label}\n{block}\n{self.some('alnum', 40)}\n-----END {label}", block

    def example(self, entry: dict) -> tuple[str, str]:
        """The whole, and what of it must not be seen."""
        whole, core = "", ""
        for part in entry["parts"]:
            if isinstance(part, str):
                whole += part
            elif part.get("made") == "pem":
                return self.pem()
            elif "made" in part:
                whole += getattr(self, part["made"])()
            else:
                text = self.some(part["of"], part["count"])
                whole += text
                core = text if part.get("core") else core
        return whole, core or whole


def nested(secret: str) -> str:
    return json.dumps({"steps": [{"args": json.dumps({"value": f"v {secret} w"})}]})


def attribute(key: str, value) -> dict:
    if isinstance(value, dict):
        return {"key": key, "value": {"kvlistValue": {"values": [attribute(k, v) for k, v in value.items()]}}}
    if isinstance(value, list):
        return {"key": key, "value": {"arrayValue": {"values": [attribute("", v)["value"] for v in value]}}}
    return {"key": key, "value": {"stringValue": value}}


def otlp_requests(secrets: list, marker: str) -> list[dict]:
    requests = []
    for first in range(0, len(secrets), SPANS_OF_REQUEST):
        spans, records = [], []
        for number, secret in enumerate(secrets[first:first + SPANS_OF_REQUEST], first):
            message = json.dumps([{"role": "user", "parts": [{"type": "text", "content": f"{marker} {secret}"}]}])
            attributes = {
                "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.input.messages": message,
                "gen_ai.prompt.0.content": f"{marker} {secret}", "gen_ai.completion": f"{secret} {marker}", "deploy.note": f"use {secret} now",
                "code.file.path": f"src/{secret}", "tool.meta": {"list": [{"deep": [f"x {secret}"]}]}, "json.text": nested(secret),
                "lines": f"a\n{secret}\nb", secret: "1",
            }
            spans.append({
                "traceId": f"{number + 1:032x}", "spanId": f"{number + 1:016x}", "name": f"chat {secret}", "kind": 3,
                "startTimeUnixNano": "1730534400000000000", "endTimeUnixNano": "1730534401000000000",
                "status": {"code": 2, "message": f"{marker} {secret}"}, "attributes": [attribute(k, v) for k, v in attributes.items()],
                "events": [{"name": "exception", "timeUnixNano": "1730534400500000000",
                            "attributes": [attribute("exception.message", f"{secret}"), attribute("gen_ai.event.content", f"{marker} {secret}")]}],
            })
            records.append({
                "timeUnixNano": "1730534400000000000", "eventName": "gen_ai.user.message", "body": {"stringValue": f"{marker} {secret}"},
                "attributes": [attribute("note", secret), attribute("prompt", f"{marker} {secret}")],
            })
        resource = {"attributes": [attribute("service.name", "planted"), attribute("host.note", secrets[first])]}
        scope = {"name": "planting"}
        requests.append({"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": scope, "spans": spans}]}],
                         "resourceLogs": [{"resource": resource, "scopeLogs": [{"scope": scope, "logRecords": records}]}]})
    return requests


def report_of(secret: str, marker: str) -> dict:
    return {"status": "FAIL", "summary": {"lint": "FAIL", "ARCH_BOUNDARY": "FAIL"}, "stats": {"duration_ms": 5, "score": 50}, "failures": [
        {"id": "lint", "title": "Lint Check Failed", "details": f"{marker} {secret}", "severity": "high"},
        {"id": "layers", "title": f"Layer crossed by {secret}", "details": f"imports {secret}", "severity": "high", "files": [f"src/{secret}"]}]}


def native_events(secrets: list, marker: str, label: str) -> list[str]:
    lines = []

    def add(kind, data, **more):
        identity = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{label}/{len(lines)}/{secrets[0]}"))
        lines.append(json.dumps({"id": identity, "kind": kind, "time": "2024-11-02T09:00:00Z", "agent": label} | more | {"data": data}))
    for secret in secrets:
        add("span", {"name": f"tool {secret}", "attributes": {"note": secret, "nested": {"list": [{"deep": f"x {secret} y"}]}, "text": nested(secret),
                                                              "prompt": f"{marker} {secret}", "body": {"stdout": f"{marker} {secret}"}}})
        add("decision", {"action_type": "auto_reply", "action_value": f"{marker} {secret}", "explanation": f"{secret} {marker}",
                         "matched_rule_id": f"rule {secret}"})
        add("report", report_of(secret, marker), repo="acme/shop")
        add("session", {"event": "end", "tool": f"cli --config {secret}"})
    return lines


def write_trace(path: Path, secrets: list, marker: str) -> None:
    import structlog
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    from atlasbridge.core.autopilot.trace import DecisionTrace

    class Decision:
        def __init__(self, number: int, secret: str):
            self.number, self.secret = number, secret

        def to_dict(self) -> dict:
            return {"timestamp": f"2024-11-02T09:{self.number // 60 % 60:02}:{self.number % 60:02}+00:00", "idempotency_key": f"{self.number:016x}",
                    "prompt_id": f"p{self.number}", "session_id": "s", "action_type": "auto_reply", "action_value": f"{marker} {self.secret}",
                    "explanation": f"{marker} because {self.secret}", "matched_rule_id": f"allow {self.secret}", "confidence": "high"}
    trace = DecisionTrace(path)
    for number, secret in enumerate(secrets):
        trace.record(Decision(number, secret))


def write_pushed(folder: Path, secrets: list, marker: str) -> None:
    folder.mkdir()
    report = report_of(secrets[0], marker)
    for secret in secrets[1:]:
        report["failures"] += report_of(secret, marker)["failures"]
    (folder / "rigour.json").write_text(json.dumps(report))
    results = [{"ruleId": "layers", "level": "error", "message": {"text": f"imports {secret} here"},
                "locations": [{"physicalLocation": {"artifactLocation": {"uri": f"src/{secret}"}, "region": {"snippet": {"text": f"{marker} {secret}"}}}}]}
               for secret in secrets]
    (folder / "lint.sarif").write_text(json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "planted"}}, "results": results}]}))
    cases = "".join(f"<testcase name='{escape(s, {chr(39): '&apos;'})}'><failure message='x'>{escape(s)}</failure></testcase>" for s in secrets)
    (folder / "junit.xml").write_text(f"<testsuite name='planted'>{cases}</testsuite>")
    (folder / "events.ndjson").write_text("\n".join(native_events(secrets, marker, "pushed")) + "\n")


def main() -> None:
    folder, seed = Path(sys.argv[1]), int(sys.argv[2])
    make = Maker(seed)
    formats = json.loads((Path(__file__).parent / "formats.json").read_text())
    corpus = []
    for entry in formats * ROUNDS:
        example = make.example(entry)
        # Some have a thousand values, and two alike are one event. And one random text in some thousands repeats so many characters that it
        # can't be told from a path.
        while any(example[0] == whole for _, whole, _ in corpus) or (entry["kind"] == "high_entropy" and entropy_bits("src/" + example[0]) < 4.5):
            example = make.example(entry)
        corpus.append((entry["kind"], *example))
    secrets = [whole for _, whole, _ in corpus]
    marker = f"Vera Quill of row {seed} says"
    (folder / "corpus.tsv").write_text("".join(f"{kind}\t{core}\n" for kind, _, core in corpus))
    (folder / "marker.txt").write_text(marker)
    for number, request in enumerate(otlp_requests(secrets, marker)):
        for signal in ("Spans", "Logs"):
            (folder / f"otlp-{signal}-{number}.json").write_text(json.dumps({f"resource{signal}": request[f"resource{signal}"]}))
    broken = [f'{{"kind":"span","note":"{core}"}}' for _, _, core in corpus[:40]] + [f"no json {core}" for _, _, core in corpus[40:80]]
    (folder / "events.ndjson").write_text("\n".join(native_events(secrets, marker, "tailed") + broken) + "\n")
    write_trace(folder / "trace.jsonl", secrets, marker)
    write_pushed(folder / "push", secrets, marker)
    print(len(corpus))


if __name__ == "__main__":
    main()
