#!/usr/bin/env python3
"""A small library as an HTTP API, made of Python's own library alone. It shares no code with Callwright.

    library.py --data library.json    prints its address; port 0 of loopback, so a free one
    --lose-once                       does the first renewal and hangs up before it has answered

With LIBRARY_TOKEN set, a bearer token is wanted. GET /openapi.json describes it.
"""

import argparse
import http.server
import json
import os
import threading
import urllib.parse

LOANS = {
    "B1 /?": {"loan": "B1 /?", "title": "Dune", "due": "2026-12-01"},
    "B2": {"loan": "B2", "title": "Emma", "due": "2026-12-03"},
}
TEXT = {"type": "string"}


def operation(name, summary, answer, status="200", **more):
    content = {"application/json": {"schema": answer}} if answer else {}
    return {"operationId": name, "summary": summary, "responses": {status: {"description": "", "content": content}}, **more}


def shape(**properties):
    return {"type": "object", "properties": properties, "required": list(properties)}


LOAN = {"name": "loan", "in": "path", "required": True, "schema": TEXT}
OPENAPI = {
    "openapi": "3.0.3",
    "info": {"title": "Library", "version": "1"},
    "paths": {
        "/loans/{loan}": {
            "parameters": [LOAN],
            "get": operation(
                "getLoan", "Find a loan", shape(loan=TEXT, title=TEXT, due={"type": "string", "format": "date"})
            ),
        },
        "/fees": {
            "get": operation(
                "getFee",
                "Tell what a renewal costs, in dollars",
                shape(fee={"type": "number"}),
                parameters=[{"name": "loan", "in": "query", "required": True, "schema": TEXT}],
            )
        },
        "/loans/{loan}/renewals": {
            "parameters": [LOAN],
            "post": operation(
                "renewLoan",
                "Renew a loan",
                shape(renewal=TEXT),
                "201",
                requestBody={"content": {"application/json": {"schema": shape(days={"type": "integer"})}}},
            ),
            "delete": operation("cancelRenewal", "Take a renewal back", None, "204"),
        },
    },
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--lose-once", action="store_true")
    options = parser.parse_args()
    token = os.environ.get("LIBRARY_TOKEN")
    lock = threading.Lock()
    known = {"keys": {}, "done": [], "lost": 0}

    def keep():
        with open(options.data, "w", encoding="utf-8") as file:
            json.dump(known, file)

    class Door(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def reply(self, status, answer=None):
            body = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json" if status < 400 else "application/problem+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def handle_any(self):
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            address = urllib.parse.urlsplit(self.path)
            query = urllib.parse.parse_qs(address.query)
            parts = [urllib.parse.unquote(part) for part in address.path.split("/")[1:]]
            if address.path == "/openapi.json":
                return self.reply(200, OPENAPI)
            if token and self.headers.get("Authorization") != "Bearer " + token:
                return self.reply(401)
            loan = LOANS.get(query["loan"][0] if parts == ["fees"] else parts[1])
            if loan is None:
                return self.reply(404, {"title": "There is no such loan"})
            if parts == ["fees"]:
                return self.reply(200, {"fee": 1.5})
            if self.command == "GET":
                return self.reply(200, loan)
            with lock:
                return self.change(loan, body)

        def change(self, loan, body):
            key = self.headers.get("Idempotency-Key")
            if key in known["keys"]:
                return self.reply(201, known["keys"][key])
            if self.command == "DELETE":
                known["done"].append(["cancel", loan["loan"]])
                keep()
                return self.reply(204)
            if body.get("days", 0) > 30:
                return self.reply(422, {"title": "Thirty days are the most"})
            answer = {"renewal": "R%d" % (len(known["done"]) + 1)}
            known["done"].append(["renew", loan["loan"]])
            if key:
                known["keys"][key] = answer
            lose = options.lose_once and known["lost"] == 0
            known["lost"] += 1 if lose else 0
            keep()
            if lose:
                self.close_connection = True
                return self.connection.close()
            return self.reply(201, answer)

        do_GET = do_POST = do_DELETE = handle_any

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
    print("http://127.0.0.1:%d" % server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
