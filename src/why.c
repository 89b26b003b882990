#include "why.h"

#include "fsys_facts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

enum { LINKS_MAX = 40, NAME_SIZE = NAME_MAX + 2 }; /* a name that is too long stays so */

struct way {
	int dir;              /* held: where the next component is looked for */
	struct buf todo;      /* what is left of the path */
	unsigned links;       /* that were followed */
	void (*tell)(void *arg, const struct wire_step *step);
	void *arg;
};

/* Everything that a step tells of a held object. */
static enum error look(const struct fsys_object *object, struct wire_step *step)
{
	unsigned mount;

	if (fsys_object_stat(object, &step->attrs) != 0)
		return error_from_errno(errno);
	if (S_ISLNK(step->attrs.mode))
		return ERROR_NONE;
	if (fsys_object_acl(object, FSYS_ACL_ACCESS, &step->acl) != 0)
		return error_from_errno(errno);
	mount = fsys_object_mount(object);
	step->flags = (uint8_t)((mount & FSYS_MOUNT_READ_ONLY ? WIRE_STEP_READ_ONLY : 0) |
	                        (mount & FSYS_MOUNT_NO_EXEC ? WIRE_STEP_NO_EXEC : 0));
	return ERROR_NONE;
}

static void way_fini(struct way *way)
{
	fsys_close(way->dir);
	buf_fini(&way->todo);
}

/* Begin at `/`, and tell of it. */
static enum error begin(struct way *way)
{
	struct wire_step step = { .name = "/", .name_len = 1 };
	struct fsys_object object;

	way->dir = fsys_hold_dir(AT_FDCWD, "/");
	if (way->dir < 0 || fsys_object_init(&object, way->dir, "") != 0)
		return error_from_errno(errno);
	step.error = (uint8_t)look(&object, &step);
	way->tell(way->arg, &step);
	access_list_fini(&step.acl);
	fsys_object_fini(&object);
	return ERROR_NONE;
}

/* Take the next component off the path; false at its end. */
static bool next_name(struct way *way, char name[NAME_SIZE])
{
	size_t skip = 0;
	size_t len = 0;

	while (skip < way->todo.len && way->todo.data[skip] == '/')
		skip++;
	buf_drop(&way->todo, skip);
	while (len < way->todo.len && way->todo.data[len] != '/')
		len++;
	memcpy(name, way->todo.data, size_min(len, NAME_SIZE - 1));
	name[size_min(len, NAME_SIZE - 1)] = '\0';
	buf_drop(&way->todo, len);
	return len > 0;
}

/* What a link says comes before the rest of the path. */
static enum error follow(struct way *way, const char *target, size_t len)
{
	struct buf todo = BUF_INIT;
	int slash;

	if (++way->links > LINKS_MAX)
		return ERROR_LOOP;
	buf_add(&todo, target, len);
	buf_add(&todo, way->todo.data, way->todo.len);
	buf_fini(&way->todo);
	way->todo = todo;
	if (todo.failed)
		return ERROR_NOMEM;
	if (len == 0 || target[0] != '/')
		return ERROR_NONE;
	slash = fsys_hold_dir(AT_FDCWD, "/");
	if (slash < 0)
		return error_from_errno(errno);
	fsys_close(way->dir);
	way->dir = slash;
	return ERROR_NONE;
}

/* Go into the object that was looked at, if anything is left of the path. */
static enum error enter(struct way *way, struct fsys_object *object)
{
	if (way->todo.len == 0)
		return ERROR_NONE;
	if (object->fd < 0)
		return ERROR_ACCES; /* without O_PATH: what may not be read is not held */
	fsys_close(way->dir);
	way->dir = object->fd;
	object->fd = -1;
	return ERROR_NONE;
}

/* One component. Returns why there is no next one. */
static enum error walk_one(struct way *way, const char *name)
{
	struct wire_step step = { .name = name, .name_len = strlen(name) };
	char target[PATH_MAX];
	ssize_t len = 0;
	struct fsys_object object;
	enum error error;

	if (fsys_object_init(&object, way->dir, name) != 0) {
		step.error = (uint8_t)error_from_errno(errno);
		way->tell(way->arg, &step);
		return (enum error)step.error;
	}
	error = look(&object, &step);
	if (error == ERROR_NONE && S_ISLNK(step.attrs.mode)) {
		len = fsys_readlink(way->dir, name, target, sizeof target);
		error = len < 0 ? error_from_errno(errno) : ERROR_NONE;
		step.target = target;
		step.target_len = len > 0 ? (size_t)len : 0;
	}
	if (error == ERROR_NONE && S_ISLNK(step.attrs.mode))
		error = follow(way, target, (size_t)len);
	else if (error == ERROR_NONE)
		error = enter(way, &object);
	step.error = (uint8_t)error;
	way->tell(way->arg, &step);
	access_list_fini(&step.acl);
	fsys_object_fini(&object);
	return error;
}

enum error why_walk(const char *root, const char *path, void (*tell)(void *arg, const struct wire_step *step), void *arg)
{
	struct way way = { .dir = -1, .tell = tell, .arg = arg };
	char name[NAME_SIZE];
	enum error error = ERROR_NONE;

	if (fsys_real_path(root, &way.todo) != 0)
		error = error_from_errno(errno);
	buf_add_byte(&way.todo, '/');
	buf_add_str(&way.todo, path);
	if (error == ERROR_NONE && way.todo.failed)
		error = ERROR_NOMEM;
	if (error == ERROR_NONE)
		error = begin(&way);
	if (error == ERROR_NONE)
		while (next_name(&way, name) && walk_one(&way, name) == ERROR_NONE)
			;
	way_fini(&way);
	return error;
}
