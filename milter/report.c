/*
 * A delivery report: when it names one of our invitations, the delivery is recorded. The report itself always goes on as it
 * is. Refusing one that Postfix made would lose it; one that came by SMTP is sent again, and that is asked for
 * when the store is away.
 */
#include "act.h"

#include "base/log.h"
#include "invite/event.h"
#include "invite/link.h"
#include "mail/dsn.h"
#include "mail/mime.h"
#include "store/protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct json_object *delivery_event(const struct dsn_facts *facts)
{
	struct json_object *event = event_create("delivery", time(NULL));

	if (event != NULL && json_set_string(event, "delivery", facts->delivery) == 0 &&
		put_text(event, "delivery_status", facts->status) == 0 &&
		put_text(event, "delivery_text", facts->text) == 0)
		return event;
	json_object_put(event);
	return NULL;
}

/* The same report seen twice is one change; without Message-ID the queue id tells them apart. */
static void report_change(SMFICTX *ctx, const struct session *session, char *change_r)
{
	char *message_id = headers_value(&session->headers, "Message-ID");
	char *date = headers_value(&session->headers, "Date");
	time_t when = 0;
	char name[512];

	if (date == NULL || mail_date(date, &when) < 0)
		when = time(NULL);
	snprintf(name, sizeof(name), "report %s",
		message_id == NULL ? queue_id(ctx) : message_id);
	change_id_derived(name, when, change_r);
	free(message_id);
	free(date);
}

int record_report(SMFICTX *ctx, const struct session *session, const char *invitation,
	const struct dsn_facts *facts, struct error *error)
{
	char change[CHANGE_ID_LEN + 1];

	report_change(ctx, session, change);
	return apply_event(session, invitation, delivery_event(facts), change, error);
}

sfsistat act_report(SMFICTX *ctx, struct session *session)
{
	struct dsn_facts facts;
	struct error error;

	session->counted = COUNT_MAIL_REPORT_OTHER;
	if (dsn_read(session->message.data, session->message.len, session->body_start, &facts,
		    &error) < 0 ||
		!invitation_id_valid(facts.envelope_id))
		return SMFIS_ACCEPT;
	if (record_report(ctx, session, facts.envelope_id, &facts, &error) == 0) {
		session->counted = COUNT_MAIL_REPORT;
		log_info("%s: report invitation=%s recipient=%s delivery=%s status=%s",
			queue_id(ctx), facts.envelope_id, facts.recipient, facts.delivery,
			facts.status);
		return SMFIS_ACCEPT;
	}
	log_warning("%s: report invitation=%s delivery=%s action=none reason=\"%s\"",
		queue_id(ctx), facts.envelope_id, facts.delivery, error.text);
	if (error.kind != ERROR_TEMPORARY && error.kind != ERROR_UNCERTAIN)
		return SMFIS_ACCEPT;
	return answer_error(ctx, &error);
}
