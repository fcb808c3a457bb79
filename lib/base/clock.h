/*
 * Points in time: seconds since the epoch, UTC, in RFC 3339 where people or JSON see them.
 */
#ifndef POSTINVITE_BASE_CLOCK_H
#define POSTINVITE_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_TEXT_SIZE 24

/* "2026-03-01T12:00:00Z"; text_r holds CLOCK_TEXT_SIZE bytes. Returns text_r. */
char *clock_format(time_t when, char *text_r);

/* RFC 3339 date-time, any offset, fractions cut. Returns 0, or -1 when it is none. */
int clock_parse(const char *text, time_t *when_r);

/* Milliseconds that only move forward, for deadlines. */
uint64_t clock_monotonic_ms(void);

/* The same in microseconds, for measuring. */
uint64_t clock_monotonic_us(void);

/* Milliseconds since the epoch. */
uint64_t clock_real_ms(void);

#endif
