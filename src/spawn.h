/*
 * Children: other programs, started by exec and never by a bare fork.
 *
 * Every child begins with an empty signal mask, default dispositions and the descriptors 0, 1 and 2;
 * nothing else of ours, for all we open is close-on-exec. No shell is involved and PATH is not searched.
 */
#ifndef MUNTIN_SPAWN_H
#define MUNTIN_SPAWN_H

#include "base.h"
#include "buf.h"

#include <sys/types.h>

enum spawn_flags {
	SPAWN_STDERR_PIPE = 1 << 0,   /* stderr comes back through `err`; without it, it goes to /dev/null */
	SPAWN_STDERR_KEEP = 1 << 1,   /* stderr is ours */
	SPAWN_GROUP = 1 << 2,         /* a process group of its own: out of reach of ^C and ^Z */
};

/** A child and our ends of its pipes. */
struct spawn_child {
	pid_t pid;      /* 0: none, or reaped already */
	int in;         /* writes to its stdin; -1 if none. Close it (and set -1) to say there is no more */
	int out;        /* reads its stdout; -1 if none */
	int err;        /* reads its stderr; -1 unless SPAWN_STDERR_PIPE */
	int exit_fd;    /* readable once it has ended, for a loop; -1 where there is no pidfd: use SIGCHLD */
	int status;     /* as of waitpid(2), once pid is 0 again */
};

/** A child that is none. */
#define SPAWN_CHILD_INIT { 0, -1, -1, -1, -1, 0 }

/**
 * A pipe, both ends close-on-exec and blocking: fds[0] reads. Returns 0, or -1 with errno.
 * Thread: any.
 */
MUN_NODISCARD int spawn_pipe(int fds[2]);

/**
 * Make reads and writes of a descriptor of ours never wait. Returns 0, or -1 with errno.
 * Thread: any.
 */
MUN_NODISCARD int spawn_nonblock(int fd);

/** Let a pipe hold so many bytes, where the system can and allows it.   Thread: any. */
void spawn_widen(int fd, int size);

/**
 * Start the program at `path` with its stdin and stdout on pipes to us; ours block until set otherwise.
 * `argv[0]` is the name it is shown under. A writer to `in` must ignore or block SIGPIPE.
 * Returns 0, or -1 with errno (ENOENT, EACCES: of the program); `child` is then none.   Thread: any.
 */
MUN_NODISCARD int spawn_start(struct spawn_child *child, const char *path, char *const argv[],
			      enum spawn_flags flags);

/**
 * Start a program that takes over our terminal: it has our 0, 1 and 2 (or `tty` for all three when that is
 * not -1) and stays in our process group. The caller has left the screen, ignores SIGINT and SIGQUIT
 * meanwhile, and waits through its loop until spawn_reap() says it has ended.
 * Returns 0, or -1 with errno; `child` is then none.   Thread: main.
 */
MUN_NODISCARD int spawn_foreground(struct spawn_child *child, const char *path, char *const argv[], int tty);

/**
 * Has it ended? Never waits. True when it has, now or earlier (`status` then holds how); the pipes stay
 * open, for what may still be in them.   Thread: any, but one at a time.
 */
bool spawn_reap(struct spawn_child *child);

/**
 * Send a signal, if it still runs. Safe: a pid is not used again before spawn_reap().
 * Thread: as spawn_reap().
 */
void spawn_kill(struct spawn_child *child, int signo);

/**
 * Close all our descriptors of it, which tells it to end. It still wants spawn_reap() if `pid` is not 0.
 * Thread: any.
 */
void spawn_close(struct spawn_child *child);

/**
 * Find muntin-worker: beside the running program, else in libexecdir. Appends its absolute path.
 * Returns 0, or -1 with errno.   Thread: any.
 */
MUN_NODISCARD int spawn_find_worker(struct buf *path);

#endif
