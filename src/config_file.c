#include "config_file.h"

#include "fsys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_SIZE = 1 << 16, CWD_SIZE = 1 << 12 };

static bool is_trusted(int fd)
{
	struct stat about;

	if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode))
		return false;
	return (about.st_uid == 0 || about.st_uid == geteuid()) && !(about.st_mode & (S_IWGRP | S_IWOTH));
}

/* Append what can still be read. */
static int read_all(int fd, struct buf *out)
{
	size_t start = out->len;

	for (;;) {
		char *room = buf_room(out, READ_SIZE);
		ssize_t got;

		if (!room)
			return -1;
		got = read(fd, room, READ_SIZE);
		if (got == 0)
			return 0;
		if (got < 0 && errno != EINTR)
			return -1;
		out->len += got > 0 ? (size_t)got : 0;
		if (out->len - start > CONFIG_FILE_MAX) {
			errno = EFBIG;
			return -1;
		}
	}
}

int config_file_read(const char *path, unsigned flags, struct buf *out)
{
	int status;
	int fd;
	int why;

	if (flags & CONFIG_FILE_STDIN && strcmp(path, "-") == 0)
		return read_all(STDIN_FILENO, out);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (flags & CONFIG_FILE_TRUSTED ? O_NONBLOCK : 0));
	if (fd < 0)
		return -1;
	if (flags & CONFIG_FILE_TRUSTED && !is_trusted(fd)) {
		close(fd);
		errno = EPERM;
		return -1;
	}
	status = read_all(fd, out);
	why = errno;
	close(fd);
	errno = why;
	return status;
}

int config_file_identity(const char *path, struct identity *out)
{
	struct attrs attrs;

	if (fsys_stat(AT_FDCWD, path, FSYS_FOLLOW, &attrs) != 0)
		return -1;
	*out = (struct identity){
		.dev = attrs.dev, .ino = attrs.ino, .mnt = attrs.mnt, .btime = attrs.btime, .type = attrs.mode & S_IFMT,
	};
	return 0;
}

int config_file_cwd(struct buf *out)
{
	for (size_t size = CWD_SIZE;; size *= 2) {
		char *room = buf_room(out, size);

		if (!room) {
			errno = ENOMEM;
			return -1;
		}
		if (getcwd(room, size)) {
			out->len += strlen(room);
			return 0;
		}
		if (errno != ERANGE)
			return -1;
	}
}
