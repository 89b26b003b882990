/*
 * A test that needs muntin-worker.
 */
#ifndef MUNTIN_BESIDE_WORKER_H
#define MUNTIN_BESIDE_WORKER_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* A program that stands elsewhere. */
static int beside_copy(const char *from, const char *to)
{
	static char bytes[1 << 16];
	int in = open(from, O_RDONLY);
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0755);
	ssize_t len = in >= 0 && out >= 0 ? 1 : -1;

	while (len > 0) {
		len = read(in, bytes, sizeof bytes);
		if (len > 0 && write(out, bytes, (size_t)len) != len)
			len = -1;
	}
	close(in);
	close(out);
	return len == 0 ? 0 : -1;
}

/* Run a program to its end. Returns its exit status. */
static int beside_run(const char *path)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		execl(path, path, "beside", (char *)NULL);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

/*
 * A worker is looked for beside the program that needs it. So this program runs a copy of itself that stands beside
 * a link to the worker; any argument tells the copy so. Returns what `run_tests` does, which is told whether there is a worker.
 */
static int beside_worker(int argc, const char *name, int (*run_tests)(bool with_worker))
{
	const char *tmp = getenv("TMPDIR");
	const char *worker = getenv("MUNTIN_WORKER");
	int status = EXIT_FAILURE;
	char dir[200];
	char link[256];
	char copy[256];

	if (argc > 1)
		return run_tests(true);
	if (!worker || access(worker, X_OK) != 0) {
		printf("without workers: MUNTIN_WORKER names none\n");
		return run_tests(false);
	}
	snprintf(dir, sizeof dir, "%s/muntin-beside-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(dir))
		return EXIT_FAILURE;
	snprintf(link, sizeof link, "%s/muntin-worker", dir);
	snprintf(copy, sizeof copy, "%s/%s", dir, name);
	if (beside_copy("/proc/self/exe", copy) == 0 && symlink(worker, link) == 0)
		status = beside_run(copy);
	unlink(link);
	unlink(copy);
	rmdir(dir);
	return status;
}

#endif
