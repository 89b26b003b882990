/*
 * Short byte strings that are kept and never move, named by a 32-bit offset: names and link targets.
 *
 * A string is stored as varint length and bytes, so it needs one byte more than its length (two from 128 on).
 * Memory comes in chunks; nothing is given back before arena_fini().
 */
#ifndef MUNTIN_ARENA_H
#define MUNTIN_ARENA_H

#include "base.h"

struct arena {
	unsigned char **chunks;
	size_t chunk_count;
	size_t chunk_cap;
	size_t used;         /* bytes of the last chunk in use */
};

#define ARENA_INIT { NULL, 0, 0, 0 }

enum {
	ARENA_CHUNK_BITS = 18,
	ARENA_MAX_STRING = 1 << 16, /* longer strings are refused */
};

/** Give all memory back.   Thread: the owner's. */
void arena_fini(struct arena *arena);

/**
 * Keep a copy of `len` bytes. Returns its offset, never 0; or 0 with ENOMEM (also once 4 GiB are full)
 * or EINVAL (too long).   Thread: the owner's.
 */
MUN_NODISCARD uint32_t arena_add(struct arena *arena, const void *bytes, size_t len);

/** The string at an offset that arena_add() returned; borrowed until arena_fini().   Thread: the owner's. */
const char *arena_get(const struct arena *arena, uint32_t at, size_t *len);

/** Bytes allocated.   Thread: the owner's. */
size_t arena_memory(const struct arena *arena);

#endif
