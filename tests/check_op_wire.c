/*
 * Operations on the wire: what is written is read back the same, and nothing foreign is believed.
 */
#include "op_wire.h"

#include "op_list.h"

#include <check.h>
#include <errno.h>
#include <string.h>

/* ---- help ------------------------------------------------------------------------------------------------- */

/* A source of numbers that is the same on every run. */
static uint32_t random_number(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*state >> 33);
}

/* Read all frames of a request. Every byte may be anything. */
static enum op_wire_status get_all(const struct buf *bytes, struct op_request *request)
{
	enum op_wire_status status = OP_WIRE_MORE;
	size_t at = 0;

	op_request_init(request, OP_RENAME);
	while (status == OP_WIRE_MORE) {
		struct wire_frame frame;
		size_t used;

		if (wire_next(bytes->data + at, bytes->len - at, &frame, &used) != WIRE_OK || frame.type != WIRE_OPERATE)
			return OP_WIRE_BAD;
		status = op_wire_get_request(&frame.payload, request);
		at += used;
	}
	return status;
}

static void same_request(const struct op_request *a, const struct op_request *b)
{
	ck_assert_int_eq(a->kind, b->kind);
	ck_assert_uint_eq(a->flags, b->flags);
	ck_assert_uint_eq(a->umask, b->umask);
	ck_assert_int_eq(a->uid, b->uid);
	ck_assert_int_eq(a->gid, b->gid);
	ck_assert_uint_eq(a->text.len, b->text.len);
	ck_assert_int_eq(a->text.len ? memcmp(a->text.data, b->text.data, a->text.len) : 0, 0);
	ck_assert_uint_eq(a->root.ino, b->root.ino);
	ck_assert_uint_eq(a->protect_len, b->protect_len);
	for (size_t i = 0; i < a->protect_len; i++) {
		ck_assert_uint_eq(a->protect[i].ino, b->protect[i].ino);
		ck_assert_uint_eq(a->protect[i].mnt, b->protect[i].mnt);
	}
	ck_assert_uint_eq(a->targets_len, b->targets_len);
	for (size_t i = 0; i < a->targets_len; i++) {
		const struct op_target *x = &a->targets[i];
		const struct op_target *y = &b->targets[i];

		ck_assert_uint_eq(x->path_len, y->path_len);
		ck_assert_int_eq(memcmp(op_request_path(a, x), op_request_path(b, y), x->path_len), 0);
		ck_assert_uint_eq(x->base_len, y->base_len);
		ck_assert_uint_eq(x->mode, y->mode);
		ck_assert_uint_eq(x->shown.dev, y->shown.dev);
		ck_assert_uint_eq(x->shown.ino, y->shown.ino);
		ck_assert_uint_eq(x->shown.mnt, y->shown.mnt);
		ck_assert_int_eq(x->shown.btime, y->shown.btime);
		ck_assert_uint_eq(x->shown.type, y->shown.type);
		ck_assert_uint_eq(x->wish.mode, y->wish.mode);
		ck_assert_int_eq(x->wish.uid, y->wish.uid);
		ck_assert_int_eq(x->wish.gid, y->wish.gid);
		ck_assert_uint_eq(x->wish.excuse, y->wish.excuse);
		ck_assert_uint_eq(x->wish.found, y->wish.found);
	}
}

static void sample_request(struct op_request *request)
{
	const struct identity shown = { UINT64_C(8) << 32 | 1, UINT64_MAX, 33, INT64_MIN, S_IFREG };

	op_request_init(request, OP_CHMOD);
	request->flags = OP_RECURSIVE | OP_ROOT_ITSELF;
	request->umask = 077;
	request->uid = 0;
	request->gid = UINT32_MAX - 1;
	request->root.ino = 2;
	request->root.type = S_IFDIR;
	buf_add_str(&request->text, "D:u+rwx,F:0644");
	ck_assert_int_eq(op_request_protect(request, &shown), 0);
	ck_assert_int_eq(op_request_target(request, "", 0, NULL, 0), 0);
	ck_assert_int_eq(op_request_target(request, "a/b/c", 5, &shown, S_IFREG | 0644), 0);
	ck_assert_int_eq(op_request_target(request, "a/b/\xff\n", 6, &shown, S_IFDIR | 04755), 0);
	ck_assert_int_eq(op_request_target(request, "a", 1, NULL, 0), 0);
	request->targets[3].base_len = 1;
}

/* ---- requests --------------------------------------------------------------------------------------------- */

START_TEST(requests_return)
{
	struct op_request request;
	struct op_request got;
	struct buf bytes = BUF_INIT;

	sample_request(&request);
	ck_assert_int_eq(op_wire_put_request(&bytes, 7, &request), 0);
	ck_assert_int_eq(get_all(&bytes, &got), OP_WIRE_COMPLETE);
	same_request(&request, &got);
	op_request_fini(&got);
	op_request_fini(&request);
	buf_fini(&bytes);
}
END_TEST

START_TEST(wishes_return)
{
	static const struct op_wish wishes[] = {
		{ .mode = S_IFDIR | 07777, .uid = 0, .gid = UINT32_MAX - 1, .found = false },
		{ .mode = S_IFREG, .uid = -1, .gid = -1, .found = true },
		{ .uid = -1, .gid = -1, .excuse = ERROR_ALONE, .found = true },
	};
	struct op_request request;
	struct op_request got;
	struct buf bytes = BUF_INIT;

	op_request_init(&request, OP_MATCH);
	for (size_t i = 0; i < ARRAY_LEN(wishes); i++) {
		ck_assert_int_eq(op_request_target(&request, "abc", i + 1, NULL, 0), 0);
		op_request_wish(&request, &wishes[i]);
	}
	ck_assert_int_eq(op_wire_put_request(&bytes, 7, &request), 0);
	ck_assert_int_eq(get_all(&bytes, &got), OP_WIRE_COMPLETE);
	same_request(&request, &got);
	op_request_fini(&got);
	op_request_fini(&request);
	buf_fini(&bytes);
}
END_TEST

START_TEST(many_targets_take_many_frames)
{
	enum { COUNT = 100000 };
	struct op_request request;
	struct op_request got;
	struct buf bytes = BUF_INIT;
	struct buf path = BUF_INIT;
	struct wire_frame frame;
	size_t used;

	op_request_init(&request, OP_DELETE);
	for (unsigned i = 0; i < COUNT; i++) {
		buf_clear(&path);
		buf_printf(&path, "some/directory/file-%u", i * 7919 % COUNT);
		ck_assert_int_eq(op_request_target(&request, path.data, path.len, NULL, 0), 0);
	}
	/* One that fills most of a frame, in the middle of short ones. */
	buf_clear(&path);
	for (unsigned i = 0; i < 350000; i++)
		buf_add_str(&path, i ? "/d" : "d");
	ck_assert_int_eq(op_request_target(&request, path.data, path.len, NULL, 0), 0);
	ck_assert_int_eq(op_request_target(&request, "last", 4, NULL, 0), 0);
	ck_assert_int_eq(op_wire_put_request(&bytes, 1, &request), 0);
	ck_assert_int_eq(wire_next(bytes.data, bytes.len, &frame, &used), WIRE_OK);
	ck_assert_uint_lt(used, bytes.len);
	ck_assert_int_eq(get_all(&bytes, &got), OP_WIRE_COMPLETE);
	same_request(&request, &got);
	op_request_fini(&got);
	/* And one that no frame can take. */
	for (unsigned i = 0; i < 100000; i++)
		buf_add_str(&path, "/d");
	ck_assert_int_eq(op_request_target(&request, path.data, path.len, NULL, 0), 0);
	ck_assert_int_eq(op_wire_put_request(&bytes, 1, &request), -1);
	ck_assert_int_eq(errno, ENAMETOOLONG);
	op_request_fini(&request);
	buf_fini(&path);
	buf_fini(&bytes);
}
END_TEST

/* Give one frame with these targets; `same` is how much of the path before is shared. */
static enum op_wire_status foreign(
	unsigned kind, uint64_t flags, int64_t uid, uint64_t same, const char *path, size_t len, uint64_t base, uint64_t mode)
{
	const struct identity none = { 0 };
	struct op_request got;
	struct buf bytes = BUF_INIT;
	enum op_wire_status status;
	size_t start = wire_open(&bytes, WIRE_OPERATE, 1);

	wire_put_u8(&bytes, 0);
	wire_put_u8(&bytes, kind);
	wire_put_varint(&bytes, flags);
	wire_put_varint(&bytes, 022);
	wire_put_signed(&bytes, uid);
	wire_put_signed(&bytes, -1);
	wire_put_bytes(&bytes, "0644", 4);
	for (int i = 0; i < 5; i++)
		wire_put_varint(&bytes, none.ino);
	wire_put_varint(&bytes, 0);
	for (int i = 0; i < 2; i++) {
		wire_put_varint(&bytes, i ? same : 0);
		wire_put_bytes(&bytes, i ? path : "a/bc", i ? len : 4);
		wire_put_varint(&bytes, i ? base : 0);
		wire_put_varint(&bytes, i ? mode : 0);
		for (int k = 0; k < 5; k++)
			wire_put_varint(&bytes, 0);
	}
	wire_close(&bytes, start);
	status = get_all(&bytes, &got);
	op_request_fini(&got);
	buf_fini(&bytes);
	return status;
}

START_TEST(foreign_requests_are_refused)
{
	static const struct {
		uint64_t same;
		const char *path;
		size_t len;
	} paths[] = {
		{ 0, "..", 2 }, { 0, "../x", 4 }, { 0, "/etc/x", 6 }, { 0, "a//b", 4 }, { 0, "a/", 2 }, { 0, "a\0b", 3 },
		{ 2, "../x", 4 }, { 2, "/x", 2 }, { 2, "", 0 }, { 5, "x", 1 }, { UINT64_MAX, "x", 1 },
	};

	ck_assert_int_eq(foreign(OP_CHMOD, OP_RECURSIVE, -1, 2, "x", 1, 3, 0100644), OP_WIRE_COMPLETE);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		ck_assert_int_eq(foreign(OP_CHMOD, 0, -1, paths[i].same, paths[i].path, paths[i].len, 0, 0), OP_WIRE_BAD);
	ck_assert_int_eq(foreign(OP_KIND_COUNT, 0, -1, 0, "x", 1, 0, 0), OP_WIRE_BAD);
	ck_assert_int_eq(foreign(255, 0, -1, 0, "x", 1, 0, 0), OP_WIRE_BAD);
	ck_assert_int_eq(foreign(OP_CHMOD, OP_FLAGS_ALL + 1, -1, 0, "x", 1, 0, 0), OP_WIRE_BAD);
	ck_assert_int_eq(foreign(OP_CHMOD, UINT64_MAX, -1, 0, "x", 1, 0, 0), OP_WIRE_BAD);
	ck_assert_int_eq(foreign(OP_CHOWN, 0, -2, 0, "x", 1, 0, 0), OP_WIRE_BAD);
	ck_assert_int_eq(foreign(OP_CHOWN, 0, UINT32_MAX, 0, "x", 1, 0, 0), OP_WIRE_BAD);
	ck_assert_int_eq(foreign(OP_CHOWN, 0, INT64_MAX, 0, "x", 1, 0, 0), OP_WIRE_BAD);
	ck_assert_int_eq(foreign(OP_MKDIR, 0, -1, 0, "x", 1, 2, 0), OP_WIRE_BAD);
	ck_assert_int_eq(foreign(OP_CHMOD, 0, -1, 0, "x", 1, 0, 0200000), OP_WIRE_BAD);
}
END_TEST

START_TEST(damaged_requests_do_no_harm)
{
	struct op_request request;
	struct op_request got;
	struct buf bytes = BUF_INIT;
	uint64_t state = 1;

	sample_request(&request);
	ck_assert_int_eq(op_wire_put_request(&bytes, 7, &request), 0);
	for (size_t bit = 0; bit < bytes.len * 8; bit++) {
		bytes.data[bit / 8] ^= (char)(1 << bit % 8);
		(void)!get_all(&bytes, &got);
		op_request_fini(&got);
		bytes.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	/* Every prefix, with the length made to fit. */
	for (size_t len = bytes.len; len > WIRE_HEADER + 2; len--) {
		struct buf copy = BUF_INIT;

		buf_add(&copy, bytes.data, len);
		wire_close(&copy, 0);
		(void)!get_all(&copy, &got);
		op_request_fini(&got);
		buf_fini(&copy);
	}
	for (unsigned i = 0; i < 20000; i++) {
		unsigned char noise[64];
		struct wire_reader in = { noise, noise + random_number(&state) % sizeof noise, true };

		for (size_t k = 0; k < sizeof noise; k++)
			noise[k] = (unsigned char)(random_number(&state) % 5 ? random_number(&state) % 8 : random_number(&state));
		op_request_init(&got, OP_RENAME);
		(void)!op_wire_get_request(&in, &got);
		op_request_fini(&got);
	}
	op_request_fini(&request);
	buf_fini(&bytes);
}
END_TEST

/* ---- items ------------------------------------------------------------------------------------------------ */

static const struct op_item items[] = {
	{ .index = 0, .parent = OP_NO_PARENT, .target = 1, .kind = OP_CHMOD, .status = OP_PLAN, .flags = OP_ITEM_NEW | OP_ITEM_TOP,
		.old_mode = 040755, .new_mode = 040700, .old_uid = -1, .old_gid = -1, .new_uid = -1, .new_gid = -1,
		.size = 4096, .blocks = 8, .name = "", .path_len = 5 },
	{ .index = 1, .parent = 0, .target = 1, .kind = OP_CHMOD, .status = OP_SKIPPED, .error = ERROR_LINK,
		.flags = OP_ITEM_NEW | OP_ITEM_HARMLESS, .old_mode = 0120777, .new_mode = 0120777, .old_uid = -1, .old_gid = -1,
		.new_uid = -1, .new_gid = -1, .size = UINT64_MAX, .name = "l\xff", .name_len = 2, .detail = "a reason" },
	{ .index = 2, .parent = 0, .target = 1, .kind = OP_CHMOD, .status = OP_FAILED, .error = ERROR_ACCES,
		.flags = OP_ITEM_NEW | OP_ITEM_REST, .old_uid = -1, .old_gid = -1, .new_uid = -1, .new_gid = -1, .name = "" },
	{ .index = 0, .parent = OP_NO_PARENT, .kind = OP_CHOWN, .status = OP_OK, .flags = OP_ITEM_TOP, .old_mode = 0104755,
		.new_mode = 0100755, .old_uid = 0, .old_gid = 0, .new_uid = 7, .new_gid = UINT32_MAX - 1, .name = "",
		.detail = "mode was 4755, is 0755" },
};

static void same_item(const struct op_item *a, const struct op_item *b)
{
	ck_assert_uint_eq(a->index, b->index);
	ck_assert_uint_eq(a->parent, b->parent);
	ck_assert_uint_eq(a->target, b->target);
	ck_assert_uint_eq(a->kind, b->kind);
	ck_assert_uint_eq(a->status, b->status);
	ck_assert_uint_eq(a->error, b->error);
	ck_assert_uint_eq(a->flags, b->flags);
	ck_assert_uint_eq(a->old_mode, b->old_mode);
	ck_assert_uint_eq(a->new_mode, b->new_mode);
	ck_assert_int_eq(a->old_uid, b->old_uid);
	ck_assert_int_eq(a->new_gid, b->new_gid);
	ck_assert_uint_eq(a->size, b->size);
	ck_assert_uint_eq(a->blocks, b->blocks);
	ck_assert_uint_eq(a->path_len, b->path_len);
	ck_assert_uint_eq(a->name_len, b->name_len);
	ck_assert_int_eq(memcmp(a->name, b->name, a->name_len), 0);
	ck_assert_pstr_eq(a->detail, b->detail);
}

START_TEST(items_return)
{
	struct buf bytes = BUF_INIT;
	char detail[OP_WIRE_MAX_DETAIL + 1];
	struct wire_reader in;
	struct op_item item;

	for (size_t i = 0; i < ARRAY_LEN(items); i++) {
		size_t start = bytes.len;

		op_wire_put_item(&bytes, &items[i]);
		ck_assert_uint_le(bytes.len - start, OP_WIRE_MAX_ITEM);
	}
	in = (struct wire_reader){ (unsigned char *)bytes.data, (unsigned char *)bytes.data + bytes.len, true };
	for (size_t i = 0; i < ARRAY_LEN(items); i++) {
		ck_assert(op_wire_get_item(&in, &item, detail));
		same_item(&items[i], &item);
	}
	ck_assert(!op_wire_get_item(&in, &item, detail));
	ck_assert(in.ok);
	buf_fini(&bytes);
}
END_TEST

static bool item_accepted(const struct op_item *item)
{
	struct buf bytes = BUF_INIT;
	char detail[OP_WIRE_MAX_DETAIL + 1];
	struct wire_reader in;
	struct op_item got;
	bool accepted;

	op_wire_put_item(&bytes, item);
	in = (struct wire_reader){ (unsigned char *)bytes.data, (unsigned char *)bytes.data + bytes.len, true };
	accepted = op_wire_get_item(&in, &got, detail);
	buf_fini(&bytes);
	return accepted;
}

START_TEST(foreign_items_are_refused)
{
	static const char *const names[] = { "", ".", "..", "a/b", "/" };
	char name[256];
	struct op_item item = items[1];

	ck_assert(item_accepted(&item));
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		item.name = names[i];
		item.name_len = strlen(names[i]);
		ck_assert(!item_accepted(&item));
	}
	memset(name, 'x', sizeof name);
	item.name = name;
	item.name_len = 256;
	ck_assert(!item_accepted(&item));
	item.name = "a\0b";
	item.name_len = 3;
	ck_assert(!item_accepted(&item));
	item = items[1];
	item.status = OP_SKIPPED + 1;
	ck_assert(!item_accepted(&item));
	item = items[1];
	item.kind = OP_KIND_COUNT;
	ck_assert(!item_accepted(&item));
	item = items[1];
	item.flags |= OP_ITEM_FLAGS_ALL + 1;
	ck_assert(!item_accepted(&item));
	item = items[1];
	item.detail = "\033[31m";
	ck_assert(!item_accepted(&item));
	item.detail = "caf\xc3\xa9";
	ck_assert(!item_accepted(&item));
	item = items[2];
	item.name = "x";
	item.name_len = 1;
	ck_assert(!item_accepted(&item));
}
END_TEST

START_TEST(damaged_items_do_no_harm)
{
	uint64_t state = 3;

	for (unsigned i = 0; i < 50000; i++) {
		unsigned char noise[80];
		char detail[OP_WIRE_MAX_DETAIL + 1];
		struct wire_reader in = { noise, noise + random_number(&state) % sizeof noise, true };
		struct op_request request;
		struct op_list list;
		struct op_item item;

		for (size_t k = 0; k < sizeof noise; k++)
			noise[k] = (unsigned char)(random_number(&state) % 5 ? random_number(&state) % 4 : random_number(&state));
		op_request_init(&request, OP_DELETE);
		ck_assert_int_eq(op_request_target(&request, "a/b", 3, NULL, 0), 0);
		op_list_init(&list, &request);
		while (op_wire_get_item(&in, &item, detail) && op_list_add(&list, &item) == 0) {
			struct buf path = BUF_INIT;

			op_list_path(&list, item.index, &path);
			buf_fini(&path);
		}
		op_list_fini(&list);
		op_request_fini(&request);
	}
}
END_TEST

START_TEST(lists_refuse_nonsense)
{
	struct op_request request;
	struct op_list list;
	struct op_item item = items[0];
	struct buf path = BUF_INIT;

	op_request_init(&request, OP_CHMOD);
	ck_assert_int_eq(op_request_target(&request, "other", 5, NULL, 0), 0);
	ck_assert_int_eq(op_request_target(&request, "a/top", 5, NULL, 0), 0);
	op_list_init(&list, &request);
	item.flags = OP_ITEM_TOP;
	ck_assert_int_eq(op_list_add(&list, &item), -1); /* not known yet */
	item = items[1];
	ck_assert_int_eq(op_list_add(&list, &item), -1); /* not the next number */
	item.index = 0;
	ck_assert_int_eq(op_list_add(&list, &item), -1); /* its own parent */
	item = items[0];
	item.target = 2;
	ck_assert_int_eq(op_list_add(&list, &item), -1); /* no such target */
	item.target = 1;
	item.path_len = 6;
	ck_assert_int_eq(op_list_add(&list, &item), -1); /* longer than the target's path */
	ck_assert_int_eq(op_list_add(&list, &items[0]), 0);
	ck_assert_int_eq(op_list_add(&list, &items[0]), -1); /* twice */
	item = items[1];
	item.target = 0;
	ck_assert_int_eq(op_list_add(&list, &item), -1); /* below another target than what it is in */
	ck_assert_int_eq(op_list_add(&list, &items[1]), 0);
	ck_assert_int_eq(op_list_add(&list, &items[2]), 0);
	op_list_path(&list, 1, &path);
	ck_assert_str_eq(buf_str(&path), "a/top/l\xff");
	buf_clear(&path);
	op_list_path(&list, 2, &path);
	ck_assert_str_eq(buf_str(&path), "a/top");
	ck_assert_str_eq(op_list_detail(&list, &list.rows[1]), "a reason");
	ck_assert_ptr_null(op_list_detail(&list, &list.rows[2]));
	buf_fini(&path);
	op_list_fini(&list);
	op_request_fini(&request);
}
END_TEST

/* ---- the small ones --------------------------------------------------------------------------------------- */

START_TEST(progress_plan_and_result_return)
{
	const struct op_progress progress = { true, 1, UINT64_MAX, 3, 4 };
	const struct op_planned planned = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, UINT64_MAX };
	const struct op_result result = { 1, 2, 3, 4, ERROR_CANCELED };
	struct op_progress progress_got = { 0 };
	struct op_planned planned_got;
	struct op_result result_got = { 0 };
	struct buf bytes = BUF_INIT;
	struct wire_frame frame;
	enum error error;
	size_t used;

	op_wire_put_progress(&bytes, 5, &progress);
	ck_assert_int_eq(wire_next(bytes.data, bytes.len, &frame, &used), WIRE_OK);
	ck_assert_int_eq(frame.type, WIRE_PROGRESS);
	ck_assert_uint_eq(frame.id, 5);
	ck_assert(op_wire_get_progress(&frame.payload, &progress_got));
	ck_assert(progress_got.running);
	ck_assert_uint_eq(progress_got.items_total, UINT64_MAX);
	ck_assert_uint_eq(progress_got.bytes_total, 4);
	buf_clear(&bytes);
	op_wire_put_planned(&bytes, 6, ERROR_INVAL, &planned);
	ck_assert_int_eq(wire_next(bytes.data, bytes.len, &frame, &used), WIRE_OK);
	ck_assert(op_wire_get_planned(&frame.payload, &error, &planned_got));
	ck_assert_int_eq(error, ERROR_INVAL);
	ck_assert_mem_eq(&planned, &planned_got, sizeof planned);
	buf_clear(&bytes);
	op_wire_put_result(&bytes, 6, &result);
	ck_assert_int_eq(wire_next(bytes.data, bytes.len, &frame, &used), WIRE_OK);
	ck_assert(op_wire_get_result(&frame.payload, &result_got));
	ck_assert_uint_eq(result_got.left_out, 4);
	ck_assert_uint_eq(result_got.error, ERROR_CANCELED);
	/* One byte less is too few, one more is too many. */
	frame.payload = (struct wire_reader){ (unsigned char *)bytes.data + 6, (unsigned char *)bytes.data + bytes.len - 1, true };
	ck_assert(!op_wire_get_result(&frame.payload, &result_got));
	buf_add_byte(&bytes, 0);
	frame.payload = (struct wire_reader){ (unsigned char *)bytes.data + 6, (unsigned char *)bytes.data + bytes.len, true };
	ck_assert(!op_wire_get_result(&frame.payload, &result_got));
	buf_fini(&bytes);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("op_wire");
	TCase *tests = tcase_create("op_wire");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, requests_return);
	tcase_add_test(tests, wishes_return);
	tcase_add_test(tests, many_targets_take_many_frames);
	tcase_add_test(tests, foreign_requests_are_refused);
	tcase_add_test(tests, damaged_requests_do_no_harm);
	tcase_add_test(tests, items_return);
	tcase_add_test(tests, foreign_items_are_refused);
	tcase_add_test(tests, damaged_items_do_no_harm);
	tcase_add_test(tests, lists_refuse_nonsense);
	tcase_add_test(tests, progress_plan_and_result_return);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
