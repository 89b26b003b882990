#include "draft.h"

#include "fsys_change.h"
#include "spawn.h"
#include "thread.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { STACK = 256 * 1024, TRIES = 100, READ_SIZE = 1 << 16, TEXT_MAX = 64 << 20 };

/* What a thread is to do, shared with it. The last of the two frees it. */
struct errand {
	atomic_uint refs;
	atomic_bool done;     /* by the thread: `error`, `name` and `text` hold */
	bool reads;
	char *dir;
	char name[16];
	struct buf text;
	int error;
	int bell;             /* the thread's; closed when it is done */
};

struct draft {
	struct loop *loop;
	struct loop_watch watch;  /* of the other end of the bell */
	struct errand *errand;
	char *path;
	void (*told)(void *arg, int error);
	void *arg;
};

static void errand_unref(struct errand *errand)
{
	if (!errand || atomic_fetch_sub(&errand->refs, 1) > 1)
		return;
	buf_fini(&errand->text);
	free(errand->dir);
	free(errand);
}

/* A name that is hardly in use; if it is, O_EXCL tells. */
static void make_name(struct errand *errand, unsigned attempt)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	struct timespec now;
	uint64_t mix;

	clock_gettime(CLOCK_REALTIME, &now);
	mix = ((uint64_t)now.tv_nsec ^ (uint64_t)now.tv_sec << 30 ^ (uint64_t)getpid() << 44) + attempt;
	mix *= UINT64_C(0x9e3779b97f4a7c15);
	memcpy(errand->name, "muntin-", 7);
	for (int i = 7; i < 15; i++, mix /= 36)
		errand->name[i] = digits[mix % 36];
	errand->name[15] = '\0';
}

static int write_file(struct errand *errand, int dir)
{
	int got = -1;

	errno = EEXIST;
	for (unsigned i = 0; got != 0 && errno == EEXIST && i < TRIES; i++) {
		make_name(errand, i);
		got = fsys_create_private(dir, errand->name, errand->text.data, errand->text.len);
	}
	return got;
}

static int read_all(struct buf *text, int fd)
{
	for (;;) {
		char *room = buf_room(text, READ_SIZE);
		ssize_t got = room ? fsys_read(fd, room, READ_SIZE) : -1;

		if (got <= 0) {
			errno = room ? errno : ENOMEM;
			return (int)got;
		}
		text->len += (size_t)got;
		if (text->len > TEXT_MAX) {
			errno = EFBIG;
			return -1;
		}
	}
}

/* The editor may have put another file in its place: it has to be one, and ours. */
static int read_file(struct errand *errand, int dir)
{
	int fd = fsys_open_file(dir, errand->name, 0);
	struct attrs attrs;
	int got = -1;

	if (fd >= 0 && fsys_stat(fd, "", 0, &attrs) == 0 && attrs.uid == geteuid())
		got = read_all(&errand->text, fd);
	else if (fd >= 0)
		errno = EPERM;
	fsys_close(fd);
	return got == 0 ? fsys_unlink(dir, errand->name) : got;
}

static void *run_errand(void *arg)
{
	struct errand *errand = arg;
	int dir = fsys_open_root(errand->dir);
	int bell = errand->bell;
	int got = dir < 0 ? -1 : errand->reads ? read_file(errand, dir) : write_file(errand, dir);

	errand->error = got == 0 ? 0 : errno;
	fsys_close(dir);
	atomic_store(&errand->done, true);
	errand_unref(errand);
	close(bell);
	return NULL;
}

static int make_path(struct draft *draft)
{
	struct buf path = BUF_INIT;

	buf_printf(&path, "%s/%s", draft->errand->dir, draft->errand->name);
	if (!buf_str(&path)) {
		buf_fini(&path);
		return ENOMEM;
	}
	draft->path = path.data;
	return 0;
}

static void on_bell(void *arg, short revents)
{
	struct draft *draft = arg;
	int error = draft->errand->error;

	(void)revents;
	loop_remove(draft->loop, &draft->watch);
	close(draft->watch.fd);
	draft->watch.fd = -1;
	if (!atomic_load(&draft->errand->done))
		error = EIO;
	else if (error == 0 && !draft->errand->reads)
		error = make_path(draft);
	draft->told(draft->arg, error);
}

/* Let a thread do it. Returns 0, or -1 with errno. */
static int begin(struct draft *draft)
{
	int bell[2];

	if (spawn_pipe(bell) != 0)
		return -1;
	draft->errand->bell = bell[1];
	draft->watch = (struct loop_watch){ .fd = bell[0], .events = POLLIN, .rank = LOOP_WATCH, .fn = on_bell, .arg = draft };
	if (loop_add(draft->loop, &draft->watch) == 0) {
		atomic_store(&draft->errand->done, false);
		atomic_fetch_add(&draft->errand->refs, 1);
		if (thread_start(run_errand, draft->errand, STACK) == 0)
			return 0;
		atomic_fetch_sub(&draft->errand->refs, 1);
		loop_remove(draft->loop, &draft->watch);
	}
	close(bell[0]);
	close(bell[1]);
	draft->watch.fd = -1;
	return -1;
}

struct draft *draft_new(struct loop *loop, const struct buf *text, void (*told)(void *arg, int error), void *arg)
{
	const char *dir = getenv("TMPDIR");
	struct draft *draft = calloc(1, sizeof *draft);
	struct errand *errand = calloc(1, sizeof *errand);

	if (draft && errand) {
		*draft = (struct draft){ .loop = loop, .errand = errand, .told = told, .arg = arg };
		draft->watch.fd = -1;
		atomic_init(&errand->refs, 1);
		errand->dir = strdup(dir && dir[0] == '/' ? dir : "/tmp");
		buf_add(&errand->text, text->data, text->len);
		if (errand->dir && !errand->text.failed && begin(draft) == 0)
			return draft;
		draft_free(draft);
		return NULL;
	}
	free(draft);
	free(errand);
	return NULL;
}

const char *draft_path(const struct draft *draft)
{
	return draft->path;
}

int draft_read(struct draft *draft)
{
	draft->errand->reads = true;
	buf_clear(&draft->errand->text);
	return begin(draft);
}

const struct buf *draft_text(const struct draft *draft)
{
	return draft->errand->reads ? &draft->errand->text : NULL;
}

void draft_free(struct draft *draft)
{
	int saved = errno;

	if (!draft)
		return;
	loop_remove(draft->loop, &draft->watch);
	if (draft->watch.fd >= 0)
		close(draft->watch.fd);
	errand_unref(draft->errand);
	free(draft->path);
	free(draft);
	errno = saved;
}
