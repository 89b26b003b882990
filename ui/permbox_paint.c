#include "permbox.h"

#include <string.h>

#include "confirm.h"
#include "text.h"

enum {
	BOX_WIDTH = 66,
	WIDE_MIN = 62,     /* inside; a narrower dialog is drawn close */
	HIGH_MIN = 10,     /* and a lower one */
	LINES_ABOVE = 7,   /* of the list, when it is drawn wide */
	LIST_MIN = 2,      /* lines of the list that are worth it */
	LIST_MAX = 30,
	SYMBOLIC_WIDTH = 20,
	OCTAL_WIDTH = 6,
};

/** The lines of the dialog; some share one. */
enum part {
	PART_HEADER,
	PART_ROWS,         /* user, group, other */
	PART_OCTAL = PART_ROWS + 3,
	PART_SYMBOLIC,
	PART_OWNER,
	PART_RECURSIVE,
	PART_ACCESS,
	PART_LIST,         /* the line above it, then all that is left */
	PARTS
};

/** How close it is drawn: where things stand in their line. */
struct spacing {
	int label;         /* user, group, other */
	int boxes;         /* the first column of boxes */
	int step;
	int special;       /* the word */
	int special_box;
	int octal;         /* the field; its word is before it */
	int symbolic;
	int owner;
};

static const struct spacing wide = { 2, 10, 8, 34, 49, 8, 25, 46 };
static const struct spacing narrow = { 1, 9, 5, 24, 31, 7, 22, 17 };
static const struct spacing tiny = { 0, 3, 4, -1, 15, 6, 4, 0 };

/** The inside of the dialog, how it is drawn, and where its parts are. */
struct canvas {
	const struct paint *p;
	struct rect area;
	const struct spacing *at;
	int y[PARTS];      /* -1: there is no room for it */
};

/** Give each part its line, from the first one on. Returns how many lines they take. */
static int stack(struct canvas *c, unsigned left_out)
{
	int y = 0;

	for (int part = 0; part < PARTS; part++) {
		bool shares = (part == PART_SYMBOLIC && c->at != &tiny) || (part == PART_OWNER && c->at != &tiny);

		c->y[part] = -1;
		if (left_out >> part & 1)
			continue;
		c->y[part] = shares ? y - 1 : y++;
	}
	if (c->at == &narrow)
		c->y[PART_OWNER] = c->y[PART_RECURSIVE];
	return y;
}

/** The line of the part that has the focus. */
static int focus_line(const struct permbox *box, const struct canvas *c)
{
	static const enum part parts[] = { PART_ROWS, PART_OCTAL, PART_SYMBOLIC, PART_RECURSIVE, PART_LIST };

	return c->y[parts[box->field]] + (box->field == PERMBOX_BOXES ? box->row : 0);
}

/**
 * Place the parts. Where there are too few lines, access and owner are left out; where there are still too few, the fields are
 * scrolled to the one with the focus, and the list is shown while it has the focus.
 */
static void place(const struct permbox *box, struct canvas *c)
{
	unsigned left_out = 0;
	int scroll;

	c->at = c->area.w >= WIDE_MIN && c->area.h >= HIGH_MIN ? &wide : c->area.w >= 34 ? &narrow : &tiny;
	if (c->at != &wide)
		left_out |= 1u << PART_HEADER;
	if (stack(c, left_out) + LIST_MIN > c->area.h)
		left_out |= 1u << PART_ACCESS;
	if (stack(c, left_out) + LIST_MIN > c->area.h)
		left_out |= 1u << PART_OWNER;
	if (stack(c, left_out) + LIST_MIN <= c->area.h)
		return;
	if (box->field == PERMBOX_LIST) {
		stack(c, ~(1u << PART_LIST));
		return;
	}
	stack(c, left_out | 1u << PART_LIST);
	scroll = focus_line(box, c) - c->area.h + 1;
	for (int part = 0; part < PARTS && scroll > 0; part++)
		c->y[part] = c->y[part] >= scroll ? c->y[part] - scroll : -1;
}

static void put(const struct canvas *c, int x, int y, const char *text, uint16_t style)
{
	if (y >= 0 && y < c->area.h)
		grid_put_str(c->p->grid, c->area.x + x, c->area.y + y, c->area.w - x, text, style);
}

static void put_safe(const struct canvas *c, int x, int y, const struct buf *text, uint16_t style)
{
	if (y >= 0 && y < c->area.h)
		paint_cut(c->p, c->area.x + x, c->area.y + y, c->area.w - x - 1, text, style);
}

/** The hardware cursor, if it is inside. */
static void focus(const struct canvas *c, int x, int y)
{
	if (y >= 0 && y < c->area.h && x < c->area.w)
		grid_cursor(c->p->grid, c->area.x + x, c->area.y + y);
}

static void paint_box(const struct canvas *c, int x, int y, enum perm_box state, bool touched)
{
	static const char *const boxes[] = { [PERM_OFF] = "[ ]", [PERM_ON] = "[x]", [PERM_MIXED] = "[?]" };

	put(c, x, y, boxes[state], touched ? STYLE_CHANGED : STYLE_FIELD);
}

static int box_x(const struct canvas *c, int column)
{
	return column < 3 ? c->at->boxes + column * c->at->step : c->at->special_box;
}

/** The word for a row of boxes: the group bits of what has an ACL are its mask. */
static const char *row_word(const struct permbox *box, const struct canvas *c, int row)
{
	static const char *const words[] = { "user", "group", "other" };
	static const char *const letters[] = { "u", "g", "o" };
	size_t all;
	size_t acls = permbox_acls(box, &all);

	if (row == 1 && acls > 0 && acls == all)
		return c->at == &tiny ? "m" : "mask";
	if (row == 1 && acls > 0)
		return c->at == &tiny ? "g" : "g/mask";
	return c->at == &tiny ? letters[row] : words[row];
}

/** One row of boxes; where there is no header each has its letter. */
static void paint_row(const struct permbox *box, const struct canvas *c, int row, const struct perm_mix *shown, uint32_t changed)
{
	static const char *const special[] = { "set-user-ID", "set-group-ID", "sticky" };
	static const char *const narrow_special[] = { "setuid", "setgid", "sticky" };
	static const char *const letters[] = { "r", "w", "x", "s" };
	int y = c->y[PART_ROWS + row];

	put(c, c->at->label, y, row_word(box, c, row), STYLE_NORMAL);
	if (c->at->special >= 0)
		put(c, c->at->special, y, c->at == &wide ? special[row] : narrow_special[row], STYLE_NORMAL);
	for (int column = 0; column < 4; column++) {
		uint32_t bit = column < 3 ? 0400u >> (3 * row + column) : 04000u >> row;

		if (c->at == &tiny || (c->at == &narrow && column < 3))
			put(c, box_x(c, column) - 1, y, column == 3 && row == 2 ? "t" : letters[column], STYLE_HEADER);
		paint_box(c, box_x(c, column), y, perm_mix_box(shown, bit), (changed & bit) != 0);
	}
}

static void paint_boxes(const struct permbox *box, const struct canvas *c)
{
	struct perm_mix shown = permbox_shown(box);
	uint32_t changed = (shown.all ^ box->boxes.mix.all) | (shown.any ^ box->boxes.mix.any);

	put(c, c->at->boxes - 1, c->y[PART_HEADER], "read   write  execute", STYLE_HEADER);
	for (int row = 0; row < 3; row++)
		paint_row(box, c, row, &shown, changed);
	if (box->field == PERMBOX_BOXES)
		focus(c, box_x(c, box->column) + 1, c->y[PART_ROWS + box->row]);
}

/** A field that is typed into; when empty, what it would be. */
static void paint_typed(const struct canvas *c, struct prompt *prompt, int x, int y, int width, bool focused,
                        const struct buf *empty)
{
	int right = width < c->area.w - x ? width : c->area.w - x;
	size_t len;

	if (y < 0 || y >= c->area.h || right <= 0)
		return;
	prompt_text(prompt, &len);
	prompt_paint(prompt, c->p->grid, (struct rect){ c->area.x + x, c->area.y + y, right, 1 });
	if (len == 0 && empty)
		paint_cut(c->p, c->area.x + x, c->area.y + y, right, empty, STYLE_DIM);
	if (!focused)
		grid_restyle(c->p->grid, c->area.x + x, c->area.y + y, right, 1, len ? STYLE_FIELD : STYLE_DIM);
}

static void paint_fields(struct permbox *box, const struct canvas *c)
{
	struct perm_mix shown = permbox_shown(box);
	struct buf symbolic = BUF_INIT;
	struct buf owner = BUF_INIT;
	int cursor_x = c->p->grid->cursor_x;
	int cursor_y = c->p->grid->cursor_y;

	perm_mix_symbolic(&symbolic, &shown);
	put(c, c->at->octal - 6, c->y[PART_OCTAL], "octal", STYLE_NORMAL);
	put(c, c->at == &tiny ? 0 : c->at->symbolic - (c->at == &wide ? 10 : 9), c->y[PART_SYMBOLIC], c->at == &tiny ? "sym" : "symbolic",
	    STYLE_NORMAL);
	paint_typed(c, &box->octal, c->at->octal, c->y[PART_OCTAL], OCTAL_WIDTH, box->field == PERMBOX_OCTAL, NULL);
	if (box->field == PERMBOX_OCTAL) {
		cursor_x = c->p->grid->cursor_x;
		cursor_y = c->p->grid->cursor_y;
	}
	paint_typed(c, &box->symbolic, c->at->symbolic, c->y[PART_SYMBOLIC], SYMBOLIC_WIDTH, box->field == PERMBOX_SYMBOLIC, &symbolic);
	if (box->field != PERMBOX_SYMBOLIC) {
		c->p->grid->cursor_x = cursor_x;
		c->p->grid->cursor_y = cursor_y;
	}
	buf_add_str(&owner, "owner ");
	if (box->same_owner && box->count > 0)
		paint_owner(c->p, &owner, box->items[0].uid, box->items[0].gid);
	else
		buf_add_str(&owner, "differs");
	if (c->at != &narrow || !box->recursive)
		put_safe(c, c->at->owner, c->y[PART_OWNER], &owner, STYLE_OWNER);
	buf_fini(&symbolic);
	buf_fini(&owner);
}

static void paint_recursive(const struct permbox *box, const struct canvas *c)
{
	struct buf text = BUF_INIT;

	buf_printf(&text, "[%s] recursive", box->recursive ? "x" : " ");
	if (box->recursive) {
		buf_add_str(&text, "    files ");
		text_count(&text, box->files);
		buf_add_str(&text, "   directories ");
		text_count(&text, box->dirs);
	} else if (!box->has_dirs && c->at == &wide) {
		buf_add_str(&text, "    (no directory)");
	}
	if (c->at == &wide)
		put(c, c->at->owner, c->y[PART_RECURSIVE], "w another user", STYLE_DIM);
	put_safe(c, c->at->label, c->y[PART_RECURSIVE], &text, box->has_dirs ? STYLE_NORMAL : STYLE_DIM);
	if (box->field == PERMBOX_RECURSIVE)
		focus(c, c->at->label + 1, c->y[PART_RECURSIVE]);
	buf_fini(&text);
}

/** What the user may do with one of the entries, with its new mode. */
static struct access_result decide(const struct permbox *box, size_t index)
{
	const struct permbox_item *item = &box->items[index];
	struct access_entry entry = { .uid = item->uid, .gid = item->gid, .mode = permbox_new_mode(box, index) };

	if (item->acl) {
		entry.acl = item->acl->entries;
		entry.acl_count = item->acl->count;
	}
	return access_decide(&box->user, &entry);
}

static const struct {
	unsigned right;
	char letter;
	const char *word;
} rights[] = { { ACCESS_READ, 'r', "read" }, { ACCESS_WRITE, 'w', "write" }, { ACCESS_EXECUTE, 'x', "execute" } };

/** Of several entries how many grant what. */
static void add_granted(const struct permbox *box, const struct paint *p, struct buf *out)
{
	size_t granted[ARRAY_LEN(rights)] = { 0 };

	for (size_t i = 0; i < box->count; i++) {
		struct access_result result = decide(box, i);

		for (size_t r = 0; r < ARRAY_LEN(rights); r++)
			granted[r] += (result.rights & rights[r].right) != 0;
	}
	for (size_t r = 0; r < ARRAY_LEN(rights); r++)
		buf_printf(out, "%s%s %zu of %zu", r > 0 ? paint_sign(p, SIGN_DOT) : "", rights[r].word, granted[r], box->count);
}

/** Of one entry each right with the class that decides, as shortly as the line wants it. */
static void add_answers(const struct permbox *box, const struct canvas *c, struct buf *out)
{
	struct access_result result = decide(box, 0);
	struct buf whole = BUF_INIT;

	for (size_t r = 0; r < ARRAY_LEN(rights); r++) {
		buf_printf(&whole, "%s%s ", r > 0 ? paint_sign(c->p, SIGN_DOT) : "", rights[r].word);
		access_answer(&whole, &result, rights[r].right);
	}
	if (c->at == &wide && text_width(out->data, out->len) + text_width(whole.data, whole.len) <= c->area.w - 3) {
		buf_add(out, whole.data, whole.len);
	} else if (c->at == &wide) {
		access_summary(out, &result);
		buf_add_str(out, result.masked ? " masked" : "");
	} else {
		for (size_t r = 0; r < ARRAY_LEN(rights); r++)
			buf_add_byte(out, result.rights & rights[r].right ? rights[r].letter : '-');
		buf_printf(out, " (%s)", access_class_name(result.class));
	}
	buf_fini(&whole);
}

static void paint_access(const struct permbox *box, const struct canvas *c)
{
	struct buf text = BUF_INIT;

	if (box->user_name.len > 0)
		paint_foreign(c->p, &text, box->user_name.data, box->user_name.len);
	else
		buf_add_str(&text, "you");
	buf_add_str(&text, ": ");
	if (box->count == 1)
		add_answers(box, c, &text);
	else
		add_granted(box, c->p, &text);
	put_safe(c, c->at->label, c->y[PART_ACCESS], &text, STYLE_DIM);
	buf_fini(&text);
}

/** One entry: old, new, or why it is left alone. Returns the style. */
static uint16_t add_change(const struct permbox *box, const struct paint *p, size_t index, struct buf *out)
{
	static const char *const reasons[] = { [PERMBOX_LINK] = "symbolic link", [PERMBOX_UNKNOWN] = "mode not known" };
	const struct permbox_item *item = &box->items[index];
	size_t len;
	const char *path = permbox_path(box, index, &len);

	text_mode(out, item->mode);
	buf_add_str(out, item->acl ? "+" : "");
	if (item->skip != PERMBOX_NOT_SKIPPED) {
		buf_printf(out, "   skipped: %s   ", reasons[item->skip]);
	} else {
		buf_add_str(out, paint_sign(p, SIGN_ARROW));
		text_mode(out, permbox_new_mode(box, index));
		buf_add_str(out, item->acl ? "+  " : "  ");
	}
	paint_foreign(p, out, path, len);
	return item->skip != PERMBOX_NOT_SKIPPED ? STYLE_WARNING : STYLE_CHANGED;
}

/** Append how many of the entries change, as what is said of them. */
static void add_changes(struct buf *out, uint64_t count)
{
	if (count == 0) {
		buf_add_str(out, "nothing changes");
		return;
	}
	text_count(out, count);
	buf_add_str(out, count == 1 ? " changes" : " change");
}

/** The line between the fields and the list. */
static void add_summary(const struct permbox *box, const struct job *job, struct buf *out)
{
	if (box->symbolic.text.len > 0 && !box->edit_ok) {
		buf_printf(out, "%s, at character %zu", box->edit_error.why, box->edit_error.at + 1);
		return;
	}
	if (job && job->state == JOB_PLANNING) {
		text_count(out, job->progress.items);
		buf_add_str(out, " entries so far");
		return;
	}
	if (box->recursive && !job) {
		buf_add_str(out, "Enter shows every change first");
		return;
	}
	paint_plural(out, job ? job->planned.items : box->count, "entry");
	buf_add_str(out, ", ");
	add_changes(out, job ? job->planned.changes : box->changes);
}

static void paint_list(struct permbox *box, const struct canvas *c, const struct job *job, const uint32_t *listed, size_t count)
{
	int y = c->y[PART_LIST];
	int x = c->at->label;
	struct buf text = BUF_INIT;

	grid_symbol(c->p->grid, c->area.x - 1, c->area.y + y, GRID_TEE_LEFT, 1, STYLE_BORDER_ACTIVE);
	grid_symbol(c->p->grid, c->area.x, c->area.y + y, GRID_HLINE, c->area.w, STYLE_BORDER_ACTIVE);
	grid_symbol(c->p->grid, c->area.x + c->area.w, c->area.y + y, GRID_TEE_RIGHT, 1, STYLE_BORDER_ACTIVE);
	buf_add_byte(&text, ' ');
	add_summary(box, job, &text);
	buf_add_byte(&text, ' ');
	grid_put(c->p->grid, c->area.x, c->area.y + y, c->area.w, text.data, text.len, STYLE_TITLE);
	box->height = c->area.h > y + 1 ? (size_t)(c->area.h - y - 1) : 0;
	box->top = size_min(box->top, count > box->height ? count - box->height : 0);
	for (size_t i = 0; i < box->height && box->top + i < count; i++) {
		size_t index = listed[box->top + i];
		uint16_t style;

		buf_clear(&text);
		style = job ? confirm_item(c->p, job, index, &text) : add_change(box, c->p, index, &text);
		put_safe(c, x, y + 1 + (int)i, &text, style);
	}
	if (box->field == PERMBOX_LIST)
		focus(c, x, y + (box->height > 0 ? 1 : 0));
	buf_fini(&text);
}

static void add_title(const struct permbox *box, const struct paint *p, struct buf *out)
{
	size_t len;
	const char *path;

	buf_add_str(out, "permissions: ");
	if (box->count == 1) {
		path = permbox_path(box, 0, &len);
		paint_foreign(p, out, len > 0 ? path : ".", len > 0 ? len : 1);
	} else {
		paint_plural(out, box->count, "entry");
	}
}

void permbox_paint(struct permbox *box, const struct paint *p, const struct job *job, const uint32_t *listed, size_t count)
{
	struct canvas c = { .p = p };
	struct buf title = BUF_INIT;
	struct buf bottom = BUF_INIT;
	size_t lines = job || box->recursive ? LIST_MAX : size_min(size_max(box->count, 4), LIST_MAX);
	const char *dot = paint_sign(p, SIGN_DOT);

	if (!job) {
		listed = box->listed;
		count = box->recursive ? 0 : box->listed_count;
	}
	add_title(box, p, &title);
	buf_printf(&bottom, "Enter %s%sTab field%sSpace toggle%su undo%sEsc leave",
	           job && job->state == JOB_PLANNED ? "apply this" : box->recursive ? "preview" : "apply", dot, dot, dot, dot);
	c.area = paint_frame(p, BOX_WIDTH, LINES_ABOVE + 1 + (int)lines, buf_str(&title), buf_str(&bottom));
	place(box, &c);
	box->height = 0;
	paint_boxes(box, &c);
	paint_fields(box, &c);
	paint_recursive(box, &c);
	paint_access(box, &c);
	if (c.y[PART_LIST] >= 0 && c.y[PART_LIST] < c.area.h)
		paint_list(box, &c, job, listed, count);
	buf_fini(&title);
	buf_fini(&bottom);
}
