/*
 * --count: totals per root. No tree is built: what an entry is and weighs is in its attributes. An inode is remembered
 * only if it can come again, a name only while its attributes are still to come, and of directories the path, for
 * messages.
 */
#include "headless.h"

#include "text.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

/* A directory or batch number may be this much ahead of the highest so far: producers overtake each other. */
enum { MAX_AHEAD = 1 << 16 };

/* Inodes that were seen; open addressing. A slot of zeroes is free. */
struct inodes {
	struct inode_slot {
		uint64_t dev;
		uint64_t ino;
	} *slots;
	size_t cap;              /* a power of two, or 0 */
	size_t used;
};

/* A batch of names; freed when all their attributes have come. */
struct batch {
	uint32_t dir;
	uint32_t left;           /* attributes still to come */
	uint32_t at;             /* index of the name that `next` is at */
	uint32_t next;
	uint32_t len;            /* of names */
	unsigned char names[];   /* as in the frame */
};

/* A directory by its number in the stream. */
struct counted_dir {
	uint32_t parent;
	uint32_t name;           /* 1 + place in the names: length, bytes; 0: not announced */
};

/* One root. */
struct counted {
	struct count *count;
	const char *root;
	uint64_t entries;
	uint64_t dirs;
	uint64_t files;
	uint64_t links;
	uint64_t others;
	uint64_t bytes;
	uint64_t disk;
	uint64_t errors;
	bool follow;             /* every inode can come again */
	bool began;
	struct inodes inodes;
	struct batch **batches;  /* by number */
	size_t batch_count;
	size_t batch_cap;
	struct counted_dir *by_number;
	size_t dir_count;
	size_t dir_cap;
	struct buf names;
};

struct count {
	const struct options *options;
	struct headless_out out;
	struct counted *roots;
	int status;
};

/* Inodes ----------------------------------------------------------------------------------------------- */

static struct inode_slot *inodes_find(const struct inodes *inodes, uint64_t dev, uint64_t ino)
{
	uint64_t hash = (ino ^ dev << 20) * UINT64_C(0x9e3779b97f4a7c15);

	for (size_t at = hash >> 32 & (inodes->cap - 1);; at = (at + 1) & (inodes->cap - 1)) {
		struct inode_slot *slot = &inodes->slots[at];

		if ((slot->ino == ino && slot->dev == dev) || (slot->ino == 0 && slot->dev == 0))
			return slot;
	}
}

static int inodes_grow(struct inodes *inodes)
{
	struct inodes grown = { .cap = inodes->cap ? inodes->cap * 2 : 1024 };

	grown.slots = calloc(grown.cap, sizeof *grown.slots);
	if (!grown.slots)
		return -1;
	for (size_t i = 0; i < inodes->cap; i++) {
		const struct inode_slot *slot = &inodes->slots[i];

		if (slot->ino || slot->dev)
			*inodes_find(&grown, slot->dev, slot->ino) = *slot;
	}
	grown.used = inodes->used;
	free(inodes->slots);
	*inodes = grown;
	return 0;
}

/* Remember an inode. Returns 1 if it is new, 0 if not, -1 with ENOMEM. */
static int inodes_add(struct inodes *inodes, uint64_t dev, uint64_t ino)
{
	struct inode_slot *slot;

	if ((inodes->used + 1) * 4 > inodes->cap * 3 && inodes_grow(inodes) != 0)
		return -1;
	slot = inodes_find(inodes, dev, ino);
	if (slot->ino == ino && slot->dev == dev && (ino || dev))
		return 0;
	*slot = (struct inode_slot){ dev, ino };
	inodes->used++;
	return 1;
}

/* Numbers of the stream -------------------------------------------------------------------------------- */

/* Make an array reach a number; new elements are zero. Returns 0, or -1 with EPROTO or ENOMEM. */
static int reach(void *items, size_t *count, size_t *cap, uint64_t number, size_t size)
{
	char *base;

	if (number < *count)
		return 0;
	if (number - *count > MAX_AHEAD) {
		errno = EPROTO;
		return -1;
	}
	if (vec_grow(items, cap, (size_t)number + 1, size) != 0)
		return -1;
	memcpy(&base, items, sizeof base);
	memset(base + *count * size, 0, ((size_t)number + 1 - *count) * size);
	*count = (size_t)number + 1;
	return 0;
}

/* The name at an index of a batch; those after the last one asked for are near. */
static bool batch_name(struct batch *batch, uint32_t index, struct wire_name *name)
{
	struct wire_reader in;

	if (index < batch->at)
		batch->at = batch->next = 0;
	in = (struct wire_reader){ batch->names + batch->next, batch->names + batch->len, true };
	for (;;) {
		const unsigned char *start = in.at;

		if (!wire_get_name(&in, name))
			return false;
		if (batch->at == index) {
			batch->next = (uint32_t)(start - batch->names);
			return true;
		}
		batch->at++;
	}
}

static void add_name(struct buf *path, const char *name, size_t len)
{
	if (path->len > 0 && path->data[path->len - 1] != '/')
		buf_add_byte(path, '/');
	buf_add(path, name, len);
}

/* Append the path of a directory: its names are found from the last one up, so they are put down from the end. */
static void dir_path(const struct counted *counted, uint32_t number, struct buf *path)
{
	struct buf numbers = BUF_INIT;

	buf_add_str(path, counted->root);
	for (; number; number = counted->by_number[number].parent)
		buf_add(&numbers, &number, sizeof number);
	while (numbers.len > 0) {
		const char *name;

		numbers.len -= sizeof number;
		memcpy(&number, numbers.data + numbers.len, sizeof number);
		name = counted->names.data + counted->by_number[number].name - 1;
		add_name(path, name + 1, (unsigned char)*name);
	}
	buf_fini(&numbers);
}

/* Something could not be read: a directory, or with `name` what is in it. */
static void complain(struct counted *counted, uint32_t dir, const struct wire_name *name, enum error error, bool partial)
{
	struct buf path = BUF_INIT;
	struct buf words = BUF_INIT;

	counted->errors++;
	counted->count->status = HEADLESS_TROUBLE;
	dir_path(counted, dir, &path);
	if (name)
		add_name(&path, name->name, name->len);
	buf_printf(&words, "%s%s", partial ? "incomplete: " : "", error_text(error));
	headless_say(path.data, path.len, buf_str(&words) ? words.data : error_text(ERROR_NOMEM));
	buf_fini(&words);
	buf_fini(&path);
}

/* Counting --------------------------------------------------------------------------------------------- */

static void count_type(struct counted *counted, uint32_t mode)
{
	counted->entries++;
	switch (mode & S_IFMT) {
	case S_IFDIR:
		counted->dirs++;
		break;
	case S_IFREG:
		counted->files++;
		break;
	case S_IFLNK:
		counted->links++;
		break;
	default:
		counted->others++;
		break;
	}
}

static int count_attrs(struct counted *counted, const struct attrs *attrs)
{
	int fresh = 1;

	count_type(counted, attrs->mode);
	if (counted->follow || (attrs->nlink > 1 && !S_ISDIR(attrs->mode)))
		fresh = inodes_add(&counted->inodes, attrs->dev, attrs->ino);
	if (fresh > 0) {
		counted->bytes += attrs->size;
		counted->disk += attrs->blocks * 512;
	}
	return fresh < 0 ? -1 : 0;
}

/* Remember the name of a directory that was announced. */
static int announce_dir(struct counted *counted, struct batch *batch, const struct wire_attrs *element)
{
	struct counted_dir *dir;
	struct wire_name name;

	if (reach(&counted->by_number, &counted->dir_count, &counted->dir_cap, element->dir, sizeof *dir) != 0)
		return -1;
	dir = &counted->by_number[element->dir];
	if (!element->dir || dir->name || !batch_name(batch, element->index, &name) || counted->names.len > UINT32_MAX - 512) {
		errno = EPROTO;
		return -1;
	}
	*dir = (struct counted_dir){ .parent = batch->dir, .name = (uint32_t)counted->names.len + 1 };
	buf_add_byte(&counted->names, name.len);
	buf_add(&counted->names, name.name, name.len);
	return counted->names.failed ? -1 : 0;
}

static int take_element(struct counted *counted, struct batch *batch, const struct wire_attrs *element)
{
	struct wire_name name;

	if (element->what & WIRE_ATTRS_GONE)
		return 0;
	if (element->what & WIRE_ATTRS_DIR && announce_dir(counted, batch, element) != 0)
		return -1;
	if (element->what & WIRE_ATTRS_STAT && count_attrs(counted, &element->attrs) != 0)
		return -1;
	if (!(element->what & WIRE_ATTRS_ERROR))
		return 0;
	if (!batch_name(batch, element->index, &name)) {
		errno = EPROTO;
		return -1;
	}
	if (!(element->what & WIRE_ATTRS_STAT))
		count_type(counted, DTTOIF(name.type));
	complain(counted, batch->dir, &name, (enum error)element->error, false);
	return 0;
}

static int take_attrs(struct counted *counted, struct wire_reader *in)
{
	uint64_t number = wire_get_varint(in);
	struct batch *batch = number < counted->batch_count ? counted->batches[number] : NULL;
	struct wire_attrs element = { .what = 0 };

	errno = EPROTO;
	if (!in->ok || !batch)
		return -1;
	while (wire_get_element(in, &element)) {
		if (batch->left == 0 || take_element(counted, batch, &element) != 0)
			return -1;
		batch->left--;
	}
	if (batch->left == 0) {
		free(batch);
		counted->batches[number] = NULL;
	}
	errno = EPROTO;
	return in->ok ? 0 : -1;
}

static int take_names(struct counted *counted, struct wire_reader *in)
{
	uint64_t dir = wire_get_varint(in);
	uint64_t number = wire_get_varint(in);
	size_t len = (size_t)(in->end - in->at);
	const unsigned char *names = in->at;
	struct batch *batch;
	struct wire_name name;
	uint32_t count = 0;

	errno = EPROTO;
	if (!in->ok || dir >= size_max(counted->dir_count, 1))
		return -1;
	while (wire_get_name(in, &name))
		count++;
	if (!in->ok || reach(&counted->batches, &counted->batch_count, &counted->batch_cap, number, sizeof batch) != 0)
		return -1;
	if (counted->batches[number] || count == 0)
		return count == 0 ? 0 : -1;
	batch = malloc(sizeof *batch + len);
	if (!batch)
		return -1;
	*batch = (struct batch){ .dir = (uint32_t)dir, .left = count, .len = (uint32_t)len };
	memcpy(batch->names, names, len);
	counted->batches[number] = batch;
	return 0;
}

/* A directory was opened; the top one is an entry that nobody else tells of. */
static int take_begin(struct counted *counted, struct wire_reader *in)
{
	uint64_t dir = wire_get_varint(in);
	struct attrs attrs;

	wire_get_attrs(in, &attrs);
	errno = EPROTO;
	if (!in->ok || (dir == 0 && counted->began))
		return -1;
	counted->began = true;
	return dir == 0 ? count_attrs(counted, &attrs) : 0;
}

static int take_end(struct counted *counted, struct wire_reader *in)
{
	uint64_t dir = wire_get_varint(in);
	enum error error = (enum error)wire_get_u8(in);
	unsigned how = wire_get_u8(in);

	errno = EPROTO;
	if (!in->ok || dir >= size_max(counted->dir_count, 1))
		return -1;
	if (how != WIRE_END_PARTIAL && how != WIRE_END_UNREAD)
		return 0;
	if (dir == 0 && !counted->began && !headless_is_missing(error))
		count_type(counted, S_IFDIR);
	if (how == WIRE_END_PARTIAL || error != ERROR_NOENT || dir == 0)
		complain(counted, (uint32_t)dir, NULL, error, how == WIRE_END_PARTIAL);
	return 0;
}

static int take_done(struct counted *counted, struct wire_reader *in)
{
	enum error error = (enum error)wire_get_u8(in);

	if (error)
		complain(counted, 0, NULL, error, true);
	return 0;
}

static bool take_frame(void *arg, size_t index, const struct wire_frame *frame, const void *bytes, size_t len)
{
	static int (*const takers[])(struct counted *counted, struct wire_reader *in) = {
		[WIRE_BEGIN] = take_begin, [WIRE_NAMES] = take_names, [WIRE_ATTRS] = take_attrs,
		[WIRE_END] = take_end, [WIRE_DONE] = take_done,
	};
	struct count *count = arg;
	struct counted *counted = &count->roots[index];
	struct wire_reader in = frame->payload;

	(void)bytes;
	(void)len;
	if (frame->type < ARRAY_LEN(takers) && takers[frame->type] && takers[frame->type](counted, &in) == 0)
		return true;
	headless_say(counted->root, strlen(counted->root), errno == ENOMEM ? error_text(ERROR_NOMEM) : "sent damaged data");
	counted->errors++;
	return false;
}

static void take_failure(void *arg, size_t index)
{
	struct count *count = arg;

	count->roots[index].errors++;
}

/* The whole -------------------------------------------------------------------------------------------- */

static void print_text(const struct headless_out *out, struct buf *to, const uint64_t *figures, size_t len, const char *root)
{
	for (size_t i = 0; i < len; i++) {
		json_unsigned(to, figures[i]);
		buf_add_byte(to, '\t');
	}
	headless_out_name(out, to, root, strlen(root));
}

static void print_json(const struct headless_out *out, struct buf *to, const uint64_t *figures, size_t len, const char *root)
{
	static const char *const names[] = { "entries", "dirs", "files", "links", "others", "bytes", "disk", "errors" };

	buf_add_byte(to, '{');
	for (size_t i = 0; i < len; i++) {
		buf_printf(to, "\"%s\":", names[i]);
		json_unsigned(to, figures[i]);
		buf_add_byte(to, ',');
	}
	json_bytes(to, "root", root, strlen(root), out->text_flags & TEXT_ASCII);
	buf_add_byte(to, '}');
}

static void print(struct count *count, const struct counted *counted)
{
	const uint64_t figures[] = { counted->entries, counted->dirs, counted->files, counted->links,
				     counted->others, counted->bytes, counted->disk, counted->errors };

	if (counted->entries == 0)
		return;
	if (count->options->format == FORMAT_JSON)
		print_json(&count->out, &count->out.buf, figures, ARRAY_LEN(figures), counted->root);
	else
		print_text(&count->out, &count->out.buf, figures, ARRAY_LEN(figures), counted->root);
	headless_out_end(&count->out, &count->out.buf);
}

static void fini_root(struct counted *counted)
{
	for (size_t i = 0; i < counted->batch_count; i++)
		free(counted->batches[i]);
	free(counted->batches);
	free(counted->by_number);
	free(counted->inodes.slots);
	buf_fini(&counted->names);
}

int headless_count(const struct options *options)
{
	struct count count = { .options = options };
	const struct headless_scan scan = { .frame = take_frame, .failed = take_failure, .arg = &count };
	int status;

	headless_out_init(&count.out, options);
	count.roots = calloc(options->roots.len, sizeof *count.roots);
	if (!count.roots) {
		headless_say("count", strlen("count"), error_text(ERROR_NOMEM));
		return HEADLESS_TROUBLE;
	}
	for (size_t i = 0; i < options->roots.len; i++)
		count.roots[i] = (struct counted){ .count = &count, .root = options->roots.items[i], .follow = options->session.follow };
	status = headless_scan(options, &scan);
	for (size_t i = 0; i < options->roots.len; i++) {
		print(&count, &count.roots[i]);
		fini_root(&count.roots[i]);
	}
	free(count.roots);
	return headless_out_fini(&count.out, status ? status : count.status);
}
