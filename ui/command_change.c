#include "command.h"

#include <errno.h>
#include <string.h>

#include "app.h"
#include "ask.h"
#include "caution.h"
#include "confirm.h"
#include "names.h"
#include "perm.h"
#include "permbox.h"
#include "text.h"

/** Entries of a pane, taken at the key press. */
struct targets {
	entry_id *ids;
	size_t cap;
	size_t count;
};

/** An entry and where its path stands while they are sorted. */
struct placed {
	entry_id id;
	size_t begin;
	size_t len;
};

static int by_path(const void *a, const void *b, void *paths)
{
	const struct placed *first = a;
	const struct placed *second = b;
	int order = memcmp((const char *)paths + first->begin, (const char *)paths + second->begin,
	                   size_min(first->len, second->len));

	if (order != 0)
		return order;
	return first->len < second->len ? -1 : first->len > second->len;
}

int command_sort_entries(const struct tree *tree, entry_id *ids, size_t count)
{
	struct placed *placed = calloc(count, sizeof *placed);
	struct buf paths = BUF_INIT;
	int status = -1;

	for (size_t i = 0; i < count && placed; i++) {
		placed[i] = (struct placed){ .id = ids[i], .begin = paths.len };
		tree_path(tree, ids[i], &paths);
		placed[i].len = paths.len - placed[i].begin;
	}
	if (placed && buf_str(&paths)) {
		qsort_r(placed, count, sizeof *placed, by_path, paths.data);
		for (size_t i = 0; i < count; i++)
			ids[i] = placed[i].id;
		status = 0;
	}
	buf_fini(&paths);
	free(placed);
	return status;
}

/** What the operation acts on, by path. Returns false when app_fail() said why there is nothing. */
static bool targets_take(struct app *app, struct targets *targets)
{
	long count;

	*targets = (struct targets){ .ids = NULL };
	count = pane_targets(session_pane(app->session), &targets->ids, &targets->cap);
	if (count <= 0) {
		free(targets->ids);
		return app_fail(app, count < 0 ? "out of memory" : "there is no entry here");
	}
	targets->count = (size_t)count;
	if (count > 1 && command_sort_entries(session_pane(app->session)->tree, targets->ids, targets->count) != 0) {
		free(targets->ids);
		return app_fail(app, "out of memory");
	}
	return true;
}

/** Why an operation could not even be planned. */
static bool refused(struct app *app, enum op_kind kind)
{
	return app_fail(app, "%s: %s", op_kind_name(kind),
	                errno == EROFS ? error_text(ERROR_READONLY) : error_text(error_from_errno(errno)));
}

/** Why root should think again; making something new is no matter. */
static const char *caution_of(const struct app *app, enum op_kind kind, const struct targets *targets)
{
	if (kind == OP_MKDIR || kind == OP_CREATE)
		return NULL;
	return caution_entries(app->session, session_pane(app->session), targets->ids, targets->count);
}

/** Plan an operation and ask, or run it at once. */
static bool plan(struct app *app, enum op_kind kind, unsigned flags, const struct targets *targets, const char *name,
                 const char *mode, bool ask)
{
	struct pane *pane = session_pane(app->session);
	const char *caution = caution_of(app, kind, targets);
	struct job *job;

	ask = ask || caution;
	job = session_operate(app->session, pane, kind, flags, targets->ids, targets->count, name, mode, !ask);
	if (!job)
		return refused(app, kind);
	job->caution = caution;
	if (ask)
		confirm_open(app, job);
	return true;
}

/** Plan an operation and run it at once, unless root should think again. */
static bool operate(struct app *app, enum op_kind kind, unsigned flags, const struct targets *targets, const char *name,
                    const char *mode)
{
	return plan(app, kind, flags, targets, name, mode, false);
}

/** Plan an operation and ask. */
static bool operate_asking(struct app *app, enum op_kind kind, unsigned flags, const struct targets *targets, const char *mode)
{
	return plan(app, kind, flags, targets, NULL, mode, true);
}

/* ---- names -------------------------------------------------------------------- */

/** Is it a name that an entry can have? Says why not. */
static bool check_name(struct app *app, const char *name, size_t len)
{
	const char *problem = names_problem(name, len);

	return !problem || app_fail(app, "%s", problem);
}

static void rename_to(struct app *app, const char *name, size_t len)
{
	struct pane *pane = session_pane(app->session);
	entry_id id = app->renamed.id;
	struct targets targets = { &id, 1, 1 };
	size_t old_len;
	const char *old;

	if (!app_target_holds(app, &app->renamed)) {
		app_fail(app, "the entry is not the same any more");
		return;
	}
	old = tree_name(pane->tree, id, &old_len);
	if (!check_name(app, name, len))
		return;
	if (old_len == len && memcmp(old, name, len) == 0) {
		app_say(app, "the name is the same");
		return;
	}
	if (operate(app, OP_RENAME, 0, &targets, name, NULL))
		app_wish(app, tree_entry(pane->tree, id)->parent, name, len);
}

bool command_rename(struct app *app, const struct command_call *call)
{
	const struct pane *pane = session_pane(app->session);
	struct targets targets;
	size_t len;
	const char *name;

	if (!targets_take(app, &targets))
		return false;
	app->renamed = app_target_take(pane, targets.ids[0]);
	free(targets.ids);
	if (tree_marked(pane->tree, NULL) > 1 && call->argc > 0)
		return app_fail(app, "rename: several entries are marked; without NAME all are renamed");
	if (tree_marked(pane->tree, NULL) > 1)
		return app->options->headless ? app_fail(app, "rename: not without a terminal") : names_edit(app);
	if (call->argc > 0) {
		rename_to(app, call->argv[0].data, call->argv[0].len);
		return !app->failed;
	}
	name = tree_name(pane->tree, app->renamed.id, &len);
	ask_line(app, &(struct ask_line){ .label = "rename: ",
	                                  .text = name,
	                                  .len = len,
	                                  .history = HISTORY_NAME,
	                                  .complete = command_complete_entry,
	                                  .before_extension = true,
	                                  .accepted = rename_to });
	return true;
}

/** Is it a path of names? Says why not. */
static bool check_path(struct app *app, const char *path, size_t len)
{
	if (len > 0 && path[0] == '/')
		return app_fail(app, "a path below this directory is wanted");
	while (len > 0) {
		const char *slash = memchr(path, '/', len);
		size_t part = slash ? (size_t)(slash - path) : len;

		if (!check_name(app, path, part))
			return false;
		path += part + (slash ? 1 : 0);
		len -= part + (slash ? 1 : 0);
	}
	return true;
}

/** A new entry in the shown directory. */
static void make(struct app *app, enum op_kind kind, const char *path, size_t len)
{
	entry_id dir = pane_dir(session_pane(app->session));
	struct targets targets = { &dir, 1, 1 };
	struct buf name = BUF_INIT;
	bool parents;

	if (!dir) {
		app_fail(app, "this pane has not the directory that is shown");
		return;
	}
	while (kind == OP_MKDIR && len > 1 && path[len - 1] == '/')
		len--;
	parents = kind == OP_MKDIR && memchr(path, '/', len) != NULL;
	if (!(parents ? check_path(app, path, len) : check_name(app, path, len)))
		return;
	buf_add(&name, path, len);
	if (!buf_str(&name))
		app_fail(app, "out of memory");
	else if (operate(app, kind, parents ? OP_PARENTS : 0, &targets, name.data, NULL))
		app_wish(app, dir, path, len);
	buf_fini(&name);
}

static void make_directory(struct app *app, const char *path, size_t len)
{
	make(app, OP_MKDIR, path, len);
}

static void make_file(struct app *app, const char *path, size_t len)
{
	make(app, OP_CREATE, path, len);
}

/** Take the operand, or ask for it. */
static bool with_name(struct app *app, const struct command_call *call, const char *label,
                      void (*accepted)(struct app *, const char *, size_t))
{
	if (call->argc == 0) {
		ask_line(app, &(struct ask_line){ .label = label,
		                                  .history = HISTORY_NAME,
		                                  .complete = command_complete_entry,
		                                  .accepted = accepted });
		return true;
	}
	accepted(app, call->argv[0].data, call->argv[0].len);
	return !app->failed;
}

bool command_mkdir(struct app *app, const struct command_call *call)
{
	return with_name(app, call, "make directory: ", make_directory);
}

bool command_create(struct app *app, const struct command_call *call)
{
	return with_name(app, call, "create file: ", make_file);
}

/* ---- deleting ----------------------------------------------------------------- */

bool command_trash(struct app *app, const struct command_call *call)
{
	(void)call;
	app_say(app, "there is no trash yet, nothing was done; X deletes for good");
	return true;
}

bool command_delete(struct app *app, const struct command_call *call)
{
	struct targets targets;
	bool asked;

	(void)call;
	if (!targets_take(app, &targets))
		return false;
	asked = operate_asking(app, OP_DELETE, OP_RECURSIVE, &targets, NULL);
	free(targets.ids);
	return asked;
}

/* ---- permissions -------------------------------------------------------------- */

/** chmod with a MODE that is given. Below directories it asks first. */
static bool change_mode(struct app *app, const struct buf *mode, bool recursive)
{
	struct perm_edit edit;
	struct perm_error error;
	struct targets targets;
	bool done;

	if (perm_parse(&edit, mode->data, mode->len, &error) != 0)
		return app_fail(app, "chmod: %s, at character %zu of the mode", error.why, error.at + 1);
	if (!targets_take(app, &targets))
		return false;
	if (recursive)
		done = operate_asking(app, OP_CHMOD, OP_RECURSIVE | OP_ROOT_ITSELF, &targets, mode->data);
	else
		done = operate(app, OP_CHMOD, OP_ROOT_ITSELF, &targets, NULL, mode->data);
	free(targets.ids);
	return done;
}

/** Is -R the first operand? */
static bool is_recursive(const struct command_call *call)
{
	return call->argc > 0 && strcmp(call->argv[0].data, "-R") == 0;
}

bool command_chmod(struct app *app, const struct command_call *call)
{
	bool recursive = is_recursive(call);
	struct targets targets;

	if (call->argc == (recursive ? 2u : 1u))
		return change_mode(app, &call->argv[recursive ? 1 : 0], recursive);
	if (call->argc == 2)
		return app_fail(app, "chmod: one MODE only");
	if (!targets_take(app, &targets))
		return false;
	permbox_open(app, session_pane(app->session), targets.ids, targets.count, recursive);
	free(targets.ids);
	return true;
}

/* ---- owners ------------------------------------------------------------------- */

/** chown, always after a question: names are looked up while it is planned, and the question shows what they came to. */
static bool change_owner(struct app *app, const char *owner, bool recursive)
{
	struct targets targets;
	bool asked;

	if (!targets_take(app, &targets))
		return false;
	asked = operate_asking(app, OP_CHOWN, OP_ROOT_ITSELF | (recursive ? OP_RECURSIVE : 0), &targets, owner);
	free(targets.ids);
	return asked;
}

static void owner_typed(struct app *app, const char *owner, size_t len)
{
	if (len == 0)
		app_fail(app, "chown: neither a user nor a group");
	else
		change_owner(app, owner, false);
}

static void owner_typed_below(struct app *app, const char *owner, size_t len)
{
	if (len == 0)
		app_fail(app, "chown: neither a user nor a group");
	else
		change_owner(app, owner, true);
}

bool command_chown(struct app *app, const struct command_call *call)
{
	bool recursive = is_recursive(call);

	if (call->argc == (recursive ? 2u : 1u))
		return change_owner(app, call->argv[recursive ? 1 : 0].data, recursive);
	if (call->argc == 2)
		return app_fail(app, "chown: one [USER][:GROUP] only");
	ask_line(app, &(struct ask_line){ .label = recursive ? "owner of all below, USER:GROUP: " : "owner, USER:GROUP: ",
	                                  .history = HISTORY_USER,
	                                  .accepted = recursive ? owner_typed_below : owner_typed });
	return true;
}

/* ---- as in another pane ------------------------------------------------------- */

/** The number of a pane. Returns NULL when app_fail() said that it is none that can be meant. */
static const struct pane *other_pane(struct app *app, const struct buf *word)
{
	const struct session *session = app->session;
	size_t index = session_next(session, 1);

	if (word && (word->len != 1 || word->data[0] < '1' || word->data[0] > '9')) {
		app_fail(app, "match: -R, -o, and the number of a pane");
		return NULL;
	}
	if (word)
		index = (size_t)(word->data[0] - '1');
	if (index < session->pane_count && index != session->active)
		return session->panes[index];
	if (index == session->active)
		app_fail(app, word ? "match: that is this pane" : "match: there is no other pane");
	else
		app_fail(app, "there is no pane %zu", index + 1);
	return NULL;
}

static bool match_with(struct app *app, const struct pane *from, unsigned flags)
{
	struct targets targets;
	struct job *job;

	if (!targets_take(app, &targets))
		return false;
	job = session_match(app->session, session_pane(app->session), from, flags, targets.ids, targets.count);
	if (job) {
		job->caution = caution_of(app, OP_MATCH, &targets);
		confirm_open(app, job);
	}
	free(targets.ids);
	if (job)
		return true;
	if (errno == EAGAIN)
		return app_fail(app, "match: it is still being scanned");
	if (errno == EINVAL)
		return app_fail(app, "match: an entry is not below the directory that is shown");
	return refused(app, OP_MATCH);
}

bool command_match(struct app *app, const struct command_call *call)
{
	const struct buf *word = NULL;
	const struct pane *from;
	unsigned flags = 0;

	for (size_t i = 0; i < call->argc; i++) {
		if (strcmp(call->argv[i].data, "-R") == 0)
			flags |= MATCH_RECURSIVE;
		else if (strcmp(call->argv[i].data, "-o") == 0)
			flags |= MATCH_OWNERS;
		else if (word)
			return app_fail(app, "match: one pane only");
		else
			word = &call->argv[i];
	}
	from = other_pane(app, word);
	return from && match_with(app, from, flags);
}
