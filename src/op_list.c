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
	return item->parent < list->len && item->name_len <= UINT8_MAX;
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
	return keep_detail(list, row, item->detail);
}

/* From the end to the beginning, so that no depth needs a stack. */
void op_list_path(const struct op_list *list, size_t index, struct buf *out)
{
	const struct op_row *row = &list->rows[index];
	const struct op_target *target = &list->request->targets[row->target];
	size_t below = 0;
	char *end;

	for (; row->parent != OP_NO_PARENT; row = &list->rows[row->parent])
		below += row->name_len ? row->name_len + 1u : 0;
	buf_add(out, op_request_path(list->request, target), row->name);
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

const char *op_list_detail(const struct op_list *list, const struct op_row *row)
{
	return row->detail == NO_DETAIL ? NULL : list->names.data + row->detail;
}
