#!/usr/bin/env python3
"""Changes files while `dataprep pack` reads them, and holds what it packed against every state that they ever had.

    tests/Faults/change.py DATAPREP [--rounds N] [--seed N] [--case NAME] [--scratch FOLDER]

N is the number of changes. After each run every file in files.jsonl must have the CID, size, time and mode of one and the same
state, by a computation of CIDs of its own; a file that never changed must be there; what is not there must be in skipped.jsonl,
with exit code 3. Under `--on-change fail` the run must end with exit code 1 and a message that names the file, leave nothing but
complete pieces, and go on as the message says. Now and then a run is killed and files change before it goes on. `verify` must
find nothing. Exit code 1 when anything is wrong.
"""
import argparse
import base64
import collections
import datetime
import hashlib
import json
import os
import random
import shutil
import stat
import subprocess
import sys
import tempfile
import time

KIB, MIB = 1 << 10, 1 << 20
TIMEOUT = 120


class Case:
    """How a dataset is packed, and the files that it has."""

    def __init__(self, sizes, rate, chunk, *options):
        self.sizes, self.rate, self.chunk = sizes, rate, chunk
        self.options = [*options, "--chunk-size", str(chunk), "--checkpoint", "0"]

    @property
    def seconds(self):
        return 0.15 + sum(self.sizes.values()) / self.rate


MIXED = {"a": 900 * KIB, "b/c": 300 * KIB, "b/d": 1700 * KIB, "b/empty": 0, "e/f": 64 * KIB, "e/g": 64 * KIB + 1, "h": 1200 * KIB}
MIXED |= {f"small/{i}": 37 * i * i for i in range(12)}
CASES = {
    "one": Case(MIXED, 4 * MIB, 64 * KIB, "--piece-size", "64MiB", "--slab-size", "1MiB"),
    "several": Case(MIXED, 4 * MIB, 64 * KIB, "--piece-size", "2MiB", "--slab-size", "1MiB"),
    "full": Case(MIXED | {"z": 2900 * KIB}, 6 * MIB, 64 * KIB, "--piece-size", "8MiB", "--slab-size", "1MiB"),
    "default": Case({"a": 5 * MIB + 5, "b/c": MIB, "b/d": 9 * MIB, "e": 300, "h": 2 * MIB + 1}, 16 * MIB, MIB, "--piece-size", "8MiB"),
    "alone": Case({"file": 4 * MIB + 77}, 4 * MIB, 64 * KIB, "--piece-size", "2MiB", "--slab-size", "1MiB"),
}


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def field(number, content):
    return bytes([number << 3 | 2]) + varint(len(content)) + content


def cid(codec, block):
    return bytes([1, codec, 0x12, 0x20]) + hashlib.sha256(block).digest()


def text(binary):
    return "b" + base64.b32encode(binary).decode().lower().rstrip("=")


def file_cid(content, chunk):
    """CID of a file of at most 1,024 chunks under unixfs-v1-2025."""
    leaves = [content[at:at + chunk] for at in range(0, len(content), chunk)] or [b""]
    if len(leaves) == 1:
        return text(cid(0x55, leaves[0]))
    assert len(leaves) <= 1024
    links = b"".join(field(2, field(1, cid(0x55, leaf)) + field(2, b"") + b"\x18" + varint(len(leaf))) for leaf in leaves)
    message = b"\x08\x02\x18" + varint(len(content)) + b"".join(b"\x20" + varint(len(leaf)) for leaf in leaves)
    return text(cid(0x70, links + field(1, message)))


def link_cid(target):
    return text(cid(0x70, field(1, b"\x08\x04" + field(2, target))))


def moment(nanoseconds):
    seconds, rest = divmod(nanoseconds, 10**9)
    return f"{datetime.datetime.fromtimestamp(seconds, datetime.UTC):%Y-%m-%dT%H:%M:%S}.{rest:09}Z"


class Source:
    """A folder of files, or one file, and every state that each path in it ever had: a tuple as files.jsonl tells it, or None for nothing."""

    def __init__(self, folder, case, chance):
        self.folder, self.case, self.chance = folder, case, chance
        # A source that is a folder now is another dataset.
        self.kinds = KINDS.keys() - {"folder"} if case is CASES["alone"] else KINDS.keys()
        self.states = collections.defaultdict(list)
        for name, size in case.sizes.items():
            self.write(name, chance.randbytes(size))
            self.note(name)

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def write(self, name, content):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as file:
            file.write(content)

    def is_file(self, name):
        return bool(self.states[name][-1]) and self.states[name][-1][0] == "file"

    def note(self, name):
        try:
            info = os.lstat(self.path(name))
        except (FileNotFoundError, NotADirectoryError):
            self.states[name].append(None)
            return
        if stat.S_ISREG(info.st_mode):
            state = self.file_state(info, self.read(name))
        elif stat.S_ISLNK(info.st_mode):
            target = os.fsencode(os.readlink(self.path(name)))
            state = ("symlink", len(target), stat.S_IMODE(info.st_mode), moment(info.st_mtime_ns), link_cid(target))
        else:
            state = ("dir",)
        self.states[name].append(state)

    def file_state(self, info, content):
        return "file", info.st_size, stat.S_IMODE(info.st_mode), moment(info.st_mtime_ns), file_cid(content, self.case.chunk)

    def change(self):
        """Changes some file in some way. Returns the kind, the path, and the number of the first state after the change."""
        name = self.chance.choice([name for name in self.states if "/new" not in name])
        first = len(self.states[name])
        kind = self.chance.choice(sorted(self.kinds)) if self.is_file(name) else "return"
        KINDS.get(kind, Source.come_back)(self, name)
        return kind, name, first

    def come_back(self, name):
        path = self.path(name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
            self.note(name + "/new")
        elif os.path.lexists(path):
            os.remove(path)
        self.note(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self.rewrite(name)

    def truncate(self, name):
        os.truncate(self.path(name), self.chance.randrange(os.path.getsize(self.path(name)) + 1))
        self.note(name)

    def append(self, name):
        with open(self.path(name), "ab", buffering=0) as file:
            file.write(self.chance.randbytes(self.chance.choice([1, 700, 70_000, 900_000])))
        self.note(name)

    def replace(self, name):
        size = self.chance.choice([os.path.getsize(self.path(name)), self.chance.randrange(2_000_000)])
        with open(self.folder + ".new", "wb") as file:
            file.write(self.chance.randbytes(size))
        os.rename(self.folder + ".new", self.path(name))
        self.note(name)

    def overwrite(self, name):
        with open(self.path(name), "r+b", buffering=0) as file:
            file.write(self.chance.randbytes(os.path.getsize(self.path(name))))
        self.note(name)

    def overwrite_in_parts(self, name):
        """The same file written block by block, as a database or a download does it."""
        content, size = bytearray(self.read(name)), os.path.getsize(self.path(name))
        blocks = [(at, self.chance.randbytes(min(64 * KIB, size - at))) for at in self.chance.sample(range(0, size, 64 * KIB), min(12, -(-size // (64 * KIB))))]
        pause = self.chance.choice([0, 0, 0.001, 0.02])
        written = []
        with open(self.path(name), "r+b", buffering=0) as file:
            for at, block in blocks:
                os.pwrite(file.fileno(), block, at)
                written.append(os.fstat(file.fileno()))
                time.sleep(pause)
        for (at, block), info in zip(blocks, written):
            content[at:at + len(block)] = block
            self.states[name].append(self.file_state(info, bytes(content)))

    def rewrite(self, name):
        """Emptied, then written, as by a shell's >."""
        size = self.chance.randrange(1_500_000)
        with open(self.path(name), "wb", buffering=0) as file:
            self.note(name)
            file.write(self.chance.randbytes(size))
        self.note(name)

    def delete(self, name):
        os.remove(self.path(name))
        self.note(name)

    def rename_away(self, name):
        os.rename(self.path(name), self.folder + ".away")
        self.note(name)

    def move_folder_away(self, name):
        folder = os.path.dirname(name)
        if not folder:
            self.rename_away(name)
            return
        shutil.rmtree(self.folder + ".away-folder", ignore_errors=True)
        os.rename(self.path(folder), self.folder + ".away-folder")
        for other in list(self.states):
            if other.startswith(folder + "/"):
                self.note(other)

    def become_folder(self, name):
        os.remove(self.path(name))
        self.note(name)
        os.mkdir(self.path(name))
        self.note(name)
        self.note(name + "/new")
        self.write(name + "/new", b"new")
        self.note(name + "/new")

    def become_symlink(self, name):
        os.remove(self.path(name))
        self.note(name)
        os.symlink("somewhere", self.path(name))
        self.note(name)

    def touch(self, name):
        os.utime(self.path(name))
        self.note(name)

    def change_mode(self, name):
        os.chmod(self.path(name), self.chance.choice([0o600, 0o640, 0o755]))
        self.note(name)


KINDS = {
    "truncate": Source.truncate, "append": Source.append, "replace": Source.replace, "overwrite": Source.overwrite,
    "overwrite in parts": Source.overwrite_in_parts, "rewrite": Source.rewrite, "rename away": Source.rename_away,
    "folder moved": Source.move_folder_away, "delete": Source.delete, "folder": Source.become_folder, "symlink": Source.become_symlink,
    "touch": Source.touch, "mode": Source.change_mode,
}


class Round:
    """One dataset, packed while it changes, until it is finished."""

    def __init__(self, arguments, name, scratch, chance):
        self.dataprep, self.name, self.case, self.chance = arguments.dataprep, name, CASES[name], chance
        self.out = os.path.join(scratch, "out")
        self.source = Source(os.path.join(scratch, "src"), self.case, chance)
        self.on_change = chance.choice(["retry", "retry", "skip", "fail"])
        self.changes, self.wrong, self.said = [], [], ""
        self.failed, self.kills = False, 0

    def command(self, *more):
        source = self.source.path("file") if self.name == "alone" else self.source.folder
        return [self.dataprep, "pack", source, "-o", self.out, *self.case.options, "--threads", str(self.chance.choice([1, 2, 3])), *more]

    def run(self):
        slow = ["--max-rate", str(self.case.rate), "--on-change", self.on_change]
        code = self.pack(slow, kill=self.chance.random() < 0.3)
        while code == -9:
            self.kills += 1
            if os.path.exists(os.path.join(self.out, "dataset.json")):
                # Killed while it cleared up: the dataset is complete, and a changed source is another one.
                code = 3 if self.rows("skipped.jsonl") else 0
                break
            for _ in range(self.chance.randrange(3)):
                self.changes.append(self.source.change())
            code = self.pack(slow, kill=self.chance.random() < 0.3)
        is_missing = self.name == "alone" and "cannot read source" in self.said
        if code == 1 and self.on_change == "fail" and not is_missing:
            self.failed = True
            self.require_path()
            self.require("--on-change retry" in self.said, "does not say how to go on")
            self.check_leftovers()
            code = self.pack(self.chance.choice([["--on-change", "retry"], ["--on-change", "skip"], ["--restart"]]))
        if code == 1 and self.name == "alone" and any(state is None or state[0] != "file" or i > 3 for i, state in enumerate(self.source.states["file"])) | (self.on_change != "retry"):
            # What is left out is all there is.
            self.failed = True
            self.require_path()
            self.check_leftovers()
            if not self.source.is_file("file"):
                self.source.come_back("file")
            code = self.pack(["--restart"])
        self.require(code in (0, 3), f"exit {code}")
        if not self.wrong:
            self.check(code)

    def pack(self, options, kill=False):
        """Runs, with changes at random moments; the exit code."""
        slow = "--max-rate" in options
        process = subprocess.Popen(self.command(*options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        began = time.monotonic()
        moments = sorted(self.chance.uniform(0, self.case.seconds) for _ in range(self.chance.choice([1, 2, 3, 6]) if slow else 0))
        for at in moments:
            try:
                process.wait(max(0, began + at - time.monotonic()))
                break
            except subprocess.TimeoutExpired:
                self.changes.append(self.source.change())
        if kill:
            try:
                process.wait(self.chance.uniform(0, self.case.seconds))
            except subprocess.TimeoutExpired:
                process.kill()
        output, self.said = process.communicate(timeout=TIMEOUT)
        self.require("\n   at " not in self.said and "Unhandled" not in self.said, "stack trace")
        return process.returncode

    def require(self, condition, message):
        if not condition:
            self.wrong.append(f"{message}: {self.said.strip()}")

    def require_path(self):
        self.require(any(self.source.path(name) in self.said for _, name, _ in self.changes) or any(self.source.path(name) in self.said for name in self.source.states if len(self.source.states[name]) > 1), "names no file that changed")

    def run_tool(self, *words):
        return subprocess.run([self.dataprep, *words], capture_output=True, text=True, timeout=TIMEOUT)

    def check_leftovers(self):
        """A run that failed has left nothing but complete pieces under final names."""
        names = [name for name in os.listdir(self.out) if name != ".dataprep"] if os.path.isdir(self.out) else []
        cars = [os.path.join(self.out, name) for name in names if name.endswith(".car")]
        others = [name for name in names if not name.endswith((".car", ".tree"))]
        self.require(not others, f"{others} after a run that failed")
        if cars:
            found = self.run_tool("commp", "--json", *cars)
            for line in map(json.loads, found.stdout.splitlines()):
                if line["type"] == "commp":
                    self.require(os.path.basename(line["path"]) == line["pieceCid"] + ".car", f"{line['path']} is no complete piece")
            for car in cars:
                result = self.run_tool("verify", car)
                self.require(result.returncode == 0, f"a piece that is not whole: {result.stdout}{result.stderr}")

    def rows(self, name):
        path = os.path.join(self.out, name)
        if not os.path.exists(path):
            return {}
        with open(path, encoding="utf-8") as file:
            return {row["path"]: row for row in map(json.loads, file)}

    def check(self, code):
        self.files, self.skipped = self.rows("files.jsonl"), self.rows("skipped.jsonl")
        self.require((code == 3) == bool(self.skipped), f"exit {code} with {len(self.skipped)} skipped inputs")
        for name, row in self.files.items():
            self.require(self.state_of(name) is not None, f"{name} is packed in no state that it had: {row}; it had {self.source.states[name]}")
        for name, row in self.skipped.items():
            states = self.source.states[name]
            self.require(len(states) > 1, f"{name} is left out and never changed: {row}")
            self.require(name not in self.files, f"{name} is both packed and left out")
            may = self.on_change != "retry" or len(states) > 4 or any(state is None or state[0] != "file" for state in states)
            self.require(may, f"{name} is left out and changed less often than it is tried: {row}")
            self.require(row["reason"] in ("changed", "vanished", "replaced", "unreadable"), f"{name} is left out, {row['reason']}")
        for name, states in self.source.states.items():
            if name not in self.files and name not in self.skipped:
                self.require(None in states, f"{name} is neither packed nor left out; it had {states}")
        result = self.run_tool("verify", self.out)
        self.require(result.returncode == 0, f"verify: {result.stdout}{result.stderr}")

    def state_of(self, name):
        """Number of the last state that is the packed one; None where there is none."""
        row = self.files[name]
        if name not in self.source.states:
            return 0 if row["type"] == "dir" and any(other.startswith(name + "/") for other in self.source.states) else None
        packed = ("dir",) if row["type"] == "dir" else (row["type"], row["size"], row["mode"], row["mtime"], row["cid"])
        states = self.source.states[name]
        return next((i for i in reversed(range(len(states))) if states[i] == packed), None)

    def outcome(self, name, first):
        if self.failed and name not in self.files:
            return "run failed"
        if name in self.skipped:
            return "left out"
        if name not in self.files:
            return "not found"
        prefix = "run failed, then " if self.failed else ""
        return prefix + ("packed before" if self.state_of(name) < first else "packed after")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataprep")
    parser.add_argument("--rounds", type=int, default=500, help="changes, at least, over all cases")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--case", choices=CASES)
    parser.add_argument("--scratch", help="a folder for sources and outputs; it decides the file system")
    arguments = parser.parse_args()
    arguments.dataprep = os.path.abspath(arguments.dataprep)
    print(f"seed {arguments.seed}", flush=True)
    chance = random.Random(arguments.seed)
    counts, runs, total, kills, failed = collections.defaultdict(collections.Counter), collections.Counter(), 0, 0, 0
    names = [arguments.case] if arguments.case else list(CASES)
    while total < arguments.rounds:
        name = names[sum(runs.values()) % len(names)]
        with tempfile.TemporaryDirectory(dir=arguments.scratch) as scratch:
            one = Round(arguments, name, scratch, chance)
            one.run()
            runs[name] += 1
            kills += one.kills
            total += len(one.changes)
            if one.wrong:
                failed += 1
                print(f"FAIL {name}, {one.on_change}, run {sum(runs.values())}, changes {one.changes}", *one.wrong, sep="\n  ", flush=True)
                continue
            for kind, path, first in one.changes:
                counts[kind][one.outcome(path, first)] += 1
    for kind in sorted(counts):
        print(f"{kind}: " + ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts[kind].items())))
    print(f"{'FAIL' if failed else 'pass'}: {total} changes in {sum(runs.values())} runs ({', '.join(f'{n} {name}' for name, n in runs.items())}), {kills} kills, {failed} wrong")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
