/*
 * Operations among faults: at every system call of a run something happens, and nothing outside is ever harmed.
 *
 * The functions of the C library that the engine calls are defined here, too, so that the linker takes these. They
 * count, and at the chosen call they let somebody else move directories about, fail, or end the process.
 */
#include "op.h"

#include "op_sandbox.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdarg.h>
#include <sys/syscall.h>

#ifndef MUNTIN_LINUX_CALLS
#define MUNTIN_LINUX_CALLS 1
#endif

/* ---- the calls -------------------------------------------------------------------------------------------- */

static struct {
	bool armed;
	long calls;
	long trip;            /* at this call … */
	void (*meddle)(void); /* … somebody does this, then the call is made */
	int error;            /* … it fails with this, without being made */
	bool lasting;         /* … and all later ones of the same kind, too */
	const char *kind;
	bool killed;          /* … the process ends */
	const char *opens;    /* only openat() of this name counts */
	const char *broken;   /* calls that always fail, and are not counted */
	int broken_error;     /* … with this */
	bool loose;           /* directories get a mode of the file system's own, as on FAT */
	bool reached;
} fault;

static struct sandbox box;

/* Is it one of the words? */
static bool is_broken(const char *kind)
{
	const char *at = strstr(fault.broken, kind);
	size_t len = strlen(kind);

	return at && (at[len] == ' ' || at[len] == '\0') && (at == fault.broken || at[-1] == ' ');
}

static bool faulty(const char *kind)
{
	bool hit;

	if (!fault.armed || fault.opens)
		return false;
	if (fault.broken && is_broken(kind)) {
		errno = fault.broken_error;
		return true;
	}
	hit = ++fault.calls == fault.trip || (fault.lasting && fault.reached && strcmp(kind, fault.kind) == 0);
	if (!hit)
		return false;
	fault.reached = true;
	fault.kind = kind;
	if (fault.killed)
		_exit(9);
	if (fault.meddle) {
		fault.armed = false;
		fault.meddle();
		fault.armed = true;
	}
	errno = fault.error;
	return fault.error != 0;
}

#define REAL(name) (*(__typeof__(&name))dlsym(RTLD_NEXT, #name))

int statx(int dirfd, const char *restrict path, int flags, unsigned mask, struct statx *restrict out)
{
	return faulty("statx") ? -1 : REAL(statx)(dirfd, path, flags, mask, out);
}

int fstatat(int dirfd, const char *restrict path, struct stat *restrict out, int flags)
{
	return faulty("fstatat") ? -1 : REAL(fstatat)(dirfd, path, out, flags);
}

int openat(int dirfd, const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
	va_end(args);
	if (fault.opens && strcmp(path, fault.opens) == 0) {
		fault.opens = NULL;
		if (faulty("openat"))
			return -1;
		fault.opens = "swapme";
	}
	return faulty("openat") ? -1 : REAL(openat)(dirfd, path, flags, mode);
}

int unlinkat(int dirfd, const char *path, int flags)
{
	return faulty("unlinkat") ? -1 : REAL(unlinkat)(dirfd, path, flags);
}

int mkdirat(int dirfd, const char *path, mode_t mode)
{
	return faulty("mkdirat") ? -1 : REAL(mkdirat)(dirfd, path, fault.loose ? 0755 : mode);
}

int renameat(int from, const char *old, int to, const char *new)
{
	return faulty("renameat") ? -1 : REAL(renameat)(from, old, to, new);
}

int renameat2(int from, const char *old, int to, const char *new, unsigned flags)
{
	return faulty("renameat2") ? -1 : REAL(renameat2)(from, old, to, new, flags);
}

int linkat(int from, const char *old, int to, const char *new, int flags)
{
	return faulty("linkat") ? -1 : REAL(linkat)(from, old, to, new, flags);
}

int fchmodat(int dirfd, const char *path, mode_t mode, int flags)
{
	return faulty("fchmodat") ? -1 : REAL(fchmodat)(dirfd, path, mode, flags);
}

int fchmod(int fd, mode_t mode)
{
	return faulty("fchmod") ? -1 : REAL(fchmod)(fd, mode);
}

/* getdents64 and fchmodat2 come this way. */
long syscall(long number, ...)
{
	long args[4];
	va_list list;

	va_start(list, number);
	for (size_t i = 0; i < ARRAY_LEN(args); i++)
		args[i] = va_arg(list, long);
	va_end(list);
	if (faulty(number == SYS_getdents64 ? "getdents64" : "fchmodat2"))
		return -1;
	return REAL(syscall)(number, args[0], args[1], args[2], args[3]);
}

static void arm(long trip)
{
	fault.calls = 0;
	fault.trip = trip;
	fault.reached = false;
	fault.armed = true;
}

static void disarm(void)
{
	fault.armed = false;
	fault.meddle = NULL;
	fault.error = 0;
	fault.lasting = false;
	fault.killed = false;
	fault.broken = NULL;
	fault.opens = NULL;
}

/* ---- what is done ----------------------------------------------------------------------------------------- */

struct job {
	const char *name;
	enum op_kind kind;
	unsigned flags;
	const char *text;
	const char *before;
	const char *targets;
	const char *after;   /* when nothing happens */
};

#define TREE "out/ out/f1 out/f2 out/sub/ out/sub/f3 tree/ tree/a tree/swapme/ tree/swapme/f1 tree/swapme/f2 " \
	"tree/swapme/sub/ tree/swapme/sub/f3 tree/z"
#define OUT "out/ out/f1 out/f2 out/sub/ out/sub/f3"

static const struct job jobs[] = {
	{ "delete", OP_DELETE, OP_RECURSIVE, "", TREE, "tree", OUT },
	{ "delete two", OP_DELETE, OP_RECURSIVE, "", TREE " x", "tree/swapme/sub tree/swapme/f1 x",
		OUT " tree/ tree/a tree/swapme/ tree/swapme/f2 tree/z" },
	{ "chmod", OP_CHMOD, OP_RECURSIVE, "0777", TREE, "tree", NULL },
	{ "chmod off", OP_CHMOD, OP_RECURSIVE, "u=wx,go=", TREE, "tree", NULL },
	{ "match", OP_MATCH, 0, "", TREE,
		"tree=40711 tree/a=100600 tree/swapme=40300 tree/swapme/f1=100666 tree/swapme/sub=40777 tree/swapme/sub/f3=104755", NULL },
	{ "rename", OP_RENAME, 0, "new", TREE, "tree/swapme/f1", NULL },
	{ "rename dir", OP_RENAME, 0, "new", TREE, "tree/swapme", NULL },
	{ "mkdir", OP_MKDIR, OP_PARENTS, "", TREE, "tree/swapme/new/er", NULL },
	{ "create", OP_CREATE, 0, "", TREE, "tree/swapme/new", NULL },
};

static void setup(void)
{
	sandbox_init(&box);
}

static void teardown(void)
{
	sandbox_fini(&box);
}

static void clear(void)
{
	sandbox_fini(&box);
	sandbox_init(&box);
}

/* What is below `out`, modes and all. It is the same before and after everything. */
static const char *outside(void)
{
	struct sandbox out;

	snprintf(out.path, sizeof out.path, "%s", sandbox_at(&box, "out"));
	return sandbox_tree(&out, true);
}

static const char out_as_made[] = "f1=644 f2=644 sub/=755 sub/f3=644";

/* Plan and run, with the fault in both. */
static void attempt(const struct job *job, struct trial *trial, long trip)
{
	trial_init(trial, &box, job->kind, job->flags, job->text, job->targets);
	arm(trip);
	if (trial_plan(trial) == ERROR_NONE)
		(void)trial_run(trial);
}

/* With the fault in the run only. */
static void attempt_run(const struct job *job, struct trial *trial, long trip)
{
	trial_init(trial, &box, job->kind, job->flags, job->text, job->targets);
	ck_assert_int_eq(trial_plan(trial), ERROR_NONE);
	arm(trip);
	(void)trial_run(trial);
}

/* ---- swaps ------------------------------------------------------------------------------------------------ */

/* Where the directory is by now: in its place, or in the private directory. */
static const char *find_swapme(void)
{
	static char found[512];
	DIR *dir = opendir(box.path);
	const struct dirent *entry;

	snprintf(found, sizeof found, "%s", sandbox_at(&box, "tree/swapme"));
	while (access(found, F_OK) != 0 && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, ".muntin-", 8) == 0)
			snprintf(found, sizeof found, "%s", sandbox_at(&box, sandbox_format("%s/%s", entry->d_name, "tree/swapme")));
	}
	closedir(dir);
	return found;
}

static void swap_for_link(void)
{
	const char *place = find_swapme();

	if (rename(place, sandbox_at(&box, "aside")) == 0)
		(void)!symlink(sandbox_at(&box, "out"), place);
}

static void swap_for_directory(void)
{
	const char *place = find_swapme();

	if (rename(place, sandbox_at(&box, "aside")) == 0)
		(void)!rename(sandbox_at(&box, "out"), place);
}

/* Afterwards the victim is looked for again. */
static void bring_back(void)
{
	struct stat st;

	if (lstat(sandbox_at(&box, "out"), &st) == 0)
		return;
	ck_assert_int_eq(rename(find_swapme(), sandbox_at(&box, "out")), 0);
}

static void swap_everywhere(
	const struct job *job, void (*swap)(void), void (*try)(const struct job *job, struct trial *trial, long trip))
{
	for (long trip = 1;; trip++) {
		struct trial trial;

		sandbox_make(&box, job->before);
		fault.meddle = swap;
		try(job, &trial, trip);
		disarm();
		trial_fini(&trial);
		bring_back();
		ck_assert_msg(strcmp(outside(), out_as_made) == 0, "%s, call %ld: %s", job->name, trip, outside());
		if (!fault.reached)
			return;
		clear();
	}
}

START_TEST(swapped_for_a_link)
{
	swap_everywhere(&jobs[_i], swap_for_link, attempt);
}
END_TEST

/* Before the plan has looked the other directory would be the one that is named. */
START_TEST(swapped_for_a_directory)
{
	swap_everywhere(&jobs[_i], swap_for_directory, attempt_run);
}
END_TEST

/* Between the look at a directory and going into it, while planning (1) and while running (2). */
START_TEST(swapped_before_going_in)
{
	const struct job *job = &jobs[_i / 2 ? 2 : 0];
	struct trial trial;

	sandbox_make(&box, job->before);
	fault.meddle = swap_for_directory;
	fault.opens = "swapme";
	attempt(job, &trial, 1 + _i % 2);
	disarm();
	ck_assert(fault.reached);
	ck_assert_uint_gt(op_result(trial.op)->failed + op_result(trial.op)->left_out, 0);
	trial_fini(&trial);
	bring_back();
	ck_assert_str_eq(outside(), out_as_made);
}
END_TEST

static void swap_leaf(void)
{
	if (rename(sandbox_at(&box, "x"), sandbox_at(&box, "aside")) == 0)
		(void)!rename(sandbox_at(&box, "out/f1"), sandbox_at(&box, "x"));
}

/* Another file gets the name at any moment: it is never removed, renamed or changed. */
START_TEST(swapped_leaf)
{
	static const struct job leaf_jobs[] = {
		{ "delete", OP_DELETE, 0, "", TREE " x", "x", NULL },
		{ "rename", OP_RENAME, 0, "y", TREE " x", "x", NULL },
		{ "chmod", OP_CHMOD, 0, "0777", TREE " x", "x", NULL },
		{ "match", OP_MATCH, 0, "", TREE " x", "x=100777", NULL },
	};
	bool reached = true;

	for (long trip = 1; reached; trip++) {
		struct trial trial;

		sandbox_make(&box, leaf_jobs[_i].before);
		fault.meddle = swap_leaf;
		attempt_run(&leaf_jobs[_i], &trial, trip);
		reached = fault.reached;
		disarm();
		if (access(sandbox_at(&box, "out/f1"), F_OK) != 0)
			ck_assert_int_eq(rename(sandbox_at(&box, "x"), sandbox_at(&box, "out/f1")), 0);
		ck_assert_msg(strcmp(outside(), out_as_made) == 0, "%s, call %ld: %s", leaf_jobs[_i].name, trip, outside());
		trial_fini(&trial);
		clear();
	}
}
END_TEST

/* ---- errors ----------------------------------------------------------------------------------------------- */

static const int once[] = { EIO, EACCES, EPERM, ENOSPC, ENOENT, EMFILE, EINVAL, EXDEV };
static const int lasting[] = { EIO, EACCES, ENOSPC, EMFILE };

/* What is there, as if private directories were not: what is in them stands where it was taken from. */
static const char *whole_tree(unsigned *private)
{
	static char text[32768];
	const char *from = sandbox_tree(&box, false);
	size_t len = 0;

	*private = 0;
	text[len++] = ' ';
	while (*from && len < sizeof text - 2) {
		bool begins = text[len - 1] == ' ' || text[len - 1] == '/';

		if (begins && strncmp(from, ".muntin-", 8) == 0) {
			from += 16;
			*private += *from == '/' && (from[1] == ' ' || from[1] == '\0');
			from += *from == '/';
			continue;
		}
		text[len++] = *from++;
	}
	text[len++] = ' ';
	text[len] = '\0';
	return text;
}

/* Is a path there? In its place, or in what could not be moved back. */
static bool present(const char *path)
{
	char want[512];
	unsigned private;

	snprintf(want, sizeof want, " %s ", path);
	if (strstr(whole_tree(&private), want))
		return true;
	snprintf(want, sizeof want, " %s/ ", path);
	return strstr(whole_tree(&private), want) != NULL;
}

static bool exists(const struct trial *trial, size_t row)
{
	struct buf path = BUF_INIT;
	bool there;

	op_list_path(&trial->list, row, &path);
	there = present(buf_str(&path));
	buf_fini(&path);
	return there;
}

/* Deleted is what is reported as deleted, and nothing else. */
static void check_honest(const struct job *job, const struct trial *trial, long trip, int error)
{
	if (job->kind != OP_DELETE)
		return;
	for (size_t i = 0; i < trial->list.len; i++) {
		const struct op_row *row = &trial->list.rows[i];
		bool gone = row->status == OP_OK;

		if (row->flags & OP_ITEM_REST || row->error == ERROR_SAMEFILE)
			continue;
		/* A removal that the fault let fail before it was made has not been made; lost is nothing. */
		if (gone == exists(trial, i) && !(row->error == ERROR_NOENT))
			ck_abort_msg("%s, call %ld, %s: row %zu status %d", job->name, trip, strerror(error), i, row->status);
	}
}

static void fail_everywhere(const struct job *job, int error, bool all_later)
{
	for (long trip = 1;; trip++) {
		struct trial trial;

		sandbox_make(&box, job->before);
		fault.error = error;
		fault.lasting = all_later;
		attempt(job, &trial, trip);
		disarm();
		ck_assert_msg(strcmp(outside(), out_as_made) == 0, "%s, call %ld: %s", job->name, trip, outside());
		if (trial.running)
			check_honest(job, &trial, trip, error);
		trial_fini(&trial);
		if (!fault.reached)
			return;
		clear();
	}
}

START_TEST(every_call_fails_once)
{
	for (size_t i = 0; i < ARRAY_LEN(once); i++) {
		fail_everywhere(&jobs[_i], once[i], false);
		clear();
	}
}
END_TEST

START_TEST(every_call_fails_from_then_on)
{
	for (size_t i = 0; i < ARRAY_LEN(lasting); i++) {
		fail_everywhere(&jobs[_i], lasting[i], true);
		clear();
	}
}
END_TEST

START_TEST(interrupted_calls_are_made_again)
{
	const struct job *job = &jobs[_i];

	for (long trip = 1;; trip++) {
		struct trial trial;

		sandbox_make(&box, job->before);
		fault.error = EINTR;
		attempt(job, &trial, trip);
		disarm();
		ck_assert_uint_eq(op_result(trial.op)->failed + op_result(trial.op)->left_out, 0);
		ck_assert_uint_gt(op_result(trial.op)->ok, 0);
		if (job->after)
			ck_assert_str_eq(sandbox_tree(&box, false), job->after);
		trial_fini(&trial);
		if (!fault.reached)
			return;
		clear();
	}
}
END_TEST

/* ---- kills ------------------------------------------------------------------------------------------------ */

static void check_killed(const struct job *job, long trip)
{
	const char *at = sandbox_format("%s, killed at a call%s", job->name, "");
	int names = (int)present("tree/swapme/f1") + (int)present("tree/swapme/new");
	unsigned private;

	/* An ordinary user must open what was closed. */
	if (job->kind == OP_CHMOD || job->kind == OP_MATCH) {
		(void)!chmod(sandbox_at(&box, "tree"), 0700);
		(void)!chmod(sandbox_at(&box, "tree/swapme"), 0700);
	}
	ck_assert_msg(strcmp(outside(), out_as_made) == 0, "%s %ld: %s", at, trip, outside());
	whole_tree(&private);
	ck_assert_msg(private <= 1, "%s %ld: more than one private directory", at, trip);
	if (job->kind != OP_DELETE)
		ck_assert_msg(present("tree/a") == 1 && present("tree/z") == 1, "%s %ld: something is lost", at, trip);
	if (job->kind == OP_RENAME && strcmp(job->name, "rename") == 0)
		ck_assert_msg(names == 1 || (names == 2 && !MUNTIN_LINUX_CALLS), "%s %ld: %d names", at, trip, names);
	if (strcmp(job->name, "rename dir") == 0)
		ck_assert_msg(present("tree/swapme/sub/f3") + present("tree/new/sub/f3") == 1, "%s %ld: lost", at, trip);
	if (strcmp(job->name, "delete two") == 0)
		ck_assert_msg(present("tree/swapme/f2") == 1 && present("tree/a") == 1, "%s %ld: too much", at, trip);
}

START_TEST(killed_at_every_call)
{
	const struct job *job = &jobs[_i];
	bool reached = true;

	for (long trip = 1; reached; trip++) {
		pid_t child;
		int status;

		sandbox_make(&box, job->before);
		child = fork();
		ck_assert_int_ge(child, 0);
		if (child == 0) {
			struct trial trial;

			fault.killed = true;
			attempt(job, &trial, trip);
			_exit(0);
		}
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		ck_assert(WIFEXITED(status));
		reached = WEXITSTATUS(status) == 9;
		check_killed(job, trip);
		clear();
	}
}
END_TEST

/* ---- renames where the system has no such call ------------------------------------------------------------ */

/* What fails for good while a file or a directory is renamed, and what is to come of it. */
static const struct {
	const char *calls;   /* names of calls with blanks between */
	int error;
	const char *target;
	const char *said;
	const char *detail;
} fallbacks[] = {
	{ "renameat2", EINVAL, "tree/a", "ok", NULL },
	{ "renameat2", ENOSYS, "tree/swapme", "ok", NULL },
	{ "renameat2 linkat", EOPNOTSUPP, "tree/a", "ok", "not atomic: only looked before whether the name was free" },
	{ "renameat2", EIO, "tree/a", "failed: input/output error", NULL },
	{ "renameat2", EXDEV, "tree/a", "failed: on another filesystem", NULL },
	{ "renameat2", EACCES, "tree/a", "failed: permission denied", NULL },
	{ "renameat2", EBUSY, "tree/swapme", "failed: device or resource busy", NULL },
	{ "renameat2", EROFS, "tree/swapme", "failed: read-only file system", NULL },
};

START_TEST(renames_without_the_call)
{
	struct trial trial;

	if (!MUNTIN_LINUX_CALLS)
		return;
	sandbox_make(&box, TREE);
	trial_init(&trial, &box, OP_RENAME, 0, "new", fallbacks[_i].target);
	ck_assert_int_eq(trial_plan(&trial), ERROR_NONE);
	fault.broken = fallbacks[_i].calls;
	fault.broken_error = fallbacks[_i].error;
	arm(0);
	ck_assert_int_eq(trial_run(&trial), ERROR_NONE);
	disarm();
	ck_assert_str_eq(trial_said(&trial, fallbacks[_i].target), fallbacks[_i].said);
	ck_assert_pstr_eq(op_list_detail(&trial.list, &trial.list.rows[0]), fallbacks[_i].detail);
	ck_assert_uint_eq(present("tree/new"), strcmp(fallbacks[_i].said, "ok") == 0);
	ck_assert_uint_eq(present(fallbacks[_i].target), strcmp(fallbacks[_i].said, "ok") != 0);
	trial_fini(&trial);
}
END_TEST

static void take_the_name(void)
{
	const char *name = sandbox_at(&box, "tree/new");

	if (access(name, F_OK) != 0)
		sandbox_make(&box, "tree/new");
}

/* Somebody makes a file of that name at any moment: it is never replaced, with or without the call. */
START_TEST(renames_never_replace)
{
	static const char *const broken[] = { NULL, "renameat2" };
	bool reached = true;

	for (long trip = 1; reached; trip++) {
		struct trial trial;
		struct stat st;
		char text[16] = "";
		int fd;

		sandbox_make(&box, TREE);
		trial_init(&trial, &box, OP_RENAME, 0, "new", _i / 2 ? "tree/swapme" : "tree/a");
		ck_assert_int_eq(trial_plan(&trial), ERROR_NONE);
		fault.broken = broken[_i % 2];
		fault.broken_error = EINVAL;
		fault.meddle = take_the_name;
		arm(trip);
		(void)trial_run(&trial);
		reached = fault.reached;
		disarm();
		ck_assert_int_eq(lstat(sandbox_at(&box, "tree/new"), &st), 0);
		fd = open(sandbox_at(&box, "tree/new"), O_RDONLY);
		if (S_ISREG(st.st_mode))
			ck_assert_int_gt(read(fd, text, sizeof text - 1), 0);
		close(fd);
		if (strcmp(text, "tree/new") == 0)
			ck_assert_uint_eq(present(_i / 2 ? "tree/swapme" : "tree/a"), 1);
		trial_fini(&trial);
		clear();
	}
}
END_TEST

/* Is there a file with these bytes, under whatever name? */
static const char *wanted_content;
static bool content_found;

static int find_content(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	char text[64] = "";
	int fd = S_ISREG(st->st_mode) ? open(path, O_RDONLY) : -1;

	(void)type;
	(void)ftw;
	if (fd < 0)
		return 0;
	ck_assert_int_ge(read(fd, text, sizeof text - 1), 0);
	close(fd);
	content_found |= strcmp(text, wanted_content) == 0;
	return 0;
}

static bool is_kept(const char *content)
{
	wanted_content = content;
	content_found = false;
	nftw(box.path, find_content, 8, FTW_PHYS);
	return content_found;
}

static void replace_new_name(void)
{
	(void)!rename(sandbox_at(&box, "out/f1"), sandbox_at(&box, "tree/new"));
}

static void replace_old_name(void)
{
	(void)!rename(sandbox_at(&box, "out/f1"), sandbox_at(&box, "tree/a"));
}

static void exchange_with_new_name(void)
{
	(void)!rename(sandbox_at(&box, "tree/new"), sandbox_at(&box, "aside"));
	replace_new_name();
}

static void exchange_with_old_name(void)
{
	(void)!rename(sandbox_at(&box, "tree/a"), sandbox_at(&box, "aside"));
	replace_old_name();
}

/* Somebody puts a file under the old or the new name at any moment: it is not removed, and neither is ours but by them. */
START_TEST(renames_remove_nothing_of_others)
{
	static void (*const meddlers[])(void) = { replace_new_name, replace_old_name, exchange_with_new_name, exchange_with_old_name };
	bool reached = true;

	for (long trip = 1; reached; trip++) {
		struct trial trial;

		sandbox_make(&box, TREE);
		trial_init(&trial, &box, OP_RENAME, 0, "new", "tree/a");
		ck_assert_int_eq(trial_plan(&trial), ERROR_NONE);
		fault.broken = "renameat2";
		fault.broken_error = EINVAL;
		fault.meddle = meddlers[_i];
		arm(trip);
		(void)trial_run(&trial);
		reached = fault.reached;
		disarm();
		ck_assert_msg(is_kept("out/f1"), "call %ld: another file is lost: %s", trip, sandbox_tree(&box, false));
		if (_i >= 2)
			ck_assert_msg(is_kept("tree/a"), "call %ld: the file is lost: %s", trip, sandbox_tree(&box, false));
		trial_fini(&trial);
		clear();
	}
}
END_TEST

/* Any call of the way around fails, once or from then on: the file has one of its names, or what it has is told. */
START_TEST(renames_around_fail)
{
	static const int errors[] = { EIO, EPERM, ENOSPC };
	bool reached = true;

	for (long trip = 1; reached; trip++) {
		const char *detail;
		struct trial trial;
		unsigned names;
		bool ok;

		sandbox_make(&box, TREE);
		trial_init(&trial, &box, OP_RENAME, 0, "new", "tree/a");
		ck_assert_int_eq(trial_plan(&trial), ERROR_NONE);
		fault.broken = "renameat2";
		fault.broken_error = ENOSYS;
		fault.error = errors[_i / 2];
		fault.lasting = _i % 2;
		arm(trip);
		(void)trial_run(&trial);
		reached = fault.reached;
		disarm();
		ok = trial.list.rows[0].status == OP_OK;
		detail = op_list_detail(&trial.list, &trial.list.rows[0]);
		names = (unsigned)present("tree/a") + present("tree/new");
		ck_assert_msg(is_kept("tree/a") && present(ok ? "tree/new" : "tree/a"), "call %ld: %s", trip, sandbox_tree(&box, false));
		ck_assert_msg(names == 1 || (detail && strcmp(detail, "it has both names") == 0), "call %ld: %u names: %s", trip, names,
			sandbox_tree(&box, false));
		ck_assert_msg(detail || !strstr(sandbox_tree(&box, false), ".muntin-"), "call %ld: %s", trip, sandbox_tree(&box, false));
		trial_fini(&trial);
		clear();
	}
}
END_TEST

/* A directory cannot be made private: what is to be deleted is deleted in its place. */
START_TEST(deletes_where_modes_are_fixed)
{
	struct trial trial;

	sandbox_make(&box, TREE);
	trial_init(&trial, &box, OP_DELETE, OP_RECURSIVE, "", "tree");
	ck_assert_int_eq(trial_plan(&trial), ERROR_NONE);
	fault.loose = true;
	ck_assert_int_eq(trial_run(&trial), ERROR_NONE);
	fault.loose = false;
	ck_assert_str_eq(trial_said(&trial, "tree"), "ok");
	ck_assert_uint_eq(present("tree"), 0);
	trial_fini(&trial);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("op_faults");
	TCase *tests = tcase_create("op_faults");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 300);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, swapped_for_a_link, 0, ARRAY_LEN(jobs));
	tcase_add_loop_test(tests, swapped_for_a_directory, 0, ARRAY_LEN(jobs));
	tcase_add_loop_test(tests, swapped_before_going_in, 0, 4);
	tcase_add_loop_test(tests, swapped_leaf, 0, 4);
	tcase_add_loop_test(tests, every_call_fails_once, 0, ARRAY_LEN(jobs));
	tcase_add_loop_test(tests, every_call_fails_from_then_on, 0, ARRAY_LEN(jobs));
	tcase_add_loop_test(tests, interrupted_calls_are_made_again, 0, ARRAY_LEN(jobs));
	tcase_add_loop_test(tests, killed_at_every_call, 0, ARRAY_LEN(jobs));
	tcase_add_loop_test(tests, renames_without_the_call, 0, ARRAY_LEN(fallbacks));
	tcase_add_loop_test(tests, renames_never_replace, 0, 4);
	tcase_add_loop_test(tests, renames_remove_nothing_of_others, 0, 4);
	tcase_add_loop_test(tests, renames_around_fail, 0, 6);
	tcase_add_test(tests, deletes_where_modes_are_fixed);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
