/*
 * A stack of directories, each with its candidates in order: rows that are of the kind, or below which there may be one. The first
 * is the one in which it began; behind the last candidate of that the one above takes its place.
 *
 * Forwards a directory stands before what is in it, so backwards it is looked at when that is done.
 */
#include "compare_seek.h"

#include "compare_list.h"

#include <string.h>

struct level {
	struct compare_list list;
	compare_id from;     /* begin behind (before) this row; 0: with the first (last) */
	bool placed;         /* `at` is true */
	size_t at;           /* the next candidate; backwards the one behind it */
};

struct compare_seek {
	struct compare *compare;
	struct compare_seek_kind kind;
	struct level *levels;
	size_t count;
	size_t cap;
	bool failed;
};

/* Is the pane's letter one that no other pane has, while all others have the same? */
static bool is_alone(const struct compare *compare, compare_id row, size_t pane)
{
	struct compare_look look;
	char others = '\0';

	compare_look(compare, row, &look);
	for (size_t i = 0; i < compare_panes(compare); i++) {
		if (look.letters[i] == '.' || look.letters[i] == '!')
			return false;
		if (i == pane)
			continue;
		if (others && look.letters[i] != others)
			return false;
		others = look.letters[i];
	}
	return others && look.letters[pane] != others;
}

static bool is_match(const struct compare_seek *seek, compare_id row)
{
	if (row == COMPARE_TOP || !compare_has(seek->compare, row) || !(seek->kind.states & 1U << compare_state(seek->compare, row)))
		return false;
	return seek->kind.alone == SIZE_MAX || is_alone(seek->compare, row, seek->kind.alone);
}

/* May there be one below? */
static bool has_below(const struct compare_seek *seek, compare_id row)
{
	const struct compare_counts *below = compare_has(seek->compare, row) ? compare_below(seek->compare, row) : NULL;

	for (unsigned state = 0; below && state < COMPARE_STATES; state++) {
		if (seek->kind.states & 1U << state && below->of[state] > 0)
			return true;
	}
	return false;
}

static bool is_candidate(void *arg, compare_id row)
{
	const struct compare_seek *seek = arg;
	size_t len;

	if (seek->kind.no_hidden && *compare_name(seek->compare, row, &len) == '.')
		return false;
	return is_match(seek, row) || has_below(seek, row);
}

static void push(struct compare_seek *seek, compare_id dir, compare_id from)
{
	struct level *level;

	if (vec_grow(&seek->levels, &seek->cap, seek->count + 1, sizeof *seek->levels) != 0) {
		seek->failed = true;
		return;
	}
	level = &seek->levels[seek->count++];
	*level = (struct level){ .from = from };
	compare_list_begin(&level->list, seek->compare, dir, is_candidate, seek);
}

struct compare_seek *compare_seek_new(struct compare *compare, const struct compare_seek_kind *kind, compare_id from)
{
	struct compare_seek *seek = calloc(1, sizeof *seek);

	if (!seek)
		return NULL;
	seek->compare = compare;
	seek->kind = *kind;
	if (from == COMPARE_TOP) {
		push(seek, COMPARE_TOP, 0);
	} else {
		push(seek, compare_parent(compare, from), from);
		if (kind->direction > 0 && has_below(seek, from))
			push(seek, from, 0);
	}
	if (!seek->failed)
		return seek;
	compare_seek_free(seek);
	return NULL;
}

void compare_seek_free(struct compare_seek *seek)
{
	if (!seek)
		return;
	for (size_t i = 0; i < seek->count; i++)
		compare_list_fini(&seek->levels[i].list);
	free(seek->levels);
	free(seek);
}

/* Where in its candidates a level begins. */
static void place(const struct compare_seek *seek, struct level *level)
{
	const struct compare_list *list = &level->list;
	bool forward = seek->kind.direction > 0;
	struct compare_key from;
	size_t low = 0;
	size_t high = list->count;

	level->placed = true;
	level->at = forward ? 0 : list->count;
	if (!level->from || !compare_has(seek->compare, level->from))
		return;
	from = compare_key_of(seek->compare, level->from);
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_key_order(seek->compare, &list->keys[middle], &from);

		if (order < 0 || (order == 0 && forward))
			low = middle + 1;
		else
			high = middle;
	}
	level->at = low;
}

/* The candidates of the last level are done: on in what is above. Returns true, and the row backwards, if that is the end. */
static bool pop(struct compare_seek *seek, compare_id *found)
{
	compare_id dir = seek->levels[seek->count - 1].list.dir;

	compare_list_fini(&seek->levels[--seek->count].list);
	if (seek->count == 0 && dir != COMPARE_TOP && compare_has(seek->compare, dir))
		push(seek, compare_parent(seek->compare, dir), dir);
	if (seek->kind.direction > 0 || !is_match(seek, dir))
		return seek->count == 0;
	*found = dir;
	return true;
}

/* Look at the next candidate of the last level. Returns true if it is the one. */
static bool look_at_next(struct compare_seek *seek, struct level *level, compare_id *found)
{
	bool forward = seek->kind.direction > 0;
	compare_id row = level->list.keys[forward ? level->at : level->at - 1].row;

	level->at += forward ? 1 : (size_t)-1;
	if (forward && is_match(seek, row)) {
		*found = row;
		return true;
	}
	if (has_below(seek, row))
		push(seek, row, 0);
	else if (is_match(seek, row))
		*found = row;
	return *found != 0;
}

bool compare_seek_step(struct compare_seek *seek, size_t units, compare_id *found)
{
	*found = 0;
	while (units > 0 && !seek->failed) {
		struct level *level = &seek->levels[seek->count - 1];
		int done = compare_list_step(&level->list, &units);

		if (done < 0)
			return true;
		if (!done || units == 0)
			return false;
		units--;
		if (!level->placed)
			place(seek, level);
		if (level->at == (seek->kind.direction > 0 ? level->list.count : 0)) {
			if (pop(seek, found))
				return true;
		} else if (look_at_next(seek, level, found)) {
			return true;
		}
	}
	return seek->failed;
}
