/*
 * A pane kept true: what it shows is watched by its source, or read again every few seconds where that is impossible.
 *
 *   rows ─ set of directories ─▶ WIRE_WATCH ─▶ source
 *                                                │ WIRE_CHANGED: watched from now on, or changed ─▶ read it again, quietly
 *                                                ├ WIRE_WATCHED: watched from now on, and still as it was read
 *                                                └ WIRE_UNWATCHED ─▶ poll: read it and ask again every POLL_EVERY
 *
 * A directory is asked for when it is first shown, and so has always been read once since it is watched; only a large one is
 * not read twice when its mtime tells that no name has come or gone in between. One that cannot be read has nothing to watch, and
 * is not polled.
 */
#include "pane.h"

#include "session.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum pane_watch_state {
	WATCH_ASKED,  /* no answer yet */
	WATCH_LIVE,
	WATCH_POLLED, /* it cannot be watched */
};

/* Readings at a time, and the bytes of paths in one request. */
enum { LARGE = 20000, MAX_READINGS = 16, MAX_PATHS = WIRE_MAX_FRAME - 1024 };

#define ANSWER_WITHIN (3 * LOOP_SECOND)
#define POLL_EVERY (3 * LOOP_SECOND)
#define REST_MOST (3 * LOOP_SECOND)

void pane_watch_reset(struct pane *pane)
{
	pane->watch_count = 0;
	pane->watching = false;
	pane->polls = false;
}

/* The set --------------------------------------------------------------------------------------------- */

/* Is there anything of this directory to be seen? */
static bool is_watchable(const struct pane *pane, entry_id id)
{
	return tree_has(pane->tree, id) && tree_dir(pane->tree, id) && tree_dir(pane->tree, id)->state != DIR_SKIPPED;
}

/* Is the set that was asked for what is shown? */
static bool is_current(const struct pane *pane)
{
	const struct rows *rows = &pane->rows;
	size_t at = 0;

	for (size_t i = 0; i < rows->shown_count; i++) {
		if (!is_watchable(pane, rows->shown[i].dir))
			continue;
		if (at == pane->watch_count || pane->watches[at].dir != rows->shown[i].dir)
			return false;
		at++;
	}
	return at == pane->watch_count;
}

/* The watch of a directory; `hint` is where it may well be. */
static const struct pane_watch *find_dir(const struct pane *pane, entry_id dir, size_t hint)
{
	for (size_t i = 0; i < pane->watch_count; i++) {
		const struct pane_watch *watch = &pane->watches[(hint + i) % pane->watch_count];

		if (watch->dir == dir)
			return watch;
	}
	return NULL;
}

/* Make the set what is shown; of those that were in it before, all is kept. Returns -1 with ENOMEM. */
static int make_set(struct pane *pane)
{
	const struct rows *rows = &pane->rows;
	struct pane_watch *made = NULL;
	size_t cap = 0;
	size_t count = 0;
	size_t hint = 0;

	if (vec_grow(&made, &cap, rows->shown_count + 1, sizeof *made) != 0)
		return -1;
	for (size_t i = 0; i < rows->shown_count; i++) {
		entry_id dir = rows->shown[i].dir;
		const struct pane_watch *before;

		if (!is_watchable(pane, dir))
			continue;
		before = find_dir(pane, dir, hint);
		made[count++] = before ? *before : (struct pane_watch){ .dir = dir, .state = WATCH_ASKED };
		if (before)
			hint = (size_t)(before - pane->watches) + 1;
	}
	free(pane->watches);
	pane->watches = made;
	pane->watch_count = count;
	pane->watch_cap = cap;
	return 0;
}

static void set_unwatched(struct pane_watch *watch)
{
	watch->changed = watch->changed || watch->state != WATCH_POLLED;
	watch->same = false;
	watch->state = WATCH_POLLED;
}

/*
 * The mtime that a directory was read with, long enough before that the clock of its file system has moved: changed
 * since, it has another. 0 where that is not sure.
 */
static int64_t settled_mtime(const struct pane *pane, entry_id id)
{
	const struct dir *dir = tree_dir(pane->tree, id);
	int64_t mtime = tree_entry(pane->tree, id)->mtime;

	return dir->state >= DIR_READING && mtime < pane->scanned_at - 2 * LOOP_SECOND ? mtime : 0;
}

static void put_path(struct buf *out, const struct buf *path, int64_t mtime)
{
	wire_put_bytes(out, path->data, path->len);
	wire_put_signed(out, mtime);
}

/* Tell the source the set; what is too much for it will be polled. */
static void ask(struct pane *pane, int64_t now)
{
	struct buf out = BUF_INIT;
	struct buf path = BUF_INIT;
	size_t start = wire_open(&out, WIRE_WATCH, ++pane->session->next_id);

	for (size_t i = 0; i < pane->watch_count; i++) {
		struct pane_watch *watch = &pane->watches[i];

		buf_clear(&path);
		tree_path(pane->tree, watch->dir, &path);
		watch->path_hash = XXH3_64bits(path.data, path.len);
		if (i < WIRE_MAX_WATCHES && !path.failed && out.len + path.len < MAX_PATHS)
			put_path(&out, &path, settled_mtime(pane, watch->dir));
		else
			set_unwatched(watch);
	}
	wire_close(&out, start);
	pane->watching = true;
	pane->watch_until = now + ANSWER_WITHIN;
	/* what could not be sent is not answered either, and is polled then */
	if (!out.failed && source_request(pane->source, out.data, out.len) != 0)
		buf_clear(&out);
	buf_fini(&out);
	buf_fini(&path);
}

/* Answers --------------------------------------------------------------------------------------------- */

/* The watch of a path, or NULL: it is not shown any more. */
static struct pane_watch *find_path(const struct pane *pane, const char *path, size_t len)
{
	uint64_t hash = XXH3_64bits(path, len);

	for (size_t i = 0; i < pane->watch_count; i++) {
		if (pane->watches[i].path_hash == hash)
			return &pane->watches[i];
	}
	return NULL;
}

bool pane_watch_frame(struct pane *pane, const struct wire_frame *frame)
{
	struct wire_reader in = frame->payload;
	bool changed = frame->type == WIRE_CHANGED;
	bool live = changed || frame->type == WIRE_WATCHED;

	if (!live)
		wire_get_varint(&in);
	for (size_t i = 0; !live && in.ok && !wire_more(&in) && i < pane->watch_count; i++)
		set_unwatched(&pane->watches[i]);
	while (wire_more(&in)) {
		size_t len;
		const char *path = wire_get_bytes(&in, &len);
		struct pane_watch *watch;

		if (!in.ok || !wire_path_ok(path, len))
			return false;
		watch = find_path(pane, path, len);
		if (!watch)
			continue;
		if (live) {
			watch->state = WATCH_LIVE;
			watch->same = !changed && !watch->changed;
			watch->changed = true;
		} else {
			set_unwatched(watch);
		}
	}
	return in.ok;
}

/* Due ------------------------------------------------------------------------------------------------- */

static enum dir_state state_of(const struct pane *pane, const struct pane_watch *watch)
{
	return is_watchable(pane, watch->dir) ? (enum dir_state)tree_dir(pane->tree, watch->dir)->state : DIR_SKIPPED;
}

/* Can a directory be read now? Not while it is being read, nor when the user stopped that. */
static bool can_read(const struct pane *pane, const struct pane_watch *watch)
{
	switch (state_of(pane, watch)) {
	case DIR_COMPLETE:
	case DIR_UNREADABLE:
		return true;
	case DIR_PARTIAL:
		return tree_entry(pane->tree, watch->dir)->error != ERROR_CANCELED;
	default:
		return false;
	}
}

void pane_watch_ended(struct pane *pane, const struct pane_scan *scan)
{
	int64_t now = loop_now();
	int64_t rest = now - scan->began;

	for (size_t i = 0; i < pane->watch_count; i++) {
		if (pane->watches[i].dir == scan->top)
			pane->watches[i].ready_at = now + (rest < REST_MOST ? rest : REST_MOST);
	}
}

bool pane_watch_busy(const struct pane *pane)
{
	for (size_t i = 0; pane->source && i < pane->watch_count; i++) {
		const struct pane_watch *watch = &pane->watches[i];

		if (watch->state == WATCH_ASKED || (watch->changed && can_read(pane, watch)))
			return true;
	}
	return false;
}

/* Answers that do not come are as good as a no. Returns when to look again. */
static int64_t check_answers(struct pane *pane, int64_t now)
{
	bool waits = false;

	for (size_t i = 0; i < pane->watch_count; i++) {
		if (pane->watches[i].state != WATCH_ASKED)
			continue;
		if (now >= pane->watch_until)
			set_unwatched(&pane->watches[i]);
		else
			waits = true;
	}
	return waits ? pane->watch_until : INT64_MAX;
}

/* Is anything polled that can be read? While one is being read that is not known: then it is as it was. */
static bool is_polling(const struct pane *pane)
{
	bool polls = false;

	for (size_t i = 0; i < pane->watch_count; i++) {
		enum dir_state state = state_of(pane, &pane->watches[i]);

		if (pane->watches[i].state != WATCH_POLLED)
			continue;
		if (state == DIR_COMPLETE || state == DIR_PARTIAL)
			return true;
		polls = polls || (state < DIR_COMPLETE && pane->polls);
	}
	return polls;
}

/* Read what is polled, and ask again: what was impossible may have become possible. Returns when to do it next. */
static int64_t poll_dirs(struct pane *pane, int64_t now)
{
	bool polls = is_polling(pane);

	if (polls != pane->polls) {
		pane->polls = polls;
		pane->poll_at = now + POLL_EVERY;
		pane->session->version++;
	}
	if (!polls)
		return INT64_MAX;
	if (now < pane->poll_at)
		return pane->poll_at;
	for (size_t i = 0; i < pane->watch_count; i++) {
		struct pane_watch *watch = &pane->watches[i];

		watch->changed = watch->changed || watch->state == WATCH_POLLED;
	}
	ask(pane, now);
	pane->poll_at = now + POLL_EVERY;
	return pane->poll_at;
}

/* Read again what has changed. Returns when more can be read; the end of a reading comes by itself. */
static int64_t read_changed(struct pane *pane, int64_t now)
{
	int64_t due = INT64_MAX;
	size_t readings = 0;

	for (const struct pane_scan *scan = pane->scans; scan; scan = scan->next)
		readings += scan->quiet;
	for (size_t i = 0; i < pane->watch_count && readings < MAX_READINGS && pane->source; i++) {
		struct pane_watch *watch = &pane->watches[i];

		if (!watch->changed || !can_read(pane, watch))
			continue;
		if (now < watch->ready_at) {
			due = watch->ready_at < due ? watch->ready_at : due;
			continue;
		}
		watch->changed = false;
		if (watch->same && tree_dir(pane->tree, watch->dir)->count >= LARGE)
			continue;
		watch->same = false;
		pane_refresh_quietly(pane, watch->dir);
		readings++;
	}
	return due;
}

int64_t pane_watch_step(struct pane *pane, int64_t now)
{
	int64_t due;
	int64_t next;

	if (!pane->source || pane->recording) {
		pane_watch_reset(pane);
		return INT64_MAX;
	}
	if (!pane->watching && tree_dir(pane->tree, TREE_ROOT)->state <= DIR_QUEUED)
		return INT64_MAX;
	if ((!pane->watching || !is_current(pane)) && make_set(pane) == 0)
		ask(pane, now);
	due = check_answers(pane, now);
	next = poll_dirs(pane, now);
	due = next < due ? next : due;
	next = read_changed(pane, now);
	return next < due ? next : due;
}
