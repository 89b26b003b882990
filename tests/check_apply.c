/*
 * Applying the stream: scans and rescans, sweeps, duplicates, two scans at a time, and frames that break the rules.
 */
#include "apply.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

/* A tree, and a scan of it whose frames are made by hand. */
struct world {
	struct tree *tree;
	struct scan_view *view;
	struct buf out;
};

static void set_up(struct world *world)
{
	*world = (struct world){ .tree = tree_new(), .out = BUF_INIT };
	ck_assert_ptr_nonnull(world->tree);
	world->view = scan_view_new(world->tree, TREE_ROOT);
	ck_assert_ptr_nonnull(world->view);
}

static void again(struct world *world, entry_id top)
{
	scan_view_free(world->view);
	world->view = scan_view_new(world->tree, top);
	ck_assert_ptr_nonnull(world->view);
}

static void tear_down(struct world *world)
{
	scan_view_free(world->view);
	tree_free(world->tree);
	buf_fini(&world->out);
}

static size_t open_frame(struct world *world, enum wire_type type)
{
	buf_clear(&world->out);
	return wire_open(&world->out, type, 1);
}

/* Apply the frame in the buffer, from memory of exactly its size. */
static enum apply_status apply_to(struct world *world, struct scan_view *view)
{
	char *copy;
	struct wire_frame frame;
	enum apply_status status;
	size_t used;

	wire_close(&world->out, 0);
	copy = malloc(world->out.len);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, world->out.data, world->out.len);
	ck_assert_int_eq(wire_next(copy, world->out.len, &frame, &used), WIRE_OK);
	status = scan_view_apply(view, &frame, NULL);
	free(copy);
	return status;
}

static enum apply_status apply(struct world *world)
{
	return apply_to(world, world->view);
}

static struct attrs attrs_of(uint32_t mode, uint64_t size)
{
	return (struct attrs){ .flags = ATTRS_KNOWN, .mode = mode, .size = size, .nlink = 1, .ino = size + 1, .mnt = 9 };
}

static enum apply_status begin(struct world *world, uint64_t dir)
{
	struct attrs attrs = attrs_of(S_IFDIR | 0755, 0);

	open_frame(world, WIRE_BEGIN);
	wire_put_varint(&world->out, dir);
	wire_put_attrs(&world->out, &attrs);
	return apply(world);
}

/* Names with a blank between; one that ends in '/' is a directory. */
static void put_names(struct world *world, uint64_t dir, uint64_t batch, const char *list)
{
	open_frame(world, WIRE_NAMES);
	wire_put_varint(&world->out, dir);
	wire_put_varint(&world->out, batch);
	while (*list) {
		size_t len = strcspn(list, " ");
		bool is_dir = list[len - 1] == '/';

		wire_put_name(&world->out, list, len - is_dir, is_dir ? DT_DIR : DT_REG);
		list += len + (list[len] == ' ');
	}
}

static enum apply_status names(struct world *world, uint64_t dir, uint64_t batch, const char *list)
{
	put_names(world, dir, batch, list);
	return apply(world);
}

static enum apply_status element(struct world *world, uint64_t batch, struct wire_attrs element)
{
	open_frame(world, WIRE_ATTRS);
	wire_put_varint(&world->out, batch);
	wire_put_element(&world->out, &element, NULL);
	return apply(world);
}

static enum apply_status file(struct world *world, uint64_t batch, uint32_t index, uint64_t size)
{
	return element(world, batch,
		       (struct wire_attrs){ .index = index, .what = WIRE_ATTRS_STAT, .attrs = attrs_of(S_IFREG | 0644, size) });
}

static enum apply_status announce(struct world *world, uint64_t batch, uint32_t index, uint32_t dir)
{
	return element(world, batch,
		       (struct wire_attrs){ .index = index, .what = WIRE_ATTRS_STAT | WIRE_ATTRS_DIR, .dir = dir,
					    .attrs = attrs_of(S_IFDIR | 0755, 0) });
}

static enum apply_status end(struct world *world, uint64_t dir, unsigned error, unsigned how)
{
	open_frame(world, WIRE_END);
	wire_put_varint(&world->out, dir);
	wire_put_u8(&world->out, error);
	wire_put_u8(&world->out, how);
	return apply(world);
}

static enum apply_status done(struct world *world, unsigned error)
{
	open_frame(world, WIRE_DONE);
	wire_put_u8(&world->out, error);
	return apply(world);
}

/* All paths in the order of a walk, with a blank between; directories have their slash. */
static void holds(const struct world *world, const char *expected)
{
	struct buf out = BUF_INIT;

	for (entry_id at = tree_walk(world->tree, TREE_ROOT, TREE_ROOT); at; at = tree_walk(world->tree, TREE_ROOT, at)) {
		if (out.len > 0)
			buf_add_byte(&out, ' ');
		tree_path(world->tree, at, &out);
		if (entry_is_dir(tree_entry(world->tree, at)))
			buf_add_byte(&out, '/');
	}
	ck_assert_str_eq(buf_str(&out), expected);
	buf_fini(&out);
}

static entry_id find(const struct world *world, const char *path)
{
	entry_id id = tree_lookup(world->tree, path, strlen(path));

	ck_assert_msg(id != 0, "%s is not there", path);
	return id;
}

static enum dir_state state_of(const struct world *world, const char *path)
{
	return (enum dir_state)tree_dir(world->tree, find(world, path))->state;
}

static struct totals totals(struct world *world)
{
	tree_settle(world->tree);
	return tree_dir(world->tree, TREE_ROOT)->total;
}

/* root: a(5) d/: b(7); the whole of a scan. */
static void scan_small(struct world *world)
{
	ck_assert_int_eq(begin(world, 0), APPLY_OK);
	ck_assert_int_eq(names(world, 0, 0, "a d/"), APPLY_OK);
	ck_assert_int_eq(file(world, 0, 0, 5), APPLY_OK);
	ck_assert_int_eq(announce(world, 0, 1, 1), APPLY_OK);
	ck_assert_int_eq(end(world, 0, 0, WIRE_END_COMPLETE), APPLY_OK);
	ck_assert_int_eq(begin(world, 1), APPLY_OK);
	ck_assert_int_eq(names(world, 1, 1, "b"), APPLY_OK);
	ck_assert_int_eq(file(world, 1, 0, 7), APPLY_OK);
	ck_assert_int_eq(end(world, 1, 0, WIRE_END_COMPLETE), APPLY_OK);
	ck_assert_int_eq(done(world, 0), APPLY_DONE);
}

/* ---- what a source does ----------------------------------------------------- */

START_TEST(scans)
{
	struct world world;

	set_up(&world);
	ck_assert_int_eq(state_of(&world, ""), DIR_QUEUED);
	scan_small(&world);
	holds(&world, "a d/ d/b");
	ck_assert_uint_eq(scan_view_entries(world.view), 3);
	ck_assert_int_eq(scan_view_error(world.view), ERROR_NONE);
	ck_assert_uint_eq(totals(&world).size, 12);
	ck_assert_uint_eq(totals(&world).growing, 0);
	ck_assert_int_eq(state_of(&world, "d"), DIR_COMPLETE);
	ck_assert_uint_eq(tree_dir(world.tree, find(&world, "d"))->mnt, 9);
	tear_down(&world);
}
END_TEST

/* Names without attributes yet are entries already. */
START_TEST(names_come_first)
{
	struct world world;

	set_up(&world);
	ck_assert_int_eq(begin(&world, 0), APPLY_OK);
	ck_assert_int_eq(state_of(&world, ""), DIR_READING);
	ck_assert_int_eq(names(&world, 0, 0, "b a/ c"), APPLY_OK);
	holds(&world, "b a/ c");
	ck_assert(!(tree_entry(world.tree, find(&world, "b"))->flags & ENTRY_KNOWN));
	/* one has vanished, one cannot be looked at, one is a link after all */
	ck_assert_int_eq(element(&world, 0, (struct wire_attrs){ .index = 0, .what = WIRE_ATTRS_GONE }), APPLY_OK);
	ck_assert_int_eq(element(&world, 0, (struct wire_attrs){ .index = 1, .what = WIRE_ATTRS_ERROR, .error = ERROR_IO }), APPLY_OK);
	ck_assert_int_eq(element(&world, 0, (struct wire_attrs){ .index = 2, .what = WIRE_ATTRS_STAT | WIRE_ATTRS_TARGET, .target = "to",
								 .target_len = 2, .attrs = attrs_of(S_IFLNK | 0777, 2) }), APPLY_OK);
	ck_assert_int_eq(end(&world, 0, 0, WIRE_END_COMPLETE), APPLY_OK);
	holds(&world, "a/ c");
	ck_assert_uint_eq(tree_entry(world.tree, find(&world, "a"))->error, ERROR_IO);
	ck_assert_mem_eq(tree_target(world.tree, find(&world, "c"), &(size_t){ 0 }), "to", 2);
	ck_assert_uint_eq(totals(&world).unread, 1);
	tear_down(&world);
}
END_TEST

START_TEST(ends_tell_how)
{
	static const struct {
		bool opened;
		unsigned error;
		unsigned how;
		enum dir_state state;
		unsigned shown;
	} cases[] = {
		{ true, ERROR_NONE, WIRE_END_COMPLETE, DIR_COMPLETE, ERROR_NONE },
		{ true, ERROR_IO, WIRE_END_PARTIAL, DIR_PARTIAL, ERROR_IO },
		{ false, ERROR_ACCES, WIRE_END_UNREAD, DIR_UNREADABLE, ERROR_ACCES },
		{ false, ERROR_MOUNT, WIRE_END_SKIPPED, DIR_SKIPPED, ERROR_MOUNT },
		{ false, ERROR_NONE, WIRE_END_SKIPPED, DIR_SKIPPED, ERROR_NONE },
		{ true, 255, WIRE_END_PARTIAL, DIR_PARTIAL, ERROR_OTHER },
	};
	struct world world;

	set_up(&world);
	ck_assert_int_eq(begin(&world, 0), APPLY_OK);
	ck_assert_int_eq(names(&world, 0, 0, "d/"), APPLY_OK);
	ck_assert_int_eq(announce(&world, 0, 0, 1), APPLY_OK);
	if (cases[_i].opened)
		ck_assert_int_eq(begin(&world, 1), APPLY_OK);
	ck_assert_int_eq(end(&world, 1, cases[_i].error, cases[_i].how), APPLY_OK);
	ck_assert_int_eq(state_of(&world, "d"), cases[_i].state);
	ck_assert_uint_eq(tree_entry(world.tree, find(&world, "d"))->error, cases[_i].shown);
	/* its number has ended */
	ck_assert_int_eq(begin(&world, 1), APPLY_BAD);
	tear_down(&world);
}
END_TEST

/* A directory that vanished before it was opened leaves the tree. */
START_TEST(vanished_directories_leave)
{
	struct world world;

	set_up(&world);
	ck_assert_int_eq(begin(&world, 0), APPLY_OK);
	ck_assert_int_eq(names(&world, 0, 0, "d/ e"), APPLY_OK);
	ck_assert_int_eq(announce(&world, 0, 0, 1), APPLY_OK);
	ck_assert_int_eq(end(&world, 1, ERROR_NOENT, WIRE_END_UNREAD), APPLY_OK);
	holds(&world, "e");
	tear_down(&world);
}
END_TEST

START_TEST(stops)
{
	struct world world;

	set_up(&world);
	ck_assert_int_eq(begin(&world, 0), APPLY_OK);
	ck_assert_int_eq(names(&world, 0, 0, "a d/ e/"), APPLY_OK);
	ck_assert_int_eq(announce(&world, 0, 1, 1), APPLY_OK);
	ck_assert_int_eq(done(&world, ERROR_CANCELED), APPLY_DONE);
	ck_assert_int_eq(scan_view_error(world.view), ERROR_CANCELED);
	ck_assert_int_eq(state_of(&world, ""), DIR_PARTIAL);
	ck_assert_int_eq(state_of(&world, "d"), DIR_PARTIAL);
	holds(&world, "a d/ e/");
	/* a source that dies leaves the same behind */
	again(&world, TREE_ROOT);
	ck_assert_int_eq(begin(&world, 0), APPLY_OK);
	again(&world, TREE_ROOT);
	ck_assert_int_eq(state_of(&world, ""), DIR_QUEUED);
	scan_view_free(world.view);
	world.view = NULL;
	ck_assert_int_eq(state_of(&world, ""), DIR_PARTIAL);
	holds(&world, "a d/ e/");
	tear_down(&world);
}
END_TEST

/* ---- generations ------------------------------------------------------------ */

START_TEST(rescans_keep_and_sweep)
{
	struct world world;
	entry_id a;
	entry_id d;
	entry_id b;

	set_up(&world);
	scan_small(&world);
	a = find(&world, "a");
	d = find(&world, "d");
	b = find(&world, "d/b");
	tree_mark(world.tree, b, true);
	again(&world, TREE_ROOT);
	ck_assert_int_eq(begin(&world, 0), APPLY_OK);
	holds(&world, "a d/ d/b");
	ck_assert_int_eq(names(&world, 0, 0, "d/ new"), APPLY_OK);
	ck_assert_int_eq(announce(&world, 0, 0, 1), APPLY_OK);
	holds(&world, "a d/ d/b new");
	/* old rows stay until the directory has ended */
	ck_assert_int_eq(end(&world, 0, 0, WIRE_END_COMPLETE), APPLY_OK);
	holds(&world, "d/ d/b new");
	ck_assert(!tree_has(world.tree, a));
	ck_assert_uint_eq(find(&world, "d"), d);
	ck_assert_int_eq(begin(&world, 1), APPLY_OK);
	ck_assert_int_eq(names(&world, 1, 1, "c b"), APPLY_OK);
	ck_assert_int_eq(file(&world, 1, 1, 70), APPLY_OK);
	ck_assert_int_eq(end(&world, 1, 0, WIRE_END_COMPLETE), APPLY_OK);
	ck_assert_uint_eq(find(&world, "d/b"), b);
	ck_assert(tree_entry(world.tree, b)->flags & ENTRY_MARKED);
	ck_assert_uint_eq(totals(&world).size, 70);
	tear_down(&world);
}
END_TEST

/* What came before an error is true; what did not come may still be there. */
/* Attributes go to their names, in whatever order the entries of these came into the tree. */
START_TEST(attributes_find_their_names)
{
	static const char *const lists[] = { "b c", "a b c d", "c b", "b c d a", "e f" };
	struct world world;

	set_up(&world);
	for (size_t scan = 0; scan < ARRAY_LEN(lists); scan++) {
		size_t count = (strlen(lists[scan]) + 1) / 2;

		if (scan > 0)
			again(&world, TREE_ROOT);
		ck_assert_int_eq(begin(&world, 0), APPLY_OK);
		ck_assert_int_eq(names(&world, 0, 0, lists[scan]), APPLY_OK);
		for (uint32_t i = 0; i < count; i++)
			ck_assert_int_eq(file(&world, 0, i, 100 * scan + i), APPLY_OK);
		for (size_t i = 0; i < count; i++) {
			const char name[] = { lists[scan][2 * i], 0 };

			ck_assert_uint_eq(tree_entry(world.tree, find(&world, name))->size, 100 * scan + i);
		}
		ck_assert_int_eq(end(&world, 0, 0, WIRE_END_PARTIAL), APPLY_OK);
	}
	tear_down(&world);
}
END_TEST

START_TEST(partial_ends_sweep_nothing)
{
	struct world world;

	set_up(&world);
	scan_small(&world);
	again(&world, TREE_ROOT);
	ck_assert_int_eq(begin(&world, 0), APPLY_OK);
	ck_assert_int_eq(names(&world, 0, 0, "new"), APPLY_OK);
	ck_assert_int_eq(end(&world, 0, ERROR_IO, WIRE_END_PARTIAL), APPLY_OK);
	holds(&world, "a d/ d/b new");
	tear_down(&world);
}
END_TEST

/* A directory that turned into a file, and back, below a scan. */
START_TEST(types_change)
{
	struct world world;

	set_up(&world);
	scan_small(&world);
	again(&world, TREE_ROOT);
	ck_assert_int_eq(begin(&world, 0), APPLY_OK);
	ck_assert_int_eq(names(&world, 0, 0, "a/ d"), APPLY_OK);
	ck_assert_int_eq(announce(&world, 0, 0, 1), APPLY_OK);
	ck_assert_int_eq(file(&world, 0, 1, 3), APPLY_OK);
	holds(&world, "a/ d");
	ck_assert_int_eq(begin(&world, 1), APPLY_OK);
	ck_assert_int_eq(names(&world, 1, 1, "x"), APPLY_OK);
	holds(&world, "a/ a/x d");
	tear_down(&world);
}
END_TEST

START_TEST(subtrees_are_scanned_alone)
{
	struct world world;

	set_up(&world);
	scan_small(&world);
	again(&world, find(&world, "d"));
	ck_assert_int_eq(state_of(&world, "d"), DIR_QUEUED);
	ck_assert_int_eq(begin(&world, 0), APPLY_OK);
	ck_assert_int_eq(names(&world, 0, 0, "z"), APPLY_OK);
	ck_assert_int_eq(end(&world, 0, 0, WIRE_END_COMPLETE), APPLY_OK);
	ck_assert_int_eq(done(&world, 0), APPLY_DONE);
	holds(&world, "a d/ d/z");
	tear_down(&world);
}
END_TEST

/* One name is one entry, whatever a source sends. */
START_TEST(duplicates_are_one)
{
	struct world world;

	set_up(&world);
	ck_assert_int_eq(begin(&world, 0), APPLY_OK);
	ck_assert_int_eq(names(&world, 0, 0, "a b a"), APPLY_OK);
	ck_assert_int_eq(names(&world, 0, 1, "a c"), APPLY_OK);
	holds(&world, "a b c");
	ck_assert_int_eq(file(&world, 0, 0, 1), APPLY_OK);
	ck_assert_int_eq(file(&world, 0, 2, 2), APPLY_OK);
	ck_assert_int_eq(file(&world, 1, 0, 3), APPLY_OK);
	ck_assert_uint_eq(totals(&world).size, 3);
	ck_assert_int_eq(end(&world, 0, 0, WIRE_END_COMPLETE), APPLY_OK);
	holds(&world, "a b c");
	tear_down(&world);
}
END_TEST

/* A name that vanished and is found again has an entry again. */
START_TEST(names_come_back)
{
	struct world world;

	set_up(&world);
	ck_assert_int_eq(begin(&world, 0), APPLY_OK);
	ck_assert_int_eq(names(&world, 0, 0, "a b"), APPLY_OK);
	ck_assert_int_eq(element(&world, 0, (struct wire_attrs){ .what = WIRE_ATTRS_GONE }), APPLY_OK);
	holds(&world, "b");
	ck_assert_int_eq(names(&world, 0, 1, "a"), APPLY_OK);
	ck_assert_int_eq(file(&world, 1, 0, 4), APPLY_OK);
	holds(&world, "b a");
	ck_assert_int_eq(end(&world, 0, 0, WIRE_END_COMPLETE), APPLY_OK);
	holds(&world, "b a");
	tear_down(&world);
}
END_TEST

/* Two scans of one directory at a time: no entry twice, and none that the other one found is swept. */
START_TEST(scans_meet)
{
	struct world world;
	struct scan_view *other;

	set_up(&world);
	scan_small(&world);
	again(&world, TREE_ROOT);
	other = scan_view_new(world.tree, TREE_ROOT);
	ck_assert_ptr_nonnull(other);
	ck_assert_int_eq(begin(&world, 0), APPLY_OK);
	wire_close(&world.out, 0);
	ck_assert_int_eq(apply_to(&world, other), APPLY_OK);
	put_names(&world, 0, 0, "a new d/");
	ck_assert_int_eq(apply_to(&world, other), APPLY_OK);
	ck_assert_int_eq(names(&world, 0, 0, "new d/ newer"), APPLY_OK);
	holds(&world, "a d/ d/b new newer");
	open_frame(&world, WIRE_END);
	buf_add(&world.out, "\0\0\0", 3);
	ck_assert_int_eq(apply_to(&world, other), APPLY_OK);
	holds(&world, "a d/ d/b new newer");
	ck_assert_int_eq(end(&world, 0, 0, WIRE_END_COMPLETE), APPLY_OK);
	holds(&world, "d/ d/b new newer");
	scan_view_free(other);
	tear_down(&world);
}
END_TEST

/*
 * Two scans begin with a directory in which nothing is. Neither sweeps what the other one finds, and each knows what it has told
 * itself: only that is told twice.
 */
START_TEST(scans_meet_in_an_empty_directory)
{
	struct world world;
	struct scan_view *other;

	set_up(&world);
	other = scan_view_new(world.tree, TREE_ROOT);
	ck_assert_ptr_nonnull(other);
	ck_assert_int_eq(begin(&world, 0), APPLY_OK);
	ck_assert_int_eq(apply_to(&world, other), APPLY_OK);
	ck_assert_int_eq(names(&world, 0, 0, "a b"), APPLY_OK);
	put_names(&world, 0, 0, "c d/ b");
	ck_assert_int_eq(apply_to(&world, other), APPLY_OK);
	holds(&world, "a b c d/");
	/* `a` is known to this scan, `d` is not: its number stands for it */
	ck_assert_int_eq(names(&world, 0, 1, "a d/"), APPLY_OK);
	ck_assert_int_eq(file(&world, 0, 0, 5), APPLY_OK);
	ck_assert_int_eq(file(&world, 1, 0, 6), APPLY_OK);
	ck_assert_int_eq(announce(&world, 1, 1, 1), APPLY_OK);
	ck_assert_int_eq(begin(&world, 1), APPLY_OK);
	ck_assert_int_eq(names(&world, 1, 2, "in"), APPLY_OK);
	holds(&world, "a b c d/ d/in");
	ck_assert_uint_eq(totals(&world).size, 6);
	ck_assert_int_eq(end(&world, 0, 0, WIRE_END_COMPLETE), APPLY_OK);
	holds(&world, "a b c d/ d/in");
	scan_view_free(other);
	tear_down(&world);
}
END_TEST

/* As many names as need a larger table, in frames of any size; each a second time, in the same frame and in the next. */
START_TEST(many_names_are_one_each)
{
	struct world world;
	struct buf list = BUF_INIT;

	for (unsigned count = 1; count < 10000; count = count * 3 + 1) {
		set_up(&world);
		buf_clear(&list);
		for (unsigned i = 0; i < 2 * count; i++)
			buf_printf(&list, "%sname%u", i ? " " : "", i % count);
		ck_assert_int_eq(begin(&world, 0), APPLY_OK);
		ck_assert_int_eq(names(&world, 0, 0, buf_str(&list)), APPLY_OK);
		ck_assert_uint_eq(totals(&world).entries, 1 + count);
		ck_assert_int_eq(names(&world, 0, 1, buf_str(&list)), APPLY_OK);
		ck_assert_uint_eq(totals(&world).entries, 1 + count);
		ck_assert_int_eq(end(&world, 0, 0, WIRE_END_COMPLETE), APPLY_OK);
		ck_assert_uint_eq(totals(&world).entries, 1 + count);
		tear_down(&world);
	}
	buf_fini(&list);
}
END_TEST

/* Entries leave while their attributes are on the way: what comes for them is for nobody. */
START_TEST(what_is_late_is_dropped)
{
	struct world world;
	entry_id a;
	entry_id d;

	set_up(&world);
	ck_assert_int_eq(begin(&world, 0), APPLY_OK);
	ck_assert_int_eq(names(&world, 0, 0, "a d/"), APPLY_OK);
	ck_assert_int_eq(announce(&world, 0, 1, 1), APPLY_OK);
	a = find(&world, "a");
	d = find(&world, "d");
	tree_remove(world.tree, a);
	tree_remove(world.tree, d);
	ck_assert_int_eq(names(&world, 0, 1, "x y/"), APPLY_OK);
	ck_assert_int_eq(file(&world, 0, 0, 99), APPLY_OK);
	ck_assert_int_eq(begin(&world, 1), APPLY_OK);
	ck_assert_int_eq(names(&world, 1, 2, "inside"), APPLY_OK);
	holds(&world, "x y/");
	ck_assert_uint_eq(totals(&world).size, 0);
	tear_down(&world);
}
END_TEST

/* ---- what a source must not do ---------------------------------------------- */

START_TEST(bad_names_end_the_source)
{
	static const struct {
		const char *name;
		size_t len;
	} cases[] = { { "", 0 }, { ".", 1 }, { "..", 2 }, { "../x", 4 }, { "/etc", 4 }, { "a/b", 3 }, { "a\0b", 3 }, { "/", 1 } };
	struct world world;

	set_up(&world);
	ck_assert_int_eq(begin(&world, 0), APPLY_OK);
	open_frame(&world, WIRE_NAMES);
	wire_put_varint(&world.out, 0);
	wire_put_varint(&world.out, 0);
	wire_put_name(&world.out, cases[_i].name, cases[_i].len, DT_REG);
	ck_assert_int_eq(apply(&world), APPLY_BAD);
	holds(&world, "");
	tear_down(&world);
}
END_TEST

START_TEST(rules_are_kept)
{
	struct world world;

	set_up(&world);
	/* before the beginning, or of a directory that nobody announced */
	ck_assert_int_eq(names(&world, 0, 0, "a"), APPLY_BAD);
	ck_assert_int_eq(end(&world, 0, 0, WIRE_END_COMPLETE), APPLY_BAD);
	ck_assert_int_eq(begin(&world, 1), APPLY_BAD);
	ck_assert_int_eq(begin(&world, UINT64_MAX), APPLY_BAD);
	ck_assert_int_eq(end(&world, 7, 0, WIRE_END_UNREAD), APPLY_BAD);
	ck_assert_int_eq(begin(&world, 0), APPLY_OK);
	ck_assert_int_eq(begin(&world, 0), APPLY_BAD);
	/* a batch twice, far ahead, or unknown; an index beyond it, and one more than there are */
	ck_assert_int_eq(names(&world, 0, 0, "a d/"), APPLY_OK);
	ck_assert_int_eq(names(&world, 0, 0, "b"), APPLY_BAD);
	ck_assert_int_eq(names(&world, 0, UINT64_C(1) << 40, "b"), APPLY_BAD);
	ck_assert_int_eq(names(&world, 0, UINT64_MAX, "b"), APPLY_BAD);
	ck_assert_int_eq(file(&world, 9, 0, 1), APPLY_BAD);
	ck_assert_int_eq(file(&world, UINT64_MAX, 0, 1), APPLY_BAD);
	ck_assert_int_eq(file(&world, 0, 2, 1), APPLY_BAD);
	ck_assert_int_eq(file(&world, 0, UINT32_MAX, 1), APPLY_BAD);
	/* a file cannot be entered; a number stands for one directory */
	ck_assert_int_eq(element(&world, 0, (struct wire_attrs){ .index = 0, .what = WIRE_ATTRS_STAT | WIRE_ATTRS_DIR, .dir = 1,
								 .attrs = attrs_of(S_IFREG, 1) }), APPLY_BAD);
	ck_assert_int_eq(announce(&world, 0, 1, 0), APPLY_BAD);
	ck_assert_int_eq(announce(&world, 0, 1, UINT32_MAX), APPLY_BAD);
	ck_assert_int_eq(end(&world, 0, 0, 4), APPLY_BAD);
	/* frames that are too short, or not a scan's */
	open_frame(&world, WIRE_DONE);
	ck_assert_int_eq(apply(&world), APPLY_BAD);
	open_frame(&world, WIRE_END);
	ck_assert_int_eq(apply(&world), APPLY_BAD);
	open_frame(&world, WIRE_SCAN);
	ck_assert_int_eq(apply(&world), APPLY_BAD);
	open_frame(&world, WIRE_HEARTBEAT);
	ck_assert_int_eq(apply(&world), APPLY_OK);
	tear_down(&world);
}
END_TEST

/* Numbers far apart are no way to fill the memory: what a few bytes cost is bounded by what was sent before. */
START_TEST(numbers_do_not_run_ahead)
{
	struct world world;
	enum apply_status status = APPLY_OK;
	uint64_t number = 0;

	set_up(&world);
	ck_assert_int_eq(begin(&world, 0), APPLY_OK);
	for (unsigned i = 0; i < 200 && status == APPLY_OK; i++) {
		number += 60000;
		status = names(&world, 0, number, "a");
	}
	ck_assert_int_eq(status, APPLY_BAD);
	tear_down(&world);
}
END_TEST

START_TEST(odd_attributes_are_taken)
{
	static const struct attrs odd[] = {
		{ .flags = UINT32_MAX, .mode = 0xffff, .uid = UINT32_MAX, .gid = UINT32_MAX, .nlink = UINT64_MAX, .ino = UINT64_MAX,
		  .size = UINT64_MAX, .blocks = UINT64_MAX, .dev = UINT64_MAX, .mtime = INT64_MAX, .atime = INT64_MIN, .ctime = INT64_MIN },
		{ .mtime = INT64_MIN, .btime = INT64_MAX },
		{ .flags = ATTRS_KNOWN, .mode = S_IFREG, .size = UINT64_MAX, .nlink = 2 },
	};
	struct world world;

	set_up(&world);
	ck_assert_int_eq(begin(&world, 0), APPLY_OK);
	ck_assert_int_eq(names(&world, 0, 0, "a b c d/"), APPLY_OK);
	for (uint32_t i = 0; i < ARRAY_LEN(odd); i++)
		ck_assert_int_eq(element(&world, 0, (struct wire_attrs){ .index = i, .what = WIRE_ATTRS_STAT, .attrs = odd[i] }), APPLY_OK);
	ck_assert_int_eq(element(&world, 0, (struct wire_attrs){ .index = 3, .what = WIRE_ATTRS_ERROR, .error = 255 }), APPLY_OK);
	ck_assert_uint_eq(tree_entry(world.tree, find(&world, "d"))->error, ERROR_OTHER);
	ck_assert_uint_eq(totals(&world).entries, 5);
	tear_down(&world);
}
END_TEST

/* ---- events ----------------------------------------------------------------- */

static void note_entry(void *arg, entry_id id, const struct wire_attrs *attrs)
{
	buf_printf(arg, "entry %u size %d;", id, (int)attrs->attrs.size);
}

static void note_begin(void *arg, entry_id id, const struct attrs *attrs)
{
	buf_printf(arg, "begin %u mode %o;", id, attrs->mode);
}

static void note_end(void *arg, entry_id id, enum wire_end how, enum error error)
{
	buf_printf(arg, "end %u %d %d;", id, how, error);
}

START_TEST(tells)
{
	struct buf told = BUF_INIT;
	const struct apply_events events = { note_entry, note_begin, note_end, &told };
	struct buf stream = BUF_INIT;
	struct tree *tree = tree_new();
	struct scan_view *view;
	struct attrs dir = attrs_of(S_IFDIR | 0755, 0);
	struct wire_frame frame;
	size_t start;
	size_t used;

	ck_assert_ptr_nonnull(tree);
	view = scan_view_new(tree, TREE_ROOT);
	ck_assert_ptr_nonnull(view);
	start = wire_open(&stream, WIRE_BEGIN, 1);
	wire_put_varint(&stream, 0);
	wire_put_attrs(&stream, &dir);
	wire_close(&stream, start);
	start = wire_open(&stream, WIRE_NAMES, 1);
	wire_put_varint(&stream, 0);
	wire_put_varint(&stream, 0);
	wire_put_name(&stream, "a", 1, DT_REG);
	wire_put_name(&stream, "b", 1, DT_REG);
	wire_close(&stream, start);
	start = wire_open(&stream, WIRE_ATTRS, 1);
	wire_put_varint(&stream, 0);
	wire_put_element(&stream, &(struct wire_attrs){ .index = 0, .what = WIRE_ATTRS_GONE }, NULL);
	wire_put_element(&stream, &(struct wire_attrs){ .index = 1, .what = WIRE_ATTRS_STAT, .attrs = attrs_of(S_IFREG, 77) }, NULL);
	wire_close(&stream, start);
	start = wire_open(&stream, WIRE_END, 1);
	wire_put_varint(&stream, 0);
	wire_put_u8(&stream, ERROR_IO);
	wire_put_u8(&stream, WIRE_END_PARTIAL);
	wire_close(&stream, start);
	for (size_t at = 0; at < stream.len; at += used) {
		ck_assert_int_eq(wire_next(stream.data + at, stream.len - at, &frame, &used), WIRE_OK);
		ck_assert_int_eq(scan_view_apply(view, &frame, &events), APPLY_OK);
	}
	ck_assert_str_eq(buf_str(&told), "begin 1 mode 40755;entry 3 size 77;end 1 2 6;");
	scan_view_free(view);
	scan_view_free(NULL);
	tree_free(tree);
	buf_fini(&stream);
	buf_fini(&told);
}
END_TEST

/* ---- many rescans ----------------------------------------------------------- */

/* A directory whose names come and go: after each scan the tree holds what that scan sent, and nothing else. */
START_TEST(follows_random_scans)
{
	enum { NAMES = 40 };
	struct world world;
	uint32_t seed = (uint32_t)_i;

	set_up(&world);
	for (unsigned round = 0; round < 300; round++) {
		bool there[NAMES];
		char name[8];
		size_t count = 0;
		uint64_t batch = 0;

		again(&world, TREE_ROOT);
		ck_assert_int_eq(begin(&world, 0), APPLY_OK);
		for (unsigned i = 0; i < NAMES; i++) {
			seed = seed * 1664525 + 1013904223;
			there[i] = seed >> 31;
			if (!there[i])
				continue;
			snprintf(name, sizeof name, seed >> 20 & 1 ? "%u/" : "%u", i);
			ck_assert_int_eq(names(&world, 0, batch, name), APPLY_OK);
			if (seed >> 21 & 1)
				ck_assert_int_eq(file(&world, batch, 0, i), APPLY_OK);
			batch++;
			count++;
		}
		ck_assert_int_eq(end(&world, 0, 0, WIRE_END_COMPLETE), APPLY_OK);
		ck_assert_int_eq(done(&world, 0), APPLY_DONE);
		ck_assert_uint_eq(totals(&world).entries, count + 1);
		for (unsigned i = 0; i < NAMES; i++) {
			snprintf(name, sizeof name, "%u", i);
			ck_assert_int_eq(tree_lookup(world.tree, name, strlen(name)) != 0, there[i]);
		}
		scan_view_free(world.view);
		world.view = NULL;
		tree_reclaim(world.tree);
	}
	tear_down(&world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("apply");
	TCase *tests = tcase_create("apply");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, scans);
	tcase_add_test(tests, names_come_first);
	tcase_add_loop_test(tests, ends_tell_how, 0, 6);
	tcase_add_test(tests, vanished_directories_leave);
	tcase_add_test(tests, stops);
	tcase_add_test(tests, rescans_keep_and_sweep);
	tcase_add_test(tests, attributes_find_their_names);
	tcase_add_test(tests, partial_ends_sweep_nothing);
	tcase_add_test(tests, types_change);
	tcase_add_test(tests, subtrees_are_scanned_alone);
	tcase_add_test(tests, duplicates_are_one);
	tcase_add_test(tests, names_come_back);
	tcase_add_test(tests, scans_meet);
	tcase_add_test(tests, scans_meet_in_an_empty_directory);
	tcase_add_test(tests, many_names_are_one_each);
	tcase_add_test(tests, what_is_late_is_dropped);
	tcase_add_loop_test(tests, bad_names_end_the_source, 0, 8);
	tcase_add_test(tests, rules_are_kept);
	tcase_add_test(tests, numbers_do_not_run_ahead);
	tcase_add_test(tests, odd_attributes_are_taken);
	tcase_add_test(tests, tells);
	tcase_add_loop_test(tests, follows_random_scans, 0, 3);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
