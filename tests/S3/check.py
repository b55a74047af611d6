"""Packs from and into a server of S3, as it is and with faults. Called by run, with the server in the environment.

    check.py DATAPREP FOLDER [--compat]
"""
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import s3  # noqa: E402
from proxy import Proxy  # noqa: E402

DATAPREP, FOLDER = sys.argv[1:3]
COMPAT = sys.argv[3:]
BUCKET = "dataprep-%d" % os.getpid()
KILLS = 10
seed = int(os.environ.get("SEED", str(time.time_ns() % 100000)))
chance = random.Random(seed)
passed = failed = 0
began = time.monotonic()
os.chdir(FOLDER)


def check(name, good, detail=""):
    global passed, failed
    if good:
        passed += 1
        print(f"pass {name} ({time.monotonic() - began:.0f} s)", flush=True)
    else:
        failed += 1
        print("FAIL", name, detail, flush=True)


def dataprep(*arguments, endpoint=None, environment=None):
    command = [DATAPREP, *arguments, "--s3-endpoint", endpoint or os.environ["S3_ENDPOINT"], *(COMPAT if arguments[0] != "help" else [])]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})})


def run(*arguments, **options):
    process = dataprep(*arguments, **options)
    out, err = process.communicate(timeout=240)
    return process.returncode, out + err


def pack(target, *more, source="s3://%s/data" % BUCKET, **options):
    return run("pack", source, "-o", target, "--piece-size", "16MiB", *more, **options)


def tree(folder):
    """All files but those of the work folder."""
    root = pathlib.Path(folder)
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file() and ".dataprep" not in path.parts}


def bucket_tree(prefix):
    shutil.rmtree("down", ignore_errors=True)
    s3.down(BUCKET, prefix, "down")
    return tree("down")


def left(prefix=""):
    """What a run should not leave: open uploads, and temporary keys."""
    return s3.uploads(BUCKET, prefix) + [key for key, _ in s3.ls(BUCKET, prefix) if ".dataprep/" in key]


def same(name, prefix, expected):
    found = bucket_tree(prefix)
    different = [key for key in {*found, *expected} if found.get(key) != expected.get(key)]
    check(name, not different, str(different[:5]))
    check(f"{name}: nothing is left", not left(prefix), str(left(prefix)))


def into(prefix):
    return "s3://%s/%s" % (BUCKET, prefix)


def without_times(files):
    return {name: re.sub(rb'"mtime":"[^"]*"', b"", content) if name == "files.jsonl" else content for name, content in files.items()}


def make_source():
    root = pathlib.Path("data")
    sizes = {"a.bin": 21_000_000, "a/b.bin": 5_000_000, "a-c.txt": 700, "deep/er/x": 300_000, "empty": 0, "z/y.bin": 9_000_001, "ü/naïve file+%41 &=?.txt": 12}
    sizes.update({"many/%03d" % i: 1000 * i for i in range(40)})
    for name, size in sizes.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(chance.randbytes(size))
    (root / "nothing").mkdir()
    s3.up(BUCKET, "data", "data")


def plain():
    local = subprocess.run([DATAPREP, "pack", "data", "-o", "local", "--piece-size", "16MiB", "-q"], capture_output=True, text=True)
    check("local to local", local.returncode == 0, local.stderr)
    code, text = pack("from-s3")
    check("S3 to local", code == 0, text)
    expected = tree("from-s3")
    check("S3 to local gives what local to local does, but for times", without_times(expected) == without_times(tree("local")))
    code, text = pack(into("out"), "--work", "work")
    check("S3 to S3", code == 0, text)
    same("S3 to S3 gives what S3 to local does", "out", expected)
    code, text = run("pack", "data", "-o", into("from-local"), "--work", "work-local", "--piece-size", "16MiB", "--min-piece-size", "16MiB")
    check("local to S3, filled up with zeros", code == 0 and not left("from-local/"), text)
    code, text = pack(into("out"), "--work", "work")
    check("again: nothing to do", code == 0 and "nothing to do" in text, text)
    shutil.rmtree("work")
    code, text = pack(into("out"), "--work", "work")
    check("again without the work folder: nothing to do", code == 0 and "nothing to do" in text, text)
    code, text = pack("one", source=into("data/a.bin"))
    check("one object is a file", code == 0 and json.loads(pathlib.Path("one/files.jsonl").read_text().splitlines()[0])["type"] == "file", text)
    code, text = pack("two", into("data/z"), source=into("data/a"))
    check("two prefixes are folders of one", code == 0 and "z/y.bin" in pathlib.Path("two/files.jsonl").read_text(), text)
    return expected


def tasks(expected):
    """The same by tasks of a plan, each of which sends its own piece."""
    code, text = run("plan", into("data"), "-o", "tasks.plan", "--piece-size", "16MiB", "--json")
    plans = [event for event in (json.loads(line) for line in text.splitlines() if line.startswith("{")) if event["type"] == "plan"]
    check("plan of a bucket", len(plans) == 1, text)
    numbers = list(range(plans[0]["dataPieces"] if plans else 0))
    chance.shuffle(numbers)
    target = ("-o", into("by-tasks"), "--work", "work-tasks")
    ends = [run("pack", "--plan", "tasks.plan", "--piece", str(number), *target) for number in numbers[1:]]
    check("tasks from S3 to S3", len(ends) > 1 and all(code == 0 for code, _ in ends), str(ends))
    code, text = run("finish", "tasks.plan", *target, "--missing")
    check("what is missing is said", code == 0 and text == "--array=%d\n" % numbers[0], text)
    code, text = run("pack", "--plan", "tasks.plan", "--piece", str(numbers[0]), "-o", into("by-tasks"))
    check("tasks need a folder together", code == 2 and "--work" in text, text)
    ends = [run(*arguments, *target) for arguments in (("pack", "--plan", "tasks.plan", "--piece", str(numbers[0])), ("finish", "tasks.plan"), ("finish", "tasks.plan"))]
    check("the last task, and finish, twice", all(code == 0 for code, _ in ends), str(ends))
    same("tasks give what one run gives", "by-tasks", expected)


def names():
    """Keys that cannot be paths are left out, with a reason."""
    for key in ("odd/a/../b", "odd/x", "odd/x/y"):
        s3.request("PUT", BUCKET, key, body=b"1")
    code, text = pack("odd", source=into("odd"))
    skipped = pathlib.Path("odd/skipped.jsonl")
    check("keys that cannot be paths are skipped", code == 3 and skipped.exists() and {"a/../b", "x"} == {json.loads(line)["path"] for line in skipped.read_text().splitlines()}, text)


def messages():
    for name, arguments, environment, code, words in (
        ("no such bucket", (into("out").replace(BUCKET, "no-such-bucket-here"),), {}, 1, "there is no bucket"),
        ("wrong secret", (into("out"),), {"AWS_SECRET_ACCESS_KEY": "wrong"}, 1, "secret key does not belong"),
        ("unknown key", (into("out"),), {"AWS_ACCESS_KEY_ID": "nobody"}, 1, "key"),
        ("no credentials", (into("out"),), {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true", "HOME": FOLDER}, 1, "no credentials"),
        ("--inline", (into("out"), "--inline"), {}, 2, "--inline"),
        ("OUT in the source", (into("data/out"),), {}, 2, "inside the source"),
        ("a name that is no bucket", ("s3:///x",), {}, 2, "names no bucket"),
    ):
        found, text = pack(*arguments, "--work", "work-none", environment=environment)
        check(f"{name}: exit {code} and a clear word", found == code and words in text and "   at " not in text, f"{found} {text}")
    found, text = pack(into("out"), "--work", "work-none", "--s3-patience", "1s", "--source-patience", "1s", endpoint="http://127.0.0.1:1")
    check("nothing listens: exit 75", found == 75 and "Connection refused" in text, f"{found} {text}")


def faults(expected):
    url = urllib.parse.urlsplit(os.environ["S3_ENDPOINT"])
    proxy = Proxy(url.hostname, url.port, seed)
    for name, settings in (("storms of 503", {"storm": 0.9}), ("resets", {"reset_up": 0.3, "reset_down": 0.3}), ("slow answers", {"delay": 0.01})):
        proxy.calm()
        proxy.faults = 0
        for setting, value in settings.items():
            setattr(proxy, setting, value)
        prefix = "faults-" + name.split()[0]
        code, text = pack(into(prefix), "--work", "work-" + prefix, endpoint=proxy.url)
        check(f"{name} ({proxy.faults}) are survived", code == 0, text)
        proxy.calm()
        same(name, prefix, expected)

    def replace(path):
        if path.startswith("/%s/data/a.bin" % BUCKET) and not replaced:
            replaced.append(path)
            s3.request("PUT", BUCKET, "data/a.bin", body=b"x" * 21_000_000)

    replaced = []
    proxy.on_get = replace
    code, text = pack(into("replaced"), "--work", "work-replaced", "--on-change", "fail", endpoint=proxy.url)
    check("an object that is replaced is noticed", code == 1 and "data/a.bin" in text and replaced, f"{code} {text}")
    s3.request("PUT", BUCKET, "data/a.bin", body=pathlib.Path("data/a.bin").read_bytes())
    run("clean", into("replaced"), "--work", "work-replaced")
    check("clean after it: nothing is left", not left("replaced/") and not s3.ls(BUCKET, "replaced/"), str(s3.ls(BUCKET, "replaced/")))
    # Its time is another now.
    shutil.rmtree("from-s3")
    pack("from-s3")
    return tree("from-s3")


def kills(expected):
    for i in range(KILLS):
        process = dataprep("pack", into("data"), "-o", into("killed"), "--piece-size", "16MiB", "--work", "work-killed", "--checkpoint", chance.choice(["0", "0.2", "5"]))
        try:
            process.communicate(timeout=chance.uniform(0.3, 2.5))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
    code, text = pack(into("killed"), "--work", "work-killed")
    check(f"killed {KILLS} times, then it is done", code == 0, text)
    same("killed, then done", "killed", expected)


def signals():
    for number, code in ((signal.SIGTERM, 75), (signal.SIGINT, 130)):
        process = dataprep("pack", into("data"), "-o", into("stopped"), "--piece-size", "16MiB", "--work", "work-stopped", "--max-rate", "8MiB")
        first = process.stderr.readline()
        deadline = time.monotonic() + 30
        while not s3.uploads(BUCKET, "stopped/") and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        check(f"{number.name}: exit {code}", process.returncode == code and "the same command goes on" in err, f"{process.returncode} {first}{err}")
    check("the upload stays, to be gone on with", bool(left("stopped/")))
    code, text = run("clean", into("stopped"), "--work", "work-stopped", "--dry-run")
    check("clean --dry-run only lists", code == 0 and "would remove" in text and bool(left("stopped/")), text)
    s3.request("POST", BUCKET, "stopped/.dataprep/another/piece-0.car", query={"uploads": ""})
    code, text = run("clean", into("stopped"), "--work", "work-stopped")
    check("clean leaves what may be of another run", code == 0 and left("stopped/") == ["stopped/.dataprep/another/piece-0.car"], f"{left('stopped/')} {text}")
    time.sleep(1.5)  # servers round times up to whole seconds
    code, text = run("clean", into("stopped"), "--work", "work-stopped", "--older-than", "1ms")
    check("clean --older-than takes that too", code == 0 and not left("stopped/") and not s3.ls(BUCKET, "stopped/"), f"{s3.ls(BUCKET, 'stopped/')} {text}")
    process = dataprep("pack", into("data"), "-o", into("restarted"), "--piece-size", "16MiB", "--work", "work-restarted", "--max-rate", "8MiB")
    while not s3.uploads(BUCKET, "restarted/"):
        time.sleep(0.1)
    process.kill()
    process.communicate()
    shutil.rmtree("work-restarted")
    code, text = pack(into("restarted"), "--work", "work-restarted", "--restart")
    check("killed, work folder removed, begun anew", code == 0 and not left("restarted/"), f"{left('restarted/')} {text}")


print("seed", seed)
s3.request("PUT", BUCKET)
make_source()
outputs = plain()
tasks(outputs)
names()
messages()
outputs = faults(outputs)
kills(outputs)
signals()
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
