/*
 * The rows of two roots in the letters of `rsync --archive --delete --itemize-changes`: what it would do to make the second root
 * like the first. It compares times in whole seconds, looks into files only when asked to, and lists everything below a directory
 * that one root alone has.
 */
#include "headless_diff.h"

#include "text.h"

#include <string.h>

enum { LETTERS = 11 };

#define NANOSECONDS INT64_C(1000000000)

/* The letter of a type; a file and a directory have their own ways of being made. */
static char type_letter(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return 'f';
	case S_IFDIR:
		return 'd';
	case S_IFLNK:
		return 'L';
	case S_IFCHR:
	case S_IFBLK:
		return 'D';
	default:
		return 'S';
	}
}

/* One line: letters, a path, a link's target. */
static void add_line(struct diff *diff, const char *letters, const char *path, size_t len, const char *target, size_t target_len)
{
	struct buf *out = &diff->out.buf;

	buf_add_str(out, letters);
	buf_add_byte(out, ' ');
	headless_out_name(&diff->out, out, path, len);
	if (target) {
		buf_add_str(out, " -> ");
		headless_out_name(&diff->out, out, target, target_len);
	}
	headless_out_end(&diff->out, out);
	diff->differing++;
}

/* A line for an entry of a root, with a slash behind a directory. `path` is scratch. */
static void add_entry(struct diff *diff, const char *letters, size_t pane, entry_id id, struct buf *path)
{
	const struct tree *tree = diff->roots[pane].tree;
	size_t target_len;
	const char *target = pane == 0 ? tree_target(tree, id, &target_len) : NULL;

	buf_clear(path);
	tree_path(tree, id, path);
	if (tree_dir(tree, id))
		buf_add_byte(path, '/');
	diff->failed |= path->failed;
	add_line(diff, letters, path->data, path->len, target, target ? target_len : 0);
}

/* Whole trees ------------------------------------------------------------------------------------------ */

/* By name, those of one directory. */
static int by_name(const void *a, const void *b, void *arg)
{
	const struct tree *tree = arg;
	size_t len;
	size_t other_len;
	const char *name = tree_name(tree, *(const entry_id *)a, &len);
	const char *other = tree_name(tree, *(const entry_id *)b, &other_len);
	int order = memcmp(name, other, size_min(len, other_len));

	return order ? order : (len > other_len) - (len < other_len);
}

/* Ids that wait, the next one at the end. */
struct stack {
	entry_id *ids;
	size_t len;
	size_t cap;
};

/* Put the children of a directory on a stack so that the first by name comes off first. */
static int push_children(struct diff *diff, struct stack *stack, size_t pane, entry_id dir)
{
	struct tree *tree = diff->roots[pane].tree;
	size_t start = stack->len;

	for (entry_id at = tree_dir(tree, dir)->first; at; at = tree_entry(tree, at)->next) {
		if (compare_leaves_out(diff->compare, pane, at))
			continue;
		if (vec_grow(&stack->ids, &stack->cap, stack->len + 1, sizeof *stack->ids) != 0)
			return -1;
		stack->ids[stack->len++] = at;
	}
	if (stack->len - start > 1)
		qsort_r(stack->ids + start, stack->len - start, sizeof *stack->ids, by_name, tree);
	for (size_t i = start, j = stack->len; i + 1 < j; i++) {
		entry_id id = stack->ids[i];

		stack->ids[i] = stack->ids[--j];
		stack->ids[j] = id;
	}
	return 0;
}

/* Everything below an entry in order, itself first unless it is left out. */
static int list_below(struct diff *diff, size_t pane, entry_id top, bool itself, struct stack *list)
{
	const struct tree *tree = diff->roots[pane].tree;
	struct stack waiting = { 0 };
	entry_id id = top;
	int status = 0;

	for (;;) {
		if (id != top || itself) {
			status |= vec_grow(&list->ids, &list->cap, list->len + 1, sizeof *list->ids);
			if (status == 0)
				list->ids[list->len++] = id;
		}
		if (status == 0 && tree_dir(tree, id))
			status |= push_children(diff, &waiting, pane, id);
		if (status != 0 || waiting.len == 0)
			break;
		id = waiting.ids[--waiting.len];
	}
	free(waiting.ids);
	return status;
}

/* What has to be made. */
static void print_new(struct diff *diff, entry_id top)
{
	struct tree *tree = diff->roots[0].tree;
	struct stack list = { 0 };
	struct buf path = BUF_INIT;

	diff->failed |= list_below(diff, 0, top, true, &list) != 0;
	for (size_t i = 0; i < list.len; i++) {
		char letters[LETTERS + 1] = "c.+++++++++";

		letters[1] = type_letter(tree_entry(tree, list.ids[i])->mode);
		if (letters[1] == 'f')
			letters[0] = '>';
		add_entry(diff, letters, 0, list.ids[i], &path);
	}
	free(list.ids);
	buf_fini(&path);
}

/* What has to go: what is in a directory before the directory. One that another object replaces is not named itself. */
static void print_old(struct diff *diff, entry_id top, bool itself)
{
	struct stack list = { 0 };
	struct buf path = BUF_INIT;

	diff->failed |= list_below(diff, 1, top, itself, &list) != 0;
	for (size_t i = list.len; i-- > 0;)
		add_entry(diff, "*deleting  ", 1, list.ids[i], &path);
	free(list.ids);
	buf_fini(&path);
}

/* Rows ------------------------------------------------------------------------------------------------- */

static bool same_type(const struct entry *a, const struct entry *b)
{
	return ((a->mode ^ b->mode) & S_IFMT) == 0;
}

static int64_t seconds(int64_t ns)
{
	return ns / NANOSECONDS - (ns % NANOSECONDS < 0);
}

static bool same_time(const struct diff *diff, const struct entry *a, const struct entry *b)
{
	return compare_same_time(diff->compare, seconds(a->mtime) * NANOSECONDS, seconds(b->mtime) * NANOSECONDS);
}

/* Both have it, of one type; `differs` has a type of its own for other devices. */
static void print_both(struct diff *diff, const struct entry *from, const struct entry *to, unsigned differs, const char *path, size_t len,
		       const char *target, size_t target_len)
{
	char letters[LETTERS + 1] = "...........";
	bool by_content = diff->options->by & COMPARE_CONTENT;
	bool file = S_ISREG(from->mode);
	bool size = file && from->size != to->size;
	bool content = (file && by_content && (size || differs & COMPARE_DIFFERS_CONTENT)) ||
		       differs & (COMPARE_DIFFERS_TARGET | COMPARE_DIFFERS_TYPE);
	bool time = !same_time(diff, from, to);

	letters[1] = type_letter(from->mode);
	if (content)
		letters[2] = 'c';
	if (size)
		letters[3] = 's';
	if (time)
		letters[4] = 't';
	if (differs & COMPARE_DIFFERS_MODE && !S_ISLNK(from->mode))
		letters[5] = 'p';
	if (differs & COMPARE_DIFFERS_OWNER)
		letters[6] = 'o';
	if (differs & COMPARE_DIFFERS_GROUP)
		letters[7] = 'g';
	if (strspn(letters + 2, ".") == LETTERS - 2)
		return;
	if (file && (content || size || (time && !by_content)))
		letters[0] = '>';
	else if (content)
		letters[0] = 'c';
	add_line(diff, letters, path, len, target, target_len);
}

void diff_print_rsync(struct diff *diff, compare_id row, const struct compare_look *look)
{
	entry_id from = compare_entry(diff->compare, row, 0);
	entry_id to = compare_entry(diff->compare, row, 1);
	struct tree *tree = diff->roots[0].tree;
	const char *target;
	size_t target_len;

	if (look->state == COMPARE_ERROR && look->know[0] != COMPARE_KNOWN && look->know[1] != COMPARE_KNOWN)
		return;
	if (!from && look->know[0] == COMPARE_ABSENT) {
		print_old(diff, to, true);
	} else if (!to && look->know[1] == COMPARE_ABSENT) {
		print_new(diff, from);
	} else if (from && to && !same_type(tree_entry(tree, from), tree_entry(diff->roots[1].tree, to))) {
		print_old(diff, to, false);
		print_new(diff, from);
	} else if (from && to && tree_entry(tree, from)->flags & tree_entry(diff->roots[1].tree, to)->flags & ENTRY_KNOWN) {
		diff_make_path(diff, row);
		target = tree_target(tree, from, &target_len);
		print_both(diff, tree_entry(tree, from), tree_entry(diff->roots[1].tree, to), look->differs, diff->path.data,
			   diff->path.len, target, target ? target_len : 0);
	}
}

void diff_print_rsync_roots(struct diff *diff)
{
	const struct entry *from = tree_entry(diff->roots[0].tree, TREE_ROOT);
	const struct entry *to = tree_entry(diff->roots[1].tree, TREE_ROOT);
	struct compare_look look;

	if (!(from->flags & to->flags & ENTRY_KNOWN))
		return;
	compare_look(diff->compare, COMPARE_TOP, &look);
	print_both(diff, from, to, look.differs, "./", 2, NULL, 0);
}
