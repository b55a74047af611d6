#!/usr/bin/env bash
# down.sh DIR
#
# Stops the cluster that up.sh started in DIR, with all that its jobs started. The files stay.
set -euo pipefail

dir=$(realpath "$1")
scripts=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
for name in n1 n2; do
  if [ -e "$dir/slurmd.$name.pid" ]; then
    "$scripts/node" "$dir" "$name" kill
    rm -f "$dir/slurmd.$name.pid"
  fi
done
for daemon in slurmctld munged; do
  if pid=$(cat "$dir/$daemon.pid" 2>/dev/null) && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$daemon" ]; then
    kill "$pid"
    for _ in {1..50}; do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
  fi
done
