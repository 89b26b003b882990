/*
 * A bounded, locked ring of frames: several producers put, one consumer takes.
 *
 * It is reference-counted, because a producer may be stuck in the kernel long after the consumer has gone.
 */
#ifndef MUNTIN_RING_H
#define MUNTIN_RING_H

#include "base.h"
#include "sink.h"

struct ring;

struct ring_stats {
	size_t used;       /* bytes waiting now */
	uint64_t frames;   /* calls of ring_put() that succeeded */
	uint64_t waits;    /* times that a producer had to wait for room */
};

/**
 * A ring of `cap` bytes, at least 16. `wake` is called with `arg`, by a producer and without the lock, when something comes
 * after the consumer has found, or left, the ring empty; it must not block.
 * Returns NULL with ENOMEM. The caller holds one reference.   Thread: any.
 */
MUN_NODISCARD struct ring *ring_new(size_t cap, void (*wake)(void *arg), void *arg);

/** One more reference; returns the ring.   Thread: any that holds one. */
struct ring *ring_ref(struct ring *ring);

/** Give a reference back; the last one frees. Takes NULL.   Thread: any. */
void ring_unref(struct ring *ring);

/**
 * Append one block of whole frames as it is; blocks while there is no room. A block larger than the ring is EMSGSIZE.
 * Returns 0, or -1 with EPIPE once the consumer has closed.
 * Owner: bytes are copied.   Thread: producer.
 */
MUN_NODISCARD int ring_put(struct ring *ring, const void *frames, size_t len);

/**
 * A producer's own way in, for many small frames: it takes the lock once for many of them. Each is within the consumer's
 * reach as soon as ring_writer_put() has returned, whatever the producer does next.
 * Holds a reference to the ring. Returns NULL with ENOMEM.   Thread: producer; the writer stays with one at a time.
 */
struct ring_writer;
MUN_NODISCARD struct ring_writer *ring_writer_new(struct ring *ring);

/** Take NULL; what was not flushed is lost.   Thread: its producer. */
void ring_writer_free(struct ring_writer *writer);

/** As ring_put(), but other producers' blocks may come before it until the next flush.   Thread: its producer. */
MUN_NODISCARD int ring_writer_put(struct ring_writer *writer, const void *frames, size_t len);

/**
 * The same with one frame that may still grow, which begins with the length of the rest as docs/PROTOCOL.md has it: that is
 * filled in when it is closed, by anything else that is put or by the consumer's taking it. It is at most WRITER bytes long.
 * Thread: its producer.
 */
MUN_NODISCARD int ring_writer_begin(struct ring_writer *writer, const void *frame, size_t len);

/** Let the frame grow by a part. Returns 0, or 1 when it is closed or as large as it can be: nothing was put.   Thread: its producer. */
MUN_NODISCARD int ring_writer_extend(struct ring_writer *writer, const void *part, size_t len);

/** Let what was put come before everything that anybody puts from now on; may block as ring_put().   Thread: its producer. */
MUN_NODISCARD int ring_writer_flush(struct ring_writer *writer);

/** The ring as a sink.   Thread: any. */
struct sink ring_sink(struct ring *ring);

/**
 * The oldest bytes, whole blocks and contiguous; `*len` is 0 when there are none. They stay valid until ring_drop().
 * Thread: consumer.
 */
const void *ring_peek(struct ring *ring, size_t *len);

/** Take `len` of the bytes that ring_peek() showed out of the ring and let producers go on. Nothing once it is closed.   Thread: consumer. */
void ring_drop(struct ring *ring, size_t len);

/** Nobody will take any more: producers get EPIPE, what waits is lost. The wake function is never called after.   Thread: consumer. */
void ring_close(struct ring *ring);

/** Is it closed?   Thread: any. */
bool ring_closed(struct ring *ring);

/** Figures for people and tests.   Thread: any. */
struct ring_stats ring_stats(struct ring *ring);

#endif
