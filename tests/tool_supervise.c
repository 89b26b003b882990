/*
 * A small interface for the tests of ui/supervise.c: it puts the terminal into the state that muntin does, and dies in
 * every way there is.
 *
 *   tool_supervise screen [FILE]   keys: q quits, 3 with status 3, z suspends, K S A raise KILL SEGV ABRT, e exits
 *                                  without a word, t looks at FILE in a thread of its own, b says bye and stays
 *   tool_supervise wait            prints its pid and waits for a signal, as a headless run does
 *   tool_supervise stuck FILE      the same, with a thread that looks at FILE
 *   tool_supervise status N        ends with N
 *   tool_supervise raise N         ends by signal N
 *   tool_supervise fds             prints the open descriptors from 3 on that are not close-on-exec
 */
#include "supervise.h"

#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENTER "\033[?1049h\033[?25l\033[?1000h\033[?2004h\033[H\033[2J"
#define LEAVE "\033[?2004l\033[?1000l\033[?25h\033[?1049l"

struct tool {
	char **argv;
	struct supervise_link *link;
	struct loop loop;
	struct loop_watch keys;
	struct loop_watch wishes;
	struct loop_signals signals;
	struct termios shell;
	int screens;
	int status;
	bool done;
};

static void put(const char *text)
{
	size_t len = strlen(text);

	while (len > 0) {
		ssize_t written = write(STDOUT_FILENO, text, len);

		if (written < 0)
			return;
		text += written;
		len -= (size_t)written;
	}
}

static void *look_at(void *path)
{
	struct stat st;

	stat(path, &st);
	return NULL;
}

static void start_thread(char *path)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, look_at, path) == 0)
		pthread_detach(thread);
}

static void quit(struct tool *tool, int status)
{
	tool->status = status;
	tool->done = true;
}

static void enter(struct tool *tool)
{
	struct termios raw;
	char text[128];

	if (supervise_enter(tool->link, LEAVE, strlen(LEAVE)) != 0) {
		quit(tool, errno == EINTR ? 128 + SIGTERM : 4);
		return;
	}
	tcgetattr(STDIN_FILENO, &tool->shell);
	raw = tool->shell;
	cfmakeraw(&raw);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	snprintf(text, sizeof(text), ENTER "screen %d pid %ld", ++tool->screens, (long)getpid());
	put(text);
}

static void leave(struct tool *tool)
{
	put(LEAVE);
	tcsetattr(STDIN_FILENO, TCSANOW, &tool->shell);
}

static void key_pressed(void *arg, short revents)
{
	struct tool *tool = arg;
	char key;

	(void)revents;
	if (read(STDIN_FILENO, &key, 1) != 1) {
		quit(tool, 5);
		return;
	}
	switch (key) {
	case 'q': quit(tool, 0); break;
	case '3': quit(tool, 3); break;
	case 'z': leave(tool); supervise_suspended(tool->link); break;
	case 'K': raise(SIGKILL); break;
	case 'S': raise(SIGSEGV); break;
	case 'A': raise(SIGABRT); break;
	case 'e': _exit(9);
	case 't': start_thread(tool->argv[2]); break;
	case 'b':
		leave(tool);
		supervise_bye(tool->link, 7);
		while (pause() < 0)
			;
		break;
	default: put("."); break;
	}
}

static void wished(void *arg, short revents)
{
	struct tool *tool = arg;

	(void)revents;
	switch (supervise_read(tool->link)) {
	case SUPERVISE_SUSPEND: leave(tool); supervise_suspended(tool->link); break;
	case SUPERVISE_RESUME: enter(tool); break;
	case SUPERVISE_ORPHANED: supervise_abandon(tool->link, 6);
	case SUPERVISE_NONE: break;
	}
}

static void signalled(void *arg, int signo)
{
	if (signo != SIGCONT)
		quit(arg, 128 + signo);
}

static int run_screen(struct tool *tool)
{
	static const int wanted[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGCONT };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		sigaddset(&set, wanted[i]);
	tool->signals = (struct loop_signals){ .fn = signalled, .arg = tool };
	tool->keys = (struct loop_watch){ .fd = STDIN_FILENO, .events = POLLIN, .rank = LOOP_KEY, .fn = key_pressed,
					  .arg = tool };
	tool->wishes = (struct loop_watch){ .fd = tool->link->fd, .events = POLLIN, .rank = LOOP_SIGNAL, .fn = wished,
					    .arg = tool };
	enter(tool);
	if (loop_signals_open(&tool->loop, &tool->signals, &set) != 0 || loop_add(&tool->loop, &tool->keys) != 0 ||
	    loop_add(&tool->loop, &tool->wishes) != 0)
		return 99;
	while (!tool->done)
		if (loop_run_once(&tool->loop, LOOP_FOREVER) < 0)
			return 99;
	if (tool->link->entered) {
		leave(tool);
		supervise_leave(tool->link);
	}
	loop_signals_close(&tool->loop, &tool->signals);
	loop_fini(&tool->loop);
	return tool->status;
}

static int wait_for_signal(struct tool *tool)
{
	(void)tool;
	printf("pid %ld\n", (long)getpid());
	fflush(stdout);
	while (pause() < 0)
		;
	return 0;
}

static int wait_stuck(struct tool *tool)
{
	start_thread(tool->argv[2]);
	return wait_for_signal(tool);
}

static int end_with_status(struct tool *tool)
{
	printf("said\n");
	return atoi(tool->argv[2]);
}

static int end_by_signal(struct tool *tool)
{
	raise(atoi(tool->argv[2]));
	return 98;
}

static int print_fds(struct tool *tool)
{
	(void)tool;
	for (int fd = 3; fd < 64; fd++) {
		int flags = fcntl(fd, F_GETFD);

		if (flags >= 0 && !(flags & FD_CLOEXEC))
			printf("leak %d\n", fd);
	}
	return 0;
}

static const struct {
	const char *name;
	int (*run)(struct tool *tool);
} modes[] = {
	{ "screen", run_screen },
	{ "wait", wait_for_signal },
	{ "stuck", wait_stuck },
	{ "status", end_with_status },
	{ "raise", end_by_signal },
	{ "fds", print_fds },
};

static int child(struct supervise_link *link, void *arg)
{
	struct tool tool = { .argv = arg, .link = link };

	for (size_t i = 0; i < ARRAY_LEN(modes); i++)
		if (strcmp(modes[i].name, tool.argv[1]) == 0)
			return modes[i].run(&tool);
	return 97;
}

int main(int argc, char **argv)
{
	int status;

	if (argc < 2)
		return 97;
	status = supervise(child, argv);
	return status < 0 ? 97 : status;
}
