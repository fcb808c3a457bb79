/*
 * The table of settings: for settings.c and settings_convert.c, which read by it, and settings_doc.c,
 * which prints the manual and the sample by it.
 */
#ifndef POSTINVITE_BASE_SETTINGS_TABLE_H
#define POSTINVITE_BASE_SETTINGS_TABLE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum setting_type {
	SETTING_TEXT, /* const char * */
	/* const char *, https (http on a loopback address), no trailing slash */
	SETTING_URL,
	SETTING_ENDPOINT, /* const char *, base/endpoint.h */
	SETTING_LIST,	  /* string_list, comma or space separated */
	SETTING_TIME,	  /* time_t, with s m h d w */
	SETTING_TIMES,	  /* const time_t *, ascending, 0 behind the last; a list of such */
	SETTING_NUMBER,	  /* long */
	SETTING_PATTERN,  /* const struct pattern *, NULL when empty */
	SETTING_CHOICE,	  /* enum: the index in choices */
};

struct setting {
	const char *name;
	enum setting_type type;
	const char *otherwise; /* default; NULL: required */
	size_t offset;	       /* in struct settings */
	const char *meaning;   /* one line */
	const char *heading;   /* begins a group in the sample and the manual; else NULL */
	const char *const *choices;
	long min, max; /* of SETTING_NUMBER; of SETTING_TIME and SETTING_TIMES, seconds */
	/* What the type does not say. Returns 0 or -1. */
	int (*check)(const char *value, struct error *error);
};

extern const struct setting settings_table[];
extern const size_t settings_table_rows;

#endif
