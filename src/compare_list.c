#include "compare_list.h"

#include <string.h>

struct compare_key compare_key_of(const struct compare *compare, compare_id row)
{
	struct compare_key key = { .row = row, .file = !compare_is_dir(compare, row) };
	size_t len;
	const char *name = compare_name(compare, row, &len);

	for (size_t i = 0; i < 8; i++)
		key.prefix = key.prefix << 8 | (i < len ? (unsigned char)name[i] : 0);
	return key;
}

int compare_key_order(const struct compare *compare, const struct compare_key *a, const struct compare_key *b)
{
	const char *name;
	const char *other;
	size_t len;
	size_t other_len;
	int order;

	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->prefix != b->prefix)
		return a->prefix < b->prefix ? -1 : 1;
	name = compare_name(compare, a->row, &len);
	other = compare_name(compare, b->row, &other_len);
	order = memcmp(name, other, size_min(len, other_len));
	return order ? order : (len > other_len) - (len < other_len);
}

void compare_list_begin(struct compare_list *list, struct compare *compare, compare_id dir, compare_pass *pass, void *arg)
{
	*list = (struct compare_list){ .compare = compare, .dir = dir, .pass = pass, .arg = arg, .width = 1, .right = 1 };
	list->next = compare_any(compare, dir);
}

void compare_list_fini(struct compare_list *list)
{
	free(list->keys);
	free(list->spare);
	list->keys = list->spare = NULL;
}

static int collect(struct compare_list *list, size_t *units)
{
	for (; list->next && *units > 0; --*units) {
		compare_id row = list->next;

		list->last = row;
		list->next = compare_next(list->compare, row);
		if (!compare_has(list->compare, row) || !list->pass(list->arg, row))
			continue;
		if (vec_grow(&list->keys, &list->cap, list->count + 1, sizeof *list->keys) != 0)
			return -1;
		list->keys[list->count++] = compare_key_of(list->compare, row);
	}
	list->collected = !list->next;
	return 0;
}

/* Begin to merge the runs at `begin`. */
static void begin_pair(struct compare_list *list, size_t begin)
{
	list->begin = list->left = list->out = begin;
	list->right = size_min(begin + list->width, list->count);
}

/* All runs were merged in twos: they are twice as wide. */
static void next_width(struct compare_list *list)
{
	struct compare_key *merged = list->spare;
	size_t cap = list->spare_cap;

	list->spare = list->keys;
	list->spare_cap = list->cap;
	list->keys = merged;
	list->cap = cap;
	list->width *= 2;
	begin_pair(list, 0);
}

/* Put one key where it belongs. */
static void merge_one(struct compare_list *list)
{
	size_t middle = size_min(list->begin + list->width, list->count);
	size_t end = size_min(list->begin + 2 * list->width, list->count);
	const struct compare_key *left = &list->keys[list->left];
	const struct compare_key *right = &list->keys[list->right];
	bool take_left = list->left < middle && (list->right == end || compare_key_order(list->compare, left, right) <= 0);

	list->spare[list->out++] = take_left ? *left : *right;
	list->left += take_left;
	list->right += !take_left;
	if (list->out < end)
		return;
	if (end < list->count)
		begin_pair(list, end);
	else
		next_width(list);
}

int compare_list_step(struct compare_list *list, size_t *units)
{
	if (!list->collected && collect(list, units) != 0)
		return -1;
	if (!list->collected)
		return 0;
	if (list->count > 1 && vec_grow(&list->spare, &list->spare_cap, list->count, sizeof *list->spare) != 0)
		return -1;
	for (; list->width < list->count && *units > 0; --*units)
		merge_one(list);
	return list->width >= list->count;
}
