/*
 * Acquired tokens at work: refreshed when due, validated and given out when asked for. One
 * object an invitation while something is done about its token, so that a refresh token is
 * never under way twice, and for a second behind that, so that Microsoft is asked once a second
 * at most. What is not under way is in the vault alone.
 */
#ifndef POSTINVITE_TOKEND_REFRESH_H
#define POSTINVITE_TOKEND_REFRESH_H

#include "requests.h"
#include "tokend.h"

#include "base/clock.h"
#include "invite/link.h"
#include "token/oauth.h"
#include "token/refresh.h"

/* under way at once, of those that are due; who asks is served besides */
#define REFRESHES_MAX 64

struct refresh {
	struct tokend *tokend;
	LIST_ENTRY(refresh) entry;
	char id[INVITATION_ID_LEN + 1];
	/* an earlier request with this refresh token got no answer */
	bool was_unsure;
	bool resting;	     /* nothing is under way: the pause behind it */
	uint64_t not_before; /* as Microsoft asked, clock_monotonic_ms */
	/* of the rest, and of a vault that did not take the token */
	struct event *timer;
	struct request_list waiters; /* ops validate and token */
	/* what is under way, at most one of them */
	struct ipc_async_call *ask;
	struct http_call *http;
	struct store_event *telling;
	time_t used;		    /* the token's last use that the store knows of */
	struct vault_record record; /* the token's; kind NULL: not read */
	struct oauth_tokens tokens; /* what came back */
	/* the outcome, for those who wait */
	struct refusal refusal;
	enum error_kind failure; /* ERROR_NONE: successful */
	char validated_at[CLOCK_TEXT_SIZE];
};

struct refresh *refresh_find(struct tokend *tokend, const char *id);

/* A token is due, or wanted by a request (or NULL), which is answered now or later. */
void refresh_begin(struct tokend *tokend, const char *id, struct request *request);

/* The token is another one, or none, from now on: what is under way with the old one is
 * dropped; those who wait get the error, and the access token goes. */
void refresh_forget(struct tokend *tokend, const char *id, const struct error *error);
void refreshes_free(struct tokend *tokend); /* nobody is answered, the vault stays as it is */

/* From here on for the files that do the parts of it (refresh.c, renew.c, validate.c). */

/* The round is over: those who wait get the error (NULL: they have been answered), the rest
 * begins. */
void refresh_rest(struct refresh *refresh, const struct error *error);
void refresh_fail(struct refresh *refresh, enum error_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Does somebody wait for a validation? */
bool refresh_wanted_validated(const struct refresh *refresh);

/* renew.c: a round, from the store's word on the invitation to a sealed new refresh token. */
void renew_begin(struct refresh *refresh);
void renew_save(struct refresh *refresh); /* again, after a vault that was full */

/* validate.c: what follows when the tokens are here and sealed; when the token is dead; when
 * something else than a passing fault was said no with. */
void validate_begin(struct refresh *refresh);
void validate_refused(struct refresh *refresh, const struct refusal *refusal);
void validate_failed(
	struct refresh *refresh, enum error_kind kind, const struct refusal *refusal);

/* access.c: access tokens, in memory only. access_keep takes the token over. */
void access_keep(
	struct tokend *tokend, const char *id, struct secret **access_token, int expires_in);
/* of op token; NULL: none that is good */
struct json_object *access_reply(struct tokend *tokend, const char *id);
void access_forget(struct tokend *tokend, const char *id);
void access_sweep(struct tokend *tokend); /* those that are over */
void access_free(struct tokend *tokend);

#endif
