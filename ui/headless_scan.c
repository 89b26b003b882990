#include "headless.h"

#include "loop.h"
#include "source.h"
#include "text.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The longest time between two looks at what has arrived, once a scan has lasted; well within a full ring. */
#define MAX_PAUSE (8 * LOOP_MS)
/* A pause is this part of the time since the start: it never costs a short scan anything. */
#define PAUSE_PART 64
/* Where directories wait to be entered, a pause is this long for each that is to be read, so that there always is one. */
#define PAUSE_DIR (LOOP_MS / 64)

/* A root while it is scanned. */
struct input {
	const char *root;
	struct source *source;   /* NULL: done */
	enum source_kind kind;
	bool began;              /* a frame was handed on */
};

struct scanner {
	const struct options *options;
	const struct headless_scan *listener;
	struct wakeup wakeup;
	struct input *inputs;
	size_t left;             /* inputs that are not done */
	int status;
};

static unsigned processors(void)
{
	cpu_set_t set;
	int count = 0;

	if (sched_getaffinity(0, sizeof set, &set) == 0)
		count = CPU_COUNT(&set);
	if (count <= 0)
		count = (int)sysconf(_SC_NPROCESSORS_ONLN);
	return count > 0 ? (unsigned)count : 1;
}

/* The threads of one root: an equal part of all, at least one. */
static unsigned jobs_of(const struct options *options, size_t index)
{
	unsigned all = options->session.jobs ? options->session.jobs : processors();
	size_t roots = options->roots.len;
	unsigned part = (unsigned)(all / roots + (index < all % roots));

	return part ? part : 1;
}

static void wake(void *arg)
{
	wakeup_raise(arg);
}

static void finish(struct scanner *scanner, struct input *input)
{
	source_free(input->source);
	input->source = NULL;
	scanner->left--;
}

static void fail(struct scanner *scanner, struct input *input, const char *why)
{
	headless_say(input->root, strlen(input->root), why);
	scanner->status = HEADLESS_TROUBLE;
	scanner->listener->failed(scanner->listener->arg, (size_t)(input - scanner->inputs));
	finish(scanner, input);
}

static int request_scan(struct scanner *scanner, struct input *input)
{
	const struct session_options *session = &scanner->options->session;
	struct wire_scan request = {
		.flags = (uint8_t)(scanner->listener->flags | (session->one_file_system ? WIRE_SCAN_ONE_FS : 0) |
				   (session->follow ? WIRE_SCAN_FOLLOW : 0) |
				   (session->jobs ? 0 : WIRE_SCAN_TURNS)),
		.depth = session->max_depth,
		.jobs = jobs_of(scanner->options, (size_t)(input - scanner->inputs)),
		.path = "",
	};
	struct buf frames = BUF_INIT;
	int status = -1;

	wire_put_scan(&frames, HEADLESS_SCAN_ID, &request, session->exclude, session->exclude_count);
	if (frames.failed)
		errno = ENOMEM;
	else
		status = source_request(input->source, frames.data, frames.len);
	buf_fini(&frames);
	return status;
}

static int open_source(struct scanner *scanner, struct input *input, enum source_kind kind)
{
	struct source_options options = {
		.kind = kind, .root = input->root, .read_only = true, .wake = wake, .wake_arg = &scanner->wakeup,
	};

	input->kind = kind;
	input->source = source_new(&options);
	if (!input->source)
		return -1;
	if (kind != SOURCE_RECORDING)
		return request_scan(scanner, input);
	if (scanner->listener->recording)
		scanner->listener->recording(scanner->listener->arg, (size_t)(input - scanner->inputs));
	return 0;
}

static void start(struct scanner *scanner, struct input *input)
{
	enum source_kind kind = scanner->options->session.backend == BACKEND_WORKERS ? SOURCE_WORKER : SOURCE_THREADS;

	if (open_source(scanner, input, kind) == 0)
		return;
	fail(scanner, input, kind == SOURCE_WORKER ? "muntin-worker cannot be started" : error_text(error_from_errno(errno)));
}

/* Is this the answer to a root that is no directory? */
static bool is_no_directory(const struct wire_frame *frame)
{
	struct wire_reader in = frame->payload;

	return frame->type == WIRE_END && wire_get_varint(&in) == 0 && wire_get_u8(&in) == ERROR_NOTDIR && in.ok;
}

/* Hand one frame on. Returns false when the input has no more to say. */
static bool take_frame(struct scanner *scanner, struct input *input, const struct wire_frame *frame, const void *bytes, size_t len)
{
	const struct headless_scan *listener = scanner->listener;

	if (frame->type == WIRE_HEARTBEAT || frame->id != HEADLESS_SCAN_ID)
		return true;
	if (!input->began && input->kind != SOURCE_RECORDING && is_no_directory(frame)) {
		source_free(input->source);
		if (open_source(scanner, input, SOURCE_RECORDING) != 0)
			fail(scanner, input, error_text(error_from_errno(errno)));
		return false;
	}
	input->began = true;
	if (listener->frame(listener->arg, (size_t)(input - scanner->inputs), frame, bytes, len)) {
		if (frame->type != WIRE_DONE)
			return true;
	} else {
		scanner->status = HEADLESS_TROUBLE;
	}
	finish(scanner, input);
	return false;
}

/* Take what an input has sent. Returns whether there was anything. */
static bool drain(struct scanner *scanner, struct input *input)
{
	size_t len;
	const char *bytes = source_peek(input->source, &len);
	size_t done = 0;

	if (len == 0)
		return false;
	while (done < len) {
		struct wire_frame frame;
		size_t used;

		if (wire_next(bytes + done, len - done, &frame, &used) != WIRE_OK) {
			fail(scanner, input, "sent damaged data");
			return true;
		}
		wire_log("<", input->source, bytes + done, used);
		if (!take_frame(scanner, input, &frame, bytes + done, used))
			return true;
		done += used;
	}
	source_drop(input->source, done);
	return true;
}

/* Why a source ended, in words for people. */
static void describe(const struct input *input, struct buf *why, struct buf *words)
{
	if (input->kind == SOURCE_RECORDING && why->len == 0)
		buf_add_str(words, "the recording is not complete");
	else if (input->kind == SOURCE_WORKER)
		buf_add_str(words, "muntin-worker ");
	else if (input->kind == SOURCE_RECORDING && input->began)
		buf_add_str(words, "the recording ");
	buf_add(words, why->data, why->len);
}

static void look_for_failure(struct scanner *scanner, struct input *input)
{
	struct buf why = BUF_INIT;
	struct buf words = BUF_INIT;

	if (source_failure(input->source, &why)) {
		describe(input, &why, &words);
		fail(scanner, input, buf_str(&words) ? words.data : error_text(ERROR_NOMEM));
	}
	buf_fini(&words);
	buf_fini(&why);
}

/* Take all that has arrived, from one after the other so that none waits for long. */
static void drain_all(struct scanner *scanner)
{
	bool took;

	do {
		took = false;
		for (size_t i = 0; i < scanner->options->roots.len; i++)
			took |= scanner->inputs[i].source && drain(scanner, &scanner->inputs[i]);
	} while (took);
	for (size_t i = 0; i < scanner->options->roots.len; i++) {
		if (scanner->inputs[i].source)
			look_for_failure(scanner, &scanner->inputs[i]);
	}
}

/* Has a worker not taken all requests yet? */
static bool is_pending(struct scanner *scanner)
{
	bool pending = false;

	for (size_t i = 0; i < scanner->options->roots.len; i++)
		pending |= scanner->inputs[i].source && source_pending(scanner->inputs[i].source);
	return pending;
}

/* Sleep until something arrives; once the scan has lasted a while, a little longer, so that it is much. */
static void pause_for(struct scanner *scanner, int64_t elapsed, size_t dirs)
{
	struct pollfd bell = { .fd = scanner->wakeup.fd, .events = POLLIN };
	int64_t part = elapsed / PAUSE_PART < MAX_PAUSE ? elapsed / PAUSE_PART : MAX_PAUSE;
	int64_t nap = dirs < (size_t)(part / PAUSE_DIR) ? (int64_t)dirs * PAUSE_DIR : part;
	struct timespec time = { .tv_nsec = nap };

	if (nap > LOOP_MS / 4)
		nanosleep(&time, NULL);
	while (poll(&bell, 1, is_pending(scanner) ? 20 : -1) < 0 && errno == EINTR)
		;
	wakeup_clear(&scanner->wakeup);
}

/* Say which directories are to be entered, now that all that has come is known. Returns how many the busiest scan has to read. */
static size_t enter_dirs(struct scanner *scanner)
{
	const struct headless_scan *listener = scanner->listener;
	struct buf frames = BUF_INIT;
	size_t most = 0;

	if (!listener->enter)
		return SIZE_MAX;
	for (size_t i = 0; i < scanner->options->roots.len; i++) {
		struct input *input = &scanner->inputs[i];

		if (!input->source || input->kind == SOURCE_RECORDING)
			continue;
		buf_clear(&frames);
		most = size_max(most, listener->enter(listener->arg, i, &frames));
		if (frames.failed)
			fail(scanner, input, error_text(ERROR_NOMEM));
		else if (frames.len > 0 && source_request(input->source, frames.data, frames.len) != 0 && errno != EPIPE)
			fail(scanner, input, error_text(error_from_errno(errno)));
	}
	buf_fini(&frames);
	return most;
}

int headless_scan(const struct options *options, const struct headless_scan *listener)
{
	struct scanner scanner = { .options = options, .listener = listener, .left = options->roots.len };
	int64_t began = loop_now();
	size_t dirs;

	scanner.inputs = calloc(options->roots.len, sizeof *scanner.inputs);
	if (!scanner.inputs || wakeup_init(&scanner.wakeup) != 0) {
		headless_say("scan", strlen("scan"), error_text(error_from_errno(errno)));
		free(scanner.inputs);
		return HEADLESS_TROUBLE;
	}
	for (size_t i = 0; i < options->roots.len; i++)
		scanner.inputs[i].root = options->roots.items[i];
	for (size_t i = 0; i < options->roots.len; i++)
		start(&scanner, &scanner.inputs[i]);
	for (drain_all(&scanner); scanner.left > 0; drain_all(&scanner)) {
		if (listener->idle)
			listener->idle(listener->arg);
		dirs = enter_dirs(&scanner);
		if (scanner.left > 0)
			pause_for(&scanner, loop_now() - began, dirs);
	}
	wakeup_fini(&scanner.wakeup);
	free(scanner.inputs);
	return scanner.status;
}
