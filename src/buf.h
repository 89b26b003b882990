/*
 * Bytes that grow: where text and frames are put together.
 *
 * A failed allocation sticks: every later addition does nothing, and `failed` says so. A caller may add
 * as much as it likes and look once, at the end.
 */
#ifndef MUNTIN_BUF_H
#define MUNTIN_BUF_H

#include "base.h"

#include <stdarg.h>

struct buf {
	char *data;    /* NULL while nothing was added; not terminated, see buf_str() */
	size_t len;    /* bytes in use */
	size_t cap;    /* bytes allocated */
	bool failed;   /* memory ran out: the content is not complete */
};

/** An empty buffer; needs no memory.   Thread: any. */
#define BUF_INIT { NULL, 0, 0, false }

/** Give the memory back and leave an empty buffer.   Thread: any. */
void buf_fini(struct buf *buf);

/** Forget the content and the failure, keep the memory.   Thread: any. */
void buf_clear(struct buf *buf);

/** For buf_room(), when there is no room.   Thread: any. */
char *buf_grow(struct buf *buf, size_t len);

/**
 * Make room for `len` bytes more and return where they go; the caller then adds to `buf->len`.
 * Returns NULL when memory ran out (now or earlier).   Thread: any.
 */
static inline char *buf_room(struct buf *buf, size_t len)
{
	if (len < buf->cap - buf->len && !buf->failed)
		return buf->data + buf->len;
	return buf_grow(buf, len);
}

/** Append bytes, a byte, or a terminated string.   Thread: any. */
void buf_add(struct buf *buf, const void *bytes, size_t len);
void buf_add_byte(struct buf *buf, int byte);
void buf_add_str(struct buf *buf, const char *str);

/** Append as printf(3) does. Never for foreign bytes that go to people: that is text_add().   Thread: any. */
void buf_printf(struct buf *buf, const char *fmt, ...) MUN_PRINTF(2, 3);

/** Drop the first `len` bytes.   Thread: any. */
void buf_drop(struct buf *buf, size_t len);

/**
 * The content as a terminated string, valid until the next change; the NUL does not count in `len`.
 * Returns NULL when memory ran out.   Thread: any.
 */
const char *buf_str(struct buf *buf);

#endif
