/*
 * Session and panes against real small trees: what is found, what stays through rescans, toggles and deaths of
 * workers, what a root can be, and operations from marks to the result.
 */
#include "beside_worker.h"
#include "op_sandbox.h"
#include "session.h"

#include <signal.h>

enum { PATIENCE = 10 };

static struct loop loop = LOOP_INIT;
static struct sandbox box;
static struct session *session;

/* The session in the loop ------------------------------------------------------------------------------ */

static void open_session(enum session_backend backend)
{
	const struct session_options options = { .backend = backend, .jobs = 2, .max_depth = WIRE_DEPTH_ALL };

	session = session_new(&loop, &options);
	ck_assert_ptr_nonnull(session);
}

static struct pane *open_pane(const char *name)
{
	struct pane *pane = session_open(session, name ? sandbox_at(&box, name) : box.path);

	ck_assert_ptr_nonnull(pane);
	pane->height = 20;
	return pane;
}

/* One turn of the interface's loop. */
static void turn(void)
{
	int64_t due = session_step(session, loop_now(), 4 * LOOP_MS);
	int64_t now = loop_now();
	int64_t wait = 20 * LOOP_MS;

	if (due < now + wait)
		wait = due > now ? due - now : 0;
	ck_assert_int_ge(loop_run_once(&loop, wait), 0);
}

typedef bool condition(const void *arg);

/* Turn until something is true. */
static void wait_for(condition *is_true, const void *arg, const char *what)
{
	int64_t until = loop_now() + PATIENCE * LOOP_SECOND;

	while (!is_true(arg)) {
		ck_assert_msg(loop_now() < until, "no %s in %d s", what, PATIENCE);
		turn();
	}
}

static bool is_idle(const void *arg)
{
	(void)arg;
	return !session_busy(session);
}

static void settle(void)
{
	wait_for(is_idle, NULL, "rest");
	turn();
}

static bool pane_has_state(const struct pane *pane, enum pane_state state)
{
	return pane->state == state;
}

static bool is_complete(const void *pane)
{
	return pane_has_state(pane, PANE_COMPLETE) && !session_busy(session);
}

static bool is_failed(const void *pane)
{
	return pane_has_state(pane, PANE_FAILED);
}

static bool is_restarting(const void *pane)
{
	return pane_has_state(pane, PANE_RESTARTING);
}

static bool has_rows(const void *arg)
{
	const struct pane *pane = arg;

	return pane->rows.count > 0;
}

static void complete(const struct pane *pane)
{
	wait_for(is_complete, pane, "complete pane");
	turn();
}

/* What is shown ---------------------------------------------------------------------------------------- */

/* The rows as text: `>` the cursor, `*` a mark, `/` a directory; two blanks a level. */
static const char *rows_of(const struct pane *pane)
{
	static struct buf out;

	buf_clear(&out);
	for (size_t i = 0; i < pane->rows.count; i++) {
		struct row row = pane->rows.items[i];
		const struct entry *entry = tree_entry(pane->tree, row.id);
		size_t len;
		const char *name = tree_name(pane->tree, row.id, &len);

		buf_add_str(&out, i ? " " : "");
		for (uint32_t level = 0; level < row.indent; level++)
			buf_add_str(&out, ".");
		buf_add_str(&out, row.id == pane->rows.cursor ? ">" : "");
		buf_add_str(&out, entry->flags & ENTRY_MARKED ? "*" : "");
		buf_add(&out, name, len);
		buf_add_str(&out, entry_is_dir(entry) ? "/" : "");
	}
	return buf_str(&out) ? out.data : "";
}

static void go_to(struct pane *pane, const char *name)
{
	for (size_t i = 0; i < pane->rows.count; i++) {
		size_t len;
		const char *has = tree_name(pane->tree, pane->rows.items[i].id, &len);

		if (len == strlen(name) && memcmp(has, name, len) == 0) {
			rows_goto(&pane->rows, i);
			return;
		}
	}
	ck_abort_msg("no row '%s' in '%s'", name, rows_of(pane));
}

static entry_id entry_named(const struct pane *pane, const char *path)
{
	entry_id id = tree_lookup(pane->tree, path, strlen(path));

	ck_assert_msg(id != 0, "no entry '%s'", path);
	return id;
}

static void check_rows(const struct pane *pane, const char *expected)
{
	ck_assert_str_eq(rows_of(pane), expected);
}

static void check_directory(const struct pane *pane, const char *below)
{
	struct buf path = BUF_INIT;

	pane_directory(pane, &path);
	ck_assert_ptr_nonnull(buf_str(&path));
	ck_assert_str_eq(path.data, *below ? sandbox_at(&box, below) : box.path);
	buf_fini(&path);
}

static void begin(void)
{
	sandbox_init(&box);
}

static void end(void)
{
	session_free(session);
	session = NULL;
	loop_fini(&loop);
	sandbox_fini(&box);
}

#define SMALL "docs/ docs/deep/ docs/deep/er docs/index src/ src/main.c latest->notes notes"
#define SMALL_ROWS ">docs/ src/ latest notes"

static const enum session_backend backends[] = { BACKEND_THREADS, BACKEND_WORKERS };

static enum source_kind kind_of(enum session_backend backend)
{
	return backend == BACKEND_WORKERS ? SOURCE_WORKER : SOURCE_THREADS;
}

/* Panes ------------------------------------------------------------------------------------------------ */

START_TEST(test_open)
{
	struct pane *pane;

	sandbox_make(&box, SMALL);
	open_session(backends[_i]);
	ck_assert_ptr_null(session_pane(session));
	pane = open_pane(NULL);
	ck_assert_ptr_eq(session_pane(session), pane);
	ck_assert(session_busy(session));
	complete(pane);
	check_rows(pane, SMALL_ROWS);
	check_directory(pane, "");
	ck_assert_uint_eq(pane->entries, 9);
	ck_assert(!pane->scans);
	ck_assert_int_eq(source_info(pane->source).kind, kind_of(backends[_i]));
	ck_assert_int_eq(pane_silent(pane, loop_now() + 9 * LOOP_SECOND), 0);
	ck_assert(!pane_stop(pane));
}
END_TEST

START_TEST(test_close)
{
	struct pane *first;
	struct pane *second;
	struct pane *third;

	sandbox_make(&box, SMALL);
	open_session(backends[_i]);
	first = open_pane("docs");
	second = open_pane("src");
	third = open_pane(NULL);
	settle();
	session->active = 1;
	ck_assert(session_close(session, 0));
	ck_assert_ptr_eq(session_pane(session), second);
	ck_assert(session_close(session, 1));
	ck_assert_ptr_eq(session_pane(session), second);
	ck_assert(!session_close(session, 0));
	ck_assert(!session_close(session, 7));
	ck_assert_uint_eq(session->pane_count, 1);
	settle();
	check_rows(second, ">main.c");
	(void)first;
	(void)third;
}
END_TEST

START_TEST(test_close_while_scanning)
{
	sandbox_make(&box, SMALL);
	open_session(backends[_i]);
	for (int i = 0; i < 20; i++) {
		open_pane(NULL);
		for (int turns = 0; turns < i % 4; turns++)
			turn();
		if (session->pane_count > 2)
			ck_assert(session_close(session, (size_t)i % 2));
	}
	settle();
	for (size_t i = 0; i < session->pane_count; i++)
		check_rows(session->panes[i], SMALL_ROWS);
}
END_TEST

START_TEST(test_toggle)
{
	struct pane *pane;
	struct pane *other;

	sandbox_make(&box, SMALL);
	open_session(BACKEND_THREADS);
	pane = open_pane(NULL);
	other = open_pane("docs");
	settle();
	go_to(pane, "docs");
	pane_expand(pane);
	settle();
	go_to(pane, "index");
	pane_mark(pane);
	settle();
	check_rows(pane, "docs/ .deep/ .*index >src/ latest notes");
	go_to(other, "index");
	for (int i = 0; i < 12; i++) {
		enum session_backend backend = backends[(i + 1) % 2];

		ck_assert(session_set_backend(session, backend));
		ck_assert_int_eq(pane->state, PANE_SCANNING);
		for (int turns = 0; turns < i % 3; turns++)
			turn();
		if (i % 4 == 3)
			continue;
		settle();
		check_rows(pane, "docs/ .deep/ .*index >src/ latest notes");
		check_rows(other, "deep/ >index");
		ck_assert_int_eq(source_info(pane->source).kind, kind_of(backend));
	}
	settle();
	ck_assert_int_eq(pane->state, PANE_COMPLETE);
	ck_assert_uint_eq(pane->entries, 9);
}
END_TEST

START_TEST(test_toggle_finds_changes)
{
	struct pane *pane;

	sandbox_make(&box, SMALL);
	open_session(backends[_i]);
	pane = open_pane(NULL);
	complete(pane);
	go_to(pane, "notes");
	sandbox_make(&box, "docs/new made");
	ck_assert_int_eq(unlink(sandbox_at(&box, "latest")), 0);
	ck_assert(session_set_backend(session, backends[!_i]));
	complete(pane);
	check_rows(pane, "docs/ src/ made >notes");
	entry_named(pane, "docs/new");
	ck_assert_uint_eq(pane->entries, 10);
}
END_TEST

static void make_many(int count)
{
	for (int dir = 0; dir < count; dir++) {
		char path[320];

		snprintf(path, sizeof path, "%s/dir%02d", box.path, dir);
		ck_assert_int_eq(mkdir(path, 0755), 0);
		for (int i = 0; i < count; i++) {
			snprintf(path, sizeof path, "%s/dir%02d/%03d", box.path, dir, i);
			ck_assert_int_eq(mknod(path, S_IFREG | 0644, 0), 0);
		}
	}
}

START_TEST(test_stop)
{
	struct pane *pane;
	uint64_t found;

	make_many(60);
	open_session(backends[_i]);
	pane = open_pane(NULL);
	wait_for(has_rows, pane, "first rows");
	found = pane->arrived;
	if (pane->state == PANE_SCANNING) {
		ck_assert(pane_stop(pane));
		ck_assert_int_eq(pane->state, PANE_STOPPED);
		settle();
		ck_assert_int_eq(pane->state, PANE_STOPPED);
		ck_assert_uint_ge(pane->arrived, found);
	}
	ck_assert_uint_gt(pane->rows.count, 0);
	ck_assert(!pane_stop(pane));
	pane_rescan(pane);
	complete(pane);
	ck_assert_uint_eq(pane->entries, 1 + 60 + 60 * 60);
	ck_assert_uint_eq(pane->rows.count, 60);
}
END_TEST

/* Rescans ---------------------------------------------------------------------------------------------- */

START_TEST(test_rescan)
{
	struct pane *pane;

	sandbox_make(&box, SMALL);
	open_session(backends[_i]);
	pane = open_pane(NULL);
	complete(pane);
	go_to(pane, "latest");
	pane_mark(pane);
	check_rows(pane, "docs/ src/ *latest >notes");
	for (int i = 0; i < 20; i++) {
		pane_rescan(pane);
		if (i % 3 == 0)
			turn();
	}
	complete(pane);
	check_rows(pane, "docs/ src/ *latest >notes");

	sandbox_make(&box, "aaa new/ new/below docs/deep/est");
	ck_assert_int_eq(unlink(sandbox_at(&box, "latest")), 0);
	ck_assert_int_eq(unlink(sandbox_at(&box, "src/main.c")), 0);
	pane_rescan(pane);
	complete(pane);
	check_rows(pane, "docs/ new/ src/ aaa >notes");
	entry_named(pane, "new/below");
	entry_named(pane, "docs/deep/est");
	ck_assert_uint_eq(tree_lookup(pane->tree, "src/main.c", 10), 0);
	ck_assert_uint_eq(pane->entries, 11);
}
END_TEST

START_TEST(test_rescan_of_one_directory)
{
	struct pane *pane;

	sandbox_make(&box, SMALL);
	open_session(backends[_i]);
	pane = open_pane(NULL);
	complete(pane);
	pane_enter(pane);
	settle();
	check_rows(pane, ">deep/ index");
	sandbox_make(&box, "docs/new src/unseen");
	pane_rescan(pane);
	complete(pane);
	check_rows(pane, ">deep/ index new");
	ck_assert_msg(tree_lookup(pane->tree, "src/unseen", 10) == 0, "more was read than was asked for");
	pane_refresh(pane, entry_named(pane, "src"));
	complete(pane);
	entry_named(pane, "src/unseen");
}
END_TEST

START_TEST(test_refresh_reads_new_directories)
{
	struct pane *pane;

	sandbox_make(&box, SMALL);
	open_session(backends[_i]);
	pane = open_pane(NULL);
	complete(pane);
	sandbox_make(&box, "new/ new/er/ new/er/est");
	pane_refresh(pane, TREE_ROOT);
	complete(pane);
	entry_named(pane, "new/er/est");
	ck_assert_int_eq(tree_dir(pane->tree, entry_named(pane, "new/er"))->state, DIR_COMPLETE);
	ck_assert_uint_eq(pane->entries, 12);
}
END_TEST

START_TEST(test_the_shown_directory_goes)
{
	struct pane *pane;

	sandbox_make(&box, SMALL);
	open_session(backends[_i]);
	pane = open_pane(NULL);
	complete(pane);
	pane_enter(pane);
	settle();
	pane_enter(pane);
	settle();
	check_directory(pane, "docs/deep");
	ck_assert_int_eq(unlink(sandbox_at(&box, "docs/deep/er")), 0);
	ck_assert_int_eq(rmdir(sandbox_at(&box, "docs/deep")), 0);
	pane_scan_below(pane, TREE_ROOT);
	complete(pane);
	check_directory(pane, "docs");
	check_rows(pane, ">index");
}
END_TEST

START_TEST(test_the_root_goes)
{
	struct pane *pane;

	sandbox_make(&box, SMALL);
	open_session(backends[_i]);
	pane = open_pane("src");
	complete(pane);
	ck_assert_int_eq(unlink(sandbox_at(&box, "src/main.c")), 0);
	ck_assert_int_eq(rmdir(sandbox_at(&box, "src")), 0);
	pane_rescan(pane);
	wait_for(is_failed, pane, "failure");
	ck_assert_str_eq(buf_str(&pane->reason) ? pane->reason.data : "", error_text(ERROR_NOENT));
	sandbox_make(&box, "src/ src/again");
	pane_rescan(pane);
	complete(pane);
	check_rows(pane, ">again");
}
END_TEST

/* Browsing --------------------------------------------------------------------------------------------- */

START_TEST(test_enter_and_leave)
{
	struct pane *pane;

	sandbox_make(&box, SMALL);
	open_session(backends[_i]);
	pane = open_pane(NULL);
	complete(pane);
	ck_assert(pane_enter(pane));
	settle();
	check_directory(pane, "docs");
	check_rows(pane, ">deep/ index");
	go_to(pane, "index");
	ck_assert(!pane_enter(pane));
	ck_assert(pane_leave(pane));
	settle();
	check_rows(pane, SMALL_ROWS);
}
END_TEST

START_TEST(test_leave_at_the_root)
{
	struct pane *pane;
	entry_id index;

	sandbox_make(&box, "a/ a/b/ a/b/c/ a/b/c/index a/b/other a/beside");
	open_session(backends[_i]);
	pane = open_pane("a/b/c");
	complete(pane);
	pane_mark(pane);
	index = entry_named(pane, "index");
	ck_assert(pane_leave(pane));
	check_directory(pane, "a/b");
	ck_assert_msg(entry_named(pane, "c/index") == index, "what was known is not kept");
	complete(pane);
	check_rows(pane, ">c/ other");
	ck_assert_uint_eq(pane->rows.top, 0);
	ck_assert(pane_leave(pane));
	complete(pane);
	check_rows(pane, ">b/ beside");
	check_directory(pane, "a");
	ck_assert(tree_entry(pane->tree, entry_named(pane, "b/c/index"))->flags & ENTRY_MARKED);
	ck_assert_uint_eq(pane->entries, 6);
}
END_TEST

START_TEST(test_leave_above_everything)
{
	struct pane *pane;
	int left = 0;

	sandbox_make(&box, "a/ a/b");
	open_session(BACKEND_THREADS);
	session->options.max_depth = 1;
	pane = open_pane("a");
	settle();
	while (pane_leave(pane)) {
		ck_assert_int_lt(left++, 64);
		wait_for(has_rows, pane, "rows");
	}
	ck_assert_int_gt(left, 1);
	ck_assert_str_eq(buf_str(&pane->root), "/");
	settle();
	ck_assert_uint_gt(pane->rows.count, 1);
}
END_TEST

/* What a root can be ----------------------------------------------------------------------------------- */

START_TEST(test_missing_root)
{
	struct pane *pane;
	struct pane *good;

	sandbox_make(&box, "good/ good/file");
	open_session(backends[_i]);
	pane = open_pane("missing");
	good = open_pane("good");
	wait_for(is_failed, pane, "failure");
	ck_assert_str_eq(buf_str(&pane->reason), error_text(ERROR_NOENT));
	complete(good);
	check_rows(good, ">file");
	ck_assert(pane->can_retry);
	sandbox_make(&box, "missing/ missing/now");
	pane_rescan(pane);
	complete(pane);
	check_rows(pane, ">now");
}
END_TEST

START_TEST(test_root_is_a_file)
{
	struct pane *pane;

	sandbox_make(&box, "file");
	open_session(backends[_i]);
	pane = open_pane("file");
	wait_for(is_failed, pane, "failure");
	ck_assert_uint_gt(pane->reason.len, 0);
	ck_assert_uint_eq(pane->rows.count, 0);
}
END_TEST

/* Write a file with the recording of a tree: `docs/`, `docs/index`, `notes`; all of it, or its first bytes only. */
static void make_recording(const char *name, size_t cut)
{
	const struct attrs dir = { .mode = S_IFDIR | 0755, .flags = ATTRS_KNOWN, .ino = 1, .nlink = 2 };
	const struct attrs file = { .mode = S_IFREG | 0644, .flags = ATTRS_KNOWN, .ino = 2, .nlink = 1, .size = 5 };
	struct wire_attrs elements[] = { { .index = 0, .what = WIRE_ATTRS_STAT | WIRE_ATTRS_DIR, .dir = 1, .attrs = dir },
					 { .index = 1, .what = WIRE_ATTRS_STAT, .attrs = file } };
	struct wire_attrs below = { .index = 0, .what = WIRE_ATTRS_STAT, .attrs = file };
	struct buf out = BUF_INIT;
	size_t at;
	int fd;

	buf_add_str(&out, WIRE_MAGIC " test\n");
	for (unsigned number = 0; number < 2; number++) {
		at = wire_open(&out, WIRE_BEGIN, 1);
		wire_put_varint(&out, number);
		wire_put_attrs(&out, &dir);
		wire_close(&out, at);
		at = wire_open(&out, WIRE_NAMES, 1);
		wire_put_varint(&out, number);
		wire_put_varint(&out, number);
		wire_put_name(&out, number ? "index" : "docs", number ? 5 : 4, 0);
		if (!number)
			wire_put_name(&out, "notes", 5, 0);
		wire_close(&out, at);
		at = wire_open(&out, WIRE_ATTRS, 1);
		wire_put_varint(&out, number);
		wire_put_element(&out, number ? &below : &elements[0], NULL);
		if (!number)
			wire_put_element(&out, &elements[1], NULL);
		wire_close(&out, at);
		at = wire_open(&out, WIRE_END, 1);
		wire_put_varint(&out, number);
		wire_put_u8(&out, ERROR_NONE);
		wire_put_u8(&out, WIRE_END_COMPLETE);
		wire_close(&out, at);
	}
	at = wire_open(&out, WIRE_DONE, 1);
	wire_put_u8(&out, ERROR_NONE);
	wire_close(&out, at);
	ck_assert(!out.failed);
	fd = open(sandbox_at(&box, name), O_WRONLY | O_CREAT | O_TRUNC, 0644);
	ck_assert_int_ge(fd, 0);
	at = cut && cut < out.len ? cut : out.len;
	ck_assert_int_eq(write(fd, out.data, at), (ssize_t)at);
	close(fd);
	buf_fini(&out);
}

START_TEST(test_recording)
{
	struct pane *pane;
	entry_id id;

	make_recording("record", 0);
	open_session(backends[_i]);
	pane = open_pane("record");
	complete(pane);
	check_rows(pane, ">docs/ notes");
	ck_assert(pane->recording);
	entry_named(pane, "docs/index");
	ck_assert_uint_eq(pane->entries, 4);
	pane_mark(pane);
	pane_rescan(pane);
	complete(pane);
	check_rows(pane, "*docs/ >notes");
	ck_assert(session_set_backend(session, backends[!_i]));
	complete(pane);
	check_rows(pane, "*docs/ >notes");
	ck_assert(!pane_leave(pane));
	id = entry_named(pane, "notes");
	errno = 0;
	ck_assert_ptr_null(session_operate(session, pane, OP_DELETE, 0, &id, 1, NULL, NULL, false));
	ck_assert_int_eq(errno, EROFS);
}
END_TEST

START_TEST(test_recording_cut)
{
	struct pane *pane;

	make_recording("record", 180);
	open_session(backends[_i]);
	pane = open_pane("record");
	wait_for(is_failed, pane, "failure");
	ck_assert_uint_gt(pane->reason.len, 0);
	ck_assert_uint_ge(pane->rows.count, 1);
	make_recording("record", 0);
	pane_rescan(pane);
	complete(pane);
	check_rows(pane, ">docs/ notes");
}
END_TEST

/* What is neither a directory nor a recording is told so, and a FIFO is not waited for. */
START_TEST(test_no_recording)
{
	static const char *const names[] = { "file", "fifo" };

	sandbox_make(&box, "file fifo|");
	open_session(backends[_i]);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct pane *pane = open_pane(names[i]);

		wait_for(is_failed, pane, "failure");
		ck_assert_str_eq(buf_str(&pane->reason), "neither a directory nor a recording");
	}
}
END_TEST

START_TEST(test_unreadable)
{
	struct pane *pane;

	sandbox_make(&box, "dir/ dir/secret/ dir/secret/file dir/open");
	ck_assert_int_eq(chmod(sandbox_at(&box, "dir/secret"), 0), 0);
	if (getuid() == 0 && (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, 0) != 0 || setresuid(NOBODY, NOBODY, 0) != 0))
		ck_abort_msg("cannot become somebody else: %s", strerror(errno));
	open_session(BACKEND_THREADS);
	pane = open_pane("dir");
	complete(pane);
	check_rows(pane, ">secret/ open");
	ck_assert_int_eq(tree_dir(pane->tree, entry_named(pane, "secret"))->state, DIR_UNREADABLE);
	ck_assert_int_eq(tree_entry(pane->tree, entry_named(pane, "secret"))->error, ERROR_ACCES);
	ck_assert_uint_gt(tree_dir(pane->tree, TREE_ROOT)->total.unread, 0);
	if (geteuid() != 0 && setresuid(0, 0, 0) == 0)
		ck_assert_int_eq(setresgid(0, 0, 0), 0);
}
END_TEST

/* Marks and looks -------------------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* What an operation would act on, sorted. */
static void check_targets(const struct pane *pane, const char *expected)
{
	char paths[16][64] = { "" };
	struct buf out = BUF_INIT;
	entry_id *ids = NULL;
	size_t cap = 0;
	long count = pane_targets(pane, &ids, &cap);

	ck_assert_int_le(count, (long)ARRAY_LEN(paths));
	for (long i = 0; i < count; i++) {
		buf_clear(&out);
		tree_path(pane->tree, ids[i], &out);
		ck_assert_ptr_nonnull(buf_str(&out));
		snprintf(paths[i], sizeof paths[i], "%s", out.data);
	}
	qsort(paths, (size_t)count, sizeof paths[0], by_text);
	buf_clear(&out);
	for (long i = 0; i < count; i++)
		buf_printf(&out, "%s%s", i ? " " : "", paths[i]);
	ck_assert_ptr_nonnull(buf_str(&out));
	ck_assert_str_eq(out.data, expected);
	buf_fini(&out);
	free(ids);
}

START_TEST(test_marks)
{
	struct pane *pane;

	sandbox_make(&box, SMALL " n1 n2 n3");
	open_session(BACKEND_THREADS);
	pane = open_pane(NULL);
	complete(pane);
	check_targets(pane, "docs");
	pane_expand(pane);
	settle();
	go_to(pane, "n1");
	pane_mark(pane);
	go_to(pane, "n3");
	pane_mark_range(pane);
	check_rows(pane, "docs/ .deep/ .index src/ latest *n1 *n2 >*n3 notes");
	pane_mark_invert(pane);
	check_rows(pane, "*docs/ .*deep/ .*index *src/ *latest n1 n2 >n3 *notes");
	check_targets(pane, "docs latest notes src");
	pane_mark_none(pane);
	pane_mark_glob(pane, "n?", true);
	pane_mark_glob(pane, "*2", false);
	check_targets(pane, "n1 n3");
	pane_mark_none(pane);
	check_targets(pane, "n3");
}
END_TEST

static bool is_answered(const void *arg)
{
	const struct pane *pane = arg;

	return pane->look.answered;
}

START_TEST(test_look)
{
	struct pane *pane;

	sandbox_make(&box, SMALL);
	open_session(backends[_i]);
	pane = open_pane(NULL);
	complete(pane);
	pane_look(pane, entry_named(pane, "latest"));
	ck_assert(pane_busy(pane));
	wait_for(is_answered, pane, "answer");
	ck_assert_int_eq(pane->look.error, ERROR_NONE);
	ck_assert(S_ISLNK(pane->look.attrs.mode));
	ck_assert_str_eq(buf_str(&pane->look.target), "notes");
	pane_look(pane, entry_named(pane, "docs/deep/er"));
	wait_for(is_answered, pane, "answer");
	ck_assert_uint_eq(pane->look.attrs.size, strlen("docs/deep/er"));
	ck_assert_uint_eq(pane->look.target.len, 0);
	ck_assert_int_eq(unlink(sandbox_at(&box, "notes")), 0);
	pane_look(pane, entry_named(pane, "notes"));
	wait_for(is_answered, pane, "answer");
	ck_assert_int_eq(pane->look.error, ERROR_NOENT);
}
END_TEST

static bool is_explained(const void *arg)
{
	const struct pane *pane = arg;

	return pane->why.answered;
}

/* The names of the way, each link with what it leads to. */
static const char *way_of(const struct pane *pane, size_t from)
{
	static struct buf out;

	buf_clear(&out);
	for (size_t i = from; i < pane->why.count; i++) {
		const struct wire_step *step = &pane->why.steps[i];

		buf_printf(&out, "%s%s%s%s", i > from ? " " : "", step->name, step->target_len ? ">" : "", step->target);
		if (step->error)
			buf_printf(&out, "!%s", error_text(step->error));
	}
	return buf_str(&out);
}

START_TEST(test_why)
{
	const struct access_user *user;
	struct pane *pane;
	size_t depth = 1;

	sandbox_make(&box, "d/ d/e/ d/e/file d/up->../far far->d/e/file lost->nowhere round->round d/e/top->/");
	open_session(backends[_i]);
	pane = open_pane("d");
	complete(pane);
	user = &pane->why.user;
	for (const char *at = box.path; *at; at++)
		depth += *at == '/';
	pane_why(pane, entry_named(pane, "e/file"), "", 0);
	ck_assert(pane_busy(pane));
	wait_for(is_explained, pane, "answer");
	ck_assert_int_eq(pane->why.error, ERROR_NONE);
	ck_assert_uint_eq(user->uid, geteuid());
	ck_assert_str_eq(pane->why.steps[0].name, "/");
	ck_assert_str_eq(way_of(pane, depth), "d e file");
	ck_assert(S_ISREG(pane->why.steps[pane->why.count - 1].attrs.mode));
	/* the way leads through links, as for whoever opens it */
	pane_why(pane, entry_named(pane, "up"), "12345678", 8);
	wait_for(is_explained, pane, "answer");
	ck_assert_uint_eq(user->uid, 12345678);
	ck_assert_uint_eq(user->gid, UINT32_MAX);
	ck_assert_uint_eq(user->group_count, 0);
	ck_assert_str_eq(way_of(pane, depth), "d up>../far .. far>d/e/file d e file");
	pane_why(pane, entry_named(pane, "e/top"), "root", 4);
	wait_for(is_explained, pane, "answer");
	ck_assert_uint_eq(user->uid, 0);
	ck_assert_str_eq(buf_str(&pane->why.name), "root");
	ck_assert_str_eq(way_of(pane, depth), "d e top>/");
	/* nobody of this name, and what cannot be looked at */
	pane_why(pane, entry_named(pane, "e/file"), "no such user", 12);
	wait_for(is_explained, pane, "answer");
	ck_assert_int_eq(pane->why.error, ERROR_NOENT);
	ck_assert_uint_eq(pane->why.count, 0);
	ck_assert_int_eq(unlink(sandbox_at(&box, "d/e/file")), 0);
	ck_assert_int_eq(symlink("top", sandbox_at(&box, "d/e/file")), 0);
	ck_assert_int_eq(unlink(sandbox_at(&box, "d/e/top")), 0);
	ck_assert_int_eq(symlink("file", sandbox_at(&box, "d/e/top")), 0);
	pane_why(pane, entry_named(pane, "e/file"), "", 0);
	wait_for(is_explained, pane, "answer");
	ck_assert_int_eq(pane->why.steps[pane->why.count - 1].error, ERROR_LOOP);
}
END_TEST

#ifdef HAVE_LIBACL

START_TEST(test_acls)
{
	const struct access_list *acl;
	struct pane *pane;
	entry_id id;

	sandbox_make(&box, "with without d/ d/below to->with");
	if (!sandbox_setfacl(&box, "with", "u:1234:rw,g:77:r,m::r") || !sandbox_setfacl(&box, "d/below", "u:1:r") ||
	    !sandbox_setfacl(&box, "d", "d:u:5:rwx"))
		return;
	open_session(backends[_i]);
	pane = open_pane(NULL);
	complete(pane);
	/* the rows on the screen, and no others */
	ck_assert(tree_entry(pane->tree, entry_named(pane, "with"))->flags & ENTRY_ACL);
	ck_assert(!(tree_entry(pane->tree, entry_named(pane, "without"))->flags & ENTRY_ACL));
	ck_assert(!(tree_entry(pane->tree, entry_named(pane, "d"))->flags & ENTRY_ACL));
	ck_assert(!(tree_entry(pane->tree, entry_named(pane, "d/below"))->flags & ENTRY_ACL_ASKED));
	ck_assert(!(tree_entry(pane->tree, entry_named(pane, "to"))->flags & ENTRY_ACL_ASKED));
	acl = pane_acl(pane, entry_named(pane, "with"));
	ck_assert_uint_eq(acl->count, 4);
	ck_assert(acl->entries[0].tag == ACCESS_TAG_USER && acl->entries[0].id == 1234 && acl->entries[0].rights == 6);
	ck_assert(acl->entries[1].tag == ACCESS_TAG_GROUP_OWNER);
	ck_assert(acl->entries[2].tag == ACCESS_TAG_GROUP && acl->entries[2].id == 77 && acl->entries[2].rights == 4);
	ck_assert(acl->entries[3].tag == ACCESS_TAG_MASK && acl->entries[3].rights == 4);
	id = entry_named(pane, "d/below");
	pane_acl_ask(pane, &id, 1);
	settle();
	ck_assert_uint_eq(pane_acl(pane, id)->count, 3);
	pane_look(pane, entry_named(pane, "d"));
	wait_for(is_answered, pane, "answer");
	ck_assert_uint_eq(pane->look.acl.count, 0);
	ck_assert_uint_eq(pane->look.inherited.count, 5);
	/* it goes when the ACL goes, though nothing that stat tells is another */
	ck_assert(sandbox_setfacl(&box, "without", "u:1:-"));
	ck_assert(sandbox_setfacl(&box, "with", "-b"));
	pane_rescan(pane);
	settle();
	ck_assert(!(tree_entry(pane->tree, entry_named(pane, "with"))->flags & ENTRY_ACL));
	ck_assert_ptr_null(pane_acl(pane, entry_named(pane, "with")));
	ck_assert_uint_eq(pane_acl(pane, entry_named(pane, "without"))->count, 3);
}
END_TEST

#endif

/* Workers ---------------------------------------------------------------------------------------------- */

static void kill_worker(const struct pane *pane)
{
	pid_t pid = source_info(pane->source).pid;

	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
}

START_TEST(test_death_of_a_worker)
{
	struct pane *pane;
	struct pane *other;
	pid_t pid;

	sandbox_make(&box, SMALL);
	open_session(BACKEND_WORKERS);
	pane = open_pane(NULL);
	other = open_pane("docs");
	settle();
	go_to(pane, "latest");
	pane_mark(pane);
	pid = source_info(other->source).pid;
	kill_worker(pane);
	wait_for(is_restarting, pane, "restart");
	ck_assert_ptr_nonnull(strstr(buf_str(&pane->reason), "killed by signal 9"));
	ck_assert_int_gt(pane->restart_at, loop_now());
	check_rows(pane, "docs/ src/ *latest >notes");
	ck_assert_int_eq(other->state, PANE_COMPLETE);
	pane->restart_at = loop_now();
	complete(pane);
	check_rows(pane, "docs/ src/ *latest >notes");
	ck_assert_int_eq(source_info(other->source).pid, pid);
}
END_TEST

/* What a worker was asked and did not answer before it died is not waited for. */
START_TEST(test_questions_to_a_dead_worker)
{
	struct pane *pane;
	entry_id id;

	sandbox_make(&box, SMALL);
	open_session(BACKEND_WORKERS);
	pane = open_pane(NULL);
	complete(pane);
	id = entry_named(pane, "notes");
	ck_assert_int_eq(kill(source_info(pane->source).pid, SIGSTOP), 0);
	tree_entry(pane->tree, id)->flags &= (uint16_t)~ENTRY_ACL_ASKED;
	pane_acl_ask(pane, &id, 1);
	pane_why(pane, id, "", 0);
	pane_look(pane, id);
	ck_assert(pane->acl_questions && !pane->why.answered && !pane->look.answered);
	kill_worker(pane);
	wait_for(is_restarting, pane, "restart");
	ck_assert(!pane->acl_questions && pane->why.answered && pane->look.answered);
	ck_assert_int_eq(pane->why.error, ERROR_NOTCONN);
	ck_assert_int_eq(pane->look.error, ERROR_NOTCONN);
}
END_TEST

START_TEST(test_four_deaths)
{
	static const int pauses[] = { 1, 2, 4 };
	struct pane *pane;

	sandbox_make(&box, SMALL);
	open_session(BACKEND_WORKERS);
	pane = open_pane(NULL);
	for (size_t i = 0; i < ARRAY_LEN(pauses); i++) {
		complete(pane);
		kill_worker(pane);
		wait_for(is_restarting, pane, "restart");
		ck_assert_int_gt(pane->restart_at, loop_now() + (pauses[i] - 1) * LOOP_SECOND);
		ck_assert_int_le(pane->restart_at, loop_now() + pauses[i] * LOOP_SECOND);
		pane->restart_at = loop_now();
	}
	complete(pane);
	kill_worker(pane);
	wait_for(is_failed, pane, "failure");
	ck_assert_ptr_null(pane->source);
	check_rows(pane, SMALL_ROWS);
	ck_assert(!session_busy(session));
	pane_rescan(pane);
	complete(pane);
	kill_worker(pane);
	wait_for(is_restarting, pane, "restart after R");
}
END_TEST

START_TEST(test_health_resets_the_count)
{
	struct pane *pane;

	sandbox_make(&box, SMALL);
	open_session(BACKEND_WORKERS);
	pane = open_pane(NULL);
	for (int i = 0; i < 6; i++) {
		complete(pane);
		pane->started_at -= 61 * LOOP_SECOND;
		kill_worker(pane);
		wait_for(is_restarting, pane, "restart");
		ck_assert_uint_eq(pane->restarts, 1);
		pane->restart_at = loop_now();
	}
	complete(pane);
}
END_TEST

START_TEST(test_no_zombies)
{
	struct pane *pane;

	sandbox_make(&box, SMALL);
	open_session(BACKEND_WORKERS);
	pane = open_pane(NULL);
	for (int i = 0; i < 20; i++) {
		complete(pane);
		pane_restart(pane);
	}
	complete(pane);
	session_free(session);
	session = NULL;
	/* feeders reap: in the end there is no child at all */
	for (int64_t until = loop_now() + PATIENCE * LOOP_SECOND; waitid(P_ALL, 0, NULL, WEXITED | WNOHANG | WNOWAIT) == 0;)
		ck_assert_msg(loop_now() < until, "children are left");
	ck_assert_int_eq(errno, ECHILD);
}
END_TEST

/* Operations ------------------------------------------------------------------------------------------- */

static bool is_planned(const void *arg)
{
	const struct job *job = arg;

	return job->state != JOB_PLANNING;
}

static bool has_ended(const void *arg)
{
	const struct job *job = arg;

	return job->state >= JOB_DONE;
}

static struct job *operate(struct pane *pane, enum op_kind kind, unsigned flags, entry_id id, const char *name, const char *mode, bool go)
{
	struct job *job = session_operate(session, pane, kind, flags, &id, 1, name, mode, go);

	ck_assert_msg(job != NULL, "no job: %s", strerror(errno));
	ck_assert_int_eq(job->state, JOB_PLANNING);
	ck_assert(session_has_jobs(session));
	return job;
}

static void finish(struct job *job)
{
	wait_for(has_ended, job, "end of the job");
	settle();
	ck_assert(!session_has_jobs(session));
}

START_TEST(test_mkdir)
{
	struct pane *pane;
	struct job *job;

	sandbox_make(&box, SMALL);
	open_session(backends[_i]);
	pane = open_pane(NULL);
	complete(pane);
	job = operate(pane, OP_MKDIR, OP_PARENTS, TREE_ROOT, "new/er/est", NULL, true);
	ck_assert_str_eq(buf_str(&job->title), "mkdir new/er/est");
	finish(job);
	ck_assert_int_eq(job->state, JOB_DONE);
	ck_assert_uint_eq(job->result.ok, 3);
	check_rows(pane, ">docs/ new/ src/ latest notes");
	entry_named(pane, "new/er/est");
	job = operate(pane, OP_CREATE, 0, entry_named(pane, "new"), "file", NULL, true);
	finish(job);
	entry_named(pane, "new/file");
	job = operate(pane, OP_MKDIR, 0, TREE_ROOT, "notes", NULL, true);
	finish(job);
	ck_assert_uint_eq(job->result.failed, 1);
	ck_assert_int_eq(job->list.rows[0].error, ERROR_EXIST);
}
END_TEST

START_TEST(test_rename)
{
	struct pane *pane;
	struct job *job;

	sandbox_make(&box, SMALL);
	open_session(backends[_i]);
	pane = open_pane(NULL);
	complete(pane);
	job = operate(pane, OP_RENAME, 0, entry_named(pane, "notes"), "paper", NULL, true);
	finish(job);
	ck_assert_uint_eq(job->result.ok, 1);
	check_rows(pane, ">docs/ src/ latest paper");
	job = operate(pane, OP_RENAME, 0, entry_named(pane, "docs"), "books", NULL, true);
	finish(job);
	check_rows(pane, ">books/ src/ latest paper");
	entry_named(pane, "books/deep/er");
	job = operate(pane, OP_RENAME, 0, entry_named(pane, "paper"), "latest", NULL, true);
	finish(job);
	ck_assert_uint_eq(job->result.failed, 1);
	check_rows(pane, ">books/ src/ latest paper");
}
END_TEST

START_TEST(test_delete_planned)
{
	struct pane *pane;
	struct job *job;

	sandbox_make(&box, SMALL);
	open_session(backends[_i]);
	pane = open_pane(NULL);
	complete(pane);
	job = operate(pane, OP_DELETE, OP_RECURSIVE, entry_named(pane, "docs"), NULL, NULL, false);
	wait_for(is_planned, job, "plan");
	ck_assert_int_eq(job->state, JOB_PLANNED);
	ck_assert_uint_eq(job->planned.files, 2);
	ck_assert_uint_eq(job->planned.dirs, 2);
	ck_assert_uint_eq(job->list.len, 4);
	ck_assert(session_has_jobs(session));
	ck_assert_msg(!session_set_backend(session, backends[!_i]), "the backend was switched below a job");
	turn();
	ck_assert_int_eq(job->state, JOB_PLANNED);
	ck_assert_int_eq(access(sandbox_at(&box, "docs/deep/er"), F_OK), 0);
	job_confirm(session, job);
	job_confirm(session, job);
	finish(job);
	ck_assert_int_eq(job->state, JOB_DONE);
	ck_assert_uint_eq(job->result.ok, 4);
	check_rows(pane, ">src/ latest notes");
	ck_assert_uint_eq(pane->entries, 5);
}
END_TEST

START_TEST(test_delete_cancelled)
{
	struct pane *pane;
	struct job *job;

	sandbox_make(&box, SMALL);
	open_session(backends[_i]);
	pane = open_pane(NULL);
	complete(pane);
	job = operate(pane, OP_DELETE, OP_RECURSIVE, entry_named(pane, "docs"), NULL, NULL, false);
	wait_for(is_planned, job, "plan");
	job_cancel(session, job);
	ck_assert_int_eq(job->state, JOB_CANCELLED);
	job_confirm(session, job);
	job_cancel(session, job);
	settle();
	ck_assert_int_eq(job->state, JOB_CANCELLED);
	job = operate(pane, OP_DELETE, OP_RECURSIVE, entry_named(pane, "docs"), NULL, NULL, false);
	job_cancel(session, job);
	settle();
	ck_assert_int_eq(job->state, JOB_CANCELLED);
	check_rows(pane, SMALL_ROWS);
	ck_assert_int_eq(access(sandbox_at(&box, "docs/deep/er"), F_OK), 0);
}
END_TEST

START_TEST(test_marks_of_what_failed_stay)
{
	struct pane *pane;
	entry_id *ids = NULL;
	size_t cap = 0;
	long count;
	struct job *job;

	sandbox_make(&box, "a b c d");
	open_session(backends[_i]);
	pane = open_pane(NULL);
	complete(pane);
	pane_mark_glob(pane, "[abc]", true);
	/* another b than the one that is shown */
	ck_assert_int_eq(rename(sandbox_at(&box, "d"), sandbox_at(&box, "b")), 0);
	count = pane_targets(pane, &ids, &cap);
	ck_assert_int_eq(count, 3);
	job = session_operate(session, pane, OP_DELETE, 0, ids, (size_t)count, NULL, NULL, false);
	ck_assert_ptr_nonnull(job);
	free(ids);
	wait_for(is_planned, job, "plan");
	job_confirm(session, job);
	finish(job);
	ck_assert_uint_eq(job->result.ok, 2);
	ck_assert_uint_eq(job->result.failed + job->result.skipped, 1);
	check_rows(pane, ">*b");
	ck_assert_int_eq(access(sandbox_at(&box, "b"), F_OK), 0);
}
END_TEST

static unsigned mode_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(stat(sandbox_at(&box, name), &st), 0);
	return st.st_mode & 07777;
}

START_TEST(test_chmod)
{
	struct pane *pane;
	struct job *job;

	sandbox_make(&box, SMALL);
	open_session(backends[_i]);
	pane = open_pane(NULL);
	complete(pane);
	job = operate(pane, OP_CHMOD, OP_RECURSIVE, entry_named(pane, "docs"), NULL, "D:0750,F:0640", false);
	wait_for(is_planned, job, "plan");
	ck_assert_uint_eq(job->planned.changes, 4);
	ck_assert_uint_eq(mode_of("docs"), 0755);
	job_confirm(session, job);
	finish(job);
	ck_assert_uint_eq(job->result.ok, 4);
	ck_assert_uint_eq(mode_of("docs/deep"), 0750);
	ck_assert_uint_eq(mode_of("docs/index"), 0640);
	ck_assert_uint_eq(tree_entry(pane->tree, entry_named(pane, "docs/deep/er"))->mode & 07777, 0640);
	job = operate(pane, OP_CHMOD, 0, entry_named(pane, "notes"), NULL, "u=q", false);
	finish(job);
	ck_assert_int_eq(job->state, JOB_FAILED);
	ck_assert_int_ne(job->error, ERROR_NONE);
}
END_TEST

/* Names are looked up by the source; what it found is told for every item. */
START_TEST(test_chown)
{
	const struct op_owners *owners;
	struct pane *pane;
	struct job *job;
	char text[32];

	sandbox_make(&box, SMALL);
	open_session(backends[_i]);
	pane = open_pane(NULL);
	complete(pane);
	snprintf(text, sizeof text, "%u:%u", (unsigned)geteuid(), (unsigned)getegid());
	job = operate(pane, OP_CHOWN, OP_RECURSIVE, entry_named(pane, "docs"), NULL, text, false);
	wait_for(is_planned, job, "plan");
	ck_assert_uint_eq(job->planned.items, 4);
	ck_assert_uint_eq(job->planned.changes, 0);
	owners = job->list.owners;
	ck_assert_ptr_nonnull(owners);
	for (size_t i = 0; i < job->list.len; i++) {
		ck_assert_int_eq(owners[i].old_uid, geteuid());
		ck_assert_int_eq(owners[i].new_uid, geteuid());
		ck_assert_int_eq(owners[i].new_gid, getegid());
	}
	job_confirm(session, job);
	finish(job);
	ck_assert_uint_eq(job->result.ok, 4);
	job = operate(pane, OP_CHOWN, 0, entry_named(pane, "notes"), NULL, ":4294967294", false);
	wait_for(is_planned, job, "plan");
	ck_assert_uint_eq(job->planned.changes, 1);
	ck_assert_int_eq(job->list.owners[0].new_uid, geteuid());
	ck_assert_int_eq(job->list.owners[0].new_gid, 4294967294);
	job_cancel(session, job);
	job = operate(pane, OP_CHOWN, 0, entry_named(pane, "notes"), NULL, "no-such-user-", false);
	finish(job);
	ck_assert_int_eq(job->state, JOB_FAILED);
	ck_assert_int_eq(job->error, ERROR_NOUSER);
}
END_TEST

/* The paths below what two panes show are matched, in the one that is changed. */
START_TEST(test_match)
{
	struct pane *from;
	struct pane *to;
	struct job *job;
	entry_id ids[3];

	sandbox_make(&box, "x/ x/one/ x/one/a=600 x/one/d/=2711 x/one/d/b=640 two/ two/a two/d/ two/d/b two/d/c");
	open_session(backends[_i]);
	from = open_pane("x");
	to = open_pane("two");
	complete(from);
	complete(to);
	pane_show(from, entry_named(from, "one"), 0);
	ids[0] = entry_named(to, "a");
	ids[1] = entry_named(to, "d");
	job = session_match(session, to, from, MATCH_RECURSIVE, ids, 2);
	ck_assert_ptr_nonnull(job);
	wait_for(is_planned, job, "plan");
	ck_assert_uint_eq(job->planned.items, 4);
	ck_assert_uint_eq(job->planned.changes, 3);
	ck_assert_uint_eq(job->planned.skipped, 1);
	ck_assert_int_lt(job->list.owners[0].old_uid, 0);
	ck_assert_uint_eq(mode_of("two/d"), 0755);
	job_confirm(session, job);
	finish(job);
	ck_assert_uint_eq(job->result.ok, 3);
	ck_assert_uint_eq(mode_of("two/a"), 0600);
	ck_assert_uint_eq(mode_of("two/d"), 02711);
	ck_assert_uint_eq(mode_of("two/d/b"), 0640);
	/* the truth comes in by itself, below the named directory, too */
	ck_assert_uint_eq(tree_entry(to->tree, entry_named(to, "d/b"))->mode & 07777, 0640);
	ids[0] = TREE_ROOT;
	job = session_match(session, from, to, 0, ids, 1);
	ck_assert_ptr_null(job);
	ck_assert_int_eq(errno, EINVAL);
	ids[0] = entry_named(to, "d/c");
	job = session_match(session, to, from, MATCH_OWNERS, ids, 1);
	ck_assert_ptr_nonnull(job);
	wait_for(is_planned, job, "plan");
	ck_assert_uint_eq(job->planned.changes, 0);
	ck_assert_int_eq(job->list.rows[0].error, ERROR_ALONE);
	job_cancel(session, job);
}
END_TEST

START_TEST(test_read_only)
{
	struct pane *pane;
	entry_id id;

	sandbox_make(&box, SMALL);
	open_session(backends[_i]);
	session->options.read_only = true;
	pane = open_pane(NULL);
	complete(pane);
	id = entry_named(pane, "notes");
	errno = 0;
	ck_assert_ptr_null(session_operate(session, pane, OP_DELETE, 0, &id, 1, NULL, NULL, true));
	ck_assert_int_eq(errno, EROFS);
	settle();
	ck_assert_int_eq(access(sandbox_at(&box, "notes"), F_OK), 0);
}
END_TEST

START_TEST(test_roots_are_protected)
{
	struct pane *pane;
	struct job *job;

	sandbox_make(&box, SMALL);
	open_session(backends[_i]);
	pane = open_pane(NULL);
	open_pane("docs/deep");
	settle();
	job = operate(pane, OP_DELETE, OP_RECURSIVE, entry_named(pane, "docs"), NULL, NULL, false);
	wait_for(is_planned, job, "plan");
	job_confirm(session, job);
	finish(job);
	ck_assert_int_eq(access(sandbox_at(&box, "docs/deep"), F_OK), 0);
	job = operate(pane, OP_RENAME, 0, entry_named(pane, "docs/deep"), "gone", NULL, true);
	finish(job);
	ck_assert_int_eq(access(sandbox_at(&box, "docs/deep"), F_OK), 0);
}
END_TEST

START_TEST(test_job_of_a_dead_worker)
{
	struct pane *pane;
	struct job *job;
	entry_id id;

	sandbox_make(&box, SMALL);
	open_session(BACKEND_WORKERS);
	pane = open_pane(NULL);
	complete(pane);
	id = entry_named(pane, "docs");
	job = operate(pane, OP_DELETE, OP_RECURSIVE, id, NULL, NULL, false);
	wait_for(is_planned, job, "plan");
	kill_worker(pane);
	wait_for(has_ended, job, "end of the job");
	ck_assert_int_eq(job->state, JOB_FAILED);
	ck_assert_int_eq(job->error, ERROR_PIPE);
	job_confirm(session, job);
	job_cancel(session, job);
	ck_assert_int_eq(job->state, JOB_FAILED);
	ck_assert_int_eq(pane->state, PANE_RESTARTING);
	errno = 0;
	ck_assert_ptr_null(session_operate(session, pane, OP_DELETE, 0, &id, 1, NULL, NULL, true));
	ck_assert_int_eq(errno, ENOTCONN);
	pane->restart_at = loop_now();
	complete(pane);
	check_rows(pane, SMALL_ROWS);
	ck_assert_int_eq(access(sandbox_at(&box, "docs/deep/er"), F_OK), 0);
}
END_TEST

START_TEST(test_job_of_a_closed_pane)
{
	struct pane *pane;
	struct job *job;

	sandbox_make(&box, SMALL);
	open_session(backends[_i]);
	pane = open_pane(NULL);
	open_pane("src");
	settle();
	job = operate(pane, OP_DELETE, OP_RECURSIVE, entry_named(pane, "docs"), NULL, NULL, false);
	wait_for(is_planned, job, "plan");
	ck_assert(session_close(session, 0));
	ck_assert_int_eq(job->state, JOB_FAILED);
	ck_assert_ptr_null(job->pane);
	job_cancel(session, job);
	job_confirm(session, job);
	settle();
	ck_assert_int_eq(access(sandbox_at(&box, "docs/deep/er"), F_OK), 0);
}
END_TEST

START_TEST(test_target_has_left_the_tree)
{
	struct pane *pane;
	entry_id id;

	sandbox_make(&box, SMALL);
	open_session(BACKEND_THREADS);
	pane = open_pane(NULL);
	complete(pane);
	id = entry_named(pane, "notes");
	ck_assert_int_eq(unlink(sandbox_at(&box, "notes")), 0);
	pane_rescan(pane);
	complete(pane);
	errno = 0;
	ck_assert_ptr_null(session_operate(session, pane, OP_DELETE, 0, &id, 1, NULL, NULL, false));
	ck_assert_int_eq(errno, ESTALE);
	ck_assert(!session_has_jobs(session));
}
END_TEST

/* The suite -------------------------------------------------------------------------------------------- */

enum { THREADS, WORKERS, BOTH };

static const struct {
	const TTest *const *test;
	int backends; /* with which it is run */
} tests[] = {
	{ &test_open, BOTH },
	{ &test_close, BOTH },
	{ &test_close_while_scanning, BOTH },
	{ &test_toggle, WORKERS },
	{ &test_toggle_finds_changes, BOTH },
	{ &test_stop, BOTH },
	{ &test_rescan, BOTH },
	{ &test_rescan_of_one_directory, BOTH },
	{ &test_refresh_reads_new_directories, BOTH },
	{ &test_the_shown_directory_goes, BOTH },
	{ &test_the_root_goes, BOTH },
	{ &test_enter_and_leave, BOTH },
	{ &test_leave_at_the_root, BOTH },
	{ &test_leave_above_everything, THREADS },
	{ &test_missing_root, BOTH },
	{ &test_root_is_a_file, BOTH },
	{ &test_recording, BOTH },
	{ &test_recording_cut, BOTH },
	{ &test_no_recording, BOTH },
	{ &test_unreadable, THREADS },
	{ &test_marks, THREADS },
	{ &test_look, BOTH },
#ifdef HAVE_LIBACL
	{ &test_acls, BOTH },
#endif
	{ &test_why, BOTH },
	{ &test_death_of_a_worker, WORKERS },
	{ &test_questions_to_a_dead_worker, WORKERS },
	{ &test_four_deaths, WORKERS },
	{ &test_health_resets_the_count, WORKERS },
	{ &test_no_zombies, WORKERS },
	{ &test_mkdir, BOTH },
	{ &test_rename, BOTH },
	{ &test_delete_planned, BOTH },
	{ &test_delete_cancelled, BOTH },
	{ &test_marks_of_what_failed_stay, BOTH },
	{ &test_chmod, BOTH },
	{ &test_chown, BOTH },
	{ &test_match, BOTH },
	{ &test_read_only, BOTH },
	{ &test_roots_are_protected, BOTH },
	{ &test_job_of_a_dead_worker, WORKERS },
	{ &test_job_of_a_closed_pane, BOTH },
	{ &test_target_has_left_the_tree, THREADS },
};

/* Run all tests; those of workers only when there is one. */
static int run_tests(bool with_worker)
{
	Suite *suite = suite_create("session");
	TCase *tcase = tcase_create("session");
	SRunner *runner;
	int failed;

	signal(SIGPIPE, SIG_IGN);
	tcase_add_checked_fixture(tcase, begin, end);
	tcase_set_timeout(tcase, 30);
	for (size_t i = 0; i < ARRAY_LEN(tests); i++) {
		if (tests[i].backends == WORKERS && !with_worker)
			continue;
		tcase_add_loop_test(tcase, *tests[i].test, 0, tests[i].backends == BOTH && with_worker ? 2 : 1);
	}
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	(void)argv;
	return beside_worker(argc, "check_session", run_tests);
}
