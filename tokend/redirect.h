/*
 * A browser that is sent to Microsoft and comes back to wizard_url/callback: to sign in, to
 * confirm, to approve. What the way back needs is a sealed vault record under a random state.
 */
#ifndef POSTINVITE_TOKEND_REDIRECT_H
#define POSTINVITE_TOKEND_REDIRECT_H

#include "requests.h"
#include "tenants.h"

#include "token/oauth.h"
#include "token/pkce.h"
#include "token/refusal.h"

/* On the way out: what the URL is made of. */
struct way {
	const struct discovery *discovery;
	const char *tenant; /* that was asked of */
	const char *uri;    /* where it comes back to */
	const char *state, *nonce, *challenge;
};

struct purpose {
	const char *name; /* the op's, sealed with the state */
	int lifetime;	  /* seconds that the way back is open */
	/* May it be now? 0, or -1 with error set. */
	int (*check)(const struct request *request, struct error *error);
	/* the caller's; NULL out of memory */
	char *(*url)(const struct request *request, const struct way *way);
	/* of the event sign_in_started that is told before the browser goes; NULL: none */
	const char *method;
	/* The way back; the request is answered now or later. */
	void (*back)(struct request *request);
	string_list (*scopes)(const struct settings *settings);
	void (*tokens)(struct request *request); /* the code was redeemed */
};
const struct purpose *purpose_find(const char *name); /* purpose.c; or NULL */

struct redirect {
	const struct purpose *purpose;
	struct tenants tenants; /* on the way out */
	char *url;
	/* on the way back */
	char state[PKCE_TEXT_LEN + 1];
	struct vault_record record;
	struct secret *verifier, *link;
	struct oauth_tokens tokens;
	uint64_t keys_since;
	struct refusal refusal;
	/* either way */
	struct store_event *telling;
};

/* Sends the browser to Microsoft for that purpose, if it may be now. */
void redirect_request(struct request *request, const char *purpose);

/* wizard_url/callback; the caller's (free). NULL out of memory. */
char *redirect_uri(const struct settings *settings);

/* A string of the sealed record's clear part, "" when it has none. */
const char *redirect_text(const struct request *request, const char *name);

/* callback.c: redeems what came back; says no, on record too, to what Microsoft refused, or for
 * a reason of our own. A passing fault needs another press of the button all the same: the code
 * is spent, nothing is tried again by itself. */
void code_back(struct request *request);
void callback_refused(struct request *request, const struct refusal *refusal);
void callback_failed(struct request *request, const struct refusal *refusal);
void callback_passing(struct request *request, const char *code, const char *text);

/* approve.c, confirm.c, sign_in.c */
void approval_back(struct request *request);
void confirm_tokens(struct request *request);
void sign_in_back(struct request *request);
void sign_in_tokens(struct request *request);

#endif
