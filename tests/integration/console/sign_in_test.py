"""How people come in, stay in and are put out: links, refresh, an OpenID Connect issuer, command lines. Usage: sign_in_test.py PLUMBLINE PLUMB"""
import base64
import contextlib
import hashlib
import http.client
import json
import os
import subprocess
import sys
import threading
import time
import unittest
import urllib.parse

from installation import ROOT, Browser, Installation, dies_with_us, free_port, wait_for

sys.path.insert(0, str(ROOT / "tests/support/fakes"))
from oidc import Issuer, Key, b64  # noqa: E402

PLUMB = sys.argv.pop()
PLUMBLINE = sys.argv.pop()
FORM = "application/x-www-form-urlencoded"


def b64decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class SignIn(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.issuer = Issuer()
        secret = f"/tmp/plumbline-oidc-{os.getpid()}.secret"
        with open(os.open(secret, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
            file.write(cls.issuer.client_secret + "\n")
        cls.addClassCleanup(os.unlink, secret)
        cls.addClassCleanup(cls.issuer.stop)
        cls.installation = Installation(PLUMBLINE, PLUMB, f'oidc_issuer = "{cls.issuer.url}"\noidc_client_id = "plumbline"\n'
                                                          f'oidc_client_secret_file = "{secret}"\nrefresh_grace = "0s"')
        cls.addClassCleanup(cls.installation.stop)
        cls.installation.start()
        cls.installation.tenant("demo")
        cls.sql = staticmethod(cls.installation.postgres.sql)

    def setUp(self):
        self.issuer.twist = {}

    def link(self, role="admin", email="ann@example.com"):
        return self.installation.setup_link("demo", email, role)

    def browser(self, role="admin", email="ann@example.com"):
        return Browser(self.installation).sign_in(self.link(role, email))

    def open(self, browser):
        return browser.get("/api/v1/me").status == 200

    def test_a_link_works_once(self):
        link = self.link()
        self.assertTrue(Browser(self.installation).get("/api/v1/sign-in").json()["setup_available"])
        Browser(self.installation).sign_in(link)
        for token in (link.partition("#")[2], "x", "a" * 43):
            answer = Browser(self.installation).ask("POST", "/auth/setup", {"token": token})
            self.assertEqual((answer.status, answer.header("set-cookie")), (401, None))
        late = self.link()
        self.sql("UPDATE plumbline.setup_links SET expires_at = now() WHERE used_at IS NULL")
        self.assertEqual(Browser(self.installation).ask("POST", "/auth/setup", {"token": late.partition("#")[2]}).status, 401)

    def test_no_token_is_kept_as_it_is(self):
        browser = self.browser()
        token = browser.cookies["plumbline_refresh"]
        self.assertEqual(self.sql(f"SELECT count(*) FROM plumbline.refresh_tokens WHERE token_hash = '\\x{hashlib.sha256(token.encode()).hexdigest()}'"), "1")
        self.assertNotIn(token, self.installation.logs())

    def test_cookies_are_out_of_scripts_reach(self):
        answer = Browser(self.installation).ask("POST", "/auth/setup", {"token": self.link().partition("#")[2]})
        lines = [v for k, v in answer.headers if k.lower() == "set-cookie"]
        self.assertEqual(len(lines), 2)
        self.assertTrue(all("HttpOnly" in line for line in lines))
        self.assertIn("SameSite=Lax", lines[0])
        self.assertIn("Path=/auth/; ", lines[1])
        self.assertIn("SameSite=Strict", lines[1])

    def test_pages_of_other_sites_can_start_nothing(self):
        token = self.link().partition("#")[2]
        browser = Browser(self.installation)
        browser.csrf = None
        self.assertEqual(browser.ask("POST", "/auth/setup", {"token": token}).status, 403)
        browser.csrf = "any"
        self.assertEqual(browser.ask("POST", "/auth/setup", {"token": token}, {"Sec-Fetch-Site": "cross-site"}).status, 403)
        self.assertEqual(browser.ask("POST", "/auth/setup", {"token": token}).status, 200)

    def test_refresh_turns_tokens_and_an_old_one_ends_the_session(self):
        browser = self.browser()
        first = dict(browser.cookies)
        self.assertEqual(browser.ask("POST", "/auth/refresh").status, 200)
        self.assertNotEqual(browser.cookies["plumbline_refresh"], first["plumbline_refresh"])
        self.assertTrue(self.open(browser))
        self.assertEqual(browser.get("/api/v1/me").json()["csrf"], browser.csrf)  # stays through refreshes
        thief = Browser(self.installation)
        thief.cookies = first
        self.assertEqual(thief.ask("POST", "/auth/refresh").status, 401)
        self.assertFalse(self.open(browser))
        self.assertEqual(browser.ask("POST", "/auth/refresh").status, 401)
        self.assertIn("reuse", self.sql("SELECT string_agg(ended_why, ' ') FROM plumbline.user_sessions"))

    def test_requests_in_flight_at_the_end_of_a_token_go_on_by_one_refresh_each(self):
        """A page's parallel requests find their access token over; each refreshes with the token it has, all within the grace: none fails and
        nobody is put out. What comes back after the grace ends the session."""
        with self.console(access_ttl="3s", refresh_grace="20s") as port:
            browser = self.on(port)
            wait_for("the token's end", lambda: not self.open(browser))
            begin, done = threading.Barrier(6), []

            def one():
                mine = self.twin(browser)
                begin.wait(30)
                statuses = [mine.get("/api/v1/tenants/demo/overview").status, mine.ask("POST", "/auth/refresh").status,
                            mine.get("/api/v1/me").status]
                done.append((statuses, mine))

            threads = [threading.Thread(target=one) for _ in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
            self.assertEqual([statuses for statuses, _ in done], [[401, 200, 200]] * 6, "each refreshed and went on")
            # One session all the while, and every one of the new tokens is good for the next refresh.
            session = {json.loads(b64decode(mine.cookies["plumbline_session"].split(".")[1]))["sid"] for _, mine in done}
            self.assertEqual(len(session), 1)
            self.assertEqual({mine.ask("POST", "/auth/refresh").status for _, mine in done}, {200})
            # The first token once more, as if its grace had passed: the whole family is over.
            self.sql(f"UPDATE plumbline.refresh_tokens SET used_at = used_at - interval '21 s' WHERE session_id = '{session.pop()}' AND used_at IS NOT NULL")
            self.assertEqual(self.twin(browser).ask("POST", "/auth/refresh").status, 401)
            self.assertEqual({mine.ask("POST", "/auth/refresh").status for _, mine in done}, {401})
            self.assertFalse(any(self.open(mine) for _, mine in done))

    @contextlib.contextmanager
    def console(self, **options):
        """Another console process over the same database; its port."""
        port = free_port()
        more = {f"PLUMBLINE_CONSOLE_{name.upper()}": value for name, value in options.items()}
        process = subprocess.Popen([PLUMBLINE, "console", "--config", self.installation.config], preexec_fn=dies_with_us, stderr=subprocess.DEVNULL,
                                   env=os.environ | {"PLUMBLINE_CONSOLE_LISTEN": f"127.0.0.1:{port}"} | more)
        try:
            wait_for("the second console", lambda: self.installation.ready(port))
            yield port
        finally:
            process.terminate()
            self.assertEqual(process.wait(30), 0)

    def on(self, port):
        browser = Browser(self.installation)
        browser.port = port
        return browser.sign_in(self.link())

    def twin(self, browser):
        other = Browser(self.installation)
        other.port, other.csrf, other.cookies = browser.port, browser.csrf, dict(browser.cookies)
        return other

    def test_sign_out_here_and_everywhere(self):
        one, two, three = self.browser(), self.browser(), self.browser()
        self.assertEqual(one.ask("POST", "/auth/sign-out").status, 204)
        self.assertEqual((self.open(one), self.open(two)), (False, True))
        kept = dict(three.cookies)
        self.assertEqual(two.ask("POST", "/auth/sign-out", {"everywhere": True}).status, 204)
        three.cookies = kept
        self.assertEqual((self.open(two), self.open(three), three.ask("POST", "/auth/refresh").status), (False, False, 401))

    def test_an_access_token_ends_and_refresh_goes_on(self):
        port = free_port()
        process = subprocess.Popen([PLUMBLINE, "console", "--config", self.installation.config], preexec_fn=dies_with_us, stderr=subprocess.DEVNULL,
                                   env=dict(os.environ, PLUMBLINE_CONSOLE_LISTEN=f"127.0.0.1:{port}", PLUMBLINE_CONSOLE_ACCESS_TTL="2s",
                                            PLUMBLINE_CONSOLE_OIDC_ISSUER=f"http://127.0.0.1:{free_port()}"))
        try:
            browser = Browser(self.installation)
            wait_for("the second console", lambda: self.installation.ready(port))
            browser.port = port
            browser.sign_in(self.link())
            wait_for("the token's end", lambda: not self.open(browser))
            self.assertEqual(browser.ask("POST", "/auth/refresh").status, 200)
            # A token of one console is none of another's with another address.
            other = Browser(self.installation)
            other.cookies = dict(browser.cookies)
            self.assertFalse(self.open(other))
            # Its provider is down: that is said, and all else goes on.
            self.assertEqual(browser.get("/auth/oidc/start").header("location"), "/sign-in?error=unavailable")
            self.assertEqual(browser.ask("POST", "/auth/refresh").status, 200)
        finally:
            process.terminate()
            self.assertEqual(process.wait(30), 0)

    def test_invitations_and_roles_take_effect_at_once(self):
        admin = self.browser()
        base = "/api/v1/tenants/demo"
        made = admin.ask("POST", base + "/members/invitations", {"email": "bob@example.com", "role": "viewer"})
        self.assertEqual(made.status, 201, made.body)
        bob = Browser(self.installation).sign_in(made.json()["link"])
        self.assertEqual(Browser(self.installation).ask("POST", "/auth/setup", {"token": made.json()["link"].partition("#")[2]}).status, 401)
        self.assertEqual(bob.ask("POST", base + "/keys", {}).status, 403)
        user = bob.get("/api/v1/me").json()["user"]["id"]
        self.assertEqual(admin.ask("PATCH", f"{base}/members/{user}", {"role": "operator"}).json()["role"], "operator")
        self.assertEqual(bob.ask("POST", base + "/keys", {}).status, 201)
        team = admin.ask("POST", base + "/teams", {"name": "night"}).json()
        self.assertEqual(admin.ask("PUT", f"{base}/teams/{team['id']}/members/{user}").status, 204)

        def members():
            return next(t["members"] for t in admin.get(base + "/teams").json()["items"] if t["id"] == team["id"])

        self.assertEqual([m["id"] for m in members()], [user])
        self.assertEqual(admin.ask("POST", base + "/teams", {"name": "night"}).status, 409)
        self.assertEqual(admin.ask("DELETE", f"{base}/members/{user}").status, 204)
        self.assertEqual(bob.get(base + "/overview").status, 404)
        self.assertEqual(members(), [])
        taken = admin.ask("POST", base + "/members/invitations", {"email": "eve@example.com", "role": "admin"}).json()
        self.assertEqual(admin.ask("DELETE", f"{base}/members/invitations/{taken['id']}").status, 204)
        self.assertEqual(Browser(self.installation).ask("POST", "/auth/setup", {"token": taken["link"].partition("#")[2]}).status, 401)

    def test_a_tenant_keeps_an_admin(self):
        self.installation.tenant("alone")
        admin = Browser(self.installation).sign_in(self.installation.setup_link("alone", "one@example.com", "admin"))
        user = admin.get("/api/v1/me").json()["user"]["id"]
        path = f"/api/v1/tenants/alone/members/{user}"
        self.assertEqual(admin.ask("PATCH", path, {"role": "viewer"}).status, 409)
        self.assertEqual(admin.ask("DELETE", path).status, 409)
        self.assertEqual(admin.get("/api/v1/me").json()["memberships"][0]["role"], "admin")

    def test_an_invited_address_of_a_link_is_not_the_user_of_that_address(self):
        self.installation.tenant("other")
        victim = self.browser(email="victim@example.com")
        attacker = Browser(self.installation).sign_in(self.installation.setup_link("other", "mallory@example.com", "admin"))
        link = attacker.ask("POST", "/api/v1/tenants/other/members/invitations", {"email": "victim@example.com", "role": "viewer"}).json()["link"]
        came_in = Browser(self.installation).sign_in(link).get("/api/v1/me").json()
        self.assertNotEqual(came_in["user"]["id"], victim.get("/api/v1/me").json()["user"]["id"])
        self.assertEqual([m["tenant"]["slug"] for m in came_in["memberships"]], ["other"])

    def test_changes_stand_in_a_chained_log(self):
        admin = self.browser()
        admin.ask("POST", "/api/v1/tenants/demo/teams", {"name": "logged"})
        audit = admin.get("/api/v1/tenants/demo/audit").json()
        self.assertEqual(audit["chain"]["verdict"], "ok")
        self.assertEqual((audit["items"][0]["action"], audit["items"][0]["actor"]), ("team.add", "ann@example.com"))
        self.installation.tenant("forged")
        forged = Browser(self.installation).sign_in(self.installation.setup_link("forged", "f@example.com", "admin"))
        self.sql("SET session_replication_role = replica; UPDATE plumbline.audit_log SET actor = 'nobody' WHERE seq = 1 AND tenant_id = "
                 "(SELECT id FROM plumbline.tenants WHERE slug = 'forged')")
        chain = forged.get("/api/v1/tenants/forged/audit").json()["chain"]
        self.assertEqual((chain["verdict"], chain["first_bad"]), ("broken", 1))

    # An OpenID Connect issuer.

    def through_issuer(self, browser, return_to="/t/demo/drifts"):
        """The redirect that ends the way through the issuer."""
        start = browser.get("/auth/oidc/start?return_to=" + urllib.parse.quote(return_to))
        self.assertEqual(start.status, 302)
        at = urllib.parse.urlsplit(start.header("location"))
        if at.netloc == "":
            return start
        connection = http.client.HTTPConnection(at.netloc, timeout=30)
        connection.request("GET", at.path + "?" + at.query)
        back = urllib.parse.urlsplit(connection.getresponse().getheader("location"))
        connection.close()
        self.callback = back.path + "?" + back.query
        return browser.get(self.callback)

    def invite(self, email):
        self.browser().ask("POST", "/api/v1/tenants/demo/members/invitations", {"email": email, "role": "operator"})

    def test_an_invited_person_comes_in_through_the_issuer(self):
        self.issuer.user = {"sub": "u-1", "email": "Carl@Example.com", "email_verified": True, "name": "Carl"}
        browser = Browser(self.installation)
        self.assertEqual(self.through_issuer(browser).header("location"), "/sign-in?error=not_invited")
        self.assertEqual(self.sql("SELECT count(*) FROM plumbline.users WHERE name = 'Carl'"), "0")
        self.invite("carl@example.com")
        self.assertEqual(self.through_issuer(browser).header("location"), "/t/demo/drifts")
        me = browser.get("/api/v1/me").json()
        self.assertEqual((me["user"]["name"], me["memberships"][0]["role"]), ("Carl", "operator"))
        # A second time it is the same user; the callback's address alone is worth nothing.
        again = Browser(self.installation)
        self.assertEqual(self.through_issuer(again).header("location"), "/t/demo/drifts")
        self.assertEqual(again.get("/api/v1/me").json()["user"]["id"], me["user"]["id"])
        self.assertEqual(Browser(self.installation).get(self.callback).header("location"), "/sign-in?error=expired")

    def test_addresses_that_are_not_verified_take_no_invitation(self):
        self.issuer.user = {"sub": "u-2", "email": "dora@example.com", "email_verified": False}
        self.invite("dora@example.com")
        self.assertEqual(self.through_issuer(Browser(self.installation)).header("location"), "/sign-in?error=not_invited")

    def test_wrong_tokens_of_the_issuer_are_refused(self):
        self.issuer.user = {"sub": "u-3", "email": "emil@example.com", "email_verified": True}
        self.invite("emil@example.com")
        for twist in ({"nonce": "x"}, {"aud": "another"}, {"aud": ["plumbline", "another"]}, {"iss": "https://evil.example"}, {"signature": 1},
                      {"exp": int(time.time()) - 120}, {"iat": int(time.time()) + 600}, {"azp": "another"}, {"alg": "none"}, {"alg": "HS256"}):
            self.issuer.twist = twist
            self.assertEqual(self.through_issuer(Browser(self.installation)).header("location"), "/sign-in?error=failed", twist)
        self.issuer.twist = {}
        self.assertEqual(self.through_issuer(Browser(self.installation)).header("location"), "/t/demo/drifts")

    def test_the_issuers_clock_may_be_off_by_less_than_a_minute(self):
        self.issuer.user = {"sub": "u-8", "email": "hugo@example.com", "email_verified": True}
        self.invite("hugo@example.com")
        # Off by 50 s each way is taken; by two minutes and more it is not (the seconds between are the test's own time).
        for claims, taken in (({"iat": 50}, True), ({"nbf": 50}, True), ({"exp": -45, "iat": -345}, True), ({"iat": 120}, False),
                              ({"nbf": 120}, False), ({"exp": -75, "iat": -375}, False), ({"nbf": -3600}, True)):
            now = int(time.time())
            self.issuer.twist = {name: now + seconds for name, seconds in claims.items()}
            self.assertEqual(self.through_issuer(Browser(self.installation)).header("location"),
                             "/t/demo/drifts" if taken else "/sign-in?error=failed", claims)

    def test_a_provider_that_is_down_is_said_and_sessions_go_on(self):
        browser, link = self.browser(), self.link()
        with self.console(oidc_issuer=f"http://127.0.0.1:{free_port()}") as port:
            there = self.twin(browser)
            there.port = port
            stranger = Browser(self.installation)
            stranger.port = port
            self.assertEqual(stranger.get("/auth/oidc/start").header("location"), "/sign-in?error=unavailable")
            self.assertEqual(stranger.get("/api/v1/sign-in").status, 200)
            self.assertEqual(there.ask("POST", "/auth/refresh").status, 200)
            self.assertEqual(there.get("/api/v1/tenants/demo/overview").status, 200)
            stranger.sign_in(link)  # links need no provider
            self.assertTrue(self.open(stranger))

    def test_state_and_return_address_are_held_to(self):
        browser = Browser(self.installation)
        self.through_issuer(browser)
        browser.get("/auth/oidc/start")
        self.assertEqual(browser.get("/auth/oidc/callback?code=x&state=y").header("location"), "/sign-in?error=expired")
        self.issuer.user = {"sub": "u-4", "email": "fred@example.com", "email_verified": True}
        self.invite("fred@example.com")
        for evil in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"):
            self.assertEqual(self.through_issuer(Browser(self.installation), evil).header("location"), "/", evil)

    def test_keys_that_the_issuer_turned_are_fetched_again(self):
        self.issuer.user = {"sub": "u-5", "email": "gina@example.com", "email_verified": True}
        self.invite("gina@example.com")
        for key in (Key("ES256"), self.issuer.key):  # and back, for the other tests
            self.issuer.key = key
            # Attempts are limited by address, so it is tried seldom.
            wait_for("the new key", lambda: self.through_issuer(Browser(self.installation)).header("location") == "/t/demo/drifts", pause_s=1)
        self.assertEqual(Browser(self.installation).get("/auth/none/start").status, 404)

    # Command lines.

    def token(self, **fields):
        return Browser(self.installation).ask("POST", "/auth/token", form=urllib.parse.urlencode({"client_id": "plumb"} | fields))

    def test_a_command_line_by_device_code(self):
        start = Browser(self.installation).ask("POST", "/auth/device/code", form="client_id=plumb").json()
        grant = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": start["device_code"]}
        self.assertEqual(self.token(**grant).json()["error"], "authorization_pending")
        self.assertEqual(self.token(**grant).json()["error"], "slow_down")
        browser = self.browser()
        self.assertEqual(browser.ask("POST", "/api/v1/device/approve", {"user_code": "BBBB-BBBB"}).status, 404)
        self.assertEqual(browser.ask("POST", "/api/v1/device/approve", {"user_code": start["user_code"].lower()}).status, 204)
        tokens = self.token(**grant).json()
        self.assertEqual(self.token(**grant).json()["error"], "invalid_grant")
        cli = Browser(self.installation)
        cli.bearer = tokens["access_token"]
        self.assertTrue(self.open(cli))
        next_tokens = self.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json()
        self.assertEqual(self.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json()["error"], "invalid_grant")
        self.assertEqual(self.token(grant_type="refresh_token", refresh_token=next_tokens["refresh_token"]).json()["error"], "invalid_grant")
        self.assertFalse(self.open(cli))  # the reuse ended the session

    def test_typed_codes_are_limited(self):
        browser = self.browser(email="typist@example.com")
        seen = [browser.ask("POST", "/api/v1/device/approve", {"user_code": f"BBBBBB{c}{d}"}).status for c in "BCD" for d in "BCDF"]
        self.assertEqual(seen, [404] * 10 + [429] * 2)

    def test_a_command_line_by_loopback_redirect(self):
        verifier = "v" * 50
        asked = {"response_type": "code", "client_id": "plumb", "redirect_uri": "http://127.0.0.1:45678/callback", "state": "s t&",
                 "code_challenge": b64(hashlib.sha256(verifier.encode()).digest()), "code_challenge_method": "S256"}
        path = "/auth/authorize?" + urllib.parse.urlencode(asked)
        self.assertTrue(Browser(self.installation).get(path).header("location").startswith("/sign-in?return_to="))
        for evil in ("http://evil.example/", "http://127.0.0.1.evil.example/", "http://127.0.0.1:1@evil.example/", "https://127.0.0.1:1/x"):
            wrong = "/auth/authorize?" + urllib.parse.urlencode(asked | {"redirect_uri": evil})
            self.assertEqual(Browser(self.installation).get(wrong).status, 400, evil)
        browser = self.browser()
        page = browser.get(path)
        self.assertEqual(page.status, 200)
        self.assertNotIn("unsafe", page.header("content-security-policy"))
        field = {name: page.body.decode().partition(f'name="{name}" value="')[2].partition('"')[0] for name in ("csrf", "request")}
        self.assertEqual(browser.ask("POST", "/auth/authorize", form=urllib.parse.urlencode(field | {"csrf": "x"})).status, 403)
        allowed = browser.ask("POST", "/auth/authorize", form=urllib.parse.urlencode(field))
        back = urllib.parse.urlsplit(allowed.header("location"))
        answer = dict(urllib.parse.parse_qsl(back.query))
        self.assertEqual((back.netloc, answer["state"]), ("127.0.0.1:45678", "s t&"))
        grant = {"grant_type": "authorization_code", "code": answer["code"], "redirect_uri": asked["redirect_uri"]}
        self.assertEqual(self.token(**grant, code_verifier="w" * 50).json()["error"], "invalid_grant")
        self.assertEqual(self.token(**grant, code_verifier=verifier).json()["error"], "invalid_grant")  # a code is tried once
        allowed = browser.ask("POST", "/auth/authorize", form=urllib.parse.urlencode(field))
        grant["code"] = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(allowed.header("location")).query))["code"]
        self.assertEqual(self.token(**grant, code_verifier=verifier).json()["token_type"], "Bearer")


if __name__ == "__main__":
    unittest.main(verbosity=1)
