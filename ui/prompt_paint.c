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

bool prompt_paint_words(const struct prompt *prompt, struct grid *grid, struct rect area)
{
	struct buf safe = BUF_INIT;
	size_t first = prompt->word < prompt->words.count ? prompt->word : 0;
	int x = 0;

	if (!prompt->completing || rect_empty(&area))
		return false;
	grid_fill(grid, area.x, area.y, area.w, 1, STYLE_HINT);
	for (size_t i = 0; i < prompt->words.count && x < area.w; i++) {
		size_t index = (first + i) % prompt->words.count;
		const struct buf *word = &prompt->words.words[index];

		buf_clear(&safe);
		text_add(&safe, word->data, word->len, prompt->ascii ? TEXT_ASCII : 0);
		x += grid_put(grid, area.x + x, area.y, area.w - x, safe.data, safe.len,
		              index == prompt->word ? STYLE_SELECTED : STYLE_HINT);
		x += 2;
	}
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
