"""Lambda's control plane through boto3 and the AWS CLI: what functions are, not that they run."""
import base64
import hashlib
import io
import json
import urllib.request
import zipfile

import botocore.exceptions
import pytest

from inputs import ACCOUNT, REGION
from people import root

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
CODE = "def handler(event, context):\n    return event\n"


def zipped(**files):
    """A zip of these files."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name.replace("_py", ".py"), text)
    return made.getvalue()


@pytest.fixture(scope="module")
def role(cloud):
    made = root(cloud, "iam").create_role(RoleName="api-lambda", AssumeRolePolicyDocument=TRUST)
    return made["Role"]["Arn"]


def refused(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"]


def test_a_function_from_its_making_to_its_end(cloud, role):
    functions = root(cloud, "lambda")
    code = zipped(app_py=CODE)
    made = functions.create_function(
        FunctionName="api", Runtime="python3.11", Handler="app.handler", Role=role, Code={"ZipFile": code},
        Environment={"Variables": {"STAGE": "test"}}, Tags={"team": "a"}, MemorySize=256)
    assert made["CodeSha256"] == base64.b64encode(hashlib.sha256(code).digest()).decode()
    functions.get_waiter("function_active_v2").wait(FunctionName="api", WaiterConfig={"Delay": 1})
    found = functions.get_function(FunctionName="api")
    assert urllib.request.urlopen(found["Code"]["Location"], timeout=10).read() == code
    assert found["Configuration"]["Environment"]["Variables"] == {"STAGE": "test"}

    functions.update_function_code(FunctionName="api", ZipFile=zipped(app_py=CODE + "#"))
    functions.get_waiter("function_updated_v2").wait(FunctionName="api", WaiterConfig={"Delay": 1})
    first = functions.publish_version(FunctionName="api")["Version"]
    functions.create_alias(FunctionName="api", Name="live", FunctionVersion=first)
    functions.add_permission(
        FunctionName="api", Qualifier="live", StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com",
        SourceArn="arn:aws:s3:::photos")
    policy = json.loads(functions.get_policy(FunctionName="api", Qualifier="live")["Policy"])
    assert policy["Statement"][0]["Resource"] == f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:api:live"
    assert functions.get_account_settings()["AccountUsage"]["FunctionCount"] >= 1
    assert refused(functions.delete_function, FunctionName="api", Qualifier=first) == "ResourceConflictException"
    functions.delete_function(FunctionName="api")
    assert refused(functions.get_function, FunctionName="api") == "ResourceNotFoundException"


def test_code_from_a_bucket_on_layers(cloud, role):
    functions, s3 = root(cloud, "lambda"), root(cloud, "s3")
    s3.create_bucket(Bucket="api-lambda-code")
    s3.put_object(Bucket="api-lambda-code", Key="app.zip", Body=zipped(app_py=CODE))
    layer = functions.publish_layer_version(
        LayerName="lib", Content={"ZipFile": zipped(**{"python/lib_py": "x = 1"})}, CompatibleRuntimes=["python3.11"])
    told = {"FunctionName": "bucket", "Runtime": "python3.11", "Handler": "app.handler", "Role": role}
    missing = {"S3Bucket": "api-lambda-code", "S3Key": "missing.zip"}
    assert refused(functions.create_function, **told, Code=missing) == "InvalidParameterValueException"
    made = functions.create_function(
        **told, Code={"S3Bucket": "api-lambda-code", "S3Key": "app.zip"}, Layers=[layer["LayerVersionArn"]])
    assert made["Layers"][0]["Arn"] == layer["LayerVersionArn"]
    assert [it["LayerName"] for it in functions.list_layers(CompatibleRuntime="python3.11")["Layers"]] == ["lib"]
    functions.delete_function(FunctionName="bucket")


def test_hostile_zips_are_refused(cloud, role):
    functions = root(cloud, "lambda")
    told = {"FunctionName": "hostile", "Runtime": "python3.11", "Handler": "app.handler", "Role": role}
    bomb = zipped(zeros="\0" * 262_144_001)
    for code in [b"not a zip", zipped(**{"../out_py": CODE}), zipped(**{"/out_py": CODE}), bomb]:
        assert refused(functions.create_function, **told, Code={"ZipFile": code}) == "InvalidParameterValueException"
    assert refused(functions.get_function, FunctionName="hostile") == "ResourceNotFoundException"


def test_the_command_line_makes_functions(cloud, tmp_path):
    (tmp_path / "app.zip").write_bytes(zipped(app_py=CODE))
    (tmp_path / "trust.json").write_text(TRUST)
    role = cloud.aws("iam", "create-role", "--role-name", "cli-lambda", "--assume-role-policy-document",
                     f"file://{tmp_path}/trust.json")["Role"]["Arn"]
    cloud.aws("lambda", "create-function", "--function-name", "cli", "--runtime", "python3.11", "--handler", "app.handler",
              "--role", role, "--zip-file", f"fileb://{tmp_path}/app.zip")
    cloud.aws("lambda", "wait", "function-active-v2", "--function-name", "cli")
    url = cloud.aws("lambda", "create-function-url-config", "--function-name", "cli", "--auth-type", "NONE")["FunctionUrl"]
    assert f".lambda-url.{REGION}.localhost:" in url
    cloud.aws("lambda", "delete-function", "--function-name", "cli")
