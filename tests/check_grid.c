#include <check.h>
#include <string.h>

#include "grid.h"

static struct grid grid;

static void setup(void)
{
	grid_init(&grid, false);
	ck_assert_int_eq(grid_resize(&grid, 8, 3), 0);
}

static void teardown(void)
{
	grid_fini(&grid);
}

/** Whether the grid shows these lines. */
static void assert_shows(const char *lines)
{
	struct buf out = BUF_INIT;

	grid_dump(&grid, &out);
	ck_assert_str_eq(buf_str(&out), lines);
	buf_fini(&out);
}

/** Every wide character has its other half, and no half is alone. */
static void assert_sound(void)
{
	for (int y = 0; y < grid.rows; y++) {
		for (int x = 0; x < grid.cols; x++) {
			const struct cell *cell = grid_at(&grid, x, y);

			ck_assert_int_le(cell->width, 2);
			if (cell->width == 2)
				ck_assert(x + 1 < grid.cols && grid_at(&grid, x + 1, y)->width == 0);
			if (cell->width == 0)
				ck_assert(x > 0 && grid_at(&grid, x - 1, y)->width == 2 && cell->len == 0);
			else
				ck_assert_int_ge(cell->len, 1);
		}
	}
}

static const struct put_case {
	int x, y, max;
	const char *text;
	int used;
	const char *shows;
} put_cases[] = {
	{ 0, 0, 8, "abc", 3, "abc\n\n\n" },
	{ 2, 1, 2, "abc", 2, "\n  ab\n\n" },
	{ 6, 0, 8, "abc", 2, "      ab\n\n\n" },
	{ -2, 0, 8, "abcd", 4, "cd\n\n\n" },
	{ 0, 3, 8, "abc", 3, "\n\n\n" },
	{ 0, -1, 8, "abc", 3, "\n\n\n" },
	{ 8, 0, 8, "abc", 0, "\n\n\n" },
	{ 0, 0, 0, "abc", 0, "\n\n\n" },
	{ 0, 0, -5, "abc", 0, "\n\n\n" },
	{ 0, 0, 8, "日本", 4, "日本\n\n\n" },
	{ 0, 0, 3, "日本", 3, "日\n\n\n" },
	{ 0, 0, 1, "日本", 1, "\n\n\n" },
	{ 5, 0, 8, "日本", 4, "     日\n\n\n" },
	{ -1, 0, 8, "日本", 4, " 本\n\n\n" },
	{ 0, 0, 8, "e\xcc\x81x", 2, "e\xcc\x81x\n\n\n" },
};

START_TEST(test_put)
{
	const struct put_case *test = &put_cases[_i];

	ck_assert_int_eq(grid_put_str(&grid, test->x, test->y, test->max, test->text, 7), test->used);
	assert_shows(test->shows);
	assert_sound();
}
END_TEST

START_TEST(test_half_replaced)
{
	grid_put_str(&grid, 0, 0, 8, "日本語", 1);
	grid_put_str(&grid, 1, 0, 1, "x", 2);
	assert_shows(" x本語\n\n\n");
	grid_put_str(&grid, 4, 0, 1, "y", 2);
	assert_shows(" x本y\n\n\n");
	grid_put_str(&grid, 1, 0, 2, "中", 2);
	assert_shows(" 中 y\n\n\n");
	ck_assert_uint_eq(grid_at(&grid, 1, 0)->style, 2);
	ck_assert_uint_eq(grid_at(&grid, 2, 0)->style, 2);
	grid_fill(&grid, 2, 0, 2, 1, 3);
	assert_shows("    y\n\n\n");
	assert_sound();
}
END_TEST

START_TEST(test_fill_restyle)
{
	grid_put_str(&grid, 0, 1, 8, "abcdefgh", 1);
	grid_fill(&grid, 2, -5, 3, 100, 4);
	assert_shows("\nab   fgh\n\n");
	ck_assert_uint_eq(grid_at(&grid, 2, 2)->style, 4);
	grid_restyle(&grid, -1, 1, 3, 1, 9);
	ck_assert_uint_eq(grid_at(&grid, 1, 1)->style, 9);
	ck_assert_uint_eq(grid_at(&grid, 2, 1)->style, 4);
	grid_fill(&grid, 8, 0, 1, 1, 5);
	grid_fill(&grid, 0, 0, 0, 1, 5);
	ck_assert_uint_eq(grid_at(&grid, 0, 0)->style, 0);
}
END_TEST

START_TEST(test_box)
{
	grid_box(&grid, 0, 0, 8, 3, 1);
	grid_symbol(&grid, 0, 1, GRID_TEE_LEFT, 1, 1);
	grid_symbol(&grid, 1, 1, GRID_HLINE, 6, 1);
	grid_symbol(&grid, 7, 1, GRID_TEE_RIGHT, 1, 1);
	assert_shows("┌──────┐\n├──────┤\n└──────┘\n");
	grid_clear(&grid);
	grid_box(&grid, 2, 0, 1, 3, 1);
	grid_box(&grid, 4, 1, 3, 1, 1);
	assert_shows("  │\n  │ ───\n  │\n");
	grid_clear(&grid);
	grid_box(&grid, 6, 1, 9, 9, 1);
	assert_shows("\n      ┌─\n      │\n");
	grid_box(&grid, 0, 0, 0, 5, 1);
	grid.ascii = true;
	grid_clear(&grid);
	grid_box(&grid, 0, 0, 4, 3, 1);
	grid_put_str(&grid, 5, 0, 3, "é日", 0);
	assert_shows("+--+ ??\n|  |\n+--+\n");
	assert_sound();
}
END_TEST

START_TEST(test_cursor_and_size)
{
	ck_assert_int_eq(grid.cursor_x, -1);
	grid_cursor(&grid, 100, -3);
	ck_assert_int_eq(grid.cursor_x, 7);
	ck_assert_int_eq(grid.cursor_y, 0);
	ck_assert_int_eq(grid_resize(&grid, 0, -5), 0);
	ck_assert_int_eq(grid.cols, 1);
	ck_assert_int_eq(grid.rows, 1);
	ck_assert_int_eq(grid.cursor_x, -1);
	grid_put_str(&grid, 0, 0, 5, "日", 0);
	assert_shows("\n");
	ck_assert_int_eq(grid_resize(&grid, 1 << 20, 1), 0);
	ck_assert_int_eq(grid.cols, GRID_SIDE);
	assert_sound();
}
END_TEST

START_TEST(test_unsure)
{
	int end;

	grid_put_str(&grid, 0, 0, 8, "a日本b─é", 0);
	ck_assert_int_eq(grid_unsure(&grid, 0, 0, &end), 1);
	ck_assert_int_eq(end, 5);
	ck_assert_int_eq(grid_unsure(&grid, 0, 5, &end), 8);
	ck_assert_int_eq(end, 8);
	grid_put_str(&grid, 0, 1, 8, "xe\xcc\x81y", 0);
	ck_assert_int_eq(grid_unsure(&grid, 1, 0, &end), 1);
	ck_assert_int_eq(end, 2);
}
END_TEST

/** Any sequence of calls leaves whole characters only, and stays inside. */
START_TEST(test_random)
{
	static const char *const texts[] = { "a", "日", "x日", "日x本", "", "e\xcc\x81", "────" };
	uint32_t seed = 12345 + (uint32_t)_i;

	ck_assert_int_eq(grid_resize(&grid, 1 + _i, 3), 0);
	for (int i = 0; i < 5000; i++) {
		int n[5];

		for (size_t j = 0; j < ARRAY_LEN(n); j++) {
			seed = seed * 1664525 + 1013904223;
			n[j] = (int)(seed >> 16) % 14 - 3;
		}
		if (n[4] % 3 == 0)
			grid_fill(&grid, n[0], n[1], n[2], n[3], 2);
		else if (n[4] == 1)
			grid_box(&grid, n[0], n[1], n[2], n[3], 2);
		else
			grid_put_str(&grid, n[0], n[1], n[2], texts[(n[3] + 3) % (int)ARRAY_LEN(texts)], 1);
		assert_sound();
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("grid");
	TCase *tests = tcase_create("grid");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, test_put, 0, ARRAY_LEN(put_cases));
	tcase_add_test(tests, test_half_replaced);
	tcase_add_test(tests, test_fill_restyle);
	tcase_add_test(tests, test_box);
	tcase_add_test(tests, test_cursor_and_size);
	tcase_add_test(tests, test_unsure);
	tcase_add_loop_test(tests, test_random, 0, 9);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
