"""The comparison by other means: the rules of `muntin --diff` in Python, against the program on trees made up by chance.

    diff_reference.py [TREES [SEED]]      MUNTIN names the program

Every case is two to four trees that are much alike, a list of criteria, and the rows that the rules below expect. As
root the trees are compared by another user, so that some of them are unreadable.
"""

import base64
import json
import os
import random
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import unicodedata

NOBODY = 65534
BATCH = 20
CRITERIA = ["type", "size", "mtime", "content", "target", "mode", "owner", "group", "auto"]
NAMES = [b"a", b"b", b"a.b", b"a-b", b"ab", b"c d", b"$'x", b"new\nline", b"\xff\xfe", b"\x1b[31m", b"-n", b"\xc3\xa9", b"Z"]
NAMES += [b"A", b"B", b"A\xff", b"a\xff", b"e\xcc\x81", b"\xc3\x89", b"ss", b"\xc3\x9f"]
TIMES = [1_000_000_000_000_000_000, 1_000_000_001_000_000_000, 1_000_000_000_500_000_000, 1_000_000_002_000_000_000]
CHUNK = 256 * 1024
PATIENCE = 60  # seconds for a program that hangs


# ---- trees made up by chance -------------------------------------------------------------------


class Maker:
    """Makes trees below the working directory, each much like the one before."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.files = []

    def content(self):
        if self.random.random() < 0.03:
            big = bytearray(self.random.choice([CHUNK, CHUNK + 1, 2 * CHUNK, 600_000]))
            if self.random.random() < 0.6:
                big[self.random.choice([0, CHUNK - 1, -1, len(big) // 2])] = 1
            return bytes(big)
        return self.random.choice([b"", b"x", b"y", b"z", b"xx", b"xy"])

    def plan(self, depth):
        """A directory as a table of what is in it."""
        table = {}
        for name in self.random.sample(NAMES, self.random.randint(0, 6 - depth)):
            table[name] = self.node(depth)
        return table

    def node(self, depth):
        kind = self.random.choices(["file", "dir", "link", "fifo", "sock"], [50, 25 if depth < 4 else 0, 12, 3, 2])[0]
        made = {"kind": kind, "mode": self.random.choice([0o644, 0o644, 0o755, 0o600]), "time": self.random.choice(TIMES)}
        made["uid"], made["gid"] = self.random.choice([(0, 0), (0, 0), (NOBODY, 0), (0, NOBODY)])
        if kind == "dir":
            made["mode"] = self.random.choices([0o755, 0o700, 0o000, 0o744, 0o711], [80, 8, 4, 4, 4])[0]
            made["table"] = self.plan(depth + 1)
        elif kind == "file":
            made["content"] = self.content()
        elif kind == "link":
            made["target"] = self.random.choice([b"a", b"b", b"../x", b"\xff"])
        return made

    def vary(self, table, depth):
        """Another version of a directory."""
        new = {}
        for name, node in table.items():
            chance = self.random.random()
            if chance < 0.08:
                continue
            new[name] = self.node(depth) if chance < 0.14 else self.vary_node(node, depth)
        for name in self.random.sample(NAMES, 1 if self.random.random() < 0.3 else 0):
            new.setdefault(name, self.node(depth))
        return new

    def vary_node(self, node, depth):
        other = self.node(5)
        new = dict(node)
        for key in ("mode", "time", "uid", "gid"):
            if self.random.random() < 0.12 and (key != "mode" or node["kind"] != "dir"):
                new[key] = other[key]
        if node["kind"] == "dir":
            new["table"] = self.vary(node["table"], depth + 1)
            new["mode"] = self.random.choices([node["mode"], 0o755, 0o000, 0o744], [88, 8, 2, 2])[0]
        if node["kind"] == "file" and self.random.random() < 0.2:
            new["content"] = self.content()
        if node["kind"] == "link" and self.random.random() < 0.2:
            new["target"] = self.random.choice([b"a", b"bb", b"c"])
        if self.random.random() < 0.05:
            new["hard"] = True
        return new

    def build(self, path, table):
        os.mkdir(path)
        for name, node in table.items():
            self.make(path + b"/" + name, node)

    def make(self, path, node):
        kind = node["kind"]
        # Some are other names of a file in the tree before.
        twin = b"%d" % (int(path[:1]) - 1) + path[1:] if node.get("hard") else None
        if kind == "file" and twin and os.path.isfile(twin) and not os.path.islink(twin):
            os.link(twin, path)
            return
        if kind == "file":
            with open(path, "wb") as file:
                file.write(node["content"])
        elif kind == "dir":
            self.build(path, node["table"])
        elif kind == "link":
            os.symlink(node["target"], path)
        elif kind == "fifo":
            os.mkfifo(path)
        else:
            # A socket's path is short: it is made elsewhere and moved.
            with socket.socket(socket.AF_UNIX) as one:
                one.bind(b"s")
            os.rename(b"s", path)
        if os.getuid() == 0:
            os.chown(path, node["uid"], node["gid"], follow_symlinks=False)
        if kind != "link":
            os.chmod(path, node["mode"])
        os.utime(path, ns=(node["time"], node["time"]), follow_symlinks=False)

    def trees(self, count):
        table = self.plan(0)
        for i in range(count):
            self.build(b"%d" % i, table)
            table = self.vary(table, 0)


# ---- what a tree is ----------------------------------------------------------------------------


class Entry:
    """One file as it can be seen: `stat` is None when it cannot; `children` is None for all but directories that can be read.
    `named_dir`: the name is known to be a directory's, by the directory that it is in."""

    def __init__(self, path, named_dir=True):
        self.path = path
        self.named_dir = named_dir
        self.stat = self.children = self.target = None
        try:
            self.stat = os.lstat(path)
        except PermissionError:
            return
        if stat.S_ISLNK(self.stat.st_mode):
            self.target = os.readlink(path)
        if self.is_dir:
            try:
                with os.scandir(path) as found:
                    self.children = {one.name: Entry(one.path, one.is_dir(follow_symlinks=False)) for one in found}
            except PermissionError:
                pass

    @property
    def is_dir(self):
        return self.stat is not None and stat.S_ISDIR(self.stat.st_mode)

    @property
    def format(self):
        return stat.S_IFMT(self.stat.st_mode)

    def bytes(self):
        try:
            with open(self.path, "rb") as file:
                return file.read()
        except PermissionError:
            return None


# ---- the rules ---------------------------------------------------------------------------------

MISSING, NO_PARENT, UNKNOWN = "missing", "no parent", "unknown"


class Rules:
    def __init__(self, by, tolerance, fold=()):
        self.by = set(by)
        self.tolerance = tolerance
        self.fold = fold
        self.decides = set("tlscm")
        self.decides |= {letter for word, letter in (("owner", "o"), ("group", "g"), ("mode", "p")) if word in self.by}

    def asked(self, *words):
        return bool(self.by & set(words))

    def same_time(self, a, b):
        return abs(a.stat.st_mtime_ns - b.stat.st_mtime_ns) <= self.tolerance

    def must_read(self, a, b):
        """Can nothing but the bytes tell whether two files are equal?"""
        if a.format != stat.S_IFREG or b.format != stat.S_IFREG or a.stat.st_size != b.stat.st_size:
            return False
        if (a.stat.st_dev, a.stat.st_ino) == (b.stat.st_dev, b.stat.st_ino):
            return False
        return self.asked("content") or (self.asked("auto") and not self.same_time(a, b))

    def differs(self, a, b):
        """The letters in which two entries differ."""
        found = set()
        if a.stat.st_uid != b.stat.st_uid:
            found.add("o")
        if a.stat.st_gid != b.stat.st_gid:
            found.add("g")
        if stat.S_IMODE(a.stat.st_mode) != stat.S_IMODE(b.stat.st_mode):
            found.add("p")
        if a.format != b.format:
            return found | {"t"}
        if a.is_dir:
            return found
        if a.format == stat.S_IFLNK:
            return found | ({"l"} if self.asked("target", "content", "auto") and a.target != b.target else set())
        if a.stat.st_size != b.stat.st_size:
            if self.asked("size", "auto"):
                found.add("s")
            elif self.asked("content") and a.format == stat.S_IFREG:
                found.add("c")
        elif self.must_read(a, b) and None not in (a.bytes(), b.bytes()) and a.bytes() != b.bytes():
            found.add("c")
        if self.asked("mtime") and not self.same_time(a, b):
            found.add("m")
        return found

    def unreadable(self, entry, others, dirs):
        """`!`: no attributes, no entries (where they matter), no bytes (where they decide)."""
        if entry.stat is None:
            return True
        if entry.is_dir:
            return dirs > 1 and entry.children is None
        return any(self.must_read(entry, other) for other in others) and entry.bytes() is None

    def row(self, sides):
        """Letters, flags and state of one row; a side is an Entry or one of the words above."""
        known = [side for side in sides if isinstance(side, Entry) and side.stat is not None]
        dirs = sum(side.is_dir for side in known)
        flags = set()
        for i, a in enumerate(known):
            for b in known[i + 1 :]:
                flags |= self.differs(a, b)
        if "t" in flags:
            flags -= set("lscm")
        letters, firsts = "", []
        for side in sides:
            if not isinstance(side, Entry):
                letters += "." if side == UNKNOWN else "-"
            elif self.unreadable(side, [other for other in known if other is not side], dirs):
                letters += "!"
            else:
                at = next((i for i, first in enumerate(firsts) if not self.differs(first, side) & self.decides), len(firsts))
                if at == len(firsts):
                    firsts.append(side)
                letters += "abcd"[at]
        if "!" in letters:
            state = "error"
        elif len(firsts) > 1 or MISSING in sides:
            state = "different"
        else:
            state = "unknown" if UNKNOWN in sides else "same"
        return letters, "".join(letter if letter in flags else "." for letter in "tlscmogp"), state

    def below(self, path, sides):
        """All rows below a directory, in order."""
        readable = [side for side in sides if isinstance(side, Entry) and side.children is not None]
        if len(readable) < 2:
            return
        for name, each in sorted(self.names(sides)):
            inner = [self.child(side, own) for side, own in zip(sides, each)]
            here = path + name
            is_dir = any(isinstance(side, Entry) and side.named_dir for side in inner)
            yield (here + b"/" if is_dir else here, inner, *self.row(inner))
            yield from self.below(here + b"/", inner)

    def key(self, name):
        """What a name is alike to."""
        try:
            text = name.decode()
        except UnicodeDecodeError:
            return name
        if "unicode" in self.fold:
            text = unicodedata.normalize("NFD", text)
        if "case" in self.fold:
            text = text.casefold()
        return (unicodedata.normalize("NFC", text) if "unicode" in self.fold else text).encode()

    def names(self, sides):
        """The names of the rows in a directory, each with what it is called on every side. Several names of one side are never one row."""
        alike = {}
        for i, side in enumerate(sides):
            for name in (isinstance(side, Entry) and side.children) or ():
                alike.setdefault(self.key(name), {}).setdefault(i, []).append(name)
        for called in alike.values():
            if any(len(names) > 1 for names in called.values()):
                yield from ((name, [name] * len(sides)) for name in set(sum(called.values(), [])))
            else:
                first = called[min(called)][0]
                yield first, [called.get(i, [first])[0] for i in range(len(sides))]

    @staticmethod
    def child(side, name):
        if not isinstance(side, Entry):
            return UNKNOWN if side == UNKNOWN else NO_PARENT
        if side.stat is None:
            return UNKNOWN
        if not side.is_dir:
            return NO_PARENT
        return UNKNOWN if side.children is None else side.children.get(name, MISSING)


# ---- the program -------------------------------------------------------------------------------


def name_of(record):
    if "path_b64" in record:
        return base64.b64decode(record["path_b64"])
    return os.fsencode(record["path"])


def check_json(output, rows):
    """Do the objects hold what the rows say?"""
    records = [json.loads(line) for line in output.splitlines()]
    got = [(name_of(record), record["classes"], record["flags"]) for record in records]
    if got != [(path, letters, flags) for path, _, letters, flags, _ in rows]:
        return got
    for record, (_, sides, letters, _, _) in zip(records, rows):
        for i, (entry, side) in enumerate(zip(record["entries"], sides)):
            if (entry is None) != (not isinstance(side, Entry)):
                return record
            if entry is None:
                continue
            if name_of(entry) != side.path or ("error" in entry) != (letters[i] == "!"):
                return record
            if side.stat and (entry["size"], entry["mtime"], entry["uid"]) != (side.stat.st_size, side.stat.st_mtime_ns, side.stat.st_uid):
                return record
    return None


def run(program, arguments):
    # A directory that is not ours may lie above: the program is found by its descriptor.
    command = ["/proc/self/fd/%d" % program] + arguments
    try:
        return subprocess.run(command, pass_fds=[program], capture_output=True, stdin=subprocess.DEVNULL, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, -1, b"", b"did not end")


def check_case(program, seed):
    """One case in the working directory. Returns whether the program and the rules agree."""
    chance = random.Random(seed)
    roots = sorted(name for name in os.listdir(b".") if name.isdigit())
    by = chance.sample(CRITERIA, 1 if chance.random() < 0.7 else chance.randint(2, 4)) if chance.random() < 0.8 else ["auto"]
    tolerance = chance.choice([0, 0, 0.5, 1])
    everything = chance.random() < 0.6
    as_json = chance.random() < 0.3
    arguments = ["--no-config", "--diff", "--by=" + ",".join(by), "--time-tolerance=%s" % tolerance, "--jobs=%d" % chance.randint(1, 4)]
    fold = chance.sample(["case", "unicode"], chance.randint(1, 2)) if chance.random() < 0.3 else []
    arguments += ["--fold=" + ",".join(fold)] * bool(fold)
    arguments += ["--all"] * everything + (["--format=json"] if as_json else ["-0"])
    rows = list(Rules(by, int(tolerance * 1_000_000_000), fold).below(b"", [Entry(root) for root in roots]))
    states = {row[4] for row in rows}
    status = 2 if states & {"error", "unknown"} else 1 if "different" in states else 0
    expected = [row for row in rows if everything or row[4] != "same"]
    done = run(program, arguments + roots)
    if as_json:
        wrong = check_json(done.stdout, expected)
    else:
        wanted = b"".join(b"%s %s %s\0" % (letters.encode(), flags.encode(), path) for path, _, letters, flags, _ in expected)
        wrong = done.stdout if done.stdout != wanted else None
    if wrong is None and done.returncode == status:
        return True
    print("seed %d: %s: status %d, expected %d" % (seed, " ".join(arguments), done.returncode, status))
    for path, _, letters, flags, state in expected:
        print("  expected", letters, flags, path, state)
    for line in (wrong or b"").split(b"\0") if isinstance(wrong, (bytes, type(None))) else [wrong]:
        print("  got     ", line)
    print("  " + done.stderr.decode(errors="replace").replace("\n", "\n  "))
    return False


def run_batch(program, top, seeds):
    """Make the trees of a batch, then compare them, as another user if need be."""
    for seed in seeds:
        os.mkdir("%s/%d" % (top, seed))
        os.chdir("%s/%d" % (top, seed))
        Maker(seed).trees(2 + seed % 3)
    where = [os.open("%s/%d" % (top, seed), os.O_RDONLY) for seed in seeds]
    child = os.fork()
    if child == 0:
        wrong = len(seeds)
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            for seed, fd in zip(seeds, where):
                os.fchdir(fd)
                wrong -= check_case(program, seed)
        except OSError as error:
            print("%s: %s" % (error.filename, error.strerror))
        finally:
            sys.stdout.flush()
            os._exit(0 if wrong == 0 else 1)
    for fd in where:
        os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def clean(top):
    for here, dirs, _ in os.walk(top):
        for name in dirs:
            if not os.path.islink(os.path.join(here, name)):
                os.chmod(os.path.join(here, name), 0o700)
    shutil.rmtree(top)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    program = os.open(os.environ["MUNTIN"], os.O_RDONLY)
    good = True
    for first in range(seed, seed + count, BATCH):
        top = tempfile.mkdtemp(prefix="diff.")
        os.chmod(top, 0o755)
        try:
            good &= run_batch(program, top, range(first, min(first + BATCH, seed + count)))
        finally:
            os.chdir("/")
            clean(top)
    print("%d cases, seeds from %d: %s" % (count, seed, "as the rules say" if good else "DIFFERENT"))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
