#include "paint_pane.h"

#include <string.h>

#include "loop.h"
#include "text.h"

/*
 * A row:  mark · state · blank · indent · name … the other columns, some of which may stand before the state
 */
enum {
	FRAME_WIDTH = 4,   /* a narrower pane has no frame */
	FRAME_HEIGHT = 3,
	HEADER_HEIGHT = 5, /* a lower one has no header */
	TITLE_REASON = 24, /* in a narrower title there is no room for why a source failed */
};

/** Where the parts of a pane are. */
struct parts {
	struct rect frame;
	struct rect rows;
	bool framed;
	bool header;
};

static struct parts parts_of(const struct rect *rect)
{
	struct parts parts = { .frame = *rect, .rows = *rect };

	parts.framed = rect->w >= FRAME_WIDTH && rect->h >= FRAME_HEIGHT;
	parts.header = parts.framed && rect->h >= HEADER_HEIGHT;
	if (parts.framed)
		parts.rows = rect_inset(*rect, 1, 1);
	if (parts.header) {
		parts.rows.y++;
		parts.rows.h--;
	}
	return parts;
}

size_t paint_pane_height(const struct rect *rect)
{
	int height = parts_of(rect).rows.h;

	return height > 0 ? (size_t)height : 0;
}

static void paint_header(const struct paint *p, const struct rows *rows, struct rect line)
{
	static const char *const sorted_by[] = { "name", "size", "mtime", "ext", "mode", "owner", "count" };
	int x = line.x + ROW_MARK;
	struct column_places places;

	columns_place(p->columns, line.w - ROW_MARK, &places);
	paint_column_heads(p, &places, x, line.y);
	if (places.width > 20 && (rows->sort != ROWS_NAME || rows->reverse)) {
		struct buf how = BUF_INIT;

		buf_printf(&how, "(by %s%s)", sorted_by[rows->sort], rows->reverse ? ", reversed" : "");
		paint_cut(p, x + places.sign + 5, line.y, places.width - 4, &how, STYLE_HEADER);
		buf_fini(&how);
	}
}

/** What ls -F puts behind the name of a special file stands before it: a name may end in anything. */
static const char *special_sign(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFIFO:
		return "|";
	case S_IFSOCK:
		return "=";
	case S_IFCHR:
	case S_IFBLK:
		return "#";
	default:
		return " ";
	}
}

const char *paint_row_sign(const struct paint *p, const struct pane *pane, entry_id id)
{
	const struct entry *entry = tree_entry(pane->tree, id);
	const struct dir *dir = tree_dir(pane->tree, id);

	if ((dir && (dir->state == DIR_UNREADABLE || dir->state == DIR_PARTIAL)) ||
	    (entry->error != ERROR_NONE && (!dir || dir->state != DIR_SKIPPED)))
		return "!";
	if (!dir)
		return special_sign(entry->mode);
	return paint_sign(p, entry->flags & ENTRY_EXPANDED ? SIGN_OPEN : SIGN_CLOSED);
}

static void paint_row(const struct paint *p, const struct pane *pane, struct row row, struct rect line, uint16_t flags)
{
	const struct entry *entry = tree_entry(pane->tree, row.id);
	struct buf name = BUF_INIT;
	struct column_places places;
	int indent;
	int x = line.x + ROW_MARK;

	columns_place(p->columns, line.w - ROW_MARK, &places);
	indent = (int)size_min(row.indent * (size_t)ROW_INDENT, (size_t)places.width / 2);
	if (entry->flags & ENTRY_MARKED)
		flags |= STYLE_MARKED;
	grid_fill(p->grid, line.x, line.y, line.w, 1, STYLE_FILE | flags);
	grid_put_str(p->grid, line.x, line.y, 1, entry->flags & ENTRY_MARKED ? "*" : " ", STYLE_MARK | flags);
	grid_put_str(p->grid, x + places.sign + indent, line.y, line.w > 0 ? 1 : 0, paint_row_sign(p, pane, row.id),
	             STYLE_FILE | flags);
	paint_name(p, pane->tree, row.id, false, &name);
	if (text_width(name.data, name.len) + 8 <= places.width - indent) {
		buf_clear(&name);
		paint_name(p, pane->tree, row.id, true, &name);
	}
	paint_cut(p, x + places.name + indent, line.y, places.width - indent, &name,
	          paint_entry_style(p, pane->tree, row.id) | flags);
	buf_fini(&name);
	paint_columns(p, pane, row.id, &places, x, line.y, flags);
}

void paint_reason(const struct paint *p, const struct pane *pane, entry_id id, struct buf *out)
{
	const struct dir *dir = tree_dir(pane->tree, id);
	const struct entry *entry = tree_entry(pane->tree, id);

	if (pane->state == PANE_FAILED || pane->state == PANE_RESTARTING) {
		paint_foreign(p, out, pane->reason.data, pane->reason.len);
		return;
	}
	if (!dir)
		return;
	switch ((enum dir_state)dir->state) {
	case DIR_UNREAD:
		buf_add_str(out, "not read");
		break;
	case DIR_QUEUED:
	case DIR_READING:
		buf_printf(out, "reading%s", paint_sign(p, SIGN_ELLIPSIS));
		break;
	case DIR_COMPLETE:
		buf_add_str(out, "empty");
		break;
	case DIR_PARTIAL:
		buf_printf(out, "incomplete: %s", error_text(entry->error));
		break;
	case DIR_UNREADABLE:
	case DIR_SKIPPED:
		buf_printf(out, "%s: %s", dir->state == DIR_SKIPPED ? "not entered" : "not readable",
		           error_text(entry->error));
		break;
	}
}

/** Why there are no rows. */
static void add_reason(const struct paint *p, const struct pane *pane, struct buf *out)
{
	const struct dir *dir = tree_dir(pane->tree, pane->rows.dir);

	if (dir && dir->count > 0 && !(pane->state == PANE_FAILED || pane->state == PANE_RESTARTING))
		buf_add_str(out, pane->rows.filter.len > 0 ? "nothing matches the filter" : "only hidden names");
	else
		paint_reason(p, pane, pane->rows.dir, out);
}

static void paint_rows(const struct paint *p, const struct pane *pane, struct rect area, bool active, bool cursor)
{
	const struct rows *rows = &pane->rows;
	struct column_places places;
	int lead;

	columns_place(p->columns, area.w - ROW_MARK, &places);
	lead = ROW_MARK + places.name;
	for (int line = 0; line < area.h && rows->top + (size_t)line < rows->count; line++) {
		size_t index = rows->top + (size_t)line;
		bool current = index == rows->at && rows->cursor != 0;
		uint16_t flags = !current ? 0 : active ? STYLE_CURSOR : STYLE_IDLE_CURSOR;

		if (!tree_has(pane->tree, rows->items[index].id))
			continue;
		paint_row(p, pane, rows->items[index], (struct rect){ area.x, area.y + line, area.w, 1 }, flags);
		if (current && active && cursor)
			grid_cursor(p->grid, area.x + (area.w > lead ? lead : 0), area.y + line);
	}
	if (rows->count == 0 && area.h > 0) {
		struct buf why = BUF_INIT;

		add_reason(p, pane, &why);
		paint_cut(p, area.x + lead, area.y, area.w - lead, &why, STYLE_DIM);
		buf_fini(&why);
		if (active && cursor)
			grid_cursor(p->grid, area.x, area.y);
	}
}

/** The state for the title; `detail` from 2 (all of it) to 0 (the sign alone). */
static void add_state(const struct paint *p, const struct pane *pane, int detail, struct buf *out)
{
	int64_t silent = pane_silent(pane, p->now);
	const char *absence = paint_absence(pane);
	const struct dir *root = tree_dir(pane->tree, TREE_ROOT);

	if (silent >= 5 * LOOP_SECOND) {
		buf_printf(out, "%s %lld s", paint_sign(p, SIGN_SILENT), (long long)(silent / LOOP_SECOND));
		return;
	}
	switch (pane->state) {
	case PANE_SCANNING:
		buf_add_str(out, paint_spinner(p));
		break;
	case PANE_COMPLETE:
		buf_add_str(out, paint_sign(p, SIGN_COMPLETE));
		break;
	case PANE_STOPPED:
		buf_add_str(out, paint_sign(p, SIGN_STOPPED));
		break;
	case PANE_FAILED:
	case PANE_RESTARTING:
		buf_add_str(out, paint_sign(p, SIGN_FAILED));
		if (detail > 0 && pane->reason.len > 0) {
			buf_add_byte(out, ' ');
			paint_foreign(p, out, pane->reason.data, pane->reason.len);
		}
		return;
	}
	if (absence) {
		buf_printf(out, " %s", absence);
		return;
	}
	if (detail > 0) {
		buf_add_byte(out, ' ');
		text_count(out, pane->entries);
	}
	if (detail < 2)
		return;
	if (pane->state == PANE_SCANNING && pane->rate > 0) {
		buf_add_str(out, paint_sign(p, SIGN_DOT));
		text_rate(out, pane->rate);
	}
	if (pane->state != PANE_SCANNING && root) {
		buf_add_str(out, paint_sign(p, SIGN_DOT));
		if (paint_is_partial(pane, &root->total))
			buf_add_str(out, paint_sign(p, SIGN_AT_LEAST));
		text_size(out, root->total.size);
	}
}

/** Text in a side of the frame, a blank at each end. Returns the cells it takes. */
static int paint_label(const struct paint *p, int x, int y, int width, const struct buf *safe, uint16_t style)
{
	int used;

	if (width < 3 || safe->len == 0)
		return 0;
	used = paint_cut(p, x + 1, y, width - 2, safe, style);
	grid_put_str(p->grid, x, y, 1, " ", style);
	grid_put_str(p->grid, x + 1 + used, y, 1, " ", style);
	return used + 2;
}

/** As much of the state as leaves the directory half of the title, or all it needs. */
static void paint_title(const struct paint *p, const struct pane *pane, struct rect frame, bool active)
{
	uint16_t style = active ? STYLE_TITLE_ACTIVE : STYLE_TITLE;
	bool failed = pane->state == PANE_FAILED || pane->state == PANE_RESTARTING;
	uint16_t state_style = pane->state == PANE_FAILED ? STYLE_ERROR : style;
	struct buf where = BUF_INIT;
	struct buf path = BUF_INIT;
	struct buf state = BUF_INIT;
	int room = frame.w - 3;
	int needs;
	int used = 0;

	if (pane->session->comparison)
		comparison_directory(pane->session->comparison, pane, &path);
	else
		pane_directory(pane, &path);
	paint_path(p, &where, path.data, path.len);
	needs = text_width(where.data, where.len);
	needs = needs < room / 2 ? needs : room / 2;
	/* why it failed is cut in the middle rather than left out */
	for (int detail = 2; detail >= (failed && room >= TITLE_REASON ? 2 : 0); detail--) {
		buf_clear(&state);
		add_state(p, pane, detail, &state);
		used = text_width(state.data, state.len) + 2;
		if (used + needs + 2 <= room)
			break;
	}
	if (failed && used + needs + 2 > room)
		used = room - needs - 2;
	used = used < room ? used : room;
	paint_label(p, frame.x + frame.w - 1 - used, frame.y, used, &state, state_style);
	paint_label(p, frame.x + 1, frame.y, room - used + 1, &where, style);
	buf_fini(&where);
	buf_fini(&path);
	buf_fini(&state);
}

static const char *backend_name(const struct pane *pane)
{
	static const char *const names[] = {
		[SOURCE_THREADS] = "threads",
		[SOURCE_WORKER] = "worker",
		[SOURCE_RECORDING] = "recording",
	};

	return pane->source ? names[source_info(pane->source).kind] : "";
}

static void add_footer(const struct paint *p, const struct pane *pane, struct buf *out)
{
	const struct comparison *comparison = pane->session->comparison;
	const struct rows *rows = &pane->rows;
	const struct dir *dir = tree_dir(pane->tree, rows->dir);
	size_t marked = tree_marked(pane->tree, NULL);

	if (comparison) {
		paint_plural(out, comparison->view.count, "row");
	} else if (dir && rows->filter.len > 0) {
		text_count(out, rows->count);
		buf_add_str(out, " of ");
		text_count(out, dir->count);
		buf_add_str(out, " match ");
		paint_foreign(p, out, rows->filter.data, rows->filter.len);
	} else {
		paint_plural(out, rows->count, "entry");
	}
	if (marked > 0) {
		struct totals total = tree_marked_total(pane->tree);

		buf_add_str(out, paint_sign(p, SIGN_DOT));
		text_count(out, marked);
		buf_add_str(out, " marked ");
		paint_total(p, pane, &total, out);
	}
	if (dir && dir->total.unread > 0) {
		buf_add_str(out, paint_sign(p, SIGN_DOT));
		text_count(out, dir->total.unread);
		buf_add_str(out, " unread");
	}
}

/** What feeds the pane, and what is special about it; without the first where there is little room. */
static void add_kind(const struct pane *pane, bool source, struct buf *out)
{
	const struct session *session = pane->session;
	const char *const words[] = {
		source ? backend_name(pane) : "",
		pane->polls ? "polled" : "",
		session->comparison && session->comparison->reference == pane ? "reference" : "",
		session->linked && !session->comparison ? "linked" : "",
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (*words[i])
			buf_printf(out, "%s%s", out->len > 0 ? ", " : "", words[i]);
}

static void paint_footer(const struct paint *p, const struct pane *pane, struct rect frame, bool active)
{
	uint16_t style = active ? STYLE_TITLE_ACTIVE : STYLE_TITLE;
	struct buf text = BUF_INIT;
	struct buf kind = BUF_INIT;
	int y = frame.y + frame.h - 1;
	int room;

	add_footer(p, pane, &text);
	room = frame.w - 3 - paint_label(p, frame.x + 1, y, frame.w - 2, &text, style);
	add_kind(pane, true, &kind);
	if ((int)kind.len + 2 > room) {
		buf_clear(&kind);
		add_kind(pane, false, &kind);
	}
	if ((int)kind.len + 2 <= room)
		paint_label(p, frame.x + frame.w - 2 - (int)kind.len - 2, y, (int)kind.len + 2, &kind, STYLE_TITLE);
	buf_fini(&text);
	buf_fini(&kind);
}

static void paint_pane(const struct paint *p, const struct pane *pane, const struct rect *rect, bool active, bool cursor)
{
	const struct comparison *comparison = pane->session->comparison;
	struct parts parts = parts_of(rect);
	struct rect header = { parts.rows.x, parts.rows.y - 1, parts.rows.w, 1 };

	if (parts.framed) {
		grid_box(p->grid, rect->x, rect->y, rect->w, rect->h, active ? STYLE_BORDER_ACTIVE : STYLE_BORDER);
		paint_title(p, pane, *rect, active);
		paint_footer(p, pane, *rect, active);
	}
	if (parts.header && comparison)
		paint_compared_header(p, comparison, header);
	else if (parts.header)
		paint_header(p, &pane->rows, header);
	if (comparison)
		paint_compared_rows(p, comparison, pane, parts.rows, active, cursor);
	else
		paint_rows(p, pane, parts.rows, active, cursor);
}

void paint_panes(const struct paint *p, const struct session *session, const struct rect *rects, bool cursor)
{
	for (size_t i = 0; i < session->pane_count; i++)
		if (!rect_empty(&rects[i]))
			paint_pane(p, session->panes[i], &rects[i], i == session->active, cursor);
}
