/*
 * Making the list of a struct compare_view, a slice at a time, beside the one that is in use; for compare_view.c alone.
 * Thread: the comparison's, for all functions.
 */
#ifndef MUNTIN_COMPARE_VIEW_MAKE_H
#define MUNTIN_COMPARE_VIEW_MAKE_H

#include "compare_view.h"

struct compare_make_level;

/** A list that is being made. */
struct compare_make {
	struct compare_make_level *levels; /* the shown directory first, then those that are open around the next item */
	size_t level_count;
	size_t level_cap;
	struct compare_item *items;
	size_t count;
	size_t cap;
	compare_id last;
	compare_id cursor;   /* the cursor's row when it became an item, or part of a run; 0: not so far */
	size_t cursor_at;    /* its line */
	int64_t cost;
};

/** Begin with the directory that is shown: sets `view->make`. Returns -1 with ENOMEM; what was begun is to be freed all the same. */
MUN_NODISCARD int compare_make_begin(struct compare_view *view);

/** Do so many units of work. Returns 1 when all is done, 0 when not, -1 with ENOMEM. */
MUN_NODISCARD int compare_make_some(struct compare_view *view, size_t units);

/** Takes NULL. */
void compare_make_free(struct compare_make *make);

/** Does a row stand in the list, as far as the settings say? */
bool compare_view_pass(const struct compare_view *view, compare_id row);

/** Does the name of a row (a directory's with '/' behind it) contain a text, ASCII case folded? */
bool compare_view_matches(const struct compare *compare, compare_id row, const char *text, size_t text_len);

#endif
