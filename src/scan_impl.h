/*
 * What the files of the scanner share; see scan.c for the whole picture. Nobody else includes this.
 */
#ifndef MUNTIN_SCAN_IMPL_H
#define MUNTIN_SCAN_IMPL_H

#include "fsys.h"
#include "scan.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
	DENTS = 1 << 16,            /* bytes of one getdents64 */
	MAX_FRAME = DENTS + 1024,   /* of the names in one of those, the longest there is */
	BREADTH = 8192,             /* directories that may wait before the newest are read first */
	LONG_PATH = 1024,           /* a node with a longer path becomes an anchor */
	SHARE_FROM = DENTS / 2,     /* a buffer this full: the directory is probably larger */
	HELD_MOST = 16 << 20,       /* bytes of names of large directories that wait to be looked at */
	STACK = 256 * 1024,
	OPEN_ANCHORS = 32,          /* kept open at most; fewer where descriptors are few */
	CHECK_STOP = 256,           /* entries between two looks at the stop flag */
	SKIP_TYPE = 0xff,           /* marks a record that is left out */
};

static_assert(MAX_FRAME > WIRE_MAX_ATTRS + PATH_MAX + 64, "an entry's attributes and target are a frame, too");

/* A directory from which others are opened. Guarded by anchor_lock. */
struct anchor {
	struct anchor *up;          /* NULL: the root */
	struct anchor *older;       /* in the list of open ones, by last use */
	struct anchor *newer;
	unsigned refs;
	unsigned pins;              /* threads that use the descriptor now */
	int fd;                     /* -1: closed for the time being */
	bool follow;                /* reached through a symbolic link */
	uint64_t dev;
	uint64_t ino;
	char path[];                /* below `up` */
};

/* The directories above one, for -L: to find loops. Guarded by `lock`. */
struct lineage {
	struct lineage *up;
	const struct lineage *link; /* the nearest, itself or above, that a symbolic link led to; NULL: none */
	unsigned refs;
	uint64_t dev;
	uint64_t ino;
};

/* A directory that waits or is being read. */
struct node {
	struct node *older;
	struct node *newer;
	struct anchor *anchor;
	struct lineage *lineage;    /* with -L: itself first */
	uint32_t number;            /* its number in the stream */
	uint32_t depth;             /* below the scanned directory */
	bool follow;
	bool left;                  /* it is not to be read after all */
	uint64_t dev;               /* what it must be; 0: the top, whatever it is */
	uint64_t ino;
	size_t path_len;
	char path[];                /* below the anchor; empty: the anchor itself */
};

/* What is known of a directory's number, with WIRE_SCAN_HOLD. */
struct parked {
	struct node *node;          /* held until it is asked for; else NULL */
	bool asked;                 /* it was asked for; perhaps before it is held: who finds one tells of it first */
};

/* Names of a large directory that were sent and wait to be looked at, each terminated. */
struct held {
	struct held *next;
	uint32_t batch;
	unsigned count;
	size_t size;                /* bytes of names */
	char names[];
};

/* A directory that is being read, by one or more threads. */
struct reading {
	struct reading *next;       /* in `shared`; guarded by `lock` */
	bool listed;                /* guarded by `lock` */
	unsigned users;             /* guarded by `lock` */
	struct node *node;
	struct anchor *below;       /* anchor for what is found here, made when needed; guarded by anchor_lock */
	pthread_mutex_t read_lock;  /* the rest; never held across a system call */
	bool busy;                  /* a thread has `dir` for itself, to take names from it */
	struct fsys_dir dir;
	bool ended;
	enum error error;
	struct held *held;          /* the oldest first */
	struct held **held_end;
};

struct scan {
	/* never changed after the start */
	uint64_t id;
	unsigned flags;
	uint32_t depth;
	char *root;
	char *path;
	size_t path_len;
	const char *sys;            /* NULL: /sys */
	struct glob_set exclude;
	struct sink sink;
	void (*ended)(void *arg);
	void *ended_arg;
	uint64_t top_dev;           /* written by the first thread before there is a second */

	atomic_bool stop;
	atomic_uint refs;
	atomic_uint next_batch;
	atomic_uint next_dir;
	atomic_size_t held;         /* bytes of names */
	atomic_uint running;        /* threads */
	_Atomic uint64_t left_out;  /* names that matched a pattern */
	atomic_int first_tid;

	pthread_mutex_t lock;
	pthread_cond_t work;        /* something to do, or nothing will come any more */
	struct node *front;
	struct node *back;
	size_t waiting;
	struct parked *parked;      /* by number, with WIRE_SCAN_HOLD */
	size_t parked_cap;
	size_t parked_count;
	bool leaves_parked;         /* nobody will ask for more */
	struct reading *shared;
	struct device *devices;     /* see scan_device.c */
	unsigned active;            /* threads that may still node_push */
	unsigned idle;
	unsigned threads;           /* started and not about to end */
	unsigned jobs;              /* threads that there may be */

	pthread_mutex_t anchor_lock;
	struct anchor *oldest;
	struct anchor *newest;
	size_t open_anchors;
	size_t max_anchors;
};

/* What one thread has for itself. */
struct reader {
	struct scan *scan;
	void *writer;               /* into the sink */
	uint32_t batch;             /* whose attributes the frame is for that may still grow there */
	struct attrs sent;          /* the last of them */
	const struct attrs *before; /* these, or NULL */
	struct device *device;      /* that this thread has for itself, or NULL */
	struct buf out;
	struct buf path;            /* of a name, for patterns */
	char target[PATH_MAX];
	_Alignas(8) char dents[DENTS];
};

/** Has somebody asked the scan to end?   Thread: any. */
static inline bool scan_stopped(const struct scan *scan)
{
	return atomic_load_explicit(&scan->stop, memory_order_relaxed);
}

/** Are these attributes those of an inode?   Thread: any. */
static inline bool attrs_are(const struct attrs *attrs, uint64_t dev, uint64_t ino)
{
	return attrs->dev == dev && attrs->ino == ino;
}

/** Let what was sent so far come before what any other thread sends after this.   Thread: scanner. */
void scan_flush(struct reader *reader);

/** Send that a directory was opened.   Thread: scanner. */
void scan_send_begin(struct reader *reader, uint32_t number, const struct attrs *attrs);

/** Send that a directory has ended, or will not be read.   Thread: scanner. */
void scan_send_end(struct reader *reader, uint32_t number, enum wire_end how, enum error error);

/** Send that the scan has ended: the last frame.   Thread: scanner. */
void scan_send_done(struct reader *reader);

/** Have an anchor open and keep it so until its `pins` are lowered; a chain of closed ones is opened from above. Returns -1 with errno.   Under anchor_lock. */
int anchor_pin(struct scan *scan, struct anchor *anchor);

/** Give a reference back; takes NULL.   Under anchor_lock. */
void anchor_unref(struct scan *scan, struct anchor *anchor);

/** The anchor for what is found in a directory that has become one; made at the first need. NULL with ENOMEM.   Under anchor_lock. */
struct anchor *anchor_below(struct scan *scan, struct reading *reading);

/** Close anchors that nobody uses now until at most `keep` are open; the root stays.   Under anchor_lock. */
void anchor_close_all(struct scan *scan, size_t keep);

/** Open the directory at a path below an open anchor; an empty path is the anchor itself. Returns a descriptor or -1 with errno.   Thread: scanner. */
int anchor_open_path(int fd, const char *path, bool follow);

/** Forget a node that is in no list.   Thread: scanner, no lock held. */
void node_free(struct scan *scan, struct node *node);

/** A node for a directory that was found in another. NULL with ENOMEM.   Thread: scanner, no lock held. */
struct node *node_new(struct scan *scan, struct reading *in, const char *name, const struct wire_attrs *element);

/** Take the next directory to read, or NULL.   Under the lock. */
struct node *node_pop(struct scan *scan);

/** Let a directory wait before all others.   Under the lock. */
void node_put_first(struct scan *scan, struct node *node);

/** As node_pop(), of those whose device may be used, and take the device if it is for one thread at a time.   Under the lock. */
struct node *device_pop(struct reader *reader);

/** Would node_pop() return a directory whose device another thread has?   Under the lock. */
bool device_is_taken(struct scan *scan, const struct node *node);

/** A directory was opened: find out about its device, if nobody has yet.   Thread: scanner, no lock held. */
void device_opened(struct reader *reader, int fd, const struct attrs *attrs);

/** May other threads read in the directory that this one reads?   Thread: scanner, no lock held. */
bool device_is_shared(struct reader *reader);

/** Leave the device to others.   Thread: scanner, no lock held. */
void device_leave(struct reader *reader);

/** Forget all devices.   Thread: the last one. */
void device_free_all(struct scan *scan);

/** Let a directory wait to be read, or with WIRE_SCAN_HOLD be held until it is asked for.   Thread: scanner, no lock held. */
void node_push(struct scan *scan, struct node *node);

/** Free what is held.   Thread: the last one. */
void node_free_parked(struct scan *scan);

/** Let a directory wait that cannot be read now for want of descriptors, and do with one thread less. False when this is the only one.   Thread: scanner, no lock held. */
bool node_put_off(struct scan *scan, struct node *node);

/** With -L: note a directory's place below the ones above it. Returns -1 with ENOMEM.   Thread: scanner, no lock held. */
int lineage_extend(struct scan *scan, struct node *node, struct lineage *up);

/** Is this inode the directory itself or one above it?   Thread: scanner. */
bool lineage_has(const struct lineage *lineage, const struct attrs *attrs);

/** Is a directory that was found as one, not behind a link, one of those above it all the same?   Thread: scanner. */
bool lineage_returns(const struct lineage *lineage, const struct attrs *attrs);

/** Read one directory; the node is freed.   Thread: scanner, no lock held. */
void scan_read_node(struct reader *reader, struct node *node);

/** Read on in a directory until nothing is left to be begun, together with others.   Thread: scanner that is one of its users. */
void scan_read_on(struct reader *reader, struct reading *reading);

/** Leave a directory; the last one ends it.   Thread: scanner that is one of its users. */
void scan_leave(struct reader *reader, struct reading *reading);

/** Start a thread that is counted in `threads` and `active`. Without memory for it the others do its work: false with errno.   Thread: any, no lock held. */
bool scan_start_thread(struct scan *scan);

/** There is more to do than those at work can begin now: wake one, or answer that one is to be started.   Under the lock. */
bool scan_want_thread(struct scan *scan);

#endif
