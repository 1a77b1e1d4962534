"""Schemas, golden examples, OpenAPI and AsyncAPI agree with one another and, through the oracle, with core/codec. Usage: schemas_test.py ORACLE"""
import json
import pathlib
import re
import subprocess
import sys
import unittest

import jsonschema
import openapi_spec_validator
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/property/codec"))
import reference  # noqa: E402

EXPECTED = {"schema": "schema", "profile": "invalid_json"}
ORACLE = sys.argv.pop(1)


def oracle(cases):
    """Verdicts of core/codec, one for each (what, bytes)."""
    stdin = b"".join(f"{what} {len(raw)}\n".encode() + raw for what, raw in cases)
    return subprocess.run([ORACLE], input=stdin, stdout=subprocess.PIPE, check=True, timeout=60).stdout.decode().split()


def examples():
    for folder in ("valid", "invalid"):
        for path in sorted((reference.SCHEMAS / "examples" / folder).glob("*.json")):
            kind, name = path.name.split(".")[:2]
            yield path, kind, "ok" if folder == "valid" else EXPECTED[name]


def references(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str):
                yield value
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def bundled(node, file, document):
    """A copy of `node` of `file` with the schema files it refers to written in its place: nothing is fetched by name."""
    if isinstance(node, list):
        return [bundled(item, file, document) for item in node]
    if not isinstance(node, dict):
        return node
    target = node.get("$ref")
    if not isinstance(target, str) or (target.startswith("#") and file.suffix == ".yaml"):
        return {key: bundled(value, file, document) for key, value in node.items() if key not in ("$id", "$schema", "$defs")}
    name, _, pointer = target.partition("#")
    other = (file.parent / name).resolve() if name else file
    document = json.loads(other.read_text()) if name else document
    found = document
    for step in filter(None, pointer.split("/")):
        found = found[step]
    beside = {key: value for key, value in node.items() if key != "$ref"}
    return {**bundled(found, other, document), **beside}


class Schemas(unittest.TestCase):
    def test_are_valid_2020_12_and_named_by_their_id(self):
        for path in reference.SCHEMAS.glob("*/*.v1.json"):
            if path.parent.name == "examples":
                continue
            schema = json.loads(path.read_text())
            with self.subTest(path=path.name):
                jsonschema.Draft202012Validator.check_schema(schema)
                self.assertEqual(schema["$id"], reference.BASE + str(path.relative_to(reference.SCHEMAS)))

    def test_golden_examples_are_judged_as_their_names_say(self):
        for path, kind, expected in examples():
            with self.subTest(path=path.name):
                self.assertEqual(reference.verdict(kind, path.read_bytes()), expected)

    def test_codec_judges_golden_examples_alike(self):
        cases = [case for case in examples() if case[1] in ("envelope", "keys", "outcomes", "dead")]
        verdicts = oracle([(kind, path.read_bytes()) for path, kind, _ in cases])
        for (path, _, expected), verdict in zip(cases, verdicts, strict=True):
            with self.subTest(path=path.name):
                self.assertEqual(verdict, expected)

    def test_every_kind_has_both(self):
        seen = {(kind, expected == "ok") for _, kind, expected in examples()}
        self.assertEqual(seen, {(kind, good) for kind in reference.FILES for good in (True, False)})


class Interfaces(unittest.TestCase):
    openapi = yaml.safe_load((reference.SCHEMAS / "openapi.yaml").read_text())
    asyncapi = yaml.safe_load((reference.SCHEMAS / "asyncapi.yaml").read_text())

    def test_openapi_is_valid(self):
        self.assertEqual(self.openapi["openapi"], "3.1.0")
        openapi_spec_validator.validate(bundled(self.openapi, reference.SCHEMAS / "openapi.yaml", self.openapi))

    def test_asyncapi_names_each_topic_with_its_messages(self):
        self.assertEqual(self.asyncapi["asyncapi"], "3.0.0")
        addresses = {channel["address"] for channel in self.asyncapi["channels"].values()}
        self.assertEqual(addresses, {"traces.v1", "reports.v1", "dead.v1", "outcomes.v1", "keys.v1", "drift.v1"})
        for name, operation in self.asyncapi["operations"].items():
            with self.subTest(operation=name):
                self.assertIn(operation["action"], ("send", "receive"))
                self.assertIn(operation["channel"]["$ref"].removeprefix("#/channels/"), self.asyncapi["channels"])

    def test_references_lead_somewhere(self):
        for document in (self.openapi, self.asyncapi):
            for target in set(references(document)):
                file, _, pointer = target.partition("#")
                node = json.loads((reference.SCHEMAS / file).read_text()) if file else document
                for step in filter(None, pointer.split("/")):
                    self.assertIn(step.replace("~1", "/"), node, target)
                    node = node[step.replace("~1", "/")]

    def test_both_refer_to_the_same_envelope(self):
        files = [{target.partition("#")[0] for target in references(d)} for d in (self.openapi, self.asyncapi)]
        for each in files:
            self.assertIn("./events/envelope.v1.json", each)

    def test_examples_of_answers_match_their_schemas(self):
        for path in self.openapi["paths"].values():
            if {"console", "otlp"} & set(path.get("post", {}).get("tags", [])):  # compared on a running console; OTLP's own forms
                continue
            for status, answer in path.get("post", {}).get("responses", {}).items():
                if "$ref" in answer:
                    answer = self.openapi["components"]["responses"][answer["$ref"].split("/")[-1]]
                kind = "accepted" if status == "202" else "problem"
                for media in answer["content"].values():
                    for name, example in media["examples"].items():
                        with self.subTest(status=status, example=name):
                            reference.validators[kind].validate(example["value"])

    def test_reasons_are_those_of_core(self):
        words = set(re.findall(r'return "([a-z_]+)";', (ROOT / "core/outcome.h").read_text())) - {"unknown"}
        schema = reference.load("http/accepted.v1.json")
        self.assertEqual(set(schema["properties"]["rejected"]["items"]["properties"]["reason"]["enum"]), words)


if __name__ == "__main__":
    unittest.main(verbosity=1)
