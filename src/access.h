/*
 * What a user may do with one entry, and which class of its permissions decides: worked out from
 * facts alone, as the kernel does it. The first class that matches decides, even where a later one
 * would grant more:
 *
 *   root         reads and writes everything, searches every directory, and executes what some
 *                class may execute
 *   user         the owner: the user bits
 *   named user   an entry of the ACL, as far as its mask allows
 *   group        members of the owning group: the group bits; with an ACL the group's own entry
 *   named group  entries of the ACL. Of all groups of a user, each that grants a right counts, as far
 *                as the mask allows
 *   other        everybody else
 */
#ifndef MUNTIN_ACCESS_H
#define MUNTIN_ACCESS_H

#include "base.h"
#include "buf.h"

/**
 * Rights, as in one octal digit. On a directory: list it, change what it holds, reach what it
 * holds.
 */
enum access_rights {
	ACCESS_EXECUTE = 1 << 0,
	ACCESS_WRITE = 1 << 1,
	ACCESS_READ = 1 << 2,
};

/** Who asks. Root is who has uid 0. */
struct access_user {
	uint32_t uid;
	uint32_t gid;
	const uint32_t *groups;  /* supplementary ones */
	size_t group_count;
};

/** What an entry of an ACL is about; owner and others are in the mode. */
enum access_tag {
	ACCESS_TAG_USER,         /* a named user */
	ACCESS_TAG_GROUP_OWNER,  /* the owning group; the mode's group bits are the mask then */
	ACCESS_TAG_GROUP,        /* a named group */
	ACCESS_TAG_MASK,
	ACCESS_TAG_OWNER,        /* default ACLs only: of the owner and of others of what is made there */
	ACCESS_TAG_OTHER,
	ACCESS_TAG_COUNT
};

struct access_acl {
	enum access_tag tag;
	uint32_t id;      /* of a named user or group */
	unsigned rights;  /* enum access_rights */
};

/** The entries of an ACL; zeroed it is empty. Owns its memory. */
struct access_list {
	struct access_acl *entries;
	size_t count;
	size_t cap;
};

/** Append an entry. Returns 0, or -1 with ENOMEM.   Thread: any. */
MUN_NODISCARD int access_list_add(struct access_list *list, const struct access_acl *entry);

/** Give the memory back and leave an empty list.   Thread: any. */
void access_list_fini(struct access_list *list);

/** What holds for everybody, whatever the bits say. */
enum access_limits {
	ACCESS_READ_ONLY = 1 << 0, /* the filesystem is mounted so */
	ACCESS_NO_EXEC = 1 << 1,   /* nothing on it can be executed */
	ACCESS_IMMUTABLE = 1 << 2, /* chattr +i */
};

/** The entry that is asked about; of a symbolic link that would be what it points to. */
struct access_entry {
	uint32_t uid;
	uint32_t gid;
	uint32_t mode;                 /* with its type */
	const struct access_acl *acl;  /* in any order */
	size_t acl_count;              /* 0: there is none */
	unsigned limits;               /* enum access_limits */
};

enum access_class {
	ACCESS_ROOT,
	ACCESS_USER,
	ACCESS_NAMED_USER,
	ACCESS_GROUP,
	ACCESS_NAMED_GROUP,
	ACCESS_OTHER,
};

struct access_result {
	unsigned rights;          /* enum access_rights that are granted */
	unsigned listed;          /* what the class lists, before mask and mount */
	enum access_class class;  /* which class decided */
	uint32_t id;              /* the named user or group, or else the owner or owning group */
	bool masked;              /* the ACL's mask takes a listed right away */
	const char *no_write;     /* what takes writing away, whatever the class grants; NULL: nothing */
	const char *no_execute;   /* the same of executing */
};

/** Work out what a user may do with an entry.   Thread: any. */
struct access_result access_decide(const struct access_user *user, const struct access_entry *entry);

/** Whether the entry is a directory whose content the user cannot reach.   Thread: any. */
bool access_blocks(const struct access_result *result, uint32_t mode);

/** The name of a class: "root", "user", "named user" ... Static text.   Thread: any. */
const char *access_class_name(enum access_class class);

/**
 * Append the answer for one right: "yes (other r)", "no (other -)", and why where the bits alone do
 * not tell: "no (group w, masked)", "no (user w, read-only filesystem)", "no (root, immutable)".   Thread: any.
 */
void access_answer(struct buf *out, const struct access_result *result, unsigned right);

/** Append "read yes  write no  execute no  (other)".   Thread: any. */
void access_summary(struct buf *out, const struct access_result *result);

#endif
