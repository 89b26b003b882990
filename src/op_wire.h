/*
 * Operations on the wire: requests one way, items, progress, plans and results the other way.
 *
 * docs/PROTOCOL.md is the specification. Payloads (after the frame's header, see wire.h):
 *
 *   WIRE_OPERATE   u8 more · u8 kind · varint flags · varint umask · signed uid · signed gid · bytes text
 *                  · identity root · varint count · { identity }… · { target }…
 *                  A request that needs more than one frame has `more` 1 in all but the last. Only the first
 *                  frame has what stands between `more` and the targets.
 *   target         varint shared · bytes rest · varint base · varint mode · identity
 *                  · (rename: bytes new name, empty when `text` is meant)
 *                  · (match: varint mode · signed uid · signed gid · u8 excuse · u8 found, see struct op_wish)
 *                  The path is the first `shared` bytes of the path before it and the rest.
 *   identity       varint dev · varint ino · varint mnt · signed btime · varint type
 *   WIRE_ITEM      { item }…
 *   item           varint index · u8 kind · u8 status · u8 error · u8 flags · varint old mode · varint new mode
 *                  · bytes detail · (chown, match: signed old uid · old gid · new uid · new gid)
 *                  · only with OP_ITEM_NEW: varint target · varint size · varint blocks
 *                    · (OP_ITEM_TOP: varint length of the target's path that is meant; else: varint parent · bytes name)
 *   WIRE_PROGRESS  u8 running · varint items · items_total · bytes · bytes_total
 *   WIRE_PLANNED   u8 error · varint for each number of struct op_planned, in its order
 *   WIRE_RESULT    u8 error · varint ok · failed · skipped · left_out
 *
 * The decoders believe nothing: they answer false (or -1) and never read past the end.   Thread: any.
 */
#ifndef MUNTIN_OP_WIRE_H
#define MUNTIN_OP_WIRE_H

#include "op.h"
#include "wire.h"

enum { OP_WIRE_MAX_DETAIL = 255 };

/**
 * Append a request as one or more frames.
 * Returns 0, or -1 with ENAMETOOLONG when a path does not fit a frame, or with ENOMEM.
 */
MUN_NODISCARD int op_wire_put_request(struct buf *out, uint64_t id, const struct op_request *request);

enum op_wire_status {
	OP_WIRE_COMPLETE, /* the request is whole */
	OP_WIRE_MORE,     /* another frame with the same id follows */
	OP_WIRE_BAD,      /* damaged or not allowed: the request is to be thrown away and the source to be ended */
	OP_WIRE_NOMEM,
};

/** Take one frame of a request into `request`, which was initialised (any kind) before the first one. */
MUN_NODISCARD enum op_wire_status op_wire_get_request(struct wire_reader *in, struct op_request *request);

/** Append one item to an open WIRE_ITEM frame; takes at most OP_WIRE_MAX_ITEM bytes. */
void op_wire_put_item(struct buf *out, const struct op_item *item);
enum { OP_WIRE_MAX_ITEM = 1024 };

/**
 * Read the next item of a WIRE_ITEM frame. False at its end, and when it is damaged (`ok` is then false).
 * The name is borrowed from the frame, the detail is in `detail`. What is told only with OP_ITEM_NEW
 * is 0 otherwise; owners are -1 but for chown and match. Of a top item's path only the length is told, its name is empty.
 */
bool op_wire_get_item(struct wire_reader *in, struct op_item *item, char detail[OP_WIRE_MAX_DETAIL + 1]);

/** Append whole frames. */
void op_wire_put_progress(struct buf *out, uint64_t id, const struct op_progress *progress);
void op_wire_put_planned(struct buf *out, uint64_t id, enum error error, const struct op_planned *planned);
void op_wire_put_result(struct buf *out, uint64_t id, const struct op_result *result);

/** Read payloads; false when damaged. */
MUN_NODISCARD bool op_wire_get_progress(struct wire_reader *in, struct op_progress *progress);
MUN_NODISCARD bool op_wire_get_planned(struct wire_reader *in, enum error *error, struct op_planned *planned);
MUN_NODISCARD bool op_wire_get_result(struct wire_reader *in, struct op_result *result);

#endif
