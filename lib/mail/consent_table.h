/*
 * The consent_patterns file: which subject means which decision. Lines in the regexp syntax of
 * header_checks(5), first match wins:
 *
 *	/pattern/flags value       value: submitted approved denied expired review
 *
 * %{app} stands for the application's name, literally. A pattern is matched against the whole
 * subject, caseless; flag i makes it case-sensitive. Empty lines, "#" comments and continuation
 * lines as in all Postfix tables. Conditions (if, endif) and negation are not taken.
 *
 * Threads: a table may be read from any thread.
 */
#ifndef POSTINVITE_MAIL_CONSENT_TABLE_H
#define POSTINVITE_MAIL_CONSENT_TABLE_H

#include "base/error.h"

struct consent_table;

/* NULL: error (configuration), "file:line: what". */
struct consent_table *consent_table_load(
	const char *path, const char *application_name, struct error *error);
void consent_table_free(struct consent_table **table);

/* The consent that a subject (normalised: mail/subject.h, as patterns and name are) tells of,
 * as the event says it: "requested", "granted", "denied" or "expired". NULL when no pattern
 * fits. */
const char *consent_table_match(const struct consent_table *table, const char *subject);

#endif
