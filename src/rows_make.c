/*
 * Making the rows: the children of a directory, filtered, sorted, and with them what is open below.
 *
 * A million names take a third of a second, so everything here is done in slices, between which keys are read and
 * the tree may change. Nobody sees rows that are half made: those that were stay in use until rows.c takes the new ones.
 * A thread with a snapshot of the keys would need the snapshot, 30 MB of it; to sort only what is seen, the
 * smallest of a million names have to be found as well, and again for every page. So it is slices of a sort in place.
 *
 *                     ┌──────────────── a row is an open directory: its children first ─────────────┐
 *                     ▼                                                                             │
 *     SORT ───▶ LIST: children on the stack ───▶ NEXT: a range of the stack ── none is left ───▶ EMIT: rows ───▶ DONE
 *                                                │  ▲  ▲                                    off the stack
 *                       without keys: COMMON     │  │  └── few: sorted at once ┐
 *                       (bytes that all have) ◀──┤  └─────────────────────┐    │
 *                                │               ├────────────────────────┼────┘
 *                                ▼               ▼ many                   │
 *                              KEYS           COUNT ───▶ PLACE: by one byte of their keys
 *                                │                        │
 *                                └── those whose keys are not told apart are ranges again, by what comes next
 *
 *     SWEEP: row by row, keep what is true ───▶ DONE             CHECK: row by row, is it in its place? ───▶ DONE
 *
 * The sort is by numbers: eight bytes of a name, behind what all names have in common. They are put in order in place,
 * by one byte after the other from the highest ("American flag"); ranges whose eight bytes are the same go on with the next
 * eight, or with the next thing that counts. Numbers are turned round so that what comes first is last on the stack.
 * An entry that goes meanwhile keeps its number, has no name any more, and gets no row. Directories that are listed when a
 * child goes just where the listing stands are listed again.
 */
#include "rows_make.h"

#include <string.h>
#include <time.h>

enum {
	FEW = 32,               /* children that are sorted at once */
	BIG = 1 << 16,          /* a stack above this is given back while it empties */
	MATCH_COST = 4,         /* units for looking at a name */
};

enum state { STATE_LIST, STATE_NEXT, STATE_COMMON, STATE_KEYS, STATE_COUNT, STATE_PLACE, STATE_EMIT, STATE_SWEEP, STATE_CHECK, STATE_DONE };

static const struct entry *entry_at(const struct rows *rows, entry_id id)
{
	return tree_entry(rows->tree, id);
}

bool rows_is_open(const struct rows *rows, entry_id id)
{
	return entry_is_dir(entry_at(rows, id)) && entry_at(rows, id)->flags & ENTRY_EXPANDED;
}

int64_t rows_clock(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* `cost` units of work are done. */
static void spend(struct rows_make *make, size_t cost)
{
	make->quota -= size_min(cost, make->quota);
}

/* Names ----------------------------------------------------------------------------------------------- */

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool rows_contains(const char *name, size_t len, bool slash, const char *text, size_t text_len)
{
	size_t all = len + slash;

	for (size_t start = 0; start + text_len <= all; start++) {
		size_t i = 0;

		while (i < text_len && fold(start + i < len ? name[start + i] : '/') == fold(text[i]))
			i++;
		if (i == text_len)
			return true;
	}
	return false;
}

bool rows_pass(const struct rows *rows, entry_id id)
{
	const char *name;
	size_t len;

	if (rows->hidden && rows->filter.len == 0)
		return true;
	name = tree_name(rows->tree, id, &len);
	if (!rows->hidden && len > 0 && name[0] == '.')
		return false;
	return rows->filter.len == 0 || rows_match(rows, id, rows->filter.data, rows->filter.len);
}

bool rows_match(const struct rows *rows, entry_id id, const char *text, size_t text_len)
{
	size_t len;
	const char *name = tree_name(rows->tree, id, &len);

	return rows_contains(name, len, entry_is_dir(entry_at(rows, id)), text, text_len);
}

bool rows_filter_types(const struct rows *rows)
{
	return rows->filter.len > 0 && memchr(rows->filter.data, '/', rows->filter.len);
}

/* By what ----------------------------------------------------------------------------------------------- */

enum phase { PHASE_END, PHASE_KIND, PHASE_NUMBER, PHASE_EXT, PHASE_NAME };

enum { MAIN_PHASE = 1 }; /* the one that can be reversed */

/* What counts, the first thing first. */
static const uint8_t phases[][4] = {
	[ROWS_NAME] = { PHASE_KIND, PHASE_NAME },
	[ROWS_SIZE] = { PHASE_KIND, PHASE_NUMBER, PHASE_NAME },
	[ROWS_MTIME] = { PHASE_KIND, PHASE_NUMBER, PHASE_NAME },
	[ROWS_EXT] = { PHASE_KIND, PHASE_EXT, PHASE_NAME },
	[ROWS_MODE] = { PHASE_KIND, PHASE_NUMBER, PHASE_NAME },
	[ROWS_OWNER] = { PHASE_KIND, PHASE_NUMBER, PHASE_NAME },
	[ROWS_COUNT] = { PHASE_KIND, PHASE_NUMBER, PHASE_NAME },
};

static enum phase phase_of(const struct rows_make *make, const struct rows_range *range)
{
	return phases[make->rows->made_sort][range->phase];
}

static bool is_text(const struct rows_make *make, const struct rows_range *range)
{
	return phase_of(make, range) >= PHASE_EXT;
}

/* What turns a number into a key: the stack is sorted downwards. */
static uint64_t flip_of(const struct rows_make *make, const struct rows_range *range)
{
	return make->rows->made_reverse && range->phase == MAIN_PHASE ? 0 : UINT64_MAX;
}

const char *rows_extension(const struct rows *rows, entry_id id, size_t *len)
{
	size_t all;
	const char *name = tree_name(rows->tree, id, &all);

	*len = 0;
	if (entry_is_dir(entry_at(rows, id)))
		return name;
	for (size_t at = all; at-- > 1;) {
		if (name[at] == '.') {
			*len = all - at - 1;
			return name + at + 1;
		}
	}
	return name;
}

/* The text by which a child is sorted. One that has gone has none. */
static const char *text_of(const struct rows_make *make, entry_id id, size_t *len)
{
	*len = 0;
	if (!tree_has(make->rows->tree, id))
		return "";
	if (phase_of(make, &make->range) == PHASE_EXT)
		return rows_extension(make->rows, id, len);
	return tree_name(make->rows->tree, id, len);
}

/* Eight bytes of a text as a number that sorts as they do. Names hold no NUL, so that the end comes before everything. */
static uint64_t prefix(const char *text, size_t len, size_t from)
{
	uint64_t key = 0;

	for (size_t i = 0; i < sizeof key; i++)
		key = key << 8 | (from + i < len ? (unsigned char)text[from + i] : 0);
	return key;
}

/* The number by which a child is sorted, the smallest first. */
static uint64_t number_of(const struct rows *rows, entry_id id)
{
	const struct entry *entry = entry_at(rows, id);
	const struct dir *dir = tree_dir(rows->tree, id);
	bool known = entry->flags & ENTRY_KNOWN;

	switch (rows->made_sort) {
	case ROWS_SIZE:
		return ~(dir ? dir->total.size : known ? entry->size : 0);
	case ROWS_COUNT:
		return ~(dir ? dir->total.entries : 0);
	case ROWS_MTIME:
		return ~((uint64_t)(known ? entry->mtime : INT64_MIN) ^ (uint64_t)1 << 63);
	case ROWS_MODE:
		return known ? entry->mode : UINT64_MAX;
	case ROWS_OWNER:
		return known ? (uint64_t)entry->uid << 32 | entry->gid : UINT64_MAX;
	default:
		return 0;
	}
}

static uint64_t key_of(const struct rows_make *make, entry_id id)
{
	const char *text;
	size_t len;

	if (phase_of(make, &make->range) == PHASE_KIND)
		return !entry_is_dir(entry_at(make->rows, id));
	if (phase_of(make, &make->range) == PHASE_NUMBER)
		return number_of(make->rows, id);
	text = text_of(make, id, &len);
	return prefix(text, len, make->range.from);
}

/* Sorting --------------------------------------------------------------------------------------------- */

static int push_range(struct rows_make *make, struct rows_range range)
{
	if (range.end - range.begin < 2)
		return 0;
	if (vec_grow(&make->ranges, &make->range_cap, make->range_count + 1, sizeof range) != 0)
		return -1;
	make->ranges[make->range_count++] = range;
	return 0;
}

/* Children whose keys are the same: texts go on behind them, unless they have ended; then the next thing counts. */
static int push_ties(struct rows_make *make, size_t begin, size_t end)
{
	struct rows_range range = { begin, end, 0, make->range.phase + 1, -1 };

	if (end - begin < 2)
		return 0;
	if (is_text(make, &make->range) && ((make->stack[begin].key ^ flip_of(make, &make->range)) & 0xff) != 0) {
		range.phase = make->range.phase;
		range.from = make->range.from + sizeof(uint64_t);
	}
	return phase_of(make, &range) == PHASE_END ? 0 : push_range(make, range);
}

/* Sort a few by their keys. */
static int sort_few(struct rows_make *make)
{
	struct rows_keyed *items = make->stack + make->range.begin;
	size_t count = make->range.end - make->range.begin;
	size_t end;

	for (size_t i = 1; i < count; i++) {
		struct rows_keyed item = items[i];
		size_t at = i;

		for (; at > 0 && items[at - 1].key > item.key; at--)
			items[at] = items[at - 1];
		items[at] = item;
	}
	for (size_t i = 0; i < count; i = end) {
		for (end = i + 1; end < count && items[end].key == items[i].key; end++)
			continue;
		if (push_ties(make, make->range.begin + i, make->range.begin + end) != 0)
			return -1;
	}
	spend(make, count);
	return 0;
}

/* Room for so many children, and some below them, so that a big stack is not copied; what is not used costs nothing. */
static int reserve_stack(struct rows_make *make, size_t count)
{
	if (make->stack_count + count <= make->stack_cap)
		return 0;
	return vec_grow(&make->stack, &make->stack_cap, make->stack_count + count + count / 4, sizeof *make->stack);
}

/* Room for rows of what is on the stack. */
static int reserve_rows(struct rows_make *make)
{
	size_t count = make->count + make->stack_count;

	if (count <= make->cap)
		return 0;
	return vec_grow(&make->items, &make->cap, count + make->stack_count / 4, sizeof *make->items);
}

static int step_next(struct rows_make *make)
{
	size_t len;

	if (make->range_count == 0) {
		make->state = STATE_EMIT;
		return reserve_rows(make);
	}
	spend(make, 1);
	make->range = make->ranges[--make->range_count];
	make->at = make->range.begin;
	make->differ = 0;
	if (make->range.shift < 0 && is_text(make, &make->range)) {
		text_of(make, make->stack[make->at].id, &len);
		make->same = len;
		make->state = STATE_COMMON;
	} else if (make->range.shift < 0) {
		make->state = STATE_KEYS;
	} else if (make->range.end - make->range.begin <= FEW) {
		return sort_few(make);
	} else {
		memset(make->ends, 0, sizeof make->ends);
		make->state = STATE_COUNT;
	}
	return 0;
}

/* How many bytes do all texts have in common? */
static int step_common(struct rows_make *make)
{
	size_t len;
	const char *first = text_of(make, make->stack[make->range.begin].id, &len);

	make->same = size_min(make->same, len);
	for (; make->at < make->range.end && make->same > make->range.from && make->quota > 0; make->at++) {
		const char *other = text_of(make, make->stack[make->at].id, &len);
		size_t same = make->range.from;

		while (same < make->same && same < len && first[same] == other[same])
			same++;
		make->same = same;
		spend(make, 1);
	}
	if (make->at < make->range.end && make->same > make->range.from)
		return 0;
	make->range.from = size_max(make->range.from, make->same);
	make->at = make->range.begin;
	make->state = STATE_KEYS;
	return 0;
}

static int step_keys(struct rows_make *make)
{
	struct rows_keyed *items = make->stack;
	struct rows_range range = make->range;
	uint64_t flip = flip_of(make, &range);

	for (; make->at < range.end && make->quota > 0; make->at++) {
		items[make->at].key = key_of(make, items[make->at].id) ^ flip;
		make->differ |= items[make->at].key ^ items[range.begin].key;
		spend(make, 1);
	}
	if (make->at < range.end)
		return 0;
	make->state = STATE_NEXT;
	if (make->differ == 0)
		return push_ties(make, range.begin, range.end);
	for (range.shift = 56; make->differ >> range.shift == 0;)
		range.shift -= 8;
	return push_range(make, range);
}

static unsigned digit(const struct rows_make *make, size_t at)
{
	return make->stack[at].key >> make->range.shift & 0xff;
}

/* How many keys are there with each value of the byte? */
static int step_count(struct rows_make *make)
{
	size_t end = make->range.begin;

	for (; make->at < make->range.end && make->quota > 0; make->at++) {
		make->ends[digit(make, make->at)]++;
		spend(make, 1);
	}
	if (make->at < make->range.end)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(make->ends); i++) {
		make->heads[i] = end;
		end += make->ends[i];
		make->ends[i] = end;
	}
	spend(make, FEW);
	make->bucket = 0;
	make->state = STATE_PLACE;
	return 0;
}

/* All keys with a value of the byte are together: go on with the next byte. */
static int push_buckets(struct rows_make *make)
{
	struct rows_range range = make->range;
	int result = 0;

	for (size_t i = 0; i < ARRAY_LEN(make->ends) && result == 0; i++) {
		size_t begin = i > 0 ? make->ends[i - 1] : range.begin;

		if (range.shift == 0)
			result = push_ties(make, begin, make->ends[i]);
		else
			result = push_range(make, (struct rows_range){ begin, make->ends[i], range.from, range.phase, range.shift - 8 });
	}
	return result;
}

/* Bring every key home to those with the same byte, by swaps. */
static int step_place(struct rows_make *make)
{
	struct rows_keyed *items = make->stack;

	while (make->bucket < ARRAY_LEN(make->ends) && make->quota > 0) {
		size_t *head = &make->heads[make->bucket];
		unsigned home;

		if (*head == make->ends[make->bucket]) {
			make->bucket++;
			continue;
		}
		spend(make, 1);
		home = digit(make, *head);
		if (home == make->bucket) {
			++*head;
		} else {
			struct rows_keyed item = items[*head];

			items[*head] = items[make->heads[home]];
			items[make->heads[home]++] = item;
		}
	}
	if (make->bucket < ARRAY_LEN(make->ends))
		return 0;
	make->state = STATE_NEXT;
	return push_buckets(make);
}

/* Rows in order --------------------------------------------------------------------------------------- */

/* The rows of a directory's children are next. */
static int begin_dir(struct rows_make *make, entry_id id)
{
	if (vec_grow(&make->shown, &make->shown_cap, make->shown_count + 1, sizeof *make->shown) != 0)
		return -1;
	make->shown[make->shown_count++] = (struct rows_dir){ .dir = id };
	make->base = make->stack_count;
	make->state = STATE_LIST;
	return 0;
}

/* The next child to be listed; where the listing stood may have gone, and then it begins again. */
static entry_id next_child(struct rows_make *make, struct rows_dir *shown)
{
	const struct dir *dir = tree_dir(make->rows->tree, shown->dir);

	if (shown->last && tree_has(make->rows->tree, shown->last))
		return entry_at(make->rows, shown->last)->next;
	make->stack_count = make->base;
	shown->last = 0;
	shown->count = 0;
	shown->changes = dir->changes;
	return dir->first;
}

/* Put the children of a directory on the stack. */
static int step_list(struct rows_make *make)
{
	const struct rows *rows = make->rows;
	struct rows_dir *shown = &make->shown[make->shown_count - 1];
	bool choosy = !rows->hidden || rows->filter.len > 0;
	entry_id at;

	if (!tree_has(rows->tree, shown->dir) || !tree_dir(rows->tree, shown->dir)) {
		make->stack_count = make->base;
		make->state = STATE_NEXT;
		return 0;
	}
	at = next_child(make, shown);
	if (!shown->last && reserve_stack(make, tree_dir(rows->tree, shown->dir)->count) != 0)
		return -1;
	for (; at && make->quota > 0; at = entry_at(rows, at)->next) {
		if (rows_pass(rows, at)) {
			if (vec_grow(&make->stack, &make->stack_cap, make->stack_count + 1, sizeof *make->stack) != 0)
				return -1;
			make->stack[make->stack_count++] = (struct rows_keyed){ 0, at };
		}
		shown->last = at;
		shown->count++;
		spend(make, choosy ? MATCH_COST : 1);
	}
	if (at)
		return 0;
	make->state = STATE_NEXT;
	return push_range(make, (struct rows_range){ make->base, make->stack_count, 0, 0, -1 });
}

/* Give back what a big stack does not need any more. */
static void shrink_stack(struct rows_make *make)
{
	struct rows_keyed *less;

	if (make->stack_cap < BIG || make->stack_count > make->stack_cap - make->stack_cap / 16)
		return;
	less = realloc(make->stack, size_max(make->stack_count, 1) * sizeof *less);
	if (!less)
		return;
	make->stack = less;
	make->stack_cap = size_max(make->stack_count, 1);
}

static int emit(struct rows_make *make, struct row row)
{
	if (vec_grow(&make->items, &make->cap, make->count + 1, sizeof row) != 0)
		return -1;
	make->items[make->count++] = row;
	return 0;
}

/* The row of an entry that is there: as deep as it is below the directory with which it began. */
static struct row row_of(const struct rows_make *make, entry_id id)
{
	const struct tree *tree = make->rows->tree;
	uint32_t levels = tree_dir(tree, tree_entry(tree, id)->parent)->depth - tree_dir(tree, make->dir)->depth;

	return (struct row){ id, (make->indent + levels) & INT32_MAX, rows_is_open(make->rows, id) };
}

/* Make rows of what is on the stack, up to an open directory. */
static int step_emit(struct rows_make *make)
{
	while (make->stack_count > 0 && make->quota > 0) {
		entry_id id = make->stack[--make->stack_count].id;
		struct row row;

		spend(make, 1);
		if (!tree_has(make->rows->tree, id))
			continue;
		row = row_of(make, id);
		make->dir_rows += row.indent == make->indent && entry_is_dir(entry_at(make->rows, id));
		if (emit(make, row) != 0)
			return -1;
		if (row.open)
			return begin_dir(make, row.id);
	}
	shrink_stack(make);
	if (make->stack_count == 0)
		make->state = STATE_DONE;
	return 0;
}

/* Rows that there are --------------------------------------------------------------------------------- */

/* An entry has a row. */
static int note_known(struct rows_make *make, entry_id id)
{
	size_t old = make->known_size;

	if (id / 8 >= old) {
		if (vec_grow(&make->known, &make->known_size, id / 8 + 1, 1) != 0)
			return -1;
		memset(make->known + old, 0, make->known_size - old);
	}
	make->known[id / 8] |= (unsigned char)(1 << id % 8);
	return 0;
}

/* An open row is kept; `was` is what was known of its directory. */
static int keep_open(struct rows_make *make, const struct rows_dir *was)
{
	if (vec_grow(&make->shown, &make->shown_cap, make->shown_count + 1, sizeof *make->shown) != 0)
		return -1;
	make->shown[make->shown_count++] = *was;
	return 0;
}

/* A directory is open and has no rows below it yet. */
static int note_opening(struct rows_make *make, entry_id id)
{
	if (vec_grow(&make->opening, &make->opening_cap, make->opening_count + 1, sizeof id) != 0)
		return -1;
	make->opening[make->opening_count++] = id;
	return 0;
}

static int keep_row(struct rows_make *make, struct row row, const struct rows_dir *was)
{
	bool open = rows_is_open(make->rows, row.id);

	if (was && open && keep_open(make, was) != 0)
		return -1;
	if (!was && open && note_opening(make, row.id) != 0)
		return -1;
	row.open = was && open;
	return emit(make, row) != 0 || note_known(make, row.id) != 0 ? -1 : 0;
}

static int step_sweep(struct rows_make *make)
{
	const struct rows *rows = make->rows;

	if (make->at == 0 && vec_grow(&make->items, &make->cap, rows->count, sizeof *make->items) != 0)
		return -1;
	for (; make->at < rows->count && make->quota > 0; make->at++) {
		struct row row = rows->items[make->at];
		const struct rows_dir *was = row.open ? &rows->shown[make->next_shown++] : NULL;
		bool is_dir_row = row.indent == 0 && make->tops < rows->dir_rows;

		spend(make, 1);
		make->tops += row.indent == 0;
		make->skipping = make->skipping && row.indent > make->skip_indent;
		if (make->skipping)
			continue;
		make->skip_indent = row.indent;
		make->skipping = true;
		if (!tree_has(rows->tree, row.id) || !rows_pass(rows, row.id))
			continue;
		make->dir_rows += is_dir_row;
		if (keep_row(make, row, was) != 0)
			return -1;
		make->skipping = was && !rows_is_open(rows, row.id);
	}
	if (make->at == rows->count)
		make->state = STATE_DONE;
	return 0;
}

/* Names do not change; so the order holds as long as directories are directories. */
static int step_check(struct rows_make *make)
{
	const struct rows *rows = make->rows;

	for (; make->good && make->at < rows->count && make->quota > 0; make->at++) {
		entry_id id = rows->items[make->at].id;

		make->good = !tree_has(rows->tree, id) || entry_is_dir(entry_at(rows, id)) == (make->at < rows->dir_rows);
		spend(make, 1);
	}
	if (!make->good || make->at == rows->count)
		make->state = STATE_DONE;
	return 0;
}

/* The interface --------------------------------------------------------------------------------------- */

typedef int step(struct rows_make *make);

static step *const steps[STATE_DONE] = {
	[STATE_LIST] = step_list,   [STATE_NEXT] = step_next,   [STATE_COMMON] = step_common,
	[STATE_KEYS] = step_keys,   [STATE_COUNT] = step_count, [STATE_PLACE] = step_place,
	[STATE_EMIT] = step_emit,   [STATE_SWEEP] = step_sweep, [STATE_CHECK] = step_check,
};

static const uint8_t first_states[] = { [ROWS_SORT] = STATE_LIST, [ROWS_SWEEP] = STATE_SWEEP, [ROWS_CHECK] = STATE_CHECK };

struct rows_make *rows_make_new(const struct rows *rows, enum rows_task task, entry_id dir, uint32_t indent)
{
	struct rows_make *make = calloc(1, sizeof *make);

	if (!make)
		return NULL;
	make->rows = rows;
	make->task = task;
	make->version = tree_version(rows->tree);
	make->dir = dir;
	make->indent = indent;
	make->next_shown = 1;
	make->good = true;
	if (begin_dir(make, dir) != 0) {
		free(make);
		return NULL;
	}
	make->state = first_states[task];
	return make;
}

void rows_make_free(struct rows_make *make)
{
	if (!make)
		return;
	free(make->items);
	free(make->shown);
	free(make->opening);
	free(make->known);
	free(make->stack);
	free(make->ranges);
	free(make);
}

enum rows_progress rows_make_run(struct rows_make *make, int64_t until, size_t *quota)
{
	int64_t began = rows_clock();
	int64_t now = began;

	make->quota = *quota;
	spend(make, 1);
	while (make->state != STATE_DONE && (make->quota > 0 || now < until)) {
		if (make->quota == 0)
			make->quota = make->rows->grain;
		while (make->quota > 0 && make->state != STATE_DONE) {
			if (steps[make->state](make) != 0)
				return ROWS_NOMEM;
		}
		now = rows_clock();
	}
	make->cost += now - began;
	*quota = make->quota;
	return make->state == STATE_DONE ? ROWS_DONE : ROWS_MORE;
}
