#!/usr/bin/env python3
"""A filesystem that misbehaves: a server for /dev/fuse, without libfuse.

  tool_fuse.py MODE MOUNTPOINT [COUNT]

Mounts, prints `ready CONNECTION`, and serves until its standard input ends or SIGTERM comes; then it aborts the
connection, which frees everybody who hangs in it, and unmounts. When it cannot mount it prints `skip WHY`, exit 77.
The root holds COUNT files file-0000..., a directory `sub` with one file, and a link `link`; in every mode but the dead
ones all of it can be read.

  plain      nothing is wrong
  dead       LOOKUP, and GETATTR of all but the root, are read and never answered: the caller cannot be killed
  unread     after the first listing of the root no request is read any more: the caller can be killed
  slow       each request takes 300 ms
  dtunknown  listings tell no types
  eio        the listing of the root fails with EIO after its first part
  casefold   names are found whatever the case of their letters; renaming works
  einval     names with a colon cannot be created
Needs root and Linux.
"""
import ctypes
import errno
import os
import select
import signal
import stat
import struct
import sys
import time

LOOKUP, FORGET, GETATTR, SETATTR, READLINK, MKNOD, MKDIR, UNLINK, RMDIR, RENAME = 1, 2, 3, 4, 5, 8, 9, 10, 11, 12
OPEN, READ, WRITE, STATFS, RELEASE, FSYNC, FLUSH, INIT, OPENDIR, READDIR, RELEASEDIR = \
    14, 15, 16, 17, 18, 20, 25, 26, 27, 28, 29
FSYNCDIR, ACCESS, CREATE, INTERRUPT, BATCH_FORGET, RENAME2 = 30, 34, 35, 36, 42, 45

IN_HEADER = struct.Struct('<IIQQIIII')       # length, opcode, unique, node, uid, gid, pid, padding
OUT_HEADER = struct.Struct('<IiQ')           # length, error, unique
ATTR = struct.Struct('<QQQQQQIIIIIIIIII')    # struct fuse_attr
MNT_DETACH = 2
SLOW = 0.3


class Node:
    """A file, directory or link."""

    def __init__(self, number, mode, content=b''):
        self.number, self.mode, self.content = number, mode, content
        self.children = {} if stat.S_ISDIR(mode) else None
        self.time = time.time_ns()

    def attr(self):
        """As struct fuse_attr."""
        seconds, nano = divmod(self.time, 10 ** 9)
        size = len(self.content)
        return ATTR.pack(self.number, size, (size + 511) // 512, seconds, seconds, seconds, nano, nano, nano, self.mode,
                         2 if self.children is not None else 1, 0, 0, 0, 4096, 0)


class Server:
    """The tree, and an answer for each request."""

    def __init__(self, mode, count):
        self.mode = mode
        self.nodes = {}
        self.silent = False          # unread: the listing was given, read nothing any more
        root = self.make(None, b'', stat.S_IFDIR | 0o755)
        for i in range(count):
            self.make(root, b'file-%04d' % i, stat.S_IFREG | 0o644, b'content of %d\n' % i)
        sub = self.make(root, b'sub', stat.S_IFDIR | 0o755)
        self.make(sub, b'below', stat.S_IFREG | 0o644, b'below\n')
        self.make(root, b'link', stat.S_IFLNK | 0o777, b'file-0000')

    def make(self, parent, name, mode, content=b''):
        """A new node, in its parent."""
        node = Node(len(self.nodes) + 1, mode, content)
        self.nodes[node.number] = node
        if parent is not None:
            parent.children[name] = node
        return node

    def key(self, parent, name):
        """The name under which the parent has it; None if it has not."""
        if name in parent.children:
            return name
        if self.mode == 'casefold':
            return next((other for other in parent.children if other.lower() == name.lower()), None)
        return None

    def entry(self, node):
        """As struct fuse_entry_out: the kernel may keep nothing."""
        return struct.pack('<QQQQII', node.number, 0, 0, 0, 0, 0) + node.attr()

    # Each takes the node and the body, and returns bytes, or a negative errno, or None for no answer at all.

    def lookup(self, node, body):
        key = self.key(node, body.rstrip(b'\0'))
        return self.entry(node.children[key]) if key is not None else -errno.ENOENT

    def getattr(self, node, _body):
        return struct.pack('<QII', 0, 0, 0) + node.attr()

    def setattr(self, node, body):
        valid, _, _, size = struct.unpack_from('<IIQQ', body)
        if valid & 1:
            node.mode = stat.S_IFMT(node.mode) | stat.S_IMODE(struct.unpack_from('<I', body, 68)[0])
        if valid & 8:
            node.content = node.content[:size].ljust(size, b'\0')
        return self.getattr(node, body)

    def readlink(self, node, _body):
        return node.content

    def create_node(self, node, name, mode, answer=b''):
        if self.mode == 'einval' and b':' in name:
            return -errno.EINVAL
        if self.key(node, name) is not None:
            return -errno.EEXIST
        return self.entry(self.make(node, name, mode)) + answer

    def mknod(self, node, body):
        return self.create_node(node, body[16:].rstrip(b'\0'), struct.unpack_from('<I', body)[0])

    def mkdir(self, node, body):
        return self.create_node(node, body[8:].rstrip(b'\0'), stat.S_IFDIR | struct.unpack_from('<I', body)[0])

    def create(self, node, body):
        mode = struct.unpack_from('<II', body)[1]
        return self.create_node(node, body[16:].rstrip(b'\0'), mode, struct.pack('<QII', 0, 0, 0))

    def unlink(self, node, body):
        key = self.key(node, body.rstrip(b'\0'))
        if key is None:
            return -errno.ENOENT
        if node.children[key].children:
            return -errno.ENOTEMPTY
        del node.children[key]
        return b''

    def rename(self, node, body, head=8):
        target = self.nodes[struct.unpack_from('<Q', body)[0]]
        flags = struct.unpack_from('<I', body, 8)[0] if head == 16 else 0
        old, new = body[head:].rstrip(b'\0').split(b'\0')
        key, there = self.key(node, old), self.key(target, new)
        if key is None:
            return -errno.ENOENT
        if self.mode == 'einval' and b':' in new or flags & ~1:
            return -errno.EINVAL
        if there is not None and flags & 1:
            return -errno.EEXIST
        moved = node.children.pop(key)
        if there is not None:
            target.children.pop(there, None)
        target.children[new] = moved
        return b''

    def rename2(self, node, body):
        return self.rename(node, body, 16)

    def open(self, _node, _body):
        return struct.pack('<QII', 0, 0, 0)

    def read(self, node, body):
        _, offset, size = struct.unpack_from('<QQI', body)
        return node.content[offset:offset + size]

    def write(self, node, body):
        _, offset, size = struct.unpack_from('<QQI', body)
        node.content = node.content[:offset].ljust(offset, b'\0') + body[40:40 + size] + node.content[offset + size:]
        return struct.pack('<II', size, 0)

    def statfs(self, _node, _body):
        return struct.pack('<QQQQQIIII24x', 1000, 500, 500, 1000, 500, 4096, 255, 4096, 0)

    def readdir(self, node, body):
        _, offset, size = struct.unpack_from('<QQI', body)
        names = sorted(node.children)
        if self.mode == 'eio' and node.number == 1:
            if offset >= max(1, len(names) // 2):
                return -errno.EIO
            names = names[:max(1, len(names) // 2)]
        answer = b''
        for place, name in enumerate(names[offset:], offset + 1):
            child = node.children[name]
            kind = 0 if self.mode == 'dtunknown' else stat.S_IFMT(child.mode) >> 12
            record = struct.pack('<QQII', child.number, place, len(name), kind) + name
            record += bytes(-len(record) % 8)
            if len(answer) + len(record) > size:
                break
            answer += record
        self.silent = self.mode == 'unread' and node.number == 1
        return answer

    def nothing(self, _node, _body):
        return b''

    def init(self, _node, body):
        minor = min(31, struct.unpack_from('<II', body)[1])
        return struct.pack('<IIIIHHIIHHI28x', 7, minor, 65536, 0, 12, 9, 65536, 1, 0, 0, 0)

    ANSWERS = {LOOKUP: lookup, GETATTR: getattr, SETATTR: setattr, READLINK: readlink, MKNOD: mknod, MKDIR: mkdir,
               UNLINK: unlink, RMDIR: unlink, RENAME: rename, RENAME2: rename2, OPEN: open, READ: read, WRITE: write,
               STATFS: statfs, RELEASE: nothing, FSYNC: nothing, FLUSH: nothing, INIT: init, OPENDIR: open,
               READDIR: readdir, RELEASEDIR: nothing, FSYNCDIR: nothing, ACCESS: nothing, CREATE: create}

    def answer(self, request):
        """The bytes to write back, or None."""
        _, opcode, unique, number, *_ = IN_HEADER.unpack_from(request)
        if opcode in (FORGET, BATCH_FORGET, INTERRUPT):
            return None
        if self.mode == 'dead' and (opcode == LOOKUP or opcode == GETATTR and number != 1):
            return None
        if self.mode == 'slow' and opcode != INIT:
            time.sleep(SLOW)
        handler = self.ANSWERS.get(opcode)
        answer = handler(self, self.nodes.get(number), request[IN_HEADER.size:]) if handler else -errno.ENOSYS
        if isinstance(answer, int):
            return OUT_HEADER.pack(OUT_HEADER.size, answer, unique)
        return OUT_HEADER.pack(OUT_HEADER.size + len(answer), 0, unique) + answer


LIBC = ctypes.CDLL(None, use_errno=True)


def call(name, *args):
    """A function of the C library; OSError if it fails."""
    if getattr(LIBC, name)(*args) != 0:
        number = ctypes.get_errno()
        raise OSError(number, '%s: %s' % (name, os.strerror(number)))


def connection_of(mountpoint):
    """The number of its connection, without a call that the filesystem would have to answer."""
    with open('/proc/self/mountinfo', encoding='utf-8', errors='surrogateescape') as file:
        for line in file:
            words = line.split()
            if words[4].replace('\\040', ' ') == mountpoint:
                return int(words[2].partition(':')[2])
    raise OSError('not mounted')


def mount(mountpoint):
    """Returns (descriptor, connection)."""
    if not os.path.exists('/sys/fs/fuse/connections/.') or not os.path.ismount('/sys/fs/fuse/connections'):
        call('mount', b'fusectl', b'/sys/fs/fuse/connections', b'fusectl', 0, None)
    device = os.open('/dev/fuse', os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)    # requests may be taken back
    options = 'fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other' % device
    call('mount', b'muntin-test', os.fsencode(mountpoint), b'fuse', 0, options.encode())
    return device, connection_of(mountpoint)


def unmount(mountpoint, connection):
    """Free everybody, and go."""
    try:
        with open('/sys/fs/fuse/connections/%d/abort' % connection, 'wb') as file:
            file.write(b'1')
    except OSError:
        pass                         # it has gone already
    call('umount2', os.fsencode(mountpoint), MNT_DETACH)


def serve(server, device):
    """Until standard input ends or the connection does."""
    while True:
        fds = [0] if server.silent else [0, device]
        ready = select.select(fds, [], [])[0]
        if 0 in ready and not os.read(0, 4096):
            return
        if device not in ready:
            continue
        try:
            request = os.read(device, 1 << 18)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.EINTR, errno.EAGAIN):
                continue
            return
        answer = server.answer(request)
        if answer is None:
            continue
        try:
            os.write(device, answer)
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise


def main():
    """See above."""
    modes = ('plain', 'dead', 'unread', 'slow', 'dtunknown', 'eio', 'casefold', 'einval')
    if len(sys.argv) not in (3, 4) or sys.argv[1] not in modes:
        print(__doc__, file=sys.stderr)
        return 2
    mountpoint = os.path.abspath(sys.argv[2])
    server = Server(sys.argv[1], int(sys.argv[3]) if len(sys.argv) > 3 else 10)
    try:
        device, connection = mount(mountpoint)
    except OSError as error:
        print('skip %s' % error, flush=True)
        return 77
    signal.signal(signal.SIGTERM, lambda *_: os.close(0))
    print('ready %d' % connection, flush=True)
    try:
        serve(server, device)
    except OSError as error:
        if error.errno != errno.EBADF:       # SIGTERM closed the input
            raise
    finally:
        unmount(mountpoint, connection)
    return 0


if __name__ == '__main__':
    sys.exit(main())
