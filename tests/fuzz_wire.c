/*
 * Fuzzes the stream as it comes from a source: frames, every reader, and what they do to a tree.
 *
 * The input is a stream without its hello line. Two scans at a time, by odd and even ids, apply it to a tree that has
 * some content from an earlier scan, and what must hold for every tree is checked at the end.
 */
#include "apply.h"

#include <string.h>

enum { MANY = 500 }; /* children, of which not every name is looked for */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What the model relies on, whatever a source sends. */
static void check(bool holds)
{
	if (!holds)
		abort();
}

/* Read a payload with every reader; none may leave its frame. */
static void read_all(const struct wire_frame *frame)
{
	struct wire_reader in = frame->payload;
	struct wire_attrs element = { .what = 0 };
	struct wire_name name;
	struct wire_scan scan;
	struct wire_step step;
	size_t len;

	while (wire_get_name(&in, &name))
		check(!wire_name_ok(name.name, name.len) || wire_path_ok(name.name, name.len));
	in = frame->payload;
	while (wire_get_element(&in, &element))
		check(element.target_len <= (size_t)(in.end - frame->payload.at));
	in = frame->payload;
	while (wire_more(&in)) {
		wire_get_bytes(&in, &len);
		wire_get_signed(&in);
		check(in.at <= in.end);
	}
	in = frame->payload;
	while (wire_more(&in)) {
		struct access_list acl = { NULL, 0, 0 };

		check(wire_get_acl(&in, &acl) == 0 && acl.count <= (size_t)(in.at - frame->payload.at));
		access_list_fini(&acl);
	}
	in = frame->payload;
	check(wire_get_step(&in, &step) == 0);
	access_list_fini(&step.acl);
	in = frame->payload;
	if (wire_get_scan(&in, &scan)) {
		while (wire_more(&scan.patterns))
			wire_get_bytes(&scan.patterns, &len);
	}
}

/* What an earlier scan has left: a file, a directory with a link below. */
static struct tree *old_tree(void)
{
	struct tree *tree = tree_new();
	const struct attrs attrs = { .flags = ATTRS_KNOWN, .mode = S_IFREG | 0644, .nlink = 2, .ino = 1, .size = 100 };
	entry_id file;
	entry_id dir;
	entry_id below;

	check(tree != NULL);
	file = tree_add(tree, TREE_ROOT, "a", 1, S_IFREG);
	dir = tree_add(tree, TREE_ROOT, "d", 1, S_IFDIR);
	below = dir ? tree_add(tree, dir, "b", 1, S_IFREG) : 0;
	check(file && below && tree_set_attrs(tree, file, &attrs) == 0 && tree_set_attrs(tree, below, &attrs) == 0);
	tree_mark(tree, below, true);
	return tree;
}

/* Every name is one component, and one child; parents and counts agree, and the totals are those of the entries. */
static void check_tree(struct tree *tree)
{
	struct totals sum = { 0 };
	const struct totals *total = &tree_dir(tree, TREE_ROOT)->total;
	size_t marked = 0;
	uint64_t bytes;

	tree_settle(tree);
	for (entry_id at = TREE_ROOT; at; at = tree_walk(tree, TREE_ROOT, at)) {
		const struct entry *entry = tree_entry(tree, at);
		const struct dir *dir = tree_dir(tree, at);
		uint32_t children = 0;
		size_t len;
		const char *name = tree_name(tree, at, &len);

		check(tree_has(tree, at) && (at == TREE_ROOT || wire_name_ok(name, len)));
		marked += entry->flags & ENTRY_MARKED ? 1 : 0;
		sum.entries++;
		sum.growing += dir && dir->state < DIR_COMPLETE;
		if (entry->flags & ENTRY_KNOWN && !(entry->flags & ENTRY_HARD_LINK)) {
			sum.size += entry->size;
			sum.blocks += entry_blocks(entry);
		}
		for (entry_id child = dir ? dir->first : 0; child; child = tree_entry(tree, child)->next) {
			check(tree_entry(tree, child)->parent == at);
			name = tree_name(tree, child, &len);
			check(dir->count > MANY || tree_find(tree, at, name, len) == child);
			children++;
		}
		check(!dir || (children == dir->count && dir->entry == at));
	}
	check(sum.entries == total->entries && sum.size == total->size && sum.blocks == total->blocks && sum.growing == total->growing);
	check(tree_marked(tree, &bytes) == marked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct tree *tree = old_tree();
	struct scan_view *views[2] = { scan_view_new(tree, TREE_ROOT), scan_view_new(tree, TREE_ROOT) };
	enum apply_status status[2] = { APPLY_OK, APPLY_OK };
	struct wire_frame frame;
	size_t used;

	check(views[0] && views[1]);
	for (size_t at = 0; wire_next(data + at, len - at, &frame, &used) == WIRE_OK; at += used) {
		size_t which = frame.id % 2;

		read_all(&frame);
		if (status[which] == APPLY_OK)
			status[which] = scan_view_apply(views[which], &frame, NULL);
		if (frame.id % 4 == 3)
			tree_settle(tree);
	}
	check_tree(tree);
	scan_view_free(views[0]);
	scan_view_free(views[1]);
	check_tree(tree);
	tree_reclaim(tree);
	tree_free(tree);
	return 0;
}
