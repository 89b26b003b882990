"""What is measured, in sections; each can be asked for alone. The targets are in run.py.

In a section all subjects take turns (A B C, A B C, ...), so that whatever else the machine does meets all of them. The
first round only warms the caches and does not count.
"""
import os
import re
import signal
import statistics
import subprocess
import time

from ttytime import Failure, PAUSE, Session, family, first_screen, key_delays, moments
from world import say

TIMEOUT = 300          # s for anything in a terminal
DONE = '✓'             # a pane says so when it is complete
DISTURBED = 1.1        # so much above the least, a median was disturbed
NCDU_DONE = 'Total disk usage'    # of gdu too


class Series:
    """One thing that was measured a few times."""

    def __init__(self, unit):
        self.unit = unit
        self.values = []

    def median(self):
        return statistics.median(self.values)

    def least(self):
        return min(self.values)

    def disturbed(self):
        return self.unit == 's' and self.median() > DISTURBED * self.least()


class Section:
    """The series of one section, and what there is to say about them."""

    def __init__(self, name, title, base=None):
        self.name, self.title, self.base = name, title, base
        self.delays = False  # one value is one key: they are to differ, and the slow ones matter
        self.failed = False  # something could not be measured that is there
        self.series = {}
        self.notes = []
        self.facts = {}      # numbers that targets need
        self.subjects = []   # (name, function that returns { series: (unit, value or values) })

    def subject(self, name, function):
        self.subjects.append((name, function))

    def command(self, world, name, command):
        """Time a command, if it is installed."""
        if world.which(command[0]):
            self.subject(name, lambda: {name: ('s', world.seconds(command))})
        else:
            self.notes.append('%s: not installed' % command[0])

    def peer_screen(self, world, program, needle, path):
        """Time a peer in its window until the needle stands there, if it is installed."""
        if not world.which(program):
            self.notes.append('%s: not installed' % program)
            return

        def run():
            session, found = in_terminal(world, [program, path], needle, {'done': lambda text: needle in text})
            return {program: ('s', found['done']), program + ', memory': ('MiB', session.usage.memory())}
        self.subject(program, run)

    def run(self, rounds):
        """Take turns; who fails is left out from then on."""
        failed = set()
        for number in range(rounds + 1):
            say('%s: %s' % (self.name, 'round %d of %d' % (number, rounds) if number else 'warming up'))
            for name, function in self.subjects:
                if name in failed:
                    continue
                try:
                    found = function()
                except Failure as failure:
                    failed.add(name)
                    self.failed = True
                    self.notes.append('%s failed: %s' % (name, failure))
                    continue
                if number > 0:
                    self._add(found)
        return self

    def _add(self, found):
        for name, (unit, values) in found.items():
            values = values if isinstance(values, list) else [values]
            if values:
                self.series.setdefault(name, Series(unit)).values.extend(values)


def in_terminal(world, command, needle, tests):
    """Run a program until the needle was written; returns the session and when each test first held."""
    with Session(command, world.env) as session:
        session.settle(TIMEOUT, needle)
        session.read(session.now() + 0.1)
        session.usage.look(session.pid)
    found = moments(session, tests)
    for name in tests:
        if name not in found:
            raise Failure('%s never showed "%s"' % (os.path.basename(command[0]), name))
    return session, found


def until_done(world, *args):
    """muntin in a terminal until its only pane is complete: the session and the seconds."""
    session, found = in_terminal(world, world.muntin + list(args), DONE, {'complete': lambda text: DONE in text})
    return session, found['complete']


def check_count(world, section, path, shape):
    """Who is fast because it leaves something out does not count."""
    line = world.output(world.muntin + ['--count', path])
    if line.split('\t')[0] != str(shape.entries):
        section.failed = True
        section.notes.append('wrong: --count says %r, the tree has %d entries' % (line.strip(), shape.entries))


# ---- the sections --------------------------------------------------------------

def count(world):
    """Everything that goes through a tree and asks for sizes, without a screen."""
    shape = world.trees[-1]
    path = world.tree(shape)
    section = Section('count', 'a tree of {:,} entries, no screen'.format(shape.entries), 'floor, 2 threads')
    section.command(world, 'floor, 2 threads', [world.floor, path, '2'])
    section.command(world, 'muntin --count', world.muntin + ['--count', path])
    section.command(world, 'floor, 1 thread', [world.floor, path, '1'])
    section.command(world, 'bfs, sizes', ['bfs', path, '-printf', '%s\\n'])
    section.command(world, 'fd, size test', [world.which('fd', 'fdfind') or 'fd', '-u', '-S', '+1t', '.', path])
    section.command(world, 'find, sizes', ['find', path, '-printf', '%s\\n'])
    section.command(world, 'du', ['du', '-s', path])
    section.command(world, 'ncdu, no window', ['ncdu', '-0', '-o', os.devnull, path])
    section.command(world, 'gdu, no window', ['gdu', '-npc', path])
    check_count(world, section, path, shape)
    return section.run(world.rounds)


def pane(world):
    """The same tree in a pane until it is complete, with both backends; what it takes of memory."""
    shape = world.trees[-1]
    path = world.tree(shape)
    section = Section('pane', 'a tree of {:,} entries, on the screen'.format(shape.entries), 'floor, 2 threads')
    section.facts['entries'] = shape.entries

    def run(name, *args):
        session, seconds = until_done(world, *args)
        return {name: ('s', seconds), name + ', memory': ('MiB', session.usage.memory())}

    def idle(name, *args):
        return {name: ('MiB', until_done(world, *args)[0].usage.memory())}

    section.command(world, 'floor, 2 threads', [world.floor, path, '2'])
    for name in ('threads', 'workers'):
        section.subject(name, lambda name=name: run('muntin ' + name, '--backend=' + name, path))
        section.subject(name + ', idle', lambda name=name: idle('muntin %s, idle memory' % name, '--backend=' + name, world.empty))
    section.command(world, 'bfs, sizes', ['bfs', path, '-printf', '%s\\n'])
    section.peer_screen(world, 'ncdu', NCDU_DONE, path)
    section.peer_screen(world, 'gdu', NCDU_DONE, path)
    return section.run(world.rounds)


def flat(world):
    """One large directory on the screen: when are there rows, all names, all sizes?"""
    shape = world.flats[-1]
    path = world.tree(shape)
    files = shape.entries - 1
    section = Section('flat', 'one directory of {:,} files'.format(files), 'floor, 1 thread')
    tests = {'first rows': lambda text: 'file_' in text, 'every name': lambda text: '{:,} entries'.format(files) in text,
             'complete': lambda text: DONE in text}

    def run():
        session, found = in_terminal(world, world.muntin + [path], DONE, tests)
        result = {'muntin, ' + name: ('s', seconds) for name, seconds in found.items()}
        result['muntin, memory'] = ('MiB', session.usage.memory())
        return result

    section.command(world, 'floor, 1 thread', [world.floor, path, '1'])
    section.command(world, 'floor, 2 threads', [world.floor, path, '2'])
    section.command(world, 'floor, names only', [world.floor, path, '1', 'names'])
    section.subject('muntin', run)
    for program in ('nnn', 'mc', 'vifm'):
        section.peer_screen(world, program, 'file_', path)
    return section.run(world.rounds)


def scale(world):
    """What one entry costs in small trees and large: the time less that for an empty directory."""
    section = Section('scale', 'cost per entry')
    start = {}

    def empty():
        start['--count'] = world.seconds(world.muntin + ['--count', world.empty])
        start['pane'] = until_done(world, world.empty)[1]
        return {}

    def run(kind, shape, path):
        took = {'--count': world.seconds(world.muntin + ['--count', path]), 'pane': until_done(world, path)[1]}
        return {'{} of {:,}, {}'.format(kind, shape.entries, how): ('ns', 1e9 * max(0, took[how] - start[how]) / shape.entries)
                for how in took}

    section.subject('empty', empty)
    for kind, shapes in (('tree', world.trees), ('directory', world.flats)):
        for shape in shapes:
            path = world.tree(shape)
            section.subject(path, lambda kind=kind, shape=shape, path=path: run(kind, shape, path))
    return section.run(world.rounds)


def memory(world):
    """What an entry takes of memory in small trees and large, which are recordings: a disk need not have ten million files."""
    section = Section('memory', 'memory for an entry of a recording')
    idle = {}

    def empty():
        idle['MiB'] = until_done(world, world.empty)[0].usage.memory()
        return {}

    def run(shape, path):
        peak = until_done(world, path)[0].usage.memory()
        return {'{:,} entries'.format(shape.entries): ('B', (peak - idle['MiB']) * 2 ** 20 / shape.entries)}

    section.subject('empty', empty)
    for shape in world.recorded:
        path = world.recording(shape)
        section.subject(path, lambda shape=shape, path=path: run(shape, path))
    return section.run(min(world.rounds, 3))


def keys(world):
    """20 keys a second, in each of four panes in turn, while all of them scan."""
    roots = [world.tree(world.trees[-1]), world.tree(world.flats[-1])] * 2
    section = Section('keys', 'key to screen at 20 keys a second while four panes scan')
    section.delays = True
    left_out = []

    def run(number):
        with Session(world.muntin + roots, world.env) as session:
            session.read(2, lambda: session.has_written('file_'))
            os.write(session.terminal, b'\t' * number)
            session.read(session.now() + 4 * PAUSE)
            session.type('jk', 20, 60, DONE)
        if not session.keys:
            raise Failure('complete before the first key; it takes larger trees')
        delays, late = key_delays(session)
        left_out.append(late)
        return {'pane %d' % (number + 1): ('s', delays)}

    for number in range(len(roots)):
        section.subject('pane %d' % (number + 1), lambda number=number: run(number))
    section.run(world.rounds)
    if any(left_out):
        section.notes.append('%d keys left out: the machine held up the typing' % sum(left_out))
    return section


def start(world):
    """From the start to the first full screen, in an empty directory."""
    section = Section('start', 'start to first full screen, empty directory', 'muntin')

    def run(name, command):
        with Session(command, world.env) as session:
            session.read(10, lambda: bool(session.output))
            session.read(session.now() + 10 * PAUSE)
        return {name: ('s', first_screen(session))}

    section.subject('muntin', lambda: run('muntin', world.muntin + [world.empty]))
    for program in ('nnn', 'ncdu', 'mc', 'vifm', 'lf', 'gdu'):
        if world.which(program):
            section.subject(program, lambda program=program: run(program, [program, world.empty]))
    return section.run(3 * world.rounds)


def switches(pids):
    """How often the threads of these processes went to sleep so far."""
    total = 0
    for pid in pids:
        for task in os.listdir('/proc/%d/task' % pid):
            with open('/proc/%d/task/%s/status' % (pid, task), encoding='utf-8', errors='replace') as file:
                total += int(re.search(r'^voluntary_ctxt_switches:\s+(\d+)', file.read(), re.M)[1])
    return total


def traced(world, session, seconds):
    """The system calls of all processes of a session within so many seconds; None if they cannot be traced."""
    log = os.path.join(world.scratch, 'strace')
    command = ['strace', '-f', '-ttt', '-o', log]
    for pid in family(session.pid):
        command += ['-p', str(pid)]
    tracer = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    # Being attached to interrupts what they wait in; only what comes later is theirs.
    session.read(session.now() + 1)
    begin = time.time()
    session.read(session.now() + seconds)
    end = time.time()
    tracer.send_signal(signal.SIGINT)
    said = tracer.communicate()[1]
    if b'attached' not in said:
        return None
    with open(log, encoding='utf-8', errors='replace') as file:
        lines = [line.split(None, 2) for line in file]
    return [words[2].strip() for words in lines if len(words) == 3 and begin <= float(words[1]) <= end]


def idle(world):
    """What a program still does that has nothing to do: a small tree and a large directory, both complete."""
    section = Section('idle', 'complete, and nothing changes')
    roots = [world.tree(world.trees[0]), world.tree(world.flats[0])]
    seconds = 2 if world.quick else 10

    def run(name):
        with Session(world.muntin + ['--backend=' + name] + roots, world.env) as session:
            session.settle(TIMEOUT)
            session.read(session.now() + 3)
            pids = family(session.pid)
            before = switches(pids)
            session.read(session.now() + seconds)
            result = {name + ', wake-ups in %d s' % seconds: ('', switches(pids) - before)}
            calls = traced(world, session, seconds) if world.which('strace') else None
        if calls is None:
            section.notes.append('%s: strace is not installed, or may not look' % name)
            return result
        for call in sorted(set(calls))[:5]:
            section.notes.append('%s: %s' % (name, call[:100]))
        result[name + ', system calls'] = ('', len(calls))
        return result

    for name in ('threads', 'workers'):
        section.subject(name, lambda name=name: run(name))
    return section.run(1)


def diff(world):
    """Two equal trees: by what stat says, and by content."""
    shape = world.diff_shape(world.content)
    left, right = world.tree(shape), world.tree(shape, '-b')
    section = Section('diff', 'two equal trees of {:,} entries, {:g} GB each'.format(shape.entries, world.content))
    if not world.quick and world.content != 8.5:
        section.notes.append('for 8.5 GB each, as the target has it, there is no room here')
    section.command(world, 'rsync', ['rsync', '-an', '--delete', '-i', left + '/', right + '/'])
    section.command(world, 'diff -rq', ['diff', '-rq', '--no-dereference', left, right])
    if world.can('--diff'):
        # Who says nothing of equal trees must say something of others.
        if 'dir_000/' not in world.output(world.muntin + ['--diff', '--by=type', left, world.empty]):
            section.failed = True
            section.notes.append('wrong: --diff does not see that a tree and an empty directory differ')
        section.command(world, 'muntin, stat', world.muntin + ['--diff', '--by=type,size,mtime', left, right])
        section.command(world, 'muntin, content', world.muntin + ['--diff', '--by=content', left, right])
    else:
        section.notes.append('muntin has no --diff yet')
    return section.run(world.rounds)


def change(world):
    """Delete a tree, and change the mode of everything in one."""
    shape = world.trees[1] if world.quick else world.trees[-2]
    section = Section('change', 'delete and chmod -R of {:,} entries'.format(shape.entries))
    victim = os.path.join(world.scratch, 'victim')
    kept = world.tree(shape, '-chmod')
    batch = os.path.join(world.scratch, 'batch')

    def muntin(line, root):
        """Run one line of a batch; the journal begins empty every time, as it would after a while of its own."""
        world.remove(world.state)
        os.makedirs(world.state)
        with open(batch, 'w', encoding='utf-8') as file:
            file.write(line + '\n')
        return world.seconds(world.muntin + ['--batch=-', root], batch)

    def delete(name, function):
        world.remove(victim)
        world.make(shape, victim)
        seconds = function()
        if os.path.exists(victim):
            raise Failure('it is still there')
        return {name: ('s', seconds)}

    def chmod(name, function):
        world.seconds(['chmod', '-R', 'u=rwX,go=rX', kept])
        seconds = function()
        left = world.output(['find', kept, '-perm', '/go+r', '-printf', 'x']).count('x')
        if left:
            raise Failure('%d entries were not changed' % left)
        return {name: ('s', seconds)}

    def chmod_journal():
        seconds = muntin('chmod -R go-r ' + kept, kept)
        note = 'chmod left nothing in the journal, so it was not measured with one'
        if not any(files for _, _, files in os.walk(world.state)) and note not in section.notes:
            section.notes.append(note)
        return seconds

    section.subject('rm -rf', lambda: delete('rm -rf', lambda: world.seconds(['rm', '-rf', victim])))
    section.subject('muntin delete', lambda: delete('muntin delete', lambda: muntin('delete -r ' + victim, world.scratch)))
    section.subject('chmod -R', lambda: chmod('chmod -R', lambda: world.seconds(['chmod', '-R', 'go-r', kept])))
    section.subject('muntin chmod -R', lambda: chmod('muntin chmod -R', chmod_journal))
    section.run(world.rounds)
    world.remove(victim)
    return section


SECTIONS = {function.__name__: function for function in (count, pane, flat, scale, memory, keys, start, idle, diff, change)}
