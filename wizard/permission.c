/*
 * Scopes are written with or without their resource in front
 * (https://graph.microsoft.com/User.Read.All); people are shown the last part, which is what
 * Microsoft's own consent page names.
 */
#include "permission.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX	      "permission_"
#define WORD_NAME_MAX 80

struct row {
	char word[WORD_NAME_MAX];
	struct template_value values[3];
};

struct permission_rows {
	struct row *rows;
	const struct template_value **list;
};

static const char *short_name(const char *scope)
{
	const char *slash = strrchr(scope, '/');

	return slash != NULL && slash[1] != '\0' ? slash + 1 : scope;
}

/* "User.Read.All" is the word permission_user_read_all. */
static void find_reason(const char *name, const struct words *words, char *word_r)
{
	size_t n = strlen(strcpy(word_r, PREFIX));

	for (; *name != '\0' && n + 1 < WORD_NAME_MAX; name++)
		word_r[n++] = isalnum((unsigned char)*name)
				      ? (char)tolower((unsigned char)*name)
				      : '_';
	word_r[n] = '\0';
	if (words_number(words, word_r) < 0)
		strcpy(word_r, PERMISSION_OTHER);
}

struct permission_rows *permission_rows_new(string_list scopes, const struct words *words)
{
	struct permission_rows *rows = calloc(1, sizeof(*rows));
	size_t count = 0;

	while (scopes[count] != NULL)
		count++;
	if (rows == NULL)
		return NULL;
	rows->rows = calloc(count + 1, sizeof(*rows->rows));
	rows->list = calloc(count + 1, sizeof(*rows->list));
	if (rows->rows == NULL || rows->list == NULL) {
		permission_rows_free(&rows);
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		const char *name = short_name(scopes[i]);
		struct row *row = &rows->rows[i];

		find_reason(name, words, row->word);
		row->values[0] = (struct template_value){.name = "permission", .text = name};
		row->values[1] = (struct template_value){.name = "why", .word = row->word};
		rows->list[i] = row->values;
	}
	return rows;
}

void permission_rows_free(struct permission_rows **rows)
{
	if (*rows == NULL)
		return;
	free((*rows)->rows);
	free((*rows)->list);
	free(*rows);
	*rows = NULL;
}

const struct template_value *const *permission_rows_list(const struct permission_rows *rows)
{
	return rows->list;
}
