#include "access.h"

#include <sys/stat.h>

int access_list_add(struct access_list *list, const struct access_acl *entry)
{
	if (vec_grow(&list->entries, &list->cap, list->count + 1, sizeof *list->entries) != 0)
		return -1;
	list->entries[list->count++] = *entry;
	return 0;
}

void access_list_fini(struct access_list *list)
{
	free(list->entries);
	*list = (struct access_list){ NULL, 0, 0 };
}

/** What the entries of an ACL come to for one user. */
struct grant {
	bool found;               /* some entry matches */
	unsigned rights;
	enum access_class class;
	uint32_t id;
};

static bool user_in_group(const struct access_user *user, uint32_t gid)
{
	if (user->gid == gid)
		return true;
	for (size_t i = 0; i < user->group_count; i++) {
		if (user->groups[i] == gid)
			return true;
	}
	return false;
}

/** The first entry with this tag (and this id, for a named one); NULL when there is none. */
static const struct access_acl *acl_find(const struct access_entry *entry, enum access_tag tag, uint32_t id)
{
	bool named = tag == ACCESS_TAG_USER || tag == ACCESS_TAG_GROUP;

	for (size_t i = 0; i < entry->acl_count; i++) {
		if (entry->acl[i].tag == tag && (!named || entry->acl[i].id == id))
			return &entry->acl[i];
	}
	return NULL;
}

/** Count one matching entry in: the class shown is the first that grants something. */
static void grant_add(struct grant *grant, unsigned rights, enum access_class class, uint32_t id)
{
	if (!grant->found || (grant->rights == 0 && rights != 0)) {
		grant->class = class;
		grant->id = id;
	}
	grant->found = true;
	grant->rights |= rights;
}

/** All groups of the user, the owning one first: any of them that grants a right will do. */
static struct grant groups_grant(const struct access_user *user, const struct access_entry *entry)
{
	const struct access_acl *own = acl_find(entry, ACCESS_TAG_GROUP_OWNER, 0);
	struct grant grant = { false, 0, ACCESS_OTHER, 0 };

	if (user_in_group(user, entry->gid))
		grant_add(&grant, own ? own->rights : entry->mode >> 3 & 7, ACCESS_GROUP, entry->gid);
	for (size_t i = 0; i < entry->acl_count; i++) {
		const struct access_acl *one = &entry->acl[i];

		if (one->tag == ACCESS_TAG_GROUP && user_in_group(user, one->id))
			grant_add(&grant, one->rights, ACCESS_NAMED_GROUP, one->id);
	}
	return grant;
}

static unsigned root_rights(uint32_t mode)
{
	bool executes = S_ISDIR(mode) || (mode & 0111);

	return ACCESS_READ | ACCESS_WRITE | (executes ? ACCESS_EXECUTE : 0);
}

/** The class that decides and what it lists; `*mask` becomes what the ACL's mask lets through. */
static struct grant class_grant(const struct access_user *user, const struct access_entry *entry, unsigned *mask)
{
	const struct access_acl *limit = acl_find(entry, ACCESS_TAG_MASK, 0);
	const struct access_acl *named;
	struct grant grant;

	*mask = 7;
	if (user->uid == 0)
		return (struct grant){ true, root_rights(entry->mode), ACCESS_ROOT, 0 };
	if (user->uid == entry->uid)
		return (struct grant){ true, entry->mode >> 6 & 7, ACCESS_USER, entry->uid };
	/* by the mode's group bits, which are the same, and tell it for a mode that is only thought of, too */
	if (limit)
		*mask = entry->mode >> 3 & 7;
	named = acl_find(entry, ACCESS_TAG_USER, user->uid);
	if (named)
		return (struct grant){ true, named->rights, ACCESS_NAMED_USER, named->id };
	grant = groups_grant(user, entry);
	if (grant.found)
		return grant;
	*mask = 7;
	return (struct grant){ true, entry->mode & 7, ACCESS_OTHER, 0 };
}

/** Devices, FIFOs and sockets are not of the filesystem they stand on. */
static bool mount_forbids(const struct access_entry *entry)
{
	return entry->limits & ACCESS_READ_ONLY && (S_ISREG(entry->mode) || S_ISDIR(entry->mode) || S_ISLNK(entry->mode));
}

struct access_result access_decide(const struct access_user *user, const struct access_entry *entry)
{
	struct access_result result = { 0 };
	unsigned mask;
	struct grant grant = class_grant(user, entry, &mask);

	result.listed = grant.rights & 7;
	result.rights = result.listed & mask;
	result.class = grant.class;
	result.id = grant.id;
	result.masked = result.rights != result.listed;
	if (result.rights & ACCESS_WRITE && entry->limits & ACCESS_IMMUTABLE)
		result.no_write = "immutable";
	if (result.rights & ACCESS_WRITE && mount_forbids(entry))
		result.no_write = "read-only filesystem";
	if (result.rights & ACCESS_EXECUTE && entry->limits & ACCESS_NO_EXEC && S_ISREG(entry->mode))
		result.no_execute = "filesystem mounted noexec";
	result.rights &= ~((result.no_write ? ACCESS_WRITE : 0u) | (result.no_execute ? ACCESS_EXECUTE : 0u));
	return result;
}

bool access_blocks(const struct access_result *result, uint32_t mode)
{
	return S_ISDIR(mode) && !(result->rights & ACCESS_EXECUTE);
}

const char *access_class_name(enum access_class class)
{
	static const char *const names[] = {
		[ACCESS_ROOT] = "root",
		[ACCESS_USER] = "user",
		[ACCESS_NAMED_USER] = "named user",
		[ACCESS_GROUP] = "group",
		[ACCESS_NAMED_GROUP] = "named group",
		[ACCESS_OTHER] = "other",
	};

	return names[class];
}

void access_answer(struct buf *out, const struct access_result *result, unsigned right)
{
	bool listed = result->listed & right;
	bool granted = result->rights & right;
	const char *reason = NULL;
	char letter = 'r';

	if (right != ACCESS_READ) {
		letter = right == ACCESS_WRITE ? 'w' : 'x';
		reason = right == ACCESS_WRITE ? result->no_write : result->no_execute;
	}
	buf_printf(out, "%s (%s", granted ? "yes" : "no", access_class_name(result->class));
	if (result->class != ACCESS_ROOT || !listed)
		buf_printf(out, " %c", listed ? letter : '-');
	if (listed && !granted)
		buf_printf(out, ", %s", reason ? reason : "masked");
	buf_add_byte(out, ')');
}

void access_summary(struct buf *out, const struct access_result *result)
{
	static const struct {
		unsigned right;
		const char *name;
	} rights[] = { { ACCESS_READ, "read" }, { ACCESS_WRITE, "write" }, { ACCESS_EXECUTE, "execute" } };

	for (size_t i = 0; i < ARRAY_LEN(rights); i++)
		buf_printf(out, "%s %s  ", rights[i].name, result->rights & rights[i].right ? "yes" : "no");
	buf_printf(out, "(%s)", access_class_name(result->class));
}
