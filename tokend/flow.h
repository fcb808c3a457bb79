/*
 * Sign-ins under way, one an invitation: from the first request for a code, or the tokens that
 * a browser's sign-in gave, to the sealed token that the store knows of. A flow is in one
 * phase; each phase has a step that its timer calls, and what comes back ends in flow_refused,
 * flow_end or the next phase.
 */
#ifndef POSTINVITE_TOKEND_FLOW_H
#define POSTINVITE_TOKEND_FLOW_H

#include "tenants.h"
#include "tokend.h"

#include "invite/link.h"
#include "invite/record.h"
#include "token/flow.h"
#include "token/id_token.h"
#include "token/oauth.h"

/* What who presses Start is told while a sign-in is being looked at. */
#define SIGNED_IN "somebody has just signed in; this page goes on by itself in a moment"

enum flow_phase {
	/* read from the vault; the store is asked whether it is still wanted */
	PHASE_RESUMING,
	PHASE_STARTING,	 /* a code is being asked for */
	PHASE_POLLING,	 /* the code is sealed and out */
	PHASE_ACQUIRING, /* tokens are here and sealed as what they are: unproved */
	PHASE_TELLING,	 /* the token is proved and sealed; the store does not know yet */
	/* nothing is left but to have said so, and the pause behind the last request */
	PHASE_ENDING,
};

struct flow {
	struct tokend *tokend;
	LIST_ENTRY(flow) entry;
	char id[INVITATION_ID_LEN + 1];
	enum flow_phase phase;
	struct flow_progress progress;
	struct event *timer;
	uint64_t last_request; /* to Microsoft, clock_monotonic_ms */
	uint64_t not_before;   /* as Microsoft asked */
	uint64_t hinted;       /* when an unproved mail made it poll */
	bool hasten;	       /* poll again as soon as the request under way is answered */
	/* what is under way, at most one of them */
	struct http_call *http;
	struct ipc_async_call *ask;
	struct authority_wait *wait;
	struct store_event *telling; /* the event that the phase waits for */
	struct request_list waiters; /* who asked to start */
	/* whose browser brought the code that is being acquired with */
	struct request_list returned;

	/* starting */
	struct tenants tenants;
	uint64_t patience;	/* until when who waits is kept waiting */
	struct refusal refusal; /* why the start failed, for those who come during the pause */

	/* what was found out; sealed from PHASE_POLLING on */
	char *tenant, *tenant_id; /* asked of, and its id, "" where any may sign in */
	char *issuer, *token_endpoint, *jwks_uri;
	struct oauth_device device;
	time_t expires_at;
	char *nonce;	  /* of a sign-in in the browser; else NULL */
	char *login_hint; /* what was said to be the account, to be shown; or NULL */

	/* acquiring */
	struct oauth_tokens tokens;
	bool unsaved;		    /* the tokens are not in the vault yet */
	bool renew;		    /* the access token has run out: the next step renews it */
	bool renewed;		    /* that was done once */
	time_t id_token_at;	    /* when the id_token came: it had to be good then */
	uint64_t keys_since;	    /* how fresh the signing keys have to be */
	struct json_object *record; /* the invitation as it is now */
	struct id_token_claims claims;

	/* telling */
	struct json_object *acquired; /* the token record's clear part */
};

struct flow *flow_find(struct tokend *tokend, const char *id);
/* NULL out of memory */
struct flow *flow_new(struct tokend *tokend, const char *id, enum flow_phase phase);
void flow_free(struct flow *flow);	/* nothing is told, the vault stays as it is */
void flows_free(struct tokend *tokend); /* likewise */

/* The phase's step after ms, but not before Microsoft may be asked again. */
void flow_later(struct flow *flow, int ms);

/* The same at a random moment within the interval, so that flows that begin together do not
 * stay together. */
void flow_spread(struct flow *flow);

/* Nothing is under way any more; what it found out stays. */
void flow_cancel(struct flow *flow);

/* Has somebody signed in, and it is being looked at? */
bool flow_signed_in(const struct flow *flow);

/* Marks that Microsoft is being asked now. */
void flow_asked(struct flow *flow);

/* Does what follows from something other than success: tries again later, or ends the flow. */
void flow_refused(struct flow *flow, const struct refusal *refusal, bool uncertain);

/* Ends it with an event sign_in_failed. */
void flow_end(struct flow *flow, const struct refusal *refusal, bool final);

/* Ends it without: the invitation is gone, or everything was told. error (or NULL) is for those
 * who wait. */
void flow_leave(struct flow *flow, const struct error *error);

/* An event of the store's. */
void flow_hasten(struct tokend *tokend, const char *id, bool proved);
void flow_revoke(struct tokend *tokend, const char *id);

/* The code is out: answers who waits, or is asked for later. */
struct json_object *flow_code(const struct flow *flow); /* start's reply; NULL out of memory */
void flow_answer_waiters(
	struct flow *flow, const struct error *error /* NULL: with the code */);
void flow_answer_signed_in(struct flow *flow); /* no code is needed any more */

/* Tells the browsers that came back how it went; the outcomes are those of op callback. */
void flow_answer_returned(struct flow *flow, const char *outcome, const char *text);

/* The flow in the vault. flow_save: 0, or -1 with error set. flow_load makes one of a record;
 * NULL with error set. */
int flow_save(struct flow *flow, struct error *error);
struct flow *flow_load(
	struct tokend *tokend, const struct vault_record *record, struct error *error);

/* The steps. */
void start_step(struct flow *flow);
void poll_step(struct flow *flow);
void acquire_step(struct flow *flow);
void tell_step(struct flow *flow);
void resume_step(struct flow *flow);

/* Tokens came, the id_token at that time: taken over, sealed and proved from here on. */
void acquire_begin(struct flow *flow, struct oauth_tokens *tokens, time_t id_token_at);

/* The proved token of an invitation, sealed; from here on it is told. upn: the account's name
 * at Graph. 0, or -1 with error set. */
int token_seal(struct flow *flow, const char *upn, struct error *error);

/* ops start and code; the request is answered now or later. */
void start_request(struct request *request);
void code_request(struct request *request);

/* Why nobody can sign in to an invitation of that status now; NULL: somebody can. */
const char *no_sign_in(enum status status);

/* Takes up what the vault holds, by time, from now on. Returns 0 or -1 out of memory. */
int resume_begin(struct tokend *tokend);
void resume_free(struct tokend *tokend);

/* As flow_find; a flow whose turn to be read has not come yet is read now. */
struct flow *flow_wanted(struct tokend *tokend, const char *id);

/* A token that the store does not know of is told, unless that is under way. */
void resume_telling(struct tokend *tokend, const struct vault_record *record);

#endif
