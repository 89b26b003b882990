#include "op_list.h"

#include <errno.h>
#include <string.h>

enum { NO_DETAIL = UINT32_MAX };

void op_list_init(struct op_list *list, const struct op_request *request)
{
	*list = (struct op_list){ .names = BUF_INIT, .request = request };
}

void op_list_fini(struct op_list *list)
{
	free(list->rows);
	free(list->owners);
	free(list->order);
	buf_fini(&list->names);
	op_list_init(list, list->request);
}

/* May this be the next row? */
static bool fits(const struct op_list *list, const struct op_item *item)
{
	if (item->index != list->len || list->len >= OP_NO_PARENT || item->target >= list->request->targets_len)
		return false;
	if (item->flags & OP_ITEM_TOP)
		return item->path_len <= list->request->targets[item->target].path_len;
	return item->parent < list->len && item->target == list->rows[item->parent].target && item->name_len <= UINT8_MAX;
}

static int add_new(struct op_list *list, const struct op_item *item)
{
	struct op_row *row;
	bool top = item->flags & OP_ITEM_TOP;
	size_t start = list->names.len;

	if (!fits(list, item)) {
		errno = EINVAL;
		return -1;
	}
	if (vec_grow(&list->rows, &list->cap, list->len + 1, sizeof *list->rows) != 0)
		return -1;
	if (!top)
		buf_add(&list->names, item->name, item->name_len);
	if (list->names.failed || start > UINT32_MAX - 2 * UINT8_MAX || item->path_len > UINT32_MAX) {
		errno = ENOMEM;
		return -1;
	}
	row = &list->rows[list->len++];
	*row = (struct op_row){
		.size = item->size,
		.parent = top ? OP_NO_PARENT : item->parent,
		.name = (uint32_t)(top ? item->path_len : start),
		.target = item->target,
		.name_len = (uint8_t)(top ? 0 : item->name_len),
	};
	return 0;
}

static int keep_detail(struct op_list *list, struct op_row *row, const char *detail)
{
	row->detail = NO_DETAIL;
	if (!detail)
		return 0;
	if (list->names.len > UINT32_MAX - 2 * UINT8_MAX) {
		errno = ENOMEM;
		return -1;
	}
	row->detail = (uint32_t)list->names.len;
	buf_add(&list->names, detail, strlen(detail) + 1);
	if (!list->names.failed)
		return 0;
	row->detail = NO_DETAIL;
	errno = ENOMEM;
	return -1;
}

static int keep_owners(struct op_list *list, const struct op_item *item)
{
	const struct op_owners owners = { item->old_uid, item->old_gid, item->new_uid, item->new_gid };

	if (!op_kind_tells_owners(item->kind))
		return 0;
	if (vec_grow(&list->owners, &list->owners_cap, list->len, sizeof *list->owners) != 0)
		return -1;
	list->owners[item->index] = owners;
	return 0;
}

int op_list_add(struct op_list *list, const struct op_item *item)
{
	struct op_row *row;

	if (item->flags & OP_ITEM_NEW && add_new(list, item) != 0)
		return -1;
	if (item->index >= list->len) {
		errno = EINVAL;
		return -1;
	}
	row = &list->rows[item->index];
	row->old_mode = (uint16_t)item->old_mode;
	row->new_mode = (uint16_t)item->new_mode;
	row->status = item->status;
	row->error = item->error;
	row->flags = (uint8_t)(item->flags & ~OP_ITEM_NEW);
	return keep_owners(list, item) == 0 ? keep_detail(list, row, item->detail) : -1;
}

/* From the end to the beginning, so that no depth needs a stack. */
void op_list_path(const struct op_list *list, size_t index, struct buf *out)
{
	const struct op_row *row = &list->rows[index];
	size_t below = 0;
	char *end;

	for (; row->parent != OP_NO_PARENT; row = &list->rows[row->parent])
		below += row->name_len ? row->name_len + 1u : 0;
	buf_add(out, op_request_path(list->request, &list->request->targets[row->target]), row->name);
	if (below > 0 && row->name == 0)
		below--; /* the root has no slash after it */
	if (below == 0 || !buf_room(out, below))
		return;
	out->len += below;
	end = out->data + out->len;
	for (row = &list->rows[index]; row->parent != OP_NO_PARENT; row = &list->rows[row->parent]) {
		if (!row->name_len)
			continue;
		end -= row->name_len;
		memcpy(end, list->names.data + row->name, row->name_len);
		below -= row->name_len;
		if (below > 0) {
			*--end = '/';
			below--;
		}
	}
}

static int compare_names(const void *left, const void *right, void *arg)
{
	const struct op_list *list = arg;
	const struct op_row *a = &list->rows[*(const uint32_t *)left];
	const struct op_row *b = &list->rows[*(const uint32_t *)right];
	int order = memcmp(list->names.data + a->name, list->names.data + b->name, size_min(a->name_len, b->name_len));

	return order ? order : (a->name_len > b->name_len) - (a->name_len < b->name_len);
}

/* For each row where in `in` its content begins; what is in one directory stands side by side there, by name. */
static void gather(struct op_list *list, uint32_t *begin, uint32_t *in)
{
	size_t len = list->len;
	uint32_t sum = 0;

	/* begin[n + 1] counts, then says where the content ends: it moves down by one place while it is filled */
	for (size_t i = 0; i < len; i++)
		if (list->rows[i].parent != OP_NO_PARENT)
			begin[list->rows[i].parent + 2]++;
	for (size_t i = 0; i < len; i++) {
		sum += begin[i + 2];
		begin[i + 2] = sum;
	}
	for (size_t i = 0; i < len; i++)
		if (list->rows[i].parent != OP_NO_PARENT)
			in[begin[list->rows[i].parent + 1]++] = (uint32_t)i;
	for (size_t i = 0; i < len; i++)
		if (begin[i + 1] - begin[i] > 1)
			qsort_r(in + begin[i], begin[i + 1] - begin[i], sizeof *in, compare_names, list);
}

/* Append a target and all that is below it. `begin` moves on with what was visited. */
static void visit(struct op_list *list, uint32_t top, uint32_t *begin, const uint32_t *end, const uint32_t *in)
{
	bool after = list->request->kind == OP_DELETE;
	uint32_t at = top;

	if (!after)
		list->order[list->ordered++] = at;
	for (;;) {
		if (begin[at] < end[at]) {
			at = in[begin[at]++];
			if (!after)
				list->order[list->ordered++] = at;
			continue;
		}
		if (after)
			list->order[list->ordered++] = at;
		if (at == top)
			return;
		at = list->rows[at].parent;
	}
}

const uint32_t *op_list_order(struct op_list *list)
{
	size_t len = list->len;
	uint32_t *begin;
	uint32_t *end;
	uint32_t *in;

	if (list->order && list->ordered == len)
		return list->order;
	free(list->order);
	list->order = calloc(len + 1, sizeof *list->order);
	list->ordered = 0;
	begin = calloc(len + 2, sizeof *begin);
	end = calloc(len + 1, sizeof *end);
	in = calloc(len + 1, sizeof *in);
	if (list->order && begin && end && in) {
		gather(list, begin, in);
		memcpy(end, begin + 1, len * sizeof *end);
		for (size_t i = 0; i < len; i++)
			if (list->rows[i].parent == OP_NO_PARENT)
				visit(list, (uint32_t)i, begin, end, in);
	}
	free(begin);
	free(end);
	free(in);
	return list->order && list->ordered == len ? list->order : NULL;
}

const char *op_list_detail(const struct op_list *list, const struct op_row *row)
{
	return row->detail == NO_DETAIL ? NULL : list->names.data + row->detail;
}
