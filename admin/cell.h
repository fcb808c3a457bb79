/*
 * What the pages show of an invitation: its record as values of a template.
 */
#ifndef POSTINVITE_ADMIN_CELL_H
#define POSTINVITE_ADMIN_CELL_H

#include "page.h"

#include "invite/record.h"

/* Puts all that a row of the list and the page of an invitation show of the record. */
void cell_put(const struct visit *visit, struct values *values, struct json_object *record);

/* A status as a word and as what its colour says: status, status_word, tone. */
void cell_status(struct values *values, enum status status);

/* By name, as the store's replies have it; STATUS_COUNT: none. */
enum status cell_status_named(const char *name);

/* 0, or -1 when the catalog lacks a word. */
int cell_require_words(const struct words *words, struct error *error);

#endif
