/*
 * Batches wait in a queue for the threads, and behind them for their owner. The threads are not waited for: one of them may be stuck
 * in the kernel, so all that they need is shared with them and freed by the last one to let go.
 */
#include "content.h"

#include "content_impl.h"
#include "thread.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

enum { STACK = 128 * 1024 };

struct batch_list {
	struct content_batch *first;
	struct content_batch *last;
};

struct content {
	/* never changed after the start */
	size_t count;
	unsigned max_threads;
	bool follow;
	struct content_links *links;

	atomic_uint refs;
	atomic_bool stop;
	_Atomic uint64_t read;       /* bytes */
	pthread_mutex_t lock;        /* the rest */
	pthread_cond_t work;         /* there is a batch to read, or nothing will come any more */
	pthread_cond_t ready;        /* there is a batch to take */
	struct batch_list waiting;
	struct batch_list done;
	size_t pending;              /* batches put and not taken */
	unsigned threads;
	unsigned idle;
	void (*wake)(void *arg);     /* NULL once the owner has gone */
	void *wake_arg;
	struct content_place places[];
};

static void list_put(struct batch_list *list, struct content_batch *batch)
{
	batch->next = NULL;
	if (list->last)
		list->last->next = batch;
	else
		list->first = batch;
	list->last = batch;
}

static struct content_batch *list_take(struct batch_list *list)
{
	struct content_batch *batch = list->first;

	if (!batch)
		return NULL;
	list->first = batch->next;
	if (!list->first)
		list->last = NULL;
	return batch;
}

/* Batches --------------------------------------------------------------------------------------------- */

struct content_batch *content_batch_new(const char *path, size_t len)
{
	struct content_batch *batch = calloc(1, sizeof *batch + len + 1);

	if (batch)
		memcpy(batch->path, path, len);
	return batch;
}

void content_batch_free(struct content_batch *batch)
{
	if (!batch)
		return;
	for (size_t i = 0; i < ARRAY_LEN(batch->paths); i++)
		free(batch->paths[i]);
	free(batch->sets);
	free(batch->file_names);
	free(batch->files);
	free(batch->answers);
	buf_fini(&batch->names);
	free(batch);
}

int content_batch_add(struct content_batch *batch, const char *name, size_t len, const struct compare_ask *ask)
{
	size_t files = batch->file_count + ask->count;
	size_t at = batch->names.len;

	if (vec_grow(&batch->sets, &batch->set_cap, batch->set_count + 1, sizeof *batch->sets) != 0 ||
	    vec_grow(&batch->files, &batch->file_cap, files, sizeof *batch->files) != 0 ||
	    vec_grow(&batch->file_names, &batch->file_name_cap, files, sizeof *batch->file_names) != 0 ||
	    vec_grow(&batch->answers, &batch->answer_cap, files, sizeof *batch->answers) != 0 || !buf_room(&batch->names, len + 1))
		return -1;
	batch->sets[batch->set_count++] = (struct content_set){
		.row = ask->row,
		.first = (uint32_t)batch->file_count,
		.count = (uint32_t)ask->count,
	};
	buf_add(&batch->names, name, len);
	buf_add_byte(&batch->names, '\0');
	for (size_t i = 0; i < ask->count; i++) {
		batch->files[batch->file_count] = ask->files[i];
		batch->file_names[batch->file_count] = (uint32_t)at;
		batch->answers[batch->file_count++] = 0;
		batch->bytes += ask->files[i].size;
	}
	return 0;
}

/* In a pane the batch's directory has another path. */
static int set_path(struct content_batch *batch, size_t pane, const char *path, size_t len)
{
	char *copy = malloc(len + 1);

	if (!copy)
		return -1;
	memcpy(copy, path, len);
	copy[len] = '\0';
	free(batch->paths[pane]);
	batch->paths[pane] = copy;
	return 0;
}

/* In a pane the file of the row that was added last has another name. */
static int set_name(struct content_batch *batch, size_t pane, const char *name, size_t len)
{
	const struct content_set *set = &batch->sets[batch->set_count - 1];

	for (uint32_t i = set->first; i < set->first + set->count; i++) {
		if (batch->files[i].pane == pane)
			batch->file_names[i] = (uint32_t)batch->names.len;
	}
	buf_add(&batch->names, name, len);
	buf_add_byte(&batch->names, '\0');
	return batch->names.failed ? -1 : 0;
}

int content_batch_set_names(struct content_batch *batch, const struct compare *compare)
{
	const struct content_set *set = &batch->sets[batch->set_count - 1];
	compare_id dir = compare_parent(compare, set->row);
	struct buf path = BUF_INIT;
	int status = 0;

	for (uint32_t i = set->first; i < set->first + set->count && status == 0; i++) {
		size_t pane = batch->files[i].pane;
		size_t len;
		const char *name = compare_name_in(compare, set->row, pane, &len);

		buf_clear(&path);
		compare_path_in(compare, dir, pane, &path);
		if (path.failed || set_path(batch, pane, path.data ? path.data : "", path.len) != 0 || set_name(batch, pane, name, len) != 0)
			status = -1;
	}
	buf_fini(&path);
	return status;
}

size_t content_batch_rows(const struct content_batch *batch, uint64_t *bytes)
{
	*bytes = batch->bytes;
	return batch->set_count;
}

const uint8_t *content_batch_get(const struct content_batch *batch, size_t index, struct compare_ask *ask)
{
	const struct content_set *set = &batch->sets[index];

	ask->row = set->row;
	ask->count = set->count;
	memcpy(ask->files, &batch->files[set->first], set->count * sizeof *ask->files);
	return &batch->answers[set->first];
}

/* Life ------------------------------------------------------------------------------------------------ */

static void free_list(struct batch_list *list)
{
	struct content_batch *batch;

	while ((batch = list_take(list)))
		content_batch_free(batch);
}

static void unref(struct content *content)
{
	if (atomic_fetch_sub_explicit(&content->refs, 1, memory_order_acq_rel) > 1)
		return;
	free_list(&content->waiting);
	free_list(&content->done);
	content_links_unref(content->links);
	for (size_t i = 0; i < content->count; i++) {
		free(content->places[i].root);
		free(content->places[i].below);
	}
	pthread_cond_destroy(&content->ready);
	pthread_cond_destroy(&content->work);
	pthread_mutex_destroy(&content->lock);
	free(content);
}

struct content *content_new(const struct content_options *options)
{
	struct content *content = calloc(1, sizeof *content + options->count * sizeof *content->places);
	bool ok;

	if (!content)
		return NULL;
	content->count = options->count;
	content->max_threads = options->threads ? options->threads : 1;
	content->follow = options->follow;
	content->wake = options->wake;
	content->wake_arg = options->wake_arg;
	content->links = options->links ? content_links_ref(options->links) : content_links_new();
	ok = content->links != NULL;
	atomic_init(&content->refs, 1);
	pthread_mutex_init(&content->lock, NULL);
	pthread_cond_init(&content->work, NULL);
	pthread_cond_init(&content->ready, NULL);
	for (size_t i = 0; i < options->count; i++) {
		const struct content_root *root = &options->roots[i];

		if (!root->below)
			continue;
		content->places[i].root = strdup(root->root);
		content->places[i].below = strdup(root->below);
		ok &= content->places[i].root && content->places[i].below;
	}
	if (ok)
		return content;
	unref(content);
	errno = ENOMEM;
	return NULL;
}

void content_free(struct content *content)
{
	if (!content)
		return;
	atomic_store(&content->stop, true);
	pthread_mutex_lock(&content->lock);
	content->wake = NULL;
	pthread_cond_broadcast(&content->work);
	pthread_mutex_unlock(&content->lock);
	content_links_wake(content->links);
	unref(content);
}

/* Threads --------------------------------------------------------------------------------------------- */

/* Wait for the next batch; NULL when nobody wants any more. */
static struct content_batch *next_batch(struct content *content)
{
	struct content_batch *batch;

	pthread_mutex_lock(&content->lock);
	content->idle++;
	while (!content->waiting.first && !atomic_load(&content->stop))
		pthread_cond_wait(&content->work, &content->lock);
	content->idle--;
	batch = atomic_load(&content->stop) ? NULL : list_take(&content->waiting);
	pthread_mutex_unlock(&content->lock);
	return batch;
}

static void give_back(struct content *content, struct content_batch *batch)
{
	pthread_mutex_lock(&content->lock);
	if (!content->done.first && content->wake)
		content->wake(content->wake_arg);
	list_put(&content->done, batch);
	pthread_cond_signal(&content->ready);
	pthread_mutex_unlock(&content->lock);
}

static void *run_reader(void *arg)
{
	struct content *content = arg;
	struct content_reader reader = {
		.places = content->places, .count = content->count, .follow = content->follow, .stop = &content->stop,
		.read = &content->read, .links = content->links,
	};
	struct content_batch *batch;

	thread_set_name("content");
	thread_background();
	if (content_reader_init(&reader) != 0)
		reader.bytes = NULL;
	while ((batch = next_batch(content))) {
		content_reader_run(&reader, batch);
		give_back(content, batch);
	}
	content_reader_fini(&reader);
	unref(content);
	return NULL;
}

/* Start a thread, under the lock. */
static int start_thread(struct content *content)
{
	atomic_fetch_add(&content->refs, 1);
	if (thread_start(run_reader, content, STACK) != 0) {
		atomic_fetch_sub(&content->refs, 1);
		return -1;
	}
	content->threads++;
	return 0;
}

int content_put(struct content *content, struct content_batch *batch)
{
	int status = 0;

	pthread_mutex_lock(&content->lock);
	if (content->idle == 0 && content->threads < content->max_threads && start_thread(content) != 0)
		status = content->threads > 0 ? 0 : -1;
	if (status == 0) {
		list_put(&content->waiting, batch);
		content->pending++;
		pthread_cond_signal(&content->work);
	}
	pthread_mutex_unlock(&content->lock);
	return status;
}

struct content_batch *content_take(struct content *content, bool wait)
{
	struct content_batch *batch;

	pthread_mutex_lock(&content->lock);
	while (wait && !content->done.first && content->pending > 0)
		pthread_cond_wait(&content->ready, &content->lock);
	batch = list_take(&content->done);
	content->pending -= batch != NULL;
	pthread_mutex_unlock(&content->lock);
	return batch;
}

uint64_t content_bytes(const struct content *content)
{
	return atomic_load_explicit(&content->read, memory_order_relaxed);
}

size_t content_pending(struct content *content)
{
	size_t pending;

	pthread_mutex_lock(&content->lock);
	pending = content->pending;
	pthread_mutex_unlock(&content->lock);
	return pending;
}
