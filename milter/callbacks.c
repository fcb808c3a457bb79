/*
 * Nearly all mail is somebody else's, and each answer to Postfix is a round trip that mail
 * waits for. So nothing is answered before the end of headers, where somebody else's mail is
 * accepted and its body never asked for.
 */
#include "callbacks.h"

#include "act.h"
#include "session.h"

#include <libmilter/mfapi.h>
#include <stdint.h>

#define MESSAGE_DATA_MAX                                                                       \
	(1024 * 1024) /* of one command; longer ones drop the connection silently */

/* What we may change. */
#define ACTIONS                                                                                \
	(SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_CHGBODY | SMFIF_CHGFROM | SMFIF_ADDRCPT |       \
		SMFIF_DELRCPT | SMFIF_SETSYMLIST)

/* What we need not hear of or answer. */
#define STEPS                                                                                  \
	(SMFIP_NOHELO | SMFIP_NODATA | SMFIP_NOUNKNOWN | SMFIP_NR_CONN | SMFIP_NR_MAIL |       \
		SMFIP_NR_RCPT | SMFIP_NR_HDR | SMFIP_HDR_LEADSPC | SMFIP_SKIP)

/* libmilter's callbacks have no argument for it; set once before it runs */
static struct daemon *the_daemon;

static const char *macro(SMFICTX *ctx, const char *name)
{
	return smfi_getsymval(ctx, (char *)(uintptr_t)name);
}

/* Where the step was negotiated to be silent it must be. */
static sfsistat go_on(const struct session *session, unsigned long silent)
{
	return (session->steps & silent) != 0 ? SMFIS_NOREPLY : SMFIS_CONTINUE;
}

/* Whoever speaks to the socket may do so in any order: a step that is not the session's is not
 * taken. */
static bool before_body(const struct session *session)
{
	return session != NULL && session->generation != NULL && !session->classified;
}

static bool within_body(const struct session *session)
{
	return session != NULL && session->generation != NULL && session->classified;
}

/* What a step out of order is told. */
static sfsistat out_of_order(const struct session *session, unsigned long silent)
{
	return session != NULL && (session->steps & silent) != 0 ? SMFIS_NOREPLY
								 : SMFIS_TEMPFAIL;
}

/* Each stage that has macros costs a message of its own, of all mail. */
static void ask_for_macros(SMFICTX *ctx)
{
	static char none[] = " ", mail[] = "{auth_authen} {cert_subject} i", id[] = "i";

	smfi_setsymlist(ctx, SMFIM_CONNECT, id);
	smfi_setsymlist(ctx, SMFIM_ENVFROM, mail);
	smfi_setsymlist(ctx, SMFIM_ENVRCPT, none);
	smfi_setsymlist(ctx, SMFIM_EOH, id);
	smfi_setsymlist(ctx, SMFIM_EOM, id);
}

/* Recipients are answered for only where some of them are ours: that costs all mail a round
 * trip each. */
static unsigned long steps_wanted(unsigned long offered)
{
	const struct daemon_generation *generation = daemon_generation(the_daemon);
	const struct settings *settings = generation->settings;
	unsigned long steps = offered & STEPS;

	if (*settings->consent_address != '\0' || *settings->bounce_address != '\0')
		steps &= ~(unsigned long)SMFIP_NR_RCPT;
	daemon_generation_release(&generation);
	return steps;
}

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
	unsigned long unused1, unsigned long unused2, unsigned long *actions_r,
	unsigned long *steps_r, unsigned long *unused1_r, unsigned long *unused2_r)
{
	struct session *session = smfi_getpriv(ctx);

	(void)unused1;
	(void)unused2;
	session_free(&session); /* a connection that negotiates again */
	session = session_new(the_daemon, steps_wanted(steps));
	if (session == NULL || smfi_setpriv(ctx, session) != MI_SUCCESS) {
		session_free(&session);
		return SMFIS_REJECT;
	}
	*actions_r = actions & ACTIONS;
	*steps_r = session->steps;
	*unused1_r = *unused2_r = 0;
	if ((actions & SMFIF_SETSYMLIST) != 0)
		ask_for_macros(ctx);
	return SMFIS_CONTINUE;
}

static sfsistat on_connect(SMFICTX *ctx, char *hostname, _SOCK_ADDR *client)
{
	struct session *session = smfi_getpriv(ctx);

	(void)hostname;
	if (session == NULL)
		return SMFIS_TEMPFAIL;
	/* Who connects by SMTP has no message yet. Postfix pretends a connection for what is in
	 * its queue already, of a client that looks like any on this machine. */
	session_connect(session, client, macro(ctx, "i") != NULL);
	return go_on(session, SMFIP_NR_CONN);
}

static sfsistat on_mail(SMFICTX *ctx, char **arguments)
{
	struct session *session = smfi_getpriv(ctx);

	if (session == NULL || arguments[0] == NULL)
		return out_of_order(session, SMFIP_NR_MAIL);
	session_mail(
		session, arguments, macro(ctx, "{auth_authen}"), macro(ctx, "{cert_subject}"));
	return go_on(session, SMFIP_NR_MAIL);
}

/* What comes by SMTP can be refused here, unless recipients are not answered for. */
static sfsistat check_own(
	SMFICTX *ctx, const struct session *session, enum own_address kind, const char *tag)
{
	if (kind == OWN_NONE || session->local || (session->steps & SMFIP_NR_RCPT) != 0)
		return SMFIS_CONTINUE;
	return kind == OWN_CONSENT ? check_consent_tag(ctx, session, tag)
				   : check_bounce_tag(ctx, session, tag);
}

static sfsistat on_recipient(SMFICTX *ctx, char **arguments)
{
	struct session *session = smfi_getpriv(ctx);
	char tag[TAG_LEN_MAX + 1];
	enum own_address kind;
	sfsistat result;

	if (!before_body(session) || arguments[0] == NULL)
		return out_of_order(session, SMFIP_NR_RCPT);
	kind = session_own_address(session, arguments[0], tag);
	result = check_own(ctx, session, kind, tag);
	if (result != SMFIS_CONTINUE)
		return result;
	if (session_recipient(session, arguments[0], kind, tag) < 0)
		return SMFIS_TEMPFAIL;
	return go_on(session, SMFIP_NR_RCPT);
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
	struct session *session = smfi_getpriv(ctx);

	if (!before_body(session))
		return out_of_order(session, SMFIP_NR_HDR);
	headers_add(&session->headers, name, value);
	return go_on(session, SMFIP_NR_HDR);
}

static sfsistat on_end_of_headers(SMFICTX *ctx)
{
	struct session *session = smfi_getpriv(ctx);

	if (!before_body(session))
		return SMFIS_TEMPFAIL;
	session_classify(session, queue_id(ctx));
	if (session->kind != MAIL_UNRELATED)
		return SMFIS_CONTINUE;
	session_count(session);
	session_end_message(session);
	return SMFIS_ACCEPT;
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *bytes, size_t len)
{
	struct session *session = smfi_getpriv(ctx);

	if (!within_body(session))
		return SMFIS_TEMPFAIL;
	if (session_body(session, bytes, len))
		return SMFIS_CONTINUE;
	return (session->steps & SMFIP_SKIP) != 0 ? SMFIS_SKIP : SMFIS_CONTINUE;
}

static sfsistat on_end_of_message(SMFICTX *ctx)
{
	static sfsistat (*const acts[])(SMFICTX *, struct session *) = {
		[MAIL_MAYBE_WELCOME] = act_welcome,
		[MAIL_MAYBE_REPORT] = act_report,
		[MAIL_CLAIMS_CONSENT] = act_consent,
		[MAIL_TO_CONSENT_ADDRESS] = act_consent_address,
		[MAIL_TO_BOUNCE_ADDRESS] = act_bounce_address,
	};
	struct session *session = smfi_getpriv(ctx);
	sfsistat result;

	if (!within_body(session))
		return SMFIS_TEMPFAIL;
	result = acts[session->kind](ctx, session);
	session_count(session);
	session_end_message(session);
	return result;
}

static sfsistat on_abort(SMFICTX *ctx)
{
	struct session *session = smfi_getpriv(ctx);

	if (session != NULL)
		session_end_message(session);
	return SMFIS_CONTINUE;
}

static sfsistat on_close(SMFICTX *ctx)
{
	struct session *session = smfi_getpriv(ctx);

	session_free(&session);
	smfi_setpriv(ctx, NULL);
	return SMFIS_CONTINUE;
}

int callbacks_register(struct daemon *daemon, struct error *error)
{
	static char name[] = "postinvite";
	const struct smfiDesc description = {
		.xxfi_name = name,
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = ACTIONS,
		.xxfi_connect = on_connect,
		.xxfi_envfrom = on_mail,
		.xxfi_envrcpt = on_recipient,
		.xxfi_header = on_header,
		.xxfi_eoh = on_end_of_headers,
		.xxfi_body = on_body,
		.xxfi_eom = on_end_of_message,
		.xxfi_abort = on_abort,
		.xxfi_close = on_close,
		.xxfi_negotiate = on_negotiate,
	};

	the_daemon = daemon;
	smfi_setmaxdatasize(MESSAGE_DATA_MAX);
	if (smfi_register(description) != MI_SUCCESS)
		return error_set(
			error, ERROR_TEMPORARY, "libmilter does not take its callbacks");
	return 0;
}
