/*
 * --list: every entry as soon as it is known.
 *
 *   frames ─▶ scan_view_apply() ─▶ events ─▶ record ─▶ standard output
 *                                    │         └─ with --sort: kept, sorted at the end
 *                                    └─ held: what cannot be printed yet
 *
 * A directory is held in two cases: for json until it has ended, because only then its `error` is known; with
 * --depth-first until it and all directories in it have ended. ncdu's form nests and is written from the finished tree.
 */
#include "headless.h"

#include "apply.h"
#include "headless_ncdu.h"
#include "text.h"

#include <errno.h>
#include <string.h>

/* A directory that is not printed yet. */
struct held {
	struct attrs attrs;
	uint32_t waits;      /* 1 for its own end, and with --depth-first 1 for each held directory in it */
	bool known;          /* `attrs` are set */
	bool partial;
	enum error error;
};

/* One root. */
struct listed {
	struct list *list;
	const char *root;
	size_t root_len;
	struct tree *tree;
	struct scan_view *view;
	struct held **held;  /* by entry */
	size_t held_cap;
	entry_id held_last;  /* the highest number that was ever held */
	entry_id dir;        /* whose path is in `path`; 0: none */
	size_t dir_len;
	struct buf path;     /* of the last entry that was printed */
};

/* A record that waits to be sorted: places in `list->kept`. */
struct kept {
	size_t path;
	size_t path_len;
	size_t record;
	size_t record_len;
};

struct list {
	const struct options *options;
	struct headless_out out;
	struct listed *roots;
	bool hold;           /* directories are held at all */
	bool ascii;
	int status;
	struct buf kept;
	struct kept *order;
	size_t order_len;
	size_t order_cap;
};

/* Records ---------------------------------------------------------------------------------------------- */

/* What is known of an entry when its record is made. */
struct fact {
	const struct attrs *attrs;   /* NULL: unknown */
	const char *target;          /* NULL: none */
	size_t target_len;
	enum error error;
};

/* The path of an entry: the root as given, a slash unless that ends in one, the rest. */
static void make_path(struct listed *listed, entry_id id)
{
	entry_id parent = tree_entry(listed->tree, id)->parent;
	const char *name;
	size_t len;

	if (id == TREE_ROOT) {
		buf_clear(&listed->path);
		buf_add(&listed->path, listed->root, listed->root_len);
		listed->dir = 0;
		return;
	}
	if (parent != listed->dir) {
		buf_clear(&listed->path);
		buf_add(&listed->path, listed->root, listed->root_len);
		if (listed->root_len == 0 || listed->root[listed->root_len - 1] != '/')
			buf_add_byte(&listed->path, '/');
		tree_path(listed->tree, parent, &listed->path);
		if (parent != TREE_ROOT)
			buf_add_byte(&listed->path, '/');
		listed->dir = parent;
		listed->dir_len = listed->path.len;
	}
	name = tree_name(listed->tree, id, &len);
	if (!listed->path.failed)
		listed->path.len = listed->dir_len;
	buf_add(&listed->path, name, len);
}

static const char *type_word(uint32_t mode)
{
	static const struct {
		uint32_t type;
		const char *word;
	} types[] = {
		{ S_IFREG, "FILE" }, { S_IFDIR, "DIR" },  { S_IFLNK, "LINK" },  { S_IFIFO, "FIFO" },
		{ S_IFSOCK, "SOCK" }, { S_IFCHR, "CHAR" }, { S_IFBLK, "BLOCK" },
	};

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (types[i].type == (mode & S_IFMT))
			return types[i].word;
	}
	return "UNKNOWN";
}

/* `[scan:ROOT] [WORD] path` */
static void add_typed(struct listed *listed, struct buf *to, const char *word)
{
	const struct headless_out *out = &listed->list->out;

	buf_add_str(to, "[scan:");
	headless_out_name(out, to, listed->root, listed->root_len);
	buf_add_str(to, "] [");
	buf_add_str(to, word);
	buf_add_str(to, "] ");
	headless_out_name(out, to, listed->path.data, listed->path.len);
}

static void add_record(struct listed *listed, struct buf *to, entry_id id, const struct fact *fact)
{
	const struct list *list = listed->list;
	uint32_t mode = fact->attrs ? fact->attrs->mode : tree_entry(listed->tree, id)->mode;

	switch (list->options->format) {
	case FORMAT_TYPED:
		add_typed(listed, to, type_word(mode));
		break;
	case FORMAT_JSON:
		json_entry(to, listed->path.data, listed->path.len, fact->attrs, mode, fact->target, fact->target_len,
			   fact->error ? error_text(fact->error) : NULL, list->ascii);
		break;
	default:
		headless_out_name(&list->out, to, listed->path.data, listed->path.len);
		break;
	}
	headless_out_end(&list->out, to);
}

/* With --sort: remember the record that was added to `kept` at `record`. */
static void keep(struct list *list, const struct buf *path, size_t record)
{
	struct kept *kept;

	if (list->kept.failed || vec_grow(&list->order, &list->order_cap, list->order_len + 1, sizeof *list->order) != 0) {
		list->kept.failed = true;
		return;
	}
	kept = &list->order[list->order_len++];
	*kept = (struct kept){ .record = record, .record_len = list->kept.len - record, .path = list->kept.len, .path_len = path->len };
	buf_add(&list->kept, path->data, path->len);
}

static void print(struct listed *listed, entry_id id, const struct fact *fact)
{
	struct list *list = listed->list;
	size_t start = list->kept.len;

	if (list->options->format == FORMAT_NCDU)
		return;
	make_path(listed, id);
	if (listed->path.failed) {
		/* the line is lost: the end of memory is told by what would have held it */
		list->out.buf.failed = true;
		headless_out_flush(&list->out, false);
		return;
	}
	if (!list->options->sort) {
		add_record(listed, &list->out.buf, id, fact);
		headless_out_flush(&list->out, false);
		return;
	}
	add_record(listed, &list->kept, id, fact);
	keep(list, &listed->path, start);
}

/* What could not be read: on standard error, and in the typed form as a record of its own. */
static void complain(struct listed *listed, entry_id id, enum error error, bool partial)
{
	struct list *list = listed->list;
	struct buf *to = list->options->sort ? &list->kept : &list->out.buf;
	size_t start = to->len;
	struct buf words = BUF_INIT;

	list->status = HEADLESS_TROUBLE;
	make_path(listed, id);
	buf_printf(&words, "%s%s", partial ? "incomplete: " : "", error_text(error));
	headless_say(listed->path.data, listed->path.len, buf_str(&words) ? words.data : error_text(ERROR_NOMEM));
	if (list->options->format == FORMAT_TYPED && !words.failed) {
		add_typed(listed, to, "SKIP");
		buf_printf(to, " (%s)", words.data);
		headless_out_end(&list->out, to);
		if (list->options->sort)
			keep(list, &listed->path, start);
	}
	buf_fini(&words);
}

/* Held directories ------------------------------------------------------------------------------------- */

static struct held *held_of(const struct listed *listed, entry_id id)
{
	return id < listed->held_cap ? listed->held[id] : NULL;
}

static struct held *hold(struct listed *listed, entry_id id)
{
	size_t old = listed->held_cap;
	struct held *held = calloc(1, sizeof *held);

	if (!held || vec_grow(&listed->held, &listed->held_cap, (size_t)id + 1, sizeof(struct held *)) != 0) {
		free(held);
		listed->list->kept.failed = true;
		return NULL;
	}
	memset(listed->held + old, 0, (listed->held_cap - old) * sizeof(struct held *));
	free(listed->held[id]);
	listed->held[id] = held;
	listed->held_last = id > listed->held_last ? id : listed->held_last;
	held->waits = 1;
	return held;
}

static void print_held(struct listed *listed, entry_id id)
{
	struct held *held = listed->held[id];
	struct fact fact = { .attrs = held->known ? &held->attrs : NULL, .error = held->error };

	listed->held[id] = NULL;
	print(listed, id, &fact);
	if (held->error)
		complain(listed, id, held->error, held->partial);
	free(held);
}

/* One thing less to wait for; with --depth-first the directories above may then be due, too. */
static void release(struct listed *listed, entry_id id)
{
	for (;;) {
		struct held *held = held_of(listed, id);

		if (!held || --held->waits > 0)
			return;
		print_held(listed, id);
		if (!listed->list->options->depth_first || id == TREE_ROOT)
			return;
		id = tree_entry(listed->tree, id)->parent;
	}
}

/* A held directory has vanished: it leaves the tree, with all that is in it, and no more will be heard of that. */
static void drop_held(struct listed *listed, entry_id id)
{
	free(listed->held[id]);
	listed->held[id] = NULL;
	if (listed->list->options->depth_first)
		release(listed, tree_entry(listed->tree, id)->parent);
}

/* Events ----------------------------------------------------------------------------------------------- */

static void hold_dir(struct listed *listed, entry_id id, const struct wire_attrs *element)
{
	struct held *held = hold(listed, id);
	struct held *parent = held_of(listed, tree_entry(listed->tree, id)->parent);

	if (!held)
		return;
	held->known = element->what & WIRE_ATTRS_STAT;
	held->attrs = element->attrs;
	if (parent && listed->list->options->depth_first)
		parent->waits++;
}

static void take_entry(void *arg, entry_id id, const struct wire_attrs *element)
{
	struct listed *listed = arg;
	struct fact fact = {
		.attrs = element->what & WIRE_ATTRS_STAT ? &element->attrs : NULL,
		.target = element->what & WIRE_ATTRS_TARGET ? element->target : NULL,
		.target_len = element->target_len,
		.error = element->what & WIRE_ATTRS_ERROR ? (enum error)element->error : ERROR_NONE,
	};

	if (element->what & WIRE_ATTRS_DIR && listed->list->hold) {
		hold_dir(listed, id, element);
		return;
	}
	print(listed, id, &fact);
	if (fact.error)
		complain(listed, id, fact.error, false);
}

static void take_begin(void *arg, entry_id id, const struct attrs *attrs)
{
	struct listed *listed = arg;
	struct fact fact = { .attrs = attrs };
	struct held *held;

	if (id != TREE_ROOT)
		return;
	if (!listed->list->hold) {
		print(listed, id, &fact);
		return;
	}
	held = hold(listed, id);
	if (held) {
		held->known = true;
		held->attrs = *attrs;
	}
}

/* The root could not be opened: its line is printed if it is there at all. */
static void root_unread(struct listed *listed, enum error error)
{
	struct fact fact = { .error = error };

	if (!headless_is_missing(error)) {
		tree_entry(listed->tree, TREE_ROOT)->mode = S_IFDIR;
		print(listed, TREE_ROOT, &fact);
		complain(listed, TREE_ROOT, error, false);
		return;
	}
	headless_say(listed->root, listed->root_len, error_text(error));
	listed->list->status = HEADLESS_TROUBLE;
}

static void take_end(void *arg, entry_id id, enum wire_end how, enum error error)
{
	struct listed *listed = arg;
	struct held *held = held_of(listed, id);
	bool vanished = how == WIRE_END_UNREAD && error == ERROR_NOENT && id != TREE_ROOT;
	bool trouble = how == WIRE_END_PARTIAL || (how == WIRE_END_UNREAD && !vanished);

	if (held && vanished) {
		drop_held(listed, id);
	} else if (held) {
		held->error = trouble ? error : ERROR_NONE;
		held->partial = how == WIRE_END_PARTIAL;
		release(listed, id);
	} else if (id == TREE_ROOT && how == WIRE_END_UNREAD) {
		root_unread(listed, error);
	} else if (trouble) {
		complain(listed, id, error, how == WIRE_END_PARTIAL);
	}
}

/* What is still held when the scan is over has not been read to its end. Directories stand behind those they are in. */
static void end_root(struct listed *listed)
{
	for (entry_id id = listed->held_last; id > 0; id--) {
		struct held *held = held_of(listed, id);

		if (!held || !tree_has(listed->tree, id))
			continue;
		held->error = held->error ? held->error : ERROR_CANCELED;
		held->partial = true;
		print_held(listed, id);
	}
	listed->held_last = 0;
}

static bool take_frame(void *arg, size_t index, const struct wire_frame *frame, const void *bytes, size_t len)
{
	struct list *list = arg;
	struct listed *listed = &list->roots[index];
	struct apply_events events = { take_entry, take_begin, take_end, listed };

	(void)bytes;
	(void)len;
	switch (scan_view_apply(listed->view, frame, &events)) {
	case APPLY_OK:
		return true;
	case APPLY_DONE:
		end_root(listed);
		if (scan_view_error(listed->view))
			complain(listed, TREE_ROOT, scan_view_error(listed->view), true);
		return true;
	case APPLY_BAD:
		headless_say(listed->root, listed->root_len, "sent damaged data");
		break;
	case APPLY_NOMEM:
		headless_say(listed->root, listed->root_len, error_text(ERROR_NOMEM));
		break;
	}
	end_root(listed);
	return false;
}

static void take_failure(void *arg, size_t index)
{
	struct list *list = arg;

	end_root(&list->roots[index]);
}

static void flush(void *arg)
{
	struct list *list = arg;

	headless_out_flush(&list->out, true);
}

/* The whole --------------------------------------------------------------------------------------------- */

/* By path, then as they came; `arg` is the list. */
static int compare_kept(const void *a, const void *b, void *arg)
{
	const struct list *list = arg;
	const struct kept *x = a;
	const struct kept *y = b;
	int order = memcmp(list->kept.data + x->path, list->kept.data + y->path, size_min(x->path_len, y->path_len));

	if (order == 0)
		order = (x->path_len > y->path_len) - (x->path_len < y->path_len);
	return order ? order : (x->record > y->record) - (x->record < y->record);
}

static void print_sorted(struct list *list)
{
	if (list->order_len > 0)
		qsort_r(list->order, list->order_len, sizeof *list->order, compare_kept, list);
	for (size_t i = 0; i < list->order_len; i++) {
		buf_add(&list->out.buf, list->kept.data + list->order[i].record, list->order[i].record_len);
		headless_out_flush(&list->out, false);
	}
}

static int init_root(struct list *list, struct listed *listed, const char *root)
{
	*listed = (struct listed){ .list = list, .root = root, .root_len = strlen(root), .tree = tree_new() };
	listed->view = listed->tree ? scan_view_new(listed->tree, TREE_ROOT) : NULL;
	return listed->view ? 0 : -1;
}

static void fini_root(struct listed *listed)
{
	for (size_t i = 0; i < listed->held_cap; i++)
		free(listed->held[i]);
	free(listed->held);
	buf_fini(&listed->path);
	scan_view_free(listed->view);
	tree_free(listed->tree);
}

static int run(struct list *list)
{
	const struct headless_scan scan = { .frame = take_frame, .failed = take_failure, .idle = flush, .arg = list };
	const struct string_list *roots = &list->options->roots;
	int status;

	for (size_t i = 0; i < roots->len; i++) {
		if (init_root(list, &list->roots[i], roots->items[i]) != 0) {
			errno = ENOMEM;
			return -1;
		}
	}
	status = headless_scan(list->options, &scan);
	list->status = status ? status : list->status;
	if (list->options->format == FORMAT_NCDU)
		return headless_ncdu(list->roots[0].tree, list->roots[0].root, &list->out);
	print_sorted(list);
	return list->kept.failed ? -1 : 0;
}

int headless_list(const struct options *options)
{
	struct list list = {
		.options = options,
		.hold = options->format == FORMAT_JSON || options->depth_first,
		.ascii = options_text_flags() & TEXT_ASCII,
	};

	headless_out_init(&list.out, options);
	list.roots = calloc(options->roots.len, sizeof *list.roots);
	if (!list.roots || run(&list) != 0) {
		headless_say("list", strlen("list"), error_text(error_from_errno(errno)));
		list.status = HEADLESS_TROUBLE;
	}
	for (size_t i = 0; list.roots && i < options->roots.len; i++)
		fini_root(&list.roots[i]);
	free(list.roots);
	free(list.order);
	buf_fini(&list.kept);
	return headless_out_fini(&list.out, list.status);
}
