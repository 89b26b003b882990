/*
 * muntin-worker: serves scans and operations of one root over standard input and output, in the format of
 * docs/PROTOCOL.md. It links no curses and draws nothing; it ends when its input does.
 *
 *   stdin ─▶ main thread ─▶ feed ─▶ its threads ─▶ ring ─▶ main thread ─▶ stdout
 *
 * While the other side does not read, the ring fills and the threads wait.
 */
#include "feed.h"
#include "loop.h"
#include "spawn.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

enum { RING_SIZE = 2 << 20, READ_SIZE = 1 << 16, STOP_MS = 1000 };

/* Records are collected for so long before they are written: a write for each of them would cost more than the scan. */
#define WRITE_EVERY (2 * LOOP_MS)

/* A heartbeat is due when nothing was written for so long while something goes on. */
#define HEARTBEAT (2 * LOOP_SECOND)

struct worker {
	struct loop loop;
	struct loop_watch input;
	struct loop_watch output;
	struct loop_watch filled;    /* the ring's wake-up */
	struct loop_signals signals;
	struct loop_timer heartbeat;
	struct loop_timer write_timer;
	struct wakeup wakeup;
	struct ring *ring;
	struct feed *feed;           /* NULL until the root is known */
	struct buf in;
	struct buf out;              /* written before the ring: hello, refusals, heartbeats */
	size_t begun;                /* bytes at the ring's head that must be written before anything else */
	int64_t wrote_at;            /* loop_now() time */
	bool asked;                  /* something was asked since: whoever did waits for the answer */
	bool greeted;                /* their hello has come */
	bool ending;
	int status;                  /* to exit with */
};

static void wake(void *arg)
{
	wakeup_raise(arg);
}

static void end(struct worker *worker, int status)
{
	worker->ending = true;
	worker->status = status;
}

/* Output ---------------------------------------------------------------------------------------------- */

/* What is to be written next: what was begun first, then `out`, then what waits in the ring. */
static const void *next_output(struct worker *worker, size_t *len)
{
	const void *bytes;

	*len = worker->out.len;
	if (*len > 0 && worker->begun == 0)
		return worker->out.data;
	bytes = ring_peek(worker->ring, len);
	if (worker->begun == 0)
		worker->begun = *len;
	*len = worker->begun;
	return bytes;
}

static void took_output(struct worker *worker, size_t len)
{
	if (worker->begun == 0) {
		buf_drop(&worker->out, len);
		return;
	}
	worker->begun -= len;
	ring_drop(worker->ring, len);
}

/* Write what the pipe takes. */
static void write_out(struct worker *worker)
{
	worker->output.events = 0;
	worker->wrote_at = loop_now();
	worker->asked = false;
	if (worker->out.failed) /* half a frame would be worse than none */
		end(worker, EX_OSERR);
	while (!worker->ending) {
		size_t len;
		const void *bytes = next_output(worker, &len);
		ssize_t done;

		if (len == 0)
			return;
		done = write(STDOUT_FILENO, bytes, len);
		if (done >= 0) {
			took_output(worker, (size_t)done);
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			end(worker, EX_IOERR);
		worker->output.events = POLLOUT;
		return;
	}
}

static void take_output(void *arg, short revents)
{
	struct worker *worker = arg;

	if (revents & (POLLERR | POLLNVAL))
		end(worker, EX_IOERR);
	else
		write_out(worker);
}

/* The ring is no longer empty: write soon, but not for every record. */
static void take_wakeup(void *arg, short revents)
{
	struct worker *worker = arg;
	int64_t due = worker->wrote_at + WRITE_EVERY;

	(void)revents;
	wakeup_clear(&worker->wakeup);
	if (worker->asked || loop_now() >= due)
		write_out(worker);
	else
		loop_timer_set(&worker->loop, &worker->write_timer, due);
}

static void write_now(void *arg)
{
	write_out(arg);
}

/* While something goes on and nothing is said, say that we live. */
static void beat(void *arg)
{
	struct worker *worker = arg;
	int64_t now = loop_now();

	if (!worker->feed || !feed_busy(worker->feed))
		return;
	if (now - worker->wrote_at >= HEARTBEAT && worker->out.len == 0) {
		wire_close(&worker->out, wire_open(&worker->out, WIRE_HEARTBEAT, 0));
		write_out(worker);
	}
	loop_timer_set(&worker->loop, &worker->heartbeat, now + HEARTBEAT);
}

/* Input ----------------------------------------------------------------------------------------------- */

/* Take the line with which the other side begins. False while it is not whole. */
static bool take_hello(struct worker *worker)
{
	const char *line_end = worker->in.len ? memchr(worker->in.data, '\n', worker->in.len) : NULL;
	size_t len = line_end ? (size_t)(line_end - worker->in.data) : worker->in.len;
	size_t magic = sizeof WIRE_MAGIC - 1;

	if (len < magic && !line_end)
		return false;
	if (len < magic || memcmp(worker->in.data, WIRE_MAGIC, magic) != 0) {
		fprintf(stderr, "muntin-worker: this program is started by muntin and speaks \"" WIRE_MAGIC "\" only\n");
		end(worker, EX_PROTOCOL);
		return false;
	}
	if (!line_end)
		return false;
	buf_drop(&worker->in, len + 1);
	worker->greeted = true;
	return true;
}

/* The root's path comes before every other request, once. */
static bool take_root(struct worker *worker, const struct wire_frame *frame)
{
	struct wire_reader in = frame->payload;
	bool read_only = wire_get_u8(&in);
	size_t len;
	const char *path = wire_get_bytes(&in, &len);
	struct buf root = BUF_INIT;

	if (worker->feed || frame->type != WIRE_ROOT || !in.ok || memchr(path, '\0', len))
		return false;
	buf_add(&root, path, len);
	worker->feed = buf_str(&root) ? feed_new(root.data, worker->ring, read_only) : NULL;
	buf_fini(&root);
	return worker->feed != NULL;
}

static bool take_request(struct worker *worker, const struct wire_frame *frame)
{
	if (!worker->feed || frame->type == WIRE_ROOT)
		return take_root(worker, frame);
	if (feed_request(worker->feed, frame, &worker->out) != 0)
		return false;
	if (!worker->heartbeat.set)
		loop_timer_set(&worker->loop, &worker->heartbeat, loop_now() + HEARTBEAT);
	return true;
}

static void take_requests(struct worker *worker)
{
	struct wire_frame frame;
	size_t done = 0;
	size_t used;

	while (!worker->ending) {
		enum wire_status status = wire_next(worker->in.data + done, worker->in.len - done, &frame, &used);

		if (status == WIRE_INCOMPLETE)
			break;
		if (status == WIRE_BAD || !take_request(worker, &frame)) {
			fprintf(stderr, "muntin-worker: %s\n", status == WIRE_BAD ? "damaged request" : "request refused");
			end(worker, EX_PROTOCOL);
			return;
		}
		done += used;
	}
	buf_drop(&worker->in, done);
}

static void take_input(void *arg, short revents)
{
	struct worker *worker = arg;
	char *room = buf_room(&worker->in, READ_SIZE);
	ssize_t got = room ? read(STDIN_FILENO, room, READ_SIZE) : -1;

	(void)revents;
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (got <= 0) {
		end(worker, got == 0 ? 0 : EX_IOERR);
		return;
	}
	worker->in.len += (size_t)got;
	worker->asked = true;
	if (worker->greeted || take_hello(worker))
		take_requests(worker);
	if (worker->out.len > 0 || worker->out.failed)
		write_out(worker);
}

static void take_signal(void *arg, int signo)
{
	end(arg, 128 + signo);
}

/* Life ------------------------------------------------------------------------------------------------ */

static int start(struct worker *worker)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	signal(SIGPIPE, SIG_IGN);
	worker->signals.fn = take_signal;
	worker->signals.arg = worker;
	if (loop_signals_open(&worker->loop, &worker->signals, &set) != 0 || wakeup_init(&worker->wakeup) != 0)
		return -1;
	worker->ring = ring_new(RING_SIZE, wake, &worker->wakeup);
	if (!worker->ring || spawn_nonblock(STDOUT_FILENO) != 0)
		return -1;
	worker->input = (struct loop_watch){ .fd = STDIN_FILENO, .events = POLLIN, .rank = LOOP_KEY, .fn = take_input, .arg = worker };
	worker->output = (struct loop_watch){ .fd = STDOUT_FILENO, .rank = LOOP_WATCH, .fn = take_output, .arg = worker };
	worker->filled = (struct loop_watch){ .fd = worker->wakeup.fd, .events = POLLIN, .rank = LOOP_RING, .fn = take_wakeup, .arg = worker };
	worker->heartbeat = (struct loop_timer){ .fn = beat, .arg = worker };
	worker->write_timer = (struct loop_timer){ .fn = write_now, .arg = worker };
	if (loop_add(&worker->loop, &worker->input) != 0 || loop_add(&worker->loop, &worker->output) != 0 ||
	    loop_add(&worker->loop, &worker->filled) != 0)
		return -1;
	buf_add_str(&worker->out, WIRE_MAGIC " muntin-worker " PACKAGE_VERSION "\n");
	write_out(worker);
	return 0;
}

/* What is being changed is brought to a safe point; what hangs is left behind. */
static void finish(struct worker *worker)
{
	int64_t until = loop_now() + STOP_MS * LOOP_MS;

	ring_close(worker->ring);
	if (!worker->feed)
		return;
	feed_stop(worker->feed);
	loop_remove(&worker->loop, &worker->input);
	loop_remove(&worker->loop, &worker->output);
	while (feed_busy(worker->feed) && loop_now() < until) {
		if (loop_run_once(&worker->loop, 5 * LOOP_MS) < 0)
			break;
	}
}

int main(int argc, char **argv)
{
	struct worker worker = { .loop = LOOP_INIT };

	memory_init();
	if (argc > 1 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)) {
		printf("muntin-worker %s, stream version %d\n", PACKAGE_VERSION, WIRE_VERSION);
		return 0;
	}
	if (argc > 1) {
		fprintf(stderr, "usage: muntin-worker (started by muntin; requests on standard input, answers on standard output)\n");
		return 2;
	}
	if (start(&worker) != 0) {
		fprintf(stderr, "muntin-worker: cannot start: %s\n", strerror(errno));
		return EX_OSERR;
	}
	while (!worker.ending) {
		if (loop_run_once(&worker.loop, LOOP_FOREVER) < 0)
			end(&worker, EX_OSERR);
	}
	finish(&worker);
	_exit(worker.status);
}
