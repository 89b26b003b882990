#include "wire.h"

#include <errno.h>
#include <string.h>

static char *store_u16(char *at, uint32_t value)
{
	at[0] = (char)value;
	at[1] = (char)(value >> 8);
	return at + 2;
}

static char *store_u32(char *at, uint32_t value)
{
	at[0] = (char)value;
	at[1] = (char)(value >> 8);
	at[2] = (char)(value >> 16);
	at[3] = (char)(value >> 24);
	return at + 4;
}

static char *store_u64(char *at, uint64_t value)
{
	store_u32(at, (uint32_t)value);
	return store_u32(at + 4, (uint32_t)(value >> 32));
}

static uint32_t load_u32(const unsigned char *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* Write a varint into memory that has room for WIRE_MAX_VARINT bytes; returns the end. */
static char *varint(char *at, uint64_t value)
{
	while (value >= 0x80) {
		*at++ = (char)(value | 0x80);
		value >>= 7;
	}
	*at++ = (char)value;
	return at;
}

size_t wire_open(struct buf *out, enum wire_type type, uint64_t id)
{
	size_t start = out->len;
	char *room = buf_room(out, WIRE_HEADER + 1 + WIRE_MAX_VARINT);

	if (room) {
		room[WIRE_HEADER] = (char)type;
		out->len += (size_t)(varint(room + WIRE_HEADER + 1, id) - room);
	}
	return start;
}

void wire_close(struct buf *out, size_t start)
{
	if (out->failed)
		return;
	store_u32(out->data + start, (uint32_t)(out->len - start - WIRE_HEADER));
}

void wire_put_u8(struct buf *out, unsigned value)
{
	buf_add_byte(out, (int)value);
}

static uint64_t zigzag(int64_t value)
{
	return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

void wire_put_varint(struct buf *out, uint64_t value)
{
	char *room = buf_room(out, WIRE_MAX_VARINT);

	if (room)
		out->len += (size_t)(varint(room, value) - room);
}

void wire_put_signed(struct buf *out, int64_t value)
{
	wire_put_varint(out, zigzag(value));
}

void wire_put_bytes(struct buf *out, const void *bytes, size_t len)
{
	wire_put_varint(out, len);
	buf_add(out, bytes, len);
}

/* Which parts of attributes follow the ones that always do, above the bits of enum attrs_flags. */
enum {
	HAS_RDEV = 1 << 8,
	HAS_MNT = 1 << 9,
	HAS_CTIME = 1 << 10, /* else it is mtime, as for the other two */
	HAS_ATIME = 1 << 11,
	HAS_BTIME = 1 << 12,
	IS_LIKE = 1 << 13,   /* owner, group, device, rdev and mnt are those of the element before: left out */
	ATTRS_FLAGS = HAS_RDEV - 1,
};

static bool is_like(const struct attrs *attrs, const struct attrs *before)
{
	return before && attrs->uid == before->uid && attrs->gid == before->gid && attrs->dev == before->dev &&
	       attrs->rdev == before->rdev && attrs->mnt == before->mnt;
}

static char *store_device(char *at, const struct attrs *attrs)
{
	at = varint(at, attrs->dev >> 32);
	at = varint(at, (uint32_t)attrs->dev);
	if (attrs->rdev)
		at = varint(at, attrs->rdev);
	if (attrs->mnt)
		at = varint(at, attrs->mnt);
	return at;
}

/* Write attributes into memory that has room for WIRE_MAX_ATTRS bytes; returns the end. */
static char *store_attrs(char *at, const struct attrs *attrs, const struct attrs *before)
{
	uint32_t flags = attrs->flags & ATTRS_FLAGS;
	bool like = is_like(attrs, before);

	if (like)
		flags |= IS_LIKE;
	else
		flags |= (attrs->rdev ? HAS_RDEV : 0) | (attrs->mnt ? HAS_MNT : 0);
	flags |= attrs->ctime != attrs->mtime ? HAS_CTIME : 0;
	flags |= attrs->atime != attrs->mtime ? HAS_ATIME : 0;
	flags |= attrs->btime != attrs->mtime ? HAS_BTIME : 0;
	at = store_u16(at, flags);
	at = store_u16(at, attrs->mode);
	if (!like) {
		at = varint(at, attrs->uid);
		at = varint(at, attrs->gid);
	}
	at = varint(at, attrs->nlink);
	at = varint(at, attrs->ino);
	at = varint(at, attrs->size);
	at = varint(at, attrs->blocks);
	if (!like)
		at = store_device(at, attrs);
	at = store_u64(at, (uint64_t)attrs->mtime);
	if (flags & HAS_CTIME)
		at = store_u64(at, (uint64_t)attrs->ctime);
	if (flags & HAS_ATIME)
		at = store_u64(at, (uint64_t)attrs->atime);
	if (flags & HAS_BTIME)
		at = store_u64(at, (uint64_t)attrs->btime);
	return at;
}

void wire_put_attrs(struct buf *out, const struct attrs *attrs)
{
	char *room = buf_room(out, WIRE_MAX_ATTRS);

	if (room)
		out->len += (size_t)(store_attrs(room, attrs, NULL) - room);
}

/* Nothing more can be read. */
static void damaged(struct wire_reader *in)
{
	in->ok = false;
	in->at = in->end;
}

static inline unsigned get_u8(struct wire_reader *in)
{
	if (in->at < in->end)
		return *in->at++;
	damaged(in);
	return 0;
}

unsigned wire_get_u8(struct wire_reader *in)
{
	return in->ok ? get_u8(in) : 0;
}

/* What was read, and where it ends; NULL: it was not whole. */
struct read_varint {
	const unsigned char *end;
	uint64_t value;
};

static struct read_varint read_varint(const unsigned char *at, const unsigned char *end)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64 && at < end; shift += 7) {
		unsigned byte = *at++;

		if (shift == 63 && byte > 1)
			break;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return (struct read_varint){ at, value };
	}
	return (struct read_varint){ NULL, 0 };
}

/* Most numbers are small: one byte or two, at once. The reader's address goes nowhere, so that it can stay in registers. */
static inline uint64_t get_varint(struct wire_reader *in)
{
	struct read_varint got;

	if (in->at < in->end && *in->at < 0x80)
		return *in->at++;
	if (in->end - in->at >= 2 && in->at[1] < 0x80) {
		in->at += 2;
		return (uint64_t)in->at[-1] << 7 | (in->at[-2] & 0x7f);
	}
	got = read_varint(in->at, in->end);
	if (got.end)
		in->at = got.end;
	else
		damaged(in);
	return got.value;
}

uint64_t wire_get_varint(struct wire_reader *in)
{
	return get_varint(in);
}

static int64_t unzigzag(uint64_t value)
{
	return (int64_t)(value >> 1 ^ (value & 1 ? UINT64_MAX : 0));
}

int64_t wire_get_signed(struct wire_reader *in)
{
	return unzigzag(wire_get_varint(in));
}

const char *wire_get_bytes(struct wire_reader *in, size_t *len)
{
	uint64_t want = wire_get_varint(in);
	const char *bytes = (const char *)in->at;

	*len = 0;
	if (!in->ok || want > (uint64_t)(in->end - in->at)) {
		damaged(in);
		return "";
	}
	*len = (size_t)want;
	in->at += want;
	return bytes;
}

static inline uint32_t get_u32(struct wire_reader *in)
{
	uint64_t value = get_varint(in);

	if (value > UINT32_MAX)
		damaged(in);
	return (uint32_t)value;
}

static inline uint32_t get_u16(struct wire_reader *in)
{
	const unsigned char *at = in->at;

	if (in->end - at < 2) {
		damaged(in);
		return 0;
	}
	in->at += 2;
	return (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

static inline int64_t get_time(struct wire_reader *in)
{
	const unsigned char *at = in->at;

	if (in->end - at < 8) {
		damaged(in);
		return 0;
	}
	in->at += 8;
	return (int64_t)((uint64_t)load_u32(at) | (uint64_t)load_u32(at + 4) << 32);
}

/* With `like` these may be like those that `attrs` holds. */
static inline void get_attrs(struct wire_reader *from, struct attrs *attrs, bool like)
{
	struct wire_reader in = *from;
	uint32_t flags = get_u16(&in);

	if (!(flags & IS_LIKE))
		like = false;
	else if (!like)
		damaged(&in);

	attrs->flags = flags & ATTRS_FLAGS;
	attrs->mode = get_u16(&in);
	if (!like) {
		attrs->uid = get_u32(&in);
		attrs->gid = get_u32(&in);
	}
	attrs->nlink = get_varint(&in);
	attrs->ino = get_varint(&in);
	attrs->size = get_varint(&in);
	attrs->blocks = get_varint(&in);
	if (!like) {
		attrs->dev = (uint64_t)get_u32(&in) << 32;
		attrs->dev |= get_u32(&in);
		attrs->rdev = flags & HAS_RDEV ? get_varint(&in) : 0;
		attrs->mnt = flags & HAS_MNT ? get_varint(&in) : 0;
	}
	attrs->mtime = get_time(&in);
	attrs->ctime = flags & HAS_CTIME ? get_time(&in) : attrs->mtime;
	attrs->atime = flags & HAS_ATIME ? get_time(&in) : attrs->mtime;
	attrs->btime = flags & HAS_BTIME ? get_time(&in) : attrs->mtime;
	*from = in;
}

void wire_get_attrs(struct wire_reader *in, struct attrs *attrs)
{
	get_attrs(in, attrs, false);
}

void wire_put_acl(struct buf *out, const struct access_list *acl)
{
	wire_put_varint(out, acl->count);
	for (size_t i = 0; i < acl->count; i++) {
		wire_put_u8(out, acl->entries[i].tag);
		wire_put_u8(out, acl->entries[i].rights);
		wire_put_varint(out, acl->entries[i].id);
	}
}

int wire_get_acl(struct wire_reader *in, struct access_list *acl)
{
	for (uint64_t left = wire_get_varint(in); in->ok && left > 0; left--) {
		struct access_acl entry = { .tag = wire_get_u8(in) };

		entry.rights = wire_get_u8(in);
		entry.id = get_u32(in);
		if (entry.tag >= ACCESS_TAG_COUNT || entry.rights > 7)
			in->ok = false;
		if (in->ok && access_list_add(acl, &entry) != 0)
			return -1;
	}
	return 0;
}

void wire_put_step(struct buf *out, const struct wire_step *step)
{
	wire_put_u8(out, step->error);
	wire_put_bytes(out, step->name, step->name_len);
	wire_put_u8(out, step->flags);
	wire_put_attrs(out, &step->attrs);
	wire_put_acl(out, &step->acl);
	wire_put_bytes(out, step->target, step->target_len);
}

int wire_get_step(struct wire_reader *in, struct wire_step *step)
{
	int done;

	*step = (struct wire_step){ .error = (uint8_t)wire_get_u8(in) };
	step->name = wire_get_bytes(in, &step->name_len);
	step->flags = (uint8_t)wire_get_u8(in);
	wire_get_attrs(in, &step->attrs);
	done = wire_get_acl(in, &step->acl);
	step->target = wire_get_bytes(in, &step->target_len);
	return done;
}

void wire_put_name(struct buf *out, const char *name, size_t len, unsigned type)
{
	char *room = buf_room(out, 2 + len);

	if (!room)
		return;
	room[0] = (char)type;
	room[1] = (char)len;
	memcpy(room + 2, name, len);
	out->len += 2 + len;
}

bool wire_get_name(struct wire_reader *in, struct wire_name *name)
{
	size_t left = (size_t)(in->end - in->at);

	if (!in->ok || left == 0)
		return false;
	if (left < 2 || left - 2 < in->at[1]) {
		in->ok = false;
		return false;
	}
	name->type = in->at[0];
	name->len = in->at[1];
	name->name = (const char *)in->at + 2;
	in->at += 2 + name->len;
	return true;
}

void wire_put_element(struct buf *out, const struct wire_attrs *element, const struct attrs *before)
{
	size_t target_len = element->what & WIRE_ATTRS_TARGET ? element->target_len : 0;
	char *room = buf_room(out, WIRE_MAX_ELEMENT + target_len);
	char *at = room;

	if (!room)
		return;
	at = varint(at, element->index);
	*at++ = (char)element->what;
	if (element->what & WIRE_ATTRS_STAT)
		at = store_attrs(at, &element->attrs, before);
	if (element->what & WIRE_ATTRS_TARGET) {
		at = varint(at, target_len);
		memcpy(at, element->target, target_len);
		at += target_len;
	}
	if (element->what & WIRE_ATTRS_DIR)
		at = varint(at, element->dir);
	if (element->what & WIRE_ATTRS_ERROR)
		*at++ = (char)element->error;
	out->len += (size_t)(at - room);
}

bool wire_get_element(struct wire_reader *in, struct wire_attrs *element)
{
	bool like = element->what & WIRE_ATTRS_STAT;

	if (!wire_more(in))
		return false;
	element->index = get_u32(in);
	element->what = (uint8_t)get_u8(in);
	element->error = ERROR_NONE;
	element->target = NULL;
	element->target_len = 0;
	element->dir = 0;
	if (element->what & WIRE_ATTRS_STAT)
		get_attrs(in, &element->attrs, like);
	if (element->what & WIRE_ATTRS_TARGET)
		element->target = wire_get_bytes(in, &element->target_len);
	if (element->what & WIRE_ATTRS_DIR)
		element->dir = get_u32(in);
	if (element->what & WIRE_ATTRS_ERROR)
		element->error = (uint8_t)get_u8(in);
	return in->ok;
}

void wire_put_scan(struct buf *out, uint64_t id, const struct wire_scan *scan, const char *const *patterns, size_t count)
{
	size_t start = wire_open(out, WIRE_SCAN, id);

	wire_put_u8(out, scan->flags);
	wire_put_varint(out, scan->depth);
	wire_put_varint(out, scan->jobs);
	wire_put_bytes(out, scan->path, scan->path_len);
	for (size_t i = 0; i < count; i++)
		wire_put_bytes(out, patterns[i], strlen(patterns[i]));
	wire_close(out, start);
}

bool wire_get_scan(struct wire_reader *in, struct wire_scan *scan)
{
	scan->flags = (uint8_t)wire_get_u8(in);
	scan->depth = get_u32(in);
	scan->jobs = get_u32(in);
	scan->path = wire_get_bytes(in, &scan->path_len);
	scan->patterns = *in;
	return in->ok && wire_path_ok(scan->path, scan->path_len);
}

int wire_get_patterns(struct wire_reader *in, struct glob_set *set)
{
	while (wire_more(in)) {
		size_t len;
		const char *pattern = wire_get_bytes(in, &len);

		if (!in->ok || memchr(pattern, '\0', len)) {
			errno = EPROTO;
			return -1;
		}
		if (glob_set_add(set, pattern, len) != 0)
			return -1;
	}
	return 0;
}

void wire_put_patterns(struct buf *out, uint64_t id, const char *const *patterns, size_t count)
{
	size_t start = wire_open(out, WIRE_PATTERNS, id);

	for (size_t i = 0; i < count; i++)
		wire_put_bytes(out, patterns[i], strlen(patterns[i]));
	wire_close(out, start);
}

enum wire_status wire_next(const void *bytes, size_t len, struct wire_frame *frame, size_t *used)
{
	const unsigned char *at = bytes;
	uint32_t body;

	if (len < WIRE_HEADER)
		return WIRE_INCOMPLETE;
	body = load_u32(at);
	if (body < 2 || body > WIRE_MAX_FRAME)
		return WIRE_BAD;
	if (len - WIRE_HEADER < body)
		return WIRE_INCOMPLETE;
	frame->payload = (struct wire_reader){ at + WIRE_HEADER, at + WIRE_HEADER + body, true };
	frame->type = (uint8_t)get_u8(&frame->payload);
	frame->id = get_varint(&frame->payload);
	*used = WIRE_HEADER + body;
	return frame->payload.ok ? WIRE_OK : WIRE_BAD;
}

bool wire_name_ok(const char *name, size_t len)
{
	if (len == 0 || len > WIRE_MAX_NAME)
		return false;
	if (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')))
		return false;
	return !memchr(name, '/', len) && !memchr(name, '\0', len);
}

bool wire_path_ok(const char *path, size_t len)
{
	while (len > 0) {
		const char *slash = memchr(path, '/', len);
		size_t part = slash ? (size_t)(slash - path) : len;

		if (!wire_name_ok(path, part) || (slash && part + 1 == len))
			return false;
		part += slash ? 1 : 0;
		path += part;
		len -= part;
	}
	return true;
}
