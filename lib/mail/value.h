/*
 * Values of header fields, read as mail programs read them: encoded words, lists of addresses,
 * dates; and addresses of the web that are relative.
 *
 * Threads: mail_init (mail/mime.h) first; then from any thread.
 */
#ifndef POSTINVITE_MAIL_VALUE_H
#define POSTINVITE_MAIL_VALUE_H

#include <time.h>

/* Encoded words (RFC 2047) to UTF-8; the caller's, free with free(). NULL without memory. */
char *mail_decode_header(const char *value);

/* The text with what is no UTF-8 replaced: what JSON takes. The caller's; NULL without memory. */
char *mail_utf8(const char *text);

/* The addr-specs of an address list, groups opened, in order; none of a value above 64 KB or
 * with more than 100 colons or 500 commas. Returns their number, or -1 out of memory; free with
 * mail_addresses_free. */
int mail_addresses(const char *value, char ***addresses_r);
void mail_addresses_free(char ***addresses);

/* What a relative address means (RFC 3986); the caller's, free with free(). NULL when either is
 * no address. */
char *mail_resolve_url(const char *base, const char *reference);

/* RFC 5322 date. Returns 0, or -1 when it is none. */
int mail_date(const char *value, time_t *when_r);

#endif
