/*
 * Talking with the sources of a batch: what they answer, and the records that become of it.
 */
#include "headless_batch.h"

#include "headless_batch_run.h"
#include "op_wire.h"
#include "text.h"

#include <errno.h>
#include <string.h>

/* How long a worker that has not taken a request yet is left before it is offered again. */
#define OFFER_AGAIN (20 * LOOP_MS)

/* Printing --------------------------------------------------------------------------------------------- */

void batch_print(struct batch_runner *runner, const char *status, const char *path, size_t path_len, const char *detail)
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

/* Let the exit status become at least as bad as this. */
static void worsen(struct batch_runner *runner, int status)
{
	runner->status = runner->status > status ? runner->status : status;
}

void batch_refuse(struct batch_runner *runner, size_t word, const char *why)
{
	struct batch_word operand = runner->batch.words[word];

	batch_print(runner, "failed", batch_word(&runner->batch, operand), operand.len, why);
	worsen(runner, HEADLESS_FAILED);
}

void batch_refuse_all(struct batch_runner *runner, const char *why)
{
	for (size_t i = 0; i < runner->request.targets_len && (i == 0 || runner->command->kind != OP_MATCH); i++)
		batch_refuse(runner, runner->operands[i], why);
}

/* What was or will be done, in words. */
static void describe_change(const struct batch_runner *runner, const struct op_item *item, struct buf *out)
{
	switch (item->kind) {
	case OP_CHMOD:
		buf_printf(out, "%04o -> %04o", item->old_mode & 07777, item->new_mode & 07777);
		break;
	case OP_CHOWN:
		buf_printf(out, "%lld:%lld -> %lld:%lld", (long long)item->old_uid, (long long)item->old_gid,
			   (long long)item->new_uid, (long long)item->new_gid);
		break;
	case OP_MATCH:
		if (item->old_mode)
			buf_printf(out, "%04o -> %04o", item->old_mode & 07777, item->new_mode & 07777);
		else
			buf_printf(out, "? -> %04o", item->new_mode & 07777);
		if (item->old_uid >= 0)
			buf_printf(out, ", %lld:%lld -> %lld:%lld", (long long)item->old_uid, (long long)item->old_gid,
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

static void describe(const struct batch_runner *runner, const struct op_item *item, struct buf *out)
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

/* The target that an operand names: all of a match are below its first. */
static size_t target_of(const struct batch_runner *runner, size_t target)
{
	return runner->command->kind == OP_MATCH ? 0 : target;
}

static void print_item(struct batch_runner *runner, const struct op_item *item)
{
	static const char *const words[] = {
		[OP_PLAN] = "plan", [OP_OK] = "ok", [OP_FAILED] = "failed", [OP_SKIPPED] = "skipped",
	};
	size_t number = target_of(runner, runner->list.rows[item->index].target);
	const struct op_target *target = &runner->request.targets[number];
	size_t operand = runner->operands[number];
	struct buf below = BUF_INIT;
	struct buf path = BUF_INIT;
	struct buf detail = BUF_INIT;

	op_list_path(&runner->list, item->index, &below);
	batch_show_path(&path, runner->place->root, batch_word(&runner->batch, runner->batch.words[operand]),
			op_request_path(&runner->request, target), target->path_len, below.data, below.len);
	describe(runner, item, &detail);
	if (buf_str(&detail))
		batch_print(runner, words[item->status], path.data, path.len, detail.data);
	if (item->status == OP_FAILED || (item->status == OP_SKIPPED && !(item->flags & OP_ITEM_HARMLESS)))
		worsen(runner, HEADLESS_FAILED);
	buf_fini(&detail);
	buf_fini(&path);
	buf_fini(&below);
}

/* Frames ----------------------------------------------------------------------------------------------- */

int batch_ask(struct batch_runner *runner, enum wire_type type)
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

static bool take_items(struct batch_runner *runner, struct wire_reader *in)
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
static bool take_planned(struct batch_runner *runner, struct wire_reader *in)
{
	struct op_planned planned;
	enum error error;

	if (runner->state != STATE_PLANNING || !op_wire_get_planned(in, &error, &planned))
		return false;
	if (error) {
		if (runner->list.len == 0 || !runner->command->plan_only)
			batch_refuse_all(runner, error_text(error));
		else
			headless_say(runner->place->root, strlen(runner->place->root), error_text(error));
		worsen(runner, HEADLESS_FAILED);
		runner->state = STATE_IDLE;
		return true;
	}
	/* else it runs by now, OP_AT_ONCE */
	runner->state = runner->command->plan_only ? STATE_STOPPING : STATE_RUNNING;
	return !runner->command->plan_only || batch_ask(runner, WIRE_STOP) == 0;
}

static bool take_result(struct batch_runner *runner, struct wire_reader *in)
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

static bool take_stat(struct batch_runner *runner, struct wire_reader *in)
{
	runner->error = (enum error)wire_get_u8(in);
	wire_get_attrs(in, &runner->attrs);
	if (!in->ok || runner->state != STATE_LOOKING)
		return false;
	runner->state = STATE_IDLE;
	return true;
}

static bool take_scan(struct batch_runner *runner, const struct wire_frame *frame)
{
	if (runner->state != STATE_SCANNING)
		return false;
	switch (scan_view_apply(runner->view, frame, NULL)) {
	case APPLY_OK:
		return true;
	case APPLY_DONE:
		runner->error = scan_view_error(runner->view);
		runner->state = STATE_IDLE;
		return true;
	default:
		return false;
	}
}

/* Returns false when the source breaks the rules. */
static bool take_frame(struct batch_runner *runner, const struct wire_frame *frame)
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
	case WIRE_BEGIN:
	case WIRE_NAMES:
	case WIRE_ATTRS:
	case WIRE_END:
	case WIRE_DONE:
		return take_scan(runner, frame);
	default:
		return frame->type == WIRE_PROGRESS || frame->type >= WIRE_OPTIONAL;
	}
}

/* Nothing more will be heard of what was being changed: each target that is not done has failed, as far as we know. */
static void refuse_unfinished(struct batch_runner *runner, const char *why)
{
	uint32_t told = UINT32_MAX;

	for (size_t i = 0; i < runner->list.len; i++) {
		const struct op_row *row = &runner->list.rows[i];
		uint32_t target = (uint32_t)target_of(runner, row->target);

		if (row->parent != OP_NO_PARENT || row->status != OP_PLAN || target == told)
			continue;
		told = target;
		batch_refuse(runner, runner->operands[told], why);
	}
}

void batch_lose_source(struct batch_runner *runner, const char *why)
{
	struct batch_root *place = runner->place;

	headless_say(place->root, strlen(place->root), why);
	source_free(place->source);
	place->source = NULL;
	worsen(runner, runner->state == STATE_LOOKING ? HEADLESS_TROUBLE : HEADLESS_FAILED);
	if (runner->state == STATE_PLANNING)
		batch_refuse_all(runner, why);
	else if (runner->state == STATE_RUNNING)
		refuse_unfinished(runner, why);
	runner->error = ERROR_OTHER;
	runner->state = STATE_IDLE;
}

/* Take what the source has sent. */
static void drain(struct batch_runner *runner)
{
	size_t len;
	const char *bytes;

	while (runner->place->source && (bytes = source_peek(runner->place->source, &len), len > 0)) {
		struct wire_frame frame;
		size_t used = 0;
		bool whole = wire_next(bytes, len, &frame, &used) == WIRE_OK;

		wire_log("<", runner->place->source, bytes, used);
		if (!whole || !take_frame(runner, &frame)) {
			batch_lose_source(runner, "sent damaged data");
			return;
		}
		source_drop(runner->place->source, used);
	}
}

static void look_for_failure(struct batch_runner *runner)
{
	struct buf why = BUF_INIT;

	buf_add_str(&why, "muntin-worker ");
	if (runner->place->source && source_failure(runner->place->source, &why))
		batch_lose_source(runner, buf_str(&why) ? why.data : error_text(ERROR_NOMEM));
	buf_fini(&why);
}

void batch_wait(struct batch_runner *runner)
{
	for (drain(runner); runner->state != STATE_IDLE; drain(runner)) {
		bool pending = source_pending(runner->place->source);

		look_for_failure(runner);
		if (runner->state == STATE_IDLE)
			return;
		headless_out_flush(&runner->out, true);
		if (loop_run_once(&runner->loop, pending ? OFFER_AGAIN : LOOP_FOREVER) < 0) {
			batch_lose_source(runner, error_text(error_from_errno(errno)));
			return;
		}
	}
}
