#include "paint_pane.h"

#include <string.h>

#include "options.h"
#include "text.h"

/*
 * A row:  mark · letters · blank · differences · blank · indent · sign · blank · name … the other columns
 * The letters stand in every pane. The eight places of the differences become the letters that stand, three of them at most, when
 * name and size would have no room beside them; and are left out where not even that goes.
 */
enum {
	DIFFERS_ALL = 8,
	DIFFERS_SHORT = 3,
	ROOM_ALL = 31,     /* cells behind the letters that the eight places need */
	ROOM_SHORT = 15,
	REASON_LEAD = 3,
	ROLLUP_NAME = 6,   /* cells that a roll-up leaves to the name of its directory */
};

static const char differ_letters[] = "tlscmogp";

static const char *const differ_words[] = { "type", "target", "size", "content", "mtime", "owner", "group", "mode" };

static const struct {
	enum compare_state state;
	const char *word;
	uint16_t style;
} states[] = {
	{ COMPARE_DIFFERENT, "different", STYLE_DIFFERENT }, { COMPARE_MISSING, "missing", STYLE_MISSING },
	{ COMPARE_ERROR, "unreadable", STYLE_ERROR },        { COMPARE_PENDING, "unknown", STYLE_PENDING },
	{ COMPARE_SAME, "same", STYLE_NORMAL },
};

/** Where the parts of a row stand. */
struct places {
	int letters;      /* how many */
	int differs;      /* cells for the differences, or 0 */
	int lead;         /* all cells before the columns, the mark included */
	struct column_places columns;
};

static struct places places_of(const struct paint *p, const struct comparison *comparison, int width)
{
	struct places places = { .letters = (int)comparison->count };
	int room = width - places.letters - 1;

	places.differs = room >= ROOM_ALL ? DIFFERS_ALL : room >= ROOM_SHORT ? DIFFERS_SHORT : 0;
	places.lead = ROW_MARK + places.letters + 1 + (places.differs ? places.differs + 1 : 0);
	columns_place(p->columns, width - places.lead, &places.columns);
	return places;
}

void paint_compared_header(const struct paint *p, const struct comparison *comparison, struct rect line)
{
	struct places places = places_of(p, comparison, line.w);
	int x = line.x + 1;

	for (int i = 0; i < places.letters; i++) {
		char digit[2] = { (char)('1' + i % 9), '\0' };

		grid_put_str(p->grid, x + i, line.y, line.w - 1 - i, digit, STYLE_HEADER);
	}
	x += places.letters + 1;
	if (places.differs == DIFFERS_ALL)
		grid_put_str(p->grid, x, line.y, DIFFERS_ALL, differ_letters, STYLE_HEADER);
	paint_column_heads(p, &places.columns, line.x + places.lead, line.y);
}

static uint16_t letter_style(char letter)
{
	switch (letter) {
	case '-':
		return STYLE_MISSING;
	case '!':
		return STYLE_ERROR;
	case '.':
		return STYLE_PENDING;
	default:
		return style_class((unsigned)(letter - 'a'));
	}
}

/** Append the differences in `cells` places. */
static void add_differs(struct buf *out, unsigned differs, int cells)
{
	int standing = 0;

	for (unsigned i = 0; i < DIFFERS_ALL; i++)
		standing += (int)(differs >> i & 1);
	for (unsigned i = 0; i < DIFFERS_ALL; i++) {
		bool stands = differs & 1U << i;

		if (cells == DIFFERS_ALL)
			buf_add_byte(out, stands ? differ_letters[i] : '.');
		else if (stands && (standing <= cells || (int)out->len < cells - 1))
			buf_add_byte(out, differ_letters[i]);
	}
	if (cells < DIFFERS_ALL && standing > cells)
		buf_add_byte(out, '+');
}

static void paint_letters(const struct paint *p, const struct compare_look *look, struct places places, int x, int y, uint16_t flags)
{
	struct buf differs = BUF_INIT;

	for (int i = 0; i < places.letters; i++) {
		char letter[2] = { look->letters[i], '\0' };

		grid_put_str(p->grid, x + i, y, 1, letter, letter_style(letter[0]) | flags);
	}
	if (places.differs) {
		add_differs(&differs, look->differs, places.differs);
		grid_put(p->grid, x + places.letters + 1, y, places.differs, differs.data, differs.len,
		         (look->differs ? STYLE_DIFFERENT : STYLE_DIM) | flags);
	}
	buf_fini(&differs);
}

/** Append rows by state in signs: "≠3 -1 !2 ?5 =12". */
static void add_signs(const struct paint *p, const struct compare_counts *counts, unsigned shown, struct buf *out)
{
	const char *const signs[] = { paint_sign(p, SIGN_DIFFERS), "-", "!", "?", "=" };
	size_t begin = out->len;

	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		if (!(shown & 1U << states[i].state) || counts->of[states[i].state] == 0)
			continue;
		buf_add_str(out, out->len > begin ? " " : "");
		buf_add_str(out, signs[i]);
		text_count(out, counts->of[states[i].state]);
	}
}

/** May more come below a directory, in any pane? */
static bool is_growing(const struct comparison *comparison, compare_id row)
{
	for (size_t i = 0; i < comparison->count; i++) {
		entry_id id = compare_entry(comparison->compare, row, i);
		const struct dir *dir = id ? tree_dir(comparison->panes[i]->tree, id) : NULL;

		if (dir && dir->total.growing > 0)
			return true;
	}
	return comparison->settling;
}

/** Append the roll-up of a directory: "≠3 -1 !2 ?5", or "=12" when all is the same; with a `+` while there may be more. */
static void add_rollup(const struct paint *p, const struct comparison *comparison, compare_id row, struct buf *out)
{
	const struct compare_counts *below = compare_below(comparison->compare, row);

	if (!below)
		return;
	add_signs(p, below, COMPARE_SHOW_ALL & ~(1U << COMPARE_SAME), out);
	if (out->len == 0)
		add_signs(p, below, 1U << COMPARE_SAME, out);
	if (is_growing(comparison, row))
		buf_add_byte(out, '+');
}

/** The name of an entry, and behind it what is below. */
static void paint_compared_name(const struct paint *p, const struct pane *pane, entry_id id, compare_id row, int x, int y, int width,
                                uint16_t flags)
{
	struct buf name = BUF_INIT;
	struct buf rollup = BUF_INIT;
	int used = 0;

	add_rollup(p, pane->session->comparison, row, &rollup);
	if (rollup.len > 0)
		used = text_width(rollup.data, rollup.len) + 1;
	paint_name(p, pane->tree, id, false, &name);
	if (used > 0 && width - used < ROLLUP_NAME && width - used < text_width(name.data, name.len))
		used = 0;
	paint_cut(p, x, y, width - used, &name, paint_entry_style(p, pane->tree, id) | flags);
	if (used > 0)
		grid_put(p->grid, x + width - used + 1, y, used - 1, rollup.data, rollup.len, STYLE_COUNT | flags);
	buf_fini(&name);
	buf_fini(&rollup);
}

/** What stands where a pane has no entry. */
static void paint_gap(const struct paint *p, unsigned know, int x, int y, int width, uint16_t flags)
{
	if (know == COMPARE_UNKNOWN)
		grid_put_str(p->grid, x, y, width, paint_sign(p, SIGN_ELLIPSIS), STYLE_PENDING | flags);
	else if (know == COMPARE_LEFT_OUT)
		grid_put_str(p->grid, x, y, width, "(not entered)", STYLE_DIM | flags);
}

/** A run of rows that are the same. */
static void paint_run(const struct paint *p, uint32_t run, struct places places, struct rect line, uint16_t flags)
{
	struct buf text = BUF_INIT;

	buf_add_byte(&text, '=');
	buf_add_byte(&text, ' ');
	text_count(&text, run);
	buf_add_str(&text, " same");
	paint_cut(p, line.x + places.lead, line.y, line.w - places.lead, &text, STYLE_SAME | flags);
	buf_fini(&text);
}

/** Where the session has this pane. */
static size_t position_of(const struct session *session, const struct pane *pane)
{
	size_t at = 0;

	while (session->panes[at] != pane)
		at++;
	return at;
}

static void paint_compared_row(const struct paint *p, const struct comparison *comparison, const struct pane *pane, size_t index,
                               struct rect line, uint16_t flags)
{
	const struct compare_item *item = &comparison->view.items[index];
	struct places places = places_of(p, comparison, line.w);
	entry_id id = comparison_entry(comparison, pane, index);
	bool marked = id && tree_entry(pane->tree, id)->flags & ENTRY_MARKED;
	int indent = (int)size_min(item->indent * (size_t)ROW_INDENT, (size_t)places.columns.width / 2);
	int room = places.columns.width - indent;
	int x = line.x + places.lead;
	struct compare_look look;

	flags |= marked ? STYLE_MARKED : 0;
	grid_fill(p->grid, line.x, line.y, line.w, 1, STYLE_FILE | flags);
	if (!compare_has(comparison->compare, item->row))
		return;
	if (item->run > 0) {
		paint_run(p, item->run, places, line, flags);
		return;
	}
	comparison_look(comparison, item->row, &look);
	grid_put_str(p->grid, line.x, line.y, 1, marked ? "*" : " ", STYLE_MARK | flags);
	paint_letters(p, &look, places, line.x + 1, line.y, flags);
	if (!id) {
		paint_gap(p, look.know[position_of(comparison->session, pane)], x + places.columns.name + indent, line.y, room, flags);
		return;
	}
	grid_put_str(p->grid, x + places.columns.sign + indent, line.y, 1, paint_row_sign(p, pane, id), STYLE_FILE | flags);
	paint_compared_name(p, pane, id, item->row, x + places.columns.name + indent, line.y, room, flags);
	paint_columns(p, pane, id, &places.columns, x, line.y, flags);
}

const char *paint_absence(const struct pane *pane)
{
	static const char *const words[] = {
		[COMPARE_UNKNOWN] = "not known",  [COMPARE_KNOWN] = "no directory",    [COMPARE_ABSENT] = "not here",
		[COMPARE_NO_PARENT] = "not here", [COMPARE_LEFT_OUT] = "not entered", [COMPARE_UNREADABLE] = "not readable",
	};
	const struct comparison *comparison = pane->session->comparison;
	entry_id id = comparison ? comparison_dir(comparison, pane) : 0;
	struct compare_look look;

	if (!comparison || !compare_has(comparison->compare, comparison->view.dir))
		return NULL;
	if (id && tree_dir(pane->tree, id)->state == DIR_UNREADABLE)
		return words[COMPARE_UNREADABLE];
	if (id)
		return tree_dir(pane->tree, id)->state == DIR_SKIPPED ? words[COMPARE_LEFT_OUT] : NULL;
	if (comparison->view.dir == COMPARE_TOP)
		return "gone";
	comparison_look(comparison, comparison->view.dir, &look);
	return words[look.know[position_of(pane->session, pane)]];
}

/** Why there are no rows. */
static void add_reason(const struct paint *p, const struct comparison *comparison, const struct pane *pane, struct buf *out)
{
	const struct compare_view *view = &comparison->view;
	const char *absence = paint_absence(pane);
	entry_id id = comparison_dir(comparison, pane);
	bool rows = compare_has(comparison->compare, view->dir) && compare_children(comparison->compare, view->dir) > 0;

	if (rows && view->filter.len > 0)
		buf_add_str(out, "nothing matches the filter");
	else if (rows && view->show != COMPARE_SHOW_ALL)
		buf_add_str(out, "nothing of what is shown");
	else if (rows && view->no_hidden)
		buf_add_str(out, "only hidden names");
	else if (absence && !id)
		buf_add_str(out, absence);
	else if (id && (tree_dir(pane->tree, id)->state != DIR_COMPLETE || !comparison_busy(comparison)))
		paint_reason(p, pane, id, out);
	else
		buf_printf(out, "%s", paint_sign(p, SIGN_ELLIPSIS));
}

void paint_compared_rows(const struct paint *p, const struct comparison *comparison, const struct pane *pane, struct rect area, bool active,
                         bool cursor)
{
	const struct compare_view *view = &comparison->view;
	int lead = places_of(p, comparison, area.w).lead;

	for (int line = 0; line < area.h && view->top + (size_t)line < view->count; line++) {
		size_t index = view->top + (size_t)line;
		bool current = index == view->at;
		uint16_t flags = !current ? 0 : active ? STYLE_CURSOR : STYLE_IDLE_CURSOR;

		paint_compared_row(p, comparison, pane, index, (struct rect){ area.x, area.y + line, area.w, 1 }, flags);
		if (current && active && cursor)
			grid_cursor(p->grid, area.x + (area.w > lead ? 1 : 0), area.y + line);
	}
	if (view->count == 0 && area.h > 0) {
		struct buf why = BUF_INIT;

		add_reason(p, comparison, pane, &why);
		paint_cut(p, area.x + REASON_LEAD, area.y, area.w - REASON_LEAD, &why, STYLE_DIM);
		buf_fini(&why);
		if (active && cursor)
			grid_cursor(p->grid, area.x, area.y);
	}
}

/* ---- the lines at the bottom ---------------------------------------------------- */

/** Append rows by state: "3 different, 1 missing". */
static void add_counts(struct buf *out, const struct compare_counts *counts)
{
	size_t begin = out->len;

	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		if (counts->of[states[i].state] == 0)
			continue;
		buf_add_str(out, out->len > begin ? ", " : "");
		text_count(out, counts->of[states[i].state]);
		buf_printf(out, " %s", states[i].word);
	}
}

/** Append the panes, by number, of which something is known: "missing in 2, 3". Returns whether there are any. */
static bool add_panes(struct buf *out, const char *words, const struct compare_look *look, size_t count, unsigned know)
{
	const char *comma = words;

	for (size_t i = 0; i < count; i++) {
		if (look->know[i] != know)
			continue;
		buf_printf(out, "%s%zu", comma, i + 1);
		comma = ", ";
	}
	return comma != words;
}

void paint_verdict(const struct comparison *comparison, compare_id row, struct buf *out)
{
	const struct compare_counts *below = compare_below(comparison->compare, row);
	struct compare_look look;
	const char *comma;

	comparison_look(comparison, row, &look);
	comma = look.state == COMPARE_SAME ? " but for " : look.state == COMPARE_DIFFERENT ? ": " : "; different: ";
	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		if (states[i].state == look.state)
			buf_add_str(out, states[i].word);
	}
	if (look.state == COMPARE_MISSING && !add_panes(out, " in ", &look, comparison->count, COMPARE_ABSENT))
		add_panes(out, " in ", &look, comparison->count, COMPARE_NO_PARENT);
	if (look.state == COMPARE_ERROR)
		add_panes(out, " in ", &look, comparison->count, COMPARE_UNREADABLE);
	for (unsigned i = 0; i < DIFFERS_ALL; i++) {
		if (!(look.differs & 1U << i))
			continue;
		buf_printf(out, "%s%s", comma, differ_words[i]);
		comma = ", ";
	}
	if (look.state != COMPARE_MISSING)
		add_panes(out, "; missing in ", &look, comparison->count, COMPARE_ABSENT);
	if (look.state != COMPARE_ERROR)
		add_panes(out, "; unreadable in ", &look, comparison->count, COMPARE_UNREADABLE);
	if (below) {
		buf_add_str(out, "; below: ");
		add_counts(out, below);
		buf_add_str(out, is_growing(comparison, row) ? " so far" : "");
	}
}

/** The current line stands for several rows. */
static void paint_run_status(const struct paint *p, const struct comparison *comparison, struct rect rect)
{
	const struct compare_item *item = compare_view_current(&comparison->view);
	struct buf text = BUF_INIT;

	if (!item)
		return;
	text_count(&text, item->run);
	buf_add_str(&text, " rows are the same; Enter shows them");
	paint_cut(p, rect.x + 1, rect.y, rect.w - 2, &text, STYLE_STATUS);
	buf_fini(&text);
}

void paint_compared_status(const struct paint *p, const struct session *session, struct rect rect)
{
	const struct comparison *comparison = session->comparison;
	const struct pane *pane = session_pane(session);
	compare_id row = comparison_row(comparison);
	entry_id id = pane_current(pane);
	struct buf name = BUF_INIT;
	struct buf facts = BUF_INIT;
	size_t len;
	const char *bytes;
	int used;
	int room;

	if (rect_empty(&rect))
		return;
	if (!row) {
		paint_run_status(p, comparison, rect);
		return;
	}
	bytes = compare_name(comparison->compare, row, &len);
	paint_foreign(p, &name, bytes, len);
	buf_add_str(&facts, "  ");
	paint_verdict(comparison, row, &facts);
	if (id)
		paint_facts(p, pane, id, &facts);
	used = text_width(facts.data, facts.len);
	room = rect.w - 2 - used;
	room = room < rect.w / 3 ? rect.w / 3 : room;
	used = paint_cut(p, rect.x + 1, rect.y, room, &name, STYLE_STATUS);
	paint_sentence(p, rect.x + 1 + used, rect.y, rect.w - 2 - used, &facts, STYLE_STATUS);
	buf_fini(&name);
	buf_fini(&facts);
}

/** Append what the scans were told to leave out, and what is not shown. */
static void add_left_out(const struct paint *p, const struct comparison *comparison, struct buf *out)
{
	const struct session_options *options = &comparison->session->options;
	const struct compare_view *view = &comparison->view;
	size_t begin = out->len;
	const char *dot = paint_sign(p, SIGN_DOT);
	size_t patterns = size_max(options->exclude_count, comparison->pattern_count);
	size_t hidden = 0;

	if (patterns > 0) {
		buf_add_str(out, dot);
		paint_plural(out, patterns, "pattern");
		buf_add_str(out, " excluded");
	}
	if (options->one_file_system)
		buf_printf(out, "%sother filesystems left out", dot);
	if (options->max_depth != WIRE_DEPTH_ALL)
		buf_printf(out, "%sonly %u level%s", dot, options->max_depth, options->max_depth == 1 ? "" : "s");
	if (out->len == begin)
		buf_printf(out, "%snothing left out", dot);
	if (options->time_shift > 0)
		buf_printf(out, "%s%s%u h apart is equal", dot, options->time_shift > 1 ? "up to " : "", options->time_shift);
	if (options->fold) {
		buf_printf(out, "%snames alike by ", dot);
		options_add_fold(out, options->fold);
	}
	for (size_t i = 0; i < comparison->count; i++)
		hidden += comparison->panes[i]->hidden;
	if (hidden > 0) {
		buf_add_str(out, dot);
		paint_plural(out, hidden, "pane");
		buf_add_str(out, " hidden");
	}
	if (view->no_hidden)
		buf_printf(out, "%s.names hidden", dot);
	if (view->filter.len > 0) {
		buf_printf(out, "%sfilter ", dot);
		paint_foreign(p, out, view->filter.data, view->filter.len);
	}
	if (view->show == COMPARE_SHOW_ALL)
		return;
	buf_printf(out, "%sonly", dot);
	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		if (view->show & 1U << states[i].state)
			buf_printf(out, " %s", states[i].word);
	}
}

/** Append how far the reading of contents is. */
static void add_reading(const struct paint *p, const struct comparison *comparison, struct buf *out)
{
	size_t left = comparison_to_read(comparison);

	if (left == 0)
		return;
	buf_add_str(out, paint_sign(p, SIGN_DOT));
	buf_printf(out, "contents %s, ", comparison->paused ? "paused" : "read");
	text_count(out, left);
	buf_add_str(out, " to go");
}

/** Append what was found so far, by what, and what was left out: in words, or in signs. */
static void add_comparison(const struct paint *p, const struct comparison *comparison, bool words, struct buf *out)
{
	const struct compare_counts *counts = compare_below(comparison->compare, COMPARE_TOP);

	if (compare_has_failed(comparison->compare))
		buf_add_str(out, "out of memory, rows are missing: ");
	if (counts && words)
		add_counts(out, counts);
	else if (counts)
		add_signs(p, counts, COMPARE_SHOW_ALL, out);
	if (out->len == 0)
		buf_add_str(out, comparison_busy(comparison) || is_growing(comparison, COMPARE_TOP) ? "comparing" : "nothing to compare");
	else if (is_growing(comparison, COMPARE_TOP))
		buf_add_str(out, " so far");
	buf_add_str(out, " by ");
	options_add_by(out, comparison->by);
	add_reading(p, comparison, out);
	add_left_out(p, comparison, out);
}

void paint_comparison(const struct paint *p, const struct session *session, struct rect rect)
{
	struct buf line = BUF_INIT;

	if (rect_empty(&rect))
		return;
	add_comparison(p, session->comparison, true, &line);
	if (text_width(line.data, line.len) > rect.w - 2) {
		buf_clear(&line);
		add_comparison(p, session->comparison, false, &line);
	}
	paint_sentence(p, rect.x + 1, rect.y, rect.w - 2, &line, STYLE_STATUS);
	buf_fini(&line);
}
