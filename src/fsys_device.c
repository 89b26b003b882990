/*
 * Remote file systems are told by their type; FUSE has one type for all of its own, and mountinfo knows which it is.
 *
 * A disk is asked for through /sys/dev/block/MAJOR:MINOR, a partition through the disk it is on, and what is made of other
 * devices (dm, md) through those. `queue/rotational` alone is not to be believed: most virtual disks say 1 because nobody told
 * them better. So only disks on a SCSI or IDE bus count, which SATA, SAS and USB ones are, and of those none that is named after
 * a hypervisor. Of btrfs, whose devices have numbers of their own, mountinfo knows the disk.
 */
#include "fsys_device.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsys.h"

#ifndef MUNTIN_LINUX_CALLS
#define MUNTIN_LINUX_CALLS 1
#endif

#if MUNTIN_LINUX_CALLS

#include <sys/sysmacros.h>
#include <sys/vfs.h>

enum { FUSE = 0x65735546, BTRFS = 0x9123683e, DEPTH = 8 };

static const uint32_t remote_types[] = {
	0x00006969, /* NFS */
	0x0000517b, /* SMB */
	0xff534d42, /* CIFS */
	0xfe534d42, /* SMB 2 */
	0x0000564c, /* NCP */
	0x01021997, /* 9P: the host of a virtual machine, or a server */
	0x786f4256, /* VirtualBox shared folders */
	0x00c36400, /* Ceph */
	0x5346414f, /* AFS */
	0x6b414653, /* AFS of the kernel */
	0x73757245, /* Coda */
	0x0bd00bd0, /* Lustre */
};

static const char *const remote_fuses[] = {
	"fuse.sshfs", "fuse.rclone",    "fuse.s3fs", "fuse.gcsfuse", "fuse.davfs", "fuse.curlftpfs", "fuse.glusterfs",
	"fuse.cifs",  "fuse.ceph-fuse", "fuse.smb",  "fuse.nfs",     "fuse.goofys", "fuse.juicefs",
};

/* In the names of disks that are none. */
static const char *const virtual_words[] = { "QEMU", "VMware", "VBOX", "Virtual", "Msft", "Xen", "Google", "Amazon", "Nutanix", "LIO-ORG", "virtio" };

/* The first bytes of a small file, terminated and without the last newline; empty when it cannot be read. */
static void read_small(int dirfd, const char *path, char *text, size_t cap)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : fsys_read(fd, text, cap - 1);

	fsys_close(fd);
	text[got > 0 ? got : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

/* The last component of what a symbolic link points to; empty when there is none. */
static void read_link_name(int dirfd, const char *path, char *text, size_t cap)
{
	ssize_t len = fsys_readlink(dirfd, path, text, cap);
	const char *slash;

	text[len > 0 ? len : 0] = '\0';
	slash = strrchr(text, '/');
	if (slash)
		memmove(text, slash + 1, strlen(slash + 1) + 1);
}

static bool has_virtual_word(const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(virtual_words); i++) {
		if (strcasestr(text, virtual_words[i]))
			return true;
	}
	return false;
}

static bool rotates(int block, unsigned depth);

/* Does one of the devices turn that this one is made of? `none`: it is made of none. */
static bool slaves_rotate(int block, unsigned depth, bool *none)
{
	int fd = openat(block, "slaves", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	bool found = false;

	*none = true;
	if (!dir) {
		fsys_close(fd);
		return false;
	}
	while (!found && (entry = readdir(dir))) {
		int slave;

		if (fsys_is_dot(entry->d_name))
			continue;
		*none = false;
		slave = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		found = slave >= 0 && rotates(slave, depth + 1);
		fsys_close(slave);
	}
	closedir(dir);
	return found;
}

/* Does a disk turn, for which the directory of its bus stands in `device`? */
static bool disk_rotates(int block)
{
	char text[256];

	read_link_name(block, "device/subsystem", text, sizeof text);
	if (strcmp(text, "scsi") != 0 && strcmp(text, "ide") != 0)
		return false;
	read_small(block, "device/vendor", text, sizeof text);
	if (has_virtual_word(text))
		return false;
	read_small(block, "device/model", text, sizeof text);
	if (has_virtual_word(text))
		return false;
	read_small(block, "queue/rotational", text, sizeof text);
	return strcmp(text, "1") == 0;
}

/* Does the device turn of which this is the directory in sysfs? */
static bool rotates(int block, unsigned depth)
{
	bool found;
	bool none;

	if (depth > DEPTH)
		return false;
	if (faccessat(block, "partition", F_OK, 0) == 0) {
		int disk = openat(block, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		found = disk >= 0 && rotates(disk, depth + 1);
		fsys_close(disk);
		return found;
	}
	found = slaves_rotate(block, depth, &none);
	return none ? disk_rotates(block) : found;
}

static bool device_rotates(const char *sys, uint64_t dev)
{
	char path[512];
	bool found;
	int block;

	if (snprintf(path, sizeof path, "%s/dev/block/%u:%u", sys, (unsigned)(dev >> 32), (unsigned)(uint32_t)dev) >= (int)sizeof path)
		return false;
	block = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	found = block >= 0 && rotates(block, 0);
	fsys_close(block);
	return found;
}

/* The type of a mounted file system and what is mounted, as mountinfo has them; false when the mount is not there. See proc(5). */
static bool find_mount(uint64_t mnt, char *type, size_t type_cap, char *source, size_t source_cap)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t cap = 0;
	bool found = false;

	while (file && !found && getline(&line, &cap, file) > 0) {
		char *save;
		char *at;

		if (strtoull(line, NULL, 10) != mnt || !(at = strstr(line, " - ")))
			continue;
		at = strtok_r(at + 3, " ", &save);
		snprintf(type, type_cap, "%s", at ? at : "");
		at = strtok_r(NULL, " ", &save);
		snprintf(source, source_cap, "%s", at ? at : "");
		found = true;
	}
	free(line);
	if (file)
		fclose(file);
	return found;
}

static bool is_remote_fuse(const char *type)
{
	for (size_t i = 0; i < ARRAY_LEN(remote_fuses); i++) {
		if (strcmp(type, remote_fuses[i]) == 0)
			return true;
	}
	return false;
}

bool fsys_device_is_serial(int dirfd, uint64_t dev, uint64_t mnt, const char *sys)
{
	char source[512];
	char type[64];
	struct statfs fs;
	struct stat st;

	sys = sys ? sys : "/sys";
	if (fstatfs(dirfd, &fs) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(remote_types); i++) {
		if ((uint32_t)fs.f_type == remote_types[i])
			return true;
	}
	if ((uint32_t)fs.f_type == FUSE && find_mount(mnt, type, sizeof type, source, sizeof source) && is_remote_fuse(type))
		return true;
	if ((uint32_t)fs.f_type == BTRFS && find_mount(mnt, type, sizeof type, source, sizeof source) && stat(source, &st) == 0 &&
	    S_ISBLK(st.st_mode))
		dev = (uint64_t)major(st.st_rdev) << 32 | minor(st.st_rdev);
	return device_rotates(sys, dev);
}

#else

bool fsys_device_is_serial(int dirfd, uint64_t dev, uint64_t mnt, const char *sys)
{
	(void)dirfd;
	(void)dev;
	(void)mnt;
	(void)sys;
	return false;
}

#endif
