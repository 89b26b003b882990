/*
 * What is known of entries: attributes, types, targets, states.
 */
#include "tree_impl.h"

#include <errno.h>
#include <string.h>

enum { MAX_DEVICES = 1 << 14 };

/*
 * The place of a device in the table. A source may make up any number of them: those beyond the table are unknown ones,
 * which tree_device() shows as 0 and which is nobody's identity.
 */
static int device_index(struct tree *tree, uint64_t device, uint16_t *index)
{
	for (size_t i = tree->device_count; i-- > 0;) {
		if (tree->devices[i] == device) {
			*index = (uint16_t)i;
			return 0;
		}
	}
	*index = MAX_DEVICES;
	if (tree->device_count == MAX_DEVICES)
		return 0;
	if (vec_grow(&tree->devices, &tree->device_cap, tree->device_count + 1, sizeof *tree->devices) != 0)
		return -1;
	tree->devices[tree->device_count] = device;
	*index = (uint16_t)tree->device_count++;
	return 0;
}

/* Eight bits of a birth time. */
static uint8_t birth_bits(int64_t btime)
{
	return (uint8_t)((uint64_t)btime * UINT64_C(0x9e3779b97f4a7c15) >> 56);
}

/* Make an entry one of another type; it is counted out of all totals. */
static int change_type(struct tree *tree, entry_id id, uint32_t type)
{
	struct entry *entry = entry_at(tree, id);

	entry->below = 0;
	entry->mode = (uint16_t)type;
	if (!S_ISDIR(type))
		return 0;
	if (tree_make_dir(tree, id) == 0)
		return 0;
	entry->mode = 0;
	return -1;
}

static int set_type(struct tree *tree, entry_id id, uint32_t type)
{
	struct entry *entry = entry_at(tree, id);
	int done;

	if ((entry->mode & S_IFMT) == type)
		return 0;
	if (id == TREE_ROOT) {
		errno = EINVAL;
		return -1;
	}
	tree_leave_totals(tree, id);
	if (entry_is_dir(entry) &&
	    vec_grow(&tree->free_dirs, &tree->free_dir_cap, tree->free_dir_count + 1, sizeof *tree->free_dirs) == 0)
		tree->free_dirs[tree->free_dir_count++] = entry->below;
	tree_forget_attrs(tree, entry);
	entry->flags &= (uint16_t)~ENTRY_EXPANDED;
	done = change_type(tree, id, type);
	count_in(tree, entry);
	return done;
}

static uint16_t flags_from(const struct attrs *attrs, uint16_t flags)
{
	flags &= (uint16_t)~(ENTRY_MOUNT_ROOT | ENTRY_FOLLOWED | ENTRY_BTIME);
	flags |= ENTRY_KNOWN;
	if (attrs->flags & ATTRS_MOUNT_ROOT)
		flags |= ENTRY_MOUNT_ROOT;
	if (attrs->flags & ATTRS_FOLLOWED)
		flags |= ENTRY_FOLLOWED;
	if (attrs->flags & ATTRS_BTIME)
		flags |= ENTRY_BTIME;
	return flags;
}

static uint16_t small_nlink(const struct attrs *attrs)
{
	return (uint16_t)(attrs->nlink < UINT16_MAX ? attrs->nlink : UINT16_MAX);
}

/* A device node's number: 12 bits of major, 20 of minor. */
static uint32_t rdev_bits(uint64_t rdev)
{
	return (uint32_t)(rdev >> 32) << 20 | ((uint32_t)rdev & 0xfffff);
}

/* Are these the attributes that it has, as far as it keeps them? */
static bool has_attrs(const struct entry *entry, const struct attrs *attrs, uint16_t device)
{
	return entry->flags & ENTRY_KNOWN && entry->flags == flags_from(attrs, entry->flags) && entry->mode == attrs->mode &&
	       entry->uid == attrs->uid && entry->gid == attrs->gid && entry->size == attrs->size && entry->mtime == attrs->mtime &&
	       entry->ino == attrs->ino && entry->dev == device && entry_blocks(entry) == attrs->blocks &&
	       entry->nlink == small_nlink(attrs) && entry->birth == birth_bits(attrs->btime) && !entry->error;
}

/* Let an entry have attributes; links and totals are the caller's. */
static void fill_in(struct entry *entry, const struct attrs *attrs, uint16_t device)
{
	entry->flags = flags_from(attrs, entry->flags);
	entry->mode = (uint16_t)attrs->mode;
	entry->uid = attrs->uid;
	entry->gid = attrs->gid;
	entry->nlink = small_nlink(attrs);
	entry->ino = attrs->ino;
	entry->size = attrs->size;
	entry->blocks = (uint32_t)attrs->blocks;
	entry->blocks_hi = (uint16_t)(attrs->blocks >> 32);
	entry->mtime = attrs->mtime;
	entry->dev = device;
	if (S_ISCHR(attrs->mode) || S_ISBLK(attrs->mode))
		entry->below = rdev_bits(attrs->rdev);
	entry->birth = birth_bits(attrs->btime);
}

/* The attributes of an entry that had some, or is a directory, or could not be read before. */
static void replace_attrs(struct tree *tree, entry_id id, const struct attrs *attrs, uint16_t device)
{
	struct entry *entry = entry_at(tree, id);
	bool same_inode = tree_has_links(entry) && attrs->nlink > 1 && entry->ino == attrs->ino && entry->dev == device;

	count_out(tree, entry);
	if (!same_inode)
		tree_link_remove(tree, entry);
	fill_in(entry, attrs, device);
	if (!entry_is_dir(entry) || dir_at(tree, entry->below)->state < DIR_PARTIAL)
		entry->error = ERROR_NONE;
	if (!same_inode)
		tree_link_add(tree, id);
	count_in(tree, entry);
}

/* The first attributes of anything but a directory: nearly every time. What they add to the totals is all that changes in them. */
static void add_attrs(struct tree *tree, entry_id id, const struct attrs *attrs, uint16_t device)
{
	struct entry *entry = entry_at(tree, id);
	struct totals *delta = delta_of(tree, entry_at(tree, entry->parent)->below);

	fill_in(entry, attrs, device);
	if (entry->nlink > 1)
		tree_link_add(tree, id);
	if (entry->flags & ENTRY_HARD_LINK)
		return;
	delta->size += entry->size;
	delta->blocks += entry_blocks(entry);
}

int tree_set_attrs(struct tree *tree, entry_id id, const struct attrs *attrs)
{
	struct entry *entry = entry_at(tree, id);
	uint16_t device;

	if (set_type(tree, id, attrs->mode & S_IFMT) != 0 || device_index(tree, attrs->dev, &device) != 0)
		return -1;
	/* an ACL that is changed need not show in what is kept here: it is asked for again */
	entry->flags &= (uint16_t)~(ENTRY_ACL_ASKED | (entry->ino != attrs->ino ? ENTRY_ACL : 0));
	if (has_attrs(entry, attrs, device))
		return 0;
	if (entry->flags & ENTRY_KNOWN || entry->error || entry_is_dir(entry))
		replace_attrs(tree, id, attrs, device);
	else
		add_attrs(tree, id, attrs, device);
	changed(tree, entry);
	tell_changed(tree, id);
	return 0;
}

void tree_set_error(struct tree *tree, entry_id id, enum error error)
{
	struct entry *entry = entry_at(tree, id);

	count_out(tree, entry);
	tree_forget_attrs(tree, entry);
	entry->error = (uint8_t)error;
	count_in(tree, entry);
	changed(tree, entry);
	tell_changed(tree, id);
}

int tree_set_target(struct tree *tree, entry_id id, const char *target, size_t len)
{
	struct entry *entry = entry_at(tree, id);
	size_t has;
	const char *is = tree_target(tree, id, &has);
	uint32_t kept;

	if (!S_ISLNK(entry->mode) || (is && has == len && memcmp(is, target, len) == 0))
		return 0;
	kept = arena_add(&tree->names, target, len);
	if (!kept)
		return -1;
	entry->below = kept;
	changed(tree, entry);
	tell_changed(tree, id);
	return 0;
}

void tree_set_state(struct tree *tree, entry_id id, enum dir_state state, enum error error)
{
	struct entry *entry = entry_at(tree, id);
	struct dir *dir = tree_dir(tree, id);

	if (!dir || (dir->state == state && entry->error == error))
		return;
	count_out(tree, entry);
	dir->state = (uint8_t)state;
	if (entry->flags & ENTRY_KNOWN || error)
		entry->error = (uint8_t)error;
	count_in(tree, entry);
	changed(tree, entry);
	tell_changed(tree, id);
}

void tree_set_acl(struct tree *tree, entry_id id, bool has)
{
	struct entry *entry = entry_at(tree, id);

	if (has == !!(entry->flags & ENTRY_ACL))
		return;
	entry->flags ^= ENTRY_ACL;
	tree->version++;
}
