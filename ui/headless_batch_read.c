#include "headless_batch.h"

#include "perm.h"
#include "text.h"
#include "user.h"

#include <errno.h>
#include <string.h>

/* A command of a batch. */
struct form {
	const char *word;
	enum op_kind kind;
	const char *letters;     /* options beside -n */
	bool recursive;          /* has --cross-mounts */
	size_t texts;            /* operands in front that are no paths */
	size_t min;              /* paths */
	size_t max;
};

static const struct form forms[] = {
	{ "rename", OP_RENAME, "", false, 0, 1, 1 },
	{ "mkdir", OP_MKDIR, "p", false, 0, 1, SIZE_MAX },
	{ "create", OP_CREATE, "", false, 0, 1, SIZE_MAX },
	{ "delete", OP_DELETE, "r", true, 0, 1, SIZE_MAX },
	{ "chmod", OP_CHMOD, "R", true, 1, 1, SIZE_MAX },
	{ "chown", OP_CHOWN, "R", true, 1, 1, SIZE_MAX },
	{ "match", OP_MATCH, "Ro", true, 0, 2, 2 },
};

/* Reading a batch. */
struct reader {
	struct batch *batch;
	const char *text;
	size_t len;
	size_t at;
	unsigned line;
	size_t first;            /* the words of the line that is read */
	struct buf *why;
};

void batch_fini(struct batch *batch)
{
	free(batch->commands);
	free(batch->words);
	buf_fini(&batch->text);
	*batch = (struct batch){ 0 };
}

const char *batch_word(const struct batch *batch, struct batch_word word)
{
	return batch->text.data + word.at;
}

/* `LINE: WHAT: WORDS`; no `what` if it is NULL. */
static int complain(struct reader *in, const char *what, const char *words)
{
	buf_printf(in->why, "%u: ", in->line);
	if (what) {
		text_add(in->why, what, strlen(what), options_text_flags());
		buf_add_str(in->why, ": ");
	}
	buf_add_str(in->why, words);
	return -1;
}

/* Words ------------------------------------------------------------------------------------------------ */

static unsigned count_lines(const char *text, size_t len)
{
	unsigned lines = 0;

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	return lines;
}

static void skip_blanks(struct reader *in)
{
	while (in->at < in->len && (in->text[in->at] == ' ' || in->text[in->at] == '\t'))
		in->at++;
	if (in->at >= in->len || in->text[in->at] != '#')
		return;
	while (in->at < in->len && in->text[in->at] != '\n')
		in->at++;
}

static int read_word(struct reader *in)
{
	struct batch *batch = in->batch;
	size_t start = batch->text.len;
	size_t used;

	if (text_parse(in->text + in->at, in->len - in->at, &batch->text, &used) != 0)
		return complain(in, NULL, errno == ENOMEM ? error_text(ERROR_NOMEM) : "a quote is not closed, or an escape is not one");
	if (used == 0)
		return complain(in, NULL, "not a word");
	if (memchr(batch->text.data + start, '\0', batch->text.len - start))
		return complain(in, NULL, "a NUL, which no name has");
	if (vec_grow(&batch->words, &batch->word_cap, batch->word_count + 1, sizeof *batch->words) != 0)
		return complain(in, NULL, error_text(ERROR_NOMEM));
	batch->words[batch->word_count++] = (struct batch_word){ start, batch->text.len - start };
	buf_add_byte(&batch->text, '\0');
	in->at += used;
	return batch->text.failed ? complain(in, NULL, error_text(ERROR_NOMEM)) : 0;
}

/* The words up to the end of the line, which a quote may carry on over several. */
static int read_words(struct reader *in)
{
	in->first = in->batch->word_count;
	for (skip_blanks(in); in->at < in->len && in->text[in->at] != '\n'; skip_blanks(in)) {
		if (read_word(in) != 0)
			return -1;
	}
	return 0;
}

static const char *word_at(const struct reader *in, size_t index)
{
	return batch_word(in->batch, in->batch->words[index]);
}

/* Commands --------------------------------------------------------------------------------------------- */

static const struct form *find_form(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		if (strcmp(forms[i].word, word) == 0)
			return &forms[i];
	}
	return NULL;
}

static void set_letter(struct batch_command *command, char letter)
{
	switch (letter) {
	case 'n':
		command->plan_only = true;
		command->flags |= OP_PLAN_ONLY;
		break;
	case 'p':
		command->flags |= OP_PARENTS;
		break;
	case 'o':
		command->owners = true;
		break;
	default:
		command->flags |= OP_RECURSIVE;
		break;
	}
}

/* One word of options. Returns false if it has one that the command does not have. */
static bool read_option(struct batch_command *command, const struct form *form, const char *word)
{
	if (form->recursive && strcmp(word, "--cross-mounts") == 0) {
		command->flags |= OP_CROSS_MOUNTS;
		return true;
	}
	for (word++; *word; word++) {
		if (*word != 'n' && !strchr(form->letters, *word))
			return false;
		set_letter(command, *word);
	}
	return true;
}

/* The options in front of the operands. Leaves `*at` at the first operand. */
static int read_options(struct reader *in, struct batch_command *command, const struct form *form, size_t *at)
{
	for (; *at < in->batch->word_count; ++*at) {
		const char *word = word_at(in, *at);

		if (word[0] != '-' || !word[1])
			return 0;
		if (strcmp(word, "--") == 0) {
			++*at;
			return 0;
		}
		if (!read_option(command, form, word))
			return complain(in, word, "unknown option; `--` ends the options");
	}
	return 0;
}

static int read_mode(struct reader *in, const char *mode)
{
	struct perm_edit edit;
	struct perm_error error;

	if (perm_parse(&edit, mode, strlen(mode), &error) == 0)
		return 0;
	return complain(in, mode, error.why);
}

/* What the words are about: the group, if it is that. */
static int read_owner(struct reader *in, struct batch_command *command, const char *owner)
{
	enum error error = user_owner(owner, &command->uid, &command->gid);
	const char *colon = strchr(owner, ':');
	const char *what = error == ERROR_NOGROUP ? colon + 1 : owner;

	return error == ERROR_NONE ? 0 : complain(in, *what && what != colon ? what : NULL, error_text(error));
}

/* MODE, OWNER or NEW: what is no path among the operands. */
static int read_text(struct reader *in, struct batch_command *command, struct batch_word word)
{
	const char *bytes = batch_word(in->batch, word);

	command->text = word;
	if (command->kind == OP_CHMOD)
		return read_mode(in, bytes);
	return command->kind == OP_CHOWN ? read_owner(in, command, bytes) : 0;
}

static int read_operands(struct reader *in, struct batch_command *command, const struct form *form, size_t at)
{
	const struct batch *batch = in->batch;
	size_t count = batch->word_count - at;
	bool rename = form->kind == OP_RENAME;

	if (count < form->texts + form->min + rename)
		return complain(in, form->word, "an operand is missing");
	if (count - form->texts - rename > form->max)
		return complain(in, form->word, "too many operands");
	command->first = at + form->texts;
	command->count = count - form->texts - rename;
	if (rename)
		return read_text(in, command, batch->words[at + 1]);
	return form->texts ? read_text(in, command, batch->words[at]) : 0;
}

static int read_command(struct reader *in)
{
	struct batch *batch = in->batch;
	const char *word = word_at(in, in->first);
	const struct form *form = find_form(word);
	struct batch_command command = { .line = in->line, .uid = -1, .gid = -1 };
	size_t at = in->first + 1;

	if (!form)
		return complain(in, word, "not a command that a batch has");
	command.kind = form->kind;
	if (form->kind == OP_CHMOD || form->kind == OP_CHOWN || form->kind == OP_MATCH)
		command.flags |= OP_ROOT_ITSELF;
	if (read_options(in, &command, form, &at) != 0 || read_operands(in, &command, form, at) != 0)
		return -1;
	if (vec_grow(&batch->commands, &batch->command_cap, batch->command_count + 1, sizeof command) != 0)
		return complain(in, NULL, error_text(ERROR_NOMEM));
	batch->commands[batch->command_count++] = command;
	return 0;
}

int batch_read(struct batch *batch, const char *text, size_t len, struct buf *why)
{
	struct reader in = { .batch = batch, .text = text, .len = len, .line = 1, .why = why };

	while (in.at < len) {
		size_t start = in.at;

		if (read_words(&in) != 0)
			return -1;
		if (batch->word_count > in.first && read_command(&in) != 0)
			return -1;
		in.at += in.at < len;
		in.line += count_lines(text + start, in.at - start);
	}
	return 0;
}
