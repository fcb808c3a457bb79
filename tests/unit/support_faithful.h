/*
 * What a rewritten mail must be, whatever it was: the same tree, every byte outside of the
 * edited texts the same, the edited texts the same but for the link, in the encoding, charset
 * and lines that they had.
 *
 * Used by unit tests, the fuzzer and the collections of real mail; knows no cmocka.
 */
#ifndef POSTINVITE_TESTS_SUPPORT_FAITHFUL_H
#define POSTINVITE_TESTS_SUPPORT_FAITHFUL_H

#include "mail/rewrite.h"

#include <stdbool.h>

struct faithful {
	const char *in; /* as mime_parse takes it */
	size_t len, body_start;
	const struct link_rules *rules;
	enum mail_edit edit;
	const char *link;
	const struct rewritten *out;
};

/* NULL, or what is wrong with it: a constant. */
const char *unfaithful(const struct faithful *mail);

/* The message with its new body and what the caller makes of the header; *body_start_r is where
 * that body begins. Free it. */
char *faithful_message(const struct faithful *mail, size_t *len_r, size_t *body_start_r);

#endif
