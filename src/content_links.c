#include "content_links.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* An inode as it was when it was opened. */
struct content_link {
	struct content_link *next; /* in its slot */
	uint64_t dev;
	uint64_t ino;
	uint64_t size;
	int64_t mtime;
	int64_t ctime;
	uint64_t names;            /* that are still to come */
	size_t count;              /* of pieces that were read */
	struct content_hash first;
	struct content_hash *others;
	size_t cap;                /* of those */
	unsigned holders;
	bool reading;              /* somebody reads the next piece */
	bool lost;                 /* there was no memory for one: no more is kept */
	bool listed;               /* it stands in its slot */
};

struct content_links {
	atomic_uint refs;
	uint64_t seed;
	pthread_mutex_t lock;      /* the rest, and all that is in it */
	pthread_cond_t put;        /* a piece has come, or will not, or it is time to stop */
	struct content_link **slots;
	size_t cap;                /* a power of two, or 0 */
	size_t count;
};

struct content_links *content_links_new(void)
{
	struct content_links *links = calloc(1, sizeof *links);
	struct timespec now;

	if (!links)
		return NULL;
	clock_gettime(CLOCK_REALTIME, &now);
	atomic_init(&links->refs, 1);
	links->seed = (uint64_t)now.tv_nsec * UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)now.tv_sec ^ (uint64_t)(uintptr_t)links;
	pthread_mutex_init(&links->lock, NULL);
	pthread_cond_init(&links->put, NULL);
	return links;
}

struct content_links *content_links_ref(struct content_links *links)
{
	atomic_fetch_add(&links->refs, 1);
	return links;
}

static void link_free(struct content_link *link)
{
	free(link->others);
	free(link);
}

void content_links_unref(struct content_links *links)
{
	if (!links || atomic_fetch_sub_explicit(&links->refs, 1, memory_order_acq_rel) > 1)
		return;
	for (size_t i = 0; i < links->cap; i++) {
		while (links->slots[i]) {
			struct content_link *link = links->slots[i];

			links->slots[i] = link->next;
			link_free(link);
		}
	}
	free(links->slots);
	pthread_cond_destroy(&links->put);
	pthread_mutex_destroy(&links->lock);
	free(links);
}

void content_links_wake(struct content_links *links)
{
	pthread_mutex_lock(&links->lock);
	pthread_cond_broadcast(&links->put);
	pthread_mutex_unlock(&links->lock);
}

/* The table ------------------------------------------------------------------------------------------- */

static struct content_link **slot_of(const struct content_links *links, uint64_t dev, uint64_t ino)
{
	return &links->slots[((ino ^ dev << 48) * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (links->cap - 1)];
}

/* Have room for one more, on average two in a slot. Returns -1 with ENOMEM. */
static int grow(struct content_links *links)
{
	struct content_links old = { .slots = links->slots, .cap = links->cap };
	size_t cap = old.cap ? old.cap * 2 : 64;
	struct content_link **slots;

	if (links->count < old.cap * 2)
		return 0;
	slots = calloc(cap, sizeof *slots);
	if (!slots)
		return -1;
	links->slots = slots;
	links->cap = cap;
	for (size_t i = 0; i < old.cap; i++) {
		while (old.slots[i]) {
			struct content_link *link = old.slots[i];
			struct content_link **slot = slot_of(links, link->dev, link->ino);

			old.slots[i] = link->next;
			link->next = *slot;
			*slot = link;
		}
	}
	free(old.slots);
	return 0;
}

/* Take a file out of the table; whoever still holds it has it. */
static void forget(struct content_links *links, struct content_link *link)
{
	struct content_link **at = slot_of(links, link->dev, link->ino);

	if (!link->listed)
		return;
	while (*at != link)
		at = &(*at)->next;
	*at = link->next;
	link->listed = false;
	links->count--;
	if (link->holders == 0)
		link_free(link);
}

static struct content_link *find(struct content_links *links, const struct attrs *attrs)
{
	struct content_link *link = links->cap ? *slot_of(links, attrs->dev, attrs->ino) : NULL;

	while (link && (link->dev != attrs->dev || link->ino != attrs->ino))
		link = link->next;
	if (!link || (link->size == attrs->size && link->mtime == attrs->mtime && link->ctime == attrs->ctime))
		return link;
	forget(links, link);
	return NULL;
}

static struct content_link *add(struct content_links *links, const struct attrs *attrs)
{
	struct content_link *link = grow(links) == 0 ? malloc(sizeof *link) : NULL;
	struct content_link **slot;

	if (!link)
		return NULL;
	slot = slot_of(links, attrs->dev, attrs->ino);
	*link = (struct content_link){
		.next = *slot, .dev = attrs->dev, .ino = attrs->ino, .size = attrs->size, .mtime = attrs->mtime, .ctime = attrs->ctime,
		.names = attrs->nlink, .listed = true,
	};
	*slot = link;
	links->count++;
	return link;
}

struct content_link *content_links_take(struct content_links *links, const struct attrs *attrs, unsigned names)
{
	struct content_link *link;

	/* a size of 0 may be that of a file made by the kernel, which has no pieces that could be told */
	if (attrs->nlink < 2 || attrs->size == 0 || !attrs->dev)
		return NULL;
	pthread_mutex_lock(&links->lock);
	link = find(links, attrs);
	if (!link)
		link = add(links, attrs);
	if (link) {
		link->holders++;
		link->names -= link->names > names ? names : link->names;
	}
	pthread_mutex_unlock(&links->lock);
	return link;
}

void content_links_give(struct content_links *links, struct content_link *link, bool changed)
{
	if (!link)
		return;
	pthread_mutex_lock(&links->lock);
	link->holders--;
	if (link->listed && (changed || (link->names == 0 && link->holders == 0)))
		forget(links, link);
	else if (!link->listed && link->holders == 0)
		link_free(link);
	pthread_mutex_unlock(&links->lock);
}

/* Pieces ---------------------------------------------------------------------------------------------- */

static struct content_hash *hash_at(struct content_link *link, size_t at)
{
	return at == 0 ? &link->first : &link->others[at - 1];
}

enum content_link_next content_links_next(struct content_links *links, struct content_link *link, size_t at, const atomic_bool *stop,
					  struct content_hash *hash)
{
	enum content_link_next next = LINK_READ;

	pthread_mutex_lock(&links->lock);
	while (at == link->count && link->reading && !link->lost && !atomic_load(stop))
		pthread_cond_wait(&links->put, &links->lock);
	if (at < link->count) {
		*hash = *hash_at(link, at);
		next = LINK_KNOWN;
	} else if (at == link->count && !link->lost) {
		next = link->reading ? LINK_STOPPED : LINK_READ;
		link->reading = true;
	}
	pthread_mutex_unlock(&links->lock);
	return next;
}

void content_links_put(struct content_links *links, struct content_link *link, size_t at, const struct content_hash *hash)
{
	pthread_mutex_lock(&links->lock);
	/* behind a hole that was passed over nothing is kept */
	if (at == link->count)
		link->reading = false;
	if (hash && at == link->count && !link->lost) {
		link->lost = vec_grow(&link->others, &link->cap, link->count, sizeof *link->others) != 0;
		if (!link->lost)
			*hash_at(link, link->count++) = *hash;
	}
	pthread_cond_broadcast(&links->put);
	pthread_mutex_unlock(&links->lock);
}

struct content_hash content_links_hash(const struct content_links *links, const void *bytes, size_t len)
{
	XXH128_hash_t hash = XXH3_128bits_withSeed(bytes, len, links->seed);

	return (struct content_hash){ { hash.low64, hash.high64 } };
}
