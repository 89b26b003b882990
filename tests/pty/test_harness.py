"""The instruments themselves: the model of the screen, and the filesystems that misbehave."""
import os
import shutil
import subprocess

from screen import Screen
from term import Limit

COLS, ROWS = 10, 4

# Output, the lines it makes, the cursor.
PICTURES = (
    ('abc', 'abc', (3, 0)),
    ('0123456789', '0123456789', (9, 0)),
    ('0123456789x', '0123456789\nx', (1, 1)),
    ('a\r\nb\r\nc\r\nd\r\ne', 'b\nc\nd\ne', (1, 3)),
    ('ab\bc', 'ac', (2, 0)),
    ('a\tb', 'a       b', (9, 0)),
    ('\x1b[2;3Hx\x1b[A\x1b[Dy', '  y\n  x', (3, 0)),
    ('\x1b[3dx\x1b[5Gy\x1b[Hz', 'z\n\nx   y', (1, 0)),
    ('abcdef\x1b[3G\x1b[K', 'ab', (2, 0)),
    ('abcdef\x1b[3G\x1b[1K', '   def', (2, 0)),
    ('ab\r\ncd\r\nef\x1b[2;2H\x1b[J', 'ab\nc', (1, 1)),
    ('abcdef\x1b[2G\x1b[2P', 'adef', (1, 0)),
    ('abcdef\x1b[2G\x1b[2@', 'a  bcdef', (1, 0)),
    ('abcdef\x1b[2G\x1b[3X', 'a   ef', (1, 0)),
    ('a\x1b[4b', 'aaaaa', (5, 0)),
    ('\x1b[4hb\rac', 'acb', (2, 0)),
    ('a\r\nb\r\nc\x1b[2;1H\x1b[L', 'a\n\nb\nc', (0, 1)),
    ('a\r\nb\r\nc\x1b[2;1H\x1b[M', 'a\nc', (0, 1)),
    ('a\r\nb\r\nc\r\nd\x1b[2;3r\x1b[3;1H\nx', 'a\nc\nx\nd', (1, 2)),
    ('a\r\nb\x1b[H\x1bMx', 'x\na\nb', (1, 0)),
    ('a\r\nb\x1b[Sx', 'b\n x', (2, 1)),
    ('a\x1b[?1049hbc\x1b[?1049ld', 'ad', (2, 0)),
    ('\x1b[2;2H\x1b7\x1b[Hx\x1b8y', 'x\n y', (2, 1)),
    ('\x1b(0lqk\x1b(Bq', '┌─┐q', (4, 0)),
    ('日本', '日本', (4, 0)),
    ('日本\x1b[2Gx', ' x本', (2, 0)),
    ('12345678\x1b[10G日', '12345678\n日', (2, 1)),
    ('e\u0301x', 'e\u0301x', (2, 0)),
    ('\x1b[?7l0123456789xy', '012345678y', (9, 0)),
)

FORBIDDEN = ('\x1b]0;title\x07', '\x1b]52;c;AAAA\x1b\\', '\x1bP1$r\x1b\\', '\x1b[?9999h', '\x1b[5n', '\x1b[c', '\x0e', '\x0f',
             '\x9b', '\x7f', '\u202e', '\u200b', '\ufeff', '\xad', '\x1b[8;10;10t', '\x1b[>0q')


def screen_of(output, pieces=1000):
    screen = Screen(COLS, ROWS)
    data = output if isinstance(output, bytes) else output.encode()
    for place in range(0, len(data), pieces):
        screen.feed(data[place:place + pieces])
    return screen


def test_pictures(ctx):
    del ctx
    for output, lines, cursor in PICTURES:
        for pieces in (1, 2, 3, 1000):
            screen = screen_of(output, pieces)
            assert (screen.text().rstrip(), screen.cursor) == (lines, cursor), (output, screen.text(), screen.cursor)
            assert screen.violations == [], (output, screen.violations)


def test_pictures_in_tmux(ctx):
    if not shutil.which('tmux'):
        ctx.skip('tmux')

    def tmux(*words):
        done = subprocess.run(['tmux', '-S', ctx.path('tmux'), '-f', '/dev/null', *words], env=ctx.env,
                              stdout=subprocess.PIPE, check=True)
        return done.stdout.decode()

    tmux('new-session', '-d', '-x', '80', '-y', '24', '-s', 'first', 'cat')
    try:
        tmux('set-option', '-g', 'status', 'off')
        tmux('set-option', '-g', 'remain-on-exit', 'on')
        tmux('set-option', '-g', 'remain-on-exit-format', '')
        for number, (output, lines, cursor) in enumerate(PICTURES):
            if any(part in output for part in ('1049', '\x1b(0', '日本\x1b')):
                continue                     # tmux has a way of its own to show these
            with open(ctx.path('picture'), 'wb') as file:
                file.write(output.encode())
            name = 's%d' % number
            script = 'stty -opost; cat %s; tmux -S %s wait-for -S %s; exec cat' % (ctx.path('picture'), ctx.path('tmux'), name)
            tmux('new-session', '-d', '-x', str(COLS), '-y', str(ROWS), '-s', name, script)
            tmux('wait-for', name)
            shown = '\n'.join(line.rstrip() for line in tmux('capture-pane', '-p', '-t', name).split('\n')).rstrip()
            where = tmux('display-message', '-p', '-t', name, '#{cursor_x} #{cursor_y}').split()
            assert shown == lines, (output, shown)
            assert (min(int(where[0]), COLS - 1), int(where[1])) == cursor, (output, where)
    finally:
        tmux('kill-server')


def test_forbidden(ctx):
    del ctx
    for output in FORBIDDEN:
        for pieces in (1, 1000):
            screen = screen_of('a' + output + 'b', pieces)
            assert screen.violations, output
            assert screen.text().rstrip() == 'ab', (output, screen.text())
    assert screen_of(b'a\xffb').violations


def test_modes(ctx):
    del ctx
    screen = screen_of('\x1b[?1049h\x1b[?25l\x1b[?1000;1006h\x1b[?2004h\x1b[1;31m')
    assert screen.left_on() == [25, 1000, 1006, 1049, 2004]
    assert screen.alternate and screen.style == ('bold', 'fg=1')
    screen.feed(b'x\x1b[0;7;38;5;200;48;2;1;2;3my\x1b[m')
    assert screen.look(0, 0) == ('bold', 'fg=1') and screen.look(1, 0) == ('bg=#010203', 'fg=200', 'reverse')
    screen.feed(b'\x1b[?2004l\x1b[?1006;1000l\x1b[?25h\x1b[?1049l')
    assert screen.left_on() == [] and not screen.alternate and not screen.violations


def test_resize(ctx):
    term = ctx.spawn(['/bin/sh', '-c', 'trap "stty size" WINCH; stty size; while :; do read line || :; done'])
    term.wait_text('24 80')
    term.set_size(40, 10)
    term.wait_text('10 40')
    assert len(term.screen.grid) == 10 and len(term.screen.grid[0]) == 40


def test_plain_filesystem(ctx):
    fuse = ctx.fuse('plain', 3)
    assert sorted(os.listdir(fuse.path)) == ['file-0000', 'file-0001', 'file-0002', 'link', 'sub']
    with open(os.path.join(fuse.path, 'link'), 'rb') as file:
        assert file.read() == b'content of 0\n'
    new = os.path.join(fuse.path, 'new')
    with open(new, 'wb') as file:
        file.write(b'x' * 100000)
    os.chmod(new, 0o600)
    os.rename(new, new + 'er')
    assert os.stat(new + 'er').st_size == 100000 and os.stat(new + 'er').st_mode & 0o777 == 0o600
    os.unlink(new + 'er')
    os.mkdir(new)
    os.rmdir(new)


def test_dead_filesystem(ctx):
    for mode in ('dead', 'unread'):
        fuse = ctx.fuse(mode)
        listing = ctx.run('/bin/ls', '-U', fuse.path) if mode == 'dead' else None
        assert listing is None or b'file-0003' in listing.stdout
        looker = ctx.start('/bin/ls', '-l', fuse.path)
        try:
            looker.wait(0.5)
            raise AssertionError('it was answered')
        except subprocess.TimeoutExpired:
            pass
        looker.kill()
        if mode == 'unread':
            looker.wait(10)                  # this one can be killed
        with Limit(5):
            fuse.close()                     # frees the other
            looker.wait(10)


def test_odd_filesystems(ctx):
    types = ctx.fuse('dtunknown')
    with os.scandir(types.path) as entries:
        assert {entry.name: entry.is_dir() for entry in entries}['sub']
    broken = ctx.run('/bin/ls', ctx.fuse('eio').path)
    assert broken.returncode != 0 and b'file-0000' in broken.stdout and b'file-0009' not in broken.stdout
    folding = ctx.fuse('casefold').path
    os.rename(os.path.join(folding, 'file-0001'), os.path.join(folding, 'other'))    # in one step nothing happens
    os.rename(os.path.join(folding, 'other'), os.path.join(folding, 'FILE-0001'))
    assert 'FILE-0001' in os.listdir(folding) and os.path.exists(os.path.join(folding, 'File-0001'))
    picky = ctx.fuse('einval').path
    try:
        os.mkdir(os.path.join(picky, 'a:b'))
        raise AssertionError('created')
    except OSError as error:
        assert error.errno == 22
