#include "paint_pane.h"

#include <string.h>

#include "list.h"
#include "owner.h"
#include "text.h"

/** A field of an entry, as text. */
struct fact {
	const char *label;
	void (*add)(const struct paint *p, const struct pane *pane, entry_id id, struct buf *out);
};

static void add_type(const struct paint *p, const struct pane *pane, entry_id id, struct buf *out)
{
	(void)p;
	buf_add_str(out, paint_type_name(tree_entry(pane->tree, id)->mode));
}

static void add_mode(const struct paint *p, const struct pane *pane, entry_id id, struct buf *out)
{
	uint32_t mode = tree_entry(pane->tree, id)->mode;

	(void)p;
	text_mode(out, mode);
	buf_printf(out, " %04o", (unsigned)mode & 07777);
}

static void add_id(const struct paint *p, const char *name, uint32_t id, struct buf *out)
{
	if (name)
		paint_foreign(p, out, name, strlen(name));
	buf_printf(out, name ? " (%u)" : "%u", (unsigned)id);
}

static void add_owner(const struct paint *p, const struct pane *pane, entry_id id, struct buf *out)
{
	uint32_t uid = tree_entry(pane->tree, id)->uid;

	add_id(p, owner_user(p->owners, uid), uid, out);
}

static void add_group(const struct paint *p, const struct pane *pane, entry_id id, struct buf *out)
{
	uint32_t gid = tree_entry(pane->tree, id)->gid;

	add_id(p, owner_group(p->owners, gid), gid, out);
}

/** A directory's own size says nothing. */
static void add_size(const struct paint *p, const struct pane *pane, entry_id id, struct buf *out)
{
	(void)p;
	if (!entry_is_dir(tree_entry(pane->tree, id)))
		paint_plural(out, tree_entry(pane->tree, id)->size, "byte");
}

static void add_mtime(const struct paint *p, const struct pane *pane, entry_id id, struct buf *out)
{
	text_time(out, tree_entry(pane->tree, id)->mtime, true, p->clock);
}

static void add_target(const struct paint *p, const struct pane *pane, entry_id id, struct buf *out)
{
	size_t len;
	const char *target = S_ISLNK(tree_entry(pane->tree, id)->mode) ? tree_target(pane->tree, id, &len) : NULL;

	if (target)
		paint_foreign(p, out, target, len);
}

static const struct fact facts[] = {
	{ "type", add_type },   { "permissions", add_mode }, { "owner", add_owner },   { "group", add_group },
	{ "size", add_size },   { "modified", add_mtime },   { "target", add_target },
};

/** What a pane has for a fact: why it has nothing, or the value. */
static void add_value(const struct paint *p, const struct fact *fact, const struct pane *pane, entry_id id, struct buf *out)
{
	const struct entry *entry = id ? tree_entry(pane->tree, id) : NULL;

	buf_clear(out);
	if (!entry)
		return;
	if (!(entry->flags & ENTRY_KNOWN))
		buf_add_str(out, entry->error ? error_text(entry->error) : "not known yet");
	else
		fact->add(p, pane, id, out);
}

static bool is_equal(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

/** The values of all panes, those that are equal in one line with the numbers of their panes. */
static void add_fact(const struct paint *p, const struct fact *fact, const struct session *session, struct lines *lines)
{
	const struct comparison *comparison = session->comparison;
	struct buf values[COMPARE_MAX_PANES] = { BUF_INIT };
	unsigned versions = 0;
	const char *label = fact->label;

	for (size_t i = 0; i < session->pane_count; i++) {
		size_t a = 0;

		add_value(p, fact, session->panes[i], comparison_entry(comparison, session->panes[i], comparison->view.at), &values[i]);
		while (!is_equal(&values[a], &values[i]))
			a++;
		versions += a == i && values[i].len > 0;
	}
	for (size_t i = 0; i < session->pane_count; i++) {
		struct buf who = BUF_INIT;
		bool first = values[i].len > 0;

		for (size_t before = 0; before < i && first; before++)
			first = !is_equal(&values[before], &values[i]);
		if (!first)
			continue;
		for (size_t at = i; at < session->pane_count; at++) {
			if (is_equal(&values[at], &values[i]))
				buf_printf(&who, "%s%zu", who.len > 0 ? "," : "", at + 1);
		}
		buf_printf(&lines->text, "%s %-11s %-7s ", versions > 1 && *label ? paint_sign(p, SIGN_DIFFERS) : " ", label,
		           buf_str(&who) ? who.data : "");
		buf_add(&lines->text, values[i].data, values[i].len);
		lines_end(lines, versions > 1 ? STYLE_DIFFERENT : STYLE_NORMAL);
		buf_fini(&who);
		label = "";
	}
	for (size_t i = 0; i < session->pane_count; i++)
		buf_fini(&values[i]);
}

void paint_compared_info(const struct paint *p, const struct session *session, struct lines *lines)
{
	compare_id row = comparison_row(session->comparison);
	struct buf path = BUF_INIT;

	if (!row) {
		buf_add_str(&lines->text, "the row has gone");
		lines_end(lines, STYLE_WARNING);
		return;
	}
	compare_path(session->comparison->compare, row, &path);
	buf_add_str(&lines->text, "  path                ");
	paint_foreign(p, &lines->text, path.data, path.len);
	lines_end(lines, STYLE_NORMAL);
	buf_add_str(&lines->text, "  it is               ");
	paint_verdict(session->comparison, row, &lines->text);
	lines_end(lines, STYLE_NORMAL);
	buf_fini(&path);
	for (size_t i = 0; i < ARRAY_LEN(facts); i++)
		add_fact(p, &facts[i], session, lines);
}
