#include "diag.h"

#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

unsigned diag_categories;

/* The file; valid while diag_categories is not 0. */
static int diag_fd = -1;

static const struct {
	const char *name;
	unsigned categories;
} names[] = {
	{ "all", DIAG_SCAN | DIAG_WIRE | DIAG_LOOP | DIAG_PAINT | DIAG_OP },
	{ "loop", DIAG_LOOP },
	{ "op", DIAG_OP },
	{ "paint", DIAG_PAINT },
	{ "scan", DIAG_SCAN },
	{ "wire", DIAG_WIRE },
};

static unsigned parse_name(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strlen(names[i].name) == len && memcmp(names[i].name, name, len) == 0)
			return names[i].categories;
	return 0;
}

/* "scan,op:FILE": the categories, 0 if one is unknown; `file` is what stands behind the colon. */
static unsigned parse_spec(const char *spec, const char **file)
{
	unsigned categories = 0;

	for (;;) {
		size_t len = strcspn(spec, ",:");
		unsigned one = parse_name(spec, len);

		if (one == 0 || spec[len] == '\0')
			return 0;
		categories |= one;
		spec += len + 1;
		if (spec[-1] == ':')
			break;
	}
	*file = spec;
	return *spec ? categories : 0;
}

int diag_open(const char *spec)
{
	const char *file;
	unsigned categories = parse_spec(spec, &file);

	if (categories == 0 || diag_fd >= 0) {
		errno = categories == 0 ? EINVAL : EALREADY;
		return -1;
	}
	diag_fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
	if (diag_fd < 0)
		return -1;
	diag_categories = categories;
	return 0;
}

void diag_close(void)
{
	diag_categories = 0;
	if (diag_fd >= 0)
		close(diag_fd);
	diag_fd = -1;
}

static const char *category_name(enum diag_category category)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].categories == (unsigned)category)
			return names[i].name;
	return "?";
}

void diag_write(enum diag_category category, const char *fmt, ...)
{
	struct buf line = BUF_INIT;
	char text[1024];
	struct timespec now;
	va_list args;
	int saved = errno;
	int len;

	clock_gettime(CLOCK_MONOTONIC, &now);
	va_start(args, fmt);
	len = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (len < 0)
		len = 0;
	buf_printf(&line, "%lld.%06ld %ld %s ", (long long)now.tv_sec, now.tv_nsec / 1000, (long)getpid(),
		   category_name(category));
	text_add(&line, text, size_min((size_t)len, sizeof(text) - 1), 0);
	buf_add_byte(&line, '\n');
	if (!line.failed) {
		/* A log that cannot be written must not stop anything. */
		ssize_t written = write(diag_fd, line.data, line.len);

		(void)written;
	}
	buf_fini(&line);
	errno = saved;
}
