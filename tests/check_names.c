/*
 * Names as a text to be edited: what was written comes back as it was, and what does not fit is told with its line.
 */
#include "names.h"

#include "text.h"

#include <check.h>
#include <string.h>

enum { COUNT = 3 };

static struct buf buf_of(const char *bytes, size_t len)
{
	struct buf buf = BUF_INIT;

	buf_add(&buf, bytes, len);
	return buf;
}

static const struct {
	const char *text;
	const char *names[COUNT]; /* of a, d/b, d/e/c; NULL: the text is wrong */
	size_t line;              /* … here */
} texts[] = {
	{ "a\nd/b\nd/e/c\n", { "a", "b", "c" }, 0 },
	{ "a\nd/b\nd/e/c", { "a", "b", "c" }, 0 },
	{ "x y \nd/$'\nd/e/\\n\n", { "x y ", "$'", "\\n" }, 0 },
	{ "$'x\\n\\t\\xff\\u{e4}'\n$'d/\\'\\\\'\nd/e/c\n", { "x\n\t\xff\xc3\xa4", "'\\", "c" }, 0 },
	{ " \nd/#\nd/e/-rf\n", { " ", "#", "-rf" }, 0 },
	{ "", { NULL }, 0 },
	{ "a\nd/b\n", { NULL }, 0 },
	{ "a\nd/b\nd/e/c\n\n", { NULL }, 0 },
	{ "a\nd/b\nd/e/c\nd", { NULL }, 0 },
	{ "\nd/b\nd/e/c\n", { NULL }, 1 },
	{ "a\nb\nd/e/c\n", { NULL }, 2 },
	{ "a\nd/\nd/e/c\n", { NULL }, 2 },
	{ "a\ne/b\nd/e/c\n", { NULL }, 2 },
	{ "a\nd/b\nd/e/x/c\n", { NULL }, 3 },
	{ "a\nd/b\nd/e/..\n", { NULL }, 3 },
	{ "a\r\nd/b\nd/e/c\n", { NULL }, 1 },
	{ "$'a\nd/b\nd/e/c\n", { NULL }, 1 },
	{ "$'a'b\nd/b\nd/e/c\n", { "ab", "b", "c" }, 0 },
	{ "$'a' b\nd/b\nd/e/c\n", { NULL }, 1 },
	{ "$'\\q'\nd/b\nd/e/c\n", { NULL }, 1 },
	{ "a\n$'d/\\0'\nd/e/c\n", { NULL }, 2 },
};

START_TEST(reads)
{
	struct buf paths[COUNT] = { buf_of("a", 1), buf_of("d/b", 3), buf_of("d/e/c", 5) };
	struct buf names[COUNT] = { BUF_INIT, BUF_INIT, BUF_INIT };
	const char *text = texts[_i].text;
	size_t line;
	const char *problem = names_parse(text, strlen(text), paths, COUNT, names, &line);

	ck_assert_msg((problem == NULL) == (texts[_i].names[0] != NULL), "%s", problem ? problem : "no problem");
	ck_assert_uint_eq(line, texts[_i].line);
	for (size_t i = 0; i < COUNT; i++) {
		if (!problem)
			ck_assert_str_eq(buf_str(&names[i]), texts[_i].names[i]);
		buf_fini(&paths[i]);
		buf_fini(&names[i]);
	}
}
END_TEST

/* Whatever a name is made of: it is one line, and comes back. */
START_TEST(any_name_comes_back)
{
	static const char some[] = "ab $'\\/\n\t\r\x01\x7f\xff\xc3\xa4\xe2\x80\xae#\"x{}0";
	unsigned seed = (unsigned)_i;
	struct buf path = BUF_INIT;
	struct buf text = BUF_INIT;
	struct buf name = BUF_INIT;
	size_t line;

	buf_add_str(&path, "dir\xff/");
	for (int i = 0; i < 12; i++) {
		char byte;

		seed = seed * 1103515245 + 12345;
		byte = some[seed / 65536 % (sizeof some - 1)];
		buf_add_byte(&path, byte == '/' ? '_' : byte);
	}
	names_add(&text, &path, _i % 2 ? TEXT_ASCII : 0);
	ck_assert_ptr_eq(memchr(text.data, '\n', text.len), text.data + text.len - 1);
	ck_assert_ptr_null(names_parse(text.data, text.len, &path, 1, &name, &line));
	ck_assert_uint_eq(name.len, 12);
	ck_assert_mem_eq(name.data, path.data + 5, 12);
	buf_fini(&path);
	buf_fini(&text);
	buf_fini(&name);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("names");
	TCase *tests = tcase_create("names");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tests, reads, 0, ARRAY_LEN(texts));
	tcase_add_loop_test(tests, any_name_comes_back, 0, 500);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
