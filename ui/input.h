/*
 * From the bytes a terminal sends to keys. Pure: time is an argument, bytes are pushed in.
 *
 * It knows what xterm and its many relatives, the Linux console and rxvt send, and the sequences of a terminal's own
 * description when it is told them. What it does not know it swallows whole. Text between paste brackets, and several
 * lines that arrive in one burst, are marked as pasted.
 */
#ifndef MUNTIN_INPUT_H
#define MUNTIN_INPUT_H

#include "base.h"
#include "term.h"

enum {
	INPUT_ROOM = 4096,             /* bytes kept at most: more is not taken until these are read */
	INPUT_SEQUENCES = 48,          /* sequences that can be taught */
	INPUT_SEQUENCE_LEN = 16,       /* bytes of the longest of them */
	INPUT_ESC_NS = 30 * 1000000,   /* an Esc with nothing after it for so long is the key itself */
};

struct input_sequence {
	uint32_t key;
	size_t len;
	char bytes[INPUT_SEQUENCE_LEN];
};

struct input {
	unsigned char bytes[INPUT_ROOM];
	size_t pos;                /* the first byte not read yet */
	size_t len;                /* the end of what came */
	size_t burst;              /* up to this position it is one burst that is a paste */
	bool bursting;             /* what came last was such a burst: more of it may follow */
	size_t chunk;              /* where the bytes that came last begin */
	bool bracketed;            /* between the brackets of a paste */
	bool string;               /* within an answer of the terminal that is a string of its own: OSC, DCS, APC */
	bool string_esc;           /* … and an Esc came last, which a backslash makes its end */
	bool utf8;                 /* otherwise every byte above 0x7f is a K_BYTE */
	unsigned char erase;       /* the terminal's erase character: arrives as K_BACKSPACE */
	int64_t since;             /* when the last bytes came */
	size_t sequence_count;
	struct input_sequence sequences[INPUT_SEQUENCES];
};

/** Nothing has come yet.   Thread: main. */
void input_init(struct input *input, bool utf8, int erase);

/** The capabilities of a terminal's description whose strings are worth teaching; NULL after the last.   Thread: any. */
const char *input_capability(size_t index, uint32_t *key);

/** Teach a sequence; one that is too long, empty, or a single printable character is left out.   Thread: main. */
void input_teach(struct input *input, const char *bytes, uint32_t key);

/** Where to put bytes, and how many there is room for; then input_came() says how many came, and when.   Thread: main. */
size_t input_room(struct input *input, unsigned char **room);
void input_came(struct input *input, size_t len, int64_t now);

/** The next key. Returns whether there was one; `event` is only then set.   Thread: main. */
bool input_next(struct input *input, int64_t now, struct term_event *event);

/** When to ask again although nothing came, or -1.   Thread: main. */
int64_t input_deadline(const struct input *input);

/** Forget what was not read yet.   Thread: main. */
void input_flush(struct input *input);

#endif
