/*
 * What template.c and template_render.c share; nobody else includes this.
 */
#ifndef POSTINVITE_WEB_TEMPLATE_INTERNAL_H
#define POSTINVITE_WEB_TEMPLATE_INTERNAL_H

#include "web/template.h"

/* How values and words are written at a place. */
enum form {
	FORM_TEXT,	/* plain text */
	FORM_ATTRIBUTE, /* HTML where no element may stand */
	FORM_CONTENT,	/* HTML */
};

enum node_kind { NODE_TEXT, NODE_VALUE, NODE_WORD, NODE_SECTION, NODE_INVERTED };

struct node {
	enum node_kind kind;
	enum form form;
	char *text; /* the text itself, or the name */
	size_t len;
	size_t end; /* of a section: the index behind its last node */
	int word;   /* of a word: its number */
};

struct template
{
	const char *page;
	struct node *nodes;
	size_t count;
};

struct template_set {
	size_t count;
	struct template templates[];
};

#endif
