"""Signing keys turned under load: no request is refused while both are valid, and a disabled key is soon refused. Usage: keys_test.py PLUMBLINE PLUMB"""
import base64
import datetime
import hashlib
import hmac
import http.client
import json
import sys
import threading
import time
import unittest
import uuid

from installation import Browser, Installation, wait_for

PLUMB = sys.argv.pop()
PLUMBLINE = sys.argv.pop()
ROTATIONS = 10


class Client:
    """Sends one session event a request, signed as Standard Webhooks says."""

    def __init__(self, port):
        self.port = port

    def send(self, key):
        key_id, secret = key
        now = datetime.datetime.now(datetime.timezone.utc).isoformat()
        body = json.dumps({"id": str(uuid.uuid4()), "kind": "session", "time": now, "agent": "load", "session": "s",
                           "data": {"event": "heartbeat"}}).encode()
        name, stamp = uuid.uuid4().hex, str(int(time.time()))
        mac = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), f"{name}.{stamp}.".encode() + body, hashlib.sha256).digest()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("POST", "/api/v1/traces", body, {
            "content-type": "application/json", "webhook-id": name, "webhook-timestamp": stamp, "plumbline-key": key_id,
            "webhook-signature": "v1," + base64.b64encode(mac).decode()})
        status = connection.getresponse().status
        connection.close()
        return status


class Keys(unittest.TestCase):
    def test_ten_rotations_under_load(self):
        installation = Installation(PLUMBLINE, PLUMB)
        self.addCleanup(installation.stop)
        installation.start()
        _, key_id, secret = installation.tenant("demo")
        admin = Browser(installation).sign_in(installation.setup_link("demo", "op@example.com", "operator"))
        client, current, seen, stop = Client(installation.edge_port), [(key_id, secret)], [], threading.Event()
        wait_for("the first key", lambda: client.send(current[0]) == 202)

        def load():
            while not stop.is_set():
                seen.append(client.send(current[0]))

        threads = [threading.Thread(target=load) for _ in range(3)]
        self.addCleanup(stop.set)
        for thread in threads:
            thread.start()
        for _ in range(ROTATIONS):
            made = admin.ask("POST", f"/api/v1/tenants/demo/keys/{current[0][0]}/rotate", {"overlap_hours": 1})
            self.assertEqual(made.status, 201, made.body)
            self.assertEqual(made.json()["old"]["status"], "retiring")
            new = (made.json()["key"]["id"], made.json()["secret"])
            wait_for("the new key", lambda new=new: client.send(new) == 202)
            old, current[0] = current[0], new
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(set(seen), {202}, installation.logs())
        self.assertGreater(len(seen), ROTATIONS)
        self.assertEqual(client.send(old), 202)  # still within its overlap
        disabled = admin.ask("POST", f"/api/v1/tenants/demo/keys/{old[0]}/disable")
        self.assertEqual(disabled.json()["status"], "revoked")
        wait_for("the disabled key's refusal", lambda: client.send(old) == 401, 60)
        self.assertEqual(admin.ask("POST", f"/api/v1/tenants/demo/keys/{old[0]}/rotate", {}).status, 409)
        self.assertEqual(client.send(current[0]), 202)
        # An overlap that is over: five seconds after its end, which the answer says, nothing signed with the old key is taken.
        made = admin.ask("POST", f"/api/v1/tenants/demo/keys/{current[0][0]}/rotate", {"overlap_hours": 0}).json()
        new, end = (made["key"]["id"], made["secret"]), datetime.datetime.fromisoformat(made["old"]["not_after"]).timestamp()
        wait_for("five seconds after the end", lambda: time.time() > end + 5)
        self.assertEqual({client.send(current[0]) for _ in range(10)}, {401})
        wait_for("the new key", lambda: client.send(new) == 202)


if __name__ == "__main__":
    unittest.main(verbosity=1)
