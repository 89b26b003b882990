"""A program in a terminal of its own, as its person and their shell would have it.

Between the test and the program stands a session leader, a very small shell: it owns the terminal, puts the
program into a process group of its own, sees it stop and end, and brings it back to the foreground when told.
Without it the death of the program would hang the terminal up, and what it left behind could not be seen.
"""
import fcntl
import os
import select
import signal
import struct
import sys
import termios
import time
import traceback

from screen import Screen

KEYS = {
    'Up': b'\x1bOA', 'Down': b'\x1bOB', 'Right': b'\x1bOC', 'Left': b'\x1bOD', 'Home': b'\x1bOH', 'End': b'\x1bOF',
    'PgUp': b'\x1b[5~', 'PgDn': b'\x1b[6~', 'Del': b'\x1b[3~', 'Ins': b'\x1b[2~', 'Enter': b'\r', 'Tab': b'\t',
    'Shift-Tab': b'\x1b[Z', 'Esc': b'\x1b', 'Space': b' ', 'Backspace': b'\x7f',
    'F1': b'\x1bOP', 'F2': b'\x1bOQ', 'F3': b'\x1bOR', 'F4': b'\x1bOS', 'F5': b'\x1b[15~', 'F6': b'\x1b[17~',
    'F7': b'\x1b[18~', 'F8': b'\x1b[19~', 'F9': b'\x1b[20~', 'F10': b'\x1b[21~',
}


# How much longer everything may take: a program under sanitizers is slow.
PATIENCE = 5 if os.environ.get('MUNTIN_INSTRUMENTED') == 'yes' else 1


class Timeout(AssertionError):
    """What was waited for did not happen."""


class Limit:
    """What is done in the block must not take longer than so many seconds."""

    def __init__(self, seconds):
        self.seconds = seconds * PATIENCE

    def __enter__(self):
        self.begun = time.monotonic()

    def __exit__(self, kind, *_):
        took = time.monotonic() - self.begun
        assert kind or took <= self.seconds, 'took %.2f s, not %.2f s' % (took, self.seconds)


def key_bytes(name):
    """What a terminal sends for a key: a name above, ^X, or the text itself."""
    if len(name) == 2 and name[0] == '^':
        return bytes([ord(name[1].upper()) & 0x1f])
    return KEYS.get(name) or name.encode()


def stat_fields(pid):
    """The fields of /proc/PID/stat from the third on (state, ppid, pgrp, session), or None."""
    try:
        with open('/proc/%d/stat' % pid, 'rb') as file:
            return file.read().rpartition(b') ')[2].split()
    except OSError:
        return None


def processes():
    """Every pid there is."""
    return [int(name) for name in os.listdir('/proc') if name.isdigit()]


def state_of(pid):
    """A letter as in ps, or '' when it is gone."""
    fields = stat_fields(pid)
    return fields[0].decode() if fields else ''


def alive(pid):
    """Is it there and not merely waiting to be reaped?"""
    return state_of(pid) not in ('', 'Z', 'X')


def children_of(pid):
    """The pids of its children, oldest first."""
    return [other for other in processes() if (stat_fields(other) or [b'', b''])[1] == b'%d' % pid]


# Calls that wait, by machine and number: which of the arguments limits the time, and what it is then when it does not.
_FOREVER = {
    'x86_64': {7: (3, 0xffffffff), 271: (3, 0), 202: (4, 0), 23: (5, 0), 270: (5, 0), 232: (4, 0xffffffff), 281: (4, 0xffffffff)},
    'aarch64': {73: (3, 0), 98: (4, 0), 72: (5, 0), 22: (4, 0xffffffff)},
}.get(os.uname().machine, {})
# Those that do nothing but wait for a time: the program has none, but the runtime of a sanitizer may.
_NAPS = {'x86_64': (35, 230), 'aarch64': (101, 115)}.get(os.uname().machine, ())


_WRITE = {'x86_64': '1', 'aarch64': '64'}.get(os.uname().machine)


def tasks_of(pid):
    """The numbers of its threads."""
    try:
        return [int(name) for name in os.listdir('/proc/%d/task' % pid)]
    except OSError:
        return []


def call_of(tid):
    """The call it is in: number and arguments, or `running`. Where nobody may see that, one that is no known one."""
    try:
        with open('/proc/%d/syscall' % tid, encoding='ascii') as file:
            return file.read().split()
    except PermissionError:
        return ['-1']


def is_writing(tid):
    """Does it wait in write(2)? Where nobody may see that: does it wait?"""
    return wait_of(tid) is not None and call_of(tid)[0] in (_WRITE, '-1')


def wait_of(tid):
    """What a thread waits for: (how often it has run, whether without a limit of time); None while it runs or is gone."""
    try:
        with open('/proc/%d/status' % tid, encoding='utf-8', errors='replace') as file:
            status = dict(line.split(':', 1) for line in file if ':' in line)
        state = status['State'].split()[0]
        if state in ('Z', 'X'):
            return (), True                 # ended, though another thread of it may hang
        call = call_of(tid)
    except OSError:
        return None
    if state not in ('S', 'D', 'T', 't', 'I') or call[0] == 'running':
        return None
    runs = status['voluntary_ctxt_switches'].strip(), status['nonvoluntary_ctxt_switches'].strip()
    if int(call[0]) in _NAPS:
        return (), True
    place, never = _FOREVER.get(int(call[0]), (0, 0))
    return runs, place == 0 or int(call[place], 16) & (0xffffffff if never else ~0) == never


def waits_of(tids, forever):
    """What all these threads wait for, when they all do, and `forever` none of them for a time; else None."""
    waits = {tid: wait_of(tid) for tid in tids}
    if not all(wait and (wait[1] or not forever) for wait in waits.values()):
        return None
    return waits


def _close_others(kept):
    for fd in [int(name) for name in os.listdir('/proc/self/fd')]:
        if fd > 2 and fd not in kept:
            try:
                os.close(fd)
            except OSError:
                pass                        # the one that listed them


# ---- the session leader ---------------------------------------------------------

def _lead(slave, orders, reports, argv, env, cwd, background, redirect):
    """Be the shell: never returns. `orders` brings one letter a command, `reports` takes a line an event."""
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    signal.signal(signal.SIGTTIN, signal.SIG_IGN)
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    wake, ring = os.pipe()
    os.set_blocking(ring, False)
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(ring)
    pid = os.fork()
    if pid == 0:
        _become(slave, argv, env, cwd, background, redirect)
    try:
        os.setpgid(pid, pid)
    except OSError:
        pass                                # it has already done so itself
    if not background:
        os.tcsetpgrp(slave, pid)
    os.write(reports, b'started %d\n' % pid)
    while True:
        ready = select.select([wake, orders], [], [])[0]
        if wake in ready:
            os.read(wake, 4096)
            _report_changes(slave, pid, reports)
        if orders in ready:
            order = os.read(orders, 1)
            if order in (b'', b'x'):
                os._exit(0)
            if order == b'f':
                os.tcsetpgrp(slave, pid)
            os.killpg(pid, signal.SIGCONT)


def _report_changes(slave, pid, reports):
    while True:
        try:
            changed, status = os.waitpid(pid, os.WNOHANG | os.WUNTRACED)
        except ChildProcessError:
            return
        if changed == 0:
            return
        try:
            os.tcsetpgrp(slave, os.getpgrp())
        except OSError:
            pass                            # the terminal has hung up
        if os.WIFSTOPPED(status):
            os.write(reports, b'stopped %d\n' % os.WSTOPSIG(status))
        elif os.WIFSIGNALED(status):
            os.write(reports, b'ended %d\n' % -os.WTERMSIG(status))
        else:
            os.write(reports, b'ended %d\n' % os.WEXITSTATUS(status))


def _become(slave, argv, env, cwd, background, redirect):
    os.setpgid(0, 0)
    signal.set_wakeup_fd(-1)
    if not background:
        os.tcsetpgrp(slave, os.getpgrp())   # while SIGTTOU is still ignored
    for signo in (signal.SIGTTOU, signal.SIGTTIN, signal.SIGTSTP, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE):
        signal.signal(signo, signal.SIG_DFL)
    for fd in range(3):
        os.dup2(redirect.get(fd, slave), fd)
    os.closerange(3, 256)
    os.chdir(cwd)
    try:
        os.execve(argv[0], argv, env)
    except OSError as error:
        os.write(2, ('%s: %s\n' % (argv[0], error)).encode())
    os._exit(127)


# ---- the test's side -------------------------------------------------------------

class Terminal:
    """One program on one terminal. All waiting is for something, and has a limit in seconds."""

    def __init__(self, argv, env, cwd, cols=80, rows=24, background=False, redirect=None):
        self.screen = Screen(cols, rows)
        self.output = b''
        self.pid = None
        self.stopped_by = None
        self.status = None
        self.lost = False
        self._reported = b''
        self.master, slave = os.openpty()
        self._path = os.ttyname(slave)
        self.set_size(cols, rows, tell=False)
        self.first_modes = termios.tcgetattr(slave)
        orders, self._orders = os.pipe()
        self._reports, reports = os.pipe()
        self.leader = os.fork()
        if self.leader == 0:
            try:
                _close_others({slave, orders, reports, *(redirect or {}).values()})
                _lead(slave, orders, reports, argv, env, cwd, background, redirect or {})
            except BaseException:           # pylint: disable=broad-except
                traceback.print_exc(file=sys.stderr)
            os._exit(125)
        for fd in (slave, orders, reports):
            os.close(fd)
        self.wait(lambda: self.pid is not None, what='the start of the program')

    # ---- looking ----

    def text(self):
        """The screen as text."""
        return self.screen.text()

    def modes(self):
        """The modes of the terminal now, as termios.tcgetattr."""
        return termios.tcgetattr(self.master)

    def interface(self):
        """The pid of the supervisor's child."""
        children = children_of(self.pid)
        assert children, 'the supervisor has no child'
        return children[0]

    def check_restored(self):
        """The terminal is as the program found it."""
        self.drain()
        assert self.modes() == self.first_modes, 'termios differ: %s, not %s' % (self.modes(), self.first_modes)
        assert self.screen.left_on() == [], 'private modes left changed: %s' % self.screen.left_on()
        assert not self.screen.alternate, 'the alternate screen was not left'
        assert self.screen.style == (), 'attributes left on: %s' % (self.screen.style,)
        assert not self.screen.line_drawing, 'the line drawing set was left on'

    def check_clean(self):
        """Nothing reached the terminal but what every program of curses sends."""
        self.drain()
        assert self.screen.violations == [], 'sequences not allowed: %r' % self.screen.violations[:10]

    # ---- doing ----

    def send(self, data):
        """Type bytes."""
        while data:
            data = data[os.write(self.master, data):]

    def keys(self, *names):
        """Type keys by name."""
        self.send(b''.join(key_bytes(name) for name in names))

    def set_size(self, cols, rows, tell=True):
        """Give the terminal another size; the kernel tells the program."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack('HHHH', rows, cols, 0, 0))
        if tell:
            self.screen.resize(cols, rows)

    def foreground(self):
        """As `fg` in a shell."""
        self.stopped_by = None
        os.write(self._orders, b'f')

    def background(self):
        """As `bg` in a shell."""
        self.stopped_by = None
        os.write(self._orders, b'b')

    def hang_up(self):
        """Close the terminal's window."""
        os.close(self.master)
        self.master = -1
        self.lost = True

    # ---- waiting ----

    def wait(self, condition, timeout=10.0, what='a condition'):
        """Return as soon as `condition()` is true; its value."""
        deadline = time.monotonic() + timeout * PATIENCE
        while True:
            value = condition()
            if value:
                return value
            left = deadline - time.monotonic()
            if left <= 0:
                raise Timeout('no %s in %g s; the screen:\n%s' % (what, timeout, self.text().rstrip()))
            # A condition may look at something that makes no noise here, as /proc: then look again soon.
            self._take(min(left, 0.01))

    def wait_unread(self, condition, timeout=10.0, what='a condition'):
        """As wait(), while nobody takes what is written to the terminal."""
        deadline = time.monotonic() + timeout * PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                raise Timeout('no %s in %g s' % (what, timeout))
            select.select([], [], [], 0.01)

    def wait_text(self, text, timeout=10.0):
        """Wait until a text stands on the screen."""
        return self.wait(lambda: text in self.text(), timeout, repr(text))

    def wait_stopped(self, timeout=10.0):
        """Wait until the program was stopped; the signal."""
        self.wait(lambda: self.stopped_by is not None, timeout, 'stop of the program')
        return self.stopped_by

    def wait_end(self, timeout=10.0):
        """Wait until the program has ended; its exit status, or -n for a signal."""
        self.wait(lambda: self.status is not None, timeout, 'end of the program')
        return self.status

    def untaken(self):
        """Is something typed that nobody has read yet? poll(2) on a terminal lets the kernel bring it there first."""
        slave = os.open(self._path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            return bool(select.select([slave], [], [], 0)[0])
        finally:
            os.close(slave)

    def at_rest(self, tids, forever):
        """
        Have these threads done with all that was typed, and was all they wrote taken? Then they wait, `forever` for nothing
        that comes with time, and none of them runs while we look.
        """
        before = waits_of(tids(), forever)
        if not before or self.untaken() or self._take(0):
            return False
        return waits_of(tids(), forever) == before

    def drain(self):
        """Take what has already arrived."""
        while self._take(0):
            pass

    def _take(self, timeout):
        fds = [fd for fd in (self.master, self._reports) if fd >= 0]
        ready = select.select(fds, [], [], timeout)[0]
        if self._reports in ready:
            self._reported += os.read(self._reports, 4096)
            *lines, self._reported = self._reported.split(b'\n')
            for line in lines:
                self._note(*line.split())
            if not lines and not self._reported:
                os.close(self._reports)
                self._reports = -1
        if self.master in ready:
            try:
                data = os.read(self.master, 65536)
            except OSError:                 # EIO: nobody has the terminal open any more
                data = b''
            if not data:
                os.close(self.master)
                self.master = -1
            self.output += data
            self.screen.feed(data)
        return bool(ready)

    def _note(self, event, number):
        if event == b'started':
            self.pid = int(number)
        elif event == b'stopped':
            self.stopped_by = int(number)
        else:
            self.status = int(number)

    # ---- the end ----

    def close(self):
        """End whatever is left of the session: it is all ours."""
        for pid in processes():
            fields = stat_fields(pid)
            if fields and int(fields[3]) == self.leader and pid != self.leader:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        for fd in (self._orders, self._reports, self.master):
            if fd >= 0:
                os.close(fd)
        os.kill(self.leader, signal.SIGKILL)
        os.waitpid(self.leader, 0)
