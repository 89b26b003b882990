#include "command.h"

#include <string.h>

#include "app.h"
#include "external.h"
#include "listing.h"
#include "text.h"

enum { CANDIDATES_MAX = 1000 }; /* more are no help to anybody */

static const char *const sort_words[] = { "name", "size", "mtime", "ext", "mode", "owner", "count" };
static const char *const backend_words[] = { "threads", "workers" };
static const char *const state_words[] = { "all", "same", "different", "missing", "error", "pending" };
static const char *const by_words[] = { "auto", "type", "size", "mtime", "content", "target", "mode", "owner", "group" };
static const char *const column_words[] = {
#define X(id, name, ...) name,
	COLUMN_TABLE(X)
#undef X
};

/** Add a candidate that was found as raw bytes, quoted if the line is a command's. */
static void add(struct completions *out, const char *before, size_t before_len, const char *name, size_t len, bool dir,
                bool quoted)
{
	struct buf raw = BUF_INIT;
	struct buf word = BUF_INIT;

	buf_add(&raw, before, before_len);
	buf_add(&raw, name, len);
	if (dir)
		buf_add_byte(&raw, '/');
	if (quoted)
		command_quote(&word, raw.data, raw.len);
	else
		buf_add(&word, raw.data, raw.len);
	completions_add(out, word.data, word.len);
	out->failed |= raw.failed || word.failed;
	buf_fini(&raw);
	buf_fini(&word);
}

/** The directory at a path below another one, or 0. */
static entry_id descend(const struct tree *tree, entry_id dir, const char *path, size_t len)
{
	while (dir && len > 0) {
		const char *slash = memchr(path, '/', len);
		size_t part = slash ? (size_t)(slash - path) : len;

		if (part > 0)
			dir = tree_find(tree, dir, path, part);
		part += slash ? 1 : 0;
		path += part;
		len -= part;
	}
	return dir && tree_dir(tree, dir) ? dir : 0;
}

/** Add the children of a directory that begin as what was typed. */
static void add_children(const struct tree *tree, entry_id dir, const char *word, size_t before, size_t len, bool only_dirs,
                         bool quoted, struct completions *out)
{
	const char *begin = word + before;
	size_t begin_len = len - before;
	size_t found = 0;

	for (entry_id id = tree_dir(tree, dir)->first; id && found < CANDIDATES_MAX; id = tree_entry(tree, id)->next) {
		bool is_dir = entry_is_dir(tree_entry(tree, id));
		size_t name_len;
		const char *name = tree_name(tree, id, &name_len);

		if (name_len < begin_len || memcmp(name, begin, begin_len) != 0 || (only_dirs && !is_dir))
			continue;
		if (begin_len == 0 && name_len > 0 && name[0] == '.')
			continue;
		add(out, word, before, name, name_len, is_dir, quoted);
		found++;
	}
	completions_sort(out);
}

/** How much of a word is the directory it names, the slash included. */
static size_t directory_part(const char *word, size_t len)
{
	while (len > 0 && word[len - 1] != '/')
		len--;
	return len;
}

static void complete_below(const struct app *app, const char *word, size_t len, bool quoted, struct completions *out)
{
	const struct pane *pane = session_pane(app->session);
	size_t before = directory_part(word, len);
	entry_id dir = before > 0 && word[0] == '/' ? 0 : descend(pane->tree, pane_dir(pane), word, before);

	if (dir)
		add_children(pane->tree, dir, word, before, len, false, quoted, out);
}

/** The directory at an absolute path in a pane that has read all of it, or 0. */
static entry_id find_complete(const struct app *app, const struct pane *pane, const struct buf *path)
{
	struct buf root = BUF_INIT;
	entry_id dir = 0;
	bool below;

	external_absolute(app, pane->root.data, pane->root.len, &root);
	below = !root.failed && path->len >= root.len && memcmp(path->data, root.data, root.len) == 0 &&
	        (path->len == root.len || path->data[root.len] == '/' || root.data[root.len - 1] == '/');
	if (below)
		dir = descend(pane->tree, TREE_ROOT, path->data + root.len, path->len - root.len);
	buf_fini(&root);
	return dir && tree_dir(pane->tree, dir)->state == DIR_COMPLETE ? dir : 0;
}

/** A directory has been read for us: whoever waits for it looks again. */
static void listed(void *arg)
{
	struct app *app = arg;

	app->session->version++;
}

/** The tree of a directory that no pane knows; NULL while it is being read, which begins here. */
static const struct tree *list(struct app *app, const struct buf *path)
{
	if (!app->listing || !listing_is(app->listing, path->data, path->len)) {
		listing_free(app->listing);
		app->listing = listing_new(&app->loop, path->data, true, listed, app);
	}
	return app->listing && listing_done(app->listing) ? listing_tree(app->listing) : NULL;
}

/** Directories: those of a pane that knows them all, else they are asked for. */
static void complete_directory(struct app *app, enum operand operand, const char *word, size_t len, struct completions *out)
{
	size_t before = directory_part(word, len);
	struct buf typed = BUF_INIT;
	struct buf path = BUF_INIT;
	const struct tree *tree = NULL;
	entry_id dir = 0;

	command_add_root(&typed, word, before);
	if (operand == OPERAND_DIRECTORY)
		command_add_directory(app, &path, word, before);
	else
		external_absolute(app, typed.data, typed.len, &path);
	if (typed.failed || !buf_str(&path)) {
		out->failed = true;
	} else {
		for (size_t i = 0; i < app->session->pane_count && !dir; i++) {
			tree = app->session->panes[i]->tree;
			dir = find_complete(app, app->session->panes[i], &path);
		}
		if (!dir) {
			tree = list(app, &path);
			dir = tree ? TREE_ROOT : 0;
			out->pending = app->listing && !tree;
		}
	}
	if (dir)
		add_children(tree, dir, word, before, len, true, true, out);
	buf_fini(&typed);
	buf_fini(&path);
}

static void complete_words(const char *const *words, size_t count, const char *begin, size_t len, struct completions *out)
{
	for (size_t i = 0; i < count; i++)
		if (strncmp(words[i], begin, len) == 0)
			completions_add(out, words[i], strlen(words[i]));
}

/** Is a word among those of a list with commas between? */
static bool in_list(const char *list, size_t len, const char *word)
{
	while (len > 0) {
		const char *comma = memchr(list, ',', len);
		size_t part = comma ? (size_t)(comma - list) : len;

		if (part == strlen(word) && memcmp(list, word, part) == 0)
			return true;
		part += comma ? 1 : 0;
		list += part;
		len -= part;
	}
	return false;
}

/** The last of several words with commas between, none of them twice; `*start` is where the first begins. */
static void complete_list(const char *const *words, size_t count, const char *text, size_t len, size_t *start,
                          struct completions *out)
{
	const char *list = text + *start;
	size_t last = len;

	while (last > *start && text[last - 1] != ',')
		last--;
	for (size_t i = 0; i < count; i++)
		if (strncmp(words[i], text + last, len - last) == 0 && !in_list(list, last - *start, words[i]))
			completions_add(out, words[i], strlen(words[i]));
	*start = last;
}

/** A name that is the only one is done, and what it takes may follow. */
static void complete_name(const char *begin, size_t len, struct completions *out)
{
	const struct command *only = NULL;
	struct buf word = BUF_INIT;
	size_t found = 0;

	for (size_t i = 0; i < command_count(); i++) {
		if (strncmp(command_at(i)->name, begin, len) != 0)
			continue;
		only = command_at(i);
		found++;
	}
	for (size_t i = 0; i < command_count() && found > 1; i++)
		if (strncmp(command_at(i)->name, begin, len) == 0)
			completions_add(out, command_at(i)->name, strlen(command_at(i)->name));
	if (found != 1)
		return;
	buf_add_str(&word, only->name);
	if (only->operand != OPERAND_NONE && only->operand != OPERAND_COUNT)
		buf_add_byte(&word, ' ');
	completions_add(out, word.data, word.len);
	out->failed |= word.failed;
	buf_fini(&word);
}

/** Where the last word of a line begins, and its bytes so far: an open quote is closed for that. */
static size_t last_word(const char *text, size_t len, struct buf *word)
{
	static const char *const ends[] = { "", "'", "\"" };
	size_t at = 0;

	for (;;) {
		size_t used = 0;
		struct buf closed = BUF_INIT;
		bool read = false;

		while (at < len && (text[at] == ' ' || text[at] == '\t'))
			at++;
		for (size_t i = 0; i < ARRAY_LEN(ends) && !read; i++) {
			buf_clear(&closed);
			buf_clear(word);
			buf_add(&closed, text + at, len - at);
			buf_add_str(&closed, ends[i]);
			read = text_parse(closed.data, closed.len, word, &used) == 0;
		}
		buf_fini(&closed);
		if (!read || used == 0 || at + used >= len)
			return at;
		at += used;
	}
}

void command_complete(void *arg, const char *text, size_t len, size_t *start, struct completions *out)
{
	struct app *app = arg;
	size_t begin = 0;
	size_t name_len = 0;
	const struct command *command;
	struct buf word = BUF_INIT;

	while (begin < len && (text[begin] == ' ' || text[begin] == '\t'))
		begin++;
	while (begin + name_len < len && text[begin + name_len] != ' ' && text[begin + name_len] != '\t')
		name_len++;
	if (begin + name_len == len) {
		*start = begin;
		complete_name(text + begin, name_len, out);
		return;
	}
	command = command_find(text + begin, name_len);
	*start = last_word(text, len, &word);
	if (!command || *start < begin + name_len) {
		buf_fini(&word);
		return;
	}
	switch (command->operand) {
	case OPERAND_SORT:
		complete_words(sort_words, ARRAY_LEN(sort_words), word.data, word.len, out);
		break;
	case OPERAND_BACKEND:
		complete_words(backend_words, ARRAY_LEN(backend_words), word.data, word.len, out);
		break;
	case OPERAND_STATES:
		complete_words(state_words, ARRAY_LEN(state_words), word.data, word.len, out);
		break;
	case OPERAND_BY:
		complete_list(by_words, ARRAY_LEN(by_words), text, len, start, out);
		break;
	case OPERAND_COLUMNS:
		complete_list(column_words, ARRAY_LEN(column_words), text, len, start, out);
		break;
	case OPERAND_ROOT:
	case OPERAND_DIRECTORY:
		complete_directory(app, command->operand, word.data, word.len, out);
		break;
	case OPERAND_NAME:
	case OPERAND_TEXT:
		complete_below(app, word.data, word.len, true, out);
		break;
	default:
		break;
	}
	buf_fini(&word);
}

void command_complete_entry(void *arg, const char *text, size_t len, size_t *start, struct completions *out)
{
	*start = 0;
	complete_below(arg, text, len, false, out);
}

void command_complete_by(void *arg, const char *text, size_t len, size_t *start, struct completions *out)
{
	(void)arg;
	*start = 0;
	complete_list(by_words, ARRAY_LEN(by_words), text, len, start, out);
}

void command_complete_columns(void *arg, const char *text, size_t len, size_t *start, struct completions *out)
{
	(void)arg;
	*start = 0;
	complete_list(column_words, ARRAY_LEN(column_words), text, len, start, out);
}
