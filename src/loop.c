#include "loop.h"

#include "diag.h"
#include "spawn.h"

#include <errno.h>
#include <limits.h>
#include <time.h>
#include <unistd.h>

#ifndef MUNTIN_LINUX_CALLS
#ifdef __linux__
#define MUNTIN_LINUX_CALLS 1
#else
#define MUNTIN_LINUX_CALLS 0
#endif
#endif

#if MUNTIN_LINUX_CALLS
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#endif

void loop_fini(struct loop *loop)
{
	while (loop->watches)
		loop_remove(loop, loop->watches);
	while (loop->timers)
		loop_timer_cancel(loop, loop->timers);
	free(loop->polled);
	*loop = (struct loop)LOOP_INIT;
}

int64_t loop_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * LOOP_SECOND + now.tv_nsec;
}

int loop_add(struct loop *loop, struct loop_watch *watch)
{
	struct loop_watch **at = &loop->watches;

	assert(!watch->added);
	if (vec_grow(&loop->polled, &loop->polled_cap, loop->watch_count + 1, sizeof(*loop->polled)) != 0)
		return -1;
	while (*at && (*at)->rank <= watch->rank)
		at = &(*at)->next;
	watch->next = *at;
	*at = watch;
	watch->ready = 0;
	watch->added = true;
	loop->watch_count++;
	return 0;
}

void loop_remove(struct loop *loop, struct loop_watch *watch)
{
	struct loop_watch **at = &loop->watches;

	if (!watch->added)
		return;
	while (*at != watch)
		at = &(*at)->next;
	*at = watch->next;
	watch->next = NULL;
	watch->ready = 0;
	watch->added = false;
	loop->watch_count--;
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t when)
{
	struct loop_timer **at = &loop->timers;

	loop_timer_cancel(loop, timer);
	while (*at && (*at)->when <= when)
		at = &(*at)->next;
	timer->when = when;
	timer->next = *at;
	*at = timer;
	timer->due = false;
	timer->set = true;
}

void loop_timer_cancel(struct loop *loop, struct loop_timer *timer)
{
	struct loop_timer **at = &loop->timers;

	if (!timer->set)
		return;
	while (*at != timer)
		at = &(*at)->next;
	*at = timer->next;
	timer->next = NULL;
	timer->due = false;
	timer->set = false;
}

/* As poll(2) wants it: milliseconds, rounded up so that a deadline has come when we wake; -1 for ever. */
static int poll_timeout(const struct loop *loop, int64_t max_wait)
{
	int64_t wait = max_wait;

	if (loop->timers && wait != 0) {
		int64_t left = loop->timers->when - loop_now();

		if (left < 0)
			left = 0;
		if (wait < 0 || left < wait)
			wait = left;
	}
	if (wait < 0)
		return -1;
	return wait / LOOP_MS >= INT_MAX ? INT_MAX : (int)((wait + LOOP_MS - 1) / LOOP_MS);
}

/* Poll, and leave what is ready in the watches. Returns 0, or -1 with errno. */
static int loop_wait(struct loop *loop, int64_t max_wait)
{
	struct loop_watch *watch;
	size_t i = 0;
	int count;

	for (watch = loop->watches; watch; watch = watch->next) {
		loop->polled[i].fd = watch->events ? watch->fd : -1;
		loop->polled[i++].events = watch->events;
	}
	count = poll(loop->polled, i, poll_timeout(loop, max_wait));
	if (count < 0)
		return errno == EINTR ? 0 : -1;
	i = 0;
	for (watch = loop->watches; watch; watch = watch->next)
		watch->ready = count > 0 ? loop->polled[i++].revents : 0;
	return 0;
}

static struct loop_watch *first_ready(const struct loop *loop)
{
	struct loop_watch *watch = loop->watches;

	while (watch && !watch->ready)
		watch = watch->next;
	return watch;
}

/* A callback may change the list in any way, so each search begins at its head. Returns how many ran. */
static int run_watches(struct loop *loop)
{
	struct loop_watch *watch;
	int ran = 0;

	while ((watch = first_ready(loop))) {
		short revents = watch->ready;

		watch->ready = 0;
		watch->fn(watch->arg, revents);
		ran++;
	}
	return ran;
}

static struct loop_timer *first_due(const struct loop *loop)
{
	struct loop_timer *timer = loop->timers;

	while (timer && !timer->due)
		timer = timer->next;
	return timer;
}

/* What a callback sets, even to a time in the past, waits for the next turn. Returns how many ran. */
static int run_timers(struct loop *loop)
{
	struct loop_timer *timer;
	int64_t now;
	int ran = 0;

	if (!loop->timers)
		return 0;
	now = loop_now();
	for (timer = loop->timers; timer && timer->when <= now; timer = timer->next)
		timer->due = true;
	while ((timer = first_due(loop))) {
		loop_timer_cancel(loop, timer);
		timer->fn(timer->arg);
		ran++;
	}
	return ran;
}

int loop_run_once(struct loop *loop, int64_t max_wait)
{
	int ran;

	if (loop_wait(loop, max_wait) != 0)
		return -1;
	ran = run_watches(loop);
	ran += run_timers(loop);
	diag_log(DIAG_LOOP, "woke up for %d", ran);
	return ran;
}

/* ---- signals ---- */

/* Whoever started us may have wanted these ignored: nohup, a job of a shell without job control. */
static void leave_out_ignored(sigset_t *set)
{
	static const int kept[] = { SIGHUP, SIGINT, SIGQUIT };

	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		struct sigaction action;

		if (sigaction(kept[i], NULL, &action) == 0 && action.sa_handler == SIG_IGN)
			sigdelset(set, kept[i]);
	}
}

#if MUNTIN_LINUX_CALLS

static int signals_start(struct loop_signals *sigs)
{
	sigs->watch.fd = signalfd(-1, &sigs->set, SFD_NONBLOCK | SFD_CLOEXEC);
	return sigs->watch.fd < 0 ? -1 : 0;
}

/* The next signal that waits, or 0. */
static int signals_next(struct loop_signals *sigs)
{
	struct signalfd_siginfo info;
	ssize_t len;

	do
		len = read(sigs->watch.fd, &info, sizeof(info));
	while (len < 0 && errno == EINTR);
	return len == (ssize_t)sizeof(info) ? (int)info.ssi_signo : 0;
}

static void signals_stop(struct loop_signals *sigs)
{
	close(sigs->watch.fd);
}

#else

/*
 * POSIX has no descriptor for signals, and a handler that writes into a pipe needs a global variable. So a
 * thread waits for them; it ends when it gets one of them after `stop` was set.
 */
static void *signals_thread(void *arg)
{
	struct loop_signals *sigs = arg;
	int signo;

	while (sigwait(&sigs->set, &signo) == 0 && !atomic_load(&sigs->stop)) {
		unsigned char byte = (unsigned char)signo;

		while (write(sigs->write_fd, &byte, 1) < 0 && errno == EINTR)
			;
	}
	return NULL;
}

static void ignore_in_handler(int signo)
{
	(void)signo;
}

/* Signals that are discarded by default need not become pending while blocked; with a handler they do. */
static void give_handlers(void)
{
	static const int discarded[] = { SIGCHLD, SIGCONT, SIGURG, SIGWINCH };
	struct sigaction action = { .sa_handler = ignore_in_handler, .sa_flags = SA_RESTART };

	for (size_t i = 0; i < ARRAY_LEN(discarded); i++) {
		struct sigaction old;

		if (sigaction(discarded[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
			sigaction(discarded[i], &action, NULL);
	}
}

static int signals_start(struct loop_signals *sigs)
{
	int fds[2];
	int error;

	if (spawn_pipe(fds) != 0)
		return -1;
	give_handlers();
	sigs->watch.fd = fds[0];
	sigs->write_fd = fds[1];
	error = spawn_nonblock(fds[0]) != 0 || spawn_nonblock(fds[1]) != 0 ? errno : 0;
	if (!error)
		error = pthread_create(&sigs->thread, NULL, signals_thread, sigs);
	if (!error)
		return 0;
	close(fds[0]);
	close(fds[1]);
	errno = error;
	return -1;
}

static int signals_next(struct loop_signals *sigs)
{
	unsigned char signo;
	ssize_t len;

	do
		len = read(sigs->watch.fd, &signo, 1);
	while (len < 0 && errno == EINTR);
	return len == 1 ? signo : 0;
}

static void signals_stop(struct loop_signals *sigs)
{
	int signo = 1;

	while (!sigismember(&sigs->set, signo))
		signo++;
	atomic_store(&sigs->stop, true);
	pthread_kill(sigs->thread, signo);
	pthread_join(sigs->thread, NULL);
	close(sigs->watch.fd);
	close(sigs->write_fd);
}

#endif

static void signals_ready(void *arg, short revents)
{
	struct loop_signals *sigs = arg;
	int signo;

	(void)revents;
	while (sigs->open && (signo = signals_next(sigs)) != 0)
		sigs->fn(sigs->arg, signo);
}

int loop_signals_open(struct loop *loop, struct loop_signals *sigs, const sigset_t *set)
{
	int error;

	sigs->set = *set;
	atomic_init(&sigs->stop, false);
	leave_out_ignored(&sigs->set);
	error = pthread_sigmask(SIG_BLOCK, &sigs->set, NULL);
	if (error) {
		errno = error;
		return -1;
	}
	if (signals_start(sigs) != 0)
		return -1;
	sigs->watch.events = POLLIN;
	sigs->watch.rank = LOOP_SIGNAL;
	sigs->watch.fn = signals_ready;
	sigs->watch.arg = sigs;
	sigs->watch.added = false;
	if (loop_add(loop, &sigs->watch) != 0) {
		signals_stop(sigs);
		errno = ENOMEM;
		return -1;
	}
	sigs->open = true;
	return 0;
}

void loop_signals_close(struct loop *loop, struct loop_signals *sigs)
{
	if (!sigs->open)
		return;
	sigs->open = false;
	loop_remove(loop, &sigs->watch);
	signals_stop(sigs);
}

/* ---- wake-ups ---- */

int wakeup_init(struct wakeup *wakeup)
{
	atomic_init(&wakeup->raised, false);
	wakeup->fd = wakeup->write_fd = -1;
#if MUNTIN_LINUX_CALLS
	wakeup->fd = wakeup->write_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return wakeup->fd < 0 ? -1 : 0;
#else
	int fds[2];

	if (spawn_pipe(fds) != 0)
		return -1;
	wakeup->fd = fds[0];
	wakeup->write_fd = fds[1];
	if (spawn_nonblock(fds[0]) == 0 && spawn_nonblock(fds[1]) == 0)
		return 0;
	wakeup_fini(wakeup);
	return -1;
#endif
}

void wakeup_fini(struct wakeup *wakeup)
{
	int saved = errno;

	if (wakeup->fd >= 0)
		close(wakeup->fd);
	if (wakeup->write_fd >= 0 && wakeup->write_fd != wakeup->fd)
		close(wakeup->write_fd);
	wakeup->fd = wakeup->write_fd = -1;
	errno = saved;
}

void wakeup_raise(struct wakeup *wakeup)
{
	uint64_t one = 1;   /* the size that an eventfd takes; a pipe takes it too */
	int saved = errno;

	if (atomic_exchange(&wakeup->raised, true))
		return;
	while (write(wakeup->write_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	errno = saved;
}

void wakeup_clear(struct wakeup *wakeup)
{
	uint64_t taken;
	ssize_t len;

	/* Read first: a raise in between writes nothing, and what it stands for is looked at after this. */
	do
		len = read(wakeup->fd, &taken, sizeof(taken));
	while (len > 0 || (len < 0 && errno == EINTR));
	atomic_exchange(&wakeup->raised, false);
}
