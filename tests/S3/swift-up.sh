#!/usr/bin/env bash
# Starts OpenStack Swift with its S3 interface on loopback, for tests: one node of each kind, storage in a folder.
#
#   swift-up.sh DIR        until server-down.sh DIR
#
# DIR is made, and must be on a file system with extended attributes. Prints lines for a shell: endpoint, keys, region.
# Needs Debian's swift-proxy swift-account swift-container swift-object memcached.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=$(mkdir -p "$1" && cd "$1" && pwd)
mkdir -p "$dir/etc" "$dir/node/disk" "$dir/log" "$dir/cache"
cd "$dir/etc"

# Four free ports, held until all are known, and one for memcached
read -r proxy account container object memcache < <(python3 - <<'PY'
import socket
held = [socket.socket() for _ in range(5)]
for s in held:
    s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in held))
PY
)

cat >swift.conf <<EOF
[swift-hash]
swift_hash_path_suffix = loopback
swift_hash_path_prefix = loopback
[swift-constraints]
max_file_size = 5368709122
EOF

common() {
  cat <<EOF
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $1
user = $(id -un)
swift_dir = $dir/etc
devices = $dir/node
mount_check = false
disable_fallocate = true
workers = $2
log_level = WARNING
log_address = $dir/no-syslog
EOF
}

for kind in account container object; do
  {
    common "${!kind}" 1
    cat <<EOF
[pipeline:main]
pipeline = $kind-server
[app:$kind-server]
use = egg:swift#$kind
allow_versions = true
EOF
  } >"$kind.conf"
  ring=$kind.builder
  swift-ring-builder "$ring" create 4 1 1 >/dev/null
  swift-ring-builder "$ring" add --region 1 --zone 1 --ip 127.0.0.1 --port "${!kind}" --device disk --weight 1 >/dev/null
  swift-ring-builder "$ring" rebalance >/dev/null 2>&1
done

{
  common "$proxy" 2
  cat <<EOF
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats bulk s3api tempauth copy slo dlo versioned_writes symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:$memcache
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
max_upload_part_num = 10000
min_segment_size = 5242880
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
user_test_reader = reading
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
max_manifest_segments = 10000
max_manifest_size = 33554432
rate_limit_after_segment = 10000
[filter:dlo]
use = egg:swift#dlo
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_object_versioning = true
[filter:symlink]
use = egg:swift#symlink
EOF
} >proxy.conf

start() {
  "$@" >>"$dir/log/$(basename "$1").log" 2>&1 </dev/null &
  echo $! >>"$dir/pids"
}

: >"$dir/pids"
user=()
[ "$(id -u)" -ne 0 ] || user=(-u root)
start memcached -l 127.0.0.1 -p "$memcache" -m 64 "${user[@]}"
for kind in account container object proxy; do
  start "swift-$kind-server" "$dir/etc/$kind.conf"
done

for _ in $(seq 100); do
  if curl -fsS --max-time 2 "http://127.0.0.1:$proxy/healthcheck" >/dev/null 2>&1; then
    cat <<EOF
export S3_ENDPOINT=http://127.0.0.1:$proxy
export AWS_ACCESS_KEY_ID=test:tester
export AWS_SECRET_ACCESS_KEY=testing
export AWS_REGION=us-east-1
EOF
    exit 0
  fi
  sleep 0.2
done
echo "swift did not come up; see $dir/log" >&2
"$here/server-down.sh" "$dir"
exit 1
