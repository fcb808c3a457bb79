/*
 * The chart is drawn by the template: here its bars get their places. What it shows stands
 * below it as a table, too, whose numbers lead to the rows behind them.
 */
#include "overview.h"

#include "cell.h"
#include "filling.h"
#include "live.h"

#include <stdio.h>

/* In the chart's units; the template's viewBox is as large. */
#define CHART_LEFT   48 /* room for the numbers */
#define CHART_TOP    16
#define CHART_HEIGHT 160
#define DAY_WIDTH    22
#define BAR_WIDTH    8
#define LINES	     4 /* of the grid, the lowest one not counted */

/* The least of 4, 8, 20, 40, 80, ... that is not below n: a quarter of it is a round number. */
static size_t scale_of(size_t n)
{
	static const size_t steps[] = {4, 8, 20};

	for (size_t power = 1;; power *= 10)
		for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
			if (steps[i] * power >= n)
				return steps[i] * power;
}

static void put_bar(
	struct values *row, const char *y_name, const char *height_name, size_t n, size_t scale)
{
	const double height = (double)n * CHART_HEIGHT / (double)scale;

	values_printf(row, y_name, "%.1f", CHART_TOP + CHART_HEIGHT - height);
	values_printf(row, height_name, "%.1f", height);
}

static void put_day(struct values *row, const struct view_day *day, int n, size_t scale)
{
	char text[16], label[16];
	struct tm tm;

	gmtime_r(&day->begin, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d", &tm);
	strftime(label, sizeof(label), "%m-%d", &tm);
	values_text(row, "day", text);
	values_text(row, "day_label", n % 7 == 1 ? label : "");
	values_int(row, "sent", (long long)day->sent);
	values_int(row, "completed", (long long)day->completed);
	values_int(row, "sent_x", CHART_LEFT + n * DAY_WIDTH + 2);
	values_int(row, "completed_x", CHART_LEFT + n * DAY_WIDTH + 2 + BAR_WIDTH);
	put_bar(row, "sent_y", "sent_height", day->sent, scale);
	put_bar(row, "completed_y", "completed_height", day->completed, scale);
}

static void put_days(struct values *values, const struct view_day *days)
{
	size_t most = 0, sent = 0, completed = 0, scale;

	for (int i = 0; i < VIEW_DAYS; i++) {
		most = days[i].sent > most ? days[i].sent : most;
		most = days[i].completed > most ? days[i].completed : most;
		sent += days[i].sent;
		completed += days[i].completed;
	}
	scale = scale_of(most);
	for (int i = 0; i < VIEW_DAYS; i++)
		put_day(values_row(values, "days"), &days[i], i, scale);
	for (int i = 0; i <= LINES; i++) {
		struct values *line = values_row(values, "lines");

		values_int(line, "line_y", CHART_TOP + CHART_HEIGHT - i * CHART_HEIGHT / LINES);
		values_int(line, "count", (long long)(scale * (size_t)i / LINES));
	}
	values_int(values, "sent_total", (long long)sent);
	values_int(values, "completed_total", (long long)completed);
}

/* In the order of a journey, as the list sorts them. */
static void put_counts(struct values *values, const size_t counts[STATUS_COUNT])
{
	size_t pending = 0;

	for (int i = STATUS_COUNT - 1; i >= 0; i--) {
		struct values *row = values_row(values, "counts");

		cell_status(row, (enum status)i);
		values_int(row, "count", (long long)counts[i]);
		if ((VIEW_PENDING & VIEW_STATUS_BIT(i)) != 0)
			pending += counts[i];
	}
	values_int(values, "pending_total", (long long)pending);
}

void get_overview(void *context, struct web_request *request)
{
	struct visit *visit = visit_begin(context, request, ROLE_VIEW);
	const struct view *view = visit != NULL ? filling_view(&visit) : NULL;
	struct view_day days[VIEW_DAYS];
	size_t counts[STATUS_COUNT];
	struct values *values;

	if (view == NULL)
		return;
	view_counts(view, visit->now, counts);
	view_days(view, visit->now, days);
	values = values_new();
	if (values != NULL) {
		values_word(values, "heading", "overview_heading");
		values_int(values, "total", (long long)view_size(view));
		put_counts(values, counts);
		put_days(values, days);
		live_put(visit, values, NULL);
	}
	page_answer(&visit, 200, "admin_overview.html", &values);
}
