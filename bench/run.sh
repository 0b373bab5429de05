#!/usr/bin/env bash
# All benchmarks. They compare with peers, which this installs: nginx and wrk (Debian), moto's server and ministack (PyPI, in a virtualenv of its
# own).
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/packages.sh nginx-light wrk openssh-client
if [ ! -x .cache/bench-venv/bin/ministack ]; then
  python3 -m venv .cache/bench-venv
  .cache/bench-venv/bin/pip install --quiet --disable-pip-version-check 'moto[server]==5.2.5' ministack==1.5.33
fi

echo "== From nothing to the first answer"
bench/start.py
echo "== The load balancer beside nginx"
bench/edge.sh
echo "== Machines, and describing them"
bench/machines.py
echo "== Functions beside MiniStack's"
bench/functions.py
echo "== Queues beside moto's and MiniStack's"
bench/sqs.py
echo "== Objects beside plain files"
bench/objects.py
echo "== What a signature, a decision and a description cost"
bench/crates.sh
echo "== A virtual machine beside the bare monitor"
bench/guest.sh
