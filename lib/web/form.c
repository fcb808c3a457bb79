/*
 * One copy of the body is cut into fields in place: decoding never makes text longer, so each
 * name and value is decoded where it stands and closed with a NUL, which takes the place
 * of the '=' or '&' behind it. The copy is wiped when freed, because a form may hold what
 * a person typed.
 */
#include "web/form.h"

#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

struct field {
	const char *name;
	const char *value;
};

struct form {
	size_t count;
	struct field fields[FORM_MAX_FIELDS];
	size_t len;
	char text[];
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* Decodes in place. Returns the new length, or -1 at a broken escape. */
static ssize_t decode(char *text, size_t len)
{
	size_t out = 0;

	for (size_t in = 0; in < len; in++) {
		char c = text[in];

		if (c == '+') {
			c = ' ';
		} else if (c == '%') {
			if (len - in < 3 || hex_digit(text[in + 1]) < 0 ||
				hex_digit(text[in + 2]) < 0)
				return -1;
			c = (char)(hex_digit(text[in + 1]) * 16 + hex_digit(text[in + 2]));
			in += 2;
		}
		text[out++] = c;
	}
	return (ssize_t)out;
}

/* The number of bytes of the UTF-8 sequence at the front, 0 when there is none (RFC 3629). */
static size_t sequence_length(const unsigned char *bytes, size_t len)
{
	static const struct {
		unsigned char first, last, second_from, second_to;
		size_t length;
	} forms[] = {
		{0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3},
		{0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (bytes[0] < forms[i].first || bytes[0] > forms[i].last)
			continue;
		if (len < forms[i].length || bytes[1] < forms[i].second_from ||
			bytes[1] > forms[i].second_to)
			return 0;
		for (size_t n = 2; n < forms[i].length; n++) {
			if ((bytes[n] & 0xc0) != 0x80)
				return 0;
		}
		return forms[i].length;
	}
	return 0;
}

bool form_text_valid(const char *text, size_t len)
{
	const unsigned char *bytes = (const unsigned char *)text;

	for (size_t i = 0; i < len;) {
		size_t length = 1;

		if (bytes[i] >= 0x80)
			length = sequence_length(bytes + i, len - i);
		else if ((bytes[i] < ' ' && strchr("\t\r\n", bytes[i]) == NULL) ||
			 bytes[i] == 0x7f || bytes[i] == 0)
			return false;
		if (length == 0)
			return false;
		i += length;
	}
	return true;
}

/* Decodes one name or value and closes it. Returns 0 or -1. */
static int finish(char *text, size_t len)
{
	ssize_t decoded = decode(text, len);

	if (decoded < 0 || !form_text_valid(text, (size_t)decoded))
		return -1;
	text[decoded] = '\0';
	return 0;
}

static int add_field(struct form *form, char *text, size_t len, struct error *error)
{
	char *equals = memchr(text, '=', len);
	size_t name_len = equals != NULL ? (size_t)(equals - text) : len;
	char *value = equals != NULL ? equals + 1 : text + len;
	size_t value_len = (size_t)(text + len - value);

	if (form->count == FORM_MAX_FIELDS)
		return error_set(error, ERROR_PERMANENT, "a form of more than %d fields",
			FORM_MAX_FIELDS);
	if (finish(value, value_len) != 0 || finish(text, name_len) != 0)
		return error_set(error, ERROR_PERMANENT, "a form field that is no text");
	form->fields[form->count++] = (struct field){text, value};
	return 0;
}

struct form *form_parse(const char *body, size_t len, struct error *error)
{
	struct form *form = calloc(1, sizeof(*form) + len + 1);
	size_t from = 0;

	if (form == NULL) {
		error_memory(error);
		return NULL;
	}
	form->len = len;
	if (len > 0)
		memcpy(form->text, body, len);
	while (from < len) {
		char *end = memchr(form->text + from, '&', len - from);
		size_t field_len = end != NULL ? (size_t)(end - form->text) - from : len - from;

		if (field_len > 0 &&
			add_field(form, form->text + from, field_len, error) != 0) {
			form_free(&form);
			return NULL;
		}
		from += field_len + 1;
	}
	return form;
}

void form_free(struct form **form)
{
	if (*form == NULL)
		return;
	secret_wipe((*form)->text, (*form)->len);
	free(*form);
	*form = NULL;
}

const char *form_value(const struct form *form, const char *name)
{
	for (size_t i = 0; form != NULL && i < form->count; i++) {
		if (strcmp(form->fields[i].name, name) == 0)
			return form->fields[i].value;
	}
	return NULL;
}
