#include "buf.h"

#include <stdio.h>
#include <string.h>

void buf_fini(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf)BUF_INIT;
}

void buf_clear(struct buf *buf)
{
	buf->len = 0;
	buf->failed = false;
}

char *buf_grow(struct buf *buf, size_t len)
{
	size_t need;

	if (buf->failed)
		return NULL;
	if (__builtin_add_overflow(buf->len, len ? len : 1, &need) || vec_grow(&buf->data, &buf->cap, need, 1) != 0) {
		buf->failed = true;
		return NULL;
	}
	return buf->data + buf->len;
}

void buf_add(struct buf *buf, const void *bytes, size_t len)
{
	char *room = buf_room(buf, len);

	if (!room || len == 0)
		return;
	memcpy(room, bytes, len);
	buf->len += len;
}

void buf_add_byte(struct buf *buf, int byte)
{
	char one = (char)byte;

	buf_add(buf, &one, 1);
}

void buf_add_str(struct buf *buf, const char *str)
{
	buf_add(buf, str, strlen(str));
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list args;
	va_list again;
	char *room;
	int len;

	va_start(args, fmt);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, args);
	room = len < 0 ? NULL : buf_room(buf, (size_t)len + 1);
	if (room) {
		vsnprintf(room, (size_t)len + 1, fmt, again);
		buf->len += (size_t)len;
	}
	va_end(again);
	va_end(args);
}

void buf_drop(struct buf *buf, size_t len)
{
	assert(len <= buf->len);
	buf->len -= len;
	if (buf->len > 0)
		memmove(buf->data, buf->data + len, buf->len);
}

const char *buf_str(struct buf *buf)
{
	char *room = buf_room(buf, 1);

	if (room)
		*room = '\0';
	return room ? buf->data : NULL;
}
