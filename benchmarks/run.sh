#!/usr/bin/env bash
# Times whole processes of dataprep beside reference commands; --help says more.
# Needs python3 (3.9 or later), openssl and GNU time. Builds dataprep in Release unless --dataprep names an executable.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
for tool in python3 openssl /usr/bin/time; do
  command -v "$tool" >/dev/null || { echo "run.sh: $tool is missing (Debian: apt-get install python3 openssl time)" >&2; exit 2; }
done

build=1
for argument in "$@"; do
  case $argument in -h | --help | --dataprep | --dataprep=*) build=0 ;; esac
done
if [ "$build" = 1 ]; then
  echo "building" >&2
  log=$(dotnet build -c Release "$root/src/DataPrep.Cli" 2>&1) || { echo "$log" >&2; exit 1; }
fi
exec python3 -B "$here/endtoend" "$@"
