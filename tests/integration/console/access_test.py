"""Every endpoint of schemas/openapi.yaml by role, verb and other tenants' ids: who may not gets nothing, not even that something exists.
Usage: access_test.py PLUMBLINE PLUMB"""
import sys
import unittest
import uuid

import yaml
from contract import Contract
from installation import ROOT, Browser, Installation, wait_for

PLUMB = sys.argv.pop()
PLUMBLINE = sys.argv.pop()
DATA = ROOT / "tests/data/real"
ROLES = ("viewer", "operator", "admin")
BODIES = {"changeMember": {"role": "viewer"}, "inviteMember": {"email": "x@example.com", "role": "owner"}, "addTeam": {}, "addRoute": {}}
TENANT = "/api/v1/tenants/{tenant}"


class Access(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.contract = Contract(yaml.safe_load((ROOT / "schemas/openapi.yaml").read_text()))
        cls.installation = i = Installation(PLUMBLINE, PLUMB)
        try:
            i.start()
            cls.ids = {}
            for slug in ("ours", "theirs", "third"):
                tenant, key, secret = i.tenant(slug)
                i.push(key, secret, DATA / "agent-0.jsonl", DATA / "rigour-reports.ndjson")
                i.cli("route", "add", slug, f"inbox-{slug}", "--kind", "email", "--to", f"{slug}@example.com")
                cls.ids[slug] = {"tenant": tenant, "key": key}
            sql = i.postgres.sql
            for slug, ids in cls.ids.items():
                t = ids["tenant"]
                ids["drift"] = wait_for("a drift", lambda t=t: sql(f"SELECT drift_id FROM plumbline.drifts WHERE tenant_id = '{t}' LIMIT 1"))
                ids["report"] = sql(f"SELECT id FROM plumbline.reports WHERE tenant_id = '{t}' ORDER BY id LIMIT 1")
                ids["route"] = sql(f"SELECT route_id FROM plumbline.notify_routes WHERE tenant_id = '{t}'")
                # The same documents have the same ids in each tenant: theirs get some of their own.
            cls.users = {(slug, role): Browser(i).sign_in(i.setup_link(slug, f"{role}@{slug}.example", role))
                         for slug in ("ours", "theirs") for role in ROLES}
            theirs = cls.users["theirs", "admin"]
            base = f"/api/v1/tenants/{cls.ids['theirs']['tenant']}"
            team = theirs.ask("POST", base + "/teams", {"name": "secret team"}).json()
            invitation = theirs.ask("POST", base + "/members/invitations", {"email": "secret@theirs.example", "role": "viewer"}).json()
            cls.ids["theirs"] |= {"team": team["id"], "invitation": invitation["id"],
                                  "user": theirs.get("/api/v1/me").json()["user"]["id"]}
        except BaseException:
            print(i.logs())
            i.stop()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.installation.stop()

    def operations(self):
        """(operation, method, path below the tenant with made-up ids)."""
        for path, method, operation in self.contract.operations():
            if path.startswith(TENANT + "/"):
                made_up = path.removeprefix(TENANT)
                for name in ("id", "user"):
                    made_up = made_up.replace("{%s}" % name, str(uuid.UUID(int=7)))
                yield operation, method.upper(), made_up.replace("{key}", "key_none").replace("{session}", "none")

    def ask(self, browser, operation, method, path):
        body = BODIES.get(operation["operationId"], {}) if method in ("POST", "PATCH", "PUT") else None
        return browser.ask(method, path, body)

    def same(self, one, other, what):
        def seen(answer):
            return answer.status, answer.body, [(k, v) for k, v in answer.headers if k.lower() != "date"]

        self.assertEqual(seen(one), seen(other), what)

    def test_nobody_signed_in_gets_401_everywhere(self):
        for operation, method, path in self.operations():
            with self.subTest(operation=operation["operationId"]):
                answers = [self.ask(Browser(self.installation), operation, method, f"/api/v1/tenants/{t}{path}") for t in ("ours", "none")]
                self.assertEqual(answers[0].status, 401)
                self.same(*answers, path)

    def test_each_role_may_what_the_table_says(self):
        for role in ROLES:
            browser = self.users["ours", role]
            allowed = browser.get("/api/v1/me").json()["memberships"][0]["permissions"]
            for operation, method, path in self.operations():
                with self.subTest(role=role, operation=operation["operationId"]):
                    answer = self.ask(browser, operation, method, "/api/v1/tenants/ours" + path)
                    if operation["x-permission"] in allowed:
                        self.assertNotIn(answer.status, (401, 403, 405, 500, 503), answer.body)
                    else:
                        self.assertEqual(answer.status, 403, answer.body)
        self.assertIn("members.manage", self.users["ours", "admin"].get("/api/v1/me").json()["memberships"][0]["permissions"])

    def test_another_tenant_is_as_one_that_is_not_there(self):
        for role in ROLES:
            browser = self.users["ours", role]
            for operation, method, path in self.operations():
                with self.subTest(role=role, operation=operation["operationId"]):
                    none = self.ask(browser, operation, method, "/api/v1/tenants/none" + path)
                    self.assertEqual(none.status, 404)
                    for name in ("theirs", self.ids["theirs"]["tenant"], str(uuid.UUID(int=9))):
                        self.same(self.ask(browser, operation, method, f"/api/v1/tenants/{name}{path}"), none, path)

    def test_ids_of_another_tenant_are_as_ids_that_are_not_there(self):
        theirs, browser = self.ids["theirs"], self.users["ours", "admin"]
        cases = [("GET", "/drifts/{}", "drift", None), ("DELETE", "/routes/{}", "route", None), ("POST", "/routes/{}/test", "route", {}),
                 ("POST", "/keys/{}/rotate", "key", {}), ("POST", "/keys/{}/disable", "key", None),
                 ("PATCH", "/members/{}", "user", {"role": "viewer"}), ("DELETE", "/members/{}", "user", None),
                 ("DELETE", "/members/invitations/{}", "invitation", None), ("DELETE", "/teams/{}", "team", None),
                 ("PUT", "/teams/{}/members/" + theirs["user"], "team", None), ("DELETE", "/teams/{}/members/" + theirs["user"], "team", None)]
        ours_drifts = {d["id"] for d in browser.get("/api/v1/tenants/ours/drifts").json()["items"]}
        for method, path, kind, body in cases:
            with self.subTest(method=method, path=path):
                if theirs[kind] in ours_drifts:
                    continue
                none = browser.ask(method, "/api/v1/tenants/ours" + path.format(str(uuid.UUID(int=5))), body)
                self.assertEqual(none.status, 404, none.body)
                self.same(browser.ask(method, "/api/v1/tenants/ours" + path.format(theirs[kind]), body), none, path)
        self.assertEqual(self.installation.postgres.sql(
            f"SELECT count(*) FROM plumbline.signing_keys WHERE key_id = '{theirs['key']}' AND status = 'active'"), "1")

    def test_no_answer_holds_anything_of_another_tenant(self):
        words = [b"theirs", b"third"] + [v.encode() for k, v in self.ids["theirs"].items() if k not in ("drift", "report")]
        for operation, method, path in self.operations():
            if method != "GET":
                continue
            answer = self.users["ours", "admin"].get("/api/v1/tenants/ours" + path)
            for word in words:
                self.assertNotIn(word, answer.body, operation["operationId"])

    def test_a_change_needs_the_csrf_value_unless_a_bearer_token_asks(self):
        browser = self.users["ours", "admin"]
        csrf, browser.csrf = browser.csrf, None
        try:
            for operation, method, path in self.operations():
                if method != "GET":
                    for value in (None, "any", self.users["theirs", "admin"].csrf):
                        answer = browser.ask(method, "/api/v1/tenants/ours" + path, {}, {"X-Plumbline-CSRF": value} if value else {})
                        self.assertEqual((answer.status, answer.json()["type"][-4:]), (403, "csrf"), operation["operationId"])
        finally:
            browser.csrf = csrf
        bearer = Browser(self.installation)
        bearer.csrf, bearer.bearer = None, browser.cookies["plumbline_session"]
        self.assertEqual(bearer.ask("DELETE", "/api/v1/tenants/ours/teams/" + str(uuid.UUID(int=5))).status, 404)

    def test_tokens_that_are_not_ours_are_nobodys(self):
        good = self.users["ours", "admin"].cookies["plumbline_session"]
        head, claims, mac = good.split(".")
        none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0"  # {"alg":"none","typ":"at+jwt"}
        for token in ("", "x", good[:-2], good + "A", f"{none}.{claims}.", f"{none}.{claims}.{mac}", f"{head}.{claims[:-3]}.{mac}", f"{head}..{mac}"):
            bearer = Browser(self.installation)
            bearer.bearer = token
            self.assertEqual(bearer.get("/api/v1/me").status, 401, token)


if __name__ == "__main__":
    unittest.main(verbosity=1)
