/*
 * mktree: make a tree that is the same every time: names, sizes, bytes and times.
 *
 *     mktree ROOT DEPTH FANOUT FILES [SIZE]
 *
 * ROOT is made and gets FILES files and FANOUT directories, each of these the same again, DEPTH levels down.
 * Files are empty, or hold any number of bytes below SIZE. All that varies comes from one generator with a
 * fixed start.
 *
 *     mktree big 4 10 90         999,990 files and 11,110 directories below the root
 *     mktree flat 0 0 1000000    one directory of a million files
 *
 * Prints `N entries below ROOT`. Exit 0; 1 if the tree could not be made; 2 for bad usage.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 4096, DEPTH_MAX = 64, YEAR = 365 * 24 * 3600 };

/* The shape that was asked for, and how far it is made. */
struct tree {
	unsigned fanout;
	unsigned files;
	uint64_t size;         /* contents are shorter; 0: all are empty */
	uint64_t random;       /* the generator */
	uint64_t entries;      /* made so far */
};

static _Noreturn void give_up(const char *what)
{
	perror(what);
	exit(1);
}

/* A step of splitmix64: a counter, well stirred. */
static uint64_t tree_random(struct tree *tree)
{
	uint64_t bits = tree->random += 0x9e3779b97f4a7c15u;

	bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9u;
	bits = (bits ^ bits >> 27) * 0x94d049bb133111ebu;
	return bits ^ bits >> 31;
}

/* Times within the year 2001. */
static void set_time(struct tree *tree, int fd, const char *name)
{
	struct timespec time = { .tv_sec = 978307200 + (time_t)(tree_random(tree) % YEAR), .tv_nsec = 0 };
	struct timespec times[2] = { time, time };

	if (futimens(fd, times) != 0)
		give_up(name);
}

static void fill(struct tree *tree, int fd, const char *name)
{
	uint64_t chunk[CHUNK / sizeof(uint64_t)];
	uint64_t left = tree_random(tree) % tree->size;

	while (left > 0) {
		size_t len = left < CHUNK ? (size_t)left : CHUNK;

		for (size_t i = 0; i * sizeof(chunk[0]) < len; i++)
			chunk[i] = tree_random(tree);
		if (write(fd, chunk, len) != (ssize_t)len)
			give_up(name);
		left -= len;
	}
}

static void make_file(struct tree *tree, int parent, unsigned number)
{
	char name[40];
	unsigned noise = (unsigned)(tree_random(tree) >> 32);

	snprintf(name, sizeof(name), "file_%05u_%08x.%s", number, noise, number % 4 ? "c" : "txt");
	int fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		give_up(name);
	if (tree->size > 0)
		fill(tree, fd, name);
	set_time(tree, fd, name);
	if (close(fd) != 0)
		give_up(name);
	tree->entries++;
}

/* Make a directory and everything in it; its own time comes last. */
static void make_dir(struct tree *tree, int parent, const char *name, unsigned depth)
{
	if (mkdirat(parent, name, 0755) != 0)
		give_up(name);
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		give_up(name);
	for (unsigned i = 0; i < tree->files; i++)
		make_file(tree, fd, i);
	for (unsigned i = 0; depth > 0 && i < tree->fanout; i++) {
		char sub[24];

		snprintf(sub, sizeof(sub), "dir_%03u", i);
		make_dir(tree, fd, sub, depth - 1);
		tree->entries++;
	}
	set_time(tree, fd, name);
	close(fd);
}

static unsigned number(const char *arg, unsigned most)
{
	char *end;
	unsigned long value = strtoul(arg, &end, 10);

	if (*arg < '0' || *arg > '9' || *end || value > most) {
		fprintf(stderr, "mktree: not a number up to %u: %s\n", most, arg);
		exit(2);
	}
	return (unsigned)value;
}

int main(int argc, char **argv)
{
	if (argc < 5 || argc > 6) {
		fprintf(stderr, "usage: mktree ROOT DEPTH FANOUT FILES [SIZE]\n");
		return 2;
	}
	unsigned depth = number(argv[2], DEPTH_MAX);
	struct tree tree = {
		.fanout = number(argv[3], 999),
		.files = number(argv[4], 100000000),
		.size = argc > 5 ? number(argv[5], 1u << 30) : 0,
		.random = 1,
	};

	make_dir(&tree, AT_FDCWD, argv[1], depth);
	printf("%ju entries below %s\n", (uintmax_t)tree.entries, argv[1]);
	return 0;
}
