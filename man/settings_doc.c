/*
 * Prints the sample configuration or the settings of the manual page, from the table of settings.
 */
#include "base/settings.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

int main(int argc, char **argv)
{
	struct buf out;
	int status = EX_OK;

	buf_init(&out, 1024 * 1024);
	if (argc == 2 && strcmp(argv[1], "sample") == 0)
		settings_print_sample(&out);
	else if (argc == 2 && strcmp(argv[1], "manual") == 0)
		settings_print_manual(&out);
	else
		status = EX_USAGE;
	if (status != EX_OK)
		fprintf(stderr, "usage: settings-doc sample|manual\n");
	else if (out.failed || fwrite(out.data, 1, out.len, stdout) != out.len ||
		 fflush(stdout) != 0)
		status = EX_IOERR;
	buf_free(&out);
	return status;
}
