#!/usr/bin/env python3
"""Kills `dataprep pack` at random instants, and holds what it leaves and what a resumed run ends with against an undisturbed run.

    tests/Faults/kill.py DATAPREP [--kills N] [--seed N] [--case NAME] [--scratch FOLDER]

DATAPREP is the executable. After every kill each CAR and tree sidecar under its final name must be that of the undisturbed run,
byte for byte; after the run that gets to its end, all of OUT must be. Exit code 1 when anything differs.
"""
import argparse
import hashlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

COMMON = ["--checkpoint", "0", "--slab-size", "1MiB"]
CASES = {
    "several": ["--piece-size", "2MiB", "--chunk-size", "64KiB"],
    "larger": ["--piece-size", "8MiB", "--chunk-size", "64KiB"],
    "one": ["--piece-size", "64MiB", "--chunk-size", "64KiB"],
    "filled": ["--piece-size", "8MiB", "--min-piece-size", "8MiB", "--chunk-size", "64KiB"],
    "folders": ["--piece-size", "2MiB", "--chunk-size", "64KiB"],
    "inline": ["--piece-size", "2MiB", "--chunk-size", "64KiB", "--inline"],
    "v0": ["--piece-size", "2MiB", "--profile", "unixfs-v0-2015"],
}


def write_source(folder, seed):
    """Files that are cut over pieces, files that fit in one, empty ones, a symlink, folders."""
    noise = random.Random(seed)
    sizes = {"a": 3 << 20, "b/c": 700_000, "b/d": 5 << 20, "b/empty": 0, "e/f/g": 65536, "e/h": 2_500_000}
    sizes.update({f"small/{i}": noise.randrange(3000) for i in range(40)})
    for name, size in sizes.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(noise.randbytes(size))
    os.symlink("a", os.path.join(folder, "link"))


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def contents(out):
    """Name to digest of all that stands in OUT, the work folder left out; symlinks are followed."""
    if not os.path.isdir(out):
        return {}
    return {name: digest(os.path.join(out, name)) for name in os.listdir(out) if name != ".dataprep"}


class Case:
    def __init__(self, name, arguments, scratch):
        self.name, self.arguments, self.scratch = name, arguments, scratch
        self.outs = [os.path.join(scratch, folder) for folder in (["out", "more"] if name == "folders" else ["out"])]
        self.expected = {}

    def command(self, threads, outs=None):
        command = [self.arguments.dataprep, "pack", os.path.join(self.scratch, "src")]
        for out in outs or self.outs:
            command += ["-o", out]
        return command + COMMON + CASES[self.name] + ["--threads", str(threads)]

    def run(self):
        """Number of kills, and what went wrong."""
        undisturbed = [os.path.join(self.scratch, "expected-" + os.path.basename(out)) for out in self.outs]
        began = time.monotonic()
        subprocess.run(self.command(2, undisturbed), check=True, capture_output=True)
        took = time.monotonic() - began
        self.expected = contents(undisturbed[0])
        more = [set(contents(out)) for out in undisturbed]
        chance = random.Random(f"{self.arguments.seed} {self.name}")
        kills, wrong = 0, []
        while kills < self.arguments.kills and not wrong:
            for out in self.outs:
                shutil.rmtree(out, ignore_errors=True)
            killed_here = 0
            while not wrong:
                killed, error = self.step(chance, 0.0 if killed_here >= 8 else took)
                if not killed:
                    if error:
                        wrong.append(error)
                    break
                kills, killed_here = kills + 1, killed_here + 1
                wrong += self.halves()
            if not wrong:
                wrong += self.differences()
                wrong += [f"{out} holds other names" for out, names in zip(self.outs, more) if set(contents(out)) != names]
        return kills, wrong

    def step(self, chance, within):
        """One run, killed at some instant unless it is to end: whether it was killed, and what it said when it failed."""
        process = subprocess.Popen(self.command(chance.choice([1, 2, 3])), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            output, _ = process.communicate(timeout=chance.uniform(0.3, 1.0) * within if within else 600)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
            if process.returncode == -9 and within:
                return True, None
        return False, None if process.returncode == 0 else f"exit {process.returncode}: {output}"

    def halves(self):
        """Final names that stand for something else than in the undisturbed run."""
        wrong = []
        for out in self.outs:
            for name, found in contents(out).items():
                if name.endswith((".car", ".tree", ".inline")) and found != self.expected.get(name):
                    wrong.append(f"after a kill {out}/{name} is not what it should be")
        return wrong

    def differences(self):
        found = contents(self.outs[0])
        return [f"{name} differs" for name in sorted(found.keys() | self.expected.keys()) if found.get(name) != self.expected.get(name)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataprep")
    parser.add_argument("--kills", type=int, default=40, help="of each case, at least")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--case", choices=CASES)
    parser.add_argument("--scratch", help="a folder for sources and outputs; it decides the file system")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    failed = False
    for name in [arguments.case] if arguments.case else CASES:
        with tempfile.TemporaryDirectory(dir=arguments.scratch) as scratch:
            write_source(os.path.join(scratch, "src"), 1)
            kills, wrong = Case(name, arguments, scratch).run()
        print(f"{'FAIL' if wrong else 'pass'} {name}: {kills} kills", *wrong, sep="\n  ", flush=True)
        failed |= bool(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
