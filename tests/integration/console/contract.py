"""Answers compared with schemas/openapi.yaml: path, status and body."""
import json
import re

import jsonschema
from installation import ROOT
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

PROBLEM = json.loads((ROOT / "schemas/http/problem.v1.json").read_text())


class Contract:
    def __init__(self, document):
        self.document = document
        self.paths = [(re.compile("^" + re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)) + "$"), path, item)
                      for path, item in document["paths"].items() if any("console" in o.get("tags", []) for o in item.values())]
        resource = Resource(contents=document, specification=DRAFT202012)
        self.registry = Registry().with_resource("urn:openapi", resource)

    def operations(self):
        """(path, method, operation) of the console."""
        for _, path, item in self.paths:
            for method, operation in item.items():
                yield path, method, operation

    def resolved(self, node):
        """What a reference within the file stands for."""
        while "$ref" in node:
            found = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            node = found
        return node

    def operation(self, method, path):
        # The longest pattern without parameters where several fit is the first of the file.
        found = [item[method] for pattern, _, item in self.paths if pattern.match(path.partition("?")[0]) and method in item]
        assert found, (method, path)
        return found[0]

    def check(self, test, method, path, answer):
        operation = self.operation(method, path)
        media = (answer.header("content-type") or "").partition(";")[0]
        if answer.status >= 400:
            test.assertEqual(media, "application/problem+json", path)
            jsonschema.validate(answer.json(), PROBLEM)
            return
        test.assertIn(str(answer.status), operation["responses"], path)
        content = operation["responses"][str(answer.status)].get("content", {})
        test.assertIn(media, content, path)
        if media == "application/json":
            schema = self.absolute(content[media]["schema"])
            validator = jsonschema.Draft202012Validator(schema, registry=self.registry, format_checker=jsonschema.FormatChecker())
            for error in validator.iter_errors(answer.json()):
                test.fail(f"{method} {path}: {error.json_path}: {error.message[:300]}")

    def absolute(self, node):
        if isinstance(node, dict):
            return {k: ("urn:openapi" + v if k == "$ref" and v.startswith("#") else self.absolute(v)) for k, v in node.items()}
        return [self.absolute(v) for v in node] if isinstance(node, list) else node
