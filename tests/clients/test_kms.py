"""KMS through boto3: what its users do with keys, and the disks that EC2 encrypts with them."""
import botocore.exceptions
import pytest

from conftest import until
from machines import in_state, quick_start, shown
from people import Person, root


def code_of(call, **arguments):
    """The code and the message of what is refused."""
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        call(**arguments)
    error = refused.value.response["Error"]
    return error["Code"], error.get("Message", "")


def test_a_key_from_its_making_to_its_end(cloud):
    kms = root(cloud, "kms")
    key = kms.create_key(Description="app", Tags=[{"TagKey": "team", "TagValue": "blue"}])["KeyMetadata"]
    kms.create_alias(AliasName="alias/app", TargetKeyId=key["KeyId"])
    context = {"order": "7"}
    sealed = kms.encrypt(KeyId="alias/app", Plaintext=b"secret", EncryptionContext=context)
    assert kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=context)["Plaintext"] == b"secret"
    assert code_of(kms.decrypt, CiphertextBlob=sealed["CiphertextBlob"])[0] == "InvalidCiphertextException"
    kms.rotate_key_on_demand(KeyId=key["KeyId"])
    until(lambda: kms.list_key_rotations(KeyId=key["KeyId"])["Rotations"], what="the rotation")
    assert kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=context)["KeyId"] == key["Arn"]
    data_key = kms.generate_data_key(KeyId="alias/app", KeySpec="AES_256")
    assert kms.decrypt(CiphertextBlob=data_key["CiphertextBlob"])["Plaintext"] == data_key["Plaintext"]
    kms.disable_key(KeyId=key["KeyId"])
    assert code_of(kms.encrypt, KeyId="alias/app", Plaintext=b"x") == ("DisabledException", f"{key['Arn']} is disabled.")
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    waiting = f"{key['Arn']} is pending deletion."
    assert code_of(kms.encrypt, KeyId="alias/app", Plaintext=b"x") == ("KMSInvalidStateException", waiting)
    kms.cancel_key_deletion(KeyId=key["KeyId"])
    kms.enable_key(KeyId=key["KeyId"])
    assert kms.describe_key(KeyId="alias/app")["KeyMetadata"]["KeyState"] == "Enabled"
    assert [alias["AliasName"] for alias in kms.list_aliases(KeyId=key["KeyId"])["Aliases"]] == ["alias/app"]


def test_signatures_and_codes(cloud):
    kms = root(cloud, "kms")
    signing = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    told = {"KeyId": signing, "Message": b"text", "SigningAlgorithm": "ECDSA_SHA_256"}
    signature = kms.sign(**told)["Signature"]
    assert kms.verify(**told, Signature=signature)["SignatureValid"]
    assert code_of(kms.verify, **told | {"Message": b"other"}, Signature=signature)[0] == "KMSInvalidSignatureException"
    assert kms.get_public_key(KeyId=signing)["PublicKey"]
    code = kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["KeyId"]
    told = {"KeyId": code, "Message": b"text", "MacAlgorithm": "HMAC_SHA_256"}
    assert kms.verify_mac(**told, Mac=kms.generate_mac(**told)["Mac"])["MacValid"]


def test_who_is_granted_a_key_may_use_it(cloud):
    kms = root(cloud, "kms")
    anna = Person(cloud, root(cloud, "iam"), "kms-anna")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    ask = {"KeyId": key, "Plaintext": b"x", "EncryptionContext": {"Dept": "IT"}}
    assert anna.call("kms", "Encrypt", ask)["Code"] == "AccessDeniedException"
    grant = kms.create_grant(KeyId=key, GranteePrincipal=anna.arn, Operations=["Encrypt"],
                             Constraints={"EncryptionContextSubset": {"Dept": "IT"}})
    assert anna.call("kms", "Encrypt", ask) is None
    assert anna.call("kms", "Encrypt", ask | {"EncryptionContext": {}})["Code"] == "AccessDeniedException"
    kms.revoke_grant(KeyId=key, GrantId=grant["GrantId"])
    assert anna.call("kms", "Encrypt", ask)["Code"] == "AccessDeniedException"


def test_secrets_are_left_out_of_the_history(cloud):
    kms, trail = cloud.client("kms"), cloud.client("cloudtrail")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.encrypt(KeyId=key, Plaintext=b"never to be seen")

    def recorded():
        found = trail.lookup_events(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "Encrypt"}])["Events"]
        return found and found[0]["CloudTrailEvent"]
    event = until(recorded, what="the event")
    assert key in event and "never" not in event and "bmV2ZXIgdG8" not in event


def test_disks_are_encrypted_with_a_key_of_ones_own(cloud):
    """A volume under a customer's key is attached; once the key is disabled it stays so, and no machine starts with it."""
    kms, ec2 = cloud.client("kms"), cloud.client("ec2")
    image = quick_start(cloud)
    key = kms.create_key()["KeyMetadata"]
    mapping = {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 1, "Encrypted": True, "KmsKeyId": key["KeyId"]}}

    def launch():
        made = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1, BlockDeviceMappings=[mapping])
        return made["Instances"][0]["InstanceId"]
    machine = launch()
    in_state(cloud, machine, "running")
    ours = ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [machine]}, {"Name": "encrypted", "Values": ["true"]}])
    assert [volume["KmsKeyId"] for volume in ours["Volumes"]] == [key["Arn"]]
    kms.disable_key(KeyId=key["KeyId"])
    failed = launch()
    in_state(cloud, failed, "terminated")
    assert shown(cloud, failed)["StateReason"]["Code"] == "Client.InvalidKMSKey.InvalidState"
    assert shown(cloud, machine)["State"]["Name"] == "running"
    volume = ec2.create_volume(AvailabilityZone=shown(cloud, machine)["Placement"]["AvailabilityZone"], Size=1, Encrypted=True,
                               KmsKeyId=key["KeyId"])["VolumeId"]
    state = lambda: ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["State"]  # noqa: E731
    until(lambda: state() == "error", what="the volume's failure")
    ec2.delete_volume(VolumeId=volume)
    ec2.terminate_instances(InstanceIds=[machine])
    in_state(cloud, machine, "terminated")
