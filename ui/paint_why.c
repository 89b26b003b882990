#include "paint.h"

#include <string.h>

#include "list.h"
#include "owner.h"
#include "text.h"

/** What follows from the steps. */
struct verdict {
	size_t blocks;                /* the first directory that cannot be passed, or SIZE_MAX */
	bool known;                   /* everything up to the end, or up to there, was seen */
	struct access_result result;  /* of that directory, else of the entry */
};

/** What the user may do with one component. */
static struct access_result decide(const struct pane_why *why, const struct wire_step *step)
{
	struct access_entry entry = {
		.uid = step->attrs.uid,
		.gid = step->attrs.gid,
		.mode = step->attrs.mode,
		.acl = step->acl.entries,
		.acl_count = step->acl.count,
		.limits = (step->flags & WIRE_STEP_READ_ONLY ? ACCESS_READ_ONLY : 0u) |
		          (step->flags & WIRE_STEP_NO_EXEC ? ACCESS_NO_EXEC : 0u) |
		          (step->attrs.flags & ATTRS_IMMUTABLE ? ACCESS_IMMUTABLE : 0u),
	};

	return access_decide(&why->user, &entry);
}

static struct verdict judge(const struct pane_why *why)
{
	struct verdict verdict = { .blocks = SIZE_MAX };

	for (size_t i = 0; i < why->count; i++) {
		const struct wire_step *step = &why->steps[i];

		if (step->error != ERROR_NONE)
			return verdict;
		if (S_ISLNK(step->attrs.mode))
			continue;
		verdict.result = decide(why, step);
		if (i + 1 < why->count && access_blocks(&verdict.result, step->attrs.mode)) {
			verdict.blocks = i;
			break;
		}
	}
	verdict.known = why->count > 0;
	return verdict;
}

static void add_rights(struct buf *out, const struct access_result *result)
{
	buf_printf(out, "%-11s %c%c%c", access_class_name(result->class), result->rights & ACCESS_READ ? 'r' : '-',
	           result->rights & ACCESS_WRITE ? 'w' : '-', result->rights & ACCESS_EXECUTE ? 'x' : '-');
}

/** Who asks: "user www-data (33), groups www-data, adm". */
static void add_user(const struct paint *p, const struct pane_why *why, struct buf *out)
{
	const struct access_user *user = &why->user;

	buf_add_str(out, "user ");
	if (why->name.len > 0) {
		paint_foreign(p, out, why->name.data, why->name.len);
		buf_printf(out, " (%u)", (unsigned)user->uid);
	} else {
		buf_printf(out, "%u", (unsigned)user->uid);
	}
	buf_add_str(out, user->gid == UINT32_MAX ? ", no groups" : ", groups ");
	for (size_t i = 0; user->gid != UINT32_MAX && i <= user->group_count; i++) {
		uint32_t gid = i == 0 ? user->gid : user->groups[i - 1];
		const char *name = owner_group(p->owners, gid);

		if (i > 0 && gid == user->gid)
			continue;
		buf_add_str(out, i > 0 ? ", " : "");
		if (name)
			paint_foreign(p, out, name, strlen(name));
		else
			buf_printf(out, "%u", (unsigned)gid);
	}
}

/** One component. */
static void add_step(const struct paint *p, const struct pane_why *why, size_t index, int owner_width, bool blocks,
                     struct lines *lines)
{
	const struct wire_step *step = &why->steps[index];
	struct access_result result = decide(why, step);
	struct buf *out = &lines->text;
	struct buf owner = BUF_INIT;

	if (step->error == ERROR_NONE || step->attrs.mode != 0) {
		paint_owner(p, &owner, step->attrs.uid, step->attrs.gid);
		text_mode(out, step->attrs.mode);
		buf_add_str(out, step->acl.count > 0 ? "+ " : "  ");
		buf_add(out, owner.data, owner.len);
		for (int at = text_width(owner.data, owner.len); at < owner_width + 2; at++)
			buf_add_byte(out, ' ');
		if (S_ISLNK(step->attrs.mode))
			buf_printf(out, "%-15s", "link");
		else
			add_rights(out, &result);
		buf_add_str(out, "  ");
	}
	paint_foreign(p, out, step->name, step->name_len);
	if (S_ISDIR(step->attrs.mode) && index > 0)
		buf_add_byte(out, '/');
	if (step->target_len > 0) {
		buf_add_str(out, paint_sign(p, SIGN_ARROW));
		paint_foreign(p, out, step->target, step->target_len);
	}
	if (step->error != ERROR_NONE)
		buf_printf(out, "  %s", error_text((enum error)step->error));
	if (blocks)
		buf_printf(out, "  blocks: %s may not search it%s", access_class_name(result.class),
		           result.masked && result.listed & ACCESS_EXECUTE ? ", masked" : "");
	lines_end(lines, blocks || step->error != ERROR_NONE ? STYLE_WARNING : STYLE_NORMAL);
	buf_fini(&owner);
}

/** What stands in the way of what the class lists. */
static void add_reasons(const struct access_result *result, struct lines *lines)
{
	struct buf *out = &lines->text;

	if (result->no_write)
		buf_printf(out, "write: %s", result->no_write);
	if (result->no_execute)
		buf_printf(out, "%sexecute: %s", result->no_write ? ", " : "", result->no_execute);
	if (result->masked)
		buf_printf(out, "%sthe mask of the ACL takes something away", result->no_write || result->no_execute ? ", " : "");
	if (result->no_write || result->no_execute || result->masked)
		lines_end(lines, STYLE_WARNING);
}

/** The last line. */
static void add_verdict(const struct pane_why *why, const struct verdict *verdict, struct lines *lines)
{
	struct access_result result = verdict->result;
	enum error error = why->count > 0 ? (enum error)why->steps[why->count - 1].error : ERROR_OTHER;

	if (!verdict->known) {
		bool nothing = error == ERROR_NOENT || error == ERROR_NOTDIR || error == ERROR_LOOP;

		buf_printf(&lines->text, nothing ? "read no  write no  execute no  (%s)" : "not known: %s", error_text(error));
		lines_end(lines, STYLE_WARNING);
		return;
	}
	if (verdict->blocks == SIZE_MAX)
		add_reasons(&result, lines);
	else
		result.rights = 0;
	access_summary(&lines->text, &result);
	lines_end(lines, STYLE_TITLE);
}

static int widest_owner(const struct paint *p, const struct pane_why *why)
{
	struct buf owner = BUF_INIT;
	int width = 0;

	for (size_t i = 0; i < why->count; i++) {
		int one;

		buf_clear(&owner);
		paint_owner(p, &owner, why->steps[i].attrs.uid, why->steps[i].attrs.gid);
		one = text_width(owner.data, owner.len);
		width = one > width ? one : width;
	}
	buf_fini(&owner);
	return width;
}

void paint_why(const struct paint *p, const struct pane *pane, struct lines *lines)
{
	const struct pane_why *why = &pane->why;
	struct verdict verdict;
	int width;

	if (!why->answered) {
		buf_printf(&lines->text, "asking%s", paint_sign(p, SIGN_ELLIPSIS));
		lines_end(lines, STYLE_DIM);
		return;
	}
	if (why->error != ERROR_NONE) {
		buf_add_str(&lines->text, why->error == ERROR_NOENT ? "there is no such user" : error_text(why->error));
		lines_end(lines, STYLE_ERROR);
		return;
	}
	add_user(p, why, &lines->text);
	lines_end(lines, STYLE_HEADER);
	verdict = judge(why);
	width = widest_owner(p, why);
	for (size_t i = 0; i < why->count; i++)
		add_step(p, why, i, width, i == verdict.blocks, lines);
	add_verdict(why, &verdict, lines);
}
