/*
 * The details of what a pane shows. ACLs are no part of a scan, where they would cost a system call for each entry: the rows that
 * are on the screen are asked for in one request, again whenever their attributes have arrived anew. With the ACL the attributes
 * come: where a scan has told a million names first, the rows on the screen have theirs before the others.
 *
 *   rows, the editor ─ entries ─▶ WIRE_DETAILS ─▶ source ─ WIRE_DETAIL… ─▶ the tree, and the entries of the ACL here
 *
 * A recording knows of none.
 */
#include "pane.h"

#include "session.h"

#include <string.h>

enum { MAX_ASKED = 1000, MAX_PATHS = WIRE_MAX_FRAME - 1024 };

/* Entries whose details are asked for; `told` of them are answered. */
struct pane_acl_question {
	struct pane_acl_question *next;
	uint64_t id;
	size_t count;
	size_t told;
	struct asked {
		entry_id id;
		entry_id parent; /* with the name: which entry it was */
		uint32_t name;
		uint64_t ino;    /* 0: not known yet */
	} asked[];
};

/* What is known ---------------------------------------------------------------------------------------- */

/* Where an entry is among those that are kept, or belongs. */
static size_t find(const struct pane *pane, entry_id id)
{
	size_t low = 0;
	size_t high = pane->acl_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (pane->acls[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct access_list *pane_acl(const struct pane *pane, entry_id id)
{
	size_t at;

	if (!tree_has(pane->tree, id) || !(tree_entry(pane->tree, id)->flags & ENTRY_ACL))
		return NULL;
	at = find(pane, id);
	return at < pane->acl_count && pane->acls[at].id == id ? &pane->acls[at].acl : NULL;
}

/* Keep an ACL, which is taken over; one without entries is none. Returns -1 with ENOMEM. */
static int keep(struct pane *pane, entry_id id, struct access_list *acl)
{
	size_t at = find(pane, id);
	bool known = at < pane->acl_count && pane->acls[at].id == id;

	if (known)
		access_list_fini(&pane->acls[at].acl);
	if (acl->count == 0 && known) {
		memmove(&pane->acls[at], &pane->acls[at + 1], (pane->acl_count - at - 1) * sizeof *pane->acls);
		pane->acl_count--;
	}
	if (acl->count > 0 && !known) {
		if (vec_grow(&pane->acls, &pane->acl_cap, pane->acl_count + 1, sizeof *pane->acls) != 0)
			return -1;
		memmove(&pane->acls[at + 1], &pane->acls[at], (pane->acl_count - at) * sizeof *pane->acls);
		pane->acl_count++;
	}
	if (acl->count > 0)
		pane->acls[at] = (struct pane_acl){ id, *acl };
	tree_set_acl(pane->tree, id, acl->count > 0);
	return 0;
}

void pane_acl_reset(struct pane *pane)
{
	while (pane->acl_questions) {
		struct pane_acl_question *question = pane->acl_questions;

		pane->acl_questions = question->next;
		free(question);
	}
}

void pane_acl_fini(struct pane *pane)
{
	pane_acl_reset(pane);
	for (size_t i = 0; i < pane->acl_count; i++)
		access_list_fini(&pane->acls[i].acl);
	free(pane->acls);
}

/* Asking ------------------------------------------------------------------------------------------------ */

/* Is there anything to ask of an entry? */
static bool is_unasked(const struct pane *pane, entry_id id)
{
	const struct entry *entry;

	if (!tree_has(pane->tree, id))
		return false;
	entry = tree_entry(pane->tree, id);
	if (entry->flags & (ENTRY_ACL_ASKED | ENTRY_FOLLOWED))
		return false;
	if (entry->flags & ENTRY_KNOWN)
		return !S_ISLNK(entry->mode);
	return !entry->error && (!pane->session->options.follow || S_ISREG(entry->mode));
}

/* Ask for as many of the entries as one request takes. Returns how many were looked at. */
static size_t ask(struct pane *pane, const entry_id *ids, size_t count)
{
	struct pane_acl_question *question = calloc(1, sizeof *question + size_min(count, MAX_ASKED) * sizeof question->asked[0]);
	struct buf path = BUF_INIT;
	struct buf out = BUF_INIT;
	uint64_t id = ++pane->session->next_id;
	size_t start = wire_open(&out, WIRE_DETAILS, id);
	size_t at = 0;

	for (; question && at < count && question->count < MAX_ASKED && out.len < MAX_PATHS; at++) {
		if (!is_unasked(pane, ids[at]))
			continue;
		buf_clear(&path);
		tree_path(pane->tree, ids[at], &path);
		if (path.failed || out.len + path.len > MAX_PATHS)
			continue;
		wire_put_bytes(&out, path.data, path.len);
		tree_entry(pane->tree, ids[at])->flags |= ENTRY_ACL_ASKED;
		question->asked[question->count++] = (struct asked){
			ids[at], tree_entry(pane->tree, ids[at])->parent, tree_entry(pane->tree, ids[at])->name, tree_entry(pane->tree, ids[at])->ino,
		};
	}
	wire_close(&out, start);
	if (question && question->count > 0 && !out.failed && source_request(pane->source, out.data, out.len) == 0) {
		question->id = id;
		question->next = pane->acl_questions;
		pane->acl_questions = question;
		pane->session->more = true; /* an answer may be there already, in front of the ring */
		question = NULL;
	}
	free(question);
	buf_fini(&path);
	buf_fini(&out);
	return at;
}

void pane_acl_ask(struct pane *pane, const entry_id *ids, size_t count)
{
	while (pane->source && !pane->recording && count > 0) {
		size_t asked = ask(pane, ids, count);

		if (asked == 0)
			return;
		ids += asked;
		count -= asked;
	}
}

void pane_acl_step(struct pane *pane)
{
	const struct rows *rows = &pane->rows;
	entry_id ids[256];
	size_t count = 0;

	if (!pane->source || pane->recording || pane->acl_questions)
		return;
	for (size_t i = rows->top; i < rows->count && i - rows->top < pane->height && count < ARRAY_LEN(ids); i++) {
		if (is_unasked(pane, rows->items[i].id))
			ids[count++] = rows->items[i].id;
	}
	pane_acl_ask(pane, ids, count);
}

/* Answers ----------------------------------------------------------------------------------------------- */

static struct pane_acl_question **find_question(struct pane *pane, uint64_t id)
{
	struct pane_acl_question **at = &pane->acl_questions;

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	return at;
}

/* Is an entry the one that was asked for, with what is told of it now? */
static bool is_still(const struct pane *pane, const struct asked *asked, uint64_t ino)
{
	const struct entry *entry;

	if (!tree_has(pane->tree, asked->id))
		return false;
	entry = tree_entry(pane->tree, asked->id);
	return entry->parent == asked->parent && entry->name == asked->name && (!asked->ino || asked->ino == ino) &&
	       (!(entry->flags & ENTRY_KNOWN) || entry->ino == ino);
}

/* Take what is told of the next entry that was asked for. The attributes of a scan are not replaced: they come in its own order. */
static void take_one(struct pane *pane, struct pane_acl_question *question, const struct attrs *attrs, struct access_list *acl)
{
	const struct asked *asked = &question->asked[question->told++];
	bool taken = attrs && is_still(pane, asked, attrs->ino);

	if (taken && !(tree_entry(pane->tree, asked->id)->flags & ENTRY_KNOWN)) {
		taken = tree_set_attrs(pane->tree, asked->id, attrs) == 0;
		if (taken)
			tree_entry(pane->tree, asked->id)->flags |= ENTRY_ACL_ASKED;
	}
	if (!taken || keep(pane, asked->id, acl) != 0)
		access_list_fini(acl);
}

bool pane_acl_frame(struct pane *pane, const struct wire_frame *frame)
{
	struct pane_acl_question **at = find_question(pane, frame->id);
	struct pane_acl_question *question = *at;
	struct wire_reader in = frame->payload;
	bool rest = !wire_more(&in);

	if (!question)
		return true;
	while (wire_more(&in)) {
		struct access_list acl = { NULL, 0, 0 };
		struct attrs attrs;
		bool known = wire_get_u8(&in);
		int got;

		if (known)
			wire_get_attrs(&in, &attrs);
		got = wire_get_acl(&in, &acl);

		if (!in.ok || question->told == question->count) {
			access_list_fini(&acl);
			return false;
		}
		if (got != 0)
			access_list_fini(&acl);
		take_one(pane, question, known ? &attrs : NULL, &acl);
	}
	if (rest || question->told == question->count) {
		*at = question->next;
		free(question);
	}
	pane->session->version++;
	return true;
}
