/*
 * Who may do what: by tables, over all modes against the rule written out a second time, and, as
 * root, against the kernel's own answer to an ordinary user.
 */
#include "access.h"

#include <check.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ALICE 1000
#define BOB 1001
#define STAFF 50
#define WHEEL 60
#define GUESTS 70

static const uint32_t more_groups[] = { WHEEL, GUESTS };
static const struct access_user root = { 0, 0, NULL, 0 };
static const struct access_user alice = { ALICE, ALICE, NULL, 0 };
static const struct access_user bob = { BOB, STAFF, NULL, 0 };
static const struct access_user carol = { 1002, 1002, more_groups, 2 };

#define ACL(...) (const struct access_acl[]){ __VA_ARGS__ }, sizeof((const struct access_acl[]){ __VA_ARGS__ }) / sizeof(struct access_acl)
#define NO_ACL NULL, 0

static const struct {
	const struct access_user *user;
	struct access_entry entry;
	const char *read;
	const char *write;
	const char *execute;
} cases[] = {
	/* plain bits: the first class that matches decides */
	{ &alice, { ALICE, STAFF, S_IFREG | 0640, NO_ACL, 0 }, "yes (user r)", "yes (user w)", "no (user -)" },
	{ &bob, { ALICE, STAFF, S_IFREG | 0640, NO_ACL, 0 }, "yes (group r)", "no (group -)", "no (group -)" },
	{ &carol, { ALICE, STAFF, S_IFREG | 0644, NO_ACL, 0 }, "yes (other r)", "no (other -)", "no (other -)" },
	{ &alice, { ALICE, STAFF, S_IFREG | 0077, NO_ACL, 0 }, "no (user -)", "no (user -)", "no (user -)" },
	{ &bob, { ALICE, STAFF, S_IFREG | 0707, NO_ACL, 0 }, "no (group -)", "no (group -)", "no (group -)" },
	{ &carol, { ALICE, GUESTS, S_IFDIR | 0750, NO_ACL, 0 }, "yes (group r)", "no (group -)", "yes (group x)" },
	/* root */
	{ &root, { ALICE, STAFF, S_IFREG, NO_ACL, 0 }, "yes (root)", "yes (root)", "no (root -)" },
	{ &root, { ALICE, STAFF, S_IFREG | 0001, NO_ACL, 0 }, "yes (root)", "yes (root)", "yes (root)" },
	{ &root, { ALICE, STAFF, S_IFDIR, NO_ACL, 0 }, "yes (root)", "yes (root)", "yes (root)" },
	/* a read-only mount */
	{ &root, { ALICE, STAFF, S_IFREG, NO_ACL, ACCESS_READ_ONLY }, "yes (root)", "no (root, read-only filesystem)", "no (root -)" },
	{ &alice, { ALICE, STAFF, S_IFREG | 0600, NO_ACL, ACCESS_READ_ONLY }, "yes (user r)", "no (user w, read-only filesystem)",
		"no (user -)" },
	{ &alice, { ALICE, STAFF, S_IFREG | 0400, NO_ACL, ACCESS_READ_ONLY }, "yes (user r)", "no (user -)", "no (user -)" },
	{ &alice, { ALICE, STAFF, S_IFIFO | 0600, NO_ACL, ACCESS_READ_ONLY }, "yes (user r)", "yes (user w)", "no (user -)" },
	/* a mount without programs, an immutable file */
	{ &root, { ALICE, STAFF, S_IFREG | 0755, NO_ACL, ACCESS_NO_EXEC | ACCESS_IMMUTABLE }, "yes (root)", "no (root, immutable)",
		"no (root, filesystem mounted noexec)" },
	{ &alice, { ALICE, STAFF, S_IFDIR | 0500, NO_ACL, ACCESS_NO_EXEC | ACCESS_IMMUTABLE }, "yes (user r)", "no (user -)", "yes (user x)" },
	/* ACLs: named user before groups, cut by the mask; the owner is not */
	{ &bob, { ALICE, STAFF, S_IFREG | 0670, ACL({ ACCESS_TAG_USER, BOB, 4 }, { ACCESS_TAG_GROUP_OWNER, 0, 6 },
		{ ACCESS_TAG_MASK, 0, 7 }), 0 }, "yes (named user r)", "no (named user -)", "no (named user -)" },
	{ &bob, { ALICE, WHEEL, S_IFREG | 0640, ACL({ ACCESS_TAG_USER, BOB, 6 }, { ACCESS_TAG_GROUP_OWNER, 0, 0 },
		{ ACCESS_TAG_MASK, 0, 4 }), 0 }, "yes (named user r)", "no (named user w, masked)", "no (named user -)" },
	{ &alice, { ALICE, STAFF, S_IFREG | 0600, ACL({ ACCESS_TAG_USER, ALICE, 0 }, { ACCESS_TAG_GROUP_OWNER, 0, 0 },
		{ ACCESS_TAG_MASK, 0, 0 }), 0 }, "yes (user r)", "yes (user w)", "no (user -)" },
	/* the owning group's own entry, not the mode's group bits, and they are the mask */
	{ &bob, { ALICE, STAFF, S_IFREG | 0670, ACL({ ACCESS_TAG_USER, 7, 7 }, { ACCESS_TAG_GROUP_OWNER, 0, 4 },
		{ ACCESS_TAG_MASK, 0, 7 }), 0 }, "yes (group r)", "no (group -)", "no (group -)" },
	/* groups add up, and once one matches other does not count */
	{ &carol, { ALICE, WHEEL, S_IFREG | 0677, ACL({ ACCESS_TAG_GROUP_OWNER, 0, 4 }, { ACCESS_TAG_GROUP, GUESTS, 2 },
		{ ACCESS_TAG_MASK, 0, 7 }), 0 }, "yes (group r)", "yes (group w)", "no (group -)" },
	{ &carol, { ALICE, WHEEL, S_IFREG | 0647, ACL({ ACCESS_TAG_GROUP_OWNER, 0, 0 }, { ACCESS_TAG_GROUP, GUESTS, 5 },
		{ ACCESS_TAG_MASK, 0, 4 }), 0 }, "yes (named group r)", "no (named group -)", "no (named group x, masked)" },
	{ &carol, { ALICE, STAFF, S_IFREG | 0607, ACL({ ACCESS_TAG_GROUP, GUESTS, 0 }, { ACCESS_TAG_GROUP_OWNER, 0, 7 },
		{ ACCESS_TAG_MASK, 0, 0 }), 0 }, "no (named group -)", "no (named group -)", "no (named group -)" },
	/* the mask does not concern others */
	{ &carol, { ALICE, STAFF, S_IFREG | 0606, ACL({ ACCESS_TAG_USER, BOB, 7 }, { ACCESS_TAG_GROUP_OWNER, 0, 7 },
		{ ACCESS_TAG_MASK, 0, 0 }), 0 }, "yes (other r)", "yes (other w)", "no (other -)" },
};

START_TEST(decides)
{
	struct access_result result = access_decide(cases[_i].user, &cases[_i].entry);
	struct buf out = BUF_INIT;

	access_answer(&out, &result, ACCESS_READ);
	ck_assert_str_eq(buf_str(&out), cases[_i].read);
	buf_clear(&out);
	access_answer(&out, &result, ACCESS_WRITE);
	ck_assert_str_eq(buf_str(&out), cases[_i].write);
	buf_clear(&out);
	access_answer(&out, &result, ACCESS_EXECUTE);
	ck_assert_str_eq(buf_str(&out), cases[_i].execute);
	buf_fini(&out);
}
END_TEST

START_TEST(tells_which_entry)
{
	struct access_result result;
	struct buf out = BUF_INIT;

	result = access_decide(&carol, &cases[20].entry);
	ck_assert_int_eq(result.class, ACCESS_NAMED_GROUP);
	ck_assert_uint_eq(result.id, GUESTS);
	ck_assert(result.masked);
	access_summary(&out, &result);
	ck_assert_str_eq(buf_str(&out), "read yes  write no  execute no  (named group)");
	buf_fini(&out);
}
END_TEST

START_TEST(blocks_without_search)
{
	struct access_entry dir = { ALICE, STAFF, S_IFDIR | 0754, NO_ACL, 0 };
	struct access_entry file = { ALICE, STAFF, S_IFREG | 0754, NO_ACL, 0 };
	struct access_result result = access_decide(&carol, &dir);

	ck_assert(access_blocks(&result, dir.mode));
	ck_assert(!access_blocks(&result, file.mode));
	result = access_decide(&bob, &dir);
	ck_assert(!access_blocks(&result, dir.mode));
	result = access_decide(&root, &dir);
	ck_assert(!access_blocks(&result, dir.mode));
}
END_TEST

/** Every mode: exactly the digit of the class, whatever the others say. */
START_TEST(one_digit_decides)
{
	static const struct access_user *const users[] = { &alice, &bob, &carol };

	for (uint32_t mode = 0; mode < 010000; mode++) {
		struct access_entry entry = { ALICE, STAFF, S_IFREG | mode, NO_ACL, 0 };

		for (unsigned i = 0; i < 3; i++) {
			if (access_decide(users[i], &entry).rights != (mode >> (6 - 3 * i) & 7))
				ck_abort_msg("class %u of %04o", i, mode);
		}
	}
}
END_TEST

/* ---- Against the kernel ---- */

/** What the kernel grants this process; asked for each right alone. */
static unsigned kernel_rights(int dir)
{
	unsigned rights = 0;

	for (unsigned right = 1; right < 8; right <<= 1) {
		if (faccessat(dir, "entry", (int)right, AT_EACCESS) == 0)
			rights |= right;
	}
	return rights;
}

/** In a child: ask as root and as carol, for every mode of two owners and two groups. Returns how many differ; from 100
 *  on something was refused. */
static int kernel_differs(int dir)
{
	static const gid_t groups[] = { WHEEL, GUESTS };
	static const uint32_t owners[] = { 1002, ALICE };
	static const uint32_t owning_groups[] = { GUESTS, STAFF };
	int wrong = 0;

	if (setgroups(2, groups) != 0)
		return 100;
	for (unsigned i = 0; i < 4 * 512; i++) {
		struct access_entry entry = { owners[i >> 9 & 1], owning_groups[i >> 10], S_IFREG | (i & 0777), NO_ACL, 0 };

		if (fchownat(dir, "entry", entry.uid, entry.gid, 0) != 0 || fchmodat(dir, "entry", i & 0777, 0) != 0)
			return 101;
		wrong += access_decide(&root, &entry).rights != kernel_rights(dir);
		if (setegid(carol.gid) != 0 || seteuid(carol.uid) != 0)
			return 102;
		wrong += access_decide(&carol, &entry).rights != kernel_rights(dir);
		if (seteuid(0) != 0 || setegid(0) != 0)
			return 103;
	}
	return wrong > 99 ? 99 : wrong;
}

START_TEST(decides_as_the_kernel)
{
	const char *tmp = getenv("TMPDIR");
	char path[256];
	pid_t pid;
	int status;
	int dir;

	if (geteuid() != 0) {
		printf("SKIP: decides_as_the_kernel: not root\n");
		return;
	}
	snprintf(path, sizeof path, "%s/muntin-access-XXXXXX", tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(path));
	ck_assert_int_eq(chmod(path, 0755), 0);
	dir = open(path, O_RDONLY | O_DIRECTORY);
	ck_assert_int_eq(mknodat(dir, "entry", S_IFREG | 0600, 0), 0);
	pid = fork();
	if (pid == 0)
		_exit(kernel_differs(dir));
	waitpid(pid, &status, 0);
	unlinkat(dir, "entry", 0);
	close(dir);
	rmdir(path);
	ck_assert(WIFEXITED(status));
	if (WEXITSTATUS(status) >= 100) {
		printf("SKIP: decides_as_the_kernel: cannot change owners or users\n");
		return;
	}
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("access");
	TCase *tests = tcase_create("access");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tests, decides, 0, ARRAY_LEN(cases));
	tcase_add_test(tests, tells_which_entry);
	tcase_add_test(tests, blocks_without_search);
	tcase_add_test(tests, one_digit_decides);
	tcase_add_test(tests, decides_as_the_kernel);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
