/* How punctual the polls are: for each, what its client waited since the one before, beyond the
 * interval. */
#include "handlers.h"
#include "req.h"

#include <string.h>

#define LATE_MAX_MS 60000

static struct {
	int64_t polls;
	int64_t early_max; /* how far the earliest was below its interval */
	int64_t late_max;
	unsigned late[LATE_MAX_MS + 1]; /* polls by how many ms they were late */
} pace;

void pace_note(int64_t late)
{
	int64_t ms = late < 0 ? 0 : late > LATE_MAX_MS ? LATE_MAX_MS : late;

	pace.polls++;
	pace.late[ms]++;
	if (-late > pace.early_max)
		pace.early_max = -late;
	if (late > pace.late_max)
		pace.late_max = late;
}

/* The lateness that this share of the polls keeps to. */
static int64_t percentile(double share)
{
	int64_t wanted = (int64_t)((double)pace.polls * share), seen = 0;
	int ms = 0;

	while (ms < LATE_MAX_MS && (seen += pace.late[ms]) <= wanted)
		ms++;
	return ms;
}

void control_pace(struct req *req)
{
	struct json_object *json = json_object_new_object();

	json_add_int(json, "polls", pace.polls);
	json_add_int(json, "late_p50_ms", percentile(0.5));
	json_add_int(json, "late_p99_ms", percentile(0.99));
	json_add_int(json, "late_max_ms", pace.late_max);
	json_add_int(json, "early_max_ms", pace.early_max);
	answer_json(req, 200, json);
}

void control_pace_clear(struct req *req)
{
	memset(&pace, 0, sizeof pace);
	answer_empty(req);
}
