/*
 * Reading a part of a file for who wants to look at it.
 */
#ifndef MUNTIN_FEED_READ_H
#define MUNTIN_FEED_READ_H

#include "ring.h"
#include "wire.h"

/**
 * Answer a WIRE_READ below the root that `root` names, in a thread of its own: the disk may hang. Only a regular file is
 * opened, through no link. Returns 0, or -1 with EPROTO; a refusal is appended to `answer`.   Thread: any.
 */
MUN_NODISCARD int feed_read(const char *root, struct ring *ring, const struct wire_frame *frame, struct buf *answer);

#endif
