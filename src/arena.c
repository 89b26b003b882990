#include "arena.h"

#include <errno.h>
#include <string.h>

enum { CHUNK = 1 << ARENA_CHUNK_BITS, MAX_CHUNKS = 1 << (32 - ARENA_CHUNK_BITS), MAX_HEADER = 3 };

static_assert(ARENA_MAX_STRING + MAX_HEADER <= CHUNK, "a string fits a chunk");

void arena_fini(struct arena *arena)
{
	for (size_t i = 0; i < arena->chunk_count; i++)
		free(arena->chunks[i]);
	free(arena->chunks);
	*arena = (struct arena)ARENA_INIT;
}

static int add_chunk(struct arena *arena)
{
	unsigned char *chunk;

	if (arena->chunk_count == MAX_CHUNKS) {
		errno = ENOMEM;
		return -1;
	}
	if (vec_grow(&arena->chunks, &arena->chunk_cap, arena->chunk_count + 1, sizeof *arena->chunks) != 0)
		return -1;
	chunk = arena->chunk_count > 0 ? pages_new(CHUNK) : malloc(CHUNK);
	if (!chunk)
		return -1;
	chunk[0] = 0;
	arena->used = arena->chunk_count == 0; /* offset 0 means none, and reads as empty */
	arena->chunks[arena->chunk_count++] = chunk;
	return 0;
}

uint32_t arena_add(struct arena *arena, const void *bytes, size_t len)
{
	unsigned char *to;
	size_t at;

	if (len > ARENA_MAX_STRING) {
		errno = EINVAL;
		return 0;
	}
	if ((arena->chunk_count == 0 || CHUNK - arena->used < len + MAX_HEADER) && add_chunk(arena) != 0)
		return 0;
	at = arena->used;
	to = arena->chunks[arena->chunk_count - 1] + at;
	for (size_t rest = len;; rest >>= 7) {
		*to++ = (unsigned char)(rest < 0x80 ? rest : rest | 0x80);
		if (rest < 0x80)
			break;
	}
	memcpy(to, bytes, len);
	arena->used = (size_t)(to + len - arena->chunks[arena->chunk_count - 1]);
	return (uint32_t)((arena->chunk_count - 1) << ARENA_CHUNK_BITS | at);
}

const char *arena_get(const struct arena *arena, uint32_t at, size_t *len)
{
	const unsigned char *from = arena->chunks[at >> ARENA_CHUNK_BITS] + (at & (CHUNK - 1));
	unsigned shift = 0;

	*len = 0;
	for (;; from++, shift += 7) {
		*len |= (size_t)(*from & 0x7f) << shift;
		if (*from < 0x80)
			return (const char *)from + 1;
	}
}

size_t arena_memory(const struct arena *arena)
{
	return arena->chunk_count * CHUNK + arena->chunk_cap * sizeof *arena->chunks;
}
