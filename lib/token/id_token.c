/*
 * The signature is checked first; nothing but alg and kid is read out of a token that is not
 * proved genuine. Then each claim by its own small check, in one table's order, so that the
 * first that fails says why.
 */
#include "token/id_token.h"

#include "base/encode.h"
#include "base/json.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_MAX    4096
#define SIGNATURE_MAX 1024
#define KID_MAX	      256
#define NAME_MAX_LEN  320 /* of names that are shown */

struct part {
	const char *text;
	size_t len;
};

/* Splits at exactly two dots. */
static int split(const struct secret *token, struct part parts[3])
{
	const char *text = (const char *)secret_bytes(token), *end = text + secret_len(token);

	for (int i = 0; i < 3; i++) {
		const char *dot = memchr(text, '.', (size_t)(end - text));

		if ((dot == NULL) != (i == 2))
			return -1;
		parts[i] = (struct part){text, (size_t)((dot != NULL ? dot : end) - text)};
		text = dot != NULL ? dot + 1 : end;
	}
	return 0;
}

/* The JSON object in a part of the token; the caller's. */
static struct json_object *decode(const struct part *part, size_t max, struct error *error)
{
	struct json_object *object = NULL;
	char *bytes = malloc(max);
	int len;

	if (bytes == NULL) {
		error_memory(error);
		return NULL;
	}
	len = base64url_decode(part->text, part->len, bytes, max);
	if (len < 0 || json_parse(bytes, (size_t)len, &object, error) != 0)
		error_set(error, ERROR_PERMANENT, "not a signed token");
	free(bytes);
	return object;
}

static int check_signature(const struct jwks *keys, const struct part parts[3],
	const char **key_issuer_r, struct error *error)
{
	unsigned char signature[SIGNATURE_MAX];
	struct json_object *header = decode(&parts[0], HEADER_MAX, error);
	int len = base64url_decode(parts[2].text, parts[2].len, signature, sizeof(signature));
	struct jws jws = {
		.alg = json_string(header, "alg", ""),
		.kid = json_string(header, "kid", ""),
		.signed_bytes = parts[0].text,
		.signed_len = parts[0].len + 1 + parts[1].len,
		.signature = signature,
		.signature_len = len > 0 ? (size_t)len : 0,
	};
	int result = -1;

	if (header == NULL)
		return -1;
	if (json_member(header, "crit") != NULL)
		error_set(error, ERROR_PERMANENT,
			"it demands extensions that are not known here");
	else if (len <= 0 || strlen(jws.kid) > KID_MAX)
		error_set(error, ERROR_PERMANENT, "not a signed token");
	else
		result = jwks_verify(keys, &jws, key_issuer_r, error);
	json_object_put(header);
	return result;
}

/* Is issuer the pattern, with the tenant in the place of "{tenantid}"? */
static bool issuer_fits(const char *pattern, const char *tid, const char *issuer)
{
	static const char hole[] = "{tenantid}";
	const char *at = strstr(pattern, hole);
	size_t before;

	if (at == NULL)
		return strcmp(pattern, issuer) == 0;
	before = (size_t)(at - pattern);
	return strncmp(pattern, issuer, before) == 0 &&
	       strncmp(issuer + before, tid, GUID_LEN) == 0 &&
	       strcmp(issuer + before + GUID_LEN, at + strlen(hole)) == 0;
}

static int check_times(struct json_object *claims, time_t now, struct error *error)
{
	int64_t exp = json_int(claims, "exp", 0), iat = json_int(claims, "iat", 0);
	int64_t nbf = json_int(claims, "nbf", iat);

	if (exp <= 0 || iat <= 0)
		return error_set(error, ERROR_PERMANENT, "it has no exp or iat");
	if (exp <= (int64_t)now - ID_TOKEN_LEEWAY)
		return error_set(error, ERROR_PERMANENT,
			"it has expired; is this machine's clock right?");
	if (nbf > (int64_t)now + ID_TOKEN_LEEWAY || iat > (int64_t)now + ID_TOKEN_LEEWAY)
		return error_set(error, ERROR_PERMANENT,
			"it is of the future; is this machine's clock right?");
	return 0;
}

static int check_claims(struct json_object *claims,
	const struct id_token_expectations *expected, const char *key_issuer,
	struct error *error)
{
	const char *tid = json_string(claims, "tid", NULL),
		   *iss = json_string(claims, "iss", "");
	const char *nonce = json_string(claims, "nonce", "");

	if (!guid_valid(tid) || !guid_valid(json_string(claims, "oid", NULL)))
		return error_set(
			error, ERROR_PERMANENT, "it names no tenant (tid) or account (oid)");
	if (!issuer_fits(expected->issuer, tid, iss) ||
		(key_issuer != NULL && !issuer_fits(key_issuer, tid, iss)))
		return error_set(
			error, ERROR_PERMANENT, "it is of another issuer than the authority");
	if (strcmp(json_string(claims, "aud", ""), expected->client_id) != 0)
		return error_set(error, ERROR_PERMANENT, "it is for another application (aud)");
	if (check_times(claims, expected->now, error) != 0)
		return -1;
	if (expected->nonce != NULL && strcmp(nonce, expected->nonce) != 0)
		return error_set(error, ERROR_PERMANENT, "it answers another request (nonce)");
	if (strcasecmp(tid, PERSONAL_TENANT) == 0)
		return error_set(error, ERROR_POLICY,
			"a personal Microsoft account signed in; sign in with the "
			"organisation's account");
	return 0;
}

static char *shown(struct json_object *claims, const char *name)
{
	const char *text = json_string(claims, name, "");

	return strdup(strlen(text) <= NAME_MAX_LEN ? text : "");
}

static void copy_guid(struct json_object *claims, const char *name, char *guid_r)
{
	const char *guid = json_string(claims, name, "");

	for (size_t i = 0; i <= GUID_LEN; i++)
		guid_r[i] = (char)tolower((unsigned char)guid[i]);
}

static int give_claims(
	struct json_object *claims, struct id_token_claims *claims_r, struct error *error)
{
	copy_guid(claims, "tid", claims_r->tid);
	copy_guid(claims, "oid", claims_r->oid);
	claims_r->preferred_username = shown(claims, "preferred_username");
	claims_r->name = shown(claims, "name");
	if (claims_r->preferred_username != NULL && claims_r->name != NULL)
		return 0;
	id_token_claims_free(claims_r);
	return error_memory(error);
}

int id_token_verify(const struct jwks *keys, const struct secret *token,
	const struct id_token_expectations *expected, struct id_token_claims *claims_r,
	struct error *error)
{
	struct json_object *claims = NULL;
	const char *key_issuer = NULL;
	struct part parts[3];
	int result = -1;

	*claims_r = (struct id_token_claims){0};
	if (secret_len(token) > ID_TOKEN_MAX || split(token, parts) != 0)
		error_set(error, ERROR_PERMANENT, "not a signed token");
	else if (check_signature(keys, parts, &key_issuer, error) == 0)
		claims = decode(&parts[1], ID_TOKEN_MAX, error);
	if (claims != NULL && check_claims(claims, expected, key_issuer, error) == 0)
		result = give_claims(claims, claims_r, error);
	json_object_put(claims);
	if (result != 0)
		error_prefix(error, "id_token");
	return result;
}

void id_token_claims_free(struct id_token_claims *claims)
{
	free(claims->preferred_username);
	free(claims->name);
	*claims = (struct id_token_claims){0};
}
