/*
 * What a customer is told at each status of the journey: one const table of the words' names
 * (words.en).
 */
#ifndef POSTINVITE_WIZARD_STEP_H
#define POSTINVITE_WIZARD_STEP_H

#include "invite/record.h"
#include "web/words.h"

#include <stdbool.h>

/* What the page's one button does. */
enum step_action { STEP_NOTHING, STEP_START, STEP_CONFIRM };

struct step {
	const char *number; /* of four, or NULL where counting makes no sense */
	const char *heading;
	const char *text;
	const char *code_heading; /* instead, while a code of this browser lives */
	const char *code_text;
	const char *button;
	const char *next; /* what happens next, or whom to ask */
	enum step_action action;
	bool welcome;	    /* who asks, for what: the Welcome page */
	bool live;	    /* something may change while the page is open */
	bool ended;	    /* no code belongs here any more */
	bool mentions_code; /* its `next` does, which is not true of a sign-in in the browser */
	unsigned http_status;
};

const struct step *step_of(enum status status);

/* 0, or -1 when the catalogs lack one of the table's words. */
int step_require_words(const struct words *words, struct error *error);

#endif
