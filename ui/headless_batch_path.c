/*
 * Paths of a batch, resolved without a look at any filesystem.
 *
 * `.` and doubled slashes go away. A `..` does only where that cannot be wrong: at the start of a relative path, for
 * the working directory has no symbolic links in it, and in front of everything. Behind a name it stays, because the name
 * may be a symbolic link; nothing below a root has one.
 */
#include "headless_batch.h"

#include "config_file.h"

#include <errno.h>
#include <string.h>

/* The next component of a path: its length, 0 at the end. Slashes in front are skipped. */
static size_t next_component(const char **path)
{
	while (**path == '/')
		++*path;
	return strcspn(*path, "/");
}

static bool is_component(const char *at, size_t len, const char *what)
{
	return strlen(what) == len && memcmp(at, what, len) == 0;
}

/* Take the last component off an absolute path without a slash at its end; `/` is empty. */
static void cut_component(struct buf *path)
{
	while (path->len > 0 && path->data[--path->len] != '/')
		;
}

/* Append an absolute path of a given one, with a slash before each component; the root of everything is empty. */
static void make_absolute(const struct buf *cwd, const char *path, struct buf *out)
{
	bool named = false;
	size_t len;

	if (*path != '/' && cwd->len > 1)
		buf_add(out, cwd->data, cwd->len);
	for (; (len = next_component(&path)) > 0; path += len) {
		if (is_component(path, len, "."))
			continue;
		if (is_component(path, len, "..") && !named) {
			cut_component(out);
			continue;
		}
		named = true;
		buf_add_byte(out, '/');
		buf_add(out, path, len);
	}
}

int batch_places_init(struct batch_places *places, const struct string_list *roots)
{
	const char *home = getenv("HOME");
	bool failed = false;

	*places = (struct batch_places){ .root_count = roots->len };
	places->roots = calloc(roots->len, sizeof *places->roots);
	if (!places->roots)
		return -1;
	if (config_file_cwd(&places->cwd) != 0)
		buf_clear(&places->cwd);
	for (size_t i = 0; i < roots->len; i++) {
		make_absolute(&places->cwd, roots->items[i], &places->roots[i]);
		failed |= places->roots[i].failed;
	}
	if (home && *home == '/')
		make_absolute(&places->cwd, home, &places->home);
	if (!failed && !places->home.failed)
		return 0;
	errno = ENOMEM;
	return -1;
}

void batch_places_fini(struct batch_places *places)
{
	for (size_t i = 0; places->roots && i < places->root_count; i++)
		buf_fini(&places->roots[i]);
	free(places->roots);
	buf_fini(&places->cwd);
	buf_fini(&places->home);
}

/* Is `path` the same as `above` or below it? Both are absolute. */
static bool is_below(const struct buf *path, const struct buf *above)
{
	if (path->len < above->len || (above->len > 0 && memcmp(path->data, above->data, above->len) != 0))
		return false;
	return path->len == above->len || path->data[above->len] == '/';
}

static bool has_dots(const char *path, size_t len)
{
	for (size_t at = 0; at < len;) {
		const char *slash = memchr(path + at, '/', len - at);
		size_t size = slash ? (size_t)(slash - path) - at : len - at;

		if (is_component(path + at, size, ".."))
			return true;
		at += size + 1;
	}
	return false;
}

enum batch_place batch_resolve(const struct batch_places *places, const char *path, size_t *root, struct buf *rest)
{
	enum batch_place place = BATCH_OUTSIDE;
	struct buf whole = BUF_INIT;
	size_t longest = 0;

	if (*path != '/' && places->cwd.len == 0)
		return BATCH_OUTSIDE;
	make_absolute(&places->cwd, path, &whole);
	for (size_t i = 0; *path && i < places->root_count; i++) {
		if (!is_below(&whole, &places->roots[i]) || (place == BATCH_BELOW && places->roots[i].len <= longest))
			continue;
		place = BATCH_BELOW;
		longest = places->roots[i].len;
		*root = i;
	}
	if (place == BATCH_BELOW && whole.len > longest)
		buf_add(rest, whole.data + longest + 1, whole.len - longest - 1);
	if (place == BATCH_BELOW && rest->len > 0 && has_dots(rest->data, rest->len))
		place = BATCH_DOTS;
	if (whole.failed || rest->failed)
		place = BATCH_NOMEM;
	buf_fini(&whole);
	return place;
}

bool batch_is_protected(const struct batch_places *places, size_t root, const char *rest, size_t len)
{
	struct buf whole = BUF_INIT;
	bool protected = false;

	buf_add(&whole, places->roots[root].data, places->roots[root].len);
	if (len > 0) {
		buf_add_byte(&whole, '/');
		buf_add(&whole, rest, len);
	}
	for (size_t i = 0; i < places->root_count; i++)
		protected |= is_below(&places->roots[i], &whole);
	protected |= places->home.len > 0 && is_below(&places->home, &whole);
	protected |= whole.failed;
	buf_fini(&whole);
	return protected;
}

bool batch_ends_in_dots(const char *path)
{
	size_t len = strlen(path);
	const char *last;

	while (len > 1 && path[len - 1] == '/')
		len--;
	last = memrchr(path, '/', len);
	last = last ? last + 1 : path;
	len -= (size_t)(last - path);
	return len == 0 || is_component(last, len, ".") || is_component(last, len, "..");
}

/* The slashes in a path. */
static size_t count_slashes(const char *path, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += path[i] == '/';
	return count;
}

/* The length of `typed` without its last `count` components; 0 if that cannot be told. */
static size_t without_components(const char *typed, size_t count)
{
	size_t len = strlen(typed);

	while (len > 0) {
		size_t start;

		while (len > 1 && typed[len - 1] == '/')
			len--;
		for (start = len; start > 0 && typed[start - 1] != '/'; start--)
			;
		if (is_component(typed + start, len - start, "..") || start == len)
			return 0;
		if (!is_component(typed + start, len - start, ".") && count-- == 0)
			return len;
		len = start;
	}
	return 0;
}

void batch_show_path(struct buf *out, const char *root, const char *typed, const char *target, size_t target_len,
		     const char *path, size_t path_len)
{
	size_t below = path_len - size_min(path_len, target_len + (target_len > 0));
	size_t len = 0;

	if (path_len >= target_len && (target_len == 0 || memcmp(path, target, target_len) == 0)) {
		buf_add_str(out, typed);
		if (below > 0 && typed[strlen(typed) - 1] != '/')
			buf_add_byte(out, '/');
		buf_add(out, path + path_len - below, below);
		return;
	}
	if (path_len > 0 && path_len < target_len)
		len = without_components(typed, count_slashes(target, target_len) - count_slashes(path, path_len));
	if (len > 0) {
		buf_add(out, typed, len);
		return;
	}
	buf_add_str(out, root);
	if (path_len > 0 && *root && root[strlen(root) - 1] != '/')
		buf_add_byte(out, '/');
	buf_add(out, path, path_len);
}
