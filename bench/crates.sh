#!/usr/bin/env bash
# What parts of a request's way cost by themselves: a signature's verification, a policy's decision, the description of instances. Needs a
# quiet machine.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo bench --quiet --package wire --package logic --package svc-ec2
