/*
 * What the files of the content comparison share. Nobody else includes this.
 */
#ifndef MUNTIN_CONTENT_IMPL_H
#define MUNTIN_CONTENT_IMPL_H

#include "content.h"
#include "content_links.h"

#include <stdatomic.h>

/* What is read of a file at a time: of all panes together it is to stay in the cache that each processor has for itself. */
#ifndef CONTENT_CHUNK
#define CONTENT_CHUNK (16 * 1024)
#endif

/* And when one of them has several names: a hash of it is kept. */
#ifndef CONTENT_PIECE
#define CONTENT_PIECE (256 * 1024)
#endif

/** A pane's place, copied. */
struct content_place {
	char *root;
	char *below;         /* NULL: nothing is read */
};

/** The files of one row in a batch. */
struct content_set {
	compare_id row;
	uint32_t first;      /* in `files` and `answers` */
	uint32_t count;
};

struct content_batch {
	struct content_batch *next;
	struct content_set *sets;
	size_t set_count;
	size_t set_cap;
	struct compare_file *files;
	size_t file_count;
	size_t file_cap;
	uint32_t *file_names; /* of each file, in `names`, terminated */
	size_t file_name_cap;
	uint8_t *answers;    /* as many as there is room for files */
	size_t answer_cap;
	struct buf names;
	char *paths[COMPARE_MAX_PANES]; /* where it is not `path` */
	uint64_t bytes;
	char path[];
};

/** What a thread has for itself. */
struct content_reader {
	const struct content_place *places;
	size_t count;        /* panes */
	bool follow;
	const atomic_bool *stop;
	_Atomic uint64_t *read; /* bytes, of all threads */
	struct content_links *links; /* what they know of files with several names */
	int *tops;           /* the compared directories; -1 not open */
	int *dirs;           /* the batch's directory in each pane; -1 not open */
	struct buf path;     /* of `dirs` */
	bool apart;          /* some of `dirs` have another */
	char *bytes;         /* CONTENT_CHUNK for each pane */
	char *pieces;        /* CONTENT_PIECE for each pane; NULL before they are needed */
};

/** Have what a thread needs. Returns -1 with ENOMEM.   Thread: the reader's, for all of these. */
MUN_NODISCARD int content_reader_init(struct content_reader *reader);

void content_reader_fini(struct content_reader *reader);

/** Fill in the answers of a batch; those that were not read because of `stop` are 0. */
void content_reader_run(struct content_reader *reader, struct content_batch *batch);

#endif
