/* The scans of a pane: asked for, followed, ended, stopped. */
#include "pane_impl.h"

#include "apply.h"
#include "session.h"
#include "wire.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* What a recording calls its one scan. */
enum { RECORDED_SCAN = 1 };

static void free_scan(struct pane_scan *scan)
{
	scan_view_free(scan->view);
	free(scan);
}

void pane_free_scans(struct pane *pane)
{
	while (pane->scans) {
		struct pane_scan *scan = pane->scans;

		pane->scans = scan->next;
		free_scan(scan);
	}
}

/* A reading that does not show in the title. */
static bool is_silent(const struct pane_scan *scan)
{
	return scan->quiet && scan->shallow;
}

/* Does a scan go on that shows in the title? */
bool pane_is_scanning(const struct pane *pane)
{
	const struct pane_scan *scan = pane->scans;

	while (scan && is_silent(scan))
		scan = scan->next;
	return scan != NULL;
}

static struct pane_scan *add_scan(struct pane *pane, uint64_t id, entry_id top, bool shallow, bool quiet)
{
	struct pane_scan *scan = calloc(1, sizeof *scan);

	if (!scan)
		return NULL;
	*scan = (struct pane_scan){ .id = id, .top = top, .shallow = shallow, .quiet = quiet, .began = loop_now() };
	scan->view = scan_view_new(pane->tree, top);
	if (!scan->view) {
		free(scan);
		return NULL;
	}
	scan->next = pane->scans;
	pane->scans = scan;
	return scan;
}

/* Levels that a scan of this directory may read. */
static uint32_t depth_below(const struct pane *pane, entry_id top)
{
	uint32_t limit = pane->session->options.max_depth;
	uint32_t at = tree_dir(pane->tree, top)->depth;

	if (limit == WIRE_DEPTH_ALL)
		return limit;
	return limit > at ? limit - at : 0;
}

static int request_scan(struct pane *pane, uint64_t id, entry_id top, bool shallow)
{
	const struct session_options *options = &pane->session->options;
	struct buf path = BUF_INIT;
	struct buf out = BUF_INIT;
	struct wire_scan request = {
		.flags = (uint8_t)((options->one_file_system ? WIRE_SCAN_ONE_FS : 0) | (options->follow ? WIRE_SCAN_FOLLOW : 0) |
				   (shallow ? WIRE_SCAN_SHALLOW : 0) | (pane->session->turns ? WIRE_SCAN_TURNS : 0)),
		.depth = shallow ? 1 : depth_below(pane, top),
		.jobs = session_share(pane->session),
	};
	int done = -1;

	tree_path(pane->tree, top, &path);
	request.path = path.data ? path.data : "";
	request.path_len = path.len;
	wire_put_scan(&out, id, &request, options->exclude, options->exclude_count);
	if (!path.failed && !out.failed)
		done = source_request(pane->source, out.data, out.len);
	buf_fini(&path);
	buf_fini(&out);
	return done;
}

/* Nanoseconds since 1970. */
static int64_t wall_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * LOOP_SECOND + now.tv_nsec;
}

void pane_start_scan(struct pane *pane, entry_id top, bool shallow, bool quiet)
{
	uint64_t id = pane->recording ? RECORDED_SCAN : ++pane->session->next_id;

	if (!pane_start_source(pane))
		return;
	if (!add_scan(pane, id, top, shallow, quiet)) {
		pane_fail(pane, "out of memory");
		return;
	}
	pane->last_record = loop_now();
	if (top == TREE_ROOT && !shallow)
		pane->scanned_at = wall_clock();
	if (!pane->recording && request_scan(pane, id, top, shallow) != 0 && errno != EPIPE) {
		pane_fail(pane, strerror(errno));
		return;
	}
	if (!shallow && !quiet)
		pane->stopped = false;
	if (pane_is_scanning(pane))
		pane_set_state(pane, PANE_SCANNING);
}

static struct pane_scan *find_scan(const struct pane *pane, uint64_t id)
{
	struct pane_scan *scan = pane->scans;

	while (scan && scan->id != id)
		scan = scan->next;
	return scan;
}

static void remove_scan(struct pane *pane, struct pane_scan *scan)
{
	struct pane_scan **at = &pane->scans;

	while (*at != scan)
		at = &(*at)->next;
	*at = scan->next;
	free_scan(scan);
}

/* Directories that a reading of one directory has found: read what is below them. */
static void scan_new_dirs(struct pane *pane, entry_id dir, bool quiet)
{
	if (!tree_has(pane->tree, dir) || !tree_dir(pane->tree, dir))
		return;
	for (entry_id at = tree_dir(pane->tree, dir)->first; at && pane->source; at = tree_entry(pane->tree, at)->next) {
		const struct dir *found = tree_dir(pane->tree, at);

		if (found && found->state == DIR_UNREAD)
			pane_start_scan(pane, at, false, quiet);
	}
}

/* A directory that was to be read again has gone: its row is the business of the one above. */
static void check_gone(struct pane *pane, entry_id dir, bool quiet)
{
	enum error error;

	if (dir == TREE_ROOT || !tree_has(pane->tree, dir) || !tree_dir(pane->tree, dir) || tree_dir(pane->tree, dir)->state != DIR_UNREADABLE)
		return;
	error = tree_entry(pane->tree, dir)->error;
	if (error == ERROR_NOENT || error == ERROR_NOTDIR || error == ERROR_LOOP || error == ERROR_STALE)
		pane_start_scan(pane, tree_entry(pane->tree, dir)->parent, true, quiet);
}

/* What a root that could not be read means for its pane. True when it is tried as a recording instead. */
static bool root_failed(struct pane *pane)
{
	const struct dir *root = tree_dir(pane->tree, TREE_ROOT);
	enum error error = tree_entry(pane->tree, TREE_ROOT)->error;

	if (root->state != DIR_UNREADABLE)
		return false;
	if (error == ERROR_NOTDIR && !pane->recording) {
		pane_drop_source(pane);
		pane_free_scans(pane); /* others were to find out about it as well */
		pane->recording = true;
		pane->wanted = true;
		return true;
	}
	pane_fail(pane, error_text(error));
	return true;
}

/* A scan has ended: what is the pane's state now? */
static void scan_ended(struct pane *pane, struct pane_scan *scan)
{
	entry_id top = scan->top;
	bool shallow = scan->shallow;
	bool quiet = scan->quiet;

	if (is_silent(scan))
		pane_watch_ended(pane, scan);
	remove_scan(pane, scan);
	if (shallow)
		scan_new_dirs(pane, top, quiet);
	if (top == TREE_ROOT && root_failed(pane))
		return;
	if (shallow)
		check_gone(pane, top, quiet);
	if (!pane_is_scanning(pane) && pane->state == PANE_SCANNING)
		pane_set_state(pane, pane->stopped ? PANE_STOPPED : PANE_COMPLETE);
}

bool pane_take_scan_frame(struct pane *pane, const struct wire_frame *frame)
{
	struct pane_scan *scan = find_scan(pane, frame->id);
	uint64_t before;

	if (!scan)
		return true;
	before = scan_view_entries(scan->view);
	switch (scan_view_apply(scan->view, frame, NULL)) {
	case APPLY_OK:
		pane->arrived += scan_view_entries(scan->view) - before;
		return true;
	case APPLY_DONE:
		scan_ended(pane, scan);
		return true;
	case APPLY_NOMEM:
		pane_fail(pane, "out of memory");
		return true;
	case APPLY_BAD:
		break;
	}
	return false;
}

bool pane_take_patterns(struct pane *pane, const struct wire_frame *frame)
{
	struct wire_reader in = frame->payload;

	if (!pane->recording)
		return true;
	glob_set_fini(&pane->patterns);
	return wire_get_patterns(&in, &pane->patterns) == 0;
}

void pane_rescan(struct pane *pane)
{
	if (!pane->source || pane->recording) {
		pane_restart(pane);
		return;
	}
	pane_start_scan(pane, pane->rows.dir, false, false);
}

void pane_scan_below(struct pane *pane, entry_id dir)
{
	if (pane->source && !pane->recording)
		pane_start_scan(pane, dir, false, false);
}

void pane_refresh(struct pane *pane, entry_id dir)
{
	if (pane->source && !pane->recording && tree_has(pane->tree, dir) && tree_dir(pane->tree, dir))
		pane_start_scan(pane, dir, true, false);
}

void pane_refresh_quietly(struct pane *pane, entry_id dir)
{
	if (pane->source && !pane->recording && tree_has(pane->tree, dir) && tree_dir(pane->tree, dir))
		pane_start_scan(pane, dir, true, true);
}

bool pane_stop(struct pane *pane)
{
	struct buf out = BUF_INIT;

	if (!pane_is_scanning(pane))
		return false;
	for (struct pane_scan *scan = pane->scans, *next; scan; scan = next) {
		next = scan->next;
		if (is_silent(scan))
			continue;
		wire_close(&out, wire_open(&out, WIRE_STOP, scan->id));
		remove_scan(pane, scan);
	}
	if (pane->source && !pane->recording && !out.failed && source_request(pane->source, out.data, out.len) != 0)
		buf_clear(&out);
	buf_fini(&out);
	if (pane->recording) {
		pane_drop_source(pane);
	}
	pane->stopped = true;
	pane_set_state(pane, PANE_STOPPED);
	return true;
}
