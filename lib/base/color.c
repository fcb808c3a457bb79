/*
 * Relative luminance as WCAG 2.2 defines it; a colour is moved in steps of a hundredth, the
 * last of which is black or white.
 */
#include "base/color.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rgb {
	int part[3];
};

bool color_valid(const char *text)
{
	return strlen(text) == 7 && text[0] == '#' &&
	       strspn(text + 1, "0123456789abcdefABCDEF") == 6;
}

static struct rgb parse(const char *text)
{
	long number = strtol(text + 1, NULL, 16);

	return (struct rgb){{(number >> 16) & 255, (number >> 8) & 255, number & 255}};
}

static double luminance(struct rgb rgb)
{
	static const double weights[3] = {0.2126, 0.7152, 0.0722};
	double sum = 0;

	for (int i = 0; i < 3; i++) {
		double part = rgb.part[i] / 255.0;

		part = part <= 0.04045 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4);
		sum += weights[i] * part;
	}
	return sum;
}

static double contrast(struct rgb a, struct rgb b)
{
	double one = luminance(a) + 0.05, other = luminance(b) + 0.05;

	return one > other ? one / other : other / one;
}

double color_contrast(const char *a, const char *b)
{
	return contrast(parse(a), parse(b));
}

void color_readable(const char *color, const char *page, char color_r[COLOR_TEXT_SIZE])
{
	struct rgb begin = parse(color), rgb = begin, paper = parse(page);
	int end = luminance(paper) < 0.18 ? 255 : 0;

	for (int step = 1; step <= 100 && contrast(rgb, paper) < COLOR_CONTRAST; step++) {
		for (int i = 0; i < 3; i++)
			rgb.part[i] = begin.part[i] + (end - begin.part[i]) * step / 100;
	}
	snprintf(color_r, COLOR_TEXT_SIZE, "#%02x%02x%02x", rgb.part[0] & 255,
		rgb.part[1] & 255, rgb.part[2] & 255);
}
