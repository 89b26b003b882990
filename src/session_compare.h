/*
 * The comparison on the screen: over the current directories of all panes of a session, followed while they are scanned.
 *
 *   panes' trees ── observers ──▶ compare ── a slice a turn ──▶ view: the rows that every pane shows
 *                                    │ ▲
 *                       rows that want│ │answers
 *                                    ▼ │
 *                                  content: threads that read
 *
 * It takes what compare.h and compare_view.h say for each row, and nothing else that grows. Each turn costs a few milliseconds at
 * most, whatever there is: a huge tree that is known already takes its time to be compared, with its rows unknown until then.
 * Thread: the main thread, for all functions; none of them waits.
 */
#ifndef MUNTIN_SESSION_COMPARE_H
#define MUNTIN_SESSION_COMPARE_H

#include "compare_seek.h"
#include "compare_view.h"
#include "content.h"
#include "session.h"

/** How looking for a row has ended. */
enum comparison_sought { SOUGHT_NOTHING, SOUGHT_RUNNING, SOUGHT_FOUND, SOUGHT_NONE };

struct comparison {
	struct session *session;   /* borrowed, as the panes are */
	struct compare *compare;
	struct compare_view view;
	struct pane *panes[COMPARE_MAX_PANES]; /* in the order in which they are compared */
	struct buf tops[COMPARE_MAX_PANES];    /* the path of the compared directory below the pane's root */
	bool local[COMPARE_MAX_PANES];
	struct glob_set patterns;  /* of the session, where a recording is compared */
	size_t pattern_count;      /* those, and those of recordings: what they match is left out of all panes */
	size_t count;
	unsigned by;               /* enum compare_by */
	int64_t tolerance;         /* nanoseconds */
	const struct pane *reference; /* the others are measured against it; NULL: none */
	uint64_t settled;          /* compare_version() when its rows were last looked at, */
	uint64_t seen;             /* and at the end of the last turn */
	uint64_t view_seen;        /* and the view's */
	bool settling;             /* there are rows to be looked at again */
	struct buf place;          /* the path of the row that the cursor was on, for a comparison made anew; empty: none */
	size_t place_up;           /* so many levels above it is the directory that was shown */
	entry_id wanted;           /* the entry whose row gets the cursor, as soon as it has one; 0: none */
	size_t wanted_up;          /* the directory so many levels above it is to be shown; SIZE_MAX: the one that shows it */
	size_t wanted_pane;        /* whose entry that is */

	struct content *content;   /* NULL before anything is to be read, and while that is paused */
	struct content_links *links; /* what was read of files with several names; NULL before */
	bool paused;
	compare_id *asked;         /* rows whose contents are being read */
	size_t asked_count;
	size_t asked_cap;
	uint64_t read;             /* rows whose contents were read */

	struct compare_seek *seek; /* what is being looked for */
	enum comparison_sought sought;
};

/** Compare the current directories of all panes. Returns -1 with EINVAL (one pane only, or more than COMPARE_MAX_PANES) or ENOMEM. */
MUN_NODISCARD int session_compare(struct session *session, unsigned by, int64_t tolerance);

/** End it; the panes stay where they are. */
void session_compare_end(struct session *session);

/** The panes are others than before: compare those that are there, at the same place. `gone` is not among them, or NULL. */
void session_compare_again(struct session *session, const struct pane *gone);

/** For session_step(): bring rows up to date, have contents read. Returns when it wants to be called again. */
int64_t session_compare_step(struct session *session, int64_t now, bool *changed);

/** Is anything going on? */
bool comparison_busy(const struct comparison *comparison);

/** Where a pane stands in the comparison; SIZE_MAX when it is not in it. */
size_t comparison_index(const struct comparison *comparison, const struct pane *pane);

/** The current row; 0 when there is none, or it stands for several. */
compare_id comparison_row(const struct comparison *comparison);

/** The entry of a pane in a line of the list; 0: none. */
entry_id comparison_entry(const struct comparison *comparison, const struct pane *pane, size_t line);

/** The entry of the shown directory in a pane; 0: it is not there. */
entry_id comparison_dir(const struct comparison *comparison, const struct pane *pane);

/** How a row looks, its letters in the order of the session's panes, `know` too. */
void comparison_look(const struct comparison *comparison, compare_id row, struct compare_look *look);

/** Append the path of the shown directory in a pane, whether it is there or not. */
void comparison_directory(const struct comparison *comparison, const struct pane *pane, struct buf *out);

/** Into the current directory, in all panes, those that do not have it included. False when none has it. */
bool comparison_enter(struct comparison *comparison);

/** To the parent, in all panes; above the compared directories their parents are compared. False when one of them has none. The comparison may be another one. */
bool comparison_leave(struct comparison *comparison);

/** Open or close the current directory in place, in all panes. False when none has it. */
bool comparison_expand(struct comparison *comparison);

/** Put the cursor on a row, wherever it is. */
void comparison_goto(struct comparison *comparison, compare_id row);

/** Look for a row from the current one on, and go there; the first slice at once, the rest with the next steps. */
enum comparison_sought comparison_seek(struct comparison *comparison, const struct compare_seek_kind *kind);

/** Compare by other criteria; what was read stays known. */
void comparison_set_by(struct comparison *comparison, unsigned by);

/** Stop reading contents, or go on. What was read stays known, what is being read is given up. */
void comparison_pause(struct comparison *comparison, bool paused);

/** Rows whose contents are still to be read. */
size_t comparison_to_read(const struct comparison *comparison);

#endif
