/*
 * From two trees to a request: give what stands at the same paths the modes, and the owners, of the other side.
 */
#ifndef MUNTIN_MATCH_H
#define MUNTIN_MATCH_H

#include "op.h"
#include "tree.h"

enum match_flags {
	MATCH_OWNERS = 1 << 0,    /* owners and groups, too */
	MATCH_RECURSIVE = 1 << 1, /* what is below, too */
	MATCH_MOUNTS = 1 << 2,    /* what is below mounts, too */
};

/** An entry of a tree; what is called so below the tree's root stands below `prefix` of the root that requests name. */
struct match_side {
	const struct tree *tree;
	entry_id id;           /* of `from` 0: there is nothing, */
	enum error missing;    /* … and why it is not known of */
	const char *prefix;    /* terminated; empty: the tree's root is that root */
};

/**
 * Add targets to an OP_MATCH request: the entry `to`, which gets what `from` has, and with MATCH_RECURSIVE all that is below both, a
 * directory before what is in it, siblings by name. What is on one side only is among them, with an excuse; in a directory that
 * was not read whole nothing is claimed to be missing.
 * Returns 0, or -1 with ENOMEM, or EINVAL for a path that is none.   Thread: that of the trees.
 */
MUN_NODISCARD int match_add(
	struct op_request *request, const struct match_side *from, const struct match_side *to, unsigned flags);

#endif
