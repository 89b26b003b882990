/*
 * Reading one directory: its frames, its names, the attributes of each.
 */
#include "scan_impl.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

/* Frames ---------------------------------------------------------------------------------------------- */

/* Nobody wants what we find any more. */
static void give_up(struct reader *reader)
{
	atomic_store_explicit(&reader->scan->stop, true, memory_order_relaxed);
}

/* Send what the reader has put together. */
static void send(struct reader *reader)
{
	if (reader->out.failed || reader->scan->sink.write(reader->writer, reader->out.data, reader->out.len) != 0)
		give_up(reader);
	buf_clear(&reader->out);
}

void scan_flush(struct reader *reader)
{
	if (reader->scan->sink.flush(reader->writer) != 0)
		give_up(reader);
}

void scan_send_begin(struct reader *reader, uint32_t number, const struct attrs *attrs)
{
	size_t start = wire_open(&reader->out, WIRE_BEGIN, reader->scan->id);

	wire_put_varint(&reader->out, number);
	wire_put_attrs(&reader->out, attrs);
	wire_close(&reader->out, start);
	send(reader);
}

void scan_send_end(struct reader *reader, uint32_t number, enum wire_end how, enum error error)
{
	size_t start = wire_open(&reader->out, WIRE_END, reader->scan->id);

	wire_put_varint(&reader->out, number);
	wire_put_u8(&reader->out, error);
	wire_put_u8(&reader->out, how);
	wire_close(&reader->out, start);
	send(reader);
}

/* Send what is known of one name: in the frame of those before it in the batch, as long as that can grow. */
static void send_element(struct reader *reader, uint32_t batch, const struct wire_attrs *element)
{
	const struct sink *sink = &reader->scan->sink;
	struct buf *out = &reader->out;
	size_t start;

	wire_put_element(out, element, reader->before);
	if (reader->batch != batch || out->failed || sink->extend(reader->writer, out->data, out->len) != 0) {
		buf_clear(out);
		start = wire_open(out, WIRE_ATTRS, reader->scan->id);
		wire_put_varint(out, batch);
		wire_put_element(out, element, NULL);
		wire_close(out, start);
		if (out->failed || sink->begin(reader->writer, out->data, out->len) != 0)
			give_up(reader);
		reader->batch = batch;
	}
	buf_clear(out);
	reader->before = element->what & WIRE_ATTRS_STAT ? &reader->sent : NULL;
	reader->sent = element->attrs;
}

void scan_send_done(struct reader *reader)
{
	uint64_t left_out = atomic_load(&reader->scan->left_out);
	size_t start;

	if (left_out > 0) {
		start = wire_open(&reader->out, WIRE_LEFT_OUT, reader->scan->id);
		wire_put_varint(&reader->out, left_out);
		wire_close(&reader->out, start);
	}
	start = wire_open(&reader->out, WIRE_DONE, reader->scan->id);

	wire_put_u8(&reader->out, scan_stopped(reader->scan) ? ERROR_CANCELED : ERROR_NONE);
	wire_close(&reader->out, start);
	send(reader);
	scan_flush(reader);
}

/* Reading --------------------------------------------------------------------------------------------- */

/* Errors of readdir that only mean that the directory, or the process it stands for, has gone. */
static bool has_vanished(enum error error)
{
	return error == ERROR_NOENT || error == ERROR_SRCH;
}

/* Append a path and the slash that parts it from what is there. */
static void join(struct buf *out, const char *path, size_t len)
{
	if (out->len > 0 && len > 0)
		buf_add_byte(out, '/');
	buf_add(out, path, len);
}

/* The path of a name below the root, for patterns that look at it. Anchors are followed from the top, without recursion. */
static void path_below_root(const struct node *node, const char *name, struct buf *out)
{
	const struct anchor *done = NULL;

	buf_clear(out);
	while (done != node->anchor) {
		const struct anchor *at = node->anchor;

		while (at->up != done)
			at = at->up;
		join(out, at->path, strlen(at->path));
		done = at;
	}
	join(out, node->path, node->path_len);
	join(out, name, strlen(name));
}

/* Is a name left out? `type` is DT_*; with DT_UNKNOWN the file is asked, for patterns of directories. */
static bool excluded(struct reader *reader, const struct reading *reading, const struct fsys_dirent *dirent)
{
	const struct scan *scan = reader->scan;
	bool is_dir = dirent->type == DT_DIR;
	bool matches;
	struct attrs attrs;

	if (scan->exclude.len == 0)
		return false;
	if (dirent->type == DT_UNKNOWN && fsys_stat(reading->dir.fd, dirent->name, 0, &attrs) == 0)
		is_dir = S_ISDIR(attrs.mode);
	if (scan->exclude.paths)
		path_below_root(reading->node, dirent->name, &reader->path);
	if (reader->path.failed) /* shown rather than lost */
		return false;
	matches = glob_set_match(&scan->exclude, dirent->name, strlen(dirent->name), reader->path.data, reader->path.len, is_dir);
	if (matches)
		atomic_fetch_add_explicit(&reader->scan->left_out, 1, memory_order_relaxed);
	return matches;
}

/* A name that the stream cannot carry, as some filesystems have: the listing is not complete. */
static bool is_too_long(struct reading *reading, const char *name)
{
	if (strlen(name) <= WIRE_MAX_NAME)
		return false;
	pthread_mutex_lock(&reading->read_lock);
	if (!reading->error)
		reading->error = ERROR_NAMETOOLONG;
	pthread_mutex_unlock(&reading->read_lock);
	return true;
}

/* Send the names of a buffer of records; those left out are marked. Returns how many were sent, as a batch if any. */
static unsigned send_names(struct reader *reader, struct reading *reading, size_t len, uint32_t *batch)
{
	size_t start = 0;
	unsigned count = 0;

	for (size_t at = 0; at < len;) {
		struct fsys_dirent *dirent = (void *)(reader->dents + at);

		at += dirent->len;
		if (fsys_is_dot(dirent->name) || excluded(reader, reading, dirent) || is_too_long(reading, dirent->name)) {
			dirent->type = SKIP_TYPE;
			continue;
		}
		if (count++ == 0) {
			*batch = atomic_fetch_add_explicit(&reader->scan->next_batch, 1, memory_order_relaxed);
			start = wire_open(&reader->out, WIRE_NAMES, reader->scan->id);
			wire_put_varint(&reader->out, reading->node->number);
			wire_put_varint(&reader->out, *batch);
		}
		wire_put_name(&reader->out, dirent->name, strlen(dirent->name), dirent->type);
	}
	if (count > 0) {
		wire_close(&reader->out, start);
		send(reader);
	}
	return count;
}

/* What a symbolic link points to: its target, and with -L the directory behind it. */
static void look_at_link(struct reader *reader, const struct reading *reading, const char *name, struct wire_attrs *element)
{
	struct attrs behind;
	ssize_t len = fsys_readlink(reading->dir.fd, name, reader->target, sizeof reader->target);

	if (len >= 0) {
		element->what |= WIRE_ATTRS_TARGET;
		element->target = reader->target;
		element->target_len = (size_t)len;
	}
	if (!(reader->scan->flags & WIRE_SCAN_FOLLOW) || fsys_stat(reading->dir.fd, name, FSYS_FOLLOW, &behind) != 0 ||
	    !S_ISDIR(behind.mode) || lineage_has(reading->node->lineage, &behind))
		return;
	element->attrs = behind;
	element->attrs.flags |= ATTRS_FOLLOWED;
	element->what &= (uint8_t)~WIRE_ATTRS_TARGET;
}

/* Ask for the attributes of one name. */
static void look_at(struct reader *reader, const struct reading *reading, const char *name, struct wire_attrs *element)
{
	element->what = WIRE_ATTRS_STAT;
	if (fsys_stat(reading->dir.fd, name, 0, &element->attrs) != 0) {
		element->error = (uint8_t)error_from_errno(errno);
		element->what = has_vanished(element->error) ? WIRE_ATTRS_GONE : WIRE_ATTRS_ERROR;
		return;
	}
	if (S_ISLNK(element->attrs.mode))
		look_at_link(reader, reading, name, element);
	if (S_ISDIR(element->attrs.mode) && !(reader->scan->flags & WIRE_SCAN_SHALLOW)) {
		element->what |= WIRE_ATTRS_DIR;
		element->dir = atomic_fetch_add_explicit(&reader->scan->next_dir, 1, memory_order_relaxed);
	}
}

/* A directory was found and announced: enter it, or say that it is not entered. */
static void found_dir(struct reader *reader, struct reading *reading, const char *name, const struct wire_attrs *element)
{
	struct scan *scan = reader->scan;
	bool returns = !(element->attrs.flags & ATTRS_FOLLOWED) && lineage_returns(reading->node->lineage, &element->attrs);
	struct node *node;

	if (returns || reading->node->depth + 1 >= scan->depth) {
		scan_send_end(reader, element->dir, WIRE_END_SKIPPED, ERROR_NONE);
		return;
	}
	if (scan->flags & WIRE_SCAN_ONE_FS && element->attrs.dev != scan->top_dev) {
		scan_send_end(reader, element->dir, WIRE_END_SKIPPED, ERROR_XDEV);
		return;
	}
	node = node_new(scan, reading, name, element);
	if (node) {
		scan_flush(reader);
		node_push(scan, node);
	} else {
		scan_send_end(reader, element->dir, WIRE_END_UNREAD, ERROR_NOMEM);
	}
}

/* Look at one name of a batch and send what was found. */
static void look_at_name(struct reader *reader, struct reading *reading, uint32_t batch, const char *name, struct wire_attrs *element)
{
	look_at(reader, reading, name, element);
	send_element(reader, batch, element);
	if (element->what & WIRE_ATTRS_DIR)
		found_dir(reader, reading, name, element);
	element->index++;
}

/* Look at the names of a buffer of records that were sent. */
static void look_at_buffer(struct reader *reader, struct reading *reading, size_t len, uint32_t batch, unsigned count)
{
	struct wire_attrs element = { 0 };

	for (size_t at = 0; at < len && element.index < count;) {
		const struct fsys_dirent *dirent = (const void *)(reader->dents + at);

		at += dirent->len;
		if (dirent->type == SKIP_TYPE)
			continue;
		if (element.index % CHECK_STOP == 0 && scan_stopped(reader->scan))
			return;
		look_at_name(reader, reading, batch, dirent->name, &element);
	}
}

/* Look at names that were held; they are freed. */
static void look_at_held(struct reader *reader, struct reading *reading, struct held *held)
{
	struct wire_attrs element = { 0 };
	const char *name = held->names;

	while (element.index < held->count) {
		if (element.index % CHECK_STOP == 0 && scan_stopped(reader->scan))
			break;
		look_at_name(reader, reading, held->batch, name, &element);
		name += strlen(name) + 1;
	}
	atomic_fetch_sub_explicit(&reader->scan->held, held->size, memory_order_relaxed);
	free(held);
}

/* Are names held? */
static bool is_holding(struct reading *reading)
{
	bool holding;

	pthread_mutex_lock(&reading->read_lock);
	holding = reading->held != NULL;
	pthread_mutex_unlock(&reading->read_lock);
	return holding;
}

/* Hold the names of a buffer that were sent. False without memory for them. */
static bool hold(struct reader *reader, struct reading *reading, size_t len, uint32_t batch, unsigned count)
{
	struct held *held = malloc(sizeof *held + len);
	struct held *less;

	if (!held)
		return false;
	*held = (struct held){ .batch = batch, .count = count };
	for (size_t at = 0; at < len;) {
		const struct fsys_dirent *dirent = (const void *)(reader->dents + at);
		size_t name_size = strlen(dirent->name) + 1;

		at += dirent->len;
		if (dirent->type == SKIP_TYPE)
			continue;
		memcpy(held->names + held->size, dirent->name, name_size);
		held->size += name_size;
	}
	less = realloc(held, sizeof *held + held->size);
	held = less ? less : held;
	atomic_fetch_add_explicit(&reader->scan->held, held->size, memory_order_relaxed);
	scan_flush(reader); /* another thread may send their attributes */
	pthread_mutex_lock(&reading->read_lock);
	*(reading->held ? reading->held_end : &reading->held) = held;
	reading->held_end = &held->next;
	pthread_mutex_unlock(&reading->read_lock);
	return true;
}

/* Let idle threads take part in a large directory. */
static void share(struct reader *reader, struct reading *reading)
{
	struct scan *scan = reader->scan;
	bool start;

	if (!device_is_shared(reader))
		return;
	scan_flush(reader);
	pthread_mutex_lock(&scan->lock);
	if (!reading->listed) {
		reading->listed = true;
		reading->next = scan->shared;
		scan->shared = reading;
	}
	start = scan_want_thread(scan);
	pthread_mutex_unlock(&scan->lock);
	if (start)
		scan_start_thread(scan);
}

/* Take the next names from the directory. Returns the bytes of the reader's buffer that are in use, 0 at the end.   The directory is ours. */
static size_t take_names(struct reader *reader, struct reading *reading)
{
	ssize_t got = fsys_dir_read(&reading->dir, reader->dents, sizeof reader->dents);
	enum error error = got < 0 ? error_from_errno(errno) : ERROR_NONE;

	pthread_mutex_lock(&reading->read_lock);
	reading->busy = false;
	reading->ended = got <= 0;
	if (error)
		reading->error = error;
	pthread_mutex_unlock(&reading->read_lock);
	return got > 0 ? (size_t)got : 0;
}

/*
 * Send the names of a buffer. If there are more to come they come first: these are held meanwhile, for whoever has nothing
 * else to do.
 */
static void use_names(struct reader *reader, struct reading *reading, size_t len)
{
	uint32_t batch = 0;
	unsigned count = send_names(reader, reading, len, &batch);

	if (len >= SHARE_FROM && hold(reader, reading, len, batch, count))
		share(reader, reading);
	else
		look_at_buffer(reader, reading, len, batch, count);
}

/* Is there something to be done in a directory? Either its next names are ours to take, or those are that are returned as held. */
static bool next_part(const struct scan *scan, struct reading *reading, struct held **held)
{
	bool names;

	*held = NULL;
	pthread_mutex_lock(&reading->read_lock);
	names = !reading->ended && !reading->busy &&
		(!reading->held || atomic_load_explicit(&scan->held, memory_order_relaxed) < HELD_MOST);
	if (names) {
		reading->busy = true;
	} else if (reading->held) {
		*held = reading->held;
		reading->held = (*held)->next;
	}
	pthread_mutex_unlock(&reading->read_lock);
	return names || *held;
}

/*
 * Read on in a directory until nothing is left to be begun, together with others: names before attributes, by one thread at a
 * time. Who finds neither leaves those that are at it alone, and is called again by share().
 */
void scan_read_on(struct reader *reader, struct reading *reading)
{
	struct held *held;

	while (!scan_stopped(reader->scan) && next_part(reader->scan, reading, &held)) {
		size_t len;

		if (held) {
			look_at_held(reader, reading, held);
			continue;
		}
		len = take_names(reader, reading);
		if (len > 0)
			use_names(reader, reading, len);
		else if (is_holding(reading))
			share(reader, reading); /* for those that have left because the names were not theirs to take */
	}
}

static void unlist_reading(struct scan *scan, struct reading *reading)
{
	for (struct reading **at = &scan->shared; *at; at = &(*at)->next) {
		if (*at == reading) {
			*at = reading->next;
			break;
		}
	}
	reading->listed = false;
}

static void end_reading(struct reader *reader, struct reading *reading)
{
	struct scan *scan = reader->scan;
	uint32_t number = reading->node->number;

	if (!reading->ended || scan_stopped(scan)) /* others may have left names unlooked at */
		scan_send_end(reader, number, WIRE_END_PARTIAL, ERROR_CANCELED);
	else if (has_vanished(reading->error))
		scan_send_end(reader, number, WIRE_END_UNREAD, ERROR_NOENT);
	else if (reading->error)
		scan_send_end(reader, number, WIRE_END_PARTIAL, reading->error);
	else
		scan_send_end(reader, number, WIRE_END_COMPLETE, ERROR_NONE);
	while (reading->held) { /* after a stop */
		struct held *held = reading->held;

		reading->held = held->next;
		free(held);
	}
	fsys_dir_fini(&reading->dir);
	pthread_mutex_lock(&scan->anchor_lock);
	anchor_unref(scan, reading->below);
	pthread_mutex_unlock(&scan->anchor_lock);
	node_free(scan, reading->node);
	pthread_mutex_destroy(&reading->read_lock);
	free(reading);
}

/* Leave a directory; the last one ends it. */
void scan_leave(struct reader *reader, struct reading *reading)
{
	struct scan *scan = reader->scan;
	bool last;

	scan_flush(reader);
	pthread_mutex_lock(&scan->lock);
	if (reading->listed)
		unlist_reading(scan, reading);
	last = --reading->users == 0;
	pthread_mutex_unlock(&scan->lock);
	if (last)
		end_reading(reader, reading);
}
