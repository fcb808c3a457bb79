/*
 * What the simulator knows: applications, tenants, people, device flows, codes,
 * tokens, consent requests. All of it is in memory and guarded by sim.lock, which
 * the HTTP layer holds around each handler; helpers expect it to be held.
 * "Owned" values are freed by their table.
 */
#ifndef ENTRA_SIM_H
#define ENTRA_SIM_H

#include "util.h"

#include <json-c/json.h>
#include <pthread.h>

struct strings {
	char **v;
	size_t n;
};

struct app {
	char *client_id, *name, *publisher;
	char *platform; /* mobile, web or spa: where the redirect URIs are registered */
	struct strings redirect_uris;
	bool public_client;
};

struct tenant {
	char *id, *display_name;
	struct strings domains, reviewers;
	char *bcc; /* a mail-flow rule of the customer copies consent mails to this address */
	bool user_consent, consent_granted, consent_workflow, device_flow_blocked;
	bool organization_allowed;
	struct table *grants; /* client id to granted_yes or granted_no */
};

struct user {
	char *upn, *mail, *password, *oid, *name;
	bool admin, disabled;
	struct tenant *tenant;
	struct table *consents;	 /* client ids this user alone has consented to */
	uint64_t revoked_serial; /* refresh tokens up to this one answer revoked_code */
	int revoked_code;
	char *revoked_suberror;
};

enum flow_state {
	FLOW_PENDING,
	FLOW_WAITS_APPROVAL,
	FLOW_SIGNED_IN,
	FLOW_DECLINED,
	FLOW_EXPIRED,
	FLOW_REDEEMED
};

struct flow {
	char *device_code, *user_code, *scope, *tenant_name;
	struct app *app;
	struct user *user; /* who signed in, or whose approval the flow waits for */
	enum flow_state state;
	int64_t created, last_poll, interval_ms;
	int64_t expires;
	unsigned long polls;
};

struct auth_code {
	char *code, *redirect_uri, *challenge, *scope, *nonce;
	struct app *app;
	struct user *user;
	int64_t expires;
	bool used;
};

struct grant { /* an access or a refresh token, filed under its SHA-256 */
	struct app *app;
	struct user *user;
	char *scope;
	uint64_t serial;
	int64_t expires;
};

struct consent_request {
	char *id, *scope, *justification, *device_code;
	const char *state; /* pending, approved, denied, blocked, expired */
	struct app *app;
	struct user *user;
	int64_t created;
};

/* Each setting is described in the table of config.c and in entra.c's comment. */
struct settings {
	char *after_request, *scope_format, *mail_format, *mail_encoding, *envelope_sender;
	char *dkim_other_domain;
	int device_code_lifetime, interval, slow_down_penalty;
	int access_token_lifetime, refresh_token_lifetime, id_token_lifetime, code_lifetime;
	int access_token_length, refresh_token_length, log_size;
	bool log_requests, keep_secrets;
};

struct sim {
	pthread_mutex_t lock;
	struct settings set;
	char *listen, *base_url, *tls_cert_file, *tls_key_file, *dns_listen, *relay;
	struct table *apps;		/* owned, by client id */
	struct table *tenants;		/* owned, by id */
	struct table *domains;		/* tenants by id or domain */
	struct table *users;		/* owned, by lower-case upn */
	struct table *flows;		/* owned, by device code */
	struct table *user_codes;	/* flows by user code */
	struct table *codes;		/* owned, by authorization code */
	struct table *access, *refresh; /* owned, by SHA-256 */
	struct table *journeys;		/* owned, by their ctx */
	struct table *requests;		/* owned, by id */
	uint64_t serial;
	struct json_object *secrets; /* what was issued, with keep_secrets; or NULL */
};

extern struct sim sim;

/* config.c: false, with the reason in *why, when the configuration is bad. */
bool config_load(const char *path, struct buf *why);
bool config_settings(struct json_object *json, struct buf *why);
bool config_app(struct json_object *json, struct buf *why);
bool config_tenant(
	struct json_object *json, struct buf *why); /* adds, or changes what is named */
bool config_user(struct json_object *json, struct tenant *tenant, struct buf *why);
bool split_address(const char *text, char *host, size_t size, int *port);

/* state.c */
void sim_init(void);
void sim_free(void);
void sim_sweep(void);			      /* drops what died long ago */
struct tenant *tenant_find(const char *name); /* by id or domain; NULL for the aliases too */
bool tenant_alias(const char *name);	      /* organizations, common */
struct user *user_find(const char *upn_or_mail);
bool consent_given(const struct app *app, const struct user *user, const char *scope);
void consent_set(struct tenant *tenant, const char *client_id, bool granted);
void user_revoke(struct user *user, int code, const char *suberror);
struct flow *flow_new(struct app *app, const char *tenant_name, const char *scope);
struct flow *flow_by_user_code(const char *typed);
enum flow_state flow_state_now(struct flow *flow);
const char *flow_state_name(enum flow_state state);
struct auth_code *auth_code_new(struct app *app, struct user *user);
/* Files a token of that length; lifetime in seconds. The caller frees the text. */
char *grant_new(struct table *table, const struct grant *grant, int length, int lifetime);
void secret_keep(const char *secret);
struct grant *grant_find(const struct table *table, const char *token);

/* consent.c: the admin consent workflow. */
struct consent_request *request_approval(struct app *app, struct user *user, const char *scope,
	const char *justification, struct flow *flow);
/* "approved", "denied", "blocked", "expired", "reminder": of every pending request; how many. */
int requests_decide(struct tenant *tenant, struct app *app, const char *decision);
void request_free(void *request);
bool is_reviewer(const struct user *user);

#endif
