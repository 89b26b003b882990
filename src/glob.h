/*
 * Shell patterns over names and paths, which are bytes: `*` `?` `[a-z]` `[!x]` `[[:alpha:]]`, a
 * backslash before what stands for itself, and `**`. Nothing but `**` matches a slash; a leading
 * dot is a character like any other. `?` and brackets take one character where UTF-8 stands, else
 * one byte. What does not form a bracket is itself.
 *
 * `**` between slashes, or at the start before one, is any number of whole components, none
 * included; elsewhere it is any bytes, so that a slash and `**` at the end is everything below, but
 * not the directory itself.
 *
 * Matching never backtracks further than to the last `*` and the last `**`: no pattern takes
 * exponential time.
 */
#ifndef MUNTIN_GLOB_H
#define MUNTIN_GLOB_H

#include "base.h"

/** Whether the whole of `text` matches.   Thread: any. */
bool glob_match(const char *pattern, size_t pattern_len, const char *text, size_t len);

/** One pattern of a set, with what its slashes said taken off. */
struct glob_pattern {
	char *text;
	size_t len;
	bool path;       /* had a slash inside or in front: for the path below the root, not for the name */
	bool dirs_only;  /* had a slash at the end */
};

/**
 * Patterns of which any may match, as in --exclude. Matching may be done by many threads at once.
 */
struct glob_set {
	struct glob_pattern *patterns;
	size_t len;
	size_t cap;
	bool paths;  /* some pattern looks at the path: without it none need be put together */
};

#define GLOB_SET_INIT { NULL, 0, 0, false }

/** Give the memory back and leave an empty set.   Thread: main. */
void glob_set_fini(struct glob_set *set);

/**
 * Add a pattern. Returns 0, or -1 with EINVAL for one that is empty but for slashes, or with
 * ENOMEM; the set is then unchanged. Owner: bytes are copied.   Thread: main.
 */
MUN_NODISCARD int glob_set_add(struct glob_set *set, const char *pattern, size_t len);

/**
 * Whether a pattern of the set matches the entry. `path` is relative to the root, without a slash
 * at either end; it is not looked at unless `set->paths`.   Thread: any.
 */
bool glob_set_match(const struct glob_set *set, const char *name, size_t name_len,
	const char *path, size_t path_len, bool is_dir);

#endif
