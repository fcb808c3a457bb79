#include "mail.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

struct kind {
	const char *name, *subject, *preheader, *heading, *lead, *status, *reason;
	bool reviewer;
};

/* "$" is the application. Only the approval and the review are known from samples. */
static const struct kind kinds[] = {
	{"approved", "Request for access to $ approved", "Access request approved.",
		"$ access request approved",
		"Your request has been approved. Details of your request are below.",
		"approved", "Admin consent granted.", false},
	{"denied", "Request for access to $ denied", "Access request denied.",
		"$ access request denied",
		"Your request has been denied. Details of your request are below.", "denied",
		"Admin consent denied.", false},
	{"blocked", "Request for access to $ denied", "Access request denied.",
		"$ access request denied",
		"Your request has been denied. Details of your request are below.", "blocked",
		"The application has been blocked.", false},
	{"expired", "Request for access to $ expired", "Access request expired.",
		"$ access request expired",
		"Your request has expired. Details of your request are below.", "expired",
		"The request was not reviewed in time.", false},
	{"submitted", "Request for access to $ submitted", "Access request submitted.",
		"$ access request submitted",
		"Your request has been sent to your admin. Details of your request are below.",
		"pending review", NULL, false},
	{"review", "Please review the admin consent request for $",
		"An admin consent request awaits your review.",
		"Review the admin consent request for $",
		"A user in your organization requests access to an application.",
		"pending review", NULL, true},
	{"reminder", "Reminder: Please review the admin consent request for $",
		"An admin consent request still awaits your review.",
		"Review the admin consent request for $",
		"A user in your organization requests access to an application.",
		"pending review", NULL, true},
};

static const struct kind *kind_find(const char *name)
{
	for (size_t i = 0; name && i < sizeof kinds / sizeof *kinds; i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	return NULL;
}

static char *filled(const char *text, const char *app)
{
	struct buf out = {0};

	for (; *text; text++) {
		if (*text == '$')
			buf_puts(&out, app);
		else
			buf_add(&out, text, 1);
	}
	return out.data;
}

static struct tm day_of(int64_t offset)
{
	time_t when = (time_t)(now_ms() / 1000 + offset);
	struct tm tm;

	gmtime_r(&when, &tm);
	return tm;
}

/* One row of the details; as HTML or as a text line. */
static void row(struct buf *out, bool html, const char *name, const char *value)
{
	if (!value)
		return;
	buf_puts(out, html ? "<tr><td style=\"padding:4px 12px 4px 0\">" : "");
	buf_puts(out, name);
	buf_puts(out, html ? ":</td><td><strong>" : ": ");
	if (html)
		buf_html(out, value);
	else
		buf_puts(out, value);
	buf_puts(out, html ? "</strong></td></tr>\r\n" : "\r\n");
}

static void rows(struct buf *out, bool html, const struct mail *mail, const struct kind *kind)
{
	struct tm tm = day_of(mail->date_offset);
	char day[64];

	strftime(day, sizeof day, "%B %-d, %Y", &tm);
	row(out, html, "Requested app", mail->app);
	if (kind->reviewer)
		row(out, html, "Requested by", mail->requester);
	if (kind->reviewer && mail->justification && *mail->justification)
		row(out, html, "Justification", mail->justification);
	row(out, html, "Status", kind->status);
	row(out, html, "Reason", kind->reason);
	row(out, html, kind->reason ? "Review date" : "Request date", day);
}

static char *text_body(const struct mail *mail, const struct kind *kind)
{
	struct buf out = {0};
	char *heading = filled(kind->heading, mail->app);

	buf_printf(&out, "%s\r\n\r\n%s\r\n\r\n", heading, kind->lead);
	rows(&out, false, mail, kind);
	if (kind->reviewer)
		buf_printf(&out, "\r\nReview request: %s/consent-requests\r\n", sim.base_url);
	buf_puts(&out,
		"\r\nPrivacy Statement: https://go.microsoft.com/fwlink/?LinkId=521839\r\n"
		"Microsoft Corporation, One Microsoft Way, Redmond, WA 98052\r\n");
	free(heading);
	return out.data;
}

static char *html_body(const struct mail *mail, const struct kind *kind)
{
	struct buf out = {0};
	char *heading = filled(kind->heading, mail->app);

	buf_puts(&out,
		"<!DOCTYPE html>\r\n<html lang=\"en\"><head><meta http-equiv=\"Content-Type\" "
		"content=\"text/html; charset=utf-8\">\r\n<title></title></head>\r\n<body "
		"style=\"font-family:'Segoe UI',Arial,sans-serif\">\r\n"
		"<div style=\"display:none;max-height:0;overflow:hidden\">");
	buf_html(&out, kind->preheader);
	buf_puts(&out, "</div>\r\n<table role=\"presentation\" width=\"640\"><tr><td>\r\n<h1>");
	buf_html(&out, heading);
	buf_puts(&out, "</h1>\r\n<p>");
	buf_html(&out, kind->lead);
	buf_puts(&out, "</p>\r\n<table role=\"presentation\">\r\n");
	rows(&out, true, mail, kind);
	buf_puts(&out, "</table>\r\n");
	if (kind->reviewer)
		buf_printf(&out,
			"<p><a href=\"%s/consent-requests\">Review request</a></p>\r\n",
			sim.base_url);
	buf_puts(&out,
		"<p><a href=\"https://go.microsoft.com/fwlink/?LinkId=521839\">Privacy "
		"Statement</a><br>\r\nMicrosoft Corporation, One Microsoft Way, Redmond, WA "
		"98052</p>\r\n</td></tr></table></body></html>\r\n");
	free(heading);
	return out.data;
}

char *mail_qp(const char *text)
{
	struct buf out = {0};
	size_t column = 0;

	buf_add(&out, "", 0);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		bool line_end = text[1] == '\r' || text[1] == '\0';
		bool plain = (c >= 33 && c <= 126 && c != '=') ||
			     ((c == ' ' || c == '\t') && !line_end);

		if (c == '\r' || c == '\n') {
			buf_add(&out, text, 1);
			column = 0;
			continue;
		}
		if (column + (plain ? 1 : 3) > 75) {
			buf_puts(&out, "=\r\n");
			column = 0;
		}
		if (plain)
			buf_add(&out, text, 1);
		else
			buf_printf(&out, "=%02X", c);
		column += plain ? 1 : 3;
	}
	return out.data;
}

char *mail_base64_lines(const char *text)
{
	char *all = base64(text, strlen(text));
	struct buf out = {0};

	for (size_t i = 0, len = strlen(all); i < len; i += 76)
		buf_printf(&out, "%.76s\r\n", all + i);
	free(all);
	return out.data ? out.data : xstrdup("");
}

static void part(struct buf *out, const char *type, const char *encoding, const char *text)
{
	char *coded;

	if (type)
		buf_printf(out,
			"Content-Type: %s; charset=utf-8\r\n"
			"Content-Transfer-Encoding: %s\r\n\r\n",
			type, encoding);
	if (!strcmp(encoding, "base64"))
		coded = mail_base64_lines(text);
	else if (!strcmp(encoding, "quoted-printable"))
		coded = mail_qp(text);
	else
		coded = xstrdup(text);
	buf_puts(out, coded);
	free(coded);
}

/* RFC 2047 where it must be. */
static char *header_text(const char *text)
{
	char *coded, *out;

	for (const char *p = text; *p; p++) {
		if ((unsigned char)*p < 128)
			continue;
		coded = base64(text, strlen(text));
		out = xformat("=?utf-8?B?%s?=", coded);
		free(coded);
		return out;
	}
	return xstrdup(text);
}

static void add_taken(struct args *headers, const char *name, char *value)
{
	args_add(headers, name, value);
	free(value);
}

static void add_headers(struct args *headers, const struct mail *mail, const struct kind *kind)
{
	struct tm tm = day_of(mail->date_offset);
	char date[64], guid[37];
	char *subject =
		mail->subject ? xstrdup(mail->subject) : filled(kind->subject, mail->app);

	strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", &tm);
	random_guid(guid);
	if (mail->dkim && !strcmp(mail->dkim, "doubled_subject")) {
		/* Shown is the upper one, signed the lower: an innocent mail, dressed up. */
		add_taken(headers, "Subject", header_text(subject));
		free(subject);
		subject = xstrdup("Azure Monitor alert was activated");
	}
	add_taken(headers, "From",
		xformat("%s <%s>", mail->from_name ? mail->from_name : "Microsoft Security",
			mail->from ? mail->from : "MSSecurity-noreply@microsoft.com"));
	add_taken(headers, "Subject", header_text(subject));
	args_add(headers, "Date", date);
	add_taken(headers, "Message-ID",
		mail->message_id ? xformat("<%s>", mail->message_id)
				 : xformat("<%s@az.westeurope.microsoft.com>", guid));
	args_add(headers, "To", mail->to ? mail->to : "");
	args_add(headers, "MIME-Version", "1.0");
	free(subject);
}

static char *make_body(struct args *headers, const struct mail *mail, const struct kind *kind,
	bool alternative, const char *encoding)
{
	char *html = mail->html ? xstrdup(mail->html) : html_body(mail, kind);
	char *text = mail->text ? xstrdup(mail->text) : text_body(mail, kind);
	char *boundary = random_text(24, "0123456789abcdef");
	struct buf body = {0};

	if (alternative) {
		add_taken(headers, "Content-Type",
			xformat("multipart/alternative;\r\n boundary=\"--=_%s\"", boundary));
		buf_printf(&body, "----=_%s\r\n", boundary);
		part(&body, "text/plain", encoding, text);
		buf_printf(&body, "\r\n----=_%s\r\n", boundary);
		part(&body, "text/html", encoding, html);
		buf_printf(&body, "\r\n----=_%s--\r\n", boundary);
	} else {
		args_add(headers, "Content-Type", "text/html; charset=utf-8");
		args_add(headers, "Content-Transfer-Encoding", encoding);
		part(&body, NULL, encoding, html);
	}
	free(html);
	free(text);
	free(boundary);
	return body.data;
}

/* What happens to a message after it was signed. */
static void spoil(struct buf *message, const char *how)
{
	if (!how)
		return;
	if (!strcmp(how, "broken"))
		buf_puts(message, "changed on the way\r\n");
	else if (!strcmp(how, "l_tag"))
		buf_puts(message, "\r\nThis text was appended after signing.\r\n");
}

char *mail_compose(const struct mail *mail)
{
	const char *format = mail->format ? mail->format : sim.set.mail_format;
	const char *encoding = mail->encoding ? mail->encoding : sim.set.mail_encoding;
	const struct kind *kind = kind_find(mail->kind);
	struct args headers = {0};
	struct buf message = {0};
	char *body, *signature;

	if (!kind || !mail->app)
		return NULL;
	add_headers(&headers, mail, kind);
	body = make_body(&headers, mail, kind, !strcmp(format, "alternative"), encoding);
	signature = dkim_sign(&headers, body, mail->dkim);
	buf_puts(&message, signature);
	if (mail->headers) {
		json_object_object_foreach(mail->headers, name, value)
			buf_printf(&message, "%s: %s\r\n", name, json_object_get_string(value));
	}
	for (size_t i = 0; i < headers.n; i++)
		buf_printf(&message, "%s: %s\r\n", headers.v[i].name, headers.v[i].value);
	buf_printf(&message, "\r\n%s", body);
	spoil(&message, mail->dkim);
	args_free(&headers);
	free(body);
	free(signature);
	return message.data;
}
