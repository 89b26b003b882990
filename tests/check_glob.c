/*
 * Patterns: by tables, against a plain recursive matcher on random ones, and that none takes
 * exponential time.
 */
#include "glob.h"

#include <check.h>
#include <errno.h>
#include <string.h>

static const struct {
	const char *pattern;
	const char *text;
	bool matches;
} matches[] = {
	{ "", "", true },
	{ "", "a", false },
	{ "a", "a", true },
	{ "a", "A", false },
	{ "abc", "ab", false },
	{ "*", "", true },
	{ "*", "abc", true },
	{ "*", ".git", true },
	{ "*", "a/b", false },
	{ "*.o", "main.o", true },
	{ "*.o", "main.c", false },
	{ "*.o", ".o", true },
	{ "a*b*c", "a-b-b-c", true },
	{ "a*b*c", "a-b-b-cd", false },
	{ "?", "a", true },
	{ "?", "", false },
	{ "?", "/", false },
	{ "a?c", "abc", true },
	/* characters and bytes that are none */
	{ "?", "\u00e9", true },
	{ "??", "\u00e9", false },
	{ "*??", "\u65e5", false },
	{ "caf?", "caf\u00e9", true },
	{ "?", "\xff", true },
	{ "a\xff*", "a\xff\xfe", true },
	{ "[\xff]", "\xff", true },
	{ "[\xff]", "\u00ff", false },
	{ "[\u00e0-\u00ef]", "\u00e9", true },
	{ "[!\u00e9]", "\u00e9", false },
	{ "[!a]", "\xc3", true },
	/* brackets */
	{ "[abc]", "b", true },
	{ "[abc]", "d", false },
	{ "[a-c]x", "bx", true },
	{ "[!a-c]", "b", false },
	{ "[!a-c]", "d", true },
	{ "[^a-c]", "d", true },
	{ "[!a]", "/", false },
	{ "[/]", "/", false },
	{ "[]a]", "]", true },
	{ "[!]a]", "b", true },
	{ "[a-]", "-", true },
	{ "[-a]", "-", true },
	{ "[\\]]", "]", true },
	{ "[\\a-c]", "b", true },
	{ "[a\\-c]", "b", false },
	{ "[*]", "*", true },
	{ "[*]", "a", false },
	{ "[[:digit:]x]", "7", true },
	{ "[[:digit:]x]", "x", true },
	{ "[[:digit:]x]", "y", false },
	{ "[![:alpha:]]", "7", true },
	{ "[[:none:]", ":", true },
	/* what does not form a bracket */
	{ "[", "[", true },
	{ "a[b", "a[b", true },
	{ "[]", "[]", true },
	{ "[!", "[!", true },
	{ "[a-", "[a-", true },
	/* backslashes */
	{ "\\*", "*", true },
	{ "\\*", "a", false },
	{ "\\a", "a", true },
	{ "a\\", "a\\", true },
	{ "\\\\", "\\", true },
	/* slashes */
	{ "a/b", "a/b", true },
	{ "a/*", "a/b", true },
	{ "a/*", "a/b/c", false },
	{ "*/b", "a/b", true },
	{ "a*/b", "ax/b", true },
	{ "a*b", "a/b", false },
	{ "**", "a/b/c", true },
	{ "**", "", true },
	{ "**/b", "b", true },
	{ "**/b", "a/b", true },
	{ "**/b", "x/a/b", true },
	{ "**/b", "xb", false },
	{ "**/b", "a/xb", false },
	{ "a/**", "a/b", true },
	{ "a/**", "a/b/c", true },
	{ "a/**", "a", false },
	{ "a/**/b", "a/b", true },
	{ "a/**/b", "a/x/b", true },
	{ "a/**/b", "a/x/y/b", true },
	{ "a/**/b", "a/xb", false },
	{ "a**b", "a/x/b", true },
	{ "a**b", "ab", true },
	{ "**/*.c", "src/a/b.c", true },
	{ "**/*.c", "b.c", true },
	{ "**/a*/b", "a1/ax/a2/b", true },
	{ "**/a*/b", "a1/x/b", false },
	{ "x**/b", "xa/b", true },
	{ "a/**/b/**/c", "a/1/b/2/3/c", true },
	{ "***", "a/b", true },
};

START_TEST(matches_as_told)
{
	ck_assert_int_eq(glob_match(matches[_i].pattern, strlen(matches[_i].pattern), matches[_i].text,
					strlen(matches[_i].text)), matches[_i].matches);
}
END_TEST

/** A second matcher, short and slow: literals, `?`, `*` and `**` of ASCII. */
static bool slow_match(const char *start, const char *pattern, const char *text)
{
	const char *rest = pattern;

	if (*pattern == '\0')
		return *text == '\0';
	while (*rest == '*')
		rest++;
	if (rest - pattern >= 2 && (pattern == start || pattern[-1] == '/') && *rest == '/') {
		if (slow_match(start, rest + 1, text))
			return true;
		for (; *text; text++) {
			if (*text == '/' && slow_match(start, rest + 1, text + 1))
				return true;
		}
		return false;
	}
	if (rest > pattern) {
		for (;; text++) {
			if (slow_match(start, rest, text))
				return true;
			if (*text == '\0' || (*text == '/' && rest - pattern == 1))
				return false;
		}
	}
	if (*text == '\0' || (*pattern == '?' ? *text == '/' : *pattern != *text))
		return false;
	return slow_match(start, pattern + 1, text + 1);
}

static void random_text(uint64_t *state, char *text, size_t most, const char *alphabet)
{
	size_t len;

	*state = *state * 6364136223846793005u + 1442695040888963407u;
	len = (size_t)(*state >> 33) % most;
	for (size_t i = 0; i < len; i++) {
		*state = *state * 6364136223846793005u + 1442695040888963407u;
		text[i] = alphabet[(*state >> 33) % strlen(alphabet)];
	}
	text[len] = '\0';
}

START_TEST(matches_as_the_slow_one)
{
	uint64_t state = 12;
	char pattern[12];
	char text[12];

	for (int i = 0; i < 1000000; i++) {
		bool fast;

		random_text(&state, pattern, sizeof pattern, "**/?ab");
		random_text(&state, text, sizeof text, "aab/");
		fast = glob_match(pattern, strlen(pattern), text, strlen(text));
		if (fast != slow_match(pattern, pattern, text))
			ck_abort_msg("%s on %s: %d", pattern, text, fast);
	}
}
END_TEST

/** Nothing is read beyond the end of either. */
START_TEST(reads_anything)
{
	uint64_t state = 5;
	char bytes[12];

	for (int i = 0; i < 200000; i++) {
		size_t lens[2];
		char *parts[2];

		for (int part = 0; part < 2; part++) {
			random_text(&state, bytes, sizeof bytes, "[]!-\\*?/a:\xc3\xa9\xff");
			lens[part] = strlen(bytes);
			parts[part] = malloc(lens[part] + 1);
			if (!parts[part])
				ck_abort_msg("no memory");
			/* at the end of the block, so that one byte too far is seen */
			memcpy(parts[part] + 1, bytes, lens[part]);
		}
		glob_match(parts[0] + 1, lens[0], parts[1] + 1, lens[1]);
		free(parts[0]);
		free(parts[1]);
	}
}
END_TEST

/** With exponential time neither of these would end. */
START_TEST(ends)
{
	char pattern[200];
	char text[4000];

	memset(text, 'a', sizeof text);
	for (size_t i = 0; i < sizeof pattern; i++)
		pattern[i] = "*a"[i % 2];
	pattern[sizeof pattern - 1] = 'b';
	ck_assert(!glob_match(pattern, sizeof pattern, text, sizeof text));
	for (size_t i = 0; i < sizeof text; i += 3)
		text[i] = '/';
	for (size_t i = 0; i + 4 <= sizeof pattern; i += 4)
		memcpy(pattern + i, "**/a", 4);
	ck_assert(!glob_match(pattern, sizeof pattern, text, sizeof text));
}
END_TEST

/* ---- Sets ---- */

static const struct {
	const char *pattern;
	const char *path;
	bool is_dir;
	bool matches;
} entries[] = {
	{ "*.o", "main.o", false, true },
	{ "*.o", "src/main.o", false, true },
	{ "*.o", "src/x.o", true, true },
	{ "build", "a/build", true, true },
	{ "build", "build/x", false, false },
	{ "build/", "a/build", true, true },
	{ "build/", "a/build", false, false },
	{ "build//", "build", true, true },
	{ "/build", "build", true, true },
	{ "/build", "a/build", true, false },
	{ "/build/", "build", false, false },
	{ "src/*.o", "src/a.o", false, true },
	{ "src/*.o", "x/src/a.o", false, false },
	{ "**/src/*.o", "x/src/a.o", false, true },
	{ "src/**", "src/a/b", false, true },
	{ "src/**/", "src/a", true, true },
	{ "src/**/", "src/a", false, false },
};

static bool set_has(const struct glob_set *set, const char *path, bool is_dir)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	return glob_set_match(set, name, strlen(name), path, strlen(path), is_dir);
}

START_TEST(sets_look_where_they_should)
{
	struct glob_set set = GLOB_SET_INIT;

	ck_assert_int_eq(glob_set_add(&set, entries[_i].pattern, strlen(entries[_i].pattern)), 0);
	ck_assert_int_eq(set_has(&set, entries[_i].path, entries[_i].is_dir), entries[_i].matches);
	glob_set_fini(&set);
}
END_TEST

START_TEST(sets_hold_many)
{
	struct glob_set set = GLOB_SET_INIT;

	ck_assert(!set_has(&set, "a", false));
	ck_assert_int_eq(glob_set_add(&set, "*.o", 3), 0);
	ck_assert_int_eq(glob_set_add(&set, "tmp/", 4), 0);
	ck_assert(!set.paths);
	ck_assert_int_eq(glob_set_add(&set, "doc/*.pdf", 9), 0);
	ck_assert(set.paths);
	for (int i = 0; i < 40; i++)
		ck_assert_int_eq(glob_set_add(&set, "never", 5), 0);
	ck_assert(set_has(&set, "a.o", false));
	ck_assert(set_has(&set, "x/tmp", true));
	ck_assert(set_has(&set, "doc/a.pdf", false));
	ck_assert(!set_has(&set, "a.pdf", false));
	glob_set_fini(&set);
	ck_assert_uint_eq(set.len, 0);
}
END_TEST

START_TEST(sets_refuse_nothing_at_all)
{
	static const char *const empty[] = { "", "/", "//" };
	struct glob_set set = GLOB_SET_INIT;

	for (size_t i = 0; i < ARRAY_LEN(empty); i++) {
		errno = 0;
		ck_assert_int_eq(glob_set_add(&set, empty[i], strlen(empty[i])), -1);
		ck_assert_int_eq(errno, EINVAL);
	}
	ck_assert_uint_eq(set.len, 0);
	glob_set_fini(&set);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("glob");
	TCase *tests = tcase_create("glob");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, matches_as_told, 0, ARRAY_LEN(matches));
	tcase_add_test(tests, matches_as_the_slow_one);
	tcase_add_test(tests, reads_anything);
	tcase_add_test(tests, ends);
	tcase_add_loop_test(tests, sets_look_where_they_should, 0, ARRAY_LEN(entries));
	tcase_add_test(tests, sets_hold_many);
	tcase_add_test(tests, sets_refuse_nothing_at_all);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
