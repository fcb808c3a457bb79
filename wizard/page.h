/*
 * The pages: the values that the templates may use, and the answers made of them. Each function answers and
 * ends the visit.
 */
#ifndef POSTINVITE_WIZARD_PAGE_H
#define POSTINVITE_WIZARD_PAGE_H

#include "visit.h"

#define CSRF_COOKIE    "csrf"
#define CSRF_PURPOSE   "postinvite wizard csrf"
#define STARTED_COOKIE "started"

/* For template_set_load. */
extern const char *const page_files[];

/* Where the journey stands. http_status 0: the step's own. notice: or NULL. */
void page_journey(struct visit **visit, unsigned http_status, const char *notice);

/* The same as JSON, for the page's script. */
void page_status(struct visit **visit);

/* What went wrong, with what to do about it; detail: a sentence that says more, or NULL. */
void page_problem(struct visit **visit, unsigned http_status, const char *detail);

#endif
