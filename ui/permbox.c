#include "permbox.h"

#include <string.h>

#include "keys.h"
#include "text.h"

enum { ROWS = 3, COLUMNS = 4, OCTAL_MAX = 5, SYMBOLIC_MAX = 200 };

/** The bit of a box. */
static uint32_t bit_at(int row, int column)
{
	static const uint32_t bits[ROWS][COLUMNS] = {
		{ S_IRUSR, S_IWUSR, S_IXUSR, S_ISUID },
		{ S_IRGRP, S_IWGRP, S_IXGRP, S_ISGID },
		{ S_IROTH, S_IWOTH, S_IXOTH, S_ISVTX },
	};

	return bits[row][column];
}

void permbox_init(struct permbox *box, uint32_t mask, bool ascii)
{
	*box = (struct permbox){ .umask = mask, .boxes = { .mix = PERM_MIX_INIT } };
	prompt_init(&box->octal, "", "", 0, ascii);
	prompt_init(&box->symbolic, "", "", 0, ascii);
}

void permbox_fini(struct permbox *box)
{
	prompt_fini(&box->octal);
	prompt_fini(&box->symbolic);
	buf_fini(&box->paths);
	buf_fini(&box->user_name);
	for (size_t i = 0; i < box->past_count; i++)
		free(box->past[i].symbolic);
	free(box->past);
	free(box->items);
	free(box->listed);
}

int permbox_add(struct permbox *box, const char *path, size_t len, uint32_t mode, uint32_t uid, uint32_t gid,
                enum permbox_skip skip)
{
	if (vec_grow(&box->items, &box->cap, box->count + 1, sizeof *box->items) != 0)
		return -1;
	buf_add(&box->paths, path, len);
	box->items[box->count++] = (struct permbox_item){ box->paths.len, mode, uid, gid, (uint8_t)skip, NULL };
	if (skip == PERMBOX_NOT_SKIPPED)
		perm_mix_add(&box->boxes.mix, mode);
	box->has_dirs |= S_ISDIR(mode);
	box->same_owner = (box->count == 1 || box->same_owner) && box->items[0].uid == uid && box->items[0].gid == gid;
	return box->paths.failed ? -1 : 0;
}

const char *permbox_path(const struct permbox *box, size_t index, size_t *len)
{
	size_t begin = index > 0 ? box->items[index - 1].path_end : 0;

	*len = box->items[index].path_end - begin;
	return box->paths.data + begin;
}

static bool is_symbolic(const struct permbox *box)
{
	return box->symbolic.text.len > 0;
}

uint32_t permbox_new_mode(const struct permbox *box, size_t index)
{
	const struct permbox_item *item = &box->items[index];

	if (item->skip != PERMBOX_NOT_SKIPPED)
		return item->mode;
	if (!is_symbolic(box))
		return perm_boxes_apply(&box->boxes, item->mode);
	return box->edit_ok ? perm_apply(&box->edit, item->mode, box->umask) : item->mode;
}

struct perm_mix permbox_shown(const struct permbox *box)
{
	struct perm_mix mix = PERM_MIX_INIT;

	if (!is_symbolic(box))
		return perm_boxes_shown(&box->boxes);
	for (size_t i = 0; i < box->count; i++)
		if (box->items[i].skip == PERMBOX_NOT_SKIPPED)
			perm_mix_add(&mix, permbox_new_mode(box, i));
	return mix;
}

void permbox_mode(const struct permbox *box, struct buf *out)
{
	if (is_symbolic(box))
		buf_add(out, box->symbolic.text.data, box->symbolic.text.len);
	else
		perm_boxes_text(out, &box->boxes);
}

size_t permbox_acls(const struct permbox *box, size_t *all)
{
	size_t count = 0;

	*all = 0;
	for (size_t i = 0; i < box->count; i++) {
		*all += box->items[i].skip == PERMBOX_NOT_SKIPPED;
		count += box->items[i].skip == PERMBOX_NOT_SKIPPED && box->items[i].acl;
	}
	return count;
}

bool permbox_can_apply(const struct permbox *box)
{
	if (is_symbolic(box))
		return box->edit_ok;
	return box->octal_ok && (box->boxes.set | box->boxes.clear) != 0;
}

/** Work out what the list shows. */
static int list_changes(struct permbox *box)
{
	box->listed_count = 0;
	box->changes = 0;
	if (vec_grow(&box->listed, &box->listed_cap, box->count, sizeof *box->listed) != 0)
		return -1;
	for (size_t i = 0; i < box->count; i++) {
		bool changes = permbox_new_mode(box, i) != box->items[i].mode;

		box->changes += changes;
		if (changes || box->items[i].skip != PERMBOX_NOT_SKIPPED)
			box->listed[box->listed_count++] = (uint32_t)i;
	}
	return 0;
}

/** The octal field follows the boxes, unless it is the one that is typed into. */
static void show_octal(struct permbox *box)
{
	struct perm_mix mix = permbox_shown(box);
	struct buf text = BUF_INIT;

	perm_mix_octal(&text, &mix);
	prompt_set(&box->octal, text.data, text.len);
	box->octal_ok = true;
	buf_fini(&text);
}

/** The edit is another. */
static enum permbox_result changed(struct permbox *box)
{
	if (box->field != PERMBOX_OCTAL)
		show_octal(box);
	box->top = 0;
	return list_changes(box) == 0 ? PERMBOX_CHANGED : PERMBOX_LEAVE;
}

int permbox_ready(struct permbox *box)
{
	show_octal(box);
	return list_changes(box);
}

/* ---- taking back ---------------------------------------------------------------- */

/** What the edit is now. */
static struct permbox_past take_past(const struct permbox *box)
{
	struct permbox_past past = { box->boxes.set, box->boxes.clear, box->recursive, NULL, box->symbolic.text.len };

	if (past.symbolic_len > 0)
		past.symbolic = malloc(past.symbolic_len);
	if (past.symbolic)
		memcpy(past.symbolic, box->symbolic.text.data, past.symbolic_len);
	else
		past.symbolic_len = 0;
	return past;
}

/** Keep, after a change, what the edit was before; `past` is taken over. What is typed in one go is one change. */
static void keep_past(struct permbox *box, struct permbox_past past, bool typed)
{
	bool same_go = typed && box->typing;

	box->typing = typed;
	if (same_go || vec_grow(&box->past, &box->past_cap, box->past_count + 1, sizeof *box->past) != 0)
		free(past.symbolic);
	else
		box->past[box->past_count++] = past;
}

/** Back to what was before the last change. */
static enum permbox_result undo(struct permbox *box)
{
	struct permbox_past past;

	if (box->past_count == 0)
		return PERMBOX_EDITING;
	past = box->past[--box->past_count];
	box->boxes.set = past.set;
	box->boxes.clear = past.clear;
	box->recursive = past.recursive;
	prompt_set(&box->symbolic, past.symbolic ? past.symbolic : "", past.symbolic_len);
	box->edit_ok = past.symbolic_len > 0 && perm_parse(&box->edit, past.symbolic, past.symbolic_len, &box->edit_error) == 0;
	free(past.symbolic);
	box->typing = false;
	box->octal_fresh = true;
	show_octal(box);
	box->top = 0;
	return list_changes(box) == 0 ? PERMBOX_CHANGED : PERMBOX_LEAVE;
}

/** What the symbolic field says becomes touched boxes, as far as these can say it; then it is empty. */
static void take_over_symbolic(struct permbox *box)
{
	struct perm_mix result;

	if (!is_symbolic(box))
		return;
	result = permbox_shown(box);
	box->boxes.set = 0;
	box->boxes.clear = 0;
	for (uint32_t bit = 1; bit <= S_ISUID; bit <<= 1) {
		enum perm_box state = perm_mix_box(&result, bit);

		if (state != PERM_MIXED && state != perm_mix_box(&box->boxes.mix, bit))
			perm_boxes_put(&box->boxes, bit, state);
	}
	prompt_set(&box->symbolic, "", 0);
}

static enum permbox_result toggle(struct permbox *box)
{
	if (box->field == PERMBOX_RECURSIVE) {
		if (!box->has_dirs)
			return PERMBOX_EDITING;
		keep_past(box, take_past(box), false);
		box->recursive = !box->recursive;
		return changed(box);
	}
	keep_past(box, take_past(box), false);
	take_over_symbolic(box);
	perm_boxes_toggle(&box->boxes, bit_at(box->row, box->column));
	return changed(box);
}

static enum permbox_result boxes_key(struct permbox *box, uint32_t key)
{
	switch (key) {
	case K_UP:
	case 'k':
		box->row = box->row > 0 ? box->row - 1 : 0;
		return PERMBOX_EDITING;
	case K_DOWN:
	case 'j':
		box->row = box->row < ROWS - 1 ? box->row + 1 : box->row;
		return PERMBOX_EDITING;
	case K_LEFT:
	case 'h':
		box->column = box->column > 0 ? box->column - 1 : 0;
		return PERMBOX_EDITING;
	case K_RIGHT:
	case 'l':
		box->column = box->column < COLUMNS - 1 ? box->column + 1 : box->column;
		return PERMBOX_EDITING;
	case ' ':
		return toggle(box);
	default:
		return PERMBOX_EDITING;
	}
}

/** May nothing more be typed into a field? */
static bool is_full(const struct prompt *prompt, size_t max)
{
	size_t len;

	prompt_text(prompt, &len);
	return len >= max;
}

/** The text of the octal field is the edit, if it is one; otherwise there is none. What is typed first takes the place of what stood there. */
static enum permbox_result octal_key(struct permbox *box, uint32_t key, bool pasted)
{
	struct perm_boxes boxes = { .mix = box->boxes.mix };
	enum permbox_result result;
	const char *text;
	size_t len;
	bool ok;

	if (key_is_text(key) ? (key != '-' && (key < '0' || key > '7')) || (!box->octal_fresh && is_full(&box->octal, OCTAL_MAX)) : pasted)
		return PERMBOX_EDITING;
	if (box->octal_fresh && key_is_text(key))
		prompt_set(&box->octal, "", 0);
	box->octal_fresh = false;
	if (prompt_key(&box->octal, key, pasted) != PROMPT_CHANGED)
		return PERMBOX_EDITING;
	keep_past(box, take_past(box), true);
	text = prompt_text(&box->octal, &len);
	ok = perm_boxes_octal(&boxes, text, len) == 0;
	if (ok)
		prompt_set(&box->symbolic, "", 0);
	else
		boxes = (struct perm_boxes){ .mix = box->boxes.mix };
	box->boxes = boxes;
	result = changed(box);
	box->octal_ok = ok;
	return result;
}

static enum permbox_result symbolic_key(struct permbox *box, uint32_t key, bool pasted)
{
	struct permbox_past past;
	const char *text;
	size_t len;

	if (key_is_text(key) && is_full(&box->symbolic, SYMBOLIC_MAX))
		return PERMBOX_EDITING;
	past = take_past(box);
	if (prompt_key(&box->symbolic, key, pasted) != PROMPT_CHANGED) {
		free(past.symbolic);
		return PERMBOX_EDITING;
	}
	keep_past(box, past, true);
	text = prompt_text(&box->symbolic, &len);
	box->boxes.set = 0;
	box->boxes.clear = 0;
	box->edit_ok = len > 0 && perm_parse(&box->edit, text, len, &box->edit_error) == 0;
	return changed(box);
}

static void scroll(struct permbox *box, bool down, size_t by)
{
	box->top = down ? box->top + by : box->top - size_min(by, box->top);
}

static enum permbox_result list_key(struct permbox *box, uint32_t key)
{
	if (key == K_DOWN || key == 'j')
		scroll(box, true, 1);
	if (key == K_UP || key == 'k')
		scroll(box, false, 1);
	return PERMBOX_EDITING;
}

/** To the next or the previous field. */
static enum permbox_result step(struct permbox *box, int by)
{
	box->field = (enum permbox_field)(((int)box->field + by + PERMBOX_FIELDS) % PERMBOX_FIELDS);
	box->typing = false;
	show_octal(box);
	box->octal_fresh = true;
	return PERMBOX_EDITING;
}

enum permbox_result permbox_key(struct permbox *box, uint32_t key, bool pasted)
{
	if (pasted && box->field != PERMBOX_OCTAL && box->field != PERMBOX_SYMBOLIC)
		return PERMBOX_EDITING;
	if (!pasted) {
		switch (key) {
		case K_ESC:
		case KEY_CTRL('c'):
			return PERMBOX_LEAVE;
		case K_ENTER:
			return PERMBOX_APPLY;
		case K_TAB:
			return step(box, 1);
		case K_BACKTAB:
			return step(box, -1);
		case K_PGDN:
		case K_PGUP:
			scroll(box, key == K_PGDN, size_max(box->height, 2) - 1);
			return PERMBOX_EDITING;
		default:
			break;
		}
		if (key == 'u' && box->field != PERMBOX_SYMBOLIC)
			return undo(box);
		if (key == 'w' && box->field != PERMBOX_SYMBOLIC)
			return PERMBOX_USER;
	}
	switch (box->field) {
	case PERMBOX_BOXES:
		return boxes_key(box, key);
	case PERMBOX_OCTAL:
		return octal_key(box, key, pasted);
	case PERMBOX_SYMBOLIC:
		return symbolic_key(box, key, pasted);
	case PERMBOX_RECURSIVE:
		return key == ' ' ? toggle(box) : PERMBOX_EDITING;
	default:
		return list_key(box, key);
	}
}
