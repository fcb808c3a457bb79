/*
 * Subjects as they are compared: RFC 2047 decoded, NFC (an "e" and its accent are one letter),
 * all runs of blanks, those of Unicode too, one blank.
 *
 * Pure.
 */
#ifndef POSTINVITE_MAIL_SUBJECT_H
#define POSTINVITE_MAIL_SUBJECT_H

/* Text (UTF-8) in that form, not decoded. The caller's, free with free(); NULL without memory. */
char *subject_normal(const char *text);

/* A Subject field's value, decoded, in that form, without blanks at its ends; one above 4096
 * bytes is "", which nothing fits. The caller's; NULL without memory. */
char *subject_read(const char *value);

/* What stands behind the marks that people's programs and mail-flow rules put in front, such as
 * "Fwd: ", "WG: ", "[External] ". Points into the subject. */
const char *subject_core(const char *subject);

#endif
