/*
 * Scopes are written with or without their resource in front (https://graph.microsoft.com/User.Read.All);
 * people are shown the last part, which is what Microsoft's own consent page names.
 */
#include "permission.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *scope;
	const char *why;
} reasons[] = {
	{"User.Read.All", "Find the users who get telephone numbers."},
	{"Group.ReadWrite.All", "Keep the groups that decide who may telephone how."},
	{"Directory.AccessAsUser.All", "Read and write directory data, with no more rights "
				       "than the account that signs in."},
	{"AppCatalog.ReadWrite.All", "Install and update the provider's apps in Teams."},
	{"offline_access", "Stay connected without asking for a sign-in every day."},
	{"openid", "Know that the sign-in really happened at Microsoft."},
	{"profile", "Know which account signed in, so that a wrong one is refused."},
	{"email", "Know the mail address of the account that signed in."},
};

struct row {
	struct template_value values[3];
};

struct permission_rows {
	struct row *rows;
	const struct template_value **list;
};

static const char *short_name(const char *scope)
{
	const char *slash = strrchr(scope, '/');

	return slash != NULL && slash[1] != '\0' ? slash + 1 : scope;
}

static const char *reason(const char *name)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (strcasecmp(reasons[i].scope, name) == 0)
			return reasons[i].why;
	}
	return "Asked for by the application; its provider can tell you why.";
}

struct permission_rows *permission_rows_new(string_list scopes)
{
	struct permission_rows *rows = calloc(1, sizeof(*rows));
	size_t count = 0;

	while (scopes[count] != NULL)
		count++;
	if (rows == NULL)
		return NULL;
	rows->rows = calloc(count + 1, sizeof(*rows->rows));
	rows->list = calloc(count + 1, sizeof(*rows->list));
	if (rows->rows == NULL || rows->list == NULL) {
		permission_rows_free(&rows);
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		const char *name = short_name(scopes[i]);

		rows->rows[i] = (struct row){{{.name = "permission", .text = name},
			{.name = "why", .text = reason(name)}, {0}}};
		rows->list[i] = rows->rows[i].values;
	}
	return rows;
}

void permission_rows_free(struct permission_rows **rows)
{
	if (*rows == NULL)
		return;
	free((*rows)->rows);
	free((*rows)->list);
	free(*rows);
	*rows = NULL;
}

const struct template_value *const *permission_rows_list(const struct permission_rows *rows)
{
	return rows->list;
}
