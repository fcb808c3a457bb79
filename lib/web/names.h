/*
 * What templates may call their values, with one line for the manual (postinvite.templates(5)).
 * One place for all programs, since they share the catalogs: a word for a mail names values
 * that the wizard does not have.
 */
#ifndef POSTINVITE_WEB_NAMES_H
#define POSTINVITE_WEB_NAMES_H

#include "web/words.h"

extern const struct template_name page_names[];	    /* of journey.html and problem.html */
extern const struct template_name mail_names[];	    /* of the mails */
extern const struct template_name operator_names[]; /* of the operator's pages, admin_*.html */

/* For words_load: of the customers' catalogs, and of the operators'. */
extern const struct template_name *const all_names[];
extern const struct template_name *const all_operator_names[];

#endif
