/*
 * The commands of --batch: read all of them, find the roots they mean.
 *
 * A batch is lines of a command with its operands, quoted as in sh ($'...' included); a `#` at the start of a word
 * begins a comment. The whole is read before anything runs.   Thread: main, for all functions.
 */
#ifndef MUNTIN_HEADLESS_BATCH_H
#define MUNTIN_HEADLESS_BATCH_H

#include "headless.h"
#include "op.h"

/** A word of the batch, in the batch's `text`: without its quotes, terminated, and free of NUL. */
struct batch_word {
	size_t at;
	size_t len;
};

/** One line. */
struct batch_command {
	unsigned line;
	enum op_kind kind;
	unsigned flags;          /* enum op_flags */
	bool plan_only;
	bool owners;             /* match: owners, too */
	int64_t uid;             /* chown; -1 keeps it */
	int64_t gid;
	struct batch_word text;  /* chmod: MODE. rename: NEW */
	size_t first;            /* of the operands that are paths, in the batch's `words` */
	size_t count;
};

struct batch {
	struct batch_command *commands;
	size_t command_count;
	size_t command_cap;
	struct batch_word *words;
	size_t word_count;
	size_t word_cap;
	struct buf text;
};

/** Give the memory back. */
void batch_fini(struct batch *batch);

/** Read a batch into an empty one. Returns 0, or -1 after adding `LINE: words` to `why`. */
MUN_NODISCARD int batch_read(struct batch *batch, const char *text, size_t len, struct buf *why);

/** The bytes of a word, terminated. */
const char *batch_word(const struct batch *batch, struct batch_word word);

/* ---- Paths ---- */

/** Where paths are resolved: what is known of the roots without asking a filesystem. */
struct batch_places {
	struct buf cwd;          /* absolute; empty: unknown, relative paths lie below no root */
	struct buf *roots;       /* absolute, without dots, slashes at the end and doubled ones */
	size_t root_count;
	struct buf home;         /* the same way; empty: unknown */
};

/** Find out. `roots` are as given. Returns 0, or -1 with ENOMEM. */
MUN_NODISCARD int batch_places_init(struct batch_places *places, const struct string_list *roots);

/** Give the memory back. */
void batch_places_fini(struct batch_places *places);

enum batch_place {
	BATCH_BELOW,     /* below a root, or one */
	BATCH_OUTSIDE,   /* below no root */
	BATCH_DOTS,      /* has a `..` that only a filesystem could resolve */
	BATCH_NOMEM,
};

/**
 * Find the root that a path lies below, the one with the longest path. `*root` gets its index, `rest` the path below
 * it as requests name it.
 */
enum batch_place batch_resolve(const struct batch_places *places, const char *path, size_t *root, struct buf *rest);

/** Is it a root, the home directory, or above one of them? `rest` is below `root`. Then nobody deletes or renames it. */
bool batch_is_protected(const struct batch_places *places, size_t root, const char *rest, size_t len);

/** Does a path end in `.` or `..`, or is it empty? */
bool batch_ends_in_dots(const char *path);

/**
 * Append the path of an item as the user would write it: `typed` is the operand, `target` what it is below the root
 * and `path` the item there, `root` the root as given.
 */
void batch_show_path(struct buf *out, const char *root, const char *typed, const char *target, size_t target_len,
		     const char *path, size_t path_len);

#endif
