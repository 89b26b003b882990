/*
 * Names that mean the same: a table of the letters that are known for it, and over all of Unicode that what is folded stays as it is,
 * and that a letter and its parts fold to the same.
 */
#include "fold.h"

#include <check.h>
#include <string.h>
#include <utf8proc.h>

enum { BOTH = FOLD_CASE | FOLD_UNICODE };

static const struct {
	const char *name;
	const char *other;
	unsigned alike; /* 1 << flags for all flags, 0 to 3, under which they are */
} pairs[] = {
#define NEVER 0
#define BY_CASE (1 << FOLD_CASE | 1 << BOTH)
#define BY_UNICODE (1 << FOLD_UNICODE | 1 << BOTH)
#define ALWAYS 15
	{ "readme", "readme", ALWAYS },
	{ "README", "readme", BY_CASE },
	{ "[\\]^_`", "{|}~\x7f@", NEVER },
	{ "a b", "ab", NEVER },
	{ "A\nB\t", "a\nb\t", BY_CASE },
	/* forms: composed or not, marks in another order, letters that are drawn alike and are not the same */
	{ "caf\u00e9", "cafe\u0301", BY_UNICODE },
	{ "CAF\u00c9", "cafe\u0301", 1 << BOTH },
	{ "CAF\u00c9", "caf\u00e9", BY_CASE },
	{ "a\u0323\u0307", "a\u0307\u0323", BY_UNICODE },
	{ "\u1e69", "s\u0323\u0307", BY_UNICODE },
	{ "\u212b", "\u00c5", BY_UNICODE | BY_CASE },
	{ "\uac00", "\u1100\u1161", BY_UNICODE },
	{ "\u00e9", "e", NEVER },
	{ "\ufb01n", "fin", BY_CASE },
	{ "\u00b2", "2", NEVER },
	{ "\u0430", "a", NEVER },
	/* case: letters that become two, that have several small ones, or none */
	{ "STRASSE", "stra\u00dfe", BY_CASE },
	{ "STRA\u1e9eE", "strasse", BY_CASE },
	{ "\u03a3\u03a3", "\u03c3\u03c2", BY_CASE },
	{ "\u212a", "k", BY_CASE },
	{ "I", "i", BY_CASE },
	{ "I", "\u0131", NEVER },
	{ "\u0130", "i", NEVER },
	{ "\u0130", "i\u0307", BY_CASE },
	{ "\u0130", "I\u0307", BY_UNICODE | BY_CASE },
	{ "\u01c4", "\u01c6", BY_CASE },
	{ "\u01c5", "\u01c6", BY_CASE },
	{ "\u13a0", "\uab70", BY_CASE },
	{ "\U00010400", "\U00010428", BY_CASE },
	/* an iota below an accent, in all its spellings */
	{ "\u1fb4", "\u03b1\u0345\u0301", BY_UNICODE },
	{ "\u1fb4", "\u03b1\u0301\u0345", BY_UNICODE },
	{ "\u1fbc", "\u1fb3", BY_CASE },
	/* what is not UTF-8 means itself, all of it */
	{ "\xff", "\xff", ALWAYS },
	{ "\xff", "\xfe", NEVER },
	{ "A\xff", "a\xff", NEVER },
	{ "\xff" "A", "\xff" "a", NEVER },
	{ "\xc3", "\xe3", NEVER },
	{ "\xc0\xafX", "\xc0\xafx", NEVER },
	{ "\xed\xa0\x80X", "\xed\xa0\x80x", NEVER },
	{ "e\u0301\xff", "\u00e9\xff", NEVER },
	/* what cannot be seen counts */
	{ "a\u200b", "a", NEVER },
	{ "a\u00ad", "a", NEVER },
	{ "a\ufe0f", "a", NEVER },
	{ "\ufeff" "a", "a", NEVER },
	{ "a\u0378", "a\u0379", NEVER },
	{ "\uffff", "\ufffe", NEVER },
};

/* Are two names alike? */
static bool alike(const char *name, size_t len, const char *other, size_t other_len, unsigned flags)
{
	struct buf a = BUF_INIT;
	struct buf b = BUF_INIT;
	bool same;

	fold_name(&a, name, len, flags);
	fold_name(&b, other, other_len, flags);
	ck_assert(!a.failed && !b.failed);
	same = a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
	buf_fini(&a);
	buf_fini(&b);
	return same;
}

START_TEST(folds_as_the_table_says)
{
	for (unsigned flags = 0; flags <= BOTH; flags++) {
		const char *name = pairs[_i].name;
		const char *other = pairs[_i].other;

		ck_assert_msg(alike(name, strlen(name), other, strlen(other), flags) == (pairs[_i].alike >> flags & 1), "%s %s by %u", name,
		              other, flags);
		ck_assert(alike(name, strlen(name), name, strlen(name), flags));
	}
}
END_TEST

START_TEST(appends)
{
	struct buf out = BUF_INIT;

	buf_add_str(&out, "X");
	fold_name(&out, "Ab", 2, FOLD_CASE);
	fold_name(&out, "\u00c9", 2, FOLD_CASE);
	fold_name(&out, "\xff" "A", 2, FOLD_CASE);
	fold_name(&out, "", 0, BOTH);
	ck_assert_str_eq(buf_str(&out), "Xab\u00e9\xff" "A");
	buf_fini(&out);
}
END_TEST

/* A character, between others, in its parts. Returns how long it is; 0 when it has none. */
static size_t in_parts(utf8proc_int32_t code, utf8proc_option_t form, char out[256])
{
	utf8proc_uint8_t whole[16] = "x";
	utf8proc_uint8_t *parts = NULL;
	size_t len = 1 + (size_t)utf8proc_encode_char(code, whole + 1);
	utf8proc_ssize_t got;

	memcpy(whole + len, "\u0301", 2);
	got = utf8proc_map(whole, (utf8proc_ssize_t)len + 2, &parts, UTF8PROC_STABLE | form);
	ck_assert_int_lt((int)got, 256);
	if (got > 0)
		memcpy(out, parts, (size_t)got);
	free(parts);
	return got > 0 ? (size_t)got : 0;
}

START_TEST(folds_all_characters)
{
	static const unsigned kinds[] = { FOLD_CASE, FOLD_UNICODE, BOTH };

	for (utf8proc_int32_t code = 0x80 + _i; code < 0x110000; code += 4) {
		char apart[256];
		char joined[256];
		struct buf once = BUF_INIT;
		size_t apart_len;
		size_t joined_len;

		if (!utf8proc_codepoint_valid(code) || utf8proc_category(code) == UTF8PROC_CATEGORY_CN)
			continue;
		apart_len = in_parts(code, UTF8PROC_DECOMPOSE, apart);
		joined_len = in_parts(code, UTF8PROC_COMPOSE, joined);
		if (!apart_len)
			continue;
		if (!alike(apart, apart_len, joined, joined_len, FOLD_UNICODE) || !alike(apart, apart_len, joined, joined_len, BOTH))
			ck_abort_msg("U+%04X in parts", (unsigned)code);
		for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
			buf_clear(&once);
			fold_name(&once, joined, joined_len, kinds[i]);
			if (once.len == 0 || !alike(once.data, once.len, joined, joined_len, kinds[i]))
				ck_abort_msg("U+%04X by %u", (unsigned)code, kinds[i]);
		}
		buf_fini(&once);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fold");
	TCase *tests = tcase_create("fold");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, folds_as_the_table_says, 0, (int)ARRAY_LEN(pairs));
	tcase_add_test(tests, appends);
	tcase_add_loop_test(tests, folds_all_characters, 0, 4);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
