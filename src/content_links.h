/*
 * Files with several names: what was read of one under one name need not be read under another, in whichever row, pane or thread.
 *
 * Of each such file that is read the hashes of its pieces are kept, in order, and taken instead of the bytes. They are hashed with a
 * number that nobody knows beforehand, and only of a file that is still what it was, its ctime included. One thread at a time reads on,
 * others that want the same piece wait for it. A file takes 16 bytes for each 256 KiB that were read and about 100 for itself,
 * until it was read under all the names it has; files with one name take nothing.
 * Thread: any, for all functions.
 */
#ifndef MUNTIN_CONTENT_LINKS_H
#define MUNTIN_CONTENT_LINKS_H

#include "entry.h"

#include <stdatomic.h>

struct content_links;
struct content_link;

/** The hash of a piece. */
struct content_hash {
	uint64_t words[2];
};

/** Returns NULL with ENOMEM. Owner: whoever calls, and whoever calls content_links_ref(). */
MUN_NODISCARD struct content_links *content_links_new(void);

struct content_links *content_links_ref(struct content_links *links);

/** Let go. Takes NULL. */
void content_links_unref(struct content_links *links);

/** Wake whoever waits, to look at its `stop`. */
void content_links_wake(struct content_links *links);

/** What is kept of an open file; `names` names of it are dealt with now. NULL: nothing is, it has one name or memory has run out. */
struct content_link *content_links_take(struct content_links *links, const struct attrs *attrs, unsigned names);

/** The file was dealt with. What is kept of one that has `changed` meanwhile, or of one without more names to come, is forgotten. Takes NULL. */
void content_links_give(struct content_links *links, struct content_link *link, bool changed);

enum content_link_next { LINK_KNOWN, LINK_READ, LINK_STOPPED };

/**
 * Piece `at` is wanted: its hash, or LINK_READ: the caller is to read it and to call content_links_put(). Waits while another thread reads
 * it, and for nothing once `stop` is set. Who has passed over some before it reads for itself.
 */
enum content_link_next content_links_next(struct content_links *links, struct content_link *link, size_t at, const atomic_bool *stop,
					  struct content_hash *hash);

/** Piece `at`, which was to be read, has this hash; NULL: it could not be read. */
void content_links_put(struct content_links *links, struct content_link *link, size_t at, const struct content_hash *hash);

/** The hash of the bytes of a piece. */
struct content_hash content_links_hash(const struct content_links *links, const void *bytes, size_t len);

#endif
