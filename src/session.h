/*
 * All panes, jobs and options: what the front ends show and drive.
 *
 * Thread: the main thread, for all functions; none of them waits for a file system, a worker or a name look-up.
 */
#ifndef MUNTIN_SESSION_H
#define MUNTIN_SESSION_H

#include "loop.h"
#include "match.h"
#include "op_list.h"
#include "pane.h"
#include "wire.h"

struct comparison;

enum session_backend { BACKEND_THREADS, BACKEND_WORKERS };

/** What the command line and the configuration say about scanning and changing. */
struct session_options {
	enum session_backend backend;
	unsigned jobs;              /* scanner threads in all; 0: the processors */
	bool one_file_system;
	bool follow;
	bool read_only;
	uint32_t max_depth;         /* WIRE_DEPTH_ALL: no limit */
	unsigned time_shift;        /* times so many whole hours apart, or fewer, are equal in a comparison */
	unsigned fold;              /* enum fold_flags: names that are one row in a comparison */
	const char *const *exclude; /* patterns, borrowed for the session's life */
	size_t exclude_count;
};

enum job_state {
	JOB_PLANNING,
	JOB_PLANNED,   /* the plan is complete and waits for job_confirm() or job_cancel() */
	JOB_RUNNING,
	JOB_DONE,      /* look at `result` */
	JOB_FAILED,    /* no plan, or the source died: `error` */
	JOB_CANCELLED,
};

/** One operation of the user, in one pane. */
struct job {
	uint64_t id;
	struct pane *pane;           /* NULL once the pane has been closed */
	struct op_request request;   /* kind, flags, targets with what was shown of them */
	enum job_state state;
	bool go;                     /* run as soon as it is planned */
	const char *caution;         /* why it should be thought over twice, for whoever asks; static text, NULL: no reason */
	struct buf title;            /* "delete src/old" and the like; foreign bytes possible */
	struct op_list list;         /* the items: of the plan, then with what became of them */
	struct op_planned planned;   /* from JOB_PLANNED on */
	struct op_progress progress;
	struct op_result result;     /* from JOB_DONE on */
	enum error error;            /* JOB_FAILED: why there is no plan, or why it could not go on */
	int64_t started;             /* loop_now() time */
	int64_t ended;
};

struct session {
	struct session_options options;
	struct loop *loop;         /* borrowed */
	bool turns;                /* no -j was given: one thread for each slow device */
	struct pane **panes;
	size_t pane_count;
	size_t pane_cap;
	size_t active;             /* index; 0 while there is none. Never a hidden pane */
	bool linked;               /* the panes move together, see session_link.h */
	const struct pane *followed; /* where the active one was when the others last followed */
	entry_id followed_dir;
	entry_id followed_cursor;
	struct job **jobs;         /* all of this run, the newest last */
	size_t job_count;
	size_t job_cap;
	int64_t last_key;          /* loop_now() time of the last key */
	uint64_t version;          /* counts up with everything that a painter could see */
	uint64_t next_id;          /* for scans, requests and jobs */
	struct wakeup wakeup;      /* rung by every source */
	struct loop_watch filled;
	int64_t next_take;         /* not before this is taken from the sources: wake-ups coalesce */
	bool more;                 /* the budget was used up before the sources were empty */
	unsigned share;            /* scanner threads that each pane's scans were last given */
	uint32_t umask;
	struct comparison *comparison; /* of the panes, see session_compare.h; NULL: they are browsed each by itself */
	struct buf directory;      /* where the program was started, absolute; empty when unknown */
};

/** Returns NULL with ENOMEM. `loop` outlives the session. */
MUN_NODISCARD struct session *session_new(struct loop *loop, const struct session_options *options);

/** Let go of every pane; scanners that are stuck are left behind. Takes NULL. */
void session_free(struct session *session);

/** Open a pane for a root (a directory or a recording) behind the others and begin to scan it. Returns NULL with ENOMEM; a root that cannot be opened is a pane that says so. */
MUN_NODISCARD struct pane *session_open(struct session *session, const char *root);

/** Close a pane; the last one stays (false). */
bool session_close(struct session *session, size_t index);

/** Let two panes change places; the active one stays the same. */
void session_swap(struct session *session, size_t a, size_t b);

/** Hide the active pane, the next one becomes active. False for the last that is on the screen. */
bool session_hide(struct session *session);

/** The next pane that is on the screen, in a direction (1 or -1); the active one itself when it is alone. */
size_t session_next(const struct session *session, int direction);

/** Make a pane active, and have it on the screen. */
void session_activate(struct session *session, size_t index);

/** The active pane. */
struct pane *session_pane(const struct session *session);

/** Switch all local panes to the other backend; everything is scanned anew, nothing shown is lost. False while a job is not finished. */
bool session_set_backend(struct session *session, enum session_backend backend);

/**
 * Take what the sources have sent, for at most `budget` nanoseconds, and do what is due (restarts, totals, rows: for half of that;
 * short lists are made whatever the budget is).
 * Returns when it wants to be called again if nothing wakes the loop before, INT64_MAX for never.
 */
int64_t session_step(struct session *session, int64_t now, int64_t budget);

/** Does anything go on: a scan, a job, frames not taken, rows not sorted, a restart to come? */
bool session_busy(const struct session *session);

/** Does a job run or wait for its answer? */
bool session_has_jobs(const struct session *session);

/**
 * Plan an operation on entries of a pane (identities and modes are taken from the tree now). `name` is the new name or path, `mode` the
 * MODE or owner as text, each NULL where the kind has none. For OP_MKDIR and OP_CREATE `ids` is the directory. The plan runs only after job_confirm(), at once with `go`.
 * Returns the job, owned by the session; NULL with errno (EROFS when read-only).
 */
MUN_NODISCARD struct job *session_operate(struct session *session, struct pane *pane, enum op_kind kind, unsigned flags,
					  const entry_id *ids, size_t count, const char *name, const char *mode, bool go);

/**
 * Plan to rename several entries of a pane, each to its own of the `names` (single components). The plan runs only after
 * job_confirm(). Returns as session_operate().
 */
MUN_NODISCARD struct job *session_rename(struct session *session, struct pane *pane, const entry_id *ids, size_t count,
					 const struct buf *names);

/**
 * Plan to give entries of a pane what the same paths have in another one, paths being the same below the directories that the two
 * show. `flags`: enum match_flags. The plan runs only after job_confirm(). Returns as session_operate(); EAGAIN while what is below
 * is still being scanned, EINVAL for an entry that is not below the directory shown.
 */
MUN_NODISCARD struct job *session_match(struct session *session, struct pane *pane, const struct pane *from, unsigned flags,
					const entry_id *ids, size_t count);

/** A frame of an operation has come; for panes. False when it breaks the rules. */
bool session_job_frame(struct session *session, struct pane *pane, const struct wire_frame *frame);

/** The source of a pane has died, or the pane is closed: its jobs have failed; for panes. */
void session_jobs_lost(struct session *session, struct pane *pane, bool closed);

/** Free all jobs; for session_free(). */
void session_jobs_free(struct session *session);

/** Scanner threads that a scan of this pane may use now: its share of all. */
unsigned session_share(const struct session *session);

/** Run a planned job. */
void job_confirm(struct session *session, struct job *job);

/** Stop a job; what is done stays done. */
void job_cancel(struct session *session, struct job *job);

#endif
