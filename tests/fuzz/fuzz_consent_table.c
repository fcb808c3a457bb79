/*
 * Any file is a table or a fault with its line; a table matches whole subjects only.
 */
#include "mail/consent_table.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("patterns", MFD_CLOEXEC);
	struct consent_table *table;
	struct error error;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		return 0;
	table = consent_table_load(path, "App (x)", &error);
	if (table == NULL && strncmp(error.text, path, strlen(path)) != 0)
		abort();
	if (table != NULL)
		consent_table_match(table, "Request for access to App (x) approved");
	consent_table_free(&table);
	close(fd);
	return 0;
}
