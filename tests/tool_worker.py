#!/usr/bin/env python3
"""A muntin-worker that misbehaves.

  tool_worker.py REAL-WORKER MODE [ARG]

Reads the greeting and the root. A root whose last component does not begin with `bad` is served by the real worker; a bad
one gets what the mode says (docs/PROTOCOL.md is how it should be):

  endless          names that never end, slowly
  silent           nothing at all, not even the greeting
  quiet            the greeting, and nothing more
  noise            a login shell's chatter without end, never the greeting
  chatter          a few lines of it, then nothing
  exit STATUS      ends at once
  random SEED      the greeting, then random bytes
  length N         the greeting, then a frame of which only the length N comes, then nothing
  cut              ends in the middle of a frame
  trickle          a right answer, one byte every tenth of a second
  name HEX         one entry with this name
  twice            the same names again and again, and attributes of what is not there
  attrs            entries with the most extreme numbers
  bulk COUNT       so many entries in one directory
  names COUNT      so many names in one directory, whose attributes never come; who asks for single ones is told
  file             what was to be scanned is no directory; the scan that asks again ends before the first
  deep             a directory in a directory in a directory ..., without end, as fast as it can
  mutate DIR       the next mutation (a prefix, a flipped bit) of a right answer; DIR/count says which, and counts on
Modes that wait end with their input.
"""
import os
import random
import select
import struct
import subprocess
import sys
import threading
import time

HELLO = b'muntin-stream 1 fake\n'
BEGIN, NAMES, ATTRS, END, DONE = range(1, 6)
DETAIL, DETAILS, UNWATCHED, SCAN, WATCH = 20, 44, 12, 32, 38
NOTDIR, UNREAD = 15, 1     # an error, and how a directory ended
KNOWN = 1
STAT, TARGET, DIR = 1, 2, 4
FILE_MODE, DIR_MODE = 0o100644, 0o040755
DT_DIR, DT_REG = 4, 8


def varint(number):
    """Seven bits a byte."""
    out = b''
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def frame(kind, scan, payload=b''):
    """One frame."""
    body = bytes([kind]) + varint(scan) + payload
    return struct.pack('<I', len(body)) + body


def attrs(mode=FILE_MODE, size=1, flags=KNOWN, mtime=10 ** 18, number=1):
    """The attributes of an entry."""
    return struct.pack('<HH', flags, mode) + varint(0) + varint(0) + varint(number) + varint(number) + varint(size) + \
        varint(number) + varint(0) + varint(1) + struct.pack('<q', mtime)


def name(text, kind=DT_REG):
    """An element of NAMES."""
    return bytes([kind, len(text) & 255]) + text


def names(scan, directory, batch, elements):
    """A frame of names."""
    return frame(NAMES, scan, varint(directory) + varint(batch) + b''.join(elements))


def known(scan, batch, count, **how):
    """A frame of attributes for the first names of a batch."""
    return frame(ATTRS, scan, varint(batch) + b''.join(varint(i) + bytes([STAT]) + attrs(**how) for i in range(count)))


def begin(scan, directory=0):
    """The start of a directory."""
    return frame(BEGIN, scan, varint(directory) + attrs(DIR_MODE))


def end(scan, directory=0):
    """Its regular end."""
    return frame(END, scan, varint(directory) + b'\0\0')


def done(scan):
    """The regular end of a scan."""
    return frame(DONE, scan, b'\0')


def whole(scan):
    """A right answer: a directory with a few files and one directory with one."""
    inner = frame(ATTRS, scan, varint(1) + varint(0) + bytes([STAT | DIR]) + attrs(DIR_MODE) + varint(1))
    return begin(scan) + names(scan, 0, 0, [name(b'one'), name(b'two'), name(b'three')]) + known(scan, 0, 3) + \
        names(scan, 0, 1, [name(b'sub', DT_DIR)]) + inner + end(scan) + begin(scan, 1) + \
        names(scan, 1, 2, [name(b'below')]) + known(scan, 2, 1) + end(scan, 1) + done(scan)


# ---- what each mode sends, in pieces, after the greeting; the last piece may be followed by waiting ----

def endless(scan, _arg):
    """Names that never end."""
    yield begin(scan)
    batch = 0
    while True:
        yield names(scan, 0, batch, [name(b'endless-%06d' % batch)]) + known(scan, batch, 1)
        batch += 1
        if wait(0.05):
            return


def random_bytes(_scan, seed):
    """Noise of which nothing is right."""
    yield random.Random(int(seed)).randbytes(100000)


def only_length(_scan, number):
    """A length, and some bytes."""
    yield struct.pack('<I', int(number)) + bytes(64)


def cut(scan, _arg):
    """The end comes in the middle of a frame."""
    yield begin(scan) + names(scan, 0, 0, [name(b'one')]) + struct.pack('<I', 100) + b'\2'
    sys.exit(0)


def trickle(scan, _arg):
    """Byte by byte."""
    for byte in whole(scan):
        yield bytes([byte])
        if wait(0.1):
            return


def bad_name(scan, text):
    """One entry with this name, and a good one before it."""
    yield begin(scan) + names(scan, 0, 0, [name(b'good')]) + known(scan, 0, 1) + \
        names(scan, 0, 1, [name(bytes.fromhex(text))]) + end(scan) + done(scan)


def twice(scan, _arg):
    """Names that were there before; attributes of batches and names that are not there."""
    yield begin(scan)
    for batch in range(3):
        yield names(scan, 0, batch, [name(b'same'), name(b'same'), name(b'other')]) + known(scan, batch, 3)
    yield end(scan) + end(scan) + known(scan, 77, 1) + done(scan) + done(scan)


def extreme(scan, _arg):
    """The largest and the smallest numbers."""
    most = 2 ** 64 - 1
    yield begin(scan) + names(scan, 0, 0, [name(b'n%d' % i) for i in range(6)])
    for i, how in enumerate(({'mtime': 2 ** 63 - 1}, {'mtime': -2 ** 63}, {'mode': 0xffff}, {'size': most},
                             {'number': 2 ** 32 - 1}, {'flags': 0xff})):
        yield frame(ATTRS, scan, varint(0) + varint(i) + bytes([STAT]) + attrs(**how))
    yield end(scan) + done(scan)


def bulk(scan, count):
    """So many entries."""
    yield begin(scan)
    size, batch = 2000, 0
    for first in range(0, int(count), size):
        yield names(scan, 0, batch, [name(b'entry-%08d' % i) for i in range(first, first + size)]) + known(scan, batch, size)
        batch += 1
    yield end(scan) + done(scan)


def deep(scan, _arg):
    """Down, and down, and down."""
    yield begin(scan)
    level = 0
    while True:
        yield names(scan, level, level, [name(b'd', DT_DIR)]) + \
            frame(ATTRS, scan, varint(level) + varint(0) + bytes([STAT | DIR]) + attrs(DIR_MODE) + varint(level + 1)) + \
            end(scan, level) + begin(scan, level + 1)
        level += 1
        if level % 10000 == 0 and wait(0.05):
            return


def requests():
    """The frames that come from now on: (type, id, payload)."""
    data = b''
    while True:
        more = os.read(0, 65536)
        if not more:
            return
        data += more
        while len(data) >= 4 and len(data) >= 4 + struct.unpack('<I', data[:4])[0]:
            length = struct.unpack('<I', data[:4])[0]
            body, data = data[4:4 + length], data[4 + length:]
            number, rest = read_varint(body[1:])
            yield body[0], number, rest


def read_varint(data):
    """A number and what follows it."""
    number = shift = 0
    for at, byte in enumerate(data):
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return number, data[at + 1:]
    return number, b''


def only_names(scan, count):
    """Names without attributes; the size of an entry that is asked for is the number in its name."""
    yield begin(scan) + names(scan, 0, 0, [name(b'entry-%06d' % i) for i in range(int(count))])
    for kind, number, payload in requests():
        answer = b''
        while kind == DETAILS and payload:
            length, payload = read_varint(payload)
            path, payload = payload[:length], payload[length:]
            answer += b'\1' + attrs(size=int(path.split(b'-')[1]), number=int(path.split(b'-')[1]) + 1) + varint(0)
        if answer:
            yield frame(DETAIL, number, answer)


def file(scan, _arg):
    """No directory, told twice: the second scan is over before the first."""
    no_directory = varint(0) + bytes([NOTDIR, UNREAD])
    yield frame(END, scan, no_directory)
    for kind, number, _ in requests():
        if kind == WATCH:
            yield frame(UNWATCHED, number, varint(NOTDIR))
        elif kind == SCAN:
            yield frame(END, number, no_directory) + done(number)


def mutate(scan, directory):
    """The next mutation of a right answer."""
    path = os.path.join(directory, 'count')
    with open(path, encoding='ascii') as file:
        count = int(file.read())
    with open(path + '.new', 'w', encoding='ascii') as file:
        file.write('%d' % (count + 1))
    os.rename(path + '.new', path)
    answer = bytearray(whole(scan))
    dice = random.Random(count)
    if count % 2:
        del answer[dice.randrange(len(answer)):]
    else:
        answer[dice.randrange(len(answer))] ^= 1 << dice.randrange(8)
    yield bytes(answer)
    sys.exit(0)


MODES = {'endless': endless, 'random': random_bytes, 'length': only_length, 'cut': cut, 'trickle': trickle,
         'name': bad_name, 'twice': twice, 'attrs': extreme, 'bulk': bulk, 'names': only_names, 'file': file, 'deep': deep, 'mutate': mutate}


# ---- pipes ------------------------------------------------------------------------------------

def wait(seconds):
    """Wait so long, or for the end of the input (true); what is asked is not heard any more."""
    until = None if seconds is None else time.monotonic() + seconds
    while True:
        left = None if until is None else max(0.0, until - time.monotonic())
        if not select.select([0], [], [], left)[0]:
            return False
        if not os.read(0, 65536):
            return True


def send(data):
    """Write all of it."""
    while data:
        data = data[os.write(1, data):]


def read_frames(stream):
    """The greeting, the root, and the first scan's number: (bytes read, path, scan)."""
    taken = b''
    while b'\n' not in taken:
        byte = stream.read(1)
        if not byte:
            sys.exit(0)
        taken += byte
    path, scan = None, None
    while scan is None and (path is None or os.path.basename(path).startswith(b'bad')):
        head = stream.read(4)
        if len(head) < 4:
            sys.exit(0)
        body = stream.read(struct.unpack('<I', head)[0])
        taken += head + body
        if body[0] == 37:
            path = body[4:]           # type, id 0, flags, a length of one byte; or of two
            if body[3] & 128:
                path = body[5:]
        elif body[0] == 32:
            scan = body[1] if body[1] < 128 else body[1] & 127 | body[2] << 7
    return taken, path, scan


def relay(real, taken):
    """Be the real worker's standard input."""
    with subprocess.Popen([real], stdin=subprocess.PIPE) as worker:
        def pump():
            data = taken
            try:
                while data:
                    worker.stdin.write(data)
                    worker.stdin.flush()
                    data = os.read(0, 65536)
                worker.stdin.close()
            except (OSError, ValueError):
                pass
        threading.Thread(target=pump, daemon=True).start()
        os.close(1)
        os._exit(worker.wait() & 127)


def main():
    """See above."""
    real, mode, arg = sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else ''
    taken, path, scan = read_frames(os.fdopen(0, 'rb', buffering=0, closefd=False))
    if not os.path.basename(path).startswith(b'bad'):
        relay(real, taken)
    if mode == 'exit':
        sys.exit(int(arg))
    if mode == 'noise':
        while not wait(0.001):
            send(b'Welcome to \x1b]0;owned\x07 this \x1b[31mhost\x1b[2J!\r\n' * 50)
    elif mode == 'chatter':
        send(b'stty: standard input: \x1b[31mInappropriate ioctl\n')
    elif mode != 'silent':
        send(HELLO)
    try:
        for piece in MODES[mode](scan, arg) if mode in MODES else ():
            send(piece)
    except BrokenPipeError:
        sys.exit(0)
    while not wait(None):
        pass
    return 0


if __name__ == '__main__':
    sys.exit(main())
