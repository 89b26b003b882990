/*
 * The interactive program: panes on a terminal, keys to commands, the loop between them.
 *
 * Thread: main, for all functions.
 */
#ifndef MUNTIN_APP_H
#define MUNTIN_APP_H

#include "keys.h"
#include "loop.h"
#include "options.h"
#include "paint.h"
#include "prompt.h"
#include "session.h"
#include "term.h"

struct app;
struct dialog;
struct external;
struct listing;
struct names;
struct owners;
struct script;
struct supervise_link;

/** What a kind of dialog does. All but `paint` and `free` may be NULL. */
struct dialog_ops {
	/** A key for the dialog on top. It may close itself. */
	void (*key)(struct app *app, struct dialog *dialog, const struct term_event *event);
	/** Over what is painted already. */
	void (*paint)(struct app *app, struct dialog *dialog, const struct paint *p);
	/** The session has changed. It may close itself. */
	void (*step)(struct app *app, struct dialog *dialog);
	void (*free)(struct dialog *dialog);
};

/** The exit status when nothing could be done. */
enum { APP_TROUBLE = 2 };

/** What every dialog begins with. */
struct dialog {
	const struct dialog_ops *ops;
	struct dialog *below;
};

/** The kinds of prompts, each with a history of its own. */
enum app_history { HISTORY_COMMAND, HISTORY_SEARCH, HISTORY_FILTER, HISTORY_GLOB, HISTORY_PROGRAM, HISTORY_NAME, HISTORY_USER, HISTORY_BY, HISTORY_COLUMNS, HISTORY_KINDS };

/** A name that should get the cursor as soon as it is there. */
struct app_wish {
	struct pane *pane;   /* NULL: none */
	entry_id dir;
	struct buf name;
};

/** A message that was in the status line. */
struct app_said {
	struct buf text;
	uint16_t style;
};

/** An entry as it was when a key was pressed. */
struct app_target {
	const struct pane *pane;
	entry_id id;
	struct identity identity;
};

/** The program's state. */
struct app {
	const struct options *options;
	struct supervise_link *link;    /* NULL: no supervisor (headless, tests) */
	struct loop loop;
	struct loop_signals signals;
	struct loop_watch link_watch;
	struct loop_watch term_watch;

	struct session *session;
	struct owners *owners;
	struct keymap *keymap;
	struct key_state keys;
	struct styles *styles;
	struct term *term;
	int tty;                        /* our own descriptor of the terminal, or -1 */
	struct buf restore;             /* the bytes that restore it */
	struct grid grid;
	struct rect *rects;             /* of the panes */
	size_t rects_cap;
	struct dialog *dialog;          /* the one on top, or NULL */
	struct history histories[HISTORY_KINDS];

	struct buf message;             /* safe text; empty: none */
	uint16_t message_style;
	struct app_said *said;          /* the messages before it, oldest first */
	size_t said_cap;
	size_t said_count;
	struct buf search;              /* what `n` looks for */
	entry_id searched_from;         /* the row on which a search began */
	size_t searched_at;             /* and while comparing its line */
	struct columns columns;         /* of the panes */
	unsigned by;                    /* what is compared with the next `=`: enum compare_by */
	bool seeking;                   /* a row is looked for, which is told when it was not found */
	struct app_target renamed;      /* what the rename prompt is about */
	struct app_wish wish;
	uint8_t *announced;             /* by job: its end was told */
	size_t announced_cap;
	size_t announced_count;
	bool zoom;

	struct listing *listing;        /* of the directory that completion last asked for, or NULL */
	struct listing *going;          /* of the directory to which `cd` wants to go, or NULL */
	const struct pane *going_from;  /* in this pane */
	struct script *script;          /* NULL: none, or at its end */
	struct external *external;      /* the program that has the terminal, or NULL */
	struct names *names;            /* of several entries, being edited or kept; or NULL */
	bool suspended;                 /* by job control */

	bool orphaned;                  /* the supervisor has died */

	struct rect status_rect;
	struct rect compared_rect;      /* the comparison's own line */
	struct rect hint_rect;
	bool dirty;                     /* something is to be painted */
	bool key_seen;                  /* … at the end of this turn */
	uint64_t stepped;               /* session version that jobs and dialogs have seen */
	uint64_t painted_version;       /* and the screen */
	int64_t painted;                /* when */
	int64_t next_paint;             /* not before */
	int64_t due;                    /* when the session wants to be stepped again */
	bool done;
	int status;
	struct buf last_words;          /* safe text for standard error at the end */
	bool leave_directory;           /* write the active directory to the file of --cwd-file */
	bool failed;                    /* the command that runs has failed; for scripts */
};

/** Everything from the first pane to the last key. Returns the exit status. `link` may be NULL when headless. */
int app_run(const struct options *options, struct supervise_link *link);

/** Say something in the status line, as printf(3) does; safe text only. Replaces what stood there. */
void app_say(struct app *app, const char *fmt, ...) MUN_PRINTF(2, 3);

/** The same for what went wrong; the command that runs has then failed. Returns false. */
bool app_fail(struct app *app, const char *fmt, ...) MUN_PRINTF(2, 3);

/** The same, with foreign bytes after the words: "cannot read: NAME". */
bool app_fail_on(struct app *app, const char *words, const void *bytes, size_t len);

/** The same, with what is wrong with them behind: "by SUMS: not of type, size". */
bool app_fail_value(struct app *app, const char *words, const void *bytes, size_t len, const char *problem);

/** No message any more; what was said is kept for the command `messages`. */
void app_hush(struct app *app);

/** Say what is wrong with the configuration, a line of safe text each, and keep all lines. */
void app_say_problems(struct app *app, const char *lines, size_t len);

/** Give back the memory of messages. */
void app_free_messages(struct app *app);

/** Write what a run leaves behind, once the screen is the shell's again: what was chosen, the directory for --cwd-file. */
void app_write_results(struct app *app);

/** Take a key as if typed now. */
void app_key(struct app *app, const struct term_event *event);

/** End the program with this status. */
void app_quit(struct app *app, int status);

/** Paint now. */
void app_paint(struct app *app);

/** Take what has come for at most `budget` nanoseconds, and tell dialogs and the status line. */
void app_step(struct app *app, int64_t budget);

/** After a key or a command: rows and layout are true again. */
void app_settle(struct app *app);

/** Share the screen among the panes. */
void app_layout(struct app *app);

/** Forget what was typed ahead: before a destructive question. */
void app_flush(struct app *app);

/** Does nothing go on any more: no scan, no job that runs, no external program, no owner asked for? */
bool app_idle(const struct app *app);

/** The painter's view of now. */
struct paint app_paint_now(struct app *app);

/** Put a dialog on top; it is freed when closed. */
void app_open(struct app *app, struct dialog *dialog);

/** Take a dialog away, wherever it is, and free it. */
void app_close(struct app *app, struct dialog *dialog);

/** Leave the screen to others, and come back. app_enter() returns -1 when the terminal is gone. */
void app_leave(struct app *app);
MUN_NODISCARD int app_enter(struct app *app);

/** Stop the program by job control. */
void app_suspend(struct app *app);

/** Take down an entry, and see later whether it is still that one. */
struct app_target app_target_take(const struct pane *pane, entry_id id);
bool app_target_holds(const struct app *app, const struct app_target *target);

/** Let the cursor of the active pane go to a name of a directory as soon as it is there; of a path, its first. */
void app_wish(struct app *app, entry_id dir, const char *name, size_t len);

/** A pane is about to be closed: nothing may hold it any more. */
void app_forget_pane(struct app *app, const struct pane *pane);

#endif
