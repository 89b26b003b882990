#!/usr/bin/env python3
"""A whole --batch while it is killed, while system calls fail, and while somebody else moves the directories about.

  changes.py [PART]...    only cases whose name has one of the parts

MUNTIN names the program. What is asked of every run: nothing outside of what was named changes, what is reported as done is
done, what is not reported as done is still there, and without a kill no private directory is left behind. Prints a line a
case; exit 0 if none failed.
"""
import ctypes
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading

from faults import BACKENDS, INSTRUMENTED, PATIENCE, SANE, Skip, check, equal, run_cases

MUNTIN = os.environ['MUNTIN']
SHORT = 5 if INSTRUMENTED else 25       # how often a race is run


def manifest(root):
    """Everything about a tree that an operation could change: by path below it, raw bytes."""
    found = {}
    for base, dirs, files in os.walk(root):
        for name in [b'.'] + dirs + files:
            path = os.path.normpath(base + b'/' + name)
            about = os.lstat(path)
            what = b''
            if stat.S_ISLNK(about.st_mode):
                what = os.readlink(path)
            elif stat.S_ISREG(about.st_mode):
                with open(path, 'rb') as file:
                    what = file.read()
            found[os.path.relpath(path, root)] = (about.st_mode, about.st_uid, about.st_gid, about.st_nlink, what)
    return found


def plant(tmp):
    """A tree `t` to be changed, and `outside`, to which links lead from it."""
    for top in (b'/t/d/e', b'/t/f', b'/outside/in'):
        os.makedirs(tmp + top)
    for name in (b'/t/d/1', b'/t/d/e/2', b'/t/d/e/3', b'/t/f/4', b'/t/5', b'/outside/6', b'/outside/in/7'):
        with open(tmp + name, 'wb') as file:
            file.write(name)
    os.link(tmp + b'/t/d/1', tmp + b'/t/d/e/hard')
    os.symlink(tmp + b'/outside', tmp + b'/t/d/link')
    os.symlink('../../outside/6', tmp + b'/t/d/e/link')


def clear(tmp):
    for name in os.listdir(tmp):
        if name != b'log':
            shutil.rmtree(tmp + b'/' + name)


def batch(tmp, lines, backend='threads', before=(), crash=False):
    """Run a batch; its status and records, by path: how it ended. It must end by itself, or be killed where that is wanted."""
    words = [os.fsencode(word) for word in (*before, MUNTIN, '--no-config', '-b', backend, '--batch=-', 't')]
    with subprocess.Popen(words, cwd=tmp, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env={**os.environ, **SANE}, start_new_session=True) as child:
        try:
            out, err = child.communicate(lines, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
            raise AssertionError('hangs: %r' % (words,)) from None
    # 127: the fault met the linker before the program
    check(child.returncode in (0, 1, 2, 127) or (crash and child.returncode in (137, -9)), 'status', child.returncode, err, out)
    records = {}
    for line in out.splitlines():
        status, command, path, detail = line.split(b'\t')
        records[command, path] = (status, detail)
    return child.returncode, records, err


def private(tmp):
    """The private directories and temporary names below the tree."""
    return [os.path.join(base, name) for base, dirs, files in os.walk(tmp + b'/t') for name in dirs + files
            if name.startswith(b'.muntin-')]


def contents(tmp, killed):
    """What the files of the tree hold, wherever they are by now. Who was killed may have left one with two names more."""
    held, inodes = [], set()
    for path, about in manifest(tmp + b'/t').items():
        if not stat.S_ISREG(about[0]):
            continue
        inode = os.lstat(tmp + b'/t/' + path).st_ino
        if not killed or inode not in inodes:
            held.append(about[4])
        inodes.add(inode)
    return sorted(held)


# ---- killed, and refused, at every call ---------------------------------------------


# What is run, and the calls it makes: strace names them.
SCRIPTS = {
    b'rename t/d dd\nrename t/5 6\n': ('renameat2', 'renameat'),
    b'mkdir -p t/n/o/p\nmkdir t/q\ncreate t/r\n': ('mkdirat', 'openat'),
    b'delete -r t/d t/5\ndelete t/none\n': ('mkdirat', 'renameat2', 'unlinkat'),
    b'chmod -R 700 t/d\nchown -R 0:0 t/f\nchmod 600 t/5\nmatch -R t/f t/d\n': ('fchmodat', 'fchownat', 'fchmod', 'openat'),
}
ERRORS = ('EIO', 'EPERM', 'ENOSPC')


def injected(tmp, lines, backend, call, fault, crash=False):
    """A run in which a call is met by a fault; None when it was not made so often."""
    before = ['strace', '-f', '-qq', '-o', tmp + b'/log', '-e', 'trace=' + call, '-e', 'inject=%s:%s' % (call, fault)]
    result = batch(tmp, lines, backend, before, crash)
    with open(tmp + b'/log', 'rb') as log:
        text = log.read()
    return result if b'(INJECTED)' in text or b'killed by SIGKILL' in text else None


def judge(tmp, lines, result, killed):
    """What a run that met a fault has said is true, and nothing is lost."""
    status, records, err = result
    left = private(tmp)
    said = (lines, status, records, err, left)
    # an empty one stays when it is its own removal that fails
    check(killed or not any(os.listdir(path) for path in left), 'left behind', said)
    for (command, path), (how, _) in records.items():
        there = os.path.lexists(tmp + b'/' + path)
        if command == b'delete' and how == b'ok':
            check(not there, 'said to be deleted', path, said)
        if command in (b'mkdir', b'create') and how == b'ok':
            check(there, 'said to be made', path, said)
        if command == b'rename' and how == b'ok':
            check(not there, 'said to be renamed', path, said)
    if not killed:
        bad = [how for how, why in records.values() if how == b'failed' or (how == b'skipped' and why != b'symbolic link')]
        check(status == (1 if bad else 0) or (status > 1 and not records), said)
        for (command, path), (how, _) in records.items():
            check(command != b'delete' or how == b'ok' or path == b't/none' or os.path.lexists(tmp + b'/' + path), 'lost', path, said)
    if not lines.startswith(b'delete'):
        equal(contents(tmp, killed), sorted([b'/t/d/1'] * (1 if killed else 2) + [b'/t/d/e/2', b'/t/d/e/3', b'/t/f/4', b'/t/5'] +
                                            [b''] * os.path.exists(tmp + b'/t/r')), said)


def every_call(tmp, faults, killed):
    if not shutil.which('strace'):
        raise Skip('strace')
    plant(tmp)
    outside = manifest(tmp + b'/outside')
    points = 0
    for lines, call, (fault, backend) in ((lines, call, what) for lines in SCRIPTS for call in SCRIPTS[lines] for what in faults):
        for number in range(1, 40):
            clear(tmp)
            plant(tmp)
            result = injected(tmp, lines, backend, call, '%s:when=%d' % (fault, number), killed)
            if result is None:
                break
            points += 1
            judge(tmp, lines, result, killed)
            equal(manifest(tmp + b'/outside'), outside, lines, call, fault, number)
    check(points > 0, 'nothing was injected')
    print('%d points' % points)


def test_killed_at_every_change(tmp):
    every_call(tmp, [('signal=KILL', backend) for backend in BACKENDS], True)


def test_every_change_fails(tmp):
    every_call(tmp, [('error=' + error, BACKENDS[i % 2]) for i, error in enumerate(ERRORS)], False)


def test_worker_that_is_killed(tmp):
    """What it had begun is reported as failed, and so is all that would have followed."""
    if not shutil.which('strace'):
        raise Skip('strace')
    plant(tmp)
    lines = b'delete -r t/d t/5\nmkdir t/new\n'
    status, records, err = injected(tmp, lines, 'workers', 'unlinkat', 'signal=KILL:when=1', True)
    equal(status, 1)
    check(b'killed by signal 9' in err, err)
    equal({path: how for (_, path), (how, _) in records.items()}, {b't/d': b'failed', b't/5': b'failed', b't/new': b'failed'})


# ---- others who meddle ------------------------------------------------------------------


class Meddler(threading.Thread):
    """Exchanges two names of the tree again and again."""

    AT_FDCWD, EXCHANGE = -100, 2

    def __init__(self, one, other):
        super().__init__()
        self.names = (one, other)
        self.enough = threading.Event()
        self.times = 0
        self.libc = ctypes.CDLL(None, use_errno=True)

    def run(self):
        while not self.enough.is_set():
            if self.libc.renameat2(self.AT_FDCWD, self.names[0], self.AT_FDCWD, self.names[1], self.EXCHANGE) == 0:
                self.times += 1

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.enough.set()
        self.join()


def linux_calls():
    """Is this a build with the calls that only Linux has?"""
    return b'posix-only' not in subprocess.run([MUNTIN, '--version'], capture_output=True, check=True).stdout


def meddled(tmp, lines, one, other):
    """Run a batch often while a directory and a link to the outside change places; `t/x` is the directory at first."""
    for number in range(SHORT):
        clear(tmp)
        plant(tmp)
        outside = manifest(tmp + b'/outside')
        os.symlink(tmp + b'/outside', tmp + b'/t/swap')
        said = []
        with Meddler(tmp + one, tmp + other) as meddler:
            for _ in range(3):
                said += [detail for _, detail in batch(tmp, lines, BACKENDS[number % 2])[1].values()]
        equal(manifest(tmp + b'/outside'), outside, lines)
        # without renameat2 what was moved may find its name in use when it comes back: then it is told where it is
        left = [path for path in private(tmp) if os.path.basename(path) not in b' '.join(said)]
        equal(left, [], said)
        check(not private(tmp) or not linux_calls(), private(tmp))
        check(meddler.times > 0 or not os.path.lexists(tmp + other), 'nobody meddled')


def test_delete_meddled(tmp):
    meddled(tmp, b'delete -r t/d\n', b'/t/d', b'/t/swap')


def test_delete_meddled_below(tmp):
    meddled(tmp, b'delete -r t/d\n', b'/t/d/e', b'/t/swap')


def test_chmod_meddled(tmp):
    meddled(tmp, b'chmod -R 777 t/d\nchown -R 0:0 t/d\nchmod -R 700 t\n', b'/t/d/e', b'/t/swap')


def test_mkdir_meddled(tmp):
    meddled(tmp, b'mkdir -p t/d/x/y\ncreate t/d/x/z\nmkdir t/d/w\n', b'/t/d', b'/t/swap')


def test_rename_meddled(tmp):
    meddled(tmp, b'rename t/d/6 8\nrename t/d/in on\nrename t/d/e g\n', b'/t/d', b'/t/swap')


if __name__ == '__main__':
    sys.exit(run_cases(globals()))
