/*
 * A name server on loopback with one answer for every question.
 */
#ifndef POSTINVITE_TESTS_SUPPORT_DNS_H
#define POSTINVITE_TESTS_SUPPORT_DNS_H

#include <stddef.h>

enum support_dns_answer {
	DNS_ANSWERS_TEXT,  /* behind a CNAME, in strings of up to 255 bytes */
	DNS_ANSWERS_EMPTY, /* the name has no TXT record */
	DNS_ANSWERS_NO_NAME,
	DNS_ANSWERS_NO_NAME_LATE, /* after 0.9 s */
	DNS_ANSWERS_FAILURE,
	DNS_ANSWERS_TRUNCATED,
	DNS_ANSWERS_GARBAGE,
	DNS_ANSWERS_NOTHING,
};

struct support_dns;

struct support_dns *support_dns_start(const char *address); /* "127.0.0.1" or "::1" */
void support_dns_stop(struct support_dns **dns);

/* As dns_servers names it; lives as long as the server. */
const char *support_dns_name(const struct support_dns *dns);

/* text is borrowed until the next call. */
void support_dns_set(struct support_dns *dns, enum support_dns_answer answer, const char *text);

/* How many questions came since support_dns_set. */
int support_dns_questions(struct support_dns *dns);

/* The name of the last question, "a.b.example". */
void support_dns_last(struct support_dns *dns, char *name_r, size_t size);

#endif
