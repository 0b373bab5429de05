#!/usr/bin/env bash
# How many requests a second the edge passes on, beside nginx as a reverse proxy on the same machine, in one run: the ratio is
# what counts. Both run on as many threads as there are processors, both keep connections to the same origin.
#
#   bench/edge.sh [seconds for each of six measurements, 5 by default]
#
# Needs nginx and wrk (Debian packages), and a release build in target/release/hillfog or $HILLFOG. Needs no privileges.
set -euo pipefail

seconds=${1:-5}
hillfog=${HILLFOG:-$(dirname "$0")/../target/release/hillfog}
for program in nginx wrk "$hillfog"; do
  command -v "$program" >/dev/null || { echo "edge.sh: $program is missing" >&2; exit 1; }
done

origin=127.77.0.1:9080 nginx_proxy=127.77.0.2:9080 edge=127.77.0.3:9080
work=$(mktemp -d)
chmod 755 "$work" # nginx, started as root, reads the page as nobody
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"' EXIT

start_nginx() { # name, the server's part of the configuration
  mkdir -p "$work/$1"
  cat >"$work/$1/nginx.conf" <<CONF
worker_processes auto;
daemon off;
pid $work/$1/pid;
error_log $work/$1/error.log;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 1000000;
  client_body_temp_path $work/$1/body; proxy_temp_path $work/$1/proxy; fastcgi_temp_path $work/$1/f;
  uwsgi_temp_path $work/$1/u; scgi_temp_path $work/$1/s;
  $2
}
CONF
  nginx -p "$work/$1" -c "$work/$1/nginx.conf" -e "$work/$1/error.log" &
  pids+=($!)
}

start_nginx origin "server { listen $origin; location / { root $work; default_type text/plain; } }"
start_nginx proxy "upstream origin { server $origin; keepalive 256; keepalive_requests 1000000; }
  server { listen $nginx_proxy; location / { proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection \"\";
    proxy_set_header X-Forwarded-For \$proxy_add_x_forwarded_for; } }"
head -c 4096 /dev/zero | tr '\0' x >"$work/page"

mkdir -p "$work/data/edge"
cat >"$work/data/edge/table.json" <<JSON
{"balancers": {"b": {"dns_name": "bench.elb.localhost", "vpc": "v", "addresses": ["${edge%:*}"], "internet_facing": false,
  "idle_timeout": {"secs": 60, "nanos": 0},
  "attributes": {"drop_invalid_headers": false, "preserve_host": false, "forwarded_for": "append", "forwarded_client_port": false, "http2": true},
  "listeners": {"l": {"port": ${edge#*:}, "certificates": [], "rules": [
    {"arn": "r", "conditions": [], "action": {"forward": {"groups": [["g", 1]], "stickiness": null}}}]}}}},
 "target_groups": {"g": {"vpc": "v", "tls": false, "http2": false, "algorithm": "round_robin", "stickiness": null, "slow_start": null,
  "targets": [{"id": "t", "address": "${origin%:*}", "port": ${origin#*:}, "draining": false}],
  "health_check": {"enabled": false, "port": null, "tls": false, "path": "/", "interval": {"secs": 30, "nanos": 0},
    "timeout": {"secs": 5, "nanos": 0}, "healthy_threshold": 5, "unhealthy_threshold": 2, "matcher": [[200, 200]]}}},
 "zones": {}}
JSON
"$hillfog" edge --runtime "$work/run" --data "$work/data" --loopback 0 &
pids+=($!)

for address in "$origin" "$nginx_proxy" "$edge"; do
  curl --silent --fail --noproxy "*" --retry 50 --retry-connrefused --retry-delay 0 --retry-max-time 20 --output /dev/null "http://$address/page"
done

rate() { # address
  wrk --threads 2 --connections 64 --duration "${seconds}s" "http://$1/page" | awk '
    /Requests\/sec/ { rate = $2 } /Non-2xx|Socket errors/ { print "edge.sh: " $0 > "/dev/stderr" } END { print rate }'
}

printf '%-8s %12s %12s %8s\n' round nginx edge ratio
for round in 1 2 3; do
  of_nginx=$(rate "$nginx_proxy")
  of_edge=$(rate "$edge")
  awk -v round="$round" -v nginx="$of_nginx" -v edge="$of_edge" 'BEGIN { printf "%-8s %12.0f %12.0f %8.2f\n", round, nginx, edge, edge / nginx }'
done
grep -E 'VmRSS' "/proc/${pids[2]}/status" | awk '{ printf "the edge takes %.1f MiB\n", $2 / 1024 }'
