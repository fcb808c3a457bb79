/*
 * What tokend counts and finds of itself, and reports to the store. Counters are tokend->metrics.
 */
#ifndef POSTINVITE_TOKEND_MONITOR_H
#define POSTINVITE_TOKEND_MONITOR_H

#include "tokend.h"

#include "token/refusal.h"

/* Makes tokend->metrics and tokend->monitor and observes tokend->http. Reports begin when the
 * loop runs. Returns 0, or -1 out of memory. */
int monitor_start(struct tokend *tokend);
void monitor_free(
	struct tokend *tokend); /* before the store's client and behind those who count */

/* Says that tokend ends; `said` is called with tokend, once, soon. */
void monitor_end(struct tokend *tokend, void (*said)(void *tokend));

/* Microsoft said no to us, not to a browser, which may say what it likes: does it refuse the
 * app registration? */
void monitor_refusal(struct tokend *tokend, const struct refusal *refusal);

/* A sign-in came to nothing. */
void monitor_sign_in_failed(struct tokend *tokend, const struct refusal *refusal);

/* For http_observe of what goes to webhook_url. */
http_seen_fn monitor_webhook;

#endif
