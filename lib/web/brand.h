/*
 * What pages and mails show of the provider: the logo's file, the accent colour as a style, the
 * support address as a link.
 *
 * Threads: pure, but for reading the file.
 */
#ifndef POSTINVITE_WEB_BRAND_H
#define POSTINVITE_WEB_BRAND_H

#include "base/buf.h"
#include "base/error.h"

#define BRAND_LOGO_MAX (256 * 1024)

/* Appends the file and finds its media type by its contents. Returns 0, or -1 (configuration):
 * no PNG, JPEG or SVG, or larger than out's maximum. */
int brand_read_logo(
	const char *path, struct buf *out, const char **type_r, struct error *error);

/* Appends the style sheet's custom properties --accent and --on-accent, light and dark, for a
 * brand_color. */
void brand_style(const char *color, struct buf *out);

/* Appends the link for a support_address: mailto: for a mailbox, an URL as it is; nothing for
 * "". */
void brand_support_uri(const char *address, struct buf *out);

#endif
