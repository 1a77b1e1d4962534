"""schemathesis against the real console, signed in as each role: no answer of 500 and above, none that schemas/openapi.yaml does not describe.
Usage: schemathesis_test.py PLUMBLINE PLUMB    (PLUMBLINE_SEED: the seed of a run to repeat; it is printed)"""
import json
import os
import re
import secrets
import subprocess
import sys
import unittest

import yaml
from installation import ROOT, Browser, Installation, wait_for

PLUMB = sys.argv.pop()
PLUMBLINE = sys.argv.pop()
DATA = ROOT / "tests/data/real"
PACKAGES = ROOT / ".cache/python/schemathesis"
SEED = int(os.environ.get("PLUMBLINE_SEED", secrets.randbelow(1 << 31)))
ROLES = ("viewer", "operator", "admin")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance"
# Ends the very session that asks; and answers that wait for news.
LEFT_OUT = {"signOut", "getLive"}
# Limited by address or person, and schemathesis waits as long as Retry-After says: asked once for all roles, and seldom.
LIMITED = ("/auth/", "/api/v1/device/")


class Schemathesis(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.installation = i = Installation(PLUMBLINE, PLUMB)
        cls.addClassCleanup(i.stop)
        i.start()
        _, key, secret = i.tenant("demo")
        i.cli("route", "add", "demo", "inbox", "--kind", "email", "--to", "team@demo.example")
        i.push(key, secret, DATA / "agent-0.jsonl", DATA / "rigour-reports.ndjson")
        sql = i.postgres.sql
        for what, query in (("traces", "SELECT count(*) > 100 FROM plumbline.traces"), ("a drift", "SELECT count(*) > 0 FROM plumbline.drifts"),
                            ("health", "SELECT count(*) > 0 FROM plumbline.health_repo_latest")):
            wait_for(what, lambda query=query: sql(query) == "t")
        cls.users = {role: Browser(i).sign_in(i.setup_link("demo", f"{role}@demo.example", role)) for role in ROLES}

    def known(self):
        """Values of the tenant that paths find something with."""
        admin = self.users["admin"]

        def first(path, member):
            return admin.get("/api/v1/tenants/demo/" + path).json()["items"][0][member]

        return {"listed": {"session": first("sessions", "session_id"), "key": first("keys", "id"), "repo": first("repos", "repo")},
                "ids": {"getDrift": first("drifts", "id"), "getReport": first("repos", "report_id"), "testRoute": first("routes", "id")}}

    def document(self):
        """The console's part of the description, in one file, with the tenant's own ids among the values to try."""
        whole = yaml.safe_load((ROOT / "schemas/openapi.yaml").read_text())
        known = self.known()
        problem = json.loads((ROOT / "schemas/http/problem.v1.json").read_text())
        for name in ("$id", "$schema"):
            problem.pop(name)
        whole["components"]["responses"]["problem"]["content"]["application/problem+json"]["schema"] = problem
        whole["components"]["responses"] = {"problem": whole["components"]["responses"]["problem"]}
        whole["components"]["requestBodies"] = {}
        whole["components"].pop("securitySchemes")
        paths = {}
        for path, item in whole["paths"].items():
            for method, operation in item.items():
                if "console" not in operation.get("tags", []) or operation["operationId"] in LEFT_OUT:
                    continue
                operation.pop("security", None)
                kept = []
                for parameter in operation.get("parameters", []):
                    parameter = whole["components"]["parameters"][parameter["$ref"].rpartition("/")[2]]
                    name, schema = parameter["name"], parameter["schema"]
                    if name == "X-Plumbline-CSRF" and not parameter["required"]:
                        continue  # a bearer token needs none
                    if name == "tenant":
                        schema = {"enum": ["demo"]}
                    elif name == "id" and operation["operationId"] in known["ids"]:
                        schema = {"anyOf": [{"enum": [known["ids"][operation["operationId"]]]}, schema]}
                    elif name in known["listed"] and method == "get":
                        schema = {"anyOf": [{"enum": [known["listed"][name]]}, schema]}
                    kept.append(parameter | {"schema": schema})
                operation["parameters"] = kept
                paths.setdefault(path, {})[method] = operation
        whole["paths"] = paths
        file = self.installation.folder / "openapi.json"
        file.write_text(json.dumps(whole))
        return file

    def run_on(self, paths, role, examples):
        done = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", "run", str(self.file), "--url", self.installation.url, "--include-path-regex", paths,
             "--checks", CHECKS, "--phases", "fuzzing", "--max-examples", str(examples), "--no-shrink", "--seed", str(SEED),
             "--header", "Authorization: Bearer " + self.users[role].cookies["plumbline_session"], "--no-color", "--warnings", "off",
             "--generation-database", "none", "--max-redirects", "0", "--continue-on-failure", "--suppress-health-check", "all"],
            cwd=self.installation.folder, env=os.environ | {"PYTHONPATH": str(PACKAGES)}, capture_output=True, text=True, timeout=200)
        self.assertEqual(done.returncode, 0, f"seed {SEED}\n{done.stdout[-12000:]}\n{done.stderr[-4000:]}")
        counted = re.search(r"Tested: +(\d+)(?:/(\d+))?", done.stdout)
        print(role, paths, *re.findall(r"\d+ generated.*|Tested: .*", done.stdout), flush=True)
        self.assertGreater(int(counted[1]), 4, done.stdout[-2000:])
        # It was signed in to the end.
        self.assertEqual(self.users[role].get("/api/v1/tenants/demo/overview").status, 200)

    def test_each_role(self):
        print(f"seed {SEED}", flush=True)
        self.file = self.document()
        limited = "|".join(LIMITED)
        for role in ROLES:
            with self.subTest(role=role):
                self.run_on(f"^(?!{limited})", role, 6)
        with self.subTest(paths=limited):
            self.run_on(f"^({limited})", "admin", 2)


if __name__ == "__main__":
    if not (PACKAGES / ".complete").exists():
        sys.exit("schemathesis is not there: script/bootstrap --tests installs it")
    unittest.main(verbosity=1)
