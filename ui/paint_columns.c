#include "paint_pane.h"

#include <string.h>

#include "owner.h"
#include "text.h"

bool paint_is_partial(const struct pane *pane, const struct totals *total)
{
	return total->unread > 0 || (total->growing > 0 && pane->state != PANE_SCANNING && !pane->scans);
}

/** What of a total a column shows. */
typedef void add_number(struct buf *out, uint64_t number);

static void add_total(const struct paint *p, const struct pane *pane, const struct totals *total, add_number *add, uint64_t number,
		      struct buf *out)
{
	bool partial = paint_is_partial(pane, total);

	if (partial)
		buf_add_str(out, paint_sign(p, SIGN_AT_LEAST));
	add(out, number);
	if (!partial && total->growing > 0)
		buf_add_byte(out, '+');
}

void paint_total(const struct paint *p, const struct pane *pane, const struct totals *total, struct buf *out)
{
	add_total(p, pane, total, text_size, total->size, out);
}

/** Append what is below a directory and in it, or what a file has; a `?` where that could not be read. */
static void add_amount(const struct paint *p, const struct pane *pane, entry_id id, enum column kind, struct buf *out)
{
	const struct entry *entry = tree_entry(pane->tree, id);
	const struct dir *dir = tree_dir(pane->tree, id);
	bool known = (entry->flags & ENTRY_KNOWN) != 0;

	if ((entry->error != ERROR_NONE && !known) || (dir && dir->state == DIR_UNREADABLE)) {
		buf_add_byte(out, '?');
		return;
	}
	if (!known)
		return;
	switch (kind) {
	case COLUMN_COUNT:
		if (dir)
			add_total(p, pane, &dir->total, text_count, dir->total.entries > 0 ? dir->total.entries - 1 : 0, out);
		break;
	case COLUMN_DISK:
		if (dir)
			add_total(p, pane, &dir->total, text_size, dir->total.blocks * 512, out);
		else
			text_size(out, entry_blocks(entry) * 512);
		break;
	default:
		if (dir)
			paint_total(p, pane, &dir->total, out);
		else
			text_size(out, entry->size);
		break;
	}
}

/** Append permissions, and that there is an ACL. */
static void add_mode(const struct entry *entry, struct buf *out)
{
	text_mode(out, entry->mode);
	buf_drop(out, out->len > 0 ? 1 : 0);
	buf_add_str(out, entry->flags & ENTRY_ACL ? "+" : "");
}

/** Append what one column shows of an entry whose attributes are known. Returns its style. */
static uint16_t add_fact(const struct paint *p, const struct pane *pane, entry_id id, enum column kind, struct buf *out)
{
	const struct entry *entry = tree_entry(pane->tree, id);
	const char *name;
	size_t len;

	switch (kind) {
	case COLUMN_MODE:
		add_mode(entry, out);
		return STYLE_MODE;
	case COLUMN_OCTAL:
		buf_printf(out, "%04o", (unsigned)entry->mode & 07777);
		return STYLE_MODE;
	case COLUMN_MTIME:
		text_time(out, entry->mtime, false, p->clock);
		return STYLE_TIME;
	case COLUMN_OWNER:
		paint_user(p, out, entry->uid);
		return STYLE_OWNER;
	case COLUMN_GROUP:
		paint_group(p, out, entry->gid);
		return STYLE_OWNER;
	case COLUMN_LINKS:
		buf_printf(out, entry->nlink == UINT16_MAX ? "%u+" : "%u", (unsigned)entry->nlink);
		return STYLE_COUNT;
	case COLUMN_INODE:
		buf_printf(out, "%llu", (unsigned long long)entry->ino);
		return STYLE_COUNT;
	case COLUMN_EXT:
		name = rows_extension(&pane->rows, id, &len);
		paint_foreign(p, out, name, len);
		return STYLE_FILE;
	default:
		add_amount(p, pane, id, kind, out);
		return kind == COLUMN_COUNT ? STYLE_COUNT : STYLE_SIZE;
	}
}

/** Does a column show something of an entry of which nothing but its name is known? */
static bool knows_itself(enum column kind)
{
	return kind == COLUMN_SIZE || kind == COLUMN_DISK || kind == COLUMN_COUNT || kind == COLUMN_EXT;
}

void paint_columns(const struct paint *p, const struct pane *pane, entry_id id, const struct column_places *places, int x, int y,
		   uint16_t flags)
{
	bool known = (tree_entry(pane->tree, id)->flags & ENTRY_KNOWN) != 0;
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < places->count; i++) {
		const struct column_place *place = &places->at[i];
		enum column kind = (enum column)place->kind;
		uint16_t style;

		if (!known && !knows_itself(kind))
			continue;
		buf_clear(&text);
		style = add_fact(p, pane, id, kind, &text);
		(column_is_right(kind) ? paint_field_right : paint_field)(p, x + place->x, y, place->width, &text,
									  style | flags);
	}
	buf_fini(&text);
}

void paint_column_heads(const struct paint *p, const struct column_places *places, int x, int y)
{
	grid_put_str(p->grid, x + places->sign, y, places->width + places->name - places->sign, "name", STYLE_HEADER);
	for (size_t i = 0; i < places->count; i++) {
		const struct column_place *place = &places->at[i];
		const char *name = column_name((enum column)place->kind);
		int len = (int)strlen(name);
		int indent = column_is_right((enum column)place->kind) ? place->width - len : 0;

		grid_put_str(p->grid, x + place->x + indent, y, place->width - indent, name, STYLE_HEADER);
	}
}
