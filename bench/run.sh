#!/usr/bin/env bash
# All benchmarks. They compare with peers, which this installs: nginx and wrk (Debian), moto's server (PyPI, in a virtualenv of its own).
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/packages.sh nginx-light wrk
if [ ! -x .cache/bench-venv/bin/moto_server ]; then
  python3 -m venv .cache/bench-venv
  .cache/bench-venv/bin/pip install --quiet --disable-pip-version-check 'moto[server]==5.2.5'
fi

echo "== From nothing to the first answer"
bench/start.py
echo "== The load balancer beside nginx"
bench/edge.sh
echo "== What a signature and a decision cost"
bench/crates.sh
echo "== A virtual machine beside the bare monitor"
bench/guest.sh
