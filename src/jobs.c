/*
 * Operations of the user: from marked entries to a request, and from the answers to what a list can show.
 */
#include "session.h"

#include "op_wire.h"

#include <errno.h>
#include <string.h>

/* Requests -------------------------------------------------------------------------------------------- */

/* Does the kind make something new in the directory that is its target? */
static bool makes(enum op_kind kind)
{
	return kind == OP_MKDIR || kind == OP_CREATE;
}

static int add_target(struct op_request *request, const struct pane *pane, entry_id id, const char *name)
{
	struct identity shown = tree_identity(pane->tree, id);
	struct buf path = BUF_INIT;
	size_t base;
	int done = -1;

	tree_path(pane->tree, id, &path);
	base = path.len;
	if (name) {
		if (path.len > 0)
			buf_add_byte(&path, '/');
		buf_add_str(&path, name);
	}
	if (!path.failed)
		done = op_request_target(request, path.data ? path.data : "", path.len, &shown,
					 name || !(tree_entry(pane->tree, id)->flags & ENTRY_KNOWN) ? 0 : tree_entry(pane->tree, id)->mode);
	if (done == 0)
		request->targets[request->targets_len - 1].base_len = base;
	buf_fini(&path);
	return done;
}

/* The roots of all panes are never deleted nor renamed. */
static int protect_roots(struct op_request *request, const struct session *session)
{
	for (size_t i = 0; i < session->pane_count; i++) {
		struct identity root = tree_identity(session->panes[i]->tree, TREE_ROOT);

		if (root.ino && op_request_protect(request, &root) != 0)
			return -1;
	}
	return 0;
}

static int add_entry(struct op_request *request, const struct pane *pane, entry_id id, const char *name)
{
	if (tree_has(pane->tree, id))
		return add_target(request, pane, id, name);
	errno = ESTALE;
	return -1;
}

/* What every request has. */
static int build_common(struct op_request *request, const struct session *session, const struct pane *pane, unsigned flags)
{
	request->flags = flags;
	request->umask = session->umask;
	request->root = tree_identity(pane->tree, TREE_ROOT);
	return protect_roots(request, session);
}

static int build_request(struct op_request *request, const struct session *session, const struct pane *pane, unsigned flags,
			 const entry_id *ids, size_t count, const char *name, const char *mode)
{
	if (request->kind == OP_RENAME && name)
		buf_add_str(&request->text, name);
	if ((request->kind == OP_CHMOD || request->kind == OP_CHOWN) && mode)
		buf_add_str(&request->text, mode);
	for (size_t i = 0; i < count; i++) {
		if (add_entry(request, pane, ids[i], makes(request->kind) ? name : NULL) != 0)
			return -1;
	}
	return request->text.failed ? -1 : build_common(request, session, pane, flags);
}

static void make_title(struct job *job, const struct pane *pane, const entry_id *ids, size_t count, const char *name, const char *mode)
{
	struct buf *title = &job->title;
	size_t len;

	buf_add_str(title, op_kind_name(job->request.kind));
	if (mode)
		buf_printf(title, " %s", mode);
	if (makes(job->request.kind)) {
		buf_printf(title, " %s", name);
		return;
	}
	if (count != 1) {
		buf_printf(title, " %zu entries", count);
		return;
	}
	buf_add_byte(title, ' ');
	if (ids[0] == TREE_ROOT) {
		buf_add(title, pane->root.data, pane->root.len);
	} else {
		const char *old = tree_name(pane->tree, ids[0], &len);

		buf_add(title, old, len);
	}
	if (job->request.kind == OP_RENAME)
		buf_printf(title, " -> %s", name);
}

/* Jobs ------------------------------------------------------------------------------------------------ */

static void job_free(struct job *job)
{
	op_list_fini(&job->list);
	op_request_fini(&job->request);
	buf_fini(&job->title);
	free(job);
}

void session_jobs_free(struct session *session)
{
	for (size_t i = 0; i < session->job_count; i++)
		job_free(session->jobs[i]);
	free(session->jobs);
	session->jobs = NULL;
	session->job_count = 0;
}

static bool is_open(const struct job *job)
{
	return job->state == JOB_PLANNING || job->state == JOB_PLANNED || job->state == JOB_RUNNING;
}

bool session_has_jobs(const struct session *session)
{
	for (size_t i = 0; i < session->job_count; i++) {
		if (is_open(session->jobs[i]))
			return true;
	}
	return false;
}

static int send_request(struct session *session, struct pane *pane, struct job *job)
{
	struct buf out = BUF_INIT;
	int done = op_wire_put_request(&out, job->id, &job->request);

	if (done == 0)
		done = source_request(pane->source, out.data, out.len);
	buf_fini(&out);
	/* an answer may be there already, in front of the ring */
	session->more = true;
	return done;
}

/* A job that has asked for nothing yet, and room for it. Returns NULL with errno when it cannot be. */
static struct job *job_new(struct session *session, struct pane *pane, enum op_kind kind)
{
	struct job *job;

	if (session->options.read_only || pane->recording) {
		errno = EROFS;
		return NULL;
	}
	if (!pane->source) {
		errno = ENOTCONN;
		return NULL;
	}
	if (vec_grow(&session->jobs, &session->job_cap, session->job_count + 1, sizeof *session->jobs) != 0)
		return NULL;
	job = calloc(1, sizeof *job);
	if (!job)
		return NULL;
	job->id = ++session->next_id;
	job->pane = pane;
	job->started = loop_now();
	op_request_init(&job->request, kind);
	op_list_init(&job->list, &job->request);
	return job;
}

/* Send its request, if `built` is 0. Returns the job, or NULL with errno. */
static struct job *job_begin(struct session *session, struct job *job, int built)
{
	int saved;

	if (built != 0 || send_request(session, job->pane, job) != 0) {
		saved = errno;
		job_free(job);
		errno = saved;
		return NULL;
	}
	session->jobs[session->job_count++] = job;
	session->version++;
	return job;
}

struct job *session_operate(struct session *session, struct pane *pane, enum op_kind kind, unsigned flags, const entry_id *ids,
			    size_t count, const char *name, const char *mode, bool go)
{
	struct job *job = job_new(session, pane, kind);

	if (!job)
		return NULL;
	job->go = go;
	make_title(job, pane, ids, count, name, mode);
	return job_begin(session, job, build_request(&job->request, session, pane, flags, ids, count, name, mode));
}

struct job *session_rename(struct session *session, struct pane *pane, const entry_id *ids, size_t count, const struct buf *names)
{
	struct job *job = job_new(session, pane, OP_RENAME);
	int built;

	if (!job)
		return NULL;
	built = build_common(&job->request, session, pane, 0);
	buf_printf(&job->title, "rename %zu %s", count, count == 1 ? "entry" : "entries");
	for (size_t i = 0; i < count && built == 0; i++) {
		built = add_entry(&job->request, pane, ids[i], NULL);
		if (built == 0)
			built = op_request_name(&job->request, names[i].data, names[i].len);
	}
	return job_begin(session, job, built);
}

/* Does a directory of a pane still grow? */
static bool grows(const struct pane *pane, entry_id id)
{
	const struct dir *dir = id ? tree_dir(pane->tree, id) : NULL;

	return dir && dir->total.growing > 0;
}

/* Why nothing is known at a path below the directory `dir`: ERROR_NONE if there is nothing for sure. */
static enum error why_missing(const struct pane *pane, entry_id dir)
{
	const struct dir *side = tree_dir(pane->tree, dir);

	if (!side || side->state == DIR_COMPLETE)
		return ERROR_NONE;
	return tree_entry(pane->tree, dir)->error ? (enum error)tree_entry(pane->tree, dir)->error : ERROR_AGAIN;
}

/* The entry at the path below the shown directory, and the last that is there on the way to it. */
static entry_id find_same(const struct pane *pane, const char *path, size_t len, entry_id *last)
{
	entry_id at = pane_dir(pane);

	*last = at;
	while (at && len > 0) {
		const char *slash = memchr(path, '/', len);
		size_t part = slash ? (size_t)(slash - path) : len;

		*last = at;
		at = tree_find(pane->tree, at, path, part);
		part += slash ? 1 : 0;
		path += part;
		len -= part;
	}
	return at;
}

static int add_match(struct op_request *request, const struct pane *pane, const struct pane *from, unsigned flags, entry_id id)
{
	struct match_side theirs = { .tree = from->tree, .prefix = "" };
	const struct match_side ours = { .tree = pane->tree, .id = id, .prefix = "" };
	struct buf path = BUF_INIT;
	struct buf top = BUF_INIT;
	entry_id last = 0;
	size_t skip;

	errno = !tree_has(pane->tree, id) ? ESTALE : EINVAL;
	if (errno == ESTALE || !pane_dir(pane) || !pane_dir(from) || !tree_is_below(pane->tree, id, pane_dir(pane)))
		return -1;
	tree_path(pane->tree, id, &path);
	tree_path(pane->tree, pane_dir(pane), &top);
	skip = size_min(path.len, top.len + (top.len > 0));
	if (!path.failed && !top.failed)
		theirs.id = find_same(from, path.data + skip, path.len - skip, &last);
	errno = path.failed || top.failed ? ENOMEM : EAGAIN;
	buf_fini(&path);
	buf_fini(&top);
	if (errno == ENOMEM || (flags & MATCH_RECURSIVE && (grows(pane, id) || grows(from, theirs.id))))
		return -1;
	theirs.missing = theirs.id ? ERROR_NONE : why_missing(from, last);
	return match_add(request, &theirs, &ours, flags);
}

struct job *session_match(struct session *session, struct pane *pane, const struct pane *from, unsigned flags, const entry_id *ids,
			  size_t count)
{
	struct job *job = job_new(session, pane, OP_MATCH);
	int built;

	if (!job)
		return NULL;
	built = build_common(&job->request, session, pane, OP_ROOT_ITSELF);
	make_title(job, pane, ids, count, NULL, NULL);
	buf_add_str(&job->title, " with ");
	buf_add(&job->title, from->root.data, from->root.len);
	for (size_t i = 0; i < count && built == 0; i++)
		built = add_match(&job->request, pane, from, flags, ids[i]);
	return job_begin(session, job, built);
}

static void send_short(struct session *session, struct job *job, enum wire_type type)
{
	struct buf out = BUF_INIT;

	wire_close(&out, wire_open(&out, type, job->id));
	if (!out.failed && job->pane && job->pane->source && source_request(job->pane->source, out.data, out.len) != 0)
		session->more = true;
	buf_fini(&out);
	session->version++;
}

void job_confirm(struct session *session, struct job *job)
{
	if (job->state != JOB_PLANNED)
		return;
	job->state = JOB_RUNNING;
	send_short(session, job, WIRE_CONFIRM);
}

static void end_job(struct session *session, struct job *job, enum job_state state)
{
	job->state = state;
	job->ended = loop_now();
	session->version++;
}

void job_cancel(struct session *session, struct job *job)
{
	if (!is_open(job))
		return;
	send_short(session, job, WIRE_STOP);
	if (job->state != JOB_RUNNING)
		end_job(session, job, JOB_CANCELLED);
}

void session_jobs_lost(struct session *session, struct pane *pane, bool closed)
{
	for (size_t i = 0; i < session->job_count; i++) {
		struct job *job = session->jobs[i];

		if (job->pane != pane)
			continue;
		if (is_open(job)) {
			job->error = ERROR_PIPE;
			end_job(session, job, JOB_FAILED);
		}
		if (closed)
			job->pane = NULL;
	}
}

/* Answers --------------------------------------------------------------------------------------------- */

static struct job *find_job(const struct session *session, uint64_t id)
{
	for (size_t i = session->job_count; i-- > 0;) {
		if (session->jobs[i]->id == id)
			return session->jobs[i];
	}
	return NULL;
}

static bool take_items(struct job *job, struct wire_reader *in)
{
	char detail[OP_WIRE_MAX_DETAIL + 1];
	struct op_item item;

	while (op_wire_get_item(in, &item, detail)) {
		if (op_list_add(&job->list, &item) != 0)
			return errno == ENOMEM;
	}
	return in->ok;
}

static void take_planned(struct session *session, struct job *job, enum error error)
{
	job->error = error;
	if (error) {
		end_job(session, job, error == ERROR_CANCELED ? JOB_CANCELLED : JOB_FAILED);
		return;
	}
	job->state = JOB_PLANNED;
	session->version++;
	if (job->go)
		job_confirm(session, job);
}

/* The directory of a path that is known, the nearest one. */
static entry_id directory_of(const struct tree *tree, const char *path, size_t len)
{
	for (;;) {
		const char *slash = memrchr(path, '/', len);
		entry_id dir;

		len = slash ? (size_t)(slash - path) : 0;
		dir = tree_lookup(tree, path, len);
		if (dir && tree_dir(tree, dir))
			return dir;
	}
}

/* Has it left anything that it was to change? */
static bool is_unfinished(const struct job *job)
{
	return job->state != JOB_DONE || job->result.failed > 0 || job->result.skipped > 0;
}

/* Let the truth come in: read again where something was changed. What was done is no longer marked. */
static void refresh_targets(struct job *job)
{
	struct pane *pane = job->pane;
	bool deep = job->request.flags & OP_RECURSIVE && (job->request.kind != OP_DELETE || is_unfinished(job));
	bool matches = job->request.kind == OP_MATCH;
	entry_id last = 0;

	for (size_t i = 0; i < job->request.targets_len; i++) {
		const struct op_target *target = &job->request.targets[i];
		const char *path = op_request_path(&job->request, target);
		bool more = matches && i + 1 < job->request.targets_len && target[1].wish.found;
		entry_id dir;
		entry_id self;

		if (target->wish.found)
			continue; /* it is below one that is read again as a whole */
		dir = directory_of(pane->tree, path, target->path_len);
		self = deep || more ? tree_lookup(pane->tree, path, target->path_len) : 0;
		if (dir != last)
			pane_refresh(pane, dir);
		last = dir;
		if (self && tree_dir(pane->tree, self))
			pane_scan_below(pane, self);
	}
}

static void unmark_done(struct job *job)
{
	struct buf path = BUF_INIT;

	for (size_t i = 0; i < job->list.len; i++) {
		const struct op_row *row = &job->list.rows[i];
		entry_id id;

		if (!(row->flags & OP_ITEM_TOP) || row->status != OP_OK)
			continue;
		buf_clear(&path);
		op_list_path(&job->list, i, &path);
		id = tree_lookup(job->pane->tree, path.data, path.len);
		if (id)
			tree_mark(job->pane->tree, id, false);
	}
	buf_fini(&path);
}

static void take_result(struct session *session, struct job *job)
{
	job->error = job->result.error < ERROR_COUNT ? (enum error)job->result.error : ERROR_OTHER;
	if (job->error == ERROR_CANCELED)
		end_job(session, job, JOB_CANCELLED);
	else
		end_job(session, job, job->error ? JOB_FAILED : JOB_DONE);
	unmark_done(job);
	refresh_targets(job);
}

bool session_job_frame(struct session *session, struct pane *pane, const struct wire_frame *frame)
{
	struct job *job = find_job(session, frame->id);
	struct wire_reader in = frame->payload;
	enum error error;

	if (!job || job->pane != pane || !is_open(job))
		return true;
	session->version++;
	switch (frame->type) {
	case WIRE_ITEM:
		return take_items(job, &in);
	case WIRE_PROGRESS:
		return op_wire_get_progress(&in, &job->progress);
	case WIRE_PLANNED:
		if (job->state != JOB_PLANNING || !op_wire_get_planned(&in, &error, &job->planned))
			return false;
		take_planned(session, job, error);
		return true;
	case WIRE_RESULT:
		if (job->state == JOB_PLANNING || !op_wire_get_result(&in, &job->result))
			return false;
		take_result(session, job);
		return true;
	default:
		return false;
	}
}
