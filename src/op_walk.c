#include "op_node.h"

#include "fsys_change.h"

#include <errno.h>
#include <string.h>

enum { RECORDS = 32768 };

/* ---- the directory of a target ---------------------------------------------------------------------------- */

size_t op_path_dir(const char *path, size_t len)
{
	const char *slash = memrchr(path, '/', len);

	return slash ? (size_t)(slash - path) + 1 : 0;
}

/* Why a component could not be entered: a link is named as such. */
static enum error component_error(int dirfd, const char *name)
{
	int number = errno;
	struct attrs attrs;

	if ((number == ELOOP || number == ENOTDIR) && fsys_stat(dirfd, name, 0, &attrs) == 0 && S_ISLNK(attrs.mode))
		return ERROR_LINK;
	return error_from_errno(number);
}

void op_parent_close(struct op *op)
{
	op_stage_close(op);
	if (op->parent.fd >= 0 && op->parent.fd != op->root_fd)
		fsys_close(op->parent.fd);
	op->parent.fd = -1;
}

/* Go down from the root, one component at a time. Returns a descriptor, or -1 with `*error`. */
static int descend(struct op *op, const char *path, size_t len, enum error *error)
{
	char name[OP_NAME_SIZE];
	int fd = op->root_fd;

	while (len > 0) {
		const char *slash = memchr(path, '/', len);
		size_t part = slash ? (size_t)(slash - path) : len;
		int next;

		memcpy(name, path, part);
		name[part] = '\0';
		next = fsys_hold_dir(fd, name);
		if (next < 0)
			*error = component_error(fd, name);
		if (fd != op->root_fd)
			fsys_close(fd);
		if (next < 0)
			return -1;
		fd = next;
		part += slash ? 1 : 0;
		path += part;
		len -= part;
	}
	return fd;
}

enum error op_parent_open(struct op *op, const struct op_target *target, size_t len)
{
	struct op_parent *parent = &op->parent;
	const char *path = op_request_path(&op->request, target);
	size_t dir = op_path_dir(path, len);
	enum error error = ERROR_NONE;

	if (parent->fd >= 0 && parent->len == dir && memcmp(op->request.paths.data + parent->path, path, dir) == 0)
		return ERROR_NONE;
	op_parent_close(op);
	parent->fd = descend(op, path, dir, &error);
	if (parent->fd < 0)
		return error;
	parent->path = target->path;
	parent->len = dir;
	if (fsys_stat(parent->fd, "", 0, &parent->attrs) == 0)
		return ERROR_NONE;
	error = error_from_errno(errno);
	op_parent_close(op);
	return error;
}

/* ---- down and up ------------------------------------------------------------------------------------------ */

void op_walk_init(struct op_walk *walk, int base)
{
	*walk = (struct op_walk){ .base = base, .fd = base, .dir = OP_NO_NODE, .low = 1 };
}

static void drop_held(struct op_walk *walk)
{
	for (; walk->low < walk->depth; walk->low++)
		fsys_close(walk->held[walk->low % OP_HELD]);
}

void op_walk_fini(struct op_walk *walk)
{
	drop_held(walk);
	if (walk->fd != walk->base)
		fsys_close(walk->fd);
	op_walk_init(walk, walk->base);
}

/* Hold a directory that must be the planned one. Few descriptors are left for long: those above are given up first. */
static int hold_node(struct op *op, struct op_walk *walk, const char *name, const struct op_node *node, enum error *error)
{
	struct attrs attrs;
	int fd = fsys_hold_dir(walk->fd, name);

	if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
		drop_held(walk);
		fd = fsys_hold_dir(walk->fd, name);
	}
	if (fd < 0) {
		*error = errno == ELOOP || errno == ENOTDIR ? ERROR_CHANGED : error_from_errno(errno);
		return -1;
	}
	if (fsys_stat(fd, "", 0, &attrs) == 0 && op_node_is(op, node, &attrs, fd))
		return fd;
	*error = ERROR_CHANGED;
	fsys_close(fd);
	return -1;
}

enum error op_walk_enter(struct op *op, struct op_walk *walk, uint32_t index)
{
	const struct op_node *node = &op->nodes[index];
	const char *name = op_node_name(op, node);
	enum error error = ERROR_NONE;
	int fd = hold_node(op, walk, *name ? name : ".", node, &error);

	if (fd < 0)
		return error;
	if (walk->depth > 0) {
		if (walk->depth - walk->low >= OP_HELD)
			fsys_close(walk->held[walk->low++ % OP_HELD]);
		walk->held[walk->depth % OP_HELD] = walk->fd;
	}
	walk->depth++;
	walk->fd = fd;
	walk->dir = index;
	return ERROR_NONE;
}

enum error op_walk_leave(struct op *op, struct op_walk *walk)
{
	const struct op_node *node = &op->nodes[walk->dir];
	enum error error = ERROR_NONE;
	int up = walk->base;

	if (walk->depth > 1 && walk->depth > walk->low)
		up = walk->held[(walk->depth - 1) % OP_HELD];
	else if (walk->depth > 1)
		up = hold_node(op, walk, "..", &op->nodes[node->parent], &error);
	if (up < 0)
		return error;
	fsys_close(walk->fd);
	walk->fd = up;
	walk->depth--;
	walk->low = size_max(1, size_min(walk->low, walk->depth));
	walk->dir = walk->depth > 0 ? node->parent : OP_NO_NODE;
	return ERROR_NONE;
}

/* ---- what is in a directory ------------------------------------------------------------------------------- */

/* A name whose attributes cannot be had: only its type may be known. */
static uint32_t add_unknown(struct op *op, uint32_t dir, const struct fsys_dirent *entry, enum error error)
{
	struct attrs attrs = { .mode = (uint32_t)entry->type << 12 };
	uint32_t index = op_node_add(op, dir, entry->name, &attrs);

	if (index != OP_NO_NODE) {
		op->nodes[index].status = OP_FAILED;
		op->nodes[index].error = (uint8_t)error;
	}
	return index;
}

/* Add one name of the current directory. Returns false when memory ran out. */
static bool add_entry(struct op *op, const struct op_walk *walk, const struct fsys_dirent *entry)
{
	struct attrs attrs;
	uint32_t index;

	if (fsys_is_dot(entry->name))
		return true;
	if (strlen(entry->name) > UINT8_MAX)
		return op_node_add_rest(op, walk->dir, ERROR_NAMETOOLONG) != OP_NO_NODE;
	if (fsys_stat(walk->fd, entry->name, 0, &attrs) != 0) {
		if (errno == ENOENT)
			return true;
		return add_unknown(op, walk->dir, entry, error_from_errno(errno)) != OP_NO_NODE;
	}
	index = op_node_add(op, walk->dir, entry->name, &attrs);
	if (index == OP_NO_NODE)
		return false;
	op_judge(op, index, &attrs);
	op_tick(op, 1, attrs.size);
	return true;
}

static bool add_records(struct op *op, const struct op_walk *walk, size_t len)
{
	for (size_t at = 0; at < len;) {
		const struct fsys_dirent *entry = (const void *)(op->records + at);

		if (op_stopped(op))
			return true;
		if (!add_entry(op, walk, entry))
			return false;
		at += entry->len;
	}
	return true;
}

static enum error list(struct op *op, struct op_walk *walk, struct fsys_dir *dir)
{
	for (;;) {
		ssize_t got = fsys_dir_read(dir, op->records, RECORDS);

		if (got == 0 || op_stopped(op))
			return ERROR_NONE;
		if (got < 0)
			return op_node_add_rest(op, walk->dir, error_from_errno(errno)) != OP_NO_NODE ? ERROR_NONE : ERROR_NOMEM;
		if (!add_records(op, walk, (size_t)got))
			return ERROR_NOMEM;
	}
}

enum error op_walk_list(struct op *op, struct op_walk *walk)
{
	size_t first = op->len;
	enum error error = ERROR_NOMEM;
	struct fsys_dir dir;
	int fd;

	if (!op->records)
		op->records = malloc(RECORDS);
	if (!op->records)
		return ERROR_NOMEM;
	fd = fsys_open_dir(walk->fd, ".");
	if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
		drop_held(walk);
		fd = fsys_open_dir(walk->fd, ".");
	}
	if (fd < 0 && errno == EACCES)
		return ERROR_ACCES;
	if (fd < 0 || fsys_dir_init(&dir, fd) != 0) {
		if (op_node_add_rest(op, walk->dir, error_from_errno(errno)) != OP_NO_NODE)
			error = ERROR_NONE;
	} else {
		error = list(op, walk, &dir);
		fsys_dir_fini(&dir);
	}
	op->nodes[walk->dir].state |= NODE_LISTED;
	op->nodes[walk->dir].first = op->len > first ? (uint32_t)first : 0;
	return error;
}

/* ---- the whole tree --------------------------------------------------------------------------------------- */

/* Go into a directory, and list it if the plan could not. Says whether there is something in it to visit. */
static bool go_in(struct op *op, struct op_walk *walk, uint32_t index, enum error *error)
{
	size_t first = op->len;

	*error = op_walk_enter(op, walk, index);
	if (*error != ERROR_NONE)
		return false;
	if (!(op->nodes[index].state & NODE_LISTED))
		*error = op_walk_list(op, walk);
	for (size_t i = first; op->progress.running && i < op->len; i++)
		op_report(op, (uint32_t)i, OP_ITEM_NEW, NULL);
	return *error == ERROR_NONE && op->nodes[index].first != 0;
}

enum error op_walk_tree(struct op *op, struct op_walk *walk, uint32_t top, const struct op_visit *visit)
{
	enum error below = ERROR_NONE;
	enum error lost;
	uint32_t index = top;

	for (;;) {
		if (op_stopped(op))
			return ERROR_CANCELED;
		if (visit->before(op, walk, index)) {
			if (go_in(op, walk, index, &below)) {
				index = op->nodes[index].first;
				continue;
			}
			if (below == ERROR_NOMEM)
				return below;
			lost = walk->dir == index ? op_walk_leave(op, walk) : ERROR_NONE;
			if (lost != ERROR_NONE)
				return lost;
			visit->after(op, walk, index, below);
		}
		while (index != top && op_node_next(op, index) == OP_NO_NODE) {
			lost = op_walk_leave(op, walk);
			if (lost != ERROR_NONE)
				return lost;
			index = op->nodes[index].parent;
			visit->after(op, walk, index, ERROR_NONE);
			if (op_stopped(op))
				return ERROR_CANCELED;
		}
		if (index == top)
			return ERROR_NONE;
		index = op_node_next(op, index);
	}
}
