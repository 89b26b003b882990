/*
 * The near side of what feeds a pane: scanner threads in this process, a worker process behind a pipe, a recording.
 * All of them take the same requests and return the same frames through one ring.
 *
 * Thread: the interface's main thread, for all functions; none waits for the source.
 */
#ifndef MUNTIN_SOURCE_H
#define MUNTIN_SOURCE_H

#include "buf.h"
#include "ring.h"

#include <sys/types.h>

enum source_kind { SOURCE_THREADS, SOURCE_WORKER, SOURCE_RECORDING };

struct source;

/** For `W`: one line per source. */
struct source_info {
	enum source_kind kind;
	pid_t pid;        /* of the worker; 0 for others */
	pid_t tid;        /* of the first scanner thread, when there is one */
	unsigned threads; /* scanner threads at work in this process */
	uint64_t bytes;   /* received */
};

struct source_options {
	enum source_kind kind;
	const char *root;             /* terminated; copied */
	bool read_only;               /* operations are refused by the source as well */
	void (*wake)(void *arg);      /* called by any thread when there is something to take; must not block */
	void *wake_arg;
	size_t ring_size;             /* 0: the default */
};

/** Start a source. Returns NULL with errno; what goes wrong later arrives through source_failure(). */
MUN_NODISCARD struct source *source_new(const struct source_options *options);

/**
 * Let go: threads are told to stop and are not waited for, a worker is ended, what it still sends is dropped. Takes NULL.
 */
void source_free(struct source *source);

/** Send one or more request frames. What cannot be taken at once is kept and sent later; -1 with EPIPE when the source has ended. */
MUN_NODISCARD int source_request(struct source *source, const void *frames, size_t len);

/** Are there requests that a worker has not taken yet? Tries again to send them; ask again a little later while true. */
bool source_pending(struct source *source);

/** Frames that wait: contiguous, whole; see ring_peek(). */
const void *source_peek(struct source *source, size_t *len);
void source_drop(struct source *source, size_t len);

/**
 * Has the source ended, with everything it sent taken? Then true, and the reason in words (foreign bytes possible) is appended to `why`; nothing is
 * appended for the regular end of a recording.
 */
bool source_failure(struct source *source, struct buf *why);

/** Has a worker sent its greeting? Others have none to send. */
bool source_greeted(const struct source *source);

/** End a worker at once; the reason arrives through source_failure(). */
void source_kill(struct source *source);

/** What it is, for people. */
struct source_info source_info(const struct source *source);

#endif
