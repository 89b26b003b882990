/*
 * A text in a private file below $TMPDIR or /tmp, for a person to edit with a program of their own.
 *
 *     draft_new  ->  told: it is there, draft_path()  ->  (somebody edits)  ->  draft_read  ->  told: draft_text()  ->  draft_free
 *
 * A directory of temporary files may hang like any other: what is done with the file is done by a thread of its own, one at
 * a time, which may be left behind.   Thread: main, for all functions.
 */
#ifndef MUNTIN_DRAFT_H
#define MUNTIN_DRAFT_H

#include "buf.h"
#include "loop.h"

struct draft;

/**
 * Begin to write a text (copied) to a new file. `told` is called with 0 once it is there, or with an errno; then the draft
 * is only good to be freed. Returns NULL with errno.
 */
MUN_NODISCARD struct draft *draft_new(struct loop *loop, const struct buf *text, void (*told)(void *arg, int error), void *arg);

/** The absolute path of the file, once it is there. */
const char *draft_path(const struct draft *draft);

/** Begin to read the file; `told` is called again, and then it has been removed. Returns 0, or -1 with errno. */
MUN_NODISCARD int draft_read(struct draft *draft);

/** What was in the file; NULL before it was read. */
const struct buf *draft_text(const struct draft *draft);

/** Forget it; takes NULL. A file that was not read stays. */
void draft_free(struct draft *draft);

#endif
