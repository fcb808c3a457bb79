/*
 * Facts are gathered as they come and the kind is decided once, at the end of headers. A
 * message keeps the generation of settings it began with.
 */
#include "session.h"

#include "spool.h"
#include "turn.h"

#include "base/log.h"
#include "base/network.h"
#include "mail/address.h"
#include "mail/bounce.h"

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

static atomic_int messages;

int session_messages(void)
{
	return atomic_load(&messages);
}

/* What is kept of a message of each kind. No Welcome mail is larger; a report's status stands
 * at its beginning; consent mails are a few kilobytes. Strangers can send many of the latter
 * two at once. */
static const size_t kept[] = {
	[MAIL_UNRELATED] = 0,
	[MAIL_MAYBE_WELCOME] = (size_t)32 * 1024 * 1024,
	[MAIL_MAYBE_REPORT] = (size_t)256 * 1024,
	[MAIL_CLAIMS_CONSENT] = (size_t)512 * 1024,
	[MAIL_TO_CONSENT_ADDRESS] = (size_t)512 * 1024,
	[MAIL_TO_BOUNCE_ADDRESS] = (size_t)256 * 1024,
};

/* Of a mail that may be a Welcome mail no more is kept in memory while it comes. */
#define KEPT_IN_MEMORY ((size_t)128 * 1024)

const struct settings *session_settings(const struct session *session)
{
	return session->generation->settings;
}

const struct config *session_config(const struct session *session)
{
	return session->generation->derived;
}

struct metrics *session_metrics(const struct session *session)
{
	return daemon_data(session->daemon);
}

void session_count(const struct session *session)
{
	metrics_count(session_metrics(session), METRIC_MILTER_MAILS, session->counted);
}

struct session *session_new(struct daemon *daemon, unsigned long steps)
{
	struct session *session = calloc(1, sizeof(*session));

	if (session == NULL)
		return NULL;
	session->daemon = daemon;
	session->steps = steps;
	headers_init(&session->headers);
	buf_init(&session->message, 0);
	session->spool = -1;
	return session;
}

void session_free(struct session **session)
{
	if (*session == NULL)
		return;
	session_end_message(*session);
	free(*session);
	*session = NULL;
}

static void end_turn(struct session *session)
{
	if (session->spool >= 0)
		close(session->spool);
	session->spool = -1;
	if (session->turn != 0)
		turn_give_back(session->turn);
	session->turn = 0;
}

void session_end_message(struct session *session)
{
	if (session->generation == NULL)
		return;
	daemon_generation_release(&session->generation);
	headers_free(&session->headers);
	buf_free(&session->message);
	end_turn(session);
	consent_facts_free(&session->consent);
	while (session->own != NULL) {
		struct own_recipient *own = session->own;

		session->own = own->next;
		free(own);
	}
	session->classified = false;
	session->marks = (struct mail_marks){0};
	session->kind = MAIL_UNRELATED;
	session->counted = COUNT_MAIL_UNRELATED;
	session->recipients = session->others = 0;
	session->body_start = session->body_len = 0;
	session->cut = false;
	session->unkept = (struct error){0};
	atomic_fetch_sub(&messages, 1);
}

void session_connect(struct session *session, const struct sockaddr *client, bool local)
{
	size_t size = client == NULL		      ? 0
		      : client->sa_family == AF_INET  ? sizeof(struct sockaddr_in)
		      : client->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
						      : 0;

	session->local = local;
	session->client_known = size > 0;
	if (size > 0)
		memcpy(&session->client, client, size);
}

static void keep_ret(struct session *session, char **arguments)
{
	*session->sender_ret = '\0';
	for (; *arguments != NULL; arguments++)
		if (strcasecmp(*arguments, "RET=HDRS") == 0 ||
			strcasecmp(*arguments, "RET=FULL") == 0)
			snprintf(session->sender_ret, sizeof(session->sender_ret), " %s",
				*arguments);
}

void session_mail(struct session *session, char **arguments, const char *sasl_name,
	const char *certificate_name)
{
	const struct submission submission = {
		.sasl_name = sasl_name,
		.certificate_name = certificate_name,
		.client = session->client_known ? (const struct sockaddr *)&session->client
						: NULL,
	};
	bool fits, listed;

	session_end_message(session);
	session->generation = daemon_generation(session->daemon);
	atomic_fetch_add(&messages, 1);
	fits = envelope_address(arguments[0], session->sender, sizeof(session->sender));
	if (!fits)
		*session->sender = '\0';
	session->marks.null_sender = fits && *session->sender == '\0';
	session->internal = *arguments[0] == '\0';
	listed = fits && *session->sender != '\0' &&
		 address_listed(session_settings(session)->welcome_senders, session->sender);
	session->marks.welcome_sender =
		listed && submitters_have(session_config(session)->submitters, &submission);
	session->stranger = listed && !session->marks.welcome_sender;
	snprintf(session->login, sizeof(session->login), "%s",
		sasl_name != NULL ? sasl_name : "-");
	keep_ret(session, arguments + 1);
}

enum own_address session_own_address(
	const struct session *session, const char *argument, char tag_r[TAG_LEN_MAX + 1])
{
	const struct settings *settings = session_settings(session);
	char address[ADDRESS_SIZE];

	if (!envelope_address(argument, address, sizeof(address)))
		return OWN_NONE;
	if (address_tag(settings->consent_address, address, tag_r))
		return OWN_CONSENT;
	return address_tag(settings->bounce_address, address, tag_r) ? OWN_BOUNCE : OWN_NONE;
}

static int add_own(
	struct session *session, const char *argument, enum own_address kind, const char *tag)
{
	struct own_recipient *own = calloc(1, sizeof(*own));

	if (own == NULL)
		return -1;
	own->kind = kind;
	snprintf(own->tag, sizeof(own->tag), "%s", tag);
	snprintf(own->argument, sizeof(own->argument), "%s", argument);
	own->next = session->own;
	session->own = own;
	session->marks.to_bounce_address |= kind == OWN_BOUNCE;
	return 0;
}

int session_recipient(
	struct session *session, const char *argument, enum own_address kind, const char *tag)
{
	char address[ADDRESS_SIZE];

	if (kind != OWN_NONE && add_own(session, argument, kind, tag) < 0)
		return -1;
	session->others += kind == OWN_NONE;
	if (!envelope_address(argument, address, sizeof(address)))
		*address = '\0';
	if (session->recipients == 0)
		strcpy(session->recipient, address);
	else if (strcasecmp(session->recipient, address) == 0)
		return 0;
	session->recipients++;
	return 0;
}

/* Some systems return mail with an address of their own. */
static bool is_report(const struct session *session)
{
	static const char daemon[] = "mailer-daemon@";

	return (session->marks.null_sender ||
		       strncasecmp(session->sender, daemon, sizeof(daemon) - 1) == 0) &&
	       bounce_possible(&session->headers);
}

/* Nothing of a mail is kept that cannot be a consent mail by its headers. On the consent
 * address act_consent_address says what becomes of such a one. */
static void read_consent(struct session *session, const char *queue_id)
{
	const char *refusal = "out of memory";

	if (session_config(session)->consent_table == NULL)
		refusal = "there are no consent_senders";
	else if (consent_read(&session->headers, session_settings(session)->consent_senders,
			 session_config(session)->consent_table, time(NULL),
			 &session->consent) == 0)
		refusal = consent_refusal(&session->consent, false);
	if (refusal == NULL)
		return;
	session->cut = true;
	if (session->kind == MAIL_TO_CONSENT_ADDRESS)
		return;
	log_info("%s: consent from=%s action=none reason=\"%s\"", queue_id,
		session->consent.from == NULL ? "-" : session->consent.from, refusal);
	session->kind = MAIL_UNRELATED;
	session->counted = COUNT_MAIL_CONSENT_REFUSED;
}

/* What somebody sent who uses a welcome sender's address: Postfix's word on who it was. */
static void log_stranger(const struct session *session, const char *queue_id)
{
	char client[INET6_ADDRSTRLEN] = "-";
	struct in6_addr address;

	if (session->client_known &&
		address_of((const struct sockaddr *)&session->client, &address) == 0)
		address_text(&address, client);
	log_info(
		"%s: welcome from=%s client=%s login=%s action=none reason=\"client is not one of "
		"welcome_submitters\"",
		queue_id, session->sender, client, session->login);
}

void session_classify(struct session *session, const char *queue_id)
{
	const struct settings *settings = session_settings(session);

	session->classified = true;
	session->counted = session->stranger ? COUNT_MAIL_STRANGER : COUNT_MAIL_UNRELATED;
	if (session->stranger)
		log_stranger(session, queue_id);
	session->marks.report = is_report(session);
	session->marks.consent_sender =
		consent_claimed(&session->headers, settings->consent_senders);
	/* A Welcome mail that has other recipients, too, is refused as such. */
	if (session->marks.welcome_sender && session->others > 0)
		session->marks.to_bounce_address = false;
	else
		session->marks.to_consent_address = session->own != NULL;
	session->kind = mail_kind(&session->marks);
	/* With fields missing nothing is proved; what a Welcome mail's refusal says is
	 * act_welcome's business. */
	if (session->headers.raw.failed &&
		(session->kind == MAIL_MAYBE_REPORT || session->kind == MAIL_CLAIMS_CONSENT))
		session->kind = MAIL_UNRELATED;
	if (session->kind == MAIL_CLAIMS_CONSENT || session->kind == MAIL_TO_CONSENT_ADDRESS)
		read_consent(session, queue_id);
	if (session->kind == MAIL_UNRELATED)
		return;
	buf_init(&session->message, kept[session->kind] + HEADERS_MAX);
	headers_put_mime(&session->headers, &session->message);
	session->body_start = session->message.len;
}

static int move_to_spool(struct session *session, struct error *error)
{
	if (session->message.failed)
		return error_set(error, ERROR_TEMPORARY, "out of memory for a message");
	session->spool = spool_open(error);
	if (session->spool < 0 || spool_write(session->spool, session->message.data,
					  session->message.len, error) < 0)
		return -1;
	buf_free(&session->message);
	return 0;
}

static int keep(struct session *session, const void *bytes, size_t len, struct error *error)
{
	session->body_len += len;
	if (session->kind != MAIL_MAYBE_WELCOME || session->body_len <= KEPT_IN_MEMORY) {
		buf_append(&session->message, bytes, len);
		return 0;
	}
	if (session->spool < 0 && move_to_spool(session, error) < 0)
		return -1;
	return spool_write(session->spool, bytes, len, error);
}

bool session_body(struct session *session, const void *bytes, size_t len)
{
	size_t room = kept[session->kind] - session->body_len;

	if (session->cut)
		return false;
	session->cut = len > room;
	if (keep(session, bytes, session->cut ? room : len, &session->unkept) < 0)
		session->cut = true;
	return !session->cut;
}

int session_load(struct session *session, struct error *error)
{
	if (session->unkept.kind != ERROR_NONE) {
		*error = session->unkept;
		return -1;
	}
	if (session->spool >= 0) {
		if (turn_take(&session->turn, error) < 0)
			return -1;
		if (spool_read(session->spool, &session->message, error) < 0)
			return -1;
	}
	return session->message.failed
		       ? error_set(error, ERROR_TEMPORARY, "out of memory for a message")
		       : 0;
}
