/*
 * A batch while it runs: the roots with their sources, and the one operation that is being done. Shared by the files
 * that run it and that talk with the sources.   Thread: main, for all functions.
 */
#ifndef MUNTIN_HEADLESS_BATCH_RUN_H
#define MUNTIN_HEADLESS_BATCH_RUN_H

#include "headless_batch.h"
#include "apply.h"
#include "loop.h"
#include "op_list.h"
#include "source.h"

/** A root with its source. */
struct batch_root {
	const char *root;            /* as given */
	struct source *source;       /* NULL: it has failed */
	struct identity identity;    /* as it was at the start */
};

/** What the runner waits for. */
enum batch_state {
	STATE_IDLE,
	STATE_LOOKING,               /* at an entry; the root of each source at the start */
	STATE_SCANNING,              /* what is below one, into `view` */
	STATE_PLANNING,
	STATE_RUNNING,
	STATE_STOPPING,              /* a plan that will not run */
};

/** All of it. */
struct batch_runner {
	const struct options *options;
	struct headless_out out;
	struct batch batch;
	struct batch_places places;
	struct batch_root *roots;
	struct identity home;        /* the user's, which nobody deletes or renames; zeros: unknown */
	struct loop loop;
	struct loop_watch bell;
	struct loop_signals signals;
	struct wakeup wakeup;
	int signo;                   /* that wants us to end; 0: none */
	int status;
	uint32_t umask;

	/* the operation that is being done */
	const struct batch_command *command;
	struct batch_root *place;
	struct op_request request;
	size_t *operands;            /* word of each target; match: only the first */
	size_t operand_cap;
	struct op_list list;
	enum batch_state state;
	uint64_t id;
	enum error error;            /* of the look, or of the scan */
	struct attrs attrs;          /* of the look */
	struct scan_view *view;      /* of the scan; borrowed */
};

/** Run the operation that `request` holds, at `place`, and print its items. */
void batch_operate(struct batch_runner *runner);

/** Find out what FROM is like, and give it to TO. */
void batch_match(struct batch_runner *runner);

/** Is an operand below no root, or is it not to be told? Prints why. */
bool batch_is_nowhere(struct batch_runner *runner, size_t word, enum batch_place place);

/** Send WIRE_LOOK (at the root) or WIRE_STOP with the present id. Returns -1 with errno. */
MUN_NODISCARD int batch_ask(struct batch_runner *runner, enum wire_type type);

/** Take what the source of the operation sends, and print items, until what was asked for has been answered. */
void batch_wait(struct batch_runner *runner);

/** The source of the operation is of no use any more: say so, and report what was asked of it as failed. */
void batch_lose_source(struct batch_runner *runner, const char *why);

/** Print one record; `status` is its first word. */
void batch_print(struct batch_runner *runner, const char *status, const char *path, size_t path_len, const char *detail);

/** Print an operand that is not even tried as failed. `word` is its number among the batch's words. */
void batch_refuse(struct batch_runner *runner, size_t word, const char *why);

/** The same for all targets of the request. */
void batch_refuse_all(struct batch_runner *runner, const char *why);

#endif
