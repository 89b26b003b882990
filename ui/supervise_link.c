#include "supervise.h"

#include "jobctl.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Tell the supervisor, all of it. */
static void say(struct supervise_link *link, const struct supervise_message *message)
{
	const char *bytes = (const char *)message;
	size_t len = sizeof(*message);

	while (len > 0) {
		ssize_t sent = send(link->fd, bytes, len, MSG_NOSIGNAL);

		if (sent < 0 && errno != EINTR)
			return;   /* it is dead: supervise_read() will say so */
		if (sent > 0) {
			bytes += sent;
			len -= (size_t)sent;
		}
	}
}

static int await_foreground(int tty)
{
	while (jobctl_background(tty)) {
		if (jobctl_death_pending()) {
			errno = EINTR;
			return -1;
		}
		if (!jobctl_stop(SIGTTOU) && jobctl_background(tty)) {
			errno = EIO;
			return -1;
		}
	}
	return 0;
}

int supervise_enter(struct supervise_link *link, const void *restore, size_t len)
{
	struct supervise_message message = { .kind = SAYS_ENTERED };

	assert(len <= SUPERVISE_RESTORE_MAX);
	if (await_foreground(link->tty) != 0)
		return -1;
	if (!link->saved && link->tty >= 0 && tcgetattr(link->tty, &link->modes) != 0)
		return -1;
	signal(SIGTSTP, SIG_IGN);
	memcpy(link->restore, restore, len);
	link->restore_len = len;
	link->saved = true;
	link->entered = true;
	message.modes = link->modes;
	message.restore_len = len;
	memcpy(message.restore, restore, len);
	say(link, &message);
	return 0;
}

void supervise_leave(struct supervise_link *link)
{
	struct supervise_message message = { .kind = SAYS_LEFT };

	link->entered = false;
	say(link, &message);
}

void supervise_suspended(struct supervise_link *link)
{
	struct supervise_message message = { .kind = SAYS_SUSPENDED };

	link->entered = false;
	link->saved = false;   /* who knows what they are when we come back */
	say(link, &message);
}

enum supervise_event supervise_read(struct supervise_link *link)
{
	char wishes[64];
	ssize_t len = recv(link->fd, wishes, sizeof(wishes), MSG_DONTWAIT);

	if (len > 0)
		return (enum supervise_event)wishes[len - 1];
	if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return SUPERVISE_NONE;
	return SUPERVISE_ORPHANED;
}

void supervise_bye(struct supervise_link *link, int status)
{
	struct supervise_message message = { .kind = SAYS_BYE, .status = status };

	if (!link->said)
		say(link, &message);
	link->said = true;
}

void supervise_abandon(struct supervise_link *link, int status)
{
	if (link->saved)
		jobctl_restore(link->tty, &link->modes, link->restore, link->entered ? link->restore_len : 0);
	_exit(status);
}

/* What a process inherits and nobody expects: ignored signals, but those that nohup and shells ignore on purpose. */
static void reset_signals(void)
{
	sigset_t none;

	for (int signo = 1; signo < NSIG; signo++) {
		struct sigaction action;

		if (signo == SIGHUP || signo == SIGINT || signo == SIGQUIT || signo == SIGTSTP)
			continue;
		if (sigaction(signo, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
			signal(signo, SIG_DFL);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

void supervise_child(struct supervise_link *link, pthread_mutex_t *life,
		     int (*child)(struct supervise_link *link, void *arg), void *arg)
{
	struct supervise_message begun = { .kind = SAYS_BEGUN };
	int status;

	reset_signals();
	if (life && pthread_mutex_lock(life) == 0)
		say(link, &begun);
	status = child(link, arg);
	fflush(stdout);
	supervise_bye(link, status);
	exit(status);
}
