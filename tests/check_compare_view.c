/*
 * The list of the comparison: its order, what stands in it, the cursor that stays; and looking for the next difference.
 */
#include "compare_view.h"

#include "compare_list.h"
#include "compare_seek.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

enum { PANES = 3 };

static struct tree *trees[PANES];
static struct compare *compare;
static struct compare_view view;
static int64_t now;

/* An entry of one pane: a directory when its name ends in a slash. The size tells files apart. */
static entry_id add(size_t pane, const char *path, uint64_t size)
{
	size_t len = strlen(path);
	bool dir = path[len - 1] == '/';
	const char *name = path + (dir ? --len : len);
	struct attrs attrs = { .flags = ATTRS_KNOWN, .mode = dir ? S_IFDIR | 0755 : S_IFREG | 0644, .nlink = 1, .ino = 7, .dev = pane, .size = size };
	entry_id parent;
	entry_id id;

	while (name > path && name[-1] != '/')
		name--;
	parent = tree_lookup(trees[pane], path, name > path ? (size_t)(name - path) - 1 : 0);
	ck_assert_uint_ne(parent, 0);
	id = tree_add(trees[pane], parent, name, len - (size_t)(name - path), attrs.mode & S_IFMT);
	ck_assert_uint_ne(id, 0);
	ck_assert_int_eq(tree_set_attrs(trees[pane], id, &attrs), 0);
	if (dir)
		tree_set_state(trees[pane], id, DIR_COMPLETE, ERROR_NONE);
	return id;
}

static void add_all(const char *path)
{
	for (size_t pane = 0; pane < PANES; pane++)
		add(pane, path, 1);
}

static void drop(size_t pane, const char *path)
{
	entry_id id = tree_lookup(trees[pane], path, strlen(path));

	ck_assert_uint_ne(id, 0);
	tree_remove(trees[pane], id);
}

static void setup(void)
{
	struct attrs attrs = { .flags = ATTRS_KNOWN, .mode = S_IFDIR | 0755 };
	struct compare_pane panes[PANES];

	now = SECOND;
	for (size_t pane = 0; pane < PANES; pane++) {
		trees[pane] = tree_new();
		ck_assert_ptr_nonnull(trees[pane]);
		ck_assert_int_eq(tree_set_attrs(trees[pane], TREE_ROOT, &attrs), 0);
		tree_set_state(trees[pane], TREE_ROOT, DIR_COMPLETE, ERROR_NONE);
		panes[pane] = (struct compare_pane){ trees[pane], TREE_ROOT, true };
	}
	compare = compare_new(panes, PANES, COMPARE_SIZE, 0);
	ck_assert_ptr_nonnull(compare);
	compare_view_init(&view);
	compare_view_renew(&view, compare);
	compare_view_height(&view, 4);
}

static void teardown(void)
{
	compare_view_fini(&view);
	compare_free(compare);
	for (size_t pane = 0; pane < PANES; pane++)
		tree_free(trees[pane]);
}

/* A turn, so much later. */
static void step(int64_t later)
{
	now += later;
	while (compare_settle_part(compare, 2))
		;
	compare_view_update(&view, now, 0, SECOND);
}

/* The list as text: `>` the cursor, a dot for each level, `*N` a run. */
static const char *list(void)
{
	static struct buf out;

	buf_clear(&out);
	for (size_t i = 0; i < view.count; i++) {
		const struct compare_item *item = &view.items[i];
		size_t len;
		const char *name = compare_name(compare, item->row, &len);

		buf_add_str(&out, i ? " " : "");
		buf_add_str(&out, i == view.at ? ">" : "");
		for (unsigned level = 0; level < item->indent; level++)
			buf_add_byte(&out, '.');
		buf_add(&out, name, len);
		buf_add_str(&out, compare_is_dir(compare, item->row) ? "/" : "");
		if (item->run)
			buf_printf(&out, "*%u", (unsigned)item->run);
	}
	return buf_str(&out) ? out.data : "";
}

static compare_id row(size_t pane, const char *path)
{
	return compare_find(compare, pane, tree_lookup(trees[pane], path, strlen(path)));
}

START_TEST(directories_stand_before_files_and_names_in_order)
{
	static const char *const names[] = { "b", "z/", "a", "B", "a-long-name-2", "a-long-name-1", "c/" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		add(i % PANES, names[i], 1);
	step(0);
	ck_assert_str_eq(list(), ">c/ z/ B a a-long-name-1 a-long-name-2 b");
	ck_assert(compare_view_settled(&view));
}
END_TEST

static bool any_row(void *arg, compare_id id)
{
	(void)arg;
	return id != 0;
}

START_TEST(many_rows_are_sorted_in_parts)
{
	struct compare_list sorted;
	size_t units;
	char name[16];

	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "n%03u", i * 379 % 1000);
		add(0, name, 1);
	}
	step(0);
	ck_assert_uint_eq(view.count, 1000);
	compare_list_begin(&sorted, compare, COMPARE_TOP, any_row, NULL);
	do
		units = 7;
	while (compare_list_step(&sorted, &units) == 0);
	for (unsigned i = 0; i < 1000; i++) {
		size_t len;

		snprintf(name, sizeof name, "n%03u", i);
		ck_assert_mem_eq(compare_name(compare, sorted.keys[i].row, &len), name, 4);
		ck_assert_uint_eq(view.items[i].row, sorted.keys[i].row);
	}
	compare_list_fini(&sorted);
}
END_TEST

START_TEST(what_comes_stands_at_the_end_until_it_is_sorted)
{
	add_all("b");
	step(0);
	compare_view_goto(&view, 0);
	step(3 * SECOND);
	add_all("a");
	compare_view_update(&view, now, now, SECOND);
	ck_assert_str_eq(list(), ">b a");
	step(3 * SECOND);
	ck_assert_str_eq(list(), "a >b");
}
END_TEST

START_TEST(what_goes_leaves_at_once_and_the_cursor_moves_on)
{
	add_all("a");
	add_all("b");
	add_all("c");
	step(0);
	compare_view_goto(&view, 1);
	for (size_t pane = 0; pane < PANES; pane++)
		drop(pane, "b");
	step(0);
	ck_assert_str_eq(list(), "a >c");
	for (size_t pane = 0; pane < PANES; pane++)
		drop(pane, "c");
	step(0);
	ck_assert_str_eq(list(), ">a");
}
END_TEST

START_TEST(the_cursor_keeps_its_line_on_the_screen)
{
	char name[16];

	for (unsigned i = 10; i < 20; i++) {
		snprintf(name, sizeof name, "n%u", i);
		add_all(name);
	}
	step(0);
	compare_view_goto(&view, 5);
	ck_assert_uint_eq(view.at - view.top, 3);
	for (unsigned i = 0; i < 3; i++) {
		snprintf(name, sizeof name, "a%u", i);
		add_all(name);
	}
	step(5 * SECOND);
	ck_assert_uint_eq(view.items[view.at].row, row(0, "n15"));
	ck_assert_uint_eq(view.at, 8);
	ck_assert_uint_eq(view.at - view.top, 3);
}
END_TEST

START_TEST(states_and_filters_say_what_is_shown)
{
	add_all("d/");
	add_all("d/x");
	add_all("e/");
	add(0, "e/only", 1);
	add_all("same");
	add(0, "other", 1);
	add(1, "other", 2);
	add(2, "other", 1);
	add(0, "lost", 1);
	step(0);
	ck_assert_str_eq(list(), ">d/ e/ lost other same");
	view.show = 1 << COMPARE_DIFFERENT;
	compare_view_touch(&view);
	step(0);
	ck_assert_str_eq(list(), ">other");
	view.show = 1 << COMPARE_MISSING;
	compare_view_touch(&view);
	step(0);
	ck_assert_str_eq(list(), ">e/ lost");
	view.show = COMPARE_SHOW_ALL;
	buf_add_str(&view.filter, "SAM");
	compare_view_touch(&view);
	step(0);
	ck_assert_str_eq(list(), ">same");
}
END_TEST

START_TEST(runs_that_are_the_same_are_folded)
{
	add_all("a/");
	add_all("a/x");
	add_all("b");
	add_all("c");
	add(0, "d", 1);
	add_all("e");
	add_all("f");
	view.fold = true;
	step(0);
	ck_assert_str_eq(list(), ">a/*3 d e*2");
	drop(2, "f");
	step(3 * SECOND);
	ck_assert_str_eq(list(), ">a/*3 d e f");
	/* what is below counts, too */
	add(1, "a/y", 1);
	step(3 * SECOND);
	ck_assert_str_eq(list(), ">a/ b*2 d e f");
}
END_TEST

/* Its letter must not get out of sight, though nobody asked for modes to be compared. */
START_TEST(what_differs_in_its_mode_is_not_folded)
{
	struct attrs attrs = { .flags = ATTRS_KNOWN, .mode = S_IFREG | 0600, .nlink = 1, .ino = 7, .dev = 1, .size = 1 };

	add_all("a");
	add_all("b");
	add_all("c");
	add_all("d");
	add_all("e");
	ck_assert_int_eq(tree_set_attrs(trees[1], tree_lookup(trees[1], "c", 1), &attrs), 0);
	view.fold = true;
	step(0);
	ck_assert_int_eq(compare_state(compare, row(0, "c")), COMPARE_SAME);
	ck_assert_str_eq(list(), ">a*2 c d*2");
}
END_TEST

START_TEST(open_directories_have_their_rows_below_them)
{
	add_all("d/");
	add_all("d/x");
	add_all("d/y");
	add_all("z");
	tree_entry(trees[1], tree_lookup(trees[1], "d", 1))->flags |= ENTRY_EXPANDED;
	step(0);
	ck_assert_str_eq(list(), ">d/ .x .y z");
	compare_view_show(&view, row(0, "d"), row(0, "d/y"));
	step(0);
	ck_assert_str_eq(list(), "x >y");
	for (size_t pane = 0; pane < PANES; pane++)
		drop(pane, "d");
	step(0);
	ck_assert_uint_eq(view.dir, COMPARE_TOP);
	ck_assert_str_eq(list(), ">z");
}
END_TEST

/* The next row of a kind as a path. */
static const char *seek(const struct compare_seek_kind *kind, compare_id from, compare_id *found)
{
	static struct buf path;
	struct compare_seek *at = compare_seek_new(compare, kind, from);

	ck_assert_ptr_nonnull(at);
	while (!compare_seek_step(at, 3, found))
		;
	compare_seek_free(at);
	buf_clear(&path);
	if (*found)
		compare_path(compare, *found, &path);
	return buf_str(&path);
}

START_TEST(the_next_difference_is_found_below_and_above)
{
	static const char *const want[] = { "a/in/y", "a/z", "c", "only", "s" };
	struct compare_seek_kind kind = {
		.direction = 1, .states = 1 << COMPARE_DIFFERENT | 1 << COMPARE_MISSING | 1 << COMPARE_ERROR, .alone = SIZE_MAX,
	};
	compare_id found = COMPARE_TOP;

	add_all("a/");
	add_all("a/in/");
	add_all("a/in/x");
	add(1, "a/in/y", 1);
	add(2, "a/z", 1);
	add_all("b/");
	add_all("b/same");
	add(0, "c/", 1);
	add(0, "c/x", 1);
	add_all("m");
	add(1, "only", 1);
	add(0, "s", 1);
	add(1, "s", 2);
	add(2, "s", 3);
	add_all("t");
	step(0);
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		ck_assert_str_eq(seek(&kind, found, &found), want[i]);
	ck_assert_str_eq(seek(&kind, found, &found), "");
	kind.direction = -1;
	found = COMPARE_TOP;
	for (size_t i = ARRAY_LEN(want); i-- > 0;)
		ck_assert_str_eq(seek(&kind, found, &found), want[i]);
	ck_assert_str_eq(seek(&kind, found, &found), "");
	/* where the second pane stands alone: `s` has three versions, and `c` and `a/z` are another's */
	kind = (struct compare_seek_kind){ .direction = 1, .states = kind.states, .alone = 1 };
	found = COMPARE_TOP;
	ck_assert_str_eq(seek(&kind, found, &found), "a/in/y");
	ck_assert_str_eq(seek(&kind, found, &found), "only");
	ck_assert_str_eq(seek(&kind, found, &found), "");
}
END_TEST

START_TEST(a_directory_is_before_what_is_in_it)
{
	struct compare_seek_kind kind = { .direction = -1, .states = 1 << COMPARE_MISSING, .alone = SIZE_MAX };
	compare_id found;

	add(0, "d/", 1);
	add(1, "d/", 1);
	add(0, "d/x", 1);
	add_all("e");
	step(0);
	ck_assert_str_eq(seek(&kind, row(0, "e"), &found), "d/x");
	ck_assert_str_eq(seek(&kind, found, &found), "d");
	kind.direction = 1;
	ck_assert_str_eq(seek(&kind, found, &found), "d/x");
}
END_TEST

START_TEST(a_pane_can_be_the_measure)
{
	static const uint8_t order[] = { 1, 0, 2 };
	struct compare_look look;

	add(0, "f", 1);
	add(1, "f", 2);
	add(2, "f", 1);
	tree_entry(trees[2], add(2, "g", 1))->mode = S_IFREG | 0600;
	add(0, "g", 1);
	add(1, "g", 1);
	step(0);
	compare_look_by(compare, row(0, "f"), order, true, &look);
	ck_assert_str_eq(look.letters, "bab");
	compare_look_by(compare, row(0, "g"), (const uint8_t[]){ 0, 1, 2 }, true, &look);
	ck_assert_uint_eq(look.differs, COMPARE_DIFFERS_MODE);
	drop(2, "g");
	step(0);
	compare_look_by(compare, row(0, "g"), (const uint8_t[]){ 2, 0, 1 }, true, &look);
	ck_assert_str_eq(look.letters, "aa-");
}
END_TEST

START_TEST(other_criteria_begin_with_nothing_known)
{
	const struct compare_counts *below;

	add(0, "f", 1);
	add(1, "f", 2);
	add(2, "f", 1);
	step(0);
	ck_assert_uint_eq(compare_below(compare, COMPARE_TOP)->of[COMPARE_DIFFERENT], 1);
	compare_set_by(compare, COMPARE_MTIME);
	below = compare_below(compare, COMPARE_TOP);
	ck_assert_uint_eq(below->of[COMPARE_DIFFERENT], 0);
	ck_assert_uint_eq(below->of[COMPARE_PENDING], 1);
	step(0);
	ck_assert_uint_eq(compare_below(compare, COMPARE_TOP)->of[COMPARE_SAME], 1);
}
END_TEST

START_TEST(nothing_is_asked_again_before_the_answer)
{
	struct compare_ask early;
	struct compare_ask later;
	struct compare_look look;

	compare_set_by(compare, COMPARE_CONTENT);
	add(1, "f", 1);
	add(2, "f", 1);
	step(0);
	ck_assert(compare_ask(compare, row(1, "f"), &early));
	ck_assert_uint_eq(early.count, 2);
	add(0, "f", 1);
	step(0);
	ck_assert(!compare_ask(compare, row(1, "f"), &later));
	compare_answer(compare, &early, (const uint8_t[]){ 1, 2 });
	step(0);
	compare_look(compare, row(1, "f"), &look);
	ck_assert_str_eq(look.letters, "a..");
	ck_assert_int_eq(look.state, COMPARE_DIFFERENT);
	ck_assert(compare_ask(compare, row(1, "f"), &later));
	ck_assert_uint_eq(later.count, 3);
	compare_answer(compare, &later, (const uint8_t[]){ 1, 2, 1 });
	step(0);
	compare_look(compare, row(1, "f"), &look);
	ck_assert_str_eq(look.letters, "aba");
}
END_TEST

/* A file of one size, with a time. */
static void add_at(size_t pane, const char *path, int64_t mtime)
{
	struct attrs attrs = { .flags = ATTRS_KNOWN, .mode = S_IFREG | 0644, .nlink = 1, .ino = 7, .dev = pane, .size = 1, .mtime = mtime };

	ck_assert_int_eq(tree_set_attrs(trees[pane], add(pane, path, 1), &attrs), 0);
}

START_TEST(what_comes_late_is_held_against_one_of_each_class)
{
	struct compare_ask early;
	struct compare_ask ask;
	struct compare_look look;
	unsigned rounds = 0;

	compare_set_by(compare, COMPARE_AUTO);
	add_at(1, "f", 1);
	add_at(2, "f", 2);
	step(0);
	ck_assert(compare_ask(compare, row(1, "f"), &early));
	/* as old as the second one: nobody has to read that for the two of them, but it stands for the third, too */
	add_at(0, "f", 1);
	step(0);
	compare_answer(compare, &early, (const uint8_t[]){ 1, 1 });
	step(0);
	while (compare_ask(compare, row(0, "f"), &ask)) {
		ck_assert_uint_lt(rounds++, 2);
		ck_assert_uint_eq(ask.count, 2);
		ck_assert_uint_eq(ask.files[1].pane, 1);
		compare_answer(compare, &ask, (const uint8_t[]){ 1, 1 });
		step(0);
	}
	compare_look(compare, row(0, "f"), &look);
	ck_assert_str_eq(look.letters, "aaa");
	ck_assert_int_eq(look.state, COMPARE_SAME);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("compare_view");
	TCase *tcase = tcase_create("compare_view");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, directories_stand_before_files_and_names_in_order);
	tcase_add_test(tcase, many_rows_are_sorted_in_parts);
	tcase_add_test(tcase, what_comes_stands_at_the_end_until_it_is_sorted);
	tcase_add_test(tcase, what_goes_leaves_at_once_and_the_cursor_moves_on);
	tcase_add_test(tcase, the_cursor_keeps_its_line_on_the_screen);
	tcase_add_test(tcase, states_and_filters_say_what_is_shown);
	tcase_add_test(tcase, runs_that_are_the_same_are_folded);
	tcase_add_test(tcase, what_differs_in_its_mode_is_not_folded);
	tcase_add_test(tcase, open_directories_have_their_rows_below_them);
	tcase_add_test(tcase, the_next_difference_is_found_below_and_above);
	tcase_add_test(tcase, a_directory_is_before_what_is_in_it);
	tcase_add_test(tcase, a_pane_can_be_the_measure);
	tcase_add_test(tcase, nothing_is_asked_again_before_the_answer);
	tcase_add_test(tcase, what_comes_late_is_held_against_one_of_each_class);
	tcase_add_test(tcase, other_criteria_begin_with_nothing_known);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
