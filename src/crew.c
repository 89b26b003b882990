#include "crew.h"

#include "thread.h"

#include <pthread.h>

enum { WAITING_MAX = 2 };

struct crew {
	pthread_mutex_t lock;   /* for all that follows */
	pthread_cond_t called;
	size_t stack;
	unsigned refs;          /* its owner's, and one of each thread */
	bool closed;
	unsigned waiting;       /* threads that wait for `job` */
	void (*job)(void *arg); /* for the one that waits; NULL: none yet */
	void *arg;
};

/* What a new thread begins with. */
struct recruit {
	struct crew *crew;
	void (*job)(void *arg);
	void *arg;
};

struct crew *crew_new(size_t stack)
{
	struct crew *crew = calloc(1, sizeof *crew);

	if (!crew)
		return NULL;
	crew->stack = stack;
	crew->refs = 1;
	pthread_mutex_init(&crew->lock, NULL);
	pthread_cond_init(&crew->called, NULL);
	return crew;
}

/* Let go of it, locked; the last one frees it. */
static void leave(struct crew *crew)
{
	bool last = --crew->refs == 0;

	pthread_mutex_unlock(&crew->lock);
	if (!last)
		return;
	pthread_cond_destroy(&crew->called);
	pthread_mutex_destroy(&crew->lock);
	free(crew);
}

void crew_free(struct crew *crew)
{
	if (!crew)
		return;
	pthread_mutex_lock(&crew->lock);
	crew->closed = true;
	pthread_cond_broadcast(&crew->called);
	leave(crew);
}

/* Wait for a job, locked. False: there will be none, or enough others wait. */
static bool next_job(struct crew *crew, struct recruit *recruit)
{
	if (crew->waiting >= WAITING_MAX || crew->closed)
		return false;
	crew->waiting++;
	while (!crew->job && !crew->closed)
		pthread_cond_wait(&crew->called, &crew->lock);
	crew->waiting--;
	recruit->job = crew->job;
	recruit->arg = crew->arg;
	crew->job = NULL;
	return recruit->job != NULL;
}

static void *work(void *arg)
{
	struct recruit recruit = *(struct recruit *)arg;
	struct crew *crew = recruit.crew;

	free(arg);
	do {
		recruit.job(recruit.arg);
		pthread_mutex_lock(&crew->lock);
		if (!next_job(crew, &recruit))
			break;
		pthread_mutex_unlock(&crew->lock);
	} while (true);
	leave(crew);
	return NULL;
}

static int start(struct crew *crew, void (*job)(void *arg), void *arg)
{
	struct recruit *recruit = malloc(sizeof *recruit);
	int status = -1;

	if (recruit) {
		*recruit = (struct recruit){ crew, job, arg };
		status = thread_start(work, recruit, crew->stack);
	}
	if (status != 0)
		free(recruit);
	return status;
}

int crew_run(struct crew *crew, void (*job)(void *arg), void *arg)
{
	int status = 0;

	pthread_mutex_lock(&crew->lock);
	if (crew->waiting > 0 && !crew->job) {
		crew->job = job;
		crew->arg = arg;
		pthread_cond_signal(&crew->called);
	} else {
		crew->refs++;
		status = start(crew, job, arg);
		crew->refs -= status != 0;
	}
	pthread_mutex_unlock(&crew->lock);
	return status;
}
