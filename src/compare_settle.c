/*
 * Looking again at the rows that something has changed for: a directory's row before those below it, which it may bring
 * into being; and the roll-ups, which go up level by level.
 */
#include "compare_impl.h"

#include <string.h>

void compare_touch(struct compare *compare, compare_id id)
{
	struct row *row = row_at(compare, id);

	compare->version++;
	compare->work++;
	if (row->flags & (ROW_DIRTY | ROW_GONE))
		return;
	if (vec_grow(&compare->queue, &compare->queue_cap, compare->queue_len + 1, sizeof *compare->queue) != 0) {
		compare->failed = true;
		return;
	}
	row->flags |= ROW_DIRTY;
	compare->queue[compare->queue_len++] = id;
}

/* Roll-ups -------------------------------------------------------------------------------------------- */

/* Room for one entry of each side was reserved when the side was made. */
static void mark_dirty(struct compare *compare, struct side *side)
{
	if (side->dirty)
		return;
	compare->dirty[compare->dirty_len++] = row_at(compare, side->row)->side;
	side->dirty = (uint32_t)compare->dirty_len;
}

void compare_count(struct compare *compare, compare_id dir, unsigned from, unsigned to)
{
	struct side *side = side_at(compare, row_at(compare, dir)->side);

	if (from < COMPARE_STATES)
		side->changes.of[from]--;
	if (to < COMPARE_STATES)
		side->changes.of[to]++;
	mark_dirty(compare, side);
}

void compare_uncount(struct compare *compare, struct side *side)
{
	for (unsigned state = 0; state < COMPARE_STATES; state++)
		side->changes.of[state] -= side->counts.of[state];
	mark_dirty(compare, side);
}

static int deeper_first(const void *a, const void *b, void *arg)
{
	const struct compare *compare = arg;
	const struct side *x = side_at(compare, *(const uint32_t *)a);
	const struct side *y = side_at(compare, *(const uint32_t *)b);

	return (x->depth < y->depth) - (x->depth > y->depth);
}

static void add_changes(struct compare *compare, struct side *side)
{
	compare_id up = row_at(compare, side->row)->parent;
	struct side *above = up && !side->alone ? side_at(compare, row_at(compare, up)->side) : NULL;

	for (unsigned state = 0; state < COMPARE_STATES; state++) {
		side->counts.of[state] += side->changes.of[state];
		if (above)
			above->changes.of[state] += side->changes.of[state];
	}
	side->changes = (struct compare_counts){ { 0 } };
	side->dirty = 0;
	if (above)
		mark_dirty(compare, above);
}

/*
 * Two queues are merged, both the deepest first: the sides with changes, sorted, and behind them those that join while the ones
 * below are done. So each is done once, however much has changed below it. A side that joins is done before all that are above.
 */
void compare_roll(struct compare *compare)
{
	size_t made = compare->dirty_len;
	size_t next_made = 0;
	size_t next_joined = made;

	if (made == 0)
		return;
	qsort_r(compare->dirty, made, sizeof *compare->dirty, deeper_first, compare);
	while (next_made < made || next_joined < compare->dirty_len) {
		bool joined = next_made == made ||
			      (next_joined < compare->dirty_len && side_at(compare, compare->dirty[next_joined])->depth >
									   side_at(compare, compare->dirty[next_made])->depth);

		add_changes(compare, side_at(compare, compare->dirty[joined ? next_joined++ : next_made++]));
	}
	compare->dirty_len = 0;
}

/* Directories ----------------------------------------------------------------------------------------- */

/* How a pane's directory has ended; while it is read anew, and when that was stopped, how it had ended before. */
static enum ended dir_ended(const struct tree *tree, entry_id id, enum ended before)
{
	static const uint8_t ends[] = {
		[DIR_COMPLETE] = ENDED_COMPLETE,
		[DIR_PARTIAL] = ENDED_PARTIAL,
		[DIR_UNREADABLE] = ENDED_UNREADABLE,
		[DIR_SKIPPED] = ENDED_SKIPPED,
	};
	unsigned state = tree_dir(tree, id)->state;

	if (state < DIR_COMPLETE)
		return before;
	/* what was known when it was begun to be read again is as true as it was meanwhile */
	if (state == DIR_PARTIAL && tree_entry(tree, id)->error == ERROR_CANCELED)
		return before == ENDED_NOT ? ENDED_STOPPED : before;
	return (enum ended)ends[state];
}

/* What the parent's side knows of a row that a pane has no entry for. */
static enum compare_know absence_above(const struct compare *compare, const struct row *row, size_t pane)
{
	struct side *above = row->parent ? side_at(compare, row_at(compare, row->parent)->side) : NULL;

	return above ? (enum compare_know)side_absence(compare, above)[pane] : COMPARE_UNKNOWN;
}

/* What is known of a name below a row that a pane has no entry for. */
static enum compare_know absence_below(const struct compare *compare, const struct row *row, size_t pane, enum ended ended)
{
	static const uint8_t knows[] = { [ENDED_COMPLETE] = COMPARE_ABSENT, [ENDED_SKIPPED] = COMPARE_LEFT_OUT };
	const struct entry *entry = row_entry(compare, row, pane);

	/* what a recording left out, nobody here has asked for */
	if (is_known_dir(entry) && ended == ENDED_SKIPPED && !compare->panes[pane].local)
		return COMPARE_UNKNOWN;
	if (is_known_dir(entry))
		return ended < ARRAY_LEN(knows) ? (enum compare_know)knows[ended] : COMPARE_UNKNOWN;
	if (entry)
		return entry->flags & ENTRY_KNOWN ? COMPARE_NO_PARENT : COMPARE_UNKNOWN;
	switch (absence_above(compare, row, pane)) {
	case COMPARE_ABSENT:
	case COMPARE_NO_PARENT:
		return COMPARE_NO_PARENT;
	case COMPARE_LEFT_OUT:
		return COMPARE_LEFT_OUT;
	default:
		return COMPARE_UNKNOWN;
	}
}

/* A pane's directory, whose attributes need not be known: a root that was put above another one has entries before. NULL: it has none. */
static const struct dir *dir_of(const struct compare *compare, compare_id dir, size_t pane)
{
	entry_id id = row_at(compare, dir)->entries[pane];

	return id ? tree_dir(compare->panes[pane].tree, id) : NULL;
}

/* The first entry of a pane in a directory; 0 where it has no such directory. */
static entry_id first_entry(const struct compare *compare, compare_id dir, size_t pane)
{
	const struct dir *at = dir_of(compare, dir, pane);

	return at ? at->first : 0;
}

/* Put entries into the side that is being filled, `count` at most; when there are no more it is like all others. */
static void fill_side(struct compare *compare, size_t count)
{
	compare_id dir = compare->filling;

	for (; compare->work < count && compare->filling; compare->work++) {
		entry_id at = compare->fill_next;

		if (at) {
			compare->fill_next = tree_entry(compare->panes[compare->fill_pane].tree, at)->next;
			/* names are not folded here, so none is alike another one */
			(void)compare_row_put(compare, dir, compare->fill_pane, at);
		} else if (++compare->fill_pane < compare->count) {
			compare->fill_next = first_entry(compare, dir, compare->fill_pane);
		} else {
			side_at(compare, row_at(compare, dir)->side)->filling = false;
			compare->filling = 0;
			compare_touch(compare, dir);
		}
	}
}

/* Two panes can read this directory: what is in it, in any pane, gets a row; before other rows are looked at, but in a large one little by little. */
static void open_side(struct compare *compare, struct side *side)
{
	size_t entries = 0;

	for (size_t pane = 0; pane < compare->count; pane++) {
		const struct dir *dir = dir_of(compare, side->row, pane);

		entries += dir ? dir->count : 0;
	}
	side->open = true;
	side->split = false;
	if (entries > COMPARE_FILL_AT_ONCE && !compare->patient && !compare->fold) {
		side->filling = true;
		compare->filling = side->row;
		compare->fill_pane = 0;
		compare->fill_next = first_entry(compare, side->row, 0);
		return;
	}
	for (size_t pane = 0; pane < compare->count; pane++) {
		for (entry_id at = first_entry(compare, side->row, pane); at; at = tree_entry(compare->panes[pane].tree, at)->next)
			side->split |= !compare_row_put(compare, side->row, pane, at);
	}
	if (side->split)
		compare_side_split(compare, side);
}

static void touch_rows(struct compare *compare, const struct side *side)
{
	for (compare_id id = side->first; id; id = row_at(compare, id)->next)
		compare_touch(compare, id);
}

/* One pane alone can read a directory, or others can, too: what is above counts its rows from now on, or no more. */
static void set_alone(struct compare *compare, struct side *side, bool alone)
{
	compare_id up = row_at(compare, side->row)->parent;

	if (side->alone == alone)
		return;
	compare_roll(compare);
	side->alone = alone;
	for (unsigned state = 0; up && state < COMPARE_STATES; state++) {
		uint32_t *changes = &side_at(compare, row_at(compare, up)->side)->changes.of[state];

		*changes += alone ? -side->counts.of[state] : side->counts.of[state];
	}
	if (up)
		mark_dirty(compare, side_at(compare, row_at(compare, up)->side));
	touch_rows(compare, side);
}

/* Is this an entry of which only that is known that a directory will be read there? */
static bool is_queued(const struct tree *tree, entry_id id)
{
	const struct dir *dir = id ? tree_dir(tree, id) : NULL;

	return dir && dir->state < DIR_COMPLETE && !could_not_be_had(tree_entry(tree, id));
}

static void refresh_side(struct compare *compare, struct side *side)
{
	const struct row *row = row_at(compare, side->row);
	unsigned least = row->flags & ROW_HELD ? 1 : 2;
	bool changed = false;
	bool growing = false;
	unsigned readable = 0;

	for (size_t pane = 0; pane < compare->count; pane++) {
		uint8_t *ended = &side_ended(side)[pane];
		uint8_t *absence = &side_absence(compare, side)[pane];
		uint8_t before = *absence;

		if (is_known_dir(row_entry(compare, row, pane))) {
			*ended = (uint8_t)dir_ended(compare->panes[pane].tree, row->entries[pane], (enum ended)*ended);
			readable += *ended != ENDED_UNREADABLE && *ended != ENDED_SKIPPED;
			growing |= *ended == ENDED_NOT;
		} else {
			*ended = ENDED_NOT;
			growing |= is_queued(compare->panes[pane].tree, row->entries[pane]);
		}
		*absence = (uint8_t)(side->filling ? COMPARE_UNKNOWN : absence_below(compare, row, pane, (enum ended)*ended));
		changed |= *absence != before;
	}
	if (side->remake)
		compare_side_empty(compare, side);
	side->remake = false;
	set_alone(compare, side, readable < 2);
	if (readable < least)
		compare_side_empty(compare, side);
	else if (side->open && changed)
		touch_rows(compare, side);
	else if (!side->open && !(growing && (compare->patient || compare->fold)))
		open_side(compare, side);
	if (side->filling)
		memset(&side_absence(compare, side)[0], COMPARE_UNKNOWN, compare->count);
}

/* Rows ------------------------------------------------------------------------------------------------ */

/* There are two directories or more: say which, to who wants to know. */
static void tell_shared(const struct compare *compare, const struct row *row)
{
	for (size_t pane = 0; compare->shared && pane < compare->count; pane++) {
		if (is_known_dir(row_entry(compare, row, pane)))
			compare->shared(compare->shared_arg, pane, row->entries[pane]);
	}
}

/* Let a row have a side as long as two panes have a directory there, or one if it is held. */
static void refresh_dirs(struct compare *compare, compare_id id)
{
	const struct row *row = row_at(compare, id);
	unsigned dirs = 0;

	for (size_t pane = 0; pane < compare->count; pane++)
		dirs += is_known_dir(row_entry(compare, row, pane));
	if (dirs < (row->flags & ROW_HELD ? 1 : 2) && id != COMPARE_TOP) {
		compare_side_drop(compare, id);
		return;
	}
	if (!row->side) {
		if (!compare_side_new(compare, id)) {
			compare->failed = true;
			return;
		}
		if (compare->before)
			compare_recall_ended(compare, side_at(compare, row->side));
	}
	refresh_side(compare, side_at(compare, row->side));
	if (id != COMPARE_TOP && dirs > 1)
		tell_shared(compare, row);
}

bool compare_hold(struct compare *compare, compare_id dir)
{
	struct row *row = row_at(compare, dir);

	if (row->flags & ROW_HELD)
		return false;
	row->flags |= ROW_HELD;
	compare_touch(compare, dir);
	return true;
}

static void want(struct compare *compare, compare_id id)
{
	struct row *row = row_at(compare, id);

	row->flags |= ROW_WANTS;
	if (row->flags & (ROW_ASKED | ROW_QUEUED))
		return;
	if (vec_grow(&compare->wants, &compare->want_cap, compare->want_len + 1, sizeof *compare->wants) != 0) {
		compare->failed = true;
		return;
	}
	row->flags |= ROW_QUEUED;
	compare->wants[compare->want_len++] = id;
}

static void refresh_row(struct compare *compare, compare_id id)
{
	struct row *row = row_at(compare, id);
	struct compare_look look;

	row->flags &= (uint8_t)~(ROW_DIRTY | ROW_WANTS);
	refresh_dirs(compare, id);
	if (compare->before)
		compare_recall(compare, id);
	compare_judge(compare, id, compare_own_order, false, &look);
	if (look.state != row->state && id != COMPARE_TOP)
		compare_count(compare, row->parent, row->state, look.state);
	row->state = (uint8_t)look.state;
	if (look.wants)
		want(compare, id);
}

/* Use the room of those that were looked at again, once it is most of the queue. */
static void trim_queue(struct compare *compare)
{
	enum { MANY = 1 << 16 };
	size_t left = compare->queue_len - compare->queue_at;

	if (left > 0 && (compare->queue_at < MANY || compare->queue_at < left))
		return;
	memmove(compare->queue, compare->queue + compare->queue_at, left * sizeof *compare->queue);
	compare->queue_at = 0;
	compare->queue_len = left;
}

static void refresh_next(struct compare *compare)
{
	compare_id id = compare->queue[compare->queue_at++];

	compare->work++;
	if (!(row_at(compare, id)->flags & ROW_GONE))
		refresh_row(compare, id);
}

bool compare_settle_part(struct compare *compare, size_t rows)
{
	compare->work = 0;
	while (compare->work < rows && (compare->filling || compare->queue_at < compare->queue_len)) {
		if (compare->filling)
			fill_side(compare, rows);
		else
			refresh_next(compare);
	}
	if (compare->queue_len > 0)
		trim_queue(compare);
	compare_roll(compare);
	if (compare->queue_len > 0 || compare->filling)
		return true;
	compare_free(compare->before);
	compare->before = NULL;
	return false;
}

int compare_settle(struct compare *compare)
{
	while (compare_settle_part(compare, SIZE_MAX))
		;
	return compare->failed ? -1 : 0;
}

/* Room for all rows is there already, or there is none. */
void compare_set_by(struct compare *compare, unsigned by)
{
	if (by == compare->by)
		return;
	compare->by = by;
	for (compare_id id = COMPARE_TOP; id < compare->rows.count; id++) {
		struct row *row = row_at(compare, id);

		if (!compare_has(compare, id))
			continue;
		if (row->state != COMPARE_PENDING && id != COMPARE_TOP)
			compare_count(compare, row->parent, row->state, COMPARE_PENDING);
		row->state = COMPARE_PENDING;
		compare_touch(compare, id);
	}
	compare_roll(compare);
}
