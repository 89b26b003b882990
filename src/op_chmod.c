/*
 * Changing permissions and owners of what the plan lists.
 *
 * A directory whose change takes something away from its owner is changed after its content, one whose change gives
 * something before it. One that does both gets the old and the new bits first:
 *
 *     0500 -> 0300:  0700, the content, 0300
 *
 * so that a walk by its owner neither locks itself out nor stops at what it is about to open.
 */
#include "op_node.h"

#include "fsys_change.h"

#include <errno.h>
#include <stdio.h>

enum { SPECIAL = S_ISUID | S_ISGID | S_ISVTX };

static void outcome(struct op *op, uint32_t index, enum error error)
{
	enum op_status status = OP_FAILED;

	if (error == ERROR_NONE)
		status = OP_OK;
	else if (error == ERROR_CHANGED || error == ERROR_NOENT)
		status = OP_SKIPPED;
	op_done(op, index, status, error, NULL);
}

/* Hold the planned object; `attrs` is what it is now. */
static enum error hold(
	struct op *op, int dirfd, uint32_t index, struct fsys_object *object, struct attrs *attrs)
{
	const struct op_node *node = &op->nodes[index];
	enum error error = ERROR_NONE;

	if (fsys_object_init(object, dirfd, op_node_name(op, node)) != 0)
		return error_from_errno(errno);
	if (fsys_object_stat(object, attrs) != 0)
		error = error_from_errno(errno);
	else if (!op_node_is(op, node, attrs, op_untouched(attrs->mode, dirfd)))
		error = ERROR_CHANGED;
	if (error != ERROR_NONE)
		fsys_object_fini(object);
	return error;
}

/* ---- permissions ------------------------------------------------------------------------------------------ */

/*
 * What was planned holds for the mode that was seen then, symbolic edits included: nothing is made that was not shown. The
 * planned mode is right, too: another name of the same file has got it a moment ago.
 */
static enum error wanted_mode(const struct op_node *node, uint32_t now)
{
	return now == node->old_mode || now == node->new_mode ? ERROR_NONE : ERROR_CHANGED;
}

/* What the system made of it: special bits may be dropped without an error, and some filesystems keep few bits at all. */
static void read_back(struct op *op, uint32_t index, const struct fsys_object *object)
{
	struct op_node *node = &op->nodes[index];
	const char *detail = NULL;
	struct attrs attrs;

	if (fsys_object_stat(object, &attrs) == 0 && (attrs.mode & 07777) != (node->new_mode & 07777u)) {
		snprintf(op->detail, sizeof op->detail, "asked %04o, got %04o", node->new_mode & 07777u,
			(unsigned)attrs.mode & 07777u);
		node->new_mode = (uint16_t)attrs.mode;
		detail = op->detail;
	}
	op_done(op, index, OP_OK, ERROR_NONE, detail);
}

/* Set the final mode of a held object and tell the outcome. */
static void set_mode(struct op *op, uint32_t index, const struct fsys_object *object, uint32_t now)
{
	struct op_node *node = &op->nodes[index];

	if (now == node->new_mode)
		op_done(op, index, OP_OK, ERROR_NONE, NULL);
	else if (fsys_object_chmod(object, node->new_mode) != 0)
		outcome(op, index, fsys_explain(object->dirfd, object->name, false, errno));
	else
		read_back(op, index, object);
}

/* Before the content: everything, or only what opens the directory. */
static void chmod_dir(struct op *op, uint32_t index, const struct fsys_object *object, uint32_t now)
{
	struct op_node *node = &op->nodes[index];
	uint32_t loss = now & ~(uint32_t)node->new_mode & S_IRWXU;
	uint32_t gain = node->new_mode & ~now & S_IRWXU;

	if (!loss)
		set_mode(op, index, object, now);
	else if (gain && fsys_object_chmod(object, now | gain) == 0)
		node->state |= NODE_STEPPED;
}

static bool before_chmod(struct op *op, struct op_walk *walk, uint32_t index)
{
	struct op_node *node = &op->nodes[index];
	bool enter = node->state & NODE_ENTER;
	struct fsys_object object;
	struct attrs attrs;
	enum error error;

	if (node->status != OP_PLAN) {
		op_done(op, index, node->status, node->error, NULL);
		return enter;
	}
	error = hold(op, walk->fd, index, &object, &attrs);
	if (error != ERROR_NONE) {
		outcome(op, index, error);
		return false;
	}
	error = wanted_mode(node, attrs.mode);
	if (error != ERROR_NONE)
		outcome(op, index, error);
	else if (enter)
		chmod_dir(op, index, &object, attrs.mode);
	else
		set_mode(op, index, &object, attrs.mode);
	fsys_object_fini(&object);
	return enter;
}

/* The mode that a directory must have after its content: what before_chmod() left it with. */
static uint32_t stepped_mode(const struct op_node *node)
{
	uint32_t gain = node->new_mode & ~node->old_mode & S_IRWXU;

	return node->state & NODE_STEPPED ? node->old_mode | gain : node->old_mode;
}

/* Give a directory its final mode after its content, or its old one back. */
static void settle_dir(struct op *op, int dirfd, uint32_t index, bool back)
{
	struct op_node *node = &op->nodes[index];
	struct fsys_object object;
	struct attrs attrs;
	enum error error = hold(op, dirfd, index, &object, &attrs);

	if (error != ERROR_NONE) {
		outcome(op, index, error);
		return;
	}
	if ((attrs.mode ^ stepped_mode(node)) & ~(uint32_t)SPECIAL)
		outcome(op, index, ERROR_CHANGED);
	else if (!back)
		set_mode(op, index, &object, attrs.mode);
	else if (fsys_object_chmod(&object, node->old_mode) == 0)
		node->state &= (uint8_t)~NODE_STEPPED;
	fsys_object_fini(&object);
}

/* A directory that the new mode was to open, and did not. */
static void still_closed(struct op *op, uint32_t index, enum error error)
{
	uint32_t rest = op_node_add_rest(op, index, error);

	if (rest == OP_NO_NODE)
		return;
	op_report(op, rest, OP_ITEM_NEW, NULL);
	op_done(op, rest, OP_FAILED, error, NULL);
}

static void after_chmod(struct op *op, struct op_walk *walk, uint32_t index, enum error error)
{
	if (!(op->nodes[index].state & NODE_DONE))
		settle_dir(op, walk->fd, index, false);
	/* What is in the plan is told for each object; what is not needs a word of its own. */
	if (error != ERROR_NONE && !(op->nodes[index].state & NODE_LISTED))
		still_closed(op, index, error);
}

/* ---- owners ----------------------------------------------------------------------------------------------- */

/* As asked: by now, another name of the same file may have got it. */
static bool owner_is_wanted(const struct op_owner *wanted, const struct op_node *node, const struct attrs *now)
{
	return now->uid == (wanted->uid < 0 ? node->uid : wanted->uid) && now->gid == (wanted->gid < 0 ? node->gid : wanted->gid);
}

static enum error set_owner(struct op *op, uint32_t index, const struct fsys_object *object, const struct attrs *now)
{
	const struct op_node *node = &op->nodes[index];
	const struct op_owner wanted = op_wanted_owner(op, node);

	if ((wanted.uid < 0 && wanted.gid < 0) || owner_is_wanted(&wanted, node, now))
		return ERROR_NONE;
	if (now->uid != node->uid || now->gid != node->gid)
		return ERROR_CHANGED;
	if (fsys_object_chown(object, wanted.uid, wanted.gid) != 0)
		return fsys_explain(object->dirfd, object->name, false, errno);
	return ERROR_NONE;
}

/* Set-ID bits go when a file gets another owner: say so. */
static void owner_done(struct op *op, uint32_t index, const struct fsys_object *object, const struct attrs *before)
{
	struct op_node *node = &op->nodes[index];
	const char *detail = NULL;
	struct attrs attrs;

	if (fsys_object_stat(object, &attrs) == 0 && attrs.mode != before->mode) {
		snprintf(op->detail, sizeof op->detail, "mode was %04o, is %04o", (unsigned)before->mode & 07777u,
			(unsigned)attrs.mode & 07777u);
		detail = op->detail;
		node->new_mode = (uint16_t)attrs.mode;
	}
	op_done(op, index, OP_OK, ERROR_NONE, detail);
}

static bool before_chown(struct op *op, struct op_walk *walk, uint32_t index)
{
	struct op_node *node = &op->nodes[index];
	bool enter = node->state & NODE_ENTER;
	struct fsys_object object;
	struct attrs attrs;
	enum error error;

	if (node->status != OP_PLAN) {
		op_done(op, index, node->status, node->error, NULL);
		return enter;
	}
	error = hold(op, walk->fd, index, &object, &attrs);
	if (error != ERROR_NONE) {
		outcome(op, index, error);
		return false;
	}
	error = set_owner(op, index, &object, &attrs);
	if (error == ERROR_NONE)
		owner_done(op, index, &object, &attrs);
	else
		outcome(op, index, error);
	fsys_object_fini(&object);
	return enter;
}

static void after_chown(struct op *op, struct op_walk *walk, uint32_t index, enum error error)
{
	(void)op;
	(void)walk;
	(void)index;
	(void)error;
}

/* ---- a target --------------------------------------------------------------------------------------------- */

/* Stopped half-way: directories above that were opened for the walk get their modes back. */
static void step_back(struct op *op, struct op_walk *walk)
{
	while (walk->dir != OP_NO_NODE) {
		uint32_t index = walk->dir;

		if (op_walk_leave(op, walk) != ERROR_NONE)
			return;
		if (op->nodes[index].state & NODE_STEPPED && !(op->nodes[index].state & NODE_DONE))
			settle_dir(op, walk->fd, index, true);
	}
}

enum error op_run_modes(struct op *op, uint32_t target)
{
	static const struct op_visit chmod_visit = { before_chmod, after_chmod };
	static const struct op_visit chown_visit = { before_chown, after_chown };
	const struct op_target *from = &op->request.targets[target];
	uint32_t top = op->target_first[target];
	struct op_walk walk;
	enum error error;

	if (op->nodes[top].status != OP_PLAN && !(op->nodes[top].state & NODE_ENTER))
		return ERROR_NONE;
	error = op_parent_open(op, from, from->path_len);
	if (error != ERROR_NONE)
		return error;
	op_walk_init(&walk, op->parent.fd);
	error = op_walk_tree(op, &walk, top, op->request.kind == OP_CHMOD ? &chmod_visit : &chown_visit);
	if (error == ERROR_CANCELED)
		step_back(op, &walk);
	op_walk_fini(&walk);
	return error;
}

/* ---- match: each its own ---------------------------------------------------------------------------------- */

/* The owner first: it takes set-ID bits away, and they are never given to what has not got its owner. */
static void match_object(struct op *op, uint32_t index, const struct fsys_object *object, struct attrs *now)
{
	struct op_node *node = &op->nodes[index];
	enum error error = wanted_mode(node, now->mode);

	if (error == ERROR_NONE)
		error = set_owner(op, index, object, now);
	if (error == ERROR_NONE && fsys_object_stat(object, now) != 0)
		error = error_from_errno(errno);
	if (error != ERROR_NONE) {
		outcome(op, index, error);
		return;
	}
	if (!S_ISDIR(now->mode)) {
		set_mode(op, index, object, now->mode);
		return;
	}
	chmod_dir(op, index, object, now->mode);
	if (!(node->state & NODE_DONE))
		node->state |= NODE_LATE;
}

enum error op_run_match(struct op *op, uint32_t target)
{
	const struct op_target *to = &op->request.targets[target];
	struct op_node *node = &op->nodes[target];
	struct fsys_object object;
	struct attrs attrs;
	enum error error;

	if (node->status != OP_PLAN)
		return ERROR_NONE;
	error = op_parent_open(op, to, to->path_len);
	if (error == ERROR_NONE && node->flags & OP_ITEM_UNREAD) {
		error = op_find_again(op, target);
		if (node->status != OP_PLAN)
			return ERROR_NONE;
	}
	if (error == ERROR_NONE)
		error = hold(op, op->parent.fd, target, &object, &attrs);
	if (error != ERROR_NONE) {
		outcome(op, target, error);
		return ERROR_NONE;
	}
	match_object(op, target, &object, &attrs);
	fsys_object_fini(&object);
	return ERROR_NONE;
}

void op_finish_match(struct op *op, uint32_t target, bool back)
{
	const struct op_target *to = &op->request.targets[target];
	struct op_node *node = &op->nodes[target];
	enum error error;

	if (!(node->state & NODE_LATE))
		return;
	node->state &= (uint8_t)~NODE_LATE;
	if (back && !(node->state & NODE_STEPPED))
		return;
	error = op_parent_open(op, to, to->path_len);
	if (error != ERROR_NONE)
		outcome(op, target, error);
	else
		settle_dir(op, op->parent.fd, target, back);
}
