/*
 * DKIM (RFC 6376), relaxed/relaxed, by hand: a signing library refuses to make the
 * faulty signatures that tests need.
 */
#include "keys.h"
#include "mail.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const signed_names[] = {
	"from", "subject", "date", "message-id", "to", "mime-version", "content-type"};

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Runs of white space become one blank; none is left at the end of a line. */
static void add_relaxed(struct buf *out, const char *text, size_t len)
{
	size_t start = out->len;

	for (size_t i = 0; i < len; i++) {
		if (!blank(text[i]) && text[i] != '\r' && text[i] != '\n')
			buf_add(out, text + i, 1);
		else if (out->len == start || !blank(out->data[out->len - 1]))
			buf_puts(out, " ");
	}
	while (out->len > start && blank(out->data[out->len - 1]))
		out->data[--out->len] = '\0';
}

static void add_header(struct buf *out, const char *name, const char *value)
{
	char *lower = lower_dup(name);

	while (blank(*value))
		value++;
	buf_printf(out, "%s:", lower);
	add_relaxed(out, value, strlen(value));
	free(lower);
}

static struct buf relaxed_body(const char *body)
{
	struct buf out = {0};

	buf_add(&out, "", 0);
	while (*body) {
		size_t span = strcspn(body, "\r\n");

		add_relaxed(&out, body, span);
		buf_puts(&out, "\r\n");
		body += span;
		body += body[0] == '\r' && body[1] == '\n' ? 2 : *body != '\0';
	}
	while (out.len >= 4 && !memcmp(out.data + out.len - 4, "\r\n\r\n", 4))
		out.data[out.len -= 2] = '\0';
	if (out.len == 2)
		out.data[out.len = 0] = '\0';
	return out;
}

/* Signers take the lowest header of a name first. */
static const char *lowest(const struct args *headers, const char *name)
{
	for (size_t i = headers->n; i-- > 0;)
		if (!strcasecmp(headers->v[i].name, name))
			return headers->v[i].value;
	return NULL;
}

static char *body_hash(const struct buf *body)
{
	unsigned char digest[32];

	if (!EVP_Digest(body->data, body->len, digest, NULL, EVP_sha256(), NULL))
		abort();
	return base64(digest, sizeof digest);
}

static bool left_out(const char *how, const char *name)
{
	return !strncmp(how, "unsigned_", 9) && !strcasecmp(how + 9, name);
}

/* Adds to names what goes into h=, to data what is hashed. */
static void choose_headers(
	const struct args *headers, const char *how, struct buf *names, struct buf *data)
{
	for (size_t i = 0; i < sizeof signed_names / sizeof *signed_names; i++) {
		const char *value = lowest(headers, signed_names[i]);

		if (!value || left_out(how, signed_names[i]))
			continue;
		buf_printf(names, "%s%s", names->len ? ":" : "", signed_names[i]);
		add_header(data, signed_names[i], value);
		buf_puts(data, "\r\n");
	}
}

static char *signature_of(const char *data)
{
	unsigned char *signature = NULL;
	size_t len = 0;
	struct buf out = {0};
	char *text;

	keys_sign(keys_dkim(), data, &signature, &len);
	text = base64(signature, len);
	for (size_t i = 0, all = strlen(text); i < all; i += 68)
		buf_printf(&out, "%s%.68s", i ? "\r\n\t " : "", text + i);
	free(text);
	free(signature);
	return out.data;
}

char *dkim_sign(const struct args *headers, const char *body, const char *how)
{
	struct buf names = {0}, data = {0}, value = {0}, canonical = relaxed_body(body);
	char *hash = body_hash(&canonical), *b, *line;

	how = how ? how : "good";
	if (!strcmp(how, "none")) {
		line = xstrdup("");
	} else {
		choose_headers(headers, how, &names, &data);
		buf_printf(&value,
			"v=1; a=rsa-sha256; c=relaxed/relaxed; d=%s;\r\n\ts=%s; t=%lld;",
			strcmp(how, "wrong_domain") ? DKIM_DOMAIN : sim.set.dkim_other_domain,
			DKIM_SELECTOR, (long long)(now_ms() / 1000));
		if (!strcmp(how, "l_tag"))
			buf_printf(&value, " l=%zu;", canonical.len);
		buf_printf(&value, "\r\n\th=%s;\r\n\tbh=%s;\r\n\tb=", names.data, hash);
		add_header(&data, "DKIM-Signature", value.data);
		b = signature_of(data.data);
		line = xformat("DKIM-Signature: %s%s\r\n", value.data, b);
		free(b);
	}
	buf_free(&names);
	buf_free(&data);
	buf_free(&value);
	buf_free(&canonical);
	free(hash);
	return line;
}
