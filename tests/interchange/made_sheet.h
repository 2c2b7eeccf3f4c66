/*
 * made_sheet - sheets of the tests: from a text, on an exact heap copy of it.
 */
#pragma once

#include "interchange/sheet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct made_sheet {
	struct arena arena;
	struct sheet sheet;
	struct sheet_error error;
	bool is_read;
};

static inline void made_sheet_read(
	struct made_sheet *made, const char *text, size_t len)
{
	char *copy = malloc(len ? len : 1);
	assert_non_null(copy);
	memcpy(copy, text, len);
	*made = (struct made_sheet){.is_read = false};
	made->sheet.arena = &made->arena;
	made->is_read = sheet_read(&made->sheet, copy, len, &made->error);
	free(copy);
}

static inline void made_sheet_free(struct made_sheet *made)
{
	sheet_free(&made->sheet);
	arena_free(&made->arena);
}

/* Cells with "|" between and lines with "/" behind them. */
static inline void assert_sheet(const char *text, const char *cells)
{
	struct made_sheet made;
	char shown[1024] = "";
	made_sheet_read(&made, text, strlen(text));
	if (!made.is_read) {
		fail_msg("%u:%u: %s", made.error.line, made.error.column,
			made.error.text);
	}
	for (size_t i = 0; i < made.sheet.count; i++) {
		for (size_t j = 0; j < made.sheet.lines[i].count; j++) {
			const size_t used = strlen(shown);
			(void)snprintf(shown + used, sizeof(shown) - used, "%s%s",
				j ? "|" : "", made.sheet.lines[i].cells[j].text);
		}
		(void)strcat(shown, "/");
	}
	assert_string_equal(shown, cells);
	made_sheet_free(&made);
}
