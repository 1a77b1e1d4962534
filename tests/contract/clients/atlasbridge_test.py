"""The live `atlasbridge` package from PyPI and core/chain agree on thousands of randomly corrupted trace files, but for the
cases of docs/verify.md in which ours is stricter. Each of those is told from the file itself, not from our answer."""

import json
import random
import sys
import tempfile
from pathlib import Path

import logging

import structlog

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))

from atlasbridge.core.autopilot.trace import DecisionTrace  # noqa: E402
from oracle import Oracle, seed_of_this_run  # noqa: E402

FILES = 4000
DATA = Path(__file__).parents[2] / "data" / "real"


def package_accepts(path: Path) -> bool:
    try:
        valid, _ = DecisionTrace.verify_integrity(path)
        return valid
    except (ValueError, TypeError, AttributeError, RecursionError):
        return False  # it does not survive some lines (not UTF-8, a bare number): no verdict is no acceptance


class NotOurs(Exception):
    pass


def strict_json(text: str):
    """What schemas/json-profile.md takes: no repeated key, no NaN, no lone surrogate, bounded numbers."""

    def pairs(items):
        if len({k for k, _ in items}) != len(items):
            raise NotOurs("a repeated key")
        return dict(items)

    def constant(word):
        raise NotOurs(word)

    def number(text, kind):
        if len(text) > 64:
            raise NotOurs("a long number")
        value = kind(text)
        if kind is float and (value in (float("inf"), float("-inf")) or (value == 0 and any(c in "123456789" for c in text.lower().split("e")[0]))):
            raise NotOurs("a number out of range")
        return value

    value = json.loads(text, object_pairs_hook=pairs, parse_constant=constant, parse_int=lambda t: number(t, int),
                       parse_float=lambda t: number(t, float))
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise NotOurs("a lone surrogate") from error
    return value


def stricter_reason(data: bytes) -> str | None:
    """Why ours may refuse a file that the package takes; None when it must take it too."""
    begun = False
    for line in data.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if not line.strip():
            if line.strip(" \t"):
                return "white space that is not JSON's"
            continue
        if line.strip() != line.strip(" \t"):
            return "white space that is not JSON's"
        try:
            entry = strict_json(line)
        except NotOurs as error:
            return f"outside the JSON profile: {error}"
        if not isinstance(entry, dict):
            return "a line that is no object"
        linked = "hash" in entry and "prev_hash" in entry
        if not linked and (begun or "hash" in entry or "prev_hash" in entry):
            return "an entry without its links"
        begun = begun or linked
    return None


def change_value(rng: random.Random, line: bytes) -> bytes:
    entry = json.loads(line)
    key = rng.choice(list(entry))
    value = entry[key]
    if isinstance(value, str):
        entry[key] = rng.choice([value + "x", value[:-1], value.upper(), "", None, "\u00fc", value + "\u2028"])
    elif isinstance(value, int):
        entry[key] = rng.choice([value + 1, float(value), -value, str(value), 10**25, value / 3, value * 1e20, -0.0, True])
    else:
        entry[key] = rng.choice([[], {}, value + [1], None, [value]])
    return json.dumps(entry, ensure_ascii=rng.random() < 0.5).encode()


def rename_key(rng: random.Random, line: bytes) -> bytes:
    entry = json.loads(line)
    key = rng.choice(list(entry) + ["hash", "prev_hash"] * 3)
    entry = {(k + "_" if k == key else k): v for k, v in entry.items()}
    return json.dumps(entry, ensure_ascii=False).encode()


def drop_or_add_key(rng: random.Random, line: bytes) -> bytes:
    entry = json.loads(line)
    if rng.random() < 0.5:
        entry.pop(rng.choice(list(entry)))
    else:
        entry["extra"] = rng.choice([1, "x", None])
    return json.dumps(entry, ensure_ascii=False).encode()


def repeat_key(rng: random.Random, line: bytes) -> bytes:
    entry = json.loads(line)
    key = rng.choice(list(entry))
    member = json.dumps({key: entry[key]}, ensure_ascii=False)[1:-1].encode()
    return line[:-1] + b", " + member + b"}"


def respace(rng: random.Random, line: bytes) -> bytes:
    form = rng.choice([{"separators": (",", ":")}, {"separators": (" ,\t", " : ")}, {"ensure_ascii": True}, {"sort_keys": True}])
    return rng.choice([b"", b" ", b"\t"]) + json.dumps(json.loads(line), **{"ensure_ascii": False} | form).encode() + rng.choice([b"", b" "])


def foreign_space(rng: random.Random, line: bytes) -> bytes:
    return rng.choice([b"\x0c", b"\x0b", "\u00a0".encode(), "\u2003".encode(), b"\x1c"]) + line


def corrupt(rng: random.Random, lines: list[bytes]) -> bytes:
    lines = list(lines)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        at = rng.choice([0, len(lines) - 1, rng.randrange(len(lines))]) if lines else 0
        what = rng.randrange(14)
        if not lines:
            break
        try:
            if what == 0:
                lines.pop(at)
            elif what == 1:
                lines.insert(rng.randrange(len(lines) + 1), lines[at])
            elif what == 2:
                other = rng.randrange(len(lines))
                lines[at], lines[other] = lines[other], lines[at]
            elif what == 3:
                lines = lines[:rng.randrange(len(lines) + 1)]
            elif what == 4:
                lines[at] = change_value(rng, lines[at])
            elif what == 5:
                lines[at] = rename_key(rng, lines[at])
            elif what == 6:
                lines[at] = drop_or_add_key(rng, lines[at])
            elif what == 7:
                lines[at] = respace(rng, lines[at])
            elif what == 8:
                lines[at] = repeat_key(rng, lines[at])
            elif what == 9:
                lines[at] = foreign_space(rng, lines[at])
            elif what == 10:
                lines.insert(at, rng.choice([b"", b"  ", b"[]", b"5", b"null", b'"x"', b"{}", b'{"action_type":"deny"}', b"\xff", b"\xef\xbb\xbf{}"]))
            elif what == 11:
                lines[at] = lines[at].replace(b" ", rng.choice([b"\r", b"\r\n", b"\n"]), 1)
            else:
                data = bytearray(lines[at])
                data[rng.randrange(len(data))] = rng.randrange(256) if what == 12 else data[rng.randrange(len(data))] ^ (1 << rng.randrange(8))
                lines[at] = bytes(data)
        except (ValueError, AttributeError, TypeError, KeyError, IndexError, RecursionError):
            pass  # that line was corrupted before and is no entry any more
    return rng.choice([b"\n", b"\n", b"\r\n"]).join(lines) + rng.choice([b"\n", b"", b"\n\n"])


def main() -> None:
    rng = random.Random(seed_of_this_run())
    originals = [(DATA / f"agent-{i}.jsonl").read_bytes().splitlines() for i in range(3)]
    whole = broken = 0
    stricter: dict[str, int] = {}
    with Oracle(sys.argv[1]) as oracle, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.jsonl"
        entries = 0
        for i in range(3):
            count, problems = oracle.chain((DATA / f"agent-{i}.jsonl").read_bytes())
            assert not problems and package_accepts(DATA / f"agent-{i}.jsonl")
            entries += count
        assert entries == 371, entries
        for number in range(FILES):
            lines = rng.choice(originals)
            length = rng.choice([1, 2, 3, 10, 20])
            data = corrupt(rng, lines[:length])
            path.write_bytes(data)
            package = package_accepts(path)
            _, problems = oracle.chain(data)
            if package == (not problems):
                whole, broken = whole + package, broken + (not package)
                continue
            kept = f"file {number}: {problems}\n{data!r}"
            assert not package or problems, kept
            assert package, f"ours takes what the package refuses: {kept}"
            reason = stricter_reason(data)
            assert reason is not None, f"ours refuses what the package takes, for no listed reason: {kept}"
            stricter[reason] = stricter.get(reason, 0) + 1
    print(f"{FILES} files: {whole} whole and {broken} broken for both; ours stricter: {stricter}")
    assert whole > 100 and broken > 100


if __name__ == "__main__":
    main()
