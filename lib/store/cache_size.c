/*
 * How much memory the store gives to pages of its database: as much as all of them take, within
 * bounds. A page that is not there costs some microseconds as long as the kernel has it, so
 * less than all is no fault.
 */
#include "store/engine.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MB     ((size_t)1024 * 1024)
#define LEAST  (64 * MB)
#define MOST   (1024 * MB)
#define OF_ALL 8 /* at most this part of the machine's memory */

/* Is it a tree's file? */
static bool is_tree(const char *name)
{
	size_t len = strlen(name);

	return len > 3 && strcmp(name + len - 3, ".db") == 0;
}

static size_t size_of_trees(const char *directory)
{
	DIR *list = opendir(directory);
	struct dirent *entry;
	size_t size = 0;
	struct stat st;

	while (list != NULL && (entry = readdir(list)) != NULL)
		if (is_tree(entry->d_name) && fstatat(dirfd(list), entry->d_name, &st, 0) == 0)
			size += (size_t)st.st_size;
	if (list != NULL)
		closedir(list);
	return size;
}

size_t engine_cache_size(const struct settings *settings)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
	size_t most = pages > 0 && page > 0 ? (size_t)pages / OF_ALL * (size_t)page : LEAST;
	size_t size;

	if (settings->state_cache > 0)
		return (size_t)settings->state_cache * MB;
	size = size_of_trees(settings->state_store + strlen("bdb:"));
	most = most < MOST ? most : MOST;
	size = size < most ? size : most;
	return size > LEAST ? size : LEAST;
}
