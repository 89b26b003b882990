"""The whole program on a terminal: browsing, sizes, signals, job control, pasting, and silence."""
import os
import random
import signal
import termios

from browse import (all_complete, check_frame, check_gone, check_left, command, current, everybody, family, key, panes, plant,
                    plant_many, resting, start, still, three_trees, wait_pane, wait_title, with_worker)
from term import Limit, Timeout, state_of, wait_of, waits_of


def test_browse_three_trees(ctx):
    roots = three_trees(ctx)
    term = start(ctx, *roots)
    shown = panes(term)
    assert all(root[-8:] in pane.title for root, pane in zip(roots, shown)), [pane.title for pane in shown]
    assert [pane.names()[:3] for pane in shown] == [['docs/', 'empty/', 'src/']] * 3
    term.wait(lambda: current(term) == 'docs/', what='the cursor on the first row')
    term.keys('j', 'Down', 'j')
    term.wait(lambda: current(term) == '.hidden', what='the cursor on the fourth row')
    term.keys('g', 'Enter')
    wait_pane(term, 0, lambda pane: current(term) == 'deep/' and pane.names() == ['deep/', 'index'], 'the rows of docs')
    term.keys('h')
    term.wait(lambda: current(term) == 'docs/', what='the cursor on the directory that was left')
    term.keys('o')
    wait_pane(term, 0, lambda pane: pane.names()[:3] == ['docs/', 'deep/', 'index'], 'docs expanded')
    term.keys('Tab', 'Space', 'Space')
    wait_pane(term, 1, lambda pane: '2 marked' in pane.bottom and pane.lines[1].startswith('*'), 'two marks')
    command(term, 'sort size')
    term.keys('Tab', 'f', 'file-1', 'Enter')
    wait_pane(term, 2, lambda pane: pane.names() == ['file-%02d' % i for i in range(10, 20)], 'ten filtered rows')
    term.keys('Tab', '/', 'file-3', 'Enter')
    term.wait(lambda: current(term) == 'file-30', what='the cursor on the first match')
    term.keys('n')
    term.wait(lambda: current(term) == 'file-31', what='the cursor on the second match')
    check_frame(term)
    term.keys('q')
    check_left(term, 0)


def test_leave_at_the_root(ctx):
    plant(ctx.path('up'), 'within/down/file', 'beside/other')
    term = start(ctx, ctx.path('up', 'within'))
    term.keys('h')
    wait_pane(term, 0, lambda pane: pane.names() == ['beside/', 'within/'] and current(term) == 'within/', 'the parent')
    all_complete(term)
    term.keys('Enter', 'Enter')
    wait_pane(term, 0, lambda pane: pane.names() == ['file'], 'back where it began')
    term.keys('q')
    check_left(term, 0)


def test_sizes(ctx):
    term = start(ctx, *three_trees(ctx))
    term.keys('j', 'o', 'Tab', 'Space', 'Tab', 'G')
    still(term)
    cursor = term.screen.cursor
    for cols, rows in ((200, 60), (20, 5), (1, 1), (2, 2), (80, 1), (1, 24), (24, 4), (60, 24), (120, 30)):
        length = len(term.output)
        term.set_size(cols, rows)
        term.wait(lambda length=length: len(term.output) > length, what='output after a change of size')
        check_frame(term)
        if (cols, rows) == (200, 60):
            assert [pane.h for pane in panes(term)] == [58] * 3, [pane.h for pane in panes(term)]
        if (cols, rows) == (60, 24):
            shown = panes(term)
            assert len(shown) == 3 and shown[0].y == shown[1].y < shown[2].y, 'the panes do not wrap into a grid'
    assert term.screen.cursor[0] == cursor[0] and '1 marked' in term.text() and '✓' in term.text(), term.text()
    assert current(term) == 'notes', current(term)
    term.keys('q')
    check_left(term, 0)


def test_burst_of_sizes(ctx):
    dice = random.Random(61)
    term = start(ctx, *three_trees(ctx), complete=False)
    for turn in range(300):
        term.set_size(dice.randint(1, 300), dice.randint(1, 100))
        if turn % 10 == 0:
            term.keys('j', 'Tab')
        term.drain()
    term.set_size(100, 40)
    all_complete(term)
    check_frame(term)
    term.keys('q')
    assert term.wait_end() == 0
    term.check_restored()


def test_ways_out(ctx):
    root = plant(ctx.path('tree'), 'sub/file')
    for name in ('q', 'F10', '^c', 'Q'):
        term = start(ctx, '--cwd-file', ctx.path('cwd'), root)
        term.keys('Enter')
        wait_pane(term, 0, lambda pane: pane.names() == ['file'], 'the rows of sub')
        with Limit(1.5):
            term.keys(name)
            term.wait_end()
        check_left(term, 0)
        assert os.path.exists(ctx.path('cwd')) == (name == 'Q'), name
    with open(ctx.path('cwd'), 'rb') as file:
        assert os.fsdecode(file.read().rstrip(b'\n\0')) == os.path.join(root, 'sub')


def test_end_in_a_dialog(ctx):
    root = plant(ctx.path('tree'), 'sub/file')
    for keys, text in ((('X',), 'y/N'), ((':', 'sor'), ':sor'), (('?',), 'Esc'), (('p',), 'permissions:'), (('r',), 'sub')):
        for signo in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
            term = start(ctx, root)
            term.keys(*keys)
            term.wait_text(text)
            with Limit(1.5):
                os.kill(term.pid, signo)
                term.wait_end()
            check_left(term, 128 + signo)
    assert os.path.exists(os.path.join(root, 'sub', 'file'))


# ---- signals while it scans ------------------------------------------------------------------

DEADLY = (signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS)
POLITE = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)


def check_signals(ctx, *args, program=None, signals=DEADLY + POLITE):
    """Each of the signals, to the interface while it scans."""
    for signo in signals:
        term = start(ctx, *args, program=program, complete=False)
        pids = family(term)
        with Limit(1.5):
            os.kill(pids[0], signo)
            term.wait_end()
        check_left(term, 128 + signo, pids)
        said = 'killed by signal %d' % signo in term.text()
        assert said == (signo in DEADLY), term.text()


def test_signals_while_threads_scan(ctx):
    check_signals(ctx, plant_many(ctx.path('many'), 60, 500), ctx.path('many'))


def test_signals_while_workers_scan(ctx):
    plant_many(ctx.path('many'), 10, 100)
    program = with_worker(ctx, 'endless')
    os.mkdir(ctx.path('bad'))
    check_signals(ctx, '-b', 'workers', ctx.path('bad'), ctx.path('many'), ctx.path('bad'), program=program)


def test_supervisor_killed(ctx):
    os.mkdir(ctx.path('bad'))
    many = plant_many(ctx.path('many'), 30, 500)
    program = with_worker(ctx, 'endless')
    for backend, root in (('threads', many), ('workers', ctx.path('bad'))):
        term = start(ctx, '-b', backend, root, many, program=program, complete=False)
        pids = family(term)
        os.kill(term.pid, signal.SIGKILL)
        term.wait_end()
        check_gone(term, pids)
        check_left(term, -signal.SIGKILL)


def test_hang_up(ctx):
    os.mkdir(ctx.path('bad'))
    program = with_worker(ctx, 'endless')
    for backend in ('threads', 'workers'):
        term = start(ctx, '-b', backend, ctx.path('bad'), program=program, complete=False)
        pids = family(term)
        with Limit(1.5):
            term.hang_up()
            term.wait(lambda term=term: term.status is not None, 3, 'end after the terminal was lost')
        check_gone(term, pids)
        assert term.status == 129, term.status


# ---- job control -----------------------------------------------------------------------------

def test_suspend(ctx):
    os.mkdir(ctx.path('bad'))
    tree = three_trees(ctx)[0]
    program = with_worker(ctx, 'endless')
    for args in ((tree,), ('-b', 'workers', tree, ctx.path('bad'))):
        term = start(ctx, *args, program=program, complete=False)
        wait_title(term, 0, '✓')
        term.keys('j', 'Space')
        term.wait_text('1 marked')
        interface = term.interface()
        for turn in range(20):
            if turn % 2:
                os.killpg(term.pid, signal.SIGTSTP)
            else:
                term.keys('^z')
            assert term.wait_stopped() == signal.SIGTSTP
            assert state_of(interface) == 'T', state_of(interface)
            term.check_restored()
            term.foreground()
            term.wait(lambda term=term: term.screen.alternate and '1 marked' in term.text() and current(term) == 'src/',
                      what='the screen after fg')
        wait_title(term, 0, '✓')
        check_frame_of_first(term)
        pids = family(term)
        term.keys('q')
        check_left(term, 0, pids)


def check_frame_of_first(term):
    """The first pane is as it was, and alive."""
    term.keys('g')
    term.wait(lambda: current(term) == 'docs/', what='the cursor on the first row')
    assert panes(term)[0].names()[:3] == ['docs/', 'empty/', 'src/']


def test_created_while_suspended(ctx):
    root = plant(ctx.path('tree'), 'one')
    term = start(ctx, root)
    term.keys('^z')
    term.wait_stopped()
    plant(root, 'two')
    term.foreground()
    term.wait(lambda: term.screen.alternate and panes(term) and panes(term)[0].names() == ['one', 'two'], what='the new file')
    term.keys('q')
    check_left(term, 0)


def test_background_start(ctx):
    root = three_trees(ctx)[0]
    term = start(ctx, root, background=True)
    assert term.wait_stopped() == signal.SIGTTOU
    term.check_restored()
    assert term.output == b'', term.output
    term.foreground()
    term.wait(lambda: term.screen.alternate and panes(term), what='first screen')
    all_complete(term)
    check_frame(term)
    term.keys('q')
    check_left(term, 0)


def test_background_continue(ctx):
    term = start(ctx, three_trees(ctx)[0])
    for _ in range(5):
        term.keys('^z')
        assert term.wait_stopped() == signal.SIGTSTP
        term.background()
        assert term.wait_stopped() == signal.SIGTTOU
        term.check_restored()
        term.foreground()
        term.wait(lambda: term.screen.alternate and panes(term), what='the screen after fg')
    term.keys('q')
    check_left(term, 0)


def as_a_shell(term):
    """Let the terminal be as a shell has it that sees its job stop: its own modes, the screen as it stands."""
    fd = os.dup(term.master)
    termios.tcsetattr(fd, termios.TCSANOW, term.first_modes)
    os.close(fd)


def test_stopped_without_a_word(ctx):
    root = three_trees(ctx)[0]
    for victim in ('supervisor', 'interface', 'both'):
        term = start(ctx, root)
        for _ in range(2):
            interface = term.interface()
            for pid in {'supervisor': [term.pid], 'interface': [interface], 'both': [interface, term.pid]}[victim]:
                os.kill(pid, signal.SIGSTOP)
            if victim == 'interface':
                term.wait(lambda interface=interface: state_of(interface) == 'T', what='the stop of the interface')
                os.kill(term.pid, signal.SIGSTOP)
            assert term.wait_stopped() == signal.SIGSTOP
            as_a_shell(term)
            length = len(term.output)
            term.foreground()
            term.wait(lambda term=term, length=length: len(term.output) > length and term.modes() != term.first_modes,
                      what='the terminal taken again')
            still(term)
            before = current(term)
            term.keys('j')
            term.wait(lambda term=term, before=before: current(term) not in (None, before), what='a key that is obeyed')
            check_frame(term)
        term.keys('q')
        check_left(term, 0)


def test_continued_in_the_background(ctx):
    term = start(ctx, three_trees(ctx)[0])
    os.kill(term.pid, signal.SIGSTOP)
    assert term.wait_stopped() == signal.SIGSTOP
    as_a_shell(term)
    length = len(term.output)
    term.background()
    assert term.wait_stopped() == signal.SIGTTOU
    assert len(term.output) == length and term.modes() == term.first_modes
    term.foreground()
    term.wait(lambda: term.modes() != term.first_modes and current(term) == 'docs/', what='the screen after fg')
    term.keys('j')
    term.wait(lambda: current(term) == 'empty/', what='a key that is obeyed')
    term.keys('q')
    check_left(term, 0)


# ---- pasted and typed ahead --------------------------------------------------------------------

def check_alive_and_whole(term, root, before):
    """It still listens, and nothing was changed."""
    for _ in range(20):
        term.keys('Esc')
        still(term)
        if 'y/N' not in term.text():
            break
    term.keys('?')
    term.wait_text('keys and commands')
    assert sorted(os.listdir(root)) == before


def leave_help_and_quit(term):
    """Esc by itself, not as the start of a sequence."""
    term.keys('Esc')
    term.wait(lambda: 'keys and commands' not in term.text(), what='end of the help')
    term.keys('q')
    check_left(term, 0)


def test_paste(ctx):
    root = plant(ctx.path('tree'), 'd1/f', 'd2/f', 'd3/f')
    before = sorted(os.listdir(root))
    for text in (b'Xy\nXy\n', b'Xy\rXy\r', b'Xyyyyyyyy', b':delete\ry', b'dydydy', b'\x1b[3~y', b'X\x1b[201y'):
        term = start(ctx, root)
        assert 2004 in term.screen.modes, 'the terminal was not asked to mark what is pasted'
        term.send(b'\x1b[200~' + text + b'\x1b[201~')
        still(term)
        assert 'y/N' not in term.text(), 'pasted text opened a question:\n' + term.text()
        check_alive_and_whole(term, root, before)
        leave_help_and_quit(term)


def test_paste_into_a_prompt(ctx):
    root = plant(ctx.path('tree'), 'one')
    term = start(ctx, root)
    term.keys('m')
    term.wait(lambda: 'mkdir' in term.text())
    term.send(b'\x1b[200~new\x1b[31m\nname\r\x1b[201~')
    still(term)
    assert os.listdir(root) == ['one'], 'pasted text ran a command: %s' % os.listdir(root)
    term.keys('Esc')
    still(term)
    term.keys('q')
    check_left(term, 0)


def test_paste_answers_no_question(ctx):
    root = plant(ctx.path('tree'), 'd1/f', 'd2/f')
    term = start(ctx, root)
    key(term, 'X', 'y/N')
    term.send(b'\x1b[200~y\x1b[201~')
    still(term)
    check_alive_and_whole(term, root, ['d1', 'd2'])
    leave_help_and_quit(term)


def test_burst(ctx):
    """The same as one write, by a terminal that does not mark what is pasted."""
    root = plant(ctx.path('tree'), 'd1/f', 'd2/f', 'd3/f')
    before = sorted(os.listdir(root))
    for text in (b'Xy', b'jXy', b'Xyy\nXyy\n', b'XyXyXyXy'):
        term = start(ctx, root)
        term.send(text)
        still(term)
        check_alive_and_whole(term, root, before)
        leave_help_and_quit(term)


def test_typed_ahead(ctx):
    """What was typed while the program could not look at it confirms nothing."""
    root = plant(ctx.path('tree'), 'd1/f', 'd2/f')
    for text in (b'Xy', b'X', b'jkXyy'):
        term = start(ctx, root)
        interface = term.interface()
        os.kill(interface, signal.SIGSTOP)
        term.wait(lambda interface=interface: state_of(interface) == 'T', what='stop of the interface')
        for byte in text:
            term.send(bytes([byte]))
        os.kill(interface, signal.SIGCONT)
        still(term)
        check_alive_and_whole(term, root, ['d1', 'd2'])
        leave_help_and_quit(term)


def test_the_question_is_answered_by_its_own_key(ctx):
    root = plant(ctx.path('tree'), 'd1/f', 'd2/f')
    term = start(ctx, root)
    for name in ('Enter', 'Esc', 'n', 'X', 'Space'):
        key(term, 'X', 'y/N')
        still(term)
        term.keys(name)
        still(term)
        if 'y/N' in term.text():
            term.keys('Esc')
            term.wait(lambda: 'y/N' not in term.text(), what='end of the question')
        assert sorted(os.listdir(root)) == ['d1', 'd2'], name
    key(term, 'X', 'y/N')
    still(term)
    term.keys('y')
    term.wait_text(': 2 ok')
    assert os.listdir(root) == ['d2']
    term.keys('q')
    check_left(term, 0)


# ---- silence -----------------------------------------------------------------------------------

def test_idle(ctx):
    """No thread of any process waits for a time: nothing will wake them but a key, a signal or a change on disk."""
    roots = three_trees(ctx)
    for backend in ('threads', 'workers'):
        term = start(ctx, '-b', backend, *roots)
        term.keys('j')
        try:
            term.wait(lambda term=term: resting(term), 30, 'rest')
        except Timeout as timeout:
            waits = {(open('/proc/%d/comm' % tid, encoding='utf-8').read().strip(), tid): wait_of(tid) for tid in everybody(term)}
            raise AssertionError('%s: not silent: %s' % (backend, waits)) from timeout
        before = waits_of(everybody(term), True)
        timers = [open('/proc/%d/timers' % pid, encoding='ascii').read() for pid in [term.pid, *family(term)]
                  if os.path.exists('/proc/%d/timers' % pid)]
        assert before and not any(timers), (before, timers)
        pids = [term.pid, *family(term)]
        term.keys('q')
        check_left(term, 0, pids[1:])


def test_nothing_is_left_behind(ctx):
    """No temporary files, no processes; a standard directory of state is made only when there is something for it."""
    root = three_trees(ctx)[0]
    before = sorted(os.listdir(ctx.dir))
    term = start(ctx, root)
    pids = family(term)
    term.keys('j', 'o', 'Space', 'q')
    check_left(term, 0, pids)
    check_gone(term, pids)
    assert sorted(os.listdir(ctx.dir)) == before
