"""The stock `standardwebhooks` package from PyPI and core/crypto/webhooks.h: each takes what the other signs, and both refuse
the same requests, but for a list of cases where ours is stricter (docs/signatures.md)."""

import base64
import datetime as dt
import random
import sys
import time

from oracle import Oracle, seed_of_this_run
from standardwebhooks.webhooks import Webhook

ID_CHARS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

# Why ours refuses what the package takes; each is checked to be the reason.
STRICTER = {
    "id": "an id outside [A-Za-z0-9_-]{1,256}",
    "timestamp": "a timestamp that is not 1 to 12 ASCII digits (the package reads a float and signs it anew)",
    "base64": "a signature whose base64 is not canonical, or of another length",
    "count": "more than 8 signatures",
}


def package_takes(secret: str, id: str, timestamp: str, signature: str, body: bytes) -> bool:
    headers = {"webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature}
    try:
        Webhook(secret).verify(body, headers, json_parse=False)
        return True
    except Exception:  # the package raises ValueError and others on malformed headers
        return False


def stricter_reason(id: str, timestamp: str, signature: str) -> str | None:
    if not 1 <= len(id) <= 256 or any(c not in ID_CHARS for c in id):
        return "id"
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return "timestamp"
    tokens = signature.split(" ")
    if len(tokens) > 8:
        return "count"
    for token in tokens:
        version, _, text = token.partition(",")
        if version != "v1":
            continue
        try:
            raw = base64.b64decode(text, validate=True)
        except ValueError:
            return "base64"
        if len(raw) != 32 or base64.b64encode(raw).decode() != text:
            return "base64"
    return None


def mutations(rng: random.Random, good: dict, now: int):
    """Copies of a good request, each with something changed, including harmless changes."""
    sig = good["signature"]
    flipped = bytearray(good["body"] or b"x")
    flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(7)
    at = rng.randrange(3, len(sig))
    wrong = "v1," + base64.b64encode(rng.randbytes(32)).decode()
    yield {}
    yield {"body": bytes(flipped)}
    yield {"body": good["body"] + b" "}
    yield {"id": good["id"] + "x"}
    yield {"id": good["id"] + "." + good["timestamp"]}
    dotted = good["id"] + ".1"
    signed = Webhook(good["secret"]).sign(dotted, dt.datetime.fromtimestamp(now, tz=dt.timezone.utc), good["body"].decode())
    yield {"id": dotted, "signature": signed}
    yield {"id": ""}
    yield {"timestamp": str(int(good["timestamp"]) + rng.choice([-1, 1]))}
    yield {"timestamp": good["timestamp"] + ".0"}
    yield {"timestamp": " " + good["timestamp"]}
    yield {"timestamp": "nonsense"}
    yield {"signature": sig[:at] + rng.choice(ID_CHARS) + sig[at + 1:]}
    yield {"signature": sig[:-2] + chr(ord(sig[-2]) ^ 1) + "="}  # may decode to the same bytes
    yield {"signature": sig.replace("v1,", "v2,")}
    yield {"signature": wrong + " " + sig}
    yield {"signature": "v2,AAAA " + sig}
    yield {"signature": " ".join([wrong] * 8 + [sig])}
    yield {"signature": sig[3:]}
    yield {"signature": sig + "="}
    yield {"secret": "whsec_" + base64.b64encode(rng.randbytes(32)).decode()}


def stale_cases(oracle: Oracle, secret: str, now: int) -> None:
    for off, expected in [(-301, "signature_time"), (-295, "ok"), (295, "ok"), (305, "signature_time")]:
        stamp = now + off
        signature = Webhook(secret).sign("msg_1", dt.datetime.fromtimestamp(stamp, tz=dt.timezone.utc), "{}")
        assert oracle.verify(secret, "msg_1", str(stamp), signature, b"{}", now) == expected, off
        assert package_takes(secret, "msg_1", str(stamp), signature, b"{}") == (expected == "ok"), off


def main() -> None:
    rng = random.Random(seed_of_this_run())
    asked = agreed = 0
    stricter = dict.fromkeys(STRICTER, 0)
    with Oracle(sys.argv[1]) as oracle:
        stale_cases(oracle, "whsec_" + base64.b64encode(rng.randbytes(32)).decode(), int(time.time()))
        for _ in range(150):
            now = int(time.time())
            secret = "whsec_" + base64.b64encode(rng.randbytes(rng.choice([24, 32, 64]))).decode()
            body = "".join(rng.choice("{}\":, \n\u00fc\u65e5a1") for _ in range(rng.randrange(200))).encode()
            good = {"secret": secret, "id": "".join(rng.choices(ID_CHARS, k=rng.randint(1, 64))), "timestamp": str(now), "body": body}
            theirs = Webhook(secret).sign(good["id"], dt.datetime.fromtimestamp(now, tz=dt.timezone.utc), body.decode())
            assert oracle.sign(secret, good["id"], now, body) == theirs, good
            good["signature"] = theirs
            for change in mutations(rng, good, now):
                case = good | change
                ours = oracle.verify(case["secret"], case["id"], case["timestamp"], case["signature"], case["body"], now)
                package = package_takes(case["secret"], case["id"], case["timestamp"], case["signature"], case["body"])
                reason = stricter_reason(case["id"], case["timestamp"], case["signature"])
                asked += 1
                if (ours == "ok") == package:
                    agreed += 1
                    continue
                assert ours != "ok", f"the package refuses what ours takes: {case}"
                assert reason is not None, f"ours refuses ({ours}) what the package takes, for no listed reason: {case}"
                assert ours == "signature_headers", (ours, case)
                stricter[reason] += 1
    print(f"{asked} requests, {agreed} the same answer; ours stricter: {stricter}")
    assert all(stricter.values()), "a listed difference did not come up: is it still one?"


if __name__ == "__main__":
    main()
