/*
 * Buffers and the growth of arrays: content, limits, and that a failure sticks.
 */
#include "buf.h"

#include <check.h>
#include <errno.h>
#include <string.h>

START_TEST(adds)
{
	struct buf buf = BUF_INIT;

	ck_assert_str_eq(buf_str(&buf), "");
	buf_add(&buf, NULL, 0);
	buf_add(&buf, "ab\0c", 4);
	buf_add_byte(&buf, 0xff);
	buf_add_str(&buf, "");
	buf_add_str(&buf, "de");
	buf_printf(&buf, "%d%s", -7, "x");
	buf_printf(&buf, "%s", "");
	ck_assert_uint_eq(buf.len, 10);
	ck_assert_mem_eq(buf.data, "ab\0c\xff" "de-7x", 10);
	ck_assert_mem_eq(buf_str(&buf), "ab\0c\xff" "de-7x", 11);
	ck_assert_uint_eq(buf.len, 10);
	buf_fini(&buf);
	ck_assert_ptr_null(buf.data);
	buf_fini(&buf);
}
END_TEST

START_TEST(drops)
{
	static const struct {
		size_t drop;
		const char *left;
	} cases[] = { { 0, "abcdef" }, { 1, "bcdef" }, { 3, "ef" }, { 2, "" }, { 0, "" } };
	struct buf buf = BUF_INIT;

	buf_drop(&buf, 0);
	buf_add_str(&buf, "abcdef");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		buf_drop(&buf, cases[i].drop);
		ck_assert_str_eq(buf_str(&buf), cases[i].left);
	}
	buf_fini(&buf);
}
END_TEST

START_TEST(grows)
{
	struct buf buf = BUF_INIT;

	for (unsigned i = 0; i < 100000; i++)
		buf_printf(&buf, "%05u", i);
	ck_assert_uint_eq(buf.len, 500000);
	ck_assert(!buf.failed);
	ck_assert_mem_eq(buf.data + 5 * 12345, "12345", 5);
	buf_clear(&buf);
	ck_assert_uint_eq(buf.len, 0);
	ck_assert_uint_ge(buf.cap, 500000);
	buf_fini(&buf);
}
END_TEST

/* Lengths that no memory holds: the failure is kept, and clearing forgets it. */
START_TEST(failures_stick)
{
	static const size_t lengths[] = { SIZE_MAX, SIZE_MAX - 2 };
	struct buf buf = BUF_INIT;

	buf_add_str(&buf, "abc");
	ck_assert_ptr_null(buf_room(&buf, lengths[_i]));
	ck_assert(buf.failed);
	buf_add_str(&buf, "def");
	buf_add_byte(&buf, 'x');
	buf_printf(&buf, "%d", 1);
	ck_assert_uint_eq(buf.len, 3);
	ck_assert_ptr_null(buf_str(&buf));
	buf_clear(&buf);
	buf_add_str(&buf, "def");
	ck_assert_str_eq(buf_str(&buf), "def");
	buf_fini(&buf);
}
END_TEST

START_TEST(arrays_grow)
{
	uint64_t *items = NULL;
	size_t cap = 0;

	ck_assert_int_eq(vec_grow(&items, &cap, 0, sizeof *items), 0);
	ck_assert_ptr_null(items);
	for (size_t i = 0; i < 1000; i++) {
		ck_assert_int_eq(vec_grow(&items, &cap, i + 1, sizeof *items), 0);
		ck_assert_uint_gt(cap, i);
		items[i] = i;
	}
	for (size_t i = 0; i < 1000; i++)
		ck_assert_uint_eq(items[i], i);
	ck_assert_int_eq(vec_grow(&items, &cap, SIZE_MAX / 8 + 2, sizeof *items), -1);
	ck_assert_int_eq(errno, ENOMEM);
	ck_assert_uint_eq(items[999], 999);
	free(items);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("buf");
	TCase *tests = tcase_create("buf");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tests, adds);
	tcase_add_test(tests, drops);
	tcase_add_test(tests, grows);
	tcase_add_loop_test(tests, failures_stick, 0, 2);
	tcase_add_test(tests, arrays_grow);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
