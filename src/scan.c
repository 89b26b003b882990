/*
 * The scanner.
 *
 *                      ┌───────────── waiting: directories to be read ─────────────┐
 *     front (oldest) ──┤ node  node  node  …                              newest   ├── back
 *                      └────────────────────────────────────────────────────────────┘
 *          pop ▼ (front while there are few: breadth first; back when there are many: bounded memory)
 *     thread: open ─▶ BEGIN ─▶ getdents ─▶ NAMES ─▶ statx each ─▶ ATTRS … ─▶ END
 *                                            │          └─ a directory? push a node
 *                                            └─ more to come? hold the names, `share` the directory: all
 *                                               names first, by one thread at a time; idle ones take what is held
 *
 * With WIRE_SCAN_HOLD a directory that was found is held instead, until scan_enter() lets it wait with the others.
 *
 * Names are sent before the first of them is looked at, and every entry's attributes as soon as they are there:
 * nothing that was found waits in a thread behind a system call that hangs. A frame is put with the scan's locks
 * free, and a directory's number is put before anybody else can learn of it, so a listing never comes before
 * the entry it belongs to.
 *
 * A node knows its path below an anchor, a directory from which it can be opened in one openat2(2) call; only
 * paths that grow long, and directories reached through a symbolic link, become anchors of their own. A few anchors are
 * kept open, the others are opened again from the one above them, and whatever is opened must be the inode it
 * was found as.
 *
 * A device that several requests at a time would make slower is read by one thread, see scan_device.c.
 *
 * Two locks: `lock` is held for a few instructions, never across a system call; `anchor_lock` may be, and
 * is only ever taken by scanner threads. The last thread to leave sends WIRE_DONE.
 */
#include "scan_impl.h"

#include "thread.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Life ------------------------------------------------------------------------------------------------ */

static void scan_fini(struct scan *scan)
{
	pthread_mutex_destroy(&scan->anchor_lock);
	pthread_cond_destroy(&scan->work);
	pthread_mutex_destroy(&scan->lock);
	glob_set_fini(&scan->exclude);
	device_free_all(scan);
	free(scan->root);
	free(scan->path);
	free(scan);
}

void scan_unref(struct scan *scan)
{
	if (scan && atomic_fetch_sub_explicit(&scan->refs, 1, memory_order_acq_rel) == 1)
		scan_fini(scan);
}

void scan_stop(struct scan *scan)
{
	atomic_store_explicit(&scan->stop, true, memory_order_relaxed);
	pthread_mutex_lock(&scan->lock);
	pthread_cond_broadcast(&scan->work);
	pthread_mutex_unlock(&scan->lock);
}

unsigned scan_threads(const struct scan *scan, int *tid)
{
	*tid = atomic_load(&scan->first_tid);
	return atomic_load(&scan->running);
}

/* There is more to do than those at work can begin now: wake or start another thread.   Under the lock. */
bool scan_want_thread(struct scan *scan)
{
	if (scan->idle > 0) {
		pthread_cond_signal(&scan->work);
		return false;
	}
	if (scan->threads >= scan->jobs || scan_stopped(scan))
		return false;
	scan->threads++;
	scan->active++;
	return true;
}

/* Threads --------------------------------------------------------------------------------------------- */

/* Wait for something to do. Returns false when nothing will come any more.   Under the lock. */
static bool next_task(struct reader *reader, struct node **node, struct reading **reading)
{
	struct scan *scan = reader->scan;

	for (;;) {
		*reading = NULL;
		*node = NULL;
		if (scan_stopped(scan))
			return false;
		*node = device_pop(reader);
		if (*node)
			return true;
		*reading = scan->shared;
		if (*reading) {
			(*reading)->users++;
			return true;
		}
		if (scan->active == 0 && scan->parked_count == 0)
			return false;
		scan->idle++;
		pthread_cond_wait(&scan->work, &scan->lock);
		scan->idle--;
	}
}

/* More threads than are wanted any more: this one may go, the others do its work.   Under the lock. */
static bool is_surplus(const struct scan *scan)
{
	return scan->threads > scan->jobs;
}

static void work(struct reader *reader)
{
	struct scan *scan = reader->scan;
	struct reading *reading;
	struct node *node;

	pthread_mutex_lock(&scan->lock);
	for (;;) {
		scan->active--;
		if (is_surplus(scan) || !next_task(reader, &node, &reading))
			break;
		scan->active++;
		pthread_mutex_unlock(&scan->lock);
		if (node) {
			scan_read_node(reader, node);
			device_leave(reader);
		} else {
			scan_read_on(reader, reading);
			scan_leave(reader, reading);
		}
		pthread_mutex_lock(&scan->lock);
	}
	scan->threads--;
	pthread_cond_broadcast(&scan->work);
	pthread_mutex_unlock(&scan->lock);
}

/* After a stop: directories that nobody will read. */
static void drop_waiting(struct scan *scan)
{
	struct node *node;

	node_free_parked(scan);
	for (;;) {
		pthread_mutex_lock(&scan->lock);
		node = node_pop(scan);
		pthread_mutex_unlock(&scan->lock);
		if (!node)
			return;
		node_free(scan, node);
	}
}

/* A thread's name: what the system allows of `scan:ROOT`. */
static void name_thread(const struct scan *scan)
{
	char name[16];

	snprintf(name, sizeof name, "scan:%s", scan->root);
	thread_set_name(name);
}

/* The last thread of a scan ends it: its frames, its anchors, its caller's wait. */
static void end_scan(struct reader *reader)
{
	struct scan *scan = reader->scan;

	drop_waiting(scan);
	scan_send_done(reader);
	if (scan->ended)
		scan->ended(scan->ended_arg);
}

static struct reader *reader_new(struct scan *scan)
{
	struct reader *reader = malloc(sizeof *reader);

	if (!reader)
		return NULL;
	reader->scan = scan;
	reader->device = NULL;
	reader->batch = 0;
	reader->before = NULL;
	reader->out = (struct buf)BUF_INIT;
	reader->path = (struct buf)BUF_INIT;
	/* Room for every frame from the start: what has been found, and that the scan has ended, can be told without memory, too. */
	reader->writer = buf_room(&reader->out, MAX_FRAME) ? scan->sink.open(scan->sink.arg) : NULL;
	if (reader->writer)
		return reader;
	buf_fini(&reader->out);
	free(reader);
	errno = ENOMEM;
	return NULL;
}

static void reader_free(struct reader *reader)
{
	reader->scan->sink.close(reader->writer);
	buf_fini(&reader->out);
	buf_fini(&reader->path);
	free(reader);
}

static void *run(void *arg)
{
	struct reader *reader = arg;
	struct scan *scan = reader->scan;
	int none = 0;

	atomic_compare_exchange_strong(&scan->first_tid, &none, thread_background());
	name_thread(scan);
	work(reader);
	scan_flush(reader);
	if (atomic_fetch_sub(&scan->running, 1) == 1)
		end_scan(reader);
	reader_free(reader);
	scan_unref(scan);
	return NULL;
}

/* Start a thread that is counted in `threads` and `active`. Without memory for it the others do its work: false with errno. */
bool scan_start_thread(struct scan *scan)
{
	struct reader *reader = reader_new(scan);
	int error;

	if (reader) {
		atomic_fetch_add(&scan->refs, 1);
		atomic_fetch_add(&scan->running, 1);
		if (thread_start(run, reader, STACK) == 0)
			return true;
		atomic_fetch_sub(&scan->running, 1);
		atomic_fetch_sub(&scan->refs, 1);
		reader_free(reader);
	}
	error = errno;
	pthread_mutex_lock(&scan->lock);
	scan->threads--;
	scan->active--;
	scan->jobs = scan->threads;
	pthread_mutex_unlock(&scan->lock);
	errno = error;
	return false;
}

/* The first directory to read, and the anchor that is the root. */
static int add_top(struct scan *scan)
{
	struct node *node = malloc(sizeof *node + scan->path_len + 1);
	struct anchor *root = malloc(sizeof *root + 1);

	if (!node || !root) {
		free(node);
		free(root);
		return -1;
	}
	*root = (struct anchor){ .refs = 1, .fd = -1 };
	root->path[0] = '\0';
	*node = (struct node){ .anchor = root, .follow = scan->flags & WIRE_SCAN_FOLLOW && scan->path_len > 0, .path_len = scan->path_len };
	memcpy(node->path, scan->path, scan->path_len);
	node->path[scan->path_len] = '\0';
	if (lineage_extend(scan, node, NULL) != 0) {
		free(node);
		free(root);
		return -1;
	}
	scan->front = scan->back = node;
	scan->waiting = 1;
	return 0;
}

static void init_locks(struct scan *scan)
{
	pthread_mutex_init(&scan->lock, NULL);
	pthread_cond_init(&scan->work, NULL);
	pthread_mutex_init(&scan->anchor_lock, NULL);
}

/* How many anchors may be open at a time: at least an anchor and the one above it, and the root. */
static size_t anchor_limit(void)
{
	return size_max(3, size_min(OPEN_ANCHORS, fsys_descriptors() / 8));
}

struct scan *scan_new(const struct scan_options *options)
{
	struct scan *scan = calloc(1, sizeof *scan);
	int error;

	if (!scan) {
		struct glob_set exclude = options->exclude;

		glob_set_fini(&exclude);
		return NULL;
	}
	*scan = (struct scan){
		.id = options->id,
		.flags = options->flags,
		.depth = options->depth,
		.jobs = options->jobs ? options->jobs : 1,
		.root = strdup(options->root),
		.path = malloc(options->path_len + 1),
		.path_len = options->path_len,
		.sys = options->sys,
		.exclude = options->exclude,
		.sink = options->sink,
		.ended = options->ended,
		.ended_arg = options->ended_arg,
		.max_anchors = anchor_limit(),
		.threads = 1,
		.active = 1,
	};
	atomic_init(&scan->refs, 1);
	atomic_init(&scan->next_dir, 1);
	init_locks(scan);
	if (scan->path && options->path_len > 0)
		memcpy(scan->path, options->path, options->path_len);
	if (!scan->root || !scan->path || add_top(scan) != 0) {
		scan_fini(scan);
		errno = ENOMEM;
		return NULL;
	}
	if (scan_start_thread(scan))
		return scan;
	error = errno;
	drop_waiting(scan);
	scan_unref(scan);
	errno = error == EAGAIN ? ENOMEM : error; /* of a thread: for its stack, as a rule */
	return NULL;
}

void scan_set_jobs(struct scan *scan, unsigned jobs)
{
	bool start;

	pthread_mutex_lock(&scan->lock);
	scan->jobs = jobs ? jobs : 1;
	start = (scan->front || scan->shared) && scan->active > 0 && scan_want_thread(scan);
	pthread_mutex_unlock(&scan->lock);
	if (start)
		scan_start_thread(scan);
}
