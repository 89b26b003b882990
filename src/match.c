#include "match.h"

#include <errno.h>
#include <string.h>

/* What stands at one path: an entry of each side, or 0. */
struct pair {
	entry_id from;
	entry_id to;
	entry_id from_dir;  /* the directory of `from`, also when that is 0. 0: these are what was named */
	bool to_unknown;    /* whether there is a `to` is not known: its directory was not read whole */
};

/* A request while it is made. Pairs wait on a stack, so that a directory is followed by all that is in it. */
struct matching {
	struct op_request *request;
	const struct match_side *from;
	const struct match_side *to;
	unsigned flags;
	struct pair *stack;
	size_t len;
	size_t cap;
	size_t from_skip;   /* how long the path of `from` is in its tree */
	size_t to_skip;
	struct buf base;    /* the path of `to` as requests name it */
	struct buf path;
};

/* Children of a directory, sorted by name. */
struct children {
	entry_id *ids;
	size_t len;
};

static int compare_names(const struct tree *left_tree, entry_id left, const struct tree *right_tree, entry_id right)
{
	size_t left_len;
	size_t right_len;
	const char *left_name = tree_name(left_tree, left, &left_len);
	const char *right_name = tree_name(right_tree, right, &right_len);
	int order = memcmp(left_name, right_name, size_min(left_len, right_len));

	if (order != 0)
		return order;
	return left_len < right_len ? -1 : left_len > right_len;
}

static int compare_children(const void *left, const void *right, void *tree)
{
	return compare_names(tree, *(const entry_id *)left, tree, *(const entry_id *)right);
}

static int sorted_children(const struct tree *tree, entry_id id, struct children *children)
{
	const struct dir *dir = id ? tree_dir(tree, id) : NULL;

	*children = (struct children){ .ids = NULL };
	if (!dir || !dir->first)
		return 0;
	children->ids = calloc(dir->count, sizeof *children->ids);
	if (!children->ids)
		return -1;
	for (entry_id at = dir->first; at && children->len < dir->count; at = tree_entry(tree, at)->next)
		children->ids[children->len++] = at;
	qsort_r(children->ids, children->len, sizeof *children->ids, compare_children, (void *)(uintptr_t)tree);
	return 0;
}

static int push(struct matching *matching, const struct pair *pair)
{
	if (vec_grow(&matching->stack, &matching->cap, matching->len + 1, sizeof *matching->stack) != 0)
		return -1;
	matching->stack[matching->len++] = *pair;
	return 0;
}

/* Is all known that is in a directory? */
static bool is_whole(const struct tree *tree, entry_id dir)
{
	return tree_dir(tree, dir) && tree_dir(tree, dir)->state == DIR_COMPLETE;
}

/* Put the pairs of two lists on the stack, the last name first. */
static int push_merged(struct matching *matching, const struct pair *dirs, const struct children *from, const struct children *to)
{
	bool to_unknown = !dirs->to || !is_whole(matching->to->tree, dirs->to);
	size_t a = from->len;
	size_t b = to->len;

	while (a > 0 || b > 0) {
		struct pair pair = { .from_dir = dirs->from, .to_unknown = to_unknown };
		int order = a == 0 ? -1 : 1;

		if (a > 0 && b > 0)
			order = compare_names(matching->from->tree, from->ids[a - 1], matching->to->tree, to->ids[b - 1]);
		if (order >= 0)
			pair.from = from->ids[--a];
		if (order <= 0)
			pair.to = to->ids[--b];
		if (push(matching, &pair) != 0)
			return -1;
	}
	return 0;
}

static int push_below(struct matching *matching, const struct pair *dirs)
{
	struct children from;
	struct children to = { .ids = NULL };
	int status = -1;

	if (sorted_children(matching->from->tree, dirs->from, &from) == 0 &&
		sorted_children(matching->to->tree, dirs->to, &to) == 0)
		status = push_merged(matching, dirs, &from, &to);
	free(from.ids);
	free(to.ids);
	return status;
}

/* Why it gets nothing; ERROR_NONE: it gets what the other side has. */
static enum error excuse_of(const struct matching *matching, const struct pair *pair)
{
	const struct tree *from = matching->from->tree;
	const struct entry *entry = pair->from ? tree_entry(from, pair->from) : NULL;

	if (!pair->to && !pair->to_unknown)
		return ERROR_ALONE;
	if (!entry && !pair->from_dir && matching->from->missing)
		return matching->from->missing;
	if (!entry && (!pair->from_dir || is_whole(from, pair->from_dir)))
		return ERROR_ALONE;
	if (entry && entry->flags & ENTRY_KNOWN)
		return ERROR_NONE;
	entry = entry ? entry : tree_entry(from, pair->from_dir);
	return entry->error ? (enum error)entry->error : ERROR_AGAIN;
}

static struct op_wish wish_of(const struct matching *matching, const struct pair *pair)
{
	struct op_wish wish = { .uid = -1, .gid = -1, .excuse = (uint8_t)excuse_of(matching, pair), .found = pair->from_dir != 0 };
	const struct entry *entry;

	if (wish.excuse)
		return wish;
	entry = tree_entry(matching->from->tree, pair->from);
	wish.mode = entry->mode;
	if (matching->flags & MATCH_OWNERS) {
		wish.uid = entry->uid;
		wish.gid = entry->gid;
	}
	return wish;
}

/* The path on the side that is changed, also of what is not there: it would be as far below as on the other side. */
static int make_path(struct matching *matching, const struct pair *pair)
{
	const struct match_side *side = pair->to ? matching->to : matching->from;
	size_t skip = pair->to ? matching->to_skip : matching->from_skip;
	struct buf whole = BUF_INIT;

	tree_path(side->tree, pair->to ? pair->to : pair->from, &whole);
	buf_clear(&matching->path);
	buf_add(&matching->path, matching->base.data, matching->base.len);
	if (whole.len > skip) {
		skip += skip > 0;
		if (matching->path.len > 0)
			buf_add_byte(&matching->path, '/');
		buf_add(&matching->path, whole.data + skip, whole.len - skip);
	}
	matching->path.failed |= whole.failed;
	buf_fini(&whole);
	errno = ENOMEM;
	return matching->path.failed ? -1 : 0;
}

static int add_target(struct matching *matching, const struct pair *pair)
{
	const struct tree *tree = matching->to->tree;
	const struct entry *entry = pair->to ? tree_entry(tree, pair->to) : NULL;
	struct identity shown = pair->to ? tree_identity(tree, pair->to) : (struct identity){ .ino = 0 };
	uint32_t mode = entry && entry->flags & ENTRY_KNOWN && !(entry->flags & ENTRY_FOLLOWED) ? entry->mode : 0;
	const struct op_wish wish = wish_of(matching, pair);

	if (make_path(matching, pair) != 0 ||
		op_request_target(matching->request, matching->path.data ? matching->path.data : "", matching->path.len, &shown, mode) != 0)
		return -1;
	op_request_wish(matching->request, &wish);
	return 0;
}

/* Can something below it be alike? Not below a link that was followed. */
static bool is_entered(const struct entry *entry, bool mounts)
{
	return entry_is_dir(entry) && !(entry->flags & ENTRY_FOLLOWED) && (mounts || !(entry->flags & ENTRY_MOUNT_ROOT));
}

static bool goes_in(const struct matching *matching, const struct pair *pair)
{
	bool mounts = matching->flags & MATCH_MOUNTS || pair->to == matching->to->id;

	if (!(matching->flags & MATCH_RECURSIVE) || !pair->from || !(pair->to || pair->to_unknown))
		return false;
	return is_entered(tree_entry(matching->from->tree, pair->from), true) &&
	       (!pair->to || is_entered(tree_entry(matching->to->tree, pair->to), mounts));
}

static int add_all(struct matching *matching)
{
	const struct pair named = { .from = matching->from->id, .to = matching->to->id };

	if (push(matching, &named) != 0)
		return -1;
	while (matching->len > 0) {
		const struct pair pair = matching->stack[--matching->len];

		if (add_target(matching, &pair) != 0)
			return -1;
		if (goes_in(matching, &pair) && push_below(matching, &pair) != 0)
			return -1;
	}
	return 0;
}

/* How long the path of what was named is in its tree. */
static size_t path_len(const struct match_side *side, struct buf *path)
{
	buf_clear(path);
	if (side->id)
		tree_path(side->tree, side->id, path);
	return path->len;
}

int match_add(struct op_request *request, const struct match_side *from, const struct match_side *to, unsigned flags)
{
	struct matching matching = { .request = request, .from = from, .to = to, .flags = flags };
	int status = -1;

	matching.from_skip = path_len(from, &matching.path);
	matching.to_skip = path_len(to, &matching.path);
	buf_add_str(&matching.base, to->prefix);
	if (matching.base.len > 0 && matching.to_skip > 0)
		buf_add_byte(&matching.base, '/');
	buf_add(&matching.base, matching.path.data, matching.to_skip);
	if (matching.base.failed || matching.path.failed)
		errno = ENOMEM;
	else
		status = add_all(&matching);
	free(matching.stack);
	buf_fini(&matching.base);
	buf_fini(&matching.path);
	return status;
}
