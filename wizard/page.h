/*
 * The pages: the values that the templates may use, and the answers made of them. Each function
 * answers and ends the visit.
 */
#ifndef POSTINVITE_WIZARD_PAGE_H
#define POSTINVITE_WIZARD_PAGE_H

#include "fault.h"
#include "visit.h"

#define CSRF_COOKIE    "csrf"
#define CSRF_PURPOSE   "postinvite wizard csrf"
#define STARTED_COOKIE "started"

/* Words for page_journey and page_problem. */
#define PAGE_PRESS_AGAIN  "press_again"
#define PAGE_SIGN_IN_USED "sign_in_used"
#define PAGE_BAD_HINT	  "bad_hint"

/* For template_set_load. */
extern const char *const page_files[];

/* 0, or -1 when the catalogs lack a word that the pages name. */
int page_require_words(const struct words *words, struct error *error);

/* Where the journey stands. http_status 0: the step's own. notice: instead of how it went last
 * time, or NULL. */
void page_journey(struct visit **visit, unsigned http_status, const struct fault *notice);

/* tokend's text of a refusal: in the page's language where the record has the code for it. */
void page_refusal(const struct visit *visit, const char *text, struct fault *fault_r);

/* The same as JSON, for the page's script. */
void page_status(struct visit **visit);

/* What went wrong, with what to do about it; detail: what says more, or NULL. */
void page_problem(struct visit **visit, unsigned http_status, const struct fault *detail);

#endif
