/*
 * The id came by mail: whatever it holds, it stays one segment of a path.
 */
#include "platform.h"

#include "base/buf.h"

#include <ctype.h>
#include <string.h>

#define LINK_MAX 4096

static const char *id_of(struct json_object *invitation)
{
	return json_string(invitation, "platform_invitation_id", "");
}

bool platform_leads(const struct settings *settings, struct json_object *invitation)
{
	const char *id = id_of(invitation);

	return settings->wizard_mode == WIZARD_REDIRECT && settings->platform_url[0] != '\0' &&
	       id[strspn(id, ".")] != '\0';
}

char *platform_link(const struct settings *settings, struct json_object *invitation)
{
	struct buf link;

	buf_init(&link, LINK_MAX);
	buf_printf(&link, "%s/", settings->platform_url);
	for (const char *id = id_of(invitation); *id != '\0'; id++) {
		if (isalnum((unsigned char)*id) || strchr("-._~", *id) != NULL)
			buf_byte(&link, *id);
		else
			buf_printf(&link, "%%%02X", (unsigned)(unsigned char)*id);
	}
	return buf_take(&link, NULL);
}
