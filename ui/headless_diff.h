/*
 * What the files of --diff share. Nobody else includes this.   Thread: main, for all functions.
 */
#ifndef MUNTIN_HEADLESS_DIFF_H
#define MUNTIN_HEADLESS_DIFF_H

#include "apply.h"
#include "compare.h"
#include "content.h"
#include "headless.h"

/** What json shows of an entry and the tree does not keep. */
struct diff_extra {
	int64_t atime;
	int64_t ctime;
	uint64_t nlink;
};

/** Which directories of a root are entered, while it is scanned. */
struct diff_enter {
	uint32_t *numbers;         /* by entry: a directory's number in the stream while nobody has asked for it; else 0 */
	size_t number_cap;
	uint32_t *asked;           /* a bit for each number */
	size_t asked_cap;          /* of 32 */
	struct buf wanted;         /* numbers to be asked for */
	size_t unread;             /* directories that are to be read and have no end yet */
	bool left;                 /* nothing more will be asked for */
};

/** One root. */
struct diff_root {
	struct diff *diff;
	const char *root;
	size_t root_len;
	struct tree *tree;
	struct scan_view *view;
	bool recording;
	struct diff_enter enter;
	struct diff_extra *extra;  /* by entry; with json only */
	size_t extra_cap;
};

struct diff {
	const struct options *options;
	struct headless_out out;
	struct diff_root *roots;
	size_t count;
	struct compare *compare;
	struct content *content;
	unsigned by;               /* enum compare_by */
	compare_id asked;          /* the directory whose files' contents were last asked for; 0: all were */
	bool enters;               /* only directories that two roots have are read */
	bool ascii;
	bool trouble;
	uint64_t left_out;         /* names that matched a pattern, in all scans */
	struct glob_set patterns;  /* what is left out of recordings, and what was left out of them */
	bool failed;               /* out of memory */
	uint64_t rows[COMPARE_STATES];
	uint64_t differing;        /* lines of rsync */
	struct buf path;           /* of the row that is printed */
	size_t dir_len;            /* how much of it is the directory's */
	compare_id dir;            /* 0: none */
};

/** Nothing has come of a root yet. */
void diff_enter_begin(struct diff_root *root);

/** A directory was found, and held. */
void diff_enter_found(struct diff_root *root, entry_id id, uint32_t number);

/** What compare_tell_shared() calls: another root has this directory, too. */
void diff_enter_shared(void *arg, size_t pane, entry_id id);

/** A directory is not held any more. */
void diff_enter_lost(struct diff_root *root, entry_id id);

/** A directory has ended; all of the root's scan has. */
void diff_enter_ended(struct diff_root *root, uint64_t number);
void diff_enter_done(struct diff_root *root);

/** What headless_scan() calls: add the request for what a root's scan is to enter, if there is anything to ask for. Returns how many directories it has to read. */
size_t diff_enter_ask(void *arg, size_t index, struct buf *frames);

void diff_enter_fini(struct diff_root *root);

/** Put the path of a row into `diff->path`, with a slash behind a directory's. */
void diff_make_path(struct diff *diff, compare_id row);

/** Print a row as text or json. */
void diff_print_row(struct diff *diff, compare_id row, const struct compare_look *look);

/** Say on standard error what could not be read of a row. */
void diff_complain_row(struct diff *diff, compare_id row, const struct compare_look *look);

/** Say where a recording was not entered, when that is why a row is not known. */
void diff_complain_cut(struct diff *diff, compare_id row);

/** Print what rsync would do about a row, to make the second root like the first. */
void diff_print_rsync(struct diff *diff, compare_id row, const struct compare_look *look);

/** The same about the roots themselves. */
void diff_print_rsync_roots(struct diff *diff);

#endif
