"""muntin in a terminal: what the tests of the whole program share.

Trees to look at, a program with its worker in a directory of its own, the panes as they stand on the screen, and
what /proc tells of its processes.
"""
import os
import shutil
import sys

from term import alive, children_of, tasks_of

HERE = os.path.dirname(os.path.abspath(__file__))
SPINNING = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'


def plant(top, *entries):
    """Make a directory with entries: `d/`, `d/file`, `link->target`; parents come by themselves. Names may be bytes."""
    top = os.fsencode(top)
    os.makedirs(top, exist_ok=True)
    for entry in map(os.fsencode, entries):
        name, arrow, target = entry.partition(b'->')
        path = os.path.join(top, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if arrow:
            os.symlink(target, path)
        elif name.endswith(b'/'):
            os.makedirs(path, exist_ok=True)
        else:
            with open(path, 'wb') as file:
                file.write(name)
    return os.fsdecode(top)


def plant_many(top, dirs, files):
    """So many directories with so many empty files each."""
    for i in range(dirs):
        path = os.path.join(top, 'dir-%04d' % i)
        os.makedirs(path)
        for k in range(files):
            os.mknod(os.path.join(path, 'file-%04d' % k))
    return top


def three_trees(ctx):
    """Three small real trees with enough rows to scroll."""
    return [plant(ctx.path('tree-' + name), 'docs/index', 'docs/deep/er/est', 'src/main.c', 'empty/', 'latest->notes',
                  'notes', '.hidden', *['file-%02d' % i for i in range(40)]) for name in ('one', 'two', 'three')]


def start(ctx, *args, program=None, complete=True, **how):
    """Browse roots; returns when all panes are complete, unless told otherwise."""
    how.setdefault('cols', 120)
    how.setdefault('rows', 30)
    term = ctx.spawn([program or ctx.muntin, '--no-config', *args], **how)
    if not how.get('background'):
        term.wait(lambda: term.screen.alternate and 'quit' in term.text(), what='first screen')
        if complete:
            all_complete(term)
    return term


class Pane:
    """One pane as it stands on the screen; place and size of its frame in cells."""

    def __init__(self, screen, x, y, w, h):
        self.x, self.y, self.w, self.h = x, y, w, h
        self.title = self.text(screen, y)
        self.bottom = self.text(screen, y + h - 1)
        self.heading = self.text(screen, y + 1)
        self.lines = [self.text(screen, y + 2 + i) for i in range(h - 3)]
        self.rows = [line for line in self.lines if line.strip()]

    def text(self, screen, y):
        """A line of it, without its frame."""
        return ''.join(cell.text for cell in screen.grid[y][self.x + 1:self.x + self.w - 1]).rstrip()

    def names(self):
        """The names of its rows, as they are shown; only where they are not cut and have no blanks."""
        return [line[1:].lstrip(' ▸▾!*').split(' ')[0] for line in self.rows]


def panes(term):
    """All panes, in the order of their numbers. None may be covered by a dialog."""
    screen = term.screen
    found = []
    for y in range(screen.rows):
        for x in range(screen.cols):
            if screen.grid[y][x].text != '┌':
                continue
            right = next((i for i in range(x + 1, screen.cols) if screen.grid[y][i].text == '┐'), None)
            bottom = next((i for i in range(y + 1, screen.rows) if screen.grid[i][x].text == '└'), None)
            if right is not None and bottom is not None and bottom > y + 2:
                found.append(Pane(screen, x, y, right - x + 1, bottom - y + 1))
    return found


def all_complete(term, timeout=20):
    """Wait until every pane says ✓."""
    def done():
        shown = panes(term)
        return shown and all('✓' in pane.title for pane in shown)
    term.wait(done, timeout, '✓ in all panes')
    handled(term)                           # the rest of that picture may still be on its way


def wait_pane(term, index, condition, what, timeout=10):
    """Wait until a pane (from 0) is such that `condition(pane)` is true."""
    term.wait(lambda: len(panes(term)) > index and condition(panes(term)[index]), timeout, what)


def wait_title(term, index, text, timeout=20):
    """Wait until the title of a pane (from 0) has the text."""
    wait_pane(term, index, lambda pane: text in pane.title, '%r in the title of pane %d' % (text, index + 1), timeout)


def current(term):
    """The name on the row that the hardware cursor rests on."""
    x, y = term.screen.cursor
    for pane in panes(term):
        if pane.x <= x < pane.x + pane.w and pane.y + 2 <= y < pane.y + pane.h - 1:
            return pane.text(term.screen, y)[1:].lstrip(' ▸▾!*').split(' ')[0]
    return None


def key(term, name, text):
    """Type a key and wait until a text stands on the screen."""
    term.keys(name)
    term.wait_text(text)


def command(term, line):
    """A command at the `:` prompt."""
    term.keys(':', line, 'Enter')


def everybody(term):
    """All threads of the program: of the supervisor, the interface, and what they have started."""
    return [tid for pid in [term.pid, *family(term)] for tid in tasks_of(pid)]


def resting(term):
    """Does nothing go on any more? All threads wait for something from outside, and nothing that was typed or painted is under way."""
    return term.at_rest(lambda: everybody(term), True)


def still(term):
    """Wait until nothing goes on any more, not even a wait for a time, but for panes that are polled."""
    term.wait(lambda: term.at_rest(lambda: everybody(term), ', polled' not in term.text()), 30, 'rest')


def handled(term):
    """Wait until what was typed is on the screen, while panes may go on moving by themselves."""
    term.wait(lambda: term.at_rest(lambda: [term.interface()], False), 30, 'a picture')


def check_frame(term, settle=still):
    """What stands on the screen is what a repaint from nothing gives."""
    settle(term)
    before, cursor, length = term.text(), term.screen.cursor, len(term.output)
    term.keys('^l')
    term.wait(lambda: len(term.output) > length, what='output after a redraw')
    settle(term)
    assert (term.text(), term.screen.cursor) == (before, cursor), \
        'a redraw changes the screen from\n%s\nto\n%s' % (before, term.text())


def check_left(term, status, pids=(), timeout=2.0):
    """The program has ended with this status, the terminal is as before, and its processes are gone."""
    assert term.wait_end() == status, 'ended with %s, not %s:\n%s' % (term.status, status, term.text())
    term.check_restored()
    term.check_clean()
    check_gone(term, pids, timeout)


def check_gone(term, pids, timeout=2.0):
    """None of the processes is left."""
    term.wait(lambda: not any(alive(pid) for pid in pids), timeout, 'end of the processes %s' % (pids,))


def family(term):
    """The interface and everything below it."""
    found = [term.interface()]
    for pid in found:
        found += children_of(pid)
    return found


def descriptors(pid):
    """Its open descriptors, as numbers."""
    return sorted(int(name) for name in os.listdir('/proc/%d/fd' % pid))


def threads(pid):
    """The names of its threads."""
    names = []
    for tid in os.listdir('/proc/%d/task' % pid):
        try:
            with open('/proc/%d/task/%s/comm' % (pid, tid), encoding='utf-8', errors='replace') as file:
                names.append(file.read().strip())
        except OSError:
            pass
    return names


def memory_peak(pid):
    """The most memory it ever had, in bytes."""
    with open('/proc/%d/status' % pid, encoding='utf-8') as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith('VmHWM:'))


def with_worker(ctx, mode, *args):
    """A copy of the program beside a worker of tests/tool_worker.py; roots called bad… get the misbehaving one."""
    where = ctx.path('programs')
    os.mkdir(where)
    program = os.path.join(where, 'muntin')
    shutil.copy(ctx.need(ctx.muntin), program)
    worker = os.path.join(where, 'muntin-worker')
    with open(worker, 'w', encoding='utf-8') as file:
        file.write("#!/bin/sh\nexec '%s' '%s' '%s' %s\n" % (
            sys.executable, os.path.join(os.path.dirname(HERE), 'tool_worker.py'),
            os.path.abspath(ctx.need(ctx.worker)), ' '.join("'%s'" % word for word in (mode, *map(str, args)))))
    os.chmod(worker, 0o755)
    return program
