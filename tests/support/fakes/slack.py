#!/usr/bin/env python3
"""Slack for tests and demonstrations, on loopback, standard library only.

    slack.py --port 0 --port-file PORT [--out FILE] [--rate 1.0] [--token xoxb-fake]

Speaks what docs.slack.dev documents: POST /services/... (incoming webhook), /api/chat.postMessage and /api/chat.update, with
Block Kit's limits (50 blocks, 150 characters of a header, 3,000 of a text object, 10 fields of 2,000, 10 elements of a context),
one message a second a channel (429 with Retry-After; --rate 0 turns it off). What it took is kept: GET /messages gives it as JSON,
--out appends each as a line, and a new process goes on from what
is there. GET / is a page for people.

Faults: POST /faults with {"mode": "error_500" | "unavailable_503" | "slow" | "cut_before" | "cut_after" | "error:WORD",
"times": N}; the next N messages meet it. cut_after takes the message and closes without an answer.
"""
import argparse
import html
import http.server
import json
import os
import threading
import time

LOCK = threading.Lock()
STATE = {"messages": [], "last": {}, "fault": ("", 0), "count": 0}
ARGS = None


def text_error(value, limit, kinds):
    if not isinstance(value, dict) or value.get("type") not in kinds:
        return "invalid_blocks"
    text = value.get("text")
    if not isinstance(text, str) or not 1 <= len(text) <= limit:
        return "invalid_blocks"
    if value["type"] == "mrkdwn" and value.get("verbatim") is not True:
        return "invalid_blocks_verbatim"  # stricter than Slack: it would make links and mentions of plain texts
    if value["type"] == "mrkdwn" and any(c in text.replace("<http", "").replace("|Open in the console>", "") for c in "<>"):
        return "invalid_blocks_markup"  # stricter than Slack: nothing that a sender wrote may be markup
    return None


def block_error(block):
    kind = block.get("type")
    if kind == "header":
        return text_error(block.get("text"), 150, ("plain_text",))
    if kind == "section":
        if "text" not in block and "fields" not in block:
            return "invalid_blocks"
        if "text" in block and (error := text_error(block["text"], 3000, ("plain_text", "mrkdwn"))):
            return error
        fields = block.get("fields", [])
        if len(fields) > 10:
            return "invalid_blocks"
        return next((e for f in fields if (e := text_error(f, 2000, ("plain_text", "mrkdwn")))), None)
    if kind == "context":
        elements = block.get("elements", [])
        if not 1 <= len(elements) <= 10:
            return "invalid_blocks"
        return next((e for x in elements if (e := text_error(x, 3000, ("plain_text", "mrkdwn")))), None)
    if kind == "divider":
        return None
    return "invalid_blocks"


def message_error(message):
    if not isinstance(message, dict):
        return "invalid_payload"
    text, blocks = message.get("text", ""), message.get("blocks", [])
    if not text and not blocks:
        return "no_text"
    if len(text) > 40000:
        return "msg_too_long"
    if not isinstance(blocks, list) or len(blocks) > 50:
        return "invalid_blocks"
    return next((e for b in blocks if (e := block_error(b))), None)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together: else the second waits for the client's delayed acknowledgement
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def answer(self, status, body, headers=(), kind="application/json"):
        raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def do_GET(self):
        with LOCK:
            messages = list(STATE["messages"])
        if self.path == "/messages":
            return self.answer(200, messages)
        rows = "".join(
            f"<article><h3>{html.escape(m['channel'])} &middot; {html.escape(m['ts'])} &middot; edited {m['edits']} times</h3><pre>"
            f"{html.escape(plain(m))}</pre></article>" for m in reversed(messages))
        self.answer(200, f"<!doctype html><title>Slack (local)</title><h1>{len(messages)} messages</h1>{rows}", kind="text/html; charset=utf-8")

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            body = json.loads(raw)
        except ValueError:
            return self.answer(400, "invalid_payload", kind="text/plain")
        if self.path == "/faults":
            with LOCK:
                STATE["fault"] = (body.get("mode", ""), int(body.get("times", 1)))
            return self.answer(200, {})
        webhook = self.path.startswith("/services/")
        if not webhook and self.headers.get("Authorization") != f"Bearer {ARGS.token}":
            return self.answer(200, {"ok": False, "error": "invalid_auth"})
        fault = self.take_fault()
        if self.fail_before(fault):
            return
        channel = self.path if webhook else str(body.get("channel", ""))
        method = "webhook" if webhook else self.path.rsplit("/", 1)[-1]
        if error := message_error(body):
            return self.refuse(webhook, error)
        with LOCK:
            wait = self.limited(channel)
            if wait:
                return self.answer(429, {"ok": False, "error": "ratelimited"}, [("Retry-After", str(wait))])
            done = self.take(method, channel, body)
        if fault == "cut_after":
            self.close_connection = True
            return self.connection.close()
        if isinstance(done, str):
            return self.refuse(webhook, done)
        self.answer(200, "ok", kind="text/plain") if webhook else self.answer(200, {"ok": True, **done})

    def take_fault(self):
        with LOCK:
            mode, times = STATE["fault"]
            if times <= 0:
                return ""
            STATE["fault"] = (mode, times - 1)
            return mode

    def fail_before(self, fault):
        if fault == "error_500":
            self.answer(500, "rollup_error", kind="text/plain")
        elif fault == "unavailable_503":
            self.answer(503, "service unavailable", [("Retry-After", "1")], kind="text/plain")
        elif fault == "slow":
            time.sleep(60)
        elif fault == "cut_before":
            self.close_connection = True
            self.connection.close()
        elif fault.startswith("error:"):
            self.answer(200, {"ok": False, "error": fault[6:]})
        else:
            return False
        return True

    def refuse(self, webhook, error):
        self.answer(400, error, kind="text/plain") if webhook else self.answer(200, {"ok": False, "error": error})

    def limited(self, channel):
        if ARGS.rate <= 0:
            return 0
        now, last = time.monotonic(), STATE["last"].get(channel, -1e9)
        if now - last < 1 / ARGS.rate - 0.05:
            return 1
        STATE["last"][channel] = now
        return 0

    def take(self, method, channel, body):
        if method == "chat.update":
            known = next((m for m in STATE["messages"] if m["channel"] == channel and m["ts"] == body.get("ts")), None)
            if known is None:
                return "message_not_found"
            known.update(text=body.get("text", ""), blocks=body.get("blocks", []), edits=known["edits"] + 1)
            known["history"].append(body.get("text", ""))
        else:
            STATE["count"] += 1
            known = {"channel": channel, "ts": f"{int(time.time())}.{STATE['count']:06d}", "text": body.get("text", ""),
                     "blocks": body.get("blocks", []), "edits": 0, "history": [body.get("text", "")],
                     "received_at": time.time()}
            STATE["messages"].append(known)
        if ARGS.out:
            append_line(ARGS.out, {"method": method, "at": time.time(), **known})
        return {"channel": channel, "ts": known["ts"]}


def append_line(path, entry):
    """In one write: a process that is killed leaves the whole line or none."""
    raw = (json.dumps(entry) + "\n").encode()
    out = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        if os.write(out, raw) != len(raw):
            raise OSError("short write")
    finally:
        os.close(out)


def recall(path):
    """What an earlier process took: the latest state of each message."""
    if not os.path.exists(path):
        return
    by_ts = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            by_ts[entry["ts"]] = {k: v for k, v in entry.items() if k not in ("method", "at")}
    STATE["messages"], STATE["count"] = list(by_ts.values()), len(by_ts)


def plain(message):
    lines = [message["text"]]
    for block in message["blocks"][1:]:
        parts = [block.get("text"), *block.get("fields", []), *block.get("elements", [])]
        lines += [p["text"].replace("*", "") for p in parts if p]
    return "\n".join(lines).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def main():
    global ARGS
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--port-file", required=True)
    parser.add_argument("--out")
    parser.add_argument("--rate", type=float, default=1.0)
    parser.add_argument("--token", default="xoxb-fake")
    ARGS = parser.parse_args()
    if ARGS.out:
        recall(ARGS.out)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", ARGS.port), Handler)
    server.daemon_threads = True
    write_port(ARGS.port_file, server.server_address[1])
    server.serve_forever()


def write_port(path, port):
    with open(path + ".new", "w", encoding="ascii") as out:
        out.write(str(port))
    os.replace(path + ".new", path)


if __name__ == "__main__":
    main()
