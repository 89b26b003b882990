/*
 * One operation of the user below one root: rename, mkdir, create, delete, chmod, chown, match.
 *
 * An operation has two steps. op_plan() looks: it finds every object that is concerned, records what it is
 * (device, inode, mount, birth time, type, mode) and what would happen to it. op_run() makes exactly the changes
 * of that list, and each object is looked at again before it is touched; what is no longer the same is left
 * alone and reported as ERROR_CHANGED.
 *
 *     op_request_init, op_request_target…  ->  op_new  ->  op_plan  ->  (somebody looks)  ->  op_run  ->  op_free
 *
 * The walk goes down by (held directory, one name) and never through a symbolic link; it keeps a handful of
 * descriptors and no recursion, whatever the depth. Mounts below a target are left out. What is deleted is first
 * moved into a private directory `.muntin-XXXXXXXX` beside it, looked at there, and then removed; what turns out
 * to be something else, or not to be empty, is moved back.
 *
 * Several renames are one: if one of them cannot be done as planned, none is begun. They may trade names among each other;
 * a circle is broken by a temporary name of the same form.
 *
 * An operation knows no pane and no pipe: it calls back, in the thread that called it.
 */
#ifndef MUNTIN_OP_H
#define MUNTIN_OP_H

#include "buf.h"
#include "entry.h"
#include "error.h"

/* kind, the command's word. The order is part of the wire format: add at the end only. */
#define OP_KIND_TABLE(X)    \
	X(RENAME, "rename") \
	X(MKDIR, "mkdir")   \
	X(CREATE, "create") \
	X(DELETE, "delete") \
	X(CHMOD, "chmod")   \
	X(CHOWN, "chown")   \
	X(MATCH, "match")

enum op_kind {
#define X(kind, word) OP_##kind,
	OP_KIND_TABLE(X)
#undef X
	OP_KIND_COUNT
};

enum op_flags {
	OP_RECURSIVE = 1 << 0,    /* delete, chmod, chown: what is below, too */
	OP_PARENTS = 1 << 1,      /* mkdir: missing parents too; what exists already is no failure */
	OP_CROSS_MOUNTS = 1 << 2, /* recursion enters mounts; their roots are never removed or renamed */
	OP_PLAN_ONLY = 1 << 3,    /* will never be run; for those who pass requests on, op_run() refuses */
	OP_ROOT_ITSELF = 1 << 4,  /* chmod, chown and match may name the root (an empty path) */
	OP_SPECIAL = 1 << 5,      /* recursive chmod changes FIFOs, sockets and devices, too */
	OP_AT_ONCE = 1 << 6,      /* is run as soon as it is planned; for those who pass requests on, op_run() does not care */
	OP_FLAGS_ALL = (1 << 7) - 1,
};

/** match: what one target is to be like. Made by op_request_wish(). */
struct op_wish {
	uint32_t mode;          /* with the type that it must have, too */
	int64_t uid;            /* -1 keeps it */
	int64_t gid;
	uint8_t excuse;         /* enum error: why nothing is wished for it; it is listed as skipped */
	bool found;             /* below the last target before it that is not: on the same mount, or left out */
};

/** What to act on. Made by op_request_target(). */
struct op_target {
	size_t path;            /* where it begins in the request's `paths` */
	size_t path_len;
	size_t base_len;        /* mkdir, create: `shown` is of the directory that these first bytes of the path name */
	struct identity shown;  /* what was on the screen; all zero: whatever the path names */
	uint32_t mode;          /* as shown, with its type; 0: not known. An absolute chmod and match insist on it */
	size_t name;            /* rename: where its own new name begins in the request's `paths` */
	size_t name_len;        /* 0: it has none, the request's `text` is meant */
	struct op_wish wish;    /* match */
};

/** What the user wants. Owns its memory; fields without a function may be set directly after the init. */
struct op_request {
	enum op_kind kind;
	unsigned flags;            /* enum op_flags */
	uint32_t umask;            /* for chmod's clauses without a class */
	int64_t uid;               /* chown: the new owner; -1 keeps it */
	int64_t gid;
	struct buf text;           /* chmod: MODE. chown: the owner as user_owner() reads it, instead of `uid` and `gid`. rename: the new name of targets without their own, or a path in the same directory */
	struct identity root;      /* of the root as it is shown; all zero: whatever its path names */
	struct identity *protect;  /* roots of panes and their parents: never deleted or renamed */
	size_t protect_len;
	size_t protect_cap;
	struct op_target *targets;
	size_t targets_len;
	size_t targets_cap;
	struct buf paths;          /* of the targets, below the root, components joined by '/' */
};

/** An empty request; needs no memory.   Thread: any. */
void op_request_init(struct op_request *request, enum op_kind kind);

/** Give the memory back.   Thread: any. */
void op_request_fini(struct op_request *request);

/**
 * Add a target; an empty path is the root itself. `shown` may be NULL (not known), `mode` 0.
 * Returns 0, or -1 with EINVAL when it is no path below a root (see wire_path_ok()), or with ENOMEM.
 * Owner: bytes are copied.   Thread: any.
 */
MUN_NODISCARD int op_request_target(
	struct op_request *request, const char *path, size_t len, const struct identity *shown, uint32_t mode);

/** rename: give the target that was added last a new name of its own. Returns 0, or -1 with ENOMEM.   Thread: any. */
MUN_NODISCARD int op_request_name(struct op_request *request, const char *name, size_t len);

/** match: tell of the target that was added last what it is to be like. Parents come before what is in them.   Thread: any. */
void op_request_wish(struct op_request *request, const struct op_wish *wish);

/** rename: the new name of a target, not terminated. Borrowed until the next target.   Thread: any. */
const char *op_request_new_name(const struct op_request *request, const struct op_target *target, size_t *len);

/** Add an object that is never deleted or renamed. Returns 0, or -1 with ENOMEM.   Thread: any. */
MUN_NODISCARD int op_request_protect(struct op_request *request, const struct identity *identity);

/** The path of a target: `path_len` bytes, not terminated. Borrowed until the next target.   Thread: any. */
const char *op_request_path(const struct op_request *request, const struct op_target *target);

enum op_status {
	OP_PLAN,    /* would be done */
	OP_OK,      /* done; also when nothing had to be changed */
	OP_FAILED,  /* could not be done, the error says why */
	OP_SKIPPED, /* left alone on purpose: a link, a mount, something that changed meanwhile, a stop */
};

enum op_item_flags {
	OP_ITEM_NEW = 1 << 0,    /* first report of this number: name, parent, size are told on the wire */
	OP_ITEM_TOP = 1 << 1,    /* named by a target, not found below one */
	OP_ITEM_UNREAD = 1 << 2, /* a directory whose content is not listed in the plan: it cannot be read as it is */
	OP_ITEM_REST = 1 << 3,   /* no object: what could not be read of the directory `parent`; its name is empty */
	OP_ITEM_HARMLESS = 1 << 4, /* skipped, and nothing to complain about: a link below a recursive chmod, a target named twice */
	OP_ITEM_FLAGS_ALL = (1 << 5) - 1,
};

enum { OP_NO_PARENT = UINT32_MAX };

/**
 * One object of an operation: reported by op_plan(), in the order of the numbers, and once with its outcome by
 * op_run(), in the order of events. What only op_run() could find (OP_ITEM_UNREAD) it reports as OP_PLAN first.
 * There is no path: see op_path(), and op_list.h for the far end of a wire.
 */
struct op_item {
	uint32_t index;        /* number in the plan, from 0 */
	uint32_t parent;       /* number of the directory above it; OP_NO_PARENT for OP_ITEM_TOP */
	uint32_t target;       /* which target it belongs to */
	uint8_t kind;          /* enum op_kind */
	uint8_t status;        /* enum op_status */
	uint8_t error;         /* enum error */
	uint8_t flags;         /* enum op_item_flags */
	uint32_t old_mode;     /* with its type; 0: not known, or new */
	uint32_t new_mode;     /* planned: what it will be. done: what it is */
	int64_t old_uid;       /* chown, match; -1: not told */
	int64_t old_gid;
	int64_t new_uid;
	int64_t new_gid;
	uint64_t size;         /* st_size */
	uint64_t blocks;       /* of 512 bytes */
	const char *name;      /* last component, not terminated; empty: the root itself, or OP_ITEM_REST */
	size_t name_len;
	size_t path_len;       /* OP_ITEM_TOP: how much of the target's path is meant (mkdir makes parents, too) */
	const char *detail;    /* terminated ASCII for a person, or NULL: "asked 2755, got 0755" */
};

/** How far an operation is. */
struct op_progress {
	bool running;          /* op_run(); false: op_plan() is still finding things */
	uint64_t items;        /* found, or done */
	uint64_t items_total;  /* 0 while planning */
	uint64_t bytes;
	uint64_t bytes_total;
};

/** What a plan comes to. */
struct op_planned {
	uint64_t items;        /* all that were reported */
	uint64_t files;        /* of these: regular files */
	uint64_t dirs;
	uint64_t others;
	uint64_t changes;      /* something will be different afterwards */
	uint64_t failed;       /* known already to fail */
	uint64_t skipped;
	uint64_t mounts;       /* of the skipped: mounts left out */
	uint64_t unread;       /* directories with OP_ITEM_UNREAD */
	uint64_t bytes;        /* sum of st_size of what will be acted on */
	uint64_t blocks;
};

/** What an operation has come to; every item of the plan is in one of the first three. */
struct op_result {
	uint64_t ok;
	uint64_t failed;
	uint64_t skipped;
	uint64_t left_out;     /* of the skipped: all but OP_ITEM_HARMLESS. The exit status is 1 if this or `failed` is not 0 */
	uint8_t error;         /* enum error: the operation as a whole was refused or stopped */
};

/** Who listens. Called in the thread of op_plan() and op_run(); may block (a full ring, a paused job). */
struct op_events {
	void (*item)(void *arg, const struct op_item *item);
	void (*progress)(void *arg, const struct op_progress *progress); /* at most ten times a second */
	void *arg;
};

struct op;

/**
 * A new operation below the directory that `root` names. No system call is made.
 * Returns NULL when memory ran out; the request is taken over, and left empty, in any case.   Thread: any.
 */
MUN_NODISCARD struct op *op_new(const char *root, struct op_request *request);

/** Forget an operation; NULL is allowed. What is not done remains undone.   Thread: the one that ran it. */
void op_free(struct op *op);

/**
 * Find out what would happen. Items that cannot be done are reported as such and are no failure of the plan.
 * Returns ERROR_NONE, or why there is no plan at all: the root, a bad MODE, memory, ERROR_CANCELED.
 * Call it once.   Thread: job; every system call may hang.
 */
MUN_NODISCARD enum error op_plan(struct op *op, const struct op_events *events);

/** Append the path of an item below the root, raw bytes; empty for the root itself.   Thread: that of op_plan(). */
void op_path(const struct op *op, uint32_t index, struct buf *out);

/** What the plan comes to; valid after op_plan().   Thread: that of op_plan(). */
const struct op_planned *op_planned(const struct op *op);

/**
 * Make the planned changes and report every item. Once, after op_plan() succeeded.
 * Returns ERROR_NONE, ERROR_CANCELED after op_stop(), or why it could not go on at all.   Thread: job.
 */
MUN_NODISCARD enum error op_run(struct op *op, const struct op_events *events);

/** What op_run() has come to.   Thread: that of op_run(). */
const struct op_result *op_result(const struct op *op);

/**
 * Ask a plan or a run to end early: between two system calls; what is staged is moved back, what is left is
 * reported as skipped with ERROR_CANCELED.   Thread: any, while the operation exists.
 */
void op_stop(struct op *op);

/** Do items of this kind tell owners?   Thread: any. */
static inline bool op_kind_tells_owners(unsigned kind)
{
	return kind == OP_CHOWN || kind == OP_MATCH;
}

/** The command's word: "rename". Constant; also for a number out of range.   Thread: any. */
const char *op_kind_name(unsigned kind);

#endif
