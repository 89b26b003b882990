#include "session_compare.h"

#include "thread.h"

#include <errno.h>
#include <string.h>

#define SETTLE_SLICE (2 * LOOP_MS)
#define VIEW_SLICE (LOOP_MS)
#define SEEK_SLICE (2 * LOOP_MS)

enum {
	SETTLE_GRAIN = 256,     /* rows between two looks at the clock */
	SEEK_GRAIN = 512,
	BATCH_ROWS = 64,
	BATCH_BYTES = 16 << 20,
	BATCHES = 2,            /* put for each thread that may read */
};

/* Contents --------------------------------------------------------------------------------------------- */

static void ring_bell(void *arg)
{
	wakeup_raise(arg);
}

static unsigned reading_threads(const struct comparison *comparison)
{
	return comparison->session->options.jobs;
}

static int open_content(struct comparison *comparison)
{
	struct content_root roots[COMPARE_MAX_PANES] = { { NULL, NULL } };
	const struct content_options options = {
		.roots = roots,
		.count = comparison->count,
		.threads = reading_threads(comparison),
		.follow = comparison->session->options.follow,
		.wake = ring_bell,
		.wake_arg = &comparison->session->wakeup,
	};

	for (size_t i = 0; i < comparison->count; i++) {
		if (comparison->local[i])
			roots[i] = (struct content_root){ buf_str(&comparison->panes[i]->root), buf_str(&comparison->tops[i]) };
	}
	if (!comparison->content)
		comparison->content = content_new(&options);
	return comparison->content ? 0 : -1;
}

/* These rows are not being read any more. */
static void drop_asked(struct comparison *comparison, compare_id row)
{
	for (size_t i = 0; i < comparison->asked_count; i++) {
		if (comparison->asked[i] != row)
			continue;
		comparison->asked[i] = comparison->asked[--comparison->asked_count];
		return;
	}
}

/* Take over what was read. `error` is why it could not be, or 0. */
static void take_batch(struct comparison *comparison, struct content_batch *batch, int error)
{
	uint8_t failed[COMPARE_MAX_PANES];
	struct compare_ask ask;
	uint64_t bytes;
	size_t rows = content_batch_rows(batch, &bytes);

	memset(failed, error ? COMPARE_ANSWER_ERROR(error_from_errno(error)) : 0, sizeof failed);
	for (size_t i = 0; i < rows; i++) {
		const uint8_t *answers = content_batch_get(batch, i, &ask);

		drop_asked(comparison, ask.row);
		compare_answer(comparison->compare, &ask, error ? failed : answers);
		comparison->read++;
	}
	content_batch_free(batch);
}

/* Ask for the contents of a row in a batch. Returns -1 with ENOMEM. */
static int ask_row(struct comparison *comparison, compare_id row, struct content_batch *batch)
{
	struct compare_ask ask;
	size_t len;
	const char *name = compare_name(comparison->compare, row, &len);

	if (vec_grow(&comparison->asked, &comparison->asked_cap, comparison->asked_count + 1, sizeof *comparison->asked) != 0)
		return -1;
	if (!compare_ask(comparison->compare, row, &ask))
		return 0;
	if (content_batch_add(batch, name, len, &ask) != 0) {
		compare_unask(comparison->compare, row);
		return -1;
	}
	comparison->asked[comparison->asked_count++] = row;
	return 0;
}

static struct content_batch *new_batch(const struct comparison *comparison, compare_id dir)
{
	struct buf path = BUF_INIT;
	struct content_batch *batch = NULL;

	compare_path(comparison->compare, dir, &path);
	if (!path.failed)
		batch = content_batch_new(path.data ? path.data : "", path.len);
	buf_fini(&path);
	return batch;
}

/* A row on the screen whose contents are wanted; those come first. */
static compare_id visible_want(const struct comparison *comparison)
{
	const struct compare_view *view = &comparison->view;

	for (size_t i = view->top; i < view->count && i < view->top + view->height; i++) {
		compare_id row = view->items[i].row;

		if (compare_has(comparison->compare, row) && compare_wants(comparison->compare, row))
			return row;
	}
	return 0;
}

static compare_id next_want(struct comparison *comparison)
{
	compare_id row = visible_want(comparison);

	return row ? row : compare_pop_want(comparison->compare);
}

/* Put a batch that begins with a row, and goes on with those wanted next in its directory. Returns the row that was popped in vain, or 0. */
static compare_id put_batch(struct comparison *comparison, compare_id row)
{
	compare_id dir = compare_parent(comparison->compare, row);
	struct content_batch *batch = new_batch(comparison, dir);
	uint64_t bytes = 0;
	int status = batch ? 0 : -1;

	while (status == 0 && row && compare_parent(comparison->compare, row) == dir) {
		status = ask_row(comparison, row, batch);
		row = 0;
		if (content_batch_rows(batch, &bytes) >= BATCH_ROWS || bytes >= BATCH_BYTES)
			break;
		row = next_want(comparison);
	}
	if (status == 0 && content_batch_rows(batch, &bytes) > 0) {
		if (content_put(comparison->content, batch) != 0)
			take_batch(comparison, batch, errno);
		return row;
	}
	if (batch && content_batch_rows(batch, &bytes) > 0)
		take_batch(comparison, batch, ENOMEM);
	else
		content_batch_free(batch);
	return row;
}

/* Take over what the threads have read. */
static void take_contents(struct comparison *comparison)
{
	struct content_batch *batch;

	while (comparison->content && (batch = content_take(comparison->content, false)))
		take_batch(comparison, batch, 0);
}

/* Give the threads more to read. */
static void ask_contents(struct comparison *comparison)
{
	compare_id row = 0;

	if (comparison->paused || (compare_wanted(comparison->compare) == 0) || open_content(comparison) != 0)
		return;
	while (row || content_pending(comparison->content) < (size_t)reading_threads(comparison) * BATCHES) {
		row = row ? row : next_want(comparison);
		if (!row)
			return;
		row = put_batch(comparison, row);
	}
}

/* Let go of the threads; what they have read so far is taken over. */
static void close_content(struct comparison *comparison)
{
	take_contents(comparison);
	content_free(comparison->content);
	comparison->content = NULL;
	for (size_t i = 0; i < comparison->asked_count; i++)
		compare_unask(comparison->compare, comparison->asked[i]);
	comparison->asked_count = 0;
}

void comparison_pause(struct comparison *comparison, bool paused)
{
	comparison->paused = paused;
	if (paused)
		close_content(comparison);
	comparison->session->version++;
}

size_t comparison_to_read(const struct comparison *comparison)
{
	return compare_wanted(comparison->compare) + comparison->asked_count;
}

void comparison_set_by(struct comparison *comparison, unsigned by)
{
	comparison->by = by;
	compare_set_by(comparison->compare, by);
	comparison->session->version++;
}

/* Life ------------------------------------------------------------------------------------------------- */

/* Let go of the trees and all that is known of them; what was chosen stays. */
static void stop(struct comparison *comparison)
{
	compare_seek_free(comparison->seek);
	comparison->seek = NULL;
	comparison->sought = SOUGHT_NOTHING;
	content_free(comparison->content);
	comparison->content = NULL;
	comparison->asked_count = 0;
	compare_view_renew(&comparison->view, NULL);
	compare_free(comparison->compare);
	comparison->compare = NULL;
	for (size_t i = 0; i < comparison->count; i++)
		buf_fini(&comparison->tops[i]);
	comparison->count = 0;
}

static void comparison_free(struct comparison *comparison)
{
	stop(comparison);
	compare_view_fini(&comparison->view);
	free(comparison->asked);
	buf_fini(&comparison->wanted);
	free(comparison);
}

/* Begin with the directories that the panes show now. Returns -1 with EINVAL or ENOMEM. */
static int start(struct comparison *comparison, const struct pane *gone)
{
	const struct session *session = comparison->session;
	struct compare_pane panes[COMPARE_MAX_PANES];

	for (size_t i = 0; i < session->pane_count; i++) {
		struct pane *pane = session->panes[i];
		size_t at = comparison->count;

		if (pane == gone)
			continue;
		if (at == COMPARE_MAX_PANES) {
			errno = EINVAL;
			return -1;
		}
		comparison->panes[at] = pane;
		comparison->local[at] = !pane->recording;
		panes[at] = (struct compare_pane){ pane->tree, pane->rows.dir, !pane->recording };
		tree_path(pane->tree, pane->rows.dir, &comparison->tops[at]);
		comparison->count++;
		if (!buf_str(&comparison->tops[at]))
			return -1;
	}
	if (comparison->count < 2) {
		errno = EINVAL;
		return -1;
	}
	comparison->compare = compare_new(panes, comparison->count, comparison->by, comparison->tolerance);
	if (!comparison->compare)
		return -1;
	comparison->settling = true;
	compare_view_renew(&comparison->view, comparison->compare);
	return 0;
}

int session_compare(struct session *session, unsigned by, int64_t tolerance)
{
	struct pane *pane = session_pane(session);
	entry_id id = pane ? pane_current(pane) : 0;
	struct comparison *comparison;

	session_compare_end(session);
	comparison = calloc(1, sizeof *comparison);
	if (!comparison)
		return -1;
	comparison->session = session;
	comparison->by = by;
	comparison->tolerance = tolerance;
	compare_view_init(&comparison->view);
	if (start(comparison, NULL) != 0) {
		int error = errno;

		comparison_free(comparison);
		errno = error;
		return -1;
	}
	if (id) {
		size_t len;
		const char *name = tree_name(pane->tree, id, &len);

		buf_add(&comparison->wanted, name, len);
		comparison->wants_row = true;
	}
	session->comparison = comparison;
	session->version++;
	return 0;
}

void session_compare_end(struct session *session)
{
	struct comparison *comparison = session->comparison;

	if (!comparison)
		return;
	for (size_t i = 0; i < comparison->count; i++) {
		struct pane *pane = comparison->panes[i];
		entry_id id = comparison_entry(comparison, pane, comparison->view.at);

		if (id)
			rows_want(&pane->rows, id);
	}
	session->comparison = NULL;
	comparison_free(comparison);
	session->version++;
}

/* Remember where the cursor is, for a comparison made anew. */
static void want_current(struct comparison *comparison)
{
	const struct compare_item *item = compare_view_current(&comparison->view);
	compare_id row = item ? item->row : comparison->view.dir;

	if (comparison->wants_row)
		return;
	buf_clear(&comparison->wanted);
	if (!compare_has(comparison->compare, row) || row == COMPARE_TOP)
		return;
	compare_path(comparison->compare, row, &comparison->wanted);
	comparison->wants_row = !comparison->wanted.failed;
}

/* The compared directory of a pane; when it had vanished and has come again, that one. 0: there is none. */
static entry_id find_top(const struct comparison *comparison, size_t index)
{
	const struct tree *tree = comparison->panes[index]->tree;
	const struct buf *top = &comparison->tops[index];
	entry_id id = compare_entry(comparison->compare, COMPARE_TOP, index);

	if (!id)
		id = tree_lookup(tree, top->data, top->len);
	return id && tree_dir(tree, id) ? id : 0;
}

void session_compare_again(struct session *session, const struct pane *gone)
{
	struct comparison *comparison = session->comparison;

	if (!comparison)
		return;
	for (size_t i = 0; i < comparison->count; i++) {
		struct pane *pane = comparison->panes[i];
		entry_id top = pane != gone ? find_top(comparison, i) : 0;

		if (top && top != pane->rows.dir)
			pane_show(pane, top, 0);
	}
	want_current(comparison);
	if (comparison->reference == gone)
		comparison->reference = NULL;
	stop(comparison);
	if (start(comparison, gone) != 0) {
		session->comparison = NULL;
		comparison_free(comparison);
	}
	session->version++;
}

/* Turns ------------------------------------------------------------------------------------------------ */

/* A pane that turned out to be a recording has no files here. */
static void check_local(struct comparison *comparison)
{
	for (size_t i = 0; i < comparison->count; i++) {
		if (!comparison->local[i] || !comparison->panes[i]->recording)
			continue;
		comparison->local[i] = false;
		compare_not_local(comparison->compare, i);
	}
}

/* Has a compared directory that had vanished come again? */
static bool has_come_again(const struct comparison *comparison)
{
	for (size_t i = 0; i < comparison->count; i++) {
		if (!compare_entry(comparison->compare, COMPARE_TOP, i) && find_top(comparison, i))
			return true;
	}
	return false;
}

/* A slice of what the trees have changed. */
static void settle(struct comparison *comparison)
{
	int64_t until = loop_now() + SETTLE_SLICE;

	if (!comparison->settling && compare_version(comparison->compare) == comparison->settled)
		return;
	do
		comparison->settling = compare_settle_part(comparison->compare, SETTLE_GRAIN);
	while (comparison->settling && loop_now() < until);
	comparison->settled = compare_version(comparison->compare);
}

/* The row at a path, by the entry of any pane; 0 when there is none. */
static compare_id find_row(const struct comparison *comparison, const struct buf *path)
{
	compare_id row = 0;

	for (size_t i = 0; i < comparison->count && !row; i++) {
		struct tree *tree = comparison->panes[i]->tree;
		struct buf whole = BUF_INIT;
		entry_id id;

		buf_add(&whole, comparison->tops[i].data, comparison->tops[i].len);
		if (whole.len > 0)
			buf_add_byte(&whole, '/');
		buf_add(&whole, path->data, path->len);
		id = whole.failed ? 0 : tree_lookup(tree, whole.data, whole.len);
		row = id ? compare_find(comparison->compare, i, id) : 0;
		buf_fini(&whole);
	}
	return row;
}

/* The cursor goes to the row that it was on, once that is there. */
static void find_wanted(struct comparison *comparison)
{
	compare_id row = comparison->wants_row ? find_row(comparison, &comparison->wanted) : 0;

	if (row)
		comparison_goto(comparison, row);
	else if (!comparison->settling)
		comparison->wants_row = false;
}

/* The panes themselves are where the comparison is: what they show is watched, and they stay there when it ends. */
static void show_dirs(struct comparison *comparison)
{
	for (size_t i = 0; i < comparison->count; i++) {
		struct pane *pane = comparison->panes[i];
		entry_id dir = comparison_dir(comparison, pane);

		if (dir && dir != pane->rows.dir)
			pane_show(pane, dir, 0);
	}
}

static void step_seek(struct comparison *comparison)
{
	int64_t until = loop_now() + SEEK_SLICE;
	compare_id found = 0;
	bool done;

	if (!comparison->seek)
		return;
	do
		done = compare_seek_step(comparison->seek, SEEK_GRAIN, &found);
	while (!done && loop_now() < until);
	if (!done)
		return;
	compare_seek_free(comparison->seek);
	comparison->seek = NULL;
	comparison->sought = found ? SOUGHT_FOUND : SOUGHT_NONE;
	comparison->session->version++;
	if (found)
		comparison_goto(comparison, found);
}

/* Is everything done that can be? */
static bool is_settled(const struct comparison *comparison)
{
	return !comparison->settling && comparison->settled == compare_version(comparison->compare) && compare_view_settled(&comparison->view);
}

int64_t session_compare_step(struct session *session, int64_t now, bool *changed)
{
	struct comparison *comparison = session->comparison;
	int64_t due;

	if (!comparison)
		return INT64_MAX;
	for (size_t i = 0; i < comparison->count; i++)
		tree_settle(comparison->panes[i]->tree);
	if (has_come_again(comparison)) {
		session_compare_again(session, NULL);
		comparison = session->comparison;
		if (!comparison)
			return INT64_MAX;
	}
	check_local(comparison);
	take_contents(comparison);
	settle(comparison);
	ask_contents(comparison);
	find_wanted(comparison);
	step_seek(comparison);
	due = compare_view_update(&comparison->view, now, session->last_key, VIEW_SLICE);
	show_dirs(comparison);
	if (!comparison->seek && !comparison->settling && compare_view_settled(&comparison->view))
		compare_reclaim(comparison->compare);
	*changed |= comparison->seen != compare_version(comparison->compare) || comparison->view_seen != comparison->view.version;
	comparison->seen = compare_version(comparison->compare);
	comparison->view_seen = comparison->view.version;
	if (comparison->settling || comparison->seek || comparison->settled != compare_version(comparison->compare))
		return now;
	return due;
}

bool comparison_busy(const struct comparison *comparison)
{
	if (!is_settled(comparison) || comparison->seek)
		return true;
	return comparison->asked_count > 0 || (!comparison->paused && compare_wanted(comparison->compare) > 0);
}

/* Rows ------------------------------------------------------------------------------------------------- */

size_t comparison_index(const struct comparison *comparison, const struct pane *pane)
{
	for (size_t i = 0; i < comparison->count; i++) {
		if (comparison->panes[i] == pane)
			return i;
	}
	return SIZE_MAX;
}

compare_id comparison_row(const struct comparison *comparison)
{
	const struct compare_item *item = compare_view_current(&comparison->view);

	return item && item->run == 0 ? item->row : 0;
}

entry_id comparison_entry(const struct comparison *comparison, const struct pane *pane, size_t line)
{
	const struct compare_view *view = &comparison->view;
	size_t index = comparison_index(comparison, pane);

	if (line >= view->count || index == SIZE_MAX || view->items[line].run > 0 || !compare_has(comparison->compare, view->items[line].row))
		return 0;
	return compare_entry(comparison->compare, view->items[line].row, index);
}

entry_id comparison_dir(const struct comparison *comparison, const struct pane *pane)
{
	size_t index = comparison_index(comparison, pane);
	entry_id id;

	if (index == SIZE_MAX || !compare_has(comparison->compare, comparison->view.dir))
		return 0;
	id = compare_entry(comparison->compare, comparison->view.dir, index);
	return id && tree_dir(pane->tree, id) ? id : 0;
}

void comparison_look(const struct comparison *comparison, compare_id row, struct compare_look *look)
{
	const struct session *session = comparison->session;
	uint8_t order[COMPARE_MAX_PANES];
	uint8_t measured[COMPARE_MAX_PANES];
	struct compare_look seen;
	size_t first = comparison->reference ? comparison_index(comparison, comparison->reference) : SIZE_MAX;
	size_t count = 0;

	for (size_t i = 0; i < session->pane_count && count < comparison->count; i++) {
		size_t index = comparison_index(comparison, session->panes[i]);

		if (index != SIZE_MAX)
			order[count++] = (uint8_t)index;
	}
	if (first != SIZE_MAX) {
		size_t to = 0;

		measured[to++] = (uint8_t)first;
		for (size_t i = 0; i < count; i++) {
			if (order[i] != first)
				measured[to++] = order[i];
		}
	}
	compare_look_by(comparison->compare, row, first != SIZE_MAX ? measured : order, first != SIZE_MAX, &seen);
	*look = seen;
	for (size_t i = 0; i < count; i++) {
		look->letters[i] = seen.letters[order[i]];
		look->know[i] = seen.know[order[i]];
	}
}

void comparison_directory(const struct comparison *comparison, const struct pane *pane, struct buf *out)
{
	size_t index = comparison_index(comparison, pane);
	const struct buf *top = index == SIZE_MAX ? NULL : &comparison->tops[index];
	struct buf path = BUF_INIT;

	if (!top || !compare_has(comparison->compare, comparison->view.dir))
		return;
	buf_add(&path, top->data, top->len);
	if (comparison->view.dir != COMPARE_TOP) {
		if (path.len > 0)
			buf_add_byte(&path, '/');
		compare_path(comparison->compare, comparison->view.dir, &path);
	}
	buf_add(out, pane->root.data, pane->root.len);
	if (path.len > 0 && pane->root.len > 0 && pane->root.data[pane->root.len - 1] != '/')
		buf_add_byte(out, '/');
	buf_add(out, path.data, path.len);
	buf_fini(&path);
}

/* Moving ----------------------------------------------------------------------------------------------- */

static void show(struct comparison *comparison, compare_id dir, compare_id cursor)
{
	comparison->wants_row = false;
	compare_view_show(&comparison->view, dir, cursor);
	show_dirs(comparison);
}

bool comparison_enter(struct comparison *comparison)
{
	compare_id row = comparison_row(comparison);

	if (!row || !compare_view_can_show(&comparison->view, row))
		return false;
	show(comparison, row, 0);
	return true;
}

/* Above the compared directories: may every pane go up? */
static bool can_rise(const struct comparison *comparison)
{
	for (size_t i = 0; i < comparison->count; i++) {
		const struct pane *pane = comparison->panes[i];

		if (comparison->tops[i].len == 0 && !pane_can_rise(pane))
			return false;
	}
	return true;
}

static bool rise(struct comparison *comparison)
{
	struct session *session = comparison->session;
	bool risen = true;

	if (!can_rise(comparison))
		return false;
	stop(comparison);
	comparison->wants_row = false;
	session->comparison = NULL;
	for (size_t i = 0; i < session->pane_count; i++)
		risen &= pane_leave(session->panes[i]);
	if (start(comparison, NULL) != 0) {
		comparison_free(comparison);
		return false;
	}
	session->comparison = comparison;
	return risen;
}

bool comparison_leave(struct comparison *comparison)
{
	compare_id dir = comparison->view.dir;

	if (dir == COMPARE_TOP)
		return rise(comparison);
	show(comparison, compare_parent(comparison->compare, dir), dir);
	return true;
}

bool comparison_expand(struct comparison *comparison)
{
	compare_id row = comparison_row(comparison);
	bool open = row && compare_view_is_open(&comparison->view, row);

	if (!row || !compare_view_can_show(&comparison->view, row))
		return false;
	for (size_t i = 0; i < comparison->count; i++) {
		struct tree *tree = comparison->panes[i]->tree;
		entry_id id = compare_entry(comparison->compare, row, i);

		if (!id || !tree_dir(tree, id))
			continue;
		tree_entry(tree, id)->flags &= (uint16_t)~ENTRY_EXPANDED;
		if (!open)
			tree_entry(tree, id)->flags |= ENTRY_EXPANDED;
		rows_touch(&comparison->panes[i]->rows);
	}
	compare_view_touch(&comparison->view);
	return true;
}

void comparison_goto(struct comparison *comparison, compare_id row)
{
	compare_id dir;

	comparison->wants_row = false;
	if (!compare_has(comparison->compare, row) || row == COMPARE_TOP)
		return;
	dir = compare_parent(comparison->compare, row);
	while (dir != comparison->view.dir && dir != COMPARE_TOP && compare_view_is_open(&comparison->view, dir))
		dir = compare_parent(comparison->compare, dir);
	if (dir == comparison->view.dir)
		compare_view_want(&comparison->view, row);
	else
		show(comparison, compare_parent(comparison->compare, row), row);
}

enum comparison_sought comparison_seek(struct comparison *comparison, const struct compare_seek_kind *kind)
{
	const struct compare_item *item = compare_view_current(&comparison->view);
	compare_id from = item ? item->row : comparison->view.dir;

	compare_seek_free(comparison->seek);
	comparison->seek = compare_has(comparison->compare, from) ? compare_seek_new(comparison->compare, kind, from) : NULL;
	comparison->sought = comparison->seek ? SOUGHT_RUNNING : SOUGHT_NONE;
	step_seek(comparison);
	return comparison->sought;
}
