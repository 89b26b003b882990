#include "spawn.h"

#include "fsys.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The <spawn.h> of POSIX, which would be ours when src/ is on the path of the compiler. */
#include <../include/spawn.h>

#ifndef MUNTIN_LINUX_CALLS
#ifdef __linux__
#define MUNTIN_LINUX_CALLS 1
#else
#define MUNTIN_LINUX_CALLS 0
#endif
#endif

#if MUNTIN_LINUX_CALLS
#include <sys/syscall.h>
#endif

#ifndef MUNTIN_LIBEXECDIR
#define MUNTIN_LIBEXECDIR "/usr/local/libexec"
#endif

#define WORKER_NAME "muntin-worker"

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_pair(int fds[2])
{
	int saved = errno;

	close_fd(&fds[0]);
	close_fd(&fds[1]);
	errno = saved;
}

int spawn_pipe(int fds[2])
{
#if MUNTIN_LINUX_CALLS
	return pipe2(fds, O_CLOEXEC);
#else
	if (pipe(fds) != 0)
		return -1;
	if (fcntl(fds[0], F_SETFD, FD_CLOEXEC) == 0 && fcntl(fds[1], F_SETFD, FD_CLOEXEC) == 0)
		return 0;
	close_pair(fds);
	return -1;
#endif
}

int spawn_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -1 : 0;
}

void spawn_widen(int fd, int size)
{
#if MUNTIN_LINUX_CALLS
	(void)fcntl(fd, F_SETPIPE_SZ, size);
#else
	(void)fd;
	(void)size;
#endif
}

static int pidfd_of(pid_t pid)
{
#if MUNTIN_LINUX_CALLS && defined(SYS_pidfd_open)
	return (int)syscall(SYS_pidfd_open, pid, 0);
#else
	(void)pid;
	return -1;
#endif
}

/* Default dispositions, an empty mask, and a process group of its own if asked. Returns 0 or an errno. */
static int set_attributes(posix_spawnattr_t *attr, bool group)
{
	short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
	sigset_t all;
	sigset_t none;
	int error;

	sigfillset(&all);
	sigemptyset(&none);
	if (group)
		flags |= POSIX_SPAWN_SETPGROUP;
	error = posix_spawnattr_setsigdefault(attr, &all);
	if (!error)
		error = posix_spawnattr_setsigmask(attr, &none);
	if (!error)
		error = posix_spawnattr_setpgroup(attr, 0);
	return error ? error : posix_spawnattr_setflags(attr, flags);
}

/* Run `path` with the descriptors that `actions` arrange. Returns 0, or -1 with errno. */
static int spawn_with(struct spawn_child *child, const char *path, char *const argv[], bool group,
		      const posix_spawn_file_actions_t *actions)
{
	extern char **environ;
	posix_spawnattr_t attr;
	pid_t pid;
	int error = posix_spawnattr_init(&attr);

	if (!error) {
		error = set_attributes(&attr, group);
		if (!error)
			error = posix_spawn(&pid, path, actions, &attr, argv, environ);
		posix_spawnattr_destroy(&attr);
	}
	if (error) {
		errno = error;
		return -1;
	}
	child->pid = pid;
	child->exit_fd = pidfd_of(pid);
	return 0;
}

/* The three pipes of a child; [0] reads. -1 where there is none. */
struct pipes {
	int in[2];
	int out[2];
	int err[2];
};

static void close_pipes(struct pipes *pipes)
{
	close_pair(pipes->in);
	close_pair(pipes->out);
	close_pair(pipes->err);
}

/* Returns 0, or -1 with errno; then close_pipes() closes what there is. */
static int open_pipes(struct pipes *pipes, enum spawn_flags flags)
{
	*pipes = (struct pipes){ { -1, -1 }, { -1, -1 }, { -1, -1 } };
	if (spawn_pipe(pipes->in) != 0 || spawn_pipe(pipes->out) != 0)
		return -1;
	return flags & SPAWN_STDERR_PIPE ? spawn_pipe(pipes->err) : 0;
}

/* Put the child's ends on 0, 1 and 2, and nothing else. Returns 0 or an errno. */
static int pipe_actions(posix_spawn_file_actions_t *actions, const struct pipes *pipes, enum spawn_flags flags)
{
	int error = posix_spawn_file_actions_adddup2(actions, pipes->in[0], 0);

	if (!error)
		error = posix_spawn_file_actions_adddup2(actions, pipes->out[1], 1);
	if (!error && flags & SPAWN_STDERR_PIPE)
		error = posix_spawn_file_actions_adddup2(actions, pipes->err[1], 2);
	else if (!error && !(flags & SPAWN_STDERR_KEEP))
		error = posix_spawn_file_actions_addopen(actions, 2, "/dev/null", O_WRONLY, 0);
#if MUNTIN_LINUX_CALLS && defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
	/* Ours are close-on-exec; this is for what we inherited ourselves. */
	if (!error)
		error = posix_spawn_file_actions_addclosefrom_np(actions, 3);
#endif
	return error;
}

int spawn_start(struct spawn_child *child, const char *path, char *const argv[], enum spawn_flags flags)
{
	posix_spawn_file_actions_t actions;
	struct pipes pipes;
	int error;

	*child = (struct spawn_child)SPAWN_CHILD_INIT;
	if (open_pipes(&pipes, flags) != 0)
		goto fail;
	error = posix_spawn_file_actions_init(&actions);
	if (!error) {
		error = pipe_actions(&actions, &pipes, flags);
		if (!error && spawn_with(child, path, argv, flags & SPAWN_GROUP, &actions) != 0)
			error = errno;
		posix_spawn_file_actions_destroy(&actions);
	}
	if (error) {
		errno = error;
		goto fail;
	}
	child->in = pipes.in[1];
	child->out = pipes.out[0];
	child->err = pipes.err[0];
	pipes.in[1] = pipes.out[0] = pipes.err[0] = -1;
	close_pipes(&pipes);
	return 0;

fail:
	close_pipes(&pipes);
	return -1;
}

int spawn_foreground(struct spawn_child *child, const char *path, char *const argv[], int tty)
{
	posix_spawn_file_actions_t actions;
	int error = posix_spawn_file_actions_init(&actions);

	*child = (struct spawn_child)SPAWN_CHILD_INIT;
	if (!error) {
		for (int fd = 0; fd <= 2 && tty >= 0 && !error; fd++)
			error = posix_spawn_file_actions_adddup2(&actions, tty, fd);
		if (!error && spawn_with(child, path, argv, false, &actions) != 0)
			error = errno;
		posix_spawn_file_actions_destroy(&actions);
	}
	errno = error;
	return error ? -1 : 0;
}

bool spawn_reap(struct spawn_child *child)
{
	int status;
	pid_t pid;

	if (child->pid == 0)
		return true;
	do
		pid = waitpid(child->pid, &status, WNOHANG);
	while (pid < 0 && errno == EINTR);
	if (pid == 0)
		return false;
	child->status = pid < 0 ? 255 << 8 : status;
	child->pid = 0;
	close_fd(&child->exit_fd);
	return true;
}

void spawn_kill(struct spawn_child *child, int signo)
{
	if (child->pid > 0)
		kill(child->pid, signo);
}

void spawn_close(struct spawn_child *child)
{
	close_fd(&child->in);
	close_fd(&child->out);
	close_fd(&child->err);
	close_fd(&child->exit_fd);
}

/* Append the path of the worker in `dir`, if there is such a file that we may run. */
static bool try_worker(struct buf *path, const char *dir, size_t len)
{
	size_t start = path->len;
	struct attrs attrs;
	const char *str;

	buf_add(path, dir, len);
	buf_add_str(path, "/" WORKER_NAME);
	str = buf_str(path);
	if (str && fsys_stat(AT_FDCWD, str + start, FSYS_FOLLOW, &attrs) == 0 && S_ISREG(attrs.mode) &&
	    attrs.mode & 0111)
		return true;
	path->len = start;
	return false;
}

int spawn_find_worker(struct buf *path)
{
	char self[4096];
	ssize_t len = fsys_readlink(AT_FDCWD, "/proc/self/exe", self, sizeof(self));

	while (len > 0 && self[len - 1] != '/')
		len--;
	if (len > 0 && try_worker(path, self, (size_t)len - 1))
		return 0;
	if (try_worker(path, MUNTIN_LIBEXECDIR, strlen(MUNTIN_LIBEXECDIR)))
		return 0;
	errno = path->failed ? ENOMEM : ENOENT;
	return -1;
}
