#!/usr/bin/env python3
"""A small garage as a gRPC service, made of grpcio alone.

It stands for any service that nobody here has seen before: it shares no code with Callwright, and its proto is its own. What it knows is
in a JSON file, which anybody can read to see what was done.

    garage.py --data garage.json            at a free port of 127.0.0.1, which is printed
    --port 50061                            at this one
    --tls KEY CERTIFICATE                   over TLS, with these files
    --edition 2                             BookSlot answers with one field more
    --lose-once METHOD                      does what that method does, once, and answers UNAVAILABLE
    --then STATUS                           what it answers to each call of that method from then on, doing nothing
    --long METHOD                           that method answers with more than anybody wants to read
    --answer METHOD=STATUS                  that method answers with this status and does nothing
    --reflection v1                         answers reflection in this version (v1alpha otherwise; `none` for no reflection)
    GARAGE_TOKEN                            with this variable set, a bearer token is wanted
"""

import argparse
import concurrent.futures
import json
import os
import tempfile
import threading

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_tools import protoc

HERE = os.path.dirname(os.path.abspath(__file__))
CARS = {
    "W48121X": {"plate": "W48121X", "model": "Corsa", "fuel": 1},
    "G7QUIET": {"plate": "G7QUIET", "model": "Zoe", "fuel": 2},
}
SLOTS = [
    {"slot": "early", "begins": "2026-11-30T08:00", "price": {"currency_code": "EUR", "units": 49, "nanos": 900000000}},
    {"slot": "noon", "begins": "2026-11-30T12:30", "price": {"currency_code": "EUR", "units": 59}},
]


def compiled(name, edition):
    """The descriptors of a proto and of all that it imports."""
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(HERE, name), encoding="utf-8") as file:
            text = file.read()
        if edition > 1:
            text = text.replace("string begins = 3;\n}", "string begins = 3;\n  bool car_wash = 4;\n}")
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
        out = os.path.join(folder, "out.bin")
        protoc.main(["", "-I" + folder, "-I" + HERE, "--include_imports", "--descriptor_set_out=" + out, name])
        with open(out, "rb") as file:
            return descriptor_pb2.FileDescriptorSet.FromString(file.read())


class Protos:
    def __init__(self, files):
        self.files = {file.name: file for file in files.file}
        self.pool = descriptor_pool.DescriptorPool()
        for file in files.file:
            self.pool.Add(file)
        self.factory = message_factory.MessageFactory(self.pool)

    def message(self, descriptor):
        return self.factory.GetPrototype(descriptor)

    def named(self, name):
        return self.message(self.pool.FindMessageTypeByName(name))


class Garage:
    def __init__(self, options):
        self.options = options
        self.lock = threading.Lock()

    def read(self):
        try:
            with open(self.options.data, encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            return {"booked": {}, "keys": {}, "lost": False, "done": []}

    def write(self, known):
        with open(self.options.data + ".new", "w", encoding="utf-8") as file:
            json.dump(known, file, indent=1, sort_keys=True)
        os.replace(self.options.data + ".new", self.options.data)

    def call(self, method, request, context):
        """The answer to a call, as a dictionary."""
        told = dict(context.invocation_metadata())
        token = os.environ.get("GARAGE_TOKEN")
        if token and told.get("authorization") != "Bearer " + token:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "who are you?")
        for refused in self.options.answer:
            name, status = refused.split("=")
            if name == method:
                context.abort(grpc.StatusCode[status], "told to")
        with self.lock:
            known = self.read()
            if known["lost"] and self.options.then and self.options.lose_once == method:
                context.abort(grpc.StatusCode[self.options.then], "told to")
            key = told.get("idempotency-key")
            if key in known["keys"]:
                return known["keys"][key]
            answer = self.do(method, request, context, known)
            if method in ("BookSlot", "CancelBooking"):
                known["done"].append([method, request.plate, request.slot])
                if key:
                    known["keys"][key] = answer
            lose = self.options.lose_once == method and not known["lost"]
            known["lost"] = known["lost"] or lose
            self.write(known)
        if lose:
            context.abort(grpc.StatusCode.UNAVAILABLE, "went away")
        if self.options.long == method:
            answer["booking"] = "B" * 2_000_000
        return answer

    def do(self, method, request, context, known):
        if request.plate not in CARS:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such car")
        if method == "FindCar":
            return CARS[request.plate]
        if method == "ListSlots":
            return {"slots": [slot for slot in SLOTS if slot["slot"] not in known["booked"]]}
        slot = next((slot for slot in SLOTS if slot["slot"] == request.slot), None)
        if slot is None:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no such slot")
        if method == "CancelBooking":
            known["booked"].pop(request.slot, None)
        elif request.slot in known["booked"]:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "it is taken")
        else:
            known["booked"][request.slot] = request.plate
        return {"booking": "B-" + request.slot.upper(), "plate": request.plate, "begins": slot["begins"]}


def handlers(garage, protos):
    service = protos.pool.FindServiceByName("garage.v1.Workshop")

    def handler(method):
        takes, answers = protos.message(method.input_type), protos.message(method.output_type)

        def one(request, context):
            return answers(**garage.call(method.name, request, context))

        return grpc.unary_unary_rpc_method_handler(one, takes.FromString, answers.SerializeToString)

    named = {method.name: handler(method) for method in service.methods if method.name != "Follow"}
    return grpc.method_handlers_generic_handler(service.full_name, named)


def reflection(protos, version):
    mirror = Protos(compiled("mirror.proto", 1))
    question, answer = mirror.named("mirror.Question"), mirror.named("mirror.Answer")

    def told(asked):
        if asked.HasField("services"):
            return answer(services={"service": [{"name": "garage.v1.Workshop"}]})
        if asked.HasField("file_with_symbol"):
            file = protos.files["garage.proto"]
        else:
            file = protos.files.get(asked.file_by_name)
        if file is None:
            return answer(wrong={"code": 5, "what": "no such file"})
        return answer(files={"descriptor": [file.SerializeToString()]})

    def stream(questions, context):
        for asked in questions:
            yield told(asked)

    handler = grpc.stream_stream_rpc_method_handler(stream, question.FromString, answer.SerializeToString)
    name = "grpc.reflection." + version + ".ServerReflection"
    return grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": handler})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", default="garage.json")
    parser.add_argument("--port", default="0")
    parser.add_argument("--tls", nargs=2)
    parser.add_argument("--edition", type=int, default=1)
    parser.add_argument("--lose-once")
    parser.add_argument("--then")
    parser.add_argument("--long")
    parser.add_argument("--answer", action="append", default=[])
    parser.add_argument("--reflection", default="v1alpha")
    options = parser.parse_args()
    protos = Protos(compiled("garage.proto", options.edition))
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=8))
    known = [handlers(Garage(options), protos)]
    if options.reflection != "none":
        known.append(reflection(protos, options.reflection))
    server.add_generic_rpc_handlers(tuple(known))
    address = "127.0.0.1:" + options.port
    if options.tls:
        key, certificate = (open(name, "rb").read() for name in options.tls)
        port = server.add_secure_port(address, grpc.ssl_server_credentials([(key, certificate)]))
    else:
        port = server.add_insecure_port(address)
    server.start()
    print(f"{'https' if options.tls else 'http'}://127.0.0.1:{port}", flush=True)
    server.wait_for_termination()


main()
