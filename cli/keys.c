/*
 * Bytes become lines. stdin is read without a buffer of its own, since poll(2) does not know
 * what stands in one.
 */
#include "keys.h"

#include "lookup.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define KEY_MAX	     (64 * 1024)
#define READ_AT_ONCE (64 * 1024)

/* What is read: the line under way, and whether it is the first one. */
struct lines {
	struct buf line;
	bool first;
};

/* Passes on the line under way, and empties it. A byte order mark, which some editors put in
 * front of a file, is no part of its first line. */
static int pass_on(const struct keys_taker *taker, struct lines *lines)
{
	struct buf *line = &lines->line;
	int result = 0;

	if (lines->first && line->len >= 3 && memcmp(line->data, "\xef\xbb\xbf", 3) == 0)
		buf_consume(line, 3);
	lines->first = false;
	while (line->len > 0 && line->data[line->len - 1] == '\r')
		line->data[--line->len] = '\0';
	if (line->failed || strlen(line->data) != line->len || !lookup_is_text(line->data))
		cli_warn("stdin: a key is not UTF-8 text, no such thing is known");
	else if (line->len > 0)
		result = taker->take(taker->context, line->data);
	buf_reset(line);
	return result;
}

static int take_bytes(
	const struct keys_taker *taker, struct lines *lines, const char *bytes, size_t len)
{
	const char *end = bytes + len;

	while (bytes < end) {
		const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
		const char *stop = newline != NULL ? newline : end;
		int result;

		buf_append(&lines->line, bytes, (size_t)(stop - bytes));
		if (newline == NULL)
			return 0;
		result = pass_on(taker, lines);
		if (result != 0)
			return result;
		bytes = newline + 1;
	}
	return 0;
}

static bool more_waits(void)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};

	return poll(&in, 1, 0) > 0;
}

int keys_from_stdin(struct cli *cli, const struct keys_taker *taker)
{
	char bytes[READ_AT_ONCE];
	struct lines lines = {.first = true};
	ssize_t got = 0;
	int result = 0;

	buf_init(&lines.line, KEY_MAX);
	while (result == 0 && !ferror(stdout) &&
		(got = read(STDIN_FILENO, bytes, sizeof(bytes))) > 0) {
		result = take_bytes(taker, &lines, bytes, (size_t)got);
		if (result == 0 && taker->pause != NULL && !more_waits())
			result = taker->pause(taker->context);
	}
	if (got < 0)
		result = error_errno(&cli->error, errno, "read stdin");
	if (result == 0 && (lines.line.len > 0 || lines.line.failed))
		result = pass_on(taker, &lines);
	if (result == 0 && taker->pause != NULL)
		result = taker->pause(taker->context);
	buf_free(&lines.line);
	return result;
}
