/*
 * Deciding by their bytes which files are equal: where sizes are, and nothing cheaper can tell.
 *
 * Files come in batches, each of one directory; several threads read them, all files of a row at once and each only as far as it
 * still equals another. What is read has to be the file that was asked for, before and after: else it has changed, and is
 * equal to nothing. Nothing but regular files is read, two names of one inode are equal unread, and what was read of an inode under one
 * name is not read again under others, see content_links.h.
 */
#ifndef MUNTIN_CONTENT_H
#define MUNTIN_CONTENT_H

#include "compare.h"

struct content;
struct content_batch;
struct content_links;

/** Where the files of a pane are. */
struct content_root {
	const char *root;   /* a directory's path; links in it are followed */
	const char *below;  /* the compared directory's path below it, joined by '/'; empty: the root; NULL: nothing is read in this pane */
};

struct content_options {
	const struct content_root *roots; /* one for each pane; copied */
	size_t count;
	struct content_links *links;      /* what is known already of files with several names, for who reads more than once; NULL: nothing */
	unsigned threads;                 /* at most; 0 counts as 1 */
	bool follow;                      /* directories are found through symbolic links too (-L) */
	void (*wake)(void *arg);          /* called by any thread when content_take() has something again; must not block; may be NULL */
	void *wake_arg;
};

/** Nothing is opened, and no thread started, before there is something to read. Returns NULL with ENOMEM.   Thread: any. */
MUN_NODISCARD struct content *content_new(const struct content_options *options);

/** Let go: threads are told to stop between two calls, and not waited for. What was not taken is lost. Takes NULL.   Thread: the owner's. */
void content_free(struct content *content);

/** A batch for files of the directory at a path below the compared ones. Returns NULL with ENOMEM.   Thread: any. */
MUN_NODISCARD struct content_batch *content_batch_new(const char *path, size_t len);

/** Takes NULL.   Thread: the owner's. */
void content_batch_free(struct content_batch *batch);

/** Add the files of a row, all with this name in their panes. Returns -1 with ENOMEM.   Thread: the owner's. */
MUN_NODISCARD int content_batch_add(struct content_batch *batch, const char *name, size_t len, const struct compare_ask *ask);

/**
 * The row that was added last, and the batch's directory, have names of their own in each pane, which only fold to the same. Returns -1
 * with ENOMEM.   Thread: the owner's.
 */
MUN_NODISCARD int content_batch_set_names(struct content_batch *batch, const struct compare *compare);

/** Rows in a batch, and bytes that may have to be read for them.   Thread: the owner's. */
size_t content_batch_rows(const struct content_batch *batch, uint64_t *bytes);

/** A row of a batch: what was asked, and (after content_take()) an answer for each file as compare_answer() takes them.   Thread: the owner's. */
const uint8_t *content_batch_get(const struct content_batch *batch, size_t index, struct compare_ask *ask);

/** Have a batch read; it is taken over. Returns -1 with errno when no thread could be started: it is the caller's again.   Thread: the owner's. */
MUN_NODISCARD int content_put(struct content *content, struct content_batch *batch);

/** A batch that was read, which is the caller's; NULL when there is none. Waits for one, while any is being read, with `wait`.   Thread: the owner's. */
struct content_batch *content_take(struct content *content, bool wait);

/** Bytes that were read so far.   Thread: any. */
uint64_t content_bytes(const struct content *content);

/** Batches that were put and not taken.   Thread: the owner's. */
size_t content_pending(struct content *content);

#endif
