"""Terraform with its AWS provider, pointed at a cloud of the tests.

The provider comes from a folder in the layout of a filesystem mirror: the one that HILLFOG_TF_MIRROR names, or one that is found on the
machine. Where there is none, nothing is downloaded: the tests are skipped, and say so.
"""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

PROVIDER = "registry.terraform.io/hashicorp/aws"
PLACES = ["/opt", "/usr/share", "/usr/local/share", str(pathlib.Path.home() / ".terraform.d")]
SETTINGS = """
provider_installation {
  filesystem_mirror {
    path    = "%s"
    include = ["registry.terraform.io/*/*"]
  }
  direct { exclude = ["registry.terraform.io/*/*"] }
}
disable_checkpoint = true
"""
HEAD = """
terraform {
  required_providers { aws = { source = "hashicorp/aws" } }
}
provider "aws" {
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
}
"""


def mirror():
    """The folder with the provider."""
    named = os.environ.get("HILLFOG_TF_MIRROR")
    places = [named] if named else [f"{place}/{between}" for place in PLACES for between in ["", "*", "*/*"]]
    for place in places:
        start = pathlib.Path(place)
        pattern = str(start.relative_to("/") / PROVIDER)
        for found in pathlib.Path("/").glob(pattern):
            return found.parents[2]
    pytest.skip("NOT RUN: no mirror folder with Terraform's AWS provider; name one by HILLFOG_TF_MIRROR")


class Terraform:
    """A configuration in a folder of its own."""

    def __init__(self, cloud, folder, configuration):
        if not shutil.which("terraform"):
            pytest.skip("NOT RUN: terraform is not installed")
        self.folder = pathlib.Path(folder)
        (self.folder / "terraformrc").write_text(SETTINGS % mirror())
        (self.folder / "main.tf").write_text(HEAD + configuration)
        self.environment = {
            **cloud.environment, "TF_CLI_CONFIG_FILE": str(self.folder / "terraformrc"), "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
        self.environment.pop("AWS_CA_BUNDLE", None)
        for name in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"]:
            self.environment[name] = str(self.folder / "no-such-file")
        self.run("init", "-backend=false")

    def run(self, command, *args, codes=(0,)):
        done = subprocess.run(["terraform", command, "-no-color", "-input=false", *args],
                              cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=600)
        assert done.returncode in codes, f"terraform {command}: {done.stdout}\n{done.stderr}"
        return done

    def apply(self, **variables):
        self.run("apply", "-auto-approve", *given(variables))

    def changes(self, **variables):
        """What a plan would change: `{address: actions}`; nothing if everything is as it is written."""
        self.run("plan", "-out=plan", "-detailed-exitcode", *given(variables), codes=(0, 2))
        shown = subprocess.run(["terraform", "show", "-json", "plan"], cwd=self.folder, env=self.environment, capture_output=True,
                               text=True, timeout=120, check=True)
        changes = json.loads(shown.stdout).get("resource_changes", [])
        return {c["address"]: c["change"]["actions"] for c in changes if c["change"]["actions"] not in (["no-op"], ["read"])}

    def outputs(self):
        done = subprocess.run(["terraform", "output", "-json"], cwd=self.folder, env=self.environment, capture_output=True, text=True,
                              timeout=120, check=True)
        return {name: output["value"] for name, output in json.loads(done.stdout).items()}

    def destroy(self, **variables):
        self.run("destroy", "-auto-approve", *given(variables))


def given(variables):
    return [f"-var={name}={value}" for name, value in variables.items()]
