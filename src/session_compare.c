#include "session_compare.h"

#include "session_compare_impl.h"

#include "content_links.h"

#include <errno.h>
#include <string.h>

#define SETTLE_SLICE (2 * LOOP_MS)
#define VIEW_SLICE (LOOP_MS)
#define SEEK_SLICE (2 * LOOP_MS)

enum {
	SETTLE_GRAIN = 256,     /* rows between two looks at the clock */
	SEEK_GRAIN = 512,
};

/* Life ------------------------------------------------------------------------------------------------- */

/* A comparison that has ended, for the next one to take over what was read for it. */
struct past {
	struct compare *compare; /* NULL: there is none */
	const struct pane *panes[COMPARE_MAX_PANES];
	size_t count;
};

/* End the comparison; what was chosen stays, and what it knew is in `past`. */
static void stop(struct comparison *comparison, struct past *past)
{
	if (comparison->compare)
		comparison_take_contents(comparison);
	past->compare = comparison->compare;
	past->count = comparison->count;
	for (size_t i = 0; i < comparison->count; i++)
		past->panes[i] = comparison->panes[i];
	compare_seek_free(comparison->seek);
	comparison->seek = NULL;
	comparison->sought = SOUGHT_NOTHING;
	content_free(comparison->content);
	comparison->content = NULL;
	comparison->asked_count = 0;
	compare_view_renew(&comparison->view, NULL);
	comparison->compare = NULL;
	for (size_t i = 0; i < comparison->count; i++)
		buf_fini(&comparison->tops[i]);
	comparison->count = 0;
}

static void comparison_free(struct comparison *comparison)
{
	struct past past;

	stop(comparison, &past);
	compare_free(past.compare);
	content_links_unref(comparison->links);
	glob_set_fini(&comparison->patterns);
	compare_view_fini(&comparison->view);
	free(comparison->asked);
	buf_fini(&comparison->place);
	free(comparison);
}

/* What was read for the panes that are still there stays known. */
static void take_over(const struct comparison *comparison, const struct past *past)
{
	size_t panes[COMPARE_MAX_PANES];

	for (size_t i = 0; i < comparison->count; i++) {
		panes[i] = SIZE_MAX;
		for (size_t at = 0; at < past->count; at++) {
			if (past->panes[at] == comparison->panes[i])
				panes[i] = at;
		}
	}
	compare_take_over(comparison->compare, past->compare, panes);
}

/* How many patterns leave something out of the comparison itself: those that did nothing to a recording, and those that others were made with. */
static size_t count_patterns(const struct comparison *comparison)
{
	size_t count = 0;
	bool recording = false;

	for (size_t i = 0; i < comparison->count; i++) {
		recording |= comparison->panes[i]->recording;
		count += comparison->panes[i]->patterns.len;
	}
	return recording ? count + comparison->session->options.exclude_count : 0;
}

/* Returns -1 with ENOMEM. */
static int leave_out(struct comparison *comparison)
{
	const struct session_options *options = &comparison->session->options;

	comparison->pattern_count = count_patterns(comparison);
	if (comparison->pattern_count == 0)
		return 0;
	for (size_t i = comparison->patterns.len; i < options->exclude_count; i++) {
		if (glob_set_add(&comparison->patterns, options->exclude[i], strlen(options->exclude[i])) != 0)
			return -1;
	}
	compare_leave_out(comparison->compare, &comparison->patterns);
	for (size_t i = 0; i < comparison->count; i++)
		compare_leave_out(comparison->compare, &comparison->panes[i]->patterns);
	return 0;
}

/* Begin with the directories that the panes show now. Returns -1 with EINVAL or ENOMEM. */
static int begin(struct comparison *comparison, const struct pane *gone)
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
	if (!comparison->compare || leave_out(comparison) != 0)
		return -1;
	compare_time_shift(comparison->compare, session->options.time_shift);
	compare_fold(comparison->compare, session->options.fold);
	comparison->settling = true;
	compare_view_renew(&comparison->view, comparison->compare);
	comparison_want_place(comparison);
	return 0;
}

/* The same with what was known before, which is taken over. */
static int begin_again(struct comparison *comparison, const struct pane *gone, struct past *past)
{
	if (begin(comparison, gone) == 0) {
		take_over(comparison, past);
		return 0;
	}
	compare_free(past->compare);
	return -1;
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
	if (begin(comparison, NULL) != 0) {
		int error = errno;

		comparison_free(comparison);
		errno = error;
		return -1;
	}
	comparison->wanted = id;
	comparison->wanted_up = SIZE_MAX;
	comparison->wanted_pane = comparison_index(comparison, pane);
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
	struct past past;

	if (!comparison)
		return;
	for (size_t i = 0; i < comparison->count; i++) {
		struct pane *pane = comparison->panes[i];
		entry_id top = pane != gone ? find_top(comparison, i) : 0;

		if (top && top != pane->rows.dir)
			pane_show(pane, top, 0);
	}
	comparison_remember_place(comparison);
	if (comparison->reference == gone)
		comparison->reference = NULL;
	stop(comparison, &past);
	if (begin_again(comparison, gone, &past) != 0) {
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
	if (has_come_again(comparison) || count_patterns(comparison) != comparison->pattern_count) {
		session_compare_again(session, NULL);
		comparison = session->comparison;
		if (!comparison)
			return INT64_MAX;
	}
	check_local(comparison);
	comparison_take_contents(comparison);
	settle(comparison);
	comparison_ask_contents(comparison);
	comparison_find_wanted(comparison);
	step_seek(comparison);
	due = compare_view_update(&comparison->view, now, session->last_key, VIEW_SLICE);
	comparison_show_dirs(comparison);
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

/* From outside ----------------------------------------------------------------------------------------- */

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

bool comparison_rise(struct comparison *comparison)
{
	struct session *session = comparison->session;
	struct past past;
	bool risen = true;

	if (!can_rise(comparison))
		return false;
	stop(comparison, &past);
	session->comparison = NULL;
	for (size_t i = 0; i < session->pane_count; i++)
		risen &= pane_leave(session->panes[i]);
	if (begin_again(comparison, NULL, &past) != 0) {
		comparison_free(comparison);
		return false;
	}
	session->comparison = comparison;
	return risen;
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

void comparison_set_by(struct comparison *comparison, unsigned by)
{
	comparison->by = by;
	compare_set_by(comparison->compare, by);
	comparison->session->version++;
}
