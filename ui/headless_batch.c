/*
 * --batch: one command after the other, each of them planned, confirmed and reported item by item.
 *
 *   command ─▶ operands by root ─▶ WIRE_OPERATE ─▶ items of the plan ─▶ WIRE_PLANNED
 *                                                     (-n: printed)         │  -n: WIRE_STOP, else WIRE_CONFIRM
 *                                  items of the run, printed ─▶ WIRE_RESULT ◀┘
 *
 * What can be refused without asking anybody is printed like an item that failed: a path below no root, a root that
 * would be deleted.
 */
#include "headless.h"

#include "config_file.h"
#include "headless_batch.h"
#include "loop.h"
#include "op_list.h"
#include "op_wire.h"
#include "source.h"
#include "text.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

/* How long a worker that has not taken a request yet is left before it is offered again. */
#define OFFER_AGAIN (20 * LOOP_MS)

/* A root with its source. */
struct place {
	const char *root;            /* as given */
	struct source *source;       /* NULL: it has failed */
	struct identity identity;    /* as it was at the start */
};

/* What the runner waits for. */
enum state {
	STATE_IDLE,
	STATE_LOOKING,               /* at a root, at the start */
	STATE_PLANNING,
	STATE_RUNNING,
	STATE_STOPPING,              /* a plan that will not run */
};

struct runner {
	const struct options *options;
	struct headless_out out;
	struct batch batch;
	struct batch_places places;
	struct place *roots;
	struct loop loop;
	struct loop_watch bell;
	struct loop_signals signals;
	struct wakeup wakeup;
	int signo;                   /* that wants us to end; 0: none */
	int status;
	uint32_t umask;

	/* the operation that is being done */
	const struct batch_command *command;
	struct place *place;
	struct op_request request;
	size_t *operands;            /* word of each target */
	size_t operand_cap;
	struct op_list list;
	enum state state;
	uint64_t id;
	enum error error;            /* of the look */
};

/* Printing --------------------------------------------------------------------------------------------- */

static void print_record(struct runner *runner, const char *status, const char *path, size_t path_len, const char *detail)
{
	struct headless_out *out = &runner->out;
	const char *command = op_kind_name(runner->command->kind);

	if (runner->options->format == FORMAT_JSON) {
		bool ascii = out->text_flags & TEXT_ASCII;

		buf_printf(&out->buf, "{\"status\":\"%s\",\"command\":\"%s\",", status, command);
		json_bytes(&out->buf, "path", path, path_len, ascii);
		buf_add_byte(&out->buf, ',');
		json_bytes(&out->buf, "detail", detail, strlen(detail), ascii);
		buf_add_byte(&out->buf, '}');
	} else {
		buf_printf(&out->buf, "%s\t%s\t", status, command);
		headless_out_name(out, &out->buf, path, path_len);
		buf_add_byte(&out->buf, '\t');
		headless_out_name(out, &out->buf, detail, strlen(detail));
	}
	headless_out_end(out, &out->buf);
	headless_out_flush(out, false);
}

static void worsen(struct runner *runner, int status)
{
	runner->status = runner->status > status ? runner->status : status;
}

/* An operand that is not even tried. */
static void refuse(struct runner *runner, size_t word, const char *why)
{
	struct batch_word operand = runner->batch.words[word];

	print_record(runner, "failed", batch_word(&runner->batch, operand), operand.len, why);
	worsen(runner, HEADLESS_FAILED);
}

/* All operands of the operation that have not been reported. */
static void refuse_all(struct runner *runner, const char *why)
{
	for (size_t i = 0; i < runner->request.targets_len; i++)
		refuse(runner, runner->operands[i], why);
}

/* What was or will be done, in words. */
static void describe_change(const struct runner *runner, const struct op_item *item, struct buf *out)
{
	switch (item->kind) {
	case OP_CHMOD:
		buf_printf(out, "%04o -> %04o", item->old_mode & 07777, item->new_mode & 07777);
		break;
	case OP_CHOWN:
		buf_printf(out, "%lld:%lld -> %lld:%lld", (long long)item->old_uid, (long long)item->old_gid,
			   (long long)item->new_uid, (long long)item->new_gid);
		break;
	case OP_RENAME:
		buf_add_str(out, "-> ");
		buf_add(out, runner->request.text.data, runner->request.text.len);
		break;
	case OP_MKDIR:
	case OP_CREATE:
		if (item->new_mode)
			buf_printf(out, "%04o", item->new_mode & 07777);
		break;
	default:
		break;
	}
}

static void describe(const struct runner *runner, const struct op_item *item, struct buf *out)
{
	if (item->error)
		buf_add_str(out, error_text(item->error));
	else
		describe_change(runner, item, out);
	if (!item->detail)
		return;
	buf_add_str(out, out->len > 0 ? " (" : "");
	buf_add_str(out, item->detail);
	buf_add_str(out, item->error || item->kind != OP_DELETE ? ")" : "");
}

static void print_item(struct runner *runner, const struct op_item *item)
{
	static const char *const words[] = {
		[OP_PLAN] = "plan", [OP_OK] = "ok", [OP_FAILED] = "failed", [OP_SKIPPED] = "skipped",
	};
	const struct op_target *target = &runner->request.targets[runner->list.rows[item->index].target];
	size_t operand = runner->operands[target - runner->request.targets];
	struct buf below = BUF_INIT;
	struct buf path = BUF_INIT;
	struct buf detail = BUF_INIT;

	op_list_path(&runner->list, item->index, &below);
	batch_show_path(&path, runner->place->root, batch_word(&runner->batch, runner->batch.words[operand]),
			op_request_path(&runner->request, target), target->path_len, below.data, below.len);
	describe(runner, item, &detail);
	if (buf_str(&detail))
		print_record(runner, words[item->status], path.data, path.len, detail.data);
	if (item->status == OP_FAILED || (item->status == OP_SKIPPED && !(item->flags & OP_ITEM_HARMLESS)))
		worsen(runner, HEADLESS_FAILED);
	buf_fini(&detail);
	buf_fini(&path);
	buf_fini(&below);
}

/* Frames ----------------------------------------------------------------------------------------------- */

static int request_simple(struct runner *runner, enum wire_type type)
{
	struct buf frame = BUF_INIT;
	size_t start = wire_open(&frame, type, runner->id);
	int status;

	if (type == WIRE_LOOK)
		wire_put_bytes(&frame, "", 0);
	wire_close(&frame, start);
	status = frame.failed ? -1 : source_request(runner->place->source, frame.data, frame.len);
	buf_fini(&frame);
	return status;
}

static bool take_items(struct runner *runner, struct wire_reader *in)
{
	char detail[OP_WIRE_MAX_DETAIL + 1];
	struct op_item item;

	while (op_wire_get_item(in, &item, detail)) {
		if (op_list_add(&runner->list, &item) != 0)
			return false;
		if (runner->state == STATE_RUNNING || runner->command->plan_only)
			print_item(runner, &item);
	}
	return in->ok;
}

/* The plan is there: run it, or leave it at that. */
static bool take_planned(struct runner *runner, struct wire_reader *in)
{
	struct op_planned planned;
	enum error error;
	bool stop;

	if (runner->state != STATE_PLANNING || !op_wire_get_planned(in, &error, &planned))
		return false;
	if (error) {
		if (runner->list.len == 0 || !runner->command->plan_only)
			refuse_all(runner, error_text(error));
		else
			headless_say(runner->place->root, strlen(runner->place->root), error_text(error));
		worsen(runner, HEADLESS_FAILED);
		runner->state = STATE_IDLE;
		return true;
	}
	stop = runner->command->plan_only || runner->signo;
	runner->state = stop ? STATE_STOPPING : STATE_RUNNING;
	return request_simple(runner, stop ? WIRE_STOP : WIRE_CONFIRM) == 0;
}

static bool take_result(struct runner *runner, struct wire_reader *in)
{
	struct op_result result;

	if (!op_wire_get_result(in, &result))
		return false;
	if (runner->state == STATE_RUNNING && result.error && result.error != ERROR_CANCELED) {
		headless_say(runner->place->root, strlen(runner->place->root), error_text(result.error));
		worsen(runner, HEADLESS_FAILED);
	}
	runner->state = STATE_IDLE;
	return true;
}

static bool take_stat(struct runner *runner, struct wire_reader *in)
{
	struct attrs attrs;

	runner->error = (enum error)wire_get_u8(in);
	wire_get_attrs(in, &attrs);
	if (!in->ok || runner->state != STATE_LOOKING)
		return false;
	runner->place->identity = (struct identity){
		.dev = attrs.dev, .ino = attrs.ino, .mnt = attrs.mnt, .btime = attrs.btime, .type = attrs.mode & S_IFMT,
	};
	runner->state = STATE_IDLE;
	return true;
}

/* Returns false when the source breaks the rules. */
static bool take_frame(struct runner *runner, const struct wire_frame *frame)
{
	struct wire_reader in = frame->payload;

	if (frame->id != runner->id)
		return true;
	switch (frame->type) {
	case WIRE_ITEM:
		return runner->state >= STATE_PLANNING && take_items(runner, &in);
	case WIRE_PLANNED:
		return take_planned(runner, &in);
	case WIRE_RESULT:
		return take_result(runner, &in);
	case WIRE_STAT:
		return take_stat(runner, &in);
	default:
		return frame->type == WIRE_PROGRESS || frame->type >= WIRE_OPTIONAL;
	}
}

/* The source of the operation is of no use any more. */
static void lose_source(struct runner *runner, const char *why)
{
	struct place *place = runner->place;

	headless_say(place->root, strlen(place->root), why);
	source_free(place->source);
	place->source = NULL;
	worsen(runner, runner->state == STATE_LOOKING ? HEADLESS_TROUBLE : HEADLESS_FAILED);
	if (runner->state == STATE_PLANNING)
		refuse_all(runner, why);
	runner->error = ERROR_OTHER;
	runner->state = STATE_IDLE;
}

/* Take what the source has sent. */
static void drain(struct runner *runner)
{
	size_t len;
	const char *bytes;

	while (runner->place->source && (bytes = source_peek(runner->place->source, &len), len > 0)) {
		struct wire_frame frame;
		size_t used = 0;

		if (wire_next(bytes, len, &frame, &used) != WIRE_OK || !take_frame(runner, &frame)) {
			lose_source(runner, "sent damaged data");
			return;
		}
		source_drop(runner->place->source, used);
	}
}

static void look_for_failure(struct runner *runner)
{
	struct buf why = BUF_INIT;

	buf_add_str(&why, "muntin-worker ");
	if (runner->place->source && source_failure(runner->place->source, &why))
		lose_source(runner, buf_str(&why) ? why.data : error_text(ERROR_NOMEM));
	buf_fini(&why);
}

/* Wait until what was asked for has been answered. */
static void wait_for_end(struct runner *runner)
{
	for (drain(runner); runner->state != STATE_IDLE; drain(runner)) {
		bool pending = source_pending(runner->place->source);

		look_for_failure(runner);
		if (runner->state == STATE_IDLE)
			return;
		headless_out_flush(&runner->out, true);
		if (loop_run_once(&runner->loop, pending ? OFFER_AGAIN : LOOP_FOREVER) < 0) {
			lose_source(runner, error_text(error_from_errno(errno)));
			return;
		}
	}
}

/* Commands --------------------------------------------------------------------------------------------- */

/* Is this operand left alone, whatever the filesystem says? Prints why. */
static bool is_refused(struct runner *runner, size_t word, enum batch_place place, size_t root, const struct buf *rest)
{
	const struct batch_command *command = runner->command;
	const char *path = batch_word(&runner->batch, runner->batch.words[word]);
	bool moves = command->kind == OP_DELETE || command->kind == OP_RENAME;
	bool is_root = place == BATCH_BELOW && rest->len == 0;

	if (is_root && command->kind == OP_MKDIR && command->flags & OP_PARENTS)
		print_record(runner, command->plan_only ? "plan" : "ok", path, strlen(path), "");
	else if (place == BATCH_OUTSIDE)
		refuse(runner, word, "below no ROOT");
	else if (place == BATCH_DOTS)
		refuse(runner, word, "`..` behind a name, which may be a symbolic link");
	else if (place == BATCH_NOMEM)
		refuse(runner, word, error_text(ERROR_NOMEM));
	else if (moves && (batch_is_protected(&runner->places, root, rest->data, rest->len) || batch_ends_in_dots(path)))
		refuse(runner, word, error_text(ERROR_ROOT));
	else if (is_root && !(command->flags & OP_ROOT_ITSELF))
		refuse(runner, word, error_text(ERROR_EXIST));
	else if (!runner->roots[root].source)
		refuse(runner, word, "its source has failed");
	else
		return false;
	return true;
}

/* Add an operand to the request, or refuse a name that is too long. Returns -1 with ENOMEM. */
static int add_target(struct runner *runner, size_t word, const struct buf *rest)
{
	size_t at = runner->request.targets_len;

	if (!wire_path_ok(rest->data, rest->len)) {
		refuse(runner, word, error_text(ERROR_NAMETOOLONG));
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
static int collect(struct runner *runner, size_t wanted, bool first)
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
static bool add_new_name(struct runner *runner, size_t wanted)
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
	refuse_all(runner, "the new name is not in the same directory");
	return false;
}

static int send_request(struct runner *runner)
{
	struct buf frames = BUF_INIT;
	int status = op_wire_put_request(&frames, runner->id, &runner->request);

	if (status == 0)
		status = source_request(runner->place->source, frames.data, frames.len);
	buf_fini(&frames);
	return status;
}

/* Everything in the request but its targets. Returns -1 with ENOMEM. */
static int fill_request(struct runner *runner)
{
	const struct batch_command *command = runner->command;
	struct op_request *request = &runner->request;

	request->flags = command->flags;
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
	return request->text.failed ? -1 : 0;
}

/* Run the part of a command that lies below one root. */
static void run_below(struct runner *runner, size_t root, bool first)
{
	runner->place = &runner->roots[root];
	runner->id++;
	op_request_init(&runner->request, runner->command->kind);
	op_list_init(&runner->list, &runner->request);
	if (collect(runner, root, first) != 0 || fill_request(runner) != 0) {
		refuse_all(runner, error_text(ERROR_NOMEM));
	} else if (runner->request.targets_len > 0 && (runner->command->kind != OP_RENAME || add_new_name(runner, root))) {
		runner->state = STATE_PLANNING;
		if (send_request(runner) != 0)
			lose_source(runner, error_text(error_from_errno(errno)));
		else
			wait_for_end(runner);
	}
	op_list_fini(&runner->list);
	op_request_fini(&runner->request);
}

static void run_commands(struct runner *runner)
{
	for (size_t i = 0; i < runner->batch.command_count && !runner->signo && !runner->out.failed; i++) {
		runner->command = &runner->batch.commands[i];
		for (size_t root = 0; root < runner->options->roots.len; root++)
			run_below(runner, root, root == 0);
	}
}

/* The roots ---------------------------------------------------------------------------------------------- */

static void wake(void *arg)
{
	wakeup_raise(arg);
}

static int open_root(struct runner *runner, struct place *place)
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
	if (request_simple(runner, WIRE_LOOK) != 0) {
		lose_source(runner, error_text(error_from_errno(errno)));
		return -1;
	}
	wait_for_end(runner);
	if (runner->signo)
		return -1;
	if (runner->error == ERROR_NONE && !S_ISDIR(place->identity.type))
		runner->error = ERROR_NOTDIR;
	if (runner->error && place->source)
		headless_say(place->root, strlen(place->root), error_text(runner->error));
	return runner->error ? -1 : 0;
}

static int open_roots(struct runner *runner)
{
	const struct string_list *roots = &runner->options->roots;

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
	struct runner *runner = arg;

	runner->signo = signo;
	if (runner->state == STATE_LOOKING)
		runner->state = STATE_IDLE;
	else if (runner->state != STATE_IDLE && request_simple(runner, WIRE_STOP) != 0)
		lose_source(runner, error_text(error_from_errno(errno)));
}

static void take_bell(void *arg, short revents)
{
	struct runner *runner = arg;

	(void)revents;
	wakeup_clear(&runner->wakeup);
}

/* Signals become events: what is half done is brought to an end before we go. */
static int init_events(struct runner *runner)
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

static int read_batch(struct runner *runner)
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

static void run(struct runner *runner)
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
	struct runner runner = { .options = options, .loop = LOOP_INIT, .wakeup = { .fd = -1, .write_fd = -1 } };

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
