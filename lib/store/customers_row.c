/*
 * A record's words become columns: words are unquoted in place, and what they say is checked.
 */
#include "store/customers_row.h"

#include "base/utf8.h"

#include <string.h>

static int bad(struct error *fault, const char *what)
{
	return error_set(fault, ERROR_PERMANENT, "%s", what);
}

static int check_text(const char *text, size_t len, struct error *fault)
{
	if (!utf8_valid(text, len))
		return bad(fault, "is not UTF-8 text");
	if (utf8_control(text, len, "\t\n\v\f\r") != NULL)
		return bad(fault, "holds a control character");
	return 0;
}

/* Takes the next word, unquoted in place, and moves *next behind it. Returns 1,
 * 0 at the end, -1 with the fault. */
static int next_word(char **next, char **word_r, struct error *fault)
{
	char *in = *next, *out;
	bool quoted = false;

	while (customers_blank(*in))
		in++;
	if (*in == '\0')
		return 0;
	*word_r = in;
	while (*in != '\0' && *in != '"' && !customers_blank(*in))
		in++;
	for (out = in; *in != '\0' && (quoted || !customers_blank(*in)); in++) {
		if (*in == '"') {
			quoted = !quoted;
			continue;
		}
		if (quoted && *in == '\\' && in[1] != '\0')
			in++;
		*out++ = *in;
	}
	if (quoted)
		return bad(fault, "a \" is not closed");
	*next = in + (*in != '\0');
	*out = '\0';
	return 1;
}

bool customers_is_mailbox(const char *text)
{
	size_t len = strlen(text);
	const char *at = memchr(text, '@', len);

	return at != NULL && at != text && text[len - 1] != '@' &&
	       strcspn(text, " \t\r\n\v\f,<>\"") == len;
}

static bool is_tenant(const char *text)
{
	for (; *text != '\0'; text++)
		if (!(*text >= 'a' && *text <= 'z') && !(*text >= '0' && *text <= '9') &&
			!(*text >= 'A' && *text <= 'Z') && *text != '.' && *text != '-')
			return false;
	return true;
}

static const struct {
	const char *name;
	enum customers_column column;
} names[] = {
	{"full_name", CUSTOMERS_FULL_NAME},
	{"tenant", CUSTOMERS_TENANT},
	{"m365_admin_email", CUSTOMERS_M365_ADMIN_EMAIL},
};

static int named_value(struct customers_row *row, char *word, struct error *fault)
{
	char *equals = strchr(word, '=');

	if (equals == NULL)
		return error_set(fault, ERROR_PERMANENT,
			"\"%.60s\" is not of the form name=value (quote values with spaces)",
			word);
	*equals = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i].name, word) != 0)
			continue;
		if (row->columns[names[i].column] != NULL)
			return error_set(fault, ERROR_PERMANENT, "%s is given twice", word);
		row->columns[names[i].column] = equals + 1;
		return 0;
	}
	return error_set(fault, ERROR_PERMANENT,
		"unknown name \"%.60s\" (known: full_name, tenant, m365_admin_email)", word);
}

/* Bytes of each column. Ids and what is looked up by are parts of the store's keys, which are
 * bounded. */
static const size_t column_max[CUSTOMERS_COLUMNS] = {
	[CUSTOMERS_ID] = 256,
	[CUSTOMERS_MAILBOX] = 320,
	[CUSTOMERS_FULL_NAME] = CUSTOMERS_VALUE_MAX,
	[CUSTOMERS_TENANT] = 255,
	[CUSTOMERS_M365_ADMIN_EMAIL] = 320,
};

/* What must hold of the columns, once all are there. */
static int check_row(const struct customers_row *row, struct error *fault)
{
	const char *admin = row->columns[CUSTOMERS_M365_ADMIN_EMAIL];

	for (size_t i = 0; i < CUSTOMERS_COLUMNS; i++) {
		if (strlen(row->columns[i]) > column_max[i])
			return error_set(fault, ERROR_PERMANENT,
				"\"%.20s...\" is longer than %zu bytes", row->columns[i],
				column_max[i]);
		if (strpbrk(row->columns[i], "\t\r\v\f") != NULL)
			return bad(fault, "a value has a tab or the like in it");
	}
	if (row->columns[CUSTOMERS_ID][0] == '\0' ||
		strcmp(row->columns[CUSTOMERS_ID], "-") == 0)
		return bad(fault, "a customer id can be neither empty nor \"-\" alone");
	if (!customers_is_mailbox(row->columns[CUSTOMERS_MAILBOX]))
		return error_set(fault, ERROR_PERMANENT,
			"\"%.60s\" is not a mailbox (name@domain)",
			row->columns[CUSTOMERS_MAILBOX]);
	if (admin[0] != '\0' && !customers_is_mailbox(admin))
		return error_set(fault, ERROR_PERMANENT,
			"m365_admin_email: \"%.60s\" is not a mailbox (name@domain)", admin);
	if (!is_tenant(row->columns[CUSTOMERS_TENANT]))
		return error_set(fault, ERROR_PERMANENT,
			"tenant: \"%.60s\" is neither a domain nor an id",
			row->columns[CUSTOMERS_TENANT]);
	return 0;
}

int customers_row_parse(struct buf *record, struct customers_row *row, struct error *fault)
{
	char *next = record->data, *word;
	int got = 0;

	if (record->failed)
		return error_set(
			fault, ERROR_PERMANENT, "longer than %d bytes", CUSTOMERS_LINE_MAX);
	if (check_text(record->data, record->len, fault) != 0)
		return -1;
	for (size_t i = 0; i < CUSTOMERS_COLUMNS; i++)
		row->columns[i] = NULL;
	for (size_t n = 0; (got = next_word(&next, &word, fault)) > 0; n++) {
		if (n <= CUSTOMERS_MAILBOX)
			row->columns[n] = word;
		else if (named_value(row, word, fault) != 0)
			return -1;
	}
	if (got < 0)
		return -1;
	if (row->columns[CUSTOMERS_MAILBOX] == NULL)
		return bad(fault, "expected format: customer_id mailbox [name=value ...]");
	for (size_t i = 0; i < CUSTOMERS_COLUMNS; i++)
		if (row->columns[i] == NULL)
			row->columns[i] = "";
	return check_row(row, fault);
}
