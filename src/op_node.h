/*
 * The inside of an operation, for the files op*.c only: the list of a plan and the walk over it.
 *
 * A plan is an array of nodes, 64 bytes each. The nodes of one directory stand side by side, the directory knows the
 * first; so a plan needs no pointers, can be walked without a stack, and costs 64 bytes and its name an object:
 *
 *     0 top (first = 1) | 1 a (first = 4)  2 b  3 c | 4 a/x  5 a/y | …
 *
 * Top nodes are what targets name; the nodes of a target follow each other (target_first). What only the run could
 * find stands at the end of the array.
 */
#ifndef MUNTIN_OP_NODE_H
#define MUNTIN_OP_NODE_H

#include "fsys_change.h"
#include "op.h"
#include "perm.h"

#include <stdatomic.h>

enum {
	OP_NO_NODE = UINT32_MAX,
	OP_HELD = 6,        /* directories above the current one that stay open */
	OP_NAME_SIZE = 256, /* of a terminated name */
};

enum node_state {
	NODE_ENTER = 1 << 0,   /* a directory whose content is part of the operation */
	NODE_LISTED = 1 << 1,  /* … and in the plan */
	NODE_KEPT = 1 << 2,    /* delete: something in it stays, so it stays */
	NODE_DONE = 1 << 3,    /* its outcome was reported */
	NODE_STEPPED = 1 << 4, /* chmod: it has a mode between the old and the new one, until its content is done */
	NODE_GONE = 1 << 5,    /* delete: it was removed */
	NODE_LATE = 1 << 6,    /* match: a directory that gets its final mode once all others have theirs */
};

struct op_node {
	uint64_t ino;
	int64_t btime;
	uint64_t size;
	uint64_t blocks;
	uint32_t parent;    /* OP_ITEM_TOP: how much of the target's path is meant */
	uint32_t name;      /* in op->names, terminated */
	uint32_t first;     /* of what is in it; 0: nothing */
	uint32_t uid;
	uint32_t gid;
	uint16_t place;     /* index into op->places */
	uint16_t old_mode;
	uint16_t new_mode;
	uint8_t status;     /* enum op_status */
	uint8_t error;      /* enum error */
	uint8_t flags;      /* enum op_item_flags but OP_ITEM_NEW */
	uint8_t name_len;
	uint8_t state;      /* enum node_state */
};

static_assert(sizeof(struct op_node) <= 64, "a plan may have a million of them");

/** A device and mount on which objects of the plan are. */
struct op_place {
	uint64_t dev;
	uint64_t mnt;
};

/** A directory of targets that is held open, for as long as targets come from the same one. */
struct op_parent {
	int fd;              /* negative: none */
	size_t path;         /* its path: in request.paths */
	size_t len;
	struct attrs attrs;
	struct fsys_stage stage; /* delete: a private directory in it; its `fd` is negative when there is none */
};

/** Where a target stands among several renames: who has the name that it is to get, and who is to get its own. */
struct op_turn {
	uint32_t waits_for;  /* 1 + the target that has to go first; 0: none */
	uint32_t before;     /* 1 + the target that waits for this one; 0: none */
	bool twice;          /* another one is to have the same name */
};

struct op {
	char *root;
	struct op_request request;
	const struct op_events *events;
	atomic_bool stop;             /* the only thing that another thread touches */
	int root_fd;
	struct attrs root_attrs;
	struct attrs slash;           /* of `/` */
	struct perm_edit edit;        /* chmod */
	struct op_node *nodes;
	size_t len;
	size_t cap;
	struct buf names;
	struct op_place *places;
	size_t places_len;
	size_t places_cap;
	uint32_t *target_first;       /* for each target its first node; one more for the end */
	uint32_t *covered;            /* for each target: 1 + the one that names it, too, or is above it; or 0 */
	struct op_turn *turns;        /* several renames: for each target; NULL: it is alone */
	uint32_t *order;              /* … and in which order they are run, NULL: as they come */
	struct op_parent parent;
	uint32_t match_top;           /* match: the node of the last target that was named */
	uint32_t match_opens;         /* … 1 + the last one that is closed, and will be opened; 0: none */
	char *records;                /* what getdents filled */
	char detail[96];
	struct op_planned planned;
	struct op_result result;
	struct op_progress progress;
	uint64_t told;                /* when progress was reported, in milliseconds */
};

/** The open directory of a walk, and a few above it. Down by a name, up by a held descriptor or a verified `..`. */
struct op_walk {
	int base;            /* holds the top node; borrowed */
	int fd;              /* of `dir`, or `base` */
	uint32_t dir;        /* OP_NO_NODE: above the top */
	size_t depth;
	size_t low;          /* levels low … depth-1 are in `held`, each at level % OP_HELD */
	int held[OP_HELD];
};

/* ---- op_node.c: the list ---------------------------------------------------------------------------------- */

/** Append an object. Returns its number, or OP_NO_NODE when memory ran out. `parent`: see struct op_node. */
MUN_NODISCARD uint32_t op_node_add(struct op *op, uint32_t parent, const char *name, const struct attrs *attrs);

/** Append what the first `len` bytes of a target's path name. */
MUN_NODISCARD uint32_t op_node_add_top(struct op *op, uint32_t target, size_t len, const struct attrs *attrs);

/** Append an OP_ITEM_REST: something of the directory `dir` cannot be read. */
MUN_NODISCARD uint32_t op_node_add_rest(struct op *op, uint32_t dir, enum error error);

/** The last component of the first `len` bytes of a target's path, terminated. */
void op_target_name(const struct op *op, const struct op_target *target, size_t len, char name[OP_NAME_SIZE]);

/** Let a node be this object from now on. */
MUN_NODISCARD int op_node_become(struct op *op, uint32_t index, const struct attrs *attrs);

const char *op_node_name(const struct op *op, const struct op_node *node);

/**
 * Is it the object that is in the plan? Device, inode, type, and mount and birth time where both are known. `fd` is open on
 * its file system, which tells whether the birth time counts; with -1 it does.
 */
bool op_node_is(const struct op *op, const struct op_node *node, const struct attrs *attrs, int fd);

/** The next one in the same directory, or OP_NO_NODE. */
uint32_t op_node_next(const struct op *op, uint32_t index);

/**
 * The `fd` for what nothing of ours has changed yet. Only a directory may have been copied by an overlay all the same, for
 * what is in it; of anything else the birth time counts everywhere: a new file may have the number of one just removed.
 */
static inline int op_untouched(uint32_t mode, int fd)
{
	return S_ISDIR(mode) ? fd : -1;
}

/** Is it the object that was shown? An identity of zeros fits everything. `fd`: as above. */
bool op_identity_is(const struct identity *shown, const struct attrs *attrs, int fd);

/** May it not be deleted or renamed: `/`, the root, a root of a pane or a parent of one? */
bool op_protected(const struct op *op, const struct attrs *attrs);

/** Does a mount begin at `attrs`, found in a directory with the attributes `dir`? */
bool op_is_mount(const struct attrs *attrs, uint64_t dir_dev, uint64_t dir_mnt);

/* ---- op.c: reporting -------------------------------------------------------------------------------------- */

/** Report a node as it is now; `detail` may be NULL. */
void op_report(struct op *op, uint32_t index, unsigned flags, const char *detail);

/** Set a node's outcome, report and count it. */
void op_done(struct op *op, uint32_t index, enum op_status status, enum error error, const char *detail);

/** Count progress, and report it when it is time. */
void op_tick(struct op *op, uint64_t items, uint64_t bytes);

static inline bool op_stopped(struct op *op)
{
	return atomic_load_explicit(&op->stop, memory_order_relaxed);
}

/* ---- op_walk.c: directories ------------------------------------------------------------------------------- */

/** Hold the directory of a target's path, cut to `len` bytes; kept in op->parent. Returns why not. */
MUN_NODISCARD enum error op_parent_open(struct op *op, const struct op_target *target, size_t len);

/** Let it go; a staging directory in it is removed. */
void op_parent_close(struct op *op);

/** Where the last component of a path begins. */
size_t op_path_dir(const char *path, size_t len);

void op_walk_init(struct op_walk *walk, int base);
void op_walk_fini(struct op_walk *walk);

/** Go into a directory of the current one; it must be the planned object. Stays where it is on an error. */
MUN_NODISCARD enum error op_walk_enter(struct op *op, struct op_walk *walk, uint32_t index);

/** Go up again; on an error the walk cannot go on. */
MUN_NODISCARD enum error op_walk_leave(struct op *op, struct op_walk *walk);

/**
 * Append what is in the current directory to the plan. Returns ERROR_ACCES when it may not be read, otherwise
 * problems become nodes of their own and only ERROR_NOMEM is returned.
 */
MUN_NODISCARD enum error op_walk_list(struct op *op, struct op_walk *walk);

/** What is done with the nodes of a tree. */
struct op_visit {
	/** Before its content. Says whether to go in. */
	bool (*before)(struct op *op, struct op_walk *walk, uint32_t index);
	/** After its content; `error` says why the walk could not go in, or ERROR_NONE. */
	void (*after)(struct op *op, struct op_walk *walk, uint32_t index, enum error error);
};

/**
 * Visit a top node and all below it. Returns ERROR_NONE, ERROR_CANCELED, or why the walk lost its way; the nodes
 * that were not visited then are not NODE_DONE.
 */
MUN_NODISCARD enum error op_walk_tree(struct op *op, struct op_walk *walk, uint32_t top, const struct op_visit *visit);

/* ---- op_cover.c: marked twice ----------------------------------------------------------------------------- */

/** Find the targets that are named twice, or are below another one of a recursive operation: op->covered. */
MUN_NODISCARD enum error op_cover(struct op *op);

/** Does another target really do the work of this one? Not if it does not exist, or is on a mount below the other. */
bool op_is_covered(struct op *op, uint32_t target);

/* ---- op_order.c: several renames -------------------------------------------------------------------------- */

/** Find out who has to go first: op->turns, op->order. Nothing to do for a single one. */
MUN_NODISCARD enum error op_order_find(struct op *op);

/** All are planned: if one of several renames cannot be done, none is. */
void op_order_check(struct op *op);

/* ---- op_find.c: planning ---------------------------------------------------------------------------------- */

/** What the operation would do with an object found below a target. */
void op_judge(struct op *op, uint32_t index, const struct attrs *attrs);

/** An owner to be given; -1 keeps what is there. */
struct op_owner {
	int64_t uid;
	int64_t gid;
};

/** chown, match: which owner is a node to have? Keeps both for other kinds. */
struct op_owner op_wanted_owner(const struct op *op, const struct op_node *node);

/** Would the planned change make a difference? */
bool op_would_change(const struct op *op, const struct op_node *node);

/** Add the node of a target that another one covers: nothing is done for it. */
MUN_NODISCARD enum error op_find_covered(struct op *op, uint32_t target);

/** Look at the object that a target names. Adds its node in any case; `*index` says which. */
MUN_NODISCARD enum error op_find_top(struct op *op, uint32_t target, uint32_t *index);

/** Find all nodes of a target of delete, chmod, chown. */
MUN_NODISCARD enum error op_find(struct op *op, uint32_t target);

/** match: find the one node of a target; it has the target's number. */
MUN_NODISCARD enum error op_find_match(struct op *op, uint32_t target);

/** match: look at what the plan could not, because a directory above was closed. Its status says what became of it. */
MUN_NODISCARD enum error op_find_again(struct op *op, uint32_t target);

/* ---- op_name.c, op_delete.c, op_chmod.c: doing ------------------------------------------------------------ */

/** The last component of the new name of a target, terminated. Returns why it is not one in its directory. */
MUN_NODISCARD enum error op_new_name(const struct op *op, const struct op_target *target, char name[OP_NAME_SIZE]);

/** Plan the new names of a target of rename, mkdir, create. */
MUN_NODISCARD enum error op_find_new(struct op *op, uint32_t target);
MUN_NODISCARD enum error op_find_rename(struct op *op, uint32_t target);

/** Do what is planned for one target. Return ERROR_NONE, ERROR_CANCELED, or why the rest of it was not reached. */
MUN_NODISCARD enum error op_run_rename(struct op *op, uint32_t target);
MUN_NODISCARD enum error op_run_new(struct op *op, uint32_t target);
MUN_NODISCARD enum error op_run_delete(struct op *op, uint32_t target);
MUN_NODISCARD enum error op_run_modes(struct op *op, uint32_t target);
MUN_NODISCARD enum error op_run_match(struct op *op, uint32_t target);

/** match: give a directory the mode that it could not have before, or with `back` the one it had at first. */
void op_finish_match(struct op *op, uint32_t target, bool back);

/** Remove the staging directory of op->parent, if there is one and it is empty. */
void op_stage_close(struct op *op);

#endif
