#include "tree.h"

#include <errno.h>
#include <string.h>

#ifndef TREE_CHUNK_BITS
#define TREE_CHUNK_BITS 12
#endif

enum { CHUNK = 1 << TREE_CHUNK_BITS, MAX_DEVICES = 1 << 14 };

/* What changed in a directory's total and has not yet reached its parents. */
struct delta {
	uint32_t dir;
	uint32_t depth;
	struct totals by; /* modulo 2^64: a decrease is a large increase */
};

/* Entries by device and inode, those with several links: which of them is counted. */
struct links {
	entry_id *slots; /* 0: free */
	size_t cap;      /* a power of two, or 0 */
	size_t used;
	bool stale;      /* one that was counted has gone: count anew */
};

struct tree {
	struct entry **chunks;
	size_t chunk_cap;
	uint32_t entry_count; /* numbers given out, 0 included */
	struct dir **dir_chunks;
	size_t dir_chunk_cap;
	uint32_t dir_count;   /* indices given out, 0 included */
	entry_id *free_ids;   /* numbers that can be used again */
	size_t free_count;
	size_t free_cap;
	entry_id *gone_ids;   /* numbers that wait for tree_reclaim() */
	size_t gone_count;
	size_t gone_cap;
	uint32_t *free_dirs;
	size_t free_dir_count;
	size_t free_dir_cap;
	struct delta *deltas;
	size_t delta_count;
	size_t delta_cap;
	uint64_t *devices;
	size_t device_count;
	size_t device_cap;
	struct arena names;
	struct links links;
	size_t marked;
	entry_id *marks;      /* numbers of all that are marked, and of some that were: those with ENTRY_LISTED */
	size_t marks_len;
	size_t marks_cap;
	uint64_t version;
	const struct tree_observer *observer; /* NULL: nobody */
};

struct entry *tree_entry(const struct tree *tree, entry_id id)
{
	return &tree->chunks[id >> TREE_CHUNK_BITS][id & (CHUNK - 1)];
}

static struct dir *dir_at(const struct tree *tree, uint32_t index)
{
	return &tree->dir_chunks[index >> TREE_CHUNK_BITS][index & (CHUNK - 1)];
}

bool tree_has(const struct tree *tree, entry_id id)
{
	return id > 0 && id < tree->entry_count && !(tree_entry(tree, id)->flags & ENTRY_GONE);
}

struct dir *tree_dir(const struct tree *tree, entry_id id)
{
	const struct entry *entry = tree_entry(tree, id);

	return entry_is_dir(entry) ? dir_at(tree, entry->below) : NULL;
}

uint64_t tree_version(const struct tree *tree)
{
	return tree->version;
}

/* Let number `count` exist in an array of chunks. */
static int grow_chunks(void *chunks, size_t *cap, uint32_t count, size_t size)
{
	size_t chunk = count >> TREE_CHUNK_BITS;
	void **list;
	size_t old = *cap;

	if (chunk >= old) {
		if (vec_grow(chunks, cap, chunk + 1, sizeof(void *)) != 0)
			return -1;
		memcpy(&list, chunks, sizeof list);
		memset(list + old, 0, (*cap - old) * sizeof *list);
	}
	memcpy(&list, chunks, sizeof list);
	if (!list[chunk])
		list[chunk] = chunk > 0 ? pages_new(CHUNK * size) : calloc(CHUNK, size);
	return list[chunk] ? 0 : -1;
}

static entry_id take_id(struct tree *tree)
{
	if (tree->free_count > 0)
		return tree->free_ids[--tree->free_count];
	if (tree->entry_count == UINT32_MAX) {
		errno = ENOMEM;
		return 0;
	}
	/* a chunk is there as soon as one number of it was given out */
	if ((tree->entry_count & (CHUNK - 1)) == 0 &&
	    grow_chunks(&tree->chunks, &tree->chunk_cap, tree->entry_count, sizeof(struct entry)) != 0)
		return 0;
	return tree->entry_count++;
}

static uint32_t take_dir(struct tree *tree)
{
	if (tree->free_dir_count > 0)
		return tree->free_dirs[--tree->free_dir_count];
	if (grow_chunks(&tree->dir_chunks, &tree->dir_chunk_cap, tree->dir_count, sizeof(struct dir)) != 0)
		return 0;
	return tree->dir_count++;
}

/*
 * The pending change of a directory's total. Room for it was reserved when the directory was made, so that this
 * never fails: there is at most one for each directory.
 */
static struct totals *delta_of(struct tree *tree, uint32_t index)
{
	struct dir *dir = dir_at(tree, index);

	if (!dir->dirty) {
		tree->deltas[tree->delta_count] = (struct delta){ .dir = index, .depth = dir->depth };
		dir->dirty = (uint32_t)++tree->delta_count;
	}
	return &tree->deltas[dir->dirty - 1].by;
}

static void totals_add(struct totals *to, const struct totals *by)
{
	to->size += by->size;
	to->blocks += by->blocks;
	to->entries += by->entries;
	to->unread += by->unread;
	to->growing += by->growing;
}

static void totals_sub(struct totals *from, const struct totals *by)
{
	from->size -= by->size;
	from->blocks -= by->blocks;
	from->entries -= by->entries;
	from->unread -= by->unread;
	from->growing -= by->growing;
}

/* What an entry itself adds to the totals above it, without what is below it. */
static struct totals own_totals(const struct tree *tree, const struct entry *entry)
{
	struct totals own = { .entries = 1 };

	if (entry->flags & ENTRY_KNOWN && !(entry->flags & ENTRY_HARD_LINK)) {
		own.size = entry->size;
		own.blocks = entry_blocks(entry);
	}
	if (entry_is_dir(entry)) {
		unsigned state = dir_at(tree, entry->below)->state;

		own.growing = state < DIR_COMPLETE;
		own.unread = state == DIR_PARTIAL || state == DIR_UNREADABLE;
	}
	if (entry->error && !(entry->flags & ENTRY_KNOWN))
		own.unread = 1;
	return own;
}

/* The directory in whose total an entry counts first: its own, or its parent's. */
static uint32_t counted_in(const struct tree *tree, const struct entry *entry)
{
	return entry_is_dir(entry) ? entry->below : tree_entry(tree, entry->parent)->below;
}

static void count_in(struct tree *tree, const struct entry *entry)
{
	struct totals own = own_totals(tree, entry);

	totals_add(delta_of(tree, counted_in(tree, entry)), &own);
}

static void count_out(struct tree *tree, const struct entry *entry)
{
	struct totals own = own_totals(tree, entry);

	totals_sub(delta_of(tree, counted_in(tree, entry)), &own);
}

/* A child of the entry's directory looks different now. */
static void changed(struct tree *tree, const struct entry *entry)
{
	tree->version++;
	if (entry->parent)
		dir_at(tree, tree_entry(tree, entry->parent)->below)->changes++;
}

void tree_observe(struct tree *tree, const struct tree_observer *observer)
{
	tree->observer = observer;
}

static void tell_changed(const struct tree *tree, entry_id id)
{
	if (tree->observer)
		tree->observer->changed(tree->observer->arg, id);
}

/* Give an entry its directory side. Its totals are not counted yet. */
static int make_dir(struct tree *tree, entry_id id)
{
	struct entry *entry = tree_entry(tree, id);
	uint32_t index;

	if (vec_grow(&tree->deltas, &tree->delta_cap, tree->dir_count + 1, sizeof *tree->deltas) != 0)
		return -1;
	index = take_dir(tree);
	if (!index)
		return -1;
	*dir_at(tree, index) = (struct dir){ .entry = id };
	if (entry->parent)
		dir_at(tree, index)->depth = dir_at(tree, tree_entry(tree, entry->parent)->below)->depth + 1;
	entry->below = index;
	return 0;
}

struct tree *tree_new(void)
{
	struct tree *tree = calloc(1, sizeof *tree);
	entry_id root;

	if (!tree)
		return NULL;
	tree->entry_count = 1;
	tree->dir_count = 1;
	if (grow_chunks(&tree->dir_chunks, &tree->dir_chunk_cap, 0, sizeof(struct dir)) != 0 ||
	    grow_chunks(&tree->chunks, &tree->chunk_cap, 0, sizeof(struct entry)) != 0)
		goto fail;
	root = take_id(tree);
	if (root != TREE_ROOT)
		goto fail;
	tree_entry(tree, root)->mode = S_IFDIR;
	tree_entry(tree, root)->name = arena_add(&tree->names, "", 0);
	if (!tree_entry(tree, root)->name || make_dir(tree, root) != 0)
		goto fail;
	count_in(tree, tree_entry(tree, root));
	return tree;
fail:
	tree_free(tree);
	return NULL;
}

void tree_free(struct tree *tree)
{
	if (!tree)
		return;
	for (size_t i = 0; i < tree->chunk_cap; i++)
		free(tree->chunks[i]);
	for (size_t i = 0; i < tree->dir_chunk_cap; i++)
		free(tree->dir_chunks[i]);
	free(tree->chunks);
	free(tree->dir_chunks);
	free(tree->free_ids);
	free(tree->gone_ids);
	free(tree->free_dirs);
	free(tree->deltas);
	free(tree->devices);
	free(tree->marks);
	free(tree->links.slots);
	arena_fini(&tree->names);
	free(tree);
}

const char *tree_name(const struct tree *tree, entry_id id, size_t *len)
{
	return arena_get(&tree->names, tree_entry(tree, id)->name, len);
}

const char *tree_target(const struct tree *tree, entry_id id, size_t *len)
{
	const struct entry *entry = tree_entry(tree, id);

	*len = 0;
	if (!S_ISLNK(entry->mode) || !entry->below)
		return NULL;
	return arena_get(&tree->names, entry->below, len);
}

void tree_path(const struct tree *tree, entry_id id, struct buf *out)
{
	size_t total = 0;
	size_t len;
	char *end;

	for (entry_id at = id; at != TREE_ROOT; at = tree_entry(tree, at)->parent) {
		tree_name(tree, at, &len);
		total += len + 1;
	}
	if (total == 0)
		return;
	end = buf_room(out, total - 1);
	if (!end)
		return;
	out->len += total - 1;
	end += total - 1;
	for (entry_id at = id; at != TREE_ROOT; at = tree_entry(tree, at)->parent) {
		const char *name = tree_name(tree, at, &len);

		if (at != id)
			*--end = '/';
		end -= len;
		memcpy(end, name, len);
	}
}

uint64_t tree_device(const struct tree *tree, entry_id id)
{
	size_t index = tree_entry(tree, id)->dev;

	return index < tree->device_count ? tree->devices[index] : 0;
}

struct identity tree_identity(const struct tree *tree, entry_id id)
{
	const struct entry *entry = tree_entry(tree, id);
	struct identity identity = { .type = entry->mode & S_IFMT };

	if (entry->flags & ENTRY_KNOWN) {
		identity.dev = tree_device(tree, id);
		identity.ino = entry->ino;
	}
	return identity;
}

entry_id tree_find(const struct tree *tree, entry_id dir, const char *name, size_t len)
{
	const struct dir *in = tree_dir(tree, dir);

	if (!in)
		return 0;
	for (entry_id at = in->first; at; at = tree_entry(tree, at)->next) {
		size_t has;
		const char *is = tree_name(tree, at, &has);

		if (has == len && memcmp(is, name, len) == 0)
			return at;
	}
	return 0;
}

entry_id tree_lookup(const struct tree *tree, const char *path, size_t len)
{
	entry_id at = TREE_ROOT;

	while (at && len > 0) {
		const char *slash = memchr(path, '/', len);
		size_t part = slash ? (size_t)(slash - path) : len;

		at = tree_find(tree, at, path, part);
		part += slash ? 1 : 0;
		path += part;
		len -= part;
	}
	return at;
}

bool tree_is_below(const struct tree *tree, entry_id below, entry_id above)
{
	while (below && below != above)
		below = tree_entry(tree, below)->parent;
	return below == above;
}

entry_id tree_walk(const struct tree *tree, entry_id top, entry_id at)
{
	const struct dir *dir = tree_dir(tree, at);

	if (dir && dir->first)
		return dir->first;
	while (at != top && !tree_entry(tree, at)->next)
		at = tree_entry(tree, at)->parent;
	return at == top ? 0 : tree_entry(tree, at)->next;
}

entry_id tree_add(struct tree *tree, entry_id parent, const char *name, size_t len, uint32_t type)
{
	struct dir *in;
	struct entry *entry;
	entry_id id;
	uint32_t index;
	uint32_t kept;

	if (tree->gone_count == tree->gone_cap &&
	    vec_grow(&tree->gone_ids, &tree->gone_cap, tree->gone_count + 1, sizeof *tree->gone_ids) != 0)
		return 0;
	kept = arena_add(&tree->names, name, len);
	if (!kept)
		return 0;
	id = take_id(tree);
	if (!id)
		return 0;
	entry = tree_entry(tree, id);
	*entry = (struct entry){ .parent = parent, .name = kept, .flags = ENTRY_SEEN, .mode = (uint16_t)type };
	if (entry_is_dir(entry) && make_dir(tree, id) != 0) {
		entry->mode = 0;
		entry->flags = ENTRY_GONE;
		tree->gone_ids[tree->gone_count++] = id;
		return 0;
	}
	index = tree_entry(tree, parent)->below;
	in = dir_at(tree, index);
	if (in->last)
		tree_entry(tree, in->last)->next = id;
	else
		in->first = id;
	in->last = id;
	in->count++;
	in->changes++;
	tree->version++;
	if (entry_is_dir(entry))
		count_in(tree, entry);
	else
		delta_of(tree, index)->entries++;
	if (tree->observer)
		tree->observer->added(tree->observer->arg, id);
	return id;
}

/* Hard links ------------------------------------------------------------------------------------------ */

static size_t link_slot(const struct tree *tree, const struct entry *entry)
{
	uint64_t hash = (entry->ino ^ (uint64_t)entry->dev << 48) * UINT64_C(0x9e3779b97f4a7c15);

	return (size_t)(hash >> 32) & (tree->links.cap - 1);
}

/* The slot that holds an entry of the same inode, or the free one where it belongs. */
static entry_id *link_find(const struct tree *tree, const struct entry *entry)
{
	for (size_t slot = link_slot(tree, entry);; slot = (slot + 1) & (tree->links.cap - 1)) {
		entry_id *at = &tree->links.slots[slot];

		if (!*at)
			return at;
		if (tree_entry(tree, *at)->ino == entry->ino && tree_entry(tree, *at)->dev == entry->dev)
			return at;
	}
}

static int link_grow(struct tree *tree)
{
	struct links old = tree->links;
	size_t cap = old.cap ? old.cap * 2 : 64;

	if ((old.used + 1) * 4 <= old.cap * 3)
		return 0;
	tree->links.slots = calloc(cap, sizeof *old.slots);
	if (!tree->links.slots) {
		tree->links = old;
		return -1;
	}
	tree->links.cap = cap;
	for (size_t i = 0; i < old.cap; i++) {
		if (old.slots[i])
			*link_find(tree, tree_entry(tree, old.slots[i])) = old.slots[i];
	}
	free(old.slots);
	return 0;
}

static bool has_links(const struct entry *entry)
{
	return entry->nlink > 1 && entry->flags & ENTRY_KNOWN && !entry_is_dir(entry);
}

/* Decide whether an entry with several links is the one that counts. Without memory every link counts. */
static void link_add(struct tree *tree, entry_id id)
{
	struct entry *entry = tree_entry(tree, id);
	entry_id *slot;

	entry->flags &= (uint16_t)~ENTRY_HARD_LINK;
	if (!has_links(entry) || tree->links.stale || link_grow(tree) != 0)
		return;
	slot = link_find(tree, entry);
	if (*slot && *slot != id) {
		entry->flags |= ENTRY_HARD_LINK;
		return;
	}
	tree->links.used += !*slot;
	*slot = id;
}

static void link_remove(struct tree *tree, const struct entry *entry)
{
	if (has_links(entry) && !(entry->flags & ENTRY_HARD_LINK))
		tree->links.stale = true;
}

/* One that counted has gone: decide again for all. */
static void link_recount(struct tree *tree)
{
	if (!tree->links.stale)
		return;
	tree->links.stale = false;
	tree->links.used = 0;
	memset(tree->links.slots, 0, tree->links.cap * sizeof *tree->links.slots);
	for (entry_id at = TREE_ROOT; at; at = tree_walk(tree, TREE_ROOT, at)) {
		struct entry *entry = tree_entry(tree, at);

		if (!has_links(entry))
			continue;
		count_out(tree, entry);
		link_add(tree, at);
		count_in(tree, entry);
	}
}

/* Removal --------------------------------------------------------------------------------------------- */

static void propagate(struct tree *tree);

/* Its attributes are known no more. */
static void forget_attrs(struct tree *tree, struct entry *entry)
{
	link_remove(tree, entry);
	entry->flags &= (uint16_t)~(ENTRY_KNOWN | ENTRY_HARD_LINK | ENTRY_ACL | ENTRY_ACL_ASKED);
}

/* Forget one entry; whoever calls sees to siblings, totals and what is below. */
static void drop_entry(struct tree *tree, entry_id id)
{
	struct entry *entry = tree_entry(tree, id);

	if (tree->observer)
		tree->observer->removed(tree->observer->arg, id);
	tree_mark(tree, id, false);
	link_remove(tree, entry);
	if (entry_is_dir(entry) && vec_grow(&tree->free_dirs, &tree->free_dir_cap, tree->free_dir_count + 1, sizeof *tree->free_dirs) == 0)
		tree->free_dirs[tree->free_dir_count++] = entry->below;
	if (vec_grow(&tree->gone_ids, &tree->gone_cap, tree->gone_count + 1, sizeof *tree->gone_ids) == 0)
		tree->gone_ids[tree->gone_count++] = id;
	*entry = (struct entry){ .flags = ENTRY_GONE };
}

/* Drop everything below a directory, children before parents; their totals leave the directory's own. */
static void empty_dir(struct tree *tree, entry_id top)
{
	struct dir *dir = tree_dir(tree, top);
	struct totals below;
	struct totals own;
	entry_id at = dir->first;

	if (!at)
		return;
	propagate(tree);
	own = own_totals(tree, tree_entry(tree, top));
	below = dir->total;
	totals_sub(&below, &own);
	totals_sub(delta_of(tree, tree_entry(tree, top)->below), &below);
	while (at != top) {
		const struct entry *entry = tree_entry(tree, at);
		struct dir *in = tree_dir(tree, at);
		entry_id next = entry->next ? entry->next : entry->parent;

		if (in && in->first) {
			next = in->first;
			in->first = 0;
			at = next;
			continue;
		}
		drop_entry(tree, at);
		at = next;
	}
	dir->first = dir->last = 0;
	dir->count = 0;
	dir->changes++;
	tree->version++;
}

/* Count an entry that is not a directory with content any more out of everything. */
static void leave_totals(struct tree *tree, entry_id id)
{
	struct entry *entry = tree_entry(tree, id);
	struct totals own;

	if (!entry_is_dir(entry)) {
		count_out(tree, entry);
		return;
	}
	empty_dir(tree, id);
	propagate(tree);
	own = own_totals(tree, entry);
	totals_sub(delta_of(tree, tree_entry(tree, entry->parent)->below), &own);
}

/* Remove the child behind `previous` (0: the first one). */
static void remove_after(struct tree *tree, entry_id parent, entry_id previous, entry_id id)
{
	struct dir *in = tree_dir(tree, parent);
	entry_id next = tree_entry(tree, id)->next;

	leave_totals(tree, id);
	if (previous)
		tree_entry(tree, previous)->next = next;
	else
		in->first = next;
	if (in->last == id)
		in->last = previous;
	in->count--;
	in->changes++;
	tree->version++;
	drop_entry(tree, id);
}

void tree_remove(struct tree *tree, entry_id id)
{
	entry_id parent = tree_entry(tree, id)->parent;
	entry_id previous = 0;

	assert(id != TREE_ROOT);
	for (entry_id at = tree_dir(tree, parent)->first; at != id; at = tree_entry(tree, at)->next)
		previous = at;
	remove_after(tree, parent, previous, id);
}

void tree_see(struct tree *tree, entry_id dir)
{
	for (entry_id at = tree_dir(tree, dir)->first; at; at = tree_entry(tree, at)->next)
		tree_entry(tree, at)->flags |= ENTRY_SEEN;
}

void tree_unsee(struct tree *tree, entry_id dir)
{
	for (entry_id at = tree_dir(tree, dir)->first; at; at = tree_entry(tree, at)->next)
		tree_entry(tree, at)->flags &= (uint16_t)~ENTRY_SEEN;
}

void tree_sweep(struct tree *tree, entry_id dir)
{
	entry_id previous = 0;
	entry_id next;

	for (entry_id at = tree_dir(tree, dir)->first; at; at = next) {
		next = tree_entry(tree, at)->next;
		if (tree_entry(tree, at)->flags & ENTRY_SEEN)
			previous = at;
		else
			remove_after(tree, dir, previous, at);
	}
}

/* Let the list of marks have no more than what is marked. */
static void prune_marks(struct tree *tree)
{
	size_t kept = 0;

	for (size_t i = 0; i < tree->marks_len; i++) {
		struct entry *entry = tree_entry(tree, tree->marks[i]);

		if (entry->flags & ENTRY_MARKED)
			tree->marks[kept++] = tree->marks[i];
		else
			entry->flags &= (uint16_t)~ENTRY_LISTED;
	}
	tree->marks_len = kept;
}

void tree_reclaim(struct tree *tree)
{
	if (tree->gone_count == 0)
		return;
	prune_marks(tree);
	if (vec_grow(&tree->free_ids, &tree->free_cap, tree->free_count + tree->gone_count, sizeof *tree->free_ids) == 0) {
		memcpy(tree->free_ids + tree->free_count, tree->gone_ids, tree->gone_count * sizeof *tree->gone_ids);
		tree->free_count += tree->gone_count;
	}
	tree->gone_count = 0;
}

/* Changes --------------------------------------------------------------------------------------------- */

/*
 * The place of a device in the table. A source may make up any number of them: those beyond the table are unknown ones,
 * which tree_device() shows as 0 and which is nobody's identity.
 */
static int device_index(struct tree *tree, uint64_t device, uint16_t *index)
{
	for (size_t i = tree->device_count; i-- > 0;) {
		if (tree->devices[i] == device) {
			*index = (uint16_t)i;
			return 0;
		}
	}
	*index = MAX_DEVICES;
	if (tree->device_count == MAX_DEVICES)
		return 0;
	if (vec_grow(&tree->devices, &tree->device_cap, tree->device_count + 1, sizeof *tree->devices) != 0)
		return -1;
	tree->devices[tree->device_count] = device;
	*index = (uint16_t)tree->device_count++;
	return 0;
}

/* Eight bits of a birth time. */
static uint8_t birth_bits(int64_t btime)
{
	return (uint8_t)((uint64_t)btime * UINT64_C(0x9e3779b97f4a7c15) >> 56);
}

/* Make an entry one of another type; it is counted out of all totals. */
static int change_type(struct tree *tree, entry_id id, uint32_t type)
{
	struct entry *entry = tree_entry(tree, id);

	entry->below = 0;
	entry->mode = (uint16_t)type;
	if (!S_ISDIR(type))
		return 0;
	if (make_dir(tree, id) == 0)
		return 0;
	entry->mode = 0;
	return -1;
}

static int set_type(struct tree *tree, entry_id id, uint32_t type)
{
	struct entry *entry = tree_entry(tree, id);
	int done;

	if ((entry->mode & S_IFMT) == type)
		return 0;
	if (id == TREE_ROOT) {
		errno = EINVAL;
		return -1;
	}
	leave_totals(tree, id);
	if (entry_is_dir(entry) &&
	    vec_grow(&tree->free_dirs, &tree->free_dir_cap, tree->free_dir_count + 1, sizeof *tree->free_dirs) == 0)
		tree->free_dirs[tree->free_dir_count++] = entry->below;
	forget_attrs(tree, entry);
	entry->flags &= (uint16_t)~ENTRY_EXPANDED;
	done = change_type(tree, id, type);
	count_in(tree, entry);
	return done;
}

static uint16_t flags_from(const struct attrs *attrs, uint16_t flags)
{
	flags &= (uint16_t)~(ENTRY_MOUNT_ROOT | ENTRY_FOLLOWED | ENTRY_BTIME);
	flags |= ENTRY_KNOWN;
	if (attrs->flags & ATTRS_MOUNT_ROOT)
		flags |= ENTRY_MOUNT_ROOT;
	if (attrs->flags & ATTRS_FOLLOWED)
		flags |= ENTRY_FOLLOWED;
	if (attrs->flags & ATTRS_BTIME)
		flags |= ENTRY_BTIME;
	return flags;
}

static uint16_t small_nlink(const struct attrs *attrs)
{
	return (uint16_t)(attrs->nlink < UINT16_MAX ? attrs->nlink : UINT16_MAX);
}

/* A device node's number: 12 bits of major, 20 of minor. */
static uint32_t rdev_bits(uint64_t rdev)
{
	return (uint32_t)(rdev >> 32) << 20 | ((uint32_t)rdev & 0xfffff);
}

/* Are these the attributes that it has, as far as it keeps them? */
static bool has_attrs(const struct entry *entry, const struct attrs *attrs, uint16_t device)
{
	return entry->flags & ENTRY_KNOWN && entry->flags == flags_from(attrs, entry->flags) && entry->mode == attrs->mode &&
	       entry->uid == attrs->uid && entry->gid == attrs->gid && entry->size == attrs->size && entry->mtime == attrs->mtime &&
	       entry->ino == attrs->ino && entry->dev == device && entry_blocks(entry) == attrs->blocks &&
	       entry->nlink == small_nlink(attrs) && entry->birth == birth_bits(attrs->btime) && !entry->error;
}

/* Let an entry have attributes; links and totals are the caller's. */
static void fill_in(struct entry *entry, const struct attrs *attrs, uint16_t device)
{
	entry->flags = flags_from(attrs, entry->flags);
	entry->mode = (uint16_t)attrs->mode;
	entry->uid = attrs->uid;
	entry->gid = attrs->gid;
	entry->nlink = small_nlink(attrs);
	entry->ino = attrs->ino;
	entry->size = attrs->size;
	entry->blocks = (uint32_t)attrs->blocks;
	entry->blocks_hi = (uint16_t)(attrs->blocks >> 32);
	entry->mtime = attrs->mtime;
	entry->dev = device;
	if (S_ISCHR(attrs->mode) || S_ISBLK(attrs->mode))
		entry->below = rdev_bits(attrs->rdev);
	entry->birth = birth_bits(attrs->btime);
}

/* The attributes of an entry that had some, or is a directory, or could not be read before. */
static void replace_attrs(struct tree *tree, entry_id id, const struct attrs *attrs, uint16_t device)
{
	struct entry *entry = tree_entry(tree, id);
	bool same_inode = has_links(entry) && attrs->nlink > 1 && entry->ino == attrs->ino && entry->dev == device;

	count_out(tree, entry);
	if (!same_inode)
		link_remove(tree, entry);
	fill_in(entry, attrs, device);
	if (!entry_is_dir(entry) || dir_at(tree, entry->below)->state < DIR_PARTIAL)
		entry->error = ERROR_NONE;
	if (!same_inode)
		link_add(tree, id);
	count_in(tree, entry);
}

/* The first attributes of anything but a directory: nearly every time. What they add to the totals is all that changes in them. */
static void add_attrs(struct tree *tree, entry_id id, const struct attrs *attrs, uint16_t device)
{
	struct entry *entry = tree_entry(tree, id);
	struct totals *delta = delta_of(tree, tree_entry(tree, entry->parent)->below);

	fill_in(entry, attrs, device);
	if (entry->nlink > 1)
		link_add(tree, id);
	if (entry->flags & ENTRY_HARD_LINK)
		return;
	delta->size += entry->size;
	delta->blocks += entry_blocks(entry);
}

int tree_set_attrs(struct tree *tree, entry_id id, const struct attrs *attrs)
{
	struct entry *entry = tree_entry(tree, id);
	uint16_t device;

	if (set_type(tree, id, attrs->mode & S_IFMT) != 0 || device_index(tree, attrs->dev, &device) != 0)
		return -1;
	/* an ACL that is changed need not show in what is kept here: it is asked for again */
	entry->flags &= (uint16_t)~(ENTRY_ACL_ASKED | (entry->ino != attrs->ino ? ENTRY_ACL : 0));
	if (has_attrs(entry, attrs, device))
		return 0;
	if (entry->flags & ENTRY_KNOWN || entry->error || entry_is_dir(entry))
		replace_attrs(tree, id, attrs, device);
	else
		add_attrs(tree, id, attrs, device);
	changed(tree, entry);
	tell_changed(tree, id);
	return 0;
}

void tree_set_error(struct tree *tree, entry_id id, enum error error)
{
	struct entry *entry = tree_entry(tree, id);

	count_out(tree, entry);
	forget_attrs(tree, entry);
	entry->error = (uint8_t)error;
	count_in(tree, entry);
	changed(tree, entry);
	tell_changed(tree, id);
}

int tree_set_target(struct tree *tree, entry_id id, const char *target, size_t len)
{
	struct entry *entry = tree_entry(tree, id);
	size_t has;
	const char *is = tree_target(tree, id, &has);
	uint32_t kept;

	if (!S_ISLNK(entry->mode) || (is && has == len && memcmp(is, target, len) == 0))
		return 0;
	kept = arena_add(&tree->names, target, len);
	if (!kept)
		return -1;
	entry->below = kept;
	changed(tree, entry);
	tell_changed(tree, id);
	return 0;
}

void tree_set_state(struct tree *tree, entry_id id, enum dir_state state, enum error error)
{
	struct entry *entry = tree_entry(tree, id);
	struct dir *dir = tree_dir(tree, id);

	if (!dir || (dir->state == state && entry->error == error))
		return;
	count_out(tree, entry);
	dir->state = (uint8_t)state;
	if (entry->flags & ENTRY_KNOWN || error)
		entry->error = (uint8_t)error;
	count_in(tree, entry);
	changed(tree, entry);
	tell_changed(tree, id);
}

void tree_set_acl(struct tree *tree, entry_id id, bool has)
{
	struct entry *entry = tree_entry(tree, id);

	if (has == !!(entry->flags & ENTRY_ACL))
		return;
	entry->flags ^= ENTRY_ACL;
	tree->version++;
}

void tree_mark(struct tree *tree, entry_id id, bool marked)
{
	struct entry *entry = tree_entry(tree, id);

	if (marked == !!(entry->flags & ENTRY_MARKED))
		return;
	entry->flags ^= ENTRY_MARKED;
	tree->marked += marked ? 1 : (size_t)-1;
	tree->version++;
	if (!marked || entry->flags & ENTRY_LISTED)
		return;
	if (tree->marks_len > 2 * tree->marked + 64)
		prune_marks(tree);
	/* without memory its size is not told, and nothing else is lost */
	if (vec_grow(&tree->marks, &tree->marks_cap, tree->marks_len + 1, sizeof *tree->marks) != 0)
		return;
	tree->marks[tree->marks_len++] = id;
	entry->flags |= ENTRY_LISTED;
}

static bool below_a_mark(const struct tree *tree, const struct entry *entry)
{
	while (entry->parent) {
		entry = tree_entry(tree, entry->parent);
		if (entry->flags & ENTRY_MARKED)
			return true;
	}
	return false;
}

struct totals tree_marked_total(const struct tree *tree)
{
	struct totals sum = { 0 };

	for (size_t i = 0; i < tree->marks_len; i++) {
		const struct entry *entry = tree_entry(tree, tree->marks[i]);
		struct totals own;

		if (!(entry->flags & ENTRY_MARKED) || below_a_mark(tree, entry))
			continue;
		own = entry_is_dir(entry) ? tree_dir(tree, tree->marks[i])->total : own_totals(tree, entry);
		/* a file counts where it is marked, whichever of its links counts in the totals */
		if (entry->flags & ENTRY_HARD_LINK) {
			own.size = entry->size;
			own.blocks = entry_blocks(entry);
		}
		totals_add(&sum, &own);
	}
	return sum;
}

size_t tree_marked(const struct tree *tree, uint64_t *bytes)
{
	if (bytes)
		*bytes = tree_marked_total(tree).size;
	return tree->marked;
}

entry_id tree_raise(struct tree *tree, const char *name, size_t len)
{
	struct entry *root = tree_entry(tree, TREE_ROOT);
	struct entry *lowered;
	struct dir *dir;
	uint32_t kept;
	entry_id id;

	tree_settle(tree);
	kept = arena_add(&tree->names, name, len);
	id = kept ? take_id(tree) : 0;
	if (!id)
		return 0;
	lowered = tree_entry(tree, id);
	*lowered = *root;
	*root = (struct entry){ .name = root->name, .mode = S_IFDIR };
	if (make_dir(tree, TREE_ROOT) != 0) {
		*root = *lowered;
		*lowered = (struct entry){ .flags = ENTRY_GONE };
		return 0;
	}
	lowered->name = kept;
	lowered->parent = TREE_ROOT;
	lowered->flags |= ENTRY_SEEN;
	dir = tree_dir(tree, id);
	dir->entry = id;
	for (entry_id at = dir->first; at; at = tree_entry(tree, at)->next)
		tree_entry(tree, at)->parent = id;
	*tree_dir(tree, TREE_ROOT) = (struct dir){ .entry = TREE_ROOT, .first = id, .last = id, .count = 1, .total = dir->total };
	for (entry_id at = id; at; at = tree_walk(tree, id, at)) {
		if (tree_dir(tree, at))
			tree_dir(tree, at)->depth++;
	}
	for (size_t i = 0; i < tree->marks_len; i++) {
		if (tree->marks[i] == TREE_ROOT)
			tree->marks[i] = id;
	}
	count_in(tree, root);
	tree->version++;
	if (tree->observer)
		tree->observer->raised(tree->observer->arg, id);
	return id;
}

/* Totals ---------------------------------------------------------------------------------------------- */

static int deeper_first(const void *a, const void *b)
{
	const struct delta *x = a;
	const struct delta *y = b;

	return (x->depth < y->depth) - (x->depth > y->depth);
}

/*
 * Changes go up level by level, the deepest first, so that every directory above them is visited once however
 * many changes there are below it. Two queues are merged, both deepest first: the changes as they were made,
 * sorted, and behind them the parents that join while their children are done.
 */
static void propagate(struct tree *tree)
{
	size_t made = tree->delta_count;
	size_t next_made = 0;
	size_t next_joined = made;

	if (made == 0)
		return;
	qsort(tree->deltas, made, sizeof *tree->deltas, deeper_first);
	for (size_t i = 0; i < made; i++)
		dir_at(tree, tree->deltas[i].dir)->dirty = (uint32_t)i + 1;
	while (next_made < made || next_joined < tree->delta_count) {
		bool joined = next_made == made || (next_joined < tree->delta_count &&
						    tree->deltas[next_joined].depth > tree->deltas[next_made].depth);
		const struct delta *delta = &tree->deltas[joined ? next_joined++ : next_made++];
		struct dir *dir = dir_at(tree, delta->dir);
		entry_id parent = tree_entry(tree, dir->entry)->parent;

		dir->dirty = 0;
		totals_add(&dir->total, &delta->by);
		if (parent)
			totals_add(delta_of(tree, tree_entry(tree, parent)->below), &delta->by);
	}
	tree->delta_count = 0;
}

void tree_settle(struct tree *tree)
{
	link_recount(tree);
	propagate(tree);
}

size_t tree_memory(const struct tree *tree)
{
	size_t bytes = sizeof *tree + arena_memory(&tree->names);

	for (size_t i = 0; i < tree->chunk_cap; i++)
		bytes += tree->chunks[i] ? CHUNK * sizeof(struct entry) : 0;
	for (size_t i = 0; i < tree->dir_chunk_cap; i++)
		bytes += tree->dir_chunks[i] ? CHUNK * sizeof(struct dir) : 0;
	bytes += tree->delta_cap * sizeof *tree->deltas + tree->links.cap * sizeof *tree->links.slots;
	return bytes + (tree->free_cap + tree->gone_cap) * sizeof *tree->free_ids;
}
