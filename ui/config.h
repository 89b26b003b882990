/*
 * The configuration: lines of `key = value`, `bind KEYS = command`, `color MEANING = look`, `open GLOB = program %f`,
 * `lock key`, and comments that begin with `#`. A value may be quoted as in sh. A bad line is reported, and the rest holds.
 *
 * The administrator's file is read first, then the user's (or the one of --config); the command line comes over both.
 * A locked option keeps the administrator's value; --no-config leaves nothing but that.
 * Thread: main, at start, for all functions.
 */
#ifndef MUNTIN_CONFIG_H
#define MUNTIN_CONFIG_H

#include "options.h"

/** Whose configuration it is. */
enum config_kind {
	CONFIG_USER,        /* all but locking */
	CONFIG_ADMIN,       /* all */
	CONFIG_ADMIN_LOCKS, /* only options that are locked, and their locks */
};

/**
 * Read the files into `options`, which has no more than its defaults; `asked` is what the command line alone says.
 * `messages` gets a line for everything that was wrong. Returns 0, or -1 when the file of --config cannot be used.
 */
MUN_NODISCARD int config_load(struct options *options, const struct options *asked, struct buf *messages);

/** Take over the lines of a configuration; `name` is what messages call it. */
void config_apply(struct options *options, enum config_kind kind, const char *name, const char *text, size_t len,
		  struct buf *messages);

/** Read the files of --exclude-from, a pattern a line. Returns 0, or -1 with a line in `messages`. */
MUN_NODISCARD int config_patterns(struct options *options, struct buf *messages);

#endif
