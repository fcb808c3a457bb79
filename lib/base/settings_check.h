/*
 * What concerns two settings at once: what needs another, what excludes it.
 *
 * Threads: a pure function.
 */
#ifndef POSTINVITE_BASE_SETTINGS_CHECK_H
#define POSTINVITE_BASE_SETTINGS_CHECK_H

#include "base/settings.h"

typedef void settings_conflict_fn(void *context, const char *name, const char *reason);

/* Tells every conflict, with the name of the setting that is to be mended. The values are those of
 * the file, each good by itself. */
void settings_check(
	const struct settings *settings, settings_conflict_fn *conflict, void *context);

#endif
