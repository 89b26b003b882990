#include "fsys_change.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MUNTIN_LINUX_CALLS
#define MUNTIN_LINUX_CALLS 1
#endif

#if MUNTIN_LINUX_CALLS
#include <linux/fs.h>
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452 /* the same on every architecture */
#endif
enum { HOLD_DIR = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };
#else
enum { HOLD_DIR = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY };
#endif

enum { OPEN_ANY = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY };

static int open_retry(int dirfd, const char *name, int flags, mode_t mode)
{
	int fd;

	do
		fd = openat(dirfd, name, flags, mode);
	while (fd < 0 && errno == EINTR);
	return fd;
}

int fsys_hold_dir(int dirfd, const char *name)
{
	return open_retry(dirfd, name, HOLD_DIR, 0);
}

void fsys_object_fini(struct fsys_object *object)
{
	fsys_close(object->fd);
	object->fd = -1;
}

/* ---- chmod: the object that was looked at, or nothing ---------------------------------------------------- */

static int fchmod_retry(int fd, uint32_t mode)
{
	int got;

	do
		got = fchmod(fd, mode);
	while (got != 0 && errno == EINTR);
	return got;
}

static int fchmodat_retry(int dirfd, const char *name, uint32_t mode, int flags)
{
	int got;

	do
		got = fchmodat(dirfd, name, mode, flags);
	while (got != 0 && errno == EINTR);
	return got;
}

#if MUNTIN_LINUX_CALLS

int fsys_object_init(struct fsys_object *object, int dirfd, const char *name)
{
	*object = (struct fsys_object){ dirfd, name, -1 };
	object->fd = open_retry(dirfd, *name ? name : ".", O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
	return object->fd < 0 ? -1 : 0;
}

int fsys_object_stat(const struct fsys_object *object, struct attrs *out)
{
	return fsys_stat(object->fd, "", FSYS_SYNC, out);
}

static int chmod_held(int fd, uint32_t mode)
{
	long got;

	do
		got = syscall(SYS_fchmodat2, fd, "", mode, AT_EMPTY_PATH);
	while (got != 0 && errno == EINTR);
	return (int)got;
}

/* By the link that /proc has for a descriptor: it leads to the very object, whatever its name is by now. */
static int chmod_proc(int fd, uint32_t mode)
{
	char path[40];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return fchmodat_retry(AT_FDCWD, path, mode, 0);
}

/* Open the object once more and make sure that it is the same. */
static int chmod_opened(const struct fsys_object *object, const struct attrs *attrs, uint32_t mode)
{
	struct attrs now;
	int got = -1;
	int fd;

	errno = EOPNOTSUPP;
	if (!S_ISREG(attrs->mode) && !S_ISDIR(attrs->mode))
		return -1;
	fd = open_retry(object->dirfd, *object->name ? object->name : ".", OPEN_ANY, 0);
	if (fd < 0 || fsys_stat(fd, "", 0, &now) != 0 || now.dev != attrs->dev || now.ino != attrs->ino)
		errno = EOPNOTSUPP;
	else
		got = fchmod_retry(fd, mode);
	fsys_close(fd);
	return got;
}

int fsys_object_chmod(const struct fsys_object *object, uint32_t mode)
{
	struct attrs attrs;

	mode &= 07777;
	if (chmod_held(object->fd, mode) == 0)
		return 0;
	/* A kernel that is too old, or a filter that does not know the call. */
	if (errno != ENOSYS && errno != EPERM)
		return -1;
	if (fsys_object_stat(object, &attrs) != 0)
		return -1;
	if (S_ISLNK(attrs.mode)) {
		errno = EOPNOTSUPP;
		return -1;
	}
	if (chmod_proc(object->fd, mode) == 0)
		return 0;
	return errno == ENOENT || errno == ENOTDIR ? chmod_opened(object, &attrs, mode) : -1;
}

int fsys_object_chown(const struct fsys_object *object, int64_t uid, int64_t gid)
{
	int got;

	do
		got = fchownat(object->fd, "", (uid_t)uid, (gid_t)gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
	while (got != 0 && errno == EINTR);
	return got;
}

#else

/* What can be opened is held; FIFOs and devices must not be, and what may not be read is known by its name only. */
int fsys_object_init(struct fsys_object *object, int dirfd, const char *name)
{
	struct attrs attrs;

	*object = (struct fsys_object){ dirfd, *name ? name : ".", -1 };
	if (fsys_stat(dirfd, object->name, 0, &attrs) != 0)
		return -1;
	if (S_ISREG(attrs.mode) || S_ISDIR(attrs.mode))
		object->fd = open_retry(dirfd, object->name, OPEN_ANY, 0);
	return 0;
}

int fsys_object_stat(const struct fsys_object *object, struct attrs *out)
{
	if (object->fd >= 0)
		return fsys_stat(object->fd, "", FSYS_SYNC, out);
	return fsys_stat(object->dirfd, object->name, FSYS_SYNC, out);
}

int fsys_object_chmod(const struct fsys_object *object, uint32_t mode)
{
	struct attrs attrs;

	mode &= 07777;
	if (object->fd >= 0)
		return fchmod_retry(object->fd, mode);
	if (fsys_object_stat(object, &attrs) != 0)
		return -1;
	if (S_ISLNK(attrs.mode)) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return fchmodat_retry(object->dirfd, object->name, mode, AT_SYMLINK_NOFOLLOW);
}

static int fchown_retry(int fd, uid_t uid, gid_t gid)
{
	int got;

	do
		got = fchown(fd, uid, gid);
	while (got != 0 && errno == EINTR);
	return got;
}

int fsys_object_chown(const struct fsys_object *object, int64_t uid, int64_t gid)
{
	int got;

	if (object->fd >= 0)
		return fchown_retry(object->fd, (uid_t)uid, (gid_t)gid);
	do
		got = fchownat(object->dirfd, object->name, (uid_t)uid, (gid_t)gid, AT_SYMLINK_NOFOLLOW);
	while (got != 0 && errno == EINTR);
	return got;
}

#endif

/* ---- names ------------------------------------------------------------------------------------------------ */

int fsys_mkdir(int dirfd, const char *name, uint32_t mode)
{
	int got;

	do
		got = mkdirat(dirfd, name, mode);
	while (got != 0 && errno == EINTR);
	return got;
}

int fsys_create(int dirfd, const char *name, uint32_t mode)
{
	int fd = open_retry(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, mode);

	fsys_close(fd);
	return fd < 0 ? -1 : 0;
}

static int unlink_retry(int dirfd, const char *name, int flags)
{
	int got;

	do
		got = unlinkat(dirfd, name, flags);
	while (got != 0 && errno == EINTR);
	return got;
}

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t got = write(fd, bytes, len);

		if (got < 0 && errno != EINTR)
			return -1;
		bytes += got > 0 ? got : 0;
		len -= got > 0 ? (size_t)got : 0;
	}
	return 0;
}

int fsys_create_private(int dirfd, const char *name, const void *bytes, size_t len)
{
	int fd = open_retry(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);
	int got = fd < 0 ? -1 : write_all(fd, bytes, len);
	int saved = errno;

	if (fd >= 0 && close(fd) != 0 && got == 0) {
		saved = errno;
		got = -1;
	}
	if (fd >= 0 && got != 0)
		(void)!fsys_unlink(dirfd, name);
	errno = saved;
	return got;
}

int fsys_unlink(int dirfd, const char *name)
{
	return unlink_retry(dirfd, name, 0);
}

int fsys_rmdir(int dirfd, const char *name)
{
	return unlink_retry(dirfd, name, AT_REMOVEDIR);
}

/* ---- reasons ---------------------------------------------------------------------------------------------- */

/* The flags of chattr(1): statx tells them on the common filesystems, the others are asked. */
static enum error flags_error(int dirfd, const char *name, const struct attrs *attrs)
{
#if MUNTIN_LINUX_CALLS && defined FS_IOC_GETFLAGS
	int told = 0;
	int fd = -1;
#endif

	if (attrs->flags & ATTRS_IMMUTABLE)
		return ERROR_IMMUTABLE;
	if (attrs->flags & ATTRS_APPEND)
		return ERROR_APPENDONLY;
#if MUNTIN_LINUX_CALLS && defined FS_IOC_GETFLAGS
	if (S_ISREG(attrs->mode) || S_ISDIR(attrs->mode))
		fd = open_retry(dirfd, *name ? name : ".", OPEN_ANY, 0);
	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &told) != 0)
		told = 0;
	fsys_close(fd);
	if (told & FS_IMMUTABLE_FL)
		return ERROR_IMMUTABLE;
	if (told & FS_APPEND_FL)
		return ERROR_APPENDONLY;
#else
	(void)dirfd, (void)name;
#endif
	return ERROR_NONE;
}

/* EPERM of an entry that was to be renamed or removed may be due to its directory. */
static enum error dir_error(int dirfd, const struct attrs *object)
{
	struct attrs dir;
	enum error error;
	uid_t me = geteuid();

	if (fsys_stat(dirfd, "", 0, &dir) != 0)
		return ERROR_NONE;
	error = flags_error(dirfd, "", &dir);
	if (error != ERROR_NONE)
		return error;
	if (dir.mode & S_ISVTX && me != 0 && object->uid != me && dir.uid != me)
		return ERROR_NOTOWNER;
	return ERROR_NONE;
}

enum error fsys_explain(int dirfd, const char *name, bool entry, int number)
{
	enum error error = ERROR_NONE;
	struct attrs attrs;

	if ((number != EPERM && number != EACCES) || fsys_stat(dirfd, name, 0, &attrs) != 0)
		return error_from_errno(number);
	if (number == EPERM || attrs.flags & (ATTRS_IMMUTABLE | ATTRS_APPEND))
		error = flags_error(dirfd, name, &attrs);
	if (error == ERROR_NONE && entry)
		error = dir_error(dirfd, &attrs);
	if (error == ERROR_NONE && !entry && number == EPERM && geteuid() != 0 && attrs.uid != geteuid())
		error = ERROR_NOTOWNER;
	return error == ERROR_NONE ? error_from_errno(number) : error;
}
