#include "fold.h"

#include <utf8proc.h>

/* ASCII has one form, and no letter that grows. Returns whether that is all there is. */
static bool fold_ascii(struct buf *out, const char *name, size_t len, unsigned flags)
{
	char *to = buf_room(out, len);

	for (size_t i = 0; to && i < len; i++) {
		if (name[i] & 0x80)
			return false;
		to[i] = name[i];
		if (flags & FOLD_CASE && name[i] >= 'A' && name[i] <= 'Z')
			to[i] = (char)(name[i] + ('a' - 'A'));
	}
	if (to)
		out->len += len;
	return true;
}

/* As utf8proc_map(); what it leads to is the caller's. */
static utf8proc_ssize_t map(const void *name, size_t len, utf8proc_option_t options, utf8proc_uint8_t **to)
{
	*to = NULL;
	return utf8proc_map(name, (utf8proc_ssize_t)len, to, options);
}

/* Case is folded in the parts of characters: as one they may have it in another order. */
static utf8proc_ssize_t map_both(const char *name, size_t len, utf8proc_uint8_t **to)
{
	utf8proc_uint8_t *parts;
	utf8proc_ssize_t got = map(name, len, UTF8PROC_STABLE | UTF8PROC_DECOMPOSE, &parts);

	if (got >= 0)
		got = map(parts, (size_t)got, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD, to);
	free(parts);
	return got;
}

void fold_name(struct buf *out, const char *name, size_t len, unsigned flags)
{
	utf8proc_uint8_t *folded = NULL;
	utf8proc_ssize_t got;

	if (fold_ascii(out, name, len, flags))
		return;
	if (flags == (FOLD_CASE | FOLD_UNICODE))
		got = map_both(name, len, &folded);
	else if (flags)
		got = map(name, len, flags & FOLD_CASE ? UTF8PROC_CASEFOLD : UTF8PROC_STABLE | UTF8PROC_COMPOSE, &folded);
	else
		got = UTF8PROC_ERROR_INVALIDOPTS;
	if (got >= 0)
		buf_add(out, folded, (size_t)got);
	else if (got == UTF8PROC_ERROR_NOMEM)
		out->failed = true;
	else
		buf_add(out, name, len);
	free(folded);
}
