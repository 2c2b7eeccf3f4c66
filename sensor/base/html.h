/*
 * base/html - text into HTML.
 *
 * In: any text. Out: the same as a reader sees it, in an element or in an attribute's
 * quotes: nothing in it is markup.
 */
#pragma once

#include <stdio.h>

void html_put(FILE *out, const char *text);
void html_put_character(FILE *out, char character);
