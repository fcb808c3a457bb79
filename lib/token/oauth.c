/*
 * Requests: a body is written into memory that is large enough from the start, since memory
 * that grows leaves copies of a secret behind, and is wiped once it was copied into its struct
 * secret.
 *
 * Answers: one path for all. Anything but a 200 with a JSON object without "error" goes to the
 * table of refusals; what is then missing or out of bounds is an answer that was damaged on its
 * way, which is tried again. The strings of secrets are wiped in the parsed object before it is
 * released, whatever the outcome.
 */
#include "token/oauth.h"

#include "base/json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define URL_MAX		 8192
#define TOKEN_MAX	 (64 * 1024)
#define TEXT_MAX	 2048
#define USER_CODE_MAX	 64
#define INTERVAL_DEFAULT 5 /* RFC 8628 section 3.2 */
#define LIFETIME_MAX	 86400

static const char *const secret_members[] = {
	"access_token", "refresh_token", "id_token", "device_code"};

/* Begins a body of at most len bytes before encoding, names included. -1 out of memory. */
static int body_begin(struct buf *body, size_t len)
{
	size_t max = 3 * len + 1024;
	char *memory = malloc(max + 1);

	buf_init(body, max);
	if (memory == NULL)
		return -1;
	memory[0] = '\0';
	body->data = memory;
	body->cap = max;
	return 0;
}

static struct secret *body_end(struct buf *body)
{
	struct secret *secret = body->failed ? NULL : secret_new(body->data, body->len);

	secret_wipe(body->data, body->len);
	buf_free(body);
	return secret;
}

static size_t scopes_len(const char *const *scopes)
{
	size_t len = 0;

	for (; *scopes != NULL; scopes++)
		len += strlen(*scopes) + 1;
	return len;
}

static void put_scopes(struct buf *out, const char *const *scopes)
{
	struct buf joined;

	buf_init(&joined, URL_MAX);
	for (size_t i = 0; scopes[i] != NULL; i++) {
		buf_string(&joined, i > 0 ? " " : "");
		buf_string(&joined, scopes[i]);
	}
	form_field(out, "scope", joined.data);
	out->failed = out->failed || joined.failed;
	buf_free(&joined);
}

static void put_secret(struct buf *body, const char *name, const struct secret *secret)
{
	form_field(body, name, (const char *)secret_bytes(secret));
}

struct secret *oauth_device_body(const char *client_id, const char *const *scopes)
{
	struct buf body;

	if (body_begin(&body, strlen(client_id) + scopes_len(scopes)) != 0)
		return NULL;
	form_field(&body, "client_id", client_id);
	put_scopes(&body, scopes);
	return body_end(&body);
}

struct secret *oauth_poll_body(const char *client_id, const struct secret *device_code)
{
	struct buf body;

	if (body_begin(&body, strlen(client_id) + secret_len(device_code)) != 0)
		return NULL;
	form_field(&body, "grant_type", "urn:ietf:params:oauth:grant-type:device_code");
	form_field(&body, "client_id", client_id);
	put_secret(&body, "device_code", device_code);
	return body_end(&body);
}

struct secret *oauth_refresh_body(
	const char *client_id, const struct secret *refresh_token, const char *const *scopes)
{
	struct buf body;

	if (body_begin(&body,
		    strlen(client_id) + secret_len(refresh_token) + scopes_len(scopes)) != 0)
		return NULL;
	form_field(&body, "grant_type", "refresh_token");
	form_field(&body, "client_id", client_id);
	put_secret(&body, "refresh_token", refresh_token);
	put_scopes(&body, scopes);
	return body_end(&body);
}

struct secret *oauth_code_body(const struct oauth_code *code)
{
	size_t len = strlen(code->client_id) + strlen(code->code) + strlen(code->redirect_uri);
	struct buf body;

	if (body_begin(&body, len + secret_len(code->verifier) + scopes_len(code->scopes)) != 0)
		return NULL;
	form_field(&body, "grant_type", "authorization_code");
	form_field(&body, "client_id", code->client_id);
	form_field(&body, "code", code->code);
	form_field(&body, "redirect_uri", code->redirect_uri);
	put_secret(&body, "code_verifier", code->verifier);
	put_scopes(&body, code->scopes);
	return body_end(&body);
}

char *oauth_authorize_url(const struct oauth_authorize *authorize)
{
	struct buf url;

	buf_init(&url, URL_MAX);
	buf_string(&url, authorize->endpoint);
	buf_string(&url, strchr(authorize->endpoint, '?') == NULL ? "?" : "");
	form_field(&url, "client_id", authorize->client_id);
	form_field(&url, "response_type", "code");
	form_field(&url, "response_mode", "query");
	form_field(&url, "redirect_uri", authorize->redirect_uri);
	put_scopes(&url, authorize->scopes);
	form_field(&url, "state", authorize->state);
	form_field(&url, "nonce", authorize->nonce);
	form_field(&url, "code_challenge", authorize->challenge);
	form_field(&url, "code_challenge_method", "S256");
	if (authorize->login_hint != NULL && *authorize->login_hint != '\0')
		form_field(&url, "login_hint", authorize->login_hint);
	if (authorize->prompt != NULL)
		form_field(&url, "prompt", authorize->prompt);
	return buf_take(&url, NULL);
}

char *oauth_admin_consent_url(const struct oauth_admin_consent *consent)
{
	struct buf url;

	buf_init(&url, URL_MAX);
	buf_printf(&url, "%s/%s/v2.0/adminconsent?", consent->authority_url, consent->tenant);
	form_field(&url, "client_id", consent->client_id);
	put_scopes(&url, consent->scopes);
	form_field(&url, "redirect_uri", consent->redirect_uri);
	form_field(&url, "state", consent->state);
	return buf_take(&url, NULL);
}

static int malformed(struct refusal *refusal_r, const char *member)
{
	return refusal_set(refusal_r, OUTCOME_TEMPORARY, "malformed",
		"Microsoft's answer has no usable %s; it is tried again", member);
}

static void release(struct json_object *object)
{
	for (size_t i = 0; i < sizeof(secret_members) / sizeof(secret_members[0]); i++)
		reply_wipe(object, secret_members[i]);
	json_object_put(object);
}

/* The object of a success (release it), or NULL with the refusal. */
static struct json_object *success(const struct reply *reply, struct refusal *refusal_r)
{
	struct json_object *object = NULL;
	struct error error;

	if (reply->status == 200 && reply->len <= REPLY_MAX &&
		json_parse(reply->body, reply->len, &object, &error) == 0 &&
		json_member(object, "error") == NULL)
		return object;
	release(object);
	refusal_read(reply, refusal_r);
	return NULL;
}

/* The member's text, or NULL when it is missing, empty, too long or holds a NUL. */
static const char *text_member(struct json_object *object, const char *name, size_t max)
{
	const char *text = json_string(object, name, NULL);
	size_t len = text != NULL ? strlen(text) : 0;

	if (len == 0 || len > max ||
		len != (size_t)json_object_get_string_len(json_member(object, name)))
		return NULL;
	return text;
}

static struct secret *secret_member(struct json_object *object, const char *name)
{
	const char *text = text_member(object, name, TOKEN_MAX);

	return text != NULL ? secret_from_string(text) : NULL;
}

static char *copy_member(struct json_object *object, const char *name, size_t max)
{
	const char *text = text_member(object, name, max);

	return text != NULL ? strdup(text) : NULL;
}

static bool printable(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

/* The interval in bounds; the default where there is none or nonsense. */
static int read_interval(struct json_object *object)
{
	int64_t interval = json_int(object, "interval", INTERVAL_DEFAULT);

	if (interval < 1)
		return INTERVAL_DEFAULT;
	return interval < OAUTH_INTERVAL_MAX ? (int)interval : OAUTH_INTERVAL_MAX;
}

static int read_device(struct json_object *object, const char *authority_url,
	struct oauth_device *device_r, struct refusal *refusal_r)
{
	int64_t expires_in = json_int(object, "expires_in", 0);
	const char *message = text_member(object, "message", TEXT_MAX);

	device_r->device_code = secret_member(object, "device_code");
	device_r->user_code = copy_member(object, "user_code", USER_CODE_MAX);
	device_r->verification_uri = copy_member(object, "verification_uri", TEXT_MAX);
	device_r->message = strdup(message != NULL ? message : "");
	device_r->interval = read_interval(object);
	if (device_r->device_code == NULL || device_r->message == NULL)
		return malformed(refusal_r, "device_code");
	if (device_r->user_code == NULL || !printable(device_r->user_code))
		return malformed(refusal_r, "user_code");
	if (device_r->verification_uri == NULL ||
		!url_trusted(device_r->verification_uri, authority_url))
		return malformed(refusal_r, "verification_uri");
	if (expires_in < 1)
		return malformed(refusal_r, "expires_in");
	device_r->expires_in = expires_in < OAUTH_DEVICE_LIFETIME_MAX
				       ? (int)expires_in
				       : OAUTH_DEVICE_LIFETIME_MAX;
	return 0;
}

int oauth_device_read(const struct reply *reply, const char *authority_url,
	struct oauth_device *device_r, struct refusal *refusal_r)
{
	struct json_object *object = success(reply, refusal_r);
	int result;

	*device_r = (struct oauth_device){0};
	if (object == NULL)
		return -1;
	result = read_device(object, authority_url, device_r, refusal_r);
	if (result != 0)
		oauth_device_free(device_r);
	release(object);
	return result;
}

void oauth_device_free(struct oauth_device *device)
{
	secret_free(&device->device_code);
	free(device->user_code);
	free(device->verification_uri);
	free(device->message);
	*device = (struct oauth_device){0};
}

/* A token that the reply may leave out, but not have in a form that is none. */
static int optional_secret(
	struct json_object *object, const char *name, struct secret **secret_r)
{
	*secret_r = secret_member(object, name);
	return *secret_r == NULL && json_member(object, name) != NULL ? -1 : 0;
}

static int read_tokens(
	struct json_object *object, struct oauth_tokens *tokens_r, struct refusal *refusal_r)
{
	int64_t expires_in = json_int(object, "expires_in", 0);

	tokens_r->access_token = secret_member(object, "access_token");
	tokens_r->scope = copy_member(object, "scope", URL_MAX);
	if (tokens_r->access_token == NULL)
		return malformed(refusal_r, "access_token");
	if (strcasecmp(json_string(object, "token_type", ""), "Bearer") != 0)
		return malformed(refusal_r, "token_type");
	if (optional_secret(object, "refresh_token", &tokens_r->refresh_token) != 0)
		return malformed(refusal_r, "refresh_token");
	if (optional_secret(object, "id_token", &tokens_r->id_token) != 0)
		return malformed(refusal_r, "id_token");
	if (tokens_r->scope == NULL && json_member(object, "scope") != NULL)
		return malformed(refusal_r, "scope");
	if (expires_in < 1)
		return malformed(refusal_r, "expires_in");
	tokens_r->expires_in = expires_in < LIFETIME_MAX ? (int)expires_in : LIFETIME_MAX;
	return 0;
}

int oauth_tokens_read(
	const struct reply *reply, struct oauth_tokens *tokens_r, struct refusal *refusal_r)
{
	struct json_object *object = success(reply, refusal_r);
	int result;

	*tokens_r = (struct oauth_tokens){0};
	if (object == NULL)
		return -1;
	result = read_tokens(object, tokens_r, refusal_r);
	if (result != 0)
		oauth_tokens_free(tokens_r);
	release(object);
	return result;
}

void oauth_tokens_free(struct oauth_tokens *tokens)
{
	secret_free(&tokens->access_token);
	secret_free(&tokens->refresh_token);
	secret_free(&tokens->id_token);
	free(tokens->scope);
	*tokens = (struct oauth_tokens){0};
}
