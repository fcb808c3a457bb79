/*
 * Any message: both edits leave it faithful (tests/unit/support_faithful.h), and one without
 * links of ours, or without a text to append to, as it is. One with Comments has another
 * placeholder, which looks like a tag and has a blank.
 */
#include "../unit/support_faithful.h"
#include "mail_input.h"

static struct pattern *pattern;
static const struct link_rules rules[] = {
	{"{{L}}", "https://p.example/a", "", "https://i.example/i/"},
	{"<<My L>>", "https://p.example/a", "", "https://i.example/i/"}};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct error error;

	mail_init();
	pattern = pattern_new("of ([^,]+),", &error);
	return argc == NULL || argv == NULL || pattern == NULL;
}

static void edit(const struct mail *mail, struct faithful input, bool same)
{
	struct rewritten out;
	struct error error;

	if (mail_rewrite(mail, input.edit, input.link, &out, &error) < 0)
		abort();
	input.out = &out;
	if (same && (out.body_len != input.len - input.body_start ||
			    memcmp(out.body, input.in + input.body_start, out.body_len) != 0))
		abort();
	if (unfaithful(&input) != NULL)
		abort();
	free(out.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct faithful input = {.link = "https://i.example/i/AQ"};
	struct mail_findings findings;
	struct headers headers;
	struct buf message;
	struct error error;
	struct mail *mail;

	input.body_start = input_message(data, size, &headers, &message);
	input.in = message.data;
	input.len = message.len;
	input.rules = &rules[headers_count(&headers, "Comments") > 0];
	mail = mail_parse(input.in, input.len, input.body_start, input.rules, &error);
	if (mail != NULL) {
		mail_findings(mail, &findings);
		edit(mail, input, findings.links == 0);
		input.edit = MAIL_APPEND_LINK;
		edit(mail, input, !findings.has_text);
		free(mail_customer_id(mail, pattern, "x"));
	}
	mail_free(&mail);
	headers_free(&headers);
	buf_free(&message);
	return 0;
}
