/* Children: their pipes, descriptors, signals and ends; and the debug log, which is as close to the system. */
#include "spawn.h"

#include "diag.h"
#include "loop.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MUNTIN_LINUX_CALLS
#define MUNTIN_LINUX_CALLS 1
#endif

#define SHELL "/bin/sh"

/* The C library keeps signals 32 and 33 for itself, and leaves them ignored. */
#define SIGNAL_MASKS "grep -E 'Sig(Blk|Ign)' /proc/self/status | tr -d '\\t' | sed 's/180000000$/000000000/'"

/* A shell that runs `script`. */
static struct spawn_child start_shell(const char *script, enum spawn_flags flags)
{
	const char *argv[] = { "a-shell", "-c", script, "name", NULL };
	struct spawn_child child;

	ck_assert_int_eq(spawn_start(&child, SHELL, (char *const *)argv, flags), 0);
	ck_assert_int_gt(child.pid, 0);
	return child;
}

static int lowest_free_fd(void)
{
	int fd = open("/dev/null", O_RDONLY);

	close(fd);
	return fd;
}

/* Wait in a loop, as the program does, or by SIGCHLD where there is no pidfd. Returns the status of waitpid. */
static int end_of(struct spawn_child *child)
{
	while (!spawn_reap(child)) {
		struct pollfd ended = { .fd = child->exit_fd, .events = POLLIN };
		siginfo_t info;

		if (child->exit_fd >= 0)
			ck_assert_int_eq(poll(&ended, 1, -1), 1);
		else
			ck_assert_int_eq(waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOWAIT), 0);
	}
	ck_assert(spawn_reap(child));
	ck_assert_int_eq(child->pid, 0);
	ck_assert_int_eq(child->exit_fd, -1);
	return child->status;
}

/* All that comes until the end, as a string in `text`. */
static void read_all(int fd, char *text, size_t cap)
{
	size_t len = 0;
	ssize_t got;

	while ((got = read(fd, text + len, cap - 1 - len)) > 0)
		len += (size_t)got;
	ck_assert_int_eq(got, 0);
	text[len] = '\0';
}

static void check_output(const char *script, const char *output, int status)
{
	struct spawn_child child = start_shell(script, 0);
	char text[512];

	close(child.in);
	child.in = -1;
	read_all(child.out, text, sizeof(text));
	ck_assert_str_eq(text, output);
	ck_assert_int_eq(end_of(&child), status);
	spawn_close(&child);
}

START_TEST(test_pipes)
{
	struct spawn_child child = start_shell("cat; echo err >&2; exit 3", SPAWN_STDERR_PIPE);
	char text[64];

	ck_assert_int_eq(write(child.in, "in", 2), 2);
	ck_assert(!spawn_reap(&child));   /* it waits for more */
	close(child.in);
	child.in = -1;
	read_all(child.out, text, sizeof(text));
	ck_assert_str_eq(text, "in");
	read_all(child.err, text, sizeof(text));
	ck_assert_str_eq(text, "err\n");
	ck_assert_int_eq(end_of(&child), 3 << 8);
	spawn_close(&child);
	ck_assert(child.in == -1 && child.out == -1 && child.err == -1);
}
END_TEST

static const struct {
	const char *script;
	const char *output;
	int status;
} outputs[] = {
	{ "echo $0 nothing on stderr; echo no >&2", "name nothing on stderr\n", 0 },
	{ "tr '\\0' ' ' </proc/$$/cmdline | cut -c1-11", "a-shell -c \n", 0 },
#if MUNTIN_LINUX_CALLS
	{ "ls /proc/$$/fd", "0\n1\n2\n", 0 },   /* elsewhere what we inherited ourselves is handed down */
#endif
	{ SIGNAL_MASKS, "SigBlk:0000000000000000\nSigIgn:0000000000000000\n", 0 },
	{ "kill -KILL $$", "", SIGKILL },
	{ "kill -PIPE $$", "", SIGPIPE },
};

START_TEST(test_outputs)
{
	sigset_t all;
	int inherited = open("/dev/null", O_RDONLY);   /* as if it came from whoever started us: without close-on-exec */

	ck_assert_int_ge(inherited, 3);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTSTP, SIG_IGN);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	check_output(outputs[_i].script, outputs[_i].output, outputs[_i].status);
	close(inherited);
}
END_TEST

START_TEST(test_no_such_program)
{
	static const struct {
		const char *path;
		int error;
	} cases[] = { { "/nonexistent/program", ENOENT }, { "/", EACCES }, { "/dev/null", EACCES } };
	const char *argv[] = { "x", NULL };
	int before = lowest_free_fd();

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct spawn_child child;

		errno = 0;
		ck_assert_int_eq(spawn_start(&child, cases[i].path, (char *const *)argv, 0), -1);
		ck_assert_int_eq(errno, cases[i].error);
		ck_assert(child.pid == 0 && child.in == -1 && child.out == -1 && child.exit_fd == -1);
		ck_assert_int_eq(spawn_foreground(&child, cases[i].path, (char *const *)argv, -1), -1);
		ck_assert_int_eq(errno, cases[i].error);
	}
	ck_assert_int_eq(lowest_free_fd(), before);
}
END_TEST

START_TEST(test_ends_with_its_stdin)
{
	struct spawn_child child = start_shell("cat", SPAWN_GROUP);
	struct spawn_child other = start_shell("cat", 0);   /* must not hold the pipes of the first */

	ck_assert_int_eq(getpgid(child.pid), child.pid);
	spawn_close(&child);
	ck_assert_int_eq(end_of(&child), 0);
	ck_assert(!spawn_reap(&other));
	spawn_close(&other);
	ck_assert_int_eq(end_of(&other), 0);
}
END_TEST

START_TEST(test_kill)
{
	struct spawn_child child = start_shell("cat", 0);

	ck_assert_int_eq(getpgid(child.pid), getpgrp());
	spawn_kill(&child, SIGTERM);
	ck_assert_int_eq(end_of(&child), SIGTERM);
	spawn_kill(&child, SIGTERM);   /* nobody is there: nothing happens */
	spawn_close(&child);
}
END_TEST

START_TEST(test_foreground)
{
	const char *argv[] = { "sh", "-c", "read line; echo $line; echo to the terminal >&2", NULL };
	struct spawn_child child;
	char text[64];
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	ck_assert_int_eq(spawn_foreground(&child, SHELL, (char *const *)argv, fds[1]), 0);
	close(fds[1]);
	ck_assert_int_eq(getpgid(child.pid), getpgrp());
	ck_assert(child.in == -1 && child.out == -1 && child.err == -1);
	ck_assert_int_eq(write(fds[0], "typed\n", 6), 6);
	read_all(fds[0], text, sizeof(text));
	ck_assert_str_eq(text, "typed\nto the terminal\n");
	end_of(&child);
	close(fds[0]);
}
END_TEST

START_TEST(test_many)
{
	int before = lowest_free_fd();

	for (int i = 0; i < 200; i++)
		check_output("exit 0", "", 0);
	ck_assert_int_eq(lowest_free_fd(), before);
}
END_TEST

START_TEST(test_find_worker)
{
	struct buf path = BUF_INIT;
	const char *found;

	buf_add_str(&path, "at ");
	if (spawn_find_worker(&path) != 0) {
		ck_assert_int_eq(errno, ENOENT);
		ck_assert_uint_eq(path.len, 3);
	} else {
		found = buf_str(&path);
		ck_assert_int_eq(strncmp(found, "at /", 4), 0);
		ck_assert_str_eq(strrchr(found, '/'), "/muntin-worker");
		ck_assert_int_eq(access(found + 3, X_OK), 0);
	}
	buf_fini(&path);
}
END_TEST

/* ---- the debug log ---- */

START_TEST(test_log_specs)
{
	static const char *const bad[] = { "", ":", "scan", "scan:", ":file", "scan,:file", ",scan:file", "nonsense:file",
					   "scan,nonsense:file", "Scan:file" };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		errno = 0;
		ck_assert_int_eq(diag_open(bad[i]), -1);
		ck_assert_msg(errno == EINVAL, "%s", bad[i]);
	}
	ck_assert_int_eq(diag_open("scan:/nonexistent/file"), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert(!diag_on(DIAG_SCAN));
	diag_log(DIAG_SCAN, "%s", "to nobody");
}
END_TEST

static void *log_lines(void *arg)
{
	for (int i = 0; i < 500; i++)
		diag_log(DIAG_OP, "%s", (const char *)arg);
	return NULL;
}

START_TEST(test_log)
{
	char name[] = "/tmp/check_spawn.XXXXXX";
	char words[] = "a line of a thread";
	char spec[64];
	static char text[200000];
	pthread_t threads[2];
	int fd = mkstemp(name);
	int lines = 0;
	char *line;
	char *rest = text;

	ck_assert_int_ge(fd, 0);
	unlink(name);
	snprintf(spec, sizeof(spec), "loop,op:/proc/self/fd/%d", fd);
	ck_assert_int_eq(diag_open(spec), 0);
	ck_assert_int_eq(diag_open(spec), -1);
	ck_assert_int_eq(errno, EALREADY);
	ck_assert(diag_on(DIAG_LOOP) && diag_on(DIAG_OP) && !diag_on(DIAG_SCAN));
	errno = ERANGE;
	diag_log(DIAG_LOOP, "name %s", "a\033[2Jb\nc");
	diag_log(DIAG_SCAN, "not this");
	ck_assert_int_eq(errno, ERANGE);
	for (size_t i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, log_lines, words), 0);
	for (size_t i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	diag_close();
	ck_assert(!diag_on(DIAG_OP));
	lseek(fd, 0, SEEK_SET);
	read_all(fd, text, sizeof(text));
	while ((line = strsep(&rest, "\n")) && *line) {
		const char *end = lines == 0 ? " loop name a\\e[2Jb\\nc" : " op a line of a thread";

		ck_assert_uint_gt(strlen(line), strlen(end));
		ck_assert_str_eq(line + strlen(line) - strlen(end), end);
		lines++;
	}
	ck_assert_int_eq(lines, 1001);
	close(fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("spawn");
	TCase *tcase = tcase_create("spawn");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, test_pipes);
	tcase_add_loop_test(tcase, test_outputs, 0, ARRAY_LEN(outputs));
	tcase_add_test(tcase, test_no_such_program);
	tcase_add_test(tcase, test_ends_with_its_stdin);
	tcase_add_test(tcase, test_kill);
	tcase_add_test(tcase, test_foreground);
	tcase_add_test(tcase, test_many);
	tcase_add_test(tcase, test_find_worker);
	tcase_add_test(tcase, test_log_specs);
	tcase_add_test(tcase, test_log);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
