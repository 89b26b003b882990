/*
 * The near side.
 *
 *   threads     source_request ─▶ feed ─▶ scan, operation threads ─────────────────▶ ring ─▶ source_peek
 *   worker      source_request ─▶ pipe ─▶ muntin-worker ─▶ pipe ─▶ feeder thread ──▶ ring ─▶ source_peek
 *   recording                                      file ─▶ feeder thread ──▶ ring ─▶ source_peek
 *
 * The feeder lives in a struct intake of its own, shared with the source and freed by the last of the two: it may
 * wait in read(2) for a worker that cannot die. It is also the one who waits for the worker's end and
 * puts the reason into words.
 */
#include "source.h"

#include "feed.h"
#include "fsys.h"
#include "spawn.h"
#include "text.h"
#include "thread.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RING_SIZE = 2 << 20, STACK = 256 * 1024, READ_SIZE = 1 << 16, PIPE_SIZE = 1 << 20 };

/* What a feeder thread and its source share. */
struct intake {
	atomic_uint refs;
	struct ring *ring;            /* a reference */
	enum source_kind kind;
	char *path;                   /* of a recording */
	struct spawn_child child;     /* of a worker: `out` and the waiting are the feeder's, `in` is the source's */
	_Atomic pid_t pid;            /* 0 once it was waited for */
	_Atomic uint64_t bytes;
	atomic_bool greeted;          /* the greeting has come */
	atomic_bool given_up;         /* source_kill() was called */
	pthread_mutex_t lock;
	bool ended;                   /* under the lock */
	struct buf why;               /* under the lock */
	void (*wake)(void *arg);      /* under the lock; NULL once the source has gone */
	void *wake_arg;
};

struct source {
	enum source_kind kind;
	struct ring *ring;
	struct feed *feed;            /* threads */
	struct buf answers;           /* threads: refusals, to be taken before the ring */
	struct intake *intake;        /* worker, recording */
	struct buf outbox;            /* worker: requests that the pipe has not taken yet */
};

/* The feeder ------------------------------------------------------------------------------------------ */

static void intake_unref(struct intake *intake)
{
	if (!intake || atomic_fetch_sub(&intake->refs, 1) > 1)
		return;
	ring_unref(intake->ring);
	buf_fini(&intake->why);
	pthread_mutex_destroy(&intake->lock);
	free(intake->path);
	free(intake);
}

/* Of a file that is no stream, or cannot be one. */
static const char no_recording[] = "neither a directory nor a recording";

/* The line never came: why, with the beginning of what came instead. Returns -1. */
static int no_hello(const struct intake *intake, const char *what, const struct buf *in, struct buf *why)
{
	if (intake->kind == SOURCE_RECORDING) {
		buf_add_str(why, no_recording);
		return -1;
	}
	buf_add_str(why, what);
	buf_add(why, in->data, size_min(in->len, 200));
	return -1;
}

/* The line with which a stream begins; what was printed before it is skipped. Returns -1 with a reason, unless a worker's end is one. */
static int read_hello(struct intake *intake, int fd, struct buf *in, struct buf *why)
{
	for (;;) {
		const char *at = in->len ? memmem(in->data, in->len, WIRE_MAGIC, sizeof WIRE_MAGIC - 1) : NULL;
		const char *end = at ? memchr(at, '\n', in->len - (size_t)(at - in->data)) : NULL;
		char *room;
		ssize_t got;

		if (end && (at == in->data || at[-1] == '\n')) {
			buf_drop(in, (size_t)(end + 1 - in->data));
			atomic_store(&intake->greeted, true);
			return 0;
		}
		if (in->len > WIRE_MAX_NOISE)
			return no_hello(intake, "speaks another language: ", in, why);
		room = buf_room(in, READ_SIZE);
		got = room ? read(fd, room, READ_SIZE) : -1;
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return no_hello(intake, in->len > 0 ? "no answer but: " : "", in, why);
		in->len += (size_t)got;
		atomic_fetch_add(&intake->bytes, (uint64_t)got);
	}
}

/* The length of the whole frames at the start of `in`; -1 when the bytes are no frames. */
static ssize_t whole_frames(const struct buf *in, size_t limit)
{
	struct wire_frame frame;
	size_t whole = 0;
	size_t used;

	for (;;) {
		switch (wire_next(in->data + whole, in->len - whole, &frame, &used)) {
		case WIRE_BAD:
			return -1;
		case WIRE_INCOMPLETE:
			return (ssize_t)whole;
		case WIRE_OK:
			if (whole > 0 && whole + used > limit)
				return (ssize_t)whole;
			whole += used;
		}
	}
}

/* Put the whole frames into the ring. Returns -1 with a reason; with none when the source has gone. */
static int forward(struct intake *intake, struct buf *in, struct buf *why)
{
	size_t done = 0;

	while (done < in->len) {
		struct buf rest = { in->data + done, in->len - done, 0, false };
		ssize_t whole = whole_frames(&rest, READ_SIZE);

		if (whole < 0) {
			buf_add_str(why, "sent damaged data");
			return -1;
		}
		if (whole == 0)
			break;
		if (ring_put(intake->ring, rest.data, (size_t)whole) != 0)
			return -1;
		done += (size_t)whole;
	}
	buf_drop(in, done);
	return 0;
}

/* Carry everything from a descriptor into the ring, until its end or an error, which goes to `why`. */
static void carry(struct intake *intake, int fd, struct buf *why)
{
	struct buf in = BUF_INIT;

	if (read_hello(intake, fd, &in, why) != 0)
		goto out;
	for (;;) {
		char *room;
		ssize_t got;

		if (forward(intake, &in, why) != 0)
			goto out;
		room = buf_room(&in, READ_SIZE);
		got = room ? read(fd, room, READ_SIZE) : -1;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			buf_add_str(why, room ? strerror(errno) : "out of memory");
		if (got <= 0)
			break;
		in.len += (size_t)got;
		atomic_fetch_add(&intake->bytes, (uint64_t)got);
	}
	if (in.len > 0 && why->len == 0)
		buf_add_str(why, "ended in the middle of a record");
out:
	buf_fini(&in);
}

static void wait_for_worker(struct intake *intake, struct buf *why)
{
	pid_t pid = intake->child.pid;
	siginfo_t info;
	int status = 0;

	if (why->len > 0)
		kill(pid, SIGKILL);
	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
		;
	/* whoever sends it a signal holds the lock: then the number is still the worker's */
	pthread_mutex_lock(&intake->lock);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	atomic_store(&intake->pid, 0);
	pthread_mutex_unlock(&intake->lock);
	if (why->len > 0)
		return;
	if (atomic_load(&intake->given_up))
		buf_add_str(why, "no answer");
	else if (WIFSIGNALED(status))
		buf_printf(why, "killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		buf_printf(why, "ended with status %d", WEXITSTATUS(status));
}

static void *run_feeder(void *arg)
{
	struct intake *intake = arg;
	struct buf why = BUF_INIT;
	int fd = intake->child.out;

	thread_set_name("feed");
	if (intake->kind == SOURCE_RECORDING) {
		fd = fsys_open_file(AT_FDCWD, intake->path, FSYS_FOLLOW);
		if (fd < 0)
			buf_add_str(&why, errno == EINVAL ? no_recording : error_text(error_from_errno(errno)));
	}
	if (fd >= 0)
		carry(intake, fd, &why);
	fsys_close(fd);
	if (intake->kind == SOURCE_WORKER)
		wait_for_worker(intake, &why);

	pthread_mutex_lock(&intake->lock);
	intake->ended = true;
	intake->why = why;
	if (intake->wake)
		intake->wake(intake->wake_arg);
	pthread_mutex_unlock(&intake->lock);
	intake_unref(intake);
	return NULL;
}

static struct intake *intake_new(const struct source_options *options, struct ring *ring)
{
	struct intake *intake = calloc(1, sizeof *intake);

	if (!intake)
		return NULL;
	intake->kind = options->kind;
	intake->path = strdup(options->root);
	if (!intake->path) {
		free(intake);
		return NULL;
	}
	intake->child = (struct spawn_child)SPAWN_CHILD_INIT;
	intake->ring = ring_ref(ring);
	intake->wake = options->wake;
	intake->wake_arg = options->wake_arg;
	pthread_mutex_init(&intake->lock, NULL);
	atomic_init(&intake->refs, 1);
	return intake;
}

static int start_feeder(struct intake *intake)
{
	atomic_fetch_add(&intake->refs, 1);
	if (thread_start(run_feeder, intake, STACK) == 0)
		return 0;
	atomic_fetch_sub(&intake->refs, 1);
	return -1;
}

/* The source ------------------------------------------------------------------------------------------ */

/* Start muntin-worker and tell it its root. */
static int start_worker(struct source *source, const struct source_options *options)
{
	char *const argv[] = { (char[]){ "muntin-worker" }, NULL };
	struct spawn_child *child = &source->intake->child;
	struct buf path = BUF_INIT;
	struct buf hello = BUF_INIT;
	size_t start;
	int done = -1;

	if (spawn_find_worker(&path) != 0 || !buf_str(&path) || spawn_start(child, path.data, argv, 0) != 0)
		goto out;
	/* the feeder waits for its end */
	fsys_close(child->exit_fd);
	child->exit_fd = -1;
	atomic_store(&source->intake->pid, child->pid);
	spawn_widen(child->out, PIPE_SIZE); /* so that the two take turns less often */
	if (spawn_nonblock(child->in) != 0 || start_feeder(source->intake) != 0) {
		kill(child->pid, SIGKILL);
		spawn_close(child);
		while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
			;
		goto out;
	}
	buf_add_str(&hello, WIRE_MAGIC "\n");
	start = wire_open(&hello, WIRE_ROOT, 0);
	wire_put_u8(&hello, options->read_only);
	wire_put_bytes(&hello, options->root, strlen(options->root));
	wire_close(&hello, start);
	done = hello.failed ? -1 : source_request(source, hello.data, hello.len);
out:
	buf_fini(&hello);
	buf_fini(&path);
	return done;
}

struct source *source_new(const struct source_options *options)
{
	struct source *source = calloc(1, sizeof *source);
	int done = -1;

	if (!source)
		return NULL;
	source->kind = options->kind;
	source->ring = ring_new(options->ring_size ? options->ring_size : RING_SIZE, options->wake, options->wake_arg);
	if (!source->ring)
		goto fail;
	if (options->kind == SOURCE_THREADS) {
		source->feed = feed_new(options->root, source->ring, options->read_only);
		done = source->feed ? 0 : -1;
	} else {
		source->intake = intake_new(options, source->ring);
		if (source->intake)
			done = options->kind == SOURCE_WORKER ? start_worker(source, options) : start_feeder(source->intake);
	}
	if (done == 0)
		return source;
fail:
	source_free(source);
	return NULL;
}

/* To the worker, if it still runs. */
static void send_signal(struct intake *intake, int signo)
{
	pid_t pid;

	pthread_mutex_lock(&intake->lock);
	pid = atomic_load(&intake->pid);
	if (pid > 0)
		kill(pid, signo);
	pthread_mutex_unlock(&intake->lock);
}

void source_free(struct source *source)
{
	int saved = errno;

	if (!source)
		return;
	if (source->ring)
		ring_close(source->ring);
	feed_free(source->feed);
	if (source->intake) {
		struct intake *intake = source->intake;

		pthread_mutex_lock(&intake->lock);
		intake->wake = NULL;
		pthread_mutex_unlock(&intake->lock);
		fsys_close(intake->child.in);
		send_signal(intake, SIGTERM);
		send_signal(intake, SIGCONT);
		intake_unref(intake);
	}
	ring_unref(source->ring);
	buf_fini(&source->answers);
	buf_fini(&source->outbox);
	free(source);
	errno = saved;
}

/* Write what the pipe takes without waiting. */
static int flush_outbox(struct source *source)
{
	while (source->outbox.len > 0) {
		ssize_t done = write(source->intake->child.in, source->outbox.data, source->outbox.len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return errno == EAGAIN ? 0 : -1;
		buf_drop(&source->outbox, (size_t)done);
	}
	return 0;
}

static int request_here(struct source *source, const void *frames, size_t len)
{
	const char *at = frames;

	while (len > 0) {
		struct wire_frame frame;
		size_t used;

		if (wire_next(at, len, &frame, &used) != WIRE_OK) {
			errno = EPROTO;
			return -1;
		}
		if (feed_request(source->feed, &frame, &source->answers) != 0)
			return -1;
		at += used;
		len -= used;
	}
	return 0;
}

int source_request(struct source *source, const void *frames, size_t len)
{
	wire_log(">", source, frames, len);
	if (source->kind == SOURCE_THREADS)
		return request_here(source, frames, len);
	if (source->kind == SOURCE_RECORDING) {
		errno = EROFS;
		return -1;
	}
	buf_add(&source->outbox, frames, len);
	if (source->outbox.failed) {
		errno = ENOMEM;
		return -1;
	}
	return flush_outbox(source);
}

bool source_pending(struct source *source)
{
	return source->outbox.len > 0 && flush_outbox(source) == 0 && source->outbox.len > 0;
}

const void *source_peek(struct source *source, size_t *len)
{
	if (source->answers.len > 0) {
		*len = source->answers.len;
		return source->answers.data;
	}
	return ring_peek(source->ring, len);
}

void source_drop(struct source *source, size_t len)
{
	if (source->answers.len > 0)
		buf_drop(&source->answers, len);
	else
		ring_drop(source->ring, len);
}

bool source_failure(struct source *source, struct buf *why)
{
	struct intake *intake = source->intake;
	bool ended;
	size_t left;

	if (!intake)
		return false;
	pthread_mutex_lock(&intake->lock);
	ended = intake->ended;
	if (ended) {
		ring_peek(source->ring, &left);
		ended = left == 0;
	}
	if (ended)
		buf_add(why, intake->why.data, intake->why.len);
	pthread_mutex_unlock(&intake->lock);
	return ended;
}

bool source_greeted(const struct source *source)
{
	return source->kind != SOURCE_WORKER || atomic_load(&source->intake->greeted);
}

void source_kill(struct source *source)
{
	if (source->kind != SOURCE_WORKER)
		return;
	atomic_store(&source->intake->given_up, true);
	send_signal(source->intake, SIGKILL);
}

struct source_info source_info(const struct source *source)
{
	struct source_info info = { .kind = source->kind };
	int tid;

	if (source->feed) {
		info.threads = feed_threads(source->feed, &tid);
		info.tid = tid;
		return info;
	}
	info.pid = atomic_load(&source->intake->pid);
	info.bytes = atomic_load(&source->intake->bytes);
	return info;
}
