"""What the results were measured on."""

import datetime
import os
import pathlib
import platform
import re
import subprocess


def _said(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def filesystem(path):
    """Type and device, such as `ext4 on /dev/sda1`; the last line is of what is mounted uppermost."""
    mounts = _said("findmnt", "-n", "-o", "FSTYPE,SOURCE", "-T", str(path)).splitlines()
    return " on ".join(mounts[-1].split(None, 1)) if mounts else _said("stat", "-f", "-c", "%T", str(path))


def _meminfo(name):
    return int(re.search(rf"^{name}:\s+(\d+) kB", pathlib.Path("/proc/meminfo").read_text(), re.MULTILINE)[1]) << 10


def available_memory():
    return _meminfo("MemAvailable")


def facts(root, options, kernel):
    """What a reader needs to repeat the run, in the order in which it is shown."""
    lscpu = dict(re.findall(r"^(.+?):\s+(.*)$", _said("lscpu"), re.MULTILINE))
    hypervisor = lscpu.get("Hypervisor vendor")
    flags = [flag for flag in ("sha_ni", "avx2", "avx512f", "sha2") if flag in lscpu.get("Flags", "").split()]
    commit = _said("git", "-C", str(root), "rev-parse", "--short", "HEAD") or "unknown"
    changed = _said("git", "-C", str(root), "status", "--porcelain", "--", "src", "native")
    # What the runtime heeds is in mixed case, what the SDK heeds in capitals
    environment = [f"{name}={value}" for name, value in sorted(os.environ.items()) if re.match(r"DATAPREP_|DOTNET_\w*[a-z]", name)]
    own = root / "src" in options.dataprep.parents
    return {
        "CPU": f"{lscpu.get('Model name', 'unknown')} ({', '.join(flags) or 'no SHA instructions'}){f', {hypervisor} guest' if hypervisor else ''}",
        "cores": f"{len(os.sched_getaffinity(0))} usable of {os.cpu_count()}, {lscpu.get('Thread(s) per core', '?')} thread(s) a core",
        "memory": f"{_meminfo('MemTotal') / (1 << 30):.0f} GiB",
        "kernel": platform.release(),
        "place": f"{filesystem(options.place)}{', input dropped from the cache before each run' if options.cold else ''}",
        "commit": f"{commit}{' with changes' if changed else ''}" if own else f"another executable, {_said(str(options.dataprep), '--version')}",
        "SHA-256 by": kernel,
        "tools": f"{_said('openssl', 'version')}; .NET SDK {_said('dotnet', '--version') or 'none'}; {_said('cp', '--version').splitlines()[0]}",
        "environment": " ".join(environment) or "nothing set that dataprep or the .NET runtime heeds",
        "load at start": "%.2f" % os.getloadavg()[0],
        "when": datetime.datetime.now().strftime("%Y-%m-%d %H:%M"),
        "rounds": f"{options.rounds}, scale {options.scale:g}",
    }
