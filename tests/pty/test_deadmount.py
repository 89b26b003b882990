"""A filesystem that never answers: only its own pane waits."""
import os

from browse import SPINNING, check_gone, current, family, panes, start, still, three_trees, wait_pane, wait_title
from term import Limit, state_of, stat_fields


def stuck(pids):
    """Do any threads of the processes wait without end in the kernel?"""
    for pid in pids:
        try:
            for tid in os.listdir('/proc/%d/task' % pid):
                with open('/proc/%d/task/%s/wchan' % (pid, tid), encoding='ascii', errors='replace') as file:
                    if file.read().startswith(('request_wait_answer', 'fuse_')):
                        return True
                with open('/proc/%d/task/%s/stat' % (pid, tid), 'rb') as file:
                    if file.read().rpartition(b') ')[2][:1] == b'D':
                        return True
        except OSError:
            pass
    return False


def browse_dead(ctx, mode, backend):
    """A pane on the dead mount beside one on a live tree, with a thread stuck in it: (terminal, its processes, mount)."""
    fuse = ctx.fuse(mode)
    tree = ctx.path('tree-one')
    if not os.path.exists(tree):
        three_trees(ctx)
    term = start(ctx, '-b', backend, fuse.path, tree, complete=False)
    term.wait(lambda: len(panes(term)) == 2, what='both panes')
    wait_title(term, 1, '✓')
    pids = family(term)
    # Without /proc/…/wchan a request that nobody reads shows as an interruptible or a killable sleep: then it is
    # enough that the pane has not become complete.
    if mode == 'dead':
        term.wait(lambda: stuck(pids), 5, 'a thread stuck in the dead mount')
    return term, pids, fuse


def check_other_pane(term):
    """Keys act at once in the other pane."""
    term.keys('Tab')
    term.wait(lambda: current(term) == 'docs/', what='the cursor in the other pane')
    for name, where in (('j', 'empty/'), ('j', 'src/'), ('k', 'empty/'), ('G', 'notes'), ('g', 'docs/')):
        with Limit(0.5):
            term.keys(name)
            term.wait(lambda where=where: current(term) == where, what='the cursor on ' + where)
    term.keys('Enter')
    wait_pane(term, 1, lambda pane: pane.names() == ['deep/', 'index'], 'the rows of docs')
    term.keys('h')
    term.wait(lambda: current(term) == 'docs/', what='the cursor on docs')


def check_quit(term, pids, how):
    """The prompt is back soon, the terminal as before; what hangs is left behind, everything else ends."""
    with Limit(1.5):
        how()
        term.wait(lambda: term.status is not None, 5, 'the prompt')
    term.check_restored()
    for pid in pids:
        assert state_of(pid) in ('', 'Z', 'X', 'D') or stat_fields(pid) is None or \
            term.wait(lambda pid=pid: state_of(pid) in ('', 'Z', 'X', 'D') or stuck([pid]), 2, 'the end of %d' % pid)


def check_dead(ctx, mode, backend):
    """All of it, and the ways out."""
    for way, status in (('q', 0), ('^c', 0), ('term', 143), ('hup', 129), ('kill', 137)):
        term, pids, _ = browse_dead(ctx, mode, backend)
        check_other_pane(term)
        assert '✓' not in panes(term)[0].title, panes(term)[0].title
        if way in ('q', '^c'):
            check_quit(term, pids, lambda term=term, way=way: term.keys(way))
        elif way == 'kill':
            check_quit(term, pids, lambda pids=pids: os.kill(pids[0], 9))
        else:
            check_quit(term, pids, lambda term=term, way=way: os.kill(term.pid, 15 if way == 'term' else 1))
        assert term.status == status, (way, term.status)


def test_dead_threads(ctx):
    check_dead(ctx, 'dead', 'threads')


def test_dead_workers(ctx):
    check_dead(ctx, 'dead', 'workers')


def test_unread_threads(ctx):
    check_dead(ctx, 'unread', 'threads')


def test_unread_workers(ctx):
    check_dead(ctx, 'unread', 'workers')


def test_silence_is_shown(ctx):
    """⌛ in the title of the pane that waits, names that came before stay, and other panes go on."""
    term, _, _ = browse_dead(ctx, 'dead', 'threads')
    wait_title(term, 0, '⌛', 15)
    assert 'file-0000' in panes(term)[0].names(), 'the names that were found are not shown'
    check_other_pane(term)
    term.keys('Tab', 'Esc')
    wait_title(term, 0, '◼')
    term.keys('B')
    wait_title(term, 1, '✓')
    check_other_pane(term)
    check_quit(term, [], lambda: term.keys('q'))


def test_close_the_dead_pane(ctx):
    """`^w c` on it, and muntin lives on."""
    for backend in ('threads', 'workers'):
        term, _, _ = browse_dead(ctx, 'dead', backend)
        term.keys('^w', 'c')
        term.wait(lambda term=term: len(panes(term)) == 1, what='one pane')
        term.keys('R')
        wait_title(term, 0, '✓')
        still(term)
        check_quit(term, [], lambda term=term: term.keys('q'))


def test_completion_in_the_dead(ctx):
    """Tab on a path that never answers says so, holds no key up, and is forgotten with the prompt."""
    fuse = ctx.fuse('dead')
    tree = three_trees(ctx)[0]
    term = start(ctx, tree)
    term.keys(':', 'open %s/' % fuse.path, 'Tab')
    term.wait_text('reading…')
    term.keys('x')
    term.wait(lambda: 'reading…' not in term.text() and fuse.path + '/x' in term.text(), what='a key that is obeyed')
    term.keys('Backspace', 'Tab')
    term.wait_text('reading…')
    term.keys('Esc')
    term.wait(lambda: 'reading…' not in term.text() and current(term) == 'docs/', what='the pane')
    check_quit(term, [], lambda: term.keys('q'))


def test_abort_frees_everybody(ctx):
    """Once the filesystem answers with an error, the pane says so, and no process is left after the end."""
    for backend in ('threads', 'workers'):
        term, pids, fuse = browse_dead(ctx, 'dead', backend)
        with open('/sys/fs/fuse/connections/%d/abort' % fuse.connection, 'wb') as file:
            file.write(b'1')
        wait_pane(term, 0, lambda pane: not set(SPINNING) & set(pane.title), 'the end of the scan')
        term.keys('q')
        assert term.wait_end() == 0
        term.check_restored()
        check_gone(term, pids)


def test_compare_with_the_dead(ctx):
    """What a pane that hangs may have is not known: nothing is missing in it, and the keys act at once."""
    term, pids, _ = browse_dead(ctx, 'dead', 'threads')
    term.keys('=')

    def lines_with(name):
        return [line for line in term.text().splitlines() if name + ' ' in line]

    term.wait(lambda: any(' .a ' in line for line in lines_with('file-01')), what='a row that is not known')
    assert not any(' -a ' in line for line in term.text().splitlines()), term.text()
    assert ' same ' not in term.text(), term.text()
    with Limit(0.5):
        term.keys('G')
        term.wait(lambda: any(' .a ' in line for line in lines_with('notes')), what='the last row')
    term.keys('=')
    term.wait(lambda: current(term) is not None, what='the panes by themselves')
    check_quit(term, pids, lambda: term.keys('q'))


def test_look_at_a_dead_file(ctx):
    for backend in ('threads', 'workers'):
        term, pids, _ = browse_dead(ctx, 'dead', backend)
        term.keys('/', 'file-0000', 'Enter')
        term.wait(lambda term=term: current(term) == 'file-0000', what='the cursor on a dead file')
        term.keys('v')
        term.wait_text('reading')
        with Limit(0.5):
            term.keys('Esc')
            term.wait(lambda term=term: current(term) == 'file-0000', what='the panes')
        check_other_pane(term)
        check_quit(term, pids, lambda term=term: term.keys('q'))
