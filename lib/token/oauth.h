/*
 * OAuth 2.0 as spoken with Entra: request bodies, the authorization URL, and reading the
 * answers. RFC 6749, RFC 8628 (device code), RFC 7636 (PKCE).
 *
 * Requests are POSTed as application/x-www-form-urlencoded; bodies are struct secret, also
 * where they hold none, so that the caller treats all alike. NULL means out of memory. Scopes
 * are NULL-terminated lists, joined by a blank.
 *
 * Threads: pure functions.
 */
#ifndef POSTINVITE_TOKEN_OAUTH_H
#define POSTINVITE_TOKEN_OAUTH_H

#include "base/buf.h"
#include "base/secret.h"
#include "token/refusal.h"
#include "token/reply.h"

/* To device_authorization_endpoint. */
struct secret *oauth_device_body(const char *client_id, const char *const *scopes);

/* To token_endpoint. */
struct secret *oauth_poll_body(const char *client_id, const struct secret *device_code);
struct secret *oauth_refresh_body(
	const char *client_id, const struct secret *refresh_token, const char *const *scopes);

struct oauth_code {
	const char *client_id;
	const char *code; /* what the browser brought */
	const char *redirect_uri;
	const struct secret *verifier; /* token/pkce.h */
	const char *const *scopes;
};
struct secret *oauth_code_body(const struct oauth_code *code);

struct oauth_authorize {
	const char *endpoint; /* authorization_endpoint */
	const char *client_id;
	const char *redirect_uri;
	const char *const *scopes;
	const char *state, *nonce;
	const char *challenge;	/* S256 of the verifier */
	const char *login_hint; /* NULL or "": none */
	const char *prompt;	/* NULL: none; "select_account", "login", "consent" */
};

/* Where to send the browser; the caller's (free). NULL out of memory, or longer than 8 KB. It
 * holds no secret. */
char *oauth_authorize_url(const struct oauth_authorize *authorize);

struct oauth_admin_consent {
	const char *authority_url;
	const char *tenant; /* tenant_valid */
	const char *client_id;
	const char *redirect_uri;
	const char *const *scopes;
	const char *state;
};

/* Where an administrator approves the scopes for the whole tenant; likewise. */
char *oauth_admin_consent_url(const struct oauth_admin_consent *consent);

/* A device flow that began. */
struct oauth_device {
	struct secret *device_code;
	char *user_code;
	char *verification_uri; /* url_trusted */
	char *message;		/* the authority's words, "" when absent */
	int expires_in;		/* seconds, 1 to OAUTH_DEVICE_LIFETIME_MAX */
	/* seconds, 1 to OAUTH_INTERVAL_MAX; 5 when the reply has none */
	int interval;
};
#define OAUTH_DEVICE_LIFETIME_MAX 3600
#define OAUTH_INTERVAL_MAX	  300

/* Return 0 with *_r filled in (then free it), or -1 with the refusal. A 200 that is not what
 * the standard says (HTML, truncated, too long, members missing) is OUTCOME_TEMPORARY. */
int oauth_device_read(const struct reply *reply, const char *authority_url,
	struct oauth_device *device_r, struct refusal *refusal_r);
void oauth_device_free(struct oauth_device *device); /* wipes, nulls; accepts a zeroed one */

struct oauth_tokens {
	struct secret *access_token;
	/* NULL: none (without offline_access; or keep the old one) */
	struct secret *refresh_token;
	struct secret *id_token; /* NULL: none (without openid) */
	/* what was granted; NULL: the reply does not say, all of it (RFC 6749 section 5.1) */
	char *scope;
	int expires_in; /* seconds, of the access token; 1 to 86400 */
};
int oauth_tokens_read(
	const struct reply *reply, struct oauth_tokens *tokens_r, struct refusal *refusal_r);
void oauth_tokens_free(struct oauth_tokens *tokens); /* wipes, nulls; accepts a zeroed one */

/* Which of the wanted scopes are not among the granted ones (blank-separated; NULL: all were
 * granted)? Compared without case; a short name is one of graph_url ("User.Read.All" is
 * "https://graph.microsoft.com/User.Read.All"); those of another resource need their full name.
 * openid, profile, email and offline_access are not missed, nor is "/.default". Returns the
 * number of missing ones and appends them as wanted, comma-separated, to missing (or NULL). */
int oauth_scopes_missing(const char *const *wanted, const char *granted, const char *graph_url,
	struct buf *missing);

/* The wanted ones without those: what a refresh may ask for (RFC 6749 section 6: nothing that
 * was not granted). A list of the wanted strings, to be freed; NULL out of memory. */
const char **oauth_scopes_granted(
	const char *const *wanted, const char *granted, const char *graph_url);

#endif
