/*
 * Colours as #rrggbb, and whether text can be read in them: contrast as WCAG 2.2 counts it (1
 * to 21).
 *
 * Threads: pure.
 */
#ifndef POSTINVITE_BASE_COLOR_H
#define POSTINVITE_BASE_COLOR_H

#include <stdbool.h>

#define COLOR_TEXT_SIZE 8	  /* "#rrggbb" with NUL */
#define COLOR_CONTRAST	4.5	  /* WCAG 2.2, 1.4.3 level AA, for text */
#define COLOR_WHITE	"#ffffff" /* page and button text of the shipped style in light */
#define COLOR_DARK	"#14181c" /* and in dark */

/* Is it #rrggbb? */
bool color_valid(const char *text);

/* Of two valid colours. */
double color_contrast(const char *a, const char *b);

/* The nearest colour of that hue with COLOR_CONTRAST to the page: mixed with black for a white
 * page, with white for a dark one. Itself when it has that already. */
void color_readable(const char *color, const char *page, char color_r[COLOR_TEXT_SIZE]);

#endif
