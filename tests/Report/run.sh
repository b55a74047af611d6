#!/usr/bin/env bash
# run.sh DATAPREP [FOLDER]
#
# Opens reports of the given dataprep executable in Chromium, by $CHROMIUM where that is set. Leaves pages and pictures in FOLDER, where one is named.
# Prints one line per check and closes with `N passed, N failed`; exits 1 when anything failed.
set -euo pipefail

if [ $# -lt 1 ]; then
  echo "usage: run.sh DATAPREP [FOLDER]" >&2
  exit 2
fi
dataprep=$(realpath "$1")
folder=${2:+$(realpath "$2")}
cd "$(dirname "${BASH_SOURCE[0]}")"
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null
node check.mjs "$dataprep" ${folder:+"$folder"} </dev/null
