/*
 * Looking at single entries of a root: what `i`, the `+` of rows and `w` ask for. No scan, nothing that is kept.
 */
#ifndef MUNTIN_LOOK_H
#define MUNTIN_LOOK_H

#include "ring.h"
#include "wire.h"

/**
 * Answer a WIRE_LOOK, WIRE_DETAILS or WIRE_WHY from a thread of its own into the ring, of which it takes a reference; when there
 * is no memory for that, a refusal is appended to `answer`.
 * Returns 0, or -1 with EPROTO when the frame is no such request.   Thread: any.
 */
MUN_NODISCARD int look_begin(const char *root, struct ring *ring, const struct wire_frame *frame, struct buf *answer);

#endif
