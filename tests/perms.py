#!/usr/bin/env python3
"""Permissions against the system's own answers: `why` against access(2) as that user, ACLs against setfacl and getfacl, chmod
against chmod, and the reasons for what is refused.

  perms.py [PART]...     only cases whose name has one of the parts

MUNTIN names the program. Prints a line a case; exit 0 if none failed.
"""
import ctypes
import os
import pwd
import random
import re
import shutil
import subprocess
import sys

from headless import BACKENDS, Skip, batch, check, equal, main, mode, run

USERS = ('root', 'nobody', 'games', 'backup', '4711')
SPECS = ('u:nobody:rwx', 'u:games:r', 'u:4711:-', 'g:games:rx', 'g:backup:w', 'g:nogroup:rwx', 'm::rwx', 'm::r', 'm::-')


def features():
    return run('--version')[1]


def need_root():
    if os.geteuid() != 0:
        raise Skip('root')


def need_acls(tmp):
    """Programs, a filesystem and a build that know ACLs."""
    for program in ('setfacl', 'getfacl'):
        if not shutil.which(program):
            raise Skip(program)
    if b' acl' not in features():
        raise Skip('a build with ACLs')
    probe = os.path.join(tmp, b'probe')
    open(probe, 'wb').close()
    if subprocess.run(['setfacl', '-m', 'u:1:r', probe], check=False, stderr=subprocess.DEVNULL).returncode != 0:
        raise Skip('a filesystem with ACLs')
    os.unlink(probe)


def setfacl(path, *specs):
    for spec in specs:
        subprocess.run(['setfacl', '-m', spec, path], check=True)


def getfacl(path):
    return subprocess.run(['getfacl', '-cpnE', path], check=True, stdout=subprocess.PIPE).stdout


def screens(tmp, script, *args, size='110x40'):
    """Run a script in which `dump N` dumps a screen; returns the dumps."""
    where = os.path.join(tmp, b'screens')
    os.makedirs(where, exist_ok=True)
    lines = re.sub(r'^dump (\w+)$', lambda m: 'dump-screen ' + os.fsdecode(where) + '/' + m.group(1), script, flags=re.M)
    path = os.path.join(tmp, b'script')
    with open(path, 'w', encoding='utf-8') as out:
        out.write(lines)
    status, _, err = run('--headless=' + size, '--script=' + os.fsdecode(path), *args)
    equal((status, err), (0, b''))
    found = {}
    for name in os.listdir(where):
        with open(os.path.join(where, name), encoding='utf-8') as dump:
            found[os.fsdecode(name)] = dump.read()
    shutil.rmtree(where)
    return found


def truth(user, paths):
    """What the kernel says: for each path read, write, execute, asked by a process that has become the user."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            uid = int(user) if user.isdigit() else pwd.getpwnam(user).pw_uid
            gid = 999999 if user.isdigit() else pwd.getpwnam(user).pw_gid
            os.setgroups([] if user.isdigit() else os.getgrouplist(user, gid))
            os.setresgid(gid, gid, gid)
            os.setresuid(uid, uid, uid)
            said = ''.join('1' if os.access(path, right) else '0' for path in paths for right in (os.R_OK, os.W_OK, os.X_OK))
            os.write(writing, said.encode())
        finally:
            os._exit(0)
    os.close(writing)
    said = b''
    while True:
        more = os.read(reading, 65536)
        if not more:
            break
        said += more
    os.close(reading)
    os.waitpid(child, 0)
    equal(len(said), 3 * len(paths), user)
    return [tuple(byte == ord('1') for byte in said[at:at + 3]) for at in range(0, len(said), 3)]


def scramble(dice, path, acls):
    """Some owner, some mode, perhaps an ACL."""
    os.chown(path, dice.choice((0, 5, 34, 4711, 65534)), dice.choice((0, 34, 60, 65534)))
    bits = dice.choice((0o755, 0o750, 0o700, 0o711, 0o644, 0o640, 0o604, 0o075, dice.randrange(0o1000)))
    os.chmod(path, bits)
    if acls and dice.random() < 0.6:
        setfacl(path, *dice.sample(SPECS, dice.randrange(1, 4)))


def verdict(screen):
    """The last line of the dialog."""
    found = re.findall(r'│ read (yes|no)  write (yes|no)  execute (yes|no)  \(\w[^)]*\) *│', screen)
    check(found, screen)
    return tuple(word == 'yes' for word in found[-1])


def why_is_true(tmp, acls, seed):
    """Trees by chance: what `why` says is what access(2) says, for every user and file."""
    dice = random.Random(seed)
    os.chmod(tmp, 0o755)
    for number in range(6):
        top = os.path.join(tmp, b'tree%d' % number)
        low = os.path.join(top, b'a', b'b')
        os.makedirs(low)
        names = [os.path.join(low, b'f%d' % at) for at in range(4)] + [os.path.join(low, b'sub')]
        for name in names[:4]:
            open(name, 'wb').close()
        os.mkdir(names[4])
        os.symlink(b'../b/f1', os.path.join(low, b'zlink'))
        names.append(os.path.join(low, b'zlink'))
        for path in names[:5] + [low, os.path.dirname(low), top]:
            scramble(dice, path, acls)
        # directories first, then by name: sub, f0 ... f3, zlink
        order = [names[4]] + names[:4] + [names[5]]
        user = dice.choice(USERS[1:]) if number % 3 else USERS[number % len(USERS)]
        for user in (user, dice.choice(USERS)):
            want = truth(user, order)
            script = 'wait-idle\n'
            for at in range(len(order)):
                script += 'top %d\nwhy %s\nwait-idle\ndump s%d\nkey Esc\n' % (at + 1, user, at)
            dumps = screens(tmp, script, '-b', BACKENDS[number % 2], low)
            for at, path in enumerate(order):
                equal(verdict(dumps['s%d' % at]), want[at], (user, path, dumps['s%d' % at]))


def test_why_agrees_with_the_kernel(tmp):
    need_root()
    why_is_true(tmp, False, 1)


def test_why_agrees_with_the_kernel_with_acls(tmp):
    need_root()
    need_acls(tmp)
    why_is_true(tmp, True, 2)


def test_why_says_what_blocks(tmp):
    need_root()
    os.chmod(tmp, 0o755)
    low = os.path.join(tmp, b'open', b'closed', b'low')
    os.makedirs(low)
    open(os.path.join(low, b'file'), 'wb').close()
    os.chmod(os.path.join(tmp, b'open', b'closed'), 0o740)
    shown = screens(tmp, 'wait-idle\nwhy nobody\nwait-idle\ndump a\nkey w\ntype nosuchuser\nkey Enter\nwait-idle\ndump b\n', low)
    blocking = [line for line in shown['a'].splitlines() if 'blocks' in line]
    equal(len(blocking), 1, shown['a'])
    check(re.search(r'drwxr-----  root:root  other +---  closed/  blocks: other may not search it', blocking[0]), blocking)
    equal(verdict(shown['a']), (False, False, False))
    check('user nobody (65534)' in shown['a'] and 'there is no such user' in shown['b'], shown['b'])
    check(any(re.search(r'root:root  other +r-x  / ', line) for line in shown['a'].splitlines()), shown['a'])


def test_acl_shows(tmp):
    """`+` on the row, in the status line, in `i`; the default ACL in `i`."""
    need_acls(tmp)
    os.makedirs(os.path.join(tmp, b't', b'dir'))
    for name in (b'plain', b'with'):
        open(os.path.join(tmp, b't', name), 'wb').close()
    setfacl(os.path.join(tmp, b't', b'with'), 'u:1234:rw', 'm::r')
    setfacl(os.path.join(tmp, b't', b'dir'), 'd:u:4321:rwx')
    for backend in BACKENDS:
        shown = screens(tmp, 'wait-idle\nsearch with\nwait-idle\ndump a\ninfo\nwait-idle\ndump b\nkey Esc\ntop\ninfo\nwait-idle\n'
                        'dump c\n', '-b', backend, os.path.join(tmp, b't'))
        rows = [line for line in shown['a'].splitlines() if re.search('r--r--|r-xr-x', line)]
        check([row for row in rows if 'with' in row and 'rw-r--r--+' in row], shown['a'])
        check(not [row for row in rows if 'plain' in row and '+' in row], shown['a'])
        check('-rw-r--r--+ 0644' in shown['a'].splitlines()[-2], shown['a'])
        check('-rw-r--r--+ 0644' in shown['b'] and 'user:1234:rw-  masked: r--' in shown['b'] and 'mask::r--' in shown['b'], shown['b'])
        check('default ACL  user::rwx' in shown['c'] and 'user:4321:rwx' in shown['c'] and 'other::r-x' in shown['c'], shown['c'])


def test_chmod_with_acls_is_chmods(tmp):
    """chmod on what has an ACL: the same ACL as chmod(1) leaves."""
    need_acls(tmp)
    dice = random.Random(3)
    os.mkdir(os.path.join(tmp, b't'))
    for number in range(40):
        paths = [os.path.join(tmp, b't', b'%s%d' % (who, number)) for who in (b'ours', b'theirs')]
        bits = dice.randrange(0o1000)
        specs = dice.sample(('u:1234:rwx', 'u:77:r', 'g:88:rx', 'g:99:w', 'm::rx', 'm::-'), 3)
        text = dice.choice(('0640', '0670', '700', 'g-w', 'g+w,o=', 'a-rwx', 'u=g', 'g=u', '+x', 'a+X', 'g=o,u+s'))
        for path in paths:
            open(path, 'wb').close()
            os.chmod(path, bits)
            setfacl(path, *specs)
        status, lines, err = batch(b'chmod %s %s' % (text.encode(), paths[0]), '-b', BACKENDS[number % 2], os.path.join(tmp, b't'))
        equal((status, err), (0, b''), lines)
        subprocess.run(['chmod', '--', text, paths[1]], check=True)
        equal(getfacl(paths[0]), getfacl(paths[1]), (specs, oct(bits), text))
        equal(mode(paths[0]), mode(paths[1]))


def set_flag(path, flag):
    """chattr."""
    done = subprocess.run(['chattr', flag, path], check=False, stderr=subprocess.DEVNULL)
    if done.returncode != 0:
        raise Skip('chattr ' + flag + ' on this filesystem')


def test_refusals_are_explained(tmp):
    """+i, +a, not the owner; the rest of the tree is done."""
    need_root()
    if not shutil.which('chattr'):
        raise Skip('chattr')
    if b'posix-only' in features():
        raise Skip('a build that can ask for the flags of chattr')
    top = os.path.join(tmp, b't')
    os.mkdir(top)
    for name in (b'fixed', b'log', b'z'):
        open(os.path.join(top, name), 'wb').close()
    for backend in BACKENDS:
        try:
            set_flag(os.path.join(top, b'fixed'), '+i')
            set_flag(os.path.join(top, b'log'), '+a')
            status, lines, _ = batch('chmod -R 0600 t\nchmod 0755 t\nrename t/log t/new\n', '-b', backend, 't', cwd=tmp)
        finally:
            for name in (b'fixed', b'log'):
                subprocess.run(['chattr', '-ia', os.path.join(top, name)], check=False)
        equal(status, 1)
        said = {(line[1], line[2]): (line[0], line[3]) for line in lines}
        equal(said[b'chmod', b't/fixed'], (b'failed', b'immutable (chattr +i)'), lines)
        equal(said[b'chmod', b't/z'][0], b'ok', lines)
        equal(said[b'rename', b't/log'], (b'failed', b'append-only (chattr +a)'), lines)
        equal(mode(os.path.join(top, b'z')), 0o600)
        os.chmod(os.path.join(top, b'z'), 0o644)
    os.chmod(tmp, 0o755)
    _, lines, _ = batch('chmod 0600 t/z', 't', cwd=tmp, user=65534)
    equal(lines, [(b'failed', b'chmod', b't/z', b'not the owner')])


def test_root_is_asked(tmp):
    """Where others may write, and nowhere else; the mark says who we are."""
    for name in (b't/open', b't/safe'):
        os.makedirs(os.path.join(tmp, name))
        with open(os.path.join(tmp, name, b'f'), 'wb'):
            pass
    os.chmod(os.path.join(tmp, b't/open'), 0o777)
    root = os.geteuid() == 0
    where = os.path.join(tmp, b't')
    shown = screens(tmp, 'wait-idle\nkey l\nwait-idle\nrename g\nwait-idle\ndump a\nkey n\nwait-idle\ndump b\n', where)
    question = 'You are root, and this is where others may write.'
    equal(question in shown['a'], root, shown['a'])
    equal(os.path.exists(os.path.join(where, b'open', b'f')), root, shown['b'])
    equal(shown['a'].splitlines()[-1].endswith(' root'), root)
    if root:
        screens(tmp, 'wait-idle\nkey l\nwait-idle\nrename g\nwait-idle\nkey y\nwait-idle\n', where)
        check(os.path.exists(os.path.join(where, b'open', b'g')))
        # deleting asks twice; the editor, too, asks once more
        shown = screens(tmp, 'wait-idle\nkey l\nwait-idle\nkey X\nwait-idle\nkey y\nwait-idle\ndump a\nkey Enter\nwait-idle\nkey p Space Enter\n'
                        'wait-idle\ndump b\nkey n Esc\nwait-idle\n', where)
        check('As root, here: really?' in shown['a'] and os.path.exists(os.path.join(where, b'open', b'g')), shown['a'])
        check('Change it? (y/N)' in shown['b'] and mode(os.path.join(where, b'open', b'g')) == 0o644, shown['b'])
    shown = screens(tmp, 'wait-idle\nkey j l\nwait-idle\nrename g\nwait-idle\ndump a\n', where)
    check(question not in shown['a'] and os.path.exists(os.path.join(where, b'safe', b'g')), shown['a'])


def in_a_namespace():
    """Run a copy of this case where mounts are our own."""
    if ctypes.CDLL(None, use_errno=True).unshare(0x00020000) != 0:
        raise Skip('mount namespaces')
    if subprocess.run(['mount', '--make-rprivate', '/'], check=False, stderr=subprocess.DEVNULL).returncode != 0:
        raise Skip('mounts')


def test_read_only_mounts_are_told(tmp):
    need_root()
    top = os.path.join(tmp, b't')
    os.mkdir(top)
    os.chmod(tmp, 0o755)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            in_a_namespace()
            subprocess.run(['mount', '-t', 'tmpfs', 'none', top], check=True)
            with open(os.path.join(top, b'tool'), 'wb'):
                os.chmod(os.path.join(top, b'tool'), 0o755)
            subprocess.run(['mount', '-o', 'remount,ro,noexec', top], check=True)
            _, lines, _ = batch('chmod 0600 t/tool', 't', cwd=tmp)
            equal(lines, [(b'failed', b'chmod', b't/tool', b'read-only file system')])
            for user in ('root', 'nobody'):
                shown = screens(tmp, 'wait-idle\nwhy %s\nwait-idle\ndump a\n' % user, top)['a']
                equal(verdict(shown), truth(user, [os.path.join(top, b'tool')])[0], shown)
                check(('write: read-only filesystem' in shown) == (user == 'root') and 'execute: filesystem mounted noexec' in shown, shown)
            status = 0
        except Skip as missing:
            print('missing:', missing)
            status = 77
        except BaseException as problem:  # pylint: disable=broad-except
            print(repr(problem)[:3000])
        finally:
            sys.stdout.flush()
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status == 77:
        raise Skip('mounts of our own')
    equal(status, 0)


if __name__ == '__main__':
    sys.exit(main(globals()))
