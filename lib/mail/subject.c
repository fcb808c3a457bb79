/*
 * GLib knows Unicode. What is no UTF-8 was replaced when it was decoded.
 */
#include "mail/subject.h"

#include "mail/value.h"

#include <glib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX                                                                              \
	4096 /* GLib sorts the accents of a letter in a time that is the square of their number */
#define MARKS_MAX 5
#define MARK_MAX  24 /* bytes of a mark without its end: words of any language */
#define IS_WIDE(at)                                                                            \
	(strncmp(at, "\xef\xbc\x9a", 3) == 0) /* the colon of Chinese and Japanese text */

/* In place. */
static void one_blank(char *text)
{
	const char *from = text;
	bool blank = false;

	while (*from != '\0') {
		const char *next = g_utf8_next_char(from);
		bool is_blank = g_unichar_isspace(g_utf8_get_char(from));

		if (is_blank && !blank) {
			*text++ = ' ';
		} else if (!is_blank) {
			memmove(text, from, (size_t)(next - from));
			text += next - from;
		}
		blank = is_blank;
		from = next;
	}
	*text = '\0';
}

char *subject_normal(const char *text)
{
	char *valid = mail_utf8(text), *composed, *result;

	if (valid == NULL)
		return NULL;
	composed = g_utf8_normalize(valid, -1, G_NORMALIZE_DEFAULT_COMPOSE);
	free(valid);
	if (composed == NULL)
		return NULL;
	one_blank(composed);
	result = strdup(composed);
	g_free(composed);
	return result;
}

char *subject_read(const char *value)
{
	char *decoded = mail_decode_header(strlen(value) > VALUE_MAX ? "" : value);
	char *subject = decoded == NULL ? NULL : subject_normal(decoded);

	free(decoded);
	if (subject == NULL)
		return NULL;
	if (*subject == ' ')
		memmove(subject, subject + 1, strlen(subject));
	if (*subject != '\0' && subject[strlen(subject) - 1] == ' ')
		subject[strlen(subject) - 1] = '\0';
	return subject;
}

/* The length of the mark that the text begins with; 0 without one. */
static size_t mark_len(const char *text)
{
	bool bracket = *text == '[';
	size_t len = bracket ? strcspn(text, "]") : strcspn(text, ":\xef");

	if (len == 0 || len > MARK_MAX || text[len] == '\0')
		return 0;
	if (!bracket && text[len] != ':' && !IS_WIDE(text + len))
		return 0;
	return len + (bracket || text[len] == ':' ? 1 : 3);
}

const char *subject_core(const char *subject)
{
	for (int i = 0; i < MARKS_MAX; i++) {
		subject += strspn(subject, " ");
		subject += mark_len(subject);
	}
	return subject + strspn(subject, " ");
}
