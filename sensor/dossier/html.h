/*
 * dossier/html - what the parts of the HTML form share. Private to dossier/.
 */
#pragma once

#include "base/html.h"
#include "dossier/page.h"

/* The grid as inline SVG: a sign and a colour in each cell. (html_grid.c) */
void html_picture(struct page *page);
