/*
 * Looking for the next row of a kind in all of a comparison, in the order of the screen with every directory open: into
 * those below which there may be one, and on in those above. In slices.
 * Owner: the comparison's thread.   Thread: that one, for all functions.
 */
#ifndef MUNTIN_COMPARE_SEEK_H
#define MUNTIN_COMPARE_SEEK_H

#include "compare.h"

struct compare_seek;

/** What is looked for. */
struct compare_seek_kind {
	int direction;       /* 1 or -1 */
	unsigned states;     /* a bit for each enum compare_state that a row may have, and what is below the directories that are gone into */
	bool no_hidden;      /* no names with a leading dot, nor what is below them */
	size_t alone;        /* only rows where this pane is unlike all others, which are alike; SIZE_MAX: all */
};

/** Begin behind (or before) a row; COMPARE_TOP: at the very begin (or end). Returns NULL with ENOMEM. */
MUN_NODISCARD struct compare_seek *compare_seek_new(struct compare *compare, const struct compare_seek_kind *kind, compare_id from);

/** Takes NULL. */
void compare_seek_free(struct compare_seek *seek);

/** Look on, at about `units` rows. Returns true once the end is known: `*found` is the row, or 0 when there is none. No compare_reclaim() meanwhile. */
bool compare_seek_step(struct compare_seek *seek, size_t units, compare_id *found);

#endif
