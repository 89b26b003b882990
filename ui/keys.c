#include "keys.h"

#include <string.h>
#include <strings.h>

#include "text.h"

struct key_word {
	const char *name;
	uint32_t key;
};

/** Names of keys; the first of several for one key is the one that is printed. */
static const struct key_word words[] = {
	{ "Enter", K_ENTER }, { "Return", K_ENTER }, { "CR", K_ENTER },
	{ "Esc", K_ESC }, { "Escape", K_ESC },
	{ "Space", ' ' },
	{ "Tab", K_TAB }, { "S-Tab", K_BACKTAB }, { "BackTab", K_BACKTAB }, { "Shift-Tab", K_BACKTAB },
	{ "Backspace", K_BACKSPACE }, { "BS", K_BACKSPACE },
	{ "Up", K_UP }, { "Down", K_DOWN }, { "Left", K_LEFT }, { "Right", K_RIGHT },
	{ "Home", K_HOME }, { "End", K_END },
	{ "PgUp", K_PGUP }, { "PageUp", K_PGUP }, { "PgDn", K_PGDN }, { "PageDown", K_PGDN },
	{ "Ins", K_INSERT }, { "Insert", K_INSERT }, { "Del", K_DELETE }, { "Delete", K_DELETE },
	{ "S-Up", K_S_UP }, { "S-Down", K_S_DOWN }, { "S-Left", K_S_LEFT }, { "S-Right", K_S_RIGHT },
	{ "C-Up", K_C_UP }, { "C-Down", K_C_DOWN }, { "C-Left", K_C_LEFT }, { "C-Right", K_C_RIGHT },
	{ "F1", K_F1 }, { "F2", K_F1 + 1 }, { "F3", K_F1 + 2 }, { "F4", K_F1 + 3 },
	{ "F5", K_F1 + 4 }, { "F6", K_F1 + 5 }, { "F7", K_F1 + 6 }, { "F8", K_F1 + 7 },
	{ "F9", K_F1 + 8 }, { "F10", K_F1 + 9 }, { "F11", K_F1 + 10 }, { "F12", K_F12 },
	{ "C-Space", 0 }, { "Equal", '=' },
};

int utf8_decode(const void *bytes, size_t len, uint32_t *scalar)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *byte = bytes;
	uint32_t value;
	int need;

	if (len == 0)
		return 0;
	if (byte[0] < 0x80) {
		*scalar = byte[0];
		return 1;
	}
	if (byte[0] < 0xc2 || byte[0] > 0xf4)
		return -1;
	need = byte[0] < 0xe0 ? 2 : byte[0] < 0xf0 ? 3 : 4;
	value = byte[0] & (0x7fu >> need);
	for (int i = 1; i < need; i++) {
		if ((size_t)i == len)
			return 0;
		if ((byte[i] & 0xc0) != 0x80)
			return -1;
		value = value << 6 | (byte[i] & 0x3f);
	}
	if (value < least[need] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return -1;
	*scalar = value;
	return need;
}

size_t utf8_encode(uint32_t scalar, char out[4])
{
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t len = scalar < 0x80 ? 1 : scalar < 0x800 ? 2 : scalar < 0x10000 ? 3 : 4;

	for (size_t i = len; i-- > 1; scalar >>= 6)
		out[i] = (char)(0x80 | (scalar & 0x3f));
	out[0] = (char)(lead[len == 1 ? 0 : len] | scalar);
	return len;
}

bool key_is_text(uint32_t key)
{
	if (key >= K_BYTE && key <= K_BYTE + 0xff)
		return true;
	return key >= ' ' && key != K_BACKSPACE && key < K_NONE;
}

/** Add what a key without K_ALT is called when it has no word. */
static void name_plain(struct buf *out, uint32_t key)
{
	char bytes[4];

	if (key < ' ') {
		buf_add_byte(out, '^');
		buf_add_byte(out, key >= 1 && key <= 26 ? (int)key + 'a' - 1 : (int)key + '@');
		return;
	}
	if (key >= K_BYTE && key <= K_BYTE + 0xff) {
		bytes[0] = (char)(key - K_BYTE);
		text_add(out, bytes, 1, 0);
		return;
	}
	if (key >= K_NONE) {
		buf_add_str(out, "?");
		return;
	}
	text_add(out, bytes, utf8_encode(key, bytes), 0);
}

void key_add(struct buf *out, uint32_t key)
{
	if (key & K_ALT)
		buf_add_str(out, "M-");
	key &= ~(uint32_t)K_ALT;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (words[i].key == key && key != '=' && key != 0) {
			buf_add_str(out, words[i].name);
			return;
		}
	}
	name_plain(out, key);
}

void keys_add(struct buf *out, const uint32_t *keys, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_add_byte(out, ' ');
		key_add(out, keys[i]);
	}
}

/** The control key of a character, or K_NONE. */
static uint32_t control_of(char c)
{
	if (c == '?')
		return K_BACKSPACE;
	if ((c >= '@' && c <= '_') || (c >= 'a' && c <= 'z'))
		return KEY_CTRL((unsigned char)c);
	return K_NONE;
}

/** What one name means, or K_NONE. */
static uint32_t parse_name(const char *name, size_t len)
{
	uint32_t key;

	if (len > 2 && (name[0] == 'M' || name[0] == 'A') && name[1] == '-') {
		key = parse_name(name + 2, len - 2);
		return key == K_NONE || (key & K_ALT) ? K_NONE : key | K_ALT;
	}
	if (utf8_decode(name, len, &key) == (int)len)
		return key < ' ' || key == K_BACKSPACE ? K_NONE : key;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strncasecmp(words[i].name, name, len) == 0 && words[i].name[len] == '\0')
			return words[i].key;
	if (len == 2 && name[0] == '^')
		return control_of(name[1]);
	if (len == 3 && (name[0] == 'C' || name[0] == 'c') && name[1] == '-')
		return control_of(name[2]);
	return K_NONE;
}

int keys_parse(const char *text, uint32_t *keys, size_t max)
{
	static const char blanks[] = " \t";
	int count = 0;

	for (text += strspn(text, blanks); *text; text += strspn(text, blanks)) {
		size_t len = strcspn(text, blanks);
		uint32_t key = parse_name(text, len);

		if (key == K_NONE)
			return -1;
		if ((size_t)count < max)
			keys[count] = key;
		count++;
		text += len;
	}
	return count;
}

const char *keys_unknown(const char *text, size_t len, size_t *name_len)
{
	const char *end = text + len;

	for (; text < end; text += *name_len) {
		while (text < end && (*text == ' ' || *text == '\t'))
			text++;
		*name_len = 0;
		while (text + *name_len < end && text[*name_len] != ' ' && text[*name_len] != '\t')
			++*name_len;
		if (*name_len > 0 && parse_name(text, *name_len) == K_NONE)
			return text;
	}
	return NULL;
}
