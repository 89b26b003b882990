/*
 * The file system: the only file of the project that calls it.
 *
 * Everything is relative to a directory descriptor; what changes something takes a held directory and one
 * component. Functions return 0 (or a descriptor, or a count) or -1 with errno, restart after EINTR, and never
 * follow a symbolic link in the last component unless their name says so. Descriptors are close-on-exec.
 * Thread: any but the interface's main thread, which must not wait for a disk; every one of these may hang
 * for ever on a dead mount.
 */
#ifndef MUNTIN_FSYS_H
#define MUNTIN_FSYS_H

#include "entry.h"

#include <sys/types.h>

/** One record of a directory, laid out as the kernel's struct linux_dirent64, see getdents64(2). */
struct fsys_dirent {
	uint64_t ino;
	int64_t off;
	uint16_t len;  /* of this record */
	uint8_t type;  /* DT_*, DT_UNKNOWN included */
	char name[];   /* terminated */
};

enum fsys_flags {
	FSYS_FOLLOW = 1 << 0, /* follow a symbolic link in the last component */
	FSYS_SYNC = 1 << 1,   /* ask the server, not a cache: before something is changed */
};

/** Open the directory that a root names; symbolic links are followed. Returns a descriptor. */
MUN_NODISCARD int fsys_open_root(const char *path);

/** Open the directory `name` in `dirfd`, never through a link (ELOOP, ENOTDIR), for reading. Returns a descriptor. */
MUN_NODISCARD int fsys_open_dir(int dirfd, const char *name);

/** The same, through symbolic links: for -L only. */
MUN_NODISCARD int fsys_open_dir_follow(int dirfd, const char *name);

/**
 * Open the directory at `path`, components joined by '/', below `dirfd`: through no link, no "..", no "/".
 * Its length is no limit. Returns a descriptor; a link on the way is ELOOP or ENOTDIR, see openat2(2).
 */
MUN_NODISCARD int fsys_open_beneath(int dirfd, const char *path);

/** Open a regular file for reading; anything else is EINVAL and is not waited for. `flags`: FSYS_FOLLOW. Returns a descriptor. */
MUN_NODISCARD int fsys_open_file(int dirfd, const char *name, unsigned flags);

/**
 * Open for reading what was found to be a regular file, through no link and without waiting; whether it still is one the caller
 * has to ask of the descriptor. Returns a descriptor.
 */
MUN_NODISCARD int fsys_open_found(int dirfd, const char *name);

/** Read at most `cap` bytes; 0 at the end. */
MUN_NODISCARD ssize_t fsys_read(int fd, void *buf, size_t cap);

/** A file will be read from start to end. */
void fsys_advise_sequential(int fd);

/** One more descriptor of the same open directory. */
MUN_NODISCARD int fsys_dup(int fd);

/** How many descriptors this process may have open. */
size_t fsys_descriptors(void);

/** Close; errno is kept as it was. Does nothing with a negative descriptor. */
void fsys_close(int fd);

/** A directory that is being read. */
struct fsys_dir {
	int fd;       /* borrowed by fsys_dir_read(), owned by this; closed by fsys_dir_fini() */
	void *stream; /* POSIX only: the DIR */
	void *held;   /* POSIX only: a record that did not fit */
	int error;    /* POSIX only: errno that came after records that were still returned */
};

/** Begin to read; takes the descriptor over (also when it fails). */
MUN_NODISCARD int fsys_dir_init(struct fsys_dir *dir, int fd);

/** Close it. */
void fsys_dir_fini(struct fsys_dir *dir);

/**
 * Fill `buf` with records; returns the bytes in use, 0 at the end. `.` and `..` are among them.
 * An error in the middle leaves the listing incomplete: -1 with errno.
 */
MUN_NODISCARD ssize_t fsys_dir_read(struct fsys_dir *dir, void *buf, size_t cap);

/** Attributes of `name` in `dirfd`; an empty name means the descriptor itself. `flags`: enum fsys_flags. */
MUN_NODISCARD int fsys_stat(int dirfd, const char *name, unsigned flags, struct attrs *out);

/**
 * The target of a symbolic link, at most `cap` bytes, not terminated. Returns its length; a target that does
 * not fit is ENAMETOOLONG.
 */
MUN_NODISCARD ssize_t fsys_readlink(int dirfd, const char *name, char *buf, size_t cap);

/**
 * Does an object keep its time of birth on the file system of a descriptor? On an overlay it does not: what is changed there
 * for the first time is copied, and a copy is born. No descriptor: yes. Keeps errno.
 */
bool fsys_keeps_birth(int fd);

/** What was heard of a watched directory. */
enum fsys_watch_what {
	FSYS_WATCH_CHANGED = 1 << 0, /* a name in it came, went or changed, or its own attributes */
	FSYS_WATCH_MOVED = 1 << 1,   /* it has another name now and is still watched */
	FSYS_WATCH_ENDED = 1 << 2,   /* it is not watched any more: removed, unmounted, or fsys_watch_remove() */
	FSYS_WATCH_MISSED = 1 << 3,  /* events were lost; nobody knows of which directory */
};

struct fsys_watch_event {
	int watch;     /* of fsys_watch_add(); none for FSYS_WATCH_MISSED */
	unsigned what; /* enum fsys_watch_what */
};

enum { FSYS_WATCH_EVENTS = 256 };

/** Begin to listen, see inotify(7). Returns a descriptor, readable while there are events; ENOSYS where it is not supported. */
MUN_NODISCARD int fsys_watch_open(void);

/**
 * Watch the open directory `dirfd`, which can be closed then. Returns a number, the same for the same directory; ENOSPC at the limit,
 * EOPNOTSUPP on file systems that change without the kernel's knowledge: remote ones, FUSE, /proc.
 */
MUN_NODISCARD int fsys_watch_add(int watcher, int dirfd);

/** Watch it no more. */
void fsys_watch_remove(int watcher, int watch);

/** Take events that wait, at most FSYS_WATCH_EVENTS. Returns how many, 0 when there are none. */
MUN_NODISCARD ssize_t fsys_watch_read(int watcher, struct fsys_watch_event *events);

/** Does a record name `.` or `..`? */
static inline bool fsys_is_dot(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

#endif
