#!/usr/bin/env bash
# run.sh DATAPREP [SEED...]
#
# Packs generated trees with the given dataprep executable and holds the results against other implementations.
# Prints one line per check and closes with `N passed, N failed`; exits 1 when anything failed.
set -euo pipefail

if [ $# -lt 1 ]; then
  echo "usage: run.sh DATAPREP [SEED...]" >&2
  exit 2
fi
dataprep=$(realpath "$1")
shift
seeds=("$@")
[ ${#seeds[@]} -gt 0 ] || seeds=(alpha beta)

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'chmod -R u+rwx "$work" 2>/dev/null || true; rm -rf "$work"' EXIT
passed=0
failed=0

# tally LOG: adds the counts of a log's closing line; a log without one counts as one failure
tally() {
  local closing
  closing=$(grep -Eo '^[0-9]+ passed, [0-9]+ failed$' "$1" | tail -n 1 || true)
  if [ -z "$closing" ]; then
    failed=$((failed + 1))
    return
  fi
  passed=$((passed + $(cut -d ' ' -f 1 <<<"$closing")))
  failed=$((failed + $(cut -d ' ' -f 3 <<<"$closing")))
}

# run_checks NAME COMMAND...: runs a check script, shows its lines without the closing one
run_checks() {
  local name=$1 log="$work/log"
  shift
  echo "== $name"
  "$@" >"$log" 2>&1 </dev/null || true
  grep -Ev '^[0-9]+ passed, [0-9]+ failed$' "$log" || true
  tally "$log"
}

# pack_and_check NAME TREE CHECK-OPTION... -- PACK-OPTION...
pack_and_check() {
  local name=$1 tree=$2 out="$work/out" status=0
  shift 2
  local check_options=()
  while [ "$1" != -- ]; do
    check_options+=("$1")
    shift
  done
  shift
  rm -rf "$out"
  "$dataprep" pack "$tree" -o "$out" -q "$@" >"$work/pack.log" 2>&1 </dev/null || status=$?
  if [ $status -ne 0 ] || [ ! -f "$out/dataset.json" ]; then
    echo "FAIL $name: pack exits $status"
    tail -n 20 "$work/pack.log"
    failed=$((failed + 1))
    return
  fi
  run_checks "$name" node "$here/check.mjs" "$tree" "$out" "${check_options[@]}"
}

# serve_and_check NAME TREE: serves what was packed last
serve_and_check() {
  run_checks "$1, served" node "$here/gateway.mjs" "$dataprep" "$2" "$work/out"
}

cd "$here"
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null
run_checks "the checker itself" node selftest.mjs

for seed in "${seeds[@]}"; do
  tree="$work/tree-$seed"
  node make-tree.mjs "$tree" "$seed"
  pack_and_check "$seed" "$tree" --
  pack_and_check "$seed, unixfs-v0-2015" "$tree" --no-datasegment -- --profile unixfs-v0-2015
  pack_and_check "$seed, mode and mtime" "$tree" --no-datasegment --no-unpack -- --preserve-mode --preserve-mtime
  pack_and_check "$seed, several pieces" "$tree" --no-datasegment -- --piece-size 4MiB --chunk-size 128KiB
  serve_and_check "$seed, several pieces" "$tree"
  pack_and_check "$seed, several pieces, unixfs-v0-2015, filled up" "$tree" --no-datasegment --no-unpack -- \
    --profile unixfs-v0-2015 --piece-size 8MiB --min-piece-size 8MiB
  pack_and_check "$seed, several pieces, mode and mtime" "$tree" --no-datasegment --no-unpack -- \
    --piece-size 4MiB --chunk-size 64KiB --max-links 8 --balance --preserve-mode --preserve-mtime

  # Without links the importer can be asked for the root; 7000 names make a sharded directory
  plain="$work/plain-$seed"
  node make-tree.mjs "$plain" "$seed" --no-symlinks --small --wide 7000
  pack_and_check "$seed, sharded" "$plain" --
  pack_and_check "$seed, sharded, unixfs-v0-2015" "$plain" --no-datasegment -- --profile unixfs-v0-2015
  serve_and_check "$seed, sharded, unixfs-v0-2015" "$plain"
  pack_and_check "$seed, sharded, several pieces" "$plain" --no-datasegment --no-unpack -- --max-car-size 100KiB --chunk-size 4KiB
  pack_and_check "$seed, no hidden, no empty directories" "$plain" --no-datasegment -- --no-hidden --no-empty-dirs
done

# Real trees: a node_modules folder (links in .bin), and the runtime that this machine runs
pack_and_check "node_modules" "$here/node_modules" --no-datasegment --
pack_and_check "node_modules, several pieces" "$here/node_modules" --no-datasegment --no-unpack -- --piece-size 8MiB --chunk-size 16KiB
sdk=$(dirname "$(realpath "$(command -v dotnet)")")
pack_and_check "the .NET runtime" "$sdk/shared" --no-datasegment --

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
