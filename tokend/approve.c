/*
 * An administrator's answer at the tenant's admin consent endpoint. Anybody could write what a
 * browser brings, so it is a hint: it is put on record, which has a live code polled at once,
 * and the next token proves it.
 */
#include "redirect.h"

#include "store.h"

#include "invite/event.h"

#include <string.h>
#include <strings.h>
#include <time.h>

static void granted_told(void *context, const struct error *error)
{
	struct request *request = context;

	request->redirect->telling = NULL;
	if (error != NULL)
		callback_reply(request, "failed", error->text);
	else
		callback_reply(request, "granted", "");
}

static void denied_told(void *context, const struct error *error)
{
	struct request *request = context;

	(void)error;
	request->redirect->telling = NULL;
	callback_reply(request, "denied", request->redirect->refusal.text);
}

static void tell_consent(struct request *request, const char *consent, store_told_fn *call)
{
	struct store_told told = {call, request};
	struct json_object *event = event_create("consent", time(NULL));

	if (event != NULL && json_set_string(event, "consent", consent) == 0 &&
		json_set_string(event, "consent_source", "redirect") == 0)
		request->redirect->telling = store_tell(
			request->tokend, redirect_text(request, "id"), event, NULL, &told);
	else
		json_object_put(event);
	if (request->redirect->telling == NULL)
		callback_passing(request, "memory", "out of memory");
}

/* Is it the tenant that the browser was sent to, where that is known? */
static bool tenant_fits(const struct request *request)
{
	const char *expected = redirect_text(request, "tenant_id");
	const char *tenant = json_string(request->body, "tenant", "");

	return expected[0] == '\0' || strcasecmp(expected, tenant) == 0;
}

static void approved(struct request *request)
{
	struct refusal refusal;

	if (tenant_fits(request)) {
		tell_consent(request, "granted", granted_told);
		return;
	}
	refusal_set(&refusal, OUTCOME_DECLINED, "wrong_tenant",
		"the permissions were approved for another organisation than that of %s; an "
		"administrator of that one has to approve them",
		redirect_text(request, "tenant"));
	callback_failed(request, &refusal);
}

/* "access_denied" and no known reason: the administrator pressed Cancel. */
static void refused(struct request *request, const char *error)
{
	struct refusal *refusal = &request->redirect->refusal;
	struct refusal copy;

	refusal_from_callback(
		error, json_string(request->body, "error_description", NULL), refusal);
	copy = *refusal;
	if (strcmp(refusal->code, "access_denied") == 0)
		tell_consent(request, "denied", denied_told);
	else
		callback_failed(request, &copy);
}

void approval_back(struct request *request)
{
	const char *error = json_string(request->body, "error", NULL);
	const char *consent = json_string(request->body, "admin_consent", "");

	if (error == NULL && strcasecmp(consent, "True") == 0)
		approved(request);
	else
		refused(request, error != NULL ? error : "no_consent");
}
