/*
 * Other names for objects, where nothing may be replaced and nothing of others removed, whoever else is at work.
 *
 * Linux has a call for it. Where it is missing a directory is renamed onto an empty one that was made for it, and of
 * anything else the new name is a link. Then the old name has to go, and there is no call that removes a name only if it is
 * that of a certain object. So the object is held by a link in a private directory D, and a name that is to go is moved there
 * first, too, where nobody can exchange it any more:
 *
 *     from  --link-->    D/held  --link-->  to      never replaces; `to` is the object that is held
 *     from  --rename-->  D/taken                    the held one? yes: both links in D are removed
 *                                                   no: somebody has put it there; it gets its name back
 *
 * At each moment the object has its old name, its new name, or both.
 */
#include "fsys_change.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifndef MUNTIN_LINUX_CALLS
#define MUNTIN_LINUX_CALLS 1
#endif

#if MUNTIN_LINUX_CALLS
#include <linux/fs.h>
#endif

#define HELD "held"
#define TAKEN "taken"

enum { STAGE_TRIES = 100 };

static int rename_plain(int from_dir, const char *from, int to_dir, const char *to)
{
	int got;

	do
		got = renameat(from_dir, from, to_dir, to);
	while (got != 0 && errno == EINTR);
	return got;
}

static int rename_noreplace(int from_dir, const char *from, int to_dir, const char *to)
{
#if MUNTIN_LINUX_CALLS
	int got;

	do
		got = renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE);
	while (got != 0 && errno == EINTR);
	return got;
#else
	(void)from_dir, (void)from, (void)to_dir, (void)to;
	errno = ENOSYS;
	return -1;
#endif
}

static int link_retry(int from_dir, const char *from, int to_dir, const char *to)
{
	int got;

	do
		got = linkat(from_dir, from, to_dir, to, 0);
	while (got != 0 && errno == EINTR);
	return got;
}

/* Is this "the filesystem has no such call", as opposed to a refusal of the rename itself? */
static bool unsupported(int number)
{
	return number == EINVAL || number == ENOSYS || number == EOPNOTSUPP || number == ENOTSUP;
}

static bool same_object(const struct attrs *left, const struct attrs *right)
{
	return left->dev == right->dev && left->ino == right->ino;
}

/* ---- private directories ---------------------------------------------------------------------------------- */

void fsys_private_name(char name[FSYS_PRIVATE_NAME], unsigned attempt)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	struct timespec now;
	uint64_t mix;

	clock_gettime(CLOCK_REALTIME, &now);
	mix = (uint64_t)now.tv_nsec ^ (uint64_t)now.tv_sec << 30 ^ (uint64_t)getpid() << 44;
	mix = (mix + attempt) * UINT64_C(0x9e3779b97f4a7c15);
	memcpy(name, ".muntin-", 8);
	for (int i = 8; i < 16; i++, mix /= 36)
		name[i] = digits[mix % 36];
	name[16] = '\0';
}

/* Ours alone, and where its directory is. On some file systems all have the same owner and mode: FAT, a network's. */
static bool is_private(int dirfd, int fd)
{
	struct attrs dir;
	struct attrs attrs;

	if (fsys_stat(dirfd, "", 0, &dir) != 0 || fsys_stat(fd, "", 0, &attrs) != 0)
		return false;
	return attrs.uid == geteuid() && !(attrs.mode & 077) && attrs.dev == dir.dev && attrs.mnt == dir.mnt;
}

int fsys_stage_open(int dirfd, struct fsys_stage *stage)
{
	int got = -1;
	int saved;

	stage->fd = -1;
	errno = EEXIST;
	for (unsigned i = 0; got != 0 && errno == EEXIST && i < STAGE_TRIES; i++) {
		fsys_private_name(stage->name, i);
		got = fsys_mkdir(dirfd, stage->name, 0700);
	}
	if (got != 0)
		return -1;
	stage->fd = fsys_hold_dir(dirfd, stage->name);
	if (stage->fd >= 0 && is_private(dirfd, stage->fd))
		return 0;
	saved = stage->fd < 0 ? errno : ENOTSUP;
	(void)fsys_stage_close(dirfd, stage);
	errno = saved;
	return -1;
}

bool fsys_stage_close(int dirfd, struct fsys_stage *stage)
{
	fsys_close(stage->fd);
	stage->fd = -1;
	return fsys_rmdir(dirfd, stage->name) == 0 || errno == ENOENT;
}

/* ---- ways around ------------------------------------------------------------------------------------------ */

/* Remove an empty directory again, if it is still the one that was made. What somebody else has put there is not ours. */
static void take_back(int dirfd, const char *name, const struct attrs *made)
{
	struct attrs now;

	if (fsys_stat(dirfd, name, FSYS_SYNC, &now) == 0 && same_object(&now, made))
		(void)!fsys_rmdir(dirfd, name);
}

/* The empty directory is ours, or it was filled meanwhile: then the rename says ENOTEMPTY. */
static int rename_dir(int from_dir, const char *from, int to_dir, const char *to)
{
	struct attrs made;
	int saved;

	if (fsys_mkdir(to_dir, to, 0700) != 0)
		return -1;
	if (fsys_stat(to_dir, to, FSYS_SYNC, &made) != 0)
		made = (struct attrs){ .mode = 0 };
	if (rename_plain(from_dir, from, to_dir, to) == 0)
		return 0;
	saved = errno == ENOTEMPTY ? EEXIST : errno;
	take_back(to_dir, to, &made);
	errno = saved;
	return -1;
}

/* Let what was taken have its name again, unless something new has it. */
static int give_back(const struct fsys_stage *stage, bool is_dir, int dirfd, const char *name)
{
	if (is_dir)
		return rename_dir(stage->fd, TAKEN, dirfd, name);
	return link_retry(stage->fd, TAKEN, dirfd, name) == 0 ? fsys_unlink(stage->fd, TAKEN) : -1;
}

/* Take a name away from the object that is held, and from no other. Returns -1 when the name could not be had, or not be looked at. */
static int drop_name(const struct fsys_stage *stage, int dirfd, const char *name)
{
	struct attrs taken = { .mode = 0 };
	struct attrs held;
	int saved = 0;

	if (rename_plain(dirfd, name, stage->fd, TAKEN) != 0)
		return -1;
	if (fsys_stat(stage->fd, TAKEN, FSYS_SYNC, &taken) != 0 || fsys_stat(stage->fd, HELD, FSYS_SYNC, &held) != 0)
		saved = errno;
	if (!saved && same_object(&taken, &held))
		(void)!fsys_unlink(stage->fd, TAKEN);
	else
		(void)!give_back(stage, S_ISDIR(taken.mode), dirfd, name);
	errno = saved;
	return saved ? -1 : 0;
}

/* With the object held: give it the new name, take the old one away. */
static int exchange_names(
	const struct fsys_stage *stage, int from_dir, const char *from, int to_dir, const char *to, struct fsys_renamed *told)
{
	int saved;

	if (link_retry(stage->fd, HELD, to_dir, to) != 0)
		return -1;
	if (drop_name(stage, from_dir, from) == 0 || errno == ENOENT)
		return 0;
	saved = errno;
	if (drop_name(stage, to_dir, to) != 0 && errno != ENOENT)
		told->how = FSYS_RENAME_BOTH;
	errno = saved;
	return -1;
}

static int rename_by_link(int from_dir, const char *from, int to_dir, const char *to, struct fsys_renamed *told)
{
	struct fsys_stage stage;
	int got;
	int saved;

	if (fsys_stage_open(from_dir, &stage) != 0)
		return -1;
	got = link_retry(from_dir, from, stage.fd, HELD);
	if (got == 0) {
		got = exchange_names(&stage, from_dir, from, to_dir, to, told);
		saved = errno;
		(void)!fsys_unlink(stage.fd, HELD);
	} else {
		saved = errno;
	}
	if (!fsys_stage_close(from_dir, &stage))
		memcpy(told->left, stage.name, sizeof told->left);
	errno = saved;
	return got;
}

static int rename_looking(int from_dir, const char *from, int to_dir, const char *to)
{
	struct attrs attrs;

	if (fsys_stat(to_dir, to, FSYS_SYNC, &attrs) == 0) {
		errno = EEXIST;
		return -1;
	}
	return errno == ENOENT ? rename_plain(from_dir, from, to_dir, to) : -1;
}

int fsys_rename_new(int from_dir, const char *from, int to_dir, const char *to, bool is_dir, struct fsys_renamed *told)
{
	struct fsys_renamed ignored;
	int number;

	told = told ? told : &ignored;
	*told = (struct fsys_renamed){ .how = FSYS_RENAME_ATOMIC };
	if (rename_noreplace(from_dir, from, to_dir, to) == 0)
		return 0;
	if (!unsupported(errno))
		return -1;
	told->how = FSYS_RENAME_MKDIR;
	if (is_dir)
		return rename_dir(from_dir, from, to_dir, to);
	told->how = FSYS_RENAME_LINK;
	if (rename_by_link(from_dir, from, to_dir, to, told) == 0)
		return 0;
	number = errno;
	if (told->how == FSYS_RENAME_BOTH || told->left[0])
		return -1;
	if (!unsupported(number) && number != EPERM && number != EMLINK && number != EXDEV)
		return -1;
	told->how = FSYS_RENAME_UNCERTAIN;
	return rename_looking(from_dir, from, to_dir, to);
}

int fsys_rename_private(int from_dir, const char *from, int to_dir, const char *to)
{
	if (rename_noreplace(from_dir, from, to_dir, to) == 0)
		return 0;
	return unsupported(errno) ? rename_plain(from_dir, from, to_dir, to) : -1;
}
