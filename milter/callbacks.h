/*
 * The milter protocol: libmilter's callbacks.
 */
#ifndef POSTINVITE_MILTER_CALLBACKS_H
#define POSTINVITE_MILTER_CALLBACKS_H

#include "base/daemon.h"

/* Registers them. daemon must outlive libmilter. */
int callbacks_register(struct daemon *daemon, struct error *error);

#endif
