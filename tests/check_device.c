/*
 * Devices that are slow with several requests at a time: which they are, by a made-up sysfs, and that a scan has one thread
 * on each unless it was asked for more.
 */
#include "fsys.h"
#include "fsys_device.h"
#include "op_sandbox.h"
#include "scan_run.h"

#ifndef MUNTIN_LINUX_CALLS
#define MUNTIN_LINUX_CALLS 1
#endif

/* Whatever the tests run on: a file system of this kernel, so that only sysfs decides. */
static bool is_remote(const char *path)
{
	struct attrs attrs = { 0 };
	int fd = fsys_open_root(path);
	bool remote;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fsys_stat(fd, "", 0, &attrs), 0);
	remote = fsys_device_is_serial(fd, attrs.dev, attrs.mnt, "/nowhere");
	fsys_close(fd);
	return remote;
}

static void make_parents(const char *path)
{
	char *copy = strdup(path);

	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		ck_assert(mkdir(copy, 0755) == 0 || errno == EEXIST);
		*slash = '/';
	}
	free(copy);
}

/* Make what is told: `path=text` a file, `path->target` a link, words with blanks between; `_` stands for a blank. */
static void make_sys(const struct sandbox *box, const char *words)
{
	char *copy = strdup(words);
	char *save = NULL;

	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		char *arrow = strstr(word, "->");
		char *at = arrow ? arrow : strchr(word, '=');
		const char *text = at + (arrow ? 2 : 1);
		const char *path;
		FILE *file;

		*at = '\0';
		path = sandbox_at(box, word);
		make_parents(path);
		if (arrow) {
			ck_assert_int_eq(symlink(text, path), 0);
			continue;
		}
		file = fopen(path, "w");
		ck_assert_ptr_nonnull(file);
		for (; *text; text++)
			putc(*text == '_' ? ' ' : *text, file);
		putc('\n', file);
		fclose(file);
	}
	free(copy);
}

/* A directory of the device number in a sysfs in the sandbox, which is the one called `name` there. */
static void link_device(const struct sandbox *box, uint64_t dev, const char *name)
{
	char number[64];
	const char *path;

	snprintf(number, sizeof number, "dev/block/%u:%u", (unsigned)(dev >> 32), (unsigned)(uint32_t)dev);
	path = sandbox_at(box, number);
	make_parents(path);
	ck_assert_int_eq(symlink(sandbox_format("../../%s%s", name, ""), path), 0);
}

#define DISK(name, bus, vendor, model, turns) \
	name "/queue/rotational=" turns " " name "/device/vendor=" vendor " " name "/device/model=" model " " name \
	"/device/subsystem->../../bus/" bus " "
#define SPINDLE DISK("sda", "scsi", "ATA", "ST4000DM004-2CV1", "1")
#define FLASH DISK("sdb", "scsi", "ATA", "Samsung_SSD_870", "0")

static const struct {
	const char *sys;
	const char *device;
	bool serial;
} kinds[] = {
	{ SPINDLE, "sda", true },
	{ FLASH, "sdb", false },
	{ SPINDLE "sda/sda1/partition=1", "sda/sda1", true },
	{ FLASH "sdb/sdb2/partition=2", "sdb/sdb2", false },
	{ DISK("hda", "ide", "Maxtor", "6Y080L0", "1"), "hda", true },
	/* virtual disks say that they turn, and do not */
	{ DISK("vda", "virtio", "0x1af4", "", "1"), "vda", false },
	{ DISK("xvda", "xen", "", "", "1"), "xvda", false },
	{ DISK("sda", "scsi", "VMware", "Virtual_disk", "1"), "sda", false },
	{ DISK("sda", "scsi", "ATA", "QEMU_HARDDISK", "1") "sda/sda1/partition=1", "sda/sda1", false },
	{ DISK("sda", "scsi", "Msft", "Virtual_Disk", "1"), "sda", false },
	{ DISK("sda", "scsi", "ATA", "VBOX_HARDDISK", "1"), "sda", false },
	{ DISK("nvme0n1", "nvme", "", "", "1"), "nvme0n1", false },
	{ "loop0/queue/rotational=1", "loop0", false },
	/* what is made of others is as they are, however many layers there are; never without an end */
	{ SPINDLE "dm-0/queue/rotational=1 dm-0/slaves/sda->../../sda", "dm-0", true },
	{ FLASH "dm-0/queue/rotational=1 dm-0/slaves/sdb->../../sdb", "dm-0", false },
	{ SPINDLE FLASH "md0/slaves/sdb->../../sdb md0/slaves/sda->../../sda dm-1/slaves/md0->../../md0", "dm-1", true },
	{ "dm-2/slaves/dm-2->../../dm-2", "dm-2", false },
	{ SPINDLE, "none", false },
};

START_TEST(kind)
{
	struct sandbox box;
	struct attrs attrs = { 0 };
	int fd;

	sandbox_init(&box);
	if (!is_remote(box.path)) {
		fd = fsys_open_root(box.path);
		ck_assert_int_eq(fsys_stat(fd, "", 0, &attrs), 0);
		make_sys(&box, kinds[_i].sys);
		link_device(&box, attrs.dev, kinds[_i].device);
		ck_assert_int_eq(fsys_device_is_serial(fd, attrs.dev, attrs.mnt, box.path), kinds[_i].serial);
		fsys_close(fd);
	}
	sandbox_fini(&box);
}
END_TEST

/* ---- scans ------------------------------------------------------------------ */

enum { MOST_DIRS = 512 };

/* What the frames of a scan tell of who reads what. */
struct watcher {
	unsigned writers;        /* threads that there were */
	uint64_t dev;            /* the one to be watched */
	unsigned within;         /* threads that read on it now */
	unsigned most;           /* at a time */
	unsigned begun;          /* directories, on any */
	bool on_it[MOST_DIRS];   /* by number, between begin and end */
};

static void look(struct watcher *watcher, const struct wire_frame *frame)
{
	struct wire_reader in = frame->payload;
	uint64_t number = wire_get_varint(&in);
	struct attrs attrs;

	if (number >= MOST_DIRS)
		return;
	if (frame->type == WIRE_BEGIN) {
		wire_get_attrs(&in, &attrs);
		watcher->begun++;
		watcher->on_it[number] = attrs.dev == watcher->dev;
		watcher->within += watcher->on_it[number];
		watcher->most = watcher->within > watcher->most ? watcher->within : watcher->most;
	} else if (frame->type == WIRE_END) {
		watcher->within -= watcher->on_it[number];
		watcher->on_it[number] = false;
	}
}

static void take(void *arg, const void *frames, size_t len)
{
	struct wire_frame frame;
	size_t used;

	for (size_t at = 0; at < len; at += used) {
		ck_assert_int_eq(wire_next((const char *)frames + at, len - at, &frame, &used), WIRE_OK);
		look(arg, &frame);
	}
}

static void run(struct watcher *watcher, const char *root, const char *sys, unsigned flags)
{
	const struct scan_options options = {
		.id = 1, .flags = flags, .depth = WIRE_DEPTH_ALL, .jobs = 4, .root = root, .path = "", .sys = sys,
	};

	watcher->writers = scan_run(options, take, watcher);
}

static uint64_t device_of(const char *path)
{
	struct attrs attrs = { 0 };

	ck_assert_int_eq(fsys_stat(AT_FDCWD, path, 0, &attrs), 0);
	return attrs.dev;
}

/* Directories in directories, files in each. */
static unsigned make_dirs(const struct sandbox *box, const char *top)
{
	unsigned count = 0;

	for (unsigned i = 0; i < 6; i++) {
		for (unsigned j = 0; j < 4; j++, count++) {
			char path[64];

			snprintf(path, sizeof path, "%s/%u/%u/f", top, i, j);
			make_parents(sandbox_at(box, path));
			fclose(fopen(sandbox_at(box, path), "w"));
		}
		count++;
	}
	return count + 1;
}

static void init_watcher(struct watcher *watcher, const char *root)
{
	*watcher = (struct watcher){ .dev = device_of(root) };
}

/* A disk that turns has one thread, unless more were asked for; another one has several. */
START_TEST(one_thread)
{
	struct watcher watcher;
	struct sandbox box;
	unsigned dirs;

	sandbox_init(&box);
	make_sys(&box, SPINDLE FLASH);
	dirs = make_dirs(&box, "tree");
	link_device(&box, device_of(box.path), "sda");
	init_watcher(&watcher, box.path);
	run(&watcher, sandbox_at(&box, "tree"), box.path, WIRE_SCAN_TURNS);
	ck_assert_uint_eq(watcher.writers, 1);
	ck_assert_uint_eq(watcher.begun, dirs);
	init_watcher(&watcher, box.path);
	run(&watcher, sandbox_at(&box, "tree"), box.path, 0);
	ck_assert_uint_gt(watcher.writers, 1);
	ck_assert_uint_eq(watcher.begun, dirs);
	if (!is_remote(box.path)) {
		init_watcher(&watcher, box.path);
		run(&watcher, sandbox_at(&box, "tree"), "/nowhere", WIRE_SCAN_TURNS);
		ck_assert_uint_gt(watcher.writers, 1);
		ck_assert_uint_eq(watcher.begun, dirs);
	}
	sandbox_fini(&box);
}
END_TEST

/* Two devices, one of which turns: it has one thread at a time while others read the other, and nothing is left out. */
START_TEST(turns)
{
	struct sandbox far = { "/dev/shm/muntin-device-XXXXXX" };
	struct watcher watcher;
	struct sandbox box;
	unsigned dirs;

	if (!mkdtemp(far.path)) {
		fprintf(stderr, "skip: no /dev/shm\n");
		return;
	}
	sandbox_init(&box);
	make_sys(&box, SPINDLE);
	link_device(&box, device_of(box.path), "sda");
	dirs = make_dirs(&box, "tree");
	dirs += make_dirs(&far, "far");
	ck_assert_int_eq(symlink(sandbox_at(&far, "far"), sandbox_at(&box, "tree/0/far")), 0);
	ck_assert_int_eq(symlink(sandbox_at(&far, "far/1"), sandbox_at(&box, "tree/far")), 0);
	dirs += 5;
	for (unsigned i = 0; i < 20 && device_of(box.path) != device_of(far.path); i++) {
		init_watcher(&watcher, box.path);
		run(&watcher, sandbox_at(&box, "tree"), box.path, WIRE_SCAN_TURNS | WIRE_SCAN_FOLLOW);
		ck_assert_uint_eq(watcher.most, 1);
		ck_assert_uint_eq(watcher.begun, dirs);
	}
	sandbox_fini(&box);
	sandbox_fini(&far);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("device");
	TCase *tcase = tcase_create("device");
	SRunner *runner;
	int failed;

	if (!MUNTIN_LINUX_CALLS) {
		fprintf(stderr, "skip: nothing is known of devices here\n");
		return 77;
	}
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, kind, 0, ARRAY_LEN(kinds));
	tcase_add_test(tcase, one_thread);
	tcase_add_test(tcase, turns);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
