/*
 * One pass over the text, two matchers. A platform link is platform_url, a slash and an identifier of URL-safe characters;
 * a query behind it goes with it, a longer path makes it another page of the platform. The sign-in's own return address
 * shares the base and is no invitation.
 */
#include "mail/links.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NO_INVITATION "OAuth2Callback"

struct text {
	const char *bytes;
	size_t len;
};

static bool is_id(char c)
{
	return isalnum((unsigned char)c) || (c != '\0' && strchr("-._~", c) != NULL);
}

static bool is_url(char c)
{
	return is_id(c) || (c != '\0' && strchr(":/?#@!$&*+,;=%", c) != NULL);
}

/* The length that the placeholder takes at i, 0 when it is not there. */
static size_t match_placeholder(const struct text *text, size_t i, const char *placeholder)
{
	size_t start = i;

	for (; *placeholder != '\0'; placeholder++) {
		char encoded[4];

		if (i < text->len && text->bytes[i] == *placeholder) {
			i++;
			continue;
		}
		if (text->len - i < 3 || text->bytes[i] != '%')
			return 0;
		snprintf(encoded, sizeof(encoded), "%%%02X", (unsigned char)*placeholder);
		if (strncasecmp(text->bytes + i, encoded, 3) != 0)
			return 0;
		i += 3;
	}
	return i - start;
}

/* The length of a scheme that ends at i. */
static size_t scheme_before(const struct text *text, size_t i, size_t from)
{
	static const char *const schemes[] = {"https://", "http://"};

	for (size_t s = 0; s < 2; s++) {
		size_t len = strlen(schemes[s]);

		if (i - from >= len && strncasecmp(text->bytes + i - len, schemes[s], len) == 0)
			return len;
	}
	return 0;
}

/* Scheme and host are caseless, the path is not. */
static bool match_base(const char *bytes, const char *url)
{
	const char *host = strstr(url, "://");
	size_t caseless = host == NULL ? 0 : 3 + (size_t)(host - url) + strcspn(host + 3, "/");

	return strncasecmp(bytes, url, caseless) == 0 &&
	       memcmp(bytes + caseless, url + caseless, strlen(url) - caseless) == 0;
}

/* Where a link ends whose identifier ended at i; 0 when it is another page's. An "&" there begins a character
 * reference ("&nbsp;"), not more of the path. */
static size_t link_end(const struct text *text, size_t i)
{
	size_t end = i;

	if (i < text->len && text->bytes[i] == '/' &&
		(i + 1 == text->len || !is_url(text->bytes[i + 1])))
		return i + 1;
	if (i == text->len || text->bytes[i] == '\0')
		return i;
	if (strchr("?#", text->bytes[i]) == NULL)
		return strchr("/%@=+$", text->bytes[i]) != NULL ? 0 : i;
	while (end < text->len && is_url(text->bytes[end]))
		end++;
	while (end > i && strchr(".,;:!?*", text->bytes[end - 1]) != NULL)
		end--;
	return end;
}

/* The length of a platform link at i, 0 when there is none; its identifier into id_r. */
static size_t match_platform(
	const struct text *text, size_t i, const char *url, char id_r[PLATFORM_ID_MAX + 1])
{
	size_t url_len = strlen(url), id, end;

	if (text->len - i < url_len + 2 || !match_base(text->bytes + i, url) ||
		text->bytes[i + url_len] != '/')
		return 0;
	if (i > 0 && (is_id(text->bytes[i - 1]) || text->bytes[i - 1] == '/'))
		return 0;
	id = end = i + url_len + 1;
	while (end < text->len && is_id(text->bytes[end]))
		end++;
	while (end > id && text->bytes[end - 1] == '.')
		end--;
	if (end == id || end - id > PLATFORM_ID_MAX)
		return 0;
	memcpy(id_r, text->bytes + id, end - id);
	id_r[end - id] = '\0';
	if (strcasecmp(id_r, NO_INVITATION) == 0)
		return 0;
	end = link_end(text, end);
	return end == 0 ? 0 : end - i;
}

/* Is a link of ours at i? Its token is what follows, so one more character has to. */
static bool match_tracked(const struct text *text, size_t i, const char *url)
{
	size_t len = strlen(url);

	return text->len - i > len && match_base(text->bytes + i, url) &&
	       is_id(text->bytes[i + len]);
}

static int add_hit(struct links *links, size_t start, size_t end)
{
	if (links->count == LINKS_MAX)
		return -1;
	if (links->hits == NULL &&
		(links->hits = calloc(LINKS_MAX, sizeof(*links->hits))) == NULL)
		return -1;
	links->hits[links->count++] = (struct link_hit){start, end};
	return 0;
}

int links_find(
	const char *bytes, size_t len, const struct link_rules *rules, struct links *links_r)
{
	const struct text text = {bytes, len};
	size_t i = 0, done = 0;

	*links_r = (struct links){0};
	snprintf(links_r->platform_id, sizeof(links_r->platform_id), "%s", rules->platform_id);
	while (i < len) {
		char id[PLATFORM_ID_MAX + 1] = "";
		size_t start = i, found = 0;

		if (*rules->placeholder != '\0')
			found = match_placeholder(&text, i, rules->placeholder);
		if (found > 0)
			start -= scheme_before(&text, i, done);
		else if (*rules->platform_url != '\0')
			found = match_platform(&text, i, rules->platform_url, id);
		if (found == 0 && *rules->tracked_url != '\0')
			links_r->tracked |= match_tracked(&text, i, rules->tracked_url);
		if (found > 0 && *links_r->platform_id == '\0')
			strcpy(links_r->platform_id, id);
		i += found > 0 ? found : 1;
		if (found == 0 || (*id != '\0' && strcmp(id, links_r->platform_id) != 0))
			continue;
		if (add_hit(links_r, start, i) < 0)
			return -1;
		done = i;
	}
	return 0;
}

void links_free(struct links *links)
{
	free(links->hits);
	*links = (struct links){0};
}
