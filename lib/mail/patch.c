#include "mail/patch.h"

#include <stdlib.h>

int patches_add(struct patches *patches, size_t start, size_t end, char *bytes, size_t len)
{
	if (patches->count == patches->room) {
		size_t room = patches->room > 0 ? 2 * patches->room : 8;
		struct patch *list = reallocarray(patches->list, room, sizeof(*list));

		if (list == NULL) {
			free(bytes);
			return -1;
		}
		patches->list = list;
		patches->room = room;
	}
	patches->list[patches->count++] = (struct patch){start, end, bytes, len};
	return 0;
}

void patches_free(struct patches *patches)
{
	for (size_t i = 0; i < patches->count; i++)
		free(patches->list[i].bytes);
	free(patches->list);
	*patches = (struct patches){0};
}

static int by_start(const void *a, const void *b)
{
	const struct patch *one = a, *other = b;

	if (one->start != other->start)
		return one->start < other->start ? -1 : 1;
	return (one->end > other->end) - (one->end < other->end);
}

void patches_apply(
	struct patches *patches, const char *bytes, size_t start, size_t end, struct buf *out)
{
	if (patches->count > 0)
		qsort(patches->list, patches->count, sizeof(*patches->list), by_start);
	for (size_t i = 0; i < patches->count; i++) {
		const struct patch *patch = &patches->list[i];

		if (patch->start < start)
			continue;
		buf_append(out, bytes + start, patch->start - start);
		buf_append(out, patch->bytes, patch->len);
		start = patch->end;
	}
	buf_append(out, bytes + start, end - start);
}
