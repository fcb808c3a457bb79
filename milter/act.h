/*
 * What is done at the end of a message that may be ours, one function a kind; and how libmilter
 * is told.
 */
#ifndef POSTINVITE_MILTER_ACT_H
#define POSTINVITE_MILTER_ACT_H

#include "session.h"

#include "mail/report.h"

/* The queue id, or "NOQUEUE". */
const char *queue_id(SMFICTX *ctx);

/* Sets the reply and returns what the callback has to. code is "550" or the like, status
 * "5.7.1". A mail that Postfix made itself is accepted whatever is said: refusing it would lose
 * it. */
sfsistat answer(SMFICTX *ctx, const char *code, const char *status, const char *text);

/* The same for an error, by its category: temporary ones come back as 451. */
sfsistat answer_error(SMFICTX *ctx, const struct error *error);

/* action= in the log of a mail that is not taken: "rejected" for good, "refused" for now. */
const char *not_taken(const struct error *error);

/* A request to the store with one argument, text from a mail. NULL out of memory. */
struct json_object *request_about(const char *op, const char *member, const char *value);

/* Asks the store, and counts when it cannot be asked. As ipc_call. */
int ask_store(const struct session *session, struct json_object *request,
	struct json_object **reply_r, struct error *error);

/* The same for what is nearly always about somebody else's mail, which must not be slowed by
 * us: waits for a moment at most, and, once the store has not answered, one a second. */
int ask_store_briefly(const struct session *session, struct json_object *request,
	struct json_object **reply_r, struct error *error);

/* Sets a member to text from a mail: UTF-8, cut to what the store takes; removes it where there
 * is none. Returns 0 or -1. */
int put_text(struct json_object *object, const char *name, const char *text);

/* Asks the store to apply the event (taken over; NULL: out of memory) to the invitation, once
 * for that change id. Returns 1, 0 when that changes no fact, or -1. */
int apply_event(const struct session *session, const char *invitation,
	struct json_object *event, const char *change, struct error *error);

sfsistat act_welcome(SMFICTX *ctx, struct session *session);
sfsistat act_report(SMFICTX *ctx, struct session *session);
sfsistat act_consent(SMFICTX *ctx, struct session *session);
sfsistat act_consent_address(SMFICTX *ctx, struct session *session);
sfsistat act_bounce_address(SMFICTX *ctx, struct session *session);

/* RCPT: is the tag a customer's, or an invitation's? SMFIS_CONTINUE if so, else what is to be
 * returned, the reply set. */
sfsistat check_consent_tag(SMFICTX *ctx, const struct session *session, const char *tag);
sfsistat check_bounce_tag(SMFICTX *ctx, const struct session *session, const char *tag);

/* Takes the addresses of ours out of the recipients: the mail goes on to the others (some:
 * there are others by now), or nowhere. */
sfsistat take_own_out(SMFICTX *ctx, const struct session *session, bool some);

/* Reads the message as a report on a delivery, once no other is being read; to be freed in any
 * case. Returns 0, or -1: not found, it is none; or temporary. */
int read_report(const struct session *session, struct report *report_r, struct error *error);

/* What a report says of an invitation's mail. */
struct reported {
	const char *invitation;
	const struct report *report;
	const struct dsn_recipient *outcome; /* one of the report's */
};

/* Has it recorded, once however often it comes. Returns 1, 0 where it is no news, or -1. */
int record_report(SMFICTX *ctx, const struct session *session, const struct reported *reported,
	struct error *error);

#endif
