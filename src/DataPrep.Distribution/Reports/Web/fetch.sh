#!/bin/sh
# fetch.sh FOLDER
#
# Fetches what draws charts into FOLDER by npm, where that is there and the registry answers; else says so in one line and
# leaves FOLDER without: reports have tables then. Never fails the build it is part of.
set -u
source=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1" && target=$(cd "$1" && pwd) || exit 1
rm -rf "$target/node_modules"
: >"$target/fetched"

without() {
  rm -rf "$target/node_modules"
  echo "DataPrep: built without charts in reports ($1); they have tables"
  exit 0
}

command -v npm >/dev/null || without "npm is not there"
log=$target/fetch.log
cp "$source/package.json" "$source/package-lock.json" "$target/" || without "cannot write to $target"
(cd "$target" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error --fetch-retries=1 --fetch-timeout=30000) >"$log" 2>&1 </dev/null || without "npm cannot fetch them, see $log; delete $target/fetched to try again"
for file in LICENSE dist/uPlot.iife.min.js dist/uPlot.min.css; do
  [ -s "$target/node_modules/uplot/$file" ] || without "the package has no $file"
done
