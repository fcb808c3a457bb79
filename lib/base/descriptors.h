/*
 * The three descriptors that a process is started with.
 */
#ifndef POSTINVITE_BASE_DESCRIPTORS_H
#define POSTINVITE_BASE_DESCRIPTORS_H

/* To be called before anything is opened. Where one of the three is closed, the next file that is
 * opened would have its number: a database that is read as standard input, or that messages are
 * written into. Such a number is taken here; to read from it, or to write to it, goes on failing
 * with EBADF. Returns 0, or an errno value. */
int descriptors_take_standard(void);

#endif
