/*
 * --diff: all roots are scanned at the same time, then compared.
 *
 *   rows in order ──▶ printed as soon as they are final
 *        ▲ wait for
 *   contents, read in the background, directory by directory ahead of what is printed
 *
 * What lies below a directory that only one root has is nobody's business here, and not even read; rsync's letters alone name it.
 */
#include "headless_diff.h"

#include "text.h"
#include "thread.h"

#include <errno.h>
#include <string.h>

enum {
	WINDOW = 64,            /* batches that may be read or wait to be */
	BATCH_ROWS = 64,
	BATCH_BYTES = 16 << 20, /* about */
};

/* Scanning --------------------------------------------------------------------------------------------- */

static void keep_extra(struct diff_root *root, entry_id id, const struct attrs *attrs)
{
	if (vec_grow(&root->extra, &root->extra_cap, (size_t)id + 1, sizeof *root->extra) != 0) {
		root->diff->failed = true;
		return;
	}
	root->extra[id] = (struct diff_extra){ attrs->atime, attrs->ctime, attrs->nlink };
}

static void take_entry(void *arg, entry_id id, const struct wire_attrs *element)
{
	struct diff_root *root = arg;

	if (element->what & WIRE_ATTRS_STAT && root->diff->options->format == FORMAT_JSON)
		keep_extra(root, id, &element->attrs);
	if (element->what & WIRE_ATTRS_DIR && root->diff->enters && !root->recording)
		diff_enter_found(root, id, element->dir);
}

/* Of a root nothing more will come. */
static void end_root(struct diff_root *root)
{
	diff_enter_done(root);
	scan_view_free(root->view);
	root->view = NULL;
}

static void take_end(void *arg, entry_id id, enum wire_end how, enum error error)
{
	(void)how;
	(void)error;
	diff_enter_lost(arg, id);
}

/* What a frame tells besides entries. Returns false for what cannot be. */
static bool take_counts(struct diff_root *root, const struct wire_frame *frame)
{
	struct wire_reader payload = frame->payload;

	if (frame->type == WIRE_LEFT_OUT)
		root->diff->left_out += wire_get_varint(&payload);
	if (frame->type == WIRE_END)
		diff_enter_ended(root, wire_get_varint(&payload));
	return frame->type != WIRE_PATTERNS || !root->recording || wire_get_patterns(&payload, &root->diff->patterns) == 0;
}

static bool take_frame(void *arg, size_t index, const struct wire_frame *frame, const void *bytes, size_t len)
{
	struct diff *diff = arg;
	struct diff_root *root = &diff->roots[index];
	const struct apply_events events = { .entry = take_entry, .begin = NULL, .end = take_end, .arg = root };

	(void)bytes;
	(void)len;
	switch (scan_view_apply(root->view, frame, &events)) {
	case APPLY_OK:
		if (take_counts(root, frame))
			return true;
		headless_say(root->root, root->root_len, "sent damaged data");
		break;
	case APPLY_DONE:
		if (scan_view_error(root->view))
			headless_say(root->root, root->root_len, error_text(scan_view_error(root->view)));
		diff->trouble |= scan_view_error(root->view) != ERROR_NONE;
		end_root(root);
		return true;
	case APPLY_BAD:
		headless_say(root->root, root->root_len, "sent damaged data");
		break;
	case APPLY_NOMEM:
		headless_say(root->root, root->root_len, error_text(ERROR_NOMEM));
		break;
	}
	end_root(root);
	return false;
}

static void take_failure(void *arg, size_t index)
{
	struct diff *diff = arg;

	end_root(&diff->roots[index]);
	diff->trouble = true;
}

static void take_recording(void *arg, size_t index)
{
	struct diff *diff = arg;

	bool first = true;

	for (size_t i = 0; i < diff->count; i++)
		first &= !diff->roots[i].recording;
	if (first)
		compare_leave_out(diff->compare, &diff->patterns);
	diff->roots[index].recording = true;
	compare_not_local(diff->compare, index);
}

/* What is known of all roots is compared while nothing more has come. */
static void settle(void *arg)
{
	struct diff *diff = arg;

	diff->failed |= compare_settle(diff->compare) != 0;
}

/* A root that could not be read, or not to its end; there is no row for it. */
static void look_at_root(struct diff *diff, const struct diff_root *root)
{
	enum error error = (enum error)tree_entry(root->tree, TREE_ROOT)->error;
	struct buf words = BUF_INIT;

	switch (tree_dir(root->tree, TREE_ROOT)->state) {
	case DIR_UNREADABLE:
		buf_add_str(&words, error_text(error));
		break;
	case DIR_PARTIAL:
		if (error != ERROR_CANCELED)
			buf_printf(&words, "incomplete: %s", error_text(error));
		diff->trouble = true;
		break;
	default:
		break;
	}
	if (words.len > 0 && buf_str(&words)) {
		headless_say(root->root, root->root_len, words.data);
		diff->trouble = true;
	}
	buf_fini(&words);
}

static int scan_roots(struct diff *diff)
{
	const struct headless_scan scan = {
		.frame = take_frame, .failed = take_failure, .idle = settle, .arg = diff, .recording = take_recording,
		.enter = diff->enters ? diff_enter_ask : NULL, .flags = diff->enters ? WIRE_SCAN_HOLD : 0,
	};

	diff->trouble |= headless_scan(diff->options, &scan) != HEADLESS_OK;
	for (size_t i = 0; i < diff->count; i++) {
		end_root(&diff->roots[i]);
		look_at_root(diff, &diff->roots[i]);
	}
	settle(diff);
	return diff->failed ? -1 : 0;
}

static int init_roots(struct diff *diff)
{
	for (size_t i = 0; i < diff->count; i++) {
		struct diff_root *root = &diff->roots[i];

		*root = (struct diff_root){ .diff = diff, .root = diff->options->roots.items[i], .tree = tree_new() };
		root->root_len = strlen(root->root);
		diff_enter_begin(root);
		root->view = root->tree ? scan_view_new(root->tree, TREE_ROOT) : NULL;
		if (!root->view)
			return -1;
	}
	return 0;
}

/* Contents --------------------------------------------------------------------------------------------- */

/* Nobody could be found to read a batch: that is why its files are not known. */
static void refuse_batch(struct diff *diff, const struct content_batch *batch, int error)
{
	uint8_t answers[COMPARE_MAX_PANES];
	struct compare_ask ask;
	uint64_t bytes;
	size_t rows = content_batch_rows(batch, &bytes);

	memset(answers, COMPARE_ANSWER_ERROR(error_from_errno(error)), sizeof answers);
	for (size_t i = 0; i < rows; i++) {
		content_batch_get(batch, i, &ask);
		compare_answer(diff->compare, &ask, answers);
	}
	settle(diff);
}

/* Hand a batch over; NULL is none. */
static void put_batch(struct diff *diff, struct content_batch *batch)
{
	if (!batch || content_put(diff->content, batch) == 0)
		return;
	refuse_batch(diff, batch, errno);
	content_batch_free(batch);
}

/* Ask for the contents of a row in a batch. Returns the batch that takes the next one: NULL once this one is full. */
static struct content_batch *ask_row(struct diff *diff, compare_id row, struct content_batch *batch)
{
	struct compare_ask ask;
	uint64_t bytes;
	size_t len;
	const char *name = compare_name(diff->compare, row, &len);

	if (!compare_ask(diff->compare, row, &ask))
		return batch;
	if (content_batch_add(batch, name, len, &ask) != 0 || (diff->options->session.fold && content_batch_set_names(batch, diff->compare) != 0))
		diff->failed = true;
	if (content_batch_rows(batch, &bytes) < BATCH_ROWS && bytes < BATCH_BYTES)
		return batch;
	put_batch(diff, batch);
	return NULL;
}

/* Ask for all contents in a directory. */
static void ask_dir(struct diff *diff, compare_id dir)
{
	struct content_batch *batch = NULL;
	struct buf path = BUF_INIT;
	compare_id row = compare_first(diff->compare, dir);

	for (; row && !diff->failed; row = compare_next(diff->compare, row)) {
		if (!compare_wants(diff->compare, row))
			continue;
		if (path.len == 0)
			compare_path(diff->compare, dir, &path);
		if (!batch)
			batch = content_batch_new(path.data ? path.data : "", path.len);
		if (path.failed || !batch)
			diff->failed = true;
		else
			batch = ask_row(diff, row, batch);
	}
	put_batch(diff, batch);
	buf_fini(&path);
}

/* Ask ahead, as far as the window reaches. */
static void ask_ahead(struct diff *diff)
{
	while (diff->asked && !diff->failed && content_pending(diff->content) < WINDOW) {
		if (compare_first(diff->compare, diff->asked))
			ask_dir(diff, diff->asked);
		diff->asked = compare_walk(diff->compare, COMPARE_TOP, diff->asked);
	}
}

/* Take one batch that has been read, waiting for it. Returns whether there was one. */
static bool take_batch(struct diff *diff)
{
	struct content_batch *batch = content_take(diff->content, true);
	struct compare_ask ask;
	uint64_t bytes;

	if (!batch)
		return false;
	for (size_t i = 0; i < content_batch_rows(batch, &bytes); i++) {
		const uint8_t *answers = content_batch_get(batch, i, &ask);

		compare_answer(diff->compare, &ask, answers);
	}
	content_batch_free(batch);
	settle(diff);
	return true;
}

/* Read on until nothing more can be learned of a row. */
static void wait_for_row(struct diff *diff, compare_id row)
{
	bool more = true;

	while (more && !diff->failed && compare_waits(diff->compare, row)) {
		ask_ahead(diff);
		more = take_batch(diff);
	}
}

/* Comparing -------------------------------------------------------------------------------------------- */

static int start_content(struct diff *diff)
{
	struct content_root *places = calloc(diff->count, sizeof *places);
	struct content_options options = {
		.roots = places,
		.count = diff->count,
		.threads = diff->options->session.jobs ? diff->options->session.jobs : thread_processors(),
		.follow = diff->options->session.follow,
	};

	for (size_t i = 0; places && i < diff->count; i++) {
		if (!diff->roots[i].recording)
			places[i] = (struct content_root){ diff->roots[i].root, "" };
	}
	diff->content = places ? content_new(&options) : NULL;
	free(places);
	return diff->content ? 0 : -1;
}

static int start_compare(struct diff *diff)
{
	const struct session_options *session = &diff->options->session;
	struct compare_pane panes[COMPARE_MAX_PANES];

	diff->by = diff->options->by;
	for (size_t i = 0; i < session->exclude_count; i++) {
		if (glob_set_add(&diff->patterns, session->exclude[i], strlen(session->exclude[i])) != 0)
			return -1;
	}
	for (size_t i = 0; i < diff->count; i++)
		panes[i] = (struct compare_pane){ diff->roots[i].tree, TREE_ROOT, true };
	/* rsync looks at sizes and times; at contents when they are asked for. */
	if (diff->options->format == FORMAT_RSYNC)
		diff->by = COMPARE_SIZE | COMPARE_MTIME | COMPARE_TARGET | (diff->by & COMPARE_CONTENT);
	diff->compare = compare_new(panes, diff->count, diff->by, diff->options->time_tolerance);
	if (!diff->compare)
		return -1;
	compare_be_patient(diff->compare);
	compare_time_shift(diff->compare, diff->options->session.time_shift);
	compare_fold(diff->compare, diff->options->session.fold);
	diff->enters = diff->options->format != FORMAT_RSYNC;
	if (diff->enters)
		compare_tell_shared(diff->compare, diff_enter_shared, diff);
	diff->asked = COMPARE_TOP;
	return 0;
}

static void print_row(struct diff *diff, compare_id row)
{
	enum compare_state state = compare_state(diff->compare, row);
	struct compare_look look;

	diff->rows[state]++;
	if (state == COMPARE_SAME && !diff->options->all && diff->options->format != FORMAT_RSYNC)
		return;
	compare_look(diff->compare, row, &look);
	if (state == COMPARE_ERROR)
		diff_complain_row(diff, row, &look);
	if (state == COMPARE_PENDING)
		diff_complain_cut(diff, row);
	if (diff->options->format == FORMAT_RSYNC)
		diff_print_rsync(diff, row, &look);
	else
		diff_print_row(diff, row, &look);
	headless_out_flush(&diff->out, false);
}

static void print_rows(struct diff *diff)
{
	compare_id row = COMPARE_TOP;

	if (diff->options->format == FORMAT_RSYNC)
		diff_print_rsync_roots(diff);
	while (!diff->failed && (row = compare_walk(diff->compare, COMPARE_TOP, row))) {
		wait_for_row(diff, row);
		print_row(diff, row);
	}
}

/* Seconds with what is not zero of the places behind the point. */
static void add_seconds(struct buf *line, int64_t ns)
{
	buf_printf(line, "%lld.%09lld", (long long)(ns / 1000000000), (long long)(ns % 1000000000));
	while (!line->failed && line->data[line->len - 1] == '0')
		line->len--;
	if (!line->failed && line->data[line->len - 1] == '.')
		line->len--;
}

/* What was read, and what keeps differences from being seen. */
static void add_filters(const struct diff *diff, struct buf *line)
{
	const struct options *options = diff->options;
	uint64_t left_out = diff->left_out + compare_left_out(diff->compare);
	size_t patterns = diff->patterns.len;

	buf_add_str(line, ", ");
	text_count(line, content_bytes(diff->content));
	buf_add_str(line, " bytes read");
	if (patterns > 0) {
		buf_printf(line, "; %zu pattern%s left out ", patterns, patterns == 1 ? "" : "s");
		text_count(line, left_out);
		buf_add_str(line, left_out == 1 ? " entry" : " entries");
	}
	if (options->session.max_depth != WIRE_DEPTH_ALL)
		buf_printf(line, "; %u level%s deep", options->session.max_depth, options->session.max_depth == 1 ? "" : "s");
	if (options->session.one_file_system)
		buf_add_str(line, "; on one file system");
	if (options->session.fold) {
		buf_add_str(line, "; names folded by ");
		options_add_fold(line, options->session.fold);
	}
	if (options->time_tolerance > 0) {
		buf_add_str(line, "; times within ");
		add_seconds(line, options->time_tolerance);
		buf_add_str(line, " s are equal");
	}
	if (options->session.time_shift > 0)
		buf_printf(line, "; 1 to %u whole hours are no difference", options->session.time_shift);
}

static void print_summary(const struct diff *diff)
{
	static const struct {
		enum compare_state state;
		const char *words;
	} parts[] = {
		{ COMPARE_SAME, "same" },         { COMPARE_DIFFERENT, "different" }, { COMPARE_MISSING, "missing" },
		{ COMPARE_ERROR, "unreadable" },  { COMPARE_PENDING, "unknown" },
	};
	struct buf line = BUF_INIT;
	uint64_t all = 0;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		all += diff->rows[parts[i].state];
	/* When a root could not be opened that has been said, and is all there is to say. */
	if (all == 0 && diff->trouble)
		return;
	buf_add_str(&line, "muntin: ");
	text_count(&line, all);
	buf_add_str(&line, " compared by ");
	options_add_by(&line, diff->by);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		buf_add_str(&line, i ? ", " : ": ");
		text_count(&line, diff->rows[parts[i].state]);
		buf_printf(&line, " %s", parts[i].words);
	}
	add_filters(diff, &line);
	headless_say_line(&line);
	buf_fini(&line);
}

/* The whole -------------------------------------------------------------------------------------------- */

static int exit_status(const struct diff *diff)
{
	if (diff->trouble || diff->rows[COMPARE_ERROR] > 0 || diff->rows[COMPARE_PENDING] > 0)
		return HEADLESS_TROUBLE;
	if (diff->rows[COMPARE_DIFFERENT] > 0 || diff->rows[COMPARE_MISSING] > 0 || diff->differing > 0)
		return HEADLESS_FAILED;
	return HEADLESS_OK;
}

static int run(struct diff *diff)
{
	if (!diff->roots || init_roots(diff) != 0 || start_compare(diff) != 0 || scan_roots(diff) != 0 || start_content(diff) != 0)
		return -1;
	print_rows(diff);
	if (diff->failed || diff->path.failed)
		return -1;
	headless_out_flush(&diff->out, true);
	print_summary(diff);
	return 0;
}

static void fini(struct diff *diff)
{
	content_free(diff->content);
	compare_free(diff->compare);
	glob_set_fini(&diff->patterns);
	for (size_t i = 0; diff->roots && i < diff->count; i++) {
		scan_view_free(diff->roots[i].view);
		tree_free(diff->roots[i].tree);
		free(diff->roots[i].extra);
		diff_enter_fini(&diff->roots[i]);
	}
	free(diff->roots);
	buf_fini(&diff->path);
}

int headless_diff(const struct options *options)
{
	struct diff diff = { .options = options, .count = options->roots.len, .ascii = options_text_flags() & TEXT_ASCII };
	int status;

	headless_out_init(&diff.out, options);
	diff.roots = calloc(diff.count, sizeof *diff.roots);
	if (run(&diff) != 0) {
		headless_say("diff", strlen("diff"), error_text(ERROR_NOMEM));
		diff.trouble = true;
	}
	status = exit_status(&diff);
	fini(&diff);
	return headless_out_fini(&diff.out, status);
}
