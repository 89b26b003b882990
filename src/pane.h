/*
 * One root with everything about it: its source, its tree, what is shown of it, what went wrong.
 *
 * Thread: the interface's main thread, for all functions; none of them waits for anything.
 */
#ifndef MUNTIN_PANE_H
#define MUNTIN_PANE_H

#include "rows.h"
#include "source.h"
#include "tree.h"
#include "wire.h"

/** What a pane's title tells. */
enum pane_state {
	PANE_SCANNING,  /* a scan runs */
	PANE_COMPLETE,  /* ✓ everything is known */
	PANE_STOPPED,   /* ◼ the user stopped the scan */
	PANE_FAILED,    /* ✗ with `reason` */
	PANE_RESTARTING /* the worker died with `reason`; another one is started at `restart_at` */
};

/** The answer to pane_look(). */
struct pane_look {
	bool asked;
	bool answered;
	enum error error;
	entry_id id;
	uint64_t request;
	struct attrs attrs;
	struct buf target;
	struct access_list acl;       /* the access ACL, without what the mode tells */
	struct access_list inherited; /* a directory's default ACL */
};

/** The access ACL of an entry, as it was last told. */
struct pane_acl {
	entry_id id;
	struct access_list acl;
};

/** The answer to pane_why(). */
struct pane_why {
	bool asked;
	entry_id id;              /* of the entry that was asked about */
	bool answered;            /* all steps have come */
	uint64_t request;
	enum error error;         /* of the user: there is none, or nothing could be asked */
	struct access_user user;  /* `groups` is owned by this */
	struct buf name;          /* of the user; empty: a number without a name. Foreign bytes */
	struct wire_step *steps;  /* names and targets are owned by this */
	size_t count;
	size_t cap;
};

/** The answer to pane_read(). */
struct pane_part {
	bool asked;
	bool answered;
	enum error error;
	uint64_t request;
	uint64_t offset;
	uint64_t size;            /* of the file */
	struct buf bytes;
};

struct session;
struct job;

/** A scan that goes on in a pane. */
struct pane_scan {
	struct pane_scan *next;
	uint64_t id;
	entry_id top;
	bool shallow;             /* of one directory only, see pane_refresh() */
	bool quiet;               /* not asked for by the user: because of a change on disk */
	int64_t began;            /* loop_now() time */
	struct scan_view *view;
};

/** A shown directory, as its source watches it. */
struct pane_watch {
	entry_id dir;
	uint64_t path_hash;       /* of its path below the root */
	uint8_t state;            /* enum pane_watch_state */
	bool changed;             /* to be read again */
	bool same;                /* but no name has come or gone since it was read: not if it is large */
	int64_t ready_at;         /* but not before: reading it must not keep us busy for ever */
};

struct pane {
	struct session *session;  /* borrowed */
	struct buf root;          /* the root as the user named it */
	struct tree *tree;
	struct rows rows;
	struct source *source;    /* NULL while a dead worker waits for its restart */
	struct pane_scan *scans;  /* those that go on */
	bool recording;           /* the root is a recording, */
	struct glob_set patterns; /* and this was left out of it */
	bool wanted;              /* the root is to be scanned with the next pane_step() */
	bool stopped;             /* by the user, and not scanned since */
	struct buf shown;         /* path below the root of the directory that is shown */

	enum pane_state state;
	struct buf reason;        /* what went wrong, for PANE_FAILED and PANE_RESTARTING; foreign bytes possible */
	double rate;              /* entries a second, smoothed; 0 when no scan runs */
	int64_t rate_at;          /* when it was last worked out */
	uint64_t rate_entries;    /* and the names that had arrived by then */
	uint64_t arrived;         /* names that have arrived in all scans */
	uint64_t entries;         /* entries of the tree, the root included */
	int64_t last_record;      /* when anything last came from the source, loop_now() time */
	int64_t scanned_at;       /* when the whole root was last begun to be scanned, nanoseconds since 1970 */
	int64_t started_at;       /* when the source was started */
	int64_t restart_at;
	unsigned restarts;        /* since the last minute of health */
	uint64_t version;         /* of the tree, when it was last brought up to date */
	size_t height;            /* lines for rows, from the painter's layout */
	bool hidden;              /* it is not on the screen */
	entry_id link_base;       /* see session_link.c */
	struct pane_look look;
	struct pane_why why;
	struct pane_acl *acls;    /* that were told, by entry; only of entries with ENTRY_ACL are they true */
	size_t acl_count;
	size_t acl_cap;
	struct pane_acl_question *acl_questions; /* that are not answered yet */
	struct pane_part part;
	bool can_retry;           /* PANE_FAILED: `R` starts again */

	struct pane_watch *watches; /* the shown directories, in the order of their rows */
	size_t watch_count;
	size_t watch_cap;
	bool watching;            /* the source was asked to watch */
	bool polls;               /* something shown cannot be watched, and is read again every few seconds */
	int64_t watch_until;      /* an answer that has not come by then will not be waited for */
	int64_t poll_at;
};

/**
 * A pane for a root, of which nothing is known and nothing was asked yet. Returns NULL with ENOMEM.
 */
MUN_NODISCARD struct pane *pane_new(struct session *session, const char *root);

/** Let go of the source and everything else. Takes NULL. */
void pane_free(struct pane *pane);

/** Take what the source has sent, until `until`. Returns whether there is more. */
bool pane_take(struct pane *pane, int64_t until);

/**
 * Do what is due: start or restart the source, totals, rows. Returns when it wants to be called again although nothing
 * comes, INT64_MAX for never. Sets `*changed` if anything that shows has changed.
 */
int64_t pane_step(struct pane *pane, int64_t now, bool *changed);

/** Start again with the backend of the session: another generation; what is shown stays until it is replaced. */
void pane_restart(struct pane *pane);

/** Let the scans that go on use so many threads from now on. */
void pane_set_jobs(struct pane *pane, unsigned jobs);

/** Is anything going on or due? */
bool pane_busy(const struct pane *pane);

/** How long a scanning pane has heard nothing, in nanoseconds; 0 when it is not waiting for anything. */
int64_t pane_silent(const struct pane *pane, int64_t now);

/** The current row's entry, or 0; while comparing that of the comparison's row, which this pane may not have. */
entry_id pane_current(const struct pane *pane);

/** The rows that stand in the pane's list, those of the comparison while there is one: how many, the entry of one (0: none), which is the current one. */
size_t pane_row_count(const struct pane *pane);
entry_id pane_row(const struct pane *pane, size_t index);
size_t pane_row_at(const struct pane *pane);

/** Move the cursor by rows, or put it on one; clamped. */
void pane_move(struct pane *pane, int64_t by);
void pane_goto(struct pane *pane, size_t index);

/** Put the cursor on an entry, now or as soon as it has a row. */
void pane_want(struct pane *pane, entry_id id);

/** The next row in a direction (1 or -1) whose name contains `text`, or SIZE_MAX, as rows_search(). */
size_t pane_search(const struct pane *pane, const char *text, size_t len, int direction);

/** The directory in which something new is made; 0 while comparing when this pane has not the one that is shown. */
entry_id pane_dir(const struct pane *pane);

/** The shown directory: the root as named, and the path below it. */
void pane_directory(const struct pane *pane, struct buf *out);

/** The path of an entry: the root as named and what is below, as --list writes it. */
void pane_entry_path(const struct pane *pane, entry_id id, struct buf *out);

/** Into the current directory; false when the current row is none. */
bool pane_enter(struct pane *pane);

/** To the parent; at the root the parent becomes the new root, keeping what is known. False at `/`. */
bool pane_leave(struct pane *pane);

/** Has the root a parent that could become the root? */
bool pane_can_rise(const struct pane *pane);

/** Show the directory of an entry of this pane's tree, with the cursor on `cursor` (0: first). */
void pane_show(struct pane *pane, entry_id dir, entry_id cursor);

/** Open or close the current directory in place. */
void pane_expand(struct pane *pane);

/** Marks: of the current row (and down), from the last marked row to the current one, by glob over the shown rows, all inverted, none. */
void pane_mark(struct pane *pane);
void pane_mark_range(struct pane *pane);
void pane_mark_glob(struct pane *pane, const char *glob, bool marked);
void pane_mark_invert(struct pane *pane);
void pane_mark_none(struct pane *pane);

/** What an operation acts on: the marked entries (below which nothing else is repeated), else the current one; fills `ids` (vec_grow). Returns the count, -1 with ENOMEM. */
long pane_targets(const struct pane *pane, entry_id **ids, size_t *cap);

/** Read the shown directory again and everything below it. */
void pane_rescan(struct pane *pane);

/** Read a directory and everything below it again. */
void pane_scan_below(struct pane *pane, entry_id dir);

/** Read one directory again, and only that: after a change in it. */
void pane_refresh(struct pane *pane, entry_id dir);

/** The same because of a change on disk: the pane stays complete meanwhile. */
void pane_refresh_quietly(struct pane *pane, entry_id dir);

/** Stop the scan and keep what it found. False when none runs. */
bool pane_stop(struct pane *pane);

/** Ask for every field of stat of an entry; the answer arrives in `look`. */
void pane_look(struct pane *pane, entry_id id);

/** The access ACL of an entry, as far as it was asked for: borrowed until the next step, NULL when there is none. */
const struct access_list *pane_acl(const struct pane *pane, entry_id id);

/** Ask for the ACLs of entries of which they are not known; they come in one answer, and the tree's version counts up. */
void pane_acl_ask(struct pane *pane, const entry_id *ids, size_t count);

/** For pane_step(): ask for the ACLs of the rows on the screen, and for their attributes where they are not known. */
void pane_acl_step(struct pane *pane);

/** For pane_take(): WIRE_DETAIL. False when it breaks the rules. */
bool pane_acl_frame(struct pane *pane, const struct wire_frame *frame);

/** The source is another one or has gone: what was asked will not be answered. */
void pane_acl_reset(struct pane *pane);

/** Free what is kept of ACLs. */
void pane_acl_fini(struct pane *pane);

/** Ask for the way from `/` to an entry, and for a user: by name or number, empty for who the source acts as. */
void pane_why(struct pane *pane, entry_id id, const char *user, size_t len);

/** For pane_take(): WIRE_USER or WIRE_STEP. False when it breaks the rules. */
bool pane_why_frame(struct pane *pane, const struct wire_frame *frame);

/** The source has gone; and: free what is kept. */
void pane_why_reset(struct pane *pane);
void pane_why_fini(struct pane *pane);

/** Ask for a part of a file from `offset` on, at most WIRE_MAX_DATA bytes; the answer arrives in `part`. */
void pane_read(struct pane *pane, entry_id id, uint64_t offset);

/** The source has gone: what was asked will not be answered. */
void pane_read_reset(struct pane *pane);

/** For pane_take(): WIRE_DATA. False when it breaks the rules. */
bool pane_read_frame(struct pane *pane, const struct wire_frame *frame);

/** For pane_step(): have what is shown watched, read again what has changed. Returns when it wants to be called again. */
int64_t pane_watch_step(struct pane *pane, int64_t now);

/** For pane_take(): WIRE_CHANGED or WIRE_UNWATCHED. False when it breaks the rules. */
bool pane_watch_frame(struct pane *pane, const struct wire_frame *frame);

/** A quiet reading of a directory has ended. */
void pane_watch_ended(struct pane *pane, const struct pane_scan *scan);

/** The source is another one or has gone. */
void pane_watch_reset(struct pane *pane);

/** Is there an answer to come, or something to be read again? */
bool pane_watch_busy(const struct pane *pane);

#endif
