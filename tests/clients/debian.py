"""An image of Debian's packages. It takes a minute to make, so it is made beside the tests that come between who begins and who needs it."""
import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request

import pytest

from conftest import HILLFOG

MIRROR = "http://deb.debian.org/debian"


class Debian:
    """`hillfog image build debian --cloud-init`, at work."""

    def __init__(self, cloud, log):
        # A folder that was made so before saves those who work on these tests the minute.
        folder = os.environ.get("HILLFOG_DEBIAN_ROOT")
        if folder:
            command = ["import", folder, "--name", "debian"]
        else:
            reachable()
            command = ["build", "debian", "--cloud-init", "--packages", "python3-boto3", "--mirror", MIRROR]
        self.log = log
        with log.open("w") as words:
            self.process = subprocess.Popen([HILLFOG, "image", *command, "--json", "--data", str(cloud.data)],
                                            stdout=subprocess.PIPE, stderr=words, text=True)

    def image(self):
        """Its id, once it is made."""
        said, _ = self.process.communicate(timeout=600)
        assert self.process.returncode == 0, self.log.read_text()
        return json.loads(said)["ImageId"]

    def leave(self):
        """Ends what nobody has waited for."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.communicate(timeout=60)


def reachable():
    """Skips what needs packages where there are none to be had."""
    if not shutil.which("mmdebstrap"):
        pytest.skip("NOT RUN: mmdebstrap is not installed")
    try:
        urllib.request.urlopen(f"{MIRROR}/dists/bookworm/Release", timeout=10).close()
    except (urllib.error.URLError, TimeoutError) as error:
        pytest.skip(f"NOT RUN: {MIRROR} can't be reached: {error}")
