/*
 * The way to an entry: what stands in the path from `/` down to it, one component after the other, for whoever works out who
 * may go it. Symbolic links are followed here, as whoever opens the path would; nothing is opened but to be looked at.
 */
#ifndef MUNTIN_WHY_H
#define MUNTIN_WHY_H

#include "wire.h"

/**
 * Tell every component of the path of `path` (below the directory that `root` names) in order; the first is "/". One that
 * cannot be looked at has an error, and is the last. What a step points to is valid during the call only.
 * Returns ERROR_NONE, or why nothing was told: the root, memory.   Thread: any but the interface's main thread.
 */
MUN_NODISCARD enum error why_walk(
	const char *root, const char *path, void (*tell)(void *arg, const struct wire_step *step), void *arg);

#endif
