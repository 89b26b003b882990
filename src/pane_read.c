/*
 * A pane's files as they are looked at: a part at a time.
 */
#include "pane.h"

#include "session.h"
#include "wire.h"

void pane_read(struct pane *pane, entry_id id, uint64_t offset)
{
	struct pane_part *part = &pane->part;
	struct buf path = BUF_INIT;
	struct buf out = BUF_INIT;
	size_t start;

	part->asked = true;
	part->answered = false;
	part->request = ++pane->session->next_id;
	tree_path(pane->tree, id, &path);
	start = wire_open(&out, WIRE_READ, part->request);
	wire_put_varint(&out, offset);
	wire_put_varint(&out, WIRE_MAX_DATA);
	wire_put_bytes(&out, path.data, path.len);
	wire_close(&out, start);
	if (path.failed || out.failed || !pane->source || pane->recording || source_request(pane->source, out.data, out.len) != 0) {
		part->answered = true;
		part->error = ERROR_NOTCONN;
	}
	pane->session->version++;
	buf_fini(&path);
	buf_fini(&out);
}

void pane_read_reset(struct pane *pane)
{
	struct pane_part *part = &pane->part;

	if (!part->asked || part->answered)
		return;
	part->answered = true;
	part->error = ERROR_NOTCONN;
	pane->session->version++;
}

bool pane_read_frame(struct pane *pane, const struct wire_frame *frame)
{
	struct wire_reader in = frame->payload;
	struct pane_part *part = &pane->part;
	unsigned error = wire_get_u8(&in);
	uint64_t offset = wire_get_varint(&in);
	uint64_t size = wire_get_varint(&in);
	size_t len;
	const char *bytes = wire_get_bytes(&in, &len);

	if (!in.ok || in.at != in.end || len > WIRE_MAX_DATA)
		return false;
	if (!part->asked || frame->id != part->request)
		return true;
	part->answered = true;
	part->error = error < ERROR_COUNT ? (enum error)error : ERROR_OTHER;
	part->offset = offset;
	part->size = size;
	buf_clear(&part->bytes);
	buf_add(&part->bytes, bytes, len);
	pane->session->version++;
	return true;
}
