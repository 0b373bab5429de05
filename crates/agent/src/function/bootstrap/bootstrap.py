"""Runs a Python handler by the Lambda Runtime API.

Small, because every cold start waits for it: it speaks HTTP over a bare socket, and imports little that an interpreter has not
imported by itself when it begins. What a handler needs it imports itself.
"""
import os
import sys
import time

TASK_ROOT = os.environ.get("LAMBDA_TASK_ROOT", "/var/task")
API = os.environ["AWS_LAMBDA_RUNTIME_API"]
JSON_LOGS = os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"
# What frames of this file say; it may run from what was compiled of it.
OWN_FILE = (lambda: None).__code__.co_filename
SPACE = " \t\n\r"


def set_path():
    """Where modules are looked for: the function, its layers, the interpreter. (It was started without its site module.)"""
    version = "python%d.%d" % sys.version_info[:2]
    standard = [path for path in sys.path if path and path not in ("/var/runtime", TASK_ROOT)]
    asked = [path for path in os.environ.get("PYTHONPATH", "").split(":") if path and path != "/var/runtime"]
    layers = ["/opt/python/lib/%s/site-packages" % version, "/opt/python"]
    prefix = sys.base_prefix
    sites = ["%s/lib/%s/site-packages" % (prefix, version), "%s/local/lib/%s/dist-packages" % (prefix, version), prefix + "/lib/python3/dist-packages"]
    exists = os.path.isdir
    sys.path[:] = [TASK_ROOT] + asked + [path for path in layers if exists(path)] + standard + [path for path in sites if exists(path)]


class Connection:
    """One connection that is kept open: requests and answers of HTTP/1.1 with a known length, which is all that the API sends."""

    def __init__(self):
        import _socket

        host, port = API.rsplit(":", 1)
        self.socket = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        self.socket.connect((host, int(port)))
        self.socket.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        self.rest = b""

    def request(self, method, path, body=None, headers=()):
        head = "%s /2018-06-01/runtime/%s HTTP/1.1\r\nHost: %s\r\n" % (method, path, API)
        for name, value in headers:
            head += "%s: %s\r\n" % (name, value)
        if body is not None:
            head += "Content-Length: %d\r\n" % len(body)
        self.socket.sendall(head.encode("latin-1", "replace") + b"\r\n" + (body or b""))
        return self.answer()

    def answer(self):
        data = self.rest
        while b"\r\n\r\n" not in data:
            data += self.receive()
        head, data = data.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        length = int(headers.get("content-length", "0"))
        parts, have = [data], len(data)
        while have < length:
            parts.append(self.receive())
            have += len(parts[-1])
        data = b"".join(parts)
        self.rest = data[length:]
        return int(lines[0].split(" ", 2)[1]), headers, data[:length]

    def receive(self):
        data = self.socket.recv(1 << 18)
        if not data:
            sys.exit(1)
        return data


class CognitoIdentity:
    """Who has called by way of the mobile SDK."""

    def __init__(self, identity):
        self.cognito_identity_id = identity.get("cognitoIdentityId")
        self.cognito_identity_pool_id = identity.get("cognitoIdentityPoolId")

    def __repr__(self):
        return "CognitoIdentity([cognito_identity_id=%s,cognito_identity_pool_id=%s])" % (self.cognito_identity_id, self.cognito_identity_pool_id)


class Client:
    """The application that has called by way of the mobile SDK."""

    def __init__(self, client):
        for name in ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"):
            setattr(self, name, client.get(name))


class ClientContext:
    """What the caller has sent along."""

    def __init__(self, context):
        self.custom = context.get("custom")
        self.env = context.get("env")
        self.client = Client(context["client"]) if context.get("client") else None


class LambdaContext:
    """The second argument of a handler."""

    def __init__(self, headers):
        environ = os.environ
        self.aws_request_id = headers.get("lambda-runtime-aws-request-id")
        self.log_group_name = environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
        self._deadline = int(headers.get("lambda-runtime-deadline-ms", "0"))
        client = headers.get("lambda-runtime-client-context")
        identity = headers.get("lambda-runtime-cognito-identity")
        self.client_context = ClientContext(loads(client)) if client else None
        self.identity = CognitoIdentity(loads(identity) if identity else {})

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline - int(time.time() * 1000))

    def log(self, message):
        sys.stdout.write(str(message))
        sys.stdout.flush()

    def __repr__(self):
        return "LambdaContext([%s])" % ",".join("%s=%s" % pair for pair in vars(self).items() if not pair[0].startswith("_"))


request_id = None


class Fault(Exception):
    """Something that is wrong with the function itself, under the name that the API has for it."""

    def __init__(self, kind, message, trace=()):
        super().__init__(message)
        self.kind, self.message, self.trace = kind, message, list(trace)


def load():
    """The handler: `module.function`, `package/module.function`, `package.module.function`."""
    name = os.environ.get("_HANDLER", "")
    module_name, dot, function_name = name.rpartition(".")
    if not dot or not module_name:
        raise Fault("Runtime.MalformedHandlerName", "Bad handler '%s': not enough values to unpack (expected 2, got 1)" % name)
    if module_name.split("/")[-1] in sys.builtin_module_names:
        raise Fault("Runtime.BuiltInModuleConflict", "Cannot use built-in module %s as a handler module" % module_name)
    try:
        module = __import__(module_name.replace("/", "."), fromlist=[function_name])
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError", "Unable to import module '%s': %s" % (module_name, error), trace_of(error))
    except SyntaxError as error:
        trace = ['  File "%s" Line %s\n    %s\n' % (error.filename, error.lineno, (error.text or "").rstrip())]
        raise Fault("Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module_name, error), trace)
    try:
        return getattr(module, function_name)
    except AttributeError:
        raise Fault("Runtime.HandlerNotFound", "Handler '%s' missing on module '%s'" % (function_name, module_name))


def trace_of(error):
    """The frames of an error that aren't our own."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    return traceback.format_list([it for it in frames if it.filename != OWN_FILE and not it.filename.startswith("<frozen importlib")])


def described(error):
    """The JSON of an error, as AWS's own runtime writes it."""
    if isinstance(error, Fault):
        return {"errorMessage": error.message, "errorType": error.kind, "requestId": request_id or "", "stackTrace": error.trace}
    return {"errorMessage": str(error), "errorType": type(error).__name__, "requestId": request_id or "", "stackTrace": trace_of(error)}


def error_json(what):
    """An error as it is sent: in ASCII, since messages may have characters that UTF-8 hasn't."""
    from json import dumps

    return dumps(what).encode()


def complain(what):
    """Writes an error to the log: one event, whose lines are parted by carriage returns."""
    from json import dumps

    if JSON_LOGS:
        record = {"timestamp": stamp(time.time(), "%Y-%m-%dT%H:%M:%S"), "log_level": "ERROR"}
        record.update(what)
        text = dumps(record)
    else:
        trace = "".join(what["stackTrace"])
        text = "[ERROR] %s: %s\nTraceback (most recent call last):\n%s" % (what["errorType"], what["errorMessage"], trace)
    sys.stdout.flush()
    sys.stdout.write(text.rstrip("\n").replace("\n", "\r") + "\n")
    sys.stdout.flush()


def stamp(seconds, form="%Y-%m-%dT%H:%M:%S"):
    return time.strftime(form, time.gmtime(seconds)) + "Z"


def prepare_logging():
    """The root logger writes as Lambda's does. Set up when the handler's module imports logging, and not if it never does."""
    import logging
    from json import dumps

    class RequestFilter(logging.Filter):
        def filter(self, record):
            record.aws_request_id = request_id or ""
            return True

    class TextFormatter(logging.Formatter):
        def format(self, record):
            return super().format(record).replace("\n", "\r")

    class JsonFormatter(logging.Formatter):
        usual = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "aws_request_id"}

        def format(self, record):
            line = {"timestamp": stamp(record.created), "level": record.levelname, "message": record.getMessage(), "logger": record.name}
            if record.exc_info:
                kind, error, _ = record.exc_info
                line.update(errorType=kind.__name__ if kind else None, errorMessage=str(error), stackTrace=self.formatException(record.exc_info).split("\n"))
            line.update((name, value) for name, value in vars(record).items() if name not in self.usual)
            line["requestId"] = record.aws_request_id
            return dumps(line, default=str)

    class Stdout(logging.StreamHandler):
        @property
        def stream(self):
            return sys.stdout

        @stream.setter
        def stream(self, _):
            pass

    handler = Stdout()
    text = TextFormatter("[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S")
    text.converter = time.gmtime
    handler.setFormatter(JsonFormatter() if JSON_LOGS else text)
    handler.addFilter(RequestFilter())
    logging.root.addHandler(handler)
    level = {"TRACE": "DEBUG", "FATAL": "CRITICAL"}.get(os.environ.get("AWS_LAMBDA_LOG_LEVEL", ""), os.environ.get("AWS_LAMBDA_LOG_LEVEL"))
    if JSON_LOGS and level:
        logging.root.setLevel(level)


class LoggingWatch:
    """Prepares the logging module as soon as somebody has imported it."""

    def find_spec(self, name, path=None, target=None):
        if name != "logging":
            return None
        sys.meta_path.remove(self)
        from importlib.machinery import PathFinder

        spec = None
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target)
            if spec:
                break
        spec = spec or PathFinder.find_spec(name, path, target)
        loader, execute = spec.loader, spec.loader.exec_module

        class Loader:
            def create_module(self, spec):
                return loader.create_module(spec)

            def exec_module(self, module):
                execute(module)
                prepare_logging()

            def __getattr__(self, name):
                return getattr(loader, name)

        spec.loader = Loader()
        return spec


class PlainJson:
    """What the json module sets up its own module in C with. Importing json itself takes a third of a cold start (for regular expressions, which it
    finds the places of errors with), and most handlers that don't import it never see an error."""

    def __init__(self):
        from _json import encode_basestring, make_encoder, make_scanner

        self.strict, self.object_hook, self.object_pairs_hook = True, None, None
        self.parse_float, self.parse_int = float, int
        self.parse_constant = {"-Infinity": float("-inf"), "Infinity": float("inf"), "NaN": float("nan")}.__getitem__
        self.scan = make_scanner(self)
        self.dump = lambda value: make_encoder({}, as_json, encode_basestring, None, ": ", ", ", False, False, True)(value, 0)

    def loads(self, data):
        text = data.decode()
        value, end = self.scan(text, len(text) - len(text.lstrip(SPACE)))
        if text[end:].strip(SPACE):
            raise ValueError("something follows")
        return value


try:
    plain = PlainJson()
except Exception:
    # An interpreter whose json is made otherwise.
    plain = None


def loads(data):
    try:
        return plain.loads(data)
    except Exception:
        # json has the right words for what is wrong.
        from json import loads

        return loads(data)


def dumps(value):
    try:
        return "".join(plain.dump(value))
    except Exception:
        from json import dumps

        return dumps(value, ensure_ascii=False, default=as_json)


def encode(value):
    try:
        return dumps(value).encode("utf-8")
    except (TypeError, ValueError) as error:
        raise Fault("Runtime.MarshalError", "Unable to marshal response: %s" % error)


def as_json(value):
    """A number of the decimal module is one of JSON, as with AWS's own."""
    if type(value).__name__ == "Decimal":
        return float(value)
    raise TypeError("Object of type %s is not JSON serializable" % type(value).__name__)


def invoke(connection, handler):
    global request_id
    status, headers, event = connection.request("GET", "invocation/next")
    if status != 200:
        sys.exit("the Runtime API answered %d" % status)
    request_id = headers["lambda-runtime-aws-request-id"]
    trace = headers.get("lambda-runtime-trace-id")
    if trace:
        os.environ["_X_AMZN_TRACE_ID"] = trace
    else:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    try:
        try:
            event = loads(event) if event else None
        except ValueError as error:
            raise Fault("Runtime.UnmarshalError", "Unable to unmarshal input: %s" % error)
        answer = encode(handler(event, LambdaContext(headers)))
        path, more = "response", (("Content-Type", "application/json"),)
    except BaseException as error:
        if isinstance(error, (SystemExit, KeyboardInterrupt)) and not isinstance(error, Fault):
            sys.stdout.flush()
            raise
        what = described(error)
        complain(what)
        answer = error_json(what)
        path, more = "error", (("Content-Type", "application/json"), ("Lambda-Runtime-Function-Error-Type", what["errorType"]))
    sys.stdout.flush()
    connection.request("POST", "invocation/%s/%s" % (request_id, path), answer, more)


def main():
    set_path()
    sys.meta_path.insert(0, LoggingWatch())
    connection = Connection()
    try:
        handler = load()
    except BaseException as error:
        if isinstance(error, SystemExit):
            raise
        what = described(error)
        complain(what)
        more = (("Content-Type", "application/json"), ("Lambda-Runtime-Function-Error-Type", what["errorType"]))
        connection.request("POST", "init/error", error_json(what), more)
        sys.exit(1)
    while True:
        invoke(connection, handler)


for stream in (sys.stdout, sys.stderr):
    stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
sys.modules["bootstrap"] = sys.modules["__main__"]
main()
