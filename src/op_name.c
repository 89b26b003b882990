#include "op_node.h"

#include "fsys_change.h"
#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { PRIVATE_TRIES = 100 };

/* Set an outcome that is known while planning. */
static enum error planned(struct op *op, uint32_t index, enum op_status status, enum error error)
{
	if (index == OP_NO_NODE)
		return ERROR_NOMEM;
	op->nodes[index].status = (uint8_t)status;
	op->nodes[index].error = (uint8_t)error;
	return ERROR_NONE;
}

/* ---- rename ----------------------------------------------------------------------------------------------- */

/* Cut the new name out of the request: one component, or a path in the target's own directory. */
enum error op_new_name(const struct op *op, const struct op_target *target, char name[OP_NAME_SIZE])
{
	size_t len;
	const char *text = op_request_new_name(&op->request, target, &len);
	const char *path = op_request_path(&op->request, target);
	size_t dir = op_path_dir(path, target->path_len);
	size_t new_dir = len ? op_path_dir(text, len) : 0;

	if (len - new_dir > WIRE_MAX_NAME)
		return ERROR_NAMETOOLONG;
	if (!len || !wire_name_ok(text + new_dir, len - new_dir))
		return ERROR_BADNAME;
	if (new_dir && !wire_path_ok(text, len))
		return ERROR_BADNAME;
	if (new_dir && (new_dir != dir || memcmp(text, path, dir) != 0))
		return ERROR_NOTSUP;
	memcpy(name, text + new_dir, len - new_dir);
	name[len - new_dir] = '\0';
	return ERROR_NONE;
}

/* Is exactly this name listed in the directory? A filesystem that folds case finds others by it, too. */
static bool listed(int dirfd, const char *name)
{
	enum { RECORDS = 4096 };
	struct fsys_dir dir;
	bool found = false;
	char *records = malloc(RECORDS);
	ssize_t got = 0;
	int fd = fsys_open_dir(dirfd, ".");

	if (!records || fd < 0 || fsys_dir_init(&dir, fd) != 0) {
		if (!records)
			fsys_close(fd);
		free(records);
		return true;
	}
	while (!found && (got = fsys_dir_read(&dir, records, RECORDS)) > 0) {
		for (ssize_t at = 0; at < got && !found;) {
			const struct fsys_dirent *entry = (const void *)(records + at);

			found = strcmp(entry->name, name) == 0;
			at += entry->len;
		}
	}
	fsys_dir_fini(&dir);
	free(records);
	return found || got < 0;
}

/* What stands in the way of the new name: nothing, another object, or the same one under a folded name. */
static enum error occupied(int dirfd, const char *name, const struct attrs *attrs, bool *folded)
{
	struct attrs there;

	*folded = false;
	if (fsys_stat(dirfd, name, FSYS_SYNC, &there) != 0)
		return errno == ENOENT ? ERROR_NONE : error_from_errno(errno);
	if (there.dev != attrs->dev || there.ino != attrs->ino)
		return ERROR_EXIST;
	*folded = !listed(dirfd, name);
	return *folded ? ERROR_NONE : ERROR_SAMEFILE;
}

/* Can it be renamed at all? Looks at the object and at the new name. */
static enum error check_rename(struct op *op, uint32_t target, const struct attrs *attrs)
{
	const struct op_turn *turn = op->turns ? &op->turns[target] : NULL;
	char name[OP_NAME_SIZE];
	enum error error = op_new_name(op, &op->request.targets[target], name);
	bool folded;

	if (error != ERROR_NONE)
		return error;
	if (turn && turn->twice)
		return ERROR_TWICE;
	/* Who has the name is one of those that are renamed, and gives it away before. */
	if (turn && turn->waits_for && turn->waits_for != target + 1)
		return ERROR_NONE;
	return occupied(op->parent.fd, name, attrs, &folded);
}

enum error op_find_rename(struct op *op, uint32_t target)
{
	struct attrs attrs;
	uint32_t index;
	enum error error = op_find_top(op, target, &index);

	if (error != ERROR_NONE || op->nodes[index].status != OP_PLAN)
		return error;
	if (fsys_stat(op->parent.fd, op_node_name(op, &op->nodes[index]), FSYS_SYNC, &attrs) != 0 ||
		!op_node_is(op, &op->nodes[index], &attrs, op->parent.fd))
		return planned(op, index, OP_SKIPPED, ERROR_CHANGED);
	if (op_is_mount(&attrs, op->parent.attrs.dev, op->parent.attrs.mnt))
		return planned(op, index, OP_SKIPPED, ERROR_MOUNT);
	/* names only come there */
	if (op->parent.attrs.flags & ATTRS_APPEND)
		return planned(op, index, OP_FAILED, ERROR_APPENDONLY);
	error = check_rename(op, target, &attrs);
	return error == ERROR_NONE ? ERROR_NONE : planned(op, index, OP_FAILED, error);
}

/* A rename while it is made, and what there is to tell of it. */
struct naming {
	struct fsys_renamed how;
	char temporary[FSYS_PRIVATE_NAME]; /* the object is called this now; empty: it is not */
};

/* Give an object a private name beside its own. */
static int to_temporary(int dirfd, const char *from, bool is_dir, struct naming *naming)
{
	int got = -1;

	errno = EEXIST;
	for (unsigned i = 0; got != 0 && errno == EEXIST && i < PRIVATE_TRIES; i++) {
		fsys_private_name(naming->temporary, i);
		got = fsys_rename_new(dirfd, from, dirfd, naming->temporary, is_dir, &naming->how);
	}
	if (got != 0)
		naming->temporary[0] = '\0';
	return got;
}

/* From the private name to one that it may keep. */
static int from_temporary(int dirfd, struct naming *naming, const char *to, bool is_dir)
{
	int got = fsys_rename_new(dirfd, naming->temporary, dirfd, to, is_dir, &naming->how);

	if (got == 0)
		naming->temporary[0] = '\0';
	return got;
}

/* Two steps over a temporary name, for a filesystem in which both names are the same. */
static int rename_folded(int dirfd, const char *from, const char *to, bool is_dir, struct naming *naming)
{
	int saved;

	if (to_temporary(dirfd, from, is_dir, naming) != 0)
		return -1;
	if (from_temporary(dirfd, naming, to, is_dir) == 0)
		return 0;
	saved = errno;
	(void)!from_temporary(dirfd, naming, from, is_dir);
	errno = saved;
	return -1;
}

/* What nobody would look for. Returns NULL when there is nothing. */
static const char *tell_naming(struct op *op, const struct naming *naming)
{
	if (naming->temporary[0])
		snprintf(op->detail, sizeof op->detail, "it is called %s now", naming->temporary);
	else if (naming->how.left[0])
		snprintf(op->detail, sizeof op->detail, "something is left in %s", naming->how.left);
	else if (naming->how.how == FSYS_RENAME_BOTH)
		return "it has both names";
	else if (naming->how.how == FSYS_RENAME_UNCERTAIN)
		return "not atomic: only looked before whether the name was free";
	else
		return NULL;
	return op->detail;
}

static void not_renamed(struct op *op, uint32_t index, enum error error, const struct naming *naming)
{
	const char *detail = naming->how.how == FSYS_RENAME_UNCERTAIN && !naming->temporary[0] ? NULL : tell_naming(op, naming);

	op_done(op, index, error == ERROR_CHANGED ? OP_SKIPPED : OP_FAILED, error, detail);
}

/* The object that really got the new name must be the planned one; otherwise it gets its name back. */
static void settle_rename(struct op *op, uint32_t index, const char *name, const struct naming *naming)
{
	const struct op_node *node = &op->nodes[index];
	int dirfd = op->parent.fd;
	struct attrs attrs;
	bool back;

	if (fsys_stat(dirfd, name, FSYS_SYNC, &attrs) != 0 || op_node_is(op, node, &attrs, dirfd)) {
		op_done(op, index, OP_OK, ERROR_NONE, tell_naming(op, naming));
		return;
	}
	back = fsys_rename_new(dirfd, name, dirfd, op_node_name(op, node), S_ISDIR(attrs.mode), NULL) == 0;
	op_done(op, index, OP_SKIPPED, ERROR_CHANGED, back ? NULL : "and something else has the new name now");
}

/* Is the planned object under this name? */
static enum error still_there(struct op *op, uint32_t index, const char *name, struct attrs *attrs)
{
	if (fsys_stat(op->parent.fd, name, FSYS_SYNC, attrs) != 0)
		return error_from_errno(errno);
	return op_node_is(op, &op->nodes[index], attrs, op->parent.fd) ? ERROR_NONE : ERROR_CHANGED;
}

/* Give the object that is called `old` now its new name. */
static enum error rename_node(struct op *op, uint32_t index, uint32_t target, const char *old, struct naming *naming)
{
	int dirfd = op->parent.fd;
	char name[OP_NAME_SIZE] = "";
	enum error error;
	struct attrs attrs;
	bool folded = false;
	int got;

	error = still_there(op, index, old, &attrs);
	if (error == ERROR_NONE)
		error = op_new_name(op, &op->request.targets[target], name);
	if (error == ERROR_NONE)
		error = occupied(dirfd, name, &attrs, &folded);
	if (error != ERROR_NONE)
		return error;
	if (folded)
		got = rename_folded(dirfd, old, name, S_ISDIR(attrs.mode), naming);
	else
		got = fsys_rename_new(dirfd, old, dirfd, name, S_ISDIR(attrs.mode), &naming->how);
	if (got != 0)
		return fsys_explain(dirfd, old, true, errno);
	settle_rename(op, index, name, naming);
	return ERROR_NONE;
}

static void rename_one(struct op *op, uint32_t target)
{
	uint32_t index = op->target_first[target];
	struct naming naming = { .how = { .how = FSYS_RENAME_ATOMIC } };
	enum error error = rename_node(op, index, target, op_node_name(op, &op->nodes[index]), &naming);

	if (error != ERROR_NONE)
		not_renamed(op, index, error, &naming);
}

/* Back from the private name, if the old one is still free; then tell why. */
static void step_back(struct op *op, uint32_t index, struct naming *naming, enum error error)
{
	const struct op_node *node = &op->nodes[index];

	if (naming->temporary[0])
		(void)!from_temporary(op->parent.fd, naming, op_node_name(op, node), S_ISDIR(node->old_mode));
	not_renamed(op, index, error, naming);
}

/* Get out of the way of the others, under a name that nobody has. */
static enum error step_aside(struct op *op, uint32_t index, struct naming *naming)
{
	const char *old = op_node_name(op, &op->nodes[index]);
	int dirfd = op->parent.fd;
	struct attrs attrs;
	enum error error = still_there(op, index, old, &attrs);

	if (error != ERROR_NONE)
		return error;
	if (to_temporary(dirfd, old, S_ISDIR(attrs.mode), naming) != 0)
		return fsys_explain(dirfd, old, true, errno);
	return still_there(op, index, naming->temporary, &attrs);
}

/* Each waits for the next one, the last for the first: that one steps aside meanwhile. It is not stopped half-way. */
static void rename_circle(struct op *op, uint32_t target)
{
	uint32_t index = op->target_first[target];
	struct naming naming = { .how = { .how = FSYS_RENAME_ATOMIC } };
	struct naming last = naming;
	enum error error = step_aside(op, index, &naming);

	if (error != ERROR_NONE) {
		step_back(op, index, &naming, error);
		return;
	}
	for (uint32_t at = op->turns[target].before - 1; at != target; at = op->turns[at].before - 1)
		rename_one(op, at);
	error = rename_node(op, index, target, naming.temporary, &last);
	if (error != ERROR_NONE)
		step_back(op, index, &naming, error);
}

/* Who has to go before this one, and has not yet? Returns the target itself when there is nobody. */
static uint32_t next_before(const struct op *op, uint32_t target)
{
	uint32_t other = op->turns ? op->turns[target].waits_for : 0;

	if (!other || op->nodes[op->target_first[other - 1]].state & NODE_DONE)
		return target;
	return other - 1;
}

enum error op_run_rename(struct op *op, uint32_t target)
{
	const struct op_target *from = &op->request.targets[target];
	const struct op_node *node = &op->nodes[op->target_first[target]];
	uint32_t first = target;
	enum error error;

	if (node->status != OP_PLAN || node->state & NODE_DONE)
		return ERROR_NONE;
	error = op_parent_open(op, from, from->path_len);
	if (error != ERROR_NONE)
		return error;
	for (uint32_t at = next_before(op, first); at != first; at = next_before(op, first)) {
		if (at == target) {
			rename_circle(op, target);
			return ERROR_NONE;
		}
		first = at;
	}
	while (first != target) {
		rename_one(op, first);
		if (op_stopped(op))
			return ERROR_CANCELED;
		first = op->turns[first].before - 1;
	}
	rename_one(op, target);
	return ERROR_NONE;
}

/* ---- mkdir, create ---------------------------------------------------------------------------------------- */

/* The length of the path up to the end of the component that begins at `from`. */
static size_t component_end(const char *path, size_t len, size_t from)
{
	const char *slash = memchr(path + from, '/', len - from);

	return slash ? (size_t)(slash - path) : len;
}

/* Plan what is missing of a path from `end` on. All nodes remember the directory in which the first is made. */
static enum error find_missing(struct op *op, uint32_t target, size_t end)
{
	const struct op_target *to = &op->request.targets[target];
	const char *path = op_request_path(&op->request, to);
	uint32_t mode = op->request.kind == OP_CREATE ? S_IFREG : S_IFDIR;

	for (;;) {
		uint32_t index = op_node_add_top(op, target, end, &op->parent.attrs);

		if (index == OP_NO_NODE)
			return ERROR_NOMEM;
		op->nodes[index].old_mode = 0;
		op->nodes[index].new_mode = (uint16_t)mode;
		op->nodes[index].size = op->nodes[index].blocks = 0;
		if (end == to->path_len)
			return ERROR_NONE;
		end = component_end(path, to->path_len, end + 1);
	}
}

static enum error fail_new(struct op *op, uint32_t target, const struct attrs *attrs, enum op_status status, enum error error)
{
	uint32_t index = op_node_add_top(op, target, op->request.targets[target].path_len, attrs);

	return planned(op, index, status, error);
}

/* Is the directory that was on the screen still the one that the path leads to? */
static enum error check_base(struct op *op, const struct op_target *to)
{
	enum error error = ERROR_NONE;
	struct attrs attrs;
	char name[OP_NAME_SIZE];

	if (!to->shown.ino && !to->shown.dev)
		return ERROR_NONE;
	error = op_parent_open(op, to, to->base_len);
	if (error != ERROR_NONE)
		return error;
	op_target_name(op, to, to->base_len, name);
	if (fsys_stat(op->parent.fd, name, FSYS_SYNC, &attrs) != 0)
		return error_from_errno(errno);
	return op_identity_is(&to->shown, &attrs, op->parent.fd) ? ERROR_NONE : ERROR_CHANGED;
}

/* Something has the name already: right for mkdir with parents and a directory, a failure otherwise. */
static enum error find_existing(struct op *op, uint32_t target, const struct attrs *attrs)
{
	bool fine = op->request.kind == OP_MKDIR && op->request.flags & OP_PARENTS && S_ISDIR(attrs->mode);

	return fail_new(op, target, attrs, fine ? OP_PLAN : OP_FAILED, fine ? ERROR_NONE : ERROR_EXIST);
}

enum error op_find_new(struct op *op, uint32_t target)
{
	const struct op_target *to = &op->request.targets[target];
	const char *path = op_request_path(&op->request, to);
	bool parents = op->request.kind == OP_MKDIR && op->request.flags & OP_PARENTS;
	size_t end = parents ? component_end(path, to->path_len, 0) : to->path_len;
	struct attrs attrs = { .mode = 0 };
	char name[OP_NAME_SIZE];
	enum error error = check_base(op, to);

	if (error != ERROR_NONE)
		return fail_new(op, target, &attrs, error == ERROR_CHANGED ? OP_SKIPPED : OP_FAILED, error);
	if (to->path_len == 0)
		return find_existing(op, target, &op->root_attrs);
	for (;;) {
		error = op_parent_open(op, to, end);
		if (error != ERROR_NONE)
			return fail_new(op, target, &attrs, OP_FAILED, error);
		op_target_name(op, to, end, name);
		if (fsys_stat(op->parent.fd, name, FSYS_SYNC, &attrs) != 0)
			break;
		if (end == to->path_len)
			return find_existing(op, target, &attrs);
		end = component_end(path, to->path_len, end + 1);
	}
	if (errno == ENOENT)
		return find_missing(op, target, end);
	return fail_new(op, target, &attrs, OP_FAILED, error_from_errno(errno));
}

/* Make one object; with parents a directory that is there by now is as good. */
static enum error make_node(struct op *op, uint32_t index)
{
	struct op_node *node = &op->nodes[index];
	const char *name = op_node_name(op, node);
	bool parents = op->request.flags & OP_PARENTS && op->request.kind == OP_MKDIR;
	int dirfd = op->parent.fd;
	struct attrs attrs;
	int got = op->request.kind == OP_CREATE ? fsys_create(dirfd, name, 0666) : fsys_mkdir(dirfd, name, 0777);

	if (got != 0 && !(parents && errno == EEXIST))
		return fsys_explain(dirfd, "", false, errno);
	if (fsys_stat(dirfd, name, FSYS_SYNC, &attrs) != 0)
		return error_from_errno(errno);
	if (got != 0 && !S_ISDIR(attrs.mode))
		return ERROR_EXIST;
	if (op_node_become(op, index, &attrs) != 0)
		return ERROR_NOMEM;
	op->nodes[index].old_mode = (uint16_t)(got == 0 ? 0 : attrs.mode);
	return ERROR_NONE;
}

/* Hold the directory of a node to be made; the first one's must be the planned one. */
static enum error hold_parent(struct op *op, uint32_t index, const struct op_target *to, bool first)
{
	const struct op_node *node = &op->nodes[index];
	enum error error = op_parent_open(op, to, node->parent);

	if (error != ERROR_NONE || !first)
		return error;
	if (node->ino == op->parent.attrs.ino && op->places[node->place].dev == op->parent.attrs.dev)
		return ERROR_NONE;
	return ERROR_CHANGED;
}

enum error op_run_new(struct op *op, uint32_t target)
{
	const struct op_target *to = &op->request.targets[target];
	uint32_t first = op->target_first[target];

	for (uint32_t index = first; index < op->target_first[target + 1]; index++) {
		enum error error;

		if (op->nodes[index].status != OP_PLAN)
			return ERROR_NONE;
		if (op_stopped(op))
			return ERROR_CANCELED;
		if (op->nodes[index].old_mode) {
			op_done(op, index, OP_OK, ERROR_NONE, "exists");
			continue;
		}
		error = hold_parent(op, index, to, index == first);
		if (error == ERROR_NONE)
			error = make_node(op, index);
		if (error == ERROR_CHANGED)
			op_done(op, index, OP_SKIPPED, error, NULL);
		else
			op_done(op, index, error ? OP_FAILED : OP_OK, error, NULL);
		if (error != ERROR_NONE)
			return error;
	}
	return ERROR_NONE;
}
