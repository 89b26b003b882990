/*
 * Files that the user names for us: the configuration, patterns, scripts, batches. They are read whole, once, at the
 * start. Nothing here reads a browsed path.
 */
#ifndef MUNTIN_CONFIG_FILE_H
#define MUNTIN_CONFIG_FILE_H

#include "buf.h"
#include "entry.h"

enum config_file_flags {
	CONFIG_FILE_TRUSTED = 1 << 0, /* refuse what somebody else owns or may write */
	CONFIG_FILE_STDIN = 1 << 1,   /* "-" is standard input */
};

/** More than this is no file for us (EFBIG). */
#define CONFIG_FILE_MAX ((size_t)64 << 20)

/**
 * Append all that is in a file. Returns 0, or -1 with errno; EPERM without a system call's help means that it is not
 * to be trusted: it is no regular file, not owned by us or root, or others may write it.   Thread: main, at start.
 */
MUN_NODISCARD int config_file_read(const char *path, unsigned flags, struct buf *out);

/** Which object a path leads to, through links as well. Returns 0, or -1 with errno.   Thread: main, at start. */
MUN_NODISCARD int config_file_identity(const char *path, struct identity *out);

/** Append the working directory. Returns 0, or -1 with errno.   Thread: main, at start. */
MUN_NODISCARD int config_file_cwd(struct buf *out);

#endif
