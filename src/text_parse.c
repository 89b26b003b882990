/* Reading back what text_add() wrote in its quoted form, and words as in sh. */
#include "text.h"

#include <errno.h>
#include <string.h>
#include <utf8proc.h>

/** A word being read. */
struct reader {
	const char *text;
	size_t len;
	size_t at;
	struct buf *out;
};

static bool reader_has(const struct reader *in, size_t ahead, char byte)
{
	return in->len - in->at > ahead && in->text[in->at + ahead] == byte;
}

static int digit_value(char byte, unsigned base)
{
	unsigned value = base;

	if (byte >= '0' && byte <= '9')
		value = (unsigned)(byte - '0');
	else if (byte >= 'a' && byte <= 'f')
		value = (unsigned)(byte - 'a') + 10;
	else if (byte >= 'A' && byte <= 'F')
		value = (unsigned)(byte - 'A') + 10;
	return value < base ? (int)value : -1;
}

/** Read up to `most` digits; returns how many there were. */
static int number_read(struct reader *in, unsigned base, int most, uint32_t *value)
{
	int count = 0;

	*value = 0;
	while (count < most && in->at < in->len && digit_value(in->text[in->at], base) >= 0) {
		*value = *value * base + (uint32_t)digit_value(in->text[in->at++], base);
		count++;
	}
	return count;
}

/** The rest of \u{HEX}, after the `u`. */
static bool character_read(struct reader *in)
{
	utf8proc_uint8_t utf8[4];
	uint32_t code;

	if (!reader_has(in, 0, '{'))
		return false;
	in->at++;
	if (number_read(in, 16, 6, &code) == 0 || !reader_has(in, 0, '}'))
		return false;
	in->at++;
	if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return false;
	buf_add(in->out, utf8, (size_t)utf8proc_encode_char((utf8proc_int32_t)code, utf8));
	return true;
}

/** What follows a backslash within $'...'. */
static bool escape_read(struct reader *in)
{
	static const char names[] = "abeEfnrtv\\'\"?";
	static const char bytes[] = "\a\b\033\033\f\n\r\t\v\\'\"?";
	const char *name;
	uint32_t value;
	char byte;

	if (in->at == in->len)
		return false;
	if (number_read(in, 8, 3, &value) > 0) {
		if (value > 0xff)
			return false;
		buf_add_byte(in->out, (int)value);
		return true;
	}
	byte = in->text[in->at++];
	if (byte == 'u')
		return character_read(in);
	if (byte == 'x') {
		if (number_read(in, 16, 2, &value) == 0)
			return false;
		buf_add_byte(in->out, (int)value);
		return true;
	}
	name = memchr(names, byte, sizeof names - 1);
	if (!name)
		return false;
	buf_add_byte(in->out, bytes[name - names]);
	return true;
}

/** Read to the closing quote, after the opening one. */
static bool quote_read(struct reader *in, char quote, bool escapes)
{
	while (in->at < in->len) {
		size_t start = in->at;
		char byte = in->text[in->at++];

		if (byte == quote)
			return true;
		if (byte == '\\' && escapes) {
			if (!escape_read(in)) {
				in->at = start;
				return false;
			}
			continue;
		}
		if (byte == '\\' && quote == '"' && in->at < in->len && strchr("$`\"\\\n", in->text[in->at])) {
			byte = in->text[in->at++];
			if (byte == '\n')
				continue;
		}
		buf_add_byte(in->out, byte);
	}
	return false;
}

/** Read one quoted part, one escaped byte or one bare byte. */
static bool part_read(struct reader *in)
{
	char byte = in->text[in->at++];

	if (byte == '\'' || byte == '"')
		return quote_read(in, byte, false);
	if (byte == '$' && reader_has(in, 0, '\'')) {
		in->at++;
		return quote_read(in, '\'', true);
	}
	if (byte == '\\') {
		if (in->at == in->len)
			return false;
		byte = in->text[in->at++];
		if (byte == '\n')
			return true;
	}
	buf_add_byte(in->out, byte);
	return true;
}

int text_parse(const char *text, size_t len, struct buf *out, size_t *used)
{
	struct reader in = { text, len, 0, out };

	while (in.at < len && in.text[in.at] != ' ' && in.text[in.at] != '\t' && in.text[in.at] != '\n') {
		size_t start = in.at;

		if (!part_read(&in)) {
			*used = in.at < len ? in.at : start;
			errno = EINVAL;
			return -1;
		}
	}
	*used = in.at;
	if (out->failed) {
		errno = ENOMEM;
		return -1;
	}
	return 0;
}
