#include "thread.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NICE = 10 };

int thread_start(void *(*run)(void *arg), void *arg, size_t stack)
{
	pthread_attr_t attr;
	pthread_t thread;
	int error = pthread_attr_init(&attr);

	if (error == 0) {
		pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
		pthread_attr_setstacksize(&attr, stack);
		error = pthread_create(&thread, &attr, run, arg);
		pthread_attr_destroy(&attr);
	}
	errno = error;
	return error ? -1 : 0;
}

void thread_set_name(const char *name)
{
	char shown[16];

	snprintf(shown, sizeof shown, "%s", name);
	for (char *at = shown; *at; at++) {
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	}
#ifdef __linux__
	pthread_setname_np(pthread_self(), shown);
#elif defined(__APPLE__)
	pthread_setname_np(shown);
#endif
}

int thread_background(void)
{
#ifdef __linux__
	int tid = (int)syscall(SYS_gettid);

	setpriority(PRIO_PROCESS, (id_t)tid, NICE);
	return tid;
#else
	return (int)getpid();
#endif
}

unsigned thread_processors(void)
{
#ifdef __linux__
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
		return (unsigned)CPU_COUNT(&set);
#endif
	long online = sysconf(_SC_NPROCESSORS_ONLN);

	return online > 0 ? (unsigned)online : 1;
}
