#!/usr/bin/env bash
# Ends what swift-up.sh or ceph-up.sh started, and removes its folder.
#
#   server-down.sh DIR
set -euo pipefail

dir=$1
if [ -f "$dir/pids" ]; then
  # The servers end their own workers
  while read -r pid; do kill "$pid" 2>/dev/null || true; done <"$dir/pids"
  for _ in $(seq 50); do
    left=
    while read -r pid; do kill -0 "$pid" 2>/dev/null && left=1; done <"$dir/pids"
    [ -n "$left" ] || break
    sleep 0.1
  done
  while read -r pid; do kill -KILL "$pid" 2>/dev/null || true; done <"$dir/pids"
fi
rm -rf "$dir"
