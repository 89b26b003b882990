/*
 * --dump: a recording is the stream in a file: the hello line, then the frames of one scan as they come.
 */
#include "headless.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct dump {
	const char *root;
	const struct session_options *session;
	struct headless_out out;
	bool began;              /* the hello line is written: not before it is known that there is a root */
	int status;
};

/* Something below the root is not in the recording; said once. */
static void miss(struct dump *dump)
{
	if (dump->status == HEADLESS_OK)
		headless_say(dump->root, strlen(dump->root), "parts of it could not be read");
	dump->status = HEADLESS_TROUBLE;
}

/* A line on standard error for what is missing in the recording. */
static void look_at_end(struct dump *dump, const struct wire_frame *frame)
{
	struct wire_reader in = frame->payload;
	uint64_t dir = frame->type == WIRE_END ? wire_get_varint(&in) : 0;
	enum error error = (enum error)wire_get_u8(&in);
	unsigned how = frame->type == WIRE_END ? wire_get_u8(&in) : WIRE_END_PARTIAL;

	if (!in.ok || !error || how == WIRE_END_SKIPPED || (how == WIRE_END_UNREAD && error == ERROR_NOENT && dir > 0))
		return;
	if (dir > 0) {
		miss(dump);
		return;
	}
	headless_say(dump->root, strlen(dump->root), error_text(error));
	dump->status = HEADLESS_TROUBLE;
}

/* Attributes that could not be had are missing, too. */
static void look_at_attrs(struct dump *dump, const struct wire_frame *frame)
{
	struct wire_reader in = frame->payload;
	struct wire_attrs element = { .what = 0 };

	wire_get_varint(&in);
	while (wire_get_element(&in, &element)) {
		if (element.what & WIRE_ATTRS_ERROR)
			miss(dump);
	}
}

/* The hello line, and what is left out of all that follows. */
static void begin(struct dump *dump)
{
	buf_add_str(&dump->out.buf, WIRE_MAGIC "\n");
	if (dump->session->exclude_count > 0)
		wire_put_patterns(&dump->out.buf, HEADLESS_SCAN_ID, dump->session->exclude, dump->session->exclude_count);
	dump->began = true;
}

static bool take_frame(void *arg, size_t root, const struct wire_frame *frame, const void *bytes, size_t len)
{
	struct dump *dump = arg;

	(void)root;
	if (frame->type == WIRE_END || frame->type == WIRE_DONE)
		look_at_end(dump, frame);
	else if (frame->type == WIRE_ATTRS)
		look_at_attrs(dump, frame);
	if (!dump->began && frame->type != WIRE_BEGIN)
		return true;
	if (!dump->began)
		begin(dump);
	buf_add(&dump->out.buf, bytes, len);
	headless_out_flush(&dump->out, false);
	return !dump->out.failed;
}

static void take_failure(void *arg, size_t root)
{
	struct dump *dump = arg;

	(void)root;
	dump->status = HEADLESS_TROUBLE;
}

static void flush(void *arg)
{
	struct dump *dump = arg;

	headless_out_flush(&dump->out, true);
}

int headless_dump(const struct options *options)
{
	struct dump dump = { .root = options->roots.items[0], .session = &options->session };
	const struct headless_scan scan = { .frame = take_frame, .failed = take_failure, .idle = flush, .arg = &dump };
	int status;

	if (isatty(STDOUT_FILENO)) {
		headless_say("--dump", strlen("--dump"), "a recording is not written to a terminal");
		return HEADLESS_TROUBLE;
	}
	headless_out_init(&dump.out, options);
	status = headless_scan(options, &scan);
	return headless_out_fini(&dump.out, status ? status : dump.status);
}
