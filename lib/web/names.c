/*
 * The tables, in the order of the manual.
 */
#include "web/names.h"

#include <stddef.h>

const struct template_name page_names[] = {
	{"brand", "who invites: brand_name"},
	{"application", "the application's name: application_name"},
	{"support", "whom to ask, as people read it: support_address"},
	{"support_uri", "the same as a link"},
	{"valid_until", "the last day of the invitation, put together by the word date"},
	{"day", "its day"},
	{"month", "its month, a word of the catalog"},
	{"year", "its year"},
	{"base", "path of wizard_url, to put before /static/"},
	{"logo", "not empty when there is one, under /static/logo"},
	{"language", "the page's language, as the catalog's file is called"},
	{"page", "path of the invitation's page"},
	{"status", "status of the invitation, as postinvite -q shows it"},
	{"revision", "number of changes of the invitation"},
	{"step", "number of the step, of four; empty where counting makes no sense"},
	{"heading", "what the page is about"},
	{"text", "what happened or what to do"},
	{"notice", "what went wrong last, or empty"},
	{"notice_language", "en when the notice is there in English only, else empty"},
	{"codes", "Microsoft's codes for what went wrong, or empty"},
	{"other_account", "in refusal_wrong_account: the account that signed in"},
	{"message", "heading and notice in one line, for the script"},
	{"next", "what comes next, or whom to ask"},
	{"live", "not empty when the page can change while it is open"},
	{"welcome", "not empty on the Welcome page"},
	{"customer", "who is invited"},
	{"permissions", "list of what is asked for"},
	{"permission", "in it: a permission, as Microsoft calls it"},
	{"why", "in it: what it is for"},
	{"account", "mailbox of the account that has to sign in, or empty"},
	{"organisation", "domain of the organisation whose account has to sign in"},
	{"button", "words of the button, or empty"},
	{"action", "where its form goes, behind the page's path"},
	{"csrf", "mark that the form has to carry"},
	{"user_code", "the code to be entered at Microsoft, or empty"},
	{"code_groups", "list of its parts, or empty"},
	{"part", "in it: a part"},
	{"code_spelled", "the code with spaces between its letters"},
	{"verification_uri", "Microsoft's page for the code"},
	{"seconds", "how long the code is still good"},
	{"minutes", "the same in minutes"},
	{0},
};

const struct template_name mail_names[] = {
	{"brand", "who invites: brand_name"},
	{"application", "the application's name: application_name"},
	{"support", "whom to ask, as people read it: support_address"},
	{"support_uri", "the same as a link"},
	{"valid_until", "the last day of the invitation, put together by the word date"},
	{"day", "its day"},
	{"month", "its month, a word of the catalog"},
	{"year", "its year"},
	{"brand_color", "the accent colour, such as #0b57a4"},
	{"language", "the mail's language, as the catalog's file is called"},
	{"customer", "who is invited"},
	{"account", "mailbox of the account that has to sign in, or empty"},
	{"link", "the invitation's link"},
	{0},
};

const struct template_name *const all_names[] = {page_names, mail_names, NULL};
