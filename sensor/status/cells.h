/*
 * status/cells - how many mail flows went from which group to which, for metrics.
 *
 * In: sightings. Out: a cell for each pair of ends, protocol and verdict, its flows by how
 * they were encrypted. An end is a group of the matrix or, of hosts that no group holds,
 * their zone: never an address. Part of the status page: one writer, readers that take no
 * lock and trust no number. Bounded: flows for which there is no room, of an end or of a
 * cell, are counted in `others`, by their verdict.
 */
#pragma once

#include "observed/sighting.h"

#include <stdatomic.h>

#define CELLS_ENDS       256
#define CELLS_MAX        2048
#define CELLS_NAME_BYTES SIGHTING_ID_BYTES
#define CELLS_VERDICTS   (VERDICT_ILLEGITIMATE + 1)
#define CELLS_TLS        (FACTS_TLS_IMPLICIT + 1)

struct cell {
	uint16_t from; /* places in ends */
	uint16_t to;
	uint8_t protocol; /* enum protocol; behind PROTOCOL_MAIL_LAST: all others */
	uint8_t verdict;  /* enum verdict */
	uint8_t zero[2];  /* these are compared whole */
	_Atomic uint64_t flows[CELLS_TLS]; /* by enum facts_tls */
};

/* What was sent to the servers of an end in clear, and how often they said no. */
enum cells_mail {
	CELLS_MAIL_MESSAGES = 0,
	CELLS_MAIL_REFUSALS,
	CELLS_MAIL_DEFERRALS,
	CELLS_MAIL_COUNT
};

struct cells {
	_Atomic uint32_t end_count;
	_Atomic uint32_t count;
	char ends[CELLS_ENDS][CELLS_NAME_BYTES];
	struct cell cells[CELLS_MAX];
	_Atomic uint64_t others[CELLS_VERDICTS];
	_Atomic uint64_t mail[CELLS_ENDS][CELLS_MAIL_COUNT]; /* by end of the server */
};

/* A flow ended; a bounded walk over ends and cells. */
void cells_take(struct cells *cells, const struct sighting *sighting);

/* In range, whatever the page says. */
uint32_t cells_count(const struct cells *cells);
uint32_t cells_end_count(const struct cells *cells);

/* Of an end, CELLS_NAME_BYTES that may not end; "?" where the place is out of range. */
const char *cells_end(const struct cells *cells, uint16_t place);

/* All flows of a cell. */
uint64_t cells_flows(const struct cell *cell);
