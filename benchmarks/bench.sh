#!/usr/bin/env bash
# Files what `dataprep bench` says of this machine under benchmarks/results.
# usage: bench.sh DIR [PLACE]      DIR: a folder on the disk to measure; PLACE: a word that tells several runs of a day apart
# CPU=NAME names the folder of results, where what is made of the CPU's name does not suit.
set -euo pipefail

[ $# -ge 1 ] && [ -d "$1" ] || { echo "usage: bench.sh DIR [PLACE]" >&2; exit 2; }
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cpu=${CPU:-$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1 | tr 'A-Z' 'a-z' | sed 's/(r)//g; s/(tm)//g; s/[^a-z0-9]\{1,\}/-/g; s/^-//; s/-$//')}
results=$root/benchmarks/results/${cpu:-unknown}
name=$results/$(date -u +%F)-bench${2:+-$2}
for file in "$name.md" "$name.jsonl"; do
  [ ! -e "$file" ] || { echo "bench.sh: $file is there already" >&2; exit 1; }
done

log=$(dotnet build -c Release "$root/src/DataPrep.Cli" 2>&1) || { echo "$log" >&2; exit 1; }
tool=$root/src/DataPrep.Cli/bin/Release/net10.0/dataprep
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$tool" bench "$1" --json >"$work/json"
"$tool" bench "$1" --compare "$work/json" >"$work/table"
mkdir -p "$results"
{
  echo "# \`dataprep bench\`, $(date -u +%F)${2:+, $2}"
  echo
  echo "CPU: $(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1), $(nproc) processors, family $(sed -n 's/^cpu family[^:]*: *//p' /proc/cpuinfo | head -n 1), model $(sed -n 's/^model\t[^:]*: *//p' /proc/cpuinfo | head -n 1). .NET SDK $(dotnet --version). Commit $(git -C "$root" rev-parse --short HEAD)$(git -C "$root" diff --quiet HEAD || echo ' and changes')."
  echo "Command: \`dataprep bench DIR --json\`, which is the \`.jsonl\`, and right after it \`dataprep bench DIR --compare\`, which is this table: its changes are those of two runs of the same build, so noise."
  echo
  echo '```'
  sed "s|$work/json|the first run|; s|$(realpath "$1")|DIR|g" "$work/table"
  echo '```'
} >"$work/md"
sed "s|\"$(realpath "$1")\"|\"DIR\"|; s|$(realpath "$1")|DIR|g" "$work/json" >"$name.jsonl"
cp "$work/md" "$name.md"
echo "$name.md"
