/*
 * Removing what the plan lists, and nothing else.
 *
 * There is no call that removes "this object": looking at a name and then removing it leaves a moment in between. So a
 * target is first moved into a private directory beside it, where nobody else can put anything; then what really was
 * moved is compared with the plan, and only then it is removed from there, each object after another look:
 *
 *     dir/thing  --rename-->  dir/.muntin-XXXXXXXX/thing  --the planned one?--> yes: remove it
 *                                                                             no:  move it back
 *
 * What is not in the plan stays, and with it the directories above it: those are moved back under their names. If
 * the program is killed, what was not removed yet is found in the private directory.
 * A target is removed in its place where moving it is not possible (no permission to), or not sensible: when the plan
 * says that something in it will stay, a mount for example.
 */
#include "op_node.h"

#include "fsys_change.h"

#include <errno.h>
#include <unistd.h>

/* ---- the private directory -------------------------------------------------------------------------------- */

void op_stage_close(struct op *op)
{
	if (op->parent.stage.fd >= 0)
		(void)fsys_stage_close(op->parent.fd, &op->parent.stage);
}

/* Errors of moving after which the target is removed in its place instead. */
static bool in_place_instead(enum error error)
{
	static const enum error errors[] = { ERROR_ACCES, ERROR_PERM, ERROR_ROFS, ERROR_NOSPC, ERROR_DQUOT, ERROR_MLINK,
					     ERROR_XDEV, ERROR_NOSYS, ERROR_INVAL, ERROR_NOTSUP, ERROR_NAMETOOLONG };

	for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
		if (errors[i] == error)
			return true;
	}
	return false;
}

static bool stageable(const struct op *op, uint32_t target)
{
	/* what is made in an append-only directory cannot be removed again */
	if (op->parent.attrs.flags & ATTRS_APPEND)
		return false;
	for (uint32_t i = op->target_first[target]; i < op->target_first[target + 1]; i++) {
		if (op->nodes[i].status != OP_PLAN || op->nodes[i].flags & OP_ITEM_UNREAD)
			return false;
	}
	return true;
}

static bool move_back(struct op *op, const char *name, bool is_dir)
{
	struct op_parent *parent = &op->parent;

	return fsys_rename_new(parent->stage.fd, name, parent->fd, name, is_dir, NULL) == 0;
}

/* Tell where something is that could not get its name back, because something new has it. */
static const char *left_in(struct op *op, const char *what)
{
	struct buf text = BUF_INIT;
	const char *str;

	buf_printf(&text, "%s is left in %s: its name is in use", what, op->parent.stage.name);
	str = buf_str(&text);
	for (size_t i = 0; i < sizeof op->detail; i++) {
		op->detail[i] = str ? str[i] : '\0';
		if (!op->detail[i])
			break;
	}
	op->detail[sizeof op->detail - 1] = '\0';
	buf_fini(&text);
	return op->detail;
}

/* ---- removing --------------------------------------------------------------------------------------------- */

/* Something stays: so does the directory it is in. */
static void stay(struct op *op, uint32_t index, enum op_status status, enum error error)
{
	struct op_node *node = &op->nodes[index];

	if (!(node->flags & OP_ITEM_TOP)) {
		op->nodes[node->parent].state |= NODE_KEPT;
		op_done(op, index, status, error, NULL);
		return;
	}
	/* The target's own outcome is told when it is known where it ends up. */
	node->status = (uint8_t)status;
	node->error = (uint8_t)error;
}

static void removed(struct op *op, uint32_t index)
{
	struct op_node *node = &op->nodes[index];

	node->state |= NODE_GONE;
	if (!(node->flags & OP_ITEM_TOP))
		op_done(op, index, OP_OK, ERROR_NONE, NULL);
}

/* Remove one name of the current directory, if it is what the plan says. */
static void remove_node(struct op *op, const struct op_walk *walk, uint32_t index)
{
	struct op_node *node = &op->nodes[index];
	const char *name = op_node_name(op, node);
	bool is_dir = S_ISDIR(node->old_mode);
	struct attrs attrs;
	enum error error;

	if (fsys_stat(walk->fd, name, FSYS_SYNC, &attrs) != 0) {
		stay(op, index, errno == ENOENT ? OP_SKIPPED : OP_FAILED, error_from_errno(errno));
		return;
	}
	/* a target may have been moved to here */
	if (!op_node_is(op, node, &attrs, node->flags & OP_ITEM_TOP ? walk->fd : op_untouched(attrs.mode, walk->fd))) {
		stay(op, index, OP_SKIPPED, ERROR_CHANGED);
		return;
	}
	if ((is_dir ? fsys_rmdir(walk->fd, name) : fsys_unlink(walk->fd, name)) == 0) {
		removed(op, index);
		return;
	}
	error = fsys_explain(walk->fd, name, true, errno);
	if (error == ERROR_EXIST)
		error = ERROR_NOTEMPTY;
	if (error == ERROR_NOTEMPTY && node->flags & OP_ITEM_UNREAD)
		error = ERROR_ACCES;
	stay(op, index, OP_FAILED, error);
}

static bool before_delete(struct op *op, struct op_walk *walk, uint32_t index)
{
	struct op_node *node = &op->nodes[index];

	if (node->state & NODE_ENTER)
		return true;
	if (node->status == OP_PLAN)
		remove_node(op, walk, index);
	else
		stay(op, index, node->status, node->error);
	return false;
}

static void after_delete(struct op *op, struct op_walk *walk, uint32_t index, enum error error)
{
	struct op_node *node = &op->nodes[index];
	bool planned_to_go = node->status == OP_PLAN;

	if (error != ERROR_NONE)
		stay(op, index, error == ERROR_CHANGED ? OP_SKIPPED : OP_FAILED, error);
	else if (!planned_to_go)
		stay(op, index, node->status, node->error);
	else if (node->state & NODE_KEPT)
		stay(op, index, OP_SKIPPED, ERROR_NOTEMPTY);
	else
		remove_node(op, walk, index);
}

static const struct op_visit deleting = { before_delete, after_delete };

static enum error remove_tree(struct op *op, uint32_t top, int base)
{
	struct op_walk walk;
	enum error error;

	op_walk_init(&walk, base);
	error = op_walk_tree(op, &walk, top, &deleting);
	op_walk_fini(&walk);
	if (error != ERROR_NONE && op->nodes[top].status == OP_PLAN)
		stay(op, top, OP_SKIPPED, error);
	return error;
}

/* Tell the outcome of a target, which is final now. */
static void done_top(struct op *op, uint32_t top, const char *detail)
{
	struct op_node *node = &op->nodes[top];

	if (node->state & NODE_GONE)
		op_done(op, top, OP_OK, ERROR_NONE, NULL);
	else
		op_done(op, top, node->status, node->error, detail);
}

/* The target is in the private directory: look at it, remove it, or give it its name back. */
static enum error remove_staged(struct op *op, uint32_t top)
{
	const struct op_node *node = &op->nodes[top];
	const char *name = op_node_name(op, node);
	enum error error = ERROR_NONE;
	struct attrs attrs = { .mode = 0 };
	bool planned_one;

	planned_one = fsys_stat(op->parent.stage.fd, name, FSYS_SYNC, &attrs) == 0 &&
		      op_node_is(op, node, &attrs, op->parent.stage.fd);
	if (planned_one)
		error = remove_tree(op, top, op->parent.stage.fd);
	else
		stay(op, top, OP_SKIPPED, ERROR_CHANGED);
	node = &op->nodes[top];
	if (node->state & NODE_GONE || move_back(op, name, planned_one ? S_ISDIR(node->old_mode) : S_ISDIR(attrs.mode)))
		done_top(op, top, NULL);
	else
		done_top(op, top, left_in(op, planned_one ? "the rest" : "the other object"));
	return error;
}

/* Look before anything is touched: most of what has changed is found here. */
static enum error check_top(struct op *op, uint32_t top)
{
	struct attrs attrs;

	if (fsys_stat(op->parent.fd, op_node_name(op, &op->nodes[top]), FSYS_SYNC, &attrs) != 0)
		return error_from_errno(errno);
	return op_node_is(op, &op->nodes[top], &attrs, op_untouched(attrs.mode, op->parent.fd)) ? ERROR_NONE : ERROR_CHANGED;
}

/* Move a target into the private directory. */
static enum error stage(struct op *op, uint32_t top)
{
	const char *name = op_node_name(op, &op->nodes[top]);
	struct op_parent *parent = &op->parent;

	if (parent->stage.fd < 0 && fsys_stage_open(parent->fd, &parent->stage) != 0)
		return error_from_errno(errno);
	if (fsys_rename_private(parent->fd, name, parent->stage.fd, name) == 0)
		return ERROR_NONE;
	return error_from_errno(errno);
}

static enum error remove_in_place(struct op *op, uint32_t top)
{
	enum error error = remove_tree(op, top, op->parent.fd);

	done_top(op, top, NULL);
	return error;
}

static enum error give_up(struct op *op, uint32_t top, enum error error)
{
	stay(op, top, error == ERROR_CHANGED || error == ERROR_NOENT ? OP_SKIPPED : OP_FAILED, error);
	done_top(op, top, NULL);
	return error;
}

enum error op_run_delete(struct op *op, uint32_t target)
{
	const struct op_target *from = &op->request.targets[target];
	uint32_t top = op->target_first[target];
	enum error error;

	if (op->nodes[top].status != OP_PLAN && !(op->nodes[top].state & NODE_ENTER))
		return ERROR_NONE;
	error = op_parent_open(op, from, from->path_len);
	if (error == ERROR_NONE)
		error = check_top(op, top);
	if (error != ERROR_NONE)
		return give_up(op, top, error);
	if (!stageable(op, target))
		return remove_in_place(op, top);
	error = stage(op, top);
	if (error == ERROR_NONE)
		return remove_staged(op, top);
	return in_place_instead(error) ? remove_in_place(op, top) : give_up(op, top, error);
}
