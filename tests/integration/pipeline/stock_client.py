"""The stock standardwebhooks package against a running edge: what it signs is accepted, what is tampered with is not.

usage: stock_client.py ENDPOINT KEY_ID SECRET
"""
import datetime
import json
import sys
import urllib.error
import urllib.request
import uuid

from standardwebhooks.webhooks import Webhook

ENDPOINT, KEY_ID, SECRET = sys.argv[1:4]


def post(body, message_id, at, signature, key_id=KEY_ID):
    request = urllib.request.Request(
        ENDPOINT + "/api/v1/traces",
        data=body.encode(),
        method="POST",
        headers={
            "content-type": "application/json",
            "plumbline-key": key_id,
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": signature,
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def expect(what, seen, wanted):
    print(f"{what}: {seen}")
    if seen != wanted:
        sys.exit(f"{what}: {seen} instead of {wanted}")


now = datetime.datetime.now(datetime.timezone.utc)
body = json.dumps({"id": str(uuid.uuid4()), "kind": "session", "time": now.isoformat(), "agent": "stock", "data": {"event": "start"}})
webhook = Webhook(SECRET)
signature = webhook.sign("msg_1", now, body)
expect("as signed", post(body, "msg_1", now, signature), 202)
expect("sent again", post(body, "msg_1", now, signature), 202)
expect("two signatures, one of them good", post(body, "msg_1", now, Webhook("whsec_" + "A" * 43 + "=").sign("msg_1", now, body) + " " + signature), 202)
expect("another body", post(body.replace("stock", "stick"), "msg_1", now, signature), 401)
expect("another id", post(body, "msg_2", now, signature), 401)
expect("another time", post(body, "msg_1", now + datetime.timedelta(seconds=1), signature), 401)
expect("an unknown key", post(body, "msg_1", now, signature, "key_unknown"), 401)
old = now - datetime.timedelta(seconds=400)
expect("a stale time", post(body, "msg_1", old, webhook.sign("msg_1", old, body)), 401)
