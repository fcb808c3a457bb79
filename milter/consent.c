/*
 * A mail that passed every check its headers allow: authenticate it, find the one invitation it can mean, record
 * what it says. It goes on unchanged in any case; what is not proved or not clear is logged and
 * leaves no trace in the record.
 */
#include "act.h"

#include "base/log.h"
#include "invite/event.h"
#include "invite/link.h"
#include "store/protocol.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define MAILBOXES_MAX 10

/* The invitation found so far. */
struct choice {
	char invitation[INVITATION_ID_LEN + 1];
	char customer_id[256];
	bool ambiguous;
};

static const char *authenticate(struct session *session)
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

/* One that is complete waits for nothing. Of several of one customer the newest, which comes first, is meant. */
static void consider(struct choice *choice, struct json_object *invitation)
{
	const char *id = json_string(invitation, "id", "");
	const char *customer_id = json_string(invitation, "customer_id", "");

	if (strcmp(json_string(invitation, "status", ""), "authentication_complete") == 0 ||
		!invitation_id_valid(id))
		return;
	if (*choice->invitation == '\0') {
		strcpy(choice->invitation, id);
		snprintf(choice->customer_id, sizeof(choice->customer_id), "%s", customer_id);
	} else if (strcmp(choice->customer_id, customer_id) != 0) {
		choice->ambiguous = true;
	}
}

static int ask_candidates(const struct session *session, const char *mailbox,
	struct choice *choice, struct error *error)
{
	struct json_object *request = store_request("candidates"), *reply = NULL, *invitations;
	int result;

	if (request == NULL || put_text(request, "mailbox", mailbox) < 0) {
		json_object_put(request);
		return error_set(error, ERROR_TEMPORARY, "out of memory");
	}
	result = ipc_call(session_config(session)->store, request, &reply, error);
	json_object_put(request);
	invitations = json_member(reply, "invitations");
	if (result == 0 && json_object_is_type(invitations, json_type_array))
		for (size_t i = 0; i < json_object_array_length(invitations); i++)
			consider(choice, json_object_array_get_idx(invitations, i));
	json_object_put(reply);
	return result;
}

/* Returns 0 with the one invitation, or -1: not found, conflict or temporary. */
static int choose(const struct session *session, struct choice *choice, struct error *error)
{
	const struct consent_facts *facts = &session->consent;

	*choice = (struct choice){0};
	for (int i = 0; i < facts->to_count && i < MAILBOXES_MAX; i++)
		if (mailbox_valid(facts->to[i]) &&
			ask_candidates(session, facts->to[i], choice, error) < 0)
			return -1;
	if (choice->ambiguous)
		return error_set(
			error, ERROR_CONFLICT, "invitations of several customers fit To:");
	if (*choice->invitation == '\0')
		return error_set(error, ERROR_NOT_FOUND, "no open invitation fits To:");
	return 0;
}

/* It happened when the mail says, which is signed: a mail that comes late, or comes again under another
 * Message-ID, does not override what happened since. */
static struct json_object *consent_event(const struct consent_facts *facts)
{
	struct json_object *event =
		event_create("consent", facts->date < facts->now ? facts->date : facts->now);

	if (event != NULL && json_set_string(event, "consent", facts->consent) == 0 &&
		json_set_string(event, "consent_source", "mail") == 0 &&
		put_text(event, "message_id", facts->message_id) == 0)
		return event;
	json_object_put(event);
	return NULL;
}

/* The same mail is one change, whatever in it that is not signed differs. */
static int record(const struct session *session, struct choice *choice, struct error *error)
{
	const struct consent_facts *facts = &session->consent;
	char change[CHANGE_ID_LEN + 1], name[1024];

	if (choose(session, choice, error) < 0)
		return -1;
	snprintf(name, sizeof(name), "consent %s %s %s", facts->consent, facts->from,
		facts->to[0]);
	change_id_derived(name, facts->date, change);
	return apply_event(session, choice->invitation, consent_event(facts), change, error);
}

sfsistat act_consent(SMFICTX *ctx, struct session *session)
{
	const struct consent_facts *facts = &session->consent;
	const char *refusal = authenticate(session);
	struct choice choice;
	struct error error;

	if (refusal != NULL) {
		log_warning("%s: consent from=%s action=none reason=\"%s\"", queue_id(ctx),
			facts->from, refusal);
		return SMFIS_ACCEPT;
	}
	if (record(session, &choice, &error) == 0) {
		log_info("%s: consent invitation=%s consent=%s", queue_id(ctx),
			choice.invitation, facts->consent);
		return SMFIS_ACCEPT;
	}
	/* Most go to reviewers, who are nobody that was invited. */
	log_line(error.kind == ERROR_NOT_FOUND ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING,
		"%s: consent from=%s consent=%s action=none reason=\"%s\"", queue_id(ctx),
		facts->from, facts->consent, error.text);
	if (error.kind == ERROR_TEMPORARY || error.kind == ERROR_UNCERTAIN)
		return answer_error(ctx, &error);
	return SMFIS_ACCEPT;
}
