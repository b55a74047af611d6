"""What is timed: for each scenario a dataset and the commands that take their turns over it."""

import dataclasses
import os
import re
import subprocess
import sys

import datasets

MIB = 1 << 20
GIB = 1 << 30


@dataclasses.dataclass(frozen=True)
class Row:
    """`limit` is what the peak memory may be; a reference is what the other rows are held against."""

    command: str
    ours: bool = False
    reference: bool = False
    sampled: bool = False
    limit: int = 0


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    dataset: datasets.Dataset
    rows: tuple

    @property
    def room(self):
        """Input, and the larger of a copy and a CAR with its manifests."""
        data = self.dataset
        made = 0 if all(" out" not in row.command for row in self.rows) else max(data.room, int(data.size * 1.01) + 700 * data.entries)
        return int((data.room + made) * 1.03) + 64 * MIB


def pack(*options, **more):
    return Row(" ".join(["dataprep", "pack", "in", "-o", "out", *options]), ours=True, **more)


def copies(options, tree):
    """On a disk a copy counts when it is durable, as what dataprep packs is; of several ways the fastest is the reference."""
    # Where the file system can share blocks, cp would copy nothing
    shares = options.filesystem.split()[0] in ("btrfs", "xfs", "zfs", "bcachefs")
    copy = f"cp{' -r' if tree else ''}{' --reflink=never' if shares else ''} in out"
    if not options.durable:
        commands = [copy]
    elif tree:
        commands = [f"{copy} && sync -f out"]
    else:
        commands = [f"{copy} && sync out", "dd if=in of=out bs=16M conv=fsync status=none", "dd if=in of=out bs=16M oflag=direct conv=fsync status=none"]
    return [Row(command, reference=True) for command in commands]


def scaled(number, options, least=1):
    return max(least, int(number * options.scale))


def large_file(options):
    return datasets.random_file(scaled(2 * GIB, options))


def file(options):
    """one file of 2 GiB"""
    return Scenario("file", large_file(options), (pack(), *copies(options, tree=False)))


def small(options):
    """20,000 files of 50 KB"""
    return Scenario("small", datasets.flat(scaled(20_000, options), 50_000), (pack(), *copies(options, tree=True)))


def tiny(options):
    """200,000 files of 1 KB"""
    return Scenario("tiny", datasets.flat(scaled(200_000, options), 1000), (pack(), *copies(options, tree=True)))


def million(options):
    """1,000,000 files of a few bytes; peak memory against 300 MiB + 100 bytes a file"""
    data = datasets.numbered(scaled(1_000_000, options))
    return Scenario("million", data, (pack(limit=300 * MIB + 100 * data.files), *copies(options, tree=True)))


def mixed(options):
    """a real tree: --tree, or the .NET SDK's folder"""
    tree = options.tree
    if not tree:
        listed = subprocess.run(["dotnet", "--list-sdks"], capture_output=True, text=True, check=True).stdout.splitlines()
        version, folder = re.fullmatch(r"(\S+) \[(.+)\]", listed[-1]).groups()
        tree = os.path.join(folder, version)
    if not os.path.isdir(tree):
        sys.exit(f"--tree: {tree} is no folder")
    return Scenario("mixed", datasets.copy_of(os.path.abspath(tree)), (pack(), *copies(options, tree=True)))


def deep(options):
    """folders nested 500 deep, with four files of 10 KB each"""
    return Scenario("deep", datasets.deep(scaled(500, options, least=2), 4, 10_000), (pack(), *copies(options, tree=True)))


def scaling(options):
    """the file with 1 thread to as many as there are cores; the reference is one thread"""
    cores = len(os.sched_getaffinity(0))
    counts = range(1, cores + 1) if cores <= 8 else sorted({1 << power for power in range(cores.bit_length())} | {cores})
    return Scenario("scaling", large_file(options), tuple(pack(f"--threads {count}", reference=count == 1) for count in counts))


def commp(options):
    """commitment of the file and of a pipe, beside cat"""
    rows = (Row("dataprep commp in", ours=True), Row("cat in | dataprep commp -", ours=True), Row("cat in | wc -c", reference=True))
    return Scenario("commp", large_file(options), rows)


def memory(options):
    """one file of 16 GiB, by default and with --memory 128MiB: peak memory and its course"""
    size = scaled(16 * GIB, options)
    data = datasets.sparse_file(size) if options.sparse else datasets.random_file(size)
    return Scenario("memory", data, (pack(sampled=True, limit=300 * MIB), pack("--memory 128MiB", sampled=True, limit=128 * MIB)))


ALL = {make.__name__: make for make in (file, small, tiny, million, mixed, deep, scaling, commp, memory)}


def describe():
    return "\n".join(f"  {name:8} {make.__doc__}" for name, make in ALL.items())
