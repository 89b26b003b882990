/*
 * The file system calls that change something. With fsys.c the only files that call it.
 *
 * Every function takes a held directory and one component, or an object that fsys_object_init() has pinned down.
 * They return 0 (or a descriptor) or -1 with errno, restart after EINTR, never follow a symbolic link and never
 * replace anything. Descriptors are close-on-exec.   Thread: any but the interface's main thread.
 */
#ifndef MUNTIN_FSYS_CHANGE_H
#define MUNTIN_FSYS_CHANGE_H

#include "error.h"
#include "fsys.h"

/**
 * Open the directory `name` in `dirfd` to hold it: for walking and changing, not for reading. It needs no read
 * permission where the system allows that. `..` is allowed; links are ELOOP or ENOTDIR. Returns a descriptor.
 */
MUN_NODISCARD int fsys_hold_dir(int dirfd, const char *name);

/**
 * One object of any type, held so that what is looked at is what is changed. Where the system cannot hold an
 * object without opening it, `fd` is negative and the calls take (directory, name) and do not follow links.
 */
struct fsys_object {
	int dirfd;         /* borrowed */
	const char *name;  /* borrowed */
	int fd;            /* O_PATH */
};

/** Hold `name` in `dirfd`; an empty name is the directory itself. */
MUN_NODISCARD int fsys_object_init(struct fsys_object *object, int dirfd, const char *name);
void fsys_object_fini(struct fsys_object *object);

/** Its attributes, not from a cache. */
MUN_NODISCARD int fsys_object_stat(const struct fsys_object *object, struct attrs *out);

/**
 * Set its permission bits. By fchmodat2 on the held object, else through /proc, else by opening it; where none
 * of that is possible it is refused with EOPNOTSUPP. A symbolic link is EOPNOTSUPP.
 */
MUN_NODISCARD int fsys_object_chmod(const struct fsys_object *object, uint32_t mode);

/** Set its owner and group, a link's own too; -1 keeps one. */
MUN_NODISCARD int fsys_object_chown(const struct fsys_object *object, int64_t uid, int64_t gid);

/** Make a directory, or an empty file that was not there (O_EXCL). The umask and a default ACL hold. */
MUN_NODISCARD int fsys_mkdir(int dirfd, const char *name, uint32_t mode);
MUN_NODISCARD int fsys_create(int dirfd, const char *name, uint32_t mode);

/** Make a file that was not there (O_EXCL) and that is only ours (0600), with this in it; nothing is left behind on an error. */
MUN_NODISCARD int fsys_create_private(int dirfd, const char *name, const void *bytes, size_t len);

/** Remove a name that is no directory; remove an empty directory. */
MUN_NODISCARD int fsys_unlink(int dirfd, const char *name);
MUN_NODISCARD int fsys_rmdir(int dirfd, const char *name);

enum { FSYS_PRIVATE_NAME = 17 };

/** A name for something of ours that is gone soon: `.muntin-XXXXXXXX`, terminated. `attempt` varies it. */
void fsys_private_name(char name[FSYS_PRIVATE_NAME], unsigned attempt);

/** A private directory: only we give and take names in it, so that what was looked at there is what is removed. */
struct fsys_stage {
	int fd;
	char name[FSYS_PRIVATE_NAME];
};

/** Make one in `dirfd`. ENOTSUP where it would not be private: modes or owners are not kept. */
MUN_NODISCARD int fsys_stage_open(int dirfd, struct fsys_stage *stage);

/** Let it go. Returns whether it is gone: it stays when something is still in it. */
bool fsys_stage_close(int dirfd, struct fsys_stage *stage);

/** How a rename was kept from replacing something. */
enum fsys_rename {
	FSYS_RENAME_ATOMIC,    /* the system guaranteed it */
	FSYS_RENAME_LINK,      /* by a second link, then the first one removed: atomic too */
	FSYS_RENAME_MKDIR,     /* a directory, onto an empty one that was made for it */
	FSYS_RENAME_UNCERTAIN, /* only looked before: say so */
	FSYS_RENAME_BOTH,      /* it failed, and the object has both names: neither could be taken away */
};

/** What there is to tell of a rename. */
struct fsys_renamed {
	enum fsys_rename how;
	char left[FSYS_PRIVATE_NAME]; /* a private directory beside it that stays: something that met us has its name in use. Or empty */
};

/**
 * Give an object another name, never replacing one that exists (EEXIST). `is_dir` chooses the way around when
 * the system has no such call. `*told` may be NULL.
 */
MUN_NODISCARD int fsys_rename_new(
	int from_dir, const char *from, int to_dir, const char *to, bool is_dir, struct fsys_renamed *told);

/**
 * Move an object into or within a private directory, where no name is in use and nobody else makes one: in one step,
 * so that what is moved is one object.
 */
MUN_NODISCARD int fsys_rename_private(int from_dir, const char *from, int to_dir, const char *to);

/**
 * Why a change failed, in more detail than errno `number`: immutable, append-only, not the owner. `name` is the
 * object in `dirfd` (terminated); `entry` says that its entry in the directory was to change (rename, delete),
 * so that the directory's own attributes matter, too. Makes system calls.
 */
enum error fsys_explain(int dirfd, const char *name, bool entry, int number);

#endif
