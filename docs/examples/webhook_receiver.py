"""Receives webhooks, verifies them, and prints each event once: WEBHOOK_SECRET=whsec_… … PORT."""

import base64
import hmac
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = base64.b64decode(os.environ["WEBHOOK_SECRET"].removeprefix("whsec_"))
seen: set[str] = set()  # keep yours with what you make of the events, so that both survive


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        names = ("webhook-id", "webhook-timestamp", "webhook-signature")
        message, sent_at, signatures = (self.headers.get(name, "") for name in names)
        code = hmac.digest(KEY, f"{message}.{sent_at}.".encode() + body, "sha256")
        wanted = "v1," + base64.b64encode(code).decode()
        valid = any(hmac.compare_digest(wanted, one) for one in signatures.split(" "))
        valid = valid and abs(time.time() - int(sent_at)) < 300  # an old one may be anybody's
        if valid and message not in seen:
            print(body.decode(), flush=True)  # noqa: T201
            seen.add(message)
        self.send_response(204 if valid else 400)
        self.end_headers()


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
