#!/usr/bin/env python3
"""dask_pack.py SCHEDULER PLAN OUT: packs the pieces of a plan by the workers of a Dask cluster, which all see PLAN, OUT and the sources under the same paths."""
import os
import re
import subprocess
import sys
import time

from distributed import Client, as_completed

DATAPREP = os.environ.get("DATAPREP", "dataprep")


def pack(plan, out, piece):
    code = subprocess.run([DATAPREP, "pack", "--plan", plan, "--piece", str(piece), "-o", out, "--no-progress", "--quiet"], check=False).returncode
    if code != 0:
        if code == 75:  # broken off, or in the hands of another task: the next try goes on
            time.sleep(10)
        raise RuntimeError(f"piece {piece}: exit code {code}")
    return piece


if __name__ == "__main__":
    scheduler, plan, out = sys.argv[1:]
    arrays = subprocess.run([DATAPREP, "finish", plan, "-o", out, "--missing"], check=True, capture_output=True, text=True).stdout
    ranges = [ends.split("-") for ends in re.findall(r"[0-9]+(?:-[0-9]+)?", arrays)]
    pieces = [piece for ends in ranges for piece in range(int(ends[0]), int(ends[-1]) + 1)]
    with Client(scheduler) as client:
        futures = client.map(pack, [plan] * len(pieces), [out] * len(pieces), pieces, pure=False, retries=3)
        failed = sum(future.status != "finished" for future in as_completed(futures))
    print(f"{len(pieces) - failed} of {len(pieces)} pieces done", file=sys.stderr)
    sys.exit(1 if failed else subprocess.run([DATAPREP, "finish", plan, "-o", out], check=False).returncode)
