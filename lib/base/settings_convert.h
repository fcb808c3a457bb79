/*
 * From the text of a setting to its value, by its row in the table. Each returns 0, or -1
 * (configuration) with a text that quotes the value and says what it should be.
 *
 * Threads: pure functions.
 */
#ifndef POSTINVITE_BASE_SETTINGS_CONVERT_H
#define POSTINVITE_BASE_SETTINGS_CONVERT_H

#include "base/error.h"
#include "base/settings_table.h"

#include <time.h>

/* "90s", "15m", "12h", "30d", "2w"; seconds without a letter. */
int setting_time(
	const struct setting *row, const char *value, time_t *when_r, struct error *error);
int setting_number(
	const struct setting *row, const char *value, long *number_r, struct error *error);

/* https, or http on a loopback address; for a check of an URL that is taken as it stands. */
int setting_check_url(const char *value, struct error *error);

/* As setting_check_url, and without a query. Cuts the trailing slashes. */
int setting_url(char *value, struct error *error);

/* The index in the row's choices. */
int setting_choice(
	const struct setting *row, const char *value, int *index_r, struct error *error);

#endif
