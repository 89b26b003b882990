/*
 * Threads for jobs that come one after another: one that has done its job waits for the next, which then needs no new
 * thread. Two wait at most: the next job may come before the one that has told its end is there. Busy or stuck ones are
 * replaced.
 */
#ifndef MUNTIN_CREW_H
#define MUNTIN_CREW_H

#include "base.h"

struct crew;

/** Nobody yet. Returns NULL with ENOMEM.   Thread: any, one at a time. */
MUN_NODISCARD struct crew *crew_new(size_t stack);

/** Let go; whoever is busy ends after that. Takes NULL.   Thread: as crew_new(). */
void crew_free(struct crew *crew);

/** Let a thread call `job`. Returns 0, or -1 with errno when none could be had.   Thread: as crew_new(). */
MUN_NODISCARD int crew_run(struct crew *crew, void (*job)(void *arg), void *arg);

#endif
