/*
 * Webhooks: what is told to the platform, and how it knows that it comes from us.
 *
 * A POST of application/json:
 *	{"id": "INVITATION.SEQUENCE", "sequence": 17, "invitation": "INVITATION",
 *	 "status": "consent_granted", "event": {...}, "record": {...}}
 * event and status are the history's (invite/event.h), record is the invitation when the
 * request was made (invite/record.h), without what gives access: auth_url. The same id comes
 * again when an answer was lost.
 *	X-Postinvite-Event      the id again, to know a repetition without reading the body
 *	X-Postinvite-Signature  t=UNIXTIME,v1=HEX: HEX is HMAC-SHA256 under the first key of
 *	                        webhook_key_file over UNIXTIME "." body, lower case; the
 *	                        receiver refuses an old t
 *
 * Threads: pure.
 */
#ifndef POSTINVITE_TOKEN_WEBHOOK_H
#define POSTINVITE_TOKEN_WEBHOOK_H

#include "base/json.h"
#include "base/keyfile.h"

#include <stdint.h>
#include <time.h>

#define WEBHOOK_ID_SIZE	       64
#define WEBHOOK_SIGNATURE_SIZE 128

/* "INVITATION.SEQUENCE". */
void webhook_event_id(const char *invitation, int64_t sequence, char id_r[WEBHOOK_ID_SIZE]);

/* The body of an event: an entry of the store's history (with its "sequence" and "status") and
 * the record as "get" answers it, both borrowed. NULL out of memory. */
struct json_object *webhook_body(
	const char *invitation, struct json_object *entry, struct json_object *record);

/* The value of X-Postinvite-Signature under the current key. Returns 0, or -1 out of memory. */
int webhook_sign(const struct keyfile *keys, time_t when, const char *body,
	char signature_r[WEBHOOK_SIGNATURE_SIZE]);

/* How long to wait after that many failures in a row (1, 2, ...): 2 s doubled each time up to
 * an hour, a quarter more or less at random. */
int webhook_backoff_ms(int failures, uint32_t random);

#endif
