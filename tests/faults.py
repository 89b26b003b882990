#!/usr/bin/env python3
"""The scanner when things go wrong: system calls that fail, descriptors and memory that end, trees that change meanwhile.

  faults.py [PART]...     only cases whose name has one of the parts

MUNTIN names the program. What is asked of every scan: it ends, nothing is listed that is not there, nothing twice, and what
is not listed lies below something that is reported as unread. Prints a line a case; exit 0 if none failed.
"""
import ctypes
import errno
import os
import re
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

MUNTIN = os.environ['MUNTIN']
BACKENDS = ('threads', 'workers')
PROGRAM = {'threads': 'muntin', 'workers': 'muntin-worker'}
INSTRUMENTED = os.environ.get('MUNTIN_INSTRUMENTED') == 'yes'
PATIENCE = 120 if INSTRUMENTED else 20

# Leaks cannot be looked for in what is traced, and the shim comes before the sanitizer.
SANE = {'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '') + ':verify_asan_link_order=0:detect_leaks=0'}

# A library that is loaded before all others. FAULT says what it does in the program FAULT_IN, at its FAULT_AT-th chance;
# then it makes the file FAULT_MARK.
#   memory    there is none, once; with FAULT_FOR=n so many times
#   swap      before a system call of the scan the directory FAULT_DIR becomes FAULT_AWAY, and FAULT_LINK, if set, a link in its place
#   error     a call of the kind FAULT_CALL, stat, open or list, fails with FAULT_ERRNO; with FAULT_FOR=n so many
#   twice     a listing brings every name twice
#   long      a listing brings a name of 300 bytes
SHIM = r'''
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_int known;
static atomic_long count;
static long at;
static long until;
static char what;

static char fault(void)
{
	const char *kind = getenv("FAULT");
	const char *in = getenv("FAULT_IN");

	if (!atomic_exchange(&known, 1) && kind && in && strcmp(in, program_invocation_short_name) == 0) {
		what = *kind;
		at = getenv("FAULT_AT") ? atol(getenv("FAULT_AT")) : 1;
		until = at + (getenv("FAULT_FOR") ? atol(getenv("FAULT_FOR")) : 1);
	}
	return what;
}

static int is_due(void)
{
	long now = atomic_fetch_add(&count, 1) + 1;

	if (now == at)
		close(syscall(SYS_openat, AT_FDCWD, getenv("FAULT_MARK"), O_WRONLY | O_CREAT, 0600));
	return now >= at && now < until;
}

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);

static int no_memory(void)
{
	if (fault() != 'm' || !is_due())
		return 0;
	errno = ENOMEM;
	return 1;
}

#ifndef INSTRUMENTED
void *malloc(size_t size)
{
	return no_memory() ? NULL : __libc_malloc(size);
}

void *calloc(size_t len, size_t size)
{
	return no_memory() ? NULL : __libc_calloc(len, size);
}

void *realloc(void *old, size_t size)
{
	return no_memory() ? NULL : __libc_realloc(old, size);
}
#endif

static long (*real)(long, ...);

static long pass(long number, long a, long b, long c, long d, long e, long f)
{
	if (!real)
		real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	return real(number, a, b, c, d, e, f);
}

/* Before a call of a kind; not 0: it is to fail. */
static int fails(const char *call)
{
	const char *dir = getenv("FAULT_DIR");
	int saved = errno;

	if (fault() == 's' && is_due()) {
		pass(SYS_rename, (long)dir, (long)getenv("FAULT_AWAY"), 0, 0, 0, 0);
		if (getenv("FAULT_LINK"))
			pass(SYS_symlink, (long)getenv("FAULT_LINK"), (long)dir, 0, 0, 0, 0);
	}
	errno = saved;
	if (fault() != 'e' || strcmp(getenv("FAULT_CALL"), call) != 0 || !is_due())
		return 0;
	errno = atoi(getenv("FAULT_ERRNO"));
	return -1;
}

static long add_name(char *bytes, long used, const char *name)
{
	size_t len = (19 + strlen(name) + 8) & ~(size_t)7;
	uint16_t short_len = len;

	memset(bytes + used, 0, len);
	memcpy(bytes + used, "inode #", 8);
	memcpy(bytes + used + 16, &short_len, 2);
	bytes[used + 18] = DT_REG;
	strcpy(bytes + used + 19, name);
	return used + len;
}

static long change_listing(char *bytes, long used)
{
	char name[301];

	if (used <= 0)
		return used;
	if (fault() == 't' && used <= 32768) {
		memcpy(bytes + used, bytes, used);
		return 2 * used;
	}
	memset(name, 'n', 300);
	name[300] = '\0';
	return fault() == 'l' ? add_name(bytes, used, name) : used;
}

long syscall(long number, ...)
{
	long arg[6];
	long got;
	va_list args;

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		arg[i] = va_arg(args, long);
	va_end(args);
	if ((number == SYS_openat2 && fails("open")) || (number == SYS_getdents64 && fails("list")))
		return -1;
	got = pass(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
	return number == SYS_getdents64 ? change_listing((char *)arg[1], got) : got;
}

int statx(int fd, const char *name, int flags, unsigned mask, struct statx *out)
{
	return fails("stat") ? -1 : pass(SYS_statx, fd, (long)name, flags, mask, (long)out, 0);
}

#define OPENAT(symbol) \
int symbol(int fd, const char *name, int flags, ...) \
{ \
	return fails("open") ? -1 : pass(SYS_openat, fd, (long)name, flags, 0600, 0, 0); \
}

#define FSTATAT(symbol, type) \
int symbol(int fd, const char *name, struct type *out, int flags) \
{ \
	return fails("stat") ? -1 : pass(SYS_newfstatat, fd, (long)name, (long)out, flags, 0, 0); \
}

#define FSTAT(symbol, type) \
int symbol(int fd, struct type *out) \
{ \
	return fails("stat") ? -1 : pass(SYS_fstat, fd, (long)out, 0, 0, 0, 0); \
}

#define READDIR(symbol, type) \
struct type *symbol(DIR *dir) \
{ \
	static struct type *(*next)(DIR *); \
\
	if (!next) \
		next = (struct type *(*)(DIR *))dlsym(RTLD_NEXT, #symbol); \
	return fails("list") ? NULL : next(dir); \
}

OPENAT(openat)
OPENAT(openat64)
FSTATAT(fstatat, stat)
FSTATAT(fstatat64, stat64)
FSTAT(fstat, stat)
FSTAT(fstat64, stat64)
READDIR(readdir, dirent)
READDIR(readdir64, dirent64)
'''


class Skip(Exception):
    """What the case needs is missing here."""


def check(condition, *what):
    if not condition:
        raise AssertionError(' '.join(repr(item)[:2000] for item in what) or 'does not hold')


def equal(got, expected, *what):
    check(got == expected, *what, 'got', got, 'expected', expected)


def run(*args, before=(), env=None, cwd=None, limits=()):
    """Run muntin, or with `before` a program that runs it; status, standard output, standard error. It must end, and not crash."""
    words = [os.fsencode(word) for word in tuple(before) + (MUNTIN, '--no-config') + args]

    def limit():
        for kind, value in limits:
            resource.setrlimit(kind, (value, value))
    with subprocess.Popen(words, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env={**os.environ, **(env or {})}, preexec_fn=limit, start_new_session=True) as child:
        try:
            out, err = child.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
            raise AssertionError('hangs: %r' % (words,)) from None
    check(0 <= child.returncode < 128, 'crashed', child.returncode, words, err)
    return child.returncode, out, err


def walk(root):
    found = [root]
    for base, dirs, files in os.walk(root):
        found.extend(base + b'/' + name for name in dirs + files)
    return found


def records(out):
    """What --format=typed -0 printed: kinds by path, and the reasons of those that were not read."""
    kinds = {}
    skipped = {}
    for record in out.split(b'\0')[:-1]:
        kind, path = re.fullmatch(rb'\[scan:[^]]*\] \[([A-Z]+)\] (.*)', record, re.DOTALL).groups()
        if kind == b'SKIP':
            path, reason = re.fullmatch(rb'(.*) \(([^)]*)\)', path, re.DOTALL).groups()
            skipped[path] = reason
            continue
        check(path not in kinds, 'twice', path)
        kinds[path] = kind
    return kinds, skipped


def is_below(path, tops):
    while path not in tops:
        if b'/' not in path.strip(b'/'):
            return False
        path = os.path.dirname(path)
    return True


def honest(result, truth, gone=()):
    """Nothing wrong, nothing lost in silence; what is in `gone` may be missing. Returns the reasons."""
    status, out, err = result
    kinds, skipped = records(out)
    reported = set(skipped)
    check(set(kinds) <= set(truth), 'not there', set(kinds) - set(truth))
    lost = [path for path in truth if path not in kinds and not is_below(path, reported) and not is_below(path, set(gone))]
    equal(lost, [], 'lost', err)
    equal(status, 2 if skipped else 0, skipped, err)
    equal(len(err.splitlines()), len(skipped), err, skipped)
    return skipped


def small_tree(tmp):
    """A tree of which every entry has its number in what follows."""
    root = tmp + b'/t'
    os.makedirs(root + b'/a/b/c')
    os.makedirs(root + b'/d/e')
    for name in (b'1', b'a/2', b'a/b/3', b'a/b/c/4', b'd/e/5'):
        open(root + b'/' + name, 'w', encoding='ascii').close()
    os.symlink('a', root + b'/l')
    return root


LIST = ('--list', '--format=typed', '-0')


def judge(result, truth, gone):
    """The same for a scan of the small tree in which one call failed; with `gone` because what it was about has vanished."""
    status, out, err = result
    if not out or (gone and err == b'muntin: t: no such file or directory\n'):
        # the root itself could not be listed
        check(status == 2 and err.startswith(b'muntin: t: '), result)
        return {}
    return honest(result, truth, truth if gone else ())


# ---- system calls that fail ------------------------------------------------------


def strace(tmp, calls, fault, *args, **more):
    """Run under strace; the result, and how many calls were made to fail."""
    if not shutil.which('strace'):
        raise Skip('strace')
    log = tmp + b'/log'
    before = ['strace', '-f', '-qq', '-o', log, '-e', 'trace=' + calls]
    if fault:
        before += ['-e', 'inject=%s:%s' % (calls, fault)]
    try:
        result = run(*args, before=before, env=SANE, **more)
        # strace gives up now and then, when what it traces ends just before it can be told to go on: that says nothing
        for _ in range(3):
            if result[2].startswith(b'strace: '):
                result = run(*args, before=before, env=SANE, **more)
    except AssertionError:
        if subprocess.run(['strace', '-f', '-o', '/dev/null', 'true'], stderr=subprocess.DEVNULL, check=False).returncode:
            raise Skip('a strace that is allowed to trace') from None
        raise
    with open(log, 'rb') as lines:
        return result, lines.read().count(b'(INJECTED)')


def each_call(tmp, call, error, truth, *args, gone=False, limit=40):
    """Let the first, second, third … call fail; yields what was reported for each."""
    for number in range(1, limit):
        for backend in BACKENDS:
            result, injected = strace(tmp, call, 'error=%s:when=%d' % (error, number), *LIST, '-j1', '-b', backend, *args, cwd=tmp)
            if not injected:
                return
            yield judge(result, truth, gone)


def linux_call(tmp, call):
    """Is the call used in this build?"""
    strace(tmp, call, '', *LIST, b't', cwd=tmp)
    with open(tmp + b'/log', 'rb') as lines:
        return call.encode() + b'(' in lines.read()


def truth_of(tmp):
    root = small_tree(tmp)
    return [os.path.relpath(path, tmp) for path in walk(root)]


def test_listing_that_breaks_off(tmp):
    truth = truth_of(tmp)
    seen = list(each_call(tmp, 'getdents64', 'EIO', truth, b't'))
    check(len(seen) >= 12 * 2, len(seen))
    equal({reason for skipped in seen for reason in skipped.values()}, {b'incomplete: input/output error'})
    check(all(len(skipped) == 1 for skipped in seen), seen)


def test_listing_of_what_vanished(tmp):
    for skipped in each_call(tmp, 'getdents64', 'ENOENT', truth_of(tmp), b't', gone=True):
        check(not skipped or list(skipped) == [b't'], skipped)


def test_broken_listing_proves_no_absence(tmp):
    truth_of(tmp)
    shutil.copytree(tmp + b'/t', tmp + b'/u', symlinks=True)
    shown = 0
    for number in range(1, 14):
        for backend in BACKENDS:
            result, injected = strace(tmp, 'getdents64', 'error=EIO:when=%d' % number, '--diff', '--by=type', '--all', '-j1', '-b',
                                      backend, b't', b'u', cwd=tmp)
            if not injected:
                continue
            equal(result[0], 2, result)
            check(not re.search(rb'^(a-|-a) ', result[1], re.MULTILINE), result[1])
            shown += 1
    check(shown >= 20, shown)


def test_calls_that_the_system_lacks(tmp):
    truth = truth_of(tmp)
    for call in ('statx', 'openat2'):
        if not linux_call(tmp, call):
            raise Skip(call + ' in this build')
        for error in ('ENOSYS', 'EPERM'):
            for backend in BACKENDS:
                for when in ('1+', '3', '2+2'):
                    result, injected = strace(tmp, call, 'error=%s:when=%s' % (error, when), *LIST, '-b', backend, b't', cwd=tmp)
                    check(injected, call)
                    equal(honest(result, truth), {}, call, error, when)


def test_interrupted_calls(tmp):
    truth = truth_of(tmp)
    for call in ('getdents64', 'statx', 'openat2', 'readlinkat', 'read', 'write', 'poll'):
        # the first ones to read are those who load the program's libraries
        for when in ('1+2', '2+2', '1+3') if call != 'read' else ('30+2', '31+2'):
            for backend in BACKENDS:
                result, _ = strace(tmp, call, 'error=EINTR:when=' + when, *LIST, '-j2', '-b', backend, b't', cwd=tmp)
                equal(honest(result, truth), {}, call, when, backend)


def test_moved_while_it_is_opened(tmp):
    """EXDEV of openat2 is a race with a rename, not the edge of a filesystem; EAGAIN is one as well."""
    truth = truth_of(tmp)
    if not linux_call(tmp, 'openat2'):
        raise Skip('openat2 in this build')
    for error in ('EXDEV', 'EAGAIN'):
        for when in ('1', '2', '1+2'):
            for backend in BACKENDS:
                result, log = strace(tmp, 'openat2', 'error=%s:when=%s' % (error, when), *LIST, '-j1', '-b', backend, b't', cwd=tmp)
                equal(honest(result, truth), {}, error, when, backend)
                check(log, 'nothing was injected', error, when, backend)


def test_specials_are_not_opened(tmp):
    root = small_tree(tmp)
    os.mkfifo(root + b'/fifo')
    server = socket.socket(socket.AF_UNIX)
    server.bind(root + b'/socket')
    server.close()
    if os.geteuid() == 0:
        os.mknod(root + b'/device', 0o20600, os.makedev(1, 3))
    for args in (LIST, ('--count',), ('--diff', '--by=content', root)):
        for backend in BACKENDS:
            result, _ = strace(tmp, 'open,openat,openat2', '', *args, '-b', backend, root)
            equal(result[0], 0, result)
            with open(tmp + b'/log', 'rb') as lines:
                check(not re.search(rb'"[^"]*(fifo|socket|device)"', lines.read()), 'opened')


# ---- descriptors and memory ------------------------------------------------------


def test_few_descriptors(tmp):
    root = tmp + b'/t'
    for number in range(60):
        os.makedirs(root + b'/%02d/' % number + b'x' * 200 + b'/' + b'y' * 200 + b'/z/z/z')
        for name in (b'a/1', b'a/2', b'b/1', b'b/2'):
            os.makedirs(root + b'/%02d/' % number + name)
        os.symlink(b'%02d' % ((number + 1) % 60), root + b'/link%02d' % number)
    truth = walk(root)
    for files in (14, 24, 64):
        for jobs in ('1', '16'):
            for backend in BACKENDS:
                result = run(*LIST, '-j' + jobs, '-b', backend, root, limits=[(resource.RLIMIT_NOFILE, files)])
                equal(honest(result, truth), {}, files, jobs, backend)
    followed = sorted(records(run(*LIST, '-L', '-j1', '--max-depth=4', root)[1])[0])
    check(len(followed) > 400, len(followed))
    for backend in BACKENDS:
        status, out, err = run(*LIST, '-L', '-j16', '--max-depth=4', '-b', backend, root, limits=[(resource.RLIMIT_NOFILE, 24)])
        equal((status, err), (0, b''))
        equal(sorted(records(out)[0]), followed)


def test_many_roots_few_descriptors(tmp):
    root = small_tree(tmp)
    roots = [tmp + b'/%02d' % number for number in range(60)]
    for other in roots:
        shutil.copytree(root, other, symlinks=True)
    for backend in BACKENDS:
        status, out, err = run('--list', '-0', '-b', backend, *roots, limits=[(resource.RLIMIT_NOFILE, 40)])
        listed = out.split(b'\0')
        for other in roots:
            check(other + b'/a/b/c/4' in listed or other in err, other, err)
        equal(status, 2 if err else 0, err)


def shim(tmp):
    compiler = os.environ.get('CC', 'cc').split()
    if not shutil.which(compiler[0]):
        raise Skip('a C compiler')
    with open(tmp + b'/shim.c', 'w', encoding='ascii') as out:
        out.write(SHIM)
    name = tmp + b'/shim.so'
    made = subprocess.run(compiler + ['-w', '-shared', '-fPIC', '-O1'] + ['-DINSTRUMENTED'] * INSTRUMENTED +
                          ['-o', name, tmp + b'/shim.c', '-ldl'], stderr=subprocess.PIPE, check=False)
    if made.returncode:
        raise Skip('a compiler for the shim: ' + made.stderr.decode(errors='replace')[:200])
    return name


def faulty(tmp, library, fault, at, *args, backend='threads', **env):
    """Run with the shim; None when it did not come to the fault, else the result."""
    mark = tmp + b'/mark'
    if os.path.exists(mark):
        os.unlink(mark)
    result = run(*args, '-b', backend, cwd=tmp, env={
        'LD_PRELOAD': os.fsdecode(library), 'FAULT': fault, 'FAULT_AT': str(at), 'FAULT_IN': PROGRAM[backend], 'FAULT_MARK': os.fsdecode(mark),
        **SANE, **env})
    return result if os.path.exists(mark) else None


def each_error(tmp, library, call, error, truth, *args, times='1'):
    """Let the first, second, third … call of a kind fail; yields what was reported for each."""
    for backend in BACKENDS:
        for number in range(1, 60):
            result = faulty(tmp, library, 'error', number, *LIST, *args, b't', backend=backend, FAULT_CALL=call,
                            FAULT_ERRNO=str(error), FAULT_FOR=times)
            if not result:
                break
            yield judge(result, truth, error in (errno.ENOENT, errno.ESRCH))


def reasons(found):
    return {reason for skipped in found for reason in skipped.values()}


def test_names_without_attributes(tmp):
    library = shim(tmp)
    truth = truth_of(tmp)
    words = {errno.EIO: b'input/output error', errno.EACCES: b'permission denied', errno.EOVERFLOW: b'value too large',
             errno.ELOOP: b'too many levels of symbolic links', errno.ESTALE: b'stale file handle'}
    for error, reason in words.items():
        found = list(each_error(tmp, library, 'stat', error, truth, '-j1'))
        check(len(found) >= 17 * 2, len(found))
        check(reason in reasons(found) <= {reason, b'changed meanwhile'}, reason, found)
    for error in (errno.ENOENT, errno.EINTR):
        found = list(each_error(tmp, library, 'stat', error, truth, '-j1'))
        check(len(found) >= 17 * 2, len(found))
        check(not any(found), found)


def test_directories_that_do_not_open(tmp):
    library = shim(tmp)
    truth = truth_of(tmp)
    words = {errno.EACCES: b'permission denied', errno.EIO: b'input/output error', errno.ELOOP: b'changed meanwhile',
             errno.ENOTDIR: b'changed meanwhile', errno.EXDEV: b'on another filesystem'}
    for error, reason in words.items():
        found = list(each_error(tmp, library, 'open', error, truth, '-j1'))
        check(len(found) >= 6 * 2, len(found))
        equal(reasons(found), {reason}, error)
    for error in (errno.EINTR, errno.ESTALE, errno.EMFILE, errno.ENFILE, errno.ENOENT):
        equal(reasons(each_error(tmp, library, 'open', error, truth, '-j1')), set(), error)
    # for good, and with other threads that might give a descriptor back
    for error, reason in ((errno.EMFILE, b'too many open files'), (errno.ENFILE, b'too many open files in the system'),
                          (errno.ESTALE, b'changed meanwhile')):
        found = list(each_error(tmp, library, 'open', error, truth, '-j4', times='1000000'))
        check(reason in reasons(found) <= {reason, b'stale file handle'}, error, found)


def test_no_memory(tmp):
    if INSTRUMENTED:
        raise Skip('a build without sanitizers')
    library = shim(tmp)
    truth = truth_of(tmp)
    for backend in BACKENDS:
        for times in ('1', '1000000'):
            # what comes before the scan is much the same every time
            for number in range(190 if backend == 'threads' else 1, 600):
                result = faulty(tmp, library, 'memory', number, *LIST, '-j1', b't', backend=backend, FAULT_FOR=times)
                if not result:
                    break
                status, out, err = result
                if status == 0 and backend == 'workers':
                    honest(result, truth)
                check(status in (0, 2), result)
                check(status == 0 or err or times != '1', 'nothing said', number, backend)
            check(number < 599, number)


def test_little_address_space(tmp):
    if INSTRUMENTED:
        raise Skip('a build without sanitizers')
    truth = truth_of(tmp)
    kinds = set()
    for megabytes in range(8, 80, 6):
        for backend in BACKENDS:
            result = run(*LIST, '-j8', '-b', backend, b't', cwd=tmp, limits=[(resource.RLIMIT_AS, megabytes << 20)])
            kinds.add(result[0])
            if result[0] == 0:
                equal(honest(result, truth), {})
            check(result[0] == 0 or result[2], 'nothing said', megabytes, backend)
    check(0 in kinds, kinds)


# ---- trees that change -----------------------------------------------------------


def swapped_runs(tmp, library, *args, link=None):
    """Swap t/a for a link at every instant of a scan; the results."""
    env = {'FAULT_DIR': os.fsdecode(tmp + b'/t/a'), 'FAULT_AWAY': os.fsdecode(tmp + b'/away')}
    if link:
        env['FAULT_LINK'] = link
    for backend in BACKENDS:
        for number in range(1, 200):
            result = faulty(tmp, library, 'swap', number, *args, b't', backend=backend, **env)
            if not result:
                break
            yield result
            if link:
                os.unlink(tmp + b'/t/a')
            os.rename(tmp + b'/away', tmp + b'/t/a')


def test_directory_becomes_link(tmp):
    library = shim(tmp)
    truth = truth_of(tmp)
    os.makedirs(tmp + b'/outside/b/c')
    for name in (b'2', b'secret', b'b/secret', b'b/c/secret'):
        open(tmp + b'/outside/' + name, 'w', encoding='ascii').close()
    runs = 0
    for link in ('../outside', os.fsdecode(tmp + b'/outside'), 'd', '.'):
        for result in swapped_runs(tmp, library, *LIST, '-j1', link=link):
            skipped = honest(result, truth, [b't/a'])
            check(set(skipped) <= {b't/a', b't/a/b', b't/a/b/c'}, skipped)
            check(set(skipped.values()) <= {b'changed meanwhile'}, skipped)
            runs += 1
    check(runs > 100, runs)
    for result in swapped_runs(tmp, library, *LIST, '-j2', '-L', link='../outside'):
        check(b't/a/secret' not in result[1] or b'[DIR] t/a\0' in result[1], result[1])


def test_directory_vanishes(tmp):
    library = shim(tmp)
    truth = truth_of(tmp)
    for result in swapped_runs(tmp, library, *LIST, '-j1'):
        equal(honest(result, truth, [b't/a']), {})
    for result in swapped_runs(tmp, library, '--count', '-j2'):
        equal((result[0], result[2]), (0, b''))


def test_names_that_come_twice(tmp):
    library = shim(tmp)
    truth = truth_of(tmp)
    for backend in BACKENDS:
        for form in (LIST, LIST + ('--sort',), LIST + ('--depth-first',)):
            result = run(*form, '-b', backend, b't', cwd=tmp, env={
                'LD_PRELOAD': os.fsdecode(library), 'FAULT': 'twice', 'FAULT_IN': PROGRAM[backend], **SANE})
            equal(honest(result, truth), {}, form)


def test_names_that_are_too_long(tmp):
    library = shim(tmp)
    truth = truth_of(tmp)
    if not linux_call(tmp, 'openat2'):
        raise Skip('getdents64 in this build')
    for backend in BACKENDS:
        result = run(*LIST, '-b', backend, b't', cwd=tmp, env={
            'LD_PRELOAD': os.fsdecode(library), 'FAULT': 'long', 'FAULT_IN': PROGRAM[backend], **SANE})
        skipped = honest(result, truth)
        equal(skipped, {path: b'incomplete: name too long' for path in (b't', b't/a', b't/a/b', b't/a/b/c', b't/d', b't/d/e')})


class Churn(threading.Thread):
    """Files that come and go, as fast as they can, until it is stopped."""

    def __init__(self, root):
        super().__init__()
        self.root, self.ending, self.count = root, False, 0

    def run(self):
        here = os.open(self.root, os.O_RDONLY)
        while not self.ending:
            name = b'churn%d' % (self.count % 300)
            os.close(os.open(name, os.O_WRONLY | os.O_CREAT, dir_fd=here))
            if self.count % 7 == 0:
                os.rename(name, b'moved%d' % (self.count % 300), src_dir_fd=here, dst_dir_fd=here)
            elif self.count % 2:
                os.unlink(name, dir_fd=here)
            self.count += 1
            if self.count % 5 == 0:
                os.sched_yield()
        os.close(here)


def test_files_that_come_and_go(tmp):
    root = tmp + b'/t'
    os.mkdir(root)
    for number in range(2000):
        open(root + b'/stays%d' % number, 'w', encoding='ascii').close()
    stays = set(walk(root))
    churn = Churn(root)
    churn.start()
    try:
        for number in range(20):
            status, out, err = run(*LIST, '-b', BACKENDS[number % 2], root)
            kinds, skipped = records(out)
            equal((status, err, skipped), (0, b'', {}))
            equal(stays - set(kinds), set())
    finally:
        churn.ending = True
        churn.join()
    for backend in BACKENDS:
        equal(honest(run(*LIST, '-b', backend, root), walk(root)), {})


def test_proc_and_sys(tmp):
    if not os.path.isdir('/proc/self/task'):
        raise Skip('/proc')
    small_tree(tmp)
    if not linux_call(tmp, 'openat2'):
        raise Skip('statfs in this build')
    ending = threading.Event()

    def breed():
        while not ending.is_set():
            children = [subprocess.Popen(['true']) for _ in range(10)]
            for child in children:
                child.wait()
    breeder = threading.Thread(target=breed)
    # a process that has ended and that nobody has waited for: parts of it cannot be listed
    zombie = subprocess.Popen(['true'], stdout=subprocess.PIPE)
    zombie.stdout.read()
    breeder.start()
    try:
        for backend in BACKENDS:
            for root in ('/proc', '/sys'):
                status, out, err = run(*LIST, '--max-depth=4', '-b', backend, root)
                kinds, skipped = records(out)
                check(len(kinds) > 100, root, len(kinds))
                equal(status, 2 if skipped else 0, err)
                check(not any(reason.endswith((b'invalid argument', b'no such process', b'no such file or directory'))
                              for reason in skipped.values()), skipped)
    finally:
        ending.set()
        breeder.join()
        zombie.wait()


# ---- mounts ----------------------------------------------------------------------


CLONE_NEWNS = 0x20000
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18


def apart(case, tmp):
    """Run a case in a mount namespace of its own."""
    libc = ctypes.CDLL(None, use_errno=True)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if libc.unshare(CLONE_NEWNS) != 0 or libc.mount(b'none', b'/', None, MS_REC | MS_PRIVATE, None) != 0:
                status = 77
            else:
                case(tmp, libc)
                status = 0
        except Skip:
            status = 77
        except Exception:  # pylint: disable=broad-except
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status == 77:
        raise Skip('mounts of our own')
    equal(status, 0)


def mounted(libc, what, where, kind, flags=0):
    if libc.mount(what, where, kind, flags, None) != 0:
        raise Skip('mount')


def one_filesystem(tmp, libc):
    root = small_tree(tmp)
    os.mkdir(root + b'/other')
    os.mkdir(root + b'/bound')
    mounted(libc, b'tmpfs', root + b'/other', b'tmpfs')
    open(root + b'/other/there', 'w', encoding='ascii').close()
    mounted(libc, root + b'/d', root + b'/bound', None, MS_BIND)
    for backend in BACKENDS:
        listed = run('--list', '-0', '-b', backend, root)
        crossed = run('--list', '-0', '-x', '-b', backend, root)
        equal((listed[0], crossed[0]), (0, 0))
        equal(sorted(listed[1].split(b'\0')[:-1]), sorted(walk(root)))
        # as find -xdev has it: what is bound from the same filesystem belongs to it
        found = subprocess.run(['find', root, '-xdev', '-print0'], stdout=subprocess.PIPE, check=True).stdout
        equal(sorted(crossed[1].split(b'\0')), sorted(found.split(b'\0')))


def mount_in_between(tmp, libc):
    """Something is mounted on a directory between its being found and its being opened, as an automount does."""
    small_tree(tmp)
    if not linux_call(tmp, 'openat2'):
        raise Skip('mount roots in this build')
    os.mkdir(tmp + b'/new')
    mounted(libc, b'tmpfs', tmp + b'/new', b'tmpfs')
    open(tmp + b'/new/there', 'w', encoding='ascii').close()
    for flags, expected in ((), {b't/d', b't/d/there'}), (('-x',), {b't/d'}):
        log = tmp + b'/log%d' % len(flags)
        os.mkfifo(log)
        trace = os.open(log, os.O_RDWR)
        seen = b''
        words = ['strace', '-f', '-qq', '-o', log, '-e', 'trace=openat2', '-e', 'inject=openat2:delay_enter=1000000:when=1',
                 MUNTIN, '--no-config', *LIST, '-j1', '--max-depth=2', *flags, b't']
        with subprocess.Popen(words, cwd=tmp, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **SANE}) as child:
            while b'openat2(' not in seen and select.select([trace], [], [], PATIENCE)[0]:
                seen += os.read(trace, 4096)
            mounted(libc, tmp + b'/new', tmp + b'/t/d', None, MS_BIND)
            out, err = child.communicate(timeout=PATIENCE)
        equal((child.returncode, err), (0, b''))
        equal({path for path in records(out)[0] if path.startswith(b't/d')}, expected, flags)
        os.close(trace)
        libc.umount2(tmp + b'/t/d', 2)


def test_one_filesystem(tmp):
    apart(one_filesystem, tmp)


def test_mount_in_between(tmp):
    if not shutil.which('strace'):
        raise Skip('strace')
    apart(mount_in_between, tmp)


def run_cases(module):
    """Run the cases of a module that the command line asks for; what to exit with."""
    cases = [(name[5:], case) for name, case in sorted(module.items()) if name.startswith('test_')]
    wanted = sys.argv[1:]
    counts = {'ok': 0, 'FAIL': 0, 'skip': 0}
    os.umask(0o022)
    for name, case in cases:
        if wanted and not any(part in name for part in wanted):
            continue
        scratch = tempfile.mkdtemp(prefix='faults.')
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
    sys.exit(run_cases(globals()))
