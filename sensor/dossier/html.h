/*
 * dossier/html - what the parts of the HTML form share. Private to dossier/.
 */
#pragma once

#include "dossier/page.h"

/* Text, in an element or in an attribute's quotes. */
void html_put(FILE *out, const char *text);

/* The grid as inline SVG: a sign and a colour in each cell. (html_grid.c) */
void html_picture(struct page *page);
