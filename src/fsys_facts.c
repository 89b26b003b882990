#include "fsys_facts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

#ifdef HAVE_LIBACL
#include <acl/libacl.h>
#include <sys/acl.h>
#endif

enum { FD_PATH = 40 };

/* The link that /proc has for a descriptor. */
static void fd_path(char path[FD_PATH], int fd)
{
	snprintf(path, FD_PATH, "/proc/self/fd/%d", fd);
}

/* ---- ACLs ------------------------------------------------------------------------------------------------- */

#ifdef HAVE_LIBACL

/* Open the object once more and make sure that it is the same. */
static acl_t acl_opened(const struct fsys_object *object)
{
	struct attrs attrs;
	struct attrs now;
	acl_t acl = NULL;
	int fd;

	if (fsys_object_stat(object, &attrs) != 0)
		return NULL;
	fd = S_ISDIR(attrs.mode) ? fsys_open_dir(object->dirfd, *object->name ? object->name : ".")
	                         : fsys_open_file(object->dirfd, object->name, 0);
	if (fd >= 0 && fsys_stat(fd, "", 0, &now) == 0 && now.dev == attrs.dev && now.ino == attrs.ino)
		acl = acl_get_fd(fd);
	else
		errno = EOPNOTSUPP;
	fsys_close(fd);
	return acl;
}

static acl_t acl_of(const struct fsys_object *object, enum fsys_acl which)
{
	char path[FD_PATH];
	acl_t acl;

	if (object->fd < 0) {
		errno = EOPNOTSUPP;
		return NULL;
	}
	fd_path(path, object->fd);
	acl = acl_get_file(path, which == FSYS_ACL_DEFAULT ? ACL_TYPE_DEFAULT : ACL_TYPE_ACCESS);
	if (!acl && (errno == ENOENT || errno == ENOTDIR) && which == FSYS_ACL_ACCESS)
		acl = acl_opened(object);
	return acl;
}

static unsigned rights_of(acl_entry_t entry)
{
	acl_permset_t set;

	if (acl_get_permset(entry, &set) != 0)
		return 0;
	return (acl_get_perm(set, ACL_READ) > 0 ? ACCESS_READ : 0) | (acl_get_perm(set, ACL_WRITE) > 0 ? ACCESS_WRITE : 0) |
	       (acl_get_perm(set, ACL_EXECUTE) > 0 ? ACCESS_EXECUTE : 0);
}

/* One entry. Returns 0, or -1 with errno. */
static int add_entry(acl_entry_t entry, enum fsys_acl which, struct access_list *out)
{
	struct access_acl made = { .rights = rights_of(entry) };
	acl_tag_t tag;
	void *id;

	if (acl_get_tag_type(entry, &tag) != 0)
		return -1;
	switch (tag) {
	case ACL_USER_OBJ:
	case ACL_OTHER:
		made.tag = tag == ACL_OTHER ? ACCESS_TAG_OTHER : ACCESS_TAG_OWNER;
		return which == FSYS_ACL_DEFAULT ? access_list_add(out, &made) : 0;
	case ACL_GROUP_OBJ:
	case ACL_MASK:
		made.tag = tag == ACL_MASK ? ACCESS_TAG_MASK : ACCESS_TAG_GROUP_OWNER;
		return access_list_add(out, &made);
	default:
		id = acl_get_qualifier(entry);
		if (!id)
			return -1;
		made.tag = tag == ACL_USER ? ACCESS_TAG_USER : ACCESS_TAG_GROUP;
		made.id = tag == ACL_USER ? *(uid_t *)id : *(gid_t *)id;
		acl_free(id);
		return access_list_add(out, &made);
	}
}

int fsys_object_acl(const struct fsys_object *object, enum fsys_acl which, struct access_list *out)
{
	acl_t acl = acl_of(object, which);
	acl_entry_t entry;
	int more = 0;
	int done = 0;

	if (!acl)
		return errno == EOPNOTSUPP || errno == ENOSYS || errno == ENODATA ? 0 : -1;
	if (which == FSYS_ACL_DEFAULT || acl_equiv_mode(acl, NULL) > 0)
		more = acl_get_entry(acl, ACL_FIRST_ENTRY, &entry);
	while (more == 1 && done == 0) {
		done = add_entry(entry, which, out);
		more = acl_get_entry(acl, ACL_NEXT_ENTRY, &entry);
	}
	acl_free(acl);
	return done;
}

#else

int fsys_object_acl(const struct fsys_object *object, enum fsys_acl which, struct access_list *out)
{
	(void)object;
	(void)which;
	(void)out;
	return 0;
}

#endif

/* ---- mounts and places ------------------------------------------------------------------------------------ */

unsigned fsys_object_mount(const struct fsys_object *object)
{
	struct statvfs mount;
	int got;

	do
		got = fstatvfs(object->fd >= 0 ? object->fd : object->dirfd, &mount);
	while (got != 0 && errno == EINTR);
	if (got != 0)
		return 0;
	return (mount.f_flag & ST_RDONLY ? FSYS_MOUNT_READ_ONLY : 0)
#ifdef ST_NOEXEC
	       | (mount.f_flag & ST_NOEXEC ? FSYS_MOUNT_NO_EXEC : 0)
#endif
		;
}

int fsys_real_path(const char *root, struct buf *out)
{
	char link[FD_PATH];
	char path[PATH_MAX];
	ssize_t len = -1;
	char *real;
	int fd = fsys_open_root(root);

	if (fd < 0)
		return -1;
	fd_path(link, fd);
	len = readlinkat(AT_FDCWD, link, path, sizeof path);
	fsys_close(fd);
	if (len > 0 && len < (ssize_t)sizeof path && path[0] == '/') {
		buf_add(out, path, (size_t)len);
		return 0;
	}
	real = realpath(root, NULL);
	if (!real)
		return -1;
	buf_add_str(out, real);
	free(real);
	return 0;
}

/* ---- Data and holes ---------------------------------------------------------------------------------------- */

uint64_t fsys_next_data(int fd, uint64_t offset, uint64_t size)
{
#ifdef SEEK_DATA
	off_t at = lseek(fd, (off_t)offset, SEEK_DATA);

	if (at < 0 && errno == ENXIO)
		return size;
	if (at >= 0 && (uint64_t)at > offset)
		return (uint64_t)at < size ? (uint64_t)at : size;
#else
	(void)fd;
	(void)size;
#endif
	return offset;
}
