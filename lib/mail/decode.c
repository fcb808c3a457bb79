/*
 * Decoders that remember where each byte came from. They are as lenient as mail programs are: what
 * is no valid escape stands for itself, so that nothing a sender wrote is lost from view.
 */
#include "mail/decode.h"

#include <stdlib.h>
#include <string.h>

static int decoded_start(struct decoded *decoded, size_t len)
{
	*decoded = (struct decoded){0};
	if (len > DECODE_MAX)
		return -1;
	decoded->text = malloc(len + 1);
	decoded->at = malloc((len + 1) * sizeof(*decoded->at));
	if (decoded->text != NULL && decoded->at != NULL)
		return 0;
	decoded_free(decoded);
	return -1;
}

static void decoded_put(struct decoded *decoded, char byte, size_t at)
{
	decoded->text[decoded->len] = byte;
	decoded->at[decoded->len++] = (uint32_t)at;
}

static int decoded_end(struct decoded *decoded, size_t source_end)
{
	decoded->text[decoded->len] = '\0';
	decoded->at[decoded->len] = (uint32_t)source_end;
	return 0;
}

void decoded_free(struct decoded *decoded)
{
	free(decoded->text);
	free(decoded->at);
	*decoded = (struct decoded){0};
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found =
		c == '\0' ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c);

	return found == NULL ? -1 : (int)(found - digits);
}

/* The length of a soft line break at source ("=", blanks, line end), 0 when it is none. */
static size_t soft_break(const char *source, size_t len)
{
	size_t i = 1;

	while (i < len && (source[i] == ' ' || source[i] == '\t'))
		i++;
	if (i == len)
		return len;
	if (source[i] == '\n')
		return i + 1;
	return i + 1 < len && source[i] == '\r' && source[i + 1] == '\n' ? i + 2 : 0;
}

int decode_quoted_printable(const char *source, size_t len, struct decoded *decoded_r)
{
	size_t i = 0;

	if (decoded_start(decoded_r, len) < 0)
		return -1;
	while (i < len) {
		size_t skip;

		if (source[i] != '=') {
			decoded_put(decoded_r, source[i], i);
			i++;
		} else if (i + 2 < len && hex_digit(source[i + 1]) >= 0 &&
			   hex_digit(source[i + 2]) >= 0) {
			decoded_put(decoded_r,
				(char)(hex_digit(source[i + 1]) << 4 |
					hex_digit(source[i + 2])),
				i);
			i += 3;
		} else if ((skip = soft_break(source + i, len - i)) > 0) {
			i += skip;
		} else {
			decoded_put(decoded_r, source[i], i);
			i++;
		}
	}
	return decoded_end(decoded_r, len);
}

static int base64_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = c == '\0' ? NULL : strchr(digits, c);

	return found == NULL ? -1 : (int)(found - digits);
}

int decode_base64(const char *source, size_t len, struct decoded *decoded_r)
{
	unsigned int bits = 0;
	int count = 0;
	size_t i, end = 0;

	if (decoded_start(decoded_r, len) < 0)
		return -1;
	for (i = 0; i < len && source[i] != '='; i++) {
		int digit = base64_digit(source[i]);

		if (digit < 0)
			continue;
		end = i + 1;
		bits = (bits << 6 | (unsigned int)digit) & 0xffffff;
		count += 6;
		if (count >= 8) {
			count -= 8;
			decoded_put(decoded_r, (char)(bits >> count), i);
		}
	}
	for (; i < len && source[i] == '='; i++)
		end = i + 1;
	return decoded_end(decoded_r, end);
}

bool base64_is_clean(const char *source, size_t len)
{
	bool begun = false, ended = false; /* the line's digits */
	size_t i;

	for (i = 0; i < len && source[i] != '='; i++) {
		char c = source[i];

		if (c == '\r' || c == '\n')
			begun = ended = false;
		else if (c == ' ' || c == '\t')
			ended = begun;
		else if (ended || base64_digit(c) < 0)
			return false;
		else
			begun = true;
	}
	while (i < len && memchr("= \t\r\n", source[i], 5) != NULL)
		i++;
	return i == len;
}

/* The ASCII character that a reference without its "&" names, 0 when it names none of those that
 * links and placeholders are made of. *len_r is its length with the closing semicolon, if any. */
static char named_reference(const char *name, size_t len, size_t *len_r)
{
	static const struct {
		const char *name;
		char character;
	} names[] = {
		{"amp;", '&'},
		{"AMP;", '&'},
		{"lt;", '<'},
		{"gt;", '>'},
		{"quot;", '"'},
		{"apos;", '\''},
		{"lbrace;", '{'},
		{"lcub;", '{'},
		{"rbrace;", '}'},
		{"rcub;", '}'},
		{"lbrack;", '['},
		{"lsqb;", '['},
		{"rbrack;", ']'},
		{"rsqb;", ']'},
		{"colon;", ':'},
		{"sol;", '/'},
		{"period;", '.'},
		{"quest;", '?'},
		{"equals;", '='},
		{"num;", '#'},
		{"percnt;", '%'},
		{"dollar;", '$'},
		{"lowbar;", '_'},
		{"commat;", '@'},
		{"amp", '&'},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t name_len = strlen(names[i].name);

		if (name_len <= len && memcmp(name, names[i].name, name_len) == 0) {
			*len_r = name_len;
			return names[i].character;
		}
	}
	return 0;
}

static char numeric_reference(const char *text, size_t len, size_t *len_r)
{
	bool hex = len > 1 && (text[1] == 'x' || text[1] == 'X');
	size_t i = hex ? 2 : 1, first = i;
	unsigned long value = 0;

	for (; i < len && value < 0x110000; i++) {
		int digit = hex_digit(text[i]);

		if (digit < 0 || (!hex && digit > 9))
			break;
		value = value * (hex ? 16 : 10) + (unsigned long)digit;
	}
	if (i == first || value == 0 || value > 0x7e)
		return 0;
	*len_r = i < len && text[i] == ';' ? i + 1 : i;
	return (char)value;
}

char html_reference(const char *text, size_t len, size_t *len_r)
{
	char character;

	if (len < 2 || text[0] != '&')
		return 0;
	character = text[1] == '#' ? numeric_reference(text + 1, len - 1, len_r)
				   : named_reference(text + 1, len - 1, len_r);
	*len_r += character != 0;
	return character;
}

int decode_html(const char *source, size_t len, struct decoded *decoded_r)
{
	size_t i = 0;

	if (decoded_start(decoded_r, len) < 0)
		return -1;
	while (i < len) {
		size_t taken = 1;
		char character = html_reference(source + i, len - i, &taken);

		decoded_put(decoded_r, character != 0 ? character : source[i], i);
		i += character != 0 ? taken : 1;
	}
	return decoded_end(decoded_r, len);
}
