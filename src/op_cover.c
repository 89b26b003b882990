#include "op_node.h"

#include "fsys.h"

#include <string.h>

/* Targets are sorted through their numbers; qsort has no place for the request, so each carries what it needs. */
struct covered_path {
	const char *path;
	size_t len;
	uint32_t target;
};

/* Bytes in order, but a slash before everything else: then what is below a directory follows it directly. */
static int compare(const void *left, const void *right)
{
	const struct covered_path *a = left;
	const struct covered_path *b = right;
	size_t len = size_min(a->len, b->len);
	size_t same = 0;

	while (same < len && a->path[same] == b->path[same])
		same++;
	if (same == len && a->len != b->len)
		return a->len < b->len ? -1 : 1;
	if (same == len)
		return a->target < b->target ? -1 : 1;
	if (a->path[same] == '/' || b->path[same] == '/')
		return a->path[same] == '/' ? -1 : 1;
	return (unsigned char)a->path[same] < (unsigned char)b->path[same] ? -1 : 1;
}

/* Is `path` the same as `top`, or below it? */
static bool covers(const struct covered_path *top, const struct covered_path *path, bool below)
{
	if (path->len < top->len || memcmp(path->path, top->path, top->len) != 0)
		return false;
	if (path->len == top->len)
		return true;
	return below && (top->len == 0 || path->path[top->len] == '/');
}

static struct covered_path *sorted(const struct op_request *request)
{
	struct covered_path *paths = calloc(request->targets_len, sizeof *paths);

	for (size_t i = 0; paths && i < request->targets_len; i++) {
		const struct op_target *target = &request->targets[i];

		paths[i] = (struct covered_path){ op_request_path(request, target), target->path_len, (uint32_t)i };
	}
	if (paths)
		qsort(paths, request->targets_len, sizeof *paths, compare);
	return paths;
}

enum error op_cover(struct op *op)
{
	const struct op_request *request = &op->request;
	bool below = request->flags & OP_RECURSIVE;
	struct covered_path *paths;
	size_t top = 0;

	op->covered = calloc(request->targets_len + 1, sizeof *op->covered);
	if (!op->covered)
		return ERROR_NOMEM;
	if (request->targets_len < 2)
		return ERROR_NONE;
	paths = sorted(request);
	if (!paths)
		return ERROR_NOMEM;
	for (size_t i = 1; i < request->targets_len; i++) {
		if (covers(&paths[top], &paths[i], below))
			op->covered[paths[i].target] = paths[top].target + 1;
		else
			top = i;
	}
	free(paths);
	return ERROR_NONE;
}

/* Is what `attrs` tells of on the mount at which the walk over the other target begins? */
static bool same_mount(struct op *op, const struct op_target *top, const struct attrs *attrs)
{
	char name[OP_NAME_SIZE];
	struct attrs there;

	op_target_name(op, top, top->path_len, name);
	if (op_parent_open(op, top, top->path_len) != ERROR_NONE)
		return false;
	return fsys_stat(op->parent.fd, name, 0, &there) == 0 && !op_is_mount(attrs, there.dev, there.mnt);
}

/* What is on another mount is not reached from above: who names it wants it. */
bool op_is_covered(struct op *op, uint32_t target)
{
	const struct op_request *request = &op->request;
	const struct op_target *path = &request->targets[target];
	uint32_t by = op->covered[target];
	char name[OP_NAME_SIZE];
	struct attrs attrs;

	if (!by)
		return false;
	if (path->path_len == request->targets[by - 1].path_len)
		return true;
	op_target_name(op, path, path->path_len, name);
	if (op_parent_open(op, path, path->path_len) != ERROR_NONE || fsys_stat(op->parent.fd, name, 0, &attrs) != 0)
		return false;
	return request->flags & OP_CROSS_MOUNTS || same_mount(op, &request->targets[by - 1], &attrs);
}
