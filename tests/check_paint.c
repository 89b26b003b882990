#include <check.h>
#include <string.h>
#include <time.h>

#include "loop.h"
#include "columns.h"
#include "paint.h"
#include "text.h"

/* 2026-11-20 12:00:00 UTC */
#define NOW (INT64_C(1795176000) * LOOP_SECOND)

static struct loop loop = LOOP_INIT;
static struct session *session;
static struct styles *styles;
static struct grid grid;
static struct paint p;

static void setup(void)
{
	const struct session_options options = { .jobs = 1 };

	tzset();
	session = session_new(&loop, &options);
	styles = styles_new(false);
	ck_assert(session && styles);
	grid_init(&grid, false);
	p = (struct paint){ .grid = &grid, .styles = styles, .columns = &columns_usual, .clock = NOW, .home = "/home/ann", .cwd = "/srv", .cwd_len = 4 };
}

static void teardown(void)
{
	session_free(session);
	styles_free(styles);
	grid_fini(&grid);
	loop_fini(&loop);
}

/** An entry as a scan would have found it. */
static entry_id add(struct pane *pane, entry_id parent, const char *name, uint32_t mode, uint64_t size)
{
	struct attrs attrs = { .flags = ATTRS_KNOWN, .mode = mode, .nlink = 1, .ino = 7, .size = size, .uid = 1000, .gid = 100,
		               .mtime = NOW - 24 * 3600 * LOOP_SECOND };
	entry_id id = tree_add(pane->tree, parent, name, strlen(name), mode & S_IFMT);

	ck_assert(id != 0);
	ck_assert_int_eq(tree_set_attrs(pane->tree, id, &attrs), 0);
	if (S_ISDIR(mode))
		tree_set_state(pane->tree, id, DIR_COMPLETE, ERROR_NONE);
	return id;
}

/** A pane with a root of which everything is known so far. */
static struct pane *open_pane(const char *root)
{
	struct pane *pane = session_open(session, root);
	struct attrs attrs = { .flags = ATTRS_KNOWN, .mode = S_IFDIR | 0755, .ino = 1 };

	ck_assert_ptr_nonnull(pane);
	pane->wanted = false;
	pane->state = PANE_COMPLETE;
	ck_assert_int_eq(tree_set_attrs(pane->tree, TREE_ROOT, &attrs), 0);
	tree_set_state(pane->tree, TREE_ROOT, DIR_COMPLETE, ERROR_NONE);
	return pane;
}

/** The picture of SPEC: a directory that grows, one that is closed to us, a marked file. */
static struct pane *open_example(void)
{
	struct pane *pane = open_pane("/home/ann/src/app");
	entry_id id;

	id = add(pane, TREE_ROOT, "docs", S_IFDIR | 0755, 0);
	add(pane, id, "a", S_IFREG | 0644, 1200000);
	tree_set_state(pane->tree, id, DIR_READING, ERROR_NONE);
	id = add(pane, TREE_ROOT, "src", S_IFDIR | 0755, 0);
	add(pane, id, "b", S_IFREG | 0644, 38100000);
	id = add(pane, TREE_ROOT, "Makefile.am", S_IFREG | 0644, 6148);
	tree_mark(pane->tree, id, true);
	id = add(pane, TREE_ROOT, "secret", S_IFDIR | 0700, 0);
	tree_set_state(pane->tree, id, DIR_UNREADABLE, ERROR_ACCES);
	id = add(pane, TREE_ROOT, "to", S_IFLNK | 0777, 3);
	ck_assert_int_eq(tree_set_target(pane->tree, id, "src", 3), 0);
	pane->entries = 8;
	return pane;
}

#define PICTURE \
	"┌ ~/src/app ────────── ⠹ 41,203 · 118k/s ┐\n" \
	"│ name             size mode      mtime  │\n" \
	"│ ▸ docs/       1.2 MB+ rwxr-xr-x 11-19  │\n" \
	"│ ! secret/           ? rwx------ 11-19  │\n" \
	"│ ▸ src/        38.1 MB rwxr-xr-x 11-19  │\n" \
	"│*  Makef…e.am   6.1 kB rw-r--r-- 11-19  │\n" \
	"│   to → src        3 B rwxrwxrwx 11-19  │\n" \
	"└ 5 entries · 1 marked 6.1 kB · 1 unread ┘\n" \
	" ~/src/app/docs  drwxr-xr-x 0755 1000:10…\n" \
	"\n"

#define ASCII \
	"+ ~/src/app -------- ok 41,203, >39.3 MB +\n" \
	"| name             size mode      mtime  |\n" \
	"| > docs/       >1.2 MB rwxr-xr-x 11-19  |\n" \
	"| ! secret/           ? rwx------ 11-19  |\n" \
	"| v src/        38.1 MB rwxr-xr-x 11-19  |\n" \
	"|     b         38.1 MB rw-r--r-- 11-19  |\n" \
	"|*  Makef~e.am   6.1 kB rw-r--r-- 11-19  |\n" \
	"+ 6 entries, 1 marked 6.1 kB, 1 unread --+\n" \
	" ~/src/app/docs  drwxr-xr-x 0755 1000:10~\n" \
	"\n"

/** Bring rows up to date and paint all panes. */
static const char *paint(int cols, int rows, struct buf *dump)
{
	struct rect rects[8];
	struct layout layout;

	ck_assert_uint_le(session->pane_count, ARRAY_LEN(rects));
	ck_assert_int_eq(grid_resize(&grid, cols, rows), 0);
	layout_screen(cols, rows, &layout);
	layout_panes(layout.panes, session->pane_count, session->active, false, rects);
	for (size_t i = 0; i < session->pane_count; i++) {
		struct pane *pane = session->panes[i];

		tree_settle(pane->tree);
		rows_update(&pane->rows, loop_now(), 0);
		rows_view(&pane->rows, paint_pane_height(&rects[i]));
	}
	paint_panes(&p, session, rects, true);
	paint_status(&p, session, layout.status);
	buf_clear(dump);
	grid_dump(&grid, dump);
	return buf_str(dump);
}

/** The cells are these lines. */
static void assert_lines(int cols, int rows, const char *want)
{
	struct buf dump = BUF_INIT;

	ck_assert_str_eq(paint(cols, rows, &dump), want);
	buf_fini(&dump);
}

/** Somewhere in the cells stands this. */
static void assert_holds(int cols, int rows, const char *want)
{
	struct buf dump = BUF_INIT;

	ck_assert_msg(strstr(paint(cols, rows, &dump), want) != NULL, "no \"%s\" in\n%s", want, dump.data);
	buf_fini(&dump);
}

START_TEST(test_picture)
{
	struct pane *pane = open_example();

	pane->state = PANE_SCANNING;
	pane->rate = 118000;
	pane->entries = 41203;
	p.now = 2 * LOOP_SECOND / 10;
	pane->last_record = p.now;
	assert_lines(42, 10, PICTURE);
}
END_TEST

START_TEST(test_picture_ascii)
{
	struct pane *pane = open_example();

	pane->entries = 41203;
	p.text = TEXT_ASCII;
	grid.ascii = true;
	tree_entry(pane->tree, tree_find(pane->tree, TREE_ROOT, "src", 3))->flags |= ENTRY_EXPANDED;
	rows_touch(&pane->rows);
	assert_lines(42, 10, ASCII);
}
END_TEST

/** Columns go from the right, the name stays. */
static const struct {
	int cols;
	const char *line;
	const char *columns; /* NULL: the usual ones */
} column_cases[] = {
	{ 60, "│   to → src                          3 B rwxrwxrwx 11-19  │", NULL },
	{ 42, "│   to → src        3 B rwxrwxrwx 11-19  │", NULL },
	{ 41, "│   to → src              3 B rwxrwxrwx │", NULL },
	{ 34, "│   to             3 B rwxrwxrwx │", NULL },
	{ 33, "│   to → src                 3 B│", NULL },
	{ 24, "│   to → src        3 B│", NULL },
	{ 23, "│   to → src          │", NULL },
	{ 12, "│   to     │", NULL },
	{ 60, "│   to → src                       rwxrwxrwx  0777      3 B│", "mode,octal,size" },
	{ 44, "│ rwxrwxrwx       3 B   to → src          1│", "mode size name links inode" },
	{ 30, "│ rwxrwxrwx    to → src      │", "mode size name links inode" },
	{ 20, "│   to → src       │", "mode size name links inode" },
};

START_TEST(test_columns)
{
	struct columns columns = columns_usual;

	if (column_cases[_i].columns)
		ck_assert_ptr_null(columns_parse(&columns, column_cases[_i].columns));
	p.columns = &columns;
	open_example();
	assert_holds(column_cases[_i].cols, 12, column_cases[_i].line);
	p.columns = &columns_usual;
}
END_TEST

START_TEST(test_acl_is_marked)
{
	struct pane *pane = open_example();

	tree_set_acl(pane->tree, tree_find(pane->tree, TREE_ROOT, "src", 3), true);
	assert_holds(60, 12, "38.1 MB rwxr-xr-x+11-19  │");
	assert_holds(41, 12, "38.1 MB rwxr-xr-x+│");
	rows_want(&pane->rows, tree_find(pane->tree, TREE_ROOT, "src", 3));
	assert_holds(60, 12, "drwxr-xr-x+ 0755 1000:100");
}
END_TEST

/** What the title and the body say of a state. */
static const struct {
	enum pane_state state;
	const char *reason;
	const char *title;
	const char *body;
} state_cases[] = {
	{ PANE_COMPLETE, "", "✓ 1 · 0 B", "empty" },
	{ PANE_STOPPED, "", "◼ 1 · 0 B", "empty" },
	{ PANE_FAILED, "no\nsuch", "✗ no\\nsuch", "no\\nsuch" },
	{ PANE_RESTARTING, "killed", "✗ killed", "killed" },
	{ PANE_SCANNING, "", "⠋ 1 ", "empty" },
};

START_TEST(test_states)
{
	struct pane *pane = open_pane("/x");

	pane->state = state_cases[_i].state;
	pane->entries = 1;
	buf_add_str(&pane->reason, state_cases[_i].reason);
	assert_holds(60, 8, state_cases[_i].title);
	assert_holds(60, 8, state_cases[_i].body);
}
END_TEST

/** Why there are no rows: four different things. */
static const struct {
	enum dir_state state;
	enum error error;
	const char *why;
} empty_cases[] = {
	{ DIR_UNREAD, ERROR_NONE, "not read" },
	{ DIR_READING, ERROR_NONE, "reading…" },
	{ DIR_COMPLETE, ERROR_NONE, "empty" },
	{ DIR_UNREADABLE, ERROR_ACCES, "not readable: permission denied" },
	{ DIR_PARTIAL, ERROR_IO, "incomplete: input/output error" },
	{ DIR_SKIPPED, ERROR_MOUNT, "not entered: mount point" },
};

START_TEST(test_no_rows)
{
	struct pane *pane = open_pane("/x");

	tree_set_state(pane->tree, TREE_ROOT, empty_cases[_i].state, empty_cases[_i].error);
	assert_holds(60, 8, empty_cases[_i].why);
}
END_TEST

START_TEST(test_filter)
{
	struct pane *pane = open_example();

	buf_add_str(&pane->rows.filter, "s");
	rows_touch(&pane->rows);
	assert_holds(70, 12, "3 of 5 match s");
	buf_add_str(&pane->rows.filter, "zz");
	rows_touch(&pane->rows);
	assert_holds(70, 12, "nothing matches the filter");
}
END_TEST

START_TEST(test_footer_and_status)
{
	struct pane *pane = open_example();

	assert_holds(60, 12, "└ 5 entries · 1 marked 6.1 kB · 1 unread ─");
	assert_holds(90, 12, " ~/src/app/docs  drwxr-xr-x 0755 1000:100 1.2 MB, 1 entry below");
	rows_want(&pane->rows, tree_find(pane->tree, TREE_ROOT, "Makefile.am", 11));
	assert_holds(90, 12, " ~/src/app/Makefile.am  -rw-r--r-- 0644 1000:100 6,148 bytes, 1 link");
	rows_want(&pane->rows, tree_find(pane->tree, TREE_ROOT, "secret", 6));
	assert_holds(90, 12, " ~/src/app/secret  permission denied  drwx------ 0700 1000:100\n");
}
END_TEST

static void wake_nobody(void *arg)
{
	(void)arg;
}

/** That a pane polls is told before what feeds it. */
START_TEST(test_narrow_footer)
{
	struct pane *pane = open_pane("/x");

	add(pane, TREE_ROOT, "a", S_IFREG | 0644, 1);
	pane->source = source_new(&(struct source_options){ .kind = SOURCE_THREADS, .root = "/x", .wake = wake_nobody });
	ck_assert_ptr_nonnull(pane->source);
	assert_holds(30, 12, "└ 1 entry ───────── threads ─┘");
	pane->polls = true;
	assert_holds(40, 12, "└ 1 entry ─────────── threads, polled ─┘");
	assert_holds(24, 12, "└ 1 entry ──── polled ─┘");
}
END_TEST

START_TEST(test_root_is_spelled_out)
{
	open_pane(".");
	assert_holds(60, 8, "┌ /srv ─");
}
END_TEST

/** One name is one row and nothing else, whatever it holds. */
START_TEST(test_hostile_names)
{
	static const char *const names[] = { "a\nb", "\x1b]0;x\a", "\x1b[2J", "\r\b\t", "\xff\xfe", "\xe2\x80\xae" "evil",
		                             "\xc2\x9b" "31m", "x\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81", "日本語日本語日本語",
		                             " ", "a " };
	struct pane *pane = open_pane("/x");
	struct buf dump = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		add(pane, TREE_ROOT, names[i], S_IFREG | 0644, 1);
	for (int cols = 4; cols < 70; cols++) {
		const char *text = paint(cols, 18, &dump);
		size_t lines = 0;

		for (size_t i = 0; i < dump.len; i++) {
			ck_assert_msg((unsigned char)text[i] >= ' ' || text[i] == '\n', "control character at %d columns", cols);
			lines += text[i] == '\n';
		}
		ck_assert_uint_eq(lines, 18);
		ck_assert_ptr_null(strstr(text, "\xe2\x80\xae"));
		ck_assert_ptr_null(strstr(text, "\xc2\x9b"));
	}
	buf_fini(&dump);
}
END_TEST

START_TEST(test_any_size)
{
	struct buf dump = BUF_INIT;

	open_example();
	open_pane("/y");
	open_pane("/a/very/long/root/that/has/to/be/cut/in/the/middle")->state = PANE_FAILED;
	buf_add_str(&session->panes[2]->reason, "a reason that is longer than any title can be expected to show to anybody");
	for (int cols = 1; cols < 130; cols += 3) {
		for (int rows = 1; rows < 30; rows++) {
			session->active = (size_t)(rows % 3);
			paint(cols, rows, &dump);
			ck_assert_int_lt(grid.cursor_x, cols);
			ck_assert_int_lt(grid.cursor_y, rows);
		}
	}
	buf_fini(&dump);
}
END_TEST

/** The cursor of the hardware is in the current row of the active pane. */
START_TEST(test_cursor)
{
	struct pane *pane = open_example();
	struct buf dump = BUF_INIT;

	open_pane("/y");
	paint(84, 12, &dump);
	ck_assert_int_eq(grid.cursor_x, 4);
	ck_assert_int_eq(grid.cursor_y, 2);
	rows_move(&pane->rows, 2);
	paint(84, 12, &dump);
	ck_assert_int_eq(grid.cursor_y, 4);
	ck_assert_uint_ne(grid_at(&grid, 10, 4)->style & STYLE_CURSOR, 0);
	session->active = 1;
	paint(84, 12, &dump);
	ck_assert_int_eq(grid.cursor_x, 43);
	ck_assert_uint_eq(grid_at(&grid, 10, 4)->style & STYLE_CURSOR, 0);
	ck_assert_uint_ne(grid_at(&grid, 10, 4)->style & STYLE_IDLE_CURSOR, 0);
	buf_fini(&dump);
}
END_TEST

static const struct {
	struct job job;
	const char *text;
} job_cases[] = {
	{ { .state = JOB_PLANNING, .progress = { .items = 1234 } }, "x: counting… 1,234" },
	{ { .state = JOB_PLANNED }, "x: waits for an answer" },
	{ { .state = JOB_RUNNING, .started = -2 * LOOP_SECOND, .progress = { true, 50, 200, 0, 0 } },
	  "x: 50 of 200 · 25 % · 25/s · 6 s left" },
	{ { .state = JOB_RUNNING, .progress = { true, 50, 200, 90, 100 } }, "x: 50 of 200 · 90 %" },
	{ { .state = JOB_DONE, .result = { .ok = 3, .failed = 1, .skipped = 2 } }, "x: 3 ok, 1 failed, 2 skipped" },
	{ { .state = JOB_DONE, .result = { .ok = 3, .skipped = 2 } }, "x: 3 ok, 2 skipped" },
	{ { .state = JOB_DONE, .result = { .ok = 3 } }, "x: 3 ok" },
	{ { .state = JOB_FAILED, .error = ERROR_PIPE }, "x: interrupted, its pane was closed, after 0 of 0 items" },
	{ { .state = JOB_CANCELLED }, "x: cancelled" },
};

START_TEST(test_jobs)
{
	struct job job = job_cases[_i].job;
	struct buf text = BUF_INIT;

	buf_add_str(&job.title, "x");
	paint_job_text(&p, &job, &text);
	ck_assert_str_eq(buf_str(&text), job_cases[_i].text);
	buf_fini(&text);
	buf_fini(&job.title);
}
END_TEST

static const struct {
	uint64_t count;
	const char *noun;
	const char *text;
} plural_cases[] = {
	{ 0, "link", "0 links" }, { 1, "link", "1 link" },    { 1234, "byte", "1,234 bytes" },
	{ 1, "entry", "1 entry" }, { 2, "entry", "2 entries" },
};

START_TEST(test_plural)
{
	struct buf text = BUF_INIT;

	paint_plural(&text, plural_cases[_i].count, plural_cases[_i].noun);
	ck_assert_str_eq(buf_str(&text), plural_cases[_i].text);
	buf_fini(&text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("paint");
	TCase *tests = tcase_create("paint");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, test_picture);
	tcase_add_test(tests, test_picture_ascii);
	tcase_add_loop_test(tests, test_columns, 0, ARRAY_LEN(column_cases));
	tcase_add_test(tests, test_acl_is_marked);
	tcase_add_loop_test(tests, test_states, 0, ARRAY_LEN(state_cases));
	tcase_add_loop_test(tests, test_no_rows, 0, ARRAY_LEN(empty_cases));
	tcase_add_test(tests, test_filter);
	tcase_add_test(tests, test_footer_and_status);
	tcase_add_test(tests, test_narrow_footer);
	tcase_add_test(tests, test_root_is_spelled_out);
	tcase_add_test(tests, test_hostile_names);
	tcase_add_test(tests, test_any_size);
	tcase_add_test(tests, test_cursor);
	tcase_add_loop_test(tests, test_jobs, 0, ARRAY_LEN(job_cases));
	tcase_add_loop_test(tests, test_plural, 0, ARRAY_LEN(plural_cases));
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
