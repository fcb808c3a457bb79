/*
 * The metrics by name, and the values of their labels. metrics_table.c has the row of each.
 */
#ifndef POSTINVITE_BASE_METRICS_TABLE_H
#define POSTINVITE_BASE_METRICS_TABLE_H

#include <stdint.h>

enum metric_id {
	METRIC_UP,
	METRIC_HEARD_SECONDS,
	METRIC_HEALTH,
	METRIC_MILTER_MAILS,
	METRIC_MILTER_WELCOME_SECONDS,
	METRIC_MILTER_STORE_AWAY,
	METRIC_WIZARD_REQUESTS,
	METRIC_WIZARD_SECONDS,
	METRIC_TOKEND_SIGN_INS,
	METRIC_TOKEND_SIGN_INS_OPEN,
	METRIC_TOKEND_REFRESHES,
	METRIC_TOKEND_MICROSOFT,
	METRIC_TOKEND_MICROSOFT_SECONDS,
	METRIC_TOKEND_WEBHOOKS,
	METRIC_TOKEND_WEBHOOK_SECONDS,
	METRIC_TOKEND_WEBHOOKS_BEHIND,
	METRIC_TOKEND_DEAD_LETTERS,
	METRIC_TOKEND_MAILS,
	METRIC_STORE_REQUESTS,
	METRIC_STORE_COMMIT_SECONDS,
	METRIC_STORE_SEQUENCE,
	METRIC_STORE_STATE_BYTES,
	METRIC_STORE_DISK_FREE_BYTES,
	METRICS
};

enum count_mail {
	COUNT_MAIL_UNRELATED,
	COUNT_MAIL_STRANGER,
	COUNT_MAIL_INJECTED,
	COUNT_MAIL_APPENDED,
	COUNT_MAIL_PASSED,
	COUNT_MAIL_REJECTED,
	COUNT_MAIL_DEFERRED,
	COUNT_MAIL_REPORT,
	COUNT_MAIL_REPORT_OTHER,
	COUNT_MAIL_CONSENT,
	COUNT_MAIL_CONSENT_HINT,
	COUNT_MAIL_CONSENT_REFUSED,
	COUNT_MAIL_CONSENT_UNKNOWN,
};

enum count_sign_in {
	COUNT_SIGN_IN_STARTED,
	COUNT_SIGN_IN_COMPLETED,
	COUNT_SIGN_IN_DECLINED,
	COUNT_SIGN_IN_EXPIRED,
	COUNT_SIGN_IN_FAILED,
};

enum count_refresh {
	COUNT_REFRESH_DONE,
	COUNT_REFRESH_AGAIN,
	COUNT_REFRESH_FAULT,
	COUNT_REFRESH_NEEDS_SIGN_IN,
};

/* What Microsoft is asked, and what came back. */
enum count_endpoint {
	COUNT_ENDPOINT_DISCOVERY,
	COUNT_ENDPOINT_KEYS,
	COUNT_ENDPOINT_DEVICE,
	COUNT_ENDPOINT_POLL,
	COUNT_ENDPOINT_CODE,
	COUNT_ENDPOINT_REFRESH,
	COUNT_ENDPOINT_GRAPH,
};

enum count_answer {
	COUNT_ANSWER_2XX,
	COUNT_ANSWER_4XX,
	COUNT_ANSWER_429,
	COUNT_ANSWER_5XX,
	COUNT_ANSWER_OTHER,
	COUNT_ANSWER_UNSENT,
	COUNT_ANSWER_LOST,
};

enum count_webhook { COUNT_WEBHOOK_TAKEN, COUNT_WEBHOOK_REFUSED, COUNT_WEBHOOK_DEAD_LETTER };
enum count_letter { COUNT_LETTER_SENT, COUNT_LETTER_REFUSED, COUNT_LETTER_UNCERTAIN };
enum count_request { COUNT_REQUEST_OK, COUNT_REQUEST_REFUSED, COUNT_REQUEST_FAILED };
enum count_status { COUNT_STATUS_2XX, COUNT_STATUS_3XX, COUNT_STATUS_4XX, COUNT_STATUS_5XX };

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* A histogram's bound as it is written, and in microseconds. */
struct metric_bound {
	const char *text;
	uint64_t us;
};

#define METRIC_LABELS_MAX 2

struct metric_label {
	const char *name;
	const char *const
		*values;     /* ends with NULL; NULL: the names that metrics_new was given */
	const char *meaning; /* for the manual, where the values do not say it */
};

struct metric {
	const char *name;
	enum metric_type type;
	const char *program; /* that counts it; "": whoever reads the reports */
	const char *meaning;
	struct metric_label labels[METRIC_LABELS_MAX]; /* fewer: name NULL */
	const struct metric_bound *bounds; /* of a histogram, without +Inf; ends with NULL */
};

extern const struct metric metrics_table[METRICS];

#endif
