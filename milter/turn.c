/*
 * One holder, and a condition that whoever wants to be the next waits for. The holder is known by
 * a number: one that had the turn too long loses it without being asked, and what it gives
 * back later is not the turn of the one behind it. In which order those who wait get it does
 * not matter: each has its minute.
 */
#include "turn.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

#define SECOND_US ((uint64_t)1000000)
#define WAIT_US	  (60 * SECOND_US)
#define LONG_US	  (20 * SECOND_US)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static uint64_t holder, since, last;
static bool closed;

static void wait_until(uint64_t us)
{
	const struct timespec when = {
		.tv_sec = (time_t)(us / SECOND_US),
		.tv_nsec = (long)(us % SECOND_US) * 1000,
	};

	pthread_cond_clockwait(&changed, &lock, CLOCK_MONOTONIC, &when);
}

static bool is_free(void)
{
	return holder == 0 || clock_monotonic_us() >= since + LONG_US;
}

int turn_take(uint64_t *turn_r, struct error *error)
{
	uint64_t end = clock_monotonic_us() + WAIT_US;
	int result = 0;

	pthread_mutex_lock(&lock);
	while (!closed && !is_free() && clock_monotonic_us() < end)
		wait_until(since + LONG_US < end ? since + LONG_US : end);
	if (closed) {
		result = error_set(error, ERROR_TEMPORARY, "this service is being stopped");
	} else if (!is_free()) {
		result = error_set(error, ERROR_TEMPORARY,
			"too many large mails from the platform at once: this one had no turn "
			"for a minute; send it again");
	} else {
		*turn_r = holder = ++last;
		since = clock_monotonic_us();
	}
	pthread_mutex_unlock(&lock);
	return result;
}

void turn_give_back(uint64_t turn)
{
	pthread_mutex_lock(&lock);
	if (holder == turn) {
		holder = 0;
		pthread_cond_signal(&changed);
	}
	pthread_mutex_unlock(&lock);
}

void turn_close(void)
{
	pthread_mutex_lock(&lock);
	closed = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}
