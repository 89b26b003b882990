/*
 * Several renames at once: their new names may be the old names of others.
 *
 *     1 -> 2, 2 -> 3     2 has to go first: 1 waits for 2
 *     a -> b, b -> a     a circle: one of them steps aside
 *
 * All paths, old and new, are sorted; those that are equal stand side by side and are the ones that have to do with each
 * other. A new name is wanted by one at most, so that everybody waits for one at most.
 * What is deeper in the tree comes first: its path goes through directories that may be renamed, too.
 */
#include "op_node.h"

#include <string.h>

/* A path that a target has, or is to have. */
struct order_path {
	const char *path;
	size_t len;
	uint32_t target;
	bool is_new;
};

static int compare_paths(const void *left, const void *right)
{
	const struct order_path *a = left;
	const struct order_path *b = right;
	int order = memcmp(a->path, b->path, size_min(a->len, b->len));

	if (order != 0)
		return order;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	if (a->is_new != b->is_new)
		return a->is_new ? 1 : -1;
	return a->target < b->target ? -1 : 1;
}

static bool same_path(const struct order_path *a, const struct order_path *b)
{
	return a->len == b->len && memcmp(a->path, b->path, a->len) == 0;
}

/* The new path of a target, put behind the others in `out`. Returns its length; 0 when its name is none. */
static size_t new_path(const struct op *op, const struct op_target *target, struct buf *out)
{
	const char *path = op_request_path(&op->request, target);
	size_t dir = op_path_dir(path, target->path_len);
	char name[OP_NAME_SIZE];

	if (op_new_name(op, target, name) != ERROR_NONE)
		return 0;
	buf_add(out, path, dir);
	buf_add_str(out, name);
	return dir + strlen(name);
}

/* Old paths, then those new ones that can be; `text` keeps the latter. Returns NULL when memory ran out. */
static struct order_path *all_paths(const struct op *op, struct buf *text, size_t *count)
{
	const struct op_request *request = &op->request;
	struct order_path *paths = calloc(request->targets_len, 2 * sizeof *paths);
	size_t at = 0;

	*count = 0;
	for (size_t i = 0; paths && i < request->targets_len; i++) {
		const struct op_target *target = &request->targets[i];
		size_t len = new_path(op, target, text);

		paths[(*count)++] = (struct order_path){ op_request_path(request, target), target->path_len, (uint32_t)i, false };
		if (len > 0)
			paths[(*count)++] = (struct order_path){ NULL, len, (uint32_t)i, true };
	}
	if (!paths || text->failed) {
		free(paths);
		return NULL;
	}
	for (size_t i = 0; i < *count; i++) {
		if (!paths[i].is_new)
			continue;
		paths[i].path = text->data + at;
		at += paths[i].len;
	}
	return paths;
}

/* Let those that have the same path know of each other. */
static void connect(struct op *op, const struct order_path *group, size_t count)
{
	size_t first_new = 0;

	while (first_new < count && !group[first_new].is_new)
		first_new++;
	for (size_t i = first_new; i < count; i++)
		op->turns[group[i].target].twice = count - first_new > 1;
	if (first_new == 0 || count - first_new != 1)
		return;
	op->turns[group[first_new].target].waits_for = group[0].target + 1;
	op->turns[group[0].target].before = group[first_new].target + 1;
}

/* How deep a target is, and which one. */
struct order_depth {
	uint32_t depth;
	uint32_t target;
};

static int compare_depths(const void *left, const void *right)
{
	const struct order_depth *a = left;
	const struct order_depth *b = right;

	if (a->depth != b->depth)
		return a->depth > b->depth ? -1 : 1;
	return a->target < b->target ? -1 : 1;
}

static enum error sort_by_depth(struct op *op)
{
	const struct op_request *request = &op->request;
	struct order_depth *depths = calloc(request->targets_len, sizeof *depths);

	op->order = calloc(request->targets_len, sizeof *op->order);
	if (!depths || !op->order) {
		free(depths);
		return ERROR_NOMEM;
	}
	for (size_t i = 0; i < request->targets_len; i++) {
		const struct op_target *target = &request->targets[i];
		const char *path = op_request_path(request, target);

		depths[i].target = (uint32_t)i;
		for (size_t at = 0; at < target->path_len; at++)
			depths[i].depth += path[at] == '/';
	}
	qsort(depths, request->targets_len, sizeof *depths, compare_depths);
	for (size_t i = 0; i < request->targets_len; i++)
		op->order[i] = depths[i].target;
	free(depths);
	return ERROR_NONE;
}

enum error op_order_find(struct op *op)
{
	struct buf text = BUF_INIT;
	struct order_path *paths;
	size_t count;

	if (op->request.targets_len < 2)
		return ERROR_NONE;
	op->turns = calloc(op->request.targets_len, sizeof *op->turns);
	paths = all_paths(op, &text, &count);
	if (!op->turns || !paths) {
		free(paths);
		buf_fini(&text);
		return ERROR_NOMEM;
	}
	qsort(paths, count, sizeof *paths, compare_paths);
	for (size_t begin = 0, end; begin < count; begin = end) {
		for (end = begin + 1; end < count && same_path(&paths[begin], &paths[end]);)
			end++;
		connect(op, &paths[begin], end - begin);
	}
	free(paths);
	buf_fini(&text);
	return sort_by_depth(op);
}

void op_order_check(struct op *op)
{
	bool all = true;

	if (!op->turns)
		return;
	for (size_t i = 0; i < op->len; i++)
		all = all && op->nodes[i].status == OP_PLAN;
	for (size_t i = 0; !all && i < op->len; i++) {
		if (op->nodes[i].status != OP_PLAN)
			continue;
		op->nodes[i].status = OP_SKIPPED;
		op->nodes[i].error = ERROR_TOGETHER;
	}
}
