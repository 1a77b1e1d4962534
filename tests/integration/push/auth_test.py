"""`plumb auth` against a whole installation: a person's browser is played by requests to the real console.
Usage: auth_test.py PLUMBLINE PLUMB"""
import http.client
import json
import os
import re
import stat
import subprocess
import sys
import tempfile
import unittest
import urllib.parse
from pathlib import Path

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "tests/integration/console"))
from installation import SANITIZER, Browser, Installation, dies_with_us, wait_for  # noqa: E402

PLUMB = os.path.abspath(sys.argv.pop())
PLUMBLINE = os.path.abspath(sys.argv.pop())
REPORTS = ROOT / "tests/data/real/rigour-reports.ndjson"


class Auth(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.installation = Installation(PLUMBLINE, PLUMB)
        cls.addClassCleanup(cls.installation.stop)
        cls.installation.start()
        for slug in ("demo", "other"):
            cls.installation.tenant(slug)
        cls.sql = staticmethod(cls.installation.postgres.sql)

    def setUp(self):
        self.home = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="plumb-auth-")))
        self.opened = self.home / "opened"
        browser = self.home / "browser"
        browser.write_text(f'#!/bin/sh\nprintf %s "$1" > "{self.opened}.part" && mv "{self.opened}.part" "{self.opened}"\n')
        browser.chmod(0o755)
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.home), "BROWSER": str(browser)} | SANITIZER
        self.credentials = self.home / ".config/plumbline/credentials"

    def person(self, role="operator", tenant="demo", email=None):
        self.email = email or f"{self._testMethodName[-40:]}@example.com"
        return Browser(self.installation).sign_in(self.installation.setup_link(tenant, self.email, role))

    def start(self, *words, **more):
        with open(self.home / "said", "w") as said:
            process = subprocess.Popen([PLUMB, *words], env=self.environment | more, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=said, text=True, preexec_fn=dies_with_us, cwd=self.home)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def end(self, process):
        out = process.communicate(timeout=60)[0]
        text = out + self.said()
        self.assertNotRegex(text, r"whs[ke]c?_", "no secret is ever shown")
        return process.returncode, text

    def run_plumb(self, *words, **more):
        return self.end(self.start(*words, **more))

    def said(self):
        return (self.home / "said").read_text()

    def allow(self, browser):
        """What a person does with the page that plumb opened; the address that the browser is sent to."""
        wait_for("the browser to be opened", self.opened.exists)
        at = urllib.parse.urlsplit(self.opened.read_text())
        self.opened.unlink()
        self.assertEqual(f"{at.scheme}://{at.netloc}", self.installation.url)
        page = browser.get(at.path + "?" + at.query)
        self.assertEqual(page.status, 200, page.body)
        field = {name: page.body.decode().partition(f'name="{name}" value="')[2].partition('"')[0] for name in ("csrf", "request")}
        return urllib.parse.urlsplit(browser.ask("POST", "/auth/authorize", form=urllib.parse.urlencode(field)).header("location"))

    def follow(self, back):
        self.assertEqual(back.hostname, "127.0.0.1")
        connection = http.client.HTTPConnection(back.hostname, back.port, timeout=30)
        connection.request("GET", back.path + "?" + back.query)
        answer = connection.getresponse()
        connection.close()
        return answer.status

    def by_redirect(self, browser, *words):
        process = self.start("auth", "login", "--console", self.installation.url, *words)
        self.assertEqual(self.follow(self.allow(browser)), 200)
        return self.end(process)

    def by_device(self, browser, *words, deny=False, command="login"):
        process = self.start("auth", command, "--device", *words)
        code = wait_for("the code", lambda: re.search(r"[A-Z]{4}-[A-Z]{4}", self.said()))
        answer = browser.ask("POST", "/api/v1/device/approve", {"user_code": code.group(), "deny": deny})
        self.assertEqual(answer.status, 204, answer.body)
        return self.end(process)

    def key_id(self, profile=""):
        text = self.credentials.read_text()
        return re.search(r"key_id = (\S+)", text.partition(f"[{profile}]")[2] if profile else text).group(1)

    def status_of(self, key):
        return self.sql(f"SELECT status FROM plumbline.signing_keys WHERE key_id = '{key}'")

    def open_sessions(self):
        return self.sql("SELECT count(*) FROM plumbline.user_sessions s JOIN plumbline.users u ON u.id = s.user_id WHERE s.client = 'plumb' "
                        f"AND s.ended_at IS NULL AND u.email = '{self.email}'")

    def test_by_redirect_then_push(self):
        code, text = self.by_redirect(self.person())
        self.assertEqual(code, 0, text)
        self.assertIn(f"signed in as {self.email}, operator of demo", text)
        self.assertIn("are taken", text)
        self.assertEqual(stat.S_IMODE(self.credentials.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(self.credentials.parent.stat().st_mode), 0o700)
        kept = self.credentials.read_text()
        self.assertEqual(sorted(line.partition(" = ")[0] for line in kept.splitlines()), ["console", "endpoint", "key_id", "secret", "tenant"])
        self.assertIn(f"endpoint = http://127.0.0.1:{self.installation.edge_port}\n", kept)
        self.assertEqual(self.open_sessions(), "0", "no token is left that opens anything")
        self.assertEqual(self.sql(f"SELECT algorithm || (sealed_secret IS NULL) FROM plumbline.signing_keys WHERE key_id = '{self.key_id()}'"), "v1atrue")
        self.assertEqual(self.sql(f"SELECT count(*) FROM plumbline.audit_log WHERE actor = '{self.email}' AND subject = '{self.key_id()}'"), "1")
        pushed = self.run_plumb("push", str(REPORTS))
        self.assertEqual(pushed[0], 0, pushed[1])
        wait_for("the reports", lambda: self.sql("SELECT count(*) FROM plumbline.reports") == "20")
        doctor = self.run_plumb("doctor")
        self.assertIn("profile default", doctor[1])
        self.assertEqual(doctor[0], 0, doctor[1])

    def test_an_answer_that_was_not_asked_for_changes_nothing(self):
        browser = self.person()
        process = self.start("auth", "login", "--console", self.installation.url)
        back = self.allow(browser)
        self.assertEqual(self.follow(back._replace(query="code=evil&state=guessed")), 400)
        self.assertEqual(self.follow(back._replace(path="/")), 404)
        self.assertIsNone(process.poll())
        self.assertEqual(self.follow(back), 200)
        self.assertEqual(self.end(process)[0], 0)

    def test_a_viewer_is_told_what_is_missing(self):
        code, text = self.by_redirect(self.person("viewer"))
        self.assertEqual(code, 1)
        self.assertIn(f"making a signing key takes the role operator or admin; {self.email} is viewer of demo", text)
        self.assertFalse(self.credentials.exists())
        self.assertEqual(self.open_sessions(), "0")

    def test_by_device_into_profiles(self):
        browser = self.person("admin")
        self.environment["PLUMBLINE_CONSOLE"] = self.installation.url
        for profile in ("work", "ci.2"):
            code, text = self.by_device(browser, "--profile", profile)
            self.assertEqual(code, 0, text)
        self.assertFalse(self.opened.exists())
        self.assertEqual(self.run_plumb("push", str(REPORTS))[0], 2, "there is no default")
        self.assertEqual(self.run_plumb("push", "--profile", "work", str(REPORTS))[0], 0)
        self.assertEqual(self.run_plumb("push", str(REPORTS), PLUMBLINE_PROFILE="ci.2")[0], 0)
        self.assertNotEqual(self.key_id("work"), self.key_id("ci.2"))
        code, text = self.run_plumb("auth", "status", PLUMBLINE_PROFILE="work")
        self.assertEqual(code, 0, text)
        self.assertIn("work  (in use)", text)
        self.assertEqual(text.count("are taken"), 2)
        # Logging one out leaves the other.
        key = self.key_id("work")
        code, text = self.by_device(browser, "--profile", "work", command="logout")
        self.assertEqual(code, 0, text)
        self.assertEqual(self.status_of(key), "revoked")
        self.assertNotIn("[work]", self.credentials.read_text())
        wait_for("the edge to know", lambda: self.run_plumb("auth", "status")[0] == 0)
        key = self.key_id("ci.2")
        code, text = self.run_plumb("auth", "logout", "--profile", "ci.2", "--local")
        self.assertEqual((code, self.status_of(key)), (0, "active"))
        self.assertIn(key + " stays valid", text)
        self.assertEqual(self.run_plumb("auth", "status")[0], 2)

    def test_a_refused_code_gives_nothing(self):
        code, text = self.by_device(self.person(), "--console", self.installation.url, deny=True)
        self.assertEqual(code, 1)
        self.assertIn("refused in the browser", text)
        self.assertFalse(self.credentials.exists())

    def test_a_second_login_rotates_the_key(self):
        browser = self.person()
        self.assertEqual(self.by_redirect(browser)[0], 0)
        first = self.key_id()
        old = self.credentials.read_text()
        code, text = self.by_redirect(browser)
        self.assertEqual(code, 0, text)
        self.assertIn(f"the key before, {first}, goes on for 24 hours", text)
        self.assertEqual((self.status_of(first), self.status_of(self.key_id())), ("retiring", "active"))
        self.credentials.write_text(old)
        self.assertEqual(self.run_plumb("auth", "status")[0], 0, "an agent that still runs with it goes on")

    def test_one_of_several_tenants_is_chosen(self):
        browser = self.person("operator", "demo", "two@example.com")
        self.installation.setup_link("other", "two@example.com", "viewer")
        Browser(self.installation).sign_in(self.installation.setup_link("other", "two@example.com", "admin"))
        code, text = self.by_redirect(browser)
        self.assertEqual(code, 1)
        self.assertIn("a member of demo, other: choose one by --tenant", text)
        self.assertEqual(self.by_redirect(browser, "--tenant", "nobody")[0], 1)
        code, text = self.by_redirect(browser, "--tenant", "other")
        self.assertEqual(code, 0, text)
        self.assertEqual(self.sql("SELECT t.slug FROM plumbline.signing_keys k JOIN plumbline.tenants t ON t.id = k.tenant_id WHERE k.key_id = "
                                  f"'{self.key_id()}'"), "other")

    def test_the_agent_signs_by_a_profile(self):
        browser = self.person()
        self.assertEqual(self.by_redirect(browser, "--profile", "agent")[0], 0)
        (self.home / "in.ndjson").write_text(json.dumps({"id": "00000000-0000-4000-8000-0000000a0001", "kind": "span", "time": "2026-11-02T09:00:00Z",
                                                         "agent": "by-profile", "data": {"name": "chat"}}) + "\n")
        toml = self.home / ".config/plumbline/agent.toml"
        toml.write_text(f'[edge]\nprofile = "agent"\n[[tail]]\npath = "{self.home}/in.ndjson"\nformat = "ndjson"\n')
        process = self.start("agent", "run")
        wait_for("the span", lambda: self.sql("SELECT count(*) FROM plumbline.traces WHERE agent = 'by-profile'") == "1")
        process.terminate()
        self.assertEqual(self.end(process)[0], 0)

    def test_what_is_wrong_is_said(self):
        for words, expected in ((["auth", "login"], "name the console"),
                                (["auth", "login", "--console", "http://c.example"], "plain http"),
                                (["auth", "login", "--console", "https://c.example/x"], "host and port only"),
                                (["auth", "login", "--console", self.installation.url, "--profile", "a b"], "profile's name"),
                                (["auth", "logout"], "no profile default"),
                                (["auth", "status"], "plumb auth login"),
                                (["push", "--profile", "none", str(REPORTS)], "plumb auth login --profile none")):
            code, text = self.run_plumb(*words)
            self.assertEqual(code, 2, text)
            self.assertIn(expected, text)
        code, text = self.run_plumb("auth", "login", "--device", "--console", f"http://127.0.0.1:{self.installation.edge_port}")
        self.assertEqual(code, 1, text)
        self.assertIn("not the edge's", text)
        code, text = self.run_plumb("auth", "login", "--device", "--console", "http://127.0.0.1:1")
        self.assertEqual(code, 3, text)


if __name__ == "__main__":
    unittest.main(verbosity=1)
