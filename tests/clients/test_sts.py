"""STS through boto3: roles are assumed, in chains and by strangers, by bearers of tokens, and narrowed; sessions expire by the cloud's clock."""
import base64
import datetime
import http.server
import itertools
import json
import threading
import time
import urllib.request

import boto3
import botocore
import botocore.config
import botocore.exceptions
import pytest
import rsa

from conftest import REGION

ACCOUNTS = itertools.count(320000000001)
ASSUME = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]


def document(**statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


EVERYTHING = document(Action="*", Resource="*")


class Account:
    """An account of its own, as its root sees it."""

    def __init__(self, cloud):
        self.cloud, self.id = cloud, str(next(ACCOUNTS))
        self.iam = cloud.client("iam", account=self.id)

    def user(self, name, policy=None):
        self.iam.create_user(UserName=name)
        if policy:
            self.iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
        return self.iam.create_access_key(UserName=name)["AccessKey"]

    def role(self, name, trust, policy=EVERYTHING, **more):
        role = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, **more)["Role"]
        self.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)
        return role["Arn"]

    def client(self, service, key):
        return boto3.client(
            service, endpoint_url=self.cloud.endpoint, region_name=REGION, aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"], aws_session_token=key.get("SessionToken"),
            config=botocore.config.Config(retries={"max_attempts": 0}))


@pytest.fixture
def account(cloud):
    return Account(cloud)


def refused(call, code, **parameters):
    with pytest.raises(botocore.exceptions.ClientError) as error:
        call(**parameters)
    assert error.value.response["Error"]["Code"] == code, error.value
    return error.value.response["Error"]["Message"]


def test_a_role_is_assumed_and_narrowed(account):
    anna = account.client("sts", account.user("anna"))
    role = account.role("deploy", document(Principal={"AWS": f"arn:aws:iam::{account.id}:user/anna"}, Action=ASSUME))
    made = anna.assume_role(RoleArn=role, RoleSessionName="ci")
    assert made["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{account.id}:assumed-role/deploy/ci"
    ecr = account.client("ecr", made["Credentials"])
    ecr.create_repository(repositoryName="web")
    narrow = document(Action="ecr:Describe*", Resource="*")
    narrowed = anna.assume_role(RoleArn=role, RoleSessionName="ci", Policy=narrow)
    assert 0 < narrowed["PackedPolicySize"] <= 100
    ecr = account.client("ecr", narrowed["Credentials"])
    assert [repository["repositoryName"] for repository in ecr.describe_repositories()["repositories"]] == ["web"]
    message = refused(ecr.delete_repository, "AccessDeniedException", repositoryName="web")
    assert "because no session policy allows the ecr:DeleteRepository action" in message
    refused(anna.assume_role, "MalformedPolicyDocument", RoleArn=role, RoleSessionName="ci", Policy="{}")
    refused(account.cloud.client("sts", account=account.id).assume_role, "AccessDenied", RoleArn=role, RoleSessionName="ci")


def test_a_stranger_knows_the_external_id(cloud, account):
    stranger = Account(cloud)
    trust = document(Principal={"AWS": stranger.id}, Action="sts:AssumeRole",
                     Condition={"StringEquals": {"sts:ExternalId": "secret"}})
    role = account.role("third-party", trust)
    sts = stranger.client("sts", stranger.user("carl", EVERYTHING))
    refused(sts.assume_role, "AccessDenied", RoleArn=role, RoleSessionName="me")
    refused(sts.assume_role, "AccessDenied", RoleArn=role, RoleSessionName="me", ExternalId="guess")
    theirs = sts.assume_role(RoleArn=role, RoleSessionName="me", ExternalId="secret")["Credentials"]
    assert account.client("sts", theirs).get_caller_identity()["Account"] == account.id


def test_a_chain_has_an_hour_and_keeps_who_stands_behind_it(account):
    trust = document(Principal={"AWS": account.id}, Action=ASSUME)
    first, second = (account.role(name, trust, MaxSessionDuration=43200) for name in ("first", "second"))
    anna = account.client("sts", account.user("anna", EVERYTHING))
    tags = {"Tags": [{"Key": "Team", "Value": "blue"}], "TransitiveTagKeys": ["Team"]}
    made = anna.assume_role(RoleArn=first, RoleSessionName="one", SourceIdentity="anna", DurationSeconds=43200, **tags)
    session = account.client("sts", made["Credentials"])
    message = refused(session.assume_role, "ValidationError", RoleArn=second, RoleSessionName="two", DurationSeconds=3601)
    assert message == "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
    chained = session.assume_role(RoleArn=second, RoleSessionName="two")
    assert chained["SourceIdentity"] == "anna"
    refused(session.assume_role, "AccessDenied", RoleArn=second, RoleSessionName="two", SourceIdentity="bob")
    refused(session.assume_role, "InvalidParameterValue", RoleArn=second, RoleSessionName="two", Tags=tags["Tags"])
    assert refused(session.get_session_token, "AccessDenied") == "Cannot call GetSessionToken with session credentials"


def test_whom_a_user_lets_in_may_do_what_both_may(account):
    anna = account.client("sts", account.user("anna", document(Action=["sts:*", "ecr:*"], Resource="*")))
    policy = document(Action=["ecr:DescribeRepositories", "logs:DescribeLogGroups"], Resource="*")
    bob = anna.get_federation_token(Name="bob", Policy=policy)
    assert bob["FederatedUser"]["Arn"] == f"arn:aws:sts::{account.id}:federated-user/bob"
    ecr = account.client("ecr", bob["Credentials"])
    assert ecr.describe_repositories()["repositories"] == []
    refused(ecr.create_repository, "AccessDeniedException", repositoryName="web")
    refused(account.client("logs", bob["Credentials"]).describe_log_groups, "AccessDeniedException")
    refused(account.client("iam", bob["Credentials"]).list_users, "InvalidClientTokenId")
    nothing = anna.get_federation_token(Name="carl")["Credentials"]
    refused(account.client("ecr", nothing).describe_repositories, "AccessDeniedException")


def test_why_a_request_was_denied_can_be_decoded(account):
    ec2 = account.client("ec2", account.user("anna"))
    message = refused(ec2.describe_vpcs, "UnauthorizedOperation")
    encoded = message.split("Encoded authorization failure message: ")[1]
    sts = account.cloud.client("sts", account=account.id)
    decoded = json.loads(sts.decode_authorization_message(EncodedMessage=encoded)["DecodedMessage"])
    assert not decoded["allowed"] and not decoded["explicitDeny"]
    assert decoded["context"]["action"] == "ec2:DescribeVpcs"
    assert decoded["context"]["principal"]["arn"] == f"arn:aws:iam::{account.id}:user/anna"
    refused(sts.decode_authorization_message, "InvalidAuthorizationMessageException", EncodedMessage=encoded[:-2])


class Provider:
    """An OpenID Connect provider on the loopback interface."""

    def __init__(self):
        self.public, self.private = rsa.newkeys(2048)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.host = f"127.0.0.1:{self.server.server_port}"
        self.issuer = f"http://{self.host}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def handler(provider):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                documents = {
                    "/.well-known/openid-configuration": {"issuer": provider.issuer, "jwks_uri": f"{provider.issuer}/keys"},
                    "/keys": {"keys": [provider.jwk()]},
                }
                body = json.dumps(documents.get(self.path, {})).encode()
                self.send_response(200 if self.path in documents else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        return Handler

    def jwk(self):
        number = lambda n: encode(n.to_bytes((n.bit_length() + 7) // 8, "big"))
        return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1", "n": number(self.public.n), "e": number(self.public.e)}

    def token(self, **claims):
        now = int(time.time())
        claims = {"iss": self.issuer, "sub": "repo:acme/web", "aud": "sts.amazonaws.com", "iat": now, "exp": now + 600, **claims}
        head = encode(json.dumps({"alg": "RS256", "kid": "1"}).encode())
        signed = f"{head}.{encode(json.dumps(claims).encode())}"
        return f"{signed}.{encode(rsa.sign(signed.encode(), self.private, 'SHA-256'))}"


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def provider():
    running = Provider()
    yield running
    running.server.shutdown()


def test_the_bearer_of_a_token_gets_a_session(account, provider):
    account.iam.create_open_id_connect_provider(
        Url=f"https://{provider.host}", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["0" * 40])
    trust = document(
        Principal={"Federated": f"arn:aws:iam::{account.id}:oidc-provider/{provider.host}"},
        Action="sts:AssumeRoleWithWebIdentity", Condition={"StringLike": {f"{provider.host}:sub": "repo:acme/*"}})
    role = account.role("deploy", trust)
    unsigned = boto3.client(
        "sts", endpoint_url=account.cloud.endpoint, region_name=REGION,
        config=botocore.config.Config(signature_version=botocore.UNSIGNED, retries={"max_attempts": 0}))
    ask = lambda **claims: {"RoleArn": role, "RoleSessionName": "ci", "WebIdentityToken": provider.token(**claims)}
    made = unsigned.assume_role_with_web_identity(**ask())
    assert made["SubjectFromWebIdentityToken"] == "repo:acme/web" and made["Audience"] == "sts.amazonaws.com"
    me = account.client("sts", made["Credentials"]).get_caller_identity()
    assert me["Arn"] == f"arn:aws:sts::{account.id}:assumed-role/deploy/ci"
    assume = unsigned.assume_role_with_web_identity
    refused(assume, "AccessDenied", **ask(sub="repo:evil/web"))
    refused(assume, "InvalidIdentityToken", **ask(aud="somebody"))
    refused(assume, "InvalidIdentityToken", **ask(iss="https://id.example.com"))
    refused(assume, "ExpiredTokenException", **ask(exp=int(time.time()) - 1))
    forged = ask()
    forged["WebIdentityToken"] = forged["WebIdentityToken"][:-8] + "AAAAAAAA"
    refused(assume, "InvalidIdentityToken", **forged)
    refused(unsigned.get_session_token, "MissingAuthenticationToken")


def test_sessions_expire_by_the_clouds_clock(own_cloud):
    account = Account(own_cloud)
    role = account.role("deploy", document(Principal={"AWS": account.id}, Action="sts:AssumeRole"))
    anna = account.client("sts", account.user("anna", EVERYTHING))
    made = anna.assume_role(RoleArn=role, RoleSessionName="ci", DurationSeconds=900)["Credentials"]
    left = made["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(seconds=880) < left <= datetime.timedelta(seconds=901)
    session = account.client("sts", made)
    session.get_caller_identity()
    body = json.dumps({"advance_seconds": 901}).encode()
    urllib.request.urlopen(
        urllib.request.Request(f"{own_cloud.endpoint}/_hillfog/clock", body, {"Content-Type": "application/json"})).close()
    refused(session.get_caller_identity, "ExpiredToken")
