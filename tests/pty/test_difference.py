"""`D`: the difference of files in a program of the user's. Which runs, with which words, what is said of it, and the terminal afterwards."""
import os
import shutil

from browse import check_left, command, key, plant, still
from test_programs import HOSTILE, after, config, panes_again, program, said


def trees(ctx, *contents):
    """A root for each table of names and contents; None is a file that is not there."""
    roots = []
    for i, table in enumerate(contents):
        roots.append(plant(ctx.path('root-%d' % i)))
        for name, content in table.items():
            if content is not None:
                with open(os.path.join(roots[-1], name), 'w', encoding='utf-8') as file:
                    file.write(content)
    return roots


def compare(ctx, roots, *args, text=None, **env):
    """The comparison of roots, with a configuration if there is one."""
    path = config(ctx, text) if text else None
    term = ctx.spawn([ctx.muntin, *(['--config', path] if path else ['--no-config']), *args, *roots], env=env, cols=160, rows=20)
    term.wait(lambda: term.screen.alternate and term.text().count('✓') == len(roots), what='the first screen')
    key(term, '=', 'by auto')
    still(term)
    return term


def quit_cleanly(term):
    term.keys('q')
    check_left(term, 0)


def test_tools_get_their_files(ctx):
    roots = trees(ctx, *({'f': 'version %d' % i} for i in range(3)))
    files = [root + '/f' for root in roots]
    for name in ('vimdiff', 'meld'):
        program(ctx, name, '')
    path = ctx.dir + ':' + ctx.env['PATH']
    for tool, count, words in (('vimdiff', 2, files[:2]), ('vimdiff', 3, files[:2]), ('vimdiff %f', 3, files), ('meld %f', 2, files[:2]),
                               ('meld %f', 3, files), ('meld --newtab %2 %1 -- x', 3, ['--newtab', files[1], files[0], '--', 'x'])):
        runs = len(said(ctx))
        term = compare(ctx, roots[:count], text='diff-tool = %s\n' % tool, PATH=path)
        term.keys('D')
        after(ctx, term, runs + 1)
        assert said(ctx)[-1] == words, (tool, count, said(ctx)[-1])
        assert b'press Enter' not in term.output
        quit_cleanly(term)


def test_hostile_names_of_differences(ctx):
    names = [*HOSTILE, "it's", '"', 'x' * 255, b'\xff\xfe'.decode('utf-8', 'surrogateescape'), '$0', '%1', '\x1b[31m', '\\', 'a\rb']
    roots = trees(ctx, *({name: 'version %d' % i for name in names} for i in range(2)))
    pager = program(ctx, 'pager', 'sys.stdout.write(ascii(sys.stdin.read())[:30])')
    tool = program(ctx, 'tool', '')
    term = compare(ctx, roots, PAGER=pager + ' -x')
    given = set()
    for turn in range(len(names)):
        if turn % 4 == 0:
            runs = len(said(ctx))
            term.keys('D')
            after(ctx, term, runs + 1)
            assert said(ctx)[-1] == ['-x'], said(ctx)[-1]
        runs = len(said(ctx))
        command(term, 'diff %s -- %%f end' % tool)
        after(ctx, term, runs + 1)
        words = said(ctx)[-1]
        assert words[0] == '--' and words[3:] == ['end'], words
        assert [os.path.dirname(path) for path in words[1:3]] == roots, words
        assert os.path.basename(words[1]) == os.path.basename(words[2])
        given.add(os.path.basename(words[1]))
        term.keys('j')
        still(term)
    assert given == set(names), given ^ set(names)
    assert not [name for _, _, found in os.walk(ctx.dir) for name in found if name == 'PWN']
    quit_cleanly(term)


def test_the_difference_is_paged(ctx):
    roots = trees(ctx, {'f': 'one\n'}, {'f': 'two\n'})
    # a pager that leaves at once gives nobody the time to read; one that was told to by its environment is told not to
    term = compare(ctx, roots, PAGER='cat')
    key(term, 'D', '+two')
    term.wait_text('[press Enter]')
    assert '-one' in term.text() and not term.screen.alternate
    term.keys('Enter')
    panes_again(term)
    quit_cleanly(term)
    if shutil.which('less'):
        term = compare(ctx, roots, LESS='FRX')
        key(term, 'D', '+two')
        term.wait_text('(END)')
        term.keys('q')
        panes_again(term)
        quit_cleanly(term)


def test_tools_that_fail(ctx):
    roots = trees(ctx, {'f': 'one'}, {'f': 'two'})
    prints = program(ctx, 'prints', 'print("seen"); sys.exit(int(sys.argv[1]))')
    dies = program(ctx, 'dies', 'print("seen", flush=True); os.kill(os.getpid(), signal.SIGKILL)')
    term = compare(ctx, roots, PAGER=prints + ' 7')
    for line, shown, end in (('diff no-such-tool', '[exit status 127, press Enter]', 'diff: the program was not found'),
                             ('diff %s' % roots[0], '[exit status 126, press Enter]', 'diff: exit status 126'),
                             ('diff %s 1 %%f' % prints, '[exit status 1, press Enter]', None),
                             ('diff %s 2 %%f' % prints, '[exit status 2, press Enter]', 'diff: exit status 2'),
                             ('diff %s 100 %%f' % prints, '[exit status 100, press Enter]', 'diff: exit status 100'),
                             ('diff %s %%f' % dies, '[exit status 137, press Enter]', 'diff: killed by signal 9'),
                             ('diff', '[exit status 7, press Enter]', 'diff: exit status 7')):
        command(term, line)
        term.wait_text(shown)
        assert not term.screen.alternate and (prints not in line or 'seen' in term.text()), term.text()
        term.keys('Enter')
        panes_again(term)
        if end:
            term.wait_text(end)
        else:
            assert 'diff: ' not in term.text(), term.text()
    quit_cleanly(term)


def test_odd_variables(ctx):
    """Blanks name no program; what is looked at is never run in its place."""
    roots = trees(ctx, {'f': '#!/bin/sh\ntouch PWN\n'}, {'f': '#!/bin/sh\ntouch PWN2\n'})
    for root in roots:
        os.chmod(root + '/f', 0o755)
    for name in ('less', 'vi'):
        program(ctx, name, '')
    path = ctx.dir + ':' + ctx.env['PATH']
    term = compare(ctx, roots, PATH=path, PAGER=' \t', EDITOR='  ')
    for turn, name in enumerate('veD'):
        term.keys(name)
        after(ctx, term, turn + 1)
    assert said(ctx) == [[roots[0] + '/f'], [roots[0] + '/f'], []], said(ctx)
    assert not [name for _, _, found in os.walk(ctx.dir) for name in found if name.startswith('PWN')]
    quit_cleanly(term)
    term = compare(ctx, roots, PATH=path, PAGER='no-such-pager', LESS='F')
    key(term, 'D', '[exit status 127, press Enter]')
    key(term, 'Enter', 'diff: the program was not found')
    quit_cleanly(term)


def test_nothing_to_be_shown(ctx):
    """Equal files are told so; what has no difference to be shown gets one clear line, and nothing is run."""
    roots = trees(ctx, {'a-file': 'x', 'b-left': 'x', 'd-link': None, 'g-kind': 'x'},
                  {'a-file': 'x', 'c-right': 'x', 'd-link': None})
    for root in roots:
        os.symlink('a-file', root + '/d-link')
        os.mkfifo(root + '/e-fifo')
        os.mkdir(root + '/f-dir')
    os.mkdir(roots[1] + '/g-kind')
    pager = program(ctx, 'pager', '')
    term = compare(ctx, roots, text='diff-tool = %s\n' % pager, PAGER=pager)
    for name, words in (('f-dir', 'diff: only of files'), ('g-kind', 'diff: no other pane has a file here'),
                        ('b-left', 'diff: no other pane has a file here'), ('c-right', 'diff: there is no entry here'), ('d-link', 'diff: only of files'),
                        ('e-fifo', 'diff: only of files')):
        command(term, 'search ' + name)
        still(term)
        assert 'diff: ' not in term.text() and name in term.screen.line(term.screen.rows - 2), term.text()
        key(term, 'D', words)
    assert said(ctx) == [], said(ctx)
    quit_cleanly(term)
    term = compare(ctx, roots, PAGER=pager)
    command(term, 'search a-file')
    still(term)
    key(term, 'D', 'diff: the files are equal')
    panes_again(term)
    assert said(ctx) == [], said(ctx)
    quit_cleanly(term)
    # what diff(1) cannot read is no empty difference
    broken = program(ctx, 'diff', 'print("cannot read"); sys.exit(2)')
    term = compare(ctx, roots, PAGER=pager, PATH=os.path.dirname(broken) + ':' + ctx.env['PATH'])
    command(term, 'search a-file')
    still(term)
    key(term, 'D', '[exit status 2, press Enter]')
    key(term, 'Enter', 'diff: exit status 2')
    quit_cleanly(term)
