#include "headless_diff.h"

#include "text.h"

#include <string.h>

void diff_make_path(struct diff *diff, compare_id row)
{
	compare_id dir = compare_parent(diff->compare, row);
	const char *name;
	size_t len;

	if (dir != diff->dir) {
		buf_clear(&diff->path);
		compare_path(diff->compare, dir, &diff->path);
		if (dir != COMPARE_TOP)
			buf_add_byte(&diff->path, '/');
		diff->dir = dir;
		diff->dir_len = diff->path.len;
	}
	if (!diff->path.failed)
		diff->path.len = diff->dir_len;
	name = compare_name(diff->compare, row, &len);
	buf_add(&diff->path, name, len);
	if (compare_is_dir(diff->compare, row))
		buf_add_byte(&diff->path, '/');
}

static void add_differs(struct buf *out, unsigned differs)
{
	static const char letters[] = "tlscmogp";

	for (unsigned i = 0; letters[i]; i++)
		buf_add_byte(out, differs & 1U << i ? letters[i] : '.');
}

/* What could not be read of a row in a pane; ERROR_NONE when everything was. */
static enum error error_of(const struct diff *diff, compare_id row, size_t pane)
{
	entry_id id = compare_entry(diff->compare, row, pane);
	enum error error = compare_content_error(diff->compare, row, pane);

	if (error || !id)
		return error;
	return (enum error)tree_entry(diff->roots[pane].tree, id)->error;
}

/* json ------------------------------------------------------------------------------------------------- */

static struct attrs attrs_of(const struct diff_root *root, entry_id id)
{
	const struct entry *entry = tree_entry(root->tree, id);
	struct attrs attrs = {
		.flags = ATTRS_KNOWN,
		.mode = entry->mode,
		.uid = entry->uid,
		.gid = entry->gid,
		.nlink = entry->nlink,
		.ino = entry->ino,
		.size = entry->size,
		.blocks = entry_blocks(entry),
		.dev = tree_device(root->tree, id),
		.mtime = entry->mtime,
	};

	if (id < root->extra_cap) {
		attrs.atime = root->extra[id].atime;
		attrs.ctime = root->extra[id].ctime;
		attrs.nlink = root->extra[id].nlink;
	}
	return attrs;
}

static void add_json_entry(struct diff *diff, compare_id row, size_t pane, bool unreadable)
{
	const struct diff_root *root = &diff->roots[pane];
	entry_id id = compare_entry(diff->compare, row, pane);
	const struct entry *entry = id ? tree_entry(root->tree, id) : NULL;
	struct attrs attrs;
	struct buf path = BUF_INIT;
	const char *target;
	size_t target_len;

	if (!entry) {
		buf_add_str(&diff->out.buf, "null");
		return;
	}
	buf_add(&path, root->root, root->root_len);
	if (root->root_len == 0 || root->root[root->root_len - 1] != '/')
		buf_add_byte(&path, '/');
	tree_path(root->tree, id, &path);
	diff->failed |= path.failed;
	attrs = attrs_of(root, id);
	target = tree_target(root->tree, id, &target_len);
	json_entry(&diff->out.buf, path.data, path.len, entry->flags & ENTRY_KNOWN ? &attrs : NULL, entry->mode, target, target_len,
		   unreadable ? error_text(error_of(diff, row, pane)) : NULL, diff->ascii);
	buf_fini(&path);
}

static void add_json(struct diff *diff, compare_id row, const struct compare_look *look)
{
	struct buf *out = &diff->out.buf;

	buf_add_byte(out, '{');
	json_bytes(out, "path", diff->path.data, diff->path.len, diff->ascii);
	buf_add_str(out, ",\"classes\":\"");
	buf_add_str(out, look->letters);
	buf_add_str(out, "\",\"flags\":\"");
	add_differs(out, look->differs);
	buf_add_str(out, "\",\"entries\":[");
	for (size_t pane = 0; pane < diff->count; pane++) {
		if (pane > 0)
			buf_add_byte(out, ',');
		add_json_entry(diff, row, pane, look->know[pane] == COMPARE_UNREADABLE);
	}
	buf_add_str(out, "]}");
}

/* Rows ------------------------------------------------------------------------------------------------- */

void diff_print_row(struct diff *diff, compare_id row, const struct compare_look *look)
{
	struct buf *out = &diff->out.buf;

	diff_make_path(diff, row);
	if (diff->options->format == FORMAT_JSON) {
		add_json(diff, row, look);
	} else {
		buf_add_str(out, look->letters);
		buf_add_byte(out, ' ');
		add_differs(out, look->differs);
		buf_add_byte(out, ' ');
		headless_out_name(&diff->out, out, diff->path.data, diff->path.len);
	}
	headless_out_end(&diff->out, out);
}

/* Say something of an entry of a root. */
static void say_entry(const struct diff_root *root, entry_id id, const char *words)
{
	struct buf path = BUF_INIT;

	buf_add(&path, root->root, root->root_len);
	if (root->root_len == 0 || root->root[root->root_len - 1] != '/')
		buf_add_byte(&path, '/');
	tree_path(root->tree, id, &path);
	headless_say(path.data, path.len, words);
	buf_fini(&path);
}

static void complain(const struct diff_root *root, compare_id row, size_t pane)
{
	const struct diff *diff = root->diff;
	entry_id id = compare_entry(diff->compare, row, pane);
	const struct dir *dir = tree_dir(root->tree, id);
	struct buf words = BUF_INIT;

	buf_printf(&words, "%s%s", dir && dir->state == DIR_PARTIAL ? "incomplete: " : "", error_text(error_of(diff, row, pane)));
	say_entry(root, id, buf_str(&words) ? words.data : error_text(ERROR_NOMEM));
	buf_fini(&words);
}

void diff_complain_row(struct diff *diff, compare_id row, const struct compare_look *look)
{
	for (size_t pane = 0; pane < diff->count; pane++) {
		if (look->know[pane] == COMPARE_UNREADABLE)
			complain(&diff->roots[pane], row, pane);
	}
}

void diff_complain_cut(struct diff *diff, compare_id row)
{
	for (size_t pane = 0; pane < diff->count; pane++) {
		entry_id id = compare_entry(diff->compare, row, pane);
		const struct dir *dir = id ? tree_dir(diff->roots[pane].tree, id) : NULL;

		if (dir && dir->state == DIR_SKIPPED && diff->roots[pane].recording)
			say_entry(&diff->roots[pane], id, "the recording has nothing of what is in it");
	}
}
