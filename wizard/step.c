/*
 * The words (words.en) follow two rules: each page says what to do or whom to ask, and none
 * urges, because urgency is what phishing sounds like.
 */
#include "step.h"

#include <stddef.h>

/* heading, text and next of the same beginning */
#define WORDS(name)   .heading = name "_heading", .text = name "_text", .next = name "_next"
#define MENTIONS_CODE .mentions_code = true
#define WITH_CODE     .code_heading = "code_heading", .code_text = "code_text"
#define START	      .button = "button_start", .action = STEP_START, .live = true, .http_status = 200

#define WELCOME                                                                                \
	{                                                                                      \
		.number = "1", WORDS("welcome"), MENTIONS_CODE, WITH_CODE,                     \
		.button = "button_start", .action = STEP_START, .welcome = true,               \
		.http_status = 200,                                                            \
	}

static const struct step steps[STATUS_COUNT] = {
	[STATUS_PENDING] = WELCOME,
	[STATUS_EMAIL_SENT] = WELCOME,
	[STATUS_EMAIL_FAILED] = WELCOME,
	[STATUS_LINK_OPENED] = WELCOME,
	[STATUS_SIGN_IN_STARTED] =
		{.number = "2", WORDS("started"), MENTIONS_CODE, WITH_CODE, START},
	[STATUS_CONSENT_REQUESTED] = {.number = "3",
		WORDS("requested"),
		.code_heading = "requested_heading",
		.code_text = "requested_code_text",
		START},
	[STATUS_CONSENT_GRANTED] = {.number = "3",
		WORDS("granted"),
		MENTIONS_CODE,
		.code_heading = "granted_heading",
		.code_text = "code_text",
		START},
	[STATUS_CONSENT_DENIED] = {.number = "3",
		.heading = "denied_heading",
		.text = "denied_text",
		.next = "ask_sender",
		.code_heading = "denied_heading",
		.code_text = "denied_code_text",
		START},
	[STATUS_CONSENT_EXPIRED] = {.number = "3",
		.heading = "undecided_heading",
		.text = "undecided_text",
		.next = "ask_sender",
		.code_heading = "undecided_heading",
		.code_text = "undecided_code_text",
		START},
	[STATUS_FAILED] = {WORDS("failed"), WITH_CODE, .button = "button_retry",
		.action = STEP_START, .http_status = 200},
	[STATUS_NEEDS_SIGN_IN] =
		{.number = "2", WORDS("again"), MENTIONS_CODE, WITH_CODE, START},
	[STATUS_DEVICE_AUTHENTICATED] = {.number = "4",
		WORDS("acquired"),
		.button = "button_continue",
		.action = STEP_CONFIRM,
		.live = true,
		.ended = true,
		.http_status = 200},
	[STATUS_AUTHENTICATION_COMPLETE] = {.number = "4",
		WORDS("complete"),
		.ended = true,
		.http_status = 200},
	[STATUS_EXPIRED] = {WORDS("expired"), .ended = true, .http_status = 410},
	[STATUS_REVOKED] = {WORDS("revoked"), .ended = true, .http_status = 410},
};

const struct step *step_of(enum status status)
{
	return &steps[status];
}

int step_require_words(const struct words *words, struct error *error)
{
	for (size_t i = 0; i < STATUS_COUNT; i++) {
		const struct step *step = &steps[i];
		const char *const names[] = {step->heading, step->text, step->code_heading,
			step->code_text, step->button, step->next};

		for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
			if (names[n] != NULL && words_require(words, names[n], error) != 0)
				return -1;
		}
	}
	return 0;
}
