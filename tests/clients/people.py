"""Users with keys and policies, for the tests of who may do what."""
import json

import boto3
import botocore.config
import botocore.exceptions

from inputs import ACCOUNT, REGION

DENIALS = {"json": "AccessDeniedException", "rest-json": "AccessDeniedException", "query": "AccessDenied", "rest-xml": "AccessDenied", "ec2": "UnauthorizedOperation"}

# What botocore makes of the denial of a HEAD request, whose answer has no body.
HEADLESS = "403"


class Person:
    """A user with a key."""

    def __init__(self, cloud, iam, name, **more):
        self.cloud, self.iam, self.name = cloud, iam, name
        self.arn = iam.create_user(UserName=name, **more)["User"]["Arn"]
        key = iam.create_access_key(UserName=name)["AccessKey"]
        self.key = key["AccessKeyId"], key["SecretAccessKey"]
        self.clients = {}

    def client(self, service):
        if service not in self.clients:
            self.clients[service] = client(self.cloud, service, *self.key)
        return self.clients[service]

    def may(self, *statements):
        """Gives the user one policy in place of the one before; a statement is as in a policy, its effect and resource where they
        aren't the usual ones."""
        usual = {"Effect": "Allow", "Resource": "*"}
        document = {"Version": "2012-10-17", "Statement": [usual | statement for statement in statements]}
        self.iam.put_user_policy(UserName=self.name, PolicyName="own", PolicyDocument=json.dumps(document))

    def call(self, service, operation, arguments=None):
        """The answer's error; none if the call succeeds."""
        made = self.client(service)
        try:
            made._make_api_call(operation, arguments or {})
            return None
        except botocore.exceptions.ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            return error.response["Error"] | {"Protocol": protocol_of(made), "Status": status}


def client(cloud, service, key, secret):
    """A client that sends what it is given, once."""
    config = botocore.config.Config(retries={"max_attempts": 0}, parameter_validation=False, connect_timeout=5, read_timeout=60)
    return boto3.client(service, endpoint_url=cloud.endpoint, region_name=REGION, aws_access_key_id=key,
                        aws_secret_access_key=secret, config=config)


def root(cloud, service, account=ACCOUNT):
    """A client of an account's root."""
    return client(cloud, service, account, "test")


def protocol_of(client):
    """The protocol whose codes the client shows: those who know SQS from the query protocol are told its codes in JSON too."""
    model = client.meta.service_model
    return "query" if model.is_query_compatible else model.protocol


def is_denial(error):
    """Whether an error says that permission is missing."""
    return error is not None and error["Code"] in (DENIALS[error["Protocol"]], HEADLESS)
