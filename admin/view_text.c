/*
 * Texts: folding, the arena, and searching through all of it in one go, which costs less than
 * looking at a million texts one by one.
 */
#include "view_internal.h"

#include <glib.h>
#include <string.h>

#define NUMBER_LEN  8
#define COMPACT_MIN ((size_t)16 * 1024 * 1024)

static bool fold_ascii(const char *text, struct buf *out)
{
	size_t before = out->len;

	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c >= 0x80) {
			out->len = before;
			return false;
		}
		if (c >= 'A' && c <= 'Z')
			c = (unsigned char)(c - 'A' + 'a');
		buf_byte(out, c < 0x20 || c == 0x7f ? ' ' : (char)c);
	}
	return true;
}

void text_fold(const char *text, struct buf *out)
{
	char *parts, *folded, bytes[6];

	if (fold_ascii(text, out))
		return;
	/* A letter with an accent becomes the letter and the accent, which is then left out. */
	parts = g_utf8_normalize(text, -1, G_NORMALIZE_ALL);
	folded = g_utf8_casefold(parts != NULL ? parts : "", -1);
	for (const char *p = folded; *p != '\0'; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);

		if (g_unichar_iscntrl(c))
			buf_byte(out, ' ');
		else if (!g_unichar_ismark(c))
			buf_append(out, bytes, (size_t)g_unichar_to_utf8(c, bytes));
	}
	g_free(folded);
	g_free(parts);
}

const char *row_field(const struct view *view, uint32_t row, enum field field)
{
	const char *text = view->texts.data + view->rows[row].text + NUMBER_LEN;

	for (int i = 0; i < (int)field; i++)
		text = (const char *)memchr(text, FIELD_END, SIZE_MAX / 2) + 1;
	return text;
}

static void put_number(char *bytes, uint32_t number)
{
	for (int i = 0; i < NUMBER_LEN; i++)
		bytes[i] = (char)(0x10 | ((number >> (28 - 4 * i)) & 0x0f));
}

static uint32_t get_number(const char *bytes)
{
	uint32_t number = 0;

	for (int i = 0; i < NUMBER_LEN; i++)
		number = number << 4 | ((unsigned char)bytes[i] & 0x0f);
	return number;
}

/* A row's text, its number included, up to the next 0 or the arena's end. */
static size_t text_len(const struct view *view, size_t at)
{
	const char *text = view->texts.data + at;

	return strlen(text);
}

/* Leaves out what is no row's. Without memory for it everything stays as it is. */
static void texts_compact(struct view *view)
{
	struct buf fresh;

	buf_init(&fresh, view->texts.max);
	buf_append(&fresh, view->texts.data, 1);
	for (size_t at = 1, len; at < view->texts.len && !fresh.failed; at += len) {
		len = text_len(view, at) + 1;
		if (view->rows[get_number(view->texts.data + at)].text == at)
			buf_append(&fresh, view->texts.data + at, len);
	}
	if (fresh.failed) {
		buf_free(&fresh);
		return;
	}
	for (size_t at = 1; at < fresh.len; at += strlen(fresh.data + at) + 1)
		view->rows[get_number(fresh.data + at)].text = (uint32_t)at;
	buf_free(&view->texts);
	view->texts = fresh;
	view->texts_dead = 0;
}

int texts_put(struct view *view, uint32_t row, const struct buf *fields)
{
	struct buf *texts = &view->texts;
	char number[NUMBER_LEN];
	size_t before = texts->len;

	if (view->texts_dead > COMPACT_MIN && view->texts_dead > texts->len / 2)
		texts_compact(view);
	put_number(number, row);
	if (texts->len == 0)
		buf_byte(texts, '\0');
	before = texts->len;
	buf_append(texts, number, sizeof(number));
	buf_append(texts, fields->data, fields->len);
	buf_byte(texts, '\0');
	if (texts->failed) {
		texts->failed = false;
		texts->len = before;
		return -1;
	}
	view->rows[row].text = (uint32_t)before;
	return 0;
}

void texts_drop(struct view *view, uint32_t row)
{
	view->texts_dead += text_len(view, view->rows[row].text) + 1;
	view->rows[row].text = 0;
}

bool texts_same(const struct view *view, uint32_t row, const struct buf *fields)
{
	return strcmp(view->texts.data + view->rows[row].text + NUMBER_LEN, fields->data) == 0;
}

#define STEP 16
typedef unsigned char bytes16 __attribute__((vector_size(STEP)));

static bytes16 load(const char *at)
{
	bytes16 bytes;

	memcpy(&bytes, at, sizeof(bytes));
	return bytes;
}

static bool any(bytes16 bytes)
{
	uint64_t halves[2];

	memcpy(halves, &bytes, sizeof(halves));
	return (halves[0] | halves[1]) != 0;
}

/* memmem(3) for what is asked a million times: it prepares nothing, and looks at 16 places at
 * once for both the first and the last byte. */
static const char *find_text(const char *at, const char *end, const struct buf *what)
{
	const bytes16 first = (unsigned char)what->data[0] - (bytes16){0};
	const bytes16 last = (unsigned char)what->data[what->len - 1] - (bytes16){0};

	for (; (size_t)(end - at) >= what->len + STEP; at += STEP) {
		bytes16 here = (bytes16)(load(at) == first) &
			       (bytes16)(load(at + what->len - 1) == last);

		for (int i = 0; any(here) && i < STEP; i++)
			if (here[i] != 0 && memcmp(at + i, what->data, what->len) == 0)
				return at + i;
	}
	return memmem(at, (size_t)(end - at), what->data, what->len);
}

void texts_search(
	const struct view *view, const struct buf *what, row_found_fn *found, void *context)
{
	const char *begin = view->texts.data, *end = begin + view->texts.len, *at = begin;

	while ((at = find_text(at, end, what)) != NULL) {
		const char *text = (const char *)memrchr(begin, '\0', (size_t)(at - begin)) + 1;
		uint32_t row = get_number(text);

		if (view->rows[row].text == (size_t)(text - begin))
			found(context, row);
		at += strlen(at);
	}
}
