/*
 * What a page in HTML has to keep whatever texts stand in it, shared by the fuzz targets of
 * pages: the same elements, and nothing that steers whoever shows it.
 */
#pragma once

#include "base/utf8.h"

#include <stdbool.h>
#include <stdlib.h>

/* Leaves the elements with their attributes, without the text between them. */
static inline void page_strip(char *page)
{
	char *to = page;
	bool is_inside = false;
	for (const char *from = page; *from; from++) {
		is_inside = is_inside || *from == '<';
		if (is_inside) {
			*to++ = *from;
		}
		is_inside = is_inside && *from != '>';
	}
	*to = '\0';
}

/* Nothing steers whoever shows it. */
static inline void page_check_text(const char *page)
{
	uint32_t code = 0;
	for (size_t len; *page; page += len) {
		len = utf8_read(page, &code);
		if (len == 0 || (utf8_is_control(code) && code != '\n')) {
			abort();
		}
	}
}
