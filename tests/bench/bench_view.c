/*
 * bench_view [N]: what the operator's pages ask of the view, with N invitations (1,000,000):
 * milliseconds for each question, the median of seven, and memory. Records are made here, as
 * the store would give them.
 */
#include "../../admin/view.c"
#include "../../admin/view_find.c"
#include "../../admin/view_order.c"
#include "../../admin/view_pick.c"
#include "../../admin/view_tenants.c"
#include "../../admin/view_text.c"

#include <stdio.h>

#define PAGE  50
#define TIMES 7
#define NOW   1800000000

static double milliseconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void make_id(char id_r[INVITATION_ID_LEN + 1], uint32_t n)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint64_t state = n * 0x9e3779b97f4a7c15 + 1;

	for (int i = 0; i < INVITATION_ID_LEN; i++) {
		state = state * 6364136223846793005 + 1442695040888963407;
		id_r[i] = i < INVITATION_ID_LEN - 1 ? digits[state >> 58] : 'A';
	}
	id_r[INVITATION_ID_LEN] = '\0';
}

static void put_time(struct json_object *record, const char *name, time_t when)
{
	char text[CLOCK_TEXT_SIZE];

	json_set_string(record, name, clock_format(when, text));
}

/* A tenth pending, bounced, ...; most complete. */
static struct json_object *make_record(uint32_t n)
{
	struct json_object *record = json_object_new_object();
	char text[100], id[INVITATION_ID_LEN + 1];
	const time_t created = NOW - 1 - (time_t)((uint64_t)n * 7919 % (400 * 86400));

	make_id(id, n);
	json_set_string(record, "id", id);
	snprintf(text, sizeof(text), "customer-%07u", n * 7 % 10000000);
	json_set_string(record, "customer_id", text);
	snprintf(text, sizeof(text), "%s %s %u", n % 3 ? "Contoso" : "Fabrikam",
		n % 2 ? "GmbH" : "Ltd", n);
	json_set_string(record, "full_name", text);
	snprintf(text, sizeof(text), "service@tenant%07u.example", n * 13 % 10000000);
	json_set_string(record, "invitation_email", text);
	snprintf(text, sizeof(text), "admin@tenant%07u.example", n * 13 % 10000000);
	json_set_string(record, "m365_admin_email", text);
	snprintf(text, sizeof(text), "tenant%07u.example", n * 13 % 10000000);
	json_set_string(record, "tenant", text);
	put_time(record, "created_at", created);
	put_time(record, "expires_at", created + 30 * 86400);
	json_set_flag(record, "email_sent", true);
	put_time(record, "email_sent_at", created + 5);
	json_set_int(record, "email_sent_count", 1 + n % 4);
	json_set_string(record, "delivery", n % 10 == 3 ? "failed" : "delivered");
	if (n % 10 < 5)
		return record;
	put_time(record, "link_opened_at", created + 3600);
	json_set_string(record, "consent", "granted");
	snprintf(text, sizeof(text), "%08x-0000-4000-8000-%012x", n, n);
	json_set_string(record, "signed_in_tenant", text);
	json_set_string(record, "token_state", n % 100 == 7 ? "needs_sign_in" : "valid");
	put_time(record, "device_authenticated_at", created + 7200);
	put_time(record, "authentication_complete_at", created + 7300);
	put_time(record, "validated_at", created + 86400);
	return record;
}

static int compare_numbers(const void *a, const void *b)
{
	double one = *(const double *)a, other = *(const double *)b;

	return (one > other) - (one < other);
}

static void print(const char *label, double times[TIMES], size_t total)
{
	qsort(times, TIMES, sizeof(*times), compare_numbers);
	printf("%-44s %8.1f ms  %9zu rows\n", label, times[TIMES / 2], total);
}

static void ask(const struct view *view, const char *label, const struct view_query *query)
{
	double times[TIMES];
	struct view_result result;
	size_t total = 0;

	for (int i = 0; i < TIMES; i++) {
		double begun = milliseconds_now();

		if (view_find(view, query, NOW, &result) != 0)
			exit(1);
		times[i] = milliseconds_now() - begun;
		total = result.total;
		view_result_free(&result);
	}
	print(label, times, total);
}

static void ask_sorted(const struct view *view)
{
	char label[100];

	for (int column = 0; column < VIEW_COLUMNS; column++) {
		struct view_query query = {.sort = (enum view_column)column, .limit = PAGE};

		snprintf(label, sizeof(label), "by %s", view_column_name(query.sort));
		ask(view, label, &query);
		query.descending = true;
		query.offset = view_size(view) / 2;
		snprintf(label, sizeof(label), "by %s, from the end, its middle",
			view_column_name(query.sort));
		ask(view, label, &query);
	}
}

static void ask_searches(const struct view *view)
{
	static const char *const searches[] = {"nothing has this", "customer-0000", "4711",
		"service@", "e", "Contoso GmbH 77"};
	char label[100];

	for (size_t i = 0; i < sizeof(searches) / sizeof(searches[0]); i++) {
		struct view_query query = {.search = searches[i],
			.sort = VIEW_CREATED_AT,
			.descending = true,
			.limit = PAGE};

		snprintf(label, sizeof(label), "search \"%s\"", searches[i]);
		ask(view, label, &query);
	}
}

static void ask_others(const struct view *view)
{
	struct view_query pending = {.statuses = VIEW_PENDING,
		.sort = VIEW_FULL_NAME,
		.offset = view_size(view) / 10,
		.limit = PAGE};
	struct view_tenants tenants = {.unused_since = NOW - 76 * 86400, .limit = PAGE};
	struct view_tenants_result found;
	size_t counts[STATUS_COUNT], total = 0;
	struct view_day days[VIEW_DAYS];
	double times[3][TIMES];

	ask(view, "pending, by full_name, deep", &pending);
	for (int i = 0; i < TIMES; i++) {
		double begun = milliseconds_now();

		view_counts(view, NOW, counts);
		times[0][i] = milliseconds_now() - begun;
		view_days(view, NOW, days);
		times[1][i] = milliseconds_now() - begun - times[0][i];
		begun = milliseconds_now();
		if (view_find_tenants(view, &tenants, &found) != 0)
			exit(1);
		times[2][i] = milliseconds_now() - begun;
		total = found.total;
		view_tenants_result_free(&found);
	}
	print("counts by status", times[0], view_size(view));
	print("30 days", times[1], view_size(view));
	print("tenants by their token", times[2], total);
}

int main(int argc, char **argv)
{
	uint32_t n = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000000;
	struct view *view = view_new();
	double begun, put = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct json_object *record = make_record(i);

		begun = milliseconds_now();
		if (view_put(view, record) != 0)
			return 1;
		put += milliseconds_now() - begun;
		json_object_put(record);
	}
	begun = milliseconds_now();
	while (view_sort(view) > 0)
		;
	if (!view_ready(view))
		return 1;
	printf("%u invitations: put %.0f ms, sorted %.0f ms, %zu MiB, %.0f bytes each\n", n,
		put, milliseconds_now() - begun, view_memory(view) >> 20,
		(double)view_memory(view) / n);
	ask_sorted(view);
	ask_searches(view);
	ask_others(view);
	begun = milliseconds_now();
	for (uint32_t i = 0; i < 10000; i++) {
		struct json_object *record = make_record(n + i);

		view_put(view, record);
		json_object_put(record);
	}
	printf("%-44s %8.1f us each\n", "new ones", (milliseconds_now() - begun) / 10);
	view_free(&view);
	return 0;
}
