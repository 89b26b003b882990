#include "permbox.h"

#include <string.h>
#include <unistd.h>

#include "access.h"
#include "confirm.h"
#include "text.h"

enum {
	BOX_WIDTH = 66,
	LINES_ABOVE = 7,   /* of the list */
	LIST_MAX = 30,
	BOXES_X = 10,      /* of the first column of boxes */
	BOXES_STEP = 8,
	SPECIAL_X = 34,
	SPECIAL_BOX = 49,
	OCTAL_X = 8,
	OCTAL_WIDTH = 6,
	SYMBOLIC_X = 25,
	SYMBOLIC_WIDTH = 20,
	OWNER_X = 46,
	GROUPS_MAX = 256,
};

/** The inside of the dialog, and a line in it. */
struct canvas {
	const struct paint *p;
	struct rect area;
};

static void put(const struct canvas *c, int x, int y, const char *text, uint16_t style)
{
	if (y < c->area.h)
		grid_put_str(c->p->grid, c->area.x + x, c->area.y + y, c->area.w - x, text, style);
}

static void put_safe(const struct canvas *c, int x, int y, const struct buf *text, uint16_t style)
{
	if (y < c->area.h)
		paint_cut(c->p, c->area.x + x, c->area.y + y, c->area.w - x - 1, text, style);
}

/** The hardware cursor, if it is inside. */
static void focus(const struct canvas *c, int x, int y)
{
	if (y < c->area.h && x < c->area.w)
		grid_cursor(c->p->grid, c->area.x + x, c->area.y + y);
}

static void paint_box(const struct canvas *c, int x, int y, enum perm_box state, bool touched)
{
	static const char *const boxes[] = { [PERM_OFF] = "[ ]", [PERM_ON] = "[x]", [PERM_MIXED] = "[?]" };

	put(c, x, y, boxes[state], touched ? STYLE_CHANGED : STYLE_FIELD);
}

static int box_x(int column)
{
	return column < 3 ? BOXES_X + column * BOXES_STEP : SPECIAL_BOX;
}

static void paint_boxes(const struct permbox *box, const struct canvas *c)
{
	static const char *const rows[] = { "user", "group", "other" };
	static const char *const special[] = { "set-user-ID", "set-group-ID", "sticky" };
	struct perm_mix shown = permbox_shown(box);
	uint32_t changed = (shown.all ^ box->boxes.mix.all) | (shown.any ^ box->boxes.mix.any);

	put(c, BOXES_X - 1, 0, "read   write  execute", STYLE_HEADER);
	for (int row = 0; row < 3; row++) {
		put(c, 2, row + 1, rows[row], STYLE_NORMAL);
		put(c, SPECIAL_X, row + 1, special[row], STYLE_NORMAL);
		for (int column = 0; column < 4; column++) {
			uint32_t bit = column < 3 ? 0400u >> (3 * row + column) : 04000u >> row;

			paint_box(c, box_x(column), row + 1, perm_mix_box(&shown, bit), (changed & bit) != 0);
		}
	}
	if (box->field == PERMBOX_BOXES)
		focus(c, box_x(box->column) + 1, box->row + 1);
}

/** A field that is typed into; when empty, what it would be. */
static void paint_typed(const struct canvas *c, struct prompt *prompt, int x, int y, int width, bool focused,
                        const struct buf *empty)
{
	int right = width < c->area.w - x ? width : c->area.w - x;
	size_t len;

	if (y >= c->area.h || right <= 0)
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
	put(c, 2, 4, "octal", STYLE_NORMAL);
	put(c, SYMBOLIC_X - 10, 4, "symbolic", STYLE_NORMAL);
	paint_typed(c, &box->octal, OCTAL_X, 4, OCTAL_WIDTH, box->field == PERMBOX_OCTAL, NULL);
	if (box->field == PERMBOX_OCTAL) {
		cursor_x = c->p->grid->cursor_x;
		cursor_y = c->p->grid->cursor_y;
	}
	paint_typed(c, &box->symbolic, SYMBOLIC_X, 4, SYMBOLIC_WIDTH, box->field == PERMBOX_SYMBOLIC, &symbolic);
	if (box->field != PERMBOX_SYMBOLIC) {
		c->p->grid->cursor_x = cursor_x;
		c->p->grid->cursor_y = cursor_y;
	}
	buf_add_str(&owner, "owner ");
	if (box->same_owner && box->count > 0)
		paint_owner(c->p, &owner, box->items[0].uid, box->items[0].gid);
	else
		buf_add_str(&owner, "differs");
	put_safe(c, OWNER_X, 4, &owner, STYLE_OWNER);
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
	} else if (!box->has_dirs) {
		buf_add_str(&text, "    (no directory)");
	}
	put_safe(c, 2, 5, &text, box->has_dirs ? STYLE_NORMAL : STYLE_DIM);
	if (box->field == PERMBOX_RECURSIVE)
		focus(c, 3, 5);
	buf_fini(&text);
}

/** What we may do with one of the entries, with its new mode. */
static struct access_result decide(const struct permbox *box, size_t index, const uint32_t *groups, size_t group_count)
{
	const struct permbox_item *item = &box->items[index];
	struct access_user user = { geteuid(), getegid(), groups, group_count };
	struct access_entry entry = { .uid = item->uid, .gid = item->gid, .mode = permbox_new_mode(box, index) };

	return access_decide(&user, &entry);
}

static void paint_access(const struct permbox *box, const struct canvas *c)
{
	static const struct {
		unsigned right;
		const char *word;
	} rights[] = { { ACCESS_READ, "read" }, { ACCESS_WRITE, "write" }, { ACCESS_EXECUTE, "execute" } };
	gid_t groups[GROUPS_MAX];
	int found = getgroups(GROUPS_MAX, groups);
	size_t group_count = found > 0 ? (size_t)found : 0;
	size_t granted[ARRAY_LEN(rights)] = { 0 };
	struct buf text = BUF_INIT;

	buf_add_str(&text, "you: ");
	for (size_t i = 0; i < box->count && box->count > 1; i++) {
		struct access_result result = decide(box, i, groups, group_count);

		for (size_t r = 0; r < ARRAY_LEN(rights); r++)
			granted[r] += (result.rights & rights[r].right) != 0;
	}
	for (size_t r = 0; r < ARRAY_LEN(rights); r++) {
		buf_add_str(&text, r > 0 ? paint_sign(c->p, SIGN_DOT) : "");
		buf_printf(&text, "%s ", rights[r].word);
		if (box->count == 1) {
			struct access_result result = decide(box, 0, groups, group_count);

			access_answer(&text, &result, rights[r].right);
		} else {
			buf_printf(&text, "%zu of %zu", granted[r], box->count);
		}
	}
	put_safe(c, 2, 6, &text, STYLE_DIM);
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
	if (item->skip != PERMBOX_NOT_SKIPPED) {
		buf_printf(out, "   skipped: %s   ", reasons[item->skip]);
	} else {
		buf_add_str(out, paint_sign(p, SIGN_ARROW));
		text_mode(out, permbox_new_mode(box, index));
		buf_add_str(out, "  ");
	}
	paint_foreign(p, out, path, len);
	return item->skip != PERMBOX_NOT_SKIPPED ? STYLE_WARNING : STYLE_CHANGED;
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
	text_count(out, job ? job->planned.changes : box->changes);
	buf_add_str(out, " change");
}

static void paint_list(struct permbox *box, const struct canvas *c, const struct job *job, const uint32_t *listed, size_t count)
{
	int y = LINES_ABOVE;
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
		put_safe(c, 2, y + 1 + (int)i, &text, style);
	}
	if (box->field == PERMBOX_LIST)
		focus(c, 2, y + (box->height > 0 ? 1 : 0));
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
	buf_printf(&bottom, "Enter %s%sTab field%sSpace toggle%sEsc leave",
	           job && job->state == JOB_PLANNED ? "apply exactly this" : "apply", dot, dot, dot);
	c.area = paint_frame(p, BOX_WIDTH, LINES_ABOVE + 1 + (int)lines, buf_str(&title), buf_str(&bottom));
	paint_boxes(box, &c);
	paint_fields(box, &c);
	paint_recursive(box, &c);
	paint_access(box, &c);
	if (c.area.h > LINES_ABOVE)
		paint_list(box, &c, job, listed, count);
	buf_fini(&title);
	buf_fini(&bottom);
}
