/*
 * Opening a directory that waited to be read: is it what was found, is it to be entered, and what is told of it.
 */
#include "scan_impl.h"

#include <errno.h>

static int try_to_open(struct scan *scan, const struct node *node)
{
	int failed;
	int fd;

	pthread_mutex_lock(&scan->anchor_lock);
	failed = anchor_pin(scan, node->anchor);
	pthread_mutex_unlock(&scan->anchor_lock);
	if (failed)
		return -1;
	fd = anchor_open_path(node->anchor->fd, node->path, node->follow);
	pthread_mutex_lock(&scan->anchor_lock);
	node->anchor->pins--;
	pthread_mutex_unlock(&scan->anchor_lock);
	return fd;
}

static bool is_short_of_descriptors(int number)
{
	return number == EMFILE || number == ENFILE;
}

/*
 * Open a node's directory. When descriptors are short, or the server has forgotten one, what is only kept for speed is closed
 * and it is tried once more from above.
 */
static int open_node(struct scan *scan, const struct node *node)
{
	int fd = try_to_open(scan, node);

	if (fd >= 0 || (!is_short_of_descriptors(errno) && errno != ESTALE))
		return fd;
	pthread_mutex_lock(&scan->anchor_lock);
	anchor_close_all(scan, 0);
	pthread_mutex_unlock(&scan->anchor_lock);
	return try_to_open(scan, node);
}

/* A directory found as a directory that is none any more, or another: it has changed. */
static enum error open_error(const struct node *node, int number)
{
	if (node->ino && (number == ELOOP || number == ENOTDIR || number == ESTALE))
		return ERROR_CHANGED;
	return number == ESRCH ? ERROR_NOENT : error_from_errno(number);
}

/*
 * Is what was opened what was found? If something has been mounted on it meanwhile, perhaps by its being opened, it is that
 * now: no link led there.
 */
static bool is_same(const struct node *node, const struct attrs *attrs)
{
	return !node->ino || attrs_are(attrs, node->dev, node->ino) || (attrs->flags & ATTRS_MOUNT_ROOT && !node->follow);
}

static void set_identity(struct scan *scan, struct node *node, const struct attrs *attrs)
{
	if (!node->ino)
		scan->top_dev = attrs->dev;
	node->dev = attrs->dev;
	node->ino = attrs->ino;
	if (node->lineage) {
		node->lineage->dev = attrs->dev;
		node->lineage->ino = attrs->ino;
	}
}

static bool begin_reading(struct reader *reader, struct node *node, int fd)
{
	struct scan *scan = reader->scan;
	struct attrs attrs;

	if (fd < 0 || fsys_stat(fd, "", 0, &attrs) != 0) {
		scan_send_end(reader, node->number, WIRE_END_UNREAD, open_error(node, errno));
		return false;
	}
	if (!is_same(node, &attrs)) {
		scan_send_end(reader, node->number, WIRE_END_UNREAD, ERROR_CHANGED);
		return false;
	}
	if (!node->ino || attrs.dev != node->dev)
		set_identity(scan, node, &attrs);
	device_opened(reader, fd, &attrs);
	if (scan->flags & WIRE_SCAN_ONE_FS && attrs.dev != scan->top_dev) {
		scan_send_end(reader, node->number, WIRE_END_SKIPPED, ERROR_XDEV);
		return false;
	}
	if (node->follow && node->depth > 0)
		attrs.flags |= ATTRS_FOLLOWED;
	scan_send_begin(reader, node->number, &attrs);
	if (node->depth < scan->depth)
		return true;
	scan_send_end(reader, node->number, WIRE_END_SKIPPED, ERROR_NONE);
	return false;
}

/* Read one directory; the node is freed. */
void scan_read_node(struct reader *reader, struct node *node)
{
	struct reading *reading;
	int fd;

	if (node->left) {
		scan_send_end(reader, node->number, WIRE_END_SKIPPED, ERROR_NONE);
		node_free(reader->scan, node);
		return;
	}
	fd = open_node(reader->scan, node);
	if (fd < 0 && is_short_of_descriptors(errno) && node_put_off(reader->scan, node))
		return;
	if (!begin_reading(reader, node, fd)) {
		fsys_close(fd);
		node_free(reader->scan, node);
		return;
	}
	reading = malloc(sizeof *reading);
	if (!reading) {
		scan_send_end(reader, node->number, WIRE_END_UNREAD, ERROR_NOMEM);
		fsys_close(fd);
		node_free(reader->scan, node);
		return;
	}
	*reading = (struct reading){ .node = node, .users = 1 };
	pthread_mutex_init(&reading->read_lock, NULL);
	if (fsys_dir_init(&reading->dir, fd) != 0) {
		reading->ended = true;
		reading->error = error_from_errno(errno);
	}
	scan_read_on(reader, reading);
	scan_leave(reader, reading);
}

