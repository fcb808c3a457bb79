/*
 * One person's way through the pages, from a request that needs a sign-in to its
 * end. Pages and the control interface's shortcuts walk the same functions.
 */
#ifndef ENTRA_JOURNEY_H
#define ENTRA_JOURNEY_H

#include "sim.h"

enum journey_kind { JOURNEY_AUTHORIZE, JOURNEY_DEVICE, JOURNEY_ADMIN_CONSENT, JOURNEY_REVIEW };

enum outcome {
	OUTCOME_NONE,
	OUTCOME_SIGNED_IN,
	OUTCOME_WRONG_PASSWORD,
	OUTCOME_UNKNOWN_USER,
	OUTCOME_DISABLED,
	OUTCOME_WRONG_TENANT,
	OUTCOME_NOT_ADMIN,
	OUTCOME_NOT_REVIEWER,
	OUTCOME_UNKNOWN_CODE,
	OUTCOME_EXPIRED_CODE,
	OUTCOME_USED_CODE,
	OUTCOME_BLOCKED,
	OUTCOME_ACCEPT_NEEDED,
	OUTCOME_APPROVAL_NEEDED,
	OUTCOME_ADMIN_NEEDED,
	OUTCOME_APPROVAL_REQUESTED,
	OUTCOME_DECLINED,
	OUTCOME_REVIEW,
};

struct journey {
	char *ctx; /* names it in the forms */
	enum journey_kind kind;
	struct app *app;       /* NULL for a review */
	struct tenant *tenant; /* who may sign in; NULL: anybody */
	struct user *user;     /* after the sign-in */
	char *scope, *redirect_uri, *state, *nonce, *challenge, *login_hint, *device_code;
	bool fragment, always_ask;
	enum outcome last;
	int64_t created;
};

void journeys_init(void);
void journeys_free(void);
void journeys_sweep(void);
struct journey *journey_new(enum journey_kind kind, struct app *app, const char *tenant_name);
struct journey *journey_find(const char *ctx);
/* A journey for a user code; NULL with *outcome when the code is of no use. */
struct journey *journey_for_code(const char *user_code, enum outcome *outcome);
enum outcome journey_sign_in(struct journey *journey, const char *upn, const char *password);
enum outcome journey_accept(struct journey *journey, bool accepted);
enum outcome journey_request(struct journey *journey, const char *justification);
const char *outcome_name(enum outcome outcome);

#endif
