#include "user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

void user_fini(struct user *user)
{
	free(user->groups);
	buf_fini(&user->name);
	*user = (struct user){ .groups = NULL };
}

/* All digits, as a user is given by number? */
static bool read_number(const char *text, uint32_t *number)
{
	uint64_t value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || value > UINT32_MAX / 10)
			return false;
		value = value * 10 + (uint64_t)(*text - '0');
	}
	*number = (uint32_t)value;
	return value < UINT32_MAX;
}

static enum error no_memory(bool failed)
{
	return failed ? ERROR_NOMEM : ERROR_NONE;
}

/* The groups of the database. */
static enum error add_groups(struct user *user)
{
	for (int count = 32;;) {
		gid_t *groups = calloc((size_t)count, sizeof *groups);
		int room = count;

		if (!groups)
			return ERROR_NOMEM;
		if (getgrouplist(buf_str(&user->name), user->gid, groups, &count) >= 0) {
			user->groups = groups;
			user->group_count = (size_t)count;
			return ERROR_NONE;
		}
		free(groups);
		count = count > room ? count : room * 2;
		if (count > 1 << 20)
			return ERROR_OTHER;
	}
}

/* Ask for one user, by name or, if that is NULL, by number. False when there is none. */
static bool look_up(struct user *user, const char *name, uint32_t uid, enum error *error)
{
	enum { FIRST = 4096, LAST = 1 << 22 };
	struct passwd record;
	struct passwd *found = NULL;

	*error = ERROR_NONE;
	for (size_t size = FIRST; size <= LAST; size *= 4) {
		char *room = malloc(size);
		int got = ENOMEM;

		if (room && name)
			got = getpwnam_r(name, &record, room, size, &found);
		else if (room)
			got = getpwuid_r(uid, &record, room, size, &found);
		if (found) {
			user->uid = found->pw_uid;
			user->gid = found->pw_gid;
			buf_add_str(&user->name, found->pw_name);
			*error = no_memory(!buf_str(&user->name));
		}
		free(room);
		if (got == ENOMEM)
			*error = ERROR_NOMEM;
		if (got != ERANGE)
			break;
	}
	return found != NULL;
}

/* Who this process acts as: what the kernel knows of it, whatever a database says. */
static enum error find_self(struct user *user)
{
	int count = getgroups(0, NULL);
	enum error error;

	look_up(user, NULL, geteuid(), &error);
	user->uid = geteuid();
	user->gid = getegid();
	if (error != ERROR_NONE || count <= 0)
		return error;
	user->groups = calloc((size_t)count, sizeof *user->groups);
	if (!user->groups)
		return ERROR_NOMEM;
	count = getgroups(count, user->groups);
	user->group_count = count > 0 ? (size_t)count : 0;
	return ERROR_NONE;
}

/* A group by name, or by number. */
static enum error find_group(const char *name, int64_t *gid)
{
	enum { FIRST = 4096, LAST = 1 << 22 };
	struct group record;
	struct group *found = NULL;
	uint32_t number;
	int got = ERANGE;

	for (size_t size = FIRST; got == ERANGE && size <= LAST; size *= 4) {
		char *room = malloc(size);

		got = room ? getgrnam_r(name, &record, room, size, &found) : ENOMEM;
		if (found)
			*gid = found->gr_gid;
		free(room);
	}
	if (found)
		return ERROR_NONE;
	if (got == ENOMEM)
		return ERROR_NOMEM;
	if (!read_number(name, &number))
		return ERROR_NOGROUP;
	*gid = number;
	return ERROR_NONE;
}

/* The user before the colon; `*group` is the user's own, -1 if there is none. */
static enum error find_owner(const char *name, int64_t *uid, int64_t *group)
{
	struct user user = { .groups = NULL };
	uint32_t number = 0;
	enum error error;

	if (look_up(&user, name, 0, &error)) {
		*uid = user.uid;
		*group = user.gid;
	} else if (error == ERROR_NONE && read_number(name, &number)) {
		*uid = number;
	} else if (error == ERROR_NONE) {
		error = ERROR_NOUSER;
	}
	user_fini(&user);
	return error;
}

enum error user_owner(const char *owner, int64_t *uid, int64_t *gid)
{
	size_t len = strcspn(owner, ":");
	char *name = strndup(owner, len);
	enum error error = name ? ERROR_NONE : ERROR_NOMEM;
	int64_t group = -1;

	*uid = -1;
	*gid = -1;
	if (error == ERROR_NONE && len > 0)
		error = find_owner(name, uid, &group);
	free(name);
	if (error != ERROR_NONE || (len > 0 && !owner[len]))
		return error;
	if (owner[len] && owner[len + 1])
		return find_group(owner + len + 1, gid);
	*gid = group;
	return group >= 0 ? ERROR_NONE : ERROR_NOOWNER;
}

enum error user_find(const char *who, struct user *user)
{
	enum error error;
	uint32_t uid = 0;

	*user = (struct user){ .groups = NULL };
	if (!*who)
		return find_self(user);
	if (look_up(user, who, 0, &error))
		return error == ERROR_NONE ? add_groups(user) : error;
	if (error != ERROR_NONE || !read_number(who, &uid))
		return error != ERROR_NONE ? error : ERROR_NOENT;
	if (look_up(user, NULL, uid, &error))
		return error == ERROR_NONE ? add_groups(user) : error;
	user->uid = uid;
	user->gid = USER_NO_GROUP;
	return error;
}
