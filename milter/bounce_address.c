/*
 * What comes back to the envelope sender that a Welcome mail left with (bounce_address): a
 * delivery report is recorded with the invitation that the tag names, and goes on, as it is, to
 * whom the mail was from. Anything else is refused: by the sender or the tag at RCPT, by its
 * contents at the end. What Postfix itself returns cannot be refused; it is taken out.
 *
 * A report about another mail, put under a good tag, is none. A report that comes again records
 * nothing anew. What goes on has the null sender, and never goes to an address of ours: no loop
 * begins here.
 */
#include "act.h"

#include "base/json.h"
#include "base/log.h"
#include "mail/address.h"

#include <stdio.h>
#include <string.h>

struct bounce {
	SMFICTX *ctx;
	struct session *session;
	struct report report;
	size_t sent_on; /* to so many original senders */
};

/* The invitation of a tag; members are "" where not known. */
struct tagged {
	char id[INVITATION_ID_LEN + 1];
	char mailbox[ADDRESS_SIZE];
	char sender[ADDRESS_SIZE]; /* whom the Welcome mail was from */
};

static void take(struct json_object *invitation, const char *member, char *value_r, size_t size)
{
	snprintf(value_r, size, "%s", json_string(invitation, member, ""));
}

/* Returns 0 or -1. */
static int ask_for_tag(const struct session *session, const char *tag, struct tagged *tagged_r,
	struct error *error)
{
	struct json_object *request, *reply = NULL, *invitation;
	int result;

	if (*tag == '\0')
		return error_set(error, ERROR_NOT_FOUND, "not a bounce address of this site");
	request = request_about("get", "bounce_tag", tag);
	if (request == NULL)
		return error_memory(error);
	result = ask_store(session, request, &reply, error);
	json_object_put(request);
	invitation = json_member(reply, "invitation");
	take(invitation, "id", tagged_r->id, sizeof(tagged_r->id));
	take(invitation, "invitation_email", tagged_r->mailbox, sizeof(tagged_r->mailbox));
	take(invitation, "envelope_sender", tagged_r->sender, sizeof(tagged_r->sender));
	json_object_put(reply);
	return result;
}

static sfsistat refuse(SMFICTX *ctx, const struct session *session, const struct error *error)
{
	log_line(error_is_passing(error) ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
		"%s: bounce_address sender=%s action=%s reason=\"%s\"", queue_id(ctx),
		session->sender, not_taken(error), error->text);
	/* Postfix keeps the mail that it wants to return, and tries again. */
	if (error_is_passing(error) && session->internal)
		return SMFIS_TEMPFAIL;
	if (error_is_passing(error))
		return answer_error(ctx, error);
	return answer(
		ctx, "550", error->kind == ERROR_NOT_FOUND ? "5.1.1" : "5.7.1", error->text);
}

sfsistat check_bounce_tag(SMFICTX *ctx, const struct session *session, const char *tag)
{
	struct tagged tagged;
	struct error error;

	if (ask_for_tag(session, tag, &tagged, &error) < 0)
		return refuse(ctx, session, &error);
	if (session->marks.null_sender)
		return SMFIS_CONTINUE;
	error_set(
		&error, ERROR_POLICY, "this address takes delivery reports, and no other mail");
	return refuse(ctx, session, &error);
}

/* Has it go on, unless that would lead back to us. Returns 0 or -1. */
static int send_on(struct bounce *bounce, const char *sender, struct error *error)
{
	char tag[TAG_LEN_MAX + 1], argument[ADDRESS_SIZE + 2];

	if (!mailbox_valid(sender) ||
		session_own_address(bounce->session, sender, tag) != OWN_NONE)
		return 0;
	snprintf(argument, sizeof(argument), "<%s>", sender);
	if (smfi_addrcpt(bounce->ctx, argument) != MI_SUCCESS)
		return error_set(error, ERROR_TEMPORARY, "Postfix did not take a recipient");
	bounce->sent_on++;
	return 0;
}

/* Records it with the invitation of one tag. Returns 0 or -1. */
static int act_for(struct bounce *bounce, const char *tag, struct error *error)
{
	const struct dsn_facts *facts = &bounce->report.facts;
	struct reported reported = {.report = &bounce->report};
	struct tagged tagged;
	int result;

	if (ask_for_tag(bounce->session, tag, &tagged, error) < 0)
		return -1;
	/* One that is no invitation's was made up by a host on the way. */
	if (invitation_id_valid(facts->envelope_id) &&
		strcmp(facts->envelope_id, tagged.id) != 0)
		return error_set(error, ERROR_POLICY, "the report is about another mail");
	reported.invitation = tagged.id;
	reported.outcome = dsn_outcome(facts, tagged.mailbox);
	result = record_report(bounce->ctx, bounce->session, &reported, error);
	if (result < 0)
		return -1;
	bounce->session->counted = COUNT_MAIL_REPORT;
	log_info("%s: bounce_address invitation=%s recipient=%s delivery=%s status=%s news=%s "
		 "to=%s",
		queue_id(bounce->ctx), tagged.id, reported.outcome->recipient,
		reported.outcome->delivery, reported.outcome->status, result ? "yes" : "no",
		*tagged.sender == '\0' ? "-" : tagged.sender);
	return send_on(bounce, tagged.sender, error);
}

static int act(struct bounce *bounce, struct error *error)
{
	const struct session *session = bounce->session;

	error_set(error, ERROR_NOT_FOUND, "no report");
	if (!session->marks.null_sender || !session->marks.report ||
		read_report(session, &bounce->report, error) < 0) {
		if (error_is_passing(error))
			return -1;
		return error_set(error, ERROR_POLICY,
			"this address takes delivery reports, and no other mail");
	}
	for (const struct own_recipient *own = session->own; own != NULL; own = own->next)
		if (own->kind == OWN_BOUNCE && act_for(bounce, own->tag, error) < 0)
			return -1;
	return 0;
}

sfsistat act_bounce_address(SMFICTX *ctx, struct session *session)
{
	struct bounce bounce = {.ctx = ctx, .session = session};
	struct error error;
	int result;

	session->counted = COUNT_MAIL_REPORT_OTHER;
	result = act(&bounce, &error);
	report_free(&bounce.report);
	if (result < 0) {
		if (error_is_passing(&error) || (!session->local && session->others == 0))
			return refuse(ctx, session, &error);
		log_info("%s: bounce_address sender=%s action=none reason=\"%s\"",
			queue_id(ctx), session->sender, error.text);
	}
	return take_own_out(ctx, session, session->others + bounce.sent_on > 0);
}
