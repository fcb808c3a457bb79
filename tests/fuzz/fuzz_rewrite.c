/*
 * Any message: without links of ours, and without a text to append to, the body stays as it is.
 */
#include "mail/rewrite.h"
#include "mail_input.h"

static struct pattern *pattern;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct error error;

	mail_init();
	pattern = pattern_new("of ([^,]+),", &error);
	return argc == NULL || argv == NULL || pattern == NULL;
}

static void edit(const struct mail *mail, enum mail_edit how, const uint8_t *same, size_t len)
{
	struct rewritten out;
	struct error error;

	if (mail_rewrite(mail, how, "https://i.example/i/AQ", &out, &error) < 0)
		return;
	if (same != NULL && (out.body_len != len || memcmp(out.body, same, len) != 0))
		abort();
	free(out.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct link_rules rules = {
		"{{L}}", "https://p.example/a", "", "https://i.example/i/"};
	size_t body = input_body(data, size);
	struct mail_findings findings;
	struct error error;
	struct mail *mail = mail_parse((const char *)data, size, body, &rules, &error);

	if (mail == NULL)
		return 0;
	mail_findings(mail, &findings);
	edit(mail, MAIL_REPLACE_LINKS, findings.links == 0 ? data + body : NULL, size - body);
	edit(mail, MAIL_APPEND_LINK, findings.has_text ? NULL : data + body, size - body);
	free(mail_customer_id(mail, pattern, "x"));
	mail_free(&mail);
	return 0;
}
