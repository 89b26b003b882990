/*
 * What the files that make rows share; see rows_make.c for the whole picture. Nobody else includes this.   Thread: the tree's, for all functions.
 */
#ifndef MUNTIN_ROWS_MAKE_IMPL_H
#define MUNTIN_ROWS_MAKE_IMPL_H

#include "rows_impl.h"

/** What is done next. */
enum state {
	STATE_LIST,
	STATE_NEXT, /* this and those up to STATE_PLACE sort */
	STATE_COMMON,
	STATE_KEYS,
	STATE_COUNT,
	STATE_PLACE,
	STATE_EMIT,
	STATE_SWEEP,
	STATE_CHECK,
	STATE_DONE,
};

/** `cost` units of work are done. */
static inline void spend(struct rows_make *make, size_t cost)
{
	make->quota -= size_min(cost, make->quota);
}

/** Children on the stack are to be sorted: STATE_NEXT goes on with that. Returns -1 with ENOMEM. */
MUN_NODISCARD int rows_sort_begin(struct rows_make *make, size_t begin, size_t end);

/** A step of a state that sorts; STATE_EMIT follows when all is in order. Returns -1 with ENOMEM. */
MUN_NODISCARD int rows_sort_step(struct rows_make *make);

#endif
