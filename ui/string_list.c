#include "string_list.h"

#include <string.h>

int string_list_add(struct string_list *list, const char *str)
{
	if (vec_grow(&list->items, &list->cap, list->len + 1, sizeof *list->items) != 0)
		return -1;
	list->items[list->len++] = str;
	return 0;
}

int string_list_copy(struct string_list *list, const char *bytes, size_t len)
{
	char *copy = malloc(len + 1);

	if (!copy)
		return -1;
	memcpy(copy, bytes, len);
	copy[len] = '\0';
	if (string_list_add(list, copy) == 0)
		return 0;
	free(copy);
	return -1;
}

void string_list_fini(struct string_list *list, bool owned)
{
	for (size_t i = 0; owned && i < list->len; i++)
		free((char *)list->items[i]);
	free(list->items);
	*list = (struct string_list){ 0 };
}
