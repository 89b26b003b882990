#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "command.h"
#include "list.h"
#include "owner.h"
#include "text.h"

static struct app app;
static struct options options;
static char root[4096];

/** An app with one pane on an empty directory that is not read, and a terminal in memory. */
static void setup(void)
{
	const char *base = getenv("TMPDIR");

	snprintf(root, sizeof root, "%s/muntin-command.XXXXXX", base ? base : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(root));
	options_init(&options);
	options.headless = true;
	app = (struct app){ .options = &options, .loop = LOOP_INIT, .tty = -1 };
	app.keymap = keymap_new();
	app.styles = styles_new(false);
	app.term = term_mem_new(80, 24, true);
	app.session = session_new(&app.loop, &options.session);
	ck_assert(app.keymap && app.styles && app.term && app.session);
	ck_assert_ptr_null(command_bind(app.keymap));
	ck_assert_ptr_nonnull(session_open(app.session, root));
	app.session->panes[0]->wanted = false;
	grid_init(&app.grid, false);
}

static void teardown(void)
{
	while (app.dialog)
		app_close(&app, app.dialog);
	session_free(app.session);
	term_free(app.term);
	styles_free(app.styles);
	keymap_free(app.keymap);
	grid_fini(&app.grid);
	for (size_t i = 0; i < HISTORY_KINDS; i++)
		history_fini(&app.histories[i]);
	buf_fini(&app.message);
	buf_fini(&app.search);
	buf_fini(&app.wish.name);
	free(app.announced);
	free(app.rects);
	loop_fini(&app.loop);
	options_fini(&options);
	rmdir(root);
}

static entry_id add(const char *name, uint32_t type)
{
	struct tree *tree = session_pane(app.session)->tree;
	entry_id id = tree_add(tree, TREE_ROOT, name, strlen(name), type);

	ck_assert(id != 0);
	return id;
}

static void add_some(void)
{
	struct tree *tree = session_pane(app.session)->tree;

	add("alpha", S_IFREG);
	add("beta", S_IFREG);
	tree_set_state(tree, add("docs", S_IFDIR), DIR_COMPLETE, ERROR_NONE);
	add("it's a name", S_IFREG);
	tree_set_state(tree, TREE_ROOT, DIR_COMPLETE, ERROR_NONE);
	tree_settle(tree);
	app_settle(&app);
}

static bool run(const char *line)
{
	bool worked = command_run(&app, line, strlen(line), 0);

	app_settle(&app);
	return worked;
}

static void type(const char *names)
{
	uint32_t keys[128];
	int len = keys_parse(names, keys, ARRAY_LEN(keys));

	ck_assert_msg(len >= 0 && len <= (int)ARRAY_LEN(keys), "%s", names);
	for (int i = 0; i < len; i++)
		app_key(&app, &(struct term_event){ .type = TERM_EVENT_KEY, .key = keys[i] });
}

static const char *message(void)
{
	return app.message.len > 0 ? buf_str(&app.message) : "";
}

/* ---- the table ---------------------------------------------------------------- */

START_TEST(test_table)
{
	for (size_t i = 0; i < command_count(); i++) {
		const struct command *command = command_at(i);

		ck_assert_ptr_eq(command_find(command->name, strlen(command->name)), command);
		ck_assert_ptr_nonnull(command->run);
		ck_assert_uint_gt(strlen(command->help), 0);
		ck_assert_msg(strlen(command->help) <= 37, "%s: no room for its help", command->name);
	}
	ck_assert_ptr_null(command_find("dow", 3));
	ck_assert_ptr_null(command_find("downs", 5));
	ck_assert_ptr_null(command_find("", 0));
}
END_TEST

/** Every default key does what the table says: none is taken by another. */
START_TEST(test_keys)
{
	size_t bound = 0;

	for (size_t i = 0; i < keymap_count(app.keymap); i++) {
		const uint32_t *keys;
		size_t len;
		const char *line = keymap_at(app.keymap, i, &keys, &len);

		ck_assert_msg(command_find(line, strcspn(line, " ")) != NULL, "%s", line);
	}
	for (size_t i = 0; i < command_count(); i++)
		for (const char *at = command_at(i)->keys; *at; at++)
			bound += at[0] == ',' && at[1] == ' ';
	for (size_t i = 0; i < command_count(); i++)
		bound += command_at(i)->keys[0] != '\0';
	ck_assert_uint_eq(keymap_count(app.keymap), bound + 11);
}
END_TEST

/* ---- lines -------------------------------------------------------------------- */

static const struct line_case {
	const char *line;
	const char *message;  /* NULL: it works, and says nothing */
} line_cases[] = {
	{ "", NULL },
	{ "   ", NULL },
	{ "down", NULL },
	{ "  down  3 ", NULL },
	{ "'down' \"2\"", NULL },
	{ "down 0", "down: a count is a number from 1 on" },
	{ "down x", "down: a count is a number from 1 on" },
	{ "down -1", "down: a count is a number from 1 on" },
	{ "down 99999999999999999999", "down: a count is a number from 1 on" },
	{ "down 1 2", "down: too many operands" },
	{ "reverse now", "reverse: too many operands" },
	{ "nosuch", "no such command: nosuch" },
	{ "no\x1bsuch", "no such command: no\\esuch" },
	{ "Down", "no such command: Down" },
	{ "sort 'name", "a quote is not closed, or an escape is none" },
	{ "sort $'\\q'", "a quote is not closed, or an escape is none" },
	{ "search $'a\\0b'", "no word can hold a NUL" },
	{ "sort size", NULL },
	{ "sort color", "sort by name, size, mtime, ext, mode, owner or count, not color" },
	{ "pane 1", NULL },
	{ "pane 2", "there is no pane 2" },
	{ "pane", "pane: which one? 1 to 9" },
	{ "pane 10", "pane: which one? 1 to 9" },
	{ "pane-close", "the last pane stays" },
	{ "search alpha", NULL },
	{ "search nosuch", "not found: nosuch" },
	{ "search-next", "there is nothing to search for yet" },
	{ "backend fork", "backend: threads or workers, not fork" },
	{ "rename ''", "a name cannot be empty" },
	{ "rename a/b", "a name cannot hold a slash" },
	{ "rename ..", "`.` and `..` are no names" },
	{ "rename alpha2 x", "rename: too many operands" },
	{ "mkdir a//b", "a name cannot be empty" },
	{ "mkdir a/../b", "`.` and `..` are no names" },
	{ "mkdir /tmp/x", "a path below this directory is wanted" },
	{ "create a/b", "a name cannot hold a slash" },
	{ "chmod u+q", "chmod: not a permission (rwxXst), at character 3 of the mode" },
	{ "chmod -R", NULL },
	{ "chmod 644 x", "chmod: one MODE only" },
	{ "chown -R", NULL },
	{ "chown a b", "chown: one [USER][:GROUP] only" },
	{ "chown a b c", "chown: too many operands" },
	{ "match", "match: there is no other pane" },
	{ "match 1", "match: that is this pane" },
	{ "match 2", "there is no pane 2" },
	{ "match -R x", "match: -R, -o, and the number of a pane" },
	{ "match 1 2", "match: one pane only" },
	{ "edit", "edit: not without a terminal" },
	{ "view", "view: not without a terminal" },
	{ "open-with cat", "open-with: not without a terminal" },
	{ "trash", "there is no trash yet, nothing was done; X deletes for good" },
};

START_TEST(test_line)
{
	const struct line_case *c = &line_cases[_i];
	bool worked;

	add_some();
	worked = run(c->line);
	if (!c->message)
		ck_assert_msg(worked && app.message.len == 0, "%s: %s", c->line, message());
	else if (strncmp(c->line, "chmod u+q", 9) == 0)
		ck_assert_msg(!worked && strncmp(message(), "chmod: ", 7) == 0, "%s: %s", c->line, message());
	else
		ck_assert_str_eq(message(), c->message);
}
END_TEST

/** Commands that need an entry say so in an empty directory, and do not fall over. */
START_TEST(test_empty_directory)
{
	for (size_t i = 0; i < command_count(); i++) {
		const struct command *command = command_at(i);

		if (strncmp(command->name, "quit", 4) == 0 || strcmp(command->name, "backend") == 0 ||
		    strcmp(command->name, "leave") == 0)
			continue;
		run(command->name);
		ck_assert_msg(!(command->flags & (COMMAND_CURRENT | COMMAND_TARGETS)) || app.failed, "%s", command->name);
		while (app.dialog)
			app_close(&app, app.dialog);
	}
	ck_assert(!app.done);
}
END_TEST

/** Marked entries elsewhere are no current row: what is about that one says so. */
START_TEST(test_marks_without_a_row)
{
	struct pane *pane;

	add_some();
	run("mark-glob *");
	pane = session_pane(app.session);
	run("filter nothing-is-called-so");
	ck_assert_uint_eq(pane_current(pane), 0);
	for (size_t i = 0; i < command_count(); i++) {
		const struct command *command = command_at(i);

		if (!(command->flags & COMMAND_CURRENT))
			continue;
		ck_assert_msg(!run(command->name), "%s", command->name);
	}
	ck_assert(run("chmod"));
	ck_assert_ptr_nonnull(app.dialog);
}
END_TEST

START_TEST(test_effects)
{
	struct rows *rows = &session_pane(app.session)->rows;

	add_some();
	ck_assert_uint_eq(rows->count, 4);
	ck_assert(run("down 2") && rows->at == 2);
	ck_assert(run("top") && rows->at == 0);
	ck_assert(run("bottom") && rows->at == 3);
	ck_assert(run("top 2") && rows->at == 1);
	ck_assert(run("sort size") && rows->sort == ROWS_SIZE);
	ck_assert(run("reverse") && rows->reverse);
	ck_assert(run("filter A") && rows->filter.len == 1);
	app_settle(&app);
	ck_assert_uint_eq(rows->count, 3);
	ck_assert(run("stop") && rows->filter.len == 0);
	ck_assert(run("zoom") && app.zoom);
	ck_assert(run("mark-glob *a*") && tree_marked(rows->tree, &(uint64_t){ 0 }) == 3);
	ck_assert(run("unmark") && tree_marked(rows->tree, &(uint64_t){ 0 }) == 0);
}
END_TEST

/* ---- keys and prompts ---------------------------------------------------------- */

START_TEST(test_prompt)
{
	struct rows *rows = &session_pane(app.session)->rows;

	add_some();
	type(": s o r t Space s i z e Enter");
	ck_assert_ptr_null(app.dialog);
	ck_assert_int_eq(rows->sort, ROWS_SIZE);
	type("s e");
	ck_assert_int_eq(rows->sort, ROWS_EXT);
	type("s Esc");
	ck_assert_int_eq(rows->sort, ROWS_EXT);
	ck_assert_ptr_null(app.dialog);
	type(": r e v Tab Enter");
	ck_assert(rows->reverse);
	type("2 j");
	ck_assert_uint_eq(rows->at, 2);
}
END_TEST

START_TEST(test_filter_as_you_type)
{
	struct rows *rows = &session_pane(app.session)->rows;

	add_some();
	type("f b e");
	ck_assert_uint_eq(rows->count, 1);
	type("Backspace Backspace a");
	ck_assert_uint_eq(rows->count, 3);
	type("Esc");
	ck_assert_uint_eq(rows->count, 4);
	type("f b Enter");
	ck_assert_uint_eq(rows->count, 1);
	type("Esc");
	ck_assert_uint_eq(rows->count, 4);
}
END_TEST

START_TEST(test_search_as_you_type)
{
	struct rows *rows = &session_pane(app.session)->rows;
	entry_id first;

	add_some();
	run("top");
	first = rows->cursor;
	type("/ b e");
	ck_assert_uint_ne(rows->cursor, first);
	type("Esc");
	ck_assert_uint_eq(rows->cursor, first);
	type("/ a Enter");
	ck_assert_str_eq(message(), "");
	type("n n");
	ck_assert_uint_lt(rows->at, rows->count);
}
END_TEST

/** What is pasted is never obeyed, and what was typed ahead destroys nothing. */
START_TEST(test_pasted_and_queued)
{
	struct rows *rows = &session_pane(app.session)->rows;

	add_some();
	run("top");
	app_key(&app, &(struct term_event){ .type = TERM_EVENT_KEY, .key = 'j', .pasted = true });
	ck_assert_uint_eq(rows->at, 0);
	app_key(&app, &(struct term_event){ .type = TERM_EVENT_KEY, .key = 'X', .queued = true });
	ck_assert_ptr_null(app.dialog);
	ck_assert_uint_eq(app.session->job_count, 0);
	app_key(&app, &(struct term_event){ .type = TERM_EVENT_KEY, .key = 'j', .queued = true });
	ck_assert_uint_eq(rows->at, 1);
}
END_TEST

START_TEST(test_lists)
{
	static const char *const opens[] = { "?", "t", "W", "i" };

	add_some();
	for (size_t i = 0; i < ARRAY_LEN(opens); i++) {
		type(opens[i]);
		ck_assert_msg(app.dialog != NULL, "%s", opens[i]);
		app_paint(&app);
		type("j G g PgDn / x Enter n N k");
		app_paint(&app);
		type("Esc");
		ck_assert_msg(app.dialog == NULL, "%s", opens[i]);
	}
}
END_TEST

START_TEST(test_prefix_hint)
{
	struct buf dump = BUF_INIT;

	type("^w");
	app_paint(&app);
	grid_dump(&app.grid, &dump);
	ck_assert_ptr_nonnull(strstr(buf_str(&dump), "^w…"));
	ck_assert_ptr_nonnull(strstr(dump.data, "c pane-close"));
	type("Esc");
	app_paint(&app);
	buf_clear(&dump);
	grid_dump(&app.grid, &dump);
	ck_assert_ptr_nonnull(strstr(buf_str(&dump), "? help"));
	buf_fini(&dump);
}
END_TEST

/* ---- completion and quoting ------------------------------------------------------ */

static const struct complete_case {
	const char *text;
	size_t start;
	const char *words;  /* with | between */
} complete_cases[] = {
	{ "", 0, NULL },
	{ "rev", 0, "reverse" },
	{ "p", 0, "page-down|page-up|pane-next|pane-prev|pane|pane-close|pane-only|pane-swap|pane-hide|pane-show|prev-difference" },
	{ "pane-", 0, "pane-next|pane-prev|pane-close|pane-only|pane-swap|pane-hide|pane-show" },
	{ "so", 0, "sort " },
	{ "  so", 2, "sort " },
	{ "nosuch", 0, "" },
	{ "sort ", 5, "name|size|mtime|ext|mode|owner|count" },
	{ "sort m", 5, "mtime|mode" },
	{ "backend w", 8, "workers" },
	{ "show same mi", 10, "missing" },
	{ "by m", 3, "mtime|mode" },
	{ "rename al", 7, "alpha" },
	{ "rename it", 7, "'it'\\''s a name'" },
	{ "rename 'it", 7, "'it'\\''s a name'" },
	{ "rename do", 7, "docs/" },
	{ "rename docs/", 7, "" },
	{ "mkdir zz", 6, "" },
	{ "nosuch al", 7, "" },
};

START_TEST(test_complete)
{
	const struct complete_case *c = &complete_cases[_i];
	struct completions list = { .words = NULL };
	struct buf words = BUF_INIT;
	size_t start = 0;

	add_some();
	command_complete(&app, c->text, strlen(c->text), &start, &list);
	for (size_t i = 0; i < list.count; i++) {
		if (i > 0)
			buf_add_byte(&words, '|');
		buf_add(&words, list.words[i].data, list.words[i].len);
		buf_fini(&list.words[i]);
	}
	ck_assert_uint_eq(start, c->start);
	if (c->words)
		ck_assert_str_eq(buf_str(&words), c->words);
	else
		ck_assert_uint_eq(list.count, command_count());
	free(list.words);
	buf_fini(&words);
}
END_TEST

static const char *const quote_cases[] = {
	"", "a", "a b", "it's", "-rf", "$HOME", "a\nb", "\xff", "\\", "\"", "'", "$'x'", "*", "#x", "\t", "é", "~", "a\\'b",
};

/** What was quoted is read back as one word of the same bytes. */
START_TEST(test_quote)
{
	const char *raw = quote_cases[_i];
	struct buf quoted = BUF_INIT;
	struct buf back = BUF_INIT;
	size_t used;

	command_quote(&quoted, raw, strlen(raw));
	ck_assert_int_eq(text_parse(quoted.data, quoted.len, &back, &used), 0);
	ck_assert_uint_eq(used, quoted.len);
	ck_assert_str_eq(buf_str(&back), raw);
	buf_fini(&quoted);
	buf_fini(&back);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("command");
	TCase *tests = tcase_create("command");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, test_table);
	tcase_add_test(tests, test_keys);
	tcase_add_loop_test(tests, test_line, 0, ARRAY_LEN(line_cases));
	tcase_add_test(tests, test_empty_directory);
	tcase_add_test(tests, test_marks_without_a_row);
	tcase_add_test(tests, test_effects);
	tcase_add_test(tests, test_prompt);
	tcase_add_test(tests, test_filter_as_you_type);
	tcase_add_test(tests, test_search_as_you_type);
	tcase_add_test(tests, test_pasted_and_queued);
	tcase_add_test(tests, test_lists);
	tcase_add_test(tests, test_prefix_hint);
	tcase_add_loop_test(tests, test_complete, 0, ARRAY_LEN(complete_cases));
	tcase_add_loop_test(tests, test_quote, 0, ARRAY_LEN(quote_cases));
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
