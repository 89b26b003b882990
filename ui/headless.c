#include "headless.h"

#include "text.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { OUT_SIZE = 1 << 16 };

void headless_out_init(struct headless_out *out, const struct options *options)
{
	*out = (struct headless_out){ .text_flags = options_text_flags(), .null = options->null };
}

void headless_out_name(const struct headless_out *out, struct buf *to, const char *bytes, size_t len)
{
	if (out->null)
		buf_add(to, bytes, len);
	else
		text_add(to, bytes, len, out->text_flags);
}

void headless_out_end(const struct headless_out *out, struct buf *to)
{
	buf_add_byte(to, out->null ? '\0' : '\n');
}

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t done = write(fd, bytes, len);

		if (done < 0 && errno != EINTR)
			return -1;
		bytes += done > 0 ? done : 0;
		len -= done > 0 ? (size_t)done : 0;
	}
	return 0;
}

/* Nobody reads what we write. Who did not ask for SIGPIPE to be ignored expects to die of it. */
static void out_closed(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(SIGPIPE);
}

void headless_out_flush(struct headless_out *out, bool all)
{
	if (out->buf.failed && !out->failed) {
		headless_say("standard output", strlen("standard output"), error_text(ERROR_NOMEM));
		out->failed = true;
	}
	if (out->failed) {
		buf_clear(&out->buf);
		return;
	}
	if (out->buf.len == 0 || (!all && out->buf.len < OUT_SIZE))
		return;
	if (write_all(STDOUT_FILENO, out->buf.data, out->buf.len) != 0) {
		int why = errno;

		if (why == EPIPE)
			out_closed();
		headless_say("standard output", strlen("standard output"), error_text(error_from_errno(why)));
		out->failed = true;
	}
	buf_clear(&out->buf);
}

int headless_out_fini(struct headless_out *out, int status)
{
	headless_out_flush(out, true);
	buf_fini(&out->buf);
	return out->failed ? HEADLESS_TROUBLE : status;
}

void headless_say(const char *what, size_t len, const char *words)
{
	struct buf line = BUF_INIT;
	unsigned flags = options_text_flags();

	buf_add_str(&line, "muntin: ");
	text_add(&line, what, len, flags);
	buf_add_str(&line, ": ");
	text_add(&line, words, strlen(words), flags);
	headless_say_line(&line);
	buf_fini(&line);
}

void headless_say_line(struct buf *line)
{
	buf_add_byte(line, '\n');
	if (!line->failed)
		(void)write_all(STDERR_FILENO, line->data, line->len);
}

bool headless_is_missing(enum error error)
{
	static const enum error missing[] = { ERROR_NOENT, ERROR_NOTDIR, ERROR_LOOP, ERROR_NAMETOOLONG };

	for (size_t i = 0; i < ARRAY_LEN(missing); i++) {
		if (missing[i] == error)
			return true;
	}
	return false;
}

int headless_run(const struct options *options)
{
	static int (*const modes[])(const struct options *options) = {
		[MODE_LIST] = headless_list,
		[MODE_COUNT] = headless_count,
		[MODE_DIFF] = headless_diff,
		[MODE_DUMP] = headless_dump,
		[MODE_BATCH] = headless_batch,
	};

	/* A worker that has died must not take us with it. */
	signal(SIGPIPE, SIG_IGN);
	return modes[options->mode](options);
}
