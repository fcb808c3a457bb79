/*
 * The words follow two rules: each page says what to do or whom to ask, and none urges, because
 * urgency is what phishing sounds like.
 */
#include "step.h"

#include <stddef.h>

#define ASK_SENDER "Questions? Ask whoever sent you the invitation."

#define WELCOME                                                                                \
	{                                                                                      \
		.number = "1", .heading = "Connect your Microsoft 365",                        \
		.text = "You are invited to give an application access to your "               \
			"organisation's Microsoft 365. Nothing happens until you press the "   \
			"button below.",                                                       \
		.button = "Start authentication",                                              \
		.next = "You get a code and enter it on Microsoft's own page. Your password "  \
			"is entered there only, never here.",                                  \
		.action = STEP_START, .welcome = true, .http_status = 200,                     \
	}

static const struct step steps[STATUS_COUNT] = {
	[STATUS_PENDING] = WELCOME,
	[STATUS_EMAIL_SENT] = WELCOME,
	[STATUS_EMAIL_FAILED] = WELCOME,
	[STATUS_LINK_OPENED] = WELCOME,
	[STATUS_SIGN_IN_STARTED] =
		{
			.number = "2",
			.heading = "Not signed in yet",
			.text = "A sign-in was started. If that was in another browser, go on "
				"there; otherwise press the button to get a code here.",
			.button = "Start authentication",
			.next = "A code is valid for 15 minutes. A new one costs nothing.",
			.action = STEP_START,
			.live = true,
			.http_status = 200,
		},
	[STATUS_CONSENT_REQUESTED] =
		{
			.number = "3",
			.heading = "Waiting for approval",
			.text = "An administrator of your organisation has been asked to "
				"approve the permissions. Microsoft tells both of you by "
				"mail.",
			.code_heading = "Waiting for approval",
			.code_text = "An administrator of your organisation has been asked to "
				     "approve the permissions. If that happens while the code "
				     "below is valid, this page goes on by itself.",
			.button = "Start authentication",
			.next = "You can close this page. When the approval is there, open "
				"the link of your invitation again and sign in once more.",
			.action = STEP_START,
			.live = true,
			.http_status = 200,
		},
	[STATUS_CONSENT_GRANTED] =
		{
			.number = "3",
			.heading = "Approved: sign in once more",
			.text = "An administrator of your organisation approved the "
				"permissions. One more sign-in completes the connection.",
			.code_heading = "Approved: sign in once more",
			.button = "Start authentication",
			.next = "You get a code and enter it on Microsoft's own page.",
			.action = STEP_START,
			.live = true,
			.http_status = 200,
		},
	[STATUS_CONSENT_DENIED] =
		{
			.number = "3",
			.heading = "The permissions were not approved",
			.text = "An administrator of your organisation denied the request. "
				"Talk to them; after that you can ask again.",
			.code_heading = "The permissions were not approved",
			.code_text =
				"An administrator of your organisation denied the "
				"request. Talk to them; while the code below is valid you can "
				"sign in with it and ask again.",
			.button = "Start authentication",
			.next = ASK_SENDER,
			.action = STEP_START,
			.live = true,
			.http_status = 200,
		},
	[STATUS_CONSENT_EXPIRED] =
		{
			.number = "3",
			.heading = "Nobody decided in time",
			.text = "The request for approval expired before an administrator "
				"decided. Start again to send a new request, and tell your "
				"administrator that it comes.",
			.code_heading = "Nobody decided in time",
			.code_text =
				"The request for approval expired before an "
				"administrator decided. Sign in with the code below to ask "
				"again, and tell your administrator that it comes.",
			.button = "Start authentication",
			.next = ASK_SENDER,
			.action = STEP_START,
			.live = true,
			.http_status = 200,
		},
	[STATUS_FAILED] =
		{
			.heading = "The sign-in could not be completed",
			.text = "Microsoft refused it. Trying again helps only once the "
				"reason is mended.",
			.button = "Try again",
			.next = "Tell whoever sent you the invitation what this page says.",
			.action = STEP_START,
			.http_status = 200,
		},
	[STATUS_NEEDS_SIGN_IN] =
		{
			.number = "2",
			.heading = "Please sign in again",
			.text = "The connection worked before, and Microsoft now asks for a "
				"new sign-in. This is usual after a password change.",
			.button = "Start authentication",
			.next = "You get a code and enter it on Microsoft's own page.",
			.action = STEP_START,
			.live = true,
			.http_status = 200,
		},
	[STATUS_DEVICE_AUTHENTICATED] =
		{
			.number = "4",
			.heading = "Token acquired",
			.text = "Your sign-in worked. Because this is the first connection of "
				"your organisation, one short confirmation at Microsoft is "
				"left.",
			.button = "Click here to continue",
			.next = "Microsoft asks for the same account once more, then you come "
				"back here.",
			.action = STEP_CONFIRM,
			.live = true,
			.ended = true,
			.http_status = 200,
		},
	[STATUS_AUTHENTICATION_COMPLETE] =
		{
			.number = "4",
			.heading = "Token authentication process completed",
			.text = "Tenant Activation: your organisation is connected. The "
				"application's provider goes on from here.",
			.next = "Nothing is left to do. You can close this page.",
			.ended = true,
			.http_status = 200,
		},
	[STATUS_EXPIRED] =
		{
			.heading = "This invitation has expired",
			.text = "Its time is over, and it can no longer be used. Nothing was "
				"changed in your Microsoft 365.",
			.next = "Ask whoever sent it to you for a new one.",
			.ended = true,
			.http_status = 410,
		},
	[STATUS_REVOKED] =
		{
			.heading = "This invitation was withdrawn",
			.text = "The sender withdrew it, and it can no longer be used.",
			.next = "Ask whoever sent it to you if you expected something else.",
			.ended = true,
			.http_status = 410,
		},
};

const struct step *step_of(enum status status)
{
	return &steps[status];
}
