#include "jobctl.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

bool jobctl_death_pending(void)
{
	static const int deadly[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	sigset_t pending;

	if (sigpending(&pending) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(deadly); i++)
		if (sigismember(&pending, deadly[i]))
			return true;
	return false;
}

static void handle_nothing(int signo)
{
	(void)signo;
}

bool jobctl_stop(int signo)
{
	struct sigaction nothing = { .sa_handler = handle_nothing };
	struct sigaction old_cont;
	struct sigaction old_stop;
	sigset_t cont;
	sigset_t stop;
	sigset_t old;
	sigset_t pending;

	sigemptyset(&cont);
	sigaddset(&cont, SIGCONT);
	sigemptyset(&stop);
	sigaddset(&stop, signo);
	sigaction(SIGCONT, &nothing, &old_cont);
	sigaction(signo, NULL, &old_stop);
	pthread_sigmask(SIG_BLOCK, &cont, &old);
	signal(signo, SIG_IGN);   /* what waited is forgotten */
	pthread_sigmask(SIG_UNBLOCK, &stop, NULL);
	signal(signo, SIG_DFL);
	raise(signo);   /* to this thread: another would take it a moment later */
	sigpending(&pending);
	sigaction(signo, &old_stop, NULL);
	sigaction(SIGCONT, &old_cont, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return sigismember(&pending, SIGCONT);
}

bool jobctl_background(int tty)
{
	pid_t foreground = tty < 0 ? -1 : tcgetpgrp(tty);

	return foreground > 0 && foreground != getpgrp();
}

void jobctl_write(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		struct pollfd ready = { .fd = fd, .events = POLLOUT };
		ssize_t written;

		if (poll(&ready, 1, 200) != 1 || !(ready.revents & POLLOUT))
			return;
		written = write(fd, bytes, len);
		if (written < 0 && errno != EINTR && errno != EAGAIN)
			return;
		if (written > 0) {
			bytes += written;
			len -= (size_t)written;
		}
	}
}

void jobctl_restore(int tty, const struct termios *modes, const char *restore, size_t len)
{
	if (tty < 0)
		return;
	signal(SIGTTOU, SIG_IGN);
	tcsetattr(tty, TCSANOW, modes);
	if (len == 0)
		return;
	/* CAN ends a sequence that was cut in the middle. */
	jobctl_write(tty, "\x18", 1);
	jobctl_write(tty, restore, len);
}
