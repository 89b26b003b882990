#include "command.h"

#include <string.h>

#include "app.h"
#include "error.h"
#include "text.h"

static const struct command commands[] = {
#define X(id, name, keys, operand, flags, hint, help) { name, keys, OPERAND_##operand, flags, hint, help, command_##id },
	COMMAND_TABLE(X)
#undef X
};

/** Keys that are bound with an operand. */
static const struct {
	const char *keys;
	const char *line;
} more_keys[] = {
	{ "^w 1", "pane 1" }, { "^w 2", "pane 2" }, { "^w 3", "pane 3" },
	{ "^w 4", "pane 4" }, { "^w 5", "pane 5" }, { "^w 6", "pane 6" },
	{ "^w 7", "pane 7" }, { "^w 8", "pane 8" }, { "^w 9", "pane 9" },
	{ "^w w", "pane-next" }, { "^w ^w", "pane-next" },
};

static const char *const operand_names[] = {
	[OPERAND_NONE] = NULL,
	[OPERAND_COUNT] = "[N]",
	[OPERAND_NUMBER] = "N",
	[OPERAND_NAME] = "NAME",
	[OPERAND_ROOT] = "[ROOT]",
	[OPERAND_DIRECTORY] = "[DIR]",
	[OPERAND_SORT] = "ORDER",
	[OPERAND_BACKEND] = "[BACKEND]",
	[OPERAND_TEXT] = "TEXT",
	[OPERAND_PROGRAM] = "PROGRAM",
	[OPERAND_BY] = "LIST",
	[OPERAND_COLUMNS] = "LIST",
	[OPERAND_STATES] = "STATE...",
	[OPERAND_MODE] = "[[-R] MODE]",
	[OPERAND_USER] = "[USER]",
	[OPERAND_OWNER] = "[[-R] [USER][:GROUP]]",
	[OPERAND_MATCH] = "[-R] [-o] [PANE]",
};

const struct command *command_at(size_t index)
{
	return &commands[index];
}

size_t command_count(void)
{
	return ARRAY_LEN(commands);
}

const struct command *command_find(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strlen(commands[i].name) == len && memcmp(commands[i].name, name, len) == 0)
			return &commands[i];
	return NULL;
}

const char *command_operand(const struct command *command)
{
	return operand_names[command->operand];
}

/** Bind each of the keys of one command. */
static const char *bind_all(struct keymap *map, const char *keys, const char *name)
{
	static const char separator[] = ", ";

	while (*keys) {
		const char *end = strstr(keys, separator);
		size_t len = end ? (size_t)(end - keys) : strlen(keys);
		char one[32];
		const char *problem;

		assert(len < sizeof one);
		memcpy(one, keys, len);
		one[len] = '\0';
		problem = keymap_bind(map, one, name);
		if (problem)
			return problem;
		keys += len + (end ? strlen(separator) : 0);
	}
	return NULL;
}

const char *command_bind(struct keymap *map)
{
	const char *problem = NULL;

	for (size_t i = 0; i < ARRAY_LEN(commands) && !problem; i++)
		problem = bind_all(map, commands[i].keys, commands[i].name);
	for (size_t i = 0; i < ARRAY_LEN(more_keys) && !problem; i++)
		problem = keymap_bind(map, more_keys[i].keys, more_keys[i].line);
	return problem;
}

/* ---- running a line ---------------------------------------------------------- */

enum { WORDS_MAX = 64 };

/** The words of a line. */
struct words {
	struct buf word[WORDS_MAX];
	size_t count;
};

static void words_fini(struct words *words)
{
	for (size_t i = 0; i < words->count; i++)
		buf_fini(&words->word[i]);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/** Split a line. Returns NULL, or what is wrong with it. */
static const char *words_read(struct words *words, const char *line, size_t len)
{
	size_t at = 0;

	words->count = 0;
	for (;;) {
		struct buf *word = &words->word[words->count];
		size_t used;

		while (at < len && is_blank(line[at]))
			at++;
		if (at == len)
			return NULL;
		if (words->count == WORDS_MAX)
			return "too many words";
		*word = (struct buf)BUF_INIT;
		words->count++;
		if (text_parse(line + at, len - at, word, &used) != 0)
			return "a quote is not closed, or an escape is none";
		if (used == 0)
			return "one line only";
		at += used;
		if (!buf_str(word))
			return "out of memory";
		if (memchr(word->data, '\0', word->len))
			return "no word can hold a NUL";
	}
}

/** Read a number. Returns whether it is one from 1 on that a count can be. */
static bool read_count(const struct buf *word, unsigned *count)
{
	unsigned value = 0;

	for (size_t i = 0; i < word->len; i++) {
		if (word->data[i] < '0' || word->data[i] > '9' || value > KEYS_COUNT_MAX / 10)
			return false;
		value = value * 10 + (unsigned)(word->data[i] - '0');
	}
	*count = value;
	return value > 0;
}

/** How many operands it may have. */
static size_t operands_max(enum operand operand)
{
	if (operand == OPERAND_NONE)
		return 0;
	if (operand == OPERAND_MODE || operand == OPERAND_OWNER)
		return 2;
	if (operand == OPERAND_MATCH)
		return 3;
	return operand == OPERAND_PROGRAM || operand == OPERAND_STATES || operand == OPERAND_COLUMNS ? WORDS_MAX : 1;
}

/** Is there what a command acts on? */
static bool has_entry(const struct app *app, const struct command *command)
{
	const struct pane *pane = session_pane(app->session);

	if (!(command->flags & (COMMAND_CURRENT | COMMAND_TARGETS)) || pane_current(pane) != 0)
		return true;
	return (command->flags & COMMAND_TARGETS) && tree_marked(pane->tree, NULL) > 0;
}

/** May entries of the active pane be changed at all? Said before anything is asked for. */
static bool may_change(struct app *app, const struct command *command)
{
	if (app->session->options.read_only)
		return app_fail(app, "%s: %s", command->name, error_text(ERROR_READONLY));
	return !session_pane(app->session)->recording || app_fail(app, "%s: a recording cannot be changed", command->name);
}

static bool run_call(struct app *app, struct command_call *call)
{
	const struct command *command = call->command;

	if (call->argc > operands_max(command->operand))
		return app_fail(app, "%s: too many operands", command->name);
	if (command->operand == OPERAND_COUNT && call->argc == 1 && !read_count(&call->argv[0], &call->count))
		return app_fail(app, "%s: a count is a number from 1 on", command->name);
	if ((command->flags & COMMAND_CHANGES) && !may_change(app, command))
		return false;
	if (!has_entry(app, command))
		return app_fail(app, "%s: there is no entry here", command->name);
	if ((command->flags & COMMAND_SCREEN) && app->options->headless)
		return app_fail(app, "%s: not without a terminal", command->name);
	return command->run(app, call);
}

static bool run_words(struct app *app, const struct words *words, unsigned count)
{
	struct command_call call = { .count = count, .argc = words->count - 1, .argv = words->word + 1 };

	call.command = command_find(words->word[0].data, words->word[0].len);
	if (!call.command)
		return app_fail_on(app, "no such command: ", words->word[0].data, words->word[0].len);
	return run_call(app, &call);
}

bool command_split(struct app *app, const char *line, bool (*use)(struct app *app, size_t argc, const struct buf *argv))
{
	struct words words;
	const char *problem = words_read(&words, line, strlen(line));
	bool done = problem ? app_fail(app, "%s", problem) : use(app, words.count, words.word);

	words_fini(&words);
	return done;
}

bool command_run(struct app *app, const char *line, size_t len, unsigned count)
{
	struct words words;
	const char *problem;
	bool worked = true;

	app->failed = false;
	app_hush(app);
	problem = words_read(&words, line, len);
	if (problem)
		worked = app_fail(app, "%s", problem);
	else if (words.count > 0)
		worked = run_words(app, &words, count);
	words_fini(&words);
	return worked;
}

bool command_run_key(struct app *app, const char *line, unsigned count, bool queued)
{
	const struct command *command = command_find(line, strcspn(line, " \t"));

	if (queued && command && (command->flags & COMMAND_DESTROYS))
		return app_fail(app, "%s: not obeyed, it was typed ahead", command->name);
	return command_run(app, line, strlen(line), count);
}

void command_quote(struct buf *out, const char *bytes, size_t len)
{
	static const char bare[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+.,/:@%=~";
	struct buf quoted = BUF_INIT;
	size_t plain = 0;

	while (plain < len && bytes[plain] && strchr(bare, bytes[plain]))
		plain++;
	if (plain == len && len > 0) {
		buf_add(out, bytes, len);
		return;
	}
	text_add(&quoted, bytes, len, TEXT_QUOTE);
	if (quoted.len > 2 && quoted.data[0] == '$' && quoted.data[1] == '\'') {
		buf_add(out, quoted.data, quoted.len);
		buf_fini(&quoted);
		return;
	}
	buf_add_byte(out, '\'');
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == '\'')
			buf_add_str(out, "'\\'");
		buf_add_byte(out, bytes[i]);
	}
	buf_add_byte(out, '\'');
	buf_fini(&quoted);
}
