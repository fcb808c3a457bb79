/*
 * Any series that a program may report, and any certificate file: what is taken for a series is
 * written into /metrics as it is.
 */
#include "base/certificate.h"
#include "base/metrics.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	const struct metric *metric = metrics_series(text, NULL);
	struct error error;
	time_t end;

	if (metric != NULL && strncmp(text, metric->name, strlen(metric->name)) != 0)
		abort();
	for (const char *at = text; metric != NULL && *at != '\0'; at++)
		if (*at <= ' ' || *at > '~' || *at == '\\')
			abort();
	certificate_end(text, strlen(text), &end, &error);
	free(text);
	return 0;
}
