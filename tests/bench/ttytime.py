#!/usr/bin/env python3
"""What a person at a terminal would see of a full-screen program, and when. Also by hand:

  ttytime.py [OPTION]... [--] COMMAND [ARG]...

  ttytime.py --needle ✓ -- muntin big
  ttytime.py --keys j,k --seconds 5 -- muntin big flat
  ttytime.py --hold 60 -- muntin big        stay a minute after it has settled: for strace, perf, a look at /proc

While the program runs, only times and bytes are taken down; what stood on the screen is worked out afterwards, with
the model in tests/pty/screen.py. So measuring costs the program next to nothing.

The first screen is complete at the first pause in the output. A program has settled when it neither writes nor uses
CPU time. A key is seen when the cursor rests on another line, which no spinner can feign: so keys should move it to
and fro, and within one column. One that is not seen before the next counts with the time between the two.
"""
import argparse
import collections
import fcntl
import json
import math
import os
import re
import select
import signal
import struct
import sys
import termios
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'pty'))
sys.dont_write_bytecode = True

from screen import Screen  # noqa: E402  (found in ../pty)

PAUSE = 0.012         # s without output that end the first screen
FRAME = 0.0005        # s between two writes of one frame, at most
FRAME_MOST = 0.002    # s that a frame lasts, at most
LOOK = 0.05           # s between two looks at CPU time and memory
QUIET = 0.5           # s without output and CPU time after which a program has settled
LATE = 0.005          # s after its time that a key may be typed; a machine that holds us up longer than that
                      # holds up the program too, and what was under way then is no delay of its own
TAIL = 64 * 1024      # bytes of output in which texts are looked for while it runs
ANSWERS = {b'\x1b[6n': b'\x1b[1;1R', b'\x1b[c': b'\x1b[?62;22c', b'\x1b[0c': b'\x1b[?62;22c'}


class Failure(Exception):
    """What was to be measured did not happen."""


def family(pid):
    """A process and all below it."""
    found = [pid]
    for one in found:
        try:
            for task in os.listdir('/proc/%d/task' % one):
                with open('/proc/%d/task/%s/children' % (one, task), encoding='ascii') as file:
                    found.extend(int(child) for child in file.read().split())
        except OSError:
            pass
    return found


class Usage:
    """What a program and its children have used up to the last look, those included that have ended since."""

    def __init__(self):
        self.peaks = {}    # KiB by pid
        self.ticks = {}    # of CPU time, by pid

    def look(self, pid):
        for one in family(pid):
            try:
                with open('/proc/%d/status' % one, 'rb') as file:
                    peak = re.search(rb'^VmHWM:\s+(\d+)', file.read(), re.M)
                with open('/proc/%d/stat' % one, 'rb') as file:
                    fields = file.read().rsplit(b')', 1)[1].split()
            except OSError:
                continue
            if peak:
                self.peaks[one] = max(self.peaks.get(one, 0), int(peak[1]))
            self.ticks[one] = int(fields[11]) + int(fields[12])

    def cpu(self):
        """Ticks in all: only good for seeing it grow."""
        return sum(self.ticks.values())

    def memory(self):
        """MiB: the peaks of all processes together."""
        return sum(self.peaks.values()) / 1024


def prefer_us(yes):
    """Be run at once when output arrives, where that is allowed: the delays asked for are the program's, not ours."""
    try:
        if yes:
            os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
        else:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    except OSError:
        pass


class Session:
    """A program in a terminal of its own: what it wrote and what was typed, each with its time since the start."""

    def __init__(self, command, env=None, cols=120, rows=40):
        self.command, self.cols, self.rows = command, cols, rows
        self.output = []     # (time, bytes)
        self.keys = []       # (time, was it late?)
        self.typed = 0.0     # when waiting for the last key to be seen ended
        self.usage = Usage()
        self.alive = True
        self.tail = b''
        self.terminal, slave = os.openpty()
        try:
            fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', rows, cols, 0, 0))
            name = os.ttyname(slave)
            env = dict(os.environ if env is None else env)
            env.pop('LINES', None)
            env.pop('COLUMNS', None)
            # Opened by a session leader, it becomes the program's own terminal.
            actions = [(os.POSIX_SPAWN_OPEN, 0, name, os.O_RDWR, 0), (os.POSIX_SPAWN_DUP2, 0, 1), (os.POSIX_SPAWN_DUP2, 0, 2)]
            prefer_us(True)
            self.begun = time.perf_counter()
            self.pid = os.posix_spawnp(command[0], command, env, file_actions=actions, setsid=True)
        except OSError as error:
            prefer_us(False)
            os.close(self.terminal)
            raise Failure('%s: %s' % (command[0], error.strerror)) from None
        finally:
            os.close(slave)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Kill what is left of the program."""
        prefer_us(False)
        for one in family(self.pid) if self.alive else []:
            try:
                os.kill(one, signal.SIGKILL)
            except OSError:
                pass
        if self.alive:
            os.waitpid(self.pid, 0)
        os.close(self.terminal)

    def now(self):
        return time.perf_counter() - self.begun

    def _take(self):
        """Take down what is there to be read, and answer what a program may ask its terminal."""
        now = self.now()
        try:
            data = os.read(self.terminal, 65536)
        except OSError:
            data = b''
        if not data:
            os.waitpid(self.pid, 0)
            self.alive = False
            return
        self.output.append((now, data))
        self.tail = (self.tail + data)[-TAIL:]
        for question, answer in ANSWERS.items():
            if question in data:
                os.write(self.terminal, answer)

    def read(self, until, stop=None):
        """Take down output until a moment, or until stop() holds, or the program has ended."""
        while self.alive and not (stop and stop()):
            left = until - self.now()
            if left <= 0:
                return
            if select.select([self.terminal], [], [], left)[0]:
                self._take()

    def has_written(self, text):
        """Did it write this text, in one piece, not long ago?"""
        return text is not None and text.encode() in self.tail

    def settle(self, timeout, needle=None, quiet=QUIET):
        """Read until the needle was written; without one, or if it cannot be found like this, until it has settled.
        Returns when that was. Raises Failure if it ends by itself or time runs out."""
        ticks, active = 0, 0.0
        while self.alive and self.now() < timeout:
            self.read(self.now() + LOOK, lambda: self.has_written(needle))
            self.usage.look(self.pid)
            if self.has_written(needle):
                return self.now()
            if self.usage.cpu() != ticks:
                ticks, active = self.usage.cpu(), self.now()
            last = max(active, self.output[-1][0] if self.output else 0)
            # What the needle is not seen in may only have paused.
            if self.now() - last > quiet * (1 if needle is None else 4):
                return last
        raise Failure('%s %s' % (self.command[0], 'took longer than %d s' % timeout if self.alive else
                                 'ended: ' + self.tail.decode('utf-8', 'replace').strip()[-200:]))

    def type(self, keys, rate, seconds, until=None):
        """Type the keys in turn, so many a second, for a time or until a text was written."""
        due = self.now()
        for count in range(int(rate * seconds)):
            self.read(due, lambda: self.has_written(until))
            if not self.alive or self.has_written(until):
                break
            now = self.now()
            self.keys.append((now, now > due + LATE))
            os.write(self.terminal, keys[count % len(keys)].encode())
            due = now + 1 / rate
        self.read(due)
        self.typed = self.now()


# ---- what stood on the screen --------------------------------------------------

def frames(output):
    """The writes, those of one frame put together with the time of its last."""
    when, begin, parts = 0, 0, []
    for moment, data in output:
        if parts and (moment - when > FRAME or moment - begin > FRAME_MOST):
            yield when, b''.join(parts)
            parts = []
        if not parts:
            begin = moment
        when = moment
        parts.append(data)
    if parts:
        yield when, b''.join(parts)


def play(session):
    """The screen after each frame, as (time, screen); it is the same screen every time."""
    screen = Screen(session.cols, session.rows)
    for when, data in frames(session.output):
        screen.feed(data)
        yield when, screen


def first_screen(session):
    """When the first pause began."""
    if not session.output:
        raise Failure('%s wrote nothing' % session.command[0])
    last = session.output[0][0]
    for when, _ in session.output:
        if when - last > PAUSE:
            break
        last = when
    return last


def moments(session, wanted):
    """For each name of `wanted` when its test first held for the text of the screen; what never held is left out."""
    found = {}
    for when, screen in play(session):
        text = screen.text()
        for name, test in wanted.items():
            if name not in found and test(text):
                found[name] = when
        if len(found) == len(wanted):
            break
    return found


def last_text(session):
    """What stood there at the end."""
    text = ''
    for _, screen in play(session):
        text = screen.text()
    return text


def resting_lines(session):
    """The cursor's line after each frame, as (time, line), where it rests; what is painted in several goes moves it
    elsewhere in between. It rests in the column where it is found most often."""
    places = [(when, screen.cursor) for when, screen in play(session) if session.keys]
    columns = collections.Counter(column for when, (column, _) in places if when > session.keys[0][0])
    return [(when, line) for when, (column, line) in places if columns and column == columns.most_common(1)[0][0]]


def key_delays(session):
    """For each key the time until it was seen, and the number of keys left out because one was typed late."""
    lines = resting_lines(session)
    ends = session.keys[1:] + [(session.typed, False)]
    delays, at, line = [], 0, None
    for (press, late), (end, next_late) in zip(session.keys, ends):
        while at < len(lines) and lines[at][0] <= press:
            line = lines[at][1]
            at += 1
        seen = next((when for when, other in lines[at:] if other != line), math.inf)
        if not late and not next_late:
            delays.append(min(seen, end) - press)
    return delays, len(session.keys) - len(delays)


def percentile(values, share):
    """The least of the values that so large a share of them does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered) - 1e-9) - 1)]


# ---- by hand -------------------------------------------------------------------

def arguments():
    parser = argparse.ArgumentParser(prog='ttytime.py', description='When is what of COMMAND on the screen?')
    parser.add_argument('--size', default='120x40', metavar='COLSxROWS', help='of the terminal (120x40)')
    parser.add_argument('--needle', metavar='TEXT', help='when does this first stand on the screen?')
    parser.add_argument('--timeout', type=float, default=120, metavar='S', help='give up after this (120)')
    parser.add_argument('--hold', type=float, default=0, metavar='S', help='stay on after it has settled; tells its pid')
    parser.add_argument('--keys', metavar='LIST', help='single keys, with commas between, to type in turn')
    parser.add_argument('--rate', type=float, default=20, metavar='N', help='keys a second (20)')
    parser.add_argument('--seconds', type=float, default=5, metavar='S', help='type for so long (5)')
    parser.add_argument('--until', metavar='TEXT', help='stop typing when this was written')
    parser.add_argument('--screen', action='store_true', help='print what stood there at the end')
    parser.add_argument('--json', action='store_true', help='print one JSON object')
    parser.add_argument('command', nargs='+', metavar='COMMAND', help='a program and its arguments')
    options = parser.parse_args()
    if not re.fullmatch('[1-9][0-9]*x[1-9][0-9]*', options.size):
        parser.error('--size: not COLSxROWS: ' + options.size)
    return options


def measure(options, result):
    """Run the program as the options say; fills `result` and returns the session."""
    cols, rows = map(int, options.size.split('x'))
    with Session(options.command, dict(os.environ, TERM='xterm-256color'), cols, rows) as session:
        if options.keys:
            session.read(1, lambda: bool(session.output))
            session.read(session.now() + PAUSE)
            session.type(options.keys.split(','), options.rate, options.seconds, options.until)
        else:
            result['settled_ms'] = 1000 * session.settle(options.timeout)
        if options.hold:
            print('pid %d' % session.pid, file=sys.stderr, flush=True)
            session.read(session.now() + options.hold)
        session.usage.look(session.pid)
        result['memory_mib'] = session.usage.memory()
        result['processes'] = len(session.usage.peaks)
    result['first_screen_ms'] = 1000 * first_screen(session)
    if options.needle:
        found = moments(session, {'needle': lambda text: options.needle in text})
        result['needle_ms'] = 1000 * found['needle'] if found else None
    delays, left_out = key_delays(session)
    if delays:
        result['keys'] = len(delays)
        result['keys_left_out'] = left_out
        result.update(('key_%s_ms' % name, 1000 * percentile(delays, share))
                      for name, share in (('p50', .5), ('p90', .9), ('p99', .99), ('most', 1)))
    return session


def main():
    options = arguments()
    sys.stdout.reconfigure(errors='replace')
    result = collections.OrderedDict()
    try:
        session = measure(options, result)
    except Failure as failure:
        print('ttytime.py: %s' % failure, file=sys.stderr)
        return 1
    rounded = {name: round(value, 2) if isinstance(value, float) else value for name, value in result.items()}
    if options.json:
        print(json.dumps(rounded))
    else:
        print('  '.join('%s %s' % (name, 'none' if value is None else value) for name, value in rounded.items()))
    if options.screen:
        print(last_text(session))
    return 0


if __name__ == '__main__':
    sys.exit(main())
