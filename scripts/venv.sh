#!/usr/bin/env bash
# Makes the private virtualenv with the clients that scripts/requirements.txt pins, once for each state of that file.
set -euo pipefail
cd "$(dirname "$0")/.."

stamp=.venv/.requirements
cmp -s scripts/requirements.txt "$stamp" && exit 0
echo "  installing $(grep -c . scripts/requirements.txt) Python packages into .venv"
rm -rf .venv
python3 -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check -r scripts/requirements.txt
cp scripts/requirements.txt "$stamp"
