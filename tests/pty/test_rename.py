"""Several marked entries renamed at once, with a program in the place of the editor."""
import os
import signal

from browse import all_complete, check_left, key, panes, plant, start, wait_pane
from term import children_of

# What the editor does is in a file of Python, which finds the lines in `lines` and leaves them there.
EDITOR = '''#!%(python)s
import os, signal, sys
with open(sys.argv[1], 'rb') as file:
    assert os.fstat(file.fileno()).st_mode & 0o777 == 0o600
    lines = file.read().decode().split('\\n')
assert lines.pop() == ''
with open(%(seen)r, 'w') as file:
    print(*lines, sep='\\n', file=file)
with open(%(does)r) as file:
    exec(file.read())
with open(sys.argv[1] + '.new', 'w') as file:
    print(*lines, sep='\\n', file=file)
os.rename(sys.argv[1] + '.new', sys.argv[1])
sys.exit(status)
'''


class Edited:
    """A program with an editor that does what a test says."""

    def __init__(self, ctx, *args):
        names = {'python': os.sys.executable, 'seen': ctx.path('seen'), 'does': ctx.path('does')}
        editor = ctx.path('editor')
        with open(editor, 'w', encoding='utf-8') as file:
            file.write(EDITOR % names)
        os.chmod(editor, 0o755)
        self.seen = names['seen']
        self.does = names['does']
        self.temporary = ctx.path('temporary')
        os.makedirs(self.temporary, exist_ok=True)
        self.term = start(ctx, *args, env={'EDITOR': editor, 'TMPDIR': self.temporary})

    def edit(self, code, text, status=0):
        """Rename the marked entries as `code` does it with `lines`; wait for a text."""
        with open(self.does, 'w', encoding='utf-8') as file:
            file.write('status = %d\n%s\n' % (status, code))
        if os.path.exists(self.seen):
            os.unlink(self.seen)
        self.term.keys('r')
        self.term.wait_text(text)

    def lines(self):
        """What the editor was shown."""
        with open(self.seen, encoding='utf-8') as file:
            return file.read().split('\n')[:-1]


def contents(root):
    """What every file holds, by its path."""
    found = {}
    for where, _, names in os.walk(os.fsencode(root)):
        for name in names:
            path = os.path.join(where, name)
            with open(path, 'rb') as file:
                found[os.path.relpath(path, os.fsencode(root))] = file.read()
    return found


def trade_names(ctx, *args):
    """Two files trade their names, a third gets a new one; no byte of a name is lost."""
    root = plant(ctx.path('tree'), 'a', 'b', b'bad\xff', b'two\nlines', "$'x'", ' blank ', 'kept')
    edited = Edited(ctx, *args, root)
    term = edited.term
    key(term, '*', '7 marked')
    edited.edit('''lines = [{'a': 'b', 'b': 'a', r"$'bad\\xff'": r"$'worse\\xfe\\n'"}.get(line, line) for line in lines]''',
                'rename 3 entries')
    assert sorted(edited.lines()) == sorted(
        ['a', 'b', r"$'bad\xff'", r"$'two\nlines'", r"$'$\'x\''", ' blank ', 'kept']), edited.lines()
    assert os.listdir(edited.temporary) == []
    term.wait_text('a → b')
    term.wait_text('bad\\xff → worse\\xfe\\n')
    assert len(contents(root)) == 7 and contents(root)[b'a'] == b'a'
    key(term, 'y', '3 ok')
    assert contents(root) == {b'a': b'b', b'b': b'a', b'worse\xfe\n': b'bad\xff', b'two\nlines': b'two\nlines',
                              b"$'x'": b"$'x'", b' blank ': b' blank ', b'kept': b'kept'}, contents(root)
    wait_pane(term, 0, lambda pane: '4 marked' in pane.bottom, 'the marks of what was not renamed')
    term.keys('q')
    check_left(term, 0)


def test_trade_names_with_threads(ctx):
    trade_names(ctx, '-b', 'threads')


def test_trade_names_with_workers(ctx):
    trade_names(ctx, '-b', 'workers')


def test_nothing_is_touched(ctx):
    root = plant(ctx.path('tree'), 'a', 'b', 'c', 'other')
    before = contents(root)
    edited = Edited(ctx, root)
    term = edited.term
    term.keys('Space', 'Space')
    key(term, 'Space', '3 marked')
    for code, said in (
            ('del lines[1]', 'fewer lines'),
            ('lines.append("d")', 'more lines'),
            ('lines[1] = ""', 'line 2: a name cannot be empty'),
            ('lines[1] = "x/y"', 'line 2: a name cannot hold a slash'),
            ('lines[1] = ".."', 'no names'),
            ('lines[1] = "x" * 256', 'line 2: name too long'),
            ('lines[1] = "a\\tb"', 'line 2: a control character'),
            ('lines[1] = "$\'x"', 'line 2: the quote'),
            ('lines[1] = "$\'x\\\\0\'"', 'line 2: a name cannot hold a NUL'),
            ('lines = ["a", "same", "same"]', 'b → same: another one would have the same name'),
            ('lines = ["x", "b", "other"]', 'c → other: file exists'),
            ('lines = ["other", "b", "c"]', 'a → other: file exists')):
        edited.edit('lines = ["a", "b", "c"]\n' + code, said)
        assert 'no name was touched' in term.text(), term.text()
        assert contents(root) == before
    edited.edit('lines = ["a", "b", "c"]', 'no name was changed')
    assert contents(root) == before and os.listdir(edited.temporary) == []
    term.keys('q')
    check_left(term, 0)


def test_the_text_is_kept(ctx):
    root = plant(ctx.path('tree'), 'a', 'b', 'other')
    edited = Edited(ctx, root)
    term = edited.term
    term.keys('Space')
    key(term, 'Space', '2 marked')
    edited.edit('lines = ["x", "other"]', 'r goes on with what was written')
    edited.edit('lines[1] = "y"', 'the editor has failed', status=1)
    assert edited.lines() == ['x', 'other']
    edited.edit('', 'b → y')
    assert edited.lines() == ['x', 'y']
    key(term, 'n', 'nothing was changed')
    assert sorted(contents(root)) == [b'a', b'b', b'other']
    edited.edit('', 'b → y')
    assert edited.lines() == ['x', 'y']
    key(term, 'y', '2 ok')
    assert contents(root) == {b'x': b'a', b'y': b'b', b'other': b'other'}
    # other entries, another text
    all_complete(term)
    term.keys('g', 'Space')
    key(term, 'Space', '2 marked')
    edited.edit('', 'no name was changed')
    assert edited.lines() == ['other', 'x']
    term.keys('q')
    check_left(term, 0)


def test_the_editor_is_killed(ctx):
    root = plant(ctx.path('tree'), 'a', 'b')
    edited = Edited(ctx, root)
    key(edited.term, '*', '2 marked')
    edited.edit('os.kill(os.getpid(), signal.SIGKILL)', 'press Enter')
    edited.term.keys('Enter')
    edited.term.wait_text('the editor has failed')
    assert sorted(contents(root)) == [b'a', b'b']
    edited.term.keys('q')
    check_left(edited.term, 0)


def test_changed_while_edited(ctx):
    root = plant(ctx.path('tree'), 'a', 'b')
    edited = Edited(ctx, root)
    key(edited.term, '*', '2 marked')
    edited.edit('''lines = ["x", "y"]
os.rename(%r, %r)
open(%r, "w").close()''' % (root + '/a', root + '/moved', root + '/a'), 'marked')
    edited.term.wait(lambda: 'changed meanwhile' in edited.term.text() or 'not the same any more' in edited.term.text(),
                     what='a refusal')
    assert sorted(contents(root)) == [b'a', b'b', b'moved']
    edited.term.keys('q')
    check_left(edited.term, 0)


def test_several_directories(ctx):
    root = plant(ctx.path('tree'), 'd/a', 'd/b', 'e/a', 'top')
    edited = Edited(ctx, root)
    term = edited.term
    term.keys('o', 'j', 'j', 'j', 'o')
    wait_pane(term, 0, lambda pane: pane.names() == ['d/', 'a', 'b', 'e/', 'a', 'top'], 'two open directories')
    key(term, '*', '6 marked')
    edited.edit('lines[1] = "e/a"', 'line 2: an entry stays in its directory')
    edited.edit('lines = ["E", "d/B", "d/a", "D", "e/x", "top2"]', 'rename 6 entries')
    term.wait_text('d/a → B')
    key(term, 'y', '6 ok')
    assert contents(root) == {b'E/B': b'd/a', b'E/a': b'd/b', b'D/x': b'e/a', b'top2': b'top'}, contents(root)
    all_complete(term)
    assert panes(term)[0].names() == ['D/', 'E/', 'top2'], panes(term)[0].names()
    term.keys('q')
    check_left(term, 0)


def test_killed_while_edited(ctx):
    root = plant(ctx.path('tree'), 'a', 'b')
    edited = Edited(ctx, root)
    term = edited.term
    key(term, '*', '2 marked')
    edited.edit('''open(%r, "w").close()
signal.pause()''' % ctx.path('waits'), '')
    term.wait(lambda: os.path.exists(ctx.path('waits')), what='the editor')
    assert children_of(term.interface())
    os.kill(term.pid, signal.SIGTERM)
    check_left(term, 128 + signal.SIGTERM)
    assert sorted(contents(root)) == [b'a', b'b']


def test_ended_while_they_are_edited(ctx):
    """What was written is not lost: the file stays, and the last line on standard error tells where."""
    root = plant(ctx.path('tree'), 'a', 'b')
    edited = Edited(ctx, root)
    term = edited.term
    term.keys('Space', 'Space')
    term.wait_text('2 marked')
    edited.edit('print("at work", flush=True); signal.pause()', 'at work')
    pids = [term.interface(), *children_of(term.interface())]
    os.kill(pids[0], signal.SIGTERM)
    assert term.wait_end() == 128 + signal.SIGTERM
    [left] = os.listdir(edited.temporary)
    term.drain()
    assert ('the names that were being edited are in %s/%s' % (edited.temporary, left)).encode() in term.output
    assert open(os.path.join(edited.temporary, left), 'rb').read() == b'a\nb\n'
    for pid in pids[1:]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
