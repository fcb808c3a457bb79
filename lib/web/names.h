/*
 * What templates may call their values, with one line for the manual (postinvite.templates(5)).
 * One place for all programs, since they share the catalogs: a word for a mail names values
 * that the wizard does not have.
 */
#ifndef POSTINVITE_WEB_NAMES_H
#define POSTINVITE_WEB_NAMES_H

#include "web/words.h"

extern const struct template_name page_names[]; /* of journey.html and problem.html */
extern const struct template_name mail_names[]; /* of the mails */

/* Both, for words_load. */
extern const struct template_name *const all_names[];

#endif
