#include "apply.h"

#include "dirnames.h"

#include <errno.h>
#include <string.h>

/* A batch or directory number may be this much ahead of how many there were: producers overtake each other. */
enum { MAX_AHEAD = 1 << 16 };

/* A directory with so many children has taken much memory that is not needed once it has ended. */
enum { BIG_DIR = 1 << 16 };

/* As the entry of a directory number: one that has left the tree. */
#define GONE UINT32_MAX

/* What a directory number of the stream stands for. */
struct view_dir {
	entry_id id;           /* 0: the number was not announced, or has ended */
	entry_id told : 31;    /* without names: it was empty before, and its children up to this one were told */
	uint32_t begun : 1;    /* between begin and end */
	struct dirnames *names;   /* NULL until they are needed */
};

/* What a batch of names stands for. */
struct view_batch {
	uint32_t count;        /* of ids */
	uint32_t left;         /* attributes still to come */
	entry_id first;        /* the numbers of its entries go up by one from here; 0: they do not, and are in `ids` */
	entry_id ids[];
};

struct scan_view {
	struct tree *tree;
	entry_id top;
	struct view_dir *dirs;
	size_t dirs_seen;      /* announced so far */
	size_t dir_count;
	size_t dir_cap;
	struct view_batch **batches;
	size_t batches_seen;
	size_t batch_count;
	size_t batch_cap;
	entry_id *ids;         /* of the batch that is being read */
	size_t id_cap;
	struct fresh_names fresh;
	uint64_t entries;
	enum error error;
};

struct scan_view *scan_view_new(struct tree *tree, entry_id top)
{
	struct scan_view *view = calloc(1, sizeof *view);

	if (!view || vec_grow(&view->dirs, &view->dir_cap, 1, sizeof *view->dirs) != 0) {
		free(view);
		return NULL;
	}
	view->tree = tree;
	view->top = top;
	view->dirs[view->dir_count++] = (struct view_dir){ .id = top };
	tree_set_state(tree, top, DIR_QUEUED, ERROR_NONE);
	return view;
}

/* A directory was not read to its end: nor will be those that were found in it and not announced. */
static void set_partial(struct tree *tree, entry_id id, enum error error)
{
	tree_set_state(tree, id, DIR_PARTIAL, error);
	for (entry_id at = tree_dir(tree, id)->first; at; at = tree_entry(tree, at)->next) {
		const struct dir *found = tree_dir(tree, at);

		if (found && found->state == DIR_UNREAD)
			tree_set_state(tree, at, DIR_PARTIAL, error);
	}
}

/* What was to be read and was not is incomplete. */
static void end_open_dirs(struct scan_view *view)
{
	for (size_t i = 0; i < view->dir_count; i++) {
		entry_id id = view->dirs[i].id;

		if (id && tree_has(view->tree, id) && tree_dir(view->tree, id))
			set_partial(view->tree, id, view->error ? view->error : ERROR_CANCELED);
		dirnames_free(view->dirs[i].names);
		view->dirs[i] = (struct view_dir){ 0 };
	}
}

void scan_view_free(struct scan_view *view)
{
	if (!view)
		return;
	end_open_dirs(view);
	for (size_t i = 0; i < view->batch_count; i++)
		free(view->batches[i]);
	free(view->batches);
	free(view->dirs);
	free(view->ids);
	fresh_names_fini(&view->fresh);
	free(view);
}

uint64_t scan_view_entries(const struct scan_view *view)
{
	return view->entries;
}

enum error scan_view_error(const struct scan_view *view)
{
	return view->error;
}

/* Frames ---------------------------------------------------------------------------------------------- */

/* The announced directory of a number that is still in the tree; NULL with `*gone` when it has left it. */
static struct view_dir *find_dir(struct scan_view *view, uint64_t number, bool *gone)
{
	struct view_dir *dir;

	*gone = false;
	if (number >= view->dir_count || !view->dirs[number].id)
		return NULL;
	dir = &view->dirs[number];
	*gone = !tree_has(view->tree, dir->id) || !tree_dir(view->tree, dir->id);
	return *gone ? NULL : dir;
}

static enum apply_status apply_begin(struct scan_view *view, struct wire_reader *in, const struct apply_events *events)
{
	uint64_t number = wire_get_varint(in);
	bool gone;
	struct view_dir *dir = find_dir(view, number, &gone);
	struct attrs attrs;

	wire_get_attrs(in, &attrs);
	if (!in->ok || (!dir && !gone) || !S_ISDIR(attrs.mode))
		return APPLY_BAD;
	if (gone) {
		view->dirs[number].id = GONE; /* for good, even if a directory comes back there */
		return APPLY_OK;
	}
	if (dir->begun)
		return APPLY_BAD;
	if (tree_set_attrs(view->tree, dir->id, &attrs) != 0)
		return APPLY_NOMEM;
	tree_dir(view->tree, dir->id)->mnt = (uint32_t)attrs.mnt;
	tree_set_state(view->tree, dir->id, DIR_READING, ERROR_NONE);
	dir->begun = true;
	if (tree_dir(view->tree, dir->id)->first) {
		dir->names = dirnames_new(view->tree, dir->id, false, 0);
		if (!dir->names)
			return APPLY_NOMEM;
	}
	if (events && events->begin)
		events->begin(events->arg, dir->id, &attrs);
	return APPLY_OK;
}

/* Make an array reach a number; new elements are zero. `seen` is how many numbers there were. */
static enum apply_status reach(void *items, size_t *count, size_t *cap, size_t seen, uint64_t number, size_t size)
{
	char *base;

	if (number < *count)
		return APPLY_OK;
	if (number > seen + MAX_AHEAD)
		return APPLY_BAD;
	if (vec_grow(items, cap, (size_t)number + 1, size) != 0)
		return APPLY_NOMEM;
	memcpy(&base, items, sizeof base);
	memset(base + *count * size, 0, ((size_t)number + 1 - *count) * size);
	*count = (size_t)number + 1;
	return APPLY_OK;
}

/* Do numbers go up by one, as they do where every name was new? */
static bool is_run(const entry_id *ids, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		if (ids[i] != ids[0] + i)
			return false;
	}
	return count > 0 && ids[0] != 0;
}

static entry_id batch_id(const struct view_batch *batch, uint32_t index)
{
	return batch->first ? batch->first + index : batch->ids[index];
}

static enum apply_status keep_batch(struct scan_view *view, uint64_t number, size_t count)
{
	enum apply_status status = reach(&view->batches, &view->batch_count, &view->batch_cap, view->batches_seen, number, sizeof *view->batches);
	size_t kept = is_run(view->ids, count) ? 0 : count;
	struct view_batch *batch;

	if (status != APPLY_OK)
		return status;
	if (view->batches[number])
		return APPLY_BAD;
	batch = malloc(sizeof *batch + kept * sizeof *batch->ids);
	if (!batch)
		return APPLY_NOMEM;
	batch->count = batch->left = (uint32_t)count;
	batch->first = kept < count ? view->ids[0] : 0;
	if (kept > 0)
		memcpy(batch->ids, view->ids, kept * sizeof *batch->ids);
	view->batches[number] = batch;
	view->batches_seen++;
	return APPLY_OK;
}

/* Is this the first frame of names of a directory in which nothing was? */
static bool is_fresh(const struct scan_view *view, const struct view_dir *dir)
{
	return !dir->names && !dir->told && !tree_dir(view->tree, dir->id)->first;
}

/* Make ready for the names of a frame. */
static int begin_names(struct scan_view *view, struct view_dir *dir, const struct wire_reader *in, bool fresh)
{
	if (fresh)
		return fresh_names_begin(&view->fresh, *in);
	if (!dir->names)
		dir->names = dirnames_new(view->tree, dir->id, true, dir->told);
	return dir->names ? 0 : -1;
}

static enum apply_status apply_names(struct scan_view *view, struct wire_reader *in)
{
	bool gone;
	struct view_dir *dir = find_dir(view, wire_get_varint(in), &gone);
	uint64_t number = wire_get_varint(in);
	struct wire_name name;
	size_t count = 0;
	bool fresh;

	if (!in->ok || (!dir && !gone) || (dir && !dir->begun))
		return APPLY_BAD;
	fresh = dir && is_fresh(view, dir);
	if (dir && begin_names(view, dir, in, fresh) != 0)
		return APPLY_NOMEM;
	while (wire_get_name(in, &name)) {
		if (!wire_name_ok(name.name, name.len))
			return APPLY_BAD;
		if (vec_grow(&view->ids, &view->id_cap, count + 1, sizeof *view->ids) != 0)
			return APPLY_NOMEM;
		view->ids[count] = 0;
		if (dir)
			view->ids[count] = fresh ? fresh_names_entry(&view->fresh, view->tree, dir->id, &name, view->ids, count) :
						   dirnames_entry(dir->names, view->tree, dir->id, &name);
		if (dir && !view->ids[count])
			return APPLY_NOMEM;
		count++;
	}
	if (fresh)
		dir->told = tree_dir(view->tree, dir->id)->last & ~DIRNAMES_TWICE;
	view->entries += count;
	return in->ok ? keep_batch(view, number, count) : APPLY_BAD;
}

static enum apply_status announce_dir(struct scan_view *view, entry_id id, uint64_t number)
{
	enum apply_status status = reach(&view->dirs, &view->dir_count, &view->dir_cap, view->dirs_seen, number, sizeof *view->dirs);

	if (status != APPLY_OK)
		return status;
	if (view->dirs[number].id || !tree_dir(view->tree, id))
		return APPLY_BAD;
	view->dirs[number].id = id;
	view->dirs_seen++;
	tree_set_state(view->tree, id, DIR_QUEUED, ERROR_NONE);
	return APPLY_OK;
}

/* A directory was announced below one that has left the tree meanwhile: its number is known, and stands for nothing. */
static enum apply_status announce_gone(struct scan_view *view, uint64_t number)
{
	enum apply_status status = reach(&view->dirs, &view->dir_count, &view->dir_cap, view->dirs_seen, number, sizeof *view->dirs);

	if (status != APPLY_OK)
		return status;
	if (view->dirs[number].id)
		return APPLY_BAD;
	view->dirs[number].id = GONE;
	view->dirs_seen++;
	return APPLY_OK;
}

/* A name that was told twice: its entry gets the newer attributes, and that is all. */
static enum apply_status apply_again(struct scan_view *view, entry_id id, const struct wire_attrs *element)
{
	struct tree *tree = view->tree;

	if (element->what & WIRE_ATTRS_STAT && tree_has(tree, id) && id != TREE_ROOT &&
	    (tree_entry(tree, id)->mode & S_IFMT) == (element->attrs.mode & S_IFMT) && tree_set_attrs(tree, id, &element->attrs) != 0)
		return errno == EINVAL ? APPLY_BAD : APPLY_NOMEM;
	return element->what & WIRE_ATTRS_DIR ? announce_gone(view, element->dir) : APPLY_OK;
}

static enum apply_status apply_element(struct scan_view *view, entry_id id, const struct wire_attrs *element,
				       const struct apply_events *events)
{
	struct tree *tree = view->tree;

	if (id & DIRNAMES_TWICE)
		return apply_again(view, id & ~DIRNAMES_TWICE, element);
	if (!id || !tree_has(tree, id) || id == TREE_ROOT)
		return element->what & WIRE_ATTRS_DIR ? announce_gone(view, element->dir) : APPLY_OK;
	if (element->what & WIRE_ATTRS_GONE) {
		tree_remove(tree, id);
		return APPLY_OK;
	}
	if (element->what & WIRE_ATTRS_STAT && tree_set_attrs(tree, id, &element->attrs) != 0)
		return errno == EINVAL ? APPLY_BAD : APPLY_NOMEM;
	if (element->what & WIRE_ATTRS_TARGET && tree_set_target(tree, id, element->target, element->target_len) != 0)
		return errno == EINVAL ? APPLY_BAD : APPLY_NOMEM;
	if (element->what & WIRE_ATTRS_ERROR)
		tree_set_error(tree, id, element->error < ERROR_COUNT ? element->error : ERROR_OTHER);
	if (events && events->entry)
		events->entry(events->arg, id, element);
	return element->what & WIRE_ATTRS_DIR ? announce_dir(view, id, element->dir) : APPLY_OK;
}

static enum apply_status apply_attrs(struct scan_view *view, struct wire_reader *in, const struct apply_events *events)
{
	uint64_t number = wire_get_varint(in);
	struct view_batch *batch = number < view->batch_count ? view->batches[number] : NULL;
	struct wire_attrs element = { .what = 0 };

	if (!in->ok || !batch)
		return APPLY_BAD;
	while (wire_get_element(in, &element)) {
		enum apply_status status;

		if (element.index >= batch->count || batch->left == 0)
			return APPLY_BAD;
		status = apply_element(view, batch_id(batch, element.index), &element, events);
		if (status != APPLY_OK)
			return status;
		batch->left--;
	}
	if (batch->left == 0) {
		free(batch);
		view->batches[number] = NULL;
	}
	return in->ok ? APPLY_OK : APPLY_BAD;
}

/* A directory could not be opened: what was known below it is known no more; one that has vanished leaves the tree. */
static void end_unread(struct scan_view *view, entry_id id, enum error error)
{
	if (error == ERROR_NOENT && id != TREE_ROOT && id != view->top) {
		tree_remove(view->tree, id);
		return;
	}
	tree_unsee(view->tree, id);
	tree_sweep(view->tree, id);
	tree_set_state(view->tree, id, DIR_UNREADABLE, error);
}

static void end_dir(struct scan_view *view, entry_id id, const struct dirnames *names, enum wire_end how, enum error error)
{
	switch (how) {
	case WIRE_END_COMPLETE:
		dirnames_sweep(names, view->tree, id);
		tree_set_state(view->tree, id, DIR_COMPLETE, ERROR_NONE);
		break;
	case WIRE_END_UNREAD:
		end_unread(view, id, error);
		break;
	case WIRE_END_PARTIAL:
		set_partial(view->tree, id, error);
		break;
	case WIRE_END_SKIPPED:
		tree_set_state(view->tree, id, DIR_SKIPPED, error);
		break;
	}
}

static enum apply_status apply_end(struct scan_view *view, struct wire_reader *in, const struct apply_events *events)
{
	uint64_t number = wire_get_varint(in);
	bool gone;
	struct view_dir *dir = find_dir(view, number, &gone);
	unsigned error = wire_get_u8(in);
	unsigned how = wire_get_u8(in);
	struct dirnames *names;
	entry_id id;
	bool big;

	if (!in->ok || (!dir && !gone) || how > WIRE_END_SKIPPED || (dir && how == WIRE_END_COMPLETE && !dir->begun))
		return APPLY_BAD;
	if (error >= ERROR_COUNT)
		error = ERROR_OTHER;
	id = view->dirs[number].id;
	names = view->dirs[number].names;
	view->dirs[number] = (struct view_dir){ 0 };
	big = !gone && tree_dir(view->tree, id)->count >= BIG_DIR;
	if (!gone) {
		if (events && events->end)
			events->end(events->arg, id, (enum wire_end)how, (enum error)error);
		end_dir(view, id, names, (enum wire_end)how, (enum error)error);
	}
	dirnames_free(names);
	if (big)
		memory_trim();
	return APPLY_OK;
}

static enum apply_status apply_done(struct scan_view *view, struct wire_reader *in)
{
	unsigned error = wire_get_u8(in);

	if (!in->ok)
		return APPLY_BAD;
	view->error = error < ERROR_COUNT ? (enum error)error : ERROR_OTHER;
	end_open_dirs(view);
	return APPLY_DONE;
}

enum apply_status scan_view_apply(struct scan_view *view, const struct wire_frame *frame, const struct apply_events *events)
{
	struct wire_reader in = frame->payload;

	switch (frame->type) {
	case WIRE_BEGIN:
		return apply_begin(view, &in, events);
	case WIRE_NAMES:
		return apply_names(view, &in);
	case WIRE_ATTRS:
		return apply_attrs(view, &in, events);
	case WIRE_END:
		return apply_end(view, &in, events);
	case WIRE_DONE:
		return apply_done(view, &in);
	default:
		return frame->type >= WIRE_OPTIONAL ? APPLY_OK : APPLY_BAD;
	}
}
