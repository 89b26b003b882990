/*
 * The contents that a comparison needs: rows that want them are put into batches of one directory for the threads that read, a
 * few ahead of them, so that stopping is soon done.
 */
#include "session_compare_impl.h"

#include "content_links.h"

#include <errno.h>
#include <string.h>

enum {
	BATCH_ROWS = 64,
	BATCH_BYTES = 16 << 20,
	BATCHES = 2,            /* put for each thread that may read */
};

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
	struct content_options options = {
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
	if (!comparison->links)
		comparison->links = content_links_new();
	options.links = comparison->links;
	if (!comparison->content && options.links)
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
	if (content_batch_add(batch, name, len, &ask) != 0 || (comparison->session->options.fold && content_batch_set_names(batch, comparison->compare) != 0)) {
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

void comparison_take_contents(struct comparison *comparison)
{
	struct content_batch *batch;

	while (comparison->content && (batch = content_take(comparison->content, false)))
		take_batch(comparison, batch, 0);
}

void comparison_ask_contents(struct comparison *comparison)
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
	comparison_take_contents(comparison);
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
