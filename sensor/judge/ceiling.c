#include "judge/ceiling.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_US UINT64_C(60000000)

void ceiling_table_start(struct ceiling_table *table)
{
	for (int i = 0; i < FINDING_COUNT; i++) {
		table->most[i] = CEILING_STANDARD;
	}
}

static bool read_number(const char *text, uint32_t *number)
{
	char *end = NULL;
	errno = 0;
	const unsigned long value = strtoul(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || text[0] == '-' ||
		value > CEILING_MAX) {
		return false;
	}
	*number = (uint32_t)value;
	return true;
}

bool ceiling_table_set(
	struct ceiling_table *table, const char *text, struct reason *why)
{
	const char *equals = strchr(text, '=');
	const size_t len = equals ? (size_t)(equals - text) : 0;
	bool is_known = false;
	uint32_t most;
	if (!read_number(equals ? equals + 1 : text, &most)) {
		return reason_set(why,
			"alert-rate takes N or FINDING=N alerts a minute (0: any "
			"number, at "
			"most %d), not \"%.60s\"",
			CEILING_MAX, text);
	}
	for (int i = 0; i < FINDING_COUNT; i++) {
		const char *id = finding_row((enum finding)i)->id;
		if (!equals || (strlen(id) == len && memcmp(id, text, len) == 0)) {
			table->most[i] = most;
			is_known = true;
		}
	}
	return is_known || reason_set(why, "%.*s: no such finding", (int)len, text);
}

static bool is_over(const struct ceiling_window *window, uint64_t now_us)
{
	return window->first_us == 0 || now_us < window->first_us ||
	       now_us - window->first_us >= WINDOW_US;
}

bool ceiling_pass(struct ceiling *ceiling, enum finding finding, uint64_t now_us)
{
	struct ceiling_window *window = &ceiling->windows[finding];
	const uint32_t most = ceiling->table->most[finding];
	if (is_over(window, now_us)) {
		window->first_us = now_us > 0 ? now_us : 1;
		window->given = 0; /* what was held stays until it is told */
	}
	if (most > 0 && window->given >= most) {
		window->held++;
		return false;
	}
	window->given++;
	return true;
}

void ceiling_due(
	struct ceiling *ceiling, uint64_t now_us, ceiling_visit *visit, void *context)
{
	for (int i = 0; i < FINDING_COUNT; i++) {
		struct ceiling_window *window = &ceiling->windows[i];
		if (window->held > 0 && is_over(window, now_us)) {
			const uint32_t held = window->held;
			window->held = 0;
			visit(context, (enum finding)i, held);
		}
	}
}
