#include "judge/ceiling.h"

#include "base/text.h"

#include <errno.h>
#include <stdatomic.h>
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

/* Processes that share it are not at the same moment: a small step back is none. */
static bool is_over(const struct ceiling_window *window, uint64_t now_us)
{
	const uint64_t first_us = window->first_us;
	return first_us == 0 ||
	       (now_us < first_us ? first_us - now_us : now_us - first_us) >= WINDOW_US;
}

/* Spread, not secret: who chooses colliding names or addresses only shares a window. */
static unsigned group_slot(const char *group)
{
	return text_hash(text_from(group)) % CEILING_GROUPS;
}

static unsigned source_slot(const struct address *address)
{
	const struct text bytes = {address->bytes, sizeof(address->bytes)};
	return text_hash(bytes) % CEILING_SOURCES;
}

/* A source that had much of three quarters leaves the last one to the others. */
static bool is_within_share(
	const struct ceiling_window *window, uint32_t share, uint32_t most)
{
	return window->given < most &&
	       (window->given < most - most / 4 || share <= most / CEILING_SOURCES);
}

bool ceiling_pass(struct ceiling *ceiling, enum finding finding,
	const struct ceiling_source *source, uint64_t now_us)
{
	struct ceiling_window *window =
		&ceiling->windows[finding][group_slot(source->group)];
	_Atomic uint16_t *share = &window->shares[source_slot(source->address)];
	const uint32_t most = ceiling->table->most[finding];
	if (is_over(window, now_us)) {
		window->first_us = now_us > 0 ? now_us : 1;
		window->given = 0; /* what was held stays until it is told */
		for (size_t i = 0; i < CEILING_SOURCES; i++) {
			window->shares[i] = 0;
		}
	}
	if (most > 0 && !is_within_share(window, *share, most)) {
		window->held++;
		return false;
	}
	window->given++;
	if (*share < UINT16_MAX) {
		++*share;
	}
	return true;
}

/* What was held back of this finding in minutes that are over; CEILING_GROUPS steps. */
static uint32_t take_held(
	struct ceiling *ceiling, enum finding finding, uint64_t now_us)
{
	uint32_t held = 0;
	for (size_t group = 0; group < CEILING_GROUPS; group++) {
		struct ceiling_window *window = &ceiling->windows[finding][group];
		if (window->held > 0 && is_over(window, now_us)) {
			held += atomic_exchange(&window->held, 0);
		}
	}
	return held;
}

void ceiling_due(
	struct ceiling *ceiling, uint64_t now_us, ceiling_visit *visit, void *context)
{
	for (int i = 0; i < FINDING_COUNT; i++) {
		const uint32_t held = take_held(ceiling, (enum finding)i, now_us);
		if (held > 0) {
			visit(context, (enum finding)i, held);
		}
	}
}
