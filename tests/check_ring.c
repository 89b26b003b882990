/*
 * The ring: no loss, no duplicate, no change of order, at capacities where the edges are; with closing at any moment.
 */
#include "ring.h"

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define SLOWDOWN 10
#else
#define SLOWDOWN 1
#endif

static uint32_t draw(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(*seed >> 8) * below >> 24);
}

static void count_wake(void *arg)
{
	atomic_fetch_add((atomic_uint *)arg, 1);
}

START_TEST(keeps_blocks_whole)
{
	atomic_uint wakes = 0;
	struct ring *ring = ring_new(16, count_wake, &wakes);
	const char *bytes;
	size_t len;

	ck_assert_ptr_nonnull(ring);
	ck_assert_int_eq(ring_put(ring, "0123456789", 10), 0);
	ck_assert_int_eq(ring_put(ring, "abc", 3), 0);
	ck_assert_uint_eq(wakes, 1);
	bytes = ring_peek(ring, &len);
	ck_assert_uint_eq(len, 13);
	ck_assert_mem_eq(bytes, "0123456789abc", 13);
	ring_drop(ring, 10);
	/* six bytes do not fit behind and go to the front; what is peeked ends before them */
	ck_assert_int_eq(ring_put(ring, "UVWXYZ", 6), 0);
	ck_assert_uint_eq(ring_stats(ring).used, 9);
	bytes = ring_peek(ring, &len);
	ck_assert_uint_eq(len, 3);
	ck_assert_mem_eq(bytes, "abc", 3);
	ring_drop(ring, 3);
	bytes = ring_peek(ring, &len);
	ck_assert_uint_eq(len, 6);
	ck_assert_mem_eq(bytes, "UVWXYZ", 6);
	ring_drop(ring, 6);
	(void)!ring_peek(ring, &len);
	ck_assert_uint_eq(len, 0);
	/* empty again: the whole ring is one block's, and a wake is due */
	ck_assert_int_eq(ring_put(ring, "0123456789abcdef", 16), 0);
	ck_assert_uint_eq(wakes, 2);
	ck_assert_int_eq(ring_put(ring, "0123456789abcdefg", 17), -1);
	ck_assert_int_eq(errno, EMSGSIZE);
	ck_assert_uint_eq(ring_stats(ring).frames, 4);
	ring_close(ring);
	ring_unref(ring);
	ring_unref(NULL);
}
END_TEST

START_TEST(closes)
{
	atomic_uint wakes = 0;
	struct ring *ring = ring_new(16, count_wake, &wakes);
	struct sink sink = ring_sink(ring);
	size_t len;

	ck_assert_int_eq(sink.put(sink.arg, "abc", 3), 0);
	ck_assert(!ring_closed(ring));
	(void)!ring_peek(ring, &len);
	/* the consumer may close in the middle of what it reads, and drop that after */
	ring_close(ring);
	ring_drop(ring, len);
	ck_assert(ring_closed(ring));
	(void)!ring_peek(ring, &len);
	ck_assert_uint_eq(len, 0);
	ck_assert_uint_eq(ring_stats(ring).used, 0);
	ck_assert_int_eq(sink.put(sink.arg, "abc", 3), -1);
	ck_assert_int_eq(errno, EPIPE);
	ck_assert_uint_eq(wakes, 1);
	ring_unref(ring);
}
END_TEST

/* ---- one thread, against a queue of blocks ---------------------------------- */

enum { STEPS = 12000000, MAX_BLOCKS = 64 };

/* What should be in the ring: bytes count up, so that a number says what each has to be. */
struct queue {
	size_t len[MAX_BLOCKS];
	size_t first;
	size_t count;
	size_t peeked;   /* bytes of the first block that were dropped already */
	uint8_t next_in;
	uint8_t next_out;
};

/* Would ring_put() find room? The rules of the essay in ring.c, told again with numbers. */
struct places {
	size_t head;
	size_t tail;
	size_t end;
	bool wrapped;
};

static bool fits(const struct places *places, size_t cap, size_t len)
{
	if (places->wrapped)
		return places->tail + len < places->head;
	return places->tail + len <= cap || len < places->head;
}

static void places_put(struct places *places, size_t cap, size_t len)
{
	if (!places->wrapped && places->tail + len > cap) {
		places->end = places->tail;
		places->tail = 0;
		places->wrapped = true;
	}
	places->tail += len;
}

static void places_drop(struct places *places, size_t len)
{
	places->head += len;
	if (places->wrapped && places->head == places->end) {
		places->head = 0;
		places->wrapped = false;
	}
	if (!places->wrapped && places->head == places->tail)
		places->head = places->tail = 0;
}

static void put_block(struct ring *ring, struct queue *queue, struct places *places, size_t cap, size_t len)
{
	uint8_t block[64];

	if (queue->count == MAX_BLOCKS || !fits(places, cap, len))
		return;
	for (size_t i = 0; i < len; i++)
		block[i] = queue->next_in++;
	if (ring_put(ring, block, len) != 0)
		ck_abort_msg("a block with room was refused");
	places_put(places, cap, len);
	queue->len[(queue->first + queue->count++) % MAX_BLOCKS] = len;
}

/* Look at what is there, and take a part of it that may end anywhere. */
static void take_some(struct ring *ring, struct queue *queue, struct places *places, uint32_t *seed)
{
	size_t len;
	const uint8_t *bytes = ring_peek(ring, &len);
	size_t take;

	if ((len == 0) != (queue->count == 0))
		ck_abort_msg("%zu bytes are shown, %zu blocks are in", len, queue->count);
	if (len == 0)
		return;
	if (queue->len[queue->first] - queue->peeked > len)
		ck_abort_msg("a block is cut");
	take = draw(seed, 3) ? len : 1 + draw(seed, (uint32_t)len);
	for (size_t i = 0; i < take; i++) {
		if (bytes[i] != queue->next_out++)
			ck_abort_msg("a byte is not what was put");
	}
	ring_drop(ring, take);
	places_drop(places, take);
	for (take += queue->peeked; queue->count > 0 && take >= queue->len[queue->first]; queue->count--) {
		take -= queue->len[queue->first];
		queue->first = (queue->first + 1) % MAX_BLOCKS;
	}
	queue->peeked = take;
}

START_TEST(agrees_with_a_queue)
{
	uint32_t seed = (uint32_t)_i;
	size_t cap = 16 + (size_t)_i * 8;
	struct ring *ring = ring_new(cap, NULL, NULL);
	struct queue queue = { .first = 0 };
	struct places places = { .head = 0 };

	ck_assert_ptr_nonnull(ring);
	for (unsigned step = 0; step < STEPS / 7 / SLOWDOWN; step++) {
		if (draw(&seed, 5) < 3)
			put_block(ring, &queue, &places, cap, 1 + draw(&seed, draw(&seed, 4) ? (uint32_t)cap / 3 : (uint32_t)cap));
		else
			take_some(ring, &queue, &places, &seed);
	}
	ck_assert_uint_eq(ring_stats(ring).waits, 0);
	ring_close(ring);
	ring_unref(ring);
}
END_TEST

/* ---- several producers ------------------------------------------------------ */

enum { PRODUCERS = 4 };

/* Wakes the consumer as a loop would: once, however often it is called. */
struct bell {
	pthread_mutex_t lock;
	pthread_cond_t rung;
	bool rings;
};

static void ring_bell(void *arg)
{
	struct bell *bell = arg;

	pthread_mutex_lock(&bell->lock);
	bell->rings = true;
	pthread_cond_signal(&bell->rung);
	pthread_mutex_unlock(&bell->lock);
}

static void wait_for_bell(struct bell *bell)
{
	pthread_mutex_lock(&bell->lock);
	while (!bell->rings)
		pthread_cond_wait(&bell->rung, &bell->lock);
	bell->rings = false;
	pthread_mutex_unlock(&bell->lock);
}

/* A frame: its length, who sent it, which it was. */
struct frame {
	uint8_t len;
	uint8_t producer;
	uint8_t number[3];
};

struct producer {
	pthread_t thread;
	struct ring *ring;
	uint32_t frames;   /* to send */
	uint32_t sent;
	uint8_t number;
	int error;
	pthread_mutex_t *done;  /* held until the consumer has everything */
};

/* Send blocks of one to three frames with fillings of various lengths. */
static void *produce(void *arg)
{
	struct producer *self = arg;
	uint32_t seed = self->number;

	while (self->sent < self->frames) {
		uint8_t block[16];
		size_t len = 0;
		uint32_t first = self->sent;

		for (uint32_t count = 1 + draw(&seed, 3); count > 0 && self->sent < self->frames; count--) {
			size_t frame = size_min(sizeof(struct frame) + draw(&seed, 6), sizeof block - len);

			if (frame < sizeof(struct frame))
				break;
			memset(block + len, 0xee, frame);
			memcpy(block + len,
			       &(struct frame){ (uint8_t)frame, self->number,
						{ (uint8_t)self->sent, (uint8_t)(self->sent >> 8), (uint8_t)(self->sent >> 16) } },
			       sizeof(struct frame));
			len += frame;
			self->sent++;
		}
		if (ring_put(self->ring, block, len) != 0) {
			self->sent = first;
			self->error = errno;
			break;
		}
		if (draw(&seed, 64) == 0)
			sched_yield();
	}
	ring_unref(self->ring);
	return NULL;
}

/* Read whole frames; each has to be the next one of its producer. Returns how many there were. */
static uint32_t check_frames(const uint8_t *bytes, size_t len, uint32_t *next)
{
	uint32_t count = 0;

	for (size_t at = 0; at < len; at += bytes[at], count++) {
		struct frame frame;
		uint32_t number;

		ck_assert_uint_ge(len - at, sizeof frame);
		memcpy(&frame, bytes + at, sizeof frame);
		number = frame.number[0] | (uint32_t)frame.number[1] << 8 | (uint32_t)frame.number[2] << 16;
		if (frame.producer >= PRODUCERS || frame.len < sizeof frame || frame.len > len - at || number != next[frame.producer])
			ck_abort_msg("frame %u of producer %u is not the next one", number, frame.producer);
		next[frame.producer]++;
	}
	return count;
}

static void start(struct producer *producers, struct ring *ring, uint32_t frames)
{
	for (uint8_t i = 0; i < PRODUCERS; i++) {
		producers[i] = (struct producer){ .ring = ring_ref(ring), .frames = frames, .number = i };
		ck_assert_int_eq(pthread_create(&producers[i].thread, NULL, produce, &producers[i]), 0);
	}
}

START_TEST(loses_nothing)
{
	const uint32_t frames = 40000 / SLOWDOWN;
	struct bell bell = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false };
	struct ring *ring = ring_new(16 + (size_t)_i * 6, ring_bell, &bell);
	struct producer producers[PRODUCERS];
	uint32_t next[PRODUCERS] = { 0 };
	uint32_t got = 0;
	uint32_t seed = (uint32_t)_i;

	start(producers, ring, frames);
	while (got < PRODUCERS * frames) {
		size_t len;
		const uint8_t *bytes;

		wait_for_bell(&bell);
		while (bytes = ring_peek(ring, &len), len > 0) {
			size_t first = draw(&seed, 2) ? len : bytes[0];

			got += check_frames(bytes, first, next);
			ring_drop(ring, first);
		}
	}
	for (size_t i = 0; i < PRODUCERS; i++) {
		ck_assert_int_eq(pthread_join(producers[i].thread, NULL), 0);
		ck_assert_int_eq(producers[i].error, 0);
		ck_assert_uint_eq(next[i], frames);
	}
	ck_assert_uint_eq(ring_stats(ring).used, 0);
	ring_close(ring);
	ring_unref(ring);
}
END_TEST

/* The consumer goes after a while: every producer ends, whether it waits or not, and nothing wakes any more. */
START_TEST(lets_go_of_producers)
{
	for (unsigned round = 0; round < 400 / SLOWDOWN; round++) {
		struct bell bell = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false };
		struct ring *ring = ring_new(16 + round % 49, ring_bell, &bell);
		struct producer producers[PRODUCERS];
		uint32_t next[PRODUCERS] = { 0 };
		uint32_t got = 0;

		start(producers, ring, 1 << 20);
		while (got < round) {
			size_t len;
			const uint8_t *bytes;

			wait_for_bell(&bell);
			while (bytes = ring_peek(ring, &len), len > 0) {
				got += check_frames(bytes, len, next);
				ring_drop(ring, len);
			}
		}
		ring_close(ring);
		pthread_mutex_lock(&bell.lock);
		bell.rings = false;
		pthread_mutex_unlock(&bell.lock);
		ring_unref(ring);
		for (size_t i = 0; i < PRODUCERS; i++) {
			ck_assert_int_eq(pthread_join(producers[i].thread, NULL), 0);
			ck_assert_int_eq(producers[i].error, EPIPE);
			ck_assert_uint_ge(producers[i].sent, next[i]);
		}
		ck_assert(!bell.rings);
	}
}
END_TEST

/* ---- writers ----------------------------------------------------------------- */

/* What is written: a length as the protocol has it, who wrote it, and numbers that count up. */
enum { HEAD = 5, NUMBER = 3 };

static void store_head(uint8_t *frame, uint8_t producer, size_t len)
{
	size_t rest = len - 4;

	for (unsigned i = 0; i < 4; i++)
		frame[i] = (uint8_t)(rest >> 8 * i);
	frame[4] = producer;
}

static void store_number(uint8_t *at, uint32_t number)
{
	for (unsigned i = 0; i < NUMBER; i++)
		at[i] = (uint8_t)(number >> 8 * i);
}

/* A frame of `count` numbers from `first` on. Returns its length. */
static size_t make_frame(uint8_t *frame, uint8_t producer, uint32_t first, size_t count)
{
	size_t len = HEAD;

	for (size_t i = 0; i < count; i++, len += NUMBER)
		store_number(frame + len, first + (uint32_t)i);
	store_head(frame, producer, len);
	return len;
}

/* Read one frame; its numbers have to be the next of its producer. Returns its length. */
static size_t check_numbers(const uint8_t *frame, size_t left, uint32_t *next)
{
	size_t len = 4;

	ck_assert_uint_ge(left, HEAD);
	for (unsigned i = 0; i < 4; i++)
		len += (size_t)frame[i] << 8 * i;
	if (len < HEAD || len > left || (len - HEAD) % NUMBER != 0 || frame[4] >= PRODUCERS)
		ck_abort_msg("a frame of %zu bytes with %zu left, of producer %u", len, left, frame[4]);
	for (size_t at = HEAD; at < len; at += NUMBER) {
		uint32_t number = frame[at] | (uint32_t)frame[at + 1] << 8 | (uint32_t)frame[at + 2] << 16;

		if (number != next[frame[4]]++)
			ck_abort_msg("%u of producer %u is not the next one", number, frame[4]);
	}
	return len;
}

/* Take all that can be had. */
static void take_numbers(struct ring *ring, uint32_t *next)
{
	const uint8_t *bytes;
	size_t len;

	while (bytes = ring_peek(ring, &len), len > 0) {
		size_t at = 0;

		while (at < len)
			at += check_numbers(bytes + at, len - at, next);
		ring_drop(ring, len);
	}
}

START_TEST(hides_nothing_in_a_writer)
{
	struct ring *ring = ring_new(64, NULL, NULL);
	struct ring_writer *writer = ring_writer_new(ring);
	uint32_t next[PRODUCERS] = { 0 };
	uint8_t frame[64];
	size_t len;

	ck_assert_ptr_nonnull(writer);
	/* nothing to grow yet, nor after a whole frame */
	ck_assert_int_eq(ring_writer_extend(writer, "123", NUMBER), 1);
	len = make_frame(frame, 0, 0, 1);
	ck_assert_int_eq(ring_writer_put(writer, frame, len), 0);
	store_number(frame, 1);
	ck_assert_int_eq(ring_writer_extend(writer, frame, NUMBER), 1);
	take_numbers(ring, next);
	ck_assert_uint_eq(next[0], 1);

	/* what has grown is taken at once, and grows no more */
	len = make_frame(frame, 0, 1, 1);
	ck_assert_int_eq(ring_writer_begin(writer, frame, len), 0);
	store_number(frame, 2);
	ck_assert_int_eq(ring_writer_extend(writer, frame, NUMBER), 0);
	take_numbers(ring, next);
	ck_assert_uint_eq(next[0], 3);
	store_number(frame, 3);
	ck_assert_int_eq(ring_writer_extend(writer, frame, NUMBER), 1);

	/* a frame is closed by the next; it grows as far as there is room: 32 bytes, of which two frames have 16 */
	for (uint32_t at = 3; at < 5; at++) {
		len = make_frame(frame, 0, at, 1);
		ck_assert_int_eq(ring_writer_begin(writer, frame, len), 0);
	}
	for (uint32_t at = 5; at < 10; at++) {
		store_number(frame, at);
		ck_assert_int_eq(ring_writer_extend(writer, frame, NUMBER), 0);
	}
	ck_assert_int_eq(ring_writer_extend(writer, frame, NUMBER), 1);
	ck_assert_int_eq(ring_writer_flush(writer), 0);
	ck_assert_uint_eq(ring_stats(ring).used, 31);
	take_numbers(ring, next);
	ck_assert_uint_eq(next[0], 10);

	/* one that the writer has no room for goes straight into the ring, behind what was written */
	len = make_frame(frame, 0, 10, 1);
	ck_assert_int_eq(ring_writer_begin(writer, frame, len), 0);
	len = make_frame(frame, 0, 11, 12);
	ck_assert_int_eq(ring_writer_begin(writer, frame, len), 0);
	ck_assert_int_eq(ring_writer_extend(writer, frame, NUMBER), 1);
	take_numbers(ring, next);
	ck_assert_uint_eq(next[0], 23);

	ring_close(ring);
	ck_assert_int_eq(ring_writer_put(writer, frame, len), -1);
	ck_assert_int_eq(errno, EPIPE);
	ring_writer_free(writer);
	ring_writer_free(NULL);
	ring_unref(ring);
}
END_TEST

/* Write numbers in frames of their own, in frames that grow, and in a mixture with flushes. */
static void *write_numbers(void *arg)
{
	struct producer *self = arg;
	struct ring_writer *writer = ring_writer_new(self->ring);
	uint32_t seed = self->number;
	uint8_t frame[HEAD + 4 * NUMBER];

	self->error = writer ? 0 : ENOMEM;
	while (!self->error && self->sent < self->frames) {
		uint32_t count = 1 + draw(&seed, 4);
		int status;

		store_number(frame, self->sent);
		if (draw(&seed, 8) > 0 && ring_writer_extend(writer, frame, NUMBER) == 0) {
			self->sent++;
			continue;
		}
		count = count < self->frames - self->sent ? count : self->frames - self->sent;
		make_frame(frame, self->number, self->sent, count);
		status = draw(&seed, 2) ? ring_writer_begin(writer, frame, HEAD + count * NUMBER)
					: ring_writer_put(writer, frame, HEAD + count * NUMBER);
		if (status == 0 && draw(&seed, 16) == 0)
			status = ring_writer_flush(writer);
		self->error = status == 0 ? 0 : errno;
		self->sent += count;
	}
	/* not flushed on purpose: it is within reach all the same, as long as the writer is there */
	pthread_mutex_lock(self->done);
	pthread_mutex_unlock(self->done);
	ring_writer_free(writer);
	ring_unref(self->ring);
	return NULL;
}

START_TEST(loses_nothing_of_writers)
{
	const uint32_t numbers = 200000 / SLOWDOWN;
	pthread_mutex_t done = PTHREAD_MUTEX_INITIALIZER;
	struct bell bell = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false };
	struct ring *ring = ring_new(64u << _i * 2, ring_bell, &bell);
	struct producer producers[PRODUCERS];
	uint32_t next[PRODUCERS] = { 0 };
	uint32_t got = 0;

	pthread_mutex_lock(&done);
	for (uint8_t i = 0; i < PRODUCERS; i++) {
		producers[i] = (struct producer){ .ring = ring_ref(ring), .frames = numbers, .number = i, .done = &done };
		ck_assert_int_eq(pthread_create(&producers[i].thread, NULL, write_numbers, &producers[i]), 0);
	}
	while (got < PRODUCERS * numbers) {
		take_numbers(ring, next);
		got = 0;
		for (size_t i = 0; i < PRODUCERS; i++)
			got += next[i];
		if (got < PRODUCERS * numbers)
			wait_for_bell(&bell);
	}
	pthread_mutex_unlock(&done);
	for (size_t i = 0; i < PRODUCERS; i++) {
		ck_assert_int_eq(pthread_join(producers[i].thread, NULL), 0);
		ck_assert_int_eq(producers[i].error, 0);
		ck_assert_uint_eq(next[i], numbers);
	}
	ck_assert_uint_eq(ring_stats(ring).used, 0);
	ring_close(ring);
	ring_unref(ring);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ring");
	TCase *tests = tcase_create("ring");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, keeps_blocks_whole);
	tcase_add_test(tests, closes);
	tcase_add_loop_test(tests, agrees_with_a_queue, 0, 7);
	tcase_add_loop_test(tests, loses_nothing, 0, 9);
	tcase_add_test(tests, lets_go_of_producers);
	tcase_add_test(tests, hides_nothing_in_a_writer);
	tcase_add_loop_test(tests, loses_nothing_of_writers, 0, 4);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
