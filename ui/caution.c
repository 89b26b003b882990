#include "caution.h"

#include <string.h>
#include <unistd.h>

enum { NAMES_MAX = 3 };

/** The first names of a path, and how many there are. */
struct names {
	const char *name[NAMES_MAX];
	size_t len[NAMES_MAX];
	size_t count;
};

bool caution_is_root(void)
{
	return geteuid() == 0;
}

/** Split a path; `.` and `..` are taken away, as far as words can tell. */
static struct names split(const char *path, size_t len)
{
	struct names names = { .count = 0 };

	while (len > 0) {
		const char *slash = memchr(path, '/', len);
		size_t part = slash ? (size_t)(slash - path) : len;

		if (part == 2 && memcmp(path, "..", 2) == 0) {
			names.count -= names.count > 0 ? 1 : 0;
		} else if (part > 0 && !(part == 1 && path[0] == '.')) {
			if (names.count < NAMES_MAX) {
				names.name[names.count] = path;
				names.len[names.count] = part;
			}
			names.count++;
		}
		part += slash ? 1 : 0;
		path += part;
		len -= part;
	}
	return names;
}

static bool is_name(const struct names *names, size_t index, const char *name)
{
	return index < names->count && names->len[index] == strlen(name) && memcmp(names->name[index], name, names->len[index]) == 0;
}

const char *caution_path(const char *path, size_t len)
{
	/* down to the last file; and what is directly in these: a home, /etc/passwd */
	static const char *const whole[] = { "usr", "bin", "sbin", "boot", "dev", "proc", "sys" };
	static const char *const first[] = { "etc", "var", "home", "root", "opt", "srv", "run" };
	struct names names = split(path, len);

	if (names.count == 0)
		return "is the root of everything";
	if (names.count == 1)
		return "stands directly below /";
	for (size_t i = 0; i < ARRAY_LEN(first); i++)
		if (names.count == 2 && is_name(&names, 0, first[i]))
			return "belongs to the system";
	for (size_t i = 0; i < ARRAY_LEN(whole); i++)
		if (is_name(&names, 0, whole[i]))
			/* what an administrator has put there is no part of it */
			return i == 0 && names.count > 2 && is_name(&names, 1, "local") ? NULL : "belongs to the system";
	return names.len[0] >= 3 && memcmp(names.name[0], "lib", 3) == 0 ? "belongs to the system" : NULL;
}

/** Could somebody else put another object in the place of an entry? */
static bool is_open_to_others(const struct tree *tree, entry_id id)
{
	bool first = true;

	for (entry_id at = id; at != TREE_ROOT; first = false) {
		entry_id above = tree_entry(tree, at)->parent;
		const struct entry *dir = tree_entry(tree, above);

		if (dir->mode & S_IWOTH && (!(dir->mode & S_ISVTX) || (first && tree_entry(tree, id)->uid != 0)))
			return true;
		at = above;
	}
	return false;
}

static const char *caution_entry(const struct session *session, const struct pane *pane, entry_id id)
{
	struct buf path = BUF_INIT;
	struct buf whole = BUF_INIT;
	const char *why;

	pane_entry_path(pane, id, &path);
	if (path.len > 0 && path.data[0] != '/') {
		buf_add(&whole, session->directory.data, session->directory.len);
		buf_add_byte(&whole, '/');
	}
	buf_add(&whole, path.data, path.len);
	why = whole.failed || path.failed ? "is not known well enough" : caution_path(whole.data, whole.len);
	if (!why && tree_entry(pane->tree, id)->flags & ENTRY_MOUNT_ROOT)
		why = "is where a mount begins";
	if (!why && is_open_to_others(pane->tree, id))
		why = "is where others may write";
	buf_fini(&path);
	buf_fini(&whole);
	return why;
}

const char *caution_entries(const struct session *session, const struct pane *pane, const entry_id *ids, size_t count)
{
	const char *why = NULL;

	for (size_t i = 0; i < count && !why && caution_is_root(); i++)
		if (tree_has(pane->tree, ids[i]))
			why = caution_entry(session, pane, ids[i]);
	return why;
}
