/*
 * The ring: how frames cross from scanner threads to the main thread.
 *
 *      0          head                 tail        end  cap
 *      ┌───────────┬────────────────────┬───────────┬────┐
 *      │   free    │ A │  B   │ C │  D  │   free    │    │      tail >= head: one piece
 *      └───────────┴────────────────────┴───────────┴────┘
 *      ┌────────┬──────────────────┬────────────────┬────┐
 *      │ E │ F  │      free        │ A │   B  │  C  │skip│      tail < head: wrapped
 *      └────────┴──────────────────┴────────────────┴────┘
 *               tail               head             end
 *
 * A block (one or more whole frames) never wraps: one that does not fit before `cap` begins at 0, and `end`
 * remembers where the bytes before it stop. So the consumer always sees contiguous memory and decodes in
 * place, outside the lock: producers write only to the free parts, and what lies between head and tail is
 * the consumer's until it drops it.
 *
 *   producers                          consumer (main thread)
 *   ring_put: lock                     ring_peek: lock, look, unlock
 *     no room? wait on `room` ◀──┐       … decode in place …
 *     copy, move tail            └──── ring_drop: lock, move head, signal `room`, unlock
 *   unlock; was empty? wake ──────────▶ (poll returns, or the consumer's clock ticks)
 *
 * Wake-ups coalesce by themselves: only the step from empty to not empty wakes, and the consumer drains on
 * its own clock, so a busy producer wakes it at most once a turn. The wake function is called under a second
 * lock that ring_close() takes too; that is how no call can come after the close.
 *
 * head == tail is empty; a put that would make tail meet head from behind has to wait (one byte stays free).
 */
#include "ring.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

struct ring {
	pthread_mutex_t lock;      /* everything below, but not `wake` */
	pthread_cond_t room;       /* head moved, or closed */
	size_t cap;
	size_t head;               /* the oldest byte */
	size_t tail;               /* where the next block goes */
	size_t end;                /* while wrapped: where the bytes before the wrap stop */
	unsigned waiting;          /* producers in ring_put() without room */
	bool closed;
	struct ring_stats stats;

	pthread_mutex_t wake_lock; /* `wake` and its being called */
	void (*wake)(void *arg);
	void *wake_arg;

	atomic_uint refs;
	unsigned char bytes[];
};

struct ring *ring_new(size_t cap, void (*wake)(void *arg), void *arg)
{
	pthread_mutexattr_t attr;
	struct ring *ring;

	assert(cap >= 16);
	ring = malloc(sizeof *ring + cap);
	if (!ring)
		return NULL;
	*ring = (struct ring){ .cap = cap, .wake = wake, .wake_arg = arg };
	pthread_mutexattr_init(&attr);
#ifdef PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ADAPTIVE_NP);
#endif
	pthread_mutex_init(&ring->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	pthread_mutex_init(&ring->wake_lock, NULL);
	pthread_cond_init(&ring->room, NULL);
	atomic_init(&ring->refs, 1);
	return ring;
}

struct ring *ring_ref(struct ring *ring)
{
	atomic_fetch_add_explicit(&ring->refs, 1, memory_order_relaxed);
	return ring;
}

void ring_unref(struct ring *ring)
{
	if (!ring || atomic_fetch_sub_explicit(&ring->refs, 1, memory_order_acq_rel) > 1)
		return;
	pthread_cond_destroy(&ring->room);
	pthread_mutex_destroy(&ring->wake_lock);
	pthread_mutex_destroy(&ring->lock);
	free(ring);
}

/* Where a block of `len` bytes can go now, or SIZE_MAX.   Under the lock. */
static size_t find_room(const struct ring *ring, size_t len)
{
	if (ring->tail < ring->head)
		return len < ring->head - ring->tail ? ring->tail : SIZE_MAX;
	if (len <= ring->cap - ring->tail)
		return ring->tail;
	return len < ring->head ? 0 : SIZE_MAX;
}

/* An empty ring starts over at 0, so that every block of up to `cap` bytes finds room in the end.   Under the lock. */
static void rewind_if_empty(struct ring *ring)
{
	if (ring->head == ring->tail)
		ring->head = ring->tail = 0;
}

static void call_wake(struct ring *ring)
{
	pthread_mutex_lock(&ring->wake_lock);
	if (ring->wake)
		ring->wake(ring->wake_arg);
	pthread_mutex_unlock(&ring->wake_lock);
}

int ring_put(struct ring *ring, const void *frames, size_t len)
{
	size_t at;
	bool was_empty;

	if (len > ring->cap) {
		errno = EMSGSIZE;
		return -1;
	}
	pthread_mutex_lock(&ring->lock);
	while (!ring->closed && (at = find_room(ring, len)) == SIZE_MAX) {
		ring->waiting++;
		ring->stats.waits++;
		pthread_cond_wait(&ring->room, &ring->lock);
		ring->waiting--;
	}
	if (ring->closed) {
		pthread_mutex_unlock(&ring->lock);
		errno = EPIPE;
		return -1;
	}
	was_empty = ring->head == ring->tail;
	if (at != ring->tail)
		ring->end = ring->tail;
	memcpy(ring->bytes + at, frames, len);
	ring->tail = at + len;
	ring->stats.frames++;
	pthread_mutex_unlock(&ring->lock);
	if (was_empty)
		call_wake(ring);
	return 0;
}

static int put_in_ring(void *arg, const void *frames, size_t len)
{
	return ring_put(arg, frames, len);
}

struct sink ring_sink(struct ring *ring)
{
	return (struct sink){ put_in_ring, ring };
}

const void *ring_peek(struct ring *ring, size_t *len)
{
	const void *bytes;

	pthread_mutex_lock(&ring->lock);
	if (ring->tail < ring->head && ring->head == ring->end)
		ring->head = 0;
	bytes = ring->bytes + ring->head;
	*len = (ring->tail < ring->head ? ring->end : ring->tail) - ring->head;
	pthread_mutex_unlock(&ring->lock);
	return bytes;
}

void ring_drop(struct ring *ring, size_t len)
{
	pthread_mutex_lock(&ring->lock);
	if (!ring->closed) {
		ring->head += len;
		if (ring->tail < ring->head && ring->head == ring->end)
			ring->head = 0;
		rewind_if_empty(ring);
	}
	if (ring->waiting > 0)
		pthread_cond_broadcast(&ring->room);
	pthread_mutex_unlock(&ring->lock);
}

void ring_close(struct ring *ring)
{
	pthread_mutex_lock(&ring->lock);
	ring->closed = true;
	ring->head = ring->tail = 0;
	pthread_cond_broadcast(&ring->room);
	pthread_mutex_unlock(&ring->lock);

	pthread_mutex_lock(&ring->wake_lock);
	ring->wake = NULL;
	pthread_mutex_unlock(&ring->wake_lock);
}

bool ring_closed(struct ring *ring)
{
	bool closed;

	pthread_mutex_lock(&ring->lock);
	closed = ring->closed;
	pthread_mutex_unlock(&ring->lock);
	return closed;
}

struct ring_stats ring_stats(struct ring *ring)
{
	struct ring_stats stats;

	pthread_mutex_lock(&ring->lock);
	stats = ring->stats;
	stats.used = ring->tail < ring->head ? ring->end - ring->head + ring->tail : ring->tail - ring->head;
	pthread_mutex_unlock(&ring->lock);
	return stats;
}
