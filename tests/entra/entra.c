/*
 * entra -c config.json: Microsoft Entra, a corner of Microsoft Graph, and the mails of
 * the admin consent workflow, for tests and demonstrations. Prints "ready" on stdout
 * when it answers, one line a request on stderr, and ends on SIGTERM. It shares no code
 * with the product, keeps everything in memory, and must never face a network.
 *
 * CONFIGURATION, one JSON object; * is required, the rest shows its default:
 *   listen* "127.0.0.1:8443", base_url* "https://127.0.0.1:8443" (authority and graph),
 *   tls_cert_file, tls_key_file (without: plain HTTP), dns_listen (without: no DNS),
 *   relay (without: no mail), envelope_sender "MSSecurity-noreply@microsoft.com",
 *   after_request "pending" | "complete" (approval completes the waiting device code) |
 *     "declined": what polls answer after "Request approval",
 *   device_code_lifetime 900, interval 5, slow_down_penalty 5 (seconds),
 *   code_lifetime 600, id_token_lifetime 3900, access_token_lifetime 4823,
 *   refresh_token_lifetime 7776000 (seconds), access_token_length 1800,
 *   refresh_token_length 1100, scope_format "short" | "url",
 *   mail_format "alternative" | "html", mail_encoding "quoted-printable" | "base64" |
 *   "8bit", dkim_other_domain "attacker.example", log_size 20000, log_requests true,
 *   keep_secrets false,
 *   apps: [{ client_id*, name, publisher, redirect_uris [], public_client true,
 *     platform "mobile" | "web" | "spa" }],
 *   tenants: [{ id*, domains [], display_name, user_consent false, consent_granted false,
 *     consent_workflow true, device_flow_blocked false, organization_allowed false,
 *     reviewers [mailboxes], bcc (where a mail-flow rule copies consent mails to),
 *     users: [{ upn*, mail, password, oid, name, admin false, disabled false }] }]
 * An unknown member is an error.
 *
 * PAGES: plain forms; each but the first carries a hidden "ctx" that must be sent back.
 *   GET /device?otc=CODE          form to /device: otc
 *   POST /device                  form to /device/confirm: decision=continue|cancel
 *   sign-in (also authorize, adminconsent, consent-requests)
 *                                 form to /common/login: loginfmt, passwd
 *   permissions to accept         form to /common/Consent/Set: decision=accept|cancel
 *   approval required             form to /common/requestApproval: justification,
 *                                 decision=request|cancel
 *   a dead end with a way back    form to /common/finish
 *   GET /consent-requests         after the sign-in forms to /consent-requests: request,
 *                                 decision=approve|deny|block
 * Ids: otc, i0116 (user), i0118 (password), justification, idSIButton9 (the primary
 * button of every page), idBtn_Back, approve, deny, block, error, title, app.
 *
 * CONTROL under /_sim/, JSON bodies; 204 or 200 with JSON, 400 {"error"} when refused:
 *   POST fault    { endpoint, and what to do }: faults queue up, the first that fits a
 *                 request is used. Which: endpoint (openid jwks devicecode token authorize
 *                 adminconsent device login logout consent review me organization dns), grant
 *                 (device_code authorization_code refresh_token), tenant (as in the path),
 *                 times (0 or absent: until cleared). Instead of an answer: status, error,
 *                 suberror, error_description, error_codes, body (raw), close "before";
 *                 with processed true the request is carried out first. To the answer:
 *                 retry_after, headers {}, content_type, delay_ms, truncate (true or bytes),
 *                 huge (bytes of white space before it), close true (carried out, connection
 *                 dropped), json {members; null removes}, me {the same}, scope,
 *                 drop_refresh_token, redirect_error (of authorize and adminconsent: back to
 *                 the application with that error and error_description), id_token {claims;
 *                 null removes; bad_signature, unknown_kid, alg "none" | "HS256"}. DNS:
 *                 rcode "SERVFAIL" | "NXDOMAIN", silent, txt, delay_ms
 *   DELETE fault
 *   GET log       ?since=SEQ&endpoint=NAME: time, endpoint, method, path, tenant, connection
 *                 (a number a connection), user_agent, form (secrets as sha256:...), status,
 *                 error, error_code, fault. DELETE log
 *   POST rotate_keys { drop_old false }
 *   POST revoke   { upn, error_code 50173, suberror }: refresh tokens issued so far
 *   POST consent  { tenant, client_id, granted }
 *   POST user     { upn, any member; tenant for a new one }: a password also revokes
 *   POST tenant, POST app: as in the configuration, adds or changes
 *   POST config   { any setting that is not an address or a file }
 *   POST flow     { user_code, state "pending" | "waits_for_approval" | "declined" | "expired" |
 *                 "redeemed" }
 *   GET state     ?user_code=: flows, requests, mails (what the relay said), refresh_tokens
 *   GET pace      how late polls are beyond their interval: polls, late_p50_ms, late_p99_ms,
 *                 late_max_ms, early_max_ms. DELETE pace
 *   GET secrets   with keep_secrets: { secrets }, all codes and tokens issued so far
 *   POST sign_in  { user_code, upn, password, accept (admin's answer) }: { result }, a name
 *                 of outcome_name()
 *   POST request_approval { user_code, upn, justification }: { request }
 *   POST decide   { tenant, client_id, decision "approved" | "denied" | "blocked" | "expired" |
 *                 "reminder", reviewer }: { decided: how many }
 *   POST mail     { kind (decide's, "submitted", "review"), to, app or client_id, rcpt,
 *                 to_header, from, from_name, subject, envelope_sender, message_id, date_offset
 *                 (seconds), dkim "good" | "none" | "broken" | "l_tag" | "wrong_domain" |
 *                 "doubled_subject" | "unsigned_NAME", format, encoding, html, text, requester,
 *                 justification, headers {}, raw (make it, send nothing) }: { message }
 *
 * THREADS: libmicrohttpd's two run handlers one at a time under sim.lock; one resumes delayed
 * answers (delay.c), one submits mail (smtp.c), one answers DNS (dns.c); main sweeps.
 *
 * What is [U] in what Microsoft does is a setting or a guess that errors.c and mail.c mark.
 */
#include "http.h"
#include "journey.h"
#include "keys.h"
#include "mail.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define SWEEP_SECONDS 60

/* Ten thousand device flows may mean as many connections. */
static void raise_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void wait_for_end(const sigset_t *signals)
{
	const struct timespec period = {SWEEP_SECONDS, 0};

	for (;;) {
		int got = sigtimedwait(signals, NULL, &period);

		if (got == SIGTERM || got == SIGINT)
			return;
		if (got >= 0 || errno != EAGAIN)
			continue;
		pthread_mutex_lock(&sim.lock);
		journeys_sweep();
		sim_sweep();
		pthread_mutex_unlock(&sim.lock);
	}
}

static bool run(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	keys_init();
	smtp_start();
	if (!dns_start()) {
		fprintf(stderr, "entra: cannot answer DNS on %s\n", sim.dns_listen);
		return false;
	}
	if (!http_start())
		return false;
	puts("ready");
	fflush(stdout);
	wait_for_end(&signals);
	http_stop();
	dns_stop();
	smtp_stop();
	return true;
}

int main(int argc, char **argv)
{
	const char *path = NULL;
	struct buf why = {0};
	int option;
	bool ok;

	while ((option = getopt(argc, argv, "c:")) != -1)
		path = option == 'c' ? optarg : NULL;
	if (!path || optind != argc) {
		fputs("usage: entra -c config.json\n", stderr);
		return 64;
	}
	raise_files();
	sim_init();
	journeys_init();
	ok = config_load(path, &why);
	if (!ok)
		fprintf(stderr, "entra: %s: %s\n", path, why.data);
	buf_free(&why);
	ok = ok && run();
	fault_clear();
	log_clear();
	journeys_free();
	sim_free();
	keys_free();
	return ok ? 0 : 1;
}
