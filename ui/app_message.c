#include "app.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

enum { SAID_MAX = 200 };

/** Keep a line for the command `messages`, the oldest of too many no longer. Without memory it is lost. */
static void keep(struct app *app, const char *text, size_t len, uint16_t style)
{
	struct app_said *last = app->said_count > 0 ? &app->said[app->said_count - 1] : NULL;
	struct buf copy = BUF_INIT;

	if (last && last->text.len == len && memcmp(last->text.data, text, len) == 0)
		return;
	buf_add(&copy, text, len);
	if (copy.failed || vec_grow(&app->said, &app->said_cap, app->said_count + 1, sizeof *app->said) != 0) {
		buf_fini(&copy);
		return;
	}
	if (app->said_count == SAID_MAX) {
		buf_fini(&app->said[0].text);
		memmove(app->said, app->said + 1, --app->said_count * sizeof *app->said);
	}
	app->said[app->said_count++] = (struct app_said){ copy, style };
}

void app_hush(struct app *app)
{
	if (app->message.len > 0)
		keep(app, app->message.data, app->message.len, app->message_style);
	buf_clear(&app->message);
}

void app_free_messages(struct app *app)
{
	for (size_t i = 0; i < app->said_count; i++)
		buf_fini(&app->said[i].text);
	free(app->said);
	buf_fini(&app->message);
}

/** The arguments may point into the message that is replaced. */
static void set_message(struct app *app, uint16_t style, const char *fmt, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, args) < 0)
		return;
	app_hush(app);
	buf_add_str(&app->message, text);
	free(text);
	app->message_style = style;
	app->dirty = true;
}

void app_say(struct app *app, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	set_message(app, STYLE_STATUS, fmt, args);
	va_end(args);
}

bool app_fail(struct app *app, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	set_message(app, STYLE_ERROR, fmt, args);
	va_end(args);
	app->failed = true;
	return false;
}

bool app_fail_on(struct app *app, const char *words, const void *bytes, size_t len)
{
	app_fail(app, "%s", words);
	text_add(&app->message, bytes, size_min(len, 200), app->term && app->term->utf8 ? 0 : TEXT_ASCII);
	return false;
}

bool app_fail_value(struct app *app, const char *words, const void *bytes, size_t len, const char *problem)
{
	app_fail_on(app, words, bytes, len);
	buf_printf(&app->message, ": %s", problem);
	return false;
}

void app_say_problems(struct app *app, const char *lines, size_t len)
{
	static const char ours[] = "muntin: ";
	unsigned count = 0;

	app_hush(app);
	while (len > 0) {
		const char *newline = memchr(lines, '\n', len);
		size_t size = newline ? (size_t)(newline - lines) : len;
		size_t skip = size > strlen(ours) && memcmp(lines, ours, strlen(ours)) == 0 ? strlen(ours) : 0;

		keep(app, lines + skip, size - skip, STYLE_ERROR);
		if (count++ == 0)
			app_fail(app, "%.*s", (int)(size - skip), lines + skip);
		size += newline ? 1 : 0;
		lines += size;
		len -= size;
	}
	if (count < 2)
		return;
	buf_clear(&app->message);
	app_fail(app, "the configuration has %u problems; :messages lists them", count);
}
