/*
 * Colours that can be read, logos by their contents, support addresses as links.
 */
#include "support.h"

#include "base/color.h"
#include "web/brand.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void test_contrast(void **state)
{
	char text[COLOR_TEXT_SIZE];

	(void)state;
	assert_true(color_valid("#0b57A4"));
	assert_false(color_valid("#fff"));
	assert_false(color_valid("#00000g"));
	assert_false(color_valid("0b57a4#"));
	/* The figures of WCAG's own examples and of browsers' tools. */
	assert_number("black on white", color_contrast("#000000", "#ffffff") * 100, 2100);
	assert_number("itself", color_contrast("#123456", "#123456") * 100, 100);
	assert_number("#777777", color_contrast("#777777", "#ffffff") * 100, 447);
	assert_number("#767676", color_contrast("#ffffff", "#767676") * 100, 454);
	color_readable("#767676", COLOR_WHITE, text);
	assert_text("good already", text, "#767676");
	for (int i = 0; i < 4096; i++) {
		char color[COLOR_TEXT_SIZE];

		snprintf(color, sizeof(color), "#%02x%02x%02x", (i >> 8) * 17,
			(i >> 4 & 15) * 17, (i & 15) * 17);
		color_readable(color, COLOR_WHITE, text);
		if (!color_valid(text) || color_contrast(text, COLOR_WHITE) < COLOR_CONTRAST)
			fail_msg("%s on white: %s", color, text);
		color_readable(color, COLOR_DARK, text);
		if (!color_valid(text) || color_contrast(text, COLOR_DARK) < COLOR_CONTRAST)
			fail_msg("%s on dark: %s", color, text);
	}
}

static void test_style(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	brand_style("#0b57a4", &out);
	assert_non_null(strstr(out.data, "--accent: #0b57a4;\n\t--on-accent: #ffffff;"));
	assert_non_null(strstr(out.data, "dark) {\n\t:root {\n\t\t--accent: #"));
	assert_null(strstr(strstr(out.data, "dark)"), "#0b57a4"));
	buf_free(&out);
}

static const struct {
	const char *label, *bytes;
	size_t len;
	const char *type; /* NULL: refused */
} logos[] = {
	{"png", "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16, "image/png"},
	{"jpeg", "\xff\xd8\xff\xe0\0\x10JFIF", 10, "image/jpeg"},
	{"svg", "<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"/>", 58,
		"image/svg+xml"},
	{"html", "<html><script>alert(1)</script></html>", 38, NULL},
	{"gif", "GIF89a\1\0\1\0", 10, NULL},
	{"cut", "\x89PNG", 4, NULL},
	{"svg with bytes", "<svg>\xff</svg>", 12, NULL},
	{"empty", "", 0, NULL},
};

static void test_logo(void **state)
{
	char *folder = support_folder();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(logos); i++) {
		char *path = support_write(folder, "logo", "", 0600);
		int fd = open(path, O_WRONLY);
		const char *type = NULL;
		struct error error;
		struct buf out;

		assert_int_equal(write(fd, logos[i].bytes, logos[i].len), logos[i].len);
		close(fd);
		buf_init(&out, 100);
		assert_number(logos[i].label, brand_read_logo(path, &out, &type, &error),
			logos[i].type != NULL ? 0 : -1);
		assert_text(logos[i].label, type, logos[i].type);
		if (type == NULL)
			assert_non_null(strstr(error.text, "/logo: is none of PNG, JPEG, SVG"));
		buf_reset(&out);
		out.max = 5;
		assert_number("too large", brand_read_logo(path, &out, &type, &error), -1);
		buf_free(&out);
		free(path);
	}
	support_remove(&folder);
}

static void test_support(void **state)
{
	static const char *const cases[][2] = {
		{"help@provider.example", "mailto:help@provider.example"},
		{"https://provider.example/@help", "https://provider.example/@help"},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf out;

		buf_init(&out, 100);
		brand_support_uri(cases[i][0], &out);
		assert_text(cases[i][0], out.data, cases[i][1]);
		buf_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contrast),
		cmocka_unit_test(test_style),
		cmocka_unit_test(test_logo),
		cmocka_unit_test(test_support),
	};

	return cmocka_run_group_tests_name("web brand", tests, NULL, NULL);
}
