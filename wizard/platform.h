/*
 * wizard_mode = redirect: the platform's own page of an invitation. Its address is made of the
 * setting platform_url and the id that the milter saw behind it in the mail, never of an
 * address that somebody stored.
 *
 * Threads: pure.
 */
#ifndef POSTINVITE_WIZARD_PLATFORM_H
#define POSTINVITE_WIZARD_PLATFORM_H

#include "base/json.h"
#include "base/settings.h"

#include <stdbool.h>

/* Does the invitation lead there? Not where its mail had no such link: the pages are our own
 * then. */
bool platform_leads(const struct settings *settings, struct json_object *invitation);

/* platform_url/ID, the id percent-encoded; the caller's (free). NULL out of memory. */
char *platform_link(const struct settings *settings, struct json_object *invitation);

#endif
