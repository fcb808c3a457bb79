/*
 * The table that refusal.c decides by: read from its top, the first row that fits counts. NULL
 * and 0 fit everything; the last row does so in all its columns. A code fits when the reply
 * names that AADSTS code among others.
 */
#ifndef POSTINVITE_TOKEN_REFUSAL_TABLE_H
#define POSTINVITE_TOKEN_REFUSAL_TABLE_H

#include "token/refusal.h"

struct refusal_row {
	const char *error, *suberror;
	int code;
	enum outcome outcome;
	const char *words;
	bool quote; /* error_description says what the words cannot */
	/* the refusal's code where pages tell it from others; NULL: the error itself */
	const char *name;
	const char *in_browser; /* the words for what a browser brought back; NULL: the same */
};

extern const struct refusal_row refusal_table[];

#endif
