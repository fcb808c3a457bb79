/*
 * The permissions asked for, each with one sentence why, as rows of a template's list.
 */
#ifndef POSTINVITE_WIZARD_PERMISSION_H
#define POSTINVITE_WIZARD_PERMISSION_H

#include "base/settings.h"
#include "web/template.h"

#define PERMISSION_OTHER "permission_other" /* the word for what has none of its own */

struct permission_rows;

/* Rows with the values "permission" and "why"; they point into `scopes`. Why is the word
 * permission_NAME of the catalogs, so that a site adds reasons there. NULL: out of memory. */
struct permission_rows *permission_rows_new(string_list scopes, const struct words *words);
void permission_rows_free(struct permission_rows **rows);
const struct template_value *const *permission_rows_list(const struct permission_rows *rows);

#endif
