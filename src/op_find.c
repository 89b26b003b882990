#include "op_node.h"

#include "fsys_change.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* ---- what would be done with one object ------------------------------------------------------------------- */

static void skip(struct op_node *node, enum error error, unsigned flags)
{
	node->status = OP_SKIPPED;
	node->error = (uint8_t)error;
	node->flags |= (uint8_t)flags;
}

static void fail(struct op_node *node, enum error error)
{
	node->status = OP_FAILED;
	node->error = (uint8_t)error;
}

/* What no change can be made to. Whoever takes the flag away has to ask again. */
static enum error locked(const struct attrs *attrs)
{
	if (attrs->flags & ATTRS_IMMUTABLE)
		return ERROR_IMMUTABLE;
	return attrs->flags & ATTRS_APPEND ? ERROR_APPENDONLY : ERROR_NONE;
}

static void judge_delete(struct op *op, struct op_node *node, const struct attrs *attrs, bool mount)
{
	if (op_protected(op, attrs)) {
		skip(node, ERROR_ROOT, 0);
		return;
	}
	if (mount)
		skip(node, ERROR_MOUNT, 0);
	if (mount && !(op->request.flags & OP_CROSS_MOUNTS))
		return;
	if (S_ISDIR(attrs->mode))
		node->state |= NODE_ENTER;
}

static bool is_special(uint32_t mode)
{
	return !S_ISREG(mode) && !S_ISDIR(mode) && !S_ISLNK(mode);
}

static void judge_chmod(struct op *op, struct op_node *node, const struct attrs *attrs)
{
	bool top = node->flags & OP_ITEM_TOP;

	if (S_ISLNK(attrs->mode)) {
		skip(node, ERROR_LINK, top ? 0 : OP_ITEM_HARMLESS);
		return;
	}
	if (is_special(attrs->mode) && !top && !(op->request.flags & OP_SPECIAL)) {
		skip(node, ERROR_SPECIAL, 0);
		return;
	}
	node->new_mode = (uint16_t)perm_apply(&op->edit, attrs->mode, op->request.umask);
}

/* The kernel takes set-ID bits away from a file whose owner changes. */
static void judge_chown(const struct op *op, struct op_node *node, const struct attrs *attrs)
{
	bool same = (op->request.uid < 0 || op->request.uid == attrs->uid) &&
		    (op->request.gid < 0 || op->request.gid == attrs->gid);

	if (same || !S_ISREG(attrs->mode))
		return;
	node->new_mode &= (uint16_t)~S_ISUID;
	if (attrs->mode & S_IXGRP)
		node->new_mode &= (uint16_t)~S_ISGID;
}

struct op_owner op_wanted_owner(const struct op *op, const struct op_node *node)
{
	const struct op_request *request = &op->request;

	if (request->kind == OP_CHOWN)
		return (struct op_owner){ request->uid, request->gid };
	if (request->kind == OP_MATCH && !request->targets[node - op->nodes].wish.excuse)
		return (struct op_owner){ request->targets[node - op->nodes].wish.uid, request->targets[node - op->nodes].wish.gid };
	return (struct op_owner){ -1, -1 };
}

bool op_would_change(const struct op *op, const struct op_node *node)
{
	const struct op_request *request = &op->request;
	const struct op_owner wanted = op_wanted_owner(op, node);

	if ((wanted.uid >= 0 && wanted.uid != node->uid) || (wanted.gid >= 0 && wanted.gid != node->gid))
		return true;
	if (request->kind == OP_DELETE || request->kind == OP_RENAME)
		return true;
	return node->new_mode != node->old_mode;
}

void op_judge(struct op *op, uint32_t index, const struct attrs *attrs)
{
	struct op_node *node = &op->nodes[index];
	bool top = node->flags & OP_ITEM_TOP;
	const struct op_node *dir = top ? NULL : &op->nodes[node->parent];
	uint64_t dir_dev = top ? op->parent.attrs.dev : op->places[dir->place].dev;
	uint64_t dir_mnt = top ? op->parent.attrs.mnt : op->places[dir->place].mnt;
	bool mount = node->name_len > 0 && op_is_mount(attrs, dir_dev, dir_mnt);

	if (op->request.kind == OP_DELETE) {
		judge_delete(op, node, attrs, mount);
	} else if (mount && !top && !(op->request.flags & OP_CROSS_MOUNTS)) {
		skip(node, ERROR_MOUNT, 0);
	} else {
		if (op->request.kind == OP_CHMOD)
			judge_chmod(op, node, attrs);
		else
			judge_chown(op, node, attrs);
		if (S_ISDIR(attrs->mode) && op->request.flags & OP_RECURSIVE)
			node->state |= NODE_ENTER;
	}
	if (node->status == OP_PLAN && op_would_change(op, node) && locked(attrs) != ERROR_NONE)
		fail(node, locked(attrs));
	if (op->request.kind == OP_DELETE && node->status == OP_FAILED && S_ISDIR(attrs->mode))
		node->state &= (uint8_t)~NODE_ENTER;
}

/* ---- the walk --------------------------------------------------------------------------------------------- */

static bool enter_planned(struct op *op, struct op_walk *walk, uint32_t index)
{
	(void)walk;
	return op->nodes[index].state & NODE_ENTER;
}

/* Will the planned mode open a directory that cannot be read now? */
static bool will_open(const struct op *op, const struct op_node *node)
{
	uint32_t gain = node->new_mode & ~node->old_mode & (S_IRUSR | S_IXUSR);

	return (op->request.kind == OP_CHMOD || op->request.kind == OP_MATCH) && gain && node->uid == geteuid() && node->status == OP_PLAN;
}

static void keep_above(struct op *op, uint32_t index)
{
	struct op_node *node = &op->nodes[index];

	if (op->request.kind != OP_DELETE || node->flags & OP_ITEM_TOP)
		return;
	if (node->status != OP_PLAN || node->state & NODE_KEPT)
		op->nodes[node->parent].state |= NODE_KEPT;
}

/* A directory may not be read: chmod may open it, rmdir may work all the same, anything else is a failure. */
static void unreadable(struct op *op, uint32_t index)
{
	struct op_node *node = &op->nodes[index];

	node->state &= (uint8_t)~NODE_LISTED;
	if (op->request.kind == OP_DELETE) {
		node->state &= (uint8_t)~NODE_ENTER;
		node->flags |= OP_ITEM_UNREAD;
	} else if (will_open(op, node)) {
		node->flags |= OP_ITEM_UNREAD;
	}
}

static void after_planned(struct op *op, struct op_walk *walk, uint32_t index, enum error error)
{
	struct op_node *node = &op->nodes[index];

	(void)walk;
	if (error == ERROR_ACCES) {
		unreadable(op, index);
	} else if (error != ERROR_NONE) {
		fail(node, error);
		node->state &= (uint8_t)~NODE_ENTER;
	}
	for (uint32_t in = node->first; in && in != OP_NO_NODE; in = op_node_next(op, in))
		keep_above(op, in);
	if (node->state & NODE_KEPT && node->status == OP_PLAN)
		skip(node, ERROR_NOTEMPTY, 0);
}

static const struct op_visit planning = { enter_planned, after_planned };

/* A directory that stays closed: say so in an item of its own, which needs to stand with its directory's content. */
static enum error add_closed(struct op *op, uint32_t from)
{
	size_t end = op->len;

	for (uint32_t i = from; i < end; i++) {
		struct op_node *node = &op->nodes[i];
		uint32_t rest;

		if (!(node->state & NODE_ENTER) || node->state & NODE_LISTED || node->flags & OP_ITEM_UNREAD)
			continue;
		rest = op_node_add_rest(op, i, ERROR_ACCES);
		if (rest == OP_NO_NODE)
			return ERROR_NOMEM;
		op->nodes[i].first = rest;
		op->nodes[i].state = (uint8_t)((op->nodes[i].state & ~NODE_ENTER) | NODE_LISTED);
	}
	return ERROR_NONE;
}

/* The walk lost its way: somebody moves directories about. Nothing of this target is touched. */
static void give_up(struct op *op, uint32_t from, enum error error)
{
	for (size_t i = from; i < op->len; i++) {
		op->nodes[i].state &= (uint8_t)~NODE_ENTER;
		if (op->nodes[i].status == OP_PLAN)
			skip(&op->nodes[i], error, 0);
	}
}

/* ---- targets ---------------------------------------------------------------------------------------------- */

/* Reasons not to touch a target at all. */
static enum error refuse(const struct op *op, const struct op_target *target, const struct attrs *attrs, uint32_t mode)
{
	const struct op_request *request = &op->request;
	bool destroys = request->kind == OP_DELETE || request->kind == OP_RENAME;

	if (!op_identity_is(&target->shown, attrs, op_untouched(attrs->mode, op->parent.fd)))
		return ERROR_CHANGED;
	if (target->path_len == 0 && (destroys || !(request->flags & OP_ROOT_ITSELF)))
		return ERROR_ROOT;
	if (destroys && op_protected(op, attrs))
		return ERROR_ROOT;
	if (S_ISDIR(attrs->mode) && attrs->dev == op->slash.dev && attrs->ino == op->slash.ino)
		return ERROR_ROOT;
	if (request->kind == OP_DELETE && S_ISDIR(attrs->mode) && !(request->flags & OP_RECURSIVE))
		return ERROR_ISDIR;
	if (request->kind == OP_CHMOD && mode && mode != attrs->mode && perm_is_absolute(&op->edit))
		return ERROR_CHANGED;
	if (request->kind == OP_MATCH && mode && mode != attrs->mode)
		return ERROR_CHANGED;
	return ERROR_NONE;
}

/* ---- match ------------------------------------------------------------------------------------------------ */

/* Is it beyond a mount that begins below what was named? */
static bool is_beyond_mount(const struct op *op, const struct attrs *attrs)
{
	const struct op_place *top = &op->places[op->nodes[op->match_top].place];
	const struct attrs *dir = &op->parent.attrs;

	return dir->dev != top->dev || dir->mnt != top->mnt || op_is_mount(attrs, dir->dev, dir->mnt);
}

static void judge_match(struct op *op, uint32_t index, const struct attrs *attrs)
{
	const struct op_wish *wish = &op->request.targets[index].wish;
	struct op_node *node = &op->nodes[index];

	if (wish->excuse) {
		skip(node, (enum error)wish->excuse, 0);
	} else if (S_ISLNK(attrs->mode)) {
		skip(node, ERROR_LINK, wish->found ? OP_ITEM_HARMLESS : 0);
	} else if ((wish->mode ^ attrs->mode) & S_IFMT) {
		skip(node, ERROR_OTHERTYPE, 0);
	} else if (wish->found && !(op->request.flags & OP_CROSS_MOUNTS) && is_beyond_mount(op, attrs)) {
		skip(node, ERROR_MOUNT, 0);
	} else if (is_special(attrs->mode) && wish->found && !(op->request.flags & OP_SPECIAL)) {
		skip(node, ERROR_SPECIAL, 0);
	} else {
		node->new_mode = (uint16_t)wish->mode;
		if (op_would_change(op, node) && locked(attrs) != ERROR_NONE)
			fail(node, locked(attrs));
	}
}

/* Is a target in a directory that is closed, and that will have been opened by then? */
static bool is_in_opened(const struct op *op, uint32_t target)
{
	const struct op_target *to = &op->request.targets[target];
	const struct op_target *dir = op->match_opens ? &op->request.targets[op->match_opens - 1] : NULL;
	const char *path = op_request_path(&op->request, to);

	if (!dir || !to->wish.found || to->wish.excuse || to->path_len <= dir->path_len)
		return false;
	return dir->path_len == 0 ||
	       (path[dir->path_len] == '/' && memcmp(path, op_request_path(&op->request, dir), dir->path_len) == 0);
}

/* It cannot be looked at yet; of what the other side has, some things get nothing in any case. */
static void plan_closed(const struct op *op, struct op_node *node, uint32_t mode)
{
	node->status = OP_PLAN;
	node->error = ERROR_NONE;
	if (S_ISLNK(mode)) {
		skip(node, ERROR_LINK, OP_ITEM_HARMLESS);
	} else if (is_special(mode) && !(op->request.flags & OP_SPECIAL)) {
		skip(node, ERROR_SPECIAL, 0);
	} else {
		node->flags |= OP_ITEM_UNREAD;
		node->new_mode = (uint16_t)mode;
	}
}

enum error op_find_match(struct op *op, uint32_t target)
{
	const struct op_wish *wish = &op->request.targets[target].wish;
	struct op_node *node;
	uint32_t index;
	enum error error = op_find_top(op, target, &index);

	if (error != ERROR_NONE)
		return error;
	assert(index == target);
	node = &op->nodes[index];
	if (!wish->found)
		op->match_top = index;
	if (node->status == OP_FAILED && node->error == ERROR_ACCES && is_in_opened(op, target)) {
		plan_closed(op, node, wish->mode);
	} else if (node->status == OP_FAILED && (wish->excuse || node->error == ERROR_NOENT)) {
		skip(node, wish->excuse ? (enum error)wish->excuse : ERROR_ALONE, 0);
	} else if (S_ISDIR(node->old_mode) && will_open(op, node)) {
		op->match_opens = target + 1;
	}
	return ERROR_NONE;
}

enum error op_find_again(struct op *op, uint32_t target)
{
	const struct op_target *to = &op->request.targets[target];
	char name[OP_NAME_SIZE];
	struct attrs attrs;

	op_target_name(op, to, to->path_len, name);
	if (fsys_stat(op->parent.fd, name, FSYS_SYNC, &attrs) != 0) {
		if (errno == ENOENT)
			skip(&op->nodes[target], ERROR_ALONE, 0);
		else
			fail(&op->nodes[target], error_from_errno(errno));
		return ERROR_NONE;
	}
	if (op_node_become(op, target, &attrs) != 0)
		return ERROR_NOMEM;
	op->nodes[target].flags &= (uint8_t)~OP_ITEM_UNREAD;
	judge_match(op, target, &attrs);
	return ERROR_NONE;
}

enum error op_find_top(struct op *op, uint32_t target, uint32_t *index)
{
	const struct op_target *from = &op->request.targets[target];
	enum error error = op_parent_open(op, from, from->path_len);
	struct attrs attrs = { .mode = 0 };
	char name[OP_NAME_SIZE];

	op_target_name(op, from, from->path_len, name);
	if (error == ERROR_NONE && fsys_stat(op->parent.fd, name, FSYS_SYNC, &attrs) != 0)
		error = error_from_errno(errno);
	if (error == ERROR_NONE)
		error = refuse(op, from, &attrs, from->mode);
	*index = op_node_add_top(op, target, from->path_len, &attrs);
	if (*index == OP_NO_NODE)
		return ERROR_NOMEM;
	if (error == ERROR_CHANGED)
		skip(&op->nodes[*index], error, 0);
	else if (error != ERROR_NONE)
		fail(&op->nodes[*index], error);
	else if (op->request.kind == OP_MATCH)
		judge_match(op, *index, &attrs);
	else
		op_judge(op, *index, &attrs);
	return ERROR_NONE;
}

enum error op_find_covered(struct op *op, uint32_t target)
{
	struct attrs none = { .mode = 0 };
	uint32_t index = op_node_add_top(op, target, op->request.targets[target].path_len, &none);

	if (index == OP_NO_NODE)
		return ERROR_NOMEM;
	skip(&op->nodes[index], ERROR_SAMEFILE, OP_ITEM_HARMLESS);
	return ERROR_NONE;
}

enum error op_find(struct op *op, uint32_t target)
{
	struct op_walk walk;
	enum error error;
	uint32_t top;

	error = op_find_top(op, target, &top);
	if (error != ERROR_NONE || !(op->nodes[top].state & NODE_ENTER))
		return error;
	op_walk_init(&walk, op->parent.fd);
	error = op_walk_tree(op, &walk, top, &planning);
	op_walk_fini(&walk);
	if (error == ERROR_CANCELED || error == ERROR_NOMEM)
		return error;
	if (error == ERROR_NONE)
		return add_closed(op, top);
	give_up(op, top, error);
	return ERROR_NONE;
}
