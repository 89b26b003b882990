"""Where is measured: trees that are made once, an environment without a person's settings, and how commands are timed."""
import os
import re
import shlex
import shutil
import struct
import subprocess
import sys
import time

from ttytime import Failure

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import tool_worker as stream  # noqa: E402  (found one directory up)

CONTENT_CHOICES = (8.5, 4, 2, 1, 0.5, 0.25)    # GB in each of the two trees whose contents are compared
VERSIONS = {'nnn': '-V', 'ncdu': '-V', 'lf': '-version'}         # all others take --version


class Shape:
    """A tree as tests/bench/mktree.c makes it."""

    def __init__(self, depth, fanout, files, size=0):
        self.numbers = (depth, fanout, files) + ((size,) if size else ())
        dirs = [fanout ** level for level in range(depth + 1)]
        self.entries = sum(dirs) * (1 + files)    # the root itself included

    def name(self):
        return 'x'.join(map(str, self.numbers))


# From small to large, each about ten times the one before. The first is only for --quick.
TREES = [Shape(depth, 10, 90) for depth in (1, 2, 3, 4)]
HUGE = Shape(5, 10, 90)    # ten times the largest: only as a recording
FLATS = [Shape(0, 0, 10 ** power) for power in (3, 4, 5, 6)]


def say(text):
    """Tell the person who waits."""
    print(text, file=sys.stderr, flush=True)


def attributes(mode, size, ino):
    """As stream.attrs(), with one link and four KiB on disk."""
    return struct.pack('<HHBBB', stream.KNOWN, mode, 0, 0, 1) + stream.varint(ino) + stream.varint(size) + b'\x08\x08\x01' + \
        struct.pack('<q', 10 ** 18 + ino * 10 ** 9)


def record(depth, fanout, files):
    """The frames of a scan: directories by level, one batch of names for each, then their attributes."""
    scan = 1
    numbers = iter(range(1, 1 << 32))      # of inodes
    yield stream.begin(scan)
    level, announced = [0], 0
    for below in range(depth, -1, -1):
        following = []
        for directory in level:
            children = range(announced + 1, announced + 1 + (fanout if below else 0))
            announced += len(children)
            following.extend(children)
            if directory:
                yield stream.begin(scan, directory)
            elements = [stream.name(b'dir_%03d' % i, stream.DT_DIR) for i in range(len(children))]
            elements += [stream.name(b'file_%05d_%08x.c' % (i, (directory * 2654435761 + i) & 0xffffffff)) for i in range(files)]
            known = [stream.varint(i) + bytes([stream.STAT | stream.DIR]) + attributes(stream.DIR_MODE, 4096, next(numbers)) +
                     stream.varint(child) for i, child in enumerate(children)]
            known += [stream.varint(i) + bytes([stream.STAT]) + attributes(stream.FILE_MODE, 1000 + i, next(numbers))
                      for i in range(len(children), len(elements))]
            yield stream.names(scan, directory, directory, elements)
            yield stream.frame(stream.ATTRS, scan, stream.varint(directory) + b''.join(known))
            yield stream.end(scan, directory)
        level = following
    yield stream.done(scan)


class World:
    """Trees are below `base`, so is all that the measured programs write."""

    def __init__(self, base, muntin, quick, content):
        self.quick = quick
        self.rounds = 3 if quick else 7
        self.muntin = [os.path.abspath(muntin), '--no-config']
        self.base = os.path.abspath(base)
        self.scratch = self._directory('scratch')
        self.empty = self._directory('empty')
        self.state = self._directory('scratch', 'state')
        self.log = os.path.join(self.scratch, 'stderr')
        self.env = {
            'PATH': os.environ.get('PATH', os.defpath), 'HOME': self._directory('scratch', 'home'), 'TZ': 'UTC',
            'LC_ALL': 'C.UTF-8', 'LANG': 'C.UTF-8', 'TERM': 'xterm-256color', 'SHELL': '/bin/sh', 'TMPDIR': self.scratch,
            'XDG_STATE_HOME': self.state, 'XDG_CONFIG_HOME': self._directory('scratch', 'config'),
            'XDG_DATA_HOME': self._directory('scratch', 'data'), 'XDG_CACHE_HOME': self._directory('scratch', 'cache'),
        }
        self.floor = self._tool('floor')
        self.mktree = self._tool('mktree')
        self.cpus = len(os.sched_getaffinity(0))
        self.content = content or self._content()
        self.trees = TREES[:3] if quick else TREES[1:]
        self.recorded = TREES[:3] if quick else TREES[1:] + [HUGE]
        self.flats = FLATS[:3] if quick else FLATS[1:]

    def _directory(self, *names):
        path = os.path.join(self.base, *names)
        os.makedirs(path, exist_ok=True)
        return path

    def _tool(self, name):
        """Compile one of the small programs, unless it is there and new enough."""
        source = os.path.join(HERE, name + '.c')
        tool = os.path.join(self._directory('bin'), name)
        if not os.path.exists(tool) or os.path.getmtime(tool) < os.path.getmtime(source):
            subprocess.run(shlex.split(os.environ.get('CC') or 'cc') +
                           ['-std=gnu11', '-D_GNU_SOURCE', '-O2', '-pthread', '-o', tool, source], check=True)
        return tool

    def _content(self):
        """How much content fits into memory twice, and on the disk."""
        if self.quick:
            return 0.05
        with open('/proc/meminfo', encoding='ascii') as file:
            memory = int(re.search(r'^MemAvailable:\s+(\d+)', file.read(), re.M)[1]) * 1024
        for size in CONTENT_CHOICES:
            made = os.path.exists(self.path(self.diff_shape(size), '-b'))
            if 2.3e9 * size < memory and (made or 2.3e9 * size < shutil.disk_usage(self.base).free):
                return size
        return CONTENT_CHOICES[-1]

    def diff_shape(self, content):
        """The tree for comparisons: 160,000 entries, of `content` GB."""
        depth, files = (2, 143) if self.quick else (3, 143)
        count = files * sum(10 ** level for level in range(depth + 1))
        return Shape(depth, 10, files, int(2e9 * content / count))

    def path(self, shape, suffix=''):
        return os.path.join(self.base, 'trees', shape.name() + suffix)

    def tree(self, shape, suffix=''):
        """The path of a tree, which is made if it is not there."""
        path = self.path(shape, suffix)
        if not os.path.exists(path):
            say('making a tree of %s entries' % format(shape.entries, ','))
            self._directory('trees')
            self.remove(path + '.part')
            self.make(shape, path + '.part')
            os.rename(path + '.part', path)
        return path

    def recording(self, shape):
        """The path of a recording of such a tree, as --dump would write it, which is made if it is not there."""
        path = self.path(shape, '.dump')
        if not os.path.exists(path):
            say('making a recording of %s entries' % format(shape.entries, ','))
            self._directory('trees')
            with open(path + '.part', 'wb') as file:
                file.write(stream.HELLO)
                for frames in record(*shape.numbers[:3]):
                    file.write(frames)
            os.rename(path + '.part', path)
        return path

    def make(self, shape, path):
        """Make a tree and wait until it is on the disk, so that nobody else is charged for that."""
        subprocess.run([self.mktree, path] + [str(number) for number in shape.numbers], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(['sync', '-f', path], check=False)

    def remove(self, path):
        """Remove something that was made here."""
        if os.path.commonpath([self.base, os.path.abspath(path)]) != self.base:
            raise ValueError(path)
        subprocess.run(['rm', '-rf', '--', path], check=True)

    def seconds(self, command, stdin=os.devnull):
        """Run a command to its end with its output thrown away; Failure if it does not exit 0."""
        log_flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        actions = [(os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0), (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                   (os.POSIX_SPAWN_OPEN, 2, self.log, log_flags, 0o644)]
        begin = time.perf_counter()
        try:
            pid = os.posix_spawnp(command[0], command, self.env, file_actions=actions)
        except OSError as error:
            raise Failure('%s: %s' % (command[0], error.strerror)) from None
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        took = time.perf_counter() - begin
        if status != 0:
            with open(self.log, 'rb') as file:
                reason = file.read(300).decode('utf-8', 'replace').strip()
            raise Failure('%s: exit status %d: %s' % (os.path.basename(command[0]), status, reason))
        return took

    def output(self, command):
        """What a command prints, whatever its exit status, errors included."""
        done = subprocess.run(command, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        return done.stdout.decode('utf-8', 'replace')

    def can(self, option):
        """Does the program know this option by now?"""
        return 'unknown option' not in self.output(self.muntin + [option])

    def which(self, *names):
        """The first of these programs that is installed, or None."""
        return next((name for name in names if shutil.which(name)), None)

    def version(self, program):
        """NAME 1.2, as the program says itself."""
        found = re.search(r'\d+(\.\d+)*', self.output([program, VERSIONS.get(program, '--version')]))
        return '%s %s' % (program, found[0] if found else '?')
