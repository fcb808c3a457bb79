/*
 * PCRE2 with a match limit. Mail is not always what it says it is, so invalid UTF-8 is allowed in
 * the subject (PCRE2_MATCH_INVALID_UTF) instead of being an error: such bytes match nothing but are
 * no obstacle.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/pattern.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#define MATCH_LIMIT    100000
#define HEAP_LIMIT_KIB 4096

struct pattern {
	pcre2_code *code;
};

struct pattern *pattern_new(const char *expression, struct error *error)
{
	struct pattern *pattern = calloc(1, sizeof(*pattern));
	PCRE2_UCHAR words[160];
	PCRE2_SIZE where;
	int fault;

	if (pattern == NULL) {
		error_memory(error);
		return NULL;
	}
	pattern->code = pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED,
		PCRE2_UTF | PCRE2_CASELESS | PCRE2_MATCH_INVALID_UTF, &fault, &where, NULL);
	if (pattern->code == NULL) {
		pcre2_get_error_message(fault, words, sizeof(words));
		error_set(error, ERROR_CONFIGURATION,
			"regular expression \"%s\", character %zu: %s", expression, where + 1,
			(char *)words);
		pattern_free(&pattern);
		return NULL;
	}
	pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE);
	return pattern;
}

void pattern_free(struct pattern **pattern)
{
	if (pattern == NULL || *pattern == NULL)
		return;
	pcre2_code_free((*pattern)->code);
	free(*pattern);
	*pattern = NULL;
}

static char *group1(pcre2_match_data *data, int groups)
{
	PCRE2_UCHAR *found;
	PCRE2_SIZE len;
	char *copy;

	if (groups < 2 || pcre2_substring_get_bynumber(data, 1, &found, &len) != 0)
		return NULL;
	copy = strdup((char *)found);
	pcre2_substring_free(found);
	return copy;
}

bool pattern_match(
	const struct pattern *pattern, const char *subject, size_t len, char **group1_r)
{
	pcre2_match_data *data = pcre2_match_data_create_from_pattern(pattern->code, NULL);
	pcre2_match_context *limits = pcre2_match_context_create(NULL);
	int groups = 0;

	if (group1_r != NULL)
		*group1_r = NULL;
	if (data != NULL && limits != NULL) {
		pcre2_set_match_limit(limits, MATCH_LIMIT);
		pcre2_set_heap_limit(limits, HEAP_LIMIT_KIB);
		groups = pcre2_match(
			pattern->code, (PCRE2_SPTR)subject, len, 0, 0, data, limits);
		if (groups > 0 && group1_r != NULL)
			*group1_r = group1(data, groups);
	}
	pcre2_match_context_free(limits);
	pcre2_match_data_free(data);
	return groups > 0;
}
