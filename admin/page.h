/*
 * What all pages share: the frame of brand, operator and navigation, marks in forms, times in
 * words, problems.
 */
#ifndef POSTINVITE_ADMIN_PAGE_H
#define POSTINVITE_ADMIN_PAGE_H

#include "values.h"
#include "visit.h"

#define PAGE_HTML "text/html; charset=utf-8"

/* For template_set_load. */
extern const char *const page_files[];

/* 0, or -1 when the catalog lacks a word that the pages name. */
int page_require_words(const struct words *words, struct error *error);

/* Answers with that file, one of page_files, and ends the visit. The values are taken over (NULL:
 * out of memory); the frame's are added. */
void page_answer(
	struct visit **visit, unsigned status, const char *file, struct values **values);

/* Answers with what is wrong and what to do: a word, with `detail` where it says {{detail}}. */
void page_problem(struct visit **visit, unsigned status, const char *word, const char *detail);

/* The same of an error of the store's or tokend's. */
void page_error(struct visit **visit, const struct error *error);

/* The mark for forms, in the value "csrf"; sets its cookie where the browser has none. */
void page_csrf(struct visit *visit, struct values *values);

/* Does the form carry it, and does the browser not say that another site sent it? */
bool page_csrf_good(const struct visit *visit);

/* A time (RFC 3339) as three values: NAME itself, NAME_exact and NAME_ago ("3 h ago", "in 12
 * d"). Those names are constants of `names`. Nothing where text is NULL. */
struct time_names {
	const char *at, *exact, *ago;
};
void page_time(const struct visit *visit, struct values *values, const struct time_names *names,
	const char *text);

#endif
