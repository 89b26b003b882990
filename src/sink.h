/*
 * Where producers of frames put them: a ring, a buffer, a test. Scans and operations know nothing else.
 */
#ifndef MUNTIN_SINK_H
#define MUNTIN_SINK_H

#include "base.h"

struct sink {
	/**
	 * Take one or more whole frames; the bytes are copied. May block while the consumer is behind.
	 * Returns 0, or -1 with EPIPE once nobody wants them any more.   Thread: any producer.
	 */
	int (*put)(void *arg, const void *frames, size_t len);
	void *arg;

	/**
	 * A producer that puts many small frames opens a writer of its own (NULL with ENOMEM). What is written can be seen by the consumer at once,
	 * and before what is written later by the same writer; only a flush puts it before what others put after it.
	 * Thread: that producer.
	 */
	void *(*open)(void *arg);
	int (*write)(void *writer, const void *frames, size_t len);

	/**
	 * The same with one frame that may still grow: its length is filled in when it is closed, by anything else that is written or by
	 * the consumer's taking it. extend() lets it grow, or returns 1 when it is closed or as large as it can be.
	 */
	int (*begin)(void *writer, const void *frame, size_t len);
	int (*extend)(void *writer, const void *part, size_t len);

	int (*flush)(void *writer);
	void (*close)(void *writer); /* takes NULL; what was not flushed is lost */
};

#endif
