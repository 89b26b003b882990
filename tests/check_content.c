/*
 * Contents on real files, read in chunks of four bytes, or pieces of eight: classes, what is no longer what was asked for, what
 * cannot be read, what must not be opened, sizes that lie, and holes.
 */
#define CONTENT_CHUNK 4
#define CONTENT_PIECE 8
#include "../src/fsys.h"
#include "../src/fsys_facts.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* Called before each read while a test wants that. */
static void (*before_read)(void);

/* This file has one byte more than it says; 0: none does. */
static ino_t liar;

/* This read fails with EIO, counted down; 0: none does. */
static unsigned fails_in;

static ssize_t hooked_read(int fd, void *buf, size_t cap)
{
	struct stat st;
	ssize_t got;

	if (before_read)
		before_read();
	if (fails_in && --fails_in == 0) {
		errno = EIO;
		return -1;
	}
	got = fsys_read(fd, buf, cap);
	if (got > 0 || !liar || fstat(fd, &st) != 0 || st.st_ino != liar)
		return got;
	liar = 0;
	*(char *)buf = '!';
	return 1;
}

/* Where the data of files begin, by whoever answers. */
static uint64_t (*next_data)(int fd, uint64_t offset, uint64_t size) = fsys_next_data;

#define fsys_read hooked_read
#define fsys_next_data next_data
#include "../src/content.c"
#include "../src/content_links.c"
#include "../src/content_read.c"
#undef fsys_read
#undef fsys_next_data

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/wait.h>

enum { PANES = 4, NOBODY = 65534 };

static char box[256];

static char *at(size_t pane, const char *name)
{
	static char paths[8][400];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof paths[0], "%s/%zu/%s", box, pane, name);
	return path;
}

static void set_up(void)
{
	const char *tmp = getenv("TMPDIR");

	umask(022);
	snprintf(box, sizeof box, "%s/muntin-content-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(box));
	ck_assert_int_eq(chmod(box, 0755), 0);
	for (size_t i = 0; i < PANES; i++) {
		ck_assert_int_eq(mkdir(at(i, ""), 0755), 0);
		ck_assert_int_eq(mkdir(at(i, "d"), 0755), 0);
	}
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void tear_down(void)
{
	nftw(box, remove_one, 8, FTW_PHYS | FTW_DEPTH);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq((int)write(fd, text, strlen(text)), (int)strlen(text));
	close(fd);
}

static struct compare_file found(size_t pane, const char *path)
{
	struct attrs attrs;

	ck_assert_int_eq(fsys_stat(AT_FDCWD, path, 0, &attrs), 0);
	return (struct compare_file){ .pane = (uint8_t)pane, .dev = attrs.dev, .ino = attrs.ino, .size = attrs.size, .mtime = attrs.mtime };
}

static struct content *start(unsigned threads, bool follow)
{
	static char roots[PANES][300];
	struct content_root places[PANES];
	struct content *content;

	for (size_t i = 0; i < PANES; i++) {
		snprintf(roots[i], sizeof roots[i], "%s", at(i, ""));
		places[i] = (struct content_root){ roots[i], "d" };
	}
	content = content_new(&(struct content_options){ .roots = places, .count = PANES, .threads = threads, .follow = follow });
	ck_assert_ptr_nonnull(content);
	return content;
}

/* The answers for one row, as text: classes, and `C` changed, `A` denied, `!` anything else. */
static const char *answers_for(const char *dir, const char *name, const struct compare_file *files, size_t count, bool follow)
{
	static char text[COMPARE_MAX_PANES + 1];
	struct content *content = start(1, follow);
	struct content_batch *batch = content_batch_new(dir, strlen(dir));
	struct compare_ask ask = { .row = 5, .count = count };
	const uint8_t *answers;
	uint64_t bytes;

	memcpy(ask.files, files, count * sizeof *files);
	ck_assert_ptr_nonnull(batch);
	ck_assert_int_eq(content_batch_add(batch, name, strlen(name), &ask), 0);
	ck_assert_int_eq(content_put(content, batch), 0);
	ck_assert_uint_eq(content_pending(content), 1);
	batch = content_take(content, true);
	ck_assert_ptr_nonnull(batch);
	ck_assert_ptr_null(content_take(content, true));
	ck_assert_uint_eq(content_batch_rows(batch, &bytes), 1);
	answers = content_batch_get(batch, 0, &ask);
	ck_assert_uint_eq(ask.row, 5);
	ck_assert_uint_eq(ask.count, count);
	for (size_t i = 0; i < count; i++) {
		text[i] = (char)(answers[i] < 128 ? '0' + answers[i] : '!');
		text[i] = answers[i] == COMPARE_ANSWER_ERROR(ERROR_CHANGED) ? 'C' : text[i];
		text[i] = answers[i] == COMPARE_ANSWER_ERROR(ERROR_ACCES) ? 'A' : text[i];
	}
	text[count] = '\0';
	content_batch_free(batch);
	content_free(content);
	return text;
}

/* Classes ---------------------------------------------------------------------------------------------- */

static const struct {
	const char *contents[PANES]; /* NULL: another name of the file before */
	size_t count;
	const char *answers;
} classes[] = {
	{ { "", "" }, 2, "11" },
	{ { "a", "a" }, 2, "11" },
	{ { "a", "b" }, 2, "12" },
	{ { "a", "bb" }, 2, "12" },
	{ { "12345678", "12345678" }, 2, "11" },
	{ { "12345678", "12345679" }, 2, "12" },
	{ { "1234567812345678", "1234567812345678" }, 2, "11" },
	{ { "123456781", "123456782" }, 2, "12" },
	{ { "12345678x2345678y", "12345678x2345678y" }, 2, "11" },
	{ { "a", "b", "a", "b" }, 4, "1212" },
	{ { "a", "b", "c", "d" }, 4, "1234" },
	{ { "a", "bb", "a", "bb" }, 4, "1212" },
	{ { "a", "bb", "b", "bb" }, 4, "1232" },
	{ { "12345678a", "12345678b", "x2345678a", "12345678a" }, 4, "1231" },
	{ { "12345678abcdefgh1", "12345678abcdefgh2", "12345678xbcdefgh1", "12345678xbcdefgh1" }, 4, "1233" },
	{ { "a", NULL, "b" }, 3, "112" },
	{ { "b", "a", NULL, "b" }, 4, "1221" },
};

START_TEST(finds_classes)
{
	struct compare_file files[PANES];
	size_t count = classes[_i].count;

	for (size_t i = 0; i < count; i++) {
		if (classes[_i].contents[i])
			write_file(at(i, "d/f"), classes[_i].contents[i]);
		else
			ck_assert_int_eq(link(at(i - 1, "d/f"), at(i, "d/f")), 0);
		files[i] = found(i, at(i, "d/f"));
	}
	ck_assert_str_eq(answers_for("", "f", files, count, false), classes[_i].answers);
}
END_TEST

START_TEST(does_not_read_one_inode)
{
	struct compare_file files[2];

	write_file(at(0, "d/f"), "x");
	ck_assert_int_eq(link(at(0, "d/f"), at(1, "d/f")), 0);
	files[0] = found(0, at(0, "d/f"));
	files[1] = found(1, at(1, "d/f"));
	/* Neither is there any more: nobody looks. */
	ck_assert_int_eq(unlink(at(0, "d/f")), 0);
	ck_assert_int_eq(unlink(at(1, "d/f")), 0);
	ck_assert_str_eq(answers_for("", "f", files, 2, false), "11");
}
END_TEST

/* What has changed --------------------------------------------------------------------------------------- */

static void make_longer(const char *path)
{
	write_file(path, "12345678x");
}

static void make_another(const char *path)
{
	char other[400];

	snprintf(other, sizeof other, "%s.new", path);
	write_file(other, "12345678");
	ck_assert_int_eq(rename(other, path), 0);
}

static void make_younger(const char *path)
{
	const struct timespec times[2] = { { .tv_sec = 5 }, { .tv_sec = 5 } };

	ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void make_gone(const char *path)
{
	ck_assert_int_eq(unlink(path), 0);
}

static void make_link(const char *path)
{
	char other[400];

	snprintf(other, sizeof other, "%s.old", path);
	ck_assert_int_eq(rename(path, other), 0);
	ck_assert_int_eq(symlink("f.old", path), 0);
}

static void make_fifo(const char *path)
{
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkfifo(path, 0644), 0);
}

static void make_dir(const char *path)
{
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0755), 0);
}

static void (*const changes[])(const char *path) = { make_longer, make_another, make_younger, make_gone, make_link, make_fifo, make_dir };

START_TEST(sees_what_has_changed)
{
	struct compare_file files[3];

	for (size_t i = 0; i < 3; i++) {
		write_file(at(i, "d/f"), "12345678");
		files[i] = found(i, at(i, "d/f"));
	}
	changes[_i](at(1, "d/f"));
	ck_assert_str_eq(answers_for("", "f", files, 3, false), "1C1");
}
END_TEST

/* A file that changes while it is read: it grows, or is written over with its time put back. */
static unsigned reads;

static void write_meanwhile(void)
{
	struct timespec times[2] = { { .tv_sec = 5 }, { .tv_sec = 5 } };
	int fd;

	if (++reads != 3)
		return;
	fd = open(at(0, "d/x"), O_WRONLY);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq((int)pwrite(fd, "!", 1, 16), 1);
	ck_assert_int_eq(futimens(fd, times), 0);
	close(fd);
}

static void grow_meanwhile(void)
{
	if (++reads == 3) {
		int fd = open(at(0, "d/x"), O_WRONLY | O_APPEND);

		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq((int)write(fd, "!", 1), 1);
		close(fd);
	}
}

START_TEST(sees_what_changes_meanwhile)
{
	const struct timespec times[2] = { { .tv_sec = 5 }, { .tv_sec = 5 } };
	struct compare_file files[3];

	for (size_t i = 0; i < 3; i++) {
		write_file(at(i, "d/x"), "aaaaaaaabbbbbbbbcccccccc");
		ck_assert_int_eq(utimensat(AT_FDCWD, at(i, "d/x"), times, 0), 0);
		files[i] = found(i, at(i, "d/x"));
	}
	reads = 0;
	before_read = _i ? write_meanwhile : grow_meanwhile;
	ck_assert_str_eq(answers_for("", "x", files, 3, false), "C11");
	before_read = NULL;
}
END_TEST

START_TEST(sees_a_directory_that_has_changed)
{
	struct compare_file files[2];

	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(mkdir(at(i, "d/e"), 0755), 0);
		write_file(at(i, "d/e/f"), "x");
		files[i] = found(i, at(i, "d/e/f"));
	}
	ck_assert_str_eq(answers_for("e", "f", files, 2, false), "11");
	ck_assert_int_eq(rename(at(1, "d/e"), at(1, "d/x")), 0);
	ck_assert_str_eq(answers_for("e", "f", files, 2, false), "1C");
	/* No link is followed on the way, but with -L. */
	ck_assert_int_eq(symlink("x", at(1, "d/e")), 0);
	ck_assert_str_eq(answers_for("e", "f", files, 2, false), "1C");
	ck_assert_str_eq(answers_for("e", "f", files, 2, true), "11");
}
END_TEST

/* What cannot be read to its end is equal to nothing, and keeps nobody else from it. */
START_TEST(fails_in_the_middle)
{
	static const char *const expected[] = { "!11", "1!1", "11!", "!11", "1!1", "11!" };
	struct compare_file files[3];

	for (size_t i = 0; i < 3; i++) {
		write_file(at(i, "d/f"), "aaaaaaaabbbbbbbbcccccccc");
		files[i] = found(i, at(i, "d/f"));
	}
	fails_in = (unsigned)_i + 1;
	ck_assert_str_eq(answers_for("", "f", files, 3, false), expected[_i]);
	ck_assert_uint_eq(fails_in, 0);
	write_file(at(1, "d/f"), "aaaaaaaabbbbbbbbcccccccx");
	files[1] = found(1, at(1, "d/f"));
	fails_in = 1;
	ck_assert_str_eq(answers_for("", "f", files, 2, false), "!1");
}
END_TEST

/* Sizes and holes -------------------------------------------------------------------------------------- */

/* The kernel's files say that they are empty. */
START_TEST(reads_on_behind_the_size)
{
	struct compare_file files[2];
	struct stat st;

	write_file(at(0, "d/f"), "12345678");
	write_file(at(1, "d/f"), "12345678");
	for (size_t i = 0; i < 2; i++)
		files[i] = found(i, at(i, "d/f"));
	ck_assert_int_eq(stat(at(_i, "d/f"), &st), 0);
	liar = st.st_ino;
	ck_assert_str_eq(answers_for("", "f", files, 2, false), "12");
	ck_assert_uint_eq(liar, 0);
}
END_TEST

static void write_at(const char *path, uint64_t offset, char byte)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq((int)pwrite(fd, &byte, 1, (off_t)offset), 1);
	close(fd);
}

#define HUGE_SIZE (UINT64_C(1) << 40)

/* Two files of that size without anything in them. Returns false where there can be none. */
static bool make_huge(void)
{
	for (size_t i = 0; i < 2; i++) {
		int fd;
		bool told;

		write_file(at(i, "d/f"), "");
		if (truncate(at(i, "d/f"), (off_t)HUGE_SIZE) != 0)
			return false;
		fd = open(at(i, "d/f"), O_RDONLY);
		told = fsys_next_data(fd, 0, HUGE_SIZE) == HUGE_SIZE;
		close(fd);
		if (!told)
			return false;
	}
	return true;
}

static const struct {
	uint64_t offsets[2]; /* where a byte stands */
	char bytes[2];       /* 0: none */
	const char *answers;
	uint64_t zero;       /* where the second one has a byte that is 0; 0: nowhere */
} huge[] = {
	{ { 0, 0 }, { 0, 0 }, "11", 0 },
	{ { HUGE_SIZE - 1, HUGE_SIZE - 1 }, { 'x', 'x' }, "11", 0 },
	{ { HUGE_SIZE - 1, HUGE_SIZE - 1 }, { 'x', 'y' }, "12", 0 },
	{ { HUGE_SIZE - 1, 0 }, { 'x', 0 }, "12", 0 },
	{ { 0, HUGE_SIZE / 2 + 12345 }, { 0, 'x' }, "12", 0 },
	{ { HUGE_SIZE / 2 + 12345, HUGE_SIZE / 2 + 12346 }, { 'x', 'x' }, "12", 0 },
	{ { HUGE_SIZE / 2 + 12345, HUGE_SIZE / 2 + 12345 }, { 'x', 'x' }, "11", 0 },
	{ { HUGE_SIZE - 1, HUGE_SIZE - 1 }, { 'x', 'y' }, "12", HUGE_SIZE / 4 },
	{ { HUGE_SIZE / 4 - 1, HUGE_SIZE / 4 - 1 }, { 'x', 'x' }, "11", HUGE_SIZE - 1 },
};

START_TEST(passes_over_holes)
{
	struct compare_file files[2];

	if (!make_huge()) {
		puts("skip (missing: files with holes of 1 TiB)");
		return;
	}
	for (size_t i = 0; i < 2; i++) {
		if (huge[_i].bytes[i])
			write_at(at(i, "d/f"), huge[_i].offsets[i], huge[_i].bytes[i]);
		if (i == 1 && huge[_i].zero)
			write_at(at(i, "d/f"), huge[_i].zero, '\0');
		files[i] = found(i, at(i, "d/f"));
	}
	ck_assert_str_eq(answers_for("", "f", files, 2, false), huge[_i].answers);
}
END_TEST

static uint64_t no_data(int fd, uint64_t offset, uint64_t size)
{
	(void)fd;
	(void)offset;
	return size;
}

/* A file that takes the room of its bytes has no holes, whatever is said; one without holes can equal one that has. */
START_TEST(does_not_believe_all_holes)
{
	static const char zeros[1 << 15];
	struct compare_file files[3];
	struct stat st;

	for (size_t i = 0; i < 3; i++) {
		int fd = open(at(i, "d/f"), O_WRONLY | O_CREAT, 0644);

		ck_assert_int_eq((int)write(fd, zeros, i == 1 ? 0 : sizeof zeros), i == 1 ? 0 : (int)sizeof zeros);
		ck_assert_int_eq(ftruncate(fd, sizeof zeros), 0);
		fsync(fd); /* only then does every filesystem say what the file takes */
		close(fd);
		files[i] = found(i, at(i, "d/f"));
	}
	ck_assert_str_eq(answers_for("", "f", files, 3, false), "111");
	if (stat(at(2, "d/f"), &st) != 0 || (uint64_t)st.st_blocks * 512 < sizeof zeros) {
		puts("skip (missing: a filesystem that stores zeros as they are)");
		return;
	}
	write_at(at(2, "d/f"), sizeof zeros - 1, 'x');
	files[2] = found(2, at(2, "d/f"));
	next_data = no_data;
	ck_assert_str_eq(answers_for("", "f", files, 3, false), "112");
	next_data = fsys_next_data;
}
END_TEST

/* As another user, in a process of its own. */
static int answers_as_nobody(const struct compare_file *files, const char *expected)
{
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		if (getuid() == 0 && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
			_exit(2);
		_exit(strcmp(answers_for("", "f", files, 3, false), expected) == 0 ? 0 : 1);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

START_TEST(says_what_cannot_be_read)
{
	char absolute[sizeof box];
	struct compare_file files[3];

	/* The scratch directory may lie below one that is closed to others: it is reached from within. */
	ck_assert_int_eq(chdir(box), 0);
	snprintf(absolute, sizeof absolute, "%s", box);
	snprintf(box, sizeof box, ".");
	for (size_t i = 0; i < 3; i++) {
		write_file(at(i, "d/f"), "x");
		files[i] = found(i, at(i, "d/f"));
	}
	ck_assert_int_eq(chmod(at(1, "d/f"), 0), 0);
	ck_assert_int_eq(answers_as_nobody(files, "1A1"), 0);
	ck_assert_int_eq(chmod(at(0, "d/f"), 0), 0);
	ck_assert_int_eq(answers_as_nobody(files, "AA1"), 0);
	snprintf(box, sizeof box, "%s", absolute);
}
END_TEST

/* Several names ---------------------------------------------------------------------------------------- */

/* Put a row of the first two panes, alone in its batch. */
static void put_pair(struct content *content, compare_id row, const char *name)
{
	struct content_batch *batch = content_batch_new("", 0);
	struct compare_ask ask = { .row = row, .count = 2 };
	char path[32];

	snprintf(path, sizeof path, "d/%s", name);
	ask.files[0] = found(0, at(0, path));
	ask.files[1] = found(1, at(1, path));
	ck_assert_ptr_nonnull(batch);
	ck_assert_int_eq(content_batch_add(batch, name, strlen(name), &ask), 0);
	ck_assert_int_eq(content_put(content, batch), 0);
}

/* Read it and tell whether the files are equal, and how many bytes were read for that. */
static bool equal_after(struct content *content, const char *name, uint64_t *bytes)
{
	uint64_t before = content_bytes(content);
	struct content_batch *batch;
	struct compare_ask ask;
	const uint8_t *answers;
	bool equal;

	put_pair(content, 1, name);
	batch = content_take(content, true);
	ck_assert_ptr_nonnull(batch);
	answers = content_batch_get(batch, 0, &ask);
	ck_assert(answers[0] < COMPARE_ANSWER_ERROR(0) && answers[1] < COMPARE_ANSWER_ERROR(0));
	equal = answers[0] == answers[1];
	content_batch_free(batch);
	*bytes = content_bytes(content) - before;
	return equal;
}

static void add_name(size_t pane, const char *name)
{
	ck_assert_int_eq(link(at(pane, "d/1"), at(pane, name)), 0);
}

static const char three_chunks[] = "12345678abcdefghABCD";

START_TEST(reads_an_inode_once)
{
	static const struct {
		const char *other;   /* NULL: another name of the first file of the other pane */
		bool equal;
		uint64_t bytes;
	} rows[] = {
		{ "12345678abcdefghABCD", true, 40 },
		{ "12345678abcdefghABCD", true, 20 },
		{ NULL, true, 0 },
		{ "12345678abcdefghABCX", false, 20 },
		{ "x2345678abcdefghABCX", false, 8 },
		{ NULL, true, 0 },
		{ "12345678xbcdefghABCD", false, 16 },
	};
	struct content *content = start(1, false);
	char name[16];
	uint64_t bytes;

	write_file(at(0, "d/1"), three_chunks);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(name, sizeof name, "d/%zu", i + 1);
		if (i > 0)
			add_name(0, name);
		if (rows[i].other)
			write_file(at(1, name), rows[i].other);
		else
			add_name(1, name);
	}
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(name, sizeof name, "%zu", i + 1);
		ck_assert_int_eq(equal_after(content, name, &bytes), rows[i].equal);
		ck_assert_uint_eq(bytes, rows[i].bytes);
	}
	/* all names were dealt with: nothing is kept of them */
	ck_assert_uint_eq(content->links->count, 0);
	content_free(content);
}
END_TEST

START_TEST(goes_on_where_another_name_was_left)
{
	struct content *content = start(1, false);
	uint64_t bytes;

	write_file(at(0, "d/1"), three_chunks);
	add_name(0, "d/2");
	add_name(0, "d/3");
	write_file(at(1, "d/1"), "x2345678abcdefghABCD");
	write_file(at(1, "d/2"), three_chunks);
	ck_assert(!equal_after(content, "1", &bytes));
	ck_assert_uint_eq(bytes, 16);
	ck_assert(equal_after(content, "2", &bytes));
	ck_assert_uint_eq(bytes, 12 + 20);
	ck_assert_uint_eq(content->links->count, 1);
	content_free(content);
}
END_TEST

/* What was known of a file that has changed since is not believed, not even with its time put back. */
START_TEST(reads_an_inode_again_that_has_changed)
{
	struct timespec times[2] = { { .tv_sec = 5 }, { .tv_sec = 5 } };
	struct content *content = start(1, false);
	struct content_links *links;
	uint64_t bytes;
	int fd;

	write_file(at(0, "d/1"), three_chunks);
	ck_assert_int_eq(utimensat(AT_FDCWD, at(0, "d/1"), times, 0), 0);
	add_name(0, "d/2");
	add_name(0, "d/3");
	write_file(at(1, "d/1"), three_chunks);
	write_file(at(1, "d/2"), three_chunks);
	ck_assert(equal_after(content, "1", &bytes));
	fd = open(at(0, "d/1"), O_WRONLY);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq((int)pwrite(fd, "!", 1, 19), 1);
	ck_assert_int_eq(futimens(fd, times), 0);
	close(fd);
	ck_assert(!equal_after(content, "2", &bytes));
	ck_assert_uint_eq(bytes, 40);
	/* whoever reads later takes over what was known */
	links = content_links_ref(content->links);
	content_free(content);
	content = start(1, false);
	content_links_unref(content->links);
	content->links = links;
	write_file(at(1, "d/3"), "12345678abcdefghABC!");
	ck_assert(equal_after(content, "3", &bytes));
	ck_assert_uint_eq(bytes, 20);
	content_free(content);
}
END_TEST

/* Threads that want the same chunks wait for one another, and not for ever. */
START_TEST(reads_an_inode_once_with_many_threads)
{
	enum { NAMES = 100 };
	struct content *content = start(4, false);
	struct content_batch *batch;
	char name[16];

	write_file(at(0, "d/1"), three_chunks);
	for (unsigned i = 1; i <= NAMES; i++) {
		snprintf(name, sizeof name, "d/%u", i);
		if (i > 1)
			add_name(0, name);
		write_file(at(1, name), i % 3 ? three_chunks : "12345678abcdefghABC!");
	}
	for (unsigned i = 1; i <= NAMES; i++) {
		snprintf(name, sizeof name, "%u", i);
		put_pair(content, i, name);
	}
	while ((batch = content_take(content, true))) {
		struct compare_ask ask;
		const uint8_t *answers = content_batch_get(batch, 0, &ask);

		ck_assert_uint_eq(answers[0], 1);
		ck_assert_uint_eq(answers[1], ask.row % 3 ? 1 : 2);
		content_batch_free(batch);
	}
	ck_assert_uint_eq(content_bytes(content), (NAMES + 1) * strlen(three_chunks));
	content_free(content);
}
END_TEST

START_TEST(does_not_wait_once_stopped)
{
	struct content_links *links = content_links_new();
	struct attrs attrs = { .dev = 1, .ino = 1, .nlink = 3, .size = 20 };
	struct content_hash hash;
	atomic_bool stop = true;
	struct content_link *link = content_links_take(links, &attrs, 1);

	ck_assert_ptr_nonnull(link);
	ck_assert_ptr_eq(content_links_take(links, &attrs, 1), link);
	ck_assert_int_eq(content_links_next(links, link, 0, &stop, &hash), LINK_READ);
	ck_assert_int_eq(content_links_next(links, link, 0, &stop, &hash), LINK_STOPPED);
	/* who has passed over a hole waits for nobody, and takes nothing from who reads */
	ck_assert_int_eq(content_links_next(links, link, 2, &stop, &hash), LINK_READ);
	content_links_put(links, link, 2, &(struct content_hash){ { 1, 2 } });
	ck_assert_int_eq(content_links_next(links, link, 0, &stop, &hash), LINK_STOPPED);
	content_links_put(links, link, 0, NULL);
	ck_assert_int_eq(content_links_next(links, link, 0, &stop, &hash), LINK_READ);
	content_links_put(links, link, 0, &hash);
	ck_assert_int_eq(content_links_next(links, link, 0, &stop, &hash), LINK_KNOWN);
	/* one holder sees that it has changed: the other one still has it */
	content_links_give(links, link, true);
	ck_assert_uint_eq(links->count, 0);
	content_links_give(links, link, false);
	attrs.nlink = 1;
	ck_assert_ptr_null(content_links_take(links, &attrs, 1));
	content_links_unref(links);
}
END_TEST

/* Many --------------------------------------------------------------------------------------------------- */

static _Atomic unsigned wakes;

static void wake(void *arg)
{
	(void)arg;
	atomic_fetch_add(&wakes, 1);
}

START_TEST(reads_many_batches)
{
	struct content *content = start(4, false);
	struct content_batch *batch;
	unsigned taken = 0;

	content->wake = wake;
	for (unsigned i = 0; i < 200; i++) {
		struct compare_ask ask = { .row = i + 1, .count = 2 };
		char name[16];

		snprintf(name, sizeof name, "d/%u", i);
		write_file(at(0, name), i % 3 ? "123456789" : "1234567890");
		write_file(at(1, name), i % 2 ? "123456789" : "1234567890");
		ask.files[0] = found(0, at(0, name));
		ask.files[1] = found(1, at(1, name));
		batch = content_batch_new("", 0);
		ck_assert_ptr_nonnull(batch);
		ck_assert_int_eq(content_batch_add(batch, name + 2, strlen(name + 2), &ask), 0);
		ck_assert_int_eq(content_put(content, batch), 0);
	}
	while ((batch = content_take(content, true))) {
		struct compare_ask ask;
		const uint8_t *answers = content_batch_get(batch, 0, &ask);
		unsigned i = ask.row - 1;

		ck_assert_uint_eq(answers[0], 1);
		ck_assert_uint_eq(answers[1], (i % 3 == 0) == (i % 2 == 0) ? 1 : 2);
		taken++;
		content_batch_free(batch);
	}
	ck_assert_uint_eq(taken, 200);
	ck_assert_uint_gt(atomic_load(&wakes), 0);
	content_free(content);
}
END_TEST

START_TEST(can_be_left)
{
	struct content *content = start(2, false);

	for (unsigned i = 0; i < 20; i++) {
		struct compare_ask ask = { .row = 1, .count = 2 };
		struct content_batch *batch = content_batch_new("", 0);

		write_file(at(0, "d/f"), "x");
		write_file(at(1, "d/f"), "x");
		ask.files[0] = found(0, at(0, "d/f"));
		ask.files[1] = found(1, at(1, "d/f"));
		ck_assert_int_eq(content_batch_add(batch, "f", 1, &ask), 0);
		ck_assert_int_eq(content_put(content, batch), 0);
	}
	content_free(content);
	content_free(NULL);
	content_batch_free(NULL);
}
END_TEST

START_TEST(knows_places_without_files)
{
	const struct content_root places[] = { { "", NULL }, { box, "1/d" } };
	struct content *content = content_new(&(struct content_options){ .roots = places, .count = 2 });
	struct content_batch *batch = content_batch_new("", 0);
	struct compare_ask ask = { .row = 1, .count = 2 };
	const uint8_t *answers;

	write_file(at(1, "d/f"), "x");
	ask.files[0] = ask.files[1] = found(1, at(1, "d/f"));
	ask.files[0].pane = 0;
	ask.files[0].ino++;
	ck_assert_int_eq(content_batch_add(batch, "f", 1, &ask), 0);
	ck_assert_int_eq(content_put(content, batch), 0);
	batch = content_take(content, true);
	answers = content_batch_get(batch, 0, &ask);
	ck_assert_uint_eq(answers[0], COMPARE_ANSWER_ERROR(ERROR_NOTSUP));
	ck_assert_uint_eq(answers[1], 1);
	content_batch_free(batch);
	content_free(content);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("content");
	TCase *tests = tcase_create("content");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, finds_classes, 0, (int)ARRAY_LEN(classes));
	tcase_add_test(tests, does_not_read_one_inode);
	tcase_add_loop_test(tests, sees_what_has_changed, 0, (int)ARRAY_LEN(changes));
	tcase_add_loop_test(tests, sees_what_changes_meanwhile, 0, 2);
	tcase_add_test(tests, sees_a_directory_that_has_changed);
	tcase_add_loop_test(tests, fails_in_the_middle, 0, 6);
	tcase_add_loop_test(tests, reads_on_behind_the_size, 0, 2);
	tcase_add_loop_test(tests, passes_over_holes, 0, (int)ARRAY_LEN(huge));
	tcase_add_test(tests, does_not_believe_all_holes);
	tcase_add_test(tests, says_what_cannot_be_read);
	tcase_add_test(tests, reads_an_inode_once);
	tcase_add_test(tests, goes_on_where_another_name_was_left);
	tcase_add_test(tests, reads_an_inode_again_that_has_changed);
	tcase_add_test(tests, reads_an_inode_once_with_many_threads);
	tcase_add_test(tests, does_not_wait_once_stopped);
	tcase_add_test(tests, reads_many_batches);
	tcase_add_test(tests, can_be_left);
	tcase_add_test(tests, knows_places_without_files);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
