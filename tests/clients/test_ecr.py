"""ECR through skopeo and boto3."""
import subprocess

import pytest

from conftest import cloud_password, push


def test_an_image_goes_in_and_comes_out_unchanged(cloud, web_image, skopeo, tmp_path):
    uri = push(cloud, web_image, "roundtrip", "v1")
    subprocess.run([skopeo, "copy", "--quiet", "--src-tls-verify=false", f"--src-creds=AWS:{cloud_password(cloud)}",
                    f"docker://{uri}", f"oci:{tmp_path}/out:v1"], check=True, timeout=120)
    blobs = lambda layout: {p.name for p in (layout / "blobs/sha256").iterdir()}
    assert blobs(tmp_path / "out") == blobs(web_image)


def test_an_image_is_described_and_deleted(cloud, web_image, skopeo):
    push(cloud, web_image, "described", "v1")
    ecr = cloud.client("ecr")
    image = ecr.describe_images(repositoryName="described")["imageDetails"][0]
    assert image["imageTags"] == ["v1"] and image["imageSizeInBytes"] > 1_000_000
    with pytest.raises(ecr.exceptions.RepositoryNotEmptyException):
        ecr.delete_repository(repositoryName="described")
    gone = ecr.batch_delete_image(repositoryName="described", imageIds=[{"imageTag": "v1"}])
    assert gone["failures"] == []
    ecr.delete_repository(repositoryName="described", force=True)


def test_a_wrong_password_is_refused(cloud, web_image, skopeo):
    uri = push(cloud, web_image, "guarded")
    done = subprocess.run([skopeo, "inspect", "--tls-verify=false", "--creds=AWS:wrong", f"docker://{uri}"], capture_output=True, text=True)
    assert done.returncode != 0


def test_a_repository_has_to_be_there_first(cloud, web_image, skopeo):
    uri = push(cloud, web_image, "there").replace("there", "not-there")
    done = subprocess.run([skopeo, "copy", "--dest-tls-verify=false", f"--dest-creds=AWS:{cloud_password(cloud)}",
                           f"oci:{web_image}:latest", f"docker://{uri}"], capture_output=True, text=True)
    assert done.returncode != 0 and "does not exist" in done.stderr
