/* The loop: order, deadlines, changes from inside callbacks, signals, wake-ups from threads. */
#include "loop.h"
#include "spawn.h"

#include <check.h>
#include <string.h>
#include <unistd.h>

/* What ran, in order. */
struct trace {
	char text[64];
	struct loop *loop;
};

struct caller {
	struct trace *trace;
	const char *name;
	struct loop_watch *remove;   /* to be removed by this one's callback */
	struct loop_timer *cancel;
	struct loop_timer *again;    /* to be set again, in the past */
};

static void note(struct trace *trace, const char *name)
{
	ck_assert_uint_lt(strlen(trace->text) + strlen(name), sizeof(trace->text));
	memcpy(trace->text + strlen(trace->text), name, strlen(name) + 1);
}

static void on_timer(void *arg)
{
	struct caller *caller = arg;

	note(caller->trace, caller->name);
	if (caller->cancel)
		loop_timer_cancel(caller->trace->loop, caller->cancel);
	if (caller->again)
		loop_timer_set(caller->trace->loop, caller->again, 0);
}

static void on_ready(void *arg, short revents)
{
	struct caller *caller = arg;

	ck_assert_int_ne(revents, 0);
	note(caller->trace, caller->name);
	if (caller->remove)
		loop_remove(caller->trace->loop, caller->remove);
}

static struct loop_watch watch_of(int fd, enum loop_rank rank, struct caller *caller)
{
	return (struct loop_watch){ .fd = fd, .events = POLLIN, .rank = rank, .fn = on_ready, .arg = caller };
}

/* A pipe with a byte in it. */
static void ready_pipe(int fds[2])
{
	ck_assert_int_eq(spawn_pipe(fds), 0);
	ck_assert_int_eq(write(fds[1], "x", 1), 1);
}

static void close_pipe(int fds[2])
{
	close(fds[0]);
	close(fds[1]);
}

START_TEST(test_order)
{
	struct loop loop = LOOP_INIT;
	struct trace trace = { .loop = &loop };
	struct caller callers[] = { { &trace, "w", 0, 0, 0 }, { &trace, "r", 0, 0, 0 }, { &trace, "k", 0, 0, 0 },
				    { &trace, "s", 0, 0, 0 }, { &trace, "R", 0, 0, 0 }, { &trace, "t", 0, 0, 0 } };
	struct loop_timer timer = { .fn = on_timer, .arg = &callers[5] };
	struct loop_watch watches[5];
	int fds[2];

	ready_pipe(fds);
	watches[0] = watch_of(fds[0], LOOP_WATCH, &callers[0]);
	watches[1] = watch_of(fds[0], LOOP_RING, &callers[1]);
	watches[2] = watch_of(fds[0], LOOP_KEY, &callers[2]);
	watches[3] = watch_of(fds[0], LOOP_SIGNAL, &callers[3]);
	watches[4] = watch_of(fds[0], LOOP_RING, &callers[4]);
	loop_timer_set(&loop, &timer, 0);
	for (size_t i = 0; i < ARRAY_LEN(watches); i++)
		ck_assert_int_eq(loop_add(&loop, &watches[i]), 0);
	ck_assert_int_eq(loop_run_once(&loop, LOOP_FOREVER), 6);
	ck_assert_str_eq(trace.text, "skrRwt");
	ck_assert(!timer.set);
	loop_fini(&loop);
	ck_assert(!watches[0].added);
	close_pipe(fds);
}
END_TEST

START_TEST(test_removed_by_another)
{
	struct loop loop = LOOP_INIT;
	struct trace trace = { .loop = &loop };
	struct caller callers[3] = { { &trace, "a", 0, 0, 0 }, { &trace, "b", 0, 0, 0 }, { &trace, "c", 0, 0, 0 } };
	struct loop_watch watches[3];
	int fds[2];

	ready_pipe(fds);
	for (size_t i = 0; i < 3; i++) {
		watches[i] = watch_of(fds[0], LOOP_RING, &callers[i]);
		ck_assert_int_eq(loop_add(&loop, &watches[i]), 0);
	}
	callers[0].remove = &watches[1];
	callers[2].remove = &watches[2];
	ck_assert_int_eq(loop_run_once(&loop, 0), 2);
	ck_assert_int_eq(loop_run_once(&loop, 0), 1);
	ck_assert_str_eq(trace.text, "aca");
	loop_remove(&loop, &watches[1]);
	loop_fini(&loop);
	close_pipe(fds);
}
END_TEST

START_TEST(test_paused)
{
	struct loop loop = LOOP_INIT;
	struct trace trace = { .loop = &loop };
	struct caller caller = { &trace, "a", 0, 0, 0 };
	struct loop_watch watch;
	int fds[2];

	ready_pipe(fds);
	close(fds[1]);   /* a hang-up is not reported either */
	watch = watch_of(fds[0], LOOP_KEY, &caller);
	watch.events = 0;
	ck_assert_int_eq(loop_add(&loop, &watch), 0);
	ck_assert_int_eq(loop_run_once(&loop, 0), 0);
	watch.events = POLLIN;
	ck_assert_int_eq(loop_run_once(&loop, 0), 1);
	loop_fini(&loop);
	close(fds[0]);
}
END_TEST

START_TEST(test_timers)
{
	struct loop loop = LOOP_INIT;
	struct trace trace = { .loop = &loop };
	struct caller callers[4] = { { &trace, "a", 0, 0, 0 }, { &trace, "b", 0, 0, 0 }, { &trace, "c", 0, 0, 0 },
				     { &trace, "d", 0, 0, 0 } };
	struct loop_timer timers[4];
	int64_t now = loop_now();

	for (size_t i = 0; i < 4; i++)
		timers[i] = (struct loop_timer){ .fn = on_timer, .arg = &callers[i] };
	loop_timer_set(&loop, &timers[2], now - 1);
	loop_timer_set(&loop, &timers[0], now - 3);
	loop_timer_set(&loop, &timers[1], now - 2);
	loop_timer_set(&loop, &timers[3], now + 3600 * LOOP_SECOND);
	callers[0].cancel = &timers[1];
	callers[2].again = &timers[2];
	ck_assert_int_eq(loop_run_once(&loop, LOOP_FOREVER), 2);   /* c again waits for the next turn */
	ck_assert_str_eq(trace.text, "ac");
	callers[2].again = NULL;
	ck_assert_int_eq(loop_run_once(&loop, LOOP_FOREVER), 1);
	ck_assert_str_eq(trace.text, "acc");
	ck_assert(timers[3].set && !timers[1].set);
	ck_assert_int_eq(loop_run_once(&loop, 0), 0);
	loop_timer_set(&loop, &timers[3], now);   /* set again replaces */
	ck_assert_int_eq(loop_run_once(&loop, LOOP_FOREVER), 1);
	loop_fini(&loop);
}
END_TEST

START_TEST(test_sleeps_until_the_deadline)
{
	struct loop loop = LOOP_INIT;
	struct trace trace = { .loop = &loop };
	struct caller caller = { &trace, "a", 0, 0, 0 };
	struct loop_timer timer = { .fn = on_timer, .arg = &caller };
	int64_t when = loop_now() + 3 * LOOP_MS / 2;

	loop_timer_set(&loop, &timer, when);
	ck_assert_int_eq(loop_run_once(&loop, LOOP_FOREVER), 1);   /* in one turn: it never wakes too early */
	ck_assert_int_ge(loop_now(), when);
	ck_assert_int_eq(loop_run_once(&loop, LOOP_MS), 0);
	loop_fini(&loop);
}
END_TEST

/* ---- signals ---- */

struct got {
	int counts[NSIG];
	struct loop *loop;
	struct loop_signals *close;
};

static void on_signal(void *arg, int signo)
{
	struct got *got = arg;

	got->counts[signo]++;
	if (got->close)
		loop_signals_close(got->loop, got->close);
}

static void turn_until(struct loop *loop, const int *count, int wanted)
{
	while (*count < wanted)
		ck_assert_int_ge(loop_run_once(loop, LOOP_FOREVER), 0);
}

START_TEST(test_signals)
{
	static const int all[] = { SIGTERM, SIGINT, SIGWINCH, SIGCHLD, SIGCONT, SIGHUP };
	struct loop loop = LOOP_INIT;
	struct got got = { .loop = &loop };
	struct loop_signals sigs = { .fn = on_signal, .arg = &got };
	sigset_t set;

	signal(SIGHUP, SIG_IGN);
	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		sigaddset(&set, all[i]);
	ck_assert_int_eq(loop_signals_open(&loop, &sigs, &set), 0);
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		kill(getpid(), all[i]);
	for (size_t i = 0; i + 1 < ARRAY_LEN(all); i++)
		turn_until(&loop, &got.counts[all[i]], 1);
	ck_assert_int_eq(got.counts[SIGHUP], 0);   /* it stays ignored */
	got.close = &sigs;
	kill(getpid(), SIGTERM);
	turn_until(&loop, &got.counts[SIGTERM], 2);
	ck_assert(!sigs.open);
	loop_signals_close(&loop, &sigs);
	loop_fini(&loop);
}
END_TEST

/* ---- wake-ups ---- */

enum { RINGERS = 4, RINGS = 20000 };

struct bell {
	struct wakeup wakeup;
	atomic_int left;   /* by all threads, to be taken by the loop */
	int taken;
	int events;
};

static void *ring_often(void *arg)
{
	struct bell *bell = arg;

	for (int i = 0; i < RINGS; i++) {
		atomic_fetch_add(&bell->left, 1);
		wakeup_raise(&bell->wakeup);
	}
	return NULL;
}

static void on_bell(void *arg, short revents)
{
	struct bell *bell = arg;

	ck_assert_int_eq(revents, POLLIN);
	wakeup_clear(&bell->wakeup);
	bell->taken += atomic_exchange(&bell->left, 0);
	bell->events++;
}

START_TEST(test_wakeups)
{
	struct loop loop = LOOP_INIT;
	struct bell bell = { 0 };
	struct loop_watch watch = { .events = POLLIN, .rank = LOOP_RING, .fn = on_bell, .arg = &bell };
	pthread_t threads[RINGERS];

	ck_assert_int_eq(wakeup_init(&bell.wakeup), 0);
	watch.fd = bell.wakeup.fd;
	ck_assert_int_eq(loop_add(&loop, &watch), 0);
	for (size_t i = 0; i < RINGERS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, ring_often, &bell), 0);
	while (bell.taken < RINGERS * RINGS)   /* a lost one would make this wait for ever */
		ck_assert_int_ge(loop_run_once(&loop, LOOP_FOREVER), 0);
	for (size_t i = 0; i < RINGERS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(bell.taken, RINGERS * RINGS);
	loop_fini(&loop);
	wakeup_fini(&bell.wakeup);
	wakeup_fini(&bell.wakeup);
}
END_TEST

START_TEST(test_wakeups_coalesce)
{
	struct loop loop = LOOP_INIT;
	struct bell bell = { 0 };
	struct loop_watch watch = { .events = POLLIN, .rank = LOOP_RING, .fn = on_bell, .arg = &bell };

	ck_assert_int_eq(wakeup_init(&bell.wakeup), 0);
	watch.fd = bell.wakeup.fd;
	ck_assert_int_eq(loop_add(&loop, &watch), 0);
	for (int i = 0; i < 100000; i++)   /* more than a pipe would hold, if each wrote */
		wakeup_raise(&bell.wakeup);
	ck_assert_int_eq(loop_run_once(&loop, LOOP_FOREVER), 1);
	ck_assert_int_eq(loop_run_once(&loop, 0), 0);
	wakeup_raise(&bell.wakeup);
	ck_assert_int_eq(loop_run_once(&loop, LOOP_FOREVER), 1);
	ck_assert_int_eq(bell.events, 2);
	loop_fini(&loop);
	wakeup_fini(&bell.wakeup);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("loop");
	TCase *tcase = tcase_create("loop");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, test_order);
	tcase_add_test(tcase, test_removed_by_another);
	tcase_add_test(tcase, test_paused);
	tcase_add_test(tcase, test_timers);
	tcase_add_test(tcase, test_sleeps_until_the_deadline);
	tcase_add_test(tcase, test_signals);
	tcase_add_test(tcase, test_wakeups);
	tcase_add_test(tcase, test_wakeups_coalesce);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
