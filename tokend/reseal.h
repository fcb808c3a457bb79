/*
 * The vault's records under the current key, in the background.
 */
#ifndef POSTINVITE_TOKEND_RESEAL_H
#define POSTINVITE_TOKEND_RESEAL_H

#include "tokend.h"

struct reseal *reseal_new(struct tokend *tokend); /* NULL out of memory */
void reseal_free(struct reseal **reseal);	  /* accepts NULL; nulls */

/* From the first record on; the keys may be others than before. */
void reseal_begin(struct reseal *reseal);

#endif
