/*
 * The names of one directory while it is read: which entry has a name, and whether this scan has told it.
 *
 * One name is one entry, whatever a source sends; two scans of one directory at a time do not disturb each other. Most directories
 * are empty before, and all of their names come in one frame: those need no table of their own, only that of the frame, which is
 * used again for the next.
 * Thread: the tree's, for all functions.
 */
#ifndef MUNTIN_DIRNAMES_H
#define MUNTIN_DIRNAMES_H

#include "tree.h"
#include "wire.h"

/** Beside the number of an entry: this scan has told the name before. No tree has so many entries. */
#define DIRNAMES_TWICE ((entry_id)1 << 31)

struct dirnames;

/**
 * The children that a directory has: `seen` or not by now, and those up to the child `told` (0: none) told by this scan.
 * Returns NULL with ENOMEM.
 */
MUN_NODISCARD struct dirnames *dirnames_new(const struct tree *tree, entry_id dir, bool seen, entry_id told);

/** Takes NULL. */
void dirnames_free(struct dirnames *names);

/**
 * The entry of a name in the directory, a new one if there is none yet; with DIRNAMES_TWICE when this scan has told the name before, as
 * a directory that changes while it is read may do. Returns 0 with ENOMEM.
 */
MUN_NODISCARD entry_id dirnames_entry(struct dirnames *names, struct tree *tree, entry_id dir, const struct wire_name *name);

/** Remove the children that were there before and have not been told. Takes NULL: there were none. */
void dirnames_sweep(const struct dirnames *names, struct tree *tree, entry_id dir);

/** The names of one frame, of a directory that was empty before it. */
struct fresh_names {
	uint32_t *slots;
	size_t cap;            /* allocated */
	size_t mask;           /* of the slots of this frame */
};

/** Have an empty table for the names that are to be read. Returns -1 with ENOMEM. */
MUN_NODISCARD int fresh_names_begin(struct fresh_names *fresh, struct wire_reader in);

/** As dirnames_entry(), for the next name; `ids` are what it returned for the `count` names before. */
MUN_NODISCARD entry_id fresh_names_entry(const struct fresh_names *fresh, struct tree *tree, entry_id dir, const struct wire_name *name,
					 const entry_id *ids, size_t count);

void fresh_names_fini(struct fresh_names *fresh);

#endif
