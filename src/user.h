/*
 * One user with all groups, by name or by number.
 */
#ifndef MUNTIN_USER_H
#define MUNTIN_USER_H

#include "buf.h"
#include "error.h"

/** Zeroed there is none. */
struct user {
	uint32_t uid;
	uint32_t gid;
	uint32_t *groups;    /* supplementary ones; `gid` may be among them */
	size_t group_count;
	struct buf name;     /* foreign bytes; empty: a number without a name */
};

/** Stands for the group of a number that has no name: no file has it, see chown(2). */
#define USER_NO_GROUP UINT32_MAX

/**
 * Find a user. Empty `who` is who this process acts as. A number that nobody has is a user without groups; a name that nobody
 * has is ERROR_NOENT. Fills `user`, which user_fini() empties in any case. Asks the name service, which may take its time, or
 * hang.   Thread: any but the interface's main thread.
 */
MUN_NODISCARD enum error user_find(const char *who, struct user *user);

/**
 * Read an owner as chown takes it: `USER`, `USER:GROUP`, `:GROUP`, or `USER:` with the user's own group; names come before
 * numbers. What is not named is -1. Returns ERROR_NONE, ERROR_NOUSER, ERROR_NOGROUP, ERROR_NOOWNER or ERROR_NOMEM. Asks the name
 * service.   Thread: any but the interface's main thread.
 */
MUN_NODISCARD enum error user_owner(const char *owner, int64_t *uid, int64_t *gid);

/** Give the memory back.   Thread: any. */
void user_fini(struct user *user);

#endif
