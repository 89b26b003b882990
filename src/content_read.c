/*
 * Reading the files of one row side by side. They begin as one group for each size; whenever the bytes of a group's members are not
 * the same, it falls into smaller ones; a group of one is read no further. What is a hole in all of a group is passed over, in whole
 * chunks, but no more of a file than it lacks on disk: where it takes as much as it is long, its holes are not believed.
 */
#include "content_impl.h"

#include "fsys.h"
#include "fsys_facts.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
	NO_GROUP = 255,
	ADVISE_FROM = 256 * 1024, /* bytes: what is smaller, the system reads ahead as a whole */
};

/* A file that is being read. */
struct member {
	const struct compare_file *file;
	char *bytes;         /* of this turn */
	size_t len;
	uint64_t offset;     /* of what comes next */
	uint64_t read;       /* where the descriptor stands */
	uint64_t lacks;      /* bytes that it has not on disk, those passed over left out */
	uint64_t data;       /* up to here it has data, as far as was asked */
	int64_t ctime;       /* when it was opened: a change that puts the mtime back is one */
	struct content_link *link; /* what is known of it under other names; NULL: it has none */
	struct content_hash hash;  /* of this turn, for who has no bytes, */
	bool hashed;         /* as this one */
	int fd;
	uint8_t group;       /* its number is that of the first member; NO_GROUP: in none */
	bool ended;
};

/* The files of a row. */
struct row_files {
	struct content_reader *reader;
	struct member members[COMPARE_MAX_PANES];
	uint8_t same[COMPARE_MAX_PANES]; /* the first member with the same inode, itself as a rule */
	uint8_t *answers;
	size_t count;
	bool hashes;         /* some have several names: what is read is hashed, */
	size_t chunk;        /* and more at a time */
};

/* Directories ----------------------------------------------------------------------------------------- */

int content_reader_init(struct content_reader *reader)
{
	reader->tops = malloc(reader->count * sizeof *reader->tops);
	reader->dirs = malloc(reader->count * sizeof *reader->dirs);
	reader->bytes = malloc(reader->count * CONTENT_CHUNK);
	if (!reader->tops || !reader->dirs || !reader->bytes) {
		content_reader_fini(reader);
		errno = ENOMEM;
		return -1;
	}
	for (size_t i = 0; i < reader->count; i++)
		reader->tops[i] = reader->dirs[i] = -1;
	return 0;
}

static void close_dirs(struct content_reader *reader)
{
	for (size_t i = 0; i < reader->count; i++) {
		fsys_close(reader->dirs[i]);
		reader->dirs[i] = -1;
	}
}

void content_reader_fini(struct content_reader *reader)
{
	if (reader->bytes) {
		close_dirs(reader);
		for (size_t i = 0; i < reader->count; i++)
			fsys_close(reader->tops[i]);
	}
	free(reader->tops);
	free(reader->dirs);
	free(reader->bytes);
	free(reader->pieces);
	buf_fini(&reader->path);
	reader->tops = reader->dirs = NULL;
	reader->bytes = reader->pieces = NULL;
}

/* Component by component, through links to directories. */
static int open_through_links(int fd, const char *path)
{
	struct buf name = BUF_INIT;
	int at = fd;

	while (at >= 0 && *path) {
		size_t len = strcspn(path, "/");
		int next = -1;

		buf_clear(&name);
		buf_add(&name, path, len);
		if (buf_str(&name))
			next = fsys_open_dir_follow(at, name.data);
		if (at != fd)
			fsys_close(at);
		at = next;
		path += len + (path[len] == '/');
	}
	buf_fini(&name);
	return at;
}

static int open_below(const struct content_reader *reader, int fd, const char *path)
{
	int opened;

	if (!*path)
		return fsys_dup(fd);
	opened = fsys_open_beneath(fd, path);
	if (opened < 0 && reader->follow && (errno == ELOOP || errno == ENOTDIR))
		opened = open_through_links(fd, path);
	return opened;
}

static int open_top(const struct content_reader *reader, size_t pane)
{
	const struct content_place *place = &reader->places[pane];
	int fd = fsys_open_root(place->root);
	int top;

	if (fd < 0 || !*place->below)
		return fd;
	top = open_below(reader, fd, place->below);
	fsys_close(fd);
	return top;
}

/* The batch's directory in a pane. Returns -1 with errno. */
static int dir_of(struct content_reader *reader, const struct content_batch *batch, size_t pane)
{
	if (reader->dirs[pane] >= 0)
		return reader->dirs[pane];
	if (!reader->places[pane].below) {
		errno = EOPNOTSUPP;
		return -1;
	}
	if (reader->tops[pane] < 0)
		reader->tops[pane] = open_top(reader, pane);
	if (reader->tops[pane] >= 0)
		reader->dirs[pane] = open_below(reader, reader->tops[pane], batch->paths[pane] ? batch->paths[pane] : batch->path);
	return reader->dirs[pane];
}

/* Files ----------------------------------------------------------------------------------------------- */

/* A member that could not be read, or is another file than was asked for. */
static void refuse(struct row_files *row, size_t index, enum error error)
{
	row->answers[index] = COMPARE_ANSWER_ERROR(error);
	row->members[index].group = NO_GROUP;
}

/* What a file that was there a moment ago answers when it is something else now. */
static enum error open_error(int number)
{
	static const int changed[] = { ENOENT, ELOOP, ENOTDIR, ENXIO, ENODEV, EISDIR, ESTALE };

	for (size_t i = 0; i < ARRAY_LEN(changed); i++) {
		if (changed[i] == number)
			return ERROR_CHANGED;
	}
	return error_from_errno(number);
}

/* Is the open file what was asked for? */
static bool is_asked_for(const struct member *member, struct attrs *attrs)
{
	const struct compare_file *file = member->file;

	return fsys_stat(member->fd, "", 0, attrs) == 0 && S_ISREG(attrs->mode) && attrs->dev == file->dev && attrs->ino == file->ino &&
	       attrs->size == file->size && attrs->mtime == file->mtime;
}

/* How many of the files are names of this one's inode. */
static unsigned names_of(const struct row_files *row, size_t index)
{
	unsigned names = 0;

	for (size_t i = 0; i < row->count; i++)
		names += row->same[i] == index;
	return names;
}

/* A large file and what it takes on disk: how much of it can be holes? */
static uint64_t lacking(const struct attrs *attrs)
{
	enum { BLOCK = 512 };

	if (attrs->size <= CONTENT_CHUNK || attrs->blocks >= attrs->size / BLOCK)
		return 0;
	return attrs->size - attrs->blocks * BLOCK;
}

static void open_member(struct row_files *row, const struct content_batch *batch, size_t index, const char *name)
{
	struct member *member = &row->members[index];
	int dir = dir_of(row->reader, batch, member->file->pane);
	struct attrs attrs = { 0 };

	member->fd = dir >= 0 ? fsys_open_found(dir, name) : -1;
	if (member->fd < 0) {
		refuse(row, index, open_error(errno));
		return;
	}
	if (!is_asked_for(member, &attrs)) {
		refuse(row, index, ERROR_CHANGED);
		return;
	}
	if (member->file->size > ADVISE_FROM)
		fsys_advise_sequential(member->fd);
	member->ctime = attrs.ctime;
	member->lacks = lacking(&attrs);
	/* of one with holes little is read, and it may have very many chunks */
	member->link = member->lacks ? NULL : content_links_take(row->reader->links, &attrs, names_of(row, index));
	row->hashes |= member->link != NULL;
}

/* Files of one size are a group; of several names of one inode only the first one is read. */
static void make_groups(struct row_files *row)
{
	for (size_t i = 0; i < row->count; i++) {
		const struct compare_file *file = row->members[i].file;

		row->same[i] = row->members[i].group = (uint8_t)i;
		for (size_t first = i; first-- > 0;) {
			const struct compare_file *other = row->members[first].file;

			if (other->size != file->size || row->same[first] != first)
				continue;
			row->members[i].group = row->members[first].group;
			if (other->dev && other->dev == file->dev && other->ino == file->ino)
				row->same[i] = (uint8_t)first;
		}
		if (row->same[i] != i)
			row->members[i].group = NO_GROUP;
	}
}

static bool has_company(const struct row_files *row, size_t index)
{
	for (size_t i = 0; i < row->count; i++) {
		if (i != index && row->members[i].group == row->members[index].group)
			return row->members[index].group != NO_GROUP;
	}
	return false;
}

/* Is there more to read for this member? */
static bool goes_on(const struct row_files *row, size_t index)
{
	return !row->members[index].ended && has_company(row, index);
}

/* How many of a member's next bytes are a hole. One that begins in the middle of data is found a little later. */
static uint64_t hole_of(struct member *member)
{
	enum { LATER = 64 * CONTENT_CHUNK };
	uint64_t data;

	if (member->lacks == 0 || member->offset >= member->file->size || member->offset < member->data)
		return 0;
	data = fsys_next_data(member->fd, member->offset, member->file->size);
	member->read = UINT64_MAX;
	if (data == member->offset)
		member->data = data + LATER;
	return data - member->offset < member->lacks ? data - member->offset : member->lacks;
}

/* The whole chunks of a hole. */
static uint64_t whole_chunks(const struct row_files *row, uint64_t hole)
{
	return hole - hole % row->chunk;
}

/* Pass over what is a hole in all members of a group that are read. */
static void pass_holes(struct row_files *row, const bool *read)
{
	uint64_t holes[COMPARE_MAX_PANES];

	for (size_t i = 0; i < row->count; i++)
		holes[i] = read[i] ? hole_of(&row->members[i]) : 0;
	for (size_t i = 0; i < row->count; i++) {
		uint64_t hole = holes[i];

		for (size_t other = 0; other < row->count; other++) {
			if (read[other] && row->members[other].group == row->members[i].group && holes[other] < hole)
				hole = holes[other];
		}
		hole = whole_chunks(row, hole);
		row->members[i].offset += hole;
		row->members[i].lacks -= hole;
	}
}

/* Where a chunk at this offset ends, if the file is as large as it should be. */
static uint64_t chunk_end(const struct row_files *row, const struct member *member)
{
	uint64_t left = member->file->size - member->offset;

	return member->offset + (left < row->chunk ? left : row->chunk);
}

/*
 * The next bytes: a whole chunk unless the file ends. Its size is not believed: files made by the kernel are longer or shorter than
 * they say. Returns errno.
 */
static int read_bytes(const struct row_files *row, struct member *member)
{
	if (member->read != member->offset && lseek(member->fd, (off_t)member->offset, SEEK_SET) < 0)
		return errno;
	while (member->len < row->chunk && !member->ended) {
		size_t room = row->chunk - member->len;
		ssize_t got = fsys_read(member->fd, member->bytes + member->len, room);

		if (got < 0)
			return errno;
		member->len += (size_t)got;
		member->offset += (uint64_t)got;
		member->ended = got == 0 || (member->offset == member->file->size && (size_t)got < room);
	}
	member->read = member->offset;
	return 0;
}

/* The chunk was read under another name: go on behind it. */
static void pass_chunk(const struct row_files *row, struct member *member, uint64_t end)
{
	member->len = (size_t)(end - member->offset);
	member->offset = end;
	member->ended = end == member->file->size && member->len < row->chunk; /* as reading would have told */
	member->hashed = true;
}

/* The next chunk, or its hash when that is known. Returns errno. */
static int read_chunk(const struct row_files *row, struct member *member)
{
	struct content_links *links = row->reader->links;
	size_t at = (size_t)(member->offset / row->chunk);
	uint64_t end = chunk_end(row, member);
	int error;

	member->len = 0;
	member->hashed = false;
	if (member->link) {
		enum content_link_next next = content_links_next(links, member->link, at, row->reader->stop, &member->hash);

		if (next == LINK_KNOWN)
			pass_chunk(row, member, end);
		if (next != LINK_READ)
			return next == LINK_STOPPED ? ECANCELED : 0;
	}
	error = read_bytes(row, member);
	atomic_fetch_add_explicit(row->reader->read, member->len, memory_order_relaxed);
	if (row->hashes && !error)
		member->hash = content_links_hash(links, member->bytes, member->len);
	if (member->link)
		content_links_put(links, member->link, at, !error && member->offset == end ? &member->hash : NULL);
	return error;
}

/* Read on, ERROR_NONE if that went well. One that is written to all the time would have no end. */
static enum error read_on(const struct row_files *row, struct member *member)
{
	struct attrs attrs;
	int error = read_chunk(row, member);

	if (error)
		return error_from_errno(error);
	return member->offset > member->file->size && !is_asked_for(member, &attrs) ? ERROR_CHANGED : ERROR_NONE;
}

static bool same_bytes(const struct member *a, const struct member *b)
{
	if (a->len != b->len || a->ended != b->ended)
		return false;
	if (a->hashed || b->hashed)
		return memcmp(&a->hash, &b->hash, sizeof a->hash) == 0;
	return memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* Split the groups whose members have just read different bytes. */
static void split_groups(struct row_files *row, const bool *read)
{
	uint8_t before[COMPARE_MAX_PANES];

	for (size_t i = 0; i < row->count; i++)
		before[i] = row->members[i].group;
	for (size_t i = 0; i < row->count; i++) {
		if (!read[i] || before[i] == NO_GROUP)
			continue;
		row->members[i].group = (uint8_t)i;
		for (size_t first = 0; first < i; first++) {
			if (read[first] && before[first] == before[i] && same_bytes(&row->members[first], &row->members[i])) {
				row->members[i].group = row->members[first].group;
				break;
			}
		}
	}
}

/* One turn: a chunk of every file that still equals another. Returns whether there is more. */
static bool read_turn(struct row_files *row)
{
	bool read[COMPARE_MAX_PANES];
	bool any = false;

	for (size_t i = 0; i < row->count; i++)
		read[i] = goes_on(row, i);
	pass_holes(row, read);
	for (size_t i = 0; i < row->count; i++) {
		enum error error = read[i] ? read_on(row, &row->members[i]) : ERROR_NONE;

		any |= read[i];
		if (error)
			refuse(row, i, error);
	}
	if (any)
		split_groups(row, read);
	return any;
}

/* The answer of an earlier member of the same group, or 0. */
static uint8_t answer_before(const struct row_files *row, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (row->members[i].group == row->members[index].group)
			return row->answers[i];
	}
	return 0;
}

/* Groups become classes, counted from 1; those that could not be read have their answers. */
static void answer(struct row_files *row)
{
	uint8_t classes = 0;

	for (size_t i = 0; i < row->count; i++) {
		if (row->same[i] != i)
			row->answers[i] = row->answers[row->same[i]];
		if (row->answers[i])
			continue;
		row->answers[i] = answer_before(row, i);
		if (!row->answers[i])
			row->answers[i] = ++classes;
	}
}

/* Look at the files once more: what has changed while it was read was not read. */
static void check_after(struct row_files *row)
{
	for (size_t i = 0; i < row->count; i++) {
		struct member *member = &row->members[i];
		bool changed = false;
		struct attrs attrs;

		if (member->fd >= 0 && member->group != NO_GROUP)
			changed = !is_asked_for(member, &attrs) || attrs.ctime != member->ctime;
		if (changed)
			refuse(row, i, ERROR_CHANGED);
		content_links_give(row->reader->links, member->link, changed);
		fsys_close(member->fd);
	}
}

/* Have room for what is read at a time. Without memory nobody knows a file by another name. */
static void place_bytes(struct row_files *row)
{
	struct content_reader *reader = row->reader;

	if (row->hashes && !reader->pieces)
		reader->pieces = malloc(reader->count * CONTENT_PIECE);
	for (size_t i = 0; row->hashes && !reader->pieces && i < row->count; i++) {
		content_links_give(reader->links, row->members[i].link, false);
		row->members[i].link = NULL;
	}
	row->hashes &= reader->pieces != NULL;
	row->chunk = row->hashes ? CONTENT_PIECE : CONTENT_CHUNK;
	for (size_t i = 0; i < row->count; i++)
		row->members[i].bytes = (row->hashes ? reader->pieces : reader->bytes) + i * row->chunk;
}

static void read_row(struct content_reader *reader, const struct content_batch *batch, const struct content_set *set)
{
	struct row_files row = { .reader = reader, .answers = &batch->answers[set->first], .count = set->count };
	bool needed[COMPARE_MAX_PANES];
	bool stopped = false;

	for (size_t i = 0; i < row.count; i++)
		row.members[i] = (struct member){ .file = &batch->files[set->first + i], .fd = -1 };
	make_groups(&row);
	for (size_t i = 0; i < row.count; i++)
		needed[i] = has_company(&row, i);
	for (size_t i = 0; i < row.count; i++) {
		if (needed[i])
			open_member(&row, batch, i, batch->names.data + batch->file_names[set->first + i]);
	}
	place_bytes(&row);
	while (!stopped && read_turn(&row))
		stopped = atomic_load_explicit(reader->stop, memory_order_relaxed);
	check_after(&row);
	if (!stopped)
		answer(&row);
}

static bool has_paths(const struct content_batch *batch)
{
	for (size_t i = 0; i < ARRAY_LEN(batch->paths); i++) {
		if (batch->paths[i])
			return true;
	}
	return false;
}

void content_reader_run(struct content_reader *reader, struct content_batch *batch)
{
	if (!reader->bytes) {
		memset(batch->answers, COMPARE_ANSWER_ERROR(ERROR_NOMEM), batch->file_count);
		return;
	}
	if (!reader->path.data || strcmp(reader->path.data, batch->path) != 0 || reader->apart || has_paths(batch)) {
		close_dirs(reader);
		buf_clear(&reader->path);
		buf_add_str(&reader->path, batch->path);
		reader->apart = has_paths(batch);
	}
	if (!buf_str(&reader->path)) {
		memset(batch->answers, COMPARE_ANSWER_ERROR(ERROR_NOMEM), batch->file_count);
		return;
	}
	for (size_t i = 0; i < batch->set_count && !atomic_load_explicit(reader->stop, memory_order_relaxed); i++)
		read_row(reader, batch, &batch->sets[i]);
}
