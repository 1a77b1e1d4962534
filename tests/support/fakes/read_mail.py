#!/usr/bin/env python3
"""Prints what Python's own email package makes of mails, a line of JSON each: read_mail.py FILE..."""
import email
import email.policy
import json
import sys


def read(path):
    with open(path, "rb") as source:
        raw = source.read()
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    parts = {part.get_content_type(): part.get_content() for part in mail.iter_parts()}
    return {
        "headers": {name: str(value) for name, value in mail.items()},
        "defects": [str(d) for d in mail.defects] + [str(d) for p in mail.iter_parts() for d in p.defects]
        + [str(d) for h in mail.values() for d in getattr(h, "defects", [])],
        "types": list(parts), "text": parts.get("text/plain", ""), "html": parts.get("text/html", ""),
        "longest_line": max(len(line) for line in raw.splitlines()),
    }


for name in sys.argv[1:]:
    print(json.dumps(read(name)))
