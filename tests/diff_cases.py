#!/usr/bin/env python3
"""--diff from end to end where chance does not lead: roots of every kind, what is not read, what is refused.

  diff_cases.py [PART]...     only cases whose name has one of the parts

MUNTIN names the program. Prints a line a case; exit 0 if none failed.
"""
import os
import re
import shutil
import subprocess
import sys

from headless import BACKENDS, MUNTIN, Skip, check, equal, main, run

NOBODY = 65534


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
    """The directories that --diff opens below its roots, as strace sees them."""
    if not shutil.which('strace'):
        raise Skip('strace')
    log = os.path.join(tmp, b'trace')
    words = ['strace', '-f', '-qq', '-o', log, '-e', 'trace=openat,openat2', MUNTIN, '--no-config', '--diff', *args]
    done = subprocess.run(words, cwd=tmp, capture_output=True, check=False)
    if done.returncode > 2 or not os.path.exists(log):
        raise Skip('a strace that is allowed to trace')
    with open(log, 'rb') as trace:
        calls = re.findall(rb'openat2?\([^,]+, "([^"]*)"', trace.read())
    return sorted({name for name in calls if not name.startswith(b'/')})


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


def test_a_root_that_cannot_be_read(tmp):
    for root in (b'l', b'r'):
        write(tmp + b'/' + root + b'/d/e/f')
    gone = b'muntin: gone: no such file or directory\n'
    equal(diff('l', 'gone', cwd=tmp), (2, b'', gone))
    equal(diff('gone', 'l', 'r', '--all', cwd=tmp),
          (2, b'.aa ........ d/\n.aa ........ d/e/\n.aa ........ d/e/f\n', gone))
    # Nobody can say that the names of one root are missing in another that is not there.
    equal(opened(tmp, 'l', 'gone'), [b'gone', b'l'])


if __name__ == '__main__':
    sys.exit(main(globals()))
