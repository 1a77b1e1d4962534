"""Every endpoint of schemas/openapi.yaml by role, verb and other tenants' ids: who may not gets nothing, not even that something exists.
Usage: access_test.py PLUMBLINE PLUMB"""
import json
import re
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
# What is no tenant's: asked for in sign_in_test.py. A path that is neither here nor below TENANT fails a test.
OF_NOBODY = {"getMe", "getSignIn", "approveDevice", "startSignIn", "finishSignIn", "useSetupLink", "refreshSession", "signOut", "startDevice",
             "pollDevice", "authorizeClient", "allowClient", "exchangeToken"}
# Which of another tenant's ids stands for a path's parameter, and for a query's that names something: by operation where {id} has many meanings.
IDS = {"getReport": {"id": "report"}, "getDrift": {"id": "drift"}, "revokeInvitation": {"id": "invitation"}, "removeTeam": {"id": "team"},
       "addTeamMember": {"id": "team"}, "removeTeamMember": {"id": "team"}, "removeRoute": {"id": "route"}, "testRoute": {"id": "route"}}
NAMES = {"user": "user", "key": "key", "session": "session", "route": "route", "agent": "agent", "repo": "repo", "branch": "branch"}
NONE = {"user": str(uuid.UUID(int=5)), "key": "key_" + "0" * 32, "session": "no-such-session", "agent": "no-such-agent", "repo": "no-such-repo",
        "branch": "no-such-branch", "id": str(uuid.UUID(int=5)), "route": str(uuid.UUID(int=5))}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


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
                if slug == "theirs":  # something that nobody else has, and a report of its own id
                    i.push(key, secret, cls.secrets())
                i.cli("route", "add", slug, f"inbox-{slug}", "--kind", "email", "--to", f"{slug}@example.com")
                cls.ids[slug] = {"tenant": tenant, "key": key}
            sql = i.postgres.sql
            for slug, ids in cls.ids.items():
                t = ids["tenant"]
                ids["drift"] = wait_for("a drift", lambda t=t: sql(f"SELECT drift_id FROM plumbline.drifts WHERE tenant_id = '{t}' LIMIT 1"))
                ids["report"] = sql(f"SELECT id FROM plumbline.reports WHERE tenant_id = '{t}' ORDER BY id LIMIT 1")
                ids["route"] = sql(f"SELECT route_id FROM plumbline.notify_routes WHERE tenant_id = '{t}'")
            # The same documents have the same ids in each tenant: theirs have some of their own.
            cls.ids["theirs"] |= {"session": "their-session", "agent": "their-agent", "repo": "their-repo", "branch": "their-branch",
                                  "report": wait_for("their report", lambda: sql("SELECT id FROM plumbline.reports WHERE repo = 'their-repo' LIMIT 1"))}
            wait_for("their session", lambda: sql("SELECT 1 FROM plumbline.traces WHERE session = 'their-session' LIMIT 1"))
            wait_for("their health", lambda: sql("SELECT 1 FROM plumbline.health_repo_latest WHERE repo = 'their-repo'"))
            their_tenant, cls.ids["theirs"]["drift"] = cls.ids["theirs"]["tenant"], str(uuid.uuid4())
            sql("INSERT INTO plumbline.drifts SELECT (jsonb_populate_record(d, jsonb_build_object('drift_id', '" + cls.ids["theirs"]["drift"] + "', 'repo', "
                f"'their-repo'))).* FROM plumbline.drifts d WHERE tenant_id = '{their_tenant}' LIMIT 1")
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

    @classmethod
    def secrets(cls):
        """A file of events as only the tenant theirs has them: of a session, an agent, a repository and a branch of their own."""
        events = cls.installation.folder / "theirs.ndjson"
        common = {"time": "2026-11-09T09:00:00Z", "agent": "their-agent", "session": "their-session", "repo": "their-repo", "branch": "their-branch"}
        events.write_text("".join(json.dumps({"id": str(uuid.uuid4()), "kind": kind, "data": data} | common) + "\n" for kind, data in (
            ("session", {"event": "start"}), ("report", {"status": "PASS", "failures": [], "stats": {"score": 97}}))))
        return events

    def fill(self, path, operation, ids):
        """The path below the tenant with ids in its parameters' places, and in those of queries that name something."""
        for name in re.findall(r"\{(\w+)\}", path):
            kind = IDS.get(operation["operationId"], {}).get(name) or NAMES.get(name)
            self.assertIsNotNone(kind, f"{operation['operationId']} has a parameter {name} that this test does not know: give it an id in IDS or NAMES")
            path = path.replace("{%s}" % name, ids[kind])
        return path

    def none_of(self):
        """Ids of every kind that are nobody's."""
        return {kind: NONE[kind] if kind in NONE else NONE["id"] for kind in {*NAMES.values(), *(k for each in IDS.values() for k in each.values())}}

    def query_names(self, operation):
        found = [self.contract.resolved(p) for p in operation.get("parameters", [])]
        return [p["name"] for p in found if p["in"] == "query" and p["name"] in NAMES]

    def operations(self):
        """(operation, method, path below the tenant with made-up ids)."""
        for path, method, operation in self.contract.operations():
            if path.startswith(TENANT + "/"):
                yield operation, method.upper(), self.fill(path.removeprefix(TENANT), operation, self.none_of())

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

    def test_every_path_of_the_description_is_tested(self):
        below, other = [], set()
        for path, _, operation in self.contract.operations():
            (below.append if path.startswith(TENANT + "/") else other.add)(operation["operationId"])
        self.assertEqual(other, OF_NOBODY)
        self.assertEqual(sorted(below), sorted(o["operationId"] for o, _, _ in self.operations()))
        self.assertGreater(len(below), 30)

    def test_verbs_that_the_description_does_not_have_are_refused(self):
        for path, _, operation in self.contract.operations():
            filled = self.fill(path.replace("{tenant}", "ours").replace("{provider}", "oidc"), operation, self.none_of())
            known = {m.upper() for p, m, _ in self.contract.operations() if p == path}
            for method in METHODS:
                if method not in known:
                    answer = self.users["ours", "admin"].ask(method, filled, {} if method in ("POST", "PUT", "PATCH") else None)
                    # What a path of other names would fit: DELETE .../members/invitations is that of a user named so.
                    self.assertIn(answer.status, (405, 404), (method, path))

    def test_ids_of_another_tenant_are_as_ids_that_are_not_there(self):
        """Byte by byte, of every operation that has an id in its path or query, for every role."""
        asked = 0
        for path, method, operation in self.contract.operations():
            if not path.startswith(TENANT + "/"):
                continue
            names = set(re.findall(r"\{(\w+)\}", path)) - {"tenant"}
            for role in ROLES:
                browser = self.users["ours", role]
                nobody, theirs = self.none_of(), self.none_of() | {k: v for k, v in self.ids["theirs"].items()}
                if names:
                    with self.subTest(role=role, operation=operation["operationId"]):
                        none = self.ask(browser, operation, method.upper(), self.fill(path.replace("{tenant}", "ours"), operation, nobody))
                        foreign = self.ask(browser, operation, method.upper(), self.fill(path.replace("{tenant}", "ours"), operation, theirs))
                        self.assertIn(none.status, (403, 404), none.body)
                        self.same(foreign, none, path)
                        asked += 1
                for name in self.query_names(operation):
                    with self.subTest(role=role, operation=operation["operationId"], query=name):
                        whole = self.fill(path.replace("{tenant}", "ours"), operation, nobody) + "?" + name + "="
                        none, foreign = browser.get(whole + NONE[NAMES[name]]), browser.get(whole + self.ids["theirs"][NAMES[name]])
                        self.same(foreign, none, path)
                        asked += 1
        self.assertGreaterEqual(asked, 3 * 19)
        # Nothing of theirs was changed by all that, and to themselves it is there.
        admin = self.users["theirs", "admin"]
        base = f"/api/v1/tenants/{self.ids['theirs']['tenant']}"
        self.assertEqual(self.installation.postgres.sql(
            f"SELECT count(*) FROM plumbline.signing_keys WHERE key_id = '{self.ids['theirs']['key']}' AND status = 'active'"), "1")
        for path in ("/drifts/{drift}", "/reports/{report}", "/sessions/{session}", "/repo?repo={repo}"):
            self.assertEqual(admin.get(base + path.format(**self.ids["theirs"])).status, 200, path)
        self.assertIn(self.ids["theirs"]["team"], {t["id"] for t in admin.get(base + "/teams").json()["items"]})
        self.assertIn(self.ids["theirs"]["route"], {r["id"] for r in admin.get(base + "/routes").json()["items"]})
        self.assertIn(self.ids["theirs"]["invitation"], {m["id"] for m in admin.get(base + "/members").json()["items"]})

    def work_of(self, ask):
        """What PostgreSQL did for one request of the console: every node of every plan with the rows that it gave and threw away."""
        log = self.installation.postgres.log
        begun = log.stat().st_size
        answer = ask()
        with open(log, encoding="utf-8") as file:
            file.seek(begun)
            plans = re.findall(r"plan:\n(.*?\n\t\})\n", file.read(), re.DOTALL)
        did = []

        def walk(node):
            did.append(tuple(node.get(name) for name in ("Node Type", "Relation Name", "Index Name", "Actual Rows", "Actual Loops", "Rows Removed by Filter",
                                                         "Rows Removed by Index Recheck", "Rows Removed by Join Filter", "Heap Fetches")))
            for part in node.get("Plans", []):
                walk(part)

        for plan in plans:
            walk(json.loads(plan)["Plan"])
        return answer.status, did

    def test_existence_costs_no_work_more(self):
        """What could be timed: for a foreign id PostgreSQL does the same steps as for none, and no step meets a row more. Tables of a test are small:
        indexes are used as in large ones."""
        sql = self.installation.postgres.sql
        settings = {"session_preload_libraries": "auto_explain", "auto_explain.log_min_duration": "0", "auto_explain.log_analyze": "on",
                    "auto_explain.log_timing": "off", "auto_explain.log_format": "json", "enable_seqscan": "off", "enable_bitmapscan": "off"}
        for name, value in settings.items():
            sql(f"LOAD 'auto_explain'; ALTER DATABASE plumbline SET {name} = '{value}'")
        sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'plumbline console'")
        browser, asked, looked = self.users["ours", "admin"], 0, 0
        wait_for("the console again", lambda: browser.get("/api/v1/tenants/ours/repos").status == 200)
        try:
            for path, method, operation in self.contract.operations():
                if not path.startswith(TENANT + "/"):
                    continue
                whole, method = path.replace("{tenant}", "ours"), method.upper()
                pairs = []
                if set(re.findall(r"\{(\w+)\}", path)) - {"tenant"}:
                    pairs.append([(method, self.fill(whole, operation, ids)) for ids in (self.none_of(), self.none_of() | self.ids["theirs"])])
                for name in self.query_names(operation):
                    known = self.fill(whole, operation, self.none_of()) + "?" + name + "="
                    pairs.append([("GET", known + NONE[NAMES[name]]), ("GET", known + self.ids["theirs"][NAMES[name]])])
                for none, foreign in pairs:
                    # The console also works by itself now and then; what it does for one and not the other it does each time.
                    told = []
                    for _ in range(8):
                        told.append([self.work_of(lambda asks=asks: self.ask(browser, operation, *asks)) for asks in (none, foreign)])
                        if told[-1][0] == told[-1][1]:
                            break
                    with self.subTest(operation=operation["operationId"], foreign=foreign[1]):
                        self.assertEqual(*told[-1])
                    asked, looked = asked + 1, looked + len(told[-1][0][1])
        finally:
            for name in settings:
                sql(f"LOAD 'auto_explain'; ALTER DATABASE plumbline RESET {name}")
            sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'plumbline console'")
            wait_for("the console again", lambda: browser.get("/api/v1/tenants/ours/repos").status == 200)
        self.assertGreater(asked, 15)
        self.assertGreater(looked, 100)  # plans were found in the log

    def test_counts_and_lists_are_of_the_own_tenant_alone(self):
        """What ours sees is the same before and after theirs and a third got more."""
        def seen():
            found = {}
            for operation, method, path in self.operations():
                if method == "GET" and "{" not in path and operation["operationId"] not in ("getLive", "getPipeline", "listAudit", "getOverview"):
                    found[operation["operationId"]] = self.users["ours", "admin"].get("/api/v1/tenants/ours" + path).body
            overview = self.users["ours", "admin"].get("/api/v1/tenants/ours/overview").json()
            return found, overview["counts"]

        # Verdicts of chains are worked out beside when they take long.
        wait_for("the chains' verdicts", lambda: not any(b'"verdict":"unknown"' in body for body in seen()[0].values()))
        before = seen()
        theirs = self.users["theirs", "admin"]
        base = f"/api/v1/tenants/{self.ids['theirs']['tenant']}"
        for path, body in (("/keys", {}), ("/members/invitations", {"email": "more@theirs.example", "role": "viewer"}),
                           ("/routes", {"name": "more", "kind": "email", "address": "more@theirs.example"})):
            self.assertEqual(theirs.ask("POST", base + path, body).status, 201, path)
        self.assertEqual(seen(), before)

    def test_no_answer_holds_anything_of_another_tenant(self):
        words = [b"theirs", b"third", b"their-"] + [v.encode() for v in self.ids["theirs"].values()]
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
