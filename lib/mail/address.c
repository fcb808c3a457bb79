/*
 * Postfix keeps addresses in a form of its own; what it would take for the same mailbox has to be
 * the same here, or a sender or a consent address could be spelled past us.
 */
#include "mail/address.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

bool address_listed(string_list list, const char *address)
{
	const char *at = strrchr(address, '@');

	for (; *list != NULL; list++)
		if (strcasecmp(*list, **list == '@' && at != NULL ? at : address) == 0)
			return true;
	return false;
}

/* Of a local part in quotes that ends at `end`: does it need them (RFC 5321 section 4.1.2)? */
static bool needs_quotes(const char *quoted, const char *end)
{
	static const char needy[] = " \t\"\\()<>[]:;@,";
	const char *inner = quoted + 1, *last = end - 2;

	if (last < inner || end[-1] != '"' || inner + strcspn(inner, needy) != end - 1)
		return true;
	for (const char *dot = inner; (dot = strchr(dot, '.')) != NULL && dot < end; dot++)
		if (dot == inner || dot == last || dot[1] == '.')
			return true;
	return false;
}

/* What Postfix leaves out of an address that it reads: a route, quotes that nothing between them
 * needs, a dot at the end. */
static void simplify(char *address)
{
	char *start = *address == '@' ? strchr(address, ':') : NULL;
	char *at;

	if (start != NULL)
		memmove(address, start + 1, strlen(start));
	at = strrchr(address, '@');
	if (at == NULL || at == address)
		return;
	if (at[strlen(at) - 1] == '.')
		at[strlen(at) - 1] = '\0';
	if (*address != '"' || needs_quotes(address, at))
		return;
	memmove(at - 1, at, strlen(at) + 1);
	memmove(address, address + 1, strlen(address));
}

bool envelope_address(const char *argument, char *address_r, size_t size)
{
	size_t len = strlen(argument);

	if (len >= 2 && argument[0] == '<' && argument[len - 1] == '>') {
		argument++;
		len -= 2;
	}
	if (len >= size)
		return false;
	memcpy(address_r, argument, len);
	address_r[len] = '\0';
	simplify(address_r);
	return true;
}

/* "[192.0.2.1]", "[IPv6:2001:db8::1]" */
static bool literal_valid(const char *literal, size_t len)
{
	if (len <= 3 || len > 255 || literal[len - 1] != ']')
		return false;
	for (const char *c = literal + 1; c < literal + len - 1; c++)
		if (!isalnum((unsigned char)*c) && strchr(":.-", *c) == NULL)
			return false;
	return true;
}

static bool domain_valid(const char *domain)
{
	size_t len = strlen(domain);

	if (domain[0] == '[')
		return literal_valid(domain, len);
	if (len == 0 || len > 255 || domain[0] == '.' || domain[len - 1] == '.')
		return false;
	for (const char *c = domain; *c != '\0'; c++)
		if (!(isalnum((unsigned char)*c) || (unsigned char)*c >= 0x80 || *c == '-' ||
			    (*c == '.' && c[1] != '.')))
			return false;
	return true;
}

bool mailbox_valid(const char *address)
{
	const char *at = strrchr(address, '@');

	if (at == NULL || at == address || at - address > 64 || !domain_valid(at + 1))
		return false;
	for (const char *c = address; c < at; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f ||
			strchr("<>(),;:\\\"[]@", *c) != NULL)
			return false;
	return true;
}
