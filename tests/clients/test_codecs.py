"""Every operation that is built, read and written by botocore on one side and by `wire` on the other.

The values are drawn at random from botocore's own models (the seed is in the failure's message), so that no member of any shape is left
out for long. No server is needed.
"""
import base64
import datetime
import io
import json
import os
import pathlib
import random
import subprocess
import tomllib
import urllib.parse

import botocore.loaders
import botocore.parsers
import botocore.serialize
import pytest
from botocore.awsrequest import HeadersDict
from botocore.model import ServiceModel
from botocore.utils import percent_encode_sequence

ROOT = pathlib.Path(__file__).resolve().parents[2]
OPS = tomllib.loads((ROOT / "crates/api/ops.toml").read_text())
BUILT = {service: listed["operations"] for service, listed in OPS.items() if listed.get("operations")}
ROUNDS = 3
UTC = datetime.timezone.utc


@pytest.fixture(scope="module")
def codecs():
    """Asks `wire`: a question in, its answer out."""
    build = ["cargo", "build", "--quiet", "--package", "api", "--example", "codecs", "--message-format", "json"]
    messages = subprocess.run(build, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    artefacts = [json.loads(message) for message in messages]
    binary = next(it["executable"] for it in artefacts if it.get("executable") and it["target"]["name"] == "codecs")
    with subprocess.Popen([binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        def ask(**question):
            process.stdin.write(json.dumps(question) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield ask


class Draw:
    """Random values of a protocol's shapes, of what the protocol can say: the query protocols have no empty lists and structures."""

    def __init__(self, seed, protocol):
        self.dice = random.Random(seed)
        self.says_empty = protocol not in ("query", "ec2")

    def value(self, shape, depth=0):
        return getattr(self, "_" + shape.type_name, self._number)(shape, depth)

    def _structure(self, shape, depth):
        if shape.is_document_type:
            return self.dice.choice([{"a": [1, "x", True, 0.5]}, {"b": {"c": []}}])
        if shape.is_tagged_union:
            name = self.dice.choice(list(shape.members))
            return {name: self.value(shape.members[name], depth + 1)}
        likely = 0.6 if depth < 6 else 0.1
        # A body, its type, a status and the headers of a prefix are always there: botocore reads none as an empty one.
        payload = shape.serialization.get("payload")
        certain = {*shape.required_members, payload, "ContentType" if payload else None}
        certain |= {name for name, it in shape.members.items() if it.serialization.get("location") in ("statusCode", "headers")}
        # `Expires` of S3 is kept as it was sent, whatever botocore's model has it for.
        names = [name for name in shape.members if name in certain or self.dice.random() < likely and name != "Expires"]
        if not names and shape.members and not self.says_empty and depth > 0:
            names = [self.dice.choice(list(shape.members))]
        return {name: self._member(shape.members[name], depth + 1) for name in names}

    def _member(self, shape, depth):
        location = shape.serialization.get("location")
        if location in ("header", "headers") and shape.type_name == "string" and not shape.enum:
            return self._header()
        if location == "statusCode":
            return self.dice.randint(200, 299)
        if location == "headers":
            return {"".join(self.dice.choices("abc.-", k=5)): self._header() for _ in range(2)}
        flat = location in ("querystring", "header") or shape.serialization.get("flattened")
        if flat and shape.type_name == "list":
            # Nothing can't be said there.
            return [self.value(shape.member, depth + 1) for _ in range(self.dice.randint(1, 3))]
        return self.value(shape, depth)

    def _header(self):
        """What a header can say."""
        return "".join(self.dice.choices("ab/:&<>'%+=", k=self.dice.randint(1, 8)))

    def _list(self, shape, depth):
        least = 0 if self.says_empty else 1
        return [self.value(shape.member, depth + 1) for _ in range(self.dice.randint(least, 3))]

    def _map(self, shape, depth):
        keys = {"".join(self.dice.choices("abcé.-", k=5)) for _ in range(self.dice.randint(1, 3))}
        return {key: self.value(shape.value, depth + 1) for key in sorted(keys)}

    def _string(self, shape, _):
        if shape.enum:
            return self.dice.choice(shape.enum)
        return "".join(self.dice.choices("ab /:&<>\"'é%+=\n", k=self.dice.randint(1, 8)))

    def _boolean(self, *_):
        return self.dice.random() < 0.5

    def _blob(self, *_):
        return self.dice.randbytes(5)

    def _timestamp(self, *_):
        return datetime.datetime.fromtimestamp(self.dice.randint(0, 2**31), UTC)

    def _long(self, *_):
        return self.dice.randint(-(2**63), 2**63 - 1)

    def _integer(self, *_):
        return self.dice.randint(-(2**31), 2**31 - 1)

    def _number(self, *_):
        return self.dice.random() * 1000


def notation(value):
    """A value as the lines between the two have it."""
    if isinstance(value, dict):
        return {key: notation(it) for key, it in value.items() if key != "ResponseMetadata"}
    if isinstance(value, list):
        return [notation(it) for it in value]
    if isinstance(value, bytes):
        return {"$blob": base64.b64encode(value).decode()}
    if isinstance(value, datetime.datetime):
        return {"$time": round(value.timestamp() * 1000)}
    return value


def written(serialized):
    """A request that botocore has serialized, as the lines have it."""
    body, query = serialized["body"], serialized["query_string"]
    if isinstance(body, dict):
        body = urllib.parse.urlencode(body, doseq=True)
    path, _, fixed = serialized["url_path"].partition("?")
    query = percent_encode_sequence(query) if isinstance(query, dict) else query
    return {
        "method": serialized["method"],
        "path": path,
        "query": "&".join(part for part in (fixed, query) if part),
        "headers": {name.lower(): str(value) for name, value in serialized["headers"].items()},
        "body": base64.b64encode(body.encode() if isinstance(body, str) else body).decode(),
    }


def parsed(parser, response, operation):
    """What botocore reads in a response of ours. A body that is a stream it leaves to its reader."""
    body = base64.b64decode(response["body"])
    streams = operation is not None and operation.has_streaming_output
    given = {"status_code": response["status"], "headers": HeadersDict(response["headers"]), "body": io.BytesIO(body) if streams else body}
    read = parser.parse(given, operation and operation.output_shape)
    return {name: value.read() if hasattr(value, "read") else value for name, value in read.items()}


@pytest.fixture(params=sorted(BUILT))
def service(request):
    name = request.param
    return name, ServiceModel(botocore.loaders.create_loader().load_service_model(name, "service-2"), name)


def cases(name, model):
    """Each built operation, some times, with a draw of its own."""
    seed = os.environ.get("HILLFOG_SEED", "1")
    for operation in BUILT[name]:
        for round_ in range(ROUNDS):
            where = f"{name}:{operation}:{round_}:{seed}"
            yield where, model.operation_model(operation), Draw(where, model.metadata["protocol"])


def test_requests_of_botocore_are_read(codecs, service):
    name, model = service
    serializer = botocore.serialize.create_serializer(model.metadata["protocol"], include_validation=False)
    for where, operation, draw in cases(name, model):
        params = draw.value(operation.input_shape) if operation.input_shape else {}
        answer = codecs(service=name, read=written(serializer.serialize_to_request(params, operation)))
        assert answer == {"operation": operation.name, "value": notation(params)}, where


def test_responses_are_read_by_botocore(codecs, service):
    name, model = service
    parser = botocore.parsers.create_parser(model.metadata["protocol"])
    for where, operation, draw in cases(name, model):
        if operation.has_event_stream_output or operation.name == "GetBucketLocation":
            # The front sends the stream, `tests/clients/test_lambda_invoke.py` reads it. And a location is no structure, whatever the
            # model says: boto3 and `tests/sdk-rust` know.
            continue
        output = draw.value(operation.output_shape) if operation.output_shape else {}
        answer = codecs(service=name, operation=operation.name, write=notation(output))
        read = parsed(parser, answer, operation)
        assert notation(read) == notation(output), where
        assert read["ResponseMetadata"]["RequestId"] == "request-1", where


def test_errors_are_read_by_botocore(codecs, service):
    name, model = service
    parser = botocore.parsers.create_parser(model.metadata["protocol"])
    shapes = {error.name: error for operation in BUILT[name] for error in model.operation_model(operation).error_shapes}
    in_xml = model.metadata["protocol"] in ("query", "ec2", "rest-xml")
    for code in [*shapes, "NotImplemented", "SomethingElse"]:
        answer = codecs(service=name, refuse=code, message="not <that> & é")
        error = parsed(parser, answer, None)["Error"]
        expected = shapes[code].error_code if in_xml and code in shapes else code
        assert (error["Code"], error["Message"]) == (expected, "not <that> & é")
