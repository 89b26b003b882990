/*
 * Each request that takes time is a task with threads of its own. A task is shared by the feed and by what runs in it, and the
 * last one to let go frees it: a thread may be stuck in the kernel long after the feed has gone.
 */
#include "feed.h"

#include "crew.h"
#include "feed_read.h"
#include "look.h"
#include "op_wire.h"
#include "scan.h"
#include "thread.h"
#include "watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { STACK = 256 * 1024, ITEM_BATCH = 8192 };

/* A scan or an operation. */
struct task {
	struct task *next;          /* in the feed's list */
	uint64_t id;
	struct ring *ring;          /* a reference */
	char *root;
	atomic_uint refs;
	atomic_bool ended;
	struct scan *scan;          /* a scan */
	struct op *op;              /* an operation, else NULL; owned by its thread */
	struct op_request request;  /* an operation's, until it is whole */
	pthread_mutex_t lock;
	pthread_cond_t answered;
	bool confirmed;             /* under the lock */
	bool stopped;               /* under the lock */
	struct buf out;             /* its thread's */
	bool lost;                  /* its thread's: something could not be told for want of memory */
	bool at_once;               /* an operation that nobody confirms */
};

struct feed {
	char *root;
	struct ring *ring;
	bool read_only;
	struct task *tasks;
	struct watch *watch;        /* NULL until something is to be watched */
	struct crew *crew;          /* for operations; NULL until there is one */
};

/* Tasks ----------------------------------------------------------------------------------------------- */

static void task_unref(struct task *task)
{
	if (!task || atomic_fetch_sub_explicit(&task->refs, 1, memory_order_acq_rel) > 1)
		return;
	scan_unref(task->scan);
	op_free(task->op);
	op_request_fini(&task->request);
	pthread_cond_destroy(&task->answered);
	pthread_mutex_destroy(&task->lock);
	buf_fini(&task->out);
	ring_unref(task->ring);
	free(task->root);
	free(task);
}

static struct task *task_new(struct feed *feed, uint64_t id)
{
	struct task *task = calloc(1, sizeof *task);

	if (!task)
		return NULL;
	task->root = strdup(feed->root);
	if (!task->root) {
		free(task);
		return NULL;
	}
	task->id = id;
	task->ring = ring_ref(feed->ring);
	atomic_init(&task->refs, 1);
	op_request_init(&task->request, OP_RENAME);
	pthread_mutex_init(&task->lock, NULL);
	pthread_cond_init(&task->answered, NULL);
	return task;
}

static struct task *find_task(const struct feed *feed, uint64_t id)
{
	struct task *task = feed->tasks;

	while (task && task->id != id)
		task = task->next;
	return task;
}

static void keep_task(struct feed *feed, struct task *task)
{
	task->next = feed->tasks;
	feed->tasks = task;
}

/* Forget the tasks that have ended. */
static void prune(struct feed *feed)
{
	struct task **at = &feed->tasks;

	while (*at) {
		struct task *task = *at;

		if (!atomic_load(&task->ended)) {
			at = &task->next;
			continue;
		}
		*at = task->next;
		task_unref(task);
	}
}

static void task_stop(struct task *task)
{
	if (task->scan)
		scan_stop(task->scan);
	pthread_mutex_lock(&task->lock);
	task->stopped = true;
	if (task->op && !atomic_load(&task->ended))
		op_stop(task->op);
	pthread_cond_signal(&task->answered);
	pthread_mutex_unlock(&task->lock);
}

/* Send what an operation has put together. */
static void send_bytes(struct task *task)
{
	if (task->out.len > 0 && ring_put(task->ring, task->out.data, task->out.len) != 0)
		op_stop(task->op);
	buf_clear(&task->out);
}

/* For the last frame, from `start` on, there may not have been memory: then nothing more is begun, and the end will say so. */
static void check_frame(struct task *task, size_t start)
{
	if (!task->out.failed)
		return;
	task->out.len = start;
	task->out.failed = false;
	task->lost = true;
	op_stop(task->op);
}

/* Scans ----------------------------------------------------------------------------------------------- */

static void scan_ended(void *arg)
{
	struct task *task = arg;

	atomic_store(&task->ended, true);
	task_unref(task);
}

/* A scan that could not be begun: its directory is unread. */
static int refuse_scan(uint64_t id, enum error error, struct buf *answer)
{
	size_t start = wire_open(answer, WIRE_END, id);

	wire_put_varint(answer, 0);
	wire_put_u8(answer, error);
	wire_put_u8(answer, WIRE_END_UNREAD);
	wire_close(answer, start);
	start = wire_open(answer, WIRE_DONE, id);
	wire_put_u8(answer, ERROR_NONE);
	wire_close(answer, start);
	return 0;
}

static int begin_scan(struct feed *feed, const struct wire_frame *frame, struct buf *answer)
{
	struct wire_reader in = frame->payload;
	struct scan_options options = { .id = frame->id, .root = feed->root, .sink = ring_sink(feed->ring), .ended = scan_ended };
	struct wire_scan request;
	struct task *task;

	if (!wire_get_scan(&in, &request) || find_task(feed, frame->id)) {
		errno = EPROTO;
		return -1;
	}
	if (wire_get_patterns(&request.patterns, &options.exclude) != 0) {
		glob_set_fini(&options.exclude);
		return errno == ENOMEM ? refuse_scan(frame->id, ERROR_NOMEM, answer) : -1;
	}
	task = task_new(feed, frame->id);
	if (!task) {
		glob_set_fini(&options.exclude);
		return refuse_scan(frame->id, ERROR_NOMEM, answer);
	}
	options.flags = request.flags;
	options.depth = request.depth;
	options.jobs = request.jobs;
	options.path = request.path;
	options.path_len = request.path_len;
	options.ended_arg = task;
	atomic_fetch_add(&task->refs, 1);
	task->scan = scan_new(&options);
	if (!task->scan) {
		enum error error = error_from_errno(errno);

		atomic_fetch_sub(&task->refs, 1);
		task_unref(task);
		return refuse_scan(frame->id, error, answer);
	}
	keep_task(feed, task);
	return 0;
}

static int set_jobs(struct feed *feed, const struct wire_frame *frame)
{
	struct task *task = find_task(feed, frame->id);
	struct wire_reader in = frame->payload;
	uint64_t jobs = wire_get_varint(&in);

	if (!in.ok || jobs > UINT16_MAX) {
		errno = EPROTO;
		return -1;
	}
	if (task && task->scan)
		scan_set_jobs(task->scan, (unsigned)jobs);
	return 0;
}

/* Directories that a scan holds are to be read, or none of them any more. */
static int enter_dirs(struct feed *feed, const struct wire_frame *frame)
{
	const struct task *task = find_task(feed, frame->id);
	struct wire_reader in = frame->payload;
	bool any = wire_more(&in);

	while (wire_more(&in)) {
		uint64_t number = wire_get_varint(&in);

		if (!in.ok || number > UINT32_MAX) {
			errno = EPROTO;
			return -1;
		}
		if (task && task->scan)
			scan_enter(task->scan, (uint32_t)number);
	}
	if (!any && task && task->scan)
		scan_leave_held(task->scan);
	return 0;
}

/* Operations ------------------------------------------------------------------------------------------ */

static void take_item(void *arg, const struct op_item *item)
{
	struct task *task = arg;
	size_t start = wire_open(&task->out, WIRE_ITEM, task->id);

	op_wire_put_item(&task->out, item);
	wire_close(&task->out, start);
	check_frame(task, start);
	if (task->out.len >= ITEM_BATCH || (item->index == 0 && !task->at_once))
		send_bytes(task);
}

static void take_progress(void *arg, const struct op_progress *progress)
{
	struct task *task = arg;
	bool last = progress->running && progress->items >= progress->items_total;
	size_t start = task->out.len;

	op_wire_put_progress(&task->out, task->id, progress);
	check_frame(task, start);
	/* the result comes right behind */
	if (!last || !task->at_once)
		send_bytes(task);
}

/* Wait until the plan is confirmed; false when it is stopped instead. */
static bool wait_for_answer(struct task *task)
{
	bool go;

	pthread_mutex_lock(&task->lock);
	while (!task->confirmed && !task->at_once && !task->stopped)
		pthread_cond_wait(&task->answered, &task->lock);
	go = !task->stopped;
	pthread_mutex_unlock(&task->lock);
	return go;
}

static void send_result(struct task *task, enum error error)
{
	struct op_result result = *op_result(task->op);

	result.error = (uint8_t)(task->lost ? ERROR_NOMEM : error);
	op_wire_put_result(&task->out, task->id, &result);
	send_bytes(task);
}

static void operate(struct task *task)
{
	const struct op_events events = { take_item, take_progress, task };
	enum error error = op_plan(task->op, &events);

	if (task->lost)
		error = ERROR_NOMEM;
	op_wire_put_planned(&task->out, task->id, error, op_planned(task->op));
	if (error || !task->at_once)
		send_bytes(task);
	if (error)
		return;
	if (!wait_for_answer(task)) {
		send_result(task, ERROR_CANCELED);
		return;
	}
	error = op_run(task->op, &events);
	send_result(task, error);
}

static void run_operation(void *arg)
{
	struct task *task = arg;

	thread_set_name("muntin-job");
	operate(task);
	pthread_mutex_lock(&task->lock);
	atomic_store(&task->ended, true);
	pthread_mutex_unlock(&task->lock);
	task_unref(task);
}

/* The request is whole: plan it in a thread. */
static int start_operation(struct feed *feed, struct task *task)
{
	task->at_once = task->request.flags & OP_AT_ONCE;
	if (!feed->crew)
		feed->crew = crew_new(STACK);
	task->op = op_new(task->root, &task->request);
	/* room from the start: that it has ended can be told without memory, too */
	if (!feed->crew || !task->op || !buf_room(&task->out, ITEM_BATCH))
		return -1;
	atomic_fetch_add(&task->refs, 1);
	if (crew_run(feed->crew, run_operation, task) == 0)
		return 0;
	atomic_fetch_sub(&task->refs, 1);
	return -1;
}

static int begin_operation(struct feed *feed, const struct wire_frame *frame, struct buf *answer)
{
	const struct op_planned none = { 0 };
	struct task *task = find_task(feed, frame->id);
	struct wire_reader in = frame->payload;

	if (task && (task->op || task->scan)) {
		errno = EPROTO;
		return -1;
	}
	if (!task) {
		task = task_new(feed, frame->id);
		if (!task)
			return -1;
		keep_task(feed, task);
	}
	switch (op_wire_get_request(&in, &task->request)) {
	case OP_WIRE_MORE:
		return 0;
	case OP_WIRE_COMPLETE:
		break;
	case OP_WIRE_BAD:
		errno = EPROTO;
		return -1;
	case OP_WIRE_NOMEM:
		errno = ENOMEM;
		return -1;
	}
	if (!feed->read_only && start_operation(feed, task) == 0)
		return 0;
	atomic_store(&task->ended, true);
	op_wire_put_planned(answer, frame->id, feed->read_only ? ERROR_READONLY : ERROR_NOMEM, &none);
	return 0;
}

static void confirm(struct task *task)
{
	pthread_mutex_lock(&task->lock);
	task->confirmed = true;
	pthread_cond_signal(&task->answered);
	pthread_mutex_unlock(&task->lock);
}

/* Watches --------------------------------------------------------------------------------------------- */

static void release_ring(void *ring)
{
	ring_unref(ring);
}

static struct watch *start_watch(struct feed *feed)
{
	const struct sink sink = ring_sink(ring_ref(feed->ring));
	const struct watch_options options = { feed->root, sink.put, release_ring, sink.arg };
	struct watch *watch = watch_new(&options);

	if (!watch)
		ring_unref(feed->ring);
	return watch;
}

static int set_watch(struct feed *feed, const struct wire_frame *frame, struct buf *answer)
{
	size_t start;

	if (!feed->watch)
		feed->watch = start_watch(feed);
	if (feed->watch && watch_set(feed->watch, frame->id, &frame->payload) == 0)
		return 0;
	if (errno == EPROTO)
		return -1;
	start = wire_open(answer, WIRE_UNWATCHED, frame->id);
	wire_put_varint(answer, error_from_errno(errno));
	wire_close(answer, start);
	return 0;
}

/* The feed -------------------------------------------------------------------------------------------- */

struct feed *feed_new(const char *root, struct ring *ring, bool read_only)
{
	struct feed *feed = calloc(1, sizeof *feed);

	if (!feed)
		return NULL;
	feed->root = strdup(root);
	if (!feed->root) {
		free(feed);
		return NULL;
	}
	feed->ring = ring_ref(ring);
	feed->read_only = read_only;
	return feed;
}

static int take_request(struct feed *feed, const struct wire_frame *frame, struct buf *answer)
{
	struct task *task;

	switch (frame->type) {
	case WIRE_SCAN:
		return begin_scan(feed, frame, answer);
	case WIRE_LOOK:
	case WIRE_DETAILS:
	case WIRE_WHY:
		return look_begin(feed->root, feed->ring, frame, answer);
	case WIRE_READ:
		return feed_read(feed->root, feed->ring, frame, answer);
	case WIRE_OPERATE:
		return begin_operation(feed, frame, answer);
	case WIRE_JOBS:
		return set_jobs(feed, frame);
	case WIRE_ENTER:
		return enter_dirs(feed, frame);
	case WIRE_WATCH:
		return set_watch(feed, frame, answer);
	case WIRE_STOP:
	case WIRE_CONFIRM:
		task = find_task(feed, frame->id);
		if (task && frame->type == WIRE_STOP)
			task_stop(task);
		else if (task)
			confirm(task);
		return 0;
	default:
		if (frame->type >= WIRE_OPTIONAL)
			return 0;
		errno = EPROTO;
		return -1;
	}
}

int feed_request(struct feed *feed, const struct wire_frame *frame, struct buf *answer)
{
	size_t len = answer->len;
	int status;

	prune(feed);
	status = take_request(feed, frame, answer);
	if (!answer->failed)
		return status;
	answer->len = len; /* half a frame would be worse than none */
	answer->failed = false;
	errno = ENOMEM;
	return -1;
}

bool feed_busy(struct feed *feed)
{
	prune(feed);
	return feed->tasks != NULL;
}

unsigned feed_threads(struct feed *feed, int *tid)
{
	unsigned count = 0;

	*tid = 0;
	for (const struct task *task = feed->tasks; task; task = task->next) {
		int first = 0;

		if (task->scan)
			count += scan_threads(task->scan, &first);
		if (first)
			*tid = first;
	}
	return count;
}

void feed_stop(struct feed *feed)
{
	for (struct task *task = feed->tasks; task; task = task->next)
		task_stop(task);
}

void feed_free(struct feed *feed)
{
	if (!feed)
		return;
	feed_stop(feed);
	watch_free(feed->watch);
	crew_free(feed->crew);
	while (feed->tasks) {
		struct task *task = feed->tasks;

		feed->tasks = task->next;
		task_unref(task);
	}
	ring_unref(feed->ring);
	free(feed->root);
	free(feed);
}
