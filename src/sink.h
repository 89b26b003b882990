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
};

/** Hand whole frames to a sink; see struct sink.   Thread: any producer. */
MUN_NODISCARD static inline int sink_put(const struct sink *sink, const void *frames, size_t len)
{
	return sink->put(sink->arg, frames, len);
}

#endif
