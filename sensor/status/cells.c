#include "status/cells.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define KEY_BYTES offsetof(struct cell, flows)
#define NO_PLACE  CELLS_ENDS

uint32_t cells_count(const struct cells *cells)
{
	const uint32_t count = cells->count;
	return count < CELLS_MAX ? count : CELLS_MAX;
}

uint32_t cells_end_count(const struct cells *cells)
{
	const uint32_t count = cells->end_count;
	return count < CELLS_ENDS ? count : CELLS_ENDS;
}

const char *cells_end(const struct cells *cells, uint16_t place)
{
	static const char UNKNOWN[CELLS_NAME_BYTES] = "?";
	return place < cells_end_count(cells) ? cells->ends[place] : UNKNOWN;
}

uint64_t cells_flows(const struct cell *cell)
{
	uint64_t flows = 0;
	for (unsigned i = 0; i < CELLS_TLS; i++) {
		flows += cell->flows[i];
	}
	return flows;
}

/* NO_PLACE: there is no room for another name. */
static uint16_t place_of(struct cells *cells, const char *name)
{
	const uint32_t count = cells_end_count(cells);
	const char *end = name[0] != '\0' ? name : "?";
	for (uint32_t i = 0; i < count; i++) {
		if (strncmp(cells->ends[i], end, CELLS_NAME_BYTES) == 0) {
			return (uint16_t)i;
		}
	}
	if (count < CELLS_ENDS) {
		(void)snprintf(cells->ends[count], CELLS_NAME_BYTES, "%s", end);
		cells->end_count = count + 1; /* whole, before it is told */
	}
	return (uint16_t)count; /* NO_PLACE where all are taken */
}

static struct cell *cell_of(struct cells *cells, const struct cell *key)
{
	const uint32_t count = cells_count(cells);
	for (uint32_t i = 0; i < count; i++) {
		if (memcmp(&cells->cells[i], key, KEY_BYTES) == 0) {
			return &cells->cells[i];
		}
	}
	if (count == CELLS_MAX) {
		return NULL;
	}
	memcpy(&cells->cells[count], key, KEY_BYTES);
	cells->count = count + 1;
	return &cells->cells[count];
}

static void take_mail(
	struct cells *cells, uint16_t server, const struct sighting *sighting)
{
	_Atomic uint64_t *mail = cells->mail[server];
	mail[CELLS_MAIL_MESSAGES] += sighting->messages;
	mail[CELLS_MAIL_REFUSALS] += sighting->refusals;
	mail[CELLS_MAIL_DEFERRALS] += sighting->deferrals;
}

void cells_take(struct cells *cells, const struct sighting *sighting)
{
	const bool is_mail = sighting->protocol <= PROTOCOL_MAIL_LAST;
	const struct cell key = {
		.from = place_of(cells, sighting->groups[0]),
		.to = place_of(cells, sighting->groups[1]),
		.protocol = is_mail ? sighting->protocol : PROTOCOL_MAIL_LAST + 1,
		.verdict = sighting->verdict,
	};
	const bool has_ends = key.from != NO_PLACE && key.to != NO_PLACE;
	struct cell *cell = has_ends ? cell_of(cells, &key) : NULL;
	_Atomic uint64_t *count =
		cell ? &cell->flows[sighting->tls] : &cells->others[sighting->verdict];
	(*count)++;
	if (key.to != NO_PLACE) {
		take_mail(cells, key.to, sighting);
	}
}
