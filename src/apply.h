/*
 * Applying the stream: the one way in which a tree changes.
 *
 * A struct scan_view follows one scan: it knows which tree entry a directory number or a batch of the stream
 * stands for. Frames of a scan that nobody follows any more are simply not given to it.
 */
#ifndef MUNTIN_APPLY_H
#define MUNTIN_APPLY_H

#include "tree.h"
#include "wire.h"

struct scan_view;

enum apply_status {
	APPLY_OK,
	APPLY_DONE,   /* the scan has ended; the view can be freed */
	APPLY_BAD,    /* the stream breaks its rules: end the source */
	APPLY_NOMEM,
};

/** What a frame told, for whoever prints or indexes entries as they come. All but `arg` may be NULL. */
struct apply_events {
	/** The attributes of an entry are known, or cannot be had (`element.error`). Not for those that vanished. */
	void (*entry)(void *arg, entry_id id, const struct wire_attrs *element);
	/** A directory was opened; `attrs` are its own. */
	void (*begin)(void *arg, entry_id id, const struct attrs *attrs);
	/** A directory has ended. */
	void (*end)(void *arg, entry_id id, enum wire_end how, enum error error);
	void *arg;
};

/**
 * Follow a scan of the directory `top` of a tree that outlives the view. Returns NULL with ENOMEM.
 * Thread: the tree's, for all functions.
 */
MUN_NODISCARD struct scan_view *scan_view_new(struct tree *tree, entry_id top);

/** Takes NULL. The directories that were being read become partial. */
void scan_view_free(struct scan_view *view);

/** Apply one frame of the scan (WIRE_BEGIN to WIRE_DONE); `events` may be NULL. */
enum apply_status scan_view_apply(struct scan_view *view, const struct wire_frame *frame, const struct apply_events *events);

/** Entries whose names have arrived so far. */
uint64_t scan_view_entries(const struct scan_view *view);

/** Why the scan ended: ERROR_NONE, ERROR_CANCELED after a stop. */
enum error scan_view_error(const struct scan_view *view);

#endif
