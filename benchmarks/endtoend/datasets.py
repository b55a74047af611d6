"""Datasets whose bytes are the same on every machine, so that pieces can be compared between runs."""

import dataclasses
import os
import pathlib
import subprocess
from typing import Callable

PAGE = 4096

# The keystream of AES-128 in counter mode under a fixed key: fast, incompressible, the same everywhere
KEYSTREAM = ["openssl", "enc", "-aes-128-ctr", "-K", "0" * 32, "-iv", "0" * 32, "-bufsize", str(1 << 20)]
FILES_IN_FOLDER = 1000


@dataclasses.dataclass(frozen=True)
class Dataset:
    """`room` counts what the input takes on its file system; `entries` are files and folders."""

    title: str
    files: int
    size: int
    room: int
    entries: int
    make: Callable[[pathlib.Path], None]


def random_file(size):
    return Dataset(f"one file of {size:,} random bytes", 1, size, size, 1, lambda path: _write_random(path, size))


def sparse_file(size):
    def make(path):
        with open(path, "wb") as file:
            file.truncate(size)

    return Dataset(f"one file of {size:,} bytes, all zero and sparse", 1, size, 0, 1, make)


def flat(count, size):
    """Files of one size, a thousand to a folder."""
    folders = -(-count // FILES_IN_FOLDER)

    def make(path):
        pool = _pool()
        for folder in range(folders):
            name = path / f"{folder:04}"
            name.mkdir(parents=True)
            files = range(folder * FILES_IN_FOLDER, min(count, (folder + 1) * FILES_IN_FOLDER))
            _fill(name, files, lambda number: pool(number, size))

    return Dataset(f"{count:,} files of {size:,} random bytes in {folders:,} folders", count, count * size, count * _pages(size), count + folders, make)


def numbered(count):
    """Files that hold their own number and nothing else."""
    folders = -(-count // FILES_IN_FOLDER)
    size = sum(len(f"{number}\n") for number in range(count))

    def make(path):
        for folder in range(folders):
            name = path / f"{folder:04}"
            name.mkdir(parents=True)
            _fill(name, range(folder * FILES_IN_FOLDER, min(count, (folder + 1) * FILES_IN_FOLDER)), lambda number: b"%d\n" % number)

    return Dataset(f"{count:,} files of at most 8 bytes in {folders:,} folders", count, size, count * PAGE, count + folders, make)


def deep(levels, files_in_each, size):
    def make(path):
        pool = _pool()
        for level in range(levels):
            path.mkdir()
            _fill(path, range(level * files_in_each, (level + 1) * files_in_each), lambda number: pool(number, size))
            path = path / "d"

    count = levels * files_in_each
    return Dataset(f"folders nested {levels} deep, each with {files_in_each} files of {size:,} random bytes",
                   count, count * size, count * _pages(size), count + levels, make)


def copy_of(tree):
    """A copy of a real tree, so that it lies where everything else does."""
    files = size = room = entries = 0
    for folder, folders, names in os.walk(tree):
        entries += 1 + len(names)
        for name in names:
            state = os.lstat(os.path.join(folder, name))
            if not os.path.islink(os.path.join(folder, name)):
                files, size, room = files + 1, size + state.st_size, room + _pages(state.st_size)
    return Dataset(f"a copy of {tree}: {files:,} files, {size:,} bytes", files, size, room, entries,
                   lambda path: subprocess.run(["cp", "-a", "--", f"{tree}/.", path], check=True))


def _pages(size):
    return -(-size // PAGE) * PAGE


def _write_random(path, size):
    with open(path, "wb") as file:
        zeros = subprocess.Popen(["head", "-c", str(size), "/dev/zero"], stdout=subprocess.PIPE)
        subprocess.run(KEYSTREAM, stdin=zeros.stdout, stdout=file, check=True)
        zeros.stdout.close()
        if zeros.wait() != 0:
            raise OSError(f"{path}: could not be filled")


def _pool():
    """Cuts random bytes for numbered files out of one keystream; the number in front makes each file a different one."""
    length = 32 << 20
    stream = subprocess.run(KEYSTREAM, input=bytes(length), stdout=subprocess.PIPE, check=True).stdout

    def cut(number, size):
        start = number * 7919 % (length - size)
        return number.to_bytes(8, "big") + stream[start:start + size - 8]

    return cut


def _fill(folder, numbers, content):
    """Plain system calls, since there may be a million of them."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for number in numbers:
            file = os.open(f"{number:07}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644, dir_fd=handle)
            os.write(file, content(number))
            os.close(file)
    finally:
        os.close(handle)
