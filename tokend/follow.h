/*
 * Follows the store's events from the last one that was dealt with: the vault keeps the cursor.
 * What was away for long, or never ran, gets everything that it has missed.
 */
#ifndef POSTINVITE_TOKEND_FOLLOW_H
#define POSTINVITE_TOKEND_FOLLOW_H

#include "tokend.h"

/* Returns 0, or -1 with error set. */
int follow_start(struct tokend *tokend, struct error *error);

/* Keeps how far we are, behind what follows from it (webhooks, notices); to be called every
 * second or two. Returns 0, or -1 with error set: the cursor stays where it was. */
int follow_save(struct tokend *tokend, struct error *error);

#endif
