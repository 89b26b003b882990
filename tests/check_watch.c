/*
 * Watched directories: what is told of them, what is told when that is impossible, and panes that stay true by it.
 *
 * Nothing here waits for time to pass: a test waits for the answer that it wants to see, and what must not be told is ruled
 * out by a later change that is told.
 */
#include "feed.h"
#include "loop.h"
#include "op_sandbox.h"
#include "session.h"

#include <sched.h>

#ifndef MUNTIN_LINUX_CALLS
#define MUNTIN_LINUX_CALLS 1
#endif

enum { PATIENCE_MS = 60000, RING_SIZE = 1 << 16 };

/* ---- a feed, and what it has said ------------------------------------------------------------------------------ */

struct listener {
	struct wakeup wakeup;
	struct ring *ring;
	struct feed *feed;
	uint64_t id;
	int64_t mtime;   /* told with every path */
	struct buf said; /* words: `+PATH` for changed, `=PATH` for unchanged, `-PATH:ERROR` for not watched; the root's path is `.` */
};

static void wake(void *arg)
{
	wakeup_raise(arg);
}

static void listener_init(struct listener *listener, const char *root, size_t ring_size)
{
	*listener = (struct listener){ 0 };
	ck_assert_int_eq(wakeup_init(&listener->wakeup), 0);
	listener->ring = ring_new(ring_size, wake, &listener->wakeup);
	listener->feed = feed_new(root, listener->ring, true);
	ck_assert_ptr_nonnull(listener->feed);
}

static void listener_fini(struct listener *listener)
{
	ring_close(listener->ring);
	feed_free(listener->feed);
	ring_unref(listener->ring);
	wakeup_fini(&listener->wakeup);
	buf_fini(&listener->said);
}

/* `paths` with blanks between; "." is the root. */
static int ask(struct listener *listener, const char *paths)
{
	char *list = strdup(paths);
	char *save = NULL;
	struct buf out = BUF_INIT;
	struct buf answer = BUF_INIT;
	size_t start = wire_open(&out, WIRE_WATCH, ++listener->id);
	struct wire_frame frame;
	size_t used;
	int done;

	for (char *path = strtok_r(list, " ", &save); path; path = strtok_r(NULL, " ", &save)) {
		wire_put_bytes(&out, path, strcmp(path, ".") == 0 ? 0 : strlen(path));
		wire_put_signed(&out, listener->mtime);
	}
	wire_close(&out, start);
	ck_assert_int_eq(wire_next(out.data, out.len, &frame, &used), WIRE_OK);
	done = feed_request(listener->feed, &frame, &answer);
	ck_assert_uint_eq(answer.len, 0);
	buf_fini(&answer);
	buf_fini(&out);
	free(list);
	return done;
}

static void note(struct listener *listener, struct wire_frame *frame)
{
	struct wire_reader *in = &frame->payload;
	bool changed = frame->type == WIRE_CHANGED;
	bool live = changed || frame->type == WIRE_WATCHED;
	uint64_t error = 0;

	ck_assert(live || frame->type == WIRE_UNWATCHED);
	ck_assert_uint_le(frame->id, listener->id);
	if (!live)
		error = wire_get_varint(in);
	ck_assert(wire_more(in));
	while (wire_more(in)) {
		size_t len;
		const char *path = wire_get_bytes(in, &len);

		buf_printf(&listener->said, "%s%c%.*s", listener->said.len > 0 ? " " : "", changed ? '+' : live ? '=' : '-', len ? (int)len : 1,
			len ? path : ".");
		if (!live)
			buf_printf(&listener->said, ":%s", error_text((unsigned)error));
	}
	ck_assert(in->ok);
}

/* Take what there is, or wait for it. */
static void hear(struct listener *listener)
{
	struct pollfd fd = { .fd = listener->wakeup.fd, .events = POLLIN };
	size_t done = 0;
	size_t len;
	const char *bytes = ring_peek(listener->ring, &len);

	if (len == 0) {
		ck_assert_msg(poll(&fd, 1, PATIENCE_MS) == 1, "nothing more was said than '%s'", buf_str(&listener->said));
		wakeup_clear(&listener->wakeup);
		bytes = ring_peek(listener->ring, &len);
	}
	while (done < len) {
		struct wire_frame frame;
		size_t used;

		ck_assert_int_eq(wire_next(bytes + done, len - done, &frame, &used), WIRE_OK);
		note(listener, &frame);
		done += used;
	}
	ring_drop(listener->ring, len);
}

static bool has_said(struct listener *listener, const char *word)
{
	const char *said = buf_str(&listener->said);
	size_t len = strlen(word);

	for (const char *at = said; (at = strstr(at, word)); at += len) {
		if ((at == said || at[-1] == ' ') && (!at[len] || at[len] == ' '))
			return true;
	}
	return false;
}

/* Wait until all of these words have been said. */
static void expect(struct listener *listener, const char *words)
{
	char *list = strdup(words);
	char *save = NULL;

	for (char *word = strtok_r(list, "|", &save); word; word = strtok_r(NULL, "|", &save)) {
		while (!has_said(listener, word))
			hear(listener);
	}
	free(list);
}

/* Ask, and wait until the answers are there; then nothing was said. */
static void watch(struct listener *listener, const char *paths, const char *words)
{
	ck_assert_int_eq(ask(listener, paths), 0);
	expect(listener, words);
	buf_clear(&listener->said);
}

/* ---- changes --------------------------------------------------------------------------------------------------- */

static void touch(const struct sandbox *box, const char *name)
{
	int fd = open(sandbox_at(box, name), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "x", 1), 1);
	close(fd);
}

static void make_file(const struct sandbox *box)
{
	touch(box, "d/new");
}

static void make_dir(const struct sandbox *box)
{
	ck_assert_int_eq(mkdir(sandbox_at(box, "d/new"), 0755), 0);
}

static void make_link(const struct sandbox *box)
{
	ck_assert_int_eq(symlink("f", sandbox_at(box, "d/new")), 0);
}

static void remove_file(const struct sandbox *box)
{
	ck_assert_int_eq(unlink(sandbox_at(box, "d/f")), 0);
}

static void remove_dir(const struct sandbox *box)
{
	ck_assert_int_eq(rmdir(sandbox_at(box, "d/sub")), 0);
}

static void rename_within(const struct sandbox *box)
{
	ck_assert_int_eq(rename(sandbox_at(box, "d/f"), sandbox_at(box, "d/g")), 0);
}

static void move_out(const struct sandbox *box)
{
	ck_assert_int_eq(rename(sandbox_at(box, "d/f"), sandbox_at(box, "u/g")), 0);
}

static void move_in(const struct sandbox *box)
{
	ck_assert_int_eq(rename(sandbox_at(box, "u/f"), sandbox_at(box, "d/g")), 0);
}

static void change_mode(const struct sandbox *box)
{
	ck_assert_int_eq(chmod(sandbox_at(box, "d/f"), 0600), 0);
}

static void change_own_mode(const struct sandbox *box)
{
	ck_assert_int_eq(chmod(sandbox_at(box, "d"), 0700), 0);
}

static void write_file(const struct sandbox *box)
{
	touch(box, "d/f");
}

static void cut_file(const struct sandbox *box)
{
	ck_assert_int_eq(truncate(sandbox_at(box, "d/f"), 0), 0);
}

static const struct {
	const char *name;
	void (*change)(const struct sandbox *box);
} changes[] = {
	{ "create a file", make_file },
	{ "create a directory", make_dir },
	{ "create a link", make_link },
	{ "remove a file", remove_file },
	{ "remove a directory", remove_dir },
	{ "rename", rename_within },
	{ "move out", move_out },
	{ "move in", move_in },
	{ "chmod", change_mode },
	{ "chmod of itself", change_own_mode },
	{ "write", write_file },
	{ "truncate", cut_file },
};

/* The changed directory is named, and no other: neither one that has not changed, nor one that is not watched. */
START_TEST(names_changes)
{
	struct listener listener;
	struct sandbox box;

	sandbox_init(&box);
	sandbox_make(&box, "d/ d/f d/sub/ e/ u/ u/f");
	listener_init(&listener, box.path, RING_SIZE);
	watch(&listener, "d e", "+d|+e");
	changes[_i].change(&box);
	expect(&listener, "+d");
	ck_assert_msg(!has_said(&listener, "+e") && !has_said(&listener, "+u"), "%s: %s", changes[_i].name, buf_str(&listener.said));
	listener_fini(&listener);
	sandbox_fini(&box);
}
END_TEST

/* The root is watched as any directory, and what happens below its directories is not told of it. */
/* A directory that has the mtime it was read with need not be read again; one with another must be. */
START_TEST(compares_the_mtime)
{
	struct listener listener;
	struct sandbox box;
	struct stat st;

	sandbox_init(&box);
	sandbox_make(&box, "d/ d/f e/");
	ck_assert_int_eq(stat(sandbox_at(&box, "d"), &st), 0);
	listener_init(&listener, box.path, RING_SIZE);
	listener.mtime = st.st_mtim.tv_sec * LOOP_SECOND + st.st_mtim.tv_nsec;
	watch(&listener, "d", "=d");
	touch(&box, "d/g");
	expect(&listener, "+d");
	listener.mtime = 1;
	watch(&listener, "e", "+e");
	listener_fini(&listener);
	sandbox_fini(&box);
}
END_TEST

START_TEST(names_the_root)
{
	struct listener listener;
	struct sandbox box;

	sandbox_init(&box);
	sandbox_make(&box, "d/ d/f e/");
	listener_init(&listener, box.path, RING_SIZE);
	watch(&listener, ". e", "+.|+e");
	touch(&box, "d/f");
	touch(&box, "e/f");
	expect(&listener, "+e");
	ck_assert_str_eq(buf_str(&listener.said), "+e");
	touch(&box, "f");
	expect(&listener, "+.");
	listener_fini(&listener);
	sandbox_fini(&box);
}
END_TEST

/* A scan only reads: if that were told, it would never end. */
START_TEST(reading_is_no_change)
{
	struct listener listener;
	struct sandbox box;
	char bytes[8];
	int fd;

	sandbox_init(&box);
	sandbox_make(&box, "d/ d/f e/");
	listener_init(&listener, box.path, RING_SIZE);
	watch(&listener, "d e", "+d|+e");
	fd = open(sandbox_at(&box, "d/f"), O_RDONLY | O_CLOEXEC);
	ck_assert_int_gt(read(fd, bytes, sizeof bytes), 0);
	close(fd);
	sandbox_tree(&box, true);
	touch(&box, "e/f");
	expect(&listener, "+e");
	ck_assert_str_eq(buf_str(&listener.said), "+e");
	listener_fini(&listener);
	sandbox_fini(&box);
}
END_TEST

/* Whoever changes all the time is told of a few times, not of each. */
START_TEST(many_changes_are_one)
{
	enum { CHANGES = 2000 };
	struct listener listener;
	struct sandbox box;
	size_t frames;

	sandbox_init(&box);
	sandbox_make(&box, "d/ e/");
	listener_init(&listener, box.path, RING_SIZE);
	watch(&listener, "d e", "+d|+e");
	frames = ring_stats(listener.ring).frames;
	for (int i = 0; i < CHANGES; i++) {
		touch(&box, "d/f");
		ck_assert_int_eq(unlink(sandbox_at(&box, "d/f")), 0);
	}
	touch(&box, "e/f");
	expect(&listener, "+d|+e");
	ck_assert_uint_lt(ring_stats(listener.ring).frames - frames, CHANGES / 2);
	listener_fini(&listener);
	sandbox_fini(&box);
}
END_TEST

/* ---- sets -------------------------------------------------------------------------------------------------------- */

START_TEST(another_set)
{
	struct listener listener;
	struct sandbox box;

	sandbox_init(&box);
	sandbox_make(&box, "a/ b/ c/");
	listener_init(&listener, box.path, RING_SIZE);
	watch(&listener, "a b", "+a|+b");
	/* what stays is not told of again, what is new is */
	ck_assert_int_eq(ask(&listener, "c b"), 0);
	expect(&listener, "+c");
	ck_assert_str_eq(buf_str(&listener.said), "+c");
	buf_clear(&listener.said);
	touch(&box, "a/f");
	touch(&box, "b/f");
	expect(&listener, "+b");
	ck_assert_str_eq(buf_str(&listener.said), "+b");
	buf_clear(&listener.said);
	/* nothing at all, and back */
	ck_assert_int_eq(ask(&listener, ""), 0);
	touch(&box, "b/f");
	buf_clear(&listener.said);
	ck_assert_int_eq(ask(&listener, "a"), 0);
	expect(&listener, "+a");
	listener_fini(&listener);
	sandbox_fini(&box);
}
END_TEST

/* Of a set that follows another one so fast that nobody has looked at that, all is told: it may have been let go in between. */
START_TEST(away_and_back)
{
	struct listener listener;
	struct sandbox box;

	sandbox_init(&box);
	sandbox_make(&box, "a/ b/");
	listener_init(&listener, box.path, RING_SIZE);
	watch(&listener, "a", "+a");
	for (int turn = 0; turn < 100; turn++) {
		ck_assert_int_eq(ask(&listener, "b"), 0);
		watch(&listener, "a", "+a");
	}
	listener_fini(&listener);
	sandbox_fini(&box);
}
END_TEST

START_TEST(bad_sets)
{
	static const char *const bad[] = { "..", "a/../b", "/a", "a/", "a//b", "./a" };
	struct listener listener;
	struct sandbox box;
	struct buf many = BUF_INIT;

	sandbox_init(&box);
	sandbox_make(&box, "a/");
	listener_init(&listener, box.path, RING_SIZE);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		ck_assert_int_eq(ask(&listener, bad[i]), -1);
		ck_assert_int_eq(errno, EPROTO);
	}
	for (int i = 0; i <= WIRE_MAX_WATCHES; i++)
		buf_add_str(&many, "a ");
	ck_assert_int_eq(ask(&listener, buf_str(&many)), -1);
	ck_assert_int_eq(errno, EPROTO);
	/* none of them has done harm */
	watch(&listener, "a", "+a");
	touch(&box, "a/f");
	expect(&listener, "+a");
	buf_fini(&many);
	listener_fini(&listener);
	sandbox_fini(&box);
}
END_TEST

/* As many as there may be, all answered; through a ring that takes only a part of that at a time. */
START_TEST(large_set)
{
	struct listener listener;
	struct sandbox box;
	struct buf paths = BUF_INIT;
	struct buf words = BUF_INIT;

	sandbox_init(&box);
	for (int i = 0; i < WIRE_MAX_WATCHES; i++) {
		char name[64];

		snprintf(name, sizeof name, "a_directory_with_a_name_%d", i);
		ck_assert_int_eq(mkdir(sandbox_at(&box, name), 0755), 0);
		buf_printf(&paths, "%s ", name);
		buf_printf(&words, "+%s|", name);
	}
	listener_init(&listener, box.path, 4096);
	watch(&listener, buf_str(&paths), buf_str(&words));
	touch(&box, "a_directory_with_a_name_777/f");
	expect(&listener, "+a_directory_with_a_name_777");
	ck_assert_str_eq(buf_str(&listener.said), "+a_directory_with_a_name_777");
	listener_fini(&listener);
	buf_fini(&paths);
	buf_fini(&words);
	sandbox_fini(&box);
}
END_TEST

/* ---- what cannot be watched -------------------------------------------------------------------------------------- */

START_TEST(unwatchable)
{
	struct listener listener;
	struct sandbox box;

	sandbox_init(&box);
	sandbox_make(&box, "d/ f l->d");
	listener_init(&listener, box.path, RING_SIZE);
	ck_assert_int_eq(ask(&listener, "d no f l l/x"), 0);
	expect(&listener, "+d|-no:no such file or directory|-f:not a directory");
	while (!strstr(buf_str(&listener.said), "-l/x:"))
		hear(&listener);
	ck_assert_ptr_nonnull(strstr(buf_str(&listener.said), "-l:"));
	ck_assert_ptr_null(strstr(buf_str(&listener.said), "+l"));
	/* asked for again, they are tried again */
	touch(&box, "no_more");
	ck_assert_int_eq(mkdir(sandbox_at(&box, "no"), 0755), 0);
	watch(&listener, "d no", "+no");
	touch(&box, "no/f");
	expect(&listener, "+no");
	listener_fini(&listener);
	sandbox_fini(&box);
}
END_TEST

START_TEST(unheard)
{
	struct listener listener;

	listener_init(&listener, "/proc", RING_SIZE);
	ck_assert_int_eq(ask(&listener, ". self no"), 0);
	expect(&listener, "-.:operation not supported");
	listener_fini(&listener);
}
END_TEST

START_TEST(missing_root)
{
	struct listener listener;

	listener_init(&listener, "/nowhere at all", RING_SIZE);
	ck_assert_int_eq(ask(&listener, ". d"), 0);
	expect(&listener, "-.:no such file or directory|-d:no such file or directory");
	listener_fini(&listener);
}
END_TEST

static void check_closed(const struct sandbox *box)
{
	struct listener listener;

	listener_init(&listener, box->path, RING_SIZE);
	ck_assert_int_eq(ask(&listener, "open closed"), 0);
	expect(&listener, "+open|-closed:permission denied");
	listener_fini(&listener);
}

START_TEST(unreadable)
{
	struct sandbox box;

	sandbox_init(&box);
	sandbox_make(&box, "open/ closed/");
	ck_assert_int_eq(chmod(sandbox_at(&box, "closed"), 0), 0);
	as_nobody(check_closed, &box);
	sandbox_fini(&box);
}
END_TEST

/* Limit the watches of this process, which a user namespace of its own can do without anybody else being touched. */
static bool limit_watches(const char *limit)
{
	FILE *file;

	if (unshare(CLONE_NEWUSER) != 0)
		return false;
	file = fopen("/proc/sys/user/max_inotify_watches", "w");
	if (!file)
		return false;
	return (fputs(limit, file) >= 0) & (fclose(file) == 0);
}

/* At the limit some are watched and the others told; when there is room again, they can be. */
START_TEST(limited)
{
	enum { DIRS = 20, LIMIT = 5 };
	struct listener listener;
	struct sandbox box;
	struct buf paths = BUF_INIT;
	size_t watched = 0;
	size_t told = 0;

	sandbox_init(&box);
	for (int i = 0; i < DIRS; i++) {
		char name[16];

		snprintf(name, sizeof name, "d%d", i);
		ck_assert_int_eq(mkdir(sandbox_at(&box, name), 0777), 0);
		buf_printf(&paths, "%s ", name);
	}
	if (!limit_watches("5\n")) {
		fprintf(stderr, "skip (missing: user namespaces)\n");
		goto out;
	}
	listener_init(&listener, box.path, RING_SIZE);
	ck_assert_int_eq(ask(&listener, buf_str(&paths)), 0);
	while (watched + told < DIRS) {
		const char *said;

		hear(&listener);
		watched = told = 0;
		said = buf_str(&listener.said);
		for (const char *at = said; (at = strchr(at, '+')); at++)
			watched++;
		for (const char *at = said; (at = strstr(at, ":no space left on device")); at++)
			told++;
	}
	ck_assert_uint_eq(watched, LIMIT);
	ck_assert_uint_eq(told, DIRS - LIMIT);
	buf_clear(&listener.said);
	watch(&listener, "d19 d18", "+d19|+d18");
	listener_fini(&listener);
out:
	buf_fini(&paths);
	sandbox_fini(&box);
}
END_TEST

/* ---- what ends a watch ------------------------------------------------------------------------------------------- */

START_TEST(removed)
{
	struct listener listener;
	struct sandbox box;

	sandbox_init(&box);
	sandbox_make(&box, "d/ e/");
	listener_init(&listener, box.path, RING_SIZE);
	watch(&listener, "d e", "+d|+e");
	ck_assert_int_eq(rmdir(sandbox_at(&box, "d")), 0);
	expect(&listener, "+d|-d:no such file or directory");
	ck_assert_msg(strchr(buf_str(&listener.said), '+') < strchr(buf_str(&listener.said), '-'), "told in the wrong order");
	listener_fini(&listener);
	sandbox_fini(&box);
}
END_TEST

/* Another directory takes the place: it is watched, at once or when it is asked for again. */
START_TEST(replaced)
{
	struct listener listener;
	struct sandbox box;

	sandbox_init(&box);
	sandbox_make(&box, "d/");
	listener_init(&listener, box.path, RING_SIZE);
	watch(&listener, "d", "+d");
	ck_assert_int_eq(rename(sandbox_at(&box, "d"), sandbox_at(&box, "away")), 0);
	ck_assert_int_eq(mkdir(sandbox_at(&box, "d"), 0755), 0);
	expect(&listener, "+d");
	ck_assert_int_eq(ask(&listener, "d"), 0);
	buf_clear(&listener.said);
	touch(&box, "d/f");
	expect(&listener, "+d");
	listener_fini(&listener);
	sandbox_fini(&box);
}
END_TEST

START_TEST(moved_away)
{
	struct listener listener;
	struct sandbox box;

	sandbox_init(&box);
	sandbox_make(&box, "d/ e/");
	listener_init(&listener, box.path, RING_SIZE);
	watch(&listener, "d e", "+d|+e");
	ck_assert_int_eq(rename(sandbox_at(&box, "d"), sandbox_at(&box, "away")), 0);
	expect(&listener, "+d|-d:no such file or directory");
	buf_clear(&listener.said);
	touch(&box, "away/f");
	touch(&box, "e/f");
	expect(&listener, "+e");
	ck_assert_str_eq(buf_str(&listener.said), "+e");
	listener_fini(&listener);
	sandbox_fini(&box);
}
END_TEST

/* How many events the kernel keeps; 0 when that is too many for a test. */
static long queue_limit(void)
{
	FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
	long limit = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%ld", &limit) != 1 || limit > 200000)
		limit = 0;
	fclose(file);
	return limit;
}

/* More events than are kept, while nobody takes the answers: then everything is told, also what has not changed. */
START_TEST(overflow)
{
	long limit = queue_limit();
	struct listener listener;
	struct sandbox box;
	int dir;

	if (limit == 0) {
		fprintf(stderr, "skip (missing: a small fs.inotify.max_queued_events)\n");
		return;
	}
	sandbox_init(&box);
	sandbox_make(&box, "d/ e/");
	dir = open(sandbox_at(&box, "d"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	listener_init(&listener, box.path, 32);
	watch(&listener, "d e", "+d|+e");
	/* fill the ring until the watcher waits for room */
	while (ring_stats(listener.ring).waits == 0) {
		touch(&box, "d/f");
		sched_yield();
	}
	for (long i = 0; i <= limit; i++) {
		ck_assert_int_eq(mknodat(dir, "g", S_IFREG | 0644, 0), 0);
		ck_assert_int_eq(unlinkat(dir, "g", 0), 0);
	}
	close(dir);
	expect(&listener, "+d|+e");
	/* and goes on as before */
	buf_clear(&listener.said);
	touch(&box, "e/f");
	expect(&listener, "+e");
	listener_fini(&listener);
	sandbox_fini(&box);
}
END_TEST

/* Nobody is left who would take an answer: the thread ends by itself, and the test with it. */
START_TEST(abandoned)
{
	struct listener listener;
	struct sandbox box;

	sandbox_init(&box);
	sandbox_make(&box, "d/");
	listener_init(&listener, box.path, 16);
	ck_assert_int_eq(ask(&listener, "d d d d d d d"), 0);
	touch(&box, "d/f");
	listener_fini(&listener);
	sandbox_fini(&box);
}
END_TEST

/* Where nothing can be watched that is said of everything. */
START_TEST(unsupported)
{
	struct listener listener;
	struct sandbox box;

	sandbox_init(&box);
	sandbox_make(&box, "d/");
	listener_init(&listener, box.path, RING_SIZE);
	ck_assert_int_eq(ask(&listener, ". d"), 0);
	expect(&listener, "-.:not supported by the system|-d:not supported by the system");
	listener_fini(&listener);
	sandbox_fini(&box);
}
END_TEST

/* ---- panes --------------------------------------------------------------------------------------------------------- */

struct world {
	struct sandbox box;
	struct loop loop;
	struct session *session;
	struct pane *pane;
	int64_t due;
};

static void world_init(struct world *world, const char *tree, const char *root)
{
	const struct session_options options = { .backend = BACKEND_THREADS, .jobs = 2, .max_depth = WIRE_DEPTH_ALL };

	sandbox_init(&world->box);
	sandbox_make(&world->box, tree);
	world->loop = (struct loop)LOOP_INIT;
	world->due = 0;
	world->session = session_new(&world->loop, &options);
	ck_assert_ptr_nonnull(world->session);
	world->pane = session_open(world->session, root ? root : world->box.path);
	ck_assert_ptr_nonnull(world->pane);
}

static void world_fini(struct world *world)
{
	session_free(world->session);
	loop_fini(&world->loop);
	sandbox_fini(&world->box);
}

static void step(struct world *world)
{
	world->due = session_step(world->session, loop_now(), 4 * LOOP_MS);
}

/* Sleep until something comes or is due, and do it. */
static void turn(struct world *world)
{
	int64_t now = loop_now();
	int64_t wait = PATIENCE_MS * LOOP_MS;

	if (world->due < now + wait)
		wait = world->due > now ? world->due - now : 0;
	ck_assert_msg(loop_run_once(&world->loop, wait) >= 0 && (world->due != INT64_MAX || loop_now() - now < wait), "nothing comes");
	step(world);
}

static void settle(struct world *world)
{
	step(world);
	while (session_busy(world->session))
		turn(world);
}

static entry_id at(const struct world *world, const char *path)
{
	return tree_lookup(world->pane->tree, path, strlen(path));
}

/* Is what is known of a path complete? */
static bool is_known(const struct world *world, const char *path)
{
	entry_id id = at(world, path);

	return id && tree_entry(world->pane->tree, id)->flags & ENTRY_KNOWN;
}

/* Changes on disk come in, and the pane says all the time that it is complete. */
START_TEST(pane_follows)
{
	struct world world;

	world_init(&world, "d/ d/f", NULL);
	settle(&world);
	ck_assert_int_eq(world.pane->state, PANE_COMPLETE);
	ck_assert(!world.pane->polls);
	touch(&world.box, "new");
	while (!is_known(&world, "new")) {
		turn(&world);
		ck_assert_int_eq(world.pane->state, PANE_COMPLETE);
	}
	settle(&world);
	ck_assert_int_eq(chmod(sandbox_at(&world.box, "new"), 0600), 0);
	while ((tree_entry(world.pane->tree, at(&world, "new"))->mode & 0777) != 0600)
		turn(&world);
	settle(&world);
	ck_assert_int_eq(unlink(sandbox_at(&world.box, "new")), 0);
	while (at(&world, "new"))
		turn(&world);
	settle(&world);
	ck_assert_uint_eq(world.pane->watch_count, 1);
	world_fini(&world);
}
END_TEST

/* New directories are read with all that is below them. */
START_TEST(pane_reads_new_directories)
{
	struct world world;

	world_init(&world, "d/", NULL);
	settle(&world);
	sandbox_make(&world.box, "e/ e/f/ e/f/g");
	ck_assert_int_eq(rename(sandbox_at(&world.box, "e"), sandbox_at(&world.box, "h")), 0);
	while (!is_known(&world, "h/f/g"))
		turn(&world);
	settle(&world);
	ck_assert_int_eq(world.pane->state, PANE_COMPLETE);
	ck_assert(!at(&world, "e"));
	world_fini(&world);
}
END_TEST

/* What is shown is watched: expanded directories too, and those that are entered have been read again. */
START_TEST(pane_watches_what_is_shown)
{
	struct world world;

	world_init(&world, "d/ d/f e/ e/f", NULL);
	settle(&world);
	touch(&world.box, "d/unseen");
	settle(&world);
	rows_want(&world.pane->rows, at(&world, "d"));
	settle(&world);
	pane_expand(world.pane);
	settle(&world);
	ck_assert(is_known(&world, "d/unseen"));
	ck_assert_uint_eq(world.pane->watch_count, 2);
	touch(&world.box, "d/new");
	while (!is_known(&world, "d/new"))
		turn(&world);
	settle(&world);
	pane_show(world.pane, at(&world, "e"), 0);
	settle(&world);
	ck_assert_uint_eq(world.pane->watch_count, 1);
	touch(&world.box, "e/new");
	while (!is_known(&world, "e/new"))
		turn(&world);
	world_fini(&world);
}
END_TEST

/* The shown directory goes: the pane shows the one above it that is left. */
START_TEST(pane_loses_its_directory)
{
	struct world world;

	world_init(&world, "d/ d/e/ d/e/f", NULL);
	settle(&world);
	pane_show(world.pane, at(&world, "d/e"), 0);
	settle(&world);
	ck_assert_int_eq(unlink(sandbox_at(&world.box, "d/e/f")), 0);
	ck_assert_int_eq(rmdir(sandbox_at(&world.box, "d/e")), 0);
	ck_assert_int_eq(rmdir(sandbox_at(&world.box, "d")), 0);
	while (at(&world, "d"))
		turn(&world);
	settle(&world);
	ck_assert_uint_eq(world.pane->rows.dir, TREE_ROOT);
	ck_assert_int_eq(world.pane->state, PANE_COMPLETE);
	ck_assert(!world.pane->polls);
	world_fini(&world);
}
END_TEST

/* A stop is for what the user has begun. */
START_TEST(pane_stop_leaves_the_quiet)
{
	struct world world;

	world_init(&world, "d/ d/f", NULL);
	settle(&world);
	pane_refresh_quietly(world.pane, TREE_ROOT);
	ck_assert(pane_busy(world.pane));
	ck_assert(!pane_stop(world.pane));
	ck_assert_int_eq(world.pane->state, PANE_COMPLETE);
	pane_refresh(world.pane, TREE_ROOT);
	ck_assert_int_eq(world.pane->state, PANE_SCANNING);
	ck_assert(pane_stop(world.pane));
	ck_assert_int_eq(world.pane->state, PANE_STOPPED);
	ck_assert(pane_busy(world.pane));
	settle(&world);
	world_fini(&world);
}
END_TEST

/* A rescan and another generation: watched as before. */
START_TEST(pane_restarts)
{
	struct world world;

	world_init(&world, "d/ d/f", NULL);
	settle(&world);
	pane_rescan(world.pane);
	settle(&world);
	pane_restart(world.pane);
	settle(&world);
	ck_assert_int_eq(world.pane->state, PANE_COMPLETE);
	touch(&world.box, "new");
	while (!is_known(&world, "new"))
		turn(&world);
	world_fini(&world);
}
END_TEST

/* Where nobody tells, the pane says that it polls, and does. */
START_TEST(pane_polls)
{
	struct world world;
	int fd;

	world_init(&world, "f", "/proc/self/fdinfo");
	settle(&world);
	ck_assert(world.pane->polls);
	ck_assert(!at(&world, "200"));
	fd = dup2(STDERR_FILENO, 200);
	ck_assert_int_eq(fd, 200);
	while (!at(&world, "200"))
		turn(&world);
	ck_assert(world.pane->polls);
	ck_assert_int_eq(world.pane->state, PANE_COMPLETE);
	pane_restart(world.pane);
	close(fd);
	settle(&world);
	ck_assert(world.pane->polls);
	world_fini(&world);
}
END_TEST

/* With a limit some of what is shown is watched, the rest polled, and all of it is true. */
START_TEST(pane_is_limited)
{
	enum { DIRS = 20 };
	struct world world;

	if (!limit_watches("5\n")) {
		fprintf(stderr, "skip (missing: user namespaces)\n");
		return;
	}
	world_init(&world, "", NULL);
	for (int i = 0; i < DIRS; i++) {
		char name[16];

		snprintf(name, sizeof name, "d%02d", i);
		ck_assert_int_eq(mkdir(sandbox_at(&world.box, name), 0755), 0);
	}
	settle(&world);
	for (int i = 0; i < DIRS; i++) {
		char name[16];

		snprintf(name, sizeof name, "d%02d", i);
		tree_entry(world.pane->tree, at(&world, name))->flags |= ENTRY_EXPANDED;
	}
	rows_touch(&world.pane->rows);
	settle(&world);
	ck_assert_uint_eq(world.pane->watch_count, DIRS + 1);
	ck_assert(world.pane->polls);
	touch(&world.box, "d00/new");
	touch(&world.box, "d19/new");
	while (!is_known(&world, "d00/new") || !is_known(&world, "d19/new"))
		turn(&world);
	/* with less to watch all of it can be */
	settle(&world);
	pane_show(world.pane, at(&world, "d19"), 0);
	step(&world);
	while (world.pane->polls)
		turn(&world);
	world_fini(&world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("watch");
	TCase *told = tcase_create("told");
	TCase *panes = tcase_create("panes");
	SRunner *runner;
	int failed;

	tcase_set_timeout(told, 180);
	tcase_set_timeout(panes, 180);
	tcase_add_test(panes, pane_stop_leaves_the_quiet);
	tcase_add_test(panes, pane_polls);
	if (MUNTIN_LINUX_CALLS) {
		tcase_add_loop_test(told, names_changes, 0, ARRAY_LEN(changes));
		tcase_add_test(told, compares_the_mtime);
		tcase_add_test(told, names_the_root);
		tcase_add_test(told, reading_is_no_change);
		tcase_add_test(told, many_changes_are_one);
		tcase_add_test(told, another_set);
		tcase_add_test(told, away_and_back);
		tcase_add_test(told, bad_sets);
		tcase_add_test(told, large_set);
		tcase_add_test(told, unwatchable);
		tcase_add_test(told, unheard);
		tcase_add_test(told, missing_root);
		tcase_add_test(told, unreadable);
		tcase_add_test(told, limited);
		tcase_add_test(told, removed);
		tcase_add_test(told, replaced);
		tcase_add_test(told, moved_away);
		tcase_add_test(told, overflow);
		tcase_add_test(told, abandoned);
		tcase_add_test(panes, pane_follows);
		tcase_add_test(panes, pane_reads_new_directories);
		tcase_add_test(panes, pane_watches_what_is_shown);
		tcase_add_test(panes, pane_loses_its_directory);
		tcase_add_test(panes, pane_restarts);
		tcase_add_test(panes, pane_is_limited);
	} else {
		tcase_add_test(told, unsupported);
	}
	suite_add_tcase(suite, told);
	suite_add_tcase(suite, panes);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
