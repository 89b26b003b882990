/*
 * The arena: every length at every place of a chunk comes back as it was, and never moves.
 */
#include "arena.h"

#include <check.h>
#include <errno.h>
#include <string.h>

static const size_t lengths[] = { 0, 1, 2, 126, 127, 128, 129, 255, 256, 16383, 16384, ARRAY_LEN("x"), ARENA_MAX_STRING - 1,
				  ARENA_MAX_STRING };

START_TEST(keeps)
{
	enum { ROUNDS = 100 };
	struct arena arena = ARENA_INIT;
	uint32_t at[ROUNDS][ARRAY_LEN(lengths)];
	const char *where[ROUNDS][ARRAY_LEN(lengths)];
	char *bytes = malloc(ARENA_MAX_STRING + 1);
	size_t len;

	ck_assert_ptr_nonnull(bytes);
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
			memset(bytes, (int)(round * 31 + i), lengths[i]);
			at[round][i] = arena_add(&arena, bytes, lengths[i]);
			ck_assert_uint_ne(at[round][i], 0);
			where[round][i] = arena_get(&arena, at[round][i], &len);
		}
	}
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
			const char *found = arena_get(&arena, at[round][i], &len);

			memset(bytes, (int)(round * 31 + i), lengths[i]);
			ck_assert_ptr_eq(found, where[round][i]);
			ck_assert_uint_eq(len, lengths[i]);
			ck_assert(memcmp(found, bytes, len) == 0);
		}
	}
	ck_assert_uint_ge(arena_memory(&arena), ROUNDS * ARENA_MAX_STRING);
	ck_assert_uint_eq(arena_add(&arena, bytes, ARENA_MAX_STRING + 1), 0);
	ck_assert_int_eq(errno, EINVAL);
	arena_fini(&arena);
	ck_assert_uint_eq(arena_memory(&arena), 0);
	free(bytes);
}
END_TEST

/* A short string costs its length and one byte. */
START_TEST(is_small)
{
	struct arena arena = ARENA_INIT;
	uint32_t first = arena_add(&arena, "12345678901234567890", 20);

	ck_assert_uint_ne(first, 0);
	ck_assert_uint_eq(arena_add(&arena, "x", 1), first + 21);
	arena_fini(&arena);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("arena");
	TCase *tests = tcase_create("arena");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, keeps);
	tcase_add_test(tests, is_small);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
