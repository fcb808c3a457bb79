/*
 * A signed mail's own Content- fields go into what is signed, and the message gets one
 * Content-Type in their place. Of several fields of a name the last is changed first, which
 * leaves the others their index.
 */
#include "outgoing.h"

#include "mail/broken_dkim.h"
#include "mail/seven_bit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CONTENT_PREFIX "Content-"
#define CONTENT_TYPE   "Content-Type"
#define ENCODING       "Content-Transfer-Encoding"
#define CHANGING_MAX   200
#define ENTITY_MAX     ((size_t)INT32_MAX / 2)

static bool is_content(const struct header_field *field)
{
	return field->name_len >= strlen(CONTENT_PREFIX) &&
	       strncasecmp(field->line, CONTENT_PREFIX, strlen(CONTENT_PREFIX)) == 0;
}

/* Is it a field that describes the new body as well as the old one? */
static bool still_true(const struct header_field *field, const struct rewritten *rewritten)
{
	for (const char *const *name = mail_stale_fields; *name != NULL; name++)
		if (header_named(field, *name))
			return false;
	return !rewritten->quoted_printable || !header_named(field, ENCODING);
}

static void put_entity(
	const struct headers *headers, const struct rewritten *rewritten, struct buf *entity)
{
	struct header_field field;
	size_t offset = 0;

	while (headers_next(headers, &offset, &field)) {
		if (!is_content(&field) || !still_true(&field, rewritten))
			continue;
		buf_append(entity, field.line, field.line_len);
		buf_append(entity, "\r\n", 2);
	}
	if (rewritten->quoted_printable)
		buf_string(entity, ENCODING ": quoted-printable\r\n");
	buf_append(entity, "\r\n", 2);
	buf_append(entity, rewritten->body, rewritten->body_len);
}

static int sign(const struct session *session, struct outgoing *outgoing, struct error *error)
{
	const struct smime_signer *signer = session_config(session)->signer;

	if (signer == NULL)
		return 0;
	put_entity(&session->headers, &outgoing->rewritten, &outgoing->entity);
	free(outgoing->rewritten.body);
	outgoing->rewritten.body = NULL;
	if (outgoing->entity.failed)
		return error_set(
			error, ERROR_TEMPORARY, "out of memory for a mail to be signed");
	if (seven_bit(&outgoing->entity, error) < 0)
		return -1;
	return smime_sign(signer, &outgoing->entity, &outgoing->signature, error);
}

/* Fields that may have to go: for each Postfix looks through all of them. */
static size_t count_changing(const struct headers *headers)
{
	struct header_field field;
	size_t offset = 0, count = 0;

	while (headers_next(headers, &offset, &field))
		count += is_content(&field) || header_named(&field, DKIM_SIGNATURE);
	return count;
}

int outgoing_possible(const struct session *session, struct error *error)
{
	if (count_changing(&session->headers) > CHANGING_MAX)
		return error_set(error, ERROR_PERMANENT,
			"it has more than %d Content- and DKIM-Signature fields", CHANGING_MAX);
	if (session_config(session)->signer == NULL)
		return 0;
	return seven_bit_possible(&session->message, error);
}

int outgoing_make(const struct session *session, struct rewritten *rewritten,
	struct outgoing *outgoing_r, struct error *error)
{
	*outgoing_r = (struct outgoing){.rewritten = *rewritten};
	*rewritten = (struct rewritten){0};
	buf_init(&outgoing_r->entity, ENTITY_MAX);
	return sign(session, outgoing_r, error);
}

void outgoing_free(struct outgoing *outgoing)
{
	free(outgoing->rewritten.body);
	buf_free(&outgoing->entity);
	smime_signature_free(&outgoing->signature);
	*outgoing = (struct outgoing){0};
}

static int change_header(SMFICTX *ctx, const char *name, size_t index, const char *value)
{
	return smfi_chgheader(
		ctx, (char *)(uintptr_t)name, (int)index, (char *)(uintptr_t)value);
}

static int drop_all(SMFICTX *ctx, const struct headers *headers, const char *name, size_t but)
{
	int result = MI_SUCCESS;

	for (size_t n = headers_count(headers, name); n > but; n--)
		result |= change_header(ctx, name, n, NULL);
	return result;
}

static int set_only(
	SMFICTX *ctx, const struct headers *headers, const char *name, const char *value)
{
	return drop_all(ctx, headers, name, 1) | change_header(ctx, name, 1, value);
}

/* All Content- fields but the type go: each name once, at its first field. */
static int drop_content(SMFICTX *ctx, const struct headers *headers)
{
	struct header_field field, earlier;
	int result = MI_SUCCESS;

	for (size_t offset = 0; headers_next(headers, &offset, &field);) {
		char *name = is_content(&field) ? strndup(field.line, field.name_len) : NULL;
		size_t before = 0;

		if (name == NULL)
			continue;
		while (headers_next(headers, &before, &earlier) && earlier.line < field.line &&
			!header_named(&earlier, name))
			continue;
		if (earlier.line == field.line && !header_named(&field, CONTENT_TYPE))
			result |= drop_all(ctx, headers, name, 0);
		free(name);
	}
	return result;
}

static int change_content(
	SMFICTX *ctx, const struct headers *headers, const struct outgoing *outgoing)
{
	const char *type = outgoing->signature.content_type;
	int result = MI_SUCCESS;

	for (const char *const *name = mail_stale_fields; *name != NULL; name++)
		if (type == NULL ||
			strncasecmp(*name, CONTENT_PREFIX, strlen(CONTENT_PREFIX)) != 0)
			result |= drop_all(ctx, headers, *name, 0);
	if (type == NULL && !outgoing->rewritten.quoted_printable)
		return result;
	if (headers_count(headers, "MIME-Version") == 0)
		result |= change_header(ctx, "MIME-Version", 1, " 1.0");
	if (type == NULL)
		return result | set_only(ctx, headers, ENCODING, " quoted-printable");
	return result | drop_content(ctx, headers) | set_only(ctx, headers, CONTENT_TYPE, type);
}

/* Signatures of the From: domain, from the last to the first. */
static int drop_broken_signatures(SMFICTX *ctx, const struct headers *headers)
{
	int result = MI_SUCCESS;

	for (size_t n = headers_count(headers, DKIM_SIGNATURE); n > 0; n--)
		if (broken_dkim(headers, n))
			result |= change_header(ctx, DKIM_SIGNATURE, n, NULL);
	return result;
}

static int put_body(SMFICTX *ctx, const char *bytes, size_t len)
{
	return smfi_replacebody(ctx, (unsigned char *)(uintptr_t)bytes, (int)len);
}

/* One run of chunks without anything between. */
static int replace_body(SMFICTX *ctx, const struct outgoing *outgoing)
{
	const struct smime_signature *signature = &outgoing->signature;
	int result;

	if (signature->content_type == NULL)
		return put_body(ctx, outgoing->rewritten.body, outgoing->rewritten.body_len);
	result = put_body(ctx, signature->before, strlen(signature->before));
	if (result == MI_SUCCESS)
		result = put_body(ctx, outgoing->entity.data, outgoing->entity.len);
	if (result == MI_SUCCESS)
		result = put_body(ctx, signature->behind, strlen(signature->behind));
	return result;
}

int outgoing_tell(SMFICTX *ctx, const struct session *session, const struct outgoing *outgoing,
	const struct outgoing_envelope *envelope, struct error *error)
{
	char sender[ADDRESS_SIZE + 2], arguments[128];
	int result;

	snprintf(sender, sizeof(sender), "<%s>", envelope->sender);
	snprintf(arguments, sizeof(arguments), "ENVID=%s%s", envelope->id, session->sender_ret);
	result = smfi_chgfrom(ctx, sender, arguments);
	if (result == MI_SUCCESS && session_settings(session)->strip_broken_dkim == YES)
		result = drop_broken_signatures(ctx, &session->headers);
	if (result == MI_SUCCESS)
		result = change_content(ctx, &session->headers, outgoing);
	if (result == MI_SUCCESS)
		result = replace_body(ctx, outgoing);
	if (result != MI_SUCCESS)
		return error_set(error, ERROR_TEMPORARY, "Postfix did not take the changes");
	return 0;
}
