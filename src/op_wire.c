#include "op_wire.h"

#include <errno.h>
#include <string.h>

enum {
	MAX_TEXT = 1 << 16,    /* bytes of a MODE or a new name */
	MAX_PATH = 3 << 18,    /* of one target; with text and protected objects it still fits a frame */
	MAX_PATHS = 1 << 28,   /* bytes of all paths of a request that comes from elsewhere */
	MAX_PROTECT = 1024,
	FULL = 1 << 18,        /* a frame of targets ends when it has this many bytes */
};

static uint32_t get_u32(struct wire_reader *in)
{
	uint64_t value = wire_get_varint(in);

	if (value > UINT32_MAX)
		in->ok = false;
	return (uint32_t)value;
}

/* A small number that must be below `end`. */
static uint8_t get_enum(struct wire_reader *in, unsigned end)
{
	unsigned value = wire_get_u8(in);

	if (value >= end)
		in->ok = false;
	return (uint8_t)value;
}

/* A user's or group's number, or -1. */
static int64_t get_owner(struct wire_reader *in)
{
	int64_t value = wire_get_signed(in);

	if (value < -1 || value >= UINT32_MAX)
		in->ok = false;
	return value;
}

/* ---- requests --------------------------------------------------------------------------------------------- */

static void put_identity(struct buf *out, const struct identity *identity)
{
	wire_put_varint(out, identity->dev);
	wire_put_varint(out, identity->ino);
	wire_put_varint(out, identity->mnt);
	wire_put_signed(out, identity->btime);
	wire_put_varint(out, identity->type);
}

static void get_identity(struct wire_reader *in, struct identity *identity)
{
	identity->dev = wire_get_varint(in);
	identity->ino = wire_get_varint(in);
	identity->mnt = wire_get_varint(in);
	identity->btime = wire_get_signed(in);
	identity->type = get_u32(in);
	if (identity->type & ~(uint32_t)S_IFMT)
		in->ok = false;
}

static void put_head(struct buf *out, const struct op_request *request)
{
	wire_put_u8(out, request->kind);
	wire_put_varint(out, request->flags);
	wire_put_varint(out, request->umask);
	wire_put_signed(out, request->uid);
	wire_put_signed(out, request->gid);
	wire_put_bytes(out, request->text.data, request->text.len);
	put_identity(out, &request->root);
	wire_put_varint(out, request->protect_len);
	for (size_t i = 0; i < request->protect_len; i++)
		put_identity(out, &request->protect[i]);
}

/* How many bytes two paths have in common at their beginning. */
static size_t shared(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t len = size_min(a_len, b_len);
	size_t same = 0;

	while (same < len && a[same] == b[same])
		same++;
	return same;
}

static void put_wish(struct buf *out, const struct op_wish *wish)
{
	wire_put_varint(out, wish->mode);
	wire_put_signed(out, wish->uid);
	wire_put_signed(out, wish->gid);
	wire_put_u8(out, wish->excuse);
	wire_put_u8(out, wish->found);
}

static void get_wish(struct wire_reader *in, struct op_wish *wish)
{
	wish->mode = get_u32(in);
	wish->uid = get_owner(in);
	wish->gid = get_owner(in);
	wish->excuse = get_enum(in, ERROR_COUNT);
	wish->found = get_enum(in, 2);
	if (wish->mode & ~0177777u)
		in->ok = false;
}

static void put_target(struct buf *out, const struct op_request *request, size_t index)
{
	const struct op_target *target = &request->targets[index];
	const char *path = op_request_path(request, target);
	size_t same = 0;

	if (index > 0) {
		const struct op_target *before = target - 1;

		same = shared(op_request_path(request, before), before->path_len, path, target->path_len);
	}
	wire_put_varint(out, same);
	wire_put_bytes(out, path + same, target->path_len - same);
	wire_put_varint(out, target->base_len);
	wire_put_varint(out, target->mode);
	put_identity(out, &target->shown);
	if (request->kind == OP_RENAME)
		wire_put_bytes(out, target->name_len ? request->paths.data + target->name : "", target->name_len);
	if (request->kind == OP_MATCH)
		put_wish(out, &target->wish);
}

static bool too_long(const struct op_request *request)
{
	if (request->text.len > MAX_TEXT || request->protect_len > MAX_PROTECT)
		return true;
	for (size_t i = 0; i < request->targets_len; i++) {
		if (request->targets[i].path_len > MAX_PATH || request->targets[i].name_len > MAX_TEXT)
			return true;
	}
	return false;
}

int op_wire_put_request(struct buf *out, uint64_t id, const struct op_request *request)
{
	size_t done = 0;

	if (too_long(request)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	do {
		size_t start = wire_open(out, WIRE_OPERATE, id);
		size_t more = out->len;

		wire_put_u8(out, 0);
		if (done == 0)
			put_head(out, request);
		do {
			if (done < request->targets_len)
				put_target(out, request, done++);
		} while (done < request->targets_len && out->len - start < FULL &&
			 request->targets[done].path_len < FULL && !out->failed);
		if (out->failed) {
			errno = ENOMEM;
			return -1;
		}
		out->data[more] = done < request->targets_len;
		wire_close(out, start);
	} while (done < request->targets_len);
	return 0;
}

static enum op_wire_status get_head(struct wire_reader *in, struct op_request *request)
{
	size_t len;
	const char *text;
	uint64_t protect;

	request->kind = (enum op_kind)get_enum(in, OP_KIND_COUNT);
	request->flags = get_u32(in);
	request->umask = get_u32(in);
	request->uid = get_owner(in);
	request->gid = get_owner(in);
	text = wire_get_bytes(in, &len);
	get_identity(in, &request->root);
	protect = wire_get_varint(in);
	if (!in->ok || request->flags & ~(unsigned)OP_FLAGS_ALL || request->umask & ~07777u || protect > MAX_PROTECT ||
		len > MAX_TEXT)
		return OP_WIRE_BAD;
	buf_add(&request->text, text, len);
	for (uint64_t i = 0; i < protect && in->ok; i++) {
		struct identity identity;

		get_identity(in, &identity);
		if (op_request_protect(request, &identity) != 0)
			return OP_WIRE_NOMEM;
	}
	if (request->text.failed)
		return OP_WIRE_NOMEM;
	return in->ok ? OP_WIRE_COMPLETE : OP_WIRE_BAD;
}

/* The path is put together where op_request_target() can take it from: `path` is only for that. */
static enum op_wire_status get_target(struct wire_reader *in, struct op_request *request, struct buf *path)
{
	struct op_wish wish = { .uid = -1, .gid = -1 };
	struct identity shown;
	const char *rest;
	size_t len;
	uint64_t same = wire_get_varint(in);
	const char *name = "";
	size_t name_len = 0;
	uint64_t base;
	uint32_t mode;

	rest = wire_get_bytes(in, &len);
	base = wire_get_varint(in);
	mode = get_u32(in);
	get_identity(in, &shown);
	if (request->kind == OP_RENAME)
		name = wire_get_bytes(in, &name_len);
	if (request->kind == OP_MATCH)
		get_wish(in, &wish);
	if (!in->ok || name_len > MAX_TEXT || same > path->len || same + len > MAX_PATH || base > same + len || mode & ~0177777u)
		return OP_WIRE_BAD;
	if (request->paths.len + same + len + name_len > MAX_PATHS)
		return OP_WIRE_BAD;
	path->len = (size_t)same;
	buf_add(path, rest, len);
	if (path->failed)
		return OP_WIRE_NOMEM;
	if (op_request_target(request, path->data ? path->data : "", path->len, &shown, mode) != 0)
		return errno == EINVAL ? OP_WIRE_BAD : OP_WIRE_NOMEM;
	request->targets[request->targets_len - 1].base_len = (size_t)base;
	op_request_wish(request, &wish);
	if (name_len > 0 && op_request_name(request, name, name_len) != 0)
		return OP_WIRE_NOMEM;
	return OP_WIRE_COMPLETE;
}

static enum op_wire_status get_targets(struct wire_reader *in, struct op_request *request)
{
	enum op_wire_status status = OP_WIRE_COMPLETE;
	struct buf path = BUF_INIT;

	if (request->targets_len > 0) {
		const struct op_target *last = &request->targets[request->targets_len - 1];

		buf_add(&path, op_request_path(request, last), last->path_len);
	}
	while (status == OP_WIRE_COMPLETE && wire_more(in))
		status = get_target(in, request, &path);
	buf_fini(&path);
	return status;
}

enum op_wire_status op_wire_get_request(struct wire_reader *in, struct op_request *request)
{
	unsigned more = wire_get_u8(in);
	enum op_wire_status status = OP_WIRE_COMPLETE;

	if (!in->ok || more > 1)
		return OP_WIRE_BAD;
	if (request->targets_len == 0)
		status = get_head(in, request);
	if (status == OP_WIRE_COMPLETE)
		status = get_targets(in, request);
	if (status == OP_WIRE_COMPLETE && (!in->ok || request->targets_len == 0))
		return OP_WIRE_BAD;
	return status == OP_WIRE_COMPLETE && more ? OP_WIRE_MORE : status;
}

/* ---- items ------------------------------------------------------------------------------------------------ */

static void put_new(struct buf *out, const struct op_item *item)
{
	wire_put_varint(out, item->target);
	wire_put_varint(out, item->size);
	wire_put_varint(out, item->blocks);
	if (item->flags & OP_ITEM_TOP) {
		wire_put_varint(out, item->path_len);
		return;
	}
	wire_put_varint(out, item->parent);
	wire_put_bytes(out, item->name, item->name_len);
}

void op_wire_put_item(struct buf *out, const struct op_item *item)
{
	size_t detail = item->detail ? size_min(strlen(item->detail), OP_WIRE_MAX_DETAIL) : 0;

	wire_put_varint(out, item->index);
	wire_put_u8(out, item->kind);
	wire_put_u8(out, item->status);
	wire_put_u8(out, item->error);
	wire_put_u8(out, item->flags);
	wire_put_varint(out, item->old_mode);
	wire_put_varint(out, item->new_mode);
	wire_put_bytes(out, item->detail, detail);
	if (op_kind_tells_owners(item->kind)) {
		wire_put_signed(out, item->old_uid);
		wire_put_signed(out, item->old_gid);
		wire_put_signed(out, item->new_uid);
		wire_put_signed(out, item->new_gid);
	}
	if (item->flags & OP_ITEM_NEW)
		put_new(out, item);
}

/* Our own words: printable ASCII, or it is not from us. */
static void get_detail(struct wire_reader *in, struct op_item *item, char *detail)
{
	size_t len;
	const char *text = wire_get_bytes(in, &len);

	if (len > OP_WIRE_MAX_DETAIL) {
		in->ok = false;
		return;
	}
	for (size_t i = 0; i < len; i++) {
		if (text[i] < ' ' || text[i] > '~')
			in->ok = false;
		detail[i] = text[i];
	}
	detail[len] = '\0';
	item->detail = len ? detail : NULL;
}

static void get_new(struct wire_reader *in, struct op_item *item)
{
	item->target = get_u32(in);
	item->size = wire_get_varint(in);
	item->blocks = wire_get_varint(in);
	if (item->flags & OP_ITEM_TOP) {
		item->path_len = get_u32(in);
		return;
	}
	item->parent = get_u32(in);
	item->name = wire_get_bytes(in, &item->name_len);
	if (item->flags & OP_ITEM_REST ? item->name_len != 0 : !wire_name_ok(item->name, item->name_len))
		in->ok = false;
}

bool op_wire_get_item(struct wire_reader *in, struct op_item *item, char detail[OP_WIRE_MAX_DETAIL + 1])
{
	if (!wire_more(in))
		return false;
	*item = (struct op_item){ .index = get_u32(in), .parent = OP_NO_PARENT, .name = "" };
	item->old_uid = item->old_gid = item->new_uid = item->new_gid = -1;
	item->kind = get_enum(in, OP_KIND_COUNT);
	item->status = get_enum(in, OP_SKIPPED + 1);
	item->error = (uint8_t)wire_get_u8(in);
	item->flags = get_enum(in, OP_ITEM_FLAGS_ALL + 1);
	item->old_mode = get_u32(in) & 0xffff;
	item->new_mode = get_u32(in) & 0xffff;
	get_detail(in, item, detail);
	if (op_kind_tells_owners(item->kind)) {
		item->old_uid = get_owner(in);
		item->old_gid = get_owner(in);
		item->new_uid = get_owner(in);
		item->new_gid = get_owner(in);
	}
	if (in->ok && item->flags & OP_ITEM_NEW)
		get_new(in, item);
	return in->ok;
}

/* ---- whole frames ----------------------------------------------------------------------------------------- */

void op_wire_put_progress(struct buf *out, uint64_t id, const struct op_progress *progress)
{
	size_t start = wire_open(out, WIRE_PROGRESS, id);

	wire_put_u8(out, progress->running);
	wire_put_varint(out, progress->items);
	wire_put_varint(out, progress->items_total);
	wire_put_varint(out, progress->bytes);
	wire_put_varint(out, progress->bytes_total);
	wire_close(out, start);
}

bool op_wire_get_progress(struct wire_reader *in, struct op_progress *progress)
{
	progress->running = get_enum(in, 2);
	progress->items = wire_get_varint(in);
	progress->items_total = wire_get_varint(in);
	progress->bytes = wire_get_varint(in);
	progress->bytes_total = wire_get_varint(in);
	return in->ok && in->at == in->end;
}

/* The numbers of a plan, in the order of the wire. */
static const size_t planned_fields[] = {
	offsetof(struct op_planned, items),
	offsetof(struct op_planned, files),
	offsetof(struct op_planned, dirs),
	offsetof(struct op_planned, others),
	offsetof(struct op_planned, changes),
	offsetof(struct op_planned, failed),
	offsetof(struct op_planned, skipped),
	offsetof(struct op_planned, mounts),
	offsetof(struct op_planned, unread),
	offsetof(struct op_planned, bytes),
	offsetof(struct op_planned, blocks),
};

static_assert(sizeof(struct op_planned) == ARRAY_LEN(planned_fields) * sizeof(uint64_t), "every number travels");

void op_wire_put_planned(struct buf *out, uint64_t id, enum error error, const struct op_planned *planned)
{
	size_t start = wire_open(out, WIRE_PLANNED, id);

	wire_put_u8(out, error);
	for (size_t i = 0; i < ARRAY_LEN(planned_fields); i++)
		wire_put_varint(out, *(const uint64_t *)((const char *)planned + planned_fields[i]));
	wire_close(out, start);
}

bool op_wire_get_planned(struct wire_reader *in, enum error *error, struct op_planned *planned)
{
	unsigned told = wire_get_u8(in);

	*error = told < ERROR_COUNT ? (enum error)told : ERROR_OTHER;
	for (size_t i = 0; i < ARRAY_LEN(planned_fields); i++)
		*(uint64_t *)((char *)planned + planned_fields[i]) = wire_get_varint(in);
	return in->ok && in->at == in->end;
}

void op_wire_put_result(struct buf *out, uint64_t id, const struct op_result *result)
{
	size_t start = wire_open(out, WIRE_RESULT, id);

	wire_put_u8(out, result->error);
	wire_put_varint(out, result->ok);
	wire_put_varint(out, result->failed);
	wire_put_varint(out, result->skipped);
	wire_put_varint(out, result->left_out);
	wire_close(out, start);
}

bool op_wire_get_result(struct wire_reader *in, struct op_result *result)
{
	result->error = (uint8_t)wire_get_u8(in);
	result->ok = wire_get_varint(in);
	result->failed = wire_get_varint(in);
	result->skipped = wire_get_varint(in);
	result->left_out = wire_get_varint(in);
	return in->ok && in->at == in->end;
}
