#include "paint.h"

#include <string.h>

#include "loop.h"
#include "owner.h"
#include "text.h"

/** In UTF-8, and in ASCII. */
static const char *const signs[SIGN_COUNT][2] = {
	[SIGN_DOT] = { " · ", ", " },
	[SIGN_COMPLETE] = { "✓", "ok" },
	[SIGN_STOPPED] = { "◼", "stopped" },
	[SIGN_FAILED] = { "✗", "failed" },
	[SIGN_SILENT] = { "⌛", "silent" },
	[SIGN_CLOSED] = { "▸", ">" },
	[SIGN_OPEN] = { "▾", "v" },
	[SIGN_AT_LEAST] = { "≥", ">" },
	[SIGN_ARROW] = { " → ", " -> " },
	[SIGN_ELLIPSIS] = { "…", "..." },
	[SIGN_DIFFERS] = { "≠", "<>" },
};

static const char *const wheel_utf8[] = { "⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏" };
static const char *const wheel_ascii[] = { "|", "/", "-", "\\" };

const char *paint_sign(const struct paint *p, enum sign sign)
{
	return signs[sign][p->text & TEXT_ASCII ? 1 : 0];
}

const char *paint_spinner(const struct paint *p)
{
	uint64_t turn = (uint64_t)p->now / (uint64_t)(LOOP_SECOND / 10);

	if (p->text & TEXT_ASCII)
		return wheel_ascii[turn % ARRAY_LEN(wheel_ascii)];
	return wheel_utf8[turn % ARRAY_LEN(wheel_utf8)];
}

void paint_foreign(const struct paint *p, struct buf *out, const void *bytes, size_t len)
{
	text_add(out, bytes, len, p->text);
}

/** Does a path begin with a directory's path? */
static bool is_below(const char *path, size_t len, const char *dir)
{
	size_t dir_len = dir ? strlen(dir) : 0;

	return dir_len > 1 && len >= dir_len && memcmp(path, dir, dir_len) == 0 &&
	       (len == dir_len || path[dir_len] == '/');
}

void paint_path(const struct paint *p, struct buf *out, const char *path, size_t len)
{
	struct buf whole = BUF_INIT;
	size_t home = p->home ? strlen(p->home) : 0;

	if (p->cwd && len > 0 && path[0] == '.' && (len == 1 || path[1] == '/')) {
		buf_add(&whole, p->cwd, p->cwd_len);
		if (len > 2)
			buf_add(&whole, path + 1, len - 1);
	} else {
		buf_add(&whole, path, len);
	}
	if (!whole.failed && is_below(whole.data, whole.len, p->home)) {
		buf_drop(&whole, home - 1);
		whole.data[0] = '~';
	}
	text_add(out, whole.data, whole.len, p->text);
	buf_fini(&whole);
}

int paint_cut(const struct paint *p, int x, int y, int width, const struct buf *safe, uint16_t style)
{
	struct buf cut = BUF_INIT;
	int used;

	if (width <= 0)
		return 0;
	text_fit(&cut, safe->data, safe->len, width, p->text);
	used = grid_put(p->grid, x, y, width, cut.data, cut.len, style);
	buf_fini(&cut);
	return used;
}

int paint_sentence(const struct paint *p, int x, int y, int width, const struct buf *safe, uint16_t style)
{
	struct buf cut = BUF_INIT;
	int used;

	text_fit_head(&cut, safe->data, safe->len, width, p->text);
	used = grid_put(p->grid, x, y, width, cut.data, cut.len, style);
	buf_fini(&cut);
	return used;
}

/** How many bytes of a text stand on a row of so many cells: up to a blank, if there is one not too far left. */
static size_t row_len(const char *text, size_t len, int width)
{
	size_t blank = 0;
	size_t at = 0;
	int used = 0;

	while (at < len) {
		int cells;
		size_t step = text_next(text + at, len - at, &cells);

		if (used + cells > width && at > 0)
			return text[at] != ' ' && blank > 0 ? blank : at;
		used += cells;
		at += step;
		if (text[at - 1] == ' ' && used > width / 2)
			blank = at;
	}
	return len;
}

size_t paint_next_row(const struct buf *safe, size_t *at, int width)
{
	size_t len = safe->len;

	while (len > *at && safe->data[len - 1] == ' ')
		len--;
	while (*at > 0 && *at < len && safe->data[*at] == ' ')
		++*at;
	return *at < len ? row_len(safe->data + *at, len - *at, width) : 0;
}

void paint_message(const struct paint *p, struct rect line, const struct buf *safe, uint16_t style)
{
	int width = line.w > 3 ? line.w - 2 : 1;
	size_t at = 0;
	size_t len;
	int rows = 0;
	int y;

	if (rect_empty(&line))
		return;
	for (; (len = paint_next_row(safe, &at, width)) > 0; at += len)
		rows++;
	y = line.y >= rows ? line.y - rows + 1 : 0;
	for (at = 0; y <= line.y; y++) {
		struct buf row = BUF_INIT;

		len = paint_next_row(safe, &at, width);
		buf_add(&row, safe->data + at, y < line.y ? len : safe->len - at);
		grid_fill(p->grid, line.x, y, line.w, 1, STYLE_NORMAL);
		paint_sentence(p, line.x + 1, y, width, &row, style);
		buf_fini(&row);
		at += len;
	}
}

void paint_field(const struct paint *p, int x, int y, int width, const struct buf *safe, uint16_t style)
{
	int used = paint_cut(p, x, y, width, safe, style);

	grid_fill(p->grid, x + used, y, width - used, 1, style);
}

void paint_field_right(const struct paint *p, int x, int y, int width, const struct buf *safe, uint16_t style)
{
	int used = text_width(safe->data, safe->len);

	grid_fill(p->grid, x, y, width, 1, style);
	if (used <= width)
		grid_put(p->grid, x + width - used, y, used, safe->data, safe->len, style);
}

/** A name if there is one, else the number. */
static void add_owner(const struct paint *p, struct buf *out, const char *name, uint32_t id)
{
	if (name)
		text_add(out, name, strlen(name), p->text);
	else
		buf_printf(out, "%u", (unsigned)id);
}

void paint_user(const struct paint *p, struct buf *out, uint32_t uid)
{
	add_owner(p, out, owner_user(p->owners, uid), uid);
}

void paint_group(const struct paint *p, struct buf *out, uint32_t gid)
{
	add_owner(p, out, owner_group(p->owners, gid), gid);
}

void paint_owner(const struct paint *p, struct buf *out, uint32_t uid, uint32_t gid)
{
	paint_user(p, out, uid);
	buf_add_byte(out, ':');
	paint_group(p, out, gid);
}

void paint_plural(struct buf *out, uint64_t count, const char *noun)
{
	size_t len = strlen(noun);
	bool ends_in_y = len > 1 && noun[len - 1] == 'y';

	text_count(out, count);
	buf_add_byte(out, ' ');
	if (count == 1) {
		buf_add_str(out, noun);
		return;
	}
	buf_add(out, noun, ends_in_y ? len - 1 : len);
	buf_add_str(out, ends_in_y ? "ies" : "s");
}

uint16_t paint_entry_style(const struct paint *p, const struct tree *tree, entry_id id)
{
	const struct entry *entry = tree_entry(tree, id);
	const struct dir *dir = tree_dir(tree, id);
	size_t len;
	const char *name = tree_name(tree, id, &len);
	bool unreadable = entry->error != ERROR_NONE || (dir && dir->state == DIR_UNREADABLE);

	return styles_entry(p->styles, entry->mode, name, len, unreadable ? STYLE_ENTRY_UNREADABLE : 0);
}

void paint_name(const struct paint *p, const struct tree *tree, entry_id id, bool target, struct buf *out)
{
	size_t len;
	const char *name = tree_name(tree, id, &len);

	text_add(out, name, len, p->text);
	if (entry_is_dir(tree_entry(tree, id)))
		buf_add_byte(out, '/');
	if (!target || !S_ISLNK(tree_entry(tree, id)->mode))
		return;
	name = tree_target(tree, id, &len);
	if (!name)
		return;
	buf_add_str(out, paint_sign(p, SIGN_ARROW));
	text_add(out, name, len, p->text);
}
