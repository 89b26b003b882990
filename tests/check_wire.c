/*
 * The stream: what is written is read back; what is cut short waits; what is damaged is refused, and nothing is read outside.
 */
#include "wire.h"

#include <check.h>
#include <dirent.h>
#include <string.h>

/* ---- numbers ---------------------------------------------------------------- */

static const uint64_t numbers[] = { 0, 1, 0x7f, 0x80, 0x3fff, 0x4000, UINT32_MAX, UINT64_C(1) << 32, INT64_MAX, UINT64_C(1) << 63,
				    UINT64_MAX - 1, UINT64_MAX };

static struct wire_reader reader_of(const struct buf *buf)
{
	const unsigned char *at = (const unsigned char *)buf->data;

	return (struct wire_reader){ at, at + buf->len, true };
}

START_TEST(numbers_return)
{
	struct buf out = BUF_INIT;
	struct wire_reader in;

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		wire_put_varint(&out, numbers[i]);
		wire_put_signed(&out, (int64_t)numbers[i]);
		wire_put_u8(&out, (unsigned)(numbers[i] & 0xff));
	}
	in = reader_of(&out);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		ck_assert(wire_more(&in));
		ck_assert_uint_eq(wire_get_varint(&in), numbers[i]);
		ck_assert_int_eq(wire_get_signed(&in), (int64_t)numbers[i]);
		ck_assert_uint_eq(wire_get_u8(&in), numbers[i] & 0xff);
	}
	ck_assert(in.ok);
	ck_assert(!wire_more(&in));
	/* beyond the end, for good */
	ck_assert_uint_eq(wire_get_u8(&in), 0);
	ck_assert(!in.ok);
	in.at--;
	ck_assert_uint_eq(wire_get_u8(&in), 0);
	ck_assert(!wire_more(&in));
	buf_fini(&out);
}
END_TEST

/* Varints that are cut short, too long, or too large. */
START_TEST(bad_numbers_are_refused)
{
	static const struct {
		const char *bytes;
		size_t len;
		bool ok;
	} cases[] = {
		{ "", 0, false },
		{ "\x80", 1, false },
		{ "\xff\xff\xff", 3, false },
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, true },
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, false },
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x00", 11, false },
		{ "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11, false },
		{ "\x80\x00", 2, true },
	};
	struct wire_reader in = { (const unsigned char *)cases[_i].bytes, (const unsigned char *)cases[_i].bytes + cases[_i].len, true };

	ck_assert_uint_eq(wire_get_varint(&in), cases[_i].ok && cases[_i].len == 10 ? UINT64_MAX : 0);
	ck_assert_int_eq(in.ok, cases[_i].ok);
}
END_TEST

START_TEST(bytes_return)
{
	static const char huge[] = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" "abc";
	struct buf out = BUF_INIT;
	struct wire_reader in;
	size_t len;

	wire_put_bytes(&out, "a\0b", 3);
	wire_put_bytes(&out, NULL, 0);
	in = reader_of(&out);
	ck_assert_mem_eq(wire_get_bytes(&in, &len), "a\0b", 3);
	ck_assert_uint_eq(len, 3);
	(void)!wire_get_bytes(&in, &len);
	ck_assert_uint_eq(len, 0);
	ck_assert(in.ok);
	/* a length beyond the end */
	in = reader_of(&out);
	in.end -= 2;
	ck_assert_str_eq(wire_get_bytes(&in, &len), "");
	ck_assert_uint_eq(len, 0);
	ck_assert(!in.ok);
	in = (struct wire_reader){ (const unsigned char *)huge, (const unsigned char *)huge + sizeof huge - 1, true };
	ck_assert_str_eq(wire_get_bytes(&in, &len), "");
	ck_assert(!in.ok);
	buf_fini(&out);
}
END_TEST

/* ---- attributes and elements ------------------------------------------------ */

static const struct attrs samples[] = {
	{ .mode = 0 },
	{ .flags = ATTRS_KNOWN, .mode = S_IFREG | 0644, .uid = 1000, .gid = 1000, .nlink = 1, .ino = 123456, .size = 6148, .blocks = 16,
	  .dev = UINT64_C(8) << 32 | 1, .mnt = 25, .atime = 1700000000123456789, .mtime = 1600000000987654321,
	  .ctime = 1600000001000000000, .btime = 0 },
	{ .flags = 0xff, .mode = 0xffff, .uid = UINT32_MAX, .gid = UINT32_MAX, .nlink = UINT64_MAX, .ino = UINT64_MAX,
	  .size = UINT64_MAX, .blocks = UINT64_MAX, .dev = UINT64_MAX, .rdev = UINT64_MAX, .mnt = UINT64_MAX, .atime = INT64_MAX,
	  .mtime = INT64_MIN, .ctime = -1, .btime = INT64_MIN },
	{ .flags = ATTRS_KNOWN | ATTRS_BTIME, .mode = S_IFDIR, .atime = INT64_MIN, .mtime = INT64_MAX, .ctime = INT64_MIN, .btime = 1 },
};

static void same_attrs(const struct attrs *a, const struct attrs *b)
{
	ck_assert_uint_eq(a->flags, b->flags);
	ck_assert_uint_eq(a->mode, b->mode);
	ck_assert_uint_eq(a->uid, b->uid);
	ck_assert_uint_eq(a->gid, b->gid);
	ck_assert_uint_eq(a->nlink, b->nlink);
	ck_assert_uint_eq(a->ino, b->ino);
	ck_assert_uint_eq(a->size, b->size);
	ck_assert_uint_eq(a->blocks, b->blocks);
	ck_assert_uint_eq(a->dev, b->dev);
	ck_assert_uint_eq(a->rdev, b->rdev);
	ck_assert_uint_eq(a->mnt, b->mnt);
	ck_assert_int_eq(a->atime, b->atime);
	ck_assert_int_eq(a->mtime, b->mtime);
	ck_assert_int_eq(a->ctime, b->ctime);
	ck_assert_int_eq(a->btime, b->btime);
}

START_TEST(attributes_return)
{
	struct buf out = BUF_INIT;
	struct wire_reader in;
	struct attrs attrs;

	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		size_t start = out.len;

		wire_put_attrs(&out, &samples[i]);
		ck_assert_uint_le(out.len - start, WIRE_MAX_ATTRS);
	}
	in = reader_of(&out);
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		wire_get_attrs(&in, &attrs);
		same_attrs(&attrs, &samples[i]);
	}
	ck_assert(in.ok);
	ck_assert(in.at == in.end);
	buf_fini(&out);
}
END_TEST

START_TEST(acls_and_steps_return)
{
	struct access_acl entries[] = { { ACCESS_TAG_USER, UINT32_MAX, 7 }, { ACCESS_TAG_MASK, 0, 0 }, { ACCESS_TAG_OTHER, 0, 4 } };
	struct access_list acl = { entries, ARRAY_LEN(entries), 0 };
	const struct wire_step step = { 3, WIRE_STEP_READ_ONLY, "a/b", 3, samples[0], acl, "to", 2 };
	struct access_list got = { NULL, 0, 0 };
	struct buf out = BUF_INIT;
	struct wire_step back;
	struct wire_reader in;

	wire_put_acl(&out, &got);
	wire_put_acl(&out, &acl);
	wire_put_step(&out, &step);
	in = reader_of(&out);
	ck_assert_int_eq(wire_get_acl(&in, &got), 0);
	ck_assert_uint_eq(got.count, 0);
	ck_assert_int_eq(wire_get_acl(&in, &got), 0);
	ck_assert_uint_eq(got.count, ARRAY_LEN(entries));
	for (size_t i = 0; i < got.count; i++)
		ck_assert(got.entries[i].tag == entries[i].tag && got.entries[i].id == entries[i].id &&
		          got.entries[i].rights == entries[i].rights);
	ck_assert_int_eq(wire_get_step(&in, &back), 0);
	ck_assert(in.ok && !wire_more(&in));
	ck_assert(back.error == 3 && back.flags == WIRE_STEP_READ_ONLY && back.acl.count == ARRAY_LEN(entries));
	ck_assert(back.name_len == 3 && memcmp(back.name, "a/b", 3) == 0 && back.target_len == 2);
	same_attrs(&back.attrs, &samples[0]);
	access_list_fini(&got);
	access_list_fini(&back.acl);
	buf_fini(&out);
}
END_TEST

/* More entries than there are bytes, a tag and rights that there are not. */
START_TEST(bad_acls_are_refused)
{
	static const struct { const char *bytes; size_t len; } bad[] = {
		{ "\xff\xff\xff\xff\x0f", 5 }, { "\1", 1 },         { "\1\0\7", 3 },
		{ "\1\x63\7\1", 4 },           { "\1\0\10\1", 4 }, { "\1\0\7\xff\xff\xff\xff\x7f", 8 },
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		const unsigned char *at = (const unsigned char *)bad[i].bytes;
		struct wire_reader in = { at, at + bad[i].len, true };
		struct access_list got = { NULL, 0, 0 };

		ck_assert_int_eq(wire_get_acl(&in, &got), 0);
		ck_assert(!in.ok);
		access_list_fini(&got);
	}
}
END_TEST

/* Numbers of users and devices have thirty-two bits; flags that say only what follows are not an entry's. */
START_TEST(attributes_are_in_range)
{
	static const struct {
		unsigned large; /* which of the eight varints is 2^32 */
		bool ok;
	} cases[] = { { 0, false }, { 1, false }, { 2, true }, { 3, true }, { 5, true }, { 6, false }, { 7, false } };
	struct buf out = BUF_INIT;
	struct wire_reader in;
	struct attrs attrs;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		buf_clear(&out);
		buf_add(&out, "\1\xc0\xff\xff", 4);
		for (unsigned at = 0; at < 8; at++)
			wire_put_varint(&out, at == cases[i].large ? UINT64_C(1) << 32 : 3);
		buf_add(&out, "12345678", 8);
		in = reader_of(&out);
		wire_get_attrs(&in, &attrs);
		ck_assert_int_eq(in.ok, cases[i].ok);
		ck_assert_uint_eq(attrs.flags, ATTRS_KNOWN);
		ck_assert_uint_eq(attrs.mode, 0xffff);
		ck_assert_int_eq(attrs.btime, attrs.mtime);
		ck_assert(!wire_more(&in));
	}
	buf_fini(&out);
}
END_TEST

START_TEST(elements_return)
{
	/* every set of what an element can tell */
	struct buf out = BUF_INIT;
	struct wire_reader in;
	struct wire_attrs got = { .what = 0 };

	for (unsigned what = 0; what < 32; what++) {
		struct wire_attrs element = { .index = what * 1000, .what = (uint8_t)what, .error = ERROR_IO, .dir = 70000,
					      .attrs = samples[1], .target = "a/target", .target_len = 8 };

		wire_put_element(&out, &element, NULL);
	}
	in = reader_of(&out);
	for (unsigned what = 0; what < 32; what++) {
		ck_assert(wire_get_element(&in, &got));
		ck_assert_uint_eq(got.index, what * 1000);
		ck_assert_uint_eq(got.what, what);
		ck_assert_uint_eq(got.error, what & WIRE_ATTRS_ERROR ? ERROR_IO : ERROR_NONE);
		ck_assert_uint_eq(got.dir, what & WIRE_ATTRS_DIR ? 70000 : 0);
		ck_assert_uint_eq(got.target_len, what & WIRE_ATTRS_TARGET ? 8 : 0);
		if (what & WIRE_ATTRS_TARGET)
			ck_assert_mem_eq(got.target, "a/target", 8);
		if (what & WIRE_ATTRS_STAT)
			same_attrs(&got.attrs, &samples[1]);
	}
	ck_assert(!wire_get_element(&in, &got));
	ck_assert(in.ok);
	buf_fini(&out);
}
END_TEST

/* Are the parts alike that are left out then? */
static bool is_like(const struct attrs *a, const struct attrs *b)
{
	return a->uid == b->uid && a->gid == b->gid && a->dev == b->dev && a->rdev == b->rdev && a->mnt == b->mnt;
}

START_TEST(elements_like_the_one_before)
{
	/* each sample behind each, and behind one that differs in a single one of the parts that are left out when all are alike */
	for (size_t i = 0; i < 7 * ARRAY_LEN(samples) * ARRAY_LEN(samples); i++) {
		struct wire_attrs elements[2] = {
			{ .what = WIRE_ATTRS_STAT, .attrs = samples[i / 7 / ARRAY_LEN(samples)] },
			{ .index = 1, .what = WIRE_ATTRS_STAT, .attrs = samples[i / 7 % ARRAY_LEN(samples)] },
		};
		struct attrs *before = &elements[0].attrs;
		struct wire_attrs got = { .what = 0 };
		struct buf out = BUF_INIT;
		struct wire_reader in;
		size_t len;

		before->uid += i % 7 == 1;
		before->gid += i % 7 == 2;
		before->dev += i % 7 == 3;
		before->dev += (uint64_t)(i % 7 == 4) << 32;
		before->rdev += i % 7 == 5;
		before->mnt += i % 7 == 6;
		wire_put_element(&out, &elements[0], NULL);
		len = out.len;
		wire_put_element(&out, &elements[1], before);
		in = reader_of(&out);
		for (size_t k = 0; k < 2; k++) {
			ck_assert(wire_get_element(&in, &got));
			same_attrs(&got.attrs, &elements[k].attrs);
		}
		ck_assert(!wire_more(&in) && in.ok);

		/* without the one before it, it is no element, if it leaves anything out */
		in.at = (const unsigned char *)out.data + len;
		got.what = 0;
		ck_assert_int_eq(wire_get_element(&in, &got), !is_like(before, &elements[1].attrs));
		buf_fini(&out);
	}
}
END_TEST

START_TEST(names_return)
{
	char longest[WIRE_MAX_NAME];
	struct buf out = BUF_INIT;
	struct wire_reader in;
	struct wire_name name;

	memset(longest, 'x', sizeof longest);
	wire_put_name(&out, "a", 1, DT_DIR);
	wire_put_name(&out, longest, sizeof longest, DT_UNKNOWN);
	wire_put_name(&out, "\xff\n", 2, 255);
	in = reader_of(&out);
	ck_assert(wire_get_name(&in, &name));
	ck_assert_uint_eq(name.type, DT_DIR);
	ck_assert_uint_eq(name.len, 1);
	ck_assert(wire_get_name(&in, &name));
	ck_assert_uint_eq(name.len, WIRE_MAX_NAME);
	ck_assert_mem_eq(name.name, longest, sizeof longest);
	ck_assert(wire_get_name(&in, &name));
	ck_assert_mem_eq(name.name, "\xff\n", 2);
	ck_assert(!wire_get_name(&in, &name));
	ck_assert(in.ok);
	for (size_t cut = 1; cut < 4; cut++) {
		in = reader_of(&out);
		in.end = in.at + (1 + 2) + 257 + 4 - cut;
		while (wire_get_name(&in, &name))
			continue;
		ck_assert(!in.ok);
	}
	buf_fini(&out);
}
END_TEST

START_TEST(scans_return)
{
	static const char *const patterns[] = { "*.o", "", "build/" };
	const struct wire_scan scan = { .flags = WIRE_SCAN_FOLLOW, .depth = WIRE_DEPTH_ALL, .jobs = 4, .path = "a/b", .path_len = 3 };
	struct buf out = BUF_INIT;
	struct wire_frame frame;
	struct wire_scan got;
	size_t used;
	size_t len;

	wire_put_scan(&out, 77, &scan, patterns, ARRAY_LEN(patterns));
	ck_assert_int_eq(wire_next(out.data, out.len, &frame, &used), WIRE_OK);
	ck_assert_uint_eq(used, out.len);
	ck_assert_uint_eq(frame.type, WIRE_SCAN);
	ck_assert_uint_eq(frame.id, 77);
	ck_assert(wire_get_scan(&frame.payload, &got));
	ck_assert_uint_eq(got.flags, scan.flags);
	ck_assert_uint_eq(got.depth, scan.depth);
	ck_assert_uint_eq(got.jobs, scan.jobs);
	ck_assert_uint_eq(got.path_len, 3);
	ck_assert_mem_eq(got.path, "a/b", 3);
	for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
		const char *pattern = wire_get_bytes(&got.patterns, &len);

		ck_assert_uint_eq(len, strlen(patterns[i]));
		ck_assert(memcmp(pattern, patterns[i], len) == 0);
	}
	ck_assert(!wire_more(&got.patterns));
	ck_assert(got.patterns.ok);
	/* not out of the root */
	buf_clear(&out);
	wire_put_scan(&out, 77, &(struct wire_scan){ .path = "a/..", .path_len = 4 }, NULL, 0);
	ck_assert_int_eq(wire_next(out.data, out.len, &frame, &used), WIRE_OK);
	ck_assert(!wire_get_scan(&frame.payload, &got));
	buf_fini(&out);
}
END_TEST

/* ---- names and paths -------------------------------------------------------- */

#define STR(literal) (literal), sizeof(literal) - 1

static const struct {
	const char *bytes;
	size_t len;
	bool name;
	bool path;
} words[] = {
	{ STR(""), false, true },      { STR("a"), true, true },      { STR("."), false, false },     { STR(".."), false, false },
	{ STR("..."), true, true },    { STR(".a"), true, true },     { STR("..a"), true, true },     { STR("a/b"), false, true },
	{ STR("/"), false, false },    { STR("/a"), false, false },   { STR("a/"), false, false },    { STR("a//b"), false, false },
	{ STR("../a"), false, false }, { STR("a/.."), false, false }, { STR("a/../b"), false, false }, { STR("a/./b"), false, false },
	{ STR("a\0b"), false, false }, { STR("\0"), false, false },   { STR("a/b\0"), false, false }, { STR("\xff\n\033"), true, true },
	{ STR("-rf"), true, true },
};

START_TEST(names_are_components)
{
	char block[2 * WIRE_MAX_NAME + 2];

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		ck_assert_msg(wire_name_ok(words[i].bytes, words[i].len) == words[i].name, "name %zu", i);
		ck_assert_msg(wire_path_ok(words[i].bytes, words[i].len) == words[i].path, "path %zu", i);
	}
	memset(block, 'x', sizeof block);
	ck_assert(wire_name_ok(block, WIRE_MAX_NAME));
	ck_assert(!wire_name_ok(block, WIRE_MAX_NAME + 1));
	ck_assert(!wire_path_ok(block, WIRE_MAX_NAME + 1));
	block[WIRE_MAX_NAME] = '/';
	ck_assert(wire_path_ok(block, 2 * WIRE_MAX_NAME + 1));
	ck_assert(!wire_path_ok(block, 2 * WIRE_MAX_NAME + 2));
}
END_TEST

/* ---- frames ----------------------------------------------------------------- */

START_TEST(lengths_are_bounded)
{
	static const struct {
		uint32_t len;
		enum wire_status status;
	} cases[] = {
		{ 0, WIRE_BAD },
		{ 1, WIRE_BAD },
		{ 2, WIRE_INCOMPLETE },
		{ WIRE_MAX_FRAME, WIRE_INCOMPLETE },
		{ WIRE_MAX_FRAME + 1, WIRE_BAD },
		{ UINT32_C(1) << 31, WIRE_BAD },
		{ UINT32_MAX, WIRE_BAD },
	};
	unsigned char bytes[4];
	struct wire_frame frame;
	size_t used;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (size_t at = 0; at < sizeof bytes; at++)
			bytes[at] = (unsigned char)(cases[i].len >> 8 * at);
		ck_assert_int_eq(wire_next(bytes, sizeof bytes, &frame, &used), cases[i].status);
		ck_assert_int_eq(wire_next(bytes, sizeof bytes - 1, &frame, &used), WIRE_INCOMPLETE);
	}
	/* an id that does not end inside its frame */
	ck_assert_int_eq(wire_next("\2\0\0\0\1\x80\1", 7, &frame, &used), WIRE_BAD);
}
END_TEST

/* A session with every frame that a source sends, and a request. */
static void put_session(struct buf *out)
{
	size_t start = wire_open(out, WIRE_BEGIN, 300);

	wire_put_varint(out, 0);
	wire_put_attrs(out, &samples[3]);
	wire_close(out, start);
	start = wire_open(out, WIRE_NAMES, 300);
	wire_put_varint(out, 0);
	wire_put_varint(out, 1);
	wire_put_name(out, "dir", 3, DT_DIR);
	wire_put_name(out, "link", 4, DT_LNK);
	wire_close(out, start);
	start = wire_open(out, WIRE_ATTRS, 300);
	wire_put_varint(out, 1);
	wire_put_element(out, &(struct wire_attrs){ .what = WIRE_ATTRS_STAT | WIRE_ATTRS_DIR, .dir = 1, .attrs = samples[3] }, NULL);
	wire_put_element(out, &(struct wire_attrs){ .index = 1, .what = WIRE_ATTRS_STAT | WIRE_ATTRS_TARGET, .attrs = samples[2],
						    .target = "to", .target_len = 2 }, &samples[3]);
	wire_close(out, start);
	start = wire_open(out, WIRE_END, 300);
	wire_put_varint(out, 1);
	wire_put_u8(out, ERROR_ACCES);
	wire_put_u8(out, WIRE_END_UNREAD);
	wire_close(out, start);
	start = wire_open(out, WIRE_DONE, 300);
	wire_put_u8(out, ERROR_NONE);
	wire_close(out, start);
	start = wire_open(out, WIRE_STAT, UINT64_MAX);
	wire_put_u8(out, ERROR_NONE);
	wire_put_attrs(out, &samples[1]);
	wire_put_bytes(out, "target", 6);
	wire_close(out, start);
	start = wire_open(out, WIRE_HEARTBEAT, 0);
	wire_close(out, start);
	wire_put_scan(out, 1, &(struct wire_scan){ .path = "x/y", .path_len = 3 }, (const char *const[]){ "*~" }, 1);
	ck_assert(!out->failed);
}

/* Read a frame with the reader of its type. Returns the bytes that were not understood. */
static size_t read_payload(struct wire_frame *frame)
{
	struct wire_reader *in = &frame->payload;
	struct wire_attrs element = { .what = 0 };
	struct wire_name name;
	struct wire_scan scan;
	size_t len;

	switch (frame->type) {
	case WIRE_BEGIN:
		wire_get_varint(in);
		wire_get_attrs(in, &element.attrs);
		break;
	case WIRE_NAMES:
		wire_get_varint(in);
		wire_get_varint(in);
		while (wire_get_name(in, &name))
			wire_name_ok(name.name, name.len);
		break;
	case WIRE_ATTRS:
		wire_get_varint(in);
		while (wire_get_element(in, &element))
			continue;
		break;
	case WIRE_END:
		wire_get_varint(in);
		wire_get_u8(in);
		wire_get_u8(in);
		break;
	case WIRE_DONE:
		wire_get_u8(in);
		break;
	case WIRE_STAT:
		wire_get_u8(in);
		wire_get_attrs(in, &element.attrs);
		wire_get_bytes(in, &len);
		break;
	case WIRE_SCAN:
		if (wire_get_scan(in, &scan)) {
			while (wire_more(&scan.patterns))
				wire_get_bytes(&scan.patterns, &len);
			*in = scan.patterns;
		}
		break;
	default:
		break;
	}
	ck_assert(in->at <= in->end);
	return (size_t)(in->end - in->at);
}

/* Read a copy of exactly that many bytes, so that one too many is seen. Returns the frames; `*rest` bytes make no frame. */
static size_t read_session(const char *bytes, size_t len, size_t *rest, size_t *bad)
{
	char *copy = malloc(len + (len == 0));
	struct wire_frame frame;
	size_t frames = 0;
	size_t at = 0;
	size_t used;
	enum wire_status status;

	ck_assert_ptr_nonnull(copy);
	if (len > 0)
		memcpy(copy, bytes, len);
	*bad = 0;
	while ((status = wire_next(copy + at, len - at, &frame, &used)) == WIRE_OK) {
		ck_assert_uint_le(used, len - at);
		ck_assert_uint_ge(used, WIRE_HEADER + 2);
		*bad += read_payload(&frame) > 0 || !frame.payload.ok;
		at += used;
		frames++;
	}
	*bad += status == WIRE_BAD;
	*rest = len - at;
	free(copy);
	return frames;
}

START_TEST(sessions_return)
{
	struct buf out = BUF_INIT;
	size_t rest;
	size_t bad;

	put_session(&out);
	ck_assert_uint_eq(read_session(out.data, out.len, &rest, &bad), 8);
	ck_assert_uint_eq(rest, 0);
	ck_assert_uint_eq(bad, 0);
	buf_fini(&out);
}
END_TEST

/* What ends too early is whole frames, and one that waits for more. */
START_TEST(prefixes_wait)
{
	struct buf out = BUF_INIT;
	size_t before = 0;
	size_t rest;
	size_t bad;

	put_session(&out);
	for (size_t len = 0; len < out.len; len++) {
		size_t frames = read_session(out.data, len, &rest, &bad);

		ck_assert_uint_eq(bad, 0);
		ck_assert(frames == before || (frames == before + 1 && rest == 0));
		before = frames;
	}
	buf_fini(&out);
}
END_TEST

/* Any bit may be another: nothing is read outside, and every frame is left at its end or before. */
START_TEST(flips_are_survived)
{
	struct buf out = BUF_INIT;
	size_t rest;
	size_t bad;
	size_t noticed = 0;

	put_session(&out);
	for (size_t bit = 0; bit < out.len * 8; bit++) {
		out.data[bit / 8] = (char)(out.data[bit / 8] ^ 1 << bit % 8);
		read_session(out.data, out.len, &rest, &bad);
		noticed += bad > 0 || rest > 0;
		out.data[bit / 8] = (char)(out.data[bit / 8] ^ 1 << bit % 8);
	}
	ck_assert_uint_gt(noticed, 0);
	buf_fini(&out);
}
END_TEST

/* Bytes at random, behind a length that fits them. */
START_TEST(noise_is_survived)
{
	unsigned char bytes[96];
	uint32_t seed = 1;
	size_t rest;
	size_t bad;

	for (unsigned round = 0; round < 50000; round++) {
		size_t len = 6 + round % (sizeof bytes - 6);

		for (size_t i = 4; i < len; i++) {
			seed = seed * 1664525 + 1013904223;
			bytes[i] = (unsigned char)(seed >> 24);
		}
		memcpy(bytes, (unsigned char[]){ (unsigned char)(len - 4), 0, 0, 0 }, 4);
		bytes[4] = (unsigned char)(1 + bytes[4] % 6);
		bytes[5] &= 0x7f;
		read_session((const char *)bytes, len, &rest, &bad);
		ck_assert_uint_eq(rest, 0);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("wire");
	TCase *tests = tcase_create("wire");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, numbers_return);
	tcase_add_loop_test(tests, bad_numbers_are_refused, 0, 8);
	tcase_add_test(tests, bytes_return);
	tcase_add_test(tests, attributes_return);
	tcase_add_test(tests, attributes_are_in_range);
	tcase_add_test(tests, elements_return);
	tcase_add_test(tests, elements_like_the_one_before);
	tcase_add_test(tests, names_return);
	tcase_add_test(tests, scans_return);
	tcase_add_test(tests, names_are_components);
	tcase_add_test(tests, acls_and_steps_return);
	tcase_add_test(tests, bad_acls_are_refused);
	tcase_add_test(tests, lengths_are_bounded);
	tcase_add_test(tests, sessions_return);
	tcase_add_test(tests, prefixes_wait);
	tcase_add_test(tests, flips_are_survived);
	tcase_add_test(tests, noise_is_survived);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
