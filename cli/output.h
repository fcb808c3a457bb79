/*
 * What goes to stdout: one line a thing, columns separated by tabs, or with -j one JSON object a
 * line. Control characters in columns become spaces, so that a line stays a line.
 */
#ifndef POSTINVITE_CLI_OUTPUT_H
#define POSTINVITE_CLI_OUTPUT_H

#include "base/json.h"

#include <stdbool.h>

/* The customer as the store tells it, with its status. */
void output_customer_json(struct json_object *customer);

/* "time TAB type TAB words" of an event. */
void output_event(struct json_object *event);

/* "time TAB customer id TAB status TAB type TAB words" of a subscription's item. */
void output_item(struct json_object *item);

void output_json(struct json_object *object);

/* Writes out what is buffered; true when something could not be written, now or before. */
bool output_failed(void);

/* Does nobody read any more? Then nothing is wrong: "postinvite -s | head" has all it wants. */
bool output_unwanted(void);

#endif
