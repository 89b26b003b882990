/*
 * What the headless modes are made of: JSON, the lines of a batch, paths against roots. The modes themselves are tested
 * by tests/headless.py, as programs.
 */
#include "headless_batch.h"

#include "options.h"

#include <check.h>
#include <locale.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STR(literal) (literal), sizeof(literal) - 1

/* JSON --------------------------------------------------------------------------------------------------- */

struct sample {
	const char *bytes;
	size_t len;
	bool ascii;
	const char *json;
};

static const struct sample samples[] = {
	{ STR(""), false, "\"k\":\"\"" },
	{ STR("plain"), false, "\"k\":\"plain\"" },
	{ STR("\"\\/"), false, "\"k\":\"\\\"\\\\/\"" },
	{ STR("\n\t\r\033\177\0"), false, "\"k\":\"\\n\\t\\u000d\\u001b\\u007f\\u0000\"" },
	{ STR("caf\u00e9"), false, "\"k\":\"caf\u00e9\"" },
	{ STR("caf\u00e9\U0001f600"), true, "\"k\":\"caf\\u00e9\\ud83d\\ude00\"" },
	{ STR("a\xc2\x85\u202e\u200b\ufeff\u00ad"), false, "\"k\":\"a\\u0085\\u202e\\u200b\\ufeff\\u00ad\"" },
	{ STR("\U000e0041"), false, "\"k\":\"\\udb40\\udc41\"" },
	/* no UTF-8 */
	{ STR("\xff"), false, "\"k_b64\":\"/w==\"" },
	{ STR("a\xff"), false, "\"k_b64\":\"Yf8=\"" },
	{ STR("ab\xff"), false, "\"k_b64\":\"YWL/\"" },
	{ STR("\xed\xa0\x80"), false, "\"k_b64\":\"7aCA\"" },
	{ STR("\xc0\xaf"), false, "\"k_b64\":\"wK8=\"" },
	{ STR("\xe2\x82"), false, "\"k_b64\":\"4oI=\"" },
	{ STR("\xf4\x90\x80\x80"), false, "\"k_b64\":\"9JCAgA==\"" },
};

START_TEST(writes_strings)
{
	const struct sample *sample = &samples[_i];
	struct buf out = BUF_INIT;

	json_bytes(&out, "k", sample->bytes, sample->len, sample->ascii);
	ck_assert_str_eq(buf_str(&out), sample->json);
	buf_fini(&out);
}
END_TEST

static const struct {
	int64_t value;
	const char *text;
} numbers[] = {
	{ 0, "0" }, { 9, "9" }, { 10, "10" }, { -1, "-1" }, { INT64_MAX, "9223372036854775807" }, { INT64_MIN, "-9223372036854775808" },
};

START_TEST(writes_numbers)
{
	struct buf out = BUF_INIT;

	json_signed(&out, numbers[_i].value);
	ck_assert_str_eq(buf_str(&out), numbers[_i].text);
	buf_clear(&out);
	json_unsigned(&out, UINT64_MAX);
	ck_assert_str_eq(buf_str(&out), "18446744073709551615");
	buf_fini(&out);
}
END_TEST

START_TEST(writes_entries)
{
	const struct attrs attrs = {
		.flags = ATTRS_KNOWN, .mode = S_IFLNK | 0777, .uid = 1, .gid = 2, .nlink = 3, .ino = 4, .size = 5,
		.blocks = 6, .dev = UINT64_C(8) << 32 | 1, .atime = -7, .mtime = 8, .ctime = 9,
	};
	struct buf out = BUF_INIT;

	json_entry(&out, "p\n", 2, &attrs, 0, "t\xff", 2, NULL, false);
	ck_assert_str_eq(buf_str(&out), "{\"path\":\"p\\n\",\"type\":\"link\",\"mode\":\"0777\",\"uid\":1,\"gid\":2,\"size\":5,\"blocks\":6,"
					"\"nlink\":3,\"ino\":4,\"dev\":2049,\"atime\":-7,\"mtime\":8,\"ctime\":9,\"target_b64\":\"dP8=\"}");
	buf_clear(&out);
	json_entry(&out, "p", 1, NULL, S_IFDIR, NULL, 0, "permission denied", false);
	ck_assert_str_eq(buf_str(&out), "{\"path\":\"p\",\"type\":\"dir\",\"error\":\"permission denied\"}");
	buf_clear(&out);
	json_entry(&out, "p", 1, NULL, 0, NULL, 0, NULL, false);
	ck_assert_str_eq(buf_str(&out), "{\"path\":\"p\"}");
	buf_fini(&out);
}
END_TEST

/* Batches ------------------------------------------------------------------------------------------------ */

/* A batch that is wrong, and why. */
static const struct {
	const char *text;
	const char *why;
} wrong[] = {
	{ "foo\n", "1: foo: not a command that a batch has" },
	{ "\n\n# x\ncopy a b\n", "4: copy: not a command that a batch has" },
	{ "mkdir\n", "1: mkdir: an operand is missing" },
	{ "mkdir # a\n", "1: mkdir: an operand is missing" },
	{ "delete --\n", "1: delete: an operand is missing" },
	{ "chmod 644\n", "1: chmod: an operand is missing" },
	{ "rename a\n", "1: rename: an operand is missing" },
	{ "rename a b c\n", "1: rename: too many operands" },
	{ "mkdir -r a\n", "1: -r: unknown option; `--` ends the options" },
	{ "mkdir --cross-mounts a\n", "1: --cross-mounts: unknown option; `--` ends the options" },
	{ "chmod -w a\n", "1: -w: unknown option; `--` ends the options" },
	{ "rename -f a b\n", "1: -f: unknown option; `--` ends the options" },
	{ "delete 'a\nb\n", "1: a quote is not closed, or an escape is not one" },
	{ "mkdir a\ndelete $'\\q'\n", "2: a quote is not closed, or an escape is not one" },
	{ "delete $'a\\x00b'\n", "1: a NUL, which no name has" },
	{ "chmod 0888 a\n", "1: 0888: not an octal digit" },
	{ "chown no-such-user- a\n", "1: no-such-user-: no such user" },
	{ "chown :no-such-group- a\n", "1: no-such-group-: no such group" },
	{ "chown : a\n", "1: neither a group nor a user with one" },
	{ "chown 12: a\n", "1: 12:: neither a group nor a user with one" },
	{ "chown 4294967295 a\n", "1: 4294967295: no such user" },
	{ "fo\033o a\n", "1: $'fo\\x1bo': not a command that a batch has" },
};

START_TEST(refuses_batches)
{
	struct batch batch = { 0 };
	struct buf why = BUF_INIT;

	ck_assert_int_eq(batch_read(&batch, wrong[_i].text, strlen(wrong[_i].text), &why), -1);
	ck_assert_str_eq(buf_str(&why), wrong[_i].why);
	buf_fini(&why);
	batch_fini(&batch);
}
END_TEST

START_TEST(reads_batches)
{
	static const char text[] = "  # comment\n"
				   "chmod -nR --cross-mounts u+x a 'b\nc' # end\n"
				   "\n"
				   "chmod -- -w -x\n"
				   "chown 5:6 a\n"
				   "chown :7 a\n"
				   "rename a $'b\\xff'\n"
				   "mkdir -p -n a#b\\ c \"d'e\"";
	static const struct {
		unsigned line;
		enum op_kind kind;
		unsigned flags;
		const char *text;
		const char *first;
		const char *last;
		int64_t uid;
		int64_t gid;
	} expected[] = {
		{ 2, OP_CHMOD, OP_PLAN_ONLY | OP_RECURSIVE | OP_CROSS_MOUNTS | OP_ROOT_ITSELF, "u+x", "a", "b\nc", -1, -1 },
		{ 5, OP_CHMOD, OP_ROOT_ITSELF, "-w", "-x", "-x", -1, -1 },
		{ 6, OP_CHOWN, OP_ROOT_ITSELF, NULL, "a", "a", 5, 6 },
		{ 7, OP_CHOWN, OP_ROOT_ITSELF, NULL, "a", "a", -1, 7 },
		{ 8, OP_RENAME, 0, "b\xff", "a", "a", -1, -1 },
		{ 9, OP_MKDIR, OP_PARENTS | OP_PLAN_ONLY, NULL, "a#b c", "d'e", -1, -1 },
	};
	struct batch batch = { 0 };
	struct buf why = BUF_INIT;

	ck_assert_int_eq(batch_read(&batch, text, sizeof text - 1, &why), 0);
	ck_assert_uint_eq(batch.command_count, ARRAY_LEN(expected));
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		const struct batch_command *command = &batch.commands[i];

		ck_assert_uint_eq(command->line, expected[i].line);
		ck_assert_int_eq(command->kind, expected[i].kind);
		ck_assert_uint_eq(command->flags, expected[i].flags);
		ck_assert_int_eq(command->plan_only, (expected[i].flags & OP_PLAN_ONLY) != 0);
		if (expected[i].text)
			ck_assert_str_eq(batch_word(&batch, command->text), expected[i].text);
		ck_assert_str_eq(batch_word(&batch, batch.words[command->first]), expected[i].first);
		ck_assert_str_eq(batch_word(&batch, batch.words[command->first + command->count - 1]), expected[i].last);
		ck_assert_int_eq(command->uid, expected[i].uid);
		ck_assert_int_eq(command->gid, expected[i].gid);
	}
	buf_fini(&why);
	batch_fini(&batch);
}
END_TEST

START_TEST(reads_any_bytes)
{
	static const char alphabet[] = "ad '\"\\$#\n-rxRn0:";
	uint32_t seed = (uint32_t)_i + 1;

	for (int round = 0; round < 2000; round++) {
		struct batch batch = { 0 };
		struct buf why = BUF_INIT;
		struct buf text = BUF_INIT;

		buf_add_str(&text, round % 2 ? "chmod " : "delete ");
		for (int i = 0; i < 24; i++) {
			seed = seed * 1664525 + 1013904223;
			buf_add_byte(&text, alphabet[seed >> 16 & 15]);
		}
		if (batch_read(&batch, text.data, text.len, &why) != 0)
			ck_assert_uint_gt(why.len, 0);
		buf_fini(&text);
		buf_fini(&why);
		batch_fini(&batch);
	}
}
END_TEST

/* Paths -------------------------------------------------------------------------------------------------- */

/* The working directory is /w/d; the roots are as in `places_of_test`. */
static const struct {
	const char *path;
	enum batch_place place;
	size_t root;
	const char *rest;
} paths[] = {
	{ "a", BATCH_OUTSIDE, 0, "" },
	{ "r/a", BATCH_BELOW, 0, "a" },
	{ "./r//a/./b/", BATCH_BELOW, 0, "a/b" },
	{ "r", BATCH_BELOW, 0, "" },
	{ "r/.", BATCH_BELOW, 0, "" },
	{ "/w/d/r/x", BATCH_BELOW, 0, "x" },
	{ "rr/x", BATCH_OUTSIDE, 0, "" },
	{ "../d/r/x", BATCH_BELOW, 0, "x" },
	{ "../../w/d/r/x", BATCH_BELOW, 0, "x" },
	{ "../../../../w/d/r/x", BATCH_BELOW, 0, "x" },
	{ "/../w/d/r/x", BATCH_BELOW, 0, "x" },
	{ "r/a/../b", BATCH_DOTS, 0, "" },
	{ "r/..", BATCH_DOTS, 0, "" },
	{ "a/../r/x", BATCH_OUTSIDE, 0, "" },
	{ "r/in/x", BATCH_BELOW, 1, "x" },
	{ "r/inn/x", BATCH_BELOW, 0, "inn/x" },
	{ "/o/x", BATCH_BELOW, 2, "x" },
	{ "/o", BATCH_BELOW, 2, "" },
	{ "/ox", BATCH_OUTSIDE, 0, "" },
	{ "/", BATCH_OUTSIDE, 0, "" },
	{ "..", BATCH_OUTSIDE, 0, "" },
	{ "", BATCH_OUTSIDE, 0, "" },
	{ "r/...", BATCH_BELOW, 0, "..." },
	{ "r/\xff\n", BATCH_BELOW, 0, "\xff\n" },
};

static struct buf text_of(const char *str)
{
	struct buf text = BUF_INIT;

	buf_add_str(&text, str);
	return text;
}

static struct batch_places places_of_test(void)
{
	struct batch_places places = { .cwd = text_of("/w/d"), .root_count = 3, .home = text_of("/w/d/r/home/me") };

	places.roots = calloc(3, sizeof *places.roots);
	ck_assert_ptr_nonnull(places.roots);
	places.roots[0] = text_of("/w/d/r");
	places.roots[1] = text_of("/w/d/r/in");
	places.roots[2] = text_of("/o");
	return places;
}

START_TEST(resolves_paths)
{
	struct batch_places places = places_of_test();
	struct buf rest = BUF_INIT;
	size_t root = 0;

	ck_assert_int_eq(batch_resolve(&places, paths[_i].path, &root, &rest), paths[_i].place);
	if (paths[_i].place == BATCH_BELOW) {
		ck_assert_uint_eq(root, paths[_i].root);
		ck_assert_str_eq(buf_str(&rest), paths[_i].rest);
	}
	buf_fini(&rest);
	batch_places_fini(&places);
}
END_TEST

START_TEST(a_root_of_everything)
{
	struct batch_places places = { .root_count = 1 };
	struct buf rest = BUF_INIT;
	size_t root = 1;

	places.roots = calloc(1, sizeof *places.roots);
	ck_assert_int_eq(batch_resolve(&places, "/etc/hosts", &root, &rest), BATCH_BELOW);
	ck_assert_str_eq(buf_str(&rest), "etc/hosts");
	buf_clear(&rest);
	ck_assert_int_eq(batch_resolve(&places, "//./", &root, &rest), BATCH_BELOW);
	ck_assert_uint_eq(rest.len, 0);
	ck_assert_int_eq(batch_resolve(&places, "relative", &root, &rest), BATCH_OUTSIDE);
	ck_assert(batch_is_protected(&places, 0, "", 0));
	buf_fini(&rest);
	batch_places_fini(&places);
}
END_TEST

START_TEST(finds_places)
{
	static const char *given[] = { ".", "./a//b/", "/x/./y", ".." };
	struct string_list roots = { given, ARRAY_LEN(given), ARRAY_LEN(given) };
	struct batch_places places;
	char cwd[4096];
	struct buf expected = BUF_INIT;

	ck_assert_ptr_nonnull(getcwd(cwd, sizeof cwd));
	ck_assert_int_eq(batch_places_init(&places, &roots), 0);
	ck_assert_str_eq(buf_str(&places.roots[0]), cwd);
	buf_printf(&expected, "%s/a/b", cwd);
	ck_assert_str_eq(buf_str(&places.roots[1]), buf_str(&expected));
	ck_assert_str_eq(buf_str(&places.roots[2]), "/x/y");
	*strrchr(cwd, '/') = '\0';
	ck_assert_str_eq(buf_str(&places.roots[3]), cwd);
	buf_fini(&expected);
	batch_places_fini(&places);
}
END_TEST

static const struct {
	size_t root;
	const char *rest;
	bool protected;
} protections[] = {
	{ 0, "", true },	{ 0, "a", false },	 { 0, "in", true },	  { 1, "", true },	{ 1, "x", false },
	{ 0, "home", true },	{ 0, "home/me", true },	 { 0, "home/me/x", false }, { 0, "home/you", false }, { 0, "inn", false },
	{ 2, "", true },	{ 2, "w", false },
};

START_TEST(protects)
{
	struct batch_places places = places_of_test();

	ck_assert_int_eq(batch_is_protected(&places, protections[_i].root, protections[_i].rest, strlen(protections[_i].rest)),
			 protections[_i].protected);
	batch_places_fini(&places);
}
END_TEST

static const struct {
	const char *path;
	bool dots;
} endings[] = {
	{ "", true }, { ".", true }, { "..", true }, { "a/.", true }, { "a/..", true }, { "a/./", true }, { "/", true },
	{ "a", false }, { "a/", false }, { "...", false }, { "a/.b", false }, { "./a//", false },
};

START_TEST(sees_dots)
{
	ck_assert_int_eq(batch_ends_in_dots(endings[_i].path), endings[_i].dots);
}
END_TEST

static const struct {
	const char *typed;
	const char *target;
	const char *path;
	const char *shown;
} shown[] = {
	{ "w/a", "a", "a", "w/a" },
	{ "w/a", "a", "a/b/c", "w/a/b/c" },
	{ "w/a/", "a", "a/b", "w/a/b" },
	{ "w", "", "a/b", "w/a/b" },
	{ "/", "", "a", "/a" },
	{ "w", "", "", "w" },
	{ "a/b/c", "a/b/c", "a/b", "a/b" },
	{ "a/b/c", "a/b/c", "a", "a" },
	{ "x/./a//b/./c/", "a/b/c", "a", "x/./a" },
	{ "/w/a/b", "a/b", "a", "/w/a" },
	{ "../w/a/b", "a/b", "a", "../w/a" },
	{ "a", "a", "q", "ROOT/q" },
	{ "a", "a", "qq/r", "ROOT/qq/r" },
};

START_TEST(shows_paths)
{
	struct buf out = BUF_INIT;

	batch_show_path(&out, "ROOT", shown[_i].typed, shown[_i].target, strlen(shown[_i].target), shown[_i].path,
			strlen(shown[_i].path));
	ck_assert_str_eq(buf_str(&out), shown[_i].shown);
	buf_fini(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("headless");
	TCase *tests = tcase_create("headless");
	SRunner *runner = srunner_create(suite);
	int failed;

	setlocale(LC_ALL, "C.UTF-8");
	tcase_add_loop_test(tests, writes_strings, 0, ARRAY_LEN(samples));
	tcase_add_loop_test(tests, writes_numbers, 0, ARRAY_LEN(numbers));
	tcase_add_test(tests, writes_entries);
	tcase_add_loop_test(tests, refuses_batches, 0, ARRAY_LEN(wrong));
	tcase_add_test(tests, reads_batches);
	tcase_add_loop_test(tests, reads_any_bytes, 0, 4);
	tcase_add_loop_test(tests, resolves_paths, 0, ARRAY_LEN(paths));
	tcase_add_test(tests, a_root_of_everything);
	tcase_add_test(tests, finds_places);
	tcase_add_loop_test(tests, protects, 0, ARRAY_LEN(protections));
	tcase_add_loop_test(tests, sees_dots, 0, ARRAY_LEN(endings));
	tcase_add_loop_test(tests, shows_paths, 0, ARRAY_LEN(shown));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
