#!/usr/bin/env python3
"""Run the tests in a terminal: every function test_*(ctx) of every test_*.py beside this file.

  run.py [-j N] [NAME]...      only cases whose `file.function` contains one of the names; N at a time (default 3)

A case mostly waits, and each has a process of its own. Prints a line a case and a closing line; exit 0 if none failed. The programs under test come from the environment:
MUNTIN, MUNTIN_WORKER, and MUNTIN_TOOLS, the directory of the small programs of tests/.
"""
import argparse
import importlib
import inspect
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True

from term import Terminal  # noqa: E402  (found beside this file)


class Skip(Exception):
    """What the case needs is missing here."""


class Fuse:
    """A filesystem of tests/tool_fuse.py, mounted until the case ends."""

    def __init__(self, mode, mountpoint, count):
        tool = os.path.join(os.path.dirname(HERE), 'tool_fuse.py')
        self.path = mountpoint
        self.process = subprocess.Popen([sys.executable, tool, mode, mountpoint, str(count)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        words = self.process.stdout.readline().split()
        if words[:1] != [b'ready']:
            self.process.wait()
            raise Skip('missing: %s' % (b' '.join(words[1:]).decode() or 'fuse'))
        self.connection = int(words[1])

    def close(self):
        """Abort the connection, which frees everybody who hangs in it, and unmount."""
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            with open('/sys/fs/fuse/connections/%d/abort' % self.connection, 'wb') as file:
                file.write(b'1')
            self.process.kill()
            self.process.wait()
            subprocess.run(['umount', '-l', self.path], check=False)
            raise
        finally:
            self.process.stdout.close()


class Context:
    """What a case gets: a scratch directory, a hermetic environment, and things that end with it."""

    def __init__(self, scratch):
        self.dir = scratch
        self.muntin = os.environ.get('MUNTIN', '')
        self.worker = os.environ.get('MUNTIN_WORKER', '')
        self.tools = os.environ.get('MUNTIN_TOOLS', '')
        self._ends = []
        home = os.path.join(scratch, 'home')
        os.mkdir(home)
        kept = ('PATH', 'ASAN_OPTIONS', 'UBSAN_OPTIONS', 'TSAN_OPTIONS', 'LSAN_OPTIONS', 'LD_LIBRARY_PATH')
        self.env = {name: os.environ[name] for name in kept if name in os.environ}
        self.env.update(HOME=home, TERM='xterm-256color', LC_ALL='C.UTF-8', TZ='UTC', SHELL='/bin/sh', TMPDIR=scratch,
                        XDG_CONFIG_HOME=home + '/config', XDG_STATE_HOME=home + '/state', XDG_DATA_HOME=home + '/data',
                        XDG_CONFIG_DIRS=home + '/none', XDG_RUNTIME_DIR=home)

    def skip(self, missing):
        """End the case: it needs what is missing."""
        raise Skip('missing: ' + missing)

    def need(self, path):
        """The path, if there is such a file."""
        if not path or not os.path.exists(path):
            raise Skip('missing: %s' % (path or 'the name of the program'))
        return path

    def tool(self, name):
        """The path of a small program of tests/."""
        return self.need(os.path.join(self.tools, name))

    def path(self, *names):
        """A path in the scratch directory."""
        return os.path.join(self.dir, *names)

    def spawn(self, argv, env=None, cwd=None, **how):
        """A program in a terminal; see Terminal."""
        self.need(argv[0])
        term = Terminal(argv, dict(self.env, **(env or {})), cwd or self.dir, **how)
        self._ends.append(term.close)
        return term

    def run(self, *argv, **how):
        """A program to its end, without a terminal: a CompletedProcess with bytes."""
        self.need(argv[0])
        return subprocess.run(argv, env=self.env, cwd=self.dir, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=how.pop('timeout', 30), start_new_session=True, check=False, **how)

    def start(self, *argv, **how):
        """A program without a terminal, in a session of its own, killed when the case ends."""
        self.need(argv[0])
        process = subprocess.Popen(argv, env=self.env, cwd=self.dir, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, start_new_session=True, **how)
        self._ends.append(lambda: self._end(process))
        return process

    @staticmethod
    def _end(process):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
        process.stdout.close()
        process.stderr.close()

    def fuse(self, mode, count=10):
        """Mount one of the odd filesystems of tests/tool_fuse.py, with `count` files; see there."""
        if os.geteuid() != 0 or not os.path.exists('/dev/fuse'):
            raise Skip('missing: root and /dev/fuse')
        mountpoint = self.path('fuse-%d' % len(self._ends))
        os.mkdir(mountpoint)
        fuse = Fuse(mode, mountpoint, count)
        self._ends.append(fuse.close)
        return fuse

    def close(self):
        """End everything, the youngest first."""
        while self._ends:
            self._ends.pop()()


def run_case(name, function):
    """Returns 'ok', 'FAIL' or 'skip', having printed so."""
    scratch = tempfile.mkdtemp(prefix='muntin-pty-')
    ctx = Context(scratch)
    begun = time.monotonic()
    try:
        try:
            function(ctx)
        finally:
            ctx.close()
    except Skip as skip:
        print('skip %s (%s)' % (name, skip))
        return 'skip'
    except Exception:                       # pylint: disable=broad-except
        print('FAIL %s' % name)
        traceback.print_exc(file=sys.stdout)
        return 'FAIL'
    finally:
        sys.stdout.flush()
        shutil.rmtree(scratch, ignore_errors=True)
    print('ok   %s (%.2f s)' % (name, time.monotonic() - begun))
    return 'ok'


def cases(wanted):
    """Every case, in the order of the files and of the functions in them."""
    for file in sorted(os.listdir(HERE)):
        if not (file.startswith('test_') and file.endswith('.py')):
            continue
        module = importlib.import_module(file[:-3])
        functions = [function for name, function in inspect.getmembers(module, inspect.isfunction)
                     if name.startswith('test_') and function.__module__ == module.__name__]
        for function in sorted(functions, key=lambda one: one.__code__.co_firstlineno):
            name = '%s.%s' % (file[5:-3], function.__name__[5:])
            if not wanted or any(word in name for word in wanted):
                yield name, function


RESULTS = ('ok', 'FAIL', 'skip')            # the exit status of a case's process is an index of these


def begin(name, function):
    """Start a case in a process of its own; its pid and the file that gets what it prints."""
    output = tempfile.TemporaryFile()
    pid = os.fork()
    if pid == 0:
        status = len(RESULTS)
        try:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            status = RESULTS.index(run_case(name, function))
            sys.stdout.flush()
        finally:
            os._exit(status)
    return pid, output


def end(running):
    """Wait for a case to end, print what it has printed, and take it from those that run; its result."""
    pid, status = os.wait()
    name, output = running.pop(pid)
    output.seek(0)
    sys.stdout.write(output.read().decode('utf-8', 'replace'))
    output.close()
    code = os.waitstatus_to_exitcode(status)
    if 0 <= code < len(RESULTS):
        result = RESULTS[code]
    else:
        result = 'FAIL'
        print('FAIL %s: its process ended with %d' % (name, code))
    sys.stdout.flush()
    return result


def main():
    """Run what was asked for."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument('-j', type=int, default=3)
    parser.add_argument('names', nargs='*')
    options = parser.parse_args()
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)   # a shell starts what is in the background without them
    running = {}
    results = []
    for name, function in cases(options.names):
        if len(running) >= options.j:
            results.append(end(running))
        sys.stdout.flush()
        pid, output = begin(name, function)
        running[pid] = name, output
    while running:
        results.append(end(running))
    print('%d passed, %d failed, %d skipped' % tuple(results.count(word) for word in RESULTS))
    return 1 if 'FAIL' in results else 0


if __name__ == '__main__':
    sys.exit(main())
