#!/usr/bin/env bash
# What is added to the bare monitor's boot of a virtual machine, and how long one takes to go on after hibernation.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/packages.sh qemu-system-x86
cargo test --quiet --release --package agent --test guest -- --ignored --nocapture a_boot_beside_the_bare_monitor
