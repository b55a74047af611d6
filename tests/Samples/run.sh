#!/usr/bin/env bash
# Runs the samples against the command line tool, and the library's package in a project outside of the checkout.
#
#   tests/Samples/run.sh DATAPREP
#
# Prints a final line `N passed, N failed`.
set -uo pipefail

dataprep=$(realpath "$1")
checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
passed=0
failed=0
server=

finish() {
  [ -z "$server" ] || kill "$server" 2>/dev/null
  rm -rf "$work"
}
trap finish EXIT

# check NAME COMMAND...: what it prints is shown when it fails
check() {
  local name=$1
  shift
  if "$@" >"$work/log" 2>&1; then
    passed=$((passed + 1))
    echo "pass $name"
  else
    failed=$((failed + 1))
    echo "FAIL $name"
    tail -n 20 "$work/log"
  fi
}

same() {
  [ -n "$1" ] && [ "$1" = "$2" ] || { echo "'$1' is not '$2'"; return 1; }
}

# ends_with STATUS COMMAND...
ends_with() {
  local wanted=$1 status=0
  shift
  "$@" || status=$?
  same "$status" "$wanted"
}

sample() {
  dotnet "$checkout/samples/$1/bin/Release/net10.0/$1.dll" "${@:2}"
}

# serving COMMAND...: starts a server, and waits for the address that it prints as http://...
serving() {
  "$@" >"$work/server.log" 2>&1 &
  server=$!
  for _ in $(seq 100); do
    address=$(grep -Eo 'http://[0-9.:]+' "$work/server.log" | head -n 1)
    [ -z "$address" ] || return 0
    sleep 0.1
  done
  cat "$work/server.log"
  return 1
}

stop_server() {
  kill "$server"
  wait "$server" 2>/dev/null
  server=
}

root_of() {
  grep -Eo '"rootCid": *"[^"]*"' "$1" | head -n 1 | cut -d '"' -f 4
}

# A tree with large, small and empty files, and two tars of it
mkdir -p "$work/tree/sub"
head -c 30000000 /dev/urandom >"$work/tree/large"
head -c 70000 /dev/urandom >"$work/tree/sub/small"
: >"$work/tree/sub/empty"
tar -C "$work/tree" -cf "$work/tree.tar" .
"$dataprep" pack "$work/tree" -o "$work/out" --piece-size 64MiB >/dev/null
root=$(root_of "$work/out/dataset.json")
car=$(echo "$work"/out/*.car)
cid=$(basename "$car" .car)
cid2=$(grep -Eo '"pieceCidV2":"[^"]*"' "$work/out/pieces.jsonl" | cut -d '"' -f 4)

check "HashStream gives the piece CID" same "$(sample HashStream "$car" | awk '/v1/ { print $4 }')" "$cid"
check "HashStream gives it of a pipe too" same "$(sample HashStream <"$car" | awk '/v2/ { print $4 }')" "$cid2"
check "HashStream says what is missing" ends_with 1 sample HashStream "$work/nothing"

check "OwnSource packs a tar" sample OwnSource "$work/tree.tar" "$work/own"
check "OwnSource gives the root of the folder" same "$(root_of "$work/own/dataset.json")" "$root"
check "OwnSource's pieces verify" "$dataprep" verify "$work/own"
check "OwnSource finds all done" sample OwnSource "$work/tree.tar" "$work/own"

serving "$dataprep" serve "$work/out" --listen 127.0.0.1:0 || true
check "VerifyRange proves a range" sample VerifyRange "$address/piece/$cid" "${car%.car}.tree" "$cid2" 1500000 4000000
check "VerifyRange proves the last byte" sample VerifyRange "$address/piece/$cid" "${car%.car}.tree" "$cid2" "$(($(stat -c %s "$car") - 1))" 1
stop_server
printf 'X' | dd of="$car" bs=1 seek=2000000 conv=notrunc status=none
serving "$dataprep" serve "$work/out" --listen 127.0.0.1:0 || true
check "VerifyRange finds a changed byte" ends_with 4 sample VerifyRange "$address/piece/$cid" "${car%.car}.tree" "$cid2" 1500000 4000000
check "VerifyRange proves what is beside it" sample VerifyRange "$address/piece/$cid" "${car%.car}.tree" "$cid2" 9000000 10
stop_server

serving dotnet "$checkout/samples/PackUpload/bin/Release/net10.0/PackUpload.dll" --urls http://127.0.0.1:0 --Folder "$work/uploads" || true
check "PackUpload packs a tar" curl -sSf -T "$work/tree.tar" "$address/datasets/mine" -o "$work/answer"
check "PackUpload gives the root of the folder" same "$(root_of "$work/answer")" "$root"
check "PackUpload tells how far it is" grep -q '"type":"progress"' "$work/answer"
check "PackUpload keeps the records" same "$(curl -sS "$address/datasets/mine" | grep -Eo '"rootCid":"[^"]*"' | cut -d '"' -f 4)" "$root"
check "PackUpload's pieces verify" "$dataprep" verify "$work/uploads/mine/out"
check "PackUpload packs a stream" curl -sSf -T - -H 'Content-Type: application/octet-stream' "$address/datasets/one" -o "$work/answer" <"$work/tree/large"
check "PackUpload gives the root of the file" same "$(root_of "$work/answer")" "$("$dataprep" pack "$work/tree/large" --dry-run >/dev/null && "$dataprep" pack "$work/tree/large" -o "$work/file" --json | root_of /dev/stdin)"
check "PackUpload refuses what is no tar" same "$(curl -sS -o /dev/null -w '%{http_code}' -T "$work/tree/large" "$address/datasets/none")" 400
check "PackUpload refuses a name with dots" same "$(curl -sS -o /dev/null -w '%{http_code}' --path-as-is -T "$work/tree.tar" "$address/datasets/..%2f")" 400
mkdir "$work/escape"
echo x >"$work/escape/file"
tar -C "$work/escape" --transform 's,^,../../../,' -cPf "$work/escape.tar" file
check "PackUpload refuses a path that leads out" same "$(curl -sS -o /dev/null -w '%{http_code}' -T "$work/escape.tar" "$address/datasets/out")" 400
peak_before=$(awk '/VmHWM/ { print $2 }' "/proc/$server/status")
head -c 1000000000 /dev/zero | tr '\0' 'd' | curl -sSf -T - -H 'Content-Type: application/octet-stream' "$address/datasets/long" -o "$work/answer"
peak=$(awk '/VmHWM/ { print $2 }' "/proc/$server/status")
echo "PackUpload: peak memory $((peak_before / 1024)) MiB before, $((peak / 1024)) MiB after an upload of 1 GB"
check "PackUpload takes 1 GB in 400 MiB" test "$peak" -lt 409600
stop_server

# The package, in a project that knows nothing of the checkout, with package folders of its own
mkdir -p "$work/feed" "$work/consumer"
check "the library packs" dotnet pack "$checkout/src/DataPrep" -c Release --no-build -o "$work/feed"
version=$(basename "$work"/feed/DataPrep.*.nupkg .nupkg | cut -d . -f 2-)
cat >"$work/consumer/consumer.csproj" <<XML
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <Nullable>enable</Nullable>
    <ImplicitUsings>enable</ImplicitUsings>
    <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
    <RestoreAdditionalProjectSources>$work/feed</RestoreAdditionalProjectSources>
    <RestorePackagesPath>$work/packages</RestorePackagesPath>
  </PropertyGroup>
  <ItemGroup>
    <PackageReference Include="DataPrep" Version="$version" />
  </ItemGroup>
</Project>
XML
cp "$checkout/samples/HashStream/Program.cs" "$work/consumer/"
check "a project outside restores and builds with the package" dotnet build "$work/consumer" -c Release -o "$work/consumer/bin"
head -c 5000000 "$work/tree/large" >"$work/bytes"
# Each block of the guide as a method: its using directives go to the head of its file
awk -v folder="$work/consumer" '
  /^```csharp/ { inside = 1; number++; heads = ""; body = ""; next }
  /^```/ && inside {
    inside = 0
    printf "%sstatic class Block%d\n{\n    public static async Task Run(Stream stream, CancellationToken cancellationToken)\n    {\n        await Task.Yield();\n%s    }\n}\n", heads, number, body >(folder "/Block" number ".cs")
    next
  }
  inside && /^using [A-Z][A-Za-z.]*;$/ { heads = heads $0 "\n"; next }
  inside { body = body "        " $0 "\n" }
' "$checkout/docs/library.md"
check "the guide to the library has blocks" test -e "$work/consumer/Block6.cs"
check "the blocks of the guide compile with the package" dotnet build "$work/consumer" -c Release -o "$work/consumer/bin"
check "it gives the piece CID" same "$(dotnet "$work/consumer/bin/consumer.dll" "$work/bytes" | awk '/v1/ { print $4 }')" "$("$dataprep" commp "$work/bytes" --json | grep -Eo '"pieceCid":"[^"]*"' | cut -d '"' -f 4)"
check "few packages come with it" test "$(find "$work/packages" -mindepth 1 -maxdepth 1 | wc -l)" -le 6
check "no web server comes with it" sh -c "! grep -q AspNetCore '$work/consumer/bin/consumer.runtimeconfig.json'"
if [ -e "$checkout/src/DataPrep/bin/Release/net10.0/libdataprep_kernels.so" ]; then
  # It knows a kernel that only the native library has
  check "the native kernels come with it" env DATAPREP_SHA256=portable-c dotnet "$work/consumer/bin/consumer.dll" "$work/bytes"
fi
# The package for hosts, in a project of its own: one folder is watched until it is packed
check "the package for hosts packs" dotnet pack "$checkout/src/DataPrep.Hosting" -c Release --no-build -o "$work/feed"
mkdir -p "$work/host" "$work/inbox/set"
sed "s/Include=\"DataPrep\"/Include=\"DataPrep.Hosting\"/; s|</ItemGroup>|<PackageReference Include=\"Microsoft.Extensions.Hosting\" Version=\"10.0.14\" /></ItemGroup>|" "$work/consumer/consumer.csproj" >"$work/host/host.csproj"
cat >"$work/host/Program.cs" <<'CS'
using DataPrep.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

var builder = Host.CreateApplicationBuilder();
builder.Services.AddDataPrep(options => options.Watch = new WatchOptions { Folder = args[0], Output = args[1], Marker = ".ready", Interval = TimeSpan.FromSeconds(0.2) });
var host = builder.Build();
await host.StartAsync();
var queue = host.Services.GetRequiredService<PackQueue>();
while (queue.Jobs is not [var job, ..] || !job.HasEnded)
    await Task.Delay(50);
await host.StopAsync();
return queue.Jobs[0].State == PackJobState.Done ? 0 : 1;
CS
cp "$work/tree/sub/small" "$work/inbox/set/"
touch "$work/inbox/set/.ready"
check "a project outside restores and builds with it" dotnet build "$work/host" -c Release -o "$work/host/bin"
check "a watched folder is packed" timeout 60 dotnet "$work/host/bin/host.dll" "$work/inbox" "$work/outbox"
check "its pieces verify" "$dataprep" verify "$work/outbox/set"
check "no web server comes with it either" sh -c "! grep -q AspNetCore '$work/host/bin/host.runtimeconfig.json'"
check "sources stand in the symbols" sh -c "unzip -l '$work/feed/DataPrep.$version.snupkg' | grep -q DataPrep.Core.pdb"
check "documentation comes with it" sh -c "unzip -l '$work/feed/DataPrep.$version.nupkg' | grep -q DataPrep.Core.xml"
check "a readme comes with it" sh -c "unzip -l '$work/feed/DataPrep.$version.nupkg' | grep -q README.md"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
