#!/usr/bin/env python3
"""Makes each system call of `dataprep pack` on files of OUT fail, or kills the run at it; then runs the same command again.

    tests/Faults/calls.py DATAPREP [--only CALL] [--scratch FOLDER]

The n-th call of each kind is swept until no call is hit any more (strace counts for each thread by itself). A fault may end the
run only with exit code 1 and a message that names OUT, without a stack trace; no final name may then hold anything but what the
undisturbed run put there, and the run after it must end byte for byte like that one. Needs strace.
"""
import argparse
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile

spec = importlib.util.spec_from_file_location("kill", os.path.join(os.path.dirname(__file__), "kill.py"))
kill = importlib.util.module_from_spec(spec)
spec.loader.exec_module(kill)

KILL = "signal=SIGKILL"
FAULTS = [(call, KILL) for call in ("fsync", "msync", "rename", "symlink", "ftruncate", "fallocate", "pwrite64", "unlink", "mkdir")]
FAULTS += [(call, "error=ENOSPC") for call in ("pwrite64", "write", "fallocate", "ftruncate", "mkdir", "symlink", "openat")]
FAULTS += [(call, "error=EIO") for call in ("fsync", "msync", "pread64", "read", "unlink")]
FAULTS += [("rename", "error=EACCES"), ("openat", "error=EACCES"), ("flock", "error=EIO"), ("fallocate", "error=EINTR"), ("fallocate", "error=EOPNOTSUPP")]
WITHOUT_PATH = ("msync",)
TIMEOUT = 120


class Sweep:
    def __init__(self, dataprep, scratch):
        self.dataprep, self.scratch = dataprep, scratch
        self.source = os.path.join(scratch, "src")
        self.log = os.path.join(scratch, "log")
        self.outs = [os.path.join(scratch, "out"), os.path.join(scratch, "more")]
        noise = kill.random.Random(5)
        for name, size in (("a", 1_500_000), ("b/c", 900_000), ("b/empty", 0), ("d", 2_300_000)):
            os.makedirs(os.path.dirname(os.path.join(self.source, name)), exist_ok=True)
            with open(os.path.join(self.source, name), "wb") as file:
                file.write(noise.randbytes(size))

    def command(self):
        return [self.dataprep, "pack", self.source, "-o", self.outs[0], "-o", self.outs[1], "--threads", "1", *kill.COMMON, *kill.CASES["several"]]

    def clear(self):
        for out in self.outs:
            shutil.rmtree(out, ignore_errors=True)

    def run(self, *before):
        return subprocess.run([*before, *self.command()], capture_output=True, text=True, timeout=TIMEOUT)

    def learn(self):
        """What an undisturbed run ends with, and the paths that it uses."""
        self.clear()
        calls = "trace=" + ",".join(sorted({call for call, _ in FAULTS}))
        self.run("strace", "-f", "-y", "-s", "4096", "-o", self.log, "-e", calls).check_returncode()
        self.expected = kill.contents(self.outs[0])
        found = set()
        with open(self.log, encoding="utf-8", errors="replace") as log:
            for line in log:
                found.update(re.findall(f'["<]({re.escape(self.scratch)}/(?:out|more)[^">]*)', line))
        self.paths = sorted(path for path in found if os.path.basename(path) != "nothing")

    def strace(self, call, fault, when):
        paths = [] if call in WITHOUT_PATH else [word for path in self.paths for word in ("-P", path)]
        return ["strace", "-f", "-qq", "-o", self.log, *paths, "-e", f"trace={call}", "-e", f"inject={call}:{fault}:when={when}"]

    def hit(self, fault):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            text = log.read()
        return "killed by SIGKILL" in text if fault == KILL else "INJECTED" in text

    def one(self, call, fault, when, from_middle):
        """None where no call was hit, else what went wrong."""
        self.clear()
        if from_middle:
            self.run(*self.strace("rename", KILL, from_middle))
        first = self.run(*self.strace(call, fault, when))
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

    def sweep(self, call, fault, from_middle=0):
        hits, failed = 0, False
        for when in range(1, 1000):
            try:
                wrong = self.one(call, fault, when, from_middle)
            except subprocess.TimeoutExpired as e:
                wrong = [f"hangs: {' '.join(e.cmd[-20:])}"]
            if wrong is None:
                break
            hits += 1
            for line in wrong:
                failed = True
                print(f"FAIL {call} {fault} {when} {'resumed' if from_middle else ''}: {line}", flush=True)
        print(f"{'FAIL' if failed else 'pass'} {call} {fault} {'resumed' if from_middle else ''}: {hits} calls", flush=True)
        return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataprep")
    parser.add_argument("--only", help="a system call")
    parser.add_argument("--scratch", help="a folder for source and outputs, not in memory")
    arguments = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as scratch:
        sweep = Sweep(os.path.abspath(arguments.dataprep), scratch)
        sweep.learn()
        for call, fault in FAULTS:
            if arguments.only in (None, call):
                failed |= sweep.sweep(call, fault)
        # Where a run goes on, it reads what the one before has written: here after its fifth rename.
        for call, fault in (("pread64", "error=EIO"), ("read", "error=EIO"), ("fsync", "error=EIO"), ("ftruncate", "error=EIO"), ("pwrite64", KILL), ("symlink", KILL)):
            if arguments.only in (None, call):
                failed |= sweep.sweep(call, fault, from_middle=5)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
