#include "pane_impl.h"

#include "session.h"
#include "wire.h"

#include <errno.h>
#include <string.h>
#include <time.h>

enum { RESTARTS = 3 };

#define RATE_EVERY (250 * LOOP_MS)
#define HEALTH (60 * LOOP_SECOND)
#define RETRY_SEND (20 * LOOP_MS)
#define GREETING (10 * LOOP_SECOND)

/* Life ------------------------------------------------------------------------------------------------ */

struct pane *pane_new(struct session *session, const char *root)
{
	struct pane *pane = calloc(1, sizeof *pane);

	if (!pane)
		return NULL;
	pane->session = session;
	buf_add_str(&pane->root, root);
	pane->tree = tree_new();
	if (!pane->tree || !buf_str(&pane->root)) {
		pane_free(pane);
		return NULL;
	}
	rows_init(&pane->rows, pane->tree);
	rows_show(&pane->rows, TREE_ROOT, 0);
	pane->wanted = true;
	return pane;
}

void pane_free(struct pane *pane)
{
	if (!pane)
		return;
	source_free(pane->source);
	pane_free_scans(pane);
	if (pane->tree)
		rows_fini(&pane->rows);
	tree_free(pane->tree);
	glob_set_fini(&pane->patterns);
	buf_fini(&pane->root);
	buf_fini(&pane->reason);
	buf_fini(&pane->shown);
	buf_fini(&pane->look.target);
	access_list_fini(&pane->look.acl);
	access_list_fini(&pane->look.inherited);
	pane_acl_fini(pane);
	pane_why_fini(pane);
	buf_fini(&pane->part.bytes);
	free(pane->watches);
	free(pane);
}

void pane_set_state(struct pane *pane, enum pane_state state)
{
	pane->state = state;
	pane->session->version++;
}

/* Let go of the source: what it was asked will not be answered. */
void pane_drop_source(struct pane *pane)
{
	source_free(pane->source);
	pane->source = NULL;
	pane_acl_reset(pane);
	pane_why_reset(pane);
	pane_read_reset(pane);
	if (pane->look.asked && !pane->look.answered) {
		pane->look.answered = true;
		pane->look.error = ERROR_NOTCONN;
	}
}

/* The pane has failed; `R` tries again. */
void pane_fail(struct pane *pane, const char *reason)
{
	pane_drop_source(pane);
	pane_free_scans(pane);
	session_jobs_lost(pane->session, pane, false);
	if (reason) {
		buf_clear(&pane->reason);
		buf_add_str(&pane->reason, reason);
	}
	pane->can_retry = true;
	pane_set_state(pane, PANE_FAILED);
}

static void ring_bell(void *arg)
{
	wakeup_raise(arg);
}

static enum source_kind kind_of(const struct pane *pane)
{
	if (pane->recording)
		return SOURCE_RECORDING;
	return pane->session->options.backend == BACKEND_WORKERS ? SOURCE_WORKER : SOURCE_THREADS;
}

bool pane_start_source(struct pane *pane)
{
	const struct source_options options = {
		.kind = kind_of(pane),
		.root = buf_str(&pane->root),
		.read_only = pane->session->options.read_only,
		.wake = ring_bell,
		.wake_arg = &pane->session->wakeup,
	};

	if (pane->source)
		return true;
	pane_watch_reset(pane);
	pane->source = source_new(&options);
	pane->started_at = pane->last_record = loop_now();
	if (pane->source)
		return true;
	buf_clear(&pane->reason);
	buf_printf(&pane->reason, "cannot start %s: %s", options.kind == SOURCE_WORKER ? "muntin-worker" : "a thread", strerror(errno));
	pane_fail(pane, NULL);
	return false;
}

/* Frames ---------------------------------------------------------------------------------------------- */

static bool take_look(struct pane *pane, const struct wire_frame *frame)
{
	struct wire_reader in = frame->payload;
	struct pane_look *look = &pane->look;
	unsigned error = wire_get_u8(&in);
	struct attrs attrs;
	const char *target;
	size_t len;

	wire_get_attrs(&in, &attrs);
	target = wire_get_bytes(&in, &len);
	if (!in.ok)
		return false;
	if (!look->asked || frame->id != look->request)
		return true;
	access_list_fini(&look->acl);
	access_list_fini(&look->inherited);
	if (wire_get_acl(&in, &look->acl) != 0 || wire_get_acl(&in, &look->inherited) != 0)
		error = ERROR_NOMEM;
	if (!in.ok && error != ERROR_NOMEM)
		return false;
	look->answered = true;
	look->error = error < ERROR_COUNT ? (enum error)error : ERROR_OTHER;
	look->attrs = attrs;
	buf_clear(&look->target);
	buf_add(&look->target, target, len);
	pane->session->version++;
	return true;
}

static bool take_frame(struct pane *pane, const struct wire_frame *frame)
{
	switch (frame->type) {
	case WIRE_STAT:
		return take_look(pane, frame);
	case WIRE_ITEM:
	case WIRE_PROGRESS:
	case WIRE_PLANNED:
	case WIRE_RESULT:
		return session_job_frame(pane->session, pane, frame);
	case WIRE_DATA:
		return pane_read_frame(pane, frame);
	case WIRE_PATTERNS:
		return pane_take_patterns(pane, frame);
	case WIRE_CHANGED:
	case WIRE_UNWATCHED:
	case WIRE_WATCHED:
		return pane_watch_frame(pane, frame);
	case WIRE_DETAIL:
		return pane_acl_frame(pane, frame);
	case WIRE_USER:
	case WIRE_STEP:
		return pane_why_frame(pane, frame);
	default:
		return frame->type >= WIRE_OPTIONAL || (frame->type <= WIRE_DONE && pane_take_scan_frame(pane, frame));
	}
}

/* A worker has gone wrong: another one, after 1, 2 and 4 seconds; then `R`. */
static void restart_later(struct pane *pane)
{
	pane_drop_source(pane);
	pane_free_scans(pane);
	session_jobs_lost(pane->session, pane, false);
	if (loop_now() - pane->started_at > HEALTH)
		pane->restarts = 0;
	if (pane->restarts >= RESTARTS) {
		pane_fail(pane, NULL);
		return;
	}
	pane->restart_at = loop_now() + (LOOP_SECOND << pane->restarts++);
	pane_set_state(pane, PANE_RESTARTING);
}

/* What came is no stream. */
static void source_is_bad(struct pane *pane)
{
	buf_clear(&pane->reason);
	buf_add_str(&pane->reason, "sent damaged data");
	if (pane->recording)
		pane_fail(pane, "the recording is damaged");
	else
		restart_later(pane);
}

bool pane_take(struct pane *pane, int64_t until)
{
	for (;;) {
		const struct source *source = pane->source;
		struct wire_frame frame;
		bool heard = false;
		size_t done = 0;
		const char *bytes;
		size_t len;
		size_t used;
		int64_t now;

		if (!source)
			return false;
		bytes = source_peek(pane->source, &len);
		if (len == 0)
			return false;
		len = size_min(len, 1 << 16 | WIRE_MAX_FRAME);
		while (done < len && done < 1 << 16) {
			enum wire_status status = wire_next(bytes + done, len - done, &frame, &used);

			if (status == WIRE_INCOMPLETE && done > 0)
				break;
			if (status == WIRE_OK)
				wire_log("<", source, bytes + done, used);
			if (status != WIRE_OK || !take_frame(pane, &frame)) {
				source_is_bad(pane);
				return false;
			}
			if (pane->source != source)
				return false;
			heard = heard || frame.type != WIRE_HEARTBEAT;
			done += used;
		}
		source_drop(pane->source, done);
		now = loop_now();
		if (heard)
			pane->last_record = now;
		if (now >= until)
			return true;
	}
}

/* Due ------------------------------------------------------------------------------------------------- */

/* Has the source come to an end? */
static void check_source(struct pane *pane)
{
	struct buf why = BUF_INIT;

	if (pane->source && source_failure(pane->source, &why)) {
		buf_clear(&pane->reason);
		buf_add(&pane->reason, why.data, why.len);
		if (!pane->recording)
			restart_later(pane);
		else if (why.len > 0 || pane->scans)
			pane_fail(pane, why.len > 0 ? NULL : "the recording ends early");
		else {
			pane_drop_source(pane);
		}
	}
	buf_fini(&why);
}

/* A worker that does not greet in time is none. Returns when to look again. */
static int64_t check_greeting(struct pane *pane, int64_t now)
{
	int64_t until = pane->started_at + GREETING;

	if (!pane->source || source_greeted(pane->source))
		return INT64_MAX;
	if (now < until)
		return until;
	source_kill(pane->source);
	return now + LOOP_SECOND;
}

static int64_t update_rate(struct pane *pane, int64_t now)
{
	double rate;

	if (!pane_is_scanning(pane)) {
		pane->rate = 0;
		pane->rate_at = 0;
		return INT64_MAX;
	}
	if (!pane->rate_at) {
		pane->rate_at = now;
		pane->rate_entries = pane->arrived;
	}
	if (now - pane->rate_at >= RATE_EVERY) {
		rate = (double)(pane->arrived - pane->rate_entries) * 1e9 / (double)(now - pane->rate_at);
		pane->rate = pane->rate > 0 ? (pane->rate + rate) / 2 : rate;
		pane->rate_at = now;
		pane->rate_entries = pane->arrived;
		pane->session->version++;
	}
	return pane->rate_at + RATE_EVERY;
}

/* The directory that was shown may have left the tree: show the nearest one above it that is still there. */
static void check_shown(struct pane *pane)
{
	const struct tree *tree = pane->tree;
	size_t len = pane->shown.len;
	entry_id dir;

	if (tree_has(tree, pane->rows.dir) && tree_dir(tree, pane->rows.dir))
		return;
	for (;;) {
		const char *slash;

		dir = len > 0 ? tree_lookup(tree, pane->shown.data, len) : TREE_ROOT;
		if (dir && tree_dir(tree, dir))
			break;
		slash = memrchr(pane->shown.data, '/', len);
		len = slash ? (size_t)(slash - pane->shown.data) : 0;
	}
	pane_show(pane, dir, 0);
}

static void update_model(struct pane *pane)
{
	tree_settle(pane->tree);
	pane->entries = tree_dir(pane->tree, TREE_ROOT)->total.entries;
	check_shown(pane);
}

/*
 * While a directory fills, the cursor stays on its line, and rows above it may leave the screen. When nothing comes any
 * more no line stays empty below the last row while there are rows above the first one.
 */
static bool fill_screen(struct pane *pane)
{
	struct rows *rows = &pane->rows;
	size_t last = rows->count > pane->height ? rows->count - pane->height : 0;

	if (pane->scans || pane->height == 0 || !rows_settled(rows) || rows->top <= last)
		return false;
	rows->top = last;
	return true;
}

int64_t pane_step(struct pane *pane, int64_t now, bool *changed)
{
	int64_t due = INT64_MAX;
	int64_t next;
	uint64_t version;

	check_source(pane);
	if (pane->state == PANE_RESTARTING && now >= pane->restart_at)
		pane->wanted = true;
	if (pane->wanted) {
		pane->wanted = false;
		pane_start_scan(pane, TREE_ROOT, false, false);
	}
	if (pane->state == PANE_RESTARTING)
		due = pane->restart_at;
	version = tree_version(pane->tree);
	if (version != pane->version) {
		update_model(pane);
		pane->version = tree_version(pane->tree);
		*changed = true;
	}
	version = pane->rows.version;
	next = rows_update(&pane->rows, now, pane->session->last_key);
	*changed |= pane->rows.version != version;
	due = next < due ? next : due;
	*changed |= fill_screen(pane);
	pane_acl_step(pane);
	next = pane_watch_step(pane, now);
	due = next < due ? next : due;
	if (!pane->scans && rows_settled(&pane->rows))
		tree_reclaim(pane->tree);
	next = check_greeting(pane, now);
	due = next < due ? next : due;
	next = update_rate(pane, now);
	due = next < due ? next : due;
	if (pane->source && source_pending(pane->source) && now + RETRY_SEND < due)
		due = now + RETRY_SEND;
	return due;
}

void pane_set_jobs(struct pane *pane, unsigned jobs)
{
	struct buf out = BUF_INIT;

	if (!pane->source || pane->recording)
		return;
	for (const struct pane_scan *scan = pane->scans; scan; scan = scan->next) {
		size_t start = wire_open(&out, WIRE_JOBS, scan->id);

		wire_put_varint(&out, jobs);
		wire_close(&out, start);
	}
	/* a source that cannot take it is at its end, and is found out by the next step */
	if (!out.failed && out.len > 0 && source_request(pane->source, out.data, out.len) != 0)
		pane->session->version++;
	buf_fini(&out);
}

void pane_restart(struct pane *pane)
{
	session_jobs_lost(pane->session, pane, false);
	pane_drop_source(pane);
	pane_free_scans(pane);
	pane->restarts = 0;
	pane->can_retry = false;
	pane->wanted = true;
	pane_set_state(pane, PANE_SCANNING);
}

bool pane_busy(const struct pane *pane)
{
	size_t len = 0;

	if (pane->scans || pane->wanted || pane->state == PANE_RESTARTING || (pane->look.asked && !pane->look.answered) ||
	    (pane->part.asked && !pane->part.answered))
		return true;
	if (pane_watch_busy(pane) || pane->acl_questions || (pane->why.asked && !pane->why.answered))
		return true;
	if (pane->source)
		source_peek(pane->source, &len);
	return len > 0 || !rows_settled(&pane->rows);
}

int64_t pane_silent(const struct pane *pane, int64_t now)
{
	if (!pane->scans || !pane->source || now < pane->last_record)
		return 0;
	return now - pane->last_record;
}

void pane_look(struct pane *pane, entry_id id)
{
	struct pane_look *look = &pane->look;
	struct buf path = BUF_INIT;
	struct buf out = BUF_INIT;
	size_t start;

	look->asked = true;
	look->answered = false;
	look->id = id;
	look->request = ++pane->session->next_id;
	tree_path(pane->tree, id, &path);
	start = wire_open(&out, WIRE_LOOK, look->request);
	wire_put_bytes(&out, path.data, path.len);
	wire_close(&out, start);
	if (path.failed || out.failed || !pane->source || pane->recording || source_request(pane->source, out.data, out.len) != 0) {
		look->answered = true;
		look->error = ERROR_NOTCONN;
	}
	buf_fini(&path);
	buf_fini(&out);
}
