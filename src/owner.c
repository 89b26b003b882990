#include "owner.h"

#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <stdatomic.h>
#include <string.h>

#include "loop.h"

enum owner_kind { OWNER_USER, OWNER_GROUP };

/** A question, and later its answer. */
struct owner {
	uint32_t id;
	uint8_t kind;      /* enum owner_kind */
	bool answered;
	char *name;        /* NULL: no such user or group */
	struct owner *next; /* in the queue it is in */
};

/*
 * What both threads hold. A question goes `asked` -> (the thread has it) -> `done`; the structure lives until the
 * last of the two lets go, so that a thread that hangs in a look-up can be left behind.
 */
struct owner_desk {
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct owner *asked;
	struct owner *done;
	struct wakeup wakeup;  /* while `open` */
	bool open;             /* there is still somebody who asks */
	unsigned holders;
};

struct owners {
	struct owner_desk *desk;
	struct loop *loop;
	struct loop_watch watch;
	void (*changed)(void *arg);
	void *arg;
	struct owner **known;  /* open addressing; a pending question is among them, unanswered */
	size_t count;
	size_t cap;            /* a power of two, or 0 */
	size_t pending;
	bool started;
	bool broken;           /* no thread could be had: nothing will ever be known */
};

static void owner_list_free(struct owner *list)
{
	while (list) {
		struct owner *next = list->next;

		free(list->name);
		free(list);
		list = next;
	}
}

/** Let go of the desk, locked; the last one clears it away. */
static void desk_leave(struct owner_desk *desk)
{
	bool last = --desk->holders == 0;

	pthread_mutex_unlock(&desk->lock);
	if (!last)
		return;
	owner_list_free(desk->asked);
	owner_list_free(desk->done);
	pthread_cond_destroy(&desk->more);
	pthread_mutex_destroy(&desk->lock);
	free(desk);
}

/** One call of the name service into a buffer of some size. Returns its error, ERANGE when the buffer is too small. */
static int ask_system(struct owner *owner, char *room, size_t size)
{
	struct passwd user;
	struct passwd *found_user = NULL;
	struct group group;
	struct group *found_group = NULL;
	int error;

	if (owner->kind == OWNER_USER) {
		error = getpwuid_r(owner->id, &user, room, size, &found_user);
		owner->name = found_user ? strdup(user.pw_name) : NULL;
		return error;
	}
	error = getgrgid_r(owner->id, &group, room, size, &found_group);
	owner->name = found_group ? strdup(group.gr_name) : NULL;
	return error;
}

static void look_up(struct owner *owner)
{
	enum { FIRST = 4096, LAST = 1 << 22 };

	for (size_t size = FIRST; size <= LAST; size *= 4) {
		char *room = malloc(size);
		int error = room ? ask_system(owner, room, size) : ENOMEM;

		free(room);
		if (error != ERANGE)
			return;
	}
}

static void *desk_thread(void *arg)
{
	struct owner_desk *desk = arg;
	struct owner *owner;

	pthread_mutex_lock(&desk->lock);
	for (;;) {
		while (desk->open && !desk->asked)
			pthread_cond_wait(&desk->more, &desk->lock);
		if (!desk->open)
			break;
		owner = desk->asked;
		desk->asked = owner->next;
		pthread_mutex_unlock(&desk->lock);
		look_up(owner);
		pthread_mutex_lock(&desk->lock);
		owner->next = desk->done;
		desk->done = owner;
		if (desk->open)
			wakeup_raise(&desk->wakeup);
	}
	desk_leave(desk);
	return NULL;
}

static struct owner_desk *desk_new(void)
{
	struct owner_desk *desk = calloc(1, sizeof *desk);

	if (!desk)
		return NULL;
	if (wakeup_init(&desk->wakeup) != 0) {
		free(desk);
		return NULL;
	}
	pthread_mutex_init(&desk->lock, NULL);
	pthread_cond_init(&desk->more, NULL);
	desk->open = true;
	desk->holders = 1;
	return desk;
}

static size_t slot_of(const struct owners *owners, enum owner_kind kind, uint32_t id)
{
	size_t mask = owners->cap - 1;
	size_t at = ((id + ((uint32_t)kind << 31)) * UINT32_C(2654435769)) & mask;

	while (owners->known[at] && (owners->known[at]->id != id || owners->known[at]->kind != kind))
		at = (at + 1) & mask;
	return at;
}

/** Room for one more. Returns 0, or -1 with ENOMEM. */
static int known_grow(struct owners *owners)
{
	struct owners bigger = *owners;

	if (owners->count * 2 < owners->cap)
		return 0;
	bigger.cap = owners->cap ? owners->cap * 2 : 64;
	bigger.known = calloc(bigger.cap, sizeof *bigger.known);
	if (!bigger.known)
		return -1;
	for (size_t i = 0; i < owners->cap; i++)
		if (owners->known[i])
			bigger.known[slot_of(&bigger, owners->known[i]->kind, owners->known[i]->id)] = owners->known[i];
	free(owners->known);
	owners->known = bigger.known;
	owners->cap = bigger.cap;
	return 0;
}

/** Answers have come: take them into the table of what is known. */
static void take_answers(void *arg, short revents)
{
	struct owners *owners = arg;
	struct owner_desk *desk = owners->desk;
	struct owner *done;

	(void)revents;
	wakeup_clear(&desk->wakeup);
	pthread_mutex_lock(&desk->lock);
	done = desk->done;
	desk->done = NULL;
	pthread_mutex_unlock(&desk->lock);
	while (done) {
		struct owner *answer = done;
		struct owner *question = owners->known[slot_of(owners, answer->kind, answer->id)];

		done = answer->next;
		question->answered = true;
		question->name = answer->name;
		free(answer);
		owners->pending--;
	}
	owners->changed(owners->arg);
}

/** The thread takes nothing with it but the desk. */
static bool start_thread(struct owners *owners)
{
	struct owner_desk *desk = owners->desk;
	pthread_attr_t attr;
	pthread_t thread;
	int error;

	if (owners->started || owners->broken)
		return owners->started;
	desk->holders = 2;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	error = pthread_create(&thread, &attr, desk_thread, desk);
	pthread_attr_destroy(&attr);
	owners->started = error == 0;
	owners->broken = error != 0;
	if (error)
		desk->holders = 1;
	return owners->started;
}

/** Put a question into the table and, as a copy, before the thread. */
static void ask(struct owners *owners, enum owner_kind kind, uint32_t id)
{
	struct owner *known = calloc(1, sizeof *known);
	struct owner *question = calloc(1, sizeof *question);
	struct owner **last;

	if (!known || !question || known_grow(owners) != 0) {
		free(known);
		free(question);
		return;
	}
	*known = *question = (struct owner){ .id = id, .kind = (uint8_t)kind };
	owners->known[slot_of(owners, kind, id)] = known;
	owners->count++;
	owners->pending++;
	pthread_mutex_lock(&owners->desk->lock);
	for (last = &owners->desk->asked; *last; last = &(*last)->next)
		;
	*last = question;
	pthread_cond_signal(&owners->desk->more);
	pthread_mutex_unlock(&owners->desk->lock);
}

static const char *name_of(struct owners *owners, enum owner_kind kind, uint32_t id)
{
	struct owner *known = owners && owners->cap ? owners->known[slot_of(owners, kind, id)] : NULL;

	if (known)
		return known->answered ? known->name : NULL;
	if (owners && start_thread(owners))
		ask(owners, kind, id);
	return NULL;
}

struct owners *owners_new(struct loop *loop, void (*changed)(void *arg), void *arg)
{
	struct owners *owners = calloc(1, sizeof *owners);

	if (!owners)
		return NULL;
	owners->desk = desk_new();
	if (!owners->desk) {
		free(owners);
		return NULL;
	}
	owners->loop = loop;
	owners->changed = changed;
	owners->arg = arg;
	owners->watch = (struct loop_watch){ .fd = owners->desk->wakeup.fd, .events = POLLIN,
		                             .rank = LOOP_WATCH, .fn = take_answers, .arg = owners };
	if (loop_add(loop, &owners->watch) != 0) {
		owners->watch.added = false;
		owners_free(owners);
		return NULL;
	}
	return owners;
}

void owners_free(struct owners *owners)
{
	if (!owners)
		return;
	loop_remove(owners->loop, &owners->watch);
	pthread_mutex_lock(&owners->desk->lock);
	owners->desk->open = false;
	wakeup_fini(&owners->desk->wakeup);
	pthread_cond_signal(&owners->desk->more);
	desk_leave(owners->desk);
	for (size_t i = 0; i < owners->cap; i++) {
		if (!owners->known[i])
			continue;
		free(owners->known[i]->name);
		free(owners->known[i]);
	}
	free(owners->known);
	free(owners);
}

const char *owner_user(struct owners *owners, uint32_t uid)
{
	return name_of(owners, OWNER_USER, uid);
}

const char *owner_group(struct owners *owners, uint32_t gid)
{
	return name_of(owners, OWNER_GROUP, gid);
}

bool owners_settled(const struct owners *owners)
{
	return !owners || owners->pending == 0;
}
