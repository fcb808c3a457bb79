/*
 * Converting is iconv's work. The tables are for what no library says: how a charset's bytes can
 * be mistaken for ASCII.
 */
#include "mail/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define ZEROS_LOOKED_FOR 1024

int charset_convert(
	const char *from, const char *to, const char *bytes, size_t len, struct buf *out)
{
	iconv_t converter = iconv_open(to, from);
	char *in = (char *)(uintptr_t)bytes;
	size_t lost = 0;

	if (converter == (iconv_t)-1)
		return -1;
	for (bool flushing = false; !flushing;) {
		char chunk[4096];
		char *to_bytes = chunk;
		size_t room = sizeof(chunk);

		flushing = len == 0;
		lost = iconv(converter, flushing ? NULL : &in, &len, &to_bytes, &room);
		buf_append(out, chunk, sizeof(chunk) - room);
		if (lost != 0 && !(lost == (size_t)-1 && errno == E2BIG))
			break;
		lost = 0;
	}
	iconv_close(converter);
	return lost != 0 || out->failed ? -1 : 0;
}

bool charset_is_ascii_based(const char *charset)
{
	static const char *const others[] = {"utf-16", "utf-32", "ucs-", "utf-7",
		"iso-10646-ucs", "iso-2022", "csiso2022", "hz-gb-2312", "unicode", "ibm037",
		"cp037", "ibm1140"};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strncasecmp(charset, others[i], strlen(others[i])) == 0)
			return false;
	return true;
}

#define PAIR_SECOND_MIN                                                                        \
	0x30 /* the lowest second byte: of GB18030's four, which are two pairs */
#define MASK '\x80'

/* The charsets with pairs, and what is no first byte of one between 0x81 and 0xfe. */
static const struct pairs {
	const char *prefix; /* of the name, caseless */
	unsigned char single_from, single_to;
} pair_charsets[] = {
	{"shift", 0xa0, 0xdf}, /* half-width katakana */
	{"sjis", 0xa0, 0xdf},
	{"x-sjis", 0xa0, 0xdf},
	{"ms_kanji", 0xa0, 0xdf},
	{"csshiftjis", 0xa0, 0xdf},
	{"windows-31j", 0xa0, 0xdf},
	{"cswindows31j", 0xa0, 0xdf},
	{"cp932", 0xa0, 0xdf},
	{"ms932", 0xa0, 0xdf},
	{"big5", 0, 0},
	{"cn-big5", 0, 0},
	{"csbig5", 0, 0},
	{"x-x-big5", 0, 0},
	{"cp950", 0, 0},
	{"gb", 0, 0}, /* GB2312, which is GBK in fact, GBK, GB18030 */
	{"x-gbk", 0, 0},
	{"csgb2312", 0, 0},
	{"cp936", 0, 0},
	{"ms936", 0, 0},
	{"windows-936", 0, 0},
	{"ks_c_5601", 0, 0}, /* the same of Windows' Korean */
	{"euc-kr", 0, 0},
	{"cp949", 0, 0},
	{"windows-949", 0, 0},
	{"uhc", 0, 0},
	{"johab", 0, 0},
};

static const struct pairs *pairs_of(const char *charset)
{
	for (size_t i = 0; i < sizeof(pair_charsets) / sizeof(pair_charsets[0]); i++)
		if (strncasecmp(charset, pair_charsets[i].prefix,
			    strlen(pair_charsets[i].prefix)) == 0)
			return &pair_charsets[i];
	return NULL;
}

bool charset_has_pairs(const char *charset)
{
	return pairs_of(charset) != NULL;
}

void charset_mask_pairs(const char *charset, char *bytes, size_t len)
{
	const struct pairs *pairs = pairs_of(charset);

	for (size_t i = 0; pairs != NULL && i + 1 < len; i++) {
		unsigned char first = (unsigned char)bytes[i];

		if (first < 0x81 || first > 0xfe ||
			(first >= pairs->single_from && first <= pairs->single_to) ||
			(unsigned char)bytes[i + 1] < PAIR_SECOND_MIN)
			continue;
		bytes[++i] = MASK;
	}
}

/* Of the first bytes, how many zeros stand at even places, how many at odd ones? Latin text has
 * them at one side. */
static bool zeros_come_first(const char *bytes, size_t len)
{
	size_t zeros[2] = {0, 0};

	for (size_t i = 0; i < len && i < ZEROS_LOOKED_FOR; i++)
		zeros[i % 2] += bytes[i] == '\0';
	return zeros[0] >= zeros[1];
}

const char *charset_of(const char *named, const char *bytes, size_t len)
{
	static const struct {
		const char *name, *little, *big, *mark;
		size_t mark_len;
	} wide[] = {
		{"utf-16", "UTF-16LE", "UTF-16BE", "\xff\xfe", 2},
		{"ucs-2", "UTF-16LE", "UTF-16BE", "\xff\xfe", 2},
		{"iso-10646-ucs-2", "UTF-16LE", "UTF-16BE", "\xff\xfe", 2},
		{"unicode", "UTF-16LE", "UTF-16BE", "\xff\xfe", 2},
		{"utf-32", "UTF-32LE", "UTF-32BE", "\xff\xfe\0\0", 4},
	};

	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
		bool little;

		if (strcasecmp(named, wide[i].name) != 0)
			continue;
		little = wide[i].mark_len == 2 ? !zeros_come_first(bytes, len)
					       : len > 3 && bytes[3] == '\0';
		if (len >= 2 && (bytes[0] & 0xfe) == 0xfe && (bytes[1] & 0xfe) == 0xfe)
			little = memcmp(bytes, wide[i].mark, 2) == 0;
		return little ? wide[i].little : wide[i].big;
	}
	return named;
}
