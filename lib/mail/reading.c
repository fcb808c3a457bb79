/*
 * Memory for a whole source is asked for at once: a reading is never longer than what it was
 * made of.
 */
#include "mail/reading.h"

#include "mail/decode.h"

#include <stdlib.h>
#include <string.h>

int reading_init(struct reading *reading, size_t max)
{
	*reading = (struct reading){0};
	if (max > DECODE_MAX)
		return -1;
	reading->text = malloc(max + 1);
	reading->from = malloc((max + 1) * sizeof(*reading->from));
	reading->to = malloc((max + 1) * sizeof(*reading->to));
	if (reading->text == NULL || reading->from == NULL || reading->to == NULL) {
		reading_free(reading);
		return -1;
	}
	reading->text[0] = '\0';
	return 0;
}

void reading_put(struct reading *reading, char byte, size_t from, size_t to)
{
	reading->text[reading->len] = byte;
	reading->from[reading->len] = (uint32_t)from;
	reading->to[reading->len] = (uint32_t)to;
	reading->text[++reading->len] = '\0';
}

void reading_free(struct reading *reading)
{
	free(reading->text);
	free(reading->from);
	free(reading->to);
	*reading = (struct reading){0};
}

int reading_piece(
	const struct reading *reading, size_t *at, size_t end, struct source_range *piece_r)
{
	while (*at < end && reading->from[*at] == reading->to[*at])
		(*at)++;
	if (*at == end)
		return 0;
	piece_r->start = reading->from[*at];
	do {
		piece_r->end = reading->to[(*at)++];
	} while (*at < end && reading->from[*at] == piece_r->end);
	return 1;
}

/* The length of the line at source without its end; *next_r is where the next one starts. */
static size_t line_at(const char *source, size_t len, size_t start, size_t *next_r)
{
	const char *newline = memchr(source + start, '\n', len - start);
	size_t line = (newline == NULL ? len : (size_t)(newline - source)) - start;

	*next_r = newline == NULL ? len : start + line + 1;
	return line > 0 && newline != NULL && source[start + line - 1] == '\r' ? line - 1
									       : line;
}

static int flows_on(const char *line, size_t len)
{
	return len > 0 && line[len - 1] == ' ' && line[0] != '>' &&
	       !(len == 3 && memcmp(line, "-- ", 3) == 0);
}

int read_flowed(const char *source, size_t len, struct reading *reading_r)
{
	int flowed = 0;
	size_t next;

	if (reading_init(reading_r, len) < 0)
		return -1;
	for (size_t start = 0; start < len; start = next) {
		size_t line = line_at(source, len, start, &next), i = start, end = next;

		if (flowed && source[i] == ' ')
			i++; /* stuffed */
		flowed = flows_on(source + start, line) && next < len && source[next] != '>';
		if (flowed)
			end = start + line - 1;
		for (; i < end; i++)
			reading_put(reading_r, source[i], i, i + 1);
	}
	return 0;
}
