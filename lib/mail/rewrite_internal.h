/*
 * What a candidate consists of: candidate.c reads it, rewrite.c writes it anew.
 */
#ifndef POSTINVITE_MAIL_REWRITE_INTERNAL_H
#define POSTINVITE_MAIL_REWRITE_INTERNAL_H

#include "mail/mime.h"
#include "mail/rewrite.h"
#include "mail/text_part.h"

struct mail {
	const char *bytes;
	size_t len;
	size_t body_start;
	struct mime *mime;
	struct text_part *texts;
	size_t count;
	struct link_tokens tokens;
};

#endif
