"""core/codec accepts and rejects exactly what schemas/ and the profile do. Usage: codec_property.py ORACLE
PLUMBLINE_PROPERTY_EXAMPLES: documents a kind (each with thirty changed ones); PLUMBLINE_PROPERTY_SEED repeats a run."""
import collections
import copy
import os
import random
import subprocess
import sys

import hypothesis
import hypothesis.strategies as st
import hypothesis_jsonschema

import mutate
import reference

EXAMPLES = int(os.environ.get("PLUMBLINE_PROPERTY_EXAMPLES", "40"))
SEED = int(os.environ.get("PLUMBLINE_PROPERTY_SEED", random.SystemRandom().randrange(2**32)))

TIMES = st.builds(lambda t, f, o: t + f + o,
                  st.datetimes().map(lambda d: f"{d.year:04}" + d.strftime("-%m-%dT%H:%M:%S")),
                  st.sampled_from(["", ".1", ".123456", ".999999999"]), st.sampled_from(["Z", "z", "+00:00", "-05:30", "+23:59"]))
FORMATS = {"x-uuid": st.uuids().map(str), "x-time": TIMES}


def projected(schema):
    """The part of a schema that a draft-07 generator can follow, references inlined. What it leaves out, the reference sees."""
    if isinstance(schema, list):
        return [projected(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = schema["$ref"].split("/")[-1]
        common = reference.load("events/common.v1.json")["$defs"]
        local = reference.load("events/report.v1.json")["$defs"]
        return projected({**{k: v for k, v in schema.items() if k != "$ref"}, **(common.get(name) or local[name])})
    out = {k: projected(v) for k, v in schema.items()
           if k not in ("$schema", "$id", "$defs", "allOf", "dependentRequired", "description", "title")}
    if schema.get("format") in ("uuid", "date-time"):
        out["format"] = {"uuid": "x-uuid", "date-time": "x-time"}[schema["format"]]
    if "pattern" in out:
        out["pattern"] = out["pattern"].replace("(?![\\s\\S])", r"\Z")
        if out.get("minLength") == out.get("maxLength") == 64:
            out["pattern"] = r"^[0-9a-f]{64}\Z"
        if out.get("maxLength") == 44:
            out["pattern"] = r"^[A-Za-z0-9+/]{43}=\Z"
    if isinstance(out.get("maxItems"), int):
        out["maxItems"] = min(out["maxItems"], 6)
    if isinstance(out.get("maxProperties"), int):
        out["maxProperties"] = min(out["maxProperties"], 6)
    return out


def envelope(kind):
    schema = copy.deepcopy(reference.load("events/envelope.v1.json"))
    schema["properties"]["kind"] = {"const": kind}
    schema["properties"]["data"] = reference.load(f"events/{kind}.v1.json")
    return projected(schema)


def keys(kind, **chosen_values):
    schema = copy.deepcopy(reference.load("topics/keys.v1.json"))
    chosen = schema["$defs"][kind]
    return projected({**chosen, "required": chosen["required"] + ["v", "type", *chosen_values.values()],
                      "properties": {**chosen["properties"], "v": {"const": 1}, "type": {"const": kind},
                                     **{"algorithm": {"const": a} for a in chosen_values}}})


SCHEMAS = {
    "decision": ("envelope", envelope("decision")),
    "session": ("envelope", envelope("session")),
    "report": ("envelope", envelope("report")),
    "span": ("envelope", envelope("span")),
    "tenant": ("keys", keys("tenant")),
    "key v1": ("keys", keys("key", v1="sealed")),
    "key v1a": ("keys", keys("key", v1a="public_key")),
    "key bearer": ("keys", keys("key", bearer="token_hash")),
    "key sonarqube": ("keys", keys("key", sonarqube="sealed")),
    "outcomes": ("outcomes", projected(reference.load("topics/outcomes.v1.json"))),
    "dead": ("dead", projected(reference.load("topics/dead.v1.json"))),
}


class Oracle:
    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def verdict(self, what, raw):
        self.process.stdin.write(f"{what} {len(raw)}\n".encode() + raw)
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, f"the oracle ended at {what} {raw!r}"
        return answer.decode().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=30)


def compare(oracle, name, counts):
    what, schema = SCHEMAS[name]
    documents = hypothesis_jsonschema.from_schema(schema, custom_formats=FORMATS)

    @hypothesis.seed(SEED)
    @hypothesis.settings(max_examples=EXAMPLES, database=None, deadline=None, report_multiple_bugs=False,
                         suppress_health_check=list(hypothesis.HealthCheck))
    @hypothesis.given(documents, st.integers(0, 2**32))
    def check(document, seed):
        for raw in mutate.texts(mutate.tamed(document), random.Random(seed)):
            expected = reference.verdict(what, raw)
            counts[name, expected] += 1
            got = oracle.verdict(what, raw)
            assert got == expected, f"{what}: core/codec says {got}, the reference {expected}, of {raw!r}"

    check()


def main():
    print(f"seed {SEED}, {EXAMPLES} documents a kind (PLUMBLINE_PROPERTY_SEED, PLUMBLINE_PROPERTY_EXAMPLES)", flush=True)
    counts = collections.Counter()
    with Oracle(sys.argv[1]) as oracle:
        for name in SCHEMAS:
            compare(oracle, name, counts)
            print(name, {word: counts[name, word] for word in ("ok", "schema", "invalid_json")}, flush=True)
    for name in SCHEMAS:
        for word in ("ok", "schema", "invalid_json"):
            assert counts[name, word] > EXAMPLES // 10, f"too few {word} of {name}: the generator is broken"


if __name__ == "__main__":
    main()
