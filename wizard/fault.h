/*
 * What went wrong, for a customer: a word of the catalogs where there is one for it, else the
 * English text of the program that knows.
 */
#ifndef POSTINVITE_WIZARD_FAULT_H
#define POSTINVITE_WIZARD_FAULT_H

#include "base/buf.h"
#include "web/words.h"

#include <stdbool.h>

struct fault {
	char word[80];		 /* or "" */
	char text[512];		 /* a sentence in English, for want of a word; or "" */
	char codes[128];	 /* Microsoft's, that go with the word; or "" */
	char other_account[256]; /* who signed in, of wrong_account; or "" */
};

/* One of the catalogs' words. */
void fault_word(const char *word, struct fault *fault_r);

/* A text of tokend's, with its code (of last_error) or NULL. text NULL or "": nothing went
 * wrong. */
void fault_refusal(const struct catalog *catalog, const char *code, const char *text,
	struct fault *fault_r);

bool fault_said(const struct fault *fault); /* did anything go wrong? */

#endif
