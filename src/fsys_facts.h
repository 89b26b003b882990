/*
 * What else can be asked of an object that is held: its ACLs, the mount it is on, where a directory is, and where a file has data.
 *
 * An ACL is read through the descriptor that holds the object, by the link that /proc has for it, which leads to the very
 * object whatever its name is by now; never by its path, where a link could have been put since. Where there is no /proc
 * it is opened once more, compared, and asked by acl_get_fd(3).   Thread: any but the interface's main thread.
 */
#ifndef MUNTIN_FSYS_FACTS_H
#define MUNTIN_FSYS_FACTS_H

#include "access.h"
#include "fsys_change.h"

enum fsys_acl { FSYS_ACL_ACCESS, FSYS_ACL_DEFAULT };

/**
 * Append the entries of an ACL, without those that the mode tells already; none where there is no ACL beyond the mode, where
 * the filesystem has none, and without libacl. A default ACL is told in full. Returns 0, or -1 with errno.
 */
MUN_NODISCARD int fsys_object_acl(const struct fsys_object *object, enum fsys_acl which, struct access_list *out);

enum fsys_mount {
	FSYS_MOUNT_READ_ONLY = 1 << 0,
	FSYS_MOUNT_NO_EXEC = 1 << 1,
};

/** How its filesystem is mounted: enum fsys_mount; 0 when that cannot be told. */
unsigned fsys_object_mount(const struct fsys_object *object);

/** Append the absolute path of the directory that a root names, through no link. Returns 0, or -1 with errno. */
MUN_NODISCARD int fsys_real_path(const char *root, struct buf *out);

/**
 * Where a file's next data begin, at `offset` or behind it: its `size` when there are none, `offset` where nobody tells holes from data.
 * The descriptor's position is lost.
 */
uint64_t fsys_next_data(int fd, uint64_t offset, uint64_t size);

#endif
