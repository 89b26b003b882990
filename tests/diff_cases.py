#!/usr/bin/env python3
"""--diff from end to end where chance does not lead: roots of every kind, what is not read, what is refused.

  diff_cases.py [PART]...     only cases whose name has one of the parts

MUNTIN names the program. Prints a line a case; exit 0 if none failed.
"""
import os
import random
import re
import shutil
import subprocess
import sys
import traceback

import diff_reference
import headless
from headless import BACKENDS, MUNTIN, Skip, check, equal, main, run

NOBODY = 65534
INSTRUMENTED = os.environ.get('MUNTIN_INSTRUMENTED') == 'yes'


def write(path, content=b'', mtime=None):
    """A file, and the directories above it."""
    os.makedirs(os.path.dirname(path) or b'.', exist_ok=True)
    with open(path, 'wb') as out:
        out.write(content)
    if mtime is not None:
        os.utime(path, ns=(mtime, mtime))


def diff(*args, cwd, user=None):
    """--diff without its summary: status, rows, what it said besides."""
    status, out, err = run('--diff', *args, cwd=cwd, user=user)
    lines = err.splitlines(keepends=True)
    if lines and b' compared by ' in lines[-1]:
        lines.pop()
    return status, out, b''.join(lines)


def opened(tmp, *args):
    """What --diff opens, as strace sees it: roots by their names, gone ones too, and what is below by its path there."""
    if not shutil.which('strace'):
        raise Skip('strace')
    log = os.path.join(tmp, b'trace')
    words = ['strace', '-f', '-qq', '-y', '-o', log, '-e', 'trace=openat,openat2', MUNTIN, '--no-config', '--diff', *args]
    # a traced program cannot look for leaks
    env = {**os.environ, 'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '') + ':detect_leaks=0'}
    done = subprocess.run(words, cwd=tmp, capture_output=True, check=False, env=env)
    if done.returncode > 2 or not os.path.exists(log):
        raise Skip('a strace that is allowed to trace')
    with open(log, 'rb') as lines:
        trace = lines.read()
    below = os.path.realpath(tmp) + b'/'
    paths = {path[len(below):] for path in re.findall(rb'= \d+<([^>]*)>', trace) if path.startswith(below)}
    roots = set(re.findall(rb'openat2?\([^,]+, "([^"]*)"', trace)) & set(map(os.fsencode, args))
    return sorted(roots | {path.split(b'/', 1)[1] for path in paths if b'/' in path})


def test_lone_directories_are_not_read(tmp):
    for path in (b'l/both/x/f', b'r/both/x/f', b'l/both/only/deep/f', b'r/alone/deep/f'):
        write(tmp + b'/' + path)
    rows = b'aa ........ both/\na- ........ both/only/\naa ........ both/x/\naa ........ both/x/f\n'
    for backend in BACKENDS:
        for jobs in ('1', '5'):
            args = ('--all', '-j', jobs, '-b', backend)
            equal(diff(*args, 'l', 'r', cwd=tmp), (1, b'-a ........ alone/\n' + rows, b''))
            equal(diff(*args, 'l', 'l', cwd=tmp)[0], 0)
    equal(opened(tmp, '--by=type', 'l', 'r'), [b'both', b'both/x', b'l', b'r'])
    # Two of three is enough, and the third may be without it at any height.
    write(tmp + b'/m/alone/deep/f')
    equal(diff('l', 'r', 'm', cwd=tmp),
          (1, b'-aa ........ alone/\naa- ........ both/\na-- ........ both/only/\n', b''))
    equal(opened(tmp, '--by=type', 'l', 'r', 'm'), [b'alone', b'alone/deep', b'both', b'both/x', b'l', b'm', b'r'])


def test_hard_links_are_read_once(tmp):
    """Over all rows: a file with many names against copies, and against one that has as many names."""
    names, size = 20, 3 << 20
    content = bytes(range(256)) * (size // 256)
    for number in range(names):
        path = b'/%d/f%d' % (number % 3, number)
        write(tmp + b'/copies' + path, content if number != 7 else content[:-1] + b'x')
        for root in (b'/one', b'/other'):
            if number == 0:
                write(tmp + root + path, content)
                first = path
            else:
                os.makedirs(os.path.dirname(tmp + root + path), exist_ok=True)
                os.link(tmp + root + first, tmp + root + path)
    for jobs in ('1', '4'):
        for roots, different, reads in ((('one', 'other'), 0, 2), (('one', 'copies'), 1, names + 1),
                                        (('one', 'copies', 'other'), 1, names + 2)):
            status, out, err = run('--diff', '--by=content', '-j', jobs, *roots, cwd=tmp)
            equal((status, len(out.splitlines())), (different, different))
            check(b', %s bytes read' % f'{reads * size:,}'.encode() in err, err.decode())


def test_trouble_below_a_lone_directory_is_none(tmp):
    if os.geteuid() != 0:
        raise Skip('root, to become somebody else')
    for path in (b'l/only/secret/f', b'l/both/f', b'r/both/f', b'r/f/x'):
        write(tmp + b'/' + path)
    write(tmp + b'/l/f')
    os.chmod(tmp, 0o755)
    os.chmod(tmp + b'/l/only/secret', 0)
    os.chmod(tmp + b'/r/f', 0)
    for backend in BACKENDS:
        equal(diff('-b', backend, 'l', 'r', cwd=tmp, user=NOBODY), (1, b'ab t......p f/\na- ........ only/\n', b''))
    os.chmod(tmp + b'/l/only', 0)
    equal(diff('l', 'r', cwd=tmp, user=NOBODY), (1, b'ab t......p f/\na- ........ only/\n', b''))
    # Two have it, and one of them cannot be read: of what is below nothing is known, and nothing more is read.
    write(tmp + b'/l/both/in/f')
    os.chmod(tmp + b'/r/both', 0)
    equal(diff('l', 'r', cwd=tmp, user=NOBODY)[:2], (2, b'a! .......p both/\nab t......p f/\na- ........ only/\n'))


FAILING = (('getdents64', 'EIO', range(1, 9)), ('statx', 'EIO', range(1, 22, 4)), ('statx', 'EACCES', range(2, 22, 4)),
           ('openat', 'EACCES', range(1, 40, 6)), ('openat', 'EMFILE', range(2, 40, 6)), ('openat2', 'EIO', range(1, 7)),
           ('read', 'EIO', range(1, 14, 2)), ('read', 'EINTR', range(2, 14, 2)), ('lseek', 'EIO', range(1, 4)),
           ('readlinkat', 'EIO', range(1, 3)))


def test_errors_are_told(tmp):
    """Two equal trees and a call that fails: nothing is missing, nothing differs, and what was not seen to be the same is told."""
    if not shutil.which('strace'):
        raise Skip('strace')
    for root in (b'l', b'r'):
        for name in (b'a/b/c', b'a/f', b'x/y', b'z'):
            write(tmp + b'/' + root + b'/' + name, b'content of ' + name, 10 ** 9)
        os.truncate(tmp + b'/' + root + b'/z', 1 << 20)
        os.symlink('z', tmp + b'/' + root + b'/link')
    words = [MUNTIN, '--no-config', '--diff', '--all', '-0', '-j1', '--by=content', 'l', 'r']
    rows = subprocess.run(words, cwd=tmp, capture_output=True, check=True).stdout.split(b'\0')[:-1]
    env = {**os.environ, 'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '') + ':detect_leaks=0'}
    done = subprocess.run(['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=statx', *words], cwd=tmp, env=env, capture_output=True,
                          check=False)
    if done.returncode != 0:
        raise Skip('a strace that is allowed to trace')
    for call, error, numbers in FAILING:
        # the start of a sanitizer opens and reads, too, and ends the program where that fails
        for number in numbers if call in ('getdents64', 'statx', 'openat2') or not INSTRUMENTED else ():
            inject = ['-e', 'trace=' + call, '-e', 'inject=%s:error=%s:when=%d' % (call, error, number)]
            done = subprocess.run(['strace', '-f', '-qq', '-o', '/dev/null', *inject, *words], cwd=tmp, env=env, capture_output=True,
                                  timeout=120, check=False)
            if done.returncode not in (0, 1, 2):
                check(b'shared libraries' in done.stderr, done.stderr)
                continue
            found = done.stdout.split(b'\0')[:-1]
            classes = b''.join(row.split(b' ')[0] for row in found)
            check(not set(classes) & set(b'-b'), call, error, number, found)
            check(found == rows if done.returncode == 0 else done.returncode == 2 and done.stderr, call, error, number, done)


def test_a_root_that_cannot_be_read(tmp):
    for root in (b'l', b'r'):
        write(tmp + b'/' + root + b'/d/e/f')
    gone = b'muntin: gone: no such file or directory\n'
    equal(diff('l', 'gone', cwd=tmp), (2, b'', gone))
    equal(diff('gone', 'l', 'r', '--all', cwd=tmp),
          (2, b'.aa ........ d/\n.aa ........ d/e/\n.aa ........ d/e/f\n', gone))
    # Nobody can say that the names of one root are missing in another that is not there.
    equal(opened(tmp, 'l', 'gone'), [b'gone', b'l'])


def screen(*args, cwd):
    """The comparison on the screen."""
    write(cwd + b'/script', b'key =\nwait-idle\ndump-screen shown\n')
    equal(run('--headless=100x20', '--script=script', *args, cwd=cwd), (0, b'', b''))
    with open(cwd + b'/shown', encoding='utf-8') as file:
        return file.read()


def summary(*args, cwd):
    """The last line on standard error."""
    return run('--diff', *args, cwd=cwd)[2].splitlines()[-1]


def test_the_summary_counts_and_names_filters(tmp):
    for root, content in ((b'l', b'xyz'), (b'r', b'xyw')):
        write(tmp + b'/' + root + b'/same', b'12345', 10 ** 9)
        write(tmp + b'/' + root + b'/other', content, 10 ** 9)
        write(tmp + b'/' + root + b'/skip/x.o', b'', 10 ** 9)
        write(tmp + b'/' + root + b'/y.o', b'', 10 ** 9)
    write(tmp + b'/l/only')
    equal(summary('--by=content', 'l', 'r', cwd=tmp),
          b'muntin: 6 compared by content: 4 same, 1 different, 1 missing, 0 unreadable, 0 unknown, 16 bytes read')
    equal(summary('--by=size', '--exclude=*.o', '--exclude=skip/', 'l', 'r', cwd=tmp),
          b'muntin: 3 compared by size: 2 same, 0 different, 1 missing, 0 unreadable, 0 unknown, 0 bytes read;'
          b' 2 patterns left out 4 entries')
    equal(summary('--exclude=only', '--time-tolerance=1.5', '--time-shift=1', '--max-depth=9', '-x', 'l', 'r', cwd=tmp),
          b'muntin: 5 compared by auto: 5 same, 0 different, 0 missing, 0 unreadable, 0 unknown, 0 bytes read;'
          b' 1 pattern left out 1 entry; 9 levels deep; on one file system; times within 1.5 s are equal;'
          b' 1 to 1 whole hours are no difference')
    # A pattern that leaves nothing out is told, too; a name with a slash at its end is a directory's only.
    check(summary('--by=type', '--exclude=same/', 'l', 'l', cwd=tmp).endswith(b' bytes read; 1 pattern left out 0 entries'))


def test_whole_hours(tmp):
    hour = 3600 * 10 ** 9
    for name, apart in ((b'equal', 0), (b'hour', hour), (b'back', -hour), (b'near', hour + 10 ** 9), (b'less', hour - 10 ** 9),
                        (b'two', 2 * hour), (b'half', hour // 2)):
        write(tmp + b'/l/' + name, b'x', 10 ** 18)
        write(tmp + b'/r/' + name, b'x', 10 ** 18 + apart)

    def differ(*args):
        status, out, err = diff('--by=mtime', *args, 'l', 'r', cwd=tmp)
        equal((status, err), (1, b''))
        return [line.split()[-1] for line in out.splitlines()]
    equal(differ(), [b'back', b'half', b'hour', b'less', b'near', b'two'])
    equal(differ('--time-shift=1'), [b'half', b'less', b'near', b'two'])
    equal(differ('--time-shift=2'), [b'half', b'less', b'near'])
    equal(differ('--time-shift=1', '--time-tolerance=1'), [b'half', b'two'])
    equal(diff('--time-shift=27', 'l', 'r', cwd=tmp)[0], 2)
    for args, words in ((('--time-shift=2',), '3 different, 4 same by mtime'), ((), '6 different, 1 same by mtime')):
        shown = screen('--by=mtime', *args, 'l', 'r', cwd=tmp)
        check(words in shown and ('up to 2 h apart is equal' in shown) == bool(args), shown)


def test_names_that_fold(tmp):
    for path, content in ((b'l/Docs/Read.me', b'x'), (b'r/docs/READ.ME', b'x'), (b'l/caf\xc3\xa9', b'yy'), (b'r/cafe\xcc\x81', b'yz'),
                          (b'l/\xff\xc3', b''), (b'r/\xff\xc3', b''), (b'l/STRASSE', b''), (b'r/stra\xc3\x9fe', b'')):
        write(tmp + b'/' + path, content)

    def rows(*args):
        status, out, err = diff('-0', '--all', '--by=content', *args, 'l', 'r', cwd=tmp)
        equal((status, err), (1, b''))
        return out.split(b'\0')[:-1]
    equal(rows('--fold=case,unicode'), [b'aa ........ Docs/', b'aa ........ Docs/Read.me', b'aa ........ STRASSE',
                                        b'ab ...c.... caf\xc3\xa9', b'aa ........ \xff\xc3'])
    equal([len(rows(*args)) for args in (('--fold=case',), ('--fold=unicode',), ())], [6, 6, 7])
    # Two names of one root are two rows, and what only folds to them is a third: nothing is taken for the same unseen.
    write(tmp + b'/r/DOCS/READ.ME', b'x')
    write(tmp + b'/r/docs/read.me', b'x')
    equal(rows('--fold=case,unicode')[:3], [b'-a ........ DOCS/', b'a- ........ Docs/', b'aa ........ STRASSE'])
    check(b'-a ........ docs/' in rows('--fold=case,unicode'))
    write(tmp + b'/l/docs/Read.me', b'x')
    equal([row for row in rows('--fold=case,unicode') if b' docs/' in row],
          [b'aa ........ docs/', b'-a ........ docs/READ.ME', b'a- ........ docs/Read.me', b'-a ........ docs/read.me'])


def test_roots_of_every_kind(tmp):
    for root in (b'l', b'r'):
        write(tmp + b'/' + root + b'/d/f', b'x', 10 ** 9)
    write(tmp + b'/file')
    same = (0, b'', b'')
    status, recording, err = run('--dump', 'l', cwd=tmp)
    equal((status, err), (0, b''))
    write(tmp + b'/rec', recording)
    for backend in BACKENDS:
        equal(diff('-b', backend, 'l', 'r', cwd=tmp), same)
        equal(diff('-b', backend, 'l', 'l', 'l', cwd=tmp), same)
        equal(diff('-b', backend, 'l///', './r/', cwd=tmp), same)
        equal(diff('-b', backend, 'l', 'rec', cwd=tmp), same)
        equal(diff('-b', backend, 'rec', 'rec', cwd=tmp), same)
        equal(diff('-b', backend, 'l', 'l/d', cwd=tmp), (1, b'a- ........ d/\n-a ........ f\n', b''))
        equal(diff('-b', backend, 'l', 'file', cwd=tmp), (2, b'', b'muntin: file: neither a directory nor a recording\n'))
    # Nothing can be read of a recording: that is not known, and never the same.
    equal(diff('--by=content', 'l', 'rec', cwd=tmp), (2, b'a. ........ d/f\n', b''))
    # The tree of today against the recording of yesterday.
    write(tmp + b'/l/d/new')
    write(tmp + b'/l/d/f', b'xx')
    equal(diff('rec', 'l', cwd=tmp), (1, b'ab ..s..... d/f\n-a ........ d/new\n', b''))
    # Below the root of all there is more than below a directory; it is not read.
    check(diff('--by=type', '/', 'l', cwd=tmp)[0] == 1)


def test_what_was_left_out_of_a_recording(tmp):
    """What nobody looked for is missing nowhere, and what was not entered is not the same."""
    for root in (b'l', b'r'):
        for name in (b'd/e/f', b'd/x.o', b'x.o', b'keep'):
            write(tmp + b'/' + root + b'/' + name, b'x', 10 ** 9)
    for name, *args in ((b'all',), (b'some', '--exclude=*.o', '--exclude=e/'), (b'flat', '--max-depth=1')):
        status, recording, err = run('--dump', *args, 'r', cwd=tmp)
        equal((status, err), (0, b''))
        write(tmp + b'/' + name, recording)
    same = (0, b'', b'')
    for backend in BACKENDS:
        def of(*args, backend=backend):
            return diff('-b', backend, *args, cwd=tmp)
        # patterns of ours hold for a recording of everything, those of a recording for all
        equal(of('--exclude=*.o', 'all', 'l'), same)
        equal(of('--exclude=x.o', '--exclude=/d/', 'l', 'all'), same)
        equal(of('--exclude=d/x.o', '--format=rsync', 'all', 'l'), same)
        equal(of('some', 'l'), same)
        equal(of('l', 'some', 'r', 'all'), same)
        equal(of('--exclude=keep', 'all', 'some'), same)
        equal(of('--fold=case', 'some', 'l'), same)
        said = b'muntin: flat/d: the recording has nothing of what is in it\n'
        equal(of('flat', 'l'), (2, b'aa ........ d/\n', said))
        equal(of('flat', 'l', 'r'), (2, b'aaa ........ d/\n.aa ........ d/e/\n.aa ........ d/e/f\n.aa ........ d/x.o\n', said))
        equal(of('flat', 'flat'), same)
        equal(of('--max-depth=1', 'flat', 'l'), same)
        # and so it is on the screen
        for args, left_out in ((('some', 'l'), '2 patterns excluded'), (('--exclude=*.o', 'l', 'all'), '1 pattern excluded'),
                               (('flat', 'l'), None)):
            shown = screen('-b', backend, *args, cwd=tmp)
            check('missing' not in shown and 'different' not in shown, shown)
            check((left_out or '1 unknown, 2 same') in shown and ('.o ' in shown) == (left_out is None), shown)
    os.unlink(tmp + b'/l/d/e/f')
    os.unlink(tmp + b'/l/keep')
    os.rename(tmp + b'/l/x.o', tmp + b'/l/y.o')
    equal(diff('some', 'l', cwd=tmp), (1, b'a- ........ keep\n', b''))
    check(summary('some', 'l', cwd=tmp).endswith(b'; 2 patterns left out 6 entries'), summary('some', 'l', cwd=tmp))
    write(tmp + b'/bad', recording.replace(b'\n', b'\n\x05\0\0\0\x82\x01\x02\x00/', 1))
    equal(diff('bad', 'l', cwd=tmp)[0], 2)


def test_what_is_refused(tmp):
    write(tmp + b'/l/f')
    for args in ((), ('l',), ('l',) * 27, ('--by=colour', 'l', 'l'), ('--format=rsync', 'l', 'l', 'l'), ('--time-shift=x', 'l', 'l')):
        status, out, err = diff(*args, cwd=tmp)
        equal((status, out, err.count(b'\n')), (2, b'', 1), args)
    equal(diff(*('l',) * 26, cwd=tmp)[0], 0)
    equal(diff('--all', '--null', 'l', 'l', cwd=tmp)[1], b'aa ........ f\0')


def test_a_reader_that_goes_away(tmp):
    for root in (b'l', b'r'):
        os.makedirs(tmp + b'/' + root)
    for i in range(3000):
        write(tmp + b'/l/a-long-name-for-a-file-%d' % i)
    read, out = os.pipe()
    child = subprocess.Popen([MUNTIN, '--no-config', '--diff', 'l', 'r'], cwd=tmp, stdout=out, stderr=subprocess.PIPE)
    os.close(out)
    os.close(read)
    check(child.communicate(timeout=60)[1] == b'' and child.returncode in (-13, 141), child.returncode)


def test_a_file_becomes_a_fifo(tmp):
    """The comparison opens nothing that would wait: a FIFO in the place of a file."""
    for root in (b'l', b'r'):
        write(tmp + b'/' + root + b'/f', b'x')
        os.mkfifo(tmp + b'/' + root + b'/p')
    equal(diff('--by=content', 'l', 'r', cwd=tmp), (0, b'', b''))
    check(b'p' not in opened(tmp, '--by=content', 'l', 'r'))


# ---- agreement with others -----------------------------------------------------------------------


class Plain(diff_reference.Maker):
    """Trees that other programs can name and compare: no odd names, no FIFOs, all readable, the owners alike."""

    def node(self, depth):
        made = super().node(depth)
        made['uid'] = made['gid'] = os.getuid()
        if made['kind'] in ('fifo', 'sock'):
            return self.node(depth)
        if made['kind'] == 'dir':
            made['mode'] = self.random.choice([0o755, 0o750])
        if made.get('target') == b'\xff':
            made['target'] = b'c'
        return made


def plain_trees(tmp, seed):
    """Two of them, `0` and `1`, in a directory of their own; its name."""
    place = tmp + b'/%d' % seed
    names, diff_reference.NAMES = diff_reference.NAMES, [b'a', b'b', b'a.b', b'a-b', b'ab', b'Z', b'c1', b'c2']
    os.mkdir(place)
    before = os.getcwd()
    os.chdir(place)
    try:
        Plain(seed).trees(2)
        # what an ordinary user cannot read, the others report in ways of their own
        for base, dirs, files in os.walk(b'.'):
            for path in [os.path.join(base, name) for name in dirs + files]:
                if not os.path.islink(path):
                    os.chmod(path, os.stat(path).st_mode | 0o700)
    finally:
        os.chdir(before)
        diff_reference.NAMES = names
    return place


def diff_paths(place, left, right):
    """The paths at which diff(1) finds a difference."""
    env = dict(os.environ, LC_ALL='C')
    done = subprocess.run(['diff', '-rq', '--no-dereference', left, right], cwd=place, env=env, capture_output=True, check=False)
    found = set()
    for line in done.stdout.decode().splitlines():
        only = re.fullmatch(r'Only in ([^:]*): (.*)', line)
        both = re.fullmatch(r'(?:Files|File|Symbolic links) (\S+) (?:and|is a) .*', line)
        check(only or both, line)
        found.add((only.group(1) + '/' + only.group(2) if only else both.group(1)).split('/', left.strip('/').count('/') + 1)[-1])
    return done.returncode, found


def our_paths(place, left, right):
    status, out, _ = diff('--by=content', left, right, cwd=place)
    return status, {line.split(b' ', 2)[2].decode().rstrip('/') for line in out.splitlines()}


def test_agrees_with_diff(tmp):
    if not shutil.which('diff'):
        raise Skip('diff')
    for seed in range(60):
        place = plain_trees(tmp, seed)
        equal(our_paths(place, '0', '1'), diff_paths(place, '0', '1'), seed)


def rsync_lines(place, *args):
    env = dict(os.environ, LC_ALL='C')
    done = subprocess.run(['rsync', '-ani', '--delete', *args, '0/', '1/'], cwd=place, env=env, capture_output=True, check=True)
    return sorted(done.stdout.splitlines())


def test_agrees_with_rsync(tmp):
    if not shutil.which('rsync'):
        raise Skip('rsync')
    for seed in range(60):
        place = plain_trees(tmp, seed)
        for ours, theirs in ((), ()), (('--by=content',), ('--checksum',)):
            out = diff('--format=rsync', *ours, '0', '1', cwd=place)[1]
            equal(sorted(out.splitlines()), rsync_lines(place, *theirs), seed)


# ---- a tree that every system has ----------------------------------------------------------------


def put_back(path, change):
    """Change what a file holds, and give it its time again."""
    times = os.stat(path)
    with open(path, 'r+b') as file:
        change(file)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def flip(file):
    first = file.read(1)
    file.seek(0)
    file.write(bytes([first[0] ^ 1]) if first else b'!')


def relink(path):
    os.unlink(path)
    os.symlink(b'elsewhere', path)


def redirect(path):
    os.unlink(path)
    os.mkdir(path)
    write(path + b'/in')


def leave_a_hole(path):
    write(path + b'.hole')
    os.truncate(path + b'.hole', 1 << 32)


CHANGES = {
    'file': (os.unlink, relink, redirect, leave_a_hole, flip, lambda path: os.truncate(path, 1 << 20), lambda path: os.chmod(path, 0o4711),
             lambda path: os.utime(path, (5, 5)), lambda path: os.link(path, path + b'.twin'), lambda path: put_back(path, flip)),
    'dir': (shutil.rmtree, lambda path: os.chmod(path, 0o2750), lambda path: os.mkdir(path + b'/empty'), lambda path: write(path + b'/new\nline')),
    'link': (os.unlink, relink, lambda path: os.rename(path, path + b'\xff')),
}


def shake(tree, seed, count):
    """Change a tree here and there."""
    chance = random.Random(seed)
    paths = sorted(os.path.join(base, name) for base, dirs, files in os.walk(tree) for name in dirs + files)
    for path in chance.sample(paths, min(count, len(paths))):
        if not os.path.lexists(path):
            continue
        kind = 'link' if os.path.islink(path) else 'dir' if os.path.isdir(path) else 'file'
        change = chance.choice(CHANGES[kind])
        if change is flip:
            with open(path, 'r+b') as file:
                flip(file)
        else:
            change(path)


def copy_of(tree, place):
    """A copy, with what can be read of it; all of it can be changed."""
    def ignore(base, names):
        def taken(path):
            return os.path.islink(path) or os.path.isfile(path) and os.access(path, os.R_OK) or \
                os.path.isdir(path) and os.access(path, os.R_OK | os.X_OK)
        return [name for name in names if not taken(os.path.join(base, name))]
    shutil.copytree(tree, place, symlinks=True, ignore=ignore, ignore_dangling_symlinks=True)
    for base, dirs, files in os.walk(place):
        for name in dirs + files:
            if not os.path.islink(os.path.join(base, name)):
                os.chmod(os.path.join(base, name), os.stat(os.path.join(base, name)).st_mode | 0o600 | (0o100 if name in dirs else 0))


def as_the_rules_say(place, roots, by):
    rows = list(diff_reference.Rules(by.split(','), 0).below(b'', [diff_reference.Entry(os.path.join(place, root)) for root in roots]))
    states = {row[4] for row in rows}
    expected = b''.join(b'%s %s %s\0' % (letters.encode(), flags.encode(), path) for path, _, letters, flags, _ in rows)
    got = run('--diff', '-0', '--all', '--by=' + by, *roots, cwd=place)
    if got[1] != expected:
        check(False, by, roots, sorted(set(got[1].split(b'\0')) ^ set(expected.split(b'\0'))))
    equal(got[0], 2 if states & {'error', 'unknown'} else 1 if 'different' in states else 0)


def agrees_with_both(place):
    """Of two trees without anything that is not read, diff(1) and rsync say the same."""
    env = dict(os.environ, LC_ALL='C')
    said = subprocess.run(['diff', '-rq', '--no-dereference', 'one', 'two'], cwd=place, env=env, capture_output=True, check=False)
    status, out, err = diff('-0', '--by=content', 'one', 'two', cwd=place)
    equal((status, err), (said.returncode, b''))
    left = said.stdout
    for row in out.split(b'\0')[:-1]:
        classes, _, path = row.split(b' ', 2)
        base, name = os.path.split(path.rstrip(b'/'))
        if b'-' in classes:
            line = b'Only in %s: %s\n' % (os.path.join(b'one' if classes == b'a-' else b'two', base).rstrip(b'/'), name)
        else:
            line = next((line for line in left.splitlines(True) if b' one/' + path.rstrip(b'/') + b' ' in line), b'nothing of ' + path)
        check(line in left, line)
        left = left.replace(line, b'', 1)
    equal(left, b'')
    if shutil.which('rsync'):
        wanted = subprocess.run(['rsync', '-ani8', '--delete', 'one/', 'two/'], cwd=place, env=env, capture_output=True, check=True)
        got = diff('-0', '--format=rsync', 'one', 'two', cwd=place)[1].split(b'\0')[:-1]
        equal(sorted(line.replace(b'\n', b'\\#012') for line in got), sorted(wanted.stdout.splitlines()))


def test_a_real_tree(tmp):
    """All of /etc with two copies that were changed here and there, as an ordinary user, who cannot read all of it."""
    if not os.path.isdir('/etc') or not shutil.which('diff'):
        raise Skip('/etc' if shutil.which('diff') else 'diff')
    os.chmod(tmp, 0o777)
    headless.MUNTIN = headless.public_program()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            for name, count in ((b'one', 40), (b'two', 150)):
                copy_of(b'/etc', tmp + b'/' + name)
                shake(tmp + b'/' + name, count, count)
            as_the_rules_say(tmp, [b'/etc', b'two'], 'content,size,mtime,mode,owner,group')
            as_the_rules_say(tmp, [b'two', b'/etc', b'one'], 'auto,mode')
            agrees_with_both(tmp)
            status = 0
        except BaseException:               # pylint: disable=broad-except
            traceback.print_exc(file=sys.stdout)
        finally:
            sys.stdout.flush()
            os._exit(status)
    equal(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)


if __name__ == '__main__':
    sys.exit(main(globals()))
