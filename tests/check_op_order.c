/*
 * Several renames at once: every file follows its plan whatever the order, and a plan with a flaw touches nothing.
 *
 * The renaming functions of the C library are defined here, too, so that the linker takes these: they let somebody else
 * act before the chosen call, or end the process there. Each file holds the name that it had at first.
 */
#include "op.h"

#include "op_sandbox.h"

#include <dlfcn.h>

static struct sandbox box;

static struct {
	long calls;
	long trip;             /* at this call … */
	const char *make;      /* … somebody makes these */
	struct op *stop;       /* … or wants it stopped */
	bool killed;           /* … or the process ends */
} fault;

#define REAL(name) (*(__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void trip(void)
{
	if (++fault.calls != fault.trip)
		return;
	if (fault.killed)
		_exit(9);
	if (fault.make)
		sandbox_make(&box, fault.make);
	if (fault.stop)
		op_stop(fault.stop);
}

int renameat2(int from, const char *old, int to, const char *new, unsigned flags)
{
	trip();
	return REAL(renameat2)(from, old, to, new, flags);
}

int linkat(int from, const char *old, int to, const char *new, int flags)
{
	if (strcmp(new, "held") != 0) /* in a private directory, before anything has another name */
		trip();
	return REAL(linkat)(from, old, to, new, flags);
}

static void setup(void)
{
	memset(&fault, 0, sizeof fault);
	sandbox_init(&box);
}

static void teardown(void)
{
	sandbox_fini(&box);
}

/* What a file holds. */
static const char *content(const char *name)
{
	static char text[64];
	int fd = open(sandbox_at(&box, name), O_RDONLY);
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		close(fd);
	text[len > 0 ? len : 0] = '\0';
	return len < 0 ? "(none)" : text;
}

/* ---- plans ------------------------------------------------------------------------------------------------ */

struct example {
	const char *before;
	const char *targets;
	const char *after;   /* names; those with a `:` are files that hold what follows it */
	const char *path;    /* of one item … */
	const char *said;    /* … what the run says of it */
};

static const struct example examples[] = {
	{ "a b", "a=x b=y", "x:a y:b", "a", "ok" },
	/* they wait for each other, in any order */
	{ "1 2 3", "1=2 2=3 3=4", "2:1 3:2 4:3", "1", "ok" },
	{ "1 2 3", "3=4 2=3 1=2", "2:1 3:2 4:3", "3", "ok" },
	{ "1 2 3", "2=3 1=2 3=4", "2:1 3:2 4:3", "2", "ok" },
	{ "2 3 4", "2=1 3=2 4=3", "1:2 2:3 3:4", "4", "ok" },
	/* circles */
	{ "a b", "a=b b=a", "a:b b:a", "a", "ok" },
	{ "a b c", "a=b b=c c=a", "a:c b:a c:b", "c", "ok" },
	{ "a b c d e", "a=b b=a c=d d=e e=c", "a:b b:a c:e d:c e:d", "e", "ok" },
	{ "a b c d", "a=b b=a c=d d=x", "a:b b:a d:c x:d", "d", "ok" },
	{ "d/ d/f e/ e/g", "d=e e=d", "d/ d/g:e/g e/ e/f:d/f", "d", "ok" },
	{ "a->1 b->2", "a=b b=a", "a->2 b->1", "b", "ok" },
	/* in several directories, with a path too, and what is in a directory before the directory */
	{ "d/ d/a e/ e/a", "d/a=b e/a=e/b", "d/ d/b:d/a e/ e/b:e/a", "e/a", "ok" },
	{ "d/ d/a", "d=e d/a=b", "e/ e/b:d/a", "d/a", "ok" },
	{ "d/ d/a e/", "d=e e=f d/a=b", "e/ e/b:d/a f/", "d", "ok" },
	{ "d/ d/a e/ e/a", "d=e e=d d/a=b", "d/ d/a:e/a e/ e/b:d/a", "e", "ok" },
	/* one flaw, and nothing is touched */
	{ "a b", "a=x b=x", "a:a b:b", "a", "failed: another one would have the same name" },
	{ "a b", "a=x b=x", "a:a b:b", "b", "failed: another one would have the same name" },
	{ "a b c", "a=x b=c", "a:a b:b c:c", "b", "failed: file exists" },
	{ "a b c", "a=x b=c", "a:a b:b c:c", "a", "skipped: left alone, because another one cannot be done" },
	{ "a b", "a=b b=..", "a:a b:b", "b", "failed: not a file name" },
	{ "a d/ d/b", "a=x d/b=x/y", "a:a d/ d/b:d/b", "d/b", "failed: operation not supported" },
	{ "a b", "a=a b=x", "a:a b:b", "a", "failed: same file" },
	{ "a", "a=x b=y", "a:a", "a", "skipped: left alone, because another one cannot be done" },
	{ "a", "a=x b=y", "a:a", "b", "failed: no such file or directory" },
	{ "a b", "a=x a=y b=z", "a:a b:b", "b", "skipped: left alone, because another one cannot be done" },
	/* a chain that ends at somebody else's name */
	{ "1 2 3", "1=2 2=3", "1:1 2:2 3:3", "1", "skipped: left alone, because another one cannot be done" },
};

static void plan(struct trial *trial, const char *targets)
{
	trial_init(trial, &box, OP_RENAME, 0, "", targets);
	ck_assert_int_eq(trial_plan(trial), ERROR_NONE);
}

/* Compares names, and contents where they are given. */
static void compare(const char *after)
{
	char *copy = strdup(after);
	char names[256] = "";
	char *save = NULL;

	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		char *colon = strchr(word, ':');

		if (colon)
			*colon = '\0';
		snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", *names ? " " : "", word);
		if (colon)
			ck_assert_str_eq(content(word), colon + 1);
	}
	ck_assert_str_eq(sandbox_tree(&box, false), names);
	free(copy);
}

START_TEST(follows_the_plan)
{
	const struct example *example = &examples[_i];
	struct trial trial;

	sandbox_make(&box, example->before);
	plan(&trial, example->targets);
	ck_assert_int_eq(trial_run(&trial), ERROR_NONE);
	compare(example->after);
	ck_assert_str_eq(trial_said(&trial, example->path), example->said);
	trial_fini(&trial);
}
END_TEST

/* The plan of a flaw has nothing to do: it can be told before anything is asked. */
START_TEST(a_flaw_leaves_nothing_to_do)
{
	struct trial trial;

	sandbox_make(&box, "a b c");
	plan(&trial, "a=x b=c");
	ck_assert_uint_eq(op_planned(trial.op)->changes, 0);
	ck_assert_uint_eq(op_planned(trial.op)->failed, 1);
	trial_fini(&trial);
}
END_TEST

/* ---- any permutation -------------------------------------------------------------------------------------- */

enum { FILES = 9 };

static unsigned random_below(unsigned *seed, unsigned end)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed / 65536 % end;
}

/* f0 f1 … get the names of each other, or new ones. `to` says which. */
static void shuffle(unsigned seed, unsigned to[FILES], char targets[256])
{
	unsigned names[FILES + 3];
	unsigned order[FILES];

	for (unsigned i = 0; i < ARRAY_LEN(names); i++)
		names[i] = i;
	for (unsigned i = 0; i < FILES; i++)
		order[i] = i;
	for (unsigned i = ARRAY_LEN(names) - 1; i > 0; i--) {
		unsigned other = random_below(&seed, i + 1);
		unsigned saved = names[i];

		names[i] = names[other];
		names[other] = saved;
		other = random_below(&seed, i < FILES ? i + 1 : FILES);
		if (i >= FILES)
			continue;
		saved = order[i];
		order[i] = order[other];
		order[other] = saved;
	}
	targets[0] = '\0';
	for (unsigned i = 0; i < FILES; i++) {
		size_t len = strlen(targets);

		to[order[i]] = names[order[i]];
		if (to[order[i]] != order[i])
			snprintf(targets + len, 256 - len, "%sf%u=f%u", len ? " " : "", order[i], to[order[i]]);
	}
}

/* A name that stays is not free for others: those plans are flawed, and nothing changes. */
START_TEST(any_permutation)
{
	struct trial trial;
	unsigned to[FILES];
	char targets[256];
	char name[8];

	shuffle((unsigned)_i, to, targets);
	sandbox_make(&box, "f0 f1 f2 f3 f4 f5 f6 f7 f8");
	plan(&trial, targets);
	ck_assert_uint_eq(op_planned(trial.op)->failed, 0);
	ck_assert_int_eq(trial_run(&trial), ERROR_NONE);
	ck_assert_uint_eq(op_result(trial.op)->ok, trial.request.targets_len);
	for (unsigned i = 0; i < FILES; i++) {
		char held[8];

		snprintf(name, sizeof name, "f%u", to[i]);
		snprintf(held, sizeof held, "f%u", i);
		ck_assert_str_eq(content(name), held);
	}
	trial_fini(&trial);
}
END_TEST

/* ---- killed, stopped, disturbed ---------------------------------------------------------------------------- */

/* Every file is there once, under its old, its new, or a temporary name. Returns how many have a temporary one. */
static int count_files(void)
{
	static const char *const first[] = { "a", "b", "c", "1", "2", "3" };
	static const char *const second[] = { "b", "c", "a", "2", "3", "4" };
	char *names = strdup(sandbox_tree(&box, false));
	int temporary = 0;
	int found = 0;
	char *save = NULL;

	for (char *name = strtok_r(names, " ", &save); name; name = strtok_r(NULL, " ", &save)) {
		const char *held = content(name);

		if (strstr(name, "/held")) /* a second name, for as long as a rename takes */
			continue;
		for (size_t i = 0; i < ARRAY_LEN(first); i++) {
			if (strcmp(held, first[i]) != 0)
				continue;
			found++;
			if (strncmp(name, ".muntin-", 8) == 0)
				temporary++;
			else
				ck_assert_msg(strcmp(name, first[i]) == 0 || strcmp(name, second[i]) == 0, "%s is called %s",
					first[i], name);
		}
	}
	ck_assert_int_eq(found, 6);
	free(names);
	return temporary;
}

START_TEST(killed_at_any_rename)
{
	for (long at = 1;; at++) {
		pid_t child;
		int status;

		setup();
		sandbox_make(&box, "a b c 1 2 3");
		child = check_fork();
		ck_assert_int_ge(child, 0);
		if (child == 0) {
			struct trial trial;

			fault.trip = at;
			fault.killed = true;
			trial_init(&trial, &box, OP_RENAME, 0, "", "a=b b=c c=a 1=2 2=3 3=4");
			if (trial_plan(&trial) != ERROR_NONE || trial_run(&trial) != ERROR_NONE)
				_exit(1);
			_exit(0);
		}
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		ck_assert_int_le(count_files(), 1);
		teardown();
		ck_assert(WIFEXITED(status));
		if (WEXITSTATUS(status) == 0)
			break;
		ck_assert_int_eq(WEXITSTATUS(status), 9);
		ck_assert_int_lt(at, 50);
	}
}
END_TEST

/* A stop ends it between two renames, but not in the middle of a circle. */
START_TEST(stopped_at_any_rename)
{
	for (long at = 1; at <= 7; at++) {
		struct trial trial;

		setup();
		sandbox_make(&box, "a b c 1 2 3");
		plan(&trial, "a=b b=c c=a 1=2 2=3 3=4");
		fault.trip = at;
		fault.stop = trial.op;
		if (trial_run(&trial) == ERROR_NONE)
			ck_assert_uint_eq(op_result(trial.op)->ok, 6);
		ck_assert_int_eq(count_files(), 0);
		trial_fini(&trial);
		teardown();
	}
}
END_TEST

/* Somebody takes a name in the middle: it is never replaced, and nothing is left under a temporary name that need not. */
START_TEST(somebody_takes_the_last_name)
{
	struct trial trial;

	sandbox_make(&box, "a b");
	plan(&trial, "a=b b=a");
	/* 1: a steps aside, 2: b becomes a; b is free for a moment */
	fault.trip = 3;
	fault.make = "b";
	ck_assert_int_eq(trial_run(&trial), ERROR_NONE);
	ck_assert_str_eq(content("a"), "b");
	ck_assert_str_eq(content("b"), "b");
	ck_assert_str_eq(trial_said(&trial, "a"), "failed: file exists");
	ck_assert_uint_eq(op_result(trial.op)->ok, 1);
	for (size_t i = 0; i < trial.list.len; i++) {
		const char *detail = op_list_detail(&trial.list, &trial.list.rows[i]);
		char temporary[24];

		if (trial.list.rows[i].status == OP_FAILED) {
			ck_assert_ptr_nonnull(detail);
			ck_assert_int_eq(sscanf(detail, "it is called %20s now", temporary), 1);
			ck_assert_str_eq(content(temporary), "a");
		}
	}
	trial_fini(&trial);
}
END_TEST

START_TEST(somebody_takes_a_name_in_the_circle)
{
	struct trial trial;

	sandbox_make(&box, "a b c");
	plan(&trial, "a=b b=c c=a");
	/* 1: a steps aside, and before c can become a somebody else has the name */
	fault.trip = 2;
	fault.make = "a";
	ck_assert_int_eq(trial_run(&trial), ERROR_NONE);
	ck_assert_str_eq(content("a"), "a");
	ck_assert_str_eq(content("b"), "b");
	ck_assert_str_eq(content("c"), "c");
	ck_assert_str_eq(trial_said(&trial, "c"), "failed: file exists");
	ck_assert_str_eq(trial_said(&trial, "b"), "failed: file exists");
	trial_fini(&trial);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("op_order");
	TCase *tests = tcase_create("op_order");
	TCase *faults = tcase_create("faults");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_set_timeout(faults, 120);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, follows_the_plan, 0, ARRAY_LEN(examples));
	tcase_add_test(tests, a_flaw_leaves_nothing_to_do);
	tcase_add_loop_test(tests, any_permutation, 0, 100);
	tcase_add_test(tests, somebody_takes_the_last_name);
	tcase_add_test(tests, somebody_takes_a_name_in_the_circle);
	tcase_add_test(faults, killed_at_any_rename);
	tcase_add_test(faults, stopped_at_any_rename);
	suite_add_tcase(suite, tests);
	suite_add_tcase(suite, faults);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
