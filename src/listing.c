#include "listing.h"

#include <errno.h>
#include <string.h>

#include "apply.h"
#include "source.h"

enum { SCAN_ID = 1, TURN_BYTES = 1 << 16 };

struct listing {
	struct loop *loop;
	struct loop_watch watch;   /* of the bell */
	struct wakeup bell;
	struct buf path;
	struct tree *tree;
	struct scan_view *view;
	struct source *source;     /* NULL: done */
	void (*told)(void *arg);
	void *arg;
};

/* The source is not needed any more, whatever became of it. */
static void drop_source(struct listing *listing)
{
	source_free(listing->source);
	listing->source = NULL;
	scan_view_free(listing->view);
	listing->view = NULL;
	loop_remove(listing->loop, &listing->watch);
}

/* Take what has come, up to TURN_BYTES. Returns false once nothing more will come. */
static bool take(struct listing *listing)
{
	struct wire_frame frame;
	const char *bytes;
	size_t taken = 0;
	size_t used;
	size_t len;

	while (taken < TURN_BYTES) {
		enum apply_status status = APPLY_OK;

		bytes = source_peek(listing->source, &len);
		if (len == 0)
			return !source_failure(listing->source, NULL);
		if (wire_next(bytes, len, &frame, &used) != WIRE_OK)
			return false;
		if (frame.type <= WIRE_DONE && frame.id == SCAN_ID)
			status = scan_view_apply(listing->view, &frame, NULL);
		if (status != APPLY_OK)
			return false;
		source_drop(listing->source, used);
		taken += used;
	}
	wakeup_raise(&listing->bell);
	return true;
}

static void on_bell(void *arg, short revents)
{
	struct listing *listing = arg;

	(void)revents;
	wakeup_clear(&listing->bell);
	if (take(listing))
		return;
	drop_source(listing);
	listing->told(listing->arg);
}

static void ring(void *arg)
{
	wakeup_raise(arg);
}

static int begin(struct listing *listing, const char *path, bool names)
{
	const struct source_options options = {
		.kind = SOURCE_THREADS, .root = path, .read_only = true, .wake = ring, .wake_arg = &listing->bell
	};
	const struct wire_scan request = { .depth = names, .jobs = 1, .path = "" };
	struct buf out = BUF_INIT;
	int done = -1;

	buf_add_str(&listing->path, path);
	buf_str(&listing->path);
	listing->tree = tree_new();
	listing->view = listing->tree ? scan_view_new(listing->tree, TREE_ROOT) : NULL;
	if (!listing->view || listing->path.failed || wakeup_init(&listing->bell) != 0)
		return -1;
	listing->watch = (struct loop_watch){ .fd = listing->bell.fd, .events = POLLIN, .rank = LOOP_WATCH, .fn = on_bell, .arg = listing };
	listing->source = source_new(&options);
	wire_put_scan(&out, SCAN_ID, &request, NULL, 0);
	if (listing->source && !out.failed && loop_add(listing->loop, &listing->watch) == 0)
		done = source_request(listing->source, out.data, out.len);
	buf_fini(&out);
	wakeup_raise(&listing->bell); /* what is answered at once rings no bell */
	return done;
}

struct listing *listing_new(struct loop *loop, const char *path, bool names, void (*told)(void *arg), void *arg)
{
	struct listing *listing = calloc(1, sizeof *listing);

	if (!listing)
		return NULL;
	*listing = (struct listing){ .loop = loop, .bell = { .fd = -1, .write_fd = -1 }, .told = told, .arg = arg };
	if (begin(listing, path, names) == 0)
		return listing;
	listing_free(listing);
	return NULL;
}

void listing_free(struct listing *listing)
{
	int saved = errno;

	if (!listing)
		return;
	drop_source(listing);
	wakeup_fini(&listing->bell);
	tree_free(listing->tree);
	buf_fini(&listing->path);
	free(listing);
	errno = saved;
}

bool listing_done(const struct listing *listing)
{
	return !listing->source;
}

bool listing_is(const struct listing *listing, const char *path, size_t len)
{
	return listing->path.len == len && memcmp(listing->path.data, path, len) == 0;
}

const struct tree *listing_tree(const struct listing *listing)
{
	return listing->tree;
}

const char *listing_path(const struct listing *listing)
{
	return listing->path.data;
}

enum error listing_error(const struct listing *listing)
{
	const struct entry *entry = tree_entry(listing->tree, TREE_ROOT);

	if (entry->flags & ENTRY_KNOWN)
		return entry_is_dir(entry) ? ERROR_NONE : ERROR_NOTDIR;
	return entry->error != ERROR_NONE ? (enum error)entry->error : ERROR_OTHER;
}
