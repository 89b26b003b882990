/*
 * --batch: one command after the other, each of them planned, run and reported item by item.
 *
 *   command ─▶ operands by root ─▶ WIRE_OPERATE ─▶ items of the plan ─▶ WIRE_PLANNED
 *                                                     (-n: printed)         │  -n: WIRE_STOP, else it runs OP_AT_ONCE
 *                                  items of the run, printed ─▶ WIRE_RESULT ◀┘
 *
 * What can be refused without asking anybody is printed like an item that failed: a path below no root, a root that
 * would be deleted.
 */
#include "headless.h"

#include "config_file.h"
#include "headless_batch_run.h"
#include "op_wire.h"
#include "text.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

/* Commands --------------------------------------------------------------------------------------------- */

bool batch_is_nowhere(struct batch_runner *runner, size_t word, enum batch_place place)
{
	if (place == BATCH_OUTSIDE)
		batch_refuse(runner, word, "below no ROOT");
	else if (place == BATCH_DOTS)
		batch_refuse(runner, word, "`..` behind a name, which may be a symbolic link");
	else if (place == BATCH_NOMEM)
		batch_refuse(runner, word, error_text(ERROR_NOMEM));
	return place != BATCH_BELOW;
}

/* Is this operand left alone, whatever the filesystem says? Prints why. */
static bool is_refused(struct batch_runner *runner, size_t word, enum batch_place place, size_t root, const struct buf *rest)
{
	const struct batch_command *command = runner->command;
	const char *path = batch_word(&runner->batch, runner->batch.words[word]);
	bool moves = command->kind == OP_DELETE || command->kind == OP_RENAME;
	bool is_root = place == BATCH_BELOW && rest->len == 0;

	if (batch_is_nowhere(runner, word, place))
		return true;
	if (is_root && command->kind == OP_MKDIR && command->flags & OP_PARENTS)
		batch_print(runner, command->plan_only ? "plan" : "ok", path, strlen(path), "");
	else if (moves && (batch_is_protected(&runner->places, root, rest->data, rest->len) || batch_ends_in_dots(path)))
		batch_refuse(runner, word, error_text(ERROR_ROOT));
	else if (is_root && !(command->flags & OP_ROOT_ITSELF))
		batch_refuse(runner, word, error_text(ERROR_EXIST));
	else if (!runner->roots[root].source)
		batch_refuse(runner, word, "its source has failed");
	else
		return false;
	return true;
}

/* Add an operand to the request, or refuse a name that is too long. Returns -1 with ENOMEM. */
static int add_target(struct batch_runner *runner, size_t word, const struct buf *rest)
{
	size_t at = runner->request.targets_len;

	if (!wire_path_ok(rest->data, rest->len)) {
		batch_refuse(runner, word, error_text(ERROR_NAMETOOLONG));
		return 0;
	}
	if (vec_grow(&runner->operands, &runner->operand_cap, at + 1, sizeof *runner->operands) != 0)
		return -1;
	runner->operands[at] = word;
	return op_request_target(&runner->request, rest->len ? rest->data : "", rest->len, NULL, 0);
}

/*
 * Collect the operands of the command that lie below one root; `first` says that those below none are refused now.
 */
static int collect(struct batch_runner *runner, size_t wanted, bool first)
{
	const struct batch_command *command = runner->command;

	for (size_t i = 0; i < command->count; i++) {
		size_t word = command->first + i;
		struct buf rest = BUF_INIT;
		size_t root = 0;
		enum batch_place place =
			batch_resolve(&runner->places, batch_word(&runner->batch, runner->batch.words[word]), &root, &rest);
		bool outside = place == BATCH_OUTSIDE || place == BATCH_NOMEM;
		int status = 0;

		if (outside ? first : root == wanted) {
			if (!is_refused(runner, word, place, root, &rest))
				status = add_target(runner, word, &rest);
		}
		buf_fini(&rest);
		if (status != 0)
			return -1;
	}
	return 0;
}

/* The length of a path without its last component. */
static size_t dir_len(const char *path, size_t len)
{
	const char *slash = memrchr(path, '/', len);

	return slash ? (size_t)(slash - path) : 0;
}

/* NEW of a rename: a name, or a path that is resolved as the others are. Returns false when it was refused. */
static bool add_new_name(struct batch_runner *runner, size_t wanted)
{
	const char *name = batch_word(&runner->batch, runner->command->text);
	const struct op_target *old = &runner->request.targets[0];
	const char *old_path = op_request_path(&runner->request, old);
	struct buf *text = &runner->request.text;
	size_t root = 0;

	if (!strchr(name, '/')) {
		buf_add_str(text, name);
		return true;
	}
	if (!batch_ends_in_dots(name) && batch_resolve(&runner->places, name, &root, text) == BATCH_BELOW && root == wanted &&
	    text->len > 0 && dir_len(text->data, text->len) == dir_len(old_path, old->path_len) &&
	    memcmp(text->data, old_path, dir_len(old_path, old->path_len)) == 0)
		return true;
	batch_refuse_all(runner, "the new name is not in the same directory");
	return false;
}

static int send_request(struct batch_runner *runner)
{
	struct buf frames = BUF_INIT;
	int status = op_wire_put_request(&frames, runner->id, &runner->request);

	if (status == 0)
		status = source_request(runner->place->source, frames.data, frames.len);
	buf_fini(&frames);
	return status;
}

/* Everything in the request but its targets. Returns -1 with ENOMEM. */
static int fill_request(struct batch_runner *runner)
{
	const struct batch_command *command = runner->command;
	struct op_request *request = &runner->request;

	request->flags = command->flags | (command->plan_only ? 0 : OP_AT_ONCE);
	if (command->kind == OP_MATCH)
		request->flags &= ~(unsigned)OP_RECURSIVE; /* what is below is among its targets */
	request->umask = runner->umask;
	request->uid = command->uid;
	request->gid = command->gid;
	request->root = runner->place->identity;
	if (command->kind == OP_CHMOD)
		buf_add_str(&request->text, batch_word(&runner->batch, command->text));
	for (size_t i = 0; i < runner->options->roots.len; i++) {
		if (op_request_protect(request, &runner->roots[i].identity) != 0)
			return -1;
	}
	if (runner->home.ino && op_request_protect(request, &runner->home) != 0)
		return -1;
	return request->text.failed ? -1 : 0;
}

void batch_operate(struct batch_runner *runner)
{
	if (fill_request(runner) != 0) {
		batch_refuse_all(runner, error_text(ERROR_NOMEM));
		return;
	}
	runner->id++;
	runner->state = STATE_PLANNING;
	if (send_request(runner) != 0)
		batch_lose_source(runner, error_text(error_from_errno(errno)));
	else
		batch_wait(runner);
}

/* Run the part of a command that lies below one root. */
static void run_below(struct batch_runner *runner, size_t root, bool first)
{
	runner->place = &runner->roots[root];
	op_request_init(&runner->request, runner->command->kind);
	op_list_init(&runner->list, &runner->request);
	if (collect(runner, root, first) != 0)
		batch_refuse_all(runner, error_text(ERROR_NOMEM));
	else if (runner->request.targets_len > 0 && (runner->command->kind != OP_RENAME || add_new_name(runner, root)))
		batch_operate(runner);
	op_list_fini(&runner->list);
	op_request_fini(&runner->request);
}

static void run_commands(struct batch_runner *runner)
{
	for (size_t i = 0; i < runner->batch.command_count && !runner->signo && !runner->out.failed; i++) {
		runner->command = &runner->batch.commands[i];
		if (runner->command->kind == OP_MATCH) {
			batch_match(runner);
			continue;
		}
		for (size_t root = 0; root < runner->options->roots.len; root++)
			run_below(runner, root, root == 0);
	}
}

/* The roots ---------------------------------------------------------------------------------------------- */

static void wake(void *arg)
{
	wakeup_raise(arg);
}

static int open_root(struct batch_runner *runner, struct batch_root *place)
{
	bool workers = runner->options->session.backend == BACKEND_WORKERS;
	struct source_options options = {
		.kind = workers ? SOURCE_WORKER : SOURCE_THREADS,
		.root = place->root,
		.read_only = runner->options->session.read_only,
		.wake = wake,
		.wake_arg = &runner->wakeup,
	};

	place->source = source_new(&options);
	if (!place->source) {
		headless_say(place->root, strlen(place->root),
			     workers ? "muntin-worker cannot be started" : error_text(error_from_errno(errno)));
		return -1;
	}
	runner->place = place;
	runner->id++;
	runner->state = STATE_LOOKING;
	if (batch_ask(runner, WIRE_LOOK) != 0) {
		batch_lose_source(runner, error_text(error_from_errno(errno)));
		return -1;
	}
	batch_wait(runner);
	if (runner->signo)
		return -1;
	place->identity = (struct identity){
		.dev = runner->attrs.dev,
		.ino = runner->attrs.ino,
		.mnt = runner->attrs.mnt,
		.btime = runner->attrs.btime,
		.type = runner->attrs.mode & S_IFMT,
	};
	if (runner->error == ERROR_NONE && !S_ISDIR(place->identity.type))
		runner->error = ERROR_NOTDIR;
	if (runner->error && place->source)
		headless_say(place->root, strlen(place->root), error_text(runner->error));
	return runner->error ? -1 : 0;
}

static int open_roots(struct batch_runner *runner)
{
	const struct string_list *roots = &runner->options->roots;
	const char *home = getenv("HOME");

	if (!home || config_file_identity(home, &runner->home) != 0)
		runner->home = (struct identity){ 0 };
	runner->roots = calloc(roots->len, sizeof *runner->roots);
	if (!runner->roots) {
		headless_say("--batch", strlen("--batch"), error_text(ERROR_NOMEM));
		return -1;
	}
	for (size_t i = 0; i < roots->len; i++) {
		runner->roots[i].root = roots->items[i];
		if (open_root(runner, &runner->roots[i]) != 0)
			return -1;
	}
	return 0;
}

/* The whole ---------------------------------------------------------------------------------------------- */

static void take_signal(void *arg, int signo)
{
	struct batch_runner *runner = arg;

	runner->signo = signo;
	if (runner->state == STATE_LOOKING)
		runner->state = STATE_IDLE;
	else if (runner->state != STATE_IDLE && batch_ask(runner, WIRE_STOP) != 0)
		batch_lose_source(runner, error_text(error_from_errno(errno)));
}

static void take_bell(void *arg, short revents)
{
	struct batch_runner *runner = arg;

	(void)revents;
	wakeup_clear(&runner->wakeup);
}

/* Signals become events: what is half done is brought to an end before we go. */
static int init_events(struct batch_runner *runner)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	runner->signals.fn = take_signal;
	runner->signals.arg = runner;
	if (wakeup_init(&runner->wakeup) != 0)
		return -1;
	runner->bell = (struct loop_watch){
		.fd = runner->wakeup.fd, .events = POLLIN, .rank = LOOP_RING, .fn = take_bell, .arg = runner,
	};
	if (loop_signals_open(&runner->loop, &runner->signals, &set) != 0 || loop_add(&runner->loop, &runner->bell) != 0)
		return -1;
	return 0;
}

static int read_batch(struct batch_runner *runner)
{
	const char *name = runner->options->batch;
	struct buf text = BUF_INIT;
	struct buf why = BUF_INIT;
	int status = config_file_read(name, CONFIG_FILE_STDIN, &text);

	if (status != 0)
		buf_add_str(&why, error_text(error_from_errno(errno)));
	else
		status = batch_read(&runner->batch, text.data, text.len, &why);
	if (status != 0) {
		struct buf line = BUF_INIT;

		buf_add_str(&line, "muntin: ");
		text_add(&line, name, strlen(name), runner->out.text_flags);
		buf_printf(&line, ":%s", text.len ? "" : " ");
		buf_add(&line, why.data, why.len);
		headless_say_line(&line);
		buf_fini(&line);
	}
	buf_fini(&why);
	buf_fini(&text);
	return status;
}

static void run(struct batch_runner *runner)
{
	mode_t mask = umask(022);

	umask(mask);
	runner->umask = mask;
	runner->status = HEADLESS_TROUBLE;
	if (read_batch(runner) != 0)
		return;
	if (batch_places_init(&runner->places, &runner->options->roots) != 0 || init_events(runner) != 0) {
		headless_say("--batch", strlen("--batch"), error_text(error_from_errno(errno)));
		return;
	}
	if (open_roots(runner) != 0)
		return;
	runner->status = HEADLESS_OK;
	run_commands(runner);
}

int headless_batch(const struct options *options)
{
	struct batch_runner runner = { .options = options, .loop = LOOP_INIT, .wakeup = { .fd = -1, .write_fd = -1 } };

	headless_out_init(&runner.out, options);
	run(&runner);
	for (size_t i = 0; runner.roots && i < options->roots.len; i++)
		source_free(runner.roots[i].source);
	free(runner.roots);
	free(runner.operands);
	loop_signals_close(&runner.loop, &runner.signals);
	loop_fini(&runner.loop);
	wakeup_fini(&runner.wakeup);
	batch_places_fini(&runner.places);
	batch_fini(&runner.batch);
	runner.status = headless_out_fini(&runner.out, runner.status);
	return runner.signo ? 128 + runner.signo : runner.status;
}
