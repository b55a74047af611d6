"""One run of the scripts of deploy/slurm on a cluster of two virtual nodes, in which a task is killed, another runs out of time, and a node is lost with its tasks."""
import os
import re
import shutil
import signal
import subprocess
import time

HERE = os.path.dirname(os.path.realpath(__file__))
SCRIPTS = os.path.join(HERE, "..", "..", "deploy", "slurm")

# Tasks take long enough to be hit: those that are to be, the first four of the first array, for two minutes on their first start. Node n2 sees the sources through a
# mount of its own, and so under another device number, as nodes see a network file system
WRAPPER = """#!/bin/sh
if [ "$1" != pack ]; then exec '{dataprep}' "$@"; fi
rate=300KiB
case $SLURM_ARRAY_JOB_ID.$SLURM_ARRAY_TASK_ID.${{SLURM_RESTART_COUNT:-0}} in 1.[0-3].0) rate=8KiB ;; esac
set -- '{dataprep}' "$@" --max-rate $rate --checkpoint 0.5
if [ "$SLURMD_NODENAME" = n2 ] && {mounts}; then
  exec unshare --mount sh -c '{mount} && exec "$@"' sh "$@"
fi
exec "$@"
"""


def cannot_run():
    """Why there can be no cluster here, or None."""
    if os.geteuid() != 0:
        return "it needs root, since slurmd starts jobs as the users that they belong to"
    absent = [name for name in ("munged", "slurmctld", "slurmd", "sbatch") if not shutil.which(name)]
    return f"{', '.join(absent)} not found; install slurm-wlm and munge" if absent else None


def output(*command, **options):
    return subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, **options).stdout


def until(what, seconds, condition):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.2)
    raise TimeoutError(f"{what}: not within {seconds} s\n{output('squeue')}{output('sinfo', '--Node')}")


def job(identity):
    """The fields of a job, or of a task of an array, as Slurm has them."""
    return dict(field.split("=", 1) for field in output("scontrol", "show", "job", "--oneliner", identity).split() if "=" in field)


def has_ended(identity):
    return job(identity)["JobState"] not in ("PENDING", "RUNNING", "COMPLETING", "CONFIGURING", "REQUEUED", "SUSPENDED")


def processes_of(array, task):
    """Process ids of the pack of a task: those of its environment that are not the batch shell."""
    found = []
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                environment = file.read().split(b"\0")
            with open(f"/proc/{name}/cmdline", "rb") as file:
                command = file.read()
        except OSError:
            continue
        if f"SLURM_ARRAY_JOB_ID={array}".encode() in environment and f"SLURM_ARRAY_TASK_ID={task}".encode() in environment and b"slurm_script" not in command and b"pack\0" in command:
            found.append(int(name))
    return found


def submit(environment, plan, out, logs):
    """Runs deploy/slurm/submit. Returns its arrays as (job, what finish printed for it), and the job of finish."""
    lines = output(os.path.join(SCRIPTS, "submit"), plan, out, "--cpus-per-task=1", "--mem=1G", "--time=60", env=environment, cwd=logs).splitlines()
    arrays = [(match[1], match[2]) for line in lines if (match := re.fullmatch(r"job (\d+) (--array=.*?) *", line))]
    return arrays, re.fullmatch(r"job (\d+) finish", lines[-1])[1]


def log(logs, name):
    with open(os.path.join(logs, name), encoding="utf-8", errors="replace") as file:
        return file.read()


def run(dataprep, source, plan, out, pieces, folder):
    """Yields (what was checked, whether it holds, detail)."""
    logs, empty = os.path.join(folder, "logs"), os.path.join(folder, "empty")
    os.makedirs(logs)
    os.makedirs(empty)
    mount = f'mount -t overlay overlay -o "ro,lowerdir={source}:{empty}" "{source}"'
    device = subprocess.run(["unshare", "--mount", "sh", "-c", f"{mount} && stat -c %d '{source}/link'"], stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout.strip()
    mounts = device not in ("", str(os.lstat(os.path.join(source, "link")).st_dev))
    print("node n2 sees the sources under another device number" if mounts else "skipped: no overlay can be mounted, so both nodes see the sources under one device number", flush=True)
    wrapper = os.path.join(folder, "dataprep")
    with open(wrapper, "w", encoding="utf-8") as file:
        file.write(WRAPPER.format(dataprep=dataprep, mounts="true" if mounts else "false", mount=mount))
    os.chmod(wrapper, 0o755)
    os.environ["SLURM_CONF"] = os.path.join(folder, "slurm.conf")
    try:
        print(output(os.path.join(HERE, "up.sh"), folder), end="", flush=True)
        yield from faults(folder, logs, plan, out, pieces, {**os.environ, "DATAPREP": wrapper})
    except (subprocess.CalledProcessError, TimeoutError) as error:
        yield "the run on Slurm comes to its end", False, str(error)
    finally:
        subprocess.run([os.path.join(HERE, "down.sh"), folder], check=True)
        del os.environ["SLURM_CONF"]


def faults(folder, logs, plan, out, pieces, environment):
    began = time.monotonic()

    def say(text):
        print(f"  {time.monotonic() - began:5.1f} s  {text}", flush=True)

    arrays, finish = submit(environment, plan, out, logs)
    first = arrays[0][0]
    yield "MaxArraySize cuts the pieces into three arrays", [array for _, array in arrays] == ["--array=0-9", "--array=0-9 --piece-offset 10", f"--array=0{f'-{pieces - 21}' if pieces > 21 else ''} --piece-offset 20"], str(arrays)
    until("four tasks run", 60, lambda: all(processes_of(first, task) for task in range(4)))
    nodes = [job(f"{first}_{task}")["NodeList"] for task in range(4)]
    say(f"tasks 0 to 3 run on {', '.join(nodes)}")

    # Task 0 has less time left than the two minutes of --signal: Slurm sends TERM when it next looks
    output("scontrol", "update", f"JobId={first}_0", "TimeLimit=1")
    time.sleep(2)
    for process in processes_of(first, 1):
        os.kill(process, signal.SIGKILL)
    say("killed task 1")
    lost = next(node for node in nodes[2:] if node != nodes[0])
    doomed = [task for task in range(4) if nodes[task] == lost and task != 1]
    subprocess.run([os.path.join(HERE, "node"), folder, lost, "kill"], check=True)
    say(f"killed node {lost} with tasks {doomed}")
    yield "a task that was killed has failed, and is not run again", until("task 1 ends", 60, lambda: job(f"{first}_1")["JobState"] == "FAILED"), ""

    until("the node is down", 90, lambda: "down" in output("sinfo", "--noheader", "--nodes", lost, "--format", "%T"))
    say(f"node {lost} is down")
    subprocess.run([os.path.join(HERE, "node"), folder, lost, "start"], check=True)
    until("task 0 is put back", 90, lambda: int(job(f"{first}_0")["Restarts"]) > 0)
    # Where this comes late, it has ended already
    subprocess.run(["scontrol", "update", f"JobId={first}_0", "TimeLimit=60"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    say("task 0 ran out of time and is put back")
    until("all tasks and finish end", 240, lambda: has_ended(finish))
    say("all tasks have ended")
    for task in doomed:
        fields = job(f"{first}_{task}")
        yield f"task {task} of the lost node has started again, and is done", fields["JobState"] == "COMPLETED" and int(fields["Restarts"]) > 0, log(logs, f"dataprep-{first}_{task}.log")
    fields, text = job(f"{first}_0"), log(logs, f"dataprep-{first}_0.log")
    yield "the task that ran out of time ended with 75, has started again, and is done", fields["JobState"] == "COMPLETED" and f"task {first}_0 ends with 75" in text, text
    others = [f"{array}_{task}" for (array, _), tasks in zip(arrays, (range(4, 10), range(10), range(pieces - 20))) for task in tasks]
    yield "all other tasks were done at once", all(job(task)["JobState"] == "COMPLETED" and job(task)["Restarts"] == "0" for task in others), output("squeue")

    text = log(logs, f"dataprep-finish-{finish}.log")
    printed = re.findall(r"^--array=.*$", text, re.MULTILINE)
    yield "finish fails and prints the array that is missing", job(finish)["JobState"] == "FAILED" and printed == ["--array=1"], text
    again, finish = submit(environment, plan, out, logs)
    yield "the same command submits what finish printed", [array for _, array in again] == printed, str(again)
    until("the second finish ends", 120, lambda: has_ended(finish))
    say("finished")
    yield "finish is done", job(finish)["JobState"] == "COMPLETED", log(logs, f"dataprep-finish-{finish}.log")
