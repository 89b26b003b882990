/*
 * Keys: their codes, their names, and the map from sequences of them to commands. Pure.
 */
#ifndef MUNTIN_KEYS_H
#define MUNTIN_KEYS_H

#include "base.h"
#include "buf.h"

/*
 * A key is a Unicode scalar (control characters are themselves: ^d is 4), one of these, or either with K_ALT.
 */
enum key {
	K_NONE = 0x10ffff,    /* no key; never typed */
	K_ENTER = '\r',
	K_TAB = '\t',
	K_ESC = 0x1b,
	K_BACKSPACE = 0x7f,   /* ^h too arrives as this when the terminal's erase key sends it */
	K_SPECIAL = 0x110000, /* from here on: keys that are not characters */
	K_UP = K_SPECIAL,
	K_DOWN,
	K_LEFT,
	K_RIGHT,
	K_HOME,
	K_END,
	K_PGUP,
	K_PGDN,
	K_INSERT,
	K_DELETE,
	K_BACKTAB,            /* Shift-Tab */
	K_F1,
	K_F12 = K_F1 + 11,
	K_S_UP,               /* with Shift */
	K_S_DOWN,
	K_S_LEFT,
	K_S_RIGHT,
	K_C_UP,               /* with Control */
	K_C_DOWN,
	K_C_LEFT,
	K_C_RIGHT,
	K_SPECIAL_END,
	K_BYTE = 0x110100,    /* K_BYTE + b: a typed byte that belongs to no UTF-8 character */
	K_ALT = 1 << 24,      /* flag: with Alt (or after Esc) */
};

enum {
	KEYS_MAX = 8,           /* keys in the longest sequence */
	KEYS_COUNT_MAX = 9999999, /* a larger count stays at this */
};

/** The control character of a letter: KEY_CTRL('d') is ^d. */
#define KEY_CTRL(letter) ((letter) & 0x1f)

/**
 * The character that `bytes` begin with: its length, 0 when bytes are missing at the end, -1 when it is no UTF-8.
 * Thread: any.
 */
int utf8_decode(const void *bytes, size_t len, uint32_t *scalar);

/** The bytes of a character; returns how many.   Thread: any. */
size_t utf8_encode(uint32_t scalar, char out[4]);

/** Whether a key is a character that can stand in a text: no control character, no special key.   Thread: any. */
bool key_is_text(uint32_t key);

/**
 * Add the name of a key: `j`, `^d`, `Enter`, `Esc`, `Space`, `Tab`, `S-Tab`, `PgDn`, `F5`, `Left`, `M-x`.
 * What it adds is safe text.   Thread: any.
 */
void key_add(struct buf *out, uint32_t key);

/** Add the names of several keys, with spaces between: `^w c`.   Thread: any. */
void keys_add(struct buf *out, const uint32_t *keys, size_t count);

/**
 * Read names of keys separated by blanks; names are not case-sensitive, single characters are. `C-x` is also `^x`.
 * Returns how many there are (at most `max` are stored), or -1 on an unknown name.   Thread: any.
 */
MUN_NODISCARD int keys_parse(const char *text, uint32_t *keys, size_t max);

/** The first of these names that no key has, or NULL; for messages.   Thread: any. */
const char *keys_unknown(const char *text, size_t len, size_t *name_len);

struct keymap;

enum keymap_result {
	KEYMAP_UNBOUND,  /* nothing is bound to what was typed; the state is clear again */
	KEYMAP_WAITING,  /* a count or a prefix so far: more is needed */
	KEYMAP_COMMAND,  /* a command is complete; the state is clear again */
};

/** What has been typed of a sequence so far; begins as zeroes. */
struct key_state {
	uint32_t keys[KEYS_MAX];
	size_t len;
	unsigned count;   /* digits typed before; 0: none */
};

/** One way to go on, for the hint of a prefix. */
struct key_next {
	uint32_t key;
	const char *command;  /* NULL: another prefix */
};

/** An empty map. Returns NULL with ENOMEM.   Thread: main. */
struct keymap *keymap_new(void);

/** Also takes NULL.   Thread: main. */
void keymap_free(struct keymap *map);

/**
 * Bind a sequence of names to a command; a later binding wins, also over longer sequences that begin with it and shorter
 * ones it begins with. A digit that comes first no longer begins a count.
 * Returns NULL, or a few words on what is wrong.   Thread: main.
 */
MUN_NODISCARD const char *keymap_bind(struct keymap *map, const char *names, const char *command);

/** Take a binding away. Returns NULL, or a few words on what is wrong (`not bound` …).   Thread: main. */
MUN_NODISCARD const char *keymap_unbind(struct keymap *map, const char *names);

/** Where the command begins in `KEYS = COMMAND`; NULL without a `=`.   Thread: any. */
const char *keymap_command(const char *text);

/** `KEYS = COMMAND` of the configuration, no command (or `none`) unbinds. Returns as keymap_bind().   Thread: main. */
MUN_NODISCARD const char *keymap_set(struct keymap *map, const char *text);

/**
 * Take one key. On KEYMAP_COMMAND `*command` (borrowed until the map changes) and `*count` (0: none typed) are set. Esc
 * in the middle of a sequence or count drops it (KEYMAP_UNBOUND with nothing typed).   Thread: main.
 */
enum keymap_result keymap_key(const struct keymap *map, struct key_state *state, uint32_t key, const char **command,
                           unsigned *count);

/** Add how far a sequence is: `5`, `^w`, `5 ^w`; nothing when at the beginning.   Thread: main. */
void key_state_add(struct buf *out, const struct key_state *state);

/** What may follow the prefix typed so far, in the order of binding. Returns how many there are in all.   Thread: main. */
size_t keymap_next(const struct keymap *map, const struct key_state *state, struct key_next *next, size_t max);

/** How many bindings there are, and one of them, in the order of binding: for the help screen.   Thread: main. */
size_t keymap_count(const struct keymap *map);
const char *keymap_at(const struct keymap *map, size_t index, const uint32_t **keys, size_t *len);

/**
 * Add the keys bound to a command (the command word alone, or with its operands as bound), separated by `separator`.
 * Returns how many.   Thread: main.
 */
size_t keymap_keys(const struct keymap *map, const char *command, const char *separator, struct buf *out);

#endif
