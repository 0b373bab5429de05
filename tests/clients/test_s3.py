"""S3 through boto3 and the AWS CLI: objects large and small, versions, presigned addresses, forms, notifications; and what is left when
the server is killed in the midst of it."""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import urllib.error
import urllib.request

import boto3
import botocore
import botocore.config
import botocore.exceptions
import pytest
from boto3.s3.transfer import TransferConfig

from conftest import REGION, ROOT, until
from people import Person, root

MIB = 1 << 20


def code_of(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]


def fetch(url, method="GET", body=None, headers=None):
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers


def test_files_go_up_and_come_down(cloud, tmp_path):
    s3 = root(cloud, "s3")
    s3.create_bucket(Bucket="files")
    large = tmp_path / "large"
    block = os.urandom(MIB)
    with large.open("wb") as file:
        for index in range(100):
            file.write(index.to_bytes(4, "big") + block[4:])
    s3.upload_file(str(large), "files", "a/large", Config=TransferConfig(multipart_chunksize=8 * MIB), ExtraArgs={"Metadata": {"who": "me"}})
    head = s3.head_object(Bucket="files", Key="a/large", ChecksumMode="ENABLED")
    assert head["ContentLength"] == 100 * MIB and head["ETag"].endswith('-13"') and head["Metadata"] == {"who": "me"}
    s3.download_file("files", "a/large", str(tmp_path / "back"))
    digest = lambda path: hashlib.sha256(path.read_bytes()).hexdigest()
    assert digest(tmp_path / "back") == digest(large)
    s3.copy({"Bucket": "files", "Key": "a/large"}, "files", "copy")
    assert s3.get_object(Bucket="files", Key="copy", Range="bytes=1048576-1048579")["Body"].read() == (1).to_bytes(4, "big")
    for size in (0, 1, 5000):
        s3.put_object(Bucket="files", Key=f"n/{size}", Body=block[:size], ContentType="x/y", Tagging="a=b")
        got = s3.get_object(Bucket="files", Key=f"n/{size}")
        assert got["Body"].read() == block[:size] and got["ContentType"] == "x/y"
    # The others need a library of AWS's that isn't installed everywhere.
    for algorithm in ("CRC32", "SHA1", "SHA256"):
        s3.put_object(Bucket="files", Key="sum", Body=block, ChecksumAlgorithm=algorithm)
        assert f"Checksum{algorithm}" in s3.head_object(Bucket="files", Key="sum", ChecksumMode="ENABLED")
    assert code_of(s3.get_object, Bucket="files", Key="none") == "NoSuchKey"
    assert code_of(s3.put_object, Bucket="files", Key="sum", Body=b"x", IfNoneMatch="*") == "PreconditionFailed"
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket="files", Delimiter="/", PaginationConfig={"PageSize": 1}))
    assert sum(len(page.get("Contents", [])) + len(page.get("CommonPrefixes", [])) for page in pages) == 4
    keys = [{"Key": item["Key"]} for item in s3.list_objects_v2(Bucket="files")["Contents"]]
    assert len(s3.delete_objects(Bucket="files", Delete={"Objects": keys})["Deleted"]) == 6
    s3.delete_bucket(Bucket="files")


def test_the_command_line_syncs_folders(cloud, tmp_path):
    aws = lambda *args: subprocess.run([str(ROOT / ".venv/bin/aws"), "s3", *args], env=cloud.environment, capture_output=True,
                                       text=True, check=True, timeout=120)
    there, back = tmp_path / "there", tmp_path / "back"
    (there / "sub").mkdir(parents=True)
    (there / "one.txt").write_text("one")
    (there / "sub/zwei ü&+.txt").write_text("two")
    (there / "large").write_bytes(os.urandom(20 * MIB))
    aws("mb", "s3://synced")
    aws("sync", str(there), "s3://synced/in")
    assert "upload:" not in aws("sync", str(there), "s3://synced/in").stdout
    aws("cp", "s3://synced/in/large", "s3://synced/copy")
    aws("sync", "s3://synced/in", str(back))
    assert {path.relative_to(back): path.read_bytes() for path in back.rglob("*") if path.is_file()} == \
        {path.relative_to(there): path.read_bytes() for path in there.rglob("*") if path.is_file()}
    assert "zwei ü&+.txt" in aws("ls", "--recursive", "s3://synced").stdout
    aws("rb", "--force", "s3://synced")


def test_versions_addresses_and_forms(cloud):
    # The signatures of a key that the cloud has issued are verified.
    signs = Person(cloud, root(cloud, "iam"), "s3-signs")
    signs.may({"Action": "s3:*"})
    s3 = signs.client("s3")
    s3.create_bucket(Bucket="versions")
    s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    ids = [s3.put_object(Bucket="versions", Key="k", Body=text)["VersionId"] for text in (b"one", b"two")]
    s3.delete_object(Bucket="versions", Key="k")
    assert code_of(s3.get_object, Bucket="versions", Key="k") == "NoSuchKey"
    assert s3.get_object(Bucket="versions", Key="k", VersionId=ids[0])["Body"].read() == b"one"
    listed = s3.list_object_versions(Bucket="versions")
    assert [it["VersionId"] for it in listed["Versions"]] == ids[::-1] and listed["DeleteMarkers"][0]["IsLatest"]
    config = botocore.config.Config(signature_version="s3v4")
    key, secret = signs.key
    signer = boto3.client("s3", endpoint_url=cloud.endpoint, region_name=REGION, config=config, aws_access_key_id=key,
                          aws_secret_access_key=secret)
    url = signer.generate_presigned_url("put_object", Params={"Bucket": "versions", "Key": "by-address"}, ExpiresIn=3600)
    assert fetch(url, "PUT", b"hello")[0] == 200
    url = signer.generate_presigned_url("get_object", Params={"Bucket": "versions", "Key": "by-address",
                                                              "ResponseContentType": "text/x"}, ExpiresIn=3600)
    status, body, headers = fetch(url)
    assert (status, body, headers["content-type"]) == (200, b"hello", "text/x")
    assert fetch(url.replace("/by-address", "/other"))[0] == 403, url
    # Without being told which version to sign by, boto3 presigns by Version 2.
    url = s3.generate_presigned_url("put_object", Params={"Bucket": "versions", "Key": "second", "ContentType": "text/x",
                                                          "Metadata": {"a": "1"}}, ExpiresIn=3600)
    assert "AWSAccessKeyId=" in url
    assert fetch(url, "PUT", b"hello", {"content-type": "text/x"})[0] == 200, url
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "versions", "Key": "second", "ResponseContentType": "text/y"})
    status, body, headers = fetch(url)
    assert (status, body, headers["content-type"], headers["x-amz-meta-a"]) == (200, b"hello", "text/y", "1")
    assert fetch(url.replace("/second", "/by-address"))[0] == 403, url
    second = s3.generate_presigned_post("versions", "by-form")
    parts = "".join(f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in second["fields"].items())
    parts += '--edge\r\nContent-Disposition: form-data; name="file"; filename="cat"\r\n\r\nmeow\r\n--edge--\r\n'
    status, body, _ = fetch(second["url"], "POST", parts.encode(), {"content-type": "multipart/form-data; boundary=edge"})
    assert "AWSAccessKeyId" in second["fields"] and status == 204, body
    form = signer.generate_presigned_post("versions", "in/${filename}", Conditions=[["content-length-range", 1, 100]])
    parts = "".join(f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in form["fields"].items())
    parts += '--edge\r\nContent-Disposition: form-data; name="file"; filename="cat"\r\n\r\nmeow\r\n--edge--\r\n'
    status, body, _ = fetch(form["url"], "POST", parts.encode(), {"content-type": "multipart/form-data; boundary=edge"})
    assert status == 204, body
    assert s3.get_object(Bucket="versions", Key="in/cat")["Body"].read() == b"meow"
    spoilt = parts.replace(form["fields"]["x-amz-signature"], "0" * 64)
    assert fetch(form["url"], "POST", spoilt.encode(), {"content-type": "multipart/form-data; boundary=edge"})[0] == 403


def test_who_may_read_a_bucket(cloud):
    s3 = root(cloud, "s3")
    s3.create_bucket(Bucket="shared")
    s3.put_object(Bucket="shared", Key="in/a", Body=b"x")
    anna = Person(cloud, root(cloud, "iam"), "s3-anna")
    assert anna.call("s3", "GetObject", {"Bucket": "shared", "Key": "in/a"})["Code"] == "AccessDenied"
    policy = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": anna.arn}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::shared/in/*"},
        {"Effect": "Allow", "Principal": {"AWS": anna.arn}, "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::shared",
         "Condition": {"StringLike": {"s3:prefix": "in/*"}}}]}
    s3.put_bucket_policy(Bucket="shared", Policy=json.dumps(policy))
    assert anna.client("s3").get_object(Bucket="shared", Key="in/a")["Body"].read() == b"x"
    assert anna.client("s3").list_objects_v2(Bucket="shared", Prefix="in/")["KeyCount"] == 1
    assert code_of(anna.client("s3").list_objects_v2, Bucket="shared") == "AccessDenied"
    anonymous = boto3.client("s3", endpoint_url=cloud.endpoint, region_name=REGION,
                             config=botocore.config.Config(signature_version=botocore.UNSIGNED))
    assert code_of(anonymous.get_object, Bucket="shared", Key="in/a") == "AccessDenied"
    s3.delete_public_access_block(Bucket="shared")
    policy["Statement"][0]["Principal"] = "*"
    s3.put_bucket_policy(Bucket="shared", Policy=json.dumps(policy))
    assert anonymous.get_object(Bucket="shared", Key="in/a")["Body"].read() == b"x"


def test_whose_keys_open_what(cloud, tmp_path):
    """SSE-S3, SSE-KMS with the permissions that it needs, SSE-C, and nothing of it in plain on the disk."""
    s3, kms = root(cloud, "s3"), root(cloud, "kms")
    s3.create_bucket(Bucket="sealed")
    plain = b"nobody is to read this sentence on a disk; " * 5000
    key = kms.create_key()["KeyMetadata"]["Arn"]
    s3.put_bucket_encryption(Bucket="sealed", ServerSideEncryptionConfiguration={"Rules": [{
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}, "BucketKeyEnabled": True}]})
    put = s3.put_object(Bucket="sealed", Key="kms", Body=plain)
    assert (put["ServerSideEncryption"], put["SSEKMSKeyId"], put["BucketKeyEnabled"]) == ("aws:kms", key, True)
    s3.put_object(Bucket="sealed", Key="own", Body=plain, ServerSideEncryption="AES256")
    own = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": os.urandom(32)}
    s3.put_object(Bucket="sealed", Key="theirs", Body=plain, **own)
    large = tmp_path / "large"
    large.write_bytes(plain * 50)
    s3.upload_file(str(large), "sealed", "parts", Config=TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB), ExtraArgs=own)
    assert s3.get_object(Bucket="sealed", Key="kms")["Body"].read() == plain
    assert s3.get_object(Bucket="sealed", Key="own", Range="bytes=65530-65545")["Body"].read() == plain[65530:65546]
    assert s3.get_object(Bucket="sealed", Key="parts", Range="bytes=5242870-5242890", **own)["Body"].read() == (plain * 50)[5242870:5242891]
    assert code_of(s3.get_object, Bucket="sealed", Key="theirs") == "InvalidRequest"
    assert code_of(s3.get_object, Bucket="sealed", Key="theirs", SSECustomerAlgorithm="AES256", SSECustomerKey=os.urandom(32)) == "AccessDenied"
    source = {f"CopySource{name}": value for name, value in own.items()}
    s3.copy_object(Bucket="sealed", Key="copy", CopySource="sealed/theirs", ServerSideEncryption="AES256", **source)
    assert s3.get_object(Bucket="sealed", Key="copy")["Body"].read() == plain
    # All objects, and what stands in the store: the folder's own files.
    for path in [*(cloud.data / "objects").rglob("*"), *cloud.data.glob("*")]:
        if path.is_file():
            assert plain[:43] not in path.read_bytes(), path

    # Who may read the bucket reads nothing without the key.
    anna = Person(cloud, root(cloud, "iam"), "s3-sealed")
    anna.may({"Action": "s3:*"})
    denied = anna.call("s3", "GetObject", {"Bucket": "sealed", "Key": "kms"})
    assert denied["Code"] == "AccessDenied" and "kms:Decrypt" in denied["Message"], denied
    assert anna.client("s3").get_object(Bucket="sealed", Key="own")["Body"].read() == plain
    assert anna.client("s3").head_object(Bucket="sealed", Key="kms")["SSEKMSKeyId"] == key
    by_s3 = {"StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com", "kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::sealed"}}
    anna.may({"Action": "s3:*"}, {"Action": "kms:Decrypt", "Resource": key, "Condition": by_s3})
    assert anna.client("s3").get_object(Bucket="sealed", Key="kms")["Body"].read() == plain
    assert "kms:GenerateDataKey" in anna.call("s3", "PutObject", {"Bucket": "sealed", "Key": "kms", "Body": b"x"})["Message"]
    kms.disable_key(KeyId=key)
    assert code_of(s3.get_object, Bucket="sealed", Key="kms") == "KMS.DisabledException"
    assert code_of(s3.put_object, Bucket="sealed", Key="new", Body=b"x") == "KMS.DisabledException"


def test_an_acknowledged_put_survives_a_kill(own_cloud):
    s3 = root(own_cloud, "s3")
    s3.create_bucket(Bucket="durable")
    put = {}

    def write(worker):
        client = root(own_cloud, "s3")
        for number in range(10_000):
            body = os.urandom((100, 5000, 300_000)[number % 3])
            try:
                client.put_object(Bucket="durable", Key=f"{worker}/{number}", Body=body)
            except Exception:
                return
            put[f"{worker}/{number}"] = hashlib.md5(body).hexdigest()

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(write, worker) for worker in range(4)]
        until(lambda: len(put) > 120, what="some puts")
        os.kill(own_cloud.server_pid(), signal.SIGKILL)
        for writer in writers:
            writer.result()
    acknowledged = dict(put)
    own_cloud.up()
    s3 = root(own_cloud, "s3")
    found = {item["Key"] for page in s3.get_paginator("list_objects_v2").paginate(Bucket="durable") for item in page.get("Contents", [])}
    assert found >= set(acknowledged)
    for key, digest in acknowledged.items():
        assert hashlib.md5(s3.get_object(Bucket="durable", Key=key)["Body"].read()).hexdigest() == digest, key
    # A put that was cut off leaves no bytes: every file is an object's.
    large = sum(s3.head_object(Bucket="durable", Key=key)["ContentLength"] > 2048 for key in found)
    files = lambda: sum(path.is_file() for path in (pathlib.Path(own_cloud.data) / "objects").rglob("*"))
    until(lambda: files() == large, what="the sweep")


def advance(cloud, days):
    body = json.dumps({"advance_seconds": days * 86400}).encode()
    request = urllib.request.Request(f"{cloud.endpoint}/_hillfog/clock", data=body, method="POST")
    urllib.request.urlopen(request, timeout=30).read()


def test_objects_are_archived_by_their_age_and_restored(own_cloud):
    s3 = root(own_cloud, "s3")
    s3.create_bucket(Bucket="cold")
    rule = {"ID": "age", "Status": "Enabled", "Filter": {"And": {"Prefix": "log/", "Tags": [{"Key": "keep", "Value": "cold"}]}},
            "Transitions": [{"Days": 1, "StorageClass": "GLACIER"}], "Expiration": {"Days": 9}}
    s3.put_bucket_lifecycle_configuration(Bucket="cold", LifecycleConfiguration={"Rules": [rule]})
    s3.put_object(Bucket="cold", Key="log/a", Body=bytes(200_000), Tagging="keep=cold")
    s3.put_object(Bucket="cold", Key="log/b", Body=bytes(200_000))
    advance(own_cloud, 2)
    shown = lambda: {entry["Key"]: entry["StorageClass"] for entry in s3.list_objects_v2(Bucket="cold").get("Contents", [])}
    until(lambda: shown() == {"log/a": "GLACIER", "log/b": "STANDARD"}, what="the transition")
    with pytest.raises(s3.exceptions.InvalidObjectState) as refused:
        s3.get_object(Bucket="cold", Key="log/a")
    assert refused.value.response["StorageClass"] == "GLACIER"
    s3.restore_object(Bucket="cold", Key="log/a", RestoreRequest={"Days": 3, "GlacierJobParameters": {"Tier": "Bulk"}})
    assert s3.head_object(Bucket="cold", Key="log/a")["Restore"] == 'ongoing-request="true"'
    advance(own_cloud, 1)
    assert len(s3.get_object(Bucket="cold", Key="log/a")["Body"].read()) == 200_000
    assert 'ongoing-request="false"' in s3.head_object(Bucket="cold", Key="log/a")["Restore"]
    advance(own_cloud, 8)
    until(lambda: list(shown()) == ["log/b"], what="the expiration")
