/*
 * One pass over the text, three matchers. A platform link is platform_url, a slash and an
 * identifier of URL-safe characters; a query behind it goes with it, a longer path makes it
 * another page of the platform. The sign-in's own return address shares the base and is no
 * invitation.
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

/* Is the character at i, as it is or percent-encoded? Returns the length it takes, 0 when it is
 * another. */
static size_t match_character(const struct text *text, size_t i, char wanted, bool caseless)
{
	char encoded[4];

	if (i >= text->len)
		return 0;
	if (text->bytes[i] == wanted || (caseless && tolower((unsigned char)text->bytes[i]) ==
							     tolower((unsigned char)wanted)))
		return 1;
	if (text->len - i < 3 || text->bytes[i] != '%')
		return 0;
	snprintf(encoded, sizeof(encoded), "%%%02X", (unsigned char)wanted);
	return strncasecmp(text->bytes + i, encoded, 3) == 0 ? 3 : 0;
}

/* The length of the white space at i, as editors and line breaks make of a blank; tags may stand
 * between. */
static size_t match_blanks(const struct text *text, size_t i)
{
	static const char seam[] = {LINKS_SEAM, '\0'};
	static const char *const blanks[] = {" ", "\t", "\r", "\n", "\xc2\xa0", "\xa0",
		"&nbsp;", "&#160;", "&#xa0;", "%20", seam};
	size_t start = i, before;

	do {
		before = i;
		for (size_t b = 0; b < sizeof(blanks) / sizeof(blanks[0]); b++) {
			size_t len = strlen(blanks[b]);

			if (text->len - i >= len &&
				strncasecmp(text->bytes + i, blanks[b], len) == 0)
				i += len;
		}
	} while (i > before);
	return i - start;
}

/* The length that the placeholder takes at i, 0 when it is not there. */
static size_t match_placeholder(const struct text *text, size_t i, const char *placeholder)
{
	size_t start = i;

	for (; *placeholder != '\0'; placeholder++) {
		size_t taken;

		while (i > start && i < text->len && text->bytes[i] == LINKS_SEAM)
			i++;
		taken = *placeholder == ' ' ? match_blanks(text, i)
					    : match_character(text, i, *placeholder, false);
		if (taken == 0)
			return 0;
		i += taken;
	}
	return i - start;
}

/* The length of a scheme that ends at i, also as a scanner writes it that wrapped the address. */
static size_t scheme_before(const struct text *text, size_t i, size_t from)
{
	static const char *const schemes[] = {
		"https://", "http://", "https%3a%2f%2f", "http%3a%2f%2f"};

	for (size_t s = 0; s < sizeof(schemes) / sizeof(schemes[0]); s++) {
		size_t len = strlen(schemes[s]);

		if (i - from >= len && strncasecmp(text->bytes + i - len, schemes[s], len) == 0)
			return len;
	}
	return 0;
}

/* How much of an address is scheme and host, which are caseless. */
static size_t host_end(const char *url)
{
	const char *host = strstr(url, "://");

	return host == NULL ? 0 : 3 + (size_t)(host - url) + strcspn(host + 3, "/");
}

static bool match_base(const char *bytes, const char *url)
{
	size_t caseless = host_end(url);

	return strncasecmp(bytes, url, caseless) == 0 &&
	       memcmp(bytes + caseless, url + caseless, strlen(url) - caseless) == 0;
}

/* Where a link ends whose identifier ended at i; 0 when it is another page's. An "&" there
 * begins a character reference ("&nbsp;"), not more of the path. */
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

/* What stands before a place that is asked about; places come in order, and each byte is looked
 * at once. */
struct before {
	size_t seen; /* so many bytes */
	size_t run;  /* the last ones of which an address may be made of */
	bool scheme; /* there is "://" in these */
};

/* Does i stand within an address that began before? A scanner wraps links so. */
static bool within_address(const struct text *text, size_t i, struct before *before)
{
	for (; before->seen < i; before->seen++) {
		const char *at = text->bytes + before->seen;

		if (!is_url(*at)) {
			before->run = 0;
			before->scheme = false;
			continue;
		}
		before->run++;
		before->scheme |= before->run >= 3 && memcmp(at - 2, "://", 3) == 0;
	}
	return before->scheme;
}

/* The length of a platform link at i, 0 when there is none; its identifier into id_r. */
static size_t match_platform(const struct text *text, size_t i, const char *url,
	struct before *before, char id_r[PLATFORM_ID_MAX + 1])
{
	size_t url_len, id, end;

	if (tolower((unsigned char)text->bytes[i]) != tolower((unsigned char)*url))
		return 0; /* of almost all places */
	url_len = strlen(url);
	if (text->len - i < url_len + 2 || !match_base(text->bytes + i, url) ||
		text->bytes[i + url_len] != '/')
		return 0;
	if (i > 0 && (is_id(text->bytes[i - 1]) || text->bytes[i - 1] == '/' ||
			     within_address(text, i, before)))
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

bool links_are(const char *bytes, const char *platform_url, char id_r[PLATFORM_ID_MAX + 1])
{
	const struct text text = {bytes, strlen(bytes)};
	struct before before = {0};

	return match_platform(&text, 0, platform_url, &before, id_r) == text.len &&
	       text.len > 0;
}

static void add_token(struct link_tokens *tokens, const char *text, size_t len)
{
	if (len == 0 || len > TOKEN_TEXT_MAX || tokens->count == TOKENS_MAX)
		return;
	for (size_t i = 0; i < tokens->count; i++)
		if (strlen(tokens->text[i]) == len && memcmp(tokens->text[i], text, len) == 0)
			return;
	memcpy(tokens->text[tokens->count], text, len);
	tokens->text[tokens->count++][len] = '\0';
}

/* A link of ours at i, also as a scanner wraps it: percent-encoded. */
static void take_token(
	const struct text *text, size_t i, const char *url, struct link_tokens *tokens)
{
	size_t caseless, end;

	if (match_character(text, i, *url, true) == 0)
		return; /* of almost all places */
	caseless = host_end(url);
	for (size_t n = 0; url[n] != '\0'; n++) {
		size_t taken = match_character(text, i, url[n], n < caseless);

		if (taken == 0)
			return;
		i += taken;
	}
	end = i;
	while (end < text->len && (isalnum((unsigned char)text->bytes[end]) ||
					  text->bytes[end] == '-' || text->bytes[end] == '_'))
		end++;
	add_token(tokens, text->bytes + i, end - i);
}

static struct link_hit *add_hit(struct links *links)
{
	if (links->count == LINKS_MAX)
		return NULL;
	if (links->count == links->room) {
		size_t room = links->room > 0 ? 2 * links->room : 4;
		struct link_hit *hits = reallocarray(links->hits, room, sizeof(*hits));

		if (hits == NULL)
			return NULL;
		links->hits = hits;
		links->room = room;
	}
	links->hits[links->count] = (struct link_hit){0};
	return &links->hits[links->count++];
}

int links_find(const char *bytes, size_t len, const struct link_rules *rules,
	struct links *links_r, struct link_tokens *tokens)
{
	const struct text text = {bytes, len};
	struct before before = {0};
	size_t done = 0;

	*links_r = (struct links){0};
	for (size_t i = 0; i < len;) {
		char id[PLATFORM_ID_MAX + 1] = "";
		size_t start = i, found = 0;
		struct link_hit *hit;

		if (*rules->placeholder != '\0')
			found = match_placeholder(&text, i, rules->placeholder);
		if (found > 0)
			start -= scheme_before(&text, i, done);
		else if (*rules->platform_url != '\0')
			found = match_platform(&text, i, rules->platform_url, &before, id);
		if (found == 0 && tokens != NULL && *rules->tracked_url != '\0')
			take_token(&text, i, rules->tracked_url, tokens);
		i += found > 0 ? found : 1;
		if (found == 0)
			continue;
		hit = add_hit(links_r);
		if (hit == NULL)
			return -1;
		*hit = (struct link_hit){.start = start, .end = i};
		strcpy(hit->platform_id, id);
		done = i;
	}
	return 0;
}

void links_free(struct links *links)
{
	free(links->hits);
	*links = (struct links){0};
}
