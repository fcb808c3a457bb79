/*
 * What the table (refusal_table.h) decides by is gathered here, out of a reply or a browser's
 * query. HTTP says more than the body where the server is in trouble: 5xx, 408 and 429 are
 * temporary whatever else they hold, and a 4xx without an OAuth error in it comes from
 * something in between.
 *
 * error_description is text for developers, may run over several lines, and might repeat what
 * was sent. It is shown only where a row's words alone would not do, only its first line, and
 * without any word so long that it could be a token. What a browser brings is not shown at all:
 * anybody can write it.
 */
#include "token/refusal.h"

#include "base/json.h"
#include "token/refusal_table.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CODES_MAX 8
#define QUOTE_MAX 160
#define WORD_MAX  48

struct facts {
	const char *error, *suberror, *description; /* error is never NULL */
	int codes[CODES_MAX];
	size_t codes_n;
};

/* Cuts a character that does not fit whole, and keeps the text one line. */
static void one_line(char *text)
{
	size_t len = strlen(text), start = len;

	while (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
		start--;
	if (start > 0) {
		unsigned char lead = (unsigned char)text[start - 1];
		size_t need = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;

		if (len - start < need)
			text[start - 1] = '\0';
	}
	for (char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
}

/* The name with what is not a plain name left out; "unknown" when nothing is left. */
static void plain_name(const char *name, char *name_r, size_t size)
{
	size_t n = 0;

	for (; name != NULL && *name != '\0' && n + 1 < size; name++)
		if (isalnum((unsigned char)*name) || strchr("_.-", *name) != NULL)
			name_r[n++] = *name;
	name_r[n] = '\0';
	if (n == 0)
		snprintf(name_r, size, "unknown");
}

int refusal_set(struct refusal *refusal_r, enum outcome outcome, const char *code,
	const char *format, ...)
{
	va_list args;

	refusal_r->outcome = outcome;
	refusal_r->retry_after = 0;
	plain_name(code, refusal_r->code, sizeof(refusal_r->code));
	va_start(args, format);
	vsnprintf(refusal_r->text, sizeof(refusal_r->text), format, args);
	va_end(args);
	one_line(refusal_r->text);
	refusal_r->own = strlen(refusal_r->text);
	return -1;
}

static bool has_code(const struct facts *facts, int code)
{
	for (size_t i = 0; i < facts->codes_n; i++)
		if (facts->codes[i] == code)
			return true;
	return false;
}

static bool fits(const struct refusal_row *row, const struct facts *facts)
{
	if (row->error != NULL && strcmp(row->error, facts->error) != 0)
		return false;
	if (row->suberror != NULL &&
		(facts->suberror == NULL || strcmp(row->suberror, facts->suberror) != 0))
		return false;
	return row->code == 0 || has_code(facts, row->code);
}

static const struct refusal_row *find_row(const struct facts *facts)
{
	const struct refusal_row *row = refusal_table;

	while (!fits(row, facts)) /* the last one fits everything */
		row++;
	return row;
}

/* " Microsoft says: ..." out of error_description. */
static void put_quote(struct buf *out, const char *description)
{
	size_t end = strcspn(description, "\r\n"), quoted = 0;
	const char *trace = strstr(description, " Trace ID:");

	if (trace != NULL && (size_t)(trace - description) < end)
		end = (size_t)(trace - description);
	if (end == 0)
		return;
	buf_string(out, ". Microsoft says:");
	for (size_t at = 0; at < end;) {
		size_t word = strcspn(description + at, " \r\n");

		if (word > 0 && quoted + word > QUOTE_MAX) {
			buf_string(out, " ...");
			return;
		}
		if (word > WORD_MAX)
			buf_string(out, " ...");
		else if (word > 0)
			buf_printf(out, " %.*s", (int)word, description + at);
		quoted += word > WORD_MAX ? 4 : word + 1;
		at += word + 1;
	}
}

/* "words (invalid_grant/bad_token, AADSTS50173)", and the quote where the row wants it. */
static int refuse(struct refusal *refusal_r, const struct facts *facts,
	const struct refusal_row *row, const char *words)
{
	char name[64];
	struct buf text;
	size_t own;

	buf_init(&text, 1024);
	plain_name(facts->error, name, sizeof(name));
	buf_printf(&text, "%s (%s", words, name);
	if (facts->suberror != NULL) {
		plain_name(facts->suberror, name, sizeof(name));
		buf_printf(&text, "/%s", name);
	}
	for (size_t i = 0; i < facts->codes_n; i++)
		buf_printf(&text, ", AADSTS%d", facts->codes[i]);
	buf_byte(&text, ')');
	own = text.len;
	if (row->quote && facts->description != NULL)
		put_quote(&text, facts->description);
	refusal_set(refusal_r, row->outcome, row->name != NULL ? row->name : facts->error, "%s",
		text.data);
	if (own < refusal_r->own)
		refusal_r->own = own;
	buf_free(&text);
	return -1;
}

/* "AADSTS65001: ..." names its code itself. */
static void code_of_description(struct facts *facts)
{
	long code;

	if (facts->description == NULL || strncmp(facts->description, "AADSTS", 6) != 0 ||
		!isdigit((unsigned char)facts->description[6]) ||
		strspn(facts->description + 6, "0123456789") > 9)
		return;
	code = strtol(facts->description + 6, NULL, 10);
	facts->codes[facts->codes_n++] = (int)code;
}

static void read_codes(struct json_object *object, struct facts *facts)
{
	struct json_object *list = json_member(object, "error_codes");

	for (size_t i = 0; i < json_count(list) && i < CODES_MAX; i++) {
		struct json_object *code = json_object_array_get_idx(list, i);

		if (json_object_is_type(code, json_type_int))
			facts->codes[facts->codes_n++] = json_object_get_int(code);
	}
	if (facts->codes_n == 0)
		code_of_description(facts);
}

static int refuse_status(const struct reply *reply, struct refusal *refusal_r)
{
	char code[16];

	snprintf(code, sizeof(code), "http_%d", reply->status);
	if (reply->status == 429)
		refusal_set(refusal_r, OUTCOME_TEMPORARY, code,
			"Microsoft asks to wait, too many requests (HTTP status 429); it is "
			"tried again");
	else
		refusal_set(refusal_r, OUTCOME_TEMPORARY, code,
			"the answer is none of Microsoft's sign-in service (HTTP status %d); it "
			"is tried again",
			reply->status);
	refusal_r->retry_after = reply->retry_after;
	return -1;
}

static int refuse_body(
	struct json_object *object, const struct reply *reply, struct refusal *refusal_r)
{
	struct facts facts = {
		.error = json_string(object, "error", NULL),
		.suberror = json_string(object, "suberror", NULL),
		.description = json_string(object, "error_description", NULL),
	};
	const struct refusal_row *row;

	if (facts.error == NULL)
		return refuse_status(reply, refusal_r);
	read_codes(object, &facts);
	row = find_row(&facts);
	refuse(refusal_r, &facts, row, row->words);
	if (refusal_r->outcome == OUTCOME_TEMPORARY)
		refusal_r->retry_after = reply->retry_after;
	return -1;
}

int refusal_read(const struct reply *reply, struct refusal *refusal_r)
{
	struct json_object *object;
	struct error error;

	if (reply->status >= 500 || reply->status == 429 || reply->status == 408 ||
		reply->len > REPLY_MAX ||
		json_parse(reply->body, reply->len, &object, &error) != 0)
		return refuse_status(reply, refusal_r);
	refuse_body(object, reply, refusal_r);
	json_object_put(object);
	return -1;
}

int refusal_from_callback(const char *error, const char *description, struct refusal *refusal_r)
{
	struct facts facts = {.error = error != NULL ? error : "", .description = description};
	const struct refusal_row *row;

	code_of_description(&facts);
	facts.description = NULL;
	row = find_row(&facts);
	return refuse(
		refusal_r, &facts, row, row->in_browser != NULL ? row->in_browser : row->words);
}
