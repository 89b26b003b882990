/*
 * The rows: their storage, the index by (directory, name), and what is linked to what.
 */
#include "compare_impl.h"

#include <errno.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { CHUNK = 1 << COMPARE_CHUNK_BITS };

/* Storage --------------------------------------------------------------------------------------------- */

static int pool_grow(struct pool *pool)
{
	size_t chunk = pool->count >> COMPARE_CHUNK_BITS;
	size_t old = pool->chunk_cap;

	if (chunk >= old) {
		if (vec_grow(&pool->chunks, &pool->chunk_cap, chunk + 1, sizeof *pool->chunks) != 0)
			return -1;
		memset(pool->chunks + old, 0, (pool->chunk_cap - old) * sizeof *pool->chunks);
	}
	if (!pool->chunks[chunk])
		pool->chunks[chunk] = malloc(CHUNK * pool->stride);
	return pool->chunks[chunk] ? 0 : -1;
}

/* A number whose thing is all zero; 0 when memory has run out. */
static uint32_t pool_take(struct pool *pool)
{
	uint32_t id;

	if (pool->free_count > 0) {
		id = pool->free[--pool->free_count];
	} else {
		if (pool->count == 0)
			pool->count = 1;
		if (pool->count == UINT32_MAX || pool_grow(pool) != 0)
			return 0;
		id = pool->count++;
	}
	memset(pool_at(pool, id), 0, pool->stride);
	return id;
}

/* Without memory the number is lost. */
static void pool_give(struct pool *pool, uint32_t id)
{
	if (vec_grow(&pool->free, &pool->free_cap, pool->free_count + 1, sizeof *pool->free) == 0)
		pool->free[pool->free_count++] = id;
}

/* The index ------------------------------------------------------------------------------------------- */

static uint32_t name_hash(compare_id parent, const char *name, size_t len)
{
	return (uint32_t)XXH3_64bits_withSeed(name, len, parent);
}

/* What a name is found by: itself, or what it folds to. Borrowed until `scratch` is used again. */
static const char *key_of(struct compare *compare, struct buf *scratch, const char *name, size_t *len)
{
	if (!compare->fold)
		return name;
	buf_clear(scratch);
	fold_name(scratch, name, *len, compare->fold);
	if (!scratch->failed && scratch->len > 0) {
		*len = scratch->len;
		return scratch->data;
	}
	compare->failed |= scratch->failed;
	return name;
}

/* Is this a row's name, or what it folds to? */
static bool is_named(struct compare *compare, compare_id id, compare_id parent, const char *name, size_t len, bool exact)
{
	const struct row *row = row_at(compare, id);
	const char *has;
	size_t has_len;

	if (row->parent != parent || !(row->flags & ROW_EXACT) == exact)
		return false;
	has = compare_name(compare, id, &has_len);
	if (!exact)
		has = key_of(compare, &compare->row_key, has, &has_len);
	return has_len == len && memcmp(has, name, len) == 0;
}

/* The part of the index that a hash belongs to. */
static struct slots *part_of(struct compare *compare, uint32_t hash)
{
	return &compare->index[hash >> (32 - INDEX_BITS)];
}

/* The slot of a name in a directory, or the free one where it belongs. */
static struct slot *find_slot(struct compare *compare, uint32_t hash, compare_id parent, const char *name, size_t len, bool exact)
{
	const struct slots *part = part_of(compare, hash);
	size_t mask = part->cap - 1;

	for (size_t at = hash & mask;; at = (at + 1) & mask) {
		struct slot *slot = &part->items[at];

		if (!slot->row || (slot->hash == hash && is_named(compare, slot->row, parent, name, len, exact)))
			return slot;
	}
}

/* The slot of a row. */
static struct slot *slot_of(struct compare *compare, compare_id id)
{
	size_t len;
	const char *name = compare_name(compare, id, &len);
	const struct slots *part;
	uint32_t hash;
	size_t at;

	name = key_of(compare, &compare->key, name, &len);
	hash = name_hash(row_at(compare, id)->parent, name, len);
	part = part_of(compare, hash);
	for (at = hash & (part->cap - 1); part->items[at].row != id; at = (at + 1) & (part->cap - 1))
		;
	return &part->items[at];
}

/* So many slots of a part may be in use: a little over half in the first one, four in five in the last. */
static size_t most_used(const struct compare *compare, const struct slots *part)
{
	size_t number = (size_t)(part - compare->index);

	return part->cap / 64 * (36 + number / 4);
}

/* Returns -1 with ENOMEM. */
static int resize(struct slots *part, size_t cap)
{
	struct slot *items = calloc(cap, sizeof *items);

	if (!items)
		return -1;
	for (size_t i = 0; i < part->cap; i++) {
		size_t at = part->items[i].hash & (cap - 1);

		if (!part->items[i].row)
			continue;
		while (items[at].row)
			at = (at + 1) & (cap - 1);
		items[at] = part->items[i];
	}
	free(part->items);
	part->items = items;
	part->cap = cap;
	return 0;
}

/* Have room for one more name. */
static int grow_slots(struct compare *compare, uint32_t hash)
{
	struct slots *part = part_of(compare, hash);

	return part->used < most_used(compare, part) ? 0 : resize(part, part->cap ? part->cap * 2 : 64);
}

int compare_slots_reserve(struct compare *compare, size_t rows)
{
	size_t cap = 64;

	while (cap / 2 < rows / INDEX_PARTS)
		cap *= 2;
	for (size_t i = 0; i < INDEX_PARTS; i++) {
		if (resize(&compare->index[i], cap) != 0)
			return -1;
	}
	return 0;
}

/* Free a slot; those behind it that it had pushed on move up. */
static void free_slot(struct compare *compare, struct slot *slot)
{
	struct slots *part = part_of(compare, slot->hash);
	size_t mask = part->cap - 1;
	size_t hole = (size_t)(slot - part->items);

	for (size_t at = (hole + 1) & mask; part->items[at].row; at = (at + 1) & mask) {
		size_t home = part->items[at].hash & mask;

		if (((at - home) & mask) < ((at - hole) & mask))
			continue;
		part->items[hole] = part->items[at];
		hole = at;
	}
	part->items[hole].row = 0;
	part->used--;
}

/* Rows ------------------------------------------------------------------------------------------------ */

compare_id compare_row_new(struct compare *compare, compare_id parent)
{
	compare_id id = pool_take(&compare->rows);

	if (!id)
		return 0;
	row_at(compare, id)->parent = parent;
	row_at(compare, id)->state = COMPARE_PENDING;
	compare->come++;
	return id;
}

static void link_row(struct compare *compare, struct side *side, compare_id id)
{
	if (side->last)
		row_at(compare, side->last)->next = id;
	else
		side->first = id;
	side->last = id;
	side->count++;
	side->unsorted = true;
	compare_count(compare, side->row, COMPARE_STATES, COMPARE_PENDING);
}

/* Remember which row an entry has. */
static int map_entry(struct place *place, entry_id id, compare_id row)
{
	size_t old = place->row_cap;

	if (id >= old) {
		if (vec_grow(&place->rows, &place->row_cap, (size_t)id + 1, sizeof *place->rows) != 0)
			return -1;
		memset(place->rows + old, 0, (place->row_cap - old) * sizeof *place->rows);
	}
	place->rows[id] = row;
	return 0;
}

static void set_entry(struct compare *compare, compare_id id, size_t pane, entry_id entry)
{
	struct row *row = row_at(compare, id);

	row->present = (uint16_t)(row->present + (entry != 0) - (row->entries[pane] != 0));
	row->entries[pane] = entry;
	compare_drop_content(compare, row, pane);
	compare_touch(compare, id);
}

/* The row of a name in a directory, a new one if there is none yet; 0 when memory has run out. */
static compare_id row_of_name(struct compare *compare, compare_id parent, const char *name, size_t len, bool exact)
{
	size_t key_len = len;
	const char *key = key_of(compare, &compare->key, name, &key_len);
	uint32_t hash = name_hash(parent, key, key_len);
	struct slot *slot;
	compare_id row;

	if (grow_slots(compare, hash) != 0)
		return 0;
	slot = exact ? find_slot(compare, hash, parent, name, len, true) : find_slot(compare, hash, parent, key, key_len, false);
	if (slot->row)
		return slot->row;
	row = compare_row_new(compare, parent);
	if (!row)
		return 0;
	row_at(compare, row)->flags = exact ? ROW_EXACT : 0;
	*slot = (struct slot){ .row = row, .hash = hash };
	part_of(compare, hash)->used++;
	link_row(compare, side_at(compare, row_at(compare, parent)->side), row);
	return row;
}

/* Put an entry into a row that has none of its pane; see compare_row_put(). */
static bool put_entry(struct compare *compare, compare_id parent, size_t pane, entry_id id, bool exact)
{
	struct place *place = &compare->panes[pane];
	size_t len;
	const char *name = tree_name(place->tree, id, &len);
	compare_id row = map_entry(place, id, 0) == 0 ? row_of_name(compare, parent, name, len, exact) : 0;

	if (!row) {
		compare->failed = true;
		return true;
	}
	if (row_at(compare, row)->entries[pane]) {
		row_at(compare, row)->flags |= ROW_SPLIT;
		return false;
	}
	place->rows[id] = row;
	set_entry(compare, row, pane, id);
	return true;
}

bool compare_row_put(struct compare *compare, compare_id parent, size_t pane, entry_id id)
{
	if (compare_leaves_out(compare, pane, id)) {
		compare->left_out++;
		return true;
	}
	return put_entry(compare, parent, pane, id, false);
}

/* Let a row that is in no list wait for compare_reclaim(). */
static void retire(struct compare *compare, compare_id id)
{
	if (vec_grow(&compare->gone, &compare->gone_cap, compare->gone_len + 1, sizeof *compare->gone) == 0)
		compare->gone[compare->gone_len++] = id;
}

void compare_reclaim(struct compare *compare)
{
	if (compare->queue_at < compare->queue_len)
		return;
	for (size_t i = 0; i < compare->gone_len; i++)
		pool_give(&compare->rows, compare->gone[i]);
	compare->gone_len = 0;
}

/* Take a row out of the index and away from its entries, of which there is one at least. It stays linked. */
static void forget_row(struct compare *compare, compare_id id)
{
	struct row *row = row_at(compare, id);

	free_slot(compare, slot_of(compare, id));
	for (size_t pane = 0; pane < compare->count; pane++) {
		compare_id *of = row->entries[pane] ? &compare->panes[pane].rows[row->entries[pane]] : NULL;

		if (of && *of == id) /* one that was split has other rows now */
			*of = 0;
		row->entries[pane] = 0;
	}
	row->present = 0;
	row->flags = ROW_GONE;
	if (compare->filling == id)
		compare->filling = 0;
	compare->gone_ever++;
	compare->version++;
}

/* Remove a row with all below. It stays linked until its directory is swept. */
static void remove_row(struct compare *compare, compare_id id)
{
	const struct row *row = row_at(compare, id);

	compare_side_drop(compare, id);
	compare_count(compare, row->parent, row->state, COMPARE_STATES);
	forget_row(compare, id);
	side_at(compare, row_at(compare, row->parent)->side)->unswept = true;
}

void compare_row_take(struct compare *compare, size_t pane, compare_id id)
{
	struct row *row = row_at(compare, id);
	struct side *side = row->side ? side_at(compare, row->side) : NULL;

	if (side)
		side_ended(side)[pane] = ENDED_NOT;
	if (row->flags & ROW_EXACT)
		compare_side_remake(compare, side_at(compare, row_at(compare, row->parent)->side));
	if (row->present == 1 && id != COMPARE_TOP) {
		remove_row(compare, id);
		return;
	}
	compare->panes[pane].rows[row->entries[pane]] = 0;
	set_entry(compare, id, pane, 0);
}

/* Sides ----------------------------------------------------------------------------------------------- */

uint32_t compare_side_new(struct compare *compare, compare_id id)
{
	struct row *row = row_at(compare, id);
	uint32_t number = pool_take(&compare->sides);
	struct side *side;

	if (!number || vec_grow(&compare->dirty, &compare->dirty_cap, compare->sides.count, sizeof *compare->dirty) != 0)
		return 0;
	side = side_at(compare, number);
	side->row = id;
	if (row->parent)
		side->depth = side_at(compare, row_at(compare, row->parent)->side)->depth + 1;
	row->side = number;
	return number;
}

void compare_side_sweep(struct compare *compare, struct side *side)
{
	compare_id *at = &side->first;

	side->last = 0;
	while (*at) {
		compare_id id = *at;
		struct row *row = row_at(compare, id);

		if (row->flags & ROW_GONE) {
			*at = row->next;
			side->count--;
			retire(compare, id);
			continue;
		}
		side->last = id;
		at = &row->next;
	}
	side->unswept = false;
}

/* Give the entries of a pane whose names fold to that of a row that falls apart rows of their own. */
static void split_names(struct compare *compare, const struct side *side, size_t pane, entry_id at)
{
	const struct place *place = &compare->panes[pane];

	for (; at; at = tree_entry(place->tree, at)->next) {
		size_t len;
		const char *name = tree_name(place->tree, at, &len);
		const char *key = key_of(compare, &compare->key, name, &len);
		const struct slot *slot = find_slot(compare, name_hash(side->row, key, len), side->row, key, len, false);

		if (slot->row && row_at(compare, slot->row)->flags & ROW_SPLIT && !compare_leaves_out(compare, pane, at))
			put_entry(compare, side->row, pane, at, true);
	}
}

void compare_side_split(struct compare *compare, struct side *side)
{
	const struct row *row = row_at(compare, side->row);

	for (size_t pane = 0; pane < compare->count; pane++) {
		if (row->entries[pane] && tree_dir(compare->panes[pane].tree, row->entries[pane]))
			split_names(compare, side, pane, tree_dir(compare->panes[pane].tree, row->entries[pane])->first);
	}
	for (compare_id id = side->first; id; id = row_at(compare, id)->next) {
		if (row_at(compare, id)->flags & ROW_SPLIT)
			remove_row(compare, id);
	}
}

void compare_side_remake(struct compare *compare, struct side *side)
{
	side->remake = true;
	compare_touch(compare, side->row);
}

/* Let go of the rows that are linked to a side; the sides below join the chain. Returns its new start. */
static uint32_t unlink_rows(struct compare *compare, struct side *side, uint32_t chain)
{
	for (compare_id id = side->first; id;) {
		struct row *row = row_at(compare, id);
		compare_id next = row->next;

		if (row->side) {
			side_at(compare, row->side)->chain = chain;
			chain = row->side;
			row->side = 0;
		}
		if (!(row->flags & ROW_GONE))
			forget_row(compare, id);
		retire(compare, id);
		id = next;
	}
	side->first = side->last = 0;
	side->count = 0;
	side->unswept = side->unsorted = false;
	return chain;
}

void compare_side_empty(struct compare *compare, struct side *side)
{
	uint32_t chain;

	side->open = side->filling = false;
	if (compare->filling == side->row)
		compare->filling = 0;
	if (!side->first)
		return;
	compare_roll(compare);
	compare_uncount(compare, side);
	chain = unlink_rows(compare, side, 0);
	while (chain) {
		uint32_t number = chain;
		struct side *below = side_at(compare, number);

		chain = unlink_rows(compare, below, below->chain);
		pool_give(&compare->sides, number);
	}
}

void compare_side_drop(struct compare *compare, compare_id id)
{
	struct row *row = row_at(compare, id);

	if (!row->side)
		return;
	compare_side_empty(compare, side_at(compare, row->side));
	compare_roll(compare);
	pool_give(&compare->sides, row->side);
	row->side = 0;
}
