#!/usr/bin/env python3
"""An OpenID Connect issuer on loopback for tests: discovery, authorization with PKCE, token, keys; who signs in is what `user` says.
Signs with openssl. As a module: Issuer(); `twist` makes it wrong on purpose."""
import atexit
import base64
import hashlib
import json
import secrets
import subprocess
import tempfile
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Key:
    def __init__(self, algorithm):
        self.algorithm, self.kid = algorithm, secrets.token_hex(4)
        folder = tempfile.TemporaryDirectory(prefix="plumbline-oidc-")
        atexit.register(folder.cleanup)
        self.file = Path(folder.name) / "key.pem"
        kind = ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"] if algorithm == "RS256" else ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
        subprocess.run(["openssl", "genpkey", "-algorithm", *kind, "-out", self.file], check=True, capture_output=True)

    def jwk(self):
        der = subprocess.run(["openssl", "pkey", "-in", self.file, "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout
        if self.algorithm == "ES256":  # the point is the end of it: 04, x, y
            return {"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.kid, "x": b64(der[-64:-32]), "y": b64(der[-32:])}
        modulus = subprocess.run(["openssl", "rsa", "-in", self.file, "-noout", "-modulus"], check=True, capture_output=True, text=True)
        return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid, "e": "AQAB",
                "n": b64(bytes.fromhex(modulus.stdout.strip().partition("=")[2]))}

    def sign(self, message):
        der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.file], input=message, check=True, capture_output=True).stdout
        if self.algorithm == "RS256":
            return der
        numbers, at = b"", 2
        for _ in range(2):
            size = der[at + 1]
            numbers += der[at + 2:at + 2 + size][-32:].rjust(32, b"\0")
            at += 2 + size
        return numbers


class Issuer(ThreadingHTTPServer):
    def __init__(self, client_id="plumbline", client_secret="s3cret/+", algorithm="RS256"):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.client_id, self.client_secret = client_id, client_secret
        self.key = Key(algorithm)
        self.user = {"sub": "1", "email": "ann@example.com", "email_verified": True, "name": "Ann"}
        self.twist = {}  # claims that replace the right ones; "signature": a wrong one; "kid"
        self.codes, self.asked_keys = {}, 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()

    def id_token(self, nonce):
        now = int(time.time())
        claims = {"iss": self.url, "aud": self.client_id, "iat": now, "exp": now + 300, "nonce": nonce} | self.user
        claims |= {k: v for k, v in self.twist.items() if k not in ("signature", "alg")}
        header = {"alg": self.twist.get("alg", self.key.algorithm), "kid": self.key.kid, "typ": "JWT"}
        message = b64(json.dumps(header).encode()) + "." + b64(json.dumps(claims).encode())
        signature = self.key.sign(message.encode())
        if "signature" in self.twist:
            signature = bytes([signature[0] ^ 1]) + signature[1:]
        return message + "." + b64(signature)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, document, headers=()):
        body = json.dumps(document).encode()
        self.send_response(status)
        for name, value in (("content-type", "application/json"), ("content-length", str(len(body))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        issuer, url = self.server, urllib.parse.urlsplit(self.path)
        asked = dict(urllib.parse.parse_qsl(url.query))
        if url.path == "/.well-known/openid-configuration":
            self.answer(200, {"issuer": issuer.url, "authorization_endpoint": issuer.url + "/authorize", "token_endpoint": issuer.url + "/token",
                              "jwks_uri": issuer.url + "/keys", "id_token_signing_alg_values_supported": [issuer.key.algorithm]})
        elif url.path == "/keys":
            issuer.asked_keys += 1
            self.answer(200, {"keys": [issuer.key.jwk()]})
        elif url.path == "/authorize":
            assert asked["response_type"] == "code" and asked["client_id"] == issuer.client_id, asked
            assert asked["code_challenge_method"] == "S256" and "openid" in asked["scope"].split(), asked
            code = secrets.token_urlsafe(16)
            issuer.codes[code] = asked
            back = asked["redirect_uri"] + "?" + urllib.parse.urlencode({"code": code, "state": asked["state"]})
            self.answer(302, {}, [("location", back)])
        else:
            self.answer(404, {})

    def do_POST(self):
        issuer = self.server
        form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["content-length"])).decode()))
        asked = issuer.codes.pop(form.get("code"), None)
        basic = base64.b64decode(self.headers.get("authorization", "Basic ").partition(" ")[2]).decode()
        client = [urllib.parse.unquote(part) for part in basic.split(":")]
        good = (asked and client == [issuer.client_id, issuer.client_secret] and form["grant_type"] == "authorization_code"
                and form["redirect_uri"] == asked["redirect_uri"]
                and b64(hashlib.sha256(form["code_verifier"].encode()).digest()) == asked["code_challenge"])
        if not good:
            return self.answer(400, {"error": "invalid_grant"})
        self.answer(200, {"access_token": "x", "token_type": "Bearer", "id_token": issuer.id_token(asked["nonce"])})

    def log_message(self, *_):
        pass
