#!/usr/bin/env bash
# All tests, and one line of totals at the end. Arguments go to pytest (the client tests).
set -uo pipefail
cd "$(dirname "$0")/.."
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-auto}
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT
failed=0

run() { # title, log file, command…
  local title=$1 file=$2; shift 2
  printf '\n== %s\n' "$title"
  "$@" 2>&1 | tee "$log/$file"
  [ "${PIPESTATUS[0]}" -eq 0 ] || { failed=1; printf '== %s: FAILED\n' "$title"; }
}

run "The code's form, the crates' directions, the generated code" lint.log make --no-print-directory lint
if command -v cargo-nextest >/dev/null; then
  run "The crates" crates.log cargo nextest run --workspace --no-fail-fast
else
  run "The crates" crates.log cargo test --workspace --no-fail-fast
fi
# With the features with which the tests were built: nothing is compiled again.
run "The binary, and a client in Rust" build.log cargo build --workspace --bins --tests

export HILLFOG_BIN="$PWD/target/debug/hillfog"
clients() { # which, arguments…
  .venv/bin/pytest tests/clients -q -rs -m "$@"
  local code=$?
  [ "$code" -eq 5 ] || return "$code" # 5: the arguments chose none of these
}
# Terraform's provider mostly waits, so what it does to records goes beside the rest.
{ clients records "$@" >"$log/records" 2>&1; echo $? >"$log/code"; } &
run "Real clients and what they run" clients.log clients "not records" "$@"
wait
beside() { cat "$log/records"; return "$(cat "$log/code")"; }
run "Real clients and records" records.log beside

# The totals: nextest and pytest close with a line of theirs, cargo test with one for each binary.
count() { # word → how many tests, over all logs
  cat "$log"/{crates,clients,records}.log 2>/dev/null | sed 's/\x1b\[[0-9;]*m//g' |
    grep -E '^ *(Summary \[|test result:|=* ?[0-9]+ (passed|failed|skipped|error))' |
    grep -oE "[0-9]+ $1" | awk '{ n += $1 } END { print n + 0 }'
}
passed=$(count passed)
bad=$(($(count failed) + $(count error)))
skipped=$(($(count skipped) + $(count ignored)))
[ "$failed" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$bad" "$skipped"
exit "$failed"
