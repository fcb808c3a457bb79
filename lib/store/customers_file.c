/*
 * Two layers, each a few lines: bytes become lines (numbered, comments
 * dropped), lines with their continuations become records. What a record says
 * is customers_row.c's.
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

	while (i < line->len && customers_blank(line->data[i]))
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
	return customers_row_parse(&file->done, row_r, fault_r) == 0 ? CUSTOMERS_ROW
								     : CUSTOMERS_FAULT;
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
		if (customers_blank(file->line.data[0]) &&
			(file->open.len > 0 || file->open.failed)) {
			move_line(&file->line, &file->open);
			continue;
		}
		if (customers_blank(file->line.data[0])) {
			buf_reset(&file->line);
			row_r->line = number;
			error_set(fault_r, ERROR_PERMANENT,
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
