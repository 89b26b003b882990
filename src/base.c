#include "base.h"

#include <errno.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <sys/mman.h>
#include <unistd.h>

#ifdef __GLIBC__
enum { MAPPED_FROM = 128 * 1024 }; /* bytes: what it is at first, but then it stays */
#endif

void *pages_new(size_t size)
{
	char *pages = calloc(1, size);
#ifdef MADV_POPULATE_WRITE
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t skip = pages ? (page - (uintptr_t)pages % page) % page : 0;

	if (pages && size > skip + page)
		(void)madvise(pages + skip, (size - skip) / page * page, MADV_POPULATE_WRITE);
#endif
	return pages;
}

void memory_init(void)
{
#ifdef __GLIBC__
	mallopt(M_MMAP_THRESHOLD, MAPPED_FROM);
#endif
}

void memory_trim(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

int vec_grow(void *items, size_t *cap, size_t need, size_t size)
{
	size_t want = *cap + *cap / 2;
	size_t bytes;
	void *old;
	void *grown;

	if (need <= *cap)
		return 0;
	want = size_max(size_max(want, need), 8);
	if (__builtin_mul_overflow(want, size, &bytes)) {
		errno = ENOMEM;
		return -1;
	}
	memcpy(&old, items, sizeof old);
	grown = realloc(old, bytes);
	if (!grown)
		return -1;
	memcpy(items, &grown, sizeof grown);
	*cap = want;
	return 0;
}
