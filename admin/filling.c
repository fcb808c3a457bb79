/*
 * A browser that comes too early is told how far the index is, and asks again every two seconds.
 */
#include "filling.h"

#include "page.h"

#define AGAIN_S "2"

const struct view *filling_view(struct visit **visit)
{
	const struct invitations *invitations = (*visit)->admin->invitations;
	struct values *values;

	if (invitations_ready(invitations))
		return invitations_view(invitations);
	values = values_new();
	if (values != NULL) {
		values_word(values, "heading", "filling_heading");
		values_word(values, "text",
			invitations_begun(invitations) ? "filling_text" : "filling_away");
		values_text(values, "refresh", AGAIN_S);
		values_int(values, "percent", invitations_percent(invitations));
	}
	web_header((*visit)->request, "Retry-After", AGAIN_S);
	page_answer(visit, 503, "admin_filling.html", &values);
	return NULL;
}
