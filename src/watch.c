/*
 * The watcher.
 *
 *   watch_set() ─ set, bell ─▶ thread ◀─ events ─ kernel
 *                                │
 *                                └─ WIRE_CHANGED, WIRE_UNWATCHED ─▶ put
 *
 * Idle, the thread sleeps until the bell rings or there are events. The first event starts a clock, and the events are
 * left where they are until it has run SETTLE, and EVERY since the last time: then all of them are read, and each changed
 * directory is named once. So what changes all the time costs ten readings a second, and every change is told within EVERY.
 *
 * A watch that the kernel ended, or whose directory was moved, is begun again at its path; where that fails, it is told. What
 * the kernel could not keep for us (an overflow) may have been anything, of any directory: all watches are begun again.
 */
#include "watch.h"

#include "fsys.h"
#include "loop.h"
#include "thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { STACK = 256 * 1024, FRAME_SIZE = 2048, READS = 256 };

#define SETTLE (50 * LOOP_MS)
#define EVERY (100 * LOOP_MS)
#define NEVER INT64_MAX

/* A directory that is to be watched. */
struct watched {
	char *path;
	size_t len;
	int64_t mtime;       /* as it was when it was read; 0: not told */
	int number;          /* the kernel's; -1: it is not watched. Two paths of one directory have one number */
	bool changed;
	bool lost;           /* the kernel has ended the watch, or it is at another path: begin again */
};

struct watched_set {
	uint64_t id;         /* of the request */
	struct watched *items;
	size_t count;
	size_t cap;
	bool anew;           /* a set before it was never looked at: who asks may have forgotten what was told of these */
};

struct watch {
	atomic_uint refs;
	struct watch_options options;
	char *root;
	struct wakeup bell;
	atomic_bool stop;
	pthread_mutex_t lock;
	bool asked;             /* under the lock: `next` waits */
	struct watched_set next; /* under the lock */

	/* the thread's */
	struct watched_set set;
	int watcher;            /* of fsys_watch_open(), or -1 */
	int64_t due;            /* when to read and report, loop_now() time; NEVER while nothing is heard */
	int64_t reported_at;    /* when that was done last */
	struct buf out;
	size_t frame;           /* where the open frame begins in `out` */
	int frame_type;         /* 0: none is open */
	enum error frame_error;
};

/* Sets ------------------------------------------------------------------------------------------------ */

static void set_fini(struct watched_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		free(set->items[i].path);
	free(set->items);
	*set = (struct watched_set){ 0 };
}

/* Returns -1 with errno. */
static int set_add(struct watched_set *set, const char *path, size_t len, int64_t mtime)
{
	char *copy;

	if (set->count == WIRE_MAX_WATCHES || !wire_path_ok(path, len)) {
		errno = EPROTO;
		return -1;
	}
	if (vec_grow(&set->items, &set->cap, set->count + 1, sizeof *set->items) != 0)
		return -1;
	copy = malloc(len + 1);
	if (!copy)
		return -1;
	memcpy(copy, path, len);
	copy[len] = '\0';
	set->items[set->count++] = (struct watched){ .path = copy, .len = len, .mtime = mtime, .number = -1 };
	return 0;
}

/* Returns -1 with errno. */
static int set_read(struct watched_set *set, struct wire_reader in)
{
	while (wire_more(&in)) {
		size_t len;
		const char *path = wire_get_bytes(&in, &len);
		int64_t mtime = wire_get_signed(&in);

		if (!in.ok)
			errno = EPROTO;
		if (!in.ok || set_add(set, path, len, mtime) != 0)
			return -1;
	}
	return 0;
}

static bool set_has_number(const struct watched_set *set, int number)
{
	for (size_t i = 0; i < set->count; i++) {
		if (set->items[i].number == number)
			return true;
	}
	return false;
}

/* The watched item of a path; `hint` is where it may well be. */
static struct watched *set_find(const struct watched_set *set, const struct watched *wanted, size_t hint)
{
	for (size_t i = 0; i < set->count; i++) {
		struct watched *item = &set->items[(hint + i) % set->count];

		if (item->number >= 0 && item->len == wanted->len && memcmp(item->path, wanted->path, wanted->len) == 0)
			return item;
	}
	return NULL;
}

/* Answers --------------------------------------------------------------------------------------------- */

static void close_frame(struct watch *watch)
{
	if (watch->frame_type)
		wire_close(&watch->out, watch->frame);
	watch->frame_type = 0;
}

/* Name a directory in a frame of this type. */
static void report(struct watch *watch, enum wire_type type, enum error error, const struct watched *item)
{
	struct buf *out = &watch->out;

	if (watch->frame_type != (int)type || watch->frame_error != error || out->len - watch->frame > FRAME_SIZE) {
		close_frame(watch);
		watch->frame = wire_open(out, type, watch->set.id);
		watch->frame_type = (int)type;
		watch->frame_error = error;
		if (type == WIRE_UNWATCHED)
			wire_put_varint(out, error);
	}
	wire_put_bytes(out, item->path, item->len);
}

/* Put what was reported, frame by frame. Returns -1 when nobody takes it. */
static int send_report(struct watch *watch)
{
	size_t done = 0;
	int status = 0;

	close_frame(watch);
	while (status == 0 && !watch->out.failed && done < watch->out.len) {
		struct wire_frame frame;
		size_t used;

		if (wire_next(watch->out.data + done, watch->out.len - done, &frame, &used) != WIRE_OK)
			break;
		status = watch->options.put(watch->options.arg, watch->out.data + done, used);
		done += used;
	}
	if (watch->out.failed) {
		/* without memory for the names: later, all of them */
		for (size_t i = 0; i < watch->set.count; i++)
			watch->set.items[i].changed = watch->set.items[i].number >= 0;
		watch->due = loop_now() + EVERY;
	}
	buf_clear(&watch->out);
	return status;
}

/* Watches --------------------------------------------------------------------------------------------- */

/* Watch the directory of an item. `*same`: it was not changed since it was read. Returns the kernel's number, -1 with errno. */
static int add_number(struct watch *watch, int root, const struct watched *item, bool *same)
{
	struct attrs attrs;
	int dir = item->len > 0 ? fsys_open_beneath(root, item->path) : fsys_dup(root);
	int number = dir >= 0 ? fsys_watch_add(watch->watcher, dir) : -1;

	*same = item->mtime && number >= 0 && fsys_stat(dir, "", 0, &attrs) == 0 && attrs.mtime == item->mtime;
	fsys_close(dir);
	return number;
}

/* Watch an item from now on and say so, or why not. `*root` is opened when it is first needed. */
static void begin(struct watch *watch, int *root, struct watched *item)
{
	bool same = false;
	enum error error;

	if (watch->watcher < 0)
		watch->watcher = fsys_watch_open();
	if (watch->watcher >= 0 && *root < 0)
		*root = fsys_open_root(watch->root);
	if (watch->watcher >= 0 && *root >= 0)
		item->number = add_number(watch, *root, item, &same);
	error = item->number < 0 ? error_from_errno(errno) : ERROR_NONE;
	if (same && !item->lost)
		report(watch, WIRE_WATCHED, ERROR_NONE, item);
	else if (item->number >= 0 || item->lost)
		report(watch, WIRE_CHANGED, ERROR_NONE, item);
	if (item->number < 0)
		report(watch, WIRE_UNWATCHED, error, item);
	item->changed = item->lost = false;
	item->mtime = 0;
}

/* Begin with all that are not watched. */
static void begin_all(struct watch *watch)
{
	int root = -1;

	for (size_t i = 0; i < watch->set.count; i++) {
		if (watch->set.items[i].number < 0)
			begin(watch, &root, &watch->set.items[i]);
	}
	fsys_close(root);
}

/* Take over the watches of the set before, and let go of those that are not wanted any more. */
static void replace(struct watch *watch, struct watched_set *next)
{
	struct watched_set *set = &watch->set;

	for (size_t i = 0; i < next->count; i++) {
		struct watched *item = &next->items[i];
		struct watched *before = set_find(set, item, i);

		if (!before || next->anew)
			continue;
		item->number = before->number;
		item->changed = before->changed;
	}
	for (size_t i = 0; i < set->count; i++) {
		int number = set->items[i].number;

		if (number >= 0 && !set_has_number(next, number))
			fsys_watch_remove(watch->watcher, number);
	}
	set_fini(set);
	*set = *next;
	begin_all(watch);
}

/* Returns -1 when nobody takes the answers. */
static int take_request(struct watch *watch)
{
	struct watched_set next;
	bool asked;

	pthread_mutex_lock(&watch->lock);
	asked = watch->asked;
	next = watch->next;
	watch->next = (struct watched_set){ 0 };
	watch->asked = false;
	pthread_mutex_unlock(&watch->lock);
	if (!asked)
		return 0;
	replace(watch, &next);
	return send_report(watch);
}

/* Events ---------------------------------------------------------------------------------------------- */

static void take_event(struct watch *watch, const struct fsys_watch_event *event)
{
	for (size_t i = 0; i < watch->set.count; i++) {
		struct watched *item = &watch->set.items[i];

		if (item->number < 0 || (item->number != event->watch && !(event->what & FSYS_WATCH_MISSED)))
			continue;
		item->changed = true;
		if (event->what & ~(unsigned)FSYS_WATCH_CHANGED)
			item->lost = true;
	}
}

/* Read what waits; not for ever, when more comes than can be read. Returns -1 with errno when listening is impossible. */
static int read_events(struct watch *watch)
{
	struct fsys_watch_event events[FSYS_WATCH_EVENTS];
	struct fsys_watch_event last = { -1, 0 };

	for (int reads = 0; watch->watcher >= 0 && reads < READS; reads++) {
		ssize_t count = fsys_watch_read(watch->watcher, events);

		if (count <= 0)
			return (int)count;
		for (ssize_t i = 0; i < count; i++) {
			if (events[i].watch == last.watch && events[i].what == last.what)
				continue;
			last = events[i];
			take_event(watch, &last);
		}
	}
	return 0;
}

/* The kernel does not let us listen any more. */
static void end_all(struct watch *watch, enum error error)
{
	for (size_t i = 0; i < watch->set.count; i++) {
		struct watched *item = &watch->set.items[i];

		if (item->number >= 0)
			report(watch, WIRE_UNWATCHED, error, item);
		item->number = -1;
		item->changed = item->lost = false;
	}
	fsys_close(watch->watcher);
	watch->watcher = -1;
}

/* Watches that were lost: let go of what the kernel may still watch, then begin again at the paths. */
static void begin_lost(struct watch *watch)
{
	bool any = false;

	for (size_t i = 0; i < watch->set.count; i++) {
		struct watched *item = &watch->set.items[i];

		if (!item->lost)
			continue;
		fsys_watch_remove(watch->watcher, item->number);
		item->number = -1;
		any = true;
	}
	if (any)
		begin_all(watch);
}

/* Read the events and name what has changed. Returns -1 when nobody takes it. */
static int report_changes(struct watch *watch)
{
	watch->due = NEVER;
	watch->reported_at = loop_now();
	if (read_events(watch) != 0)
		end_all(watch, error_from_errno(errno));
	begin_lost(watch);
	for (size_t i = 0; i < watch->set.count; i++) {
		struct watched *item = &watch->set.items[i];

		if (item->changed)
			report(watch, WIRE_CHANGED, ERROR_NONE, item);
		item->changed = false;
	}
	return send_report(watch);
}

/* The thread ------------------------------------------------------------------------------------------ */

/* Sleep until there is something to do. */
static void wait_for_news(struct watch *watch)
{
	struct pollfd fds[] = { { .fd = watch->bell.fd, .events = POLLIN }, { .fd = watch->watcher, .events = POLLIN } };
	int64_t now = watch->due == NEVER ? 0 : loop_now();
	int timeout = -1;

	if (watch->due != NEVER)
		timeout = watch->due > now ? (int)((watch->due - now + LOOP_MS - 1) / LOOP_MS) : 0;
	if (poll(fds, watch->due == NEVER ? 2 : 1, timeout) < 0)
		return;
	if (fds[0].revents)
		wakeup_clear(&watch->bell);
	if (!fds[1].revents)
		return;
	now = loop_now() + SETTLE;
	watch->due = now > watch->reported_at + EVERY ? now : watch->reported_at + EVERY;
}

static void watch_unref(struct watch *watch)
{
	if (atomic_fetch_sub_explicit(&watch->refs, 1, memory_order_acq_rel) > 1)
		return;
	if (watch->options.release)
		watch->options.release(watch->options.arg);
	fsys_close(watch->watcher);
	set_fini(&watch->set);
	set_fini(&watch->next);
	buf_fini(&watch->out);
	wakeup_fini(&watch->bell);
	pthread_mutex_destroy(&watch->lock);
	free(watch->root);
	free(watch);
}

static void *run(void *arg)
{
	struct watch *watch = arg;
	char name[64];

	snprintf(name, sizeof name, "watch:%s", watch->root);
	thread_set_name(name);
	while (!atomic_load(&watch->stop)) {
		wait_for_news(watch);
		if (take_request(watch) != 0)
			break;
		if (watch->due <= loop_now() && report_changes(watch) != 0)
			break;
	}
	watch_unref(watch);
	return NULL;
}

struct watch *watch_new(const struct watch_options *options)
{
	struct watch *watch = calloc(1, sizeof *watch);
	int saved;

	if (!watch)
		return NULL;
	watch->root = strdup(options->root);
	watch->watcher = -1;
	watch->due = NEVER;
	atomic_init(&watch->refs, 2);
	pthread_mutex_init(&watch->lock, NULL);
	if (wakeup_init(&watch->bell) == 0 && watch->root) {
		watch->options = *options;
		if (thread_start(run, watch, STACK) == 0)
			return watch;
		watch->options.release = NULL;
	}
	saved = errno;
	atomic_store(&watch->refs, 1);
	watch_unref(watch);
	errno = saved;
	return NULL;
}

int watch_set(struct watch *watch, uint64_t id, const struct wire_reader *paths)
{
	struct watched_set set = { .id = id };

	if (set_read(&set, *paths) != 0) {
		set_fini(&set);
		return -1;
	}
	pthread_mutex_lock(&watch->lock);
	set.anew = watch->asked;
	set_fini(&watch->next);
	watch->next = set;
	watch->asked = true;
	pthread_mutex_unlock(&watch->lock);
	wakeup_raise(&watch->bell);
	return 0;
}

void watch_free(struct watch *watch)
{
	if (!watch)
		return;
	atomic_store(&watch->stop, true);
	wakeup_raise(&watch->bell);
	watch_unref(watch);
}
