/* What people see. Form fields and ids are listed in entra.c's comment. */
#ifndef ENTRA_PAGES_H
#define ENTRA_PAGES_H

#include "journey.h"
#include "req.h"

void page_error(struct req *req, int status, const char *title, const char *text);
void page_code(struct req *req, const char *prefill, const char *error);
void page_confirm(struct req *req, const struct journey *journey);
void page_outcome(struct req *req, const struct journey *journey); /* by journey->last */
void page_review(struct req *req, const struct journey *journey);

#endif
