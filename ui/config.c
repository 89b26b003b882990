#include "config.h"

#include "command.h"
#include "config_file.h"
#include "keys.h"
#include "style.h"
#include "text.h"

#include <errno.h>
#include <string.h>

#define ADMIN_FILE "/etc/xdg/muntin/config"

static const char words_memory[] = "out of memory";

/* One file while it is read. */
struct config {
	struct options *options;
	enum config_kind kind;
	const char *name;
	unsigned line;
	struct keymap *keys;     /* bindings are tried here */
	struct styles *styles;   /* looks, too */
	struct string_list locks; /* owned; they hold from the end of the file on */
	struct buf *messages;
};

static void say_name(struct buf *messages, const char *name)
{
	buf_add_str(messages, "muntin: ");
	text_add(messages, name, strlen(name), options_text_flags());
}

static void say_line(struct config *config, const char *what, const char *words)
{
	say_name(config->messages, config->name);
	buf_printf(config->messages, ":%u: ", config->line);
	if (*what) {
		text_add(config->messages, what, strlen(what), options_text_flags());
		buf_add_str(config->messages, ": ");
	}
	buf_printf(config->messages, "%s\n", words);
}

static void say_setting(struct config *config, const char *key, const char *value, const char *words)
{
	struct buf setting = BUF_INIT;

	buf_printf(&setting, "%s = %s", key, value);
	say_line(config, buf_str(&setting) ? setting.data : key, words);
	buf_fini(&setting);
}

/* Lines ------------------------------------------------------------------------------------------------ */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static char *trim(char *text)
{
	size_t len;

	while (is_blank(*text))
		text++;
	len = strlen(text);
	while (len > 0 && is_blank(text[len - 1]))
		len--;
	text[len] = '\0';
	return text;
}

/* What follows a word and a blank; NULL if the line does not begin with that word. */
static char *after_word(char *line, const char *word)
{
	size_t len = strlen(word);

	return strncmp(line, word, len) == 0 && is_blank(line[len]) ? trim(line + len) : NULL;
}

/* A copy of a value without its quotes, kept as long as the options; NULL with `*words` set. */
static const char *keep_value(struct options *options, const char *value, const char **words)
{
	struct buf plain = BUF_INIT;
	size_t used = 0;
	bool quoted = *value == '\'' || *value == '"' || strncmp(value, "$'", 2) == 0;
	const char *kept = NULL;

	*words = "a quote is not closed, or followed by something";
	if (!quoted) {
		buf_add_str(&plain, value);
	} else if (text_parse(value, strlen(value), &plain, &used) != 0 || value[used]) {
		buf_fini(&plain);
		return NULL;
	}
	*words = words_memory;
	if (buf_str(&plain) && string_list_copy(&options->kept, plain.data, plain.len) == 0)
		kept = options->kept.items[options->kept.len - 1];
	buf_fini(&plain);
	return kept;
}

static bool is_locked_here(const struct config *config, const char *key)
{
	for (size_t i = 0; i < config->locks.len; i++) {
		if (strcmp(config->locks.items[i], key) == 0)
			return true;
	}
	return false;
}

static void read_option(struct config *config, char *line)
{
	char *equals = strchr(line, '=');
	const char *written;
	const char *words;
	const char *value;
	const char *key;

	if (!equals) {
		say_line(config, line, "not of the form `key = value`");
		return;
	}
	*equals = '\0';
	key = trim(line);
	written = trim(equals + 1);
	if (config->kind == CONFIG_ADMIN_LOCKS && !is_locked_here(config, key))
		return;
	value = keep_value(config->options, written, &words);
	if (value)
		words = options_set(config->options, key, value);
	if (words)
		say_setting(config, key, written, words);
}

/* Does a binding name a command, or none? */
static bool is_bindable(const char *text)
{
	const char *command = keymap_command(text);
	size_t len = command ? strcspn(command, " \t") : 0;

	return len == 0 || (len == 4 && memcmp(command, "none", len) == 0) || command_find(command, len);
}

static void read_bind(struct config *config, char *text)
{
	const char *words = config->keys ? keymap_set(config->keys, text) : words_memory;
	const char *command = keymap_command(text);
	const char *unknown;
	struct buf no_key = BUF_INIT;
	size_t len;

	if (!words && !is_bindable(text))
		words = "no such command";
	if (!words && string_list_copy(&config->options->binds, text, strlen(text)) != 0)
		words = words_memory;
	unknown = words && command ? keys_unknown(text, (size_t)(command - text), &len) : NULL;
	if (unknown) {
		buf_add_str(&no_key, "there is no key ");
		text_add(&no_key, unknown, len, options_text_flags());
	}
	if (words)
		say_line(config, text, unknown && buf_str(&no_key) ? no_key.data : words);
	buf_fini(&no_key);
}

static void read_color(struct config *config, char *text)
{
	const char *words = config->styles ? styles_set(config->styles, text) : words_memory;

	if (!words && string_list_copy(&config->options->colors, text, strlen(text)) != 0)
		words = words_memory;
	if (words)
		say_line(config, text, words);
}

/* Are these the words of a command line, one at least? */
static bool is_command(const char *text)
{
	struct buf word = BUF_INIT;
	size_t used = 0;
	bool good = *text != '\0';

	while (good && *text) {
		good = text_parse(text, strlen(text), &word, &used) == 0 && used > 0;
		text += used;
		while (is_blank(*text))
			text++;
	}
	buf_fini(&word);
	return good;
}

/* `open GLOB = PROGRAM...`: the pattern is a word as in sh. */
static void read_open(struct config *config, char *text)
{
	struct buf glob = BUF_INIT;
	size_t used = 0;
	char *equals = NULL;
	const char *words = "not of the form `open GLOB = program %f`";

	if (text_parse(text, strlen(text), &glob, &used) == 0 && used > 0 && buf_str(&glob))
		equals = trim(text + used);
	if (equals && *equals == '=' && is_command(trim(equals + 1))) {
		const char *program = trim(equals + 1);

		words = NULL;
		if (string_list_copy(&config->options->open_globs, glob.data, glob.len) != 0 ||
		    string_list_copy(&config->options->open_programs, program, strlen(program)) != 0)
			words = words_memory;
	}
	if (words)
		say_line(config, text, words);
	buf_fini(&glob);
}

static void read_lock(struct config *config, char *key)
{
	if (config->kind == CONFIG_USER)
		say_line(config, key, "only " ADMIN_FILE " can lock");
}

static void read_line(struct config *config, char *line)
{
	static const struct {
		const char *word;
		void (*read)(struct config *config, char *text);
		bool always; /* for CONFIG_ADMIN_LOCKS too */
	} kinds[] = { { "bind", read_bind, false },
		      { "color", read_color, false },
		      { "open", read_open, false },
		      { "lock", read_lock, true } };

	line = trim(line);
	if (!*line || *line == '#')
		return;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		char *text = after_word(line, kinds[i].word);

		if (!text)
			continue;
		if (kinds[i].always || config->kind != CONFIG_ADMIN_LOCKS)
			kinds[i].read(config, text);
		return;
	}
	read_option(config, line);
}

/* Locks stand anywhere in the file; they are found before anything else is read. */
static void find_lock(struct config *config, char *line)
{
	char *key = after_word(trim(line), "lock");

	if (key && config->kind != CONFIG_USER && string_list_copy(&config->locks, key, strlen(key)) != 0)
		say_line(config, key, words_memory);
}

/* Call `read` with a copy of every line, terminated. */
static void each_line(struct config *config, const char *text, size_t len, void (*read)(struct config *config, char *line))
{
	struct buf line = BUF_INIT;

	config->line = 0;
	while (len > 0) {
		const char *newline = memchr(text, '\n', len);
		size_t size = newline ? (size_t)(newline - text) : len;

		config->line++;
		buf_clear(&line);
		buf_add(&line, text, size);
		if (!buf_str(&line))
			say_line(config, "", words_memory);
		else if (!memchr(line.data, '\0', line.len))
			read(config, line.data);
		else if (read == read_line)
			say_line(config, "", "not text");
		text += size + (newline != NULL);
		len -= size + (newline != NULL);
	}
	buf_fini(&line);
}

static void set_locks(struct config *config)
{
	for (size_t i = 0; i < config->locks.len; i++) {
		const char *key = config->locks.items[i];
		const char *words = options_lock(config->options, key);

		if (words) {
			say_name(config->messages, config->name);
			buf_add_str(config->messages, ": lock ");
			text_add(config->messages, key, strlen(key), options_text_flags());
			buf_printf(config->messages, ": %s\n", words);
		}
	}
}

/* Bindings are tried on those that they will meet. */
static bool try_bindings(struct config *config)
{
	const struct string_list *binds = &config->options->binds;
	const char *problem = config->keys ? command_bind(config->keys) : words_memory;

	for (size_t i = 0; i < binds->len && !problem; i++)
		problem = keymap_set(config->keys, binds->items[i]);
	return !problem;
}

void config_apply(struct options *options, enum config_kind kind, const char *name, const char *text, size_t len,
		  struct buf *messages)
{
	struct config config = {
		.options = options, .kind = kind, .name = name, .messages = messages,
		.keys = keymap_new(), .styles = styles_new(true),
	};

	if (!try_bindings(&config)) {
		keymap_free(config.keys);
		config.keys = NULL;
	}
	if (kind != CONFIG_USER)
		each_line(&config, text, len, find_lock);
	each_line(&config, text, len, read_line);
	set_locks(&config);
	string_list_fini(&config.locks, true);
	styles_free(config.styles);
	keymap_free(config.keys);
}

/* Files ------------------------------------------------------------------------------------------------ */

/* Read one file; `must` is for one that was asked for. Returns -1 only then. */
static int load_file(struct options *options, enum config_kind kind, const char *path, bool must, struct buf *messages)
{
	struct buf text = BUF_INIT;
	int status = 0;

	if (config_file_read(path, CONFIG_FILE_TRUSTED, &text) == 0) {
		config_apply(options, kind, path, text.data, text.len, messages);
	} else if (must || (errno != ENOENT && errno != ENOTDIR)) {
		int number = errno;

		say_name(messages, path);
		buf_printf(messages, ": %s\n", number == EPERM ? "not used: not a file of yours or root's that only its owner can write"
							       : error_text(error_from_errno(number)));
		status = must ? -1 : 0;
	}
	buf_fini(&text);
	return status;
}

/* The place of the user's file; false when there is none. */
static bool user_file(struct buf *path)
{
	const char *base = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");

	if (base && *base == '/')
		buf_printf(path, "%s/muntin/config", base);
	else if (home && *home == '/')
		buf_printf(path, "%s/.config/muntin/config", home);
	return path->len > 0 && buf_str(path);
}

int config_load(struct options *options, const struct options *asked, struct buf *messages)
{
	struct buf path = BUF_INIT;
	int status;

	options->configured = true;
	status = load_file(options, asked->no_config ? CONFIG_ADMIN_LOCKS : CONFIG_ADMIN, ADMIN_FILE, false, messages);
	if (asked->config)
		status = load_file(options, CONFIG_USER, asked->config, true, messages);
	else if (!asked->no_config && user_file(&path))
		status = load_file(options, CONFIG_USER, path.data, false, messages);
	buf_fini(&path);
	return status;
}

/* Add the patterns of a terminated text, a line each; those of nothing but slashes, or of nothing, are passed over. */
static int add_patterns(struct options *options, const char *text, size_t len)
{
	while (len > 0) {
		const char *newline = memchr(text, '\n', len);
		size_t size = newline ? (size_t)(newline - text) : len;

		if (size > strspn(text, "/") && string_list_copy(&options->exclude, text, size) != 0)
			return -1;
		text += size + (newline != NULL);
		len -= size + (newline != NULL);
	}
	options->session.exclude = options->exclude.items;
	options->session.exclude_count = options->exclude.len;
	return 0;
}

int config_patterns(struct options *options, struct buf *messages)
{
	for (size_t i = 0; i < options->exclude_from.len; i++) {
		const char *path = options->exclude_from.items[i];
		struct buf text = BUF_INIT;
		int status = config_file_read(path, CONFIG_FILE_STDIN, &text);

		if (status == 0)
			status = buf_str(&text) ? add_patterns(options, text.data, text.len) : -1;
		if (status != 0) {
			say_name(messages, path);
			buf_printf(messages, ": %s\n", error_text(error_from_errno(errno)));
		}
		buf_fini(&text);
		if (status != 0)
			return -1;
	}
	return 0;
}
