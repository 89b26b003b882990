/*
 * ncdu's JSON export: what `ncdu -f FILE` opens.
 */
#ifndef MUNTIN_HEADLESS_NCDU_H
#define MUNTIN_HEADLESS_NCDU_H

#include "headless.h"
#include "tree.h"

/**
 * Write a tree that was scanned; nothing for one without a root. `root` is as given.
 * Returns 0, or -1 with errno when the working directory is needed and unknown.   Thread: main.
 */
MUN_NODISCARD int headless_ncdu(const struct tree *tree, const char *root, struct headless_out *out);

#endif
