#!/usr/bin/env bash
# Runs each fuzz target, or those that are named, for FUZZ_SECONDS (60): what is found fails, and is kept in fuzz/artifacts.
#
# The stable toolchain is enough: without a sanitizer nothing of rustc's unstable options is needed, and the parsers have no unsafe code
# for a sanitizer to watch. Panics, failed assertions, overflows, and inputs that take too long or too much memory are found.
set -euo pipefail
cd "$(dirname "$0")/../fuzz"
seconds=${FUZZ_SECONDS:-60}
command -v cargo-fuzz >/dev/null || cargo install cargo-fuzz --locked

targets=${*:-$(cargo fuzz list --fuzz-dir .)}
for target in $targets; do
  printf '\n== %s, %s s\n' "$target" "$seconds"
  mkdir -p "corpus/$target"
  cargo fuzz run --fuzz-dir . --sanitizer none "$target" "corpus/$target" "seeds/$target" -- \
    -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 -print_funcs=0 -verbosity=0
done
