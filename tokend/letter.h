/*
 * The words of the mails that tokend sends, from template_directory: mail_KIND.txt,
 * mail_KIND.html and the words of the catalogs, in default_language. No mail holds a user code.
 */
#ifndef POSTINVITE_TOKEND_LETTER_H
#define POSTINVITE_TOKEND_LETTER_H

#include "base/buf.h"
#include "base/json.h"
#include "base/settings.h"
#include "invite/notice.h"
#include "mail/compose.h"

#define LETTER_MAX MAIL_DRAFT_MAX

struct letters;

/* Loads what it takes. NULL: error (configuration). */
struct letters *letters_new(const struct settings *settings, struct error *error);
void letters_free(struct letters **letters); /* accepts NULL; nulls */

/* Appends the mail of that kind to the record's invitation_email. Returns 0, or -1 with error
 * set. */
int letter_compose(const struct letters *letters, const struct settings *settings,
	enum notice_kind kind, struct json_object *record, struct buf *out,
	struct error *error);

#endif
