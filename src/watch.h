/*
 * Watching directories of one root, in a thread of its own that sleeps while nothing changes.
 *
 * It speaks docs/PROTOCOL.md: a set of paths comes in as WIRE_WATCH, WIRE_CHANGED and WIRE_UNWATCHED go out.
 */
#ifndef MUNTIN_WATCH_H
#define MUNTIN_WATCH_H

#include "wire.h"

struct watch;

struct watch_options {
	const char *root; /* terminated; copied */
	/** Take one or more whole frames, as in struct sink; after a failure nothing more comes.   Thread: the watch's. */
	int (*put)(void *arg, const void *frames, size_t len);
	/** Called once, when the watch has gone and nothing more will be put.   Thread: any. */
	void (*release)(void *arg);
	void *arg;
};

/**
 * Start the thread; nothing is watched yet. Returns NULL with ENOMEM or EAGAIN (no thread), and then does not call `release`.
 * Thread: any.
 */
MUN_NODISCARD struct watch *watch_new(const struct watch_options *options);

/**
 * Watch these paths, { bytes path }…, instead of those before. Waits for nothing: the answers carry `id`.
 * Returns 0, or -1 with EPROTO when the bytes break the rules, or with ENOMEM; the set is then the one before.   Thread: one at a time.
 */
MUN_NODISCARD int watch_set(struct watch *watch, uint64_t id, const struct wire_reader *paths);

/** Tell the thread to end and do not wait for it: it may be stuck on a dead mount. Takes NULL.   Thread: as watch_set(). */
void watch_free(struct watch *watch);

#endif
