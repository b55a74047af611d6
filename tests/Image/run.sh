#!/usr/bin/env bash
# run.sh DEB
#
# Installs the Debian package into a bare Debian made for it, which has neither .NET nor anything else that is not needed, and works with it there.
# Needs root, debootstrap and the archive of Debian that apt is set up for; where one is missing it says so and ends well.
# Takes about a minute, half of it for making the system. SUITE is the release of Debian (default: bookworm), MIRROR its archive.
# Prints one line per check and closes with `N passed, N failed`; exits 1 when anything failed.
set -euo pipefail

if [ $# -ne 1 ]; then
  echo "usage: run.sh DEB" >&2
  exit 2
fi
deb=$(realpath "$1")
passed=0
failed=0

skip() {
  echo "skipped: $1"
  echo "0 passed, 0 failed"
  exit 0
}

[ "$(id -u)" -eq 0 ] || skip "a system is made by root alone"
command -v debootstrap >/dev/null || skip "debootstrap is not installed"
unshare --mount true 2>/dev/null || skip "mounts of one's own are not allowed here"
[ "$(dpkg --print-architecture)" = "$(dpkg-deb --field "$deb" Architecture)" ] || skip "the package is for another architecture"

suite=${SUITE:-bookworm}
mirror=${MIRROR:-$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
  grep -v '^ *#' | grep -Eo 'https?://[^ ]*/debian/?( |$)' | head -n 1 || true)}
mirror=${mirror:-http://deb.debian.org/debian}
work=$(mktemp -d)
root=$work/root
trap 'rm -rf "$work"' EXIT

check() {
  local name=$1 log=$work/log
  shift
  if "$@" >"$log" 2>&1; then
    passed=$((passed + 1))
    echo "pass $name"
  else
    failed=$((failed + 1))
    echo "FAIL $name"
    tail -n 20 "$log"
  fi
}

# shellcheck disable=SC2016  # what stands in single quotes is for the shell in the system
# A command in the system, with nothing of this one's environment; what it mounts is gone when it ends
inside() {
  unshare --mount --fork sh -c 'mount -t proc proc "$0/proc" && exec chroot "$0" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"' "$root" "$@"
}

began=$SECONDS
if ! debootstrap --variant=minbase "$suite" "$root" "$mirror" >"$work/debootstrap.log" 2>&1; then
  tail -n 5 "$work/debootstrap.log"
  skip "no $suite from $mirror"
fi
echo "a bare $suite in $((SECONDS - began)) s"
cp "$deb" "$root/tmp/dataprep.deb"
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
version=$(dpkg-deb --field "$deb" Version)

dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$root/tmp" ./usr/bin/dataprep
check "without OpenSSL the file alone runs, and doctor says what is missing" inside sh -c '/tmp/usr/bin/dataprep doctor >/tmp/said; test $? -eq 4 && grep "^problem *OpenSSL" /tmp/said'
check "apt installs the package with what it depends on" inside apt-get install -y --no-install-recommends /tmp/dataprep.deb
check "no .NET but that of the package" inside sh -c '! command -v dotnet && ! ls /usr/share/dotnet /usr/lib/dotnet'
check "every library is there" inside sh -c '! ldd /usr/bin/dataprep | grep "not found"'
check "--version" inside sh -c "test \"\$(dataprep --version)\" = '$version'"
check "doctor finds no problem" inside sh -c 'dataprep doctor /tmp'
check "native kernels are in it" inside sh -c 'dataprep doctor | tee /dev/stderr | grep -q "^ok *kernel" && ! dataprep doctor | grep "native kernels"'
check "without certificates doctor says so" inside sh -c 'dataprep doctor | grep "^warning *certificates"'
check "pack" inside dataprep pack /usr/share/doc /usr/bin/dataprep -o /srv/out
check "verify" inside dataprep verify /srv/out --source /usr/share/doc --source /usr/bin/dataprep
check "extract gives back the same bytes" inside sh -c 'dataprep extract /srv/out -o /srv/back && diff -r --no-dereference /usr/share/doc /srv/back/doc && cmp /usr/bin/dataprep /srv/back/dataprep'
check "pack by a user without a home" inside sh -c \
  'mkdir -m 777 /srv/theirs && setpriv --reuid=65534 --regid=65534 --clear-groups env -u HOME dataprep pack /etc/apt -o /srv/theirs/out --json'
# shellcheck disable=SC2016
check "a manual page for each command" inside sh -c 'gzip -t /usr/share/man/man1/dataprep*.gz && dataprep --help | sed -n "s/^  \([a-z-]*\) .*  .*/\1/p" | while read -r each; do case $each in -*|dataprep|"") ;; *) ls "/usr/share/man/man1/dataprep-$each.1.gz" || exit 1 ;; esac; done'
check "completion where bash, zsh and fish look for it" inside sh -c \
  'ls /usr/share/zsh/vendor-completions/_dataprep /usr/share/fish/vendor_completions.d/dataprep.fish && bash -c ". /usr/share/bash-completion/completions/dataprep && complete -p dataprep"'
check "wrong usage is exit code 2" inside sh -c 'dataprep pack; test $? -eq 2'
check "removed, nothing of it stays" inside sh -c 'dpkg --purge dataprep && ! find / -xdev -path /srv -prune -o -path /tmp -prune -o -path /var -prune -o -path /proc -prune -o -iname "*dataprep*" -print | grep .'

echo "took $((SECONDS - began)) s"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
