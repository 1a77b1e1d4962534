"""What the console's API answers about real data: each endpoint as schemas/openapi.yaml says. Usage: read_test.py PLUMBLINE PLUMB"""
import csv
import io
import json
import re
import sys
import unittest

import yaml
from contract import Contract
from installation import ROOT, Browser, Installation, wait_for

PLUMB = sys.argv.pop()
PLUMBLINE = sys.argv.pop()
DATA = ROOT / "tests/data/real"


class Reads(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.installation = Installation(PLUMBLINE, PLUMB)
        try:
            cls.installation.start()
            _, key, secret = cls.installation.tenant("demo")
            cls.installation.cli("route", "add", "demo", "inbox", "--kind", "email", "--to", "team@demo.example")
            cls.installation.push(key, secret, DATA)
            sql = cls.installation.postgres.sql
            wait_for("20 reports and 371 decisions", lambda: sql(
                "SELECT (SELECT count(*) FROM plumbline.reports) >= 20 AND (SELECT count(*) FROM plumbline.traces) >= 371") == "t")
            wait_for("drifts", lambda: sql("SELECT count(*) >= 2 FROM plumbline.drifts") == "t")
            wait_for("health", lambda: sql("SELECT coalesce(sum(runs), 0) >= 20 FROM plumbline.health_repo_hours") == "t")
            wait_for("agents", lambda: sql("SELECT count(*) >= 3 FROM plumbline.health_agent_latest") == "t")
            cls.browser = Browser(cls.installation).sign_in(cls.installation.setup_link("demo", "ann@example.com", "admin"))
            cls.contract = Contract(yaml.safe_load((ROOT / "schemas/openapi.yaml").read_text()))
        except BaseException:
            print(cls.installation.logs())
            cls.installation.stop()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.installation.stop()

    def get(self, path, status=200):
        """The JSON of an answer that the OpenAPI file allows; `path` below the tenant unless it starts with '/'."""
        whole = path if path.startswith("/") else "/api/v1/tenants/demo/" + path
        answer = self.browser.get(whole)
        self.assertEqual(answer.status, status, (whole, answer.body, self.installation.logs()))
        self.contract.check(self, "get", whole, answer)
        return answer.json()

    def test_me_says_who_and_what_is_allowed(self):
        me = self.get("/api/v1/me")
        self.assertEqual(me["user"]["email"], "ann@example.com")
        self.assertEqual(me["memberships"][0]["tenant"]["slug"], "demo")
        self.assertIn("members.manage", me["memberships"][0]["permissions"])
        self.get("/api/v1/sign-in")

    def test_overview_shows_health_with_its_parts(self):
        overview = self.get("overview")
        health = overview["health"]
        self.assertAlmostEqual(health["score"], sum(p["value"] for p in health["parts"]), delta=0.3)
        self.assertEqual(sum(p["weight"] for p in health["parts"]), 100)
        self.assertEqual(len(overview["history"]) > 0, True)
        self.assertEqual(overview["counts"]["agents"], 3)
        self.assertTrue(overview["worst_repos"])

    def test_repos_and_one_of_them(self):
        repos = self.get("repos")["items"]
        self.assertTrue(repos)
        for sort in ("repo", "recent", "worst"):
            paged = []
            cursor = ""
            while True:
                page = self.get(f"repos?sort={sort}&limit=1{cursor}")
                paged += page["items"]
                if not page["next_cursor"]:
                    break
                cursor = "&cursor=" + page["next_cursor"]
            self.assertEqual(sorted(map(str, paged)), sorted(map(str, repos)), sort)
        one = self.get(f"repo?repo={repos[0]['repo']}&branch={repos[0]['branch']}")
        self.assertEqual(one["latest"], repos[0])
        self.assertEqual(one["series"][-1]["report_id"], repos[0]["report_id"])
        self.assertTrue(one["gates"])
        report = self.get(f"reports/{repos[0]['report_id']}")
        self.assertEqual(len(report["violations"]), report["report"]["violations_total"])
        self.get("repo?repo=none", 404)

    def test_sessions_and_a_timeline_in_order(self):
        # Verdicts of chains are worked out beside when they take long.
        sessions = wait_for("the chains' verdicts", lambda: (s := self.get("sessions")["items"]) and all(x["chain"]["verdict"] != "unknown" for x in s) and s)
        self.assertEqual(len(sessions), int(self.installation.postgres.sql(
            "SELECT count(DISTINCT (session, agent)) FROM plumbline.traces WHERE session IS NOT NULL")))
        self.assertEqual([s["last_at"] for s in sessions], sorted((s["last_at"] for s in sessions), reverse=True))
        first = sessions[0]
        self.assertEqual(first["chain"]["verdict"], "ok")
        # The verdict of the agent's chain is worked out beside when it takes long.
        wait_for("the session as the list has it", lambda: self.get(f"sessions/{first['session_id']}")["session"] == first)
        seen, cursor = [], ""
        while True:
            page = self.get(f"sessions/{first['session_id']}?limit=7{cursor}")
            seen += page["items"]
            if not page["next_cursor"]:
                break
            cursor = "&cursor=" + page["next_cursor"]
        self.assertEqual(len(seen), first["events"])
        self.assertEqual([i["time"] for i in seen], sorted(i["time"] for i in seen))
        self.assertEqual(sum(i["escalated"] for i in seen), first["escalations"])
        self.assertTrue(all("action_value" not in i["data"] for i in seen))  # metadata only
        self.assertEqual(self.get("sessions?q=" + first["session_id"][:8])["items"][0], first)
        self.get("sessions/none", 404)
        self.get("sessions?from=2026-01-01T00:00:00Z&to=2026-12-01T00:00:00Z", 400)

    def test_drifts_with_their_cause(self):
        drifts = self.get("drifts")["items"]
        self.assertGreaterEqual(len(drifts), 2)
        self.assertTrue(all(d["cause"] for d in drifts))
        one = self.get(f"drifts/{drifts[0]['id']}")
        self.assertTrue(one["violations"] and one["events"])
        self.assertEqual(self.get("drifts?state=open")["items"], [d for d in drifts if d["state"] == "open"])
        wait_for("deliveries", lambda: self.get("deliveries")["items"])
        self.assertTrue(self.get(f"drifts/{drifts[0]['id']}")["deliveries"])

    def test_pipeline_balances(self):
        pipeline = wait_for("a balanced ledger", lambda: (p := self.get("pipeline"))["ledger"]["balanced"] and p["ledger"]["stored"] and p)
        self.assertEqual(pipeline["ledger"]["accepted"], pipeline["ledger"]["stored"])
        self.assertIn("persist", {lag["consumer"] for lag in pipeline["lag"]})
        self.assertTrue(all(lag["end"] is not None for lag in pipeline["lag"]))
        self.assertEqual(self.get("dead-letters")["items"], [])

    def test_agents_settings_members_keys_routes_audit(self):
        agents = wait_for("the chains' verdicts", lambda: (a := self.get("agents")["items"]) and all(x["chain"]["verdict"] != "unknown" for x in a) and a)
        self.assertEqual(len(agents), 3)
        self.assertEqual({a["chain"]["verdict"] for a in agents}, {"ok"})
        settings = self.get("settings")
        self.assertEqual(settings["retention_days"], 3660)
        # What is in force is shown, also where the tenant has nothing of its own.
        source = (ROOT / "consumers/drift/matchers.h").read_text()
        ids, words = (json.loads("[" + re.search(rf"> {name} = {{(.*)}};", source).group(1) + "]") for name in ("ids", "words"))
        self.assertEqual(settings["matchers"], {"custom": False, "ids": ids, "words": words})
        self.assertEqual(self.get("members")["items"][0]["email"], "ann@example.com")
        self.assertEqual(self.get("teams")["items"], [])
        keys = self.get("keys")["items"]
        self.assertTrue(keys[0]["last_used_at"])
        self.assertEqual(self.get("routes")["items"][0]["name"], "inbox")
        audit = self.get("audit")
        self.assertEqual(audit["chain"]["verdict"], "ok")
        self.assertIn("tenant.create", {line["action"] for line in audit["items"]})

    def test_a_page_is_not_sent_twice(self):
        answer = self.browser.get("/api/v1/tenants/demo/repos")
        again = self.browser.get("/api/v1/tenants/demo/repos", headers={"If-None-Match": answer.header("etag")})
        self.assertEqual((again.status, again.body), (304, b""))

    def test_rows_to_save(self):
        rows = self.get("drifts")["items"]
        saved = self.browser.get("/api/v1/tenants/demo/drifts?format=csv")
        self.assertTrue(saved.header("content-type").startswith("text/csv"))
        table = list(csv.DictReader(io.StringIO(saved.body.decode())))
        self.assertEqual([r["id"] for r in table], [r["id"] for r in rows])
        lines = self.browser.get("/api/v1/tenants/demo/drifts?format=ndjson").body.decode().splitlines()
        self.assertEqual([json.loads(line) for line in lines], rows)

    def test_wrong_values_are_named(self):
        for path in ("repos?limit=0", "repos?limit=x", "repos?cursor=x", "repos?sort=x", "drifts?state=x", "sessions?from=x",
                     "deliveries?route=x", "repos?format=xml", "drifts?cursor=WyJ4IiwieSJd"):
            self.assertIn("detail", self.get(path, 400))

    def test_live_tells_a_new_delivery(self):
        first = self.browser.get("/api/v1/tenants/demo/live")
        self.assertEqual(first.header("content-type"), "text/event-stream")
        mark = next(line[4:] for line in first.body.decode().splitlines() if line.startswith("id: "))
        self.assertIn("event: rate", first.body.decode())
        route = self.get("routes")["items"][0]["id"]
        made = self.browser.ask("POST", f"/api/v1/tenants/demo/routes/{route}/test")
        self.assertEqual(made.status, 202, made.body)
        told = wait_for("the delivery's event", lambda: made.json()["delivery_id"] in self.browser.get(
            "/api/v1/tenants/demo/live", headers={"Last-Event-ID": mark}).body.decode())
        self.assertTrue(told)

    def test_pages_and_probes_carry_their_fields(self):
        page = Browser(self.installation).get("/t/demo/overview")
        self.assertEqual(page.status, 200)
        self.assertIn("default-src 'self'", page.header("content-security-policy"))
        self.assertNotIn("unsafe", page.header("content-security-policy"))
        self.assertEqual(page.header("x-content-type-options"), "nosniff")
        self.assertEqual(Browser(self.installation).get("/assets/none.js").status, 404)
        self.assertEqual(Browser(self.installation).get("/livez").status, 200)
        self.assertIn(b"plumbline_console_requests_total", Browser(self.installation).get("/metrics").body)


if __name__ == "__main__":
    unittest.main(verbosity=1)
