"""HTTP APIs: made by boto3 and Terraform, asked by curl. An address on this machine stands behind them, and an issuer of tokens."""
import base64
import http.server
import io
import json
import subprocess
import sys
import threading
import time
import zipfile

import pytest
import rsa

from conftest import until
from people import root
from terraform import Terraform


class Server(http.server.BaseHTTPRequestHandler):
    """Says what it was asked; under `/issuer`, publishes a key."""
    protocol_version = "HTTP/1.1"
    public, private = rsa.newkeys(2048)

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        issuer = f"http://{self.headers['host']}/issuer"
        number = lambda value: base64.urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8)).rstrip(b"=").decode()
        answers = {
            "/issuer/.well-known/openid-configuration": {"issuer": issuer, "jwks_uri": f"{issuer}/keys"},
            "/issuer/keys": {"keys": [{"kty": "RSA", "kid": "1", "use": "sig", "n": number(self.public.n), "e": number(self.public.e)}]},
        }
        told = {"method": self.command, "path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()}, "body": body}
        answer = json.dumps(answers.get(self.path, told)).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server():
    """`127.0.0.1:port`."""
    serving = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{serving.server_port}"
    serving.shutdown()


def token(issuer, **claims):
    """A token of the issuer's, for an hour."""
    encoded = lambda part: base64.urlsafe_b64encode(part).rstrip(b"=").decode()
    now = int(time.time())
    claims = {"iss": issuer, "aud": "web", "sub": "anna", "iat": now - 5, "exp": now + 3600} | claims
    signed = ".".join(encoded(json.dumps(part).encode()) for part in [{"alg": "RS256", "kid": "1"}, claims])
    return f"{signed}.{encoded(rsa.sign(signed.encode(), Server.private, 'SHA-256'))}"


def curl(url, *args):
    """The status and the body; names under `localhost` are this machine's, whatever the host's resolver knows."""
    host = url.split("/")[2]
    done = subprocess.run(["curl", "-sS", "--resolve", f"{host}:127.0.0.1", "-w", "\n%{http_code}", url, *args],
                          capture_output=True, text=True, timeout=60, check=True)
    body, status = done.stdout.rsplit("\n", 1)
    return int(status), json.loads(body) if body else None


def test_an_api_before_an_address(cloud, server):
    gateway, logs = root(cloud, "apigatewayv2"), root(cloud, "logs")
    logs.create_log_group(logGroupName="/http-api")
    group = logs.describe_log_groups(logGroupNamePrefix="/http-api")["logGroups"][0]["logGroupArn"]
    api = gateway.create_api(Name="pets", ProtocolType="HTTP", CorsConfiguration={"AllowOrigins": ["https://a.example.com"]})
    behind = gateway.create_integration(
        ApiId=api["ApiId"], IntegrationType="HTTP_PROXY", IntegrationMethod="ANY", IntegrationUri=f"http://{server}/v1/{{proxy}}",
        PayloadFormatVersion="1.0", RequestParameters={"overwrite:header.x-stage": "$context.stage"})
    target = f"integrations/{behind['IntegrationId']}"
    gateway.create_route(ApiId=api["ApiId"], RouteKey="ANY /open/{proxy+}", Target=target)
    issuer = f"http://{server}/issuer"
    authorizer = gateway.create_authorizer(
        ApiId=api["ApiId"], Name="tokens", AuthorizerType="JWT", IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Issuer": issuer, "Audience": ["web"]})
    gateway.create_route(ApiId=api["ApiId"], RouteKey="GET /secret/{proxy+}", Target=target, AuthorizationType="JWT",
                         AuthorizerId=authorizer["AuthorizerId"], AuthorizationScopes=["read"])
    gateway.create_stage(ApiId=api["ApiId"], StageName="prod", AutoDeploy=True, AccessLogSettings={
        "DestinationArn": group, "Format": "$context.httpMethod $context.status $context.authorizer.claims.sub"})
    at = f"{api['ApiEndpoint']}/prod"

    status, told = curl(f"{at}/open/a%20b?x=1", "-d", "hello", "-H", "x-mine: yes")
    assert (status, told["method"], told["path"], told["body"]) == (200, "POST", "/v1/a%20b?x=1", "hello")
    assert (told["headers"]["x-mine"], told["headers"]["x-stage"], told["headers"]["host"]) == ("yes", "prod", server)
    assert curl(f"{at}/nowhere") == (404, {"message": "Not Found"})
    bearer = lambda text: ["-H", f"Authorization: Bearer {text}"]
    assert curl(f"{at}/secret/a") == (401, {"message": "Unauthorized"})
    assert curl(f"{at}/secret/a", *bearer(token(issuer, aud="other", scope="read"))) == (401, {"message": "Unauthorized"})
    assert curl(f"{at}/secret/a", *bearer(token(issuer, scope="write"))) == (403, {"message": "Forbidden"})
    assert curl(f"{at}/secret/a", *bearer(token(issuer, scope="read")[:-4] + "AAAA")) == (401, {"message": "Unauthorized"})
    assert curl(f"{at}/secret/a", *bearer(token(issuer, scope="read write")))[0] == 200
    wanted = {"POST 200 -", "GET 404 -", "GET 401 -", "GET 403 -", "GET 200 anna"}
    lines = lambda: {event["message"] for event in logs.filter_log_events(logGroupName="/http-api")["events"]}
    until(lambda: wanted <= lines(), what="the access log")
    # Whoever makes an API doesn't become the owner of the machine.
    port = api["ApiEndpoint"].rsplit(":", 1)[1]
    gateway.update_integration(ApiId=api["ApiId"], IntegrationId=behind["IntegrationId"],
                               IntegrationUri=f"http://localhost:{port}/_hillfog/{{proxy}}")
    assert curl(f"{at}/open/status")[0] == 403
    gateway.delete_api(ApiId=api["ApiId"])
    assert curl(f"{at}/open/a")[0] == 403


CODE = """
import json
def handler(event, context):
    if event.get("type") == "REQUEST" and event["version"] == "1.0":
        effect = "Allow" if event["headers"].get("X-Key") == event["authorizationToken"] == "open" else "Deny"
        statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": event["methodArn"]}
        return {"principalId": "me", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}, "context": {"who": "bea"}}
    if "routeArn" in event:
        return {"isAuthorized": event["headers"].get("x-key") == "open", "context": {"who": "anna"}}
    told = {"path": event["rawPath"], "who": event["requestContext"].get("authorizer", {}).get("lambda", {}).get("who")}
    return {"statusCode": 201, "cookies": ["a=1"], "body": json.dumps(told)}
"""


def test_a_function_behind_an_api(cloud):
    gateway, functions, iam = (root(cloud, name) for name in ("apigatewayv2", "lambda", "iam"))
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    role = iam.create_role(RoleName="http-api", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        entry = zipfile.ZipInfo("app.py")
        entry.external_attr = 0o644 << 16
        archive.writestr(entry, CODE)
    runtime = "python%d.%d" % sys.version_info[:2]
    function = functions.create_function(FunctionName="http-api", Runtime=runtime, Handler="app.handler", Role=role,
                                         Code={"ZipFile": code.getvalue()})["FunctionArn"]
    functions.get_waiter("function_active_v2").wait(FunctionName="http-api")
    api = gateway.create_api(Name="functions", ProtocolType="HTTP", Target=function)
    at = api["ApiEndpoint"]
    assert curl(f"{at}/a") == (500, {"message": "Internal Server Error"}), "the function's policy allows nobody yet"
    source = f"arn:aws:execute-api:{function.split(':')[3]}:{function.split(':')[4]}:{api['ApiId']}/*"
    functions.add_permission(FunctionName="http-api", StatementId="api", Action="lambda:InvokeFunction",
                             Principal="apigateway.amazonaws.com", SourceArn=source)
    assert curl(f"{at}/a") == (201, {"path": "/a", "who": None})
    uri = f"arn:aws:apigateway:{function.split(':')[3]}:lambda:path/2015-03-31/functions/{function}/invocations"
    authorizer = gateway.create_authorizer(
        ApiId=api["ApiId"], Name="keys", AuthorizerType="REQUEST", AuthorizerUri=uri, AuthorizerPayloadFormatVersion="2.0",
        EnableSimpleResponses=True, IdentitySource=["$request.header.x-key"])["AuthorizerId"]
    route = gateway.get_routes(ApiId=api["ApiId"])["Items"][0]["RouteId"]
    gateway.update_route(ApiId=api["ApiId"], RouteId=route, AuthorizationType="CUSTOM", AuthorizerId=authorizer)
    assert [curl(f"{at}/b", "-H", f"x-key: {key}") for key in ("open", "shut")] == [
        (201, {"path": "/b", "who": "anna"}), (403, {"message": "Forbidden"})]
    older = gateway.create_authorizer(
        ApiId=api["ApiId"], Name="older", AuthorizerType="REQUEST", AuthorizerUri=uri, AuthorizerPayloadFormatVersion="1.0",
        IdentitySource=["$request.header.x-key"])["AuthorizerId"]
    gateway.update_route(ApiId=api["ApiId"], RouteId=route, AuthorizationType="CUSTOM", AuthorizerId=older)
    assert [curl(f"{at}/c", "-H", f"x-key: {key}") for key in ("open", "shut")] == [
        (201, {"path": "/c", "who": "bea"}), (403, {"message": "Forbidden"})]
    gateway.update_stage(ApiId=api["ApiId"], StageName="$default", DefaultRouteSettings={"ThrottlingBurstLimit": 1, "ThrottlingRateLimit": 0.001})
    assert [curl(f"{at}/d", "-H", "x-key: open")[0] for _ in range(3)] == [201, 429, 429]


LAB = """
variable "burst" { default = 5 }
locals { function = "arn:aws:lambda:us-east-1:000000000000:function:lab" }

resource "aws_apigatewayv2_api" "lab" {
  name          = "lab"
  protocol_type = "HTTP"
  cors_configuration {
    allow_origins = ["https://a.example.com"]
    allow_methods = ["GET", "POST"]
    max_age       = 300
  }
  tags = { team = "blue" }
}
resource "aws_apigatewayv2_integration" "lab" {
  api_id             = aws_apigatewayv2_api.lab.id
  integration_type   = "HTTP_PROXY"
  integration_method = "GET"
  integration_uri    = "http://%s/lab"
  request_parameters = { "overwrite:header.x-lab" = "$context.apiId" }
  response_parameters {
    status_code = 200
    mappings    = { "append:header.x-seen" = "yes" }
  }
}
resource "aws_apigatewayv2_authorizer" "tokens" {
  api_id           = aws_apigatewayv2_api.lab.id
  name             = "tokens"
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]
  jwt_configuration {
    issuer   = "https://id.example.com"
    audience = ["web"]
  }
}
resource "aws_apigatewayv2_integration" "function" {
  api_id                 = aws_apigatewayv2_api.lab.id
  integration_type       = "AWS_PROXY"
  integration_uri        = local.function
  payload_format_version = "2.0"
  timeout_milliseconds   = 5000
}
resource "aws_apigatewayv2_authorizer" "keys" {
  api_id                            = aws_apigatewayv2_api.lab.id
  name                              = "keys"
  authorizer_type                   = "REQUEST"
  authorizer_uri                    = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${local.function}/invocations"
  authorizer_payload_format_version = "2.0"
  authorizer_result_ttl_in_seconds  = 60
  enable_simple_responses           = true
  identity_sources                  = ["$request.header.x-key", "$context.routeKey"]
}
resource "aws_apigatewayv2_route" "keyed" {
  api_id             = aws_apigatewayv2_api.lab.id
  route_key          = "POST /keyed"
  target             = "integrations/${aws_apigatewayv2_integration.function.id}"
  authorization_type = "CUSTOM"
  authorizer_id      = aws_apigatewayv2_authorizer.keys.id
}
resource "aws_cloudwatch_log_group" "lab" { name = "/http-api/lab" }
resource "aws_apigatewayv2_route" "open" {
  api_id    = aws_apigatewayv2_api.lab.id
  route_key = "GET /open"
  target    = "integrations/${aws_apigatewayv2_integration.lab.id}"
}
resource "aws_apigatewayv2_route" "closed" {
  api_id               = aws_apigatewayv2_api.lab.id
  route_key            = "GET /closed/{id}"
  target               = "integrations/${aws_apigatewayv2_integration.lab.id}"
  authorization_type   = "JWT"
  authorizer_id        = aws_apigatewayv2_authorizer.tokens.id
  authorization_scopes = ["read"]
}
resource "aws_apigatewayv2_deployment" "lab" {
  api_id      = aws_apigatewayv2_api.lab.id
  description = "by hand"
  depends_on  = [aws_apigatewayv2_route.open, aws_apigatewayv2_route.closed]
}
resource "aws_apigatewayv2_stage" "live" {
  api_id          = aws_apigatewayv2_api.lab.id
  name            = "live"
  deployment_id   = aws_apigatewayv2_deployment.lab.id
  stage_variables = { colour = "blue" }
  default_route_settings {
    throttling_burst_limit = var.burst
    throttling_rate_limit  = 10
  }
}
resource "aws_apigatewayv2_stage" "default" {
  api_id      = aws_apigatewayv2_api.lab.id
  name        = "$default"
  auto_deploy = true
  tags        = { stage = "default" }
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.lab.arn
    format          = "$context.requestId $context.status"
  }
}
output "at" { value = aws_apigatewayv2_api.lab.api_endpoint }
"""


def test_terraform_makes_changes_and_destroys_an_api(cloud, server, tmp_path):
    lab = Terraform(cloud, tmp_path, LAB % server)
    lab.apply()
    assert lab.changes() == {}
    at = lab.outputs()["at"]
    for path in ["/open", "/live/open"]:
        status, told = curl(at + path)
        assert (status, told["path"]) == (200, "/lab"), told
    assert curl(f"{at}/live/closed/1") == (401, {"message": "Unauthorized"})
    lab.apply(burst=7)
    assert lab.changes(burst=7) == {}
    lab.destroy()
    assert curl(f"{at}/open")[0] == 403
