#include <check.h>
#include <string.h>
#include <sys/stat.h>

#include "style.h"

static struct styles *styles;

static void setup(void)
{
	styles = styles_new(true);
	ck_assert_ptr_nonnull(styles);
}

static void teardown(void)
{
	styles_free(styles);
}

static void assert_look(uint16_t id, int fg, int bg, unsigned attrs)
{
	struct style_look look = styles_look(styles, id);

	ck_assert_int_eq(look.fg, fg);
	ck_assert_int_eq(look.bg, bg);
	ck_assert_uint_eq(look.attrs, attrs);
}

START_TEST(test_background_is_kept)
{
	for (unsigned id = 0; id < STYLE_MEANINGS_END; id++)
		ck_assert_int_eq(styles_look(styles, (uint16_t)id).bg, INK_DEFAULT);
}
END_TEST

START_TEST(test_without_color)
{
	styles_drop_color(styles);
	ck_assert_int_eq(styles_ls_colors(styles, "di=31:*.c=32"), 0);
	ck_assert_ptr_null(styles_set(styles, "link = red bold on blue"));
	for (unsigned id = 0; id < STYLE_MEANINGS_END; id++) {
		ck_assert_int_eq(styles_look(styles, (uint16_t)id).fg, INK_DEFAULT);
		ck_assert_int_eq(styles_look(styles, (uint16_t)id).bg, INK_DEFAULT);
	}
	assert_look(STYLE_LINK, INK_DEFAULT, INK_DEFAULT, ATTR_BOLD);
	/* what must be told apart still is */
	ck_assert_uint_ne(styles_look(styles, STYLE_DIRECTORY).attrs, styles_look(styles, STYLE_FILE).attrs);
	ck_assert_uint_ne(styles_look(styles, STYLE_TITLE).attrs, styles_look(styles, STYLE_TITLE_ACTIVE).attrs);
	ck_assert_uint_ne(styles_look(styles, STYLE_ERROR).attrs, styles_look(styles, STYLE_STATUS).attrs);
	for (unsigned class = 0; class < 9; class++)
		for (unsigned other = 0; other < class; other++)
			ck_assert_uint_ne(styles_look(styles, style_class(class)).attrs,
			                  styles_look(styles, style_class(other)).attrs);
}
END_TEST

START_TEST(test_no_color)
{
	ck_assert(styles_color_wanted(NULL));
	ck_assert(styles_color_wanted(""));
	ck_assert(!styles_color_wanted("0"));
}
END_TEST

START_TEST(test_flags)
{
	assert_look(STYLE_DIRECTORY | STYLE_CURSOR, INK_BLUE, INK_DEFAULT, ATTR_BOLD | ATTR_REVERSE);
	assert_look(STYLE_DIRECTORY | STYLE_IDLE_CURSOR, INK_BLUE, INK_DEFAULT, ATTR_BOLD | ATTR_UNDERLINE);
	assert_look(STYLE_FILE | STYLE_MARKED, INK_YELLOW, INK_DEFAULT, ATTR_BOLD);
	assert_look(STYLE_ID_MASK, INK_DEFAULT, INK_DEFAULT, 0);
	ck_assert_int_lt(STYLE_MEANINGS_END, STYLE_ID_MASK);
}
END_TEST

static const struct set_case {
	const char *text;
	const char *problem;  /* NULL: none */
	uint16_t id;
	int fg, bg;
	unsigned attrs;
} set_cases[] = {
	{ "directory = red", NULL, STYLE_DIRECTORY, INK_RED, -1, 0 },
	{ "  Directory=bright-Red  bold", NULL, STYLE_DIRECTORY, 9, -1, ATTR_BOLD },
	{ "border = 208 on 17 dim,underline", NULL, STYLE_BORDER, 208, 17, ATTR_DIM | ATTR_UNDERLINE },
	{ "border = #ff0000", NULL, STYLE_BORDER, 196, -1, 0 },
	{ "border = #808080", NULL, STYLE_BORDER, 244, -1, 0 },
	{ "border = none", NULL, STYLE_BORDER, -1, -1, 0 },
	{ "border = default on default reverse", NULL, STYLE_BORDER, -1, -1, ATTR_REVERSE },
	{ "border", "no `=` after the meaning", STYLE_BORDER, -1, -1, ATTR_DIM },
	{ "bor der = red", "no `=` after the meaning", STYLE_BORDER, -1, -1, ATTR_DIM },
	{ "nothing = red", "unknown meaning", STYLE_BORDER, -1, -1, ATTR_DIM },
	{ "= red", "unknown meaning", STYLE_BORDER, -1, -1, ATTR_DIM },
	{ "border = ", "no colour given", STYLE_BORDER, -1, -1, ATTR_DIM },
	{ "border = pink", "unknown colour or attribute", STYLE_BORDER, -1, -1, ATTR_DIM },
	{ "border = 256", "unknown colour or attribute", STYLE_BORDER, -1, -1, ATTR_DIM },
	{ "border = #12345", "unknown colour or attribute", STYLE_BORDER, -1, -1, ATTR_DIM },
	{ "border = #12345g", "unknown colour or attribute", STYLE_BORDER, -1, -1, ATTR_DIM },
	{ "border = bright-", "unknown colour or attribute", STYLE_BORDER, -1, -1, ATTR_DIM },
	{ "border = red on", "no colour after `on`", STYLE_BORDER, -1, -1, ATTR_DIM },
	{ "border = red on bold", "no colour after `on`", STYLE_BORDER, -1, -1, ATTR_DIM },
};

START_TEST(test_set)
{
	const struct set_case *test = &set_cases[_i];
	const char *problem = styles_set(styles, test->text);

	if (test->problem)
		ck_assert_str_eq(problem, test->problem);
	else
		ck_assert_ptr_null(problem);
	assert_look(test->id, test->fg, test->bg, test->attrs);
}
END_TEST

static const struct entry_case {
	unsigned mode;
	const char *name;
	unsigned flags;
	uint16_t style;
} entry_cases[] = {
	{ S_IFREG | 0644, "a", 0, STYLE_FILE },
	{ S_IFREG | 0755, "a", 0, STYLE_EXECUTABLE },
	{ S_IFREG | 0645, "a", 0, STYLE_EXECUTABLE },
	{ S_IFREG | 04755, "a", 0, STYLE_SETUID },
	{ S_IFREG | 02755, "a", 0, STYLE_SETGID },
	{ S_IFDIR | 0755, "a", 0, STYLE_DIRECTORY },
	{ S_IFDIR | 01777, "a", 0, STYLE_STICKY_WRITABLE },
	{ S_IFDIR | 0777, "a", 0, STYLE_OTHER_WRITABLE },
	{ S_IFDIR | 01755, "a", 0, STYLE_STICKY },
	{ S_IFDIR | 0, "a", STYLE_ENTRY_UNREADABLE, STYLE_UNREADABLE },
	{ S_IFLNK | 0777, "a", 0, STYLE_LINK },
	{ S_IFLNK | 0777, "a", STYLE_ENTRY_ORPHAN, STYLE_ORPHAN },
	{ S_IFIFO, "a", 0, STYLE_FIFO },
	{ S_IFSOCK, "a", 0, STYLE_SOCKET },
	{ S_IFBLK, "a", 0, STYLE_BLOCK_DEVICE },
	{ S_IFCHR, "a", 0, STYLE_CHAR_DEVICE },
	{ 0, "a", 0, STYLE_NORMAL },
};

START_TEST(test_entry)
{
	const struct entry_case *test = &entry_cases[_i];

	ck_assert_uint_eq(styles_entry(styles, test->mode, test->name, strlen(test->name), test->flags), test->style);
}
END_TEST

static uint16_t file(const char *name)
{
	return styles_entry(styles, S_IFREG | 0644, name, strlen(name), 0);
}

START_TEST(test_ls_colors)
{
	ck_assert_int_eq(styles_ls_colors(styles, "rs=0:di=01;34;41:ln=target:pi=40;33:or=:ex=38;5;208:so=48;2;255;0;0:"
	                                          "bd=bogus:xx=1:=:*=:a:*.tar=01;31:*~=00;90:*.tar=4:*README=7:"),
	                 0);
	assert_look(STYLE_DIRECTORY, INK_BLUE, INK_RED, ATTR_BOLD);
	assert_look(STYLE_LINK, INK_CYAN, INK_DEFAULT, 0);
	assert_look(STYLE_FIFO, INK_YELLOW, INK_BLACK, 0);
	assert_look(STYLE_ORPHAN, INK_DEFAULT, INK_DEFAULT, 0);
	assert_look(STYLE_EXECUTABLE, 208, INK_DEFAULT, 0);
	assert_look(STYLE_SOCKET, INK_DEFAULT, 196, 0);
	assert_look(STYLE_BLOCK_DEVICE, INK_YELLOW, INK_DEFAULT, ATTR_BOLD);
	assert_look(file("x.tar"), INK_DEFAULT, INK_DEFAULT, ATTR_UNDERLINE);
	assert_look(file("X.TAR"), INK_DEFAULT, INK_DEFAULT, ATTR_UNDERLINE);
	assert_look(file("x~"), 8, INK_DEFAULT, 0);
	assert_look(file("README"), INK_DEFAULT, INK_DEFAULT, ATTR_REVERSE);
	ck_assert_uint_eq(file("tar"), STYLE_FILE);
	ck_assert_uint_eq(file(""), STYLE_FILE);
	assert_look(file("x.tar") | STYLE_CURSOR, INK_DEFAULT, INK_DEFAULT, ATTR_UNDERLINE | ATTR_REVERSE);
	ck_assert_uint_eq(styles_entry(styles, S_IFREG | 0755, "x.tar", 5, 0), STYLE_EXECUTABLE);
}
END_TEST

START_TEST(test_classes)
{
	ck_assert_uint_eq(style_class(0), STYLE_CLASS_A);
	ck_assert_uint_eq(style_class(8), STYLE_CLASS_I);
	ck_assert_uint_eq(style_class(9), STYLE_CLASS_B);
	ck_assert_uint_eq(style_class(17), STYLE_CLASS_B);
}
END_TEST

START_TEST(test_reduce)
{
	static const struct { int color, colors, want; } cases[] = {
		{ -1, 8, -1 }, { 3, 8, 3 }, { 9, 8, 1 }, { 9, 16, 9 }, { 196, 8, 1 }, { 21, 16, 4 }, { 231, 8, 7 },
		{ 17, 8, 4 }, { 16, 8, 0 }, { 233, 8, 0 }, { 233, 16, 8 }, { 250, 8, 7 }, { 250, 256, 250 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		ck_assert_int_eq(style_color_reduce(cases[i].color, cases[i].colors), cases[i].want);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("style");
	TCase *tests = tcase_create("style");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, test_background_is_kept);
	tcase_add_test(tests, test_without_color);
	tcase_add_test(tests, test_no_color);
	tcase_add_test(tests, test_flags);
	tcase_add_loop_test(tests, test_set, 0, ARRAY_LEN(set_cases));
	tcase_add_loop_test(tests, test_entry, 0, ARRAY_LEN(entry_cases));
	tcase_add_test(tests, test_ls_colors);
	tcase_add_test(tests, test_classes);
	tcase_add_test(tests, test_reduce);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
