#include "session.h"

#include "config_file.h"
#include "session_compare.h"
#include "thread.h"

#include <errno.h>
#include <sys/stat.h>

/* Sources are emptied at most this often, so that their wake-ups coalesce. */
#define TAKE_EVERY (8 * LOOP_MS)

/* A pane's turn before the next pane gets one. */
#define SLICE (LOOP_MS)

static void take_bell(void *arg, short revents)
{
	struct session *session = arg;

	(void)revents;
	wakeup_clear(&session->wakeup);
	session->more = true;
}

struct session *session_new(struct loop *loop, const struct session_options *options)
{
	struct session *session = calloc(1, sizeof *session);

	if (!session)
		return NULL;
	session->options = *options;
	session->loop = loop;
	session->turns = session->options.jobs == 0;
	if (session->turns)
		session->options.jobs = thread_processors();
	session->umask = umask(0);
	umask(session->umask);
	if (config_file_cwd(&session->directory) != 0)
		buf_clear(&session->directory);
	if (wakeup_init(&session->wakeup) != 0) {
		buf_fini(&session->directory);
		free(session);
		return NULL;
	}
	session->filled = (struct loop_watch){
		.fd = session->wakeup.fd, .events = POLLIN, .rank = LOOP_RING, .fn = take_bell, .arg = session };
	if (loop_add(loop, &session->filled) != 0) {
		session_free(session);
		return NULL;
	}
	return session;
}

void session_free(struct session *session)
{
	if (!session)
		return;
	session_compare_end(session);
	session_jobs_free(session);
	for (size_t i = 0; i < session->pane_count; i++)
		pane_free(session->panes[i]);
	loop_remove(session->loop, &session->filled);
	wakeup_fini(&session->wakeup);
	buf_fini(&session->directory);
	free(session->panes);
	free(session);
}

struct pane *session_open(struct session *session, const char *root)
{
	struct pane *pane;

	if (vec_grow(&session->panes, &session->pane_cap, session->pane_count + 1, sizeof *session->panes) != 0)
		return NULL;
	pane = pane_new(session, root);
	if (!pane)
		return NULL;
	session->panes[session->pane_count++] = pane;
	session_compare_again(session, NULL);
	session->version++;
	return pane;
}

bool session_close(struct session *session, size_t index)
{
	if (session->pane_count <= 1 || index >= session->pane_count)
		return false;
	session_compare_again(session, session->panes[index]);
	session_jobs_lost(session, session->panes[index], true);
	pane_free(session->panes[index]);
	session->pane_count--;
	for (size_t i = index; i < session->pane_count; i++)
		session->panes[i] = session->panes[i + 1];
	if (session->active > index || session->active == session->pane_count)
		session->active--;
	session_activate(session, session->active);
	return true;
}

void session_activate(struct session *session, size_t index)
{
	session->active = index;
	session->panes[index]->hidden = false;
	session->version++;
}

void session_swap(struct session *session, size_t a, size_t b)
{
	struct pane *pane = session->panes[a];

	session->panes[a] = session->panes[b];
	session->panes[b] = pane;
	if (session->active == a || session->active == b)
		session->active = session->active == a ? b : a;
	session->version++;
}

size_t session_next(const struct session *session, int direction)
{
	size_t at = session->active;

	do
		at = (at + (direction > 0 ? 1 : session->pane_count - 1)) % session->pane_count;
	while (session->panes[at]->hidden);
	return at;
}

bool session_hide(struct session *session)
{
	size_t next = session_next(session, 1);

	if (next == session->active)
		return false;
	session_pane(session)->hidden = true;
	session_activate(session, next);
	return true;
}

struct pane *session_pane(const struct session *session)
{
	return session->pane_count > 0 ? session->panes[session->active] : NULL;
}

unsigned session_share(const struct session *session)
{
	unsigned scanning = 0;

	for (size_t i = 0; i < session->pane_count; i++)
		scanning += session->panes[i]->scans != NULL || session->panes[i]->wanted;
	if (scanning <= 1)
		return session->options.jobs;
	return session->options.jobs > scanning ? session->options.jobs / scanning : 1;
}

bool session_set_backend(struct session *session, enum session_backend backend)
{
	if (session_has_jobs(session))
		return false;
	session->options.backend = backend;
	for (size_t i = 0; i < session->pane_count; i++) {
		if (!session->panes[i]->recording)
			pane_restart(session->panes[i]);
	}
	return true;
}

/* Take from the sources, a slice each in turn. Returns whether anything is left. */
static bool take(struct session *session, int64_t until)
{
	bool more = true;

	while (more && loop_now() < until) {
		more = false;
		for (size_t i = 0; i < session->pane_count; i++) {
			int64_t slice = loop_now() + SLICE;

			if (pane_take(session->panes[i], slice < until ? slice : until))
				more = true;
		}
	}
	return more;
}

/* When a pane has begun or ended its scan, the others get less or more of the processors. */
static void share_threads(struct session *session)
{
	unsigned share = session_share(session);

	if (share == session->share)
		return;
	session->share = share;
	for (size_t i = 0; i < session->pane_count; i++)
		pane_set_jobs(session->panes[i], share);
}

/* The time for making rows is for all panes together, so that a key never waits for more of them the more there are. */
static void share_slice(struct session *session, int64_t slice)
{
	int64_t busy = 0;

	for (size_t i = 0; i < session->pane_count; i++)
		busy += !rows_settled(&session->panes[i]->rows);
	for (size_t i = 0; i < session->pane_count; i++)
		session->panes[i]->rows.slice = busy > 1 ? slice / busy : slice;
}

int64_t session_step(struct session *session, int64_t now, int64_t budget)
{
	int64_t due = INT64_MAX;
	bool changed = false;

	if (session->more && now >= session->next_take) {
		session->more = take(session, now + budget);
		now = loop_now();
		session->next_take = session->more ? now : now + TAKE_EVERY;
	}
	due = session_compare_step(session, now, &changed);
	share_slice(session, budget / 2);
	for (size_t i = 0; i < session->pane_count; i++) {
		int64_t next = pane_step(session->panes[i], now, &changed);

		due = next < due ? next : due;
	}
	share_threads(session);
	if (changed)
		session->version++;
	if (session->more && session->next_take < due)
		due = session->next_take;
	return due;
}

bool session_busy(const struct session *session)
{
	for (size_t i = 0; i < session->pane_count; i++) {
		if (pane_busy(session->panes[i]))
			return true;
	}
	return session_has_jobs(session) || (session->comparison && comparison_busy(session->comparison));
}
