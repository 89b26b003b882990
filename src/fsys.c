#include "fsys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#ifndef MUNTIN_LINUX_CALLS
#define MUNTIN_LINUX_CALLS 1
#endif

#if MUNTIN_LINUX_CALLS
#include <linux/openat2.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#endif

enum { OPEN_DIR = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY };

static int open_retry(int dirfd, const char *name, int flags)
{
	int fd;

	do
		fd = openat(dirfd, name, flags);
	while (fd < 0 && errno == EINTR);
	return fd;
}

int fsys_open_root(const char *path)
{
	return open_retry(AT_FDCWD, path, OPEN_DIR);
}

int fsys_open_dir(int dirfd, const char *name)
{
	return open_retry(dirfd, name, OPEN_DIR | O_NOFOLLOW);
}

int fsys_open_dir_follow(int dirfd, const char *name)
{
	return open_retry(dirfd, name, OPEN_DIR);
}

/* Component by component, where openat2(2) is missing or forbidden. */
static int walk_beneath(int dirfd, const char *path)
{
	char name[NAME_MAX + 1];
	int fd = dirfd;

	while (*path) {
		size_t len = strcspn(path, "/");
		int next;

		if (len > NAME_MAX) {
			errno = ENAMETOOLONG;
			next = -1;
		} else {
			memcpy(name, path, len);
			name[len] = '\0';
			next = fsys_open_dir(fd, name);
		}
		if (fd != dirfd)
			fsys_close(fd);
		if (next < 0)
			return -1;
		fd = next;
		path += len + (path[len] == '/');
	}
	return fd;
}

#if MUNTIN_LINUX_CALLS

int fsys_open_beneath(int dirfd, const char *path)
{
	struct open_how how = {
		.flags = OPEN_DIR | O_NOFOLLOW,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};

	for (int tries = 0; tries < 32; tries++) {
		int fd = (int)syscall(SYS_openat2, dirfd, path, &how, sizeof how);

		if (fd >= 0)
			return fd;
		if (errno == ENOSYS || errno == EPERM || errno == ENAMETOOLONG)
			break;
		/* without links and `..` nothing leads out: EXDEV says that a directory was moved away meanwhile */
		if (errno != EAGAIN && errno != EINTR && errno != EXDEV)
			return -1;
	}
	return walk_beneath(dirfd, path);
}

#else

int fsys_open_beneath(int dirfd, const char *path)
{
	return walk_beneath(dirfd, path);
}

#endif

int fsys_open_file(int dirfd, const char *name, unsigned flags)
{
	struct stat st;
	int fd;

	if (fstatat(dirfd, name, &st, flags & FSYS_FOLLOW ? 0 : AT_SYMLINK_NOFOLLOW) != 0)
		return -1;
	if (S_ISREG(st.st_mode)) {
		fd = open_retry(dirfd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (flags & FSYS_FOLLOW ? 0 : O_NOFOLLOW));
		if (fd < 0 || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)))
			return fd;
		fsys_close(fd);
	}
	errno = EINVAL;
	return -1;
}

int fsys_open_found(int dirfd, const char *name)
{
	return open_retry(dirfd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
}

ssize_t fsys_read(int fd, void *buf, size_t cap)
{
	ssize_t got;

	do
		got = read(fd, buf, cap);
	while (got < 0 && errno == EINTR);
	return got;
}

void fsys_advise_sequential(int fd)
{
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
}

int fsys_dup(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

size_t fsys_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 20;
	return limit.rlim_cur < 1 << 20 ? (size_t)limit.rlim_cur : 1 << 20;
}

void fsys_close(int fd)
{
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
}

/* Nanoseconds since 1970; what does not fit 64 bits is clamped. */
static int64_t nanoseconds(int64_t seconds, int64_t nsec)
{
	int64_t ns;

	if (__builtin_mul_overflow(seconds, INT64_C(1000000000), &ns) || __builtin_add_overflow(ns, nsec, &ns))
		return seconds < 0 ? INT64_MIN : INT64_MAX;
	return ns;
}

static uint64_t device(unsigned int major_no, unsigned int minor_no)
{
	return (uint64_t)major_no << 32 | minor_no;
}

/* The POSIX way: also where statx(2) is missing or forbidden. */
static int posix_stat(int dirfd, const char *name, unsigned flags, struct attrs *out)
{
	struct stat st;
	int got;

	do
		got = *name ? fstatat(dirfd, name, &st, flags & FSYS_FOLLOW ? 0 : AT_SYMLINK_NOFOLLOW) : fstat(dirfd, &st);
	while (got != 0 && errno == EINTR);
	if (got != 0)
		return -1;
	*out = (struct attrs){
		.flags = ATTRS_KNOWN,
		.mode = st.st_mode,
		.uid = st.st_uid,
		.gid = st.st_gid,
		.nlink = st.st_nlink,
		.ino = st.st_ino,
		.size = (uint64_t)st.st_size,
		.blocks = (uint64_t)st.st_blocks,
		.dev = device(major(st.st_dev), minor(st.st_dev)),
		.rdev = device(major(st.st_rdev), minor(st.st_rdev)),
		.atime = nanoseconds(st.st_atim.tv_sec, st.st_atim.tv_nsec),
		.mtime = nanoseconds(st.st_mtim.tv_sec, st.st_mtim.tv_nsec),
		.ctime = nanoseconds(st.st_ctim.tv_sec, st.st_ctim.tv_nsec),
	};
	return 0;
}

#if MUNTIN_LINUX_CALLS

int fsys_dir_init(struct fsys_dir *dir, int fd)
{
	*dir = (struct fsys_dir){ .fd = fd };
	return 0;
}

void fsys_dir_fini(struct fsys_dir *dir)
{
	fsys_close(dir->fd);
	dir->fd = -1;
}

/* /proc says EINVAL where a directory has lost its process. */
static int gone_from_proc(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && (uint32_t)fs.f_type == 0x9fa0 ? ESRCH : EINVAL;
}

ssize_t fsys_dir_read(struct fsys_dir *dir, void *buf, size_t cap)
{
	long got;

	do
		got = syscall(SYS_getdents64, dir->fd, buf, cap);
	while (got < 0 && errno == EINTR);
	if (got < 0 && errno == EINVAL)
		errno = gone_from_proc(dir->fd);
	return got;
}

static int64_t statx_time(struct statx_timestamp time)
{
	return nanoseconds(time.tv_sec, time.tv_nsec);
}

/* The bits of stx_attributes that matter here; what the filesystem does not report is off. */
static uint32_t statx_flags(const struct statx *sx)
{
	uint64_t told = sx->stx_attributes & sx->stx_attributes_mask;
	uint32_t flags = ATTRS_KNOWN;

	if (told & STATX_ATTR_MOUNT_ROOT)
		flags |= ATTRS_MOUNT_ROOT;
	if (told & STATX_ATTR_IMMUTABLE)
		flags |= ATTRS_IMMUTABLE;
	if (told & STATX_ATTR_APPEND)
		flags |= ATTRS_APPEND;
	if (sx->stx_mask & STATX_BTIME)
		flags |= ATTRS_BTIME;
	return flags;
}

int fsys_stat(int dirfd, const char *name, unsigned flags, struct attrs *out)
{
	int at = AT_NO_AUTOMOUNT | AT_EMPTY_PATH;
	struct statx sx;
	int got;

	at |= flags & FSYS_FOLLOW ? 0 : AT_SYMLINK_NOFOLLOW;
	at |= flags & FSYS_SYNC ? AT_STATX_FORCE_SYNC : AT_STATX_DONT_SYNC;
	do
		got = statx(dirfd, name, at, STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID, &sx);
	while (got != 0 && errno == EINTR);
	if (got != 0 && (errno == ENOSYS || errno == EINVAL || errno == EPERM))
		return posix_stat(dirfd, name, flags, out);
	if (got != 0)
		return -1;
	*out = (struct attrs){
		.flags = statx_flags(&sx),
		.mode = sx.stx_mode,
		.uid = sx.stx_uid,
		.gid = sx.stx_gid,
		.nlink = sx.stx_nlink,
		.ino = sx.stx_ino,
		.size = sx.stx_size,
		.blocks = sx.stx_blocks,
		.dev = device(sx.stx_dev_major, sx.stx_dev_minor),
		.rdev = device(sx.stx_rdev_major, sx.stx_rdev_minor),
		.mnt = sx.stx_mask & STATX_MNT_ID ? sx.stx_mnt_id : 0,
		.atime = statx_time(sx.stx_atime),
		.mtime = statx_time(sx.stx_mtime),
		.ctime = statx_time(sx.stx_ctime),
		.btime = sx.stx_mask & STATX_BTIME ? statx_time(sx.stx_btime) : 0,
	};
	return 0;
}

#else

int fsys_dir_init(struct fsys_dir *dir, int fd)
{
	*dir = (struct fsys_dir){ .fd = fd, .stream = fdopendir(fd) };
	if (dir->stream)
		return 0;
	fsys_close(fd);
	dir->fd = -1;
	return -1;
}

void fsys_dir_fini(struct fsys_dir *dir)
{
	int saved = errno;

	if (dir->stream)
		closedir(dir->stream);
	errno = saved;
	*dir = (struct fsys_dir){ .fd = -1 };
}

ssize_t fsys_dir_read(struct fsys_dir *dir, void *buf, size_t cap)
{
	size_t used = 0;

	for (;;) {
		struct dirent *from = dir->held;
		struct fsys_dirent *to = (void *)((char *)buf + used);
		size_t len;

		errno = dir->error;
		if (!from && !dir->error)
			from = readdir(dir->stream);
		if (!from && errno == EINTR)
			continue;
		if (!from) {
			dir->error = errno;
			return errno && !used ? -1 : (ssize_t)used;
		}
		len = offsetof(struct fsys_dirent, name) + strlen(from->d_name) + 1;
		len = (len + 7) & ~(size_t)7;
		dir->held = len > cap - used ? from : NULL;
		if (dir->held)
			return (ssize_t)used;
		to->ino = from->d_ino;
		to->len = (uint16_t)len;
#ifdef _DIRENT_HAVE_D_TYPE
		to->type = from->d_type;
#else
		to->type = 0;
#endif
		strncpy(to->name, from->d_name, len - offsetof(struct fsys_dirent, name));
		used += len;
	}
}

int fsys_stat(int dirfd, const char *name, unsigned flags, struct attrs *out)
{
	return posix_stat(dirfd, name, flags, out);
}

#endif

ssize_t fsys_readlink(int dirfd, const char *name, char *buf, size_t cap)
{
	ssize_t len;

	do
		len = readlinkat(dirfd, name, buf, cap);
	while (len < 0 && errno == EINTR);
	if (len >= 0 && (size_t)len == cap) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return len;
}

/* Births ---------------------------------------------------------------------------------------------- */

#if MUNTIN_LINUX_CALLS

bool fsys_keeps_birth(int fd)
{
	int saved = errno;
	struct statfs fs;
	int got;

	do
		got = fstatfs(fd, &fs);
	while (got != 0 && errno == EINTR);
	errno = saved;
	return got != 0 || (uint32_t)fs.f_type != 0x794c7630;
}

#else

bool fsys_keeps_birth(int fd)
{
	(void)fd; /* and nothing tells when it was */
	return true;
}

#endif

/* Watches --------------------------------------------------------------------------------------------- */

#if MUNTIN_LINUX_CALLS

enum {
	WATCHED = IN_ONLYDIR | IN_EXCL_UNLINK | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_CLOSE_WRITE |
		  IN_MODIFY | IN_DELETE_SELF | IN_MOVE_SELF,
};

/* File systems whose content is changed by others than this kernel's callers. */
static const uint32_t unheard[] = {
	0x00006969, /* NFS */
	0x0000517b, /* SMB */
	0xff534d42, /* CIFS */
	0xfe534d42, /* SMB 2 */
	0x65735546, /* FUSE */
	0x01021997, /* 9P */
	0x00c36400, /* Ceph */
	0x5346414f, /* AFS */
	0x6b414653, /* AFS of the kernel */
	0x73757245, /* Coda */
	0x0bd00bd0, /* Lustre */
	0x47504653, /* GPFS */
	0x01161970, /* GFS2 */
	0x7461636f, /* OCFS2 */
	0x786f4256, /* VirtualBox shared folders */
	0x00009fa0, /* /proc */
	0x62656572, /* /sys */
};

static bool is_heard(int dirfd)
{
	struct statfs fs;
	int got;

	do
		got = fstatfs(dirfd, &fs);
	while (got != 0 && errno == EINTR);
	for (size_t i = 0; got == 0 && i < ARRAY_LEN(unheard); i++) {
		if ((uint32_t)fs.f_type == unheard[i])
			return false;
	}
	return true;
}

int fsys_watch_open(void)
{
	return inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
}

int fsys_watch_add(int watcher, int dirfd)
{
	char path[32];
	int watch;

	if (!is_heard(dirfd)) {
		errno = EOPNOTSUPP;
		return -1;
	}
	snprintf(path, sizeof path, "/proc/self/fd/%d", dirfd);
	do
		watch = inotify_add_watch(watcher, path, WATCHED);
	while (watch < 0 && errno == EINTR);
	if (watch < 0 && errno == ENOENT)
		errno = ENOSYS; /* the directory is open: it is /proc that is not there */
	return watch;
}

void fsys_watch_remove(int watcher, int watch)
{
	int saved = errno;

	inotify_rm_watch(watcher, watch);
	errno = saved;
}

static unsigned watch_what(uint32_t mask)
{
	unsigned what = 0;

	if (mask & IN_Q_OVERFLOW)
		return FSYS_WATCH_MISSED;
	if (mask & IN_MOVE_SELF)
		what |= FSYS_WATCH_MOVED;
	if (mask & (IN_IGNORED | IN_UNMOUNT))
		what |= FSYS_WATCH_ENDED;
	return what | FSYS_WATCH_CHANGED;
}

ssize_t fsys_watch_read(int watcher, struct fsys_watch_event *events)
{
	char bytes[FSYS_WATCH_EVENTS * sizeof(struct inotify_event)];
	struct inotify_event event;
	ssize_t count = 0;
	ssize_t got;

	do
		got = read(watcher, bytes, sizeof bytes);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN ? 0 : -1;
	for (size_t at = 0; at < (size_t)got; at += sizeof event + event.len) {
		memcpy(&event, bytes + at, sizeof event);
		events[count++] = (struct fsys_watch_event){ event.wd, watch_what(event.mask) };
	}
	return count;
}

#else

int fsys_watch_open(void)
{
	errno = ENOSYS;
	return -1;
}

int fsys_watch_add(int watcher, int dirfd)
{
	(void)watcher;
	(void)dirfd;
	errno = ENOSYS;
	return -1;
}

void fsys_watch_remove(int watcher, int watch)
{
	(void)watcher;
	(void)watch;
}

ssize_t fsys_watch_read(int watcher, struct fsys_watch_event *events)
{
	(void)watcher;
	(void)events;
	errno = ENOSYS;
	return -1;
}

#endif
