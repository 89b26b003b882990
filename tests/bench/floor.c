/*
 * floor: the least that a program which shows names and sizes must pay: getdents64 for every directory,
 * statx for every entry, nothing kept. Others are measured as a multiple of it.
 *
 *     floor ROOT THREADS [names]
 *
 * THREADS share a stack of directories; one directory is read by one thread. With `names` entries are not
 * asked for their stat. Prints `N entries B blocks`: the entries below ROOT, ROOT not among them, and the sum
 * of their st_blocks, hard links every time. Exit 0; 1 if something could not be read, with the number on
 * standard error; 2 for bad usage.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { READ_SIZE = 64 * 1024, THREADS_MAX = 256 };

/* The record of getdents64, as the kernel lays it out. */
struct dirent_raw {
	uint64_t ino;
	int64_t next;
	uint16_t size;
	uint8_t type;
	char name[];
};

/* A directory that nobody has read yet. */
struct todo {
	struct todo *below;    /* in the stack */
	size_t path_len;
	char path[];
};

struct tally {
	uint64_t entries;
	uint64_t blocks;
	uint64_t errors;
};

/* What the threads share; everything but `names_only` is under the lock. */
struct floor {
	bool names_only;
	pthread_mutex_t lock;
	pthread_cond_t wake;   /* the stack grew, or it is over */
	struct todo *top;
	unsigned working;      /* threads with a directory in hand, which may push more */
	struct tally total;
};

static _Noreturn void give_up(const char *what)
{
	perror(what);
	exit(2);
}

/* The directory `name` below `parent`, or `name` itself without one. */
static struct todo *todo_new(const struct todo *parent, const char *name)
{
	size_t name_len = strlen(name);
	size_t parent_len = parent ? parent->path_len + 1 : 0;
	struct todo *todo = malloc(sizeof(*todo) + parent_len + name_len + 1);

	if (!todo)
		give_up("floor: malloc");
	if (parent) {
		memcpy(todo->path, parent->path, parent->path_len);
		todo->path[parent->path_len] = '/';
	}
	memcpy(todo->path + parent_len, name, name_len + 1);
	todo->path_len = parent_len + name_len;
	return todo;
}

static void floor_push(struct floor *floor, struct todo *todo)
{
	pthread_mutex_lock(&floor->lock);
	todo->below = floor->top;
	floor->top = todo;
	pthread_cond_signal(&floor->wake);
	pthread_mutex_unlock(&floor->lock);
}

/* The next directory; waits for one as long as another thread may find some. NULL: all is read. */
static struct todo *floor_pop(struct floor *floor)
{
	pthread_mutex_lock(&floor->lock);
	while (!floor->top && floor->working > 0)
		pthread_cond_wait(&floor->wake, &floor->lock);
	struct todo *todo = floor->top;
	if (todo) {
		floor->top = todo->below;
		floor->working++;
	}
	pthread_mutex_unlock(&floor->lock);
	return todo;
}

/* The directory in hand is read; who was last tells those that wait. */
static void floor_done(struct floor *floor)
{
	pthread_mutex_lock(&floor->lock);
	if (--floor->working == 0 && !floor->top)
		pthread_cond_broadcast(&floor->wake);
	pthread_mutex_unlock(&floor->lock);
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Ask for one entry. A filesystem that keeps the types to itself is asked for names only, too. */
static void entry_visit(struct floor *floor, int fd, const struct todo *dir, const struct dirent_raw *entry,
			struct tally *tally)
{
	bool is_dir = entry->type == DT_DIR;

	tally->entries++;
	if (!floor->names_only || entry->type == DT_UNKNOWN) {
		const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
		struct statx stat;

		if (statx(fd, entry->name, flags, STATX_BASIC_STATS, &stat) != 0) {
			tally->errors++;
			return;
		}
		is_dir = S_ISDIR(stat.stx_mode);
		if (!floor->names_only)
			tally->blocks += stat.stx_blocks;
	}
	if (is_dir)
		floor_push(floor, todo_new(dir, entry->name));
}

static void dir_read(struct floor *floor, const struct todo *dir, char *buf, struct tally *tally)
{
	int fd = open(dir->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long len = -1;

	while (fd >= 0 && (len = syscall(SYS_getdents64, fd, buf, READ_SIZE)) > 0) {
		const char *end = buf + len;

		for (const char *at = buf; at < end;) {
			const struct dirent_raw *entry = (const void *)at;

			at += entry->size;
			if (!is_dots(entry->name))
				entry_visit(floor, fd, dir, entry, tally);
		}
	}
	if (len < 0)
		tally->errors++;
	if (fd >= 0)
		close(fd);
}

static void *floor_run(void *arg)
{
	struct floor *floor = arg;
	struct tally tally = { 0, 0, 0 };
	char *buf = malloc(READ_SIZE);

	if (!buf)
		give_up("floor: malloc");
	for (struct todo *dir; (dir = floor_pop(floor)) != NULL;) {
		dir_read(floor, dir, buf, &tally);
		free(dir);
		floor_done(floor);
	}
	free(buf);
	pthread_mutex_lock(&floor->lock);
	floor->total.entries += tally.entries;
	floor->total.blocks += tally.blocks;
	floor->total.errors += tally.errors;
	pthread_mutex_unlock(&floor->lock);
	return NULL;
}

int main(int argc, char **argv)
{
	struct floor floor = {
		.names_only = argc == 4,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.wake = PTHREAD_COND_INITIALIZER,
	};
	pthread_t threads[THREADS_MAX];
	long count = argc > 2 ? strtol(argv[2], NULL, 10) : 0;

	if (argc > 4 || count < 1 || count > THREADS_MAX || (argc == 4 && strcmp(argv[3], "names") != 0)) {
		fprintf(stderr, "usage: floor ROOT THREADS [names]\n");
		return 2;
	}
	floor_push(&floor, todo_new(NULL, argv[1]));
	for (long i = 0; i < count; i++) {
		if (pthread_create(&threads[i], NULL, floor_run, &floor) != 0) {
			fprintf(stderr, "floor: thread %ld cannot be started\n", i + 1);
			return 2;
		}
	}
	for (long i = 0; i < count; i++)
		pthread_join(threads[i], NULL);

	printf("%ju entries %ju blocks\n", (uintmax_t)floor.total.entries, (uintmax_t)floor.total.blocks);
	if (floor.total.errors == 0)
		return 0;
	fprintf(stderr, "floor: %ju could not be read\n", (uintmax_t)floor.total.errors);
	return 1;
}
