"""Pager, editor and other programs on the terminal: which run, with which words, and what is seen of them."""
import os
import signal
import sys

from browse import check_left, command, current, key, plant, start, still
from term import children_of

HOSTILE = ('-rf', '+:!touch PWN', '$(touch PWN)', '`touch PWN`', "';touch PWN;'", '%f', 'new\nline', 'a b', '~', '*')


def program(ctx, name, code):
    """A program of Python that keeps its words in a file."""
    path = ctx.path(name)
    with open(path, 'w', encoding='utf-8') as file:
        file.write('''#!%s
import os, signal, sys, time
with open(%r, 'a') as file:
    print(repr(sys.argv[1:]), file=file)
%s
''' % (sys.executable, ctx.path('said'), code))
    os.chmod(path, 0o755)
    return path


def said(ctx):
    """The words of every run so far."""
    try:
        with open(ctx.path('said'), encoding='utf-8') as file:
            return [eval(line) for line in file]         # pylint: disable=eval-used
    except FileNotFoundError:
        return []


def after(ctx, term, runs, enter=False):
    """So many programs have run so far, and the panes are there again."""
    term.wait(lambda: len(said(ctx)) == runs, what='run %d of a program' % runs)
    term.drain()                            # the panes had left the screen before it ran
    if enter:
        term.wait_text('press Enter')
        term.keys('Enter')
    panes_again(term)


def panes_again(term):
    """The panes are on the screen; what was typed before has been forgotten."""
    term.wait(lambda: term.screen.alternate and 'quit' in term.text(), what='the panes')


def config(ctx, text):
    """A configuration of the user's."""
    path = ctx.path('config')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    return path


def browse(ctx, root, *args, **env):
    """Start with a configuration, if there is one."""
    path = ctx.path('config')
    term = ctx.spawn([ctx.muntin, *(['--config', path] if os.path.exists(path) else ['--no-config']), *args, root],
                     env=env, cols=100, rows=20)
    term.wait(lambda: term.screen.alternate and '✓' in term.text(), what='the first screen')
    return term


def test_hostile_names(ctx):
    root = plant(ctx.path('tree'), *HOSTILE)
    fake = program(ctx, 'fake', '')
    term = browse(ctx, root, EDITOR=fake, PAGER=fake + ' -p')
    for turn in range(len(HOSTILE)):
        term.keys('e')
        after(ctx, term, 3 * turn + 1)
        term.keys('v')
        after(ctx, term, 3 * turn + 2)
        command(term, 'open-with %s -o %%f end' % fake)
        after(ctx, term, 3 * turn + 3, enter=True)
        edited, viewed, opened = said(ctx)[-3:]
        path = edited[0]
        assert edited == [path] and viewed == ['-p', path] and opened == ['-o', path, 'end'], (edited, viewed, opened)
        term.keys('j')
        still(term)
    paths = {words[0] for words in said(ctx)[::3]}
    assert paths == {os.path.join(root, name) for name in HOSTILE}, paths
    assert not [name for _, _, names in os.walk(ctx.dir) for name in names if name == 'PWN']
    term.keys('q')
    check_left(term, 0)


def test_what_was_printed_stays(ctx):
    root = plant(ctx.path('tree'), 'file')
    prints = program(ctx, 'prints', 'print("the answer"); sys.exit(int(sys.argv[1]))')
    term = browse(ctx, root)
    for status, shown, end in ((0, '[press Enter]', 'file'), (3, '[exit status 3, press Enter]', 'open: exit status 3')):
        term.keys('x')
        term.wait_text('open with:')
        term.keys('%s %d %%f' % (prints, status), 'Enter')
        term.wait_text(shown)
        assert 'the answer' in term.text() and not term.screen.alternate
        term.keys('Enter')
        panes_again(term)
        term.wait_text(end)
    term.keys('q')
    check_left(term, 0)


def test_interrupted(ctx):
    root = plant(ctx.path('tree'), 'file')
    sleeps = program(ctx, 'sleeps', 'signal.signal(signal.SIGINT, signal.SIG_DFL)\nprint("asleep", flush=True)\ntime.sleep(600)')
    term = browse(ctx, root)
    term.keys('x')
    term.wait_text('open with:')
    term.keys('%s %%f' % sleeps, 'Enter')
    term.wait_text('asleep')
    key(term, '^c', 'exit status 130, press Enter')
    term.keys('Enter')
    term.wait_text('killed by signal 2')
    term.keys('q')
    check_left(term, 0)


def test_pager_and_editor(ctx):
    root = plant(ctx.path('tree'), 'file')
    good = program(ctx, 'good', 'print("seen")')
    bad = program(ctx, 'bad', 'print("trouble"); sys.exit(1)')
    term = browse(ctx, root, EDITOR=good, PAGER=bad)
    term.keys('e')
    after(ctx, term, 1)
    assert b'press Enter' not in term.output
    key(term, 'Enter', 'exit status 1, press Enter')
    assert 'trouble' in term.text()
    term.keys('Enter')
    term.wait_text('pager: exit status 1')
    assert said(ctx) == [[os.path.join(root, 'file')]] * 2
    term.keys('q')
    check_left(term, 0)


def test_missing_programs(ctx):
    root = plant(ctx.path('tree'), 'file')
    term = browse(ctx, root, EDITOR='no-such-editor')
    key(term, 'e', 'exit status 127, press Enter')
    term.keys('Enter')
    term.wait_text('editor: the program was not found')
    term.keys('q')
    check_left(term, 0)


def test_programs_by_name(ctx):
    root = plant(ctx.path('tree'), '1.txt', '2.pdf', '3.other')
    fake = program(ctx, 'fake', 'print("shown")')
    config(ctx, 'open *.txt = no-such-program\nopen *.pdf = %s first\nopen [12].* = %s -x %%f\n' % (fake, fake))
    term = browse(ctx, root, PAGER=fake + ' paged')
    term.keys('Enter')
    after(ctx, term, 1)
    assert said(ctx)[0] == ['-x', root + '/1.txt']
    assert b'press Enter' not in term.output
    term.keys('j')
    term.wait(lambda: current(term) == '2.pdf', what='the second row')
    key(term, 'x', 'open with: %s -x %%f' % fake)
    term.keys('Enter')
    after(ctx, term, 2, enter=True)
    assert said(ctx)[1] == ['-x', root + '/2.pdf']
    term.keys('j')
    term.wait(lambda: current(term) == '3.other', what='the third row')
    term.keys('l')
    after(ctx, term, 3)
    assert said(ctx)[2] == ['paged', root + '/3.other']
    term.keys('q')
    check_left(term, 0)


def binary(root, name, data):
    """A file with these bytes."""
    with open(os.path.join(root, name), 'wb') as file:
        file.write(data)


def look_at_bytes(ctx, *args):
    """A file that is no text is shown byte by byte, as far as it goes."""
    root = plant(ctx.path('tree'), 'text')
    binary(root, 'image', bytes(range(256)) * 1000 + b'The end\x1b[31m\0')
    fake = program(ctx, 'fake', '')
    term = browse(ctx, root, *args, PAGER=fake)
    key(term, 'v', '00000010  10 11 12 13 14 15 16 17  18 19 1a 1b 1c 1d 1e 1f  ................')
    term.wait_text('00000020  20 21 22 23 24 25 26 27  28 29 2a 2b 2c 2d 2e 2f   !"#$%&\'()*+,-./')
    term.wait_text('byte 0 of 256,013')
    term.keys('j')
    term.wait(lambda: '00000000 ' not in term.text() and '00000010 ' in term.text(), what='a line further')
    term.keys('G')
    term.wait_text('54 68 65 20 65 6e 64 1b  5b 33 31 6d 00           The end.[31m.')
    key(term, 'k', '0003e6f0')
    key(term, 'g', '00000000  00 01')
    for _ in range(5):
        term.keys('PgDn')
    still(term)
    term.set_size(40, 10)
    term.wait_text('byte')
    still(term)
    term.set_size(100, 20)
    term.wait(lambda: current(term) is None and ' 40 41 42 43 ' in term.text(), what='the lines of the larger screen')
    term.keys('Esc')
    term.wait(lambda: current(term) == 'image', what='the panes')
    assert said(ctx) == []
    term.keys('G')
    term.wait(lambda: current(term) == 'text', what='the second row')
    term.keys('v')
    after(ctx, term, 1)
    assert said(ctx) == [[root + '/text']]
    command(term, 'hex')
    term.wait_text('74 65 78 74                                       text')
    term.keys('q')
    term.wait(lambda: current(term) == 'text', what='the panes')
    term.keys('q')
    check_left(term, 0)


def test_bytes_with_threads(ctx):
    look_at_bytes(ctx, '-b', 'threads')


def test_bytes_with_workers(ctx):
    look_at_bytes(ctx, '-b', 'workers')


def test_worker_that_goes(ctx):
    root = plant(ctx.path('tree'), 'file')
    binary(root, 'file', bytes(100000))
    term = browse(ctx, root, '-b', 'workers')
    key(term, 'v', '00000010  00')
    worker, = children_of(term.interface())
    os.kill(worker, signal.SIGSTOP)
    key(term, 'G', 'reading')
    os.kill(worker, signal.SIGKILL)
    term.wait_text('transport endpoint is not connected')
    term.keys('Esc')
    panes_again(term)
    term.keys('q')
    check_left(term, 0)


def test_file_that_goes(ctx):
    root = plant(ctx.path('tree'), 'file')
    binary(root, 'file', bytes(100000))
    term = browse(ctx, root)
    key(term, 'v', '00000010  00')
    os.unlink(os.path.join(root, 'file'))
    key(term, 'G', 'no such file')
    term.keys('Esc')
    still(term)
    term.keys('q')
    check_left(term, 0)


def test_special_files_are_not_opened(ctx):
    root = plant(ctx.path('tree'), 'dir/')
    os.mkfifo(os.path.join(root, 'fifo'))
    term = browse(ctx, root, EDITOR='false', PAGER='false')
    key(term, 'v', 'this is a directory')
    term.keys('j')
    term.wait(lambda: current(term) == '|', what='the second row')
    for name in ('v', 'e', 'Enter'):
        key(term, name, 'a special file is not opened')
        term.keys('k', 'j')
        still(term)
    term.keys('q')
    check_left(term, 0)


def test_nothing_of_the_browsed_directory_runs(ctx):
    root = plant(ctx.path('tree'), '.muntinrc', 'muntin.conf', 'file')
    for name in ('less', 'more', 'vi', 'sh', 'ls'):
        os.rename(program(ctx, name, ''), os.path.join(root, name))
    good = program(ctx, 'good', '')
    term = ctx.spawn([ctx.muntin, '--no-config', '.'], cwd=root, cols=100, rows=20,
                     env={'PATH': '.::%s' % ctx.env['PATH'], 'PAGER': 'good', 'EDITOR': good})
    term.wait(lambda: term.screen.alternate and '✓' in term.text(), what='the first screen')
    key(term, 'v', 'exit status 127, press Enter')
    key(term, 'Enter', 'pager: the program was not found')
    term.keys('e')
    after(ctx, term, 1)
    term.keys('q')
    check_left(term, 0)


def test_configuration_of_others(ctx):
    root = plant(ctx.path('tree'), 'file')
    path = config(ctx, 'bind j = quit\n')
    for mode in (0o602, 0o620, 0o666):
        os.chmod(path, mode)
        done = ctx.run(ctx.muntin, '--config', path, '--headless', '--script', '/dev/null', root)
        assert done.returncode == 2 and b'not used' in done.stderr, (done.returncode, done.stderr)
    os.chmod(path, 0o600)
    assert ctx.run(ctx.muntin, '--config', path, '--headless', '--script', '/dev/null', root).returncode == 0
    if os.geteuid() == 0:
        os.chown(path, 65534, 65534)
        assert ctx.run(ctx.muntin, '--config', path, '--headless', '--script', '/dev/null', root).returncode == 2


def test_pick(ctx):
    root = plant(ctx.path('tree'), 'a', 'b', 'new\nline')
    for names, status, wanted in ((('Enter',), 0, b'a\n'), (('q',), 0, b'a\n'), (('Esc',), 1, None),
                                  (('Space', 'Space', 'G', 'Space', 'q'), 0, b"a\nb\n$'new\\nline'\n"),
                                  (('j', 'Space', 'Enter'), 0, b'b\n')):
        path = ctx.path('chosen')
        if os.path.exists(path):
            os.unlink(path)
        term = start(ctx, '--choose=' + path, root)
        for name in names:
            term.keys(name)
        check_left(term, status)
        if wanted is None:
            assert not os.path.exists(path)
            continue
        with open(path, 'rb') as file:
            got = file.read().replace(os.fsencode(root) + b'/', b'')
        assert got == wanted, got
