#include "glob.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <utf8proc.h>

/** Beyond all characters: what a byte that is none counts as. */
#define BYTE_BASE 0x110000

/** Bytes with an end, moved along while matching. */
struct span {
	const char *at;
	const char *end;
};

/** Where to go on when what follows a `*` did not match. */
struct retry {
	const char *pattern;  /* what follows the star; NULL: there was none */
	const char *text;     /* where it was tried last */
	bool whole;           /* the star stands for whole components */
};

/** Take one character, or one byte where none begins. */
static int32_t char_take(struct span *span)
{
	utf8proc_int32_t code;
	utf8proc_ssize_t len;
	unsigned char byte = (unsigned char)*span->at;

	if (byte >= 0x80) {
		len = utf8proc_iterate((const utf8proc_uint8_t *)span->at, span->end - span->at, &code);
		if (len > 1) {
			span->at += len;
			return code;
		}
	}
	span->at++;
	return byte < 0x80 ? byte : BYTE_BASE + byte;
}

/* ---- Brackets ---- */

static const struct {
	const char *name;
	int (*has)(int);
} classes[] = {
	{ "alnum", isalnum }, { "alpha", isalpha }, { "blank", isblank }, { "cntrl", iscntrl }, { "digit", isdigit },
	{ "graph", isgraph }, { "lower", islower }, { "print", isprint }, { "punct", ispunct }, { "space", isspace },
	{ "upper", isupper }, { "xdigit", isxdigit },
};

/**
 * Take `[:name:]` if one stands here; `*hit` says whether the (ASCII) character is of that class.
 */
static bool class_take(struct span *pattern, int32_t code, bool *hit)
{
	size_t room = (size_t)(pattern->end - pattern->at);

	if (room < 2 || pattern->at[0] != '[' || pattern->at[1] != ':')
		return false;
	for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
		size_t len = strlen(classes[i].name);

		if (room < len + 4 || memcmp(pattern->at + 2, classes[i].name, len) != 0 ||
			memcmp(pattern->at + 2 + len, ":]", 2) != 0)
			continue;
		*hit |= code < 0x80 && classes[i].has(code);
		pattern->at += len + 4;
		return true;
	}
	return false;
}

/** Take one end of a range; a backslash stands before what is itself. */
static int32_t edge_take(struct span *pattern)
{
	if (*pattern->at == '\\' && pattern->end - pattern->at > 1)
		pattern->at++;
	return char_take(pattern);
}

/** Take one class, character or range; `*hit` says whether the character is in it. */
static void member_take(struct span *pattern, int32_t code, bool *hit)
{
	int32_t first;
	int32_t last;

	if (class_take(pattern, code, hit))
		return;
	first = edge_take(pattern);
	last = first;
	if (pattern->end - pattern->at > 1 && pattern->at[0] == '-' && pattern->at[1] != ']') {
		pattern->at++;
		last = edge_take(pattern);
	}
	*hit |= first <= code && code <= last;
}

/**
 * Take a bracket, after its `[`. Returns 1 or 0 for whether the character is meant, or -1 when
 * nothing closes it; nothing is taken then.
 */
static int bracket_take(struct span *pattern, int32_t code)
{
	struct span in = *pattern;
	bool negated = in.at < in.end && (*in.at == '!' || *in.at == '^');
	bool hit = false;

	in.at += negated;
	/* a ] that comes first is a member */
	do {
		if (in.at == in.end)
			return -1;
		member_take(&in, code, &hit);
	} while (in.at == in.end || *in.at != ']');
	pattern->at = in.at + 1;
	return hit != negated;
}

/* ---- Matching ---- */

/**
 * Match one character of the text with what stands in the pattern, no star; both move along if it
 * does.
 */
static bool step(struct span *pattern, struct span *text)
{
	struct span wanted = *pattern;
	struct span given = *text;
	int in_bracket = -1;
	int32_t code;

	if (wanted.at == wanted.end || given.at == given.end)
		return false;
	if (*wanted.at == '?' || *wanted.at == '[') {
		code = char_take(&given);
		wanted.at++;
		in_bracket = wanted.at[-1] == '?' ? 1 : bracket_take(&wanted, code);
	}
	if (in_bracket >= 0) {
		*pattern = wanted;
		*text = given;
		return in_bracket == 1 && code != '/';
	}
	/* itself, byte for byte: a [ that nothing closes as well */
	wanted = *pattern;
	if (*wanted.at == '\\' && wanted.end - wanted.at > 1)
		wanted.at++;
	if (*wanted.at != *text->at)
		return false;
	pattern->at = wanted.at + 1;
	text->at++;
	return true;
}

/** Take the stars that stand here, and note where to go on if what follows them fails. */
static void stars_take(struct span *pattern, const char *start, const char *text,
	struct retry *star, struct retry *deep)
{
	const char *first = pattern->at;
	bool leads = first == start || first[-1] == '/';

	while (pattern->at < pattern->end && *pattern->at == '*')
		pattern->at++;
	if (pattern->at - first == 1) {
		*star = (struct retry){ pattern->at, text, false };
		return;
	}
	leads = leads && pattern->at < pattern->end && *pattern->at == '/';
	pattern->at += leads;
	*deep = (struct retry){ pattern->at, text, leads };
	*star = (struct retry){ NULL, NULL, false };
}

/** Let the last star that can take more do so; false when none can. */
static bool stars_grow(struct span *pattern, struct span *text, struct retry *star, struct retry *deep)
{
	struct retry *which = star;
	const char *slash;
	struct span skipped;

	if (!star->pattern || star->text == text->end || *star->text == '/') {
		which = deep;
		*star = (struct retry){ NULL, NULL, false };
	}
	if (!which->pattern || which->text == text->end)
		return false;
	if (which->whole) {
		slash = memchr(which->text, '/', (size_t)(text->end - which->text));
		if (!slash)
			return false;
		which->text = slash;
	}
	skipped = (struct span){ which->text, text->end };
	char_take(&skipped);
	which->text = skipped.at;
	pattern->at = which->pattern;
	text->at = which->text;
	return true;
}

bool glob_match(const char *pattern, size_t pattern_len, const char *text, size_t len)
{
	struct span wanted = { pattern, pattern + pattern_len };
	struct span given = { text, text + len };
	struct retry star = { NULL, NULL, false };
	struct retry deep = { NULL, NULL, false };

	for (;;) {
		if (wanted.at < wanted.end && *wanted.at == '*')
			stars_take(&wanted, pattern, given.at, &star, &deep);
		else if (wanted.at == wanted.end && given.at == given.end)
			return true;
		else if (!step(&wanted, &given) && !stars_grow(&wanted, &given, &star, &deep))
			return false;
	}
}

/* ---- Sets ---- */

void glob_set_fini(struct glob_set *set)
{
	for (size_t i = 0; i < set->len; i++)
		free(set->patterns[i].text);
	free(set->patterns);
	*set = (struct glob_set)GLOB_SET_INIT;
}

int glob_set_add(struct glob_set *set, const char *pattern, size_t len)
{
	struct glob_pattern added = { 0 };

	while (len > 0 && pattern[len - 1] == '/') {
		added.dirs_only = true;
		len--;
	}
	added.path = len > 0 && memchr(pattern, '/', len) != NULL;
	while (len > 0 && *pattern == '/') {
		pattern++;
		len--;
	}
	if (len == 0) {
		errno = EINVAL;
		return -1;
	}
	if (vec_grow(&set->patterns, &set->cap, set->len + 1, sizeof *set->patterns) != 0)
		return -1;
	added.text = malloc(len);
	if (!added.text)
		return -1;
	memcpy(added.text, pattern, len);
	added.len = len;
	set->patterns[set->len++] = added;
	set->paths |= added.path;
	return 0;
}

bool glob_set_match(const struct glob_set *set, const char *name, size_t name_len,
	const char *path, size_t path_len, bool is_dir)
{
	for (size_t i = 0; i < set->len; i++) {
		const struct glob_pattern *one = &set->patterns[i];

		if (one->dirs_only && !is_dir)
			continue;
		if (one->path && glob_match(one->text, one->len, path, path_len))
			return true;
		if (!one->path && glob_match(one->text, one->len, name, name_len))
			return true;
	}
	return false;
}
