#include "input.h"

#include <string.h>

#include "keys.h"

enum {
	CAN = 0x18,              /* it and the next one break a string off */
	SUB = 0x1a,
	CSI_MAX = 48,            /* a control sequence longer than this is none of a key */
	BURST_MIN = 4,           /* bytes of the shortest burst that is taken for a paste */
};

#define BURST_NS (20 * INT64_C(1000000))     /* what comes so soon after a burst belongs to it */
#define STRING_NS (INT64_C(500000000))       /* a string silent for so long has lost its end */
#define PASTE_NS (2 * INT64_C(1000000000))   /* a paste silent for so long has lost its end bracket */

/** What a numbered or lettered sequence stands for. */
struct code {
	int number;
	uint32_t key;
};

static const struct code tilde_codes[] = {
	{ 1, K_HOME }, { 2, K_INSERT }, { 3, K_DELETE }, { 4, K_END }, { 5, K_PGUP }, { 6, K_PGDN },
	{ 7, K_HOME }, { 8, K_END },
	{ 11, K_F1 }, { 12, K_F1 + 1 }, { 13, K_F1 + 2 }, { 14, K_F1 + 3 }, { 15, K_F1 + 4 }, { 17, K_F1 + 5 },
	{ 18, K_F1 + 6 }, { 19, K_F1 + 7 }, { 20, K_F1 + 8 }, { 21, K_F1 + 9 }, { 23, K_F1 + 10 }, { 24, K_F12 },
};

static const struct code letter_codes[] = {
	{ 'A', K_UP }, { 'B', K_DOWN }, { 'C', K_RIGHT }, { 'D', K_LEFT }, { 'H', K_HOME }, { 'F', K_END },
	{ 'P', K_F1 }, { 'Q', K_F1 + 1 }, { 'R', K_F1 + 2 }, { 'S', K_F1 + 3 }, { 'Z', K_BACKTAB },
};

/** The keypad in application mode, after ESC O. */
static const struct code keypad_codes[] = {
	{ 'M', K_ENTER }, { 'j', '*' }, { 'k', '+' }, { 'l', ',' }, { 'm', '-' }, { 'n', '.' }, { 'o', '/' },
	{ 'p', '0' }, { 'q', '1' }, { 'r', '2' }, { 's', '3' }, { 't', '4' }, { 'u', '5' }, { 'v', '6' },
	{ 'w', '7' }, { 'x', '8' }, { 'y', '9' }, { 'X', '=' }, { ' ', ' ' }, { 'I', K_TAB },
};

/** What is told apart with Shift and with Control. */
static const struct { uint32_t plain; uint32_t shift; uint32_t control; } modified[] = {
	{ K_UP, K_S_UP, K_C_UP }, { K_DOWN, K_S_DOWN, K_C_DOWN },
	{ K_LEFT, K_S_LEFT, K_C_LEFT }, { K_RIGHT, K_S_RIGHT, K_C_RIGHT },
	{ K_HOME, K_HOME, K_HOME }, { K_END, K_END, K_END },
	{ K_PGUP, K_PGUP, K_PGUP }, { K_PGDN, K_PGDN, K_PGDN },
	{ K_BACKTAB, K_BACKTAB, K_NONE },
};

enum { SHIFT = 1, ALT = 2, CONTROL = 4 };

static const char paste_begin[] = "\033[200~";
static const char paste_end[] = "\033[201~";

const char *input_capability(size_t index, uint32_t *key)
{
	static const struct { const char *name; uint32_t key; } caps[] = {
		{ "kcuu1", K_UP }, { "kcud1", K_DOWN }, { "kcub1", K_LEFT }, { "kcuf1", K_RIGHT }, { "khome", K_HOME },
		{ "kend", K_END }, { "kpp", K_PGUP }, { "knp", K_PGDN }, { "kich1", K_INSERT }, { "kdch1", K_DELETE },
		{ "kcbt", K_BACKTAB }, { "kent", K_ENTER }, { "kf1", K_F1 }, { "kf2", K_F1 + 1 }, { "kf3", K_F1 + 2 },
		{ "kf4", K_F1 + 3 }, { "kf5", K_F1 + 4 }, { "kf6", K_F1 + 5 }, { "kf7", K_F1 + 6 }, { "kf8", K_F1 + 7 },
		{ "kf9", K_F1 + 8 }, { "kf10", K_F1 + 9 }, { "kf11", K_F1 + 10 }, { "kf12", K_F12 },
		{ "kri", K_S_UP }, { "kind", K_S_DOWN }, { "kLFT", K_S_LEFT }, { "kRIT", K_S_RIGHT },
	};

	if (index >= ARRAY_LEN(caps))
		return NULL;
	*key = caps[index].key;
	return caps[index].name;
}

void input_init(struct input *input, bool utf8, int erase)
{
	memset(input, 0, sizeof *input);
	input->utf8 = utf8;
	input->erase = (unsigned char)erase;
}

void input_teach(struct input *input, const char *bytes, uint32_t key)
{
	struct input_sequence *sequence = &input->sequences[input->sequence_count];
	size_t len = strlen(bytes);

	if (input->sequence_count == INPUT_SEQUENCES || len < 2 || len > INPUT_SEQUENCE_LEN || bytes[0] != K_ESC)
		return;
	sequence->key = key;
	sequence->len = len;
	memcpy(sequence->bytes, bytes, len);
	input->sequence_count++;
}

size_t input_room(struct input *input, unsigned char **room)
{
	if (input->pos > 0) {
		size_t gone = input->pos;

		memmove(input->bytes, input->bytes + gone, input->len - gone);
		input->len -= gone;
		input->pos = 0;
		input->burst -= size_min(gone, input->burst);
		input->chunk -= size_min(gone, input->chunk);
	}
	*room = input->bytes + input->len;
	return INPUT_ROOM - input->len;
}

/** Whether bytes look like several lines pasted at once: an end of line with more text behind it, and no Esc. */
static bool is_burst(const unsigned char *bytes, size_t len)
{
	bool lines = false;

	if (len < BURST_MIN || memchr(bytes, K_ESC, len))
		return false;
	for (size_t i = 0; i + 1 < len; i++)
		lines = lines || ((bytes[i] == '\r' || bytes[i] == '\n') && bytes[i + 1] >= ' ');
	return lines;
}

void input_came(struct input *input, size_t len, int64_t now)
{
	bool goes_on = input->bursting && now - input->since < BURST_NS;

	if (input->bracketed && now - input->since > PASTE_NS)
		input->bracketed = false;
	if (input->string && now - input->since > STRING_NS)
		input->string = input->string_esc = false;
	input->chunk = input->len;
	input->bursting = goes_on || is_burst(input->bytes + input->len, len);
	if (input->bursting)
		input->burst = input->len + len;
	input->len += len;
	input->since = now;
}

static uint32_t find_code(const struct code *codes, size_t count, int number)
{
	for (size_t i = 0; i < count; i++)
		if (codes[i].number == number)
			return codes[i].key;
	return K_NONE;
}

/** A key with modifiers. With Shift or Control a key that is not told apart is none: S-F8 must not act as F8. */
static uint32_t modify(uint32_t key, int modifiers)
{
	uint32_t with = key;

	if (key == K_NONE)
		return K_NONE;
	if (modifiers & (SHIFT | CONTROL)) {
		with = K_NONE;
		for (size_t i = 0; i < ARRAY_LEN(modified); i++)
			if (modified[i].plain == key)
				with = modifiers & CONTROL ? modified[i].control : modified[i].shift;
	}
	return with != K_NONE && (modifiers & ALT) ? with | K_ALT : with;
}

/** What rxvt's own endings of a numbered sequence mean. */
static int rxvt_modifiers(int final)
{
	static const struct code endings[] = { { '$', SHIFT }, { '^', CONTROL }, { '@', SHIFT | CONTROL } };
	uint32_t found = find_code(endings, ARRAY_LEN(endings), final);

	return found == K_NONE ? 0 : (int)found;
}

/** What the parameters and the last byte of a control sequence mean. */
static uint32_t csi_key(const int *params, int count, int final)
{
	int modifiers = count > 1 && params[1] > 0 ? params[1] - 1 : 0;

	if (final == '~')
		return modify(find_code(tilde_codes, ARRAY_LEN(tilde_codes), params[0]), modifiers);
	if (rxvt_modifiers(final))
		return modify(find_code(tilde_codes, ARRAY_LEN(tilde_codes), params[0]), rxvt_modifiers(final));
	if (final >= 'a' && final <= 'd')
		return modify(find_code(letter_codes, ARRAY_LEN(letter_codes), final - 'a' + 'A'), SHIFT);
	return modify(find_code(letter_codes, ARRAY_LEN(letter_codes), final), modifiers);
}

/*
 * The decoders below look at bytes that begin with ESC. They return how many bytes the sequence has, 0 when it is not
 * complete yet; `*key` becomes K_NONE for one that means nothing to us.
 */

/** ESC [ parameters final. */
static size_t decode_csi(const unsigned char *bytes, size_t len, uint32_t *key)
{
	int params[8] = { 0 };
	int count = 0;
	bool private = false;

	*key = K_NONE;
	if (len >= 3 && bytes[2] == '[') {  /* the Linux console: ESC [ [ A is F1 */
		if (len >= 4 && bytes[3] >= 'A' && bytes[3] <= 'E')
			*key = K_F1 + bytes[3] - 'A';
		return len >= 4 ? 4 : 0;
	}
	for (size_t i = 2; i < len; i++) {
		unsigned char byte = bytes[i];

		if (byte >= '0' && byte <= '9') {
			count = count ? count : 1;
			params[count - 1] = params[count - 1] < 1000 ? params[count - 1] * 10 + byte - '0' : 1000;
		} else if (byte == ';' && count < (int)ARRAY_LEN(params)) {
			count = count ? count + 1 : 2;
		} else if (byte >= 0x3a && byte <= 0x3f) {
			private = true;
		} else if (byte < ' ' || byte > 0x7e || i > CSI_MAX) {
			return i;  /* broken off: what comes is something else */
		} else if (byte == 'M' && count == 0 && !private) {
			return len < 6 ? 0 : 6;  /* a mouse nobody asked for: three bytes more */
		} else if (byte >= 0x40 || byte == '$') {
			if (!private)
				*key = csi_key(params, count, byte);
			return i + 1;
		}
	}
	return 0;
}

/** ESC O letter. */
static size_t decode_ss3(const unsigned char *bytes, size_t len, uint32_t *key)
{
	*key = K_NONE;
	if (len < 3)
		return 0;
	if (bytes[2] < ' ' || bytes[2] > 0x7e) {  /* Alt-O, and then something else */
		*key = 'O' | K_ALT;
		return 2;
	}
	*key = find_code(letter_codes, ARRAY_LEN(letter_codes), bytes[2]);
	if (*key == K_NONE)
		*key = find_code(keypad_codes, ARRAY_LEN(keypad_codes), bytes[2]);
	if (bytes[2] >= 'a' && bytes[2] <= 'd')
		*key = modify(find_code(letter_codes, ARRAY_LEN(letter_codes), bytes[2] - 'a' + 'A'), CONTROL);
	return 3;
}

/** A control character or other byte that stands for itself. */
static uint32_t plain_key(const struct input *input, unsigned char byte)
{
	if (byte == '\n')
		return K_ENTER;
	return byte == input->erase && byte < ' ' && byte != 0 ? K_BACKSPACE : byte;
}

/** One character. `late`: do not wait for the rest of it. */
static size_t decode_char(const struct input *input, const unsigned char *bytes, size_t len, bool late, uint32_t *key)
{
	int used = input->utf8 ? utf8_decode(bytes, len, key) : bytes[0] < 0x80;

	if (used == 0 && input->utf8 && !late)
		return 0;
	if (used <= 0) {
		*key = (uint32_t)K_BYTE + bytes[0];
		return 1;
	}
	if (used == 1)
		*key = plain_key(input, bytes[0]);
	return (size_t)used;
}

/** A sequence that was taught. `*partial` says whether the bytes are the beginning of one. */
static size_t decode_taught(const struct input *input, const unsigned char *bytes, size_t len, uint32_t *key,
                            bool *partial)
{
	size_t best = 0;

	for (size_t i = 0; i < input->sequence_count; i++) {
		const struct input_sequence *sequence = &input->sequences[i];

		if (memcmp(sequence->bytes, bytes, size_min(sequence->len, len)) != 0)
			continue;
		*partial = *partial || sequence->len > len;
		if (sequence->len <= len && sequence->len > best) {
			best = sequence->len;
			*key = sequence->key;
		}
	}
	return best;
}

static size_t decode_escape(const struct input *input, const unsigned char *bytes, size_t len, bool late, uint32_t *key);

/** ESC and another key: that key with Alt; the Esc alone when it is too late, or the other is an Esc by itself. */
static size_t decode_alt(const struct input *input, const unsigned char *bytes, size_t len, bool late, uint32_t *key)
{
	size_t used;

	*key = K_ESC;
	if (len < 2)
		return late;
	if (bytes[1] != K_ESC) {
		used = decode_char(input, bytes + 1, len - 1, late, key);
	} else {
		if (len > 2 && bytes[2] != '[' && bytes[2] != 'O')
			return 1;
		used = len > 2 ? decode_escape(input, bytes + 1, len - 1, late, key) : 0;
		if (used == 0 || *key == K_ESC) {
			*key = K_ESC;
			return late;
		}
	}
	if (used > 0 && *key != K_NONE)
		*key |= K_ALT;
	return used > 0 ? used + 1 : 0;
}

static size_t decode_escape(const struct input *input, const unsigned char *bytes, size_t len, bool late, uint32_t *key)
{
	bool partial = false;
	size_t used = decode_taught(input, bytes, len, key, &partial);

	if (used > 0)
		return used;
	if (len > 1 && bytes[1] == '[')
		used = decode_csi(bytes, len, key);
	else if (len > 1 && bytes[1] == 'O')
		used = decode_ss3(bytes, len, key);
	else if (!partial || late)
		return decode_alt(input, bytes, len, late, key);
	if (used > 0 || !late)
		return used;
	if (len > 2) {  /* broken off in the middle: drop it */
		*key = K_NONE;
		return len;
	}
	return decode_alt(input, bytes, len, late, key);
}

/**
 * Do bytes that begin with ESC begin a string: an answer of the terminal that nobody asked for, and that may hold any text? A
 * key with Alt begins in the same way; what is first in such a string tells.
 */
static bool is_string(const unsigned char *bytes, size_t len)
{
	static const struct {
		char begin;
		const char *first;
	} strings[] = { { ']', "0123456789lL" }, { 'P', "0123456789>|+!$?=" }, { '_', "G" } };

	for (size_t i = 0; i < ARRAY_LEN(strings); i++)
		if (len > 2 && bytes[1] == strings[i].begin && bytes[2] && strchr(strings[i].first, bytes[2]))
			return true;
	return false;
}

/** Swallow a string up to its end, or all there is of it. Returns how many bytes. */
static size_t take_string(struct input *input, const unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bool ends = bytes[i] == '\a' || bytes[i] == CAN || bytes[i] == SUB || input->string_esc;

		input->string_esc = !ends && bytes[i] == K_ESC;
		if (ends) {
			input->string = false;
			return i + 1;
		}
	}
	return len;
}

/** Take a bracket of a paste. Returns its length, 0 if there is none; `*partial` if it may yet become one. */
static size_t take_bracket(const char *bracket, const unsigned char *bytes, size_t len, bool *partial)
{
	size_t size = strlen(bracket);

	*partial = len < size && memcmp(bracket, bytes, len) == 0;
	return len >= size && memcmp(bracket, bytes, size) == 0 ? size : 0;
}

/** The next key, bracket or string. Returns its bytes, 0 when it is not complete; `*key` is K_NONE for what is no key. */
static size_t decode_next(struct input *input, const unsigned char *bytes, size_t len, bool late, uint32_t *key)
{
	bool partial;
	size_t used = take_bracket(input->bracketed ? paste_end : paste_begin, bytes, len, &partial);

	*key = K_NONE;
	if (used > 0) {
		input->bracketed = !input->bracketed;
		return used;
	}
	if (input->bracketed)
		return partial && !late ? 0 : decode_char(input, bytes, len, late, key);
	if (input->string)
		return take_string(input, bytes, len);
	if (bytes[0] != K_ESC)
		return decode_char(input, bytes, len, late, key);
	input->string = is_string(bytes, len);
	if (input->string)
		return 2;
	if (len == 2 && strchr("]P_", bytes[1]) && bytes[1] && !late)
		return 0; /* it may become one */
	return decode_escape(input, bytes, len, late, key);
}

bool input_next(struct input *input, int64_t now, struct term_event *event)
{
	bool late = now - input->since >= INPUT_ESC_NS;

	while (input->pos < input->len) {
		bool pasted = input->bracketed || input->pos < input->burst;
		bool queued = input->pos > input->chunk;
		uint32_t key;
		size_t used = decode_next(input, input->bytes + input->pos, input->len - input->pos, late, &key);

		if (used == 0)
			return false;
		input->pos += used;
		if (key != K_NONE) {
			*event = (struct term_event){ TERM_EVENT_KEY, key, pasted, queued };
			return true;
		}
	}
	return false;
}

int64_t input_deadline(const struct input *input)
{
	return input->pos < input->len ? input->since + INPUT_ESC_NS : -1;
}

void input_flush(struct input *input)
{
	input->pos = input->len;
}
