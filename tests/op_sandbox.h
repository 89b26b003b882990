/*
 * A scratch tree for tests of operations, described and compared as text, and a way to run an operation in it.
 *
 * A tree is written as entries with blanks between: `d/ d/f=755 l->target p|`: directory, file (with a mode), link,
 * FIFO. sandbox_tree() tells it back in the same form, sorted, modes only where asked for.
 */
#ifndef MUNTIN_OP_SANDBOX_H
#define MUNTIN_OP_SANDBOX_H

#include "op.h"
#include "op_list.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOBODY = 65534 };

struct sandbox {
	char path[256];
};

static char *sandbox_format(const char *fmt, const char *a, const char *b)
{
	static char *texts[8];
	static unsigned next;
	char **to = &texts[next++ % 8];
	char *text;

	ck_assert_int_ge(asprintf(&text, fmt, a, b), 0);
	free(*to);
	*to = text;
	return text;
}

/* The path of a name in the sandbox; valid for a few calls. */
static inline const char *sandbox_at(const struct sandbox *box, const char *name)
{
	return sandbox_format("%s/%s", box->path, name);
}

static inline void sandbox_init(struct sandbox *box)
{
	const char *tmp = getenv("TMPDIR");

	umask(022);
	snprintf(box->path, sizeof box->path, "%s/muntin-op-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(box->path));
	ck_assert_int_eq(chmod(box->path, 0755), 0);
}

static int sandbox_open_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)ftw;
	if (type != FTW_SL && S_ISDIR(st->st_mode) && (st->st_mode & 0700) != 0700)
		(void)!chmod(path, 0700);
	return 0;
}

static int sandbox_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void sandbox_fini(struct sandbox *box)
{
	/* What is closed is opened one level at a time. */
	for (int level = 0; level < 6 && geteuid() != 0; level++)
		nftw(box->path, sandbox_open_one, 8, FTW_PHYS);
	nftw(box->path, sandbox_remove_one, 8, FTW_PHYS | FTW_DEPTH);
}

static inline void sandbox_make_one(const struct sandbox *box, char *entry)
{
	char *equals = strchr(entry, '=');
	char *arrow = strstr(entry, "->");
	size_t len;
	const char *path;

	if (equals)
		*equals = '\0';
	if (arrow)
		*arrow = '\0';
	len = strlen(entry);
	path = sandbox_at(box, entry);
	if (arrow) {
		ck_assert_int_eq(symlink(arrow + 2, path), 0);
	} else if (entry[len - 1] == '/') {
		ck_assert_msg(mkdir(path, 0755) == 0, "mkdir %s: %s", path, strerror(errno));
	} else if (entry[len - 1] == '|') {
		entry[len - 1] = '\0';
		path = sandbox_at(box, entry);
		ck_assert_int_eq(mkfifo(path, 0644), 0);
	} else {
		int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);

		ck_assert_msg(fd >= 0, "create %s: %s", path, strerror(errno));
		ck_assert_int_eq(write(fd, entry, len), (ssize_t)len);
		close(fd);
	}
	if (equals)
		ck_assert_int_eq(chmod(path, (mode_t)strtoul(equals + 1, NULL, 8)), 0);
}

/* Make entries; directories before what is in them. */
static inline void sandbox_make(const struct sandbox *box, const char *tree)
{
	char *copy = strdup(tree);
	char *save = NULL;

	for (char *entry = strtok_r(copy, " ", &save); entry; entry = strtok_r(NULL, " ", &save))
		sandbox_make_one(box, entry);
	free(copy);
}

static char *sandbox_lines[512];
static size_t sandbox_count;
static size_t sandbox_prefix;
static bool sandbox_modes;

static int sandbox_note_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	char line[1024];
	char target[256] = "";
	size_t len;

	(void)type;
	(void)ftw;
	if (strlen(path) <= sandbox_prefix || sandbox_count == ARRAY_LEN(sandbox_lines))
		return 0;
	len = (size_t)snprintf(line, sizeof line, "%s%s", path + sandbox_prefix, S_ISDIR(st->st_mode) ? "/" : "");
	if (S_ISFIFO(st->st_mode))
		len += (size_t)snprintf(line + len, sizeof line - len, "|");
	if (S_ISLNK(st->st_mode) && readlink(path, target, sizeof target - 1) >= 0)
		snprintf(line + len, sizeof line - len, "->%s", target);
	else if (sandbox_modes)
		snprintf(line + len, sizeof line - len, "=%o", st->st_mode & 07777u);
	sandbox_lines[sandbox_count++] = strdup(line);
	return 0;
}

static int sandbox_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What is in the sandbox, sorted. The text is valid until the next call. */
static inline const char *sandbox_tree(const struct sandbox *box, bool modes)
{
	static char text[32768];
	size_t len = 0;

	sandbox_count = 0;
	sandbox_prefix = strlen(box->path) + 1;
	sandbox_modes = modes;
	nftw(box->path, sandbox_note_one, 8, FTW_PHYS);
	qsort(sandbox_lines, sandbox_count, sizeof sandbox_lines[0], sandbox_compare);
	text[0] = '\0';
	for (size_t i = 0; i < sandbox_count; i++) {
		len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", len ? " " : "", sandbox_lines[i]);
		free(sandbox_lines[i]);
	}
	return text;
}

/* Set an ACL as setfacl(1) takes it, or with "-b" take it away. False, with a word on what is missing, where that is impossible. */
static inline bool sandbox_setfacl(const struct sandbox *box, const char *name, const char *spec)
{
	const char *path = sandbox_at(box, name);
	pid_t child = fork();
	int status = -1;

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		if (spec[0] == '-')
			execlp("setfacl", "setfacl", spec, path, (char *)NULL);
		else
			execlp("setfacl", "setfacl", "-m", spec, path, (char *)NULL);
		_exit(127);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	if (status != 0)
		printf("skip (missing: %s)\n", WEXITSTATUS(status) == 127 ? "setfacl" : "a filesystem with ACLs");
	return status == 0;
}

/* ---- operations ------------------------------------------------------------------------------------------- */

/* An operation with everything that it reported. */
struct trial {
	struct op_request request; /* what the list borrows; a copy of what the operation owns */
	struct op *op;
	struct op_list list;
	bool running;
	uint64_t outcomes[4];      /* items of the run by their status */
	void (*hook)(struct trial *trial, const struct op_item *item); /* called for every item of the run */
	const struct sandbox *box;
};

static void trial_item(void *arg, const struct op_item *item)
{
	struct trial *trial = arg;

	ck_assert_int_eq(op_list_add(&trial->list, item), 0);
	if (!trial->running) {
		ck_assert_int_ne(item->status, OP_OK);
		return;
	}
	trial->outcomes[item->status]++;
	if (trial->hook)
		trial->hook(trial, item);
}

static inline struct op_events trial_events(struct trial *trial)
{
	return (struct op_events){ trial_item, NULL, trial };
}

/* What a target is to be like: its mode with the type; 0: it is only here. Those after the first were found below it. */
static inline void trial_wish(struct op_request *request, const char *mode)
{
	struct op_wish wish = { .mode = (uint32_t)strtoul(mode, NULL, 8), .uid = -1, .gid = -1, .found = request->targets_len > 1 };

	wish.excuse = wish.mode ? ERROR_NONE : ERROR_ALONE;
	op_request_wish(request, &wish);
}

/* One target: a path, for a rename with `=` and a new name of its own behind it, for a match with what it is to be like. */
static inline void trial_target(struct op_request *request, const char *path)
{
	const char *equals = request->kind == OP_RENAME || request->kind == OP_MATCH ? strchr(path, '=') : NULL;
	size_t len = equals ? (size_t)(equals - path) : strlen(path);

	len = len == 1 && path[0] == '.' ? 0 : len;
	ck_assert_int_eq(op_request_target(request, path, len, NULL, 0), 0);
	if (request->kind == OP_MATCH)
		trial_wish(request, equals + 1);
	else if (equals)
		ck_assert_int_eq(op_request_name(request, equals + 1, strlen(equals + 1)), 0);
}

/* `targets` are paths with blanks between; "." is the root itself. `text` is the MODE, the new name or UID:GID. */
static inline void trial_init(
	struct trial *trial, const struct sandbox *box, enum op_kind kind, unsigned flags, const char *text, const char *targets)
{
	struct op_request again;
	char *save = NULL;

	*trial = (struct trial){ .box = box };
	for (int i = 0; i < 2; i++) {
		struct op_request *request = i ? &again : &trial->request;
		char *list = strdup(targets);

		op_request_init(request, kind);
		request->flags = flags;
		if (kind == OP_CHOWN)
			ck_assert_int_eq(sscanf(text, "%ld:%ld", &request->uid, &request->gid), 2);
		else
			buf_add_str(&request->text, text);
		for (char *path = strtok_r(list, " ", &save); path; path = strtok_r(NULL, " ", &save))
			trial_target(request, path);
		free(list);
	}
	trial->op = op_new(box->path, &again);
	ck_assert_ptr_nonnull(trial->op);
	op_list_init(&trial->list, &trial->request);
}

static inline enum error trial_plan(struct trial *trial)
{
	struct op_events events = trial_events(trial);
	enum error error = op_plan(trial->op, &events);

	if (error == ERROR_NONE)
		ck_assert_uint_eq(op_planned(trial->op)->items, trial->list.len);
	return error;
}

/* Every item of the plan must be reported once, and the counts must be theirs. */
static inline enum error trial_run(struct trial *trial)
{
	struct op_events events = trial_events(trial);
	const struct op_result *result = op_result(trial->op);
	enum error error;

	trial->running = true;
	error = op_run(trial->op, &events);
	ck_assert_uint_eq(trial->outcomes[OP_OK], result->ok);
	ck_assert_uint_eq(trial->outcomes[OP_FAILED], result->failed);
	ck_assert_uint_eq(trial->outcomes[OP_SKIPPED], result->skipped);
	ck_assert_uint_eq(result->ok + result->failed + result->skipped, trial->list.len);
	return error;
}

static inline void trial_fini(struct trial *trial)
{
	op_free(trial->op);
	op_list_fini(&trial->list);
	op_request_fini(&trial->request);
}

/* What the list says of a path: "ok", "failed: file exists". Valid until the next call. */
static inline const char *trial_said(const struct trial *trial, const char *path)
{
	static const char *const words[] = { "plan", "ok", "failed", "skipped" };
	static char text[256];
	size_t want = strcmp(path, ".") == 0 ? 0 : strlen(path);

	snprintf(text, sizeof text, "not listed");
	for (size_t i = 0; i < trial->list.len; i++) {
		const struct op_row *row = &trial->list.rows[i];
		struct buf at = BUF_INIT;
		struct buf near = BUF_INIT;

		op_list_path(&trial->list, i, &at);
		op_path(trial->op, (uint32_t)i, &near);
		ck_assert_uint_eq(at.len, near.len);
		ck_assert_int_eq(at.len ? memcmp(at.data, near.data, at.len) : 0, 0);
		if (at.len == want && (want == 0 || memcmp(at.data, path, want) == 0))
			snprintf(text, sizeof text, "%s%s%s", words[row->status], row->error ? ": " : "",
				row->error ? error_text(row->error) : "");
		buf_fini(&at);
		buf_fini(&near);
	}
	return text;
}

/* Run a test's body as an ordinary user, in a process of its own when the test runs as root. */
static inline void as_nobody(void (*body)(const struct sandbox *box), const struct sandbox *box)
{
	pid_t child;
	int status;

	if (geteuid() != 0) {
		body(box);
		return;
	}
	ck_assert_int_eq(chown(box->path, NOBODY, NOBODY), 0);
	child = check_fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		if (setgroups(0, NULL) != 0 || setregid(NOBODY, NOBODY) != 0 || setreuid(NOBODY, NOBODY) != 0)
			_exit(99);
		body(box);
		exit(EXIT_SUCCESS);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "as an ordinary user: status %#x", status);
}

#endif
