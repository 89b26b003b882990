/*
 * What every file may assume: attributes, sizes that cannot overflow in silence, a few small helpers.
 */
#ifndef MUNTIN_BASE_H
#define MUNTIN_BASE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define MUN_NODISCARD __attribute__((warn_unused_result))
#define MUN_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define MUN_NORETURN __attribute__((noreturn))

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/** The smaller of two sizes.   Thread: any. */
static inline size_t size_min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/** The larger of two sizes.   Thread: any. */
static inline size_t size_max(size_t a, size_t b)
{
	return a > b ? a : b;
}

/**
 * Zeroed memory that is going to be used up soon, page by page: where the system can, they are had in one go.
 * Returns NULL with ENOMEM. Owner: free() gives it back.   Thread: any.
 */
MUN_NODISCARD void *pages_new(size_t size);

/**
 * Have large arrays, and what is free at the end of a heap, go back to the system when they are freed, always: by itself
 * the C library of GNU comes to keep tens of megabytes.   Thread: main, before all others.
 */
void memory_init(void);

/**
 * Let the system have what was freed and lies between things that are in use, where that can be asked for. It looks at all
 * that is free: only for when much was freed.   Thread: any.
 */
void memory_trim(void);

/**
 * Make an array hold at least `need` elements of `size` bytes, growing by half or more.
 * `items` points to the array's pointer, `cap` to its capacity in elements.
 * Returns 0, or -1 with ENOMEM; the array is then unchanged.   Thread: any.
 */
MUN_NODISCARD int vec_grow(void *items, size_t *cap, size_t need, size_t size);

#endif
