#include "columns.h"

#include <string.h>

enum {
	NAME_LEAD = 2,   /* the sign and a blank */
	NAME_LEAST = 10, /* cells that columns leave to the name */
};

static const struct {
	const char *name;
	int width;
	int spare;
	bool right;
} table[] = {
#define X(id, name, width, spare, right) { name, width, spare, right },
	COLUMN_TABLE(X)
#undef X
};

const struct columns columns_usual = { { COLUMN_NAME, COLUMN_SIZE, COLUMN_MODE, COLUMN_MTIME }, 4 };

const char *column_name(enum column kind)
{
	return table[kind].name;
}

bool column_is_right(enum column kind)
{
	return table[kind].right;
}

static enum column find(const char *name, size_t len)
{
	size_t i = 0;

	while (i < COLUMN_KINDS && (strlen(table[i].name) != len || memcmp(table[i].name, name, len) != 0))
		i++;
	return (enum column)i;
}

static bool has(const struct columns *columns, enum column kind)
{
	return memchr(columns->kinds, (int)kind, columns->count) != NULL;
}

const char *columns_parse(struct columns *columns, const char *list)
{
	static const char between[] = ", \t";
	struct columns read = { .count = 0 };

	for (list += strspn(list, between); *list; list += strspn(list, between)) {
		size_t len = strcspn(list, between);
		enum column kind = find(list, len);

		if (kind == COLUMN_KINDS)
			return "not of name, size, disk, mode, octal, mtime, owner, group, links, inode, count, ext";
		if (has(&read, kind))
			return "the same column twice";
		read.kinds[read.count++] = (uint8_t)kind;
		list += len;
	}
	if (read.count == 0)
		return "empty";
	if (!has(&read, COLUMN_NAME)) {
		memmove(read.kinds + 1, read.kinds, read.count++);
		read.kinds[0] = COLUMN_NAME;
	}
	*columns = read;
	return NULL;
}

void columns_add(struct buf *out, const struct columns *columns)
{
	for (size_t i = 0; i < columns->count; i++)
		buf_printf(out, "%s%s", i > 0 ? "," : "", table[columns->kinds[i]].name);
}

/**
 * Columns are parted by a blank. The cell that only some values need is also the blank before the next column; before the
 * name, and at the end, it is one more.
 */
void columns_place(const struct columns *columns, int width, struct column_places *places)
{
	int left = width - NAME_LEAD;
	int x = 0;
	int shared = 0;     /* the spare cell of the column before this one */
	bool named = false; /* the name has come */

	*places = (struct column_places){ .sign = 0 };
	for (size_t i = 0; i < columns->count; i++) {
		enum column kind = (enum column)columns->kinds[i];
		int cells = 1 + table[kind].width + table[kind].spare - shared;

		if (kind == COLUMN_NAME) {
			named = true;
			places->sign = x;
			continue;
		}
		if (left - cells + table[kind].spare < NAME_LEAST)
			break;
		places->at[places->count++] =
			(struct column_place){ (uint8_t)kind, named ? x + 1 - shared : x, table[kind].width + table[kind].spare };
		left -= cells;
		x += cells;
		shared = named ? table[kind].spare : 0;
	}
	places->sign = named ? places->sign : x;
	places->name = places->sign + NAME_LEAD;
	places->width = left > 0 ? left : 0;
	for (size_t i = 0; i < places->count; i++)
		places->at[i].x += places->at[i].x >= places->sign ? NAME_LEAD + places->width : 0;
}
