#include "supervise.h"

#include "jobctl.h"
#include "loop.h"
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif

/* How long the child may take: to be stopped, to die of a signal, and to end after it said bye. */
#define STOP_TIME (500 * LOOP_MS)
#define DEATH_TIME (900 * LOOP_MS)
#ifdef SANITIZED
#define BYE_TIME LOOP_SECOND   /* it looks for leaks, and its verdict is the exit status */
#else
#define BYE_TIME (200 * LOOP_MS)
#endif

/* In memory that is shared with the child, and stays until the very end of both. */
struct life {
	pthread_mutex_t mutex;               /* held by the child's main thread */
	int ended;                           /* ours: the pipe's end to close when it was given up */
};

struct supervisor {
	pid_t child;
	int link;                            /* to the child; -1 once it is closed */
	struct life *life;                   /* NULL where there are no robust mutexes */
	int life_ended;                      /* readable when the child's main thread has ended; -1 if unknown */
	int tty;
	struct supervise_message heard;      /* being received */
	size_t heard_len;
	struct supervise_message terminal;   /* the last SAYS_ENTERED */
	bool entered;                        /* the child has the screen */
	bool saved;                          /* it had, once: `terminal` holds */
	bool suspended;                      /* it has left the screen in order to be stopped */
	bool bye;                            /* with status heard.status */
	int stopped;                         /* by this signal; 0: it runs */
	bool ended;                          /* and reaped: `status` holds */
	int status;
	int asked;                           /* the signal it should die of */
	int64_t deadline;                    /* when we stop waiting for that; 0: not waiting */
};

enum origin { NOT_CAUGHT, BY_PROCESS, BY_KERNEL };

static const int deadly[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
static const int caught_signals[] = { SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP };

/* Written by the handler, which runs only inside pselect(2). */
static volatile sig_atomic_t caught[NSIG];

static void catch(int signo, siginfo_t *info, void *context)
{
	(void)context;
	caught[signo] = info->si_code <= 0 || info->si_code == SI_USER ? BY_PROCESS : BY_KERNEL;
}

static enum origin take_caught(int signo)
{
	enum origin origin = (enum origin)caught[signo];

	caught[signo] = NOT_CAUGHT;
	return origin;
}

static void set_handlers(void)
{
	struct sigaction action = { .sa_sigaction = catch, .sa_flags = SA_SIGINFO | SA_RESTART };
	struct sigaction old;

	for (size_t i = 0; i < ARRAY_LEN(caught_signals); i++)
		if (caught_signals[i] == SIGCHLD || sigaction(caught_signals[i], NULL, &old) != 0 ||
		    old.sa_handler != SIG_IGN)
			sigaction(caught_signals[i], &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTTIN, SIG_DFL);
	signal(SIGTTOU, SIG_DFL);
}

static void block_caught(void)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(caught_signals); i++)
		sigaddset(&set, caught_signals[i]);
	sigprocmask(SIG_SETMASK, &set, NULL);
}

/* NULL where there are none: then some deaths just show later. */
static struct life *new_life(void)
{
	struct life *life = mmap(NULL, sizeof(*life), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t attr;
	bool good;

	if (life == MAP_FAILED)
		return NULL;
	good = pthread_mutexattr_init(&attr) == 0 &&
	       pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED) == 0 &&
	       pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST) == 0 &&
	       pthread_mutex_init(&life->mutex, &attr) == 0;
	return good ? life : NULL;
}

static void *wait_for_death(void *arg)
{
	struct life *life = arg;

	if (pthread_mutex_lock(&life->mutex) == EOWNERDEAD)
		close(life->ended);
	return NULL;
}

/* The child holds the mutex: from now on wait for it, in a thread that takes no signal. */
static void watch_life(struct supervisor *sup)
{
	pthread_t thread;
	sigset_t all;
	sigset_t old;
	int fds[2];

	if (spawn_pipe(fds) != 0)
		return;
	sup->life_ended = fds[0];
	sup->life->ended = fds[1];
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&thread, NULL, wait_for_death, sup->life) == 0)
		pthread_detach(thread);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void reap(struct supervisor *sup)
{
	int status;

	while (!sup->ended && waitpid(sup->child, &status, WNOHANG | WUNTRACED | WCONTINUED) > 0) {
		sup->stopped = WIFSTOPPED(status) ? WSTOPSIG(status) : 0;
		if (sup->stopped || WIFCONTINUED(status))
			continue;
		sup->ended = true;
		sup->status = status;
	}
}

static void obey(struct supervisor *sup)
{
	switch (sup->heard.kind) {
	case SAYS_BEGUN:
		watch_life(sup);
		break;
	case SAYS_ENTERED:
		sup->terminal = sup->heard;
		sup->saved = true;
		sup->entered = true;
		break;
	case SAYS_LEFT:
		sup->entered = false;
		break;
	case SAYS_SUSPENDED:
		sup->entered = false;
		sup->suspended = true;
		break;
	case SAYS_BYE:
		sup->bye = true;
		break;
	}
}

static void hear(struct supervisor *sup)
{
	for (;;) {
		char *rest = (char *)&sup->heard + sup->heard_len;
		ssize_t len = recv(sup->link, rest, sizeof(sup->heard) - sup->heard_len, MSG_DONTWAIT);

		if (len == 0) {
			close(sup->link);
			sup->link = -1;
		}
		if (len <= 0)
			return;
		sup->heard_len += (size_t)len;
		if (sup->heard_len < sizeof(sup->heard))
			continue;
		sup->heard_len = 0;
		obey(sup);
		if (sup->bye)
			return;
	}
}

static void give_time(struct supervisor *sup, int64_t time)
{
	if (sup->deadline == 0)
		sup->deadline = loop_now() + time;
}

/* Sleep until something happens or `until` (0: for ever) has come, and note what did happen. */
static void await(struct supervisor *sup, int64_t until)
{
	int64_t left = until - loop_now();
	struct timespec timeout = { 0, 0 };
	sigset_t none;
	fd_set fds;
	int link = sup->bye ? -1 : sup->link;
	int top = link > sup->life_ended ? link : sup->life_ended;

	if (left > 0)
		timeout = (struct timespec){ (time_t)(left / LOOP_SECOND), (long)(left % LOOP_SECOND) };
	FD_ZERO(&fds);
	if (link >= 0)
		FD_SET(link, &fds);
	if (sup->life_ended >= 0)
		FD_SET(sup->life_ended, &fds);
	sigemptyset(&none);
	if (pselect(top + 1, &fds, NULL, NULL, until ? &timeout : NULL, &none) < 0)
		FD_ZERO(&fds);
	if (sup->life_ended >= 0 && FD_ISSET(sup->life_ended, &fds)) {
		close(sup->life_ended);
		sup->life_ended = -1;
		give_time(sup, DEATH_TIME);
	}
	if (link >= 0)
		hear(sup);
	reap(sup);
	if (sup->ended && sup->link >= 0 && !sup->bye)
		hear(sup);   /* what it said between the two */
}

static void tell(const struct supervisor *sup, enum supervise_event event)
{
	char wish = (char)event;

	if (sup->link >= 0 && send(sup->link, &wish, 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return;   /* it is dying, and will be reaped */
}

/* Stop the child and then ourselves, as our shell expects of ^Z; come back when both go on. */
static void suspend(struct supervisor *sup)
{
	bool had_screen = sup->suspended;
	int64_t until = loop_now() + STOP_TIME;
	int signo = SIGTSTP;

	sup->suspended = false;
	kill(sup->child, SIGSTOP);
	while (!sup->stopped && !sup->ended && loop_now() < until)
		await(sup, until);
	if (sup->ended)
		return;
	/* Continued in the background, there is no terminal to come back to: stop again. */
	while (jobctl_stop(signo) && had_screen && jobctl_background(sup->tty) &&
	       !jobctl_death_pending())
		signo = SIGTTOU;
	if (had_screen && !jobctl_death_pending())
		tell(sup, SUPERVISE_RESUME);
	sup->stopped = 0;
	kill(sup->child, SIGCONT);
}

/* The child has stopped because it needs the terminal, which is another job's: wait with it for our turn. */
static void stop_along(struct supervisor *sup)
{
	while (jobctl_background(sup->tty) && !jobctl_death_pending() && jobctl_stop(SIGTTOU))
		;
	sup->stopped = 0;
	kill(sup->child, SIGCONT);
}

static void forward_signals(struct supervisor *sup)
{
	for (size_t i = 0; i < ARRAY_LEN(deadly); i++) {
		enum origin origin = take_caught(deadly[i]);
		/* The child has it too, and knows whether it is for an editor that it runs. */
		bool typed = origin == BY_KERNEL && (deadly[i] == SIGINT || deadly[i] == SIGQUIT);

		if (origin == NOT_CAUGHT)
			continue;
		if (!typed)
			kill(sup->child, deadly[i]);
		if (!typed || !sup->saved) {
			sup->asked = deadly[i];
			give_time(sup, DEATH_TIME);
		}
	}
	if (take_caught(SIGCONT))
		kill(sup->child, SIGCONT);
	if (!take_caught(SIGTSTP))
		return;
	if (sup->entered)
		tell(sup, SUPERVISE_SUSPEND);
	else
		suspend(sup);
}

/* The child has died: put the terminal in order. Returns the exit status. */
static int bury(struct supervisor *sup, int signo)
{
	bool quiet = signo == SIGHUP || signo == SIGINT || signo == SIGPIPE || signo == SIGTERM;
	char line[160];
	int len;

	if (sup->saved)
		jobctl_restore(sup->tty, &sup->terminal.modes, sup->terminal.restore,
				 sup->entered ? sup->terminal.restore_len : 0);
	if (signo == 0 || quiet)
		return 128 + signo;
	len = snprintf(line, sizeof(line), "muntin: killed by signal %d (%s)%s\n", signo, strsignal(signo),
		       sup->saved ? "; the terminal was restored" : "");
	jobctl_write(STDERR_FILENO, line, (size_t)len);
	return 128 + signo;
}

static int end_status(struct supervisor *sup)
{
	if (WIFSIGNALED(sup->status))
		return bury(sup, WTERMSIG(sup->status));
	if (sup->entered)
		bury(sup, 0);
	return WEXITSTATUS(sup->status);
}

/* Its last words are said. It may take a moment to end, and should not be left for others to reap. */
static int farewell(struct supervisor *sup)
{
	int64_t until = loop_now() + BYE_TIME;

	while (!sup->ended && loop_now() < until)
		await(sup, until);
	return sup->ended ? end_status(sup) : sup->heard.status;
}

static int watch_over(struct supervisor *sup)
{
	for (;;) {
		await(sup, sup->deadline);
		if (sup->bye)
			return farewell(sup);
		if (sup->ended)
			return end_status(sup);
		forward_signals(sup);
		if (sup->suspended)
			suspend(sup);
		if (sup->stopped == SIGTTOU || sup->stopped == SIGTTIN)
			stop_along(sup);
		/* It cannot die: a thread of it hangs in the kernel. */
		if (sup->deadline && loop_now() >= sup->deadline && !sup->ended)
			return bury(sup, sup->asked ? sup->asked : SIGKILL);
	}
}

/* A program may be started without 0, 1 or 2; what is opened next must not take their place. */
static void fill_standard_fds(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
			return;
}

/* The controlling terminal, else stdin's, by a description of our own that never blocks; -1 if none. */
static int open_tty(void)
{
	enum { FLAGS = O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC };
	char name[256];
	int fd = open("/dev/tty", FLAGS);

	if (fd < 0 && ttyname_r(STDIN_FILENO, name, sizeof(name)) == 0)
		fd = open(name, FLAGS);
	return fd;
}

/* Both ends close-on-exec, ours within reach of select(2). */
static int open_link(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
		return -1;
	fcntl(fds[0], F_SETFD, FD_CLOEXEC);
	fcntl(fds[1], F_SETFD, FD_CLOEXEC);
	if (fds[0] < FD_SETSIZE / 2)
		return 0;
	close(fds[0]);
	close(fds[1]);
	errno = EMFILE;
	return -1;
}

int supervise(int (*child)(struct supervise_link *link, void *arg), void *arg)
{
	struct supervisor sup = { .life_ended = -1 };
	struct supervise_link link = { 0 };
	int fds[2];

	fill_standard_fds();
	if (open_link(fds) != 0)
		return -1;
	sup.link = fds[0];
	sup.tty = link.tty = open_tty();
	sup.life = new_life();
	block_caught();
	sup.child = fork();
	if (sup.child == 0) {
		close(fds[0]);
		link.fd = fds[1];
		supervise_child(&link, sup.life ? &sup.life->mutex : NULL, child, arg);
	}
	close(fds[1]);
	if (sup.child < 0)
		return -1;
	set_handlers();
	return watch_over(&sup);
}
