/*
 * The tree, compiled with chunks of four entries: totals, hard links, removal, types, a new root, and a model.
 */
#define TREE_CHUNK_BITS 2
#include "../src/tree.c"
#include "../src/tree_attrs.c"
#include "../src/tree_links.c"
#include "../src/tree_marks.c"
#include "../src/tree_remove.c"
#include "../src/tree_totals.c"

#include <check.h>
#include <stdio.h>

static struct tree *make(void)
{
	struct tree *tree = tree_new();

	ck_assert_ptr_nonnull(tree);
	return tree;
}

static entry_id add(struct tree *tree, entry_id parent, const char *name, uint32_t type)
{
	entry_id id = tree_add(tree, parent, name, strlen(name), type);

	ck_assert_uint_ne(id, 0);
	return id;
}

static void set(struct tree *tree, entry_id id, struct attrs attrs)
{
	attrs.flags |= ATTRS_KNOWN;
	ck_assert_int_eq(tree_set_attrs(tree, id, &attrs), 0);
}

static entry_id add_file(struct tree *tree, entry_id parent, const char *name, uint64_t size)
{
	entry_id id = add(tree, parent, name, S_IFREG);

	set(tree, id, (struct attrs){ .mode = S_IFREG | 0644, .size = size, .blocks = size / 512, .nlink = 1, .ino = id });
	return id;
}

static entry_id add_link(struct tree *tree, entry_id parent, const char *name, uint64_t ino, uint64_t size)
{
	entry_id id = add(tree, parent, name, S_IFREG);

	set(tree, id, (struct attrs){ .mode = S_IFREG | 0644, .size = size, .nlink = 2, .ino = ino, .dev = 7 });
	return id;
}

static struct totals totals(struct tree *tree, entry_id id)
{
	tree_settle(tree);
	return tree_dir(tree, id)->total;
}

static const char *path(const struct tree *tree, entry_id id, struct buf *out)
{
	buf_clear(out);
	tree_path(tree, id, out);
	return buf_str(out);
}

START_TEST(begins_with_a_root)
{
	struct tree *tree = make();
	struct totals all = totals(tree, TREE_ROOT);
	size_t len = 1;

	ck_assert(tree_has(tree, TREE_ROOT));
	ck_assert(!tree_has(tree, 0));
	ck_assert(!tree_has(tree, 2));
	ck_assert(!tree_has(tree, UINT32_MAX));
	tree_name(tree, TREE_ROOT, &len);
	ck_assert_uint_eq(len, 0);
	ck_assert_uint_eq(all.entries, 1);
	ck_assert_uint_eq(all.growing, 1);
	ck_assert_uint_eq(tree_walk(tree, TREE_ROOT, TREE_ROOT), 0);
	ck_assert_uint_eq(tree_lookup(tree, "", 0), TREE_ROOT);
	ck_assert_uint_gt(tree_memory(tree), 0);
	tree_free(tree);
	tree_free(NULL);
}
END_TEST

START_TEST(finds_paths)
{
	static const struct {
		const char *path;
		bool there;
	} cases[] = {
		{ "a", true }, { "a/b", true }, { "a/b/c", true }, { "x", true }, { "a/c", false }, { "a//b", false },
		{ "x/y", false }, { "/a", false }, { "a/b/c/d", false },
	};
	struct tree *tree = make();
	struct buf out = BUF_INIT;
	entry_id a = add(tree, TREE_ROOT, "a", S_IFDIR);
	entry_id b = add(tree, a, "b", S_IFDIR);
	entry_id c = add(tree, b, "c", S_IFREG);

	add(tree, TREE_ROOT, "x", S_IFREG);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		entry_id id = tree_lookup(tree, cases[i].path, strlen(cases[i].path));

		ck_assert_int_eq(id != 0, cases[i].there);
		if (id)
			ck_assert_str_eq(path(tree, id, &out), cases[i].path);
	}
	ck_assert_str_eq(path(tree, TREE_ROOT, &out), "");
	ck_assert(tree_is_below(tree, c, a));
	ck_assert(tree_is_below(tree, c, c));
	ck_assert(tree_is_below(tree, c, TREE_ROOT));
	ck_assert(!tree_is_below(tree, a, c));
	ck_assert_uint_eq(tree_find(tree, c, "x", 1), 0);
	buf_fini(&out);
	tree_free(tree);
}
END_TEST

START_TEST(keeps_attributes)
{
	const struct attrs given = { .flags = ATTRS_KNOWN | ATTRS_MOUNT_ROOT | ATTRS_FOLLOWED | ATTRS_BTIME, .mode = S_IFLNK | 07777,
				     .uid = UINT32_MAX, .gid = 5, .nlink = 1, .ino = UINT64_MAX, .size = INT64_MAX,
				     .blocks = (UINT64_C(1) << 48) - 1, .dev = UINT64_C(8) << 32 | 1, .mtime = INT64_MIN, .btime = 99 };
	struct tree *tree = make();
	entry_id id = add(tree, TREE_ROOT, "link", S_IFLNK);
	const struct entry *entry;
	struct identity identity;
	size_t len;

	ck_assert_uint_eq(tree_identity(tree, id).ino, 0);
	ck_assert_ptr_null(tree_target(tree, id, &len));
	set(tree, id, given);
	ck_assert_int_eq(tree_set_target(tree, id, "to/there", 8), 0);
	ck_assert_int_eq(tree_set_target(tree, id, "to/there", 8), 0);
	ck_assert_mem_eq(tree_target(tree, id, &len), "to/there", 8);
	ck_assert_uint_eq(len, 8);
	entry = tree_entry(tree, id);
	ck_assert_uint_eq(entry->flags & (ENTRY_KNOWN | ENTRY_MOUNT_ROOT | ENTRY_FOLLOWED | ENTRY_BTIME),
			  ENTRY_KNOWN | ENTRY_MOUNT_ROOT | ENTRY_FOLLOWED | ENTRY_BTIME);
	ck_assert_uint_eq(entry->uid, UINT32_MAX);
	ck_assert_uint_eq(entry_blocks(entry), given.blocks);
	ck_assert_int_eq(entry->mtime, INT64_MIN);
	ck_assert_uint_eq(tree_device(tree, id), given.dev);
	identity = tree_identity(tree, id);
	ck_assert_uint_eq(identity.ino, UINT64_MAX);
	ck_assert_uint_eq(identity.dev, given.dev);
	ck_assert_uint_eq(identity.type, S_IFLNK);
	/* a file has no target, and links past 65534 are many */
	set(tree, id, (struct attrs){ .mode = S_IFREG, .nlink = UINT64_MAX });
	ck_assert_uint_eq(tree_entry(tree, id)->nlink, UINT16_MAX);
	ck_assert_int_eq(tree_set_target(tree, id, "no", 2), 0);
	ck_assert_ptr_null(tree_target(tree, id, &len));
	tree_free(tree);
}
END_TEST

/* More devices than anybody has: no failure, and no entry that takes one for another. */
START_TEST(devices_are_bounded)
{
	struct tree *tree = make();
	entry_id ids[3];

	for (unsigned i = 0; i < 3; i++)
		ids[i] = add(tree, TREE_ROOT, (char[]){ (char)('a' + i), '\0' }, S_IFREG);
	set(tree, ids[0], (struct attrs){ .mode = S_IFREG, .dev = 77 });
	for (uint64_t i = 0; i < 20000; i++)
		set(tree, ids[1], (struct attrs){ .mode = S_IFREG, .dev = i << 32 | 5 });
	set(tree, ids[2], (struct attrs){ .mode = S_IFREG, .dev = UINT64_C(100) << 32 | 5 });
	ck_assert_uint_eq(tree_device(tree, ids[0]), 77);
	ck_assert_uint_eq(tree_device(tree, ids[1]), 0);
	ck_assert_uint_eq(tree_device(tree, ids[2]), UINT64_C(100) << 32 | 5);
	tree_free(tree);
}
END_TEST

START_TEST(adds_up)
{
	struct tree *tree = make();
	entry_id a = add(tree, TREE_ROOT, "a", S_IFDIR);
	entry_id b = add(tree, a, "b", S_IFDIR);
	entry_id f = add_file(tree, b, "f", 1024);
	uint64_t version = tree_version(tree);

	ck_assert_uint_eq(totals(tree, TREE_ROOT).size, 1024);
	ck_assert_uint_eq(totals(tree, TREE_ROOT).growing, 3);
	ck_assert_uint_eq(totals(tree, a).entries, 3);
	ck_assert_uint_eq(totals(tree, b).blocks, 2);
	set(tree, f, (struct attrs){ .mode = S_IFREG, .size = 10, .nlink = 1 });
	ck_assert_uint_gt(tree_version(tree), version);
	ck_assert_uint_eq(totals(tree, TREE_ROOT).size, 10);
	tree_set_state(tree, b, DIR_COMPLETE, ERROR_NONE);
	tree_set_state(tree, a, DIR_UNREADABLE, ERROR_ACCES);
	ck_assert_uint_eq(totals(tree, TREE_ROOT).growing, 1);
	ck_assert_uint_eq(totals(tree, TREE_ROOT).unread, 1);
	tree_set_error(tree, f, ERROR_IO);
	ck_assert_uint_eq(totals(tree, TREE_ROOT).size, 0);
	ck_assert_uint_eq(totals(tree, TREE_ROOT).unread, 2);
	ck_assert_uint_eq(totals(tree, b).unread, 1);
	ck_assert_uint_eq(tree_entry(tree, f)->error, ERROR_IO);
	set(tree, f, (struct attrs){ .mode = S_IFREG, .size = 3, .nlink = 1 });
	ck_assert_uint_eq(totals(tree, b).unread, 0);
	ck_assert_uint_eq(tree_entry(tree, f)->error, ERROR_NONE);
	tree_free(tree);
}
END_TEST

/* A chain of a hundred thousand directories: totals, path, a new root and removal need no stack. */
START_TEST(is_deep)
{
	enum { DEPTH = 100000 };
	struct tree *tree = make();
	struct buf out = BUF_INIT;
	entry_id at = TREE_ROOT;
	entry_id first;
	size_t count = 0;

	for (unsigned i = 0; i < DEPTH; i++)
		at = add(tree, at, "d", S_IFDIR);
	first = tree_find(tree, TREE_ROOT, "d", 1);
	add_file(tree, at, "f", 5);
	ck_assert_uint_eq(totals(tree, TREE_ROOT).size, 5);
	ck_assert_uint_eq(totals(tree, TREE_ROOT).entries, DEPTH + 2);
	ck_assert_uint_eq(tree_dir(tree, at)->depth, DEPTH);
	ck_assert_uint_eq(strlen(path(tree, at, &out)), 2 * DEPTH - 1);
	ck_assert_uint_eq(tree_lookup(tree, out.data, out.len), at);
	ck_assert_uint_ne(tree_raise(tree, "up", 2), 0);
	ck_assert_uint_eq(tree_dir(tree, at)->depth, DEPTH + 1);
	for (entry_id id = TREE_ROOT; id; id = tree_walk(tree, TREE_ROOT, id))
		count++;
	ck_assert_uint_eq(count, DEPTH + 3);
	ck_assert_uint_eq(totals(tree, TREE_ROOT).size, 5);
	tree_remove(tree, first);
	ck_assert_uint_eq(totals(tree, TREE_ROOT).entries, 2);
	ck_assert_uint_eq(totals(tree, TREE_ROOT).size, 0);
	ck_assert(!tree_has(tree, at));
	buf_fini(&out);
	tree_free(tree);
}
END_TEST

START_TEST(counts_links_once)
{
	struct tree *tree = make();
	entry_id a = add(tree, TREE_ROOT, "a", S_IFDIR);
	entry_id b = add(tree, TREE_ROOT, "b", S_IFDIR);
	entry_id links[3];
	unsigned counted = 0;

	links[0] = add_link(tree, a, "1", 42, 1000);
	links[1] = add_link(tree, b, "2", 42, 1000);
	links[2] = add_link(tree, b, "3", 42, 1000);
	add_link(tree, b, "4", 43, 10);
	ck_assert_uint_eq(totals(tree, TREE_ROOT).size, 1010);
	/* the same attributes again */
	add_link(tree, a, "5", 43, 10);
	for (unsigned i = 0; i < 3; i++)
		set(tree, links[i], (struct attrs){ .mode = S_IFREG | 0600, .size = 1000, .nlink = 3, .ino = 42, .dev = 7 });
	ck_assert_uint_eq(totals(tree, TREE_ROOT).size, 1010);
	/* the one that counts goes, then the next, then the last */
	for (unsigned left = 3; left > 0; left--) {
		for (unsigned i = 0; i < 3; i++) {
			if (!tree_has(tree, links[i]) || tree_entry(tree, links[i])->flags & ENTRY_HARD_LINK)
				continue;
			tree_remove(tree, links[i]);
			counted++;
			break;
		}
		ck_assert_uint_eq(totals(tree, TREE_ROOT).size, left > 1 ? 1010 : 10);
	}
	ck_assert_uint_eq(counted, 3);
	tree_free(tree);
}
END_TEST

START_TEST(links_part)
{
	struct tree *tree = make();
	entry_id a = add_link(tree, TREE_ROOT, "a", 42, 100);
	entry_id b = add_link(tree, TREE_ROOT, "b", 42, 100);

	ck_assert_uint_eq(totals(tree, TREE_ROOT).size, 100);
	/* another inode; no more links; another type; unknown: each way out of the pair counts the other one */
	set(tree, a, (struct attrs){ .mode = S_IFREG, .size = 7, .nlink = 2, .ino = 44, .dev = 7 });
	ck_assert_uint_eq(totals(tree, TREE_ROOT).size, 107);
	set(tree, a, (struct attrs){ .mode = S_IFREG, .size = 100, .nlink = 2, .ino = 42, .dev = 7 });
	ck_assert_uint_eq(totals(tree, TREE_ROOT).size, 100);
	set(tree, b, (struct attrs){ .mode = S_IFREG, .size = 3, .nlink = 1, .ino = 42, .dev = 7 });
	ck_assert_uint_eq(totals(tree, TREE_ROOT).size, 103);
	set(tree, b, (struct attrs){ .mode = S_IFREG, .size = 100, .nlink = 2, .ino = 42, .dev = 7 });
	ck_assert_uint_eq(totals(tree, TREE_ROOT).size, 100);
	set(tree, a, (struct attrs){ .mode = S_IFLNK, .size = 5, .nlink = 1, .ino = 50, .dev = 7 });
	ck_assert_uint_eq(totals(tree, TREE_ROOT).size, 105);
	set(tree, a, (struct attrs){ .mode = S_IFREG, .size = 100, .nlink = 2, .ino = 42, .dev = 7 });
	tree_set_error(tree, b, ERROR_ACCES);
	ck_assert_uint_eq(totals(tree, TREE_ROOT).size, 100);
	tree_set_error(tree, a, ERROR_ACCES);
	ck_assert_uint_eq(totals(tree, TREE_ROOT).size, 0);
	tree_free(tree);
}
END_TEST

START_TEST(sweeps)
{
	struct tree *tree = make();
	entry_id ids[5];

	for (unsigned i = 0; i < 5; i++)
		ids[i] = add_file(tree, TREE_ROOT, (char[]){ (char)('a' + i), '\0' }, 1U << i);
	tree_unsee(tree, TREE_ROOT);
	for (unsigned i = 0; i < 5; i++) {
		if ((unsigned)_i >> i & 1)
			tree_entry(tree, ids[i])->flags |= ENTRY_SEEN;
	}
	tree_sweep(tree, TREE_ROOT);
	ck_assert_uint_eq(totals(tree, TREE_ROOT).size, (unsigned)_i);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(tree_has(tree, ids[i]), (unsigned)_i >> i & 1);
	/* the list is whole: what comes next comes last */
	add_file(tree, TREE_ROOT, "z", 32);
	ck_assert_uint_eq(totals(tree, TREE_ROOT).size, (unsigned)_i + 32);
	ck_assert_uint_eq(tree_entry(tree, tree_dir(tree, TREE_ROOT)->last)->size, 32);
	tree_free(tree);
}
END_TEST

START_TEST(changes_types)
{
	struct tree *tree = make();
	entry_id a = add(tree, TREE_ROOT, "a", S_IFDIR);
	entry_id f = add_file(tree, a, "f", 100);

	tree_mark(tree, f, true);
	set(tree, a, (struct attrs){ .mode = S_IFREG | 0600, .size = 9, .nlink = 1 });
	ck_assert(!tree_has(tree, f));
	ck_assert_uint_eq(tree_marked(tree, &(uint64_t){ 0 }), 0);
	ck_assert_ptr_null(tree_dir(tree, a));
	ck_assert_uint_eq(totals(tree, TREE_ROOT).size, 9);
	ck_assert_uint_eq(totals(tree, TREE_ROOT).entries, 2);
	ck_assert_uint_eq(totals(tree, TREE_ROOT).growing, 1);
	set(tree, a, (struct attrs){ .mode = S_IFDIR | 0700, .size = 40, .nlink = 2 });
	ck_assert_uint_eq(tree_dir(tree, a)->count, 0);
	ck_assert_uint_eq(totals(tree, TREE_ROOT).size, 40);
	ck_assert_uint_eq(totals(tree, TREE_ROOT).growing, 2);
	add_file(tree, a, "g", 2);
	ck_assert_uint_eq(totals(tree, TREE_ROOT).size, 42);
	ck_assert_int_eq(tree_set_attrs(tree, TREE_ROOT, &(struct attrs){ .mode = S_IFREG }), -1);
	tree_free(tree);
}
END_TEST

START_TEST(raises)
{
	struct tree *tree = make();
	struct buf out = BUF_INIT;
	entry_id a = add(tree, TREE_ROOT, "a", S_IFDIR);
	entry_id old;

	add_file(tree, a, "f", 100);
	set(tree, TREE_ROOT, (struct attrs){ .mode = S_IFDIR | 0755, .size = 7, .nlink = 2 });
	tree_set_state(tree, TREE_ROOT, DIR_COMPLETE, ERROR_NONE);
	tree_mark(tree, a, true);
	old = tree_raise(tree, "home", 4);
	ck_assert_uint_ne(old, 0);
	ck_assert_str_eq(path(tree, a, &out), "home/a");
	ck_assert_uint_eq(tree_entry(tree, old)->size, 7);
	ck_assert_uint_eq(tree_dir(tree, TREE_ROOT)->state, DIR_UNREAD);
	ck_assert_uint_eq(tree_dir(tree, old)->state, DIR_COMPLETE);
	ck_assert_uint_eq(tree_dir(tree, a)->depth, 2);
	ck_assert_uint_eq(totals(tree, TREE_ROOT).size, 107);
	ck_assert_uint_eq(totals(tree, TREE_ROOT).entries, 4);
	ck_assert_uint_eq(tree_marked(tree, &(uint64_t){ 0 }), 1);
	ck_assert_uint_eq(tree_walk(tree, TREE_ROOT, TREE_ROOT), old);
	add_file(tree, TREE_ROOT, "beside", 1);
	ck_assert_uint_eq(totals(tree, TREE_ROOT).size, 108);
	tree_unsee(tree, TREE_ROOT);
	tree_sweep(tree, TREE_ROOT);
	ck_assert_uint_eq(totals(tree, TREE_ROOT).entries, 1);
	buf_fini(&out);
	tree_free(tree);
}
END_TEST

START_TEST(marks)
{
	struct tree *tree = make();
	entry_id f = add_file(tree, TREE_ROOT, "f", 100);
	uint64_t bytes;

	tree_mark(tree, f, true);
	tree_mark(tree, f, true);
	ck_assert_uint_eq(tree_marked(tree, &bytes), 1);
	ck_assert_uint_eq(bytes, 100);
	set(tree, f, (struct attrs){ .mode = S_IFREG, .size = 30, .nlink = 1 });
	tree_marked(tree, &bytes);
	ck_assert_uint_eq(bytes, 30);
	set(tree, f, (struct attrs){ .mode = S_IFLNK, .size = 3, .nlink = 1 });
	tree_marked(tree, &bytes);
	ck_assert_uint_eq(bytes, 3);
	tree_set_error(tree, f, ERROR_IO);
	tree_marked(tree, &bytes);
	ck_assert_uint_eq(bytes, 0);
	tree_remove(tree, f);
	ck_assert_uint_eq(tree_marked(tree, &bytes), 0);
	ck_assert_uint_eq(bytes, 0);
	tree_free(tree);
}
END_TEST

/* A marked directory counts with all that is below it, and what is marked there as well does not count again. */
START_TEST(marks_of_directories)
{
	struct tree *tree = make();
	entry_id d = tree_add(tree, TREE_ROOT, "d", 1, S_IFDIR);
	entry_id f = add_file(tree, d, "f", 100);
	entry_id g = add_file(tree, d, "g", 20);
	uint64_t bytes;

	tree_mark(tree, f, true);
	tree_mark(tree, d, true);
	tree_settle(tree);
	ck_assert_uint_eq(tree_marked(tree, &bytes), 2);
	ck_assert_uint_eq(bytes, 120);
	ck_assert_uint_eq(tree_marked_total(tree).growing, 1);
	tree_mark(tree, d, false);
	tree_mark(tree, g, true);
	ck_assert_uint_eq(tree_marked(tree, &bytes), 2);
	ck_assert_uint_eq(bytes, 120);
	tree_remove(tree, f);
	tree_reclaim(tree);
	/* another entry with the same number is another one */
	f = add_file(tree, TREE_ROOT, "f", 7);
	tree_mark(tree, f, true);
	tree_mark(tree, f, false);
	tree_mark(tree, f, true);
	ck_assert_uint_eq(tree_marked(tree, &bytes), 2);
	ck_assert_uint_eq(bytes, 27);
	tree_free(tree);
}
END_TEST

/* Numbers are not used again before they were reclaimed, and then they are. */
START_TEST(reclaims)
{
	struct tree *tree = make();
	entry_id old = add_file(tree, TREE_ROOT, "old", 1);
	entry_id next;
	size_t memory;

	tree_remove(tree, old);
	ck_assert(!tree_has(tree, old));
	next = add_file(tree, TREE_ROOT, "next", 1);
	ck_assert_uint_ne(next, old);
	tree_reclaim(tree);
	ck_assert_uint_eq(add_file(tree, TREE_ROOT, "again", 1), old);
	memory = 0;
	for (unsigned i = 0; i < 1000; i++) {
		entry_id dir = add(tree, TREE_ROOT, "dir", S_IFDIR);

		add(tree, dir, "below", S_IFDIR);
		tree_remove(tree, dir);
		tree_settle(tree);
		tree_reclaim(tree);
		if (i == 500)
			memory = tree_memory(tree) - arena_memory(&tree->names);
	}
	ck_assert_uint_eq(tree_memory(tree) - arena_memory(&tree->names), memory);
	tree_free(tree);
}
END_TEST

/* ---- against a model -------------------------------------------------------- */

enum { NODES = 120 };

/* What the tree should know. */
struct node {
	bool used;
	entry_id id;
	size_t parent;   /* the root is node 0, and its own parent */
	unsigned name;
	bool known;
	bool marked;
	bool seen;
	uint32_t type;
	uint64_t size;
	uint64_t nlink;
	uint64_t ino;
	unsigned state;  /* enum dir_state */
	unsigned error;
};

struct model {
	struct tree *tree;
	struct node nodes[NODES];
	uint32_t seed;
	unsigned names;
};

static uint32_t draw(struct model *model, uint32_t below)
{
	model->seed = model->seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(model->seed >> 8) * below >> 24);
}

static size_t any_node(struct model *model)
{
	size_t at;

	do
		at = draw(model, NODES);
	while (!model->nodes[at].used);
	return at;
}

static bool below(const struct model *model, size_t at, size_t top)
{
	while (at != top && at != 0)
		at = model->nodes[at].parent;
	return at == top;
}

/* Forget what is below a node; with `itself`, the node too. */
static void drop(struct model *model, size_t top, bool itself)
{
	bool gone[NODES];

	for (size_t i = 0; i < NODES; i++)
		gone[i] = model->nodes[i].used && below(model, i, top) && (itself || i != top);
	for (size_t i = 0; i < NODES; i++) {
		if (gone[i])
			model->nodes[i] = (struct node){ 0 };
	}
}

static void step_add(struct model *model)
{
	static const uint32_t types[] = { S_IFREG, S_IFDIR, S_IFLNK, 0 };
	size_t parent = any_node(model);
	char name[16];

	while (model->nodes[parent].type != S_IFDIR)
		parent = model->nodes[parent].parent;
	for (size_t i = 1; i < NODES; i++) {
		struct node *node = &model->nodes[i];

		if (node->used)
			continue;
		*node = (struct node){ .used = true, .parent = parent, .name = model->names++, .seen = true };
		node->type = types[draw(model, ARRAY_LEN(types))];
		snprintf(name, sizeof name, "%u", node->name);
		node->id = add(model->tree, model->nodes[parent].id, name, node->type);
		return;
	}
}

static void step_remove(struct model *model)
{
	size_t at = any_node(model);

	if (at == 0 || (model->nodes[at].type == S_IFDIR && draw(model, 4)))
		return;
	tree_remove(model->tree, model->nodes[at].id);
	drop(model, at, true);
}

static void step_attrs(struct model *model)
{
	static const uint32_t types[] = { S_IFREG, S_IFDIR, S_IFLNK };
	size_t at = any_node(model);
	struct node *node = &model->nodes[at];
	uint32_t type = at == 0 ? S_IFDIR : draw(model, 3) && node->type ? node->type : types[draw(model, 3)];
	struct attrs attrs = { .mode = type | draw(model, 01000), .nlink = 1 + draw(model, 3), .ino = draw(model, 9) };

	attrs.dev = attrs.ino & 1;
	attrs.size = attrs.nlink > 1 ? 1000 + attrs.ino : draw(model, 1000);
	set(model->tree, node->id, attrs);
	if (node->type != type) {
		drop(model, at, false);
		node->state = DIR_UNREAD;
		node->error = ERROR_NONE;
	}
	node->known = true;
	node->type = type;
	node->size = attrs.size;
	node->nlink = attrs.nlink;
	node->ino = attrs.ino;
	if (type != S_IFDIR || node->state < DIR_PARTIAL)
		node->error = ERROR_NONE;
}

static void step_error(struct model *model)
{
	struct node *node = &model->nodes[any_node(model)];

	tree_set_error(model->tree, node->id, ERROR_IO);
	node->known = false;
	node->error = ERROR_IO;
}

static void step_state(struct model *model)
{
	struct node *node = &model->nodes[any_node(model)];
	unsigned state = draw(model, DIR_SKIPPED + 1);
	unsigned error = state > DIR_COMPLETE ? ERROR_ACCES : ERROR_NONE;

	tree_set_state(model->tree, node->id, (enum dir_state)state, (enum error)error);
	if (node->type != S_IFDIR)
		return;
	node->state = state;
	if (node->known || error)
		node->error = error;
}

static void step_mark(struct model *model)
{
	struct node *node = &model->nodes[any_node(model)];

	node->marked = draw(model, 2);
	tree_mark(model->tree, node->id, node->marked);
}

static void step_sweep(struct model *model)
{
	size_t dir = any_node(model);

	if (model->nodes[dir].type != S_IFDIR || draw(model, 4))
		return;
	tree_unsee(model->tree, model->nodes[dir].id);
	for (size_t i = 1; i < NODES; i++) {
		if (model->nodes[i].used && model->nodes[i].parent == dir && draw(model, 5))
			tree_entry(model->tree, model->nodes[i].id)->flags |= ENTRY_SEEN;
	}
	for (size_t i = 1; i < NODES; i++) {
		if (model->nodes[i].used && model->nodes[i].parent == dir &&
		    !(tree_entry(model->tree, model->nodes[i].id)->flags & ENTRY_SEEN))
			drop(model, i, true);
	}
	tree_sweep(model->tree, model->nodes[dir].id);
}

/* A new root, as long as there is a node for it; the old one gets a number of its own. */
static void step_raise(struct model *model)
{
	char name[16];

	if (draw(model, 200))
		return;
	for (size_t i = 1; i < NODES; i++) {
		if (model->nodes[i].used)
			continue;
		snprintf(name, sizeof name, "%u", model->names);
		for (size_t child = 1; child < NODES; child++)
			model->nodes[child].parent = model->nodes[child].parent == 0 ? i : model->nodes[child].parent;
		model->nodes[i] = model->nodes[0];
		model->nodes[i].name = model->names++;
		model->nodes[i].id = tree_raise(model->tree, name, strlen(name));
		model->nodes[i].parent = 0;
		ck_assert_uint_ne(model->nodes[i].id, 0);
		model->nodes[0] = (struct node){ .used = true, .id = TREE_ROOT, .type = S_IFDIR };
		return;
	}
}

/* Check one node's entry. */
static void check_node(const struct model *model, const struct node *node)
{
	const struct entry *entry;
	char name[16];
	size_t len;

	ck_assert(tree_has(model->tree, node->id));
	entry = tree_entry(model->tree, node->id);
	ck_assert_uint_eq(entry->mode & S_IFMT, node->type);
	ck_assert_int_eq(!!(entry->flags & ENTRY_KNOWN), node->known);
	ck_assert_int_eq(!!(entry->flags & ENTRY_MARKED), node->marked);
	ck_assert_uint_eq(entry->error, node->error);
	if (node->known)
		ck_assert_uint_eq(entry->size, node->size);
	if (node->type == S_IFDIR)
		ck_assert_uint_eq(tree_dir(model->tree, node->id)->state, node->state);
	if (node != &model->nodes[0]) {
		ck_assert_uint_eq(entry->parent, model->nodes[node->parent].id);
		snprintf(name, sizeof name, "%u", node->name);
		ck_assert_mem_eq(tree_name(model->tree, node->id, &len), name, strlen(name));
	}
}

/* The totals of a directory, from the nodes; which of several links counts the tree may choose. */
static struct totals model_totals(const struct model *model, size_t top)
{
	struct totals all = { 0 };

	for (size_t i = 0; i < NODES; i++) {
		const struct node *node = &model->nodes[i];

		if (!node->used || !below(model, i, top))
			continue;
		all.entries++;
		if (node->known && !(tree_entry(model->tree, node->id)->flags & ENTRY_HARD_LINK))
			all.size += node->size;
		all.growing += node->type == S_IFDIR && node->state < DIR_COMPLETE;
		all.unread += (node->type == S_IFDIR && (node->state == DIR_PARTIAL || node->state == DIR_UNREADABLE)) ||
			      (node->error && !node->known);
	}
	return all;
}

/* Of the links to an inode exactly one counts. */
static void check_links(const struct model *model)
{
	unsigned counted[9] = { 0 };
	unsigned links[9] = { 0 };

	for (size_t i = 0; i < NODES; i++) {
		const struct node *node = &model->nodes[i];
		bool hard = node->used && tree_entry(model->tree, node->id)->flags & ENTRY_HARD_LINK;

		if (!node->used || !node->known || node->type == S_IFDIR || node->nlink < 2) {
			ck_assert(!hard);
			continue;
		}
		links[node->ino]++;
		counted[node->ino] += !hard;
	}
	for (size_t i = 0; i < ARRAY_LEN(links); i++)
		ck_assert_uint_eq(counted[i], links[i] > 0);
}

/* What a marked node adds to the size of all that are marked. */
static uint64_t model_marked(const struct model *model, size_t at)
{
	const struct node *node = &model->nodes[at];

	for (size_t i = 0; i < NODES; i++)
		if (i != at && model->nodes[i].used && model->nodes[i].marked && below(model, at, i))
			return 0;
	if (node->type == S_IFDIR)
		return model_totals(model, at).size;
	return node->known ? node->size : 0;
}

static void check_all(struct model *model)
{
	size_t marked = 0;
	size_t used = 0;
	size_t walked = 0;
	uint64_t bytes = 0;
	uint64_t has;

	tree_settle(model->tree);
	check_links(model);
	for (size_t i = 0; i < NODES; i++) {
		const struct node *node = &model->nodes[i];
		struct totals all;

		if (!node->used)
			continue;
		used++;
		marked += node->marked;
		bytes += node->marked ? model_marked(model, i) : 0;
		check_node(model, node);
		if (node->type != S_IFDIR)
			continue;
		all = model_totals(model, i);
		ck_assert_uint_eq(all.entries, tree_dir(model->tree, node->id)->total.entries);
		ck_assert_uint_eq(all.size, tree_dir(model->tree, node->id)->total.size);
		ck_assert_uint_eq(all.unread, tree_dir(model->tree, node->id)->total.unread);
		ck_assert_uint_eq(all.growing, tree_dir(model->tree, node->id)->total.growing);
	}
	for (entry_id at = TREE_ROOT; at; at = tree_walk(model->tree, TREE_ROOT, at))
		walked++;
	ck_assert_uint_eq(walked, used);
	ck_assert_uint_eq(tree_marked(model->tree, &has), marked);
	ck_assert_uint_eq(has, bytes);
}

START_TEST(agrees_with_a_model)
{
	static void (*const steps[])(struct model *) = { step_add, step_add, step_add, step_remove, step_attrs, step_attrs,
							 step_error, step_state, step_mark, step_sweep, step_raise };
	struct model *model = calloc(1, sizeof *model);

	ck_assert_ptr_nonnull(model);
	model->tree = make();
	model->seed = (uint32_t)_i;
	model->nodes[0] = (struct node){ .used = true, .id = TREE_ROOT, .type = S_IFDIR };
	for (unsigned step = 0; step < 25000; step++) {
		steps[draw(model, ARRAY_LEN(steps))](model);
		if (draw(model, 40) == 0)
			check_all(model);
		if (draw(model, 20) == 0)
			tree_reclaim(model->tree);
	}
	check_all(model);
	tree_free(model->tree);
	free(model);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tree");
	TCase *tests = tcase_create("tree");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, begins_with_a_root);
	tcase_add_test(tests, finds_paths);
	tcase_add_test(tests, keeps_attributes);
	tcase_add_test(tests, devices_are_bounded);
	tcase_add_test(tests, adds_up);
	tcase_add_test(tests, is_deep);
	tcase_add_test(tests, counts_links_once);
	tcase_add_test(tests, links_part);
	tcase_add_loop_test(tests, sweeps, 0, 32);
	tcase_add_test(tests, changes_types);
	tcase_add_test(tests, raises);
	tcase_add_test(tests, marks);
	tcase_add_test(tests, marks_of_directories);
	tcase_add_test(tests, reclaims);
	tcase_add_loop_test(tests, agrees_with_a_model, 0, 4);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
