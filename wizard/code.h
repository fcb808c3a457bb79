/*
 * The user code: who may see it, and how it is shown.
 */
#ifndef POSTINVITE_WIZARD_CODE_H
#define POSTINVITE_WIZARD_CODE_H

#include "visit.h"

#define CODE_GROUPS_MAX 8

/* Rows of a template's list with the value "part": the code in groups of three or four
 * characters, which people compare and type more easily. Empty for a code that does not divide
 * so. */
struct code_groups {
	char parts[CODE_GROUPS_MAX][5];
	struct template_value rows[CODE_GROUPS_MAX][2];
	const struct template_value *list[CODE_GROUPS_MAX + 1];
};
void code_group(const char *code, struct code_groups *groups_r);

/* "D X K 6": what a screen reader says letter by letter. */
void code_spell(const char *code, struct buf *out);

/* Asks tokend for the live code if this browser has been given one and the journey has use for
 * it, keeps it where it is this browser's, and goes on with next: reply NULL and error set when
 * tokend cannot be asked, both NULL else. */
void code_fetch(struct visit *visit, visit_next_fn *next);

/* Keeps a code that was started by this very request, and marks the browser as the one that did. */
void code_keep_started(struct visit *visit, struct json_object *code);

#endif
