/*
 * muntin: read the command line, put the supervisor between us and the shell, hand over to a screen or to none.
 */
#include "app.h"
#include "config.h"
#include "diag.h"
#include "headless.h"
#include "options.h"
#include "supervise.h"
#include "term.h"
#include "text.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <utf8proc.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { EXIT_TROUBLE = 2 };

struct start {
	int argc;
	char **argv;
	const struct options *asked; /* what the command line alone says */
};

/* `muntin: WHY` on standard error; `why` is safe text. */
static int complain(struct buf *why)
{
	fprintf(stderr, "muntin: %s\n", buf_str(why) ? why->data : error_text(ERROR_NOMEM));
	return EXIT_TROUBLE;
}

static int print(struct buf *text)
{
	bool ok = buf_str(text) && fputs(text->data, stdout) != EOF && fflush(stdout) == 0;

	buf_fini(text);
	return ok ? EXIT_SUCCESS : EXIT_TROUBLE;
}

static void add_version(struct buf *out)
{
	unsigned xxhash = XXH_versionNumber();

	buf_add_str(out, "muntin " PACKAGE_VERSION "\nfeatures:");
	buf_add_str(out, MUNTIN_LINUX_CALLS ? " linux-calls" : " posix-only");
#ifdef HAVE_LIBACL
	buf_add_str(out, " acl");
#endif
	buf_printf(out, "\nlibraries: %s, utf8proc %s, xxHash %u.%u.%u\n", term_curses_version(), utf8proc_version(),
		   xxhash / 10000, xxhash / 100 % 100, xxhash % 100);
}

static int open_log(const char *spec)
{
	struct buf why = BUF_INIT;
	int status = EXIT_SUCCESS;

	if (!spec || diag_open(spec) == 0)
		return status;
	buf_add_str(&why, "--debug=");
	text_add(&why, spec, strlen(spec), options_text_flags());
	buf_printf(&why, ": %s", errno == EINVAL ? "not CATEGORIES:FILE" : error_text(error_from_errno(errno)));
	status = complain(&why);
	buf_fini(&why);
	return status;
}

/* The configuration, and the command line over it. Returns 0, or the exit status after saying why. */
static int read_options(struct options *options, const struct start *start)
{
	struct buf messages = BUF_INIT;
	struct buf why = BUF_INIT;
	int status = config_load(options, start->asked, &messages);

	if (status == 0 && options_parse(options, start->argc, start->argv, &why) != 0)
		status = complain(&why);
	if (status == 0)
		status = config_patterns(options, &messages);
	if (buf_str(&messages))
		fputs(messages.data, stderr);
	buf_fini(&why);
	options->problems = messages;
	return status == 0 ? open_log(options->debug) : EXIT_TROUBLE;
}

/* The program proper, in the supervisor's child. */
static int run(struct supervise_link *link, void *arg)
{
	struct options options;
	int status;

	options_init(&options);
	status = read_options(&options, arg);
	if (status == 0)
		status = options.mode == MODE_BROWSE ? app_run(&options, link) : headless_run(&options);
	options_fini(&options);
	return status;
}

int main(int argc, char **argv)
{
	struct options asked;
	struct start start = { argc, argv, &asked };
	struct buf text = BUF_INIT;
	int status;

	memory_init();
	/* The characters only: another category that this system lacks, sent along by ssh perhaps, must not cost us them. */
	setlocale(LC_CTYPE, "");
	tzset();
	options_init(&asked);
	if (options_parse(&asked, argc, argv, &text) != 0) {
		status = complain(&text);
	} else if (asked.mode == MODE_HELP) {
		options_help(&text);
		status = print(&text);
	} else if (asked.mode == MODE_VERSION) {
		add_version(&text);
		status = print(&text);
	} else {
		status = supervise(run, &start);
		if (status < 0) {
			fprintf(stderr, "muntin: %s\n", error_text(error_from_errno(errno)));
			status = EXIT_TROUBLE;
		}
	}
	buf_fini(&text);
	options_fini(&asked);
	return status;
}
