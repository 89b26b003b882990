"""Names that want to be obeyed: whatever is browsed, the terminal gets only what every program of curses sends.

The names stand for files, directories and targets of links. Nothing of them may move the cursor, change a colour or a
title, hide, or look like another name: one name is one row, and two names are never alike.
"""
import os
import re

from browse import all_complete, check_frame, check_left, command, panes, start, still, wait_pane

# Each as bytes; no slash, no NUL, at most 255.
HOSTILE = [
    b'\x1b]0;owned\x07', b'\x1b]52;c;b3duZWQ=\x07', b'\x1b]2;owned\x1b\\', b'\x1b[31mred', b'\x1b[2J', b'\x1b[10;10Hhere',
    b'\x1b[?1049l', b'\x1b[?1000h', b'\x1bc', b'\x1bP1$r\x1b\\', b'\x1b_Gi=1\x1b\\', b'\x1b[6n', b'\x1b[c', b'\x1b(0lqqk',
    b'\x9b31mc1', b'\x9d0;owned\x9c', '\x9b31m'.encode(), '\x85'.encode(), b'\x0eso', b'\x0fsi', b'\x07bell', b'\x7fdel',
    b'new\nline', b'car\rriage', b'back\b\b\b\bspace', b'tab\tulator', b'v\x0bt', b'f\x0cf', b'\x01', b'\x05', b'\x18\x1a',
    'right\u202eto left'.encode(), '\u2066isolate\u2069'.encode(), '\u200fmark'.encode(), '\u061carabic'.encode(),
    'zero\u200bwidth'.encode(), 'join\u200der'.encode(), '\u2060word'.encode(), '\ufeffbom'.encode(), 'soft\u00adhyphen'.encode(),
    'tag\U000e0041'.encode(), 'line\u2028separator'.encode(), 'nbsp\u00a0x'.encode(), 'private\ue000'.encode(),
    'not\ufffea character'.encode(), 'unassigned\u0378'.encode(), '\u0301combining'.encode(), ('e' + '\u0301' * 9).encode(),
    ('zalgo' + '\u0316\u0324' * 20).encode(), 'wide\u4e2d\u6587'.encode(), 'emoji\U0001f600'.encode(),
    'family\U0001f468\u200d\U0001f469\u200d\U0001f467'.encode(), 'flag\U0001f1e9\U0001f1ea'.encode(), 'var\ufe0fiation'.encode(),
    'hangul\u1100\u1161'.encode(), '\u05d0\u05d1\u05d2'.encode(), b'bad\xff', b'\xc0\xafoverlong', b'\xed\xa0\x80surrogate', b'cut\xe4\xb8',
    b'\xf4\x90\x80\x80beyond', b'\xfe\xff', b'back\\slash', b'back\\\\slash', b'\\n', b'a\\x1b', b'\\u{202E}', b' leading', b'trailing ',
    b'  ', b'-rf', b'+:!touch PWN', b'$(touch PWN)', b'`touch PWN`', b"';touch PWN;'", b'"', b'*', b'?', b'~', b'%s%n', b'#', b'!',
    b'...', b'. .', 'same\u0301'.encode(), 'sam\u00e9'.encode(), 'a\u0300'.encode(), '\u00e0'.encode(), b'x' * 255,
    ('\u4e2d' * 85).encode(), b'\x1b' * 60, ('\u202e' * 20).encode(), b'\xff' * 60,
]

# These look alike when they are drawn although they are spelt in different ways; both spellings are legible text.
CANONICALLY_EQUAL = [('a\u0300', '\u00e0'), ('same\u0301', 'sam\u00e9')]


def plant_hostile(top, kind):
    """Make the hostile names as files, directories or targets of links; returns how many."""
    top = os.fsencode(top)
    os.makedirs(top)
    for i, name in enumerate(HOSTILE):
        if kind == 'files':
            with open(os.path.join(top, name), 'wb'):
                pass
        elif kind == 'dirs':
            os.mkdir(os.path.join(top, name))
            with open(os.path.join(top, name, name), 'wb'):
                pass
        else:
            os.symlink(name, os.path.join(top, b'link-%03d' % i))
    return len(HOSTILE)


def check_obeyed_nothing(ctx, term):
    """Only allowed sequences; no bell, no title, no mouse; nothing was run."""
    term.drain()
    assert term.screen.bells == 0, 'a bell rang'
    assert not {1000, 1002, 1003, 1006} & term.screen.modes
    assert b'\x1b]0;' not in term.output and b'\x1b]2;' not in term.output
    term.check_clean()
    assert not os.path.exists(ctx.path('PWN')) and not os.path.exists('PWN')


def names_on(term, index=0):
    """The rows of a pane, each without what stands beside the name."""
    return [line[3:].rstrip() for line in panes(term)[index].rows]


def test_hostile_files(ctx):
    count = plant_hostile(ctx.path('files'), 'files')
    term = start(ctx, ctx.path('files'), cols=200, rows=count + 6)
    shown = panes(term)[0]
    assert '%d entries' % count in shown.bottom, shown.bottom
    assert len(shown.rows) == count, '%d rows for %d names' % (len(shown.rows), count)
    names = [re.split(r' {2,}', name)[0] for name in names_on(term)]
    for row in shown.rows:
        assert re.search(r'0 B rw-r--r-- \d\d-\d\d *$', row), 'the columns are not where they belong: ' + row
    alike = sorted({name for name in names if names.count(name) > 1 and name.strip()})
    assert not alike, 'names that look the same: %r' % alike
    check_obeyed_nothing(ctx, term)
    for cols in (80, 40, 25, 13, 7):
        term.set_size(cols, 30)
        check_frame(term)
        check_obeyed_nothing(ctx, term)
    term.keys('q')
    check_left(term, 0)


def test_hostile_files_in_ascii(ctx):
    """In a locale without UTF-8 only ASCII leaves the program, and still no two names are alike."""
    count = plant_hostile(ctx.path('files'), 'files')
    term = ctx.spawn([ctx.muntin, '--no-config', ctx.path('files')], env={'LC_ALL': 'C'}, cols=220, rows=count + 6)
    term.wait(lambda: 'quit' in term.text() and '%d entries' % count in term.text(), what='all rows')
    still(term)
    assert not [byte for byte in term.output if byte > 126], 'bytes that are not ASCII'
    rows = [term.screen.line(y)[3:-28].rstrip() for y in range(2, 2 + count)]
    alike = sorted({row for row in rows if rows.count(row) > 1 and row.strip()})
    assert not alike, 'names that look the same: %r' % alike
    check_obeyed_nothing(ctx, term)
    term.keys('q')
    check_left(term, 0)


def test_hostile_links(ctx):
    count = plant_hostile(ctx.path('links'), 'links')
    term = start(ctx, ctx.path('links'), cols=400, rows=count + 6)
    assert len(panes(term)[0].rows) == count
    targets = [name.partition(' → ')[2] for name in names_on(term)]
    targets = [re.split(r' {2,}', target)[0] for target in targets if target.strip()]
    assert len(targets) > count - 5, 'targets are missing: %d of %d' % (len(targets), count)
    check_obeyed_nothing(ctx, term)
    for _ in range(count):
        term.keys('i')
        term.wait_text('permissions  l')
        term.keys('Esc')
        term.wait(lambda: 'permissions  l' not in term.text(), what='end of the dialog')
        term.keys('j')
        check_obeyed_nothing(ctx, term)
    term.keys('q')
    check_left(term, 0)


def test_hostile_directories(ctx):
    """Into each of them, out again; opened in place; their paths in the title and in the status line."""
    count = plant_hostile(ctx.path('dirs'), 'dirs')
    term = start(ctx, ctx.path('dirs'), cols=100, rows=30)
    for _ in range(count):
        term.keys('Enter')
        wait_pane(term, 0, lambda pane: '1 entry' in pane.bottom and len(pane.rows) == 1, 'the one file')
        term.keys('h')
        wait_pane(term, 0, lambda pane: '%d entries' % count in pane.bottom, 'the directories')
        term.keys('o')
        wait_pane(term, 0, lambda pane: '%d entries' % (count + 1) in pane.bottom, 'the file below the directory')
        term.keys('o', 'j')
        check_obeyed_nothing(ctx, term)
    check_frame(term)
    check_obeyed_nothing(ctx, term)
    term.keys('q')
    check_left(term, 0)


def test_hostile_roots(ctx):
    """As the root that was named, in titles, `W`, and when it is not there."""
    plant_hostile(ctx.path('dirs'), 'dirs')
    for name in HOSTILE:
        root = os.path.join(os.fsencode(ctx.path('dirs')), name)
        term = ctx.spawn([ctx.muntin, '--no-config', root, root + b'-gone'[:255 - len(name)] if len(name) < 250 else root])
        term.wait(lambda term=term: 'quit' in term.text() and len(panes(term)) == 2, what='both panes')
        wait_pane(term, 0, lambda pane: '1 entry' in pane.bottom, 'the one file')
        term.keys('W')
        term.wait_text('sources')
        check_obeyed_nothing(ctx, term)
        term.keys('Esc')
        still(term)
        term.keys('q')
        assert term.wait_end() == 0
        term.check_restored()
        check_obeyed_nothing(ctx, term)


def test_questions_about_hostile_names(ctx):
    """The questions and prompts that show a name, and what is said when the operation fails."""
    plant_hostile(ctx.path('dirs'), 'dirs')
    before = sorted(os.listdir(os.fsencode(ctx.path('dirs'))))
    term = start(ctx, ctx.path('dirs'), cols=100, rows=40)
    for i in range(len(HOSTILE)):
        for name, text in (('X', 'y/N'), ('r', 'rename: '), ('p', 'permissions: '))[:1 if i % 4 else 3]:
            term.keys(name)
            term.wait_text(text)
            check_obeyed_nothing(ctx, term)
            term.keys('Esc')
            term.wait(lambda text=text: text not in term.text(), what='end of the question')
        term.keys('j')
        still(term)
        check_obeyed_nothing(ctx, term)
    assert sorted(os.listdir(os.fsencode(ctx.path('dirs')))) == before
    term.keys('q')
    check_left(term, 0)


def test_delete_hostile_names(ctx):
    """All of them marked: the list in the question, and then they are gone, and nothing else is."""
    count = plant_hostile(ctx.path('dirs'), 'dirs')
    with open(ctx.path('beside'), 'wb'):
        pass
    term = start(ctx, ctx.path('dirs'), cols=100, rows=40)
    command(term, 'mark-invert')
    term.wait_text('%d marked' % count)
    term.keys('X')
    term.wait_text('y/N')
    still(term)
    check_obeyed_nothing(ctx, term)
    term.keys('l')
    still(term)
    for _ in range(12):
        term.keys('PgDn')
        still(term)
        check_obeyed_nothing(ctx, term)
    term.keys('Esc')
    still(term)
    if 'y/N' not in term.text():
        term.keys('X')
        term.wait_text('y/N')
        still(term)
    term.keys('y')
    term.wait(lambda: ': %d ok' % (2 * count) in term.text(), 20, 'the end of the job')
    assert os.listdir(ctx.path('dirs')) == [] and os.path.exists(ctx.path('beside'))
    term.keys('t')
    still(term)
    check_obeyed_nothing(ctx, term)
    term.keys('Esc')
    still(term)
    term.keys('q')
    check_left(term, 0)


def test_failures_name_hostile_names(ctx):
    """What cannot be done is said with the name, as text."""
    top = os.fsencode(ctx.path('files'))
    os.mkdir(top)
    names = [name for name in HOSTILE if len(name) < 200]
    for name in names:
        with open(os.path.join(top, name), 'wb'):
            pass
    term = start(ctx, ctx.path('files'), cols=120, rows=30)
    for _ in range(0, len(names), 3):
        command(term, 'rename gone/../x')
        still(term)
        check_obeyed_nothing(ctx, term)
        command(term, 'search "\\x1b]0;owned"')
        still(term)
        term.keys('3', 'j')
        check_obeyed_nothing(ctx, term)
    term.send(b':search \x1b')
    still(term)
    term.keys('Esc')
    still(term)
    check_obeyed_nothing(ctx, term)
    all_complete(term)
    term.keys('q')
    check_left(term, 0)
