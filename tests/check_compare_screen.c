/*
 * The comparison as it is painted, while it becomes known: streams of scans of small trees made by chance are let in frame by
 * frame, in an order made by chance. After every one the screen is read, and nothing on it may be what turns out to be wrong: nor when
 * sources die, are started anew, and read what has been changed on disk meanwhile. What was known and is not touched by that stays known.
 */
#include "op_sandbox.h"
#include "apply.h"
#include "command.h"
#include "columns.h"
#include "paint.h"
#include "scan_run.h"
#include "session_compare.h"
#include "text.h"

enum { PANES = 3, NAMES = 36, COLS = 44 * PANES, ROWS = NAMES + 8, PATIENCE = 20 };

/* An assertion of libcheck writes to a pipe even when it holds: too slow for a million of them. */
#define check_that(holds, ...) \
	do { \
		if (!(holds)) \
			ck_abort_msg(__VA_ARGS__); \
	} while (0)

static struct loop loop = LOOP_INIT;
static struct sandbox box;
static struct session *session;
static struct styles *styles;
static struct grid grid;
static struct paint p;
static uint32_t seed;
static size_t panes;

static unsigned draw(unsigned below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

/* Trees ------------------------------------------------------------------------------------------------ */

/* Where the entry of a number is: below a directory of a smaller one, or at the top. */
static size_t parents[NAMES];
static bool dirs[NAMES];

static void path_of(size_t pane, size_t i, char *path, size_t size)
{
	size_t chain[NAMES];
	size_t count = 0;
	int len = snprintf(path, size, "%s/p%zu", box.path, pane);

	for (size_t at = i; at != SIZE_MAX; at = parents[at])
		chain[count++] = at;
	while (count-- > 0)
		len += snprintf(path + len, size - (size_t)len, "/%c%02zu", dirs[chain[count]] ? 'd' : 'f', chain[count]);
}

static void make_file(const char *path)
{
	/* equal times mean equal contents, as `auto` takes it: else what is the same depends on who is there */
	static const char *const contents[] = { "one", "two", "three" };
	size_t which = draw(draw(2) ? 1 : ARRAY_LEN(contents));
	const struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = (time_t)(1000 + which * 10 + draw(2)) } };
	const char *content = contents[which];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, draw(6) ? 0644 : 0600);

	/* the directory may be missing in this pane */
	if (fd < 0)
		return;
	ck_assert_int_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
	ck_assert_int_eq(futimens(fd, times), 0);
	close(fd);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_all(const char *path)
{
	(void)nftw(path, remove_one, 8, FTW_PHYS | FTW_DEPTH);
}

static void make_trees(void)
{
	char path[1024];

	for (size_t i = 0; i < NAMES; i++) {
		dirs[i] = draw(4) == 0;
		do
			parents[i] = i ? draw((unsigned)i + 4) : SIZE_MAX;
		while (parents[i] < i && !dirs[parents[i]]);
		parents[i] = parents[i] < i ? parents[i] : SIZE_MAX;
	}
	for (size_t pane = 0; pane < panes; pane++) {
		snprintf(path, sizeof path, "%s/p%zu", box.path, pane);
		ck_assert_int_eq(mkdir(path, 0755), 0);
		for (size_t i = 0; i < NAMES; i++) {
			path_of(pane, i, path, sizeof path);
			if (draw(8) == 0)
				continue;
			if (!dirs[i])
				make_file(path);
			else if (mkdir(path, 0755) != 0)
				ck_assert_int_eq(errno, ENOENT);
		}
	}
}

/* Streams ---------------------------------------------------------------------------------------------- */

static struct stream {
	struct buf bytes;
	size_t at;
	struct scan_view *view; /* NULL: it has ended, or its source is dead */
} streams[PANES];

static void take(void *arg, const void *frames, size_t len)
{
	buf_add(arg, frames, len);
}

static void record(size_t pane)
{
	char root[300];
	const struct scan_options options = { .id = 1, .depth = WIRE_DEPTH_ALL, .jobs = 1 + draw(2), .root = root, .path = "" };

	snprintf(root, sizeof root, "%s/p%zu", box.path, pane);
	buf_clear(&streams[pane].bytes);
	scan_run(options, take, &streams[pane].bytes);
}

/* Follow a stream from its begin, another one no more: as a pane does with a new source. */
static void follow(size_t pane)
{
	scan_view_free(streams[pane].view);
	streams[pane].view = scan_view_new(session->panes[pane]->tree, TREE_ROOT);
	streams[pane].at = 0;
	ck_assert_ptr_nonnull(streams[pane].view);
}

static void unfollow(size_t pane)
{
	scan_view_free(streams[pane].view);
	streams[pane].view = NULL;
}

/* Let one frame in. Returns whether there was one. */
static bool let_in(size_t pane)
{
	struct stream *stream = &streams[pane];
	struct wire_frame frame;
	size_t used;

	if (!stream->view)
		return false;
	check_that(wire_next(stream->bytes.data + stream->at, stream->bytes.len - stream->at, &frame, &used) == WIRE_OK, "no frame");
	stream->at += used;
	if (frame.type <= WIRE_DONE)
		check_that(scan_view_apply(stream->view, &frame, NULL) != APPLY_BAD, "a bad frame");
	if (stream->at == stream->bytes.len)
		unfollow(pane);
	return true;
}

/* The session ------------------------------------------------------------------------------------------ */

static int64_t now;
static bool holds; /* what one pane alone has is shown, too */

static bool hold_all(void)
{
	struct compare *compare = session->comparison->compare;
	bool more = false;

	for (compare_id row = COMPARE_TOP; holds && (row = compare_walk(compare, COMPARE_TOP, row));)
		more |= compare_is_dir(compare, row) && compare_hold(compare, row);
	return more;
}

static void turn(void)
{
	bool changed = false;

	hold_all();
	for (size_t i = 0; i < panes; i++) {
		struct tree *tree = session->panes[i]->tree;

		tree_settle(tree);
		if (!streams[i].view)
			tree_reclaim(tree);
		for (entry_id id = TREE_ROOT; id; id = tree_walk(tree, TREE_ROOT, id)) {
			if (tree_dir(tree, id))
				tree_entry(tree, id)->flags |= ENTRY_EXPANDED;
		}
	}
	compare_view_touch(&session->comparison->view);
	now += 3 * LOOP_SECOND;
	session_compare_step(session, now, &changed);
}

static void open_session(void)
{
	const struct session_options options = { .jobs = 2, .max_depth = WIRE_DEPTH_ALL };
	char root[300];

	session = session_new(&loop, &options);
	ck_assert_ptr_nonnull(session);
	for (size_t i = 0; i < panes; i++) {
		struct pane *pane;

		snprintf(root, sizeof root, "%s/p%zu", box.path, i);
		pane = session_open(session, root);
		ck_assert_ptr_nonnull(pane);
		pane->wanted = false;
		follow(i);
	}
	ck_assert_int_eq(session_compare(session, COMPARE_AUTO, 0), 0);
	compare_view_height(&session->comparison->view, ROWS);
}

static void close_session(void)
{
	for (size_t i = 0; i < panes; i++)
		unfollow(i);
	session_free(session);
	session = NULL;
}

/* Turn until all is known. */
static void finish(void)
{
	int64_t until = loop_now() + PATIENCE * LOOP_SECOND;

	do {
		check_that(loop_now() < until, "not known in %d s", PATIENCE);
		turn();
		if (comparison_busy(session->comparison))
			check_that(loop_run_once(&loop, LOOP_MS) >= 0, "the loop has ended");
	} while (hold_all() || comparison_busy(session->comparison));
}

/* What is true ------------------------------------------------------------------------------------------ */

/* What is there of a row before the disk was changed, and after it. */
enum { BEFORE, AFTER, VERSIONS };

static struct truth {
	bool there;
	bool counted;        /* in the directories above */
	struct compare_look look;
} truths[VERSIONS][NAMES];

static bool allowed[VERSIONS]; /* which of them may be told now, row by row */
static bool touched[NAMES];    /* what was changed on disk, and all below that */
static size_t changed_pane;

static size_t number_of(const char *name)
{
	return (size_t)(name[1] - '0') * 10 + (size_t)(name[2] - '0');
}

static bool is_counted(const struct compare *compare, compare_id row)
{
	while ((row = compare_parent(compare, row)) != COMPARE_TOP) {
		if (!compare_below(compare, row))
			return false;
	}
	return true;
}

static void learn_truth(struct truth *of)
{
	struct compare *compare = session->comparison->compare;

	memset(of, 0, NAMES * sizeof *of);
	for (compare_id row = COMPARE_TOP; (row = compare_walk(compare, COMPARE_TOP, row));) {
		size_t len;
		struct truth *truth = &of[number_of(compare_name(compare, row, &len))];

		truth->there = true;
		truth->counted = is_counted(compare, row);
		comparison_look(session->comparison, row, &truth->look);
	}
}

/* Is a name below another one? */
static bool is_below(size_t i, size_t above)
{
	while (i != SIZE_MAX && i != above)
		i = parents[i];
	return i == above;
}

/* Does it hold before or after, whichever may be told? */
static bool may_be(size_t i, bool (*holds_for)(const struct truth *truth))
{
	return (allowed[BEFORE] && holds_for(&truths[BEFORE][i])) || (allowed[AFTER] && holds_for(&truths[AFTER][i]));
}

static bool is_there(const struct truth *truth)
{
	return truth->there;
}

static bool is_no_difference(const struct truth *truth)
{
	return !truth->there || truth->look.state == COMPARE_SAME;
}

static bool counts_as_same(const struct truth *truth)
{
	return truth->there && truth->counted && truth->look.state == COMPARE_SAME;
}

static bool counts_as_different(const struct truth *truth)
{
	return truth->there && truth->counted && truth->look.state == COMPARE_DIFFERENT;
}

/* A row that is missing somewhere may turn out to be different when contents have been read. */
static bool counts_as_difference(const struct truth *truth)
{
	return truth->there && truth->counted && (truth->look.state == COMPARE_DIFFERENT || truth->look.state == COMPARE_MISSING);
}

static unsigned count_rows(bool (*holds_for)(const struct truth *truth))
{
	unsigned count = 0;

	for (size_t i = 0; i < NAMES; i++)
		count += may_be(i, holds_for);
	return count;
}

/* The screen ------------------------------------------------------------------------------------------- */

static bool is_class(char letter)
{
	return letter >= 'a' && letter <= 'z';
}

/* Do letters claim nothing that is not so? */
static bool fits(const struct truth *truth, size_t number, const char *letters)
{
	for (size_t a = 0; truth->there && a < panes; a++) {
		char last = truth->look.letters[a];

		bool gone = allowed[AFTER] && !truths[AFTER][number].there && a == changed_pane;
		bool changed = allowed[AFTER] && touched[number] && a == changed_pane;

		/* the row may be there for a moment without the pane that made it go; and a file that was changed cannot be read as what it was */
		if (letters[a] == '-' && last != '-' && !gone)
			return false;
		if (letters[a] == '!' && last != '!' && !changed)
			return false;
		if (is_class(letters[a]) && !is_class(last))
			return false;
		for (size_t b = 0; b < a; b++) {
			if (is_class(letters[a]) && is_class(letters[b]) && (letters[a] == letters[b]) != (last == truth->look.letters[b]))
				return false;
		}
	}
	return truth->there;
}

/* What is not touched by a change stays known while a pane is read again. */
static bool strict;

static void check_letters(size_t number, const char *letters, const char *line)
{
	const struct truth *truth = &truths[BEFORE][number];

	check_that(may_be(number, is_there), "no such row: %s", line);
	check_that((allowed[BEFORE] && fits(truth, number, letters)) || (allowed[AFTER] && fits(&truths[AFTER][number], number, letters)),
		   "%s or %s in the end: %s", truth->look.letters, truths[AFTER][number].look.letters, line);
	if (strict && !touched[number] && truth->there && truths[AFTER][number].there)
		check_that(memcmp(letters, truth->look.letters, panes) == 0, "%s was known: %s", truth->look.letters, line);
}

static void check_all_same(size_t number, const char *line)
{
	for (size_t i = number + 1; i < NAMES; i++)
		check_that(!is_below(i, number) || may_be(i, is_no_difference), "not all the same: %s", line);
}

/* A line of the panes: every pane has the same letters, and a roll-up that claims nothing wrong. */
static unsigned check_line(const char *line, const struct rect *rects)
{
	const char *letters = line + rects[0].x + 2;
	size_t number = SIZE_MAX;

	for (size_t i = 0; i < panes; i++) {
		const char *from = line + rects[i].x + 2 + panes + 1 + 9;
		const char *end = line + rects[i].x + rects[i].w;

		for (const char *at = from; at + 3 < end && number == SIZE_MAX; at++) {
			if ((*at == 'd' || *at == 'f') && strspn(at + 1, "0123456789") == 2)
				number = number_of(at);
		}
	}
	if (number == SIZE_MAX)
		return 0;
	for (size_t i = 0; i < panes; i++)
		check_that(memcmp(letters, line + rects[i].x + 2, panes) == 0, "other letters: %s", line);
	check_letters(number, letters, line);
	for (size_t i = 0; i < panes; i++) {
		const char *claim = memchr(line + rects[i].x, '=', (size_t)rects[i].w);

		if (claim && !strchr("+", claim[1 + strspn(claim + 1, "0123456789")]))
			check_all_same(number, line);
	}
	return 1;
}

/* The number before a word; 0 when it does not stand there. */
static unsigned count_of(const char *line, const char *word)
{
	const char *at = strstr(line, word);

	if (!at)
		return 0;
	while (at > line && at[-1] >= '0' && at[-1] <= '9')
		at--;
	return (unsigned)strtoul(at, NULL, 10);
}

static void check_counts(const char *line)
{
	bool all = !strstr(line, "so far") && !strstr(line, "unknown") && !strstr(line, "comparing") && !strstr(line, " to go") &&
		   !strstr(line, "unreadable");
	unsigned same = count_of(line, " same");
	unsigned different = count_of(line, " different");
	unsigned missing = count_of(line, " missing");

	check_that(same <= count_rows(counts_as_same) && different <= count_rows(counts_as_different) &&
			   different + missing <= count_rows(counts_as_difference),
		   "too many: %s", line);
	if (all && !(allowed[BEFORE] && allowed[AFTER]))
		check_that(same == count_rows(counts_as_same) && different + missing == count_rows(counts_as_difference), "not all: %s", line);
}

/* Read the screen. Returns how many rows it has. */
static unsigned check_screen(void)
{
	struct rect rects[PANES];
	struct buf dump = BUF_INIT;
	unsigned found = 0;
	char *line;

	grid_clear(&grid);
	layout_panes((struct rect){ 0, 0, COLS, ROWS - 1 }, panes, 0, false, rects);
	paint_panes(&p, session, rects, true);
	paint_comparison(&p, session, (struct rect){ 0, ROWS - 1, COLS, 1 });
	grid_dump(&grid, &dump);
	line = dump.data;
	check_that(buf_str(&dump) != NULL, "no memory");
	for (int y = 0; y < ROWS; y++) {
		char *end = strchr(line, '\n');

		*end = '\0';
		if (y > 1 && y < ROWS - 2)
			found += check_line(line, rects);
		else if (y == ROWS - 1)
			check_counts(line);
		line = end + 1;
	}
	buf_fini(&dump);
	return found;
}

/* Tests ------------------------------------------------------------------------------------------------ */

static void setup(void)
{
	sandbox_init(&box);
	styles = styles_new(false);
	ck_assert_ptr_nonnull(styles);
	grid_init(&grid, true);
	ck_assert_int_eq(grid_resize(&grid, COLS, ROWS), 0);
	p = (struct paint){ .grid = &grid, .styles = styles, .columns = &columns_usual, .text = TEXT_ASCII };
}

static void teardown(void)
{
	for (size_t i = 0; i < PANES; i++)
		buf_fini(&streams[i].bytes);
	styles_free(styles);
	grid_fini(&grid);
	loop_fini(&loop);
	sandbox_fini(&box);
}

/* All of the streams, one after the other: that is what is true. */
static void read_all(struct truth *of)
{
	struct stream kept[PANES];
	struct session *other = session;

	memcpy(kept, streams, sizeof kept);
	for (size_t i = 0; i < panes; i++)
		streams[i].view = NULL;
	open_session();
	for (size_t i = 0; i < panes; i++) {
		while (let_in(i))
			;
	}
	finish();
	learn_truth(of);
	close_session();
	memcpy(streams, kept, sizeof kept);
	session = other;
}

static void make_world(void)
{
	panes = 2 + draw(2);
	holds = draw(2);
	changed_pane = draw((unsigned)panes);
	make_trees();
	for (size_t i = 0; i < panes; i++)
		record(i);
	read_all(truths[BEFORE]);
	allowed[BEFORE] = true;
	allowed[AFTER] = false;
	strict = false;
	memset(touched, 0, sizeof touched);
}

/* Let a frame of any stream in, and look. Returns whether there are more. */
static bool step(void)
{
	bool more = false;

	if (let_in(draw((unsigned)panes)) && draw(3))
		turn();
	check_screen();
	for (size_t i = 0; i < panes; i++)
		more |= streams[i].view != NULL;
	return more;
}

START_TEST(nothing_wrong_is_ever_painted)
{
	seed = (uint32_t)_i + 1;
	make_world();
	for (unsigned order = 0; order < 2; order++) {
		open_session();
		while (step())
			;
		finish();
		ck_assert_uint_gt(check_screen(), 0);
		close_session();
	}
}
END_TEST

/* Change things in a pane on disk, and record it as it is now. What its rows are is what they were or what they have become, from now on. */
static void change_disk(void)
{
	char path[1024];

	for (size_t i = 0; i < NAMES; i++) {
		path_of(changed_pane, i, path, sizeof path);
		touched[i] |= parents[i] != SIZE_MAX && touched[parents[i]];
		if (draw(4) > 0)
			continue;
		touched[i] = true;
		if (draw(2))
			remove_all(path);
		else if (!dirs[i])
			make_file(path);
		else
			(void)mkdir(path, 0755);
	}
	record(changed_pane);
	read_all(truths[AFTER]);
	allowed[AFTER] = true;
}

/* The pane has been read to the end as it is now: what it was is past. */
static void end_change(void)
{
	allowed[BEFORE] = false;
	ck_assert_uint_gt(check_screen(), 0);
}

/* A source that dies, and is started again after a while; all of them, as when the backend is another one; other panes. */
static void disturb(void)
{
	size_t pane = draw((unsigned)panes);

	switch (draw(4)) {
	case 0:
		unfollow(pane);
		turn();
		check_screen();
		follow(pane);
		break;
	case 1:
		for (size_t i = 0; i < panes; i++)
			follow(i);
		break;
	case 2:
		if (!strict)
			session_compare_again(session, NULL);
		break;
	default:
		follow(pane);
		break;
	}
}

/* While trees become known: sources die, panes are read again, one of them after it was changed. */
START_TEST(nothing_wrong_is_painted_when_sources_die)
{
	unsigned events = 3;

	seed = (uint32_t)_i + 1000;
	make_world();
	open_session();
	while (step() || events > 0) {
		if (draw(20) > 0 || events == 0)
			continue;
		if (--events == 1) {
			unfollow(changed_pane);
			change_disk();
			follow(changed_pane);
		} else {
			disturb();
		}
	}
	finish();
	end_change();
	close_session();
}
END_TEST

/* When all is known: what was not changed stays as it is in every frame. */
START_TEST(what_is_known_stays_known)
{
	unsigned events = 3;

	seed = (uint32_t)_i + 2000;
	make_world();
	open_session();
	while (step())
		;
	finish();
	change_disk();
	strict = true;
	follow(changed_pane);
	while (step() || events > 0) {
		if (draw(20) == 0 && events > 0) {
			events--;
			disturb();
		}
	}
	finish();
	end_change();
	close_session();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("compare_screen");
	TCase *tcase = tcase_create("compare_screen");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, nothing_wrong_is_ever_painted, 0, 40);
	tcase_add_loop_test(tcase, nothing_wrong_is_painted_when_sources_die, 0, 20);
	tcase_add_loop_test(tcase, what_is_known_stays_known, 0, 20);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
