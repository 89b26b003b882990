#include <check.h>

#include "layout.h"

enum { COLS = 120, ROWS = 60, PANES = 12 };

static bool inside(const struct rect *in, const struct rect *out)
{
	return rect_empty(in) || (in->x >= out->x && in->y >= out->y && in->x + in->w <= out->x + out->w &&
	                          in->y + in->h <= out->y + out->h);
}

static bool overlap(const struct rect *a, const struct rect *b)
{
	return !rect_empty(a) && !rect_empty(b) && a->x < b->x + b->w && b->x < a->x + a->w && a->y < b->y + b->h &&
	       b->y < a->y + a->h;
}

static void check_screen(int cols, int rows, struct layout *layout)
{
	const struct rect screen = { 0, 0, cols, rows };

	layout_screen(cols, rows, layout);
	ck_assert(!rect_empty(&layout->panes));
	ck_assert(inside(&layout->panes, &screen) && inside(&layout->status, &screen) && inside(&layout->hint, &screen));
	ck_assert(!overlap(&layout->panes, &layout->status) && !overlap(&layout->panes, &layout->hint));
	ck_assert(!overlap(&layout->status, &layout->hint));
	ck_assert_int_eq(layout->panes.h + layout->status.h + layout->hint.h, rows);
}

/** The panes lie inside, apart, and together cover all of it; the active one is there. */
static void check_panes(const struct rect *area, size_t count, size_t active, bool zoom)
{
	struct rect panes[PANES];
	int covered = 0;

	layout_panes(*area, count, active, zoom, panes);
	for (size_t i = 0; i < count; i++) {
		ck_assert(inside(&panes[i], area));
		covered += rect_empty(&panes[i]) ? 0 : panes[i].w * panes[i].h;
		for (size_t j = 0; j < i; j++)
			ck_assert(!overlap(&panes[i], &panes[j]));
		if (!rect_empty(&panes[i])) {
			ck_assert(panes[i].w >= LAYOUT_COLUMN || panes[i].w == area->w);
			ck_assert(panes[i].h >= LAYOUT_HEIGHT || panes[i].h == area->h);
		}
	}
	ck_assert(!rect_empty(&panes[active]));
	ck_assert_int_eq(covered, area->w * area->h);
}

START_TEST(test_every_size)
{
	for (int cols = 1; cols <= COLS; cols++) {
		for (int rows = 1; rows <= ROWS; rows++) {
			struct layout layout;

			check_screen(cols, rows, &layout);
			for (size_t active = 0; active < (size_t)_i; active += (size_t)_i > 1 ? (size_t)_i - 1 : 1) {
				check_panes(&layout.panes, (size_t)_i, active, false);
				check_panes(&layout.panes, (size_t)_i, active, true);
			}
		}
	}
}
END_TEST

static const struct known {
	int cols, rows;
	size_t count, index;
	struct rect rect;
} known[] = {
	{ 80, 24, 1, 0, { 0, 0, 80, 22 } },
	{ 80, 24, 2, 0, { 0, 0, 40, 22 } },
	{ 80, 24, 2, 1, { 40, 0, 40, 22 } },
	{ 80, 24, 3, 1, { 27, 0, 27, 22 } },
	{ 80, 24, 4, 0, { 0, 0, 40, 11 } },
	{ 80, 24, 4, 3, { 40, 11, 40, 11 } },
	{ 80, 24, 5, 4, { 40, 11, 40, 11 } },
	{ 47, 24, 2, 1, { 0, 11, 47, 11 } },
	{ 1, 1, 1, 0, { 0, 0, 1, 1 } },
	{ 1, 1, 4, 3, { 0, 0, 0, 0 } },
};

START_TEST(test_known)
{
	const struct known *test = &known[_i];
	struct layout layout;
	struct rect panes[PANES];
	struct rect *got = &panes[test->index];

	layout_screen(test->cols, test->rows, &layout);
	layout_panes(layout.panes, test->count, 0, false, panes);
	ck_assert_int_eq(got->x, test->rect.x);
	ck_assert_int_eq(got->y, test->rect.y);
	ck_assert_int_eq(got->w, test->rect.w);
	ck_assert_int_eq(got->h, test->rect.h);
}
END_TEST

START_TEST(test_lines)
{
	static const struct { int rows, status, hint; } cases[] = {
		{ 1, 0, 0 }, { 3, 0, 0 }, { 4, 1, 0 }, { 5, 1, 0 }, { 6, 1, 1 }, { 24, 1, 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct layout layout;

		layout_screen(80, cases[i].rows, &layout);
		ck_assert_int_eq(layout.status.h, cases[i].status);
		ck_assert_int_eq(layout.hint.h, cases[i].hint);
	}
}
END_TEST

START_TEST(test_neighbour)
{
	struct rect panes[5];

	layout_panes((struct rect){ 0, 0, 80, 22 }, 5, 0, false, panes);  /* three above two */
	ck_assert_uint_eq(layout_neighbour(panes, 5, 0, 1, 0), 1);
	ck_assert_uint_eq(layout_neighbour(panes, 5, 2, 1, 0), 2);
	ck_assert_uint_eq(layout_neighbour(panes, 5, 2, -1, 0), 1);
	ck_assert_uint_eq(layout_neighbour(panes, 5, 0, 0, 1), 3);
	ck_assert_uint_eq(layout_neighbour(panes, 5, 2, 0, 1), 4);
	ck_assert_uint_eq(layout_neighbour(panes, 5, 4, 0, -1), 1);
	ck_assert_uint_eq(layout_neighbour(panes, 5, 3, 0, 1), 3);
}
END_TEST

START_TEST(test_rects)
{
	struct rect rect = rect_center((struct rect){ 0, 0, 80, 24 }, 40, 10);

	ck_assert(rect.x == 20 && rect.y == 7 && rect.w == 40 && rect.h == 10);
	rect = rect_center((struct rect){ 5, 5, 3, 3 }, 40, 10);
	ck_assert(rect.x == 5 && rect.y == 5 && rect.w == 3 && rect.h == 3);
	rect = rect_inset(rect, 1, 1);
	ck_assert(rect.x == 6 && rect.y == 6 && rect.w == 1 && rect.h == 1);
	rect = rect_inset(rect, 1, 1);
	ck_assert(rect_empty(&rect) && rect.w == 0 && rect.h == 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("layout");
	TCase *tests = tcase_create("layout");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tests, test_every_size, 1, PANES + 1);
	tcase_add_loop_test(tests, test_known, 0, ARRAY_LEN(known));
	tcase_add_test(tests, test_lines);
	tcase_add_test(tests, test_neighbour);
	tcase_add_test(tests, test_rects);
	tcase_set_timeout(tests, 60);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
