/*
 * A degree for each invitation; the highest one counts.
 */
#include "invite/fit.h"

#include "base/clock.h"
#include "invite/record.h"

#include <stdio.h>
#include <string.h>

enum degree { FIT_NOT, FIT_WAITED, FIT_SIGNING_IN };

static bool by_then(struct json_object *invitation, const char *member, time_t when)
{
	time_t since;

	return clock_parse(json_string(invitation, member, NULL), &since) == 0 &&
	       since <= when + FIT_SKEW;
}

static enum degree degree_of(struct json_object *invitation, time_t when)
{
	const char *status = json_string(invitation, "status", "");

	if (strcmp(status, status_name(STATUS_AUTHENTICATION_COMPLETE)) == 0 ||
		!invitation_id_valid(json_string(invitation, "id", "")) ||
		!by_then(invitation, "created_at", when))
		return FIT_NOT;
	return by_then(invitation, "sign_in_started_at", when) ? FIT_SIGNING_IN : FIT_WAITED;
}

static void take(struct fit *fit, struct json_object *invitation, time_t created)
{
	strcpy(fit->invitation, json_string(invitation, "id", ""));
	snprintf(fit->customer_id, sizeof(fit->customer_id), "%s",
		json_string(invitation, "customer_id", ""));
	fit->created = created;
}

void fit_consider(struct fit *fit, struct json_object *invitation)
{
	enum degree degree = degree_of(invitation, fit->when);
	const char *customer_id = json_string(invitation, "customer_id", "");
	time_t created = 0;

	if (degree == FIT_NOT || (int)degree < fit->degree)
		return;
	clock_parse(json_string(invitation, "created_at", NULL), &created);
	if ((int)degree > fit->degree) {
		fit->degree = (int)degree;
		fit->ambiguous = false;
		take(fit, invitation, created);
	} else if (strcmp(fit->customer_id, customer_id) != 0) {
		fit->ambiguous = true;
	} else if (created > fit->created) {
		take(fit, invitation, created);
	}
}
