#include "keys.h"

#include <string.h>

struct binding {
	uint32_t keys[KEYS_MAX];
	size_t len;
	char *command;
};

struct keymap {
	struct binding *bindings;  /* in the order they were made; few enough to be searched one by one */
	size_t count;
	size_t cap;
};

struct keymap *keymap_new(void)
{
	return calloc(1, sizeof(struct keymap));
}

void keymap_free(struct keymap *map)
{
	if (!map)
		return;
	for (size_t i = 0; i < map->count; i++)
		free(map->bindings[i].command);
	free(map->bindings);
	free(map);
}

/** Whether one of two sequences begins with the other. */
static bool conflict(const struct binding *binding, const uint32_t *keys, size_t len)
{
	return memcmp(binding->keys, keys, size_min(binding->len, len) * sizeof *keys) == 0;
}

static void binding_remove(struct keymap *map, size_t index)
{
	struct binding *binding = &map->bindings[index];

	free(binding->command);
	map->count--;
	memmove(binding, binding + 1, (map->count - index) * sizeof *binding);
}

/** Read the names of one sequence. Returns NULL, or what is wrong. */
static const char *parse_sequence(const char *names, uint32_t keys[KEYS_MAX], size_t *len)
{
	int count = keys_parse(names, keys, KEYS_MAX);

	if (count < 0)
		return "unknown key name";
	if (count == 0)
		return "no key given";
	if (count > KEYS_MAX)
		return "too many keys in a sequence";
	*len = (size_t)count;
	return NULL;
}

const char *keymap_bind(struct keymap *map, const char *names, const char *command)
{
	struct binding binding = { .len = 0 };
	const char *problem = parse_sequence(names, binding.keys, &binding.len);

	if (problem)
		return problem;
	if (*command == '\0')
		return "no command given";
	binding.command = strdup(command);
	if (!binding.command || vec_grow(&map->bindings, &map->cap, map->count + 1, sizeof binding) != 0) {
		free(binding.command);
		return "out of memory";
	}
	for (size_t i = map->count; i-- > 0;)
		if (conflict(&map->bindings[i], binding.keys, binding.len))
			binding_remove(map, i);
	map->bindings[map->count++] = binding;
	return NULL;
}

const char *keymap_unbind(struct keymap *map, const char *names)
{
	uint32_t keys[KEYS_MAX];
	size_t len;
	const char *problem = parse_sequence(names, keys, &len);

	if (problem)
		return problem;
	for (size_t i = 0; i < map->count; i++) {
		if (map->bindings[i].len == len && conflict(&map->bindings[i], keys, len)) {
			binding_remove(map, i);
			return NULL;
		}
	}
	return "not bound";
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/** Find the `=` between keys and command; the key `=` itself may come first, or be written Equal. */
static const char *find_separator(const char *text)
{
	const char *first = *text ? strchr(text + 1, '=') : NULL;

	for (const char *at = first; at; at = strchr(at + 1, '='))
		if (is_blank(at[-1]) && (is_blank(at[1]) || at[1] == '\0'))
			return at;
	return first;
}

const char *keymap_command(const char *text)
{
	const char *separator = find_separator(text + strspn(text, " \t"));

	return separator ? separator + 1 + strspn(separator + 1, " \t") : NULL;
}

const char *keymap_set(struct keymap *map, const char *text)
{
	const char *separator;
	const char *command;
	const char *problem;
	char *names;
	size_t len;

	text += strspn(text, " \t");
	separator = find_separator(text);
	if (!separator)
		return "no `=` between keys and command";
	command = keymap_command(text);
	names = strndup(text, (size_t)(separator - text));
	if (!names)
		return "out of memory";
	len = strlen(command);
	problem = len == 0 || strcmp(command, "none") == 0 ? keymap_unbind(map, names)
	                                                    : keymap_bind(map, names, command);
	free(names);
	return problem;
}

/** The binding of exactly these keys, or NULL; `*more` says whether longer ones begin with them. */
static const struct binding *find(const struct keymap *map, const uint32_t *keys, size_t len, bool *more)
{
	*more = false;
	for (size_t i = 0; i < map->count; i++) {
		const struct binding *binding = &map->bindings[i];

		if (binding->len < len || !conflict(binding, keys, len))
			continue;
		if (binding->len == len)
			return binding;
		*more = true;
	}
	return NULL;
}

/** Whether a key is one more digit of a count: not 0 at first, and not a digit that is bound. */
static bool is_count(const struct keymap *map, const struct key_state *state, uint32_t key)
{
	bool more;

	if (state->len > 0 || key < '0' || key > '9')
		return false;
	if (state->count > 0)
		return true;
	return key != '0' && !find(map, &key, 1, &more) && !more;
}

enum keymap_result keymap_key(const struct keymap *map, struct key_state *state, uint32_t key, const char **command,
                           unsigned *count)
{
	const struct binding *binding;
	bool more;

	if (is_count(map, state, key)) {
		state->count = state->count * 10 + (key - '0');
		state->count = state->count > KEYS_COUNT_MAX ? KEYS_COUNT_MAX : state->count;
		return KEYMAP_WAITING;
	}
	if (key == K_ESC && (state->len > 0 || state->count > 0)) {
		*state = (struct key_state){ .len = 0 };
		return KEYMAP_UNBOUND;
	}
	state->keys[state->len++] = key;
	binding = find(map, state->keys, state->len, &more);
	if (!binding && more && state->len < KEYS_MAX)
		return KEYMAP_WAITING;
	*count = state->count;
	*state = (struct key_state){ .len = 0 };
	if (!binding)
		return KEYMAP_UNBOUND;
	*command = binding->command;
	return KEYMAP_COMMAND;
}

void key_state_add(struct buf *out, const struct key_state *state)
{
	if (state->count > 0)
		buf_printf(out, "%u", state->count);
	if (state->count > 0 && state->len > 0)
		buf_add_byte(out, ' ');
	keys_add(out, state->keys, state->len);
}

size_t keymap_next(const struct keymap *map, const struct key_state *state, struct key_next *next, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < map->count; i++) {
		const struct binding *binding = &map->bindings[i];
		const char *command = binding->len == state->len + 1 ? binding->command : NULL;
		bool known = false;

		if (binding->len <= state->len || !conflict(binding, state->keys, state->len))
			continue;
		for (size_t j = 0; !command && j < size_min(count, max) && !known; j++)
			known = next[j].key == binding->keys[state->len];
		if (known)
			continue;
		if (count < max)
			next[count] = (struct key_next){ binding->keys[state->len], command };
		count++;
	}
	return count;
}

size_t keymap_count(const struct keymap *map)
{
	return map->count;
}

const char *keymap_at(const struct keymap *map, size_t index, const uint32_t **keys, size_t *len)
{
	const struct binding *binding = &map->bindings[index];

	*keys = binding->keys;
	*len = binding->len;
	return binding->command;
}

size_t keymap_keys(const struct keymap *map, const char *command, const char *separator, struct buf *out)
{
	size_t word = strlen(command);
	bool operands = strchr(command, ' ') != NULL;
	size_t count = 0;

	for (size_t i = 0; i < map->count; i++) {
		const struct binding *binding = &map->bindings[i];
		char end = strncmp(binding->command, command, word) == 0 ? binding->command[word] : 'x';

		if (end != '\0' && (end != ' ' || operands))
			continue;
		if (count++ > 0)
			buf_add_str(out, separator);
		keys_add(out, binding->keys, binding->len);
	}
	return count;
}
