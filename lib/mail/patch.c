#include "mail/patch.h"

#include <stdlib.h>

static int add(struct patches *patches, struct patch patch)
{
	if (patches->count == patches->room) {
		size_t room = patches->room > 0 ? 2 * patches->room : 8;
		struct patch *list = reallocarray(patches->list, room, sizeof(*list));

		if (list == NULL) {
			free(patch.bytes);
			return -1;
		}
		patches->list = list;
		patches->room = room;
	}
	patches->list[patches->count++] = patch;
	return 0;
}

int patches_add(struct patches *patches, size_t start, size_t end, char *bytes, size_t len)
{
	return add(patches, (struct patch){start, end, bytes, len, NULL});
}

int patches_add_made(struct patches *patches, size_t start, size_t end, patch_make_fn *make)
{
	return add(patches, (struct patch){start, end, NULL, 0, make});
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
		if (patch->make != NULL)
			patch->make(bytes + patch->start, patch->end - patch->start, out);
		else
			buf_append(out, patch->bytes, patch->len);
		start = patch->end;
	}
	buf_append(out, bytes + start, end - start);
}
