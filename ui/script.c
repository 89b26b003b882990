#include "script.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "command.h"
#include "config_file.h"
#include "external.h"
#include "text.h"

#define WAIT_DEFAULT (30 * LOOP_SECOND)

struct script {
	const char *path;      /* borrowed */
	struct buf text;
	size_t at;             /* of the line that comes next */
	unsigned line;         /* number of the one that runs, from 1 */
	int64_t wait_until;    /* 0: it does not wait */
	int64_t wait_for;      /* not started yet: how long it will wait at most */
};

int output_write(const char *path, const void *bytes, size_t len)
{
	int fd = path && strcmp(path, "/dev/stdout") != 0 ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666) : STDOUT_FILENO;
	const char *from = bytes;
	int error = 0;

	if (fd < 0)
		return -1;
	while (len > 0 && error == 0) {
		ssize_t done = write(fd, from, len);

		if (done < 0 && errno != EINTR)
			error = errno;
		if (done > 0) {
			from += done;
			len -= (size_t)done;
		}
	}
	if (fd != STDOUT_FILENO && close(fd) != 0 && error == 0 && errno != EINTR)
		error = errno;
	errno = error;
	return error ? -1 : 0;
}

struct script *script_new(const char *path, struct buf *why)
{
	struct script *script = calloc(1, sizeof *script);

	if (script)
		script->path = path;
	if (script && config_file_read(path, CONFIG_FILE_STDIN, &script->text) == 0)
		return script;
	buf_add_str(why, "--script: ");
	text_add(why, path, strlen(path), 0);
	buf_printf(why, ": %s", error_text(error_from_errno(script ? errno : ENOMEM)));
	script_free(script);
	return NULL;
}

void script_free(struct script *script)
{
	if (!script)
		return;
	buf_fini(&script->text);
	free(script);
}

int64_t script_deadline(const struct script *script)
{
	return script->wait_until ? script->wait_until : INT64_MAX;
}

/* ---- the words of a script ----------------------------------------------------- */

/** One line being run: what stands after the word. */
struct statement {
	struct script *script;
	struct app *app;
	const char *rest;
	size_t len;
};

/** A key as typed, alone. */
static void press(struct app *app, uint32_t key)
{
	app_key(app, &(struct term_event){ .type = TERM_EVENT_KEY, .key = key });
}

static const char *run_keys(const struct statement *s)
{
	enum { KEYS_LINE = 256 };
	uint32_t keys[KEYS_LINE];
	char *names = strndup(s->rest, s->len);
	const char *unknown;
	size_t len;
	int count = names ? keys_parse(names, keys, KEYS_LINE) : -1;

	free(names);
	unknown = count < 0 ? keys_unknown(s->rest, s->len, &len) : NULL;
	if (unknown) {
		app_fail_on(s->app, "there is no key ", unknown, len);
		return buf_str(&s->app->message);
	}
	if (count < 0)
		return "out of memory";
	if (count == 0 || count > KEYS_LINE)
		return count == 0 ? "key: which?" : "too many keys in a line";
	for (int i = 0; i < count; i++)
		press(s->app, keys[i]);
	return NULL;
}

static const char *run_type(const struct statement *s)
{
	size_t at = 0;

	while (at < s->len) {
		uint32_t key;
		int len = utf8_decode(s->rest + at, s->len - at, &key);

		if (len <= 0) {
			key = K_BYTE + (unsigned char)s->rest[at];
			len = 1;
		}
		press(s->app, key);
		at += (size_t)len;
	}
	return NULL;
}

/** The operand as one word, terminated. Returns whether there is just one. */
static bool one_word(const struct statement *s, struct buf *word)
{
	size_t used;

	return s->len > 0 && text_parse(s->rest, s->len, word, &used) == 0 && used == s->len && buf_str(word) &&
	       !memchr(word->data, '\0', word->len);
}

static const char *run_wait(const struct statement *s)
{
	char *end;
	struct buf word = BUF_INIT;
	double seconds = 0;
	bool good = s->len == 0;

	if (!good && one_word(s, &word)) {
		seconds = strtod(word.data, &end);
		good = *end == '\0' && end != word.data && seconds > 0 && seconds < 86400;
	}
	buf_fini(&word);
	if (!good)
		return "wait-idle: not a number of seconds";
	s->script->wait_for = seconds > 0 ? (int64_t)(seconds * (double)LOOP_SECOND) : WAIT_DEFAULT;
	return NULL;
}

static const char *run_dump(const struct statement *s)
{
	struct buf path = BUF_INIT;
	struct buf cells = BUF_INIT;
	const char *problem = NULL;

	if (!one_word(s, &path)) {
		problem = "dump-screen: one file name is wanted";
	} else {
		app_paint(s->app);
		grid_dump(&s->app->grid, &cells);
		if (cells.failed || output_write(path.data, cells.data, cells.len) != 0)
			problem = error_text(error_from_errno(cells.failed ? ENOMEM : errno));
	}
	buf_fini(&path);
	buf_fini(&cells);
	return problem;
}

/** Read a number of cells. Returns the end of it, or NULL. */
static const char *read_side(const char *text, int *side)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (*text < '0' || *text > '9' || value < 1 || value > GRID_SIDE)
		return NULL;
	*side = (int)value;
	return end;
}

static const char *run_resize(const struct statement *s)
{
	struct buf word = BUF_INIT;
	const char *end = NULL;
	int cols = 0;
	int rows = 0;

	if (one_word(s, &word)) {
		end = read_side(word.data, &cols);
		end = end && *end == 'x' ? read_side(end + 1, &rows) : NULL;
		end = end && *end == '\0' ? end : NULL;
	}
	buf_fini(&word);
	if (!end)
		return "resize: COLSxROWS is wanted";
	if (!s->app->options->headless)
		return "resize: not on a terminal";
	term_mem_resize(s->app->term, cols, rows);
	s->app->dirty = true;
	return NULL;
}

static const struct {
	const char *word;
	const char *(*run)(const struct statement *s);
} statements[] = {
	{ "key", run_keys },      { "type", run_type },       { "wait-idle", run_wait },
	{ "dump-screen", run_dump }, { "resize", run_resize },
};

/* ---- running -------------------------------------------------------------------- */

/** Run one line. Returns NULL, or what went wrong: safe text, valid until the next message. */
static const char *run_line(struct script *script, struct app *app, const char *line, size_t len)
{
	struct statement s = { .script = script, .app = app };
	size_t word = 0;

	while (word < len && line[word] != ' ' && line[word] != '\t')
		word++;
	for (size_t i = 0; i < ARRAY_LEN(statements); i++) {
		size_t skip = word;

		if (strlen(statements[i].word) != word || memcmp(statements[i].word, line, word) != 0)
			continue;
		skip += skip < len ? 1 : 0;
		s.rest = line + skip;
		s.len = len - skip;
		return statements[i].run(&s);
	}
	if (command_run(app, line, len, 0))
		return NULL;
	return buf_str(&app->message);
}

/** The next line, without blanks around it. False at the end. */
static bool next_line(struct script *script, const char **line, size_t *len)
{
	const char *begin = script->text.data + script->at;
	size_t left = script->text.len - script->at;
	const char *end;

	if (left == 0)
		return false;
	end = memchr(begin, '\n', left);
	*len = end ? (size_t)(end - begin) : left;
	script->at += *len + (end ? 1 : 0);
	script->line++;
	while (*len > 0 && (*begin == ' ' || *begin == '\t')) {
		begin++;
		(*len)--;
	}
	if (*len > 0 && begin[*len - 1] == '\r')
		(*len)--;
	*line = begin;
	return true;
}

static void fail(const struct script *script, const char *problem, struct buf *why)
{
	text_add(why, script->path, strlen(script->path), 0);
	buf_printf(why, ":%u: %s", script->line, problem ? problem : "failed");
}

/** Is it still waiting? With an end that has come, `why` says so. */
static bool waits(struct script *script, const struct app *app, int64_t now, struct buf *why)
{
	if (script->wait_for) {
		script->wait_until = now + script->wait_for;
		script->wait_for = 0;
		return true;
	}
	if (!script->wait_until)
		return false;
	if (app_idle(app)) {
		script->wait_until = 0;
		return false;
	}
	if (now >= script->wait_until)
		fail(script, "wait-idle: still busy", why);
	return true;
}

bool script_step(struct script *script, struct app *app, int64_t now, struct buf *why)
{
	const char *line;
	size_t len;

	while (!app->done) {
		const char *problem;

		if (external_running(app))
			return true;
		if (waits(script, app, now, why))
			return why->len == 0;
		if (!next_line(script, &line, &len))
			return false;
		if (len == 0 || *line == '#')
			continue;
		problem = run_line(script, app, line, len);
		app->dirty = true;
		app_settle(app);
		if (!problem)
			continue;
		fail(script, problem, why);
		return false;
	}
	return false;
}

void script_turn(struct app *app)
{
	struct buf why = BUF_INIT;

	if (!app->script || script_step(app->script, app, loop_now(), &why))
		return;
	script_free(app->script);
	app->script = NULL;
	if (why.len > 0) {
		if (app->options->headless) {
			app_quit(app, APP_TROUBLE);
			app->last_words = why;
			return;
		}
		if (buf_str(&why))
			app_fail(app, "%s", why.data);
	} else if (app->options->headless) {
		app_quit(app, 0);
	}
	buf_fini(&why);
}
