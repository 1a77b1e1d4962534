"""Texts that are nearly right: one change somewhere in a document or in its bytes."""
import copy
import json

WRONG_VALUES = [None, True, 0, -1, 1.5, 30.0, 101, 2**53, 10**40, "", "x" * 513, "\u00e4" * 512, "\u00e4" * 513, [], {}, [1], {"a": 1},
                "2026-02-29T00:00:00Z", "2024-02-29t23:59:59.999999999-23:59", "2026-11-02T09:00:60Z", "2026-11-02 09:00:00Z",
                "2026-11-02T09:00:00+24:00", "0000-01-01T00:00:00Z", "6513270e-269e-4d37-b2a7-4de452e6b43", "PASS", "FAIL", "start",
                "decision", "session", "report", "0" * 64, "F" * 64, "a" * 63 + "\n", "v1", "v1a", "tenant", "key", "AAAA", "AAA=\n"]
RAW_VALUES = ["1e309", "1e-309", "1e308", "1e307", "9" * 64, "9" * 65, "-" + "9" * 64, "0." + "1" * 62, "0." + "1" * 63, "1E131073", "01", "-", "+1",
              "1.", ".5", "1.e5", "1e", "1e+", "0x1", "NaN", "Infinity", "-Infinity", "nul", "nulll", "True", "-0", "-0.0e-0", "1e2", "1e00000000002",
              '"\\u0000"', '"\\ud800"', '"\\udc00"', '"\\ud83d\\ude00"', '"\\ude00\\ud83d"', '"\\ud800\\u0041"', '"\\ud800\\"', '"\\u12g4"', '"\\x"',
              '"\\/\\b\\f"', '"\t"', '"\x1f"', '"\x7f"', "{,}", "[,]", "[1,]", '{"a"}', '{"a":}', '{"a":1,}', "[1 2]", '{"a":1 "b":2}',
              '"a""b"', '"a"x', '1"a"', '{"a":1,"a":2}', '{"a":1,"\\u0061":2}', '{"\\u0000":1}', "[" * 62 + "]" * 62, "[" * 63 + "]" * 63,
              "[" * 64 + "]" * 64, "[" * 5000, '{"a":' * 70 + "1" + "}" * 70, "{" + ",".join(f'"{i}":{i}' for i in range(70)) + "}",
              "{" + ",".join(f'"{i % 69}":{i}' for i in range(70)) + "}", "\x0c", "\x1a", ":", ",", "}", "]", "'a'", "/**/1"]
RAW_BYTES = [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\xef\xbb\xbf", b"\x00", b"\\", b'"', b"\n", b"\r\n", b" ", b"{", b"}",
             b"[", b"]", b",", b":", b"\xc2\xa0", b"\xe2\x80\xa8", b"0", b"e", b"-", b".", b"n"]


def places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, path + (key,))


def at(value, path):
    for key in path:
        value = value[key]
    return value


def replaced(document, path, value):
    if not path:
        return value
    out = copy.deepcopy(document)
    at(out, path[:-1])[path[-1]] = value
    return out


def written(document, random):
    """JSON text of a document in one of several styles."""
    style = random.randrange(4)
    text = json.dumps(document, ensure_ascii=style in (0, 1), indent=1 if style == 1 else None,
                      separators=(",", ":") if style == 2 else None)
    return text


def structural(document, random):
    path = random.choice(list(places(document)))
    how = random.randrange(4)
    if how == 0 and path:
        out = copy.deepcopy(document)
        del at(out, path[:-1])[path[-1]]
        return out
    if how == 1:
        target = at(document, path)
        if isinstance(target, dict):
            return replaced(document, path, {**target, random.choice(["x", "id", "data", "kind", "hash", "v"]): random.choice(WRONG_VALUES)})
    if how == 2:
        return replaced(document, path, copy.deepcopy(at(document, random.choice(list(places(document))))))
    return replaced(document, path, random.choice(WRONG_VALUES))


def spliced(document, random):
    """A raw text in place of a value, which json.dumps could not write; or one member twice."""
    marker = "@@plumbline@@"
    if isinstance(document, dict) and document and random.randrange(4) == 0:
        name = random.choice(list(document))
        text = written(document, random).rstrip()
        return text[:-1] + "," + json.dumps(name) + ":" + json.dumps(document[name]) + "}"
    raw = random.choice(RAW_VALUES)
    if isinstance(document, dict) and random.randrange(2) == 0:
        return written({**document, "unknown": marker}, random).replace(f'"{marker}"', raw)
    path = random.choice(list(places(document)))
    return written(replaced(document, path, marker), random).replace(f'"{marker}"', raw)


def bytewise(raw, random):
    at_byte = random.randrange(len(raw) + 1)
    how = random.randrange(4)
    if how == 0:
        return raw[:at_byte]
    if how == 1:
        return raw[:at_byte] + random.choice(RAW_BYTES) + raw[at_byte:]
    if how == 2:
        return raw[:at_byte] + random.choice(RAW_BYTES) + raw[at_byte + 1:]
    end = random.randrange(at_byte, min(len(raw), at_byte + 20) + 1)
    return raw[:at_byte] + raw[end:]


def encoded(text):
    return text.encode("utf-8", "surrogatepass")


def tamed(value):
    """Without what a generator makes and the profile refuses: U+0000, lone surrogates and floats at the ends of their range."""
    if isinstance(value, str):
        return "".join(c for c in value if c != "\0" and not 0xD800 <= ord(c) <= 0xDFFF)
    if isinstance(value, float):
        return value if value == 0 or 1e-300 < abs(value) < 1e300 else 0.5
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < 10**60 else 7
    if isinstance(value, list):
        return [tamed(item) for item in value]
    if isinstance(value, dict):
        return {tamed(key): tamed(item) for key, item in value.items()}
    return value


def texts(document, random):
    """The document as it is, and a few changed ones."""
    right = encoded(written(document, random))
    yield right
    for _ in range(10):
        yield encoded(written(structural(document, random), random))
        yield encoded(spliced(document, random))
        yield bytewise(right, random)
