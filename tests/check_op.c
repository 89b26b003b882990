/*
 * Operations on real directories: what they do, what they refuse, and that what changed since the plan is left alone.
 */
#include "op.h"

#include "op_sandbox.h"

#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <linux/fs.h>

#define ALL (OP_RECURSIVE)

static struct sandbox box;

static void setup(void)
{
	sandbox_init(&box);
}

static void teardown(void)
{
	sandbox_fini(&box);
}

/* ---- what they do ----------------------------------------------------------------------------------------- */

struct example {
	enum op_kind kind;
	unsigned flags;
	const char *text;
	const char *before;
	const char *targets;
	const char *after;   /* modes are compared for chmod */
	const char *path;    /* of one item … */
	const char *said;    /* … what the run says of it */
	unsigned complaints; /* failed and left out */
};

static const struct example examples[] = {
	/* rename */
	{ OP_RENAME, 0, "b", "a", "a", "b", "a", "ok", 0 },
	{ OP_RENAME, 0, "b", "d/ d/a", "d/a", "d/ d/b", "d/a", "ok", 0 },
	{ OP_RENAME, 0, "d/b", "d/ d/a", "d/a", "d/ d/b", "d/a", "ok", 0 },
	{ OP_RENAME, 0, "e", "d/ d/a", "d", "e/ e/a", "d", "ok", 0 },
	{ OP_RENAME, 0, "b", "a->none", "a", "b->none", "a", "ok", 0 },
	{ OP_RENAME, 0, "-rf", "a", "a", "-rf", "a", "ok", 0 },
	{ OP_RENAME, 0, "\xff\n", "a", "a", "\xff\n", "a", "ok", 0 },
	{ OP_RENAME, 0, "b", "a b", "a", "a b", "a", "failed: file exists", 1 },
	{ OP_RENAME, 0, "b", "a b->none", "a", "a b->none", "a", "failed: file exists", 1 },
	{ OP_RENAME, 0, "e", "d/ e/", "d", "d/ e/", "d", "failed: file exists", 1 },
	{ OP_RENAME, 0, "a", "a", "a", "a", "a", "failed: same file", 1 },
	{ OP_RENAME, 0, "b", "", "a", "", "a", "failed: no such file or directory", 1 },
	{ OP_RENAME, 0, "", "a", "a", "a", "a", "failed: not a file name", 1 },
	{ OP_RENAME, 0, ".", "a", "a", "a", "a", "failed: not a file name", 1 },
	{ OP_RENAME, 0, "..", "a", "a", "a", "a", "failed: not a file name", 1 },
	{ OP_RENAME, 0, "/b", "a", "a", "a", "a", "failed: not a file name", 1 },
	{ OP_RENAME, 0, "d/../b", "a", "a", "a", "a", "failed: not a file name", 1 },
	{ OP_RENAME, 0, "d/b", "a d/", "a", "a d/", "a", "failed: operation not supported", 1 },
	{ OP_RENAME, 0, "x", "", ".", "", ".", "failed: a root or one of its parents", 1 },
	{ OP_RENAME, 0, "b", "d/ d/a l->d", "l/a", "d/ d/a l->d", "l/a", "failed: symbolic link", 1 },
	/* mkdir */
	{ OP_MKDIR, 0, "", "", "a", "a/", "a", "ok", 0 },
	{ OP_MKDIR, 0, "", "a/", "a/b", "a/ a/b/", "a/b", "ok", 0 },
	{ OP_MKDIR, 0, "", "", "a/b", "", "a/b", "failed: no such file or directory", 1 },
	{ OP_MKDIR, 0, "", "a", "a", "a", "a", "failed: file exists", 1 },
	{ OP_MKDIR, 0, "", "a->none", "a", "a->none", "a", "failed: file exists", 1 },
	{ OP_MKDIR, OP_PARENTS, "", "", "a/b/c", "a/ a/b/ a/b/c/", "a/b/c", "ok", 0 },
	{ OP_MKDIR, OP_PARENTS, "", "a/ a/b/", "a/b/c", "a/ a/b/ a/b/c/", "a/b/c", "ok", 0 },
	{ OP_MKDIR, OP_PARENTS, "", "a/", "a", "a/", "a", "ok", 0 },
	{ OP_MKDIR, OP_PARENTS, "", "a", "a", "a", "a", "failed: file exists", 1 },
	{ OP_MKDIR, OP_PARENTS, "", "a", "a/b", "a", "a/b", "failed: not a directory", 1 },
	{ OP_MKDIR, OP_PARENTS, "", "d/ l->d", "l/b", "d/ l->d", "l/b", "failed: symbolic link", 1 },
	{ OP_MKDIR, OP_PARENTS, "", "", "a/b a/c", "a/ a/b/ a/c/", "a/c", "ok", 0 },
	/* create */
	{ OP_CREATE, 0, "", "", "a", "a", "a", "ok", 0 },
	{ OP_CREATE, 0, "", "a", "a", "a", "a", "failed: file exists", 1 },
	{ OP_CREATE, 0, "", "a->b", "a", "a->b", "a", "failed: file exists", 1 },
	{ OP_CREATE, 0, "", "", "a/b", "", "a/b", "failed: no such file or directory", 1 },
	/* delete */
	{ OP_DELETE, 0, "", "a b", "a", "b", "a", "ok", 0 },
	{ OP_DELETE, 0, "", "a b->a", "b", "a", "b", "ok", 0 },
	{ OP_DELETE, 0, "", "a|", "a", "", "a", "ok", 0 },
	{ OP_DELETE, 0, "", "a b c", "a b c", "", "c", "ok", 0 },
	{ OP_DELETE, 0, "", "a/", "a", "a/", "a", "failed: is a directory", 1 },
	{ OP_DELETE, ALL, "", "a/ a/b a/c/ a/c/d a/e->../v v/ v/f", "a", "v/ v/f", "a/c/d", "ok", 0 },
	{ OP_DELETE, ALL, "", "a/ a/b/ a/c", "a a/b a", "", "a/c", "ok", 0 },
	{ OP_DELETE, ALL, "", "a", "a/b none a", "", "none", "failed: no such file or directory", 2 },
	{ OP_DELETE, ALL, "", "a", ".", "a", ".", "failed: a root or one of its parents", 1 },
	{ OP_DELETE, ALL, "", "d/ d/a l->d", "l/a l", "d/ d/a", "l", "ok", 1 },
	/* chmod */
	{ OP_CHMOD, 0, "0600", "a", "a", "a=600", "a", "ok", 0 },
	{ OP_CHMOD, 0, "644", "a=4755", "a", "a=4644", "a", "ok", 0 },
	{ OP_CHMOD, 0, "0644", "a=4755", "a", "a=644", "a", "ok", 0 },
	{ OP_CHMOD, 0, "g+w", "a=644", "a", "a=664", "a", "ok", 0 },
	{ OP_CHMOD, 0, "u+w", "a=644", "a", "a=644", "a", "ok", 0 },
	{ OP_CHMOD, 0, "0600", "a b->a", "b", "a=644 b->a", "b", "skipped: symbolic link", 1 },
	{ OP_CHMOD, 0, "0600", "a|=644", "a", "a|=600", "a", "ok", 0 },
	{ OP_CHMOD, 0, "0700", "", ".", "", ".", "failed: a root or one of its parents", 1 },
	{ OP_CHMOD, OP_ROOT_ITSELF, "0700", "", ".", "", ".", "ok", 0 },
	{ OP_CHMOD, ALL | OP_ROOT_ITSELF, "go=", "a d/ d/b", ".", "a=600 d/=700 d/b=600", "d/b", "ok", 0 },
	{ OP_CHMOD, ALL, "go=", "d/ d/a d/b->a", "d", "d/=700 d/a=600 d/b->a", "d/b", "skipped: symbolic link", 0 },
	{ OP_CHMOD, ALL, "go=", "d/ d/a|=644", "d", "d/=700 d/a|=644", "d/a", "skipped: special file", 1 },
	{ OP_CHMOD, ALL | OP_SPECIAL, "go=", "d/ d/a|=644", "d", "d/=700 d/a|=600", "d/a", "ok", 0 },
	{ OP_CHMOD, ALL, "D:0711,F:0640", "d/ d/a d/e/", "d", "d/=711 d/a=640 d/e/=711", "d/e", "ok", 0 },
	{ OP_CHMOD, ALL, "a-rwx", "d/ d/e/ d/e/f", "d", "d/=0", "d/e/f", "ok", 0 },
	{ OP_CHMOD, ALL, "go=", "d/ d/e/ d/e/f", "d d/e d", "d/=700 d/e/=700 d/e/f=600", "d/e/f", "ok", 0 },
	/* match */
	{ OP_MATCH, 0, "", "a", "a=100600", "a=600", "a", "ok", 0 },
	{ OP_MATCH, 0, "", "a=4755", "a=100755", "a=755", "a", "ok", 0 },
	{ OP_MATCH, 0, "", "a", "a=100644", "a=644", "a", "ok", 0 },
	{ OP_MATCH, 0, "", "a", "a=40700", "a=644", "a", "skipped: of another type on the other side", 1 },
	{ OP_MATCH, 0, "", "a b->a", "b=100600", "a=644 b->a", "b", "skipped: symbolic link", 1 },
	{ OP_MATCH, 0, "", "d/ d/b->a", "d=40700 d/b=100600", "d/=700 d/b->a", "d/b", "skipped: symbolic link", 0 },
	{ OP_MATCH, 0, "", "d/ d/b|=644", "d=40700 d/b=10600", "d/=700 d/b|=644", "d/b", "skipped: special file", 1 },
	{ OP_MATCH, 0, "", "a|=644", "a=10600", "a|=600", "a", "ok", 0 },
	{ OP_MATCH, 0, "", "a", "a=0", "a=644", "a", "skipped: only on one side", 1 },
	{ OP_MATCH, 0, "", "d/", "d=40700 d/b=100600", "d/=700", "d/b", "skipped: only on one side", 1 },
	{ OP_MATCH, 0, "", "", ".=40700", "", ".", "failed: a root or one of its parents", 1 },
	{ OP_MATCH, OP_ROOT_ITSELF, "", "a", ".=40711 a=100600", "a=600", "a", "ok", 0 },
	{ OP_MATCH, 0, "", "d/ d/e/ d/e/f", "d=40500 d/e=40500 d/e/f=100400", "d/=500 d/e/=500 d/e/f=400", "d/e/f", "ok", 0 },
	{ OP_MATCH, 0, "", "d/ d/e/=500", "d=40711 d/e=40755", "d/=711 d/e/=755", "d/e", "ok", 0 },
	{ OP_MATCH, 0, "", "a", "a=100600 a=100640", "a=600", "a", "skipped: same file", 0 },
};

START_TEST(does)
{
	const struct example *example = &examples[_i];
	bool modes = example->kind == OP_CHMOD || example->kind == OP_MATCH;
	struct trial trial;
	char *before;

	sandbox_make(&box, example->before);
	before = strdup(sandbox_tree(&box, true));
	trial_init(&trial, &box, example->kind, example->flags, example->text, example->targets);
	ck_assert_int_eq(trial_plan(&trial), ERROR_NONE);
	ck_assert_str_eq(sandbox_tree(&box, true), before);
	free(before);
	ck_assert_int_eq(trial_run(&trial), ERROR_NONE);
	ck_assert_str_eq(trial_said(&trial, example->path), example->said);
	ck_assert_uint_eq(op_result(trial.op)->failed + op_result(trial.op)->left_out, example->complaints);
	if (strcmp(example->text, "a-rwx") == 0 && geteuid() == 0)
		ck_assert_str_eq(sandbox_tree(&box, modes), "d/=0 d/e/=0 d/e/f=0");
	else
		ck_assert_str_eq(sandbox_tree(&box, modes), example->after);
	trial_fini(&trial);
}
END_TEST

START_TEST(plan_only_is_never_run)
{
	struct trial trial;

	sandbox_make(&box, "a");
	trial_init(&trial, &box, OP_DELETE, OP_PLAN_ONLY, "", "a");
	ck_assert_int_eq(trial_plan(&trial), ERROR_NONE);
	struct op_events events = trial_events(&trial);
	ck_assert_int_ne(op_run(trial.op, &events), ERROR_NONE);
	ck_assert_str_eq(sandbox_tree(&box, false), "a");
	trial_fini(&trial);
}
END_TEST

START_TEST(bad_mode_is_no_plan)
{
	struct trial trial;

	sandbox_make(&box, "a");
	trial_init(&trial, &box, OP_CHMOD, 0, "u+q", "a");
	ck_assert_int_eq(trial_plan(&trial), ERROR_INVAL);
	trial_fini(&trial);
}
END_TEST

START_TEST(bad_paths_are_no_targets)
{
	static const char *const paths[] = { "/", "/etc", "a/", "a//b", ".", "..", "a/..", "./a", "a/./b" };
	struct op_request request;

	op_request_init(&request, OP_DELETE);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		ck_assert_int_eq(op_request_target(&request, paths[i], strlen(paths[i]), NULL, 0), -1);
	ck_assert_int_eq(op_request_target(&request, "a\0b", 3, NULL, 0), -1);
	ck_assert_uint_eq(request.targets_len, 0);
	op_request_fini(&request);
}
END_TEST

START_TEST(name_of_255_bytes)
{
	char name[257];
	struct trial trial;

	for (size_t len = 255; len <= 256; len++) {
		memset(name, 'n', sizeof name);
		name[len] = '\0';
		sandbox_make(&box, "a");
		trial_init(&trial, &box, OP_RENAME, 0, name, "a");
		ck_assert_int_eq(trial_plan(&trial), ERROR_NONE);
		ck_assert_int_eq(trial_run(&trial), ERROR_NONE);
		ck_assert_str_eq(trial_said(&trial, "a"), len == 255 ? "ok" : "failed: name too long");
		trial_fini(&trial);
	}
}
END_TEST

START_TEST(hard_link_is_the_same_file)
{
	struct trial trial;

	sandbox_make(&box, "a");
	ck_assert_int_eq(link(sandbox_at(&box, "a"), sandbox_at(&box, "b")), 0);
	trial_init(&trial, &box, OP_RENAME, 0, "b", "a");
	ck_assert_int_eq(trial_plan(&trial), ERROR_NONE);
	ck_assert_int_eq(trial_run(&trial), ERROR_NONE);
	ck_assert_str_eq(trial_said(&trial, "a"), "failed: same file");
	ck_assert_str_eq(sandbox_tree(&box, false), "a b");
	trial_fini(&trial);
}
END_TEST

START_TEST(owner_changes)
{
	struct trial trial;
	struct stat st;

	if (geteuid() != 0)
		return;
	sandbox_make(&box, "d/ d/a=4755 d/l->a v");
	ck_assert_int_eq(symlink("../v", sandbox_at(&box, "d/m")), 0);
	trial_init(&trial, &box, OP_CHOWN, ALL, "7:-1", "d");
	ck_assert_int_eq(trial_plan(&trial), ERROR_NONE);
	ck_assert_uint_eq(op_planned(trial.op)->changes, 4);
	ck_assert_int_eq(trial_run(&trial), ERROR_NONE);
	ck_assert_uint_eq(op_result(trial.op)->ok, 4);
	ck_assert_int_eq(lstat(sandbox_at(&box, "d/m"), &st), 0);
	ck_assert_uint_eq(st.st_uid, 7);
	ck_assert_int_eq(lstat(sandbox_at(&box, "v"), &st), 0);
	ck_assert_uint_eq(st.st_uid, 0);
	ck_assert_int_eq(lstat(sandbox_at(&box, "d/a"), &st), 0);
	ck_assert_uint_eq(st.st_uid, 7);
	ck_assert_uint_eq(st.st_gid, 0);
	for (size_t i = 0; i < trial.list.len; i++) {
		const struct op_row *row = &trial.list.rows[i];

		if (S_ISREG(row->old_mode))
			ck_assert_str_eq(op_list_detail(&trial.list, row), "mode was 4755, is 0755");
	}
	trial_fini(&trial);
}
END_TEST

/* ---- what changes between the plan and the run ------------------------------------------------------------ */

struct meddling {
	enum op_kind kind;
	const char *text;
	const char *before;
	const char *targets;
	const char *remove;  /* meanwhile: these go (or are moved away to `away`), those come */
	const char *make;
	const char *after;
	const char *path;
	const char *said;
};

static const struct meddling meddlings[] = {
	{ OP_DELETE, "", "a k", "a", "a", "a", "a k", "a", "skipped: changed meanwhile" },
	{ OP_DELETE, "", "a k", "a", "a", "a->k", "a->k k", "a", "skipped: changed meanwhile" },
	{ OP_DELETE, "", "a k", "a", "a", "a/", "a/ k", "a", "skipped: changed meanwhile" },
	{ OP_DELETE, "", "a k", "a", "a", "", "k", "a", "skipped: no such file or directory" },
	{ OP_DELETE, "", "d/ d/a d/b", "d", "d/a", "d/a", "d/ d/a", "d/a", "skipped: changed meanwhile" },
	{ OP_DELETE, "", "d/ d/a d/b", "d", "d/a", "", "", "d", "skipped: directory not empty" },
	{ OP_DELETE, "", "d/ d/a d/b", "d", "", "d/late", "d/ d/late", "d", "failed: directory not empty" },
	{ OP_DELETE, "", "d/ d/e/ d/e/a", "d", "", "d/e/late", "d/ d/e/ d/e/late", "d/e", "failed: directory not empty" },
	{ OP_CHMOD, "0600", "a k", "a", "a", "a->k", "a->k k=644", "a", "skipped: changed meanwhile" },
	{ OP_CHMOD, "0600", "a k", "a", "a", "a", "a=644 k=644", "a", "skipped: changed meanwhile" },
	{ OP_CHMOD, "0600", "a", "a", "", "!a=640", "a=640", "a", "skipped: changed meanwhile" },
	{ OP_CHMOD, "u+x", "a", "a", "", "!a=640", "a=640", "a", "skipped: changed meanwhile" },
	{ OP_CHMOD, "0700", "d/ d/a k/ k/a", "d", "d/", "d->k", "d->k k/=755 k/a=644", "d/a", "skipped: changed meanwhile" },
	{ OP_RENAME, "b", "a", "a", "", "b", "a b", "a", "failed: file exists" },
	{ OP_RENAME, "b", "a", "a", "a", "a", "a", "a", "skipped: changed meanwhile" },
	{ OP_CREATE, "", "", "a", "", "a", "a", "a", "failed: file exists" },
	{ OP_MKDIR, "", "", "a", "", "a->none", "a->none", "a", "failed: file exists" },
	{ OP_MKDIR, "", "d/ k/", "d/a", "d/", "d->k", "d->k k/", "d/a", "failed: symbolic link" },
	{ OP_MKDIR, "", "d/ k/", "d/a", "d/", "d/", "d/ k/", "d/a", "skipped: changed meanwhile" },
};

/* The file that goes is kept alive elsewhere, so that its inode number is not used again at once. */
static void meddle(const struct meddling *what)
{
	char away[] = "away/0";

	if (*what->remove) {
		ck_assert_int_eq(mkdir(sandbox_at(&box, "away"), 0755), 0);
		ck_assert_int_eq(rename(sandbox_at(&box, what->remove), sandbox_at(&box, away)), 0);
	}
	if (what->make[0] == '!')
		ck_assert_int_eq(chmod(sandbox_at(&box, "a"), 0640), 0);
	else
		sandbox_make(&box, what->make);
}

/* The paths of a list as a person reads them. */
static const char *listed(struct trial *trial)
{
	static char text[512];
	const uint32_t *order = op_list_order(&trial->list);
	struct buf path = BUF_INIT;

	ck_assert_ptr_nonnull(order);
	for (size_t i = 0; i < trial->list.len; i++) {
		if (i > 0)
			buf_add_byte(&path, ' ');
		op_list_path(&trial->list, order[i], &path);
	}
	snprintf(text, sizeof text, "%.*s", (int)path.len, path.data);
	buf_fini(&path);
	return text;
}

START_TEST(lists_are_in_the_order_of_names)
{
	static const char before[] = "d/ d/z d/a/ d/a/2 d/a/1 d/b d/a-x c x/";
	struct trial trial;

	sandbox_make(&box, before);
	trial_init(&trial, &box, OP_DELETE, ALL, "", "x d c");
	ck_assert_int_eq(trial_plan(&trial), ERROR_NONE);
	ck_assert_str_eq(listed(&trial), "x d/a/1 d/a/2 d/a d/a-x d/b d/z d c");
	trial_fini(&trial);
	trial_init(&trial, &box, OP_CHMOD, ALL, "go=", "d c");
	ck_assert_int_eq(trial_plan(&trial), ERROR_NONE);
	ck_assert_str_eq(listed(&trial), "d d/a d/a/1 d/a/2 d/a-x d/b d/z c");
	trial_fini(&trial);
}
END_TEST

static void forget_away(void)
{
	struct sandbox away;

	snprintf(away.path, sizeof away.path, "%s", sandbox_at(&box, "away"));
	sandbox_fini(&away);
}

START_TEST(leaves_what_changed)
{
	const struct meddling *what = &meddlings[_i];
	unsigned flags = what->kind == OP_DELETE || what->kind == OP_CHMOD ? OP_RECURSIVE : 0;
	struct trial trial;

	sandbox_make(&box, what->before);
	trial_init(&trial, &box, what->kind, flags, what->text, what->targets);
	ck_assert_int_eq(trial_plan(&trial), ERROR_NONE);
	meddle(what);
	ck_assert_int_eq(trial_run(&trial), ERROR_NONE);
	forget_away();
	ck_assert_str_eq(trial_said(&trial, what->path), what->said);
	if (strcmp(what->said, "skipped: directory not empty") != 0)
		ck_assert_str_eq(sandbox_tree(&box, what->kind == OP_CHMOD), what->after);
	trial_fini(&trial);
}
END_TEST

/* What was shown when the key was pressed is not what the path names now. */
START_TEST(insists_on_what_was_shown)
{
	struct op_request request;
	struct identity shown = { .type = S_IFREG };
	struct trial trial;
	struct stat st;

	sandbox_make(&box, "a b");
	ck_assert_int_eq(lstat(sandbox_at(&box, "b"), &st), 0);
	trial_init(&trial, &box, OP_DELETE, 0, "", "a");
	op_free(trial.op);
	op_request_init(&request, OP_DELETE);
	shown.dev = (uint64_t)(st.st_dev >> 8 & 0xfff) << 32 | (st.st_dev & 0xff) | (st.st_dev >> 12 & 0xfff00);
	shown.ino = st.st_ino;
	ck_assert_int_eq(op_request_target(&request, "a", 1, &shown, 0), 0);
	trial.op = op_new(box.path, &request);
	ck_assert_int_eq(trial_plan(&trial), ERROR_NONE);
	ck_assert_int_eq(trial_run(&trial), ERROR_NONE);
	ck_assert_str_eq(trial_said(&trial, "a"), "skipped: changed meanwhile");
	ck_assert_str_eq(sandbox_tree(&box, false), "a b");
	trial_fini(&trial);
}
END_TEST

/* ---- while it runs ---------------------------------------------------------------------------------------- */

static void stop_after_two(struct trial *trial, const struct op_item *item)
{
	(void)item;
	if (trial->outcomes[OP_OK] == 2)
		op_stop(trial->op);
}

START_TEST(stopped_delete_moves_the_rest_back)
{
	struct trial trial;

	sandbox_make(&box, "d/ d/a d/b d/c d/e d/f g");
	trial_init(&trial, &box, OP_DELETE, ALL, "", "d g");
	ck_assert_int_eq(trial_plan(&trial), ERROR_NONE);
	trial.hook = stop_after_two;
	ck_assert_int_eq(trial_run(&trial), ERROR_CANCELED);
	ck_assert_uint_eq(op_result(trial.op)->ok, 2);
	ck_assert_str_eq(trial_said(&trial, "d"), "skipped: cancelled");
	ck_assert_str_eq(trial_said(&trial, "g"), "skipped: cancelled");
	trial.box = NULL;
	ck_assert_int_eq(access(sandbox_at(&box, "d"), F_OK), 0);
	ck_assert_ptr_null(strstr(sandbox_tree(&box, false), ".muntin-"));
	trial_fini(&trial);
}
END_TEST

static void add_late(struct trial *trial, const struct op_item *item)
{
	const char *place = NULL;
	char found[512];
	FILE *pipe;

	(void)item;
	if (trial->outcomes[OP_OK] != 1)
		return;
	/* The tree is in a private directory by now: only root and the owner get there. */
	snprintf(found, sizeof found, "ls -d %s/.muntin-*/d", trial->box->path);
	pipe = popen(found, "r");
	ck_assert_ptr_nonnull(pipe);
	place = fgets(found, sizeof found, pipe);
	pclose(pipe);
	ck_assert_ptr_nonnull(place);
	found[strcspn(found, "\n")] = '\0';
	ck_assert_int_eq(mkdir(sandbox_format("%s/%s", found, "late"), 0755), 0);
}

START_TEST(late_files_survive)
{
	struct trial trial;

	sandbox_make(&box, "d/ d/a d/b d/c");
	trial_init(&trial, &box, OP_DELETE, ALL, "", "d");
	ck_assert_int_eq(trial_plan(&trial), ERROR_NONE);
	trial.hook = add_late;
	ck_assert_int_eq(trial_run(&trial), ERROR_NONE);
	ck_assert_str_eq(trial_said(&trial, "d"), "failed: directory not empty");
	ck_assert_str_eq(sandbox_tree(&box, false), "d/ d/late/");
	trial_fini(&trial);
}
END_TEST

static void take_name(struct trial *trial, const struct op_item *item)
{
	(void)item;
	if (trial->outcomes[OP_OK] == 1)
		sandbox_make(trial->box, "d/ d/new");
	if (trial->outcomes[OP_OK] == 2)
		op_stop(trial->op);
}

/* Somebody makes a new `d` while the old one is being removed, and then the user stops. */
START_TEST(a_new_name_is_not_touched)
{
	struct trial trial;

	sandbox_make(&box, "d/ d/a d/b d/c");
	trial_init(&trial, &box, OP_DELETE, ALL, "", "d");
	ck_assert_int_eq(trial_plan(&trial), ERROR_NONE);
	trial.hook = take_name;
	ck_assert_int_eq(trial_run(&trial), ERROR_CANCELED);
	ck_assert_ptr_nonnull(strstr(op_list_detail(&trial.list, &trial.list.rows[0]), "is left in .muntin-"));
	ck_assert_ptr_nonnull(strstr(sandbox_tree(&box, false), "d/ d/new"));
	trial_fini(&trial);
}
END_TEST

/* ---- as an ordinary user ---------------------------------------------------------------------------------- */

static void run_one(
	const struct sandbox *in, enum op_kind kind, const char *text, const char *targets, unsigned failed, struct trial *trial)
{
	trial_init(trial, in, kind, kind == OP_RENAME ? 0 : OP_RECURSIVE, text, targets);
	ck_assert_int_eq(trial_plan(trial), ERROR_NONE);
	ck_assert_int_eq(trial_run(trial), ERROR_NONE);
	ck_assert_uint_eq(op_result(trial->op)->failed, failed);
}

static void lock_and_unlock(const struct sandbox *in)
{
	struct trial trial;

	sandbox_make(in, "pt/ pt/a/ pt/a/b/ pt/a/b/f");
	run_one(in, OP_CHMOD, "a-rwx", "pt", 0, &trial);
	ck_assert_uint_eq(op_result(trial.op)->ok, 4);
	trial_fini(&trial);
	ck_assert_str_eq(sandbox_tree(in, true), "pt/=0");
	/* Only the top can be seen; what it hides is found once it is open. */
	run_one(in, OP_CHMOD, "u+rwX", "pt", 0, &trial);
	ck_assert_uint_eq(op_planned(trial.op)->items, 1);
	ck_assert_uint_eq(op_planned(trial.op)->unread, 1);
	ck_assert_uint_eq(op_result(trial.op)->ok, 4);
	ck_assert_str_eq(trial_said(&trial, "pt/a/b/f"), "ok");
	trial_fini(&trial);
	ck_assert_str_eq(sandbox_tree(in, true), "pt/=700 pt/a/=700 pt/a/b/=700 pt/a/b/f=600");
}

START_TEST(reaches_everything_of_its_own)
{
	as_nobody(lock_and_unlock, &box);
}
END_TEST

static void give_and_take(const struct sandbox *in)
{
	struct trial trial;

	sandbox_make(in, "d/ d/f d/e/ d/e/g");
	ck_assert_int_eq(chmod(sandbox_at(in, "d"), 0500), 0);
	run_one(in, OP_CHMOD, "u=wx", "d", 0, &trial);
	trial_fini(&trial);
	ck_assert_int_eq(chmod(sandbox_at(in, "d"), 0700), 0);
	ck_assert_int_eq(chmod(sandbox_at(in, "d/e"), 0700), 0);
	ck_assert_str_eq(sandbox_tree(in, true), "d/=700 d/e/=700 d/e/g=344 d/f=344");
	run_one(in, OP_CHMOD, "a=", "d/e", 0, &trial);
	trial_fini(&trial);
	/* Closed, and the edit does not open it: that is a failure of its own, the directory is changed all the same. */
	run_one(in, OP_CHMOD, "g=r", "d", 1, &trial);
	ck_assert_str_eq(trial_said(&trial, "d/f"), "ok");
	ck_assert_str_eq(trial_said(&trial, "d/e"), "failed: permission denied");
	trial_fini(&trial);
	ck_assert_str_eq(sandbox_tree(in, true), "d/=740 d/e/=40 d/f=344");
}

START_TEST(takes_after_and_gives_before)
{
	as_nobody(give_and_take, &box);
}
END_TEST

static void delete_without_staging(const struct sandbox *in)
{
	struct trial trial;

	/* A directory that may not be written: it cannot be moved, but what is in it below can go. */
	sandbox_make(in, "d/ d/a/ d/a/f d/closed/ d/closed/f k");
	ck_assert_int_eq(chmod(sandbox_at(in, "d/closed"), 0), 0);
	run_one(in, OP_DELETE, "", "d", 1, &trial);
	ck_assert_str_eq(trial_said(&trial, "d/a/f"), "ok");
	ck_assert_str_eq(trial_said(&trial, "d/closed"), "failed: permission denied");
	ck_assert_str_eq(trial_said(&trial, "d"), "skipped: directory not empty");
	trial_fini(&trial);
	ck_assert_str_eq(sandbox_tree(in, false), "d/ d/closed/ k");
	ck_assert_int_eq(chmod(sandbox_at(in, "d"), 0500), 0);
	run_one(in, OP_DELETE, "", "d/closed", 1, &trial);
	trial_fini(&trial);
	ck_assert_int_eq(chmod(sandbox_at(in, "d"), 0700), 0);
	ck_assert_int_eq(chmod(sandbox_at(in, "d/closed"), 0700), 0);
	/* Unwritable itself, empty: no move to another directory, but rmdir needs no permission on it. */
	sandbox_make(in, "e/");
	ck_assert_int_eq(chmod(sandbox_at(in, "e"), 0555), 0);
	run_one(in, OP_DELETE, "", "e k d", 0, &trial);
	trial_fini(&trial);
	ck_assert_str_eq(sandbox_tree(in, false), "");
}

START_TEST(deletes_in_place_without_permission_to_stage)
{
	as_nobody(delete_without_staging, &box);
}
END_TEST

static void not_the_owner(const struct sandbox *in)
{
	struct trial trial;

	run_one(in, OP_CHMOD, "0600", "foreign", 1, &trial);
	ck_assert_str_eq(trial_said(&trial, "foreign"), "failed: not the owner");
	trial_fini(&trial);
	run_one(in, OP_DELETE, "", "sticky/f", 1, &trial);
	ck_assert_str_eq(trial_said(&trial, "sticky/f"), "failed: not the owner");
	trial_fini(&trial);
	run_one(in, OP_RENAME, "g", "sticky/f", 1, &trial);
	ck_assert_str_eq(trial_said(&trial, "sticky/f"), "failed: not the owner");
	trial_fini(&trial);
	run_one(in, OP_CHMOD, "g+s", "mine", 0, &trial);
	ck_assert_str_eq(op_list_detail(&trial.list, &trial.list.rows[0]), "asked 2755, got 0755");
	ck_assert_uint_eq(trial.list.rows[0].new_mode & 07777, 0755);
	trial_fini(&trial);
}

START_TEST(says_who_may_not)
{
	if (geteuid() != 0)
		return;
	sandbox_make(&box, "foreign mine=755 sticky/ sticky/f");
	ck_assert_int_eq(chmod(sandbox_at(&box, "sticky"), 01777), 0);
	ck_assert_int_eq(chown(sandbox_at(&box, "mine"), NOBODY, 0), 0);
	as_nobody(not_the_owner, &box);
}
END_TEST

/* ---- roots, mounts, depth --------------------------------------------------------------------------------- */

START_TEST(protected_directories_stay)
{
	struct op_request request;
	struct identity protect = { .type = S_IFDIR };
	struct trial trial;
	struct stat st;

	sandbox_make(&box, "a/ a/root/ a/root/f a/g");
	ck_assert_int_eq(lstat(sandbox_at(&box, "a/root"), &st), 0);
	protect.dev = (uint64_t)(st.st_dev >> 8 & 0xfff) << 32 | (st.st_dev & 0xff) | (st.st_dev >> 12 & 0xfff00);
	protect.ino = st.st_ino;
	trial_init(&trial, &box, OP_DELETE, ALL, "", "a");
	op_free(trial.op);
	op_request_init(&request, OP_DELETE);
	request.flags = ALL;
	ck_assert_int_eq(op_request_protect(&request, &protect), 0);
	ck_assert_int_eq(op_request_target(&request, "a", 1, NULL, 0), 0);
	trial.op = op_new(box.path, &request);
	ck_assert_int_eq(trial_plan(&trial), ERROR_NONE);
	ck_assert_int_eq(trial_run(&trial), ERROR_NONE);
	ck_assert_str_eq(trial_said(&trial, "a/root"), "skipped: a root or one of its parents");
	ck_assert_str_eq(sandbox_tree(&box, false), "a/ a/root/ a/root/f");
	trial_fini(&trial);
}
END_TEST

#ifndef MUNTIN_LINUX_CALLS
#define MUNTIN_LINUX_CALLS 1
#endif

/*
 * In a mount namespace of its own; says whether the system allows that. With POSIX calls alone nothing tells a bind
 * mount from a directory of the same filesystem.
 */
static bool mounts_possible(void)
{
	if (!MUNTIN_LINUX_CALLS || geteuid() != 0 || unshare(CLONE_NEWNS) != 0)
		return false;
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

START_TEST(mounts_are_left_out)
{
	struct trial trial;

	sandbox_make(&box, "precious/ precious/f precious/g tree/ tree/mnt/ tree/file tree/x");
	if (!mounts_possible())
		return;
	ck_assert_int_eq(mount(sandbox_at(&box, "precious"), sandbox_at(&box, "tree/mnt"), NULL, MS_BIND, NULL), 0);
	ck_assert_int_eq(mount(sandbox_at(&box, "precious/g"), sandbox_at(&box, "tree/file"), NULL, MS_BIND, NULL), 0);
	trial_init(&trial, &box, OP_CHMOD, ALL, "0700", "tree");
	ck_assert_int_eq(trial_plan(&trial), ERROR_NONE);
	ck_assert_uint_eq(op_planned(trial.op)->mounts, 2);
	ck_assert_int_eq(trial_run(&trial), ERROR_NONE);
	ck_assert_str_eq(trial_said(&trial, "tree/mnt"), "skipped: mount point");
	trial_fini(&trial);
	trial_init(&trial, &box, OP_DELETE, ALL, "", "tree");
	ck_assert_int_eq(trial_plan(&trial), ERROR_NONE);
	ck_assert_int_eq(trial_run(&trial), ERROR_NONE);
	ck_assert_str_eq(trial_said(&trial, "tree/mnt"), "skipped: mount point");
	ck_assert_str_eq(trial_said(&trial, "tree/file"), "skipped: mount point");
	ck_assert_str_eq(trial_said(&trial, "tree/x"), "ok");
	ck_assert_uint_eq(op_result(trial.op)->left_out, 3);
	trial_fini(&trial);
	trial_init(&trial, &box, OP_RENAME, 0, "other", "tree/mnt");
	ck_assert_int_eq(trial_plan(&trial), ERROR_NONE);
	ck_assert_int_eq(trial_run(&trial), ERROR_NONE);
	ck_assert_str_eq(trial_said(&trial, "tree/mnt"), "skipped: mount point");
	trial_fini(&trial);
	ck_assert_int_eq(umount(sandbox_at(&box, "tree/mnt")), 0);
	ck_assert_int_eq(umount(sandbox_at(&box, "tree/file")), 0);
	ck_assert_str_eq(sandbox_tree(&box, true), "precious/=755 precious/f=644 precious/g=644 tree/=700 tree/file=644 tree/mnt/=755");
}
END_TEST

START_TEST(the_root_directory_is_refused)
{
	struct trial trial;

	sandbox_make(&box, "slash/");
	if (!mounts_possible())
		return;
	ck_assert_int_eq(mount("/", sandbox_at(&box, "slash"), NULL, MS_BIND, NULL), 0);
	trial_init(&trial, &box, OP_CHMOD, ALL, "0755", "slash");
	ck_assert_int_eq(trial_plan(&trial), ERROR_NONE);
	ck_assert_uint_eq(op_planned(trial.op)->items, 1);
	ck_assert_str_eq(trial_said(&trial, "slash"), "failed: a root or one of its parents");
	trial_fini(&trial);
	trial_init(&trial, &box, OP_DELETE, ALL, "", "slash");
	ck_assert_int_eq(trial_plan(&trial), ERROR_NONE);
	ck_assert_uint_eq(op_planned(trial.op)->items, 1);
	ck_assert_uint_eq(op_planned(trial.op)->changes, 0);
	trial_fini(&trial);
	ck_assert_int_eq(umount(sandbox_at(&box, "slash")), 0);
}
END_TEST

/* The file has the new mode or owner already when its second name is reached. */
START_TEST(hard_links_are_changed_once)
{
	struct trial trial;

	sandbox_make(&box, "d/ d/a=600 d/e/");
	ck_assert_int_eq(link(sandbox_at(&box, "d/a"), sandbox_at(&box, "d/b")), 0);
	ck_assert_int_eq(link(sandbox_at(&box, "d/a"), sandbox_at(&box, "d/e/c")), 0);
	run_one(&box, OP_CHMOD, "u+x", "d", 0, &trial);
	ck_assert_uint_eq(op_result(trial.op)->ok, 5);
	trial_fini(&trial);
	ck_assert_str_eq(sandbox_tree(&box, true), "d/=755 d/a=700 d/b=700 d/e/=755 d/e/c=700");
	if (geteuid() == 0) {
		run_one(&box, OP_CHOWN, "7:8", "d", 0, &trial);
		ck_assert_uint_eq(op_result(trial.op)->ok, 5);
		trial_fini(&trial);
	}
}
END_TEST

/* As chattr(1). Says whether that is possible here. */
static bool set_flags(const char *path, int flags)
{
	int fd = open(path, O_RDONLY);
	bool done = fd >= 0 && ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0;

	close(fd);
	return done;
}

/* What is made in an append-only directory stays in it for good: a private directory as well. */
START_TEST(leaves_nothing_where_nothing_can_be_removed)
{
	struct trial trial;

	sandbox_make(&box, "d/ d/f");
	if (!MUNTIN_LINUX_CALLS || geteuid() != 0 || !set_flags(sandbox_at(&box, "d"), FS_APPEND_FL))
		return;
	trial_init(&trial, &box, OP_DELETE, 0, "", "d/f");
	ck_assert_int_eq(trial_plan(&trial), ERROR_NONE);
	ck_assert_int_eq(trial_run(&trial), ERROR_NONE);
	ck_assert(set_flags(sandbox_at(&box, "d"), 0));
	ck_assert_str_eq(trial_said(&trial, "d/f"), "failed: append-only (chattr +a)");
	ck_assert_str_eq(sandbox_tree(&box, false), "d/ d/f");
	trial_fini(&trial);
}
END_TEST

/* What lies below an overlay becomes another object when it is first changed: it is the same to the person. */
START_TEST(overlays_copy_what_is_changed)
{
	struct trial trial;
	char options[1024];

	if (!mounts_possible() || mount("none", box.path, "tmpfs", 0, NULL) != 0)
		return;
	sandbox_make(&box, "low/ low/d/ low/d/e/ low/d/e/f low/g low/h up/ work/ over/");
	snprintf(options, sizeof options, "lowerdir=%s/low,upperdir=%s/up,workdir=%s/work", box.path, box.path, box.path);
	if (mount("none", sandbox_at(&box, "over"), "overlay", 0, options) != 0) {
		ck_assert_int_eq(umount(box.path), 0);
		return;
	}
	run_one(&box, OP_DELETE, "", "over/g", 0, &trial);
	ck_assert_str_eq(trial_said(&trial, "over/g"), "ok");
	trial_fini(&trial);
	run_one(&box, OP_RENAME, "i", "over/h", 0, &trial);
	ck_assert_str_eq(trial_said(&trial, "over/h"), "ok");
	trial_fini(&trial);
	run_one(&box, OP_CHMOD, "u-w", "over/d", 0, &trial);
	ck_assert_uint_eq(op_result(trial.op)->ok, 3);
	trial_fini(&trial);
	run_one(&box, OP_DELETE, "", "over/d", 0, &trial);
	ck_assert_uint_eq(op_result(trial.op)->ok, 3);
	trial_fini(&trial);
	ck_assert_int_eq(umount(sandbox_at(&box, "over")), 0);
	ck_assert_int_eq(umount(box.path), 0);
}
END_TEST

START_TEST(any_depth_with_few_descriptors)
{
	enum { DEPTH = 20000 };
	struct rlimit limit = { 32, 32 };
	int fd = open(box.path, O_RDONLY | O_DIRECTORY);
	struct trial trial;

	for (int i = 0; i < DEPTH; i++) {
		int next;

		ck_assert_int_eq(mkdirat(fd, "d", 0755), 0);
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY);
		close(fd);
		fd = next;
	}
	close(fd);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	run_one(&box, OP_CHMOD, "go=", "d", 0, &trial);
	ck_assert_uint_eq(op_result(trial.op)->ok, DEPTH);
	trial_fini(&trial);
	run_one(&box, OP_DELETE, "", "d", 0, &trial);
	ck_assert_uint_eq(op_result(trial.op)->ok, DEPTH);
	trial_fini(&trial);
	ck_assert_str_eq(sandbox_tree(&box, false), "");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("op");
	TCase *tests = tcase_create("op");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, does, 0, ARRAY_LEN(examples));
	tcase_add_test(tests, plan_only_is_never_run);
	tcase_add_test(tests, bad_mode_is_no_plan);
	tcase_add_test(tests, bad_paths_are_no_targets);
	tcase_add_test(tests, name_of_255_bytes);
	tcase_add_test(tests, hard_link_is_the_same_file);
	tcase_add_test(tests, owner_changes);
	tcase_add_test(tests, lists_are_in_the_order_of_names);
	tcase_add_loop_test(tests, leaves_what_changed, 0, ARRAY_LEN(meddlings));
	tcase_add_test(tests, insists_on_what_was_shown);
	tcase_add_test(tests, stopped_delete_moves_the_rest_back);
	tcase_add_test(tests, late_files_survive);
	tcase_add_test(tests, a_new_name_is_not_touched);
	tcase_add_test(tests, reaches_everything_of_its_own);
	tcase_add_test(tests, takes_after_and_gives_before);
	tcase_add_test(tests, deletes_in_place_without_permission_to_stage);
	tcase_add_test(tests, says_who_may_not);
	tcase_add_test(tests, protected_directories_stay);
	tcase_add_test(tests, mounts_are_left_out);
	tcase_add_test(tests, the_root_directory_is_refused);
	tcase_add_test(tests, hard_links_are_changed_once);
	tcase_add_test(tests, leaves_nothing_where_nothing_can_be_removed);
	tcase_add_test(tests, overlays_copy_what_is_changed);
	tcase_add_test(tests, any_depth_with_few_descriptors);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
