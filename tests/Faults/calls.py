#!/usr/bin/env python3
"""Makes each system call of `dataprep pack` fail, or kills the run at it; then runs the same command again.

    tests/Faults/calls.py DATAPREP [--only CALL] [--section out|resumed|source|full] [--scratch FOLDER]

An undisturbed run under strace tells which calls there are: of each kind on each file the first, the second and so on. Each of them
gets each fault once.

out, resumed: files of OUT, in a run from the beginning and in one that goes on. A fault may end the run only with exit code 1 and a
message that names OUT, without a stack trace; no final name may then hold anything but what the undisturbed run put there, and the
run after it must end byte for byte like that one.
source: what is read. A fault may only leave out the file or folder that it hits, with exit code 3; all else is packed as ever.
full: another writer takes the room of a small file system while a run is at work on it; needs the right to mount one.
Needs strace.
"""
import argparse
import collections
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

spec = importlib.util.spec_from_file_location("kill", os.path.join(os.path.dirname(__file__), "kill.py"))
kill = importlib.util.module_from_spec(spec)
spec.loader.exec_module(kill)

KILL = "signal=SIGKILL"
FAULTS = [(call, KILL) for call in ("fsync", "msync", "rename", "renameat2", "symlink", "ftruncate", "fallocate", "pwrite64", "write", "unlink", "mkdir")]
FAULTS += [(call, "error=ENOSPC") for call in ("pwrite64", "write", "fallocate", "ftruncate", "mkdir", "symlink", "openat")]
FAULTS += [(call, "error=EIO") for call in ("fsync", "msync", "pread64", "read", "write", "unlink", "ftruncate", "flock")]
FAULTS += [("rename", "error=EACCES"), ("renameat2", "error=EACCES"), ("renameat2", "error=EINVAL"), ("openat", "error=EACCES"), ("fallocate", "error=EINTR"), ("fallocate", "error=EOPNOTSUPP")]
SOURCE_FAULTS = [(call, "error=EIO") for call in ("openat", "open", "pread64", "read", "preadv", "getdents64", "newfstatat", "statx", "fstat", "lstat", "stat", "readlink", "readlinkat")]
SOURCE_FAULTS += [(call, "error=EACCES") for call in ("openat", "open", "getdents64")]
SOURCE_FAULTS += [("openat", "error=ENOENT"), ("newfstatat", "error=ENOENT"), ("statx", "error=ENOENT")]
ON_FOLDER = ("openat", "newfstatat", "statx", "readlinkat")
WITHOUT_PATH = ("msync",)
TIMEOUT = 120


class Sweep:
    def __init__(self, dataprep, scratch):
        self.dataprep, self.scratch = dataprep, scratch
        self.source = os.path.join(scratch, "src")
        self.log = os.path.join(scratch, "log")
        self.outs = [os.path.join(scratch, "out"), os.path.join(scratch, "more")]
        noise = kill.random.Random(5)
        for name, size in (("a", 1_500_000), ("b/c", 900_000), ("b/empty", 0), ("d", 2_300_000), ("e/f/g", 3000), ("e/h", 70_000)):
            os.makedirs(os.path.dirname(os.path.join(self.source, name)), exist_ok=True)
            with open(os.path.join(self.source, name), "wb") as file:
                file.write(noise.randbytes(size))
        os.symlink("a", os.path.join(self.source, "link"))

    def command(self):
        return [self.dataprep, "pack", self.source, "-o", self.outs[0], "-o", self.outs[1], "--threads", "1", *kill.COMMON, *kill.CASES["several"]]

    def clear(self):
        for out in self.outs:
            shutil.rmtree(out, ignore_errors=True)

    def run(self, *before):
        return subprocess.run([*before, *self.command()], capture_output=True, text=True, timeout=TIMEOUT)

    def learn(self):
        """What an undisturbed run ends with, and its calls; then those of a run that goes on after a kill."""
        self.calls = self.points()
        self.expected = kill.contents(self.outs[0])
        self.rows = self.read_rows()
        renames = [point for point in self.calls if point[0] == "renameat2" and (point[1] or "").endswith(".car.part")]
        self.middle = renames[1]
        self.calls_resumed = self.points(self.middle)

    def points(self, middle=None):
        """Call, path and number of each call on files of the source and of OUT, in their order."""
        self.clear()
        if middle:
            self.run(*self.strace(middle, KILL))
        names = sorted({call for call, _ in FAULTS + SOURCE_FAULTS})
        known = subprocess.run(["strace", "-o", os.devnull, "-e", "trace=" + ",".join("?" + name for name in names), "true"], capture_output=True, check=False)
        traced = "trace=" + ",".join(("?" if known.returncode == 0 else "") + name for name in names)
        self.run("strace", "-f", "-yy", "-s", "4096", "-o", self.log, "-e", traced).check_returncode()
        counts, points = collections.Counter(), []
        with open(self.log, encoding="utf-8", errors="replace") as log:
            for line in log:
                if (found := re.match(r"(\d+) +(\w+)\((.*)", line)) is None:
                    continue
                thread, call, words = found.groups()
                counts[thread, call, None] += 1
                for path in self.paths_of(call, words):
                    # A name that is another one each time: the call is found by its number among all of its kind.
                    path = None if re.search(r"/[0-9a-f]{32}\.plan\.part$", path or "") else path
                    counts[thread, call, path] += path is not None
                    point = (call, path, counts[thread, call, path])
                    if point not in points:
                        points.append(point)
        return points

    def paths_of(self, call, words):
        if call in WITHOUT_PATH:
            return [None]
        if call in ("openat", "newfstatat", "statx", "readlinkat"):
            found = re.match(r'(?:AT_FDCWD|\d+)?(?:<([^>]*)>)?, "([^"]*)"', words)
            paths = [found[2] if found[2].startswith("/") else found[1] or ""] if found else []
        elif call in ("rename", "renameat2", "symlink", "unlink", "mkdir", "open", "lstat", "stat", "readlink"):
            paths = re.findall(r'"(/[^"]*)"', words)
            paths = paths[1:] if call == "symlink" else paths[:1]
        else:
            found = re.match(r"\d+<([^>]*)>", words)
            paths = [found[1]] if found else []
        return [path for path in paths if path.startswith((*self.outs, self.source)) and os.path.basename(path) != "nothing"]

    def strace(self, point, fault):
        call, path, when = point
        return ["strace", "-f", "-qq", "-o", self.log, *(["-P", path] if path else []), "-e", f"trace={call}", "-e", f"inject={call}:{fault}:when={when}"]

    def hit(self, fault):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            text = log.read()
        return "killed by SIGKILL" in text if fault == KILL else "INJECTED" in text

    def one(self, point, fault, middle):
        """None where the call was not hit, else what went wrong."""
        self.clear()
        if middle:
            self.run(*self.strace(middle, KILL))
        first = self.run(*self.strace(point, fault))
        if not self.hit(fault):
            return None
        wrong, said = [], f"exit {first.returncode}: {first.stderr.strip()}"
        if fault != KILL and first.returncode not in (0, 1):
            wrong.append(said)
        if first.returncode == 1 and not any(out in first.stderr for out in self.outs):
            wrong.append("names no path: " + said)
        if "\n   at " in first.stderr or "Unhandled" in first.stderr:
            wrong.append(said)
        if first.returncode == 0 and kill.contents(self.outs[0]) != self.expected:
            wrong.append("exit 0 with other output")
        for name, found in kill.contents(self.outs[0]).items():
            if name.endswith((".car", ".tree")) and found != self.expected.get(name):
                wrong.append(f"{name} is not what it should be")
        again = self.run()
        if again.returncode != 0:
            wrong.append(f"again: exit {again.returncode}: {again.stderr.strip()}; before: {said}")
        elif kill.contents(self.outs[0]) != self.expected:
            wrong.append("another output in the end; before: " + said)
        return wrong

    def read_rows(self):
        """What files.jsonl says of files and symlinks; their places in pieces left out."""
        with open(os.path.join(self.outs[0], "files.jsonl"), encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        return {row["path"]: [row[word] for word in ("type", "size", "mode", "mtime", "cid")] for row in rows if row["type"] != "dir"}

    def one_of_source(self, point, fault, _):
        self.clear()
        first = self.run(*self.strace(point, fault))
        if not self.hit(fault):
            return None
        call, path, _ = point
        wrong, said = [], f"exit {first.returncode}: {first.stderr.strip()}"
        if "\n   at " in first.stderr or "Unhandled" in first.stderr or first.returncode not in (0, 1, 3):
            wrong.append(said)
        if first.returncode == 0 and kill.contents(self.outs[0]) != self.expected:
            wrong.append("exit 0 with other output")
        if first.returncode == 1:
            # Only of a source itself; anything below it can be left out.
            if path != self.source or path not in first.stderr or kill.contents(self.outs[0]):
                wrong.append(said)
            again = self.run()
            if again.returncode != 0 or kill.contents(self.outs[0]) != self.expected:
                wrong.append(f"again: exit {again.returncode}: {again.stderr.strip()}; before: {said}")
        if first.returncode == 3:
            with open(os.path.join(self.outs[0], "skipped.jsonl"), encoding="utf-8") as file:
                lost = [json.loads(line)["path"] for line in file]
            hit = os.path.relpath(path, self.source)
            # The n-th call of each thread is hit, so that in a folder there may be more than one.
            if not lost or not all(name == hit or (call in ON_FOLDER and os.path.dirname(name) == hit.rstrip(".")) for name in lost):
                wrong.append(f"{lost} left out: {said}")
            if not all(name in first.stderr for name in lost):
                wrong.append(f"does not name {lost}: {said}")
            rest = {name: row for name, row in self.rows.items() if not any(name == path or name.startswith(path + "/") for path in lost)}
            if self.read_rows() != rest:
                wrong.append(f"what was not hit is another: {said}")
            verified = subprocess.run([self.dataprep, "verify", self.outs[0]], capture_output=True, text=True, timeout=TIMEOUT)
            if verified.returncode != 0:
                wrong.append(f"verify: {verified.stdout}{verified.stderr}; before: {said}")
        self.outcomes[first.returncode] += 1
        return wrong

    def sweep(self, name, points, one, call, fault, middle=None):
        points = [point for point in points if point[0] == call]
        if not points:
            return False
        hits, failed = 0, 0
        self.outcomes = collections.Counter()
        for point in points:
            try:
                wrong = one(point, fault, middle)
            except subprocess.TimeoutExpired as e:
                wrong = [f"hangs: {' '.join(e.cmd[-20:])}"]
            hits += wrong is not None
            failed += bool(wrong)
            for line in wrong or []:
                print(f"FAIL {name} {fault} {point}: {line}", flush=True)
        ends = "".join(f", {count} with exit {code}" for code, count in sorted(self.outcomes.items()))
        print(f"{'FAIL' if failed else 'pass'} {name} {call} {fault}: {hits} of {len(points)} calls hit, on {len({path for _, path, _ in points})} files, {failed} wrong{ends}", flush=True)
        return failed > 0

    def fill(self):
        """Another writer takes the room while a run is at work."""
        failed, hits = False, 0
        self.outs = [os.path.join(self.scratch, "small")]
        small = self.outs[0]
        shutil.rmtree(os.path.join(self.source))
        os.makedirs(self.source)
        noise = kill.random.Random(6)
        for name, size in (("a", 400_000), ("b", 500_000), ("c", 300_000)):
            with open(os.path.join(self.source, name), "wb") as file:
                file.write(noise.randbytes(size))
        for case in ("1MiB", "4MiB"):
            command = [self.dataprep, "pack", self.source, "--threads", "1", "--checkpoint", "0", "--piece-size", case, "--chunk-size", "64KiB", "-o"]
            undisturbed = os.path.join(self.scratch, "undisturbed-" + case)
            subprocess.run([*command, undisturbed], check=True, capture_output=True)
            expected = kill.contents(undisturbed)
            for step in range(16):
                os.makedirs(small, exist_ok=True)
                mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", small], capture_output=True, text=True, check=False)
                if mounted.returncode != 0:
                    print(f"skip full: no file system can be mounted here: {mounted.stderr.strip()}")
                    return False
                try:
                    was_hit, wrong = self.fill_once([*command, small], expected, 0.1 + step * 0.07, (step % 4) * 30_000)
                finally:
                    subprocess.run(["umount", small], check=True)
                hits += was_hit
                failed |= bool(wrong)
                for line in wrong:
                    print(f"FAIL full {case} {step}: {line}", flush=True)
        print(f"{'FAIL' if failed else 'pass'} full: {hits} of 32 runs without room", flush=True)
        return failed

    def fill_once(self, command, expected, delay, left):
        """Fills all but so many bytes after a time; whether the run failed by it, and what went wrong."""
        process = subprocess.Popen([*command, "--max-rate", "1MiB"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(delay)
        filler = os.path.join(self.outs[0], "other")
        state = os.statvfs(self.outs[0])
        with open(filler, "wb", buffering=0) as file:
            file.write(b"x" * max(0, state.f_bavail * state.f_frsize - left))
        _, said = process.communicate(timeout=TIMEOUT)
        wrong, was_hit = [], process.returncode == 1
        if process.returncode not in (0, 1) or "\n   at " in said or "Unhandled" in said:
            wrong.append(f"exit {process.returncode}: {said}")
        if was_hit and (self.outs[0] not in said or ("No space left" not in said and "too little room" not in said)):
            wrong.append(f"does not say what is full: {said}")
        for name, found in kill.contents(self.outs[0]).items():
            if name != "other" and found != expected.get(name):
                wrong.append(f"{name} is not what it should be")
        os.remove(filler)
        again = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
        if again.returncode != 0 or kill.contents(self.outs[0]) != expected:
            wrong.append(f"with room again: exit {again.returncode}: {again.stderr.strip()}; before: {said}")
        return was_hit, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataprep")
    parser.add_argument("--only", help="a system call")
    parser.add_argument("--section", choices=("out", "resumed", "source", "full"))
    parser.add_argument("--scratch", help="a folder for source and outputs, not in memory")
    arguments = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as scratch:
        sweep = Sweep(os.path.abspath(arguments.dataprep), os.path.realpath(scratch))
        sweep.learn()
        of_source = {point for point in sweep.calls if point[1] and point[1].startswith(sweep.source)}
        runs = [
            ("out", [point for point in sweep.calls if point not in of_source], sweep.one, FAULTS, None),
            ("resumed", [point for point in sweep.calls_resumed if not (point[1] or "").startswith(sweep.source)], sweep.one, FAULTS, sweep.middle),
            ("source", [point for point in sweep.calls if point in of_source], sweep.one_of_source, SOURCE_FAULTS, None),
        ]
        for name, points, one, faults, middle in runs:
            for call, fault in faults:
                if arguments.only in (None, call) and arguments.section in (None, name):
                    failed |= sweep.sweep(name, points, one, call, fault, middle)
        if arguments.only is None and arguments.section in (None, "full"):
            failed |= sweep.fill()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
