#include "prompt.h"

#include <string.h>

#include "keys.h"
#include "text.h"

/** Replace what a buffer holds. */
static void buf_set(struct buf *buf, const char *bytes, size_t len)
{
	buf_clear(buf);
	buf_add(buf, bytes, len);
}

static bool buf_is(const struct buf *buf, const char *bytes, size_t len)
{
	return buf->len == len && (len == 0 || memcmp(buf->data, bytes, len) == 0);
}

void history_add(struct history *history, const char *bytes, size_t len)
{
	struct buf line = BUF_INIT;
	size_t gone = 0;

	while (gone < history->count && !buf_is(&history->lines[gone], bytes, len))
		gone++;
	if (gone == history->count)
		gone = history->count < HISTORY_MAX ? history->count : 0;
	buf_add(&line, bytes, len);
	if (len == 0 || line.failed || vec_grow(&history->lines, &history->cap, history->count + 1, sizeof line) != 0) {
		buf_fini(&line);
		return;
	}
	if (gone < history->count) {
		buf_fini(&history->lines[gone]);
		history->count--;
		memmove(&history->lines[gone], &history->lines[gone + 1], (history->count - gone) * sizeof line);
	}
	history->lines[history->count++] = line;
}

void history_fini(struct history *history)
{
	for (size_t i = 0; i < history->count; i++)
		buf_fini(&history->lines[i]);
	free(history->lines);
	*history = (struct history){ .count = 0 };
}

void completions_add(struct completions *list, const char *bytes, size_t len)
{
	struct buf word = BUF_INIT;

	buf_add(&word, bytes, len);
	if (word.failed || vec_grow(&list->words, &list->cap, list->count + 1, sizeof word) != 0) {
		list->failed = true;
		buf_fini(&word);
		return;
	}
	list->words[list->count++] = word;
}

static int by_bytes(const void *a, const void *b)
{
	const struct buf *one = a;
	const struct buf *two = b;
	int order = memcmp(one->data, two->data, size_min(one->len, two->len));

	return order ? order : (one->len > two->len) - (one->len < two->len);
}

void completions_sort(struct completions *list)
{
	if (list->count > 1)
		qsort(list->words, list->count, sizeof *list->words, by_bytes);
}

static void completions_clear(struct completions *list)
{
	for (size_t i = 0; i < list->count; i++)
		buf_fini(&list->words[i]);
	free(list->words);
	*list = (struct completions){ .count = 0 };
}

void prompt_init(struct prompt *prompt, const char *label, const char *text, size_t len, bool ascii)
{
	*prompt = (struct prompt){ .ascii = ascii };
	buf_add_str(&prompt->label, label);
	prompt_set(prompt, text, len);
}

void prompt_fini(struct prompt *prompt)
{
	buf_fini(&prompt->label);
	buf_fini(&prompt->text);
	buf_fini(&prompt->killed);
	buf_fini(&prompt->typed);
	completions_clear(&prompt->words);
}

void prompt_use_history(struct prompt *prompt, struct history *history)
{
	prompt->history = history;
	prompt->recall = history ? history->count : 0;
}

void prompt_use_completion(struct prompt *prompt, prompt_complete *complete, void *arg)
{
	prompt->complete = complete;
	prompt->complete_arg = arg;
}

const char *prompt_text(const struct prompt *prompt, size_t *len)
{
	*len = prompt->text.len;
	return prompt->text.len > 0 ? prompt->text.data : "";
}

/** Replace the bytes from `from` to `to` of the text; the cursor goes behind the new ones. */
static enum prompt_result replace(struct prompt *prompt, size_t from, size_t to, const char *bytes, size_t len)
{
	struct buf *text = &prompt->text;
	size_t tail = text->len - to;

	if (from + len + tail > PROMPT_MAX || (len > to - from && !buf_room(text, len - (to - from))))
		return PROMPT_EDITING;
	if (tail > 0)
		memmove(text->data + from + len, text->data + to, tail);
	if (len > 0)
		memcpy(text->data + from, bytes, len);
	text->len = from + len + tail;
	prompt->cursor = from + len;
	return PROMPT_CHANGED;
}

void prompt_set(struct prompt *prompt, const char *bytes, size_t len)
{
	(void)replace(prompt, 0, prompt->text.len, bytes, len);
}

void prompt_before_extension(struct prompt *prompt)
{
	for (size_t i = prompt->text.len; i-- > 1;) {
		if (prompt->text.data[i] == '.') {
			prompt->cursor = i;
			return;
		}
	}
}

/** The length of the character at the beginning; a byte that belongs to none is one. */
static size_t char_len(const char *bytes, size_t len)
{
	uint32_t scalar;
	int used = utf8_decode(bytes, len, &scalar);

	return used > 0 ? (size_t)used : 1;
}

size_t prompt_piece(const char *bytes, size_t len, bool ascii, struct buf *out)
{
	unsigned flags = ascii ? TEXT_ASCII : 0;
	size_t used = char_len(bytes, len);
	struct buf longer = BUF_INIT;

	buf_clear(out);
	if (used == 1 && bytes[0] >= ' ' && bytes[0] < 0x7f)
		buf_add(out, bytes, 1);  /* a blank or backslash is itself here, whatever it means in a name */
	else
		text_add(out, bytes, used, flags);
	while (used < len && (unsigned char)bytes[used] >= 0xcc) {  /* no mark begins with less */
		size_t more = used + char_len(bytes + used, len - used);
		int width;

		buf_clear(&longer);
		text_add(&longer, bytes, more, flags);
		if (longer.len != more || text_next(longer.data, longer.len, &width) != more)
			break;
		buf_set(out, longer.data, longer.len);
		used = more;
	}
	buf_fini(&longer);
	return used;
}

/** Where the piece behind, or before, an offset ends, or begins. */
static size_t next_piece(const struct prompt *prompt, size_t at)
{
	struct buf safe = BUF_INIT;

	if (at < prompt->text.len)
		at += prompt_piece(prompt->text.data + at, prompt->text.len - at, prompt->ascii, &safe);
	buf_fini(&safe);
	return at;
}

static size_t previous_piece(const struct prompt *prompt, size_t before)
{
	struct buf safe = BUF_INIT;
	size_t at = 0;
	size_t begin = 0;

	while (at < before) {
		begin = at;
		at += prompt_piece(prompt->text.data + at, prompt->text.len - at, prompt->ascii, &safe);
	}
	buf_fini(&safe);
	return begin;
}

/** Whether a byte is part of a word, as Alt-b and Alt-f see it. */
static bool in_word(char byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (unsigned char)byte >= 0x80;
}

static size_t word_end(const struct prompt *prompt)
{
	const struct buf *text = &prompt->text;
	size_t at = prompt->cursor;

	while (at < text->len && !in_word(text->data[at]))
		at++;
	while (at < text->len && in_word(text->data[at]))
		at++;
	return at;
}

static size_t word_begin(const struct prompt *prompt)
{
	size_t at = prompt->cursor;

	while (at > 0 && !in_word(prompt->text.data[at - 1]))
		at--;
	while (at > 0 && in_word(prompt->text.data[at - 1]))
		at--;
	return at;
}

/** Where the word before the cursor begins when only blanks part words (^w). */
static size_t blank_word_begin(const struct prompt *prompt)
{
	size_t at = prompt->cursor;

	while (at > 0 && prompt->text.data[at - 1] == ' ')
		at--;
	while (at > 0 && prompt->text.data[at - 1] != ' ')
		at--;
	return at;
}

/** Cut from `from` to `to` for ^y; one cut right after another adds to it at the side it lies. */
static enum prompt_result kill_span(struct prompt *prompt, size_t from, size_t to, bool was_killing)
{
	struct buf whole = BUF_INIT;
	bool backward = to == prompt->cursor;

	prompt->killing = true;
	if (from == to)
		return PROMPT_EDITING;
	if (was_killing && !backward)
		buf_add(&whole, prompt->killed.data, prompt->killed.len);
	buf_add(&whole, prompt->text.data + from, to - from);
	if (was_killing && backward)
		buf_add(&whole, prompt->killed.data, prompt->killed.len);
	buf_fini(&prompt->killed);
	prompt->killed = whole;
	return replace(prompt, from, to, NULL, 0);
}

/** Whether a line of the history may be recalled: it begins with what was typed, and is not what stands there. */
static bool recallable(const struct prompt *prompt, const struct buf *line)
{
	return line->len >= prompt->prefix && !buf_is(line, prompt->text.data, prompt->text.len) &&
	       (prompt->prefix == 0 || memcmp(line->data, prompt->typed.data, prompt->prefix) == 0);
}

static enum prompt_result recall_older(struct prompt *prompt)
{
	const struct history *history = prompt->history;

	if (!history)
		return PROMPT_EDITING;
	if (prompt->recall >= history->count) {
		prompt->recall = history->count;
		buf_set(&prompt->typed, prompt->text.data, prompt->text.len);
		prompt->prefix = prompt->cursor;
	}
	for (size_t i = prompt->recall; i-- > 0;) {
		if (!recallable(prompt, &history->lines[i]))
			continue;
		prompt->recall = i;
		prompt_set(prompt, history->lines[i].data, history->lines[i].len);
		return PROMPT_CHANGED;
	}
	return PROMPT_EDITING;
}

static enum prompt_result recall_newer(struct prompt *prompt)
{
	const struct history *history = prompt->history;

	if (!history || prompt->recall >= history->count)
		return PROMPT_EDITING;
	for (size_t i = prompt->recall + 1; i < history->count; i++) {
		if (!recallable(prompt, &history->lines[i]))
			continue;
		prompt->recall = i;
		prompt_set(prompt, history->lines[i].data, history->lines[i].len);
		return PROMPT_CHANGED;
	}
	prompt->recall = history->count;
	prompt_set(prompt, prompt->typed.data, prompt->typed.len);
	prompt->cursor = prompt->prefix;
	return PROMPT_CHANGED;
}

/** The bytes all candidates begin with, never a part of a character. */
static size_t common_len(const struct completions *words)
{
	const struct buf *first = &words->words[0];
	size_t len = first->len;
	size_t whole = 0;

	for (size_t i = 1; i < words->count; i++) {
		const struct buf *word = &words->words[i];
		size_t same = 0;

		while (same < size_min(len, word->len) && word->data[same] == first->data[same])
			same++;
		len = same;
	}
	while (whole < len) {
		size_t next = whole + char_len(first->data + whole, first->len - whole);

		if (next > len)
			break;
		whole = next;
	}
	return whole;
}

/** The first Tab: ask for candidates, and put what they have in common. */
static enum prompt_result complete_first(struct prompt *prompt)
{
	struct completions *words = &prompt->words;
	size_t start = 0;
	size_t common;
	size_t len;
	const char *text = prompt_text(prompt, &len);

	completions_clear(words);
	if (!prompt->complete)
		return PROMPT_EDITING;
	prompt->complete(prompt->complete_arg, text, prompt->cursor, &start, words);
	start = size_min(start, prompt->cursor);
	prompt->word_start = start;
	prompt->word = words->count;
	prompt->completing = words->count > 1;
	prompt->waiting = words->pending;
	if (words->count == 0)
		return PROMPT_EDITING;
	common = common_len(words);
	if (words->count > 1 && common <= prompt->cursor - start)
		return PROMPT_EDITING;
	return replace(prompt, start, prompt->cursor, words->words[0].data, common);
}

/** Another Tab or Shift-Tab: put the next candidate, or the one before. */
static enum prompt_result complete_next(struct prompt *prompt, bool back)
{
	size_t count = prompt->words.count;
	size_t none = prompt->word >= count;
	const struct buf *word;

	if (back)
		prompt->word = none || prompt->word == 0 ? count - 1 : prompt->word - 1;
	else
		prompt->word = none || prompt->word + 1 == count ? 0 : prompt->word + 1;
	prompt->completing = true;
	word = &prompt->words.words[prompt->word];
	return replace(prompt, prompt->word_start, prompt->cursor, word->data, word->len);
}

enum prompt_result prompt_resume(struct prompt *prompt)
{
	return prompt->waiting ? complete_first(prompt) : PROMPT_EDITING;
}

static enum prompt_result insert_key(struct prompt *prompt, uint32_t key)
{
	char bytes[4];
	size_t len = 1;

	if (key >= K_BYTE)
		bytes[0] = (char)(key - K_BYTE);
	else
		len = utf8_encode(key, bytes);
	return replace(prompt, prompt->cursor, prompt->cursor, bytes, len);
}

static enum prompt_result move_to(struct prompt *prompt, size_t at)
{
	prompt->cursor = at;
	return PROMPT_EDITING;
}

/** A key that ends the prompt, moves, or walks through the history; `*known` is false for any other. */
static enum prompt_result key_move(struct prompt *prompt, uint32_t key, bool *known)
{
	switch (key) {
	case K_ENTER:
		if (prompt->history)
			history_add(prompt->history, prompt->text.data, prompt->text.len);
		return PROMPT_ACCEPTED;
	case K_ESC:
	case KEY_CTRL('c'):
	case KEY_CTRL('g'):
		return PROMPT_CANCELLED;
	case KEY_CTRL('a'):
	case K_HOME:
		return move_to(prompt, 0);
	case KEY_CTRL('e'):
	case K_END:
		return move_to(prompt, prompt->text.len);
	case KEY_CTRL('b'):
	case K_LEFT:
		return move_to(prompt, previous_piece(prompt, prompt->cursor));
	case KEY_CTRL('f'):
	case K_RIGHT:
		return move_to(prompt, next_piece(prompt, prompt->cursor));
	case K_ALT | 'b':
	case K_C_LEFT:
		return move_to(prompt, word_begin(prompt));
	case K_ALT | 'f':
	case K_C_RIGHT:
		return move_to(prompt, word_end(prompt));
	case KEY_CTRL('p'):
	case K_UP:
		return recall_older(prompt);
	case KEY_CTRL('n'):
	case K_DOWN:
		return recall_newer(prompt);
	default:
		*known = false;
		return PROMPT_EDITING;
	}
}

/** A key that changes the text. */
static enum prompt_result key_edit(struct prompt *prompt, uint32_t key, bool was_killing)
{
	size_t cursor = prompt->cursor;

	switch (key) {
	case KEY_CTRL('h'):
	case K_BACKSPACE:
		return cursor == 0 ? PROMPT_EDITING : replace(prompt, previous_piece(prompt, cursor), cursor, NULL, 0);
	case KEY_CTRL('d'):
		if (prompt->text.len == 0)
			return PROMPT_CANCELLED;
		/* fall through */
	case K_DELETE:
		if (cursor == prompt->text.len)
			return PROMPT_EDITING;
		return replace(prompt, cursor, next_piece(prompt, cursor), NULL, 0);
	case KEY_CTRL('u'):
		return kill_span(prompt, 0, cursor, was_killing);
	case KEY_CTRL('k'):
		return kill_span(prompt, cursor, prompt->text.len, was_killing);
	case KEY_CTRL('w'):
		return kill_span(prompt, blank_word_begin(prompt), cursor, was_killing);
	case K_ALT | K_BACKSPACE:
		return kill_span(prompt, word_begin(prompt), cursor, was_killing);
	case K_ALT | 'd':
		return kill_span(prompt, cursor, word_end(prompt), was_killing);
	case KEY_CTRL('y'):
		return replace(prompt, cursor, cursor, prompt->killed.data, prompt->killed.len);
	default:
		return key_is_text(key) ? insert_key(prompt, key) : PROMPT_EDITING;
	}
}

enum prompt_result prompt_key(struct prompt *prompt, uint32_t key, bool pasted)
{
	bool was_killing = prompt->killing;
	bool was_completing = prompt->completing;
	bool known = true;
	enum prompt_result result;

	prompt->killing = false;
	prompt->completing = false;
	prompt->waiting = false;
	if (pasted) {
		key = key == K_ENTER || key == K_TAB ? ' ' : key;
		return key_is_text(key) ? insert_key(prompt, key) : PROMPT_EDITING;
	}
	if (key == K_TAB || key == K_BACKTAB)
		return was_completing ? complete_next(prompt, key == K_BACKTAB) : complete_first(prompt);
	result = key_move(prompt, key, &known);
	if (known)
		return result;
	result = key_edit(prompt, key, was_killing);
	if (result == PROMPT_CHANGED && prompt->history)
		prompt->recall = prompt->history->count;
	return result;
}
