#include "op_node.h"

#include "user.h"
#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { PROGRESS_EVERY = 64, PROGRESS_MS = 100 };

static const char *const words[] = {
#define X(kind, word) [OP_##kind] = (word),
	OP_KIND_TABLE(X)
#undef X
};

const char *op_kind_name(unsigned kind)
{
	return kind < OP_KIND_COUNT ? words[kind] : "?";
}

/* ---- requests --------------------------------------------------------------------------------------------- */

void op_request_init(struct op_request *request, enum op_kind kind)
{
	*request = (struct op_request){ .kind = kind, .umask = 022, .uid = -1, .gid = -1 };
}

void op_request_fini(struct op_request *request)
{
	buf_fini(&request->text);
	buf_fini(&request->paths);
	free(request->protect);
	free(request->targets);
	op_request_init(request, request->kind);
}

int op_request_target(
	struct op_request *request, const char *path, size_t len, const struct identity *shown, uint32_t mode)
{
	struct op_target *target;
	size_t start = request->paths.len;

	if (!wire_path_ok(path, len)) {
		errno = EINVAL;
		return -1;
	}
	if (request->targets_len >= UINT32_MAX ||
		vec_grow(&request->targets, &request->targets_cap, request->targets_len + 1, sizeof *target) != 0) {
		errno = ENOMEM;
		return -1;
	}
	buf_add(&request->paths, path, len);
	if (request->paths.failed) {
		errno = ENOMEM;
		return -1;
	}
	target = &request->targets[request->targets_len++];
	*target = (struct op_target){ .path = start, .path_len = len, .mode = mode, .wish = { .uid = -1, .gid = -1 } };
	if (shown)
		target->shown = *shown;
	return 0;
}

void op_request_wish(struct op_request *request, const struct op_wish *wish)
{
	request->targets[request->targets_len - 1].wish = *wish;
}

int op_request_protect(struct op_request *request, const struct identity *identity)
{
	size_t need = request->protect_len + 1;

	if (vec_grow(&request->protect, &request->protect_cap, need, sizeof *request->protect) != 0)
		return -1;
	request->protect[request->protect_len++] = *identity;
	return 0;
}

const char *op_request_path(const struct op_request *request, const struct op_target *target)
{
	return request->paths.data ? request->paths.data + target->path : "";
}

int op_request_name(struct op_request *request, const char *name, size_t len)
{
	struct op_target *target = &request->targets[request->targets_len - 1];
	size_t start = request->paths.len;

	buf_add(&request->paths, name, len);
	if (request->paths.failed) {
		errno = ENOMEM;
		return -1;
	}
	target->name = start;
	target->name_len = len;
	return 0;
}

const char *op_request_new_name(const struct op_request *request, const struct op_target *target, size_t *len)
{
	*len = target->name_len ? target->name_len : request->text.len;
	return target->name_len ? request->paths.data + target->name : request->text.data;
}

/* ---- an operation's life ---------------------------------------------------------------------------------- */

struct op *op_new(const char *root, struct op_request *request)
{
	struct op *op = calloc(1, sizeof *op);

	if (op) {
		op->root_fd = -1;
		op->parent.fd = -1;
		op->parent.stage.fd = -1;
		atomic_init(&op->stop, false);
		op->request = *request;
		op_request_init(request, request->kind);
		op->root = strdup(root);
		op->target_first = calloc(op->request.targets_len + 1, sizeof *op->target_first);
	}
	if (op && op->root && op->target_first)
		return op;
	op_request_fini(request);
	op_free(op);
	return NULL;
}

void op_free(struct op *op)
{
	if (!op)
		return;
	op_parent_close(op);
	fsys_close(op->root_fd);
	op_request_fini(&op->request);
	buf_fini(&op->names);
	free(op->nodes);
	free(op->places);
	free(op->target_first);
	free(op->covered);
	free(op->turns);
	free(op->order);
	free(op->records);
	free(op->root);
	free(op);
}

void op_stop(struct op *op)
{
	atomic_store(&op->stop, true);
}

const struct op_planned *op_planned(const struct op *op)
{
	return &op->planned;
}

const struct op_result *op_result(const struct op *op)
{
	return &op->result;
}

/* ---- reporting -------------------------------------------------------------------------------------------- */

static uint64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void tell_progress(struct op *op)
{
	if (op->events->progress)
		op->events->progress(op->events->arg, &op->progress);
}

void op_tick(struct op *op, uint64_t items, uint64_t bytes)
{
	uint64_t before = op->progress.items / PROGRESS_EVERY;
	uint64_t now;

	op->progress.items += items;
	op->progress.bytes += bytes;
	if (op->progress.items / PROGRESS_EVERY == before && items > 0)
		return;
	now = milliseconds();
	if (now - op->told < PROGRESS_MS)
		return;
	op->told = now;
	tell_progress(op);
}

/* The target that a node belongs to: found by bisection of the top nodes. */
static uint32_t target_of(const struct op *op, uint32_t index)
{
	size_t low = 0;
	size_t high = op->request.targets_len;

	while (!(op->nodes[index].flags & OP_ITEM_TOP) && index >= op->target_first[op->request.targets_len])
		index = op->nodes[index].parent;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (op->target_first[middle] <= index)
			low = middle;
		else
			high = middle;
	}
	return (uint32_t)low;
}

static void item_owners(const struct op *op, const struct op_node *node, struct op_item *item)
{
	const struct op_owner wanted = op_wanted_owner(op, node);

	item->old_uid = item->old_gid = item->new_uid = item->new_gid = -1;
	if ((wanted.uid < 0 && wanted.gid < 0) || node->flags & OP_ITEM_REST || !node->old_mode)
		return;
	item->old_uid = node->uid;
	item->old_gid = node->gid;
	item->new_uid = wanted.uid < 0 ? node->uid : wanted.uid;
	item->new_gid = wanted.gid < 0 ? node->gid : wanted.gid;
}

void op_report(struct op *op, uint32_t index, unsigned flags, const char *detail)
{
	const struct op_node *node = &op->nodes[index];
	bool top = node->flags & OP_ITEM_TOP;
	struct op_item item = {
		.index = index,
		.parent = top ? OP_NO_PARENT : node->parent,
		.target = target_of(op, index),
		.kind = (uint8_t)op->request.kind,
		.status = node->status,
		.error = node->error,
		.flags = (uint8_t)(node->flags | flags),
		.old_mode = node->old_mode,
		.new_mode = node->new_mode,
		.size = node->size,
		.blocks = node->blocks,
		.name = op_node_name(op, node),
		.name_len = node->name_len,
		.path_len = top ? node->parent : 0,
		.detail = detail,
	};

	item_owners(op, node, &item);
	if (op->events->item)
		op->events->item(op->events->arg, &item);
}

void op_done(struct op *op, uint32_t index, enum op_status status, enum error error, const char *detail)
{
	struct op_node *node = &op->nodes[index];

	node->status = (uint8_t)status;
	node->error = (uint8_t)error;
	node->state |= NODE_DONE;
	op->result.ok += status == OP_OK;
	op->result.failed += status == OP_FAILED;
	op->result.skipped += status == OP_SKIPPED;
	op->result.left_out += status == OP_SKIPPED && !(node->flags & OP_ITEM_HARMLESS);
	op_report(op, index, 0, detail);
	op_tick(op, 1, node->size);
}

static void path_up(const struct op *op, const struct op_node *node, struct buf *out)
{
	uint32_t target = target_of(op, (uint32_t)(node - op->nodes));

	buf_add(out, op_request_path(&op->request, &op->request.targets[target]), node->parent);
}

/* Two passes, without recursion: how long it is, then from the end to the beginning. */
void op_path(const struct op *op, uint32_t index, struct buf *out)
{
	const struct op_node *node = &op->nodes[index];
	size_t below = 0;
	char *end;

	for (; !(node->flags & OP_ITEM_TOP); node = &op->nodes[node->parent])
		below += node->name_len ? node->name_len + 1u : 0;
	path_up(op, node, out);
	if (below > 0 && node->parent == 0)
		below--; /* the root has no slash after it */
	if (below == 0 || !buf_room(out, below))
		return;
	out->len += below;
	end = out->data + out->len;
	for (node = &op->nodes[index]; !(node->flags & OP_ITEM_TOP); node = &op->nodes[node->parent]) {
		if (!node->name_len)
			continue;
		end -= node->name_len;
		memcpy(end, op_node_name(op, node), node->name_len);
		below -= node->name_len;
		if (below > 0) {
			*--end = '/';
			below--;
		}
	}
}

/* ---- planning --------------------------------------------------------------------------------------------- */

static void count_planned(struct op *op, const struct op_node *node)
{
	struct op_planned *sum = &op->planned;
	bool acts = node->status == OP_PLAN;
	uint32_t mode = node->old_mode ? node->old_mode : node->new_mode;

	sum->items++;
	sum->files += S_ISREG(mode);
	sum->dirs += S_ISDIR(mode);
	sum->others += !S_ISREG(mode) && !S_ISDIR(mode) && !(node->flags & OP_ITEM_REST);
	sum->changes += acts && op_would_change(op, node);
	sum->failed += node->status == OP_FAILED;
	sum->skipped += node->status == OP_SKIPPED;
	sum->mounts += node->status == OP_SKIPPED && node->error == ERROR_MOUNT;
	sum->unread += (node->flags & OP_ITEM_UNREAD) != 0;
	sum->bytes += acts ? node->size : 0;
	sum->blocks += acts ? node->blocks : 0;
}

static enum error open_root(struct op *op)
{
	op->root_fd = fsys_open_root(op->root);
	if (op->root_fd < 0 || fsys_stat(op->root_fd, "", FSYS_SYNC, &op->root_attrs) != 0)
		return error_from_errno(errno);
	if (!op_identity_is(&op->request.root, &op->root_attrs, op->root_fd))
		return ERROR_CHANGED;
	if (fsys_stat(op->root_fd, "/", 0, &op->slash) != 0)
		return error_from_errno(errno);
	return ERROR_NONE;
}

/* What a target of each kind needs. */
static const struct {
	enum error (*find)(struct op *op, uint32_t target);
	enum error (*run)(struct op *op, uint32_t target);
	void (*finish)(struct op *op, uint32_t target, bool back); /* once all have been run, the last target first; or NULL */
} kinds[] = {
	[OP_RENAME] = { op_find_rename, op_run_rename, NULL },
	[OP_MKDIR] = { op_find_new, op_run_new, NULL },
	[OP_CREATE] = { op_find_new, op_run_new, NULL },
	[OP_DELETE] = { op_find, op_run_delete, NULL },
	[OP_CHMOD] = { op_find, op_run_modes, NULL },
	[OP_CHOWN] = { op_find, op_run_modes, NULL },
	[OP_MATCH] = { op_find_match, op_run_match, op_finish_match },
};

static enum error parse_mode(struct op *op)
{
	const struct buf *text = &op->request.text;

	return perm_parse(&op->edit, text->data ? text->data : "", text->len, NULL) == 0 ? ERROR_NONE : ERROR_INVAL;
}

/* Names are looked up here: in a thread of its own, and on the machine whose files they are to own. */
static enum error find_owner(struct op *op)
{
	const char *text = buf_str(&op->request.text);

	return text ? user_owner(text, &op->request.uid, &op->request.gid) : ERROR_NOMEM;
}

static enum error find_all(struct op *op)
{
	enum error error = open_root(op);

	if (error == ERROR_NONE && op->request.kind == OP_CHMOD)
		error = parse_mode(op);
	if (error == ERROR_NONE && op->request.kind == OP_CHOWN && op->request.text.len > 0)
		error = find_owner(op);
	if (error == ERROR_NONE)
		error = op_cover(op);
	if (error == ERROR_NONE && op->request.kind == OP_RENAME)
		error = op_order_find(op);
	for (size_t i = 0; error == ERROR_NONE && i < op->request.targets_len; i++) {
		op->target_first[i] = (uint32_t)op->len;
		if (op_stopped(op))
			error = ERROR_CANCELED;
		else if (op_is_covered(op, (uint32_t)i))
			error = op_find_covered(op, (uint32_t)i);
		else
			error = kinds[op->request.kind].find(op, (uint32_t)i);
	}
	op->target_first[op->request.targets_len] = (uint32_t)op->len;
	if (error == ERROR_NONE)
		op_order_check(op);
	op_parent_close(op);
	return error;
}

enum error op_plan(struct op *op, const struct op_events *events)
{
	enum error error;

	op->events = events;
	error = find_all(op);
	for (size_t i = 0; error == ERROR_NONE && i < op->len; i++) {
		count_planned(op, &op->nodes[i]);
		op_report(op, (uint32_t)i, OP_ITEM_NEW, NULL);
		if (op_stopped(op))
			error = ERROR_CANCELED;
	}
	op->result.error = (uint8_t)error;
	return error;
}

/* ---- running ---------------------------------------------------------------------------------------------- */

/* What a run did not reach: it keeps what the plan said of it, or gets the reason why it was not reached. */
static void sweep(struct op *op, size_t from, size_t end, enum error error)
{
	for (size_t i = from; i < end; i++) {
		struct op_node *node = &op->nodes[i];

		if (node->state & (NODE_DONE | NODE_LATE))
			continue;
		if (node->status == OP_PLAN)
			op_done(op, (uint32_t)i, OP_SKIPPED, error, NULL);
		else
			op_done(op, (uint32_t)i, node->status, node->error, NULL);
	}
}

static enum error run_all(struct op *op)
{
	enum error error = ERROR_NONE;

	for (size_t i = 0; error != ERROR_CANCELED && i < op->request.targets_len; i++) {
		uint32_t target = op->order ? op->order[i] : (uint32_t)i;
		size_t found = op->len;

		error = op_stopped(op) ? ERROR_CANCELED : kinds[op->request.kind].run(op, target);
		sweep(op, op->target_first[target], op->target_first[target + 1], error ? error : ERROR_CHANGED);
		sweep(op, found, op->len, error ? error : ERROR_CHANGED);
	}
	for (size_t i = op->request.targets_len; kinds[op->request.kind].finish && i-- > 0;)
		kinds[op->request.kind].finish(op, (uint32_t)i, error == ERROR_CANCELED);
	if (error == ERROR_CANCELED)
		sweep(op, 0, op->len, error);
	op_parent_close(op);
	return error == ERROR_CANCELED ? error : ERROR_NONE;
}

enum error op_run(struct op *op, const struct op_events *events)
{
	op->events = events;
	if (op->result.error != ERROR_NONE || op->request.flags & OP_PLAN_ONLY || op->root_fd < 0) {
		op->result.error = op->result.error ? op->result.error : ERROR_INVAL;
		return (enum error)op->result.error;
	}
	op->progress = (struct op_progress){
		.running = true,
		.items_total = op->planned.items,
		.bytes_total = op->planned.bytes,
	};
	op->result.error = (uint8_t)run_all(op);
	tell_progress(op);
	return (enum error)op->result.error;
}
