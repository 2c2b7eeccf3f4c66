/*
 * www/overview - the page that one looks at: how a sensor, or several, see mail flows now.
 *
 * In: what was observed, the declared matrix, and of a running sensor its status page and
 * its open alerts; of several sensors what each file of theirs adds up to. Out: one HTML
 * page in the look of the report (dossier/page): declared against seen of 24 hours and of
 * 30 days, alerts, senders that no row allows, servers, health, outputs. As little of each
 * as has its bound beside it: a page stays a page. Reads no clock, judges nothing that
 * judge/ does not, asks the reader's browser for nothing.
 */
#pragma once

#include "dossier/page.h"
#include "status/status.h"
#include "www/alerts.h"

#define WWW_PAGE        "index.html" /* the file of a running sensor's page */
#define OVERVIEW_DAY_US UINT64_C(86400000000)
#define OVERVIEW_DAYS   30
#define OVERVIEW_CELLS  200 /* of a grid, that are listed; the picture has all */

struct overview_running { /* a sensor, seen from inside */
	const struct status_page *status;
	const struct alerts *alerts; /* sorted */
	bool is_behind;              /* newer ones may be in the journal */
};

struct overview_sensor { /* one of several, by what it wrote */
	const char *file;
	const struct observed_totals *totals;
};

struct overview {
	const struct matrix *matrix;
	const struct observed *observed;
	const struct overview_running *running; /* or NULL: of several sensors: */
	const struct overview_sensor *sensors;
	size_t sensor_count;
	uint64_t now_us; /* where both windows end, since 1970 */
	uint32_t pairs;  /* most, of a window */
	struct hash_seed seed;
	enum texts_language language;
};

/* Errors of the stream are the caller's to find. False: no memory, nothing is written. */
bool overview_write(FILE *out, const struct overview *overview, struct reason *why);

/* Private to www/: what a running sensor tells of itself. (overview_running.c) */
void overview_state(struct page *page, const struct overview *overview);
void overview_alerts(struct page *page, const struct overview_running *running);
void overview_outputs(struct page *page, const struct overview *overview);
void overview_certificates(struct page *page, const struct overview *overview);
void overview_processes(struct page *page, const struct status_page *status);
