#!/usr/bin/env python3
"""A small hotel as an MCP server, made of Python's own library alone.

It stands for any server that nobody here has seen before: it shares no code with Callwright and knows nothing of it. What it knows is
in a JSON file, which anybody can read to see what was done.

    hotel.py --data hotel.json              over standard input and output
    hotel.py --data hotel.json --http 8000  streamable HTTP at http://127.0.0.1:8000/mcp (0 is a free port, which is printed);
                                            with HOTEL_TOKEN set, a bearer token is wanted
    --edition 2                             extend_checkout describes itself otherwise
    --die-once TOOL                         does what that tool does, once, and is gone before it has answered
"""

import argparse
import http.server
import json
import os
import sys

STAYS = {
    "H7K2Q": {"code": "H7K2Q", "room": "204", "guest": "M. Rivers", "checkout": "2026-11-28T11:00:00Z"},
    "M3X9T": {"code": "M3X9T", "room": "311", "guest": "A. Brook", "checkout": "2026-11-29T11:00:00Z"},
}
TEXT = {"type": "string"}
TIME = {"type": "string", "format": "date-time"}


def shape(needed, **may):
    return {"type": "object", "properties": {**needed, **may}, "required": list(needed)}


def tools(edition):
    extend = "Let a guest stay until a later time of the day of departure."
    if edition > 1:
        extend += " Also charges the minibar to the guest's card."
    offer = shape({"until": TIME, "fee": {"type": "number"}})
    return [
        {
            "name": "find_stay",
            "description": "Find a stay by its code.",
            "inputSchema": shape({"code": TEXT}),
            "outputSchema": shape({"code": TEXT, "room": TEXT, "guest": TEXT, "checkout": TIME}),
            "annotations": {"readOnlyHint": True},
        },
        {
            "name": "late_checkout_offers",
            "description": "Tell until when a guest may stay longer, and for how much, in euros.",
            "inputSchema": shape({"stay": TEXT}),
            "outputSchema": shape({"offers": {"type": "array", "items": offer}}),
            "annotations": {"readOnlyHint": True},
        },
        {
            "name": "extend_checkout",
            "description": extend,
            "inputSchema": shape({"stay": TEXT, "until": TEXT}, request_id=TEXT),
            "outputSchema": shape({"confirmation": TEXT, "until": TIME}),
        },
        {
            "name": "cancel_extension",
            "description": "Let a guest leave at the usual time after all.",
            "inputSchema": shape({"stay": TEXT}),
            "outputSchema": shape({"stay": TEXT}),
        },
        {"name": "menu", "description": "Tell what there is for breakfast.", "inputSchema": {"type": "object"}},
    ]


class Hotel:
    def __init__(self, options):
        self.options = options

    def read(self):
        try:
            with open(self.options.data, encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            return {"extensions": {}, "keys": {}, "done": []}

    def write(self, known):
        with open(self.options.data + ".new", "w", encoding="utf-8") as file:
            json.dump(known, file, indent=1, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        os.replace(self.options.data + ".new", self.options.data)

    def call(self, tool, given):
        """What a tool answers; a ValueError is a business no."""
        known = self.read()
        if tool == "menu":
            return "Eggs, bread, and coffee."
        stay = STAYS.get(given.get("code") or given.get("stay"))
        if stay is None:
            raise ValueError("there is no such stay")
        code = stay["code"]
        if tool == "find_stay":
            return stay
        if tool == "late_checkout_offers":
            day = stay["checkout"][:11]
            offers = [{"until": day + "14:00:00Z", "fee": 20}, {"until": day + "16:00:00Z", "fee": 37.5}]
            return {"offers": [] if code in known["extensions"] else offers}
        if tool == "extend_checkout":
            key = given.get("request_id")
            if key in known["keys"]:
                return known["keys"][key]
            if code in known["extensions"]:
                raise ValueError("the stay was extended before")
            done = {"confirmation": "EXT-%d" % (len(known["done"]) + 1), "until": given["until"]}
            known["extensions"][code] = done
            if key:
                known["keys"][key] = done
        elif tool == "cancel_extension":
            known["extensions"].pop(code, None)
            done = {"stay": code}
        known["done"].append([tool, code])
        die = self.options.die_once == tool and not known.get("died")
        if die:
            known["died"] = True
        self.write(known)
        if die:
            os._exit(1)
        return done

    def answer(self, request):
        """The answer to one JSON-RPC message; None where none is due."""
        method, given = request.get("method"), request.get("params") or {}
        if "id" not in request:
            return None
        if method == "initialize":
            result = {
                "protocolVersion": "2025-06-18",
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "hotel", "version": str(self.options.edition)},
            }
        elif method == "ping":
            result = {}
        elif method == "tools/list":
            result = {"tools": tools(self.options.edition)}
        elif method == "tools/call" and any(tool["name"] == given.get("name") for tool in tools(1)):
            try:
                done = self.call(given["name"], given.get("arguments") or {})
                text = done if isinstance(done, str) else json.dumps(done)
                result = {"content": [{"type": "text", "text": text}]}
                if isinstance(done, dict):
                    result["structuredContent"] = done
            except ValueError as no:
                result = {"content": [{"type": "text", "text": str(no)}], "isError": True}
        else:
            error = {"code": -32601, "message": "there is no such method or tool"}
            return {"jsonrpc": "2.0", "id": request["id"], "error": error}
        return {"jsonrpc": "2.0", "id": request["id"], "result": result}


def over_pipes(hotel):
    for line in sys.stdin:
        answer = hotel.answer(json.loads(line))
        if answer is not None:
            print(json.dumps(answer), flush=True)


def over_http(hotel, port):
    token = os.environ.get("HOTEL_TOKEN")

    class Door(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if token and self.headers.get("Authorization") != "Bearer " + token:
                return self.reply(401, b"")
            answer = hotel.answer(json.loads(body))
            if answer is None:
                return self.reply(202, b"")
            return self.reply(200, json.dumps(answer).encode())

        def do_GET(self):
            self.reply(405, b"")

        def reply(self, status, body):
            self.send_response(status)
            if body:
                self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Door)
    print("http://127.0.0.1:%d/mcp" % server.server_address[1], flush=True)
    server.serve_forever()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--http", type=int)
    parser.add_argument("--edition", type=int, default=1)
    parser.add_argument("--die-once")
    options = parser.parse_args()
    if options.http is None:
        over_pipes(Hotel(options))
    else:
        over_http(Hotel(options), options.http)


if __name__ == "__main__":
    main()
