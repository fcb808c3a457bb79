/*
 * A mail that passed every check its headers allow: authenticate it, find the one invitation it
 * can mean, record what it says. It goes on unchanged in any case; what is not proved or not
 * clear is logged and leaves no trace in the record.
 */
#include "act.h"

#include "base/log.h"
#include "consent.h"
#include "invite/event.h"
#include "mail/address.h"
#include "store/protocol.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define MAILBOXES_MAX 10

const char *consent_authenticate(struct session *session)
{
	const struct config *config = session_config(session);
	struct consent_facts *facts = &session->consent;

	if (config->authserv_id != NULL) {
		authentication_results(&session->headers, config->authserv_id,
			session_settings(session)->consent_dkim_domains,
			&facts->authentication);
		return consent_refusal(facts, true);
	}
	if (session->cut)
		return "mail is too large to be verified";
	dkim_check(config->verifier, &session->headers,
		session->message.data + session->body_start,
		session->message.len - session->body_start, &facts->authentication);
	return consent_refusal(facts, true);
}

time_t consent_time(const struct session *session)
{
	const struct consent_facts *facts = &session->consent;

	return facts->date != 0 && facts->date < facts->now ? facts->date : facts->now;
}

int consent_candidates(const struct session *session, const char *member, const char *value,
	struct fit *fit, struct error *error)
{
	struct json_object *request = request_about("candidates", member, value), *reply = NULL,
			   *invitations;
	int result;

	if (request == NULL)
		return error_memory(error);
	result = ask_store(session, request, &reply, error);
	json_object_put(request);
	invitations = json_member(reply, "invitations");
	for (size_t i = 0; i < json_count(invitations); i++)
		fit_consider(fit, json_object_array_get_idx(invitations, i));
	json_object_put(reply);
	return result;
}

int consent_fitting(const struct fit *fit, const char *where, struct error *error)
{
	if (fit->ambiguous)
		return error_set(error, ERROR_CONFLICT,
			"invitations of several customers fit %s alike", where);
	if (*fit->invitation == '\0')
		return error_set(error, ERROR_NOT_FOUND,
			"no open invitation fits %s and the date", where);
	return 0;
}

/* It happened when the mail says, which is signed: a mail that comes late, or comes again under
 * another Message-ID, does not override what happened since. */
static struct json_object *consent_event(const struct session *session)
{
	const struct consent_facts *facts = &session->consent;
	struct json_object *event = event_create("consent", consent_time(session));

	if (event != NULL && json_set_string(event, "consent", facts->consent) == 0 &&
		json_set_string(event, "consent_source", "mail") == 0 &&
		put_text(event, "message_id", facts->message_id) == 0)
		return event;
	json_object_put(event);
	return NULL;
}

/* The same mail is one change for a customer, whatever in it that is not signed differs, and
 * whichever way it comes. */
int consent_record(const struct session *session, const struct fit *fit, struct error *error)
{
	const struct consent_facts *facts = &session->consent;
	char change[CHANGE_ID_LEN + 1], name[3072];

	snprintf(name, sizeof(name), "consent %s %s %.1000s %s", facts->consent, facts->from,
		facts->to[0], fit->customer_id);
	change_id_derived(name, facts->date, change);
	return apply_event(session, fit->invitation, consent_event(session), change, error) < 0
		       ? -1
		       : 0;
}

static int record(const struct session *session, struct fit *fit, struct error *error)
{
	const struct consent_facts *facts = &session->consent;

	for (int i = 0; i < facts->to_count && i < MAILBOXES_MAX; i++)
		if (mailbox_valid(facts->to[i]) &&
			consent_candidates(session, "mailbox", facts->to[i], fit, error) < 0)
			return -1;
	if (consent_fitting(fit, "To:", error) < 0)
		return -1;
	return consent_record(session, fit, error);
}

sfsistat act_consent(SMFICTX *ctx, struct session *session)
{
	const struct consent_facts *facts = &session->consent;
	const char *refusal = consent_authenticate(session);
	struct fit fit = {.when = consent_time(session)};
	struct error error;

	session->counted = COUNT_MAIL_CONSENT_REFUSED;
	if (refusal != NULL) {
		log_warning("%s: consent from=%s action=none reason=\"%s\"", queue_id(ctx),
			facts->from, refusal);
		return SMFIS_ACCEPT;
	}
	session->counted = COUNT_MAIL_CONSENT;
	if (record(session, &fit, &error) == 0) {
		log_info("%s: consent invitation=%s consent=%s", queue_id(ctx), fit.invitation,
			facts->consent);
		return SMFIS_ACCEPT;
	}
	session->counted = COUNT_MAIL_CONSENT_UNKNOWN;
	/* Most go to reviewers, who are nobody that was invited. */
	log_line(error.kind == ERROR_NOT_FOUND ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING,
		"%s: consent from=%s consent=%s action=none reason=\"%s\"", queue_id(ctx),
		facts->from, facts->consent, error.text);
	if (error_is_passing(&error))
		return answer_error(ctx, &error);
	return SMFIS_ACCEPT;
}
