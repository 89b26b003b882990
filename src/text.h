/*
 * The one renderer of foreign bytes: names, link targets, owners, error texts, banners. What it
 * writes holds no control character, no invisible one and no broken UTF-8, and two different inputs
 * never come out alike.
 *
 * Escapes are \n \t \r \e \xHH (a byte) and \u{HEX} (a character), HEX in lower case. They stand
 * for controls, bytes that are not UTF-8, characters that are invisible, reorder the line or are
 * not assigned, and for combining marks that have nothing to stand on or are more than TEXT_MARKS
 * on one base; on the screen also for what normalisation (NFC) would write in another way, because
 * the name that is written so looks just the same.
 *
 *   screen  Escapes stand in the text itself, and a text that has any doubles its backslashes. So
 *           does one where a backslash happens to be followed by one of \ n t r e x u and could be
 *           taken for an escape; any other text is shown as it is (`a\b`). What is shown as it is
 *           never equals what has escapes, since that always holds such a pair. Blanks that cannot be
 *           told from a space, and a space at the end, are escaped too.
 *   quoted  A text that needs any escape, or that begins with $', is written as $'...' where \ and '
 *           get a backslash; every other text is written as it is, blanks and backslashes included.
 *           Of the short escapes only \n and \t are used. text_parse() reads this form back.
 */
#ifndef MUNTIN_TEXT_H
#define MUNTIN_TEXT_H

#include "base.h"
#include "buf.h"

enum text_flags {
	TEXT_ASCII = 1 << 0, /* the locale has no UTF-8: all but ASCII becomes an escape */
	TEXT_QUOTE = 1 << 1, /* the quoted form, for headless output; else the form for the screen */
};

/** Combining marks that one base character may carry. */
#define TEXT_MARKS 4

/**
 * Append foreign bytes so that they are safe to show; see the rules above.
 * Memory that runs out shows in `out->failed`.   Thread: any.
 */
void text_add(struct buf *out, const void *bytes, size_t len, unsigned flags);

/**
 * Append the bytes that one word as in sh stands for: bare characters, '...', "...", a backslash,
 * and $'...' with everything that text_add() writes and \ooo \a \b \e \f \r \v besides. Nothing is
 * expanded. The word ends at an unquoted blank, tab or newline; `*used` says how many bytes of
 * `text` it took, 0 when there is no word (a word may be empty: ''). Leading blanks are not
 * skipped. Returns 0, or -1 with EINVAL for a quote that is not closed or an escape that is not one
 * (`*used` is where it begins), or with ENOMEM.   Thread: any.
 */
MUN_NODISCARD int text_parse(const char *text, size_t len, struct buf *out, size_t *used);

/**
 * The length in bytes of the next cluster, a base character with its marks, of text that text_add()
 * wrote or of a literal of ours; `width` gets its cells, 1 or 2. Returns 0 only for `len`
 * 0.   Thread: any.
 */
size_t text_next(const char *safe, size_t len, int *width);

/** The cells that such a text takes.   Thread: any. */
int text_width(const char *safe, size_t len);

/**
 * Append such a text in at most `width` cells: whole if it fits, else with an ellipsis in the
 * middle. Neither a cluster nor an escape is ever cut in two. `flags` has TEXT_ASCII for `~` as the
 * ellipsis.   Thread: any.
 */
void text_fit(struct buf *out, const char *safe, size_t len, int width, unsigned flags);

/** The same with the ellipsis at the end, for sentences, whose beginning tells more than their end.   Thread: any. */
void text_fit_head(struct buf *out, const char *safe, size_t len, int width, unsigned flags);

/** Append a size in powers of 1000: "913 B", "4 kB", "6.1 kB", "812 MB".   Thread: any. */
void text_size(struct buf *out, uint64_t bytes);

/** Append a number with commas: "41,203".   Thread: any. */
void text_count(struct buf *out, uint64_t count);

/**
 * Append a rate: "913/s", "6.1k/s", "118k/s"; what is negative or no number counts as 0.   Thread:
 * any.
 */
void text_rate(struct buf *out, double per_second);

/**
 * Append type and permissions as ls -l does: "drwxr-sr-x"; a type nobody knows is `?`.   Thread:
 * any.
 */
void text_mode(struct buf *out, unsigned mode);

/**
 * Append a point in time, nanoseconds since 1970, in local time (the caller has called tzset()).
 * `full` is "2026-11-20 14:03:12.123456789 +0100"; else "11-20" in the year of `now_ns` and
 * "2025-11" in any other. Every value is good.   Thread: any.
 */
void text_time(struct buf *out, int64_t ns, bool full, int64_t now_ns);

#endif
