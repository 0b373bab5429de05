# What the demos have in common: the cloud that they run on, and how they tell what they do. Sourced, from the folder above.
# shellcheck shell=bash

hillfog=${HILLFOG_BIN:-target/release/hillfog}
data=${HILLFOG_DATA:-$PWD/.cache/demo-cloud}
export PATH="$PWD/.venv/bin:$PATH"
unset AWS_CA_BUNDLE AWS_PROFILE AWS_SESSION_TOKEN
started=$EPOCHREALTIME

if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' off=$'\e[0m'; else bold='' dim='' green='' red='' off=''; fi

elapsed() { awk -v a="$EPOCHREALTIME" -v b="$started" 'BEGIN { printf "%5.1f s", a - b }'; }
step() { printf '%s%s%s  %s\n' "$dim" "$(elapsed)" "$off" "$bold$1$off"; }
fail() { printf '%s%s%s\n' "$red" "$1" "$off" >&2; exit 1; }

# Shows an AWS CLI command and runs it; its standard output is the caller's.
aws_run() {
  printf '         %s$ aws %s%s\n' "$dim" "$*" "$off" >&2
  aws "$@" --output text
}

# Starts the cloud, or finds it running, and points the AWS CLI at it.
start_cloud() {
  [ -x "$hillfog" ] || fail "There is no $hillfog: run \`make build\` first."
  step "Starting the cloud"
  "$hillfog" up --detach --data "$data" | sed 's/^/         /'
  eval "$("$hillfog" env --data "$data")"
}
