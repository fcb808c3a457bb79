/*
 * Prints what postinvite.templates(5) lists: the values that pages or mails have, and the words
 * of a catalog.
 */
#include "base/settings_file.h"
#include "web/names.h"
#include "web/template.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* mdoc takes a backslash for an escape, a leading dot or quote for a macro, and wants a
 * sentence to begin a line. */
static void put_text(struct buf *out, const char *text)
{
	bool begin = true;
	char last = ' '; /* that is no space */

	for (; *text != '\0'; text++) {
		bool space = *text == ' ' || *text == '\t';
		bool end = strchr(".!?", last) != NULL;

		if (space && (begin || text[1] == ' ' || text[1] == '\t'))
			continue;
		if (begin && strchr(".'", *text) != NULL)
			buf_string(out, "\\&");
		if (*text == '\\')
			buf_string(out, "\\e");
		else
			buf_byte(out, space && end ? '\n' : space ? ' ' : *text);
		begin = space && end;
		last = space ? last : *text;
	}
}

static void put_item(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, ".It Ic %s\n", name);
	put_text(out, text);
	buf_byte(out, '\n');
}

static void put_names(struct buf *out, const struct template_name *names)
{
	buf_string(out, ".Bl -tag -width Ds -compact\n");
	for (; names->name != NULL; names++)
		put_item(out, names->name, names->meaning);
	buf_string(out, ".El\n");
}

struct catalog_file {
	struct settings_file *file;
	struct buf *out;
};

static void put_word(void *context, const char *place, const char *name)
{
	struct catalog_file *catalog = context;
	const char *text = settings_file_value(catalog->file, name);

	(void)place;
	put_item(catalog->out, name, text[0] != '\0' ? text : "(what the program says itself)");
}

static int put_words(struct buf *out, const char *path)
{
	struct catalog_file catalog = {.out = out};
	struct error error = {0};
	struct buf text;

	buf_init(&text, WORDS_FILE_MAX);
	if (template_read_file(path, &text, &error) == 0)
		catalog.file = settings_file_parse(path, text.data, text.len, &error);
	buf_free(&text);
	if (catalog.file == NULL) {
		fprintf(stderr, "%s\n", error.text);
		return EX_NOINPUT;
	}
	buf_string(out, ".Bl -tag -width Ds -compact\n");
	settings_file_each(catalog.file, put_word, &catalog);
	buf_string(out, ".El\n");
	settings_file_free(&catalog.file);
	return EX_OK;
}

int main(int argc, char **argv)
{
	struct buf out;
	int status = EX_OK;

	buf_init(&out, 1024 * 1024);
	if (argc == 2 && strcmp(argv[1], "pages") == 0)
		put_names(&out, page_names);
	else if (argc == 2 && strcmp(argv[1], "mails") == 0)
		put_names(&out, mail_names);
	else if (argc == 2 && strcmp(argv[1], "operator") == 0)
		put_names(&out, operator_names);
	else if (argc == 3 && strcmp(argv[1], "words") == 0)
		status = put_words(&out, argv[2]);
	else
		status = EX_USAGE;
	if (status == EX_USAGE)
		fprintf(stderr, "usage: templates-doc pages|mails|operator|words FILE\n");
	else if (status == EX_OK &&
		 (out.failed || fwrite(out.data, 1, out.len, stdout) != out.len ||
			 fflush(stdout) != 0))
		status = EX_IOERR;
	buf_free(&out);
	return status;
}
