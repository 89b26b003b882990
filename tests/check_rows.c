/*
 * Rows: what is listed, in which order, and that cursor and screen line stay while a directory fills.
 */
#include "rows.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(1000000000)
#define START (100 * SECOND)

/* A tree that is being filled, and its rows at a time. */
struct world {
	struct tree *tree;
	struct rows rows;
	int64_t now;
	int64_t key; /* the last one */
};

static void set_up(struct world *world)
{
	*world = (struct world){ .tree = tree_new(), .now = START };
	ck_assert_ptr_nonnull(world->tree);
	rows_init(&world->rows, world->tree);
	rows_view(&world->rows, 10);
}

static void tear_down(struct world *world)
{
	rows_fini(&world->rows);
	tree_free(world->tree);
}

/* One slice. */
static int64_t step(struct world *world)
{
	int64_t again;

	tree_settle(world->tree);
	again = rows_update(&world->rows, world->now, world->key);
	rows_view(&world->rows, world->rows.height);
	if (rows_settled(&world->rows))
		tree_reclaim(world->tree);
	return again;
}

/* All that can be done now. */
static int64_t update(struct world *world)
{
	int64_t again;

	do
		again = step(world);
	while (again <= world->now);
	return again;
}

/* Add an entry: a name that ends in '/' is a directory; `number` is size, time, owner and mode. */
static entry_id add(struct world *world, entry_id parent, const char *name, unsigned number)
{
	size_t len = strlen(name);
	bool is_dir = len > 0 && name[len - 1] == '/';
	struct attrs attrs = { .flags = ATTRS_KNOWN, .mode = (is_dir ? S_IFDIR : S_IFREG) | (number & 0777), .size = number,
			       .mtime = (int64_t)number - 500, .uid = number, .nlink = 1 };
	entry_id id = tree_add(world->tree, parent, name, len - is_dir, attrs.mode & S_IFMT);

	ck_assert_uint_ne(id, 0);
	ck_assert_int_eq(tree_set_attrs(world->tree, id, &attrs), 0);
	return id;
}

static void set_state(struct world *world, entry_id id, enum dir_state state)
{
	tree_set_state(world->tree, id, state, ERROR_NONE);
}

static void set_filter(struct rows *rows, const char *text)
{
	buf_clear(&rows->filter);
	buf_add_str(&rows->filter, text);
	rows_touch(rows);
}

/* The rows as text: names with a blank between, a dot before for each level, directories with their slash. */
static const char *list(const struct world *world, struct buf *out)
{
	buf_clear(out);
	for (size_t i = 0; i < world->rows.count; i++) {
		struct row row = world->rows.items[i];
		size_t len;
		const char *name = tree_name(world->tree, row.id, &len);

		if (i > 0)
			buf_add_byte(out, ' ');
		for (unsigned level = row.indent; level > 0; level--)
			buf_add_byte(out, '>');
		buf_add(out, name, len);
		if (entry_is_dir(tree_entry(world->tree, row.id)))
			buf_add_byte(out, '/');
	}
	return buf_str(out);
}

static void lists(const struct world *world, const char *expected)
{
	struct buf out = BUF_INIT;

	ck_assert_str_eq(list(world, &out), expected);
	buf_fini(&out);
}

/* The name under the cursor. */
static void cursor_on(const struct world *world, const char *expected)
{
	const struct rows *rows = &world->rows;
	size_t len;
	const char *name;

	ck_assert_uint_lt(rows->at, rows->count);
	ck_assert_uint_eq(rows->items[rows->at].id, rows->cursor);
	name = tree_name(world->tree, rows->cursor, &len);
	ck_assert_uint_eq(len, strlen(expected));
	ck_assert_mem_eq(name, expected, len);
}

static entry_id find(const struct world *world, const char *path)
{
	entry_id id = tree_lookup(world->tree, path, strlen(path));

	ck_assert_uint_ne(id, 0);
	return id;
}

/* ---- order ------------------------------------------------------------------ */

struct order {
	enum rows_sort sort;
	bool reverse;
	const char *expected;
};

static const struct order orders[] = {
	{ ROWS_NAME, false, "a/ z/ .hid.c B.c a.b.h abcdefghij abcdefghij0 abcdefghija b noext. x.c \xff" },
	{ ROWS_NAME, true, "z/ a/ \xff x.c noext. b abcdefghija abcdefghij0 abcdefghij a.b.h B.c .hid.c" },
	{ ROWS_SIZE, false, "z/ a/ \xff noext. b x.c abcdefghija a.b.h B.c abcdefghij0 .hid.c abcdefghij" },
	{ ROWS_SIZE, true, "a/ z/ abcdefghij .hid.c abcdefghij0 B.c a.b.h abcdefghija x.c b noext. \xff" },
	{ ROWS_MTIME, false, "a/ z/ \xff noext. b x.c abcdefghija a.b.h B.c abcdefghij0 .hid.c abcdefghij" },
	{ ROWS_MTIME, true, "z/ a/ abcdefghij .hid.c abcdefghij0 B.c a.b.h abcdefghija x.c b noext. \xff" },
	{ ROWS_EXT, false, "a/ z/ abcdefghij abcdefghij0 abcdefghija b noext. \xff .hid.c B.c x.c a.b.h" },
	{ ROWS_EXT, true, "a/ z/ a.b.h .hid.c B.c x.c abcdefghij abcdefghij0 abcdefghija b noext. \xff" },
	{ ROWS_MODE, false, "z/ a/ \xff abcdefghij .hid.c abcdefghij0 B.c a.b.h abcdefghija x.c b noext." },
	{ ROWS_OWNER, false, "z/ a/ abcdefghij .hid.c abcdefghij0 B.c a.b.h abcdefghija x.c b noext. \xff" },
	{ ROWS_COUNT, false, "z/ a/ .hid.c B.c a.b.h abcdefghij abcdefghij0 abcdefghija b noext. x.c \xff" },
};

START_TEST(sorts)
{
	const struct order *order = &orders[_i];
	struct world world;

	set_up(&world);
	add(&world, TREE_ROOT, "x.c", 20);
	add(&world, TREE_ROOT, "abcdefghija", 13);
	add(&world, TREE_ROOT, "abcdefghij", 1);
	add(&world, TREE_ROOT, "b", 30);
	add(&world, TREE_ROOT, "a/", 40);
	add(&world, TREE_ROOT, "B.c", 5);
	add(&world, TREE_ROOT, "a.b.h", 6);
	add(&world, TREE_ROOT, "z/", 4);
	add(&world, TREE_ROOT, "abcdefghij0", 3);
	add(&world, TREE_ROOT, ".hid.c", 2);
	add(&world, TREE_ROOT, "noext.", 50);
	add(&world, TREE_ROOT, "\xff", 1 << 20);
	add(&world, find(&world, "z"), "big", 1000);
	set_state(&world, TREE_ROOT, DIR_COMPLETE);
	world.rows.sort = order->sort;
	world.rows.reverse = order->reverse;
	rows_touch(&world.rows);
	update(&world);
	ck_assert(rows_settled(&world.rows));
	lists(&world, order->expected);
	tear_down(&world);
}
END_TEST

/* Names of many lengths with long common beginnings: the order is that of memcmp, the shorter first. */
START_TEST(sorts_by_bytes)
{
	struct world world;
	uint32_t seed = (uint32_t)_i;

	set_up(&world);
	for (unsigned i = 0; i < 3000; i++) {
		char name[64];
		size_t len = 0;

		for (unsigned parts = 1 + (seed >> 8) % 4; parts > 0; parts--) {
			seed = seed * 1664525 + 1013904223;
			memset(name + len, "aab\x80\xff"[(seed >> 16) % 5], 1 + (seed >> 24) % 12);
			len += 1 + (seed >> 24) % 12;
		}
		if (tree_find(world.tree, TREE_ROOT, name, len))
			continue;
		ck_assert_uint_ne(tree_add(world.tree, TREE_ROOT, name, len, seed % 3 ? S_IFREG : S_IFDIR), 0);
	}
	set_state(&world, TREE_ROOT, DIR_COMPLETE);
	update(&world);
	ck_assert_uint_eq(world.rows.count, tree_dir(world.tree, TREE_ROOT)->count);
	for (size_t i = 1; i < world.rows.count; i++) {
		size_t len[2];
		const char *name[2];
		bool is_dir[2];
		int diff;

		for (size_t side = 0; side < 2; side++) {
			entry_id id = world.rows.items[i - 1 + side].id;

			name[side] = tree_name(world.tree, id, &len[side]);
			is_dir[side] = entry_is_dir(tree_entry(world.tree, id));
		}
		diff = memcmp(name[0], name[1], size_min(len[0], len[1]));
		ck_assert(is_dir[0] > is_dir[1] ||
			  (is_dir[0] == is_dir[1] && (diff < 0 || (diff == 0 && len[0] < len[1]))));
	}
	tear_down(&world);
}
END_TEST

/* ---- what is listed --------------------------------------------------------- */

START_TEST(hides_and_filters)
{
	static const struct {
		bool hidden;
		const char *filter;
		const char *expected;
	} cases[] = {
		{ true, "", ".git/ src/ .x Source main" },
		{ false, "", "src/ Source main" },
		{ true, "R", "src/ Source" },
		{ true, "rc/", "src/" },
		{ true, "/", ".git/ src/" },
		{ true, "source1", "" },
		{ false, ".", "" },
		{ true, ".", ".git/ .x" },
	};
	struct world world;

	set_up(&world);
	add(&world, TREE_ROOT, "main", 1);
	add(&world, TREE_ROOT, ".git/", 1);
	add(&world, TREE_ROOT, "src/", 1);
	add(&world, TREE_ROOT, ".x", 1);
	add(&world, TREE_ROOT, "Source", 1);
	set_state(&world, TREE_ROOT, DIR_COMPLETE);
	update(&world);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		world.rows.hidden = cases[i].hidden;
		set_filter(&world.rows, cases[i].filter);
		update(&world);
		lists(&world, cases[i].expected);
		ck_assert((world.rows.cursor == 0) == (world.rows.count == 0));
	}
	tear_down(&world);
}
END_TEST

static void expand(struct world *world, const char *path, bool open)
{
	struct entry *entry = tree_entry(world->tree, find(world, path));

	entry->flags = (uint16_t)(open ? entry->flags | ENTRY_EXPANDED : entry->flags & ~ENTRY_EXPANDED);
	rows_touch(&world->rows);
	update(world);
}

START_TEST(expands)
{
	struct world world;
	entry_id a;
	entry_id b;

	set_up(&world);
	a = add(&world, TREE_ROOT, "a/", 1);
	add(&world, TREE_ROOT, "x", 1);
	b = add(&world, a, "b/", 1);
	add(&world, a, "z", 1);
	add(&world, a, "c", 1);
	add(&world, b, "deep", 1);
	for (unsigned i = 0; i < 3; i++)
		set_state(&world, (entry_id[]){ TREE_ROOT, a, b }[i], DIR_COMPLETE);
	update(&world);
	lists(&world, "a/ x");
	expand(&world, "a", true);
	lists(&world, "a/ >b/ >c >z x");
	expand(&world, "a/b", true);
	lists(&world, "a/ >b/ >>deep >c >z x");
	rows_goto(&world.rows, 2);
	cursor_on(&world, "deep");
	/* closing what is around the cursor puts it on what was closed */
	expand(&world, "a", false);
	lists(&world, "a/ x");
	cursor_on(&world, "a");
	expand(&world, "a", true);
	lists(&world, "a/ >b/ >>deep >c >z x");
	/* something new comes at the end of its directory, and is sorted later */
	world.now += SECOND / 2;
	add(&world, b, "abc", 1);
	add(&world, a, "aa/", 1);
	update(&world);
	lists(&world, "a/ >b/ >>deep >>abc >c >z >aa/ x");
	world.now += 10 * SECOND;
	update(&world);
	lists(&world, "a/ >aa/ >b/ >>abc >>deep >c >z x");
	/* what goes takes along what is below it */
	tree_remove(world.tree, b);
	update(&world);
	lists(&world, "a/ >aa/ >c >z x");
	tree_remove(world.tree, a);
	update(&world);
	lists(&world, "x");
	cursor_on(&world, "x");
	tear_down(&world);
}
END_TEST

/* ---- while a directory fills ------------------------------------------------ */

START_TEST(fills_without_jumping)
{
	struct world world;

	set_up(&world);
	set_state(&world, TREE_ROOT, DIR_READING);
	update(&world);
	ck_assert_uint_eq(world.rows.cursor, 0);
	add(&world, TREE_ROOT, "m", 1);
	add(&world, TREE_ROOT, "k", 1);
	add(&world, TREE_ROOT, "t", 1);
	update(&world);
	lists(&world, "k m t");
	cursor_on(&world, "k");
	/* more comes at the end; nobody has touched the cursor, so it is on the first row */
	add(&world, TREE_ROOT, "b", 1);
	ck_assert_int_eq(update(&world), START + SECOND);
	lists(&world, "k m t b");
	world.now += SECOND;
	update(&world);
	lists(&world, "b k m t");
	cursor_on(&world, "b");
	/* now somebody has */
	rows_move(&world.rows, 2);
	world.key = world.now;
	cursor_on(&world, "m");
	ck_assert_uint_eq(world.rows.at - world.rows.top, 2);
	add(&world, TREE_ROOT, "a", 1);
	add(&world, TREE_ROOT, "c/", 1);
	ck_assert_int_eq(update(&world), world.key + 2 * SECOND);
	lists(&world, "b k m t a c/");
	world.now += SECOND + SECOND / 2;
	update(&world);
	lists(&world, "b k m t a c/");
	world.now += SECOND;
	ck_assert_int_eq(update(&world), INT64_MAX);
	lists(&world, "c/ a b k m t");
	cursor_on(&world, "m");
	ck_assert_uint_eq(world.rows.at - world.rows.top, 2);
	tear_down(&world);
}
END_TEST

/* A directory that is read within a second is sorted once, at its end. */
START_TEST(sorts_when_complete)
{
	struct world world;

	set_up(&world);
	set_state(&world, TREE_ROOT, DIR_READING);
	update(&world);
	add(&world, TREE_ROOT, "c", 1);
	update(&world);
	add(&world, TREE_ROOT, "a", 1);
	world.now += SECOND / 100;
	update(&world);
	ck_assert(!rows_settled(&world.rows));
	lists(&world, "c a");
	set_state(&world, TREE_ROOT, DIR_COMPLETE);
	world.now += SECOND / 100;
	update(&world);
	ck_assert(rows_settled(&world.rows));
	lists(&world, "a c");
	/* attributes do not change an order by name: no wait */
	ck_assert_int_eq(tree_set_attrs(world.tree, find(&world, "a"), &(struct attrs){ .mode = S_IFREG | 0600, .size = 5 }), 0);
	ck_assert_int_eq(update(&world), INT64_MAX);
	ck_assert(rows_settled(&world.rows));
	/* but a type does */
	ck_assert_int_eq(tree_set_attrs(world.tree, find(&world, "c"), &(struct attrs){ .mode = S_IFDIR | 0700 }), 0);
	ck_assert_int_ne(update(&world), INT64_MAX);
	lists(&world, "a c/");
	world.now += SECOND;
	update(&world);
	lists(&world, "c/ a");
	tear_down(&world);
}
END_TEST

START_TEST(cursor_goes_to_what_took_its_place)
{
	struct world world;

	set_up(&world);
	for (const char *name = "abcdef"; *name; name++)
		add(&world, TREE_ROOT, (char[]){ *name, '\0' }, 1);
	set_state(&world, TREE_ROOT, DIR_COMPLETE);
	update(&world);
	rows_goto(&world.rows, 2);
	cursor_on(&world, "c");
	tree_remove(world.tree, find(&world, "a"));
	tree_remove(world.tree, find(&world, "c"));
	tree_remove(world.tree, find(&world, "d"));
	add(&world, TREE_ROOT, "aa", 1);
	update(&world);
	cursor_on(&world, "e");
	tree_remove(world.tree, find(&world, "e"));
	tree_remove(world.tree, find(&world, "f"));
	tree_remove(world.tree, find(&world, "aa"));
	update(&world);
	lists(&world, "b");
	cursor_on(&world, "b");
	tree_remove(world.tree, find(&world, "b"));
	update(&world);
	ck_assert_uint_eq(world.rows.cursor, 0);
	add(&world, TREE_ROOT, "n", 1);
	update(&world);
	cursor_on(&world, "n");
	tear_down(&world);
}
END_TEST

START_TEST(waits_for_what_is_wanted)
{
	struct world world;
	entry_id dir;
	entry_id late;

	set_up(&world);
	dir = add(&world, TREE_ROOT, "dir/", 1);
	for (unsigned i = 0; i < 100; i++)
		add(&world, dir, (char[]){ 'f', (char)('0' + i / 10), (char)('0' + i % 10), '\0' }, i);
	set_state(&world, TREE_ROOT, DIR_COMPLETE);
	set_state(&world, dir, DIR_COMPLETE);
	rows_show(&world.rows, dir, find(&world, "dir/f50"));
	update(&world);
	cursor_on(&world, "f50");
	ck_assert_uint_eq(world.rows.at, 50);
	ck_assert_uint_le(world.rows.top, 50);
	ck_assert_uint_gt(world.rows.top + 10, 50);
	late = add(&world, dir, "f10a", 1);
	rows_want(&world.rows, late);
	cursor_on(&world, "f50");
	update(&world);
	cursor_on(&world, "f10a");
	/* a key ends the wait */
	late = add(&world, dir, "late", 1);
	rows_want(&world.rows, late);
	rows_goto(&world.rows, 0);
	update(&world);
	cursor_on(&world, "f00");
	/* what is wanted may go before it has a row */
	late = add(&world, dir, "later", 1);
	rows_want(&world.rows, late);
	tree_remove(world.tree, late);
	update(&world);
	ck_assert_uint_eq(world.rows.wanted, 0);
	cursor_on(&world, "f00");
	tear_down(&world);
}
END_TEST

START_TEST(shown_directory_vanishes)
{
	struct world world;
	entry_id a;
	entry_id b;
	entry_id c;

	set_up(&world);
	a = add(&world, TREE_ROOT, "a/", 1);
	b = add(&world, a, "b/", 1);
	c = add(&world, b, "c/", 1);
	add(&world, c, "file", 1);
	rows_show(&world.rows, c, 0);
	update(&world);
	lists(&world, "file");
	tree_remove(world.tree, b);
	update(&world);
	ck_assert_uint_eq(world.rows.dir, a);
	lists(&world, "");
	/* a directory that turns into a file is no place either */
	ck_assert_int_eq(tree_set_attrs(world.tree, a, &(struct attrs){ .mode = S_IFREG | 0600 }), 0);
	update(&world);
	ck_assert_uint_eq(world.rows.dir, TREE_ROOT);
	lists(&world, "a");
	tear_down(&world);
}
END_TEST

START_TEST(moves)
{
	static const struct {
		int64_t by;
		size_t at;
		size_t top;
	} steps[] = {
		{ 1, 1, 0 }, { 9, 10, 1 }, { -9, 1, 1 }, { -1, 0, 0 }, { INT64_MIN, 0, 0 }, { INT64_MAX, 29, 20 },
		{ 1, 29, 20 }, { -5, 24, 20 }, { -10, 14, 14 }, { 0, 14, 14 }, { INT64_MIN, 0, 0 },
	};
	struct world world;

	set_up(&world);
	rows_move(&world.rows, 1);
	rows_goto(&world.rows, 5);
	rows_want(&world.rows, 0);
	ck_assert_uint_eq(world.rows.cursor, 0);
	for (unsigned i = 0; i < 30; i++)
		add(&world, TREE_ROOT, (char[]){ (char)('a' + i / 10), (char)('0' + i % 10), '\0' }, i);
	set_state(&world, TREE_ROOT, DIR_COMPLETE);
	update(&world);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		rows_move(&world.rows, steps[i].by);
		ck_assert_uint_eq(world.rows.at, steps[i].at);
		ck_assert_uint_eq(world.rows.top, steps[i].top);
	}
	/* sizes of the screen: the cursor stays on it, and no line stays empty that could have a row */
	rows_goto(&world.rows, SIZE_MAX);
	rows_view(&world.rows, 3);
	ck_assert_uint_eq(world.rows.top, 27);
	rows_view(&world.rows, 20);
	ck_assert_uint_eq(world.rows.top, 10);
	rows_view(&world.rows, 100);
	ck_assert_uint_eq(world.rows.top, 0);
	rows_view(&world.rows, 1);
	ck_assert_uint_eq(world.rows.top, 29);
	rows_view(&world.rows, 0);
	ck_assert_uint_eq(world.rows.at, 29);
	tear_down(&world);
}
END_TEST

START_TEST(searches)
{
	static const struct {
		size_t from;
		const char *text;
		int direction;
		size_t found;
	} cases[] = {
		{ 0, "B", 1, 1 }, { 1, "b", 1, 3 }, { 3, "b", 1, 0 }, { 0, "b", -1, 3 }, { 3, "b", -1, 1 },
		{ 0, "none", 1, SIZE_MAX }, { 0, "", 1, SIZE_MAX }, { 2, "xx", 1, 2 }, { 2, "xx", -1, 2 }, { 2, "/", 1, 0 },
	};
	struct world world;

	set_up(&world);
	ck_assert_uint_eq(rows_search(&world.rows, "a", 1, 1), SIZE_MAX);
	add(&world, TREE_ROOT, "cab/", 1);
	add(&world, TREE_ROOT, "ABC", 1);
	add(&world, TREE_ROOT, "axx", 1);
	add(&world, TREE_ROOT, "bb", 1);
	set_state(&world, TREE_ROOT, DIR_COMPLETE);
	update(&world);
	lists(&world, "cab/ ABC axx bb");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		rows_goto(&world.rows, cases[i].from);
		ck_assert_uint_eq(rows_search(&world.rows, cases[i].text, strlen(cases[i].text), cases[i].direction), cases[i].found);
	}
	tear_down(&world);
}
END_TEST

/* ---- against a model -------------------------------------------------------- */

static uint32_t draw(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(*seed >> 8) * below >> 24);
}

static entry_id any_entry(const struct world *world, uint32_t *seed)
{
	entry_id at = TREE_ROOT;

	for (uint32_t steps = draw(seed, 60); steps > 0; steps--) {
		at = tree_walk(world->tree, TREE_ROOT, at);
		at = at ? at : TREE_ROOT;
	}
	return at;
}

/* Is an entry to be listed, as rows.h says? */
static bool model_passes(const struct rows *rows, entry_id id)
{
	char name[64];
	size_t len;
	const char *bytes = tree_name(rows->tree, id, &len);

	memcpy(name, bytes, len);
	if (entry_is_dir(tree_entry(rows->tree, id)))
		name[len++] = '/';
	name[len] = '\0';
	for (size_t i = 0; i < len; i++)
		name[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]);
	return (rows->hidden || name[0] != '.') && (rows->filter.len == 0 || memmem(name, len, rows->filter.data, rows->filter.len));
}

static int64_t model_number(const struct rows *rows, entry_id id)
{
	const struct entry *entry = tree_entry(rows->tree, id);
	const struct dir *dir = tree_dir(rows->tree, id);
	int64_t sign = rows->reverse ? -1 : 1;

	if (dir && rows->sort == ROWS_SIZE)
		return -sign * (int64_t)dir->total.size;
	if (rows->sort == ROWS_COUNT)
		return -sign * (dir ? (int64_t)dir->total.entries : 0);
	if (rows->sort == ROWS_SIZE)
		return -sign * (int64_t)entry->size;
	return 0;
}

static bool model_before(const struct rows *rows, entry_id a, entry_id b)
{
	size_t a_len;
	size_t b_len;
	const char *a_name = tree_name(rows->tree, a, &a_len);
	const char *b_name = tree_name(rows->tree, b, &b_len);
	bool a_dir = entry_is_dir(tree_entry(rows->tree, a));
	bool b_dir = entry_is_dir(tree_entry(rows->tree, b));
	int diff = memcmp(a_name, b_name, size_min(a_len, b_len));

	if (a_dir != b_dir)
		return a_dir;
	if (model_number(rows, a) != model_number(rows, b))
		return model_number(rows, a) < model_number(rows, b);
	if (diff == 0)
		diff = a_len < b_len ? -1 : 1;
	return rows->reverse && rows->sort == ROWS_NAME ? diff > 0 : diff < 0;
}

/* Are the rows those of the tree? What depends on types only is, when they are settled. */
static bool is_exact(const struct rows *rows)
{
	return rows_settled(rows) || rows->filter.len == 0 || !memchr(rows->filter.data, '/', rows->filter.len);
}

/* Go through the rows of a directory, check them, and return how many there are with those below. */
static size_t check_block(const struct rows *rows, entry_id dir, uint32_t indent, size_t from)
{
	size_t at = from;
	size_t listed = 0;
	size_t expected = 0;
	entry_id previous = 0;

	for (entry_id id = tree_dir(rows->tree, dir)->first; id; id = tree_entry(rows->tree, id)->next)
		expected += model_passes(rows, id);
	while (at < rows->count && rows->items[at].indent == indent) {
		entry_id id = rows->items[at].id;

		ck_assert(tree_has(rows->tree, id));
		ck_assert_uint_eq(tree_entry(rows->tree, id)->parent, dir);
		ck_assert(!is_exact(rows) || model_passes(rows, id));
		ck_assert_uint_eq(rows->items[at].open, entry_is_dir(tree_entry(rows->tree, id)) && tree_entry(rows->tree, id)->flags & ENTRY_EXPANDED);
		if (rows_settled(rows) && previous)
			ck_assert(model_before(rows, previous, id));
		previous = id;
		listed++;
		at++;
		if (entry_is_dir(tree_entry(rows->tree, id)) && tree_entry(rows->tree, id)->flags & ENTRY_EXPANDED)
			at = check_block(rows, id, indent + 1, at);
	}
	ck_assert(!is_exact(rows) || listed == expected);
	return at;
}

static void change_tree(struct world *world, uint32_t *seed)
{
	entry_id id = any_entry(world, seed);
	char name[4] = { "ab.xyzAB"[draw(seed, 8)], (char)('a' + draw(seed, 26)), "/"[draw(seed, 2)] };

	switch (draw(seed, 8)) {
	case 0:
	case 1:
	case 2:
	case 3:
		while (!tree_dir(world->tree, id))
			id = tree_entry(world->tree, id)->parent;
		if (!tree_find(world->tree, id, name, 2))
			add(world, id, name, draw(seed, 500));
		break;
	case 4:
		if (id != TREE_ROOT)
			tree_remove(world->tree, id);
		break;
	case 5:
		if (id != TREE_ROOT && draw(seed, 2))
			ck_assert_int_eq(tree_set_attrs(world->tree, id, &(struct attrs){ .mode = draw(seed, 3) ? S_IFREG : S_IFDIR,
											  .size = draw(seed, 500) }), 0);
		break;
	case 6:
		if (tree_dir(world->tree, id))
			set_state(world, id, draw(seed, 2) ? DIR_COMPLETE : DIR_READING);
		break;
	default:
		tree_mark(world->tree, id, draw(seed, 2));
	}
}

static void press_key(struct world *world, uint32_t *seed)
{
	struct rows *rows = &world->rows;
	entry_id id = any_entry(world, seed);

	world->key = world->now;
	switch (draw(seed, 9)) {
	case 0:
		rows->sort = (enum rows_sort[]){ ROWS_NAME, ROWS_SIZE, ROWS_COUNT }[draw(seed, 3)];
		rows_touch(rows);
		break;
	case 1:
		rows->reverse = !rows->reverse;
		rows_touch(rows);
		break;
	case 2:
		rows->hidden = !rows->hidden;
		rows_touch(rows);
		break;
	case 3:
		set_filter(rows, (const char *[]){ "", "", "", "a", "b", "/" }[draw(seed, 6)]);
		break;
	case 4:
	case 5:
		tree_entry(world->tree, id)->flags ^= entry_is_dir(tree_entry(world->tree, id)) ? ENTRY_EXPANDED : 0;
		rows_touch(rows);
		break;
	case 6:
		if (tree_dir(world->tree, id))
			rows_show(rows, id, draw(seed, 2) ? any_entry(world, seed) : 0);
		break;
	case 7:
		rows_want(rows, id);
		break;
	default:
		rows_move(rows, (int64_t)draw(seed, 11) - 5);
		rows_view(rows, draw(seed, 12));
	}
}

/* Whatever is under way: the rows can be used. */
static void check_usable(const struct rows *rows)
{
	size_t open = 0;

	for (size_t i = 0; i < rows->count; i++) {
		ck_assert_uint_le(rows->items[i].indent, i == 0 ? 0 : rows->items[i - 1].indent + rows->items[i - 1].open);
		open += rows->items[i].open;
	}
	ck_assert_uint_eq(rows->shown_count, open + 1);
	ck_assert(rows->count > 0 ? rows->cursor == rows->items[rows->at].id && rows->top <= rows->at : rows->cursor == 0);
}

static void check_all(const struct rows *rows)
{
	ck_assert_uint_eq(check_block(rows, rows->dir, 0, 0), rows->count);
}

/* Half of the runs do all that can be done after each change, half a slice as small as can be. */
START_TEST(agrees_with_a_model)
{
	struct world world;
	uint32_t seed = (uint32_t)_i * 7919;
	bool sliced = _i % 2;

	set_up(&world);
	for (unsigned round = 0; round < 2500; round++) {
		struct rows *rows = &world.rows;
		entry_id cursor;
		entry_id dir;
		size_t line;
		size_t top;
		bool held;
		bool key = draw(&seed, 6) == 0;

		for (uint32_t changes = draw(&seed, 6); changes > 0; changes--)
			change_tree(&world, &seed);
		if (key)
			press_key(&world, &seed);
		world.now += draw(&seed, 5) ? draw(&seed, SECOND / 10) : 3 * (int64_t)draw(&seed, SECOND);
		cursor = rows->cursor;
		dir = rows->dir;
		line = rows->at - rows->top;
		top = rows->top;
		held = rows->held && !rows->wanted;
		rows->slice = sliced ? 0 : SECOND;
		rows->grain = sliced ? 1 + draw(&seed, 12) : 1000;
		for (uint32_t steps = sliced ? 1 + draw(&seed, 12) : 1000; steps > 0; steps--) {
			if (step(&world) > world.now)
				break;
		}
		check_usable(rows);
		if (!sliced || rows_settled(rows))
			check_all(rows);
		/* the cursor stays on its entry and its line, wherever there are enough rows above it */
		if (!sliced && cursor && held && dir == rows->dir && rows_find(rows, cursor) != SIZE_MAX) {
			ck_assert_uint_eq(rows->cursor, cursor);
			if (top > 0 && rows->at >= line && rows->height > line)
				ck_assert_uint_eq(rows->at - rows->top, line);
		}
	}
	/* what was under way may be overtaken by the last changes */
	for (unsigned i = 0; i < 2; i++) {
		world.now += 100 * SECOND;
		update(&world);
	}
	ck_assert_int_eq(update(&world), INT64_MAX);
	ck_assert(rows_settled(&world.rows));
	check_all(&world.rows);
	tear_down(&world);
}
END_TEST

/* ---- slices ----------------------------------------------------------------- */

enum { MANY = 5000 };

/* The i-th of many names, which do not arrive in their order. */
static const char *name_of(unsigned i)
{
	static char name[16];

	snprintf(name, sizeof name, "n%05u", (i * 3) % (unsigned)MANY);
	return name;
}

/* Many entries that are listed, in order, with work in slices as small as can be from then on. */
static void set_up_many(struct world *world)
{
	set_up(world);
	for (unsigned i = 0; i < MANY; i++)
		add(world, TREE_ROOT, name_of(i), (i * 7919) % MANY);
	set_state(world, TREE_ROOT, DIR_COMPLETE);
	update(world);
	ck_assert(rows_settled(&world->rows));
	world->rows.slice = 0;
	world->rows.grain = 64;
}

/* Steps until the work is done, at least `least`; nothing moves before the last one. */
static void work_unseen(struct world *world, unsigned least)
{
	const struct row *items = world->rows.items;
	unsigned steps = 0;
	int64_t again;

	do {
		ck_assert_ptr_eq(world->rows.items, items);
		ck_assert(!rows_settled(&world->rows));
		again = step(world);
		ck_assert(!world->rows.make || again == world->now);
		steps++;
	} while (world->rows.make);
	ck_assert_ptr_ne(world->rows.items, items);
	ck_assert_uint_ge(steps, least);
}

START_TEST(sorts_in_slices)
{
	struct world world;
	uint64_t version;
	char name[16];

	set_up_many(&world);
	rows_goto(&world.rows, 3000);
	rows_move(&world.rows, 5);
	rows_view(&world.rows, 10);
	ck_assert_uint_eq(world.rows.at - world.rows.top, 9);
	rows_move(&world.rows, -4);
	snprintf(name, sizeof name, "n%05u", 3001);
	cursor_on(&world, name);
	version = world.rows.version;
	world.rows.sort = ROWS_SIZE;
	rows_touch(&world.rows);
	ck_assert_int_eq(step(&world), world.now);
	/* the old rows can be used */
	rows_move(&world.rows, 1);
	snprintf(name, sizeof name, "n%05u", 3002);
	cursor_on(&world, name);
	ck_assert_uint_eq(world.rows.version, version);
	work_unseen(&world, MANY / 64);
	ck_assert_uint_gt(world.rows.version, version);
	cursor_on(&world, name);
	ck_assert_uint_eq(world.rows.at - world.rows.top, 6);
	update(&world);
	ck_assert(rows_settled(&world.rows));
	check_all(&world.rows);
	tear_down(&world);
}
END_TEST

/* While a sort is under way entries come and go: those are listed at once, these never again. */
START_TEST(sorts_a_snapshot)
{
	static const char *const gone[] = { "n00000", "n02500", "n04999" };
	struct world world;

	set_up_many(&world);
	rows_goto(&world.rows, 2500);
	world.rows.reverse = true;
	rows_touch(&world.rows);
	for (unsigned i = 0; world.rows.make || i == 0; i++) {
		step(&world);
		if (i == 25 * (unsigned)_i)
			for (size_t name = 0; name < ARRAY_LEN(gone); name++)
				tree_remove(world.tree, find(&world, gone[name]));
		if (i == 25 * (unsigned)_i + 1)
			add(&world, TREE_ROOT, "newcomer", 1);
		if (i == 25 * (unsigned)_i + 2 && world.rows.make) {
			ck_assert_uint_eq(world.rows.items[world.rows.count - 1].id, find(&world, "newcomer"));
			cursor_on(&world, "n02501");
		}
	}
	update(&world);
	cursor_on(&world, "n02501");
	world.now += 10 * SECOND;
	update(&world);
	ck_assert(rows_settled(&world.rows));
	check_all(&world.rows);
	ck_assert_uint_eq(world.rows.count, MANY + 1 - ARRAY_LEN(gone));
	ck_assert_uint_eq(world.rows.items[0].id, find(&world, "newcomer"));
	cursor_on(&world, "n02501");
	tear_down(&world);
}
END_TEST

/* What is sorted by itself does not move within two seconds of a key, even if that is pressed while it is sorted. */
START_TEST(sorted_rows_wait_for_keys)
{
	struct world world;
	const struct row *items;

	set_up_many(&world);
	add(&world, TREE_ROOT, "a", 1);
	world.now += 10 * SECOND;
	step(&world);
	ck_assert_ptr_nonnull(world.rows.make);
	items = world.rows.items;
	world.key = world.now;
	world.now += SECOND / 10;
	ck_assert_int_eq(update(&world), world.key + 2 * SECOND);
	ck_assert_ptr_eq(world.rows.items, items);
	ck_assert(!rows_settled(&world.rows));
	world.now = world.key + 2 * SECOND;
	update(&world);
	ck_assert(rows_settled(&world.rows));
	ck_assert_uint_eq(world.rows.items[0].id, find(&world, "a"));
	/* one that waits gives way when rows have gone */
	add(&world, TREE_ROOT, "0", 1);
	world.now += 10 * SECOND;
	step(&world);
	world.key = world.now;
	update(&world);
	ck_assert(world.rows.ready);
	tree_remove(world.tree, find(&world, "a"));
	update(&world);
	ck_assert(!world.rows.ready);
	ck_assert_uint_eq(rows_find(&world.rows, find(&world, "0")), MANY);
	ck_assert_uint_eq(world.rows.count, MANY + 1);
	world.now += 10 * SECOND;
	update(&world);
	ck_assert(rows_settled(&world.rows));
	check_all(&world.rows);
	tear_down(&world);
}
END_TEST

/* A directory that is complete is not sorted twice because a sort was under way. */
START_TEST(sorts_all_when_complete)
{
	struct world world;

	set_up_many(&world);
	set_state(&world, TREE_ROOT, DIR_READING);
	add(&world, TREE_ROOT, "b", 1);
	world.now += 10 * SECOND;
	step(&world);
	ck_assert_ptr_nonnull(world.rows.make);
	add(&world, TREE_ROOT, "a", 1);
	set_state(&world, TREE_ROOT, DIR_COMPLETE);
	ck_assert_int_eq(update(&world), INT64_MAX);
	ck_assert_uint_eq(world.rows.items[0].id, find(&world, "a"));
	check_all(&world.rows);
	tear_down(&world);
}
END_TEST

/* A long list that is not sorted yet is shown as it is. */
START_TEST(shows_first_rows_early)
{
	struct world world;

	set_up_many(&world);
	rows_show(&world.rows, TREE_ROOT, 0);
	step(&world);
	ck_assert_uint_eq(world.rows.count, 0);
	world.now += SECOND / 20;
	step(&world);
	ck_assert_uint_gt(world.rows.count, 0);
	ck_assert_uint_eq(world.rows.items[0].id, tree_dir(world.tree, TREE_ROOT)->first);
	rows_goto(&world.rows, 7);
	update(&world);
	ck_assert(rows_settled(&world.rows));
	check_all(&world.rows);
	cursor_on(&world, name_of(7));
	tear_down(&world);
}
END_TEST

/* New rows cost what is new, not what there is. */
START_TEST(appends_little_by_little)
{
	struct world world;
	struct row *items;

	set_up_many(&world);
	world.rows.hidden = _i == 0;
	rows_touch(&world.rows);
	update(&world);
	set_state(&world, TREE_ROOT, DIR_READING);
	world.key = world.now;
	items = calloc(MANY, sizeof *items);
	ck_assert_ptr_nonnull(items);
	memcpy(items, world.rows.items, MANY * sizeof *items);
	for (unsigned i = 0; i < 500; i++) {
		char name[16];

		snprintf(name, sizeof name, "%sm%u", i % 2 ? "." : "", i);
		add(&world, TREE_ROOT, name, i);
		ck_assert_int_gt(step(&world), world.now);
		ck_assert_ptr_null(world.rows.make);
	}
	ck_assert_uint_eq(world.rows.count, MANY + (_i == 0 ? 500 : 250));
	ck_assert_mem_eq(items, world.rows.items, MANY * sizeof *items);
	free(items);
	tear_down(&world);
}
END_TEST

/* The last child that arrived goes, others come, and it is found out who has a row. */
START_TEST(finds_what_is_new_without_the_last)
{
	struct world world;

	set_up_many(&world);
	rows_goto(&world.rows, 100);
	tree_remove(world.tree, tree_dir(world.tree, TREE_ROOT)->last);
	tree_remove(world.tree, find(&world, "n00050"));
	add(&world, TREE_ROOT, "new", 1);
	for (unsigned i = 0; i < 20 + 60 * (unsigned)_i; i++)
		step(&world);
	if (_i > 0 && tree_has(world.tree, tree_dir(world.tree, TREE_ROOT)->last))
		tree_remove(world.tree, tree_dir(world.tree, TREE_ROOT)->last);
	add(&world, TREE_ROOT, "newer", 1);
	update(&world);
	check_all(&world.rows);
	cursor_on(&world, "n00100");
	ck_assert_uint_eq(world.rows.items[world.rows.count - 1].id, find(&world, "newer"));
	tear_down(&world);
}
END_TEST

/* A directory is opened in a long list: its rows come first, without a sort of the others. */
START_TEST(opens_before_it_sweeps)
{
	struct world world;
	entry_id dir;

	set_up_many(&world);
	dir = add(&world, TREE_ROOT, "dir/", 1);
	add(&world, dir, "below", 1);
	world.now += 10 * SECOND;
	update(&world);
	rows_goto(&world.rows, 0);
	tree_entry(world.tree, dir)->flags |= ENTRY_EXPANDED;
	rows_touch(&world.rows);
	step(&world);
	ck_assert_uint_eq(world.rows.items[1].id, find(&world, "dir/below"));
	ck_assert(!rows_settled(&world.rows));
	update(&world);
	ck_assert(rows_settled(&world.rows));
	add(&world, dir, "also", 1);
	step(&world);
	ck_assert_uint_eq(world.rows.items[2].id, find(&world, "dir/also"));
	tree_entry(world.tree, dir)->flags &= (uint16_t)~ENTRY_EXPANDED;
	rows_touch(&world.rows);
	step(&world);
	ck_assert_uint_eq(world.rows.count, MANY + 1);
	world.now += 10 * SECOND;
	update(&world);
	ck_assert(rows_settled(&world.rows));
	check_all(&world.rows);
	tear_down(&world);
}
END_TEST

/* What a sort needs is given back: nothing is left of it, whether it is done or given up. */
START_TEST(gives_memory_back)
{
	struct world world;

	set_up_many(&world);
	for (unsigned i = 0; i < 3; i++) {
		world.rows.sort = i % 2 ? ROWS_NAME : ROWS_SIZE;
		rows_touch(&world.rows);
		for (unsigned steps = 0; steps < 60; steps++)
			step(&world);
		ck_assert_ptr_nonnull(world.rows.make);
	}
	update(&world);
	ck_assert_ptr_null(world.rows.make);
	ck_assert_ptr_null(world.rows.known);
	ck_assert_uint_le(world.rows.cap, MANY + MANY / 4);
	buf_add_str(&world.rows.filter, "n0000");
	rows_touch(&world.rows);
	update(&world);
	ck_assert_uint_eq(world.rows.count, 10);
	ck_assert_uint_le(world.rows.cap, 12);
	rows_touch(&world.rows);
	world.rows.reverse = true;
	step(&world);
	ck_assert_ptr_nonnull(world.rows.make);
	rows_show(&world.rows, TREE_ROOT, 0);
	ck_assert_ptr_null(world.rows.make);
	tear_down(&world);
}
END_TEST

/* A hundred thousand levels that are all open, and a hundred thousand rows. */
START_TEST(has_no_limits)
{
	enum { COUNT = 100000 };
	struct world world;
	entry_id at = TREE_ROOT;

	set_up(&world);
	for (unsigned i = 0; i < COUNT; i++) {
		char name[16];

		at = add(&world, at, "d/", 1);
		tree_entry(world.tree, at)->flags |= ENTRY_EXPANDED;
		snprintf(name, sizeof name, "file%u", (i * 7919) % COUNT);
		add(&world, TREE_ROOT, name, i);
	}
	update(&world);
	ck_assert_uint_eq(world.rows.count, 2 * COUNT);
	ck_assert_uint_eq(world.rows.items[COUNT - 1].indent, COUNT - 1);
	ck_assert_uint_eq(world.rows.items[COUNT].indent, 0);
	rows_show(&world.rows, at, 0);
	tree_remove(world.tree, find(&world, "d"));
	update(&world);
	ck_assert_uint_eq(world.rows.dir, TREE_ROOT);
	ck_assert_uint_eq(world.rows.count, COUNT);
	tear_down(&world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rows");
	TCase *tests = tcase_create("rows");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, sorts, 0, ARRAY_LEN(orders));
	tcase_add_loop_test(tests, sorts_by_bytes, 0, 4);
	tcase_add_test(tests, hides_and_filters);
	tcase_add_test(tests, expands);
	tcase_add_test(tests, fills_without_jumping);
	tcase_add_test(tests, sorts_when_complete);
	tcase_add_test(tests, cursor_goes_to_what_took_its_place);
	tcase_add_test(tests, waits_for_what_is_wanted);
	tcase_add_test(tests, shown_directory_vanishes);
	tcase_add_test(tests, moves);
	tcase_add_test(tests, searches);
	tcase_add_loop_test(tests, agrees_with_a_model, 0, 10);
	tcase_add_test(tests, sorts_in_slices);
	tcase_add_loop_test(tests, sorts_a_snapshot, 0, 12);
	tcase_add_test(tests, sorted_rows_wait_for_keys);
	tcase_add_test(tests, sorts_all_when_complete);
	tcase_add_test(tests, shows_first_rows_early);
	tcase_add_loop_test(tests, appends_little_by_little, 0, 2);
	tcase_add_loop_test(tests, finds_what_is_new_without_the_last, 0, 3);
	tcase_add_test(tests, opens_before_it_sweeps);
	tcase_add_test(tests, gives_memory_back);
	tcase_add_test(tests, has_no_limits);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
