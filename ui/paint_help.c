#include "paint.h"

#include <string.h>

#include "command.h"
#include "keys.h"
#include "list.h"
#include "text.h"

enum { KEYS_WIDTH = 17, NAME_WIDTH = 21 };

/** Append safe text and blanks up to a width, one blank at least. */
static void add_padded(struct buf *out, const struct buf *text, int width)
{
	int used = text_width(text->data, text->len);

	buf_add(out, text->data, text->len);
	do {
		buf_add_byte(out, ' ');
	} while (++used < width);
}

/** All keys that are bound to a command without operands. */
static void add_keys(const struct keymap *keymap, const char *name, struct buf *out)
{
	for (size_t i = 0; i < keymap_count(keymap); i++) {
		const uint32_t *keys;
		size_t len;

		if (strcmp(keymap_at(keymap, i, &keys, &len), name) != 0)
			continue;
		if (out->len > 0)
			buf_add_byte(out, ' ');
		keys_add(out, keys, len);
	}
}

static void add_command(const struct command *command, const struct keymap *keymap, struct lines *lines)
{
	struct buf keys = BUF_INIT;
	struct buf name = BUF_INIT;

	add_keys(keymap, command->name, &keys);
	buf_add_str(&name, command->name);
	if (command_operand(command)) {
		buf_add_byte(&name, ' ');
		buf_add_str(&name, command_operand(command));
	}
	add_padded(&lines->text, &keys, KEYS_WIDTH);
	add_padded(&lines->text, &name, NAME_WIDTH);
	buf_add_str(&lines->text, command->help);
	lines_end(lines, STYLE_NORMAL);
	buf_fini(&keys);
	buf_fini(&name);
}

/** Bindings to a command with its operands have a line of their own. */
static void add_lines(const struct keymap *keymap, struct lines *lines)
{
	for (size_t i = 0; i < keymap_count(keymap); i++) {
		struct buf text = BUF_INIT;
		const uint32_t *keys;
		size_t len;
		const char *line = keymap_at(keymap, i, &keys, &len);

		if (!strchr(line, ' '))
			continue;
		keys_add(&text, keys, len);
		add_padded(&lines->text, &text, KEYS_WIDTH);
		text_add(&lines->text, line, strlen(line), 0);
		lines_end(lines, STYLE_NORMAL);
		buf_fini(&text);
	}
}

void paint_help(const struct paint *p, const struct keymap *keymap, struct lines *lines)
{
	(void)p;
	for (size_t i = 0; i < command_count(); i++)
		add_command(command_at(i), keymap, lines);
	add_lines(keymap, lines);
}

/** The first of the keys that are bound to a command. Returns whether there is one. */
static bool first_key(const struct keymap *keymap, const char *name, struct buf *out)
{
	for (size_t i = 0; i < keymap_count(keymap); i++) {
		const uint32_t *keys;
		size_t len;

		if (strcmp(keymap_at(keymap, i, &keys, &len), name) != 0)
			continue;
		keys_add(out, keys, len);
		return true;
	}
	return false;
}

enum { MENU_INDENT = 1 };

/** A key and a word. Returns the column behind. */
static int paint_pair(const struct paint *p, int x, int y, int end, const struct buf *key, const char *word)
{
	int width = text_width(key->data, key->len) + 1 + text_width(word, strlen(word));

	if (x + width > end)
		return end;
	x += grid_put(p->grid, x, y, end - x, key->data, key->len, STYLE_HINT_KEY) + 1;
	return x + grid_put_str(p->grid, x, y, end - x, word, STYLE_HINT) + 2;
}

/** A key and a word of the hint line. */
struct hint {
	struct buf key;
	const char *word;
	int width;
};

enum {
	HINTS = 16,
	HINTS_KEPT = 2, /* the last ones, help and quit, are for those who know nothing: they stay */
};

/** All hints there are. Returns how many. */
static size_t collect_hints(const struct keymap *keymap, struct hint hints[HINTS])
{
	size_t count = 0;

	for (size_t i = 0; i < command_count() && count < HINTS; i++) {
		struct hint *hint = &hints[count];

		*hint = (struct hint){ .key = BUF_INIT, .word = command_at(i)->hint };
		if (!hint->word || !first_key(keymap, command_at(i)->name, &hint->key))
			continue;
		hint->width = text_width(hint->key.data, hint->key.len) + 1 + text_width(hint->word, strlen(hint->word)) + 2;
		count++;
	}
	return count;
}

/** Leave out what there is no room for, those before the kept ones first. Returns how many are left. */
static size_t fit_hints(struct hint hints[HINTS], size_t count, int room)
{
	int width = -2;

	for (size_t i = 0; i < count; i++)
		width += hints[i].width;
	while (width > room && count > HINTS_KEPT) {
		struct hint *out = &hints[--count - HINTS_KEPT];

		width -= out->width;
		buf_fini(&out->key);
		memmove(out, out + 1, HINTS_KEPT * sizeof *out);
	}
	return count;
}

void paint_hint(const struct paint *p, const struct keymap *keymap, struct rect rect)
{
	struct hint hints[HINTS];
	int x = rect.x + 1;
	size_t count;

	if (rect_empty(&rect))
		return;
	count = fit_hints(hints, collect_hints(keymap, hints), rect.w - 1);
	for (size_t i = 0; i < count; i++) {
		x = paint_pair(p, x, rect.y, rect.x + rect.w, &hints[i].key, hints[i].word);
		buf_fini(&hints[i].key);
	}
}

/** The room that a choice takes, with the blanks behind it. */
static int choice_width(const struct paint_choice *choice)
{
	return text_width(choice->key.data, choice->key.len) + text_width(choice->word.data, choice->word.len) + 3;
}

/** How many lines choices take when the first one begins in column `x`; at most `most`. */
static int menu_lines(const struct paint_choice *choices, size_t count, int x, int width, int most)
{
	int lines = 1;

	for (size_t i = 0; i < count && lines < most; i++) {
		if (x + choice_width(&choices[i]) - 2 > width && x > MENU_INDENT) {
			x = MENU_INDENT;
			lines++;
		}
		x += choice_width(&choices[i]);
	}
	return lines;
}

void paint_menu(const struct paint *p, const struct buf *label, const struct paint_choice *choices, size_t count, bool cursor)
{
	int width = p->grid->cols;
	int bottom = p->grid->rows;
	int x = MENU_INDENT + text_width(label->data, label->len) + 2;
	int y = bottom - menu_lines(choices, count, x, width, bottom);

	grid_fill(p->grid, 0, y, width, bottom - y, STYLE_HINT);
	grid_put(p->grid, MENU_INDENT, y, width - MENU_INDENT, label->data, label->len, STYLE_PROMPT);
	if (cursor)
		grid_cursor(p->grid, x < width ? x - 1 : width - 1, y);
	for (size_t i = 0; i < count; i++) {
		const struct paint_choice *choice = &choices[i];

		if (x + choice_width(choice) - 2 > width && x > MENU_INDENT) {
			x = MENU_INDENT;
			y++;
		}
		if (y == bottom) {
			grid_put_str(p->grid, width - 1, y - 1, 1, paint_sign(p, SIGN_ELLIPSIS), STYLE_HINT);
			return;
		}
		x += grid_put(p->grid, x, y, width - x, choice->key.data, choice->key.len, STYLE_HINT_KEY) + 1;
		x += paint_cut(p, x, y, width - x, &choice->word, STYLE_HINT) + 2;
	}
}

void paint_prefix(const struct paint *p, const struct keymap *keymap, const struct key_state *state)
{
	enum { NEXT_MAX = 64 };
	struct key_next next[NEXT_MAX];
	struct paint_choice choices[NEXT_MAX];
	size_t count = state->len > 0 ? size_min(keymap_next(keymap, state, next, NEXT_MAX), NEXT_MAX) : 0;
	struct buf text = BUF_INIT;

	key_state_add(&text, state);
	buf_add_str(&text, paint_sign(p, SIGN_ELLIPSIS));
	for (size_t i = 0; i < count; i++) {
		choices[i] = (struct paint_choice){ BUF_INIT, BUF_INIT };
		key_add(&choices[i].key, next[i].key);
		if (next[i].command)
			text_add(&choices[i].word, next[i].command, strlen(next[i].command), p->text);
		else
			buf_add_str(&choices[i].word, paint_sign(p, SIGN_ELLIPSIS));
	}
	paint_menu(p, &text, choices, count, false);
	for (size_t i = 0; i < count; i++) {
		buf_fini(&choices[i].key);
		buf_fini(&choices[i].word);
	}
	buf_fini(&text);
}
