/*
 * Prints the metrics or the parts of the health of the manual page, from their tables.
 */
#include "base/health.h"
#include "base/metrics.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static void print_parts(struct buf *out)
{
	buf_string(out, ".Bl -tag -width Ds\n");
	for (size_t i = 0; i < HEALTH_PARTS; i++)
		buf_printf(out, ".It Cm %s\n%s.\n", health_names[i], health_meanings[i]);
	buf_string(out, ".El\n");
}

int main(int argc, char **argv)
{
	struct buf out;
	int status = EX_OK;

	buf_init(&out, 1024 * 1024);
	if (argc == 2 && strcmp(argv[1], "metrics") == 0)
		metrics_print_manual(&out);
	else if (argc == 2 && strcmp(argv[1], "parts") == 0)
		print_parts(&out);
	else
		status = EX_USAGE;
	if (status != EX_OK)
		fprintf(stderr, "usage: metrics-doc metrics|parts\n");
	else if (out.failed || fwrite(out.data, 1, out.len, stdout) != out.len ||
		 fflush(stdout) != 0)
		status = EX_IOERR;
	buf_free(&out);
	return status;
}
