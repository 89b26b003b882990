/*
 * What is in one directory that no pane knows, for the completion of a path and for `cd`. A source of its own reads it: one that hangs
 * keeps nobody waiting, and is left behind.   Thread: the interface's main thread, for all functions.
 */
#ifndef MUNTIN_LISTING_H
#define MUNTIN_LISTING_H

#include "error.h"
#include "loop.h"
#include "tree.h"

struct listing;

/**
 * Begin to read a directory (the path is copied), its `names` or only what it is itself. `told` is called from the loop when that
 * has ended. Returns NULL with errno.
 */
MUN_NODISCARD struct listing *listing_new(struct loop *loop, const char *path, bool names, void (*told)(void *arg), void *arg);

/** Let go of it, however far it is. Takes NULL. */
void listing_free(struct listing *listing);

/** Has the reading ended, with all names there are or with an error? */
bool listing_done(const struct listing *listing);

/** Is it the listing of this path? */
bool listing_is(const struct listing *listing, const char *path, size_t len);

/** Its path, as it was asked for: terminated, borrowed. */
const char *listing_path(const struct listing *listing);

/** Why it is no directory, or cannot be looked at; else ERROR_NONE. */
enum error listing_error(const struct listing *listing);

/** A tree of which the directory is the root. */
const struct tree *listing_tree(const struct listing *listing);

#endif
