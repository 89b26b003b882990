/*
 * Names that mean the same to some filesystems: another case, another form of Unicode. A name that is not UTF-8 means itself.
 */
#ifndef MUNTIN_FOLD_H
#define MUNTIN_FOLD_H

#include "buf.h"

enum fold_flags {
	FOLD_CASE = 1 << 0,    /* `README` is `readme` */
	FOLD_UNICODE = 1 << 1, /* composed or not: é is e and an accent */
};

/** Append what a name is alike to: equal bytes for names that mean the same under `flags`. Fails as buffers do.   Thread: any. */
void fold_name(struct buf *out, const char *name, size_t len, unsigned flags);

#endif
