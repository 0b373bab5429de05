"""Key pairs through boto3: the private key that is given belongs to the public key that is kept, as ssh-keygen sees it."""
import base64
import hashlib
import json
import shutil
import subprocess

import botocore.exceptions
import pytest

from inputs import arn
from people import Person, is_denial, root


@pytest.fixture(scope="module")
def keygen():
    """Runs ssh-keygen."""
    path = shutil.which("ssh-keygen")
    if not path:
        pytest.skip("NOT RUN: ssh-keygen is not installed")

    def run(*arguments):
        done = subprocess.run([path, *map(str, arguments)], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()
    return run


def der(pem):
    return base64.b64decode("".join(pem.strip().splitlines()[1:-1]))


def colons(digest):
    return ":".join(f"{byte:02x}" for byte in digest)


def body(line):
    """The kind and the key of a line of authorized_keys, without its comment."""
    return line.split()[:2]


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_a_created_private_key_belongs_to_the_public_key(cloud, keygen, tmp_path, kind):
    ec2 = cloud.client("ec2")
    made = ec2.create_key_pair(KeyName=f"created-{kind}", KeyType=kind)
    private = tmp_path / "key"
    private.write_text(made["KeyMaterial"])
    private.chmod(0o600)
    shown = ec2.describe_key_pairs(KeyNames=[f"created-{kind}"], IncludePublicKey=True)["KeyPairs"][0]
    assert body(keygen("-y", "-f", private)) == body(shown["PublicKey"])
    assert shown["KeyFingerprint"] == made["KeyFingerprint"]
    public = tmp_path / "shown.pub"
    public.write_text(shown["PublicKey"] + "\n")
    listed = keygen("-l", "-E", "sha256", "-f", public).split()
    if kind == "rsa":
        assert listed[0] == "2048"
        # The fingerprint is of the private key in PKCS #8.
        keygen("-p", "-N", "", "-m", "PKCS8", "-f", private)
        assert made["KeyFingerprint"] == colons(hashlib.sha1(der(private.read_text())).digest())
    else:
        assert listed[1] == "SHA256:" + made["KeyFingerprint"].rstrip("=")


@pytest.mark.parametrize("form", ["line", "rfc4716"])
@pytest.mark.parametrize("kind,bits", [("rsa", 2048), ("rsa", 4096), ("ed25519", 256)])
def test_an_imported_key_is_the_one_that_was_brought(cloud, keygen, tmp_path, kind, bits, form):
    ec2 = cloud.client("ec2")
    keygen("-q", "-t", kind, "-b", bits, "-N", "", "-C", "me@home", "-f", tmp_path / "key")
    line = (tmp_path / "key.pub").read_text()
    name = f"imported-{kind}-{bits}-{form}"
    material = line if form == "line" else keygen("-e", "-m", "RFC4716", "-f", tmp_path / "key.pub")
    made = ec2.import_key_pair(KeyName=name, PublicKeyMaterial=material.encode())
    shown = ec2.describe_key_pairs(KeyPairIds=[made["KeyPairId"]], IncludePublicKey=True)["KeyPairs"][0]
    assert shown["PublicKey"].split() == [*line.split()[:2], name]
    if kind == "rsa":
        public = keygen("-e", "-m", "PKCS8", "-f", tmp_path / "key.pub")
        assert made["KeyFingerprint"] == colons(hashlib.md5(der(public)).digest())
    else:
        listed = keygen("-l", "-E", "sha256", "-f", tmp_path / "key.pub").split()
        assert listed[1] == "SHA256:" + made["KeyFingerprint"].rstrip("=")


def test_errors_are_ec2s(cloud):
    ec2 = cloud.client("ec2")
    ec2.create_key_pair(KeyName="twice", KeyType="ed25519")
    for code, call in [
        ("InvalidKeyPair.Duplicate", lambda: ec2.create_key_pair(KeyName="twice")),
        ("InvalidKeyPair.NotFound", lambda: ec2.describe_key_pairs(KeyNames=["nobody"])),
        ("InvalidKey.Format", lambda: ec2.import_key_pair(KeyName="junk", PublicKeyMaterial=b"junk")),
    ]:
        with pytest.raises(botocore.exceptions.ClientError) as raised:
            call()
        assert raised.value.response["Error"]["Code"] == code
    ec2.delete_key_pair(KeyName="twice")
    assert ec2.delete_key_pair(KeyName="twice")["Return"] is True


def test_the_event_history_hides_the_private_key(cloud):
    made = cloud.client("ec2").create_key_pair(KeyName="hidden", KeyType="ed25519")
    assert "PRIVATE KEY" in made["KeyMaterial"]
    found = cloud.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateKeyPair"}])["Events"]
    events = [event["CloudTrailEvent"] for event in found if '"hidden"' in event["CloudTrailEvent"]]
    assert events and not any("PRIVATE KEY" in event for event in events)


POLICIES = [
    {"Resource": arn("ec2", "{kind}/pol-red")},
    {"Condition": {"StringEquals": {"aws:ResourceTag/team": "red"}}},
    {"Condition": {"StringEquals": {"ec2:{key}Name": "pol-red"}}},
]


@pytest.fixture(scope="module")
def person(cloud):
    return Person(cloud, root(cloud, "iam"), "key-pairs")


def dry(person, operation, arguments):
    return person.call("ec2", operation, arguments | {"DryRun": True})


@pytest.mark.parametrize("kind,key", [("key-pair", "KeyPair"), ("placement-group", "PlacementGroup")])
def test_policies_see_by_name_what_is_called_by_id(cloud, person, kind, key):
    ec2 = root(cloud, "ec2")
    if kind == "key-pair":
        ids = {name: ec2.create_key_pair(KeyName=f"pol-{name}", KeyType="ed25519")["KeyPairId"] for name in ("red", "blue")}
        ask = [("DeleteKeyPair", lambda name: {"KeyName": f"pol-{name}"}), ("DeleteKeyPair", lambda name: {"KeyPairId": ids[name]})]
    else:
        made = {name: ec2.create_placement_group(GroupName=f"pol-{name}", Strategy="spread") for name in ("red", "blue")}
        ids = {name: answer["PlacementGroup"]["GroupId"] for name, answer in made.items()}
        ask = [("DeletePlacementGroup", lambda name: {"GroupName": f"pol-{name}"})]
    ask.append(("CreateTags", lambda name: {"Resources": [ids[name]], "Tags": [{"Key": "stage", "Value": "test"}]}))
    ec2.create_tags(Resources=[ids["red"]], Tags=[{"Key": "team", "Value": "red"}])
    for policy in POLICIES:
        filled = json.loads(json.dumps(policy).replace("{kind}", kind).replace("{key}", key))
        person.may({"Action": "ec2:*"} | filled)
        for operation, arguments in ask:
            assert dry(person, operation, arguments("red"))["Code"] == "DryRunOperation", (policy, operation)
            assert is_denial(dry(person, operation, arguments("blue"))), (policy, operation)


def test_policies_see_what_kind_of_key_is_made(person):
    person.may({"Action": "ec2:CreateKeyPair", "Condition": {"StringEquals": {"ec2:KeyPairType": "ed25519"}}})
    assert dry(person, "CreateKeyPair", {"KeyName": "kind", "KeyType": "ed25519"})["Code"] == "DryRunOperation"
    assert is_denial(dry(person, "CreateKeyPair", {"KeyName": "kind", "KeyType": "rsa"}))
    assert is_denial(dry(person, "CreateKeyPair", {"KeyName": "kind"}))
    tags = {"TagSpecifications": [{"ResourceType": "key-pair", "Tags": [{"Key": "team", "Value": "red"}]}]}
    assert is_denial(dry(person, "CreateKeyPair", {"KeyName": "kind", "KeyType": "ed25519"} | tags))
