/*
 * From meaning to look. Painters name what a cell means; here it gets colours and attributes.
 *
 * A style id is a meaning, possibly with the STYLE_CURSOR, STYLE_IDLE_CURSOR and STYLE_MARKED flags of the row it
 * stands in, or an id that styles_entry() returned (an extension of LS_COLORS has ids above the meanings). Without
 * colour every meaning that matters still differs by attribute. No meaning sets a background by itself: the
 * terminal's own is kept.
 */
#ifndef MUNTIN_STYLE_H
#define MUNTIN_STYLE_H

#include "base.h"

/** Attributes of a look. */
enum attr {
	ATTR_BOLD = 1 << 0,
	ATTR_DIM = 1 << 1,
	ATTR_ITALIC = 1 << 2,
	ATTR_UNDERLINE = 1 << 3,
	ATTR_REVERSE = 1 << 4,
};

/** Colours of a look: 0 to 255 of the usual palette, or the terminal's own. */
enum {
	INK_DEFAULT = -1,
	INK_BLACK = 0, INK_RED, INK_GREEN, INK_YELLOW, INK_BLUE, INK_MAGENTA, INK_CYAN, INK_WHITE,
};

/*
 * The one table: identifier, name in the configuration, foreground, attributes with colour, attributes without.
 */
#define STYLE_MEANINGS(X) \
	X(NORMAL, "normal", DEFAULT, 0, 0) \
	/* entries */ \
	X(FILE, "file", DEFAULT, 0, 0) \
	X(DIRECTORY, "directory", BLUE, ATTR_BOLD, ATTR_BOLD) \
	X(LINK, "link", CYAN, 0, ATTR_ITALIC) \
	X(ORPHAN, "orphan", RED, ATTR_UNDERLINE, ATTR_UNDERLINE) \
	X(EXECUTABLE, "executable", GREEN, 0, 0) \
	X(FIFO, "fifo", YELLOW, 0, ATTR_ITALIC) \
	X(SOCKET, "socket", MAGENTA, 0, ATTR_ITALIC) \
	X(BLOCK_DEVICE, "block-device", YELLOW, ATTR_BOLD, ATTR_ITALIC) \
	X(CHAR_DEVICE, "char-device", YELLOW, ATTR_BOLD, ATTR_ITALIC) \
	X(SETUID, "setuid", RED, ATTR_BOLD, ATTR_UNDERLINE) \
	X(SETGID, "setgid", YELLOW, ATTR_BOLD, ATTR_UNDERLINE) \
	X(STICKY, "sticky", BLUE, ATTR_BOLD, ATTR_BOLD) \
	X(OTHER_WRITABLE, "other-writable", BLUE, ATTR_BOLD | ATTR_UNDERLINE, ATTR_BOLD | ATTR_UNDERLINE) \
	X(STICKY_WRITABLE, "sticky-other-writable", BLUE, ATTR_BOLD, ATTR_BOLD) \
	X(UNREADABLE, "unreadable", RED, 0, ATTR_UNDERLINE) \
	X(SIZE, "size", DEFAULT, 0, 0) \
	X(COUNT, "count", DEFAULT, 0, 0) \
	X(TIME, "time", DEFAULT, 0, 0) \
	X(MODE, "mode", DEFAULT, 0, 0) \
	X(OWNER, "owner", DEFAULT, 0, 0) \
	X(HEADER, "header", DEFAULT, ATTR_DIM, ATTR_DIM) \
	X(MARK, "mark", YELLOW, ATTR_BOLD, ATTR_BOLD) \
	X(MATCH, "match", DEFAULT, ATTR_UNDERLINE, ATTR_UNDERLINE) \
	/* frames */ \
	X(BORDER, "border", DEFAULT, ATTR_DIM, ATTR_DIM) \
	X(BORDER_ACTIVE, "border-active", CYAN, 0, 0) \
	X(TITLE, "title", DEFAULT, 0, 0) \
	X(TITLE_ACTIVE, "title-active", CYAN, ATTR_BOLD, ATTR_BOLD) \
	X(PROGRESS, "progress", CYAN, 0, 0) \
	X(DIM, "dim", DEFAULT, ATTR_DIM, ATTR_DIM) \
	/* messages */ \
	X(STATUS, "status", DEFAULT, 0, 0) \
	X(OK, "ok", GREEN, 0, 0) \
	X(WARNING, "warning", YELLOW, ATTR_BOLD, ATTR_BOLD) \
	X(ERROR, "error", RED, ATTR_BOLD, ATTR_BOLD | ATTR_UNDERLINE) \
	X(HINT, "hint", DEFAULT, 0, 0) \
	X(HINT_KEY, "hint-key", CYAN, ATTR_BOLD, ATTR_BOLD) \
	/* dialogs */ \
	X(PROMPT, "prompt", DEFAULT, ATTR_BOLD, ATTR_BOLD) \
	X(FIELD, "field", DEFAULT, 0, 0) \
	X(FIELD_FOCUS, "field-focus", DEFAULT, ATTR_REVERSE, ATTR_REVERSE) \
	X(CHANGED, "changed", YELLOW, ATTR_BOLD, ATTR_BOLD) \
	X(DANGER, "danger", RED, ATTR_BOLD | ATTR_REVERSE, ATTR_BOLD | ATTR_REVERSE) \
	X(SELECTED, "selected", DEFAULT, ATTR_REVERSE, ATTR_REVERSE) \
	/* comparison: the first class is what the others differ from */ \
	X(CLASS_A, "class-a", DEFAULT, 0, 0) \
	X(CLASS_B, "class-b", YELLOW, ATTR_BOLD, ATTR_BOLD) \
	X(CLASS_C, "class-c", MAGENTA, ATTR_BOLD, ATTR_UNDERLINE) \
	X(CLASS_D, "class-d", CYAN, ATTR_BOLD, ATTR_BOLD | ATTR_UNDERLINE) \
	X(CLASS_E, "class-e", GREEN, ATTR_BOLD, ATTR_ITALIC) \
	X(CLASS_F, "class-f", BLUE, ATTR_BOLD, ATTR_BOLD | ATTR_ITALIC) \
	X(CLASS_G, "class-g", RED, ATTR_BOLD, ATTR_UNDERLINE | ATTR_ITALIC) \
	X(CLASS_H, "class-h", YELLOW, ATTR_UNDERLINE, ATTR_BOLD | ATTR_UNDERLINE | ATTR_ITALIC) \
	X(CLASS_I, "class-i", MAGENTA, ATTR_UNDERLINE, ATTR_DIM | ATTR_UNDERLINE) \
	X(SAME, "same", DEFAULT, ATTR_DIM, ATTR_DIM) \
	X(DIFFERENT, "different", YELLOW, ATTR_BOLD, ATTR_BOLD) \
	X(MISSING, "missing", RED, 0, ATTR_UNDERLINE) \
	X(PENDING, "pending", DEFAULT, ATTR_DIM, ATTR_DIM)

#define STYLE_ENUM(id, name, color, attrs, mono) STYLE_##id,
enum style_meaning { STYLE_MEANINGS(STYLE_ENUM) STYLE_MEANINGS_END };
#undef STYLE_ENUM

/** What may be added to any id: the state of the row a cell stands in. */
enum style_flags {
	STYLE_CURSOR = 1 << 15,       /* the current row of the active pane: reverse */
	STYLE_IDLE_CURSOR = 1 << 14,  /* the current row of another pane: underlined */
	STYLE_MARKED = 1 << 13,       /* a marked row: the colour of STYLE_MARK, bold */
	STYLE_ID_MASK = (1 << 13) - 1,
};

/** What a cell looks like. */
struct style_look {
	int16_t fg;      /* 0 to 255, or INK_DEFAULT */
	int16_t bg;
	uint16_t attrs;  /* enum attr */
};

/** What styles_entry() has to know beside mode and name. */
enum style_entry_flags {
	STYLE_ENTRY_ORPHAN = 1 << 0,      /* a link whose target is known to be missing */
	STYLE_ENTRY_UNREADABLE = 1 << 1,  /* it could not be read */
};

struct styles;

/**
 * The table of looks; `color` false means attributes only (NO_COLOR, or a terminal without colours).
 * Returns NULL with ENOMEM.   Thread: main.
 */
struct styles *styles_new(bool color);

/** Also takes NULL.   Thread: main. */
void styles_free(struct styles *styles);

/** Whether a value of NO_COLOR (or NULL) leaves colours on: it must be empty or absent.   Thread: any. */
bool styles_color_wanted(const char *no_color);

/** From now on attributes only: the terminal turned out to have no colours.   Thread: main. */
void styles_drop_color(struct styles *styles);

/**
 * Read the value of LS_COLORS (NULL: nothing): types and extensions. What is not understood is passed over, as ls
 * does; with colours off nothing is read. Returns 0, or -1 with ENOMEM.   Thread: main.
 */
MUN_NODISCARD int styles_ls_colors(struct styles *styles, const char *value);

/**
 * `MEANING = WORD...` of the configuration: a colour (`red`, `bright-red`, `0` to `255`, `#rrggbb`, `default`), `on` and a
 * second for the background, and attributes (`bold dim italic underline reverse`), or `none`. It replaces the look whole.
 * Returns NULL, or a few words on what is wrong; nothing is changed then.   Thread: main.
 */
MUN_NODISCARD const char *styles_set(struct styles *styles, const char *text);

/** The style of an entry's name; `mode` with its type, 0 when not known yet.   Thread: main. */
uint16_t styles_entry(const struct styles *styles, unsigned mode, const char *name, size_t len, unsigned flags);

/** The style of class 0 (`a`), 1 (`b`) and so on; from the tenth on they begin anew at `b`.   Thread: any. */
uint16_t style_class(unsigned class);

/** What cells of this id look like.   Thread: main. */
struct style_look styles_look(const struct styles *styles, uint16_t id);

/** The colour nearest to one of the 256 on a terminal with `colors` (8, 16, 88 or more).   Thread: any. */
int style_color_reduce(int color, int colors);

#endif
