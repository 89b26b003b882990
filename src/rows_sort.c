/*
 * Sorting the children on the stack of a struct rows_make, a slice at a time.
 *
 * The sort is by numbers: eight bytes of a name, behind what all names have in common. They are put in order in place,
 * by one byte after the other from the highest ("American flag"); ranges whose eight bytes are the same go on with the next
 * eight, or with the next thing that counts. Numbers are turned round so that what comes first is last on the stack.
 */
#include "rows_make_impl.h"

#include <string.h>

enum { FEW = 32 }; /* children that are sorted at once */

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

static int step_next(struct rows_make *make)
{
	size_t len;

	if (make->range_count == 0) {
		make->state = STATE_EMIT;
		return 0;
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

int rows_sort_begin(struct rows_make *make, size_t begin, size_t end)
{
	return push_range(make, (struct rows_range){ begin, end, 0, 0, -1 });
}

int rows_sort_step(struct rows_make *make)
{
	static int (*const steps[])(struct rows_make *make) = {
		[STATE_NEXT] = step_next,   [STATE_COMMON] = step_common, [STATE_KEYS] = step_keys,
		[STATE_COUNT] = step_count, [STATE_PLACE] = step_place,
	};

	return steps[make->state](make);
}
