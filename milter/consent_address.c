/*
 * A mail to a customer's consent address: its administrator's mail-flow rule sends it, or
 * somebody forwards it. The tag names the customer, so that the signed To: may be any mailbox
 * of theirs; every other check holds.
 *
 *	genuine                              recorded, taken out of the mail's recipients
 *	else, with the subject of one        (forwarded by hand, or tagged by a rule on the way) tokend is told to poll once, taken out
 *	anything else                        refused; taken out where the mail has other recipients, who get it all the same
 *
 * The mail itself is never changed. While the store, or the DKIM key, is not to be had, it is
 * asked for again, and nothing has been noted of this try. sendmail(1) and Postfix itself are
 * never refused a mail.
 */
#include "act.h"

#include "base/log.h"
#include "consent.h"
#include "invite/event.h"
#include "store/protocol.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define UNKNOWN	   "5.1.1"
#define HINT_PAUSE 60 /* one hint a customer and minute is enough for anybody */

static int ask_for_tag(
	const struct session *session, const char *tag, struct fit *fit, struct error *error)
{
	if (strlen(tag) != CONSENT_TAG_LEN)
		return error_set(
			error, ERROR_NOT_FOUND, "no customer has that consent address");
	return consent_candidates(session, "consent_tag", tag, fit, error);
}

sfsistat check_consent_tag(SMFICTX *ctx, const struct session *session, const char *tag)
{
	struct fit fit = {0};
	struct error error;

	if (ask_for_tag(session, tag, &fit, &error) == 0)
		return SMFIS_CONTINUE;
	log_line(error_is_passing(&error) ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
		"%s: consent_address sender=%s action=%s reason=\"%s\"", queue_id(ctx),
		session->sender, not_taken(&error), error.text);
	if (error.kind == ERROR_NOT_FOUND)
		return answer(ctx, "550", UNKNOWN, error.text);
	return answer_error(ctx, &error);
}

/* NULL: genuine; else why not. */
static const char *verdict(struct session *session)
{
	const char *refusal = consent_refusal(&session->consent, false);

	if (session_config(session)->consent_table == NULL)
		return "there are no consent_senders";
	if (session->headers.raw.failed)
		return "it has too many header fields";
	return refusal != NULL ? refusal : consent_authenticate(session);
}

static struct json_object *hint_event(const struct session *session)
{
	struct json_object *event = event_create("consent_hint", time(NULL));

	if (event != NULL && put_text(event, "text", session->consent.subject) == 0)
		return event;
	json_object_put(event);
	return NULL;
}

static int hint(const struct session *session, const struct fit *fit, struct error *error)
{
	char change[CHANGE_ID_LEN + 1], name[2048];

	snprintf(name, sizeof(name), "consent_hint %s", fit->customer_id);
	change_id_derived(name, time(NULL) / HINT_PAUSE * HINT_PAUSE, change);
	return apply_event(session, fit->invitation, hint_event(session), change, error) < 0
		       ? -1
		       : 0;
}

/* For one of the addresses. Returns 0, or -1 when the mail has to come again. */
static int act_for(SMFICTX *ctx, const struct session *session, const char *tag,
	const char *refusal, struct error *error)
{
	struct fit fit = {.when = refusal == NULL ? consent_time(session) : time(NULL)};
	int result = ask_for_tag(session, tag, &fit, error);

	if (result == 0)
		result = consent_fitting(&fit, "the customer", error);
	if (result == 0)
		result = refusal == NULL ? consent_record(session, &fit, error)
					 : hint(session, &fit, error);
	if (result == 0 && refusal == NULL)
		log_info("%s: consent_address invitation=%s consent=%s", queue_id(ctx),
			fit.invitation, session->consent.consent);
	else if (result == 0)
		log_info("%s: consent_address invitation=%s action=hint reason=\"%s\"",
			queue_id(ctx), fit.invitation, refusal);
	else
		log_line(error->kind == ERROR_NOT_FOUND ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING,
			"%s: consent_address sender=%s action=none reason=\"%s\"",
			queue_id(ctx), session->sender, error->text);
	return result < 0 && error_is_passing(error) ? -1 : 0;
}

static sfsistat refuse(SMFICTX *ctx, const struct session *session, const char *refusal)
{
	log_info("%s: consent_address sender=%s from=%s action=%s reason=\"%s\"", queue_id(ctx),
		session->sender, session->consent.from == NULL ? "-" : session->consent.from,
		session->others == 0 ? "rejected" : "none", refusal);
	if (session->others == 0 && !session->local)
		return answer(ctx, "550", "5.7.1",
			"this address takes Microsoft's mails about admin consent, and no others");
	return take_own_out(ctx, session, session->others > 0);
}

sfsistat act_consent_address(SMFICTX *ctx, struct session *session)
{
	const char *refusal = verdict(session);
	struct error error;

	session->counted = COUNT_MAIL_CONSENT_REFUSED;
	if (session->consent.authentication.outcome == AUTHENTICATION_TEMPORARY) {
		error_set(&error, ERROR_TEMPORARY, "%s", refusal);
		log_warning("%s: consent_address sender=%s action=refused reason=\"%s\"",
			queue_id(ctx), session->sender, error.text);
		return answer_error(ctx, &error);
	}
	if (refusal != NULL && session->consent.forwarded == NULL)
		return refuse(ctx, session, refusal);
	session->counted = refusal == NULL ? COUNT_MAIL_CONSENT : COUNT_MAIL_CONSENT_HINT;
	for (const struct own_recipient *own = session->own; own != NULL; own = own->next)
		if (own->kind == OWN_CONSENT &&
			act_for(ctx, session, own->tag, refusal, &error) < 0)
			return answer_error(ctx, &error);
	return take_own_out(ctx, session, session->others > 0);
}
