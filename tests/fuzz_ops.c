/*
 * Fuzzes operations on the wire: requests as a worker gets them, items and numbers as the interface gets them.
 *
 * The input is a stream without its hello line. A request that is whole must be the same after another way over the wire;
 * items are listed for the last whole request, and every row must have a path.
 */
#include "op_list.h"
#include "op_wire.h"

#include <string.h>

enum { MANY = 200 }; /* rows, of which not every path is put together */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What the program relies on, whatever comes. */
static void check(bool holds)
{
	if (!holds)
		abort();
}

/* What is known of the operation that goes on. */
struct state {
	struct op_request coming;  /* not whole yet */
	struct op_request request; /* the last whole one: the list borrows its paths */
	struct op_list list;
};

/* Take the frames of a request as put into `frames`. */
static void read_back(const struct buf *frames, struct op_request *request)
{
	enum op_wire_status status = OP_WIRE_MORE;
	struct wire_frame frame;
	size_t used;

	for (size_t at = 0; at < frames->len; at += used) {
		check(status == OP_WIRE_MORE && wire_next(frames->data + at, frames->len - at, &frame, &used) == WIRE_OK);
		status = op_wire_get_request(&frame.payload, request);
	}
	check(status == OP_WIRE_COMPLETE);
}

static void check_request(const struct op_request *request)
{
	struct buf once = BUF_INIT;
	struct buf twice = BUF_INIT;
	struct op_request again;

	op_request_init(&again, OP_RENAME);
	for (size_t i = 0; i < request->targets_len; i++) {
		const struct op_target *target = &request->targets[i];

		check(wire_path_ok(op_request_path(request, target), target->path_len));
		check(target->base_len <= target->path_len);
	}
	check(op_wire_put_request(&once, 1, request) == 0);
	read_back(&once, &again);
	check(op_wire_put_request(&twice, 1, &again) == 0);
	check(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
	op_request_fini(&again);
	buf_fini(&once);
	buf_fini(&twice);
}

/* Every row has a path whose beginning is one of the request. */
static void check_list(const struct op_list *list)
{
	struct buf path = BUF_INIT;

	for (size_t i = 0; i < list->len; i += list->len > MANY ? list->len / MANY : 1) {
		const struct op_row *row = &list->rows[i];
		const char *detail = op_list_detail(list, row);

		check(row->parent == OP_NO_PARENT || row->parent < i);
		check(!detail || strlen(detail) <= OP_WIRE_MAX_DETAIL);
		buf_clear(&path);
		op_list_path(list, i, &path);
		check(path.len >= row->name_len);
	}
	buf_fini(&path);
}

static void take_request(struct state *state, struct wire_reader in)
{
	enum op_wire_status status = op_wire_get_request(&in, &state->coming);

	if (status == OP_WIRE_MORE)
		return;
	if (status == OP_WIRE_COMPLETE) {
		check_request(&state->coming);
		op_list_fini(&state->list);
		op_request_fini(&state->request);
		state->request = state->coming;
		op_list_init(&state->list, &state->request);
	} else {
		op_request_fini(&state->coming);
	}
	op_request_init(&state->coming, OP_RENAME);
}

static void take_items(struct state *state, struct wire_reader in)
{
	char detail[OP_WIRE_MAX_DETAIL + 1];
	struct op_item item;

	while (op_wire_get_item(&in, &item, detail)) {
		struct buf frame = BUF_INIT;

		op_wire_put_item(&frame, &item);
		check(!frame.failed && frame.len <= OP_WIRE_MAX_ITEM);
		buf_fini(&frame);
		if (op_list_add(&state->list, &item) != 0)
			return;
	}
}

static void take_numbers(const struct wire_frame *frame)
{
	struct wire_reader in = frame->payload;
	struct op_progress progress;
	struct op_planned planned;
	struct op_result result;
	enum error error;

	if (frame->type == WIRE_PROGRESS && op_wire_get_progress(&in, &progress))
		check(in.at == in.end);
	if (frame->type == WIRE_PLANNED && op_wire_get_planned(&in, &error, &planned))
		check(error < ERROR_COUNT);
	if (frame->type == WIRE_RESULT && op_wire_get_result(&in, &result))
		check(in.at == in.end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct state state;
	struct wire_frame frame;
	size_t used;

	op_request_init(&state.coming, OP_RENAME);
	op_request_init(&state.request, OP_RENAME);
	op_list_init(&state.list, &state.request);
	for (size_t at = 0; wire_next(data + at, len - at, &frame, &used) == WIRE_OK; at += used) {
		if (frame.type == WIRE_OPERATE)
			take_request(&state, frame.payload);
		else if (frame.type == WIRE_ITEM)
			take_items(&state, frame.payload);
		else
			take_numbers(&frame);
	}
	check_list(&state.list);
	op_list_fini(&state.list);
	op_request_fini(&state.request);
	op_request_fini(&state.coming);
	return 0;
}
