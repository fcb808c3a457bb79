/*
 * A mail of a welcome sender, complete. Read what it holds, decide (mail/recognise.h), have the
 * invitation recorded, build the whole new body, and only then tell Postfix anything: what is
 * asked of Postfix cannot be taken back, and whatever fails before leaves a mail that is
 * refused and sent again. What would be refused for good is found out before the invitation is
 * recorded, or else each try would count as a mail of it.
 */
#include "act.h"
#include "lookup.h"
#include "outgoing.h"

#include "base/clock.h"
#include "base/log.h"
#include "mail/address.h"
#include "mail/rewrite.h"
#include "mail/value.h"
#include "store/protocol.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CUSTOMER_ID_MAX 255

struct welcome {
	SMFICTX *ctx;
	struct session *session;
	struct mail *mail;
	struct mail_findings findings;
	char *subject; /* UTF-8; "" without one */
	bool tracked;  /* a genuine link of ours is there: it passes a second time */
	char invitation[64];
	char link[2048];
	char bounce_address[ADDRESS_SIZE]; /* the envelope sender from now on; "": it stays */
};

static const struct {
	const char *name;		  /* action= in the log, where the link is put in */
	const char *reason;		  /* where the mail is passed on without */
	const char *code, *status, *text; /* of a refusal */
	enum count_mail counted;	  /* where it is none */
} outcomes[] = {
	[WELCOME_NONE] = {.counted = COUNT_MAIL_UNRELATED},
	[WELCOME_INJECT] = {.name = "injected", .counted = COUNT_MAIL_INJECTED},
	[WELCOME_APPEND] = {.name = "appended", .counted = COUNT_MAIL_APPENDED},
	[WELCOME_PASS_UNMARKED] = {.reason = "no placeholder and no platform link",
		.counted = COUNT_MAIL_PASSED},
	[WELCOME_PASS_NO_TEXT] = {.reason = "no text part to append the link to",
		.counted = COUNT_MAIL_PASSED},
	[WELCOME_PASS_PROTECTED] = {.reason = "signed or encrypted",
		.counted = COUNT_MAIL_PASSED},
	[WELCOME_REJECT_UNMARKED] = {.code = "550",
		.status = "5.6.0",
		.text = "Welcome mail holds neither the link placeholder nor a link of the "
			"platform: put one into its template"},
	[WELCOME_REJECT_PROTECTED] = {.code = "550",
		.status = "5.6.0",
		.text = "Welcome mail is signed or encrypted: the invitation link cannot be put "
			"in; send it without, this relay can sign it"},
};

static int read_mail(struct welcome *welcome, struct error *error)
{
	const struct session *session = welcome->session;
	const struct settings *settings = session_settings(session);
	const struct link_rules rules = {
		.placeholder = settings->link_placeholder,
		.platform_url = settings->platform_url,
		.platform_id = "",
		.tracked_url = session_config(session)->tracked_url,
	};
	char *raw = headers_value(&session->headers, "Subject");

	welcome->subject = mail_decode_header(raw == NULL ? "" : raw);
	free(raw);
	if (session->headers.raw.failed)
		return error_set(error, ERROR_PERMANENT,
			"header fields of more than %d bytes: no Welcome mail can have so many",
			HEADERS_MAX);
	if (welcome->subject == NULL)
		return error_set(error, ERROR_TEMPORARY, "out of memory for a message");
	if (session_load(welcome->session, error) < 0)
		return -1;
	welcome->mail = mail_parse(session->message.data, session->message.len,
		session->body_start, &rules, error);
	if (welcome->mail == NULL)
		return -1;
	mail_findings(welcome->mail, &welcome->findings);
	return 0;
}

static bool subject_fits(const struct welcome *welcome)
{
	const struct pattern *pattern = session_settings(welcome->session)->welcome_subject;

	return pattern != NULL &&
	       pattern_match(pattern, welcome->subject, strlen(welcome->subject), NULL);
}

/* Anybody can write an address that begins like our links: only a genuine one says that the
 * mail was here before. A placeholder says that it was not, and what the answer would not
 * change is not asked. */
static int look_for_tracked(struct welcome *welcome, struct error *error)
{
	const struct mail_findings *findings = &welcome->findings;
	int found;

	if (findings->tokens->count == 0 || findings->placeholders > 0 ||
		(findings->links == 0 && !subject_fits(welcome)))
		return 0;
	found = lookup_genuine(welcome->session, findings->tokens, error);
	welcome->tracked = found == 1;
	if (found == 0)
		log_warning(
			"%s: welcome from=%s reason=\"a link that looks like an invitation's "
			"is none of ours\"",
			queue_id(welcome->ctx), welcome->session->sender);
	return found < 0 ? -1 : 0;
}

static enum welcome_action decide(const struct welcome *welcome)
{
	const struct settings *settings = session_settings(welcome->session);
	const struct welcome_facts facts = {
		.linked = welcome->findings.placeholders > 0 ||
			  (welcome->findings.links > 0 && !welcome->tracked),
		.tracked = welcome->tracked,
		.subject_fits = subject_fits(welcome),
		.is_protected = welcome->findings.protection != NULL,
		.has_text = welcome->findings.has_text,
		.fallback = settings->link_fallback,
		.unsignable = settings->unsignable_action,
	};

	return welcome_action(&facts);
}

static struct json_object *mail_facts(const struct welcome *welcome)
{
	char *message_id = headers_value(&welcome->session->headers, "Message-ID");
	struct json_object *email = json_object_new_object();
	int failed = email == NULL;

	if (!failed) {
		failed |= put_text(email, "message_id", message_id);
		failed |= put_text(email, "queue_id", queue_id(welcome->ctx));
		failed |= put_text(email, "subject", welcome->subject);
		failed |= put_text(email, "envelope_sender", welcome->session->sender);
		failed |= put_text(
			email, "platform_invitation_id", welcome->findings.platform_id);
	}
	free(message_id);
	if (!failed)
		return email;
	json_object_put(email);
	return NULL;
}

/* What customer_id_pattern finds, NULL when that is nothing or no identifier. */
static char *customer_id_of(const struct welcome *welcome)
{
	const struct pattern *pattern = session_settings(welcome->session)->customer_id_pattern;
	char *id = NULL;
	size_t len = 0;

	if (pattern != NULL)
		id = mail_customer_id(welcome->mail, pattern, welcome->subject);
	while (id != NULL && (unsigned char)id[len] >= ' ' && id[len] != 0x7f)
		len++;
	if (id != NULL && len > 0 && len <= CUSTOMER_ID_MAX && id[len] == '\0')
		return id;
	free(id);
	return NULL;
}

static struct json_object *open_request(const struct welcome *welcome)
{
	struct json_object *request = store_change_request("open");
	struct json_object *email = mail_facts(welcome);
	char *customer_id = customer_id_of(welcome);
	int failed = request == NULL || email == NULL;

	if (!failed) {
		failed |= put_text(request, "mailbox", welcome->session->recipient);
		failed |= json_set_string(request, "customer_id", customer_id);
		failed |= json_object_object_add(request, "email", email);
		email = NULL;
	}
	free(customer_id);
	json_object_put(email);
	if (!failed)
		return request;
	json_object_put(request);
	return NULL;
}

/* Opens or reuses the invitation. Once this returns 0 it is durable. */
static int open_invitation(struct welcome *welcome, struct error *error)
{
	struct json_object *request = open_request(welcome), *reply = NULL, *invitation;
	const char *id, *link, *bounce;
	int result;

	if (request == NULL)
		return error_memory(error);
	result = ask_store(welcome->session, request, &reply, error);
	json_object_put(request);
	if (result < 0)
		return -1;
	invitation = json_member(reply, "invitation");
	id = json_string(invitation, "id", "");
	link = json_string(invitation, "auth_url", "");
	bounce = json_string(reply, "bounce_address", "");
	if (*id == '\0' || *link == '\0' || strlen(id) >= sizeof(welcome->invitation) ||
		strlen(link) >= sizeof(welcome->link) ||
		strlen(bounce) >= sizeof(welcome->bounce_address)) {
		result = error_set(error, ERROR_TEMPORARY, "the store answered without a link");
	} else {
		strcpy(welcome->invitation, id);
		strcpy(welcome->link, link);
		strcpy(welcome->bounce_address, bounce);
	}
	json_object_put(reply);
	return result;
}

/* An invitation is for one mailbox: NULL, or what is wrong with the recipients. */
static const char *recipient_fault(const struct session *session, const char **status_r)
{
	*status_r = "5.7.1";
	if (session->recipients != 1)
		return "Welcome mail must have exactly one recipient: an invitation is for one "
		       "mailbox";
	*status_r = "5.1.3";
	return mailbox_valid(session->recipient) ? NULL
						 : "Welcome mail's recipient is not a mailbox: "
						   "local-part@domain is needed";
}

/* Puts the link in, and leaves the mail and its parts behind: of a large one there are copies
 * enough. */
static int rewrite(struct welcome *welcome, enum welcome_action action,
	struct outgoing *outgoing_r, struct error *error)
{
	enum mail_edit edit = action == WELCOME_APPEND ? MAIL_APPEND_LINK : MAIL_REPLACE_LINKS;
	struct rewritten rewritten;
	int result = mail_rewrite(welcome->mail, edit, welcome->link, &rewritten, error);

	mail_free(&welcome->mail);
	buf_free(&welcome->session->message);
	if (result < 0)
		return -1;
	return outgoing_make(welcome->session, &rewritten, outgoing_r, error);
}

static int send_on(struct welcome *welcome, enum welcome_action action, struct error *error)
{
	const struct outgoing_envelope envelope = {
		.sender = *welcome->bounce_address == '\0' ? welcome->session->sender
							   : welcome->bounce_address,
		.id = welcome->invitation,
	};
	struct outgoing outgoing = {0};
	int result = rewrite(welcome, action, &outgoing, error);

	if (result == 0)
		result = outgoing_tell(
			welcome->ctx, welcome->session, &outgoing, &envelope, error);
	outgoing_free(&outgoing);
	return result;
}

static sfsistat inject(struct welcome *welcome, enum welcome_action action)
{
	const struct session *session = welcome->session;
	size_t links = action == WELCOME_APPEND ? 1 : welcome->findings.links;
	struct error error;

	if (outgoing_possible(session, &error) < 0 || open_invitation(welcome, &error) < 0 ||
		send_on(welcome, action, &error) < 0) {
		log_warning("%s: welcome recipient=%s action=%s reason=\"%s\"",
			queue_id(welcome->ctx), session->recipient, not_taken(&error),
			error.text);
		return answer_error(welcome->ctx, &error);
	}
	log_info("%s: welcome invitation=%s recipient=%s action=%s links=%zu%s",
		queue_id(welcome->ctx), welcome->invitation, session->recipient,
		outcomes[action].name, links,
		session_config(session)->signer != NULL ? " signed" : "");
	return SMFIS_ACCEPT;
}

static sfsistat refuse(
	const struct welcome *welcome, const char *code, const char *status, const char *text)
{
	log_warning("%s: welcome from=%s action=rejected reason=\"%s\"", queue_id(welcome->ctx),
		welcome->session->sender, text);
	return answer(welcome->ctx, code, status, text);
}

static sfsistat carry_out(struct welcome *welcome, enum welcome_action action)
{
	const char *fault, *status;

	welcome->session->counted = outcomes[action].counted;
	if (action == WELCOME_NONE) {
		log_info("%s: welcome from=%s action=none reason=\"%s\"",
			queue_id(welcome->ctx), welcome->session->sender,
			welcome->tracked ? "holds its invitation link already"
					 : "no placeholder and no platform link");
		return SMFIS_ACCEPT;
	}
	if (outcomes[action].code != NULL)
		return refuse(welcome, outcomes[action].code, outcomes[action].status,
			outcomes[action].text);
	if (action != WELCOME_INJECT && action != WELCOME_APPEND) {
		log_warning("%s: welcome from=%s action=passed reason=\"%s\"",
			queue_id(welcome->ctx), welcome->session->sender,
			outcomes[action].reason);
		return SMFIS_ACCEPT;
	}
	if (welcome->session->cut)
		return refuse(
			welcome, "552", "5.3.4", "Welcome mail is too large to put a link in");
	fault = recipient_fault(welcome->session, &status);
	if (fault != NULL)
		return refuse(welcome, "550", status, fault);
	return inject(welcome, action);
}

static bool holds(const struct buf *message, const char *text)
{
	return *text != '\0' && memmem(message->data, message->len, text, strlen(text)) != NULL;
}

/* A mail that there is no reading. The platform sends other mail, too: only one that looks like a
 * Welcome mail is refused. */
static sfsistat judge_unread(const struct welcome *welcome, struct error *error)
{
	struct session *session = welcome->session;
	const struct settings *settings = session_settings(session);

	if (subject_fits(welcome) || holds(&session->message, settings->link_placeholder) ||
		holds(&session->message, settings->platform_url)) {
		error_prefix(error, "Welcome mail cannot be read");
		return refuse(welcome, "550", "5.6.0", error->text);
	}
	session->counted = COUNT_MAIL_PASSED;
	log_warning("%s: welcome from=%s action=passed reason=\"%s\"", queue_id(welcome->ctx),
		session->sender, error->text);
	return SMFIS_ACCEPT;
}

sfsistat act_welcome(SMFICTX *ctx, struct session *session)
{
	struct welcome welcome = {.ctx = ctx, .session = session};
	uint64_t begun = clock_monotonic_us();
	struct error error;
	sfsistat result;

	if (read_mail(&welcome, &error) == 0 && look_for_tracked(&welcome, &error) == 0) {
		result = carry_out(&welcome, decide(&welcome));
	} else if (welcome.mail == NULL && error.kind == ERROR_NOT_FOUND) {
		result = judge_unread(&welcome, &error);
	} else {
		log_warning("%s: welcome from=%s action=%s reason=\"%s\"", queue_id(ctx),
			session->sender, not_taken(&error), error.text);
		result = answer_error(ctx, &error);
	}
	mail_free(&welcome.mail);
	free(welcome.subject);
	metrics_observe(session_metrics(session), METRIC_MILTER_WELCOME_SECONDS,
		(struct metric_at){0}, clock_monotonic_us() - begun);
	return result;
}
