/*
 * Authentication-Results: comments are dropped and quoted strings neutralised first (a verifier
 * quotes what the sender chose, such as an envelope address with "; dkim=pass" in it), then
 * "id; method=result property=value ...; ..." is taken apart at semicolons and blanks. Whoever
 * names an authserv-id in the configuration vouches that no stranger's field with that id
 * reaches us (RFC 8601 section 5), as every verifier makes sure.
 */
#include "mail/authentication.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BLANKS " \t\r\n"
#define METHOD "dkim"

unsigned int signed_fields(const char *h)
{
	static const struct {
		const char *name;
		unsigned int bit;
	} fields[] = {
		{"from", SIGNED_FROM},
		{"subject", SIGNED_SUBJECT},
		{"to", SIGNED_TO},
		{"date", SIGNED_DATE},
	};
	unsigned int bits = 0;

	while (*h != '\0') {
		size_t len;

		h += strspn(h, ":" BLANKS);
		len = strcspn(h, ":" BLANKS);
		for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
			if (strlen(fields[i].name) == len &&
				strncasecmp(h, fields[i].name, len) == 0)
				bits |= fields[i].bit;
		h += len;
	}
	return bits;
}

bool domain_listed(string_list domains, const char *domain)
{
	for (; *domains != NULL; domains++)
		if (strcasecmp(*domains, domain) == 0)
			return true;
	return false;
}

bool domain_within(const char *domain, const char *parent)
{
	size_t len = strlen(domain), parent_len = strlen(parent);

	return parent_len > 0 && len >= parent_len &&
	       strcasecmp(domain + len - parent_len, parent) == 0 &&
	       (len == parent_len || domain[len - parent_len - 1] == '.');
}

/* DKIM-Signature: what it says of itself. */

/* The value of a tag (RFC 6376 section 3.2), blanks at its ends removed; false when it is
 * missing or too long. */
static bool tag_value(const char *tags, const char *name, char *value_r, size_t size)
{
	while (*tags != '\0') {
		size_t len, name_len;

		tags += strspn(tags, BLANKS);
		len = strcspn(tags, ";");
		name_len = strcspn(tags, "=;" BLANKS);
		if (name_len < len && name_len == strlen(name) &&
			strncmp(tags, name, name_len) == 0) {
			const char *value = memchr(tags, '=', len);

			if (value == NULL)
				return false;
			value += 1 + strspn(value + 1, BLANKS);
			len -= (size_t)(value - tags) < len ? (size_t)(value - tags) : len;
			while (len > 0 && isspace((unsigned char)value[len - 1]))
				len--;
			if (len >= size)
				return false;
			memcpy(value_r, value, len);
			value_r[len] = '\0';
			return true;
		}
		tags += len + (tags[len] == ';');
	}
	return false;
}

bool dkim_tag(const struct header_field *field, const char *name, char *value_r, size_t size)
{
	char *tags = header_value(field);
	bool found = tags != NULL && tag_value(tags, name, value_r, size);

	free(tags);
	return found;
}

/* Returns whether the signature is of the domain that passed. */
static bool add_signature(const char *tags, struct authentication *authentication)
{
	char value[2048];

	if (!tag_value(tags, "d", value, sizeof(value)) ||
		strcasecmp(value, authentication->domain) != 0)
		return false;
	if (tag_value(tags, "l", value, sizeof(value)))
		authentication->length_limited = true;
	authentication->fields &=
		tag_value(tags, "h", value, sizeof(value)) ? signed_fields(value) : 0;
	return true;
}

static void read_signatures(
	const struct headers *headers, struct authentication *authentication)
{
	struct header_field field;
	size_t offset = 0;
	bool any = false;

	authentication->fields = SIGNED_ALL;
	while (headers_next(headers, &offset, &field)) {
		char *tags;

		if (!header_named(&field, "DKIM-Signature") ||
			(tags = header_value(&field)) == NULL)
			continue;
		any |= add_signature(tags, authentication);
		free(tags);
	}
	if (!any)
		authentication->fields = 0;
}

/* In place: a comment (nested, with quoted pairs) becomes blanks, a quoted string "?"s: no
 * property that counts here needs quotes. */
static void neutralise(char *text)
{
	char *to = text;
	int depth = 0;
	bool quoted = false;

	for (; *text != '\0'; text++) {
		char put = quoted ? '?' : depth > 0 ? ' ' : *text;

		if (*text == '\\' && text[1] != '\0' && (quoted || depth > 0)) {
			text++;
		} else if (*text == '"' && depth == 0) {
			quoted = !quoted;
			put = '?';
		} else if (*text == '(' && !quoted) {
			depth++;
			put = ' ';
		} else if (*text == ')' && depth > 0) {
			depth--;
		}
		*to++ = put;
	}
	*to = '\0';
}

/* "dkim=pass header.d=DOMAIN ...": fills the domain if it is that. */
static bool passes(char *result, string_list domains, struct authentication *authentication)
{
	static const char property[] = "header.d=";
	char *rest = NULL;
	char *word = strtok_r(result, BLANKS, &rest);

	if (word == NULL || strcasecmp(word, METHOD "=pass") != 0)
		return false;
	while ((word = strtok_r(NULL, BLANKS, &rest)) != NULL) {
		if (strncasecmp(word, property, sizeof(property) - 1) != 0)
			continue;
		word += sizeof(property) - 1;
		if (!domain_listed(domains, word) ||
			strlen(word) >= sizeof(authentication->domain))
			return false;
		strcpy(authentication->domain, word);
		return true;
	}
	return false;
}

static bool has_id(const char *value, const char *authserv_id)
{
	size_t len = strcspn(value, ";" BLANKS);

	return len == strlen(authserv_id) && strncasecmp(value, authserv_id, len) == 0;
}

/* Is it one on DKIM ("dkim=fail", "dkim/1 = fail"), or that nothing was looked at ("none")? */
static bool is_on_dkim(const char *result)
{
	static const char *const words[] = {METHOD, "none"};
	size_t len = strcspn(result, "=/" BLANKS);

	for (size_t i = 0; i < 2; i++)
		if (len == strlen(words[i]) && strncasecmp(result, words[i], len) == 0)
			return true;
	return false;
}

/* Takes apart the results of one field, in place. Returns whether any of them is on DKIM. */
static bool read_results(
	char *results, string_list domains, struct authentication *authentication_r)
{
	char *rest = results, *result;
	bool any = false;

	strsep(&rest, ";");
	while (authentication_r->outcome != AUTHENTICATION_PASS &&
		(result = strsep(&rest, ";")) != NULL) {
		result += strspn(result, BLANKS);
		any |= *result != '\0' && is_on_dkim(result);
		if (passes(result, domains, authentication_r))
			authentication_r->outcome = AUTHENTICATION_PASS;
	}
	return any;
}

void authentication_results(const struct headers *headers, const char *authserv_id,
	string_list domains, struct authentication *authentication_r)
{
	struct header_field field;
	size_t offset = 0;
	bool found = false;

	*authentication_r = (struct authentication){.outcome = AUTHENTICATION_FAIL};
	while (!found && headers_next(headers, &offset, &field)) {
		char *value;

		if (!header_named(&field, "Authentication-Results") ||
			(value = header_value(&field)) == NULL)
			continue;
		neutralise(value);
		if (has_id(value + strspn(value, BLANKS), authserv_id))
			found = read_results(value, domains, authentication_r);
		free(value);
	}
	if (authentication_r->outcome == AUTHENTICATION_PASS)
		read_signatures(headers, authentication_r);
}
