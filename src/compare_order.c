/*
 * The order of the rows: names in byte order, sorted when somebody looks.
 */
#include "compare_impl.h"

#include <string.h>

/* The first eight bytes as a number that sorts as they do. */
static uint64_t name_prefix(const char *name, size_t len)
{
	uint64_t prefix = 0;

	for (size_t i = 0; i < 8; i++)
		prefix = prefix << 8 | (i < len ? (unsigned char)name[i] : 0);
	return prefix;
}

static int by_name(const void *a, const void *b)
{
	const struct sorted *x = a;
	const struct sorted *y = b;
	int order;

	if (x->prefix != y->prefix)
		return x->prefix < y->prefix ? -1 : 1;
	order = memcmp(x->name, y->name, size_min(x->len, y->len));
	return order ? order : (x->len > y->len) - (x->len < y->len);
}

/* Sort few without calls, many with the library's sort. */
static void sort_names(struct sorted *items, size_t count)
{
	if (count > 16) {
		qsort(items, count, sizeof *items, by_name);
		return;
	}
	for (size_t i = 1; i < count; i++) {
		struct sorted item = items[i];
		size_t at = i;

		for (; at > 0 && by_name(&items[at - 1], &item) > 0; at--)
			items[at] = items[at - 1];
		items[at] = item;
	}
}

static void sort_side(struct compare *compare, struct side *side)
{
	size_t count = 0;
	compare_id *link = &side->first;

	if (vec_grow(&compare->order, &compare->order_cap, side->count, sizeof *compare->order) != 0) {
		compare->failed = true;
		return;
	}
	for (compare_id id = side->first; id; id = row_at(compare, id)->next) {
		size_t len;
		const char *name = compare_name(compare, id, &len);

		compare->order[count++] = (struct sorted){ name_prefix(name, len), name, (uint32_t)len, id };
	}
	sort_names(compare->order, count);
	for (size_t i = 0; i < count; i++) {
		*link = compare->order[i].row;
		link = &row_at(compare, *link)->next;
		side->last = compare->order[i].row;
	}
	*link = 0;
	side->unsorted = false;
}

compare_id compare_first(struct compare *compare, compare_id dir)
{
	const struct row *row = row_at(compare, dir);
	struct side *side = row->side ? side_at(compare, row->side) : NULL;

	if (!side)
		return 0;
	if (side->unswept)
		compare_side_sweep(compare, side);
	if (side->unsorted)
		sort_side(compare, side);
	return side->first;
}

compare_id compare_any(struct compare *compare, compare_id dir)
{
	const struct row *row = row_at(compare, dir);
	struct side *side = row->side ? side_at(compare, row->side) : NULL;

	if (!side)
		return 0;
	if (side->unswept)
		compare_side_sweep(compare, side);
	return side->first;
}

size_t compare_children(const struct compare *compare, compare_id dir)
{
	uint32_t side = row_at(compare, dir)->side;

	return side ? side_at(compare, side)->count : 0;
}

compare_id compare_next(const struct compare *compare, compare_id row)
{
	do
		row = row_at(compare, row)->next;
	while (row && row_at(compare, row)->flags & ROW_GONE);
	return row;
}

compare_id compare_walk(struct compare *compare, compare_id top, compare_id at)
{
	compare_id first = compare_first(compare, at);

	if (first)
		return first;
	while (at != top) {
		compare_id next = compare_next(compare, at);

		if (next)
			return next;
		at = compare_parent(compare, at);
	}
	return 0;
}
