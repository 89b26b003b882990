#include "permbox.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "ask.h"
#include "caution.h"
#include "op_list.h"
#include "text.h"

/** The editor on the screen: what it is about, and the plan of a recursive change. */
struct permbox_dialog {
	struct dialog dialog;
	struct permbox box;
	struct pane *pane;
	entry_id *ids;             /* as `box.items` */
	struct identity *identities;
	size_t count;
	bool counted;              /* box.files and box.dirs are */
	struct job *job;           /* the plan, or NULL */
	uint32_t *listed;          /* its rows that change or are left alone */
	size_t listed_count;
	bool shown;                /* the complete plan has been on the screen */
	uint32_t *groups;          /* of `box.user` */
	uint64_t asked;            /* the question about another user; 0: none */
	size_t acls_asked;         /* of so many entries the ACLs were asked for */
};

/** Ask for the ACLs of the entries, some of them at a time. */
static void ask_acls(struct permbox_dialog *d)
{
	enum { AT_A_TIME = 1000 };

	while (d->acls_asked < d->count && !d->pane->acl_questions && d->pane->source) {
		size_t count = size_min(d->count - d->acls_asked, AT_A_TIME);

		pane_acl_ask(d->pane, d->ids + d->acls_asked, count);
		d->acls_asked += count;
	}
}

/** The edit is another: the plan is worth nothing. */
static void drop_plan(struct app *app, struct permbox_dialog *d)
{
	if (d->job)
		job_cancel(app->session, d->job);
	d->job = NULL;
	free(d->listed);
	d->listed = NULL;
	d->listed_count = 0;
	d->shown = false;
}

/** What recursion would reach, as far as the tree knows it. */
static void count_below(struct permbox_dialog *d)
{
	const struct tree *tree = d->pane->tree;

	if (d->counted || !d->box.recursive)
		return;
	d->counted = true;
	for (size_t i = 0; i < d->count; i++) {
		if (!tree_has(tree, d->ids[i]))
			continue;
		for (entry_id at = d->ids[i]; at; at = tree_walk(tree, d->ids[i], at)) {
			if (entry_is_dir(tree_entry(tree, at)))
				d->box.dirs++;
			else if (!S_ISLNK(tree_entry(tree, at)->mode))
				d->box.files++;
		}
	}
}

/** Are the entries still those that were shown when the editor was opened? */
static bool still_same(const struct permbox_dialog *d)
{
	const struct tree *tree = d->pane->tree;

	for (size_t i = 0; i < d->count; i++) {
		struct identity now;

		if (!tree_has(tree, d->ids[i]) || tree_entry(tree, d->ids[i])->mode != d->box.items[i].mode)
			return false;
		now = tree_identity(tree, d->ids[i]);
		if (now.dev != d->identities[i].dev || now.ino != d->identities[i].ino ||
		    now.btime != d->identities[i].btime)
			return false;
	}
	return true;
}

/** Hand the edit over as an operation: at once, or recursive and to be looked at. */
static struct job *plan(struct app *app, struct permbox_dialog *d, bool go)
{
	struct buf mode = BUF_INIT;
	struct job *job = NULL;
	unsigned flags = OP_ROOT_ITSELF | (d->box.recursive ? OP_RECURSIVE : 0);

	permbox_mode(&d->box, &mode);
	errno = ENOMEM;
	if (buf_str(&mode))
		job = session_operate(app->session, d->pane, OP_CHMOD, flags, d->ids, d->count, NULL, mode.data, go);
	if (!job)
		app_fail(app, "chmod: %s",
		         errno == EROFS ? error_text(ERROR_READONLY) : error_text(error_from_errno(errno)));
	buf_fini(&mode);
	return job;
}

/** Run it. */
static void go(struct app *app, struct permbox_dialog *d)
{
	struct job *job = d->job;

	if (job) {
		d->job = NULL;
		app_close(app, &d->dialog);
		job_confirm(app->session, job);
	} else if (plan(app, d, true)) {
		app_close(app, &d->dialog);
	}
}

static void permbox_dialog_key(struct app *app, struct dialog *dialog, const struct term_event *event);

/** The dialog, if it is the one on top. */
static struct permbox_dialog *on_top(const struct app *app)
{
	return app->dialog && app->dialog->ops->key == permbox_dialog_key ? (struct permbox_dialog *)app->dialog : NULL;
}

/** Root has thought again. */
static void go_on(struct app *app)
{
	struct permbox_dialog *d = on_top(app);

	if (d && (!d->job || d->job->state == JOB_PLANNED))
		go(app, d);
}

/** Run it, after a question where root should think again. */
static void go_asking(struct app *app, struct permbox_dialog *d)
{
	const char *caution = caution_entries(app->session, d->pane, d->ids, d->count);
	char question[120];

	if (!caution) {
		go(app, d);
		return;
	}
	snprintf(question, sizeof question, "You are root, and this %s. Change it?", caution);
	ask_yes(app, question, go_on);
}

static void apply(struct app *app, struct permbox_dialog *d, bool queued)
{
	if (queued)
		return;
	if (d->job) {
		if (d->job->state == JOB_PLANNED && d->shown)
			go_asking(app, d);
		return;
	}
	if (!permbox_can_apply(&d->box)) {
		app_fail(app, d->box.symbolic.text.len > 0 || !d->box.octal_ok ? "this is no mode" : "nothing is changed yet");
		return;
	}
	if (!still_same(d)) {
		app_close(app, &d->dialog);
		app_fail(app, "an entry is not the same any more: nothing was changed, look again");
		return;
	}
	if (d->box.recursive)
		d->job = plan(app, d, false);
	else
		go_asking(app, d);
}

/* ---- whose access is told ------------------------------------------------------- */

/** You, as the kernel knows this process. */
static void take_self(struct permbox_dialog *d)
{
	int count = getgroups(0, NULL);
	uint32_t *groups = count > 0 ? calloc((size_t)count, sizeof *groups) : NULL;

	count = groups ? getgroups(count, groups) : 0;
	free(d->groups);
	d->groups = groups;
	d->box.user = (struct access_user){ geteuid(), getegid(), groups, count > 0 ? (size_t)count : 0 };
	buf_clear(&d->box.user_name);
}

/** The answer about a user has come. */
static void take_user(struct app *app, struct permbox_dialog *d)
{
	const struct pane_why *why = &d->pane->why;
	uint32_t *groups;

	if (!d->asked || !why->answered || why->request != d->asked)
		return;
	d->asked = 0;
	groups = calloc(why->user.group_count + 1, sizeof *groups);
	if (why->error != ERROR_NONE || !groups) {
		free(groups);
		app_fail(app, "%s", why->error == ERROR_NOENT ? "there is no such user" : error_text(why->error));
		return;
	}
	memcpy(groups, why->user.groups ? why->user.groups : groups, why->user.group_count * sizeof *groups);
	free(d->groups);
	d->groups = groups;
	d->box.user = (struct access_user){ why->user.uid, why->user.gid, groups, why->user.group_count };
	buf_clear(&d->box.user_name);
	if (why->name.len > 0)
		buf_add(&d->box.user_name, why->name.data, why->name.len);
	else
		buf_printf(&d->box.user_name, "%u", (unsigned)why->user.uid);
	app->dirty = true;
}

static void name_user(struct app *app, const char *user, size_t len)
{
	struct permbox_dialog *d = on_top(app);

	if (!d)
		return;
	if (len == 0) {
		take_self(d);
		return;
	}
	if (!tree_has(d->pane->tree, d->ids[0]))
		return;
	pane_why(d->pane, d->ids[0], user, len);
	d->asked = d->pane->why.request;
	take_user(app, d);
}

static void permbox_dialog_key(struct app *app, struct dialog *dialog, const struct term_event *event)
{
	struct permbox_dialog *d = (struct permbox_dialog *)dialog;

	switch (permbox_key(&d->box, event->key, event->pasted)) {
	case PERMBOX_EDITING:
		break;
	case PERMBOX_CHANGED:
		drop_plan(app, d);
		count_below(d);
		break;
	case PERMBOX_APPLY:
		apply(app, d, event->queued);
		break;
	case PERMBOX_USER:
		ask_line(app, &(struct ask_line){ .label = "access of user (empty: you): ", .history = HISTORY_USER, .accepted = name_user });
		break;
	case PERMBOX_LEAVE:
		drop_plan(app, d);
		app_close(app, dialog);
		break;
	}
}

static void permbox_dialog_paint(struct app *app, struct dialog *dialog, const struct paint *p)
{
	struct permbox_dialog *d = (struct permbox_dialog *)dialog;

	(void)app;
	for (size_t i = 0; i < d->count; i++)
		d->box.items[i].acl = pane_acl(d->pane, d->ids[i]);
	permbox_paint(&d->box, p, d->job, d->listed, d->listed_count);
	d->shown = d->job && d->job->state == JOB_PLANNED && d->listed;
}

/** Choose the rows of the complete plan that are worth a line. */
static bool list_plan(struct permbox_dialog *d)
{
	const struct op_list *list = &d->job->list;
	size_t cap = 0;

	if (vec_grow(&d->listed, &cap, list->len + 1, sizeof *d->listed) != 0)
		return false;
	for (size_t i = 0; i < list->len; i++) {
		const struct op_row *row = &list->rows[i];

		if (row->status != OP_PLAN || row->old_mode != row->new_mode)
			d->listed[d->listed_count++] = (uint32_t)i;
	}
	return true;
}

static void permbox_dialog_step(struct app *app, struct dialog *dialog)
{
	struct permbox_dialog *d = (struct permbox_dialog *)dialog;

	take_user(app, d);
	ask_acls(d);
	if (!d->job || d->job->state == JOB_PLANNING || d->listed)
		return;
	if (d->job->state != JOB_PLANNED) {
		app_fail(app, "chmod: %s", error_text(d->job->error));
		d->job = NULL;
		return;
	}
	app_flush(app);
	if (!list_plan(d)) {
		drop_plan(app, d);
		app_fail(app, "out of memory");
	}
}

static void permbox_dialog_free(struct dialog *dialog)
{
	struct permbox_dialog *d = (struct permbox_dialog *)dialog;

	permbox_fini(&d->box);
	free(d->ids);
	free(d->identities);
	free(d->groups);
	free(d->listed);
	free(d);
}

/** Put in the entries. Returns -1 with ENOMEM. */
static int take_entries(struct permbox_dialog *d, const entry_id *ids, size_t count)
{
	const struct tree *tree = d->pane->tree;
	struct buf path = BUF_INIT;
	int status = 0;

	d->ids = calloc(count, sizeof *d->ids);
	d->identities = calloc(count, sizeof *d->identities);
	if (!d->ids || !d->identities)
		return -1;
	d->count = count;
	for (size_t i = 0; i < count && status == 0; i++) {
		const struct entry *entry = tree_entry(tree, ids[i]);
		enum permbox_skip skip = PERMBOX_NOT_SKIPPED;

		if (!(entry->flags & ENTRY_KNOWN))
			skip = PERMBOX_UNKNOWN;
		else if (S_ISLNK(entry->mode) || (entry->flags & ENTRY_FOLLOWED))
			skip = PERMBOX_LINK;
		d->ids[i] = ids[i];
		d->identities[i] = tree_identity(tree, ids[i]);
		buf_clear(&path);
		tree_path(tree, ids[i], &path);
		status = path.failed ? -1
		                     : permbox_add(&d->box, path.data, path.len, entry->mode, entry->uid, entry->gid, skip);
	}
	buf_fini(&path);
	return status == 0 ? permbox_ready(&d->box) : -1;
}

void permbox_open(struct app *app, struct pane *pane, const entry_id *ids, size_t count, bool recursive)
{
	static const struct dialog_ops ops = { permbox_dialog_key, permbox_dialog_paint, permbox_dialog_step,
		                               permbox_dialog_free };
	struct permbox_dialog *d = calloc(1, sizeof *d);

	if (!d) {
		app_fail(app, "out of memory");
		return;
	}
	d->dialog.ops = &ops;
	d->pane = pane;
	permbox_init(&d->box, app->session->umask, !app->term->utf8);
	if (take_entries(d, ids, count) != 0) {
		permbox_dialog_free(&d->dialog);
		app_fail(app, "out of memory");
		return;
	}
	take_self(d);
	ask_acls(d);
	d->box.recursive = recursive && d->box.has_dirs;
	count_below(d);
	app_open(app, &d->dialog);
}
