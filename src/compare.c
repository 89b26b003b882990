#include "compare.h"

#include "compare_impl.h"

#include <errno.h>
#include <string.h>

/* What the trees tell --------------------------------------------------------------------------------- */

static size_t pane_of(const struct place *place)
{
	return (size_t)(place - place->compare->panes);
}

static void take_added(void *arg, entry_id id)
{
	struct place *place = arg;
	struct compare *compare = place->compare;
	compare_id dir = place_row(place, tree_entry(place->tree, id)->parent);
	uint32_t number = dir ? row_at(compare, dir)->side : 0;
	struct side *side = number ? side_at(compare, number) : NULL;

	if (side && side->open && (side->split || !compare_row_put(compare, dir, pane_of(place), id)))
		compare_side_remake(compare, side);
}

/* Is this a directory whose end will be told, which the comparison waits for? */
static bool is_early(const struct compare *compare, const struct tree *tree, entry_id id)
{
	const struct dir *dir = compare->patient ? tree_dir(tree, id) : NULL;

	return dir && (dir->state == DIR_QUEUED || dir->state == DIR_READING);
}

static void take_changed(void *arg, entry_id id)
{
	struct place *place = arg;
	struct compare *compare = place->compare;
	compare_id row = place_row(place, id);

	if (!tree_dir(place->tree, id))
		compare_forget(compare, pane_of(place), id);
	if (!row || is_early(compare, place->tree, id))
		return;
	compare_drop_content(compare, row_at(compare, row), pane_of(place));
	compare_touch(compare, row);
}

static void take_removed(void *arg, entry_id id)
{
	struct place *place = arg;
	struct compare *compare = place->compare;
	compare_id row = place_row(place, id);

	compare_forget(compare, pane_of(place), id);
	if (compare->filling && compare->fill_next == id && compare->fill_pane == pane_of(place))
		compare->fill_next = tree_entry(place->tree, id)->next;
	if (row)
		compare_row_take(compare, pane_of(place), row);
}

static int map_top(struct place *place, entry_id id)
{
	size_t old = place->row_cap;

	if (vec_grow(&place->rows, &place->row_cap, (size_t)id + 1, sizeof *place->rows) != 0)
		return -1;
	memset(place->rows + old, 0, (place->row_cap - old) * sizeof *place->rows);
	place->rows[id] = COMPARE_TOP;
	return 0;
}

static void take_raised(void *arg, entry_id id)
{
	struct place *place = arg;
	struct compare *compare = place->compare;

	if (place->top != TREE_ROOT)
		return;
	place->rows[TREE_ROOT] = 0;
	place->top = id;
	row_at(compare, COMPARE_TOP)->entries[pane_of(place)] = id;
	if (map_top(place, id) != 0)
		compare->failed = true;
	compare->version++;
}

/* Life ------------------------------------------------------------------------------------------------ */

static int add_pane(struct compare *compare, size_t index, const struct compare_pane *pane)
{
	struct place *place = &compare->panes[index];

	*place = (struct place){
		.compare = compare,
		.tree = pane->tree,
		.top = pane->top,
		.local = pane->local,
		.observer = { take_added, take_changed, take_removed, take_raised, place },
	};
	if (map_top(place, pane->top) != 0)
		return -1;
	row_at(compare, COMPARE_TOP)->entries[index] = pane->top;
	row_at(compare, COMPARE_TOP)->present++;
	tree_observe(pane->tree, &place->observer);
	return 0;
}

struct compare *compare_new(const struct compare_pane *panes, size_t count, unsigned by, int64_t tolerance)
{
	struct compare *compare = calloc(1, sizeof *compare + count * sizeof *compare->panes);
	size_t most = 0;

	assert(count >= 2 && count <= COMPARE_MAX_PANES && tolerance >= 0);
	if (!compare)
		return NULL;
	compare->by = by;
	compare->tolerance = tolerance;
	compare->count = count;
	compare->rows.stride = (sizeof(struct row) + count * (sizeof(entry_id) + 1) + 3) & ~(size_t)3;
	compare->sides.stride = (sizeof(struct side) + count * 2 + 3) & ~(size_t)3;
	if (compare_row_new(compare, 0) != COMPARE_TOP)
		goto fail;
	for (size_t i = 0; i < count; i++) {
		const struct dir *dir = tree_dir(panes[i].tree, panes[i].top);

		most = dir ? size_max(most, dir->total.entries) : most;
		if (add_pane(compare, i, &panes[i]) != 0)
			goto fail;
	}
	/* as much as is known now has not to be moved later */
	if (compare_slots_reserve(compare, most) != 0)
		goto fail;
	compare_touch(compare, COMPARE_TOP);
	if (!compare->failed)
		return compare;
fail:
	compare_free(compare);
	errno = ENOMEM;
	return NULL;
}

void compare_be_patient(struct compare *compare)
{
	compare->patient = true;
}

void compare_fold(struct compare *compare, unsigned flags)
{
	compare->fold = flags;
}

void compare_time_shift(struct compare *compare, unsigned hours)
{
	compare->hours = hours;
}

void compare_tell_shared(struct compare *compare, void (*shared)(void *arg, size_t pane, entry_id id), void *arg)
{
	compare->shared = shared;
	compare->shared_arg = arg;
}

void compare_not_local(struct compare *compare, size_t pane)
{
	compare->panes[pane].local = false;
}

static void pool_fini(struct pool *pool)
{
	for (size_t i = 0; i < pool->chunk_cap; i++)
		free(pool->chunks[i]);
	free(pool->chunks);
	free(pool->free);
}

void compare_free(struct compare *compare)
{
	if (!compare)
		return;
	compare_free(compare->before);
	for (size_t i = 0; i < compare->count; i++) {
		if (compare->panes[i].tree)
			tree_observe(compare->panes[i].tree, NULL);
		free(compare->panes[i].rows);
	}
	pool_fini(&compare->rows);
	pool_fini(&compare->sides);
	for (size_t i = 0; i < INDEX_PARTS; i++)
		free(compare->index[i].items);
	free(compare->queue);
	free(compare->dirty);
	free(compare->wants);
	free(compare->gone);
	free(compare->order);
	buf_fini(&compare->path);
	buf_fini(&compare->key);
	buf_fini(&compare->row_key);
	free(compare);
}

static size_t pool_memory(const struct pool *pool)
{
	size_t bytes = pool->chunk_cap * sizeof *pool->chunks + pool->free_cap * sizeof *pool->free;

	for (size_t i = 0; i < pool->chunk_cap; i++)
		bytes += pool->chunks[i] ? pool->stride << COMPARE_CHUNK_BITS : 0;
	return bytes;
}

size_t compare_memory(const struct compare *compare)
{
	size_t bytes = sizeof *compare + pool_memory(&compare->rows) + pool_memory(&compare->sides);

	for (size_t i = 0; i < compare->count; i++)
		bytes += sizeof *compare->panes + compare->panes[i].row_cap * sizeof(compare_id);
	for (size_t i = 0; i < INDEX_PARTS; i++)
		bytes += compare->index[i].cap * sizeof *compare->index[i].items;
	bytes += compare->order_cap * sizeof *compare->order + (compare->before ? compare_memory(compare->before) : 0);
	return bytes + (compare->queue_cap + compare->dirty_cap + compare->want_cap + compare->gone_cap) * sizeof(uint32_t);
}

/* Looking --------------------------------------------------------------------------------------------- */

uint64_t compare_version(const struct compare *compare)
{
	return compare->version;
}

bool compare_has(const struct compare *compare, compare_id row)
{
	return row > 0 && row < compare->rows.count && (row == COMPARE_TOP || row_at(compare, row)->present > 0);
}

size_t compare_panes(const struct compare *compare)
{
	return compare->count;
}

struct tree *compare_tree(const struct compare *compare, size_t pane)
{
	return compare->panes[pane].tree;
}

uint64_t compare_come(const struct compare *compare)
{
	return compare->come;
}

uint64_t compare_gone(const struct compare *compare)
{
	return compare->gone_ever;
}

bool compare_has_failed(const struct compare *compare)
{
	return compare->failed;
}

compare_id compare_find(const struct compare *compare, size_t pane, entry_id id)
{
	return place_row(&compare->panes[pane], id);
}

entry_id compare_entry(const struct compare *compare, compare_id row, size_t pane)
{
	return row_at(compare, row)->entries[pane];
}

compare_id compare_parent(const struct compare *compare, compare_id row)
{
	return row_at(compare, row)->parent;
}

bool compare_is_dir(const struct compare *compare, compare_id row)
{
	for (size_t pane = 0; pane < compare->count; pane++) {
		const struct entry *entry = row_entry(compare, row_at(compare, row), pane);

		if (entry && S_ISDIR(entry->mode))
			return true;
	}
	return false;
}

const char *compare_name_in(const struct compare *compare, compare_id row, size_t pane, size_t *len)
{
	const struct row *at = row_at(compare, row);

	for (size_t i = 0; row != COMPARE_TOP && i < compare->count; i++, pane = (pane + 1) % compare->count) {
		if (at->entries[pane])
			return tree_name(compare->panes[pane].tree, at->entries[pane], len);
	}
	*len = 0;
	return "";
}

const char *compare_name(const struct compare *compare, compare_id row, size_t *len)
{
	return compare_name_in(compare, row, 0, len);
}

void compare_path_in(const struct compare *compare, compare_id row, size_t pane, struct buf *out)
{
	size_t total = 0;
	size_t len;
	char *end;

	for (compare_id at = row; at != COMPARE_TOP; at = compare_parent(compare, at)) {
		compare_name_in(compare, at, pane, &len);
		total += len + 1;
	}
	if (total == 0)
		return;
	end = buf_room(out, total - 1);
	if (!end)
		return;
	out->len += total - 1;
	end += total - 1;
	for (compare_id at = row; at != COMPARE_TOP; at = compare_parent(compare, at)) {
		const char *name = compare_name_in(compare, at, pane, &len);

		if (at != row)
			*--end = '/';
		end -= len;
		memcpy(end, name, len);
	}
}

void compare_path(const struct compare *compare, compare_id row, struct buf *out)
{
	compare_path_in(compare, row, 0, out);
}

enum compare_state compare_state(const struct compare *compare, compare_id row)
{
	return (enum compare_state)row_at(compare, row)->state;
}

void compare_look(const struct compare *compare, compare_id row, struct compare_look *look)
{
	compare_judge(compare, row, compare_own_order, false, look);
}

void compare_look_by(const struct compare *compare, compare_id row, const uint8_t *order, bool measured, struct compare_look *look)
{
	compare_judge(compare, row, order, measured, look);
}

const struct compare_counts *compare_below(const struct compare *compare, compare_id dir)
{
	const struct side *side = compare_is_open(compare, dir) ? side_at(compare, row_at(compare, dir)->side) : NULL;

	return side && (!side->alone || dir == COMPARE_TOP) ? &side->counts : NULL;
}

bool compare_is_open(const struct compare *compare, compare_id dir)
{
	uint32_t side = row_at(compare, dir)->side;

	return side && side_at(compare, side)->open;
}
