/*
 * Only what is certain is said: a failure needs words that say so, or a reply code that does,
 * and a delay is never taken for one. Words that speak of both, of two recipients behind the
 * mailbox or of earlier tries, do not say which is whose: taken for a delay, they leave it open
 * what becomes of the mail. Words in other languages come mostly with the code of the host that
 * refused.
 */
#include "mail/bounce.h"

#include "mail/dsn_value.h"
#include "mail/value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TEXT_LOOKED_AT	  16384 /* the reason stands at the beginning */
#define SUBJECT_LOOKED_AT 2048	/* for each text anew */

/* In lower case, white space as one space. */
static const char *const delays[] = {"not yet been delivered", "(delay)", "has been delayed",
	"is delayed", "still being retried", "will be retried", "will keep trying",
	"will continue to try", "could not send message for past", "warning message only",
	"this is a warning only", "delayed mail", ": delayed", "delivery delayed",
	"delivery is delayed", NULL};
static const char *const failures[] = {"permanent error", "permanent fatal error",
	"fatal errors", "failed permanently", "permanent failure", "could not be delivered",
	"couldn't be delivered", "not be delivered", "unable to deliver", "undeliverable",
	"undelivered", "delivery failed", "delivery has failed", "delivery failure",
	"failure notice", "(failure)", "returned mail", "did not reach",
	"wasn't able to deliver", "unable to be delivered", "cannot be delivered",
	"can't be delivered", "could not deliver", "was not delivered", "not delivered",
	"delivery error", "delivery problem", "has been failed", "address not found",
	"user unknown", "unknown user", "no such user", "has been rejected", "was rejected",
	"error has occurred while attempting", "error occurred while trying",
	"error delivering your mail", "error sending your mail", "failure reasons",
	"mailbox is full", "mailbox full", "cannot send message", "following addresses had",
	"addresses failed", "no such address", "system error - returned",
	"delivery status notification: error", "delivery status notification: failed",
	"mail failed", NULL};
/* What of all that a report of success says, too, is no failure. */
static const char *const successes[] = {"successfully delivered", "successful mail delivery",
	"successfully relayed", "successfully forwarded",
	"delivery status notification: success", "delivery status notification (success)",
	"has been delivered", NULL};

static bool has_any(const char *text, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strstr(text, *list) != NULL)
			return true;
	return false;
}

/* "550 ", "550-", "550 5.1.1": a reply that refuses for good. */
static bool has_refusal(const char *text)
{
	for (const char *at = text; (at = strchr(at, '5')) != NULL; at++) {
		char status[16];

		if (at > text && strchr(" \n:;(<>\"'[#", at[-1]) == NULL)
			continue;
		if (isdigit((unsigned char)at[1]) && at[1] <= '5' &&
			isdigit((unsigned char)at[2]) && (at[3] == ' ' || at[3] == '-') &&
			strspn(at + 4, "0123456789:") < 2)
			return true;
		dsn_find_status(at, strnlen(at, 12), status);
		if (*status == '5')
			return true;
	}
	return false;
}

/* Where the mail begins that is returned: with a field that only a mail has at the start of a
 * line. */
static size_t returned_at(const char *text, size_t len)
{
	static const char *const fields[] = {"Received:", "Return-Path:", "Message-ID:",
		"DKIM-Signature:", "MIME-Version:", "X-Received:"};

	for (size_t i = 0; i < len; i++) {
		if (i > 0 && text[i - 1] != '\n')
			continue;
		for (size_t f = 0; f < sizeof(fields) / sizeof(fields[0]); f++)
			if (len - i > strlen(fields[f]) &&
				strncasecmp(text + i, fields[f], strlen(fields[f])) == 0)
				return i;
	}
	return len;
}

/* Text, lower case, white space as one space, behind what is there. */
static void put_words(struct buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!isspace((unsigned char)text[i]))
			buf_byte(out, (char)tolower((unsigned char)text[i]));
		else if (out->len > 0 && out->data[out->len - 1] != ' ')
			buf_byte(out, ' ');
	}
	buf_byte(out, '\n');
}

static void put_subject(struct buf *out, const struct headers *headers)
{
	char *raw = headers_value(headers, "Subject");
	char *subject = NULL;

	if (raw != NULL) {
		raw[strnlen(raw, SUBJECT_LOOKED_AT)] = '\0';
		subject = mail_decode_header(raw);
	}
	if (subject != NULL)
		put_words(out, subject, strlen(subject));
	free(raw);
	free(subject);
}

/* The line that gives the reason: the first with a reply that refuses, else the first that says
 * something. */
static void take_reason(const char *text, size_t len, char reason_r[DSN_VALUE_SIZE])
{
	*reason_r = '\0';
	for (size_t start = 0; start < len;) {
		const char *newline = memchr(text + start, '\n', len - start);
		size_t end = newline == NULL ? len : (size_t)(newline - text);
		char line[DSN_VALUE_SIZE] = "";

		dsn_put(line, sizeof(line), text + start, end - start);
		dsn_trim(line);
		if (has_refusal(line) || (*reason_r == '\0' && has_any(line, failures)))
			strcpy(reason_r, line);
		if (has_refusal(line))
			return;
		start = end + 1;
	}
}

static bool has_word(const struct headers *headers, const char *name, const char *word)
{
	char *value = headers_value(headers, name);
	bool found = value != NULL && strcasestr(value, word) != NULL;

	free(value);
	return found;
}

/* Is it a program's, by what it says of itself? */
static bool is_automatic(const struct headers *headers)
{
	static const char *const answers[] = {"X-Autoreply", "X-Autorespond", "X-Auto-Reply",
		"X-Auto-Response", "X-MS-Exchange-Inbox-Rules-Loop"};

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (headers_count(headers, answers[i]) > 0)
			return true;
	return has_word(headers, "Auto-Submitted", "auto-") ||
	       has_word(headers, "Precedence", "auto_reply");
}

static bool is_of_mail_system(const struct headers *headers)
{
	return headers_count(headers, "X-Failed-Recipients") > 0 ||
	       has_word(headers, "From", "mailer-daemon") ||
	       has_word(headers, "From", "postmaster") ||
	       has_word(headers, "From", "mail delivery") ||
	       has_word(headers, "From", "MicrosoftExchange");
}

bool bounce_possible(const struct headers *headers)
{
	if (has_word(headers, "Content-Type", "disposition-notification") ||
		has_word(headers, "Content-Type", "feedback-report"))
		return false;
	/* Some mail systems call their bounces an answer; and Exchange calls people's answers
	 * generated. */
	return has_word(headers, "Content-Type", "delivery-status") || !is_automatic(headers) ||
	       is_of_mail_system(headers);
}

bool bounce_read(const struct headers *headers, const char *text, size_t len,
	struct dsn_recipient *recipient_r)
{
	struct buf words;
	bool delayed, failed;

	*recipient_r = (struct dsn_recipient){0};
	len = returned_at(text, len < TEXT_LOOKED_AT ? len : TEXT_LOOKED_AT);
	buf_init(&words, 65536 + TEXT_LOOKED_AT);
	put_subject(&words, headers);
	put_words(&words, text, len);
	delayed = has_any(words.data, delays);
	failed = has_refusal(words.data) || headers_count(headers, "X-Failed-Recipients") > 0 ||
		 (has_any(words.data, failures) && !has_any(words.data, successes));
	buf_free(&words);
	if (!delayed && !failed)
		return false;
	recipient_r->delivery = delayed ? "delayed" : "failed";
	dsn_find_status(text, len, recipient_r->status);
	if (*recipient_r->status == '2' || (!delayed && *recipient_r->status == '4'))
		*recipient_r->status = '\0';
	take_reason(text, len, recipient_r->text);
	return true;
}
