#!/bin/sh
# build.sh [tool] [single] [deb]
#
# Builds the packages of the command line into artifacts/packages, all of them or those that are named:
#
#   tool     DataPrep.Cli.VERSION.nupkg, for `dotnet tool install`: for machines with the .NET runtime and that of ASP.NET Core
#   single   dataprep-VERSION-linux-ARCH: one executable file that needs no .NET
#   deb      dataprep_VERSION_ARCH.deb: that file, manual pages, completion, docs; built with dpkg-deb
#
# What is in them is for the architecture that this runs on. Native kernels are in all three where CMake and a C compiler are there.
# DEB_MAINTAINER="NAME <MAIL>" stands in the .deb. Files in it have the time of SOURCE_DATE_EPOCH, else that of the last commit.
set -eu
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
out=$PWD/artifacts/packages
mkdir -p "$out"
[ $# -gt 0 ] || set -- tool single deb

case $(uname -m) in
  x86_64) arch=x64 deb_arch=amd64 ;;
  aarch64) arch=arm64 deb_arch=arm64 ;;
  *) echo "build.sh: no packages for $(uname -m)" >&2; exit 1 ;;
esac
project=src/DataPrep.Cli/DataPrep.Cli.csproj
version=$(dotnet msbuild "$project" -getProperty:Version)
single=$out/dataprep-$version-linux-$arch
is_single_new=

# In folders of their own, so that what a build left in bin/ and obj/ stays as it is
tool() {
  dotnet pack "$project" -c Release --artifacts-path artifacts/build/tool -p:RunAnalyzers=false -o "$out"
}

single() {
  dotnet publish "$project" -c Release -r "linux-$arch" --artifacts-path artifacts/build/single -p:RunAnalyzers=false -p:PublishSingleFile=true -o artifacts/build/single/out
  install -m 755 artifacts/build/single/out/dataprep "$single.part"
  mv "$single.part" "$single"
  is_single_new=yes
}

# The highest version of the C library that a file asks for; the one that .NET asks for where that cannot be told
libc_of() {
  { echo 2.27; objdump -T "$@" 2>/dev/null | grep -o 'GLIBC_[0-9.]*' | cut -d _ -f 2; } | sort -Vu | tail -n 1
}

deb() {
  [ -n "$is_single_new" ] || single
  tree=artifacts/build/deb
  doc=$tree/usr/share/doc/dataprep
  rm -rf "$tree"
  install -d "$tree/DEBIAN" "$tree/usr/bin" "$tree/usr/share/man/man1" "$doc/examples/systemd" "$tree/usr/share/lintian/overrides" \
    "$tree/usr/share/bash-completion/completions" "$tree/usr/share/zsh/vendor-completions" "$tree/usr/share/fish/vendor_completions.d"
  install -m 755 "$single" "$tree/usr/bin/dataprep"

  "$single" document --man "$tree/usr/share/man/man1"
  gzip -9n "$tree"/usr/share/man/man1/*.1
  "$single" completion bash >"$tree/usr/share/bash-completion/completions/dataprep"
  "$single" completion zsh >"$tree/usr/share/zsh/vendor-completions/_dataprep"
  "$single" completion fish >"$tree/usr/share/fish/vendor_completions.d/dataprep.fish"

  install -m 644 docs/*.md "$doc"
  install -m 644 deploy/systemd/*.env "$doc/examples/systemd"
  for unit in deploy/systemd/*.service; do
    sed -e 's|/usr/local/bin/|/usr/bin/|; s|file:/opt/dataprep/docs/|file:/usr/share/doc/dataprep/|' "$unit" >"$doc/examples/systemd/${unit##*/}"
  done
  install -m 644 packaging/debian/copyright "$doc/copyright"
  install -m 644 packaging/debian/lintian-overrides "$tree/usr/share/lintian/overrides/dataprep"

  epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
  maintainer=${DEB_MAINTAINER:-DataPrep <dataprep@packages.invalid>}
  {
    echo "dataprep ($version) unstable; urgency=medium"
    echo
    echo "  * What is new stands in CHANGELOG.md of the sources."
    echo
    echo " -- $maintainer  $(LC_ALL=C date -u -R -d "@$epoch")"
  } | gzip -9n >"$doc/changelog.gz"
  libc=$(libc_of "$single" src/DataPrep/obj/native/libdataprep_kernels.so)
  sed -e "s|@VERSION@|$version|; s|@ARCH@|$deb_arch|; s|@LIBC@|$libc|; s|@MAINTAINER@|$maintainer|; s|@SIZE@|$(du -sk "$tree/usr" | cut -f 1)|" \
    packaging/debian/control >"$tree/DEBIAN/control"
  (cd "$tree" && find usr -type f | LC_ALL=C sort | xargs md5sum) >"$tree/DEBIAN/md5sums"
  find "$tree" -type d -exec chmod 755 {} +
  find "$tree" -type f ! -path "$tree/usr/bin/*" -exec chmod 644 {} +
  SOURCE_DATE_EPOCH=$epoch dpkg-deb --root-owner-group -Zxz --build "$tree" "$out/dataprep_${version}_$deb_arch.deb"
}

for each in "$@"; do
  case $each in
    tool | single | deb) "$each" ;;
    *) echo "usage: build.sh [tool] [single] [deb]" >&2; exit 2 ;;
  esac
done
ls -l "$out"
