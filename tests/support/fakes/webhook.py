#!/usr/bin/env python3
"""A receiver of Standard Webhooks that checks with the stock `standardwebhooks` package, for tests, on loopback.

    webhook.py --port 0 --port-file PORT --secret whsec_... [--out FILE]

--out appends what it got as a line each, before it answers. GET /received: JSON of what was taken and what was refused. A path /status/NNN answers that status after checking.
"""
import argparse
import http.server
import json

from standardwebhooks import Webhook
from slack import append_line, write_port

RECEIVED = []
ARGS = None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together: else the second waits for the client's delayed acknowledgement
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def answer(self, status, body):
        raw = json.dumps(body).encode()
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", "7")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def do_GET(self):
        self.answer(200, RECEIVED)

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            body = Webhook(ARGS.secret).verify(raw, {k.lower(): v for k, v in self.headers.items()})
            entry = {"verified": True, "id": self.headers["webhook-id"], "body": body,
                     "signatures": len(self.headers["webhook-signature"].split())}
        except Exception as refused:
            entry = {"verified": False, "why": str(refused)}
        if ARGS.out:
            append_line(ARGS.out, entry)
        RECEIVED.append(entry)
        status = int(self.path.rsplit("/", 1)[-1]) if self.path.startswith("/status/") else 204 if entry["verified"] else 401
        self.answer(status, {}) if status != 204 else self.answer(200, {})


def main():
    global ARGS
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--port-file", required=True)
    parser.add_argument("--secret", required=True)
    parser.add_argument("--out")
    ARGS = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", ARGS.port), Handler)
    write_port(ARGS.port_file, server.server_address[1])
    server.serve_forever()


if __name__ == "__main__":
    main()
