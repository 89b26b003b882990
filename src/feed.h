/*
 * Serving requests for one root: scans, looks, operations, watches. The same code answers inside the interface's process
 * and inside muntin-worker; frames of docs/PROTOCOL.md go in and come out.
 */
#ifndef MUNTIN_FEED_H
#define MUNTIN_FEED_H

#include "ring.h"
#include "wire.h"

struct feed;

/**
 * Serve the root that `root` names (copied); answers go into the ring, of which a reference is taken. With `read_only` operations are
 * refused. Nothing is opened yet. Returns NULL with ENOMEM.   Thread: any.
 */
MUN_NODISCARD struct feed *feed_new(const char *root, struct ring *ring, bool read_only);

/**
 * Take one request. What it starts runs in threads of its own; a refusal is appended to `answer` as whole frames,
 * for the caller to deliver (the ring may be full, and the caller the one who empties it).
 * Returns 0, -1 with EPROTO when the frame is no request, or with ENOMEM or EAGAIN (no thread).   Thread: one at a time.
 */
MUN_NODISCARD int feed_request(struct feed *feed, const struct wire_frame *frame, struct buf *answer);

/** Does anything go on?   Thread: as feed_request(). */
bool feed_busy(struct feed *feed);

/** Scanner threads at work, and the first one's id.   Thread: as feed_request(). */
unsigned feed_threads(struct feed *feed, int *tid);

/** Tell everything to stop; it still sends its end.   Thread: as feed_request(). */
void feed_stop(struct feed *feed);

/** Tell everything to stop, wait for nothing, and forget it. Takes NULL.   Thread: as feed_request(). */
void feed_free(struct feed *feed);

#endif
