#include "style.h"

#include <string.h>
#include <strings.h>
#include <sys/stat.h>

/** One pattern `*SUFFIX` of LS_COLORS; its look has the id STYLE_MEANINGS_END + its index. */
struct suffix {
	char *bytes;
	size_t len;
	struct style_look look;
};

struct styles {
	bool color;
	struct style_look looks[STYLE_MEANINGS_END];
	struct suffix *suffixes;
	size_t suffix_count;
	size_t suffix_cap;
};

struct meaning {
	const char *name;
	int16_t color;
	uint8_t attrs;  /* with colour */
	uint8_t mono;   /* without */
};

#define STYLE_ROW(id, name, color, attrs, mono) [STYLE_##id] = { name, INK_##color, attrs, mono },
static const struct meaning meanings[STYLE_MEANINGS_END] = { STYLE_MEANINGS(STYLE_ROW) };
#undef STYLE_ROW

static const struct style_look plain_look = { INK_DEFAULT, INK_DEFAULT, 0 };

/** The two-letter types of LS_COLORS that mean something here. */
static const struct { char name[3]; uint16_t meaning; } ls_types[] = {
	{ "fi", STYLE_FILE }, { "di", STYLE_DIRECTORY }, { "ln", STYLE_LINK }, { "or", STYLE_ORPHAN },
	{ "ex", STYLE_EXECUTABLE }, { "pi", STYLE_FIFO }, { "so", STYLE_SOCKET },
	{ "bd", STYLE_BLOCK_DEVICE }, { "cd", STYLE_CHAR_DEVICE }, { "su", STYLE_SETUID }, { "sg", STYLE_SETGID },
	{ "st", STYLE_STICKY }, { "ow", STYLE_OTHER_WRITABLE }, { "tw", STYLE_STICKY_WRITABLE },
};

static void set_defaults(struct styles *styles)
{
	for (size_t i = 0; i < STYLE_MEANINGS_END; i++) {
		const struct meaning *meaning = &meanings[i];

		styles->looks[i] = plain_look;
		styles->looks[i].fg = styles->color ? meaning->color : INK_DEFAULT;
		styles->looks[i].attrs = styles->color ? meaning->attrs : meaning->mono;
	}
}

struct styles *styles_new(bool color)
{
	struct styles *styles = calloc(1, sizeof *styles);

	if (!styles)
		return NULL;
	styles->color = color;
	set_defaults(styles);
	return styles;
}

static void suffixes_clear(struct styles *styles)
{
	for (size_t i = 0; i < styles->suffix_count; i++)
		free(styles->suffixes[i].bytes);
	styles->suffix_count = 0;
}

void styles_free(struct styles *styles)
{
	if (!styles)
		return;
	suffixes_clear(styles);
	free(styles->suffixes);
	free(styles);
}

bool styles_color_wanted(const char *no_color)
{
	return !no_color || *no_color == '\0';
}

void styles_drop_color(struct styles *styles)
{
	if (!styles->color)
		return;
	styles->color = false;
	suffixes_clear(styles);
	set_defaults(styles);
}

/** Read a decimal number of at most three digits. Returns its length; 0: there is none. */
static size_t read_number(const char *text, size_t len, int *value)
{
	size_t used = 0;

	*value = 0;
	for (; used < len && used < 3 && text[used] >= '0' && text[used] <= '9'; used++)
		*value = *value * 10 + (text[used] - '0');
	return used;
}

/** The colour of the 6×6×6 cube and grey ramp that is nearest to one of 24 bits. */
static int nearest_of_256(int red, int green, int blue)
{
	static const int steps[] = { 0, 95, 135, 175, 215, 255 };
	const int parts[] = { red, green, blue };
	int cube = 16;
	int cube_error = 0;
	int grey = (red + green + blue) / 3;
	int level = grey < 8 ? 0 : grey > 238 ? 23 : (grey - 8 + 5) / 10;
	int grey_error = 0;

	for (int i = 0; i < 3; i++) {
		int best = 0;

		for (int step = 1; step < 6; step++)
			if (abs(steps[step] - parts[i]) < abs(steps[best] - parts[i]))
				best = step;
		cube = i == 0 ? 16 + 36 * best : cube + (i == 1 ? 6 : 1) * best;
		cube_error += abs(steps[best] - parts[i]);
		grey_error += abs(8 + 10 * level - parts[i]);
	}
	return grey_error < cube_error ? 232 + level : cube;
}

/** The numbers of an SGR sequence (`01;38;5;208`); an empty one is 0. Returns how many, -1 for anything else. */
static int read_codes(const char *text, size_t len, int *codes, int max)
{
	int count = 0;

	for (size_t at = 0; at <= len; at++) {
		if (count == max)
			return -1;
		at += read_number(text + at, len - at, &codes[count++]);
		if (at < len && text[at] != ';')
			return -1;
	}
	return count;
}

/** The colour that codes from 30 to 107 name. Returns how many codes it takes; 0: it is none. */
static int read_ink(const int *codes, int count, int16_t *ink)
{
	int tens = codes[0] / 10;
	int unit = codes[0] % 10;

	if (unit < 8) {
		*ink = (int16_t)(tens >= 9 ? unit + 8 : unit);
		return 1;
	}
	if (tens >= 9)
		return 0;
	if (unit == 9) {
		*ink = INK_DEFAULT;
		return 1;
	}
	if (count >= 3 && codes[1] == 5 && codes[2] < 256) {
		*ink = (int16_t)codes[2];
		return 3;
	}
	if (count >= 5 && codes[1] == 2) {
		*ink = (int16_t)nearest_of_256(codes[2], codes[3], codes[4]);
		return 5;
	}
	return 0;
}

/** What an SGR sequence looks like. Returns whether all of it was understood. */
static bool read_sgr(const char *text, size_t len, struct style_look *look)
{
	static const uint16_t attrs[10] = { [1] = ATTR_BOLD, [2] = ATTR_DIM, [3] = ATTR_ITALIC, [4] = ATTR_UNDERLINE,
	                                    [7] = ATTR_REVERSE };
	int codes[16];
	int count = read_codes(text, len, codes, (int)ARRAY_LEN(codes));

	*look = plain_look;
	for (int i = 0, used = 1; i < count; i += used) {
		int tens = codes[i] / 10;

		used = 1;
		if (codes[i] == 0)
			*look = plain_look;
		else if (tens == 0)
			look->attrs |= attrs[codes[i]];
		else if (tens == 3 || tens == 9)
			used = read_ink(codes + i, count - i, &look->fg);
		else if (tens == 4 || tens == 10)
			used = read_ink(codes + i, count - i, &look->bg);
		if (used == 0)
			return false;
	}
	return count >= 0;
}

/** Keep what `*SUFFIX` looks like. Returns 0, or -1 with ENOMEM. */
static int add_suffix(struct styles *styles, const char *bytes, size_t len, const struct style_look *look)
{
	struct suffix suffix = { NULL, len, *look };

	if (styles->suffix_count >= STYLE_ID_MASK - STYLE_MEANINGS_END)
		return 0;
	if (vec_grow(&styles->suffixes, &styles->suffix_cap, styles->suffix_count + 1, sizeof suffix) != 0)
		return -1;
	suffix.bytes = strndup(bytes, len);
	if (!suffix.bytes)
		return -1;
	styles->suffixes[styles->suffix_count++] = suffix;
	return 0;
}

/** One `KEY=CODES` of LS_COLORS. Returns 0, or -1 with ENOMEM. */
static int read_ls_item(struct styles *styles, const char *item, size_t len)
{
	const char *equals = memchr(item, '=', len);
	size_t key = equals ? (size_t)(equals - item) : 0;
	struct style_look look;

	if (key < 2 || !read_sgr(equals + 1, len - key - 1, &look))
		return 0;
	if (item[0] == '*')
		return add_suffix(styles, item + 1, key - 1, &look);
	for (size_t i = 0; i < ARRAY_LEN(ls_types) && key == 2; i++)
		if (memcmp(ls_types[i].name, item, 2) == 0)
			styles->looks[ls_types[i].meaning] = look;
	return 0;
}

int styles_ls_colors(struct styles *styles, const char *value)
{
	if (!value || !styles->color)
		return 0;
	while (*value) {
		size_t len = strcspn(value, ":");

		if (read_ls_item(styles, value, len) != 0)
			return -1;
		value += len + (value[len] == ':');
	}
	return 0;
}

/** Whether a word of `len` bytes is `name`. */
static bool is_word(const char *word, size_t len, const char *name)
{
	return strncasecmp(word, name, len) == 0 && name[len] == '\0';
}

/** `#rrggbb`. */
static bool read_hex(const char *word, size_t len, int16_t *ink)
{
	char digits[7];
	char *end;
	long value;

	if (len != 7 || word[0] != '#')
		return false;
	memcpy(digits, word + 1, 6);
	digits[6] = '\0';
	if (strspn(digits, "0123456789abcdefABCDEF") != 6)
		return false;
	value = strtol(digits, &end, 16);
	*ink = (int16_t)nearest_of_256((int)(value >> 16), (int)(value >> 8 & 0xff), (int)(value & 0xff));
	return true;
}

/** A colour of the configuration. Returns whether the word is one. */
static bool read_color_word(const char *word, size_t len, int16_t *ink)
{
	static const char *const names[] = { "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white" };
	bool bright = len > 7 && strncasecmp(word, "bright-", 7) == 0;
	int number;

	if (is_word(word, len, "default")) {
		*ink = INK_DEFAULT;
		return true;
	}
	if (len <= 3 && read_number(word, len, &number) == len && number < 256) {
		*ink = (int16_t)number;
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (is_word(word + (bright ? 7 : 0), len - (bright ? 7 : 0), names[i])) {
			*ink = (int16_t)(i + (bright ? 8 : 0));
			return true;
		}
	}
	return read_hex(word, len, ink);
}

/** An attribute of the configuration, 0 if the word is none. */
static uint16_t read_attr_word(const char *word, size_t len)
{
	static const struct { const char *name; uint16_t attr; } names[] = {
		{ "bold", ATTR_BOLD }, { "dim", ATTR_DIM }, { "italic", ATTR_ITALIC },
		{ "underline", ATTR_UNDERLINE }, { "reverse", ATTR_REVERSE },
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (is_word(word, len, names[i].name))
			return names[i].attr;
	return 0;
}

/** The words after `MEANING =`. Returns NULL, or what is wrong. */
static const char *read_look(const char *text, struct style_look *look)
{
	static const char blanks[] = " \t,";
	bool background = false;
	size_t count = 0;

	for (text += strspn(text, blanks); *text; text += strspn(text, blanks), count++) {
		size_t len = strcspn(text, blanks);
		uint16_t attr = read_attr_word(text, len);

		if (background && !read_color_word(text, len, &look->bg))
			return "no colour after `on`";
		if (background)
			background = false;
		else if (is_word(text, len, "on"))
			background = true;
		else if (attr)
			look->attrs |= attr;
		else if (!is_word(text, len, "none") && !read_color_word(text, len, &look->fg))
			return "unknown colour or attribute";
		text += len;
	}
	if (background)
		return "no colour after `on`";
	return count == 0 ? "no colour given" : NULL;
}

const char *styles_set(struct styles *styles, const char *text)
{
	struct style_look look = plain_look;
	const char *equals = strchr(text, '=');
	const char *problem;
	size_t len;

	if (!equals)
		return "no `=` after the meaning";
	text += strspn(text, " \t");
	len = strcspn(text, " \t=");
	if (text + len + strspn(text + len, " \t") != equals)
		return "no `=` after the meaning";
	for (size_t i = 0; i < STYLE_MEANINGS_END; i++) {
		if (!is_word(text, len, meanings[i].name))
			continue;
		problem = read_look(equals + 1, &look);
		if (!problem && !styles->color)
			look.fg = look.bg = INK_DEFAULT;
		if (!problem)
			styles->looks[i] = look;
		return problem;
	}
	return "unknown meaning";
}

/** The style of a regular file's name by its end, the later of two that match, or STYLE_FILE. */
static uint16_t suffix_style(const struct styles *styles, const char *name, size_t len)
{
	for (size_t i = styles->suffix_count; i-- > 0;) {
		const struct suffix *suffix = &styles->suffixes[i];

		if (suffix->len <= len && strncasecmp(suffix->bytes, name + len - suffix->len, suffix->len) == 0)
			return (uint16_t)(STYLE_MEANINGS_END + i);
	}
	return STYLE_FILE;
}

static uint16_t directory_style(unsigned mode)
{
	if ((mode & S_ISVTX) && (mode & S_IWOTH))
		return STYLE_STICKY_WRITABLE;
	if (mode & S_IWOTH)
		return STYLE_OTHER_WRITABLE;
	return mode & S_ISVTX ? STYLE_STICKY : STYLE_DIRECTORY;
}

static uint16_t file_style(const struct styles *styles, unsigned mode, const char *name, size_t len)
{
	if (mode & S_ISUID)
		return STYLE_SETUID;
	if (mode & S_ISGID)
		return STYLE_SETGID;
	if (mode & (S_IXUSR | S_IXGRP | S_IXOTH))
		return STYLE_EXECUTABLE;
	return suffix_style(styles, name, len);
}

uint16_t styles_entry(const struct styles *styles, unsigned mode, const char *name, size_t len, unsigned flags)
{
	if (flags & STYLE_ENTRY_UNREADABLE)
		return STYLE_UNREADABLE;
	switch (mode & S_IFMT) {
	case S_IFREG:
		return file_style(styles, mode, name, len);
	case S_IFDIR:
		return directory_style(mode);
	case S_IFLNK:
		return flags & STYLE_ENTRY_ORPHAN ? STYLE_ORPHAN : STYLE_LINK;
	case S_IFIFO:
		return STYLE_FIFO;
	case S_IFSOCK:
		return STYLE_SOCKET;
	case S_IFBLK:
		return STYLE_BLOCK_DEVICE;
	case S_IFCHR:
		return STYLE_CHAR_DEVICE;
	default:
		return STYLE_NORMAL;
	}
}

uint16_t style_class(unsigned class)
{
	if (class > 8)
		class = 1 + (class - 1) % 8;
	return (uint16_t)(STYLE_CLASS_A + class);
}

struct style_look styles_look(const struct styles *styles, uint16_t id)
{
	size_t index = id & STYLE_ID_MASK;
	struct style_look look = plain_look;

	if (index < STYLE_MEANINGS_END)
		look = styles->looks[index];
	else if (index - STYLE_MEANINGS_END < styles->suffix_count)
		look = styles->suffixes[index - STYLE_MEANINGS_END].look;
	if (id & STYLE_MARKED) {
		look.fg = styles->looks[STYLE_MARK].fg;
		look.attrs |= styles->looks[STYLE_MARK].attrs;
	}
	if (id & STYLE_CURSOR)
		look.attrs |= ATTR_REVERSE;
	if (id & STYLE_IDLE_CURSOR)
		look.attrs |= ATTR_UNDERLINE;
	return look;
}

int style_color_reduce(int color, int colors)
{
	int parts[3];
	int most;

	if (color < colors || color < 0)
		return color;
	if (color < 16)
		return color % 8;
	if (color >= 232 && color < 244)
		return colors >= 16 ? 8 : 0;
	if (color >= 244)
		return 7;
	color -= 16;
	parts[0] = color / 36;
	parts[1] = color / 6 % 6;
	parts[2] = color % 6;
	most = parts[0] > parts[1] ? parts[0] : parts[1];
	most = parts[2] > most ? parts[2] : most;
	return (2 * parts[0] > most) + 2 * (2 * parts[1] > most) + 4 * (2 * parts[2] > most);
}
