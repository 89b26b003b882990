/*
 * The debug log (--debug=CATEGORIES:FILE): a line for each event of the chosen categories, in a file.
 *
 * The log handle is the one mutable global of the engine: it is set once, before any thread exists, and
 * only read from then on. A line is one write(2) to a file opened for appending, so that lines of several
 * threads and processes never mix. Everything in a line goes through the renderer of foreign bytes.
 */
#ifndef MUNTIN_DIAG_H
#define MUNTIN_DIAG_H

#include "base.h"

enum diag_category {
	DIAG_SCAN = 1 << 0,
	DIAG_WIRE = 1 << 1,
	DIAG_LOOP = 1 << 2,
	DIAG_PAINT = 1 << 3,
	DIAG_OP = 1 << 4,
};

/** Chosen categories. Set by diag_open(); use diag_on().   Thread: any, read only. */
extern unsigned diag_categories;

/** Is anybody interested?   Thread: any. */
static inline bool diag_on(enum diag_category category)
{
	return __builtin_expect((diag_categories & (unsigned)category) != 0, 0);
}

/** Log a line as printf(3) would; costs one branch when off. A macro, so that arguments are not computed then. */
#define diag_log(category, ...) \
	do { \
		if (diag_on(category)) \
			diag_write(category, __VA_ARGS__); \
	} while (0)

/**
 * Open the log. `spec` is CATEGORIES:FILE, categories separated by commas, or `all`.
 * Returns 0, or -1 with errno: EINVAL for a bad spec, EALREADY when open.   Thread: main, before any other.
 */
MUN_NODISCARD int diag_open(const char *spec);

/** Close the log. Only when no other thread is left.   Thread: main. */
void diag_close(void);

/**
 * What diag_log() calls when the category is on. Errors are ignored, errno is kept.
 * Thread: any.
 */
void diag_write(enum diag_category category, const char *fmt, ...) MUN_PRINTF(2, 3);

#endif
