#!/usr/bin/env python3
"""The headless modes from end to end: --list, --count, --dump, recordings and --batch against what Python sees itself.

  headless.py [PART]...     only cases whose name has one of the parts

MUNTIN names the program. Prints a line a case; exit 0 if none failed.
"""
import atexit
import base64
import functools
import json
import os
import random
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import traceback

MUNTIN = os.environ['MUNTIN']
BACKENDS = ('threads', 'workers')
HOSTILE = (b'plain', b'-rf', b'--', b' lead', b'trail ', b'new\nline', b'tab\t', b'\x1b[31mred', b'\xff\xfe', b'caf\xc3\xa9',
           b"quo'te", b'dou"ble', b'back\\slash', b"$'x", b'$(touch PWN)', b'`x`', b'a;b', b'*', b'?', b'#hash',
           b'\xe2\x80\xaegpj.exe', b'\xe2\x80\x8b', b'\xc2\x85', b'\xed\xa0\x80', b'\xf0\x9f\x98\x80', b'.hidden',
           b'...', b'\\n', b'\x01', b'\x7f', b'x' * 255, b'{}', b'%s', b'~', b'\r')


NOBODY = 65534


class Skip(Exception):
    """What the case needs is missing here."""


def check(condition, *what):
    if not condition:
        raise AssertionError(' '.join(repr(item)[:2000] for item in what) or 'does not hold')


def equal(got, expected, what=''):
    check(got == expected, what, 'got', got, 'expected', expected)


@functools.cache
def public_program():
    """The program where every user may run it: a copy, with its worker beside it. What was built may lie in a home of root's."""
    where = tempfile.mkdtemp(prefix='public.')
    atexit.register(shutil.rmtree, where)
    os.chmod(where, 0o755)
    for path in (MUNTIN, os.path.join(os.path.dirname(MUNTIN), 'muntin-worker')):
        shutil.copy(path, where)
    return os.path.join(where, os.path.basename(MUNTIN))


def run(*args, stdin=b'', cwd=None, env=None, user=None):
    """Run muntin; returns status, standard output and standard error."""
    extra = {}
    program = MUNTIN
    if user is not None:
        extra = {'user': user, 'group': user, 'extra_groups': []}
        program = public_program()
    words = [os.fsencode(arg) for arg in (program, '--no-config') + args]
    done = subprocess.run(words, input=stdin, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env={**os.environ, **(env or {})}, timeout=120, check=False, **extra)
    return done.returncode, done.stdout, done.stderr


def records(out):
    """What -0 printed."""
    check(not out or out.endswith(b'\0'), out[-20:])
    return out.split(b'\0')[:-1]


def objects(out):
    """What --format=json printed, with bytes for `path` and `target`."""
    result = []
    for line in out.splitlines():
        item = json.loads(line.decode('utf-8'))
        for key in ('path', 'target'):
            if key + '_b64' in item:
                item[key] = base64.b64decode(item.pop(key + '_b64'))
            elif key in item:
                item[key] = item[key].encode('utf-8')
        result.append(item)
    return result


def unquote(text):
    """The bytes that a rendered path stands for."""
    if not text.startswith(b"$'"):
        return text
    check(text.endswith(b"'"), text)
    plain = {b'n': b'\n', b't': b'\t'}

    def one(match):
        what = match.group(1)
        if what[:1] == b'x':
            return bytes([int(what[1:], 16)])
        if what[:1] == b'u':
            return chr(int(what[2:-1], 16)).encode()
        return plain.get(what, what)
    return re.sub(rb"\\(x[0-9a-f]{2}|u\{[0-9a-f]+\}|.)", one, text[2:-1])


def walk(root, follow=False):
    """Every path below a root, the root too, as muntin writes it."""
    found = [root]
    for base, dirs, files in os.walk(root, followlinks=follow):
        join = base if base.endswith(b'/') else base + b'/'
        found.extend(join + name for name in dirs + files)
    return found


def make_tree(root, seed, entries=150):
    """A generated tree with hostile names, all kinds of files, hard links and odd modes."""
    dice = random.Random(seed)
    os.mkdir(root)
    dirs = [root]
    files = []
    for number in range(entries):
        where = dice.choice(dirs[-12:])
        name = dice.choice(HOSTILE)
        path = where + b'/' + (name if dice.random() < 0.7 else b'n%d' % number)
        if os.path.lexists(path):
            continue
        kind = dice.choice(('dir', 'dir', 'file', 'file', 'file', 'link', 'hard', 'fifo', 'sock', 'sparse'))
        if kind == 'dir' and len(path) < 3000:
            os.mkdir(path)
            dirs.append(path)
        elif kind == 'link':
            os.symlink(dice.choice(HOSTILE + (b'..', b'/', b'nowhere/at/all')), path)
        elif kind == 'hard' and files:
            os.link(dice.choice(files), path)
        elif kind == 'fifo':
            os.mkfifo(path)
        elif kind == 'sock' and len(path) < 100:
            server = socket.socket(socket.AF_UNIX)
            server.bind(path)
            server.close()
        else:
            with open(path, 'wb') as out:
                out.write(b'x' * dice.randrange(5000))
                if kind == 'sparse':
                    out.truncate(10_000_000)
            os.chmod(path, dice.choice((0o644, 0o600, 0o755, 0o4755, 0o000)))
            os.utime(path, ns=(dice.randrange(2**60), dice.randrange(-2**40, 2**60)))
            files.append(path)
    return root


def deep_tree(root, depth):
    """A chain of directories that no single path could name."""
    os.mkdir(root)
    here = os.open(root, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(b'd', dir_fd=here)
        below = os.open(b'd', os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)


def remove_deep(root):
    """Remove it, without a path or a recursion either."""
    here = os.open(root, os.O_RDONLY)
    stack = [here]
    while True:
        try:
            stack.append(os.open(b'd', os.O_RDONLY, dir_fd=stack[-1]))
        except FileNotFoundError:
            break
    while len(stack) > 1:
        os.close(stack.pop())
        os.rmdir(b'd', dir_fd=stack[-1])
    os.close(stack.pop())
    os.rmdir(root)


# ---- --list ---------------------------------------------------------------------


def test_list_equals_walk(tmp):
    for seed in range(8):
        root = make_tree(tmp + b'/t%d' % seed, seed)
        for backend in BACKENDS:
            status, out, err = run('--list', '-0', '-b', backend, root)
            equal((status, err), (0, b''))
            equal(sorted(records(out)), sorted(walk(root)), backend)
        status, out, err = run('--list', root)
        equal((status, err), (0, b''))
        equal(sorted(map(unquote, out.splitlines())), sorted(walk(root)))
        check(not re.search(rb'[\x00-\x09\x0b-\x1f\x7f]', out), 'a control character')
        out.decode('utf-8')


def test_list_equals_find(tmp):
    root = make_tree(tmp + b'/t', 99)
    for given in (root, root + b'/', b'.', b'./', b'../t', tmp + b'//t'):
        found = subprocess.run(['find', given, '-print0'], cwd=root, stdout=subprocess.PIPE, check=True).stdout
        status, out, err = run('--list', '-0', given, cwd=root)
        equal((status, err), (0, b''))
        equal(sorted(records(out)), sorted(records(found)), given)


def test_sort_is_byte_order_over_all_roots(tmp):
    roots = [make_tree(tmp + b'/' + name, seed, 60) for seed, name in enumerate((b'b', b'a', b'a.x'))]
    for form in ('text', 'typed', 'json'):
        status, out, err = run('--list', '-0', '--sort', '--format=' + form, *roots)
        equal((status, err), (0, b''))
        got = records(out)
        if form == 'typed':
            got = [item.split(b'] ', 2)[2] for item in got]
        elif form == 'json':
            got = [objects(item)[0]['path'] for item in got]
        equal(got, sorted(sum(map(walk, roots), [])), form)


def test_depth_first(tmp):
    root = make_tree(tmp + b'/t', 5, 300)
    for form in ('text', 'json'):
        for backend in BACKENDS:
            status, out, _ = run('--list', '-0', '--depth-first', '--format=' + form, '-b', backend, root)
            equal(status, 0)
            paths = records(out)
            if form == 'json':
                paths = [objects(item)[0]['path'] for item in paths]
            equal(sorted(paths), sorted(walk(root)))
            equal(paths[-1], root)
            place = {path: number for number, path in enumerate(paths)}
            for path in paths:
                if path != root:
                    check(place[path] < place[os.path.dirname(path)], path)


def test_max_depth(tmp):
    root = make_tree(tmp + b'/t', 6, 200)
    for depth in (0, 1, 2, 5):
        found = subprocess.run(['find', root, '-maxdepth', str(depth), '-print0'], stdout=subprocess.PIPE, check=True).stdout
        status, out, err = run('--list', '-0', '--max-depth=%d' % depth, root)
        equal((status, err), (0, b''))
        equal(sorted(records(out)), sorted(records(found)), depth)


def test_typed(tmp):
    os.mkdir(tmp + b'/t')
    os.mkdir(tmp + b'/t/d')
    os.symlink('x', tmp + b'/t/l')
    os.mkfifo(tmp + b'/t/p')
    open(tmp + b'/t/f\n', 'w').close()
    server = socket.socket(socket.AF_UNIX)
    server.bind(tmp + b'/t/s')
    server.close()
    status, out, err = run('--list', '--sort', '--format=typed', 't', cwd=tmp)
    equal((status, err), (0, b''))
    equal(out, b"[scan:t] [DIR] t\n[scan:t] [DIR] t/d\n[scan:t] [FILE] $'t/f\\n'\n[scan:t] [LINK] t/l\n[scan:t] [FIFO] t/p\n"
               b"[scan:t] [SOCK] t/s\n")
    status, out, _ = run('--list', '--format=typed', '--max-depth=1', '/dev')
    check(re.search(rb'\[scan:/dev\] \[CHAR\] /dev/null\n', out), out[:200])


KINDS = {stat.S_IFREG: 'file', stat.S_IFDIR: 'dir', stat.S_IFLNK: 'link', stat.S_IFIFO: 'fifo', stat.S_IFSOCK: 'sock',
         stat.S_IFCHR: 'char', stat.S_IFBLK: 'block'}


def expected_object(path):
    info = os.lstat(path)
    item = {'path': path, 'type': KINDS[stat.S_IFMT(info.st_mode)], 'mode': '%04o' % stat.S_IMODE(info.st_mode),
            'uid': info.st_uid, 'gid': info.st_gid, 'size': info.st_size, 'blocks': info.st_blocks, 'nlink': info.st_nlink,
            'ino': info.st_ino, 'dev': info.st_dev, 'mtime': info.st_mtime_ns, 'ctime': info.st_ctime_ns}
    if stat.S_ISLNK(info.st_mode):
        item['target'] = os.readlink(path)
    return item


def test_json_is_lstat(tmp):
    for seed in range(20, 24):
        root = make_tree(tmp + b'/t%d' % seed, seed)
        for backend in BACKENDS:
            status, out, err = run('--list', '--format=json', '-b', backend, root)
            equal((status, err), (0, b''))
            got = objects(out)
            for item in got:
                check(isinstance(item.pop('atime'), int), item)
            got.sort(key=lambda item: item['path'])
            equal(got, [expected_object(path) for path in sorted(walk(root))], backend)


def test_json_in_another_locale(tmp):
    root = make_tree(tmp + b'/t', 30)
    status, out, _ = run('--list', '--format=json', root, env={'LC_ALL': 'C'})
    equal(status, 0)
    out.decode('ascii')
    equal(sorted(item['path'] for item in objects(out)), sorted(walk(root)))
    status, out, _ = run('--list', root, env={'LC_ALL': 'C'})
    out.decode('ascii')
    equal(sorted(map(unquote, out.splitlines())), sorted(walk(root)))


def test_locale_that_is_not_there(tmp):
    """Only the category of characters counts: what else a far terminal has asked for may be missing here."""
    os.makedirs(tmp + b'/t/\xc3\xa9')
    for env, name in (({'LC_TIME': 'de_XX.UTF-8', 'LC_NUMERIC': 'none'}, b't/\xc3\xa9'), ({'LC_CTYPE': 'none'}, b"$'t/\\u{e9}'")):
        status, out, err = run('--list', 't', cwd=tmp, env={'LC_ALL': '', 'LANG': 'C.UTF-8', **env})
        equal((status, out, err), (0, b't\n' + name + b'\n', b''), env)


def test_exclude(tmp):
    root = tmp + b'/t'
    for name in (b'keep', b'a.o', b'sub/b.o', b'sub/tmp/x', b'tmp', b'other/deep/c', b'other/c', b'li\nne'):
        os.makedirs(os.path.dirname(root + b'/' + name), exist_ok=True)
        open(root + b'/' + name, 'w').close()
    with open(tmp + b'/patterns', 'wb') as out:
        out.write(b'li?ne\n\nother/deep\n')
    for backend in BACKENDS:
        status, out, err = run('--list', '-0', '--sort', '--exclude=*.o', '--exclude', 'tmp/', '--exclude-from',
                               tmp + b'/patterns', '-b', backend, 't', cwd=tmp)
        equal((status, err), (0, b''))
        equal(records(out), [b't', b't/keep', b't/other', b't/other/c', b't/sub', b't/tmp'], backend)
    status, out, err = run('--list', '--exclude-from=' + os.fsdecode(tmp) + '/none', 't', cwd=tmp)
    equal((status, out), (2, b''))
    check(err.count(b'\n') == 1 and b'none: no such file' in err, err)


def test_follow(tmp):
    root = tmp + b'/t'
    os.makedirs(root + b'/a/b')
    os.mkdir(tmp + b'/elsewhere')
    open(tmp + b'/elsewhere/x', 'w').close()
    os.symlink('..', root + b'/a/up')
    os.symlink('loop', root + b'/loop')
    os.symlink('../elsewhere', root + b'/out')
    os.symlink('elsewhere/x', root + b'/dangling')
    status, out, err = run('--list', '-L', '--sort', '--format=typed', 't', cwd=tmp)
    equal((status, err), (0, b''))
    equal(out.replace(b'[scan:t] ', b''), b'[DIR] t\n[DIR] t/a\n[DIR] t/a/b\n[LINK] t/a/up\n[LINK] t/dangling\n[LINK] t/loop\n'
          b'[DIR] t/out\n[FILE] t/out/x\n')
    status, out, _ = run('--list', '-L', '--sort', '--format=json', 't', cwd=tmp)
    item = [item for item in objects(out) if item['path'] == b't/out'][0]
    equal((item['type'], item['ino'], 'target' in item), ('dir', os.stat(root + b'/out').st_ino, False))


def test_follow_to_above(tmp):
    """A directory that comes again as itself, below a link that leads above it, is shown and not entered."""
    os.makedirs(tmp + b'/t/s/e')
    os.symlink('../..', tmp + b'/t/s/up')
    os.makedirs(tmp + b'/u/a/b')
    os.mkdir(tmp + b'/u/c')
    os.symlink('../../c', tmp + b'/u/a/b/l')
    os.symlink('../a', tmp + b'/u/c/m')
    for backend in ('threads', 'workers'):
        status, out, err = run('--list', '-L', '--sort', '-b', backend, 't/s', cwd=tmp)
        equal((status, err), (0, b''))
        equal(out.split(), [b't/s', b't/s/e', b't/s/up', b't/s/up/t', b't/s/up/t/s'] +
              [b't/s/up/u', b't/s/up/u/a', b't/s/up/u/a/b', b't/s/up/u/a/b/l', b't/s/up/u/a/b/l/m'] +
              [b't/s/up/u/c', b't/s/up/u/c/m', b't/s/up/u/c/m/b', b't/s/up/u/c/m/b/l'])


def test_roots_that_are_not_there(tmp):
    os.mkdir(tmp + b'/t')
    open(tmp + b'/file', 'w').close()
    for args in (('--list',), ('--list', '--format=json'), ('--list', '--format=typed'), ('--list', '--format=ncdu'),
                 ('--list', '--sort'), ('--list', '--depth-first'), ('--count',), ('--dump',)):
        for backend in BACKENDS:
            status, out, err = run(*args, '-b', backend, 'none\x1b', cwd=tmp)
            equal((status, out), (2, b''), args)
            equal(err, b"muntin: $'none\\x1b': no such file or directory\n", args)
            status, out, err = run(*args, '-b', backend, 'file', cwd=tmp)
            equal((status, out), (2, b''), args)
            equal(err, b'muntin: file: neither a directory nor a recording\n', args)
    status, out, err = run('--list', 't', 'none', cwd=tmp)
    equal((status, out, err), (2, b't\n', b'muntin: none: no such file or directory\n'))


def test_unreadable(tmp):
    if os.geteuid() == 0:
        os.chmod(tmp, 0o755)
        user = 65534
    else:
        user = None
    root = tmp + b'/t'
    os.makedirs(root + b'/no/x')
    os.makedirs(root + b'/list')
    open(root + b'/list/f', 'w').close()
    os.chmod(root + b'/no', 0)
    os.chmod(root + b'/list', 0o444)
    for path in (root, root + b'/no', root + b'/list', root + b'/list/f'):
        if user is not None:
            os.chown(path, user, user)
    try:
        for backend in BACKENDS:
            status, out, err = run('--list', '--sort', '--format=typed', '-b', backend, 't', cwd=tmp, user=user)
            equal(status, 2)
            equal(out.replace(b'[scan:t] ', b''), b'[DIR] t\n[DIR] t/list\n[FILE] t/list/f\n[SKIP] t/list/f (permission denied)\n'
                  b'[DIR] t/no\n[SKIP] t/no (permission denied)\n')
            equal(sorted(err.splitlines()), [b'muntin: t/list/f: permission denied', b'muntin: t/no: permission denied'])
            status, out, _ = run('--list', '--sort', '--format=json', '-b', backend, 't', cwd=tmp, user=user)
            equal(status, 2)
            got = {item['path']: item for item in objects(out)}
            equal(got[b't/list/f'], {'path': b't/list/f', 'type': 'file', 'error': 'permission denied'})
            equal((got[b't/no']['error'], got[b't/no']['mode']), ('permission denied', '0000'))
            check('error' not in got[b't'] and 'error' not in got[b't/list'], got)
            status, out, err = run('--count', '-b', backend, 't', cwd=tmp, user=user)
            equal((status, out.split(b'\t')[:5] + out.split(b'\t')[7:]), (2, [b'4', b'3', b'1', b'0', b'0', b'2', b't\n']))
            equal(sorted(err.splitlines()), [b'muntin: t/list/f: permission denied', b'muntin: t/no: permission denied'])
            status, out, err = run('--list', '--format=typed', '-b', backend, 't/no', cwd=tmp, user=user)
            equal((status, out), (2, b'[scan:t/no] [DIR] t/no\n[scan:t/no] [SKIP] t/no (permission denied)\n'))
            equal(err, b'muntin: t/no: permission denied\n')
            recording = run('--dump', '-b', backend, 't', cwd=tmp, user=user)
            equal(recording[0], 2)
            with open(tmp + b'/recording', 'wb') as out:
                out.write(recording[1])
            status, out, _ = run('--list', '--sort', '--format=typed', 'recording', cwd=tmp)
            equal(status, 2)
            check(b'[SKIP] recording/no (permission denied)' in out, out)
    finally:
        os.chmod(root + b'/no', 0o700)
        os.chmod(root + b'/list', 0o700)


def test_deep(tmp):
    root = tmp + b'/deep'
    depth = 2500
    deep_tree(root, depth)
    try:
        status, out, err = run('--count', root)
        equal((status, err, out.split(b'\t')[0]), (0, b'', b'%d' % (depth + 1)))
        status, out, err = run('--list', '--sort', root)
        equal((status, err, len(out.splitlines())), (0, b'', depth + 1))
        check(out.splitlines()[-1] == root + b'/d' * depth)
        status, out, err = run('--list', '--depth-first', '--format=json', root)
        equal((status, err, len(out.splitlines())), (0, b'', depth + 1))
        status, out, err = run('--list', '--format=ncdu', root)
        equal((status, err, out.count(b'"name"')), (0, b'', depth + 1))
    finally:
        remove_deep(root)


def test_output_that_ends_early(tmp):
    root = make_tree(tmp + b'/t', 40, 400)
    for form in ('text', 'json'):
        with open('/dev/full', 'wb') as full:
            done = subprocess.run([MUNTIN, '--list', '--format=' + form, root], stdout=full, stderr=subprocess.PIPE, check=False)
        equal((done.returncode, done.stderr), (2, b'muntin: standard output: no space left on device\n'))
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([MUNTIN, '--list', root], stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    equal((done.returncode, done.stderr), (128 + signal.SIGPIPE, b''))


def test_one_filesystem(tmp):
    if not os.path.isdir('/proc/self') or not os.path.ismount('/proc'):
        raise Skip('/proc')
    status, out, _ = run('--list', '-x', '--max-depth=2', '/')
    check(b'/proc\n' in out and b'/proc/self' not in out, 'crossed')
    equal(status, 0 if os.geteuid() == 0 else status)


# ---- ncdu -----------------------------------------------------------------------


def read_ncdu(out):
    """Paths and sizes of an export."""
    major, minor, head, tree = json.loads(out.decode('utf-8', 'surrogateescape'))
    equal((major, minor, head['progname']), (1, 2, 'muntin'))
    found = {}

    def visit(item, above):
        info = item[0] if isinstance(item, list) else item
        path = os.fsencode(info['name']) if above is None else above + b'/' + os.fsencode(info['name'])
        found[path] = info
        for below in item[1:] if isinstance(item, list) else ():
            visit(below, path)
    visit(tree, None)
    return found


def test_ncdu(tmp):
    root = make_tree(tmp + b'/t', 50)
    for given, cwd in ((root, None), (b'.', root), (b'./', root), (b't/', tmp)):
        status, out, err = run('--list', '--format=ncdu', given, cwd=cwd)
        equal((status, err), (0, b''))
        found = read_ncdu(out)
        equal(sorted(found), sorted(walk(root)), given)
    for path, info in found.items():
        real = os.lstat(path)
        equal((info.get('asize', 0), info.get('dsize', 0), info['ino']), (real.st_size, real.st_blocks * 512, real.st_ino), path)
        equal(info.get('hlnkc', False), real.st_nlink > 1 and not stat.S_ISDIR(real.st_mode), path)
        equal(info.get('notreg', False), not (stat.S_ISDIR(real.st_mode) or stat.S_ISREG(real.st_mode)), path)
    equal(found[root]['dev'], os.lstat(root).st_dev)


def test_ncdu_opens_it(tmp):
    if not shutil.which('ncdu'):
        raise Skip('ncdu')
    root = make_tree(tmp + b'/t', 51)
    status, out, _ = run('--list', '--format=ncdu', root)
    with open(tmp + b'/export', 'wb') as export:
        export.write(out)
    done = subprocess.run(['ncdu', '-0', '-o', '-', '-f', tmp + b'/export'], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False)
    equal((status, done.returncode), (0, 0), done.stderr)
    check(done.stdout.count(b'"name"') == out.count(b'"name"'), done.stdout[:200])


# ---- --count --------------------------------------------------------------------


def expected_count(root, follow=False):
    totals = {'dirs': 0, 'files': 0, 'links': 0, 'others': 0}
    seen = {}
    for path in walk(root, follow):
        info = os.stat(path) if follow and os.path.isdir(path) else os.lstat(path)
        kind = {stat.S_IFDIR: 'dirs', stat.S_IFREG: 'files', stat.S_IFLNK: 'links'}.get(stat.S_IFMT(info.st_mode), 'others')
        totals[kind] += 1
        seen[(info.st_dev, info.st_ino)] = info
    return [sum(totals.values())] + list(totals.values()) + [sum(info.st_size for info in seen.values()),
                                                             sum(info.st_blocks for info in seen.values()) * 512, 0]


def test_count(tmp):
    roots = [make_tree(tmp + b'/t%d' % seed, seed) for seed in range(60, 66)]
    for backend in BACKENDS:
        status, out, err = run('--count', '-b', backend, *roots)
        equal((status, err), (0, b''))
        lines = out.splitlines()
        equal(len(lines), len(roots))
        for line, root in zip(lines, roots):
            fields = line.split(b'\t')
            equal([int(field) for field in fields[:8]] + fields[8:], expected_count(root) + [root], backend)
            equal(int(fields[0]), len(records(run('--list', '-0', root)[1])))
    status, out, err = run('--count', '--format=json', roots[0])
    names = ('entries', 'dirs', 'files', 'links', 'others', 'bytes', 'disk', 'errors', 'root')
    equal(json.loads(out), dict(zip(names, expected_count(roots[0]) + [os.fsdecode(roots[0])])))


def test_count_what_comes_twice(tmp):
    root = tmp + b'/t'
    os.makedirs(root + b'/d')
    with open(root + b'/d/f', 'wb') as out:
        out.write(b'x' * 100_000)
    os.symlink('d', root + b'/again')
    status, out, _ = run('--count', '-L', root)
    fields = [int(field) for field in out.split(b'\t')[:8]]
    equal((status, fields), (0, expected_count(root, follow=True)))


# ---- recordings -----------------------------------------------------------------


def without_atime(result):
    """Looking at a directory may change when it was looked at."""
    return result[0], re.sub(rb'"atime":[0-9]+', b'', result[1]), result[2]


def test_recordings(tmp):
    root = make_tree(tmp + b'/t', 70)
    forms = (('--list', '--sort', '-0'), ('--list', '--sort', '--format=json'), ('--list', '--sort', '--format=typed'),
             ('--list', '--depth-first', '--sort'), ('--count',), ('--list', '--format=ncdu'))
    for backend in BACKENDS:
        status, recording, err = run('--dump', '-b', backend, b't', cwd=tmp)
        equal((status, err), (0, b''))
        check(recording.startswith(b'muntin-stream 1'), recording[:40])
        os.mkdir(tmp + b'/' + backend.encode())
        with open(tmp + b'/' + backend.encode() + b'/t', 'wb') as out:
            out.write(recording)
        for form in forms[:-1]:
            live = run(*form, 't', cwd=tmp)
            replayed = run(*form, 't', cwd=tmp + b'/' + backend.encode())
            equal(without_atime(replayed), without_atime(live), form)
        status, out, err = run(*forms[-1], 't', cwd=tmp + b'/' + backend.encode())
        equal((status, err, len(read_ncdu(out))), (0, b'', len(walk(root))))
        again = run('--dump', 't', cwd=tmp + b'/' + backend.encode())
        equal(again, (0, recording, b''))
        for cut in (0, 3, 14, 15, 16, 20, len(recording) // 2, len(recording) - 1):
            with open(tmp + b'/cut', 'wb') as out:
                out.write(recording[:cut])
            status, out, err = run('--list', 'cut', cwd=tmp)
            check(status == 2 and err.count(b'\n') == 1 and err.startswith(b'muntin: cut: '), cut, status, err)


def test_damaged_recordings(tmp):
    dice = random.Random(7)
    make_tree(tmp + b'/t', 71, 40)
    _, recording, _ = run('--dump', 't', cwd=tmp)
    for form in (('--list', '--depth-first'), ('--list', '--format=json'), ('--count',), ('--list', '--format=ncdu')):
        for _ in range(25):
            damaged = bytearray(recording)
            for _ in range(dice.randrange(1, 4)):
                damaged[dice.randrange(len(damaged))] = dice.randrange(256)
            with open(tmp + b'/damaged', 'wb') as out:
                out.write(damaged)
            status, out, err = run(*form, 'damaged', cwd=tmp)
            check(status in (0, 2), status, err, bytes(damaged))
            check(not re.search(rb'[\x00-\x09\x0b-\x1f\x7f]', err), err)


def test_no_recording_on_a_terminal(tmp):
    leader, follower = os.openpty()
    done = subprocess.run([MUNTIN, '--dump', tmp], stdout=follower, stderr=subprocess.PIPE, check=False)
    os.close(follower)
    os.close(leader)
    equal((done.returncode, done.stderr), (2, b'muntin: --dump: a recording is not written to a terminal\n'))


# ---- --batch --------------------------------------------------------------------


def batch(text, *args, **kwargs):
    """Run a batch; returns the status and the fields of each record."""
    if isinstance(text, str):
        text = text.encode()
    status, out, err = run('--batch=-', *args, stdin=text, **kwargs)
    return status, [tuple(line.split(b'\t')) for line in out.splitlines()], err


def quote(name):
    """Any bytes as a word of a batch."""
    return b"$'" + b''.join(b'\\x%02x' % byte for byte in name) + b"'"


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


def test_batch(tmp):
    root = tmp + b'/t'
    os.makedirs(root + b'/d/e')
    open(root + b'/f', 'w').close()
    os.chmod(root + b'/f', 0o644)
    for backend in BACKENDS:
        status, lines, err = batch('''
            # a comment
            chmod 600 t/f          # and another
            mkdir -p t/n/m
            create t/new
            rename t/new newer
            rename t/newer t/newest
            delete t/newest
            delete -r t/n
            chmod 644 t/f
        ''', '-b', backend, 't', cwd=tmp)
        equal((status, err), (0, b''))
        equal(lines, [(b'ok', b'chmod', b't/f', b'0644 -> 0600'), (b'ok', b'mkdir', b't/n', b'0755'), (b'ok', b'mkdir', b't/n/m', b'0755'),
                      (b'ok', b'create', b't/new', b'0644'), (b'ok', b'rename', b't/new', b'-> newer'),
                      (b'ok', b'rename', b't/newer', b'-> newest'), (b'ok', b'delete', b't/newest', b''),
                      (b'ok', b'delete', b't/n/m', b''), (b'ok', b'delete', b't/n', b''),
                      (b'ok', b'chmod', b't/f', b'0600 -> 0644')], backend)
        equal(sorted(os.listdir(root)), [b'd', b'f'])
        equal(mode(root + b'/f'), 0o644)


def test_batch_every_name(tmp):
    root = tmp + b'/t'
    os.mkdir(root)
    names = [name for name in HOSTILE if len(name) < 250]
    for backend in BACKENDS:
        status, lines, err = batch(b''.join(b'create ' + quote(b't/' + name) + b'\n' for name in names), '-b', backend, 't', cwd=tmp)
        equal((status, err), (0, b''))
        equal([unquote(line[2]) for line in lines], [b't/' + name for name in names])
        equal(sorted(os.listdir(root)), sorted(names))
        shown = run('--list', 't', cwd=tmp)[1].splitlines()[1:]
        words = [word if word.startswith(b"$'") else b"'" + word.replace(b"'", b"'\\''") + b"'" for word in shown]
        status, lines, err = batch(b'delete -- ' + b' '.join(words) + b'\n', '-b', backend, 't', cwd=tmp)
        equal((status, err, len(lines), os.listdir(root)), (0, b'', len(names), []))


def test_batch_plans(tmp):
    root = tmp + b'/t'
    os.makedirs(root + b'/d')
    open(root + b'/d/f', 'w').close()
    os.symlink('f', root + b'/d/l')
    os.chmod(root + b'/d/f', 0o640)
    status, lines, err = batch('chmod -n -R g+w t/d\ndelete -nr t/d\nmkdir -n t/x\n', 't', cwd=tmp)
    equal((status, err), (0, b''))
    equal(sorted(lines), sorted([(b'plan', b'chmod', b't/d', b'0755 -> 0775'), (b'plan', b'chmod', b't/d/f', b'0640 -> 0660'),
                                 (b'skipped', b'chmod', b't/d/l', b'symbolic link'), (b'plan', b'delete', b't/d', b''),
                                 (b'plan', b'delete', b't/d/f', b''), (b'plan', b'delete', b't/d/l', b''),
                                 (b'plan', b'mkdir', b't/x', lines[-1][3])]))
    equal((mode(root + b'/d/f'), os.listdir(root)), (0o640, [b'd']))


def test_batch_hard_links(tmp):
    """Several names of one file in one plan: each is told as it was and as it will be, and that is what happens."""
    os.makedirs(tmp + b'/t/d')
    open(tmp + b'/t/a', 'w').close()
    for name in (b'/t/c', b'/t/d/b'):
        os.link(tmp + b'/t/a', tmp + name)
    os.chmod(tmp + b'/t/a', 0o640)
    for number, text in enumerate((b'g+w', b'u=rx,g=u,o+X', b'a-w,u+s', b'F:g=o,u-s', b'0600')):
        _, planned, _ = batch(b'chmod -n -R %s t/a t/c t/d\n' % text, 't', cwd=tmp)
        status, lines, err = batch(b'chmod -R %s t/a t/c t/d\n' % text, '-b', BACKENDS[number % 2], 't', cwd=tmp)
        equal((status, err), (0, b''), lines)
        equal(sorted(line[1:] for line in lines), sorted(line[1:] for line in planned), text)
        equal(set(line[3] for line in lines if line[2] != b't/d'), {b'%s -> %04o' % (lines[0][3][:4], mode(tmp + b'/t/a'))})


def plant_sides(tmp):
    """Two trees `a` and `b` with the same names, but for some."""
    for side in (b'/a', b'/b'):
        os.makedirs(tmp + side + b'/d/e')
        for name in (b'/f', b'/d/g', b'/d/e/h'):
            open(tmp + side + name, 'w').close()
        os.symlink('f', tmp + side + b'/d/link')
        os.chmod(tmp + side + b'/f', 0o644)
    os.mkdir(tmp + b'/a/kind')
    for name in (b'/a/here', b'/b/kind', b'/b/there'):
        open(tmp + name, 'w').close()
    os.mkdir(tmp + b'/b/whole')
    open(tmp + b'/b/whole/not-listed', 'w').close()
    for path, bits in ((b'/a/f', 0o600), (b'/a/d/g', 0o4711), (b'/a/d/e', 0o500), (b'/a/d', 0o2750), (b'/b/d/e/h', 0o666)):
        os.chmod(tmp + path, bits)


def test_batch_match(tmp):
    plant_sides(tmp)
    expected = {b'b': b'0755 -> 0755', b'b/f': b'0644 -> 0600', b'b/d': b'0755 -> 2750', b'b/d/g': b'0644 -> 4711',
                b'b/d/e': b'0755 -> 0500', b'b/d/e/h': b'0666 -> 0644', b'b/d/link': b'symbolic link', b'b/here': b'only on one side',
                b'b/there': b'only on one side', b'b/whole': b'only on one side', b'b/kind': b'of another type on the other side'}
    for backend in BACKENDS:
        for words in (b'match -n -R a b', b'match -R a b'):
            before = {name: mode(tmp + b'/' + name) for name in expected if os.path.exists(tmp + b'/' + name)}
            status, lines, err = batch(words + b'\n', '-b', backend, 'a', 'b', cwd=tmp)
            equal((status, err), (1, b''), lines)
            equal({line[2]: line[3] for line in lines}, expected, backend)
            equal(set(line[0] for line in lines), {b'plan' if b'-n' in words else b'ok', b'skipped'})
            if b'-n' in words:
                equal({name: mode(tmp + b'/' + name) for name in before}, before)
        for name in (b'/f', b'/d', b'/d/g', b'/d/e', b'/d/e/h'):
            equal(mode(tmp + b'/b' + name), mode(tmp + b'/a' + name), name)
        status, lines, err = batch('match a/d/g b/f\nmatch a/none b/f\nmatch a/f b/none\nmatch a/f ../x\nmatch -R a/f b/f\n', 'a', 'b', cwd=tmp)
        equal(lines, [(b'ok', b'match', b'b/f', b'0600 -> 4711'), (b'failed', b'match', b'a/none', b'no such file or directory'),
                      (b'failed', b'match', b'b/none', b'no such file or directory'), (b'failed', b'match', b'../x', b'below no ROOT'),
                      (b'ok', b'match', b'b/f', b'4711 -> 0600')], backend)
        for path, bits in ((b'/b/f', 0o644), (b'/b/d/g', 0o644), (b'/b/d', 0o755), (b'/b/d/e', 0o755), (b'/b/d/e/h', 0o666)):
            os.chmod(tmp + path, bits)


def test_batch_match_owners(tmp):
    """The owner first: then the set-ID bits stay. Who may not give it away leaves the mode alone, too."""
    if os.geteuid() != 0:
        raise Skip('root')
    plant_sides(tmp)
    os.chown(tmp + b'/a/d/g', 7, 8)
    os.chmod(tmp + b'/a/d/g', 0o4711)
    status, lines, err = batch('match -o a/d/g b/d/g\n', 'a', 'b', cwd=tmp)
    equal((status, lines, err), (0, [(b'ok', b'match', b'b/d/g', b'0644 -> 4711, 0:0 -> 7:8')], b''))
    about = os.stat(tmp + b'/b/d/g')
    equal((about.st_uid, about.st_gid, mode(tmp + b'/b/d/g')), (7, 8, 0o4711))
    os.chmod(tmp + b'/b/f', 0o644)
    os.chown(tmp + b'/b/f', NOBODY, NOBODY)
    for path in (b'', b'/a', b'/a/d', b'/b'):
        os.chmod(tmp + path, 0o755)
    status, lines, err = batch('match -o a/d/g b/f\n', 'a', 'b', cwd=tmp, user=NOBODY)
    equal((status, [line[0] for line in lines], mode(tmp + b'/b/f')), (1, [b'failed'], 0o644), lines)


def test_batch_match_opens(tmp):
    """After a wrong chmod -R nothing below can be looked at: each directory is opened before what is in it."""
    plant_sides(tmp)
    os.chmod(tmp + b'/a/d/e', 0o755)
    for top, dirs, files in os.walk(tmp + b'/b', topdown=False):
        for name in files + dirs:
            if not os.path.islink(os.path.join(top, name)):
                os.chmod(os.path.join(top, name), 0o644)
    user = None
    if os.geteuid() == 0:
        user = NOBODY
        os.chmod(tmp, 0o755)
        for top, dirs, files in os.walk(tmp):
            for name in dirs + files:
                os.lchown(os.path.join(top, name), NOBODY, NOBODY)
        os.chmod(tmp + b'/a/d/g', 0o4711)
        os.chmod(tmp + b'/a/d', 0o2750)
    status, planned, err = batch('match -n -R a/d b/d\n', 'a', 'b', cwd=tmp, user=user)
    equal((status, err), (0, b''))
    status, lines, err = batch('match -R a/d b/d\n', 'a', 'b', cwd=tmp, user=user)
    equal((status, err), (0, b''), lines)
    equal(sorted(line[2] for line in planned), [b'b/d', b'b/d/e', b'b/d/e/h', b'b/d/g', b'b/d/link'])
    equal(sorted(line[2] for line in lines), sorted(line[2] for line in planned))
    for name in (b'/d', b'/d/g', b'/d/e', b'/d/e/h'):
        equal(mode(tmp + b'/b' + name), mode(tmp + b'/a' + name), name)


def test_batch_json(tmp):
    root = tmp + b'/t'
    os.mkdir(root)
    status, out, err = run('--batch=-', '--format=json', 't', cwd=tmp, stdin=b"create $'t/\\xff' 't/\xc3\xa9'\nchmod 600 t/none\n")
    equal((status, err), (1, b''))
    equal([json.loads(line) for line in out.splitlines()],
          [{'status': 'ok', 'command': 'create', 'path_b64': base64.b64encode(b't/\xff').decode(), 'detail': '0644'},
           {'status': 'ok', 'command': 'create', 'path': 't/é', 'detail': '0644'},
           {'status': 'failed', 'command': 'chmod', 'path': 't/none', 'detail': 'no such file or directory'}])
    status, out, err = run('--batch=-', '-0', 't', cwd=tmp, stdin=b"create $'t/a\\nb'\n")
    equal((status, out), (0, b'ok\tcreate\tt/a\nb\t0644\0'))


def test_batch_refuses(tmp):
    for name in (b'/r/in', b'/r/d', b'/out'):
        os.makedirs(tmp + name)
    open(tmp + b'/out/victim', 'w').close()
    os.symlink('../out', tmp + b'/r/link')
    before = run('--list', '--sort', '--format=json', tmp)[1]
    root = tmp + b'/r'
    for path in (b'out/victim', tmp + b'/out/victim', b'/', b'//', b'/./', b'../../..', b'r', b'r/', b'r/.', b'r/d/.', b'r/d/..',
                 b'r/d/../d', b'r/link/victim', b'r/../out/victim', b'r/in', b"''", b'.', b'..', tmp, root, b'r/no/such'):
        for backend in BACKENDS:
            status, lines, err = batch(b'delete -r ' + path + b'\n', '-b', backend, 'r', 'r/in', cwd=tmp)
            equal((status, [line[:2] for line in lines], err), (1, [(b'failed', b'delete')], b''), path)
    for line in (b'rename r/d ../out/d', b'rename r/d r/in/d', b'rename r/d r/../d', b'rename r/d .', b"rename r/d ''", b'rename r/in x',
                 b'rename r/d in', b'mkdir r', b'create r/d', b'chmod 777 out/victim', b'chown 0 r/link/victim', b'delete r/d',
                 b'mkdir r/' + b'x' * 256):
        status, lines, err = batch(line + b'\n', 'r', 'r/in', cwd=tmp)
        equal((status, [item[0] for item in lines], err), (1, [b'failed'], b''), line)
    after = run('--list', '--sort', '--format=json', tmp)[1]

    def shape(out):
        return [(item['path'], item['mode'], item['ino'], item['mtime']) for item in objects(out)]
    equal(shape(after), shape(before))


def test_batch_home_behind_a_link(tmp):
    os.makedirs(tmp + b'/t/data/me/x')
    os.symlink('data/me', tmp + b'/t/home')
    env = {**os.environ, 'HOME': os.fsdecode(tmp) + '/t/home'}
    status, out, err = run('--batch=-', 't', stdin=b'delete -r t/data/me\nrename t/data/me you\n', cwd=tmp, env=env)
    equal((status, err, out.count(b'failed\t')), (1, b'', 2))
    status, out, err = run('--batch=-', 't', stdin=b'delete -r t/data\n', cwd=tmp, env=env)
    check(status == 1 and os.path.isdir(tmp + b'/t/data/me/x'), out, err)


def test_batch_goes_on(tmp):
    os.makedirs(tmp + b'/a/x')
    os.makedirs(tmp + b'/b/y')
    status, lines, err = batch('delete -r a/x none b/y a/none\nmkdir a/z\n', 'a', 'b', cwd=tmp)
    equal((status, err), (1, b''))
    equal(sorted(line[:3] for line in lines), sorted([(b'ok', b'delete', b'a/x'), (b'failed', b'delete', b'none'),
                                                      (b'ok', b'delete', b'b/y'), (b'failed', b'delete', b'a/none'), (b'ok', b'mkdir', b'a/z')]))
    equal((os.listdir(tmp + b'/a'), os.listdir(tmp + b'/b')), ([b'z'], []))


def test_batch_roots(tmp):
    os.makedirs(tmp + b'/t/d')
    os.symlink('t', tmp + b'/link')
    for root, path in ((b't', b't/d'), (b'.', b't/d'), (tmp, b't/d'), (tmp, tmp + b'/t/d'), (b't/', b't//d/'), (b'./t', tmp + b'/t/d'),
                       (b'link', b'link/d'), (b'/', tmp + b'/t/d')):
        status, lines, err = batch(b'chmod 750 ' + path + b'\n', root, cwd=tmp)
        equal((status, [line[:3] for line in lines], err), (0, [(b'ok', b'chmod', path)], b''), root)
    for root in (b'none', b't/none'):
        status, lines, err = batch('mkdir t/x', 't', root, cwd=tmp)
        equal((status, lines, os.listdir(tmp + b'/t')), (2, [], [b'd']))
        equal(err, b'muntin: ' + root + b': no such file or directory\n')
    open(tmp + b'/file', 'w').close()
    status, lines, err = batch('mkdir t/x', 'file', cwd=tmp)
    equal((status, lines, err), (2, [], b'muntin: file: not a directory\n'))
    status, lines, err = batch('chmod 700 t', 't', cwd=tmp)
    equal((status, lines), (0, [(b'ok', b'chmod', b't', b'0755 -> 0700')]))


def test_batch_that_cannot_be_read(tmp):
    os.mkdir(tmp + b'/t')
    for text in ('mkdir t/x\nfoo\n', 'mkdir t/x\nmkdir\n', "mkdir t/x\nmkdir 't/y\n", 'mkdir t/x\nchmod 999 t\n', 'mkdir t/x\ncopy t/a t/b\n',
                 'mkdir t/x\nundo\n', 'mkdir t/x\ntrash t/x\n'):
        status, lines, err = batch(text, 't', cwd=tmp)
        equal((status, lines, os.listdir(tmp + b'/t')), (2, [], []), text)
        check(re.fullmatch(rb'muntin: -:2: [^\n]+\n', err), err)
    status, out, err = run('--batch=none\n', 't', cwd=tmp)
    equal((status, out, err), (2, b'', b"muntin: $'none\\n': no such file or directory\n"))
    status, out, err = run('--batch=t', 't', cwd=tmp)
    equal((status, out, err), (2, b'', b'muntin: t: is a directory\n'))


def test_batch_read_only(tmp):
    os.mkdir(tmp + b'/t')
    for backend in BACKENDS:
        status, lines, err = batch('mkdir t/x\nchmod 700 t\n', '--read-only', '-b', backend, 't', cwd=tmp)
        equal((status, err), (1, b''))
        equal(lines, [(b'failed', b'mkdir', b't/x', b'started with --read-only'), (b'failed', b'chmod', b't', b'started with --read-only')])
        equal((os.listdir(tmp + b'/t'), mode(tmp + b'/t')), ([], 0o755))


def test_batch_many(tmp):
    root = tmp + b'/t'
    os.mkdir(root)
    for number in range(3000):
        open(root + b'/%d' % number, 'w').close()
    status, lines, err = batch('chmod -R u=rw,go=r,D:u+x t\n', 't', cwd=tmp)
    equal((status, len(lines), err), (0, 3001, b''))
    words = b' '.join(b't/%d' % number for number in range(3000))
    status, lines, err = batch(b'delete ' + words, '-b', 'workers', 't', cwd=tmp)
    equal((status, len(lines), err, os.listdir(root)), (0, 3000, b'', []))


def test_batch_stops_on_a_signal(tmp):
    root = tmp + b'/t'
    os.mkdir(root)
    lines = b''.join(b'create t/%d\nchmod 600 t/%d\n' % (number, number) for number in range(20000))
    with open(tmp + b'/batch', 'wb') as out:
        out.write(lines)
    for number, how in ((signal.SIGTERM, 1), (signal.SIGINT, 2)):
        child = subprocess.Popen([MUNTIN, '--no-config', '--batch=batch', 't'], cwd=tmp, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        child.stdout.read(100)
        child.send_signal(number)
        out, err = child.communicate(timeout=60)
        equal((child.returncode, err), (128 + number, b''), how)
        check(len(os.listdir(root)) < 20000, 'it did not stop')
        check(not [name for name in os.listdir(root) if name.startswith(b'.muntin-')], 'something was left behind')


# ---- the command line -----------------------------------------------------------


def test_bad_command_lines(tmp):
    for args in (('--foo',), ('--list',), ('--count', '--foo', 'x'), ('--jobs=x', '--list', '.'), ('--by=sums', '--list', '.'),
                 ('--list', '--count', '.'), ('--format=xml', '--list', '.'), ('--dump', '.', '.'), ('--list', 'host:path'),
                 ('--config=none', '--list', '.'), ('--debug=foo:bar', '--list', '.')):
        status, out, err = run(*args, cwd=tmp)
        check((status, out) == (2, b'') and re.fullmatch(rb'muntin: [^\n]+\n', err), args, status, out, err)


def test_debug_log(tmp):
    os.makedirs(tmp + b'/t/\x1b[31m')
    with open(tmp + b'/script', 'w', encoding='ascii') as script:
        script.write('wait-idle\n')
    for category, args, text in (('scan', ('--list',), b'SCAN'), ('wire', ('--count', '-bworkers'), b'NAMES'),
                                 ('op', ('--batch=-',), b'PLANNED'), ('loop', ('--headless', '--script=script'), b'woke'),
                                 ('scan,wire,op,loop,paint', ('--headless', '--script=script'), b'painted')):
        status, _, err = run('--debug=%s:log' % category, *args, 't', stdin=b'mkdir t/x\n', cwd=tmp)
        equal((status, err), (0, b''), args)
        with open(tmp + b'/log', 'rb') as log:
            lines = log.read()
        check(text in lines and not re.search(rb'[\x00-\x09\x0b-\x1f\x7f-\xff]', lines), category, lines)
        shutil.rmtree(tmp + b'/t/x', ignore_errors=True)
        os.remove(tmp + b'/log')


def test_help_and_version(tmp):
    status, out, err = run('--help', cwd=tmp)
    equal((status, err), (0, b''))
    check(out.count(b'\n') <= 24 and b'--batch=FILE' in out, out)
    status, out, err = run('-V', cwd=tmp)
    equal((status, err), (0, b''))
    check(re.match(rb'muntin [0-9].*\nfeatures: .+\nlibraries: .*utf8proc [0-9]', out), out)


def configured(tmp, text, *args, permissions=0o644, **kwargs):
    """Run muntin with a configuration."""
    os.makedirs(tmp + b'/config/muntin', exist_ok=True)
    name = tmp + b'/config/muntin/config'
    with open(name, 'w', encoding='utf-8') as out:
        out.write(text)
    os.chmod(name, permissions)
    done = subprocess.run([MUNTIN, *args], cwd=tmp, env={**os.environ, 'XDG_CONFIG_HOME': os.fsdecode(tmp) + '/config'},
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, **kwargs)
    return done.returncode, done.stdout, done.stderr


def test_configuration(tmp):
    os.makedirs(tmp + b'/t/skip')
    name = tmp + b'/config/muntin/config'
    equal(configured(tmp, 'exclude = skip\n', '--list', 't'), (0, b't\n', b''))
    equal(configured(tmp, 'exclude = skip\n', '--list', '--no-config', '--sort', 't'), (0, b't\nt/skip\n', b''))
    equal(configured(tmp, 'sort = yes\nfoo\nexclude = skip\n', '--list', 't'),
          (0, b't\n', b'muntin: ' + name + b':2: foo: not of the form `key = value`\n'))
    equal(configured(tmp, 'format = typed\n', '--count', '--list', 't')[0], 2)
    equal(configured(tmp, 'format = typed\nmax-depth = 0\n', '--list', 't'), (0, b'[scan:t] [DIR] t\n', b''))
    equal(configured(tmp, 'format = typed\nmax-depth = 0\n', '--list', '--format=text', 't'), (0, b't\n', b''))
    for permissions in (0o666, 0o646, 0o664):
        status, out, err = configured(tmp, 'max-depth = 0\n', '--list', '--sort', 't', permissions=permissions)
        equal((status, out), (0, b't\nt/skip\n'))
        check(err.startswith(b'muntin: ' + name + b': not used') and err.count(b'\n') == 1, err)
    status, out, err = configured(tmp, 'max-depth = 0\n', '--list', '--config=config/muntin/config', 't', permissions=0o666)
    equal((status, out), (2, b''))
    if os.geteuid() == 0:
        os.chown(name, 12345, 12345)
        status, out, err = configured(tmp, 'max-depth = 0\n', '--list', '--sort', 't')
        equal((status, out), (0, b't\nt/skip\n'))
        check(b'not used' in err, err)
        os.chown(name, 0, 0)
    os.mkdir(tmp + b'/t/muntin')
    with open(tmp + b'/t/muntin/config', 'w', encoding='utf-8') as out:
        out.write('max-depth = 0\n')
    equal(run('--list', '--sort', 't', cwd=tmp)[1], b't\nt/muntin\nt/muntin/config\nt/skip\n')


def main(names):
    """Run the cases among some names."""
    cases = [(name[5:], case) for name, case in sorted(names.items()) if name.startswith('test_')]
    wanted = sys.argv[1:]
    counts = {'ok': 0, 'FAIL': 0, 'skip': 0}
    os.umask(0o022)
    signal.signal(signal.SIGINT, signal.SIG_DFL)    # a shell starts what is in the background without it
    for name, case in cases:
        if wanted and not any(part in name for part in wanted):
            continue
        scratch = tempfile.mkdtemp(prefix='headless.')
        began = time.monotonic()
        why = ''
        try:
            case(os.fsencode(scratch))
            result = 'ok'
        except Skip as missing:
            result = 'skip'
            why = ' (missing: %s)' % missing
        except Exception:  # pylint: disable=broad-except
            result = 'FAIL'
            traceback.print_exc()
        counts[result] += 1
        print('%s: %s%s, %.1f s' % (result, name, why, time.monotonic() - began), flush=True)
        shutil.rmtree(scratch, ignore_errors=True)
    print('%d passed, %d failed, %d skipped' % (counts['ok'], counts['FAIL'], counts['skip']))
    return 1 if counts['FAIL'] else 0


if __name__ == '__main__':
    sys.exit(main(globals()))
