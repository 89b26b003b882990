#include "look.h"

#include "fsys_facts.h"
#include "thread.h"
#include "user.h"
#include "why.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

enum { STACK = 256 * 1024, BATCH = 16384 };

/* One question; its thread frees it. */
struct look {
	struct ring *ring;
	uint64_t id;
	uint8_t type;               /* enum wire_type of the request */
	char *root;
	struct buf request;         /* its payload */
	struct buf out;             /* has room for the smallest answer from the start */
};

static void look_free(struct look *look)
{
	if (!look)
		return;
	ring_unref(look->ring);
	buf_fini(&look->request);
	buf_fini(&look->out);
	free(look->root);
	free(look);
}

static struct look *look_new(const char *root, struct ring *ring, const struct wire_frame *frame)
{
	struct look *look = calloc(1, sizeof *look);

	if (!look)
		return NULL;
	look->ring = ring_ref(ring);
	look->id = frame->id;
	look->type = frame->type;
	look->root = strdup(root);
	buf_add(&look->request, frame->payload.at, (size_t)(frame->payload.end - frame->payload.at));
	if (look->root && !look->request.failed && buf_room(&look->out, WIRE_MAX_ATTRS + PATH_MAX + 64))
		return look;
	look_free(look);
	return NULL;
}

static struct wire_reader reader_of(const struct buf *bytes)
{
	const unsigned char *at = (const unsigned char *)bytes->data;

	return (struct wire_reader){ at, at + bytes->len, true };
}

/* Nobody may want to know any more: false then. */
static bool send(struct look *look)
{
	bool sent = !look->out.failed && (look->out.len == 0 || ring_put(look->ring, look->out.data, look->out.len) == 0);

	buf_clear(&look->out);
	return sent;
}

static void put_empty(struct buf *out, enum wire_type type, uint64_t id)
{
	wire_close(out, wire_open(out, type, id));
}

/* Places ---------------------------------------------------------------------------------------------- */

/* The directory of the path that was looked at last; the next one is often in it, too. */
struct place {
	int root;
	int dir;             /* -1: none is held, else `root` or one below it */
	struct buf path;     /* of the object, terminated in front of its name */
	size_t dir_len;
};

static void place_fini(struct place *place)
{
	if (place->dir != place->root)
		fsys_close(place->dir);
	fsys_close(place->root);
	buf_fini(&place->path);
}

/* Hold an object of the tree. Returns 0, or -1 with errno. */
static int place_hold(struct place *place, const char *path, size_t len, struct fsys_object *object)
{
	const char *slash = len > 0 ? memrchr(path, '/', len) : NULL;
	size_t dir_len = slash ? (size_t)(slash - path) : 0;
	bool same = place->dir >= 0 && dir_len == place->dir_len && memcmp(path, place->path.data, dir_len) == 0;

	buf_clear(&place->path);
	buf_add(&place->path, path, len);
	if (!buf_str(&place->path)) {
		errno = ENOMEM;
		return -1;
	}
	if (slash)
		place->path.data[dir_len] = '\0';
	place->dir_len = dir_len;
	if (!same) {
		if (place->dir != place->root)
			fsys_close(place->dir);
		place->dir = slash ? fsys_open_beneath(place->root, place->path.data) : place->root;
	}
	if (place->dir < 0)
		return -1;
	return fsys_object_init(object, place->dir, place->path.data + (slash ? dir_len + 1 : 0));
}

/* Everything of one entry ----------------------------------------------------------------------------- */

struct answer {
	enum error error;
	struct attrs attrs;
	char target[PATH_MAX];
	size_t target_len;
	struct access_list acl;
	struct access_list inherited;
};

static void put_stat(struct buf *out, uint64_t id, const struct answer *answer)
{
	size_t start = wire_open(out, WIRE_STAT, id);

	wire_put_u8(out, answer->error);
	wire_put_attrs(out, &answer->attrs);
	wire_put_bytes(out, answer->target, answer->target_len);
	wire_put_acl(out, &answer->acl);
	wire_put_acl(out, &answer->inherited);
	wire_close(out, start);
}

static enum error look_at(const struct fsys_object *object, struct answer *answer)
{
	ssize_t len;

	if (fsys_object_stat(object, &answer->attrs) != 0)
		return error_from_errno(errno);
	if (S_ISLNK(answer->attrs.mode)) {
		len = fsys_readlink(object->dirfd, object->name, answer->target, sizeof answer->target);
		answer->target_len = len > 0 ? (size_t)len : 0;
		return ERROR_NONE;
	}
	/* what there is of an ACL is told; without one that could be read there is none to tell */
	if (fsys_object_acl(object, FSYS_ACL_ACCESS, &answer->acl) == 0 && S_ISDIR(answer->attrs.mode) &&
	    fsys_object_acl(object, FSYS_ACL_DEFAULT, &answer->inherited) != 0)
		access_list_fini(&answer->inherited);
	return ERROR_NONE;
}

static void tell_stat(struct look *look)
{
	struct place place = { fsys_open_root(look->root), -1, BUF_INIT, 0 };
	struct wire_reader in = reader_of(&look->request);
	struct answer answer = { .error = ERROR_NONE };
	struct fsys_object object;
	size_t len;
	const char *path = wire_get_bytes(&in, &len);

	if (place.root < 0 || place_hold(&place, path, len, &object) != 0) {
		answer.error = error_from_errno(errno);
	} else {
		answer.error = look_at(&object, &answer);
		fsys_object_fini(&object);
	}
	put_stat(&look->out, look->id, &answer);
	access_list_fini(&answer.acl);
	access_list_fini(&answer.inherited);
	place_fini(&place);
}

/* Details of many ------------------------------------------------------------------------------------- */

/* Append the attributes and the ACL of one entry; what cannot be looked at has none. */
static void put_detail(struct place *place, const char *path, size_t len, struct buf *out)
{
	struct access_list acl = { NULL, 0, 0 };
	struct fsys_object object;
	struct attrs attrs;
	bool known = false;

	if (place->root >= 0 && place_hold(place, path, len, &object) == 0) {
		known = fsys_object_stat(&object, &attrs) == 0;
		if (known && !S_ISLNK(attrs.mode) && fsys_object_acl(&object, FSYS_ACL_ACCESS, &acl) != 0)
			access_list_fini(&acl);
		fsys_object_fini(&object);
	}
	wire_put_u8(out, known);
	if (known)
		wire_put_attrs(out, &attrs);
	wire_put_acl(out, &acl);
	access_list_fini(&acl);
}

static void tell_details(struct look *look)
{
	struct place place = { fsys_open_root(look->root), -1, BUF_INIT, 0 };
	struct wire_reader in = reader_of(&look->request);
	bool wanted = true;

	while (wanted && wire_more(&in)) {
		size_t start = wire_open(&look->out, WIRE_DETAIL, look->id);

		while (wire_more(&in) && look->out.len - start < BATCH) {
			size_t len;
			const char *path = wire_get_bytes(&in, &len);

			put_detail(&place, path, len, &look->out);
		}
		wire_close(&look->out, start);
		if (look->out.failed) {
			buf_clear(&look->out);
			put_empty(&look->out, WIRE_DETAIL, look->id);
			wanted = false;
		}
		wanted = send(look) && wanted;
	}
	place_fini(&place);
}

/* Why ------------------------------------------------------------------------------------------------- */

static void put_user(struct buf *out, uint64_t id, enum error error, const struct user *user)
{
	size_t start = wire_open(out, WIRE_USER, id);

	wire_put_u8(out, error);
	wire_put_varint(out, user->uid);
	wire_put_varint(out, user->gid);
	wire_put_bytes(out, user->name.data, user->name.len);
	for (size_t i = 0; i < user->group_count; i++)
		wire_put_varint(out, user->groups[i]);
	wire_close(out, start);
}

static void take_step(void *arg, const struct wire_step *step)
{
	struct look *look = arg;
	size_t start = wire_open(&look->out, WIRE_STEP, look->id);

	wire_put_step(&look->out, step);
	wire_close(&look->out, start);
	if (look->out.len >= BATCH)
		send(look);
}

static void tell_why(struct look *look)
{
	struct wire_reader in = reader_of(&look->request);
	struct user user = { .groups = NULL };
	struct buf path = BUF_INIT;
	struct buf who = BUF_INIT;
	enum error error = ERROR_NOMEM;
	size_t len;
	const char *bytes = wire_get_bytes(&in, &len);

	buf_add(&path, bytes, len);
	bytes = wire_get_bytes(&in, &len);
	buf_add(&who, bytes, len);
	if (buf_str(&path) && buf_str(&who))
		error = user_find(who.data, &user);
	put_user(&look->out, look->id, error, &user);
	if (error == ERROR_NONE && (error = why_walk(look->root, path.data, take_step, look)) != ERROR_NONE)
		take_step(look, &(struct wire_step){ .error = (uint8_t)error, .name = "/", .name_len = 1 });
	put_empty(&look->out, WIRE_STEP, look->id);
	user_fini(&user);
	buf_fini(&path);
	buf_fini(&who);
}

/* Requests -------------------------------------------------------------------------------------------- */

static void *run_look(void *arg)
{
	struct look *look = arg;

	switch (look->type) {
	case WIRE_LOOK:
		tell_stat(look);
		break;
	case WIRE_DETAILS:
		tell_details(look);
		break;
	default:
		tell_why(look);
		break;
	}
	send(look);
	look_free(look);
	return NULL;
}

/* Is the request one? */
static bool check(const struct wire_frame *frame)
{
	struct wire_reader in = frame->payload;
	size_t len;
	const char *bytes;

	do {
		bytes = wire_get_bytes(&in, &len);
		if (!in.ok || !wire_path_ok(bytes, len))
			return false;
	} while (frame->type == WIRE_DETAILS && wire_more(&in));
	if (frame->type != WIRE_WHY)
		return true;
	bytes = wire_get_bytes(&in, &len);
	return in.ok && !memchr(bytes, '\0', len);
}

static void refuse(const struct wire_frame *frame, struct buf *answer)
{
	static const struct user nobody;
	const struct answer none = { .error = ERROR_NOMEM };

	if (frame->type == WIRE_LOOK) {
		put_stat(answer, frame->id, &none);
		return;
	}
	if (frame->type == WIRE_WHY)
		put_user(answer, frame->id, ERROR_NOMEM, &nobody);
	put_empty(answer, frame->type == WIRE_WHY ? WIRE_STEP : WIRE_DETAIL, frame->id);
}

int look_begin(const char *root, struct ring *ring, const struct wire_frame *frame, struct buf *answer)
{
	struct look *look;

	if (!check(frame)) {
		errno = EPROTO;
		return -1;
	}
	look = look_new(root, ring, frame);
	if (look && thread_start(run_look, look, STACK) == 0)
		return 0;
	look_free(look);
	refuse(frame, answer);
	return 0;
}
