/*
 * What unit tests share.
 */
#ifndef POSTINVITE_TESTS_SUPPORT_H
#define POSTINVITE_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Fails with "label: got X, want Y". NULL is written as (null) and equals only NULL. */
#define assert_text(label, got, want) support_text(label, got, want, __FILE__, __LINE__)
void support_text(
	const char *label, const char *got, const char *want, const char *file, int line);

/* Fails with "label: got 1, want 2". */
#define assert_number(label, got, want) support_number(label, got, want, __FILE__, __LINE__)
void support_number(
	const char *label, long long got, long long want, const char *file, int line);

/* A folder of the test's own below $TMPDIR or /tmp, and its removal with all that is in it. */
char *support_folder(void);
void support_remove(char **folder);

/* Writes a file into the folder and returns its path (free). */
char *support_write(const char *folder, const char *name, const char *text, unsigned mode);

#endif
