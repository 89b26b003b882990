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
 *   unlock; armed? wake ──────────────▶ (poll returns, or the consumer's clock ticks)
 *
 * A scanner has something to say every microsecond; to lock for each would make the processors pass the lock's memory to and fro.
 * So it has a writer, a few KiB of its own:
 *
 *      0          begun           end               WRITER
 *      ┌────────────┬───────────────┬─────────────────┐
 *      │ frames     │ one that may  │ free            │      producer: copy behind `end`, then move it (no lock)
 *      │            │ still grow    │                 │      full, or flush: lock, move all into the ring, start over
 *      └────────────┴───────────────┴─────────────────┘
 *
 * A consumer that finds the ring empty looks into the writers, under the lock: it claims what is there and moves it into the ring
 * itself. So nothing waits in a writer while its thread hangs in a system call. `end`, `begun` and the claim are one atomic
 * word: a producer that has lost its writer to a claim finds out when it wants to move `end`, waits for the lock, and
 * starts over at 0. Whoever takes a frame that may still grow closes it: its length is what has arrived.
 *
 * Wake-ups coalesce: the consumer arms the bell when it finds nothing, or drops the last byte; the next
 * producer disarms and rings it. The order is what makes it safe: the consumer arms before it looks into the
 * writers, a producer moves `end` before it looks at the bell. The wake function is called under a lock of
 * its own that ring_close() takes too; that is how no call can come after the close.
 *
 * head == tail is empty; a put that would make tail meet head from behind has to wait (one byte stays free).
 */
#include "ring.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { WRITER = 4096 };

/* The state of a writer. `begun` is there while the last frame may still grow. */
enum {
	END = 0x3fff,
	BEGUN_SHIFT = 14,
	BEGUN = END << BEGUN_SHIFT,
	GROWS = 1 << 28,
	CLAIMED = 1 << 29, /* the consumer takes, or has taken, all of it */
	BUSY = 1 << 30,    /* the producer closes a frame: no claim now */
};

struct ring_writer {
	struct ring *ring;          /* a reference */
	struct ring_writer *next;   /* under the ring's lock */
	struct ring_writer *previous;
	_Atomic uint32_t state;     /* changed by the producer, but for the claim, which is made under the lock */
	uint32_t cap;
	unsigned char bytes[WRITER];
};

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
	struct ring_writer *writers;

	atomic_bool armed;         /* the next put is to wake */
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
	atomic_init(&ring->armed, true);
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

static void ring_bell(struct ring *ring)
{
	if (!atomic_load(&ring->armed) || !atomic_exchange(&ring->armed, false))
		return;
	pthread_mutex_lock(&ring->wake_lock);
	if (ring->wake)
		ring->wake(ring->wake_arg);
	pthread_mutex_unlock(&ring->wake_lock);
}

/* Wait until there is room; returns SIZE_MAX once the ring is closed.   Under the lock. */
static size_t wait_for_room(struct ring *ring, size_t len)
{
	size_t at;

	while (!ring->closed && (at = find_room(ring, len)) == SIZE_MAX) {
		ring->waiting++;
		ring->stats.waits++;
		pthread_cond_wait(&ring->room, &ring->lock);
		ring->waiting--;
	}
	return ring->closed ? SIZE_MAX : at;
}

/* Copy a block to where find_room() said.   Under the lock. */
static void append(struct ring *ring, size_t at, const void *frames, size_t len)
{
	if (at != ring->tail)
		ring->end = ring->tail;
	memcpy(ring->bytes + at, frames, len);
	ring->tail = at + len;
	ring->stats.frames++;
}

int ring_put(struct ring *ring, const void *frames, size_t len)
{
	size_t at;

	if (len > ring->cap) {
		errno = EMSGSIZE;
		return -1;
	}
	pthread_mutex_lock(&ring->lock);
	at = wait_for_room(ring, len);
	if (at != SIZE_MAX)
		append(ring, at, frames, len);
	pthread_mutex_unlock(&ring->lock);
	if (at == SIZE_MAX) {
		errno = EPIPE;
		return -1;
	}
	ring_bell(ring);
	return 0;
}

/* Writers --------------------------------------------------------------------------------------------- */

struct ring_writer *ring_writer_new(struct ring *ring)
{
	struct ring_writer *writer = malloc(sizeof *writer);

	if (!writer)
		return NULL;
	writer->ring = ring_ref(ring);
	writer->previous = NULL;
	writer->cap = (uint32_t)size_min(WRITER, ring->cap / 2);
	atomic_init(&writer->state, 0);
	pthread_mutex_lock(&ring->lock);
	writer->next = ring->writers;
	if (ring->writers)
		ring->writers->previous = writer;
	ring->writers = writer;
	pthread_mutex_unlock(&ring->lock);
	return writer;
}

void ring_writer_free(struct ring_writer *writer)
{
	struct ring *ring;

	if (!writer)
		return;
	ring = writer->ring;
	pthread_mutex_lock(&ring->lock);
	if (writer->previous)
		writer->previous->next = writer->next;
	else
		ring->writers = writer->next;
	if (writer->next)
		writer->next->previous = writer->previous;
	pthread_mutex_unlock(&ring->lock);
	free(writer);
	ring_unref(ring);
}

/* Fill in the length of a frame that is whole now. */
static void close_frame(unsigned char *frame, size_t len)
{
	uint32_t rest = (uint32_t)(len - sizeof rest);

	for (unsigned i = 0; i < sizeof rest; i++)
		frame[i] = (unsigned char)(rest >> 8 * i);
}

/* Move what a writer holds to where find_room() said.   Under the lock. */
static void move(struct ring *ring, size_t at, const struct ring_writer *writer, uint32_t state)
{
	size_t begun = (state & BEGUN) >> BEGUN_SHIFT;

	append(ring, at, writer->bytes, state & END);
	if (state & GROWS)
		close_frame(ring->bytes + at + begun, (state & END) - begun);
}

int ring_writer_flush(struct ring_writer *writer)
{
	struct ring *ring = writer->ring;
	size_t at = 0;

	if (atomic_load_explicit(&writer->state, memory_order_relaxed) == 0)
		return 0;
	pthread_mutex_lock(&ring->lock);
	for (;;) {
		uint32_t state = atomic_load_explicit(&writer->state, memory_order_relaxed);

		at = ring->closed ? SIZE_MAX : 0;
		if (ring->closed || state & CLAIMED)
			break;
		at = find_room(ring, state & END);
		if (at != SIZE_MAX) {
			move(ring, at, writer, state);
			break;
		}
		wait_for_room(ring, state & END); /* meanwhile the consumer may have helped itself */
	}
	atomic_store_explicit(&writer->state, 0, memory_order_relaxed);
	pthread_mutex_unlock(&ring->lock);
	if (at == SIZE_MAX) {
		errno = EPIPE;
		return -1;
	}
	ring_bell(ring);
	return 0;
}

/* A claim has come between: once the consumer has moved everything the writer is empty. */
static void start_over(struct ring_writer *writer)
{
	pthread_mutex_lock(&writer->ring->lock);
	atomic_store_explicit(&writer->state, 0, memory_order_relaxed);
	pthread_mutex_unlock(&writer->ring->lock);
}

/* Close the frame that may still grow, unless a claim comes between. */
static void stop_growing(struct ring_writer *writer, uint32_t state)
{
	size_t begun = (state & BEGUN) >> BEGUN_SHIFT;

	if (!atomic_compare_exchange_strong(&writer->state, &state, state | BUSY))
		return;
	close_frame(writer->bytes + begun, (state & END) - begun);
	atomic_store(&writer->state, state & END);
}

/* Put a block behind what is there; `grows` is GROWS or 0. */
static int put_block(struct ring_writer *writer, const void *frames, size_t len, uint32_t grows)
{
	for (;;) {
		uint32_t state = atomic_load_explicit(&writer->state, memory_order_relaxed);
		uint32_t end = state & END;

		if (state & CLAIMED) {
			start_over(writer);
		} else if (state & GROWS) {
			stop_growing(writer, state);
		} else if (len > writer->cap - end) {
			if (ring_writer_flush(writer) != 0)
				return -1;
			if (len > writer->cap)
				return ring_put(writer->ring, frames, len);
		} else {
			memcpy(writer->bytes + end, frames, len);
			if (atomic_compare_exchange_strong(&writer->state, &state, (end + (uint32_t)len) | end << BEGUN_SHIFT | grows)) {
				ring_bell(writer->ring);
				return 0;
			}
		}
	}
}

int ring_writer_put(struct ring_writer *writer, const void *frames, size_t len)
{
	return put_block(writer, frames, len, 0);
}

int ring_writer_begin(struct ring_writer *writer, const void *frame, size_t len)
{
	return put_block(writer, frame, len, GROWS);
}

int ring_writer_extend(struct ring_writer *writer, const void *part, size_t len)
{
	uint32_t state = atomic_load_explicit(&writer->state, memory_order_relaxed);

	if (!(state & GROWS) || state & CLAIMED || len > writer->cap - (state & END))
		return 1;
	memcpy(writer->bytes + (state & END), part, len);
	if (!atomic_compare_exchange_strong(&writer->state, &state, state + (uint32_t)len))
		return 1;
	ring_bell(writer->ring);
	return 0;
}

/* Claim what a writer holds and move it into the ring, if there is room. One that is busy rings when it is done.   Under the lock. */
static void take_from(struct ring *ring, struct ring_writer *writer)
{
	uint32_t state = atomic_load(&writer->state);

	while (!(state & (CLAIMED | BUSY)) && state & END) {
		size_t at = find_room(ring, state & END);

		if (at == SIZE_MAX)
			return;
		if (atomic_compare_exchange_strong(&writer->state, &state, state | CLAIMED)) {
			move(ring, at, writer, state);
			return;
		}
	}
}

/* Move what the writers hold into the empty ring.   Under the lock. */
static void take_written(struct ring *ring)
{
	atomic_store(&ring->armed, true);
	for (struct ring_writer *writer = ring->writers; writer; writer = writer->next)
		take_from(ring, writer);
}

/* The sink -------------------------------------------------------------------------------------------- */

static int put_in_ring(void *arg, const void *frames, size_t len)
{
	return ring_put(arg, frames, len);
}

static void *open_writer(void *arg)
{
	return ring_writer_new(arg);
}

static int write_frames(void *writer, const void *frames, size_t len)
{
	return ring_writer_put(writer, frames, len);
}

static int begin_frame(void *writer, const void *frame, size_t len)
{
	return ring_writer_begin(writer, frame, len);
}

static int extend_frame(void *writer, const void *part, size_t len)
{
	return ring_writer_extend(writer, part, len);
}

static int flush_writer(void *writer)
{
	return ring_writer_flush(writer);
}

static void close_writer(void *writer)
{
	ring_writer_free(writer);
}

struct sink ring_sink(struct ring *ring)
{
	return (struct sink){ put_in_ring, ring, open_writer, write_frames, begin_frame, extend_frame, flush_writer, close_writer };
}

/* The consumer ---------------------------------------------------------------------------------------- */

const void *ring_peek(struct ring *ring, size_t *len)
{
	const void *bytes;

	pthread_mutex_lock(&ring->lock);
	if (ring->tail < ring->head && ring->head == ring->end)
		ring->head = 0;
	if (ring->head == ring->tail && !ring->closed)
		take_written(ring);
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
