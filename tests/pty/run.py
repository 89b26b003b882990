#!/usr/bin/env python3
"""Run the tests in a terminal: every function test_*(ctx) of every test_*.py beside this file.

  run.py [NAME]...      only cases whose `file.function` contains one of the names

Prints a line a case and a closing line; exit 0 if none failed. The programs under test come from the environment:
MUNTIN, MUNTIN_WORKER, and MUNTIN_TOOLS, the directory of the small programs of tests/.
"""
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


def main():
    """Run what was asked for."""
    results = [run_case(name, function) for name, function in cases(sys.argv[1:])]
    print('%d passed, %d failed, %d skipped' % tuple(results.count(word) for word in ('ok', 'FAIL', 'skip')))
    return 1 if 'FAIL' in results else 0


if __name__ == '__main__':
    sys.exit(main())
