"""Runs one command and says what it took."""

import dataclasses
import os
import pathlib
import re
import shlex
import signal
import subprocess
import threading
import time

SAMPLE_SECONDS = 0.1


@dataclasses.dataclass
class Run:
    """Seconds, and bytes of the largest process's peak; `samples` are pairs of seconds and resident bytes."""

    wall: float
    user: float
    system: float
    peak: int
    status: int
    pieces: tuple
    tail: str
    samples: list

    @property
    def ok(self):
        # 3: packed, but some input could not be
        return self.status in (0, 3)


def run(command, work, sampled=False):
    """`command` is what a person would type in the work folder."""
    argv = ["sh", "-c", command] if re.search("[|&;]", command) else shlex.split(command)
    said = work / "said"
    with open(said, "wb") as output:
        began = time.perf_counter()
        child = subprocess.Popen(["/usr/bin/time", "-f", "%U %S %M", "-o", work / "time", *argv],
                                 cwd=work, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        samples = []
        try:
            if sampled:
                threading.Thread(target=_sample, args=(child.pid, samples, began), daemon=True).start()
            child.wait()
        except BaseException:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            raise
        wall = time.perf_counter() - began
    text = said.read_text(errors="replace")
    # A line about a failing status may stand before the figures
    user, system, peak = (work / "time").read_text().splitlines()[-1].split()
    return Run(wall, float(user), float(system), int(peak) << 10, child.returncode,
               tuple(sorted(set(re.findall(r"\bbaga[a-z2-7]+", text)))), text[-400:].strip(), list(samples))


def _sample(timer, samples, began):
    """Resident memory of the one child of `time`, as long as it lives."""
    while True:
        try:
            child = pathlib.Path(f"/proc/{timer}/task/{timer}/children").read_text().split()
            status = pathlib.Path(f"/proc/{child[0]}/status").read_text() if child else ""
        except OSError:
            return
        found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
        if found:
            samples.append((round(time.perf_counter() - began, 2), int(found[1]) << 10))
        time.sleep(SAMPLE_SECONDS)


def openssl_rate():
    """Bytes a second that one core hashes with OpenSSL."""
    said = subprocess.run(["openssl", "speed", "-evp", "sha256", "-bytes", "16384", "-seconds", "1", "-mr"], capture_output=True, text=True, check=True)
    return float(re.search(r"^\+F:\d+:sha256:([\d.]+)", said.stdout, re.MULTILINE)[1])


def kernel(work):
    """Packs one small file: fails early where dataprep does not run, and says which kernel it chose."""
    (work / "in").write_bytes(b"warm-up")
    run_ = run("dataprep pack in -o out -v", work)
    if not run_.ok:
        raise OSError(f"dataprep does not run here: {run_.tail}")
    found = re.search(r"SHA-256 by (\S+)", (work / "said").read_text())
    remove(work / "in", work / "out")
    return found[1] if found else "unknown"


def settle(work, cold):
    """Takes the last output away and lets the disk come to rest; cold, forgets the input as well."""
    remove(work / "out")
    subprocess.run(["sync", "-f", work], check=True)
    if not cold:
        return
    for file in _files(work / "in"):
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)
    try:
        pathlib.Path("/proc/sys/vm/drop_caches").write_text("3\n")
    except OSError:
        return  # not root: names and inodes stay in memory
    # The programs were forgotten too, and are not what is to be timed
    subprocess.run(["dataprep", "commp", work / "said"], stdout=subprocess.DEVNULL, check=True)


def _files(path):
    if path.is_file():
        yield path
        return
    for folder, _, names in os.walk(path):
        yield from (os.path.join(folder, name) for name in names if not os.path.islink(os.path.join(folder, name)))


def remove(*paths):
    subprocess.run(["rm", "-rf", "--", *paths], check=True)
