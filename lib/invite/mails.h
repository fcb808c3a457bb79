/*
 * Which of an invitation's Welcome mails a report is about. All of them share its id and its
 * link; what tells them apart is the Message-ID. The record has the last one's (message_id), and
 * in earlier_message_ids those of mails before it, an array of strings.
 *
 * Threads: pure functions on objects of the caller's.
 */
#ifndef POSTINVITE_INVITE_MAILS_H
#define POSTINVITE_INVITE_MAILS_H

#include "base/json.h"

/* So many are kept, the last ones. */
#define MAILS_EARLIER_MAX 20

/* Another mail is on its way, with that Message-ID (NULL: not known): the last one is an earlier
 * one by now. Returns 0, or -1 out of memory. */
int mails_supersede(struct json_object *record, const char *message_id);

/* Is it an earlier mail's Message-ID? NULL and one that is not known are not. */
bool mails_superseded(struct json_object *record, const char *message_id);

#endif
