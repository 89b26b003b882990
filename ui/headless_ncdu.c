#include "headless_ncdu.h"

#include "config_file.h"

#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>

#define NS_PER_SECOND INT64_C(1000000000)

/* What the writing of one tree needs. */
struct export {
	const struct tree *tree;
	struct headless_out *out;
};

/* A name's bytes as they are; only what JSON forbids is escaped. */
static void add_raw(struct buf *out, const char *bytes, size_t len)
{
	buf_add_byte(out, '"');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c < ' ' || c == 0x7f)
			buf_printf(out, "\\u%04x", c);
		else if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else
			buf_add_byte(out, c);
	}
	buf_add_byte(out, '"');
}

static void add_number(struct buf *out, const char *key, uint64_t value)
{
	buf_printf(out, ",\"%s\":", key);
	json_unsigned(out, value);
}

/* ncdu reads a device as a plain number. */
static void add_device(struct buf *out, uint64_t device)
{
	add_number(out, "dev", makedev((unsigned)(device >> 32), (unsigned)device));
}

static void add_attrs(struct export *export, entry_id id)
{
	const struct entry *entry = tree_entry(export->tree, id);
	struct buf *out = &export->out->buf;

	if (entry->size > 0)
		add_number(out, "asize", entry->size);
	if (entry_blocks(entry) > 0)
		add_number(out, "dsize", entry_blocks(entry) * 512);
	if (id == TREE_ROOT || tree_device(export->tree, id) != tree_device(export->tree, entry->parent))
		add_device(out, tree_device(export->tree, id));
	add_number(out, "ino", entry->ino);
	if (entry->nlink > 1 && !entry_is_dir(entry)) {
		buf_add_str(out, ",\"hlnkc\":true");
		add_number(out, "nlink", entry->nlink);
	}
	add_number(out, "uid", entry->uid);
	add_number(out, "gid", entry->gid);
	add_number(out, "mode", entry->mode);
	add_number(out, "mtime", entry->mtime > 0 ? (uint64_t)(entry->mtime / NS_PER_SECOND) : 0);
}

/* What is odd about an entry. */
static void add_state(struct export *export, entry_id id)
{
	const struct entry *entry = tree_entry(export->tree, id);
	const struct dir *dir = tree_dir(export->tree, id);
	struct buf *out = &export->out->buf;

	if (dir && dir->state == DIR_SKIPPED && entry->error == ERROR_XDEV)
		buf_add_str(out, ",\"excluded\":\"othfs\"");
	else if (dir ? dir->state == DIR_UNREADABLE || dir->state == DIR_PARTIAL : !(entry->flags & ENTRY_KNOWN))
		buf_add_str(out, ",\"read_error\":true");
	if (!dir && !S_ISREG(entry->mode))
		buf_add_str(out, ",\"notreg\":true");
}

/* The object of an entry; a directory's opens its array. */
static void add_entry(struct export *export, entry_id id, const char *name, size_t len)
{
	struct buf *out = &export->out->buf;

	buf_add_str(out, ",\n");
	if (tree_dir(export->tree, id))
		buf_add_byte(out, '[');
	buf_add_str(out, "{\"name\":");
	add_raw(out, name, len);
	if (tree_entry(export->tree, id)->flags & ENTRY_KNOWN)
		add_attrs(export, id);
	add_state(export, id);
	buf_add_byte(out, '}');
	headless_out_flush(export->out, false);
}

/* The entry after this one, when all below it was written; closes the arrays that end. 0 at the end. */
static entry_id next_entry(struct export *export, entry_id id)
{
	for (;;) {
		const struct entry *entry = tree_entry(export->tree, id);

		if (tree_dir(export->tree, id))
			buf_add_byte(&export->out->buf, ']');
		if (id == TREE_ROOT)
			return 0;
		if (entry->next)
			return entry->next;
		id = entry->parent;
	}
}

/* Everything below the root, without recursion. */
static void add_below(struct export *export)
{
	entry_id id = TREE_ROOT;

	for (;;) {
		const struct dir *dir = tree_dir(export->tree, id);
		const char *name;
		size_t len;

		id = dir && dir->first ? dir->first : next_entry(export, id);
		if (!id)
			return;
		name = tree_name(export->tree, id, &len);
		add_entry(export, id, name, len);
	}
}

/* The root's absolute path, without the dots at its start that a user types. */
static int absolute(const char *root, struct buf *path)
{
	size_t len = strlen(root);

	if (*root != '/' && config_file_cwd(path) != 0)
		return -1;
	while (strncmp(root, "./", 2) == 0 || strcmp(root, ".") == 0) {
		root += root[1] ? 2 : 1;
		while (*root == '/')
			root++;
	}
	len = strlen(root);
	while (len > 1 && root[len - 1] == '/')
		len--;
	if (*root && *root != '/' && path->len > 1)
		buf_add_byte(path, '/');
	buf_add(path, root, len);
	return 0;
}

int headless_ncdu(const struct tree *tree, const char *root, struct headless_out *out)
{
	struct export export = { tree, out };
	struct buf path = BUF_INIT;

	if (!(tree_entry(tree, TREE_ROOT)->flags & ENTRY_KNOWN))
		return 0;
	if (absolute(root, &path) != 0) {
		buf_fini(&path);
		return -1;
	}
	buf_printf(&out->buf, "[1,2,{\"progname\":\"muntin\",\"progver\":\"%s\",\"timestamp\":%lld}", PACKAGE_VERSION,
		   (long long)time(NULL));
	add_entry(&export, TREE_ROOT, path.data, path.len);
	add_below(&export);
	buf_add_str(&out->buf, "]\n");
	buf_fini(&path);
	return 0;
}
