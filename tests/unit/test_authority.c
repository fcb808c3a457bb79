/*
 * The authority's documents: how often they are fetched, and what is given while they cannot be.
 * Clock and HTTPS client are the test's.
 */
#include "support.h"

#include "base/clock.h"
#include "token/http.h"

#include <event2/event.h>

static uint64_t now_ms;
static size_t fetches;
static http_answer_fn *fetched;
static void *fetched_context;

static uint64_t fake_clock(void)
{
	return now_ms;
}

static struct http_call *fake_send(struct http *http, const struct http_request *request,
	http_answer_fn *answer, void *context)
{
	(void)request;
	fetches++;
	fetched = answer;
	fetched_context = context;
	return (struct http_call *)http;
}

static void fake_cancel(struct http_call **call)
{
	*call = NULL;
}

#define clock_monotonic_ms fake_clock
#define http_send	   fake_send
#define http_cancel	   fake_cancel
#include "../../tokend/authority.c"

#define URL "https://login.example/keys"
#define KEYS                                                                                   \
	"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"one\","                        \
	"\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","                               \
	"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}"

struct fixture {
	struct event_base *base;
	struct authority *authority;
	size_t given, refused;
};

static void on_keys(void *context, const struct authority_answer *answer)
{
	struct fixture *fixture = context;

	fixture->given += answer->keys != NULL && answer->refusal == NULL;
	fixture->refused += answer->refusal != NULL;
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	now_ms = 1000000;
	fetches = 0;
	fixture->base = event_base_new();
	/* Any address will do for the client; the fake one gives it as the call. */
	fixture->authority = authority_new(fixture->base, (struct http *)fixture);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	authority_free(&fixture->authority);
	event_base_free(fixture->base);
	free(fixture);
	return 0;
}

static void ask(struct fixture *fixture)
{
	assert_non_null(authority_keys(fixture->authority, URL, 0, on_keys, fixture));
	event_base_loop(fixture->base, EVLOOP_NONBLOCK);
}

static void answer(int status)
{
	const struct http_answer answer = {.outcome = HTTP_ANSWERED,
		.reply = {.status = status, .body = KEYS, .len = strlen(KEYS)}};

	fetched(fetched_context, &answer);
}

static void test_many_share_a_fetch(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture);
	ask(fixture);
	assert_int_equal(fetches, 1);
	assert_int_equal(fixture->given, 0);
	answer(200);
	assert_int_equal(fixture->given, 2);
	ask(fixture);
	assert_int_equal(fetches, 1);
	assert_int_equal(fixture->given, 3);
}

static void test_without_a_copy_the_refusal_is_given(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture);
	answer(503);
	assert_int_equal(fixture->refused, 1);
	ask(fixture);
	assert_int_equal(fetches, 1); /* not again so soon */
	assert_int_equal(fixture->refused, 1);
}

/* Each ask begins so long after the one before; a fetch fails. */
static void test_an_old_copy(void **state)
{
	static const struct {
		const char *label;
		uint64_t after_ms;
		bool fetch;
	} rows[] = {
		{"still good", DOCUMENT_MS - 1000, false},
		{"over", 2000, true},
		{"just tried", 1000, false},
		{"just tried, still", AUTHORITY_REFETCH_MS - 2000, false},
		{"to be tried again", 2000, true},
	};
	struct fixture *fixture = *state;

	ask(fixture);
	answer(200);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t before = fetches;

		now_ms += rows[i].after_ms;
		ask(fixture);
		assert_number(rows[i].label, (long long)(fetches - before), rows[i].fetch);
		if (fetches > before)
			answer(503);
		assert_number(rows[i].label, (long long)fixture->given, (long long)i + 2);
	}
	assert_int_equal(fixture->refused, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_many_share_a_fetch, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_without_a_copy_the_refusal_is_given, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_an_old_copy, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
