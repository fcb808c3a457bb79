/*
 * Three layers, each a few lines: bytes become lines (numbered, comments
 * dropped), lines with their continuations become records, a record's words
 * become columns.
 *
 * Whether a line goes on is known only when the next one begins. The record
 * under way is therefore in `open`; when it turns out to be complete, it
 * changes places with `done`, in which words are unquoted in place and where
 * the columns of the row given out point to.
 *
 * A line that is too long sets the buffer's sticky flag: its rest is dropped as
 * it comes, so that memory stays bounded whatever is fed.
 */
#include "store/customers_file.h"

#include "base/buf.h"
#include "base/utf8.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct customers_file {
	const char *bytes, *end; /* what was fed and is not used yet */
	bool ended;
	unsigned long number; /* of the line under way */
	struct buf line;      /* the line under way, without its newline */
	struct buf open;      /* the record that the next line may continue */
	unsigned long open_line, done_line;
	struct buf done;
};

struct customers_file *customers_file_new(void)
{
	struct customers_file *file = calloc(1, sizeof(*file));

	if (file == NULL)
		return NULL;
	file->number = 1;
	buf_init(&file->line, CUSTOMERS_LINE_MAX);
	buf_init(&file->open, CUSTOMERS_LINE_MAX);
	buf_init(&file->done, CUSTOMERS_LINE_MAX);
	return file;
}

void customers_file_free(struct customers_file **file)
{
	if (file == NULL || *file == NULL)
		return;
	buf_free(&(*file)->line);
	buf_free(&(*file)->open);
	buf_free(&(*file)->done);
	free(*file);
	*file = NULL;
}

void customers_file_feed(struct customers_file *file, const char *bytes, size_t len)
{
	file->bytes = bytes;
	file->end = bytes + len;
}

void customers_file_end(struct customers_file *file)
{
	file->ended = true;
}

static bool blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static int bad(struct error *fault, const char *what)
{
	return error_set(fault, ERROR_PERMANENT, "%s", what);
}

/* --- a record's words --- */

static int check_text(const char *text, size_t len, struct error *fault)
{
	if (!utf8_valid(text, len))
		return bad(fault, "is not UTF-8 text");
	if (utf8_control(text, len, "\t\n\v\f\r") != NULL)
		return bad(fault, "holds a control character");
	return 0;
}

/* Takes the next word, unquoted in place, and moves *next behind it. Returns 1,
 * 0 at the end, -1 with the fault. */
static int next_word(char **next, char **word_r, struct error *fault)
{
	char *in = *next, *out;
	bool quoted = false;

	while (blank(*in))
		in++;
	if (*in == '\0')
		return 0;
	*word_r = in;
	while (*in != '\0' && *in != '"' && !blank(*in))
		in++;
	for (out = in; *in != '\0' && (quoted || !blank(*in)); in++) {
		if (*in == '"') {
			quoted = !quoted;
			continue;
		}
		if (quoted && *in == '\\' && in[1] != '\0')
			in++;
		*out++ = *in;
	}
	if (quoted)
		return bad(fault, "a \" is not closed");
	*next = in + (*in != '\0');
	*out = '\0';
	return 1;
}

static bool is_mailbox(const char *text)
{
	size_t len = strlen(text);
	const char *at = memchr(text, '@', len);

	return at != NULL && at != text && text[len - 1] != '@' &&
	       strcspn(text, " \t\r\n\v\f,<>\"") == len;
}

static bool is_tenant(const char *text)
{
	for (; *text != '\0'; text++)
		if (!(*text >= 'a' && *text <= 'z') && !(*text >= '0' && *text <= '9') &&
			!(*text >= 'A' && *text <= 'Z') && *text != '.' && *text != '-')
			return false;
	return true;
}

static const struct {
	const char *name;
	enum customers_column column;
} names[] = {
	{"full_name", CUSTOMERS_FULL_NAME},
	{"tenant", CUSTOMERS_TENANT},
	{"m365_admin_email", CUSTOMERS_M365_ADMIN_EMAIL},
};

static int named_value(struct customers_row *row, char *word, struct error *fault)
{
	char *equals = strchr(word, '=');

	if (equals == NULL)
		return error_set(fault, ERROR_PERMANENT,
			"\"%.60s\" is not of the form name=value (quote values with spaces)",
			word);
	*equals = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i].name, word) != 0)
			continue;
		if (row->columns[names[i].column] != NULL)
			return error_set(fault, ERROR_PERMANENT, "%s is given twice", word);
		row->columns[names[i].column] = equals + 1;
		return 0;
	}
	return error_set(fault, ERROR_PERMANENT,
		"unknown name \"%.60s\" (known: full_name, tenant, m365_admin_email)", word);
}

/* Bytes of each column. Ids and what is looked up by are parts of the store's keys, which are bounded. */
static const size_t column_max[CUSTOMERS_COLUMNS] = {
	[CUSTOMERS_ID] = 256,
	[CUSTOMERS_MAILBOX] = 320,
	[CUSTOMERS_FULL_NAME] = CUSTOMERS_VALUE_MAX,
	[CUSTOMERS_TENANT] = 255,
	[CUSTOMERS_M365_ADMIN_EMAIL] = 320,
};

/* What must hold of the columns, once all are there. */
static int check_row(const struct customers_row *row, struct error *fault)
{
	const char *admin = row->columns[CUSTOMERS_M365_ADMIN_EMAIL];

	for (size_t i = 0; i < CUSTOMERS_COLUMNS; i++) {
		if (strlen(row->columns[i]) > column_max[i])
			return error_set(fault, ERROR_PERMANENT,
				"\"%.20s...\" is longer than %zu bytes", row->columns[i],
				column_max[i]);
		if (strpbrk(row->columns[i], "\t\r\v\f") != NULL)
			return bad(fault, "a value has a tab or the like in it");
	}
	if (row->columns[CUSTOMERS_ID][0] == '\0' ||
		strcmp(row->columns[CUSTOMERS_ID], "-") == 0)
		return bad(fault, "a customer id can be neither empty nor \"-\" alone");
	if (!is_mailbox(row->columns[CUSTOMERS_MAILBOX]))
		return error_set(fault, ERROR_PERMANENT,
			"\"%.60s\" is not a mailbox (name@domain)",
			row->columns[CUSTOMERS_MAILBOX]);
	if (admin[0] != '\0' && !is_mailbox(admin))
		return error_set(fault, ERROR_PERMANENT,
			"m365_admin_email: \"%.60s\" is not a mailbox (name@domain)", admin);
	if (!is_tenant(row->columns[CUSTOMERS_TENANT]))
		return error_set(fault, ERROR_PERMANENT,
			"tenant: \"%.60s\" is neither a domain nor an id",
			row->columns[CUSTOMERS_TENANT]);
	return 0;
}

static int parse_record(struct buf *record, struct customers_row *row, struct error *fault)
{
	char *next = record->data, *word;
	int got = 0;

	if (record->failed)
		return error_set(
			fault, ERROR_PERMANENT, "longer than %d bytes", CUSTOMERS_LINE_MAX);
	if (check_text(record->data, record->len, fault) != 0)
		return -1;
	for (size_t i = 0; i < CUSTOMERS_COLUMNS; i++)
		row->columns[i] = NULL;
	for (size_t n = 0; (got = next_word(&next, &word, fault)) > 0; n++) {
		if (n <= CUSTOMERS_MAILBOX)
			row->columns[n] = word;
		else if (named_value(row, word, fault) != 0)
			return -1;
	}
	if (got < 0)
		return -1;
	if (row->columns[CUSTOMERS_MAILBOX] == NULL)
		return bad(fault, "expected format: customer_id mailbox [name=value ...]");
	for (size_t i = 0; i < CUSTOMERS_COLUMNS; i++)
		if (row->columns[i] == NULL)
			row->columns[i] = "";
	return check_row(row, fault);
}

/* --- bytes to lines to records --- */

/* Unlike buf_append keeps the beginning of what is too long: it tells a comment from a customer. */
static void append_up_to_max(struct buf *line, const char *bytes, size_t len)
{
	size_t room = line->max - line->len;

	buf_append(line, bytes, len < room ? len : room);
	line->failed |= len > room;
}

/* Gathers bytes up to a newline or, once the input has ended, up to its end.
 * Returns whether a line is complete. */
static bool gather_line(struct customers_file *file)
{
	size_t len = (size_t)(file->end - file->bytes);
	const char *newline = len > 0 ? memchr(file->bytes, '\n', len) : NULL;

	if (newline != NULL)
		len = (size_t)(newline - file->bytes);
	append_up_to_max(&file->line, file->bytes, len);
	if (len > 0 || newline != NULL)
		file->bytes += len + (newline != NULL);
	return newline != NULL || (file->ended && (file->line.len > 0 || file->line.failed));
}

/* A byte order mark, which some editors put in front of a file, is not part of
 * its first line. */
static void drop_mark(struct customers_file *file)
{
	if (file->number == 1 && file->line.len >= 3 &&
		memcmp(file->line.data, "\xef\xbb\xbf", 3) == 0)
		buf_consume(&file->line, 3);
}

static bool is_comment(const struct buf *line)
{
	size_t i = 0;

	while (i < line->len && blank(line->data[i]))
		i++;
	return (i == line->len && !line->failed) || line->data[i] == '#';
}

static void move_line(struct buf *line, struct buf *to)
{
	while (line->len > 0 && line->data[line->len - 1] == '\r')
		line->len--;
	buf_append(to, line->data, line->len);
	buf_byte(to, ' ');
	to->failed |= line->failed;
	buf_reset(line);
}

/* Makes the open record the done one. Returns whether there was one. */
static bool close_record(struct customers_file *file)
{
	struct buf record = file->open;

	if (record.len == 0 && !record.failed)
		return false;
	file->open = file->done;
	buf_reset(&file->open);
	file->done = record;
	file->done_line = file->open_line;
	return true;
}

static enum customers_item give(
	struct customers_file *file, struct customers_row *row_r, struct error *fault_r)
{
	row_r->line = file->done_line;
	return parse_record(&file->done, row_r, fault_r) == 0 ? CUSTOMERS_ROW : CUSTOMERS_FAULT;
}

enum customers_item customers_file_next(
	struct customers_file *file, struct customers_row *row_r, struct error *fault_r)
{
	while (gather_line(file)) {
		unsigned long number = file->number;
		bool closed;

		drop_mark(file);
		file->number++;
		if (is_comment(&file->line)) {
			buf_reset(&file->line);
			continue;
		}
		if (blank(file->line.data[0]) && (file->open.len > 0 || file->open.failed)) {
			move_line(&file->line, &file->open);
			continue;
		}
		if (blank(file->line.data[0])) {
			buf_reset(&file->line);
			row_r->line = number;
			bad(fault_r,
				"begins with white space, but there is no line before to continue");
			return CUSTOMERS_FAULT;
		}
		closed = close_record(file);
		file->open_line = number;
		move_line(&file->line, &file->open);
		if (closed)
			return give(file, row_r, fault_r);
	}
	return file->ended && close_record(file) ? give(file, row_r, fault_r) : CUSTOMERS_MORE;
}
