/*
 * The permissions asked for, each with one sentence why, as rows of a template's list.
 */
#ifndef POSTINVITE_WIZARD_PERMISSION_H
#define POSTINVITE_WIZARD_PERMISSION_H

#include "base/settings.h"
#include "web/template.h"

struct permission_rows;

/* Rows with the values "permission" and "why"; they point into `scopes`. NULL: out of memory. */
struct permission_rows *permission_rows_new(string_list scopes);
void permission_rows_free(struct permission_rows **rows);
const struct template_value *const *permission_rows_list(const struct permission_rows *rows);

#endif
