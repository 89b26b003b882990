/*
 * Making the rows: the children of a directory, filtered, sorted, and with them what is open below.
 *
 * A sort makes the rows anew from the tree; otherwise the old rows keep their order. Both makings are one: it goes
 * through the old rows (a sort: through none), and where the rows of a directory end it adds the children that were
 * not among them, sorted. A million names are sorted by numbers: eight bytes of each, behind what all have in common.
 */
#include "rows_make.h"

#include <string.h>

/* A row that is being sorted. */
struct keyed {
	uint64_t key;
	struct row row;
};

/* Rows that are being made. */
struct maker {
	const struct rows *rows;
	struct row *items;
	size_t count;
	size_t cap;
	struct rows_dir *shown;
	size_t shown_count;
	size_t shown_cap;
	entry_id *open;        /* directories whose rows have not ended; the children of the n-th are indented by n */
	size_t open_count;
	size_t open_cap;
	struct keyed *stack;   /* sorted children that have no row yet, the next one last */
	size_t stack_count;
	size_t stack_cap;
	unsigned char *known;  /* a bit for each number: it had a row */
	entry_id known_max;
	size_t dir_rows;       /* of the old ones that were kept */
	bool added;            /* there are rows that were not among the old ones */
};

static const struct entry *entry_at(const struct rows *rows, entry_id id)
{
	return tree_entry(rows->tree, id);
}

static bool is_open_dir(const struct rows *rows, entry_id id)
{
	return entry_is_dir(entry_at(rows, id)) && entry_at(rows, id)->flags & ENTRY_EXPANDED;
}

/* Names ----------------------------------------------------------------------------------------------- */

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Does a name, followed by '/' if `slash`, contain a text? */
static bool contains(const char *name, size_t len, bool slash, const char *text, size_t text_len)
{
	size_t all = len + slash;

	for (size_t start = 0; start + text_len <= all; start++) {
		size_t i = 0;

		while (i < text_len && fold(start + i < len ? name[start + i] : '/') == fold(text[i]))
			i++;
		if (i == text_len)
			return true;
	}
	return false;
}

bool rows_pass(const struct rows *rows, entry_id id)
{
	const char *name;
	size_t len;

	if (rows->hidden && rows->filter.len == 0)
		return true;
	name = tree_name(rows->tree, id, &len);
	if (!rows->hidden && len > 0 && name[0] == '.')
		return false;
	return rows->filter.len == 0 || rows_match(rows, id, rows->filter.data, rows->filter.len);
}

bool rows_match(const struct rows *rows, entry_id id, const char *text, size_t text_len)
{
	size_t len;
	const char *name = tree_name(rows->tree, id, &len);

	return contains(name, len, entry_is_dir(entry_at(rows, id)), text, text_len);
}

/* Sorting --------------------------------------------------------------------------------------------- */

/* Merge sort by key; `spare` has room for half of them. */
static void sort_keys(struct keyed *items, size_t count, struct keyed *spare)
{
	size_t half = count / 2;
	size_t left = 0;
	size_t right = half;

	if (count <= 12) {
		for (size_t i = 1; i < count; i++) {
			struct keyed item = items[i];
			size_t at = i;

			for (; at > 0 && items[at - 1].key > item.key; at--)
				items[at] = items[at - 1];
			items[at] = item;
		}
		return;
	}
	sort_keys(items, half, spare);
	sort_keys(items + half, count - half, spare);
	if (items[half - 1].key <= items[half].key)
		return;
	memcpy(spare, items, half * sizeof *items);
	for (size_t to = 0; left < half; to++) {
		bool from_right = right < count && items[right].key < spare[left].key;

		items[to] = from_right ? items[right++] : spare[left++];
	}
}

/* What is behind the last dot of a name, unless that is its first byte; a directory has no extension. */
static const char *extension(const struct rows *rows, entry_id id, size_t *len)
{
	size_t all;
	const char *name = tree_name(rows->tree, id, &all);

	*len = 0;
	if (entry_is_dir(entry_at(rows, id)))
		return name;
	for (size_t at = all; at-- > 1;) {
		if (name[at] == '.') {
			*len = all - at - 1;
			return name + at + 1;
		}
	}
	return name;
}

typedef const char *text_of(const struct rows *rows, entry_id id, size_t *len);

static const char *name_of(const struct rows *rows, entry_id id, size_t *len)
{
	return tree_name(rows->tree, id, len);
}

/* How many bytes from `from` on all texts have in common. */
static size_t common(const struct rows *rows, const struct keyed *items, size_t count, text_of *text, size_t from)
{
	size_t same;
	size_t len;
	const char *first = text(rows, items[0].row.id, &same);

	for (size_t i = 1; i < count && same > from; i++) {
		const char *other = text(rows, items[i].row.id, &len);
		size_t at = from;

		while (at < same && at < len && first[at] == other[at])
			at++;
		same = at;
	}
	return same > from ? same - from : 0;
}

/* Eight bytes of a text as a number that sorts as they do. Names hold no NUL, so that the end comes before everything. */
static uint64_t prefix(const char *text, size_t len, size_t from)
{
	uint64_t key = 0;

	for (size_t i = 0; i < sizeof key; i++)
		key = key << 8 | (from + i < len ? (unsigned char)text[from + i] : 0);
	return key;
}

/*
 * Sort by a text from byte `from` on: by the eight bytes behind what all have in common, then those that are equal
 * so far by the next ones. Texts that are the same to their end are left as they are, and said to be `tied`.
 */
static void sort_texts(const struct rows *rows, struct keyed *items, size_t count, struct keyed *spare, text_of *text,
		       size_t from, bool down)
{
	uint64_t flip = down ? UINT64_MAX : 0;
	size_t end;
	size_t len;

	if (count < 2)
		return;
	from += common(rows, items, count, text, from);
	for (size_t i = 0; i < count; i++) {
		const char *bytes = text(rows, items[i].row.id, &len);

		items[i].key = prefix(bytes, len, from) ^ flip;
	}
	sort_keys(items, count, spare);
	for (size_t i = 0; i < count; i = end) {
		for (end = i + 1; end < count && items[end].key == items[i].key; end++)
			continue;
		if (end - i < 2 || ((items[i].key ^ flip) & 0xff) == 0)
			continue;
		sort_texts(rows, items + i, end - i, spare, text, from + sizeof items[i].key, down);
	}
}

/* Sort by name those that are neighbours and equal. */
static void sort_ties(const struct rows *rows, struct keyed *items, size_t count, struct keyed *spare)
{
	size_t end;

	for (size_t i = 0; i < count; i = end) {
		for (end = i + 1; end < count && items[end].key == items[i].key; end++)
			continue;
		sort_texts(rows, items + i, end - i, spare, name_of, 0, false);
	}
}

/* The number by which an entry is sorted, the smallest first. */
static uint64_t number_of(const struct rows *rows, entry_id id)
{
	const struct entry *entry = entry_at(rows, id);
	const struct dir *dir = tree_dir(rows->tree, id);
	bool known = entry->flags & ENTRY_KNOWN;

	switch (rows->sort) {
	case ROWS_SIZE:
		return ~(dir ? dir->total.size : known ? entry->size : 0);
	case ROWS_COUNT:
		return ~(dir ? dir->total.entries : 0);
	case ROWS_MTIME:
		return ~((uint64_t)(known ? entry->mtime : INT64_MIN) ^ (uint64_t)1 << 63);
	case ROWS_MODE:
		return known ? entry->mode : UINT64_MAX;
	case ROWS_OWNER:
		return known ? (uint64_t)entry->uid << 32 | entry->gid : UINT64_MAX;
	default:
		return 0;
	}
}

/* Sort entries of one kind, all directories or none. */
static void sort_kind(const struct rows *rows, struct keyed *items, size_t count, struct keyed *spare)
{
	if (rows->sort == ROWS_NAME) {
		sort_texts(rows, items, count, spare, name_of, 0, rows->reverse);
		return;
	}
	if (rows->sort == ROWS_EXT) {
		sort_texts(rows, items, count, spare, name_of, 0, false);
		sort_texts(rows, items, count, spare, extension, 0, rows->reverse);
		return;
	}
	for (size_t i = 0; i < count; i++)
		items[i].key = number_of(rows, items[i].row.id) ^ (rows->reverse ? UINT64_MAX : 0);
	sort_keys(items, count, spare);
	sort_ties(rows, items, count, spare);
}

/* Sort children: directories first. */
static int sort_children(const struct rows *rows, struct keyed *items, size_t count)
{
	struct keyed *spare = malloc((count / 2 + 1) * sizeof *spare);
	size_t dirs = 0;

	if (!spare)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct keyed item = items[i];

		if (!entry_is_dir(entry_at(rows, item.row.id)))
			continue;
		items[i] = items[dirs];
		items[dirs++] = item;
	}
	sort_kind(rows, items, dirs, spare);
	sort_kind(rows, items + dirs, count - dirs, spare);
	free(spare);
	return 0;
}

/* Making ---------------------------------------------------------------------------------------------- */

static void maker_fini(struct maker *maker)
{
	free(maker->items);
	free(maker->shown);
	free(maker->open);
	free(maker->stack);
	free(maker->known);
}

/* Remember which entries had a row. */
static int note_known(struct maker *maker)
{
	const struct rows *rows = maker->rows;

	for (size_t i = 0; i < rows->count; i++)
		maker->known_max = rows->items[i].id > maker->known_max ? rows->items[i].id : maker->known_max;
	maker->known = calloc(maker->known_max / 8 + 1, 1);
	if (!maker->known)
		return -1;
	for (size_t i = 0; i < rows->count; i++)
		maker->known[rows->items[i].id / 8] |= (unsigned char)(1 << rows->items[i].id % 8);
	return 0;
}

static bool was_known(const struct maker *maker, entry_id id)
{
	return maker->known && id <= maker->known_max && maker->known[id / 8] >> id % 8 & 1;
}

static int emit(struct maker *maker, struct row row)
{
	if (vec_grow(&maker->items, &maker->cap, maker->count + 1, sizeof row) != 0)
		return -1;
	maker->items[maker->count++] = row;
	return 0;
}

/* The rows of a directory's children begin here. */
static int note_shown(struct maker *maker, entry_id id)
{
	const struct dir *dir = tree_dir(maker->rows->tree, id);

	if (vec_grow(&maker->shown, &maker->shown_cap, maker->shown_count + 1, sizeof *maker->shown) != 0)
		return -1;
	maker->shown[maker->shown_count++] = (struct rows_dir){ id, dir->last, dir->count, dir->changes };
	return 0;
}

bool rows_filter_types(const struct rows *rows)
{
	return rows->filter.len > 0 && memchr(rows->filter.data, '/', rows->filter.len);
}

/* Where to begin looking for children without a row: behind those that were looked at, if that can still be told. */
static entry_id first_new(const struct maker *maker, entry_id id)
{
	const struct rows *rows = maker->rows;

	for (size_t i = 0; maker->known && !rows_filter_types(rows) && i < rows->shown_count; i++) {
		const struct rows_dir *shown = &rows->shown[i];

		if (shown->dir == id && shown->last && tree_has(rows->tree, shown->last))
			return entry_at(rows, shown->last)->next;
	}
	return tree_dir(rows->tree, id)->first;
}

/* Put the children that had no row on the stack, so that they come off it in order. */
static int push_children(struct maker *maker, entry_id id, uint32_t indent)
{
	const struct rows *rows = maker->rows;
	size_t base = maker->stack_count;
	size_t end;

	for (entry_id at = first_new(maker, id); at; at = entry_at(rows, at)->next) {
		if (was_known(maker, at) || !rows_pass(rows, at))
			continue;
		if (vec_grow(&maker->stack, &maker->stack_cap, maker->stack_count + 1, sizeof *maker->stack) != 0)
			return -1;
		maker->stack[maker->stack_count++] = (struct keyed){ 0, { at, indent } };
	}
	end = maker->stack_count;
	if (end == base)
		return 0;
	if (sort_children(rows, maker->stack + base, end - base) != 0)
		return -1;
	while (base + 1 < end) {
		struct keyed item = maker->stack[base];

		maker->stack[base++] = maker->stack[--end];
		maker->stack[end] = item;
	}
	return 0;
}

/* Add rows for the new children of a directory, and for what is open below them. */
static int emit_new(struct maker *maker, entry_id id, uint32_t indent)
{
	if (push_children(maker, id, indent) != 0)
		return -1;
	while (maker->stack_count > 0) {
		struct row row = maker->stack[--maker->stack_count].row;

		maker->added = true;
		if (emit(maker, row) != 0)
			return -1;
		if (!is_open_dir(maker->rows, row.id))
			continue;
		if (note_shown(maker, row.id) != 0 || push_children(maker, row.id, row.indent + 1) != 0)
			return -1;
	}
	return 0;
}

static int open_dir(struct maker *maker, entry_id id)
{
	if (note_shown(maker, id) != 0 ||
	    vec_grow(&maker->open, &maker->open_cap, maker->open_count + 1, sizeof *maker->open) != 0)
		return -1;
	maker->open[maker->open_count++] = id;
	return 0;
}

/* End the rows of directories until so many are open. */
static int close_dirs(struct maker *maker, size_t left)
{
	while (maker->open_count > left) {
		entry_id id = maker->open[--maker->open_count];

		if (emit_new(maker, id, (uint32_t)maker->open_count) != 0)
			return -1;
	}
	return 0;
}

/* Keep the old rows that are still true. A row whose parent has lost its own is indented further than any open directory's. */
static int keep_rows(struct maker *maker)
{
	const struct rows *rows = maker->rows;

	for (size_t i = 0; i < rows->count; i++) {
		struct row row = rows->items[i];

		if (close_dirs(maker, (size_t)row.indent + 1) != 0)
			return -1;
		if (row.indent >= maker->open_count || !tree_has(rows->tree, row.id) || !rows_pass(rows, row.id))
			continue;
		maker->dir_rows += i < rows->dir_rows;
		if (emit(maker, row) != 0 || (is_open_dir(rows, row.id) && open_dir(maker, row.id) != 0))
			return -1;
	}
	return 0;
}

static size_t count_dirs(const struct rows *rows)
{
	size_t dirs = 0;

	for (size_t i = 0; i < rows->count; i++)
		dirs += entry_is_dir(entry_at(rows, rows->items[i].id));
	return dirs;
}

/* Let the maker's rows be the rows. */
static void take_rows(struct rows *rows, struct maker *maker)
{
	struct row *items = rows->items;
	struct rows_dir *shown = rows->shown;

	rows->items = maker->items;
	rows->count = maker->count;
	rows->cap = maker->cap;
	rows->shown = maker->shown;
	rows->shown_count = maker->shown_count;
	rows->shown_cap = maker->shown_cap;
	maker->items = items;
	maker->shown = shown;
}

int rows_make(struct rows *rows, bool keep)
{
	struct maker maker = { .rows = rows };
	int result;

	result = keep ? note_known(&maker) : 0;
	if (result == 0)
		result = open_dir(&maker, rows->dir);
	if (result == 0 && keep)
		result = keep_rows(&maker);
	if (result == 0)
		result = close_dirs(&maker, 0);
	if (result == 0) {
		rows->appended = keep && (rows->appended || maker.added || rows->shown_count != 1);
		take_rows(rows, &maker);
		rows->dir_rows = keep ? maker.dir_rows : count_dirs(rows);
	}
	maker_fini(&maker);
	return result;
}
