/*
 * Large mails are dealt with one at a time: each takes several times its size in memory while
 * it is. Whoever has the turn needs no other thread of libmilter's to get on, so that those who
 * wait cannot keep it from ending. One that takes long does not count any more: its Postfix may
 * have stopped reading our answer.
 */
#ifndef POSTINVITE_MILTER_TURN_H
#define POSTINVITE_MILTER_TURN_H

#include "base/error.h"

#include <stdint.h>

/* Waits for the turn, a minute at most: a fifth of what Postfix waits for the answer to a
 * message (milter_content_timeout). Returns 0 with its number, which is not 0, or -1
 * (temporary). */
int turn_take(uint64_t *turn_r, struct error *error);
void turn_give_back(uint64_t turn);

/* The program is about to end: nobody gets a turn any more, who waits is told at once. */
void turn_close(void);

#endif
