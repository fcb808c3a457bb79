/*
 * What a page offers beside its words: which way of signing in comes first, whether an
 * administrator can approve right there, where a wrong account is left. Decided from settings,
 * record and the time of day alone.
 */
#ifndef POSTINVITE_WIZARD_OFFER_H
#define POSTINVITE_WIZARD_OFFER_H

#include "step.h"

#include "base/json.h"
#include "base/settings.h"

struct offer {
	/* the page's form, and the word of its button; NULL: none */
	const char *action, *button;
	const char *other_action, *other_button; /* the other way to sign in; NULL: none */
	const char *next;			 /* instead of the step's; NULL: that */
	bool hint;	   /* nobody is expected by name: a field for the account's */
	bool approve;	   /* an administrator may approve here */
	bool approve_open; /* nothing goes on without: not folded away */
	bool sign_out;	   /* somebody is signed in at Microsoft with the wrong account */
};

/* code: a device code of this browser lives, and the page shows it. */
void offer_make(const struct settings *settings, struct json_object *invitation, bool code,
	struct offer *offer_r);

/* Does what went wrong last (last_error) still matter? Not a missing consent that was given
 * since; and while a code lives, not what tokend tries again by itself. */
bool offer_fault_matters(struct json_object *invitation, bool code);

/* 0, or -1 when the catalogs lack one of the words. */
int offer_require_words(const struct words *words, struct error *error);

#endif
