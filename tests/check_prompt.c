#include <check.h>
#include <string.h>

#include "keys.h"
#include "prompt.h"

static struct prompt prompt;
static struct history history;

static void setup(void)
{
	history = (struct history){ .count = 0 };
	prompt_init(&prompt, "", "", 0, false);
}

static void teardown(void)
{
	prompt_fini(&prompt);
	history_fini(&history);
}

/** Type keys by name; returns what came of the last. */
static enum prompt_result type(const char *names)
{
	uint32_t keys[64];
	int len = keys_parse(names, keys, ARRAY_LEN(keys));
	enum prompt_result result = PROMPT_EDITING;

	ck_assert_msg(len >= 0 && len <= (int)ARRAY_LEN(keys), "%s", names);
	for (int i = 0; i < len; i++)
		result = prompt_key(&prompt, keys[i], false);
	return result;
}

/** Whether the text is this, with | for the cursor. */
static void assert_text(const char *want)
{
	struct buf got = BUF_INIT;
	size_t len;
	const char *text = prompt_text(&prompt, &len);

	buf_add(&got, text, prompt.cursor);
	buf_add_byte(&got, '|');
	buf_add(&got, text + prompt.cursor, len - prompt.cursor);
	ck_assert_str_eq(buf_str(&got), want);
	buf_fini(&got);
}

static const struct edit_case {
	const char *start;
	const char *keys;
	const char *want;
} edit_cases[] = {
	{ "", "a b Space c", "ab c|" },
	{ "abc", "^a x", "x|abc" },
	{ "abc", "Home x End y", "xabcy|" },
	{ "abc", "^b ^b x ^f y", "axby|c" },
	{ "abc", "Left Left Left Left x Right Right Right Right y", "xabcy|" },
	{ "abc", "Backspace Backspace", "a|" },
	{ "abc", "^h", "ab|" },
	{ "", "Backspace Del", "|" },
	{ "abc", "Home Del ^d", "|c" },
	{ "abc", "Left Del Del ^d", "ab|" },
	{ "foo bar baz", "^w ^w x", "foo x|" },
	{ "foo bar  ", "^w", "foo |" },
	{ "foo/bar-baz", "^w", "|" },
	{ "foo/bar-baz", "M-Backspace", "foo/bar-|" },
	{ "foo bar", "M-b M-b M-d", "| bar" },
	{ "foo bar", "M-b M-b M-f x", "foox| bar" },
	{ "foo bar", "C-Left C-Left C-Right", "foo| bar" },
	{ "foo bar", "M-b ^u", "|bar" },
	{ "foo bar", "M-b ^k", "foo |" },
	{ "foo bar", "^u ^y ^y", "foo barfoo bar|" },
	{ "a b c", "^w ^w ^y", "a b c|" },
	{ "a b c", "^w Left Right ^w ^y", "a b |" },
	{ "a b c", "^a M-d M-d M-d ^y", "a b c|" },
	{ "abc", "Left ^k Home ^y", "c|ab" },
	{ "abc", "^u ^k ^u ^y", "abc|" },
	{ "日本語", "Left Backspace", "日|語" },
	{ "日本語", "^a Right Del", "日|語" },
	{ "q\xcc\x81x", "^a Right y", "q\xcc\x81y|x" },
	{ "q\xcc\x81", "Backspace", "|" },
	{ "a\xff\xfe" "b", "Left Left x", "a\xffx|\xfe" "b" },
	{ "a\xff\xfe" "b", "Left Backspace", "a\xff|b" },
	{ "a\xe6\x97", "Backspace", "a\xe6|" },
	{ "\x01\x02", "Backspace", "\x01|" },
	{ "a b", "Left Space", "a  |b" },
	{ "x", "F5 M-z Up Down PgUp Tab S-Tab Ins ^t", "x|" },
	{ "x", "é", "x\xc3\xa9|" },
};

START_TEST(test_edit)
{
	const struct edit_case *test = &edit_cases[_i];

	prompt_set(&prompt, test->start, strlen(test->start));
	type(test->keys);
	assert_text(test->want);
}
END_TEST

START_TEST(test_results)
{
	static const struct { const char *start; const char *key; enum prompt_result want; } cases[] = {
		{ "x", "Enter", PROMPT_ACCEPTED }, { "", "Enter", PROMPT_ACCEPTED }, { "x", "Esc", PROMPT_CANCELLED },
		{ "x", "^c", PROMPT_CANCELLED }, { "x", "^g", PROMPT_CANCELLED }, { "", "^d", PROMPT_CANCELLED },
		{ "x", "^d", PROMPT_EDITING }, { "", "Backspace", PROMPT_EDITING }, { "x", "y", PROMPT_CHANGED },
		{ "x", "Left", PROMPT_EDITING }, { "x", "^u", PROMPT_CHANGED }, { "", "^u", PROMPT_EDITING },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		prompt_set(&prompt, cases[i].start, strlen(cases[i].start));
		ck_assert_int_eq(type(cases[i].key), cases[i].want);
	}
}
END_TEST

START_TEST(test_raw_bytes)
{
	size_t len;

	ck_assert_int_eq(prompt_key(&prompt, K_BYTE + 0xff, false), PROMPT_CHANGED);
	ck_assert_int_eq(prompt_key(&prompt, 0x65e5, false), PROMPT_CHANGED);
	ck_assert_mem_eq(prompt_text(&prompt, &len), "\xff\xe6\x97\xa5", 4);
	ck_assert_uint_eq(len, 4);
	prompt_set(&prompt, "a\0b", 3);
	type("Left Left Backspace");
	ck_assert_mem_eq(prompt_text(&prompt, &len), "\0b", 2);
}
END_TEST

/** Pasted keys insert; they never accept, cancel, complete or move. */
START_TEST(test_paste)
{
	static const uint32_t keys[] = { 'X', 'y', K_ENTER, 'z', K_TAB, K_ESC, 3, K_UP, 'q' | K_ALT, K_BACKSPACE, 1, 'w' };

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		ck_assert_int_le(prompt_key(&prompt, keys[i], true), PROMPT_CHANGED);
	assert_text("Xy z w|");
}
END_TEST

START_TEST(test_limit)
{
	size_t len;

	for (int i = 0; i < PROMPT_MAX; i++)
		prompt_key(&prompt, 'x', true);
	ck_assert_int_eq(prompt_key(&prompt, 'x', false), PROMPT_EDITING);
	prompt_text(&prompt, &len);
	ck_assert_uint_eq(len, PROMPT_MAX);
}
END_TEST

START_TEST(test_before_extension)
{
	static const struct { const char *name; const char *want; } cases[] = {
		{ "a.tar.gz", "a.tar|.gz" }, { ".bashrc", ".bashrc|" }, { "plain", "plain|" }, { "", "|" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		prompt_set(&prompt, cases[i].name, strlen(cases[i].name));
		prompt_before_extension(&prompt);
		assert_text(cases[i].want);
	}
}
END_TEST

START_TEST(test_history)
{
	static const char *const lines[] = { "chmod 644", "sort size", "chmod 755", "filter x", "chmod 644", "" };

	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		history_add(&history, lines[i], strlen(lines[i]));
	ck_assert_uint_eq(history.count, 4);
	prompt_use_history(&prompt, &history);
	type("Up");
	assert_text("chmod 644|");
	type("Up Up Up Up Up");
	assert_text("sort size|");
	type("Down");
	assert_text("chmod 755|");
	type("Down Down Down Down");
	assert_text("|");
	type("c h Up");
	assert_text("chmod 644|");
	type("Up");
	assert_text("chmod 755|");
	type("Up");
	assert_text("chmod 755|");
	type("Down Down");
	assert_text("ch|");
	type("Up x Up");  /* edited: this is what was typed now */
	assert_text("chmod 644x|");
	type("Enter");
	ck_assert_uint_eq(history.count, 5);
	ck_assert_mem_eq(history.lines[4].data, "chmod 644x", 10);
	for (int i = 0; i < 2 * HISTORY_MAX; i++) {
		char line[2] = { (char)(i / 100 + 'a'), (char)(i % 100 + 1) };

		history_add(&history, line, 2);
	}
	ck_assert_uint_eq(history.count, HISTORY_MAX);
}
END_TEST

/** Complete the word after the last blank from a list. */
static void complete_word(void *arg, const char *text, size_t len, size_t *start, struct completions *out)
{
	const char *const *words = arg;
	size_t begin = len;

	while (begin > 0 && text[begin - 1] != ' ')
		begin--;
	*start = begin;
	for (; *words; words++)
		if (strlen(*words) >= len - begin && memcmp(*words, text + begin, len - begin) == 0)
			completions_add(out, *words, strlen(*words));
}

/** The same, but the first time nothing is known yet. */
static bool later_asked;

static void complete_later(void *arg, const char *text, size_t len, size_t *start, struct completions *out)
{
	out->pending = !later_asked;
	if (later_asked)
		complete_word(arg, text, len, start, out);
	later_asked = true;
}

START_TEST(test_completion)
{
	static const char *words[] = { "chmod", "chown", "copy", "日本", "日没", NULL };
	static const struct { const char *start; const char *keys; const char *want; } cases[] = {
		{ "c", "Tab", "c|" }, { "ch", "Tab", "ch|" }, { "cho", "Tab", "chown|" }, { "x", "Tab", "x|" },
		{ "", "Tab", "|" }, { "ch", "Tab Tab", "chmod|" }, { "ch", "Tab Tab Tab", "chown|" },
		{ "ch", "Tab Tab Tab Tab", "chmod|" }, { "ch", "Tab S-Tab", "chown|" }, { "ch", "Tab S-Tab S-Tab", "chmod|" },
		{ "foo cop", "Tab", "foo copy|" }, { "cop x", "Home Right Right Right Tab", "copy| x" },
		{ "\xe6", "Tab", "日|" }, { "ch", "Tab Tab x Tab", "chmodx|" }, { "ch", "Tab Tab Left Tab", "chmod|d" },
	};

	prompt_use_completion(&prompt, complete_word, words);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		prompt_set(&prompt, cases[i].start, strlen(cases[i].start));
		type("End");
		type(cases[i].keys);
		assert_text(cases[i].want);
	}
}
END_TEST

/** Paint into a row of a grid and compare it, with the column of the cursor. */
static void assert_painted(int cols, const char *want, int cursor)
{
	struct grid grid;
	struct buf out = BUF_INIT;

	grid_init(&grid, prompt.ascii);
	ck_assert_int_eq(grid_resize(&grid, cols + 2, 1), 0);
	grid_put_str(&grid, 0, 0, 1, "<", 0);
	grid_put_str(&grid, cols + 1, 0, 1, ">", 0);
	prompt_paint(&prompt, &grid, (struct rect){ 1, 0, cols, 1 });
	grid_dump(&grid, &out);
	ck_assert_str_eq(buf_str(&out), want);
	ck_assert_int_eq(grid.cursor_x, cursor + 1);
	buf_fini(&out);
	grid_fini(&grid);
}

START_TEST(test_paint)
{
	prompt_fini(&prompt);
	prompt_init(&prompt, "name: ", "abc", 3, false);
	assert_painted(12, "<name: abc   >\n", 9);
	type("d e f g h");
	assert_painted(12, "<name: defgh >\n", 11);
	type("Left Left Left Left Left Left");
	assert_painted(12, "<name: cdefgh>\n", 6);
	type("Home");
	assert_painted(12, "<name: abcdef>\n", 6);
	prompt_set(&prompt, "a\xff\n \\", 5);
	assert_painted(20, "<name: a\\xff\\n \\     >\n", 15);
	prompt_set(&prompt, "日本語日本", 15);
	assert_painted(12, "<name:  日本 >\n", 11);
	type("Home");
	assert_painted(12, "<name: 日本語>\n", 6);
	prompt_set(&prompt, "abcdef", 6);
	assert_painted(3, "<nf >\n", 2);
	assert_painted(1, "< >\n", 0);
	prompt_fini(&prompt);
	prompt_init(&prompt, "", "日", 3, true);
	assert_painted(12, "<\\u{65e5}    >\n", 8);
}
END_TEST

/** The cursor is always inside, whatever the size, and nothing outside is painted. */
START_TEST(test_paint_random)
{
	static const char *const keys[] = { "a", "日", "Left", "Right", "Home", "End", "Backspace", "Del", "é", "^w" };
	uint32_t seed = 7;

	prompt_fini(&prompt);
	prompt_init(&prompt, "find 日: ", "x\xff日", 5, false);
	for (int i = 0; i < 3000; i++) {
		struct grid grid;
		int cols;

		seed = seed * 1664525 + 1013904223;
		type(keys[(seed >> 16) % ARRAY_LEN(keys)]);
		cols = (int)(seed >> 20) % 24 + 1;
		grid_init(&grid, false);
		ck_assert_int_eq(grid_resize(&grid, cols + 2, 3), 0);
		grid_fill(&grid, 0, 0, cols + 2, 3, 77);
		prompt_paint(&prompt, &grid, (struct rect){ 1, 1, cols, 1 });
		ck_assert(grid.cursor_y == 1 && grid.cursor_x >= 1 && grid.cursor_x <= cols);
		ck_assert_int_eq(grid_at(&grid, grid.cursor_x, 1)->width == 0, 0);
		for (int x = 0; x < cols + 2; x++)
			ck_assert(grid_at(&grid, x, 0)->style == 77 && grid_at(&grid, x, 2)->style == 77);
		ck_assert(grid_at(&grid, 0, 1)->style == 77 && grid_at(&grid, cols + 1, 1)->style == 77);
		grid_fini(&grid);
	}
}
END_TEST

START_TEST(test_paint_words)
{
	static const char *words[] = { "chmod", "chown", "ch\n", NULL };
	struct grid grid;
	struct buf out = BUF_INIT;

	grid_init(&grid, false);
	ck_assert_int_eq(grid_resize(&grid, 18, 1), 0);
	prompt_use_completion(&prompt, complete_word, words);
	type("c");
	ck_assert(!prompt_paint_words(&prompt, &grid, (struct rect){ 0, 0, 18, 1 }));
	type("Tab");
	ck_assert(prompt_paint_words(&prompt, &grid, (struct rect){ 0, 0, 18, 1 }));
	grid_dump(&grid, &out);
	ck_assert_str_eq(buf_str(&out), "chmod  chown  ch\\n\n");
	/* what has no room in the line is told of */
	grid_clear(&grid);
	ck_assert(prompt_paint_words(&prompt, &grid, (struct rect){ 0, 0, 13, 1 }));
	buf_clear(&out);
	grid_dump(&grid, &out);
	ck_assert_str_eq(buf_str(&out), "chmod  chown…\n");
	type("x");
	ck_assert(!prompt_paint_words(&prompt, &grid, (struct rect){ 0, 0, 18, 1 }));
	buf_fini(&out);
	grid_fini(&grid);
}
END_TEST

/** Pages of words; every Tab shows the page of the word that it puts. */
START_TEST(test_paint_pages)
{
	static const char *words[] = { "c1", "c2", "c3", "c4", "c5", "c6", "c7", NULL };
	static const char *const pages[] = { "\n\nc1  c2  c3\n1 to 3 of 7\n", "\n\nc1  c2  c3\n1 to 3 of 7\n",
		                             "\n\nc4  c5  c6\n4 to 6 of 7\n", "\n\nc7\n7 to 7 of 7\n" };
	static const char *const keys[] = { "c Tab", "Tab Tab Tab", "Tab Tab Tab", "Tab" };
	struct grid grid;
	struct buf out = BUF_INIT;

	grid_init(&grid, false);
	ck_assert_int_eq(grid_resize(&grid, 12, 4), 0);
	prompt_use_completion(&prompt, complete_word, words);
	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		type(keys[i]);
		grid_clear(&grid);
		buf_clear(&out);
		ck_assert(prompt_paint_words(&prompt, &grid, (struct rect){ 0, 0, 12, 4 }));
		grid_dump(&grid, &out);
		ck_assert_str_eq(buf_str(&out), pages[i]);
	}
	buf_fini(&out);
	grid_fini(&grid);
}
END_TEST

/** Of paths the last component is shown; names that come later complete what was typed, unless another key came. */
START_TEST(test_paint_paths)
{
	static const char *words[] = { "a/b/one/", "a/b/other/", "a/b/o", NULL };
	struct grid grid;
	struct buf out = BUF_INIT;

	grid_init(&grid, false);
	ck_assert_int_eq(grid_resize(&grid, 20, 1), 0);
	prompt_use_completion(&prompt, complete_later, words);
	type("a Tab");
	ck_assert(prompt_paint_words(&prompt, &grid, (struct rect){ 0, 0, 20, 1 }));
	grid_dump(&grid, &out);
	ck_assert_str_eq(buf_str(&out), "reading…\n");
	ck_assert_int_eq(prompt_resume(&prompt), PROMPT_CHANGED);
	grid_clear(&grid);
	buf_clear(&out);
	ck_assert(prompt_paint_words(&prompt, &grid, (struct rect){ 0, 0, 20, 1 }));
	grid_dump(&grid, &out);
	ck_assert_str_eq(buf_str(&out), "one/  other/  o\n");
	ck_assert_int_eq(prompt_resume(&prompt), PROMPT_EDITING);
	later_asked = false;
	type("x Tab y");
	ck_assert_int_eq(prompt_resume(&prompt), PROMPT_EDITING);
	buf_fini(&out);
	grid_fini(&grid);
}
END_TEST

START_TEST(test_question)
{
	static const struct { uint32_t key; bool pasted; enum question_result want; } cases[] = {
		{ 'y', false, QUESTION_YES }, { 'n', false, QUESTION_NO }, { K_ENTER, false, QUESTION_NO },
		{ K_ESC, false, QUESTION_NO }, { 3, false, QUESTION_NO }, { 'Y', false, QUESTION_OPEN },
		{ 'X', false, QUESTION_OPEN }, { ' ', false, QUESTION_OPEN }, { 'y' | K_ALT, false, QUESTION_OPEN },
		{ 'y', true, QUESTION_OPEN }, { K_ENTER, true, QUESTION_OPEN }, { 'n', true, QUESTION_OPEN },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		ck_assert_int_eq(question_key(cases[i].key, cases[i].pasted), cases[i].want);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("prompt");
	TCase *tests = tcase_create("prompt");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, test_edit, 0, ARRAY_LEN(edit_cases));
	tcase_add_test(tests, test_results);
	tcase_add_test(tests, test_raw_bytes);
	tcase_add_test(tests, test_paste);
	tcase_add_test(tests, test_limit);
	tcase_add_test(tests, test_before_extension);
	tcase_add_test(tests, test_history);
	tcase_add_test(tests, test_completion);
	tcase_add_test(tests, test_paint);
	tcase_add_test(tests, test_paint_random);
	tcase_add_test(tests, test_paint_words);
	tcase_add_test(tests, test_paint_pages);
	tcase_add_test(tests, test_paint_paths);
	tcase_add_test(tests, test_question);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
