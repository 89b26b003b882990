#include "app.h"

#include <errno.h>
#include <string.h>

#include "command.h"
#include "error.h"
#include "external.h"
#include "script.h"
#include "text.h"

/** Append the absolute path of an entry, and what ends a record. */
static void add_choice(const struct app *app, const struct pane *pane, entry_id id, struct buf *out)
{
	struct buf path = BUF_INIT;
	struct buf whole = BUF_INIT;

	pane_entry_path(pane, id, &path);
	external_absolute(app, path.data, path.len, &whole);
	if (app->options->null)
		buf_add(out, whole.data, whole.len);
	else
		text_add(out, whole.data, whole.len, TEXT_QUOTE | (app->term->utf8 ? 0 : TEXT_ASCII));
	buf_add_byte(out, app->options->null ? '\0' : '\n');
	out->failed |= path.failed || whole.failed;
	buf_fini(&path);
	buf_fini(&whole);
}

/** What a picker was used for: the marked paths of all panes, or else the current one. */
static void add_choices(const struct app *app, struct buf *out)
{
	entry_id *ids = NULL;
	size_t cap = 0;

	for (size_t i = 0; i < app->session->pane_count; i++) {
		const struct pane *pane = app->session->panes[i];
		long count = tree_marked(pane->tree, NULL) > 0 ? pane_targets(pane, &ids, &cap) : 0;

		if (count < 0 || (count > 1 && command_sort_entries(pane->tree, ids, (size_t)count) != 0))
			out->failed = true;
		for (long at = 0; at < count; at++)
			add_choice(app, pane, ids[at], out);
	}
	if (out->len == 0 && pane_current(session_pane(app->session)) != 0)
		add_choice(app, session_pane(app->session), pane_current(session_pane(app->session)), out);
	free(ids);
}

/** Write what others wait for. A failure becomes the last words. */
static void write_file(struct app *app, const char *path, const struct buf *content)
{
	if (!content->failed && output_write(path, content->data, content->len) == 0)
		return;
	if (path)
		text_add(&app->last_words, path, strlen(path), 0);
	else
		buf_add_str(&app->last_words, "standard output");
	buf_printf(&app->last_words, ": %s", content->failed ? "out of memory" : error_text(error_from_errno(errno)));
	app->status = APP_TROUBLE;
}

void app_write_results(struct app *app)
{
	const struct options *options = app->options;
	struct buf text = BUF_INIT;
	struct buf path = BUF_INIT;

	if (app->status == 0 && options->choose) {
		add_choices(app, &text);
		write_file(app, options->choose_file, &text);
	}
	if (app->status == 0 && app->leave_directory && options->cwd_file) {
		buf_clear(&text);
		pane_directory(session_pane(app->session), &path);
		external_absolute(app, path.data, path.len, &text);
		write_file(app, options->cwd_file, &text);
	}
	buf_fini(&text);
	buf_fini(&path);
}
