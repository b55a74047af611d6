#!/usr/bin/env bash
# up.sh DIR [CONFIG_LINE...]
#
# Starts a Slurm cluster of two virtual nodes, n1 and n2, on this machine: munged, slurmctld and two slurmd on loopback, as root. All files, logs and process ids are in
# DIR; nothing outside it is written, and a cluster that the machine is a part of is not touched. CONFIG_LINEs are added to slurm.conf. `down.sh DIR` stops it.
# Then: export SLURM_CONF=DIR/slurm.conf
set -euo pipefail

if [ $# -lt 1 ]; then
  echo "usage: up.sh DIR [CONFIG_LINE...]" >&2
  exit 2
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "up.sh: needs root: slurmd starts jobs as the users that they belong to" >&2
  exit 1
fi
mkdir -p "$1"
dir=$(realpath "$1")
shift
scripts=$(dirname "$(realpath "${BASH_SOURCE[0]}")")

# Clients of munge refuse a socket in a folder that others cannot enter; munged refuses a key that others can read
mkdir -p "$dir"/{munge,log,state,spool}
chmod 755 "$dir" "$dir/munge"
(umask 377 && head -c 128 /dev/urandom >"$dir/munge.key")

# Three free ports in a row, below those that the kernel gives to clients
free_port() {
  local port try
  for try in {1..50}; do
    port=$((20000 + (RANDOM + try) % 10000))
    if ! (true >"/dev/tcp/127.0.0.1/$port") 2>/dev/null && ! (true >"/dev/tcp/127.0.0.1/$((port + 1))") 2>/dev/null && ! (true >"/dev/tcp/127.0.0.1/$((port + 2))") 2>/dev/null; then
      echo "$port"
      return
    fi
  done
  return 1
}
port=$(free_port)

# A node that does not answer for SlurmdTimeout seconds is down, and its jobs go to another. A job that was put back waits until the credential of its first start
# has expired (cred_expire): two minutes, where it is not set. RequeueExit is not set: what the scripts do without an administrator is what is tested
cat >"$dir/slurm.conf" <<CONF
ClusterName=dataprep-test
SlurmctldHost=localhost
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$dir/munge/socket,cred_expire=8
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool/%n
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.%n.pid
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
ReturnToService=2
SlurmdTimeout=10
InactiveLimit=0
KillWait=3
MaxJobCount=100000
MaxArraySize=10
SchedulerParameters=sched_interval=2,bf_interval=2
NodeName=n[1-2] NodeHostname=localhost NodeAddr=127.0.0.1 Port=[$((port + 1))-$((port + 2))] CPUs=2 RealMemory=8000
PartitionName=prep Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
for line in "$@"; do
  # The last line of a name counts
  sed -i "/^${line%%=*}=/d" "$dir/slurm.conf"
  echo "$line" >>"$dir/slurm.conf"
done

munged --key-file="$dir/munge.key" --socket="$dir/munge/socket" --pid-file="$dir/munged.pid" --log-file="$dir/log/munged.log" --seed-file="$dir/munge.seed"
export SLURM_CONF=$dir/slurm.conf
slurmctld
"$scripts/node" "$dir" n1 start
"$scripts/node" "$dir" n2 start
for _ in {1..300}; do
  if [ "$(sinfo --noheader --Node --format %T 2>/dev/null | grep -c idle)" -eq 2 ]; then
    sinfo --Node
    exit 0
  fi
  sleep 0.2
done
echo "up.sh: the nodes did not come up in a minute; the logs are in $dir/log" >&2
tail -n 5 "$dir"/log/*.log >&2
exit 1
