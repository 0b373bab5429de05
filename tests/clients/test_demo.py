"""The demo, as the README gives it, on a cloud of its own; and its page in a browser."""
import os
import shutil
import subprocess

import pytest

from conftest import HILLFOG, ROOT, Cloud, free_port


@pytest.fixture(scope="module")
def demo(root, tmp_path_factory):
    data, port = tmp_path_factory.mktemp("demo"), free_port()
    listen = f"127.0.0.1:{free_port()}"
    environment = {**os.environ, "HILLFOG_BIN": HILLFOG, "HILLFOG_DATA": str(data), "HILLFOG_LISTEN": listen, "PORT": str(port)}
    run = lambda: subprocess.run([str(ROOT / "demo/run.sh")], env=environment, capture_output=True, text=True, timeout=400)
    yield run, port, data
    Cloud(data, listen).hillfog("down", check=False)


def test_it_runs_twice(demo):
    run, port, _ = demo
    for _ in range(2):
        done = run()
        assert done.returncode == 0, done.stdout + done.stderr
        assert f".elb.localhost:{port}" in done.stdout


def test_the_page_opens_in_a_browser(demo, tmp_path):
    run, port, _ = demo
    browser = shutil.which("chromium")
    if not browser:
        pytest.skip("NOT RUN: chromium is not installed")
    url = next(word for word in run().stdout.split() if word.startswith("http://") and ".elb.localhost" in word)
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-proxy-server",
             "--disable-background-networking", "--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path}"]
    done = subprocess.run([browser, *flags, "--dump-dom", url], capture_output=True, text=True, timeout=120)
    assert "It runs." in done.stdout and "Answered by" in done.stdout


def test_a_thumbnail_is_made_and_an_api_answers(root, tmp_path):
    listen = f"127.0.0.1:{free_port()}"
    environment = {**os.environ, "HILLFOG_BIN": HILLFOG, "HILLFOG_DATA": str(tmp_path), "HILLFOG_LISTEN": listen}
    try:
        done = subprocess.run([str(ROOT / "demo/lambda.sh")], env=environment, capture_output=True, text=True, timeout=400)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "(1600, 900) became thumbnails/hill.png (128, 72)" in done.stdout
        assert '"thumbnails/hill.png"' in done.stdout.split("curl")[1]
    finally:
        Cloud(tmp_path, listen).hillfog("down", check=False)
