/*
 * Scans of real directories, from request to tree: what is found, what is left out, what is said of what cannot be
 * read, and that nothing depends on the number of threads.
 */
#include "apply.h"
#include "op_sandbox.h"
#include "source.h"

#include <poll.h>
#include <sys/resource.h>

struct request {
	unsigned flags;
	uint32_t depth;
	unsigned jobs;
	const char *path;
	const char *exclude;
};

/* Ask, and apply what comes until the scan is done. */
static struct tree *scan(const char *root, struct request request, enum error *error)
{
	const struct source_options options = { .kind = SOURCE_THREADS, .root = root };
	struct source *source = source_new(&options);
	struct tree *tree = tree_new();
	struct scan_view *view = scan_view_new(tree, TREE_ROOT);
	struct buf out = BUF_INIT;
	struct wire_scan ask = { .flags = (uint8_t)request.flags, .depth = request.depth, .jobs = request.jobs,
				 .path = request.path ? request.path : "", .path_len = request.path ? strlen(request.path) : 0 };
	bool done = false;

	ck_assert_ptr_nonnull(source);
	wire_put_scan(&out, 9, &ask, &request.exclude, request.exclude ? 1 : 0);
	ck_assert_int_eq(source_request(source, out.data, out.len), 0);
	while (!done) {
		struct wire_frame frame;
		size_t len;
		size_t used;
		const void *bytes = source_peek(source, &len);

		if (len == 0) {
			poll(NULL, 0, 1);
			continue;
		}
		ck_assert_int_eq(wire_next(bytes, len, &frame, &used), WIRE_OK);
		ck_assert_uint_eq(frame.id, 9);
		switch (scan_view_apply(view, &frame, NULL)) {
		case APPLY_DONE:
			done = true;
			break;
		case APPLY_OK:
			break;
		default:
			ck_abort_msg("a frame of type %d was refused", frame.type);
		}
		source_drop(source, used);
	}
	*error = scan_view_error(view);
	tree_settle(tree);
	scan_view_free(view);
	source_free(source);
	buf_fini(&out);
	return tree;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* One word for an entry: its path, and what is known of it. */
static void word(const struct tree *tree, entry_id id, struct buf *out)
{
	static const char *const states[] = { "unread", "queued", "reading", "", "partial", "unreadable", "skipped" };
	const struct entry *entry = tree_entry(tree, id);
	const struct dir *dir = tree_dir(tree, id);
	const char *target;
	size_t len;

	tree_path(tree, id, out);
	if (dir && dir->state == DIR_COMPLETE)
		buf_add_byte(out, '/');
	else if (dir)
		buf_printf(out, "/(%s)", states[dir->state]);
	target = tree_target(tree, id, &len);
	if (target)
		buf_printf(out, "->%.*s", (int)len, target);
	if (S_ISFIFO(entry->mode))
		buf_add_byte(out, '|');
	if (!(entry->flags & ENTRY_KNOWN))
		buf_add_byte(out, '?');
}

/* Everything below the root, sorted. */
static const char *describe(const struct tree *tree, struct buf *out)
{
	char *words[4096];
	size_t count = 0;

	for (entry_id at = tree_walk(tree, TREE_ROOT, TREE_ROOT); at; at = tree_walk(tree, TREE_ROOT, at)) {
		struct buf one = BUF_INIT;

		word(tree, at, &one);
		ck_assert_uint_lt(count, ARRAY_LEN(words));
		words[count++] = strdup(buf_str(&one));
		buf_fini(&one);
	}
	qsort(words, count, sizeof *words, by_text);
	buf_clear(out);
	for (size_t i = 0; i < count; i++) {
		buf_printf(out, "%s%s", i ? " " : "", words[i]);
		free(words[i]);
	}
	return buf_str(out);
}

static const struct {
	const char *name;
	const char *tree;
	struct request request;
	const char *expect;
} cases[] = {
	{ "empty", "", { 0, WIRE_DEPTH_ALL, 1, NULL, NULL }, "" },
	{ "types", "d/ d/f l->f p| f", { 0, WIRE_DEPTH_ALL, 2, NULL, NULL }, "d/ d/f f l->f p|" },
	{ "depth 0", "d/ f", { 0, 0, 2, NULL, NULL }, "" },
	{ "depth 1", "d/ d/e/ f", { 0, 1, 2, NULL, NULL }, "d/(skipped) f" },
	{ "depth 2", "d/ d/e/ d/e/x f", { 0, 2, 2, NULL, NULL }, "d/ d/e/(skipped) f" },
	{ "shallow", "d/ d/e/ f", { WIRE_SCAN_SHALLOW, 1, 2, NULL, NULL }, "d/(unread) f" },
	{ "below", "d/ d/e/ d/e/x f", { 0, WIRE_DEPTH_ALL, 2, "d/e", NULL }, "x" },
	{ "links are not followed", "d/ d/f l->d", { 0, WIRE_DEPTH_ALL, 2, NULL, NULL }, "d/ d/f l->d" },
	{ "links are followed", "d/ d/f l->d b->no", { WIRE_SCAN_FOLLOW, WIRE_DEPTH_ALL, 2, NULL, NULL }, "b->no d/ d/f l/ l/f" },
	{ "below a followed link", "d/ d/e/ d/e/f l->d m->l/e", { WIRE_SCAN_FOLLOW, WIRE_DEPTH_ALL, 1, NULL, NULL },
	  "d/ d/e/ d/e/f l/ l/e/ l/e/f m/ m/f" },
	{ "a loop is not entered", "d/ d/up->.. d/self->.", { WIRE_SCAN_FOLLOW, WIRE_DEPTH_ALL, 2, NULL, NULL }, "d/ d/self->. d/up->.." },
	{ "loops of links", "l->l a->b b->a", { WIRE_SCAN_FOLLOW, WIRE_DEPTH_ALL, 2, NULL, NULL }, "a->b b->a l->l" },
	{ "exclude a name", "a.o d/ d/b.o d/c", { 0, WIRE_DEPTH_ALL, 2, NULL, "*.o" }, "d/ d/c" },
	{ "exclude directories", "x d/ d/x/ d/x/y", { 0, WIRE_DEPTH_ALL, 2, NULL, "x/" }, "d/ x" },
	{ "exclude a path", "x d/ d/x e/ e/x", { 0, WIRE_DEPTH_ALL, 2, NULL, "d/x" }, "d/ e/ e/x x" },
	{ "exclude a path below", "d/ d/x d/y", { 0, WIRE_DEPTH_ALL, 2, "d", "d/x" }, "y" },
};

START_TEST(finds)
{
	struct buf text = BUF_INIT;
	struct sandbox box;
	struct tree *tree;
	enum error error;

	sandbox_init(&box);
	sandbox_make(&box, cases[_i].tree);
	tree = scan(box.path, cases[_i].request, &error);
	ck_assert_str_eq(describe(tree, &text), cases[_i].expect);
	ck_assert_int_eq(error, ERROR_NONE);
	tree_free(tree);
	buf_fini(&text);
	sandbox_fini(&box);
}
END_TEST

START_TEST(missing_root)
{
	struct sandbox box;
	struct tree *tree;
	enum error error;

	sandbox_init(&box);
	tree = scan(sandbox_at(&box, "no"), (struct request){ .depth = WIRE_DEPTH_ALL }, &error);
	ck_assert_int_eq(tree_dir(tree, TREE_ROOT)->state, DIR_UNREADABLE);
	ck_assert_int_eq(tree_entry(tree, TREE_ROOT)->error, ERROR_NOENT);
	tree_free(tree);
	sandbox_make(&box, "f");
	tree = scan(sandbox_at(&box, "f"), (struct request){ .depth = WIRE_DEPTH_ALL }, &error);
	ck_assert_int_eq(tree_entry(tree, TREE_ROOT)->error, ERROR_NOTDIR);
	tree_free(tree);
	sandbox_fini(&box);
}
END_TEST

/* Unreadable, empty, and readable without being searchable are three things. */
static void check_unreadable(const char *root)
{
	struct buf text = BUF_INIT;
	enum error error;
	struct tree *tree = scan(root, (struct request){ .depth = WIRE_DEPTH_ALL, .jobs = 2 }, &error);

	ck_assert_str_eq(describe(tree, &text), "closed/(unreadable) empty/ names/ names/f?");
	ck_assert_int_eq(tree_entry(tree, tree_lookup(tree, "closed", 6))->error, ERROR_ACCES);
	ck_assert_int_eq(tree_entry(tree, tree_lookup(tree, "names/f", 7))->error, ERROR_ACCES);
	ck_assert_uint_eq(tree_dir(tree, TREE_ROOT)->total.unread, 2);
	tree_free(tree);
	buf_fini(&text);
}

START_TEST(unreadable)
{
	struct sandbox box;
	int status;
	pid_t pid;

	sandbox_init(&box);
	sandbox_make(&box, "closed/ closed/f empty/ names/ names/f");
	ck_assert_int_eq(chmod(sandbox_at(&box, "closed"), 0), 0);
	ck_assert_int_eq(chmod(sandbox_at(&box, "names"), 0744), 0);
	if (geteuid() != 0)
		ck_assert_int_eq(chmod(sandbox_at(&box, "names"), 0444), 0);
	pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
			_exit(1);
		check_unreadable(box.path);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	sandbox_fini(&box);
}
END_TEST

enum { FILES = 5000 };

/* The files of a directory of several buffers. */
static void make_files(const struct sandbox *box)
{
	for (int i = 0; i < FILES; i++) {
		char name[64];
		int fd;

		snprintf(name, sizeof name, "a_rather_long_name_of_a_file_%d", i);
		fd = open(sandbox_at(box, name), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
		ck_assert_int_ge(fd, 0);
		close(fd);
	}
}

/* A directory of several buffers, read by several threads: every name once, all attributes. */
START_TEST(large_directory)
{
	struct sandbox box;
	struct tree *tree;
	enum error error;

	sandbox_init(&box);
	make_files(&box);
	tree = scan(box.path, (struct request){ .depth = WIRE_DEPTH_ALL, .jobs = (unsigned)_i }, &error);
	ck_assert_uint_eq(tree_dir(tree, TREE_ROOT)->count, FILES);
	ck_assert_uint_eq(tree_dir(tree, TREE_ROOT)->total.entries, FILES + 1);
	ck_assert_int_eq(tree_dir(tree, TREE_ROOT)->state, DIR_COMPLETE);
	for (entry_id at = tree_walk(tree, TREE_ROOT, TREE_ROOT); at; at = tree_walk(tree, TREE_ROOT, at))
		ck_assert_msg(tree_entry(tree, at)->flags & ENTRY_KNOWN, "attributes are missing");
	tree_free(tree);
	sandbox_fini(&box);
}
END_TEST

/* How many names of a directory have come when the first attributes do? */
static uint64_t names_before_attributes(const char *root)
{
	const struct source_options options = { .kind = SOURCE_THREADS, .root = root };
	struct source *source = source_new(&options);
	struct tree *tree = tree_new();
	struct scan_view *view = scan_view_new(tree, TREE_ROOT);
	const struct wire_scan ask = { .depth = WIRE_DEPTH_ALL, .jobs = 1, .path = "" };
	struct wire_frame frame = { 0 };
	struct buf out = BUF_INIT;
	uint64_t names;

	wire_put_scan(&out, 9, &ask, NULL, 0);
	ck_assert_int_eq(source_request(source, out.data, out.len), 0);
	while (frame.type != WIRE_ATTRS) {
		size_t len;
		size_t used;
		const void *bytes = source_peek(source, &len);

		if (len == 0) {
			poll(NULL, 0, 1);
			continue;
		}
		ck_assert_int_eq(wire_next(bytes, len, &frame, &used), WIRE_OK);
		ck_assert_int_eq(scan_view_apply(view, &frame, NULL), APPLY_OK);
		source_drop(source, used);
	}
	names = scan_view_entries(view);
	scan_view_free(view);
	tree_free(tree);
	source_free(source);
	buf_fini(&out);
	return names;
}

/* Of a large directory all names come before anything else. */
START_TEST(names_first)
{
	struct sandbox box;

	sandbox_init(&box);
	make_files(&box);
	ck_assert_uint_eq(names_before_attributes(box.path), FILES);
	sandbox_fini(&box);
}
END_TEST

/* Remove a chain of directories of one name. */
static void remove_chain(const char *top, const char *name)
{
	int fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int levels = 0;

	for (int next; (next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0; levels++) {
		close(fd);
		fd = next;
	}
	for (; levels > 0; levels--) {
		int up = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		close(fd);
		fd = up;
		ck_assert_int_eq(unlinkat(fd, name, AT_REMOVEDIR), 0);
	}
	close(fd);
}

/* Deeper than any path can be, with few descriptors. */
START_TEST(deep)
{
	enum { LEVELS = 3000 };
	const struct rlimit few = { 24, 24 };
	struct sandbox box;
	struct tree *tree;
	enum error error;
	int fd;

	sandbox_init(&box);
	fd = open(box.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < LEVELS; i++) {
		int next;

		ck_assert_int_eq(mkdirat(fd, "directory", 0755), 0);
		next = openat(fd, "directory", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		ck_assert_int_ge(next, 0);
		close(fd);
		fd = next;
	}
	close(fd);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	tree = scan(box.path, (struct request){ .depth = WIRE_DEPTH_ALL, .jobs = 2 }, &error);
	ck_assert_uint_eq(tree_dir(tree, TREE_ROOT)->total.entries, LEVELS + 1);
	ck_assert_uint_eq(tree_dir(tree, TREE_ROOT)->total.unread, 0);
	tree_free(tree);
	remove_chain(box.path, "directory");
	sandbox_fini(&box);
}
END_TEST

/* After a stop the scan still ends, says so, and what it had begun is not called complete. */
START_TEST(stop)
{
	const struct source_options options = { .kind = SOURCE_THREADS, .root = "/usr", .ring_size = 4096 };
	struct wire_scan ask = { .depth = WIRE_DEPTH_ALL, .jobs = 2, .path = "" };
	struct source *source = source_new(&options);
	struct buf out = BUF_INIT;
	struct tree *tree = tree_new();
	struct scan_view *view = scan_view_new(tree, TREE_ROOT);
	enum apply_status status = APPLY_OK;
	size_t frames = 0;

	wire_put_scan(&out, 3, &ask, NULL, 0);
	ck_assert_int_eq(source_request(source, out.data, out.len), 0);
	buf_clear(&out);
	wire_close(&out, wire_open(&out, WIRE_STOP, 3));
	while (status == APPLY_OK) {
		struct wire_frame frame;
		size_t len;
		size_t used;
		const void *bytes = source_peek(source, &len);

		if (len == 0) {
			poll(NULL, 0, 1);
			continue;
		}
		ck_assert_int_eq(wire_next(bytes, len, &frame, &used), WIRE_OK);
		status = scan_view_apply(view, &frame, NULL);
		source_drop(source, used);
		if (++frames == 10)
			ck_assert_int_eq(source_request(source, out.data, out.len), 0);
	}
	ck_assert_int_eq(status, APPLY_DONE);
	ck_assert_int_eq(scan_view_error(view), ERROR_CANCELED);
	tree_settle(tree);
	ck_assert_uint_gt(tree_dir(tree, TREE_ROOT)->total.unread, 0);
	ck_assert_uint_eq(tree_dir(tree, TREE_ROOT)->total.growing, 0);
	scan_view_free(view);
	tree_free(tree);
	source_free(source);
	buf_fini(&out);
}
END_TEST

/* Take frames until one of a type comes for a directory; `number` 0 is the root. */
static enum apply_status take_until(struct source *source, struct scan_view *view, enum wire_type type, uint64_t number)
{
	for (;;) {
		struct wire_frame frame;
		enum apply_status status;
		size_t len;
		size_t used;
		const void *bytes = source_peek(source, &len);

		if (len == 0) {
			poll(NULL, 0, 1);
			continue;
		}
		ck_assert_int_eq(wire_next(bytes, len, &frame, &used), WIRE_OK);
		status = scan_view_apply(view, &frame, NULL);
		if (status != APPLY_OK || (frame.type == type && wire_get_varint(&frame.payload) == number)) {
			source_drop(source, used);
			return status;
		}
		source_drop(source, used);
	}
}

static void enter(struct source *source, const char *numbers, size_t count)
{
	struct buf out = BUF_INIT;
	size_t start = wire_open(&out, WIRE_ENTER, 3);

	buf_add(&out, numbers, count);
	wire_close(&out, start);
	ck_assert_int_eq(source_request(source, out.data, out.len), 0);
	buf_fini(&out);
}

/* What is found is held until it is asked for; what nobody asks for is let go, or goes with a stop. */
START_TEST(hold)
{
	struct sandbox box;
	struct source_options options = { .kind = SOURCE_THREADS };
	struct wire_scan ask = { .flags = WIRE_SCAN_HOLD, .depth = WIRE_DEPTH_ALL, .jobs = 3, .path = "" };
	struct source *source;
	struct tree *tree = tree_new();
	struct scan_view *view = scan_view_new(tree, TREE_ROOT);
	struct buf out = BUF_INIT;

	sandbox_init(&box);
	sandbox_make(&box, "d/ d/e/ d/e/f d/f");
	options.root = box.path;
	source = source_new(&options);
	wire_put_scan(&out, 3, &ask, NULL, 0);
	ck_assert_int_eq(source_request(source, out.data, out.len), 0);
	ck_assert_int_eq(take_until(source, view, WIRE_END, 0), APPLY_OK);
	ck_assert_str_eq(describe(tree, &out), "d/(queued)");
	enter(source, "\x07\x01\x01", 3);
	ck_assert_int_eq(take_until(source, view, WIRE_END, 1), APPLY_OK);
	ck_assert_str_eq(describe(tree, &out), "d/ d/e/(queued) d/f");
	if (_i) {
		enter(source, "", 0);
	} else {
		buf_clear(&out);
		wire_close(&out, wire_open(&out, WIRE_STOP, 3));
		ck_assert_int_eq(source_request(source, out.data, out.len), 0);
	}
	ck_assert_int_eq(take_until(source, view, WIRE_END, 0), APPLY_DONE);
	ck_assert_int_eq(scan_view_error(view), _i ? ERROR_NONE : ERROR_CANCELED);
	ck_assert_str_eq(describe(tree, &out), _i ? "d/ d/e/(skipped) d/f" : "d/ d/e/(partial) d/f");
	scan_view_free(view);
	tree_free(tree);
	source_free(source);
	buf_fini(&out);
	sandbox_fini(&box);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scan");
	TCase *tcase = tcase_create("scan");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, finds, 0, ARRAY_LEN(cases));
	tcase_add_test(tcase, missing_root);
	tcase_add_test(tcase, unreadable);
	tcase_add_loop_test(tcase, large_directory, 1, 5);
	tcase_add_test(tcase, names_first);
	tcase_add_test(tcase, deep);
	tcase_add_test(tcase, stop);
	tcase_add_loop_test(tcase, hold, 0, 2);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
