#!/usr/bin/env bash
# Starts Ceph's S3 gateway on loopback, for tests: one monitor, one OSD in memory, no authentication within.
#
#   ceph-up.sh DIR         until server-down.sh DIR
#
# DIR is made. Prints lines for a shell: endpoint, keys, region. Needs Debian's radosgw ceph-mon ceph-osd.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=$(mkdir -p "$1" && cd "$1" && pwd)
mkdir -p "$dir/mon" "$dir/osd" "$dir/run" "$dir/log"
cd "$dir"
read -r mon1 mon2 rgw < <(python3 - <<'PY'
import socket
held = [socket.socket() for _ in range(3)]
for s in held:
    s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in held))
PY
)
fsid=$(cat /proc/sys/kernel/random/uuid)
monitors="[v2:127.0.0.1:$mon1,v1:127.0.0.1:$mon2]"
cat >ceph.conf <<EOF
[global]
fsid = $fsid
mon host = $monitors
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = 6442450944
mon warn on pool no redundancy = false
mon data avail crit = 1
mon pg warn min per osd = 0
mon allow pool size one = true
ms bind ipv4 = true
ms bind ipv6 = false
public network = 127.0.0.0/8
run dir = $dir/run
admin socket = $dir/run/\$name.asok
log file = $dir/log/\$name.log
pid file =
[mon.a]
mon data = $dir/mon
[osd.0]
osd data = $dir/osd
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:$rgw
rgw dns name = 127.0.0.1
rgw data = $dir/run
ms mon client mode = crc
EOF
export CEPH_CONF=$dir/ceph.conf

start() {
  "$@" >>"$dir/log/$1.out" 2>&1 </dev/null &
  echo $! >>"$dir/pids"
}

: >pids
monmaptool --create --addv a "$monitors" --fsid "$fsid" monmap >log/monmaptool.out 2>&1
ceph-mon --mkfs -i a --monmap monmap >log/mkfs.out 2>&1
start ceph-mon -i a -f
ceph --connect-timeout 20 osd new "$(cat /proc/sys/kernel/random/uuid)" >log/osd-new.out 2>&1
uuid=$(ceph osd dump -f json | python3 -c 'import json, sys; print(json.load(sys.stdin)["osds"][0]["uuid"])')
ceph-osd --mkfs -i 0 --osd-uuid "$uuid" >>log/mkfs.out 2>&1
start ceph-osd -i 0 -f
start radosgw -f -n client.rgw
for _ in $(seq 150); do
  if curl -fsS --max-time 2 "http://127.0.0.1:$rgw" >/dev/null 2>&1; then
    radosgw-admin user create --uid=test --display-name=test --access-key=testkey --secret=testing >log/user.out 2>&1
    cat <<EOF
export S3_ENDPOINT=http://127.0.0.1:$rgw
export AWS_ACCESS_KEY_ID=testkey
export AWS_SECRET_ACCESS_KEY=testing
export AWS_REGION=us-east-1
EOF
    exit 0
  fi
  sleep 0.2
done
echo "radosgw did not come up; see $dir/log" >&2
"$here/server-down.sh" "$dir"
exit 1
