/*
 * The rows of one directory of a comparison, collected and put into the order of the screen a few at a time: directories
 * first, then by name. A million names take half a second to sort, and nobody may wait for that.
 *
 *   compare_list_begin() ──▶ compare_list_step() until it says that it is done ──▶ `keys`
 *
 * Rows that go meanwhile stay in the list: compare_has() tells, and their numbers are not used again before compare_reclaim().
 * Owner: the comparison's thread.   Thread: that one, for all functions.
 */
#ifndef MUNTIN_COMPARE_LIST_H
#define MUNTIN_COMPARE_LIST_H

#include "compare.h"

/** What a row is sorted by. */
struct compare_key {
	uint64_t prefix;     /* of the name: sorts as its bytes do */
	compare_id row;
	uint32_t file;       /* 0 for a directory in any pane */
};

/** Is a row wanted in the list? */
typedef bool compare_pass(void *arg, compare_id row);

struct compare_list {
	struct compare *compare; /* borrowed */
	compare_id dir;
	compare_pass *pass;
	void *arg;
	compare_id next;     /* the next row to be looked at */
	compare_id last;     /* the last one that was */
	bool collected;
	struct compare_key *keys;
	struct compare_key *spare;
	size_t cap;
	size_t spare_cap;
	size_t count;
	size_t width;        /* runs of so many keys are sorted, and two of them are being merged: */
	size_t begin;        /* where the first begins */
	size_t left;         /* what is taken next of each, */
	size_t right;
	size_t out;          /* and where it is put in `spare` */
};

/** Begin with the rows of a directory for which `pass` is true. Needs no memory. */
void compare_list_begin(struct compare_list *list, struct compare *compare, compare_id dir, compare_pass *pass, void *arg);

void compare_list_fini(struct compare_list *list);

/** Do some of the work: about `*units` looks at a row, less those that were not needed. Returns 1 when all is done, 0 when not, -1 with ENOMEM. */
MUN_NODISCARD int compare_list_step(struct compare_list *list, size_t *units);

/** The order of the screen, as of memcmp(). */
int compare_key_order(const struct compare *compare, const struct compare_key *a, const struct compare_key *b);

/** The key of a row. */
struct compare_key compare_key_of(const struct compare *compare, compare_id row);

#endif
