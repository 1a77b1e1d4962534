"""The other end of oracle.cpp."""

import base64
import os
import random
import subprocess


def seed_of_this_run() -> int:
    """PLUMBLINE_SEED repeats a run; printed, so that a failure can be repeated."""
    seed = int(os.environ.get("PLUMBLINE_SEED", random.SystemRandom().getrandbits(32)))
    print(f"PLUMBLINE_SEED={seed}", flush=True)
    return seed


def _field(value: str | bytes) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


class Oracle:
    def __init__(self, program: str):
        self._process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait(timeout=60)

    def _ask(self, *fields: str) -> str:
        self._process.stdin.write("\t".join(fields) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the oracle died"
        return answer.rstrip("\n")

    def sign(self, secret: str, id: str, timestamp: int, body: bytes) -> str:
        return self._ask("sign", _field(secret), _field(id), str(timestamp), _field(body))

    def verify(self, secret: str, id: str, timestamp: str, signature: str, body: bytes, now: int) -> str:
        return self._ask("verify", _field(secret), _field(id), _field(timestamp), _field(signature), _field(body), str(now))

    def chain(self, text: bytes) -> tuple[int, list[tuple[str, int]]]:
        entries, *problems = self._ask("chain", _field(text)).split("\t")
        return int(entries), [(word, int(line)) for word, line in (p.split(":") for p in problems)]
