/*
 * Anchors: the few directories from which all others are opened. Everything here is done under anchor_lock.
 */
#include "scan_impl.h"

#include <errno.h>
#include <string.h>

static void unlist_anchor(struct scan *scan, struct anchor *anchor)
{
	if (anchor->older)
		anchor->older->newer = anchor->newer;
	else
		scan->oldest = anchor->newer;
	if (anchor->newer)
		anchor->newer->older = anchor->older;
	else
		scan->newest = anchor->older;
	anchor->older = anchor->newer = NULL;
}

static void list_anchor(struct scan *scan, struct anchor *anchor)
{
	anchor->older = scan->newest;
	anchor->newer = NULL;
	if (scan->newest)
		scan->newest->newer = anchor;
	else
		scan->oldest = anchor;
	scan->newest = anchor;
}

static void close_anchor(struct scan *scan, struct anchor *anchor)
{
	if (anchor->fd < 0)
		return;
	unlist_anchor(scan, anchor);
	fsys_close(anchor->fd);
	anchor->fd = -1;
	scan->open_anchors--;
}

static void adopt_fd(struct scan *scan, struct anchor *anchor, int fd)
{
	anchor->fd = fd;
	list_anchor(scan, anchor);
	scan->open_anchors++;
}

/* Close anchors that nobody uses now until at most `keep` are open; the root stays. */
void anchor_close_all(struct scan *scan, size_t keep)
{
	struct anchor *next;

	for (struct anchor *at = scan->oldest; at && scan->open_anchors > keep; at = next) {
		next = at->newer;
		if (at->up && at->pins == 0)
			close_anchor(scan, at);
	}
}

void anchor_unref(struct scan *scan, struct anchor *anchor)
{
	while (anchor && --anchor->refs == 0) {
		struct anchor *up = anchor->up;

		close_anchor(scan, anchor);
		free(anchor);
		anchor = up;
	}
}

int anchor_open_path(int fd, const char *path, bool follow)
{
	if (!*path)
		return fsys_dup(fd);
	return follow ? fsys_open_dir_follow(fd, path) : fsys_open_beneath(fd, path);
}

/* Open the root, once; or an anchor again, the one above it being open. */
static int open_anchor(struct scan *scan, struct anchor *anchor)
{
	struct attrs attrs;
	int fd;

	if (!anchor->up) {
		fd = fsys_open_root(scan->root);
		if (fd >= 0)
			adopt_fd(scan, anchor, fd);
		return fd < 0 ? -1 : 0;
	}
	anchor_close_all(scan, scan->max_anchors - 1);
	fd = anchor_open_path(anchor->up->fd, anchor->path, anchor->follow);
	if (fd < 0)
		return -1;
	if (fsys_stat(fd, "", 0, &attrs) != 0 || !attrs_are(&attrs, anchor->dev, anchor->ino)) {
		fsys_close(fd);
		errno = ESTALE;
		return -1;
	}
	adopt_fd(scan, anchor, fd);
	return 0;
}

/* Have an anchor open and keep it so. A chain of closed ones is opened from above, one at a time. */
int anchor_pin(struct scan *scan, struct anchor *anchor)
{
	while (anchor->fd < 0) {
		struct anchor *at = anchor;
		bool failed;

		while (at->up && at->up->fd < 0)
			at = at->up;
		if (at->up)
			at->up->pins++;
		failed = open_anchor(scan, at) != 0;
		if (at->up)
			at->up->pins--;
		if (failed)
			return -1;
	}
	unlist_anchor(scan, anchor);
	list_anchor(scan, anchor);
	anchor->pins++;
	return 0;
}

/* The anchor for what is found in a directory that has become one; made at the first need. NULL with ENOMEM. */
struct anchor *anchor_below(struct scan *scan, struct reading *reading)
{
	const struct node *node = reading->node;
	struct anchor *anchor = reading->below;
	int fd;

	if (!anchor) {
		anchor = malloc(sizeof *anchor + node->path_len + 1);
		if (!anchor)
			return NULL;
		*anchor = (struct anchor){ .up = node->anchor, .refs = 1, .fd = -1, .follow = node->follow, .dev = node->dev, .ino = node->ino };
		memcpy(anchor->path, node->path, node->path_len + 1);
		node->anchor->refs++;
		anchor_close_all(scan, scan->max_anchors - 1);
		fd = fsys_dup(reading->dir.fd);
		if (fd >= 0)
			adopt_fd(scan, anchor, fd);
		reading->below = anchor;
	}
	anchor->refs++;
	return anchor;
}

