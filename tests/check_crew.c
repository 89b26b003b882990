#include "crew.h"

#include <check.h>
#include <pthread.h>

enum { STACK = 256 * 1024, MANY = 5000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned done;
static bool may_end;

static void count(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&lock);
	done++;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

/* Busy until somebody says otherwise. */
static void hold(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&lock);
	while (!may_end)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	count(NULL);
}

static void wait_for(unsigned number)
{
	pthread_mutex_lock(&lock);
	while (done < number)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

/* Each job is done once, also one that comes before the thread of the last one is back. */
START_TEST(does_one_after_another)
{
	struct crew *crew = crew_new(STACK);

	ck_assert_ptr_nonnull(crew);
	for (unsigned i = 1; i <= MANY; i++) {
		ck_assert_int_eq(crew_run(crew, count, NULL), 0);
		wait_for(i);
	}
	crew_free(crew);
	ck_assert_uint_eq(done, MANY);
}
END_TEST

/* Who hangs keeps nobody from working, and is not waited for. */
START_TEST(goes_on_beside_who_is_busy)
{
	struct crew *crew = crew_new(STACK);

	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(crew_run(crew, hold, NULL), 0);
	for (unsigned i = 1; i <= 100; i++) {
		ck_assert_int_eq(crew_run(crew, count, NULL), 0);
		wait_for(i);
	}
	crew_free(crew);
	pthread_mutex_lock(&lock);
	may_end = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	wait_for(105);
}
END_TEST

/* Jobs that were taken on are done, although the crew is let go at once. */
START_TEST(does_what_it_took_on)
{
	for (unsigned i = 1; i <= 200; i++) {
		struct crew *crew = crew_new(STACK);

		ck_assert_int_eq(crew_run(crew, count, NULL), 0);
		wait_for(2 * i - 1);
		ck_assert_int_eq(crew_run(crew, count, NULL), 0);
		crew_free(crew);
		wait_for(2 * i);
	}
	crew_free(NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("crew");
	TCase *tests = tcase_create("crew");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, does_one_after_another);
	tcase_add_test(tests, goes_on_beside_who_is_busy);
	tcase_add_test(tests, does_what_it_took_on);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
