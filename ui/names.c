#include "names.h"

#include <errno.h>
#include <string.h>

#include "caution.h"
#include "command.h"
#include "confirm.h"
#include "draft.h"
#include "external.h"
#include "text.h"

/** The entries that are renamed, as they were when the key was pressed, and the text about them. */
struct names {
	struct pane *pane;
	size_t count;
	struct app_target *targets;
	struct buf *paths;       /* from the shown directory on, or from the root where one is not below it */
	entry_id current;        /* the cursor follows it */
	struct buf text;
	struct draft *draft;     /* NULL: nothing goes on */
	const struct job *job;   /* the last one that came of it, or NULL */
	bool failed;             /* the editor did */
};

/* ---- the text ----------------------------------------------------------------- */

const char *names_problem(const char *name, size_t len)
{
	if (len == 0)
		return "a name cannot be empty";
	if (memchr(name, '\0', len))
		return "a name cannot hold a NUL";
	if (len > 255)
		return "name too long: more than 255 bytes";
	if (memchr(name, '/', len))
		return "a name cannot hold a slash";
	if ((len == 1 && name[0] == '.') || (len == 2 && memcmp(name, "..", 2) == 0))
		return "`.` and `..` are no names";
	return NULL;
}

void names_add(struct buf *out, const struct buf *path, unsigned flags)
{
	text_add(out, path->data, path->len, flags | TEXT_QUOTE);
	buf_add_byte(out, '\n');
}

/** How much of a path stands before its name. */
static size_t directory_len(const char *path, size_t len)
{
	const char *slash = memrchr(path, '/', len);

	return slash ? (size_t)(slash - path) + 1 : 0;
}

/** Take a line as bytes. Returns NULL, or what is wrong. */
static const char *read_line(const char *line, size_t len, struct buf *out)
{
	size_t used = len;

	if (len >= 2 && memcmp(line, "$'", 2) == 0) {
		if (text_parse(line, len, out, &used) != 0 || used != len)
			return "the quote is not closed, followed by something, or holds an escape that is none";
	} else {
		for (size_t i = 0; i < len; i++)
			if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
				return "a control character is written as \\xHH, in $'...'";
		buf_add(out, line, len);
	}
	return out->failed ? "out of memory" : NULL;
}

/** Take the new name out of a line. */
static const char *read_name(const char *line, size_t len, const struct buf *path, struct buf *name)
{
	size_t dir = directory_len(path->data, path->len);
	const char *problem = read_line(line, len, name);

	if (problem)
		return problem;
	if (name->len < dir || (dir > 0 && memcmp(name->data, path->data, dir) != 0))
		return "an entry stays in its directory";
	buf_drop(name, dir);
	return names_problem(name->data, name->len);
}

const char *names_parse(const char *text, size_t len, const struct buf *paths, size_t count, struct buf *names, size_t *line)
{
	const char *problem = NULL;
	size_t at = 0;

	*line = 0;
	for (size_t i = 0; i < count; i++) {
		const char *end = at < len ? memchr(text + at, '\n', len - at) : NULL;
		size_t size = end ? (size_t)(end - text) - at : len - at;

		if (at >= len)
			return "there are fewer lines than entries";
		problem = read_name(text + at, size, &paths[i], &names[i]);
		if (problem) {
			*line = i + 1;
			return problem;
		}
		at += size + 1;
	}
	return at < len ? "there are more lines than entries" : NULL;
}

/* ---- its life ----------------------------------------------------------------- */

static void free_one(struct names *names)
{
	if (!names)
		return;
	draft_free(names->draft);
	for (size_t i = 0; i < names->count && names->paths; i++)
		buf_fini(&names->paths[i]);
	free(names->paths);
	free(names->targets);
	buf_fini(&names->text);
	free(names);
}

void names_free(struct app *app)
{
	free_one(app->names);
	app->names = NULL;
}

bool names_busy(const struct app *app)
{
	return app->names && app->names->draft;
}

void names_left(const struct app *app, struct buf *out)
{
	const char *path = names_busy(app) ? draft_path(app->names->draft) : NULL;

	if (!path)
		return;
	buf_add_str(out, "the names that were being edited are in ");
	text_add(out, path, strlen(path), options_text_flags());
}

bool names_own(const struct app *app, const struct job *job)
{
	return app->names && app->names->job == job;
}

/** Is it below the shown directory? */
static bool is_below(const struct pane *pane, entry_id id)
{
	while (id != TREE_ROOT && id != pane->rows.dir)
		id = tree_entry(pane->tree, id)->parent;
	return id == pane->rows.dir;
}

/** Add an entry; the path is cut by `base` bytes. */
static bool add_entry(struct names *names, struct pane *pane, entry_id id, size_t base)
{
	struct buf path = BUF_INIT;
	struct buf *kept = &names->paths[names->count];

	tree_path(pane->tree, id, &path);
	*kept = (struct buf)BUF_INIT;
	if (!path.failed)
		buf_add(kept, path.data + base, path.len - base);
	buf_fini(&path);
	names->targets[names->count++] = app_target_take(pane, id);
	return kept->len > 0 && !kept->failed;
}

static int by_id(const void *a, const void *b)
{
	const entry_id *first = a;
	const entry_id *second = b;

	return (*first > *second) - (*first < *second);
}

/** Put the marked entries that are not among `ids` behind them, by path. Returns how many there are then, -1 with ENOMEM. */
static long collect_hidden(const struct tree *tree, entry_id *ids, size_t seen, size_t count)
{
	entry_id *sorted = calloc(seen + 1, sizeof *sorted);
	size_t at = seen;

	if (!sorted)
		return -1;
	for (size_t i = 0; i < seen; i++)
		sorted[i] = ids[i];
	qsort(sorted, seen, sizeof *sorted, by_id);
	for (entry_id id = TREE_ROOT; id && at < count; id = tree_walk(tree, TREE_ROOT, id))
		if (tree_entry(tree, id)->flags & ENTRY_MARKED && !bsearch(&id, sorted, seen, sizeof id, by_id))
			ids[at++] = id;
	free(sorted);
	return at > seen && command_sort_entries(tree, ids + seen, at - seen) != 0 ? -1 : (long)at;
}

/** All marked entries of a pane: those that are shown in the order of their rows, then the others by path. Returns how many, -1 with ENOMEM. */
static long collect(struct pane *pane, entry_id **ids)
{
	const struct tree *tree = pane->tree;
	size_t count = tree_marked(tree, NULL);
	size_t seen = 0;

	*ids = calloc(count + 1, sizeof **ids);
	if (!*ids)
		return -1;
	for (size_t i = 0; i < pane->rows.count && seen < count; i++)
		if (tree_entry(tree, pane->rows.items[i].id)->flags & ENTRY_MARKED)
			(*ids)[seen++] = pane->rows.items[i].id;
	return seen == count ? (long)count : collect_hidden(tree, *ids, seen, count);
}

/** The names of entries, as they are. Returns NULL when memory ran out. */
static struct names *names_new(struct app *app, struct pane *pane, const entry_id *ids, size_t count)
{
	struct names *names = calloc(1, sizeof *names);
	struct buf dir = BUF_INIT;
	size_t base;
	bool good = true;

	if (!names)
		return NULL;
	*names = (struct names){ .pane = pane, .current = pane_current(pane) };
	names->targets = calloc(count, sizeof *names->targets);
	names->paths = calloc(count, sizeof *names->paths);
	tree_path(pane->tree, pane->rows.dir, &dir);
	base = dir.len > 0 ? dir.len + 1 : 0;
	buf_fini(&dir);
	for (size_t i = 0; i < count; i++)
		base = is_below(pane, ids[i]) ? base : 0;
	for (size_t i = 0; i < count && good; i++) {
		good = names->targets && names->paths && add_entry(names, pane, ids[i], base);
		if (good)
			names_add(&names->text, &names->paths[i], app->term->utf8 ? 0 : TEXT_ASCII);
	}
	if (good && !names->text.failed)
		return names;
	free_one(names);
	return NULL;
}

/** Is the text that was kept about just these entries, and not carried out? */
static bool is_kept(const struct names *kept, const struct names *names)
{
	if (!kept || kept->pane != names->pane || kept->count != names->count)
		return false;
	if (kept->job && (kept->job->state == JOB_RUNNING || kept->job->state == JOB_DONE))
		return false;
	for (size_t i = 0; i < names->count; i++) {
		const struct app_target *was = &kept->targets[i];
		const struct app_target *is = &names->targets[i];

		if (was->id != is->id || was->identity.ino != is->identity.ino || was->identity.dev != is->identity.dev)
			return false;
		if (kept->paths[i].len != names->paths[i].len ||
		    memcmp(kept->paths[i].data, names->paths[i].data, names->paths[i].len) != 0)
			return false;
	}
	return true;
}

/* ---- one step after the other --------------------------------------------------- */

/** Nothing came of it. */
static void give_up(struct app *app, const char *words)
{
	app_fail(app, "no name was touched: %s; r goes on with what was written", words);
}

/** Those names that are others than before, as a job with a question. */
static void plan(struct app *app, struct names *names, const struct buf *new_names)
{
	entry_id *ids = calloc(names->count, sizeof *ids);
	struct buf *changed = calloc(names->count, sizeof *changed);
	struct job *job = NULL;
	size_t count = 0;

	errno = ENOMEM;
	for (size_t i = 0; i < names->count && ids && changed; i++) {
		size_t dir = directory_len(names->paths[i].data, names->paths[i].len);
		struct buf old = { names->paths[i].data + dir, names->paths[i].len - dir, 0, false };

		if (old.len == new_names[i].len && memcmp(old.data, new_names[i].data, old.len) == 0)
			continue;
		ids[count] = names->targets[i].id;
		changed[count++] = new_names[i];
		if (ids[count - 1] == names->current)
			app_wish(app, tree_entry(names->pane->tree, names->current)->parent, new_names[i].data, new_names[i].len);
	}
	if (ids && changed && count == 0)
		app_say(app, "no name was changed");
	else if (ids && changed)
		job = session_rename(app->session, names->pane, ids, count, changed);
	if (count > 0 && !job)
		give_up(app, error_text(errno == EROFS ? ERROR_READONLY : error_from_errno(errno)));
	if (job) {
		job->caution = caution_entries(app->session, names->pane, ids, count);
		confirm_open(app, job);
	}
	names->job = job;
	free(changed);
	free(ids);
}

/** Are the entries still those that the text is about? Returns the first that is not, or `count`. */
static size_t first_lost(const struct app *app, const struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		if (!app_target_holds(app, &names->targets[i]))
			return i;
	return names->count;
}

/** The text is here: see what it says. */
static void judge(struct app *app, struct names *names)
{
	struct buf *new_names = calloc(names->count, sizeof *new_names);
	size_t lost = first_lost(app, names);
	struct buf words = BUF_INIT;
	const char *problem;
	size_t line;

	problem = new_names ? names_parse(names->text.data, names->text.len, names->paths, names->count, new_names, &line)
			    : "out of memory";
	if (lost < names->count) {
		text_add(&words, names->paths[lost].data, names->paths[lost].len, app->term->utf8 ? 0 : TEXT_ASCII);
		buf_add_str(&words, " is not the same any more");
	} else if (problem && new_names && line > 0) {
		buf_printf(&words, "line %zu: %s", line, problem);
	} else if (problem) {
		buf_add_str(&words, problem);
	}
	if (words.len > 0 && buf_str(&words))
		give_up(app, words.data);
	else
		plan(app, names, new_names);
	for (size_t i = 0; i < names->count && new_names; i++)
		buf_fini(&new_names[i]);
	free(new_names);
	buf_fini(&words);
}

static void edited(struct app *app, int status)
{
	struct names *names = app->names;

	if (!names || !names->draft)
		return;
	names->failed = status != 0;
	if (draft_read(names->draft) == 0)
		return;
	give_up(app, error_text(error_from_errno(errno)));
	draft_free(names->draft);
	names->draft = NULL;
}

/** The file is there, or it has been read. */
static void told(void *arg, int error)
{
	struct app *app = arg;
	struct names *names = app->names;
	bool read = draft_text(names->draft) != NULL;

	if (!read && error == 0 && external_running(app))
		error = EBUSY;
	if (!read && error == 0 && external_edit(app, draft_path(names->draft), edited))
		return;
	if (read && error == 0) {
		buf_clear(&names->text);
		buf_add(&names->text, draft_text(names->draft)->data, draft_text(names->draft)->len);
	}
	draft_free(names->draft);
	names->draft = NULL;
	app->dirty = true;
	if (error != 0)
		give_up(app, error_text(error_from_errno(error)));
	else if (read && names->failed)
		give_up(app, "the editor has failed");
	else if (read)
		judge(app, names);
}

bool names_edit(struct app *app)
{
	struct pane *pane = session_pane(app->session);
	struct names *names;
	entry_id *ids;
	long count;

	if (names_busy(app))
		return app_fail(app, "rename: names are being edited already");
	count = collect(pane, &ids);
	names = count > 0 ? names_new(app, pane, ids, (size_t)count) : NULL;
	free(ids);
	if (!names)
		return app_fail(app, "out of memory");
	if (is_kept(app->names, names)) {
		free_one(names);
		names = app->names;
	} else {
		names_free(app);
		app->names = names;
	}
	names->current = pane_current(pane);
	names->draft = draft_new(&app->loop, &names->text, told, app);
	return names->draft || app_fail(app, "rename: %s", error_text(error_from_errno(errno)));
}
