/*
 * The one poll(2) of a process: descriptors, deadlines, signals, and wake-ups from other threads.
 *
 * One turn (loop_run_once) sleeps until something is ready, then calls back in the order of enum
 * loop_rank, and the deadlines that have passed last. What must come after all of them, such as
 * painting, the caller does between two turns. With nothing ready and no deadline set it sleeps for
 * ever: an idle program makes no system call.
 *
 * Watches, timers and signals are structures of the caller's, linked into the loop and never copied:
 * adding them cannot fail for want of memory once loop_add() said so, and each may be removed, or
 * another added, from inside any callback.
 */
#ifndef MUNTIN_LOOP_H
#define MUNTIN_LOOP_H

#include "base.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

/** A second in nanoseconds, the unit of every time here. */
#define LOOP_SECOND INT64_C(1000000000)
/** A millisecond. */
#define LOOP_MS INT64_C(1000000)
/** As max_wait: no limit. */
#define LOOP_FOREVER INT64_C(-1)

/** Who is served first in a turn. */
enum loop_rank {
	LOOP_SIGNAL,    /* signals, and the supervisor's link */
	LOOP_KEY,       /* the terminal */
	LOOP_RING,      /* wake-ups: rings, jobs */
	LOOP_WATCH,     /* inotify, children, everything else */
};

/** A descriptor of interest. Fill in the first five fields; change `events` at any time. */
struct loop_watch {
	int fd;                               /* stays the caller's */
	short events;                         /* POLLIN, POLLOUT; 0 to pause */
	enum loop_rank rank;
	void (*fn)(void *arg, short revents); /* called at most once a turn */
	void *arg;
	struct loop_watch *next;              /* the loop's */
	short ready;                          /* the loop's: revents not yet reported */
	bool added;                           /* the loop's */
};

/** A one-shot deadline. Fill in the first two fields. */
struct loop_timer {
	void (*fn)(void *arg);
	void *arg;
	int64_t when;                         /* the loop's: nanoseconds of loop_now() */
	struct loop_timer *next;              /* the loop's */
	bool due;                             /* the loop's: to be called in this turn */
	bool set;                             /* whether it is waiting; read it freely */
};

/** The loop. */
struct loop {
	struct loop_watch *watches;           /* by rank, then in the order they were added */
	size_t watch_count;
	struct loop_timer *timers;            /* by time */
	struct pollfd *polled;
	size_t polled_cap;
};

/** An empty loop; needs no memory.   Thread: any. */
#define LOOP_INIT { NULL, 0, NULL, NULL, 0 }

/**
 * Let go of everything; watches and timers are forgotten, their descriptors left open.
 * Thread: main.
 */
void loop_fini(struct loop *loop);

/** Nanoseconds of the monotonic clock.   Thread: any. */
int64_t loop_now(void);

/** Begin to watch. Returns 0, or -1 with ENOMEM.   Thread: main. */
MUN_NODISCARD int loop_add(struct loop *loop, struct loop_watch *watch);

/**
 * Stop watching; its callback will not be called again, not in this turn either. No-op if not added.
 * Thread: main.
 */
void loop_remove(struct loop *loop, struct loop_watch *watch);

/** Call `timer->fn` once at `when` or soon after; replaces the time set before.   Thread: main. */
void loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t when);

/** Forget the time set. No-op if none is.   Thread: main. */
void loop_timer_cancel(struct loop *loop, struct loop_timer *timer);

/**
 * One turn: sleep until a descriptor is ready, a deadline has come or `max_wait` nanoseconds have
 * passed (0: only look, LOOP_FOREVER: no limit), then call back.
 * Returns how many callbacks ran, or -1 with errno. EINTR counts as nothing being ready.   Thread: main.
 */
MUN_NODISCARD int loop_run_once(struct loop *loop, int64_t max_wait);

/** Signals as events of the loop. Fill in the first two fields. */
struct loop_signals {
	void (*fn)(void *arg, int signo);     /* once per signal read; equal pending ones are one */
	void *arg;
	struct loop_watch watch;              /* the rest is the loop's */
	sigset_t set;
	int write_fd;                         /* without signalfd: where `thread` writes */
	pthread_t thread;                     /* without signalfd: waits for the signals */
	atomic_bool stop;
	bool open;
};

/**
 * Block `set` in this thread and report its signals from now on. Call it before any thread exists, so
 * that all inherit the mask. Of SIGHUP, SIGINT and SIGQUIT those that are ignored (nohup) stay so.
 * Returns 0, or -1 with errno.   Thread: main.
 */
MUN_NODISCARD int loop_signals_open(struct loop *loop, struct loop_signals *sigs, const sigset_t *set);

/** Stop reporting; the signals stay blocked. No-op if not open.   Thread: main. */
void loop_signals_close(struct loop *loop, struct loop_signals *sigs);

/** A bell another thread can ring. However often it rings, it is one event until it was cleared. */
struct wakeup {
	int fd;                               /* to watch, for POLLIN */
	int write_fd;                         /* the same with eventfd, the other end with a pipe */
	atomic_bool raised;
};

/** Returns 0, or -1 with errno.   Thread: any. */
MUN_NODISCARD int wakeup_init(struct wakeup *wakeup);

/** Close it; nobody may raise it any more. No-op on a failed or finished one.   Thread: any. */
void wakeup_fini(struct wakeup *wakeup);

/**
 * Make `fd` readable: one write until the next clear, then free of system calls.
 * Thread: any; signal handlers too.
 */
void wakeup_raise(struct wakeup *wakeup);

/**
 * Take the event. First clear, then look at what the other threads have left: what is put before a
 * raise is then either seen now or rings again.   Thread: main.
 */
void wakeup_clear(struct wakeup *wakeup);

#endif
