/*
 * What the table says, for people: the sample file and the settings of the manual page.
 */
#include "base/settings.h"
#include "base/settings_table.h"

#include <string.h>

/* Comment lines of at most 96 columns. */
static void comment(const char *text, struct buf *out)
{
	size_t column = 0;

	while (*text != '\0') {
		size_t word = strcspn(text, " ");

		if (column == 0 || column + word > 94) {
			buf_string(out, column == 0 ? "#" : "\n#");
			column = 1;
		}
		buf_byte(out, ' ');
		buf_append(out, text, word);
		column += word + 1;
		text += word;
		text += *text == ' ';
	}
	buf_byte(out, '\n');
}

void settings_print_sample(struct buf *out)
{
	buf_string(out,
		"# postinvite.cf: settings of postinvite, in main.cf syntax; see postinvite.cf(5).\n"
		"# Settings without a leading # have to be given; the others stand at their default.\n");
	for (size_t i = 0; i < settings_table_rows; i++) {
		const struct setting *row = &settings_table[i];

		if (row->heading != NULL)
			buf_printf(out, "\n# ---- %s\n", row->heading);
		buf_byte(out, '\n');
		comment(row->meaning, out);
		if (row->otherwise == NULL)
			buf_printf(out, "%s =\n", row->name);
		else
			buf_printf(out, "#%s =%s%s\n", row->name,
				row->otherwise[0] != '\0' ? " " : "", row->otherwise);
	}
}

/* mdoc takes a backslash for an escape and a leading dot for a macro. */
static void manual_text(const char *text, struct buf *out)
{
	if (*text == '.')
		buf_string(out, "\\&");
	for (; *text != '\0'; text++) {
		if (*text == '\\')
			buf_string(out, "\\e");
		else
			buf_byte(out, *text);
	}
}

void settings_print_manual(struct buf *out)
{
	for (size_t i = 0; i < settings_table_rows; i++) {
		const struct setting *row = &settings_table[i];

		if (row->heading != NULL)
			buf_printf(out, "%s.Ss %s\n.Bl -tag -width Ds\n", i > 0 ? ".El\n" : "",
				row->heading);
		buf_printf(out, ".It Ic %s Pq ", row->name);
		if (row->otherwise == NULL)
			buf_string(out, "required");
		else if (row->otherwise[0] == '\0')
			buf_string(out, "default: empty");
		else {
			buf_string(out, "default: ");
			manual_text(row->otherwise, out);
		}
		buf_byte(out, '\n');
		manual_text(row->meaning, out);
		buf_string(out, ".\n");
	}
	buf_string(out, ".El\n");
}
