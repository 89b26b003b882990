#include "headless.h"

#include "keys.h"

#include <string.h>
#include <sys/sysmacros.h>

enum { MAX_DIGITS = 20 };

/* Characters that are escaped although JSON would allow them: controls, and what is invisible or turns lines round. */
static const struct {
	uint32_t first;
	uint32_t last;
} escaped[] = {
	{ 0x00, 0x1f },     { 0x7f, 0x9f },     { 0xad, 0xad },     { 0x61c, 0x61c },     { 0x200b, 0x200f },
	{ 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb },   { 0xe0000, 0xe007f },
};

static bool is_escaped(uint32_t scalar)
{
	for (size_t i = 0; i < ARRAY_LEN(escaped) && scalar >= escaped[i].first; i++) {
		if (scalar <= escaped[i].last)
			return true;
	}
	return false;
}

static void escape_unit(struct buf *out, uint32_t unit)
{
	static const char digits[] = "0123456789abcdef";

	buf_add_str(out, "\\u");
	for (int shift = 12; shift >= 0; shift -= 4)
		buf_add_byte(out, digits[unit >> shift & 15]);
}

static void escape(struct buf *out, uint32_t scalar)
{
	if (scalar < 0x10000) {
		escape_unit(out, scalar);
		return;
	}
	escape_unit(out, 0xd800 + ((scalar - 0x10000) >> 10));
	escape_unit(out, 0xdc00 + ((scalar - 0x10000) & 0x3ff));
}

/* A character below 0x80. */
static void add_ascii(struct buf *out, unsigned char c)
{
	if (c == '"' || c == '\\') {
		buf_add_byte(out, '\\');
		buf_add_byte(out, c);
	} else if (c == '\n' || c == '\t') {
		buf_add_str(out, c == '\n' ? "\\n" : "\\t");
	} else if (is_escaped(c)) {
		escape(out, c);
	} else {
		buf_add_byte(out, c);
	}
}

void json_string(struct buf *out, const char *bytes, size_t len, bool ascii)
{
	buf_add_byte(out, '"');
	for (size_t at = 0; at < len;) {
		size_t plain = at;
		uint32_t scalar;
		int size;

		while (plain < len && bytes[plain] >= ' ' && bytes[plain] < 0x7f && bytes[plain] != '"' && bytes[plain] != '\\')
			plain++;
		buf_add(out, bytes + at, plain - at);
		at = plain;
		if (at == len)
			break;
		if ((unsigned char)bytes[at] < 0x80) {
			add_ascii(out, (unsigned char)bytes[at++]);
			continue;
		}
		size = utf8_decode(bytes + at, len - at, &scalar);
		if (size <= 0)
			break;
		if (ascii || is_escaped(scalar))
			escape(out, scalar);
		else
			buf_add(out, bytes + at, (size_t)size);
		at += (size_t)size;
	}
	buf_add_byte(out, '"');
}

bool json_is_text(const char *bytes, size_t len)
{
	for (size_t at = 0; at < len;) {
		uint32_t scalar;
		int size = 1;

		if ((unsigned char)bytes[at] >= 0x80)
			size = utf8_decode(bytes + at, len - at, &scalar);
		if (size <= 0)
			return false;
		at += (size_t)size;
	}
	return true;
}

void json_base64(struct buf *out, const void *bytes, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *at = bytes;

	buf_add_byte(out, '"');
	for (; len > 0; at += size_min(len, 3), len -= size_min(len, 3)) {
		uint32_t group = (uint32_t)at[0] << 16 | (len > 1 ? (uint32_t)at[1] << 8 : 0) | (len > 2 ? at[2] : 0);

		buf_add_byte(out, digits[group >> 18]);
		buf_add_byte(out, digits[group >> 12 & 63]);
		buf_add_byte(out, len > 1 ? digits[group >> 6 & 63] : '=');
		buf_add_byte(out, len > 2 ? digits[group & 63] : '=');
	}
	buf_add_byte(out, '"');
}

void json_bytes(struct buf *out, const char *key, const char *bytes, size_t len, bool ascii)
{
	bool text = json_is_text(bytes, len);

	buf_add_byte(out, '"');
	buf_add_str(out, key);
	buf_add_str(out, text ? "\":" : "_b64\":");
	if (text)
		json_string(out, bytes, len, ascii);
	else
		json_base64(out, bytes, len);
}

/* Write a number in decimal into memory that has room for MAX_DIGITS; returns the end. */
static char *put_unsigned(char *at, uint64_t value)
{
	char digits[MAX_DIGITS];
	size_t first = sizeof digits;

	do {
		digits[--first] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	memcpy(at, digits + first, sizeof digits - first);
	return at + sizeof digits - first;
}

void json_unsigned(struct buf *out, uint64_t value)
{
	char *room = buf_room(out, MAX_DIGITS);

	if (room)
		out->len += (size_t)(put_unsigned(room, value) - room);
}

void json_signed(struct buf *out, int64_t value)
{
	if (value < 0)
		buf_add_byte(out, '-');
	json_unsigned(out, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

const char *json_type(uint32_t mode)
{
	static const struct {
		uint32_t type;
		const char *word;
	} types[] = {
		{ S_IFREG, "file" }, { S_IFDIR, "dir" },  { S_IFLNK, "link" },  { S_IFIFO, "fifo" },
		{ S_IFSOCK, "sock" }, { S_IFCHR, "char" }, { S_IFBLK, "block" },
	};

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (types[i].type == (mode & S_IFMT))
			return types[i].word;
	}
	return NULL;
}

/* What add_attrs() writes, besides digits, is shorter than this for each of its fields. */
enum { MAX_KEY = 12, ATTRS_FIELDS = 11 };

static char *put_key(char *at, const char *key)
{
	size_t len = strlen(key);

	assert(len + 4 <= MAX_KEY);
	memcpy(at, ",\"", 2);
	memcpy(at + 2, key, len);
	memcpy(at + 2 + len, "\":", 2);
	return at + len + 4;
}

static char *put_time(char *at, const char *key, int64_t value)
{
	at = put_key(at, key);
	if (value < 0)
		*at++ = '-';
	return put_unsigned(at, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

static char *put_mode(char *at, uint32_t mode)
{
	at = put_key(at, "mode");
	*at++ = '"';
	for (int shift = 9; shift >= 0; shift -= 3)
		*at++ = (char)('0' + (mode >> shift & 7));
	*at++ = '"';
	return at;
}

/* There are millions of these: room is made once for all fields. */
static void add_attrs(struct buf *out, const struct attrs *attrs)
{
	const struct {
		const char *key;
		uint64_t value;
	} fields[] = {
		{ "uid", attrs->uid }, { "gid", attrs->gid }, { "size", attrs->size }, { "blocks", attrs->blocks },
		{ "nlink", attrs->nlink }, { "ino", attrs->ino },
		{ "dev", makedev((unsigned)(attrs->dev >> 32), (unsigned)attrs->dev) },
	};
	char *room = buf_room(out, ATTRS_FIELDS * (MAX_KEY + 1 + MAX_DIGITS));
	char *at = room;

	if (!room)
		return;
	at = put_mode(at, attrs->mode);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		at = put_unsigned(put_key(at, fields[i].key), fields[i].value);
	at = put_time(at, "atime", attrs->atime);
	at = put_time(at, "mtime", attrs->mtime);
	at = put_time(at, "ctime", attrs->ctime);
	out->len += (size_t)(at - room);
}

void json_entry(struct buf *out, const char *path, size_t path_len, const struct attrs *attrs, uint32_t mode,
		const char *target, size_t target_len, const char *error, bool ascii)
{
	const char *type = json_type(attrs ? attrs->mode : mode);

	buf_add_byte(out, '{');
	json_bytes(out, "path", path, path_len, ascii);
	if (type) {
		buf_add_str(out, ",\"type\":\"");
		buf_add_str(out, type);
		buf_add_byte(out, '"');
	}
	if (attrs)
		add_attrs(out, attrs);
	if (target) {
		buf_add_byte(out, ',');
		json_bytes(out, "target", target, target_len, ascii);
	}
	if (error) {
		buf_add_str(out, ",\"error\":");
		json_string(out, error, strlen(error), ascii);
	}
	buf_add_byte(out, '}');
}
