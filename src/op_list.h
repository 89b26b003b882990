/*
 * The near side of an operation: its items as they arrive, kept so that they can be shown.
 *
 * Items travel with the number of their parent instead of a path, so that a tree of any depth costs only its
 * names; here the paths are put together again.   Thread: one at a time, for all functions.
 */
#ifndef MUNTIN_OP_LIST_H
#define MUNTIN_OP_LIST_H

#include "op.h"

/** What is kept of one item. */
struct op_row {
	uint64_t size;
	uint32_t parent;     /* OP_NO_PARENT for OP_ITEM_TOP */
	uint32_t name;       /* in the list's names; OP_ITEM_TOP: the length of the target's path */
	uint32_t target;
	uint32_t detail;     /* in the list's names, terminated; UINT32_MAX: none */
	uint16_t old_mode;
	uint16_t new_mode;
	uint8_t name_len;
	uint8_t status;      /* enum op_status */
	uint8_t error;       /* enum error */
	uint8_t flags;       /* enum op_item_flags */
};

/** Owners before and after, of an item that tells them; -1: not told. */
struct op_owners {
	int64_t old_uid;
	int64_t old_gid;
	int64_t new_uid;
	int64_t new_gid;
};

struct op_list {
	struct op_row *rows; /* by number */
	size_t len;
	size_t cap;
	struct op_owners *owners; /* of each row; NULL: none of them tells any */
	size_t owners_cap;
	struct buf names;
	uint32_t *order;     /* of op_list_order(); NULL: not made yet */
	size_t ordered;      /* its length */
	const struct op_request *request; /* borrowed: the targets' paths */
};

/** An empty list for the items of `request`, which must outlive it. */
void op_list_init(struct op_list *list, const struct op_request *request);

/** Give the memory back. */
void op_list_fini(struct op_list *list);

/**
 * Take an item: a new one must have the next number and a parent that is known, a known one is updated.
 * Returns 0, or -1 with EINVAL (a foreign source sends nonsense) or ENOMEM.
 */
MUN_NODISCARD int op_list_add(struct op_list *list, const struct op_item *item);

/** Append the path of a row below the root, raw bytes; empty for the root itself. */
void op_list_path(const struct op_list *list, size_t index, struct buf *out);

/**
 * The numbers of all rows as a person reads them: the targets as they come, what is below each by name, a directory
 * after its content when that is how it is done (delete), else before. Made when the list has grown. NULL when memory ran out.
 */
const uint32_t *op_list_order(struct op_list *list);

/** The detail of a row, or NULL. */
const char *op_list_detail(const struct op_list *list, const struct op_row *row);

#endif
