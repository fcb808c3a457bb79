/*
 * tokend says why in English, with Microsoft's codes in brackets behind the record's code: "...
 * (invalid_grant, AADSTS50173)". The AADSTS number says more than the code, so its word is
 * looked for first.
 */
#include "fault.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

void fault_word(const char *word, struct fault *fault_r)
{
	memset(fault_r, 0, sizeof(*fault_r));
	snprintf(fault_r->word, sizeof(fault_r->word), "%s", word);
}

bool fault_said(const struct fault *fault)
{
	return fault->word[0] != '\0' || fault->text[0] != '\0';
}

/* Errors begin small, since they stand behind a colon as a rule. */
static void put_sentence(const char *text, struct fault *fault)
{
	bool address = memchr(text, '@', strcspn(text, " ")) != NULL;
	size_t len;

	snprintf(fault->text, sizeof(fault->text) - 1, "%s", text);
	len = strlen(fault->text);
	if (!address)
		fault->text[0] = (char)toupper((unsigned char)fault->text[0]);
	if (strchr(".!?", fault->text[len - 1]) == NULL)
		strcpy(fault->text + len, ".");
}

/* What the catalog has under refusal_NAME, if that is not empty. */
static bool find_word(
	const struct catalog *catalog, const char *name, size_t len, struct fault *fault)
{
	const char *text;

	snprintf(fault->word, sizeof(fault->word), WORDS_OPTIONAL "%.*s", (int)len, name);
	for (char *p = fault->word; *p != '\0'; p++)
		*p = isalnum((unsigned char)*p) ? (char)tolower((unsigned char)*p) : '_';
	text = catalog_text(catalog, fault->word);
	if (text != NULL && text[0] != '\0')
		return true;
	fault->word[0] = '\0';
	return false;
}

/* The codes in brackets: those that begin with the code, or hold a number of Microsoft's where
 * the code is a name of ours. */
static void find_codes(const char *code, const char *text, struct fault *fault)
{
	while ((text = strchr(text, '(')) != NULL) {
		size_t len = strcspn(++text, ")");

		snprintf(fault->codes, sizeof(fault->codes), "%.*s", (int)len, text);
		if (strncmp(text, code, strlen(code)) == 0 ||
			strstr(fault->codes, ", AADSTS") != NULL)
			return;
		fault->codes[0] = '\0';
	}
}

void fault_refusal(const struct catalog *catalog, const char *code, const char *text,
	struct fault *fault_r)
{
	const char *number;

	memset(fault_r, 0, sizeof(*fault_r));
	if (text == NULL || text[0] == '\0')
		return;
	if (code == NULL) {
		put_sentence(text, fault_r);
		return;
	}
	find_codes(code, text, fault_r);
	number = strstr(fault_r->codes, "AADSTS");
	if ((number == NULL || !find_word(catalog, number, strcspn(number, ",)"), fault_r)) &&
		!find_word(catalog, code, strlen(code), fault_r)) {
		fault_r->codes[0] = '\0';
		put_sentence(text, fault_r);
	} else if (strcmp(code, "wrong_account") == 0) {
		snprintf(fault_r->other_account, sizeof(fault_r->other_account), "%.*s",
			(int)strcspn(text, " "), text);
	}
}
