#include "external.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "app.h"
#include "glob.h"
#include "spawn.h"

/** The program that has the screen. */
struct external {
	struct app *app;
	struct spawn_child child;
	struct loop_watch watch;  /* of its end, where that has a descriptor */
	const char *name;         /* for messages */
	bool one_is_good;         /* exit status 1 says that files differ, */
	bool tells_equal;         /* and EQUAL that they do not */
	void (*done)(struct app *app, int status); /* NULL: nobody waits for it */
};

enum { EQUAL = 100 };
#define EQUAL_TEXT "100"

/*
 * What the shell is told. The path and all words of the user's are arguments, never part of this. ^C and ^\ are for the
 * program, not for the shell, which still has to ask for Enter. A variable of blanks names no program: without one the path
 * itself would be the first word. A pager that leaves at once what fits on the screen would leave nothing to read.
 */
#define CAUTIOUS(run) "trap : INT QUIT\n" run "\ns=$?\n"
#define WAIT \
	"if [ $s -eq 0 ]; then w=; else w=\"exit status $s, \"; fi\n" \
	"printf '\\n[%spress Enter] ' \"$w\"\nread -r x\nexit $s"
#define WAIT_FROM(status) "[ $s -ge " status " ] || exit $s\n" WAIT
#define EDITOR "case $EDITOR in *[![:space:]]*) ;; *) EDITOR=vi ;; esac\n"
#define PAGER \
	"case $PAGER in *[![:space:]]*) ;; *) PAGER=$(command -v less || echo more) ;; esac\n" \
	"case $PAGER:${LESS-} in less:*F* | */less:*F*) PAGER=\"$PAGER -+F\" ;; esac\n"
#define PAGER_WAIT "[ $s -ge 1 ] || [ \"${PAGER##*/}\" = cat ] || exit $s\n" WAIT

static const char *const scripts[] = {
	[EXTERNAL_VIEW] = PAGER CAUTIOUS("$PAGER \"$@\"") PAGER_WAIT,
	[EXTERNAL_EDIT] = EDITOR CAUTIOUS("$EDITOR \"$@\"") WAIT_FROM("1"),
	/* an editor tells by its status that nothing is wanted: only one that could not be started has left something to read */
	[EXTERNAL_NAMES] = EDITOR CAUTIOUS("$EDITOR \"$@\"") WAIT_FROM("126"),
	[EXTERNAL_RULE] = CAUTIOUS("\"$@\"") WAIT_FROM("1"),
	[EXTERNAL_OPEN] = CAUTIOUS("\"$@\"") WAIT_FROM("0"),
	/* one that shows a difference by itself ends with 0, one that prints it with 1 */
	[EXTERNAL_DIFF_TOOL] = CAUTIOUS("\"$@\"") WAIT_FROM("1"),
	/* a pager is begun only where there is something to be shown */
	[EXTERNAL_DIFF] = PAGER CAUTIOUS("diff -q -- \"$@\" >/dev/null") "[ $s -ne 0 ] || exit " EQUAL_TEXT "\n"
	                  "if [ $s -eq 1 ]; then\n diff -u -- \"$@\" | $PAGER\n s=$?\nfi\n"
	                  "[ $s -ne " EQUAL_TEXT " ] || s=1\n" PAGER_WAIT,
};

static const char *const names[] = {
	[EXTERNAL_VIEW] = "pager",
	[EXTERNAL_EDIT] = "editor",
	[EXTERNAL_NAMES] = "editor",
	[EXTERNAL_RULE] = "open",
	[EXTERNAL_OPEN] = "open",
	[EXTERNAL_DIFF_TOOL] = "diff",
	[EXTERNAL_DIFF] = "diff",
};

void external_prepare(void)
{
	const char *path = getenv("PATH");
	struct buf clean = BUF_INIT;

	while (path && *path) {
		size_t len = strcspn(path, ":");

		if (path[0] == '/') {
			if (clean.len > 0)
				buf_add_byte(&clean, ':');
			buf_add(&clean, path, len);
		}
		path += len + (path[len] == ':' ? 1 : 0);
	}
	if (buf_str(&clean) && clean.len > 0)
		setenv("PATH", clean.data, 1);
	else
		unsetenv("PATH");
	buf_fini(&clean);
}

void external_absolute(const struct app *app, const char *path, size_t len, struct buf *out)
{
	const struct buf *cwd = &app->session->directory;
	size_t begin = out->len;

	if (len > 0 && path[0] == '/') {
		buf_add(out, path, len);
	} else {
		while (len > 1 && path[0] == '.' && path[1] == '/') {
			path += 2;
			len -= 2;
		}
		buf_add(out, cwd->data, cwd->len);
		if (len > 0 && !(len == 1 && path[0] == '.')) {
			buf_add_byte(out, '/');
			buf_add(out, path, len);
		}
	}
	while (!out->failed && out->len > begin + 1 && out->data[out->len - 1] == '/')
		out->len--;
}

/** Say what went wrong. The shell tells of a signal by adding 128. */
static void say_status(struct app *app, const struct external *external)
{
	const char *name = external->name;
	int status = external->child.status;
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);

	if (external->tells_equal && code == EQUAL)
		app_say(app, "%s: the files are equal", name);
	else if (code == 127)
		app_fail(app, "%s: the program was not found", name);
	else if (code > 128)
		app_fail(app, "%s: killed by signal %d", name, code - 128);
	else if (code > (external->one_is_good ? 1 : 0))
		app_fail(app, "%s: exit status %d", name, code);
}

/** The program has ended: take the screen again, and read what it may have changed. */
static void finished(struct app *app)
{
	struct external *external = app->external;
	struct pane *pane = session_pane(app->session);

	loop_remove(&app->loop, &external->watch);
	spawn_close(&external->child);
	app->external = NULL;
	if (!app->suspended && app_enter(app) != 0)
		app_quit(app, 128 + SIGHUP);
	else
		say_status(app, external);
	if (pane)
		pane_refresh(pane, pane->rows.dir);
	if (external->done)
		external->done(app, external->child.status);
	free(external);
}

void external_reap(struct app *app)
{
	if (app->external && spawn_reap(&app->external->child))
		finished(app);
}

static void on_exit_fd(void *arg, short revents)
{
	(void)revents;
	external_reap(arg);
}

bool external_running(const struct app *app)
{
	return app->external != NULL;
}

void external_free(struct app *app)
{
	if (!app->external)
		return;
	loop_remove(&app->loop, &app->external->watch);
	spawn_kill(&app->external->child, SIGHUP);
	spawn_close(&app->external->child);
	free(app->external);
	app->external = NULL;
}

/** Start it on the screen that was left. Returns false when app_fail() said why not. */
static bool start(struct app *app, enum external_kind kind, char *const argv[])
{
	struct external *external = calloc(1, sizeof *external);
	int error;

	if (!external)
		return app_fail(app, "out of memory");
	external->app = app;
	external->name = names[kind];
	external->one_is_good = kind == EXTERNAL_DIFF || kind == EXTERNAL_DIFF_TOOL;
	external->tells_equal = kind == EXTERNAL_DIFF;
	external->child = (struct spawn_child)SPAWN_CHILD_INIT;
	app_leave(app);
	if (spawn_foreground(&external->child, "/bin/sh", argv, app->tty) != 0) {
		error = errno;
		free(external);
		if (app_enter(app) != 0)
			app_quit(app, 128 + SIGHUP);
		return app_fail(app, "the program could not be started: %s", error_text(error_from_errno(error)));
	}
	app->external = external;
	external->watch = (struct loop_watch){ .fd = external->child.exit_fd, .events = POLLIN,
		                               .rank = LOOP_WATCH, .fn = on_exit_fd, .arg = app };
	if (external->child.exit_fd >= 0 && loop_add(&app->loop, &external->watch) != 0)
		return app_fail(app, "out of memory");
	return true;
}

bool external_may_open(struct app *app, const struct pane *pane, entry_id id)
{
	uint32_t type = tree_entry(pane->tree, id)->mode & S_IFMT;

	if (pane->recording)
		return app_fail(app, "a recording has no files to open");
	if (type == S_IFDIR)
		return app_fail(app, "this is a directory");
	if (type != S_IFREG && type != S_IFLNK)
		return app_fail(app, "a special file is not opened");
	return true;
}

/** Append the absolute path of an entry, terminated. Returns false when app_fail() said why not. */
static bool entry_path(struct app *app, const struct pane *pane, entry_id id, struct buf *out)
{
	struct buf path = BUF_INIT;

	pane_entry_path(pane, id, &path);
	external_absolute(app, path.data, path.len, out);
	buf_fini(&path);
	if (!buf_str(out))
		return app_fail(app, "out of memory");
	if (out->len >= PATH_MAX)
		return app_fail(app, "%s: no program can open this path", error_text(ERROR_NAMETOOLONG));
	if (out->data[0] != '/')
		return app_fail(app, "the current directory has no path any more");
	return true;
}

enum { WORDS = 96, FILES = 26 };

/** The words that a program is started with. */
struct words {
	char *word[WORDS];
	size_t count;
};

static bool add_word(struct words *words, char *word)
{
	if (words->count == WORDS - 1)
		return false;
	words->word[words->count++] = word;
	words->word[words->count] = NULL;
	return true;
}

static bool is_word(const struct buf *word, const char *is)
{
	return word->len == 2 && memcmp(word->data, is, 2) == 0;
}

/** Add the user's words, with the files where they are wanted. Returns false when there are too many. */
static bool add_words(struct words *words, size_t argc, const struct buf *argv, const struct buf *paths, size_t count)
{
	bool placed = false;
	bool fits = true;

	for (size_t i = 0; i < argc; i++) {
		bool all = is_word(&argv[i], "%f");
		size_t one = count > 1 && is_word(&argv[i], "%1") ? 1 : count > 1 && is_word(&argv[i], "%2") ? 2 : 0;

		placed |= all || one;
		for (size_t at = 0; all && at < count; at++)
			fits &= add_word(words, paths[at].data);
		if (!all)
			fits &= add_word(words, one ? paths[one - 1].data : argv[i].data);
	}
	for (size_t at = 0; !placed && at < size_min(count, 2); at++)
		fits &= add_word(words, paths[at].data);
	return fits;
}

/** Run a script with paths, where the user's words want them, else behind these. */
static bool run_on(struct app *app, enum external_kind kind, size_t argc, const struct buf *argv, const struct buf *paths, size_t count)
{
	static char shell[] = "sh";
	static char option[] = "-c";
	static char name[] = "muntin";
	struct words words = { .word = { shell, option, NULL, name }, .count = 4 };
	char *script = strdup(scripts[kind]);
	bool started;

	words.word[2] = script;
	if (!script)
		started = app_fail(app, "out of memory");
	else if (!add_words(&words, argc, argv, paths, count))
		started = app_fail(app, "too many words");
	else
		started = start(app, kind, words.word);
	free(script);
	return started;
}

bool external_run_files(struct app *app, enum external_kind kind, size_t argc, const struct buf *argv, const struct external_file *files,
                        size_t count)
{
	struct buf paths[FILES] = { BUF_INIT };
	bool started = count <= FILES || app_fail(app, "too many files");

	for (size_t i = 0; i < count && started; i++)
		started = external_may_open(app, files[i].pane, files[i].id) && entry_path(app, files[i].pane, files[i].id, &paths[i]);
	started = started && run_on(app, kind, argc, argv, paths, count);
	for (size_t i = 0; i < FILES; i++)
		buf_fini(&paths[i]);
	return started;
}

const char *external_rule(const struct app *app, const char *name, size_t len)
{
	const struct string_list *globs = &app->options->open_globs;

	for (size_t i = globs->len; i-- > 0;)
		if (glob_match(globs->items[i], strlen(globs->items[i]), name, len))
			return app->options->open_programs.items[i];
	return NULL;
}

bool external_run(struct app *app, enum external_kind kind, size_t argc, const struct buf *argv)
{
	const struct pane *pane = session_pane(app->session);
	const struct external_file file = { pane, pane_current(pane) };

	if (file.id == 0)
		return app_fail(app, "there is no entry here");
	return external_run_files(app, kind, argc, argv, &file, 1);
}

bool external_edit(struct app *app, const char *path, void (*done)(struct app *app, int status))
{
	struct buf copy = BUF_INIT;
	bool started;

	buf_add_str(&copy, path);
	started = buf_str(&copy) ? run_on(app, EXTERNAL_NAMES, 0, NULL, &copy, 1) : app_fail(app, "out of memory");
	buf_fini(&copy);
	if (started)
		app->external->done = done;
	return started;
}
