/*
 * What patterns leave out of the comparison. A scan leaves out by itself what it is told to; a recording holds what it holds, and the
 * tree that it is held against may have what was left out of it.
 */
#include "compare_impl.h"

void compare_leave_out(struct compare *compare, const struct glob_set *patterns)
{
	assert(compare->leave_count < ARRAY_LEN(compare->leaves));
	compare->leaves[compare->leave_count++] = patterns;
}

static bool matches(struct compare *compare, const struct glob_set *patterns, size_t pane, entry_id id)
{
	struct tree *tree = compare->panes[pane].tree;
	size_t len;
	const char *name = tree_name(tree, id, &len);

	buf_clear(&compare->path);
	if (patterns->paths)
		tree_path(tree, id, &compare->path);
	if (compare->path.failed) /* shown rather than lost */
		return false;
	return glob_set_match(patterns, name, len, compare->path.data, compare->path.len, S_ISDIR(tree_entry(tree, id)->mode));
}

bool compare_leaves_out(struct compare *compare, size_t pane, entry_id id)
{
	for (size_t i = 0; i < compare->leave_count; i++) {
		if (matches(compare, compare->leaves[i], pane, id))
			return true;
	}
	return false;
}

uint64_t compare_left_out(const struct compare *compare)
{
	return compare->left_out;
}
