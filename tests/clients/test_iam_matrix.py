"""Every operation that is built, called as somebody who may, who may not, and whom a boundary or an explicit deny stops.

The operations and their actions are those of crates/sim/lists/built.txt. Inputs are made out of botocore's models; what they name need not
be there, since whether a call is allowed is decided before anything is looked for.
"""
import json
import re

import pytest

from conftest import ROOT
from inputs import ACCOUNT, TRUST, minimal
from people import HEADLESS, Person, is_denial, root

LISTS = ROOT / "crates/sim/lists"


def lines(name):
    return [line.split() for line in (LISTS / name).read_text().splitlines() if not line.startswith("#")]


BUILT = [(service, operation, None if action == "-" else action) for service, operation, action in lines("built.txt")]
# Operations that policies name with "*".
NO_RESOURCE = {tuple(line.split(":")) for (line,) in lines("no-resource.txt")}
SERVICES = ["apigatewayv2", "cloudtrail", "ebs", "ec2", "ec2-instance-connect", "ecr", "ecs", "elbv2", "events", "iam", "kms", "lambda",
            "logs", "s3", "scheduler", "sqs", "ssm", "sts"]

REASONS = {
    "nothing": "because no identity-based policy allows the {action} action",
    "bounded": "because no permissions boundary allows the {action} action",
    "barred": "with an explicit deny in an identity-based policy",
}


@pytest.fixture(scope="module")
def people(cloud):
    """Somebody of each kind. What they are is set up once; only the one who may gets a policy for each operation."""
    iam = root(cloud, "iam")
    iam.create_role(RoleName="matrix-trusts-the-account", AssumeRolePolicyDocument=TRUST)
    narrow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "polly:SynthesizeSpeech", "Resource": "*"}]}
    boundary = iam.create_policy(PolicyName="matrix-boundary", PolicyDocument=json.dumps(narrow))["Policy"]["Arn"]
    made = {
        "nothing": Person(cloud, iam, "matrix-nothing"),
        "bounded": Person(cloud, iam, "matrix-bounded", PermissionsBoundary=boundary),
        "barred": Person(cloud, iam, "matrix-barred"),
        "one": Person(cloud, iam, "matrix-one"),
    }
    for name in ("bounded", "barred"):
        iam.attach_user_policy(UserName=f"matrix-{name}", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    made["barred"].may({"Effect": "Deny", "Action": "*"})
    return made


def call(person, service, operation):
    model = person.client(service).meta.service_model.operation_model(operation)
    return person.call(service, operation, minimal(model, service))


def of(service):
    return [(operation, action) for known, operation, action in BUILT if known == service]


def wrong_words(person, service, operation, action, reason):
    """What is wrong with the denial of a call; none if it is as AWS words it."""
    error = call(person, service, operation)
    if not is_denial(error):
        return f"not denied: {error}"
    if error["Code"] == HEADLESS:
        return None
    prefix = "You are not authorized to perform this operation. " if service == "ec2" else ""
    words = (rf"{re.escape(prefix)}User: {re.escape(person.arn)} is not authorized to perform: {re.escape(action)} "
             rf"on resource: (\S+) {re.escape(reason.format(action=action))}")
    found = re.match(words, error["Message"])
    if not found:
        return f"worded otherwise: {error['Message']}"
    if (found[1] == "*") != ((service, operation) in NO_RESOURCE):
        return f"on resource {found[1]}"
    return None


def none_of(wrong):
    """Fails with all that is wrong, an operation a line."""
    assert not wrong, "\n".join(f"{operation}: {what}" for operation, what in wrong.items())


def test_every_service_is_in_the_matrix():
    assert sorted({service for service, _, _ in BUILT}) == SERVICES


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("kind", REASONS)
def test_who_may_not_is_denied_in_aws_words(people, kind, service):
    tried = {operation: wrong_words(people[kind], service, operation, action, REASONS[kind])
             for operation, action in of(service) if action}
    none_of({operation: wrong for operation, wrong in tried.items() if wrong})


@pytest.mark.parametrize("service", SERVICES)
def test_exactly_the_action_allows_the_operation(people, service):
    wrong = {}
    for operation, action in of(service):
        if action:
            people["one"].may({"Action": action})
            error = call(people["one"], service, operation)
            if is_denial(error) or error and error["Status"] == 500:
                wrong[operation] = error["Message"]
    none_of(wrong)


@pytest.mark.parametrize("kind", ["nothing", "bounded", "barred"])
def test_what_needs_no_permission_is_never_denied(people, kind):
    needless = [(service, operation) for service, operation, action in BUILT if action is None]
    assert needless
    denied = {operation: call(people[kind], service, operation) for service, operation in needless}
    none_of({operation: error["Message"] for operation, error in denied.items() if is_denial(error)})


def on_repositories(person):
    """The operations of ECR on a repository, with their actions and models; a policy counts once there is a repository."""
    models = person.client("ecr").meta.service_model
    found = [(operation, action, models.operation_model(operation)) for operation, action in of("ecr")]
    return [row for row in found if "repositoryName" in row[2].input_shape.members and row[0] != "CreateRepository"]


@pytest.fixture(scope="module")
def sealed(cloud, people):
    """A repository whose policy denies everything to the one who may do everything."""
    ecr = root(cloud, "ecr")
    ecr.create_repository(repositoryName="matrix-sealed")
    deny = {"Effect": "Deny", "Principal": {"AWS": people["one"].arn}, "Action": "ecr:*"}
    ecr.set_repository_policy(repositoryName="matrix-sealed", policyText=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    people["one"].may({"Action": "*"})
    return people["one"]


def test_a_repositorys_policy_denies_every_operation_on_it(sealed):
    wrong = {}
    for operation, action, model in on_repositories(sealed):
        error = sealed.call("ecr", operation, minimal(model, "ecr") | {"repositoryName": "matrix-sealed"})
        if not is_denial(error) or "with an explicit deny in a resource-based policy" not in error["Message"]:
            wrong[operation] = error
    none_of(wrong)


def test_another_accounts_repository_lets_nobody_in_without_its_policy(cloud, sealed):
    stranger = Person(cloud, root(cloud, "iam", "864209753186"), "matrix-stranger")
    stranger.may({"Action": "*"})
    wrong = {}
    for operation, action, model in on_repositories(stranger):
        if "registryId" in model.input_shape.members:
            ask = {"registryId": ACCOUNT, "repositoryName": "matrix-sealed"}
            error = stranger.call("ecr", operation, minimal(model, "ecr") | ask)
            if not is_denial(error) or f"because no resource-based policy allows the {action} action" not in error["Message"]:
                wrong[operation] = error
    none_of(wrong)
