/*
 * The comparison, compiled with chunks of four rows: the rules on trees written as text; trees that arrive in any order, of which
 * nothing wrong is ever told; and trees that change, against a comparison made anew.
 */
#define COMPARE_CHUNK_BITS 2
#define COMPARE_FILL_AT_ONCE 2
#include "../src/compare.c"
#include "../src/compare_contents.c"
#include "../src/compare_judge.c"
#include "../src/compare_order.c"
#include "../src/compare_rows.c"
#include "../src/compare_settle.c"

#include <check.h>
#include <stdio.h>

enum { MAX_PANES = 4, SECOND = 1000000000 };

/* Trees as text ---------------------------------------------------------------------------------------- */

/*
 * Entries with blanks between, a directory before what is in it: a path, then what it is.
 *
 *   /     a directory, all known     =SIZE  a file        |   a FIFO
 *   ~     being read                 >TEXT  a link        ?   only its name is known
 *   !     could not be opened        >      a link whose target could not be read
 *   %     read in part               #      its attributes could not be had
 *   ^     not entered                $      read in part, because that was stopped
 *
 * and behind that @SECONDS, :MODE, +UID, *INODE in any order. `.` is the root.
 */
static struct attrs parse_attrs(const char *text, uint32_t type)
{
	struct attrs attrs = { .flags = ATTRS_KNOWN, .mode = type | (type == S_IFDIR ? 0755 : 0644), .nlink = 1, .dev = 1, .ino = 7 };
	const char *at;

	attrs.size = *text == '=' ? strtoull(text + 1, NULL, 10) : 0;
	at = strchr(text, '@');
	attrs.mtime = at ? strtoll(at + 1, NULL, 10) * SECOND : SECOND;
	at = strchr(text, ':');
	if (at)
		attrs.mode = type | (uint32_t)strtoul(at + 1, NULL, 8);
	at = strchr(text, '+');
	attrs.uid = at ? (uint32_t)strtoul(at + 1, NULL, 10) : 0;
	at = strchr(text, '*');
	if (at)
		attrs.ino = strtoull(at + 1, NULL, 10);
	return attrs;
}

static const struct {
	char mark;
	uint32_t type;
	enum dir_state state;
	enum error error;
} kinds[] = {
	{ '/', S_IFDIR, DIR_COMPLETE, ERROR_NONE },    { '~', S_IFDIR, DIR_READING, ERROR_NONE },
	{ '!', S_IFDIR, DIR_UNREADABLE, ERROR_ACCES }, { '%', S_IFDIR, DIR_PARTIAL, ERROR_IO },
	{ '^', S_IFDIR, DIR_SKIPPED, ERROR_XDEV },     { '=', S_IFREG, DIR_UNREAD, ERROR_NONE },
	{ '>', S_IFLNK, DIR_UNREAD, ERROR_NONE },      { '|', S_IFIFO, DIR_UNREAD, ERROR_NONE },
	{ '?', S_IFREG, DIR_UNREAD, ERROR_NONE },      { '#', S_IFREG, DIR_UNREAD, ERROR_IO },
	{ '$', S_IFDIR, DIR_PARTIAL, ERROR_CANCELED },
};

static void make_entry(struct tree *tree, const char *token, size_t len)
{
	size_t path_len = strcspn(token, "~!%^=>|?#$ ");
	size_t kind = 0;
	size_t slash;
	uint32_t type;
	entry_id id = TREE_ROOT;
	char rest[64];

	if (path_len >= len)
		path_len = strcspn(token, "@:+ ") - 1;
	snprintf(rest, sizeof rest, "%.*s", (int)(len - path_len), token + path_len);
	while (kinds[kind].mark != rest[0])
		ck_assert_uint_lt(++kind, ARRAY_LEN(kinds));
	type = kinds[kind].type;
	for (slash = path_len; slash > 0 && token[slash - 1] != '/'; slash--)
		;
	if (*token != '.') {
		entry_id dir = tree_lookup(tree, token, slash ? slash - 1 : 0);

		ck_assert_uint_ne(dir, 0);
		id = tree_add(tree, dir, token + slash, path_len - slash, type);
		ck_assert_uint_ne(id, 0);
	}
	if (rest[0] == '#') {
		tree_set_error(tree, id, kinds[kind].error);
	} else if (rest[0] != '?') {
		struct attrs attrs = parse_attrs(rest, type);

		ck_assert_int_eq(tree_set_attrs(tree, id, &attrs), 0);
	}
	if (type == S_IFLNK && rest[1])
		ck_assert_int_eq(tree_set_target(tree, id, rest + 1, strcspn(rest + 1, "@:+*")), 0);
	if (type == S_IFDIR)
		tree_set_state(tree, id, kinds[kind].state, kinds[kind].error);
}

static struct tree *make_tree(const char *text)
{
	struct tree *tree = tree_new();

	ck_assert_ptr_nonnull(tree);
	if (*text != '.')
		make_entry(tree, "./", 2);
	while (*text) {
		size_t len = strcspn(text, " ");

		make_entry(tree, text, len);
		text += len + strspn(text + len, " ");
	}
	return tree;
}

/* Rows as text ----------------------------------------------------------------------------------------- */

static const char state_letters[] = "=?-#!";

/* A row as `classes flags path`, and what is known of its state. */
static void add_row(const struct compare *compare, compare_id row, struct buf *out)
{
	struct compare_look look;

	compare_look(compare, row, &look);
	ck_assert_int_eq(look.state, compare_state(compare, row));
	buf_add_str(out, look.letters);
	buf_add_byte(out, ' ');
	for (unsigned i = 0; i < 8; i++) {
		if (look.differs & 1U << i)
			buf_add_byte(out, "tlscmogp"[i]);
	}
	buf_printf(out, "%c ", state_letters[look.state]);
	compare_path(compare, row, out);
	buf_add_str(out, compare_is_dir(compare, row) ? "/\n" : "\n");
}

static const char *rows_of(struct compare *compare, struct buf *out)
{
	buf_clear(out);
	for (compare_id row = COMPARE_TOP; (row = compare_walk(compare, COMPARE_TOP, row));)
		add_row(compare, row, out);
	ck_assert_ptr_nonnull(buf_str(out));
	return out->data;
}

/* Is a row in a directory that one pane alone has, below another one? */
static bool is_lone(const struct compare *compare, compare_id row, compare_id dir)
{
	while ((row = compare_parent(compare, row)) != dir) {
		if (compare_is_open(compare, row) && !compare_below(compare, row))
			return true;
	}
	return false;
}

/* Does every directory count what is below it, but for what one pane alone has? */
static void check_counts(struct compare *compare)
{
	compare_id dir = COMPARE_TOP;

	do {
		const struct compare_counts *counts = compare_below(compare, dir);
		struct compare_counts all = { { 0 } };

		for (compare_id row = dir; (row = compare_walk(compare, dir, row));)
			all.of[compare_state(compare, row)] += !is_lone(compare, row, dir);
		if (counts)
			ck_assert_mem_eq(counts, &all, sizeof all);
		else if (!compare_is_open(compare, dir))
			ck_assert_uint_eq(compare_first(compare, dir), 0);
	} while ((dir = compare_walk(compare, COMPARE_TOP, dir)));
}

static struct compare *start(struct tree *const *trees, size_t count, unsigned by, int64_t tolerance)
{
	struct compare_pane panes[MAX_PANES];
	struct compare *compare;

	for (size_t i = 0; i < count; i++)
		panes[i] = (struct compare_pane){ trees[i], TREE_ROOT, true };
	compare = compare_new(panes, count, by, tolerance);
	ck_assert_ptr_nonnull(compare);
	ck_assert_int_eq(compare_settle(compare), 0);
	return compare;
}

/* The rules -------------------------------------------------------------------------------------------- */

struct rule {
	const char *panes[MAX_PANES];
	unsigned by;
	int64_t tolerance; /* seconds */
	const char *rows;
};

static const struct rule rules[] = {
	/* classes */
	{ { "f=1", "f=1" }, COMPARE_SIZE, 0, "aa = f\n" },
	{ { "f=1", "f=2" }, COMPARE_SIZE, 0, "ab s# f\n" },
	{ { "f=1", "f=2" }, COMPARE_AUTO, 0, "ab s# f\n" },
	{ { "f=1", "f=2" }, COMPARE_MTIME, 0, "aa = f\n" },
	{ { "f=1", "f=2" }, COMPARE_CONTENT, 0, "ab c# f\n" },
	{ { "f=1", "" }, COMPARE_SIZE, 0, "a- - f\n" },
	{ { "", "f=1", "f=2" }, COMPARE_SIZE, 0, "-ab s# f\n" },
	{ { "f=1", "f=2", "f=1", "f=2" }, COMPARE_SIZE, 0, "abab s# f\n" },
	{ { "f=1", "f=2", "f=3", "" }, COMPARE_SIZE, 0, "abc- s# f\n" },
	/* types and links */
	{ { "x=0", "x|" }, 0, 0, "ab t# x\n" },
	{ { "x=5", "x|", "x=6" }, COMPARE_SIZE, 0, "abc t# x\n" },
	{ { "x/", "x=1" }, 0, 0, "ab tp# x/\n" },
	{ { "x>a@1", "x>a@2" }, COMPARE_AUTO | COMPARE_MTIME | COMPARE_SIZE, 0, "aa = x\n" },
	{ { "x>a", "x>b" }, COMPARE_AUTO, 0, "ab l# x\n" },
	{ { "x>a", "x>b" }, COMPARE_CONTENT, 0, "ab l# x\n" },
	{ { "x>a", "x>b" }, COMPARE_TARGET, 0, "ab l# x\n" },
	{ { "x>a", "x>b" }, COMPARE_SIZE, 0, "aa = x\n" },
	{ { "x>a", "x>" }, COMPARE_TARGET, 0, "a! ! x\n" },
	{ { "x>a", "x>" }, COMPARE_SIZE, 0, "aa = x\n" },
	/* times */
	{ { "f=1@10", "f=1@12" }, COMPARE_MTIME, 0, "ab m# f\n" },
	{ { "f=1@10", "f=1@12" }, COMPARE_MTIME, 2, "aa = f\n" },
	{ { "f=1@10", "f=1@12", "f=1@14" }, COMPARE_MTIME, 2, "aab m# f\n" },
	{ { "f=1@12", "f=1@10", "f=1@14" }, COMPARE_MTIME, 2, "aaa m= f\n" },
	{ { "d/@1", "d/@2" }, COMPARE_MTIME | COMPARE_SIZE, 0, "aa = d/\n" },
	{ { "f=1@-9000000000", "f=1@9000000000" }, COMPARE_MTIME, 0, "ab m# f\n" },
	/* modes and owners are told, and decide only when asked for */
	{ { "f=1:600+1", "f=1:644+2" }, COMPARE_SIZE, 0, "aa op= f\n" },
	{ { "f=1:600+1", "f=1:644+2" }, COMPARE_MODE, 0, "ab op# f\n" },
	{ { "f=1:600+1", "f=1:600+2" }, COMPARE_MODE, 0, "aa o= f\n" },
	{ { "f=1:600+1", "f=1:600+2" }, COMPARE_OWNER, 0, "ab o# f\n" },
	/* content that is not known */
	{ { "f=1@1", "f=1@1*8" }, COMPARE_AUTO, 0, "aa = f\n" },
	{ { "f=1@1", "f=1@2*8" }, COMPARE_AUTO, 0, "a. ? f\n" },
	{ { "f=1", "f=1*8" }, COMPARE_CONTENT, 0, "a. ? f\n" },
	{ { "f=1", "f=1" }, COMPARE_CONTENT, 0, "aa = f\n" },
	{ { "f=1", "f=2", "f=1*8" }, COMPARE_CONTENT | COMPARE_SIZE, 0, "ab. s# f\n" },
	{ { "f=1", "f=1*8:600" }, COMPARE_CONTENT | COMPARE_MODE, 0, "ab p# f\n" },
	{ { "f=1", "f=1*8", "" }, COMPARE_CONTENT, 0, "a.- - f\n" },
	/* what is below */
	{ { "d/ d/f=1", "" }, COMPARE_SIZE, 0, "a- - d/\n" },
	{ { "d/ d/f=1", "d=1" }, COMPARE_SIZE, 0, "ab tp# d/\n" },
	{ { "d/ d/f=1", "d/ d/f=1", "" }, COMPARE_SIZE, 0, "aa- - d/\naa- = d/f\n" },
	{ { "d/ d/f=1", "d/", "d=1" }, COMPARE_SIZE, 0, "aab tp# d/\na-- - d/f\n" },
	{ { "d/ d/e/ d/e/f=1", "d/ d/e/ d/e/f=1", "d#" }, COMPARE_SIZE, 0, "aa! ! d/\naa. ? d/e/\naa. ? d/e/f\n" },
	/* directories that are not known to the end */
	{ { "d/ d/f=1", "d!" }, COMPARE_SIZE, 0, "a! ! d/\n" },
	{ { "d/ d/f=1", "d!", "d/ d/f=1" }, COMPARE_SIZE, 0, "a!a ! d/\na.a ? d/f\n" },
	{ { "d/ d/f=1", "d!", "d/ d/f=2" }, COMPARE_SIZE, 0, "a!a ! d/\na.b s# d/f\n" },
	{ { "d/ d/f=1 d/g=1", "d% d/g=1" }, COMPARE_SIZE, 0, "a! ! d/\na. ? d/f\naa = d/g\n" },
	{ { "d/ d/f=1", "d~" }, COMPARE_SIZE, 0, "aa ? d/\na. ? d/f\n" },
	{ { "d/ d/f=1", "d$" }, COMPARE_SIZE, 0, "aa ? d/\na. ? d/f\n" },
	{ { "d~ d/f=1", "" }, COMPARE_SIZE, 0, "a- - d/\n" },
	{ { "d! d/f=1", "" }, COMPARE_SIZE, 0, "a- - d/\n" },
	{ { "d^", "d/ d/f=1" }, COMPARE_SIZE, 0, "aa = d/\n" },
	{ { "d^", "d/ d/f=1", "d/" }, COMPARE_SIZE, 0, "aaa = d/\n.a- - d/f\n" },
	{ { ".~ f=1", "f=1 g=1" }, COMPARE_SIZE, 0, "aa = f\n.a ? g\n" },
	{ { ".!", "f=1" }, COMPARE_SIZE, 0, "" },
	{ { ".!", "f=1", "f=2" }, COMPARE_SIZE, 0, ".ab s# f\n" },
	/* entries that are not known */
	{ { "f?", "f=1" }, COMPARE_SIZE, 0, ".a ? f\n" },
	{ { "f?", "" }, COMPARE_SIZE, 0, ".- - f\n" },
	{ { "f#", "f=1" }, COMPARE_SIZE, 0, "!a ! f\n" },
	{ { "f#", "" }, COMPARE_SIZE, 0, "!- ! f\n" },
	/* order */
	{ { "a.b=1 b=1 a/ a/x=1", "a-b=1 a/ a/x=1 b=1" }, COMPARE_SIZE, 0, "aa = a/\naa = a/x\n-a - a-b\na- - a.b\naa = b\n" },
	{ { "aaaaaaaab=1 aaaaaaaa=1", "aaaaaaaaa=1 aaaaaaaa=1" }, COMPARE_SIZE, 0,
	  "aa = aaaaaaaa\n-a - aaaaaaaaa\na- - aaaaaaaab\n" },
};

START_TEST(follows_the_rules)
{
	const struct rule *rule = &rules[_i];
	struct tree *trees[MAX_PANES] = { 0 };
	struct compare *compare;
	struct buf out = BUF_INIT;
	size_t count = 0;

	while (count < MAX_PANES && rule->panes[count]) {
		trees[count] = make_tree(rule->panes[count]);
		count++;
	}
	compare = start(trees, count, rule->by, rule->tolerance * SECOND);
	ck_assert_str_eq(rows_of(compare, &out), rule->rows);
	check_counts(compare);
	buf_fini(&out);
	compare_free(compare);
	for (size_t i = 0; i < count; i++)
		tree_free(trees[i]);
}
END_TEST

/* Contents --------------------------------------------------------------------------------------------- */

START_TEST(asks_for_contents)
{
	static const uint8_t same[] = { 1, 1, 2 };
	struct tree *trees[] = { make_tree("f=5*1 g=1"), make_tree("f=5*2 g=2"), make_tree("f=6*3"), make_tree("f=5*4") };
	struct compare *compare = start(trees, 4, COMPARE_CONTENT | COMPARE_SIZE, 0);
	compare_id row = compare_first(compare, COMPARE_TOP);
	struct attrs attrs = { .flags = ATTRS_KNOWN, .mode = S_IFREG | 0600, .size = 5, .ino = 9, .dev = 1, .nlink = 1 };
	struct compare_ask ask;
	struct buf out = BUF_INIT;

	ck_assert_str_eq(rows_of(compare, &out), "a.b. s# f\nab-- s# g\n");
	ck_assert(compare_wants(compare, row));
	ck_assert_uint_eq(compare_pop_want(compare), row);
	ck_assert_uint_eq(compare_pop_want(compare), 0);
	ck_assert(compare_ask(compare, row, &ask));
	ck_assert(!compare_wants(compare, row));
	ck_assert(compare_waits(compare, row));
	ck_assert_uint_eq(ask.count, 3);
	ck_assert_uint_eq(ask.files[2].pane, 3);
	ck_assert_uint_eq(ask.files[2].ino, 4);
	compare_answer(compare, &ask, same);
	ck_assert_int_eq(compare_settle(compare), 0);
	ck_assert(!compare_waits(compare, row));
	ck_assert_str_eq(rows_of(compare, &out), "aabc sc# f\nab-- s# g\n");

	/* Another file: the others are what they are, and an answer about the old one counts for nothing. */
	ck_assert_int_eq(tree_set_attrs(trees[1], compare_entry(compare, row, 1), &attrs), 0);
	ck_assert_int_eq(compare_settle(compare), 0);
	ck_assert_str_eq(rows_of(compare, &out), "a.bc scp# f\nab-- s# g\n");
	compare_answer(compare, &ask, same);
	ck_assert_int_eq(compare_settle(compare), 0);
	ck_assert_str_eq(rows_of(compare, &out), "a.bc scp# f\nab-- s# g\n");
	/* It is held against one file of each class, and counts for nothing when it changes meanwhile, even when it changes back. */
	ck_assert_uint_eq(compare_pop_want(compare), row);
	ck_assert(compare_ask(compare, row, &ask));
	ck_assert_uint_eq(ask.count, 3);
	ck_assert_uint_eq(ask.files[0].pane, 1);
	ck_assert_uint_eq(ask.files[2].pane, 3);
	attrs.mtime = 1;
	ck_assert_int_eq(tree_set_attrs(trees[1], compare_entry(compare, row, 1), &attrs), 0);
	attrs.mtime = 0;
	ck_assert_int_eq(tree_set_attrs(trees[1], compare_entry(compare, row, 1), &attrs), 0);
	ck_assert_int_eq(compare_settle(compare), 0);
	ck_assert(!compare_wants(compare, row));
	compare_answer(compare, &ask, (const uint8_t[]){ 1, 1, 2 });
	ck_assert_int_eq(compare_settle(compare), 0);
	ck_assert_str_eq(rows_of(compare, &out), "a.bc scp# f\nab-- s# g\n");
	/* One that cannot be read any more says nothing of its class: all that the answer knows is the answer. */
	ck_assert(compare_ask(compare, row, &ask));
	compare_answer(compare, &ask, (const uint8_t[]){ 1, COMPARE_ANSWER_ERROR(ERROR_ACCES), 1 });
	ck_assert_int_eq(compare_settle(compare), 0);
	ck_assert_str_eq(rows_of(compare, &out), "!aba sp! f\nab-- s# g\n");
	ck_assert_int_eq(compare_content_error(compare, row, 0), ERROR_ACCES);
	tree_set_error(trees[0], compare_entry(compare, row, 0), ERROR_IO);
	ck_assert_int_eq(tree_set_attrs(trees[0], compare_entry(compare, row, 0), &(struct attrs){
		.flags = ATTRS_KNOWN, .mode = S_IFREG | 0644, .size = 5, .ino = 1, .dev = 1, .nlink = 1 }), 0);
	attrs.mtime = 1;
	ck_assert_int_eq(tree_set_attrs(trees[1], compare_entry(compare, row, 1), &attrs), 0);
	ck_assert_int_eq(compare_settle(compare), 0);
	ck_assert(compare_ask(compare, row, &ask));
	ck_assert_uint_eq(ask.count, 3);
	compare_answer(compare, &ask, (const uint8_t[]){ 1, COMPARE_ANSWER_ERROR(ERROR_ACCES), 1 });
	ck_assert_int_eq(compare_settle(compare), 0);
	ck_assert_str_eq(rows_of(compare, &out), "a!ba sp! f\nab-- s# g\n");
	ck_assert_int_eq(compare_content_error(compare, row, 1), ERROR_ACCES);

	/* The same attributes once more are no change. */
	ck_assert_int_eq(tree_set_attrs(trees[1], compare_entry(compare, row, 1), &attrs), 0);
	ck_assert_int_eq(compare_settle(compare), 0);
	ck_assert(!compare_waits(compare, row));
	buf_fini(&out);
	compare_free(compare);
	for (size_t i = 0; i < 4; i++)
		tree_free(trees[i]);
}
END_TEST

START_TEST(knows_that_a_recording_has_no_content)
{
	struct tree *trees[] = { make_tree("f=5*1"), make_tree("f=5*1"), make_tree("f=5*2") };
	const struct compare_pane panes[] = { { trees[0], TREE_ROOT, false }, { trees[1], TREE_ROOT, true }, { trees[2], TREE_ROOT, true } };
	struct compare *compare = compare_new(panes, 3, COMPARE_CONTENT, 0);
	struct compare_ask ask;
	struct buf out = BUF_INIT;

	ck_assert_ptr_nonnull(compare);
	ck_assert_int_eq(compare_settle(compare), 0);
	ck_assert_str_eq(rows_of(compare, &out), "a.. ? f\n");
	ck_assert(compare_ask(compare, compare_pop_want(compare), &ask));
	ck_assert_uint_eq(ask.count, 2);
	compare_answer(compare, &ask, (const uint8_t[]){ 1, 2 });
	ck_assert_int_eq(compare_settle(compare), 0);
	ck_assert_str_eq(rows_of(compare, &out), "a.. c# f\n");
	ck_assert_uint_eq(compare_pop_want(compare), 0);
	buf_fini(&out);
	compare_free(compare);
	for (size_t i = 0; i < 3; i++)
		tree_free(trees[i]);
}
END_TEST

/* Changes ---------------------------------------------------------------------------------------------- */

static void expect(struct compare *compare, const char *rows)
{
	struct buf out = BUF_INIT;

	ck_assert_int_eq(compare_settle(compare), 0);
	ck_assert_str_eq(rows_of(compare, &out), rows);
	check_counts(compare);
	compare_reclaim(compare);
	buf_fini(&out);
}

static entry_id at(const struct tree *tree, const char *path)
{
	entry_id id = tree_lookup(tree, path, strlen(path));

	ck_assert_uint_ne(id, 0);
	return id;
}

START_TEST(follows_the_trees)
{
	struct tree *trees[] = { make_tree("d/ d/e/ d/e/f=1 g=1"), make_tree(".~") };
	struct compare *compare = start(trees, 2, COMPARE_SIZE, 0);
	struct attrs file = parse_attrs("=2", S_IFREG);

	expect(compare, "a. ? d/\na. ? g\n");
	make_entry(trees[1], "d~", 2);
	expect(compare, "aa ? d/\na. ? d/e/\na. ? g\n");
	make_entry(trees[1], "d/e/", 4);
	make_entry(trees[1], "d/e/x=1", 7);
	expect(compare, "aa ? d/\naa = d/e/\na- - d/e/f\n-a - d/e/x\na. ? g\n");
	tree_set_state(trees[1], at(trees[1], "d"), DIR_COMPLETE, ERROR_NONE);
	tree_set_state(trees[1], TREE_ROOT, DIR_COMPLETE, ERROR_NONE);
	expect(compare, "aa = d/\naa = d/e/\na- - d/e/f\n-a - d/e/x\na- - g\n");

	/* Read again: what was known stays known until it ends otherwise. */
	tree_set_state(trees[1], at(trees[1], "d/e"), DIR_READING, ERROR_NONE);
	expect(compare, "aa = d/\naa = d/e/\na- - d/e/f\n-a - d/e/x\na- - g\n");
	tree_set_state(trees[1], at(trees[1], "d/e"), DIR_PARTIAL, ERROR_CANCELED);
	expect(compare, "aa = d/\naa = d/e/\na- - d/e/f\n-a - d/e/x\na- - g\n");
	tree_set_state(trees[1], at(trees[1], "d/e"), DIR_PARTIAL, ERROR_IO);
	expect(compare, "aa = d/\na! ! d/e/\na. ? d/e/f\n-a - d/e/x\na- - g\n");
	tree_set_state(trees[1], at(trees[1], "d/e"), DIR_UNREADABLE, ERROR_ACCES);
	expect(compare, "aa = d/\na! ! d/e/\na- - g\n");
	tree_set_state(trees[1], at(trees[1], "d/e"), DIR_COMPLETE, ERROR_NONE);
	expect(compare, "aa = d/\naa = d/e/\na- - d/e/f\n-a - d/e/x\na- - g\n");

	/* It goes, and another one comes under its name. */
	tree_remove(trees[1], at(trees[1], "d/e"));
	make_entry(trees[1], "d/e~", 4);
	expect(compare, "aa = d/\naa ? d/e/\na. ? d/e/f\na- - g\n");

	/* A directory becomes a file, and goes. */
	ck_assert_int_eq(tree_set_attrs(trees[1], at(trees[1], "d/e"), &file), 0);
	expect(compare, "aa = d/\nab tp# d/e/\na- - g\n");
	tree_remove(trees[1], at(trees[1], "d"));
	expect(compare, "a- - d/\na- - g\n");
	tree_remove(trees[0], at(trees[0], "d"));
	expect(compare, "a- - g\n");
	tree_remove(trees[0], at(trees[0], "g"));
	expect(compare, "");
	make_entry(trees[0], "g=2", 3);
	expect(compare, "a- - g\n");

	/* The root of one pane becomes a directory of another; what is compared stays. */
	ck_assert_uint_ne(tree_raise(trees[0], "up", 2), 0);
	make_entry(trees[0], "up/h=1", 6);
	make_entry(trees[0], "beside=1", 8);
	expect(compare, "a- - g\na- - h\n");
	compare_free(compare);
	tree_free(trees[0]);
	tree_free(trees[1]);
}
END_TEST

/* Hold a directory by its path. */
static void hold(struct compare *compare, const struct tree *tree, size_t pane, const char *path)
{
	ck_assert(compare_hold(compare, compare_find(compare, pane, at(tree, path))));
	ck_assert(!compare_hold(compare, compare_find(compare, pane, at(tree, path))));
}

/* Directories that are read again while other panes are compared: what was missing is not unknown for that. */
START_TEST(takes_over_how_directories_had_ended)
{
	struct tree *trees[] = { make_tree("d/ d/f=1 e/ e/f=1"), make_tree("d/ e/"), make_tree("d/ e/") };
	struct compare *before = start(trees, 2, COMPARE_SIZE, 0);
	const struct compare_pane panes[] = { { trees[2], TREE_ROOT, true }, { trees[1], TREE_ROOT, true }, { trees[0], TREE_ROOT, true } };
	struct compare *compare;

	expect(before, "aa = d/\na- - d/f\naa = e/\na- - e/f\n");
	tree_set_state(trees[1], at(trees[1], "d"), DIR_READING, ERROR_NONE);
	expect(before, "aa = d/\na- - d/f\naa = e/\na- - e/f\n");
	compare = compare_new(panes, 3, COMPARE_SIZE, 0);
	ck_assert_ptr_nonnull(compare);
	compare_take_over(compare, before, (const size_t[]){ SIZE_MAX, 1, 0 });
	/* one more that begins before anything was looked at; and a file that became a directory is another one */
	tree_set_state(trees[1], TREE_ROOT, DIR_READING, ERROR_NONE);
	ck_assert_int_eq(tree_set_attrs(trees[1], at(trees[1], "e"), &(struct attrs){ .flags = ATTRS_KNOWN, .mode = S_IFREG }), 0);
	ck_assert_int_eq(tree_set_attrs(trees[1], at(trees[1], "e"), &(struct attrs){ .flags = ATTRS_KNOWN, .mode = S_IFDIR | 0755 }), 0);
	expect(compare, "aaa = d/\n--a - d/f\naaa ? e/\n-.a - e/f\n");
	compare_free(compare);
	for (size_t i = 0; i < 3; i++)
		tree_free(trees[i]);
}
END_TEST

/* A source that dies, or is stopped, could have told more: what it did not tell is no error. */
START_TEST(knows_no_more_of_what_was_stopped)
{
	struct tree *trees[] = { make_tree("d/ f=1 g=1"), make_tree(".~ f=1 d?") };
	struct compare *compare = start(trees, 2, COMPARE_SIZE, 0);

	ck_assert_int_eq(tree_set_attrs(trees[1], at(trees[1], "d"), &(struct attrs){ .mode = S_IFDIR }), 0);
	tree_set_error(trees[1], at(trees[1], "d"), ERROR_CANCELED);
	tree_set_state(trees[1], TREE_ROOT, DIR_PARTIAL, ERROR_CANCELED);
	expect(compare, "a. ? d/\naa = f\na. ? g\n");
	compare_free(compare);
	tree_free(trees[0]);
	tree_free(trees[1]);
}
END_TEST

/* A root that was put above another one has an entry before anything else is known of it. */
START_TEST(follows_roots_that_become_known_late)
{
	struct tree *trees[] = { make_tree("up/ up/f=1"), make_tree("up/ up/f=1"), make_tree("f=1") };
	const struct attrs attrs = { .flags = ATTRS_KNOWN, .mode = S_IFDIR | 0755 };
	struct compare *compare;

	ck_assert_uint_ne(tree_raise(trees[2], "up", 2), 0);
	compare = start(trees, 3, COMPARE_SIZE, 0);
	expect(compare, "aaa = up/\naaa = up/f\n");
	ck_assert_int_eq(tree_set_attrs(trees[2], TREE_ROOT, &attrs), 0);
	tree_set_state(trees[2], TREE_ROOT, DIR_COMPLETE, ERROR_NONE);
	expect(compare, "aaa = up/\naaa = up/f\n");
	compare_free(compare);
	for (size_t i = 0; i < 3; i++)
		tree_free(trees[i]);
}
END_TEST

START_TEST(holds_what_one_pane_alone_has)
{
	struct tree *trees[] = { make_tree("d/ d/e/ d/e/g=1 d/f=1 h! x=1"), make_tree("x=1"), make_tree(".~") };
	struct compare *compare = start(trees, 3, COMPARE_SIZE, 0);

	expect(compare, "a-. - d/\na-. - h/\naa. ? x\n");
	hold(compare, trees[0], 0, "d");
	/* the third may have it */
	expect(compare, "a-. - d/\na-. ? d/e/\na-. ? d/f\na-. - h/\naa. ? x\n");
	hold(compare, trees[0], 0, "d/e");
	tree_set_state(trees[2], TREE_ROOT, DIR_COMPLETE, ERROR_NONE);
	expect(compare, "a-- - d/\na-- - d/e/\na-- - d/e/g\na-- - d/f\na-- - h/\naa- - x\n");
	ck_assert_uint_eq(compare_below(compare, COMPARE_TOP)->of[COMPARE_MISSING], 3);
	/* how it ends is known once it was looked at, and says nothing of what is missing */
	hold(compare, trees[0], 0, "h");
	expect(compare, "a-- - d/\na-- - d/e/\na-- - d/e/g\na-- - d/f\na-- - h/\naa- - x\n");
	/* another pane gets it, and what is in it counts; and loses it again */
	make_entry(trees[1], "d/", 2);
	expect(compare, "aa- - d/\na-- - d/e/\na-- - d/e/g\na-- - d/f\na-- - h/\naa- - x\n");
	ck_assert_uint_eq(compare_below(compare, COMPARE_TOP)->of[COMPARE_MISSING], 5);
	tree_remove(trees[1], at(trees[1], "d"));
	expect(compare, "a-- - d/\na-- - d/e/\na-- - d/e/g\na-- - d/f\na-- - h/\naa- - x\n");
	ck_assert_uint_eq(compare_below(compare, COMPARE_TOP)->of[COMPARE_MISSING], 3);
	tree_remove(trees[0], at(trees[0], "d"));
	expect(compare, "a-- - h/\naa- - x\n");
	compare_free(compare);
	for (size_t i = 0; i < 3; i++)
		tree_free(trees[i]);
}
END_TEST

/* Chance ----------------------------------------------------------------------------------------------- */

enum { NODES = 40 };

/* What a pane's tree is in the end. */
struct node {
	size_t parent;
	unsigned name;
	uint32_t type;       /* 0: attributes cannot be had */
	struct attrs attrs;
	unsigned content;
	enum dir_state state;
	entry_id id;         /* in the tree that is being filled; 0: not there */
	bool told;           /* attributes have arrived */
	bool ended;
};

struct world {
	uint32_t seed;
	size_t count;
	unsigned by;
	bool holds;          /* all directories are held */
	struct node nodes[MAX_PANES][NODES];
	size_t node_count[MAX_PANES];
	struct tree *trees[MAX_PANES];
	struct compare *compare;
	struct buf last;     /* the rows of the finished trees */
	uint64_t gone;       /* compare_gone() of these: */
	uint8_t known[MAX_PANES * NODES + 2]; /* the state of each row when it was last looked at */
};

static unsigned draw(struct world *world, unsigned below)
{
	world->seed = world->seed * 1664525 + 1013904223;
	return (world->seed >> 8) % below;
}

/* Where equal times say that contents are equal, they are: else what a file is depends on which others are known. */
static unsigned draw_content(struct world *world, const struct node *node)
{
	if (world->by != COMPARE_AUTO)
		return draw(world, 2);
	return node->attrs.mtime > 10 && node->name % 2;
}

static void draw_node(struct world *world, struct node *node)
{
	static const uint32_t types[] = { S_IFREG, S_IFREG, S_IFREG, S_IFDIR, S_IFDIR, S_IFDIR, S_IFIFO, 0 };

	node->type = types[draw(world, ARRAY_LEN(types))];
	node->state = draw(world, 8) ? DIR_COMPLETE : draw(world, 2) ? DIR_UNREADABLE : DIR_PARTIAL;
	node->attrs = (struct attrs){
		.flags = ATTRS_KNOWN, .mode = node->type | (draw(world, 4) ? 0644 : 0600), .nlink = 1, .dev = 1, .size = draw(world, 3) ? 1 : 2,
		.mtime = draw(world, 2) ? 10 : 20,
	};
	node->content = draw_content(world, node);
}

static bool has_name(const struct world *world, size_t pane, size_t parent, unsigned name)
{
	for (size_t i = 1; i < world->node_count[pane]; i++) {
		if (world->nodes[pane][i].parent == parent && world->nodes[pane][i].name == name)
			return true;
	}
	return false;
}

/* Trees that are much alike: each begins as a copy of the one before. */
static void draw_trees(struct world *world)
{
	for (size_t pane = 0; pane < world->count; pane++) {
		struct node *nodes = world->nodes[pane];
		size_t count = 1;

		if (pane > 0) {
			count = world->node_count[pane - 1];
			memcpy(nodes, world->nodes[pane - 1], sizeof world->nodes[pane]);
		}
		nodes[0] = (struct node){ .type = S_IFDIR, .state = DIR_COMPLETE, .attrs = { .flags = ATTRS_KNOWN, .mode = S_IFDIR | 0755 } };
		for (world->node_count[pane] = count; count < NODES - (pane ? 0 : 12); count++) {
			size_t parent = draw(world, (unsigned)count);
			unsigned name = draw(world, 6);

			if (nodes[parent].type != S_IFDIR || has_name(world, pane, parent, name))
				continue;
			nodes[world->node_count[pane]] = (struct node){ .parent = parent, .name = name };
			draw_node(world, &nodes[world->node_count[pane]++]);
		}
		for (size_t i = 1; i < world->node_count[pane]; i++) {
			if (pane > 0 && draw(world, 6) == 0 && nodes[i].type != S_IFDIR)
				draw_node(world, &nodes[i]);
			if (nodes[i].type == S_IFDIR && draw(world, 12) == 0)
				nodes[i].state = DIR_UNREADABLE;
			nodes[i].attrs.mode = nodes[i].type | (nodes[i].attrs.mode & 07777);
			nodes[i].attrs.ino = pane * NODES + i;
		}
	}
}

/* Can this node's name arrive now? Nothing arrives from a directory that cannot be opened, or that has ended. */
static bool can_come(const struct world *world, size_t pane, size_t i)
{
	const struct node *node = &world->nodes[pane][i];
	const struct node *parent = &world->nodes[pane][node->parent];

	return !node->id && parent->id && parent->told && !parent->ended && parent->type == S_IFDIR && parent->state != DIR_UNREADABLE;
}

static void add_node(struct world *world, size_t pane, struct node *node)
{
	const struct node *parent = &world->nodes[pane][node->parent];
	char name[8];
	int len = snprintf(name, sizeof name, "n%u", node->name);

	node->id = tree_add(world->trees[pane], parent->id, name, (size_t)len, node->type);
	ck_assert_uint_ne(node->id, 0);
}

static void tell_node(struct world *world, size_t pane, struct node *node)
{
	node->told = true;
	if (!node->type) {
		tree_set_error(world->trees[pane], node->id, ERROR_IO);
		return;
	}
	ck_assert_int_eq(tree_set_attrs(world->trees[pane], node->id, &node->attrs), 0);
	if (node->type == S_IFDIR)
		tree_set_state(world->trees[pane], node->id, DIR_QUEUED, ERROR_NONE);
}

static void end_node(struct world *world, size_t pane, struct node *node)
{
	node->ended = true;
	tree_set_state(world->trees[pane], node->id, node->state, node->state == DIR_COMPLETE ? ERROR_NONE : ERROR_IO);
}

/* Let something arrive for a node, if it can. Returns whether anything did. */
static bool advance(struct world *world, size_t pane, size_t i)
{
	struct node *node = &world->nodes[pane][i];

	if (can_come(world, pane, i)) {
		add_node(world, pane, node);
		return true;
	}
	if (node->id && !node->told) {
		tell_node(world, pane, node);
		return true;
	}
	if (!node->told || node->type != S_IFDIR || node->ended)
		return false;
	for (size_t child = 1; child < world->node_count[pane]; child++) {
		if (world->nodes[pane][child].parent == i && can_come(world, pane, child))
			return false;
	}
	end_node(world, pane, node);
	return true;
}

/* Answer what is asked, as the files' contents are. */
static void answer_wants(struct world *world, unsigned chance)
{
	compare_id row;

	while (draw(world, 100) < chance && (row = compare_pop_want(world->compare))) {
		uint8_t answers[COMPARE_MAX_PANES];
		struct compare_ask ask;

		ck_assert(compare_ask(world->compare, row, &ask));
		for (size_t i = 0; i < ask.count; i++)
			answers[i] = (uint8_t)(1 + world->nodes[ask.files[i].pane][ask.files[i].ino % NODES].content);
		compare_answer(world->compare, &ask, answers);
	}
	ck_assert_int_eq(compare_settle(world->compare), 0);
}

static void hold_all(struct world *world)
{
	bool more = world->holds;

	ck_assert_int_eq(compare_settle(world->compare), 0);
	while (more) {
		more = compare_hold(world->compare, COMPARE_TOP);
		for (compare_id row = COMPARE_TOP; (row = compare_walk(world->compare, COMPARE_TOP, row));)
			more |= compare_is_dir(world->compare, row) && compare_hold(world->compare, row);
		ck_assert_int_eq(compare_settle(world->compare), 0);
	}
}

static void answer_all(struct world *world)
{
	hold_all(world);
	answer_wants(world, 100);
}

/* The line of a path among the last rows; NULL when there is none. */
static const char *last_row(const struct world *world, const char *path)
{
	for (const char *line = world->last.data; line && *line; line = strchr(line, '\n') + 1) {
		const char *has = strchr(line, ' ') + 1;
		size_t len;

		has = strchr(has, ' ') + 1;
		len = strcspn(has, "\n");
		len -= has[len - 1] == '/';
		if (strlen(path) == len && memcmp(has, path, len) == 0)
			return line;
	}
	return NULL;
}

/* The state at the end of a row's flags. */
static enum compare_state state_of(const char *line)
{
	const char *flags = strchr(line, ' ') + 1;

	return (enum compare_state)(strchr(state_letters, flags[strcspn(flags, " ") - 1]) - state_letters);
}

static bool is_class(char letter)
{
	return letter >= 'a' && letter <= 'z';
}

/* Nothing that is told now may turn out to be wrong. */
static void check_claims(const struct world *world, compare_id row)
{
	struct compare_look now;
	struct buf path = BUF_INIT;
	const char *last;

	compare_look(world->compare, row, &now);
	compare_path(world->compare, row, &path);
	last = last_row(world, buf_str(&path));
	for (size_t pane = 0; pane < world->count; pane++) {
		if (now.letters[pane] == '-')
			ck_assert(last ? last[pane] == '-' : now.know[pane] != COMPARE_KNOWN);
		for (size_t other = 0; last && other < pane; other++) {
			if (is_class(now.letters[pane]) && is_class(now.letters[other]) && is_class(last[pane]) && is_class(last[other]))
				ck_assert_int_eq(now.letters[pane] == now.letters[other], last[pane] == last[other]);
		}
	}
	if (last && now.state == COMPARE_SAME)
		ck_assert_int_eq(state_of(last), COMPARE_SAME);
	if (last && now.state > COMPARE_PENDING)
		ck_assert_int_ge(state_of(last), now.state);
	buf_fini(&path);
}

/* What is known only grows while trees do nothing but become known. */
static void check_gain(struct world *world, compare_id row)
{
	enum compare_state state = compare_state(world->compare, row);

	ck_assert_uint_lt(row, ARRAY_LEN(world->known));
	ck_assert(state >= world->known[row] || (world->known[row] == COMPARE_PENDING && state == COMPARE_SAME));
	world->known[row] = (uint8_t)state;
}

static void check_rows(struct world *world)
{
	if (world->gone != compare_gone(world->compare))
		memset(world->known, COMPARE_PENDING, sizeof world->known);
	world->gone = compare_gone(world->compare);
	for (compare_id row = COMPARE_TOP; (row = compare_walk(world->compare, COMPARE_TOP, row));) {
		check_claims(world, row);
		check_gain(world, row);
	}
}

static void check_world(struct world *world)
{
	compare_settle_part(world->compare, draw(world, 5));
	check_rows(world);
	hold_all(world);
	check_rows(world);
	check_counts(world->compare);
}

static void new_trees(struct world *world)
{
	for (size_t pane = 0; pane < world->count; pane++) {
		tree_free(world->trees[pane]);
		world->trees[pane] = make_tree(".~");
		for (size_t i = 0; i < NODES; i++) {
			world->nodes[pane][i].id = i ? 0 : TREE_ROOT;
			world->nodes[pane][i].told = i == 0;
			world->nodes[pane][i].ended = false;
		}
	}
}

static bool advance_any(struct world *world)
{
	size_t pane = draw(world, (unsigned)world->count);
	size_t first = draw(world, NODES);

	for (size_t i = 0; i < world->count * NODES; i++) {
		size_t node = (first + i) % NODES;

		if (node < world->node_count[pane] && advance(world, pane, node))
			return true;
		if (node == NODES - 1)
			pane = (pane + 1) % world->count;
	}
	return false;
}

static void init_world(struct world *world, uint32_t seed)
{
	static const unsigned criteria[] = { COMPARE_SIZE, COMPARE_AUTO, COMPARE_CONTENT, COMPARE_MTIME | COMPARE_MODE, 0 };

	world->seed = seed;
	world->count = 2 + draw(world, MAX_PANES - 1);
	world->by = criteria[draw(world, ARRAY_LEN(criteria))];
	world->holds = draw(world, 2);
	draw_trees(world);
}

static void fini_world(struct world *world)
{
	compare_free(world->compare);
	for (size_t pane = 0; pane < world->count; pane++)
		tree_free(world->trees[pane]);
	buf_fini(&world->last);
	free(world);
}

/* The rows of the trees as they are, by a comparison made anew; it is the one from now on. */
static void compare_anew(struct world *world, struct buf *rows)
{
	compare_free(world->compare);
	world->compare = start(world->trees, world->count, world->by, 0);
	answer_all(world);
	rows_of(world->compare, rows);
}

START_TEST(never_tells_what_is_wrong)
{
	struct world *world = calloc(1, sizeof *world);
	struct buf rows = BUF_INIT;

	ck_assert_ptr_nonnull(world);
	init_world(world, (uint32_t)_i * 7919);
	new_trees(world);
	while (advance_any(world))
		;
	compare_anew(world, &world->last);
	compare_free(world->compare);
	new_trees(world);
	world->compare = start(world->trees, world->count, world->by, 0);
	if (_i % 3 == 0)
		compare_be_patient(world->compare);
	memset(world->known, COMPARE_PENDING, sizeof world->known);
	while (advance_any(world)) {
		answer_wants(world, 30);
		check_world(world);
		if (draw(world, 4) == 0)
			compare_reclaim(world->compare);
	}
	answer_all(world);
	ck_assert_str_eq(rows_of(world->compare, &rows), world->last.data);
	buf_fini(&rows);
	fini_world(world);
}
END_TEST

/* Change one thing in a finished tree. */
static void mutate(struct world *world)
{
	size_t pane = draw(world, (unsigned)world->count);
	size_t i = draw(world, (unsigned)world->node_count[pane]);
	struct node *node = &world->nodes[pane][i];
	struct tree *tree = world->trees[pane];

	if (i == 0 || !node->id || !tree_has(tree, node->id)) {
		struct node *parent = &world->nodes[pane][node->parent];

		if (i == 0 || !tree_has(tree, parent->id) || !tree_dir(tree, parent->id))
			return;
		add_node(world, pane, node);
		tell_node(world, pane, node);
		if (node->type == S_IFDIR)
			end_node(world, pane, node);
		return;
	}
	switch (draw(world, 4)) {
	case 0:
		for (size_t below = 1; below < world->node_count[pane]; below++) {
			if (world->nodes[pane][below].id && tree_is_below(tree, world->nodes[pane][below].id, node->id) && below != i)
				world->nodes[pane][below].id = 0;
		}
		tree_remove(tree, node->id);
		node->id = 0;
		break;
	case 1:
		node->state = draw(world, 2) ? DIR_COMPLETE : DIR_UNREADABLE;
		if (node->type == S_IFDIR)
			end_node(world, pane, node);
		break;
	default:
		node->attrs.size = 1 + draw(world, 2);
		node->attrs.mtime = draw(world, 2) ? 10 : 20;
		node->attrs.ino += MAX_PANES * NODES;
		node->content = draw_content(world, node);
		if (node->type && node->type != S_IFDIR)
			tell_node(world, pane, node);
		break;
	}
}

/* Numbers of entries that have gone are only used again when nobody remembers them. */
static void reclaim_trees(struct world *world)
{
	for (size_t pane = 0; pane < world->count; pane++) {
		for (size_t i = 1; i < world->node_count[pane]; i++) {
			struct node *node = &world->nodes[pane][i];

			if (node->id && !tree_has(world->trees[pane], node->id))
				node->id = 0;
		}
		tree_settle(world->trees[pane]);
		tree_reclaim(world->trees[pane]);
	}
}

static void reclaim(struct world *world)
{
	reclaim_trees(world);
	compare_reclaim(world->compare);
}

START_TEST(agrees_with_one_made_anew)
{
	struct world *world = calloc(1, sizeof *world);
	struct buf rows = BUF_INIT;

	ck_assert_ptr_nonnull(world);
	init_world(world, (uint32_t)_i * 104729 + 1);
	new_trees(world);
	while (advance_any(world))
		;
	compare_anew(world, &world->last);
	for (unsigned round = 0; round < 40; round++) {
		for (unsigned step = draw(world, 8) + 1; step > 0; step--)
			mutate(world);
		answer_all(world);
		check_counts(world->compare);
		reclaim(world);
		rows_of(world->compare, &rows);
		compare_anew(world, &world->last);
		ck_assert_str_eq(rows.data, world->last.data);
	}
	buf_fini(&rows);
	fini_world(world);
}
END_TEST

/* Other panes ------------------------------------------------------------------------------------------ */

/* Answer what is asked by a comparison of some of the trees. Returns how many files were asked for. */
static size_t answer_some(struct world *world, struct compare *compare, const size_t *order, unsigned chance)
{
	size_t files = 0;
	compare_id row;

	ck_assert_int_eq(compare_settle(compare), 0);
	while (draw(world, 100) < chance && (row = compare_pop_want(compare))) {
		uint8_t answers[COMPARE_MAX_PANES];
		struct compare_ask ask;

		ck_assert(compare_ask(compare, row, &ask));
		for (size_t i = 0; i < ask.count; i++)
			answers[i] = (uint8_t)(1 + world->nodes[order[ask.files[i].pane]][ask.files[i].ino % NODES].content);
		files += ask.count;
		compare_answer(compare, &ask, answers);
	}
	ck_assert_int_eq(compare_settle(compare), 0);
	return files;
}

static struct compare *compare_some(const struct world *world, const size_t *order, size_t count)
{
	struct compare_pane panes[MAX_PANES];
	struct compare *compare;

	for (size_t i = 0; i < count; i++)
		panes[i] = (struct compare_pane){ world->trees[order[i]], TREE_ROOT, true };
	compare = compare_new(panes, count, world->by, 0);
	ck_assert_ptr_nonnull(compare);
	return compare;
}

/* Draw panes, two at least, in an order by chance. */
static size_t draw_order(struct world *world, size_t *order)
{
	size_t count = 2 + draw(world, (unsigned)world->count - 1);

	for (size_t i = 0; i < world->count; i++) {
		size_t at = draw(world, (unsigned)i + 1);

		order[i] = order[at];
		order[at] = i;
	}
	return count;
}

/* Panes come, go and change places; what was read for those that stay is not read again, and is true of what they have become. */
START_TEST(takes_over_what_was_read)
{
	struct world *world = calloc(1, sizeof *world);
	struct buf rows = BUF_INIT;
	size_t order[MAX_PANES];
	size_t count;

	ck_assert_ptr_nonnull(world);
	init_world(world, (uint32_t)_i * 7877 + 5);
	new_trees(world);
	while (advance_any(world))
		;
	count = draw_order(world, order);
	world->compare = compare_some(world, order, count);
	for (unsigned round = 0; round < 30; round++) {
		struct compare *before = world->compare;
		size_t old[MAX_PANES];
		size_t from[MAX_PANES];
		size_t old_count = count;
		bool known = compare_settle_part(before, draw(world, 3) ? SIZE_MAX : 5) == false && draw(world, 2);

		if (known)
			answer_some(world, before, order, 100);
		memcpy(old, order, sizeof old);
		count = draw_order(world, order);
		for (size_t i = 0; i < count; i++) {
			from[i] = SIZE_MAX;
			for (size_t at = 0; at < old_count; at++)
				from[i] = old[at] == order[i] ? at : from[i];
			known &= from[i] != SIZE_MAX;
		}
		world->compare = compare_some(world, order, count);
		compare_take_over(world->compare, before, from);
		if (known) {
			ck_assert_uint_eq(answer_some(world, world->compare, order, 100), 0);
		} else {
			for (unsigned step = draw(world, 4); step > 0; step--)
				mutate(world);
			if (draw(world, 2))
				answer_some(world, world->compare, order, 100);
		}
		if (draw(world, 2))
			continue;
		answer_some(world, world->compare, order, 100);
		rows_of(world->compare, &rows);
		before = world->compare;
		world->compare = compare_some(world, order, count);
		answer_some(world, world->compare, order, 100);
		rows_of(world->compare, &world->last);
		ck_assert_str_eq(rows.data, world->last.data);
		compare_free(before);
		compare_free(world->compare);
		reclaim_trees(world);
		world->compare = compare_some(world, order, count);
	}
	buf_fini(&rows);
	fini_world(world);
}
END_TEST

/* The index: names that come and go, in two panes, and always have one row. */
START_TEST(finds_rows_by_name)
{
	struct tree *trees[] = { make_tree(""), make_tree("") };
	struct compare *compare = start(trees, 2, 0, 0);
	entry_id ids[2][300] = { { 0 } };
	struct world world = { .seed = 1 };

	for (unsigned step = 0; step < 30000; step++) {
		size_t pane = draw(&world, 2);
		unsigned name = draw(&world, ARRAY_LEN(ids[0]));
		entry_id *id = &ids[pane][name];
		char text[8];
		int len = snprintf(text, sizeof text, "%u", name);

		if (*id) {
			tree_remove(trees[pane], *id);
			*id = 0;
		} else {
			*id = tree_add(trees[pane], TREE_ROOT, text, (size_t)len, S_IFREG);
			ck_assert_uint_ne(*id, 0);
		}
		for (unsigned i = 0; i < ARRAY_LEN(ids[0]) && step % 64 == 0; i++) {
			if (ids[0][i] && ids[1][i])
				ck_assert_uint_eq(compare_find(compare, 0, ids[0][i]), compare_find(compare, 1, ids[1][i]));
		}
		if (step % 100 > 0)
			continue;
		ck_assert_int_eq(compare_settle(compare), 0);
		check_counts(compare);
		compare_reclaim(compare);
		tree_reclaim(trees[0]);
		tree_reclaim(trees[1]);
	}
	compare_free(compare);
	tree_free(trees[0]);
	tree_free(trees[1]);
}
END_TEST

/* With patience: rows come when the directory has ended wherever it is, a root that nothing has come of yet included. */
static void count_shared(void *arg, size_t pane, entry_id id)
{
	unsigned *told = arg;

	(void)id;
	told[pane]++;
}

START_TEST(waits_for_a_root_that_is_not_known)
{
	struct tree *trees[] = { make_tree("d/ f=1"), make_tree("d/ f=1"), tree_new() };
	const struct compare_pane panes[] = { { trees[0], TREE_ROOT, true }, { trees[1], TREE_ROOT, true }, { trees[2], TREE_ROOT, true } };
	const struct attrs dir = { .flags = ATTRS_KNOWN, .mode = S_IFDIR | 0755 };
	struct compare *compare;
	unsigned told[3] = { 0 };
	entry_id late;

	tree_set_state(trees[2], TREE_ROOT, DIR_QUEUED, ERROR_NONE);
	compare = compare_new(panes, 3, COMPARE_SIZE, 0);
	ck_assert_ptr_nonnull(compare);
	compare_be_patient(compare);
	compare_tell_shared(compare, count_shared, told);
	expect(compare, "");
	ck_assert_int_eq(tree_set_attrs(trees[2], TREE_ROOT, &dir), 0);
	tree_set_state(trees[2], TREE_ROOT, DIR_READING, ERROR_NONE);
	late = tree_add(trees[2], TREE_ROOT, "d", 1, S_IFDIR);
	ck_assert_int_eq(tree_set_attrs(trees[2], late, &dir), 0);
	expect(compare, "");
	ck_assert_uint_eq(told[0] + told[1] + told[2], 0);
	tree_set_state(trees[2], TREE_ROOT, DIR_COMPLETE, ERROR_NONE);
	expect(compare, "aaa ? d/\naa- - f\n");
	ck_assert(told[0] && told[1] && told[2]);
	compare_free(compare);
	for (size_t i = 0; i < 3; i++)
		tree_free(trees[i]);
}
END_TEST

/* Size ------------------------------------------------------------------------------------------------- */

START_TEST(goes_deep)
{
	struct tree *trees[] = { make_tree(""), make_tree("") };
	struct compare *compare;
	struct attrs attrs = { .flags = ATTRS_KNOWN, .mode = S_IFDIR | 0755 };
	entry_id dirs[] = { TREE_ROOT, TREE_ROOT };
	compare_id row = COMPARE_TOP;
	size_t rows = 0;

	for (unsigned depth = 0; depth < 50000; depth++) {
		for (size_t i = 0; i < 2; i++) {
			dirs[i] = tree_add(trees[i], dirs[i], "d", 1, S_IFDIR);
			ck_assert_int_eq(tree_set_attrs(trees[i], dirs[i], &attrs), 0);
			tree_set_state(trees[i], dirs[i], DIR_COMPLETE, ERROR_NONE);
		}
	}
	compare = start(trees, 2, COMPARE_SIZE, 0);
	while ((row = compare_walk(compare, COMPARE_TOP, row)))
		rows++;
	ck_assert_uint_eq(rows, 50000);
	ck_assert_uint_eq(compare_below(compare, COMPARE_TOP)->of[COMPARE_SAME], 50000);
	tree_set_state(trees[0], at(trees[0], "d"), DIR_UNREADABLE, ERROR_ACCES);
	ck_assert_int_eq(compare_settle(compare), 0);
	ck_assert_uint_eq(compare_below(compare, COMPARE_TOP)->of[COMPARE_ERROR], 1);
	ck_assert_uint_eq(compare_below(compare, COMPARE_TOP)->of[COMPARE_SAME], 0);
	compare_free(compare);
	tree_free(trees[0]);
	tree_free(trees[1]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("compare");
	TCase *tests = tcase_create("compare");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, follows_the_rules, 0, (int)ARRAY_LEN(rules));
	tcase_add_test(tests, asks_for_contents);
	tcase_add_test(tests, knows_that_a_recording_has_no_content);
	tcase_add_test(tests, follows_the_trees);
	tcase_add_test(tests, takes_over_how_directories_had_ended);
	tcase_add_test(tests, knows_no_more_of_what_was_stopped);
	tcase_add_test(tests, follows_roots_that_become_known_late);
	tcase_add_test(tests, holds_what_one_pane_alone_has);
	tcase_add_loop_test(tests, never_tells_what_is_wrong, 0, 300);
	tcase_add_loop_test(tests, agrees_with_one_made_anew, 0, 60);
	tcase_add_loop_test(tests, takes_over_what_was_read, 0, 100);
	tcase_add_test(tests, finds_rows_by_name);
	tcase_add_test(tests, waits_for_a_root_that_is_not_known);
	tcase_add_test(tests, goes_deep);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
