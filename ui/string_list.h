/*
 * Lists of terminated strings.   Thread: one at a time, for all functions.
 */
#ifndef MUNTIN_STRING_LIST_H
#define MUNTIN_STRING_LIST_H

#include "base.h"

/** Strings that grow in number. A list owns all of them or none. */
struct string_list {
	const char **items;
	size_t len;
	size_t cap;
};

/** Append a copy to a list that owns its strings; -1 with ENOMEM. */
MUN_NODISCARD int string_list_copy(struct string_list *list, const char *bytes, size_t len);

/** Append a borrowed string; -1 with ENOMEM. */
MUN_NODISCARD int string_list_add(struct string_list *list, const char *str);

/** Give back the array, and the strings when they are `owned`. */
void string_list_fini(struct string_list *list, bool owned);

#endif
