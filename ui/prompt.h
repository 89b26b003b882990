/*
 * One line of text being edited, as readline does it, and the yes/no question. State and keys; painting into a grid.
 *
 * The text is raw bytes: a name that is not UTF-8 is edited without changing its other bytes. Keys move by
 * cluster; a byte that belongs to no character is one by itself. What is on the screen went through text_add(), and an
 * escape has another style than the same characters typed.
 */
#ifndef MUNTIN_PROMPT_H
#define MUNTIN_PROMPT_H

#include "base.h"
#include "buf.h"
#include "grid.h"
#include "layout.h"

enum prompt_result {
	PROMPT_EDITING,    /* still going on; nothing to do but paint */
	PROMPT_CHANGED,    /* the text is another: a filter narrows, a search moves */
	PROMPT_ACCEPTED,   /* Enter: the text is the answer, and in the history */
	PROMPT_CANCELLED,  /* Esc, ^c, ^g; ^d in an empty line too */
};

/** The answers of one kind of prompt, oldest first; outlives the prompts. Begins as zeroes. */
struct history {
	struct buf *lines;
	size_t count;
	size_t cap;
};

enum {
	HISTORY_MAX = 200,
	PROMPT_MAX = 1 << 16,  /* bytes a line may hold */
};

/** Remember a line: not an empty one, and one of the same bytes moves to the end. Losing one for want of memory is no
 * error.   Thread: main. */
void history_add(struct history *history, const char *bytes, size_t len);
void history_fini(struct history *history);

/** Where completion puts what it finds. */
struct completions {
	struct buf *words;
	size_t count;
	size_t cap;
	bool failed;  /* memory ran out: the list is not complete */
	bool pending; /* more will be known later: prompt_resume() then */
};

/** Add a candidate: the bytes that could stand instead of those the callback was asked about.   Thread: main. */
void completions_add(struct completions *list, const char *bytes, size_t len);

/** Put the candidates into byte order.   Thread: main. */
void completions_sort(struct completions *list);

/**
 * Find what the `len` bytes before the cursor could become: candidates for the last of them, from `*start` on (which the
 * callback sets; 0 at first). Called for Tab, on the main thread: what it needs must be in memory.
 */
typedef void prompt_complete(void *arg, const char *text, size_t len, size_t *start, struct completions *out);

struct prompt {
	struct buf label;           /* safe text before the line */
	struct buf text;            /* what is edited */
	size_t cursor;              /* byte offset in text */
	struct buf killed;          /* for ^y */
	bool killing;               /* the last key killed: the next one adds to `killed` */
	struct history *history;    /* borrowed; NULL: none */
	size_t recall;              /* line of the history shown; history->count: what was typed */
	struct buf typed;           /* what was typed before Up */
	size_t prefix;              /* lines recalled must agree with so many of its bytes */
	prompt_complete *complete;  /* NULL: Tab does nothing */
	void *complete_arg;
	struct completions words;   /* of the last Tab */
	size_t word_start;          /* where in the text they go */
	size_t word;                /* the one chosen; words.count: only the common part stands */
	bool completing;            /* the last key was Tab */
	bool waiting;               /* it was, and what it asked about is not known yet */
	int scroll;                 /* cells hidden at the left */
	bool ascii;
};

/** A prompt with a label (safe text) and the text it starts with, the cursor at its end.   Thread: main. */
void prompt_init(struct prompt *prompt, const char *label, const char *text, size_t len, bool ascii);
void prompt_fini(struct prompt *prompt);

/** Have Up and Down walk through these lines, and ACCEPTED add to them.   Thread: main. */
void prompt_use_history(struct prompt *prompt, struct history *history);

/** Have Tab ask this.   Thread: main. */
void prompt_use_completion(struct prompt *prompt, prompt_complete *complete, void *arg);

/** Place the cursor before the extension of a name (rename).   Thread: main. */
void prompt_before_extension(struct prompt *prompt);

/**
 * Take one key. Pasted keys only ever insert: an end of line becomes a blank, other control characters are left out.
 * Thread: main.
 */
enum prompt_result prompt_key(struct prompt *prompt, uint32_t key, bool pasted);

/** What the last Tab asked about is known now: complete, unless another key came since.   Thread: main. */
enum prompt_result prompt_resume(struct prompt *prompt);

/** The answer: bytes, not terminated; valid until the next key.   Thread: main. */
const char *prompt_text(const struct prompt *prompt, size_t *len);

/**
 * Make `out` the safe text of what the cursor steps over at the beginning of `bytes`: a character with its marks, or a
 * stray byte. Blanks and backslashes are as typed. Returns its length.   Thread: main.
 */
size_t prompt_piece(const char *bytes, size_t len, bool ascii, struct buf *out);

/** Replace the text; the cursor goes to its end.   Thread: main. */
void prompt_set(struct prompt *prompt, const char *bytes, size_t len);

/** Paint the line into `area` (its first row) and put the hardware cursor in it; scrolls sideways.   Thread: main. */
void prompt_paint(struct prompt *prompt, struct grid *grid, struct rect area);

/**
 * Paint the candidates of the last Tab, when there are several, into the lowest lines of an area, at most half of it; otherwise
 * returns false. Of those that have no room there, the page with the chosen one is shown, and how many there are.   Thread: main.
 */
bool prompt_paint_words(const struct prompt *prompt, struct grid *grid, struct rect area);

enum question_result {
	QUESTION_OPEN,  /* the key meant nothing: still waiting */
	QUESTION_YES,
	QUESTION_NO,
};

/** The answer a key gives to a question that defaults to No: y is yes; n, Enter, Esc and ^c are no; pasted keys and all
 * others are ignored.   Thread: any. */
enum question_result question_key(uint32_t key, bool pasted);

#endif
