#include "perm.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* ---- Reading ---- */

/** The bits of the classes that stand left of an operator. */
static const struct {
	char letter;
	uint16_t bits;
} classes[] = { { 'u', 04700 }, { 'g', 02070 }, { 'o', 01007 }, { 'a', 07777 } };

/** The bits that stand right of one, for all classes. */
static const struct {
	char letter;
	uint16_t bits;
} rights[] = { { 'r', 0444 }, { 'w', 0222 }, { 'x', 0111 }, { 'X', 0 }, { 's', 06000 }, { 't', 01000 } };

/** A MODE being read. */
struct parser {
	const char *text;
	size_t len;
	size_t at;
	struct perm_edit *edit;
	const char *why;  /* what is wrong at `at`; NULL: nothing yet */
};

static char parser_peek(const struct parser *in)
{
	return in->at < in->len ? in->text[in->at] : '\0';
}

/** At the end, or at the comma before the next clause. */
static bool clause_ends(const struct parser *in)
{
	return in->at == in->len || in->text[in->at] == ',';
}

static bool parser_fail(struct parser *in, const char *why)
{
	in->why = why;
	return false;
}

static bool letter_is_op(char letter)
{
	return letter == '+' || letter == '-' || letter == '=';
}

/** Read digits to the end of the clause. */
static bool octal_read(struct parser *in, uint32_t *value, size_t *digits)
{
	size_t start = in->at;

	*value = 0;
	while (!clause_ends(in)) {
		char digit = parser_peek(in);

		if (digit < '0' || digit > '7')
			return parser_fail(in, "not an octal digit");
		*value = *value * 8 + (uint32_t)(digit - '0');
		if (*value > PERM_BITS)
			return parser_fail(in, "beyond 7777");
		in->at++;
	}
	*digits = in->at - start;
	return true;
}

static bool change_put(struct parser *in, const struct perm_change *change)
{
	if (in->edit->len == PERM_CHANGES)
		return parser_fail(in, "too many changes");
	in->edit->changes[in->edit->len++] = *change;
	return true;
}

static bool number_clause(struct parser *in, struct perm_change change)
{
	uint32_t value;
	size_t digits;

	if (!octal_read(in, &value, &digits))
		return false;
	change.op = '=';
	change.octal = true;
	change.scope = digits > 3 ? PERM_BITS : 0777;
	change.value = (uint16_t)value;
	return change_put(in, &change);
}

/** The class letter after an operator, as in g=u. */
static uint16_t copy_read(struct parser *in)
{
	for (size_t i = 0; i < 3; i++) {
		if (parser_peek(in) == classes[i].letter) {
			in->at++;
			return classes[i].bits & 0777;
		}
	}
	return 0;
}

static void rights_read(struct parser *in, struct perm_change *change)
{
	for (size_t i = 0; i < ARRAY_LEN(rights);) {
		if (parser_peek(in) != rights[i].letter) {
			i++;
			continue;
		}
		change->value |= rights[i].bits;
		change->if_x |= rights[i].letter == 'X';
		in->at++;
		i = 0;
	}
}

/** One operator and what stands right of it. */
static bool operator_read(struct parser *in, struct perm_change change, bool who)
{
	uint32_t value;
	size_t digits;

	change.op = in->text[in->at++];
	change.masked = !who;
	if (!who && parser_peek(in) >= '0' && parser_peek(in) <= '7') {
		if (!octal_read(in, &value, &digits))
			return false;
		change.value = (uint16_t)value;
		change.masked = false;
		return change_put(in, &change);
	}
	change.value = copy_read(in);
	change.copy = change.value != 0;
	if (!change.copy)
		rights_read(in, &change);
	change.keeps = (uint16_t)(06000 & ~(change.scope & change.value));
	return change_put(in, &change);
}

static bool symbolic_clause(struct parser *in, struct perm_change change)
{
	size_t start = in->at;
	bool who;

	for (size_t i = 0; i < ARRAY_LEN(classes);) {
		if (parser_peek(in) != classes[i].letter) {
			i++;
			continue;
		}
		change.scope |= classes[i].bits;
		in->at++;
		i = 0;
	}
	who = in->at > start;
	if (!letter_is_op(parser_peek(in)))
		return parser_fail(in, who ? "expected +, - or =" : "expected u, g, o, a, +, -, = or a number");
	if (!who)
		change.scope = PERM_BITS;
	do {
		if (!operator_read(in, change, who))
			return false;
	} while (letter_is_op(parser_peek(in)));
	if (!clause_ends(in))
		return parser_fail(in, "expected one of rwxXst, or u, g or o alone");
	return true;
}

static bool clause_read(struct parser *in)
{
	struct perm_change change = { .on_files = true, .on_dirs = true };

	if (in->len - in->at >= 2 && in->text[in->at + 1] == ':') {
		if (parser_peek(in) != 'D' && parser_peek(in) != 'F')
			return parser_fail(in, "expected D: or F:");
		change.on_dirs = parser_peek(in) == 'D';
		change.on_files = !change.on_dirs;
		in->at += 2;
	}
	if (parser_peek(in) >= '0' && parser_peek(in) <= '9')
		return number_clause(in, change);
	return symbolic_clause(in, change);
}

int perm_parse(struct perm_edit *edit, const char *text, size_t len, struct perm_error *error)
{
	struct parser in = { text, len, 0, edit, NULL };

	edit->len = 0;
	while (clause_read(&in)) {
		if (in.at == len)
			return 0;
		in.at++; /* the comma */
	}
	if (error)
		*error = (struct perm_error){ in.at, in.why };
	errno = EINVAL;
	return -1;
}

/* ---- Applying ---- */

/** The bits that stand right of the operator, for a file with these bits. */
static uint32_t change_value(const struct perm_change *change, uint32_t bits, bool dir)
{
	uint32_t value = change->value;

	if (change->copy) {
		/* one class, brought down to the lowest three bits, and up again for all */
		value &= bits;
		value = (value | value >> 3 | value >> 6) & 07;
		return value << 6 | value << 3 | value;
	}
	if (change->if_x && (dir || (bits & 0111)))
		value |= 0111;
	return value;
}

static uint32_t change_apply(const struct perm_change *change, uint32_t bits, bool dir, uint32_t mask)
{
	uint32_t scope = change->scope & ~(uint32_t)(dir ? change->keeps : 0);
	uint32_t value = change_value(change, bits, dir) & scope;

	if (change->masked)
		value &= ~mask;
	if (change->op == '+')
		return bits | value;
	if (change->op == '-')
		return bits & ~value;
	return (bits & ~scope) | value;
}

uint32_t perm_apply(const struct perm_edit *edit, uint32_t mode, uint32_t mask)
{
	bool dir = S_ISDIR(mode);
	uint32_t bits = mode & PERM_BITS;

	for (size_t i = 0; i < edit->len; i++) {
		const struct perm_change *change = &edit->changes[i];

		if (dir ? change->on_dirs : change->on_files)
			bits = change_apply(change, bits, dir, mask);
	}
	return (mode & ~PERM_BITS) | bits;
}

bool perm_is_absolute(const struct perm_edit *edit)
{
	for (size_t i = 0; i < edit->len; i++) {
		if (!edit->changes[i].octal)
			return false;
	}
	return true;
}

/* ---- Printing ---- */

/** Append the letters of one class, 0 for u to 2 for o. */
static void letters_add(struct buf *out, uint32_t bits, unsigned who)
{
	for (unsigned right = 0; right < 3; right++) {
		if (bits & (0400u >> (3 * who + right)))
			buf_add_byte(out, "rwx"[right]);
	}
	if (bits & (04000u >> who))
		buf_add_byte(out, "sst"[who]);
}

void perm_symbolic(struct buf *out, uint32_t mode)
{
	static const char *const heads[] = { "u=", ",g=", ",o=" };

	for (unsigned who = 0; who < 3; who++) {
		buf_add_str(out, heads[who]);
		letters_add(out, mode, who);
	}
}

/* ---- Many entries ---- */

void perm_mix_add(struct perm_mix *mix, uint32_t mode)
{
	mix->all &= mode;
	mix->any |= mode & PERM_BITS;
	mix->count++;
}

enum perm_box perm_mix_box(const struct perm_mix *mix, uint32_t bit)
{
	if (!(mix->any & bit))
		return PERM_OFF;
	return mix->all & bit ? PERM_ON : PERM_MIXED;
}

void perm_mix_octal(struct buf *out, const struct perm_mix *mix)
{
	for (int shift = 9; shift >= 0; shift -= 3) {
		uint32_t any = mix->any >> shift & 07;
		bool mixed = any & ~(mix->all >> shift);

		buf_add_byte(out, mixed ? '-' : (int)('0' + any));
	}
}

void perm_mix_symbolic(struct buf *out, const struct perm_mix *mix)
{
	perm_symbolic(out, mix->all & mix->any);
}

/* ---- The boxes of the editor ---- */

void perm_boxes_put(struct perm_boxes *boxes, uint32_t bits, enum perm_box state)
{
	bits &= PERM_BITS;
	boxes->set &= ~bits;
	boxes->clear &= ~bits;
	if (state == PERM_ON)
		boxes->set |= bits;
	else if (state == PERM_OFF)
		boxes->clear |= bits;
}

void perm_boxes_toggle(struct perm_boxes *boxes, uint32_t bit)
{
	struct perm_mix shown = perm_boxes_shown(boxes);
	enum perm_box now = perm_mix_box(&shown, bit);
	enum perm_box next = now == PERM_ON ? PERM_OFF : PERM_ON;

	if (now == PERM_OFF && perm_mix_box(&boxes->mix, bit) == PERM_MIXED)
		next = PERM_MIXED;
	perm_boxes_put(boxes, bit, next);
}

struct perm_mix perm_boxes_shown(const struct perm_boxes *boxes)
{
	struct perm_mix shown = boxes->mix;

	shown.all = (shown.all | boxes->set) & ~boxes->clear;
	shown.any = (shown.any | boxes->set) & ~boxes->clear;
	return shown;
}

int perm_boxes_octal(struct perm_boxes *boxes, const char *text, size_t len)
{
	uint32_t touched = 0;
	uint32_t value = 0;

	if (len != 3 && len != 4) {
		errno = EINVAL;
		return -1;
	}
	for (size_t i = 0; i < len; i++) {
		touched <<= 3;
		value <<= 3;
		if (text[i] == '-')
			continue;
		if (text[i] < '0' || text[i] > '7') {
			errno = EINVAL;
			return -1;
		}
		touched |= 07;
		value |= (uint32_t)(text[i] - '0');
	}
	perm_boxes_put(boxes, PERM_BITS, PERM_MIXED);
	perm_boxes_put(boxes, value, PERM_ON);
	perm_boxes_put(boxes, touched & ~value, PERM_OFF);
	return 0;
}

uint32_t perm_boxes_apply(const struct perm_boxes *boxes, uint32_t mode)
{
	return (mode | boxes->set) & ~boxes->clear;
}

void perm_boxes_text(struct buf *out, const struct perm_boxes *boxes)
{
	bool first = true;

	if ((boxes->set | boxes->clear) == PERM_BITS) {
		buf_printf(out, "%04o", boxes->set);
		return;
	}
	for (unsigned who = 0; who < 3; who++) {
		uint32_t set = boxes->set & classes[who].bits;
		uint32_t clear = boxes->clear & classes[who].bits;

		if (!set && !clear)
			continue;
		if (!first)
			buf_add_byte(out, ',');
		first = false;
		buf_add_byte(out, classes[who].letter);
		if (set)
			buf_add_byte(out, '+');
		letters_add(out, set, who);
		if (clear)
			buf_add_byte(out, '-');
		letters_add(out, clear, who);
	}
}
