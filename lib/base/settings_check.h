/*
 * What concerns two settings at once: what needs another, what excludes it.
 *
 * Threads: a pure function.
 */
#ifndef POSTINVITE_BASE_SETTINGS_CHECK_H
#define POSTINVITE_BASE_SETTINGS_CHECK_H

#include "base/settings.h"

/* name: of the setting that is to be mended; reason: words to put behind it. Both stay valid. */
typedef void settings_conflict_fn(void *context, const char *name, const char *reason);

/* Tells every conflict. Each value has to be good by itself; what is derived when it is empty
 * (brand_name, vault_store) may still be empty. */
void settings_check(
	const struct settings *settings, settings_conflict_fn *conflict, void *context);

#endif
