/*
 * One connection of Postfix's and the message that is passing on it. All state of the milter
 * lives here, in libmilter's private pointer: callbacks of one session come on different
 * threads, one after the other.
 */
#ifndef POSTINVITE_MILTER_SESSION_H
#define POSTINVITE_MILTER_SESSION_H

#include "base/daemon.h"
#include "base/metrics.h"
#include "config.h"
#include "invite/tag.h"
#include "mail/consent.h"
#include "mail/headers.h"
#include "mail/recognise.h"

#include <libmilter/mfapi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define ADDRESS_SIZE 512

/* The addresses of this site (invite/tag.h). */
enum own_address { OWN_NONE, OWN_CONSENT, OWN_BOUNCE };

struct own_recipient {
	struct own_recipient *next;
	enum own_address kind;
	char tag[TAG_LEN_MAX + 1];
	char argument[ADDRESS_SIZE]; /* as Postfix gave it */
};

struct session {
	struct daemon *daemon;
	unsigned long steps; /* the negotiated SMFIP_* */
	struct sockaddr_storage client;
	bool client_known;
	/* not by SMTP: from sendmail(1), or made by Postfix itself; no recipient is refused */
	bool local;

	/* the message; empty between two */
	const struct daemon_generation *generation; /* NULL: no message */
	bool classified;			    /* its headers are complete */
	char sender[ADDRESS_SIZE];		    /* "" also where it does not fit */
	char sender_ret[16];			    /* " RET=HDRS" as given with MAIL, or "" */
	bool internal; /* made by Postfix itself: refusing it would lose it */
	struct mail_marks marks;
	bool stranger;	 /* a welcome sender's address, but no submitter of ours */
	char login[128]; /* of a stranger, or "-" */
	enum mail_kind kind;
	enum count_mail counted;      /* what it was and what was done, for the metrics */
	char recipient[ADDRESS_SIZE]; /* the first */
	/* different from the first, and the first; own ones too */
	size_t recipients;
	struct own_recipient *own; /* those with a tag of ours */
	size_t others;		   /* those without */
	struct headers headers;
	/* for a mail that may be ours: MIME fields, empty line, body; a large one's from
	 * session_load on */
	struct buf message;
	size_t body_start;
	size_t body_len; /* so much of it is kept */
	/* the body was longer than what is kept of its kind, or could not be kept */
	bool cut;
	int spool;	     /* a large mail until then; -1: it is in memory */
	uint64_t turn;	     /* its turn's number; 0: it has none */
	struct error unkept; /* why it could not be kept */
	struct consent_facts consent;
};

struct session *session_new(struct daemon *daemon, unsigned long steps);
void session_free(struct session **session);

void session_connect(struct session *session, const struct sockaddr *client, bool local);

/* MAIL: who sends, from arguments and macros (NULL where absent). */
void session_mail(struct session *session, char **arguments, const char *sasl_name,
	const char *certificate_name);

/* Is it an address of ours (an argument of MAIL or RCPT, or a bare one), and with which tag? */
enum own_address session_own_address(
	const struct session *session, const char *argument, char tag_r[TAG_LEN_MAX + 1]);

/* A recipient that is accepted; kind and tag as session_own_address says. Returns 0, or -1 out
 * of memory. */
int session_recipient(
	struct session *session, const char *argument, enum own_address kind, const char *tag);

/* End of headers: decides the message's kind and makes room for its body. queue_id is for the
 * log. */
void session_classify(struct session *session, const char *queue_id);

/* Keeps body bytes. Returns false when no more are needed. */
bool session_body(struct session *session, const void *bytes, size_t len);

/* End of the message: it is in memory from now on. A large one waits for its turn, which it has
 * until it is over. Returns 0 or -1. */
int session_load(struct session *session, struct error *error);

/* The message is over, however it ended. */
void session_end_message(struct session *session);

const struct settings *session_settings(const struct session *session);
const struct config *session_config(const struct session *session);
struct metrics *session_metrics(const struct session *session);

/* The message was dealt with: it counts. */
void session_count(const struct session *session);

/* How many messages are under way in all sessions: what a graceful stop waits for. */
int session_messages(void);

#endif
