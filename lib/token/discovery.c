/*
 * Where an endpoint must lie is decided once, for all of them: at the authority's own origin.
 * An operator whose authority_url is an alias that names other hosts is told which one to set
 * instead.
 */
#include "token/discovery.h"

#include "base/json.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TENANT_MAX 253

static const struct endpoint {
	const char *member;
	size_t offset;
} endpoints[] = {
	{"issuer", offsetof(struct discovery, issuer)},
	{"authorization_endpoint", offsetof(struct discovery, authorization_endpoint)},
	{"token_endpoint", offsetof(struct discovery, token_endpoint)},
	{"device_authorization_endpoint",
		offsetof(struct discovery, device_authorization_endpoint)},
	{"jwks_uri", offsetof(struct discovery, jwks_uri)},
};

#define ENDPOINTS (sizeof(endpoints) / sizeof(endpoints[0]))

static char **endpoint_of(struct discovery *discovery, const struct endpoint *endpoint)
{
	return (char **)(void *)((char *)discovery + endpoint->offset);
}

bool tenant_valid(const char *tenant)
{
	if (tenant == NULL || !isalnum((unsigned char)*tenant) || strlen(tenant) > TENANT_MAX)
		return false;
	for (const char *p = tenant; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && strchr("-.", *p) == NULL)
			return false;
	return strstr(tenant, "..") == NULL;
}

char *discovery_url(const char *authority_url, const char *tenant)
{
	char *url;

	if (!tenant_valid(tenant) ||
		asprintf(&url, "%s/%s/v2.0/.well-known/openid-configuration", authority_url,
			tenant) < 0)
		return NULL;
	return url;
}

/* The tenant is the issuer's first path segment: ".../TENANT/v2.0". */
static int read_tenant(struct discovery *discovery, struct refusal *refusal_r)
{
	const char *host = strstr(discovery->issuer, "://") + 3;
	const char *segment = host + strcspn(host, "/");
	size_t len;

	segment += *segment == '/';
	len = strcspn(segment, "/");
	if (len == strlen("{tenantid}") && strncmp(segment, "{tenantid}", len) == 0)
		return 0;
	for (size_t i = 0; i < len && i < GUID_LEN; i++)
		discovery->tenant_id[i] = (char)tolower((unsigned char)segment[i]);
	if (len == GUID_LEN && guid_valid(discovery->tenant_id))
		return 0;
	return refusal_set(refusal_r, OUTCOME_CONFIGURATION, "discovery",
		"the OpenID configuration's issuer names no tenant; is authority_url an Entra "
		"authority?");
}

static int read_endpoint(struct discovery *discovery, const struct endpoint *endpoint,
	struct json_object *document, struct refusal *refusal_r)
{
	const char *url = json_string(document, endpoint->member, NULL);
	char **copy = endpoint_of(discovery, endpoint);

	if (url == NULL)
		return refusal_set(refusal_r, OUTCOME_TEMPORARY, "malformed",
			"the OpenID configuration has no %s; it is tried again",
			endpoint->member);
	*copy = strdup(url);
	if (*copy == NULL)
		return refusal_set(refusal_r, OUTCOME_TEMPORARY, "memory", "out of memory");
	return 0;
}

static int read_document(struct discovery *discovery, struct json_object *document,
	const char *authority_url, struct refusal *refusal_r)
{
	for (size_t i = 0; i < ENDPOINTS; i++)
		if (read_endpoint(discovery, &endpoints[i], document, refusal_r) != 0)
			return -1;
	for (size_t i = 0; i < ENDPOINTS; i++)
		if (!url_same_origin(*endpoint_of(discovery, &endpoints[i]), authority_url))
			return refusal_set(refusal_r, OUTCOME_CONFIGURATION, "discovery",
				"the authority %s names another one in its OpenID configuration "
				"(%s is %.200s); set authority_url to the one that is meant",
				authority_url, endpoints[i].member,
				*endpoint_of(discovery, &endpoints[i]));
	return read_tenant(discovery, refusal_r);
}

struct discovery *discovery_read(
	const struct reply *reply, const char *authority_url, struct refusal *refusal_r)
{
	struct json_object *document = NULL;
	struct discovery *discovery;
	struct error error;

	if (reply->status != 200 || reply->len > REPLY_MAX ||
		json_parse(reply->body, reply->len, &document, &error) != 0) {
		refusal_read(reply, refusal_r);
		return NULL;
	}
	discovery = calloc(1, sizeof(*discovery));
	if (discovery == NULL)
		refusal_set(refusal_r, OUTCOME_TEMPORARY, "memory", "out of memory");
	else if (read_document(discovery, document, authority_url, refusal_r) != 0)
		discovery_free(&discovery);
	json_object_put(document);
	return discovery;
}

void discovery_free(struct discovery **discovery)
{
	if (discovery == NULL || *discovery == NULL)
		return;
	for (size_t i = 0; i < ENDPOINTS; i++)
		free(*endpoint_of(*discovery, &endpoints[i]));
	free(*discovery);
	*discovery = NULL;
}
