/*
 * The command line and the configuration: what they set, and what they say about what is wrong.
 */
#include "config.h"
#include "options.h"

#include "compare.h"
#include "wire.h"

#include <check.h>
#include <locale.h>
#include <string.h>

enum { MAX_ARGS = 8 };

/* A command line and what comes of it; `why` NULL: nothing is wrong. */
struct line {
	const char *args[MAX_ARGS];
	const char *why;
	enum options_mode mode;
};

static const struct line lines[] = {
	{ { NULL }, NULL, MODE_BROWSE },
	{ { "a", "b" }, NULL, MODE_BROWSE },
	{ { "--list", "a" }, NULL, MODE_LIST },
	{ { "a", "--count" }, NULL, MODE_COUNT },
	{ { "--diff", "a", "b", "c", "--by", "auto,mode" }, NULL, MODE_DIFF },
	{ { "--diff", "a", "b", "--format=rsync", "--all" }, NULL, MODE_DIFF },
	{ { "--dump", "--", "--list" }, NULL, MODE_DUMP },
	{ { "--batch=x", "a" }, NULL, MODE_BATCH },
	{ { "--batch", "-", "a" }, NULL, MODE_BATCH },
	{ { "--help", "--list" }, NULL, MODE_HELP },
	{ { "-V" }, NULL, MODE_VERSION },
	{ { "-hxL" }, NULL, MODE_HELP },
	{ { "-" }, NULL, MODE_BROWSE },
	{ { "./a:b", "/c:d" }, NULL, MODE_BROWSE },
	{ { "--list", "a", "--list" }, NULL, MODE_LIST },
	{ { "--columns=size,name mode" }, NULL, MODE_BROWSE },
	/* wrong */
	{ { "--foo" }, "--foo: unknown option", 0 },
	{ { "--foo=bar" }, "--foo: unknown option", 0 },
	{ { "--lis" }, "--lis: unknown option", 0 },
	{ { "--f\033[31m" }, "$'--f\\x1b[31m': unknown option", 0 },
	{ { "-q" }, "-q: unknown option", 0 },
	{ { "-xq" }, "-xq: unknown option", 0 },
	{ { "--bye=type", "a" }, "--bye: unknown option", 0 },
	{ { "--list" }, "--list: no ROOT given", 0 },
	{ { "--list", "" }, "'': an empty ROOT; the current directory is .", 0 },
	{ { "--count" }, "--count: no ROOT given", 0 },
	{ { "--dump" }, "--dump: no ROOT given", 0 },
	{ { "--batch=x" }, "--batch: no ROOT given", 0 },
	{ { "--dump", "a", "b" }, "--dump: only one ROOT can be recorded", 0 },
	{ { "--list", "--count", "a" }, "--count: only one of --list, --count, --diff, --dump and --batch can be", 0 },
	{ { "--batch=x", "--batch=y", "a" }, "--batch=y: only one can be", 0 },
	{ { "--jobs" }, "--jobs: needs a value", 0 },
	{ { "-j" }, "-j: needs a value", 0 },
	{ { "--jobs=0" }, "--jobs=0: not a number from 1 to 1024", 0 },
	{ { "--jobs=99999999999999999999" }, "--jobs=99999999999999999999: not a number from 1 to 1024", 0 },
	{ { "-j1x" }, "-j1x: not a number from 1 to 1024", 0 },
	{ { "--max-depth=-1" }, "--max-depth=-1: not a number", 0 },
	{ { "--max-depth=" }, "--max-depth=: not a number", 0 },
	{ { "--backend=ssh" }, "--backend=ssh: neither threads nor workers", 0 },
	{ { "--format=xml" }, "--format=xml: none of text, typed, json, ncdu, rsync", 0 },
	{ { "--sort=yes" }, "--sort: takes no value", 0 },
	{ { "--exclude=/" }, "--exclude=/: matches nothing", 0 },
	{ { "--headless=80" }, "--headless=80: not COLSxROWS, each from 1 to 1000", 0 },
	{ { "--headless=0x1" }, "--headless=0x1: not COLSxROWS, each from 1 to 1000", 0 },
	{ { "--headless=80x24x1" }, "--headless=80x24x1: not COLSxROWS, each from 1 to 1000", 0 },
	{ { "--list", "--format=ncdu", "a", "b" }, "--format=ncdu: only for one ROOT", 0 },
	{ { "--list", "--format=ncdu", "-0", "a" }, "--format=ncdu: is one record, without --null", 0 },
	{ { "--count", "--format=typed", "a" }, "--count: only --format=text and --format=json", 0 },
	{ { "--diff", "a" }, "--diff: two ROOTs or more are needed", 0 },
	{ { "--diff" }, "--diff: no ROOT given", 0 },
	{ { "--diff", "--format=ncdu", "a", "b" }, "--diff: only --format=text, --format=json and --format=rsync", 0 },
	{ { "--diff", "--format=rsync", "a", "b", "c" }, "--format=rsync: only for two ROOTs", 0 },
	{ { "--list", "--format=rsync", "a" }, "--list: not --format=rsync", 0 },
	{ { "--by=size,sums" }, "--by=size,sums: not of type, size, mtime, content, target, mode, owner, group, auto", 0 },
	{ { "--by=" }, "--by=: not of type, size, mtime, content, target, mode, owner, group, auto", 0 },
	{ { "--time-tolerance=-1" }, "--time-tolerance=-1: not a number of seconds", 0 },
	{ { "--time-tolerance=1.0000000001" }, "--time-tolerance=1.0000000001: not a number of seconds", 0 },
	{ { "--time-tolerance=." }, "--time-tolerance=.: not a number of seconds", 0 },
	{ { "--fold=names" }, "--fold=names: not of case, unicode", 0 },
	{ { "--time-shift=27" }, "--time-shift=27: not a number of hours from 0 to 26", 0 },
	{ { "host:/x" }, "host:/x: remote roots are not supported; a local one is ./NAME", 0 },
	{ { "--script=" }, "--script=: empty", 0 },
	{ { "--columns=size,atime" },
	  "--columns=size,atime: not of name, size, disk, mode, octal, mtime, owner, group, links, inode, count, ext", 0 },
	{ { "--columns=size,name,size" }, "--columns=size,name,size: the same column twice", 0 },
	{ { "--columns=," }, "--columns=,: empty", 0 },
	/* what means nothing there */
	{ { "--count", "--sort", "a" }, "--sort: means nothing with --count", 0 },
	{ { "--cwd-file=x", "--list", "a" }, NULL, MODE_LIST },
	{ { "--diff", "--sort", "a", "b" }, NULL, MODE_DIFF },
	{ { "--diff", "a", "b", "--depth-first" }, "--depth-first: means nothing with --diff", 0 },
	{ { "--dump", "-0", "a" }, "--null: means nothing with --dump", 0 },
	{ { "--list", "--headless", "a" }, "--headless: means nothing with --list", 0 },
	{ { "a", "--sort" }, "--sort: needs --list or --diff", 0 },
	{ { "a", "b", "--all" }, "--all: needs --diff", 0 },
	{ { "--format=json" }, "--format: needs --list or --count or --diff or --batch", 0 },
	{ { "--help", "--sort" }, NULL, MODE_HELP },
};

/* Parse the arguments of a table's line. */
static int parse(struct options *options, const char *const *args, struct buf *why)
{
	char *argv[MAX_ARGS + 2] = { (char[]){ "muntin" } };
	int argc = 1;

	for (size_t i = 0; i < MAX_ARGS && args[i]; i++)
		argv[argc++] = (char *)args[i];
	return options_parse(options, argc, argv, why);
}

START_TEST(reads_lines)
{
	const struct line *line = &lines[_i];
	struct options options;
	struct buf why = BUF_INIT;
	int status;

	options_init(&options);
	status = parse(&options, line->args, &why);
	ck_assert_int_eq(status, line->why ? -1 : 0);
	ck_assert_str_eq(buf_str(&why), line->why ? line->why : "");
	if (!line->why)
		ck_assert_int_eq(options.mode, line->mode);
	buf_fini(&why);
	options_fini(&options);
}
END_TEST

START_TEST(sets_the_comparison)
{
	static const char *const args[][MAX_ARGS] = {
		{ "--diff", "a", "b", "--by=type", "--time-tolerance=2", "--time-shift=3" },
		{ "--diff", "a", "b", "--by", "auto,mode,owner,group", "--all", "--time-tolerance=0.05" },
		{ "--by=size,mtime,content,target,type" },
	};
	struct options options;
	struct buf out = BUF_INIT;

	options_init(&options);
	ck_assert_uint_eq(options.by, COMPARE_AUTO);
	ck_assert_int_eq(parse(&options, args[0], &out), 0);
	ck_assert_uint_eq(options.by, 0);
	ck_assert_int_eq(options.time_tolerance, INT64_C(2000000000));
	ck_assert_uint_eq(options.session.time_shift, 3);
	options_add_by(&out, options.by);
	ck_assert_str_eq(buf_str(&out), "type");
	buf_clear(&out);
	ck_assert_int_eq(parse(&options, args[1], &out), 0);
	ck_assert_uint_eq(options.by, COMPARE_AUTO | COMPARE_MODE | COMPARE_OWNER | COMPARE_GROUP);
	ck_assert(options.all);
	ck_assert_int_eq(options.time_tolerance, 50000000);
	ck_assert_int_eq(parse(&options, args[2], &out), 0);
	options_add_by(&out, options.by);
	ck_assert_str_eq(buf_str(&out), "size,mtime,content,target");
	options_fini(&options);
	buf_fini(&out);
}
END_TEST

START_TEST(sets_everything)
{
	static const char *const args[][MAX_ARGS] = {
		{ "-bworkers", "-j", "3", "-xL", "--exclude=*.o", "--exclude", "tmp/", "--max-depth=4" },
		{ "--list", "--format", "typed", "-0", "--sort", "--depth-first", "--read-only", "here" },
		{ "--cwd-file=c", "--choose=out", "--script=s", "--headless=132x50", "--debug=scan:log", "--config=f" },
	};
	struct options options;
	struct buf why = BUF_INIT;

	options_init(&options);
	ck_assert_uint_eq(options.session.max_depth, WIRE_DEPTH_ALL);
	ck_assert_int_eq(parse(&options, args[0], &why), 0);
	ck_assert_int_eq(options.session.backend, BACKEND_WORKERS);
	ck_assert_uint_eq(options.session.jobs, 3);
	ck_assert(options.session.one_file_system && options.session.follow);
	ck_assert_uint_eq(options.session.exclude_count, 2);
	ck_assert_str_eq(options.session.exclude[0], "*.o");
	ck_assert_str_eq(options.session.exclude[1], "tmp/");
	ck_assert_uint_eq(options.session.max_depth, 4);
	ck_assert_uint_eq(options.roots.len, 1);
	ck_assert_str_eq(options.roots.items[0], ".");
	options.roots.len = 0;
	ck_assert_int_eq(parse(&options, args[1], &why), 0);
	ck_assert_int_eq(options.format, FORMAT_TYPED);
	ck_assert(options.null && options.sort && options.depth_first && options.session.read_only);
	ck_assert_str_eq(options.roots.items[0], "here");
	options.mode = MODE_BROWSE;
	ck_assert_int_eq(parse(&options, args[2], &why), 0);
	ck_assert_str_eq(options.cwd_file, "c");
	ck_assert(options.choose);
	ck_assert_str_eq(options.choose_file, "out");
	ck_assert_str_eq(options.script, "s");
	ck_assert(options.headless);
	ck_assert_int_eq(options.cols, 132);
	ck_assert_int_eq(options.rows, 50);
	ck_assert_str_eq(options.debug, "scan:log");
	ck_assert_str_eq(options.config, "f");
	options_fini(&options);
	buf_fini(&why);
}
END_TEST

START_TEST(help_fits_a_screen)
{
	struct buf help = BUF_INIT;
	size_t lines_seen = 0;
	size_t column = 0;

	options_help(&help);
	for (size_t i = 0; i < help.len; i++) {
		column = help.data[i] == '\n' ? 0 : column + 1;
		lines_seen += help.data[i] == '\n';
		ck_assert_uint_le(column, 80);
	}
	ck_assert_uint_eq(column, 0);
	ck_assert_uint_le(lines_seen, 24);
	buf_fini(&help);
}
END_TEST

/* Lines of a configuration, and what is said about them. */
struct text {
	const char *text;
	const char *messages;
};

static const struct text texts[] = {
	{ "", "" },
	{ "# only a comment\n\n   \n", "" },
	{ "sort = yes\nsort=no\n  jobs =  3  \r\n", "" },
	{ "sort\n", "muntin: f:1: sort: not of the form `key = value`\n" },
	{ "sort = maybe\n", "muntin: f:1: sort = maybe: neither yes nor no\n" },
	{ "\nfoo = 1\nsort = yes", "muntin: f:2: foo = 1: unknown setting\n" },
	{ "list = yes\n", "muntin: f:1: list = yes: only for the command line\n" },
	{ "config = x\n", "muntin: f:1: config = x: only for the command line\n" },
	{ "exclude = 'a b", "muntin: f:1: exclude = 'a b: a quote is not closed, or followed by something\n" },
	{ "exclude = 'a' b", "muntin: f:1: exclude = 'a' b: a quote is not closed, or followed by something\n" },
	{ "f\033oo = 1\n", "muntin: f:1: $'f\\x1boo = 1': unknown setting\n" },
	{ "lock sort\n", "muntin: f:1: sort: only /etc/xdg/muntin/config can lock\n" },
	{ "bind j = down\nbind ^w c = pane-close\nbind = = reverse\nbind x = none\n", "" },
	{ "bind j = downn 5\n", "muntin: f:1: j = downn 5: no such command\n" },
	{ "color directory = red bold\n", "" },
	{ "columns = owner, size\ncolumns = ext name\n", "" },
	{ "\ncolumns = size, sizes\n",
	  "muntin: f:2: columns = size, sizes: not of name, size, disk, mode, octal, mtime, owner, group, links, inode, count, ext\n" },
	{ "jobs = 0\njobs = 2\n", "muntin: f:1: jobs = 0: not a number from 1 to 1024\n" },
};

START_TEST(reads_configurations)
{
	struct options options;
	struct buf messages = BUF_INIT;

	options_init(&options);
	config_apply(&options, CONFIG_USER, "f", texts[_i].text, strlen(texts[_i].text), &messages);
	ck_assert_str_eq(buf_str(&messages), texts[_i].messages);
	buf_fini(&messages);
	options_fini(&options);
}
END_TEST

START_TEST(a_bad_line_leaves_the_rest)
{
	static const char text[] = "jobs = 7\nnonsense\nexclude = $'a\\nb'\nbackend = workers\nbind nokey9 = down\nbind j = down\n"
				   "color nothing = red\ncolor file = green\n\0\nmax-depth = 2\n";
	struct options options;
	struct buf messages = BUF_INIT;
	const char *said;

	options_init(&options);
	config_apply(&options, CONFIG_USER, "f", text, sizeof text - 1, &messages);
	said = buf_str(&messages);
	ck_assert_ptr_nonnull(strstr(said, "f:2: nonsense"));
	ck_assert_ptr_nonnull(strstr(said, "f:5: "));
	ck_assert_ptr_nonnull(strstr(said, "f:7: "));
	ck_assert_ptr_nonnull(strstr(said, "f:9: not text"));
	ck_assert_uint_eq(options.session.jobs, 7);
	ck_assert_str_eq(options.session.exclude[0], "a\nb");
	ck_assert_int_eq(options.session.backend, BACKEND_WORKERS);
	ck_assert_uint_eq(options.session.max_depth, 2);
	ck_assert_uint_eq(options.binds.len, 1);
	ck_assert_str_eq(options.binds.items[0], "j = down");
	ck_assert_uint_eq(options.colors.len, 1);
	ck_assert_str_eq(options.colors.items[0], "file = green");
	buf_fini(&messages);
	options_fini(&options);
}
END_TEST

START_TEST(programs_for_names)
{
	static const char text[] = "open *.pdf = zathura %f\nopen 'a = b *' = $'x\\ny' -o %f\nopen *.x =\nopen =x\nopen *.y zathura\n"
				   "open *.z = 'a\n";
	struct options options;
	struct buf messages = BUF_INIT;

	options_init(&options);
	config_apply(&options, CONFIG_USER, "f", text, sizeof text - 1, &messages);
	ck_assert_str_eq(buf_str(&messages), "muntin: f:3: *.x =: not of the form `open GLOB = program %f`\n"
					     "muntin: f:4: =x: not of the form `open GLOB = program %f`\n"
					     "muntin: f:5: *.y zathura: not of the form `open GLOB = program %f`\n"
					     "muntin: f:6: *.z = 'a: not of the form `open GLOB = program %f`\n");
	ck_assert_uint_eq(options.open_globs.len, 2);
	ck_assert_str_eq(options.open_globs.items[0], "*.pdf");
	ck_assert_str_eq(options.open_programs.items[0], "zathura %f");
	ck_assert_str_eq(options.open_globs.items[1], "a = b *");
	ck_assert_str_eq(options.open_programs.items[1], "$'x\\ny' -o %f");
	buf_fini(&messages);
	options_fini(&options);
}
END_TEST

START_TEST(the_administrator_locks)
{
	static const char admin[] = "lock read-only\nread-only = yes\nlock jobs\njobs = 2\nsort = yes\nlock nothing\n";
	static const char user[] = "read-only = no\njobs = 4\nsort = no\n";
	static const char *const same[MAX_ARGS] = { "--read-only", "a" };
	static const char *const other[MAX_ARGS] = { "--jobs=9", "a" };
	struct options options;
	struct buf messages = BUF_INIT;
	struct buf why = BUF_INIT;

	options_init(&options);
	config_apply(&options, CONFIG_ADMIN, "admin", admin, sizeof admin - 1, &messages);
	config_apply(&options, CONFIG_USER, "user", user, sizeof user - 1, &messages);
	ck_assert_str_eq(buf_str(&messages), "muntin: admin: lock nothing: unknown setting\n"
					     "muntin: user:1: read-only = no: locked by the administrator\n"
					     "muntin: user:2: jobs = 4: locked by the administrator\n");
	ck_assert(options.session.read_only && !options.sort);
	ck_assert_uint_eq(options.session.jobs, 2);
	ck_assert_int_eq(parse(&options, same, &why), 0);
	ck_assert_int_eq(parse(&options, other, &why), -1);
	ck_assert_str_eq(buf_str(&why), "--jobs=9: locked by the administrator");
	buf_fini(&why);
	buf_fini(&messages);
	options_fini(&options);
}
END_TEST

START_TEST(locks_hold_without_configuration)
{
	static const char admin[] = "lock jobs\njobs = 2\nsort = yes\nbind j = down\nnonsense = 1\n";
	struct options options;
	struct buf messages = BUF_INIT;

	options_init(&options);
	config_apply(&options, CONFIG_ADMIN_LOCKS, "admin", admin, sizeof admin - 1, &messages);
	ck_assert_str_eq(buf_str(&messages), "");
	ck_assert_uint_eq(options.session.jobs, 2);
	ck_assert(!options.sort);
	ck_assert_uint_eq(options.binds.len, 0);
	buf_fini(&messages);
	options_fini(&options);
}
END_TEST

START_TEST(a_configured_form_gives_way)
{
	static const char text[] = "format = typed\n";
	static const char *const args[MAX_ARGS] = { "--count", "a" };
	struct options options;
	struct buf messages = BUF_INIT;
	struct buf why = BUF_INIT;

	options_init(&options);
	options.configured = true;
	config_apply(&options, CONFIG_USER, "f", text, sizeof text - 1, &messages);
	ck_assert_int_eq(options.format, FORMAT_TYPED);
	ck_assert_int_eq(parse(&options, args, &why), 0);
	ck_assert_int_eq(options.format, FORMAT_TEXT);
	ck_assert_str_eq(buf_str(&why), "");
	buf_fini(&why);
	buf_fini(&messages);
	options_fini(&options);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("options");
	TCase *tests = tcase_create("options");
	SRunner *runner = srunner_create(suite);
	int failed;

	setlocale(LC_ALL, "C.UTF-8");
	tcase_add_loop_test(tests, reads_lines, 0, ARRAY_LEN(lines));
	tcase_add_test(tests, sets_the_comparison);
	tcase_add_test(tests, sets_everything);
	tcase_add_test(tests, help_fits_a_screen);
	tcase_add_loop_test(tests, reads_configurations, 0, ARRAY_LEN(texts));
	tcase_add_test(tests, a_bad_line_leaves_the_rest);
	tcase_add_test(tests, programs_for_names);
	tcase_add_test(tests, the_administrator_locks);
	tcase_add_test(tests, locks_hold_without_configuration);
	tcase_add_test(tests, a_configured_form_gives_way);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
