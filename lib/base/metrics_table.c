/*
 * Every metric, once. The order is that of /metrics and of the manual page.
 */
#include "base/metrics_table.h"

#include "base/health.h"

#include <stddef.h>

static const struct metric_bound local_times[] = {
	{"0.0005", 500},
	{"0.001", 1000},
	{"0.0025", 2500},
	{"0.005", 5000},
	{"0.01", 10000},
	{"0.025", 25000},
	{"0.05", 50000},
	{"0.1", 100000},
	{"0.25", 250000},
	{"0.5", 500000},
	{"1", 1000000},
	{"2.5", 2500000},
	{"5", 5000000},
	{NULL, 0},
};

static const struct metric_bound network_times[] = {
	{"0.01", 10000},
	{"0.025", 25000},
	{"0.05", 50000},
	{"0.1", 100000},
	{"0.25", 250000},
	{"0.5", 500000},
	{"1", 1000000},
	{"2.5", 2500000},
	{"5", 5000000},
	{"10", 10000000},
	{NULL, 0},
};

static const char *const mail_kinds[] = {
	[COUNT_MAIL_UNRELATED] = "unrelated",
	[COUNT_MAIL_STRANGER] = "stranger",
	[COUNT_MAIL_INJECTED] = "welcome_injected",
	[COUNT_MAIL_APPENDED] = "welcome_appended",
	[COUNT_MAIL_PASSED] = "welcome_passed",
	[COUNT_MAIL_REJECTED] = "welcome_rejected",
	[COUNT_MAIL_DEFERRED] = "deferred",
	[COUNT_MAIL_REPORT] = "report",
	[COUNT_MAIL_REPORT_OTHER] = "report_other",
	[COUNT_MAIL_CONSENT] = "consent",
	[COUNT_MAIL_CONSENT_HINT] = "consent_hint",
	[COUNT_MAIL_CONSENT_REFUSED] = "consent_refused",
	[COUNT_MAIL_CONSENT_UNKNOWN] = "consent_unknown",
	NULL,
};

static const char *const policy_verdicts[] = {
	[COUNT_POLICY_UNRELATED] = "unrelated",
	[COUNT_POLICY_PASSED] = "passed",
	[COUNT_POLICY_TOO_EARLY] = "too_early",
	[COUNT_POLICY_STRANGER] = "stranger",
	[COUNT_POLICY_NO_TLS] = "no_tls",
	[COUNT_POLICY_STORE_AWAY] = "store_away",
	[COUNT_POLICY_REVOKED] = "revoked",
	[COUNT_POLICY_UNKNOWN_CUSTOMER] = "unknown_customer",
	[COUNT_POLICY_DAILY_LIMIT] = "daily_limit",
	[COUNT_POLICY_RESEND_INTERVAL] = "resend_interval",
	NULL,
};

static const char *const lookup_outcomes[] = {
	[COUNT_LOOKUP_FOUND] = "found",
	[COUNT_LOOKUP_NOT_FOUND] = "not_found",
	[COUNT_LOOKUP_FAILED] = "failed",
	NULL,
};

static const char *const sign_in_outcomes[] = {
	[COUNT_SIGN_IN_STARTED] = "started",
	[COUNT_SIGN_IN_COMPLETED] = "completed",
	[COUNT_SIGN_IN_DECLINED] = "declined",
	[COUNT_SIGN_IN_EXPIRED] = "expired",
	[COUNT_SIGN_IN_FAILED] = "failed",
	NULL,
};

static const char *const refresh_outcomes[] = {
	[COUNT_REFRESH_DONE] = "refreshed",
	[COUNT_REFRESH_AGAIN] = "again",
	[COUNT_REFRESH_FAULT] = "fault",
	[COUNT_REFRESH_NEEDS_SIGN_IN] = "needs_sign_in",
	NULL,
};

static const char *const endpoints[] = {
	[COUNT_ENDPOINT_DISCOVERY] = "discovery",
	[COUNT_ENDPOINT_KEYS] = "keys",
	[COUNT_ENDPOINT_DEVICE] = "device",
	[COUNT_ENDPOINT_POLL] = "poll",
	[COUNT_ENDPOINT_CODE] = "code",
	[COUNT_ENDPOINT_REFRESH] = "refresh",
	[COUNT_ENDPOINT_GRAPH] = "graph",
	NULL,
};

static const char *const answers[] = {
	[COUNT_ANSWER_2XX] = "2xx",
	[COUNT_ANSWER_4XX] = "4xx",
	[COUNT_ANSWER_429] = "429",
	[COUNT_ANSWER_5XX] = "5xx",
	[COUNT_ANSWER_OTHER] = "other",
	[COUNT_ANSWER_UNSENT] = "unsent",
	[COUNT_ANSWER_LOST] = "lost",
	NULL,
};

static const char *const webhook_outcomes[] = {
	[COUNT_WEBHOOK_TAKEN] = "taken",
	[COUNT_WEBHOOK_REFUSED] = "refused",
	[COUNT_WEBHOOK_DEAD_LETTER] = "dead_letter",
	NULL,
};

static const char *const letter_outcomes[] = {
	[COUNT_LETTER_SENT] = "sent",
	[COUNT_LETTER_REFUSED] = "refused",
	[COUNT_LETTER_UNCERTAIN] = "uncertain",
	NULL,
};

static const char *const request_outcomes[] = {
	[COUNT_REQUEST_OK] = "ok",
	[COUNT_REQUEST_REFUSED] = "refused",
	[COUNT_REQUEST_FAILED] = "failed",
	NULL,
};

static const char *const status_classes[] = {
	[COUNT_STATUS_2XX] = "2xx",
	[COUNT_STATUS_3XX] = "3xx",
	[COUNT_STATUS_4XX] = "4xx",
	[COUNT_STATUS_5XX] = "5xx",
	NULL,
};

const struct metric metrics_table[METRICS] = {
	[METRIC_UP] = {"postinvite_up", METRIC_GAUGE, "",
		"1 while the program is heard of, else 0",
		.labels = {{"program", health_programs}}},
	[METRIC_HEARD_SECONDS] = {"postinvite_heard_seconds", METRIC_GAUGE, "",
		"Seconds since the program was heard of last",
		.labels = {{"program", health_programs}}},
	[METRIC_HEALTH] = {"postinvite_health", METRIC_GAUGE, "",
		"What /healthz says of each part: 0 ok, 1 warn, 2 fail",
		.labels = {{"part", health_names}}},
	[METRIC_INVITATIONS] = {"postinvite_invitations", METRIC_GAUGE, "",
		"Invitations by status, once postinvite-admin has read them all",
		.labels = {{"status", NULL, "as postinvite -q shows it"}}},

	[METRIC_MILTER_MAILS] = {"postinvite_milter_mails_total", METRIC_COUNTER, "milter",
		"Mails by what they were and what was done",
		.labels = {{"kind", mail_kinds,
			"unrelated: somebody else's, accepted unread, and the platform's other mail; "
			"stranger: accepted unread, claims a welcome sender without being one of "
			"welcome_submitters; welcome_passed: left without a link, as link_fallback "
			"or unsignable_action says; welcome_rejected: refused for good; deferred: "
			"refused by 451 for now; report, report_other: delivery reports of our mails, "
			"and of others or none; consent: Microsoft's mails that were recorded; consent_hint: "
			"forwarded without proof, made tokend poll; consent_refused: claim to be "
			"such mails without proof; consent_unknown: fit no open invitation"}}},
	[METRIC_MILTER_WELCOME_SECONDS] = {"postinvite_milter_welcome_seconds",
		METRIC_HISTOGRAM, "milter",
		"Time from the end of a welcome sender's mail to the answer to Postfix, "
		"waiting for a large one's turn included",
		.bounds = local_times},
	[METRIC_MILTER_STORE_AWAY] = {"postinvite_milter_store_unavailable_total",
		METRIC_COUNTER, "milter",
		"Questions that the store did not answer: the mail gets 451, or passes where "
		"that would lose it"},

	[METRIC_POLICY_REQUESTS] = {"postinvite_policy_requests_total", METRIC_COUNTER,
		"policy", "Requests of check_policy_service by what was answered",
		.labels = {{"verdict", policy_verdicts,
			"unrelated: somebody else's mail; passed: a Welcome mail that may go; "
			"too_early: asked in a restriction list where it cannot work; the others: "
			"refused, see postinvite-policy(8)"}}},
	[METRIC_POLICY_STORE_SECONDS] = {"postinvite_policy_store_seconds", METRIC_HISTOGRAM,
		"policy", "Time that a request about a Welcome mail waited for the store",
		.bounds = local_times},
	[METRIC_POLICY_LOOKUPS] = {"postinvite_policy_lookups_total", METRIC_COUNTER, "policy",
		"Look-ups by socketmap", .labels = {{"outcome", lookup_outcomes}}},
	[METRIC_POLICY_CONNECTIONS] = {"postinvite_policy_connections", METRIC_GAUGE, "policy",
		"Connections of Postfix that are open"},

	[METRIC_WIZARD_REQUESTS] = {"postinvite_wizard_requests_total", METRIC_COUNTER,
		"wizard",
		"Requests of customers' browsers by page and class of the answer's status",
		.labels = {{"route", NULL, "the page; other: none of ours"},
			{"status", status_classes}}},
	[METRIC_WIZARD_SECONDS] = {"postinvite_wizard_request_seconds", METRIC_HISTOGRAM,
		"wizard",
		"Time from a whole request to its answer, without those that wait for news",
		.bounds = local_times},

	[METRIC_TOKEND_SIGN_INS] = {"postinvite_tokend_sign_ins_total", METRIC_COUNTER,
		"tokend", "Sign-ins, by what became of them",
		.labels = {{"outcome", sign_in_outcomes}}},
	[METRIC_TOKEND_SIGN_INS_OPEN] = {"postinvite_tokend_sign_ins_open", METRIC_GAUGE,
		"tokend", "Sign-ins under way: each polls Microsoft"},
	[METRIC_TOKEND_REFRESHES] = {"postinvite_tokend_refreshes_total", METRIC_COUNTER,
		"tokend", "Token refreshes by outcome",
		.labels = {{"outcome", refresh_outcomes,
			"again: it is tried again by itself; fault: Microsoft refuses the app registration, "
			"or says something new; needs_sign_in: the customer has to sign in again"}}},
	[METRIC_TOKEND_MICROSOFT] = {"postinvite_tokend_microsoft_requests_total",
		METRIC_COUNTER, "tokend",
		"Requests to Microsoft by what was asked and the answer's status",
		.labels = {{"endpoint", endpoints},
			{"answer", answers,
				"unsent: nobody was reached; lost: sent, and no whole answer came; "
				"a poll is answered 4xx until the customer has entered the code"}}},
	[METRIC_TOKEND_MICROSOFT_SECONDS] = {"postinvite_tokend_microsoft_request_seconds",
		METRIC_HISTOGRAM, "tokend",
		"Time that a request to Microsoft took, waiting for its turn "
		"included",
		.labels = {{"endpoint", endpoints}}, .bounds = network_times},
	[METRIC_TOKEND_WEBHOOKS] = {"postinvite_tokend_webhooks_total", METRIC_COUNTER,
		"tokend", "Events told to webhook_url, by outcome of each try",
		.labels = {{"outcome", webhook_outcomes}}},
	[METRIC_TOKEND_WEBHOOK_SECONDS] = {"postinvite_tokend_webhook_seconds",
		METRIC_HISTOGRAM, "tokend", "Time that the receiver at webhook_url took",
		.bounds = network_times},
	[METRIC_TOKEND_WEBHOOKS_BEHIND] = {"postinvite_tokend_webhooks_behind", METRIC_GAUGE,
		"tokend", "Invitations with events that the receiver has not taken yet"},
	[METRIC_TOKEND_DEAD_LETTERS] = {"postinvite_tokend_dead_letters", METRIC_GAUGE,
		"tokend", "Events that were given up and are kept"},
	[METRIC_TOKEND_MAILS] = {"postinvite_tokend_mails_total", METRIC_COUNTER, "tokend",
		"Mails that postinvite sent itself, by what sendmail_command said",
		.labels = {{"outcome", letter_outcomes}}},

	[METRIC_ADMIN_REQUESTS] = {"postinvite_admin_requests_total", METRIC_COUNTER, "admin",
		"Requests of operators' browsers by page and class of the answer's status",
		.labels = {{"route", NULL, "the page; other: none of ours"},
			{"status", status_classes}}},
	[METRIC_ADMIN_SECONDS] = {"postinvite_admin_request_seconds", METRIC_HISTOGRAM, "admin",
		"Time from a whole request to its answer, without those that wait for news",
		.bounds = local_times},

	[METRIC_STORE_REQUESTS] = {"postinvite_store_requests_total", METRIC_COUNTER, "store",
		"Requests to the store; failed: it could not answer, such as on a full disk",
		.labels = {{"op", NULL, "as in lib/store/protocol.h"},
			{"outcome", request_outcomes}}},
	[METRIC_STORE_COMMIT_SECONDS] = {"postinvite_store_commit_seconds", METRIC_HISTOGRAM,
		"store",
		"Time that making changes durable took; changes that wait share one commit",
		.bounds = local_times},
	[METRIC_STORE_SEQUENCE] = {"postinvite_store_sequence", METRIC_GAUGE, "store",
		"Number of the last event: its rise is how much happens"},
	[METRIC_STORE_STATE_BYTES] = {"postinvite_store_state_bytes", METRIC_GAUGE, "store",
		"Size of the state's files"},
	[METRIC_STORE_DISK_FREE_BYTES] = {"postinvite_store_disk_free_bytes", METRIC_GAUGE,
		"store", "Space that is left for the store on the state's file system"},
};
