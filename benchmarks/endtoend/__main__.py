"""Times whole processes of dataprep over made datasets, beside reference commands in the same run."""

import argparse
import datetime
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

import machine
import measure
import report
import scenarios

ROOT = pathlib.Path(__file__).resolve().parents[2]

EXAMPLES = f"""
scenarios:
{scenarios.describe()}

examples:
  benchmarks/run.sh file small tiny                    2 GiB, 1 GB and 0.2 GB in /dev/shm, 5 rounds
  benchmarks/run.sh file --on /data --cold             on a disk, input not in the page cache, durable references
  benchmarks/run.sh mixed --tree /srv/photos --rounds 3
  benchmarks/run.sh memory million --rounds 1          long: peak memory and its course
  benchmarks/run.sh all --scale 0.02                   a trial of everything within minutes
  benchmarks/run.sh file commp --out benchmarks/results/some-cpu/2030-01-31
"""


def parse(arguments):
    parser = argparse.ArgumentParser(prog="benchmarks/run.sh", description=__doc__, epilog=EXAMPLES,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", nargs="+", choices=[*scenarios.ALL, "all"], metavar="SCENARIO", help="what to time; several, or all")
    parser.add_argument("--on", default="tmpfs", metavar="tmpfs|DIR", help="where input and output lie: /dev/shm (default), or a folder on a disk")
    parser.add_argument("--cold", action="store_true", help="drop the input from the page cache before each run (all caches where root)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="rounds of all commands of a scenario (default 5)")
    parser.add_argument("--scale", type=float, default=1, metavar="X", help="multiplies the sizes, for trials")
    parser.add_argument("--tree", metavar="DIR", help="folder for mixed (default: the .NET SDK's)")
    parser.add_argument("--sparse", action="store_true", help="memory: a file without data, which needs room for the output alone")
    parser.add_argument("--out", metavar="PREFIX", help="results go to PREFIX.md and PREFIX.jsonl (default: artifacts/bench/TIME)")
    parser.add_argument("--dataprep", metavar="FILE", help="the executable (default: built from this checkout)")
    options = parser.parse_args(arguments)
    if options.rounds < 1 or not 0 < options.scale <= 1000:
        parser.error("--rounds must be at least 1, --scale from above 0 to 1000")
    options.place = pathlib.Path("/dev/shm" if options.on == "tmpfs" else options.on).resolve()
    if not options.place.is_dir():
        parser.error(f"--on: {options.place} is no folder")
    options.filesystem = machine.filesystem(options.place)
    options.durable = not options.filesystem.startswith("tmpfs")
    if options.cold and not options.durable:
        parser.error("--cold: tmpfs is memory, there is no cache to drop")
    built = ROOT / "src/DataPrep.Cli/bin/Release/net10.0/dataprep"
    options.dataprep = pathlib.Path(options.dataprep or built).resolve()
    if options.dataprep.name != "dataprep" or not os.access(options.dataprep, os.X_OK):
        parser.error(f"--dataprep: {options.dataprep} is no executable of that name")
    stamp = datetime.datetime.now().strftime("%Y-%m-%d-%H%M%S")
    options.out = pathlib.Path(options.out or ROOT / "artifacts/bench" / stamp)
    if options.out.with_name(options.out.name + ".md").exists():
        parser.error(f"{options.out}.md is there already")
    return options


def require_room(chosen, place):
    """Refuses before anything is written; datasets are made and removed one after the other."""
    disk = os.statvfs(place)
    free = disk.f_bavail * disk.f_frsize
    memory = machine.available_memory() if machine.filesystem(place).startswith("tmpfs") else None
    for scenario in chosen:
        room, files = scenario.room, scenario.dataset.entries * 2
        short = None
        if room > free:
            short = f"{room / 1e9:.1f} GB of room are needed, {free / 1e9:.1f} GB are free"
        elif disk.f_files and files > disk.f_favail:
            short = f"{files} inodes are needed, {disk.f_favail} are free"
        elif memory is not None and room + 1500 * files + (1 << 30) > memory:
            short = f"{room / 1e9:.1f} GB would lie in memory, of which {memory / 1e9:.1f} GB are available"
        if short:
            sys.exit(f"{scenario.name} on {place}: {short}; try --scale, or another place")


def time_scenario(scenario, work, options, log):
    """Rounds of all rows, every other one in reverse, so that no row always follows the same one."""
    runs = {row: [] for row in scenario.rows}
    rates = []
    for number in range(1, options.rounds + 1):
        rates.append(measure.openssl_rate())
        for row in scenario.rows if number % 2 else reversed(scenario.rows):
            measure.settle(work, options.cold)
            run = measure.run(row.command, work, sampled=row.sampled)
            tell(f"{scenario.name} {number}/{options.rounds}  {run.wall:7.2f} s  {row.command}" + ("" if run.ok else f"  FAILED: {run.tail}"))
            runs[row].append(run)
            log.add(scenario, number, row, run, rates[-1])
            if not run.ok and row.ours:
                sys.exit(f"{row.command}: exit {run.status}\n{run.tail}")
        pieces = {run.pieces for row in scenario.rows if row.ours for run in runs[row]}
        if len(pieces) > 1:
            sys.exit(f"{scenario.name}: runs over the same data gave different pieces: {sorted(pieces)}")
    return runs, rates


def tell(text):
    print(text, file=sys.stderr, flush=True)


def on_signals(handler):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handler)


def stop(number, _):
    raise SystemExit(128 + number)


def main():
    options = parse(sys.argv[1:])
    sys.setrecursionlimit(10_000)  # folders nested 500 deep
    names = list(scenarios.ALL) if "all" in options.scenario else list(dict.fromkeys(options.scenario))
    chosen = [scenarios.ALL[name](options) for name in names]
    require_room(chosen, options.place)

    on_signals(stop)
    work = pathlib.Path(tempfile.mkdtemp(prefix="dataprep-bench-", dir=options.place))
    try:
        os.environ["PATH"] = f"{options.dataprep.parent}:{os.environ['PATH']}"
        facts = machine.facts(ROOT, options, measure.kernel(work))
        log = report.Log(options.out, facts)
        for scenario in chosen:
            tell(f"{scenario.name}: making {scenario.dataset.title}")
            scenario.dataset.make(work / "in")
            subprocess.run(["sync", "-f", work], check=True)
            runs, rates = time_scenario(scenario, work, options, log)
            log.finish(scenario, runs, rates)
            measure.remove(work / "in", work / "out")
        tell(f"{log.markdown}\n{log.lines}")
    except (OSError, subprocess.CalledProcessError, shutil.Error) as failure:
        sys.exit(f"run.sh: {failure}")
    finally:
        on_signals(signal.SIG_IGN)  # a second Ctrl-C shall not leave gigabytes behind
        measure.remove(work)


main()
