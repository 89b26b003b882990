/*
 * Whatever bytes a worker, a recording or the interface sends: the decoder, the tree and the reader of requests have to
 * live with them.
 *
 * The input is a stream of frames. Those of scans go to one tree, everything else to the reader of its type.
 */
#include "apply.h"
#include "op_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/** All items of an operation. */
static bool items_read(struct wire_reader *in)
{
	struct op_item item;
	char detail[OP_WIRE_MAX_DETAIL + 1];

	while (op_wire_get_item(in, &item, detail))
		;
	return in->ok;
}

static bool scan_read(struct wire_reader *in)
{
	struct wire_scan scan;
	size_t len;

	if (!wire_get_scan(in, &scan))
		return false;
	while (wire_more(&scan.patterns))
		wire_get_bytes(&scan.patterns, &len);
	return scan.patterns.ok;
}

static bool request_read(struct wire_reader *in, struct op_request *request)
{
	enum op_wire_status status = op_wire_get_request(in, request);

	if (status == OP_WIRE_COMPLETE) {
		op_request_fini(request);
		op_request_init(request, OP_CHMOD);
	}
	return status == OP_WIRE_COMPLETE || status == OP_WIRE_MORE;
}

/** What is neither of a scan nor a request for an operation. */
static bool other_read(struct wire_frame *frame)
{
	struct wire_reader *in = &frame->payload;
	struct op_progress progress;
	struct op_planned planned;
	struct op_result result;
	struct attrs attrs;
	enum error error;

	switch (frame->type) {
	case WIRE_STAT:
		wire_get_u8(in);
		wire_get_attrs(in, &attrs);
		return in->ok;
	case WIRE_ITEM:
		return items_read(in);
	case WIRE_PROGRESS:
		return op_wire_get_progress(in, &progress);
	case WIRE_PLANNED:
		return op_wire_get_planned(in, &error, &planned);
	case WIRE_RESULT:
		return op_wire_get_result(in, &result);
	case WIRE_SCAN:
		return scan_read(in);
	default:
		return true;
	}
}

/** A second scan begins where the first was done. */
static bool applied(struct tree *tree, struct scan_view **view, const struct wire_frame *frame)
{
	enum apply_status status;

	if (!*view)
		*view = scan_view_new(tree, TREE_ROOT);
	if (!*view)
		return false;
	status = scan_view_apply(*view, frame, NULL);
	if (status == APPLY_DONE) {
		scan_view_free(*view);
		*view = NULL;
	}
	return status == APPLY_OK || status == APPLY_DONE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct tree *tree = tree_new();
	struct scan_view *view = NULL;
	struct op_request request;
	struct wire_frame frame;
	size_t used;
	bool good = tree != NULL;

	op_request_init(&request, OP_CHMOD);
	while (good && wire_next(data, len, &frame, &used) == WIRE_OK) {
		if (frame.type <= WIRE_DONE)
			good = applied(tree, &view, &frame);
		else if (frame.type == WIRE_OPERATE)
			good = request_read(&frame.payload, &request);
		else
			good = other_read(&frame);
		data += used;
		len -= used;
	}
	op_request_fini(&request);
	scan_view_free(view);
	if (tree)
		tree_settle(tree);
	tree_free(tree);
	return 0;
}
