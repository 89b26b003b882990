/*
 * Permission edits: the whole grammar against the real chmod for all modes, what is ours alone by
 * tables, and the boxes of the editor against the MODE that stands for them.
 */
#include "perm.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MODES 4096
#define NAME_SIZE 8

static struct perm_edit edit_of(const char *text)
{
	struct perm_edit edit;
	struct perm_error error = { 0, "" };

	if (perm_parse(&edit, text, strlen(text), &error) != 0)
		ck_abort_msg("%s: %s at %zu", text, error.why, error.at);
	return edit;
}

/* ---- Against chmod ---- */

static const struct {
	const char *text;
	mode_t mask;
} edits[] = {
	{ "u+x", 022 }, { "u-w", 022 }, { "u=rw", 022 }, { "g+w", 022 }, { "g-rwx", 022 }, { "g=rx", 022 }, { "o=", 022 },
	{ "o+rwxt", 022 }, { "a+r", 022 }, { "a=", 022 }, { "a=rwxst", 022 }, { "ugo-x", 022 }, { "ug+rwX,o-w,g=u,+t", 022 },
	{ "+x", 022 }, { "+w", 022 }, { "+rwx", 027 }, { "-w", 022 }, { "-rwx", 0137 }, { "=rw", 022 }, { "=", 022 },
	{ "=rwxst", 077 }, { "+X", 022 }, { "a+X", 022 }, { "u+X,g-x", 022 }, { "a-x,a+X", 022 }, { "u=rwX,go=rX", 022 },
	{ "-X", 022 }, { "=X", 077 }, { "u+s", 022 }, { "g+s", 022 }, { "ug-s", 022 }, { "+s", 022 }, { "u=s", 022 },
	{ "u=rwxs,g=rxs", 022 }, { "o+s", 022 }, { "u+t", 022 }, { "g=t", 022 }, { "+t", 022 }, { "o=t", 022 },
	{ "a-t", 022 }, { "-t", 0777 }, { "g=u", 022 }, { "o=g", 022 }, { "u=o", 022 }, { "ug=o", 022 }, { "a=u", 022 },
	{ "=g", 022 }, { "+u", 027 }, { "-o", 022 }, { "g-u", 022 }, { "o+g,u=o,g-o", 022 }, { "u+r-w=x", 022 },
	{ "u=g+x-r", 022 }, { "u+,g-,o=", 022 }, { "uuu+rr", 022 }, { "u+rwxXst", 022 }, { "+-=", 022 }, { "=755", 022 },
	{ "+1755", 022 }, { "-6022", 022 }, { "=0", 022 }, { "00755", 022 }, { "07777", 022 }, { "00000", 022 },
	{ "004711", 022 },
};

/** A directory with a file and a directory of every mode. */
struct field {
	char path[256];
	int fd;
	char names[2 * MODES][NAME_SIZE];  /* the files, then the directories */
	char *argv[2 * MODES + 4];         /* for chmod */
	uint32_t before[2 * MODES];
};

static void field_make(struct field *field)
{
	static char command[] = "chmod";
	static char ends_options[] = "--";
	const char *tmp = getenv("TMPDIR");

	snprintf(field->path, sizeof field->path, "%s/muntin-perm-XXXXXX", tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(field->path));
	field->fd = open(field->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(field->fd, 0);
	field->argv[0] = command;
	field->argv[1] = ends_options;
	for (size_t i = 0; i < 2 * MODES; i++) {
		snprintf(field->names[i], NAME_SIZE, "%c%04zo", "fd"[i / MODES], i % MODES);
		field->argv[i + 3] = field->names[i];
		if (i >= MODES) {
			if (mkdirat(field->fd, field->names[i], 0700) != 0)
				ck_abort_msg("mkdir: %s", strerror(errno));
			continue;
		}
		if (mknodat(field->fd, field->names[i], S_IFREG | 0600, 0) != 0)
			ck_abort_msg("mknod: %s", strerror(errno));
	}
}

static void field_remove(struct field *field)
{
	for (size_t i = 0; i < 2 * MODES; i++)
		unlinkat(field->fd, field->names[i], i < MODES ? 0 : AT_REMOVEDIR);
	close(field->fd);
	rmdir(field->path);
}

static uint32_t field_mode(const struct field *field, size_t i)
{
	struct stat st;

	if (fstatat(field->fd, field->names[i], &st, AT_SYMLINK_NOFOLLOW) != 0)
		ck_abort_msg("stat: %s", strerror(errno));
	return st.st_mode;
}

/** Give every entry its mode, and take down what the system made of it. */
static void field_reset(struct field *field)
{
	for (size_t i = 0; i < 2 * MODES; i++) {
		fchmodat(field->fd, field->names[i], (mode_t)(i % MODES), 0);
		field->before[i] = field_mode(field, i);
	}
}

/** One chmod for all of them. What it says of a umask that got in its way is not ours. */
static void field_chmod(struct field *field, const char *text, mode_t mask)
{
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		umask(mask);
		if (fchdir(field->fd) != 0 || null < 0 || dup2(null, 2) < 0)
			_exit(126);
		field->argv[2] = strdup(text);
		execvp("chmod", field->argv);
		_exit(127);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
}

static bool chmod_is_gnu(void)
{
	char text[256] = "";
	int ends[2];
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], 1);
		execlp("chmod", "chmod", "--version", (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	if (read(ends[0], text, sizeof text - 1) < 0)
		text[0] = '\0';
	close(ends[0]);
	waitpid(pid, NULL, 0);
	return strstr(text, "GNU") != NULL;
}

START_TEST(does_what_chmod_does)
{
	static struct field field;
	char wrong[128] = "";

	if (!chmod_is_gnu()) {
		printf("SKIP: does_what_chmod_does: no GNU chmod\n");
		return;
	}
	field_make(&field);
	for (size_t e = 0; e < ARRAY_LEN(edits) && wrong[0] == '\0'; e++) {
		struct perm_edit edit = edit_of(edits[e].text);

		field_reset(&field);
		field_chmod(&field, edits[e].text, edits[e].mask);
		for (size_t i = 0; i < 2 * MODES; i++) {
			uint32_t want = field_mode(&field, i);
			uint32_t got = perm_apply(&edit, field.before[i], edits[e].mask);

			if (got != want)
				snprintf(wrong, sizeof wrong, "%s on %07o: %07o, chmod %07o", edits[e].text,
					field.before[i], got, want);
		}
	}
	field_remove(&field);
	ck_assert_str_eq(wrong, "");
}
END_TEST

/* ---- What is ours ---- */

static const struct {
	const char *text;
	uint32_t before;
	uint32_t after;
	bool absolute;
} ours[] = {
	{ "755", S_IFREG | 04644, S_IFREG | 04755, true },
	{ "755", S_IFDIR | 03700, S_IFDIR | 03755, true },
	{ "44", S_IFREG | 04777, S_IFREG | 04044, true },
	{ "7", S_IFREG | 0700, S_IFREG | 0007, true },
	{ "0", S_IFREG | 0777, S_IFREG, true },
	{ "0755", S_IFREG | 06644, S_IFREG | 0755, true },
	{ "0755", S_IFDIR | 02755, S_IFDIR | 0755, true },
	{ "2755", S_IFDIR | 0700, S_IFDIR | 02755, true },
	{ "D:755,F:644", S_IFDIR | 0700, S_IFDIR | 0755, true },
	{ "D:755,F:644", S_IFREG | 0700, S_IFREG | 0644, true },
	{ "D:755,F:a-x", S_IFREG | 0755, S_IFREG | 0644, false },
	{ "D:u+x,g+w", S_IFREG | 0644, S_IFREG | 0664, false },
	{ "D:u+x,g+w", S_IFDIR | 0644, S_IFDIR | 0764, false },
	{ "F:u+x", S_IFIFO | 0600, S_IFIFO | 0700, false },
	{ "644,u+x", S_IFREG | 0777, S_IFREG | 0744, false },
	{ "F:-w", S_IFREG | 0666, S_IFREG | 0466, false },
	{ "g=u", 0120741, 0120771, false },
};

START_TEST(applies)
{
	struct perm_edit edit = edit_of(ours[_i].text);

	ck_assert_uint_eq(perm_apply(&edit, ours[_i].before, 022), ours[_i].after);
	ck_assert_int_eq(perm_is_absolute(&edit), ours[_i].absolute);
}
END_TEST

static const struct {
	const char *text;
	size_t at;
	const char *why;
} errors[] = {
	{ "", 0, "expected u, g, o, a, +, -, = or a number" },
	{ "q", 0, "expected u, g, o, a, +, -, = or a number" },
	{ "u", 1, "expected +, - or =" },
	{ "ug rw", 2, "expected +, - or =" },
	{ "u+r,", 4, "expected u, g, o, a, +, -, = or a number" },
	{ ",u+r", 0, "expected u, g, o, a, +, -, = or a number" },
	{ "u+rq", 3, "expected one of rwxXst, or u, g or o alone" },
	{ "u+gr", 3, "expected one of rwxXst, or u, g or o alone" },
	{ "u+rg", 3, "expected one of rwxXst, or u, g or o alone" },
	{ "u=755", 2, "expected one of rwxXst, or u, g or o alone" },
	{ "a+a", 2, "expected one of rwxXst, or u, g or o alone" },
	{ "758", 2, "not an octal digit" },
	{ "8", 0, "not an octal digit" },
	{ "755 ", 3, "not an octal digit" },
	{ "10000", 4, "beyond 7777" },
	{ "+77777", 5, "beyond 7777" },
	{ "X:755", 0, "expected D: or F:" },
	{ "D:", 2, "expected u, g, o, a, +, -, = or a number" },
	{ "D:F:755", 2, "expected u, g, o, a, +, -, = or a number" },
	{ "u+r,g+w,o~", 9, "expected +, - or =" },
};

START_TEST(says_what_is_wrong)
{
	struct perm_edit edit;
	struct perm_error error = { 99, NULL };

	ck_assert_int_eq(perm_parse(&edit, errors[_i].text, strlen(errors[_i].text), &error), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_str_eq(error.why, errors[_i].why);
	ck_assert_uint_eq(error.at, errors[_i].at);
	ck_assert_int_eq(perm_parse(&edit, errors[_i].text, strlen(errors[_i].text), NULL), -1);
}
END_TEST

START_TEST(takes_so_many_changes)
{
	struct perm_edit edit;
	struct perm_error error;
	char text[2 * PERM_CHANGES + 2];

	memset(text, '+', sizeof text);
	ck_assert_int_eq(perm_parse(&edit, text, PERM_CHANGES, &error), 0);
	ck_assert_int_eq(perm_parse(&edit, text, PERM_CHANGES + 1, &error), -1);
	ck_assert_str_eq(error.why, "too many changes");
}
END_TEST

/** Whatever is read, the type stays, and nothing is read beyond the end. */
START_TEST(reads_anything)
{
	static const char alphabet[] = "ugoa+-=rwxXst01478,,DF:q";
	uint64_t state = 7;

	for (int i = 0; i < 200000; i++) {
		size_t len = (size_t)(i % 12);
		char *text = malloc(len + !len);
		struct perm_edit edit;
		struct perm_error error = { 99, NULL };

		if (!text)
			ck_abort_msg("no memory");
		for (size_t at = 0; at < len; at++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			text[at] = alphabet[(state >> 33) % (sizeof alphabet - 1)];
		}
		if (perm_parse(&edit, text, len, &error) != 0) {
			if (error.at > len || !error.why)
				ck_abort_msg("error at %zu of %zu", error.at, len);
		} else if ((perm_apply(&edit, S_IFLNK | (uint32_t)(state >> 50 & 07777), 022) & ~PERM_BITS) != S_IFLNK) {
			ck_abort_msg("%.*s changes the type", (int)len, text);
		}
		free(text);
	}
}
END_TEST

/* ---- Printing and summaries ---- */

static const struct {
	uint32_t mode;
	const char *text;
} symbolic[] = {
	{ 0644, "u=rw,g=r,o=r" }, { 0, "u=,g=,o=" }, { 07777, "u=rwxs,g=rwxs,o=rwxt" }, { 02750, "u=rwx,g=rxs,o=" },
	{ S_IFDIR | 01777, "u=rwx,g=rwx,o=rwxt" },
};

START_TEST(prints)
{
	struct buf out = BUF_INIT;

	perm_symbolic(&out, symbolic[_i].mode);
	ck_assert_str_eq(buf_str(&out), symbolic[_i].text);
	buf_fini(&out);
}
END_TEST

/** What is printed of a mode sets that mode. */
START_TEST(prints_what_it_reads)
{
	struct buf out = BUF_INIT;

	for (uint32_t mode = 0; mode <= PERM_BITS; mode++) {
		struct perm_edit edit;

		buf_clear(&out);
		perm_symbolic(&out, mode);
		edit = edit_of(buf_str(&out));
		if (perm_apply(&edit, S_IFREG | (~mode & PERM_BITS), 077) != (S_IFREG | mode))
			ck_abort_msg("%s is not %04o", buf_str(&out), mode);
	}
	buf_fini(&out);
}
END_TEST

static const struct {
	uint32_t modes[3];
	size_t count;
	const char *octal;
	const char *text;
} mixes[] = {
	{ { 0 }, 0, "0000", "u=,g=,o=" },
	{ { 0644 }, 1, "0644", "u=rw,g=r,o=r" },
	{ { 0644, 0654, 0744 }, 3, "0--4", "u=rw,g=r,o=r" },
	{ { 0644, 0654 }, 2, "06-4", "u=rw,g=r,o=r" },
	{ { 04755, 0755 }, 2, "-755", "u=rwx,g=rx,o=rx" },
	{ { S_IFDIR | 0755, S_IFREG | 0644 }, 2, "0---", "u=rw,g=r,o=r" },
};

static struct perm_mix mix_of(const uint32_t *modes, size_t count)
{
	struct perm_mix mix = PERM_MIX_INIT;

	for (size_t i = 0; i < count; i++)
		perm_mix_add(&mix, modes[i]);
	return mix;
}

START_TEST(summarises)
{
	struct perm_mix mix = mix_of(mixes[_i].modes, mixes[_i].count);
	struct buf out = BUF_INIT;

	perm_mix_octal(&out, &mix);
	ck_assert_str_eq(buf_str(&out), mixes[_i].octal);
	buf_clear(&out);
	perm_mix_symbolic(&out, &mix);
	ck_assert_str_eq(buf_str(&out), mixes[_i].text);
	ck_assert_uint_eq(mix.count, mixes[_i].count);
	buf_fini(&out);
}
END_TEST

START_TEST(boxes_toggle)
{
	static const uint32_t modes[] = { 0644, 0654 };
	struct perm_boxes boxes = { mix_of(modes, 2), 0, 0 };
	struct perm_mix shown;

	static const struct {
		uint32_t bit;
		enum perm_box state;
	} steps[] = {
		{ 0010, PERM_ON }, { 0010, PERM_OFF }, { 0010, PERM_MIXED }, { 0010, PERM_ON }, { 0400, PERM_OFF },
		{ 0400, PERM_ON }, { 04000, PERM_ON }, { 04000, PERM_OFF }, { 04000, PERM_ON },
	};

	shown = perm_boxes_shown(&boxes);
	ck_assert_int_eq(perm_mix_box(&shown, 0010), PERM_MIXED);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		perm_boxes_toggle(&boxes, steps[i].bit);
		shown = perm_boxes_shown(&boxes);
		ck_assert_int_eq(perm_mix_box(&shown, steps[i].bit), steps[i].state);
	}
	ck_assert_uint_eq(perm_boxes_apply(&boxes, S_IFREG | 0644), S_IFREG | 04654);
}
END_TEST

static const struct {
	const char *text;
	bool good;
	uint32_t set;
	uint32_t clear;
} octals[] = {
	{ "0644", true, 0644, 07133 }, { "644", true, 0644, 0133 }, { "06-4", true, 0604, 07103 }, { "----", true, 0, 0 },
	{ "-755", true, 0755, 0022 }, { "2---", true, 02000, 05000 }, { "", false, 1, 2 }, { "64", false, 1, 2 },
	{ "00644", false, 1, 2 }, { "0648", false, 1, 2 }, { "u+x", false, 1, 2 },
};

START_TEST(boxes_follow_octal)
{
	struct perm_boxes boxes = { PERM_MIX_INIT, 1, 2 };

	ck_assert_int_eq(perm_boxes_octal(&boxes, octals[_i].text, strlen(octals[_i].text)), octals[_i].good ? 0 : -1);
	ck_assert_uint_eq(boxes.set, octals[_i].set);
	ck_assert_uint_eq(boxes.clear, octals[_i].clear);
}
END_TEST

/** The MODE that boxes print does what they do, on every mode, to files and directories. */
START_TEST(boxes_are_an_edit)
{
	struct buf out = BUF_INIT;
	uint64_t state = 3;

	for (int i = 0; i < 400; i++) {
		struct perm_boxes boxes = { PERM_MIX_INIT, 0, 0 };
		struct perm_edit edit = { .len = 0 };
		uint32_t touched;

		state = state * 6364136223846793005u + 1442695040888963407u;
		touched = i % 8 == 0 ? PERM_BITS : (uint32_t)(state >> 40) & PERM_BITS;
		perm_boxes_put(&boxes, touched & (uint32_t)(state >> 20), PERM_ON);
		perm_boxes_put(&boxes, touched & ~(uint32_t)(state >> 20), PERM_OFF);
		buf_clear(&out);
		perm_boxes_text(&out, &boxes);
		if (out.len > 0)
			edit = edit_of(buf_str(&out));
		for (uint32_t mode = 0; mode <= PERM_BITS; mode++) {
			if (perm_apply(&edit, S_IFREG | mode, 077) != perm_boxes_apply(&boxes, S_IFREG | mode) ||
				perm_apply(&edit, S_IFDIR | mode, 077) != perm_boxes_apply(&boxes, S_IFDIR | mode))
				ck_abort_msg("%s on %04o", buf_str(&out), mode);
		}
	}
	buf_fini(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("perm");
	TCase *tests = tcase_create("perm");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, does_what_chmod_does);
	tcase_add_loop_test(tests, applies, 0, ARRAY_LEN(ours));
	tcase_add_loop_test(tests, says_what_is_wrong, 0, ARRAY_LEN(errors));
	tcase_add_test(tests, takes_so_many_changes);
	tcase_add_test(tests, reads_anything);
	tcase_add_loop_test(tests, prints, 0, ARRAY_LEN(symbolic));
	tcase_add_test(tests, prints_what_it_reads);
	tcase_add_loop_test(tests, summarises, 0, ARRAY_LEN(mixes));
	tcase_add_test(tests, boxes_toggle);
	tcase_add_loop_test(tests, boxes_follow_octal, 0, ARRAY_LEN(octals));
	tcase_add_test(tests, boxes_are_an_edit);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
