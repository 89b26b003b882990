#include "feed_read.h"

#include "fsys.h"
#include "thread.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { STACK = 256 * 1024, FRAME_REST = 64 };

/* One part of one file; its thread frees it. */
struct reading {
	struct ring *ring;
	uint64_t id;
	char *root;
	char *path;
	uint64_t offset;
	size_t len;
	uint64_t size;     /* of the file */
	char *bytes;       /* room for `len` */
	struct buf out;    /* has room for the answer from the start */
};

static void reading_free(struct reading *reading)
{
	if (!reading)
		return;
	ring_unref(reading->ring);
	buf_fini(&reading->out);
	free(reading->bytes);
	free(reading->root);
	free(reading->path);
	free(reading);
}

static struct reading *reading_new(const char *root, struct ring *ring, uint64_t id, const char *path, size_t path_len, size_t len)
{
	struct reading *reading = calloc(1, sizeof *reading);

	if (!reading)
		return NULL;
	reading->ring = ring_ref(ring);
	reading->id = id;
	reading->len = len;
	reading->root = strdup(root);
	reading->path = strndup(path, path_len);
	reading->bytes = malloc(len + 1);
	if (reading->root && reading->path && reading->bytes && buf_room(&reading->out, len + FRAME_REST))
		return reading;
	reading_free(reading);
	return NULL;
}

static int open_file(const struct reading *reading)
{
	char *name = strrchr(reading->path, '/');
	int root = fsys_open_root(reading->root);
	int dir = root;
	int fd = -1;

	if (root >= 0 && name) {
		*name = '\0';
		dir = fsys_open_beneath(root, reading->path);
	}
	if (dir >= 0)
		fd = fsys_open_file(dir, name ? name + 1 : reading->path, 0);
	if (dir != root)
		fsys_close(dir);
	fsys_close(root);
	return fd;
}

/* Returns how much was read, -1 with errno. */
static ssize_t read_part(struct reading *reading, int fd)
{
	struct attrs attrs;
	size_t got = 0;
	ssize_t more = 1;

	if (fsys_stat(fd, "", 0, &attrs) != 0)
		return -1;
	reading->size = attrs.size;
	if (lseek(fd, (off_t)reading->offset, SEEK_SET) < 0)
		return -1;
	while (got < reading->len && more > 0) {
		more = fsys_read(fd, reading->bytes + got, reading->len - got);
		got += more > 0 ? (size_t)more : 0;
	}
	return more < 0 ? -1 : (ssize_t)got;
}

static void put_data(struct buf *out, uint64_t id, enum error error, uint64_t offset, uint64_t size, const char *bytes, size_t len)
{
	size_t start = wire_open(out, WIRE_DATA, id);

	wire_put_u8(out, error);
	wire_put_varint(out, offset);
	wire_put_varint(out, size);
	wire_put_bytes(out, bytes, len);
	wire_close(out, start);
}

static void *run_reading(void *arg)
{
	struct reading *reading = arg;
	int fd = open_file(reading);
	ssize_t got = fd < 0 ? -1 : read_part(reading, fd);
	enum error error = got < 0 ? error_from_errno(errno) : ERROR_NONE;

	fsys_close(fd);
	put_data(&reading->out, reading->id, error, reading->offset, reading->size, reading->bytes, got > 0 ? (size_t)got : 0);
	(void)!ring_put(reading->ring, reading->out.data, reading->out.len);
	reading_free(reading);
	return NULL;
}

int feed_read(const char *root, struct ring *ring, const struct wire_frame *frame, struct buf *answer)
{
	struct wire_reader in = frame->payload;
	uint64_t offset = wire_get_varint(&in);
	uint64_t len = wire_get_varint(&in);
	size_t path_len;
	const char *path = wire_get_bytes(&in, &path_len);
	struct reading *reading;

	if (!in.ok || !wire_path_ok(path, path_len) || len > WIRE_MAX_DATA || offset > INT64_MAX) {
		errno = EPROTO;
		return -1;
	}
	reading = reading_new(root, ring, frame->id, path, path_len, (size_t)len);
	if (reading) {
		reading->offset = offset;
		if (thread_start(run_reading, reading, STACK) == 0)
			return 0;
	}
	reading_free(reading);
	put_data(answer, frame->id, ERROR_NOMEM, offset, 0, "", 0);
	return 0;
}
