/*
 * The process the shell waits for, and the link between it and the program proper, its child.
 *
 * The supervisor touches no browsed path: it can always end, although a thread of the child may hang in a
 * dead mount for ever, and it puts the terminal in order whatever the child died of. A child whose
 * supervisor died does the same for itself, by supervise_abandon().
 *
 * Such a thread also hides the death of its process, which cannot be reaped while it lives. So the child's
 * main thread holds a robust mutex, for which a second thread of the supervisor waits: it is given up when
 * the one that holds it ends, whatever becomes of the others.
 *
 * Suspending: the supervisor receives SIGTSTP (the child ignores it while it has the screen) and sends
 * SUPERVISE_SUSPEND; or the child wants it by itself (a key). Either way the child leaves the screen and
 * calls supervise_suspended(), then goes on with its loop, without painting. It is stopped soon; later
 * it finds SUPERVISE_RESUME on the link, and enters the screen again.
 */
#ifndef MUNTIN_SUPERVISE_H
#define MUNTIN_SUPERVISE_H

#include "base.h"

#include <pthread.h>
#include <termios.h>

/** The longest string of bytes that restores a terminal. */
#define SUPERVISE_RESTORE_MAX 512

/** The child's end. Only `fd` and `tty` are for others. */
struct supervise_link {
	int fd;                 /* to watch, for POLLIN: then supervise_read() */
	int tty;                /* the terminal (non-blocking: not for curses), or -1 if there is none */
	bool entered;           /* the screen is ours */
	bool saved;             /* `modes` are those of the shell */
	bool said;              /* bye was said */
	struct termios modes;
	size_t restore_len;
	char restore[SUPERVISE_RESTORE_MAX];
};

/** What the child tells, all of it each time: both ends are one program. Theirs alone. */
struct supervise_message {
	enum { SAYS_BEGUN, SAYS_ENTERED, SAYS_LEFT, SAYS_SUSPENDED, SAYS_BYE } kind;
	int status;             /* with SAYS_BYE */
	struct termios modes;   /* with SAYS_ENTERED, as the rest */
	size_t restore_len;
	char restore[SUPERVISE_RESTORE_MAX];
};

/** What the supervisor wants. */
enum supervise_event {
	SUPERVISE_NONE,
	SUPERVISE_SUSPEND,      /* leave the screen, then supervise_suspended() */
	SUPERVISE_RESUME,       /* we are in the foreground again: enter the screen, redraw, rescan */
	SUPERVISE_ORPHANED,     /* it is dead: finish what must be, then supervise_abandon() */
};

/**
 * Fork before anything else exists; run `child` there and end that process with what it returns, which
 * is sent as by supervise_bye(). `child` begins with an empty signal mask and default dispositions
 * (SIGHUP, SIGINT, SIGQUIT, SIGTSTP stay ignored if they were: nohup).
 * Returns in the supervisor alone: the exit status, 128 + n if the child died of signal n; -1 with errno if
 * it could not be started.   Thread: main, the only one.
 */
MUN_NODISCARD int supervise(int (*child)(struct supervise_link *link, void *arg), void *arg);

/**
 * Say, before the terminal is touched, that the screen is about to be ours. The supervisor would write
 * `restore` (at most SUPERVISE_RESTORE_MAX bytes) and bring back the present modes of the terminal. Started in
 * the background, this stops the job until it is brought to the foreground; so call it the first time before
 * loop_signals_open() and before any thread. SIGTSTP is ignored from then on.
 * Returns 0, or -1 with errno: EIO when the terminal cannot be ours, EINTR when a signal that waits wants us
 * to end.   Thread: main.
 */
MUN_NODISCARD int supervise_enter(struct supervise_link *link, const void *restore, size_t len);

/**
 * Say, after the terminal was restored, that the screen is the shell's or another program's.
 * Thread: main.
 */
void supervise_leave(struct supervise_link *link);

/** The screen was left (this says so too); stop us now.   Thread: main. */
void supervise_suspended(struct supervise_link *link);

/** The latest wish, when `fd` is readable; never waits.   Thread: main. */
enum supervise_event supervise_read(struct supervise_link *link);

/**
 * Everything is said and written: the supervisor may leave with `status`, though we cannot end.
 * Thread: main.
 */
void supervise_bye(struct supervise_link *link, int status);

/**
 * Without a supervisor: restore the terminal, though it is no longer ours in the foreground, and end.
 * Thread: main.
 */
MUN_NORETURN void supervise_abandon(struct supervise_link *link, int status);

/**
 * What supervise() does in the child, with its end of the link and the mutex to hold or NULL.
 * Thread: main.
 */
MUN_NORETURN void supervise_child(struct supervise_link *link, pthread_mutex_t *life,
				  int (*child)(struct supervise_link *link, void *arg), void *arg);

#endif
