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

void fold_name(struct buf *out, const char *name, size_t len, unsigned flags)
{
	utf8proc_option_t options = (flags & FOLD_CASE ? UTF8PROC_CASEFOLD : 0) | (flags & FOLD_UNICODE ? UTF8PROC_STABLE | UTF8PROC_COMPOSE : 0);
	utf8proc_uint8_t *folded = NULL;
	utf8proc_ssize_t got;

	if (fold_ascii(out, name, len, flags))
		return;
	got = utf8proc_map((const utf8proc_uint8_t *)name, (utf8proc_ssize_t)len, &folded, options);
	if (got >= 0)
		buf_add(out, folded, (size_t)got);
	else if (got == UTF8PROC_ERROR_NOMEM)
		out->failed = true;
	else
		buf_add(out, name, len);
	free(folded);
}
