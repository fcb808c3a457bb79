/*
 * What may be asked of the store: typed requests, each a JSON object in a frame (base/frame.h).
 *
 * Common members
 *	op       the name below
 *	change   id of a change, 32 hexadecimal digits (change_id_new): the store applies an id once and
 *	         answers a repeated one with the state as it is now
 *	id       an invitation (22 characters), or instead
 *	link     its link token: verified under the link key. The wizard's role may name an invitation
 *	         by link only.
 *	bounce_tag  the tag of its bounce address (invite/tag.h), verified likewise
 *
 * An "invitation" in a reply is the record of invite/record.h with the derived members status,
 * auth_url and, where that is set, consent_address. A "customer" is {customer_id, mailbox,
 * full_name, tenant, m365_admin_email, known: is it in the table, consent_address}, with
 * "invitation": its latest, or null.
 *
 *	op          members                                    reply
 *	open        change, [mailbox], [customer_id], [email], [operator]  {invitation, created, [bounce_address]}
 *	            Opens an invitation or reuses the open one of that customer and mailbox. The
 *	            customer: customer_id, else the table by mailbox, else the mailbox itself in lower case;
 *	            without mailbox that of the table, else the one invited last. With "email" {message_id, queue_id,
 *	            platform_invitation_id, subject, envelope_sender} the event email_sent is applied in the same transaction.
 *	            No mailbox and unknown customer: not found. operator: who asked for it, kept in the event "created".
 *	            bounce_address: with that setting, the invitation's own.
 *	apply       change, id|link, event                     {invitation, changed}
 *	            event: invite/event.h. Unknown invitation: not found; event that contradicts: conflict, and so is
 *	            "extended" of an expired one whose customer and mailbox have another open one by now.
 *	get         id|link                                    {invitation}
 *	get_many    ids: [id, ...], at most 500                {invitations: [...]} in that order, null for one that is not there
 *	genuine     links: [link, ...], at most 100            {genuine: bool}
 *	            Is one of them a link that was made with one of our keys, whether or not its invitation is here?
 *	invitations [after], [limit <= 1000]                   {invitations: [...], next: id or absent}
 *	            By id, behind the id `after`; as they are stored: without the derived members.
 *	watch       id|link, revision, timeout (s, <= 60)      {invitation}
 *	            Answers when the record's revision differs from the given one, or after the timeout.
 *	candidates  mailbox|consent_tag                        {invitations: [...]}
 *	            consent_tag: the customer's whose consent address has that tag; not found when nobody's has, temporary
 *	            while the store does not know all tags yet. Not ended (not revoked, not expired) ones whose invitation_email or m365_admin_email it is, newest first.
 *	find        key, [token], [format]                     {customers: [...]} or {lines}
 *	            key: an invitation id, a customer id, a mailbox, or a tenant domain or id. At most 1000. Not found: error.
 *	            Of an invitation id, "invitation" is that one. token (true): instead of a customer's latest
 *	            invitation its newest with a valid token, where there is one.
 *	find        keys: [...] (<= 1000), [token], [format]   the same, with found: n, next: index or absent
 *	            found: how many of the keys have a customer. next: the first key that is not answered any more.
 *	pacing      mailbox                                    {known, [revoked], sent: [seconds since the epoch, ...]}
 *	            What decides whether a Welcome mail may go to that mailbox. known: is it in the customers table;
 *	            revoked: the customer whose it is, when that is gone from the table and its latest invitation is revoked;
 *	            sent: when the mails of the last day were recorded (email_sent with a new Message-ID), newest first,
 *	            at most 100.
 *	status      key                                        {status}
 *	            key: a customer id or a mailbox; of its latest invitation, "not_invited" without one. Not found: error.
 *	list        [after], [limit <= 1000], [format]         {customers: [...]} or {lines}, next: key or absent
 *	            By customer id; those of the table and those known by an invitation alone. Where many were removed, there may be
 *	            fewer than limit, even none, and next.
 *	            format "lines", of find and list: instead of objects a text, a line for each customer, "key TAB status
 *	            TAB invitation_email TAB expires_at" with "-" for what is missing; key: as asked for, in a list the customer id.
 *	history     id, [after], [limit]                       {events: [...], next: number or absent} oldest first
 *	            Each is the event (invite/event.h) with its "sequence" and the "status" it led to. Those behind
 *	            the sequence number `after`; next is there when they do not fit in one answer, or
 *	            are more than `limit`.
 *	subscribe   [since]                                    {sequence}, then events
 *	            {sequence, id, event, status, invitation}. since: everything behind that number; absent, or
 *	            a number that is still to come (the state was put back from a backup): from now.
 *	            status is what the event led to, invitation is as it is now.
 *	remove      change, key                                {removed: bool, revoked: n}
 *	            `postinvite -d`: an invitation id revokes that one; any other key removes the customer from the table and
 *	            revokes its invitations that have not ended. Several customers have that key: conflict. Not found: error.
 *	table_begin                                            {load}; conflict when four are under way
 *	table_rows  load, rows, mode "warn"|"replace"|"ignore"    {duplicates: [index, ...]}
 *	            rows: a text, a line for each, "customer_id TAB mailbox TAB full_name TAB tenant TAB m365_admin_email",
 *	            the latter three may be empty. A fault ends the load, and so do rows behind its first table_seal (conflict).
 *	table_seal  load                                       {sealed: bool, pause: ms}
 *	            Brings the new table to the disk; to be repeated, after that pause, until sealed is true.
 *	table_end   load, change                               {rows: n}
 *	            A new customers table: invisible until table_end, one atomic change. n: rows that were taken, also those that
 *	            replaced another one. Loads of clients that
 *	            went away are removed. In mode "warn" and "ignore" the first row of a key wins, as in postmap.
 *	table_add   change, rows, mode                         {duplicates: [index, ...]}
 *	            Rows into the table in force (`-i`).
 *	report      program, instance, metrics, health, [ended]          {}
 *	            What a program has counted and finds of itself (store/report.h); kept in memory. instance: which process
 *	            (digits and "-"); metrics: base/metrics.h; health: base/health.h; ended: it was its last. A program
 *	            reports for itself only.
 *	reports                                                {programs: [...], metrics, uptime}
 *	            programs: {program, instance, age (s), ended, health}, the store's own included, the one heard of last first.
 *	            metrics: what all of them have counted, added up; it does not go down while the store runs.
 *	ping                                                   {sequence, uptime}
 *
 * Threads: pure.
 */
#ifndef POSTINVITE_STORE_PROTOCOL_H
#define POSTINVITE_STORE_PROTOCOL_H

#include "base/json.h"

/* 16 bytes in hexadecimal: a UUID version 7 (RFC 9562 section 5.7), so that old ones can be
 * forgotten in order of time. */
#define CHANGE_ID_LEN	 32
#define CHANGE_RETENTION (8 * 24 * 3600)

#define REPORT_INSTANCE_SIZE 48

/* A new one. */
void change_id_new(char id_r[CHANGE_ID_LEN + 1]);

/* The id that a thing of the outside world always gets (a mail with that Message-ID and date), so
 * that seeing it twice is one change. */
void change_id_derived(const char *name, time_t when, char id_r[CHANGE_ID_LEN + 1]);

/* Who asks, by the peer's uid. */
enum store_role {
	STORE_ROLE_NONE,
	STORE_ROLE_OWNER, /* root and the store's own user */
	STORE_ROLE_MILTER,
	STORE_ROLE_WIZARD,
	STORE_ROLE_TOKEND,
	STORE_ROLE_POLICY,
	STORE_ROLE_ADMIN,
};

/* Requests, new objects of the caller's; NULL out of memory. `event` is taken over. */
struct json_object *store_request_apply(
	const char *member /* "id" or "link" */, const char *name, struct json_object *event);
struct json_object *store_request(const char *op);	  /* {"op": op} */
struct json_object *store_change_request(const char *op); /* with a new change id */

#endif
