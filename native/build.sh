#!/bin/sh
# build.sh FOLDER
#
# Builds the kernels into FOLDER where CMake and a C compiler are there, else says so in one line and leaves FOLDER
# without a library: the managed kernels serve then. Never fails the build it is part of.
set -u
source=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1" && target=$(cd "$1" && pwd) || exit 1
rm -f "$target/libdataprep_kernels.so"
: >"$target/built"

without() {
  echo "DataPrep: built without native kernels ($1); the managed ones serve"
  exit 0
}

command -v cmake >/dev/null || without "CMake is not there"
command -v "${CC:-cc}" >/dev/null || without "a C compiler is not there"
log=$target/build.log
{
  cmake -S "$source" -B "$target/cmake" -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF &&
    cmake --build "$target/cmake" --parallel
} >"$log" 2>&1 </dev/null || without "they do not compile, see $log"
cp "$target/cmake/libdataprep_kernels.so" "$target/libdataprep_kernels.so.part" &&
  mv "$target/libdataprep_kernels.so.part" "$target/libdataprep_kernels.so"
