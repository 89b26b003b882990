/*
 * Why a user can or cannot reach an entry: the facts, as the source tells them. What follows from them is access.h's.
 */
#include "pane.h"

#include "session.h"

#include <string.h>

static void clear(struct pane_why *why)
{
	for (size_t i = 0; i < why->count; i++) {
		free((void *)why->steps[i].name);
		free((void *)why->steps[i].target);
		access_list_fini(&why->steps[i].acl);
	}
	why->count = 0;
	free((void *)why->user.groups);
	why->user = (struct access_user){ .groups = NULL };
	buf_clear(&why->name);
	why->error = ERROR_NONE;
}

void pane_why_fini(struct pane *pane)
{
	clear(&pane->why);
	free(pane->why.steps);
	buf_fini(&pane->why.name);
}

static void end(struct pane_why *why, enum error error)
{
	why->answered = true;
	if (error != ERROR_NONE)
		why->error = error;
}

void pane_why_reset(struct pane *pane)
{
	if (pane->why.asked && !pane->why.answered)
		end(&pane->why, ERROR_NOTCONN);
}

void pane_why(struct pane *pane, entry_id id, const char *user, size_t len)
{
	struct pane_why *why = &pane->why;
	struct buf path = BUF_INIT;
	struct buf out = BUF_INIT;
	size_t start;

	clear(why);
	why->asked = true;
	why->id = id;
	why->answered = false;
	why->request = ++pane->session->next_id;
	tree_path(pane->tree, id, &path);
	start = wire_open(&out, WIRE_WHY, why->request);
	wire_put_bytes(&out, path.data, path.len);
	wire_put_bytes(&out, user, len);
	wire_close(&out, start);
	if (path.failed || out.failed || !pane->source || pane->recording || source_request(pane->source, out.data, out.len) != 0)
		end(why, ERROR_NOTCONN);
	pane->session->more = true; /* an answer may be there already, in front of the ring */
	buf_fini(&path);
	buf_fini(&out);
}

/* Returns -1 with ENOMEM. */
static int take_user(struct pane_why *why, struct wire_reader *in)
{
	unsigned error = wire_get_u8(in);
	uint32_t *groups = NULL;
	const char *name;
	size_t cap = 0;
	size_t len;

	why->error = error < ERROR_COUNT ? (enum error)error : ERROR_OTHER;
	why->user.uid = (uint32_t)wire_get_varint(in);
	why->user.gid = (uint32_t)wire_get_varint(in);
	name = wire_get_bytes(in, &len);
	buf_clear(&why->name);
	buf_add(&why->name, name, len);
	free((void *)why->user.groups);
	why->user.groups = NULL;
	why->user.group_count = 0;
	while (wire_more(in)) {
		size_t count = why->user.group_count;

		if (vec_grow(&groups, &cap, count + 1, sizeof *groups) != 0)
			return -1;
		groups[count] = (uint32_t)wire_get_varint(in);
		why->user.groups = groups;
		why->user.group_count += in->ok;
	}
	return 0;
}

/* The bytes, for as long as we like. */
static const char *copy(const char *bytes, size_t len)
{
	char *made = malloc(len + 1);

	if (!made)
		return NULL;
	memcpy(made, bytes, len);
	made[len] = '\0';
	return made;
}

/* Returns -1 with ENOMEM. */
static int take_step(struct pane_why *why, struct wire_reader *in)
{
	struct wire_step step;
	int done = wire_get_step(in, &step);

	if (done == 0)
		done = vec_grow(&why->steps, &why->cap, why->count + 1, sizeof *why->steps);
	if (done != 0 || !in->ok) {
		access_list_fini(&step.acl);
		return done;
	}
	step.name = copy(step.name, step.name_len);
	step.target = copy(step.target, step.target_len);
	why->steps[why->count++] = step;
	return step.name && step.target ? 0 : -1;
}

bool pane_why_frame(struct pane *pane, const struct wire_frame *frame)
{
	struct pane_why *why = &pane->why;
	struct wire_reader in = frame->payload;
	int done = 0;

	if (!why->asked || why->answered || frame->id != why->request)
		return true;
	pane->session->version++;
	if (frame->type == WIRE_USER)
		done = take_user(why, &in);
	else if (wire_more(&in))
		done = take_step(why, &in);
	else
		end(why, ERROR_NONE);
	if (done != 0)
		end(why, ERROR_NOMEM);
	return in.ok;
}
