/*
 * The comparison of real small trees through their life: what the disk and the user change, panes that come and go, contents
 * that are read, stopped and read again; and panes that move together.
 */
#include "beside_worker.h"
#include "op_sandbox.h"
#include "session_compare.h"
#include "session_link.h"

enum { PATIENCE = 20 };

static struct loop loop = LOOP_INIT;
static struct sandbox box;
static struct session *session;

static void open_panes(const char *const *names, size_t count)
{
	const struct session_options options = { .jobs = 2, .max_depth = WIRE_DEPTH_ALL };

	session = session_new(&loop, &options);
	ck_assert_ptr_nonnull(session);
	for (size_t i = 0; i < count; i++) {
		struct pane *pane = session_open(session, sandbox_at(&box, names[i]));

		ck_assert_ptr_nonnull(pane);
		pane->height = 20;
	}
}

static void turn(void)
{
	int64_t due = session_step(session, loop_now(), 4 * LOOP_MS);
	int64_t wait = 20 * LOOP_MS;
	int64_t now = loop_now();

	if (due < now + wait)
		wait = due > now ? due - now : 0;
	ck_assert_int_ge(loop_run_once(&loop, wait), 0);
	if (session->comparison)
		compare_view_height(&session->comparison->view, 20);
}

static void settle(void)
{
	int64_t until = loop_now() + PATIENCE * LOOP_SECOND;

	turn();
	while (session_busy(session)) {
		ck_assert_msg(loop_now() < until, "no rest in %d s", PATIENCE);
		turn();
	}
	turn();
}

/* The rows as text: `>` the cursor, letters, what differs, name. */
static const char *rows(void)
{
	static struct buf out;
	const struct comparison *comparison = session->comparison;

	buf_clear(&out);
	for (size_t i = 0; i < comparison->view.count; i++) {
		compare_id row = comparison->view.items[i].row;
		struct compare_look look;
		size_t len;
		const char *name = compare_name(comparison->compare, row, &len);

		comparison_look(comparison, row, &look);
		buf_printf(&out, "%s%s%s ", i ? " " : "", i == comparison->view.at ? ">" : "", look.letters);
		for (unsigned bit = 0; bit < 8; bit++) {
			if (look.differs & 1U << bit)
				buf_add_byte(&out, "tlscmogp"[bit]);
		}
		buf_add_byte(&out, ':');
		buf_add(&out, name, len);
	}
	return buf_str(&out) ? out.data : "";
}

/* Turn until the rows are these. */
static void wait_for_rows(const char *want)
{
	int64_t until = loop_now() + PATIENCE * LOOP_SECOND;

	while (strcmp(rows(), want) != 0) {
		ck_assert_msg(loop_now() < until, "not in %d s: '%s' but '%s'", PATIENCE, want, rows());
		turn();
	}
}

static void write_file(const char *name, const char *text, time_t mtime)
{
	const struct timespec times[2] = { { .tv_sec = mtime }, { .tv_sec = mtime } };
	int fd = open(sandbox_at(&box, name), O_WRONLY | O_CREAT | O_TRUNC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(futimens(fd, times), 0);
	close(fd);
}

static void begin(void)
{
	sandbox_init(&box);
	sandbox_make(&box, "a/ a/d/ b/ b/d/ c/ c/d/");
	for (size_t i = 0; i < 3; i++) {
		const char *const pane[] = { "a", "b", "c" };
		char name[32];

		snprintf(name, sizeof name, "%s/f", pane[i]);
		write_file(name, "one", 1000);
		snprintf(name, sizeof name, "%s/g", pane[i]);
		write_file(name, "two", 1000 + (time_t)i);
		snprintf(name, sizeof name, "%s/d/x", pane[i]);
		write_file(name, i == 2 ? "longer" : "x", 1000);
	}
}

static void end(void)
{
	session_free(session);
	session = NULL;
	loop_fini(&loop);
	sandbox_fini(&box);
}

static const char *const three[] = { "a", "b", "c" };

START_TEST(needs_two_panes)
{
	open_panes(three, 1);
	settle();
	ck_assert_int_eq(session_compare(session, COMPARE_AUTO, 0), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_ptr_null(session->comparison);
}
END_TEST

START_TEST(compares_what_the_panes_show)
{
	open_panes(three, 3);
	ck_assert_int_eq(session_compare(session, COMPARE_AUTO, 0), 0);
	settle();
	ck_assert_str_eq(rows(), ">aaa :d aaa :f aaa :g");
	ck_assert_uint_eq(compare_below(session->comparison->compare, COMPARE_TOP)->of[COMPARE_DIFFERENT], 1);
	ck_assert(comparison_enter(session->comparison));
	settle();
	ck_assert_str_eq(rows(), ">aab s:x");
	for (size_t i = 0; i < 3; i++)
		ck_assert_uint_ne(session->panes[i]->rows.dir, TREE_ROOT);
	ck_assert(comparison_leave(session->comparison));
	session_compare_end(session);
	settle();
	for (size_t i = 0; i < 3; i++)
		ck_assert_uint_eq(session->panes[i]->rows.dir, TREE_ROOT);
}
END_TEST

START_TEST(follows_the_disk)
{
	open_panes(three, 3);
	ck_assert_int_eq(session_compare(session, COMPARE_AUTO, 0), 0);
	settle();
	write_file("b/f", "ONE", 2000);
	pane_rescan(session->panes[1]);
	wait_for_rows(">aaa :d aba c:f aaa :g");
	ck_assert_int_eq(unlink(sandbox_at(&box, "c/f")), 0);
	pane_rescan(session->panes[2]);
	wait_for_rows(">aaa :d ab- c:f aaa :g");
	write_file("b/f", "one", 3000);
	pane_rescan(session->panes[1]);
	wait_for_rows(">aaa :d aa- :f aaa :g");
}
END_TEST

START_TEST(panes_come_and_go)
{
	open_panes(three, 2);
	ck_assert_int_eq(session_compare(session, COMPARE_AUTO, 0), 0);
	settle();
	ck_assert_str_eq(rows(), ">aa :d aa :f aa :g");
	compare_view_goto(&session->comparison->view, 1);
	ck_assert_ptr_nonnull(session_open(session, sandbox_at(&box, "c")));
	settle();
	ck_assert_str_eq(rows(), "aaa :d >aaa :f aaa :g");
	compare_view_goto(&session->comparison->view, 0);
	ck_assert(comparison_enter(session->comparison));
	settle();
	ck_assert_str_eq(rows(), ">aab s:x");
	ck_assert(session_close(session, 0));
	settle();
	ck_assert_str_eq(rows(), ">ab s:x");
	ck_assert(session_close(session, 0));
	ck_assert_ptr_null(session->comparison);
	settle();
}
END_TEST

/* Rows whose contents were read so far, and bytes since the panes are those that they are. */
static uint64_t rows_read(void)
{
	return session->comparison->read;
}

static uint64_t bytes_read(void)
{
	return session->comparison->content ? content_bytes(session->comparison->content) : 0;
}

START_TEST(what_was_read_outlives_the_panes)
{
	open_panes(three, 3);
	settle();
	ck_assert_int_eq(session_compare(session, COMPARE_CONTENT, 0), 0);
	settle();
	ck_assert_str_eq(rows(), ">aaa :d aaa :f aaa :g");
	ck_assert_uint_eq(rows_read(), 3);
	/* panes that are hidden, change places, become the reference */
	ck_assert(session_hide(session));
	session_swap(session, 0, 2);
	session->comparison->reference = session->panes[1];
	settle();
	ck_assert_uint_eq(rows_read(), 3);
	/* one that is closed */
	ck_assert(session_close(session, 1));
	settle();
	ck_assert_str_eq(rows(), ">aa :d aa :f aa :g");
	ck_assert_uint_eq(rows_read(), 3);
	ck_assert_ptr_null(session->comparison->content);
	/* a new one is read, and held against one of those that are equal */
	ck_assert_ptr_nonnull(session_open(session, sandbox_at(&box, "b")));
	settle();
	ck_assert_str_eq(rows(), ">aaa :d aaa :f aaa :g");
	ck_assert_uint_eq(rows_read(), 6);
	ck_assert_uint_eq(bytes_read(), 2 * (3 + 3 + 1));
	/* panes that come and go before anything was looked at again; above the roots, too */
	ck_assert_ptr_nonnull(session_open(session, sandbox_at(&box, "a")));
	ck_assert(session_close(session, 3));
	ck_assert(session_close(session, 0));
	ck_assert(comparison_leave(session->comparison));
	settle();
	ck_assert_uint_eq(rows_read(), 6);
}
END_TEST

START_TEST(what_was_read_does_not_outlive_the_files)
{
	open_panes(three, 3);
	ck_assert_int_eq(session_compare(session, COMPARE_AUTO, 0), 0);
	settle();
	ck_assert_str_eq(rows(), ">aaa :d aaa :f aaa :g");
	/* what the tree knows when the panes change, and what it learns before rows are looked at again */
	write_file("b/g", "TWO", 2000);
	pane_rescan(session->panes[1]);
	ck_assert(session_close(session, 2));
	settle();
	wait_for_rows(">aa :d aa :f ab c:g");
	write_file("b/g", "two", 3000);
	pane_rescan(session->panes[1]);
	settle();
	wait_for_rows(">aa :d aa :f aa :g");
	ck_assert_ptr_nonnull(session_open(session, sandbox_at(&box, "c")));
	write_file("a/g", "TWO", 4000);
	pane_rescan(session->panes[0]);
	settle();
	wait_for_rows(">aaa :d aaa :f abb c:g");
	/* another file of the same name */
	ck_assert_int_eq(rename(sandbox_at(&box, "a/g"), sandbox_at(&box, "b/g")), 0);
	pane_rescan(session->panes[0]);
	pane_rescan(session->panes[1]);
	ck_assert(session_close(session, 2));
	wait_for_rows(">aa :d aa :f -a :g");
}
END_TEST

START_TEST(letters_are_in_the_order_of_the_panes)
{
	open_panes(three, 3);
	ck_assert_int_eq(session_compare(session, COMPARE_AUTO, 0), 0);
	settle();
	compare_view_goto(&session->comparison->view, 0);
	ck_assert(comparison_enter(session->comparison));
	settle();
	ck_assert_str_eq(rows(), ">aab s:x");
	session_swap(session, 0, 2);
	ck_assert_str_eq(rows(), ">abb s:x");
	session->comparison->reference = session->panes[1];
	ck_assert_str_eq(rows(), ">baa s:x");
	ck_assert_uint_eq(session->active, 2);
}
END_TEST

START_TEST(reading_can_be_stopped_and_goes_on)
{
	open_panes(three, 3);
	ck_assert_int_eq(session_compare(session, COMPARE_AUTO, 0), 0);
	comparison_pause(session->comparison, true);
	settle();
	ck_assert_str_eq(rows(), ">aaa :d aaa :f a.. :g");
	ck_assert_uint_eq(comparison_to_read(session->comparison), 1);
	comparison_pause(session->comparison, false);
	settle();
	ck_assert_str_eq(rows(), ">aaa :d aaa :f aaa :g");
	/* what was read stays known, and what is not wanted any more is not read */
	comparison_pause(session->comparison, true);
	comparison_set_by(session->comparison, COMPARE_CONTENT);
	settle();
	ck_assert_str_eq(rows(), ">aaa :d a.. :f aaa :g");
	comparison_set_by(session->comparison, COMPARE_SIZE);
	settle();
	ck_assert_str_eq(rows(), ">aaa :d aaa :f aaa :g");
}
END_TEST

/* The panes that show a directory of this name, as digits. */
static const char *showing(const char *name)
{
	static char digits[8];
	size_t count = 0;

	for (size_t i = 0; i < session->pane_count; i++) {
		const struct pane *pane = session->panes[i];
		size_t len;
		const char *has = tree_name(pane->tree, pane->rows.dir, &len);

		if (len == strlen(name) && memcmp(has, name, len) == 0)
			digits[count++] = (char)('0' + i);
	}
	digits[count] = '\0';
	return digits;
}

START_TEST(all_panes_go_where_one_alone_can)
{
	sandbox_make(&box, "a/only/ a/only/deep/ a/only/deep/er/ a/only/x");
	open_panes(three, 3);
	ck_assert_int_eq(session_compare(session, COMPARE_AUTO, 0), 0);
	settle();
	ck_assert_str_eq(rows(), ">aaa :d a-- :only aaa :f aaa :g");
	compare_view_goto(&session->comparison->view, 1);
	ck_assert(comparison_enter(session->comparison));
	settle();
	ck_assert_str_eq(rows(), ">a-- :deep a-- :x");
	ck_assert_str_eq(showing("only"), "0");
	ck_assert_uint_eq(comparison_dir(session->comparison, session->panes[1]), 0);
	ck_assert(comparison_enter(session->comparison));
	settle();
	ck_assert_str_eq(rows(), ">a-- :er");
	/* it is not counted above, and a pane that goes does not throw anybody out */
	ck_assert_uint_eq(compare_below(session->comparison->compare, COMPARE_TOP)->of[COMPARE_MISSING], 1);
	ck_assert(session_close(session, 1));
	settle();
	ck_assert_str_eq(rows(), ">a- :er");
	ck_assert_str_eq(showing("deep"), "0");
	ck_assert(comparison_enter(session->comparison));
	settle();
	ck_assert_str_eq(rows(), "");
	ck_assert_ptr_nonnull(session_open(session, sandbox_at(&box, "b")));
	settle();
	ck_assert_str_eq(rows(), "");
	ck_assert_str_eq(showing("er"), "0");
	for (unsigned i = 0; i < 3; i++)
		ck_assert(comparison_leave(session->comparison));
	settle();
	ck_assert_str_eq(rows(), "aaa :d >a-- :only aaa :f aaa :g");
	/* opened in place, and when another pane gets it, too */
	ck_assert(comparison_expand(session->comparison));
	settle();
	ck_assert_str_eq(rows(), "aaa :d >a-- :only a-- :deep a-- :x aaa :f aaa :g");
	ck_assert(comparison_enter(session->comparison));
	sandbox_make(&box, "b/only/ b/only/y");
	pane_scan_below(session->panes[2], TREE_ROOT);
	wait_for_rows(">a-- :deep a-- :x --a :y");
	ck_assert_str_eq(showing("only"), "02");
	ck_assert_uint_eq(compare_below(session->comparison->compare, COMPARE_TOP)->of[COMPARE_MISSING], 1 + 3);
	session_compare_end(session);
	settle();
	ck_assert_str_eq(showing("only"), "02");
}
END_TEST

START_TEST(operations_come_true)
{
	struct pane *pane;
	struct job *job;
	entry_id id;

	open_panes(three, 3);
	ck_assert_int_eq(session_compare(session, COMPARE_AUTO, 0), 0);
	settle();
	pane = session->panes[1];
	compare_view_goto(&session->comparison->view, 1);
	id = pane_current(pane);
	ck_assert_uint_ne(id, 0);
	pane_mark(pane);
	ck_assert_uint_eq(tree_marked(pane->tree, &(uint64_t){ 0 }), 1);
	job = session_operate(session, pane, OP_RENAME, 0, &id, 1, "h", NULL, true);
	ck_assert_ptr_nonnull(job);
	wait_for_rows("aaa :d a-a :f >aaa :g -a- :h");
	/* the row of the first pane alone has no entry in the second */
	compare_view_goto(&session->comparison->view, 1);
	ck_assert_uint_eq(pane_current(pane), 0);
	ck_assert_uint_ne(pane_current(session->panes[0]), 0);
}
END_TEST

START_TEST(a_compared_directory_can_vanish_and_come_again)
{
	static const char *const deep[] = { "a", "b" };

	open_panes(deep, 2);
	settle();
	for (size_t i = 0; i < 2; i++)
		ck_assert(pane_enter(session->panes[i]));
	ck_assert_int_eq(session_compare(session, COMPARE_AUTO, 0), 0);
	settle();
	ck_assert_str_eq(rows(), ">aa :x");
	ck_assert_int_eq(rename(sandbox_at(&box, "b/d"), sandbox_at(&box, "b/away")), 0);
	pane_scan_below(session->panes[1], TREE_ROOT);
	settle();
	ck_assert_str_eq(rows(), ">a. :x");
	ck_assert_int_eq(rename(sandbox_at(&box, "b/away"), sandbox_at(&box, "b/d")), 0);
	pane_scan_below(session->panes[1], TREE_ROOT);
	wait_for_rows(">aa :x");
}
END_TEST

START_TEST(goes_above_the_roots)
{
	static const char *const deep[] = { "a/d", "c/d" };

	open_panes(deep, 2);
	ck_assert_int_eq(session_compare(session, COMPARE_AUTO, 0), 0);
	settle();
	ck_assert_str_eq(rows(), ">ab s:x");
	ck_assert(comparison_leave(session->comparison));
	settle();
	ck_assert_str_eq(rows(), ">aa :d aa :f aa :g");
}
END_TEST

/* Other sources ------------------------------------------------------------------------------------------ */

/* Turn until all sources have read everything, with these rows all the time. */
static void settle_with(const char *want)
{
	int64_t until = loop_now() + PATIENCE * LOOP_SECOND;

	do {
		ck_assert_str_eq(rows(), want);
		ck_assert_msg(loop_now() < until, "no rest in %d s", PATIENCE);
		turn();
	} while (session_busy(session));
	ck_assert_str_eq(rows(), want);
}

/* A worker dies, and that is found out. */
static void end_worker(const struct pane *pane)
{
	int64_t until = loop_now() + PATIENCE * LOOP_SECOND;

	source_kill(pane->source);
	while (pane->state != PANE_RESTARTING) {
		ck_assert_msg(loop_now() < until, "no death in %d s", PATIENCE);
		turn();
	}
}

/* The backend changes, also while trees are read; a worker dies, and what has changed meanwhile is seen. What is known stays. */
START_TEST(sources_come_and_go)
{
	static const char known[] = ">aaa :d ab- c:f aaa :g";
	uint64_t read;

	write_file("b/f", "ONE", 2000);
	ck_assert_int_eq(unlink(sandbox_at(&box, "c/f")), 0);
	open_panes(three, 3);
	ck_assert(session_set_backend(session, BACKEND_WORKERS));
	ck_assert_int_eq(session_compare(session, COMPARE_AUTO, 0), 0);
	settle();
	ck_assert_str_eq(rows(), known);
	read = rows_read();
	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(source_info(session->panes[i]->source).kind, SOURCE_WORKER);
	ck_assert(session_set_backend(session, BACKEND_THREADS));
	turn();
	ck_assert(session_set_backend(session, BACKEND_WORKERS));
	turn();
	ck_assert(session_set_backend(session, BACKEND_THREADS));
	settle_with(known);
	ck_assert(session_set_backend(session, BACKEND_WORKERS));
	settle_with(known);
	end_worker(session->panes[2]);
	settle_with(known);
	ck_assert_int_eq(session->panes[2]->state, PANE_COMPLETE);
	ck_assert_uint_eq(rows_read(), read);
	end_worker(session->panes[1]);
	write_file("b/f", "one", 3000);
	write_file("c/f", "one", 4000);
	pane_scan_below(session->panes[2], TREE_ROOT);
	wait_for_rows(">aaa :d aaa :f aaa :g");
	settle_with(">aaa :d aaa :f aaa :g");
}
END_TEST

/* Moving together ---------------------------------------------------------------------------------------- */

/* The path that a pane shows, below the sandbox. */
static const char *shown(size_t pane)
{
	static struct buf path;

	buf_clear(&path);
	pane_directory(session->panes[pane], &path);
	return buf_str(&path) ? path.data + strlen(box.path) : "";
}

START_TEST(linked_panes_move_together)
{
	sandbox_make(&box, "a/only/");
	open_panes(three, 2);
	settle();
	session_link(session, true);
	ck_assert(pane_enter(session->panes[0]));
	session_follow(session);
	settle();
	ck_assert_str_eq(shown(1), "/b/d");
	ck_assert(pane_leave(session->panes[0]));
	session_follow(session);
	settle();
	ck_assert_str_eq(shown(1), "/b");
	rows_goto(&session->panes[0]->rows, 3);
	session_follow(session);
	ck_assert_uint_eq(session->panes[1]->rows.at, 2);
	/* into what the other has not, and back */
	rows_goto(&session->panes[0]->rows, 1);
	ck_assert(pane_enter(session->panes[0]));
	session_follow(session);
	ck_assert_str_eq(shown(0), "/a/only");
	ck_assert_str_eq(shown(1), "/b");
	ck_assert(pane_leave(session->panes[0]));
	session_follow(session);
	settle();
	session_link(session, false);
	rows_goto(&session->panes[0]->rows, 0);
	ck_assert(pane_enter(session->panes[0]));
	session_follow(session);
	ck_assert_str_eq(shown(1), "/b");
}
END_TEST

START_TEST(linked_panes_go_above_where_they_began)
{
	static const char *const deep[] = { "a/d", "b" };

	open_panes(deep, 2);
	settle();
	ck_assert(pane_enter(session->panes[1]));
	settle();
	session_link(session, true);
	/* the first raises its root, the second has a parent in its tree */
	ck_assert(pane_leave(session->panes[0]));
	session_follow(session);
	settle();
	ck_assert_str_eq(shown(0), "/a");
	ck_assert_str_eq(shown(1), "/b");
	session->active = 1;
	session_follow(session);
	ck_assert(pane_leave(session->panes[1]));
	session_follow(session);
	settle();
	ck_assert_str_eq(shown(0), "");
	ck_assert_str_eq(shown(1), "");
}
END_TEST

static int run_tests(bool with_worker)
{
	Suite *suite = suite_create("session_compare");
	TCase *tcase = tcase_create("session_compare");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tcase);
	signal(SIGPIPE, SIG_IGN);
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, needs_two_panes);
	tcase_add_test(tcase, compares_what_the_panes_show);
	tcase_add_test(tcase, follows_the_disk);
	tcase_add_test(tcase, panes_come_and_go);
	tcase_add_test(tcase, what_was_read_outlives_the_panes);
	tcase_add_test(tcase, what_was_read_does_not_outlive_the_files);
	tcase_add_test(tcase, letters_are_in_the_order_of_the_panes);
	tcase_add_test(tcase, reading_can_be_stopped_and_goes_on);
	tcase_add_test(tcase, all_panes_go_where_one_alone_can);
	tcase_add_test(tcase, operations_come_true);
	tcase_add_test(tcase, a_compared_directory_can_vanish_and_come_again);
	tcase_add_test(tcase, goes_above_the_roots);
	if (with_worker)
		tcase_add_test(tcase, sources_come_and_go);
	tcase_add_test(tcase, linked_panes_move_together);
	tcase_add_test(tcase, linked_panes_go_above_where_they_began);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	(void)argv;
	return beside_worker(argc, "check_session_compare", run_tests);
}
