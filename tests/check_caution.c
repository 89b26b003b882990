/*
 * Where root should think twice: by a table of paths, and by who may write in a tree.
 */
#include "caution.h"

#include <check.h>
#include <string.h>

static const struct {
	const char *path;
	const char *why;
} cases[] = {
	{ "/", "is the root of everything" },
	{ "//./", "is the root of everything" },
	{ "/usr/..", "is the root of everything" },
	{ "/data", "stands directly below /" },
	{ "/home", "stands directly below /" },
	{ "/home/ann", "belongs to the system" },
	{ "/home/ann/notes", NULL },
	{ "/home/ann/../../etc", "stands directly below /" },
	{ "/etc/passwd", "belongs to the system" },
	{ "/etc/nginx/sites", NULL },
	{ "/var/log", "belongs to the system" },
	{ "/var/log/app/old", NULL },
	{ "/usr/lib/a/b/c/d", "belongs to the system" },
	{ "/usr/local", "belongs to the system" },
	{ "/usr/local/bin/tool", NULL },
	{ "/usrlocal/bin", NULL },
	{ "/lib", "stands directly below /" },
	{ "/lib64/ld.so", "belongs to the system" },
	{ "/boot/grub/grub.cfg", "belongs to the system" },
	{ "/proc/1/fd", "belongs to the system" },
	{ "/tmp/x", NULL },
	{ "/srv/www/a", NULL },
	{ "/data/usr/x", NULL },
};

START_TEST(test_paths)
{
	const char *why = caution_path(cases[_i].path, strlen(cases[_i].path));

	ck_assert_msg((!why && !cases[_i].why) || (why && cases[_i].why && strcmp(why, cases[_i].why) == 0), "%s: %s", cases[_i].path,
	              why ? why : "nothing");
}
END_TEST

static entry_id add(struct pane *pane, entry_id parent, const char *name, uint32_t mode, uint32_t uid)
{
	struct attrs attrs = { .flags = ATTRS_KNOWN, .mode = mode, .uid = uid, .nlink = 1, .ino = 7 };
	entry_id id = tree_add(pane->tree, parent, name, strlen(name), mode & S_IFMT);

	ck_assert(id != 0);
	ck_assert_int_eq(tree_set_attrs(pane->tree, id, &attrs), 0);
	return id;
}

static bool asks(const struct session *session, const struct pane *pane, entry_id id)
{
	const char *why = caution_entries(session, pane, &id, 1);

	ck_assert(!why || strcmp(why, "is where others may write") == 0);
	return why != NULL;
}

/* In what others may write, and below; in a sticky directory only what is not root's. */
START_TEST(test_others)
{
	const struct session_options options = { .jobs = 1 };
	struct loop loop = LOOP_INIT;
	struct session *session = session_new(&loop, &options);
	struct pane *pane = session_open(session, "/srv/data/x");
	bool root = caution_is_root();
	entry_id open = add(pane, TREE_ROOT, "open", S_IFDIR | 0777, 0);
	entry_id deep = add(pane, open, "deep", S_IFDIR | 0755, 0);
	entry_id sticky = add(pane, TREE_ROOT, "sticky", S_IFDIR | 01777, 0);
	entry_id theirs = add(pane, sticky, "theirs", S_IFDIR | 0755, 1000);

	ck_assert(!asks(session, pane, open));
	ck_assert_int_eq(asks(session, pane, deep), root);
	ck_assert_int_eq(asks(session, pane, add(pane, deep, "f", S_IFREG | 0644, 0)), root);
	ck_assert(!asks(session, pane, sticky));
	ck_assert_int_eq(asks(session, pane, theirs), root);
	ck_assert(!asks(session, pane, add(pane, sticky, "ours", S_IFREG | 0644, 0)));
	ck_assert(!asks(session, pane, add(pane, theirs, "f", S_IFREG | 0644, 1000)));
	session_free(session);
	loop_fini(&loop);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("caution");
	TCase *tests = tcase_create("caution");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tests, test_paths, 0, sizeof cases / sizeof cases[0]);
	tcase_add_test(tests, test_others);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
