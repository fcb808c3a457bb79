/*
 * An SVG is shown by <img>, which runs nothing in it; who opens its address gets a policy that
 * does not either.
 */
#include "web/brand.h"

#include "base/color.h"
#include "web/form.h"
#include "web/template.h"

#include <string.h>

#define SVG_HEAD 1024 /* where the root element begins at the latest */

static const char *media_type(const struct buf *file)
{
	static const char png[] = "\x89PNG\r\n\x1a\n", jpeg[] = "\xff\xd8\xff";
	size_t head = file->len < SVG_HEAD ? file->len : SVG_HEAD;

	if (file->len > 8 && memcmp(file->data, png, 8) == 0)
		return "image/png";
	if (file->len > 3 && memcmp(file->data, jpeg, 3) == 0)
		return "image/jpeg";
	if (form_text_valid(file->data, file->len) &&
		memmem(file->data, head, "<svg", 4) != NULL)
		return "image/svg+xml";
	return NULL;
}

int brand_read_logo(const char *path, struct buf *out, const char **type_r, struct error *error)
{
	if (template_read_bytes(path, out, error) != 0)
		return -1;
	*type_r = media_type(out);
	if (*type_r == NULL)
		return error_set(error, ERROR_CONFIGURATION,
			"%s: is none of PNG, JPEG, SVG (UTF-8)", path);
	return 0;
}

void brand_style(const char *color, struct buf *out)
{
	char dark[COLOR_TEXT_SIZE];

	color_readable(color, COLOR_DARK, dark);
	buf_printf(out,
		"\n:root {\n\t--accent: %s;\n\t--on-accent: " COLOR_WHITE ";\n}\n"
		"@media (prefers-color-scheme: dark) {\n\t:root {\n\t\t--accent: %s;\n"
		"\t\t--on-accent: " COLOR_DARK ";\n\t}\n}\n",
		color, dark);
}

void brand_support_uri(const char *address, struct buf *out)
{
	if (strchr(address, '@') != NULL && strstr(address, "://") == NULL)
		buf_string(out, "mailto:");
	buf_string(out, address);
}
