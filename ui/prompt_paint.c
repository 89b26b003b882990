#include "prompt.h"

#include <string.h>

#include "keys.h"
#include "style.h"
#include "text.h"

/** The cells of the text up to an offset. */
static int cells_before(const struct prompt *prompt, size_t end)
{
	struct buf safe = BUF_INIT;
	int cells = 0;

	for (size_t at = 0; at < end;) {
		at += prompt_piece(prompt->text.data + at, prompt->text.len - at, prompt->ascii, &safe);
		cells += text_width(safe.data, safe.len);
	}
	buf_fini(&safe);
	return cells;
}

/** Scroll so that the cursor is in a window of `width` cells, and no room is wasted at the right. */
static void scroll_to(struct prompt *prompt, int cursor, int total, int width)
{
	int most = total - width + 1;

	if (prompt->scroll > most)
		prompt->scroll = most;
	if (prompt->scroll > cursor)
		prompt->scroll = cursor;
	if (prompt->scroll < cursor - width + 1)
		prompt->scroll = cursor - width + 1;
	if (prompt->scroll < 0)
		prompt->scroll = 0;
}

/** Whether safe text is just the bytes it stands for, no escape. */
static bool is_itself(const struct buf *safe, const char *bytes, size_t len)
{
	return safe->len == len && memcmp(safe->data, bytes, len) == 0;
}

void prompt_paint(struct prompt *prompt, struct grid *grid, struct rect area)
{
	int label = text_width(prompt->label.data, prompt->label.len);
	int cursor = cells_before(prompt, prompt->cursor);
	struct buf safe = BUF_INIT;
	int width;
	int x;

	if (rect_empty(&area))
		return;
	label = label < area.w - area.w / 3 ? label : area.w - area.w / 3 - 1;
	width = area.w - label;
	scroll_to(prompt, cursor, cells_before(prompt, prompt->text.len), width);
	grid_fill(grid, area.x, area.y, area.w, 1, STYLE_FIELD);
	x = -prompt->scroll;
	for (size_t at = 0; at < prompt->text.len && x < width;) {
		const char *bytes = prompt->text.data + at;
		size_t used = prompt_piece(bytes, prompt->text.len - at, prompt->ascii, &safe);
		uint16_t style = is_itself(&safe, bytes, used) ? STYLE_FIELD : STYLE_DIM;

		for (size_t done = 0, len; done < safe.len; done += len) {
			int cells;

			len = text_next(safe.data + done, safe.len - done, &cells);
			if (x >= 0)
				grid_put(grid, area.x + label + x, area.y, width - x, safe.data + done, len, style);
			x += cells;
		}
		at += used;
	}
	grid_put(grid, area.x, area.y, label, prompt->label.data, prompt->label.len, STYLE_PROMPT);
	grid_cursor(grid, area.x + label + cursor - prompt->scroll, area.y);
	buf_fini(&safe);
}

/** How the candidates of a completion are laid out: all in one line if they fit, else in columns, a page at a time. */
struct words_layout {
	int column;      /* cells of a column with the blanks behind it; 0: one after the other */
	size_t columns;
	size_t first;    /* of the page */
	size_t end;      /* behind its last one */
	int lines;       /* for words */
	bool more;       /* there are other pages */
	size_t skip;     /* bytes at the front that are not shown: the directory that all share */
};

enum { WORD_GAP = 2 };

/** How many bytes all words begin with, up to a slash that is no word's last byte. */
static size_t shared_directory(const struct completions *words)
{
	const struct buf *first = &words->words[0];
	size_t skip = 0;

	for (size_t at = 0; at + 1 < first->len; at++) {
		for (size_t i = 1; i < words->count; i++)
			if (words->words[i].len < at + 2 || words->words[i].data[at] != first->data[at])
				return skip;
		skip = first->data[at] == '/' ? at + 1 : skip;
	}
	return skip;
}

/** Make `safe` what is shown of a word. Returns its cells. */
static int word_shown(const struct prompt *prompt, size_t index, size_t skip, int most, struct buf *safe)
{
	const struct buf *word = &prompt->words.words[index];
	struct buf whole = BUF_INIT;
	unsigned flags = prompt->ascii ? TEXT_ASCII : 0;

	buf_clear(safe);
	text_add(&whole, word->data + skip, word->len - skip, flags);
	text_fit(safe, whole.data, whole.len, most, flags);
	buf_fini(&whole);
	return text_width(safe->data, safe->len);
}

static struct words_layout words_place(const struct prompt *prompt, int width, int height)
{
	size_t count = prompt->words.count;
	struct words_layout layout = { .end = count, .lines = 1, .skip = shared_directory(&prompt->words) };
	struct buf safe = BUF_INIT;
	int total = -WORD_GAP;
	int widest = 1;
	size_t page;

	for (size_t i = 0; i < count; i++) {
		int cells = word_shown(prompt, i, layout.skip, width, &safe);

		widest = cells > widest ? cells : widest;
		total += total <= width ? cells + WORD_GAP : 0;
	}
	buf_fini(&safe);
	if (total <= width)
		return layout;
	layout.column = widest + WORD_GAP;
	layout.columns = size_max((size_t)(width + WORD_GAP) / (size_t)layout.column, 1);
	layout.more = count > layout.columns * (size_t)height;
	layout.lines = layout.more && height > 1 ? height - 1 : height;
	page = layout.columns * (size_t)layout.lines;
	if (layout.more) {
		layout.first = prompt->word < count ? prompt->word / page * page : 0;
		layout.end = size_min(layout.first + page, count);
	} else {
		layout.lines = (int)((count + layout.columns - 1) / layout.columns);
	}
	return layout;
}

/** Tell of other pages: in a line of its own, or at the end of the only one. */
static void paint_more(const struct prompt *prompt, struct grid *grid, const struct words_layout *layout, struct rect area, int height)
{
	struct buf text = BUF_INIT;

	if (height == 1) {
		grid_put_str(grid, area.x + area.w - 1, area.y, 1, prompt->ascii ? "~" : "…", STYLE_HINT);
		return;
	}
	buf_printf(&text, "%zu to %zu of %zu", layout->first + 1, layout->end, prompt->words.count);
	grid_put(grid, area.x, area.y + layout->lines, area.w, text.data, text.len, STYLE_DIM);
	buf_fini(&text);
}

bool prompt_paint_words(const struct prompt *prompt, struct grid *grid, struct rect area)
{
	struct buf safe = BUF_INIT;
	struct words_layout layout;
	int height;
	int x = 0;

	if (rect_empty(&area) || (!prompt->completing && !prompt->waiting))
		return false;
	if (prompt->waiting) {
		grid_fill(grid, area.x, area.y + area.h - 1, area.w, 1, STYLE_HINT);
		grid_put_str(grid, area.x, area.y + area.h - 1, area.w, prompt->ascii ? "reading..." : "reading…", STYLE_DIM);
		return true;
	}
	layout = words_place(prompt, area.w, area.h > 2 ? area.h / 2 : 1);
	height = layout.lines + (layout.more && area.h > 2 ? 1 : 0);
	area.y += area.h - height;
	grid_fill(grid, area.x, area.y, area.w, height, STYLE_HINT);
	for (size_t i = layout.first; i < layout.end; i++) {
		size_t at = i - layout.first;
		int y = layout.column ? (int)(at / layout.columns) : 0;

		x = layout.column ? (int)(at % layout.columns) * layout.column : x;
		word_shown(prompt, i, layout.skip, area.w, &safe);
		x += grid_put(grid, area.x + x, area.y + y, area.w - x, safe.data, safe.len,
		              i == prompt->word ? STYLE_SELECTED : STYLE_HINT) + WORD_GAP;
	}
	if (layout.more)
		paint_more(prompt, grid, &layout, area, height);
	buf_fini(&safe);
	return true;
}

enum question_result question_key(uint32_t key, bool pasted)
{
	if (pasted)
		return QUESTION_OPEN;
	if (key == 'y')
		return QUESTION_YES;
	if (key == 'n' || key == K_ENTER || key == K_ESC || key == KEY_CTRL('c'))
		return QUESTION_NO;
	return QUESTION_OPEN;
}
