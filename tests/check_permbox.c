#include <check.h>
#include <string.h>

#include "keys.h"
#include "permbox.h"
#include "text.h"

static struct permbox box;

/** Entries a0, a1, ... of these modes. */
static void put_in(const uint32_t *modes, size_t count)
{
	permbox_init(&box, 022, false);
	for (size_t i = 0; i < count; i++) {
		char name[] = { 'a', (char)('0' + i), '\0' };
		enum permbox_skip skip = S_ISLNK(modes[i]) ? PERMBOX_LINK : PERMBOX_NOT_SKIPPED;

		ck_assert_int_eq(permbox_add(&box, name, 2, modes[i], 1000, 100, skip), 0);
	}
	ck_assert_int_eq(permbox_ready(&box), 0);
}

static enum permbox_result type(const char *names)
{
	uint32_t keys[128];
	int len = keys_parse(names, keys, ARRAY_LEN(keys));
	enum permbox_result result = PERMBOX_EDITING;

	ck_assert_msg(len >= 0 && len <= (int)ARRAY_LEN(keys), "%s", names);
	for (int i = 0; i < len; i++)
		result = permbox_key(&box, keys[i], false);
	return result;
}

/** Twelve boxes by row, special bits last: x, ., ?. */
static void shown(char out[16])
{
	static const uint32_t bits[] = { 0400, 0200, 0100, 04000, 0040, 0020, 0010, 02000, 0004, 0002, 0001, 01000 };
	static const char states[] = { [PERM_OFF] = '.', [PERM_ON] = 'x', [PERM_MIXED] = '?' };
	struct perm_mix mix = permbox_shown(&box);
	size_t at = 0;

	for (size_t i = 0; i < ARRAY_LEN(bits); i++) {
		if (i > 0 && i % 4 == 0)
			out[at++] = ' ';
		out[at++] = states[perm_mix_box(&mix, bits[i])];
	}
	out[at] = '\0';
}

#define FILE_(mode) (S_IFREG | (mode))
#define DIR_(mode) (S_IFDIR | (mode))

static const struct edit_case {
	uint32_t modes[3];
	size_t count;
	const char *keys;
	const char *boxes;
	const char *octal;
	const char *mode;     /* what an operation would be given */
	uint32_t after[3];
	size_t changes;
} edit_cases[] = {
	/* untouched */
	{ { FILE_(0644) }, 1, "", "xx.. x... x...", "0644", "", { 0644 }, 0 },
	{ { FILE_(0644), FILE_(0755) }, 2, "", "xx?. x.?. x.?.", "0---", "", { 0644, 0755 }, 0 },
	/* boxes */
	{ { FILE_(0644) }, 1, "Space", ".x.. x... x...", "0244", "u-r", { 0244 }, 1 },
	{ { FILE_(0644) }, 1, "Down Right Space", "xx.. xx.. x...", "0664", "g+w", { 0664 }, 1 },
	{ { FILE_(0644) }, 1, "j l Space Space", "xx.. x... x...", "0644", "g-w", { 0644 }, 0 },
	{ { FILE_(0644) }, 1, "Right Right Right Space", "xx.x x... x...", "4644", "u+s", { 04644 }, 1 },
	{ { FILE_(0644), FILE_(0755) }, 2, "Right Right Space", "xxx. x.?. x.?.", "07--", "u+x", { 0744, 0755 }, 1 },
	{ { FILE_(0644), FILE_(0755) }, 2, "Right Right Space Space", "xx.. x.?. x.?.", "06--", "u-x", { 0644, 0655 }, 1 },
	{ { FILE_(0644), FILE_(0755) }, 2, "Right Right Space Space Space", "xx?. x.?. x.?.", "0---", "", { 0644, 0755 }, 0 },
	/* arrows stop at the sides */
	{ { FILE_(0000) }, 1, "Up Left Space", "x... .... ....", "0400", "u+r", { 0400 }, 1 },
	{ { FILE_(0000) }, 1, "Down Down Down Right Right Right Right Space", ".... .... ...x", "1000", "o+t", { 01000 }, 1 },
	/* octal follows and is followed */
	{ { FILE_(0644) }, 1, "Tab ^u 0 7 5 0", "xxx. x.x. ....", "0750", "0750", { 0750 }, 1 },
	{ { FILE_(06755) }, 1, "Tab ^u 6 4 4", "xx.x x..x x...", "644", "u+rw-x,g+r-wx,o+r-wx", { 06644 }, 1 },
	{ { FILE_(0644) }, 1, "Tab ^u 9 0 8 6 a 0 0", "xx.. .... ....", "0600", "0600", { 0600 }, 1 },
	/* symbolic */
	{ { FILE_(0644), DIR_(0700) }, 2, "Tab Tab g + r X", "xx?. x.?. ?...", "0---", "g+rX", { 0644, 0750 }, 1 },
	{ { S_IFLNK | 0777, FILE_(0600) }, 2, "Tab Tab g + r", "xx.. x... ....", "0640", "g+r", { 0777, 0640 }, 1 },
	{ { FILE_(0644) }, 1, "Tab Tab u + q", "xx.. x... x...", "0644", "u+q", { 0644 }, 0 },
};

START_TEST(test_edit)
{
	const struct edit_case *c = &edit_cases[_i];
	struct buf mode = BUF_INIT;
	char boxes[16];
	const char *octal;
	size_t len;

	put_in(c->modes, c->count);
	type(c->keys);
	shown(boxes);
	ck_assert_str_eq(boxes, c->boxes);
	octal = prompt_text(&box.octal, &len);
	ck_assert_msg(len == strlen(c->octal) && memcmp(octal, c->octal, len) == 0, "%d: octal %.*s", _i, (int)len, octal);
	permbox_mode(&box, &mode);
	ck_assert_str_eq(buf_str(&mode), c->mode);
	for (size_t i = 0; i < c->count; i++)
		ck_assert_uint_eq(permbox_new_mode(&box, i) & 07777, c->after[i]);
	ck_assert_uint_eq(box.changes, c->changes);
	buf_fini(&mode);
	permbox_fini(&box);
}
END_TEST

/** What the operation is given does what the list shows. */
START_TEST(test_mode_is_preview)
{
	const struct edit_case *c = &edit_cases[_i];
	struct buf mode = BUF_INIT;
	struct perm_edit edit;

	put_in(c->modes, c->count);
	type(c->keys);
	permbox_mode(&box, &mode);
	if (permbox_can_apply(&box)) {
		ck_assert_int_eq(perm_parse(&edit, mode.data, mode.len, NULL), 0);
		for (size_t i = 0; i < box.count; i++) {
			if (box.items[i].skip != PERMBOX_NOT_SKIPPED)
				continue;
			ck_assert_uint_eq(perm_apply(&edit, box.items[i].mode, 022) & 07777,
			                  permbox_new_mode(&box, i) & 07777);
		}
	}
	buf_fini(&mode);
	permbox_fini(&box);
}
END_TEST

START_TEST(test_symbolic_becomes_boxes)
{
	const uint32_t modes[] = { FILE_(0644), FILE_(0755) };
	char boxes[16];

	put_in(modes, 2);
	type("Tab Tab o - r S-Tab S-Tab Down Right Space");
	shown(boxes);
	ck_assert_str_eq(boxes, "xx?. xx?. ..?.");
	ck_assert_uint_eq(permbox_new_mode(&box, 0) & 07777, 0660);
	ck_assert_uint_eq(permbox_new_mode(&box, 1) & 07777, 0771);
	permbox_fini(&box);
}
END_TEST

START_TEST(test_what_can_be_applied)
{
	const uint32_t modes[] = { FILE_(0644) };

	put_in(modes, 1);
	ck_assert(!permbox_can_apply(&box));
	type("Space");
	ck_assert(permbox_can_apply(&box));
	type("Tab ^u 6");
	ck_assert_msg(!permbox_can_apply(&box), "half an octal mode");
	type("4 4");
	ck_assert(permbox_can_apply(&box));
	type("Tab u + q");
	ck_assert(!permbox_can_apply(&box));
	permbox_fini(&box);
}
END_TEST

START_TEST(test_keys_that_leave)
{
	const uint32_t modes[] = { FILE_(0644) };

	put_in(modes, 1);
	ck_assert_int_eq(type("Enter"), PERMBOX_APPLY);
	ck_assert_int_eq(type("Tab Enter"), PERMBOX_APPLY);
	ck_assert_int_eq(type("Tab Esc"), PERMBOX_LEAVE);
	for (int i = 0; i < PERMBOX_FIELDS; i++) {
		ck_assert_int_le(permbox_key(&box, K_ENTER, true), PERMBOX_CHANGED);
		ck_assert_int_le(permbox_key(&box, K_ESC, true), PERMBOX_CHANGED);
		type("Tab");
	}
	permbox_fini(&box);
}
END_TEST

START_TEST(test_recursive_needs_a_directory)
{
	const uint32_t file[] = { FILE_(0644) };
	const uint32_t dir[] = { FILE_(0644), DIR_(0755) };

	put_in(file, 1);
	type("Tab Tab Tab Space");
	ck_assert(!box.recursive);
	permbox_fini(&box);
	put_in(dir, 2);
	ck_assert_int_eq(type("Tab Tab Tab Space"), PERMBOX_CHANGED);
	ck_assert(box.recursive);
	permbox_fini(&box);
}
END_TEST

/** `u` takes back one change after the other; what was typed in one go is one. In the symbolic field it is text. */
static const struct {
	const char *keys;
	const char *boxes;
	const char *symbolic;
} undo_cases[] = {
	{ "u", "xx.. x... x...", "" },
	{ "Space u", "xx.. x... x...", "" },
	{ "Space Right Space u", ".x.. x... x...", "" },
	{ "Space Right Space u u u", "xx.. x... x...", "" },
	{ "Tab 7 0 0 u", "xx.. x... x...", "" },
	{ "Space Tab 7 0 0 u", ".x.. x... x...", "" },
	{ "Tab Tab g + w , u + x BackTab u", "xx.. x... x...", "" },
	{ "Tab Tab g + w BackTab BackTab Space u", "xx.. xx.. x...", "g+w" },
	{ "Tab Tab g + w BackTab BackTab Space u u", "xx.. x... x...", "" },
	{ "Tab Tab g + w Left Left Tab u", "xx.. x... x...", "" },
	{ "Tab Tab g + w Tab Space u", "xx.. xx.. x...", "g+w" },
};

START_TEST(test_undo)
{
	const uint32_t modes[] = { FILE_(0644), DIR_(0644) };
	char boxes[16];
	const char *symbolic;
	size_t len;

	put_in(modes, 2);
	type(undo_cases[_i].keys);
	shown(boxes);
	ck_assert_str_eq(boxes, undo_cases[_i].boxes);
	symbolic = prompt_text(&box.symbolic, &len);
	ck_assert(len == strlen(undo_cases[_i].symbolic) && memcmp(symbolic, undo_cases[_i].symbolic, len) == 0);
	ck_assert(!box.recursive);
	permbox_fini(&box);
}
END_TEST

/** The picture at a size. */
static const char *paint(int cols, int rows, struct buf *dump)
{
	struct styles *styles = styles_new(false);
	static struct grid grid;
	struct paint p = { .grid = &grid, .styles = styles };

	grid_init(&grid, false);
	ck_assert_int_eq(grid_resize(&grid, cols, rows), 0);
	permbox_paint(&box, &p, NULL, NULL, 0);
	ck_assert(grid.cursor_x > 0 && grid.cursor_y > 0 && grid.cursor_x < cols - 1 && grid.cursor_y < rows - 1);
	buf_clear(dump);
	grid_dump(&grid, dump);
	grid_fini(&grid);
	styles_free(styles);
	return buf_str(dump);
}

#define HOLDS(text) ck_assert_msg(strstr(dump.data, text) != NULL, "no \"%s\" in\n%s", text, dump.data)

/** Close, every part is there; tiny, what has the focus is. */
START_TEST(test_small_screens)
{
	static const char *const tiny[PERMBOX_FIELDS] = { "u r[x]w[x]x[ ]s[ ]", "octal 0654", "sym u=rw,g=rx,o=r", "recursive", "-rw-r-" };
	const uint32_t modes[] = { FILE_(0644), FILE_(0644) };
	struct buf dump = BUF_INIT;

	put_in(modes, 2);
	type("Down Right Right Space Up Left");
	paint(40, 10, &dump);
	HOLDS("user   r[x] w[x] x[ ]  setuid [ ]");
	HOLDS("group  r[x] w[ ] x[x]  setgid [ ]");
	HOLDS("octal 0654  symbolic u=rw,g=rx,o=r");
	HOLDS("recursive   owner 1000:100");
	HOLDS("2 entries, 2 change");
	HOLDS("-rw-r--r-- → -rw-r-xr--  a0");
	HOLDS("-rw-r--r-- → -rw-r-xr--  a1");
	for (int field = 0; field < PERMBOX_FIELDS; field++) {
		paint(20, 6, &dump);
		HOLDS(tiny[field]);
		type("Tab");
	}
	buf_fini(&dump);
	permbox_fini(&box);
}
END_TEST

/** With an ACL the group boxes are its mask, and entries of the ACL decide. */
START_TEST(test_acl)
{
	static struct access_acl entries[] = { { ACCESS_TAG_USER, 77, 6 }, { ACCESS_TAG_GROUP_OWNER, 0, 4 }, { ACCESS_TAG_MASK, 0, 6 } };
	const struct access_list acl = { entries, 3, 0 };
	const uint32_t modes[] = { FILE_(0660), FILE_(0660) };
	struct buf dump = BUF_INIT;

	put_in(modes, 1);
	box.user = (struct access_user){ .uid = 77 };
	box.items[0].acl = &acl;
	paint(80, 24, &dump);
	HOLDS("mask    [x]     [x]     [ ]");
	HOLDS("you: read yes  write yes  execute no  (named user)");
	type("Down Right Space");
	buf_add_str(&box.user_name, "ann");
	paint(80, 24, &dump);
	HOLDS("ann: read yes  write no  execute no  (named user) masked");
	HOLDS("-rw-rw----+ → -rw-r-----+  a0");
	paint(40, 12, &dump);
	HOLDS("mask   r[x]");
	HOLDS("ann: r-- (named user)");
	permbox_fini(&box);
	put_in(modes, 2);
	box.items[0].acl = &acl;
	paint(80, 24, &dump);
	HOLDS("g/mask  [x]");
	buf_fini(&dump);
	permbox_fini(&box);
}
END_TEST

/** At any size, and the cursor stands in the focused box. */
START_TEST(test_paint)
{
	const uint32_t modes[] = { FILE_(0644), DIR_(0755), S_IFLNK | 0777 };
	struct styles *styles = styles_new(false);
	struct grid grid;
	struct paint p = { .grid = &grid, .styles = styles };
	struct buf dump = BUF_INIT;

	grid_init(&grid, false);
	put_in(modes, 3);
	type("Down Right Space");
	for (int cols = 1; cols < 90; cols += 7) {
		for (int rows = 1; rows < 30; rows++) {
			ck_assert_int_eq(grid_resize(&grid, cols, rows), 0);
			permbox_paint(&box, &p, NULL, NULL, 0);
		}
	}
	ck_assert_int_eq(grid_resize(&grid, 80, 24), 0);
	permbox_paint(&box, &p, NULL, NULL, 0);
	ck_assert_str_eq(grid_at(&grid, grid.cursor_x, grid.cursor_y)->bytes, "x");
	grid_dump(&grid, &dump);
	ck_assert_ptr_nonnull(strstr(buf_str(&dump), "permissions: 3 entries"));
	ck_assert_ptr_nonnull(strstr(dump.data, "group   [x]     [x]     [?]"));
	ck_assert_ptr_nonnull(strstr(dump.data, "octal 0---"));
	ck_assert_ptr_nonnull(strstr(dump.data, "3 entries, 2 change"));
	ck_assert_ptr_nonnull(strstr(dump.data, "-rw-r--r-- → -rw-rw-r--  a0"));
	ck_assert_ptr_nonnull(strstr(dump.data, "drwxr-xr-x → drwxrwxr-x  a1"));
	ck_assert_ptr_nonnull(strstr(dump.data, "lrwxrwxrwx   skipped: symbolic link   a2"));
	buf_fini(&dump);
	permbox_fini(&box);
	grid_fini(&grid);
	styles_free(styles);
}
END_TEST

/** No sequence of keys confuses it. */
START_TEST(test_any_keys)
{
	static const uint32_t keys[] = { ' ', K_TAB, K_BACKTAB, K_UP, K_DOWN, K_LEFT, K_RIGHT, '0', '4', '7', '-', 'u',
		                         '+', 'x', ',', '=', K_BACKSPACE, K_DELETE, K_HOME, K_END, K_PGUP, K_PGDN,
		                         KEY_CTRL('u'), KEY_CTRL('w'), KEY_CTRL('y'), K_BYTE + 0xff, 0x20ac };
	const uint32_t modes[] = { FILE_(04644), DIR_(01755), FILE_(0) };
	struct styles *styles = styles_new(true);
	struct grid grid;
	struct paint p = { .grid = &grid, .styles = styles, .text = TEXT_ASCII };
	uint32_t seed = 1;

	grid_init(&grid, true);
	ck_assert_int_eq(grid_resize(&grid, 80, 24), 0);
	put_in(modes, 3);
	for (int i = 0; i < 20000; i++) {
		seed = seed * 1664525 + 1013904223;
		permbox_key(&box, keys[(seed >> 16) % ARRAY_LEN(keys)], (seed >> 8) % 16 == 0);
		if (i % 100 == 0)
			permbox_paint(&box, &p, NULL, NULL, 0);
		ck_assert_uint_le(box.changes, 3);
	}
	permbox_fini(&box);
	grid_fini(&grid);
	styles_free(styles);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("permbox");
	TCase *tests = tcase_create("permbox");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tests, test_edit, 0, ARRAY_LEN(edit_cases));
	tcase_add_loop_test(tests, test_mode_is_preview, 0, ARRAY_LEN(edit_cases));
	tcase_add_test(tests, test_symbolic_becomes_boxes);
	tcase_add_test(tests, test_what_can_be_applied);
	tcase_add_test(tests, test_keys_that_leave);
	tcase_add_test(tests, test_recursive_needs_a_directory);
	tcase_add_loop_test(tests, test_undo, 0, ARRAY_LEN(undo_cases));
	tcase_add_test(tests, test_small_screens);
	tcase_add_test(tests, test_acl);
	tcase_add_test(tests, test_paint);
	tcase_add_test(tests, test_any_keys);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
