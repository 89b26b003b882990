#include "tree_impl.h"

#include <errno.h>
#include <string.h>

struct entry *tree_entry(const struct tree *tree, entry_id id)
{
	return entry_at(tree, id);
}

bool tree_has(const struct tree *tree, entry_id id)
{
	return id > 0 && id < tree->entry_count && !(entry_at(tree, id)->flags & ENTRY_GONE);
}

struct dir *tree_dir(const struct tree *tree, entry_id id)
{
	const struct entry *entry = entry_at(tree, id);

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

void tree_observe(struct tree *tree, const struct tree_observer *observer)
{
	tree->observer = observer;
}

int tree_make_dir(struct tree *tree, entry_id id)
{
	struct entry *entry = entry_at(tree, id);
	uint32_t index;

	if (vec_grow(&tree->deltas, &tree->delta_cap, tree->dir_count + 1, sizeof *tree->deltas) != 0)
		return -1;
	index = take_dir(tree);
	if (!index)
		return -1;
	*dir_at(tree, index) = (struct dir){ .entry = id };
	if (entry->parent)
		dir_at(tree, index)->depth = dir_at(tree, entry_at(tree, entry->parent)->below)->depth + 1;
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
	entry_at(tree, root)->mode = S_IFDIR;
	entry_at(tree, root)->name = arena_add(&tree->names, "", 0);
	if (!entry_at(tree, root)->name || tree_make_dir(tree, root) != 0)
		goto fail;
	count_in(tree, entry_at(tree, root));
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
	return arena_get(&tree->names, entry_at(tree, id)->name, len);
}

const char *tree_target(const struct tree *tree, entry_id id, size_t *len)
{
	const struct entry *entry = entry_at(tree, id);

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

	for (entry_id at = id; at != TREE_ROOT; at = entry_at(tree, at)->parent) {
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
	for (entry_id at = id; at != TREE_ROOT; at = entry_at(tree, at)->parent) {
		const char *name = tree_name(tree, at, &len);

		if (at != id)
			*--end = '/';
		end -= len;
		memcpy(end, name, len);
	}
}

uint64_t tree_device(const struct tree *tree, entry_id id)
{
	size_t index = entry_at(tree, id)->dev;

	return index < tree->device_count ? tree->devices[index] : 0;
}

struct identity tree_identity(const struct tree *tree, entry_id id)
{
	const struct entry *entry = entry_at(tree, id);
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
	for (entry_id at = in->first; at; at = entry_at(tree, at)->next) {
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
		below = entry_at(tree, below)->parent;
	return below == above;
}

entry_id tree_walk(const struct tree *tree, entry_id top, entry_id at)
{
	const struct dir *dir = tree_dir(tree, at);

	if (dir && dir->first)
		return dir->first;
	while (at != top && !entry_at(tree, at)->next)
		at = entry_at(tree, at)->parent;
	return at == top ? 0 : entry_at(tree, at)->next;
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
	entry = entry_at(tree, id);
	*entry = (struct entry){ .parent = parent, .name = kept, .flags = ENTRY_SEEN, .mode = (uint16_t)type };
	if (entry_is_dir(entry) && tree_make_dir(tree, id) != 0) {
		entry->mode = 0;
		entry->flags = ENTRY_GONE;
		tree->gone_ids[tree->gone_count++] = id;
		return 0;
	}
	index = entry_at(tree, parent)->below;
	in = dir_at(tree, index);
	if (in->last)
		entry_at(tree, in->last)->next = id;
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

void tree_reclaim(struct tree *tree)
{
	if (tree->gone_count == 0)
		return;
	tree_prune_marks(tree);
	if (vec_grow(&tree->free_ids, &tree->free_cap, tree->free_count + tree->gone_count, sizeof *tree->free_ids) == 0) {
		memcpy(tree->free_ids + tree->free_count, tree->gone_ids, tree->gone_count * sizeof *tree->gone_ids);
		tree->free_count += tree->gone_count;
	}
	tree->gone_count = 0;
}

entry_id tree_raise(struct tree *tree, const char *name, size_t len)
{
	struct entry *root = entry_at(tree, TREE_ROOT);
	struct entry *lowered;
	struct dir *dir;
	uint32_t kept;
	entry_id id;

	tree_settle(tree);
	kept = arena_add(&tree->names, name, len);
	id = kept ? take_id(tree) : 0;
	if (!id)
		return 0;
	lowered = entry_at(tree, id);
	*lowered = *root;
	*root = (struct entry){ .name = root->name, .mode = S_IFDIR };
	if (tree_make_dir(tree, TREE_ROOT) != 0) {
		*root = *lowered;
		*lowered = (struct entry){ .flags = ENTRY_GONE };
		return 0;
	}
	lowered->name = kept;
	lowered->parent = TREE_ROOT;
	lowered->flags |= ENTRY_SEEN;
	dir = tree_dir(tree, id);
	dir->entry = id;
	for (entry_id at = dir->first; at; at = entry_at(tree, at)->next)
		entry_at(tree, at)->parent = id;
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
