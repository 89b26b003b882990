"""Workers that die, stop, or send what they should not: only their own pane is harmed."""
import os
import random
import re
import signal
import subprocess
import time

from browse import (all_complete, check_frame, check_gone, check_left, current, descriptors, family, handled, memory_peak, panes, plant,
                    plant_many, start, still, threads, three_trees, wait_pane, wait_title, with_worker)
from term import PATIENCE, Limit, alive, children_of, is_writing, state_of

MEGABYTE = 1 << 20


def workers(term):
    """The pids of the workers, in the order of their start."""
    return children_of(term.interface())


def check_lively(term, index):
    """The pane takes keys and its rows are right."""
    for _ in range(10):
        handled(term)                       # between two pictures, the cursor rests in the active pane
        x = term.screen.cursor[0]
        pane = panes(term)[index] if len(panes(term)) > index else None
        if pane and pane.x < x < pane.x + pane.w:
            break
        term.keys('Tab')
    check_keys(term, index)


def check_keys(term, index):
    """The same where the pane is the active one."""
    term.keys('g')
    term.wait(lambda: current(term) == 'docs/', what='the cursor on the first row')
    term.keys('j')
    term.wait(lambda: current(term) == 'empty/', what='the cursor on the second row')
    assert '✓' in panes(term)[index].title, panes(term)[index].title


# ---- death and silence -----------------------------------------------------------------------------

def test_same_as_threads(ctx):
    """The same rows, totals and titles whatever feeds the panes."""
    roots = three_trees(ctx)
    term = start(ctx, *roots)
    term.keys('j', 'Space', 'o', 'j')
    still(term)
    def shown():
        return [(pane.title, pane.rows) for pane in panes(term)], current(term)
    before = shown()
    term.keys('B')
    term.wait(lambda: 'worker' in panes(term)[2].bottom and len(workers(term)) == 3, what='three workers')
    all_complete(term)
    still(term)
    assert shown() == before, 'workers:\n%s\nthreads:\n%s' % (shown(), before)
    term.keys('q')
    check_left(term, 0)


def test_names_of_processes(ctx):
    roots = three_trees(ctx)
    term = start(ctx, '-b', 'workers', *roots)
    for pid in workers(term):
        with open('/proc/%d/cmdline' % pid, 'rb') as file:
            assert file.read().split(b'\0')[0].endswith(b'muntin-worker')
        with open('/proc/%d/comm' % pid, 'rb') as file:
            assert file.read() == b'muntin-worker\n'
    term.keys('W')
    term.wait_text('sources')
    handled(term)
    for pid in workers(term):
        assert str(pid) in term.text(), term.text()
    term.keys('Esc')
    term.wait(lambda: '─ sources' not in term.text() and ' sources ─' not in term.text(), what='end of the dialog')
    term.keys('q')
    check_left(term, 0)


def test_descriptors_and_signals_of_workers(ctx):
    """0, 1, 2 and what it opened itself; nothing of ours is inherited; no signal is blocked or ignored for its children."""
    roots = three_trees(ctx)
    log = os.open(ctx.path('open'), os.O_RDWR | os.O_CREAT)
    os.close(log)
    term = start(ctx, '-b', 'workers', *roots)
    for pid in workers(term):
        ours = {os.readlink('/proc/%d/fd/%d' % (term.interface(), fd)) for fd in descriptors(term.interface())}
        for fd in descriptors(pid):
            target = os.readlink('/proc/%d/fd/%d' % (pid, fd))
            assert fd > 2 or target == '/dev/null' or target.startswith('pipe:'), (fd, target)
            assert fd <= 2 or target not in ours or not target.startswith(('pipe:', 'socket:', '/dev/pts', '/dev/tty')), (fd, target)
    term.keys('q')
    check_left(term, 0)


def test_killed(ctx):
    """Restarted after 1, 2 and 4 seconds, then ✗, and R tries again."""
    roots = three_trees(ctx)
    term = start(ctx, '-b', 'workers', *roots, cols=240)
    term.keys('j', 'Space')
    term.wait_text('1 marked')
    first = workers(term)
    assert len(first) == 3, first
    for turn, pause in enumerate((1, 2, 4)):
        victim = worker_of(term, roots[0])
        others = [pid for pid in workers(term) if pid != victim]
        begun = time.monotonic()
        os.kill(victim, signal.SIGKILL)
        wait_pane(term, 0, lambda pane: '✓' not in pane.title, 'the death in the title')
        assert '✓' in panes(term)[1].title and '✓' in panes(term)[2].title
        assert panes(term)[0].names()[:3] == ['docs/', 'empty/', 'src/'], 'the rows have gone'
        wait_title(term, 0, '✓')
        took = time.monotonic() - begun
        assert took >= pause * 0.9, 'restarted after %.2f s, not %d s' % (took, pause)
        assert [pid for pid in workers(term) if pid in others] == others, 'other workers were touched'
        assert '1 marked' in term.text() and current(term) == 'src/', 'marks or cursor are lost after death %d' % (turn + 1)
    os.kill(worker_of(term, roots[0]), signal.SIGKILL)
    wait_title(term, 0, '✗')
    assert 'signal 9' in panes(term)[0].title or 'signal 9' in term.text(), term.text()
    assert panes(term)[0].names()[:3] == ['docs/', 'empty/', 'src/'], 'the rows have gone'
    still(term)
    assert len(workers(term)) == 2
    check_lively(term, 1)
    term.keys('Tab', 'Tab', 'R')
    wait_title(term, 0, '✓')
    assert '1 marked' in term.text()
    pids = family(term)
    term.keys('q')
    check_left(term, 0, pids)


def worker_of(term, root):
    """The pid of the worker of a root, as `W` tells it."""
    term.keys('W')
    term.wait_text('sources')
    handled(term)
    lines = [line for line in term.text().split('\n') if os.path.basename(root) in line and 'pid' in line]
    screen = term.text()
    term.keys('Esc')
    term.wait(lambda: '─ sources' not in term.text() and ' sources ─' not in term.text(), what='end of the dialog')
    assert lines, screen
    return int(re.search(r'pid (\d+)', lines[-1])[1])


def test_killed_at_random(ctx):
    """A worker dies again and again at whatever moment; R brings the pane back each time."""
    dice = random.Random(64)
    many = plant_many(ctx.path('many'), 20, 200)
    tree = three_trees(ctx)[0]
    term = start(ctx, '-b', 'workers', many, tree)
    killed = set()
    for _ in range(40):
        term.keys('R')
        pause = time.monotonic() + dice.random() * 0.06
        while time.monotonic() < pause:
            term.drain()
        for pid in workers(term)[:1 + dice.randrange(2)]:
            try:
                os.kill(pid, dice.choice((signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM, signal.SIGABRT)))
                killed.add(pid)
            except ProcessLookupError:
                pass
    # A title may still be from before the last death; that both workers are new ones tells.
    check_gone(term, killed, 10)

    def healthy():
        for index, pane in enumerate(panes(term)):
            if '✗' in pane.title:
                term.keys('^w', str(index + 1), 'R')
                wait_pane(term, index, lambda pane: '✗' not in pane.title, 'another try')
        return len(workers(term)) == 2 and all('✓' in pane.title for pane in panes(term))
    term.wait(healthy, 30, 'two healthy workers')
    assert str(20 * 201 + 1) in panes(term)[0].title.replace(',', ''), panes(term)[0].title
    pids = family(term)
    term.keys('q')
    check_left(term, 0, pids)


def test_stopped(ctx):
    """⌛ from 5 s on while it scans; the other pane is as fast as ever; quitting takes no time and leaves no orphan."""
    os.mkdir(ctx.path('bad'))
    tree = three_trees(ctx)[0]
    program = with_worker(ctx, 'endless')
    for way in ('q', 'kill'):
        term = start(ctx, '-b', 'workers', ctx.path('bad'), tree, program=program, complete=False)
        wait_title(term, 1, '✓')
        pids = family(term)
        for pid in pids[1:]:
            os.kill(pid, signal.SIGSTOP)
        wait_title(term, 0, '⌛', 8)
        term.keys('Tab')
        with Limit(0.5):
            term.keys('j')
            term.wait(lambda term=term: current(term) == 'empty/', what='the cursor on the second row')
        with Limit(1.0):
            if way == 'q':
                term.keys('q')
            else:
                os.kill(pids[0], signal.SIGKILL)
            term.wait_end()
        assert term.status == (0 if way == 'q' else 137)
        term.check_restored()
        check_gone(term, pids)


def test_orphans(ctx):
    """Workers end with the interface, however it ends, while they scan and while they are idle."""
    os.mkdir(ctx.path('bad'))
    many = plant_many(ctx.path('many'), 50, 200)
    program = with_worker(ctx, 'endless')
    for signo in (signal.SIGKILL, signal.SIGTERM):
        for complete in (False, True):
            roots = [many, many] if complete else [ctx.path('bad'), many]
            term = start(ctx, '-b', 'workers', *roots, program=program, complete=complete)
            pids = family(term)
            os.kill(pids[0], signo)
            term.wait_end()
            check_gone(term, pids)
            term.check_restored()


# ---- leaks --------------------------------------------------------------------------------------------

def counts(term):
    """What must not grow: (descriptors, threads, children) of the interface, descriptors of its workers."""
    pid = term.interface()
    return len(descriptors(pid)), len(threads(pid)), len(children_of(pid)), \
        sorted(len(descriptors(child)) for child in children_of(pid))


def settled_counts(term, expected=None):
    """The counts once nothing goes on; a thread that has just ended may need a moment."""
    all_complete(term)
    if expected:
        term.wait(lambda: counts(term) == expected, 5, 'counts as before: %s (now %s)' % (expected, counts(term)))
    else:
        still(term)
    return counts(term)


def zombies():
    """Children of any process of the program that nobody has waited for."""
    return [pid for pid in map(int, filter(str.isdigit, os.listdir('/proc'))) if state_of(pid) == 'Z' and command_of(pid).startswith('muntin')]


def command_of(pid):
    """The name of a process."""
    try:
        with open('/proc/%d/comm' % pid, encoding='utf-8', errors='replace') as file:
            return file.read().strip()
    except OSError:
        return ''


def test_toggled_100_times(ctx):
    """While it scans: nothing leaks; cursor, marks and rows stay."""
    many = plant_many(ctx.path('many'), 40, 250)
    term = start(ctx, three_trees(ctx)[0], many)
    term.keys('j', 'j', 'Space', 'Space')
    term.wait_text('2 marked')
    still(term)
    cursor = current(term)
    before = settled_counts(term)
    for turn in range(100):
        term.keys('B')
        pause = time.monotonic() + (turn % 10) * 0.01
        while time.monotonic() < pause:
            term.drain()
    after = settled_counts(term, before)
    assert after == before, 'descriptors, threads, children: %s, before %s' % (after, before)
    assert '2 marked' in term.text() and current(term) == cursor, term.text()
    assert str(40 * 251 + 1) in panes(term)[1].title.replace(',', ''), panes(term)[1].title
    assert not [pid for pid in zombies() if pid in family(term)]
    term.keys('k', 'j')                     # the words about the last B go
    check_frame(term)
    pids = family(term)
    term.keys('q')
    check_left(term, 0, pids)


def test_rescanned_1000_times(ctx):
    roots = three_trees(ctx)
    for backend in ('threads', 'workers'):
        term = start(ctx, '-b', backend, *roots)
        term.keys('j', 'Space')
        term.wait_text('1 marked')
        term.keys('R')
        before = settled_counts(term)
        for turn in range(1000):
            term.keys('R')
            if turn % 7 == 0:
                term.drain()
            if turn % 50 == 0:
                handled(term)
        after = settled_counts(term, before)
        assert after == before, '%s: descriptors, threads, children: %s, before %s' % (backend, after, before)
        assert '1 marked' in term.text() and current(term) == 'src/', (current(term), term.text())
        assert panes(term)[0].names()[:3] == ['docs/', 'empty/', 'src/']
        pids = family(term)
        term.keys('q')
        check_left(term, 0, pids)


def test_panes_opened_and_closed(ctx):
    roots = three_trees(ctx)
    for backend in ('threads', 'workers'):
        term = start(ctx, '-b', backend, roots[0])
        before = settled_counts(term)
        for turn in range(30):
            term.keys(':', 'open ' + roots[turn % 3], 'Enter')
            term.wait(lambda term=term: len(panes(term)) == 2, what='two panes')
            term.keys('^w', 'o')
            term.wait(lambda term=term: len(panes(term)) == 1, what='one pane')
        after = settled_counts(term, before)
        assert after == before, '%s: descriptors, threads, children: %s, before %s' % (backend, after, before)
        term.keys('q')
        check_left(term, 0)


# ---- workers that send what they should not -------------------------------------------------------------

def bad_worker(ctx, mode, *args, wait=True):
    """A pane of a misbehaving worker beside a good one: (terminal, memory before)."""
    os.mkdir(ctx.path('bad'))
    tree = three_trees(ctx)[0]
    program = with_worker(ctx, mode, *args)
    term = start(ctx, '-b', 'workers', ctx.path('bad'), tree, program=program, complete=False, cols=240)
    if wait:
        wait_title(term, 1, '✓')
    return term


def check_harmless(term, limit=64 * MEGABYTE):
    """The other pane lives, the memory is bounded, the terminal saw nothing strange, and the end is as always."""
    check_lively(term, 1)
    assert memory_peak(term.interface()) < limit * (8 if PATIENCE > 1 else 1) + 32 * MEGABYTE, \
        '%d MiB' % (memory_peak(term.interface()) // MEGABYTE)
    check_frame_unless_animated(term)
    pids = family(term)
    with Limit(1.5):
        term.keys('q')
        term.wait_end()
    check_left(term, 0, pids)


def check_frame_unless_animated(term):
    """As check_frame, where nothing moves by itself. A worker that is started again between two looks earns another look."""
    for left in (3, 2, 1, 0):
        if '✗' not in panes(term)[0].title:
            return
        try:
            check_frame(term, handled)
            return
        except AssertionError:
            if not left:
                raise


def check_failed(ctx, reason, mode, *args):
    """The pane says why within 5 s, and ends as ✗ after three restarts."""
    term = bad_worker(ctx, mode, *args)
    wait_pane(term, 0, lambda pane: reason in '\n'.join([pane.title, *pane.lines]), 'the reason %r' % reason, 5)
    check_lively(term, 1)
    wait_title(term, 0, '✗', 20)
    check_harmless(term)


def test_bad_exit(ctx):
    check_failed(ctx, 'status 3', 'exit', 3)


def test_bad_random(ctx):
    check_failed(ctx, 'damaged', 'random', 1)


def test_bad_cut(ctx):
    check_failed(ctx, 'middle of a record', 'cut')


def bad_length(ctx, number):
    """A frame of this length."""
    check_failed(ctx, 'damaged', 'length', number)


def test_bad_length_0(ctx):
    bad_length(ctx, 0)


def test_bad_length_1(ctx):
    bad_length(ctx, 1)


def test_bad_length_limit(ctx):
    bad_length(ctx, 2 ** 20 + 1)


def test_bad_length_2_31(ctx):
    bad_length(ctx, 2 ** 31)


def test_bad_length_2_32(ctx):
    bad_length(ctx, 2 ** 32 - 1)


def test_length_at_the_limit(ctx):
    """A frame that may be that long, and does not come: it is waited for."""
    term = bad_worker(ctx, 'length', 2 ** 20)
    wait_title(term, 0, '⌛', 8)
    check_harmless(term)


def test_bad_noise(ctx):
    """Chatter without end: shown as text, after 64 KiB of it."""
    check_failed(ctx, 'Welcome to \\e]0;owned\\x07', 'noise')


def test_bad_silence(ctx):
    """No greeting: ⌛ from 5 s, and after 10 s it is told what is missing."""
    term = bad_worker(ctx, 'silent')
    wait_title(term, 0, '⌛', 8)
    wait_pane(term, 0, lambda pane: 'no answer' in '\n'.join([pane.title, *pane.lines]), 'the reason', 8)
    check_harmless(term)


def test_bad_chatter(ctx):
    """A few words, no greeting: after 10 s they are shown."""
    term = bad_worker(ctx, 'chatter')
    wait_pane(term, 0, lambda pane: 'no answer but: stty' in '\n'.join([pane.title, *pane.lines]), 'the reason', 14)
    check_harmless(term)


def test_quiet(ctx):
    """The greeting and nothing more: ⌛; Esc stops it."""
    term = bad_worker(ctx, 'quiet')
    wait_title(term, 0, '⌛', 8)
    term.keys('Esc')
    wait_title(term, 0, '◼')
    check_harmless(term)


def test_trickle(ctx):
    """A byte now and then is slow, not wrong."""
    term = bad_worker(ctx, 'trickle')
    wait_pane(term, 0, lambda pane: '✓' in pane.title and pane.names() == ['sub/', 'one', 'three', 'two'], 'all of it', 60)
    check_harmless(term)


BAD_NAMES = (b'../x', b'/etc/x', b'a/b', b'', b'.', b'..', b'nul\0nul', b'/')


def test_bad_names(ctx):
    """Names that no directory can have end the source; those that one can have are shown as text."""
    os.mkdir(ctx.path('bad'))
    tree = three_trees(ctx)[0]
    before = sorted(os.listdir(ctx.dir)) + ['programs']
    where = None
    for name in BAD_NAMES + (b'\x1b]0;owned\x07', b'\xff\n\r', b'x' * 255):
        if where:
            os.rename(where, where + '-%d' % len(os.listdir(ctx.dir)))
            before = sorted(os.listdir(ctx.dir)) + ['programs']
        program = with_worker(ctx, 'name', name.hex() or "''")
        where = os.path.dirname(program)
        term = start(ctx, '-b', 'workers', ctx.path('bad'), tree, program=program, complete=False, cols=240)
        if name in BAD_NAMES:
            wait_pane(term, 0, lambda pane: 'damaged' in '\n'.join([pane.title, *pane.lines]), 'the reason', 5)
            assert len(panes(term)[0].rows) <= 1, panes(term)[0].rows
        else:
            wait_pane(term, 0, lambda pane: '✓' in pane.title and len(pane.rows) == 2, 'two rows and ✓')
        wait_title(term, 1, '✓')
        check_harmless(term)
        assert sorted(os.listdir(ctx.dir)) == sorted(before), 'something was made outside'


def test_names_twice(ctx):
    """One name is one row; what refers to nothing ends the source."""
    term = bad_worker(ctx, 'twice')
    wait_pane(term, 0, lambda pane: 'damaged' in '\n'.join([pane.title, *pane.lines]), 'the reason', 5)
    names = panes(term)[0].names()
    assert len(names) == len(set(names)), names
    check_harmless(term)


def test_recording_found_twice(ctx):
    """That a root is no directory is found by two scans: it is one recording all the same."""
    tree = three_trees(ctx)[0]
    with open(ctx.path('bad'), 'wb') as out:
        subprocess.run([ctx.muntin, '--no-config', '--dump', tree], stdout=out, check=True)
    term = start(ctx, '-b', 'workers', ctx.path('bad'), program=with_worker(ctx, 'file'))
    wait_title(term, 0, '✓')
    assert 'docs/' in panes(term)[0].names(), panes(term)[0].names()
    term.keys('q')
    check_left(term, 0)


def test_extreme_attributes(ctx):
    """The largest and smallest times, modes, sizes and numbers are shown somehow, each on its own row."""
    term = bad_worker(ctx, 'attrs')
    wait_pane(term, 0, lambda pane: '✓' in pane.title or 'damaged' in '\n'.join([pane.title, *pane.lines]), 'an end', 10)
    handled(term)
    rows = panes(term)[0].rows
    assert len(rows) == 6 or 'damaged' in '\n'.join([panes(term)[0].title, *rows]), rows
    for _ in rows:
        term.keys('i')
        term.wait_text('┌ info')
        term.keys('Esc')
        term.wait(lambda: '┌ info' not in term.text(), what='end of the dialog')
        term.keys('j')
    check_harmless(term)


def test_million_entries(ctx):
    """10^6 entries in one directory: keys are obeyed all the time, and the memory is what they need."""
    term = bad_worker(ctx, 'bulk', 1000000)
    term.keys('Tab')
    slowest = 0
    while '✓' not in panes(term)[0].title:
        for name, where in (('j', 'empty/'), ('k', 'docs/')):
            begun = time.monotonic()
            term.keys(name)
            term.wait(lambda where=where: current(term) == where, what='the cursor on ' + where)
            slowest = max(slowest, time.monotonic() - begun)
    assert slowest < 1.0 * PATIENCE, 'a key took %.2f s' % slowest
    assert '1,000,001' in panes(term)[0].title, panes(term)[0].title
    term.keys('Tab', 'G')
    term.wait(lambda: current(term) == 'entry-00999999', what='the last row')
    check_harmless(term, limit=256 * MEGABYTE)


def test_shown_rows_first(ctx):
    """Where the names of a directory have come and the attributes have not, what is on the screen has its own all the same."""
    def sizes_are_shown():
        found = [re.match(r'entry-(\d+) +(\d+)', row.strip(' *')) for row in panes(term)[0].rows]
        return found and all(row and int(row[1]) == int(row[2]) for row in found)
    term = bad_worker(ctx, 'names', 900)
    term.keys('Tab')
    term.wait(lambda: current(term) == 'docs/', what='the cursor in the second pane')
    term.keys('Tab')
    for key, row in (('g', 'entry-000000'), ('G', 'entry-000899')):
        term.keys(key)
        term.wait(lambda row=row: current(term) == row, what='the cursor on ' + row)
        term.wait(sizes_are_shown, what='the sizes of all rows')
    assert '✓' not in panes(term)[0].title, panes(term)[0].title
    check_harmless(term)


def test_terminal_that_takes_nothing(ctx):
    """While a terminal is stopped the source waits and the memory stays; then everything is there."""
    count = 300000
    term = bad_worker(ctx, 'bulk', count, wait=False)
    def stuck():
        if not term.untaken():
            term.send(b'\x0c')
        return is_writing(term.interface())
    term.wait_unread(stuck, 20, 'picture that does not fit')
    term.wait_unread(lambda: is_writing(workers(term)[0]), 20, 'worker that waits')
    assert memory_peak(term.interface()) < 64 * MEGABYTE * (8 if PATIENCE > 1 else 1)
    wait_title(term, 0, '✓', 60)
    assert '300,001' in panes(term)[0].title, panes(term)[0].title
    check_harmless(term, limit=128 * MEGABYTE)


def test_deep_without_end(ctx):
    """Directories in directories without end: Esc stops it, and the program goes on."""
    term = bad_worker(ctx, 'deep')
    wait_pane(term, 0, lambda pane: re.search(r'\d\d,\d\d\d', pane.title), 'some ten thousand directories', 20)
    # What has this much to do is never at rest.
    term.keys('Tab')
    check_keys(term, 1)
    term.keys('Tab')
    term.wait(lambda: term.screen.cursor[0] < panes(term)[1].x, what='the cursor in the first pane')
    term.keys('Esc')
    wait_title(term, 0, '◼')
    check_harmless(term, limit=512 * MEGABYTE)


def test_mutations(ctx):
    """Prefixes and flipped bits of a right answer, one after the other in one run: the program survives them all."""
    with open(ctx.path('count'), 'w', encoding='ascii') as file:
        file.write('0')
    term = bad_worker(ctx, 'mutate', ctx.dir)

    def count():
        with open(ctx.path('count'), encoding='ascii') as file:
            return int(file.read() or 0)
    for turn in range(60):
        before = count()

        def came(before=before):
            if count() > before:
                return True
            if term.at_rest(lambda: [term.interface()], False):
                term.keys('R')              # while it still runs or has just died this starts no other one
            return False
        term.wait(came, 30, 'mutation %d' % turn)
        assert alive(term.interface()), 'the interface died of mutation %d' % turn
    check_harmless(term)
